// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_decode.c - what entries and facts are called, name by name.
 *
 * What is expected is written down here a second time, from the manuals and the
 * kernel's headers, not taken from the tables under test.
 */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "libvmlab.h"

#define PTE	(1U << VMLAB_LEVEL_PTE)
#define HUGE	(1U << VMLAB_LEVEL_PMD | 1U << VMLAB_LEVEL_PUD)
#define UPPER	(1U << VMLAB_LEVEL_P4D | 1U << VMLAB_LEVEL_PGD)
#define ALL	(PTE | HUGE | UPPER)
#define TABLE	VMLAB_BIT_TABLE
#define LEAF	VMLAB_BIT_LEAF
#define ABSENT	VMLAB_BIT_ABSENT
#define BIT(n)	(1ULL << (n))

static struct vmlab_info machine(uint64_t features)
{
	return (struct vmlab_info) {
		.out_arch = VMLAB_ARCH_X86_64, .out_page_shift = 12, .out_levels = 5,
		.out_va_bits = 57, .out_features = features,
		.out_kernel_start = 0xff00000000000000,
	};
}

/* The names of @entry, each followed by a blank. */
static const char *names(const struct vmlab_info *info, unsigned int level, uint64_t entry,
			 unsigned int kind)
{
	static char text[512];
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	size_t nr = vmlab_entry_bits(info, level, entry, kind, bits), i, at = 0;

	text[0] = '\0';
	for (i = 0; i < nr; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s ", bits[i]->name);
	return text;
}

/* Entry bits of x86-64, one a row: what it is called where. */
static const struct {
	unsigned int bit;
	uint32_t levels;
	unsigned int kind;
	uint64_t feature;
	const char *name;
} x86[] = {
	{ 0, ALL, TABLE | LEAF, 0, "P" },
	{ 1, ALL, TABLE | LEAF, 0, "RW" },
	{ 2, ALL, TABLE | LEAF, 0, "US" },
	{ 3, ALL, TABLE | LEAF, 0, "PWT" },
	{ 4, ALL, TABLE | LEAF, 0, "PCD" },
	{ 5, ALL, TABLE | LEAF, 0, "A" },
	{ 6, ALL, LEAF, 0, "D" },
	{ 7, PTE, LEAF, 0, "PAT" },
	{ 7, HUGE, LEAF, 0, "PS" },
	{ 8, PTE | HUGE, LEAF, 0, "PROTNONE" },
	{ 9, PTE | HUGE, LEAF, 0, "special" },
	{ 10, PTE | HUGE, LEAF, 0, "uffd-wp" },
	{ 11, PTE | HUGE, LEAF, 0, "soft-dirty" },
	{ 12, HUGE, LEAF, 0, "PAT" },
	{ 57, PTE | HUGE, LEAF, VMLAB_X86_DEVMAP_57, "devmap" },
	{ 58, PTE | HUGE, LEAF, VMLAB_X86_DEVMAP_58, "devmap" },
	{ 58, PTE | HUGE, LEAF, VMLAB_X86_SAVED_DIRTY, "saved-dirty" },
	{ 59, PTE | HUGE, LEAF, 0, "pkey1" },
	{ 60, PTE | HUGE, LEAF, 0, "pkey2" },
	{ 61, PTE | HUGE, LEAF, 0, "pkey4" },
	{ 62, PTE | HUGE, LEAF, 0, "pkey8" },
	{ 63, ALL, TABLE | LEAF, 0, "NX" },
	{ 1, PTE | HUGE, ABSENT, 0, "swp-soft-dirty" },
	{ 2, PTE | HUGE, ABSENT, 0, "swp-uffd-wp" },
	{ 3, PTE | HUGE, ABSENT, 0, "swp-exclusive" },
};

static const uint64_t feature_sets[] = {
	0, VMLAB_X86_DEVMAP_57, VMLAB_X86_DEVMAP_58, VMLAB_X86_SAVED_DIRTY,
	VMLAB_X86_DEVMAP_57 | VMLAB_X86_SAVED_DIRTY, ~0ULL,
};

/* What a single bit should be called, by the table above. */
static const char *expected(unsigned int bit, unsigned int level, unsigned int kind,
			    uint64_t features)
{
	static char text[64];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(x86); i++) {
		if (x86[i].bit != bit || !(x86[i].levels & 1U << level) ||
		    !(x86[i].kind & kind) || (x86[i].feature && !(x86[i].feature & features)))
			continue;
		strcat(text, x86[i].name);
		strcat(text, " ");
	}
	return text;
}

TEST(every_bit_has_its_name_on_every_level_and_no_other)
{
	static const unsigned int kinds[] = { TABLE, LEAF, ABSENT };
	unsigned int bit, level, k;
	unsigned long named = 0;
	size_t f;

	for (f = 0; f < ARRAY_SIZE(feature_sets); f++) {
		const struct vmlab_info info = machine(feature_sets[f]);

		for (bit = 0; bit < 64; bit++)
			for (level = VMLAB_LEVEL_PTE; level <= VMLAB_LEVEL_PGD; level++)
				for (k = 0; k < ARRAY_SIZE(kinds); k++) {
					const char *want = expected(bit, level, kinds[k],
								    feature_sets[f]);

					EXPECT_STREQ(want, names(&info, level, BIT(bit), kinds[k]))
						TH_LOG("bit %u, level %u, kind %u, features %zu",
						       bit, level, kinds[k], f);
					named += !!*want;
				}
	}
	/* 113 by any machine, and what the features add. */
	EXPECT_EQ(6 * 113 + 3 * 3 + 2 * 6, named);
}

TEST(protection_keys_are_named_by_number)
{
	const struct vmlab_info info = machine(0);
	unsigned int key;
	char want[32];

	EXPECT_STREQ("P ", names(&info, VMLAB_LEVEL_PTE, 1, LEAF));
	for (key = 1; key < 16; key++) {
		snprintf(want, sizeof(want), "P pkey%u NX ", key);
		EXPECT_STREQ(want, names(&info, VMLAB_LEVEL_PTE, 1 | (uint64_t)key << 59 | BIT(63),
					 LEAF));
	}
}

TEST(bit_8_is_global_or_protnone_by_the_present_bit)
{
	const struct vmlab_info info = machine(0);

	EXPECT_STREQ("P G ", names(&info, VMLAB_LEVEL_PTE, BIT(8) | BIT(0), LEAF));
	EXPECT_STREQ("PROTNONE ", names(&info, VMLAB_LEVEL_PTE, BIT(8), LEAF));
	EXPECT_STREQ("P ", names(&info, VMLAB_LEVEL_PMD, BIT(8) | BIT(0), TABLE));
}

TEST(usual_entries_read_as_in_the_manual)
{
	const struct vmlab_info info = machine(0);

	EXPECT_STREQ("P RW US A ", names(&info, VMLAB_LEVEL_PMD, 0x67, TABLE));
	EXPECT_STREQ("P RW US A D soft-dirty NX ",
		     names(&info, VMLAB_LEVEL_PTE, 0x8000000003241867, LEAF));
	EXPECT_STREQ("P RW US A D PS NX ", names(&info, VMLAB_LEVEL_PMD, 0x80000000076000e7, LEAF));
	EXPECT_STREQ("swp-soft-dirty swp-exclusive ",
		     names(&info, VMLAB_LEVEL_PTE, 0x7fffffffffbfe0a, ABSENT));
}

TEST(entries_of_no_level_or_no_known_architecture_have_no_names)
{
	struct vmlab_info info = machine(~0ULL);

	EXPECT_STREQ("", names(&info, 0, ~0ULL, LEAF));
	EXPECT_STREQ("", names(&info, 6, ~0ULL, LEAF));
	EXPECT_STREQ("", names(&info, 64, ~0ULL, LEAF));
	info.out_arch = 99;
	EXPECT_STREQ("", names(&info, 1, ~0ULL, LEAF));
	EXPECT_EQ(NULL, vmlab_arch_name(99));
	EXPECT_EQ(0, vmlab_entry_permits(&info, VMLAB_LEVEL_PTE, ~0ULL));
	EXPECT_FALSE(vmlab_entry_valid(&info, VMLAB_LEVEL_PTE, 1));
	EXPECT_STREQ("x86_64", vmlab_arch_name(VMLAB_ARCH_X86_64));
}

TEST(no_entry_has_more_names_than_fit)
{
	const struct vmlab_info info = machine(~0ULL);
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	unsigned int level;

	for (level = VMLAB_LEVEL_PTE; level <= VMLAB_LEVEL_PGD; level++) {
		EXPECT_GE(VMLAB_BITS_MAX, vmlab_entry_bits(&info, level, ~0ULL, LEAF, bits));
		EXPECT_GE(VMLAB_BITS_MAX, vmlab_entry_bits(&info, level, ~0ULL, ~0U, bits));
	}
}

TEST(an_entry_permits_what_its_three_bits_say)
{
	const struct vmlab_info info = machine(0);
	unsigned int i;

	for (i = 0; i < 16; i++) {
		uint64_t entry = (i & 7) | (i & 8 ? BIT(63) : 0);
		bool user = (i & 1) && (i & 4);
		unsigned int level;

		for (level = VMLAB_LEVEL_PTE; level <= VMLAB_LEVEL_PGD; level++) {
			struct vmlab_perms p = vmlab_facts_enforced(
				vmlab_entry_permits(&info, level, entry));

			EXPECT_EQ(user ? 'r' : '-', p.s[0]);
			EXPECT_EQ(user && (i & 2) ? 'w' : '-', p.s[1]);
			EXPECT_EQ(user && !(i & 8) ? 'x' : '-', p.s[2]);
			EXPECT_EQ(i & 1, vmlab_entry_valid(&info, level, entry));
		}
	}
}

TEST(an_entry_permits_to_the_kernel_what_two_bits_say)
{
	const struct vmlab_info info = machine(0);
	unsigned int i, level;

	for (i = 0; i < 16; i++) {
		uint64_t entry = (i & 7) | (i & 8 ? BIT(63) : 0);

		for (level = VMLAB_LEVEL_PTE; level <= VMLAB_LEVEL_PGD; level++) {
			struct vmlab_perms p = vmlab_facts_enforced(
				vmlab_entry_kernel_permits(&info, level, entry));

			EXPECT_EQ(i & 1 ? 'r' : '-', p.s[0]);
			EXPECT_EQ((i & 1) && (i & 2) ? 'w' : '-', p.s[1]);
			EXPECT_EQ((i & 1) && !(i & 8) ? 'x' : '-', p.s[2]);
		}
	}
}

TEST(permissions_are_three_letters)
{
	static const char *const want[] = {
		"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx",
	};
	uint64_t i;

	for (i = 0; i < 8; i++) {
		EXPECT_STREQ(want[i], vmlab_facts_enforced(i << 1).s);
		EXPECT_STREQ(want[i], vmlab_facts_asked(i << 48).s);
		/* The one is not the other. */
		EXPECT_STREQ("---", vmlab_facts_asked(i << 1).s);
		EXPECT_STREQ("---", vmlab_facts_enforced(i << 48).s);
	}
	EXPECT_EQ(VMLAB_FACT_READ, 1 << 1);
	EXPECT_EQ(VMLAB_FACT_ASKED_READ, 1ULL << 48);
}

TEST(levels_have_names_and_sizes_with_four_levels)
{
	static const char *const want[] = { NULL, "pte", "pmd", "pud", "pgd", "pgd", NULL };
	static const unsigned int shifts[] = { 0, 12, 21, 30, 39 };
	struct vmlab_info info = machine(0);
	unsigned int level;

	info.out_levels = 4;
	for (level = 0; level < ARRAY_SIZE(want); level++) {
		const char *name = vmlab_level_name(&info, level);

		EXPECT_STREQ(want[level] ? want[level] : "(none)", name ? name : "(none)");
	}
	for (level = 1; level <= 4; level++)
		EXPECT_EQ(shifts[level], vmlab_level_shift(&info, level));
}

TEST(levels_have_names_and_sizes_with_five_levels)
{
	static const char *const want[] = { "pte", "pmd", "pud", "p4d", "pgd" };
	static const unsigned int shifts[] = { 12, 21, 30, 39, 48 };
	const struct vmlab_info info = machine(0);
	unsigned int level;

	for (level = 1; level <= 5; level++) {
		EXPECT_STREQ(want[level - 1], vmlab_level_name(&info, level));
		EXPECT_EQ(shifts[level - 1], vmlab_level_shift(&info, level));
	}
}

TEST(addresses_are_canonical_outside_the_hole)
{
	static const struct {
		unsigned int va_bits;
		uint64_t kernel_start;
		uint64_t va;
		bool canonical;
	} cases[] = {
		{ 48, 0xffff800000000000, 0, true },
		{ 48, 0xffff800000000000, 0x00007fffffffffff, true },
		{ 48, 0xffff800000000000, 0x0000800000000000, false },
		{ 48, 0xffff800000000000, 0xffff7fffffffffff, false },
		{ 48, 0xffff800000000000, 0xffff800000000000, true },
		{ 48, 0xffff800000000000, 0xffffffffffffffff, true },
		{ 57, 0xff00000000000000, 0x0000800000000000, true },
		{ 57, 0xff00000000000000, 0x00ffffffffffffff, true },
		{ 57, 0xff00000000000000, 0x0100000000000000, false },
		{ 57, 0xff00000000000000, 0xfeffffffffffffff, false },
		{ 57, 0xff00000000000000, 0xff00000000000000, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmlab_info info = machine(0);

		info.out_va_bits = cases[i].va_bits;
		info.out_kernel_start = cases[i].kernel_start;
		EXPECT_EQ(cases[i].canonical, vmlab_va_canonical(&info, cases[i].va))
			TH_LOG("%u bits, %llx", cases[i].va_bits,
			       (unsigned long long)cases[i].va);
	}
}

/* What a mapping that asks for the letters on the left gets, by features. */
TEST(asked_permissions_become_what_entries_can_say)
{
	static const struct {
		uint64_t features;
		uint32_t arch;
		const char *got[8];	/* of ---, r--, -w-, rw-, --x, r-x, -wx, rwx */
	} cases[] = {
		{ VMLAB_X86_NX, VMLAB_ARCH_X86_64,
		  { "---", "r--", "rw-", "rw-", "r-x", "r-x", "rwx", "rwx" } },
		{ VMLAB_X86_NX | VMLAB_X86_PKU, VMLAB_ARCH_X86_64,
		  { "---", "r--", "rw-", "rw-", "--x", "r-x", "rwx", "rwx" } },
		{ 0, VMLAB_ARCH_X86_64,
		  { "---", "r-x", "rwx", "rwx", "r-x", "r-x", "rwx", "rwx" } },
		{ 0, VMLAB_ARCH_ARM64,
		  { "---", "r--", "rw-", "rw-", "r-x", "r-x", "rwx", "rwx" } },
		{ VMLAB_ARM64_EPAN, VMLAB_ARCH_ARM64,
		  { "---", "r--", "rw-", "rw-", "--x", "r-x", "rwx", "rwx" } },
	};
	const char *why;
	unsigned int j;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmlab_info info = machine(cases[i].features);

		info.out_arch = cases[i].arch;
		for (j = 0; j < VMLAB_COMBINATIONS; j++) {
			uint64_t asked = (j & 1 ? VMLAB_FACT_READ : 0) |
					 (j & 2 ? VMLAB_FACT_WRITE : 0) |
					 (j & 4 ? VMLAB_FACT_EXEC : 0);
			uint64_t got = vmlab_asked_grants(&info, asked, &why);

			EXPECT_EQ(j, vmlab_combination(asked));
			EXPECT_STREQ(cases[i].got[j], vmlab_facts_enforced(got).s)
				TH_LOG("case %zu, %s", i, vmlab_combination_name(j).s);
			if (got != asked)
				EXPECT_STREQ("hardware", why);
		}
	}
}

TEST(keys_take_away_what_their_two_bits_say)
{
	const uint64_t rw = VMLAB_FACT_READ | VMLAB_FACT_WRITE;
	struct vmlab_info info = machine(VMLAB_X86_PKU);
	int key;

	for (key = 0; key < 16; key++) {
		EXPECT_EQ(0, vmlab_key_denies(&info, 0, key));
		EXPECT_EQ(rw, vmlab_key_denies(&info, 1ULL << 2 * key, key));
		EXPECT_EQ(VMLAB_FACT_WRITE, vmlab_key_denies(&info, 2ULL << 2 * key, key));
		EXPECT_EQ(rw, vmlab_key_denies(&info, 3ULL << 2 * key, key));
		EXPECT_EQ(0, vmlab_key_denies(&info, ~(3ULL << 2 * key), key));
	}
	EXPECT_EQ(0, vmlab_key_denies(&info, ~0ULL, -1));
}

TEST(features_are_listed_by_name)
{
	static const char *const want[] = {
		"pcid", "invpcid", "pti", "nx", "smep", "smap", "pku", "la57", "pge", "gbpages",
		"pat",
	};
	uint64_t mask;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		EXPECT_STREQ(want[i], vmlab_feature_name(VMLAB_ARCH_X86_64, i, &mask));
		EXPECT_EQ(1ULL << i, mask);
	}
	EXPECT_EQ(NULL, vmlab_feature_name(VMLAB_ARCH_X86_64, i, &mask));
	EXPECT_EQ(NULL, vmlab_feature_name(99, 0, &mask));
}

TEST_HARNESS_MAIN
