// SPDX-License-Identifier: GPL-2.0-only
/*
 * procview.c - what /proc shows against what a target shows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ask.h"
#include "fixture.h"
#include "procview.h"
#include "witness.h"

#define CHUNK		1024	/* pages */
#define MAX_RUNS	8192
#define F(name)		VMLAB_FACT_ ## name

/* One comparison under way. */
struct side {
	const struct procview *view;
	int target;
	struct vmlab_run runs[MAX_RUNS];
	int nr_runs;
	struct witness_area *areas;
	ssize_t nr_areas;		/* or -errno */
	uint32_t out_flags;		/* of every answer */
	bool pm_scan;
	bool pagemap_has_frames;
	bool pagemap_has_pages;
	uint64_t words[CHUNK];
	uint64_t categories[CHUNK];
	struct procview_found *found;
	char why[256];
};

static const char *complain(struct side *s, uint64_t va, const char *what)
{
	snprintf(s->why, sizeof(s->why), "at 0x%llx: %s", (unsigned long long)va, what);
	return s->why;
}

int procview_scan(int target, uint64_t start, uint64_t end, struct vmlab_run *runs, int max)
{
	struct vmlab_scan scan = ask_scan(start, end, runs, (uint32_t)max);
	int ret = ask(target, VMLAB_SCAN, &scan);

	if (ret)
		return ret;
	return scan.out_next == end ? (int)scan.out_nr : -E2BIG;
}

bool procview_has_pagemap_scan(int pagemap)
{
	struct pm_scan scan = { .size = sizeof(scan) };

	return ioctl(pagemap, PM_SCAN, &scan) >= 0;
}

/* What PAGEMAP_SCAN says of huge pages, zero pages and guards, page by page. */
static int read_categories(struct side *s, uint64_t va, size_t nr)
{
	struct pm_region regions[64];
	uint64_t end = va + nr * PAGE, at;
	struct pm_scan scan = {
		.size = sizeof(scan), .start = va, .end = end, .vec = (uintptr_t)regions,
		.vec_len = 64, .category_anyof_mask = PM_IS_PFNZERO | PM_IS_HUGE,
		.return_mask = PM_IS_PFNZERO | PM_IS_HUGE,
	};
	int got, i;

	memset(s->categories, 0, sizeof(s->categories));
	if (!s->pm_scan)
		return 0;
	while (scan.start < end) {
		scan.walk_end = 0;	/* set only where it stops early */
		got = ioctl(s->view->pagemap, PM_SCAN, &scan);
		if (got < 0)
			return -errno;
		for (i = 0; i < got; i++)
			for (at = regions[i].start; at < regions[i].end; at += PAGE)
				s->categories[(at - va) / PAGE] = regions[i].categories;
		scan.start = scan.walk_end;
	}
	return 0;
}

/* Everything of a hidden record but for its place and its facts. */
static bool withheld(const struct vmlab_run *run)
{
	return !run->entry && run->pfn == VMLAB_PFN_NONE &&
	       run->mapcount == VMLAB_MAPCOUNT_UNKNOWN && !run->swap_type &&
	       !(run->facts & ~VMLAB_FACTS_PUBLIC);
}

/* Facts that /proc has for this reader, from a word of pagemap and PAGEMAP_SCAN. */
static uint64_t facts_of_proc(uint64_t word, uint64_t categories)
{
	return (word & PM_PRESENT ? F(PRESENT) : 0) | (word & PM_SWAP ? F(SWAP) : 0) |
	       (word & PM_SOFT_DIRTY ? F(SOFT_DIRTY) : 0) |
	       (word & PM_UFFD_WP ? F(UFFD_WP) : 0) | (word & PM_FILE ? F(FILE) : 0) |
	       (categories & PM_IS_PFNZERO ? F(ZERO) | F(HUGE_ZERO) : 0) |
	       (categories & PM_IS_HUGE ? F(HUGE) : 0);
}

static uint64_t facts_of_area(const struct witness_area *area)
{
	if (!area)
		return 0;
	return F(VMA) | (area->perms[0] == 'r' ? F(ASKED_READ) : 0) |
	       (area->perms[1] == 'w' ? F(ASKED_WRITE) : 0) |
	       (area->perms[2] == 'x' ? F(ASKED_EXEC) : 0) |
	       (area->perms[3] == 's' ? F(SHARED) : 0) |
	       (area->inode || area->dev_major || area->dev_minor ? F(VMA_FILE) : 0);
}

static const char *page_differs(struct side *s, uint64_t va, uint64_t word, uint64_t categories,
				const struct vmlab_run *run, const struct witness_area *area)
{
	const uint64_t pages = PM_PRESENT | PM_SWAP;
	uint64_t public, page;

	if (!run)
		return word & pages ? complain(s, va, "pagemap has it and we lack it") : NULL;
	if (area && (run->facts & VMLAB_FACTS_OF_VMA & ~facts_of_area(area)))
		return complain(s, va, "more was asked for than smaps says");
	if (!area && (run->facts & VMLAB_FACTS_OF_VMA))
		return complain(s, va, "what was asked for is told, and smaps is not for us");
	if (s->out_flags & VMLAB_OUT_HIDDEN) {
		if (!withheld(run))
			return complain(s, va, "a hidden record tells more than facts");
		public = run->facts & ~VMLAB_FACTS_OF_VMA;
		if (public & ~facts_of_proc(word, categories))
			return complain(s, va, "facts that /proc does not show");
		if (!s->pm_scan && run->shift != 12)
			return complain(s, va, "a huge page that /proc does not show");
		if (!(public & F(PRESENT)) != !(word & PM_PRESENT) ||
		    !(public & F(SWAP)) != !(word & PM_SWAP))
			return complain(s, va, "not what pagemap says");
		return NULL;
	}
	if (!(word & PM_PRESENT))
		return NULL;
	page = (run->facts & F(ZERO)) ? 0 : (va - run->va) / PAGE;
	if (run->pfn + page != PM_PFN(word))
		return complain(s, va, "another frame than pagemap's");
	return NULL;
}

static uint64_t run_end(const struct vmlab_run *run)
{
	return run->va + ((uint64_t)run->count << run->shift);
}

static const struct vmlab_run *run_at(const struct side *s, uint64_t va)
{
	int low = 0, high = s->nr_runs, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (run_end(&s->runs[middle]) <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->nr_runs && s->runs[low].va <= va ? &s->runs[low] : NULL;
}

/* WALK tells no more than SCAN, and no levels where frames are hidden. */
static const char *walk_differs(struct side *s, uint64_t va, const struct vmlab_run *run)
{
	static const struct vmlab_walk nothing;
	struct vmlab_walk walk = { .size = sizeof(walk), .va = va };
	const bool hidden = s->out_flags & VMLAB_OUT_HIDDEN;

	if (ask(s->target, VMLAB_WALK, &walk))
		return complain(s, va, "WALK fails");
	if ((walk.out_flags ^ s->out_flags) &
	    (VMLAB_OUT_HIDDEN | VMLAB_OUT_COARSE | VMLAB_OUT_NO_VMAS))
		return complain(s, va, "WALK hides otherwise than SCAN");
	if ((s->out_flags & VMLAB_OUT_NO_VMAS) && (walk.out_flags & VMLAB_OUT_IN_VMA))
		return complain(s, va, "WALK tells of a VMA");
	if (!walk.out_leaf.count != !run)
		return complain(s, va, "WALK and SCAN disagree");
	if (run && (walk.out_leaf.facts != run->facts || walk.out_leaf.shift != run->shift))
		return complain(s, va, "WALK's leaf is not SCAN's");
	if (!hidden)
		return walk.out_nr_levels ? NULL : complain(s, va, "WALK has no levels");
	if (walk.out_nr_levels || (walk.out_flags & VMLAB_OUT_USER_ROOT) ||
	    memcmp(walk.out_levels, nothing.out_levels, sizeof(walk.out_levels)) ||
	    memcmp(&walk.out_user_root, &nothing.out_user_root, sizeof(walk.out_user_root)))
		return complain(s, va, "WALK tells of tables");
	if (run && !withheld(&walk.out_leaf))
		return complain(s, va, "WALK's leaf tells more than facts");
	return NULL;
}

/* Pages of one area, or of none that is known; each 16th is walked to as well. */
static const char *range_differs(struct side *s, uint64_t start, uint64_t end,
				 const struct witness_area *area)
{
	const bool all = start >= s->view->start && end <= s->view->end;
	const struct vmlab_run *run;
	const char *why = NULL;
	uint64_t va, nr;
	ssize_t got;

	for (va = start; va < end && !why; va += PAGE) {
		uint64_t i = (va - start) / PAGE % CHUNK;

		if (!i) {
			nr = (end - va) / PAGE < CHUNK ? (end - va) / PAGE : CHUNK;
			memset(s->words, 0, sizeof(s->words));
			got = pread(s->view->pagemap, s->words, nr * 8, (off_t)(va / PAGE * 8));
			if (got < 0)
				return complain(s, va, "pagemap cannot be read");
			if (read_categories(s, va, nr))
				return complain(s, va, "PAGEMAP_SCAN fails");
		}
		run = run_at(s, va);
		if (s->words[i] & PM_PRESENT) {
			s->pagemap_has_pages = true;
			if (PM_PFN(s->words[i]))
				s->pagemap_has_frames = true;
		}
		/* pagemap does not look into these; with frames shown, we do. */
		if (area && witness_area_flag(area, "pf") &&
		    !(s->out_flags & VMLAB_OUT_HIDDEN) && !s->words[i])
			continue;
		why = page_differs(s, va, s->words[i], s->categories[i], run, area);
		if (!why && (all || !(i % 16)))
			why = walk_differs(s, va, run);
		s->found->pages++;
	}
	return why;
}

/* Two-letter words of smaps for flags of VMAS. */
static const struct {
	uint64_t flag;
	const char *word;
} words[] = {
	{ VMLAB_VMA_READ, "rd" },	{ VMLAB_VMA_WRITE, "wr" },
	{ VMLAB_VMA_EXEC, "ex" },	{ VMLAB_VMA_SHARED, "sh" },
	{ VMLAB_VMA_MAYREAD, "mr" },	{ VMLAB_VMA_MAYWRITE, "mw" },
	{ VMLAB_VMA_MAYEXEC, "me" },	{ VMLAB_VMA_MAYSHARE, "ms" },
	{ VMLAB_VMA_GROWSDOWN, "gd" },	{ VMLAB_VMA_PFNMAP, "pf" },
	{ VMLAB_VMA_MIXEDMAP, "mm" },	{ VMLAB_VMA_IO, "io" },
	{ VMLAB_VMA_LOCKED, "lo" },	{ VMLAB_VMA_HUGETLB, "ht" },
	{ VMLAB_VMA_HUGEPAGE, "hg" },	{ VMLAB_VMA_NOHUGEPAGE, "nh" },
	{ VMLAB_VMA_MERGEABLE, "mg" },	{ VMLAB_VMA_DONTCOPY, "dc" },
	{ VMLAB_VMA_WIPEONFORK, "wf" },	{ VMLAB_VMA_SOFTDIRTY, "sd" },
	{ VMLAB_VMA_UFFD_MISSING, "um" }, { VMLAB_VMA_UFFD_WP, "uw" },
	{ VMLAB_VMA_UFFD_MINOR, "ui" },	{ VMLAB_VMA_DONTEXPAND, "de" },
	{ VMLAB_VMA_DONTDUMP, "dd" },	{ VMLAB_VMA_ACCOUNT, "ac" },
	{ VMLAB_VMA_NORESERVE, "nr" },
};

static const char *vma_differs(struct side *s, const struct vmlab_vma *vma,
			       const struct witness_area *area)
{
	uint64_t left = vma->flags & ~(uint64_t)VMLAB_VMA_FILE;
	size_t i;

	if (vma->start != area->start || vma->end != area->end)
		return complain(s, vma->start, "a VMA that is not in smaps");
	if (vma->pgoff * PAGE != area->offset || vma->ino != area->inode ||
	    vma->dev_major != area->dev_major || vma->dev_minor != area->dev_minor)
		return complain(s, vma->start, "another file than in smaps");
	if (area->pkey < 0 ? vma->pkey : vma->pkey != area->pkey)
		return complain(s, vma->start, "another protection key than in smaps");
	if (1L << vma->page_shift != area->page_kb << 10)
		return complain(s, vma->start, "another page size than in smaps");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((left & words[i].flag) && !witness_area_flag(area, words[i].word))
			return complain(s, vma->start, "a flag of a VMA that smaps does not show");
		left &= ~words[i].flag;
	}
	if (!(s->out_flags & VMLAB_OUT_HIDDEN))
		left &= ~(uint64_t)VMLAB_VMA_ANON;
	return left ? complain(s, vma->start, "flags of a VMA that smaps has no word for") : NULL;
}

static const char *vmas_differ(struct side *s)
{
	static struct vmlab_vma vmas[1024];
	struct vmlab_vmas ask_for = ask_vmas(0, 1UL << 46, vmas, 1024);
	const char *why = NULL;
	ssize_t i, nr = s->nr_areas;
	int ret;

	ask_for.end = LOW_END;
	ret = ask(s->target, VMLAB_VMAS, &ask_for);
	if (s->out_flags & VMLAB_OUT_NO_VMAS)
		return ret == -EPERM ? NULL : complain(s, 0, "VMAS answers beside NO_VMAS");
	if (ret)
		return complain(s, 0, "VMAS fails");
	if (s->nr_areas < 0)
		return complain(s, 0, "VMAS answers, and smaps is not for us");
	/* What the kernel maps for everybody, above the user half. */
	while (nr && s->areas[nr - 1].start >= ask_for.end)
		nr--;
	if (ask_for.out_nr != nr)
		return complain(s, 0, "VMAS and smaps differ in number");
	for (i = 0; i < nr && !why; i++)
		why = vma_differs(s, &vmas[i], &s->areas[i]);
	return why;
}

/* TABLES is for those who see frames, and VMAs. */
static const char *tables_differ(struct side *s)
{
	struct vmlab_table recs[VMLAB_MAX_LEVELS];
	struct vmlab_tables tables = {
		.size = sizeof(tables), .start = s->view->start, .end = s->view->end,
		.buf = (uintptr_t)recs, .nr_recs = VMLAB_MAX_LEVELS, .rec_size = sizeof(recs[0]),
	};
	const bool may = !(s->out_flags & (VMLAB_OUT_HIDDEN | VMLAB_OUT_NO_VMAS));
	int ret = ask(s->target, VMLAB_TABLES, &tables);

	return ret == (may ? 0 : -EPERM) ? NULL : complain(s, 0, "TABLES is not for us");
}

static const char *differs(struct side *s)
{
	const struct procview *view = s->view;
	struct vmlab_scan one = ask_scan(view->start, view->end, s->runs, 1);
	const char *why;
	ssize_t i;

	if (ask(s->target, VMLAB_SCAN, &one))
		return complain(s, view->start, "SCAN fails");
	s->out_flags = one.out_flags;
	s->found->no_vmas = one.out_flags & VMLAB_OUT_NO_VMAS;
	s->found->frames = !(one.out_flags & VMLAB_OUT_HIDDEN);
	/* Room for the list of areas first: of ourselves, it must not change them. */
	free(malloc(120 << 10));
	s->nr_areas = view->smaps < 0 ? view->smaps : witness_areas_of(view->smaps, &s->areas);
	s->nr_runs = procview_scan(s->target, 0, LOW_END, s->runs, MAX_RUNS);
	if (s->nr_runs < 0)
		return complain(s, 0, "SCAN of everything fails");

	why = vmas_differ(s);
	if (!why)
		why = tables_differ(s);
	/* Without areas: whatever we have must be in pagemap. */
	for (i = 0; s->nr_areas < 0 && i < s->nr_runs && !why; i++)
		why = range_differs(s, s->runs[i].va, run_end(&s->runs[i]), NULL);
	if (s->nr_areas < 0 && !why && !view->all)
		why = range_differs(s, view->start, view->end, NULL);
	for (i = 0; i < s->nr_areas && !why; i++) {
		const struct witness_area *area = &s->areas[i];
		uint64_t start = area->start, end = area->end;

		if (start >= LOW_END)
			break;
		if (!view->all && start < view->start)
			start = view->start;
		if (!view->all && end > view->end)
			end = view->end;
		if (start < end)
			why = range_differs(s, start, end, area);
	}
	if (why)
		return why;
	if (!s->pagemap_has_pages)
		return complain(s, 0, "pagemap shows no page: nothing was compared");
	if (s->pagemap_has_frames && !s->found->frames)
		return complain(s, 0, "pagemap has frames and we hide them");
	if (!s->pagemap_has_frames && s->found->frames)
		return complain(s, 0, "pagemap hides frames and we have them");
	return NULL;
}

const char *procview_differs(const struct procview *view, int target,
			     struct procview_found *found)
{
	struct side *s = calloc(1, sizeof(*s));
	static char why[256];
	const char *ret;

	memset(found, 0, sizeof(*found));
	if (!s)
		return "no memory";
	s->view = view;
	s->target = target;
	s->found = found;
	s->pm_scan = procview_has_pagemap_scan(view->pagemap);
	ret = differs(s);
	if (ret) {
		snprintf(why, sizeof(why), "%s", ret);
		ret = why;
	}
	free(s->areas);
	free(s);
	return ret;
}

int procview_all_queries(int target, uint64_t start, uint64_t end)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = start };
	struct vmlab_run runs[2];
	struct vmlab_vma vmas[2];
	struct vmlab_table tables[VMLAB_MAX_LEVELS];
	struct vmlab_scan scan = ask_scan(start, end, runs, 2);
	struct vmlab_vmas areas = ask_vmas(start, end, vmas, 2);
	struct vmlab_tables list = {
		.size = sizeof(list), .start = start, .end = end, .buf = (uintptr_t)tables,
		.nr_recs = VMLAB_MAX_LEVELS, .rec_size = sizeof(tables[0]),
	};
	int ret = ask(target, VMLAB_WALK, &walk), other;

	if (ret != ask(target, VMLAB_SCAN, &scan))
		return 1;
	/* These two may be refused before the target is looked at. */
	other = ask(target, VMLAB_VMAS, &areas);
	if (other != ret && other != -EPERM)
		return 1;
	other = ask(target, VMLAB_TABLES, &list);
	if (other != ret && other != -EPERM)
		return 1;
	return ret;
}
