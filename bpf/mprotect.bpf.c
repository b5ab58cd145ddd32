// SPDX-License-Identifier: GPL-2.0-only
/*
 * mprotect.bpf.c - who makes which memory writable, read-only, executable.
 *
 * A system call may cover several mappings: mprotect_fixup() is called for each of them,
 * and what was before is read at its entry, for afterwards the VMA may have become part of
 * another one. It is called for the stack of an exec, too: what belongs to no system call
 * is not told.
 */
#include "trace.bpf.h"
#include "follow.bpf.h"
#include "walk.bpf.h"
#include "code.bpf.h"
#include "vma.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NR_CALLS	4096

/**
 * struct call - a system call under way
 * @tid: whose, 0: none
 * @ranges: how many have been told
 * @pkey: as was asked
 * @changing: mprotect_fixup() is under way, for
 * @mapping: this one
 * @start: of it, from here
 * @end: to before here
 * @to: VM_*
 * @entries: that were changed
 * @asked: first address that was asked for
 * @length: as was asked
 * @protection: as was asked
 * @ts: when it began
 */
struct call {
	u32 tid;
	u32 ranges;
	s32 pkey;
	u32 changing;
	struct mapping mapping;
	u64 start;
	u64 end;
	u64 to;
	u64 entries;
	u64 asked;
	u64 length;
	u64 protection;
	u64 ts;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_CALLS);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

static __always_inline struct call *call_at(u32 tid)
{
	u32 index = tid & (NR_CALLS - 1);

	return bpf_map_lookup_elem(&calls, &index);
}

/* The one that this thread has under way, or NULL. */
static __always_inline struct call *my_call(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct call *call = call_at(tid);

	return call && call->tid == tid ? call : NULL;
}

static __always_inline int call_begins(u64 start, u64 length, u64 protection, s32 pkey)
{
	u64 id = bpf_get_current_pid_tgid();
	struct call *call;
	u32 was;

	if (!wanted_here(id >> 32))
		return 0;
	call = call_at((u32)id);
	if (!call)
		return 0;
	was = __sync_val_compare_and_swap(&call->tid, 0, (u32)id);
	/* Another thread with the same index, or one whose end was left out. */
	if (was && was != (u32)id) {
		count_lost();
		return 0;
	}
	call->ranges = 0;
	call->changing = 0;
	call->pkey = pkey;
	call->asked = start;
	call->length = length;
	call->protection = protection;
	call->ts = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int call_ends(s64 result)
{
	struct call *call = my_call();
	struct vmlab_event_protect_call *e;
	u64 ns;

	if (!call)
		return 0;
	call->tid = 0;
	/* Nothing is asked for with no length, and it still is a call. */
	if (!wanted_addresses(call->asked, call->asked + (call->length ?: 1)))
		return 0;
	ns = bpf_ktime_get_ns() - call->ts;
	count_row(VMLAB_PROTECT_CALLS, ns);
	if (result)
		count_row(VMLAB_PROTECT_FAILED, VMLAB_EVENT_NS_UNKNOWN);
	e = begin_event(sizeof(*e), VMLAB_EVENT_PROTECT_CALL, bpf_get_current_pid_tgid() >> 32,
			call->ts);
	if (!e)
		return 0;
	bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	e->start = call->asked;
	e->length = call->length;
	e->protection = call->protection;
	e->ns = ns;
	e->ip = user_ip();
	e->caller = user_caller();
	e->result = result;
	e->pkey = call->pkey;
	e->ranges = call->ranges;
	e->__reserved = 0;
	submit(e);
	return 0;
}

static __always_inline int change_begins(struct vm_area_struct *vma, u64 start, u64 end, u64 to)
{
	struct call *call = my_call();

	if (!call)
		return 0;
	read_mapping(&call->mapping, vma);
	call->start = start;
	call->end = end;
	call->to = to;
	call->entries = 0;
	call->changing = 1;
	return 0;
}

static __always_inline int entries_changed(s64 nr)
{
	struct call *call = my_call();

	if (call && call->changing && nr > 0)
		call->entries += nr;
	return 0;
}

/* What is told of all, whether or not there is a file. */
static __always_inline void fill(struct vmlab_event_protect *e, const struct call *call)
{
	const struct mapping *m = &call->mapping;

	bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	e->head.flags = m->flags;
	e->start = call->start;
	e->end = call->end;
	e->offset = m->file ? m->offset + (call->start - m->start) : 0;
	e->entries = call->entries;
	e->ip = user_ip();
	e->caller = user_caller();
	e->from = m->vm_flags & VM_ACCESS;
	e->to = call->to & VM_ACCESS;
	e->__reserved[0] = 0;
	e->__reserved[1] = 0;
	e->pkey_from = flags_pkey(m->vm_flags);
	e->pkey_to = flags_pkey(call->to);
}

static __always_inline int change_ends(s64 result)
{
	const u32 without = __builtin_offsetof(struct vmlab_event_protect, names);
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct call *call = my_call();
	struct vmlab_event_protect *e;
	struct file *file;

	if (!call || !call->changing)
		return 0;
	call->changing = 0;
	if (result || (!((call->mapping.vm_flags ^ call->to) & VM_ACCESS) &&
		       flags_pkey(call->mapping.vm_flags) == flags_pkey(call->to)))
		return 0;
	call->ranges++;
	if (!wanted_addresses(call->start, call->end))
		return 0;
	count_row(VMLAB_PROTECT_RANGES, VMLAB_EVENT_NS_UNKNOWN);
	file = call->mapping.file;
	if (file) {
		e = begin_event(sizeof(*e), VMLAB_EVENT_PROTECT, tgid, call->ts);
		if (!e)
			return 0;
		fill(e, call);
		e->nr_names = path_names(file, e->names);
		submit(e);
		return 0;
	}
	e = begin_event(without, VMLAB_EVENT_PROTECT, tgid, call->ts);
	if (!e)
		return 0;
	fill(e, call);
	e->nr_names = 0;
	submit(e);
	return 0;
}

#ifdef VMLAB_KPROBE
/* do_mprotect_pkey() is inlined there, and there are no keys. */
SEC("kprobe/__arm64_sys_mprotect")
int BPF_KPROBE(call_begin, struct pt_regs *regs)
{
	return call_begins(BPF_CORE_READ(regs, regs[0]), BPF_CORE_READ(regs, regs[1]),
			   BPF_CORE_READ(regs, regs[2]), -1);
}

SEC("kretprobe/__arm64_sys_mprotect")
int BPF_KRETPROBE(call_end, long result)
{
	return call_ends(result);
}

/* Before 6.3 (compat.bpf.h). */
SEC("kprobe/mprotect_fixup")
int BPF_KPROBE(change_begin, void *tlb, struct vm_area_struct *vma, void *pprev,
	       unsigned long start, unsigned long end)
{
	u64 to = ctx->regs[5];

	return change_begins(vma, start, end, to);
}

SEC("kretprobe/mprotect_fixup")
int BPF_KRETPROBE(change_end, int result)
{
	return change_ends(result);
}

SEC("kretprobe/change_protection")
int BPF_KRETPROBE(entries_change, long nr)
{
	return entries_changed(nr);
}
#else
SEC("fentry/do_mprotect_pkey")
int BPF_PROG(call_begin, unsigned long start, unsigned long length, unsigned long protection,
	     int pkey)
{
	compat_stay();
	call_begins(start, length, protection, pkey);
	compat_may_go();
	return 0;
}

SEC("fexit/do_mprotect_pkey")
int BPF_PROG(call_end, unsigned long start, unsigned long length, unsigned long protection,
	     int pkey, int result)
{
	compat_stay();
	call_ends(result);
	compat_may_go();
	return 0;
}

SEC("fentry/mprotect_fixup")
int BPF_PROG(change_begin)
{
	const u32 first = compat_fixup_vma(ctx);
	u64 vma = 0, start = 0, end = 0, to = 0;

	bpf_get_func_arg(ctx, first, &vma);
	bpf_get_func_arg(ctx, first + 2, &start);
	bpf_get_func_arg(ctx, first + 3, &end);
	bpf_get_func_arg(ctx, first + 4, &to);
	compat_stay();
	change_begins((struct vm_area_struct *)vma, start, end, to);
	compat_may_go();
	return 0;
}

SEC("fexit/mprotect_fixup")
int BPF_PROG(change_end)
{
	compat_stay();
	change_ends((s32)compat_result(ctx));
	compat_may_go();
	return 0;
}

SEC("fexit/change_protection")
int BPF_PROG(entries_change)
{
	compat_stay();
	entries_changed(compat_result(ctx));
	compat_may_go();
	return 0;
}
#endif

_Static_assert(VMLAB_PROTECT_ROWS <= VMLAB_TRACE_ROWS, "a row for everything that is counted");
