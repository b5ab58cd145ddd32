/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* anatomy.h - an anatomy for those who want to see every run of its scan. */
#ifndef VMLAB_ANATOMY_H
#define VMLAB_ANATOMY_H

#include "libvmlab.h"

/**
 * struct vmlab_anatomy_look - who looks on while an anatomy is made
 * @run: called with @nr base pages of @run, from @va on, that lie in @part of @a, whose
 *	parts are complete by then but for the pages; -errno ends it
 * @ctx: for @run
 * @vmas: once it is done: free()
 * @nr_vmas: how many
 */
struct vmlab_anatomy_look {
	int (*run)(void *ctx, const struct vmlab_anatomy *a, const struct vmlab_part *part,
		   const struct vmlab_run *run, uint64_t va, uint64_t nr);
	void *ctx;
	struct vmlab_vma *vmas;
	size_t nr_vmas;
};

/* vmlab_anatomy_read(), @look NULL for nobody. */
int vmlab_anatomy_look(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_anatomy_look *look, struct vmlab_anatomy *out);

/*
 * What is to be added to addresses of @elf where @r is a mapping of that file: by the segment
 * that holds what @r has of it. False: none does.
 */
bool vmlab_elf_bias(const struct vmlab_elf *elf, const struct vmlab_region *r, uint64_t page,
		    uint64_t *bias);
/* The same; false also where a segment with something of the file is not where it would be. */
bool vmlab_elf_placed(const struct vmlab_elf *elf, const struct vmlab_regions *regions,
		      const struct vmlab_region *r, uint64_t page, uint64_t *bias);

/* Stack pointer and program counter of a thread that does not run; false: not known. */
bool vmlab_thread_at(struct vmlab_session *session, pid_t pid, pid_t tid, uint64_t *sp,
		     uint64_t *pc);

#endif /* VMLAB_ANATOMY_H */
