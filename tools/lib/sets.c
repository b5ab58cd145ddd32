// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sets.c - reads an index: all lanes are swept together, and where a span begins or
 * ends, what the frames before and after have in common changes. Between two such
 * places lies a set. A huge page beside small ones of the same frames needs no rule of
 * its own: it is one long span.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spans.h"

struct vmlab_sets {
	const struct vmlab_index *index;
	size_t at[VMLAB_INDEX_LANES];	/* how far each lane is read */
	const struct span **active;	/* over the place where we are, by process and address */
	size_t nr;
	size_t room;
	uint64_t start;		/* of the set that was read last */
	uint64_t end;
	uint64_t frames;
};

int vmlab_sets_start(const struct vmlab_index *index, struct vmlab_sets **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->index = index;
	return 0;
}

void vmlab_sets_end(struct vmlab_sets *sets)
{
	if (!sets)
		return;
	free(sets->active);
	free(sets);
}

uint64_t vmlab_sets_frames(const struct vmlab_sets *sets)
{
	return sets->frames;
}

/* The span that comes next in all lanes, and its lane; NULL at the end. */
static const struct span *peek(const struct vmlab_sets *sets, unsigned int *lane)
{
	const struct span *least = NULL;
	unsigned int i;

	for (i = 0; i < sets->index->nr_lanes; i++) {
		const struct lane *l = &sets->index->lanes[i];

		if (sets->at[i] == l->nr ||
		    (least && !span_before(&l->v[sets->at[i]], least)))
			continue;
		least = &l->v[sets->at[i]];
		*lane = i;
	}
	return least;
}

/*
 * The other coordinate of @span at a place of the axis. Not of the zero pages by frame,
 * where it stays that of the first leaf.
 */
static uint64_t other_at(const struct vmlab_index *index, const struct span *span, uint64_t pos)
{
	uint64_t pages = pos - span_pos(span);

	if (!index->how.by_address)
		return span->other + (pages << index->page_shift);
	if (span->bits & BITS_SAME)
		pages &= leaf_pages(span) - 1;
	return span->other + pages;
}

/* Which comes first among the active: that does not change along the axis. */
static bool stands_before(const struct vmlab_index *index, const struct span *a,
			  const struct span *b, uint64_t pos)
{
	if (span_proc(a) != span_proc(b))
		return span_proc(a) < span_proc(b);
	return other_at(index, a, pos) < other_at(index, b, pos);
}

static int insert(struct vmlab_sets *sets, const struct span *span, uint64_t pos)
{
	size_t low = 0, high = sets->nr;

	if (sets->nr == sets->room) {
		size_t room = sets->room ? 2 * sets->room : 64;
		const struct span **active = realloc(sets->active, room * sizeof(*active));

		if (!active)
			return -ENOMEM;
		sets->active = active;
		sets->room = room;
	}
	/* They come in order: most of them belong at the end. */
	if (high && stands_before(sets->index, sets->active[high - 1], span, pos))
		low = high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (stands_before(sets->index, span, sets->active[mid], pos))
			high = mid;
		else
			low = mid + 1;
	}
	memmove(&sets->active[low + 1], &sets->active[low],
		(sets->nr - low) * sizeof(*sets->active));
	sets->active[low] = span;
	sets->nr++;
	return 0;
}

static void remove_ended(struct vmlab_sets *sets)
{
	size_t i, kept_spans = 0;

	for (i = 0; i < sets->nr; i++)
		if (span_end(sets->index, sets->active[i]) > sets->end)
			sets->active[kept_spans++] = sets->active[i];
	sets->nr = kept_spans;
}

/* What the active spans have in common; where the next change is. */
struct common {
	uint32_t any;
	uint32_t all;
	uint64_t end;
	uint64_t addresses;	/* that lead to each frame */
	size_t processes;
	bool frames_differ;
};

static uint64_t addresses_of(const struct vmlab_index *index, const struct span *span)
{
	if (index->how.by_address || !(span->bits & BITS_SAME))
		return 1;
	return span->pages >> (span->bits >> ORDER_SHIFT);
}

static void look_at_active(const struct vmlab_sets *sets, uint64_t pos, struct common *c)
{
	const struct vmlab_index *index = sets->index;
	uint64_t first = 0;
	size_t i;

	*c = (struct common) { .all = ~0U, .end = ~0ULL };
	for (i = 0; i < sets->nr; i++) {
		const struct span *span = sets->active[i];
		uint64_t end = span_end(index, span);

		c->any |= span->bits;
		c->all &= span->bits;
		if (end < c->end)
			c->end = end;
		c->addresses += addresses_of(index, span);
		if (!i || span_proc(span) != span_proc(sets->active[i - 1]))
			c->processes++;
		if (index->how.by_address) {
			uint64_t pfn = other_at(index, span, pos);

			if (!i)
				first = pfn;
			c->frames_differ |= pfn != first;
		}
	}
}

/*
 * What a mapping permits in the end: a shared one that was asked to be writable will
 * be, without a copy, even where the kernel waits for the first write; a hint for
 * NUMA takes away nothing for long.
 */
static uint32_t permits(uint32_t bits)
{
	uint32_t p = bits & (BIT_READ | BIT_WRITE | BIT_EXEC);

	if (bits & BIT_PROTNONE) {
		p |= bits & BIT_ASKED_READ ? BIT_READ : 0;
		p |= bits & BIT_ASKED_EXEC ? BIT_EXEC : 0;
	}
	if ((bits & BIT_SHARED) && (bits & BIT_ASKED_WRITE))
		p |= BIT_WRITE;
	return p;
}

/* What frames are: the first row that holds. @any, @none: of all mappings together. */
static const struct {
	uint32_t any;
	uint32_t none;
	bool alone;		/* all mappings are of one process */
	const char *name;
} classes[] = {
	{ BITS_SAME,			0,		false,	"zero" },
	{ BIT_KSM,			0,		false,	"ksm" },
	{ BIT_PFNMAP,			BIT_VMA_FILE,	false,	"vdso" },
	{ BIT_PFNMAP,			0,		false,	"device" },
	/* Nobody's page cache and not anonymous: the kernel's own, or a driver's. */
	{ ~0U,	BITS_COUNTED | BIT_VMA_FILE,		false,	"vdso" },
	{ ~0U,	BITS_COUNTED,				false,	"device" },
	{ ~0U,				0,		true,	"same-process" },
	{ BIT_ANON | BIT_SWAP,		0,		false,	"cow" },
	{ BIT_IMAGE,			0,		false,	"library" },
	{ BIT_SHMEM | BIT_HUGETLB,	0,		false,	"shared-memory" },
	{ ~0U,				0,		false,	"shared-file" },
};

static const char *class_of(uint32_t any, bool alone)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]) - 1; i++)
		if ((any & classes[i].any) && !(any & classes[i].none) &&
		    (alone || !classes[i].alone))
			break;
	return classes[i].name;
}

/* May one address write what another one executes? */
static void find_wx(const struct vmlab_sets *sets, struct vmlab_set *set)
{
	size_t w = sets->nr, x = sets->nr, nr_w = 0, nr_x = 0, i;
	bool pure_w = false, pure_x = false;

	for (i = 0; i < sets->nr; i++) {
		uint32_t p = permits(sets->active[i]->bits);

		/* Those that can do but one of the two say it best. */
		if (p & BIT_WRITE && (!nr_w++ || (!pure_w && !(p & BIT_EXEC)))) {
			w = i;
			pure_w = !(p & BIT_EXEC);
		}
		if (p & BIT_EXEC && (!nr_x++ || (!pure_x && !(p & BIT_WRITE)))) {
			x = i;
			pure_x = !(p & BIT_WRITE);
		}
	}
	if (!nr_w || !nr_x || (w == x && nr_w == 1 && nr_x == 1))
		return;
	/* Both the same one, which can do both: any other one that can. */
	for (i = 0; w == x && i < sets->nr; i++) {
		uint32_t p = permits(sets->active[i]->bits);

		if (i == w)
			continue;
		if (p & BIT_EXEC)
			x = i;
		else if (p & BIT_WRITE)
			w = i;
	}
	set->wx = true;
	set->writer = w;
	set->executor = x;
}

static void classify(const struct vmlab_sets *sets, const struct common *c,
		     struct vmlab_set *set)
{
	uint32_t any = 0, all = ~0U;
	size_t i;

	set->origin = class_of(c->any, c->processes == 1);
	set->class = set->origin;
	/* Nearly always nobody can write, and then nothing is mixed that matters. */
	if (!(c->any & (BIT_WRITE | BIT_ASKED_WRITE)))
		return;
	for (i = 0; i < sets->nr; i++) {
		uint32_t p = permits(sets->active[i]->bits);

		any |= p;
		all &= p;
	}
	if (!(any & BIT_WRITE))
		return;
	if (any != all)
		set->class = "mixed-permission";
	if (any & BIT_EXEC)
		find_wx(sets, set);
}

/* In leaves, where all are of one size and the set has nothing but whole ones. */
static void measure(const struct vmlab_sets *sets, const struct common *c,
		    struct vmlab_set *set)
{
	unsigned int order = sets->active[0]->bits >> ORDER_SHIFT;
	uint64_t pages = sets->end - sets->start;
	size_t i;

	if (c->any >> ORDER_SHIFT != c->all >> ORDER_SHIFT ||
	    ((sets->start | pages) & ((1ULL << order) - 1)))
		order = 0;
	for (i = 0; order && i < sets->nr; i++)
		if (other_at(sets->index, sets->active[i], sets->start) &
		    ((sets->index->how.by_address ? 1ULL << order :
		      1ULL << (order + sets->index->page_shift)) - 1))
			order = 0;
	set->count = pages >> order;
	set->shift = sets->index->page_shift + order;
}

static void describe(const struct vmlab_sets *sets, const struct common *c,
		     struct vmlab_set *set)
{
	*set = (struct vmlab_set) {
		.pfn = VMLAB_PFN_NONE,
		.facts = vmlab_span_facts(c->any) & (VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY),
		.nr = sets->nr,
		.nr_addresses = c->addresses,
		.nr_processes = c->processes,
	};
	measure(sets, c, set);
	if (sets->index->how.by_address) {
		set->va = sets->start << sets->index->page_shift;
		return;
	}
	classify(sets, c, set);
	set->swapped = sets->start & POS_SWAP;
	if (set->swapped) {
		set->swap_type = (sets->start & ~POS_SWAP) >> SWAP_BITS;
		set->swap_offset = sets->start & ((1ULL << SWAP_BITS) - 1);
	} else {
		set->pfn = sets->start;
	}
}

/* From one change to the next one. 1 when there is something, 0 at the end. */
static int step(struct vmlab_sets *sets, struct common *c)
{
	const struct span *span;
	unsigned int lane = 0;
	int ret;

	remove_ended(sets);
	span = peek(sets, &lane);
	if (sets->nr)
		sets->start = sets->end;
	else if (span)
		sets->start = span_pos(span);
	else
		return 0;
	while (span && span_pos(span) == sets->start) {
		ret = insert(sets, span, sets->start);
		if (ret)
			return ret;
		sets->at[lane]++;
		span = peek(sets, &lane);
	}
	look_at_active(sets, sets->start, c);
	sets->end = c->end;
	if (span && span_pos(span) < sets->end)
		sets->end = span_pos(span);
	if (sets->index->how.by_address || !(sets->start & POS_SWAP))
		sets->frames += sets->end - sets->start;
	return 1;
}

int vmlab_sets_next(struct vmlab_sets *sets, struct vmlab_set *set)
{
	struct common c;
	int ret;

	while ((ret = step(sets, &c)) > 0) {
		if (sets->index->how.by_address ? c.processes > 1 && c.frames_differ :
						  c.addresses > !sets->index->how.singles) {
			describe(sets, &c, set);
			return 1;
		}
	}
	return ret;
}

struct vmlab_mapping vmlab_sets_mapping(const struct vmlab_sets *sets, size_t i)
{
	const struct vmlab_index *index = sets->index;
	const struct span *span = sets->active[i];
	uint64_t other = other_at(index, span, sets->start);
	struct vmlab_mapping m = {
		.pid = index->procs[span_proc(span)].pid,
		.shift = index->page_shift + (span->bits >> ORDER_SHIFT),
		.count = addresses_of(index, span),
		.facts = vmlab_span_facts(span->bits),
	};

	m.va = index->how.by_address ? sets->start << index->page_shift : other;
	m.pfn = index->how.by_address ? other : sets->start;
	if (m.pfn & POS_SWAP && !index->how.by_address)
		m.pfn = VMLAB_PFN_NONE;
	return m;
}
