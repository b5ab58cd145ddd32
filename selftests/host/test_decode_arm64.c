// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_decode_arm64.c - what entries of arm64 are called and permit, and its addresses,
 * on whatever this runs.
 *
 * What is expected is written down here a second time, from the Arm ARM and the
 * kernel's headers, not taken from the tables under test. Entries are put together
 * by hand, as Linux 6.1, 6.12 and 7.3 would.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "command.h"
#include "forge.h"
#include "recording.h"
#include "recordings.h"
#include "session.h"

#define PTE	VMLAB_LEVEL_PTE
#define PMD	VMLAB_LEVEL_PMD
#define PUD	VMLAB_LEVEL_PUD
#define ROOT	VMLAB_LEVEL_P4D
#define LEAVES	(1U << PTE | 1U << PMD | 1U << PUD)
#define UPPER	(1U << PMD | 1U << PUD | 1U << VMLAB_LEVEL_P4D | 1U << VMLAB_LEVEL_PGD)
#define ALL	(1U << PTE | UPPER)
#define TABLE	VMLAB_BIT_TABLE
#define LEAF	VMLAB_BIT_LEAF
#define ABSENT	VMLAB_BIT_ABSENT
#define BIT(n)	(1ULL << (n))

#define F(x)		VMLAB_ARM64_##x
#define LINUX_6_1	(F(PROTNONE_58) | F(DEVMAP_57))
#define RWX		(VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC)
#define LINUX_6_12	(F(PROTNONE_NG) | F(DEVMAP_57) | F(UFFD_58))
#define LINUX_7_3	(F(PROTNONE_NG) | F(UFFD_58) | F(POE))

/* Pages as the kernel makes them: AF, inner shareable, nG, PXN. */
#define PAGE_OF(pfn)	(3ULL | 3ULL << 8 | BIT(10) | BIT(11) | BIT(53) | (uint64_t)(pfn) << 12)
#define USER		BIT(6)
#define RO		BIT(7)
#define DBM		BIT(51)
#define UXN		BIT(54)
#define DIRTY		BIT(55)

static struct vmlab_info machine(uint64_t features)
{
	return (struct vmlab_info) {
		.size = sizeof(struct vmlab_info),
		.out_api_version = VMLAB_API_VERSION,
		.out_arch = VMLAB_ARCH_ARM64, .out_page_shift = 12, .out_levels = 4,
		.out_va_bits = 48, .out_pa_bits = 48, .out_asid_bits = 16,
		.out_features = features,
		.out_user_end = 1ULL << 48, .out_kernel_start = ~0ULL << 48,
		.out_facts = VMLAB_FACTS_KNOWN & ~VMLAB_FACT_SOFT_DIRTY,
		.out_door = VMLAB_DOOR_PAGEMAP,
	};
}

/* The names of @entry, each followed by a blank. */
static const char *names(uint64_t features, unsigned int level, uint64_t entry,
			 unsigned int kind)
{
	static char text[512];
	const struct vmlab_info info = machine(features);
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	size_t nr = vmlab_entry_bits(&info, level, entry, kind, bits), i, at = 0;

	text[0] = '\0';
	for (i = 0; i < nr; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s ", bits[i]->name);
	return text;
}

static const char *permits(uint64_t features, unsigned int level, uint64_t entry)
{
	static struct vmlab_perms perms;
	const struct vmlab_info info = machine(features);

	perms = vmlab_facts_enforced(vmlab_entry_permits(&info, level, entry));
	return perms.s;
}

static const char *kernel_permits(uint64_t features, unsigned int level, uint64_t entry)
{
	static struct vmlab_perms perms;
	const struct vmlab_info info = machine(features);

	perms = vmlab_facts_enforced(vmlab_entry_kernel_permits(&info, level, entry));
	return perms.s;
}

/* Names of an entry with one bit set, in their order; bit -1: all but bits 2 to 4. */
static const struct {
	int bit;
	uint32_t levels;
	unsigned int kind;
	uint64_t feature;
	const char *name;
} arm64[] = {
	{ 0, ALL, TABLE | LEAF, 0, "valid" },
	{ 0, 1U << PMD | 1U << PUD, LEAF, 0, "block" },
	{ 58, LEAVES, LEAF, F(PROTNONE_58), "PROTNONE" },
	{ 59, 1U << PMD, LEAF | ABSENT, F(PROTNONE_58), "present-invalid" },
	{ 11, LEAVES, LEAF | ABSENT, F(PROTNONE_NG), "present-invalid" },
	{ -1, LEAVES, LEAF, 0, "normal" },
	{ 2, LEAVES, LEAF, 0, "normal-tagged" },
	{ 3, LEAVES, LEAF, 0, "normal-nc" },
	{ 4, LEAVES, LEAF, 0, "device-nGnRE" },
	{ 5, LEAVES, LEAF, 0, "NS" },
	{ 6, LEAVES, LEAF, 0, "user" },
	{ 7, LEAVES, LEAF, 0, "RO" },
	{ 8, LEAVES, LEAF, 0, "SH1" },
	{ 9, LEAVES, LEAF, 0, "OSH" },
	{ 10, ALL, TABLE | LEAF, 0, "AF" },
	{ 50, LEAVES, LEAF, 0, "GP" },
	{ 51, LEAVES, LEAF, 0, "DBM" },
	{ 52, LEAVES, LEAF, 0, "contiguous" },
	{ 53, LEAVES, LEAF, 0, "PXN" },
	{ 54, LEAVES, LEAF, 0, "UXN" },
	{ 55, LEAVES, LEAF, 0, "dirty" },
	{ 56, LEAVES, LEAF, 0, "special" },
	{ 57, LEAVES, LEAF, F(DEVMAP_57), "devmap" },
	{ 58, LEAVES, LEAF, F(UFFD_58), "uffd-wp" },
	{ 60, LEAVES, LEAF, F(POE), "pkey1" },
	{ 61, LEAVES, LEAF, F(POE), "pkey2" },
	{ 62, LEAVES, LEAF, F(POE), "pkey4" },
	{ 59, UPPER, TABLE, 0, "PXNTable" },
	{ 60, UPPER, TABLE, 0, "UXNTable" },
	{ 61, UPPER, TABLE, 0, "APTable0" },
	{ 62, UPPER, TABLE, 0, "APTable1" },
	{ 63, UPPER, TABLE, 0, "NSTable" },
	{ 2, LEAVES, ABSENT, 0, "swp-exclusive" },
	{ 3, LEAVES, ABSENT, F(UFFD_58), "swp-uffd-wp" },
};

static const char *expected(int bit, unsigned int level, unsigned int kind, uint64_t features)
{
	static char text[64];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(arm64); i++) {
		bool here = arm64[i].bit == bit ||
			    (arm64[i].bit < 0 && (bit < 2 || bit > 4));

		if (!here || !(arm64[i].levels & 1U << level) || !(arm64[i].kind & kind) ||
		    (arm64[i].feature && !(arm64[i].feature & features)))
			continue;
		strcat(text, arm64[i].name);
		strcat(text, " ");
	}
	return text;
}

TEST(every_bit_has_its_name_on_every_level_and_no_other)
{
	static const uint64_t feature_sets[] = {
		0, LINUX_6_1, LINUX_6_12, LINUX_7_3, F(POE), F(KPTI) | F(HAFDBS) | F(BTI),
	};
	static const unsigned int kinds[] = { TABLE, LEAF, ABSENT };
	unsigned int bit, level, k;
	size_t f;

	for (f = 0; f < ARRAY_SIZE(feature_sets); f++)
		for (bit = 0; bit < 64; bit++)
			for (level = PTE; level <= VMLAB_LEVEL_PGD; level++)
				for (k = 0; k < ARRAY_SIZE(kinds); k++)
					EXPECT_STREQ(expected(bit, level, kinds[k],
							      feature_sets[f]),
						     names(feature_sets[f], level, BIT(bit),
							   kinds[k]))
						TH_LOG("bit %u, level %u, kind %u, features %zu",
						       bit, level, kinds[k], f);
}

TEST(memory_types_are_named_as_linux_programs_MAIR)
{
	static const char *const want[] = {
		"normal ", "normal-tagged ", "normal-nc ", "device-nGnRnE ", "device-nGnRE ",
		"attr5 ", "attr6 ", "attr7 ",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		EXPECT_STREQ(want[i], names(LINUX_6_1, PTE, (uint64_t)i << 2, LEAF));
		EXPECT_STREQ(want[i], names(LINUX_7_3, PMD, (uint64_t)i << 2, LEAF));
		EXPECT_STREQ("valid table ", names(0, PMD, 3 | (uint64_t)i << 2, TABLE));
	}
}

TEST(protection_keys_are_the_overlay_index_where_there_are_overlays)
{
	char want[32];
	uint64_t key;

	EXPECT_STREQ("valid page normal ", names(LINUX_7_3, PTE, 3, LEAF));
	for (key = 1; key < 8; key++) {
		snprintf(want, sizeof(want), "valid page normal pkey%u ", (unsigned int)key);
		EXPECT_STREQ(want, names(LINUX_7_3, PTE, 3 | key << 60, LEAF));
		EXPECT_STREQ("valid page normal ", names(LINUX_6_12, PTE, 3 | key << 60, LEAF));
	}
}

TEST(page_and_block_and_table_are_told_apart_by_level_and_type)
{
	EXPECT_STREQ("valid page normal user ", names(LINUX_6_1, PTE, 3 | USER, LEAF));
	EXPECT_STREQ("valid block normal user ", names(LINUX_6_1, PMD, 1 | USER, LEAF));
	EXPECT_STREQ("valid block normal user ", names(LINUX_6_1, PUD, 1 | USER, LEAF));
	EXPECT_STREQ("valid table ", names(LINUX_6_1, PMD, 3 | USER, TABLE));
	EXPECT_STREQ("valid table PXNTable ", names(LINUX_6_1, ROOT, 3 | BIT(59), TABLE));
	EXPECT_STREQ("valid table AF PXNTable ",
		     names(LINUX_7_3, PMD, 3 | BIT(10) | BIT(59), TABLE));
}

TEST(valid_is_what_the_mmu_follows_on_that_level)
{
	const struct vmlab_info info = machine(LINUX_6_1);
	unsigned int level;

	for (level = PTE; level <= VMLAB_LEVEL_PGD; level++) {
		EXPECT_FALSE(vmlab_entry_valid(&info, level, 0));
		EXPECT_FALSE(vmlab_entry_valid(&info, level, 2));
		EXPECT_TRUE(vmlab_entry_valid(&info, level, 3));
		/* At the last level 0b01 is reserved. */
		EXPECT_EQ(level > PTE, vmlab_entry_valid(&info, level, 1));
	}
	EXPECT_STREQ("---", permits(LINUX_6_1, PTE, 1 | USER));
	EXPECT_STREQ("---", permits(LINUX_6_1, PTE, ~3ULL));
}

TEST(usual_entries_read_as_the_kernel_made_them)
{
	EXPECT_STREQ("valid page normal user ISH AF nG DBM PXN UXN dirty ",
		     names(LINUX_6_1, PTE, PAGE_OF(77) | USER | DBM | UXN | DIRTY, LEAF));
	EXPECT_STREQ("valid page normal user RO ISH AF nG GP PXN ",
		     names(LINUX_6_12, PTE, PAGE_OF(77) | USER | RO | BIT(50), LEAF));
	EXPECT_STREQ("valid page normal user RO ISH AF nG PXN UXN special ",
		     names(LINUX_7_3, PTE, PAGE_OF(77) | USER | RO | UXN | BIT(56), LEAF));
	EXPECT_STREQ("valid page normal user RO ISH AF nG DBM PXN UXN uffd-wp ",
		     names(LINUX_6_12, PTE, PAGE_OF(77) | USER | RO | DBM | UXN | BIT(58), LEAF));
	EXPECT_STREQ("valid block normal-tagged user ISH AF nG DBM PXN UXN dirty ",
		     names(LINUX_6_1, PMD, (PAGE_OF(0x200) & ~2ULL) | 1 << 2 | USER | DBM | UXN |
			   DIRTY, LEAF));
}

TEST(contiguous_pages_and_blocks_say_so)
{
	EXPECT_STREQ("valid page normal user ISH AF nG contiguous PXN UXN ",
		     names(LINUX_6_12, PTE, PAGE_OF(16) | USER | UXN | BIT(52), LEAF));
	EXPECT_STREQ("valid block normal user ISH AF nG contiguous PXN UXN ",
		     names(LINUX_6_12, PMD, (PAGE_OF(0x2000) & ~2ULL) | USER | UXN | BIT(52),
			   LEAF));
}

TEST(prot_none_is_bit_58_without_valid_on_old_kernels)
{
	/* _PAGE_DEFAULT without valid, PTE_PROT_NONE, PTE_RDONLY, PTE_NG, PXN, UXN. */
	const uint64_t entry = (PAGE_OF(77) & ~1ULL) | BIT(58) | RO | UXN;

	EXPECT_STREQ("PROTNONE normal RO ISH AF PXN UXN ", names(LINUX_6_1, PTE, entry, LEAF));
	EXPECT_STREQ("PROTNONE normal RO ISH AF PXN UXN ",
		     names(LINUX_6_1, PMD, entry & ~2ULL, LEAF));
	EXPECT_STREQ("---", permits(LINUX_6_1, PTE, entry));
	/* Valid, the bit means nothing there. */
	EXPECT_STREQ("valid page normal ", names(LINUX_6_1, PTE, 3 | BIT(58), LEAF));
}

TEST(prot_none_is_nG_without_valid_on_new_kernels)
{
	const uint64_t entry = (PAGE_OF(77) & ~1ULL) | RO | UXN;

	EXPECT_STREQ("PROTNONE normal RO ISH AF PXN UXN ", names(LINUX_6_12, PTE, entry, LEAF));
	EXPECT_STREQ("PROTNONE normal RO ISH AF PXN UXN ",
		     names(LINUX_7_3, PMD, entry & ~2ULL, LEAF));
	EXPECT_STREQ("---", permits(LINUX_6_12, PTE, entry));
	/* And beside it, write protection by userfaultfd in the bit that it left. */
	EXPECT_STREQ("PROTNONE normal RO ISH AF PXN UXN uffd-wp ",
		     names(LINUX_6_12, PTE, entry | BIT(58), LEAF));
}

TEST(entry_that_is_being_split_is_present_invalid_and_not_prot_none)
{
	const uint64_t split = PAGE_OF(0x200) & ~3ULL;

	/* 6.1: PMD_PRESENT_INVALID. */
	EXPECT_STREQ("present-invalid normal user ISH AF PXN UXN ",
		     names(LINUX_6_1, PMD, split | BIT(59) | USER | UXN, LEAF));
	/* Since: nG without valid, of a page that user mode may use, or only execute. */
	EXPECT_STREQ("present-invalid normal user ISH AF PXN UXN ",
		     names(LINUX_6_12, PMD, split | USER | UXN, LEAF));
	EXPECT_STREQ("present-invalid normal user ISH AF PXN ",
		     names(LINUX_7_3, PMD, split | USER, LEAF));
	EXPECT_STREQ("present-invalid normal RO ISH AF PXN ",
		     names(LINUX_7_3, PMD, split | RO, LEAF));
	EXPECT_STREQ("---", permits(LINUX_7_3, PMD, split | USER));
}

TEST(swap_entries_have_software_bits_and_no_hardware_names)
{
	/* 6.1: type in bits 7-3, so that bit 3 is a part of it; offset from bit 8. */
	EXPECT_STREQ("swp-exclusive ",
		     names(LINUX_6_1, PTE, 0x1234ULL << 8 | 1 << 3 | BIT(2), ABSENT));
	EXPECT_STREQ("", names(LINUX_6_1, PTE, 0x3ffffffffffffULL << 8 | 0x1f << 3, ABSENT));
	/* 6.12: type in bits 10-6, offset from bit 12. */
	EXPECT_STREQ("swp-exclusive swp-uffd-wp ",
		     names(LINUX_6_12, PTE, 0x1234ULL << 12 | 1 << 6 | BIT(3) | BIT(2), ABSENT));
	EXPECT_STREQ("", names(LINUX_7_3, PMD, 0x3ffffffffffffULL << 12 | 0x1f << 6, ABSENT));
	EXPECT_STREQ("---", permits(LINUX_6_12, PTE, 0x1234ULL << 12 | BIT(2)));
}

TEST(shareability_is_part_of_the_frame_with_52_bits_and_small_pages)
{
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	struct vmlab_info info = machine(LINUX_7_3 | F(LVA));
	const uint64_t shared = 3 | 3ULL << 8;

	EXPECT_EQ(4, vmlab_entry_bits(&info, PTE, shared, LEAF, bits));
	EXPECT_STREQ("ISH", bits[3]->name);
	info.out_va_bits = 52;
	EXPECT_EQ(3, vmlab_entry_bits(&info, PTE, shared, LEAF, bits));
	info.out_page_shift = 14;
	EXPECT_EQ(3, vmlab_entry_bits(&info, PTE, shared, LEAF, bits));
	info.out_page_shift = 16;
	EXPECT_EQ(4, vmlab_entry_bits(&info, PTE, shared, LEAF, bits));
	EXPECT_STREQ("ISH", bits[3]->name);
}

TEST(no_feature_bit_stands_for_a_form_of_entries)
{
	struct vmlab_info info = machine(~0ULL);
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];

	info.out_va_bits = 52;
	EXPECT_EQ(3, vmlab_entry_bits(&info, PTE, 3 | 3ULL << 8, LEAF, bits));
}

TEST(no_entry_has_more_names_than_fit)
{
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	const struct vmlab_info info = machine(~0ULL);
	unsigned int level;

	for (level = PTE; level <= VMLAB_LEVEL_PGD; level++) {
		EXPECT_GT(VMLAB_BITS_MAX, vmlab_entry_bits(&info, level, ~0ULL, LEAF, bits));
		EXPECT_GT(VMLAB_BITS_MAX, vmlab_entry_bits(&info, level, ~1ULL, ~0U, bits));
		EXPECT_GT(VMLAB_BITS_MAX, vmlab_entry_bits(&info, level, ~0ULL, ~0U, bits));
	}
}

TEST(leaf_permits_what_its_bits_say)
{
	unsigned int i;

	for (i = 0; i < 32; i++) {
		bool user = i & 1, ro = i & 2, dbm = i & 4, uxn = i & 8, hafdbs = i & 16;
		uint64_t bits = (user ? USER : 0) | (ro ? RO : 0) | (dbm ? DBM : 0) |
				(uxn ? UXN : 0);
		uint64_t features = LINUX_6_1 | (hafdbs ? F(HAFDBS) : 0);
		const char want[] = {
			user ? 'r' : '-',
			user && (!ro || (dbm && hafdbs)) ? 'w' : '-',
			uxn ? '-' : 'x', 0
		};

		EXPECT_STREQ(want, permits(features, PTE, 3 | bits));
		EXPECT_STREQ(want, permits(features, PMD, 1 | bits));
		EXPECT_STREQ(want, permits(features, PUD, 1 | bits));
	}
}

TEST(leaf_permits_to_the_kernel_what_its_bits_say)
{
	unsigned int i;

	for (i = 0; i < 32; i++) {
		bool user = i & 1, ro = i & 2, dbm = i & 4, pxn = i & 8, hafdbs = i & 16;
		bool writable = !ro || (dbm && hafdbs);
		uint64_t bits = (user ? USER : 0) | (ro ? RO : 0) | (dbm ? DBM : 0) |
				(pxn ? BIT(53) : 0) | UXN;
		uint64_t features = LINUX_6_1 | (hafdbs ? F(HAFDBS) : 0);
		const char want[] = {
			'r', writable ? 'w' : '-', pxn || (user && writable) ? '-' : 'x', 0
		};

		EXPECT_STREQ(want, kernel_permits(features, PTE, 3 | bits));
		EXPECT_STREQ(want, kernel_permits(features, PMD, 1 | bits));
		EXPECT_STREQ(want, kernel_permits(features, PUD, 1 | bits));
		EXPECT_STREQ("---", kernel_permits(features, PTE, 1 | bits));
	}
}

TEST(table_takes_from_the_kernel_what_its_attributes_say)
{
	static const struct {
		uint64_t attributes;
		const char *permits;
	} cases[] = {
		{ 0, "rwx" }, { BIT(59), "rw-" }, { BIT(60), "rwx" }, { BIT(61), "rwx" },
		{ BIT(62), "r-x" }, { BIT(59) | BIT(62), "r--" }, { BIT(53) | RO, "rwx" },
	};
	unsigned int level;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (level = PMD; level <= VMLAB_LEVEL_PGD; level++)
			EXPECT_STREQ(cases[i].permits,
				     kernel_permits(LINUX_7_3, level, 3 | cases[i].attributes));
}

TEST(execute_only_page_is_executable_and_not_readable)
{
	/* PAGE_EXECONLY: no PTE_USER, no PTE_UXN. */
	EXPECT_STREQ("--x", permits(LINUX_6_12, PTE, PAGE_OF(77) | RO));
	/* The kernel's own memory is nothing to user mode. */
	EXPECT_STREQ("---", permits(LINUX_6_12, PTE, PAGE_OF(77) | DBM | UXN));
}

TEST(clean_writable_page_is_writable_only_where_the_mmu_keeps_dirty_state)
{
	const uint64_t clean = PAGE_OF(77) | USER | RO | DBM | UXN;
	const uint64_t dirty = PAGE_OF(77) | USER | DBM | UXN | DIRTY;
	const uint64_t read_only = PAGE_OF(77) | USER | RO | UXN;

	EXPECT_STREQ("r--", permits(LINUX_6_1, PTE, clean));
	EXPECT_STREQ("rw-", permits(LINUX_6_1 | F(HAFDBS), PTE, clean));
	EXPECT_STREQ("rw-", permits(LINUX_6_1, PTE, dirty));
	EXPECT_STREQ("rw-", permits(LINUX_6_1 | F(HAFDBS), PTE, dirty));
	EXPECT_STREQ("r--", permits(LINUX_6_1, PTE, read_only));
	EXPECT_STREQ("r--", permits(LINUX_6_1 | F(HAFDBS), PTE, read_only));
}

TEST(table_takes_away_what_its_attributes_say)
{
	static const struct {
		uint64_t attributes;
		const char *permits, *names;
	} cases[] = {
		{ 0, "rwx", "valid table " },
		{ BIT(59), "rwx", "valid table PXNTable " },
		{ BIT(60), "rw-", "valid table UXNTable " },
		/* Data only: a page below may still be executed. */
		{ BIT(61), "--x", "valid table APTable0 " },
		{ BIT(62), "r-x", "valid table APTable1 " },
		{ BIT(61) | BIT(62), "--x", "valid table APTable0 APTable1 " },
		{ BIT(60) | BIT(61), "---", "valid table UXNTable APTable0 " },
		{ BIT(63), "rwx", "valid table NSTable " },
		/* Bits of a leaf, which a table does not have. */
		{ USER | RO | UXN | DBM, "rwx", "valid table " },
	};
	unsigned int level;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (level = PMD; level <= VMLAB_LEVEL_PGD; level++) {
			uint64_t entry = 3 | cases[i].attributes;

			EXPECT_STREQ(cases[i].permits, permits(LINUX_7_3, level, entry));
			EXPECT_STREQ(cases[i].names, names(LINUX_7_3, level, entry, TABLE));
		}
}

TEST(levels_follow_from_the_page_size)
{
	static const struct {
		unsigned int page_shift, levels, shifts[5];
		const char *root;
	} cases[] = {
		{ 12, 4, { 12, 21, 30, 39 }, "pgd" },
		{ 12, 3, { 12, 21, 30 }, "pgd" },
		{ 12, 5, { 12, 21, 30, 39, 48 }, "pgd" },
		{ 14, 4, { 14, 25, 36, 47 }, "pgd" },
		{ 16, 3, { 16, 29, 42 }, "pgd" },
		{ 16, 2, { 16, 29 }, "pgd" },
	};
	unsigned int level;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmlab_info info = machine(LINUX_6_12);

		info.out_page_shift = cases[i].page_shift;
		info.out_levels = cases[i].levels;
		for (level = 1; level <= info.out_levels; level++)
			EXPECT_EQ(cases[i].shifts[level - 1], vmlab_level_shift(&info, level));
		EXPECT_STREQ(cases[i].root, vmlab_level_name(&info, info.out_levels));
		EXPECT_STREQ("pte", vmlab_level_name(&info, 1));
	}
}

TEST(addresses_are_canonical_in_halves_of_va_bits_each)
{
	static const struct {
		unsigned int va_bits;
		uint64_t va;
		bool canonical;
	} cases[] = {
		{ 48, 0, true },
		{ 48, 0x00007fffffffffff, true },
		{ 48, 0x0000800000000000, true },
		{ 48, 0x0000ffffffffffff, true },
		{ 48, 0x0001000000000000, false },
		{ 48, 0xfffeffffffffffff, false },
		{ 48, 0xffff000000000000, true },
		{ 48, 0xffffffffffffffff, true },
		{ 39, 0x0000007fffffffff, true },
		{ 39, 0x0000008000000000, false },
		{ 39, 0xffffff7fffffffff, false },
		{ 39, 0xffffff8000000000, true },
		{ 52, 0x000fffffffffffff, true },
		{ 52, 0x0010000000000000, false },
		{ 52, 0xffefffffffffffff, false },
		{ 52, 0xfff0000000000000, true },
		/* A tag in the top byte, which the MMU ignores, is no part of it. */
		{ 48, 0xb40000007fffffff, false },
		{ 64, 0x8000000000000000, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmlab_info info = machine(LINUX_6_12);

		info.out_va_bits = cases[i].va_bits;
		EXPECT_EQ(cases[i].canonical, vmlab_va_canonical(&info, cases[i].va))
			TH_LOG("%u bits, %llx", cases[i].va_bits,
			       (unsigned long long)cases[i].va);
	}
}

TEST(features_are_listed_by_name)
{
	static const char *const want[] = {
		"pti", "hafdbs", "pan", "epan", "e0pd", "cnp", "bti", "mte", "lva", "poe",
	};
	uint64_t mask;
	size_t i;

	EXPECT_STREQ("arm64", vmlab_arch_name(VMLAB_ARCH_ARM64));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		EXPECT_STREQ(want[i], vmlab_feature_name(VMLAB_ARCH_ARM64, i, &mask));
		EXPECT_EQ(1ULL << i, mask);
	}
	EXPECT_EQ(NULL, vmlab_feature_name(VMLAB_ARCH_ARM64, i, &mask));
}

/* ---- the command, answered by an arm64 machine that never was ---------------- */

/* A clean writable page, walked through three tables. */
static void walk(struct command_ran *ran, uint64_t features)
{
	const struct vmlab_info info = machine(features);
	const uint64_t clean = PAGE_OF(77) | USER | RO | DBM | UXN;
	struct vmlab_walk question = { .size = sizeof(question), .va = 0xffffa0001000 };
	struct vmlab_walk answer = question;
	struct forge f;
	unsigned int i;

	answer.out_flags = VMLAB_OUT_IN_VMA | VMLAB_OUT_MAPPED;
	answer.out_nr_levels = 4;
	for (i = 0; i < 4; i++)
		answer.out_levels[i] = (struct vmlab_entry) {
			.table_pa = 0x1000 * (i + 1), .level = ROOT - i,
			.index = answer.va >> (39 - 9 * i) & 511,
			.entry = i < 3 ? 3 | BIT(59) | (0x2000 + 0x1000ULL * i) : clean,
		};
	answer.out_leaf = (struct vmlab_run) {
		.va = answer.va, .entry = clean, .pfn = 77, .count = 1, .mapcount = 1,
		.level = PTE, .shift = 12,
		.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_ACCESSED |
			 VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE |
			 VMLAB_FACT_ASKED_READ | VMLAB_FACT_ASKED_WRITE | VMLAB_FACT_VMA,
	};
	if (features & F(HAFDBS))
		answer.out_leaf.facts |= VMLAB_FACT_WRITE;
	forge_process(&f, &info, "ffffa0000000-ffffa0002000 rw-p 00000000 00:00 0\n");
	forge_ask(&f, FORGE_PAGEMAP, VMLAB_WALK, &question, &answer, sizeof(answer), NULL, 0);
	recording_forged(&f, "walk --json 77 ffffa0001000", ran);
}

/* Says what stood there instead. */
static bool has(const struct command_ran *ran, const char *text)
{
	if (strstr(ran->out, text))
		return true;
	printf("# %s is not in %s\n", text, ran->out);
	return false;
}

TEST(walk_of_arm64_is_read_anywhere)
{
	struct command_ran ran;

	walk(&ran, LINUX_6_1);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_TRUE(has(&ran, "\"canonical\":true"));
	EXPECT_TRUE(has(&ran, "\"enforced\":\"r--\",\"why\":[\"dirty-tracking\"]"));
	EXPECT_TRUE(has(&ran, "{\"level\":\"pgd\",\"index\":511,\"table_pa\":\"0x1000\","));
	EXPECT_TRUE(has(&ran, "\"allows\":\"rwx\",\"bits\":[\"valid\",\"table\",\"PXNTable\"]}"));
	EXPECT_TRUE(has(&ran, "\"allows\":\"r--\",\"bits\":[\"valid\",\"page\",\"normal\",\"user\",\"RO\","));
	EXPECT_TRUE(has(&ran, "\"RO\",\"ISH\",\"AF\",\"nG\",\"DBM\",\"PXN\",\"UXN\"]}"));
	command_done(&ran);

	walk(&ran, LINUX_6_1 | F(HAFDBS));
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_TRUE(has(&ran, "\"enforced\":\"rw-\",\"why\":[]"));
	EXPECT_TRUE(has(&ran, "\"allows\":\"rw-\",\"bits\":[\"valid\",\"page\",\"normal\",\"user\",\"RO\","));
	command_done(&ran);
}

TEST(info_of_arm64_lists_its_own_features)
{
	const struct vmlab_info info = machine(LINUX_6_12 | F(KPTI) | F(HAFDBS) | F(MTE));
	struct command_ran ran;
	struct forge f;

	forge_process(&f, &info, "");
	recording_forged(&f, "info --json", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_TRUE(has(&ran, "\"arch\":\"arm64\""));
	EXPECT_TRUE(has(&ran, "\"asid_bits\":16"));
	EXPECT_TRUE(has(&ran, "\"features\":{\"pti\":true,\"hafdbs\":true,\"pan\":false,\"epan\":false,"));
	EXPECT_TRUE(has(&ran, "\"cnp\":false,\"bti\":false,\"mte\":true,\"lva\":false,\"poe\":false}"));
	EXPECT_EQ(NULL, strstr(ran.out, "pcid"));
	command_done(&ran);
}

/* The whole user half, as map and perms ask for it: one page, no VMA, @table if there is one. */
static void forge_space(struct forge *f, const struct vmlab_info *info,
			const struct vmlab_run *page, const struct vmlab_table *table)
{
	const uint64_t end = info->out_user_end;
	const struct vmlab_vmas vmas = { .size = sizeof(vmas), .end = end, .nr_recs = 512,
					 .rec_size = sizeof(struct vmlab_vma) };
	const struct vmlab_tables tables = { .size = sizeof(tables), .end = end, .nr_recs = 512,
					     .rec_size = sizeof(*table) };
	const struct vmlab_scan scan = { .size = sizeof(scan), .end = end, .nr_recs = 4096,
					 .format = VMLAB_FORMAT_RUNS, .rec_size = sizeof(*page) };
	struct vmlab_tables tables_answer = tables;
	struct vmlab_scan scan_answer = scan;
	struct vmlab_vmas vmas_answer = vmas;

	vmas_answer.out_next = end;
	scan_answer.out_next = end;
	scan_answer.out_nr = 1;
	tables_answer.out_next = end;
	tables_answer.out_nr = !!table;
	forge_ask(f, FORGE_PAGEMAP, VMLAB_VMAS, &vmas, &vmas_answer, sizeof(vmas), NULL, 0);
	forge_ask(f, FORGE_PAGEMAP, VMLAB_SCAN, &scan, &scan_answer, sizeof(scan), page,
		  sizeof(*page));
	forge_ask(f, FORGE_PAGEMAP, VMLAB_TABLES, &tables, &tables_answer, sizeof(tables), table,
		  table ? sizeof(*table) : 0);
}

/* With pages of 64 KiB: an anonymous page, two regions, the hole, the kernel's half. */
TEST(map_of_64k_pages_counts_them)
{
	static const char maps[] =
		"400000-410000 r-xp 00000000 00:00 0\n"
		"ffffffff0000-1000000000000 rw-p 00000000 00:00 0\n";
	struct vmlab_info info = machine(LINUX_6_12);
	struct vmlab_table table = { .table_pa = 0x10000, .nr_used = 1, .level = PTE };
	struct vmlab_run page = {
		/* The last page of the user half, and no other is beyond it. */
		.va = 0xffffffff0000, .pfn = 9, .count = 1, .mapcount = 1,
		.level = PTE, .shift = 16, .entry = PAGE_OF(0x90) | USER | DBM | UXN | DIRTY,
		.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_WRITE |
			 VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE |
			 VMLAB_FACT_ASKED_READ | VMLAB_FACT_ASKED_WRITE | VMLAB_FACT_VMA,
	};
	struct command_ran ran;
	struct forge f;

	info.out_page_shift = 16;
	info.out_levels = 3;
	table.va = page.va & ~0x1fffffffULL;
	forge_process(&f, &info, maps);
	forge_space(&f, &info, &page, &table);
	recording_forged(&f, "map --json 77", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_TRUE(has(&ran, "{\"start\":\"0xffffffff0000\",\"end\":\"0x1000000000000\",\"kind\":\"anon\""));
	EXPECT_TRUE(has(&ran, "{\"start\":\"0x1000000000000\",\"end\":\"0xffff000000000000\",\"kind\":\"hole\""));
	EXPECT_TRUE(has(&ran, "\"asked\":null,\"name\":\"in neither half: no address\""));
	EXPECT_TRUE(has(&ran, "\"resident\":1,\"anon\":1,"));
	EXPECT_TRUE(has(&ran, "\"tables_bytes\":65536"));
	EXPECT_EQ(NULL, strstr(ran.out, "canonical"));
	command_done(&ran);
}

/* POE_R 1, POE_X 2, POE_W 4: asm/sysreg.h. Four bits a key, what they let pass. */
TEST(keys_take_away_what_their_overlay_does_not_let_pass)
{
	static const uint64_t passes[16] = {
		0, VMLAB_FACT_READ, VMLAB_FACT_EXEC, VMLAB_FACT_READ | VMLAB_FACT_EXEC,
		VMLAB_FACT_WRITE, VMLAB_FACT_READ | VMLAB_FACT_WRITE,
		VMLAB_FACT_WRITE | VMLAB_FACT_EXEC, RWX,
	};
	struct vmlab_info info = machine(LINUX_6_12 | F(POE));
	uint64_t overlay;
	int key;

	for (key = 0; key < 8; key++) {
		for (overlay = 0; overlay < 8; overlay++) {
			EXPECT_EQ(RWX & ~passes[overlay],
				  vmlab_key_denies(&info, overlay << 4 * key, key));
			EXPECT_EQ(RWX & ~passes[overlay],
				  vmlab_key_denies(&info, ~(7ULL << 4 * key) | overlay << 4 * key,
						   key));
		}
		/* What a thread begins with (POR_EL0_INIT): key 0 alone. */
		EXPECT_EQ(key ? RWX : 0, vmlab_key_denies(&info, 7, key));
		EXPECT_EQ(key, vmlab_entry_pkey(&info, PAGE_OF(9) | (uint64_t)key << 60));
	}
	info = machine(LINUX_6_12);
	EXPECT_EQ(-1, vmlab_entry_pkey(&info, PAGE_OF(9) | 5ULL << 60));
	EXPECT_EQ(0, vmlab_key_denies(&info, 0, -1));
}

/* A thread of process 77, and POR_EL0; @known false: it runs. Asked for by all who want to know. */
static void forge_thread(struct forge *f, int tid, bool known, uint64_t keys)
{
	const struct vmlab_thread ask = { .size = sizeof(ask), .tid = tid };
	struct vmlab_thread answer = ask;

	if (known) {
		answer.out_known = VMLAB_THREAD_KEYS;
		answer.out_keys = keys;
	}
	forge_ask(f, FORGE_PAGEMAP, VMLAB_THREAD, &ask, &answer, sizeof(ask), NULL, 0);
}

/* One page under key 5, that may be read and written by the page tables. */
static void forge_keyed_page(struct forge *f, struct command_ran *ran, bool first_known)
{
	struct vmlab_info info = machine(LINUX_6_12 | F(POE));
	struct vmlab_run page = {
		.va = 0xffffa0000000, .pfn = 9, .count = 1, .mapcount = 1, .level = PTE,
		.shift = 12, .entry = PAGE_OF(9) | USER | DBM | UXN | 5ULL << 60,
		.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_WRITE |
			 VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE |
			 VMLAB_FACT_ASKED_READ | VMLAB_FACT_ASKED_WRITE | VMLAB_FACT_VMA,
	};

	forge_process(f, &info, "ffffa0000000-ffffa0001000 rw-p 00000000 00:00 0\n");
	forge_text(f, "/proc/77/task", "77\n78\n79\n80\n");
	forge_open(f, "/proc/77/mem");
	forge_thread(f, 77, first_known, 7);
	/* Key 5: R and X; everything; not known. */
	forge_thread(f, 78, true, 3ULL << 20 | 7);
	forge_thread(f, 79, true, 7ULL << 20 | 7);
	forge_thread(f, 80, false, 0);
	forge_space(f, &info, &page, NULL);
	recording_forged(f, "perms --json 77", ran);
}

#define NOTHING_BUT(is)	"\"enforced\":{\"---\":" #is

/* No machine of the lab has overlays: one with a page that each thread gets otherwise. */
TEST(pages_under_a_key_are_told_for_each_thread)
{
	struct command_ran ran;
	struct forge f;

	forge_keyed_page(&f, &ran, true);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_TRUE(has(&ran, "\"keys\":\"0x7\",\"regions\""));
	EXPECT_TRUE(has(&ran, NOTHING_BUT(1) ",\"r--\":0,"));
	EXPECT_TRUE(has(&ran, "\"why\":[\"pkey\"]"));
	EXPECT_TRUE(has(&ran, "\"threads\":[{\"tid\":77,\"keys\":\"0x7\"},{\"tid\":78,"));
	EXPECT_TRUE(has(&ran, "{\"tid\":79,\"keys\":\"0x700007\"},{\"tid\":80,\"keys\":null}]"));
	EXPECT_TRUE(has(&ran, "{\"start\":\"0xffffa0000000\",\"pkey\":5,\"tid\":78,"));
	EXPECT_TRUE(has(&ran, "\"keys\":\"0x300007\",\"threads\":1," NOTHING_BUT(0)
			",\"r--\":1,\"-w-\":0,\"rw-\":0,"));
	EXPECT_TRUE(has(&ran, "\"tid\":79,\"keys\":\"0x700007\",\"threads\":1," NOTHING_BUT(0)
			",\"r--\":0,\"-w-\":0,\"rw-\":1,"));
	command_done(&ran);
}

TEST(pages_under_a_key_are_not_known_with_the_first_thread_running)
{
	struct command_ran ran;
	struct forge f;

	forge_keyed_page(&f, &ran, false);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_TRUE(has(&ran, "\"keys\":null,\"regions\""));
	EXPECT_TRUE(has(&ran, NOTHING_BUT(null) ",\"r--\":null,"));
	EXPECT_TRUE(has(&ran, "\"pages\":null"));
	EXPECT_TRUE(has(&ran, "\"tid\":78,\"keys\":\"0x300007\",\"threads\":1," NOTHING_BUT(0)
			",\"r--\":1,"));
	EXPECT_TRUE(has(&ran, "\"tid\":79,\"keys\":\"0x700007\""));
	EXPECT_TRUE(has(&ran, "\"rw-\":{\"enforced\":\"rw-\",\"why\":[],\"regions\":1,\"pages\":1,\"seen\":[],"));
	command_done(&ran);
}

TEST(soft_dirty_is_not_known_where_no_kernel_tracks_it)
{
	struct vmlab_info info = machine(LINUX_6_12);
	struct vmlab_scan scan = { .size = sizeof(scan), .end = info.out_user_end,
				   .nr_recs = 4096, .format = VMLAB_FORMAT_RUNS,
				   .rec_size = sizeof(struct vmlab_run) };
	struct vmlab_scan answer = scan;
	struct vmlab_run page = {
		.va = 0xffffa0000000, .pfn = 9, .count = 1, .mapcount = 1, .level = PTE,
		.shift = 12, .entry = PAGE_OF(9) | USER | RO | UXN | BIT(52),
		.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_CONT |
			 VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_DIRTY |
			 VMLAB_FACT_EXCLUSIVE | VMLAB_FACT_ASKED_READ |
			 VMLAB_FACT_ASKED_WRITE | VMLAB_FACT_VMA,
	};
	struct command_ran ran;
	struct forge f;

	answer.out_next = scan.end;
	answer.out_nr = 1;
	forge_process(&f, &info, "ffffa0000000-ffffa0001000 rw-p 00000000 00:00 0\n");
	forge_ask(&f, FORGE_PAGEMAP, VMLAB_SCAN, &scan, &answer, sizeof(scan), &page,
		  sizeof(page));
	recording_forged(&f, "pages --json 77", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_TRUE(has(&ran, "\"why\":[\"cow\"]"));
	EXPECT_TRUE(has(&ran, "\"soft_dirty\":null"));
	EXPECT_TRUE(has(&ran, "\"contiguous\""));
	command_done(&ran);
}

/* Where a file lies is counted in pages of the machine that it was mapped on. */
TEST(symbol_is_found_in_a_file_that_is_mapped_in_pages_of_64k)
{
	const struct {
		uint16_t type, machine;
		uint8_t class, zero[3];
		uint32_t nr, zero2;
		struct vmlab_segment segments[1];
	} elf = {
		.type = ET_DYN, .machine = EM_AARCH64, .class = ELFCLASS64, .nr = 1,
		/* Mapped from offset 0x20000 on, because that is where its page begins. */
		.segments = { { .type = PT_LOAD, .flags = PF_R | PF_W, .offset = 0x2f8f0,
				.vaddr = 0x3f8f0, .sz_file = 0x900, .sz_mem = 0x900 } },
	};
	static const char path[] = "/proc/77/root/lib/thing.so";
	struct vmlab_info info = machine(LINUX_6_12);
	const uint64_t value = 0x3fa00;
	struct vmlab_session *session;
	char key[128];
	struct forge f;
	uint64_t va;

	info.out_page_shift = 16;
	info.out_levels = 3;
	forge_process(&f, &info, "ffffa0020000-ffffa0030000 rw-p 00020000 08:01 5 /lib/thing.so\n");
	snprintf(key, sizeof(key), "elf-symbol:%s:thing", path);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, key, strlen(key), &value, sizeof(value));
	snprintf(key, sizeof(key), "elf-segments:%s", path);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, key, strlen(key), &elf, sizeof(elf));
	forge_end(&f);
	ASSERT_EQ(0, vmlab_session_replay_bytes(f.bytes, f.size, &session));
	ASSERT_EQ(0, vmlab_resolve(session, FORGE_PID, "thing", &va));
	/* Page 0x30000 of the file's image lies at 0xffffa0020000. */
	EXPECT_EQ(0xffffa0020000 + 0xfa00, va);
	vmlab_session_close(session);
	forge_free(&f);
}

TEST_HARNESS_MAIN
