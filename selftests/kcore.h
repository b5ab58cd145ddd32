/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kcore.h - physical memory as /proc/kcore shows it, and a descent through it: from a
 * root that somebody claims, with nothing but the manual of the MMU (mmu.h).
 */
#ifndef SELFTESTS_KCORE_H
#define SELFTESTS_KCORE_H

#include <stdint.h>

#include <vmlab.h>

/* Why a test is skipped where it is not: on the checking kernel. */
#define KCORE_NONE "this kernel has no /proc/kcore (CONFIG_PROC_KCORE)"

/* A descriptor, or -errno: -ENOENT without CONFIG_PROC_KCORE; it takes CAP_SYS_RAWIO. */
int kcore_open(void);
/* @nr words at a physical address, 0 or -errno: -ENOENT where there is no memory. */
int kcore_read(int kcore, uint64_t pa, uint64_t *words, unsigned int nr);
/* The same for an address of the kernel's own. */
int kcore_read_va(int kcore, uint64_t va, void *buf, size_t size);

/* The page of @va, found from @root; VMLAB_PFN_NONE where that leads to none. */
uint64_t kcore_walk(int kcore, uint64_t root, unsigned int levels, uint64_t va);

#endif /* SELFTESTS_KCORE_H */
