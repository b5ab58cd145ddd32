/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index.h - the index without its processes: what index.c fills it with, and what
 * tests fill it with that need none.
 */
#ifndef VMLAB_INDEX_H
#define VMLAB_INDEX_H

#include "libvmlab.h"

/* More than this many lanes are slower to merge than they are faster to fill. */
#define VMLAB_INDEX_LANES	8

/*
 * An empty index of @nr processes, in ascending order of @pids, with room for
 * @lanes threads to fill it. NULL without memory.
 */
struct vmlab_index *vmlab_index_new(unsigned int page_shift, unsigned int lanes,
				    const struct vmlab_index_how *how, const pid_t *pids,
				    size_t nr);
/*
 * Takes a run of the @proc-th process, in ascending order of addresses. @image: it
 * maps a file that the process maps executable too. One thread a lane. -ENOMEM;
 * -EBADMSG: a frame that no machine has.
 */
int vmlab_index_add(struct vmlab_index *index, unsigned int lane, size_t proc,
		    const struct vmlab_run *run, bool image);
/* Puts a lane in order, once it is complete; one thread a lane. */
void vmlab_index_sort(struct vmlab_index *index, unsigned int lane);

#endif /* VMLAB_INDEX_H */
