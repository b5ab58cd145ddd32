/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma.bpf.h - what is told of a mapping, and whether its addresses are asked for.
 *
 * Flags, file and place are read from the VMA while its lock is held; names of its file
 * are longer than everything else, so a record of a mapping without one ends before them.
 */
#ifndef VMLAB_VMA_BPF_H
#define VMLAB_VMA_BPF_H

/**
 * struct mapping - of a VMA
 * @start: its first address
 * @end: behind the last one
 * @offset: of @start in the file, bytes
 * @vm_flags: VM_*
 * @file: NULL for anonymous memory
 * @flags: VMLAB_EVENT_F_HEAP and so on
 */
struct mapping {
	u64 start;
	u64 end;
	u64 offset;
	u64 vm_flags;
	struct file *file;
	u32 flags;
};

/* As /proc/PID/maps decides what is [heap] and [stack]. */
static __always_inline u32 place_of(struct vm_area_struct *vma, u64 start, u64 end)
{
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	u64 stack;

	if (!mm)
		return 0;
	if (start < BPF_CORE_READ(mm, brk) && end > BPF_CORE_READ(mm, start_brk))
		return VMLAB_EVENT_F_HEAP;
	stack = BPF_CORE_READ(mm, start_stack);
	return stack >= start && stack <= end ? VMLAB_EVENT_F_STACK : 0;
}

static __always_inline void read_mapping(struct mapping *m, struct vm_area_struct *vma)
{
	m->start = BPF_CORE_READ(vma, vm_start);
	m->end = BPF_CORE_READ(vma, vm_end);
	m->offset = BPF_CORE_READ(vma, vm_pgoff) << config.page_shift;
	m->vm_flags = BPF_CORE_READ(vma, vm_flags);
	m->file = BPF_CORE_READ(vma, vm_file);
	m->flags = m->vm_flags & VM_MAYSHARE ? VMLAB_EVENT_F_SHARED : 0;
	if (!m->file)
		m->flags |= place_of(vma, m->start, m->end);
}

static __always_inline bool wanted_addresses(u64 start, u64 end)
{
	return start < config.end && end > config.start;
}

#endif /* VMLAB_VMA_BPF_H */
