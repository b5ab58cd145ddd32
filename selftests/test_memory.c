// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_memory.c - what a descriptor costs: kernel memory that is charged to whoever
 * opened it, the same for a process of any size, and given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "fixture.h"
#include "victim.h"

#define GROUP		"/sys/fs/cgroup/vmlab-selftest"
#define DESCRIPTORS	400
#define SZ_RECS		(256 * 1024)
/* The buffer, and what the kernel's allocator and files come to. */
#define BYTES_MIN	(16 * 1024)
#define BYTES_MAX	(48 * 1024)

FIXTURE(charge)
{
	int node;
	char *recs;
	int targets[DESCRIPTORS];
	const char *missing;
};

FIXTURE_SETUP(charge)
{
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->recs = fixture_anon(SZ_RECS, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->recs);
	fixture_write(self->recs, SZ_RECS);
	/* A group of our own: nobody else's memory is counted there. */
	counter_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if ((mkdir(GROUP, 0755) && errno != EEXIST) ||
	    counter_named(GROUP "/memory.current", "") < 0)
		self->missing = "this kernel has no memory control group (cgroup 2)";
	else
		ASSERT_EQ(0, counter_write(GROUP "/cgroup.procs", "0"));
}

FIXTURE_TEARDOWN(charge)
{
	counter_write("/sys/fs/cgroup/cgroup.procs", "0");
	rmdir(GROUP);
}

/* Every query once on each descriptor: bytes that one of them costs. */
static long cost(struct __test_metadata *_metadata, FIXTURE_DATA(charge) *self, pid_t pid)
{
	struct vmlab_walk walk = { .size = sizeof(walk) };
	const uint64_t end = 1ULL << 46;
	long before, after;
	int i;

	before = counter_named(GROUP "/memory.current", "");
	for (i = 0; i < DESCRIPTORS; i++) {
		struct vmlab_scan scan = ask_scan(0, end, self->recs, 5000);
		struct vmlab_vmas vmas = ask_vmas(0, end, self->recs, 3000);
		struct vmlab_tables tables = ask_tables(0, end, self->recs, 5000);

		self->targets[i] = ask_target(self->node, pid);
		ASSERT_LE(0, self->targets[i]);
		walk.va = (uintptr_t)self->recs;
		ASSERT_EQ(0, ask(self->targets[i], VMLAB_WALK, &walk));
		ASSERT_EQ(0, ask(self->targets[i], VMLAB_SCAN, &scan));
		/* Everything else once more would only take time. */
		if (i % 16)
			continue;
		ASSERT_EQ(0, ask(self->targets[i], VMLAB_VMAS, &vmas));
		ASSERT_EQ(0, ask(self->targets[i], VMLAB_TABLES, &tables));
	}
	after = counter_named(GROUP "/memory.current", "");
	for (i = 0; i < DESCRIPTORS; i++)
		close(self->targets[i]);
	return (after - before) / DESCRIPTORS;
}

/* 64 MiB of pages in 2000 VMAs, and tables for a terabyte. */
static void grow(void *arg)
{
	const size_t size = 64UL << 20;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	char *far = fixture_anon(1UL << 40, PROT_READ | PROT_WRITE);
	size_t i;

	(void)arg;
	if (!p || !far)
		_exit(1);
	fixture_write(p, size);
	for (i = 0; i < 1000; i++)
		if (mprotect(p + 2 * i * PAGE, PAGE, PROT_READ))
			_exit(1);
	for (i = 0; i < 1UL << 40; i += HUGE_1G)
		far[i] = 1;
}

TEST_F_TIMEOUT(charge, of_a_descriptor_does_not_depend_on_its_target, 250)
{
	struct victim tiny, huge;
	long of_tiny, of_huge;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	ASSERT_EQ(0, victim_fork(&tiny, NULL, NULL));
	ASSERT_EQ(0, victim_fork(&huge, grow, NULL));
	/* Once for nothing: caches of the allocator are filled then. */
	cost(_metadata, self, tiny.pid);
	of_tiny = cost(_metadata, self, tiny.pid);
	of_huge = cost(_metadata, self, huge.pid);
	TH_LOG("a descriptor costs %ld bytes, of a huge process %ld", of_tiny, of_huge);
	EXPECT_LT(BYTES_MIN, of_tiny) TH_LOG("not charged to the one who opened it?");
	EXPECT_GT(BYTES_MAX, of_tiny);
	EXPECT_LT(BYTES_MIN, of_huge);
	EXPECT_GT(BYTES_MAX, of_huge);
	/* What a CPU has charged ahead is all that may differ. */
	EXPECT_GT(2048, of_huge > of_tiny ? of_huge - of_tiny : of_tiny - of_huge);
	victim_kill(&tiny);
	victim_kill(&huge);
}

TEST_F_TIMEOUT(charge, of_descriptors_is_given_back, 250)
{
	const long before = counter_named(GROUP "/memory.current", "");
	int round;
	long kept;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	for (round = 0; round < 4; round++)
		cost(_metadata, self, 0);
	/* Files are freed when RCU has had its turn. */
	for (round = 0; round < 50; round++) {
		kept = counter_named(GROUP "/memory.current", "") - before;
		if (kept < DESCRIPTORS * 1024)
			break;
		usleep(100000);
	}
	TH_LOG("%ld bytes are still charged after %d descriptors", kept, 4 * DESCRIPTORS);
	/* Less than a tenth of one round: what the allocator keeps in reserve. */
	EXPECT_GT(DESCRIPTORS * BYTES_MAX / 10, kept);
}

TEST_HARNESS_MAIN
