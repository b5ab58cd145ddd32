// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_scan.c - a range in runs: the same answer whatever the buffer, filters that
 * are what filtering afterwards would be, runs that are what WALK says page by page,
 * restarts at any border, and an end when a signal comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "ticks.h"
#include "victim.h"
#include "witness.h"

#define F(name)		VMLAB_FACT_ ## name

/*
 * A range with a bit of everything, aligned to 2 MiB: small pages dense and sparse,
 * read-only ones, the zero page, VMA borders in the middle of tables, a file, holes, a
 * huge page, one in pieces; and more runs than the module collects at a time.
 */
#define RANGE		(12UL << 20)
#define NR_PAGES	(RANGE / PAGE)

FIXTURE(range)
{
	int node;
	int target;
	char *start;
	char *end;
	struct vmlab_run *runs;	/* the answer with the largest buffer */
	uint32_t nr;
};

typedef FIXTURE_DATA(range) range_data;

/* All of [start, end), in as many calls as it takes with @max records each. */
static int scan_all(int target, const char *start, const char *end,
		    const struct vmlab_scan *filter, struct vmlab_run *out, uint32_t max,
		    uint32_t *nr)
{
	uint64_t at = (uintptr_t)start;
	int ret;

	*nr = 0;
	while (at < (uintptr_t)end) {
		struct vmlab_scan scan = ask_scan(at, (uintptr_t)end, out + *nr, max);

		if (filter) {
			scan.all_of = filter->all_of;
			scan.any_of = filter->any_of;
			scan.none_of = filter->none_of;
			scan.min_mapcount = filter->min_mapcount;
		}
		ret = ask(target, VMLAB_SCAN, &scan);
		if (ret)
			return ret;
		if (scan.out_nr > max || scan.out_next < at)
			return -EPROTO;
		if (scan.out_next == at && !scan.out_nr)
			return -ELOOP;
		*nr += scan.out_nr;
		at = scan.out_next;
	}
	return 0;
}

FIXTURE_SETUP(range)
{
	char *p;
	int fd;

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->target = ask_target(self->node, 0);
	ASSERT_LE(0, self->target);
	/* Ageing clears accessed bits at any time (lru_gen), but not of what is locked. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	p = fixture_anon_aligned(RANGE + HUGE_2M, HUGE_2M);
	ASSERT_NE(NULL, p);
	madvise(p, RANGE + HUGE_2M, MADV_NOHUGEPAGE);
	self->start = p;
	self->end = p + RANGE;
	self->runs = malloc(2 * NR_PAGES * sizeof(*self->runs));

	/* 0-1 MiB: dense; then every third page; then read only once. */
	fixture_write(p, 128 * PAGE);
	for (int i = 128; i < 256; i += 3)
		p[i * PAGE] = 1;
	/* 1-2 MiB: the zero page, with written ones between. */
	fixture_read(p + 256 * PAGE, 128 * PAGE);
	for (int i = 256; i < 384; i += 16)
		p[i * PAGE] = 1;
	/* VMA borders inside one table: read-only, inaccessible, executable, gone. */
	fixture_write(p + 384 * PAGE, 128 * PAGE);
	ASSERT_EQ(0, mprotect(p + 400 * PAGE, 20 * PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(p + 430 * PAGE, 5 * PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p + 435 * PAGE, 5 * PAGE, PROT_READ | PROT_EXEC));
	ASSERT_EQ(0, munmap(p + 450 * PAGE, 7 * PAGE));
	/* A huge page, where there are any, and one with a hole in it. */
	madvise(p + HUGE_2M, 2 * HUGE_2M, MADV_HUGEPAGE);
	fixture_write(p + HUGE_2M, 2 * HUGE_2M);
	ASSERT_EQ(0, munmap(p + 2 * HUGE_2M + 300 * PAGE, PAGE));
	/* 6-8 MiB: a file over the middle, and pages across the border of tables. */
	fd = fixture_memfd(64 * PAGE, 3);
	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, mmap(p + 3 * HUGE_2M + 100 * PAGE, 64 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd, 0));
	fixture_read(p + 3 * HUGE_2M + 100 * PAGE, 64 * PAGE);
	fixture_write(p + 3 * HUGE_2M + 100 * PAGE, 8 * PAGE);
	fixture_write(p + 3 * HUGE_2M + 400 * PAGE, 112 * PAGE);
	/* Some of it once more elsewhere: mapped twice. */
	ASSERT_NE(MAP_FAILED, mmap(NULL, 9 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_POPULATE, fd, 0));
	/* 8-12 MiB: every page is a run of its own, written or zero in turn. */
	fixture_read(p + 4 * HUGE_2M, 1024 * PAGE);
	for (int i = 0; i < 1024; i += 2)
		p[4 * HUGE_2M + i * PAGE] = 1;
	/* Beyond the range, so that its end is not a VMA's. */
	fixture_write(p + RANGE, 16 * PAGE);
	close(fd);
	ASSERT_EQ(0, scan_all(self->target, self->start, self->end, NULL, self->runs, 4096,
			      &self->nr));
	ASSERT_LT(1024, self->nr);
}

FIXTURE_TEARDOWN(range)
{
	free(self->runs);
	close(self->target);
	close(self->node);
}

TEST_F(range, is_the_same_with_a_buffer_of_any_size)
{
	const uint32_t sizes[] = { 1, 2, 3, 7, 64, 511, 512, 513, 1000, 4096 };
	struct vmlab_run *runs = malloc((2 * NR_PAGES + 4096) * sizeof(*runs));
	uint32_t nr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, scan_all(self->target, self->start, self->end, NULL, runs, sizes[i],
				      &nr));
		ASSERT_EQ(self->nr, nr) TH_LOG("%u records", sizes[i]);
		ASSERT_EQ(0, memcmp(runs, self->runs, nr * sizeof(*runs)))
			TH_LOG("%u records", sizes[i]);
	}
	free(runs);
}

TEST_F(range, is_what_walks_of_all_its_pages_say)
{
	uint64_t va, end = (uintptr_t)self->end, skip_to = 0;
	uint32_t at = 0, index = 0, leaves = 0;

	for (va = (uintptr_t)self->start; va < end; va += PAGE) {
		struct vmlab_walk walk = { .size = sizeof(walk), .va = va };
		struct vmlab_run expected;

		ASSERT_EQ(0, ask(self->target, VMLAB_WALK, &walk));
		if (!walk.out_leaf.count || va < skip_to)
			continue;
		ASSERT_LT(at, self->nr);
		/* The index'th leaf of this run, as its first one and index tell. */
		expected = self->runs[at];
		expected.count = 1;
		expected.va += (uint64_t)index << expected.shift;
		if (expected.pfn != VMLAB_PFN_NONE && index &&
		    !(expected.facts & (F(ZERO) | F(HUGE_ZERO))))
			expected.pfn += (uint64_t)index << (expected.shift - 12);
		/* Attributes are equal, the frame in the entry is each leaf's own. */
		ASSERT_EQ(expected.entry >> 52 << 52 | (expected.entry & 4095),
			  walk.out_leaf.entry >> 52 << 52 | (walk.out_leaf.entry & 4095));
		expected.entry = walk.out_leaf.entry;
		ASSERT_EQ(0, memcmp(&expected, &walk.out_leaf, sizeof(expected)))
			TH_LOG("0x%llx", (unsigned long long)va);
		skip_to = expected.va + (1ULL << expected.shift);
		leaves++;
		if (++index == self->runs[at].count) {
			at++;
			index = 0;
		}
	}
	EXPECT_EQ(self->nr, at);
	EXPECT_LT(1000, leaves);
}

/* All of [start, end) as raw entries, @max records a call. */
static int scan_raw(const range_data *self, struct vmlab_raw *out, uint32_t max, uint32_t *nr)
{
	struct vmlab_scan scan = ask_scan((uintptr_t)self->start, (uintptr_t)self->end, out, max);
	int ret;

	scan.format = VMLAB_FORMAT_RAW;
	scan.rec_size = sizeof(*out);
	*nr = 0;
	for (; scan.start < scan.end; scan.start = scan.out_next) {
		scan.buf = (uintptr_t)(out + *nr);
		ret = ask(self->target, VMLAB_SCAN, &scan);
		if (ret)
			return ret;
		if (scan.out_next == scan.start && !scan.out_nr)
			return -ELOOP;
		*nr += scan.out_nr;
	}
	return 0;
}

TEST_F(range, raw_has_the_entry_of_every_leaf_that_a_walk_finds_and_no_other)
{
	struct vmlab_raw *raws = malloc(2 * NR_PAGES * sizeof(*raws)), *raw = raws;
	uint64_t va = (uintptr_t)self->start, leaves = 0, i = 0;
	uint32_t nr;

	ASSERT_EQ(0, scan_raw(self, raws, 4096, &nr));
	while (va < (uintptr_t)self->end) {
		struct vmlab_walk walk = { .size = sizeof(walk), .va = va };
		const struct vmlab_run *leaf = &walk.out_leaf;

		ASSERT_EQ(0, ask(self->target, VMLAB_WALK, &walk));
		if (!leaf->count) {
			va += PAGE;
			continue;
		}
		ASSERT_LT(raw - raws, nr);
		ASSERT_EQ(leaf->va, raw->va + (i << raw->shift));
		ASSERT_EQ(leaf->entry, raw->entry + i * ((uint64_t)raw->step << raw->shift))
			TH_LOG("0x%llx", (unsigned long long)va);
		ASSERT_EQ(leaf->level, raw->level);
		ASSERT_EQ(leaf->shift, raw->shift);
		va = leaf->va + (1ULL << leaf->shift);
		leaves++;
		if (++i == raw->count) {
			raw++;
			i = 0;
		}
	}
	EXPECT_EQ(nr, raw - raws);
	EXPECT_LT(1000, leaves);
	EXPECT_GT(leaves, nr) TH_LOG("nothing was merged");
	free(raws);
}

TEST_F(range, raw_is_the_same_with_a_buffer_of_any_size)
{
	const uint32_t sizes[] = { 1, 2, 3, 7, 64, 511, 512, 513, 1000, 1023, 1024, 1025 };
	struct vmlab_raw *all = malloc(2 * NR_PAGES * sizeof(*all));
	struct vmlab_raw *some = malloc((2 * NR_PAGES + 4096) * sizeof(*some));
	uint32_t nr, nr_some;
	size_t i;

	ASSERT_EQ(0, scan_raw(self, all, 4096, &nr));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, scan_raw(self, some, sizes[i], &nr_some));
		ASSERT_EQ(nr, nr_some) TH_LOG("%u records", sizes[i]);
		ASSERT_EQ(0, memcmp(all, some, nr * sizeof(*all))) TH_LOG("%u records", sizes[i]);
	}
	free(all);
	free(some);
}

TEST_F(range, has_no_two_neighbouring_runs_that_should_be_one)
{
	const struct vmlab_run *a, *b;
	uint32_t i, merged = 0;
	uint64_t next;

	for (i = 0; i + 1 < self->nr; i++) {
		a = &self->runs[i];
		b = &self->runs[i + 1];
		merged += a->count > 1;
		ASSERT_LE(a->va + ((uint64_t)a->count << a->shift), b->va);
		if (a->va + ((uint64_t)a->count << a->shift) != b->va || a->facts != b->facts ||
		    a->shift != b->shift || a->mapcount != b->mapcount ||
		    (a->entry & ~0xffffffffff000ULL) != (b->entry & ~0xffffffffff000ULL))
			continue;
		next = a->pfn;
		if (!(a->facts & (F(ZERO) | F(HUGE_ZERO))))
			next += (uint64_t)a->count << (a->shift - 12);
		EXPECT_NE(next, b->pfn);
	}
	EXPECT_LT(0, merged);
}

TEST_F(range, is_as_many_present_pages_as_pagemap_has)
{
	uint64_t words[NR_PAGES], pages = 0, seen = 0;
	struct witness witness;
	uint32_t i;

	ASSERT_EQ(0, witness_open(&witness, 0));
	ASSERT_EQ(0, witness_pagemap(&witness, (uintptr_t)self->start, words, NR_PAGES));
	for (i = 0; i < NR_PAGES; i++)
		seen += !!(words[i] & PM_PRESENT);
	for (i = 0; i < self->nr; i++)
		pages += (uint64_t)self->runs[i].count << (self->runs[i].shift - 12);
	EXPECT_EQ(seen, pages);
	EXPECT_LT(1500, seen);
}

static bool passes(const struct vmlab_scan *filter, const struct vmlab_run *run)
{
	if (run->mapcount < filter->min_mapcount && run->level == VMLAB_LEVEL_PTE)
		return false;
	return (run->facts & filter->all_of) == filter->all_of &&
	       (!filter->any_of || (run->facts & filter->any_of)) &&
	       !(run->facts & filter->none_of);
}

TEST_F(range, filtered_is_what_filtering_afterwards_leaves)
{
	const struct vmlab_scan filters[] = {
		{ .all_of = F(PRESENT) | F(WRITE) },
		{ .all_of = F(ZERO) },
		{ .any_of = F(ZERO) | F(PROTNONE) | F(FILE) },
		{ .any_of = F(HUGE) },
		{ .none_of = F(DIRTY) },
		{ .none_of = F(ANON) | F(ZERO) },
		{ .all_of = F(ANON), .any_of = F(EXEC) | F(WRITE), .none_of = F(HUGE) },
		{ .all_of = F(ASKED_WRITE), .none_of = F(WRITE) },
		{ .all_of = F(KSM) },
		{ .all_of = F(PRESENT) | F(PROTNONE) },
		{ .any_of = VMLAB_FACTS_KNOWN },
		{ .none_of = VMLAB_FACTS_KNOWN },
		{ .min_mapcount = 1 },
		{ .min_mapcount = 2 },
		{ .min_mapcount = 3, .all_of = F(PRESENT) },
		{ .min_mapcount = VMLAB_MAPCOUNT_UNKNOWN },
	};
	struct vmlab_run *runs = malloc(2 * NR_PAGES * sizeof(*runs));
	uint32_t i, j, nr, expected;

	for (i = 0; i < ARRAY_SIZE(filters); i++) {
		ASSERT_EQ(0, scan_all(self->target, self->start, self->end, &filters[i], runs, 64,
				      &nr));
		for (j = expected = 0; j < self->nr; j++) {
			if (!passes(&filters[i], &self->runs[j]))
				continue;
			ASSERT_LT(expected, nr);
			ASSERT_EQ(0, memcmp(&runs[expected], &self->runs[j], sizeof(*runs)))
				TH_LOG("filter %u, run %u", i, j);
			expected++;
		}
		EXPECT_EQ(expected, nr) TH_LOG("filter %u", i);
	}
	free(runs);
}

TEST_F(range, begun_anywhere_is_the_rest_of_it)
{
	struct vmlab_run *runs = malloc(2 * NR_PAGES * sizeof(*runs));
	size_t page;

	for (page = 0; page < NR_PAGES; page += page % 512 > 500 || page % 512 < 4 ? 1 : 29) {
		const char *start = self->start + page * PAGE;
		uint32_t i = 0, nr;

		ASSERT_EQ(0, scan_all(self->target, start, self->end, NULL, runs, 512, &nr));
		while (i < self->nr && self->runs[i].va +
		       ((uint64_t)self->runs[i].count << self->runs[i].shift) <= (uintptr_t)start)
			i++;
		ASSERT_EQ(self->nr - i, nr) TH_LOG("from page %zu", page);
		if (!nr)
			continue;
		/* Every leaf at the start is whole; of the first run some may be missing. */
		ASSERT_EQ(self->runs[i].facts, runs[0].facts);
		ASSERT_EQ(self->runs[i].va + ((uint64_t)self->runs[i].count << self->runs[i].shift),
			  runs[0].va + ((uint64_t)runs[0].count << runs[0].shift));
		ASSERT_LT((uintptr_t)start, runs[0].va + (1ULL << runs[0].shift));
		ASSERT_GE((uintptr_t)start, runs[0].va < (uintptr_t)start ? runs[0].va : 0);
		ASSERT_EQ(0, memcmp(&self->runs[i + 1], &runs[1], (nr - 1) * sizeof(*runs)));
	}
	free(runs);
}

TEST_F(range, ended_anywhere_is_what_came_before)
{
	struct vmlab_run *runs = malloc(2 * NR_PAGES * sizeof(*runs));
	size_t page;

	for (page = 1; page < NR_PAGES; page += page % 512 > 500 || page % 512 < 4 ? 1 : 29) {
		const char *end = self->start + page * PAGE;
		uint32_t nr, last = 0;

		ASSERT_EQ(0, scan_all(self->target, self->start, end, NULL, runs, 512, &nr));
		while (last < self->nr && self->runs[last].va < (uintptr_t)end)
			last++;
		ASSERT_EQ(last, nr) TH_LOG("to page %zu", page);
		ASSERT_EQ(0, memcmp(self->runs, runs, (nr - 1) * sizeof(*runs)));
		ASSERT_EQ(self->runs[nr - 1].va, runs[nr - 1].va);
		ASSERT_GE(self->runs[nr - 1].count, runs[nr - 1].count);
	}
	free(runs);
}

struct asker {
	const range_data *self;
	uint32_t nr_recs;
	int bad;
};

static void *ask_often(void *arg)
{
	struct asker *asker = arg;
	const range_data *self = asker->self;
	struct vmlab_run *runs = malloc(2 * NR_PAGES * sizeof(*runs));
	int round, ret;
	uint32_t nr;

	for (round = 0; round < 20; round++) {
		ret = scan_all(self->target, self->start, self->end, NULL, runs,
			       asker->nr_recs + (uint32_t)round, &nr);
		if (ret || nr != self->nr || memcmp(runs, self->runs, nr * sizeof(*runs)))
			asker->bad++;
	}
	free(runs);
	return NULL;
}

TEST_F(range, asked_by_two_threads_at_once_is_the_same_for_both)
{
	struct asker askers[2] = {
		{ .self = self, .nr_recs = 5 }, { .self = self, .nr_recs = 400 },
	};
	pthread_t threads[2];
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, ask_often, &askers[i]));
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, askers[i].bad);
	}
}

/* Large ones. */

FIXTURE(large)
{
	int node;
	int target;
};

FIXTURE_SETUP(large)
{
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->target = ask_target(self->node, 0);
	ASSERT_LE(0, self->target);
}

FIXTURE_TEARDOWN(large)
{
	close(self->target);
	close(self->node);
}

TEST_F(large, reservation_that_is_empty_takes_no_time)
{
	const size_t size = 64UL << 30;
	char *area = fixture_anon(size, PROT_READ | PROT_WRITE);
	struct vmlab_run runs[4];
	double took;
	uint32_t nr;

	ASSERT_NE(NULL, area);
	took = seconds_now();
	ASSERT_EQ(0, scan_all(self->target, area, area + size, NULL, runs, 4, &nr));
	took = seconds_now() - took;
	EXPECT_EQ(0, nr);
	/* By pages it would be 16 million steps, which no emulator does in a second. */
	EXPECT_GT(1, took) TH_LOG("%f s", took);
	area[size / 2] = 1;
	ASSERT_EQ(0, scan_all(self->target, area, area + size, NULL, runs, 4, &nr));
	EXPECT_EQ(1, nr);
	EXPECT_EQ((uintptr_t)area + size / 2, runs[0].va);
}

/*
 * [at, end) full of small entries in a short time and with hardly any memory: the huge
 * zero page everywhere, and a hole in each makes it one small zero page after the other.
 */
static bool fill_with_entries(char *at, char *end)
{
	for (; at < end; at += HUGE_2M) {
		(void)*(volatile char *)at;
		if (madvise(at, PAGE, MADV_DONTNEED))
			return false;
	}
	return true;
}

static char *many_entries(size_t room, size_t size)
{
	char *area = fixture_anon_aligned(room, HUGE_2M);

	if (!area || madvise(area, room, MADV_HUGEPAGE) || !fill_with_entries(area, area + size))
		return NULL;
	return area;
}

static void nothing(int sig)
{
	(void)sig;
}

/* A scan must last for a signal to come in its middle; kernels differ in their speed. */
#define LARGEST		(16UL << 30)
#define LONG_ENOUGH	0.3

TEST_F_TIMEOUT(large, target_is_left_in_the_middle_when_a_signal_comes, 120)
{
	struct vmlab_run *runs = malloc(65536 * sizeof(*runs));
	struct itimerval timer = { 0 };
	struct vmlab_scan scan;
	size_t size = 1UL << 30;
	double all = 0, took;
	uint32_t whole;
	char *area;

	area = many_entries(LARGEST, size);
	if (!area)
		SKIP(return, "this kernel has no huge pages to split");
	for (;; size *= 2) {
		scan = ask_scan((uintptr_t)area, (uintptr_t)area + size, runs, 65536);
		all = seconds_now();
		ASSERT_EQ(0, ask(self->target, VMLAB_SCAN, &scan));
		all = seconds_now() - all;
		ASSERT_EQ((uintptr_t)area + size, scan.out_next);
		if (all > LONG_ENOUGH || size == LARGEST)
			break;
		ASSERT_TRUE(fill_with_entries(area + size, area + 2 * size));
	}
	sigaction(SIGALRM, &(struct sigaction) { .sa_handler = nothing }, NULL);
	whole = scan.out_nr;
	EXPECT_LE(size / HUGE_2M, whole);

	timer.it_value.tv_sec = (time_t)(all / 4);
	timer.it_value.tv_usec = (suseconds_t)((all / 4 - timer.it_value.tv_sec) * 1e6) + 1;
	scan = ask_scan((uintptr_t)area, (uintptr_t)area + size, runs, 65536);
	took = seconds_now();
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
	ASSERT_EQ(0, ask(self->target, VMLAB_SCAN, &scan));
	took = seconds_now() - took;
	EXPECT_LT((uintptr_t)area, scan.out_next);
	EXPECT_GT((uintptr_t)area + size, scan.out_next)
		TH_LOG("a scan of %f s was not interrupted after a quarter", all);
	EXPECT_LT(0, scan.out_nr);
	EXPECT_GT(all * 3 / 4 + 0.1, took) TH_LOG("%f of %f s", took, all);
	/* What is missing is asked for from there, and nothing is lost. */
	whole -= scan.out_nr;
	scan = ask_scan(scan.out_next, (uintptr_t)area + size, runs, 65536);
	ASSERT_EQ(0, ask(self->target, VMLAB_SCAN, &scan));
	EXPECT_EQ(whole, scan.out_nr);
}

#define VICTIMS	(2UL << 30)

/* What the victim does: it makes a large target of itself, and scans it for ever. */
static void grow_large(void *arg)
{
	*(char **)arg = many_entries(VICTIMS, VICTIMS);
	if (!*(char **)arg)
		_exit(1);
}

static void scan_for_ever(void *arg)
{
	const int target = ask_target(open(NODE, O_RDWR | O_CLOEXEC), 0);
	struct vmlab_run *runs = malloc(65536 * sizeof(*runs));
	const uint64_t start = *(uintptr_t *)arg;
	struct vmlab_scan scan;

	do {
		scan = ask_scan(start, start + VICTIMS, runs, 65536);
	} while (!ask(target, VMLAB_SCAN, &scan));
}

/* Seconds from the kill to the end; what takes time is giving all the tables back. */
static double time_of_death(const struct victim *v)
{
	double took = seconds_now();

	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	return seconds_now() - took;
}

TEST_F_TIMEOUT(large, target_does_not_keep_a_killed_process_alive, 120)
{
	const struct timespec nap = { .tv_nsec = 500000000 };
	struct victim idler, scanner;
	double idlers, scanners;
	char *area;

	victim_then(scan_for_ever, &area);
	if (victim_fork(&idler, grow_large, &area))
		SKIP(return, "this kernel has no huge pages to split");
	idlers = time_of_death(&idler);
	ASSERT_EQ(0, victim_fork(&scanner, grow_large, &area));
	ASSERT_EQ(1, write(scanner.in, "\n", 1));
	nanosleep(&nap, NULL);
	ASSERT_EQ('R', victim_state(scanner.pid));
	scanners = time_of_death(&scanner);
	EXPECT_GT(2 * idlers + 1, scanners) TH_LOG("%f s, idle %f s", scanners, idlers);
}

TEST_HARNESS_MAIN
