// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_bounds.c - addresses, ranges, record buffers and filters at and beyond
 * their limits, for the queries that a target answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"

FIXTURE(target)
{
	int node;
	int fd;
	uint64_t end;		/* of the user half */
	uint64_t kernel;	/* start of the kernel half */
	char *memory;		/* eight written pages, every other one read-only */
	char *recs;		/* two pages, PROT_NONE behind */
};

#define PAGES		8

typedef FIXTURE_DATA(target) target_data;

FIXTURE_SETUP(target)
{
	struct vmlab_info info = { .size = sizeof(info) };
	int i;

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->fd = ask_target(self->node, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &info));
	self->end = info.out_user_end;
	self->kernel = info.out_kernel_start;

	self->memory = fixture_anon(PAGES * PAGE, PROT_READ | PROT_WRITE);
	self->recs = fixture_anon(3 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_TRUE(self->memory && self->recs);
	fixture_write(self->memory, PAGES * PAGE);
	for (i = 1; i < PAGES; i += 2)
		ASSERT_EQ(0, mprotect(self->memory + i * PAGE, PAGE, PROT_READ));
	fixture_write(self->recs, 2 * PAGE);
	ASSERT_EQ(0, mprotect(self->recs + 2 * PAGE, PAGE, PROT_NONE));
}

FIXTURE_TEARDOWN(target)
{
	close(self->fd);
	close(self->node);
}

static int walk_at(const target_data *self, uint64_t va, struct vmlab_walk *walk)
{
	*walk = (struct vmlab_walk) { .size = sizeof(*walk), .va = va };
	return ask(self->fd, VMLAB_WALK, walk);
}

static struct vmlab_scan scan_of_memory(const target_data *self, uint32_t nr)
{
	const uint64_t start = (uintptr_t)self->memory;

	return ask_scan(start, start + PAGES * PAGE, self->recs, nr);
}

/* What both ranged queries answer, or 1 when they differ. */
static int range(const target_data *self, uint64_t start, uint64_t end)
{
	struct vmlab_scan scan = ask_scan(start, end, self->recs, 16);
	struct vmlab_vmas vmas = ask_vmas(start, end, self->recs, 16);
	int ret = ask(self->fd, VMLAB_SCAN, &scan);

	return ret == ask(self->fd, VMLAB_VMAS, &vmas) ? ret : 1;
}

TEST_F(target, walks_an_unaligned_address_as_the_page_it_lies_in)
{
	const uint64_t at = (uintptr_t)self->memory;
	const uint64_t offsets[] = { 1, 7, 8, 100, 4095 };
	struct vmlab_walk whole, part;
	size_t i;

	ASSERT_EQ(0, walk_at(self, at, &whole));
	EXPECT_TRUE(whole.out_flags & VMLAB_OUT_MAPPED);
	EXPECT_EQ(at, whole.out_leaf.va);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(0, walk_at(self, at + offsets[i], &part));
		EXPECT_EQ(at + offsets[i], part.va);
		part.va = whole.va;
		EXPECT_EQ(0, memcmp(&whole, &part, sizeof(whole)));
	}
}

TEST_F(target, walks_the_first_and_the_last_page_of_the_user_half)
{
	struct vmlab_walk walk;

	ASSERT_EQ(0, walk_at(self, 0, &walk));
	EXPECT_FALSE(walk.out_flags & VMLAB_OUT_MAPPED);
	EXPECT_EQ(0, walk.out_levels[0].index);
	EXPECT_LE(1, walk.out_nr_levels);
	ASSERT_EQ(0, walk_at(self, self->end - 1, &walk));
	/* The first page of the stack, where addresses are not random. */
	EXPECT_EQ(fixture_mapping_end((void *)(self->end - PAGE)) != 0,
		  !!(walk.out_flags & VMLAB_OUT_MAPPED));
	EXPECT_LE(1, walk.out_nr_levels);
}

TEST_F(target, walks_no_address_outside_the_user_half)
{
	const uint64_t outside[] = {
		self->end, self->end + 1, self->end + PAGE - 1, self->end + PAGE,
		1ULL << 56, 1ULL << 60, 0x5555555555555555 << 1, 1ULL << 63,
		self->kernel - 1, self->kernel, (uintptr_t)0xffffffff81000000,
		0xffffffffff600000, ~0ULL - PAGE + 1, ~0ULL,
	};
	struct vmlab_walk walk;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		EXPECT_EQ(-ERANGE, walk_at(self, outside[i], &walk))
			TH_LOG("0x%llx", (unsigned long long)outside[i]);
	}
}

TEST_F(target, takes_ranges_of_whole_pages_only)
{
	const uint64_t at = (uintptr_t)self->memory;

	EXPECT_EQ(0, range(self, at, at + PAGE));
	EXPECT_EQ(-EINVAL, range(self, at + 1, at + PAGE));
	EXPECT_EQ(-EINVAL, range(self, at + PAGE - 1, at + PAGE));
	EXPECT_EQ(-EINVAL, range(self, at, at + PAGE - 1));
	EXPECT_EQ(-EINVAL, range(self, at, at + 1));
	EXPECT_EQ(-EINVAL, range(self, at + 512, at + PAGE + 512));
}

TEST_F(target, takes_no_range_that_ends_before_it_starts)
{
	const uint64_t at = (uintptr_t)self->memory;

	EXPECT_EQ(-EINVAL, range(self, at + PAGE, at));
	EXPECT_EQ(-EINVAL, range(self, PAGE, 0));
	EXPECT_EQ(-EINVAL, range(self, self->end + PAGE, self->end));
	EXPECT_EQ(-EINVAL, range(self, ~0ULL - PAGE + 1, 0));
}

TEST_F(target, answers_an_empty_range_with_nothing)
{
	const uint64_t at = (uintptr_t)self->memory;
	struct vmlab_scan scan = ask_scan(at, at, self->recs, 1);
	struct vmlab_vmas vmas = ask_vmas(at, at, self->recs, 1);

	ASSERT_EQ(0, ask(self->fd, VMLAB_SCAN, &scan));
	EXPECT_EQ(0, scan.out_nr);
	EXPECT_EQ(at, scan.out_next);
	ASSERT_EQ(0, ask(self->fd, VMLAB_VMAS, &vmas));
	EXPECT_EQ(0, vmas.out_nr);
	EXPECT_EQ(at, vmas.out_next);
	EXPECT_EQ(0, range(self, 0, 0));
	EXPECT_EQ(0, range(self, self->end, self->end));
}

TEST_F(target, takes_no_range_beyond_the_user_half)
{
	EXPECT_EQ(0, range(self, 0, self->end));
	EXPECT_EQ(0, range(self, self->end - PAGE, self->end));
	EXPECT_EQ(-ERANGE, range(self, 0, self->end + PAGE));
	EXPECT_EQ(-ERANGE, range(self, self->end, self->end + PAGE));
	EXPECT_EQ(-ERANGE, range(self, self->end + PAGE, self->end + PAGE));
	EXPECT_EQ(-ERANGE, range(self, 0, 1ULL << 63));
	EXPECT_EQ(-ERANGE, range(self, 0, self->kernel));
	EXPECT_EQ(-ERANGE, range(self, self->kernel, self->kernel + PAGE));
	EXPECT_EQ(-ERANGE, range(self, 0, ~0ULL - PAGE + 1));
}

TEST_F(target, needs_room_for_one_record_at_least)
{
	struct vmlab_scan scan = scan_of_memory(self, 0);
	struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs, 0);

	EXPECT_EQ(-EINVAL, ask(self->fd, VMLAB_SCAN, &scan));
	EXPECT_EQ(-EINVAL, ask(self->fd, VMLAB_VMAS, &vmas));
}

TEST_F(target, needs_records_as_long_as_its_own)
{
	uint32_t size;

	for (size = 0; size < sizeof(struct vmlab_run); size++) {
		struct vmlab_scan scan = scan_of_memory(self, 1);

		scan.rec_size = size;
		ASSERT_EQ(-EINVAL, ask(self->fd, VMLAB_SCAN, &scan));
	}
	for (size = 0; size < sizeof(struct vmlab_vma); size++) {
		struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs, 1);

		vmas.rec_size = size;
		ASSERT_EQ(-EINVAL, ask(self->fd, VMLAB_VMAS, &vmas));
	}
}

TEST_F(target, leaves_the_gap_between_longer_records_untouched)
{
	const uint32_t stride = 100;
	struct vmlab_scan plain = scan_of_memory(self, PAGES);
	struct vmlab_scan wide = scan_of_memory(self, PAGES);
	struct vmlab_run runs[PAGES];
	uint32_t i, j;

	ASSERT_EQ(0, ask(self->fd, VMLAB_SCAN, &plain));
	ASSERT_EQ(PAGES, plain.out_nr);
	memcpy(runs, self->recs, sizeof(runs));
	memset(self->recs, 0x5a, 2 * PAGE);
	wide.rec_size = stride;
	ASSERT_EQ(0, ask(self->fd, VMLAB_SCAN, &wide));
	ASSERT_EQ(PAGES, wide.out_nr);
	EXPECT_EQ(plain.out_next, wide.out_next);
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(0, memcmp(self->recs + i * stride, &runs[i], sizeof(runs[i])));
		for (j = sizeof(runs[i]); j < stride; j++)
			ASSERT_EQ(0x5a, self->recs[i * stride + j]);
	}
	for (j = PAGES * stride; j < 2 * PAGE; j++)
		ASSERT_EQ(0x5a, self->recs[j]);
}

TEST_F(target, leaves_the_gap_between_longer_vma_records_untouched)
{
	const uint64_t start = (uintptr_t)self->memory, end = start + PAGES * PAGE;
	const uint32_t stride = 64;
	struct vmlab_vmas plain = ask_vmas(start, end, self->recs, PAGES);
	struct vmlab_vmas wide = plain;
	struct vmlab_vma recs[PAGES];
	uint32_t i, j;

	ASSERT_EQ(0, ask(self->fd, VMLAB_VMAS, &plain));
	ASSERT_EQ(PAGES, plain.out_nr);
	memcpy(recs, self->recs, sizeof(recs));
	memset(self->recs, 0x5a, PAGE);
	wide.rec_size = stride;
	ASSERT_EQ(0, ask(self->fd, VMLAB_VMAS, &wide));
	ASSERT_EQ(PAGES, wide.out_nr);
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(0, memcmp(self->recs + i * stride, &recs[i], sizeof(recs[i])));
		for (j = sizeof(recs[i]); j < stride; j++)
			ASSERT_EQ(0x5a, self->recs[i * stride + j]);
	}
}

TEST_F(target, writes_no_further_than_its_records_reach)
{
	struct vmlab_scan scan = scan_of_memory(self, PAGES);
	const uint32_t nr = 3;

	scan.nr_recs = nr;
	scan.buf = (uintptr_t)self->recs + 2 * PAGE - nr * sizeof(struct vmlab_run);
	ASSERT_EQ(0, ask(self->fd, VMLAB_SCAN, &scan));
	EXPECT_EQ(nr, scan.out_nr);
	EXPECT_EQ((uintptr_t)self->memory + nr * PAGE, scan.out_next);
}

TEST_F(target, says_EFAULT_when_the_records_cannot_be_written)
{
	const uint64_t bad[] = {
		0, 8, (uintptr_t)self->recs + 2 * PAGE, self->kernel, 1ULL << 63, ~0ULL - 100,
		/* The first fits, the second does not. */
		(uintptr_t)self->recs + 2 * PAGE - sizeof(struct vmlab_run) - 10,
	};
	const uint64_t start = (uintptr_t)self->memory, end = start + PAGES * PAGE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vmlab_scan scan = scan_of_memory(self, PAGES), before;
		struct vmlab_vmas vmas = ask_vmas(start, end, NULL, PAGES);

		scan.buf = bad[i];
		before = scan;
		EXPECT_EQ(-EFAULT, ask(self->fd, VMLAB_SCAN, &scan)) TH_LOG("%zu", i);
		EXPECT_EQ(0, memcmp(&scan, &before, sizeof(scan)));
		vmas.buf = bad[i];
		EXPECT_EQ(-EFAULT, ask(self->fd, VMLAB_VMAS, &vmas)) TH_LOG("%zu", i);
	}
}

TEST_F(target, says_EFAULT_when_the_records_are_read_only)
{
	struct vmlab_scan scan = scan_of_memory(self, PAGES);
	struct vmlab_vmas vmas = ask_vmas(0, self->end, self->recs, PAGES);

	ASSERT_EQ(0, mprotect(self->recs, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, ask(self->fd, VMLAB_SCAN, &scan));
	EXPECT_EQ(-EFAULT, ask(self->fd, VMLAB_VMAS, &vmas));
	ASSERT_EQ(0, mprotect(self->recs, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, ask(self->fd, VMLAB_SCAN, &scan));
	EXPECT_EQ(0, ask(self->fd, VMLAB_VMAS, &vmas));
}

TEST_F(target, knows_two_formats)
{
	const uint32_t formats[] = { 0, 3, 4, 1U << 31, ~0U };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		struct vmlab_scan scan = scan_of_memory(self, 1);

		scan.format = formats[i];
		EXPECT_EQ(-EOPNOTSUPP, ask(self->fd, VMLAB_SCAN, &scan));
	}
}

TEST_F(target, has_no_filter_for_raw_entries)
{
	struct vmlab_scan raw = scan_of_memory(self, 1), filtered[4];
	size_t i;

	raw.format = VMLAB_FORMAT_RAW;
	raw.rec_size = sizeof(struct vmlab_raw);
	for (i = 0; i < ARRAY_SIZE(filtered); i++)
		filtered[i] = raw;
	filtered[0].all_of = VMLAB_FACT_PRESENT;
	filtered[1].any_of = VMLAB_FACT_PRESENT;
	filtered[2].none_of = VMLAB_FACT_PRESENT;
	filtered[3].min_mapcount = 1;
	for (i = 0; i < ARRAY_SIZE(filtered); i++) {
		EXPECT_EQ(-EOPNOTSUPP, ask(self->fd, VMLAB_SCAN, &filtered[i]))
			TH_LOG("%zu", i);
	}
	EXPECT_EQ(0, ask(self->fd, VMLAB_SCAN, &raw));
	EXPECT_EQ(1, raw.out_nr);
	raw.rec_size--;
	EXPECT_EQ(-EINVAL, ask(self->fd, VMLAB_SCAN, &raw));
}

TEST_F(target, knows_no_filter_bit_beyond_the_published_facts)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		const uint64_t mask = 1ULL << bit;
		const int expected = mask & VMLAB_FACTS_KNOWN ? 0 : -EOPNOTSUPP;
		struct vmlab_scan all = scan_of_memory(self, 1), any = all, none = all;

		all.all_of = mask;
		EXPECT_EQ(expected, ask(self->fd, VMLAB_SCAN, &all)) TH_LOG("bit %d", bit);
		any.any_of = mask;
		EXPECT_EQ(expected, ask(self->fd, VMLAB_SCAN, &any)) TH_LOG("bit %d", bit);
		none.none_of = mask;
		EXPECT_EQ(expected, ask(self->fd, VMLAB_SCAN, &none)) TH_LOG("bit %d", bit);
	}
}

TEST(reserved_fields_are_EOPNOTSUPP_when_set_and_nothing_is_written)
{
	const int node = open(NODE, O_RDWR | O_CLOEXEC);
	const int pagemap = ask_pagemap(0);
	int bit;

	ASSERT_LE(0, pagemap);
	for (bit = 0; bit < 32; bit++) {
		struct vmlab_info info = { .size = sizeof(info), .__reserved = 1U << bit };
		struct vmlab_open open = {
			.size = sizeof(open), .fd = pagemap, .pid = (int32_t)(1U << bit),
		};

		EXPECT_EQ(-EOPNOTSUPP, ask(node, VMLAB_INFO, &info));
		EXPECT_EQ(0, info.out_api_version);
		EXPECT_EQ(-EOPNOTSUPP, ask(node, VMLAB_OPEN, &open));
		EXPECT_EQ(0, open.out_fd);
	}
}

TEST_HARNESS_MAIN
