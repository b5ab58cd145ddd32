// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_replay.c - a hundred thousand changes of mappings by chance, and none is missed: what
 * was told of them adds up to /proc/PID/maps (replay.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"
#include "replay.h"

FIXTURE(replay)
{
	int nothing;
};

FIXTURE_SETUP(replay)
{
}

FIXTURE_TEARDOWN(replay)
{
}

TEST_F_TIMEOUT(replay, a_hundred_thousand_changes_add_up_to_proc_maps, 800)
{
	const long nr = command_many(100000);
	struct pieces told, maps;
	struct answer a;
	int pid;

	command_run(&a, "trace map --json --buffer 128 -- motion random 7 %ld", nr);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_SUMMARY(a.out);
	ASSERT_EQ(1, sscanf(line_said(a.err, "maps"), "maps %d", &pid));
	ASSERT_TRUE(replay_lines(&told, a.out, pid));
	ASSERT_TRUE(replay_maps(&maps, line_next(line_said(a.err, "maps"))));
	EXPECT_TRUE(replay_same(&told, &maps));
	/* There was something to be told of most of them. */
	EXPECT_LE(nr / 2, command_lines(a.out));
	replay_free(&told);
	replay_free(&maps);
	command_free(&a);
}

TEST_HARNESS_MAIN
