/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlb_x86.bpf.h - switches and flushes of x86-64.
 *
 * A switch is switch_mm_irqs_off(): cpu_tlbstate before and after say which slot it took
 * and of whom it was; the kernel's own tracepoint, in between, whether the load of CR3
 * flushed. Interrupts are off from end to end, so that what is known in between is a
 * variable of the CPU.
 *
 * Flushes are that tracepoint, too. It has a reason and a number of pages; the range, the
 * address space and who asked are what the functions around it were called with. A CPU
 * that another one asked knows the request by its address, and so who waits for it.
 */
#ifndef VMLAB_TLB_X86_BPF_H
#define VMLAB_TLB_X86_BPF_H

#include <vmlab_slots.h>
#include "tlbstate_x86.bpf.h"

/* The second argument of the tracepoint for everything. */
#define FLUSH_ALL	(~0ULL)
/* Of user mode's PCID, beside its slot's. */
#define USER_PCID	0x800
/* Beyond the slots are tags that are the same on all CPUs. */
#define NO_SLOT		VMLAB_EVENT_UNKNOWN
/* Room for all of them, and a power of two. */
#define SLOT_MASK	7

enum tlb_flush_reason {
	TLB_FLUSH_ON_TASK_SWITCH,
	TLB_REMOTE_SHOOTDOWN,
	TLB_LOCAL_SHOOTDOWN,
	TLB_LOCAL_MM_SHOOTDOWN,
	TLB_REMOTE_SEND_IPI,
	TLB_REMOTE_WRONG_CPU,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct flush_tlb_info {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	u8 stride_shift;
};

#pragma clang attribute pop

extern const struct tlb_state cpu_tlbstate __ksym;

/**
 * struct here - of this CPU
 * @next: address space that it is switching to; NULL: it is not
 * @contexts: whose each slot was when that began
 * @had: the slot that was @next's already, or NO_SLOT
 * @reloaded: CR3 was written, and
 * @pages: FLUSH_ALL or 0 of its tag were flushed
 * @info: the request of another CPU that is being answered
 */
struct here {
	struct mm_struct *next;
	u64 contexts[SLOT_MASK + 1];
	u32 had;
	u32 reloaded;
	u64 pages;
	struct flush_tlb_info *info;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct here);
} cpus SEC(".maps");

/* A request that a thread has under way; found by its tid. */
struct ask {
	u32 tid;		/* 0: none */
	u32 hits;		/* how often the tracepoint was passed for it */
	struct mm_struct *mm;
	u64 start;
	u64 end;
	u32 stride;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_ASKS);
	__type(key, u32);
	__type(value, struct ask);
} asks SEC(".maps");

/* Who waits for a request, found by the request's address. */
struct asker {
	u64 info;
	struct who who;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_ASKS);
	__type(key, u32);
	__type(value, struct asker);
} askers SEC(".maps");

static __always_inline u64 context_of(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, context.ctx_id);
}

static __always_inline struct here *here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

static __always_inline struct ask *ask_of(u32 tid)
{
	u32 index = tid & (NR_ASKS - 1);

	return bpf_map_lookup_elem(&asks, &index);
}

static __always_inline struct asker *asker_of(u64 info)
{
	u32 index = (info >> 6 ^ info >> 14) & (NR_ASKS - 1);

	return bpf_map_lookup_elem(&askers, &index);
}

/* ---- switches ------------------------------------------------------------- */

SEC("fentry/switch_mm_irqs_off")
int BPF_PROG(tlb_switch_begins, struct mm_struct *prev, struct mm_struct *next)
{
	const struct tlb_state *state = bpf_this_cpu_ptr(&cpu_tlbstate);
	u64 wanted = context_of(next);
	struct here *h = here();
	bool others;
	u16 loaded;
	u32 i;

	if (!h)
		return 0;
	h->next = next;
	h->had = NO_SLOT;
	h->reloaded = 0;
	loaded = state->loaded_mm_asid;
	/* All but the loaded one are void then. */
	others = state->invalidate_other;
#pragma unroll
	for (i = 0; i < VMLAB_SLOTS_MAX; i++) {
		h->contexts[i] = state->ctxs[i].ctx_id;
		if (h->contexts[i] == wanted && (i == loaded || !others))
			h->had = i;
	}
	return 0;
}

/*
 * For the verifier, which forgets what a comparison said of a number once the compiler has
 * put a copy of it away.
 */
static __always_inline u32 bounded(u32 slot)
{
	asm volatile("%0 &= %1" : "+r"(slot) : "i"(SLOT_MASK));
	return slot;
}

static __always_inline u32 outcome_of(const struct here *h, u32 slot)
{
	if (!h->reloaded)
		return VMLAB_TAG_STAYED;
	if (!h->pages)
		return VMLAB_TAG_KEPT;
	/* There is but one tag, if that is what it is. */
	if (!(config.tags & VMLAB_TRACE_TAGS) || slot == h->had)
		return VMLAB_TAG_FLUSHED;
	return VMLAB_TAG_NEW;
}

SEC("fexit/switch_mm_irqs_off")
int BPF_PROG(tlb_switch_ends, struct mm_struct *prev, struct mm_struct *next,
	     struct task_struct *task)
{
	const struct tlb_state *state = bpf_this_cpu_ptr(&cpu_tlbstate);
	struct task_struct *current = bpf_get_current_task_btf();
	u16 slot = state->loaded_mm_asid;
	struct here *h = here();
	struct turn t = {
		.slot = NO_SLOT,
		.tag = VMLAB_EVENT_TAG_NONE,
		.user_tag = VMLAB_EVENT_TAG_NONE,
	};

	if (!h || h->next != next)
		return 0;
	h->next = NULL;
	/* The scheduler calls it before it goes to the other thread's stack. */
	t.scheduled = task && task != current;
	t.task = t.scheduled ? task : current;
	t.from = current->tgid;
	t.context = context_of(next);
	t.outcome = outcome_of(h, slot);
	t.generation = next->context.tlb_gen.counter;
	if (slot < VMLAB_SLOTS_MAX) {
		/* Stale until it is switched to again, where nothing was loaded. */
		t.generation = BPF_CORE_READ(state, ctxs[slot].tlb_gen);
		if (t.outcome == VMLAB_TAG_NEW)
			t.evicted = h->contexts[bounded(slot)];
	}
	if (config.tags & VMLAB_TRACE_TAGS) {
		t.slot = slot < VMLAB_SLOTS_MAX ? slot : NO_SLOT;
		t.tag = slot + 1;
		if (config.tags & VMLAB_TRACE_USER_TAGS)
			t.user_tag = t.tag | USER_PCID;
	}
	tell_switch(&t);
	return 0;
}

/* ---- flushes -------------------------------------------------------------- */

static __always_inline void ask_begins(struct mm_struct *mm, u64 start, u64 end, u32 stride)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct ask *ask = ask_of(tid);

	if (!ask)
		return;
	ask->tid = tid;
	ask->hits = 0;
	ask->mm = mm;
	ask->start = start;
	ask->end = end;
	ask->stride = stride;
}

SEC("fentry/flush_tlb_mm_range")
int BPF_PROG(tlb_ask_begins, struct mm_struct *mm, unsigned long start, unsigned long end,
	     unsigned int stride)
{
	compat_stay();
	ask_begins(mm, start, end, stride);
	compat_may_go();
	return 0;
}

static __always_inline void ask_ends(struct mm_struct *mm, u64 start, u64 end, u32 stride)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct ask *ask = ask_of(tid);
	struct who who = {};
	struct flush f = {
		.mm = mm,
		.start = start,
		.end = end,
		.reason = VMLAB_FLUSH_DEFERRED,
		.stride = stride,
	};

	if (!ask || ask->tid != tid)
		return;
	ask->tid = 0;
	who_am_i(&who);
	count_asked(owner_of(mm), &who);
	if (ask->hits)
		return;
	if (compat_global_asid(mm)) {
		f.reason = VMLAB_FLUSH_BROADCAST;
		f.pages = VMLAB_EVENT_PAGES_UNKNOWN;
	}
	tell_flush(&f, &who);
}

SEC("fexit/flush_tlb_mm_range")
int BPF_PROG(tlb_ask_ends, struct mm_struct *mm, unsigned long start, unsigned long end,
	     unsigned int stride)
{
	compat_stay();
	ask_ends(mm, start, end, stride);
	compat_may_go();
	return 0;
}

/* Other CPUs are about to be asked, by way of @info if it is about a flush. */
SEC("fentry/on_each_cpu_cond_mask")
int BPF_PROG(tlb_ask_others, void *cond, void *func, void *info)
{
	struct asker *asker = asker_of((u64)info);

	if (!info || !asker)
		return 0;
	asker->info = (u64)info;
	who_am_i(&asker->who);
	return 0;
}

SEC("fentry/flush_tlb_func")
int BPF_PROG(tlb_asked, void *info)
{
	struct here *h = here();

	if (h)
		h->info = info;
	return 0;
}

static __always_inline void tell_asked(struct flush *f)
{
	struct here *h = here();
	struct flush_tlb_info *info = h ? h->info : NULL;
	struct asker *asker = info ? asker_of((u64)info) : NULL;
	struct who nobody = {};

	if (info) {
		f->mm = BPF_CORE_READ(info, mm);
		f->start = BPF_CORE_READ(info, start);
		f->end = BPF_CORE_READ(info, end);
		f->stride = BPF_CORE_READ(info, stride_shift);
	}
	tell_flush(f, asker && asker->info == (u64)info ? &asker->who : &nobody);
}

static __always_inline void tell_own(struct flush *f)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct ask *ask = ask_of(tid);
	struct who who = {};

	/* Without a request it is for pages of anybody, as when memory is reclaimed. */
	if (ask && ask->tid == tid) {
		ask->hits++;
		f->mm = ask->mm;
		f->start = ask->start;
		f->end = ask->end;
		f->stride = ask->stride;
	}
	who_am_i(&who);
	tell_flush(f, &who);
}

SEC("tp_btf/tlb_flush")
int BPF_PROG(tlb_flushed, int reason, unsigned long pages)
{
	struct flush f = {
		.pages = pages == FLUSH_ALL ? VMLAB_EVENT_PAGES_ALL : pages,
	};
	struct here *h;

	switch (reason) {
	case TLB_FLUSH_ON_TASK_SWITCH:
		h = here();
		if (h) {
			h->reloaded = 1;
			h->pages = pages;
		}
		break;
	case TLB_REMOTE_SHOOTDOWN:
		f.reason = VMLAB_FLUSH_REMOTE;
		tell_asked(&f);
		break;
	case TLB_REMOTE_WRONG_CPU:
		f.reason = VMLAB_FLUSH_WRONG_CPU;
		tell_asked(&f);
		break;
	case TLB_LOCAL_SHOOTDOWN:
		f.reason = VMLAB_FLUSH_LOCAL;
		tell_own(&f);
		break;
	case TLB_LOCAL_MM_SHOOTDOWN:
		f.reason = VMLAB_FLUSH_LOCAL_MM;
		tell_own(&f);
		break;
	case TLB_REMOTE_SEND_IPI:
		f.reason = VMLAB_FLUSH_IPI_SENT;
		tell_own(&f);
		break;
	}
	return 0;
}

SEC("fentry/flush_tlb_kernel_range")
int BPF_PROG(tlb_kernel, unsigned long start, unsigned long end)
{
	struct flush f = {
		.start = start,
		.end = end,
		.pages = VMLAB_EVENT_PAGES_UNKNOWN,
		.reason = VMLAB_FLUSH_KERNEL,
	};
	struct who who = {};

	who_am_i(&who);
	count_asked(0, &who);
	tell_flush(&f, &who);
	return 0;
}

SEC("fentry/flush_tlb_all")
int BPF_PROG(tlb_all)
{
	struct flush f = {
		.end = FLUSH_ALL,
		.pages = VMLAB_EVENT_PAGES_ALL,
		.reason = VMLAB_FLUSH_ALL,
	};
	struct who who = {};

	who_am_i(&who);
	count_asked(0, &who);
	tell_flush(&f, &who);
	return 0;
}

#endif /* VMLAB_TLB_X86_BPF_H */
