// SPDX-License-Identifier: GPL-2.0-only
/*
 * geometry.c - does a walk hang together? By what the manual says (mmu.h).
 */
#include "geometry.h"
#include "mmu.h"

#define PERMITS	(VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC)

unsigned int geometry_index(uint64_t va, unsigned int level)
{
	return va / geometry_span(level) & 511;
}

uint64_t geometry_span(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

/* What all levels together leave to user mode. Under KPTI the user's root counts. */
static uint64_t permits(const struct vmlab_walk *walk, const struct vmlab_info *info)
{
	uint64_t all = PERMITS, entry;
	uint32_t i;

	for (i = 0; i < walk->out_nr_levels; i++) {
		const unsigned int level = walk->out_levels[i].level;

		entry = walk->out_levels[i].entry;
		if (!i && (walk->out_flags & VMLAB_OUT_USER_ROOT))
			entry = walk->out_user_root.entry;
		if (!mmu_valid(level, entry))
			return 0;
		all &= mmu_permits(info, level, entry);
	}
	return all;
}

static const char *leaf_differs(const struct vmlab_walk *walk, const struct vmlab_info *info)
{
	const struct vmlab_entry *last = &walk->out_levels[walk->out_nr_levels - 1];
	const struct vmlab_run *leaf = &walk->out_leaf;
	const bool valid = mmu_valid(last->level, last->entry);
	const unsigned int group = leaf->facts & VMLAB_FACT_HUGETLB ? mmu_group_shift : 0;
	const unsigned int shift = 12 + 9 * (last->level - 1);
	unsigned int member;

	if (!leaf->count) {
		if (leaf->va || leaf->facts || leaf->entry || leaf->level)
			return "an empty leaf is not zero";
		if (valid)
			return "no leaf, but the last entry translates";
		return "";
	}
	if (leaf->count != 1)
		return "a walk's leaf is more than one";
	if (leaf->shift != shift && leaf->shift != shift + group)
		return "the leaf's size is not its level's";
	/* Of a group the leaf has the first entry, and the walk met the address's own. */
	member = last->index & ((1U << (leaf->shift - shift)) - 1);
	if (leaf->level != last->level || (!member && leaf->entry != last->entry))
		return "the leaf is not the last level's entry";
	if (mmu_frame(last->entry) != mmu_frame(leaf->entry) + member * ((1U << shift) / 4096))
		return "the leaf is not the group that the last level's entry is of";
	if (leaf->va != (walk->va & ~((1ULL << leaf->shift) - 1)))
		return "the leaf's address is not the page's";
	if (!(leaf->facts & VMLAB_FACT_PRESENT) != !valid)
		return "present is not the entry's present bit";
	if ((leaf->facts & PERMITS) != permits(walk, info))
		return "permissions are not the fold of all levels";
	if ((leaf->facts & VMLAB_FACT_PRESENT) && leaf->level > VMLAB_LEVEL_PTE &&
	    mmu_is_table(last->level, last->entry))
		return "a leaf above the last level that points to a table";
	if (!(leaf->facts & VMLAB_FACT_HUGE) != (leaf->level == VMLAB_LEVEL_PTE))
		return "huge is not the level";
	return "";
}

const char *geometry_differs(const struct vmlab_walk *walk, const struct vmlab_info *info,
			     const struct witness *witness)
{
	const struct vmlab_entry *level, *above;
	const unsigned int top = info->out_levels;
	uint64_t flags;
	uint32_t i;

	if (!walk->out_nr_levels || walk->out_nr_levels > top)
		return "more levels than there are, or none";
	for (i = 0; i < walk->out_nr_levels; i++) {
		level = &walk->out_levels[i];
		if (level->level != top - i || level->__reserved)
			return "levels do not go down by one";
		if (level->index != geometry_index(walk->va, level->level))
			return "an index is not the address's";
		if (level->table_pa & ((i ? 4096 : mmu_root_alignment(info)) - 1))
			return "a table is not on a page of its own";
		if (!i)
			continue;
		above = level - 1;
		if (!mmu_is_table(above->level, above->entry))
			return "a level below an entry that points to no table";
		if (level->table_pa >> 12 != mmu_frame(above->entry))
			return "a table is not where the entry above points";
		/* Those above are plain pages in the kernel's books, until 6.16. */
		flags = witness_page_flags(witness, level->table_pa >> 12);
		if (level->level <= VMLAB_LEVEL_PMD && !(flags & KPF(PGTABLE)))
			return "kpageflags knows of no table in a table's frame";
	}
	for (; i < VMLAB_MAX_LEVELS; i++)
		if (walk->out_levels[i].table_pa || walk->out_levels[i].entry ||
		    walk->out_levels[i].level)
			return "a level beyond the last is not zero";
	if (!(walk->out_flags & VMLAB_OUT_MAPPED) != !(walk->out_leaf.facts & VMLAB_FACT_PRESENT))
		return "mapped is not present";
	if (!(walk->out_flags & VMLAB_OUT_USER_ROOT) !=
	    !mmu_second_root())
		return "a user root without KPTI, or none with it";
	return leaf_differs(walk, info);
}
