/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - a sequence of ioctls of the module, written as bytes: any bytes are one.
 *
 * Each call is a byte for the ioctl, one for the descriptor, for the size that the
 * struct says, for where it lies in memory, for the fault to inject, and one for each of
 * its fields. A byte chooses from a table of values that are worth a try (addresses
 * at the limits, buffers that end in nothing, descriptors of the wrong kind ...); zero
 * is the usual value, so that nothing but zeroes is a call as somebody means it. Bytes
 * that are missing at the end are zero.
 */
#ifndef SELFTESTS_CALLS_H
#define SELFTESTS_CALLS_H

#include <stddef.h>
#include <stdint.h>

#define CALLS_MAX	256	/* bytes */

/* Around each ioctl. */
struct calls_watch {
	void (*before)(void);
	void (*after)(void);
};

/* Targets, descriptors and memory to choose from. NULL, or why there are none. */
const char *calls_setup(uint64_t seed);
void calls_teardown(void);

/*
 * Makes them, and adds what it made to *@made. NULL when each was answered as
 * include/uapi/vmlab.h permits; else what is wrong with the last, in words.
 */
const char *calls_make(const uint8_t *bytes, size_t size, const struct calls_watch *watch,
		       unsigned long *made);

/* Says each call before it is made, as comments. */
void calls_be_loud(void);

/* Between sequences: does this process hold what it held in the beginning? NULL, or not. */
const char *calls_leak(void);

/* The shortest sequence that makes ioctl @nr in the usual way; 0 when there is none. */
size_t calls_usual(unsigned int nr, uint8_t *bytes);

/*
 * After thousands of calls: an ioctl that was never answered or never refused, or no
 * injected fault, says that something is wrong with the fuzzer. NULL, or which.
 */
const char *calls_one_sided(void);

/* How often each ioctl was answered, and refused, and what it took: lines of comments. */
void calls_tell(void);

#endif /* SELFTESTS_CALLS_H */
