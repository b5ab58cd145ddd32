/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * caller.h - processes that are somebody else: another user, one with a single
 * capability, root of a namespace of its own; and descriptors on their way from one
 * to the other.
 */
#ifndef SELFTESTS_CALLER_H
#define SELFTESTS_CALLER_H

#include <stdint.h>
#include <sys/types.h>

#define CALLER_ALL_CAPS		(~0ULL)
#define CALLER_CAP(name)	(1ULL << CAP_ ## name)

/* Where the caller stands. */
#define CALLER_USER_NS		(1U << 0)	/* root of a user namespace of its own */
#define CALLER_PID_NS		(1U << 1)	/* and of a pid namespace, with its own /proc */
#define CALLER_HIDEPID		(1U << 2)	/* looks at a /proc with hidepid=2 */
#define CALLER_FOR_NOW		(1U << 3)	/* may become root again */

struct who {
	uid_t uid;
	uint64_t caps;		/* effective and permitted, no others */
	unsigned int where;
};

/*
 * Makes the calling process @who, dumpable as after an exec, and mortal as its
 * parent is. A namespace takes a
 * fork: then it is the child that returns, and its end is the caller's. A /proc of
 * its own is mounted at @dir. Returns where its /proc is, or NULL.
 */
const char *caller_become(const struct who *who, const char *dir);

/* Descriptors through a socket. 0 or -errno. */
int caller_send(int sock, const int *fds, int nr);
int caller_receive(int sock, int *fds, int nr);

#endif /* SELFTESTS_CALLER_H */
