/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.h - what an architecture's tables look like to decode.c.
 *
 * One file per architecture holds nothing but tables and one fold; which one is
 * used is decided at run time, by the architecture that the entries came from.
 */
#ifndef VMLAB_DECODE_H
#define VMLAB_DECODE_H

#include "libvmlab.h"

struct vmlab_feature {
	uint64_t mask;
	const char *name;
};

/* A register of VMLAB_CPUS. */
struct vmlab_register {
	unsigned int index;		/* in vmlab_cpu.regs */
	const char *name;
	const struct vmlab_feature *bits;	/* end with a NULL name */
};

struct vmlab_arch {
	uint32_t id;			/* VMLAB_ARCH_* */
	const char *name;
	const struct vmlab_bit *bits;	/* ends with a NULL name */
	const struct vmlab_feature *features;	/* likewise */
	/*
	 * What rows of @bits may be tied to: INFO's features, and VMLAB_FORM_* that
	 * follow from the rest of INFO. NULL: the features alone.
	 */
	uint64_t (*forms)(const struct vmlab_info *info);
	unsigned int entry_shift;	/* log2 of an entry's size in bytes */
	/*
	 * Bits of a canonical address that choose the half: 1 where va_bits includes
	 * the sign (the halves share them), 0 where each half has va_bits of its own.
	 */
	unsigned int half_bits;
	const char *hole;		/* what lies between the halves, for people */
	bool deposits_table;		/* anonymous huge pmds keep a table in reserve */
	/* Features with which a root has a twin beside it (KPTI). */
	uint64_t twin_root;
	/*
	 * What a TLB keeps of a leaf beside its frame and permissions, the same for
	 * leaves of every level: memory type, key, global. Less than 60 bits.
	 */
	uint64_t (*tlb_attributes)(const struct vmlab_info *info, unsigned int level,
				   uint64_t entry);
	/* Entries of @level that may share one of a TLB: 1 << i for each size 2^i. */
	uint64_t (*tlb_groups)(const struct vmlab_info *info, unsigned int level);
	/* The name of a leaf's memory type, NULL where Linux gives it none. */
	const char *(*memory_type)(const struct vmlab_info *info, unsigned int level,
				   uint64_t entry);
	/* The protection key of a leaf, -1 where there are none. */
	int (*pkey)(const struct vmlab_info *info, uint64_t entry);
	/* vmlab_key_denies() */
	uint64_t (*key_denies)(uint64_t keys, int key);
	/* VMLAB_FACT_READ, _WRITE, _EXEC of one entry that is valid. */
	uint64_t (*permits)(const struct vmlab_info *info, unsigned int level,
			    uint64_t entry);
	/* vmlab_asked_grants() */
	uint64_t (*grants)(const struct vmlab_info *info, uint64_t asked, const char **why);
	/* What permits says, to the kernel. */
	uint64_t (*kernel_permits)(const struct vmlab_info *info, unsigned int level,
				   uint64_t entry);
	bool (*valid)(unsigned int level, uint64_t entry);
	const char *tag_name;		/* what the manual calls a tag */
	bool context_is_id;		/* of an address space, and of no other ever */
	const struct vmlab_register *registers;	/* ends with a NULL name */
	/* What they say of roots and tags; what there is not is left as it is. */
	void (*cpu_tags)(const struct vmlab_info *info, const struct vmlab_cpu *cpu,
			 struct vmlab_cpu_tags *out);
	/* The tags of an address space, and of a slot. */
	void (*mm_tags)(const struct vmlab_info *info, const struct vmlab_mm *mm,
			struct vmlab_mm_tags *out);
	void (*slot_tags)(const struct vmlab_info *info, const struct vmlab_tlb_slot *slot,
			  struct vmlab_mm_tags *out);
	/* @mm: whose the slot is, or NULL. */
	enum vmlab_stale (*slot_stale)(const struct vmlab_info *info,
				       const struct vmlab_tlb_slot *slot,
				       const struct vmlab_mm *mm);
	/* Of two entries that both hold something. */
	enum vmlab_root_relation (*root_relation)(const struct vmlab_root_entry *entry);
};

/* Never a feature of INFO's: rows of tables that other fields of INFO decide on. */
#define VMLAB_FORM_SHAREABILITY	(1ULL << 63)	/* arm64: SH is in the entry */
#define VMLAB_FORMS		VMLAB_FORM_SHAREABILITY

/* Never NULL: of an architecture that is not known, the one that knows nothing. */
const struct vmlab_arch *vmlab_arch_of(uint32_t id);

/*
 * An anonymous huge page keeps a page table in reserve, to be split with
 * (pgtable_trans_huge_deposit); the kernel counts it in VmPTE. Tables of @run.
 */
uint64_t vmlab_run_deposits(const struct vmlab_info *info, const struct vmlab_run *run);

extern const struct vmlab_arch vmlab_arch_x86_64;
extern const struct vmlab_arch vmlab_arch_arm64;

#endif /* VMLAB_DECODE_H */
