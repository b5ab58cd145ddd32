// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64.c - the machine, as arm64 Linux runs it.
 *
 * What a register says about this CPU is taken from the register, what the kernel
 * decided for all of them from the kernel.
 */
#include <linux/mm.h>

#include <asm/cpufeature.h>
#include <asm/memory.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>

#include "arch.h"
#include "../vmlab.h"

u64 vmlab_arm64_ap2_of_dbm;

/* What the kernel found on all CPUs and uses; its own words for it. */
static const struct {
	unsigned int cap;
	u64 feature;
} caps[] = {
	{ ARM64_HAS_PAN,	VMLAB_ARM64_PAN },
	{ ARM64_HAS_EPAN,	VMLAB_ARM64_EPAN },
	{ ARM64_HAS_E0PD,	VMLAB_ARM64_E0PD },
	{ ARM64_HAS_CNP,	VMLAB_ARM64_CNP },
	{ ARM64_BTI,		VMLAB_ARM64_BTI },
	{ ARM64_MTE,		VMLAB_ARM64_MTE },
#ifdef ARM64_HAS_S1POE
	{ ARM64_HAS_S1POE,	VMLAB_ARM64_POE },
#endif
};

/* TCR_EL1.IPS: width of a physical address. */
static const u8 pa_bits[8] = { 32, 36, 40, 42, 44, 48, 52, 56 };

#if CONFIG_PGTABLE_LEVELS < 4
#error "vmlab: arm64 kernels with fewer than 4 levels of page tables are not known yet"
#endif

/* The form of this kernel's entries, by what its headers define. */
#ifdef PTE_PROT_NONE
#define FORM_PROTNONE	VMLAB_ARM64_PROTNONE_58
#else
#define FORM_PROTNONE	VMLAB_ARM64_PROTNONE_NG
#endif
#ifdef PTE_DEVMAP
#define FORM_DEVMAP	VMLAB_ARM64_DEVMAP_57
#else
#define FORM_DEVMAP	0
#endif
#ifdef CONFIG_HAVE_ARCH_USERFAULTFD_WP
#define FORM_UFFD	VMLAB_ARM64_UFFD_58
#else
#define FORM_UFFD	0
#endif
#define FORMS		(FORM_PROTNONE | FORM_DEVMAP | FORM_UFFD)

void vmlab_arch_init(void)
{
	if (read_sysreg(tcr_el1) & TCR_HD)
		vmlab_arm64_ap2_of_dbm = PTE_DBM;
}

static u64 features(void)
{
	u64 found = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (cpus_have_cap(caps[i].cap))
			found |= caps[i].feature;
	if (arm64_kernel_unmapped_at_el0())
		found |= VMLAB_ARM64_KPTI;
	/* As the fold of permissions has it, on whichever CPU we are asked. */
	if (vmlab_arm64_ap2_of_dbm)
		found |= VMLAB_ARM64_HAFDBS;
	if (vabits_actual > 48)
		found |= VMLAB_ARM64_LVA;
	return found | FORMS;
}

void vmlab_arch_info(struct vmlab_info *info)
{
	u64 tcr = read_sysreg(tcr_el1);

	info->out_arch = VMLAB_ARCH_ARM64;
	info->out_levels = mm_p4d_folded(current->mm) ? 4 : 5;
	info->out_va_bits = vabits_actual;
	info->out_pa_bits = pa_bits[(tcr & TCR_IPS_MASK) >> TCR_IPS_SHIFT];
	/* Dealt out to all CPUs together: arch/arm64/mm/context.c. */
	info->out_asid_bits = tcr & TCR_ASID16 ? 16 : 8;
	info->out_user_end = vmlab_arch_user_end();
	info->out_kernel_start = ~0ULL << vabits_actual;
	info->out_features = features();
	info->out_facts = VMLAB_FACTS_KNOWN;
	if (!IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		info->out_facts &= ~VMLAB_FACT_SOFT_DIRTY;
	if (!IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP))
		info->out_facts &= ~VMLAB_FACT_UFFD_WP;
}

bool vmlab_arch_user_root(struct mm_struct *mm, unsigned long va,
			  struct vmlab_entry *entry)
{
	return false;
}
