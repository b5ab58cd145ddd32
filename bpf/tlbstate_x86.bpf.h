/* SPDX-License-Identifier: GPL-2.0-only */
/* tlbstate_x86.bpf.h - what each CPU of x86-64 remembers of address spaces. */
#ifndef VMLAB_TLBSTATE_X86_BPF_H
#define VMLAB_TLBSTATE_X86_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct tlb_context {
	u64 ctx_id;
	u64 tlb_gen;
};

struct tlb_state {
	u16 loaded_mm_asid;
	bool invalidate_other;
	unsigned short user_pcid_flush_mask;
	struct tlb_context ctxs[VMLAB_SLOTS_MAX];
};

#pragma clang attribute pop

#endif /* VMLAB_TLBSTATE_X86_BPF_H */
