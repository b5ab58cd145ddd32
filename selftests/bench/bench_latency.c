// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_latency.c - what a process notices of being looked at: how long its page faults
 * take while somebody scans it in a loop, beside somebody who reads its pagemap in a
 * loop. Both hold the mmap lock for reading, and a table's lock while they look at it.
 *
 * The process faults pages in on one CPU, gives them back and starts over; who looks
 * is on another. The kinds of looking take turns, so that what else happens on the machine
 * meets all alike; of the turns of each the median counts, and there are many: one turn's
 * 99th percentile is a fifth more or less than the next one's. It is time that is measured,
 * hence not where instructions are counted, and only the ratio says something.
 *
 * It wants a guest that takes itself for a machine (-c ,hypervisor=off): a kernel of x86 that
 * knows of a hypervisor, but not how to sleep in it, spins on locks without queueing
 * (virt_spin_lock(), asm/qspinlock.h), where nobody can see who waits.
 *
 * usage: bench_latency [FAULTS]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ask.h"
#include "../fixture.h"
#include "../ticks.h"
#include "bench.h"

#define TURNS		31
#define USUAL_FAULTS	20000UL
#define FAULTING	(4UL << 20)	/* bytes that are faulted in at a time */
#define STANDING	(64UL << 20)	/* and bytes that are there all the time */
#define BUFFER		(1UL << 20)

enum looking { NOBODY, SCANS, READS_PAGEMAP, KINDS };

static struct {
	unsigned long faults;
	char *faulting;
	char *standing;
	uint64_t *ticks;	/* one a fault; shared with the process */
	void *buf;
	int target;
	int pagemap;
	double looks[KINDS];	/* rounds through everything */
} self;

static int by_number(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_ticks(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The process: it faults when it is told to, and says when it has. */
static void fault(int in, int out)
{
	const unsigned long pages = FAULTING / PAGE;
	unsigned long i;
	char byte;

	fixture_stay_on(0);
	fixture_write(self.standing, STANDING);
	while (write(out, "", 1) == 1 && read(in, &byte, 1) == 1)
		for (i = 0; i < self.faults; i++) {
			uint64_t before;

			if (!(i % pages))
				madvise(self.faulting, FAULTING, MADV_DONTNEED);
			before = ticks();
			self.faulting[i % pages * PAGE] = 1;
			self.ticks[i] = ticks() - before;
		}
	_exit(0);
}

static int scan_once(void)
{
	uint64_t at = 0;
	int ret = 0;

	while (!ret && at < LOW_END) {
		struct vmlab_scan scan = ask_scan(at, LOW_END, self.buf,
						  BUFFER / sizeof(struct vmlab_run));

		ret = ask(self.target, VMLAB_SCAN, &scan);
		at = scan.out_next;
	}
	return ret;
}

/* The same two areas, and nothing of what is not mapped: it does not take holes. */
static int read_once(void)
{
	const struct { char *at; size_t size; } areas[] = {
		{ self.faulting, FAULTING }, { self.standing, STANDING },
	};
	size_t i, done;

	for (i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
		for (done = 0; done < areas[i].size / PAGE * 8; ) {
			const size_t left = areas[i].size / PAGE * 8 - done;
			const ssize_t got = pread(self.pagemap, self.buf, left < BUFFER ? left : BUFFER,
						  (off_t)((uintptr_t)areas[i].at / PAGE * 8 + done));

			if (got <= 0)
				return -EIO;
			done += (size_t)got;
		}
	return 0;
}

/* Looks until the process has had its faults: how many took at most as long as 99 of 100. */
static int turn(enum looking how, int to, int from, double *p99)
{
	uint64_t *sorted;
	char byte;
	int ret = 0;

	if (write(to, "", 1) != 1)
		return -EPIPE;
	while (!ret && read(from, &byte, 1) != 1) {
		if (how == SCANS)
			ret = scan_once();
		else if (how == READS_PAGEMAP)
			ret = read_once();
		else
			usleep(1000);
		self.looks[how]++;
	}
	sorted = malloc(self.faults * sizeof(*sorted));
	if (ret || !sorted)
		return ret ?: -ENOMEM;
	memcpy(sorted, self.ticks, self.faults * sizeof(*sorted));
	qsort(sorted, self.faults, sizeof(*sorted), by_ticks);
	*p99 = (double)sorted[self.faults - 1 - self.faults / 100];
	free(sorted);
	return 0;
}

static int measure(int to, int from, double median[KINDS])
{
	double p99[KINDS][TURNS];
	char byte;
	int i, how, ret = 0;

	while (read(from, &byte, 1) != 1)
		usleep(1000);
	for (i = -1; i < TURNS && !ret; i++)
		/* The first warms up. */
		for (how = 0; how < KINDS && !ret; how++)
			ret = turn(how, to, from, &p99[how][i < 0 ? 0 : i]);
	for (how = 0; how < KINDS && !ret; how++) {
		qsort(p99[how], TURNS, sizeof(p99[how][0]), by_number);
		median[how] = p99[how][TURNS / 2];
	}
	return ret;
}

int main(int argc, char **argv)
{
	const char *skip = NULL;
	double median[KINDS];
	int node = open(NODE, O_RDWR | O_CLOEXEC), to[2], from[2], ret;
	pid_t pid;

	self.faults = argc > 1 ? strtoul(argv[1], NULL, 10) : USUAL_FAULTS;
	if (node < 0)
		skip = "there is no " NODE;
	else if (getenv("VMLAB_COUNTING"))
		skip = "instructions are counted here, and one CPU does everything: run it with -w";
	else if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip = "who looks wants a CPU beside the one that is looked at";
	else if (self.faults < 1000)
		skip = "of fewer than 1000 faults there is no hundredth part";
	if (skip) {
		bench_skip("fault-latency-p99", skip);
		return 1;
	}
	self.faulting = fixture_anon(FAULTING, PROT_READ | PROT_WRITE);
	self.standing = fixture_anon(STANDING, PROT_READ | PROT_WRITE);
	self.buf = fixture_anon(BUFFER, PROT_READ | PROT_WRITE);
	self.ticks = mmap(NULL, self.faults * sizeof(*self.ticks), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (!self.faulting || !self.standing || !self.buf || self.ticks == MAP_FAILED ||
	    pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC | O_NONBLOCK)) {
		bench_skip("fault-latency-p99", "not enough memory");
		return 1;
	}
	pid = fork();
	if (!pid)
		fault(to[0], from[1]);
	fixture_stay_on(1);
	self.target = ask_target(node, pid);
	self.pagemap = ask_pagemap(pid);
	ret = measure(to[1], from[0], median);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (ret) {
		bench_skip("fault-latency-p99", strerror(-ret));
		return 1;
	}
	fprintf(stderr, "# times through everything: scanned %.0f, pagemap read %.0f\n",
		self.looks[SCANS], self.looks[READS_PAGEMAP]);
	bench_line("fault-latency-p99", median[SCANS], "a reader of pagemap", median[READS_PAGEMAP],
		   self.faults);
	bench_line("fault-latency-p99-scanned", median[SCANS], "nobody looks", median[NOBODY],
		   self.faults);
	bench_line("fault-latency-p99-pagemap", median[READS_PAGEMAP], "nobody looks", median[NOBODY],
		   self.faults);
	return bench_status();
}
