/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64.h - entries of arm64 page tables, as the MMU reads them.
 *
 * Arm ARM (DDI 0487) D8.3 and D8.4: a leaf lets EL0 in with AP[1], denies writes with
 * AP[2] unless DBM stands beside it and the MMU manages the dirty state, and denies
 * EL0's fetches with UXN, whatever AP says. A table descriptor can take away, never
 * give: APTable[0] reads and writes, APTable[1] writes, UXNTable fetches.
 */
#ifndef VMLAB_ARCH_ARM64_H
#define VMLAB_ARCH_ARM64_H

#include <asm/pgtable.h>

#include <vmlab_arm64.h>

/* AP[2] of a DBM entry yields to the MMU that sets it dirty. Set once, at load. */
extern u64 vmlab_arm64_ap2_of_dbm;

static __always_inline u64 vmlab_arch_table_permits(u64 raw)
{
	u64 facts = VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC;

	if (raw & VMLAB_ARM64_AP_TABLE_NO_EL0)
		facts &= ~(VMLAB_FACT_READ | VMLAB_FACT_WRITE);
	if (raw & VMLAB_ARM64_AP_TABLE_NO_WRITE)
		facts &= ~VMLAB_FACT_WRITE;
	if (raw & VMLAB_ARM64_UXN_TABLE)
		facts &= ~VMLAB_FACT_EXEC;
	return facts;
}

static __always_inline u64 vmlab_arch_leaf_permits(u64 raw)
{
	u64 facts = 0;

	if (raw & PTE_USER) {
		facts |= VMLAB_FACT_READ;
		if (!(raw & PTE_RDONLY) || (raw & PTE_DBM & vmlab_arm64_ap2_of_dbm))
			facts |= VMLAB_FACT_WRITE;
	}
	if (!(raw & PTE_UXN))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

static __always_inline u64 vmlab_arch_kernel_table_permits(u64 raw)
{
	u64 facts = VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC;

	if (raw & VMLAB_ARM64_AP_TABLE_NO_WRITE)
		facts &= ~VMLAB_FACT_WRITE;
	if (raw & VMLAB_ARM64_PXN_TABLE)
		facts &= ~VMLAB_FACT_EXEC;
	return facts;
}

/* What EL0 may write, EL1 does not execute, whatever PXN says. D8.4. */
static __always_inline u64 vmlab_arch_kernel_leaf_permits(u64 raw)
{
	u64 facts = VMLAB_FACT_READ;
	bool write = !(raw & PTE_RDONLY) || (raw & PTE_DBM & vmlab_arm64_ap2_of_dbm);

	if (write)
		facts |= VMLAB_FACT_WRITE;
	if (!(raw & PTE_PXN) && !(write && (raw & PTE_USER)))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

static __always_inline bool vmlab_arch_valid(u64 raw)
{
	return raw & PTE_VALID;
}

static __always_inline bool vmlab_arch_none(u64 raw)
{
	return !raw;
}

static __always_inline bool vmlab_arch_huge(u64 raw)
{
	return !(raw & VMLAB_ARM64_TABLE);
}

static __always_inline bool vmlab_arch_contiguous(u64 raw)
{
	return (raw & (PTE_VALID | PTE_CONT)) == (PTE_VALID | PTE_CONT);
}

/* Where the frame stands depends on the width of addresses: the kernel knows. */
static __always_inline u64 vmlab_arch_attributes(u64 raw)
{
	return raw & ~pte_val(pfn_pte(pte_pfn(__pte(raw)), __pgprot(0)));
}

static __always_inline unsigned long vmlab_arch_valid_pfn(u64 raw)
{
	return pte_pfn(__pte(raw));
}

/* With addresses of 52 bits the carry goes astray: then nothing matches, and no harm. */
static __always_inline u64 vmlab_arch_step(u64 raw)
{
	return PAGE_SIZE;
}

/* KPTI changes the kernel's root here, and leaves the user's alone. */
static __always_inline u64 vmlab_arch_root_raw(pgd_t *pgdp, u64 raw)
{
	return raw;
}

/* TASK_SIZE_MAX is what the kernel was built for; the machine may have less. */
static inline u64 vmlab_arch_user_end(void)
{
	return TASK_SIZE_64;
}

#endif /* VMLAB_ARCH_ARM64_H */
