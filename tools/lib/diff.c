// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * diff.c - what changed between two states of an address space.
 *
 * Two scans walked in step (step.h). A state is all that is known of a page but its
 * map count, which other processes change. Facts that only one side can tell are no
 * difference, and frames are none where they are not of the same memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "step.h"

#define F(x)	VMLAB_FACT_##x

enum { FROM, TO };

struct vmlab_diff {
	struct vmlab_scanner scans[2];
	struct vmlab_step step;
	uint64_t facts;
	bool hidden;
	bool frames;
	struct vmlab_diff_range next;	/* cut already, not handed out; or no pages */
	uint64_t pages[VMLAB_DIFF_NR + 1];
};

static const struct {
	const char *name;
	uint64_t facts;		/* of which a difference is this one */
} whats[VMLAB_DIFF_NR] = {
	{ "appeared",	0 },
	{ "gone",	0 },
	{ "frame",	0 },
	{ "state",	0 },
	{ "asked",	F(ASKED_READ) | F(ASKED_WRITE) | F(ASKED_EXEC) },
	{ "enforced",	F(READ) | F(WRITE) | F(EXEC) },
	{ "size",	0 },
	{ "accessed",	F(ACCESSED) },
	{ "dirty",	F(DIRTY) },
	{ "soft-dirty",	F(SOFT_DIRTY) },
};

const char *vmlab_diff_name(unsigned int i)
{
	return i < VMLAB_DIFF_NR ? whats[i].name : NULL;
}

static const char *state_of(const struct vmlab_diff *diff, const struct vmlab_leaf *leaf)
{
	const struct vmlab_run run = { .facts = leaf->facts };
	const char *state = vmlab_run_state(&run, diff->hidden, NULL);

	return state ? state : "";
}

static bool same_frame(const struct vmlab_leaf *a, const struct vmlab_leaf *b)
{
	return a->pfn == b->pfn && a->swap_type == b->swap_type;
}

static uint32_t compare(const struct vmlab_diff *diff, const struct vmlab_leaf *from,
			const struct vmlab_leaf *to)
{
	const uint64_t differ = from->facts ^ to->facts;
	uint32_t what = 0;
	unsigned int i;

	if (!from->there || !to->there)
		return from->there ? VMLAB_DIFF_GONE : VMLAB_DIFF_APPEARED;
	for (i = 0; i < VMLAB_DIFF_NR; i++)
		if (differ & whats[i].facts)
			what |= 1U << i;
	if (diff->frames && !same_frame(from, to))
		what |= VMLAB_DIFF_FRAME;
	if (strcmp(state_of(diff, from), state_of(diff, to)))
		what |= VMLAB_DIFF_STATE;
	/* Without the fact the size is that of base pages, whatever it is. */
	if ((diff->facts & F(HUGE)) && from->shift != to->shift)
		what |= VMLAB_DIFF_SIZE;
	return what;
}

static void count(struct vmlab_diff *diff, const struct vmlab_diff_range *range)
{
	unsigned int i;

	for (i = 0; i < VMLAB_DIFF_NR; i++)
		if (range->what & (1U << i))
			diff->pages[i] += range->nr_pages;
	diff->pages[VMLAB_DIFF_NR] += range->nr_pages;
}

/* The range of one piece; false where nothing changed. */
static bool judge(const struct vmlab_diff *diff, const struct vmlab_piece *piece,
		  struct vmlab_diff_range *range)
{
	*range = (struct vmlab_diff_range) {
		.va = piece->va,
		.nr_pages = piece->nr_pages,
		.from = piece->leaf[FROM],
		.to = piece->leaf[TO],
	};
	range->from.facts &= diff->facts;
	range->to.facts &= diff->facts;
	range->what = compare(diff, &range->from, &range->to);
	return range->what;
}

static bool follows(const struct vmlab_diff_range *a, unsigned int page_shift,
		    const struct vmlab_diff_range *b)
{
	return a->va + (a->nr_pages << page_shift) == b->va && a->what == b->what &&
	       vmlab_leaf_follows(&a->from, a->nr_pages, &b->from, ~0ULL) &&
	       vmlab_leaf_follows(&a->to, a->nr_pages, &b->to, ~0ULL);
}

int vmlab_diff_next(struct vmlab_diff *diff, struct vmlab_diff_range *range)
{
	struct vmlab_diff_range more;
	struct vmlab_piece piece;
	int ret;

	*range = diff->next;
	diff->next.nr_pages = 0;
	while ((ret = vmlab_step_next(&diff->step, &piece)) > 0) {
		if (!judge(diff, &piece, &more))
			continue;
		count(diff, &more);
		if (!range->nr_pages) {
			*range = more;
		} else if (follows(range, diff->step.page_shift, &more)) {
			range->nr_pages += more.nr_pages;
		} else {
			diff->next = more;
			return 1;
		}
	}
	return ret < 0 ? ret : range->nr_pages != 0;
}

const uint64_t *vmlab_diff_pages(const struct vmlab_diff *diff)
{
	return diff->pages;
}

uint64_t vmlab_diff_facts(const struct vmlab_diff *diff)
{
	return diff->facts;
}

int vmlab_diff_start(struct vmlab_target *from, struct vmlab_target *to, bool frames,
		     struct vmlab_diff **out)
{
	struct vmlab_target *const targets[] = { from, to };
	const struct vmlab_info *a = vmlab_target_info(from), *b = vmlab_target_info(to);
	struct vmlab_feed feeds[2];
	struct vmlab_diff *diff;
	unsigned int i;
	int ret = 0;

	*out = NULL;
	if (a->out_page_shift != b->out_page_shift)
		return -EXDEV;
	diff = calloc(1, sizeof(*diff));
	if (!diff)
		return -ENOMEM;
	diff->facts = vmlab_target_facts(from) & vmlab_target_facts(to);
	diff->hidden = vmlab_target_hidden(from) || vmlab_target_hidden(to);
	diff->frames = frames && !diff->hidden;
	for (i = 0; i < 2 && !ret; i++) {
		ret = vmlab_scan_start(&diff->scans[i], targets[i], 0, 0, NULL, 0);
		feeds[i] = vmlab_scan_feed(&diff->scans[i]);
	}
	if (ret) {
		vmlab_diff_end(diff);
		return ret;
	}
	vmlab_step_start(&diff->step, a->out_page_shift, 0,
			 a->out_user_end > b->out_user_end ? a->out_user_end : b->out_user_end,
			 feeds, 2);
	*out = diff;
	return 0;
}

void vmlab_diff_end(struct vmlab_diff *diff)
{
	if (!diff)
		return;
	vmlab_scan_end(&diff->scans[FROM]);
	vmlab_scan_end(&diff->scans[TO]);
	free(diff);
}
