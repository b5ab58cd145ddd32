// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - one page, from all sides at once.
 */
#include <stdio.h>
#include <string.h>

#include "agree.h"
#include "geometry.h"
#include "look.h"

int look_open(struct look *l, pid_t pid)
{
	int ret;

	memset(l, 0, sizeof(*l));
	l->pid = pid;
	ret = vmlab_session_open(&l->session);
	if (ret)
		return ret;
	ret = vmlab_target_open(l->session, pid, &l->target);
	if (ret)
		goto close_session;
	ret = witness_open(&l->witness, pid);
	if (ret)
		goto close_target;
	return 0;

close_target:
	vmlab_target_close(l->target);
close_session:
	vmlab_session_close(l->session);
	return ret;
}

void look_close(struct look *l)
{
	witness_close(&l->witness);
	vmlab_target_close(l->target);
	vmlab_session_close(l->session);
}

/* The same page by SCAN: one run, or none, and equal to the walk's leaf. */
static const char *scan_differs(struct look *l, uint64_t page, const struct vmlab_run *leaf)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	const char *why = "";
	int ret;

	if (vmlab_scan_start(&scan, l->target, page, page + 4096, NULL, 4))
		return "SCAN cannot start";
	ret = vmlab_scan_next(&scan, &run);
	if (ret < 0)
		why = "SCAN fails";
	else if (ret != !!leaf->count)
		why = "SCAN and WALK disagree on whether there is a leaf";
	else if (ret && memcmp(&run, leaf, sizeof(run)))
		why = "SCAN and WALK disagree on the leaf";
	else if (ret && vmlab_scan_next(&scan, &run))
		why = "SCAN has more than one leaf for a page";
	vmlab_scan_end(&scan);
	return why;
}

const char *look_at(struct look *l, const void *va, struct vmlab_run *leaf)
{
	const uint64_t at = (uintptr_t)va, page = at & ~4095ULL;
	struct agree_seen seen = { .ksm_vague = l->witness.ksm_vague };
	struct witness_area area;
	enum agree_excuse excuse;
	const char *why;
	uint64_t nr;

	memset(leaf, 0, sizeof(*leaf));
	if (vmlab_target_walk(l->target, at, &l->walk))
		return "WALK fails";
	*leaf = l->walk.out_leaf;
	why = geometry_differs(&l->walk, vmlab_session_info(l->session), &l->witness);
	if (*why)
		return why;
	why = scan_differs(l, page, leaf);
	if (*why)
		return why;

	seen.pagemap = witness_page(&l->witness, (const void *)(uintptr_t)page);
	if (!witness_area(l->pid, va, &area)) {
		if (!(l->walk.out_flags & VMLAB_OUT_IN_VMA))
			return "smaps has an area there and we do not";
		seen.pfnmap_area = witness_area_flag(&area, "pf");
		seen.hugetlb_area = witness_area_flag(&area, "ht");
		seen.soft_dirty_area = witness_area_flag(&area, "sd");
		seen.watched_area = witness_area_flag(&area, "uw");
		if (!seen.pfnmap_area) {
			seen.known = l->witness.categories;
			if (witness_categories(&l->witness, page, &seen.categories, 1))
				return "PAGEMAP_SCAN fails";
		}
	} else if (l->walk.out_flags & VMLAB_OUT_IN_VMA) {
		return "we have an area there and smaps has not";
	}
	nr = leaf->count ? (page - leaf->va) >> 12 : 0;
	if (leaf->count && agree_has_frame(leaf)) {
		seen.flags = witness_page_flags(&l->witness, agree_pfn(leaf, nr));
		seen.count = witness_page_count(&l->witness, agree_pfn(leaf, nr));
	}
	why = agree_page(leaf->count ? leaf : NULL, nr, &seen, &excuse);
	return why ? why : "";
}
