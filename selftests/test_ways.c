// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ways.c - what flame graphs and timelines are drawn from, several kinds in one run:
 * stacks against a program whose functions are known (chain.c), a timeline against a
 * parser that is not ours (timeline.py).
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"

FIXTURE(ways)
{
	struct answer a;
	char folder[PATH_MAX];
	char file[64];
};

FIXTURE_SETUP(ways)
{
	char path[PATH_MAX] = "";
	int fd;

	ASSERT_LT(0, readlink("/proc/self/exe", path, sizeof(path) - 1));
	strcpy(self->folder, dirname(path));
	strcpy(self->file, "/tmp/test_ways.XXXXXX");
	fd = mkstemp(self->file);
	ASSERT_LE(0, fd);
	close(fd);
}

FIXTURE_TEARDOWN(ways)
{
	unlink(self->file);
	command_free(&self->a);
}

/* How often by main(), outer() and inner(), of lines that end with this event. */
static unsigned long by_the_chain(const char *out, const char *event)
{
	unsigned long nr = 0;
	const char *line;

	for (line = out; line; line = line_next(line)) {
		const char *end = strchrnul(line, '\n');
		const char *way = strstr(line, ";chain:main;chain:outer;chain:inner;");
		const char *leaf = way ? strstr(way, event) : NULL;

		if (leaf && leaf < end)
			nr += strtoul(leaf + strlen(event), NULL, 10);
	}
	return nr;
}

TEST_F_TIMEOUT(ways, are_those_of_the_functions_that_did_it, 300)
{
	const char *line;

	command_run(&self->a, "trace fault mprotect malloc --stacks -- chain");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_EQ(7, by_the_chain(self->a.out, "[mprotect:mprotect-call] ")) TH_LOG("%s", self->a.out);
	EXPECT_EQ(7, by_the_chain(self->a.out, "mprotect;[mprotect:mprotect-call] "));
	EXPECT_EQ(5, by_the_chain(self->a.out, "[malloc:malloc] "));
	EXPECT_EQ(11, by_the_chain(self->a.out, "[fault:anon-new] "));
	/* Nothing else: a line is frames, a blank and a number. */
	for (line = self->a.out; line; line = line_next(line)) {
		int end = 0;

		sscanf(line, "%*[^\n]%n", &end);
		ASSERT_LT(0, end);
		EXPECT_NE(NULL, memchr(line, ';', end));
		EXPECT_NE(0, strtoul(memrchr(line, ' ', end) ?: "", NULL, 10));
	}
}

TEST_F_TIMEOUT(ways, for_programs_are_objects_and_a_recording_has_them_again, 300)
{
	struct answer again;
	const char *line;
	long nr = 0;

	unlink(self->file);
	command_run(&self->a, "trace mprotect map --stacks --json --record %s -- chain", self->file);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	for (line = self->a.out; line; line = line_next(line))
		if (line_is(line, "kind", "stack") && line_is(line, "event", "mprotect-call"))
			nr += line_number(line, "count");
	/* The loader's are among them. */
	EXPECT_EQ((long)line_number(line_last(self->a.out), "mprotect-call"), nr);
	command_run(&again, "trace mprotect map --stacks --json --replay %s -- chain", self->file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_STREQ(self->a.out, again.out);
	command_free(&again);
}

/* What the parser says of a timeline, a number a phase. */
static int parse(FIXTURE_DATA(ways) *self, const char *phases, unsigned long *nr)
{
	char command[2 * PATH_MAX], line[4096];
	FILE *pipe;
	int ret;

	snprintf(command, sizeof(command), "python3 %s/timeline.py %s 2>&1", self->folder, self->file);
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe)) {
		const char *at = strchr(phases, line[0]);

		if (at && line[1] == ' ')
			nr[at - phases] = strtoul(line + 2, NULL, 10);
		else
			fprintf(stderr, "# %s", line);
	}
	ret = pipe ? pclose(pipe) : -1;
	return ret;
}

TEST_F_TIMEOUT(ways, through_time_are_what_a_parser_of_others_takes, 300)
{
	unsigned long nr[4] = { 0 };
	const char *line;
	long with_time = 0, without = 0, heaps = 0;

	command_run(&self->a, "trace fault cow fork tlb mprotect map malloc --json --perfetto %s -- sh -c chain;chain",
		    self->file);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	ASSERT_EQ(0, parse(self, "XiCM", nr));
	for (line = self->a.out; line_next(line); line = line_next(line)) {
		/* A copy's is its fault's. */
		if (*line_value(line, "ns") && !line_is(line, "ns", "null") &&
		    !line_is(line, "kind", "cow"))
			with_time++;
		else
			without++;
		heaps += *line_value(line, "held") && !line_is(line, "held", "null");
	}
	EXPECT_EQ(with_time, (long)nr[0]);
	EXPECT_EQ(without, (long)nr[1]);
	EXPECT_EQ(heaps, (long)nr[2]);
	EXPECT_LE(4, nr[3]);
	/* Of several kinds in the order in which they ended, each in its own. */
	EXPECT_LT(0, line_count(self->a.out, "mprotect-call", 0, ~0ULL, NULL, NULL));
}

TEST_F(ways, to_a_file_that_cannot_be_are_said_to_be_so_in_one_line)
{
	command_run(&self->a, "trace fault --perfetto /nowhere/file -- true");
	EXPECT_EQ(1, self->a.status);
	EXPECT_STREQ("", self->a.out);
	EXPECT_STREQ("vmlab trace: cannot write a timeline to /nowhere/file: no such folder\n",
		     self->a.err);
	command_free(&self->a);
	command_run(&self->a, "trace fault --summary --perfetto %s -- true", self->file);
	EXPECT_EQ(2, self->a.status);
}

TEST_HARNESS_MAIN
