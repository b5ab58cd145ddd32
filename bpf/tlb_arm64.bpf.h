/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlb_arm64.bpf.h - switches and flushes of arm64.
 *
 * check_and_switch_context() is called for a switch to another address space; which thread
 * it is for, and switches that change nothing, tells the scheduler's tracepoint right before.
 * mm->context.id is generation and ASID in one. When the ASIDs are used up the generation
 * is counted up, and each CPU flushes everything at its next switch: that is told from the
 * generation that the CPU's last switch had.
 *
 * A flush is one instruction, inlined wherever it is needed, and there is no tracepoint. What
 * can be seen are the functions around the common ones: a change of many entries of a
 * mapping, the tables that are freed behind it, one page replaced, a fork.
 */
#ifndef VMLAB_TLB_ARM64_BPF_H
#define VMLAB_TLB_ARM64_BPF_H

#define ASID_BITS	16	/* of mm->context.id, however many the CPU has */
#define ASID_OF(id)	((u32)((id) & ((1U << ASID_BITS) - 1)))
#define GENERATION(id)	((id) >> ASID_BITS)
/* Under KPTI kernel and user have a pair. */
#define USER_ASID	1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mmu_gather_batch {
	unsigned int nr;
};

struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	struct mmu_gather_batch *active;
	unsigned int fullmm : 1;
	unsigned int freed_tables : 1;
	unsigned int cleared_ptes : 1;
	unsigned int cleared_pmds : 1;
	unsigned int cleared_puds : 1;
	unsigned int cleared_p4ds : 1;
};

#pragma clang attribute pop

/* Which CPUs have to flush at their next switch; not every kernel names it. */
extern const void tlb_flush_pending __ksym __weak;

/* Whether the kernel half leaves the TLB with its ASID: under KPTI. Not named everywhere. */
extern const void arm64_use_ng_mappings __ksym __weak;

/* The generation that was seen last, on any CPU. */
static u64 generation_seen;

/**
 * struct here - of this CPU
 * @task: who is about to run; NULL: it is not the scheduler
 * @mm: address space that it is switching to, NULL: it is not
 * @before: its context when that began
 * @generation: of the last switch; 0: none was seen
 * @pending: a flush waited, if that is known
 */
struct here {
	struct task_struct *task;
	struct mm_struct *mm;
	u64 before;
	u64 generation;
	bool pending;
	bool pending_known;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct here);
} cpus SEC(".maps");

/* A change of many entries that a thread is about to end; found by its tid. */
struct gather {
	u32 tid;		/* 0: none */
	u32 told;
	struct flush flush;	/* what there is to be told */
	u32 nothing;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_ASKS);
	__type(key, u32);
	__type(value, struct gather);
} gathers SEC(".maps");

static __always_inline u64 context_of(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, context.id.counter);
}

static __always_inline struct here *here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

/* ---- switches ------------------------------------------------------------- */

static __always_inline bool has_user_asid(void)
{
	u8 on = 0;

	if (&arm64_use_ng_mappings)
		bpf_probe_read_kernel(&on, sizeof(on), &arm64_use_ng_mappings);
	return on;
}

static __always_inline void tell(struct here *h, struct task_struct *task, u64 context,
				 u32 outcome)
{
	struct turn t = {
		.task = task,
		.from = bpf_get_current_pid_tgid() >> 32,
		.scheduled = h->task,
		.context = context,
		.generation = GENERATION(context),
		.slot = VMLAB_EVENT_UNKNOWN,
		.tag = ASID_OF(context),
		.user_tag = VMLAB_EVENT_TAG_NONE,
		.outcome = outcome,
	};

	if (outcome == VMLAB_TAG_NEW)
		t.evicted = h->before;
	if (has_user_asid())
		t.user_tag = t.tag | USER_ASID;
	tell_switch(&t);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(tlb_schedules, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct mm_struct *mm = next->mm;
	struct here *h = here();

	if (!h)
		return 0;
	h->task = mm ? next : NULL;
	/* Nothing is loaded: a thread of the same process, or none of a process in between. */
	if (mm && mm == prev->active_mm) {
		tell(h, next, context_of(mm), VMLAB_TAG_STAYED);
		h->task = NULL;
	}
	return 0;
}

static __always_inline int switch_begins(struct mm_struct *mm)
{
	struct here *h = here();
	u32 cpu = bpf_get_smp_processor_id();
	u64 mask = 0;

	if (!h)
		return 0;
	h->mm = mm;
	h->before = context_of(mm);
	h->pending_known = !h->generation && &tlb_flush_pending;
	if (h->pending_known) {
		bpf_probe_read_kernel(&mask, sizeof(mask),
				      (void *)((u64)&tlb_flush_pending + cpu / 64 * 8));
		h->pending = mask >> (cpu & 63) & 1;
	}
	return 0;
}

/* All CPUs come here with new ones; one of them is the first. */
static __always_inline void note_generation(struct task_struct *task, u64 generation)
{
	u64 seen = generation_seen;
	struct vmlab_event_rollover *e;

	if (generation <= seen || !__sync_bool_compare_and_swap(&generation_seen, seen, generation))
		return;
	if (!seen)
		return;
	count_row(VMLAB_TLB_ROW_ROLLOVER, VMLAB_EVENT_NS_UNKNOWN);
	e = begin_event(sizeof(*e), VMLAB_EVENT_ROLLOVER, BPF_CORE_READ(task, tgid),
			bpf_ktime_get_ns());
	if (!e)
		return;
	e->head.tid = BPF_CORE_READ(task, pid);
	__builtin_memset(e->head.comm, 0, sizeof(e->head.comm));
	bpf_probe_read_kernel_str(e->head.comm, sizeof(e->head.comm), task->comm);
	e->generation = generation;
	e->before = seen;
	submit(e);
}

/* Of the context before and after, and whether this CPU flushed everything on the way. */
static __always_inline u32 outcome_of(const struct here *h, u64 context)
{
	bool flushed;

	if (!h->before || ASID_OF(h->before) != ASID_OF(context))
		return VMLAB_TAG_NEW;
	if (h->generation)
		flushed = h->generation != GENERATION(context);
	else if (h->pending_known)
		flushed = h->pending;
	else
		return VMLAB_EVENT_UNKNOWN;
	if (flushed)
		return VMLAB_TAG_FLUSHED;
	/* The same number once more, and nothing under it since the last flush. */
	return h->before == context ? VMLAB_TAG_KEPT : VMLAB_TAG_NEW;
}

static __always_inline int switch_ends(void)
{
	struct task_struct *task;
	struct here *h = here();
	u64 context;

	if (!h || !h->mm)
		return 0;
	context = context_of(h->mm);
	h->mm = NULL;
	task = h->task ?: (struct task_struct *)bpf_get_current_task();
	note_generation(task, GENERATION(context));
	tell(h, task, context, outcome_of(h, context));
	h->generation = GENERATION(context);
	h->task = NULL;
	return 0;
}

/* ---- flushes -------------------------------------------------------------- */

/* What is to be flushed of it now; false: nothing. */
static __always_inline bool read_gather(struct flush *f, struct mmu_gather *tlb)
{
	const bool freed = BPF_CORE_READ_BITFIELD_PROBED(tlb, freed_tables);

	f->mm = BPF_CORE_READ(tlb, mm);
	f->reason = VMLAB_FLUSH_GATHER;
	f->pages = VMLAB_EVENT_PAGES_UNKNOWN;
	f->start = BPF_CORE_READ(tlb, start);
	f->end = BPF_CORE_READ(tlb, end);
	f->stride = 0;
	if (BPF_CORE_READ_BITFIELD_PROBED(tlb, fullmm)) {
		/* Its ASID goes to nobody before all are flushed: only tables matter. */
		f->start = 0;
		f->end = ~0ULL;
		f->pages = VMLAB_EVENT_PAGES_ALL;
		return freed;
	}
	return freed || BPF_CORE_READ_BITFIELD_PROBED(tlb, cleared_ptes) ||
	       BPF_CORE_READ_BITFIELD_PROBED(tlb, cleared_pmds) ||
	       BPF_CORE_READ_BITFIELD_PROBED(tlb, cleared_puds) ||
	       BPF_CORE_READ_BITFIELD_PROBED(tlb, cleared_p4ds);
}

static __always_inline struct gather *gather_of(u32 tid)
{
	u32 index = tid & (NR_ASKS - 1);

	return bpf_map_lookup_elem(&gathers, &index);
}

static __always_inline void tell_mine(const struct flush *f)
{
	struct who who = {};

	who_am_i(&who);
	count_asked(owner_of(f->mm), &who);
	tell_flush(f, &who);
}

/* The compiler may have put the second one into the first one. */
static __always_inline int gather_ends(struct mmu_gather *tlb)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct gather *gather = gather_of(tid);

	if (!gather)
		return 0;
	gather->tid = tid;
	gather->told = 0;
	gather->nothing = !read_gather(&gather->flush, tlb);
	return 0;
}

static __always_inline int gather_ended(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct gather *gather = gather_of(tid);
	struct flush f;

	if (!gather || gather->tid != tid)
		return 0;
	gather->tid = 0;
	if (gather->told || gather->nothing)
		return 0;
	f = gather->flush;
	tell_mine(&f);
	return 0;
}

static __always_inline int gather_flushes(struct mmu_gather *tlb)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct gather *gather = gather_of(tid);
	struct flush f = {};

	if (gather && gather->tid == tid)
		gather->told = 1;
	if (read_gather(&f, tlb))
		tell_mine(&f);
	return 0;
}

/* A change of entries of one mapping, which ends with a flush if there were any. */
struct change {
	u32 tid;		/* 0: none */
	u32 nr;			/* pages that were gathered before, */
	u64 active;		/* and where */
	struct mmu_gather *tlb;
	struct mm_struct *mm;
	u64 start;
	u64 end;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_ASKS);
	__type(key, u32);
	__type(value, struct change);
} changes SEC(".maps");

static __always_inline struct change *change_of(u32 tid)
{
	u32 index = tid & (NR_ASKS - 1);

	return bpf_map_lookup_elem(&changes, &index);
}

static __always_inline int change_begins(struct mmu_gather *tlb, struct vm_area_struct *vma,
					 u64 start, u64 end)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct change *change = change_of(tid);
	struct mmu_gather_batch *active;

	if (!change)
		return 0;
	change->tid = 0;
	/* Its ASID is given up as a whole. */
	if (BPF_CORE_READ_BITFIELD_PROBED(tlb, fullmm))
		return 0;
	active = BPF_CORE_READ(tlb, active);
	change->tid = tid;
	change->active = (u64)active;
	change->nr = BPF_CORE_READ(active, nr);
	change->tlb = tlb;
	change->mm = BPF_CORE_READ(vma, vm_mm);
	change->start = start;
	change->end = end;
	return 0;
}

/* @nr: entries that were changed; negative: it shows in what was gathered. */
static __always_inline int change_ended(long nr)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct change *change = change_of(tid);
	struct mmu_gather_batch *active;
	struct flush f = {
		.pages = VMLAB_EVENT_PAGES_UNKNOWN,
		.reason = VMLAB_FLUSH_GATHER,
	};
	struct mmu_gather *tlb;

	if (!change || change->tid != tid)
		return 0;
	change->tid = 0;
	if (nr < 0) {
		tlb = change->tlb;
		active = BPF_CORE_READ(tlb, active);
		nr = (u64)active != change->active || BPF_CORE_READ(active, nr) != change->nr;
	}
	if (!nr)
		return 0;
	f.mm = change->mm;
	f.start = change->start;
	f.end = change->end;
	tell_mine(&f);
	return 0;
}

static __always_inline int forks(struct mm_struct *mm)
{
	struct flush f = {
		.mm = mm,
		.end = ~0ULL,
		.pages = VMLAB_EVENT_PAGES_ALL,
		.reason = VMLAB_FLUSH_FORK,
	};

	tell_mine(&f);
	return 0;
}

/* It returns a struct, which trampolines do not take. */
SEC("kprobe/ptep_clear_flush")
int BPF_KPROBE(tlb_page, struct vm_area_struct *vma, unsigned long address)
{
	struct flush f = {
		.mm = BPF_CORE_READ(vma, vm_mm),
		.start = address & ~((1ULL << config.page_shift) - 1),
		.pages = 1,
		.reason = VMLAB_FLUSH_PAGE,
		.stride = config.page_shift,
	};

	f.end = f.start + (1ULL << config.page_shift);
	tell_mine(&f);
	return 0;
}

/*
 * What it returns stands behind its arguments, and those are not the same everywhere: hence
 * no trampoline. Entries that are changed are counted by it.
 */
SEC("kprobe/change_protection")
int BPF_KPROBE(tlb_protects, struct mmu_gather *tlb, struct vm_area_struct *vma,
	       unsigned long start, unsigned long end)
{
	return change_begins(tlb, vma, start, end);
}

SEC("kretprobe/change_protection")
int BPF_KRETPROBE(tlb_protected, long nr)
{
	return change_ended(nr < 0 ? 0 : nr);
}

/* Of these a kernel has one. */
SEC("kprobe/unmap_page_range")
int BPF_KPROBE(tlb_unmaps_either, struct mmu_gather *tlb, struct vm_area_struct *vma,
	       unsigned long start, unsigned long end)
{
	return change_begins(tlb, vma, start, end);
}

SEC("kretprobe/unmap_page_range")
int BPF_KRETPROBE(tlb_unmapped_either)
{
	return change_ended(-1);
}

SEC("kprobe/__zap_vma_range")
int BPF_KPROBE(tlb_zaps_either, struct mmu_gather *tlb, struct vm_area_struct *vma,
	       unsigned long start, unsigned long end)
{
	return change_begins(tlb, vma, start, end);
}

SEC("kretprobe/__zap_vma_range")
int BPF_KRETPROBE(tlb_zapped_either)
{
	return change_ended(-1);
}

#ifdef VMLAB_KPROBE
#define PROGRAM		BPF_KPROBE
#define PROGRAM_AFTER	BPF_KRETPROBE
#else
#define PROGRAM		BPF_PROG
#define PROGRAM_AFTER	BPF_PROG
#endif

ENTRY(check_and_switch_context)
int PROGRAM(tlb_switch_begins, struct mm_struct *mm)
{
	return switch_begins(mm);
}

EXIT(check_and_switch_context)
int PROGRAM_AFTER(tlb_switch_ends)
{
	return switch_ends();
}

ENTRY(tlb_finish_mmu)
int PROGRAM(tlb_gather_ends, struct mmu_gather *tlb)
{
	return gather_ends(tlb);
}

EXIT(tlb_finish_mmu)
int PROGRAM_AFTER(tlb_gather_ended)
{
	return gather_ended();
}

ENTRY(tlb_flush_mmu)
int PROGRAM(tlb_gather_flushes, struct mmu_gather *tlb)
{
	return gather_flushes(tlb);
}

ENTRY(uprobe_dup_mmap)
int PROGRAM(tlb_forks, struct mm_struct *mm)
{
	return forks(mm);
}

#endif /* VMLAB_TLB_ARM64_BPF_H */
