// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables.c - the page tables that serve a range: how many, where, how full.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "vmlab.h"

static int check(const struct vmlab_tables *ask)
{
	if (ask->flags)
		return -EOPNOTSUPP;
	if (ask->nr_recs < VMLAB_MAX_LEVELS || ask->rec_size < sizeof(struct vmlab_table) ||
	    ask->rec_size > PAGE_SIZE)
		return -EINVAL;
	return vmlab_scan_check_range(ask->start, ask->end);
}

static unsigned long collect(struct mm_struct *mm, unsigned long addr, unsigned long end,
			     struct vmlab_table_list *list, bool *full)
{
	struct vm_area_struct *vma;
	long budget = VMLAB_CHUNK_BUDGET;
	unsigned long stop, next;

	*full = false;
	while (addr < end && budget > 0) {
		vma = find_vma(mm, addr);
		if (!vma || vma->vm_start >= end)
			return end;
		stop = min(end, vma->vm_end);
		*full = vmlab_walk_vma_tables(vma, max(addr, vma->vm_start), stop, list,
					      &budget, &next);
		addr = next;
		if (*full)
			break;
		budget -= VMLAB_VMA_COST;
	}
	return addr;
}

static int copy_out(struct vmlab_tables *ask, const struct vmlab_table_list *list)
{
	void __user *to = u64_to_user_ptr(ask->buf) + (size_t)ask->out_nr * ask->rec_size;
	u32 i;

	for (i = 0; i < list->nr; i++, to += ask->rec_size)
		if (copy_to_user(to, &list->recs[i], sizeof(list->recs[i])))
			return -EFAULT;
	ask->out_nr += list->nr;
	return 0;
}

/* TABLES: chunk by chunk, copied out without the mmap lock. */
long vmlab_tables(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	const u32 chunk = VMLAB_CHUNK_BYTES / sizeof(struct vmlab_table);
	struct vmlab_tables *ask = call->arg;
	struct vmlab_table_list list;
	struct mm_struct *mm;
	unsigned long addr;
	bool full;
	long ret;

	ret = check(ask);
	if (ret)
		return ret;
	/*
	 * Which tables there are tells where memory was touched: more than /proc. And
	 * where they are reported, where VMAs begin.
	 */
	if (!target->physical || !target->vmas)
		return -EPERM;
	ret = vmlab_target_lock_buf(target);
	if (ret)
		return ret;
	list.recs = target->buf;
	mm = vmlab_target_enter(target);
	if (!mm) {
		ret = -ESRCH;
		goto unlock;
	}

	addr = ask->start;
	while (addr < ask->end) {
		u32 left = ask->nr_recs - ask->out_nr;

		list.nr = 0;
		list.max = min(chunk, left);
		if (mmap_read_lock_killable(mm)) {
			ret = -EINTR;
			break;
		}
		addr = collect(mm, addr, ask->end, &list, &full);
		mmap_read_unlock(mm);
		ret = copy_out(ask, &list);
		if (ret || signal_pending(current) || (full && left <= chunk))
			break;
		cond_resched();
	}
	ask->out_next = addr;
	vmlab_target_leave(mm);
unlock:
	vmlab_target_unlock_buf(target);
	return ret;
}
