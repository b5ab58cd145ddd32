/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kcov.h - which instructions of the module the calling thread has come by
 * (Documentation/dev-tools/kcov.rst): of a kernel that is built with CONFIG_KCOV, which
 * instruments its modules too.
 */
#ifndef SELFTESTS_KCOV_H
#define SELFTESTS_KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where the module's instructions lie; root's to know. What has been seen is marked in
 * a file, a byte an address from @base on, when VMLAB_COVER says "FILE:BASE:SIZE" (hex
 * numbers), which it does for programs that may not know by themselves.
 */
struct kcov_text {
	uint64_t base;
	uint64_t size;
};

/* Of the module that is loaded. NULL, or why not. */
const char *kcov_text(struct kcov_text *text);
/* Lines "section NAME ADDRESS" of those that hold instructions. NULL, or why not. */
const char *kcov_print_sections(void);

/*
 * What a thread needs privilege for: it can kcov_start() after it has given that up. False
 * where there is no KCOV, or no privilege.
 */
bool kcov_open(void);

/*
 * From now on what this thread does in the kernel is noted, up to @words instructions
 * between a kcov_reset() and the next. NULL, or why not. A child of fork is not
 * followed, and has to start for itself.
 */
const char *kcov_start(size_t words);
void kcov_reset(void);
/* What was noted since, kernel and module alike, in order. */
size_t kcov_seen(const unsigned long **pcs);
/* Marks of it what lies in @text in the file that VMLAB_COVER names, if it does. */
void kcov_mark(void);
/* Nothing more is noted; what was, is still there. */
void kcov_pause(void);
/* No more. */
void kcov_stop(void);
/* In a child of fork: what it has there is its parent's, which goes on with it. */
void kcov_forget(void);

#endif /* SELFTESTS_KCOV_H */
