// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_twins.c - what is hidden cannot be seen by its effects either: two processes
 * with the same areas, whose pages differ in nothing but hidden facts, give the same
 * answers to one who may not see frames, run by run; and filters find in them what
 * the unfiltered answer has, and nothing else.
 *
 * Root sees that the twins do differ, or there would be nothing to hide.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "caller.h"
#include "counter.h"
#include "fixture.h"
#include "procview.h"
#include "swaparea.h"
#include "victim.h"
#include "witness.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define USER		61001
#define PAGES		64
#define SIZE		(PAGES * PAGE)
#define F(name)		VMLAB_FACT_ ## name

typedef void (*work_fn)(void);

/* The same addresses in both twins. */
static char *area;

static void make_anon(void)
{
	area = fixture_anon(SIZE, PROT_READ | PROT_WRITE);
}

/* A file of holes, for 7.3 maps a page dirty that somebody wrote before (states.rst). */
static void make_shared(void)
{
	int fd = fixture_memfd(0, 0);

	if (!ftruncate(fd, SIZE))
		area = fixture_map(fd, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	close(fd);
}

static void make_huge(void)
{
	area = fixture_anon_aligned(HUGE_2M, HUGE_2M);
}

static void make_hugetlb(void)
{
	area = fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);
}

static void write_all(void)
{
	fixture_write(area, SIZE);
}

static void write_huge(void)
{
	madvise(area, HUGE_2M, MADV_HUGEPAGE);
	fixture_write(area, HUGE_2M);
	madvise(area, HUGE_2M, MADV_NOHUGEPAGE);
}

static void write_small(void)
{
	madvise(area, HUGE_2M, MADV_NOHUGEPAGE);
	fixture_write(area, HUGE_2M);
}

/* One page here, one there: neighbours are not neighbours in memory. */
static void write_in_disorder(void)
{
	int i;

	for (i = 0; i < PAGES; i++)
		fixture_write(area + (i * 37 % PAGES) * PAGE, PAGE);
}

static void read_all(void)
{
	fixture_read(area, SIZE);
}

static void read_some(void)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		if (i % 3)
			fixture_write(area + i * PAGE, PAGE);
		else
			fixture_read(area + i * PAGE, PAGE);
	}
}

static void read_first(void)
{
	fixture_read(area, PAGE);
}

static void write_first(void)
{
	fixture_write(area, PAGE);
}

/* Some pages are another process's too: shared until somebody writes. */
static void share_some(void)
{
	const struct who user = { .uid = USER };
	const pid_t parent = getpid();

	write_all();
	if (!fork()) {
		/* As its parent will be, whose death must be able to end it. */
		if (!caller_become(&user, NULL) || getppid() != parent)
			_exit(0);
		for (;;)
			pause();
	}
	fixture_write(area + 5 * PAGE, 9 * PAGE);
	fixture_write(area + 40 * PAGE, PAGE);
}

static void leave_some_unaccessed(void)
{
	write_all();
	counter_write("/proc/self/clear_refs", "1");
	fixture_read(area + 10 * PAGE, 7 * PAGE);
}

/* Until pagemap has none of them present: some may be busy the first time. */
static void make_swapped(void)
{
	int tries, i, left = PAGES, pagemap = ask_pagemap(0);
	uint64_t words[PAGES];

	for (tries = 0; tries < 50 && left; tries++) {
		madvise(area, SIZE, MADV_PAGEOUT);
		memset(words, 0xff, sizeof(words));
		(void)!pread(pagemap, words, sizeof(words), (off_t)((uintptr_t)area / PAGE * 8));
		for (i = left = 0; i < PAGES; i++)
			left += !!(words[i] & PM_PRESENT);
	}
}

static void swap_out(void)
{
	write_all();
	make_swapped();
}

static void swap_out_in_disorder(void)
{
	int i;

	write_all();
	for (i = 0; i < PAGES; i++)
		madvise(area + (i * 37 % PAGES) * PAGE, PAGE, MADV_PAGEOUT);
	make_swapped();
}

static void be_twin(void *arg)
{
	const struct who user = { .uid = USER };
	work_fn *work = arg;

	(*work)();
	if (!caller_become(&user, NULL))
		_exit(1);
}

FIXTURE(twins)
{
	int node;
	struct victim twin[2];
	int roots[2];		/* targets that root has opened */
	int users[2];		/* and the user whose processes they are */
	int pagemap[2];
	size_t size;
	struct swaparea swap;
	const char *missing;
};

FIXTURE_VARIANT(twins)
{
	work_fn make;
	work_fn work[2];
	size_t size;		/* or SIZE */
	uint64_t differ;	/* hidden facts that root sees to differ, or frames */
	bool swap;
	bool need_coarse;	/* differ in what PAGEMAP_SCAN shows */
	bool need_huge;
};

FIXTURE_VARIANT_ADD(twins, on_frames_in_order_and_in_disorder)
{
	.make = make_anon,
	.work = { write_all, write_in_disorder },
};

FIXTURE_VARIANT_ADD(twins, alone_and_shared_with_a_child)
{
	.make = make_anon,
	.work = { write_all, share_some },
	.differ = F(EXCLUSIVE) | F(WRITE),
};

FIXTURE_VARIANT_ADD(twins, accessed_and_not)
{
	.make = make_anon,
	.work = { write_all, leave_some_unaccessed },
	.differ = F(ACCESSED),
};

/* The reader first: a page that its twin has written would be dirty to it too. */
FIXTURE_VARIANT_ADD(twins, clean_and_dirty)
{
	.make = make_shared,
	.work = { read_some, write_all },
	.differ = F(DIRTY),
};

FIXTURE_VARIANT_ADD(twins, swapped_in_order_and_in_disorder)
{
	.make = make_anon,
	.work = { swap_out, swap_out_in_disorder },
	.swap = true,
};

FIXTURE_VARIANT_ADD(twins, of_zero_pages_and_of_its_own)
{
	.make = make_anon,
	.work = { write_all, read_all },
	.differ = F(ZERO),
	.need_coarse = true,
};

FIXTURE_VARIANT_ADD(twins, of_a_huge_page_and_of_small_ones)
{
	.make = make_huge,
	.work = { write_huge, write_small },
	.differ = F(HUGE),
	.size = HUGE_2M,
	.need_coarse = true,
	.need_huge = true,
};

FIXTURE_VARIANT_ADD(twins, of_hugetlb_read_and_written)
{
	.make = make_hugetlb,
	.work = { write_first, read_first },
	.differ = F(DIRTY),
	.size = HUGE_2M,
	.need_coarse = true,
};

static uint64_t start(void)
{
	return (uintptr_t)area;
}

/* As that user, for as long as it takes. */
static int open_as_user(int node, const struct victim twin[2], int pagemap[2], int users[2])
{
	const struct who user = { .uid = USER, .where = CALLER_FOR_NOW };
	const struct who root = { .caps = CALLER_ALL_CAPS };
	int i;

	if (!caller_become(&user, NULL))
		return -1;
	for (i = 0; i < 2; i++) {
		pagemap[i] = ask_pagemap(twin[i].pid);
		users[i] = ask_open(node, pagemap[i]);
		if (users[i] < 0)
			return -1;
	}
	return caller_become(&root, NULL) ? 0 : -1;
}

FIXTURE_SETUP(twins)
{
	int i;

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->size = variant->size ? variant->size : SIZE;
	self->missing = variant->swap ? swaparea_on(&self->swap, 64UL << 20) : NULL;
	variant->make();
	ASSERT_TRUE(area || variant->make == make_hugetlb);
	if (!area)
		self->missing = "no huge page is reserved";
	for (i = 0; i < 2 && area; i++) {
		ASSERT_EQ(0, victim_fork(&self->twin[i], be_twin, (void *)&variant->work[i]));
		self->roots[i] = ask_target(self->node, self->twin[i].pid);
		ASSERT_LE(0, self->roots[i]);
	}
	if (area)
		ASSERT_EQ(0, open_as_user(self->node, self->twin, self->pagemap, self->users));
}

FIXTURE_TEARDOWN(twins)
{
	int i;

	for (i = 0; i < 2 && area; i++)
		victim_kill(&self->twin[i]);
	if (variant->swap && !self->missing)
		swaparea_off(&self->swap);
	close(self->node);
}

#define MAX	2048
static struct vmlab_run runs[2][MAX], filtered[MAX];

/* Facts that some page of one twin has and the same page of the other lacks. */
static uint64_t difference(const int nr[2])
{
	static uint64_t facts[2][512];
	uint64_t differ = 0;
	uint32_t k;
	int i, j;

	memset(facts, 0, sizeof(facts));
	for (i = 0; i < 2; i++)
		for (j = 0; j < nr[i]; j++)
			for (k = 0; k < runs[i][j].count << (runs[i][j].shift - 12); k++)
				facts[i][(runs[i][j].va - start()) / PAGE + k] =
					runs[i][j].facts;
	for (i = 0; i < 512; i++)
		differ |= facts[0][i] ^ facts[1][i];
	return differ;
}

TEST_F(twins, look_alike_to_one_who_sees_no_frames_and_not_to_root)
{
	const uint64_t end = start() + self->size;
	struct vmlab_walk walk[2];
	bool same;
	uint64_t va;
	int i, nr[2];

	if (self->missing)
		SKIP(return, "%s", self->missing);
	for (i = 0; i < 2; i++) {
		nr[i] = procview_scan(self->roots[i], start(), end, runs[i], MAX);
		ASSERT_LT(0, nr[i]);
	}
	same = nr[0] == nr[1] && !memcmp(runs[0], runs[1], sizeof(runs[0][0]) * nr[0]);
	EXPECT_FALSE(same) TH_LOG("root sees no difference: nothing is hidden");
	if (variant->need_huge && !((runs[0][0].facts ^ runs[1][0].facts) & F(HUGE)))
		SKIP(return, "the kernel had no huge page to give");
	EXPECT_EQ(variant->differ, difference(nr) & variant->differ);

	for (i = 0; i < 2; i++) {
		nr[i] = procview_scan(self->users[i], start(), end, runs[i], MAX);
		ASSERT_LT(0, nr[i]);
	}
	same = nr[0] == nr[1] && !memcmp(runs[0], runs[1], sizeof(runs[0][0]) * nr[0]);
	if (variant->need_coarse && procview_has_pagemap_scan(self->pagemap[0])) {
		/* PAGEMAP_SCAN would tell these apart, and so may we. */
		EXPECT_EQ(0, difference(nr) & ~(VMLAB_FACTS_COARSE | F(SOFT_DIRTY)));
		return;
	}
	EXPECT_TRUE(same) TH_LOG("%d and %d runs", nr[0], nr[1]);
	EXPECT_GT(PAGES, nr[0]);
	for (va = start(); va < end; va += PAGE) {
		for (i = 0; i < 2; i++) {
			walk[i] = (struct vmlab_walk){ .size = sizeof(walk[i]), .va = va };
			ASSERT_EQ(0, ask(self->users[i], VMLAB_WALK, &walk[i]));
		}
		ASSERT_EQ(0, memcmp(&walk[0], &walk[1], sizeof(walk[0])));
	}
}

/* Of the same pages: does this one filter pass what it should, for one who is blind? */
static bool filter_tells_no_more(int target, uint64_t end, int nr, uint64_t bit)
{
	struct vmlab_scan all = ask_scan(start(), end, filtered, MAX), any = all, none = all;
	uint64_t with = 0, without = 0, pages = 0;
	uint32_t i;

	for (i = 0; i < (uint32_t)nr; i++)
		*(runs[0][i].facts & bit ? &with : &without) += runs[0][i].count;
	all.all_of = any.any_of = none.none_of = bit;
	if (ask(target, VMLAB_SCAN, &all))
		return false;
	for (i = 0; i < all.out_nr; i++)
		pages += filtered[i].count;
	if (pages != with || ask(target, VMLAB_SCAN, &any) || any.out_nr != all.out_nr)
		return false;
	if (ask(target, VMLAB_SCAN, &none))
		return false;
	for (i = 0, pages = 0; i < none.out_nr; i++)
		pages += filtered[i].count;
	return pages == without;
}

TEST_F(twins, are_not_told_apart_by_filters)
{
	const uint64_t end = start() + self->size;
	int i, bit, nr;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	for (i = 0; i < 2; i++) {
		nr = procview_scan(self->users[i], start(), end, runs[0], MAX);
		ASSERT_LT(0, nr);
		for (bit = 0; bit < 64; bit++)
			if (VMLAB_FACTS_KNOWN & 1ULL << bit)
				EXPECT_TRUE(filter_tells_no_more(self->users[i], end, nr,
								 1ULL << bit)) {
					TH_LOG("bit %d", bit);
				}
	}
}

/* However small the buffer and wherever the range begins and ends. */
TEST_F(twins, give_one_who_sees_no_frames_the_pages_of_the_range_alone)
{
	struct vmlab_run run;
	struct vmlab_scan scan;
	uint64_t from, at, pages;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	for (from = start() + PAGE; from < start() + 40 * PAGE; from += 7 * PAGE) {
		scan = ask_scan(from, from + 5 * PAGE, &run, 1);
		for (pages = 0, at = from; scan.start < scan.end; scan.start = scan.out_next) {
			ASSERT_EQ(0, ask(self->users[0], VMLAB_SCAN, &scan));
			if (!scan.out_nr)
				break;
			if (scan.out_flags & VMLAB_OUT_COARSE) {
				EXPECT_LE(at, run.va);
				EXPECT_EQ(12, run.shift);
			}
			pages += run.count << (run.shift - 12);
			at = run.va + ((uint64_t)run.count << run.shift);
		}
		/* A huge leaf that straddles is told whole, where it is no secret. */
		EXPECT_LE(5, pages);
		EXPECT_GE(scan.out_flags & VMLAB_OUT_COARSE ? 5 : 512, pages);
	}
}

TEST_HARNESS_MAIN
