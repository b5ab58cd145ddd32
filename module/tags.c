// SPDX-License-Identifier: GPL-2.0-only
/*
 * tags.c - what keeps address spaces apart in a TLB: registers, and what the kernel
 * keeps of each address space to fill them with.
 *
 * A register can only be read on its own CPU, and so each is asked there, with an
 * interrupt: what comes back is true of one moment of that CPU, and of no moment of all
 * of them. What the values mean is the reader's business (tools/lib/decode_*.c); only
 * what follows from numbers of the kernel's own, such as the distance from one root to
 * the other, is worked out here.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "arch/arch.h"
#include "vmlab.h"

/* Where the numbers of CPUs end, of those that can be and those that can't. */
#define CPUS_END	(1U << 16)

/**
 * struct asked - one CPU under question
 * @cpu: what it says
 * @pids: the namespace whose numbers the caller knows
 */
struct asked {
	struct vmlab_cpu cpu;
	struct pid_namespace *pids;
};

/* Of the process that @mm belongs to; 0 where nobody tells, or for the kernel's own. */
static pid_t pid_of(struct mm_struct *mm, struct pid_namespace *pids)
{
	struct task_struct *owner = current->mm == mm ? current : NULL;
	pid_t pid = 0;

	rcu_read_lock();
#ifdef CONFIG_MEMCG
	if (!owner)
		owner = rcu_dereference(mm->owner);
#endif
	if (owner)
		pid = task_tgid_nr_ns(owner, pids);
	rcu_read_unlock();
	return pid;
}

/* On the CPU itself, in its interrupt: nothing of what runs there can change meanwhile. */
static void ask_here(void *arg)
{
	struct asked *asked = arg;
	struct vmlab_cpu *cpu = &asked->cpu;
	struct mm_struct *mm = current->active_mm;

	cpu->cpu = smp_processor_id();
	cpu->tid = task_pid_nr_ns(current, asked->pids);
	if (!current->mm)
		cpu->flags |= VMLAB_CPU_LAZY;
	vmlab_arch_registers(cpu->regs);
	/* A CPU that idles may have left the address space that it had borrowed. */
	if (!mm || !vmlab_arch_holds(cpu->regs, mm))
		return;
	cpu->flags |= VMLAB_CPU_OWNED;
	cpu->context = vmlab_arch_context(mm);
	cpu->pid = pid_of(mm, asked->pids);
}

/* As KWALK and its like: of no process, and addresses of the kernel's own. */
static int check(struct file *file, const struct vmlab_cpus *cpus)
{
	if (cpus->flags)
		return -EOPNOTSUPP;
	if (!cpus->nr_recs || cpus->rec_size < sizeof(struct vmlab_cpu) ||
	    cpus->rec_size > PAGE_SIZE || cpus->end < cpus->start)
		return -EINVAL;
	if (cpus->end > CPUS_END)
		return -ERANGE;
	return vmlab_kernel_visible(file) ? 0 : -EPERM;
}

long vmlab_tags_cpus(struct vmlab_call *call)
{
	struct vmlab_cpus *cpus = call->arg;
	void __user *to = u64_to_user_ptr(cpus->buf);
	u64 at = cpus->start;
	int ret;

	ret = check(call->file, cpus);
	if (ret)
		return ret;
	for (; at < cpus->end && cpus->out_nr < cpus->nr_recs; at++) {
		struct asked asked = { .pids = task_active_pid_ns(current) };

		if (at >= nr_cpu_ids) {
			at = cpus->end;
			break;
		}
		/* It fails for CPUs that are not there, or go: they are left out. */
		if (smp_call_function_single(at, ask_here, &asked, 1))
			continue;
		if (copy_to_user(to, &asked.cpu, sizeof(asked.cpu)))
			return -EFAULT;
		to += cpus->rec_size;
		cpus->out_nr++;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	cpus->out_next = at;
	return 0;
}

/*
 * The entries of both roots, beside each other: how many hold something in either. The roots
 * are the address space's as long as it has users; the kernel fills entries while we look,
 * each with one store.
 */
static unsigned int compare_roots(struct mm_struct *mm, struct vmlab_root_entry *recs,
				  unsigned int slots)
{
	unsigned int i, nr = 0;

	BUILD_BUG_ON(VMLAB_ROOT_ENTRIES * sizeof(*recs) > VMLAB_CHUNK_BYTES);
	for (i = 0; i < slots; i++) {
		memset(&recs[nr], 0, sizeof(recs[nr]));
		nr += vmlab_arch_root_entry(mm, i, &recs[nr]);
	}
	return nr;
}

/* Nothing of the address space is held here: who copies out may wait for the caller. */
static long copy_roots(struct vmlab_mm *ask, const struct vmlab_root_entry *recs, unsigned int nr)
{
	void __user *to = u64_to_user_ptr(ask->buf);
	unsigned int i;

	for (i = 0; i < nr; i++, to += ask->rec_size)
		if (copy_to_user(to, &recs[i], sizeof(recs[i])))
			return -EFAULT;
	ask->out_nr = nr;
	return 0;
}

long vmlab_tags_mm(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_mm *ask = call->arg;
	unsigned int nr = 0;
	struct mm_struct *mm;
	long ret;

	if (ask->flags || ask->__reserved)
		return -EOPNOTSUPP;
	if (ask->nr_recs && (ask->nr_recs < VMLAB_ROOT_ENTRIES ||
			     ask->rec_size < sizeof(struct vmlab_root_entry) ||
			     ask->rec_size > PAGE_SIZE))
		return -EINVAL;
	/* Where roots lie goes with the frames. */
	if (!target->physical)
		return -EPERM;
	ret = vmlab_target_lock_buf(target);
	if (ret)
		return ret;
	mm = vmlab_target_enter(target);
	if (!mm) {
		ret = -ESRCH;
		goto unlock;
	}
	ask->out_context = vmlab_arch_context(mm);
	vmlab_arch_mm(mm, ask);
	/* The upper half is the kernel's: for whoever may ask KWALK, at every question. */
	if (ask->nr_recs && ask->out_user_root != VMLAB_PA_NONE)
		nr = compare_roots(mm, target->buf, vmlab_kernel_visible(call->file) ?
				   VMLAB_ROOT_ENTRIES : VMLAB_ROOT_ENTRIES / 2);
	vmlab_target_leave(mm);
	ret = copy_roots(ask, target->buf, nr);
unlock:
	vmlab_target_unlock_buf(target);
	return ret;
}
