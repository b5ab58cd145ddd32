// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_anon.c - anonymous memory: untouched, read, written, shared by fork and
 * parted by a write, made inaccessible, locked, merged, tagged, clean and dirty.
 * What an entry permits is also tried: a write that it permits takes no fault.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "counter.h"
#include "fixture.h"
#include "look.h"
#include "mmu.h"
#include "victim.h"

#define F(name)		VMLAB_FACT_ ## name
#define ASKED_RW	(F(VMA) | F(ASKED_READ) | F(ASKED_WRITE))
#define USED		(F(PRESENT) | F(READ) | F(ACCESSED))
#define OWN		(F(FRAME) | F(ANON) | F(EXCLUSIVE))
/* A page of anonymous memory that its process alone has and has written. */
#define WRITTEN		(USED | F(WRITE) | F(DIRTY) | OWN | ASKED_RW)

FIXTURE(anon)
{
	struct look look;
	char *page;
};

FIXTURE_SETUP(anon)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->page);
}

FIXTURE_TEARDOWN(anon)
{
	look_close(&self->look);
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Faults that a write takes. The first call makes sure that the way is paved. */
static long faults_of_write(volatile char *at)
{
	static volatile char paved;
	long before;

	minor_faults();
	paved = 1;
	before = minor_faults();
	*at = paved;
	return minor_faults() - before;
}

TEST_F(anon, untouched_has_no_leaf)
{
	struct vmlab_run leaf;

	EXPECT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(0, leaf.count);
	EXPECT_TRUE(self->look.walk.out_flags & VMLAB_OUT_IN_VMA);
	EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_MAPPED);
}

TEST_F(anon, written_is_exclusive_writable_and_dirty)
{
	struct vmlab_run leaf;

	self->page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(PM_PFN(witness_page(&self->look.witness, self->page)), leaf.pfn);
	EXPECT_EQ(1, leaf.mapcount);
	EXPECT_EQ(VMLAB_LEVEL_PTE, leaf.level);
	EXPECT_EQ(0, faults_of_write(self->page));
}

TEST_F(anon, only_read_is_the_zero_page_and_cannot_be_written)
{
	char *other = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_run leaf, too;

	fixture_read(self->page, PAGE);
	fixture_read(other, PAGE);
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(USED | F(SPECIAL) | F(ZERO) | ASKED_RW, LOOK_FACTS(leaf))
		TH_LOG("0x%llx", leaf.facts);
	EXPECT_TRUE(witness_page_flags(&self->look.witness, leaf.pfn) & KPF(ZERO_PAGE));
	ASSERT_STREQ("", look_at(&self->look, other, &too));
	EXPECT_EQ(leaf.pfn, too.pfn);

	EXPECT_EQ(1, faults_of_write(self->page));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf));
	EXPECT_NE(too.pfn, leaf.pfn);
}

TEST_F(anon, forked_is_one_frame_for_both_and_writable_for_none)
{
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;

	self->page[0] = 1;
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, self->page, &mine));
	ASSERT_STREQ("", look_at(&other, self->page, &theirs));
	EXPECT_EQ(mine.pfn, theirs.pfn);
	EXPECT_EQ(2, mine.mapcount);
	EXPECT_EQ(2, theirs.mapcount);
	EXPECT_EQ(0, mine.facts & (F(WRITE) | F(EXCLUSIVE)));
	EXPECT_EQ(0, theirs.facts & (F(WRITE) | F(EXCLUSIVE)));
	EXPECT_EQ(ASKED_RW, mine.facts & ASKED_RW);
	look_close(&other);
	victim_kill(&child);
}

static void write_one(void *at)
{
	*(volatile char *)at = 2;
}

TEST_F(anon, forked_and_then_written_by_the_child_is_two_frames)
{
	struct vmlab_run before, mine, theirs;
	struct victim child;
	struct look other;

	/*
	 * A page that another CPU still keeps for its LRU lists has a reference more, and
	 * do_wp_page() copies it though nobody else maps it: it drains its own CPU's alone.
	 */
	ASSERT_EQ(0, fixture_stay_on(0));
	self->page[0] = 1;
	victim_then(write_one, self->page);
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_STREQ("", look_at(&self->look, self->page, &before));
	ASSERT_EQ(0, victim_poke(&child));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, self->page, &mine));
	ASSERT_STREQ("", look_at(&other, self->page, &theirs));
	EXPECT_EQ(before.pfn, mine.pfn);
	EXPECT_NE(mine.pfn, theirs.pfn);
	EXPECT_EQ(WRITTEN, LOOK_FACTS(theirs));
	EXPECT_EQ(1, mine.mapcount);
	/* The last one that has the old frame still may not write: it must ask. */
	EXPECT_FALSE(mine.facts & F(WRITE));
	EXPECT_EQ(1, faults_of_write(self->page));
	ASSERT_STREQ("", look_at(&self->look, self->page, &mine));
	EXPECT_EQ(before.pfn, mine.pfn);
	EXPECT_EQ(WRITTEN, LOOK_FACTS(mine));
	look_close(&other);
	victim_kill(&child);
}

TEST_F(anon, made_PROT_NONE_keeps_its_frame)
{
	struct vmlab_run before, none, after;

	self->page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, self->page, &before));
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_NONE));
	ASSERT_STREQ("", look_at(&self->look, self->page, &none));
	EXPECT_EQ(F(PROTNONE) | F(ACCESSED) | F(DIRTY) | OWN | F(VMA), LOOK_FACTS(none))
		TH_LOG("0x%llx", none.facts);
	EXPECT_EQ(before.pfn, none.pfn);
	EXPECT_EQ(before.pfn, PM_PFN(witness_page(&self->look.witness, self->page)));
	EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_MAPPED);
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_STREQ("", look_at(&self->look, self->page, &after));
	EXPECT_EQ(before.pfn, after.pfn);
	EXPECT_TRUE(after.facts & F(PRESENT));
}

TEST_F(anon, made_read_only_or_executable_is_what_the_MMU_is_told)
{
	const struct {
		int prot;
		uint64_t asked;
		uint64_t enforced;
	} table[] = {
		{ PROT_READ, F(ASKED_READ), F(READ) },
		{ PROT_READ | PROT_EXEC, F(ASKED_READ) | F(ASKED_EXEC), F(READ) | F(EXEC) },
		{ PROT_WRITE, F(ASKED_WRITE), mmu_enforces(PROT_WRITE) },
		{ PROT_EXEC, F(ASKED_EXEC), mmu_enforces(PROT_EXEC) },
		{ PROT_READ | PROT_WRITE | PROT_EXEC,
		  F(ASKED_READ) | F(ASKED_WRITE) | F(ASKED_EXEC), F(READ) | F(WRITE) | F(EXEC) },
	};
	struct vmlab_run leaf;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);

		page[0] = 1;
		ASSERT_EQ(0, mprotect(page, PAGE, table[i].prot));
		/* What may be written is only made so by the next write. */
		if (table[i].prot & PROT_WRITE)
			page[0] = 2;
		ASSERT_STREQ("", look_at(&self->look, page, &leaf));
		EXPECT_EQ(table[i].asked,
			  leaf.facts & (F(ASKED_READ) | F(ASKED_WRITE) | F(ASKED_EXEC)));
		EXPECT_EQ(table[i].enforced, leaf.facts & (F(READ) | F(WRITE) | F(EXEC)))
			TH_LOG("prot %d", table[i].prot);
	}
}

TEST_F(anon, shared_is_memory_of_a_file_that_has_no_name)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;

	page[0] = 1;
	ASSERT_EQ(0, victim_fork(&child, fixture_touch_page, page));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, page, &mine));
	ASSERT_STREQ("", look_at(&other, page, &theirs));
	EXPECT_EQ(mine.pfn, theirs.pfn);
	EXPECT_EQ(2, mine.mapcount);
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | F(FRAME) | F(FILE) | F(SHMEM) | F(SHARED) |
		  F(VMA_FILE) | ASKED_RW, LOOK_FACTS(mine)) TH_LOG("0x%llx", mine.facts);
	look_close(&other);
	victim_kill(&child);
}

TEST_F(anon, locked_is_there_untouched_and_the_kernel_calls_it_locked)
{
	struct vmlab_run leaf;

	ASSERT_EQ(0, mlock(self->page, PAGE));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_TRUE(leaf.facts & F(PRESENT));
	EXPECT_EQ(OWN, leaf.facts & OWN);
	EXPECT_TRUE(witness_page_flags(&self->look.witness, leaf.pfn) & KPF(MLOCKED));
}

TEST_F(anon, of_the_stack_is_memory_like_any_other)
{
	struct witness_area area;
	struct vmlab_run leaf;

	ASSERT_EQ(0, witness_area(0, &leaf, &area));
	EXPECT_STREQ("[stack]", area.name);
	ASSERT_STREQ("", look_at(&self->look, &leaf, &leaf));
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
}

TEST_F(anon, is_soft_clean_after_clear_refs_and_soft_dirty_after_the_next_write)
{
	struct vmlab_run leaf;

	if (!(vmlab_session_info(self->look.session)->out_facts & F(SOFT_DIRTY)))
		SKIP(return, "this kernel keeps no soft-dirty bit on this architecture");
	self->page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_TRUE(leaf.facts & F(SOFT_DIRTY));
	ASSERT_EQ(0, counter_write("/proc/self/clear_refs", "4"));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_FALSE(leaf.facts & F(SOFT_DIRTY));
	/* Writes must be noticed: that is why the MMU may not let them pass. */
	EXPECT_FALSE(leaf.facts & F(WRITE));
	EXPECT_TRUE(leaf.facts & F(EXCLUSIVE));
	self->page[0] = 2;
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_TRUE(leaf.facts & F(SOFT_DIRTY));
	EXPECT_TRUE(leaf.facts & F(WRITE));
}

TEST_F(anon, is_old_after_clear_refs_and_accessed_after_the_next_read)
{
	struct vmlab_run leaf;

	self->page[0] = 1;
	ASSERT_EQ(0, counter_write("/proc/self/clear_refs", "1"));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_FALSE(leaf.facts & F(ACCESSED));
	/* clear_refs leaves the TLB alone; mprotect() does not. */
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	fixture_read(self->page, PAGE);
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_TRUE(leaf.facts & F(ACCESSED));
}

TEST_F(anon, under_a_protection_key_carries_it_in_the_entry)
{
	const int key = pkey_alloc(0, 0);
	struct witness_area area;
	struct vmlab_run leaf;

	if (key < 0)
		SKIP(return, "this CPU or kernel has no protection keys");
	ASSERT_EQ(0, pkey_mprotect(self->page, PAGE, PROT_READ | PROT_WRITE, key));
	self->page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf));
	EXPECT_EQ(key, leaf.entry >> 59 & 15);
	ASSERT_EQ(0, witness_area(0, self->page, &area));
	EXPECT_EQ(key, area.pkey);
	/* Keys are a thread's affair: what the tables say stays as it is. */
	ASSERT_EQ(0, pkey_set(key, PKEY_DISABLE_ACCESS));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf));
	ASSERT_EQ(0, pkey_set(key, 0));
}

TEST_F(anon, merged_by_KSM_is_one_frame_that_nobody_may_write)
{
	const size_t nr = 16;
	char *pages = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	const struct timespec nap = { .tv_nsec = 50000000 };
	struct vmlab_run leaf;
	uint64_t frame = 0;
	size_t i;
	int tries;

	memset(pages, 0x42, nr * PAGE);
	if (madvise(pages, nr * PAGE, MADV_MERGEABLE))
		SKIP(return, "this kernel has no KSM");
	counter_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	counter_write("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "1"));
	for (tries = 0; tries < 400; tries++) {
		frame = PM_PFN(witness_page(&self->look.witness, pages));
		if (witness_page_count(&self->look.witness, frame) == nr)
			break;
		nanosleep(&nap, NULL);
	}
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "0"));
	ASSERT_GT(400, tries);
	for (i = 0; i < nr; i++) {
		ASSERT_STREQ("", look_at(&self->look, pages + i * PAGE, &leaf));
		EXPECT_EQ(frame, leaf.pfn);
		EXPECT_EQ(nr, leaf.mapcount);
		EXPECT_EQ(F(FRAME) | F(ANON) | F(KSM),
			  leaf.facts & (F(FRAME) | F(ANON) | F(KSM) | F(EXCLUSIVE) | F(WRITE)));
	}
	pages[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, pages, &leaf));
	EXPECT_NE(frame, leaf.pfn);
	EXPECT_EQ(WRITTEN, LOOK_FACTS(leaf));
	ASSERT_STREQ("", look_at(&self->look, pages + PAGE, &leaf));
	EXPECT_EQ(nr - 1, leaf.mapcount);
	counter_write("/sys/kernel/mm/ksm/run", "2");
}

TEST_HARNESS_MAIN
