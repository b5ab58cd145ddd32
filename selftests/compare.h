/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compare.h - a whole address space against the witnesses, page by page, in both
 * directions.
 */
#ifndef SELFTESTS_COMPARE_H
#define SELFTESTS_COMPARE_H

#include <libvmlab.h>

#include "agree.h"

#define COMPARE_DETAILS	10

/* A range that is counted under a name of its own. */
struct compare_kind {
	const char *name;
	uint64_t start;
	uint64_t end;
	unsigned long pages;
	unsigned long unexplained;
};

struct compare {
	/* What the caller sets: names for ranges, and does the target stand still? */
	struct compare_kind *kinds;
	size_t nr_kinds;
	bool sums;			/* then the sums of smaps are compared too */
	unsigned long nr_sums;
	unsigned long pages;		/* that one side or the other knows */
	unsigned long empty;		/* that both sides know nothing of */
	unsigned long excused[AGREE_NR];
	unsigned long moved;		/* agreed when looked at once more */
	unsigned long outside;		/* pages of areas above the user half */
	unsigned long unexplained;
	char details[COMPARE_DETAILS][256];
};

/*
 * Adds what is found in process @pid to @c. It should stand still. 0, or -errno
 * when one of the sides could not be asked.
 */
int compare_process(struct vmlab_session *session, pid_t pid, struct compare *c);

/* The same for a range of it. */
int compare_range(struct vmlab_session *session, pid_t pid, uint64_t start, uint64_t end,
		  struct compare *c);

/* Counts and reasons on standard output, as lines of TAP comment. */
void compare_print(const struct compare *c, const char *what);

#endif /* SELFTESTS_COMPARE_H */
