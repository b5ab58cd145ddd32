/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inject.h - the kernel's fault injection, for this thread's n-th chance to fail
 * (Documentation/fault-injection/fault-injection.rst): allocations of slab objects
 * and of pages, and copies from and to user memory.
 */
#ifndef SELFTESTS_INJECT_H
#define SELFTESTS_INJECT_H

#include <stdbool.h>

/* NULL when this kernel can, everything set up for it; else why it cannot. */
const char *inject_setup(void);

/*
 * The @nth thing from now on that may fail in this thread does fail: between the
 * two the caller makes one system call. True when it has come to that.
 */
void inject_arm(unsigned int nth);
bool inject_disarm(void);

#endif /* SELFTESTS_INJECT_H */
