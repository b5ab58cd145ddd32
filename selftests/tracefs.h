/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracefs.h - the kernel's own trace of its events, as text: a witness for ours.
 */
#ifndef SELFTESTS_TRACEFS_H
#define SELFTESTS_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>

/* A line of the trace. */
struct tracefs_event {
	unsigned long long us;	/* CLOCK_MONOTONIC, microseconds */
	int cpu;
	int pid;		/* thread that ran */
	const char *name;	/* of the event, ending with ':' */
	const char *args;	/* behind it, up to the end of the line */
};

/*
 * Begins to trace @events ("sched/sched_switch ..."), in an instance of its own. NULL, or why
 * it cannot be.
 */
const char *tracefs_begin(const char *events);
/* Ends it: all that was traced, to be freed. NULL when it cannot be read. */
char *tracefs_end(void);
/* The next event at or behind *at, which is moved on. False: there is none. */
bool tracefs_next(const char **at, struct tracefs_event *out);
/* The number behind "KEY" in the arguments of an event, or -1. */
long tracefs_number(const struct tracefs_event *e, const char *key);

#endif /* SELFTESTS_TRACEFS_H */
