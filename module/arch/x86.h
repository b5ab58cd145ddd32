/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86.h - entries of x86-64 page tables, as the MMU reads them.
 *
 * Intel SDM vol. 3A section 4.5 (4-level and 5-level paging) and 4.6 (access
 * rights): an access by user mode needs U/S set in every level, a write R/W, a
 * fetch XD clear. The bits sit at the same place in all levels.
 */
#ifndef VMLAB_ARCH_X86_H
#define VMLAB_ARCH_X86_H

#include <asm/cpufeature.h>
#include <asm/pgtable.h>

static __always_inline u64 vmlab_arch_leaf_permits(u64 raw)
{
	u64 user = (raw >> _PAGE_BIT_USER) & 1;
	u64 write = user & (raw >> _PAGE_BIT_RW);
	u64 exec = user & ~(raw >> _PAGE_BIT_NX);

	return user * VMLAB_FACT_READ | write * VMLAB_FACT_WRITE |
	       exec * VMLAB_FACT_EXEC;
}

static __always_inline u64 vmlab_arch_table_permits(u64 raw)
{
	return vmlab_arch_leaf_permits(raw);
}

/* To the kernel U/S says nothing; CR0.WP is set, so that R/W does. */
static __always_inline u64 vmlab_arch_kernel_leaf_permits(u64 raw)
{
	u64 write = (raw >> _PAGE_BIT_RW) & 1;
	u64 exec = ~(raw >> _PAGE_BIT_NX) & 1;

	return VMLAB_FACT_READ | write * VMLAB_FACT_WRITE | exec * VMLAB_FACT_EXEC;
}

static __always_inline u64 vmlab_arch_kernel_table_permits(u64 raw)
{
	return vmlab_arch_kernel_leaf_permits(raw);
}

static __always_inline bool vmlab_arch_valid(u64 raw)
{
	return raw & _PAGE_PRESENT;
}

/* As pte_none(): A and D may be set by an erratum in an entry that is empty. */
static __always_inline bool vmlab_arch_none(u64 raw)
{
	return !(raw & ~(u64)(_PAGE_ACCESSED | _PAGE_DIRTY));
}

/* Above the last level: does it map memory, instead of pointing to a table? */
static __always_inline bool vmlab_arch_huge(u64 raw)
{
	return raw & _PAGE_PSE;
}

static __always_inline bool vmlab_arch_contiguous(u64 raw)
{
	return false;
}

static __always_inline u64 vmlab_arch_attributes(u64 raw)
{
	return raw & ~(u64)PTE_PFN_MASK;
}

static __always_inline unsigned long vmlab_arch_valid_pfn(u64 raw)
{
	return (raw & PTE_PFN_MASK) >> PAGE_SHIFT;
}

/* An entry that the MMU does not translate has its frame number inverted (L1TF). */
static __always_inline u64 vmlab_arch_step(u64 raw)
{
	return raw & _PAGE_PRESENT ? PAGE_SIZE : -PAGE_SIZE;
}

/*
 * The kernel's copy of a root entry for user addresses carries NX under KPTI
 * (pti_set_user_pgtbl); user mode never runs on that copy.
 */
static __always_inline u64 vmlab_arch_root_raw(pgd_t *pgdp, u64 raw)
{
	if (boot_cpu_has(X86_FEATURE_PTI))
		return pgd_val(READ_ONCE(*kernel_to_user_pgdp(pgdp)));
	return raw;
}

static inline u64 vmlab_arch_user_end(void)
{
	return TASK_SIZE_MAX;
}

#endif /* VMLAB_ARCH_X86_H */
