// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads.c - what only the kernel knows of a thread that does not run: the registers
 * that say where its thread-local storage is and what its protection keys permit, and
 * the root of the tables that it runs on.
 *
 * They lie in the task where the switch to another thread has left them. A thread that
 * runs has them in a CPU, and nobody stops it for us: then they are not known. Nothing
 * holds a thread still either; it is asked before and after whether it has run.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "arch/arch.h"
#include "vmlab.h"

/* A thread that is switched in just then may be met again, but not for ever. */
#define TRIES	3

static bool runs(const struct task_struct *task)
{
#ifdef CONFIG_SMP
	/* Cleared by the switch, once everything is in the task: finish_task(). */
	return smp_load_acquire(&task->on_cpu);
#else
	return task == current;
#endif
}

static unsigned long switches(const struct task_struct *task)
{
	return READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
}

static void read_registers(const struct task_struct *task, struct vmlab_thread *out)
{
	struct vmlab_thread now = { 0 };
	unsigned long before;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = switches(task);
		/* How often it has run, then what is read: the acquire below orders only that. */
		smp_rmb();
		if (runs(task))
			return;
		vmlab_arch_thread(task, &now);
		/* What was read, then whether it has run meanwhile. */
		smp_rmb();
		if (runs(task) || switches(task) != before)
			continue;
		out->out_known |= now.out_known;
		out->out_tp = now.out_tp;
		out->out_gs = now.out_gs;
		out->out_keys = now.out_keys;
		return;
	}
}

/*
 * A thread of this very address space, or NULL: in the caller's pid namespace. Not one of
 * the kernel's that works in it for a while (kthread_use_mm()).
 */
static struct task_struct *thread_of(const struct mm_struct *mm, int tid)
{
	struct pid *pid = find_get_pid(tid);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	if (task && (READ_ONCE(task->mm) != mm || task->flags & PF_KTHREAD)) {
		put_task_struct(task);
		task = NULL;
	}
	return task;
}

long vmlab_thread(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_thread *arg = call->arg;
	struct task_struct *task;
	struct mm_struct *mm;
	long ret;

	if (arg->flags)
		return -EOPNOTSUPP;
	ret = vmlab_target_traced(target, arg->fd);
	if (ret)
		return ret;
	mm = vmlab_target_enter(target);
	if (!mm)
		return -ESRCH;
	task = thread_of(mm, arg->tid);
	if (!task) {
		vmlab_target_leave(mm);
		return -ESRCH;
	}
	read_registers(task, arg);
	/*
	 * Nobody comes back to an address space that he has left by exec: whose mm it is
	 * now, it was when the registers were read. exec_mmap() takes this lock.
	 */
	task_lock(task);
	if (task->mm != mm) {
		ret = -ESRCH;
	} else if (target->physical) {
		arg->out_root_pa = virt_to_phys(task->mm->pgd);
		arg->out_known |= VMLAB_THREAD_ROOT;
	}
	task_unlock(task);
	arg->out_flags = target->physical ? 0 : VMLAB_OUT_HIDDEN;
	put_task_struct(task);
	vmlab_target_leave(mm);
	return ret;
}
