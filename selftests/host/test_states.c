// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_states.c - the state of a page and the reasons why it permits less than was
 * asked, from facts put together by hand: every rule, and what beats what.
 */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "libvmlab.h"

#define F(x)	VMLAB_FACT_##x
#define PAGE	(F(PRESENT) | F(READ) | F(FRAME))
#define RW	(F(ASKED_READ) | F(ASKED_WRITE))

static struct vmlab_run run_of(uint64_t facts)
{
	return (struct vmlab_run) { .facts = facts, .count = 1, .level = 1, .shift = 12 };
}

static const char *or_none(const char *state)
{
	return state ? state : "(none)";
}

static const char *state_of(uint64_t facts, bool hidden)
{
	const struct vmlab_run run = run_of(facts);

	return or_none(vmlab_run_state(&run, hidden, NULL));
}

static const struct {
	uint64_t facts;
	const char *state;
} states[] = {
	{ PAGE | F(ANON) | F(EXCLUSIVE), "anon" },
	{ PAGE | F(ANON), "anon-shared" },
	{ PAGE | F(ANON) | F(SHARED), "anon-shared" },
	{ PAGE | F(FILE) | F(SHARED), "file" },
	{ PAGE | F(FILE), "file-private" },
	{ PAGE | F(FILE) | F(SHMEM), "shmem" },
	{ PAGE | F(FILE) | F(SHMEM) | F(SHARED), "shmem" },
	{ F(PRESENT) | F(READ) | F(ZERO) | F(SPECIAL), "zero" },
	{ F(PRESENT) | F(READ) | F(HUGE_ZERO) | F(HUGE), "huge-zero" },
	{ PAGE | F(ANON) | F(KSM), "ksm" },
	{ PAGE | F(HUGETLB) | F(HUGE) | F(ANON) | F(EXCLUSIVE), "hugetlb" },
	{ PAGE | F(HUGETLB) | F(HUGE) | F(FILE), "hugetlb" },
	{ F(DEVICE), "device" },
	{ F(PRESENT) | F(READ) | F(DEVMAP), "device" },
	{ F(PRESENT) | F(READ) | F(PFNMAP) | F(SPECIAL), "pfnmap" },
	{ F(SWAP) | RW, "swap" },
	{ F(SWAP) | F(SWAP_EXCLUSIVE) | F(UFFD_WP), "swap" },
	{ F(MIGRATION), "migration" },
	{ F(MIGRATION) | F(ANON) | F(EXCLUSIVE), "migration" },
	{ F(MARKER) | F(GUARD), "guard" },
	{ F(MARKER) | F(POISON), "poison" },
	{ F(MARKER) | F(UFFD_WP), "uffd-wp" },
	{ F(PROTNONE) | F(FRAME) | F(ANON) | F(EXCLUSIVE), "prot-none" },
	{ F(PROTNONE) | F(FRAME) | F(FILE), "prot-none" },
	{ F(PROTNONE) | F(FRAME) | F(ANON) | F(EXCLUSIVE) | RW, "numa-hint" },
	{ F(PROTNONE) | F(FRAME) | F(FILE) | F(ASKED_EXEC), "numa-hint" },
	{ PAGE, "special" },
	{ F(UNKNOWN), "(none)" },
	{ F(UNKNOWN) | F(FRAME) | F(ANON), "(none)" },
	{ F(PRESENT) | F(READ), "(none)" },
	{ 0, "(none)" },
};

TEST(every_state_follows_from_its_facts)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		EXPECT_STREQ(states[i].state, state_of(states[i].facts, false))
			TH_LOG("facts %#llx", (unsigned long long)states[i].facts);
}

TEST(accessed_dirty_and_permissions_make_no_other_state)
{
	const uint64_t more = F(ACCESSED) | F(DIRTY) | F(SOFT_DIRTY) | F(WRITE) | F(EXEC) |
			      F(LARGE) | F(VMA) | F(VMA_FILE);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		EXPECT_STREQ(states[i].state, state_of(states[i].facts | more, false));
}

TEST(hidden_there_is_no_state_but_what_everybody_may_know)
{
	EXPECT_STREQ("zero", state_of(F(PRESENT) | F(ZERO), true));
	EXPECT_STREQ("huge-zero", state_of(F(PRESENT) | F(HUGE_ZERO), true));
	EXPECT_STREQ("guard", state_of(F(SWAP) | F(GUARD), true));
	/* SWAP stands for every entry that is not present then. */
	EXPECT_STREQ("(none)", state_of(F(SWAP), true));
	EXPECT_STREQ("(none)", state_of(F(PRESENT) | F(FILE), true));
	EXPECT_STREQ("(none)", state_of(F(PRESENT), true));
}

TEST(vdso_is_what_is_special_in_the_vdso)
{
	struct vmlab_region vdso = { .name = "[vdso]" }, other = { .name = "[vvar]" };
	const struct vmlab_run special = run_of(PAGE), anon = run_of(PAGE | F(ANON));

	EXPECT_STREQ("vdso", or_none(vmlab_run_state(&special, false, &vdso)));
	EXPECT_STREQ("special", or_none(vmlab_run_state(&special, false, &other)));
	/* A debugger's breakpoint there is a copy like any other. */
	EXPECT_STREQ("anon-shared", or_none(vmlab_run_state(&anon, false, &vdso)));
}

static const char *words_of(const struct vmlab_info *info, const struct vmlab_run *run)
{
	static char text[256];
	const char *why[VMLAB_WHY_MAX];
	size_t nr = vmlab_run_why(info, run, why), i;

	text[0] = '\0';
	for (i = 0; i < nr; i++) {
		strcat(text, i ? " " : "");
		strcat(text, why[i]);
	}
	return text;
}

static const char *why_on(uint64_t reported, uint64_t facts)
{
	const struct vmlab_info info = { .out_facts = reported };
	const struct vmlab_run run = run_of(facts);

	return words_of(&info, &run);
}

static const char *why_of(uint64_t facts)
{
	return why_on(VMLAB_FACTS_KNOWN, facts);
}

TEST(every_reason_follows_from_its_facts)
{
	static const struct {
		uint64_t facts;
		const char *why;
	} cases[] = {
		/* Nothing was asked that is not there. */
		{ PAGE | F(WRITE) | F(ANON) | F(EXCLUSIVE) | RW, "" },
		{ PAGE | F(FILE) | F(ASKED_READ), "" },
		{ PAGE | F(FILE) | F(EXEC) | F(ASKED_READ) | F(ASKED_EXEC), "" },
		{ F(PROTNONE) | F(FRAME) | F(ANON), "" },
		/* Something was. */
		{ PAGE | F(ANON) | RW, "cow" },
		{ PAGE | F(ANON) | F(KSM) | RW, "cow" },
		{ PAGE | F(FILE) | RW, "cow" },
		{ PAGE | F(FILE) | F(SHMEM) | RW, "cow" },
		{ PAGE | F(FILE) | F(SHARED) | F(SOFT_DIRTY) | RW, "dirty-tracking" },
		{ PAGE | F(FILE) | F(SHARED) | RW, "soft-dirty" },
		{ PAGE | F(FILE) | F(SHARED) | F(SHMEM) | F(DIRTY) | RW, "soft-dirty" },
		{ PAGE | F(ANON) | F(EXCLUSIVE) | F(SOFT_DIRTY) | RW, "dirty-tracking" },
		{ PAGE | F(ANON) | F(EXCLUSIVE) | RW, "soft-dirty" },
		{ PAGE | F(ANON) | F(EXCLUSIVE) | F(DIRTY) | RW, "soft-dirty" },
		{ PAGE | F(ANON) | F(EXCLUSIVE) | F(DIRTY) | F(SOFT_DIRTY) | RW, "cow" },
		{ PAGE | F(ANON) | F(EXCLUSIVE) | F(UFFD_WP) | RW, "uffd-wp" },
		{ PAGE | F(FILE) | F(SHARED) | F(UFFD_WP) | RW, "uffd-wp" },
		{ F(PRESENT) | F(READ) | F(ZERO) | RW, "zero-page" },
		{ F(PRESENT) | F(READ) | F(HUGE_ZERO) | RW, "zero-page" },
		{ F(PROTNONE) | F(FRAME) | F(ANON) | RW, "numa-hint" },
		{ F(SWAP) | RW, "not-present" },
		{ F(MIGRATION) | F(ASKED_READ), "not-present" },
		{ F(MARKER) | F(GUARD) | RW, "not-present" },
		/* More is there than was asked. */
		{ PAGE | F(WRITE) | F(ANON) | F(EXCLUSIVE) | F(ASKED_WRITE), "hardware" },
		{ PAGE | F(EXEC) | F(FILE) | F(ASKED_EXEC), "hardware" },
		/* Both. */
		{ PAGE | F(ANON) | F(ASKED_WRITE), "cow hardware" },
		{ PAGE | F(ANON) | F(UFFD_WP) | RW, "uffd-wp cow" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].why, why_of(cases[i].facts))
			TH_LOG("facts %#llx", (unsigned long long)cases[i].facts);
}

TEST(nothing_waits_for_soft_dirty_where_no_kernel_tracks_it)
{
	const uint64_t reported = VMLAB_FACTS_KNOWN & ~F(SOFT_DIRTY);

	EXPECT_STREQ("dirty-tracking", why_on(reported, PAGE | F(ANON) | F(EXCLUSIVE) | RW));
	EXPECT_STREQ("cow", why_on(reported, PAGE | F(ANON) | F(EXCLUSIVE) | F(DIRTY) | RW));
	EXPECT_STREQ("cow", why_on(reported, PAGE | F(ANON) | RW));
	EXPECT_STREQ("dirty-tracking", why_on(reported, PAGE | F(FILE) | F(SHARED) | RW));
	EXPECT_STREQ("uffd-wp",
		     why_on(reported, PAGE | F(ANON) | F(EXCLUSIVE) | F(UFFD_WP) | RW));
	EXPECT_STREQ("", why_on(reported, PAGE | F(WRITE) | F(ANON) | F(EXCLUSIVE) | RW));
}

TEST(there_are_never_more_reasons_than_fit)
{
	const struct vmlab_info info = {
		.out_facts = VMLAB_FACTS_KNOWN, .out_arch = VMLAB_ARCH_X86_64,
		.out_features = VMLAB_X86_PKU,
	};
	const struct vmlab_vma vma = { .flags = VMLAB_VMA_FILE | VMLAB_VMA_MAYSHARE };
	const char *why[VMLAB_WHY_MAX];
	uint64_t x = 88172645463325252ULL;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		struct vmlab_run run;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		run = run_of(x & VMLAB_FACTS_KNOWN);
		run.entry = ~x;
		ASSERT_GE(VMLAB_WHY_MAX, vmlab_run_why(&info, &run, why) +
					 vmlab_vma_why(&vma, why));
		run.facts |= F(PRESENT);
		ASSERT_GE(VMLAB_WHY_MAX, vmlab_run_why(&info, &run, why) +
					 vmlab_vma_why(&vma, why));
	}
}

/* What a key permits stands in a register of each thread: the entry only names it. */
TEST(a_key_is_a_reason_where_there_are_keys_and_data_may_be_touched)
{
	static const struct {
		uint32_t arch;
		uint64_t features;
		uint64_t entry;
		uint64_t facts;
		const char *why;
	} cases[] = {
		{ VMLAB_ARCH_X86_64, VMLAB_X86_PKU, 3ULL << 59, PAGE | F(WRITE) | RW, "pkey" },
		{ VMLAB_ARCH_X86_64, VMLAB_X86_PKU, 3ULL << 59, PAGE | F(ASKED_READ), "pkey" },
		{ VMLAB_ARCH_X86_64, VMLAB_X86_PKU, 0, PAGE | F(WRITE) | RW, "" },
		/* Without keys these bits are ignored by the MMU. */
		{ VMLAB_ARCH_X86_64, 0, 3ULL << 59, PAGE | F(WRITE) | RW, "" },
		{ VMLAB_ARCH_X86_64, VMLAB_X86_PKU, 3ULL << 59, F(PROTNONE) | F(FRAME), "" },
		/* PROT_EXEC alone: the MMU lets reads pass, the key does not. */
		{ VMLAB_ARCH_X86_64, VMLAB_X86_PKU, 1ULL << 59, PAGE | F(EXEC) | F(ASKED_EXEC),
		  "hardware pkey" },
		{ VMLAB_ARCH_ARM64, VMLAB_ARM64_POE, 5ULL << 60, PAGE | F(WRITE) | RW, "pkey" },
		{ VMLAB_ARCH_ARM64, 0, 5ULL << 60, PAGE | F(WRITE) | RW, "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vmlab_info info = {
			.out_facts = VMLAB_FACTS_KNOWN, .out_arch = cases[i].arch,
			.out_features = cases[i].features,
		};
		struct vmlab_run run = run_of(cases[i].facts | F(ANON) | F(EXCLUSIVE));

		run.entry = cases[i].entry;
		EXPECT_STREQ(cases[i].why, words_of(&info, &run)) TH_LOG("case %zu", i);
	}
}

TEST(a_file_that_may_not_be_written_is_a_reason_of_the_mapping)
{
	static const struct {
		uint64_t flags;
		size_t nr;
	} cases[] = {
		{ VMLAB_VMA_FILE | VMLAB_VMA_MAYSHARE | VMLAB_VMA_READ | VMLAB_VMA_MAYREAD, 1 },
		{ VMLAB_VMA_FILE | VMLAB_VMA_MAYSHARE | VMLAB_VMA_SHARED, 1 },
		{ VMLAB_VMA_FILE | VMLAB_VMA_MAYSHARE | VMLAB_VMA_MAYWRITE, 0 },
		/* Private: a write makes a copy, whatever the file permits. */
		{ VMLAB_VMA_FILE | VMLAB_VMA_MAYWRITE, 0 },
		{ VMLAB_VMA_FILE, 0 },
		{ VMLAB_VMA_READ, 0 },
	};
	const char *why[VMLAB_WHY_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vmlab_vma vma = { .flags = cases[i].flags };

		ASSERT_EQ(cases[i].nr, vmlab_vma_why(&vma, why)) TH_LOG("case %zu", i);
		if (cases[i].nr)
			EXPECT_STREQ("read-only-file", why[0]);
	}
}

TEST(areas_are_found_by_address)
{
	static const struct vmlab_vma vmas[] = {
		{ .start = 0x1000, .end = 0x3000 }, { .start = 0x3000, .end = 0x4000 },
		{ .start = 0x8000, .end = 0x9000 },
	};

	EXPECT_EQ(NULL, vmlab_vmas_find(vmas, 3, 0xfff));
	EXPECT_EQ(&vmas[0], vmlab_vmas_find(vmas, 3, 0x1000));
	EXPECT_EQ(&vmas[0], vmlab_vmas_find(vmas, 3, 0x2fff));
	EXPECT_EQ(&vmas[1], vmlab_vmas_find(vmas, 3, 0x3000));
	EXPECT_EQ(NULL, vmlab_vmas_find(vmas, 3, 0x4000));
	EXPECT_EQ(&vmas[2], vmlab_vmas_find(vmas, 3, 0x8abc));
	EXPECT_EQ(NULL, vmlab_vmas_find(vmas, 3, 0x9000));
	EXPECT_EQ(NULL, vmlab_vmas_find(vmas, 0, 0x1000));
}

TEST(leaves_are_what_has_a_frame)
{
	const struct vmlab_run present = run_of(F(PRESENT)), none = run_of(F(PROTNONE)),
			       swap = run_of(F(SWAP)), marker = run_of(F(MARKER) | F(GUARD));

	EXPECT_EQ(VMLAB_BIT_LEAF, vmlab_run_kind(&present));
	EXPECT_EQ(VMLAB_BIT_LEAF, vmlab_run_kind(&none));
	EXPECT_EQ(VMLAB_BIT_ABSENT, vmlab_run_kind(&swap));
	EXPECT_EQ(VMLAB_BIT_ABSENT, vmlab_run_kind(&marker));
}

TEST_HARNESS_MAIN
