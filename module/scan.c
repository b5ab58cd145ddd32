// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.c - a range of an address space, in runs, a bounded chunk at a time.
 *
 * Each chunk is collected into the descriptor's own buffer under the mmap lock
 * and copied out without it: a fault on the caller's buffer could need the very
 * lock that a writer is queued for. The last run stays behind until it is known
 * that it grows no more, so that chunks leave no trace in the answer.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "runs.h"
#include "vmlab.h"

/* The rules for every range of the contract. */
int vmlab_scan_check_range(u64 start, u64 end)
{
	if (!PAGE_ALIGNED(start) || !PAGE_ALIGNED(end) || end < start)
		return -EINVAL;
	if (end > vmlab_arch_user_end())
		return -ERANGE;
	return 0;
}

static int check(const struct vmlab_scan *scan)
{
	u64 filters = scan->all_of | scan->any_of | scan->none_of;

	if (scan->flags || filters & ~VMLAB_FACTS_KNOWN ||
	    scan->format != VMLAB_FORMAT_RUNS)
		return -EOPNOTSUPP;
	if (!scan->nr_recs || scan->rec_size < sizeof(struct vmlab_run) ||
	    scan->rec_size > PAGE_SIZE)
		return -EINVAL;
	return vmlab_scan_check_range(scan->start, scan->end);
}

/* One chunk, under the mmap lock. Returns where to go on. */
static unsigned long collect(struct mm_struct *mm, unsigned long addr,
			     unsigned long end, struct vmlab_runs *runs, bool *full)
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
		*full = vmlab_walk_vma(vma, max(addr, vma->vm_start), stop, runs,
				       &budget, &next);
		addr = next;
		if (*full)
			break;
		budget -= VMLAB_VMA_COST;
	}
	return addr;
}

/* Hands the first @nr records to the caller; those behind move to the front. */
static int copy_out(struct vmlab_scan *scan, struct vmlab_runs *runs, u32 nr)
{
	void __user *to = u64_to_user_ptr(scan->buf) +
			  (size_t)scan->out_nr * scan->rec_size;
	u32 i;

	if (scan->rec_size == sizeof(*runs->recs)) {
		if (copy_to_user(to, runs->recs, nr * sizeof(*runs->recs)))
			return -EFAULT;
	} else {
		for (i = 0; i < nr; i++, to += scan->rec_size)
			if (copy_to_user(to, &runs->recs[i], sizeof(runs->recs[i])))
				return -EFAULT;
	}
	scan->out_nr += nr;
	runs->nr -= nr;
	memmove(runs->recs, runs->recs + nr, runs->nr * sizeof(*runs->recs));
	return 0;
}

long vmlab_scan(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	const u32 chunk = VMLAB_CHUNK_BYTES / sizeof(struct vmlab_run);
	struct vmlab_scan *scan = call->arg;
	struct vmlab_runs runs = {
		.physical = target->physical,
		.shown = target->shown,
		.start = scan->start,
		.end = scan->end,
		.all_of = scan->all_of,
		.any_of = scan->any_of,
		.none_of = scan->none_of,
		.min_mapcount = scan->min_mapcount,
	};
	struct mm_struct *mm;
	unsigned long addr;
	bool full;
	long ret;

	ret = check(scan);
	if (ret)
		return ret;
	ret = vmlab_target_lock_buf(target);
	if (ret)
		return ret;
	runs.recs = target->buf;
	mm = vmlab_target_enter(target);
	if (!mm) {
		ret = -ESRCH;
		goto unlock;
	}

	addr = scan->start;
	while (addr < scan->end) {
		u32 left = scan->nr_recs - scan->out_nr;

		runs.max = min(chunk, left);
		if (mmap_read_lock_killable(mm)) {
			ret = -EINTR;
			break;
		}
		addr = collect(mm, addr, scan->end, &runs, &full);
		mmap_read_unlock(mm);

		if (full && left <= chunk)
			break;
		if (runs.nr > 1)
			ret = copy_out(scan, &runs, runs.nr - 1);
		if (ret || signal_pending(current))
			break;
		cond_resched();
	}
	if (!ret)
		ret = copy_out(scan, &runs, runs.nr);
	scan->out_next = addr;
	scan->out_flags = target->out_flags;
	vmlab_target_leave(mm);
unlock:
	vmlab_target_unlock_buf(target);
	return ret;
}
