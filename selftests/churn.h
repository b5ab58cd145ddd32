/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * churn.h - a process that never stays as it is: threads that map, unmap, move,
 * protect, share, swap, merge, split and collapse pages of an arena, fork, and in
 * the end exec or exit. A quiet mapping beside the arena is left alone by all.
 */
#ifndef SELFTESTS_CHURN_H
#define SELFTESTS_CHURN_H

#include <stdbool.h>
#include <stdint.h>

#include "victim.h"

#define CHURN_QUIET_PAGES	600

enum churn_end {
	CHURN_GOES_ON,
	CHURN_EXECS,
	CHURN_EXITS,
};

/* One kind of step, and how often it went well; the rest was refused. */
struct churn_step {
	const char *what;
	bool missing;		/* this kernel or this machine can't: it is always refused */
	unsigned int done;
	unsigned int refused;
};

#define CHURN_STEPS	40

/* Shared between the process and whoever watches it. */
struct churn {
	uint64_t arena;			/* everything that changes lies in here */
	uint64_t arena_end;
	uint64_t huge;			/* where huge pages come and go */
	uint64_t huge_end;
	uint64_t quiet;			/* CHURN_QUIET_PAGES pages, every third missing */
	uint64_t seed;
	int nice;			/* of all its threads (setpriority(2)); 0 */
	volatile enum churn_end end;	/* said by the watcher */
	struct churn_step steps[CHURN_STEPS];
};

/*
 * Swap, KSM and the like for the whole machine; and back. Once, in the watcher. NULL, or
 * what of it can't be had here.
 */
const char *churn_prepare_machine(void);
void churn_restore_machine(void);

/* What the main thread of one that churns is called (prctl(2), PR_SET_NAME). */
#define CHURN_NAME	"churning"

/* Shared memory for one process and what it says of itself. NULL: no memory. */
struct churn *churn_new(uint64_t seed);
/* Starts it: 0 or -errno. It churns until it is told, or killed. */
int churn_start(struct churn *churn, struct victim *victim);

#endif /* SELFTESTS_CHURN_H */
