// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_absent.c - entries that hold no translation, and what they stand for: a
 * place in a swap area, a frame on its way, the memory of a write protection, a
 * page that the hardware has spoilt, a guard.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "counter.h"
#include "fixture.h"
#include "look.h"
#include "swaparea.h"
#include "victim.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

#define F(name)		VMLAB_FACT_ ## name
#define ASKED_RW	(F(VMA) | F(ASKED_READ) | F(ASKED_WRITE))

/* Swap. */

#define NR	32

FIXTURE(swapped)
{
	struct look look;
	struct swaparea area;
	const char *missing;
	char *pages;
};

FIXTURE_SETUP(swapped)
{
	/* madvise() pages out what its own CPU still keeps for its LRU lists, and no other's. */
	ASSERT_EQ(0, fixture_stay_on(0));
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->missing = swaparea_on(&self->area, 64UL << 20);
	self->pages = fixture_anon(NR * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->pages);
	fixture_write(self->pages, NR * PAGE);
}

FIXTURE_TEARDOWN(swapped)
{
	munmap(self->pages, NR * PAGE);
	if (!self->missing)
		swaparea_off(&self->area);
	look_close(&self->look);
}

/* Pages that pagemap calls swapped, after the kernel was asked to swap them all. */
static int swap_out(struct look *look, char *pages)
{
	int i, tries, nr = 0;

	for (tries = 0; tries < 20 && nr < NR; tries++) {
		madvise(pages, NR * PAGE, MADV_PAGEOUT);
		for (i = nr = 0; i < NR; i++)
			nr += !!(witness_page(&look->witness, pages + i * PAGE) & PM_SWAP);
	}
	return nr;
}

TEST_F(swapped, pages_are_where_pagemap_says)
{
	struct vmlab_run leaf;
	long before, after;
	int i;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	before = counter_named("/proc/meminfo", "SwapFree:");
	ASSERT_EQ(NR, swap_out(&self->look, self->pages));
	after = counter_named("/proc/meminfo", "SwapFree:");
	EXPECT_LE(NR * 4, before - after);
	for (i = 0; i < NR; i++) {
		uint64_t word = witness_page(&self->look.witness, self->pages + i * PAGE);

		ASSERT_STREQ("", look_at(&self->look, self->pages + i * PAGE, &leaf));
		EXPECT_EQ(F(SWAP) | F(SWAP_EXCLUSIVE) | ASKED_RW, LOOK_FACTS(leaf))
			TH_LOG("0x%llx", leaf.facts);
		EXPECT_EQ(PM_SWAP_TYPE(word), leaf.swap_type);
		EXPECT_EQ(PM_SWAP_OFFSET(word), leaf.pfn);
		EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, leaf.mapcount);
		EXPECT_FALSE(self->look.walk.out_flags & VMLAB_OUT_MAPPED);
	}
}

TEST_F(swapped, pages_never_merge_into_runs)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int nr = 0;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	ASSERT_EQ(NR, swap_out(&self->look, self->pages));
	ASSERT_EQ(0, vmlab_scan_start(&scan, self->look.target, (uintptr_t)self->pages,
				      (uintptr_t)self->pages + NR * PAGE, NULL, 0));
	while (vmlab_scan_next(&scan, &run) == 1) {
		EXPECT_EQ(1, run.count);
		EXPECT_EQ((uintptr_t)self->pages + nr * PAGE, run.va);
		nr++;
	}
	vmlab_scan_end(&scan);
	EXPECT_EQ(NR, nr);
}

TEST_F(swapped, pages_shared_by_fork_are_one_place_and_exclusive_to_none)
{
	struct vmlab_run mine, theirs;
	struct victim child;
	struct look other;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	ASSERT_EQ(NR, swap_out(&self->look, self->pages));
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	ASSERT_EQ(0, look_open(&other, child.pid));
	ASSERT_STREQ("", look_at(&self->look, self->pages, &mine));
	ASSERT_STREQ("", look_at(&other, self->pages, &theirs));
	EXPECT_EQ(F(SWAP) | ASKED_RW, LOOK_FACTS(mine)) TH_LOG("0x%llx", mine.facts);
	EXPECT_EQ(F(SWAP) | ASKED_RW, LOOK_FACTS(theirs)) TH_LOG("0x%llx", theirs.facts);
	EXPECT_EQ(mine.pfn, theirs.pfn);
	EXPECT_EQ(mine.swap_type, theirs.swap_type);
	look_close(&other);
	victim_kill(&child);
}

TEST_F(swapped, pages_come_back_when_they_are_touched)
{
	struct vmlab_run leaf;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	ASSERT_EQ(NR, swap_out(&self->look, self->pages));
	self->pages[0] = 2;
	ASSERT_STREQ("", look_at(&self->look, self->pages, &leaf));
	EXPECT_EQ(F(PRESENT) | F(READ) | F(WRITE) | F(FRAME) | F(ANON) | F(EXCLUSIVE),
		  leaf.facts & (F(PRESENT) | F(READ) | F(WRITE) | F(FRAME) | F(ANON) |
				F(EXCLUSIVE) | F(SWAP)));
}

TEST_F(swapped, pages_of_shared_memory_leave_nothing_behind)
{
	char *shared = mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct vmlab_run leaf;
	int tries;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	fixture_write(shared, NR * PAGE);
	for (tries = 0; tries < 20; tries++) {
		madvise(shared, NR * PAGE, MADV_PAGEOUT);
		if (!(witness_page(&self->look.witness, shared) & PM_PRESENT))
			break;
	}
	ASSERT_GT(20, tries);
	ASSERT_STREQ("", look_at(&self->look, shared, &leaf));
	EXPECT_EQ(0, leaf.count);
}

/* Write protection by userfaultfd. */

FIXTURE(protected)
{
	struct look look;
	int uffd;
};

FIXTURE_SETUP(protected)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->uffd = fixture_uffd();
}

FIXTURE_TEARDOWN(protected)
{
	close(self->uffd);
	look_close(&self->look);
}

static int write_protect(int uffd, void *at, size_t size, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)at, .len = size },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static int watch_writes(int uffd, void *at, size_t size)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)at, .len = size },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

TEST_F(protected, page_is_present_and_says_so)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_run leaf;

	if (self->uffd < 0)
		SKIP(return, "this kernel's userfaultfd cannot write-protect");
	page[0] = 1;
	ASSERT_EQ(0, watch_writes(self->uffd, page, PAGE));
	ASSERT_EQ(0, write_protect(self->uffd, page, PAGE, true));
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(F(PRESENT) | F(UFFD_WP), leaf.facts & (F(PRESENT) | F(UFFD_WP) | F(WRITE)));
	EXPECT_TRUE(witness_page(&self->look.witness, page) & PM_UFFD_WP);
	ASSERT_EQ(0, write_protect(self->uffd, page, PAGE, false));
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_FALSE(leaf.facts & F(UFFD_WP));
}

TEST_F(protected, hole_of_shared_memory_is_a_marker)
{
	char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	struct vmlab_run leaf;
	int i;

	if (self->uffd < 0)
		SKIP(return, "this kernel's userfaultfd cannot write-protect shared memory");
	pages[0] = 1;
	ASSERT_EQ(0, watch_writes(self->uffd, pages, 4 * PAGE));
	ASSERT_EQ(0, write_protect(self->uffd, pages, 4 * PAGE, true));
	ASSERT_STREQ("", look_at(&self->look, pages, &leaf));
	EXPECT_EQ(F(PRESENT) | F(UFFD_WP), leaf.facts & (F(PRESENT) | F(UFFD_WP) | F(WRITE)));
	for (i = 1; i < 4; i++) {
		ASSERT_STREQ("", look_at(&self->look, pages + i * PAGE, &leaf));
		EXPECT_EQ(F(MARKER) | F(UFFD_WP) | ASKED_RW | F(SHARED) | F(VMA_FILE),
			  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
		EXPECT_EQ(VMLAB_PFN_NONE, leaf.pfn);
		EXPECT_TRUE(witness_page(&self->look.witness, pages + i * PAGE) & PM_UFFD_WP);
	}
}

/* The rest. */

FIXTURE(entry)
{
	struct look look;
	char *page;
};

FIXTURE_SETUP(entry)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->page = fixture_anon(4 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->page);
	fixture_write(self->page, 4 * PAGE);
}

FIXTURE_TEARDOWN(entry)
{
	look_close(&self->look);
}

/* Who spoils his own memory is told so by a signal on newer kernels. */
static void on_bus_error(int signo)
{
	(void)signo;
}

TEST_F(entry, of_spoilt_memory_says_poison)
{
	struct vmlab_run before, leaf;
	uint64_t flags;

	if (!getenv("VMLAB_LAB"))
		SKIP(return, "a frame would be lost until the next boot: only in the lab");
	ASSERT_STREQ("", look_at(&self->look, self->page, &before));
	signal(SIGBUS, on_bus_error);
	if (madvise(self->page, PAGE, MADV_HWPOISON))
		SKIP(return, "this kernel spoils no memory: %s", strerror(errno));
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(F(MARKER) | F(POISON) | ASKED_RW, LOOK_FACTS(leaf))
		TH_LOG("0x%llx", leaf.facts);
	flags = witness_page_flags(&self->look.witness, before.pfn);
	EXPECT_TRUE(flags & KPF(HWPOISON));
	/* Its neighbour is none the worse. */
	ASSERT_STREQ("", look_at(&self->look, self->page + PAGE, &leaf));
	EXPECT_TRUE(leaf.facts & F(PRESENT));
}

/* Equal entries beside each other: one frame, which no run can say. */
TEST_F(entry, of_one_spoilt_page_mapped_twice_name_its_frame_twice)
{
	const int fd = fixture_memfd(PAGE, 1);
	char *pages = fixture_anon(2 * PAGE, PROT_READ);
	struct vmlab_scanner scan;
	struct vmlab_run run, leaf;
	uint64_t frame[2];
	int i;

	if (!getenv("VMLAB_LAB"))
		SKIP(return, "a frame would be lost until the next boot: only in the lab");
	for (i = 0; i < 2; i++) {
		char *page = mmap(pages + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED, fd, 0);

		ASSERT_EQ(pages + i * PAGE, page);
		fixture_write(page, PAGE);
	}
	signal(SIGBUS, on_bus_error);
	if (madvise(pages, PAGE, MADV_HWPOISON))
		SKIP(return, "this kernel spoils no memory: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		ASSERT_STREQ("", look_at(&self->look, pages + i * PAGE, &leaf));
		ASSERT_TRUE(leaf.facts & F(POISON)) TH_LOG("0x%llx", leaf.facts);
		frame[i] = leaf.pfn;
	}
	EXPECT_EQ(frame[0], frame[1]);
	ASSERT_EQ(0, vmlab_scan_start(&scan, self->look.target, (uintptr_t)pages,
				      (uintptr_t)pages + 2 * PAGE, NULL, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(1, vmlab_scan_next(&scan, &run));
		EXPECT_EQ(1, run.count);
		EXPECT_EQ(frame[i], run.pfn);
	}
	vmlab_scan_end(&scan);
}

TEST_F(entry, of_a_guard_says_guard)
{
	struct vmlab_run leaf;

	if (madvise(self->page, PAGE, MADV_GUARD_INSTALL))
		SKIP(return, "guards came with Linux 6.13");
	ASSERT_STREQ("", look_at(&self->look, self->page, &leaf));
	EXPECT_EQ(F(MARKER) | F(GUARD) | ASKED_RW, LOOK_FACTS(leaf))
		TH_LOG("0x%llx", leaf.facts);
}

/*
 * A moment's state. Taking frames out of use moves their pages, one by one, and
 * whoever looks at a few pages all the time will see one on its way.
 */
#define MOVED	256

static void *move_all(void *pages)
{
	long i, moved = 0;

	for (i = 0; i < MOVED; i++)
		moved += !madvise((char *)pages + i * PAGE, PAGE, MADV_SOFT_OFFLINE);
	return (void *)moved;
}

TEST_F(entry, of_a_page_on_its_way_keeps_the_frame_it_comes_from)
{
	const struct vmlab_filter filter = { .all_of = F(MIGRATION) };
	char *pages = fixture_anon(MOVED * PAGE, PROT_READ | PROT_WRITE);
	uint64_t frames[MOVED], i;
	struct vmlab_scanner scan;
	struct vmlab_run run;
	void *moved = NULL;
	pthread_t mover;
	int caught = 0;

	if (!getenv("VMLAB_LAB"))
		SKIP(return, "frames would be lost until the next boot: only in the lab");
	fixture_write(pages, MOVED * PAGE);
	ASSERT_EQ(0, witness_pagemap(&self->look.witness, (uintptr_t)pages, frames, MOVED));
	ASSERT_EQ(0, pthread_create(&mover, NULL, move_all, pages));
	while (pthread_tryjoin_np(mover, &moved)) {
		ASSERT_EQ(0, vmlab_scan_start(&scan, self->look.target, (uintptr_t)pages,
					      (uintptr_t)pages + MOVED * PAGE, &filter, 64));
		while (vmlab_scan_next(&scan, &run) == 1) {
			caught++;
			EXPECT_EQ(1, run.count);
			EXPECT_EQ(F(MIGRATION) | ASKED_RW, LOOK_FACTS(run))
				TH_LOG("0x%llx", run.facts);
			i = (run.va - (uintptr_t)pages) / PAGE;
			EXPECT_EQ(PM_PFN(frames[i]), run.pfn);
			EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, run.mapcount);
		}
		vmlab_scan_end(&scan);
	}
	printf("# caught %d of %ld pages on their way\n", caught, (long)moved);
	fflush(stdout);
	if (!caught)
		SKIP(return, "none of %ld pages was caught on its way", (long)moved);
}

TEST_HARNESS_MAIN
