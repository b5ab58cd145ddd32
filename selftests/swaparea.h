/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * swaparea.h - somewhere to swap to: compressed memory (zram), so that a lab
 * without disks has it too.
 */
#ifndef SELFTESTS_SWAPAREA_H
#define SELFTESTS_SWAPAREA_H

#include <stddef.h>

struct swaparea {
	char device[32];	/* "/dev/zram0" */
	char knobs[64];		/* its folder under /sys/block */
};

/* The device alone, as any block device. NULL when it is there, else why it cannot be. */
const char *swaparea_device(struct swaparea *area, size_t size);
/* The same, and the kernel swaps to it. */
const char *swaparea_on(struct swaparea *area, size_t size);
void swaparea_off(struct swaparea *area);

#endif /* SELFTESTS_SWAPAREA_H */
