/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - every difference between kernel versions, and nothing else.
 *
 * The code reads as the newest kernel would have it; older ones are taught here.
 * Each entry names the version or commit that made it necessary.
 */
#ifndef VMLAB_COMPAT_H
#define VMLAB_COMPAT_H

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/version.h>

#include <vmlab.h>

/* pgdp_get() ... pmdp_get(): generic since 6.6. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define pgdp_get(p)	READ_ONCE(*(p))
#define p4dp_get(p)	READ_ONCE(*(p))
#define pudp_get(p)	READ_ONCE(*(p))
#ifndef pmdp_get
#define pmdp_get(p)	READ_ONCE(*(p))
#endif
#endif

/*
 * The inode that /proc/PID/maps names: of what the user opened, not of what lies
 * below a stacked filesystem. Told apart since 6.8 (def3ae83da02).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define compat_vma_inode(vma)	file_inode((vma)->vm_file)
#else
#define compat_vma_inode(vma)	file_user_inode((vma)->vm_file)
#endif

/* Map counts: page_mapcount() until 6.11; since then the sum is ours to make. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline u32 compat_mapcount(struct page *page, struct folio *folio)
{
	return page_mapcount(page);
}
#else
static inline u32 compat_mapcount(struct page *page, struct folio *folio)
{
	int count = atomic_read(&page->_mapcount) + 1;

#ifdef CONFIG_NO_PAGE_MAPCOUNT
	if (folio_test_large(folio))
		return VMLAB_MAPCOUNT_UNKNOWN;
#endif
	/* Below zero the field holds a page type, not a count. */
	if (count < 0)
		count = 0;
	if (folio_test_large(folio))
		count += folio_entire_mapcount(folio);
	return count;
}
#endif

/*
 * A leaf above the last level without a counted frame: pmd_special() is in
 * generic code since 6.12. Before, only the kind of the VMA told.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define compat_pmd_special(pmd)	false
#define compat_pud_special(pud)	false
#else
#define compat_pmd_special(pmd)	pmd_special(pmd)
#define compat_pud_special(pud)	pud_special(pud)
#endif

/* pte_devmap(): gone in 6.17, when ZONE_DEVICE pages became ordinary ones. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define compat_pte_devmap(pte)	pte_devmap(pte)
#define compat_pmd_devmap(pmd)	pmd_devmap(pmd)
#define compat_pud_devmap(pud)	pud_devmap(pud)
#else
#define compat_pte_devmap(pte)	false
#define compat_pmd_devmap(pmd)	false
#define compat_pud_devmap(pud)	false
#endif

/*
 * An entry that holds no translation. @run gets kind, frame or offset, and area.
 *
 * Markers: PTE_MARKER_POISONED since 6.6 (before, SWP_SWAPIN_ERROR was a type of
 * its own, since 6.1); PTE_MARKER_GUARD since 6.13.
 */
static inline void compat_decode_swap(swp_entry_t entry, struct vmlab_run *run)
{
	if (!non_swap_entry(entry)) {
		run->facts |= VMLAB_FACT_SWAP;
		run->pfn = swp_offset(entry);
		run->swap_type = swp_type(entry);
	} else if (is_migration_entry(entry)) {
		run->facts |= VMLAB_FACT_MIGRATION;
		run->pfn = swp_offset_pfn(entry);
	} else if (is_hwpoison_entry(entry)) {
		run->facts |= VMLAB_FACT_MARKER | VMLAB_FACT_POISON;
		run->pfn = swp_offset(entry);
	} else if (is_pte_marker_entry(entry)) {
		pte_marker marker = pte_marker_get(entry);

		run->facts |= VMLAB_FACT_MARKER;
		if (marker & PTE_MARKER_UFFD_WP)
			run->facts |= VMLAB_FACT_UFFD_WP;
#ifdef PTE_MARKER_POISONED
		if (marker & PTE_MARKER_POISONED)
			run->facts |= VMLAB_FACT_POISON;
#endif
#ifdef PTE_MARKER_GUARD
		if (marker & PTE_MARKER_GUARD)
			run->facts |= VMLAB_FACT_GUARD;
#endif
#ifdef SWP_SWAPIN_ERROR
	} else if (is_swapin_error_entry(entry)) {
		run->facts |= VMLAB_FACT_MARKER | VMLAB_FACT_POISON;
#endif
	} else if (is_device_private_entry(entry) ||
		   is_device_exclusive_entry(entry)) {
		run->facts |= VMLAB_FACT_DEVICE;
		run->pfn = swp_offset(entry);
	} else {
		run->facts |= VMLAB_FACT_UNKNOWN;
	}
}

/*
 * What /proc shows of a page without CAP_SYS_ADMIN. PAGEMAP_SCAN tells huge and
 * zero pages since 6.7 (52526ca7fdb9), guards since 6.15 (a516403787e0).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define COMPAT_FACTS_PUBLIC						\
	(VMLAB_FACTS_PUBLIC & ~(VMLAB_FACTS_COARSE | VMLAB_FACT_GUARD))
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define COMPAT_FACTS_PUBLIC	(VMLAB_FACTS_PUBLIC & ~VMLAB_FACT_GUARD)
#else
#define COMPAT_FACTS_PUBLIC	VMLAB_FACTS_PUBLIC
#endif

/*
 * Hugetlb pages without CAP_SYS_ADMIN: pagemap keeps quiet about the soft-dirty bit
 * of their entries, and about entries that are not present but for their write
 * protection. PAGEMAP_SCAN (6.7) tells both. False when nothing is left.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline bool compat_hugetlb_public(struct vmlab_run *leaf, u64 vma_facts)
{
	leaf->facts &= ~VMLAB_FACT_SOFT_DIRTY;
	leaf->facts |= vma_facts & VMLAB_FACT_SOFT_DIRTY;
	if (leaf->facts & (VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE))
		return true;
	leaf->facts &= vma_facts | VMLAB_FACT_HUGE | VMLAB_FACT_UFFD_WP;
	return leaf->facts & VMLAB_FACT_UFFD_WP;
}
#else
static inline bool compat_hugetlb_public(struct vmlab_run *leaf, u64 vma_facts)
{
	return true;
}
#endif

#endif /* VMLAB_COMPAT_H */
