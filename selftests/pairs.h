/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pairs.h - everything that is mapped on the machine, against what the kernel counts:
 * every other process is stopped, an index is built, and each frame's addresses are
 * compared with kpagecount.
 */
#ifndef SELFTESTS_PAIRS_H
#define SELFTESTS_PAIRS_H

#include <stdint.h>

struct pairs {
	uint64_t frames;	/* that the kernel counts at least once, order 0 */
	uint64_t shared;	/* of these, at least twice */
	uint64_t pairs;		/* of a process and an address, in the index or our own */
	uint64_t large;		/* counted frames of larger folios: looked for, not compared */
	uint64_t lacking;	/* counted, and found nowhere */
	uint64_t borrowed;	/* counted, but the kernel's: it keeps something else there */
	uint64_t differing;	/* the index has another number than kpagecount */
	char first[256];	/* of those that differ or lack, in words */
	char same[160];		/* "" when a second run said the same, byte for byte */
};

/* NULL, or why it could not be done. Processes go on when it returns, or dies. */
const char *pairs_compare(struct pairs *pairs);

#endif /* SELFTESTS_PAIRS_H */
