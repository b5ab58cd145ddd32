// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_scan.c - what a SCAN costs, beside the kernel's own ways to learn less.
 *
 * The target is this very process: mincore() looks at no other. Every peer reads with
 * buffers that are as big as it likes (a megabyte), and so do we.
 *
 * usage: bench_scan [anon] [shuffled] [thp] [thp-by-ptes] [file] [growth] [reservation]
 *	[vmas] [processes]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ask.h"
#include "../fixture.h"
#include "../victim.h"
#include "bench.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BUFFER		(1UL << 20)
/* What 64 GiB with nothing in them may cost: 5 ms at an instruction a nanosecond. */
#define LIMIT_RESERVATION	5000000.0

/* Linux 6.7's, for a host whose headers are older (include/uapi/linux/fs.h). */
struct scan_region {
	uint64_t start, end, categories;
};
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL	_IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT	(1ULL << 3)
#define SCAN_SWAPPED	(1ULL << 4)
#define SCAN_ALL	0xff

static struct {
	int node;
	int target;
	int pagemap;
	int flags;
	int counts;
	void *buf;
	void *more;	/* of the same size, twice */
	char *at;	/* the memory that is looked at */
	size_t size;
	uint64_t runs;	/* that the last SCAN had */
	size_t memory;	/* the kind, an index of memories[] */
	struct victim *crowd;
	size_t nr_crowd;
} self;

static int scan_as(uint32_t format, uint32_t rec_size)
{
	struct vmlab_scan scan = ask_scan((uintptr_t)self.at, (uintptr_t)self.at + self.size,
					  self.buf, BUFFER / rec_size);
	int ret;

	scan.format = format;
	scan.rec_size = rec_size;
	self.runs = 0;
	for (; scan.start < scan.end; scan.start = scan.out_next) {
		ret = ask(self.target, VMLAB_SCAN, &scan);
		if (ret)
			return ret;
		self.runs += scan.out_nr;
	}
	return 0;
}

static int facts(void)
{
	return scan_as(VMLAB_FORMAT_RUNS, sizeof(struct vmlab_run));
}

static int raw(void)
{
	return scan_as(VMLAB_FORMAT_RAW, sizeof(struct vmlab_raw));
}

/* Frames that are neighbours are asked about together. */
static int ask_frames(int fd, const uint64_t *words, size_t nr)
{
	const uint64_t mask = (1ULL << 55) - 1;
	uint64_t *out = self.more;
	size_t i, j;

	for (i = 0; i < nr; i = j) {
		uint64_t first = words[i] & mask;

		for (j = i + 1; j < nr && (words[j] & mask) == first + j - i; j++)
			;
		if (pread(fd, out + i, (j - i) * 8, (off_t)first * 8) < 0)
			return -errno;
	}
	return 0;
}

static int read_pagemap(bool frames)
{
	const size_t words = BUFFER / 8;
	size_t at, nr, all = self.size / PAGE;

	for (at = 0; at < all; at += nr) {
		nr = all - at < words ? all - at : words;
		if (pread(self.pagemap, self.buf, nr * 8,
			  (off_t)(((uintptr_t)self.at / PAGE + at) * 8)) != (ssize_t)nr * 8)
			return -EIO;
		if (!frames)
			continue;
		if (ask_frames(self.flags, self.buf, nr) || ask_frames(self.counts, self.buf, nr))
			return -EIO;
	}
	return 0;
}

static int pagemap(void)
{
	return read_pagemap(false);
}

static int triple(void)
{
	return read_pagemap(true);
}

static int pagemap_scan(void)
{
	struct scan_arg scan = {
		.size = sizeof(scan),
		.start = (uintptr_t)self.at,
		.end = (uintptr_t)self.at + self.size,
		.vec = (uintptr_t)self.buf,
		.vec_len = BUFFER / sizeof(struct scan_region),
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_ALL,
	};

	for (; scan.start < scan.end; scan.start = scan.walk_end)
		if (ioctl(self.pagemap, SCAN_IOCTL, &scan) < 0)
			return -errno;
	return 0;
}

static int do_mincore(void)
{
	size_t at, part;

	for (at = 0; at < self.size; at += part) {
		part = self.size - at < BUFFER * PAGE ? self.size - at : BUFFER * PAGE;
		if (mincore(self.at + at, part, self.buf))
			return -errno;
	}
	return 0;
}

static int read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	do {
		ret = read(fd, self.buf, BUFFER);
	} while (ret > 0);
	close(fd);
	return ret;
}

static int smaps(void)
{
	return read_all("/proc/self/smaps");
}

static int maps(void)
{
	return read_all("/proc/self/maps");
}

static int vmas(void)
{
	struct vmlab_vmas ask_for = ask_vmas((uintptr_t)self.at, (uintptr_t)self.at + self.size,
					     self.buf, BUFFER / sizeof(struct vmlab_vma));

	for (; ask_for.start < ask_for.end; ask_for.start = ask_for.out_next) {
		int ret = ask(self.target, VMLAB_VMAS, &ask_for);

		if (ret)
			return ret;
	}
	return 0;
}

/* The peers, and which of our formats each is held against. */
static const struct {
	const char *name;
	bench_fn fn;
	bool raw;
} peers[] = {
	{ "pagemap", pagemap, false },
	{ "pagemap+kpageflags+kpagecount", triple, false },
	{ "PAGEMAP_SCAN", pagemap_scan, false },
	{ "smaps", smaps, false },
	{ "mincore", do_mincore, true },
};

static char *in_order(void)
{
	char *p = fixture_anon(self.size, PROT_READ | PROT_WRITE);

	if (p)
		fixture_write(p, self.size);
	return p;
}

/* Frames are given out in the order of the writes; an odd factor meets every page once. */
static char *shuffled(void)
{
	char *p = fixture_anon(self.size, PROT_READ | PROT_WRITE);
	size_t i, nr = self.size / PAGE;

	for (i = 0; p && i < nr; i++)
		p[i * 2654435761UL % nr * PAGE] = 1;
	return p;
}

static char *thp(void)
{
	return fixture_thp(self.size);
}

/* A change of permission for one page splits the mapping, and not the page. */
static char *thp_by_ptes(void)
{
	char *p = fixture_thp(self.size);
	size_t at;

	for (at = 0; p && at < self.size; at += HUGE_2M)
		if (mprotect(p + at, PAGE, PROT_READ) || mprotect(p + at, PAGE, PROT_READ | PROT_WRITE))
			return NULL;
	return p;
}

static char *file(void)
{
	int fd = fixture_memfd(self.size, 1);
	char *p = fd < 0 ? NULL : fixture_map(fd, self.size, PROT_READ, MAP_SHARED);

	if (p)
		fixture_read(p, self.size);
	close(fd);
	return p;
}

static char *reservation(void)
{
	char *p = mmap(NULL, self.size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static const struct {
	const char *name;
	char *(*make)(void);
	size_t mib;
} memories[] = {
	{ "anon", in_order, 512 },
	{ "shuffled", shuffled, 512 },
	{ "thp", thp, 512 },
	{ "thp-by-ptes", thp_by_ptes, 512 },
	{ "file", file, 512 },
};

static void against_peers(const char *memory)
{
	const uint64_t pages = self.size / PAGE;
	double facts_cost = bench_cost(facts) / pages, raw_cost;
	char name[64];
	size_t i;

	fprintf(stderr, "# %s: %llu runs\n", memory, (unsigned long long)self.runs);
	raw_cost = bench_cost(raw) / pages;
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		double theirs;

		snprintf(name, sizeof(name), "scan-%s-%s", peers[i].raw ? "raw" : "facts", memory);
		if (peers[i].fn == pagemap_scan && pagemap_scan()) {
			bench_skip(name, "this kernel has no PAGEMAP_SCAN");
			continue;
		}
		theirs = bench_cost(peers[i].fn) / pages;
		bench_line(name, peers[i].raw ? raw_cost : facts_cost, peers[i].name, theirs, pages);
	}
}

/* As in a process of its own: what one makes is gone before the next. */
static void in_child(void (*work)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		self.target = ask_target(self.node, 0);
		self.pagemap = ask_pagemap(0);
		if (self.target < 0 || self.pagemap < 0)
			_exit(1);
		work();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "bench_scan: a measurement ended early\n");
		exit(1);
	}
}

static void measure_memory(void)
{
	self.size = memories[self.memory].mib << 20;
	self.at = memories[self.memory].make();
	if (self.at)
		against_peers(memories[self.memory].name);
	else
		bench_skip(memories[self.memory].name, "this machine does not have the memory");
}

/* How the cost grows: the same kind of memory, twice as much of it. */
static void measure_growth(void)
{
	double cost[2];
	int i;

	for (i = 0; i < 2; i++) {
		self.size = 128UL << (20 + i);
		self.at = in_order();
		if (!self.at)
			return bench_skip("scan-growth-per-page", "no memory");
		cost[i] = bench_cost(facts);
		munmap(self.at, self.size);
	}
	bench_line("scan-growth-per-page", (cost[1] - cost[0]) / (self.size / PAGE / 2), NULL, 0,
		   self.size / PAGE);
}

static void measure_reservation(void)
{
	self.size = 64UL << 30;
	self.at = reservation();
	if (!self.at)
		return bench_skip("scan-reservation-64GiB", "no address space");
	bench_line("scan-reservation-64GiB", bench_cost(facts), "limit", LIMIT_RESERVATION, 1);
}

/* Every other page has another permission: no two VMAs are merged. */
static bool make_vmas(size_t nr)
{
	size_t i;

	self.size = nr * PAGE;
	self.at = fixture_anon(self.size, PROT_READ | PROT_WRITE);
	for (i = 0; self.at && i < nr; i += 2) {
		self.at[i * PAGE] = 1;
		if (mprotect(self.at + i * PAGE, PAGE, PROT_READ))
			return false;
	}
	return self.at;
}

static void measure_vmas(void)
{
	static const size_t nr[] = { 30000, 60000 };
	double scan[2], list[2], text[2];
	int i;

	for (i = 0; i < 2; i++) {
		if (!make_vmas(nr[i]))
			return bench_skip("vmas", "vm.max_map_count is too low");
		scan[i] = bench_cost(facts);
		list[i] = bench_cost(vmas);
		text[i] = bench_cost(maps);
		munmap(self.at, self.size);
	}
	bench_line("scan-60000-vmas", scan[1] / nr[1], "maps", text[1] / nr[1], nr[1]);
	bench_line("list-60000-vmas", list[1] / nr[1], "maps", text[1] / nr[1], nr[1]);
	bench_line("scan-growth-per-vma", (scan[1] - scan[0]) / (nr[1] - nr[0]), NULL, 0, nr[1]);
}

/* Processes of a megabyte each, looked at one after the other. */
#define CROWD_SIZE	(1UL << 20)

static int crowd_scan(void)
{
	size_t i;
	int ret;

	for (i = 0; i < self.nr_crowd; i++) {
		self.target = ask_target(self.node, self.crowd[i].pid);
		ret = facts();
		close(self.target);
		if (ret)
			return ret;
	}
	return 0;
}

static int crowd_pagemap(void)
{
	size_t i;
	int ret;

	for (i = 0; i < self.nr_crowd; i++) {
		self.pagemap = ask_pagemap(self.crowd[i].pid);
		ret = pagemap();
		close(self.pagemap);
		if (ret)
			return ret;
	}
	return 0;
}

static void write_own(void *arg)
{
	(void)arg;
	fixture_write(self.at, self.size);
}

static void measure_processes(void)
{
	static const size_t nr[] = { 100, 1000 };
	const struct rlimit files = { 4096, 4096 };
	double ours[2], theirs[2];
	int i;

	setrlimit(RLIMIT_NOFILE, &files);	/* two of them lead to each */
	self.crowd = calloc(nr[1], sizeof(*self.crowd));
	self.size = CROWD_SIZE;
	self.at = fixture_anon(self.size, PROT_READ | PROT_WRITE);
	for (i = 0; i < 2; i++) {
		for (; self.nr_crowd < nr[i]; self.nr_crowd++)
			if (victim_fork(&self.crowd[self.nr_crowd], write_own, NULL))
				return bench_skip("processes", "not that many fit");
		ours[i] = bench_cost(crowd_scan);
		theirs[i] = bench_cost(crowd_pagemap);
	}
	bench_line("scan-1000-processes", ours[1] / nr[1], "pagemap", theirs[1] / nr[1], nr[1]);
	bench_line("scan-growth-per-process", (ours[1] - ours[0]) / (nr[1] - nr[0]), "pagemap",
		   (theirs[1] - theirs[0]) / (nr[1] - nr[0]), nr[1]);
}

/* What can be asked for by name; all of it where nothing is. */
static const struct {
	const char *name;
	void (*measure)(void);
} parts[] = {
	{ "growth", measure_growth },
	{ "reservation", measure_reservation },
	{ "vmas", measure_vmas },
	{ "processes", measure_processes },
};

static bool wanted(char **argv, const char *name)
{
	if (!argv[1])
		return true;
	while (*++argv)
		if (!strcmp(*argv, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	size_t i;

	(void)argc;
	self.node = open(NODE, O_RDWR | O_CLOEXEC);
	if (self.node < 0) {
		perror("bench_scan: " NODE);
		return 1;
	}
	self.flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	self.counts = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	self.buf = fixture_anon(BUFFER, PROT_READ | PROT_WRITE);
	self.more = fixture_anon(2 * BUFFER, PROT_READ | PROT_WRITE);
	if (self.flags < 0 || self.counts < 0 || !self.buf || !self.more)
		return 1;
	fixture_write(self.buf, BUFFER);
	fixture_write(self.more, 2 * BUFFER);
	for (self.memory = 0; self.memory < ARRAY_SIZE(memories); self.memory++)
		if (wanted(argv, memories[self.memory].name))
			in_child(measure_memory);
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (wanted(argv, parts[i].name))
			in_child(parts[i].measure);
	return bench_status();
}
