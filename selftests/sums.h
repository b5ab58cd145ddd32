/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sums.h - does the anatomy of a process add up to what the kernel counts of it.
 */
#ifndef SELFTESTS_SUMS_H
#define SELFTESTS_SUMS_H

#include <sys/types.h>

struct vmlab_session;

/*
 * All sums of @pid, which stands still, against smaps_rollup and VmPTE; its parts are of
 * the contract's kinds, follow each other without a gap and make the whole; and its ABI is
 * @abi, NULL for this machine's. "", or what differs first; valid until the next call.
 */
const char *sums_wrong(struct vmlab_session *session, pid_t pid, const char *abi);

/* The same of a program that has said its first line, stopped; NULL: it is not installed. */
const char *sums_of_program(struct vmlab_session *session, char *const argv[], const char *abi);

#endif /* SELFTESTS_SUMS_H */
