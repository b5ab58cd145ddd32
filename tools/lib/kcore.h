/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kcore.h - where the kernel keeps memory in its own addresses.
 *
 * Read live, for BPF programs that are being loaded; nothing of it is ever an answer.
 */
#ifndef VMLAB_KCORE_H
#define VMLAB_KCORE_H

#include <stdint.h>

/**
 * struct vmlab_kcore - a piece of memory, and where the kernel sees it
 * @pa: its physical address
 * @va: the same in the direct map
 * @pages: the first of its struct page; 0 where that is not told
 */
struct vmlab_kcore {
	uint64_t pa;
	uint64_t va;
	uint64_t pages;
};

/* 0, or -errno: -ENOENT where the kernel has no /proc/kcore, or one without memory. */
int vmlab_kcore_read(struct vmlab_kcore *out);

#endif /* VMLAB_KCORE_H */
