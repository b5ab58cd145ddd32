// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * step.c - walks several scans in step.
 */
#include <errno.h>
#include <string.h>

#include "step.h"

static int next_of_scan(void *ctx, struct vmlab_run *run)
{
	return vmlab_scan_next(ctx, run);
}

struct vmlab_feed vmlab_scan_feed(struct vmlab_scanner *scan)
{
	return (struct vmlab_feed){ .next = next_of_scan, .ctx = scan };
}

void vmlab_step_start(struct vmlab_step *step, unsigned int page_shift, uint64_t start,
		      uint64_t end, const struct vmlab_feed *feeds, unsigned int nr)
{
	unsigned int i;

	memset(step, 0, sizeof(*step));
	step->nr = nr;
	step->page_shift = page_shift;
	step->at = start;
	step->end = end;
	for (i = 0; i < nr; i++)
		step->lanes[i] = (struct vmlab_lane) {
			.feed = feeds[i],
			.over = !feeds[i].next,
		};
}

/* Where the run ends, or 0 for one that no address space has room for. */
static uint64_t end_of(const struct vmlab_step *step, const struct vmlab_run *run)
{
	uint64_t size;

	if (!run->count || run->shift < step->page_shift || run->shift >= 64 ||
	    run->va & ((1ULL << step->page_shift) - 1))
		return 0;
	if (__builtin_mul_overflow((uint64_t)run->count, 1ULL << run->shift, &size) ||
	    __builtin_add_overflow(run->va, size, &size))
		return 0;
	return size;
}

/*
 * Makes sure that the lane holds something at or above step->at, or is over. A huge
 * page may have come into being where the scan had just got halfway: what of it lies
 * below has been answered.
 */
static int fill(struct vmlab_step *step, struct vmlab_lane *lane)
{
	int ret;

	while (!lane->over && lane->end <= step->at) {
		ret = lane->feed.next(lane->feed.ctx, &lane->run);
		if (ret < 0)
			return ret;
		if (!ret) {
			lane->over = true;
			break;
		}
		lane->start = lane->run.va;
		lane->end = end_of(step, &lane->run);
		if (!lane->end)
			return -EBADMSG;
		if (lane->end > step->end)
			lane->end = step->end;
		/* Runs come in the order of addresses: nothing below the end follows. */
		if (lane->start >= step->end)
			lane->over = true;
	}
	if (lane->start < step->at)
		lane->start = step->at;
	return 0;
}

static bool has(const struct vmlab_step *step, const struct vmlab_lane *lane)
{
	return !lane->over && lane->end > step->at;
}

/* Every leaf of such a run has the same frames. */
#define SAME_FRAMES	(VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO)

static uint64_t pfn_at(const struct vmlab_step *step, const struct vmlab_run *run, uint64_t va)
{
	uint64_t offset = va - run->va;

	if (run->pfn == VMLAB_PFN_NONE)
		return run->pfn;
	if (run->facts & SAME_FRAMES)
		offset &= (1ULL << run->shift) - 1;
	return run->pfn + (offset >> step->page_shift);
}

static void describe(const struct vmlab_step *step, const struct vmlab_lane *lane,
		     const struct vmlab_piece *piece, struct vmlab_leaf *leaf)
{
	const struct vmlab_run *run = &lane->run;

	leaf->there = true;
	leaf->facts = run->facts;
	leaf->pfn = pfn_at(step, run, piece->va);
	/* A hugetlb page is mapped as a whole or not at all; parts of others are not. */
	leaf->mapcount = run->shift == step->page_shift || (run->facts & VMLAB_FACT_HUGETLB) ?
			 run->mapcount : VMLAB_MAPCOUNT_UNKNOWN;
	leaf->shift = run->shift;
	leaf->level = run->level;
	leaf->swap_type = run->swap_type;
}

int vmlab_step_next(struct vmlab_step *step, struct vmlab_piece *piece)
{
	uint64_t start = step->end, end = step->end;
	unsigned int i;
	int ret;

	for (i = 0; i < step->nr; i++) {
		ret = fill(step, &step->lanes[i]);
		if (ret)
			return ret;
		if (has(step, &step->lanes[i]) && step->lanes[i].start < start)
			start = step->lanes[i].start;
	}
	if (start >= step->end)
		return 0;
	/* As far as nobody begins and nobody ends. */
	for (i = 0; i < step->nr; i++) {
		const struct vmlab_lane *lane = &step->lanes[i];

		if (!has(step, lane))
			continue;
		if (lane->start > start && lane->start < end)
			end = lane->start;
		if (lane->start <= start && lane->end < end)
			end = lane->end;
	}
	memset(piece, 0, sizeof(*piece));
	piece->va = start;
	piece->nr_pages = (end - start) >> step->page_shift;
	for (i = 0; i < step->nr; i++)
		if (has(step, &step->lanes[i]) && step->lanes[i].start <= start)
			describe(step, &step->lanes[i], piece, &piece->leaf[i]);
	step->at = end;
	return 1;
}

bool vmlab_leaf_follows(const struct vmlab_leaf *a, uint64_t nr_pages,
			const struct vmlab_leaf *b, uint64_t facts)
{
	if (!a->there || !b->there)
		return a->there == b->there;
	if ((a->facts ^ b->facts) & facts || a->mapcount != b->mapcount ||
	    a->swap_type != b->swap_type)
		return false;
	if ((facts & VMLAB_FACT_HUGE) && a->shift != b->shift)
		return false;
	if (a->pfn == VMLAB_PFN_NONE || (a->facts & b->facts & SAME_FRAMES))
		return a->pfn == b->pfn || (b->facts & SAME_FRAMES);
	return a->pfn + nr_pages == b->pfn;
}
