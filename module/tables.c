// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables.c - the page tables that serve a range: how many, where, how full.
 */
#include <linux/mm.h>

#include "chunk.h"
#include "vmlab.h"

static int walk(struct vmlab_chunks *chunks, struct vm_area_struct *vma,
		unsigned long start, unsigned long end, long *budget, unsigned long *next)
{
	return vmlab_walk_vma_tables(vma, start, end, chunks->records, budget, next);
}

/* TABLES: chunk by chunk, copied out without the mmap lock. */
long vmlab_tables(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_records tables = { .size = sizeof(struct vmlab_table) };
	struct vmlab_tables *ask = call->arg;
	struct vmlab_chunks chunks = {
		.start = ask->start,
		.end = ask->end,
		.buf = ask->buf,
		.nr_recs = ask->nr_recs,
		.rec_size = ask->rec_size,
		.records = &tables,
		.walk = walk,
	};
	long ret;

	if (ask->flags)
		return -EOPNOTSUPP;
	ret = vmlab_chunks_check_buf(ask->nr_recs, VMLAB_MAX_LEVELS, ask->rec_size, tables.size);
	if (!ret)
		ret = vmlab_chunks_check_range(ask->start, ask->end);
	if (ret)
		return ret;
	/*
	 * Which tables there are tells where memory was touched: more than /proc. And
	 * where they are reported, where VMAs begin.
	 */
	if (!target->physical || !target->vmas)
		return -EPERM;
	ret = vmlab_chunks_collect(target, &chunks);
	ask->out_next = chunks.out_next;
	ask->out_nr = chunks.out_nr;
	return ret;
}
