// SPDX-License-Identifier: GPL-2.0-only
/*
 * wellformed.c - what every answer must be, whatever the target does meanwhile.
 */
#include <stddef.h>
#include <stdint.h>

#include "fixture.h"
#include "wellformed.h"

#define F(name)		VMLAB_FACT_ ## name

#define ENFORCED	(F(READ) | F(WRITE) | F(EXEC))
#define ABSENT		(F(SWAP) | F(MIGRATION) | F(DEVICE) | F(MARKER) | F(UNKNOWN))
/* True of a frame, and of nothing that has none. */
#define OF_FRAME	(F(ANON) | F(EXCLUSIVE) | F(KSM) | F(FILE) | F(SHMEM) | F(HUGETLB) | \
			 F(LARGE))
/* Frames without facts of their own. */
#define UNCOUNTED	(F(ZERO) | F(HUGE_ZERO) | F(PFNMAP))
/* What only an entry with a frame has. */
#define OF_PRESENT	(ENFORCED | F(ACCESSED) | F(DIRTY) | F(SPECIAL) | F(DEVMAP) | F(FRAME) | \
			 UNCOUNTED)

/* More VMAs than this may have taken the lock more than once. */
#define VMAS_AT_ONCE	64

static bool one_of(uint64_t facts)
{
	return facts && !(facts & (facts - 1));
}

/* @facts has @what only where it has @basis as well. */
static bool implies(uint64_t facts, uint64_t what, uint64_t basis)
{
	return !(facts & what) || (facts & basis);
}

static const char *facts_of_run(uint64_t facts)
{
	if (facts & ~VMLAB_FACTS_KNOWN)
		return "an unknown fact";
	if (!(facts & F(VMA)))
		return "in no VMA";
	if (!one_of(facts & (F(PRESENT) | F(PROTNONE) | ABSENT)))
		return "not exactly one kind of entry";
	if (!implies(facts, ENFORCED, F(PRESENT)))
		return "permitted, though not present";
	if (!implies(facts, F(WRITE) | F(EXEC), F(READ)))
		return "writable or executable, but not readable";
	if (!implies(facts, F(WRITE), F(ASKED_WRITE)))
		return "writable, and was never asked to be";
	if (!implies(facts, F(EXEC), F(ASKED_EXEC)))
		return "executable, and was never asked to be";
	if (!implies(facts, F(READ), F(ASKED_READ) | F(ASKED_WRITE) | F(ASKED_EXEC)))
		return "readable, and was never asked to be";
	if (!implies(facts, OF_PRESENT, F(PRESENT) | F(PROTNONE)))
		return "facts of a page on an entry without one";
	if (!implies(facts, OF_FRAME, F(FRAME)))
		return "facts of a frame on an entry without one";
	if ((facts & (F(PRESENT) | F(PROTNONE))) && !one_of(facts & (F(FRAME) | UNCOUNTED)))
		return "not exactly one kind of frame";
	if (!implies(facts, F(EXCLUSIVE) | F(KSM), F(ANON)))
		return "exclusive or merged, but not anonymous";
	if ((facts & F(EXCLUSIVE)) && (facts & F(KSM)))
		return "exclusive and merged";
	if ((facts & F(WRITE)) && (facts & F(ANON)) && !(facts & F(EXCLUSIVE)))
		return "anonymous and writable, but not exclusive";
	if ((facts & F(ANON)) && (facts & F(FILE)))
		return "anonymous and a file's";
	if (!implies(facts, F(SHMEM), F(FILE)))
		return "shared memory, but no file's";
	if (!implies(facts, F(GUARD), F(MARKER)))
		return "a guard that is no marker";
	if (!implies(facts, F(SWAP_EXCLUSIVE), F(SWAP)))
		return "exclusive swap that is no swap";
	if (!implies(facts, F(HUGE_ZERO), F(HUGE)))
		return "a huge zero page that is not huge";
	return NULL;
}

const char *wellformed_run(const struct vmlab_run *run)
{
	const uint64_t facts = run->facts, size = 1ULL << run->shift;
	const char *why = facts_of_run(facts);
	size_t i;

	if (why)
		return why;
	if (!run->count)
		return "a count of zero";
	if (run->level < VMLAB_LEVEL_PTE || run->level > VMLAB_LEVEL_PUD ||
	    run->shift != 12 + 9 * (run->level - 1))
		return "level and size differ";
	if (!(facts & F(HUGE)) != (run->level == VMLAB_LEVEL_PTE))
		return "level and facts differ";
	if (run->va & (size - 1))
		return "not aligned to its size";
	if (!run->entry)
		return "an empty entry";
	if ((facts & (F(FRAME) | UNCOUNTED | F(SWAP) | F(MIGRATION))) &&
	    run->pfn == VMLAB_PFN_NONE)
		return "no frame number";
	if ((facts & F(FRAME)) && (run->pfn & ((size >> 12) - 1)))
		return "a huge frame that is not aligned";
	if ((facts & F(FRAME)) && !run->mapcount)
		return "mapped, but by nobody";
	if ((facts & F(EXCLUSIVE)) && run->mapcount != 1 && run->mapcount != VMLAB_MAPCOUNT_UNKNOWN)
		return "exclusive, but mapped more than once";
	if ((facts & (F(SWAP) | F(MIGRATION) | F(DEVICE))) && run->count != 1)
		return "swap entries merged";
	if (run->swap_type && !(facts & F(SWAP)))
		return "a swap area, but no swap";
	for (i = 0; i < sizeof(run->__reserved); i++)
		if (run->__reserved[i])
			return "reserved bytes that are not zero";
	return NULL;
}

const char *wellformed_scan(const struct vmlab_scan *scan, const struct vmlab_run *recs,
			    unsigned int *straddles)
{
	uint64_t at = scan->start;	/* everything below is answered */
	const char *why;
	uint32_t i;

	if (scan->out_nr > scan->nr_recs)
		return "more records than there is room for";
	if (scan->out_flags)
		return "flags of an answer to somebody else";
	if (scan->out_next < scan->start || scan->out_next > scan->end)
		return "a restart outside the range";
	if (scan->out_next == scan->start && scan->end > scan->start)
		return "no progress";
	if (scan->out_next < scan->end && scan->out_nr < scan->nr_recs)
		return "an early end with room left";

	for (i = 0; i < scan->out_nr; i++) {
		const struct vmlab_run *run = &recs[i];
		const uint64_t end = run->va + ((uint64_t)run->count << run->shift);

		why = wellformed_run(run);
		if (why)
			return why;
		if ((run->facts & scan->all_of) != scan->all_of ||
		    (scan->any_of && !(run->facts & scan->any_of)) ||
		    (run->facts & scan->none_of))
			return "a record that the filter excludes";
		if (run->va >= scan->end)
			return "a record behind the range";
		if (run->va < at) {
			if (!(run->facts & F(HUGE)) || run->va + (1ULL << run->shift) <= at)
				return "records overlap";
			*straddles += at != scan->start;
		}
		at = end;
	}
	/* The last leaf may reach beyond the end of the range. */
	if (scan->out_nr && scan->out_next < at && scan->out_next != scan->end)
		return "a restart within a record";
	return NULL;
}

const char *wellformed_vmas(const struct vmlab_vmas *vmas, const struct vmlab_vma *recs)
{
	uint64_t at = 0;
	uint32_t i;

	if (vmas->out_nr > vmas->nr_recs)
		return "more VMAs than there is room for";
	if (vmas->out_next < vmas->start || vmas->out_next > vmas->end)
		return "a restart outside the range";
	if (vmas->out_next < vmas->end && vmas->out_nr < vmas->nr_recs)
		return "an early end with room left";
	for (i = 0; i < vmas->out_nr; i++) {
		const struct vmlab_vma *vma = &recs[i];

		if (vma->start >= vma->end)
			return "an empty VMA";
		if ((vma->start | vma->end) & (PAGE - 1))
			return "a VMA of broken pages";
		if (vma->start >= vmas->end || vma->end <= vmas->start)
			return "a VMA outside the range";
		if (vma->end <= at)
			return "VMAs that do not ascend";
		if (vma->start < at && vmas->out_nr <= VMAS_AT_ONCE)
			return "VMAs overlap";
		if (vma->page_shift != 12 && !(vma->flags & VMLAB_VMA_HUGETLB))
			return "a VMA of huge pages that is not hugetlb's";
		at = vma->end;
	}
	return NULL;
}

const char *wellformed_tables(const struct vmlab_tables *tables,
			      const struct vmlab_table *recs)
{
	uint64_t at[VMLAB_MAX_LEVELS + 1] = { 0 };
	uint32_t i;

	if (tables->out_nr > tables->nr_recs)
		return "more tables than there is room for";
	if (tables->out_next < tables->start || tables->out_next > tables->end)
		return "a restart outside the range";
	if (tables->out_next < tables->end &&
	    tables->out_nr + VMLAB_MAX_LEVELS <= tables->nr_recs)
		return "an early end with room left";
	for (i = 0; i < tables->out_nr; i++) {
		const struct vmlab_table *table = &recs[i];

		if (table->level < VMLAB_LEVEL_PTE || table->level > VMLAB_LEVEL_PGD)
			return "a table of no level";
		if (table->va & ((1ULL << (12 + 9 * table->level)) - 1))
			return "a table that is not aligned to what it covers";
		if (!table->table_pa || (table->table_pa & (PAGE - 1)))
			return "a table that is no page";
		if (table->nr_used > 512 || table->nr_leaves > table->nr_used)
			return "a table with too many entries";
		if (table->level == VMLAB_LEVEL_PTE && table->nr_leaves)
			return "a last-level table with huge leaves";
		if (table->va < at[table->level])
			return "tables that do not ascend";
		at[table->level] = table->va;
	}
	return NULL;
}

const char *wellformed_walk(const struct vmlab_walk *walk)
{
	const struct vmlab_run *leaf = &walk->out_leaf;
	const struct vmlab_entry *last;
	uint32_t i;

	if (!walk->out_nr_levels || walk->out_nr_levels > VMLAB_MAX_LEVELS)
		return "no level, or too many";
	for (i = 0; i < walk->out_nr_levels; i++) {
		const struct vmlab_entry *entry = &walk->out_levels[i];
		const unsigned int shift = 12 + 9 * (entry->level - 1);

		if (i && entry->level + 1 != walk->out_levels[i - 1].level)
			return "levels that do not follow each other";
		if (entry->index != (walk->va >> shift & 511))
			return "an index that is not the address's";
		if (!entry->table_pa || (entry->table_pa & (PAGE - 1)))
			return "an entry in no table";
		/* Above the last one there was something to follow. */
		if (i + 1 < walk->out_nr_levels && !entry->entry)
			return "a way down through an empty entry";
	}
	last = &walk->out_levels[walk->out_nr_levels - 1];
	if (!(walk->out_flags & VMLAB_OUT_MAPPED) != !(leaf->facts & F(PRESENT)))
		return "mapped or not";
	if (!leaf->count)
		return leaf->facts || leaf->entry ? "half a leaf" : NULL;
	if (leaf->level != last->level || leaf->entry != last->entry)
		return "a leaf that is not the last entry";
	if (walk->va < leaf->va || walk->va - leaf->va >= 1ULL << leaf->shift)
		return "a leaf that does not hold the address";
	if (!(walk->out_flags & VMLAB_OUT_IN_VMA))
		return NULL;	/* between munmap() and its end: whatever is left */
	return wellformed_run(leaf);
}

const char *wellformed_frames(const struct vmlab_frames *frames, const struct vmlab_frame *recs)
{
	uint32_t i;

	if (frames->out_nr > frames->nr_recs)
		return "more frames than there is room for";
	if (frames->out_next != frames->start + frames->out_nr)
		return "frames that were left out";
	for (i = 0; i < frames->out_nr; i++) {
		const struct vmlab_frame *frame = &recs[i];

		if (frame->pfn != frames->start + i)
			return "a frame that is not the next one";
		if (frame->facts & ~VMLAB_FACTS_KNOWN)
			return "an unknown fact";
		if (!implies(frame->facts, F(EXCLUSIVE) | F(KSM), F(ANON)))
			return "exclusive or merged, but not anonymous";
		if (frame->head > frame->pfn || frame->pfn - frame->head >= 1ULL << frame->order)
			return "a folio that its frame is not in";
		/* One below zero is a page's type, for a moment. */
		if (frame->mapcount > INT32_MAX && frame->mapcount != VMLAB_MAPCOUNT_UNKNOWN)
			return "mapped thousands of millions of times";
	}
	return NULL;
}
