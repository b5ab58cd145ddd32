/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch.h - what an architecture owes the walker.
 *
 * The inlines are in arch/<name>.h, included below, because they run once a
 * page; the rest is in arch/<name>.c. "raw" is the value of an entry of any
 * level. Everything else about page tables that we use is generic kernel API.
 *
 * u64 vmlab_arch_leaf_permits(u64 raw), vmlab_arch_table_permits(u64 raw)
 *	VMLAB_FACT_READ, _WRITE, _EXEC as far as this one entry permits them to
 *	user mode. The AND over all levels is what the MMU enforces.
 * u64 vmlab_arch_kernel_leaf_permits(u64 raw), vmlab_arch_kernel_table_permits(u64 raw)
 *	The same of what it permits to the kernel.
 * bool vmlab_arch_valid(u64 raw)
 *	Does the MMU translate through this entry?
 * bool vmlab_arch_none(u64 raw)
 *	Does it hold nothing at all?
 * bool vmlab_arch_huge(u64 raw)
 *	An entry above the last level: a leaf?
 * bool vmlab_arch_contiguous(u64 raw)
 *	A leaf that says it is one of a group that one TLB entry may hold (arm64)?
 * u64 vmlab_arch_attributes(u64 raw)
 *	The raw entry without its frame: equal for two leaves of one run.
 * unsigned long vmlab_arch_valid_pfn(u64 raw)
 *	The frame of a last-level entry that the MMU translates through.
 * u64 vmlab_arch_step(u64 raw)
 *	What a last-level entry with a frame differs by, of equal attributes, from
 *	that of the next frame.
 * u64 vmlab_arch_root_raw(pgd_t *pgdp, u64 raw)
 *	The root entry that user mode runs on where it differs from the kernel's
 *	(KPTI), else @raw.
 * u64 vmlab_arch_user_end(void)
 *	The first address after the user half, on this very machine.
 */
#ifndef VMLAB_ARCH_H
#define VMLAB_ARCH_H

#include <linux/pgtable.h>

#include <vmlab.h>

#if defined(CONFIG_X86_64)
#include "x86.h"
#elif defined(CONFIG_ARM64)
#include "arm64.h"
#else
#error "vmlab: no arch/ file for this architecture yet"
#endif

struct task_struct;

/* Once, at load. */
void vmlab_arch_init(void);

/* Fills arch, levels, widths, ends, features and tags of INFO. */
void vmlab_arch_info(struct vmlab_info *info);

/*
 * Under KPTI, the slot of the user root for @va: its table and entry. False
 * where there is no second root.
 */
bool vmlab_arch_user_root(struct mm_struct *mm, unsigned long va,
			  struct vmlab_entry *entry);

/*
 * Registers that were saved when @task was switched out: out_tp, out_gs, out_keys, as
 * far as out_known says.
 */
void vmlab_arch_thread(const struct task_struct *task, struct vmlab_thread *out);

/**
 * struct vmlab_kernel_root - where translations of the kernel half begin
 * @pa: of the table
 * @level: of its entries
 * @va_bits: that choose among all entries of the tree: the lowest ones
 */
struct vmlab_kernel_root {
	u64 pa;
	int level;
	unsigned int va_bits;
};

/* Of this CPU and this caller; good while the caller runs. */
void vmlab_arch_kernel_root(struct vmlab_kernel_root *root);

u64 vmlab_arch_kernel_start(void);

/* The root registers of this CPU, into zeroes; no interrupt may come meanwhile. */
void vmlab_arch_registers(u64 *regs);

/* Are they those of @mm? */
bool vmlab_arch_holds(const u64 *regs, struct mm_struct *mm);

/* What the kernel knows @mm by, vmlab_mm.out_context. */
u64 vmlab_arch_context(struct mm_struct *mm);

/* Fills roots and tags of MM but for the context. */
void vmlab_arch_mm(struct mm_struct *mm, struct vmlab_mm *out);

/*
 * The @i-th slot of both roots; false where both are empty. Called only where
 * out_user_root says that there are two.
 */
bool vmlab_arch_root_entry(struct mm_struct *mm, unsigned int i,
			   struct vmlab_root_entry *out);

/* Fills @regions with at most VMLAB_MAX_KREGIONS, in any order; how many. */
unsigned int vmlab_arch_kernel_regions(struct vmlab_kregion *regions);

#endif /* VMLAB_ARCH_H */
