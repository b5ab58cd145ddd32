// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86.c - the machine, as x86-64 Linux runs it.
 *
 * Features are reported as the kernel uses them: it clears the CPU's capability
 * bit when told not to use one (nopcid, pti=off), so the bit is the answer.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/processor.h>
#include <linux/sched.h>

#include <asm/cpu_entry_area.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/fixmap.h>
#ifdef CONFIG_KASAN
#include <asm/kasan.h>
#endif
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "arch.h"
#include "../compat.h"
#include "../vmlab.h"

/* Features of INFO; each names the kernel's own word for it. */
static const struct {
	unsigned int cap;
	u64 feature;
} features[] = {
	{ X86_FEATURE_PCID,	VMLAB_X86_PCID },
	{ X86_FEATURE_INVPCID,	VMLAB_X86_INVPCID },
	{ X86_FEATURE_PTI,	VMLAB_X86_PTI },
	{ X86_FEATURE_NX,	VMLAB_X86_NX },
	{ X86_FEATURE_SMEP,	VMLAB_X86_SMEP },
	{ X86_FEATURE_SMAP,	VMLAB_X86_SMAP },
	{ X86_FEATURE_OSPKE,	VMLAB_X86_PKU },
	{ X86_FEATURE_PGE,	VMLAB_X86_PGE },
	{ X86_FEATURE_GBPAGES,	VMLAB_X86_GBPAGES },
	{ X86_FEATURE_PAT,	VMLAB_X86_PAT },
};

/* PCIDs are 12 bits (SDM 4.10.1); TLB_NR_DYN_ASIDS in arch/x86/mm/tlb.c is 6. */
#define PCID_BITS		12
#define PCIDS_PER_CPU		6

void vmlab_arch_init(void)
{
}

void vmlab_arch_info(struct vmlab_info *info)
{
	bool la57 = pgtable_l5_enabled();
	size_t i;

	info->out_arch = VMLAB_ARCH_X86_64;
	info->out_levels = la57 ? 5 : 4;
	info->out_va_bits = la57 ? 57 : 48;
	info->out_pa_bits = boot_cpu_data.x86_phys_bits;
	info->out_user_end = vmlab_arch_user_end();
	info->out_kernel_start = vmlab_arch_kernel_start();
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (boot_cpu_has(features[i].cap))
			info->out_features |= features[i].feature;
	if (la57)
		info->out_features |= VMLAB_X86_LA57;
	if (info->out_features & VMLAB_X86_PCID) {
		info->out_asid_bits = PCID_BITS;
		info->out_asids_per_cpu = PCIDS_PER_CPU;
	}
#if defined(_PAGE_BIT_DEVMAP)
	info->out_features |= _PAGE_BIT_DEVMAP == 58 ? VMLAB_X86_DEVMAP_58 :
						       VMLAB_X86_DEVMAP_57;
#endif
#if defined(_PAGE_BIT_SAVED_DIRTY)
	info->out_features |= VMLAB_X86_SAVED_DIRTY;
#endif
	info->out_facts = VMLAB_FACTS_KNOWN;
}

bool vmlab_arch_user_root(struct mm_struct *mm, unsigned long va,
			  struct vmlab_entry *entry)
{
	pgd_t *pgdp;

	if (!boot_cpu_has(X86_FEATURE_PTI))
		return false;
	pgdp = kernel_to_user_pgdp(pgd_offset(mm, va));
	entry->index = pgd_index(va);
	entry->table_pa = __pa(pgdp - entry->index);
	entry->entry = pgd_val(READ_ONCE(*pgdp));
	entry->level = pgtable_l5_enabled() ? VMLAB_LEVEL_PGD : VMLAB_LEVEL_P4D;
	return true;
}

u64 vmlab_arch_kernel_start(void)
{
	return ~0ULL << (pgtable_l5_enabled() ? 56 : 47);
}

/*
 * Whatever runs, its root has the kernel half in it. Under KPTI this is the root that
 * the kernel runs on.
 */
void vmlab_arch_kernel_root(struct vmlab_kernel_root *root)
{
	root->pa = __pa(current->active_mm->pgd);
	root->level = pgtable_l5_enabled() ? VMLAB_LEVEL_PGD : VMLAB_LEVEL_P4D;
	root->va_bits = pgtable_l5_enabled() ? 57 : 48;
}

static bool isolated(void)
{
	return boot_cpu_has(X86_FEATURE_PTI);
}

/*
 * CR3 never gives back bit 63, which says of a load of it that nothing is to be flushed.
 * The user's is what SWITCH_TO_USER_CR3 of arch/x86/entry/calling.h makes of it: the
 * second half of two pages, and the upper half of the tags where there are some.
 */
void vmlab_arch_registers(u64 *regs)
{
	u64 cr3 = __native_read_cr3();

	regs[VMLAB_X86_REG_CR3] = cr3;
	regs[VMLAB_X86_REG_CR4] = native_read_cr4();
#ifdef X86_CR3_PTI_PCID_USER_BIT
	if (!isolated())
		return;
	cr3 |= BIT_ULL(PTI_PGTABLE_SWITCH_BIT);
	if (boot_cpu_has(X86_FEATURE_PCID))
		cr3 |= BIT_ULL(X86_CR3_PTI_PCID_USER_BIT);
	regs[VMLAB_X86_REG_USER_CR3] = cr3;
#endif
}

bool vmlab_arch_holds(const u64 *regs, struct mm_struct *mm)
{
	return (regs[VMLAB_X86_REG_CR3] & CR3_ADDR_MASK) == __pa(mm->pgd);
}

u64 vmlab_arch_context(struct mm_struct *mm)
{
	return mm->context.ctx_id;
}

void vmlab_arch_mm(struct mm_struct *mm, struct vmlab_mm *out)
{
	out->out_tlb_gen = atomic64_read(&mm->context.tlb_gen);
	out->out_root = __pa(mm->pgd);
	out->out_user_root = isolated() ? __pa(kernel_to_user_pgdp(mm->pgd)) :
					  VMLAB_PA_NONE;
	out->out_root_bits = compat_lam_bits(mm);
	out->out_global_asid = compat_global_asid(mm);
}

bool vmlab_arch_root_entry(struct mm_struct *mm, unsigned int i,
			   struct vmlab_root_entry *out)
{
	const unsigned int shift = pgtable_l5_enabled() ? 48 : 39;
	pgd_t *pgdp = mm->pgd + i;

	BUILD_BUG_ON(PTRS_PER_PGD > VMLAB_ROOT_ENTRIES);
	out->entry = pgd_val(READ_ONCE(*pgdp));
	out->user_entry = pgd_val(READ_ONCE(*kernel_to_user_pgdp(pgdp)));
	/* The upper half has the sign before it. */
	out->va = (u64)i << shift;
	if (i >= PTRS_PER_PGD / 2)
		out->va |= vmlab_arch_kernel_start();
	return out->entry || out->user_entry;
}

/*
 * Documentation/arch/x86/x86_64/mm.rst. What KASLR moves comes from the variables that
 * it moves; the sizes are upper bounds, cut where the next region begins.
 */
unsigned int vmlab_arch_kernel_regions(struct vmlab_kregion *regions)
{
	const struct vmlab_kregion map[] = {
		{ PAGE_OFFSET, PAGE_OFFSET + MAXMEM, 0, VMLAB_KREGION_DIRECT },
		{ VMALLOC_START, VMEMORY_END + 1, VMLAB_PA_NONE, VMLAB_KREGION_VMALLOC },
		{ VMEMMAP_START,
		  VMEMMAP_START + (MAXMEM >> PAGE_SHIFT) * sizeof(struct page),
		  VMLAB_PA_NONE, VMLAB_KREGION_VMEMMAP },
#ifdef CONFIG_KASAN
		/* With 5 levels it begins within what one root entry covers, and all of that is mapped. */
		{ KASAN_SHADOW_START & PGDIR_MASK, KASAN_SHADOW_END, VMLAB_PA_NONE, VMLAB_KREGION_KASAN },
#endif
		{ CPU_ENTRY_AREA_BASE, CPU_ENTRY_AREA_BASE + P4D_SIZE, VMLAB_PA_NONE,
		  VMLAB_KREGION_ENTRY },
#ifdef CONFIG_X86_ESPFIX64
		{ ESPFIX_BASE_ADDR, ESPFIX_BASE_ADDR + P4D_SIZE, VMLAB_PA_NONE,
		  VMLAB_KREGION_ESPFIX },
#endif
#ifdef CONFIG_EFI
		{ EFI_VA_END, EFI_VA_START, VMLAB_PA_NONE, VMLAB_KREGION_EFI },
#endif
		{ __START_KERNEL_map, __START_KERNEL_map + KERNEL_IMAGE_SIZE, phys_base,
		  VMLAB_KREGION_IMAGE },
		{ MODULES_VADDR, MODULES_END, VMLAB_PA_NONE, VMLAB_KREGION_MODULES },
		{ FIXADDR_TOT_START, FIXADDR_TOP + PAGE_SIZE, VMLAB_PA_NONE,
		  VMLAB_KREGION_FIXMAP },
#ifdef CONFIG_MODIFY_LDT_SYSCALL
		/* The last one: only where there is KPTI. */
		{ LDT_BASE_ADDR, LDT_END_ADDR, VMLAB_PA_NONE, VMLAB_KREGION_LDT },
#endif
	};
	unsigned int nr = ARRAY_SIZE(map);

	BUILD_BUG_ON(ARRAY_SIZE(map) > VMLAB_MAX_KREGIONS);
	if (IS_ENABLED(CONFIG_MODIFY_LDT_SYSCALL) && !boot_cpu_has(X86_FEATURE_PTI))
		nr--;
	memcpy(regions, map, nr * sizeof(*regions));
	return nr;
}

/*
 * What save_fsgs() leaves in a task: with FSGSBASE the bases as they are; without, of
 * a selector that is not null what stands in its descriptor.
 */
static bool base_of(const struct thread_struct *thread, unsigned short selector,
		    unsigned long saved, u64 *base)
{
	unsigned int index = (selector >> 3) - GDT_ENTRY_TLS_MIN;

	*base = saved;
	if (!selector || boot_cpu_has(X86_FEATURE_FSGSBASE))
		return true;
	/* A segment of an LDT: nobody has those any more. */
	if (index >= GDT_ENTRY_TLS_ENTRIES)
		return false;
	/* The thread may run again, and write there: who asks sees that, and takes nothing. */
	*base = data_race(get_desc_base(&thread->tls_array[index]));
	return true;
}

void vmlab_arch_thread(const struct task_struct *task, struct vmlab_thread *out)
{
	const struct thread_struct *thread = &task->thread;

	if (base_of(thread, READ_ONCE(thread->fsindex), READ_ONCE(thread->fsbase), &out->out_tp))
		out->out_known |= VMLAB_THREAD_TP;
	if (base_of(thread, READ_ONCE(thread->gsindex), READ_ONCE(thread->gsbase), &out->out_gs))
		out->out_known |= VMLAB_THREAD_GS;
	/* x86_pkru_load() stashes it. */
	if (boot_cpu_has(X86_FEATURE_OSPKE)) {
		out->out_keys = READ_ONCE(thread->pkru);
		out->out_known |= VMLAB_THREAD_KEYS;
	}
}
