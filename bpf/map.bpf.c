// SPDX-License-Identifier: GPL-2.0-only
/*
 * map.bpf.c - what becomes of an address space: mapped, grown, moved, taken away.
 *
 * perf_event_mmap() is where the kernel itself says that there is another mapping, whatever
 * made it, with the address space locked: mmap, brk, shmat, exec, mprotect, the stack's
 * growth, its own. What is there then is told of it, and of no more of it than was asked for,
 * which the functions around it know. It is not called for mremap, nor for what goes; these
 * are told where they happen. All but mremap's growth are told with the lock held, so that
 * they stand in the order in which they were.
 */
#include "trace.bpf.h"
#include "follow.bpf.h"
#include "walk.bpf.h"
#include "code.bpf.h"
#include "vma.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NR_DOINGS	16384
#define NOTHING		VMLAB_NR_MAP_WHATS

/**
 * struct doing - what a thread is about to do to its address space
 * @tid: whose; 0: nobody's yet
 * @what: enum vmlab_map_what, or NOTHING
 * @start: to this range
 * @end: to before here
 * @name: of a mapping of the kernel's own, a string of the kernel
 * @replacing: what this took the place of goes next, and is not told
 * @executing: between exec's new address space and its end
 * @advice: of VMLAB_MAP_ADVISED
 * @advised: first address that was advised on
 * @advised_end: behind the last one
 */
struct doing {
	u32 tid;
	u32 what;
	u64 start;
	u64 end;
	u64 name;
	u32 replacing;
	u32 executing;
	u64 advised;
	u64 advised_end;
	u32 advice;
	u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_DOINGS);
	__type(key, u32);
	__type(value, struct doing);
} doings SEC(".maps");

/* This thread's; one of another with the same index is forgotten. */
static __always_inline struct doing *my_doing(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid(), index = tid & (NR_DOINGS - 1);
	struct doing *doing = bpf_map_lookup_elem(&doings, &index);

	if (doing && doing->tid != tid) {
		doing->tid = tid;
		doing->what = NOTHING;
		doing->replacing = 0;
		doing->executing = 0;
	}
	return doing;
}

static __always_inline struct doing *about_to(u32 what, u64 start, u64 end)
{
	struct doing *doing = my_doing();

	if (!doing)
		return NULL;
	doing->what = what;
	doing->start = start;
	doing->end = end;
	doing->name = 0;
	return doing;
}

/* Is it wanted of this thread? An exec's first mappings are its new program's. */
static __always_inline bool wanted_now(const struct doing *doing)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!wanted_process(tgid) &&
	    !(doing && doing->executing && traced_as(tgid) == VMLAB_TRACED_FROM_EXEC))
		return false;
	return wanted_name();
}

/**
 * struct change - of a range, before it is told
 * @what: enum vmlab_map_what
 * @advice: MADV_*
 * @start: first address
 * @end: behind the last one
 * @name: of a mapping of the kernel's own
 * @pid: whose address space
 * @parent: of VMLAB_MAP_INHERITED
 * @m: what is there now; not for VMLAB_MAP_UNMAPPED, _CLEARED, _INHERITED, _ADVISED
 */
struct change {
	u32 what;
	u32 advice;
	u64 start;
	u64 end;
	u64 name;
	u32 pid;
	u32 parent;
	struct mapping m;
};

static __always_inline void fill(struct vmlab_event_map *e, const struct change *c)
{
	struct inode *inode = c->m.file ? compat_file_inode(c->m.file) : NULL;

	bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	e->head.flags = c->m.flags;
	e->start = c->start;
	e->end = c->end;
	e->vma_start = c->m.start;
	e->vma_end = c->m.end;
	e->offset = 0;
	e->inode = c->parent;
	e->dev = 0;
	if (c->m.file) {
		e->head.flags |= VMLAB_EVENT_F_FILE;
		e->offset = c->m.offset + (c->start - c->m.start);
		e->inode = BPF_CORE_READ(inode, i_ino);
		e->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	}
	e->ip = user_ip();
	e->caller = user_caller();
	e->call = user_call();
	e->advice = c->advice;
	e->what = c->what;
	e->may = c->m.vm_flags & VM_ACCESS;
	e->__reserved[0] = 0;
	e->__reserved[1] = 0;
	e->__reserved2 = 0;
}

static __always_inline void tell(const struct change *c)
{
	const u32 without = __builtin_offsetof(struct vmlab_event_map, names);
	struct vmlab_event_map *e;
	u64 now = bpf_ktime_get_ns();

	if (!wanted_addresses(c->start, c->end))
		return;
	count_row(c->what, VMLAB_EVENT_NS_UNKNOWN);
	if (c->m.file) {
		e = begin_event(sizeof(*e), VMLAB_EVENT_MAP, c->pid, now);
		if (!e)
			return;
		fill(e, c);
		e->nr_names = path_names(c->m.file, e->names);
		submit(e);
		return;
	}
	if (c->name) {
		e = begin_event(sizeof(*e), VMLAB_EVENT_MAP, c->pid, now);
		if (!e)
			return;
		fill(e, c);
		e->head.flags |= VMLAB_EVENT_F_SPECIAL;
		e->nr_names = 1;
		bpf_probe_read_kernel_str(e->names[0], VMLAB_EVENT_NAME, (void *)c->name);
		submit(e);
		return;
	}
	e = begin_event(without, VMLAB_EVENT_MAP, c->pid, now);
	if (!e)
		return;
	fill(e, c);
	e->nr_names = 0;
	submit(e);
}

/* While an exec lays out its stack, that is neither where nor what it will be. */
#define STACK_IN_THE_MAKING	(VM_GROWSDOWN | VM_SEQ_READ | VM_RAND_READ)

static __always_inline int present(struct vm_area_struct *vma)
{
	struct doing *doing = my_doing();
	struct change c = { .what = VMLAB_MAP_MAPPED };

	if (!doing)
		return 0;
	c.what = doing->what;
	doing->what = NOTHING;
	/* Once, where it is replaced afterwards: the next one is. */
	doing->replacing = c.what == VMLAB_MAP_MAPPED && !doing->name && compat_replaces();
	if (!wanted_now(doing))
		return 0;
	read_mapping(&c.m, vma);
	if ((c.m.vm_flags & STACK_IN_THE_MAKING) == STACK_IN_THE_MAKING)
		return 0;
	/* Told once it is over. */
	if (doing->executing && (c.m.vm_flags & VM_GROWSDOWN))
		return 0;
	c.pid = bpf_get_current_pid_tgid() >> 32;
	c.start = doing->start;
	c.end = doing->end;
	c.name = doing->name;
	/* Nobody said: then it is all of it that is so. */
	if (c.what == NOTHING || c.start < c.m.start || c.end > c.m.end || c.start >= c.end) {
		c.what = c.m.vm_flags & VM_GROWSDOWN ? VMLAB_MAP_GROWN : VMLAB_MAP_MAPPED;
		c.start = c.m.start;
		c.end = c.m.end;
		c.name = 0;
	}
	tell(&c);
	return 0;
}

static __always_inline int gone(u64 start, u64 end)
{
	struct change c = { .what = VMLAB_MAP_UNMAPPED, .start = start, .end = end };

	if (!wanted_now(my_doing()))
		return 0;
	c.pid = bpf_get_current_pid_tgid() >> 32;
	tell(&c);
	return 0;
}

static __always_inline int moved(struct vm_area_struct *vma)
{
	struct doing *doing = my_doing();
	struct change c = { .what = VMLAB_MAP_MOVED };

	if (!doing || doing->what != VMLAB_MAP_MOVED)
		return 0;
	doing->what = NOTHING;
	if (!vma || !wanted_now(doing))
		return 0;
	read_mapping(&c.m, vma);
	c.pid = bpf_get_current_pid_tgid() >> 32;
	c.start = doing->start;
	c.end = doing->end;
	tell(&c);
	return 0;
}

static long note_mapping(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	read_mapping(ctx, vma);
	return 0;
}

/* What lies there now. With the address space locked by somebody it is not found. */
static __always_inline bool find_mapping(struct mapping *m, u64 va)
{
	return !bpf_find_vma(bpf_get_current_task_btf(), va, note_mapping, m, 0) && m->end;
}

/* mremap is over: where it neither moved nor shrank, the mapping reaches further now. */
static __always_inline int resized(u64 addr, u64 old, u64 new, u64 result)
{
	const u64 page = (1UL << config.page_shift) - 1;
	struct change c = { .what = VMLAB_MAP_GROWN };
	struct doing *doing = my_doing();

	old = (old + page) & ~page;
	new = (new + page) & ~page;
	if (result != addr || new <= old || !wanted_now(doing))
		return 0;
	if (!find_mapping(&c.m, addr)) {
		count_lost();
		return 0;
	}
	c.pid = bpf_get_current_pid_tgid() >> 32;
	c.start = addr + old;
	c.end = addr + new;
	/* Of larger pages: their own rounding. */
	if (c.m.vm_flags & VM_HUGETLB) {
		c.start = c.m.start;
		c.end = c.m.end;
	}
	tell(&c);
	return 0;
}

static __always_inline int advised(s64 result)
{
	struct change c = { .what = VMLAB_MAP_ADVISED };
	struct doing *doing = my_doing();

	if (!doing || !doing->advised_end || result || !wanted_now(doing))
		return 0;
	c.pid = bpf_get_current_pid_tgid() >> 32;
	c.start = doing->advised;
	c.end = doing->advised_end;
	c.advice = doing->advice;
	doing->advised_end = 0;
	tell(&c);
	return 0;
}

static __always_inline int advice_begins(u64 start, u64 length, u32 advice)
{
	const u64 page = (1UL << config.page_shift) - 1;
	struct doing *doing = my_doing();

	if (!doing)
		return 0;
	doing->advised = start;
	doing->advised_end = start + ((length + page) & ~page);
	doing->advice = advice;
	return 0;
}

static __always_inline int exec_begins(void)
{
	struct change c = { .what = VMLAB_MAP_CLEARED, .end = ~0ULL };
	struct doing *doing = my_doing();

	if (!doing)
		return 0;
	doing->executing = 1;
	doing->what = NOTHING;
	if (!wanted_now(doing))
		return 0;
	c.pid = bpf_get_current_pid_tgid() >> 32;
	tell(&c);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(map_executed, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct change c = { .what = VMLAB_MAP_MAPPED };
	struct doing *doing = my_doing();
	bool wanted = wanted_now(doing);

	if (doing)
		doing->executing = 0;
	/* The stack, where it came to lie. */
	if (!wanted || !find_mapping(&c.m, BPF_CORE_READ(mm, start_stack)))
		return 0;
	c.pid = task->tgid;
	c.start = c.m.start;
	c.end = c.m.end;
	tell(&c);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(map_forked, struct task_struct *parent, struct task_struct *child)
{
	u32 from = parent->tgid, to = child->tgid;
	struct change c = { .what = VMLAB_MAP_INHERITED, .end = ~0ULL };
	struct mm_struct *mm = child->mm;

	/* Threads, and children that run in the same address space, have nothing of their own. */
	if (from == to || !mm || mm == parent->mm || !wanted_here(from))
		return 0;
	if (config.listed && !config.follow)
		return 0;
	c.pid = to;
	c.parent = from;
	tell(&c);
	return 0;
}

/* ---- where these are ------------------------------------------------------ */

#ifdef VMLAB_KPROBE
#define BEGINS(name, function, ...)	ENTRY(function) int BPF_KPROBE(name, ##__VA_ARGS__)
#else
#define BEGINS(name, function, ...)	ENTRY(function) int BPF_PROG(name, ##__VA_ARGS__)
#endif

BEGINS(map_present, perf_event_mmap, struct vm_area_struct *vma)
{
	compat_stay();
	present(vma);
	compat_may_go();
	return 0;
}

BEGINS(map_mmap, mmap_region, void *file, unsigned long addr, unsigned long len)
{
	compat_stay();
	about_to(VMLAB_MAP_MAPPED, addr, addr + len);
	compat_may_go();
	return 0;
}

BEGINS(map_brk, do_brk_flags, void *iterator, void *vma, unsigned long addr, unsigned long len)
{
	compat_stay();
	about_to(VMLAB_MAP_GROWN, addr, addr + len);
	compat_may_go();
	return 0;
}

BEGINS(map_special, _install_special_mapping, void *mm, unsigned long addr, unsigned long len,
	unsigned long vm_flags, struct vm_special_mapping *spec)
{
	struct doing *doing;

	compat_stay();
	doing = about_to(VMLAB_MAP_MAPPED, addr, addr + len);
	if (doing)
		doing->name = (u64)BPF_CORE_READ(spec, name);
	compat_may_go();
	return 0;
}

BEGINS(map_stack, expand_downwards, struct vm_area_struct *vma, unsigned long address)
{
	compat_stay();
	about_to(VMLAB_MAP_GROWN, address & ~((1UL << config.page_shift) - 1),
		 BPF_CORE_READ(vma, vm_start));
	compat_may_go();
	return 0;
}

BEGINS(map_move, copy_vma, void *from, unsigned long addr, unsigned long len)
{
	compat_stay();
	about_to(VMLAB_MAP_MOVED, addr, addr + len);
	compat_may_go();
	return 0;
}

BEGINS(map_advice, do_madvise, void *mm, unsigned long start, unsigned long len, int advice)
{
	compat_stay();
	advice_begins(start, len, advice);
	compat_may_go();
	return 0;
}

BEGINS(map_execute, setup_new_exec)
{
	compat_stay();
	exec_begins();
	compat_may_go();
	return 0;
}

/* Before there was vms_complete_munmap_vmas(): seven arguments, too many for a trampoline. */
SEC("kprobe/unmap_region")
int BPF_KPROBE(map_gone_before)
{
	u64 start, end = 0;

	if (compat_replaces())
		return 0;
#if defined(__TARGET_ARCH_x86)
	start = BPF_CORE_READ((struct pt_regs *)ctx, r9);
	bpf_probe_read_kernel(&end, sizeof(end),
			      (void *)BPF_CORE_READ((struct pt_regs *)ctx, sp) + 8);
#else
	start = BPF_CORE_READ((struct pt_regs *)ctx, regs[5]);
	end = BPF_CORE_READ((struct pt_regs *)ctx, regs[6]);
#endif
	return gone(start, end);
}

#ifdef VMLAB_KPROBE
SEC("kprobe/mprotect_fixup")
int BPF_KPROBE(map_protect, void *tlb, void *vma, void *pprev, unsigned long start,
	       unsigned long end)
{
	about_to(VMLAB_MAP_PROTECTED, start, end);
	return 0;
}

SEC("kretprobe/copy_vma")
int BPF_KRETPROBE(map_moved, struct vm_area_struct *vma)
{
	return moved(vma);
}

SEC("kretprobe/do_madvise")
int BPF_KRETPROBE(map_advised, int result)
{
	return advised(result);
}

SEC("kretprobe/__arm64_sys_mremap")
int BPF_KRETPROBE(map_resized, long result)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	/* The first argument's register has not been given its result yet. */
	return resized(regs_argument(regs, 0), regs_argument(regs, 1), regs_argument(regs, 2),
		       result);
}
#else
SEC("fentry/mprotect_fixup")
int BPF_PROG(map_protect)
{
	const u32 first = compat_fixup_vma(ctx);
	u64 start = 0, end = 0;

	bpf_get_func_arg(ctx, first + 2, &start);
	bpf_get_func_arg(ctx, first + 3, &end);
	compat_stay();
	about_to(VMLAB_MAP_PROTECTED, start, end);
	compat_may_go();
	return 0;
}

SEC("fentry/vms_complete_munmap_vmas")
int BPF_PROG(map_gone_either, struct vma_munmap_struct *vms)
{
	struct doing *doing;

	compat_stay();
	doing = my_doing();
	if (doing && doing->replacing)
		doing->replacing = 0;
	else if (BPF_CORE_READ(vms, nr_pages))
		gone(BPF_CORE_READ(vms, start), BPF_CORE_READ(vms, end));
	compat_may_go();
	return 0;
}

SEC("fexit/copy_vma")
int BPF_PROG(map_moved)
{
	compat_stay();
	moved((struct vm_area_struct *)compat_result(ctx));
	compat_may_go();
	return 0;
}

SEC("fexit/do_madvise")
int BPF_PROG(map_advised)
{
	compat_stay();
	advised((s32)compat_result(ctx));
	compat_may_go();
	return 0;
}

#if defined(__TARGET_ARCH_x86)
SEC("fexit/__x64_sys_mremap")
#else
SEC("fexit/__arm64_sys_mremap")
#endif
int BPF_PROG(map_resized, struct pt_regs *regs, long result)
{
	compat_stay();
	resized(regs_argument(regs, 0), regs_argument(regs, 1), regs_argument(regs, 2), result);
	compat_may_go();
	return 0;
}

#if defined(__TARGET_ARCH_x86)
SEC("fexit/__ia32_sys_mremap")
int BPF_PROG(map_resized_32_either, struct pt_regs *regs, long result)
{
	compat_stay();
	resized((u32)BPF_CORE_READ(regs, bx), (u32)BPF_CORE_READ(regs, cx),
		(u32)BPF_CORE_READ(regs, dx), result);
	compat_may_go();
	return 0;
}
#endif
#endif

_Static_assert(VMLAB_NR_MAP_WHATS <= VMLAB_TRACE_ROWS, "a row for everything that is counted");
