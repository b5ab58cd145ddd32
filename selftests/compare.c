// SPDX-License-Identifier: GPL-2.0-only
/*
 * compare.c - a whole address space against the witnesses, page by page.
 *
 * The areas are those of smaps, not ours. Pagemap is read a chunk at a time and
 * runs beside it; frames are looked up a run at a time. What differs is looked at
 * again: a frame that many processes share is shared by one more or one less at
 * any moment, even if its holder stands still. What differs every time is real.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"
#include "witness.h"

#define CHUNK	4096	/* pages */
#define TRIES	5

/*
 * Base pages of an area, as smaps counts them. What smaps takes from the frame beside
 * the entry (it is dirty, it was referenced) kpageflags tells; not of the later frames
 * of a large folio, on 6.1: those may be either.
 */
struct sums {
	uint64_t rss;
	uint64_t anon;
	uint64_t swap;
	uint64_t anon_huge;
	uint64_t shmem_huge;
	uint64_t hugetlb;
	uint64_t shared;
	uint64_t dirty;
	uint64_t maybe_dirty;
	uint64_t accessed;
	uint64_t maybe_accessed;
	bool counted;		/* every map count is known */
};

/* One comparison under way. */
struct side {
	struct vmlab_target *target;
	struct witness witness;
	pid_t pid;
	struct compare *c;
	const struct witness_area *area;	/* and what we make of it, */
	struct sums sums;
	struct compare_kind *kind;		/* where it belongs, or NULL */
	uint64_t words[CHUNK];
	uint64_t categories[CHUNK];
	uint64_t flags[CHUNK];
	uint64_t counts[CHUNK];
};

static uint64_t run_end(const struct vmlab_run *run)
{
	return run->va + ((uint64_t)run->count << run->shift);
}

static void tell(struct side *s, uint64_t va, const struct vmlab_run *leaf,
		 const struct agree_seen *seen, const char *why)
{
	struct compare *c = s->c;

	if (c->unexplained < COMPARE_DETAILS)
		snprintf(c->details[c->unexplained], sizeof(c->details[0]),
			 "pid %d 0x%llx: %s: facts 0x%llx pfn 0x%llx mapcount %u, pagemap 0x%llx flags 0x%llx count %llu",
			 (int)s->pid, (unsigned long long)va, why,
			 leaf ? (unsigned long long)leaf->facts : 0,
			 leaf ? (unsigned long long)leaf->pfn : 0,
			 leaf ? leaf->mapcount : 0, (unsigned long long)seen->pagemap,
			 (unsigned long long)seen->flags, (unsigned long long)seen->count);
	c->unexplained++;
	if (s->kind)
		s->kind->unexplained++;
}

static void tell_sum(struct side *s, const char *what, uint64_t ours, long theirs)
{
	struct compare *c = s->c;

	if (c->unexplained < COMPARE_DETAILS)
		snprintf(c->details[c->unexplained], sizeof(c->details[0]),
			 "pid %d 0x%llx %s: %s: %llu KiB, smaps %ld", (int)s->pid,
			 (unsigned long long)s->area->start, s->area->name, what,
			 (unsigned long long)ours * 4, theirs);
	c->unexplained++;
	if (s->kind)
		s->kind->unexplained++;
}

static struct compare_kind *kind_of(const struct compare *c, uint64_t va)
{
	size_t i;

	for (i = 0; i < c->nr_kinds; i++)
		if (va >= c->kinds[i].start && va < c->kinds[i].end)
			return &c->kinds[i];
	return NULL;
}

static void sum_page(struct sums *sums, const struct vmlab_run *leaf,
		     const struct agree_seen *seen)
{
	const uint64_t facts = leaf->facts;
	const bool tail = seen->flags & KPF(COMPOUND_TAIL);

	if (facts & VMLAB_FACT_SWAP)
		sums->swap++;
	if (!(facts & VMLAB_FACT_FRAME) || seen->pfnmap_area)
		return;
	if (facts & VMLAB_FACT_HUGETLB) {
		sums->hugetlb++;
		return;
	}
	sums->rss++;
	sums->anon += !!(facts & VMLAB_FACT_ANON);
	sums->anon_huge += (facts & VMLAB_FACT_ANON) && (facts & VMLAB_FACT_HUGE);
	sums->shmem_huge += (facts & VMLAB_FACT_SHMEM) && (facts & VMLAB_FACT_HUGE);
	if (leaf->mapcount == VMLAB_MAPCOUNT_UNKNOWN)
		sums->counted = false;
	else
		sums->shared += leaf->mapcount > 1;
	sums->dirty += !!(facts & VMLAB_FACT_DIRTY);
	sums->maybe_dirty += (facts & VMLAB_FACT_DIRTY) || tail || (seen->flags & KPF(DIRTY));
	sums->accessed += !!(facts & VMLAB_FACT_ACCESSED);
	sums->maybe_accessed += (facts & VMLAB_FACT_ACCESSED) || tail ||
				(seen->flags & KPF(REFERENCED));
}

/* Against what smaps says of the same area as a whole. */
static void compare_sums(struct side *s)
{
	const struct witness_area *area = s->area;
	const struct sums *sums = &s->sums;
	const long dirty = area->shared_dirty_kb + area->private_dirty_kb;
	const struct {
		const char *what;
		uint64_t ours;
		long theirs;
		bool unsure;
	} rows[] = {
		{ "Rss", sums->rss, area->rss_kb, false },
		{ "Anonymous", sums->anon, area->anon_kb, false },
		/* Of shared memory smaps adds what nobody maps. */
		{ "Swap", sums->swap, area->swap_kb, area->inode },
		{ "AnonHugePages", sums->anon_huge, area->anon_huge_kb, false },
		{ "ShmemPmdMapped", sums->shmem_huge, area->shmem_huge_kb, false },
		{ "Shared_Hugetlb and Private_Hugetlb", sums->hugetlb,
		  area->shared_hugetlb_kb + area->private_hugetlb_kb, false },
		/* Sharers of what has no name here come and go. */
		{ "Shared_Clean and Shared_Dirty", sums->shared,
		  area->shared_clean_kb + area->shared_dirty_kb,
		  !sums->counted || !kind_of(s->c, area->start) ||
		  !kind_of(s->c, area->end - 1) },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].unsure)
			continue;
		s->c->nr_sums++;
		if ((long)rows[i].ours * 4 != rows[i].theirs)
			tell_sum(s, rows[i].what, rows[i].ours, rows[i].theirs);
	}
	s->c->nr_sums += 2;
	if (dirty < (long)sums->dirty * 4 || dirty > (long)sums->maybe_dirty * 4)
		tell_sum(s, "Shared_Dirty and Private_Dirty", sums->dirty, dirty);
	/* A frame of a file may also be young (PG_young), which nothing else shows. */
	if (area->referenced_kb < (long)sums->accessed * 4 ||
	    (!area->inode && area->referenced_kb > (long)sums->maybe_accessed * 4))
		tell_sum(s, "Referenced", sums->accessed, area->referenced_kb);
}

/* Once more, alone, and fresh from both sides. */
static void look_again(struct side *s, uint64_t va, struct agree_seen *seen)
{
	enum agree_excuse excuse;
	struct vmlab_walk walk;
	struct vmlab_run *leaf = NULL;
	const char *why = NULL;
	uint64_t page;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (vmlab_target_walk(s->target, va, &walk))
			break;
		leaf = walk.out_leaf.count ? &walk.out_leaf : NULL;
		page = leaf ? (va - leaf->va) >> 12 : 0;
		seen->pagemap = witness_page(&s->witness, (void *)(uintptr_t)va);
		seen->flags = 0;
		seen->count = 0;
		seen->categories = 0;
		if (seen->known)
			witness_categories(&s->witness, va, &seen->categories, 1);
		if (leaf && agree_has_frame(leaf)) {
			seen->flags = witness_page_flags(&s->witness, agree_pfn(leaf, page));
			seen->count = witness_page_count(&s->witness, agree_pfn(leaf, page));
		}
		why = agree_page(leaf, page, seen, &excuse);
		if (!why) {
			s->c->moved++;
			return;
		}
	}
	tell(s, va, leaf, seen, why ? why : "cannot be walked");
}

static void one_page(struct side *s, uint64_t va, const struct vmlab_run *leaf,
		     struct agree_seen *seen)
{
	enum agree_excuse excuse;
	uint64_t page = leaf ? (va - leaf->va) >> 12 : 0;

	if (!leaf && !(seen->pagemap & (PM_PRESENT | PM_SWAP))) {
		s->c->empty++;
		return;
	}
	s->c->pages++;
	/* The kernel may have merged areas of several kinds. */
	if (!s->kind || va < s->kind->start || va >= s->kind->end)
		s->kind = kind_of(s->c, va);
	if (s->kind)
		s->kind->pages++;
	if (leaf && s->c->sums)
		sum_page(&s->sums, leaf, seen);
	if (agree_page(leaf, page, seen, &excuse))
		look_again(s, va, seen);
	else
		s->c->excused[excuse]++;
}

/* [va, end) of one chunk: all in one run, or all in none. */
static int stretch(struct side *s, uint64_t chunk, uint64_t va, uint64_t end,
		   const struct vmlab_run *leaf, const struct agree_seen *area)
{
	const size_t nr = (end - va) >> 12;
	const bool frame = leaf && agree_has_frame(leaf);
	/* These repeat their frames: one of them, or those of one leaf. */
	const bool zero = frame && (leaf->facts & (VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO));
	const size_t round = zero ? (1UL << leaf->shift) >> 12 : 0;
	const uint64_t first = leaf ? (va - leaf->va) >> 12 : 0;
	size_t i, at;
	int ret = 0;

	if (zero)
		ret = witness_flags(&s->witness, leaf->pfn, s->flags, round);
	else if (frame)
		ret = witness_flags(&s->witness, agree_pfn(leaf, first), s->flags, nr);
	if (frame && !zero && !ret)
		ret = witness_counts(&s->witness, agree_pfn(leaf, first), s->counts, nr);
	for (i = 0; i < nr && !ret; i++, va += 4096) {
		struct agree_seen seen = *area;

		at = (va - chunk) >> 12;
		seen.pagemap = s->words[at];
		seen.categories = seen.known ? s->categories[at] : 0;
		if (frame)
			seen.flags = s->flags[zero ? (first + i) & (round - 1) : i];
		if (frame && !zero)
			seen.count = s->counts[i];
		one_page(s, va, leaf, &seen);
	}
	return ret;
}

static int one_area(struct side *s, const struct witness_area *area, uint64_t start,
		    uint64_t end)
{
	const struct agree_seen seen = {
		.pfnmap_area = witness_area_flag(area, "pf"),
		.hugetlb_area = witness_area_flag(area, "ht"),
		.soft_dirty_area = witness_area_flag(area, "sd"),
		.watched_area = witness_area_flag(area, "uw"),
		/* PAGEMAP_SCAN leaves them out. */
		.known = witness_area_flag(area, "pf") ? 0 : s->witness.categories,
		.ksm_vague = s->witness.ksm_vague,
	};
	struct vmlab_scanner scan;
	struct vmlab_run run;
	uint64_t chunk, chunk_end, va, to;
	int more, ret;

	s->area = area;
	s->kind = kind_of(s->c, area->start);
	s->sums = (struct sums) { .counted = true };
	ret = vmlab_scan_start(&scan, s->target, start, end, NULL, 0);
	if (ret)
		return ret;
	more = vmlab_scan_next(&scan, &run);
	for (chunk = start; chunk < end && !ret; chunk = chunk_end) {
		chunk_end = end - chunk > CHUNK * 4096 ? chunk + CHUNK * 4096 : end;
		ret = witness_pagemap(&s->witness, chunk, s->words, (chunk_end - chunk) >> 12);
		if (!ret && seen.known)
			ret = witness_categories(&s->witness, chunk, s->categories,
						 (chunk_end - chunk) >> 12);
		for (va = chunk; va < chunk_end && !ret; va = to) {
			while (more == 1 && run_end(&run) <= va)
				more = vmlab_scan_next(&scan, &run);
			if (more < 0) {
				ret = more;
				break;
			}
			to = chunk_end;
			if (more && run.va > va) {
				if (run.va < to)
					to = run.va;
				ret = stretch(s, chunk, va, to, NULL, &seen);
			} else if (more) {
				if (run_end(&run) < to)
					to = run_end(&run);
				ret = stretch(s, chunk, va, to, &run, &seen);
			} else {
				ret = stretch(s, chunk, va, to, NULL, &seen);
			}
		}
	}
	vmlab_scan_end(&scan);
	/* A range that was cut has no sum to compare with. */
	if (!ret && s->c->sums && start == area->start && end == area->end)
		compare_sums(s);
	return ret;
}

int compare_range(struct vmlab_session *session, pid_t pid, uint64_t start, uint64_t end,
		  struct compare *c)
{
	const uint64_t user_end = vmlab_session_info(session)->out_user_end;
	struct side *s = calloc(1, sizeof(*s));
	struct witness_area *areas = NULL;
	ssize_t i, nr = 0;
	int ret;

	if (!s)
		return -ENOMEM;
	s->c = c;
	s->pid = pid ? pid : getpid();
	ret = vmlab_target_open(session, pid, &s->target);
	if (ret)
		goto free_side;
	ret = witness_open(&s->witness, pid);
	if (ret)
		goto close_target;
	nr = witness_areas(pid, &areas);
	ret = nr < 0 ? (int)nr : 0;
	for (i = 0; i < nr && !ret; i++) {
		uint64_t from = areas[i].start > start ? areas[i].start : start;
		uint64_t to = areas[i].end < end ? areas[i].end : end;

		if (areas[i].start >= user_end)
			c->outside += (areas[i].end - areas[i].start) >> 12;
		else if (from < to)
			ret = one_area(s, &areas[i], from, to);
	}
	free(areas);
	witness_close(&s->witness);
close_target:
	vmlab_target_close(s->target);
free_side:
	free(s);
	return ret;
}

int compare_process(struct vmlab_session *session, pid_t pid, struct compare *c)
{
	return compare_range(session, pid, 0, ~0ULL, c);
}

void compare_print(const struct compare *c, const char *what)
{
	unsigned long i;

	printf("# %s: %lu pages compared, %lu unexplained, %lu empty on both sides\n",
	       what, c->pages, c->unexplained, c->empty);
	for (i = AGREE_WHOLLY + 1; i < AGREE_NR; i++)
		if (c->excused[i])
			printf("# %s: %lu %s\n", what, c->excused[i], agree_excuses[i]);
	if (c->moved)
		printf("# %s: %lu pages of frames whose sharers came or went meanwhile\n",
		       what, c->moved);
	if (c->nr_sums)
		printf("# %s: %lu sums of smaps compared\n", what, c->nr_sums);
	if (c->outside)
		printf("# %s: %lu pages of the vsyscall area, which lies in the kernel half\n",
		       what, c->outside);
	for (i = 0; i < c->unexplained && i < COMPARE_DETAILS; i++)
		printf("# %s: %s\n", what, c->details[i]);
	fflush(stdout);
}
