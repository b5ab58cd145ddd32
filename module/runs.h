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
#include "chunk.h"
#include "frame.h"

/**
 * struct vmlab_stretch - last-level entries that go on as the last one did
 * @next: what the next entry would be, if the next address has one, or VMLAB_NEVER
 * @step: by how much that is more than the last one
 * @attributes: that they have in common
 * @jumps: an entry with these attributes and another frame can be known by comparing
 * @vma_facts: what is true of them because of the VMA
 * @permits: of the levels above
 * @run: that took the last one in, or NULL when the filter left it out
 * @look: what the facts of the last one's frame were made of; its page is NULL when
 *	there are none, or they can't be known by comparing
 *
 * A page that is like the last one in everything that facts are made of has the same
 * facts: it is compared, which takes a few instructions, and not described. Good for
 * one hold of the mmap lock: @run moves when records are copied out.
 */
struct vmlab_stretch {
	u64 next;
	u64 step;
	u64 attributes;
	bool jumps;
	u64 vma_facts;
	u64 permits;
	struct vmlab_run *run;
	struct vmlab_frame_look look;
};

/**
 * struct vmlab_way - the last pmd that a descent came to
 * @base: first address that it serves
 * @pmdp: where it is, or NULL
 * @permits: of the levels above
 * @empty_end: what was still to come was empty up to here when the lock was last held
 *
 * Good for one hold of the mmap lock: a table with a VMA under it stays, and what came to
 * be there since the hold began may be told of or not.
 */
struct vmlab_way {
	unsigned long base;
	pmd_t *pmdp;
	u64 permits;
	unsigned long empty_end;
};

/* No entry has all bits set. */
#define VMLAB_NEVER	(~0ULL)

/**
 * struct vmlab_runs - where a scan's leaves go
 * @out: struct vmlab_run; the last one may still grow
 * @physical: the caller may see frames and entries
 * @shown: the facts that the caller may see
 * @start: of what is still to be answered where a huge leaf stands (add_leaf())
 * @end: of that range
 * @all_of: filter, as in struct vmlab_scan
 * @any_of: filter
 * @none_of: filter
 * @min_mapcount: filter
 * @stretch: the walker's, for one hold of the mmap lock
 * @way: the same
 */
struct vmlab_runs {
	struct vmlab_records out;
	bool physical;
	u64 shown;
	u64 start;
	u64 end;
	u64 all_of;
	u64 any_of;
	u64 none_of;
	u32 min_mapcount;
	struct vmlab_stretch stretch;
	struct vmlab_way way;
};

/* Entries without a translation other than PROT_NONE's. */
#define VMLAB_FACTS_ABSENT						\
	(VMLAB_FACT_SWAP | VMLAB_FACT_MIGRATION | VMLAB_FACT_DEVICE |	\
	 VMLAB_FACT_MARKER | VMLAB_FACT_UNKNOWN)
/* Frames that many addresses share by design: the number stays in a run. */
#define VMLAB_FACTS_SAME_FRAME						\
	(VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO | VMLAB_FACT_REPEATED)

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

/* Where a leaf went. */
enum vmlab_taken {
	VMLAB_NO_ROOM,		/* nowhere: come back at its va */
	VMLAB_LEFT_OUT,		/* it does not pass the filter */
	VMLAB_TAKEN,		/* into the last run */
};

static __always_inline enum vmlab_taken vmlab_runs_add(struct vmlab_runs *runs,
						       struct vmlab_run *leaf)
{
	struct vmlab_run *recs = runs->out.recs;

	if (!runs->physical)
		vmlab_leaf_hide(runs, leaf);
	leaf->facts &= runs->shown;
	if ((leaf->facts & runs->all_of) != runs->all_of ||
	    (runs->any_of && !(leaf->facts & runs->any_of)) ||
	    (leaf->facts & runs->none_of))
		return VMLAB_LEFT_OUT;
	/* Not known is VMLAB_MAPCOUNT_UNKNOWN, which is more than any. */
	if (leaf->mapcount < runs->min_mapcount && leaf->level == VMLAB_LEVEL_PTE)
		return VMLAB_LEFT_OUT;
	if (runs->out.nr && vmlab_run_takes(&recs[runs->out.nr - 1], leaf)) {
		recs[runs->out.nr - 1].count += leaf->count;
		return VMLAB_TAKEN;
	}
	if (runs->out.nr == runs->out.max)
		return VMLAB_NO_ROOM;
	recs[runs->out.nr++] = *leaf;
	return VMLAB_TAKEN;
}

/**
 * struct vmlab_raws - where the entries of a raw scan go
 * @out: struct vmlab_raw; the last one may still grow
 */
struct vmlab_raws {
	struct vmlab_records out;
};

/* One more entry. False when there is no room. */
static inline bool vmlab_raws_add(struct vmlab_raws *raws, u64 va, u64 entry, int level,
				  unsigned int shift)
{
	struct vmlab_raw *rec = (struct vmlab_raw *)raws->out.recs + raws->out.nr;
	const u64 size = 1ULL << shift;

	va &= ~(size - 1);
	if (raws->out.nr && rec[-1].level == level && rec[-1].shift == shift &&
	    rec[-1].va + ((u64)rec[-1].count << shift) == va && rec[-1].count < U32_MAX - PTRS_PER_PTE) {
		struct vmlab_raw *last = rec - 1;

		/* Two of them say how it goes on. */
		if (last->count == 1)
			last->step = entry == last->entry + size;
		if (entry == last->entry + last->step * ((u64)last->count << shift)) {
			last->count++;
			return true;
		}
	}
	if (raws->out.nr == raws->out.max)
		return false;
	*rec = (struct vmlab_raw) {
		.va = va,
		.entry = entry,
		.count = 1,
		.level = level,
		.shift = shift,
	};
	raws->out.nr++;
	return true;
}

#endif /* VMLAB_RUNS_H */
