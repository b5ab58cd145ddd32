/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * regs.bpf.h - where user mode is: what the thread that runs now had in its registers when
 * it came into the kernel.
 */
#ifndef VMLAB_REGS_BPF_H
#define VMLAB_REGS_BPF_H

#if defined(__TARGET_ARCH_x86)
static __always_inline u64 regs_ip(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, ip);
}

/*
 * Where a function that is nothing but a system call returns to: libc's have pushed
 * nothing by then.
 */
static __always_inline u64 regs_caller(struct pt_regs *regs)
{
	u64 at = 0;

	bpf_probe_read_user(&at, sizeof(at), (void *)BPF_CORE_READ(regs, sp));
	return at;
}

/*
 * The system call that is under way, -1 in an exception of user mode; with bit 31 one
 * of the 32-bit table.
 */
static __always_inline u32 regs_call(struct task_struct *task, struct pt_regs *regs)
{
	/* TS_COMPAT */
	const u32 other = BPF_CORE_READ(task, thread_info.status) & 2 ? 1U << 31 : 0;

	return (u32)BPF_CORE_READ(regs, orig_ax) | other;
}

/* Its arguments. */
static __always_inline u64 regs_argument(struct pt_regs *regs, u32 nr)
{
	switch (nr) {
	case 0:
		return BPF_CORE_READ(regs, di);
	case 1:
		return BPF_CORE_READ(regs, si);
	default:
		return BPF_CORE_READ(regs, dx);
	}
}
#else
static __always_inline u64 regs_ip(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, pc);
}

/* Where a function that is nothing but a system call returns to: the link register. */
static __always_inline u64 regs_caller(struct pt_regs *regs)
{
	return BPF_CORE_READ(regs, regs[30]);
}

/*
 * The system call that is under way, -1 in an exception of user mode; with bit 31 one
 * of the 32-bit table.
 */
static __always_inline u32 regs_call(struct task_struct *task, struct pt_regs *regs)
{
	/* TIF_32BIT */
	const u32 other = BPF_CORE_READ(task, thread_info.flags) >> 22 & 1 ? 1U << 31 : 0;

	return (u32)BPF_CORE_READ(regs, syscallno) | other;
}

/* Its arguments. */
static __always_inline u64 regs_argument(struct pt_regs *regs, u32 nr)
{
	return BPF_CORE_READ(regs, regs[nr & 3]);
}
#endif

/*
 * Where user mode is: what touched an address, or made the system call that runs now. Of
 * a fault of user mode these registers are its own.
 */
static __always_inline u64 user_ip(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return regs_ip((struct pt_regs *)bpf_task_pt_regs(task));
}

static __always_inline u32 user_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return regs_call(task, (struct pt_regs *)bpf_task_pt_regs(task));
}

static __always_inline u64 user_caller(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return regs_caller((struct pt_regs *)bpf_task_pt_regs(task));
}

#endif /* VMLAB_REGS_BPF_H */
