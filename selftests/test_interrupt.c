// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_interrupt.c - Ctrl-C and SIGKILL at any moment of a query: it ends within a
 * second, with what it has or with EINTR, and leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "leak.h"
#include "ticks.h"
#include "victim.h"

#define SZ_RECS		(1UL << 20)
#define ROUNDS		10
#define SCANS		80

FIXTURE(query)
{
	int node;
	int target;
	uint64_t end;
	char *recs;
	struct victim victim;
	long users;
	unsigned int seed;
};

FIXTURE_VARIANT(query)
{
	void (*forever)(const FIXTURE_DATA(query) *self);
};

/* Each call takes long: nothing is found, so the buffer is never full. */
static void scan_forever(const FIXTURE_DATA(query) *self)
{
	for (;;) {
		struct vmlab_scan scan = ask_scan(0, self->end, self->recs,
						  SZ_RECS / sizeof(struct vmlab_run));

		scan.all_of = VMLAB_FACT_DEVICE;
		if (ask(self->target, VMLAB_SCAN, &scan) || scan.out_next != self->end)
			_exit(1);
	}
}

static void scan_out_forever(const FIXTURE_DATA(query) *self)
{
	for (;;) {
		struct vmlab_scan scan = ask_scan(0, self->end, self->recs,
						  SZ_RECS / sizeof(struct vmlab_run));

		if (ask(self->target, VMLAB_SCAN, &scan) || !scan.out_nr)
			_exit(1);
	}
}

/* All of the kernel half each time, and nothing is found. */
static void kscan_forever(const FIXTURE_DATA(query) *self)
{
	struct vmlab_info info = { .size = sizeof(info) };
	const uint64_t end = VMLAB_KERNEL_END(12);

	if (ask(self->node, VMLAB_INFO, &info))
		_exit(1);
	for (;;) {
		struct vmlab_scan scan = ask_scan(info.out_kernel_start, end, self->recs, 1);

		scan.all_of = VMLAB_FACT_DEVICE;
		if (ask(self->node, VMLAB_KSCAN, &scan) || scan.out_next != end)
			_exit(1);
	}
}

static void vmas_forever(const FIXTURE_DATA(query) *self)
{
	for (;;) {
		struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs,
						  SZ_RECS / sizeof(struct vmlab_vma));

		if (ask(self->target, VMLAB_VMAS, &vmas) || !vmas.out_nr)
			_exit(1);
	}
}

static void tables_forever(const FIXTURE_DATA(query) *self)
{
	for (;;) {
		struct vmlab_tables tables = ask_tables(0, self->end, self->recs,
							SZ_RECS / sizeof(struct vmlab_table));

		if (ask(self->target, VMLAB_TABLES, &tables) || !tables.out_nr)
			_exit(1);
	}
}

static void walk_forever(const FIXTURE_DATA(query) *self)
{
	struct vmlab_walk walk = { .size = sizeof(walk) };

	for (;; walk.va = (walk.va + 513 * PAGE) & (self->end - 1))
		if (ask(self->target, VMLAB_WALK, &walk))
			_exit(1);
}

/* OPEN by the one who is ended, too: half an open must not be left. */
static void open_forever(const FIXTURE_DATA(query) *self)
{
	for (;;) {
		int fd = ask_target(self->node, self->victim.pid);

		if (fd < 0 || close(fd))
			_exit(1);
	}
}

FIXTURE_VARIANT_ADD(query, scan) { .forever = scan_forever };
FIXTURE_VARIANT_ADD(query, scan_with_records) { .forever = scan_out_forever };
FIXTURE_VARIANT_ADD(query, kscan) { .forever = kscan_forever };
FIXTURE_VARIANT_ADD(query, vmas) { .forever = vmas_forever };
FIXTURE_VARIANT_ADD(query, tables) { .forever = tables_forever };
FIXTURE_VARIANT_ADD(query, walk) { .forever = walk_forever };
FIXTURE_VARIANT_ADD(query, open) { .forever = open_forever };

/* A kernel that checks itself takes ten times as long for everything. */
static bool checking_kernel(void)
{
	return !leak_scan_missing();
}

/* Large enough for a query to be in its midst: 48 MiB, and 6,000 VMAs. */
static void grow(void *arg)
{
	const size_t size = (checking_kernel() ? 6UL : 48UL) << 20;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	size_t i;

	(void)arg;
	if (!p)
		_exit(1);
	fixture_read(p, size);
	for (i = 0; i < size / (4 * PAGE); i++)
		if (mprotect(p + 2 * i * PAGE, PAGE, PROT_READ))
			_exit(1);
}

FIXTURE_SETUP(query)
{
	struct vmlab_info info = { .size = sizeof(info) };

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &info));
	self->end = info.out_user_end;
	self->recs = fixture_anon(SZ_RECS, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->recs);
	ASSERT_EQ(0, victim_fork(&self->victim, grow, NULL));
	self->target = ask_target(self->node, self->victim.pid);
	ASSERT_LE(0, self->target);
	self->users = leak_module_users();
	self->seed = getenv("VMLAB_SEED") ? strtoul(getenv("VMLAB_SEED"), NULL, 0) :
					    (unsigned int)time(NULL);
	TH_LOG("VMLAB_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(query)
{
	victim_kill(&self->victim);
}

static void wait_a_moment(FIXTURE_DATA(query) *self)
{
	usleep(rand_r(&self->seed) % 40000);
}

/* How long it takes from @signal to the end of the one who asks. */
static double end_one(struct __test_metadata *_metadata, FIXTURE_DATA(query) *self,
		      const FIXTURE_VARIANT(query) *variant, int signal)
{
	double sent;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		variant->forever(self);
	wait_a_moment(self);
	sent = seconds_now();
	ASSERT_EQ(0, kill(pid, signal));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal)
		TH_LOG("status 0x%x", status);
	return seconds_now() - sent;
}

TEST_F_TIMEOUT(query, ends_at_once_when_interrupted_or_killed_and_leaves_nothing, 250)
{
	double took, longest = 0, next = 0;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		took = end_one(_metadata, self, variant, i & 1 ? SIGKILL : SIGINT);
		if (took > longest) {
			next = longest;
			longest = took;
		} else if (took > next) {
			next = took;
		}
		ASSERT_EQ(self->users, leak_module_users_settle(self->users));
	}
	TH_LOG("at most %.0f ms from the signal to the end, but for one: %.0f ms", next * 1000,
	       longest * 1000);
	/* Once an emulator's host may have stood still; not twice in so few. */
	EXPECT_GT(checking_kernel() ? 5.0 : 1.0, next);
	/* The target is none the worse for it. */
	EXPECT_EQ(0, kill(self->victim.pid, 0));
	EXPECT_EQ(0, victim_poke(&self->victim));
}

static volatile sig_atomic_t alarms;

static void on_alarm(int nr)
{
	(void)nr;
	alarms++;
}

/* A timer for the n-th microsecond of a query that takes milliseconds. */
static int interrupted_scan(const FIXTURE_DATA(query) *self, useconds_t after,
			    struct vmlab_scan *scan)
{
	const struct itimerval timer = { .it_value.tv_usec = after };

	if (setitimer(ITIMER_REAL, &timer, NULL))
		return -errno;
	return ask(self->target, VMLAB_SCAN, scan);
}

FIXTURE(caught)
{
	FIXTURE_DATA(query) query;
};

FIXTURE_SETUP(caught)
{
	query_setup(_metadata, &self->query, NULL);
}

FIXTURE_TEARDOWN(caught)
{
	victim_kill(&self->query.victim);
}

TEST_F_TIMEOUT(caught, signal_ends_a_scan_early_with_an_answer_that_can_be_continued, 250)
{
	FIXTURE_DATA(query) *query = &self->query;
	const struct sigaction action = { .sa_handler = on_alarm };
	struct vmlab_scan whole, part;
	int i, ret, early = 0, empty = 0;
	uint64_t at;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	whole = ask_scan(0, query->end, query->recs, SZ_RECS / sizeof(struct vmlab_run));
	whole.all_of = VMLAB_FACT_ZERO;
	ASSERT_EQ(0, ask(query->target, VMLAB_SCAN, &whole));
	ASSERT_EQ(query->end, whole.out_next);

	for (i = 0; i < SCANS; i++) {
		struct vmlab_scan before;
		uint32_t nr = 0;

		part = whole;
		part.start = 0;
		alarms = 0;
		before = part;
		ret = interrupted_scan(query, 20 + 200 * i, &part);
		if (ret == -EINTR) {
			/* Nothing was answered, not even halfway. */
			EXPECT_EQ(0, memcmp(&before, &part, sizeof(part)));
			empty++;
			part.out_next = 0;
			part.out_nr = 0;
		} else {
			ASSERT_EQ(0, ret);
		}
		early += part.out_next != query->end;
		/* From there on, undisturbed: the whole is the same. */
		nr = part.out_nr;
		at = part.out_next;
		setitimer(ITIMER_REAL, &(struct itimerval) { 0 }, NULL);
		while (at < query->end) {
			part = whole;
			part.start = at;
			ASSERT_EQ(0, ask(query->target, VMLAB_SCAN, &part));
			ASSERT_LT(at, part.out_next);
			nr += part.out_nr;
			at = part.out_next;
		}
		/* At most one run is cut in two. */
		EXPECT_LE(whole.out_nr, nr);
		EXPECT_GE(whole.out_nr + 1, nr);
	}
	TH_LOG("%d of %d scans ended early, %d with EINTR", early, SCANS, empty);
	EXPECT_LT(0, early);
}

TEST_HARNESS_MAIN
