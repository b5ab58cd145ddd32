// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cow.c - what two processes have at the same addresses, after a fork.
 *
 * Two scans walked in step (step.h). Which frame a page has is seen; who got a new
 * one is not: the kernel keeps no record of it. What can be concluded is in
 * copied_by() and in Documentation/cow.rst; the rest stays unknown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "step.h"

#define F(x)	VMLAB_FACT_##x

/* Facts that do not divide ranges: what the last accesses left in an entry. */
#define FLEETING							\
	(F(ACCESSED) | F(DIRTY) | F(SOFT_DIRTY) | F(READ) | F(WRITE) | F(EXEC) | \
	 F(CONT) | F(HUGE) | F(LARGE))

/* The scans; those of snapshots may be missing. */
enum { PARENT, CHILD, PARENT_BEFORE, CHILD_BEFORE };

struct vmlab_cow {
	struct vmlab_scanner scans[VMLAB_STEP_LANES];
	struct vmlab_step step;
	bool hidden;
	bool forked_later;
	struct vmlab_cow_range next;	/* cut already, not handed out; or no pages */
	struct vmlab_cow_pages pages;
};

const char *vmlab_cow_relation_name(enum vmlab_cow_relation relation)
{
	static const char *const names[VMLAB_COW_RELATIONS] = {
		[VMLAB_COW_SHARED_COW] = "shared-cow",
		[VMLAB_COW_SHARED_FILE] = "shared-file",
		[VMLAB_COW_DIVERGED] = "diverged",
		[VMLAB_COW_PARENT_ONLY] = "parent-only",
		[VMLAB_COW_CHILD_ONLY] = "child-only",
	};

	return relation < VMLAB_COW_RELATIONS ? names[relation] : NULL;
}

const char *vmlab_cow_copied_name(enum vmlab_cow_copied copied)
{
	return copied == VMLAB_COW_COPIED_PARENT ? "parent" :
	       copied == VMLAB_COW_COPIED_CHILD ? "child" : NULL;
}

const char *vmlab_cow_evidence_name(enum vmlab_cow_evidence evidence)
{
	return evidence == VMLAB_COW_BY_EXCLUSIVE ? "exclusive" :
	       evidence == VMLAB_COW_BY_BEFORE ? "before" : NULL;
}

/* What there is to compare. */
enum thing {
	NOTHING,	/* no entry, or a marker, behind which there is no page */
	FRAME,
	SLOT,		/* swapped out */
	MOVING,		/* under migration: the frame will be another one at once */
	OTHER,
};

/* The first row with all of its facts. */
static const struct {
	uint64_t all;
	enum thing thing;
} things[] = {
	{ F(MARKER),	NOTHING },
	{ F(GUARD),	NOTHING },
	{ F(SWAP),	SLOT },
	{ F(MIGRATION),	MOVING },
	{ F(PRESENT),	FRAME },
	{ F(PROTNONE),	FRAME },
};

static enum thing thing_of(const struct vmlab_leaf *leaf)
{
	size_t i;

	if (!leaf->there)
		return NOTHING;
	for (i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		if ((leaf->facts & things[i].all) == things[i].all)
			return leaf->pfn == VMLAB_PFN_NONE && things[i].thing != NOTHING ?
				OTHER : things[i].thing;
	return OTHER;
}

/* One frame under two addresses, or one slot: for sure. */
static bool same(const struct vmlab_leaf *a, const struct vmlab_leaf *b)
{
	enum thing x = thing_of(a), y = thing_of(b);

	if (x == SLOT || y == SLOT)
		return x == y && a->pfn == b->pfn && a->swap_type == b->swap_type;
	return x != NOTHING && x != OTHER && y != NOTHING && y != OTHER && a->pfn == b->pfn;
}

/* Anonymous memory, which nobody else maps in a way that a write would show to. */
static bool is_own(const struct vmlab_leaf *leaf)
{
	switch (thing_of(leaf)) {
	case FRAME:
		return (leaf->facts & F(ANON)) && (leaf->facts & F(EXCLUSIVE));
	case SLOT:
		return leaf->facts & F(SWAP_EXCLUSIVE);
	default:
		return false;
	}
}

/* Not anonymous: the original of what a private mapping copies at a write. */
static bool is_original(const struct vmlab_leaf *leaf)
{
	return thing_of(leaf) == FRAME &&
	       (leaf->facts & (F(FILE) | F(ZERO) | F(HUGE_ZERO)));
}

/* Waits for a copy, and nobody waits with it: the last that holds what fork left. */
static bool is_left(const struct vmlab_leaf *leaf)
{
	return thing_of(leaf) == FRAME && (leaf->facts & F(ANON)) &&
	       !(leaf->facts & (F(EXCLUSIVE) | F(KSM))) && leaf->mapcount == 1;
}

static enum vmlab_cow_relation shared_as(const struct vmlab_leaf *p, const struct vmlab_leaf *c)
{
	const struct vmlab_leaf *known = thing_of(p) == MOVING ? c : p;

	if (thing_of(known) == SLOT ||
	    (known->facts & (F(ANON) | F(ZERO) | F(HUGE_ZERO))))
		return VMLAB_COW_SHARED_COW;
	/* Of a page that moves in both nothing is told but where it lies. */
	if (thing_of(known) == MOVING && !(known->facts & F(SHARED)))
		return known->facts & F(VMA_FILE) ? VMLAB_COW_UNKNOWN : VMLAB_COW_SHARED_COW;
	return VMLAB_COW_SHARED_FILE;
}

/*
 * A frame here and a slot there may be one page: who was swapped in first has the
 * frame, and the other finds it in the swap cache. Not where either is its owner's.
 */
static bool surely_differ(const struct vmlab_leaf *a, const struct vmlab_leaf *b)
{
	enum thing x = thing_of(a), y = thing_of(b);

	if (x == y)
		return x == FRAME || x == SLOT;
	if (x == SLOT && y == FRAME)
		return is_own(a) || is_own(b) || !(b->facts & F(ANON));
	if (x == FRAME && y == SLOT)
		return surely_differ(b, a);
	return false;
}

static enum vmlab_cow_relation relate(const struct vmlab_leaf *p, const struct vmlab_leaf *c,
				      bool hidden)
{
	if (thing_of(c) == NOTHING)
		return VMLAB_COW_PARENT_ONLY;
	if (thing_of(p) == NOTHING)
		return VMLAB_COW_CHILD_ONLY;
	if (hidden)
		return VMLAB_COW_UNKNOWN;
	if (same(p, c))
		return shared_as(p, c);
	return surely_differ(p, c) ? VMLAB_COW_DIVERGED : VMLAB_COW_UNKNOWN;
}

/*
 * The frame that both had, as far as earlier looks prove it: both were seen with it;
 * or one was, and the other has it now; or the parent was before it forked, and still
 * has it, so that it had it when it did. NULL where they do not.
 */
static const struct vmlab_leaf *both_had(const struct vmlab_cow *cow,
					 const struct vmlab_leaf *leaf)
{
	const struct vmlab_leaf *parent = &leaf[PARENT_BEFORE], *child = &leaf[CHILD_BEFORE];

	if (same(parent, child) || same(parent, &leaf[CHILD]) ||
	    (cow->forked_later && same(parent, &leaf[PARENT])))
		return parent;
	return same(child, &leaf[PARENT]) ? child : NULL;
}

/*
 * Who left the frame that both had. Where earlier looks show that frame: whoever has
 * not kept it. Else by what the two are now: a copy is its owner's, and stays so until
 * it forks; what fork left is nobody's until a write takes it over. So when one has its
 * own and the other what fork left, the former copied. Others that map what was left,
 * or two that have their own, prove that more happened than one fork and one copy: not
 * known then.
 */
static void copied_by(const struct vmlab_cow *cow, const struct vmlab_leaf *leaf,
		      struct vmlab_cow_range *range)
{
	const struct vmlab_leaf *p = &leaf[PARENT], *c = &leaf[CHILD];
	const struct vmlab_leaf *had = both_had(cow, leaf);
	bool parent_kept = had && same(p, had), child_kept = had && same(c, had);

	if (parent_kept != child_kept) {
		range->copied = parent_kept ? VMLAB_COW_COPIED_CHILD : VMLAB_COW_COPIED_PARENT;
		range->evidence = VMLAB_COW_BY_BEFORE;
	} else if (is_own(c) && (is_left(p) || is_original(p))) {
		range->copied = VMLAB_COW_COPIED_CHILD;
		range->evidence = VMLAB_COW_BY_EXCLUSIVE;
	} else if (is_own(p) && (is_left(c) || is_original(c))) {
		range->copied = VMLAB_COW_COPIED_PARENT;
		range->evidence = VMLAB_COW_BY_EXCLUSIVE;
	}
}

/* Map counts of files change with every process that starts: they are no evidence. */
static void forget_count(struct vmlab_leaf *leaf)
{
	if (!(leaf->facts & F(ANON)))
		leaf->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
}

/* A leaf whose marker stands for no page. */
static struct vmlab_leaf only_pages(const struct vmlab_leaf *leaf)
{
	return thing_of(leaf) == NOTHING ? (struct vmlab_leaf){ 0 } : *leaf;
}

/* The range of one piece; false where neither has a page. */
static bool judge(const struct vmlab_cow *cow, const struct vmlab_piece *piece,
		  struct vmlab_cow_range *range)
{
	*range = (struct vmlab_cow_range) {
		.va = piece->va,
		.nr_pages = piece->nr_pages,
		.parent = only_pages(&piece->leaf[PARENT]),
		.child = only_pages(&piece->leaf[CHILD]),
	};
	if (!range->parent.there && !range->child.there)
		return false;
	range->relation = relate(&range->parent, &range->child, cow->hidden);
	if (range->relation == VMLAB_COW_DIVERGED)
		copied_by(cow, piece->leaf, range);
	forget_count(&range->parent);
	forget_count(&range->child);
	return true;
}

static void count(struct vmlab_cow_pages *pages, const struct vmlab_cow_range *range)
{
	pages->relation[range->relation] += range->nr_pages;
	if (range->relation == VMLAB_COW_DIVERGED)
		pages->copied[range->copied] += range->nr_pages;
	if (range->relation != VMLAB_COW_SHARED_COW)
		return;
	if (range->parent.facts & (F(ZERO) | F(HUGE_ZERO)))
		pages->zero += range->nr_pages;
	if (range->parent.facts & F(SWAP))
		pages->swap += range->nr_pages;
}

static bool follows(const struct vmlab_cow_range *a, unsigned int page_shift,
		    const struct vmlab_cow_range *b)
{
	return a->va + (a->nr_pages << page_shift) == b->va && a->relation == b->relation &&
	       a->copied == b->copied && a->evidence == b->evidence &&
	       vmlab_leaf_follows(&a->parent, a->nr_pages, &b->parent, ~FLEETING) &&
	       vmlab_leaf_follows(&a->child, a->nr_pages, &b->child, ~FLEETING);
}

int vmlab_cow_next(struct vmlab_cow *cow, struct vmlab_cow_range *range)
{
	struct vmlab_cow_range more;
	struct vmlab_piece piece;
	int ret;

	*range = cow->next;
	cow->next.nr_pages = 0;
	while ((ret = vmlab_step_next(&cow->step, &piece)) > 0) {
		if (!judge(cow, &piece, &more))
			continue;
		count(&cow->pages, &more);
		if (!range->nr_pages) {
			*range = more;
		} else if (follows(range, cow->step.page_shift, &more)) {
			range->nr_pages += more.nr_pages;
		} else {
			cow->next = more;
			return 1;
		}
	}
	return ret < 0 ? ret : range->nr_pages != 0;
}

const struct vmlab_cow_pages *vmlab_cow_pages(const struct vmlab_cow *cow)
{
	return &cow->pages;
}

/* A snapshot holds the questions of a whole scan, and no others. */
static int start_scan(struct vmlab_cow *cow, unsigned int i, struct vmlab_target *target,
		      uint64_t start, uint64_t end)
{
	if (i >= PARENT_BEFORE)
		start = end = 0;
	return vmlab_scan_start(&cow->scans[i], target, start, end, NULL, 0);
}

int vmlab_cow_start(struct vmlab_target *parent, struct vmlab_target *child,
		    const struct vmlab_cow_before *before, uint64_t start, uint64_t end,
		    struct vmlab_cow **out)
{
	struct vmlab_target *const targets[VMLAB_STEP_LANES] = {
		[PARENT] = parent,
		[CHILD] = child,
		[PARENT_BEFORE] = before ? before->parent : NULL,
		[CHILD_BEFORE] = before ? before->child : NULL,
	};
	const struct vmlab_info *info = vmlab_target_info(parent);
	struct vmlab_feed feeds[VMLAB_STEP_LANES] = { { 0 } };
	struct vmlab_cow *cow = calloc(1, sizeof(*cow));
	unsigned int i;
	int ret;

	*out = NULL;
	if (!cow)
		return -ENOMEM;
	cow->hidden = vmlab_target_hidden(parent) || vmlab_target_hidden(child);
	cow->forked_later = before && before->forked_later;
	for (i = 0; i < VMLAB_STEP_LANES; i++) {
		if (!targets[i])
			continue;
		ret = start_scan(cow, i, targets[i], start, end);
		if (ret) {
			vmlab_cow_end(cow);
			return ret;
		}
		feeds[i] = vmlab_scan_feed(&cow->scans[i]);
	}
	vmlab_step_start(&cow->step, info->out_page_shift, start,
			 end ? end : info->out_user_end, feeds, VMLAB_STEP_LANES);
	*out = cow;
	return 0;
}

void vmlab_cow_end(struct vmlab_cow *cow)
{
	unsigned int i;

	if (!cow)
		return;
	for (i = 0; i < VMLAB_STEP_LANES; i++)
		vmlab_scan_end(&cow->scans[i]);
	free(cow);
}
