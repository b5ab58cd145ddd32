/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack.bpf.h - by which way of user mode a thing came about, and how often by each.
 *
 * They are added up here: a flame graph takes no record an event. Two that are the same
 * but for a collision of 64 bits are one.
 */
#ifndef VMLAB_STACK_BPF_H
#define VMLAB_STACK_BPF_H

#include "regs.bpf.h"

/* The library makes it as small as can be where nobody asks. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VMLAB_STACKS);
	__type(key, u64);
	__type(value, struct vmlab_stack);
} stacks SEC(".maps");

/* Where one is read, before it is known whether it is there already. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct vmlab_stack);
} stack_read SEC(".maps");

/* False where there is no room for another one. */
static __noinline bool count_stack(u32 row, u64 ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vmlab_stack *read, *known;
	u64 hash, time = ns == VMLAB_EVENT_NS_UNKNOWN ? 0 : ns;
	u32 zero = 0, i;
	long size;

	read = bpf_map_lookup_elem(&stack_read, &zero);
	if (!read)
		return false;
	size = bpf_get_task_stack(task, read->ips, sizeof(read->ips), BPF_F_USER_STACK);
	read->nr = size > 0 ? size / sizeof(u64) : 0;
	read->pid = bpf_get_current_pid_tgid() >> 32;
	read->row = row;
	hash = (u64)read->pid << 32 | row << 8 | read->nr;
	for (i = 0; i < VMLAB_STACK_DEPTH; i++) {
		if (i >= read->nr)
			break;
		hash = (hash ^ read->ips[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	known = bpf_map_lookup_elem(&stacks, &hash);
	if (!known) {
		read->__reserved = 0;
		read->count = 0;
		read->total_ns = 0;
		read->caller = user_caller();
		bpf_get_current_comm(read->comm, sizeof(read->comm));
		/* Another CPU may have been first. */
		bpf_map_update_elem(&stacks, &hash, read, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&stacks, &hash);
	}
	if (!known)
		return false;
	__sync_fetch_and_add(&known->count, 1);
	__sync_fetch_and_add(&known->total_ns, time);
	return true;
}

#endif /* VMLAB_STACK_BPF_H */
