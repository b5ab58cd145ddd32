// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_trace.c - what tracing costs whom it traces, in instructions a fault where the
 * clock counts them (tools/lab/run -I): the same anonymous faults with nobody looking,
 * counted in the kernel, and told event by event. The one who reads the events is held
 * meanwhile, and reported apart; then a storm of faults with everybody running: what is
 * not told is counted. Then the same of calls: mprotect, mmap with munmap, malloc with
 * free, the system calls beside strace, which stops at each.
 *
 * usage: bench_trace [FAULTS-OF-THE-STORM]
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define PAGE		4096UL
#define NR		20000UL
#define STORM		1000000UL
#define CHUNK		50000UL
#define ARENA		((char *)0x200000000000UL)
#define RANGE		"200000000000-210000000000"
#define LIMIT_SUMMARY	2000.0
#define LIMIT_EVENTS	2500.0
#define NR_CALLS	5000UL

struct tracer {
	pid_t pid;
	int out;
	uint64_t lines;
	char tail[4096];	/* the end of what it said: the summary */
	size_t len;
};

/* What faults in the arena, @nr pages of it, for bench_cost(). */
static unsigned long nr_pages;

static int fault_all(void)
{
	const unsigned long nr = nr_pages;
	char *at = mmap(ARENA, nr * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unsigned long i;

	if (at == MAP_FAILED)
		return -ENOMEM;
	madvise(at, nr * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < nr; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	munmap(at, nr * PAGE);
	return 0;
}

static int protect_all(void)
{
	char *at = mmap(ARENA, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unsigned long i;

	if (at == MAP_FAILED)
		return -ENOMEM;
	*(volatile char *)at = 1;
	for (i = 0; i < nr_pages; i++)
		mprotect(at, PAGE, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ);
	munmap(at, PAGE);
	return 0;
}

static int map_all(void)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (mmap(ARENA, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return -ENOMEM;
		munmap(ARENA, PAGE);
	}
	return 0;
}

static int allocate_all(void)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		void *volatile piece = malloc(100);

		free(piece);
	}
	return 0;
}

/**
 * struct work - what is done many times, and who looks on
 * @kind: of `vmlab trace`
 * @all: does it nr_pages times
 * @events: that each has
 * @strace: its system calls, for a peer that stops at each; NULL: there is none
 */
struct work {
	const char *kind;
	bench_fn all;
	unsigned int events;
	const char *strace;
};

static const struct work faults = { "fault", fault_all, 1, NULL };

static const struct work calls[] = {
	{ "mprotect", protect_all, 2, "trace=mprotect" },
	{ "map", map_all, 2, "trace=mmap,munmap" },
	{ "malloc", allocate_all, 2, NULL },
};

/* The cost of one of @nr: a page that is mapped, written for the first time, unmapped. */
static double cost(const struct work *work, unsigned long nr)
{
	nr_pages = nr;
	return bench_cost(work->all) / nr;
}

static void take(struct tracer *t)
{
	char buf[65536];
	ssize_t len = read(t->out, buf, sizeof(buf)), i;

	if (len <= 0) {
		close(t->out);
		t->out = -1;
		return;
	}
	for (i = 0; i < len; i++) {
		if (t->len && t->tail[t->len - 1] == '\n')
			t->len = 0;
		if (t->len < sizeof(t->tail) - 1)
			t->tail[t->len++] = buf[i];
		t->lines += buf[i] == '\n';
	}
	t->tail[t->len] = '\0';
}

static void start(struct tracer *t, const struct work *work, const char *how)
{
	/* An allocator's lines have no range. */
	const char *range = work->all == allocate_all ? "--json" : "--range=" RANGE;
	char pid[16];
	int fds[2];

	memset(t, 0, sizeof(*t));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (pipe(fds))
		exit(1);
	t->pid = fork();
	if (!t->pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		if (!how || strncmp(how, "trace=", 6))
			execlp("vmlab", "vmlab", "trace", work->kind, "--json", range, "-p", pid,
			       how, NULL);
		else
			execlp("strace", "strace", "-q", "-o", "/dev/null", "-e", how, "-p", pid,
			       NULL);
		_exit(127);
	}
	close(fds[1]);
	t->out = fds[0];
}

/* A tracer that counts says nothing until its end: a fault that got slower tells. */
static void wait_attached(struct tracer *t, const struct work *work, double bare)
{
	struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	int i;

	for (i = 0; i < 1500 && cost(work, 256) < bare * 1.08; i++)
		nanosleep(&tick, NULL);
	/* All programs, not only the first. */
	sleep(3);
	fcntl(t->out, F_SETFL, O_NONBLOCK);
	while (t->out >= 0 && poll(&(struct pollfd){ .fd = t->out, .events = POLLIN }, 1, 1000) > 0)
		take(t);
	fcntl(t->out, F_SETFL, 0);
}

static uint64_t end(struct tracer *t)
{
	const char *lost;

	kill(t->pid, SIGTERM);
	while (t->out >= 0)
		take(t);
	waitpid(t->pid, NULL, 0);
	lost = strstr(t->tail, "\"lost\":");
	return lost ? strtoull(lost + 7, NULL, 10) : UINT64_MAX;
}

static double cpu_ns(pid_t pid)
{
	struct timespec ts;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &ts))
		return 0;
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* What one costs more while somebody looks on so. */
static double added(const struct work *work, const char *how, unsigned long nr, double bare)
{
	struct tracer t;
	double more;

	start(&t, work, how);
	wait_attached(&t, work, bare);
	more = cost(work, nr) - bare;
	end(&t);
	return more;
}

/* Counted in the kernel, and no events. */
static void summary(double bare)
{
	bench_line("trace-summary", added(&faults, "--summary", NR, bare), "limit", LIMIT_SUMMARY,
		   NR);
}

/* Counted, and told while the one who reads is held; the peer is part of each call. */
static void call(const struct work *work)
{
	const double bare = cost(work, NR_CALLS);
	const double peer = work->strace ? added(work, work->strace, NR_CALLS, bare) : bare;
	const char *name = work->strace ? "strace" : "nobody";
	uint64_t before, lost;
	struct tracer t;
	char line[64];
	double told;

	snprintf(line, sizeof(line), "trace-%s-summary", work->kind);
	bench_line(line, added(work, "--summary", NR_CALLS, bare), name, peer, NR_CALLS);
	start(&t, work, NULL);
	wait_attached(&t, work, bare);
	kill(t.pid, SIGSTOP);
	told = cost(work, NR_CALLS) - bare;
	before = t.lines;
	kill(t.pid, SIGCONT);
	/* bench_cost() did it four times. */
	while (t.out >= 0 && t.lines < before + 4 * work->events * NR_CALLS)
		take(&t);
	lost = end(&t);
	snprintf(line, sizeof(line), "trace-%s-events", work->kind);
	bench_line(line, told, name, peer, NR_CALLS);
	snprintf(line, sizeof(line), "trace-%s-lost", work->kind);
	bench_line(line, lost, NULL, 0, 4 * work->events * NR_CALLS);
}

/* Told, while the one who reads is held; then read, and nothing else runs. */
static void events(double bare)
{
	struct tracer t;
	uint64_t before, lost;
	double told, read;

	start(&t, &faults, NULL);
	wait_attached(&t, &faults, bare);
	kill(t.pid, SIGSTOP);
	told = cost(&faults, NR);
	before = t.lines;
	read = cpu_ns(t.pid);
	kill(t.pid, SIGCONT);
	/* bench_cost() did it four times. */
	while (t.out >= 0 && t.lines < before + 4 * NR)
		take(&t);
	read = cpu_ns(t.pid) - read;
	lost = end(&t);
	bench_line("trace-events", told - bare, "limit", LIMIT_EVENTS, NR);
	bench_line("trace-events-reader", read / (4 * NR), NULL, 0, 4 * NR);
	bench_line("trace-events-lost", lost, NULL, 0, 4 * NR);
}

/* Everybody runs: what is not told has to be counted. */
static void storm(double bare, unsigned long nr)
{
	uint64_t before, lost, told;
	unsigned long left;
	struct tracer t;

	start(&t, &faults, NULL);
	wait_attached(&t, &faults, bare);
	before = t.lines;
	for (left = nr; left; left -= nr_pages) {
		nr_pages = left < CHUNK ? left : CHUNK;
		fault_all();
		while (poll(&(struct pollfd){ .fd = t.out, .events = POLLIN }, 1, 0) > 0)
			take(&t);
	}
	lost = end(&t);
	/* Its last line is no event. */
	told = t.lines - before - 1;
	bench_line("trace-storm-told", told, "faults", nr, nr);
	bench_line("trace-storm-told-or-lost", told + lost, "faults", nr, nr);
}

int main(int argc, char **argv)
{
	double bare = cost(&faults, NR);
	size_t i;

	if (bare < 0) {
		bench_skip("trace", "no memory");
		return 1;
	}
	bench_line("trace-nobody", bare, NULL, 0, NR);
	summary(bare);
	events(bare);
	storm(bare, argc > 1 ? strtoul(argv[1], NULL, 10) : STORM);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		call(&calls[i]);
	return bench_status();
}
