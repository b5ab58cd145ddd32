// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rollover.c - when all ASIDs have been dealt out (arm64), `vmlab trace tlb` says so,
 * once, with the generations that the module sees. It takes 65536 processes.
 */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"

FIXTURE(asids)
{
	int nothing;
};

FIXTURE_SETUP(asids)
{
}

FIXTURE_TEARDOWN(asids)
{
}

TEST_F_TIMEOUT(asids, that_are_used_up_are_told_once_for_each_generation, 1500)
{
	unsigned long long before, after;
	struct answer a;
	const char *line;
	char want[24];
	long nr = 0;

#if defined(__x86_64__)
	SKIP(return, "x86-64 deals out the slots of each CPU in turn: there is no roll-over");
#endif
	/* Only of threads that there are not: a roll-over is nobody's. */
	command_run(&a, "trace tlb --json --comm nobody -- turns forks");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_EQ(2, sscanf(line_said(a.err, "generation"), "generation %llu %llu", &before,
			    &after)) TH_LOG("%.500s", a.err);
	EXPECT_LT(before, after);
	for (line = a.out; line; line = line_next(line)) {
		if (!line_is(line, "kind", "rollover"))
			continue;
		EXPECT_EQ(before + nr, line_number(line, "before"));
		nr++;
		EXPECT_EQ(before + nr, line_number(line, "generation"));
	}
	/* Another one may have come before it was asked. */
	EXPECT_LE(after - before, (unsigned long long)nr);
	EXPECT_GE(after - before + 1, (unsigned long long)nr);
	snprintf(want, sizeof(want), "%ld", nr);
	EXPECT_STREQ(want, line_value(line_last(a.out), "rollover"));
	EXPECT_SUMMARY(a.out);
	command_free(&a);
}

TEST_HARNESS_MAIN
