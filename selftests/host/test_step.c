// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_step.c - scans walked in step: pieces begin and end where any run does, nothing
 * is missing, nothing comes twice, whatever the runs look like; held against a table
 * that has every page of every scan.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "step.h"

#define SHIFT		12
#define PAGE		(1ULL << SHIFT)
#define MAX_PAGES	4096
#define MAX_RUNS	512

/* A feed from memory. */
struct runs {
	struct vmlab_run v[MAX_RUNS];
	size_t nr;
	size_t at;
	int then;	/* after the last one */
};

static int next_run(void *ctx, struct vmlab_run *run)
{
	struct runs *runs = ctx;

	if (runs->at == runs->nr)
		return runs->then;
	*run = runs->v[runs->at++];
	return 1;
}

static void add(struct runs *runs, uint64_t page, uint32_t count, uint8_t shift, uint64_t pfn,
		uint64_t facts)
{
	runs->v[runs->nr++] = (struct vmlab_run) {
		.va = page << SHIFT, .count = count, .shift = shift, .pfn = pfn,
		.facts = VMLAB_FACT_PRESENT | facts, .mapcount = 1,
		.level = shift > SHIFT ? VMLAB_LEVEL_PMD : VMLAB_LEVEL_PTE,
	};
}

static void start(struct vmlab_step *step, struct runs *runs, unsigned int nr, uint64_t from,
		  uint64_t to)
{
	struct vmlab_feed feeds[VMLAB_STEP_LANES] = { { 0 } };
	unsigned int i;

	for (i = 0; i < nr; i++)
		feeds[i] = (struct vmlab_feed){ .next = next_run, .ctx = &runs[i] };
	vmlab_step_start(step, SHIFT, from << SHIFT, to << SHIFT, feeds, nr);
}

TEST(nothing_is_nothing)
{
	static struct runs runs[2];
	struct vmlab_piece piece;
	struct vmlab_step step;

	start(&step, runs, 2, 0, MAX_PAGES);
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
	/* Nor is a range that ends before it begins. */
	start(&step, runs, 2, 10, 5);
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
}

TEST(runs_are_cut_at_each_others_borders)
{
	static struct runs runs[2];
	const struct {
		uint64_t page, nr;
		bool a, b;
		uint64_t pfn_a, pfn_b;
	} want[] = {
		{ 10, 5, true, false, 100, 0 },
		{ 15, 5, true, true, 105, 200 },
		{ 20, 2, false, true, 0, 205 },
		{ 30, 1, false, true, 0, 300 },
	};
	struct vmlab_piece piece;
	struct vmlab_step step;
	size_t i;

	add(&runs[0], 10, 10, SHIFT, 100, 0);
	add(&runs[1], 15, 7, SHIFT, 200, 0);
	add(&runs[1], 30, 1, SHIFT, 300, 0);
	start(&step, runs, 2, 0, MAX_PAGES);
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		ASSERT_EQ(1, vmlab_step_next(&step, &piece));
		EXPECT_EQ(want[i].page, piece.va >> SHIFT);
		EXPECT_EQ(want[i].nr, piece.nr_pages);
		EXPECT_EQ(want[i].a, piece.leaf[0].there);
		EXPECT_EQ(want[i].b, piece.leaf[1].there);
		EXPECT_EQ(want[i].pfn_a, piece.leaf[0].pfn);
		EXPECT_EQ(want[i].pfn_b, piece.leaf[1].pfn);
	}
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
}

TEST(huge_leaf_beside_small_ones_is_taken_to_pieces)
{
	static struct runs runs[2];
	struct vmlab_piece piece;
	struct vmlab_step step;

	add(&runs[0], 512, 2, 21, 5120, VMLAB_FACT_HUGE);
	add(&runs[1], 512, 100, SHIFT, 5120, 0);
	add(&runs[1], 613, 411, SHIFT, 5221, 0);
	start(&step, runs, 2, 0, MAX_PAGES);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(100, piece.nr_pages);
	EXPECT_EQ(piece.leaf[0].pfn, piece.leaf[1].pfn);
	/* Of the first page of a leaf, and not of those behind it. */
	EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, piece.leaf[0].mapcount);
	EXPECT_EQ(1, piece.leaf[1].mapcount);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(1, piece.nr_pages);
	EXPECT_FALSE(piece.leaf[1].there);
	EXPECT_EQ(5220, piece.leaf[0].pfn);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(411, piece.nr_pages);
	EXPECT_EQ(5221, piece.leaf[0].pfn);
	EXPECT_EQ(5221, piece.leaf[1].pfn);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(512, piece.nr_pages);
	EXPECT_EQ(5632, piece.leaf[0].pfn);
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
}

TEST(frames_of_zero_pages_stay)
{
	static struct runs runs[2];
	struct vmlab_piece piece;
	struct vmlab_step step;

	add(&runs[0], 0, 10, SHIFT, 7, VMLAB_FACT_ZERO);
	add(&runs[0], 512, 2, 21, 1024, VMLAB_FACT_HUGE_ZERO | VMLAB_FACT_HUGE);
	add(&runs[1], 4, 1, SHIFT, 9, 0);
	add(&runs[1], 1034, 1, SHIFT, 9, 0);
	start(&step, runs, 2, 0, MAX_PAGES);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(7, piece.leaf[0].pfn);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(7, piece.leaf[0].pfn);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(1024, piece.leaf[0].pfn);
	/* The eleventh page of the second leaf, which has the frames of the first. */
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(1034, piece.va >> SHIFT);
	EXPECT_EQ(1034, piece.leaf[0].pfn);
}

TEST(leaves_are_cut_at_the_ends_of_the_range)
{
	static struct runs runs[2];
	struct vmlab_piece piece;
	struct vmlab_step step;

	add(&runs[0], 0, 4, 21, 100, VMLAB_FACT_HUGE);
	start(&step, runs, 2, 10, 20);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(10, piece.va >> SHIFT);
	EXPECT_EQ(10, piece.nr_pages);
	EXPECT_EQ(110, piece.leaf[0].pfn);
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
}

/* A huge page that came into being where the scan had got halfway. */
TEST(what_has_been_answered_is_not_answered_again)
{
	static struct runs runs[1];
	struct vmlab_piece piece;
	struct vmlab_step step;

	add(&runs[0], 512, 200, SHIFT, 1, 0);
	add(&runs[0], 512, 1, 21, 1024, VMLAB_FACT_HUGE);
	add(&runs[0], 600, 10, SHIFT, 1, 0);
	start(&step, runs, 1, 0, MAX_PAGES);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(200, piece.nr_pages);
	ASSERT_EQ(1, vmlab_step_next(&step, &piece));
	EXPECT_EQ(712, piece.va >> SHIFT);
	EXPECT_EQ(312, piece.nr_pages);
	EXPECT_EQ(1224, piece.leaf[0].pfn);
	EXPECT_EQ(0, vmlab_step_next(&step, &piece));
}

TEST(runs_that_no_address_space_has_are_refused)
{
	static const struct vmlab_run bad[] = {
		{ .va = 0x1001, .count = 1, .shift = SHIFT },
		{ .va = 0x1000, .count = 0, .shift = SHIFT },
		{ .va = 0x1000, .count = 1, .shift = SHIFT - 1 },
		{ .va = 0x1000, .count = 1, .shift = 64 },
		{ .va = 0x1000, .count = 2, .shift = 63 },
		{ .va = 0xfffffffffffff000, .count = 1, .shift = SHIFT },
		{ .va = 0x1000, .count = UINT32_MAX, .shift = 63 },
	};
	static struct runs runs[2];
	struct vmlab_piece piece;
	struct vmlab_step step;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(runs, 0, sizeof(runs));
		runs[1].v[0] = bad[i];
		runs[1].nr = 1;
		start(&step, runs, 2, 0, MAX_PAGES);
		EXPECT_EQ(-EBADMSG, vmlab_step_next(&step, &piece)) TH_LOG("run %zu", i);
	}
	/* And what a scan fails with is passed on. */
	memset(runs, 0, sizeof(runs));
	runs[0].then = -ESRCH;
	start(&step, runs, 2, 0, MAX_PAGES);
	EXPECT_EQ(-ESRCH, vmlab_step_next(&step, &piece));
}

/* What every page of a scan is, in a table. */
struct table {
	uint64_t pfn[MAX_PAGES];
	bool there[MAX_PAGES];
};

/* Runs at random, and the same in the table. */
static void make(struct runs *runs, struct table *table)
{
	uint64_t page = rand() % 50, i;

	memset(runs, 0, sizeof(*runs));
	memset(table, 0, sizeof(*table));
	while (page + 1536 < MAX_PAGES && runs->nr < MAX_RUNS) {
		const bool huge = rand() % 8 == 0;
		uint64_t count, pfn = rand() % 100000;

		if (huge)
			page = (page + 511) & ~511ULL;
		count = 1 + rand() % (huge ? 2 : 40);
		add(runs, page, count, huge ? 21 : SHIFT, pfn, 0);
		for (i = 0; i < count * (huge ? 512 : 1); i++) {
			table->there[page + i] = true;
			table->pfn[page + i] = pfn + i;
		}
		page += i + (rand() % 3 ? 0 : rand() % 60);
	}
}

/* Is the piece what the tables say, from end to end? */
static bool is_right(const struct vmlab_piece *piece, const struct table *tables, unsigned int nr)
{
	uint64_t page = piece->va >> SHIFT, i;
	unsigned int k;

	for (i = 0; i < piece->nr_pages; i++)
		for (k = 0; k < nr; k++)
			if (tables[k].there[page + i] != piece->leaf[k].there ||
			    (piece->leaf[k].there &&
			     tables[k].pfn[page + i] != piece->leaf[k].pfn + i))
				return false;
	return true;
}

TEST(every_page_is_told_once_and_right)
{
	static struct table tables[VMLAB_STEP_LANES];
	static struct runs runs[VMLAB_STEP_LANES];
	int round;

	srand(7);
	for (round = 0; round < 400; round++) {
		unsigned int nr = 1 + round % VMLAB_STEP_LANES, k;
		uint64_t from = rand() % 1000, to = from + rand() % 3000, at = from;
		struct vmlab_piece piece;
		struct vmlab_step step;

		for (k = 0; k < nr; k++)
			make(&runs[k], &tables[k]);
		start(&step, runs, nr, from, to);
		while (vmlab_step_next(&step, &piece) == 1) {
			ASSERT_LE(at, piece.va >> SHIFT);
			/* What was passed over has nothing in it. */
			for (; at < piece.va >> SHIFT; at++)
				for (k = 0; k < nr; k++)
					ASSERT_FALSE(tables[k].there[at]);
			ASSERT_LT(0, piece.nr_pages);
			at += piece.nr_pages;
			ASSERT_LE(at, to);
			ASSERT_TRUE(is_right(&piece, tables, nr))
				TH_LOG("round %d, page %#llx", round,
				       (unsigned long long)piece.va >> SHIFT);
		}
		for (; at < to; at++)
			for (k = 0; k < nr; k++)
				ASSERT_FALSE(at < MAX_PAGES && tables[k].there[at]);
	}
}

TEST_HARNESS_MAIN
