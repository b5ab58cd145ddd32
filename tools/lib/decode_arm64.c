// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * decode_arm64.c - entries of arm64 page tables by name.
 *
 * Hardware bits: Arm ARM (DDI 0487), D8.3, "VMSAv8-64 translation table format
 * descriptors", stage 1 of EL1&0. What Linux
 * makes of what the architecture leaves open is said at each row, by the header of
 * arch/arm64/include/asm and the versions that were read: 6.1, 6.12, 7.3. What
 * moved between them is tied to INFO's features.
 *
 * An entry's kind is in its bits 1:0 and its level: 0b11 is a page at the last level
 * and a table above it, 0b01 a block above it and nothing at the last level.
 */
#include "decode.h"

#define BIT(n)		(1ULL << (n))
#define L(level)	(1U << VMLAB_LEVEL_##level)
#define HUGE		(L(PMD) | L(PUD))
#define LEAVES		(L(PTE) | HUGE)
#define UPPER		(HUGE | L(P4D) | L(PGD))
#define ALL		(L(PTE) | UPPER)
#define TABLE		VMLAB_BIT_TABLE
#define LEAF		VMLAB_BIT_LEAF
#define ABSENT		VMLAB_BIT_ABSENT

#define VALID		BIT(0)
#define TYPE		(BIT(1) | BIT(0))
#define USER		BIT(6)		/* AP[1] */
#define RDONLY		BIT(7)		/* AP[2] */
#define NG		BIT(11)
#define DBM		BIT(51)
#define UXN		BIT(54)
#define PXN		BIT(53)
#define PXNTABLE	BIT(59)
#define UXNTABLE	BIT(60)
#define APTABLE_0	BIT(61)
#define APTABLE_1	BIT(62)

/* A flag: one bit that is set. */
#define FLAG(n, levels, kind, feature, name, what) \
	{ BIT(n), BIT(n), levels, kind, feature, name, what }
/* AttrIndx, bits 4-2: a slot of MAIR_EL1. */
#define ATTR(n, name, what) \
	{ 7ULL << 2, (uint64_t)(n) << 2, LEAVES, LEAF, 0, name, what }
/* Shareability, bits 9-8. */
#define SH(n, name, what) \
	{ 3ULL << 8, (uint64_t)(n) << 8, LEAVES, LEAF, VMLAB_FORM_SHAREABILITY, name, what }
/* POIndex, bits 62-60, which Linux's protection keys are; named when it is not key 0. */
#define PKEY(n) \
	{ 7ULL << 60, (uint64_t)(n) << 60, LEAVES, LEAF, VMLAB_ARM64_POE, "pkey" #n, \
	  "protection key " #n }

static const struct vmlab_bit bits[] = {
	/* Arm ARM D8.3, descriptor types. */
	FLAG(0, ALL, TABLE | LEAF, 0, "valid", "the MMU follows this entry"),
	{ TYPE, TYPE, UPPER, TABLE, 0, "table", "points to the next table" },
	{ TYPE, TYPE, L(PTE), LEAF, 0, "page", "a leaf at the last level" },
	{ TYPE, VALID, HUGE, LEAF, 0, "block", "a leaf above the last level" },
	/* 6.1 pgtable-prot.h: PTE_PROT_NONE, and PMD_PRESENT_INVALID at the pmd. */
	{ VALID | BIT(58), BIT(58), LEAVES, LEAF, VMLAB_ARM64_PROTNONE_58, "PROTNONE",
	  "PROT_NONE or NUMA hint: the kernel kept the frame, the MMU faults" },
	{ VALID | BIT(59), BIT(59), L(PMD), LEAF | ABSENT, VMLAB_ARM64_PROTNONE_58,
	  "present-invalid", "software: kept from the MMU while it is changed" },
	/*
	 * 6.12, 7.3 pgtable-prot.h: PTE_PRESENT_INVALID is nG without valid;
	 * pgtable.h, pte_protnone(): PROT_NONE when user mode may neither access nor
	 * execute. What it is when user mode may stands in two rows: by AP[1], or
	 * by UXN without it.
	 */
	{ VALID | NG | USER | UXN, NG | UXN, LEAVES, LEAF, VMLAB_ARM64_PROTNONE_NG,
	  "PROTNONE", "PROT_NONE or NUMA hint: the kernel kept the frame, the MMU faults" },
	{ VALID | NG | USER, NG | USER, LEAVES, LEAF | ABSENT, VMLAB_ARM64_PROTNONE_NG,
	  "present-invalid", "software: kept from the MMU while it is changed" },
	{ VALID | NG | USER | UXN, NG, LEAVES, LEAF | ABSENT, VMLAB_ARM64_PROTNONE_NG,
	  "present-invalid", "software: kept from the MMU while it is changed" },
	/*
	 * memory.h: MT_*, and mm/proc.S: MAIR_EL1_SET; the same indices in 6.1, 6.12
	 * and 7.3. The other three slots are not used.
	 */
	ATTR(0, "normal", "memory type: write-back cacheable"),
	ATTR(1, "normal-tagged", "memory type: write-back cacheable, with MTE's tags"),
	ATTR(2, "normal-nc", "memory type: not cacheable"),
	ATTR(3, "device-nGnRnE", "memory type: device, strongly ordered"),
	ATTR(4, "device-nGnRE", "memory type: device, writes may be acknowledged early"),
	ATTR(5, "attr5", "memory type: slot 5 of MAIR_EL1"),
	ATTR(6, "attr6", "memory type: slot 6 of MAIR_EL1"),
	ATTR(7, "attr7", "memory type: slot 7 of MAIR_EL1"),
	/* Arm ARM D8.3, lower attributes of block and page descriptors. */
	FLAG(5, LEAVES, LEAF, 0, "NS", "non-secure; ignored where the kernel is non-secure"),
	FLAG(6, LEAVES, LEAF, 0, "user", "AP[1]: user mode may read, and write unless RO"),
	FLAG(7, LEAVES, LEAF, 0, "RO", "AP[2]: nobody may write; with DBM, clean"),
	SH(1, "SH1", "a reserved shareability"),
	SH(2, "OSH", "outer shareable"),
	SH(3, "ISH", "inner shareable"),
	/* In a table: FEAT_HAFT; 7.3 pgtable-hwdef.h, PMD_TABLE_AF. */
	FLAG(10, ALL, TABLE | LEAF, 0, "AF", "accessed since it was last cleared"),
	{ VALID | NG, VALID | NG, LEAVES, LEAF, 0, "nG",
	  "not global: of one ASID alone in the TLB" },
	/* Arm ARM D8.3, upper attributes of block and page descriptors. */
	FLAG(50, LEAVES, LEAF, 0, "GP", "guarded: indirect branches must land on BTI"),
	/* All: PTE_WRITE is DBM, also on a CPU that ignores it. */
	FLAG(51, LEAVES, LEAF, 0, "DBM", "dirty bit modifier: writable, and clean where RO"),
	FLAG(52, LEAVES, LEAF, 0, "contiguous", "one of a group that may share a TLB entry"),
	FLAG(53, LEAVES, LEAF, 0, "PXN", "no instruction fetch by the kernel"),
	FLAG(54, LEAVES, LEAF, 0, "UXN", "no instruction fetch by user mode"),
	/* Software, all: PTE_DIRTY, PTE_SPECIAL; 6.1, 6.12: PTE_DEVMAP. */
	FLAG(55, LEAVES, LEAF, 0, "dirty", "software: written since it was last cleared"),
	FLAG(56, LEAVES, LEAF, 0, "special", "software: no counted frame behind it"),
	FLAG(57, LEAVES, LEAF, VMLAB_ARM64_DEVMAP_57, "devmap",
	     "software: ZONE_DEVICE memory"),
	/* 6.12 PTE_UFFD_WP, 7.3 PTE_UFFD. */
	FLAG(58, LEAVES, LEAF, VMLAB_ARM64_UFFD_58, "uffd-wp",
	     "software: userfaultfd write protection"),
	/* FEAT_S1POE; 6.12, 7.3 pgtable-hwdef.h: PTE_PO_IDX_*. */
	PKEY(1), PKEY(2), PKEY(3), PKEY(4), PKEY(5), PKEY(6), PKEY(7),
	/* Arm ARM D8.3, attributes of table descriptors. */
	FLAG(59, UPPER, TABLE, 0, "PXNTable", "no instruction fetch by the kernel below"),
	FLAG(60, UPPER, TABLE, 0, "UXNTable", "no instruction fetch by user mode below"),
	FLAG(61, UPPER, TABLE, 0, "APTable0", "no data access by user mode below"),
	FLAG(62, UPPER, TABLE, 0, "APTable1", "no write by anybody below"),
	FLAG(63, UPPER, TABLE, 0, "NSTable", "non-secure below; ignored where the kernel is"),
	/* pgtable.h, "swap entry"; PTE_SWP_EXCLUSIVE: all. PTE_SWP_UFFD(_WP): 6.12, 7.3. */
	FLAG(2, LEAVES, ABSENT, 0, "swp-exclusive",
	     "software: the anonymous page belongs to this process alone"),
	FLAG(3, LEAVES, ABSENT, VMLAB_ARM64_UFFD_58, "swp-uffd-wp",
	     "software: userfaultfd write protection"),
	{ 0 },
};

static const struct vmlab_feature features[] = {
	{ VMLAB_ARM64_KPTI,	"pti" },
	{ VMLAB_ARM64_HAFDBS,	"hafdbs" },
	{ VMLAB_ARM64_PAN,	"pan" },
	{ VMLAB_ARM64_EPAN,	"epan" },
	{ VMLAB_ARM64_E0PD,	"e0pd" },
	{ VMLAB_ARM64_CNP,	"cnp" },
	{ VMLAB_ARM64_BTI,	"bti" },
	{ VMLAB_ARM64_MTE,	"mte" },
	{ VMLAB_ARM64_LVA,	"lva" },
	{ VMLAB_ARM64_POE,	"poe" },
	{ 0 },
};

/*
 * With pages of 4 or 16 KiB, addresses of 52 bits are FEAT_LPA2's: bits 9-8 of an
 * entry are bits 51-50 of the frame then, and shareability is TCR_EL1's (Arm ARM
 * D8.3). Pages of 64 KiB keep them elsewhere.
 */
static uint64_t forms(const struct vmlab_info *info)
{
	return info->out_va_bits > 48 && info->out_page_shift < 16 ?
		0 : VMLAB_FORM_SHAREABILITY;
}

static bool is_table(unsigned int level, uint64_t entry)
{
	return level > VMLAB_LEVEL_PTE && (entry & TYPE) == TYPE;
}

static bool valid(unsigned int level, uint64_t entry)
{
	return (entry & VALID) && (level > VMLAB_LEVEL_PTE || (entry & TYPE) == TYPE);
}

static bool writes_pass(const struct vmlab_info *info, uint64_t entry)
{
	return !(entry & RDONLY) ||
	       ((entry & DBM) && (info->out_features & VMLAB_ARM64_HAFDBS));
}

/*
 * Arm ARM D8.4, memory access control, and the pseudocode of
 * AArch64.S1DirectBasePermissions: data accesses by AP, fetches by UXN alone, so that
 * a page can be executable and nothing else; a table takes away from what is below.
 * An entry that is RO and DBM is a clean one: where the MMU manages dirty state it
 * lets the write pass and clears RO itself, elsewhere the write faults.
 */
static uint64_t permits(const struct vmlab_info *info, unsigned int level, uint64_t entry)
{
	uint64_t facts = 0;
	bool writable;

	if (is_table(level, entry)) {
		if (!(entry & APTABLE_0))
			facts |= VMLAB_FACT_READ;
		if (!(entry & (APTABLE_0 | APTABLE_1)))
			facts |= VMLAB_FACT_WRITE;
		if (!(entry & UXNTABLE))
			facts |= VMLAB_FACT_EXEC;
		return facts;
	}
	writable = writes_pass(info, entry);
	if (entry & USER)
		facts |= VMLAB_FACT_READ | (writable ? VMLAB_FACT_WRITE : 0);
	if (!(entry & UXN))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

/* AttrIndx names a slot of MAIR_EL1, which Linux fills as the table of bits says. */
static const char *memory_type(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	static const char *const types[] = {
		"normal", "normal-tagged", "normal-nc", "device-nGnRnE", "device-nGnRE",
	};
	unsigned int slot = entry >> 2 & 7;

	(void)info;
	(void)level;
	return slot < sizeof(types) / sizeof(types[0]) ? types[slot] : NULL;
}

/*
 * Data: AP[1] lets user mode read, AP[2] clear write as well, and write alone there is not.
 * An entry can permit a fetch alone; the kernel makes such ones where EPAN keeps itself
 * from them (adjust_protection_map() of arch/arm64/mm/mmap.c), else readable ones.
 */
static uint64_t grants(const struct vmlab_info *info, uint64_t asked, const char **why)
{
	uint64_t granted = asked | VMLAB_FACT_READ;

	if (!asked)
		return 0;
	if (asked == VMLAB_FACT_EXEC && (info->out_features & VMLAB_ARM64_EPAN))
		return asked;
	if (granted != asked)
		*why = "hardware";
	return granted;
}

static int pkey(const struct vmlab_info *info, uint64_t entry)
{
	return info->out_features & VMLAB_ARM64_POE ? (int)(entry >> 60 & 7) : -1;
}

/*
 * POR_EL0, 4 bits a key (Arm ARM D17.2): what its overlay lets pass, data and fetches alike;
 * asm/sysreg.h of 6.12 and 7.3: POE_R, POE_X, POE_W. Kernels without it have no keys either.
 */
static uint64_t key_denies(uint64_t keys, int key)
{
	uint64_t passes = keys >> (4 * (key & 15));

	return (passes & 1 ? 0 : VMLAB_FACT_READ) | (passes & 2 ? 0 : VMLAB_FACT_EXEC) |
	       (passes & 4 ? 0 : VMLAB_FACT_WRITE);
}

/* AttrIndx, NS; SH where it is in the entry; nG, GP; and the key. */
static uint64_t tlb_attributes(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	uint64_t low = 0xfULL << 2 | NG;

	(void)level;
	if (forms(info) & VMLAB_FORM_SHAREABILITY)
		low |= 3ULL << 8;
	return (entry & low) | (entry >> 50 & 1) << 12 |
	       (info->out_features & VMLAB_ARM64_POE ? entry >> 60 & 7 : 0) << 13;
}

/* The contiguous bit, Arm ARM D8.6: groups of 16, 128 or 32 entries. */
static uint64_t tlb_groups(const struct vmlab_info *info, unsigned int level)
{
	if (level > VMLAB_LEVEL_PMD)
		return 0;
	switch (info->out_page_shift) {
	case 12:
		return 16;
	case 14:
		return level == VMLAB_LEVEL_PTE ? 128 : 32;
	case 16:
		return 32;
	}
	return 0;
}

/* The same of EL1: it reads whatever is valid, and executes nothing that EL0 may write. */
static uint64_t kernel_permits(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	uint64_t facts = VMLAB_FACT_READ;

	if (is_table(level, entry)) {
		if (!(entry & APTABLE_1))
			facts |= VMLAB_FACT_WRITE;
		if (!(entry & PXNTABLE))
			facts |= VMLAB_FACT_EXEC;
		return facts;
	}
	if (writes_pass(info, entry))
		facts |= VMLAB_FACT_WRITE;
	if (!(entry & PXN) && !((entry & USER) && writes_pass(info, entry)))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

/* Arm ARM D17.2: TTBR0_EL1, TTBR1_EL1, TCR_EL1. */
static const struct vmlab_feature ttbr_bits[] = {
	{ BIT(0), "CnP" },
	{ 0 },
};

static const struct vmlab_feature tcr_bits[] = {
	{ BIT(7), "EPD0" },
	{ BIT(22), "A1" },
	{ BIT(23), "EPD1" },
	{ BIT(36), "AS" },
	{ BIT(37), "TBI0" },
	{ BIT(38), "TBI1" },
	{ BIT(39), "HA" },
	{ BIT(40), "HD" },
	{ BIT(55), "E0PD0" },
	{ BIT(56), "E0PD1" },
	{ BIT(59), "DS" },
	{ 0 },
};

static const struct vmlab_register registers[] = {
	{ VMLAB_ARM64_REG_TTBR0, "ttbr0_el1", ttbr_bits },
	{ VMLAB_ARM64_REG_TTBR1, "ttbr1_el1", ttbr_bits },
	{ VMLAB_ARM64_REG_TCR, "tcr_el1", tcr_bits },
	{ VMLAB_ARM64_REG_USER_TTBR1, "user_ttbr1_el1", ttbr_bits },
	{ VMLAB_ARM64_REG_SAVED_TTBR0, "saved_ttbr0_el1", ttbr_bits },
	{ 0 },
};

#define TCR_A1		BIT(22)
/* asm/mmu.h, USER_ASID_FLAG: the odd one of a pair is user mode's. */
#define ASID_USER	1U

/* With physical addresses of 52 bits, bits 5-2 are bits 51-48 of the root's. */
static uint64_t root_of(const struct vmlab_info *info, uint64_t ttbr)
{
	uint64_t pa = ttbr & ((1ULL << 48) - 64);

	return info->out_pa_bits > 48 ? pa | (ttbr & 0x3c) << 46 : pa;
}

static uint32_t asid_of(const struct vmlab_info *info, uint64_t ttbr)
{
	return (ttbr >> 48) & (info->out_asid_bits == 8 ? 0xff : 0xffff);
}

static void cpu_tags(const struct vmlab_info *info, const struct vmlab_cpu *cpu,
		     struct vmlab_cpu_tags *out)
{
	const __u64 *regs = cpu->regs;
	uint64_t saved = regs[VMLAB_ARM64_REG_SAVED_TTBR0];
	uint64_t ttbr0 = saved ? saved : regs[VMLAB_ARM64_REG_TTBR0];
	uint64_t ttbr1 = regs[VMLAB_ARM64_REG_TTBR1], user = regs[VMLAB_ARM64_REG_USER_TTBR1];

	out->root_pa = root_of(info, ttbr0);
	out->kernel_root_pa = root_of(info, ttbr1);
	/* While TTBR0 is taken away, so is the ASID. */
	out->tag = asid_of(info, saved || !(regs[VMLAB_ARM64_REG_TCR] & TCR_A1) ?
			   ttbr0 : ttbr1);
	if (!user)
		return;
	out->user_root_pa = root_of(info, user);
	out->user_tag = out->tag | ASID_USER;
}

/* context.id: the generation above the ASID; 0 until it first runs. */
static void tags_of(const struct vmlab_info *info, uint64_t context, struct vmlab_mm_tags *out)
{
	unsigned int width = info->out_asid_bits == 8 ? 8 : 16;

	if (!context)
		return;
	out->generation = context >> width;
	out->tag = context & ((1U << width) - 1);
	if (info->out_features & VMLAB_ARM64_KPTI)
		out->user_tag = out->tag | ASID_USER;
}

static void mm_tags(const struct vmlab_info *info, const struct vmlab_mm *mm,
		    struct vmlab_mm_tags *out)
{
	tags_of(info, mm->out_context, out);
}

static void slot_tags(const struct vmlab_info *info, const struct vmlab_tlb_slot *slot,
		      struct vmlab_mm_tags *out)
{
	tags_of(info, slot->context, out);
}

/* asid_gen_match() of arch/arm64/mm/context.c; both have the generation above an ASID. */
static enum vmlab_stale slot_stale(const struct vmlab_info *info,
				   const struct vmlab_tlb_slot *slot,
				   const struct vmlab_mm *mm)
{
	unsigned int width = info->out_asid_bits == 8 ? 8 : 16;

	(void)mm;
	if (!slot->generation)
		return VMLAB_STALE_UNKNOWN;
	return (slot->context ^ slot->generation) >> width ? VMLAB_STALE_YES : VMLAB_STALE_NO;
}

const struct vmlab_arch vmlab_arch_arm64 = {
	.id = VMLAB_ARCH_ARM64,
	.name = "arm64",
	.bits = bits,
	.features = features,
	.forms = forms,
	.entry_shift = 3,
	.half_bits = 0,
	.hole = "in neither half: no address",
	.deposits_table = true,
	.tlb_attributes = tlb_attributes,
	.tlb_groups = tlb_groups,
	.memory_type = memory_type,
	.pkey = pkey,
	.key_denies = key_denies,
	.permits = permits,
	.grants = grants,
	.kernel_permits = kernel_permits,
	.valid = valid,
	.tag_name = "asid",
	.registers = registers,
	.cpu_tags = cpu_tags,
	.mm_tags = mm_tags,
	.slot_tags = slot_tags,
	.slot_stale = slot_stale,
};
