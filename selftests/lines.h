/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lines.h - what `vmlab trace` said: a JSON object a line, the summary last; and what the
 * program said that was traced (provoke.c): a word and numbers a line.
 */
#ifndef SELFTESTS_LINES_H
#define SELFTESTS_LINES_H

#include <stdbool.h>

/* Where provoke.c does what is to be seen: --range, and the same as numbers. */
#define ARENA		"200000000000-210000000000"
#define ARENA_START	0x200000000000ULL
#define ARENA_END	0x210000000000ULL

/*
 * The value of @key in a line that has no objects within, as it stands there, strings
 * without their quotes; "" where it is not. It stays for seven more calls.
 */
const char *line_value(const char *line, const char *key);
/* The same as a number, decimal or "0x...". */
unsigned long long line_number(const char *line, const char *key);
bool line_is(const char *line, const char *key, const char *what);

/* The next line of a text, or NULL; the last one. */
const char *line_next(const char *line);
const char *line_last(const char *text);

/* Lines of @kind with an address in [start, end) and, unless NULL, this @key: @what. */
long line_count(const char *text, const char *kind, unsigned long long start,
		unsigned long long end, const char *key, const char *what);

/* The first line that begins with @word, or "". */
const char *line_said(const char *text, const char *word);

/*
 * Did every program of BPF run whenever it was to? A kernel that preempts them leaves out
 * what comes meanwhile, and the summary says how often: a line may be missing then, which
 * is counted as lost where it is noticed. Where counts have to be exact, such a run is made again.
 */
bool line_whole(const char *trace);

/* Every trace ends with it, and here it must say that nothing was lost. */
#define EXPECT_SUMMARY(out)							\
	do {									\
		EXPECT_STREQ("summary", line_value(line_last(out), "kind"))	\
			TH_LOG("the last line is %.200s", line_last(out));	\
		EXPECT_STREQ("0", line_value(line_last(out), "lost"));		\
	} while (0)

#endif /* SELFTESTS_LINES_H */
