// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_trace.c - what tracing costs whom it traces, in instructions a fault where the
 * clock counts them (tools/lab/run -I): the same anonymous faults with nobody looking,
 * counted in the kernel, and told event by event. The one who reads the events is held
 * meanwhile, and reported apart; then a storm of faults with everybody running: what is
 * not told is counted.
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

/* The cost of one of @nr pages that are mapped, written for the first time, unmapped. */
static double fault(unsigned long nr)
{
	nr_pages = nr;
	return bench_cost(fault_all) / nr;
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

/* Until it says something about a fault of ours: then it is there. */
static void start(struct tracer *t, const char *how)
{
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
		execlp("vmlab", "vmlab", "trace", "fault", "--json", "--range", RANGE, "-p", pid,
		       how, NULL);
		_exit(127);
	}
	close(fds[1]);
	t->out = fds[0];
}

/* A tracer that counts says nothing until its end: a fault that got slower tells. */
static void wait_attached(struct tracer *t, double bare)
{
	struct timespec tick = { .tv_nsec = 200 * 1000 * 1000 };
	int i;

	for (i = 0; i < 1500 && fault(256) < bare * 1.08; i++)
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

/* Counted in the kernel, and no events. */
static void summary(double bare)
{
	struct tracer t;

	start(&t, "--summary");
	wait_attached(&t, bare);
	bench_line("trace-summary", fault(NR) - bare, "limit", LIMIT_SUMMARY, NR);
	end(&t);
}

/* Told, while the one who reads is held; then read, and nothing else runs. */
static void events(double bare)
{
	struct tracer t;
	uint64_t before, lost;
	double told, read;

	start(&t, NULL);
	wait_attached(&t, bare);
	kill(t.pid, SIGSTOP);
	told = fault(NR);
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

	start(&t, NULL);
	wait_attached(&t, bare);
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
	double bare = fault(NR);

	if (bare < 0) {
		bench_skip("trace", "no memory");
		return 1;
	}
	bench_line("trace-nobody", bare, NULL, 0, NR);
	summary(bare);
	events(bare);
	storm(bare, argc > 1 ? strtoul(argv[1], NULL, 10) : STORM);
	return 0;
}
