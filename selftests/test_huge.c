// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_huge.c - leaves above the last level: transparent huge pages whole and in
 * pieces, the huge zero page, hugetlb of 2 MiB and 1 GiB, untouched, forked and
 * inaccessible. Their witness, beside pagemap: smaps and meminfo count them too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "counter.h"
#include "fixture.h"
#include "look.h"
#include "victim.h"

#define F(name)		VMLAB_FACT_ ## name
#define ASKED_RW	(F(VMA) | F(ASKED_READ) | F(ASKED_WRITE))
#define USED		(F(PRESENT) | F(READ) | F(ACCESSED))
#define OWN		(F(FRAME) | F(ANON) | F(EXCLUSIVE) | F(LARGE))

/* The kernel may have no huge page left, and then it gives small ones. */
static bool is_huge(const char *area, size_t size)
{
	struct witness_area seen;

	return area && !witness_area(0, area, &seen) && seen.anon_huge_kb >= (long)(size >> 10);
}

static const char no_thp[] = "this kernel gave no huge pages";

FIXTURE(thp)
{
	struct look look;
	char *area;		/* two huge pages, */
	bool whole;		/* if they are */
};

FIXTURE_SETUP(thp)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->area = fixture_thp(2 * HUGE_2M);
	self->whole = is_huge(self->area, 2 * HUGE_2M);
}

FIXTURE_TEARDOWN(thp)
{
	look_close(&self->look);
}

TEST_F(thp, is_one_leaf_of_two_MiB_from_whichever_page_one_looks)
{
	struct vmlab_run first, leaf;
	size_t at;

	if (!self->whole)
		SKIP(return, "%s", no_thp);
	ASSERT_STREQ("", look_at(&self->look, self->area, &first));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | F(HUGE) | OWN | ASKED_RW, LOOK_FACTS(first))
		TH_LOG("0x%llx", first.facts);
	EXPECT_EQ(VMLAB_LEVEL_PMD, first.level);
	EXPECT_EQ(21, first.shift);
	EXPECT_EQ(1, first.mapcount);
	EXPECT_EQ(0, first.pfn & 511);
	for (at = PAGE; at < HUGE_2M; at += 37 * PAGE) {
		ASSERT_STREQ("", look_at(&self->look, self->area + at, &leaf));
		EXPECT_EQ(0, memcmp(&first, &leaf, sizeof(leaf)));
	}
}

TEST_F(thp, forked_is_one_frame_for_both_and_writable_for_none)
{
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;

	if (!self->whole)
		SKIP(return, "%s", no_thp);
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, self->area, &mine));
	ASSERT_STREQ("", look_at(&other, self->area, &theirs));
	EXPECT_EQ(VMLAB_LEVEL_PMD, mine.level);
	EXPECT_EQ(mine.pfn, theirs.pfn);
	EXPECT_EQ(2, mine.mapcount);
	EXPECT_EQ(0, (mine.facts | theirs.facts) & (F(WRITE) | F(EXCLUSIVE)));
	look_close(&other);
	victim_kill(&child);
}

TEST_F(thp, of_which_a_page_is_protected_is_mapped_by_small_entries)
{
	struct vmlab_run before, leaf;
	size_t i;

	if (!self->whole)
		SKIP(return, "%s", no_thp);
	ASSERT_STREQ("", look_at(&self->look, self->area, &before));
	ASSERT_EQ(0, mprotect(self->area + 7 * PAGE, PAGE, PROT_READ));
	for (i = 0; i < 512; i += i < 10 ? 1 : 61) {
		ASSERT_STREQ("", look_at(&self->look, self->area + i * PAGE, &leaf));
		EXPECT_EQ(VMLAB_LEVEL_PTE, leaf.level);
		EXPECT_EQ(before.pfn + i, leaf.pfn);
		EXPECT_EQ(1, leaf.mapcount);
		EXPECT_EQ(F(LARGE), leaf.facts & (F(LARGE) | F(HUGE)));
		EXPECT_EQ(i == 7 ? 0 : F(ASKED_WRITE), leaf.facts & F(ASKED_WRITE));
		EXPECT_TRUE(i != 7 || !(leaf.facts & F(WRITE)));
	}
	/* The other one is whole. */
	ASSERT_STREQ("", look_at(&self->look, self->area + HUGE_2M, &leaf));
	EXPECT_EQ(VMLAB_LEVEL_PMD, leaf.level);
}

TEST_F(thp, of_which_a_page_is_unmapped_has_a_hole_there)
{
	struct vmlab_run leaf;

	if (!self->whole)
		SKIP(return, "%s", no_thp);
	ASSERT_EQ(0, munmap(self->area + 100 * PAGE, PAGE));
	ASSERT_STREQ("", look_at(&self->look, self->area + 100 * PAGE, &leaf));
	EXPECT_EQ(0, leaf.count);
	ASSERT_STREQ("", look_at(&self->look, self->area + 99 * PAGE, &leaf));
	EXPECT_EQ(VMLAB_LEVEL_PTE, leaf.level);
	ASSERT_STREQ("", look_at(&self->look, self->area + 101 * PAGE, &leaf));
	EXPECT_EQ(VMLAB_LEVEL_PTE, leaf.level);
	EXPECT_TRUE(leaf.facts & F(LARGE));
}

TEST_F(thp, made_PROT_NONE_keeps_its_frame_in_one_leaf)
{
	struct vmlab_run before, leaf;

	if (!self->whole)
		SKIP(return, "%s", no_thp);
	ASSERT_STREQ("", look_at(&self->look, self->area, &before));
	ASSERT_EQ(0, mprotect(self->area, 2 * HUGE_2M, PROT_NONE));
	ASSERT_STREQ("", look_at(&self->look, self->area + 5 * PAGE, &leaf));
	EXPECT_EQ(F(PROTNONE) | F(ACCESSED) | F(DIRTY) | F(HUGE) | OWN | F(VMA),
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(before.pfn, leaf.pfn);
	EXPECT_EQ(VMLAB_LEVEL_PMD, leaf.level);
}

TEST_F(thp, only_read_is_the_huge_zero_page)
{
	char *area = fixture_anon_aligned(2 * HUGE_2M, HUGE_2M);
	struct vmlab_run leaf, other;

	if (counter_named("/sys/kernel/mm/transparent_hugepage/use_zero_page", "") != 1 ||
	    madvise(area, 2 * HUGE_2M, MADV_HUGEPAGE))
		SKIP(return, "this kernel has no huge zero page");
	fixture_read(area, 2 * HUGE_2M);
	ASSERT_STREQ("", look_at(&self->look, area, &leaf));
	EXPECT_EQ(VMLAB_LEVEL_PMD, leaf.level);
	EXPECT_EQ(F(PRESENT) | F(READ) | F(HUGE) | F(HUGE_ZERO) | ASKED_RW,
		  LOOK_FACTS(leaf) & ~(F(ACCESSED) | F(SPECIAL))) TH_LOG("0x%llx", leaf.facts);
	ASSERT_STREQ("", look_at(&self->look, area + HUGE_2M + 3 * PAGE, &other));
	EXPECT_EQ(leaf.pfn, other.pfn);
	/* A write to one page breaks it up into small ones that are zero still. */
	area[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, area, &leaf));
	EXPECT_FALSE(leaf.facts & F(HUGE_ZERO));
	EXPECT_TRUE(leaf.facts & F(WRITE));
}

TEST_F(thp, of_shared_memory_is_a_files)
{
	const char *knob = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	struct vmlab_run leaf;
	char *area;

	if (counter_write(knob, "always"))
		SKIP(return, "this kernel has no huge pages for shared memory");
	area = mmap(NULL, 4 * HUGE_2M, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	area = (char *)(((uintptr_t)area + HUGE_2M - 1) & ~(HUGE_2M - 1));
	fixture_write(area, HUGE_2M);
	counter_write(knob, "never");
	ASSERT_STREQ("", look_at(&self->look, area + 9 * PAGE, &leaf));
	EXPECT_EQ(VMLAB_LEVEL_PMD, leaf.level);
	EXPECT_EQ(USED | F(WRITE) | F(HUGE) | F(FRAME) | F(FILE) | F(SHMEM) | F(LARGE) |
		  F(SHARED) | F(VMA_FILE) | ASKED_RW,
		  LOOK_FACTS(leaf) & ~F(DIRTY)) TH_LOG("0x%llx", leaf.facts);
}

/* hugetlb: what is there is reserved at boot (1 GiB) or now (2 MiB). */

static const char no_hugetlb[] =
	"no hugetlb page of this size: boot with hugepagesz=1G hugepages=1";

FIXTURE(hugetlb)
{
	struct look look;
	bool enough;
};

FIXTURE_VARIANT(hugetlb)
{
	unsigned int shift;
	unsigned int level;
	const char *pool;
};

FIXTURE_VARIANT_ADD(hugetlb, of_2_MiB)
{
	.shift = 21,
	.level = VMLAB_LEVEL_PMD,
	.pool = "/sys/kernel/mm/hugepages/hugepages-2048kB",
};

FIXTURE_VARIANT_ADD(hugetlb, of_1_GiB)
{
	.shift = 30,
	.level = VMLAB_LEVEL_PUD,
	.pool = "/sys/kernel/mm/hugepages/hugepages-1048576kB",
};

#if defined(__aarch64__)
/* Groups of 16 entries. */
FIXTURE_VARIANT_ADD(hugetlb, of_64_KiB)
{
	.shift = 16,
	.level = VMLAB_LEVEL_PTE,
	.pool = "/sys/kernel/mm/hugepages/hugepages-64kB",
};

FIXTURE_VARIANT_ADD(hugetlb, of_32_MiB)
{
	.shift = 25,
	.level = VMLAB_LEVEL_PMD,
	.pool = "/sys/kernel/mm/hugepages/hugepages-32768kB",
};
#endif

typedef FIXTURE_VARIANT(hugetlb) hugetlb_variant;

/* What the size alone says of a leaf that the MMU translates. */
static uint64_t facts_of_size(const hugetlb_variant *variant)
{
	const bool group = (variant->shift - 12) % 9;

	return (variant->level > VMLAB_LEVEL_PTE ? F(HUGE) : 0) | (group ? F(CONT) : 0);
}

static long pool(const hugetlb_variant *variant, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", variant->pool, name);
	return counter_named(path, "");
}

FIXTURE_SETUP(hugetlb)
{
	char path[128];

	ASSERT_EQ(0, look_open(&self->look, 0));
	if (pool(variant, "free_hugepages") < 1) {
		snprintf(path, sizeof(path), "%s/nr_hugepages", variant->pool);
		counter_write(path, variant->shift == 21 ? "8" : "1");
	}
	self->enough = pool(variant, "free_hugepages") >= 1;
}

FIXTURE_TEARDOWN(hugetlb)
{
	look_close(&self->look);
}

TEST_F(hugetlb, reserved_and_untouched_has_no_leaf)
{
	const size_t size = 1UL << variant->shift;
	struct vmlab_run leaf;
	char *area;
	long free;

	if (!self->enough)
		SKIP(return, "%s", no_hugetlb);
	free = pool(variant, "free_hugepages");
	area = fixture_hugetlb(size, variant->shift, MAP_PRIVATE);
	ASSERT_NE(NULL, area);
	EXPECT_EQ(1, pool(variant, "resv_hugepages"));
	ASSERT_STREQ("", look_at(&self->look, area + 3 * PAGE, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_TRUE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	EXPECT_EQ(free, pool(variant, "free_hugepages"));
}

TEST_F(hugetlb, private_and_written_is_one_exclusive_leaf)
{
	const size_t size = 1UL << variant->shift;
	struct vmlab_run leaf, same;
	char *area;
	long free;

	if (!self->enough)
		SKIP(return, "%s", no_hugetlb);
	free = pool(variant, "free_hugepages");
	area = fixture_hugetlb(size, variant->shift, MAP_PRIVATE);
	ASSERT_NE(NULL, area);
	area[5 * PAGE] = 1;
	EXPECT_EQ(free - 1, pool(variant, "free_hugepages"));
	ASSERT_STREQ("", look_at(&self->look, area, &leaf));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | facts_of_size(variant) | OWN | F(HUGETLB) |
		  F(VMA_FILE) | ASKED_RW, LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(variant->level, leaf.level);
	EXPECT_EQ(variant->shift, leaf.shift);
	EXPECT_EQ(1, leaf.mapcount);
	ASSERT_STREQ("", look_at(&self->look, area + size - 1, &same));
	EXPECT_EQ(0, memcmp(&leaf, &same, sizeof(leaf)));
}

TEST_F(hugetlb, shared_is_a_files_and_seen_by_both_after_fork)
{
	const size_t size = 1UL << variant->shift;
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;
	char *area;

	if (!self->enough)
		SKIP(return, "%s", no_hugetlb);
	area = fixture_hugetlb(size, variant->shift, MAP_SHARED);
	ASSERT_NE(NULL, area);
	area[0] = 1;
	ASSERT_EQ(0, victim_fork(&child, fixture_touch_page, area));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, area, &mine));
	ASSERT_STREQ("", look_at(&other, area + size - PAGE, &theirs));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | facts_of_size(variant) | F(FRAME) | F(FILE) |
		  F(HUGETLB) | F(LARGE) | F(SHARED) | F(VMA_FILE) | ASKED_RW, LOOK_FACTS(mine))
		TH_LOG("0x%llx", mine.facts);
	EXPECT_EQ(mine.pfn, theirs.pfn);
	EXPECT_EQ(variant->level, theirs.level);
	EXPECT_EQ(2, mine.mapcount);
	look_close(&other);
	victim_kill(&child);
}

/*
 * fork asks the table of the child's entry whether it is a shared pmd table, and then
 * copies nothing. Of 1 GiB pages that is a pud table, whose pt_share_count nobody has
 * set: it is what stood there when the frame was something else. Seen on 6.12.117 and
 * read in copy_hugetlb_page_range() of 6.1.192, 6.12.117 and 7.3.4.
 */
static bool fork_lost(const hugetlb_variant *variant, const struct vmlab_run *theirs)
{
	return variant->level == VMLAB_LEVEL_PUD && !theirs->count;
}

TEST_F(hugetlb, private_and_forked_is_writable_for_none)
{
	const size_t size = 1UL << variant->shift;
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;
	char *area;

	if (!self->enough)
		SKIP(return, "%s", no_hugetlb);
	area = fixture_hugetlb(size, variant->shift, MAP_PRIVATE);
	ASSERT_NE(NULL, area);
	area[0] = 1;
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, area, &mine));
	ASSERT_STREQ("", look_at(&other, area, &theirs));
	if (fork_lost(variant, &theirs)) {
		TH_LOG("fork left the child of this 1 GiB page nothing: a defect of the kernel");
		EXPECT_EQ(0, witness_page(&other.witness, area) & (PM_PRESENT | PM_SWAP));
		EXPECT_EQ(1, mine.mapcount);
	} else {
		EXPECT_EQ(mine.pfn, theirs.pfn);
		EXPECT_EQ(2, theirs.mapcount);
		EXPECT_EQ(0, (mine.facts | theirs.facts) & (F(WRITE) | F(EXCLUSIVE)));
	}
	look_close(&other);
	victim_kill(&child);
}

TEST_F(hugetlb, made_PROT_NONE_keeps_its_frame)
{
	const size_t size = 1UL << variant->shift;
	struct vmlab_run before, leaf;
	char *area;
	bool valid;

	if (!self->enough)
		SKIP(return, "%s", no_hugetlb);
	area = fixture_hugetlb(size, variant->shift, MAP_PRIVATE);
	ASSERT_NE(NULL, area);
	area[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, area, &before));
	ASSERT_EQ(0, mprotect(area, size, PROT_NONE));
	ASSERT_STREQ("", look_at(&self->look, area, &leaf));
	/*
	 * arm64's pte_mkcont() made entries valid (6.1, 6.12), these too: then it is the
	 * lack of AP[1] that keeps user mode out.
	 */
	valid = facts_of_size(variant) == F(CONT) && (leaf.facts & F(PRESENT));
	EXPECT_EQ(valid ? F(PRESENT) : F(PROTNONE),
		  leaf.facts & (F(PROTNONE) | F(PRESENT) | F(READ) | F(WRITE) | F(EXEC)));
	EXPECT_EQ(OWN | F(HUGETLB), leaf.facts & (OWN | F(HUGETLB)));
	EXPECT_EQ(before.pfn, leaf.pfn);
	EXPECT_EQ(before.pfn, PM_PFN(witness_page(&self->look.witness, area)));
}

TEST_HARNESS_MAIN
