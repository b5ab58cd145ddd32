// SPDX-License-Identifier: GPL-2.0-only
/*
 * agree.c - does what we say of one page agree with what the kernel says of it?
 *
 * The rules are those of fs/proc/task_mmu.c and fs/proc/page.c, read off 6.1 and
 * 6.12, from the outside.
 */
#include <stddef.h>

#include "agree.h"
#include "witness.h"

const char *const agree_excuses[AGREE_NR] = {
	[AGREE_WHOLLY] = "pages agree wholly",
	[AGREE_PFNMAP_HIDDEN] = "vvar and device pages, which pagemap hides",
	[AGREE_HUGETLB_SOFT_DIRTY] = "hugetlb pages, whose soft-dirty bit pagemap leaves out",
	[AGREE_HUGETLB_ABSENT] = "hugetlb markers, which pagemap does not count as swap",
	[AGREE_KSM_VAGUE] = "anonymous pages, all of which this kernel's kpageflags calls KSM",
	[AGREE_HUGE_ZERO_FILE] = "huge zero pages, which pagemap calls a file's",
};

#define ABSENT	(VMLAB_FACT_SWAP | VMLAB_FACT_MIGRATION | VMLAB_FACT_DEVICE |	\
		 VMLAB_FACT_MARKER | VMLAB_FACT_UNKNOWN)

static bool same(uint64_t a, uint64_t b)
{
	return !a == !b;
}

uint64_t agree_pfn(const struct vmlab_run *leaf, uint64_t page)
{
	if (leaf->facts & VMLAB_FACT_HUGE_ZERO)
		return leaf->pfn + (page & ((1ULL << (leaf->shift - 12)) - 1));
	if (leaf->facts & VMLAB_FACT_ZERO)
		return leaf->pfn;
	return leaf->pfn + page;
}

bool agree_has_frame(const struct vmlab_run *leaf)
{
	return leaf->facts & (VMLAB_FACT_FRAME | VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO);
}

/* Against kpageflags and kpagecount. */
static const char *frame_differs(const struct vmlab_run *leaf, uint64_t page,
				 const struct agree_seen *seen, enum agree_excuse *excuse)
{
	const uint64_t facts = leaf->facts, flags = seen->flags;
	const bool first = !(page & ((1ULL << (leaf->shift - 12)) - 1));
	const bool compound = flags & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL));
	const bool zero = facts & (VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO);

	if (!same(flags & KPF(ZERO_PAGE), zero))
		return "zero page";
	if (zero)
		return NULL;
	if (flags & KPF(NOPAGE))
		return "there is no such frame";
	if (!same(flags & KPF(ANON), facts & VMLAB_FACT_ANON))
		return "anonymous";
	/*
	 * Linux 6.12 tests PAGE_MAPPING_KSM, which is two bits, with & (stable_page_flags):
	 * a page that is KSM has the flag, one that has it may be any anonymous page.
	 */
	if (!same(flags & KPF(KSM), facts & VMLAB_FACT_KSM)) {
		if (!seen->ksm_vague || !(flags & KPF(KSM)))
			return "KSM";
		*excuse = AGREE_KSM_VAGUE;
	}
	if (!same(flags & KPF(HUGE), facts & VMLAB_FACT_HUGETLB))
		return "hugetlb";
	if (!same(compound, facts & VMLAB_FACT_LARGE))
		return "large";
	if ((flags & KPF(THP)) && !(facts & VMLAB_FACT_LARGE))
		return "THP";
	/* A tail page's own flags say nothing of this, on 6.1. */
	if (!(flags & KPF(COMPOUND_TAIL)) && (facts & VMLAB_FACT_FILE) &&
	    !(facts & VMLAB_FACT_HUGETLB) &&
	    !same(flags & KPF(SWAPBACKED), facts & VMLAB_FACT_SHMEM))
		return "shmem";
	if (first && !same(flags & KPF(HWPOISON), facts & VMLAB_FACT_POISON))
		return "hwpoison";
	/* Of a leaf the first page's count is told. */
	if (first && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN && leaf->mapcount != seen->count)
		return "map count";
	/* pagemap's own opinion of the same count; of a large folio it is coarser. */
	if (!compound && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN &&
	    !same(seen->pagemap & PM_EXCLUSIVE, leaf->mapcount == 1))
		return "mapped once";
	if (!compound && (facts & VMLAB_FACT_EXCLUSIVE) && seen->count != 1)
		return "exclusive, but mapped more than once";
	return NULL;
}

static const char *absent_differs(const struct vmlab_run *leaf,
				  const struct agree_seen *seen, enum agree_excuse *excuse)
{
	if (seen->pagemap & PM_PRESENT)
		return "present";
	if (seen->hugetlb_area && !(seen->pagemap & PM_SWAP)) {
		*excuse = AGREE_HUGETLB_ABSENT;
		return NULL;
	}
	if (!(seen->pagemap & PM_SWAP))
		return "not in pagemap at all";
	if (leaf->facts & VMLAB_FACT_SWAP) {
		if (PM_SWAP_TYPE(seen->pagemap) != leaf->swap_type)
			return "swap area";
		if (PM_SWAP_OFFSET(seen->pagemap) != leaf->pfn)
			return "swap offset";
	}
	if ((leaf->facts & VMLAB_FACT_MIGRATION) && PM_SWAP_OFFSET(seen->pagemap) != leaf->pfn)
		return "frame under migration";
	return NULL;
}

/* Against PAGEMAP_SCAN, which asks the entry alone, hugetlb's soft-dirty bit included. */
static const char *categories_differ(const struct vmlab_run *leaf,
				     const struct agree_seen *seen,
				     enum agree_excuse *excuse)
{
	const uint64_t is = seen->categories, facts = leaf->facts;
	const bool zero = facts & (VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO);

	/* 7.3 says so only where userfaultfd watches: one direction holds everywhere. */
	if ((is & PM_IS_WRITTEN || seen->watched_area) &&
	    !same(is & PM_IS_WRITTEN, !(facts & VMLAB_FACT_UFFD_WP)))
		return "PAGEMAP_SCAN: written";
	if ((is & PM_IS_SOFT_DIRTY) && !(facts & VMLAB_FACT_SOFT_DIRTY))
		return "PAGEMAP_SCAN: soft-dirty";
	if ((facts & VMLAB_FACT_SOFT_DIRTY) && !(is & PM_IS_SOFT_DIRTY) &&
	    !seen->soft_dirty_area)
		return "PAGEMAP_SCAN: not soft-dirty";
	if (!same(is & PM_IS_HUGE, (facts & VMLAB_FACT_HUGE) || seen->hugetlb_area))
		return "PAGEMAP_SCAN: huge";
	if ((seen->known & PM_IS_GUARD) && !same(is & PM_IS_GUARD, facts & VMLAB_FACT_GUARD))
		return "PAGEMAP_SCAN: guard";
	if (facts & ABSENT)
		return !(is & PM_IS_PRESENT) && (is & PM_IS_SWAPPED || seen->hugetlb_area) ?
			NULL : "PAGEMAP_SCAN: swapped";
	if (!(is & PM_IS_PRESENT))
		return "PAGEMAP_SCAN: not present";
	if (!same(is & PM_IS_PFNZERO, zero))
		return "PAGEMAP_SCAN: zero page";
	if ((facts & VMLAB_FACT_HUGE_ZERO) && (is & PM_IS_FILE))
		*excuse = AGREE_HUGE_ZERO_FILE;
	else if (!same(is & PM_IS_FILE,
		       (facts & VMLAB_FACT_FRAME) && !(facts & VMLAB_FACT_ANON)))
		return "PAGEMAP_SCAN: a file's";
	return NULL;
}

const char *agree_page(const struct vmlab_run *leaf, uint64_t page,
		       const struct agree_seen *seen, enum agree_excuse *excuse)
{
	const uint64_t word = seen->pagemap;
	const char *why;
	uint64_t facts;

	*excuse = AGREE_WHOLLY;
	if (!leaf && (seen->categories & (PM_IS_PRESENT | PM_IS_SWAPPED)))
		return "PAGEMAP_SCAN has it and we lack it";
	if (!leaf)
		return word & (PM_PRESENT | PM_SWAP) ? "pagemap has it and we lack it" : NULL;
	facts = leaf->facts;
	if (seen->pfnmap_area && !(word & (PM_PRESENT | PM_SWAP)) && (facts & VMLAB_FACT_PFNMAP)) {
		*excuse = AGREE_PFNMAP_HIDDEN;
		return NULL;
	}
	if (facts & ABSENT) {
		why = absent_differs(leaf, seen, excuse);
		if (why)
			return why;
	} else {
		if (!(word & PM_PRESENT))
			return "we have it and pagemap lacks it";
		if (PM_PFN(word) != agree_pfn(leaf, page))
			return "frame";
		if (agree_has_frame(leaf)) {
			why = frame_differs(leaf, page, seen, excuse);
			if (why)
				return why;
		}
		if ((facts & VMLAB_FACT_HUGE_ZERO) && (word & PM_FILE))
			*excuse = AGREE_HUGE_ZERO_FILE;
		else if (!same(word & PM_FILE, (facts & VMLAB_FACT_FRAME) &&
					       !(facts & VMLAB_FACT_ANON)))
			return "a file's";
	}
	if (!same(word & PM_SOFT_DIRTY, facts & VMLAB_FACT_SOFT_DIRTY)) {
		if (!seen->hugetlb_area || (word & PM_SOFT_DIRTY))
			return "soft-dirty";
		*excuse = AGREE_HUGETLB_SOFT_DIRTY;
	}
	if (!same(word & PM_UFFD_WP, facts & VMLAB_FACT_UFFD_WP))
		return "uffd-wp";
	return seen->known ? categories_differ(leaf, seen, excuse) : NULL;
}
