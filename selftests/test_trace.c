// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_trace.c - what `vmlab trace` says is what happened: faults that a program provokes
 * on purpose (provoke.c), counted by itself, by the kernel (rusage, vmstat) and, frame by
 * frame, by pagemap. The tracers themselves are test_tracers.c's.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "counter.h"
#include "lines.h"
#include "swaparea.h"
#include "victim.h"

#define NR_PAGES	10000UL

/* Loading takes seconds under emulation: hence 300. */
FIXTURE(plain)
{
	int nothing;
};

FIXTURE_SETUP(plain)
{
}

FIXTURE_TEARDOWN(plain)
{
}

FIXTURE(trace)
{
	struct swaparea swap;
	const char *no_swap;
};

FIXTURE_SETUP(trace)
{
	self->no_swap = swaparea_on(&self->swap, 16UL << 20);
	/* Transparent huge pages for who asks. */
	counter_write("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
}

FIXTURE_TEARDOWN(trace)
{
	if (!self->no_swap)
		swaparea_off(&self->swap);
}

/* The faults between the marks that the program did not provoke, to see why. */
static void between_marks(const char *out, unsigned long long start, unsigned long long stop)
{
	bool between = false;
	const char *line;

	for (line = out; line; line = line_next(line)) {
		unsigned long long va = line_number(line, "va");

		if (va == start || va == stop)
			between = va == start;
		else if (between && (va < ARENA_START || va >= ARENA_END ||
				     line_is(line, "retried", "true") ||
				     line_is(line, "class", "spurious")))
			fprintf(stderr, "# %.*s\n", (int)strcspn(line, "\n"), line);
	}
}

/* mm_account_fault(): what fails is not counted, and a fault for another is the doer's. */
static void expect_sums(struct __test_metadata *_metadata, const struct answer *a)
{
	long minor, major, late, seen = 0, seen_major = 0;
	unsigned long long start, stop;
	bool between = false;
	const char *line;

	ASSERT_EQ(5, sscanf(line_said(a->err, "counted"), "counted %llx %llx %ld %ld %ld",
			    &start, &stop, &minor, &major, &late));
	EXPECT_EQ(0, late);
	for (line = a->out; line; line = line_next(line)) {
		if (!line_is(line, "kind", "fault"))
			continue;
		if (line_number(line, "va") == start)
			between = true;
		else if (line_number(line, "va") == stop)
			between = false;
		/* What is refused is no fault to the kernel's counts, signal or not. */
		else if (between && line_number(line, "by") == line_number(line, "pid") &&
			 line_is(line, "comm", "provoke") && line_is(line, "signal", "null") &&
			 !line_is(line, "class", "bad-access") &&
			 line_number(line, "pid") == line_number(a->out, "pid")) {
			seen++;
			seen_major += line_is(line, "major", "true");
		}
	}
	EXPECT_EQ(minor + major, seen) {
		between_marks(a->out, start, stop);
	}
	EXPECT_EQ(major, seen_major);
}

/* What was told in place of what was expected. */
static void say_faults(const char *out, unsigned long long start, unsigned long long end)
{
	const char *line;

	for (line = out; line; line = line_next(line))
		if (line_is(line, "kind", "fault") && line_number(line, "va") >= start &&
		    line_number(line, "va") < end)
			fprintf(stderr, "# %.*s\n", (int)strcspn(line, "\n"), line);
	fprintf(stderr, "# lost %s, skipped %s\n", line_value(line_last(out), "lost"),
		line_value(line_last(out), "skipped"));
}

/*
 * vmlab @words, again where the trace is not whole. On a busy machine with a kernel that
 * preempts programs of BPF none is: each is there twice, so that one that nothing was lost
 * of will do then.
 */
static void trace(struct __test_metadata *_metadata, struct answer *a, const char *words)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		command_run(a, "%s", words);
		if (a->status || line_whole(a->out) ||
		    (tries >= 2 && line_is(line_last(a->out), "lost", "0")))
			break;
		TH_LOG("skipped %s, lost %s", line_value(line_last(a->out), "skipped"),
		       line_value(line_last(a->out), "lost"));
		if (tries < 7)
			command_free(a);
	}
	ASSERT_EQ(0, a->status) TH_LOG("%s", a->err);
}

TEST_F_TIMEOUT(trace, names_every_kind_of_fault_and_counts_it, 300)
{
	unsigned long long start, end;
	char fault_class[32];
	const char *line;
	struct answer a;
	long all = 0, expected = 0, here;
	int nr, tries;

	/*
	 * Once more where the kernel itself (khugepaged, say) was at work on the address space
	 * just when the mapping of a refused access was to be looked at.
	 */
	for (tries = 0; tries < 4; tries++) {
		trace(_metadata, &a, self->no_swap ? "trace fault --json -- provoke" :
		      "trace fault --json -- provoke swap");
		if (!line_count(a.out, "fault", ARENA_START, ARENA_END, "asked", "null"))
			break;
		TH_LOG("mappings that could not be looked at");
		if (tries < 3)
			command_free(&a);
	}
	for (line = a.err; line; line = line_next(line)) {
		if (!strncmp(line, "absent", 6))
			TH_LOG("%.60s", line);
		if (sscanf(line, "expect %llx %llx %31s %d", &start, &end, fault_class, &nr) != 4)
			continue;
		here = line_count(a.out, "fault", start, end, "class", fault_class);
		EXPECT_EQ(nr, here) {
			TH_LOG("%s at %llx", fault_class, start);
			say_faults(a.out, start, end);
		}
		expected += nr;
		/* Each page is another place: nothing is told twice. */
	}
	all = line_count(a.out, "fault", ARENA_START, ARENA_END, NULL, NULL);
	EXPECT_LT(100, expected);
	EXPECT_EQ(expected, all) TH_LOG("faults in the arena that nobody meant");
	expect_sums(_metadata, &a);
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/*
 * The mapping that an access was refused by is looked at without waiting: while another
 * thread changes the address space it may not be had, which is said, and nothing else is.
 */
TEST_F_TIMEOUT(plain, a_refused_read_is_told_rightly_or_as_not_known_while_mappings_change, 300)
{
	unsigned long long start, end;
	long all, known, unknown;
	struct answer a;
	int nr;

	trace(_metadata, &a, "trace fault --json -- provoke refused 2000");
	ASSERT_EQ(3, sscanf(line_said(a.err, "expect"), "expect %llx %llx prot-none %d", &start,
			    &end, &nr)) TH_LOG("%s", a.err);
	EXPECT_EQ(2000, nr);
	all = line_count(a.out, "fault", start, end, NULL, NULL);
	known = line_count(a.out, "fault", start, end, "class", "prot-none");
	unknown = line_count(a.out, "fault", start, end, "asked", "null");
	printf("# of %ld refused reads %ld met an address space that was being changed\n", all,
	       unknown);
	fflush(stdout);
	EXPECT_EQ(nr, all);
	EXPECT_EQ(all, known + unknown) say_faults(a.out, start, end);
	EXPECT_EQ(known, line_count(a.out, "fault", start, end, "asked", "---"));
	EXPECT_EQ(unknown, line_count(a.out, "fault", start, end, "class", "bad-access"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/*
 * What the kernel does when it sees fit: pages read from a disk or from swap space, faults
 * about nothing, and, where there are several nodes, hints.
 */
TEST_F_TIMEOUT(trace, sees_what_cannot_be_counted_beforehand, 300)
{
	unsigned long long start, end;
	char fault_class[32];
	struct answer a;
	const char *line;
	long nr = 0;

	command_run(&a, "trace fault --json -- provoke others%s", self->no_swap ? "" : " swap");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	for (line = a.err; line; line = line_next(line)) {
		if (!strncmp(line, "absent", 6))
			TH_LOG("%.60s", line);
		if (sscanf(line, "some %llx %llx %31s", &start, &end, fault_class) != 3)
			continue;
		EXPECT_LT(0, line_count(a.out, "fault", start, end, "class", fault_class))
			TH_LOG("%s at %llx", fault_class, start);
		nr++;
	}
	EXPECT_LT(0, nr);
	EXPECT_LT(0, line_count(a.out, "fault", 0, -1, "class", "spurious"));
	if (!self->no_swap)
		EXPECT_LT(0, line_count(a.out, "fault", 0, -1, "class", "file-major"));
	if (!access("/sys/devices/system/node/node1", F_OK))
		EXPECT_LT(0, line_count(a.out, "fault", 0, -1, "class", "numa-hint"));
	expect_sums(_metadata, &a);
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/* The frames of an answer of `vmlab pages`, page by page from @start on. How many. */
static size_t frames_of(const char *document, unsigned long long start,
			unsigned long long *frames, size_t nr)
{
	const char *end = strchr(document, '\n'), *run = document;
	unsigned long long first, count, i;
	size_t known = 0;

	while ((run = strstr(run, "{\"va\":")) && (!end || run < end)) {
		first = (line_number(run, "va") - start) / 4096;
		count = line_number(run, "count");
		for (i = 0; i < count && first + i < nr; i++, known++)
			frames[first + i] = line_number(run, "pfn") + i;
		run++;
	}
	return known;
}

/* The answer of `vmlab pages` about @pid among what the traced program said. */
static const char *pages_said(const struct answer *a, const char *pid)
{
	const char *line;

	for (line = a->err; line; line = line_next(line))
		if (*line == '{' && line_is(line, "pid", pid))
			return line;
	return "";
}

/* Each copy of the child's is what pagemap and `vmlab pages` have, and the parent shares. */
static long good_copies(const struct answer *a, const char *child, const char *parent)
{
	static unsigned long long theirs[NR_PAGES], ours[NR_PAGES];
	unsigned long long va, old, new, start;
	const char *line = line_said(a->err, "page"), *event = a->out;
	char shared[32];
	long good = 0, i = 0;

	/* An array, up to where a value ends. */
	snprintf(shared, sizeof(shared), "[%s]", parent);
	start = strtoull(line + 4, NULL, 16);
	if (frames_of(pages_said(a, parent), start, theirs, NR_PAGES) != NR_PAGES ||
	    frames_of(pages_said(a, child), start, ours, NR_PAGES) != NR_PAGES)
		return -1;
	for (; line; line = line_next(line)) {
		if (sscanf(line, "page %llx %llu %llu", &va, &old, &new) != 3)
			continue;
		/* The child wrote from low to high. */
		while (event && !line_is(event, "pid", child))
			event = line_next(event);
		if (!event)
			break;
		good += line_number(event, "va") >> 12 == va >> 12 && line_is(event, "outcome", "copied") &&
			line_is(event, "why", "shared") && line_number(event, "sharers") == 1 &&
			line_is(event, "shared_with", shared) &&
			line_number(event, "old_pfn") == old && line_number(event, "new_pfn") == new &&
			theirs[i] == old && ours[i] == new;
		event = line_next(event);
		i++;
	}
	return good;
}

TEST_F_TIMEOUT(plain, each_copy_has_the_frames_that_pagemap_has, 300)
{
	char child[16], parent[16];
	long reuse, told;
	struct answer a;
	char words[128];
	int pid, ppid;

	snprintf(words, sizeof(words), "trace cow --json --range " ARENA " -- provoke cow %lu", NR_PAGES);
	trace(_metadata, &a, words);
	ASSERT_EQ(2, sscanf(line_said(a.err, "child"), "child %d of %d", &pid, &ppid));
	snprintf(child, sizeof(child), "%d", pid);
	snprintf(parent, sizeof(parent), "%d", ppid);
	EXPECT_EQ((long)NR_PAGES, line_count(a.out, "cow", 0, -1, "pid", child));
	EXPECT_EQ((long)NR_PAGES, good_copies(&a, child, parent));
	/* Then the parent has them alone. */
	ASSERT_EQ(1, sscanf(line_said(a.err, "reused"), "reused %ld", &reuse));
	told = line_count(a.out, "cow", 0, -1, "outcome", "reused");
	EXPECT_EQ((long)NR_PAGES, told);
	EXPECT_EQ((long)NR_PAGES, line_count(a.out, "cow", 0, -1, "pid", parent));
	/* Of the whole machine: others may have reused a page, too. */
	if (reuse < 0) {
		TH_LOG("this kernel does not count who reuses (CONFIG_VM_EVENT_COUNTERS)");
	} else {
		EXPECT_LE(told, reuse);
		EXPECT_GE(told + 50, reuse);
	}
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

TEST_F_TIMEOUT(plain, a_fork_its_exec_and_its_end_are_told, 300)
{
	const char *line, *fork_line = NULL;
	struct answer a;
	char child[16];

	trace(_metadata, &a, "trace fork --json -- sh -c /bin/true;exit\t3");
	EXPECT_STREQ("exec", line_value(a.out, "kind"));
	for (line = a.out; line; line = line_next(line))
		if (line_is(line, "kind", "fork"))
			fork_line = line;
	ASSERT_NE(NULL, fork_line);
	snprintf(child, sizeof(child), "%s", line_value(fork_line, "child"));
	EXPECT_LT(0, line_number(fork_line, "ns"));
	if (line_is(fork_line, "shares_vm", "false")) {
		EXPECT_LT(10, line_number(fork_line, "pages"));
		EXPECT_LT(4096, line_number(fork_line, "tables_bytes"));
	}
	EXPECT_EQ(1, line_count(a.out, "exec", 0, -1, "pid", child));
	EXPECT_EQ(1, line_count(a.out, "exit", 0, -1, "pid", child));
	/* As wait(2) has it. */
	EXPECT_EQ(1, line_count(a.out, "exit", 0, -1, "status", "768"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

#define THEIRS		0x300000000000UL
#define NR_POKES	4096UL
#define NR_REMOTE	16UL

/* A byte into a page of another process that it has not touched: a fault for it. */
static bool poke(pid_t pid, unsigned long page)
{
	char byte = 1;
	struct iovec here = { &byte, 1 }, there = { (char *)THEIRS + page * 4096, 1 };

	return process_vm_writev(pid, &here, 1, &there, 1, 0) == 1;
}

/* Pokes from behind until the tracer speaks of it: it is all there then. How many pokes. */
static unsigned long poke_until_told(pid_t pid, int fd)
{
	struct pollfd said = { .fd = fd, .events = POLLIN };
	unsigned long nr = 0;

	while (nr < NR_POKES - NR_REMOTE && poke(pid, NR_POKES - 1 - nr)) {
		nr++;
		if (poll(&said, 1, 100) > 0)
			return nr;
	}
	return 0;
}

TEST_F_TIMEOUT(plain, a_fault_for_another_is_told_of_the_other, 300)
{
	const size_t size = NR_POKES * 4096;
	char *at = mmap((void *)THEIRS, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	const unsigned long long start = THEIRS, end = THEIRS + NR_REMOTE * 4096;
	char pid[16], mine[16], range[64], *out;
	struct victim victim;
	int fds[2], status;
	ssize_t len;
	size_t i;
	pid_t tracer;

	ASSERT_NE(MAP_FAILED, (void *)at);
	madvise(at, size, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, victim_fork(&victim, NULL, NULL));
	ASSERT_EQ(0, pipe(fds));
	snprintf(pid, sizeof(pid), "%d", (int)victim.pid);
	snprintf(mine, sizeof(mine), "%d", (int)getpid());
	snprintf(range, sizeof(range), "%lx-%lx", THEIRS, THEIRS + size);
	tracer = fork();
	if (!tracer) {
		dup2(fds[1], 1);
		execlp("vmlab", "vmlab", "trace", "fault", "--json", "--range", range, "-p", pid,
		       NULL);
		_exit(127);
	}
	close(fds[1]);
	ASSERT_LT(0, poke_until_told(victim.pid, fds[0]));
	for (i = 0; i < NR_REMOTE; i++)
		EXPECT_TRUE(poke(victim.pid, i));
	victim_kill(&victim);
	out = calloc(1, 1 << 20);
	ASSERT_NE(NULL, out);
	for (i = 0; (len = read(fds[0], out + i, (1 << 20) - 1 - i)) > 0;)
		i += len;
	waitpid(tracer, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ((long)NR_REMOTE, line_count(out, "fault", start, end, "remote", "true"))
		TH_LOG("%.2000s", out);
	EXPECT_EQ((long)NR_REMOTE, line_count(out, "fault", start, end, "pid", pid));
	EXPECT_EQ((long)NR_REMOTE, line_count(out, "fault", start, end, "by", mine));
	EXPECT_SUMMARY(out);
	free(out);
}

/* One line, the right status, one document: whatever is missing. */
TEST_F_TIMEOUT(plain, what_is_missing_is_said, 300)
{
	static const char *const wrong[] = {
		"trace", "trace nothing", "trace fault -p 0", "trace fault --class no-such",
		"trace fault --buffer 3", "trace fault --range 5-5", "trace fault --min-ns x",
	};
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		command_run(&a, "%s", wrong[i]);
		EXPECT_EQ(2, a.status) TH_LOG("%s", wrong[i]);
		EXPECT_EQ(1, command_lines(a.err));
		command_free(&a);
	}
	command_run(&a, "trace fault --json -p 4194000");
	EXPECT_EQ(1, a.status);
	EXPECT_STREQ("ESRCH", answer_at(&a, "error.code"));
	command_free(&a);
	command_run(&a, "trace fault --json -- /no/such/program");
	EXPECT_EQ(1, a.status);
	EXPECT_STREQ("ENOENT", answer_at(&a, "error.code"));
	EXPECT_EQ(1, command_lines(a.err)) TH_LOG("%s", a.err);
	command_free(&a);
	command_run_as_nobody(&a, "trace fault --json");
	EXPECT_EQ(1, a.status);
	EXPECT_STREQ("EPERM", answer_at(&a, "error.code"));
	EXPECT_EQ(1, command_lines(a.err)) TH_LOG("%s", a.err);
	command_free(&a);
	/* A kernel without BTF looks like this. */
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL));
	command_run(&a, "trace fault --json");
	EXPECT_EQ(1, a.status);
	EXPECT_STREQ("ENOENT", answer_at(&a, "error.code"));
	EXPECT_EQ(1, command_lines(a.err)) TH_LOG("%s", a.err);
	command_free(&a);
}

TEST_HARNESS_MAIN
