/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * heap.h - what an allocator was asked for, what it has of the kernel, and what of it
 * became real: added up from events, process by process.
 */
#ifndef VMLAB_LIB_HEAP_H
#define VMLAB_LIB_HEAP_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "libvmlab.h"

struct vmlab_heaps;

/* NULL without memory. @page_shift: of the machine whose events these are. */
struct vmlab_heaps *vmlab_heaps_new(unsigned int page_shift);
void vmlab_heaps_free(struct vmlab_heaps *heaps);
/* One event after the other, of any kind. 0 or -ENOMEM. */
int vmlab_heaps_add(struct vmlab_heaps *heaps, const struct vmlab_event *event);
/* Of a process, and what the last event freed; NULL: nothing is known of it. */
const struct vmlab_heap *vmlab_heaps_of(const struct vmlab_heaps *heaps, pid_t pid);
/* All, in the order in which they were first seen; free(*out). 0 or -ENOMEM. */
int vmlab_heaps_all(const struct vmlab_heaps *heaps, struct vmlab_heap **out, size_t *nr);

#endif /* VMLAB_LIB_HEAP_H */
