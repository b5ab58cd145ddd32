// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64.c - the machine, as arm64 Linux runs it.
 *
 * What a register says about this CPU is taken from the register, what the kernel
 * decided for all of them from the kernel.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/cpufeature.h>
#include <asm/fixmap.h>
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
#include <asm/kasan.h>
#endif
#include <asm/memory.h>
#include <asm/mmu.h>
#include <asm/processor.h>
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
/* With others the root can be smaller than a page (16 KiB and 48 bits: two entries). */
#if PAGE_SHIFT != 12
#error "vmlab: arm64 kernels with base pages of 16 or 64 KiB are not known yet"
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

/* Does the kernel's image have @va mapped? It lies at a fixed distance from its frames. */
static bool in_image(u64 va)
{
	u64 pa;

	return vmlab_kernel_translate(va, &pa) && pa == va - kimage_voffset;
}

/* What was freed after boot leaves no wider hole in the image than this. */
#define IMAGE_HOLE	SZ_32M

static u64 image_start, image_end;

/*
 * Where the image lies is in no symbol that a module may use; but one of its variables
 * is, and all of it is mapped at one distance. Between code and data a hole is left
 * where __init was.
 */
static void find_image(void)
{
	u64 known = (u64)&kimage_voffset & PAGE_MASK, va;

	image_start = known;
	image_end = known;
	for (va = known; image_start - va < IMAGE_HOLE; va -= PAGE_SIZE)
		if (in_image(va))
			image_start = va;
	for (va = known; va - image_end < IMAGE_HOLE; va += PAGE_SIZE)
		if (in_image(va))
			image_end = va + PAGE_SIZE;
}

void vmlab_arch_init(void)
{
	find_image();
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
	info->out_kernel_start = vmlab_arch_kernel_start();
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

u64 vmlab_arch_kernel_start(void)
{
	return ~0ULL << vabits_actual;
}

/*
 * TTBR1_EL1 as the MMU takes it (Arm ARM D17.2): bit 0 is CnP, bits 63-48 are an ASID,
 * and with physical addresses of 52 bits, bits 5-2 are bits 51-48 of the table's. KPTI
 * gives user mode another one, and the kernel this one back before anything else. The
 * tree has no more levels than va_bits take: what the kernel folds is not there.
 */
void vmlab_arch_kernel_root(struct vmlab_kernel_root *root)
{
	u64 ttbr = read_sysreg(ttbr1_el1);

	root->va_bits = vabits_actual;
	root->level = DIV_ROUND_UP(root->va_bits - PAGE_SHIFT, PAGE_SHIFT - 3);
	root->pa = ttbr & GENMASK_ULL(47, 1);
	if (IS_ENABLED(CONFIG_ARM64_PA_BITS_52))
		root->pa = (ttbr & GENMASK_ULL(47, 6)) | (ttbr & GENMASK_ULL(5, 2)) << 46;
}

/*
 * ASIDs are in TTBR1 (TCR_EL1.A1). What user mode runs on under KPTI is what
 * tramp_unmap_kernel of arch/arm64/kernel/entry.S makes of it: a root with nothing but
 * the trampoline, and the odd ASID of the pair.
 */
void vmlab_arch_registers(u64 *regs)
{
	u64 ttbr1 = read_sysreg(ttbr1_el1);

	regs[VMLAB_ARM64_REG_TTBR0] = read_sysreg(ttbr0_el1);
	regs[VMLAB_ARM64_REG_TTBR1] = ttbr1;
	regs[VMLAB_ARM64_REG_TCR] = read_sysreg(tcr_el1);
#ifdef CONFIG_ARM64_SW_TTBR0_PAN
	if (system_uses_ttbr0_pan())
		regs[VMLAB_ARM64_REG_SAVED_TTBR0] =
			READ_ONCE(current_thread_info()->ttbr0);
#endif
	if (arm64_kernel_unmapped_at_el0())
		regs[VMLAB_ARM64_REG_USER_TTBR1] =
			(ttbr1 - TRAMP_SWAPPER_OFFSET) | USER_ASID_FLAG;
}

/* Without the ASID, CnP, and the bit beside it that nobody uses. */
#define TTBR_ROOT	GENMASK_ULL(47, 2)

bool vmlab_arch_holds(const u64 *regs, struct mm_struct *mm)
{
	u64 ttbr0 = regs[VMLAB_ARM64_REG_SAVED_TTBR0] ?: regs[VMLAB_ARM64_REG_TTBR0];

	/* init_mm's root is a part of the image, of which CONFIG_DEBUG_VIRTUAL would complain. */
	return (ttbr0 & TTBR_ROOT) == phys_to_ttbr(__pa_nodebug(mm->pgd));
}

u64 vmlab_arch_context(struct mm_struct *mm)
{
	return atomic64_read(&mm->context.id);
}

void vmlab_arch_mm(struct mm_struct *mm, struct vmlab_mm *out)
{
	out->out_root = virt_to_phys(mm->pgd);
	out->out_user_root = VMLAB_PA_NONE;
}

/* One root for the user half, and one for the kernel's that is nobody's own. */
bool vmlab_arch_root_entry(struct mm_struct *mm, unsigned int i,
			   struct vmlab_root_entry *out)
{
	return false;
}

/* Documentation/arch/arm64/memory.rst; asm/memory.h has the addresses. */
unsigned int vmlab_arch_kernel_regions(struct vmlab_kregion *regions)
{
	const u64 linear = _PAGE_OFFSET(vabits_actual);
	const u64 fixmap = FIXADDR_TOP - ((u64)__end_of_fixed_addresses << PAGE_SHIFT);
	/* The image is a part of the vmalloc area, wherever KASLR has put it. */
	const struct vmlab_kregion map[] = {
		{ linear, PAGE_END, __pa(linear), VMLAB_KREGION_DIRECT },
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
		{ KASAN_SHADOW_START, KASAN_SHADOW_END, VMLAB_PA_NONE,
		  VMLAB_KREGION_KASAN },
#endif
		{ MODULES_VADDR, MODULES_END, VMLAB_PA_NONE, VMLAB_KREGION_MODULES },
		{ VMALLOC_START, image_start, VMLAB_PA_NONE, VMLAB_KREGION_VMALLOC },
		{ image_start, image_end, image_start - kimage_voffset, VMLAB_KREGION_IMAGE },
		{ image_end, VMALLOC_END, VMLAB_PA_NONE, VMLAB_KREGION_VMALLOC },
		/* Below, what was set aside for addresses the machine does not have. */
		{ (u64)virt_to_page((void *)linear), VMEMMAP_START + VMEMMAP_SIZE,
		  VMLAB_PA_NONE, VMLAB_KREGION_VMEMMAP },
		{ PCI_IO_START, PCI_IO_END, VMLAB_PA_NONE, VMLAB_KREGION_PCI_IO },
		{ fixmap, FIXADDR_TOP, VMLAB_PA_NONE, VMLAB_KREGION_FIXMAP },
	};

	BUILD_BUG_ON(ARRAY_SIZE(map) > VMLAB_MAX_KREGIONS);
	memcpy(regions, map, sizeof(map));
	return ARRAY_SIZE(map);
}

/* tls_preserve_current_state() leaves it there: TPIDR_EL0, of 32-bit programs TPIDRURO. */
void vmlab_arch_thread(const struct task_struct *task, struct vmlab_thread *out)
{
	out->out_tp = READ_ONCE(*task_user_tls((struct task_struct *)task));
	out->out_known |= VMLAB_THREAD_TP;
	/* permission_overlay_switch() leaves it there. */
#ifdef ARM64_HAS_S1POE
	if (cpus_have_cap(ARM64_HAS_S1POE)) {
		out->out_keys = READ_ONCE(task->thread.por_el0);
		out->out_known |= VMLAB_THREAD_KEYS;
	}
#endif
}
