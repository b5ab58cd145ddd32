/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spans.h - what the files of an index know of each other: runs of pages that stand on
 * an axis, which is that of frames or, by address, that of virtual addresses.
 */
#ifndef VMLAB_SPANS_H
#define VMLAB_SPANS_H

#include "index.h"

/*
 * The axis, in pages: frames, and behind all of them the slots of swap, by area and
 * offset. Together with the number of the process it is one 64-bit key.
 */
#define POS_BITS	45
#define PROC_BITS	19
#define POS_SWAP	(1ULL << (POS_BITS - 1))
#define SWAP_BITS	38
#define PROC_MASK	((1ULL << PROC_BITS) - 1)

struct span {
	uint64_t key;		/* where it begins, and whose it is */
	uint64_t other;		/* the other coordinate there: address, or by address frame */
	uint32_t pages;
	uint32_t bits;
};

/* What is kept of facts, PRESENT to DIRTY at their place; and more that is not a fact. */
#define BIT_READ	(1U << 1)
#define BIT_WRITE	(1U << 2)
#define BIT_EXEC	(1U << 3)
#define BIT_ACCESSED	(1U << 4)
#define BIT_DIRTY	(1U << 5)
#define BIT_PROTNONE	(1U << 6)
#define BIT_ANON	(1U << 7)
#define BIT_KSM		(1U << 9)
#define BIT_FILE	(1U << 10)
#define BIT_SHMEM	(1U << 11)
#define BIT_HUGETLB	(1U << 12)
#define BIT_ZERO	(1U << 13)
#define BIT_HUGE_ZERO	(1U << 14)
#define BIT_PFNMAP	(1U << 15)
#define BIT_SWAP	(1U << 16)
#define BIT_ASKED_READ	(1U << 17)
#define BIT_ASKED_WRITE	(1U << 18)
#define BIT_ASKED_EXEC	(1U << 19)
#define BIT_SHARED	(1U << 20)
#define BIT_VMA_FILE	(1U << 21)
#define BIT_IMAGE	(1U << 22)
#define ORDER_SHIFT	23	/* log2 of the leaf's size, in base pages */
/* A leaf of the highest level there is, and more. */
#define MAX_ORDER	40

/* What processes get from the kernel, by their own doing. */
#define BITS_COUNTED	(BIT_ANON | BIT_FILE | BIT_HUGETLB | BIT_SWAP)
/* Neighbouring addresses lead to one and the same frame. */
#define BITS_SAME	(BIT_ZERO | BIT_HUGE_ZERO)

struct lane {
	struct span *v;
	size_t nr;
	size_t room;
	uint64_t pages;
};

struct proc {
	pid_t pid;
	const char *why;	/* it is not in, NULL where it is */
	int err;
	uint64_t root;		/* of its page tables, to find those who share them; 0 unknown */
};

struct vmlab_index {
	unsigned int page_shift;
	struct vmlab_index_how how;
	unsigned int nr_lanes;
	struct lane lanes[VMLAB_INDEX_LANES];
	struct proc *procs;
	size_t nr_procs;
	pid_t *pids;		/* of those that are in */
	struct vmlab_skipped *skipped;
	size_t nr_skipped;
	struct vmlab_index_totals totals;
};

static inline uint64_t span_pos(const struct span *span)
{
	return span->key >> PROC_BITS;
}

static inline size_t span_proc(const struct span *span)
{
	return span->key & PROC_MASK;
}

static inline uint64_t leaf_pages(const struct span *span)
{
	return 1ULL << (span->bits >> ORDER_SHIFT);
}

/* Where it ends on the axis: the zero page is one frame however often it is mapped. */
static inline uint64_t span_end(const struct vmlab_index *index, const struct span *span)
{
	if (!index->how.by_address && (span->bits & BITS_SAME))
		return span_pos(span) + leaf_pages(span);
	return span_pos(span) + span->pages;
}

static inline bool span_before(const struct span *a, const struct span *b)
{
	return a->key != b->key ? a->key < b->key : a->other < b->other;
}

/* Facts as a span keeps them, and back: without those that no set needs. */
uint32_t vmlab_span_bits(uint64_t facts);
uint64_t vmlab_span_facts(uint32_t bits);

#endif /* VMLAB_SPANS_H */
