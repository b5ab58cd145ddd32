// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_malloc.c - what `vmlab trace malloc` says is what was asked for: against a counter that
 * is preloaded into the same run (tally.c), and what became real against
 * /proc/PID/smaps_rollup (asker.c).
 */
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "asker.h"
#include "command.h"
#include "lines.h"

static const char *const functions[] = {
	"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc",
};

#define NR_FUNCTIONS	(sizeof(functions) / sizeof(functions[0]))

FIXTURE(malloc)
{
	struct answer a;
	char folder[PATH_MAX];
};

FIXTURE_SETUP(malloc)
{
	char path[PATH_MAX] = "";

	ASSERT_LT(0, readlink("/proc/self/exe", path, sizeof(path) - 1));
	strcpy(self->folder, dirname(path));
	/* A huge page that is made of small ones becomes real without a fault. */
	system("echo 0 >/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none");
}

FIXTURE_TEARDOWN(malloc)
{
	system("echo 511 >/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none");
	command_free(&self->a);
}

/* The first line behind the last exec. */
static const char *program_of(const char *out)
{
	const char *line, *found = out;

	for (line = out; line; line = line_next(line))
		if (line_is(line, "what", "cleared"))
			found = line;
	return found;
}

/*
 * A thread that ends gives back what libc kept at hand for it, pieces that are free
 * already: by free(), without passing where others could put one of their own.
 */
static bool is_of_libc_itself(const char *line)
{
	return line_is(line, "function", "free") && line_is(line, "freed", "0") &&
	       !strncmp(line_value(line, "by"), "libc.so.6+", 10);
}

/* What was told of one function: calls, and bytes of those that got something. */
static void sum(const char *line, const char *function, unsigned long *calls, unsigned long *bytes)
{
	*calls = 0;
	*bytes = 0;
	for (; line; line = line_next(line)) {
		if (!line_is(line, "kind", "malloc") || !line_is(line, "function", function) ||
		    is_of_libc_itself(line))
			continue;
		++*calls;
		if (line_is(line, "result", "ok"))
			*bytes += line_number(line, "size");
	}
}

static void expect_as_counted(struct __test_metadata *_metadata, const struct answer *a)
{
	const char *begin = program_of(a->out);
	size_t i;

	for (i = 0; i < NR_FUNCTIONS; i++) {
		unsigned long calls, bytes, counted_calls = 0, counted_bytes = 0;
		char word[64];

		snprintf(word, sizeof(word), "counted %s ", functions[i]);
		ASSERT_EQ(2, sscanf(line_said(a->err, word) + strlen(word), "%lu %lu",
				    &counted_calls, &counted_bytes)) TH_LOG("%s: %s", word, a->err);
		sum(begin, functions[i], &calls, &bytes);
		EXPECT_EQ(counted_calls, calls) TH_LOG("%s", functions[i]);
		EXPECT_EQ(counted_bytes, bytes) TH_LOG("%s", functions[i]);
	}
}

/* What each line says of the sums follows from the lines before. */
static void expect_sums(struct __test_metadata *_metadata, const char *line)
{
	unsigned long long live = 0, held = 0, requests = 0, before = 0;

	for (; line; line = line_next(line)) {
		if (line_is(line, "kind", "malloc")) {
			live -= line_is(line, "freed", "null") ? 0 : line_number(line, "freed");
			if (line_is(line, "result", "ok") && !line_is(line, "function", "free")) {
				live += line_number(line, "size");
				requests++;
			}
			ASSERT_EQ(live, line_number(line, "live")) TH_LOG("%.300s", line);
			EXPECT_LE(line_number(line, "real"), held);
			continue;
		}
		if (!line_is(line, "kind", "malloc-memory") || line_is(line, "what", "cleared"))
			continue;
		if (line_is(line, "what", "got"))
			held += line_number(line, "bytes");
		if (line_is(line, "what", "given-back"))
			held -= line_number(line, "bytes");
		ASSERT_EQ(held, line_number(line, "held")) TH_LOG("%.300s", line);
		/* mremap has two lines, and is one call. */
		if (line_is(line, "call", "mremap") && line_is(line, "what", "given-back"))
			continue;
		EXPECT_EQ(requests - before, line_number(line, "served")) TH_LOG("%.300s", line);
		before = requests;
	}
}

/* The line of the request for so many bytes. */
static const char *request_of(const char *line, unsigned long size)
{
	for (; line; line = line_next(line))
		if (line_is(line, "kind", "malloc") && line_is(line, "function", "malloc") &&
		    line_number(line, "size") == size)
			return line;
	return "";
}

TEST_F_TIMEOUT(malloc, tells_what_a_counter_counts_and_what_became_real, 300)
{
	unsigned long long first, before = 0, after = 0;
	const char *line;

	command_run(&self->a, "trace malloc --json -- env LD_PRELOAD=%s/libtally.so asker 1 3000",
		    self->folder);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	expect_as_counted(_metadata, &self->a);
	expect_sums(_metadata, program_of(self->a.out));

	/* Said three times: the second is behind the first mark. */
	line = line_next(line_said(self->a.err, "anonymous"));
	ASSERT_EQ(1, sscanf(line, "anonymous %llu", &before)) TH_LOG("%s", self->a.err);
	ASSERT_EQ(1, sscanf(line_next(line), "anonymous %llu", &after));
	line = request_of(self->a.out, FIRST_MARK);
	ASSERT_NE('\0', *line);
	first = line_number(line, "real");
	/* The last line before the second mark has what there is at it, less its own. */
	for (; line_next(line) && !(line_is(line_next(line), "kind", "malloc") &&
				    line_number(line_next(line), "size") == LAST_MARK);)
		line = line_next(line);
	ASSERT_NE(NULL, line_next(line));
	TH_LOG("%llu became real by smaps_rollup, %llu as told", after - before,
	       line_number(line, "real") - first);
	EXPECT_EQ(after - before, line_number(line, "real") - first);
	EXPECT_LT(1000000, after - before);
}

TEST_F_TIMEOUT(malloc, of_threads_is_what_they_asked_for_together, 300)
{
	command_run(&self->a, "trace malloc --json -- env LD_PRELOAD=%s/libtally.so asker 2 600 4",
		    self->folder);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	expect_as_counted(_metadata, &self->a);
}

/* One that others wrote. */
TEST_F_TIMEOUT(malloc, of_python_is_what_a_counter_counts, 300)
{
	command_run(&self->a, "trace malloc --json -- env LD_PRELOAD=%s/libtally.so PYTHONMALLOC=malloc python3 -I -S -c import\tctypes;ctypes.CDLL(None).count_say()",
		    self->folder);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	expect_as_counted(_metadata, &self->a);
}

/* The library that is named has the functions, too. */
TEST_F_TIMEOUT(malloc, of_a_library_is_what_passes_there, 300)
{
	unsigned long calls, bytes, counted = 0;

	command_run(&self->a, "trace malloc --json --library %s/libtally.so -- env LD_PRELOAD=%s/libtally.so asker 1 100",
		    self->folder, self->folder);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	sum(program_of(self->a.out), "malloc", &calls, &bytes);
	sscanf(line_said(self->a.err, "counted malloc "), "counted malloc %lu", &counted);
	EXPECT_LT(20, counted);
	EXPECT_EQ(counted, calls);
	command_free(&self->a);
	command_run(&self->a, "trace malloc --library /proc/version -- true");
	EXPECT_EQ(1, self->a.status);
	EXPECT_STREQ("vmlab trace: there is no malloc() in /proc/version: name the file that has it with --library\n",
		     self->a.err);
}

/* A static program calls its own. */
TEST_F_TIMEOUT(malloc, of_a_static_program_is_its_own, 300)
{
	unsigned long calls, bytes;

	command_run(&self->a, "trace malloc --json -- asker_static 1 100");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	sum(self->a.out, "malloc", &calls, &bytes);
	EXPECT_LT(20, calls);
	EXPECT_EQ(calls, line_number(line_last(self->a.out), "malloc"));
	EXPECT_NE('\0', *request_of(self->a.out, LAST_MARK));
}

TEST_F_TIMEOUT(malloc, of_a_recording_is_the_same_again, 300)
{
	char file[] = "/tmp/test_malloc.XXXXXX";
	int fd = mkstemp(file);
	struct answer again;

	ASSERT_LE(0, fd);
	close(fd);
	unlink(file);
	command_run(&self->a, "trace malloc fault --json --record %s -- asker 3 50", file);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	command_run(&again, "trace malloc fault --json --replay %s -- asker 3 50", file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_STREQ(self->a.out, again.out);
	command_free(&again);
	unlink(file);
}

TEST_HARNESS_MAIN
