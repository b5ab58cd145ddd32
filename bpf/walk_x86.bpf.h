/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk_x86.bpf.h - entries of x86-64 page tables, read as the MMU does.
 *
 * Intel SDM vol. 3A, 4.5 and 4.6; entries that are not present: pgtable_64.h of Linux.
 */
#ifndef VMLAB_WALK_X86_BPF_H
#define VMLAB_WALK_X86_BPF_H

#define ENTRY_PRESENT	(1ULL << 0)
#define ENTRY_WRITE	(1ULL << 1)
#define ENTRY_USER	(1ULL << 2)
#define ENTRY_HUGE	(1ULL << 7)
#define ENTRY_PROTNONE	(1ULL << 8)	/* where PRESENT is clear */
#define ENTRY_SPECIAL	(1ULL << 9)
#define ENTRY_NX	(1ULL << 63)
#define ENTRY_FRAME	0x000ffffffffff000ULL
/* A and D may be set by an erratum in an entry that is empty, as pte_none() knows. */
#define ENTRY_NOTHING	(1ULL << 5 | 1ULL << 6)

#define PAGE_SHIFT	12
#define LEVEL_BITS	9
#define NR_ENTRIES	512

COMPAT_VARIABLE(page_offset_base)
COMPAT_VARIABLE(vmemmap_base)
COMPAT_VARIABLE(sme_me_mask)

static __always_inline u64 entry_frame(u64 entry)
{
	return (entry & ENTRY_FRAME & ~compat_sme_me_mask()) >> PAGE_SHIFT;
}

static __always_inline u64 direct_map(u64 pfn)
{
	return compat_page_offset_base() + (pfn << PAGE_SHIFT);
}

static __always_inline u64 page_of(u64 pfn)
{
	u64 base = compat_vmemmap_base();

	return base ? base + pfn * bpf_core_type_size(struct page) : 0;
}

/* The direct map begins lower than any address of 4 levels. */
static __always_inline bool five_levels(void)
{
	return compat_page_offset_base() < 0xffff800000000000ULL;
}

static __always_inline bool entry_is_none(u64 entry)
{
	return !(entry & ~ENTRY_NOTHING);
}

/* Points to a table, at a level above the last. */
static __always_inline bool entry_is_table(u64 entry)
{
	return (entry & (ENTRY_PRESENT | ENTRY_HUGE)) == ENTRY_PRESENT;
}

/* Has a frame. */
static __always_inline bool entry_is_leaf(u64 entry)
{
	return entry & (ENTRY_PRESENT | ENTRY_PROTNONE);
}

static __always_inline bool entry_is_protnone(u64 entry)
{
	return (entry & (ENTRY_PRESENT | ENTRY_PROTNONE)) == ENTRY_PROTNONE;
}

static __always_inline bool entry_is_special(u64 entry)
{
	return entry & ENTRY_SPECIAL;
}

/* The MMU keeps the dirty state itself: what may be written is writable. */
static __always_inline bool entry_waits_to_be_dirty(u64 entry)
{
	return false;
}

static __always_inline u32 entry_swap_type(u64 entry)
{
	return entry >> 59;
}

/* What one level lets user mode do; a table and a leaf have the same bits. */
static __always_inline u8 leaf_permits(u64 entry)
{
	u8 may = 0;

	if ((entry & (ENTRY_PRESENT | ENTRY_USER)) != (ENTRY_PRESENT | ENTRY_USER))
		return 0;
	may = VMLAB_EVENT_READ;
	if (entry & ENTRY_WRITE)
		may |= VMLAB_EVENT_WRITE;
	if (!(entry & ENTRY_NX))
		may |= VMLAB_EVENT_EXEC_PERM;
	return may;
}

static __always_inline u8 table_permits(u64 entry)
{
	return leaf_permits(entry);
}

static __always_inline void learn(struct mm_struct *mm)
{
}

/* KPTI poisons the kernel's own copy of a root entry; user mode runs on the other. */
static __always_inline u8 root_permits(u64 entry)
{
	return table_permits(config.pti ? entry & ~ENTRY_NX : entry);
}

/* exceptions: SDM vol. 3A, 4.7. */
#define ERROR_CODE_WRITE	(1UL << 1)
#define ERROR_CODE_FETCH	(1UL << 4)
#define TRAP_PAGE_FAULT		14

/* Did this thread's last exception come from an access to @va? Which? 0: no. */
static __always_inline u8 trap_access(struct task_struct *task, u64 va)
{
	u64 code;

	if (BPF_CORE_READ(task, thread.trap_nr) != TRAP_PAGE_FAULT ||
	    BPF_CORE_READ(task, thread.cr2) != va)
		return 0;
	code = BPF_CORE_READ(task, thread.error_code);
	if (code & ERROR_CODE_WRITE)
		return VMLAB_EVENT_WRITE;
	return code & ERROR_CODE_FETCH ? VMLAB_EVENT_EXEC_PERM : VMLAB_EVENT_READ;
}

/* The protection key that a VMA's flags have (VM_PKEY_SHIFT). */
static __always_inline u32 flags_pkey(u64 vm_flags)
{
	return vm_flags >> 32 & 15;
}

#endif /* VMLAB_WALK_X86_BPF_H */
