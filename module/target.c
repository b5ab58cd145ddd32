// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c - an address space in our hands: who may, and for how long.
 *
 * The kernel itself decides who may look at whom. The caller hands over an open
 * /proc/PID/pagemap, for which the kernel has already asked ptrace, the LSMs,
 * hidepid and the namespaces; pagemap_open() keeps the mm it found in
 * private_data, and so the target is the very address space that was checked: a
 * pid that is recycled meanwhile, or an exec, cannot slip in another one.
 *
 * Nothing promises that private_data is the mm. So it is proven at load, on our
 * own pagemap; where the proof fails, OPEN takes a pid instead and demands the
 * capabilities that cover everything.
 *
 * This is the only file that takes or drops references to an mm.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "compat.h"
#include "vmlab.h"

/* f_op of /proc/PID/pagemap and /proc/PID/mem, or NULL when the proof failed. Set once, at load. */
static const struct file_operations *pagemap_fops;
static const struct file_operations *mem_fops;

/* As with pagemap, and the kernel asks for more there: as ptrace(2) does to attach. */
static void learn_mem(void)
{
	struct file *file = filp_open("/proc/self/mem", O_RDONLY, 0);

	if (IS_ERR(file))
		return;
	if (file->private_data == current->mm)
		mem_fops = file->f_op;
	fput(file);
}

void vmlab_target_init(void)
{
	struct file *file;

	pagemap_fops = NULL;
	mem_fops = NULL;
	if (!current->mm)
		return;
	learn_mem();
	file = filp_open("/proc/self/pagemap", O_RDONLY, 0);
	if (IS_ERR(file)) {
		pr_info("vmlab: no /proc/self/pagemap here: OPEN takes a pid and demands CAP_SYS_ADMIN and CAP_SYS_PTRACE\n");
		return;
	}
	if (file->private_data == current->mm)
		pagemap_fops = file->f_op;
	else
		pr_info("vmlab: this kernel's pagemap is not what we know: OPEN takes a pid and demands CAP_SYS_ADMIN and CAP_SYS_PTRACE\n");
	fput(file);
}

u32 vmlab_target_door(void)
{
	return pagemap_fops ? VMLAB_DOOR_PAGEMAP : VMLAB_DOOR_PID;
}

/*
 * The mm behind the descriptor, with mm_count raised. The file holds mm_count
 * itself, so that the mm is still there between the two lines that matter.
 */
static struct mm_struct *mm_of_pagemap(int fd, bool *physical, bool *vmas)
{
	struct mm_struct *mm;
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != pagemap_fops) {
		mm = ERR_PTR(-EINVAL);
	} else if (!file->private_data) {
		mm = ERR_PTR(-ESRCH);	/* a kernel thread's */
	} else {
		mm = file->private_data;
		mmgrab(mm);
		/* As pagemap_read() decides: the opener's credentials count. */
		*physical = file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
		/*
		 * Who could open pagemap could have opened maps, by the same check;
		 * somebody else whom the file came to might not. The very same
		 * credentials, then: uids and capabilities can be compared, what a
		 * security module keeps in them cannot.
		 */
		*vmas = file->f_cred == current_cred();
	}
	fput(file);
	return mm;
}

/*
 * Who brings an open /proc/PID/mem of this address space has been let to by the kernel,
 * as one who may attach to it, and so may know its registers. 0 or -errno.
 */
long vmlab_target_traced(const struct vmlab_target *target, int fd)
{
	struct file *file = fget(fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (!mem_fops)
		ret = -EPERM;
	else if (file->f_op != mem_fops || file->private_data != target->mm)
		ret = -EINVAL;
	/* Not one that somebody else opened. */
	else if (file->f_cred != current_cred())
		ret = -EPERM;
	fput(file);
	return ret;
}

static struct mm_struct *mm_of_pid(int nr, bool *physical, bool *vmas)
{
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;

	if (!capable(CAP_SYS_ADMIN) || !capable(CAP_SYS_PTRACE))
		return ERR_PTR(-EPERM);
	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return ERR_PTR(-ESRCH);
	mmgrab(mm);
	mmput(mm);
	*physical = true;
	*vmas = true;
	return mm;
}

/* What follows for the answers from who may see what. */
static void restrict_to(struct vmlab_target *target, bool physical, bool vmas)
{
	target->physical = physical;
	target->vmas = vmas;
	target->shown = VMLAB_FACTS_KNOWN;
	if (!physical) {
		target->shown = COMPAT_FACTS_PUBLIC;
		target->out_flags |= VMLAB_OUT_HIDDEN;
		if (!(target->shown & VMLAB_FACT_HUGE))
			target->out_flags |= VMLAB_OUT_COARSE;
	}
	if (!vmas) {
		target->shown &= ~VMLAB_FACTS_OF_VMA;
		target->out_flags |= VMLAB_OUT_NO_VMAS;
	}
}

static void destroy(struct vmlab_target *target)
{
	mmdrop(target->mm);
	mutex_destroy(&target->lock);
	kvfree(target->buf);
	kfree(target);
}

long vmlab_target_open(struct vmlab_call *call)
{
	struct vmlab_open *open = call->arg;
	struct vmlab_target *target;
	struct mm_struct *mm;
	bool physical = false, vmas = false;
	int fd;

	if (open->flags)
		return -EOPNOTSUPP;
	if (pagemap_fops) {
		if (open->pid)
			return -EOPNOTSUPP;
		mm = mm_of_pagemap(open->fd, &physical, &vmas);
	} else {
		if (open->fd != -1)
			return -EOPNOTSUPP;
		mm = mm_of_pid(open->pid, &physical, &vmas);
	}
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	/* Say now, not at the first query, that there is nothing to look at. */
	if (!atomic_read(&mm->mm_users)) {
		mmdrop(mm);
		return -ESRCH;
	}

	target = kzalloc(sizeof(*target), GFP_KERNEL_ACCOUNT);
	if (!target) {
		mmdrop(mm);
		return -ENOMEM;
	}
	target->mm = mm;
	restrict_to(target, physical, vmas);
	mutex_init(&target->lock);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		destroy(target);
		return fd;
	}
	call->new_file = anon_inode_getfile("[vmlab]", &vmlab_target_fops,
					    target, O_RDWR | O_CLOEXEC);
	if (IS_ERR(call->new_file)) {
		long ret = PTR_ERR(call->new_file);

		call->new_file = NULL;
		put_unused_fd(fd);
		destroy(target);
		return ret;
	}
	call->new_fd = fd;
	open->out_fd = fd;
	open->out_flags = target->out_flags;
	return 0;
}

/*
 * Raises mm_users for one query: while it is held exit_mmap() cannot run. NULL
 * when the last user is gone.
 */
struct mm_struct *vmlab_target_enter(struct vmlab_target *target)
{
	return mmget_not_zero(target->mm) ? target->mm : NULL;
}

void vmlab_target_leave(struct mm_struct *mm)
{
	mmput(mm);
}

/* The buffer is allocated once: INIT_ON_ALLOC zeroes it each time otherwise. */
int vmlab_target_lock_buf(struct vmlab_target *target)
{
	if (mutex_lock_killable(&target->lock))
		return -EINTR;
	if (!target->buf) {
		target->buf = kvmalloc(VMLAB_CHUNK_BYTES, GFP_KERNEL_ACCOUNT);
		if (!target->buf) {
			mutex_unlock(&target->lock);
			return -ENOMEM;
		}
	}
	return 0;
}

void vmlab_target_unlock_buf(struct vmlab_target *target)
{
	mutex_unlock(&target->lock);
}

int vmlab_target_release(struct inode *inode, struct file *file)
{
	destroy(file->private_data);
	return 0;
}
