/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slots.h - what each CPU remembers of address spaces, read by BPF. */
#ifndef VMLAB_LIB_SLOTS_H
#define VMLAB_LIB_SLOTS_H

#include "libvmlab.h"

/*
 * All slots of @cpus that hold something; free(*out). *err is 0, or why there are
 * none (-ENOENT, -EPERM, -EOPNOTSUPP as vmlab_trace_start() has them; -ENXIO: its kernel has
 * no addresses of variables). Fails
 * when a recording is damaged, or there is no memory.
 */
int vmlab_slots_read(struct vmlab_session *session, const struct vmlab_cpu *cpus,
		     size_t nr_cpus, struct vmlab_tlb_slot **out, size_t *nr, int *err);

#endif /* VMLAB_LIB_SLOTS_H */
