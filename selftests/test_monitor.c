// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_monitor.c - walks and scans against the emulator's own idea of the tables: QEMU is
 * asked through its monitor (tools/lab/run -Q), while this program runs on the only CPU,
 * where an address leads, and what all there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"

#define F(x)		VMLAB_FACT_##x
#define SECONDS		60
#define TRIES		20
#define MAX_RECS	8192U
/* Bits of an entry as `info tlb` has them: NX, G, PSE, D, A, PCD, PWT, U, W. */
#define LETTERS		"XGPDACTUW"
static const unsigned int bits[] = { 63, 8, 7, 6, 5, 4, 3, 2, 1 };
/* Set by the MMU at any moment. */
#define DIRTY_AT	3
#define ACCESSED_AT	4

static char answer[1 << 20];

FIXTURE(monitor)
{
	int node;
	int target;
	int line;
	struct vmlab_info info;
};

FIXTURE_SETUP(monitor)
{
	const char *path = getenv("VMLAB_MONITOR");
	struct termios raw;

	self->line = -1;
	if (!path)
		SKIP(return, "wants the emulator's monitor: tools/lab/run -Q");
	self->info.size = sizeof(self->info);
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &self->info));
	self->target = ask_target(self->node, 0);
	ASSERT_LE(0, self->target);
	self->line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->line) TH_LOG("%s: %s", path, strerror(errno));
	ASSERT_EQ(0, tcgetattr(self->line, &raw));
	cfmakeraw(&raw);
	ASSERT_EQ(0, tcsetattr(self->line, TCSANOW, &raw));
	/* Everything that is used later is there now. */
	memset(answer, 0, sizeof(answer));
}

FIXTURE_TEARDOWN(monitor)
{
	if (self->line < 0)
		return;
	close(self->line);
	close(self->target);
	close(self->node);
}

typedef FIXTURE_DATA(monitor) monitor_data;

/* Never asleep meanwhile, so that the CPU has our tables whenever the emulator looks. */
static bool ask_monitor(const monitor_data *self, const char *question)
{
	const time_t end = time(NULL) + SECONDS;
	size_t len = strlen(question), at = 0;
	ssize_t got;

	if (write(self->line, question, len) != (ssize_t)len || write(self->line, "\n", 1) != 1)
		return false;
	while (time(NULL) < end && at < sizeof(answer) - 1) {
		got = read(self->line, answer + at, sizeof(answer) - 1 - at);
		if (got <= 0)
			continue;
		at += got;
		answer[at] = '\0';
		/* A line with nothing but a dot ends it. */
		if (at >= 2 && !strcmp(answer + at - 2, ".\n") && (at == 2 || answer[at - 3] == '\n'))
			return true;
	}
	return false;
}

static struct vmlab_walk walk_at(const monitor_data *self, const volatile void *at)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = (uintptr_t)at };

	if (ask(self->target, VMLAB_WALK, &walk))
		walk.out_nr_levels = 0;
	return walk;
}

/* Somebody else may have had the CPU just then: the root tells. */
static bool on_our_tables(const monitor_data *self)
{
	const struct vmlab_walk walk = walk_at(self, answer);
	const char *cr3;

	if (!ask_monitor(self, "info registers"))
		return false;
	cr3 = strstr(answer, "CR3=");
	return cr3 && walk.out_nr_levels &&
	       (strtoull(cr3 + 4, NULL, 16) & ~0xfffULL) == walk.out_levels[0].table_pa;
}

#define VOTES	3

/*
 * Where the emulator says that @at leads; 0: nowhere; -1: it gave no answer. Now and then a
 * kernel thread has the CPU, on tables that have no user half: only what never leads anywhere
 * leads nowhere, and an answer counts that has come VOTES times.
 */
static int64_t gpa_of(const monitor_data *self, const volatile void *at)
{
	int64_t gpas[TRIES], found = -1;
	char question[64];
	const char *gpa;
	int i, j, nr = 0, same;

	snprintf(question, sizeof(question), "gva2gpa 0x%lx", (unsigned long)at);
	for (i = 0; i < TRIES; i++) {
		if (!ask_monitor(self, question))
			continue;
		gpa = strstr(answer, "gpa: ");
		if (!gpa) {
			if (!nr && strstr(answer, "Unmapped"))
				found = 0;
			continue;
		}
		found = -1;
		gpas[nr++] = strtoll(gpa + 5, NULL, 16);
		for (j = 0, same = 0; j < nr; j++)
			same += gpas[j] == gpas[nr - 1];
		if (same == VOTES)
			return gpas[nr - 1];
	}
	return found;
}

static void expect_same(struct __test_metadata *_metadata, const monitor_data *self,
			const char *what, const volatile void *at)
{
	const struct vmlab_walk walk = walk_at(self, at);
	int64_t ours = 0, theirs;

	ASSERT_NE(0, walk.out_nr_levels);
	if (walk.out_leaf.facts & F(PRESENT))
		ours = walk.out_leaf.pfn * PAGE + ((uintptr_t)at - walk.out_leaf.va);
	theirs = gpa_of(self, at);
	EXPECT_EQ(theirs, ours) TH_LOG("%s, 0x%lx", what, (unsigned long)at);
}

static char in_bss[3 * PAGE];
static const char in_rodata[] = "constant";

TEST_F_TIMEOUT(monitor, says_that_each_address_leads_where_a_walk_has_it, 600)
{
	char *anon = fixture_anon(8 * PAGE, PROT_READ | PROT_WRITE);
	char *zero = fixture_anon(PAGE, PROT_READ), *thp = fixture_thp(HUGE_2M);

	fixture_write(anon, 4 * PAGE);
	fixture_read(zero, PAGE);
	mprotect(anon + PAGE, PAGE, PROT_NONE);
	mprotect(anon + 2 * PAGE, PAGE, PROT_READ);
	in_bss[PAGE] = in_rodata[0];
	expect_same(_metadata, self, "anonymous", anon);
	expect_same(_metadata, self, "within a page", anon + 0x123);
	expect_same(_metadata, self, "PROT_NONE", anon + PAGE);
	expect_same(_metadata, self, "read-only", anon + 2 * PAGE);
	expect_same(_metadata, self, "untouched", anon + 7 * PAGE);
	expect_same(_metadata, self, "the zero page", zero);
	expect_same(_metadata, self, ".bss", in_bss + PAGE);
	expect_same(_metadata, self, ".rodata", in_rodata);
	expect_same(_metadata, self, "code", (void *)(uintptr_t)expect_same);
	expect_same(_metadata, self, "a library", (void *)(uintptr_t)qsort);
	expect_same(_metadata, self, "the stack", &zero);
	expect_same(_metadata, self, "no mapping", (void *)PAGE);
	if (thp) {
		fixture_write(thp, HUGE_2M);
		expect_same(_metadata, self, "a huge page", thp);
		expect_same(_metadata, self, "within a huge page", thp + 0x12345);
	}
}

/* What is compared, of one leaf. */
struct leaf {
	uint64_t va;
	uint64_t pa;
	char letters[sizeof(LETTERS)];
};

static size_t leaves_of(const monitor_data *self, struct vmlab_run *recs, struct leaf *leaves)
{
	struct vmlab_scan scan = ask_scan(0, self->info.out_user_end, recs, MAX_RECS);
	size_t nr = 0, j;
	uint32_t i, n;

	scan.all_of = F(PRESENT);
	if (ask(self->target, VMLAB_SCAN, &scan) || scan.out_next != scan.end)
		return 0;
	for (i = 0; i < scan.out_nr; i++) {
		const struct vmlab_run *run = &recs[i];
		const uint64_t step = run->facts & F(REPEATED) ? 0 : 1ULL << (run->shift - 12);

		for (n = 0; n < run->count && nr < MAX_RECS; n++, nr++) {
			leaves[nr].va = run->va + ((uint64_t)n << run->shift);
			leaves[nr].pa = (run->pfn + n * step) * PAGE;
			for (j = 0; j < ARRAY_SIZE(bits); j++)
				leaves[nr].letters[j] = run->entry >> bits[j] & 1 ?
							LETTERS[j] : '-';
			leaves[nr].letters[j] = '\0';
		}
	}
	return nr;
}

/* "00007f0123456000: 0000000012345000 X--DA--UW" */
static bool parse(char *line, struct leaf *leaf)
{
	return sscanf(line, "%" SCNx64 ": %" SCNx64 " %9s", &leaf->va, &leaf->pa,
		      leaf->letters) == 3;
}

static bool equal(const struct leaf *a, const struct leaf *b)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (i != DIRTY_AT && i != ACCESSED_AT && a->letters[i] != b->letters[i])
			return false;
	return a->va == b->va && a->pa == b->pa;
}

/* How many lines are no leaf of ours, or not in the same order; -1: no answer. */
static long differences(struct __test_metadata *_metadata, const monitor_data *self,
			struct vmlab_run *recs, struct leaf *leaves, size_t *nr)
{
	long wrong = 0, lines = 0;
	char *line, *next;
	struct leaf leaf;

	if (!on_our_tables(self) || !ask_monitor(self, "info tlb"))
		return -1;
	*nr = leaves_of(self, recs, leaves);
	for (line = strtok_r(answer, "\r\n", &next); line; line = strtok_r(NULL, "\r\n", &next)) {
		if (!parse(line, &leaf))
			continue;
		if (lines >= (long)*nr || !equal(&leaf, &leaves[lines])) {
			TH_LOG("the emulator has: %s", line);
			if (lines < (long)*nr)
				TH_LOG("the scan has: %016" PRIx64 ": %016" PRIx64 " %s",
				       leaves[lines].va, leaves[lines].pa, leaves[lines].letters);
			return 1;
		}
		lines++;
	}
	wrong += lines != (long)*nr;
	return wrong;
}

TEST_F_TIMEOUT(monitor, lists_the_leaves_that_a_scan_finds, 600)
{
	struct vmlab_run *recs = calloc(MAX_RECS, sizeof(*recs));
	struct leaf *leaves = calloc(MAX_RECS, sizeof(*leaves));
	char *thp = fixture_thp(HUGE_2M);
	long wrong = -1;
	size_t nr = 0;
	int i;

	ASSERT_TRUE(recs && leaves);
	/* Not in need of a first touch meanwhile. */
	memset(recs, 1, MAX_RECS * sizeof(*recs));
	memset(leaves, 1, MAX_RECS * sizeof(*leaves));
	if (thp)
		fixture_write(thp, HUGE_2M);
	for (i = 0; wrong && i < TRIES; i++)
		wrong = differences(_metadata, self, recs, leaves, &nr);
	TH_LOG("%zu leaves", nr);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(300, nr);
	free(recs);
	free(leaves);
}

TEST_HARNESS_MAIN
