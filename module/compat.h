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

/*
 * Whoever takes a table of hugetlb away that was shared waits for CPUs with interrupts off,
 * but where page tables are not freed by RCU: on x86 without CONFIG_PARAVIRT, before 6.14.
 */
#if defined(CONFIG_X86) && defined(CONFIG_HUGETLB_PAGE) && !defined(CONFIG_MMU_GATHER_RCU_TABLE_FREE)
#error "vmlab: tables of hugetlb can go while they are looked at: this kernel wants CONFIG_PARAVIRT"
#endif

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

/* The flags of a page are a struct of their own since 6.18. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define compat_page_flags(page)	READ_ONCE((page)->flags)
#else
#define compat_page_flags(page)	READ_ONCE((page)->flags.f)
#endif

/*
 * What says in one word whether a page is the tail of a folio: compound_info since 7.0. It
 * also says so of heads of hugetlb whose struct pages are folded away (PageTail() does not),
 * which base pages are never compared with.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define compat_page_tail(page)	(READ_ONCE((page)->compound_head) & 1)
#else
#define compat_page_tail(page)	(READ_ONCE((page)->compound_info) & 1)
#endif

/* What the low bits of a folio's mapping say: renamed in 6.17. */
#ifndef FOLIO_MAPPING_ANON
#define FOLIO_MAPPING_ANON	PAGE_MAPPING_ANON
#define FOLIO_MAPPING_KSM	PAGE_MAPPING_KSM
#endif

/* Map counts: page_mapcount() until 6.11; since then the sum is ours to make. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline u32 compat_mapcount(struct page *page, struct folio *folio)
{
	/* Below zero for a moment: what the page has become keeps a type there. */
	return max(page_mapcount(page), 0);
}
#else
/*
 * Without the kernel's accessors: they take a folio that is split while FRAMES looks at
 * it, which holds nothing, for a bug (CONFIG_DEBUG_VM).
 */
static inline u32 compat_mapcount(struct page *page, struct folio *folio)
{
	bool large = compat_page_flags(&folio->page) & BIT(PG_head);
	int count = atomic_read(&page->_mapcount) + 1;

	if (IS_ENABLED(CONFIG_NO_PAGE_MAPCOUNT) && large)
		return VMLAB_MAPCOUNT_UNKNOWN;
	/* Below zero the field holds a page type, not a count. */
	count = max(count, 0);
	if (large)
		count += max(atomic_read(&folio->_entire_mapcount) + 1, 0);
	return count;
}
#endif

/* Slab pages: a page type since 6.10 (46df8e73a4a3), a flag before. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_page_slab(page)	(compat_page_flags(page) & BIT(PG_slab))
#else
#define compat_page_slab(page)	folio_test_slab((struct folio *)(page))
#endif

/* The order of the largest free block: so called since 6.8, one less than MAX_ORDER before 6.4. */
#ifndef MAX_PAGE_ORDER
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#else
#define MAX_PAGE_ORDER	MAX_ORDER
#endif
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
 * Entries that hold no translation: leaf entries since 6.19 (leafops.h), swap entries
 * before. PTE_MARKER_POISONED since 6.6 (before, SWP_SWAPIN_ERROR was a type of its
 * own, since 6.1); PTE_MARKER_GUARD since 6.13.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
/* Some stable kernels have got two of the names and the type (Debian's 6.12.117). */
#ifndef softleaf_from_pte
#define softleaf_from_pte(pte)			pte_to_swp_entry(pte)
#endif
#ifndef softleaf_to_pfn
#define softleaf_to_pfn(entry)			swp_offset_pfn(entry)
#endif
#define softleaf_is_swap(entry)			(!non_swap_entry(entry))
#define softleaf_is_migration(entry)		is_migration_entry(entry)
#define softleaf_is_hwpoison(entry)		is_hwpoison_entry(entry)
#define softleaf_is_marker(entry)		is_pte_marker_entry(entry)
#define softleaf_to_marker(entry)		pte_marker_get(entry)
#define softleaf_is_device_private(entry)	is_device_private_entry(entry)
#define softleaf_is_device_exclusive(entry)	is_device_exclusive_entry(entry)
#else
#include <linux/leafops.h>
#endif

#ifndef PTE_MARKER_POISONED
#define PTE_MARKER_POISONED	0
#endif
#ifndef PTE_MARKER_GUARD
#define PTE_MARKER_GUARD	0
#endif
#ifdef SWP_SWAPIN_ERROR
#define compat_is_swapin_error(entry)	is_swapin_error_entry(entry)
#else
#define compat_is_swapin_error(entry)	false
#endif

/* userfaultfd's bit of an entry: not only for write protection any more since 7.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define pte_uffd(pte)		pte_uffd_wp(pte)
#define pte_swp_uffd(pte)	pte_swp_uffd_wp(pte)
#endif

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

#ifdef CONFIG_X86_64
/* Linear address masking: since 6.4 (82721d8b25d7). */
#ifdef CONFIG_ADDRESS_MASKING
#define compat_lam_bits(mm)	READ_ONCE((mm)->context.lam_cr3_mask)
#else
#define compat_lam_bits(mm)	0
#endif

/* One tag on all CPUs, for AMD's INVLPGB: since 6.15 (d504d1247e36). */
#ifdef CONFIG_BROADCAST_TLB_FLUSH
#define compat_global_asid(mm)	READ_ONCE((mm)->context.global_asid)
#else
#define compat_global_asid(mm)	0
#endif
#endif

#endif /* VMLAB_COMPAT_H */
