// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * decode_x86.c - entries of x86-64 page tables by name.
 *
 * Hardware bits: Intel SDM vol. 3A, tables 4-14 to 4-20. Software bits and the
 * form of entries that are not present: arch/x86/include/asm/pgtable_types.h and
 * pgtable_64.h of Linux 6.1 to 7.3; those that moved are tied to INFO's features.
 */
#include "decode.h"

#define BIT(n)		(1ULL << (n))
#define L(level)	(1U << VMLAB_LEVEL_##level)
#define ALL		(L(PTE) | L(PMD) | L(PUD) | L(P4D) | L(PGD))
#define HUGE		(L(PMD) | L(PUD))
#define TABLE		VMLAB_BIT_TABLE
#define LEAF		VMLAB_BIT_LEAF
#define ABSENT		VMLAB_BIT_ABSENT

/* A flag: one bit that is set. */
#define FLAG(n, levels, kind, feature, name, what) \
	{ BIT(n), BIT(n), levels, kind, feature, name, what }
/* A protection key, bits 62-59, named when it is not key 0. */
#define PKEY(n) \
	{ 0xfULL << 59, (uint64_t)(n) << 59, L(PTE) | HUGE, LEAF, 0, "pkey" #n, \
	  "protection key " #n }

static const struct vmlab_bit bits[] = {
	FLAG(0, ALL, TABLE | LEAF, 0, "P", "present: the MMU follows this entry"),
	{ BIT(0) | BIT(8), BIT(8), L(PTE) | HUGE, LEAF, 0, "PROTNONE",
	  "PROT_NONE or NUMA hint: the kernel kept the frame, the MMU faults" },
	FLAG(1, ALL, TABLE | LEAF, 0, "RW", "writable"),
	FLAG(2, ALL, TABLE | LEAF, 0, "US", "user mode may use it"),
	FLAG(3, ALL, TABLE | LEAF, 0, "PWT", "write-through"),
	FLAG(4, ALL, TABLE | LEAF, 0, "PCD", "cache disabled"),
	FLAG(5, ALL, TABLE | LEAF, 0, "A", "accessed since it was last cleared"),
	FLAG(6, ALL, LEAF, 0, "D", "written since it was last cleared"),
	FLAG(7, HUGE, LEAF, 0, "PS", "page size: a leaf above the last level"),
	FLAG(7, L(PTE), LEAF, 0, "PAT", "third bit of the memory type"),
	FLAG(12, HUGE, LEAF, 0, "PAT", "third bit of the memory type"),
	{ BIT(0) | BIT(8), BIT(0) | BIT(8), L(PTE) | HUGE, LEAF, 0, "G",
	  "global: kept in the TLB across address spaces" },
	FLAG(9, L(PTE) | HUGE, LEAF, 0, "special", "software: no counted frame behind it"),
	FLAG(10, L(PTE) | HUGE, LEAF, 0, "uffd-wp", "software: userfaultfd write protection"),
	FLAG(11, L(PTE) | HUGE, LEAF, 0, "soft-dirty",
	     "software: written since clear_refs"),
	FLAG(57, L(PTE) | HUGE, LEAF, VMLAB_X86_DEVMAP_57, "devmap",
	     "software: ZONE_DEVICE memory"),
	FLAG(58, L(PTE) | HUGE, LEAF, VMLAB_X86_DEVMAP_58, "devmap",
	     "software: ZONE_DEVICE memory"),
	FLAG(58, L(PTE) | HUGE, LEAF, VMLAB_X86_SAVED_DIRTY, "saved-dirty",
	     "software: dirty while write-protected"),
	PKEY(1), PKEY(2), PKEY(3), PKEY(4), PKEY(5), PKEY(6), PKEY(7), PKEY(8),
	PKEY(9), PKEY(10), PKEY(11), PKEY(12), PKEY(13), PKEY(14), PKEY(15),
	FLAG(63, ALL, TABLE | LEAF, 0, "NX", "no instruction fetch"),
	FLAG(1, L(PTE) | HUGE, ABSENT, 0, "swp-soft-dirty", "software: soft-dirty"),
	FLAG(2, L(PTE) | HUGE, ABSENT, 0, "swp-uffd-wp",
	     "software: userfaultfd write protection"),
	FLAG(3, L(PTE) | HUGE, ABSENT, 0, "swp-exclusive",
	     "software: the anonymous page belongs to this process alone"),
	{ 0 },
};

static const struct vmlab_feature features[] = {
	{ VMLAB_X86_PCID,	"pcid" },
	{ VMLAB_X86_INVPCID,	"invpcid" },
	{ VMLAB_X86_PTI,	"pti" },
	{ VMLAB_X86_NX,		"nx" },
	{ VMLAB_X86_SMEP,	"smep" },
	{ VMLAB_X86_SMAP,	"smap" },
	{ VMLAB_X86_PKU,	"pku" },
	{ VMLAB_X86_LA57,	"la57" },
	{ VMLAB_X86_PGE,	"pge" },
	{ VMLAB_X86_GBPAGES,	"gbpages" },
	{ VMLAB_X86_PAT,	"pat" },
	{ 0 },
};

static bool valid(unsigned int level, uint64_t entry)
{
	(void)level;
	return entry & BIT(0);
}

/* SDM 4.6.1: a user access needs U/S in every level, a write R/W, a fetch no XD. */
static uint64_t permits(const struct vmlab_info *info, unsigned int level, uint64_t entry)
{
	uint64_t facts = 0;

	(void)info;
	(void)level;
	if (!(entry & BIT(2)))
		return 0;
	facts |= VMLAB_FACT_READ;
	if (entry & BIT(1))
		facts |= VMLAB_FACT_WRITE;
	if (!(entry & BIT(63)))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

/*
 * Whatever is present can be read, and without NX executed. Where there are keys, the
 * kernel gives a mapping that is only executable one that forbids to read it
 * (execute_only_pkey() of arch/x86/mm/pkeys.c): keys do not bind fetches.
 */
static uint64_t grants(const struct vmlab_info *info, uint64_t asked, const char **why)
{
	uint64_t granted = asked | VMLAB_FACT_READ;

	if (!asked)
		return 0;
	if (!(info->out_features & VMLAB_X86_NX))
		granted |= VMLAB_FACT_EXEC;
	if (asked == VMLAB_FACT_EXEC && (info->out_features & VMLAB_X86_PKU)) {
		*why = "pkey";
		return asked;
	}
	if (granted != asked)
		*why = "hardware";
	return granted;
}

/* SDM 4.9.2: PAT, PCD and PWT choose one of eight memory types. */
static unsigned int pat_index(unsigned int level, uint64_t entry)
{
	uint64_t pat = level == VMLAB_LEVEL_PTE ? BIT(7) : BIT(12);

	return (entry & pat ? 4 : 0) | (entry >> 3 & 3);
}

/*
 * What Linux puts into IA32_PAT (arch/x86/mm/pat/memtype.c, pat_init) from 6.1 to 7.3;
 * CPUs whose PAT has an erratum (none newer than 2005) repeat the first four. Without
 * PAT in use nobody tells.
 */
static const char *memory_type(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	static const char *const types[] = {
		"WB", "WC", "UC-", "UC", "WB", "WP", "UC-", "WT",
	};

	if (!(info->out_features & VMLAB_X86_PAT))
		return NULL;
	return types[pat_index(level, entry)];
}

static int pkey(const struct vmlab_info *info, uint64_t entry)
{
	return info->out_features & VMLAB_X86_PKU ? (int)(entry >> 59 & 15) : -1;
}

/* SDM 4.6.2: two bits a key, access and write disabled; fetches are not bound by keys. */
static uint64_t key_denies(uint64_t keys, int key)
{
	uint64_t denied = keys >> (2 * (key & 15)) & 3;

	return denied & 1 ? VMLAB_FACT_READ | VMLAB_FACT_WRITE : denied & 2 ? VMLAB_FACT_WRITE : 0;
}

/* G says something of leaves alone, and of a present one. */
static uint64_t tlb_attributes(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	uint64_t key = info->out_features & VMLAB_X86_PKU ? entry >> 59 & 15 : 0;

	return pat_index(level, entry) | (entry >> 8 & 1) << 3 | key << 4;
}

/* AMD's PTE coalescing, since Zen: 4 base pages share an entry, on newer ones 8. */
static uint64_t tlb_groups(const struct vmlab_info *info, unsigned int level)
{
	(void)info;
	return level == VMLAB_LEVEL_PTE ? 8 | 4 : 0;
}

/* SDM 4.6.1, with CR0.WP: to the kernel U/S says nothing of its own pages. */
static uint64_t kernel_permits(const struct vmlab_info *info, unsigned int level,
			       uint64_t entry)
{
	(void)info;
	(void)level;
	return VMLAB_FACT_READ | (entry & BIT(1) ? VMLAB_FACT_WRITE : 0) |
	       (entry & BIT(63) ? 0 : VMLAB_FACT_EXEC);
}

/* SDM 2.5 and 4.5: CR3 and CR4; LAM is in the former. */
static const struct vmlab_feature cr3_bits[] = {
	{ BIT(61), "LAM_U57" },
	{ BIT(62), "LAM_U48" },
	{ BIT(63), "NOFLUSH" },
	{ 0 },
};

static const struct vmlab_feature cr4_bits[] = {
	{ BIT(4), "PSE" },
	{ BIT(5), "PAE" },
	{ BIT(7), "PGE" },
	{ BIT(12), "LA57" },
	{ BIT(17), "PCIDE" },
	{ BIT(20), "SMEP" },
	{ BIT(21), "SMAP" },
	{ BIT(22), "PKE" },
	{ BIT(28), "LAM_SUP" },
	{ 0 },
};

static const struct vmlab_register registers[] = {
	{ VMLAB_X86_REG_CR3, "cr3", cr3_bits },
	{ VMLAB_X86_REG_CR4, "cr4", cr4_bits },
	{ VMLAB_X86_REG_USER_CR3, "user_cr3", cr3_bits },
	{ 0 },
};

#define CR3_ROOT	(((1ULL << 52) - 1) & ~0xfffULL)
#define CR3_PCID	0xfffULL
#define CR4_PCIDE	BIT(17)
/* arch/x86/mm/tlb.c: kern_pcid() and user_pcid(), X86_CR3_PTI_PCID_USER_BIT. */
#define PCID_OF_SLOT(slot)	((slot) + 1)
#define PCID_USER	BIT(11)

static void cpu_tags(const struct vmlab_info *info, const struct vmlab_cpu *cpu,
		     struct vmlab_cpu_tags *out)
{
	uint64_t cr3 = cpu->regs[VMLAB_X86_REG_CR3], user = cpu->regs[VMLAB_X86_REG_USER_CR3];
	bool tagged = cpu->regs[VMLAB_X86_REG_CR4] & CR4_PCIDE;

	(void)info;
	out->root_pa = cr3 & CR3_ROOT;
	out->kernel_root_pa = out->root_pa;
	if (tagged)
		out->tag = cr3 & CR3_PCID;
	if (!user)
		return;
	out->user_root_pa = user & CR3_ROOT;
	if (tagged)
		out->user_tag = user & CR3_PCID;
}

static void tags_of(const struct vmlab_info *info, uint32_t asid, struct vmlab_mm_tags *out)
{
	if (!(info->out_features & VMLAB_X86_PCID) || asid > CR3_PCID)
		return;
	out->tag = PCID_OF_SLOT(asid);
	if (info->out_features & VMLAB_X86_PTI)
		out->user_tag = out->tag | PCID_USER;
}

/* Each CPU chooses, but for those that have one on all of them. */
static void mm_tags(const struct vmlab_info *info, const struct vmlab_mm *mm,
		    struct vmlab_mm_tags *out)
{
	if (mm->out_global_asid)
		tags_of(info, mm->out_global_asid, out);
}

static void slot_tags(const struct vmlab_info *info, const struct vmlab_tlb_slot *slot,
		      struct vmlab_mm_tags *out)
{
	tags_of(info, slot->slot, out);
	out->generation = slot->generation;
}

/* choose_new_asid() and switch_mm_irqs_off() of arch/x86/mm/tlb.c. */
static enum vmlab_stale slot_stale(const struct vmlab_info *info,
				   const struct vmlab_tlb_slot *slot,
				   const struct vmlab_mm *mm)
{
	if (slot->flags & VMLAB_SLOT_OUTDATED)
		return VMLAB_STALE_YES;
	if (!(info->out_features & VMLAB_X86_PCID) && !(slot->flags & VMLAB_SLOT_LOADED))
		return VMLAB_STALE_YES;
	if (!mm)
		return VMLAB_STALE_UNKNOWN;
	return slot->generation < mm->out_tlb_gen ? VMLAB_STALE_YES : VMLAB_STALE_NO;
}

static enum vmlab_root_relation root_relation(const struct vmlab_root_entry *entry)
{
	if ((entry->entry ^ entry->user_entry) & CR3_ROOT)
		return VMLAB_ROOT_OWN_TABLE;
	return (entry->entry & ~entry->user_entry) & BIT(63) ? VMLAB_ROOT_SHARED_NX :
							       VMLAB_ROOT_SHARED;
}

const struct vmlab_arch vmlab_arch_x86_64 = {
	.id = VMLAB_ARCH_X86_64,
	.name = "x86_64",
	.bits = bits,
	.features = features,
	.entry_shift = 3,
	.half_bits = 1,
	.hole = "not canonical: no address",
	.deposits_table = true,
	.twin_root = VMLAB_X86_PTI,
	.tlb_attributes = tlb_attributes,
	.tlb_groups = tlb_groups,
	.memory_type = memory_type,
	.pkey = pkey,
	.key_denies = key_denies,
	.permits = permits,
	.grants = grants,
	.kernel_permits = kernel_permits,
	.valid = valid,
	.tag_name = "pcid",
	.context_is_id = true,
	.registers = registers,
	.cpu_tags = cpu_tags,
	.mm_tags = mm_tags,
	.slot_tags = slot_tags,
	.slot_stale = slot_stale,
	.root_relation = root_relation,
};
