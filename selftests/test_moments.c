// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_moments.c - what is so for a moment only, between two steps of the kernel or two of a
 * query: an entry that is emptied and filled again, a caller who makes a query wait, memory
 * that goes offline.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "dice.h"
#include "fixture.h"
#include "leak.h"
#include "ticks.h"
#include "tracefs.h"
#include "victim.h"

/*
 * Memory that is mapped from each even number of turns on to the next odd one, and changes
 * meanwhile, while somebody asks about it.
 */
struct turns {
	char *at;
	unsigned long nr;
	unsigned long begun;	/* queries */
	unsigned long ended;
	volatile bool over;
	unsigned long seen;
	const char *missing;
	int target;
	int error;
	pthread_t thread;
};

#define TURNS_LEAST	100

/* Rounds of an empty loop, about as long as a query takes. */
#define LONGEST_WAIT	3000

/* For what two threads tell each other. */
static unsigned long count(const unsigned long *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

static void one_more(unsigned long *at)
{
	__atomic_add_fetch(at, 1, __ATOMIC_SEQ_CST);
}

static bool scan_sees(struct turns *t)
{
	struct vmlab_run run;
	struct vmlab_scan scan = ask_scan((uintptr_t)t->at, (uintptr_t)t->at + PAGE, &run, 1);

	t->error = ask(t->target, VMLAB_SCAN, &scan);
	return t->error || scan.out_nr;
}

static bool raw_scan_sees(struct turns *t)
{
	struct vmlab_raw raw;
	struct vmlab_scan scan = ask_scan((uintptr_t)t->at, (uintptr_t)t->at + PAGE, &raw, 1);

	scan.format = VMLAB_FORMAT_RAW;
	scan.rec_size = sizeof(raw);
	t->error = ask(t->target, VMLAB_SCAN, &scan);
	return t->error || scan.out_nr;
}

static bool walk_sees(struct turns *t)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = (uintptr_t)t->at };

	t->error = ask(t->target, VMLAB_WALK, &walk);
	return t->error || walk.out_leaf.facts & VMLAB_FACT_PRESENT;
}

static void *see(void *arg)
{
	static const struct {
		const char *name;
		bool (*sees)(struct turns *t);
	} queries[] = { { "SCAN", scan_sees }, { "SCAN, raw", raw_scan_sees }, { "WALK", walk_sees } };
	struct turns *t = arg;
	unsigned int i;

	fixture_stay_on(1);
	for (i = 0; !t->over && !t->missing && !t->error; i++) {
		const unsigned long nr = count(&t->nr);
		bool sees;

		one_more(&t->begun);
		sees = queries[i % ARRAY_SIZE(queries)].sees(t);
		if (!(nr & 1) && count(&t->nr) == nr) {
			t->seen++;
			if (!sees)
				t->missing = queries[i % ARRAY_SIZE(queries)].name;
		}
		one_more(&t->ended);
	}
	return NULL;
}

/* Until a query has begun, or has ended; not after the last one. */
static void await(const struct turns *t, const unsigned long *what, unsigned long nr)
{
	while (count(what) < nr && !t->missing && !t->error)
		;
}

FIXTURE(mapped)
{
	struct turns turns;
};

FIXTURE_VARIANT(mapped)
{
	bool huge;
};

/* A file's page, and then a copy of it: the fault takes the one out, and puts the other in. */
FIXTURE_VARIANT_ADD(mapped, page_that_a_write_copies)
{
	.huge = false,
};

/* The huge zero page: the write splits it, or puts a huge page in its place. */
FIXTURE_VARIANT_ADD(mapped, huge_zero_page_that_is_written_to)
{
	.huge = true,
};

FIXTURE_SETUP(mapped)
{
	struct turns *t = &self->turns;
	int node = open(NODE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, node) TH_LOG("is the module loaded? %s", strerror(errno));
	if (variant->huge) {
		t->at = fixture_anon_aligned(HUGE_2M, HUGE_2M);
		ASSERT_NE(NULL, t->at);
		ASSERT_EQ(0, madvise(t->at, HUGE_2M, MADV_HUGEPAGE));
	} else {
		t->at = fixture_map(fixture_memfd(PAGE, 1), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		ASSERT_NE(NULL, t->at);
	}
	t->target = ask_target(node, 0);
	ASSERT_LE(0, t->target);
	close(node);
	t->nr = 1;
}

FIXTURE_TEARDOWN(mapped)
{
	close(self->turns.target);
}

TEST_F_TIMEOUT(mapped, is_never_missing, 600)
{
	struct turns *t = &self->turns;
	/* A kernel that checks itself takes longer for each. */
	const double until = seconds_now() + (leak_scan_missing() ? 2 : 5);
	uint64_t dice = 1;

	ASSERT_EQ(0, fixture_stay_on(0));
	ASSERT_EQ(0, pthread_create(&t->thread, NULL, see, t));
	/* However busy the host is, so often at least. */
	while ((seconds_now() < until || t->nr < 2 * TURNS_LEAST) && !t->missing && !t->error) {
		volatile unsigned int wait;

		fixture_read(t->at, PAGE);
		one_more(&t->nr);
		/*
		 * Somewhere in the middle of a query that knows of this turn, and not before
		 * it is over is it unmapped.
		 */
		await(t, &t->begun, count(&t->begun) + 2);
		for (wait = dice_roll(&dice, LONGEST_WAIT); wait; wait--)
			;
		fixture_write(t->at, PAGE);
		await(t, &t->ended, count(&t->begun));
		one_more(&t->nr);
		ASSERT_EQ(0, madvise(t->at, variant->huge ? HUGE_2M : PAGE, MADV_DONTNEED));
	}
	t->over = true;
	pthread_join(t->thread, NULL);
	TH_LOG("%lu turns, %lu answers", t->nr / 2, t->seen);
	EXPECT_EQ(0, t->error);
	EXPECT_EQ(NULL, t->missing) TH_LOG("%s did not see it, after %lu answers that did",
					   t->missing, t->seen);
	/* At least one for each turn that came to its end. */
	EXPECT_LE(t->nr / 2, t->seen);
}

/* A query whose answer goes to a page that userfaultfd has not given yet. */
struct waiting {
	int target;
	unsigned int cmd;
	void *arg;
	volatile bool done;
	int ret;
	pthread_t thread;
};

static void *ask_and_wait(void *arg)
{
	struct waiting *w = arg;

	w->ret = ask(w->target, w->cmd, w->arg);
	w->done = true;
	return NULL;
}

FIXTURE(caller)
{
	int node;
	int uffd;
	char *page;		/* not there before userfaultfd gives it */
	int file;		/* that the target has mapped */
	struct victim victim;
};

/* Shared, to be written: as long as it is, the file can't be sealed against that. */
static void map_the_file(void *arg)
{
	fixture_write(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *(int *)arg, 0), PAGE);
}

FIXTURE_SETUP(caller)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node);
	self->file = memfd_create("vmlab", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, PAGE));
	self->uffd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->uffd);
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_API, &api));
	self->page = fixture_anon(2 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->page);
	all.range.start = (uintptr_t)self->page;
	all.range.len = 2 * PAGE;
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_REGISTER, &all));
	ASSERT_EQ(0, victim_fork(&self->victim, map_the_file, &self->file));
}

FIXTURE_TEARDOWN(caller)
{
	close(self->uffd);
	close(self->file);
	close(self->node);
}

/* Who makes a query wait keeps its descriptor, and nothing else of who has exited. */
static void keeps_nothing(struct __test_metadata *_metadata, FIXTURE_DATA(caller) *self,
			  unsigned int cmd, void *arg)
{
	struct waiting w = { .cmd = cmd, .arg = arg };
	struct pollfd faults = { .fd = self->uffd, .events = POLLIN };
	struct uffdio_zeropage zero = { .range = { (uintptr_t)self->page, 2 * PAGE } };
	int sealed = -1, i;

	w.target = ask_target(self->node, self->victim.pid);
	ASSERT_LE(0, w.target);
	EXPECT_EQ(-1, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, ask_and_wait, &w));
	EXPECT_EQ(1, poll(&faults, 1, 60000));
	victim_kill(&self->victim);
	EXPECT_FALSE(w.done);
	for (i = 0; sealed && i < 500; i++) {
		sealed = fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE);
		usleep(10000);
	}
	EXPECT_EQ(0, sealed) TH_LOG("its memory is still there");
	EXPECT_FALSE(w.done);
	EXPECT_EQ(0, ioctl(self->uffd, UFFDIO_ZEROPAGE, &zero));
	pthread_join(w.thread, NULL);
	EXPECT_TRUE(!w.ret || w.ret == -ESRCH) TH_LOG("%s", strerror(-w.ret));
	close(w.target);
}

TEST_F_TIMEOUT(caller, who_makes_a_scan_wait_keeps_no_memory_of_who_has_exited, 120)
{
	struct vmlab_scan scan = ask_scan(0, LOW_END, self->page, 8);

	keeps_nothing(_metadata, self, VMLAB_SCAN, &scan);
}

TEST_F_TIMEOUT(caller, who_makes_a_list_of_areas_wait_keeps_no_memory_of_who_has_exited, 120)
{
	struct vmlab_vmas vmas = ask_vmas(0, LOW_END, self->page, 8);

	keeps_nothing(_metadata, self, VMLAB_VMAS, &vmas);
}

TEST_F_TIMEOUT(caller, who_makes_a_list_of_tables_wait_keeps_no_memory_of_who_has_exited, 120)
{
	struct vmlab_tables tables = ask_tables(0, LOW_END, self->page, 8);

	keeps_nothing(_metadata, self, VMLAB_TABLES, &tables);
}

#define PROBES	"/sys/kernel/tracing/kprobe_events"

/* One block of memory is taken away, and given back. */
static bool take_a_block(void)
{
	bool taken = false;
	glob_t blocks;
	size_t i;

	if (glob("/sys/devices/system/memory/memory*/state", 0, NULL, &blocks))
		return false;
	/* The last ones have the least of the kernel's own in them. */
	for (i = blocks.gl_pathc; i && !taken; i--) {
		taken = !counter_write(blocks.gl_pathv[i - 1], "offline");
		if (taken)
			counter_write(blocks.gl_pathv[i - 1], "online");
	}
	globfree(&blocks);
	return taken;
}

TEST(memory_that_goes_offline_is_waited_for_as_long_as_somebody_looks)
{
	const char *why;
	char *trace;
	bool taken;

	/* What waits, and what asks for it. */
	if (counter_write(PROBES, "p:vmlab_test/waits synchronize_rcu"))
		SKIP(return, "this kernel takes no probes");
	why = tracefs_begin("vmlab_test/waits");
	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	counter_write("/sys/kernel/tracing/instances/vmlab-test/options/stacktrace", "1");
	taken = take_a_block();
	trace = tracefs_end();
	counter_write(PROBES, "-:vmlab_test/waits");
	if (!taken)
		SKIP(return, "no memory can be taken away here");
	ASSERT_NE(NULL, trace);
	/* module/frames.c */
	EXPECT_NE(NULL, strstr(trace, "memory_changes"));
	free(trace);
}

TEST_HARNESS_MAIN
