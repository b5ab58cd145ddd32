/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - what a page frame is, and how to know without asking that the next one is
 * the same.
 *
 * The facts of a frame come from a few words of its struct page. Where these words are
 * equal, so are the facts: a scan compares them, which costs a tenth of making facts of
 * them. Inline, because it runs once a page.
 */
#ifndef VMLAB_FRAME_H
#define VMLAB_FRAME_H

#include <linux/mm.h>
#include <linux/page-flags.h>

#include "compat.h"

/**
 * struct vmlab_frame_look - the words that facts were made of
 * @page: whose they were, or NULL: nothing to compare with
 * @flags: VMLAB_FRAME_FLAGS of it
 * @mapping: as it stands there, with its low bits
 * @mapcount: as it stands there, one less than it says
 * @tail: it is a tail page. A tail page that follows a tail page has the same head
 *
 * Good for one hold of the mmap lock.
 */
struct vmlab_frame_look {
	const struct page *page;
	unsigned long flags;
	const void *mapping;
	int mapcount;
	bool tail;
};

/*
 * Page flags that facts are made of. The zone is one of them: that of device memory is
 * what pfn_to_online_page() would find out.
 */
#define VMLAB_FRAME_FLAGS						\
	(1UL << PG_head | 1UL << PG_swapbacked | 1UL << PG_anon_exclusive | \
	 __PG_HWPOISON | ZONES_MASK << ZONES_PGSHIFT)

static __always_inline bool vmlab_frame_alike(const struct vmlab_frame_look *look,
					      const struct page *page)
{
	return (compat_page_flags(page) & VMLAB_FRAME_FLAGS) == look->flags &&
	       READ_ONCE(page->mapping) == look->mapping &&
	       atomic_read(&page->_mapcount) == look->mapcount &&
	       compat_page_tail(page) == look->tail;
}

/* What a folio's mapping says, read once: the kernel's accessors read it each time. */
static inline bool vmlab_frame_is_anon(unsigned long mapping)
{
	return mapping & FOLIO_MAPPING_ANON;
}

static inline bool vmlab_frame_is_ksm(unsigned long mapping)
{
	return (mapping & FOLIO_MAPPING_KSM) == FOLIO_MAPPING_KSM;
}

/* A large folio's counts stand elsewhere, too: its pages are only like each other. */
static inline bool vmlab_frame_is_alone(const struct vmlab_frame_look *look)
{
	return !look->tail && !(look->flags & 1UL << PG_head);
}

/* How many struct pages stand in a row behind the last one: to the end of its section. */
static inline unsigned long vmlab_frame_left(const struct vmlab_frame_look *look)
{
	return PAGES_PER_SECTION - 1 - (page_to_pfn(look->page) & ~PAGE_SECTION_MASK);
}

void vmlab_frame_init(void);
u64 vmlab_frame_facts(unsigned long pfn, bool hugetlb, u32 *mapcount,
		      struct vmlab_frame_look *look);
bool vmlab_frame_is_zero(unsigned long pfn);
bool vmlab_frame_is_huge_zero(unsigned long pfn);

#endif /* VMLAB_FRAME_H */
