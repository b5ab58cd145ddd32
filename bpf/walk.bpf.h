/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.bpf.h - descends the page table of the process that faults.
 *
 * It is done from inside the fault's handler, where the mmap lock or the VMA's lock is
 * held: the tables of that address cannot go away. Where that is not so, all that can
 * happen is an entry that is not one: reads never fault.
 */
#ifndef VMLAB_WALK_BPF_H
#define VMLAB_WALK_BPF_H

#if defined(__TARGET_ARCH_x86)
#include "walk_x86.bpf.h"
#elif defined(__TARGET_ARCH_arm64)
#include "walk_arm64.bpf.h"
#endif

#define LEVEL_PTE	1
#define LEVEL_PMD	2
#define LEVEL_PUD	3
#define LEVEL_P4D	4
#define LEVEL_PGD	5

/**
 * struct place - where a descent ended
 * @entry: what stands there
 * @slot: where the entry of the pmd level lies in memory; 0: the descent ended above
 * @level: of @entry
 * @upper: what the levels above the pmd permit
 * @may: what all levels permit; 0 where nothing is mapped
 */
struct place {
	u64 entry;
	u64 slot;
	u8 level;
	u8 upper;
	u8 may;
};

static __always_inline u64 entry_at(u64 table, u64 va, unsigned int level)
{
	return table + 8 * ((va >> (PAGE_SHIFT + LEVEL_BITS * (level - 1))) & (NR_ENTRIES - 1));
}

static __always_inline u64 table_of(u64 entry)
{
	return direct_map(entry_frame(entry));
}

/* The last two levels, from place->slot on. */
static __always_inline void walk_down(struct place *place, u64 va)
{
	u8 may = place->upper;
	u64 entry = compat_load(place->slot);

	place->level = LEVEL_PMD;
	if (entry_is_table(entry)) {
		may &= table_permits(entry);
		place->level = LEVEL_PTE;
		entry = compat_load(entry_at(table_of(entry), va, LEVEL_PTE));
	}
	may &= leaf_permits(entry);
	place->entry = entry;
	place->may = may;
}

static __always_inline void walk(struct place *place, u64 root, u64 va)
{
	bool five = five_levels();
	u64 entry = compat_load(entry_at(root, va, five ? LEVEL_PGD : LEVEL_P4D));
	u8 may = root_permits(entry);

	place->slot = 0;
	place->may = 0;
	place->level = five ? LEVEL_PGD : LEVEL_P4D;
	place->entry = entry;
	if (!entry_is_table(entry))
		return;
	if (five) {
		entry = compat_load(entry_at(table_of(entry), va, LEVEL_P4D));
		place->level = LEVEL_P4D;
		place->entry = entry;
		if (!entry_is_table(entry))
			return;
		may &= table_permits(entry);
	}
	entry = compat_load(entry_at(table_of(entry), va, LEVEL_PUD));
	place->level = LEVEL_PUD;
	place->entry = entry;
	if (!entry_is_table(entry)) {
		place->may = may & leaf_permits(entry);
		return;
	}
	may &= table_permits(entry);
	place->upper = may;
	place->slot = entry_at(table_of(entry), va, LEVEL_PMD);
	walk_down(place, va);
}

/* The frame of @va's own page, wherever in a larger one it lies. */
static __always_inline u64 frame_at(const struct place *place, u64 va)
{
	u64 within;

	if (!entry_is_leaf(place->entry) || place->level > LEVEL_PUD)
		return VMLAB_EVENT_PFN_NONE;
	within = (1ULL << (LEVEL_BITS * (place->level - 1))) - 1;
	return (entry_frame(place->entry) & ~within) | ((va >> PAGE_SHIFT) & within);
}

#endif /* VMLAB_WALK_BPF_H */
