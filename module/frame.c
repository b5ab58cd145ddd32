// SPDX-License-Identifier: GPL-2.0-only
/*
 * frame.c - what a page frame is.
 *
 * Called with the lock of the page table held whose entry maps the frame: a
 * mapped page cannot be freed then, so that flags and counts belong to the entry
 * without taking a reference.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "compat.h"
#include "frame.h"
#include "vmlab.h"

static unsigned long zero_frame;

void vmlab_frame_init(void)
{
	/* zero_pfn and my_zero_pfn() come and go; the page has always been there. */
	zero_frame = page_to_pfn(ZERO_PAGE(0));
}

bool vmlab_frame_is_zero(unsigned long pfn)
{
	return pfn == zero_frame;
}

/*
 * No kernel exports its huge zero page. It is the one large folio that sits in
 * an anonymous VMA (the caller knows that it is one) and is neither anonymous
 * nor anybody's page cache.
 */
bool vmlab_frame_is_huge_zero(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct folio *folio;

	if (!page)
		return false;
	folio = page_folio(page);
	return folio_test_large(folio) && !READ_ONCE(folio->mapping);
}

static void look_at(struct vmlab_frame_look *look, const struct page *page)
{
	look->page = page;
	look->flags = compat_page_flags(page) & VMLAB_FRAME_FLAGS;
	look->mapping = READ_ONCE(page->mapping);
	look->mapcount = atomic_read(&page->_mapcount);
	look->tail = compat_page_tail(page);
}

/**
 * vmlab_frame_facts - facts and map count of one frame
 * @pfn: its number
 * @hugetlb: it belongs to a VM_HUGETLB VMA
 * @mapcount: entries that map this very page, or VMLAB_MAPCOUNT_UNKNOWN
 * @look: what the facts were made of, to compare the next frame with; NULL for no
 *	interest. Its page is NULL where that would not do
 *
 * Returns VMLAB_FACT_FRAME and what goes with it, or VMLAB_FACT_PFNMAP where the
 * kernel has no struct page online for it.
 */
u64 vmlab_frame_facts(unsigned long pfn, bool hugetlb, u32 *mapcount,
		      struct vmlab_frame_look *look)
{
	struct page *page = pfn_to_online_page(pfn);
	u64 facts = VMLAB_FACT_FRAME;
	unsigned long mapping;
	struct folio *folio;

	if (look)
		look->page = NULL;
	if (!page) {
		*mapcount = VMLAB_MAPCOUNT_UNKNOWN;
		return VMLAB_FACT_PFNMAP;
	}
	if (look)
		look_at(look, page);
	folio = page_folio(page);
	/* Once: pages are merged (KSM) without the lock that we have. */
	mapping = (unsigned long)READ_ONCE(folio->mapping);

	if (hugetlb)
		facts |= VMLAB_FACT_HUGETLB;
	if (folio_test_large(folio))
		facts |= VMLAB_FACT_LARGE;
	if (vmlab_frame_is_anon(mapping)) {
		facts |= VMLAB_FACT_ANON;
		if (vmlab_frame_is_ksm(mapping))
			facts |= VMLAB_FACT_KSM;
		else if (PageAnonExclusive(page))
			facts |= VMLAB_FACT_EXCLUSIVE;
	} else if (mapping) {
		facts |= VMLAB_FACT_FILE;
		if (folio_test_swapbacked(folio) && !hugetlb)
			facts |= VMLAB_FACT_SHMEM;
	}
	if (PageHWPoison(page))
		facts |= VMLAB_FACT_POISON;
	*mapcount = compat_mapcount(page, folio);
	/* Others may change counts, and merge pages (KSM): then these words are not those. */
	if (look && !vmlab_frame_alike(look, page))
		look->page = NULL;
	return facts;
}
