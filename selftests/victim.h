/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * victim.h - processes in known states.
 *
 * Every one of them dies with the process that made it.
 */
#ifndef SELFTESTS_VICTIM_H
#define SELFTESTS_VICTIM_H

#include <stdbool.h>
#include <sys/types.h>

struct victim {
	pid_t pid;
	int in;		/* its standard input, or -1 */
	int out;	/* its standard output, or -1 */
};

/*
 * A copy of the caller that has done @work (NULL: nothing) and now waits for
 * victim_poke() or its end. 0, or -errno when it did not come that far.
 */
int victim_fork(struct victim *v, void (*work)(void *), void *arg);

/*
 * A program that has printed its first line and now waits, for its standard input
 * as a rule. 0, or -errno: -ENOENT when there is no such program.
 */
int victim_exec(struct victim *v, char *const argv[]);

/*
 * For a forked one: ends the wait. When @work has returned it goes on to @next,
 * which was given here before the fork, and waits again.
 */
int victim_poke(struct victim *v);
void victim_then(void (*next)(void *), void *arg);

/* Stopped for sure when it returns 0; running again. */
int victim_stop(const struct victim *v);
int victim_continue(const struct victim *v);

/* Dead and not yet waited for; dead and gone. */
int victim_make_zombie(struct victim *v);
void victim_kill(struct victim *v);

/* A kernel thread, or -1. */
pid_t victim_kernel_thread(void);

/* State of @pid as in /proc/PID/stat, '\0' when it is gone. */
char victim_state(pid_t pid);

#endif /* SELFTESTS_VICTIM_H */
