/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classes.bpf.h - what kind of fault it was: the one place where that is decided.
 *
 * What is known of a fault is a set of facts: of the entry before, of the entry after,
 * of the VMA, of the access and of what the handler said. A rule is the facts that must
 * be there and those that must not; the first one that fits decides. Plain C, so that a
 * test of the host can ask it too (selftests/host/test_classes.c).
 */
#ifndef VMLAB_CLASSES_BPF_H
#define VMLAB_CLASSES_BPF_H

/* the entry before */
#define WAS_NONE	(1U << 0)
#define WAS_SWAP	(1U << 1)	/* a page in a swap area */
#define WAS_LEAF	(1U << 2)	/* it had a frame */
#define WAS_BIG		(1U << 3)	/* above the last level */
#define WAS_ZERO	(1U << 4)	/* a zero page */
#define WAS_HINT	(1U << 5)	/* kept from user mode without the VMA's asking */
#define WAS_READ_ONLY	(1U << 6)
/* the entry after */
#define IS_LEAF		(1U << 8)
#define IS_BIG		(1U << 9)
#define IS_ZERO		(1U << 10)
#define IS_SAME		(1U << 11)	/* the same frame as before */
#define IS_WRITABLE	(1U << 12)
/* the VMA */
#define OF_ANON		(1U << 16)	/* private, of no file */
#define OF_SHARED	(1U << 17)
#define OF_HUGETLB	(1U << 18)
#define OF_NOBODY	(1U << 19)	/* PROT_NONE */
/* the access, and the handler */
#define DID_WRITE	(1U << 24)
#define DID_UNSHARE	(1U << 25)	/* a pin for reading that wants a page of its own */
#define DID_FAIL	(1U << 26)
#define DID_READ_FILE	(1U << 27)	/* a major fault */
#define DID_MAP		(1U << 28)	/* filled from the page cache, neighbours too */

/* must be, must not be, what it is then */
#define VMLAB_CLASS_RULES(RULE)							\
	RULE(DID_FAIL | OF_NOBODY,	0,		VMLAB_CLASS_PROT_NONE)	\
	RULE(DID_FAIL,			0,		VMLAB_CLASS_BAD_ACCESS)	\
	RULE(OF_HUGETLB,		0,		VMLAB_CLASS_HUGETLB)	\
	RULE(WAS_BIG | WAS_LEAF | IS_LEAF, IS_BIG,	VMLAB_CLASS_THP_SPLIT)	\
	RULE(WAS_HINT,			0,		VMLAB_CLASS_NUMA_HINT)	\
	RULE(WAS_NONE | OF_ANON | IS_ZERO, 0,		VMLAB_CLASS_ZERO_READ)	\
	RULE(WAS_NONE | OF_ANON | IS_LEAF | IS_BIG, 0,	VMLAB_CLASS_THP_NEW)	\
	RULE(WAS_NONE | OF_ANON | IS_LEAF, 0,		VMLAB_CLASS_ANON_NEW)	\
	RULE(WAS_NONE | IS_LEAF | DID_WRITE, OF_SHARED,	VMLAB_CLASS_COW_COPY)	\
	RULE(WAS_NONE | DID_READ_FILE,	0,		VMLAB_CLASS_FILE_MAJOR)	\
	RULE(WAS_NONE | IS_LEAF | DID_MAP, 0,		VMLAB_CLASS_FILE_MAP)	\
	RULE(WAS_NONE | IS_LEAF,	0,		VMLAB_CLASS_FILE_MINOR)	\
	RULE(WAS_SWAP,			0,		VMLAB_CLASS_SWAP_IN)	\
	RULE(WAS_LEAF | WAS_ZERO | IS_LEAF | DID_WRITE, IS_ZERO | IS_SAME,	\
							VMLAB_CLASS_ZERO_UPGRADE) \
	RULE(WAS_LEAF | IS_LEAF | WAS_READ_ONLY | DID_WRITE, IS_SAME,		\
							VMLAB_CLASS_COW_COPY)	\
	RULE(WAS_LEAF | IS_LEAF | DID_UNSHARE, IS_SAME,	VMLAB_CLASS_COW_COPY)	\
	RULE(WAS_LEAF | WAS_READ_ONLY | IS_SAME | OF_SHARED | DID_WRITE, 0,	\
							VMLAB_CLASS_WRITE_NOTIFY) \
	RULE(WAS_LEAF | WAS_READ_ONLY | IS_SAME | IS_WRITABLE | DID_WRITE, 0,	\
							VMLAB_CLASS_COW_REUSE)	\
	RULE(0,				0,		VMLAB_CLASS_SPURIOUS)

/* What became of a page that waited for a copy, whatever class the fault is of. */
#define VMLAB_OUTCOME_RULES(RULE)						\
	RULE(DID_FAIL,			0,		VMLAB_COW_NONE)		\
	RULE(WAS_NONE | IS_LEAF | DID_WRITE, OF_ANON | OF_SHARED | OF_HUGETLB,	\
							VMLAB_COW_COPIED)	\
	RULE(WAS_LEAF | WAS_ZERO | IS_LEAF | DID_WRITE, IS_ZERO | IS_SAME,	\
							VMLAB_COW_ZERO_FILLED)	\
	RULE(WAS_LEAF | WAS_READ_ONLY | IS_LEAF | DID_WRITE, IS_SAME | OF_SHARED, \
							VMLAB_COW_COPIED)	\
	RULE(WAS_LEAF | IS_LEAF | DID_UNSHARE, IS_SAME | OF_SHARED,		\
							VMLAB_COW_COPIED)	\
	RULE(WAS_LEAF | WAS_READ_ONLY | IS_SAME | IS_WRITABLE | DID_WRITE, OF_SHARED, \
							VMLAB_COW_REUSED)	\
	RULE(0,				0,		VMLAB_COW_NONE)

#define VMLAB_RULE_FITS(all, none, result)			\
	if ((facts & ((all) | (none))) == (all))		\
		return result;

static __always_inline __u32 vmlab_classify(__u32 facts)
{
	VMLAB_CLASS_RULES(VMLAB_RULE_FITS)
	return VMLAB_CLASS_SPURIOUS;
}

static __always_inline __u32 vmlab_outcome(__u32 facts)
{
	VMLAB_OUTCOME_RULES(VMLAB_RULE_FITS)
	return VMLAB_COW_NONE;
}

#endif /* VMLAB_CLASSES_BPF_H */
