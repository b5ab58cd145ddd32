// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_mappings.c - what `vmlab trace map` says adds up to /proc/PID/maps: of a program that
 * maps, splits, joins, protects, moves and takes away by chance (motion.c), from its exec on.
 * test_replay does the same a hundred thousand times, by another seed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"
#include "replay.h"

FIXTURE(mappings)
{
	struct answer a;
	struct pieces told, maps;
};

/* Loading takes seconds under emulation. */
FIXTURE_SETUP(mappings)
{
}

FIXTURE_TEARDOWN(mappings)
{
	command_free(&self->a);
	replay_free(&self->told);
	replay_free(&self->maps);
}

static long lines_with(const char *out, const char *key, const char *word)
{
	const char *line;
	long nr = 0;

	for (line = out; line; line = line_next(line))
		nr += line_is(line, "kind", "map") && line_is(line, key, word);
	return nr;
}

TEST_F_TIMEOUT(mappings, add_up_to_proc_maps, 600)
{
	static const char *const whats[] = {
		"mapped", "unmapped", "grown", "protected", "moved", "advised", "cleared",
	};
	static const char *const calls[] = {
		"execve", "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "shmat", "shmdt",
		"fault",
	};
	size_t i;
	int pid;

	command_run(&self->a, "trace map --json -- motion random 1 2500");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	ASSERT_EQ(1, sscanf(line_said(self->a.err, "maps"), "maps %d", &pid));
	ASSERT_TRUE(replay_lines(&self->told, self->a.out, pid));
	ASSERT_TRUE(replay_maps(&self->maps, line_next(line_said(self->a.err, "maps"))));
	EXPECT_LE(20, self->maps.nr);
	EXPECT_TRUE(replay_same(&self->told, &self->maps));
	/* Each kind was there, and is counted. */
	for (i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		long nr = lines_with(self->a.out, "what", whats[i]);

		EXPECT_LE(1, nr) TH_LOG("what %zu", i);
		EXPECT_EQ(nr, (long)line_number(line_last(self->a.out), whats[i]))
			TH_LOG("what %zu", i);
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		EXPECT_LE(1, lines_with(self->a.out, "call", calls[i]))
			TH_LOG("call %zu", i);
	}
}

/* A program that others wrote, at the moment in which it looked. */
TEST_F_TIMEOUT(mappings, of_a_program_are_those_that_it_saw, 300)
{
	command_run(&self->a, "trace map --json -- cat /proc/self/maps");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	ASSERT_TRUE(replay_maps(&self->maps, self->a.err));
	EXPECT_LE(10, self->maps.nr);
	EXPECT_STREQ("cleared", line_value(self->a.out, "what"));
	EXPECT_TRUE(replay_reaches(self->a.out, line_number(self->a.out, "pid"), &self->maps));
	EXPECT_EQ(1, lines_with(self->a.out, "name", "[vdso]"));
	EXPECT_EQ(1, lines_with(self->a.out, "name", "[stack]"));
}

TEST_F_TIMEOUT(mappings, say_who_forked, 300)
{
	long nr;

	command_run(&self->a, "trace map fork --json -- python3 -c import\tos;os.fork()");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	nr = lines_with(self->a.out, "what", "inherited");
	EXPECT_EQ(1, nr);
	EXPECT_EQ(nr, (long)line_number(line_last(self->a.out), "inherited"));
}

TEST_F_TIMEOUT(mappings, a_recording_says_the_same_again, 300)
{
	char file[] = "/tmp/test_mappings.XXXXXX";
	int fd = mkstemp(file);
	struct answer again;

	ASSERT_LE(0, fd);
	close(fd);
	unlink(file);
	command_run(&self->a, "trace map mprotect --json --record %s -- motion random 3 100", file);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	command_run(&again, "trace map mprotect --json --replay %s -- motion random 3 100", file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_STREQ(self->a.out, again.out);
	command_free(&again);
	unlink(file);
}

TEST_HARNESS_MAIN
