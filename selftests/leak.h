/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leak.h - what the kernel still holds: users of the module, memory that
 * nothing points to.
 */
#ifndef SELFTESTS_LEAK_H
#define SELFTESTS_LEAK_H

#include <sys/types.h>

/* Descriptors of the node and of targets that are open anywhere, or -1. */
long leak_module_users(void);

/* The same, once it has come down to @wanted or a second has passed. */
long leak_module_users_settle(long wanted);

/* NULL when there is kmemleak, else why not. */
const char *leak_scan_missing(void);
/* Forgets what kmemleak knows of. */
void leak_scan_start(void);
/* What it has found since, into @report: how many bytes. It takes its time. */
ssize_t leak_scan_end(char *report, size_t size);

#endif /* SELFTESTS_LEAK_H */
