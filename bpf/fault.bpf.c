// SPDX-License-Identifier: GPL-2.0-only
/* fault.bpf.c - every page fault of user addresses: what it was, what stood there, what does. */
#define VMLAB_COW	0

#include "handle.bpf.h"

char LICENSE[] SEC("license") = "GPL";
