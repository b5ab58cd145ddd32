// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_index.c - sets of frames and of addresses, from runs that are made up: every
 * page by itself, in a list that is sorted and counted the simple way, is what the
 * sets have to say when they are taken apart again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "index.h"

#define SHIFT	12
#define PAGE	4096ULL
#define HUGE	512U
#define MAPPED	(VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_FRAME | VMLAB_FACT_ASKED_READ)
#define FILE_PAGE (MAPPED | VMLAB_FACT_FILE | VMLAB_FACT_VMA_FILE)
#define ANON_PAGE (MAPPED | VMLAB_FACT_ANON | VMLAB_FACT_ASKED_WRITE)

/* What is behind one page of one process. */
struct page {
	uint64_t pfn;		/* by address: the address */
	pid_t pid;
	uint64_t va;		/* by address: the frame */
	uint64_t facts;
};

struct pages {
	struct page *v;
	size_t nr;
	size_t room;
};

static void add_page(struct pages *pages, struct page page)
{
	if (pages->nr == pages->room) {
		pages->room = pages->room ? 2 * pages->room : 1024;
		pages->v = realloc(pages->v, pages->room * sizeof(page));
		if (!pages->v)
			abort();
	}
	pages->v[pages->nr++] = page;
}

static int by_place(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->va > y->va) - (x->va < y->va);
}

/* Keeps the groups that sets are made of; returns how many places of any kind there are. */
static size_t keep_groups(struct pages *pages, bool by_address)
{
	size_t i, j, k, nr = 0, places = 0;

	if (pages->nr)
		qsort(pages->v, pages->nr, sizeof(*pages->v), by_place);
	for (i = 0; i < pages->nr; i = j) {
		bool differ = false;

		for (j = i; j < pages->nr && pages->v[j].pfn == pages->v[i].pfn; j++)
			differ |= pages->v[j].va != pages->v[i].va;
		places++;
		if (by_address ? differ : j - i > 1)
			for (k = i; k < j; k++)
				pages->v[nr++] = pages->v[k];
	}
	pages->nr = nr;
	return places;
}

FIXTURE(index)
{
	struct vmlab_index *index;
	struct pages want;
	struct pages got;
	bool by_address;
	unsigned int lanes;
};

static const pid_t pids[] = { 3, 7, 11, 500, 70000 };
#define NR_PIDS 5U

static void begin(FIXTURE_DATA(index) *self, struct vmlab_index_how how, unsigned int lanes)
{
	self->by_address = how.by_address;
	self->lanes = lanes;
	self->index = vmlab_index_new(SHIFT, lanes, &how, pids, NR_PIDS);
	if (!self->index)
		abort();
}

FIXTURE_SETUP(index)
{
}

FIXTURE_TEARDOWN(index)
{
	vmlab_index_free(self->index);
	free(self->want.v);
	free(self->got.v);
}

static struct vmlab_run run_of(uint64_t va, uint64_t pfn, uint32_t count, uint64_t facts)
{
	return (struct vmlab_run) {
		.va = va, .pfn = pfn, .count = count, .facts = facts, .shift = SHIFT,
		.mapcount = 2, .level = VMLAB_LEVEL_PTE,
	};
}

static struct vmlab_run huge_run(uint64_t va, uint64_t pfn, uint32_t count, uint64_t facts)
{
	struct vmlab_run run = run_of(va, pfn, count, facts | VMLAB_FACT_HUGE);

	run.shift = SHIFT + 9;
	run.level = VMLAB_LEVEL_PMD;
	return run;
}

/* Into the index, and page by page into what is expected. */
static int add(FIXTURE_DATA(index) *self, size_t proc, struct vmlab_run run)
{
	uint64_t pages = (uint64_t)run.count << (run.shift - SHIFT), i;

	for (i = 0; i < pages; i++) {
		bool same = run.facts & (VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO);
		uint64_t in_leaf = i & ((1ULL << (run.shift - SHIFT)) - 1);
		struct page page = {
			.pfn = run.pfn + (same ? in_leaf : i), .pid = pids[proc],
			.va = run.va + i * PAGE, .facts = run.facts & ~VMLAB_FACT_HUGE,
		};

		if (self->by_address) {
			uint64_t va = page.va;

			page.va = page.pfn;
			page.pfn = va;
		}
		add_page(&self->want, page);
	}
	return vmlab_index_add(self->index, proc % self->lanes, proc, &run, false);
}

static void sort_all(FIXTURE_DATA(index) *self)
{
	unsigned int i;

	for (i = 0; i < self->lanes; i++)
		vmlab_index_sort(self->index, i);
}

/* Facts that an index keeps. */
#define KEPT	(VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC | \
		 VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY | VMLAB_FACT_PROTNONE |	\
		 VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE | VMLAB_FACT_KSM | VMLAB_FACT_FILE | \
		 VMLAB_FACT_SHMEM | VMLAB_FACT_HUGETLB | VMLAB_FACT_ZERO |	\
		 VMLAB_FACT_HUGE_ZERO | VMLAB_FACT_PFNMAP | VMLAB_FACT_SWAP |	\
		 VMLAB_FACT_ASKED_READ | VMLAB_FACT_ASKED_WRITE | VMLAB_FACT_ASKED_EXEC | \
		 VMLAB_FACT_SHARED | VMLAB_FACT_VMA_FILE)

/* All pages of one set. False when the set does not say the same twice. */
static bool take_apart(FIXTURE_DATA(index) *self, const struct vmlab_sets *sets,
		       const struct vmlab_set *set)
{
	uint64_t pages = set->count << (set->shift - SHIFT), addresses = 0, facts = 0, i, c;
	size_t m;

	for (m = 0; m < set->nr; m++) {
		struct vmlab_mapping map = vmlab_sets_mapping(sets, m);
		uint64_t leaf = 1ULL << map.shift;

		addresses += map.count;
		facts |= map.facts & (VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY);
		for (c = 0; c < map.count; c++) {
			for (i = 0; i < pages; i++) {
				bool stays = map.facts & VMLAB_FACT_ZERO;
				struct page page = {
					.pfn = map.pfn + (self->by_address && stays ? 0 : i),
					.pid = map.pid, .va = map.va + i * PAGE + c * leaf,
					.facts = map.facts,
				};

				if (self->by_address) {
					uint64_t va = page.va;

					page.va = page.pfn;
					page.pfn = va;
				}
				add_page(&self->got, page);
			}
		}
	}
	return addresses == set->nr_addresses && facts == set->facts && pages;
}

static bool same_pages(const struct pages *want, const struct pages *got)
{
	size_t i;

	if (want->nr != got->nr)
		return false;
	for (i = 0; i < want->nr; i++)
		if (by_place(&want->v[i], &got->v[i]) ||
		    (want->v[i].facts & KEPT) != got->v[i].facts)
			return false;
	return true;
}

/* Sets, taken apart, are the groups; how many sets there were in *nr. */
static bool agrees(FIXTURE_DATA(index) *self, size_t *nr)
{
	size_t places = keep_groups(&self->want, self->by_address);
	struct vmlab_sets *sets;
	struct vmlab_set set;
	bool ok = true;
	int ret;

	*nr = 0;
	if (vmlab_sets_start(self->index, &sets))
		return false;
	while ((ret = vmlab_sets_next(sets, &set)) > 0) {
		ok &= take_apart(self, sets, &set);
		++*nr;
	}
	ok &= !ret && vmlab_sets_frames(sets) == places;
	vmlab_sets_end(sets);
	if (self->got.nr)
		qsort(self->got.v, self->got.nr, sizeof(*self->got.v), by_place);
	return ok && same_pages(&self->want, &self->got);
}

/* The first set, and its class. */
static const char *class_of(FIXTURE_DATA(index) *self, struct vmlab_set *set)
{
	struct vmlab_sets *sets;

	sort_all(self);
	if (vmlab_sets_start(self->index, &sets))
		return NULL;
	if (vmlab_sets_next(sets, set) != 1)
		set->class = NULL;
	vmlab_sets_end(sets);
	return set->class;
}

TEST_F(index, empty_index_has_no_sets)
{
	size_t nr;

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	sort_all(self);
	EXPECT_TRUE(agrees(self, &nr));
	EXPECT_EQ(0, nr);
}

TEST_F(index, frame_of_two_processes_is_a_set)
{
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 2);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 100, 4, FILE_PAGE | VMLAB_FACT_ACCESSED)));
	ASSERT_EQ(0, add(self, 1, run_of(0x9000, 102, 8, FILE_PAGE | VMLAB_FACT_DIRTY)));
	EXPECT_STREQ("shared-file", class_of(self, &set));
	EXPECT_EQ(102, set.pfn);
	EXPECT_EQ(2, set.count);
	EXPECT_EQ(2, set.nr);
	EXPECT_EQ(2, set.nr_processes);
	EXPECT_EQ(VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY, set.facts);
}

TEST_F(index, huge_page_beside_small_ones_is_matched_piece_by_piece)
{
	size_t nr;
	unsigned int i;

	begin(self, (struct vmlab_index_how) { 0 }, 3);
	ASSERT_EQ(0, add(self, 0, huge_run(0x200000, 1024, 2, ANON_PAGE)));
	for (i = 0; i < HUGE; i += 3)
		ASSERT_EQ(0, add(self, 1, run_of(0x400000 + i * PAGE, 1024 + i, 1, ANON_PAGE)));
	ASSERT_EQ(0, add(self, 2, run_of(0x7000, 1024 + HUGE - 2, 5, ANON_PAGE)));
	ASSERT_EQ(0, add(self, 4, huge_run(0x800000, 1024 + HUGE, 1, ANON_PAGE)));
	sort_all(self);
	EXPECT_TRUE(agrees(self, &nr));
}

TEST_F(index, huge_pages_of_both_are_counted_in_huge_pages)
{
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	ASSERT_EQ(0, add(self, 0, huge_run(0x200000, 1024, 3, ANON_PAGE)));
	ASSERT_EQ(0, add(self, 1, huge_run(0x600000, 1024, 3, ANON_PAGE)));
	EXPECT_STREQ("cow", class_of(self, &set));
	EXPECT_EQ(3, set.count);
	EXPECT_EQ(21, set.shift);
}

TEST_F(index, zero_page_is_one_frame_of_many_addresses)
{
	struct vmlab_set set;
	size_t nr;

	begin(self, (struct vmlab_index_how) { 0 }, 2);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 77, 1000, MAPPED | VMLAB_FACT_ZERO)));
	ASSERT_EQ(0, add(self, 0, run_of(0x1000 + 1000 * PAGE, 77, 24,
					 MAPPED | VMLAB_FACT_ZERO)));
	ASSERT_EQ(0, add(self, 3, run_of(0x5000, 77, 1, MAPPED | VMLAB_FACT_ZERO)));
	EXPECT_STREQ("zero", class_of(self, &set));
	EXPECT_EQ(77, set.pfn);
	EXPECT_EQ(1, set.count);
	EXPECT_EQ(1025, set.nr_addresses);
	EXPECT_TRUE(agrees(self, &nr));
	EXPECT_EQ(1, nr);
}

TEST_F(index, huge_zero_page_is_one_leaf_of_many_addresses)
{
	const uint64_t facts = MAPPED | VMLAB_FACT_HUGE_ZERO;
	struct vmlab_set set;
	size_t nr;

	begin(self, (struct vmlab_index_how) { 0 }, 2);
	ASSERT_EQ(0, add(self, 0, huge_run(0x200000, 4096, 3, facts)));
	ASSERT_EQ(0, add(self, 1, huge_run(0x200000, 4096, 1, facts)));
	EXPECT_STREQ("zero", class_of(self, &set));
	EXPECT_EQ(1, set.count);
	EXPECT_EQ(21, set.shift);
	EXPECT_EQ(4, set.nr_addresses);
	EXPECT_TRUE(agrees(self, &nr));
}

TEST_F(index, swapped_page_is_found_by_its_slot)
{
	struct vmlab_run run = run_of(0x1000, 555, 1, VMLAB_FACT_SWAP | VMLAB_FACT_ASKED_WRITE);
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 2);
	run.swap_type = 3;
	run.mapcount = VMLAB_MAPCOUNT_UNKNOWN;
	ASSERT_EQ(0, add(self, 0, run));
	run.va = 0x8000;
	ASSERT_EQ(0, add(self, 1, run));
	/* The same offset of another area, and the frame of that number, are others. */
	run.swap_type = 2;
	ASSERT_EQ(0, add(self, 2, run));
	ASSERT_EQ(0, add(self, 3, run_of(0x1000, 555, 1, ANON_PAGE)));
	EXPECT_STREQ("cow", class_of(self, &set));
	EXPECT_TRUE(set.swapped);
	EXPECT_EQ(3, set.swap_type);
	EXPECT_EQ(555, set.swap_offset);
	EXPECT_EQ(VMLAB_PFN_NONE, set.pfn);
	EXPECT_EQ(2, set.nr);
}

TEST_F(index, swapped_page_of_one_process_alone_is_left_out)
{
	struct vmlab_run run = run_of(0x1000, 555, 1,
				      VMLAB_FACT_SWAP | VMLAB_FACT_SWAP_EXCLUSIVE);
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	ASSERT_EQ(0, add(self, 0, run));
	ASSERT_EQ(0, add(self, 1, run));
	EXPECT_EQ(NULL, class_of(self, &set));
}

/* One page of two mappings: facts of both, and what it has to be. */
static const struct {
	const char *class;
	const char *origin;
	uint64_t first;
	uint64_t second;
	bool alone;
	bool image;
	bool wx;
} classes[] = {
#define F(x) VMLAB_FACT_##x
	{ "cow", "cow", ANON_PAGE, ANON_PAGE, false, false, false },
	{ "same-process", "same-process", FILE_PAGE, FILE_PAGE, true, false, false },
	{ "shared-memory", "shared-memory", FILE_PAGE | F(SHMEM), FILE_PAGE | F(SHMEM),
	  false, false, false },
	{ "shared-memory", "shared-memory", FILE_PAGE | F(HUGETLB), FILE_PAGE | F(HUGETLB),
	  false, false, false },
	{ "cow", "cow", ANON_PAGE | F(HUGETLB), ANON_PAGE | F(HUGETLB), false, false, false },
	{ "shared-file", "shared-file", FILE_PAGE, FILE_PAGE, false, false, false },
	{ "library", "library", FILE_PAGE, FILE_PAGE, false, true, false },
	{ "library", "library", FILE_PAGE | F(SHMEM), FILE_PAGE | F(SHMEM), false, true, false },
	{ "ksm", "ksm", ANON_PAGE | F(KSM), ANON_PAGE | F(KSM), true, false, false },
	{ "zero", "zero", MAPPED | F(ZERO), MAPPED | F(ZERO), true, false, false },
	{ "vdso", "vdso", MAPPED | F(EXEC), MAPPED | F(EXEC), false, false, false },
	{ "vdso", "vdso", F(PRESENT) | F(READ) | F(PFNMAP), F(PRESENT) | F(READ) | F(PFNMAP),
	  false, false, false },
	{ "device", "device", F(PRESENT) | F(READ) | F(PFNMAP) | F(VMA_FILE),
	  F(PRESENT) | F(READ) | F(PFNMAP) | F(VMA_FILE), false, false, false },
	/* One can write, the other one can not. */
	{ "mixed-permission", "shared-memory", FILE_PAGE | F(SHMEM) | F(WRITE),
	  FILE_PAGE | F(SHMEM), false, false, false },
	{ "mixed-permission", "same-process", FILE_PAGE | F(SHMEM) | F(WRITE),
	  FILE_PAGE | F(SHMEM) | F(EXEC), true, false, true },
	/* The kernel waits for the first write: the mapping can write all the same. */
	{ "shared-file", "shared-file", FILE_PAGE | F(SHARED) | F(ASKED_WRITE),
	  FILE_PAGE | F(SHARED) | F(ASKED_WRITE) | F(WRITE), false, false, false },
	/* Both can do everything: each can write what the other one executes. */
	{ "shared-file", "shared-file", FILE_PAGE | F(SHARED) | F(ASKED_WRITE) | F(EXEC),
	  FILE_PAGE | F(SHARED) | F(ASKED_WRITE) | F(WRITE) | F(EXEC), false, false, true },
#undef F
};

TEST_F(index, classes_are_told_by_evidence)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct vmlab_run first = run_of(0x1000, 100, 1, classes[i].first);
		struct vmlab_run second = run_of(0x9000, 100, 1, classes[i].second);
		struct vmlab_set set = { 0 };

		begin(self, (struct vmlab_index_how) { 0 }, 1);
		ASSERT_EQ(0, vmlab_index_add(self->index, 0, 0, &first, classes[i].image));
		ASSERT_EQ(0, vmlab_index_add(self->index, 0, !classes[i].alone, &second,
					     classes[i].image));
		EXPECT_STREQ(classes[i].class, class_of(self, &set))
			TH_LOG("row %zu", i);
		EXPECT_STREQ(classes[i].origin, set.origin) TH_LOG("row %zu", i);
		EXPECT_EQ(classes[i].wx, set.wx) TH_LOG("row %zu", i);
		vmlab_index_free(self->index);
		self->index = NULL;
	}
}

TEST_F(index, writer_and_executor_are_two_addresses)
{
	const uint64_t shared = FILE_PAGE | VMLAB_FACT_SHMEM;
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 9, 1, shared | VMLAB_FACT_WRITE |
					 VMLAB_FACT_EXEC)));
	ASSERT_EQ(0, add(self, 0, run_of(0x5000, 9, 1, shared)));
	ASSERT_EQ(0, add(self, 1, run_of(0x7000, 9, 1, shared | VMLAB_FACT_WRITE)));
	EXPECT_STREQ("mixed-permission", class_of(self, &set));
	ASSERT_TRUE(set.wx);
	EXPECT_EQ(2, set.writer);
	EXPECT_EQ(0, set.executor);
}

TEST_F(index, one_address_that_can_do_both_is_no_alias)
{
	const uint64_t shared = FILE_PAGE | VMLAB_FACT_SHMEM;
	struct vmlab_set set;

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 9, 1, shared | VMLAB_FACT_WRITE |
					 VMLAB_FACT_EXEC)));
	ASSERT_EQ(0, add(self, 1, run_of(0x5000, 9, 1, shared)));
	EXPECT_STREQ("mixed-permission", class_of(self, &set));
	EXPECT_FALSE(set.wx);
}

TEST_F(index, page_that_is_mapped_once_is_left_out_unless_it_is_asked_for)
{
	struct vmlab_run run = run_of(0x1000, 100, 1, FILE_PAGE);
	struct vmlab_set set;

	run.mapcount = 1;
	begin(self, (struct vmlab_index_how) { 0 }, 1);
	ASSERT_EQ(0, add(self, 0, run));
	ASSERT_EQ(0, add(self, 1, run));
	EXPECT_EQ(NULL, class_of(self, &set));
	vmlab_index_free(self->index);

	begin(self, (struct vmlab_index_how) { .all = true, .singles = true }, 1);
	ASSERT_EQ(0, add(self, 0, run));
	EXPECT_STREQ("same-process", class_of(self, &set));
	EXPECT_EQ(1, set.nr_addresses);
}

TEST_F(index, one_frame_is_picked_out)
{
	const struct vmlab_index_how how = {
		.all = true, .singles = true, .only = true, .pfn = 1100,
	};
	struct vmlab_set set;

	begin(self, how, 1);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 1090, 10, FILE_PAGE)));
	ASSERT_EQ(0, add(self, 1, huge_run(0x200000, 1024, 1, FILE_PAGE)));
	ASSERT_EQ(0, add(self, 2, run_of(0x1000, 1101, 10, FILE_PAGE)));
	ASSERT_NE(NULL, class_of(self, &set));
	EXPECT_EQ(1024, set.pfn);
	EXPECT_EQ(1, set.nr);
}

TEST_F(index, address_of_two_frames_is_a_homonym)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	size_t nr;

	begin(self, (struct vmlab_index_how) { .by_address = true }, 2);
	ASSERT_EQ(0, add(self, 0, run_of(0x1000, 100, 4, ANON_PAGE)));
	ASSERT_EQ(0, add(self, 1, run_of(0x3000, 200, 4, ANON_PAGE)));
	/* The same address, the same frame: no homonym. */
	ASSERT_EQ(0, add(self, 0, run_of(0x100000, 300, 4, FILE_PAGE)));
	ASSERT_EQ(0, add(self, 1, run_of(0x100000, 300, 4, FILE_PAGE)));
	sort_all(self);
	ASSERT_EQ(0, vmlab_sets_start(self->index, &sets));
	ASSERT_EQ(1, vmlab_sets_next(sets, &set));
	EXPECT_EQ(0x3000, set.va);
	EXPECT_EQ(2, set.count);
	EXPECT_EQ(102, vmlab_sets_mapping(sets, 0).pfn);
	EXPECT_EQ(200, vmlab_sets_mapping(sets, 1).pfn);
	EXPECT_EQ(0, vmlab_sets_next(sets, &set));
	vmlab_sets_end(sets);
	EXPECT_TRUE(agrees(self, &nr));
}

/* A generator of our own: the same runs on every machine. */
static uint64_t state;

static uint64_t roll(uint64_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static const uint64_t some_facts[] = {
	FILE_PAGE, FILE_PAGE | VMLAB_FACT_ACCESSED, FILE_PAGE | VMLAB_FACT_DIRTY,
	ANON_PAGE, ANON_PAGE | VMLAB_FACT_WRITE, FILE_PAGE | VMLAB_FACT_SHMEM | VMLAB_FACT_WRITE,
	FILE_PAGE | VMLAB_FACT_EXEC | VMLAB_FACT_SHARED | VMLAB_FACT_ASKED_WRITE,
};

/* Processes full of runs of all lengths, huge ones and zero pages among them. */
static int fill(FIXTURE_DATA(index) *self, unsigned int runs, uint64_t frames)
{
	size_t proc;
	unsigned int i;
	int ret = 0;

	for (proc = 0; proc < NR_PIDS && !ret; proc++) {
		uint64_t va = 0x200000;

		for (i = 0; i < runs && !ret; i++) {
			uint64_t facts = some_facts[roll(7)], pfn = roll(frames);
			struct vmlab_run run;

			switch (roll(12)) {
			case 0:
				va = (va + 0x1fffff) & ~0x1fffffULL;
				run = huge_run(va, pfn & ~511ULL, 1 + roll(2), facts);
				break;
			case 1:
				run = run_of(va, 1ULL << 40, 1 + roll(40),
					     MAPPED | VMLAB_FACT_ZERO);
				break;
			default:
				run = run_of(va, pfn, 1 + roll(roll(2) ? 3 : 70), facts);
			}
			ret = add(self, proc, run);
			va += (uint64_t)run.count << run.shift;
			va += roll(2) * PAGE;
		}
	}
	return ret;
}

TEST_F(index, sets_are_what_counting_page_by_page_gives)
{
	unsigned int lanes;
	size_t nr;

	for (lanes = 1; lanes <= VMLAB_INDEX_LANES; lanes += 3) {
		state = lanes;
		begin(self, (struct vmlab_index_how) { 0 }, lanes);
		ASSERT_EQ(0, fill(self, 600, 8192));
		sort_all(self);
		EXPECT_TRUE(agrees(self, &nr)) TH_LOG("%u lanes", lanes);
		EXPECT_LT(1000, nr);
		vmlab_index_free(self->index);
		self->index = NULL;
		self->want.nr = 0;
		self->got.nr = 0;
	}
}

TEST_F(index, ranges_are_what_counting_page_by_page_gives)
{
	size_t nr;

	state = 99;
	begin(self, (struct vmlab_index_how) { .by_address = true }, 2);
	ASSERT_EQ(0, fill(self, 600, 8192));
	sort_all(self);
	EXPECT_TRUE(agrees(self, &nr));
	EXPECT_LT(100, nr);
}

TEST_F(index, frames_that_no_machine_has_are_refused)
{
	struct vmlab_run run = run_of(0x1000, 1ULL << 43, 1, FILE_PAGE);

	begin(self, (struct vmlab_index_how) { 0 }, 1);
	EXPECT_EQ(-EBADMSG, vmlab_index_add(self->index, 0, 0, &run, false));
	run = run_of(0x1000, 1ULL << 38, 1, VMLAB_FACT_SWAP);
	EXPECT_EQ(-EBADMSG, vmlab_index_add(self->index, 0, 0, &run, false));
	run = run_of(0x1000, 1, 1, FILE_PAGE);
	run.shift = 63;
	EXPECT_EQ(-EBADMSG, vmlab_index_add(self->index, 0, 0, &run, false));
	run = run_of(1ULL << 57, 1, 1, FILE_PAGE);
	EXPECT_EQ(-EBADMSG, vmlab_index_add(self->index, 0, 0, &run, false));
	/* As long as it is allowed to be, and longer than one span has room for. */
	run = run_of(0x1000, 1, 1U << 31, FILE_PAGE);
	run.count = 0xffffffffU;
	EXPECT_EQ(0, vmlab_index_add(self->index, 0, 0, &run, false));
}

TEST_HARNESS_MAIN
