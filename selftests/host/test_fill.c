// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_fill.c - fill of tables, contiguity, TLB entries and superpages, of tables and
 * runs put together by hand; and of random ones, against a count page by page.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "libvmlab.h"

#define F(x)	VMLAB_FACT_##x
#define ANON	(F(PRESENT) | F(READ) | F(WRITE) | F(FRAME) | F(ANON) | F(EXCLUSIVE))
#define P	0x25ULL		/* of an x86 entry: P, US, A */

static const struct vmlab_info x86 = {
	.out_arch = VMLAB_ARCH_X86_64, .out_page_shift = 12, .out_levels = 4,
	.out_va_bits = 48, .out_user_end = 0x7ffffffff000, .out_features = VMLAB_X86_PKU,
};

static const struct vmlab_info arm64 = {
	.out_arch = VMLAB_ARCH_ARM64, .out_page_shift = 12, .out_levels = 4,
	.out_va_bits = 48, .out_user_end = 1ULL << 48,
};

static struct vmlab_run pages(uint64_t page, uint64_t pfn, uint32_t count, uint64_t facts)
{
	return (struct vmlab_run) {
		.va = page << 12, .pfn = pfn, .count = count, .facts = facts, .entry = P,
		.level = VMLAB_LEVEL_PTE, .shift = 12,
	};
}

static struct vmlab_fill fill_of(const struct vmlab_info *info, const struct vmlab_run *runs,
				 size_t nr)
{
	struct vmlab_fill fill;
	size_t i;

	vmlab_fill_start(&fill, info);
	for (i = 0; i < nr; i++)
		if (vmlab_fill_add_run(&fill, &runs[i]))
			abort();
	vmlab_fill_end(&fill);
	return fill;
}

TEST(tables_are_summed_by_level_and_the_root_is_not_charged)
{
	static const struct vmlab_table tables[] = {
		{ .level = VMLAB_LEVEL_P4D, .nr_used = 3 },
		{ .level = VMLAB_LEVEL_PUD, .nr_used = 2, .nr_leaves = 1 },
		{ .level = VMLAB_LEVEL_PMD, .nr_used = 10 },
		{ .level = VMLAB_LEVEL_PTE, .nr_used = 512 },
		{ .level = VMLAB_LEVEL_PTE, .nr_used = 1 },
	};
	struct vmlab_info pti = x86;
	struct vmlab_fill fill;
	size_t i;

	vmlab_fill_start(&fill, &x86);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		vmlab_fill_add_table(&fill, &tables[i]);
	vmlab_fill_end(&fill);
	EXPECT_EQ(5, fill.nr_tables);
	EXPECT_EQ(5 * 4096, fill.sz_tables);
	EXPECT_EQ(4 * 4096, fill.sz_charged);
	EXPECT_EQ(2, fill.levels[VMLAB_LEVEL_PTE].tables);
	EXPECT_EQ(513, fill.levels[VMLAB_LEVEL_PTE].entries);
	EXPECT_EQ(1024, fill.levels[VMLAB_LEVEL_PTE].slots);
	EXPECT_EQ(8192, fill.levels[VMLAB_LEVEL_PTE].bytes);
	/* The root has a twin under KPTI. */
	pti.out_features |= VMLAB_X86_PTI;
	vmlab_fill_start(&fill, &pti);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		vmlab_fill_add_table(&fill, &tables[i]);
	EXPECT_EQ(6 * 4096, fill.sz_tables);
	EXPECT_EQ(4 * 4096, fill.sz_charged);
}

TEST(neighbours_are_put_together_again_whatever_cut_the_run)
{
	const struct vmlab_run runs[] = {
		pages(0x100, 0x500, 3, ANON),
		pages(0x103, 0x503, 2, ANON | F(DIRTY)),
		pages(0x105, 0x505, 1, ANON | F(DIRTY) | F(SOFT_DIRTY)),
		/* Another frame; other permissions; a hole. */
		pages(0x106, 0x900, 1, ANON),
		pages(0x107, 0x901, 1, ANON & ~F(WRITE)),
		pages(0x109, 0x903, 1, ANON & ~F(WRITE)),
	};
	struct vmlab_fill fill = fill_of(&x86, runs, ARRAY_SIZE(runs));

	EXPECT_EQ(1, fill.contiguity[2].runs);
	EXPECT_EQ(6, fill.contiguity[2].pages);
	EXPECT_EQ(3, fill.contiguity[0].runs);
	EXPECT_EQ(3, fill.contiguity[0].pages);
	EXPECT_EQ(9, fill.tlb_base);
	EXPECT_EQ(9, fill.tlb_leaves);
}

TEST(the_zero_page_is_its_own_neighbour_never)
{
	const struct vmlab_run zero = pages(0x1000, 0x77, 512, F(PRESENT) | F(READ) | F(ZERO));
	struct vmlab_fill fill = fill_of(&x86, &zero, 1);

	EXPECT_EQ(512, fill.contiguity[0].runs);
	EXPECT_EQ(512, fill.tlb_coalesced);
	EXPECT_EQ(0, fill.super_by_copy + fill.super_in_place);
}

TEST(what_the_MMU_does_not_translate_takes_no_entry)
{
	const struct vmlab_run runs[] = {
		pages(0x100, 0x500, 3, F(PROTNONE) | F(FRAME) | F(ANON)),
		pages(0x103, 7, 1, F(SWAP)),
		pages(0x104, VMLAB_PFN_NONE, 1, F(MARKER) | F(GUARD)),
	};
	struct vmlab_fill fill = fill_of(&x86, runs, ARRAY_SIZE(runs));

	EXPECT_EQ(0, fill.tlb_base);
	/* But PROT_NONE's have a frame. */
	EXPECT_EQ(3, fill.levels[VMLAB_LEVEL_PTE].leaves);
}

TEST(groups_that_coalesce_are_aligned_in_addresses_and_frames)
{
	static const struct {
		uint64_t page;
		uint64_t pfn;
		uint32_t count;
		uint64_t x86;
		uint64_t arm64;
	} cases[] = {
		{ 0x100, 0x500, 8, 1, 8 },
		{ 0x100, 0x500, 16, 2, 1 },
		{ 0x104, 0x504, 8, 2, 8 },	/* 4 and 4 */
		{ 0x102, 0x502, 8, 2 + 1 + 2, 8 },	/* 2, one of 4, 2 */
		{ 0x101, 0x501, 19, 3 + 1 + 1 + 1, 19 },	/* 3, 4, 8, 4 */
		{ 0x100, 0x504, 16, 4, 16 },	/* frames askew by 4: only groups of 4 */
		{ 0x100, 0x501, 16, 16, 16 },
		{ 0x100, 0x500, 3, 3, 3 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vmlab_run run = pages(cases[i].page, cases[i].pfn, cases[i].count,
						   ANON);

		EXPECT_EQ(cases[i].x86, fill_of(&x86, &run, 1).tlb_coalesced)
			TH_LOG("x86, case %zu", i);
		EXPECT_EQ(cases[i].arm64, fill_of(&arm64, &run, 1).tlb_coalesced)
			TH_LOG("arm64, case %zu", i);
	}
}

TEST(a_hugetlb_page_of_a_contiguous_group_is_one_entry_there)
{
	const struct vmlab_run run = {
		.va = 0x10000000, .pfn = 0x4000, .count = 2, .level = VMLAB_LEVEL_PTE,
		.shift = 16, .facts = ANON | F(HUGETLB) | F(CONT),
	};
	struct vmlab_fill fill = fill_of(&arm64, &run, 1);

	EXPECT_EQ(32, fill.tlb_base);
	EXPECT_EQ(2, fill.tlb_leaves);
	EXPECT_EQ(2, fill.tlb_coalesced);
	EXPECT_EQ(32, fill.levels[VMLAB_LEVEL_PTE].leaves);
}

TEST(superpages_to_be_are_full_blocks_that_lie_right_or_can_be_copied)
{
	const struct vmlab_run in_place = pages(0x200, 0x1000, 1024, ANON);
	const struct vmlab_run askew = pages(0x200, 0x1001, 1024, ANON);
	const struct vmlab_run file = pages(0x200, 0x1001, 1024,
					    F(PRESENT) | F(READ) | F(FRAME) | F(FILE));
	const struct vmlab_run late = pages(0x201, 0x1001, 1023, ANON);
	const struct vmlab_run two[] = {
		pages(0x200, 0x1000, 100, ANON), pages(0x264, 0x9000, 412, ANON),
	};
	const struct vmlab_run mixed[] = {
		pages(0x200, 0x1000, 100, ANON), pages(0x264, 0x1064, 412, ANON & ~F(WRITE)),
	};
	const struct vmlab_run hole[] = {
		pages(0x200, 0x1000, 100, ANON), pages(0x265, 0x1065, 411, ANON),
	};
	const struct vmlab_run huge = {
		.va = 0x200000, .pfn = 0x1000, .count = 3, .level = VMLAB_LEVEL_PMD,
		.shift = 21, .facts = ANON | F(HUGE) | F(LARGE), .entry = P | 0x80,
	};
	struct vmlab_fill fill = fill_of(&x86, &in_place, 1);

	EXPECT_EQ(2, fill.super_in_place);
	EXPECT_EQ(2, fill.tlb_super);
	EXPECT_EQ(2, fill_of(&x86, &askew, 1).super_by_copy);
	EXPECT_EQ(0, fill_of(&x86, &askew, 1).super_in_place);
	EXPECT_EQ(0, fill_of(&x86, &file, 1).super_by_copy);
	EXPECT_EQ(1, fill_of(&x86, &late, 1).super_in_place);
	EXPECT_EQ(1, fill_of(&x86, two, 2).super_by_copy);
	EXPECT_EQ(1, fill_of(&x86, two, 2).tlb_super);
	fill = fill_of(&x86, mixed, 2);
	EXPECT_EQ(0, fill.super_in_place + fill.super_by_copy);
	fill = fill_of(&x86, hole, 2);
	EXPECT_EQ(0, fill.super_in_place + fill.super_by_copy);
	fill = fill_of(&x86, &huge, 1);
	EXPECT_EQ(3, fill.super_now);
	EXPECT_EQ(3, fill.tlb_leaves);
	EXPECT_EQ(3, fill.tlb_coalesced);
	EXPECT_EQ(3 * 512, fill.tlb_base);
	/* Each keeps a table in reserve. */
	EXPECT_EQ(3 * 4096, fill.sz_reserve);
}

TEST(runs_that_no_address_space_has_are_refused)
{
	struct vmlab_run run = pages(0x7ffffffff, 1, 2, ANON);
	struct vmlab_fill fill;

	vmlab_fill_start(&fill, &x86);
	run.va = x86.out_user_end;
	EXPECT_EQ(-EBADMSG, vmlab_fill_add_run(&fill, &run));
	run.va = x86.out_user_end - 0x1000;
	EXPECT_EQ(-EBADMSG, vmlab_fill_add_run(&fill, &run));
	run = pages(0, 1, ~0U, ANON);
	run.shift = 63;
	EXPECT_EQ(-EBADMSG, vmlab_fill_add_run(&fill, &run));
}

/* The same sums page by page, in the most stupid way. */

#define NR_PAGES	4096

struct page {
	bool there;
	uint64_t pfn;
	uint64_t facts;
	uint64_t entry;
};

static bool alike(const struct page *a, const struct page *b)
{
	const uint64_t rwx = F(READ) | F(WRITE) | F(EXEC);

	return a->there && b->there && (a->facts & rwx) == (b->facts & rwx) &&
	       (a->entry & 0x98) == (b->entry & 0x98);
}

static bool fits(const struct page *p, unsigned int at, unsigned int size)
{
	unsigned int i;

	if ((at & (size - 1)) || !p[at].there || (p[at].pfn & (size - 1)))
		return false;
	for (i = 1; i < size; i++)
		if (!alike(&p[at], &p[at + i]) || p[at + i].pfn != p[at].pfn + i)
			return false;
	return true;
}

static uint64_t coalesced(const struct page *p)
{
	uint64_t nr = 0;
	unsigned int at = 0;

	while (at < NR_PAGES) {
		if (fits(p, at, 8))
			at += 8;
		else if (fits(p, at, 4))
			at += 4;
		else if (p[at].there)
			at++;
		else {
			at++;
			continue;
		}
		nr++;
	}
	return nr;
}

static uint64_t longest_as(const struct page *p, unsigned int log, uint64_t *sum)
{
	uint64_t runs = 0, len = 0;
	unsigned int at;

	*sum = 0;
	for (at = 0; at <= NR_PAGES; at++) {
		bool on = at < NR_PAGES && len && alike(&p[at - 1], &p[at]) &&
			  p[at].pfn == p[at - 1].pfn + 1;

		if (on) {
			len++;
			continue;
		}
		if (len && len >> log == 1) {
			runs++;
			*sum += len;
		}
		len = at < NR_PAGES && p[at].there;
	}
	return runs;
}

TEST(any_runs_come_to_what_a_count_page_by_page_comes_to)
{
	static const uint64_t entries[] = { P, P, P, P | 0x8, P | 0x10 };
	static struct page p[NR_PAGES];
	unsigned int round, at, len, i;

	srand(1);
	for (round = 0; round < 300; round++) {
		const uint64_t base = 0x200 * (1 + rand() % 4);
		uint64_t pfn = 0x100000, in_place = 0, by_copy = 0, all = 0, sum;
		struct vmlab_fill fill;

		memset(p, 0, sizeof(p));
		vmlab_fill_start(&fill, &x86);
		for (at = 0; at < NR_PAGES; at += len) {
			struct vmlab_run run;

			len = 1 + rand() % (rand() % 8 ? 20 : 1500);
			if (len > NR_PAGES - at)
				len = NR_PAGES - at;
			if (!(rand() % 12))
				continue;
			if (!(rand() % 3))
				pfn = (pfn + rand() % 9000) & ~(rand() % 2 ? 7ULL : 0);
			run = pages(base + at, pfn, len, rand() % 9 ? ANON : ANON & ~F(WRITE));
			if (rand() % 2)
				run.facts |= F(DIRTY);
			run.entry = entries[rand() % ARRAY_SIZE(entries)];
			ASSERT_EQ(0, vmlab_fill_add_run(&fill, &run));
			for (i = 0; i < len; i++)
				p[at + i] = (struct page) { true, pfn + i, run.facts, run.entry };
			pfn += len;
		}
		vmlab_fill_end(&fill);
		for (at = 0; at < NR_PAGES; at++)
			all += p[at].there;
		for (at = 0; at < NR_PAGES; at += 512) {
			for (i = 1; i < 512 && alike(&p[at], &p[at + i]); i++)
				;
			in_place += fits(p, at, 512);
			by_copy += i == 512 && !fits(p, at, 512);
		}
		ASSERT_EQ(all, fill.tlb_base);
		ASSERT_EQ(coalesced(p), fill.tlb_coalesced) TH_LOG("round %u", round);
		ASSERT_EQ(in_place, fill.super_in_place) TH_LOG("round %u", round);
		ASSERT_EQ(by_copy, fill.super_by_copy) TH_LOG("round %u", round);
		for (i = 0; i < 13; i++) {
			ASSERT_EQ(longest_as(p, i, &sum), fill.contiguity[i].runs)
				TH_LOG("round %u, 2^%u", round, i);
			ASSERT_EQ(sum, fill.contiguity[i].pages);
		}
	}
}

TEST(memory_types_and_keys_are_read_from_entries)
{
	struct vmlab_info info = x86;

	info.out_features |= VMLAB_X86_PAT;
	EXPECT_STREQ("WB", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P));
	EXPECT_STREQ("WC", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P | 0x8));
	EXPECT_STREQ("UC-", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P | 0x10));
	EXPECT_STREQ("UC", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P | 0x18));
	EXPECT_STREQ("WP", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P | 0x88));
	EXPECT_STREQ("WT", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PTE, P | 0x98));
	/* PS of a huge leaf is no PAT: that is bit 12. */
	EXPECT_STREQ("UC", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PMD, P | 0x98));
	EXPECT_STREQ("WT", vmlab_entry_memory_type(&info, VMLAB_LEVEL_PMD, P | 0x1098));
	EXPECT_EQ(NULL, vmlab_entry_memory_type(&x86, VMLAB_LEVEL_PTE, P));
	EXPECT_STREQ("normal", vmlab_entry_memory_type(&arm64, VMLAB_LEVEL_PTE, 0x3));
	EXPECT_STREQ("device-nGnRE", vmlab_entry_memory_type(&arm64, VMLAB_LEVEL_PTE, 0x13));
	EXPECT_EQ(NULL, vmlab_entry_memory_type(&arm64, VMLAB_LEVEL_PTE, 0x1f));
	EXPECT_EQ(5, vmlab_entry_pkey(&x86, 5ULL << 59 | P));
	EXPECT_EQ(0, vmlab_entry_pkey(&x86, P));
	EXPECT_EQ(-1, vmlab_entry_pkey(&arm64, 5ULL << 60));
	info.out_features = 0;
	EXPECT_EQ(-1, vmlab_entry_pkey(&info, 5ULL << 59 | P));
}

TEST_HARNESS_MAIN
