/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counter.h - the kernel's own counters, by file and name.
 */
#ifndef SELFTESTS_COUNTER_H
#define SELFTESTS_COUNTER_H

/* The number after @name at the start of a line of @path, or -1. */
long counter_named(const char *path, const char *name);

/* Writes @text to @path. 0 or -errno. */
int counter_write(const char *path, const char *text);

#endif /* SELFTESTS_COUNTER_H */
