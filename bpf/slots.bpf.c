// SPDX-License-Identifier: GPL-2.0-only
/*
 * slots.bpf.c - what one CPU remembers of address spaces.
 *
 * x86: cpu_tlbstate, a slot for each tag that the CPU deals out, with the address space
 * it is of and how far the CPU has caught up with its flushes. arm64: active_asids and
 * reserved_asids, the ASID in use and the one kept over a roll-over. Both are variables
 * of each CPU, read from another one while it goes on: a value at a time.
 */
#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <vmlab_slots.h>

char LICENSE[] SEC("license") = "GPL";

#if defined(__TARGET_ARCH_x86)
#include "tlbstate_x86.bpf.h"

extern const struct tlb_state cpu_tlbstate __ksym;

static __always_inline void read_slots(struct vmlab_slots_call *call)
{
	const struct tlb_state *state = bpf_per_cpu_ptr(&cpu_tlbstate, call->cpu);
	u16 loaded, user_flush;
	bool others;
	int i;

	if (!state)
		return;
	loaded = BPF_CORE_READ(state, loaded_mm_asid);
	others = BPF_CORE_READ(state, invalidate_other);
	user_flush = BPF_CORE_READ(state, user_pcid_flush_mask);
#pragma unroll
	for (i = 0; i < VMLAB_SLOTS_MAX; i++) {
		u32 flags = 0;

		if (i == loaded)
			flags |= VMLAB_SLOTS_LOADED;
		else if (others)
			flags |= VMLAB_SLOTS_OUTDATED;
		if (user_flush >> i & 1)
			flags |= VMLAB_SLOTS_USER_FLUSH;
		call->slots[i].context = BPF_CORE_READ(state, ctxs[i].ctx_id);
		call->slots[i].generation = BPF_CORE_READ(state, ctxs[i].tlb_gen);
		call->slots[i].flags = flags;
	}
	call->nr = VMLAB_SLOTS_MAX;
}
#else
extern const atomic64_t active_asids __ksym;
extern const u64 reserved_asids __ksym;
/* No variable of a CPU, and so in no BTF. */
extern const void asid_generation __ksym __weak;

static __always_inline void read_slots(struct vmlab_slots_call *call)
{
	const atomic64_t *active = bpf_per_cpu_ptr(&active_asids, call->cpu);
	const u64 *reserved = bpf_per_cpu_ptr(&reserved_asids, call->cpu);
	u64 generation = 0, value = 0;

	if (!active || !reserved)
		return;
	if (&asid_generation)
		bpf_probe_read_kernel(&generation, sizeof(generation), &asid_generation);
	bpf_probe_read_kernel(&value, sizeof(value), active);
	call->slots[0].context = value;
	call->slots[0].generation = generation;
	call->slots[0].flags = VMLAB_SLOTS_LOADED;
	bpf_probe_read_kernel(&value, sizeof(value), reserved);
	call->slots[1].context = value;
	call->slots[1].generation = generation;
	call->slots[1].flags = VMLAB_SLOTS_RESERVED;
	call->nr = 2;
}
#endif

SEC("syscall")
int slots_of_cpu(struct vmlab_slots_call *call)
{
	call->nr = 0;
	read_slots(call);
	return 0;
}
