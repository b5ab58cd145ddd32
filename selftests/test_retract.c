// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_retract.c - a last-level table that is taken away between two steps of who looks
 * into it.
 *
 * Where pages of a file become one huge page, and where a table is emptied (Linux 6.14), it
 * goes with no lock that a reader of the address space has (retract_page_tables() of
 * mm/khugepaged.c, mm/pt_reclaim.c): only RCU keeps it. Who has read where it is, and does
 * not hold on to RCU yet, may be preempted there until it is somebody else's memory. So
 * here is one who looks when nobody else wants its CPU (SCHED_IDLE), and one who preempts
 * it at any step, takes the table away, and keeps the CPU until that has been freed and
 * used again.
 *
 * A kernel that can be preempted anywhere is best for this, and one that checks itself
 * tells at once of a lock in what is no table any more.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "dice.h"
#include "fixture.h"
#include "leak.h"
#include "ticks.h"
#include "wellformed.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25		/* Linux 6.1 */
#endif

/* Who looks has the CPU for itself for so long at a time, at most, */
#define LOOKS_MICROSECONDS	3000
/* and so many times, until it is where it is wanted. */
#define LOOKS_MOST		50
/* What RCU keeps is free after so long, and used again. */
#define REUSE_SECONDS		0.05

/* Who looks, and what it saw of the one page that is there at first. */
struct looker {
	int target;
	uint64_t page;
	volatile bool over;
	unsigned long small;
	unsigned long huge;
	unsigned long none;
	int error;
	const char *why;
	volatile pid_t tid;
	pthread_t thread;
};

static void look_by_scan(struct looker *l)
{
	struct vmlab_run run;
	struct vmlab_scan scan = ask_scan(l->page, l->page + PAGE, &run, 1);
	unsigned int straddles = 0;

	l->error = ask(l->target, VMLAB_SCAN, &scan);
	if (l->error)
		return;
	l->why = wellformed_scan(&scan, &run, &straddles);
	if (!scan.out_nr)
		l->none++;
	else if (run.facts & VMLAB_FACT_HUGE)
		l->huge++;
	else
		l->small++;
}

static void look_at_entries(struct looker *l)
{
	struct vmlab_raw raw;
	struct vmlab_scan scan = ask_scan(l->page, l->page + PAGE, &raw, 1);

	scan.format = VMLAB_FORMAT_RAW;
	scan.rec_size = sizeof(raw);
	l->error = ask(l->target, VMLAB_SCAN, &scan);
}

static void look_by_walk(struct looker *l)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = l->page };

	l->error = ask(l->target, VMLAB_WALK, &walk);
	if (!l->error)
		l->why = wellformed_walk(&walk);
}

static void look_at_tables(struct looker *l)
{
	struct vmlab_table recs[2 * VMLAB_MAX_LEVELS];
	struct vmlab_tables tables = ask_tables(l->page & ~(HUGE_2M - 1), l->page + PAGE, recs,
						2 * VMLAB_MAX_LEVELS);

	l->error = ask(l->target, VMLAB_TABLES, &tables);
	if (!l->error)
		l->why = wellformed_tables(&tables, recs);
}

static void *look(void *arg)
{
	static void (*const looks[])(struct looker *) = {
		look_by_scan, look_at_entries, look_by_walk, look_at_tables,
	};
	const struct sched_param none = { 0 };
	struct looker *l = arg;
	unsigned int i = 0;

	l->tid = gettid();
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		l->why = "it can't be made idle";
	while (!l->over && !l->error && !l->why)
		looks[i++ % ARRAY_SIZE(looks)](l);
	return NULL;
}

/*
 * Was it preempted on its way from a pmd to a table? Its stack has the functions of
 * module/walk.c that go there (walk_pmd() and those above it).
 */
static bool on_its_way(const struct looker *l)
{
	char path[64], stack[8192];
	ssize_t nr = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack", (int)l->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		nr = read(fd, stack, sizeof(stack) - 1);
		close(fd);
	}
	if (nr < 0)
		return false;
	stack[nr] = '\0';
	return strstr(stack, " walk_p");
}

/* Can a kernel like this be preempted anywhere, whatever it was told when it booted? */
static bool is_preemptible(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, " PREEMPT ");
}

/* The freed page's next life begins: small objects, which are given and taken all the time. */
static void use_memory(double seconds)
{
	const double until = seconds_now() + seconds;
	int ends[64][2], i;

	while (seconds_now() < until) {
		for (i = 0; i < 64 && !pipe(ends[i]); i++)
			;
		while (i--) {
			close(ends[i][0]);
			close(ends[i][1]);
		}
	}
}

FIXTURE(retracted)
{
	char *at;		/* as large as one table serves */
	struct looker looker;
};

FIXTURE_VARIANT(retracted)
{
	int flags;		/* of the mapping */
	int empty;		/* advice that leaves nothing there */
	int take;		/* advice that takes the table away */
};

FIXTURE_VARIANT_ADD(retracted, of_a_file_that_is_collapsed)
{
	.flags = MAP_SHARED, .empty = MADV_REMOVE, .take = MADV_COLLAPSE,
};

FIXTURE_VARIANT_ADD(retracted, of_memory_that_is_dropped)
{
	.flags = MAP_PRIVATE, .empty = MADV_DONTNEED, .take = MADV_DONTNEED,
};

FIXTURE_SETUP(retracted)
{
	int node = open(NODE, O_RDWR | O_CLOEXEC);
	int file = -1;

	ASSERT_LE(0, node) TH_LOG("is the module loaded?");
	self->at = fixture_anon_aligned(HUGE_2M, HUGE_2M);
	ASSERT_NE(NULL, self->at);
	if (variant->flags == MAP_SHARED) {
		file = fixture_memfd(HUGE_2M, 0);
		ASSERT_LE(0, file);
		ASSERT_EQ(self->at, mmap(self->at, HUGE_2M, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_FIXED, file, 0));
		close(file);
	} else {
		ASSERT_EQ(0, madvise(self->at, HUGE_2M, MADV_NOHUGEPAGE));
	}
	self->looker.page = (uintptr_t)self->at + HUGE_2M - PAGE;
	self->looker.target = ask_target(node, 0);
	ASSERT_LE(0, self->looker.target);
	close(node);
	/* One CPU for both, or who looks would run on beside the other. */
	ASSERT_EQ(0, fixture_stay_on(0));
}

FIXTURE_TEARDOWN(retracted)
{
	close(self->looker.target);
}

TEST_F_TIMEOUT(retracted, tables_are_no_tables_any_more_for_who_was_preempted, 3600)
{
	const char *seed = getenv("VMLAB_SEED"), *seconds = getenv("VMLAB_SECONDS");
	uint64_t dice = (seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL)) | 1;
	/* A kernel that checks itself is slower, and is there for this. */
	const double until = seconds_now() +
			     (seconds ? atof(seconds) : leak_scan_missing() ? 2 : 8);
	unsigned long taken = 0, refused = 0, caught = 0;
	struct looker *l = &self->looker;

	TH_LOG("VMLAB_SEED=%llu", (unsigned long long)dice);
	ASSERT_EQ(0, pthread_create(&l->thread, NULL, look, l));
	while (seconds_now() < until && !l->error && !l->why) {
		unsigned int tries;
		bool there;

		/* One small page, at the end of its table. */
		ASSERT_EQ(0, madvise(self->at, HUGE_2M, variant->empty));
		fixture_write(self->at + HUGE_2M - PAGE, PAGE);
		for (tries = 0, there = false; tries < LOOKS_MOST && !there; tries++) {
			usleep(1 + dice_roll(&dice, LOOKS_MICROSECONDS));
			there = on_its_way(l);
		}
		if (madvise(self->at, HUGE_2M, variant->take)) {
			refused++;
			continue;
		}
		taken++;
		caught += there;
		use_memory(REUSE_SECONDS);
	}
	l->over = true;
	pthread_join(l->thread, NULL);
	TH_LOG("%lu times taken (%lu on its way), %lu refused; seen small %lu times, huge %lu, not there %lu",
	       taken, caught, refused, l->small, l->huge, l->none);
	EXPECT_EQ(0, l->error);
	EXPECT_EQ(NULL, l->why) TH_LOG("%s", l->why);
	EXPECT_LT(0, taken);
	if (is_preemptible())
		EXPECT_LT(0, caught) TH_LOG("it was never preempted on its way to a table");
	EXPECT_LT(0, l->small);
}

TEST_HARNESS_MAIN
