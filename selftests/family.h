/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * family.h - a parent, its child and its grandchild, which do to their memory what
 * they are told, one order at a time.
 *
 * The parent is a process of its own and not the test: whoever runs a command forks,
 * and a fork changes what is looked at here.
 */
#ifndef SELFTESTS_FAMILY_H
#define SELFTESTS_FAMILY_H

#include <stddef.h>
#include <sys/types.h>

enum { PARENT, CHILD, GRANDCHILD, FAMILY };

struct family {
	pid_t pid[FAMILY];
	int to[FAMILY][2];
	int done[2];
};

/* The parent, alone. It knows what the caller has mapped. 0 or -errno. */
int family_start(struct family *f);
/* All of them. */
void family_end(struct family *f);

/* Each returns 0 when it is done, or -errno. */
int family_fork(struct family *f, int who);
int family_write(struct family *f, int who, void *at, size_t size);
int family_read(struct family *f, int who, void *at, size_t size);
int family_madvise(struct family *f, int who, void *at, size_t size, int advice);
int family_protect(struct family *f, int who, void *at, size_t size, int prot);
/* Moves its mapping at @at to @to, where it has nothing. */
int family_move(struct family *f, int who, void *at, size_t size, void *to);
/* It exits, and is buried if its parent is the test's own. */
int family_exit(struct family *f, int who);

#endif /* SELFTESTS_FAMILY_H */
