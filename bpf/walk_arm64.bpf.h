/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk_arm64.bpf.h - entries of arm64 page tables with 4 KiB pages, read as the MMU does.
 *
 * Arm ARM (DDI 0487) D8.3 and D8.4; entries that are not valid: pgtable.h and
 * pgtable-prot.h of Linux. Frames above 2^48 are not told apart (LPA2 keeps their upper
 * bits elsewhere).
 */
#ifndef VMLAB_WALK_ARM64_BPF_H
#define VMLAB_WALK_ARM64_BPF_H

#include <vmlab_arm64.h>

#define ENTRY_VALID		(1ULL << 0)
#define ENTRY_USER		(1ULL << 6)	/* AP[1] */
#define ENTRY_RDONLY		(1ULL << 7)	/* AP[2] */
#define ENTRY_NG		(1ULL << 11)
#define ENTRY_DBM		(1ULL << 51)
#define ENTRY_UXN		(1ULL << 54)
#define ENTRY_SPECIAL		(1ULL << 56)
#define ENTRY_PROT_NONE		(1ULL << 58)
#define ENTRY_FRAME		0x0000fffffffff000ULL

#define PAGE_SHIFT	12
#define LEVEL_BITS	9
#define NR_ENTRIES	512

COMPAT_VARIABLE(memstart_addr)

/*
 * An entry that is not valid and yet has a frame has bit 58 set; since 6.11 bit 11 (commit
 * f0f5863a0fb0), and swap entries moved. What tells is a function that came with 6.11.
 */
static __always_inline bool old_layout(void)
{
	return !bpf_preempt_disable;
}

static __always_inline u64 entry_frame(u64 entry)
{
	return (entry & ENTRY_FRAME) >> PAGE_SHIFT;
}

/*
 * Not every kernel names its variables (Debian's 6.1 does not): then the library has
 * looked where memory is. Else: PAGE_OFFSET is that of the width that the kernel was built
 * for: 48 or 52 bits. Built for 52 and run on 48, memstart_addr makes up for the difference.
 */
static u64 table_seen;

static __always_inline u64 direct_map(u64 pfn)
{
	s64 start = compat_memstart_addr();
	u64 offset = 0xffff000000000000ULL;

	if (!&memstart_addr)
		return (pfn << PAGE_SHIFT) - config.memory_pa + config.memory_va;
	if (start < -(1LL << 50) || (table_seen && table_seen < offset))
		offset = 0xfff0000000000000ULL;
	return (pfn << PAGE_SHIFT) - start + offset;
}

/*
 * Where struct page lies differs from version to version and with the width of addresses.
 * But every section of memory says where that of frame 0 would be, and all say the same
 * (sparse_encode_mem_map); the lower bits are flags, the first of which: there is one.
 */
#define SECTION_SHIFT	(27 - PAGE_SHIFT)
#define SECTION_PRESENT	1
#define SECTION_FLAGS	0xfffULL

COMPAT_VARIABLE(mem_section)

static u64 first_page;

static __always_inline u64 page_of(u64 pfn)
{
	const u64 size = bpf_core_type_size(struct mem_section);
	const u64 sz_page = bpf_core_type_size(struct page);
	u64 roots = compat_mem_section(), per_root, number = pfn >> SECTION_SHIFT, root = 0, map;

	if (!first_page && roots && size) {
		per_root = (1UL << PAGE_SHIFT) / size;
		bpf_probe_read_kernel(&root, sizeof(root),
				      (void *)(roots + number / per_root * sizeof(root)));
		map = BPF_CORE_READ((struct mem_section *)(root + number % per_root * size),
				    section_mem_map);
		if (root && (map & SECTION_PRESENT))
			first_page = map & ~SECTION_FLAGS;
	}
	if (!first_page && config.pages_va)
		first_page = config.pages_va - (config.memory_pa >> PAGE_SHIFT) * sz_page;
	return first_page ? first_page + pfn * sz_page : 0;
}

/* 52 bits of address are 5 levels. */
static bool five;

static __always_inline bool five_levels(void)
{
	return five;
}

static __always_inline void learn(struct mm_struct *mm)
{
	u64 size = BPF_CORE_READ(mm, task_size);

	if (size > 1ULL << 40)
		five = size > 1ULL << 48;
	table_seen = (u64)BPF_CORE_READ(mm, pgd);
}

static __always_inline bool entry_is_none(u64 entry)
{
	return !entry;
}

static __always_inline bool entry_is_table(u64 entry)
{
	return (entry & (ENTRY_VALID | VMLAB_ARM64_TABLE)) == (ENTRY_VALID | VMLAB_ARM64_TABLE);
}

static __always_inline bool entry_is_leaf(u64 entry)
{
	return entry & (ENTRY_VALID | (old_layout() ? ENTRY_PROT_NONE : ENTRY_NG));
}

static __always_inline bool entry_is_protnone(u64 entry)
{
	return entry_is_leaf(entry) && !(entry & (ENTRY_VALID | ENTRY_USER));
}

static __always_inline bool entry_is_special(u64 entry)
{
	return entry & ENTRY_SPECIAL;
}

/* It may be written, and is read-only until it is (PTE_WRITE with PTE_RDONLY). */
static __always_inline bool entry_waits_to_be_dirty(u64 entry)
{
	return (entry & (ENTRY_VALID | ENTRY_RDONLY | ENTRY_DBM)) ==
	       (ENTRY_VALID | ENTRY_RDONLY | ENTRY_DBM);
}

static __always_inline u32 entry_swap_type(u64 entry)
{
	return (entry >> (old_layout() ? 3 : 6)) & 0x1f;
}

/*
 * What a leaf lets user mode do. A read-only entry with DBM is one that the MMU makes
 * writable by itself where it manages the dirty state; where it does not, a write faults,
 * and this says that it would have: the fault itself tells.
 */
static __always_inline u8 leaf_permits(u64 entry)
{
	u8 may = 0;

	if (!(entry & ENTRY_VALID))
		return 0;
	if (entry & ENTRY_USER) {
		may = VMLAB_EVENT_READ;
		if (!(entry & ENTRY_RDONLY))
			may |= VMLAB_EVENT_WRITE;
	}
	if (!(entry & ENTRY_UXN))
		may |= VMLAB_EVENT_EXEC_PERM;
	return may;
}

static __always_inline u8 table_permits(u64 entry)
{
	u8 may = VMLAB_EVENT_READ | VMLAB_EVENT_WRITE | VMLAB_EVENT_EXEC_PERM;

	if (entry & VMLAB_ARM64_AP_TABLE_NO_EL0)
		may &= ~(VMLAB_EVENT_READ | VMLAB_EVENT_WRITE);
	if (entry & VMLAB_ARM64_AP_TABLE_NO_WRITE)
		may &= ~VMLAB_EVENT_WRITE;
	if (entry & VMLAB_ARM64_UXN_TABLE)
		may &= ~VMLAB_EVENT_EXEC_PERM;
	return may;
}

static __always_inline u8 root_permits(u64 entry)
{
	return table_permits(entry);
}

/* ESR_ELx: exception class, and for data aborts whether it was a write. */
#define ESR_CLASS(esr)		((esr) >> 26 & 0x3f)
#define ESR_INSTRUCTION_ABORT	0x20
#define ESR_DATA_ABORT		0x24
#define ESR_WRITE		(1UL << 6)

static __always_inline u8 trap_access(struct task_struct *task, u64 va)
{
	u64 esr = BPF_CORE_READ(task, thread.fault_code);

	if (BPF_CORE_READ(task, thread.fault_address) != va)
		return 0;
	if (ESR_CLASS(esr) == ESR_INSTRUCTION_ABORT)
		return VMLAB_EVENT_EXEC_PERM;
	if (ESR_CLASS(esr) != ESR_DATA_ABORT)
		return 0;
	return esr & ESR_WRITE ? VMLAB_EVENT_WRITE : VMLAB_EVENT_READ;
}

/* These bits of a VMA's flags are other things before there are keys (MTE until 6.12). */
static __always_inline u32 flags_pkey(u64 vm_flags)
{
	return VMLAB_EVENT_UNKNOWN;
}

#endif /* VMLAB_WALK_ARM64_BPF_H */
