// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.c - every entry of a range: in runs with all facts, or raw.
 */
#include <linux/mm.h>

#include "chunk.h"
#include "runs.h"
#include "vmlab.h"

/**
 * struct scan - one SCAN under way
 * @chunks: first, so that one leads to the other
 * @runs: VMLAB_FORMAT_RUNS
 * @raws: VMLAB_FORMAT_RAW
 */
struct scan {
	struct vmlab_chunks chunks;
	union {
		struct vmlab_runs runs;
		struct vmlab_raws raws;
	};
};

static void begin_runs(struct vmlab_chunks *chunks)
{
	struct scan *scan = container_of(chunks, struct scan, chunks);

	scan->runs.stretch = (struct vmlab_stretch) { .next = VMLAB_NEVER };
	scan->runs.way.pmdp = NULL;
}

static int walk_runs(struct vmlab_chunks *chunks, struct vm_area_struct *vma,
		     unsigned long start, unsigned long end, long *budget,
		     unsigned long *next)
{
	struct scan *scan = container_of(chunks, struct scan, chunks);

	return vmlab_walk_vma(vma, start, end, &scan->runs, budget, next);
}

static int walk_raws(struct vmlab_chunks *chunks, struct vm_area_struct *vma,
		     unsigned long start, unsigned long end, long *budget,
		     unsigned long *next)
{
	struct scan *scan = container_of(chunks, struct scan, chunks);

	return vmlab_walk_vma_raw(vma, start, end, &scan->raws, budget, next);
}

static int check(const struct vmlab_target *target, const struct vmlab_scan *ask)
{
	const u64 filters = ask->all_of | ask->any_of | ask->none_of;
	size_t size = sizeof(struct vmlab_run);
	int ret;

	if (ask->flags || filters & ~VMLAB_FACTS_KNOWN)
		return -EOPNOTSUPP;
	if (ask->format == VMLAB_FORMAT_RAW) {
		/* There are no facts to filter by. */
		if (filters || ask->min_mapcount)
			return -EOPNOTSUPP;
		size = sizeof(struct vmlab_raw);
	} else if (ask->format != VMLAB_FORMAT_RUNS) {
		return -EOPNOTSUPP;
	}
	ret = vmlab_chunks_check_buf(ask->nr_recs, 1, ask->rec_size, size);
	if (!ret)
		ret = vmlab_chunks_check_range(ask->start, ask->end);
	if (!ret && ask->format == VMLAB_FORMAT_RAW && !target->physical)
		ret = -EPERM;
	return ret;
}

static void want_runs(struct scan *scan, const struct vmlab_target *target,
		      const struct vmlab_scan *ask)
{
	scan->runs = (struct vmlab_runs) {
		.out.size = sizeof(struct vmlab_run),
		.physical = target->physical,
		.shown = target->shown,
		.end = ask->end,
		.all_of = ask->all_of,
		.any_of = ask->any_of,
		.none_of = ask->none_of,
		.min_mapcount = ask->min_mapcount,
	};
	scan->chunks.records = &scan->runs.out;
	scan->chunks.begin = begin_runs;
	scan->chunks.walk = walk_runs;
}

static void want_raws(struct scan *scan)
{
	scan->raws = (struct vmlab_raws) { .out.size = sizeof(struct vmlab_raw) };
	scan->chunks.records = &scan->raws.out;
	scan->chunks.walk = walk_raws;
}

long vmlab_scan(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_scan *ask = call->arg;
	struct scan scan = {
		.chunks = {
			.start = ask->start,
			.end = ask->end,
			.buf = ask->buf,
			.nr_recs = ask->nr_recs,
			.rec_size = ask->rec_size,
			.grows = true,
		},
	};
	long ret;

	ret = check(target, ask);
	if (ret)
		return ret;
	if (ask->format == VMLAB_FORMAT_RAW)
		want_raws(&scan);
	else
		want_runs(&scan, target, ask);
	ret = vmlab_chunks_collect(target, &scan.chunks);
	ask->out_next = scan.chunks.out_next;
	ask->out_nr = scan.chunks.out_nr;
	ask->out_flags = target->out_flags;
	return ret;
}
