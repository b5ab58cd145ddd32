// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl.c - one row an ioctl; lengths, copies and errnos in one place.
 *
 * A handler gets its struct in kernel memory, complete and zero extended, and
 * leaves its answer there. It never touches the caller's struct itself, so the
 * rules of include/uapi/vmlab.h about sizes hold for every ioctl alike.
 */
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "arch/arch.h"
#include "vmlab.h"

/**
 * struct op - one ioctl
 * @cmd: its number
 * @size: of the struct as this module knows it
 * @min_size: of the struct as it was first published
 * @out: where its outputs begin: whatever the caller left there is not read
 * @out_end: where they end
 * @handler: answers; 0 or -errno
 */
struct op {
	unsigned int cmd;
	size_t size;
	size_t min_size;
	size_t out;
	size_t out_end;
	long (*handler)(struct vmlab_call *call);
};

/* Room for the longest struct; OP() fails to compile for one that does not fit. */
union any_arg {
	struct vmlab_info info;
	struct vmlab_open open;
	struct vmlab_walk walk;
	struct vmlab_scan scan;
	struct vmlab_vmas vmas;
	struct vmlab_tables tables;
	struct vmlab_kregions kregions;
	struct vmlab_frames frames;
	struct vmlab_cpus cpus;
	struct vmlab_mm mm;
	struct vmlab_thread thread;
};

/* From @_out to @_out_end outputs only; @_last ends the first published struct. */
#define OP(_cmd, _type, _out, _out_end, _last, _handler) {		\
	.cmd = (_cmd),							\
	.size = sizeof(_type) +						\
		BUILD_BUG_ON_ZERO(sizeof(_type) > sizeof(union any_arg)), \
	.min_size = offsetofend(_type, _last),				\
	.out = offsetof(_type, _out),					\
	.out_end = offsetofend(_type, _out_end),			\
	.handler = (_handler),						\
}

static long info(struct vmlab_call *call)
{
	struct vmlab_info *info = call->arg;

	if (info->flags || info->__reserved)
		return -EOPNOTSUPP;
	info->out_api_version = VMLAB_API_VERSION;
	info->out_page_shift = PAGE_SHIFT;
	info->out_door = vmlab_target_door();
	vmlab_arch_info(info);
	strscpy_pad(info->out_module_version, VMLAB_MODULE_VERSION,
		    sizeof(info->out_module_version));
	return 0;
}

static const struct op node_ops[] = {
	OP(VMLAB_INFO, struct vmlab_info, out_api_version, out_door,
	   out_module_version, info),
	OP(VMLAB_OPEN, struct vmlab_open, out_fd, out_flags, out_flags,
	   vmlab_target_open),
	OP(VMLAB_KWALK, struct vmlab_walk, out_flags, out_leaf, out_leaf,
	   vmlab_kernel_walk),
	OP(VMLAB_KSCAN, struct vmlab_scan, out_next, out_flags, out_flags,
	   vmlab_kernel_scan),
	OP(VMLAB_KREGIONS, struct vmlab_kregions, out_nr, out_regions, out_regions,
	   vmlab_kernel_regions),
	OP(VMLAB_FRAMES, struct vmlab_frames, out_next, out_flags, out_flags,
	   vmlab_frame_list),
	OP(VMLAB_CPUS, struct vmlab_cpus, out_next, out_flags, out_flags,
	   vmlab_tags_cpus),
};

static const struct op target_ops[] = {
	OP(VMLAB_WALK, struct vmlab_walk, out_flags, out_leaf, out_leaf,
	   vmlab_walk_one),
	OP(VMLAB_SCAN, struct vmlab_scan, out_next, out_flags, out_flags,
	   vmlab_scan),
	OP(VMLAB_VMAS, struct vmlab_vmas, out_next, out_flags, out_flags,
	   vmlab_vma_list),
	OP(VMLAB_THREAD, struct vmlab_thread, out_flags, out_root_pa, out_root_pa,
	   vmlab_thread),
	OP(VMLAB_TABLES, struct vmlab_tables, out_next, out_flags, out_flags,
	   vmlab_tables),
	OP(VMLAB_MM, struct vmlab_mm, out_nr, out_flags, out_flags,
	   vmlab_tags_mm),
};

static const struct op *find_op(const struct op *ops, size_t nr, unsigned int cmd)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (ops[i].cmd == cmd)
			return &ops[i];
	return NULL;
}

static long dispatch(struct file *file, const struct op *ops, size_t nr,
		     unsigned int cmd, void __user *user)
{
	const struct op *op = find_op(ops, nr, cmd);
	struct vmlab_call call = { .file = file, .new_fd = -1 };
	union any_arg arg;
	u32 size;
	long ret;

	if (!op)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < op->min_size)
		return -EINVAL;
	/* Nobody's struct is longer than a page; do not check 4 GiB for zeroes. */
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(&arg, 0, sizeof(arg));
	ret = copy_struct_from_user(&arg, op->size, user, size);
	if (ret)
		return ret;

	memset((void *)&arg + op->out, 0, op->out_end - op->out);
	call.arg = &arg;
	ret = op->handler(&call);
	if (ret)
		return ret;

	/* The size that the caller gave comes back as it was. */
	*(u32 *)&arg = size;
	if (copy_to_user(user, &arg, min_t(size_t, size, op->size)))
		ret = -EFAULT;
	if (call.new_file) {
		if (ret) {
			put_unused_fd(call.new_fd);
			fput(call.new_file);
		} else {
			fd_install(call.new_fd, call.new_file);
		}
	}
	return ret;
}

long vmlab_ioctl_node(struct file *file, unsigned int cmd, unsigned long arg)
{
	return dispatch(file, node_ops, ARRAY_SIZE(node_ops), cmd,
			(void __user *)arg);
}

long vmlab_ioctl_target(struct file *file, unsigned int cmd, unsigned long arg)
{
	return dispatch(file, target_ops, ARRAY_SIZE(target_ops), cmd,
			(void __user *)arg);
}
