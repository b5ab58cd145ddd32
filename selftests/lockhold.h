/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lockhold.h - for how long this thread holds mmap locks, as the kernel's own
 * tracepoints mmap_lock:* see it, in ticks of the time stamp counter.
 */
#ifndef SELFTESTS_LOCKHOLD_H
#define SELFTESTS_LOCKHOLD_H

#include <stdint.h>

struct lockhold {
	unsigned int holds;	/* between start and stop */
	uint64_t longest;
	uint64_t sum;
};

/* NULL when this kernel can tell, else why it cannot. Ends with lockhold_end(). */
const char *lockhold_setup(void);
void lockhold_end(void);

/* What lies between the two is measured. 0 or -errno. */
int lockhold_start(void);
int lockhold_stop(struct lockhold *out);

#endif /* SELFTESTS_LOCKHOLD_H */
