/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runs.h - leaves on their way into records: withheld, filtered, merged.
 *
 * The walker hands over leaf by leaf with a page table lock held; nothing here
 * sleeps. Inline, because it runs once a page.
 */
#ifndef VMLAB_RUNS_H
#define VMLAB_RUNS_H

#include <linux/mm.h>

#include "arch/arch.h"

/**
 * struct vmlab_runs - where a scan's leaves go
 * @recs: room for records; the last one may still grow
 * @nr: records in use
 * @max: records there is room for
 * @physical: the caller may see frames and entries
 * @shown: the facts that the caller may see
 * @start: of the range that was asked about
 * @end: of that range
 * @all_of: filter, as in struct vmlab_scan
 * @any_of: filter
 * @none_of: filter
 * @min_mapcount: filter
 */
struct vmlab_runs {
	struct vmlab_run *recs;
	u32 nr;
	u32 max;
	bool physical;
	u64 shown;
	u64 start;
	u64 end;
	u64 all_of;
	u64 any_of;
	u64 none_of;
	u32 min_mapcount;
};

/* Entries without a translation other than PROT_NONE's. */
#define VMLAB_FACTS_ABSENT						\
	(VMLAB_FACT_SWAP | VMLAB_FACT_MIGRATION | VMLAB_FACT_DEVICE |	\
	 VMLAB_FACT_MARKER | VMLAB_FACT_UNKNOWN)
/* Frames that many addresses share by design: the number stays in a run. */
#define VMLAB_FACTS_SAME_FRAME	(VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO)

/* Leaves no more of @leaf than VMLAB_FACTS_PUBLIC and @runs allow. */
static inline void vmlab_leaf_hide(const struct vmlab_runs *runs, struct vmlab_run *leaf)
{
	if (leaf->facts & VMLAB_FACT_PROTNONE)
		leaf->facts |= VMLAB_FACT_PRESENT;
	if (leaf->facts & VMLAB_FACTS_ABSENT)
		leaf->facts |= VMLAB_FACT_SWAP;
	leaf->entry = 0;
	leaf->pfn = VMLAB_PFN_NONE;
	leaf->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
	leaf->swap_type = 0;
	if (!(runs->shown & VMLAB_FACT_HUGE) && leaf->shift > PAGE_SHIFT) {
		u64 end = min(leaf->va + (1ULL << leaf->shift), runs->end);

		leaf->va = max(leaf->va, runs->start);
		leaf->count = (end - leaf->va) >> PAGE_SHIFT;
		leaf->shift = PAGE_SHIFT;
		leaf->level = VMLAB_LEVEL_PTE;
	}
}

static __always_inline bool vmlab_run_takes(const struct vmlab_run *run,
					    const struct vmlab_run *leaf)
{
	u64 pfn = run->pfn;

	if (run->facts != leaf->facts || run->shift != leaf->shift ||
	    run->va + ((u64)run->count << run->shift) != leaf->va ||
	    run->mapcount != leaf->mapcount || run->count > U32_MAX - leaf->count)
		return false;
	/*
	 * A swap entry names a slot of its own, even next to its neighbour's; unless
	 * the slot is hidden.
	 */
	if (pfn != VMLAB_PFN_NONE &&
	    run->facts & (VMLAB_FACT_SWAP | VMLAB_FACT_MIGRATION | VMLAB_FACT_DEVICE))
		return false;
	if (pfn != VMLAB_PFN_NONE && !(run->facts & VMLAB_FACTS_SAME_FRAME))
		pfn += (u64)run->count << (run->shift - PAGE_SHIFT);
	return pfn == leaf->pfn &&
	       vmlab_arch_attributes(run->entry) == vmlab_arch_attributes(leaf->entry);
}

/* False when there is no room: the leaf was not taken, come back at its va. */
static __always_inline bool vmlab_runs_add(struct vmlab_runs *runs,
					   struct vmlab_run *leaf)
{
	if (!runs->physical)
		vmlab_leaf_hide(runs, leaf);
	leaf->facts &= runs->shown;
	if ((leaf->facts & runs->all_of) != runs->all_of ||
	    (runs->any_of && !(leaf->facts & runs->any_of)) ||
	    (leaf->facts & runs->none_of))
		return true;
	/* Not known is VMLAB_MAPCOUNT_UNKNOWN, which is more than any. */
	if (leaf->mapcount < runs->min_mapcount && leaf->level == VMLAB_LEVEL_PTE)
		return true;
	if (runs->nr && vmlab_run_takes(&runs->recs[runs->nr - 1], leaf)) {
		runs->recs[runs->nr - 1].count += leaf->count;
		return true;
	}
	if (runs->nr == runs->max)
		return false;
	runs->recs[runs->nr++] = *leaf;
	return true;
}

#endif /* VMLAB_RUNS_H */
