// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c - the VMAs of an address space: what was asked for.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pkeys.h>

#include "chunk.h"
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

	/* Bits 0 to 2, as they are in ours: a shift does for tens of thousands of VMAs. */
	BUILD_BUG_ON(VMLAB_FACT_ASKED_READ != (u64)VM_READ << 48 ||
		     VMLAB_FACT_ASKED_WRITE != (u64)VM_WRITE << 48 ||
		     VMLAB_FACT_ASKED_EXEC != (u64)VM_EXEC << 48);
	facts |= (u64)(vm & (VM_READ | VM_WRITE | VM_EXEC)) << 48;
	if (vm & VM_MAYSHARE)
		facts |= VMLAB_FACT_SHARED;
	if (vma->vm_file)
		facts |= VMLAB_FACT_VMA_FILE;
	/* A fresh mapping counts as dirty as a whole, as in pagemap. */
	if (vm & VM_SOFTDIRTY)
		facts |= VMLAB_FACT_SOFT_DIRTY;
	return facts;
}

/**
 * struct list - one VMAS under way
 * @chunks: leads to the rest
 * @physical: the caller may see what comes from frames
 */
struct list {
	struct vmlab_chunks chunks;
	bool physical;
};

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
	/* A first fault sets it, beside us. */
	if (physical && READ_ONCE(vma->anon_vma))
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

static int walk(struct vmlab_chunks *chunks, struct vm_area_struct *vma,
		unsigned long start, unsigned long end, long *budget, unsigned long *next)
{
	const struct list *list = container_of(chunks, struct list, chunks);
	struct vmlab_records *records = chunks->records;
	struct vmlab_vma *recs = records->recs;

	*next = start;
	if (records->nr == records->max)
		return -ENOSPC;
	describe(vma, list->physical, &recs[records->nr++]);
	*budget -= DESCRIBE_COST;
	*next = end;
	return 0;
}

/* VMAS: the VMAs that overlap a range, a chunk of them for each mmap lock. */
long vmlab_vma_list(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_records vmas = { .size = sizeof(struct vmlab_vma) };
	struct vmlab_vmas *ask = call->arg;
	struct list list = {
		.chunks = {
			.start = ask->start,
			.end = ask->end,
			.buf = ask->buf,
			.nr_recs = ask->nr_recs,
			.rec_size = ask->rec_size,
			.records = &vmas,
			.walk = walk,
		},
		.physical = target->physical,
	};
	long ret;

	if (ask->flags)
		return -EOPNOTSUPP;
	ret = vmlab_chunks_check_buf(ask->nr_recs, 1, ask->rec_size, vmas.size);
	if (!ret)
		ret = vmlab_chunks_check_range(ask->start, ask->end);
	if (ret)
		return ret;
	if (!target->vmas)
		return -EPERM;
	ret = vmlab_chunks_collect(target, &list.chunks);
	ask->out_next = list.chunks.out_next;
	ask->out_nr = list.chunks.out_nr;
	ask->out_flags = target->out_flags & VMLAB_OUT_HIDDEN;
	return ret;
}
