/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlab.h - what the files of the module know of each other.
 *
 * The way of a question: main.c owns the node, ioctl.c copies in and out and
 * picks the handler, target.c holds the address space and decides what the
 * caller may see, walk.c descends the tables under their locks, frame.c says
 * what a mapped frame is and frames.c what any frame is, scan.c and vma.c turn
 * ranges into records. kernel.c does all of it for the kernel half, which has no
 * locks. tags.c asks CPUs and address spaces for what tells them apart in a TLB. arch/
 * knows the bits, compat.h the kernel versions.
 */
#ifndef VMLAB_H
#define VMLAB_H

#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <vmlab.h>

struct vmlab_raws;
struct vmlab_records;
struct vmlab_runs;
struct vmlab_target;

/* main.c */
extern const struct file_operations vmlab_target_fops;

/* ioctl.c */

/**
 * struct vmlab_call - one ioctl under way
 * @file: the descriptor it came through
 * @arg: the caller's struct, already in kernel memory and as long as this
 *	module knows it
 * @new_file: set by a handler that makes a descriptor; ioctl.c installs it once
 *	the answer has reached the caller, or drops it
 * @new_fd: the number reserved for @new_file
 */
struct vmlab_call {
	struct file *file;
	void *arg;
	struct file *new_file;
	int new_fd;
};

long vmlab_ioctl_node(struct file *file, unsigned int cmd, unsigned long arg);
long vmlab_ioctl_target(struct file *file, unsigned int cmd, unsigned long arg);

/* target.c */

/**
 * struct vmlab_target - one address space, as one descriptor sees it
 * @mm: pinned by mm_count only: its memory is not
 * @physical: may frames, raw entries and the like be shown; decided at OPEN
 * @vmas: may the VMAs be shown; decided at OPEN
 * @shown: the facts that may be shown, from the two above
 * @out_flags: what answers say of that: VMLAB_OUT_HIDDEN, _COARSE, _NO_VMAS
 * @lock: serialises the users of @buf
 * @buf: records on their way to the caller, allocated by the first query that has some
 */
struct vmlab_target {
	struct mm_struct *mm;
	bool physical;
	bool vmas;
	u64 shown;
	u32 out_flags;
	struct mutex lock;
	void *buf;
};

/* Bytes of vmlab_target.buf: what is collected under one hold of the mmap lock. */
#define VMLAB_CHUNK_BYTES	(24 * 1024)

/*
 * What is looked at under one hold of the mmap lock: below 200,000 instructions in
 * all (selftests/test_locks.c measures it). A unit is what a page costs that is
 * there and has a record of its own, at most 500 instructions.
 */
#define VMLAB_CHUNK_BUDGET	360
/* A search for the VMA at an address, in units. */
#define VMLAB_VMA_COST		1
/* A leaf above the last level, beside the entry that it stands in. */
#define VMLAB_HUGE_COST		2

void vmlab_target_init(void);
u32 vmlab_target_door(void);
long vmlab_target_open(struct vmlab_call *call);
struct mm_struct *vmlab_target_enter(struct vmlab_target *target);
void vmlab_target_leave(struct mm_struct *mm);
int vmlab_target_lock_buf(struct vmlab_target *target);
void vmlab_target_unlock_buf(struct vmlab_target *target);
int vmlab_target_release(struct inode *inode, struct file *file);

long vmlab_target_traced(const struct vmlab_target *target, int fd);

/* threads.c */
long vmlab_thread(struct vmlab_call *call);

/* walk.c */
long vmlab_walk_one(struct vmlab_call *call);
int vmlab_walk_vma(struct vm_area_struct *vma, unsigned long start,
		   unsigned long end, struct vmlab_runs *runs, long *budget,
		   unsigned long *next);

int vmlab_walk_vma_raw(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, struct vmlab_raws *raws, long *budget,
		       unsigned long *next);
int vmlab_walk_vma_tables(struct vm_area_struct *vma, unsigned long start,
			  unsigned long end, struct vmlab_records *tables, long *budget,
			  unsigned long *next);

/* kernel.c */
bool vmlab_kernel_visible(struct file *node);
long vmlab_kernel_walk(struct vmlab_call *call);
long vmlab_kernel_scan(struct vmlab_call *call);
long vmlab_kernel_regions(struct vmlab_call *call);
bool vmlab_kernel_translate(u64 va, u64 *pa);

/* tables.c */
long vmlab_tables(struct vmlab_call *call);

/* scan.c */
long vmlab_scan(struct vmlab_call *call);

/* vma.c */
long vmlab_vma_list(struct vmlab_call *call);
u64 vmlab_vma_facts(const struct vm_area_struct *vma);

/* frames.c */
int vmlab_frames_init(void);
void vmlab_frames_exit(void);
long vmlab_frame_list(struct vmlab_call *call);

/* tags.c */
long vmlab_tags_cpus(struct vmlab_call *call);
long vmlab_tags_mm(struct vmlab_call *call);

#endif /* VMLAB_H */
