/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * code.bpf.h - where a process maps code, told as it does.
 *
 * A short-lived process has ended before anybody reads its /proc/PID/maps, and then
 * nothing tells which file an instruction was of. perf_event_mmap() is called for every
 * new mapping, whether or not anybody uses perf. Of several objects one has it, as with
 * the list of processes.
 */
#ifndef VMLAB_CODE_BPF_H
#define VMLAB_CODE_BPF_H

/*
 * The path's names, from the file up to the root of all mounts. Their number, or 0. What no
 * directory has (memfd, shared anonymous memory) has the kernel's name alone.
 */
static __always_inline u32 path_names(struct file *file, char (*names)[VMLAB_EVENT_NAME])
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *parent;
	struct vfsmount *vfs = BPF_CORE_READ(file, f_path.mnt);
	struct mount *mount, *above;
	u32 nr = 0, i;

	mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	for (i = 0; i < VMLAB_EVENT_NAMES + 4; i++) {
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount)
				return nr;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry) {
			if (nr)
				return nr;
			bpf_probe_read_kernel_str(names[0], VMLAB_EVENT_NAME,
						  BPF_CORE_READ(dentry, d_name.name));
			return VMLAB_EVENT_NAMES_OWN | 1;
		}
		if (nr >= VMLAB_EVENT_NAMES)
			return 0;
		bpf_probe_read_kernel_str(names[nr], VMLAB_EVENT_NAME,
					  BPF_CORE_READ(dentry, d_name.name));
		nr++;
		dentry = parent;
	}
	return 0;
}

static __always_inline int code_mapped(struct vm_area_struct *vma)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct vmlab_event_code *e;
	struct file *file;

	if (!(config.events || config.stacks) || !(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return 0;
	if (config.listed ? !traced_as(tgid) : tgid == config.self)
		return 0;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file)
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	/* No event of the user's: a name less. */
	if (!e)
		return 0;
	fill_head(&e->head, sizeof(*e), VMLAB_EVENT_CODE, tgid, 0);
	e->head.comm[0] = '\0';
	e->start = BPF_CORE_READ(vma, vm_start);
	e->end = BPF_CORE_READ(vma, vm_end);
	e->offset = BPF_CORE_READ(vma, vm_pgoff) << 12;
	e->__reserved = 0;
	e->nr_names = path_names(file, e->names);
	submit(e);
	return 0;
}

#ifdef VMLAB_KPROBE
SEC("kprobe/perf_event_mmap")
int BPF_KPROBE(code_map, struct vm_area_struct *vma)
#else
SEC("fentry/perf_event_mmap")
int BPF_PROG(code_map, struct vm_area_struct *vma)
#endif
{
	return code_mapped(vma);
}

#endif /* VMLAB_CODE_BPF_H */
