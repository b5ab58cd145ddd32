// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_walk.c - the tree itself: levels, indices, tables, roots, and where a walk
 * ends when there is nothing; and the machine that INFO says we are on.
 *
 * look_at() checks every walk of every test; here are the places that are special.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "fixture.h"
#include "geometry.h"
#include "look.h"
#include "mmu.h"
#include "victim.h"

FIXTURE(tree)
{
	struct look look;
	const struct vmlab_info *info;
};

FIXTURE_SETUP(tree)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->info = vmlab_session_info(self->look.session);
}

FIXTURE_TEARDOWN(tree)
{
	look_close(&self->look);
}

TEST_F(tree, is_on_the_machine_that_the_kernel_describes)
{
	EXPECT_STREQ("", mmu_machine_differs(self->info));
	EXPECT_EQ(mmu_levels(), self->info->out_levels);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), 1L << self->info->out_page_shift);
}

TEST_F(tree, has_a_user_half_that_ends_where_mmap_says)
{
	char *const end = (char *)self->info->out_user_end;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	struct vmlab_run leaf;
	char *last;

	last = mmap(end - PAGE, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	/* Where addresses are not random it is the stack's, which begins with the end. */
	if (last == MAP_FAILED && errno == EEXIST) {
		last = end - PAGE;
	} else {
		ASSERT_EQ(end - PAGE, last);
		EXPECT_STREQ("", look_at(&self->look, last, &leaf));
		EXPECT_EQ(0, leaf.count);
		last[0] = 1;
	}
	EXPECT_EQ(MAP_FAILED, mmap(end, PAGE, PROT_READ, flags, -1, 0));
	EXPECT_STREQ("", look_at(&self->look, last, &leaf));
	EXPECT_EQ((uintptr_t)last, leaf.va);
	EXPECT_EQ(511, self->look.walk.out_levels[1].index);
	/* On x86 the very last page is left out. */
	EXPECT_EQ((uintptr_t)last / PAGE & 511,
		  self->look.walk.out_levels[self->info->out_levels - 1].index);
}

TEST_F(tree, is_empty_at_address_zero)
{
	struct vmlab_run leaf;
	uint32_t i;

	EXPECT_STREQ("", look_at(&self->look, NULL, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	for (i = 0; i < self->look.walk.out_nr_levels; i++)
		EXPECT_EQ(0, self->look.walk.out_levels[i].index);
}

TEST_F(tree, ends_at_its_root_far_from_anything)
{
	/* Between what lies low and what lies below the stack. */
	const uint64_t far = 0x100000000000 + 0x123456789000;
	struct vmlab_run leaf;

	EXPECT_STREQ("", look_at(&self->look, (void *)(far / 2), &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	EXPECT_GE(self->info->out_levels - 2, self->look.walk.out_nr_levels);
}

TEST_F(tree, ends_where_a_table_is_missing_and_grows_with_the_first_touch)
{
	const size_t size = 4UL << 30;
	char *area = fixture_anon_aligned(size, size);
	char *at = area + (2UL << 30);
	const unsigned int levels = self->info->out_levels;
	struct vmlab_run leaf;
	long before, after;

	ASSERT_NE(NULL, area);
	ASSERT_EQ(0, madvise(area, size, MADV_NOHUGEPAGE));
	/* Two GiB below, and so in the same table of pud entries: that one is there then. */
	area[0] = 1;
	EXPECT_STREQ("", look_at(&self->look, at, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_TRUE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	/* A pud covers this GiB alone: nothing of it can be there yet. */
	EXPECT_EQ(levels - 2, self->look.walk.out_nr_levels);
	EXPECT_EQ(0, self->look.walk.out_levels[levels - 3].entry);

	before = counter_named("/proc/self/status", "VmPTE:");
	at[0] = 1;
	after = counter_named("/proc/self/status", "VmPTE:");
	/* A pmd table and a pte table, which the kernel counts too. */
	EXPECT_EQ(before + 8, after);
	EXPECT_STREQ("", look_at(&self->look, at, &leaf));
	EXPECT_EQ(1, leaf.count);
	EXPECT_EQ(levels, self->look.walk.out_nr_levels);

	/* Its neighbour shares the table, and is empty in it. */
	EXPECT_STREQ("", look_at(&self->look, at + PAGE, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_EQ(levels, self->look.walk.out_nr_levels);
	EXPECT_EQ(0, self->look.walk.out_levels[levels - 1].entry);
	/* Two MiB further there is a pmd table, but no pte table. */
	EXPECT_STREQ("", look_at(&self->look, at + HUGE_2M, &leaf));
	EXPECT_EQ(levels - 1, self->look.walk.out_nr_levels);
}

TEST_F(tree, shows_tables_that_unmapping_left_behind)
{
	char *area = fixture_anon(16 * PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_run leaf;

	fixture_write(area, 16 * PAGE);
	ASSERT_EQ(0, munmap(area + 4 * PAGE, 4 * PAGE));
	EXPECT_STREQ("", look_at(&self->look, area + 4 * PAGE, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	/* The pages beside it still need the table. */
	EXPECT_EQ(self->info->out_levels, self->look.walk.out_nr_levels);
	EXPECT_EQ(0, self->look.walk.out_levels[self->info->out_levels - 1].entry);
}

TEST_F(tree, has_one_root_for_all_addresses)
{
	char *anon = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	const void *const places[] = {
		NULL, anon, places, (void *)vmlab_session_open, (void *)fopen, (char *)LOW_END - PAGE,
	};
	struct vmlab_run leaf;
	uint64_t root = 0;
	size_t i;

	anon[0] = 1;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_STREQ("", look_at(&self->look, places[i], &leaf));
		if (!root)
			root = self->look.walk.out_levels[0].table_pa;
		EXPECT_EQ(root, self->look.walk.out_levels[0].table_pa);
	}
	EXPECT_NE(0, root);
}

TEST_F(tree, of_another_process_has_another_root)
{
	struct victim child;
	struct vmlab_run leaf;
	struct look other;
	uint64_t root;

	EXPECT_STREQ("", look_at(&self->look, &child, &leaf));
	root = self->look.walk.out_levels[0].table_pa;
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_EQ(0, look_open(&other, child.pid));
	EXPECT_STREQ("", look_at(&other, &child, &leaf));
	EXPECT_NE(root, other.walk.out_levels[0].table_pa);
	EXPECT_NE(0, other.walk.out_levels[0].table_pa);
	look_close(&other);
	victim_kill(&child);
}

TEST_F(tree, has_a_second_root_exactly_when_page_table_isolation_is_on)
{
	const struct vmlab_entry *kernel = &self->look.walk.out_levels[0];
	const struct vmlab_entry *user = &self->look.walk.out_user_root;
	const struct vmlab_entry none = { 0 };
	struct vmlab_run leaf;

	EXPECT_STREQ("", look_at(&self->look, &leaf, &leaf));
	EXPECT_EQ(mmu_second_root(), !!(self->look.walk.out_flags & VMLAB_OUT_USER_ROOT));
	if (!mmu_second_root()) {
		EXPECT_EQ(0, memcmp(&none, user, sizeof(none)));
		return;
	}
	/* The two lie side by side, and the kernel's copy forbids execution. */
	EXPECT_EQ(kernel->table_pa + PAGE, user->table_pa);
	EXPECT_EQ(0, kernel->table_pa & (2 * PAGE - 1));
	EXPECT_EQ(kernel->index, user->index);
	EXPECT_EQ(kernel->level, user->level);
	EXPECT_EQ(1, kernel->entry >> 63);
	EXPECT_EQ(kernel->entry & ~(1ULL << 63), user->entry);
}

TEST_F(tree, lets_execute_what_is_code_and_nothing_else)
{
	struct vmlab_run code, data;

	EXPECT_STREQ("", look_at(&self->look, (void *)vmlab_session_open, &code));
	EXPECT_TRUE(code.facts & VMLAB_FACT_EXEC);
	EXPECT_FALSE(code.facts & VMLAB_FACT_WRITE);
	EXPECT_STREQ("", look_at(&self->look, &data, &data));
	EXPECT_FALSE(data.facts & VMLAB_FACT_EXEC);
	EXPECT_TRUE(data.facts & VMLAB_FACT_WRITE);
}

TEST_HARNESS_MAIN
