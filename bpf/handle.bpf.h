/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handle.bpf.h - one page fault, from the handler's entry to its end.
 *
 * handle_mm_fault() is where all faults of user addresses pass, those that the kernel
 * takes and those that one process causes in another (GUP, ptrace). The page table is
 * read when it begins and when it ends; what happened is decided from the two entries,
 * not from the functions in between, which are inlined differently in every kernel.
 *
 * A handler that answers VM_FAULT_RETRY runs again, with or without the VMA's lock: it is
 * one event, from the first entry to the last end. An access that is refused does not come
 * here, or fails here; it is told when the signal is sent.
 *
 * Between entry and end, what is known of a fault waits in a slot that belongs to its
 * thread. A slot is found by index, not by a hash: this is the hot path of every fault of
 * the machine. Two threads with the same index at the same time are rare, and counted.
 *
 * Who includes this has said what an event is: VMLAB_COW 0 or 1.
 */
#ifndef VMLAB_HANDLE_BPF_H
#define VMLAB_HANDLE_BPF_H

#include "trace.bpf.h"
#include "walk.bpf.h"
#include "classes.bpf.h"
#include "follow.bpf.h"
#include "code.bpf.h"

#define NR_SLOTS	16384

/* slot.state */
#define SLOT_RUNNING	1
#define SLOT_AGAIN	2	/* it said VM_FAULT_RETRY */
#define SLOT_FAILED	3	/* a signal will tell */

/**
 * struct slot - a fault under way
 * @tid: whose, 0 for a free one
 * @state: SLOT_*
 * @va: the address
 * @mm: its address space, to compare
 * @root: of its page table, in the direct map
 * @ts: when it began
 * @page: struct page of the frame that stood there (cow)
 * @refs: references to it before, beyond those of mappings (cow)
 * @maps: mappings of it before (cow)
 * @page_facts: PAGE_* (cow)
 * @before: where the first descent ended
 * @facts: of the VMA, the access and the entry before
 * @flags: of the event
 * @owner: the process
 * @access: VMLAB_EVENT_READ ...
 * @asked: what the VMA permits
 * @fresh: this very entry has been seen (handle_begin_again)
 * @done: the thread whose end has been seen (handle_end_again)
 */
struct slot {
	u32 tid;
	u32 state;
	u64 va;
	u64 mm;
	u64 root;
	u64 ts;
	u64 page;
	s32 refs;
	s32 maps;
	struct place before;
	u32 page_facts;
	u32 facts;
	u32 flags;
	u32 owner;
	u8 access;
	u8 asked;
	u8 fresh;
	u32 done;
};

#define PAGE_EXCLUSIVE	1
#define PAGE_KSM	2
#define PAGE_FILE	4

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_SLOTS);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

COMPAT_VARIABLE(huge_zero_pfn)

static __always_inline struct slot *slot_of(u32 tid)
{
	u32 index = tid & (NR_SLOTS - 1);

	return bpf_map_lookup_elem(&slots, &index);
}

static __always_inline struct slot *slot_claim(u32 tid)
{
	struct slot *slot = slot_of(tid);
	u32 was;

	if (!slot)
		return NULL;
	was = __sync_val_compare_and_swap(&slot->tid, 0, tid);
	if (!was) {
		slot->state = 0;
		return slot;
	}
	if (was != tid) {
		count_lost();
		return NULL;
	}
	/* One that never ended: the program at its end was left out. */
	if (slot->state == SLOT_RUNNING)
		count_lost();
	return slot;
}

static __always_inline bool is_zero_page(const struct place *place, u32 facts)
{
	u64 huge;

	if (!entry_is_leaf(place->entry))
		return false;
	if (place->level == LEVEL_PTE)
		return (facts & OF_ANON) && entry_is_special(place->entry);
	huge = compat_huge_zero_pfn();
	return place->level == LEVEL_PMD && huge && entry_frame(place->entry) == huge;
}

/* @ops as a number: of a typed pointer the verifier lets nobody make one later. */
static __always_inline u32 facts_of_vma(unsigned long vm_flags, u64 ops)
{
	u32 facts = 0;

	barrier_var(ops);
	if (vm_flags & VM_SHARED)
		facts |= OF_SHARED;
	else if (!ops)
		facts |= OF_ANON;
	if (vm_flags & VM_HUGETLB)
		facts |= OF_HUGETLB;
	if (!(vm_flags & VM_ACCESS))
		facts |= OF_NOBODY;
	return facts;
}

static __always_inline u32 facts_before(const struct place *place, u32 facts)
{
	u32 was = 0;

	if (entry_is_none(place->entry))
		return WAS_NONE;
	if (!entry_is_leaf(place->entry)) {
		/* Other kinds of absent entries: migration, poison, markers. */
		return entry_swap_type(place->entry) < COMPAT_SWAP_TYPES ? WAS_SWAP : 0;
	}
	was = WAS_LEAF;
	if (place->level > LEVEL_PTE)
		was |= WAS_BIG;
	/* One that only waits to be dirty is nobody else's; of a shared page somebody asked. */
	if (!(place->may & VMLAB_EVENT_WRITE) &&
	    ((facts & OF_SHARED) || !entry_waits_to_be_dirty(place->entry)))
		was |= WAS_READ_ONLY;
	if (entry_is_protnone(place->entry) && !(facts & OF_NOBODY))
		was |= WAS_HINT;
	if (is_zero_page(place, facts))
		was |= WAS_ZERO;
	return was;
}

static __always_inline u32 facts_after(const struct slot *slot, const struct place *place,
				       u64 old_pfn, u64 new_pfn)
{
	u32 is = 0;

	if (!entry_is_leaf(place->entry))
		return 0;
	is = IS_LEAF;
	if (place->level > LEVEL_PTE)
		is |= IS_BIG;
	if (place->may & VMLAB_EVENT_WRITE)
		is |= IS_WRITABLE;
	if (old_pfn == new_pfn)
		is |= IS_SAME;
	if (is_zero_page(place, slot->facts))
		is |= IS_ZERO;
	return is;
}

static __always_inline u8 asked_of(unsigned long vm_flags)
{
	u8 asked = 0;

	if (vm_flags & VM_READ)
		asked |= VMLAB_EVENT_READ;
	if (vm_flags & VM_WRITE)
		asked |= VMLAB_EVENT_WRITE;
	if (vm_flags & VM_EXEC)
		asked |= VMLAB_EVENT_EXEC_PERM;
	return asked;
}

/* The page that may be copied, before it is. Parts of larger ones are not looked at. */
static __always_inline void look_at_page(struct slot *slot)
{
	u64 pfn = frame_at(&slot->before, slot->va);
	struct page *page;
	u64 mapping;

	slot->page = 0;
	slot->page_facts = 0;
	if (pfn == VMLAB_EVENT_PFN_NONE || !(slot->facts & WAS_READ_ONLY) ||
	    (slot->facts & (WAS_ZERO | WAS_BIG)) || !page_of(pfn))
		return;
	page = (struct page *)page_of(pfn);
	if (!compat_page_is_single(page))
		return;
	slot->page = (u64)page;
	slot->maps = BPF_CORE_READ(page, _mapcount.counter) + 1;
	slot->refs = BPF_CORE_READ(page, _refcount.counter) - slot->maps;
	mapping = (u64)BPF_CORE_READ(page, mapping);
	/* PAGE_MAPPING_ANON 1, with 2 PAGE_MAPPING_KSM. */
	if ((mapping & 3) == 3)
		slot->page_facts |= PAGE_KSM;
	else if (!(mapping & 1))
		slot->page_facts |= PAGE_FILE;
	else if (compat_page_flags(page) &
		 (1UL << bpf_core_enum_value(enum pageflags, PG_anon_exclusive)))
		slot->page_facts |= PAGE_EXCLUSIVE;
}

static __always_inline u8 why_of(const struct slot *slot, u32 outcome)
{
	if (outcome == VMLAB_COW_ZERO_FILLED)
		return VMLAB_WHY_ZERO_PAGE;
	if (slot->facts & WAS_NONE)
		return VMLAB_WHY_FILE;
	if (!slot->page)
		return VMLAB_WHY_UNKNOWN;
	if (slot->page_facts & PAGE_KSM)
		return VMLAB_WHY_KSM;
	if (slot->page_facts & PAGE_FILE)
		return VMLAB_WHY_FILE;
	if (outcome == VMLAB_COW_REUSED)
		return slot->page_facts & PAGE_EXCLUSIVE ? VMLAB_WHY_EXCLUSIVE :
							   VMLAB_WHY_LAST_SHARER;
	if (slot->maps > 1)
		return VMLAB_WHY_SHARED;
	return slot->refs > 0 ? VMLAB_WHY_PINNED : VMLAB_WHY_SHARED;
}

/* Does the parent still map this frame here? Its pid, or 0. */
static __always_inline u32 parent_with(u64 va, u64 pfn)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct mm_struct *mm = BPF_CORE_READ(parent, mm);
	struct place place = {};

	if (!mm || mm == BPF_CORE_READ(task, mm) || pfn == VMLAB_EVENT_PFN_NONE)
		return 0;
	walk(&place, (u64)BPF_CORE_READ(mm, pgd), va);
	return frame_at(&place, va) == pfn ? BPF_CORE_READ(parent, tgid) : 0;
}

static __always_inline void emit(const struct slot *slot, const struct place *after, u32 class,
				 u32 outcome, u64 old_pfn, u64 new_pfn, u64 ns, u8 signal)
{
	struct vmlab_event_fault *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	struct page *page = (struct page *)slot->page;

	if (!e) {
		count_lost();
		return;
	}
	fill_head(&e->head, sizeof(*e), VMLAB_COW ? VMLAB_EVENT_COW : VMLAB_EVENT_FAULT,
		  slot->owner, slot->ts);
	e->head.flags = slot->flags;
	if (slot->flags & VMLAB_EVENT_F_REMOTE) {
		e->head.tid = 0;
		e->head.comm[0] = '\0';
	} else {
		bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	}
	e->va = slot->va;
	e->ip = user_ip();
	e->ns = ns;
	e->before = slot->before.entry;
	e->after = after->entry;
	e->old_pfn = old_pfn;
	e->new_pfn = new_pfn;
	e->class = class;
	e->access = slot->access;
	e->asked = slot->asked;
	e->may_before = slot->before.may;
	e->may_after = after->may;
	e->level_before = slot->before.level;
	e->level_after = after->level;
	e->signal = signal;
	e->outcome = outcome;
	e->why = VMLAB_WHY_UNKNOWN;
	__builtin_memset(e->__reserved, 0, sizeof(e->__reserved));
	e->sharers = VMLAB_EVENT_UNKNOWN;
	e->with = 0;
	if (VMLAB_COW) {
		e->why = why_of(slot, outcome);
		if (page)
			e->sharers = BPF_CORE_READ(page, _mapcount.counter) + 1;
		if (outcome == VMLAB_COW_COPIED && !(slot->flags & VMLAB_EVENT_F_REMOTE))
			e->with = parent_with(slot->va, old_pfn);
	}
	submit(e);
}

/* It is over: what was it, is it wanted, counted, told. */
static __always_inline void finish(struct slot *slot, const struct place *after, u64 ns,
				   u8 signal)
{
	u64 old_pfn = frame_at(&slot->before, slot->va), new_pfn = frame_at(after, slot->va);
	u32 facts = slot->facts | facts_after(slot, after, old_pfn, new_pfn), class, outcome;

	class = vmlab_classify(facts);
	outcome = vmlab_outcome(facts);
	if (VMLAB_COW && outcome == VMLAB_COW_NONE)
		return;
	if (!(config.classes >> class & 1))
		return;
	if (ns < config.min_ns || (config.min_ns && ns == VMLAB_EVENT_NS_UNKNOWN) || !wanted_name())
		return;
	count_row(VMLAB_COW ? outcome : class, ns);
	if (config.events)
		emit(slot, after, class, outcome, old_pfn, new_pfn, ns, signal);
}

/*
 * A fault that had to wait is a major one to the kernel, whatever it finds then; not so
 * when it only went back for the mmap lock (mm_account_fault).
 */
static __always_inline u32 major_if_tried(unsigned int fault_flags)
{
	return fault_flags & FAULT_FLAG_TRIED ? VMLAB_EVENT_F_MAJOR : 0;
}

static __always_inline int begin(struct vm_area_struct *vma, u64 va, unsigned int fault_flags)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct task_struct *owner, *task;
	struct mm_struct *mm = READ(vma, vm_mm);
	const struct vm_operations_struct *ops;
	unsigned long vm_flags;
	struct slot *slot;
	u32 tgid;

	if (va < config.start || va >= config.end)
		return 0;
	owner = compat_owner(mm);
	if (!owner)
		return 0;
	tgid = READ(owner, tgid);
	if (!wanted_process(tgid))
		return 0;
	slot = slot_claim(tid);
	if (!slot)
		return 0;
	if (slot->state == SLOT_AGAIN && slot->va == va && slot->mm == (u64)mm) {
		slot->state = SLOT_RUNNING;
		slot->flags |= VMLAB_EVENT_F_RETRIED | major_if_tried(fault_flags);
		slot->fresh = 1;
		return 0;
	}
	vm_flags = READ(vma, vm_flags);
	slot->state = SLOT_RUNNING;
	slot->fresh = 1;
	slot->va = va;
	slot->mm = (u64)mm;
	slot->root = (u64)READ(mm, pgd);
	slot->owner = tgid;
	slot->asked = asked_of(vm_flags);
	slot->flags = major_if_tried(fault_flags);
	slot->access = VMLAB_EVENT_READ;
	ops = READ(vma, vm_ops);
	slot->facts = facts_of_vma(vm_flags, (u64)ops);
	if (fault_flags & FAULT_FLAG_WRITE) {
		slot->access = VMLAB_EVENT_WRITE;
		slot->facts |= DID_WRITE;
	} else if (fault_flags & FAULT_FLAG_INSTRUCTION) {
		slot->access = VMLAB_EVENT_EXEC_PERM;
	}
	if (fault_flags & FAULT_FLAG_UNSHARE)
		slot->facts |= DID_UNSHARE;
	if (fault_flags & FAULT_FLAG_USER)
		slot->flags |= VMLAB_EVENT_F_USER;
	task = (struct task_struct *)bpf_get_current_task_btf();
	if (READ(task, mm) != mm)
		slot->flags |= VMLAB_EVENT_F_REMOTE;
	slot->ts = bpf_ktime_get_ns();
	learn(mm);
	walk(&slot->before, slot->root, va);
	slot->facts |= facts_before(&slot->before, slot->facts);
	if (VMLAB_COW)
		look_at_page(slot);
	return 0;
}

#define FAILED	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_HWPOISON | \
		 VM_FAULT_HWPOISON_LARGE | VM_FAULT_FALLBACK)
#define SIGNALLED (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

static __always_inline int end(u32 result)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct slot *slot = slot_of(tid);
	struct place after = {};
	u64 ns;

	if (!slot || slot->tid != tid || slot->state != SLOT_RUNNING)
		return 0;
	slot->done = tid;
	/* Read while nobody held a lock: the next run finds it in memory. */
	if (result & VM_FAULT_MAJOR)
		slot->facts |= DID_READ_FILE;
	if (result & VM_FAULT_RETRY) {
		slot->state = SLOT_AGAIN;
		return 0;
	}
	/* The upper levels have not moved while the VMA was locked; then they need no reading. */
	if (slot->before.slot && !(result & VM_FAULT_COMPLETED)) {
		after.slot = slot->before.slot;
		after.upper = slot->before.upper;
		walk_down(&after, slot->va);
	} else {
		walk(&after, slot->root, slot->va);
	}
	ns = bpf_ktime_get_ns() - slot->ts;
	if (result & VM_FAULT_MAJOR)
		slot->flags |= VMLAB_EVENT_F_MAJOR;
	if (result & VM_FAULT_NOPAGE)
		slot->facts |= DID_MAP;
	if (result & FAILED) {
		slot->facts |= DID_FAIL;
		/* The signal comes next, and knows its number. */
		if ((result & FAILED & SIGNALLED) == (result & FAILED) &&
		    (slot->flags & VMLAB_EVENT_F_USER)) {
			slot->state = SLOT_FAILED;
			/* Kept for it: how long it took. */
			slot->ts = ns;
			return 0;
		}
	}
	finish(slot, &after, ns, 0);
	slot->state = 0;
	slot->tid = 0;
	return 0;
}

/* Did a fault end that ought to have a slot? Then nobody saw its entry. */
static __always_inline bool was_missed(struct vm_area_struct *vma, u64 va, u32 result)
{
	struct task_struct *task = bpf_get_current_task_btf();

	/* After these the VMA may be gone; then another run tells, or nobody. */
	if (result & (VM_FAULT_RETRY | VM_FAULT_COMPLETED))
		return false;
	return va >= config.start && va < config.end && READ(vma, vm_mm) == READ(task, mm) &&
	       wanted_process(bpf_get_current_pid_tgid() >> 32);
}

#define ENOENT	2	/* uapi/asm-generic/errno-base.h */

struct asked_vma {
	unsigned long vm_flags;
	u64 ops;
	bool found;
};

static long note_vma(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	struct asked_vma *asked = ctx;

	asked->vm_flags = vma->vm_flags;
	asked->ops = (u64)vma->vm_ops;
	asked->found = true;
	return 0;
}

/* An access that was refused, told when the thread is sent the signal for it. */
static __always_inline int refused(int signal, u64 va)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 id = bpf_get_current_pid_tgid(), ns = VMLAB_EVENT_NS_UNKNOWN;
	struct asked_vma asked = {};
	struct slot *slot;
	long err;
	u8 access;

	if (VMLAB_COW || (signal != SIGSEGV && signal != SIGBUS))
		return 0;
	if (va < config.start || va >= config.end || !wanted_process(id >> 32))
		return 0;
	access = trap_access((struct task_struct *)task, va);
	if (!access)
		return 0;
	slot = slot_claim((u32)id);
	if (!slot)
		return 0;
	if (slot->state == SLOT_FAILED && slot->va == va) {
		ns = slot->ts;
		slot->ts = bpf_ktime_get_ns() - ns;
	} else {
		/*
		 * Programs may not wait: while somebody changes the address space (mmap_lock held
		 * or wanted for writing) nothing can be said of it.
		 */
		err = bpf_find_vma(task, va, note_vma, &asked, 0);
		slot->va = va;
		slot->ts = bpf_ktime_get_ns();
		slot->root = (u64)BPF_CORE_READ(task, mm, pgd);
		slot->owner = id >> 32;
		slot->asked = asked_of(asked.vm_flags);
		slot->facts = asked.found ? facts_of_vma(asked.vm_flags, asked.ops) : 0;
		slot->flags = err && err != -ENOENT ? VMLAB_EVENT_F_NO_VMA : 0;
		walk(&slot->before, slot->root, va);
	}
	slot->access = access;
	slot->flags |= VMLAB_EVENT_F_USER;
	slot->facts |= DID_FAIL;
	finish(slot, &slot->before, ns, signal);
	slot->state = 0;
	slot->tid = 0;
	return 0;
}

/* A thread that ends inside a fault (killed while it waits) leaves its slot. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(clear_slot, struct task_struct *task)
{
	struct slot *slot = slot_of(task->pid);

	if (slot && slot->tid == (u32)task->pid) {
		if (slot->state == SLOT_RUNNING)
			count_lost();
		slot->state = 0;
		slot->tid = 0;
	}
	return 0;
}

#ifdef VMLAB_KPROBE
SEC("kprobe/handle_mm_fault")
int BPF_KPROBE(handle_begin, struct vm_area_struct *vma, unsigned long address, unsigned int flags)
{
	return begin(vma, address, flags);
}

SEC("kretprobe/handle_mm_fault")
int BPF_KRETPROBE(handle_end, unsigned int result)
{
	end(result);
	return 0;
}

SEC("kprobe/force_sig_fault")
int BPF_KPROBE(refuse, int signal, int code, unsigned long address)
{
	return refused(signal, address);
}
#else
SEC("fentry/handle_mm_fault")
int BPF_PROG(handle_begin, struct vm_area_struct *vma, unsigned long address, unsigned int flags)
{
	compat_stay();
	begin(vma, address, flags);
	compat_may_go();
	return 0;
}

SEC("fexit/handle_mm_fault")
int BPF_PROG(handle_end, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, unsigned int result)
{
	compat_stay();
	end(result);
	compat_may_go();
	return 0;
}

/*
 * The same once more, for kernels that may be preempted anywhere: BPF leaves a program
 * out while another thread of that CPU was preempted inside it. These are others, and
 * run after those; they find the work done, or do it. Both left out: that is a loss.
 */
SEC("fentry/handle_mm_fault")
int BPF_PROG(handle_begin_again, struct vm_area_struct *vma, unsigned long address,
	     unsigned int flags)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct slot *slot = slot_of(tid);

	if (slot && slot->tid == tid && slot->fresh && slot->va == address) {
		slot->fresh = 0;
		return 0;
	}
	compat_stay();
	begin(vma, address, flags);
	/* Nobody comes after us: the next one at this address is another one. */
	if (slot)
		slot->fresh = 0;
	compat_may_go();
	return 0;
}

SEC("fexit/handle_mm_fault")
int BPF_PROG(handle_end_again, struct vm_area_struct *vma, unsigned long address,
	     unsigned int flags, struct pt_regs *regs, unsigned int result)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct slot *slot = slot_of(tid);

	if (!slot)
		return 0;
	if (slot->done == tid) {
		slot->done = 0;
		return 0;
	}
	compat_stay();
	if (slot->tid == tid && slot->state == SLOT_RUNNING) {
		end(result);
		slot->done = 0;
	} else if (was_missed(vma, address, result)) {
		count_lost();
	}
	compat_may_go();
	return 0;
}

SEC("fentry/force_sig_fault")
int BPF_PROG(refuse, int signal, int code, unsigned long address)
{
	return refused(signal, address);
}
#endif

#endif /* VMLAB_HANDLE_BPF_H */
