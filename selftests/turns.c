// SPDX-License-Identifier: GPL-2.0-only
/*
 * turns.c - processes that take turns on one CPU, and changes of page tables that make
 * TLBs forget: what test_tlb traces. It says what there is to be seen, times as
 * CLOCK_MONOTONIC has them:
 *
 *	window FROM TO		what is said happened in between
 *
 * turns pingpong ROUNDS: two processes wake each other up, both on CPU 0. Whenever one
 * runs again it asks the module what tag the CPU has loaded, -1 for none:
 *
 *	pair PID PID
 *	tag PID TIME TAG
 *
 * turns flush: one process on CPU 0, that has pages taken away from it, in this order:
 *
 *	process PID
 *	range NAME START END PAGES	-1 pages: everything, 0-0 the whole address space
 *
 * turns forks: makes processes until its own address space has another generation, as the
 * module says. Each takes an ASID (arm64):
 *
 *	generation BEFORE AFTER
 *
 * turns remote: the same as flush of two threads on CPUs 0 and 1; one takes away, eight
 * times, each time just after the other one was seen to run. It may still have left its
 * CPU by then, to a kernel thread, which need not be asked to forget anything.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "fixture.h"

#define PAGE		4096UL
#define MAX_ROUNDS	10000

struct look {
	uint64_t ts;
	int64_t tag;
};

/* Of both, in memory that they share: what each saw, once for each turn. */
static struct look *looks[2];
static size_t nr_looks[2];

static int node;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void stay_on(unsigned int cpu)
{
	if (fixture_stay_on(cpu))
		fail("sched_setaffinity");
}

/* What the CPU that we run on has loaded, for us. */
static int64_t loaded_tag(void)
{
	struct vmlab_cpu cpu;
	struct vmlab_cpus cpus = ask_cpus(&cpu, 1);

	cpus.start = 0;
	cpus.end = 1;
	if (ask(node, VMLAB_CPUS, &cpus) || cpu.pid != getpid())
		fail("VMLAB_CPUS");
#if defined(__x86_64__)
	/* SDM 2.5: with CR4.PCIDE the low bits of CR3 are the PCID. */
	if (!(cpu.regs[VMLAB_X86_REG_CR4] >> 17 & 1))
		return -1;
	return cpu.regs[VMLAB_X86_REG_CR3] & 0xfff;
#else
	return cpu.regs[VMLAB_ARM64_REG_TTBR1] >> 48;
#endif
}

static void take_turns(int who, int in, int out, unsigned long rounds)
{
	char byte = 0;

	while (rounds--) {
		if (read(in, &byte, 1) != 1)
			fail("read");
		looks[who][rounds].tag = loaded_tag();
		looks[who][rounds].ts = now();
		if (write(out, &byte, 1) != 1)
			fail("write");
	}
}

static int pingpong(unsigned long rounds)
{
	const size_t size = rounds * sizeof(struct look);
	int ping[2], pong[2];
	uint64_t start, end;
	char byte = 0;
	size_t i, who;
	pid_t pids[2];

	for (i = 0; i < 2; i++) {
		looks[i] = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (looks[i] == MAP_FAILED)
			fail("mmap");
		nr_looks[i] = rounds;
	}
	if (pipe(ping) || pipe(pong))
		fail("pipe");
	stay_on(0);
	pids[0] = getpid();
	pids[1] = fork();
	if (!pids[1]) {
		take_turns(1, ping[0], pong[1], rounds);
		_exit(0);
	}
	start = now();
	/* The last one comes back when nobody waits for it. */
	if (write(ping[1], &byte, 1) != 1)
		fail("write");
	take_turns(0, pong[0], ping[1], rounds);
	end = now();
	waitpid(pids[1], NULL, 0);
	printf("pair %d %d\nwindow %llu %llu\n", pids[0], pids[1], (unsigned long long)start,
	       (unsigned long long)end);
	for (who = 0; who < 2; who++)
		for (i = nr_looks[who]; i--;)
			printf("tag %d %llu %lld\n", pids[who],
			       (unsigned long long)looks[who][i].ts, (long long)looks[who][i].tag);
	return 0;
}

/* What was said, until there is time to print it. */
static char said[4096];
static size_t nr_said;

static void range(const char *name, const char *start, const char *end, long pages)
{
	nr_said += snprintf(said + nr_said, sizeof(said) - nr_said, "range %s %lx %lx %ld\n", name,
			    (unsigned long)start, (unsigned long)end, pages);
}

/* Pages that were written to, with others around them that keep their tables. */
static char *pages(size_t nr)
{
	char *at = mmap(NULL, (nr + 2) * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	madvise(at, (nr + 2) * PAGE, MADV_NOHUGEPAGE);
	memset(at, 1, (nr + 2) * PAGE);
	return at + PAGE;
}

static void protect(const char *name, size_t nr, int prot, long told)
{
	char *at = pages(nr);

	if (mprotect(at, nr * PAGE, prot))
		fail("mprotect");
	range(name, at, at + nr * PAGE, told);
}

static void unmap(const char *name, size_t nr, long told)
{
	char *at = pages(nr);

	if (munmap(at, nr * PAGE))
		fail("munmap");
	range(name, at, at + nr * PAGE, told);
}

static void forget(size_t nr)
{
	char *at = pages(nr);

	if (madvise(at, nr * PAGE, MADV_DONTNEED))
		fail("madvise");
	range("madvise", at, at + nr * PAGE, nr);
}

static void make_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0)
		fail("fork");
	range("fork", NULL, NULL, -1);
	waitpid(pid, NULL, 0);
}

static int flush(void)
{
	uint64_t start, end;

	stay_on(0);
	start = now();
	protect("mprotect", 5, PROT_READ, 5);
	protect("mprotect-none", 1, PROT_NONE, 1);
	unmap("munmap", 3, 3);
	forget(7);
	/* More than the kernel does one by one (tlb_single_page_flush_ceiling: 33). */
	protect("mprotect-many", 100, PROT_READ, -1);
	unmap("munmap-many", 64, -1);
	make_child();
	end = now();
	printf("process %d\nwindow %llu %llu\n%s", (int)getpid(), (unsigned long long)start,
	       (unsigned long long)end, said);
	return 0;
}

/* Of the other thread: moves while it runs. */
static volatile unsigned long beats;
static volatile int over;

static void *run_beside(void *arg)
{
	stay_on(1);
	while (!over)
		beats++;
	return arg;
}

static int remote(void)
{
	unsigned long last;
	uint64_t start, end;
	pthread_t thread;
	int i;

	if (pthread_create(&thread, NULL, run_beside, NULL))
		fail("pthread_create");
	stay_on(0);
	start = now();
	for (i = 0; i < 8; i++) {
		for (last = beats; beats == last; )
			sched_yield();
		unmap("munmap", 4, 4);
	}
	end = now();
	over = 1;
	pthread_join(thread, NULL);
	printf("process %d\nwindow %llu %llu\n%s", (int)getpid(), (unsigned long long)start,
	       (unsigned long long)end, said);
	return 0;
}

/* Of our own address space (arm64). */
static uint64_t generation(void)
{
	struct vmlab_mm mm = { .size = sizeof(mm) };
	int target = ask_target(node, 0);

	if (target < 0 || ask(target, VMLAB_MM, &mm))
		fail("VMLAB_MM");
	close(target);
	return mm.out_context >> 16;
}

/* Until all ASIDs have been dealt out: of 16 bits there are 65536. */
static int forks(void)
{
	const uint64_t start = now(), before = generation();
	uint64_t after = before;
	long i;

	for (i = 0; after == before && i < 100000; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			fail("fork");
		if (!(i % 512))
			after = generation();
	}
	printf("window %llu %llu\ngeneration %llu %llu\n", (unsigned long long)start,
	       (unsigned long long)now(), (unsigned long long)before, (unsigned long long)after);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;

	if (!strcmp(what, "flush"))
		return flush();
	if (!strcmp(what, "remote"))
		return remote();
	if ((strcmp(what, "pingpong") && strcmp(what, "forks")) || !rounds || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: turns pingpong ROUNDS | flush | remote | forks\n");
		return 2;
	}
	node = open(NODE, O_RDWR);
	if (node < 0)
		fail(NODE);
	return *what == 'f' ? forks() : pingpong(rounds);
}
