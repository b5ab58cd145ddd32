/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agree.h - does what we say of one page agree with what the kernel says of it?
 *
 * One set of rules for every test that compares. Where the two differ for a good
 * reason, the reason has a name, and whoever compares counts it.
 */
#ifndef SELFTESTS_AGREE_H
#define SELFTESTS_AGREE_H

#include <stdbool.h>
#include <stdint.h>

#include <vmlab.h>

/* What the witnesses say of one page; flags and count are of pagemap's frame. */
struct agree_seen {
	uint64_t pagemap;
	uint64_t flags;
	uint64_t count;
	uint64_t categories;	/* of PAGEMAP_SCAN */
	uint64_t known;		/* categories that this kernel's has; 0: it has none */
	bool soft_dirty_area;	/* smaps: VM_SOFTDIRTY, which PAGEMAP_SCAN leaves out */
	bool watched_area;	/* smaps: VM_UFFD_WP */
	bool pfnmap_area;	/* smaps: VM_PFNMAP, which pagemap does not walk */
	bool hugetlb_area;	/* smaps: VM_HUGETLB */
	bool ksm_vague;		/* kpageflags calls all that is anonymous KSM */
};

/* Legitimate differences. */
enum agree_excuse {
	AGREE_WHOLLY,
	AGREE_PFNMAP_HIDDEN,
	AGREE_HUGETLB_SOFT_DIRTY,
	AGREE_HUGETLB_ABSENT,
	AGREE_HUGE_ZERO_FILE,
	AGREE_KSM_VAGUE,
	AGREE_NR
};

/* What it is, for people: "pages of device areas, which pagemap hides". */
extern const char *const agree_excuses[AGREE_NR];

/*
 * @leaf: the run that holds the page, NULL when we have none; @page: its number
 * in there, in base pages. NULL when they agree, for @excuse's reason if any, else
 * what differs, in words.
 */
const char *agree_page(const struct vmlab_run *leaf, uint64_t page,
		       const struct agree_seen *seen, enum agree_excuse *excuse);

/* The frame of base page @page of @leaf. */
uint64_t agree_pfn(const struct vmlab_run *leaf, uint64_t page);

/* There is a frame to look up in kpageflags and kpagecount. */
bool agree_has_frame(const struct vmlab_run *leaf);

#endif /* SELFTESTS_AGREE_H */
