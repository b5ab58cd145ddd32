// SPDX-License-Identifier: GPL-2.0-only
/*
 * tlb.bpf.c - the tag of each switch to an address space, and flushes of TLBs.
 *
 * Where these happen is the architecture's: tlb_x86.bpf.h and tlb_arm64.bpf.h attach, and
 * decide what became of a tag. Here is what both tell, and the sums of each process. The
 * programs run inside the scheduler with its locks held, and where interrupts may not come:
 * they wait for nothing.
 */
#include "trace.bpf.h"
#include "follow.bpf.h"
#include "walk.bpf.h"
#include "code.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NR_ASKS		4096
#define MAX_PROCESSES	8192

/* Totals by process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, u32);
	__type(value, struct vmlab_tlb_process);
} processes SEC(".maps");

/* What the architecture tells its address spaces apart by. */
static __always_inline u64 context_of(struct mm_struct *mm);

/**
 * struct who - who asked for a flush
 * @tgid: its process, 0 where that is not known
 * @tid: its thread
 * @ip: of user mode
 * @comm: name of the thread
 */
struct who {
	u32 tgid;
	u32 tid;
	u64 ip;
	char comm[VMLAB_EVENT_COMM];
};

static __always_inline struct vmlab_tlb_process *totals_of(u32 tgid)
{
	struct vmlab_tlb_process *of = bpf_map_lookup_elem(&processes, &tgid);
	struct vmlab_tlb_process none = { .pid = tgid };

	if (of)
		return of;
	bpf_map_update_elem(&processes, &tgid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&processes, &tgid);
}

static __always_inline void who_am_i(struct who *who)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 id = bpf_get_current_pid_tgid();

	who->tgid = id >> 32;
	who->tid = (u32)id;
	who->ip = task->flags & PF_KTHREAD ? 0 : user_ip();
	bpf_get_current_comm(who->comm, sizeof(who->comm));
}

/*
 * Whose address space it is. While it is taken down nobody owns it any more: then it is
 * who takes it down, unless that is a thread of the kernel.
 */
static __always_inline u32 owner_of(struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf(), *owner = NULL;

	if (mm && bpf_core_field_exists(mm->owner))
		owner = BPF_CORE_READ(mm, owner);
	if (owner)
		return BPF_CORE_READ(owner, tgid);
	return mm && !(task->flags & PF_KTHREAD) ? task->tgid : 0;
}

static __always_inline bool wanted_flush(u32 owner, const struct who *who)
{
	if (!wanted_process(owner ? owner : who->tgid))
		return false;
	return wanted_comm(who->comm);
}

static __always_inline bool wanted_range(u64 start, u64 end)
{
	return !end || (start < config.end && end > config.start);
}

/* A request, however many CPUs have to do something for it. */
static __always_inline void count_asked(u32 owner, const struct who *who)
{
	struct vmlab_tlb_process *of;

	if (!wanted_flush(owner, who))
		return;
	of = totals_of(who->tgid);
	if (!of)
		return;
	__sync_fetch_and_add(&of->asked, 1);
	if (!of->comm[0])
		__builtin_memcpy(of->comm, who->comm, sizeof(of->comm));
}

/**
 * struct flush - one, before it is told
 * @mm: of which address space; NULL: of no single one
 * @start: as was asked
 * @end: as vmlab_event_flush has it
 * @pages: as vmlab_event_flush has it
 * @reason: enum vmlab_flush_reason
 * @stride: log2
 */
struct flush {
	struct mm_struct *mm;
	u64 start;
	u64 end;
	u64 pages;
	u32 reason;
	u32 stride;
};

static __always_inline void tell_flush(const struct flush *f, const struct who *who)
{
	u32 owner = owner_of(f->mm);
	struct vmlab_tlb_process *of;
	struct vmlab_event_flush *e;

	if (!wanted_flush(owner, who) || !wanted_range(f->start, f->end))
		return;
	count_row(VMLAB_TLB_ROW_FLUSH + f->reason, VMLAB_EVENT_NS_UNKNOWN);
	of = owner ? totals_of(owner) : NULL;
	if (of && f->reason != VMLAB_FLUSH_IPI_SENT && f->reason != VMLAB_FLUSH_DEFERRED &&
	    f->reason != VMLAB_FLUSH_WRONG_CPU)
		__sync_fetch_and_add(&of->flushes, 1);
	e = begin_event(sizeof(*e), VMLAB_EVENT_FLUSH, owner, bpf_ktime_get_ns());
	if (!e)
		return;
	e->head.tid = who->tid;
	e->head.by = who->tgid;
	__builtin_memcpy(e->head.comm, who->comm, sizeof(e->head.comm));
	e->context = f->mm ? context_of(f->mm) : 0;
	e->start = f->start;
	e->end = f->end;
	e->pages = f->pages;
	e->ip = who->ip;
	e->reason = f->reason;
	e->stride = f->stride;
	submit(e);
}

/**
 * struct turn - a switch, before it is told
 * @task: who runs there
 * @from: process that ran before
 * @scheduled: by the scheduler
 * @context: as vmlab_event_switch has it
 * @generation: as vmlab_event_switch has it
 * @evicted: as vmlab_event_switch has it
 * @slot: as vmlab_event_switch has it
 * @tag: as vmlab_event_switch has it
 * @user_tag: as vmlab_event_switch has it
 * @outcome: enum vmlab_tag_outcome, or VMLAB_EVENT_UNKNOWN
 */
struct turn {
	struct task_struct *task;
	u32 from;
	bool scheduled;
	u64 context;
	u64 generation;
	u64 evicted;
	u32 slot;
	u32 tag;
	u32 user_tag;
	u32 outcome;
};

static __always_inline void tell_switch(const struct turn *t)
{
	/* Not through @t: its own type is none of the kernel's. */
	struct task_struct *task = t->task;
	u32 tgid = BPF_CORE_READ(task, tgid);
	char comm[VMLAB_EVENT_COMM] = {};
	struct vmlab_event_switch *e;
	struct vmlab_tlb_process *of;

	if (!wanted_process(tgid))
		return;
	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	if (!wanted_comm(comm))
		return;
	of = totals_of(tgid);
	if (of)
		__builtin_memcpy(of->comm, comm, sizeof(of->comm));
	if (t->outcome < VMLAB_NR_TAG_OUTCOMES) {
		count_row(t->outcome, VMLAB_EVENT_NS_UNKNOWN);
		if (of)
			__sync_fetch_and_add(&of->switches[t->outcome & 3], 1);
	}
	e = begin_event(sizeof(*e), VMLAB_EVENT_SWITCH, tgid, bpf_ktime_get_ns());
	if (!e)
		return;
	e->head.flags = t->scheduled ? VMLAB_EVENT_F_SCHEDULED : 0;
	e->head.tid = BPF_CORE_READ(task, pid);
	e->head.by = t->from;
	__builtin_memcpy(e->head.comm, comm, sizeof(e->head.comm));
	e->context = t->context;
	e->generation = t->generation;
	e->evicted = t->evicted;
	e->slot = t->slot;
	e->tag = t->tag;
	e->user_tag = t->user_tag;
	e->outcome = t->outcome;
	submit(e);
}

_Static_assert(VMLAB_NR_TAG_OUTCOMES == 4, "an index is masked");
_Static_assert(VMLAB_TLB_ROWS <= VMLAB_TRACE_ROWS, "a row for everything that is counted");

#if defined(__TARGET_ARCH_x86)
#include "tlb_x86.bpf.h"
#elif defined(__TARGET_ARCH_arm64)
#include "tlb_arm64.bpf.h"
#endif
