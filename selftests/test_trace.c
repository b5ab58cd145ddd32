// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_trace.c - what `vmlab trace` says is what happened: faults that a program provokes
 * on purpose (provoke.c), counted by itself, by the kernel (rusage, vmstat) and, frame by
 * frame, by pagemap. And what a tracer must not do: miss its end, stay behind, disturb
 * another one.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
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
#define ARENA_START	0x200000000000ULL
#define ARENA_END	0x210000000000ULL

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

/* The faults between the marks that the program did not provoke, to see why. */
static void between_marks(const char *out, unsigned long long start, unsigned long long stop)
{
	bool between = false;
	const char *line;

	for (line = out; line; line = next_line(line)) {
		unsigned long long va = number(line, "va");

		if (va == start || va == stop)
			between = va == start;
		else if (between && (va < ARENA_START || va >= ARENA_END ||
				     is(line, "retried", "true") || is(line, "class", "spurious")))
			fprintf(stderr, "# %.*s\n", (int)strcspn(line, "\n"), line);
	}
}

/*
 * What the sums are held against. Where the stack begins within a page is chance; here it
 * is every 256th byte, since the counts are a few hundred bytes of it.
 */
TEST_F_TIMEOUT(plain, nothing_faults_between_a_mark_and_its_count, 300)
{
	long minor, major, late, pad;
	unsigned long long mark;
	char room[4096 + 1], *text;
	int fd, status;
	pid_t pid;

	for (pad = 0; pad < 4096; pad += 256) {
		memset(room, 'x', pad);
		room[pad] = '\0';
		fd = memfd_create("provoke", MFD_CLOEXEC);
		pid = fork();
		if (!pid) {
			personality(ADDR_NO_RANDOMIZE);
			setenv("ROOM", room, 1);
			dup2(fd, 1);
			execlp("provoke", "provoke", NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		ASSERT_EQ(0, status);
		text = command_text(fd);
		ASSERT_EQ(5, sscanf(strstr(text, "counted"), "counted %llx %llx %ld %ld %ld", &mark,
				    &mark, &minor, &major, &late));
		EXPECT_LT(100, minor);
		EXPECT_EQ(0, late) TH_LOG("with %ld bytes on the stack", pad);
		free(text);
	}
}

/* mm_account_fault(): what fails is not counted, and a fault for another is the doer's. */
static void expect_sums(struct __test_metadata *_metadata, const struct answer *a)
{
	long minor, major, late, seen = 0, seen_major = 0;
	unsigned long long start, stop;
	bool between = false;
	const char *line;

	ASSERT_EQ(5, sscanf(said(a, "counted"), "counted %llx %llx %ld %ld %ld", &start, &stop,
			    &minor, &major, &late));
	EXPECT_EQ(0, late);
	for (line = a->out; line; line = next_line(line)) {
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
			 number(line, "pid") == number(a->out, "pid")) {
			seen++;
			seen_major += is(line, "major", "true");
		}
	}
	EXPECT_EQ(minor + major, seen) {
		between_marks(a->out, start, stop);
	}
	EXPECT_EQ(major, seen_major);
}

TEST_F_TIMEOUT(trace, names_every_kind_of_fault_and_counts_it, 300)
{
	unsigned long long start, end;
	char fault_class[32];
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
		here = count(a.out, "fault", start, end, "class", fault_class);
		EXPECT_EQ(nr, here) TH_LOG("%s at %llx", fault_class, start);
		expected += nr;
		/* Each page is another place: nothing is told twice. */
	}
	all = count(a.out, "fault", ARENA_START, ARENA_END, NULL, NULL);
	EXPECT_LT(100, expected);
	EXPECT_EQ(expected, all) TH_LOG("faults in the arena that nobody meant");
	expect_sums(_metadata, &a);
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
	for (line = a.err; line; line = next_line(line)) {
		if (!strncmp(line, "absent", 6))
			TH_LOG("%.60s", line);
		if (sscanf(line, "some %llx %llx %31s", &start, &end, fault_class) != 3)
			continue;
		EXPECT_LT(0, count(a.out, "fault", start, end, "class", fault_class))
			TH_LOG("%s at %llx", fault_class, start);
		nr++;
	}
	EXPECT_LT(0, nr);
	EXPECT_LT(0, count(a.out, "fault", 0, -1, "class", "spurious"));
	if (!self->no_swap)
		EXPECT_LT(0, count(a.out, "fault", 0, -1, "class", "file-major"));
	if (!access("/sys/devices/system/node/node1", F_OK))
		EXPECT_LT(0, count(a.out, "fault", 0, -1, "class", "numa-hint"));
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
		first = (number(run, "va") - start) / 4096;
		count = number(run, "count");
		for (i = 0; i < count && first + i < nr; i++, known++)
			frames[first + i] = number(run, "pfn") + i;
		run++;
	}
	return known;
}

/* The answer of `vmlab pages` about @pid among what the traced program said. */
static const char *pages_said(const struct answer *a, const char *pid)
{
	const char *line;

	for (line = a->err; line; line = next_line(line))
		if (*line == '{' && is(line, "pid", pid))
			return line;
	return "";
}

/* Each copy of the child's is what pagemap and `vmlab pages` have, and the parent shares. */
static long good_copies(const struct answer *a, const char *child, const char *parent)
{
	static unsigned long long theirs[NR_PAGES], ours[NR_PAGES];
	unsigned long long va, old, new, start;
	const char *line = said(a, "page"), *event = a->out;
	char shared[32];
	long good = 0, i = 0;

	/* An array, up to where a value ends. */
	snprintf(shared, sizeof(shared), "[%s]", parent);
	start = strtoull(line + 4, NULL, 16);
	if (frames_of(pages_said(a, parent), start, theirs, NR_PAGES) != NR_PAGES ||
	    frames_of(pages_said(a, child), start, ours, NR_PAGES) != NR_PAGES)
		return -1;
	for (; line; line = next_line(line)) {
		if (sscanf(line, "page %llx %llu %llu", &va, &old, &new) != 3)
			continue;
		/* The child wrote from low to high. */
		while (event && !is(event, "pid", child))
			event = next_line(event);
		if (!event)
			break;
		good += number(event, "va") >> 12 == va >> 12 && is(event, "outcome", "copied") &&
			is(event, "why", "shared") && number(event, "sharers") == 1 &&
			is(event, "shared_with", shared) &&
			number(event, "old_pfn") == old && number(event, "new_pfn") == new &&
			theirs[i] == old && ours[i] == new;
		event = next_line(event);
		i++;
	}
	return good;
}

TEST_F_TIMEOUT(plain, each_copy_has_the_frames_that_pagemap_has, 300)
{
	char child[16], parent[16];
	long reuse, told;
	struct answer a;
	int pid, ppid;

	command_run(&a, "trace cow --json --range " ARENA " -- provoke cow %lu", NR_PAGES);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_EQ(2, sscanf(said(&a, "child"), "child %d of %d", &pid, &ppid));
	snprintf(child, sizeof(child), "%d", pid);
	snprintf(parent, sizeof(parent), "%d", ppid);
	EXPECT_EQ((long)NR_PAGES, count(a.out, "cow", 0, -1, "pid", child));
	EXPECT_EQ((long)NR_PAGES, good_copies(&a, child, parent));
	/* Then the parent has them alone. */
	ASSERT_EQ(1, sscanf(said(&a, "reused"), "reused %ld", &reuse));
	told = count(a.out, "cow", 0, -1, "outcome", "reused");
	EXPECT_EQ((long)NR_PAGES, told);
	EXPECT_EQ((long)NR_PAGES, count(a.out, "cow", 0, -1, "pid", parent));
	/* Of the whole machine: others may have reused a page, too. */
	EXPECT_LE(told, reuse);
	EXPECT_GE(told + 50, reuse);
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

/*
 * Two at once see the same; the outer one follows the inner one's child. The inner one's
 * lines go where nobody else writes, or what provoke says would stand within one of them.
 */
TEST_F_TIMEOUT(plain, two_tracers_do_not_disturb_each_other, 300)
{
	char file[] = "/tmp/vmlab-inner.XXXXXX", *inner_out;
	const int fd = mkstemp(file);
	struct answer a;
	long outer, inner;

	ASSERT_LE(0, fd);
	command_run(&a, "trace fault --json --range " ARENA " -- sh -c "
		    "vmlab\ttrace\tfault\t--json\t--range\t" ARENA "\t--\tprovoke\t>%s", file);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	inner_out = command_text(fd);
	outer = count(a.out, "fault", 0, -1, NULL, NULL);
	inner = count(inner_out, "fault", 0, -1, NULL, NULL);
	EXPECT_LT(100, outer);
	EXPECT_EQ(outer, inner);
	EXPECT_SUMMARY(a.out);
	EXPECT_SUMMARY(inner_out);
	free(inner_out);
	unlink(file);
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
	EXPECT_EQ((long)NR_REMOTE, count(out, "fault", start, end, "remote", "true"))
		TH_LOG("%.2000s", out);
	EXPECT_EQ((long)NR_REMOTE, count(out, "fault", start, end, "pid", pid));
	EXPECT_EQ((long)NR_REMOTE, count(out, "fault", start, end, "by", mine));
	EXPECT_SUMMARY(out);
	free(out);
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
