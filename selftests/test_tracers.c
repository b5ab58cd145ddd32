// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tracers.c - what a tracer must not do: tell what was not asked for, miss its end,
 * stay behind, disturb another one; and that what its events are held against
 * (test_trace.c) is steady.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "fixture.h"
#include "lines.h"

/* Loading takes seconds under emulation, and most tests trace more than once: hence 300. */
FIXTURE(tracer)
{
	int nothing;
};

FIXTURE_SETUP(tracer)
{
}

FIXTURE_TEARDOWN(tracer)
{
}

/*
 * What the sums are held against. Where the stack begins within a page is chance; here it
 * is every 256th byte, since the counts are a few hundred bytes of it.
 */
TEST_F_TIMEOUT(tracer, nothing_faults_between_a_mark_and_its_count, 300)
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

TEST_F_TIMEOUT(tracer, filters_are_obeyed_in_the_kernel, 300)
{
	struct answer a;

	command_run(&a, "trace fault --json --class prot-none --range " ARENA " -- provoke");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(16, line_count(a.out, "fault", 0, -1, NULL, NULL));
	EXPECT_EQ(16, line_count(a.out, "fault", 0, -1, "class", "prot-none"));
	EXPECT_EQ(17, command_lines(a.out));
	EXPECT_EQ(16, line_number(line_last(a.out), "prot-none"));
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
	EXPECT_EQ(16, line_number(a.out, "zero-read"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

/*
 * Two at once see the same; the outer one follows the inner one's child. The inner one's
 * lines go where nobody else writes, or what provoke says would stand within one of them.
 */
TEST_F_TIMEOUT(tracer, two_tracers_do_not_disturb_each_other, 300)
{
	char file[] = "/tmp/vmlab-inner.XXXXXX", *inner_out;
	const int fd = mkstemp(file);
	struct answer a;
	long outer, inner;

	ASSERT_LE(0, fd);
	/* A word of its own for sh: it has tabs in it, no spaces. */
	command_run(&a, "trace fault --json --range %s -- sh -c %s%s%s%s", ARENA,
		    "vmlab\ttrace\tfault\t--json\t--range\t", ARENA, "\t--\tprovoke\t>", file);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	inner_out = command_text(fd);
	outer = line_count(a.out, "fault", 0, -1, NULL, NULL);
	inner = line_count(inner_out, "fault", 0, -1, NULL, NULL);
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

TEST_F_TIMEOUT(tracer, nothing_is_left_when_it_is_killed, 300)
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

TEST_F_TIMEOUT(tracer, a_signal_ends_it_with_the_summary, 300)
{
	struct answer a;

	command_run(&a, "trace fault --json --for 1500 -p %d", (int)getpid());
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

#define STORM		1000000L
#define STORM_PAGES	50000L

/* Who reads what a tracer says, as it comes: a million lines are not to be kept. */
struct listener {
	FILE *from;
	volatile long lines;
	long of_storm;
	char last[16384];	/* the summary, at the end */
};

static void *listen_to(void *arg)
{
	struct listener *l = arg;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, l->from) > 0) {
		l->of_storm += !!strstr(line, "\"class\":\"anon-new\"");
		snprintf(l->last, sizeof(l->last), "%s", line);
		l->lines++;
	}
	free(line);
	return NULL;
}

static char *arena(long pages)
{
	char *at = mmap((void *)ARENA_START, pages * 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	madvise(at, pages * 4096, MADV_NOHUGEPAGE);
	return at;
}

/* Reads new pages until the tracer speaks of one: it is all there then. */
static bool read_until_told(const struct listener *l)
{
	char *at = arena(3000);
	long i;

	for (i = 0; i < 3000 && !l->lines; i++) {
		(void)*(volatile char *)(at + i * 4096);
		usleep(100 * 1000);
	}
	return l->lines;
}

static void storm(long left)
{
	long nr;

	for (; left > 0; left -= nr) {
		nr = left < STORM_PAGES ? left : STORM_PAGES;
		fixture_write(arena(nr), (size_t)nr * PAGE);
	}
}

TEST_F_TIMEOUT(tracer, a_storm_of_faults_is_told_or_counted_as_lost, 900)
{
	const long nr = command_many(STORM);
	struct listener listener = { 0 };
	pthread_t thread;
	char pid[16];
	int fds[2], status;
	pid_t tracer;
	long lost;

	ASSERT_EQ(0, pipe(fds));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	tracer = fork();
	if (!tracer) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		execlp("vmlab", "vmlab", "trace", "fault", "--json", "--range", ARENA, "-p", pid,
		       NULL);
		_exit(127);
	}
	close(fds[1]);
	listener.from = fdopen(fds[0], "r");
	ASSERT_EQ(0, pthread_create(&thread, NULL, listen_to, &listener));
	ASSERT_TRUE(read_until_told(&listener));
	storm(nr);
	kill(tracer, SIGTERM);
	pthread_join(thread, NULL);
	waitpid(tracer, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_TRUE(line_is(listener.last, "kind", "summary"));
	lost = line_number(listener.last, "lost");
	TH_LOG("%ld told, %ld lost", listener.of_storm, lost);
	EXPECT_EQ(nr, listener.of_storm + lost);
	fclose(listener.from);
}

TEST_F_TIMEOUT(tracer, a_recording_says_the_same_again, 300)
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

TEST_HARNESS_MAIN
