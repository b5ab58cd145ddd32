/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chunk.h - a range of an address space, VMA by VMA, a bounded piece at a time: what
 * all bulk queries have in common.
 */
#ifndef VMLAB_CHUNK_H
#define VMLAB_CHUNK_H

#include <linux/mm_types.h>

struct vmlab_target;

/**
 * struct vmlab_records - records on their way to the caller
 * @recs: room for them, the descriptor's buffer
 * @nr: records in use
 * @max: records there is room for
 * @size: of one
 */
struct vmlab_records {
	void *recs;
	u32 nr;
	u32 max;
	u32 size;
};

/**
 * struct vmlab_chunks - a bulk query under way
 * @start: where it begins,
 * @end: and ends
 * @buf: where the caller wants the records,
 * @nr_recs: how many there is room for,
 * @rec_size: and the distance between two
 * @records: what @walk fills; its size is set by whoever asks
 * @begin: called when a chunk begins: what was learnt under the last hold of the mmap
 *	lock holds no more. May be NULL
 * @grows: the last record may still grow, and stays behind until it is known that it
 *	does not; so that chunks leave no trace in the answer
 * @walk: takes [start, end) of one VMA in; reduces *budget by what that cost, says in
 *	*next where it stopped. -ENOSPC when there is no room for another record
 * @out_next: where to go on; @end when done
 * @out_nr: records written
 */
struct vmlab_chunks {
	u64 start;
	u64 end;
	u64 buf;
	u32 nr_recs;
	u32 rec_size;
	struct vmlab_records *records;
	bool grows;
	void (*begin)(struct vmlab_chunks *chunks);
	int (*walk)(struct vmlab_chunks *chunks, struct vm_area_struct *vma,
		    unsigned long start, unsigned long end, long *budget,
		    unsigned long *next);
	u64 out_next;
	u32 out_nr;
};

/* The rules for every range of the contract: 0, -EINVAL or -ERANGE. */
int vmlab_chunks_check_range(u64 start, u64 end);
/* The same for the caller's buffer; @min_recs is the least that gets anywhere. */
int vmlab_chunks_check_buf(u32 nr_recs, u32 min_recs, u32 rec_size, size_t size);
/* Hands the first @nr records to the caller; those behind move to the front. */
int vmlab_chunks_copy_out(struct vmlab_chunks *chunks, u32 nr);
/* 0 or -errno; on an error the outputs say nothing. */
long vmlab_chunks_collect(struct vmlab_target *target, struct vmlab_chunks *chunks);

#endif /* VMLAB_CHUNK_H */
