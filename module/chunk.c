// SPDX-License-Identifier: GPL-2.0-only
/*
 * chunk.c - a range of an address space, a bounded chunk at a time.
 *
 * Each chunk is collected into the descriptor's own buffer under the mmap lock and
 * copied out without it: a fault on the caller's buffer could need the very lock that
 * a writer is queued for.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "arch/arch.h"
#include "chunk.h"
#include "vmlab.h"

int vmlab_chunks_check_range(u64 start, u64 end)
{
	if (!PAGE_ALIGNED(start) || !PAGE_ALIGNED(end) || end < start)
		return -EINVAL;
	if (end > vmlab_arch_user_end())
		return -ERANGE;
	return 0;
}

int vmlab_chunks_check_buf(u32 nr_recs, u32 min_recs, u32 rec_size, size_t size)
{
	if (nr_recs < min_recs || rec_size < size || rec_size > PAGE_SIZE)
		return -EINVAL;
	return 0;
}

/* One chunk, under the mmap lock. Returns where to go on. */
static unsigned long collect(struct vmlab_chunks *chunks, struct mm_struct *mm,
			     unsigned long addr, bool *full)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;
	long budget = VMLAB_CHUNK_BUDGET;

	*full = false;
	if (chunks->begin)
		chunks->begin(chunks);
	for_each_vma_range(vmi, vma, chunks->end) {
		unsigned long stop = min_t(u64, chunks->end, vma->vm_end), next;

		/* What lies between is answered: there is nothing. */
		addr = max(addr, vma->vm_start);
		if (budget <= 0)
			return addr;
		*full = chunks->walk(chunks, vma, addr, stop, &budget, &next);
		addr = next;
		if (*full || addr < stop)
			return addr;
		budget -= VMLAB_VMA_COST;
	}
	return chunks->end;
}

int vmlab_chunks_copy_out(struct vmlab_chunks *chunks, u32 nr)
{
	void __user *to = u64_to_user_ptr(chunks->buf) +
			  (size_t)chunks->out_nr * chunks->rec_size;
	struct vmlab_records *records = chunks->records;
	const size_t size = records->size;
	const void *from = records->recs;
	u32 i;

	if (chunks->rec_size == size) {
		if (copy_to_user(to, from, nr * size))
			return -EFAULT;
	} else {
		for (i = 0; i < nr; i++, to += chunks->rec_size)
			if (copy_to_user(to, from + i * size, size))
				return -EFAULT;
	}
	chunks->out_nr += nr;
	records->nr -= nr;
	memmove(records->recs, from + nr * size, records->nr * size);
	return 0;
}

/* The same, with the address space entered: not while records are copied out, see below. */
static long collect_locked(struct vmlab_target *target, struct vmlab_chunks *chunks,
			   unsigned long *addr, bool *full)
{
	struct mm_struct *mm = vmlab_target_enter(target);
	long ret = 0;

	if (!mm)
		return -ESRCH;
	if (mmap_read_lock_killable(mm)) {
		ret = -EINTR;
		goto leave;
	}
	if (*addr < chunks->end)
		*addr = collect(chunks, mm, *addr, full);
	mmap_read_unlock(mm);
leave:
	vmlab_target_leave(mm);
	return ret;
}

/*
 * Who copies out may wait for as long as the caller likes (userfaultfd, FUSE): a target that
 * exits meanwhile takes its memory with it.
 */
static long collect_all(struct vmlab_target *target, struct vmlab_chunks *chunks)
{
	struct vmlab_records *records = chunks->records;
	const u32 most = VMLAB_CHUNK_BYTES / records->size;
	unsigned long addr = chunks->start;
	long ret = 0;
	bool full = false;

	/* Who asks about nothing is told, too, that there is nobody any more. */
	do {
		u32 left = chunks->nr_recs - chunks->out_nr;

		records->max = min(most, left);
		ret = collect_locked(target, chunks, &addr, &full);
		if (ret)
			break;

		if (full && left <= most)
			break;
		if (records->nr > chunks->grows)
			ret = vmlab_chunks_copy_out(chunks, records->nr - chunks->grows);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret || signal_pending(current))
			break;
		cond_resched();
	} while (addr < chunks->end);
	if (!ret)
		ret = vmlab_chunks_copy_out(chunks, records->nr);
	chunks->out_next = addr;
	return ret;
}

long vmlab_chunks_collect(struct vmlab_target *target, struct vmlab_chunks *chunks)
{
	long ret;

	ret = vmlab_target_lock_buf(target);
	if (ret)
		return ret;
	chunks->records->recs = target->buf;
	ret = collect_all(target, chunks);
	vmlab_target_unlock_buf(target);
	return ret;
}
