// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kernel.c - the kernel half, region by region: what is mapped there, with which
 * permissions, by leaves of which size; and what should not be.
 */
#include <errno.h>
#include <string.h>

#include "libvmlab.h"

#define F(x)	VMLAB_FACT_##x

const char *vmlab_kregion_name(uint32_t kind)
{
	static const char *const names[] = {
		[VMLAB_KREGION_DIRECT]	= "direct map",
		[VMLAB_KREGION_VMALLOC]	= "vmalloc",
		[VMLAB_KREGION_VMEMMAP]	= "vmemmap",
		[VMLAB_KREGION_IMAGE]	= "text",
		[VMLAB_KREGION_MODULES]	= "modules",
		[VMLAB_KREGION_FIXMAP]	= "fixmap",
		[VMLAB_KREGION_KASAN]	= "kasan shadow",
		[VMLAB_KREGION_ENTRY]	= "cpu entry area",
		[VMLAB_KREGION_ESPFIX]	= "espfix",
		[VMLAB_KREGION_LDT]	= "ldt",
		[VMLAB_KREGION_EFI]	= "efi",
		[VMLAB_KREGION_PCI_IO]	= "pci i/o",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const struct vmlab_kregion *vmlab_kregions_find(const struct vmlab_kregions *regions,
						uint64_t va)
{
	uint32_t i;

	for (i = 0; i < regions->out_nr; i++)
		if (va >= regions->out_regions[i].start && va < regions->out_regions[i].end)
			return &regions->out_regions[i];
	return NULL;
}

/* Base pages that have all of @all and none of @none. */
static const struct {
	uint64_t all;
	uint64_t none;
	size_t sum;
} sums[] = {
#define SUM(all, none, field)	{ all, none, offsetof(struct vmlab_kernel_sums, field) }
	SUM(F(READ),				F(WRITE) | F(EXEC),	r),
	SUM(F(READ) | F(WRITE),			F(EXEC),		rw),
	SUM(F(READ) | F(EXEC),			F(WRITE),		rx),
	SUM(F(READ) | F(WRITE) | F(EXEC),	0,			rwx),
	SUM(F(USER),				0,			user),
	SUM(F(PROTNONE),			0,			absent),
	SUM(F(REPEATED),			0,			repeated),
};

/* What of @run lies in @part: a leaf at an edge is reported whole. */
static uint64_t pages_within(const struct vmlab_info *info, const struct vmlab_run *run,
			     const struct vmlab_kernel_part *part)
{
	uint64_t start = run->va, end = run->va + ((uint64_t)run->count << run->shift);

	if (start < part->start)
		start = part->start;
	if (end > part->end || end < run->va)
		end = part->end;
	return start < end ? (end - start) >> info->out_page_shift : 0;
}

static void add(const struct vmlab_info *info, const struct vmlab_run *run,
		struct vmlab_kernel_part *part)
{
	uint64_t pages = pages_within(info, run, part);
	size_t i;

	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if ((run->facts & sums[i].all) == sums[i].all && !(run->facts & sums[i].none))
			*(uint64_t *)((char *)&part->sums + sums[i].sum) += pages;
	if (run->facts & F(PRESENT))
		part->sums.leaves[run->level] += run->count;
}

/* Where the part that begins at @start ends, and whose it is. */
static void bound(const struct vmlab_kregions *regions, struct vmlab_kernel_part *part)
{
	const struct vmlab_kregion *region = vmlab_kregions_find(regions, part->start);
	uint32_t i;

	if (region) {
		part->name = vmlab_kregion_name(region->kind);
		if (region->end < part->end)
			part->end = region->end;
		return;
	}
	for (i = 0; i < regions->out_nr; i++) {
		uint64_t next = regions->out_regions[i].start;

		if (next > part->start && next < part->end)
			part->end = next;
	}
}

int vmlab_kernel_part_read(struct vmlab_session *session,
			   const struct vmlab_kregions *regions, uint64_t start,
			   uint64_t end, struct vmlab_kernel_part *out)
{
	const struct vmlab_info *info = vmlab_session_info(session);
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	memset(out, 0, sizeof(*out));
	out->start = start;
	out->end = end;
	bound(regions, out);
	ret = vmlab_kernel_scan_start(&scan, session, out->start, out->end, NULL, 0);
	if (ret)
		return ret;
	while ((ret = vmlab_scan_next(&scan, &run)) > 0)
		add(info, &run, out);
	vmlab_scan_end(&scan);
	return ret;
}

int vmlab_kernel_alias(struct vmlab_session *session, const struct vmlab_kregions *regions,
		       uint64_t pfn, struct vmlab_walk *out)
{
	const unsigned int shift = vmlab_session_info(session)->out_page_shift;
	uint32_t i;

	for (i = 0; i < regions->out_nr; i++) {
		const struct vmlab_kregion *region = &regions->out_regions[i];
		/* The map may begin below all memory, at a "negative" address (arm64). */
		uint64_t va = region->start + ((pfn << shift) - region->pa);

		if (region->kind != VMLAB_KREGION_DIRECT || region->pa == VMLAB_PA_NONE ||
		    va < region->start || va >= region->end)
			continue;
		return vmlab_kernel_walk(session, va, out);
	}
	return -ENOENT;
}

static uint64_t pages_wx(const struct vmlab_kernel_sums *part)
{
	return part->rwx;
}

static uint64_t pages_user(const struct vmlab_kernel_sums *part)
{
	return part->user;
}

const struct vmlab_kernel_finding *vmlab_kernel_finding(unsigned int i)
{
	static const struct vmlab_kernel_finding findings[] = {
		{ "wx", "writable and executable by the kernel",
		  { .all_of = F(PRESENT) | F(WRITE) | F(EXEC) }, pages_wx },
		{ "user", "no level keeps user mode out",
		  { .all_of = F(PRESENT) | F(USER) }, pages_user },
	};

	return i < sizeof(findings) / sizeof(findings[0]) ? &findings[i] : NULL;
}
