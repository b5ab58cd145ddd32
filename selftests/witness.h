/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * witness.h - what the kernel says of the same pages without us: pagemap,
 * kpageflags, kpagecount and smaps. No test takes the module's word alone.
 */
#ifndef SELFTESTS_WITNESS_H
#define SELFTESTS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

/* Words of pagemap (Documentation/admin-guide/mm/pagemap.rst). */
#define PM_PFN(word)		((word) & ((1ULL << 55) - 1))
#define PM_SWAP_TYPE(word)	((word) & 31)
#define PM_SWAP_OFFSET(word)	(PM_PFN(word) >> 5)
#define PM_SOFT_DIRTY		(1ULL << 55)
#define PM_EXCLUSIVE		(1ULL << 56)
#define PM_UFFD_WP		(1ULL << 57)
#define PM_FILE			(1ULL << 61)
#define PM_SWAP			(1ULL << 62)
#define PM_PRESENT		(1ULL << 63)

/* Bits of kpageflags, as masks: KPF(ANON). */
#include <linux/kernel-page-flags.h>
#define KPF(name)		(1ULL << KPF_ ## name)
/* For the kernel's own tools (tools/mm/page-types.c), hence not in that header. */
#define KPF_MLOCKED		33

/* PAGEMAP_SCAN (6.7), which the host's headers may not have. */
struct pm_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct pm_scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define PM_SCAN			_IOWR('f', 16, struct pm_scan)
#define PM_IS_WRITTEN		(1U << 1)
#define PM_IS_FILE		(1U << 2)
#define PM_IS_PRESENT		(1U << 3)
#define PM_IS_SWAPPED		(1U << 4)
#define PM_IS_PFNZERO		(1U << 5)
#define PM_IS_HUGE		(1U << 6)
#define PM_IS_SOFT_DIRTY	(1U << 7)
#define PM_IS_GUARD		(1U << 8)	/* 6.15 */

struct witness {
	int pagemap;
	int flags;
	int counts;
	bool ksm_vague;		/* kpageflags calls all that is anonymous KSM */
	uint64_t categories;	/* that PAGEMAP_SCAN knows here, PM_IS_*; 0: there is none */
};

/* Frames from the first to the last. */
struct witness_ram {
	uint64_t first;
	uint64_t last;
};

#define WITNESS_RAM_MAX	64

/* Where /proc/iomem has System RAM, at most @max pieces; their number. */
size_t witness_ram(struct witness_ram *ram, size_t max);
/* The first frame behind all of it. */
uint64_t witness_end_of_ram(void);

/* 0 or -errno; pid 0 is the caller. */
int witness_open(struct witness *w, pid_t pid);
void witness_close(struct witness *w);

/* @nr words each, 0 or -errno. Frames that do not exist read as zero. */
int witness_pagemap(const struct witness *w, uint64_t va, uint64_t *words, size_t nr);
int witness_flags(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr);
int witness_counts(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr);

/* What PAGEMAP_SCAN says of each page; zero for all where the kernel has none. */
int witness_categories(const struct witness *w, uint64_t va, uint64_t *words, size_t nr);

/* One of them, or all ones when it cannot be read. */
uint64_t witness_page(const struct witness *w, const void *va);
uint64_t witness_page_flags(const struct witness *w, uint64_t pfn);
uint64_t witness_page_count(const struct witness *w, uint64_t pfn);

/* An area of /proc/PID/smaps. */
struct witness_area {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	unsigned int dev_major;
	unsigned int dev_minor;
	char perms[5];
	char name[128];
	char flags[256];	/* of VmFlags, with a space before and after each */
	long pkey;		/* -1 where the kernel has none */
	long page_kb;		/* KernelPageSize */
	long rss_kb;
	long anon_kb;
	long swap_kb;
	long anon_huge_kb;
	long shmem_huge_kb;
	long shared_clean_kb;
	long shared_dirty_kb;
	long private_clean_kb;
	long private_dirty_kb;
	long referenced_kb;
	long shared_hugetlb_kb;
	long private_hugetlb_kb;
};

/* All areas, free(*out); their number or -errno. */
ssize_t witness_areas(pid_t pid, struct witness_area **out);
/* The same of an open smaps, which is closed. */
ssize_t witness_areas_of(int smaps, struct witness_area **out);
/* The one that holds @va: 0 or -ENOENT. */
int witness_area(pid_t pid, const void *va, struct witness_area *out);
/* Has it this two-letter flag? */
bool witness_area_flag(const struct witness_area *area, const char *flag);

#endif /* SELFTESTS_WITNESS_H */
