/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow.bpf.h - who is traced changes while processes fork, execute and end.
 *
 * These are raw tracepoints, which cost nothing to those who do not fork. Every object
 * has them; of several that are loaded at once, one keeps the list (the library chooses).
 */
#ifndef VMLAB_FOLLOW_BPF_H
#define VMLAB_FOLLOW_BPF_H

/* Before the child can run: its first fault is seen. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 from = parent->tgid, to = child->tgid, as;
	struct vmlab_event_code *e;

	if (from == to)
		return 0;
	as = traced_as(from);
	if (!as)
		return 0;
	bpf_map_update_elem(&traced, &to, &as, BPF_ANY);
	if (!config.events && !config.stacks)
		return 0;
	/* For symbols: its code is where its parent's is. */
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	fill_head(&e->head, sizeof(*e), VMLAB_EVENT_CODE, to, 0);
	e->head.comm[0] = '\0';
	e->start = 0;
	e->end = 0;
	e->offset = from;
	e->nr_names = 0;
	e->__reserved = 0;
	submit(e);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(follow_exec, struct task_struct *task)
{
	u32 tgid = task->tgid, as = VMLAB_TRACED_NOW;

	if (traced_as(tgid) == VMLAB_TRACED_FROM_EXEC)
		bpf_map_update_elem(&traced, &tgid, &as, BPF_ANY);
	return 0;
}

/* A pid that is free is somebody else's next. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(follow_exit, struct task_struct *task)
{
	u32 tgid = task->tgid;

	if (!task->signal->live.counter)
		bpf_map_delete_elem(&traced, &tgid);
	return 0;
}

#endif /* VMLAB_FOLLOW_BPF_H */
