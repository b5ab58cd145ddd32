// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * heap.c - what an allocator was asked for, what it has of the kernel, and what of it
 * became real.
 *
 * What it was asked for is a table of what lives, by address. What it has are ranges. A page
 * of them is real from the fault that brought it until the kernel gets it back; that it was
 * is remembered until the range is had anew, for the call that frees a piece tells so after
 * the system call that gave its pages back.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

/* A table from numbers (but 0) to numbers: open addressing, at most half full. */
struct table {
	struct slot {
		uint64_t key;
		uint64_t value;
	} *slots;
	size_t room;		/* a power of two, or 0 */
	size_t nr;
};

/* What is known of a page. */
enum { PAGE_REAL = 1, PAGE_WAS_REAL };

struct range {
	uint64_t start;
	uint64_t end;
};

struct heap {
	struct vmlab_heap told;
	struct table chunks;	/* address -> bytes */
	struct table pages;	/* address -> PAGE_* */
	struct range *held;	/* in order, apart from each other */
	size_t nr_held;
	size_t room_held;
	struct range moving;	/* what mremap() has taken away and not given yet */
};

struct vmlab_heaps {
	struct heap **v;
	size_t nr;
	uint64_t page;
	size_t huge;		/* pages of one entry a level up */
};

/* ---- tables --------------------------------------------------------------- */

static size_t home(const struct table *table, uint64_t key)
{
	return (key >> 4) * 0x9e3779b97f4a7c15ULL >> 20 & (table->room - 1);
}

static struct slot *look_up(const struct table *table, uint64_t key)
{
	size_t i;

	if (!table->room || !key)
		return NULL;
	for (i = home(table, key); table->slots[i].key; i = (i + 1) & (table->room - 1))
		if (table->slots[i].key == key)
			return &table->slots[i];
	return NULL;
}

static void place(struct table *table, uint64_t key, uint64_t value)
{
	size_t i = home(table, key);

	while (table->slots[i].key)
		i = (i + 1) & (table->room - 1);
	table->slots[i] = (struct slot) { key, value };
	table->nr++;
}

/* Into slots of another size, but for keys of @without. */
static int rebuild(struct table *table, size_t room, const struct range *without)
{
	struct table made = { calloc(room, sizeof(*made.slots)), room, 0 };
	size_t i;

	if (!made.slots)
		return -ENOMEM;
	for (i = 0; i < table->room; i++) {
		const struct slot *slot = &table->slots[i];

		if (slot->key && !(without && slot->key >= without->start &&
				   slot->key < without->end))
			place(&made, slot->key, slot->value);
	}
	free(table->slots);
	*table = made;
	return 0;
}

static int set(struct table *table, uint64_t key, uint64_t value)
{
	struct slot *slot = look_up(table, key);
	int ret;

	if (slot) {
		slot->value = value;
		return 0;
	}
	if (2 * (table->nr + 1) > table->room) {
		ret = rebuild(table, table->room ? 2 * table->room : 64, NULL);
		if (ret)
			return ret;
	}
	place(table, key, value);
	return 0;
}

/* Those behind it that stood there for want of room move up. */
static void take_out(struct table *table, struct slot *slot)
{
	const size_t mask = table->room - 1;
	size_t hole = slot - table->slots, i = hole;

	/* With nothing in it there is nothing to take. */
	if (!table->slots)
		return;
	for (;;) {
		i = (i + 1) & mask;
		if (!table->slots[i].key)
			break;
		if (((i - home(table, table->slots[i].key)) & mask) >= ((i - hole) & mask)) {
			table->slots[hole] = table->slots[i];
			hole = i;
		}
	}
	table->slots[hole].key = 0;
	table->nr--;
}

static int copy_table(struct table *to, const struct table *from)
{
	*to = *from;
	if (!from->room)
		return 0;
	to->slots = malloc(from->room * sizeof(*to->slots));
	if (!to->slots)
		return -ENOMEM;
	memcpy(to->slots, from->slots, from->room * sizeof(*to->slots));
	return 0;
}

/* ---- ranges --------------------------------------------------------------- */

/* The first that ends behind @va. */
static size_t held_at(const struct heap *heap, uint64_t va)
{
	size_t low = 0, high = heap->nr_held;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (heap->held[middle].end <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_held(const struct heap *heap, uint64_t va)
{
	size_t at = held_at(heap, va);

	return at < heap->nr_held && heap->held[at].start <= va;
}

static int insert_held(struct heap *heap, size_t at, const struct range *range)
{
	if (heap->nr_held == heap->room_held) {
		size_t room = heap->room_held ? 2 * heap->room_held : 16;
		struct range *more = realloc(heap->held, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		heap->held = more;
		heap->room_held = room;
	}
	memmove(&heap->held[at + 1], &heap->held[at], (heap->nr_held - at) * sizeof(*heap->held));
	heap->held[at] = *range;
	heap->nr_held++;
	return 0;
}

/* It is no longer held. */
static int let_go(struct heap *heap, const struct range *range)
{
	size_t at = held_at(heap, range->start);

	while (at < heap->nr_held && heap->held[at].start < range->end) {
		struct range *held = &heap->held[at], rest = { range->end, held->end };
		const uint64_t start = held->start < range->start ? range->start : held->start;

		heap->told.held -= (held->end < range->end ? held->end : range->end) - start;
		if (held->start < range->start) {
			held->end = range->start;
			at++;
			if (rest.start < rest.end)
				return insert_held(heap, at, &rest);
		} else if (held->end > range->end) {
			held->start = range->end;
		} else {
			heap->nr_held--;
			memmove(held, held + 1, (heap->nr_held - at) * sizeof(*held));
		}
	}
	return 0;
}

static int hold(struct heap *heap, const struct range *range)
{
	int ret = let_go(heap, range);

	if (ret || range->start >= range->end)
		return ret;
	heap->told.held += range->end - range->start;
	if (heap->told.held > heap->told.held_peak)
		heap->told.held_peak = heap->told.held;
	return insert_held(heap, held_at(heap, range->start), range);
}

/* ---- pages ---------------------------------------------------------------- */

static int page_is_real(const struct vmlab_heaps *heaps, struct heap *heap, uint64_t va)
{
	const struct slot *slot = look_up(&heap->pages, va);

	if (slot && slot->value == PAGE_REAL)
		return 0;
	heap->told.real += heaps->page;
	heap->told.real_total += heaps->page;
	return set(&heap->pages, va, PAGE_REAL);
}

/* One that was real is so no longer. */
static void page_is_gone(const struct vmlab_heaps *heaps, struct heap *heap, struct slot *slot)
{
	if (slot->value != PAGE_REAL)
		return;
	slot->value = PAGE_WAS_REAL;
	heap->told.real -= heaps->page;
}

/* All pages of a range that is given back, or emptied. Of a large one all that are known. */
static void pages_are_gone(const struct vmlab_heaps *heaps, struct heap *heap,
			   const struct range *range)
{
	uint64_t va;
	size_t i;

	if ((range->end - range->start) / heaps->page > heap->pages.room) {
		for (i = 0; i < heap->pages.room; i++) {
			struct slot *slot = &heap->pages.slots[i];

			if (slot->key >= range->start && slot->key < range->end && slot->key)
				page_is_gone(heaps, heap, slot);
		}
		return;
	}
	for (va = range->start; va < range->end; va += heaps->page) {
		struct slot *slot = look_up(&heap->pages, va);

		if (slot)
			page_is_gone(heaps, heap, slot);
	}
}

/* Nothing is known of a range that is had anew. */
static int forget_pages(const struct vmlab_heaps *heaps, struct heap *heap,
			const struct range *range)
{
	pages_are_gone(heaps, heap, range);
	if (!heap->pages.nr)
		return 0;
	if ((range->end - range->start) / heaps->page > heap->pages.room)
		return rebuild(&heap->pages, heap->pages.room, range);
	for (uint64_t va = range->start; va < range->end; va += heaps->page) {
		struct slot *slot = look_up(&heap->pages, va);

		if (slot)
			take_out(&heap->pages, slot);
	}
	return 0;
}

/* Those of [start, start + size) that are known, by address, as they are; into @out. */
static size_t pages_of(const struct vmlab_heaps *heaps, const struct heap *heap, uint64_t start,
		       uint64_t size, struct slot *out)
{
	const struct table *table = &heap->pages;
	size_t nr = 0, i;
	uint64_t at;

	if (size / heaps->page > table->room) {
		for (i = 0; i < table->room; i++)
			if (table->slots[i].key && table->slots[i].key - start < size)
				out[nr++] = table->slots[i];
		return nr;
	}
	for (at = 0; at < size; at += heaps->page) {
		const struct slot *slot = look_up(table, start + at);

		if (slot)
			out[nr++] = *slot;
	}
	return nr;
}

/* mremap: pages go with what they are pages of. What was at the other place is gone. */
static int move_pages(const struct vmlab_heaps *heaps, struct heap *heap,
		      const struct range *from, const struct range *to)
{
	const uint64_t old = from->end - from->start, new = to->end - to->start;
	const uint64_t size = old < new ? old : new;
	struct range rest = { from->start + size, from->end };
	struct slot *moved;
	size_t nr, i;
	int ret;

	pages_are_gone(heaps, heap, &rest);
	if (from->start == to->start)
		return 0;
	ret = forget_pages(heaps, heap, to);
	if (ret)
		return ret;
	moved = calloc(heap->pages.nr + 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	nr = pages_of(heaps, heap, from->start, size, moved);
	for (i = 0; i < nr; i++)
		take_out(&heap->pages, look_up(&heap->pages, moved[i].key));
	for (i = 0; i < nr && !ret; i++)
		ret = set(&heap->pages, moved[i].key - from->start + to->start, moved[i].value);
	free(moved);
	return ret;
}

/* How much of a piece is, or was, real. */
static uint64_t real_of(const struct vmlab_heaps *heaps, const struct heap *heap, uint64_t start,
			uint64_t size)
{
	uint64_t va, real = 0, last = start + size;

	/* A recording may say anything. */
	if (last < start || size / heaps->page > 2 * heap->pages.room + 2)
		last = start;
	for (va = start & ~(heaps->page - 1); va < last; va += heaps->page) {
		const uint64_t from = va < start ? start : va;
		const uint64_t to = va + heaps->page < last ? va + heaps->page : last;

		if (look_up(&heap->pages, va))
			real += to - from;
	}
	return real;
}

/* ---- events --------------------------------------------------------------- */

static struct heap *find(const struct vmlab_heaps *heaps, uint32_t pid)
{
	size_t i = heaps->nr;

	/* A pid may have been somebody else's, or another program's. */
	while (i--)
		if (heaps->v[i]->told.pid == (pid_t)pid)
			return heaps->v[i];
	return NULL;
}

static struct heap *add_heap(struct vmlab_heaps *heaps, uint32_t pid)
{
	struct heap **more, *heap = calloc(1, sizeof(*heap));

	more = heap ? realloc(heaps->v, (heaps->nr + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free(heap);
		return NULL;
	}
	heaps->v = more;
	heaps->v[heaps->nr++] = heap;
	heap->told.pid = pid;
	return heap;
}

static struct heap *find_or_add(struct vmlab_heaps *heaps, const struct vmlab_event *event)
{
	struct heap *heap = find(heaps, event->pid);

	if (!heap)
		heap = add_heap(heaps, event->pid);
	if (heap)
		memcpy(heap->told.comm, event->comm, sizeof(heap->told.comm));
	return heap;
}

static void free_chunk(const struct vmlab_heaps *heaps, struct heap *heap, uint64_t ptr)
{
	struct slot *slot = look_up(&heap->chunks, ptr);

	if (!slot)
		return;
	heap->told.freed = slot->value;
	heap->told.freed_real = real_of(heaps, heap, ptr, slot->value);
	heap->told.asked_real += heap->told.freed_real;
	heap->told.live -= slot->value;
	take_out(&heap->chunks, slot);
}

static int add_request(struct vmlab_heaps *heaps, const struct vmlab_event_alloc *e)
{
	struct heap *heap = find_or_add(heaps, &e->head);

	if (!heap)
		return -ENOMEM;
	heap->told.freed = 0;
	heap->told.freed_real = 0;
	if (e->head.flags & VMLAB_EVENT_F_FAILED)
		return 0;
	free_chunk(heaps, heap, e->old);
	if (e->function == VMLAB_ALLOC_FREE) {
		heap->told.frees++;
		return 0;
	}
	heap->told.requests++;
	heap->told.asked += e->size;
	if (!e->ptr)
		return 0;
	/* One whose end was not told. */
	free_chunk(heaps, heap, e->ptr);
	heap->told.live += e->size;
	if (heap->told.live > heap->told.live_peak)
		heap->told.live_peak = heap->told.live;
	return set(&heap->chunks, e->ptr, e->size);
}

static int add_memory(struct vmlab_heaps *heaps, const struct vmlab_event_memory *e)
{
	const struct range range = { e->start, e->end < e->start ? e->start : e->end };
	struct heap *heap;
	int ret = 0;

	heap = e->what == VMLAB_MEMORY_CLEARED ? add_heap(heaps, e->head.pid) :
						 find_or_add(heaps, &e->head);
	if (!heap)
		return -ENOMEM;
	/* The first of mremap()'s two is no call of its own. */
	if (e->call == VMLAB_MEMORY_MREMAP && e->what == VMLAB_MEMORY_GIVEN) {
		heap->moving = range;
		return let_go(heap, &range);
	}
	if (e->what != VMLAB_MEMORY_CLEARED) {
		heap->told.calls++;
		heap->told.served = heap->told.requests - heap->told.served_before;
		heap->told.served_before = heap->told.requests;
	}
	switch (e->what) {
	case VMLAB_MEMORY_GOT:
		ret = hold(heap, &range);
		if (!ret)
			ret = e->call == VMLAB_MEMORY_MREMAP ?
			      move_pages(heaps, heap, &heap->moving, &range) :
			      forget_pages(heaps, heap, &range);
		break;
	case VMLAB_MEMORY_GIVEN:
		ret = let_go(heap, &range);
		pages_are_gone(heaps, heap, &range);
		break;
	case VMLAB_MEMORY_EMPTIED:
		pages_are_gone(heaps, heap, &range);
		break;
	}
	return ret;
}

/* Has the process a page more by this? */
static bool makes_real(const struct vmlab_event_fault *e)
{
	switch (e->class) {
	case VMLAB_CLASS_ANON_NEW:
	case VMLAB_CLASS_ZERO_UPGRADE:
	case VMLAB_CLASS_THP_NEW:
	case VMLAB_CLASS_COW_COPY:
	case VMLAB_CLASS_SWAP_IN:
		return e->new_pfn != VMLAB_EVENT_PFN_NONE && !e->signal;
	}
	return false;
}

static int add_fault(struct vmlab_heaps *heaps, const struct vmlab_event_fault *e)
{
	struct heap *heap = find(heaps, e->head.pid);
	size_t nr = e->level_after == 2 ? heaps->huge : 1, i;
	uint64_t va = e->va & ~(heaps->page * nr - 1);
	int ret = 0;

	if (!heap || !makes_real(e) || !is_held(heap, e->va))
		return 0;
	for (i = 0; i < nr && !ret; i++, va += heaps->page)
		ret = page_is_real(heaps, heap, va);
	return ret;
}

/* A child has what its parent has. */
static int inherit(struct vmlab_heaps *heaps, uint32_t parent, uint32_t child)
{
	const struct heap *from = find(heaps, parent);
	struct heap *to;
	int ret;

	if (!from)
		return 0;
	to = add_heap(heaps, child);
	if (!to)
		return -ENOMEM;
	memcpy(to->told.comm, from->told.comm, sizeof(to->told.comm));
	to->told.live = from->told.live;
	to->told.live_peak = from->told.live;
	to->told.held_peak = from->told.held;
	to->told.real = from->told.real;
	ret = copy_table(&to->chunks, &from->chunks);
	if (!ret)
		ret = copy_table(&to->pages, &from->pages);
	for (size_t i = 0; i < from->nr_held && !ret; i++)
		ret = hold(to, &from->held[i]);
	return ret;
}

int vmlab_heaps_add(struct vmlab_heaps *heaps, const struct vmlab_event *event)
{
	const struct vmlab_event_code *code = (const void *)event;

	switch (event->kind) {
	case VMLAB_EVENT_ALLOC:
		return add_request(heaps, (const void *)event);
	case VMLAB_EVENT_MEMORY:
		return add_memory(heaps, (const void *)event);
	case VMLAB_EVENT_FAULT:
		return add_fault(heaps, (const void *)event);
	case VMLAB_EVENT_CODE:
		return code->end ? 0 : inherit(heaps, code->offset, event->pid);
	}
	return 0;
}

/* ---- all of them ---------------------------------------------------------- */

struct vmlab_heaps *vmlab_heaps_new(unsigned int page_shift)
{
	struct vmlab_heaps *heaps = calloc(1, sizeof(*heaps));

	if (!heaps)
		return NULL;
	heaps->page = 1ULL << (page_shift < 32 ? page_shift : 12);
	heaps->huge = heaps->page / 8;
	return heaps;
}

void vmlab_heaps_free(struct vmlab_heaps *heaps)
{
	size_t i;

	if (!heaps)
		return;
	for (i = 0; i < heaps->nr; i++) {
		free(heaps->v[i]->chunks.slots);
		free(heaps->v[i]->pages.slots);
		free(heaps->v[i]->held);
		free(heaps->v[i]);
	}
	free(heaps->v);
	free(heaps);
}

const struct vmlab_heap *vmlab_heaps_of(const struct vmlab_heaps *heaps, pid_t pid)
{
	const struct heap *heap = find(heaps, pid);

	return heap ? &heap->told : NULL;
}

int vmlab_heaps_all(const struct vmlab_heaps *heaps, struct vmlab_heap **out, size_t *nr)
{
	size_t i, j;

	*nr = 0;
	*out = calloc(heaps->nr + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (i = 0; i < heaps->nr; i++) {
		const struct heap *heap = heaps->v[i];
		struct vmlab_heap *told = &(*out)[*nr];

		*told = heap->told;
		/* What still lives was asked for, too. */
		for (j = 0; j < heap->chunks.room; j++)
			if (heap->chunks.slots[j].key)
				told->asked_real += real_of(heaps, heap, heap->chunks.slots[j].key,
							    heap->chunks.slots[j].value);
		*nr += told->requests || told->frees || told->calls;
	}
	return 0;
}
