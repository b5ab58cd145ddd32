// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_hidden.c - what is shown to whom. The node is root's alone; an administrator
 * may open it to others, and then the kernel still decides: who may open a pagemap,
 * and whether frames are for him, is its affair, and nothing beyond what it shows
 * there comes through here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "witness.h"

#define NOBODY	65534

/* Opened by root before rights are dropped, and a few pages to look at. */
FIXTURE(nobody)
{
	int roots_node;
	int roots_pagemap;
	char *pages;
};

#define NR_PAGES	8

FIXTURE_SETUP(nobody)
{
	self->roots_node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->roots_node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->roots_pagemap = ask_pagemap(0);
	ASSERT_LE(0, self->roots_pagemap);
	self->pages = fixture_anon(NR_PAGES * PAGE, PROT_READ | PROT_WRITE);
	fixture_write(self->pages, 4 * PAGE);
	fixture_read(self->pages + 4 * PAGE, 2 * PAGE);
	ASSERT_EQ(0, mprotect(self->pages + 2 * PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, chmod(NODE, 0666));
	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	/* Else even its own files of /proc would be root's. */
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
}

FIXTURE_TEARDOWN(nobody)
{
	close(self->roots_node);
	close(self->roots_pagemap);
}

static int walk_at(int target, const void *va, struct vmlab_walk *walk)
{
	*walk = (struct vmlab_walk) { .size = sizeof(*walk), .va = (uintptr_t)va };
	return ask(target, VMLAB_WALK, walk);
}

TEST(nobody_cannot_open_the_node)
{
	ASSERT_EQ(0, setuid(NOBODY));
	EXPECT_EQ(-1, open(NODE, O_RDWR));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(nobody, cannot_open_roots_processes_even_with_the_node)
{
	EXPECT_LE(0, open(NODE, O_RDWR | O_CLOEXEC));
	EXPECT_GT(0, ask_pagemap(1));
}

TEST_F(nobody, sees_no_frame_no_entry_and_no_level_of_its_own)
{
	const struct vmlab_entry none[VMLAB_MAX_LEVELS] = { 0 };
	const int node = open(NODE, O_RDWR | O_CLOEXEC);
	struct vmlab_open open = { .size = sizeof(open), .fd = ask_pagemap(0) };
	struct vmlab_walk walk;
	int i;

	ASSERT_LE(0, node);
	ASSERT_LE(0, open.fd);
	ASSERT_EQ(0, ask(node, VMLAB_OPEN, &open));
	EXPECT_EQ(VMLAB_OUT_HIDDEN, open.out_flags & ~VMLAB_OUT_COARSE);
	for (i = 0; i < NR_PAGES; i++) {
		ASSERT_EQ(0, walk_at(open.out_fd, self->pages + i * PAGE, &walk));
		EXPECT_TRUE(walk.out_flags & VMLAB_OUT_HIDDEN);
		EXPECT_TRUE(walk.out_flags & VMLAB_OUT_IN_VMA);
		EXPECT_FALSE(walk.out_flags & VMLAB_OUT_USER_ROOT);
		EXPECT_EQ(0, walk.out_nr_levels);
		EXPECT_EQ(0, memcmp(none, walk.out_levels, sizeof(none)));
		EXPECT_EQ(0, memcmp(none, &walk.out_user_root, sizeof(none[0])));
		EXPECT_EQ(0, walk.out_leaf.facts & ~VMLAB_FACTS_PUBLIC);
		EXPECT_EQ(0, walk.out_leaf.entry);
		if (i >= 6) {
			EXPECT_EQ(0, walk.out_leaf.count);
			continue;
		}
		EXPECT_EQ(VMLAB_PFN_NONE, walk.out_leaf.pfn);
		EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, walk.out_leaf.mapcount);
		EXPECT_TRUE(walk.out_leaf.facts & VMLAB_FACT_PRESENT);
	}
}

/* A child that waits: its registers are its parent's to see, a frame is not. */
TEST_F(nobody, learns_registers_of_its_own_threads_and_not_where_their_table_is)
{
	const int node = open(NODE, O_RDWR | O_CLOEXEC);
	struct vmlab_thread thread = { .size = sizeof(thread) };
	char path[64];
	int target;
	pid_t pid;

	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	usleep(100000);
	target = ask_target(node, pid);
	ASSERT_LE(0, target);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	thread.fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, thread.fd);
	thread.tid = pid;
	EXPECT_EQ(0, ask(target, VMLAB_THREAD, &thread));
	EXPECT_EQ(VMLAB_OUT_HIDDEN, thread.out_flags);
	EXPECT_TRUE(thread.out_known & VMLAB_THREAD_TP);
	EXPECT_NE(0, thread.out_tp);
	EXPECT_FALSE(thread.out_known & VMLAB_THREAD_ROOT);
	EXPECT_EQ(0, thread.out_root_pa);
	kill(pid, SIGKILL);
}

TEST_F(nobody, sees_by_SCAN_what_its_own_pagemap_shows_and_no_more)
{
	const uint64_t start = (uintptr_t)self->pages, end = start + NR_PAGES * PAGE;
	const int target = ask_target(open(NODE, O_RDWR | O_CLOEXEC), 0);
	struct vmlab_run runs[NR_PAGES];
	struct vmlab_scan scan = ask_scan(start, end, runs, NR_PAGES);
	uint64_t words[NR_PAGES], facts, page = 0;
	uint32_t i, j;
	int pagemap = ask_pagemap(0);

	ASSERT_LE(0, target);
	ASSERT_EQ(0, ask(target, VMLAB_SCAN, &scan));
	EXPECT_EQ(VMLAB_OUT_HIDDEN, scan.out_flags & ~VMLAB_OUT_COARSE);
	ASSERT_EQ((ssize_t)sizeof(words), pread(pagemap, words, sizeof(words), start / PAGE * 8));
	for (i = 0; i < scan.out_nr; i++) {
		facts = runs[i].facts;
		EXPECT_EQ(0, facts & ~VMLAB_FACTS_PUBLIC);
		EXPECT_EQ(0, runs[i].entry);
		EXPECT_EQ(VMLAB_PFN_NONE, runs[i].pfn);
		EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, runs[i].mapcount);
		EXPECT_EQ(start + page * PAGE, runs[i].va);
		for (j = 0; j < runs[i].count; j++, page++) {
			EXPECT_EQ(0, PM_PFN(words[page]));
			EXPECT_EQ(!(words[page] & PM_PRESENT), !(facts & VMLAB_FACT_PRESENT));
			EXPECT_EQ(!(words[page] & PM_FILE), !(facts & VMLAB_FACT_FILE));
			EXPECT_EQ(!(words[page] & PM_SOFT_DIRTY), !(facts & VMLAB_FACT_SOFT_DIRTY));
		}
	}
	EXPECT_EQ(6, page);
}

TEST_F(nobody, has_no_raw_entries)
{
	const int target = ask_target(self->roots_node, 0);
	struct vmlab_raw raws[NR_PAGES], none[NR_PAGES];
	struct vmlab_scan scan = ask_scan((uintptr_t)self->pages,
					  (uintptr_t)self->pages + NR_PAGES * PAGE, raws, NR_PAGES);

	ASSERT_LE(0, target);
	memset(raws, 0x5a, sizeof(raws));
	memset(none, 0x5a, sizeof(none));
	scan.format = VMLAB_FORMAT_RAW;
	scan.rec_size = sizeof(raws[0]);
	EXPECT_EQ(-EPERM, ask(target, VMLAB_SCAN, &scan));
	EXPECT_EQ(0, memcmp(raws, none, sizeof(raws)));
}

TEST_F(nobody, learns_nothing_from_filters_over_hidden_facts)
{
	const uint64_t start = (uintptr_t)self->pages, end = start + NR_PAGES * PAGE;
	const int target = ask_target(open(NODE, O_RDWR | O_CLOEXEC), 0);
	const uint64_t hidden = VMLAB_FACTS_KNOWN & ~VMLAB_FACTS_PUBLIC;
	struct vmlab_run runs[NR_PAGES];
	struct vmlab_scan scan = ask_scan(start, end, runs, NR_PAGES);
	uint32_t all;
	int bit;

	ASSERT_LE(0, target);
	ASSERT_EQ(0, ask(target, VMLAB_SCAN, &scan));
	all = scan.out_nr;
	ASSERT_LT(0, all);
	for (bit = 0; bit < 64; bit++) {
		if (!(hidden & 1ULL << bit))
			continue;
		scan = ask_scan(start, end, runs, NR_PAGES);
		scan.all_of = 1ULL << bit;
		ASSERT_EQ(0, ask(target, VMLAB_SCAN, &scan));
		EXPECT_EQ(0, scan.out_nr) TH_LOG("bit %d", bit);
		scan = ask_scan(start, end, runs, NR_PAGES);
		scan.none_of = 1ULL << bit;
		ASSERT_EQ(0, ask(target, VMLAB_SCAN, &scan));
		EXPECT_EQ(all, scan.out_nr) TH_LOG("bit %d", bit);
	}
}

TEST_F(nobody, sees_frames_through_what_root_has_opened_and_handed_over)
{
	struct vmlab_open open = { .size = sizeof(open), .fd = self->roots_pagemap };
	struct vmlab_walk walk;

	ASSERT_EQ(0, ask(self->roots_node, VMLAB_OPEN, &open));
	EXPECT_EQ(VMLAB_OUT_NO_VMAS, open.out_flags);
	ASSERT_EQ(0, walk_at(open.out_fd, self->pages, &walk));
	EXPECT_FALSE(walk.out_flags & VMLAB_OUT_HIDDEN);
	EXPECT_NE(VMLAB_PFN_NONE, walk.out_leaf.pfn);
	EXPECT_LT(0, walk.out_nr_levels);
}

TEST_F(nobody, does_not_gain_sight_by_using_roots_node)
{
	struct vmlab_open open = { .size = sizeof(open), .fd = ask_pagemap(0) };

	ASSERT_LE(0, open.fd);
	ASSERT_EQ(0, ask(self->roots_node, VMLAB_OPEN, &open));
	EXPECT_EQ(VMLAB_OUT_HIDDEN, open.out_flags & ~VMLAB_OUT_COARSE);
}

/* After all others, in the order of their fixtures. */
FIXTURE(node) {};
FIXTURE_SETUP(node) {}
FIXTURE_TEARDOWN(node) {}

TEST_F(node, is_roots_alone_again)
{
	struct stat st;

	ASSERT_EQ(0, chmod(NODE, 0600));
	ASSERT_EQ(0, stat(NODE, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
