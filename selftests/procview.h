/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * procview.h - what /proc shows of an address space through descriptors that are
 * open, against what a target shows: never more, and frames where pagemap has them.
 *
 * The rules, for each page:
 * - pagemap has frame numbers for this reader, or it has none. With them, the target
 *   has the same frames, and tables; without, it says HIDDEN and every field of the
 *   contract that is withheld is empty, in WALK as in SCAN.
 * - hidden facts are those that pagemap's word and PAGEMAP_SCAN have for this reader.
 * - what was asked for, and VMAS, are what smaps says; or nothing where smaps cannot
 *   be read.
 */
#ifndef SELFTESTS_PROCVIEW_H
#define SELFTESTS_PROCVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <vmlab.h>

struct procview {
	int pagemap;
	int smaps;		/* -1 where it cannot be opened */
	uint64_t start;		/* of pages that do not change meanwhile */
	uint64_t end;
	bool all;		/* nor do any others: look at all that smaps has */
};

struct procview_found {
	bool frames;		/* in the target's answers */
	bool no_vmas;
	unsigned long pages;	/* that were compared */
};

/* NULL when all rules hold, else which one does not. Closes smaps. */
const char *procview_differs(const struct procview *view, int target,
			     struct procview_found *found);

/* The errno that all queries of a target give, as -errno, or 1 when they differ. */
int procview_all_queries(int target, uint64_t start, uint64_t end);

/* Has this kernel PAGEMAP_SCAN, which shows huge and zero pages one by one? */
bool procview_has_pagemap_scan(int pagemap);

/* Runs of [start, end): their number, or -errno. */
int procview_scan(int target, uint64_t start, uint64_t end, struct vmlab_run *runs, int max);

#endif /* SELFTESTS_PROCVIEW_H */
