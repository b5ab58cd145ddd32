/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * step.h - scans of several address spaces, walked in step.
 *
 * Runs of different scans begin and end where they like, and their leaves have
 * sizes of their own. Here they are cut at each other's borders: what comes out are
 * pieces, low addresses first, in which no scan changes what it has. A scan is read
 * as the walk goes on, and only its run under way is kept, so that memory does not
 * depend on what is scanned.
 */
#ifndef VMLAB_STEP_H
#define VMLAB_STEP_H

#include "libvmlab.h"

/*
 * Where runs come from: 1 and a run, 0 at the end, or -errno, as vmlab_scan_next().
 * All zero: nowhere.
 */
struct vmlab_feed {
	int (*next)(void *ctx, struct vmlab_run *run);
	void *ctx;
};

#define VMLAB_STEP_LANES	4

/* Base pages from @va on, with the same at all of them in each scan. */
struct vmlab_piece {
	uint64_t va;
	uint64_t nr_pages;
	struct vmlab_leaf leaf[VMLAB_STEP_LANES];
};

struct vmlab_step {
	unsigned int nr;	/* scans */
	unsigned int page_shift;
	uint64_t at;		/* everything below is done */
	uint64_t end;
	struct vmlab_lane {
		struct vmlab_feed feed;
		bool over;
		struct vmlab_run run;
		uint64_t start;	/* of what is left of the run; start == end: nothing */
		uint64_t end;
	} lanes[VMLAB_STEP_LANES];
};

/* [start, end) of @nr scans, at most VMLAB_STEP_LANES; leaves beyond it are cut off. */
void vmlab_step_start(struct vmlab_step *step, unsigned int page_shift, uint64_t start,
		      uint64_t end, const struct vmlab_feed *feeds, unsigned int nr);
/*
 * 1 and a piece, which at least one scan has something in; 0 at the end; -errno of a
 * scan; -EBADMSG for runs that no address space has.
 */
int vmlab_step_next(struct vmlab_step *step, struct vmlab_piece *piece);

/*
 * Does @b go on where the @nr_pages of @a end: the same as far as @facts tell (with
 * VMLAB_FACT_HUGE in leaves of the same size), its frames being the following ones?
 */
bool vmlab_leaf_follows(const struct vmlab_leaf *a, uint64_t nr_pages,
			const struct vmlab_leaf *b, uint64_t facts);
/* A scanner as a feed. */
struct vmlab_feed vmlab_scan_feed(struct vmlab_scanner *scan);

#endif /* VMLAB_STEP_H */
