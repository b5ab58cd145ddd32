// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_trace.c - what `vmlab trace` says is what happened: faults that a program provokes
 * on purpose (provoke.c), counted by itself, by the kernel (rusage, vmstat) and, frame by
 * frame, by pagemap. And what a tracer must not do: miss its end, stay behind, disturb
 * another one.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "counter.h"
#include "swaparea.h"
#include "victim.h"

#define NR_PAGES	10000UL
#define ARENA		"200000000000-210000000000"

/* The value of @key in a line of JSON that has no objects within; "" where it is not. */
static const char *value(const char *line, const char *key)
{
	static char text[8][256];
	static unsigned int turn;
	char *out = text[turn++ % 8], quoted[64];
	const char *at, *end = strchr(line, '\n');
	size_t len;

	out[0] = '\0';
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(line, quoted);
	if (!at || (end && at > end))
		return out;
	at += strlen(quoted);
	if (*at == '"')
		len = strcspn(++at, "\"");
	else
		len = strcspn(at, ",}\n");
	snprintf(out, 256, "%.*s", (int)len, at);
	return out;
}

static unsigned long long number(const char *line, const char *key)
{
	return strtoull(value(line, key), NULL, 0);
}

static bool is(const char *line, const char *key, const char *what)
{
	return !strcmp(value(line, key), what);
}

/* The next line of a text, or NULL. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

static const char *last_line(const char *text)
{
	const char *line = text, *next;

	while ((next = next_line(line)))
		line = next;
	return line;
}

/* Lines of @kind with an address in [start, end) and, unless NULL, this @key: @what. */
static long count(const char *text, const char *kind, unsigned long long start,
		  unsigned long long end, const char *key, const char *what)
{
	const char *line;
	long nr = 0;

	for (line = text; line; line = next_line(line))
		nr += is(line, "kind", kind) && number(line, "va") >= start &&
		      number(line, "va") < end && (!key || is(line, key, what));
	return nr;
}

/* Every trace ends with it, and here it must say that nothing was lost. */
#define EXPECT_SUMMARY(out)							\
	do {									\
		EXPECT_STREQ("summary", value(last_line(out), "kind"))		\
			TH_LOG("the last line is %.200s", last_line(out));	\
		EXPECT_STREQ("0", value(last_line(out), "lost"));		\
	} while (0)

/* What the program that was traced said of itself, on our standard error. */
static const char *said(const struct answer *a, const char *word)
{
	const char *line;

	for (line = a->err; line; line = next_line(line))
		if (!strncmp(line, word, strlen(word)))
			return line;
	return "";
}

/* Loading takes seconds under emulation, and most tests trace more than once: hence 300. */
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

TEST_F_TIMEOUT(trace, names_every_kind_of_fault_and_counts_it, 300)
{
	unsigned long long start, end;
	char fault_class[32], where[32];
	const char *line;
	struct answer a;
	long all = 0, expected = 0, here;
	int nr;

	command_run(&a, "trace fault --json -- provoke%s", self->no_swap ? "" : " swap");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	for (line = a.err; line; line = next_line(line)) {
		if (!strncmp(line, "absent", 6))
			TH_LOG("%.60s", line);
		if (sscanf(line, "expect %llx %llx %31s %d", &start, &end, fault_class, &nr) != 4)
			continue;
		snprintf(where, sizeof(where), "%llx", start);
		here = count(a.out, "fault", start, end, "class", fault_class);
		EXPECT_EQ(nr, here) TH_LOG("%s at %s", fault_class, where);
		expected += nr;
		/* Each page is another place: nothing is told twice. */
	}
	all = count(a.out, "fault", 0x200000000000, 0x210000000000, NULL, NULL);
	EXPECT_LT(100, expected);
	EXPECT_EQ(expected, all) TH_LOG("faults in the arena that nobody meant");
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/* mm_account_fault(): what fails is not counted, and a fault for another is the doer's. */
/* The faults between the marks that are not of the program's own making, to see why. */
static void between_marks(const char *out, unsigned long long start, unsigned long long stop)
{
	const unsigned long long arena = strtoull(ARENA, NULL, 16);
	bool between = false;
	const char *line;

	for (line = out; line; line = next_line(line)) {
		unsigned long long va = number(line, "va");

		if (va == start || va == stop)
			between = va == start;
		else if (between && (va < arena || is(line, "retried", "true") ||
				     is(line, "class", "spurious")))
			fprintf(stderr, "# %.*s\n", (int)strcspn(line, "\n"), line);
	}
}

TEST_F_TIMEOUT(trace, sums_are_the_kernels_own, 300)
{
	unsigned long long start, stop;
	long minor, major, seen = 0, seen_major = 0;
	bool between = false;
	const char *line;
	struct answer a;

	command_run(&a, "trace fault --json -- provoke%s", self->no_swap ? "" : " swap");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_EQ(4, sscanf(said(&a, "counted"), "counted %llx %llx %ld %ld", &start, &stop,
			    &minor, &major));
	for (line = a.out; line; line = next_line(line)) {
		if (!is(line, "kind", "fault"))
			continue;
		if (number(line, "va") == start)
			between = true;
		else if (number(line, "va") == stop)
			between = false;
		/* What is refused is no fault to the kernel's counts, signal or not. */
		else if (between && number(line, "by") == number(line, "pid") &&
			 is(line, "comm", "provoke") && !strcmp(value(line, "signal"), "null") &&
			 !is(line, "class", "bad-access") &&
			 number(line, "pid") == number(a.out, "pid")) {
			seen++;
			seen_major += is(line, "major", "true");
		}
	}
	EXPECT_EQ(minor + major, seen) {
		between_marks(a.out, start, stop);
	}
	EXPECT_EQ(major, seen_major);
	command_free(&a);
}

TEST_F_TIMEOUT(plain, each_copy_has_the_frames_that_pagemap_has, 300)
{
	unsigned long long va, old, new;
	const char *line, *event;
	long good = 0, reuse, told;
	struct answer a;
	char child[16], parent[16];
	int pid;

	command_run(&a, "trace cow --json --range " ARENA " -- provoke cow %lu", NR_PAGES);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_EQ(1, sscanf(said(&a, "child"), "child %d", &pid));
	snprintf(child, sizeof(child), "%d", pid);
	EXPECT_EQ((long)NR_PAGES, count(a.out, "cow", 0, -1, "pid", child));
	event = a.out;
	for (line = said(&a, "page"); line; line = next_line(line)) {
		if (sscanf(line, "page %llx %llu %llu", &va, &old, &new) != 3)
			continue;
		/* The child wrote from low to high. */
		while (event && !is(event, "pid", child))
			event = next_line(event);
		if (!event)
			break;
		good += number(event, "va") >> 12 == va >> 12 && is(event, "outcome", "copied") &&
			is(event, "why", "shared") && number(event, "old_pfn") == old &&
			number(event, "new_pfn") == new && number(event, "sharers") == 1;
		event = next_line(event);
	}
	EXPECT_EQ((long)NR_PAGES, good);
	/* Then the parent has them alone. */
	ASSERT_EQ(1, sscanf(said(&a, "reused"), "reused %ld", &reuse));
	told = count(a.out, "cow", 0, -1, "outcome", "reused");
	EXPECT_EQ((long)NR_PAGES, told);
	/* Of the whole machine: others may have reused a page, too. */
	EXPECT_LE(told, reuse);
	EXPECT_GE(told + 50, reuse);
	snprintf(parent, sizeof(parent), "%s", value(a.out, "shared_with"));
	EXPECT_STRNE("[]", parent) TH_LOG("the parent is known to share");
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

TEST_F_TIMEOUT(plain, a_fork_its_exec_and_its_end_are_told, 300)
{
	const char *line, *fork_line = NULL;
	struct answer a;
	char child[16];

	command_run(&a, "trace fork --json -- sh -c /bin/true;exit\t3");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_STREQ("exec", value(a.out, "kind"));
	for (line = a.out; line; line = next_line(line))
		if (is(line, "kind", "fork"))
			fork_line = line;
	ASSERT_NE(NULL, fork_line);
	snprintf(child, sizeof(child), "%s", value(fork_line, "child"));
	EXPECT_LT(0, number(fork_line, "ns"));
	if (is(fork_line, "shares_vm", "false")) {
		EXPECT_LT(10, number(fork_line, "pages"));
		EXPECT_LT(4096, number(fork_line, "tables_bytes"));
	}
	EXPECT_EQ(1, count(a.out, "exec", 0, -1, "pid", child));
	EXPECT_EQ(1, count(a.out, "exit", 0, -1, "pid", child));
	/* As wait(2) has it. */
	EXPECT_EQ(1, count(a.out, "exit", 0, -1, "status", "768"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

TEST_F_TIMEOUT(plain, filters_are_obeyed_in_the_kernel, 300)
{
	struct answer a;

	command_run(&a, "trace fault --json --class prot-none --range " ARENA " -- provoke");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(16, count(a.out, "fault", 0, -1, NULL, NULL));
	EXPECT_EQ(16, count(a.out, "fault", 0, -1, "class", "prot-none"));
	EXPECT_EQ(17, command_lines(a.out));
	EXPECT_EQ(16, number(last_line(a.out), "prot-none"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);

	command_run(&a, "trace fault --json --min-ns 60000000000 -- provoke");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(1, command_lines(a.out)) TH_LOG("%s", a.out);
	command_free(&a);

	command_run(&a, "trace fault --json --comm nobody -- provoke");
	EXPECT_EQ(1, command_lines(a.out)) TH_LOG("%s", a.out);
	command_free(&a);

	command_run(&a, "trace fault --json --summary --class zero-read --range " ARENA " -- provoke");
	EXPECT_EQ(1, command_lines(a.out)) TH_LOG("%s", a.out);
	EXPECT_EQ(16, number(a.out, "zero-read"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/* Two at once see the same; the outer one follows the inner one's child. */
TEST_F_TIMEOUT(plain, two_tracers_do_not_disturb_each_other, 300)
{
	struct answer a;
	long outer, inner;

	command_run(&a, "trace fault --json --range " ARENA " -- vmlab trace fault --json --range "
		    ARENA " -- provoke");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	outer = count(a.out, "fault", 0, -1, NULL, NULL);
	inner = count(a.err, "fault", 0, -1, NULL, NULL);
	EXPECT_LT(100, outer);
	EXPECT_EQ(outer, inner);
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/* Programs of BPF that the kernel has. */
static int programs(void)
{
	union bpf_attr attr;
	int nr = 0;

	memset(&attr, 0, sizeof(attr));
	while (!syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr))) {
		attr.start_id = attr.next_id;
		nr++;
	}
	return nr;
}

static pid_t start_tracer(void)
{
	pid_t pid = fork();

	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execlp("vmlab", "vmlab", "trace", "fault", NULL);
		_exit(127);
	}
	return pid;
}

static bool programs_become(int nr, bool more)
{
	int i;

	for (i = 0; i < 600; i++) {
		if (more ? programs() >= nr : programs() <= nr)
			return true;
		usleep(100 * 1000);
	}
	return false;
}

TEST_F_TIMEOUT(plain, nothing_is_left_when_it_is_killed, 300)
{
	const int before = programs();
	pid_t pid = start_tracer();

	ASSERT_LT(0, pid);
	EXPECT_TRUE(programs_become(before + 4, true));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_TRUE(programs_become(before, false)) TH_LOG("%d programs, %d before", programs(),
							   before);
}

TEST_F_TIMEOUT(plain, a_signal_ends_it_with_the_summary, 300)
{
	struct answer a;

	command_run(&a, "trace fault --json --for 1500 -p %d", (int)getpid());
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

TEST_F_TIMEOUT(plain, a_fault_for_another_is_told_of_the_other, 300)
{
	struct victim victim;
	char *at = mmap((void *)0x300000000000, 4096 * 16, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	char byte = 1, pid[16], mine[16];
	struct answer a;
	pid_t tracer;
	int fds[2];
	ssize_t len;
	size_t i;

	ASSERT_NE(MAP_FAILED, (void *)at);
	ASSERT_EQ(0, victim_fork(&victim, NULL, NULL));
	ASSERT_EQ(0, pipe(fds));
	snprintf(pid, sizeof(pid), "%d", (int)victim.pid);
	snprintf(mine, sizeof(mine), "%d", (int)getpid());
	i = programs();
	tracer = fork();
	if (!tracer) {
		dup2(fds[1], 1);
		execlp("vmlab", "vmlab", "trace", "fault", "--json", "--range",
		       "300000000000-300000010000", "-p", pid, NULL);
		_exit(127);
	}
	close(fds[1]);
	ASSERT_TRUE(programs_become((int)i + 4, true));
	sleep(1);
	for (i = 0; i < 16; i++) {
		struct iovec here = { &byte, 1 }, there = { at + i * 4096, 1 };

		EXPECT_EQ(1, process_vm_writev(victim.pid, &here, 1, &there, 1, 0));
	}
	victim_kill(&victim);
	memset(&a, 0, sizeof(a));
	a.out = calloc(1, 65536);
	for (i = 0; (len = read(fds[0], a.out + i, 65535 - i)) > 0;)
		i += len;
	waitpid(tracer, &a.status, 0);
	EXPECT_EQ(0, a.status);
	EXPECT_EQ(16, count(a.out, "fault", 0, -1, "remote", "true")) TH_LOG("%s", a.out);
	EXPECT_EQ(16, count(a.out, "fault", 0, -1, "pid", pid));
	EXPECT_EQ(16, count(a.out, "fault", 0, -1, "by", mine));
	EXPECT_SUMMARY(a.out);
	free(a.out);
}

TEST_F_TIMEOUT(plain, a_recording_says_the_same_again, 300)
{
	char file[] = "/tmp/vmlab-trace.XXXXXX";
	struct answer live, again;
	int fd = mkstemp(file);

	ASSERT_LE(0, fd);
	close(fd);
	command_run(&live, "trace fault cow fork --json --record %s -- provoke", file);
	ASSERT_EQ(0, live.status) TH_LOG("%s", live.err);
	command_run(&again, "trace fault cow fork --json --replay %s -- provoke", file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_EQ(0, strcmp(live.out, again.out));
	EXPECT_LT(100, command_lines(again.out));
	command_free(&live);
	command_free(&again);
	unlink(file);
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
