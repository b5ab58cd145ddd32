// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * spans.c - what an index keeps: runs of pages, 24 bytes each, in lanes.
 *
 * Each thread fills a lane of its own and puts it in order in place, by a radix sort:
 * so the time is linear in the number of spans, and no second copy is needed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spans.h"

/* Groups of facts that lie together: where, in a run and here. */
static const struct {
	uint64_t mask;
	unsigned int from;
	unsigned int to;
} kept[] = {
	{ 0x3f,	0,	0 },
	{ 1,	12,	6 },
	{ 0x3f,	17,	7 },
	{ 7,	25,	13 },
	{ 1,	32,	16 },
	{ 0x1f,	48,	17 },
};

#define NR_KEPT (sizeof(kept) / sizeof(kept[0]))

/* A fact that lies elsewhere than the group it belongs to says would be lost. */
#define LIES_AT(fact, bit)	_Static_assert(!((fact) ^ 1ULL << (bit)), #fact)

LIES_AT(VMLAB_FACT_DIRTY, 5);
LIES_AT(VMLAB_FACT_PROTNONE, 12);
LIES_AT(VMLAB_FACT_ANON, 17);
LIES_AT(VMLAB_FACT_HUGETLB, 22);
LIES_AT(VMLAB_FACT_ZERO, 25);
LIES_AT(VMLAB_FACT_PFNMAP, 27);
LIES_AT(VMLAB_FACT_SWAP, 32);
LIES_AT(VMLAB_FACT_ASKED_READ, 48);
LIES_AT(VMLAB_FACT_VMA_FILE, 52);

uint32_t vmlab_span_bits(uint64_t facts)
{
	uint32_t bits = 0;
	size_t i;

	for (i = 0; i < NR_KEPT; i++)
		bits |= (facts >> kept[i].from & kept[i].mask) << kept[i].to;
	return bits;
}

uint64_t vmlab_span_facts(uint32_t bits)
{
	uint64_t facts = 0;
	size_t i;

	for (i = 0; i < NR_KEPT; i++)
		facts |= (bits >> kept[i].to & kept[i].mask) << kept[i].from;
	return facts;
}

struct vmlab_index *vmlab_index_new(unsigned int page_shift, unsigned int lanes,
				    const struct vmlab_index_how *how, const pid_t *pids,
				    size_t nr)
{
	struct vmlab_index *index = calloc(1, sizeof(*index));
	size_t i;

	if (!index)
		return NULL;
	index->page_shift = page_shift;
	index->nr_lanes = lanes < VMLAB_INDEX_LANES ? lanes : VMLAB_INDEX_LANES;
	index->how = *how;
	index->procs = calloc(nr + 1, sizeof(*index->procs));
	if (!index->procs) {
		free(index);
		return NULL;
	}
	index->nr_procs = nr;
	for (i = 0; i < nr; i++)
		index->procs[i].pid = pids[i];
	return index;
}

void vmlab_index_free(struct vmlab_index *index)
{
	unsigned int i;

	if (!index)
		return;
	for (i = 0; i < index->nr_lanes; i++)
		free(index->lanes[i].v);
	free(index->procs);
	free(index->pids);
	free(index->skipped);
	free(index);
}

/* Memory that nobody has written to yet is not taken: so doubling costs nothing. */
static int make_room(struct lane *lane)
{
	size_t room = lane->room ? 2 * lane->room : 4096;
	struct span *v = realloc(lane->v, room * sizeof(*v));

	if (!v)
		return -ENOMEM;
	lane->v = v;
	lane->room = room;
	return 0;
}

/* Does @next go on where @span ends, in the same way? */
static bool span_takes(const struct vmlab_index *index, const struct span *span,
		       const struct span *next)
{
	uint64_t pages = span->pages;
	bool same = span->bits & BITS_SAME;

	if (span->bits != next->bits || span->pages + (uint64_t)next->pages > UINT32_MAX)
		return false;
	if (!index->how.by_address)
		return next->key == span->key + (same ? 0 : pages << PROC_BITS) &&
		       next->other == span->other + (pages << index->page_shift);
	return next->key == span->key + (pages << PROC_BITS) &&
	       next->other == span->other + (same ? 0 : pages);
}

static int put(struct vmlab_index *index, struct lane *lane, const struct span *span)
{
	struct span *last = lane->nr ? &lane->v[lane->nr - 1] : NULL;

	lane->pages += span->pages;
	if (last && span_takes(index, last, span)) {
		last->pages += span->pages;
		return 0;
	}
	if (lane->nr == lane->room && make_room(lane))
		return -ENOMEM;
	lane->v[lane->nr++] = *span;
	return 0;
}

static bool holds(const struct vmlab_index *index, const struct vmlab_run *run, uint64_t pfn)
{
	const unsigned int order = run->shift - index->page_shift;
	uint64_t leaves = run->facts & (VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO) ? 1 : run->count;

	return !(run->facts & VMLAB_FACT_SWAP) && pfn >= run->pfn &&
	       (pfn - run->pfn) >> order < leaves;
}

/* Leaves that hold a frame, or the only copy of a page that others may wait for, too. */
static bool wanted(const struct vmlab_index *index, const struct vmlab_run *run)
{
	if (run->pfn == VMLAB_PFN_NONE ||
	    (index->how.only && !holds(index, run, index->how.pfn)))
		return false;
	if (run->facts & (VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE))
		return index->how.all || index->how.by_address || run->mapcount > 1 ||
		       run->shift > index->page_shift;
	return (run->facts & VMLAB_FACT_SWAP) && !index->how.by_address &&
	       (index->how.all || !(run->facts & VMLAB_FACT_SWAP_EXCLUSIVE));
}

int vmlab_index_add(struct vmlab_index *index, unsigned int lane, size_t proc,
		    const struct vmlab_run *run, bool image)
{
	const unsigned int order = run->shift - index->page_shift;
	uint64_t pos = run->pfn, pages;
	struct span span;
	int ret;

	if (!wanted(index, run))
		return 0;
	if (order > MAX_ORDER)
		return -EBADMSG;
	if (run->facts & VMLAB_FACT_SWAP) {
		if (pos >> SWAP_BITS || run->swap_type >> (POS_BITS - 1 - SWAP_BITS))
			return -EBADMSG;
		pos |= POS_SWAP | (uint64_t)run->swap_type << SWAP_BITS;
	} else if (pos >> (POS_BITS - 2)) {
		return -EBADMSG;
	}
	span.bits = vmlab_span_bits(run->facts) | (image ? BIT_IMAGE : 0) | order << ORDER_SHIFT;
	pages = (uint64_t)run->count << order;
	if (!pages || pages >> (POS_BITS - 2) || run->va >> index->page_shift >> (POS_BITS - 1))
		return -EBADMSG;
	if (index->how.by_address) {
		span.other = pos;
		pos = run->va >> index->page_shift;
	} else {
		span.other = run->va;
	}
	/* As good as always once: a span has room for 16 TiB. */
	do {
		span.pages = pages >> 31 ? 1U << 31 : pages;
		span.key = pos << PROC_BITS | proc;
		ret = put(index, &index->lanes[lane], &span);
		pages -= span.pages;
		if (index->how.by_address) {
			pos += span.pages;
			span.other += span.bits & BITS_SAME ? 0 : span.pages;
		} else {
			pos += span.bits & BITS_SAME ? 0 : span.pages;
			span.other += (uint64_t)span.pages << index->page_shift;
		}
	} while (pages && !ret);
	return ret;
}

#define FEW		24
#define DIGIT_BITS	8
#define DIGITS		(1U << DIGIT_BITS)

static void sort_few(struct span *v, size_t nr)
{
	size_t i, j;

	for (i = 1; i < nr; i++) {
		struct span span = v[i];

		for (j = i; j && span_before(&span, &v[j - 1]); j--)
			v[j] = v[j - 1];
		v[j] = span;
	}
}

static unsigned int digit_of(const struct span *span, bool by_key, unsigned int shift)
{
	return (by_key ? span->key : span->other) >> shift & (DIGITS - 1);
}

/* Where the highest bits begin in which they differ; false when they do not. */
static bool first_digit(const struct span *v, size_t nr, bool *by_key, unsigned int *shift)
{
	uint64_t keys = 0, others = 0;
	unsigned int high;
	size_t i;

	for (i = 1; i < nr; i++) {
		keys |= v[i].key ^ v[0].key;
		others |= v[i].other ^ v[0].other;
	}
	if (!keys && !others)
		return false;
	*by_key = keys;
	high = 64 - __builtin_clzll(keys ? keys : others);
	*shift = high > DIGIT_BITS ? high - DIGIT_BITS : 0;
	return true;
}

/*
 * By the highest digit in which they differ, in place: each span goes to where its
 * digit's part begins, and the one that was there is next. Then each part by itself,
 * with at least eight bits less: sixteen levels at most.
 */
static void sort(struct span *v, size_t nr)
{
	size_t next[DIGITS], end[DIGITS], i, at = 0;
	unsigned int shift, d;
	bool by_key;

	if (nr <= FEW) {
		sort_few(v, nr);
		return;
	}
	if (!first_digit(v, nr, &by_key, &shift))
		return;
	memset(end, 0, sizeof(end));
	for (i = 0; i < nr; i++)
		end[digit_of(&v[i], by_key, shift)]++;
	for (d = 0; d < DIGITS; d++) {
		next[d] = at;
		at += end[d];
		end[d] = at;
	}
	for (d = 0; d < DIGITS; d++) {
		while (next[d] < end[d]) {
			struct span span = v[next[d]];
			unsigned int to;

			while ((to = digit_of(&span, by_key, shift)) != d) {
				struct span other = v[next[to]];

				v[next[to]++] = span;
				span = other;
			}
			v[next[d]++] = span;
		}
	}
	for (d = 0, at = 0; d < DIGITS; at = end[d++])
		if (end[d] - at > 1)
			sort(v + at, end[d] - at);
}

void vmlab_index_sort(struct vmlab_index *index, unsigned int lane)
{
	sort(index->lanes[lane].v, index->lanes[lane].nr);
}
