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

struct witness {
	int pagemap;
	int flags;
	int counts;
	bool ksm_vague;		/* kpageflags calls all that is anonymous KSM */
};

/* 0 or -errno; pid 0 is the caller. */
int witness_open(struct witness *w, pid_t pid);
void witness_close(struct witness *w);

/* @nr words each, 0 or -errno. Frames that do not exist read as zero. */
int witness_pagemap(const struct witness *w, uint64_t va, uint64_t *words, size_t nr);
int witness_flags(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr);
int witness_counts(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr);

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
