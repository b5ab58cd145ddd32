// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork.bpf.c - processes that fork, execute another program, and end.
 *
 * What a fork costs is seen when the child is made and has not run yet: its resident
 * pages and its page tables are what was copied for it.
 */
#include "trace.bpf.h"
#include "follow.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NR_STARTS	4096

/* When a thread called fork. */
struct start {
	u32 tid;
	u32 zero;
	u64 ts;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_STARTS);
	__type(key, u32);
	__type(value, struct start);
} starts SEC(".maps");

static __always_inline struct start *start_of(u32 tid)
{
	u32 index = tid & (NR_STARTS - 1);

	return bpf_map_lookup_elem(&starts, &index);
}

static __always_inline int fork_begins(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct start *start = start_of(tid);

	if (start) {
		start->tid = tid;
		start->ts = bpf_ktime_get_ns();
	}
	return 0;
}

#ifdef VMLAB_KPROBE
SEC("kprobe/kernel_clone")
int BPF_KPROBE(fork_begin)
{
	return fork_begins();
}
#else
SEC("fentry/kernel_clone")
int BPF_PROG(fork_begin)
{
	return fork_begins();
}
#endif

/* Room for an event of the thread that runs, with what all have; NULL: not to be told. */
static __always_inline void *event(u32 size, u32 kind, u32 tgid, u64 ts)
{
	struct vmlab_event *head = begin_event(size, kind, tgid, ts);

	if (head)
		bpf_get_current_comm(head->comm, sizeof(head->comm));
	return head;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork_done, struct task_struct *parent, struct task_struct *child)
{
	u64 now = bpf_ktime_get_ns(), ts = now, ns = VMLAB_EVENT_NS_UNKNOWN;
	u32 tid = parent->pid, tgid = parent->tgid, made = child->tgid;
	struct start *start = start_of(tid);
	struct mm_struct *mm = child->mm;
	struct vmlab_event_fork *e;
	bool shares = mm == parent->mm;

	/* A thread is no process; a thread of the kernel has no address space. */
	if (tgid == made || !mm || !wanted_here(tgid))
		return 0;
	if (start && start->tid == tid) {
		ts = start->ts;
		ns = now - ts;
	}
	if (ns < config.min_ns)
		return 0;
	count_row(VMLAB_EVENT_FORK, ns);
	e = event(sizeof(*e), VMLAB_EVENT_FORK, tgid, ts);
	if (!e)
		return 0;
	e->ns = ns;
	e->pages = 0;
	e->tables_bytes = 0;
	e->child = made;
	e->__reserved = 0;
	if (shares) {
		e->head.flags |= VMLAB_EVENT_F_SHARES_VM;
	} else {
		e->pages = compat_resident(mm);
		e->tables_bytes = mm->pgtables_bytes.counter;
	}
	submit(e);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	u32 tgid = task->tgid, as = traced_as(tgid);
	struct vmlab_event_exec *e;

	/* The one that is traced from here on, whichever program runs first. */
	if (!wanted_here(tgid) && as != VMLAB_TRACED_FROM_EXEC)
		return 0;
	count_row(VMLAB_EVENT_EXEC, VMLAB_EVENT_NS_UNKNOWN);
	e = event(sizeof(*e), VMLAB_EVENT_EXEC, tgid, bpf_ktime_get_ns());
	if (!e)
		return 0;
	__builtin_memset(e->path, 0, sizeof(e->path));
	bpf_probe_read_kernel_str(e->path, sizeof(e->path), bprm->filename);
	submit(e);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_done, struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct vmlab_event_exit *e;

	if (task->signal->live.counter || !wanted_here(tgid))
		return 0;
	count_row(VMLAB_EVENT_EXIT, VMLAB_EVENT_NS_UNKNOWN);
	e = event(sizeof(*e), VMLAB_EVENT_EXIT, tgid, bpf_ktime_get_ns());
	if (!e)
		return 0;
	e->status = task->exit_code;
	e->__reserved = 0;
	submit(e);
	return 0;
}
