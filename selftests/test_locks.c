// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_locks.c - how long a query keeps others out of an address space: no hold of
 * the mmap lock may take more than 200,000 instructions, whatever the target is
 * made of. Instructions are counted by the emulator (tools/lab/run -I); elsewhere
 * there is nothing to count them with, and the test says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "fixture.h"
#include "lockhold.h"
#include "ticks.h"
#include "victim.h"

#define BOUND		200000UL
#define SZ_RECS		(4UL << 20)

FIXTURE(bound)
{
	int node;
	int target;
	uint64_t end;
	char *recs;
	struct victim child;
	const char *missing;	/* what there has to be and is not, or NULL */
};

/* What a target is made of, by the target itself; false when it cannot be had. */
FIXTURE_VARIANT(bound)
{
	bool (*make)(void);
};

/* Every page there, and no two that would share a record. */
static bool make_dense(void)
{
	const size_t size = 32UL << 20;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	size_t at;

	if (!p)
		return false;
	/* Written and read pages by turns: other facts, other frames. */
	for (at = 0; at < size; at += PAGE) {
		if (at & PAGE)
			p[at] = 1;
		else
			fixture_read(p + at, PAGE);
	}
	return true;
}

/* Tables with a single entry each. */
static bool make_sparse(void)
{
	const size_t size = 4UL << 30;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	size_t at;

	for (at = 0; p && at < size; at += HUGE_2M)
		p[at] = 1;
	return p;
}

/* Upper levels only: tables that lead nowhere. */
static bool make_void(void)
{
	const size_t size = 16UL << 40;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	size_t at;

	for (at = 0; p && at < 1UL << 40; at += HUGE_1G)
		p[at] = 1;
	return p;
}

/* As many VMAs as a process may have, each of a page; every other one is there. */
static bool make_vmas(void)
{
	const size_t nr = 60000;
	char *p = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	size_t i;

	if (!p)
		return false;
	for (i = 0; i < nr; i += 2) {
		p[i * PAGE] = 1;
		if (mprotect(p + i * PAGE, PAGE, PROT_READ))
			return false;
	}
	return true;
}

/* VMAs of a file, a page each, far apart: each has its own table. */
static bool make_file_vmas(void)
{
	const size_t nr = 3000;
	char *p = fixture_anon_aligned(nr * HUGE_2M, HUGE_2M);
	int fd = fixture_memfd(PAGE, 1);
	size_t i;

	for (i = 0; p && i < nr; i++) {
		if (mmap(p + i * HUGE_2M, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
			 fd, 0) == MAP_FAILED)
			return false;
	}
	return p;
}

/* Transparent huge pages: a chunk's worth of entries is that many leaves. */
static bool make_thp(void)
{
	return fixture_thp(900 * HUGE_2M);
}

/* The huge zero page, as often as one likes. */
static bool make_huge_zero(void)
{
	const size_t size = 2000 * HUGE_2M;
	char *p = fixture_anon_aligned(size, HUGE_2M);
	size_t at;

	if (!p || madvise(p, size, MADV_HUGEPAGE))
		return false;
	for (at = 0; at < size; at += HUGE_2M)
		fixture_read(p + at, 1);
	return true;
}

/* The same few huge pages of hugetlb, again and again. */
static bool make_hugetlb(void)
{
	const size_t size = 8 * HUGE_2M;
	int fd = memfd_create("hugetlb", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	size_t i;

	if (fd < 0 || ftruncate(fd, size))
		return false;
	for (i = 0; i < 200; i++)
		if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0) ==
		    MAP_FAILED)
			return false;
	return true;
}

FIXTURE_VARIANT_ADD(bound, dense_pages) { .make = make_dense };
FIXTURE_VARIANT_ADD(bound, sparse_tables) { .make = make_sparse };
FIXTURE_VARIANT_ADD(bound, empty_terabytes) { .make = make_void };
FIXTURE_VARIANT_ADD(bound, sixty_thousand_vmas) { .make = make_vmas };
FIXTURE_VARIANT_ADD(bound, vmas_of_files) { .make = make_file_vmas };
FIXTURE_VARIANT_ADD(bound, transparent_huge_pages) { .make = make_thp };
FIXTURE_VARIANT_ADD(bound, huge_zero_pages) { .make = make_huge_zero };
FIXTURE_VARIANT_ADD(bound, hugetlb_pages) { .make = make_hugetlb };

static void make(void *arg)
{
	bool (*const *maker)(void) = arg;

	if (!(*maker)())
		_exit(1);
}

FIXTURE_SETUP(bound)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct vmlab_info info = { .size = sizeof(info) };
	bool (*maker)(void) = variant->make;

	if (!getenv("VMLAB_COUNTING")) {
		self->missing = "instructions are counted in tools/lab/run -I only";
		return;
	}
	self->missing = lockhold_setup();
	if (self->missing)
		return;
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &info));
	self->end = info.out_user_end;
	self->recs = fixture_anon(SZ_RECS, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->recs);
	fixture_write(self->recs, SZ_RECS);
	if (victim_fork(&self->child, make, &maker)) {
		self->missing = "this machine has not got the memory, or no huge pages";
		return;
	}
	self->target = ask_target(self->node, self->child.pid);
	ASSERT_LE(0, self->target);
	/* Nobody else's turn comes while we hold a lock; interrupts' does. */
	counter_write("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &first));
	ASSERT_TRUE(ticks_count_instructions()) TH_LOG("a tick is no instruction here");
}

FIXTURE_TEARDOWN(bound)
{
	if (self->child.pid > 0)
		victim_kill(&self->child);
	lockhold_end();
}

/* One query, all calls it takes to get through, and what it may not exceed. */
#define MEASURED(name, calls) do {						\
	struct lockhold seen;							\
	ASSERT_EQ(0, lockhold_start());						\
	calls;									\
	ASSERT_EQ(0, lockhold_stop(&seen));					\
	EXPECT_LT(0, seen.holds);						\
	EXPECT_GE(BOUND, seen.longest);						\
	TH_LOG("%-24s %6u holds, longest %6lu, mean %6lu", name, seen.holds,	\
	       seen.longest, seen.holds ? seen.sum / seen.holds : 0);		\
} while (0)

static void scan_all(const FIXTURE_DATA(bound) *self, uint32_t nr, uint64_t all_of,
		     int calls)
{
	struct vmlab_scan scan = ask_scan(0, self->end, self->recs, nr);

	scan.all_of = all_of;
	while (calls-- && scan.start < self->end && !ask(self->target, VMLAB_SCAN, &scan))
		scan.start = scan.out_next;
}

static void vmas_all(const FIXTURE_DATA(bound) *self)
{
	struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs,
					  SZ_RECS / sizeof(struct vmlab_vma));

	while (vmas.start < self->end && !ask(self->target, VMLAB_VMAS, &vmas))
		vmas.start = vmas.out_next;
}

static void tables_all(const FIXTURE_DATA(bound) *self)
{
	struct vmlab_tables tables = ask_tables(0, self->end, self->recs,
						SZ_RECS / sizeof(struct vmlab_table));

	while (tables.start < self->end && !ask(self->target, VMLAB_TABLES, &tables))
		tables.start = tables.out_next;
}

static void walk_some(const FIXTURE_DATA(bound) *self)
{
	struct vmlab_walk walk = { .size = sizeof(walk) };
	struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs, 64);
	struct vmlab_vma *vma = (struct vmlab_vma *)self->recs;
	uint32_t i;

	if (ask(self->target, VMLAB_VMAS, &vmas))
		return;
	for (i = 0; i < vmas.out_nr; i++) {
		walk.va = vma[i].start;
		ask(self->target, VMLAB_WALK, &walk);
		walk.va = vma[i].end;
		ask(self->target, VMLAB_WALK, &walk);
	}
}

TEST_F(bound, no_query_holds_the_mmap_lock_longer)
{
	const uint32_t many = SZ_RECS / sizeof(struct vmlab_run);

	if (self->missing)
		SKIP(return, "%s", self->missing);
	MEASURED("SCAN", scan_all(self, many, 0, -1));
	MEASURED("SCAN, one by one", scan_all(self, 1, 0, 1000));
	MEASURED("SCAN for what is not", scan_all(self, many, VMLAB_FACT_DEVICE, -1));
	MEASURED("VMAS", vmas_all(self));
	MEASURED("TABLES", tables_all(self));
	MEASURED("WALK", walk_some(self));
}

TEST_HARNESS_MAIN
