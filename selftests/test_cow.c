// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_cow.c - what fork left shared: `vmlab cow` before and after everything that a
 * process can do to it, `vmlab watch` while it is done, `vmlab snapshot` and `vmlab
 * diff` around it. Every page of every range is held against the pagemaps of both, and
 * who copied against who was told to write.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "counter.h"
#include "family.h"
#include "fixture.h"
#include "swaparea.h"
#include "witness.h"

#define NR		64UL
#define SIZE		(NR * PAGE)
#define MAX_PAGES	1024

FIXTURE(cow)
{
	struct family f;
	char *area;		/* the parent has written to it, and nobody else */
	char snapshots[3][48];
};

FIXTURE_SETUP(cow)
{
	int i;

	/*
	 * The family with us: a page that another CPU still keeps for its LRU lists is
	 * neither paged out nor reused. madvise() and do_wp_page() drain their own CPU's.
	 */
	ASSERT_EQ(0, fixture_stay_on(0));
	self->area = fixture_anon(SIZE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->area);
	ASSERT_EQ(0, family_start(&self->f));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area, SIZE));
	for (i = 0; i < 3; i++)
		snprintf(self->snapshots[i], sizeof(self->snapshots[i]), "/tmp/vmlab-cow.%d.%d",
			 (int)getpid(), i);
}

FIXTURE_TEARDOWN(cow)
{
	int i;

	family_end(&self->f);
	for (i = 0; i < 3; i++)
		unlink(self->snapshots[i]);
}

#define SELF struct _test_data_cow

/* Base pages, as the command sums them up; all zero but what is said. */
struct sums {
	long shared, zero, swap, diverged, by_parent, by_child, by_unknown, only_parent, only_child,
	     unknown;
};

static const struct {
	const char *path;
	size_t at;
} keys[] = {
	{ "pages.shared", offsetof(struct sums, shared) },
	{ "pages.zero", offsetof(struct sums, zero) },
	{ "pages.swap", offsetof(struct sums, swap) },
	{ "pages.diverged", offsetof(struct sums, diverged) },
	{ "pages.copied_parent", offsetof(struct sums, by_parent) },
	{ "pages.copied_child", offsetof(struct sums, by_child) },
	{ "pages.copied_unknown", offsetof(struct sums, by_unknown) },
	{ "pages.only_parent", offsetof(struct sums, only_parent) },
	{ "pages.only_child", offsetof(struct sums, only_child) },
	{ "pages.unknown", offsetof(struct sums, unknown) },
};

static bool there(uint64_t word)
{
	return word & (PM_PRESENT | PM_SWAP);
}

/* What pagemap has to say about a page with this relation; "" when it does. */
static const char *page_breaks(const char *relation, uint64_t p, uint64_t c)
{
	bool same = PM_PFN(p) == PM_PFN(c) && !((p ^ c) & (PM_PRESENT | PM_SWAP));

	if (!strncmp(relation, "shared-", 7))
		return there(p) && same ? "" : "is not shared";
	if (!strcmp(relation, "diverged"))
		return there(p) && there(c) && !same ? "" : "has not diverged";
	if (!strcmp(relation, "parent-only"))
		return there(p) && !there(c) ? "" : "is not the parent's alone";
	if (!strcmp(relation, "child-only"))
		return !there(p) && there(c) ? "" : "is not the child's alone";
	if (!strcmp(relation, "null"))
		return (p ^ c) & PM_SWAP ? "" : "could be known";
	return "has a relation of its own";
}

/* Page @i of a range: its frame, on one side. */
static const char *frame_breaks(const struct answer *a, long range, const char *side,
				uint64_t word, unsigned long long i)
{
	const char *pfn = answer_at(a, "ranges.%ld.%s_pfn", range, side);
	const char *state = answer_at(a, "ranges.%ld.%s_state", range, side);

	if (!(word & PM_PRESENT))
		return strcmp(pfn, "null") ? "a frame where there is none" : "";
	if (!strcmp(state, "zero"))
		i = 0;
	return strtoull(pfn, NULL, 10) + i == PM_PFN(word) ? "" : "another frame";
}

/*
 * Asks for [at, at + size) of @who and the next generation, holds every page against
 * pagemap, and gives the sums. "" or what is wrong.
 */
static const char *look(SELF *self, int who, int whom, const void *at, size_t size,
			const char *options, struct sums *sums)
{
	static uint64_t p[MAX_PAGES], c[MAX_PAGES];
	static bool covered[MAX_PAGES];
	static char why[512];
	const uint64_t start = (uintptr_t)at;
	struct witness wp, wc;
	struct answer a;
	const char *wrong = "";
	long nr, i;
	size_t k;

	memset(sums, 0, sizeof(*sums));
	memset(covered, 0, sizeof(covered));
	command_run(&a, "cow %d %d %llx-%llx --json%s", (int)self->f.pid[who],
		    (int)self->f.pid[whom], (unsigned long long)start,
		    (unsigned long long)(start + size), options);
	if (a.status || !a.json) {
		snprintf(why, sizeof(why), "status %d: %.400s", a.status, a.err);
		return why;
	}
	if (witness_open(&wp, self->f.pid[who]) || witness_open(&wc, self->f.pid[whom]))
		return "no witness";
	if (witness_pagemap(&wp, start, p, size / PAGE) ||
	    witness_pagemap(&wc, start, c, size / PAGE))
		return "no pagemap";
	witness_close(&wp);
	witness_close(&wc);
	nr = answer_count(&a, "ranges");
	for (i = 0; i < nr && !*wrong; i++) {
		const char *relation = answer_at(&a, "ranges.%ld.relation", i);
		char path[64];
		unsigned long long va, count, j;

		snprintf(path, sizeof(path), "ranges.%ld.va", i);
		va = answer_number(&a, path);
		snprintf(path, sizeof(path), "ranges.%ld.count", i);
		count = answer_number(&a, path);
		if (va < start || va + count * PAGE > start + size)
			return "a range beyond what was asked for";
		for (j = 0; j < count && !*wrong; j++) {
			k = (va - start) / PAGE + j;
			if (covered[k])
				return "a page twice";
			covered[k] = true;
			wrong = page_breaks(relation, p[k], c[k]);
			if (!*wrong)
				wrong = frame_breaks(&a, i, "parent", p[k], j);
			if (!*wrong)
				wrong = frame_breaks(&a, i, "child", c[k], j);
			if (*wrong)
				snprintf(why, sizeof(why), "page %zu, %s: %s (pagemap %llx, %llx)",
					 k, relation, wrong, (unsigned long long)p[k],
					 (unsigned long long)c[k]);
		}
	}
	for (k = 0; k < size / PAGE && !*wrong; k++)
		if (!covered[k] && (there(p[k]) || there(c[k]))) {
			snprintf(why, sizeof(why), "page %zu is missing", k);
			wrong = why;
		}
	for (k = 0; k < ARRAY_SIZE(keys); k++)
		*(long *)((char *)sums + keys[k].at) = answer_number(&a, keys[k].path);
	command_free(&a);
	return *wrong ? why : "";
}

/* The same, and the sums must be these. */
static const char *look_for(SELF *self, int who, int whom, const void *at, size_t size,
			    const char *options, const struct sums *want)
{
	static char why[512];
	const char *wrong;
	struct sums got;
	size_t i, len = 0;

	wrong = look(self, who, whom, at, size, options, &got);
	if (*wrong)
		return wrong;
	why[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		long is = *(long *)((char *)&got + keys[i].at);
		long should = *(const long *)((const char *)want + keys[i].at);

		if (is != should)
			len += snprintf(why + len, sizeof(why) - len, "%s is %ld and not %ld; ",
					keys[i].path, is, should);
	}
	return why;
}

/* What must be there, and nothing else. */
#define EXPECT_COW_WITH(options, who, whom, where, len, ...) do {			\
	const struct sums want_ = { __VA_ARGS__ };				\
	EXPECT_STREQ("", look_for(self, who, whom, where, len, options, &want_)); \
} while (0)

#define EXPECT_COW(...)	EXPECT_COW_WITH("", PARENT, CHILD, self->area, SIZE, __VA_ARGS__)

/* A snapshot of a member of the family, into the @i-th file. */
static int snapshot(SELF *self, int who, int i)
{
	struct answer a;
	int status;

	command_run(&a, "snapshot %d %s --json", (int)self->f.pid[who], self->snapshots[i]);
	status = a.status;
	command_free(&a);
	return status;
}

TEST_F(cow, without_a_write_all_is_shared)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	EXPECT_COW(.shared = NR);
}

TEST_F(cow, a_read_changes_nothing)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_read(&self->f, CHILD, self->area, SIZE));
	ASSERT_EQ(0, family_read(&self->f, PARENT, self->area, SIZE));
	EXPECT_COW(.shared = NR);
}

TEST_F(cow, what_the_child_writes_the_child_copies)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area + 3 * PAGE, 10 * PAGE));
	EXPECT_COW(.shared = NR - 10, .diverged = 10, .by_child = 10);
}

TEST_F(cow, what_the_parent_writes_the_parent_copies)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area, 7 * PAGE));
	EXPECT_COW(.shared = NR - 7, .diverged = 7, .by_parent = 7);
}

/* The second writer gets the old frame for its own: then both look alike. */
TEST_F(cow, who_of_two_writers_copied_is_known_from_before_the_fork_only)
{
	char before[64];

	ASSERT_EQ(0, snapshot(self, PARENT, 0));
	/* A start is told in ticks of 10 ms: one that is later for sure. */
	usleep(30000);
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 5 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area, 5 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area + 10 * PAGE, 3 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area + 10 * PAGE, 3 * PAGE));
	EXPECT_COW(.shared = NR - 8, .diverged = 8, .by_unknown = 8);
	snprintf(before, sizeof(before), " --before %s", self->snapshots[0]);
	EXPECT_COW_WITH(before, PARENT, CHILD, self->area, SIZE,
			.shared = NR - 8, .diverged = 8, .by_child = 5, .by_parent = 3);
}

/* After the fork one look of the parent's alone proves nothing of what it kept. */
TEST_F(cow, looks_at_both_before_the_writes_are_as_good)
{
	char one[64], both[128];

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, snapshot(self, PARENT, 0));
	ASSERT_EQ(0, snapshot(self, CHILD, 1));
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 5 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area, 5 * PAGE));
	snprintf(one, sizeof(one), " --before %s", self->snapshots[0]);
	EXPECT_COW_WITH(one, PARENT, CHILD, self->area, SIZE,
			.shared = NR - 5, .diverged = 5, .by_unknown = 5);
	snprintf(both, sizeof(both), "%s --before %s", one, self->snapshots[1]);
	EXPECT_COW_WITH(both, PARENT, CHILD, self->area, SIZE,
			.shared = NR - 5, .diverged = 5, .by_child = 5);
}

/*
 * The trap: the parent copied, then forked once more, so that its copy waits for a
 * copy, too; and the child took over what was left. By that alone it would be the
 * child that copied. The other sharer is what gives it away.
 */
TEST_F(cow, another_fork_is_not_mistaken_for_the_first)
{
	struct family second;

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area, 5 * PAGE));
	second = self->f;
	/* It listens where the child does: so the child is told first. */
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 5 * PAGE));
	EXPECT_COW(.shared = NR - 5, .diverged = 5, .by_unknown = 5);
	ASSERT_EQ(0, family_fork(&second, PARENT));
	EXPECT_COW(.shared = NR - 5, .diverged = 5, .by_unknown = 5);
	kill(second.pid[CHILD], SIGKILL);
}

TEST_F(cow, three_generations_share_and_part)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_fork(&self->f, CHILD));
	EXPECT_COW_WITH("", PARENT, GRANDCHILD, self->area, SIZE, .shared = NR);
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 4 * PAGE));
	/* The frame that the other two have has two owners: no proof of who left it. */
	EXPECT_COW(.shared = NR - 4, .diverged = 4, .by_unknown = 4);
	EXPECT_COW_WITH("", CHILD, GRANDCHILD, self->area, SIZE,
			.shared = NR - 4, .diverged = 4, .by_unknown = 4);
	EXPECT_COW_WITH("", PARENT, GRANDCHILD, self->area, SIZE, .shared = NR);
	/* One of them less, and it is one. */
	ASSERT_EQ(0, family_write(&self->f, GRANDCHILD, self->area, 4 * PAGE));
	EXPECT_COW(.shared = NR - 4, .diverged = 4, .by_child = 4);
}

TEST_F(cow, what_the_child_drops_is_the_parents_alone)
{
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_madvise(&self->f, CHILD, self->area, 6 * PAGE, MADV_DONTNEED));
	EXPECT_COW(.shared = NR - 6, .only_parent = 6);
	/* Zeroes again, and nobody copied anything. */
	ASSERT_EQ(0, family_read(&self->f, CHILD, self->area, 2 * PAGE));
	EXPECT_COW(.shared = NR - 6, .diverged = 2, .by_unknown = 2, .only_parent = 4);
}

TEST_F(cow, what_one_has_touched_and_the_other_not_is_its_alone)
{
	char *late = fixture_anon(SIZE, PROT_READ | PROT_WRITE);
	struct family f;

	ASSERT_EQ(0, family_start(&f));
	family_end(&self->f);
	self->f = f;
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_read(&self->f, PARENT, late, 3 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, CHILD, late + 8 * PAGE, 4 * PAGE));
	EXPECT_COW_WITH("", PARENT, CHILD, late, SIZE, .only_parent = 3, .only_child = 4);
	/* The zero page is everybody's. */
	ASSERT_EQ(0, family_read(&self->f, CHILD, late, 3 * PAGE));
	EXPECT_COW_WITH("", PARENT, CHILD, late, SIZE, .shared = 3, .zero = 3, .only_child = 4);
	ASSERT_EQ(0, family_write(&self->f, CHILD, late, PAGE));
	EXPECT_COW_WITH("", PARENT, CHILD, late, SIZE,
			.shared = 2, .zero = 2, .diverged = 1, .by_child = 1, .only_child = 4);
}

/* By address: a page that moved is one at each place. */
TEST_F(cow, what_the_child_moves_is_somewhere_else)
{
	char *place = fixture_anon_aligned(SIZE, PAGE);

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_move(&self->f, CHILD, self->area, 8 * PAGE, place));
	EXPECT_COW(.shared = NR - 8, .only_parent = 8);
	EXPECT_COW_WITH("", PARENT, CHILD, place, SIZE, .only_child = 8);
	ASSERT_EQ(0, family_move(&self->f, CHILD, place, 8 * PAGE, self->area));
	EXPECT_COW(.shared = NR);
}

TEST_F(cow, a_huge_page_is_compared_piece_by_piece_once_it_is_split)
{
	char *huge = fixture_anon_aligned(HUGE_2M, HUGE_2M);
	char before[64];

	ASSERT_NE(NULL, huge);
	ASSERT_EQ(0, madvise(huge, HUGE_2M, MADV_HUGEPAGE));
	family_end(&self->f);
	ASSERT_EQ(0, family_start(&self->f));
	ASSERT_EQ(0, family_write(&self->f, PARENT, huge, PAGE));
	ASSERT_EQ(0, snapshot(self, PARENT, 0));
	usleep(30000);
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	EXPECT_COW_WITH("", PARENT, CHILD, huge, HUGE_2M, .shared = 512);
	/* The child's entry is split, 511 parts are still those of the parent's page. */
	ASSERT_EQ(0, family_write(&self->f, CHILD, huge + 100 * PAGE, PAGE));
	/* How many map a part of a page that is whole in the other is not told. */
	EXPECT_COW_WITH("", PARENT, CHILD, huge, HUGE_2M,
			.shared = 511, .diverged = 1, .by_unknown = 1);
	snprintf(before, sizeof(before), " --before %s", self->snapshots[0]);
	EXPECT_COW_WITH(before, PARENT, CHILD, huge, HUGE_2M,
			.shared = 511, .diverged = 1, .by_child = 1);
	/* A range that begins and ends inside of it. */
	EXPECT_COW_WITH("", PARENT, CHILD, huge + 90 * PAGE, 20 * PAGE,
			.shared = 19, .diverged = 1, .by_unknown = 1);
	/* In small pieces on both sides the count is known. */
	ASSERT_EQ(0, family_protect(&self->f, PARENT, huge, 256 * PAGE, PROT_READ));
	EXPECT_COW_WITH("", PARENT, CHILD, huge, HUGE_2M,
			.shared = 511, .diverged = 1, .by_child = 1);
}

TEST_F(cow, swap_slots_are_shared_too)
{
	struct swaparea area;
	const char *missing = swaparea_on(&area, 64UL << 20);

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_EQ(0, family_madvise(&self->f, PARENT, self->area, SIZE, MADV_PAGEOUT));
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	EXPECT_COW(.shared = NR, .swap = NR);
	/* A frame here, a slot there: one page, or not. */
	ASSERT_EQ(0, family_read(&self->f, PARENT, self->area, PAGE));
	{
		struct sums got;

		EXPECT_STREQ("", look(self, PARENT, CHILD, self->area, SIZE, "", &got));
		/* More than one, where the kernel reads ahead. */
		EXPECT_LE(1, got.unknown);
		EXPECT_EQ(NR, got.unknown + got.shared);
		EXPECT_EQ(0, got.diverged);
	}
	ASSERT_EQ(0, family_read(&self->f, PARENT, self->area, SIZE));
	ASSERT_EQ(0, family_read(&self->f, CHILD, self->area, SIZE));
	EXPECT_COW(.shared = NR);
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 2 * PAGE));
	{
		struct sums got;

		EXPECT_STREQ("", look(self, PARENT, CHILD, self->area, SIZE, "", &got));
		EXPECT_EQ(2, got.diverged);
		EXPECT_EQ(NR - 2, got.shared);
	}
	family_end(&self->f);
	swaparea_off(&area);
	ASSERT_EQ(0, family_start(&self->f));
}

/* All of them are one frame then, which nobody copied. */
TEST_F(cow, what_KSM_merged_is_shared_until_it_is_written)
{
	const struct timespec nap = { .tv_nsec = 50000000 };
	const size_t nr = 16;
	struct witness w;
	int tries;

	if (family_madvise(&self->f, PARENT, self->area, nr * PAGE, MADV_MERGEABLE))
		SKIP(return, "this kernel has no KSM");
	ASSERT_EQ(0, witness_open(&w, self->f.pid[PARENT]));
	counter_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	counter_write("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "1"));
	for (tries = 0; tries < 400; tries++) {
		if (witness_page_count(&w, PM_PFN(witness_page(&w, self->area))) == nr)
			break;
		nanosleep(&nap, NULL);
	}
	witness_close(&w);
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "0"));
	ASSERT_GT(400, tries);
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	EXPECT_COW(.shared = NR);
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 3 * PAGE));
	EXPECT_COW(.shared = NR - 3, .diverged = 3, .by_unknown = 3);
	counter_write("/sys/kernel/mm/ksm/run", "2");
}

TEST_F(cow, a_private_page_of_a_file_is_the_original)
{
	int fd = fixture_memfd(SIZE, 'f');
	char *private, *shared;

	ASSERT_LE(0, fd);
	private = fixture_map(fd, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	shared = fixture_map(fd, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	family_end(&self->f);
	ASSERT_EQ(0, family_start(&self->f));
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_read(&self->f, PARENT, private, SIZE));
	ASSERT_EQ(0, family_read(&self->f, CHILD, private, SIZE));
	ASSERT_EQ(0, family_write(&self->f, PARENT, shared, SIZE));
	ASSERT_EQ(0, family_write(&self->f, CHILD, shared, SIZE));
	EXPECT_COW_WITH("", PARENT, CHILD, private, SIZE, .shared = NR);
	EXPECT_COW_WITH("", PARENT, CHILD, shared, SIZE, .shared = NR);
	ASSERT_EQ(0, family_write(&self->f, PARENT, private, 3 * PAGE));
	ASSERT_EQ(0, family_write(&self->f, CHILD, private + 4 * PAGE, 5 * PAGE));
	EXPECT_COW_WITH("", PARENT, CHILD, private, SIZE,
			.shared = NR - 8, .diverged = 8, .by_parent = 3, .by_child = 5);
}

TEST_F(cow, whole_address_spaces_replay_byte_for_byte)
{
	struct answer live, replayed;

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, CHILD, self->area, 4 * PAGE));
	command_run(&live, "cow %d %d --json --record %s", (int)self->f.pid[PARENT],
		    (int)self->f.pid[CHILD], self->snapshots[0]);
	ASSERT_EQ(0, live.status) TH_LOG("%s", live.err);
	EXPECT_STREQ("false", answer_at(&live, "changed"));
	EXPECT_LE(4, answer_number(&live, "pages.copied_child"));
	command_run(&replayed, "cow %d %d --json --replay %s", (int)self->f.pid[PARENT],
		    (int)self->f.pid[CHILD], self->snapshots[0]);
	EXPECT_STREQ(live.out, replayed.out);
	command_free(&live);
	command_free(&replayed);
}

/* A watch in a process of its own: what it says comes line by line. */
struct watch {
	pid_t pid;
	FILE *out;
	char line[1 << 16];
};

static int watch_start(struct watch *w, const char *what, const char *first, const char *second)
{
	int from[2];

	memset(w, 0, sizeof(*w));
	if (pipe(from))
		return -1;
	fflush(stdout);
	w->pid = fork();
	if (!w->pid) {
		dup2(from[1], 1);
		close(from[0]);
		execlp("vmlab", "vmlab", "watch", what, first, second, "--json", "--interval",
		       "50", NULL);
		_exit(127);
	}
	close(from[1]);
	w->out = fdopen(from[0], "r");
	return w->out ? 0 : -1;
}

static bool watch_next(struct watch *w)
{
	return fgets(w->line, sizeof(w->line), w->out);
}

/* A number behind a key in the last line, which is one document. */
static long watch_number(const struct watch *w, const char *key)
{
	const char *at = strstr(w->line, key);

	return at ? atol(at + strlen(key)) : -1;
}

static int watch_end(struct watch *w)
{
	int status;

	fclose(w->out);
	waitpid(w->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(cow, watch_sees_it_shrink_until_a_process_ends)
{
	struct watch *w = calloc(1, sizeof(*w));
	char parent[16], child[16];
	long first, last;
	size_t i;

	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	snprintf(parent, sizeof(parent), "%d", (int)self->f.pid[PARENT]);
	snprintf(child, sizeof(child), "%d", (int)self->f.pid[CHILD]);
	ASSERT_EQ(0, watch_start(w, "cow", parent, child));
	ASSERT_TRUE(watch_next(w));
	first = last = watch_number(w, "\"shared_cow\":");
	EXPECT_LE(NR, first);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, family_write(&self->f, CHILD, self->area + i * 8 * PAGE, 8 * PAGE));
		/* One look may have been half done; never more than what is there. */
		do {
			ASSERT_TRUE(watch_next(w));
			EXPECT_GE(last, watch_number(w, "\"shared_cow\":"));
			EXPECT_NE(NULL, strstr(w->line, "\"complete\":true}\n"));
		} while (watch_number(w, "\"shared_cow\":") > last - 8);
		last = watch_number(w, "\"shared_cow\":");
		EXPECT_GE(first - 8 * (long)(i + 1), last);
	}
	kill(self->f.pid[CHILD], SIGKILL);
	while (watch_next(w))
		;
	EXPECT_EQ(self->f.pid[CHILD], watch_number(w, "\"ended\":")) TH_LOG("%s", w->line);
	EXPECT_EQ(0, watch_end(w));
	free(w);
}

TEST_F(cow, watch_ends_cleanly_when_it_is_interrupted)
{
	struct watch *w = calloc(1, sizeof(*w));
	char parent[16];

	ASSERT_NE(NULL, w);
	snprintf(parent, sizeof(parent), "%d", (int)self->f.pid[PARENT]);
	ASSERT_EQ(0, watch_start(w, "map", parent, "--count=100000"));
	ASSERT_TRUE(watch_next(w));
	ASSERT_TRUE(watch_next(w));
	kill(w->pid, SIGINT);
	while (watch_next(w))
		EXPECT_NE(NULL, strstr(w->line, "\"complete\":"));
	EXPECT_EQ(0, watch_end(w));
	free(w);
}

TEST_F(cow, watch_counts_and_shows_what_the_query_shows)
{
	struct answer query, watch;

	command_run(&query, "map %d --json", (int)self->f.pid[PARENT]);
	command_run(&watch, "watch map %d --json --count 1", (int)self->f.pid[PARENT]);
	EXPECT_EQ(0, watch.status) TH_LOG("%s", watch.err);
	EXPECT_STREQ(answer_at(&query, "totals.anon"), answer_at(&watch, "totals.anon"));
	EXPECT_EQ(answer_count(&query, "regions"), answer_count(&watch, "regions"));
	command_free(&watch);
	command_run(&watch, "watch map %d --json --count 3 --interval 10",
		    (int)self->f.pid[PARENT]);
	EXPECT_EQ(3, command_lines(watch.out));
	command_free(&watch);
	command_free(&query);
}

TEST_F(cow, watch_of_a_command_ends_with_it)
{
	struct answer a;
	int lines;

	command_run(&a, "watch map --json --interval 100 -- sleep 0.3");
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	lines = command_lines(a.out);
	EXPECT_LE(2, lines);
	EXPECT_NE(NULL, strstr(a.out, "{\"ended\":")) TH_LOG("%.300s", a.out);
	command_free(&a);
	/* Not that many looks: it is there still, and is killed. */
	command_run(&a, "watch map --json --interval 20 --count 2 -- sleep 1000");
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(2, command_lines(a.out));
	command_free(&a);
}

TEST_F(cow, watch_replays_as_many_looks_as_there_were)
{
	struct answer live, replayed;
	int options;

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	command_run(&live, "watch cow %d %d --json --count 3 --interval 10 --record %s",
		    (int)self->f.pid[PARENT], (int)self->f.pid[CHILD], self->snapshots[0]);
	ASSERT_EQ(0, live.status) TH_LOG("%s", live.err);
	for (options = 0; options < 2; options++) {
		command_run(&replayed, "watch cow %d %d --json%s --replay %s",
			    (int)self->f.pid[PARENT], (int)self->f.pid[CHILD],
			    options ? " --count 3" : "", self->snapshots[0]);
		EXPECT_EQ(0, replayed.status) TH_LOG("%s", replayed.err);
		EXPECT_STREQ(live.out, replayed.out);
		command_free(&replayed);
	}
	command_free(&live);
}

/* The sum of counts of the ranges of a diff that lie in [at, at + size) and have @what. */
static long changed(const struct answer *a, const char *at, size_t size, const char *what)
{
	long nr = answer_count(a, "changed"), sum = 0, i, k;
	char path[64];

	for (i = 0; i < nr; i++) {
		unsigned long long va, count;

		snprintf(path, sizeof(path), "changed.%ld.va", i);
		va = answer_number(a, path);
		if (va < (uintptr_t)at || va >= (uintptr_t)at + size)
			continue;
		snprintf(path, sizeof(path), "changed.%ld.count", i);
		count = answer_number(a, path);
		snprintf(path, sizeof(path), "changed.%ld.what", i);
		for (k = 0; k < answer_count(a, path); k++)
			if (!what || !strcmp(answer_at(a, "changed.%ld.what.%ld", i, k), what)) {
				sum += count;
				break;
			}
	}
	return sum;
}

TEST_F(cow, diff_tells_what_was_done_between_two_snapshots)
{
	struct answer a;

	ASSERT_EQ(0, snapshot(self, PARENT, 0));
	ASSERT_EQ(0, snapshot(self, PARENT, 1));
	command_run(&a, "diff %s %s --json", self->snapshots[0], self->snapshots[1]);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(0, changed(&a, self->area, SIZE, NULL));
	EXPECT_STREQ("true", answer_at(&a, "same_boot"));
	EXPECT_EQ(self->f.pid[PARENT], answer_number(&a, "from.pid"));
	EXPECT_LT(answer_number(&a, "from.ns"), answer_number(&a, "to.ns"));
	command_free(&a);

	ASSERT_EQ(0, family_madvise(&self->f, PARENT, self->area, 3 * PAGE, MADV_DONTNEED));
	ASSERT_EQ(0, family_protect(&self->f, PARENT, self->area + 8 * PAGE, 5 * PAGE, PROT_READ));
	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	ASSERT_EQ(0, family_write(&self->f, PARENT, self->area + 20 * PAGE, 7 * PAGE));
	ASSERT_EQ(0, snapshot(self, PARENT, 1));
	command_run(&a, "diff %s %s --json", self->snapshots[0], self->snapshots[1]);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(3, changed(&a, self->area, SIZE, "gone"));
	EXPECT_EQ(0, changed(&a, self->area, SIZE, "appeared"));
	EXPECT_EQ(5, changed(&a, self->area, SIZE, "asked"));
	EXPECT_EQ(7, changed(&a, self->area, SIZE, "frame"));
	/* All that fork shared, but what is the parent's own again. */
	EXPECT_EQ(NR - 3 - 7, changed(&a, self->area, SIZE, "state"));
	command_free(&a);

	/* The other way round, and a process against another. */
	command_run(&a, "diff %s %s --json", self->snapshots[1], self->snapshots[0]);
	EXPECT_EQ(3, changed(&a, self->area, SIZE, "appeared"));
	EXPECT_EQ(0, changed(&a, self->area, SIZE, "gone"));
	command_free(&a);
	ASSERT_EQ(0, snapshot(self, CHILD, 2));
	command_run(&a, "diff %s %s --json", self->snapshots[1], self->snapshots[2]);
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(7, changed(&a, self->area, SIZE, "frame"));
	command_free(&a);
}

TEST_F(cow, a_snapshot_is_a_recording_of_map_and_pages)
{
	const int pid = self->f.pid[PARENT];
	struct answer live, replayed;

	ASSERT_EQ(0, snapshot(self, PARENT, 0));
	command_run(&live, "pages %d %llx-%llx --json", pid, (unsigned long long)(uintptr_t)self->area,
		    (unsigned long long)(uintptr_t)self->area + SIZE);
	command_run(&replayed, "pages %d --json --replay %s", pid, self->snapshots[0]);
	EXPECT_EQ(0, replayed.status) TH_LOG("%s", replayed.err);
	EXPECT_LE(answer_number(&live, "totals.anon"), answer_number(&replayed, "totals.anon"));
	command_free(&live);
	command_free(&replayed);
	command_run(&live, "map %d --json", pid);
	command_run(&replayed, "map %d --json --replay %s", pid, self->snapshots[0]);
	EXPECT_EQ(0, replayed.status) TH_LOG("%s", replayed.err);
	EXPECT_STREQ(answer_at(&live, "totals.anon"), answer_at(&replayed, "totals.anon"));
	EXPECT_STREQ(answer_at(&live, "totals.resident"), answer_at(&replayed, "totals.resident"));
	command_free(&live);
	command_free(&replayed);
}

/* Fails with one line, and the code in JSON. */
static const char *refused(const char *code, const char *words)
{
	static char why[512];
	struct answer a;

	command_run(&a, "%s --json", words);
	snprintf(why, sizeof(why), "%s", a.status != 1 ? "not refused" :
		 command_lines(a.err) != 1 ? "not one line" :
		 strcmp(answer_at(&a, "error.code"), code) ? answer_at(&a, "error.code") : "");
	command_free(&a);
	return why;
}

TEST_F(cow, what_cannot_be_compared_is_refused)
{
	char words[256];

	ASSERT_EQ(0, family_fork(&self->f, PARENT));
	snprintf(words, sizeof(words), "cow %d 4194303", (int)self->f.pid[PARENT]);
	EXPECT_STREQ("", refused("ESRCH", words));
	snprintf(words, sizeof(words), "cow 2 %d", (int)self->f.pid[CHILD]);
	EXPECT_STREQ("", refused("ESRCH", words));
	/* A recording of something else. */
	snprintf(words, sizeof(words), "info --record %s", self->snapshots[0]);
	EXPECT_STREQ("not refused", refused("", words));
	snprintf(words, sizeof(words), "diff %s %s", self->snapshots[0], self->snapshots[0]);
	EXPECT_STREQ("", refused("ENODATA", words));
	snprintf(words, sizeof(words), "cow %d %d --before %s", (int)self->f.pid[PARENT],
		 (int)self->f.pid[CHILD], self->snapshots[0]);
	EXPECT_STREQ("", refused("ENODATA", words));
	/* A snapshot of somebody else. */
	snprintf(words, sizeof(words), "snapshot %d %s", (int)getpid(), self->snapshots[1]);
	EXPECT_STREQ("not refused", refused("", words));
	snprintf(words, sizeof(words), "cow %d %d --before %s", (int)self->f.pid[PARENT],
		 (int)self->f.pid[CHILD], self->snapshots[1]);
	EXPECT_STREQ("", refused("ENODATA", words));
	/* Nobody: and no file that looks like a snapshot of it. */
	snprintf(words, sizeof(words), "snapshot 4194303 %s", self->snapshots[2]);
	EXPECT_STREQ("", refused("ESRCH", words));
	EXPECT_EQ(-1, access(self->snapshots[2], F_OK));
}

TEST_HARNESS_MAIN
