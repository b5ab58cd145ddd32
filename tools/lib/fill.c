// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fill.c - how full the tables are, and what a TLB needs for what they map.
 *
 * Tables and runs go by once, in the order of addresses, and leave sums behind:
 * nothing is kept but what is under way at one address. SCAN cuts runs where any
 * fact differs; a TLB does not care for most of them, so runs are put together again
 * here wherever what a TLB keeps is the same. Runs may be of any length: everything
 * is counted by arithmetic and not page by page.
 */
#include <errno.h>
#include <string.h>

#include "decode.h"

#define F(x)	VMLAB_FACT_##x

void vmlab_fill_start(struct vmlab_fill *fill, const struct vmlab_info *info)
{
	memset(fill, 0, sizeof(*fill));
	fill->info = info;
	fill->sz_super = 1ULL << vmlab_level_shift(info, VMLAB_LEVEL_PMD);
}

void vmlab_fill_add_table(struct vmlab_fill *fill, const struct vmlab_table *table)
{
	const struct vmlab_info *info = fill->info;
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);
	struct vmlab_fill_level *level = &fill->levels[table->level];
	uint64_t slots = vmlab_level_slots(info, table->level);
	uint64_t bytes = slots << arch->entry_shift;

	/* The twin of the root lies beside it, and has the same entries. */
	if (table->level == info->out_levels && (info->out_features & arch->twin_root))
		bytes *= 2;
	level->tables++;
	level->slots += slots;
	level->entries += table->nr_used;
	level->bytes += bytes;
	fill->nr_tables++;
	fill->sz_tables += bytes;
	/* VmPTE: the three lower levels, without the root. */
	if (table->level <= VMLAB_LEVEL_PUD && table->level != info->out_levels)
		fill->sz_charged += bytes;
}

static unsigned int log2_of(uint64_t nr)
{
	unsigned int i = 0;

	while (nr >>= 1)
		i++;
	return i;
}

/* @runs of @pages each. */
static void note_runs(struct vmlab_fill *fill, uint64_t runs, uint64_t pages)
{
	unsigned int i = log2_of(pages);

	if (i >= VMLAB_FILL_LENGTHS)
		i = VMLAB_FILL_LENGTHS - 1;
	fill->contiguity[i].runs += runs;
	fill->contiguity[i].pages += runs * pages;
}

/* Goes @piece on where @stretch ends? Then it is the longer for it. */
static bool goes_on(struct vmlab_fill_stretch *stretch,
		    const struct vmlab_fill_stretch *piece)
{
	if (!stretch->nr || stretch->alike != piece->alike ||
	    stretch->at + stretch->nr != piece->at ||
	    stretch->frame + stretch->nr != piece->frame)
		return false;
	stretch->nr += piece->nr;
	return true;
}

/*
 * TLB entries for @nr leaves from @at, which lie on frames @skew away, where groups of
 * these sizes share one: aligned ones, both in addresses and in frames. The largest
 * that fit lie in the middle; what is left on both sides is done with smaller ones.
 */
static uint64_t entries_for(uint64_t at, uint64_t skew, uint64_t nr, const uint64_t *sizes,
			    size_t nr_sizes)
{
	uint64_t first, last, size;

	while (nr_sizes && (skew & (*sizes - 1))) {
		sizes++;
		nr_sizes--;
	}
	if (!nr_sizes)
		return nr;
	size = *sizes;
	first = (at + size - 1) & ~(size - 1);
	last = (at + nr) & ~(size - 1);
	if (first >= last)
		return entries_for(at, skew, nr, sizes + 1, nr_sizes - 1);
	return (last - first) / size +
	       entries_for(at, skew, first - at, sizes + 1, nr_sizes - 1) +
	       entries_for(last, skew, at + nr - last, sizes + 1, nr_sizes - 1);
}

static void end_group(struct vmlab_fill *fill)
{
	const struct vmlab_fill_stretch *group = &fill->group;
	uint64_t sizes[VMLAB_GROUPS_MAX];
	size_t nr;

	if (!group->nr)
		return;
	nr = vmlab_tlb_groups(fill->info, fill->group_level, sizes);
	fill->tlb_coalesced += entries_for(group->at, group->frame - group->at, group->nr,
					   sizes, nr);
	fill->group.nr = 0;
}

static void end_run(struct vmlab_fill *fill)
{
	if (fill->run.nr)
		note_runs(fill, 1, fill->run.nr);
	fill->run.nr = 0;
}

/* What a TLB knows of a leaf beside its frame; anything else may differ. */
static uint64_t alike(const struct vmlab_info *info, const struct vmlab_run *run)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	/* The three facts are bits 1 to 3. */
	return arch->tlb_attributes(info, run->level, run->entry) << 4 |
	       (run->facts & (F(READ) | F(WRITE) | F(EXEC)));
}

/* A block that is whole: what could become of it? */
static void judge_blocks(struct vmlab_fill *fill, uint64_t nr, uint64_t frame,
			 bool scattered, bool anon)
{
	const uint64_t pages = fill->sz_super >> fill->info->out_page_shift;

	if (!scattered && !(frame & (pages - 1)))
		fill->super_in_place += nr;
	else if (anon)
		fill->super_by_copy += nr;
}

/*
 * Base pages that may once be part of a superpage: a block of addresses has to be
 * full, with the same attributes from end to end.
 */
static void add_to_blocks(struct vmlab_fill *fill, const struct vmlab_fill_stretch *piece,
			  bool anon)
{
	const uint64_t size = fill->sz_super >> fill->info->out_page_shift;
	struct vmlab_fill_stretch *block = &fill->block, rest = *piece;
	uint64_t inside, take;

	while (size && rest.nr) {
		inside = rest.at & (size - 1);
		if (!inside && rest.nr >= size) {
			take = rest.nr & ~(size - 1);
			judge_blocks(fill, take / size, rest.frame, false, anon);
			block->nr = 0;
		} else {
			take = rest.nr < size - inside ? rest.nr : size - inside;
			if (!inside) {
				*block = rest;
				block->nr = take;
				fill->block_scattered = false;
				fill->block_anon = anon;
			} else if (block->nr == inside && block->at + inside == rest.at &&
				   block->alike == rest.alike) {
				if (block->frame + inside != rest.frame)
					fill->block_scattered = true;
				fill->block_anon = fill->block_anon && anon;
				block->nr += take;
			} else {
				block->nr = 0;
			}
			if (block->nr == size) {
				judge_blocks(fill, 1, block->frame, fill->block_scattered,
					     fill->block_anon);
				block->nr = 0;
			}
		}
		rest.at += take;
		rest.frame += take;
		rest.nr -= take;
	}
}

/* The zero page, however often: no frame has a neighbour. */
static void add_same_frame(struct vmlab_fill *fill, const struct vmlab_run *run)
{
	end_run(fill);
	end_group(fill);
	fill->block.nr = 0;
	note_runs(fill, run->count, 1ULL << (run->shift - fill->info->out_page_shift));
	fill->tlb_coalesced += run->count;
}

static void add_frames(struct vmlab_fill *fill, const struct vmlab_run *run)
{
	const struct vmlab_info *info = fill->info;
	const unsigned int shift = info->out_page_shift;
	unsigned int unit = vmlab_level_shift(info, run->level);
	struct vmlab_fill_stretch pages = {
		.at = run->va >> shift,
		.frame = run->pfn,
		.nr = (uint64_t)run->count << (run->shift - shift),
		.alike = alike(info, run),
	};
	struct vmlab_fill_stretch leaves = pages;

	/* A leaf of a contiguous group is several entries, all of which coalesce. */
	if (unit > run->shift)
		unit = run->shift;
	leaves.at = run->va >> unit;
	leaves.frame = run->pfn >> (unit - shift);
	leaves.nr = (uint64_t)run->count << (run->shift - unit);
	if (!goes_on(&fill->run, &pages)) {
		end_run(fill);
		fill->run = pages;
	}
	if (fill->group_level != run->level || !goes_on(&fill->group, &leaves)) {
		end_group(fill);
		fill->group = leaves;
		fill->group_level = run->level;
	}
	if (run->shift == shift)
		add_to_blocks(fill, &pages, (run->facts & (F(ANON) | F(KSM))) == F(ANON));
	else
		fill->block.nr = 0;
}

int vmlab_fill_add_run(struct vmlab_fill *fill, const struct vmlab_run *run)
{
	const struct vmlab_info *info = fill->info;
	unsigned int unit = vmlab_level_shift(info, run->level);
	uint64_t end = info->out_user_end;

	if (run->va >= end || run->count > (end - run->va) >> run->shift)
		return -EBADMSG;
	fill->sz_reserve += vmlab_run_deposits(info, run) << info->out_page_shift;
	if (vmlab_run_kind(run) == VMLAB_BIT_LEAF)
		fill->levels[run->level].leaves += (uint64_t)run->count <<
			(run->shift > unit ? run->shift - unit : 0);
	/* A TLB holds only what the MMU translates. */
	if (!(run->facts & F(PRESENT)) || run->pfn == VMLAB_PFN_NONE)
		return 0;
	fill->tlb_base += (uint64_t)run->count << (run->shift - info->out_page_shift);
	fill->tlb_leaves += run->count;
	if (1ULL << run->shift == fill->sz_super)
		fill->super_now += run->count;
	if (run->facts & (F(ZERO) | F(HUGE_ZERO)))
		add_same_frame(fill, run);
	else
		add_frames(fill, run);
	return 0;
}

void vmlab_fill_end(struct vmlab_fill *fill)
{
	uint64_t saved = (fill->sz_super >> fill->info->out_page_shift) - 1;

	end_run(fill);
	end_group(fill);
	fill->sz_charged += fill->sz_reserve;
	fill->tlb_super = fill->tlb_leaves -
			  (fill->super_in_place + fill->super_by_copy) * saved;
}
