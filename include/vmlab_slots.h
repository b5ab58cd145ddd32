/* SPDX-License-Identifier: (GPL-2.0-only OR LGPL-2.1-or-later) */
/*
 * vmlab_slots.h - what bpf/slots.bpf.c tells tools/lib/slots.c of one CPU.
 *
 * Whoever includes it has the fixed-width types: linux/types.h, or the BPF side's own.
 */
#ifndef VMLAB_SLOTS_H
#define VMLAB_SLOTS_H

/* x86 has 6 dynamic ASIDs (TLB_NR_DYN_ASIDS), arm64 two variables. */
#define VMLAB_SLOTS_MAX		6

/* As VMLAB_SLOT_* of libvmlab.h. */
#define VMLAB_SLOTS_LOADED	(1U << 0)
#define VMLAB_SLOTS_RESERVED	(1U << 1)
#define VMLAB_SLOTS_OUTDATED	(1U << 2)
#define VMLAB_SLOTS_USER_FLUSH	(1U << 3)

/**
 * struct vmlab_slots_slot - one slot
 * @context: of the address space in it, 0 for none
 * @generation: as struct vmlab_tlb_slot has it
 * @flags: VMLAB_SLOTS_*
 * @__reserved: zero
 */
struct vmlab_slots_slot {
	__u64 context;
	__u64 generation;
	__u32 flags;
	__u32 __reserved;
};

/**
 * struct vmlab_slots_call - one CPU, asked and answered
 * @cpu: its number
 * @nr: slots that it has; 0: there is no such CPU, or the kernel's variables are others
 * @slots: by number
 */
struct vmlab_slots_call {
	__u32 cpu;
	__u32 nr;
	struct vmlab_slots_slot slots[VMLAB_SLOTS_MAX];
};

#endif /* VMLAB_SLOTS_H */
