// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c - the VMAs of an address space: what was asked for.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pkeys.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "vmlab.h"

/* vm_flags in the words of the contract. Flags a kernel lacks are zero there. */
static const struct {
	unsigned long vm;
	u64 flag;
} vma_flags[] = {
	{ VM_READ,		VMLAB_VMA_READ },
	{ VM_WRITE,		VMLAB_VMA_WRITE },
	{ VM_EXEC,		VMLAB_VMA_EXEC },
	{ VM_SHARED,		VMLAB_VMA_SHARED },
	{ VM_MAYREAD,		VMLAB_VMA_MAYREAD },
	{ VM_MAYWRITE,		VMLAB_VMA_MAYWRITE },
	{ VM_MAYEXEC,		VMLAB_VMA_MAYEXEC },
	{ VM_MAYSHARE,		VMLAB_VMA_MAYSHARE },
	{ VM_GROWSDOWN,		VMLAB_VMA_GROWSDOWN },
	{ VM_PFNMAP,		VMLAB_VMA_PFNMAP },
	{ VM_MIXEDMAP,		VMLAB_VMA_MIXEDMAP },
	{ VM_IO,		VMLAB_VMA_IO },
	{ VM_LOCKED,		VMLAB_VMA_LOCKED },
	{ VM_HUGETLB,		VMLAB_VMA_HUGETLB },
	{ VM_HUGEPAGE,		VMLAB_VMA_HUGEPAGE },
	{ VM_NOHUGEPAGE,	VMLAB_VMA_NOHUGEPAGE },
	{ VM_MERGEABLE,		VMLAB_VMA_MERGEABLE },
	{ VM_DONTCOPY,		VMLAB_VMA_DONTCOPY },
	{ VM_WIPEONFORK,	VMLAB_VMA_WIPEONFORK },
	{ VM_SOFTDIRTY,		VMLAB_VMA_SOFTDIRTY },
	{ VM_UFFD_MISSING,	VMLAB_VMA_UFFD_MISSING },
	{ VM_UFFD_WP,		VMLAB_VMA_UFFD_WP },
	{ VM_UFFD_MINOR,	VMLAB_VMA_UFFD_MINOR },
	{ VM_DONTEXPAND,	VMLAB_VMA_DONTEXPAND },
	{ VM_DONTDUMP,		VMLAB_VMA_DONTDUMP },
	{ VM_ACCOUNT,		VMLAB_VMA_ACCOUNT },
	{ VM_NORESERVE,		VMLAB_VMA_NORESERVE },
};

/**
 * vmlab_vma_facts - what is true of every leaf in @vma
 * @vma: its mmap lock is held
 */
u64 vmlab_vma_facts(const struct vm_area_struct *vma)
{
	unsigned long vm = vma->vm_flags;
	u64 facts = VMLAB_FACT_VMA;

	if (vm & VM_READ)
		facts |= VMLAB_FACT_ASKED_READ;
	if (vm & VM_WRITE)
		facts |= VMLAB_FACT_ASKED_WRITE;
	if (vm & VM_EXEC)
		facts |= VMLAB_FACT_ASKED_EXEC;
	if (vm & VM_MAYSHARE)
		facts |= VMLAB_FACT_SHARED;
	if (vma->vm_file)
		facts |= VMLAB_FACT_VMA_FILE;
	/* A fresh mapping counts as dirty as a whole, as in pagemap. */
	if (vm & VM_SOFTDIRTY)
		facts |= VMLAB_FACT_SOFT_DIRTY;
	return facts;
}

/* What one record costs beside the search, in units of VMLAB_CHUNK_BUDGET. */
#define DESCRIBE_COST	2

static void describe(struct vm_area_struct *vma, bool physical, struct vmlab_vma *rec)
{
	unsigned long vm = vma->vm_flags;
	size_t i;

	memset(rec, 0, sizeof(*rec));
	rec->start = vma->vm_start;
	rec->end = vma->vm_end;
	for (i = 0; i < ARRAY_SIZE(vma_flags); i++)
		if (vm & vma_flags[i].vm)
			rec->flags |= vma_flags[i].flag;
	/* Not in /proc: whether it ever had a page of its own. */
	if (physical && vma->anon_vma)
		rec->flags |= VMLAB_VMA_ANON;
	if (vma->vm_file) {
		const struct inode *inode = compat_vma_inode(vma);

		rec->flags |= VMLAB_VMA_FILE;
		rec->pgoff = vma->vm_pgoff;
		rec->ino = inode->i_ino;
		rec->dev_major = MAJOR(inode->i_sb->s_dev);
		rec->dev_minor = MINOR(inode->i_sb->s_dev);
	}
	rec->pkey = vma_pkey(vma);
	rec->page_shift = ilog2(vma_kernel_pagesize(vma));
}

static int copy_out(const struct vmlab_vmas *vmas, u32 first,
		    const struct vmlab_vma *recs, u32 nr)
{
	void __user *to = u64_to_user_ptr(vmas->buf) + (size_t)first * vmas->rec_size;
	u32 i;

	for (i = 0; i < nr; i++, to += vmas->rec_size)
		if (copy_to_user(to, &recs[i], sizeof(recs[i])))
			return -EFAULT;
	return 0;
}

/* VMAS: the VMAs that overlap a range, a chunk of them for each mmap lock. */
long vmlab_vma_list(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	const u32 chunk = VMLAB_CHUNK_BUDGET / (VMLAB_VMA_COST + DESCRIBE_COST);
	struct vmlab_vmas *vmas = call->arg;
	struct vmlab_vma *recs;
	struct mm_struct *mm;
	u64 addr;
	long ret;

	if (vmas->flags)
		return -EOPNOTSUPP;
	if (!vmas->nr_recs || vmas->rec_size < sizeof(*recs) ||
	    vmas->rec_size > PAGE_SIZE)
		return -EINVAL;
	ret = vmlab_scan_check_range(vmas->start, vmas->end);
	if (ret)
		return ret;
	if (!target->vmas)
		return -EPERM;
	ret = vmlab_target_lock_buf(target);
	if (ret)
		return ret;
	BUILD_BUG_ON(VMLAB_CHUNK_BUDGET / (VMLAB_VMA_COST + DESCRIBE_COST) >
		     VMLAB_CHUNK_BYTES / sizeof(*recs));
	recs = target->buf;
	mm = vmlab_target_enter(target);
	if (!mm) {
		ret = -ESRCH;
		goto unlock;
	}

	addr = vmas->start;
	while (addr < vmas->end && vmas->out_nr < vmas->nr_recs) {
		u32 max = min(chunk, vmas->nr_recs - vmas->out_nr);
		struct vm_area_struct *vma;
		u32 nr = 0;

		if (mmap_read_lock_killable(mm)) {
			ret = -EINTR;
			break;
		}
		while (nr < max && addr < vmas->end) {
			vma = find_vma(mm, addr);
			if (!vma || vma->vm_start >= vmas->end) {
				addr = vmas->end;
				break;
			}
			describe(vma, target->physical, &recs[nr++]);
			addr = min_t(u64, vma->vm_end, vmas->end);
		}
		mmap_read_unlock(mm);
		ret = copy_out(vmas, vmas->out_nr, recs, nr);
		if (ret)
			break;
		vmas->out_nr += nr;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	vmas->out_next = addr;
	vmas->out_flags = target->out_flags & VMLAB_OUT_HIDDEN;
	vmlab_target_leave(mm);
unlock:
	vmlab_target_unlock_buf(target);
	return ret;
}
