// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_index.c - what it costs to know who maps what on the machine: scan, index and
 * classify, beside reading all of the same processes' pagemaps, which tells less.
 *
 * Processes are copies of this one that map a library's worth of shared memory and
 * write memory of their own: together with what they share since the fork 4 MiB each. They
 * inherit nothing of what is noted about them here, or the last would be bigger than the
 * first. The pagemaps are read with a buffer of a megabyte, and only where something is
 * mapped: the ranges are looked up beforehand, for free.
 *
 * usage: bench_index [PROCESSES]...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../fixture.h"
#include "../victim.h"
#include "bench.h"
#include "libvmlab.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BUFFER		(1UL << 20)
#define LIMIT_BYTES	24.0	/* of memory for a mapped page */
#define MOST		1000
#define RANGES		64	/* of a process, at most */
/* Of each process: shared by all, and its own. */
#define SHARED_PAGES	560UL
#define OWN_PAGES	400UL

struct range {
	uint64_t start;
	uint64_t end;
};

static struct {
	struct vmlab_session *session;
	struct victim crowd[MOST];
	pid_t pids[MOST];
	struct range (*ranges)[RANGES];	/* what each maps */
	size_t nr_ranges[MOST];
	size_t nr;
	uint64_t *buf;
	char *shared;
	uint64_t mapped;		/* pages that are there, as pagemap tells */
	struct vmlab_index_totals totals;
	uint64_t sets;
	bool all;
} self;

static void work(void *arg)
{
	char *own = fixture_anon(OWN_PAGES * PAGE, PROT_READ | PROT_WRITE);

	(void)arg;
	fixture_read(self.shared, SHARED_PAGES * PAGE);
	if (own)
		fixture_write(own, OWN_PAGES * PAGE);
}

/* What a process maps, from its maps: not part of what is measured. */
static int learn(size_t i)
{
	char path[64], line[512];
	unsigned long long start, end;
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)self.pids[i]);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	self.nr_ranges[i] = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx", &start, &end) != 2 || start >= 1ULL << 63)
			continue;
		if (self.nr_ranges[i] == RANGES)
			break;
		self.ranges[i][self.nr_ranges[i]++] = (struct range) { start, end };
	}
	ret = feof(file) ? 0 : -E2BIG;
	fclose(file);
	return ret;
}

/* Memory that a child does not get. */
static void *kept(size_t size)
{
	void *p = fixture_anon(size, PROT_READ | PROT_WRITE);

	return p && !madvise(p, size, MADV_DONTFORK) ? p : NULL;
}

static int crowd_of(size_t nr)
{
	int ret;

	for (; self.nr < nr; self.nr++) {
		ret = victim_fork(&self.crowd[self.nr], work, NULL);
		if (ret)
			return ret;
		self.pids[self.nr] = self.crowd[self.nr].pid;
		ret = learn(self.nr);
		if (ret)
			return ret;
	}
	return 0;
}

/* Ours: everything up to the last set, and its class. */
static int index_all(void)
{
	const struct vmlab_index_how how = { .all = self.all, .threads = 1 };
	struct vmlab_index *index;
	struct vmlab_sets *sets;
	struct vmlab_set set;
	int ret;

	ret = vmlab_index_build(self.session, self.pids, self.nr, &how, &index);
	if (ret)
		return ret;
	self.totals = *vmlab_index_totals(index);
	self.sets = 0;
	ret = vmlab_sets_start(index, &sets);
	while (!ret && (ret = vmlab_sets_next(sets, &set)) > 0) {
		self.sets++;
		ret = 0;
	}
	vmlab_sets_end(sets);
	vmlab_index_free(index);
	return ret;
}

static int read_ranges(int fd, const struct range *ranges, size_t nr, bool counting)
{
	const size_t most = BUFFER / 8;
	size_t i, j;

	for (i = 0; i < nr; i++) {
		uint64_t page = ranges[i].start / PAGE, end = ranges[i].end / PAGE;

		while (page < end) {
			size_t some = end - page < most ? end - page : most;
			ssize_t got = pread(fd, self.buf, some * 8, (off_t)page * 8);

			if (got <= 0)
				return -EIO;
			for (j = 0; counting && j < (size_t)got / 8; j++)
				self.mapped += self.buf[j] >> 63;
			page += got / 8;
		}
	}
	return 0;
}

static int read_all(bool counting)
{
	char path[64];
	size_t i;
	int ret;

	for (i = 0; i < self.nr; i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)self.pids[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		ret = read_ranges(fd, self.ranges[i], self.nr_ranges[i], counting);
		close(fd);
		if (ret)
			return ret;
	}
	return 0;
}

static int pagemaps(void)
{
	return read_all(false);
}

static int measure(size_t nr, bool all, double *cost)
{
	char name[64];
	double ours, theirs;
	int ret;

	ret = crowd_of(nr);
	if (ret)
		return ret;
	self.mapped = 0;
	ret = read_all(true);
	if (ret)
		return ret;
	self.all = all;
	ours = bench_cost(index_all);
	theirs = bench_cost(pagemaps);
	if (ours < 0 || theirs < 0)
		return ours < 0 ? ours : theirs;
	snprintf(name, sizeof(name), "index-%s-%zu", all ? "all" : "shared", nr);
	bench_line(name, ours / self.mapped, "pagemap of all", theirs / self.mapped, self.mapped);
	snprintf(name, sizeof(name), "index-%s-%zu-bytes", all ? "all" : "shared", nr);
	bench_line(name, (double)self.totals.bytes / self.mapped, "limit", LIMIT_BYTES, self.mapped);
	fprintf(stderr, "# %zu processes, %llu MiB mapped: %llu pages in the index, %llu sets\n",
		nr, (unsigned long long)(self.mapped >> 8),
		(unsigned long long)self.totals.pages, (unsigned long long)self.sets);
	*cost = ours;
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t usual[] = { 10, 100, 1000 };
	const struct rlimit files = { 4096, 4096 };
	double cost[2] = { 0 }, before[2] = { 0 };
	size_t nr = argc > 1 ? (size_t)argc - 1 : ARRAY_SIZE(usual), i, last = 0;
	int ret = vmlab_session_open(&self.session), fd, all;

	self.buf = kept(BUFFER);
	self.ranges = kept(MOST * sizeof(*self.ranges));
	/* Two pipes a process. */
	setrlimit(RLIMIT_NOFILE, &files);
	fd = fixture_memfd(SHARED_PAGES * PAGE, 1);
	self.shared = fixture_map(fd, SHARED_PAGES * PAGE, PROT_READ, MAP_SHARED);
	if (ret || !self.buf || !self.ranges || !self.shared) {
		bench_skip("index", ret ? strerror(-ret) : "no memory");
		return 1;
	}
	for (i = 0; i < nr; i++) {
		size_t processes = argc > 1 ? strtoul(argv[1 + i], NULL, 10) : usual[i];

		if (processes <= last || processes > MOST)
			continue;
		for (all = 0; all < 2; all++) {
			ret = measure(processes, all, &cost[all]);
			if (ret) {
				bench_skip("index", strerror(-ret));
				return 1;
			}
			/* What each further process costs, beside what one cost so far. */
			if (last)
				bench_line(all ? "index-all-slope" : "index-shared-slope",
					   (cost[all] - before[all]) / (processes - last),
					   "a process before", before[all] / last, processes);
			before[all] = cost[all];
		}
		last = processes;
	}
	return bench_status();
}
