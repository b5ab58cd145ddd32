// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_failnth.c - every ioctl, with each thing in it failing once that can: an
 * allocation, a copy from or to the caller. Whatever fails, the answer is the right
 * one or a documented errno, nothing stays behind, and the next call works.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "inject.h"
#include "leak.h"
#include "slab.h"
#include "victim.h"

#define PAGES		1400		/* of the target; every other one is there */
#define SZ_RECS		(128 * 1024)
/* No call of ours has as many chances to fail. */
#define NTH_MAX		400

/* One call and its answer: fixed memory, so that asking allocates nothing itself. */
struct question {
	int node;
	int pagemap;
	int mem;
	int tid;			/* of the target, which is blocked */
	int target;
	uint64_t start;			/* of the target's pages */
	uint64_t kernel;		/* of the kernel's image, which lies still */
	uint64_t kernel_end;
	union {
		struct vmlab_info info;
		struct vmlab_open open;
		struct vmlab_walk walk;
		struct vmlab_scan scan;
		struct vmlab_vmas vmas;
		struct vmlab_tables tables;
		struct vmlab_kregions kregions;
		struct vmlab_frames frames;
		struct vmlab_cpus cpus;
		struct vmlab_mm mm;
		struct vmlab_thread thread;
	} arg;
	char *recs;			/* SZ_RECS bytes */
};

typedef int (*asker)(struct question *q);

static int info(struct question *q)
{
	q->arg.info = (struct vmlab_info) { .size = sizeof(q->arg.info) };
	return ask(q->node, VMLAB_INFO, &q->arg.info);
}

static int open_target(struct question *q)
{
	q->arg.open = (struct vmlab_open) { .size = sizeof(q->arg.open), .fd = q->pagemap };
	return ask(q->node, VMLAB_OPEN, &q->arg.open);
}

static int walk(struct question *q, uint64_t va)
{
	q->arg.walk = (struct vmlab_walk) { .size = sizeof(q->arg.walk), .va = va };
	return ask(q->target, VMLAB_WALK, &q->arg.walk);
}

static int walk_in_vma(struct question *q)
{
	return walk(q, q->start);
}

static int walk_outside(struct question *q)
{
	return walk(q, 0);
}

static int scan(struct question *q, uint32_t nr)
{
	q->arg.scan = ask_scan(q->start, q->start + PAGES * PAGE, q->recs, nr);
	return ask(q->target, VMLAB_SCAN, &q->arg.scan);
}

static int scan_little(struct question *q)
{
	return scan(q, 2);
}

static int scan_much(struct question *q)
{
	return scan(q, SZ_RECS / sizeof(struct vmlab_run));
}

/* Into memory that is not there yet: the copy out has to wait for it, or fails. */
static int scan_untouched(struct question *q)
{
	madvise(q->recs, SZ_RECS, MADV_DONTNEED);
	return scan_much(q);
}

static int scan_raw(struct question *q)
{
	madvise(q->recs, SZ_RECS, MADV_DONTNEED);
	q->arg.scan = ask_scan(q->start, q->start + PAGES * PAGE, q->recs,
			       SZ_RECS / sizeof(struct vmlab_raw));
	q->arg.scan.format = VMLAB_FORMAT_RAW;
	q->arg.scan.rec_size = sizeof(struct vmlab_raw);
	return ask(q->target, VMLAB_SCAN, &q->arg.scan);
}

static int vmas(struct question *q)
{
	q->arg.vmas = ask_vmas(0, q->start + PAGES * PAGE, q->recs,
			       SZ_RECS / sizeof(struct vmlab_vma));
	return ask(q->target, VMLAB_VMAS, &q->arg.vmas);
}

static int tables(struct question *q)
{
	q->arg.tables = ask_tables(0, q->start + PAGES * PAGE, q->recs,
				   SZ_RECS / sizeof(struct vmlab_table));
	return ask(q->target, VMLAB_TABLES, &q->arg.tables);
}

static int kwalk(struct question *q)
{
	q->arg.walk = (struct vmlab_walk) { .size = sizeof(q->arg.walk), .va = q->kernel };
	return ask(q->node, VMLAB_KWALK, &q->arg.walk);
}

static int kscan(struct question *q, uint32_t nr)
{
	q->arg.scan = ask_scan(q->kernel, q->kernel_end, q->recs, nr);
	/* Code and constants alone: data gets dirty. */
	q->arg.scan.none_of = VMLAB_FACT_WRITE;
	return ask(q->node, VMLAB_KSCAN, &q->arg.scan);
}

static int kscan_little(struct question *q)
{
	return kscan(q, 1);
}

static int kscan_untouched(struct question *q)
{
	madvise(q->recs, SZ_RECS, MADV_DONTNEED);
	return kscan(q, SZ_RECS / sizeof(struct vmlab_run));
}

static int kregions(struct question *q)
{
	q->arg.kregions = (struct vmlab_kregions) { .size = sizeof(q->arg.kregions) };
	return ask(q->node, VMLAB_KREGIONS, &q->arg.kregions);
}

static void find_kernel(struct question *q)
{
	const struct vmlab_kregion *region = q->arg.kregions.out_regions;
	uint32_t i;

	if (kregions(q))
		return;
	for (i = 0; i < q->arg.kregions.out_nr; i++) {
		if (region[i].kind != VMLAB_KREGION_IMAGE)
			continue;
		q->kernel = region[i].start;
		q->kernel_end = region[i].end;
	}
}

static int frames(struct question *q)
{
	q->arg.frames = ask_frame_list(1000, 1100, q->recs, SZ_RECS / sizeof(struct vmlab_frame));
	return ask(q->node, VMLAB_FRAMES, &q->arg.frames);
}

static int cpus(struct question *q)
{
	/* The one that the fixture is bound to: on others anybody may run. */
	q->arg.cpus = ask_cpus(q->recs, SZ_RECS / sizeof(struct vmlab_cpu));
	q->arg.cpus.end = 1;
	return ask(q->node, VMLAB_CPUS, &q->arg.cpus);
}

static int mm(struct question *q)
{
	q->arg.mm = (struct vmlab_mm) {
		.size = sizeof(q->arg.mm),
		.buf = (uintptr_t)q->recs,
		.nr_recs = VMLAB_ROOT_ENTRIES,
		.rec_size = sizeof(struct vmlab_root_entry),
	};
	return ask(q->target, VMLAB_MM, &q->arg.mm);
}

static int thread(struct question *q)
{
	q->arg.thread = (struct vmlab_thread) {
		.size = sizeof(q->arg.thread), .fd = q->mem, .tid = q->tid,
	};
	return ask(q->target, VMLAB_THREAD, &q->arg.thread);
}

FIXTURE(faults)
{
	struct question q;
	struct victim child;
	char *expected;		/* records of the answer that nothing disturbed */
	const char *missing;	/* what there has to be and is not, or NULL */
	long users;		/* of the module */
	int files;
};

FIXTURE_SETUP(faults)
{
	char *pages, path[64];
	int i;

	self->missing = inject_setup();
	if (self->missing)
		return;
	ASSERT_EQ(0, fixture_stay_on(0));
	self->q.node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->q.node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->q.recs = fixture_anon(SZ_RECS, PROT_READ | PROT_WRITE);
	self->expected = malloc(SZ_RECS);
	pages = fixture_anon(PAGES * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_TRUE(self->q.recs && self->expected && pages);
	for (i = 0; i < PAGES; i += 2)
		pages[i * PAGE] = 1;
	self->q.start = (uintptr_t)pages;
	ASSERT_EQ(0, victim_fork(&self->child, NULL, NULL));
	/* Its pages are its own from here on, and do not change any more. */
	munmap(pages, PAGES * PAGE);
	self->q.pagemap = ask_pagemap(self->child.pid);
	ASSERT_LE(0, self->q.pagemap);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)self->child.pid);
	self->q.mem = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->q.mem);
	self->q.tid = self->child.pid;
	find_kernel(&self->q);
	ASSERT_NE(0, self->q.kernel);
	self->users = leak_module_users();
	self->files = ask_open_files();
	ASSERT_LT(0, self->users);
}

FIXTURE_TEARDOWN(faults)
{
	if (self->child.pid > 0)
		victim_kill(&self->child);
}

static bool documented(int ret)
{
	return !ret || ret == -ENOMEM || ret == -EFAULT;
}

/*
 * @asker with its first chance to fail failing, its second, ... until it has no more.
 * Each time on a target of its own: the first query on one allocates. How often
 * something failed.
 */
static int sweep(struct __test_metadata *_metadata, FIXTURE_DATA(faults) *self, asker asker)
{
	struct question *q = &self->q, undisturbed;
	unsigned int nth;
	int ret;
	bool failed = true;

	memset(q->recs, 0, SZ_RECS);
	q->target = ask_open(q->node, q->pagemap);
	ASSERT_LE(0, q->target);
	ASSERT_EQ(0, asker(q));
	close(q->target);
	undisturbed = *q;
	memcpy(self->expected, q->recs, SZ_RECS);

	for (nth = 1; failed && nth < NTH_MAX; nth++) {
		q->target = ask_open(q->node, q->pagemap);
		ASSERT_LE(0, q->target);
		memset(q->recs, 0, SZ_RECS);
		inject_arm(nth);
		ret = asker(q);
		failed = inject_disarm();
		EXPECT_TRUE(failed ? documented(ret) : !ret) TH_LOG("%u: %d", nth, ret);
		if (!ret) {
			EXPECT_EQ(0, memcmp(&q->arg, &undisturbed.arg, sizeof(q->arg)));
			EXPECT_EQ(0, memcmp(q->recs, self->expected, SZ_RECS));
		}
		memset(q->recs, 0, SZ_RECS);
		EXPECT_EQ(0, asker(q)) TH_LOG("the call after fault %u", nth);
		EXPECT_EQ(0, memcmp(&q->arg, &undisturbed.arg, sizeof(q->arg)));
		EXPECT_EQ(0, memcmp(q->recs, self->expected, SZ_RECS));
		close(q->target);
		ASSERT_EQ(self->files, ask_open_files()) TH_LOG("after fault %u", nth);
		ASSERT_EQ(self->users, leak_module_users()) TH_LOG("after fault %u", nth);
	}
	EXPECT_GT(NTH_MAX, nth);
	TH_LOG("%u faults injected", nth - 2);
	return (int)nth - 2;
}

/* The struct in and the struct out, and then what else there is. */
TEST_F_TIMEOUT(faults, INFO_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, info));
}

TEST_F_TIMEOUT(faults, WALK_in_a_VMA_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, walk_in_vma));
}

TEST_F_TIMEOUT(faults, WALK_outside_all_VMAs_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, walk_outside));
}

TEST_F_TIMEOUT(faults, SCAN_into_two_records_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(4, sweep(_metadata, self, scan_little));
	EXPECT_EQ(2, self->q.arg.scan.out_nr);
}

TEST_F_TIMEOUT(faults, SCAN_in_several_chunks_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(5, sweep(_metadata, self, scan_much));
	EXPECT_EQ(PAGES / 2, self->q.arg.scan.out_nr);
}

TEST_F_TIMEOUT(faults, SCAN_into_untouched_memory_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(10, sweep(_metadata, self, scan_untouched));
}

TEST_F_TIMEOUT(faults, SCAN_of_raw_entries_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(4, sweep(_metadata, self, scan_raw));
	EXPECT_LT(0, self->q.arg.scan.out_nr);
}

TEST_F_TIMEOUT(faults, VMAS_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(4, sweep(_metadata, self, vmas));
	EXPECT_LT(5, self->q.arg.vmas.out_nr);
}

TEST_F_TIMEOUT(faults, TABLES_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(4, sweep(_metadata, self, tables));
	EXPECT_LT(5, self->q.arg.tables.out_nr);
}

TEST_F_TIMEOUT(faults, KWALK_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, kwalk));
	EXPECT_LE(3, self->q.arg.walk.out_nr_levels);
}

TEST_F_TIMEOUT(faults, KSCAN_into_one_record_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(4, sweep(_metadata, self, kscan_little));
	EXPECT_EQ(1, self->q.arg.scan.out_nr);
}

TEST_F_TIMEOUT(faults, KSCAN_into_untouched_memory_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(5, sweep(_metadata, self, kscan_untouched));
	EXPECT_LT(1, self->q.arg.scan.out_nr);
}

TEST_F_TIMEOUT(faults, KREGIONS_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, kregions));
	EXPECT_LT(4, self->q.arg.kregions.out_nr);
}

TEST_F_TIMEOUT(faults, FRAMES_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	/* It takes no memory: the struct in and out, and the records. */
	EXPECT_LE(3, sweep(_metadata, self, frames));
	EXPECT_EQ(100, self->q.arg.frames.out_nr);
}

TEST_F_TIMEOUT(faults, CPUS_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	/* As FRAMES. */
	EXPECT_LE(3, sweep(_metadata, self, cpus));
	EXPECT_EQ(1, self->q.arg.cpus.out_nr);
}

TEST_F_TIMEOUT(faults, MM_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, mm));
	EXPECT_NE(0, self->q.arg.mm.out_root);
}

/*
 * A process of its own each time: what is kept of it would be seen among the
 * kernel's address spaces.
 */
TEST_F_TIMEOUT(faults, OPEN_fails_cleanly_and_holds_no_address_space_whatever_fails_in_it, 300)
{
	const int rounds = 4;
	struct question *q = &self->q;
	long before, after, kept;
	unsigned int nth, calls = 0, faults = 0;
	bool failed = true;
	int ret, round, pagemap = q->pagemap;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	before = slab_count("mm_struct");
	ASSERT_LT(0, before);
	for (round = 0; round < rounds; round++) {
		for (nth = 1, failed = true; failed && nth < NTH_MAX; nth++) {
			struct victim child;
			int files;

			ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
			q->pagemap = ask_pagemap(child.pid);
			ASSERT_LE(0, q->pagemap);
			files = ask_open_files();

			inject_arm(nth);
			ret = open_target(q);
			failed = inject_disarm();
			calls++;
			faults += failed;
			EXPECT_TRUE(failed ? documented(ret) : !ret) TH_LOG("%u: %d", nth, ret);
			if (!ret)
				close(q->arg.open.out_fd);
			ASSERT_EQ(files, ask_open_files()) TH_LOG("after fault %u", nth);
			ASSERT_EQ(self->users, leak_module_users()) TH_LOG("after fault %u", nth);

			ASSERT_EQ(0, open_target(q)) TH_LOG("after fault %u", nth);
			q->target = q->arg.open.out_fd;
			EXPECT_EQ(0, walk_in_vma(q));
			close(q->target);
			close(q->pagemap);
			victim_kill(&child);
		}
		EXPECT_GT(NTH_MAX, nth);
	}
	/* The struct in and out, the target, the descriptor's inode-less file. */
	EXPECT_LE(4 * rounds, (int)faults);
	q->pagemap = pagemap;
	/* What ended just now may still wait for RCU. */
	for (nth = 0; nth < 20; nth++) {
		after = slab_count("mm_struct");
		kept = after - before;
		if (kept < rounds)
			break;
		usleep(100000);
	}
	EXPECT_GT(rounds, kept)
		TH_LOG("%ld address spaces more than before, after %u opens", kept, calls);
	TH_LOG("%u faults injected", faults);
}

TEST_F_TIMEOUT(faults, THREAD_fails_cleanly_whatever_fails_in_it, 120)
{
	if (self->missing)
		SKIP(return, "%s", self->missing);
	EXPECT_LE(2, sweep(_metadata, self, thread));
	EXPECT_NE(0, self->q.arg.thread.out_tp);
}

/* The last one: it finds what all those above have left. */
TEST_F_TIMEOUT(faults, nothing_is_left_that_kmemleak_finds, 600)
{
	char *report = malloc(1 << 16);
	asker askers[] = { info, walk_in_vma, walk_outside, scan_untouched, scan_raw, vmas,
			   tables, thread, kwalk, kscan_untouched, kregions, frames,
			   cpus, mm };
	size_t i;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	if (leak_scan_missing())
		SKIP(return, "%s", leak_scan_missing());
	ASSERT_NE(NULL, report);
	for (i = 0; i < ARRAY_SIZE(askers); i++)
		EXPECT_LE(2, sweep(_metadata, self, askers[i]));
	EXPECT_EQ(0, leak_scan_end(report, 1 << 16)) TH_LOG("%s", report);
}

TEST_HARNESS_MAIN
