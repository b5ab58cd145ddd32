// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_lifecycle.c - the module comes and goes, while others use it as if it did not:
 * a hundred times, and a hundred times more, with nothing in the kernel's log and
 * nothing left behind in its memory. VMLAB_CYCLES says how many times in all.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "kernellog.h"
#include "leak.h"
#include "slab.h"

/* Of half the test; VMLAB_CYCLES asks for another number in all, 40 at least. */
#define CYCLES	100

/* What a module path must be told: the lab does. */
static const char *module_path(void)
{
	static char path[4096];
	const char *cell = getenv("VMLAB_CELL");

	if (!cell)
		return NULL;
	snprintf(path, sizeof(path), "%s/module/vmlab.ko", cell);
	return access(path, R_OK) ? NULL : path;
}

static int load(int ko)
{
	return syscall(__NR_finit_module, ko, "", 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(__NR_delete_module, "vmlab", O_NONBLOCK) ? -errno : 0;
}

#define EXPEDITED	"/sys/kernel/rcu_expedited"

FIXTURE(module)
{
	int ko;
	const char *missing;
};

FIXTURE_SETUP(module)
{
	const char *path = module_path();

	self->ko = -1;
	/* Most of an unload is waiting for RCU, which can be told to hurry. */
	counter_write(EXPEDITED, "1");
	if (!path)
		self->missing = "VMLAB_CELL names no folder with module/vmlab.ko";
	else
		self->ko = open(path, O_RDONLY | O_CLOEXEC);
}

/* However the test went: those after it need the module. */
FIXTURE_TEARDOWN(module)
{
	counter_write(EXPEDITED, "0");
	if (self->ko >= 0) {
		load(self->ko);
		close(self->ko);
	}
}

TEST_F(module, stays_while_its_node_is_open)
{
	int i, node;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, node);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EAGAIN, unload());
	EXPECT_LE(0, ask_target(node, 0));
	EXPECT_EQ(0, access(NODE, F_OK));
}

TEST_F(module, stays_while_a_target_is_open_and_the_node_is_not)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = (uintptr_t)&walk };
	int node, target;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	node = open(NODE, O_RDWR | O_CLOEXEC);
	target = ask_target(node, 0);
	ASSERT_LE(0, target);
	close(node);
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_EQ(0, ask(target, VMLAB_WALK, &walk));
	close(target);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(-1, access(NODE, F_OK));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, load(self->ko));
	EXPECT_EQ(0, access(NODE, F_OK));
}

/* One who opens, looks at himself and closes, as often as there is something to open. */
static void visit(volatile unsigned long *visits)
{
	const struct timespec moment = { .tv_nsec = 100000 };
	struct vmlab_run runs[64];
	struct vmlab_scan scan;
	int node, target;

	for (;;) {
		/* Outside long enough for an unload to come between. */
		nanosleep(&moment, NULL);
		node = open(NODE, O_RDWR | O_CLOEXEC);
		if (node < 0)
			continue;
		target = ask_target(node, 0);
		scan = ask_scan(0, LOW_END, runs, 64);
		if (target >= 0 && !ask(target, VMLAB_SCAN, &scan) && scan.out_nr)
			++*visits;
		close(target);
		close(node);
	}
}

/* One cycle: gone as soon as nobody is inside, and back. */
static int cycle(int ko)
{
	const struct timespec moment = { .tv_nsec = 100000 };
	int i, ret = -EAGAIN;

	for (i = 0; i < 20000 && (ret == -EAGAIN || ret == -EBUSY); i++) {
		ret = unload();
		if (ret)
			nanosleep(&moment, NULL);
	}
	if (ret)
		return ret;
	return load(ko);
}

/* Between two cycles time for a visit, which a busy host may be slow to grant. */
static void await_visit(const volatile unsigned long *visits)
{
	const struct timespec moment = { .tv_nsec = 500000 };
	const unsigned long seen = *visits;
	int i;

	for (i = 0; i < 2000 && *visits == seen; i++)
		nanosleep(&moment, NULL);
}

static int cycles(int ko, int nr, const volatile unsigned long *visits)
{
	int ret = 0;

	while (nr-- && !ret) {
		await_visit(visits);
		ret = cycle(ko);
	}
	return ret;
}

static long growth(const struct slab *from, const struct slab *to, int i)
{
	long before = slab_objects(from, to->caches[i].name);

	return before < 0 ? 0 : to->caches[i].objects - before;
}

/* While the visitor holds still: each of his visits is a file that RCU has yet to free. */
static int count_objects(struct slab *slab, pid_t visitor)
{
	int ret;

	kill(visitor, SIGSTOP);
	ret = slab_read(slab);
	kill(visitor, SIGCONT);
	return ret;
}

/*
 * By slabinfo: what leaks, leaks each time, in both halves. Not where KASAN keeps what
 * was freed in quarantine, still counted as objects: there kmemleak knows better.
 */
static void nothing_grew(struct __test_metadata *_metadata, long times, const struct slab *before,
			 const struct slab *middle, const struct slab *after)
{
	int i, j;

	for (i = 0; i < after->nr; i++) {
		for (j = 0; j < middle->nr; j++)
			if (!strcmp(middle->caches[j].name, after->caches[i].name))
				break;
		if (j == middle->nr || growth(before, middle, j) < times * 3 / 4)
			continue;
		EXPECT_GT(times * 3 / 4, growth(middle, after, i))
			TH_LOG("%s: %ld, %ld, %ld objects", after->caches[i].name,
			       slab_objects(before, after->caches[i].name),
			       slab_objects(middle, after->caches[i].name),
			       after->caches[i].objects);
	}
}

TEST_F_TIMEOUT(module, comes_and_goes_many_times_without_a_trace, 7200)
{
	const char *wanted = getenv("VMLAB_CYCLES");
	const int times = wanted ? atoi(wanted) / 2 : CYCLES;
	static struct slab before, middle, after;
	volatile unsigned long *visits = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const bool by_kmemleak = !leak_scan_missing();
	static char report[4096];
	unsigned long halfway;
	ssize_t leaked;
	pid_t visitor;
	int mark;

	if (self->missing)
		SKIP(return, "%s", self->missing);
	ASSERT_LE(20, times);
	/* A few to let caches of the first times fill. */
	visitor = fork();
	if (!visitor)
		visit(visits);
	ASSERT_EQ(0, cycles(self->ko, 20, visits));
	mark = kernellog_mark();
	ASSERT_LE(0, mark);
	ASSERT_EQ(0, count_objects(&before, visitor));
	if (by_kmemleak)
		leak_scan_start();
	*visits = 0;
	ASSERT_EQ(0, cycles(self->ko, times, visits));
	ASSERT_EQ(0, count_objects(&middle, visitor));
	halfway = *visits;
	ASSERT_EQ(0, cycles(self->ko, times, visits));
	ASSERT_EQ(0, count_objects(&after, visitor));
	kill(visitor, SIGKILL);
	waitpid(visitor, NULL, 0);
	printf("# %d loads, %lu visits, mm_struct %ld, %ld, %ld\n", 2 * times, *visits,
	       slab_objects(&before, "mm_struct"), slab_objects(&middle, "mm_struct"),
	       slab_objects(&after, "mm_struct"));
	fflush(stdout);
	EXPECT_LE(times, halfway);
	EXPECT_LE(2 * times, *visits);
	EXPECT_EQ(0, kernellog_complaints(mark, "vmlab"));
	leaked = by_kmemleak ? leak_scan_end(report, sizeof(report)) : 0;
	EXPECT_EQ(0, leaked) TH_LOG("%s", report);
	if (!by_kmemleak)
		nothing_grew(_metadata, times, &before, &middle, &after);
	EXPECT_GT(times / 2, slab_objects(&after, "mm_struct") -
			      slab_objects(&middle, "mm_struct"));
}

TEST_HARNESS_MAIN
