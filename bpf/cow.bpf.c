// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow.bpf.c - pages that waited for a copy: copied, reused, or a zero page replaced.
 *
 * The same hooks as fault.bpf.c. What is more is a look at the frame that stood there:
 * who else maps it decides between copy and reuse.
 */
#define VMLAB_COW	1

#include "handle.bpf.h"

char LICENSE[] SEC("license") = "GPL";
