// SPDX-License-Identifier: GPL-2.0-only
/*
 * malloc.bpf.c - what an allocator is asked for, and what it asks of the kernel.
 *
 * Its functions are attached to by the library that loads this (uprobes, by inode: each
 * process that maps the file passes here). What such a function calls of its own kind is its
 * own affair: realloc() may be malloc() and free() inside, and nobody asked for these. The
 * system calls that a thread makes while it is in such a function are the allocator's.
 */
#include "trace.bpf.h"
#include "follow.bpf.h"
#include "walk.bpf.h"
#include "code.bpf.h"
#include "vma.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define NR_REQUESTS	4096

/**
 * struct request - a call of the allocator under way
 * @tid: whose, 0: none
 * @function: enum vmlab_alloc_function
 * @depth: calls of its own inside
 * @calls: system calls inside
 * @sp: of the caller; whoever is here with a greater one has left it by another way
 * @size: as was asked, bytes
 * @align: as was asked, or 0
 * @old: what is freed, or changed in size
 * @out: where posix_memalign() puts its result
 * @ip: who asked
 * @brk: of the process, as it was last seen
 * @ts: when it began
 */
struct request {
	u32 tid;
	u32 function;
	u32 depth;
	u32 calls;
	u64 sp;
	u64 size;
	u64 align;
	u64 old;
	u64 out;
	u64 ip;
	u64 brk;
	u64 ts;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_REQUESTS);
	__type(key, u32);
	__type(value, struct request);
} requests SEC(".maps");

static __always_inline struct request *request_at(u32 tid)
{
	u32 index = tid & (NR_REQUESTS - 1);

	return bpf_map_lookup_elem(&requests, &index);
}

static __always_inline struct request *my_request(void)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct request *request = request_at(tid);

	return request && request->tid == tid ? request : NULL;
}

static __always_inline u64 brk_here(void)
{
	struct mm_struct *mm = bpf_get_current_task_btf()->mm;

	return mm ? BPF_CORE_READ(mm, brk) : 0;
}

/* One that is under way goes on; what was left by longjmp() is forgotten, and counted. */
static __always_inline bool is_inside(struct request *request, u64 sp)
{
	if (sp <= request->sp) {
		request->depth++;
		return true;
	}
	count_lost();
	request->tid = 0;
	return false;
}

static __always_inline void read_arguments(struct request *request, struct pt_regs *ctx)
{
	const u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx);
	u64 product;

	request->size = first;
	request->align = 0;
	request->old = 0;
	request->out = 0;
	switch (request->function) {
	case VMLAB_ALLOC_CALLOC:
		/* Not to be recognised: 128 bits are more than BPF has. */
		product = first * second;
		barrier_var(product);
		/* It cannot have so much; as much as can be said. */
		request->size = second && product / second != first ? ~0ULL : product;
		break;
	case VMLAB_ALLOC_REALLOC:
		request->old = first;
		request->size = second;
		break;
	case VMLAB_ALLOC_FREE:
		request->old = first;
		request->size = 0;
		break;
	case VMLAB_ALLOC_POSIX_MEMALIGN:
		request->out = first;
		request->align = second;
		request->size = PT_REGS_PARM3(ctx);
		break;
	case VMLAB_ALLOC_ALIGNED_ALLOC:
	case VMLAB_ALLOC_MEMALIGN:
		request->align = first;
		request->size = second;
		break;
	}
}

/* The return address, at a function's first instruction. */
static __always_inline u64 return_address(struct pt_regs *ctx)
{
	u64 at = 0;

#if defined(__TARGET_ARCH_x86)
	bpf_probe_read_user(&at, sizeof(at), (void *)PT_REGS_SP(ctx));
#else
	at = PT_REGS_RET(ctx);
#endif
	return at;
}

/* The cookie is the function, enum vmlab_alloc_function. */
SEC("uprobe")
int BPF_KPROBE(alloc_begins)
{
	u64 id = bpf_get_current_pid_tgid(), sp = PT_REGS_SP(ctx);
	struct request *request;
	u32 was;

	if (!wanted_here(id >> 32))
		return 0;
	request = request_at((u32)id);
	if (!request)
		return 0;
	if (request->tid == (u32)id && is_inside(request, sp))
		return 0;
	was = __sync_val_compare_and_swap(&request->tid, 0, (u32)id);
	/* Another thread with the same index. */
	if (was) {
		count_lost();
		return 0;
	}
	request->function = bpf_get_attach_cookie(ctx);
	request->depth = 0;
	request->calls = 0;
	request->sp = sp;
	request->ip = return_address(ctx);
	request->brk = brk_here();
	read_arguments(request, ctx);
	request->ts = bpf_ktime_get_ns();
	return 0;
}

static __always_inline u64 given(const struct request *request, u64 result)
{
	u64 at = 0;

	if (request->function == VMLAB_ALLOC_FREE)
		return 0;
	if (request->function != VMLAB_ALLOC_POSIX_MEMALIGN)
		return result;
	if (!(u32)result)
		bpf_probe_read_user(&at, sizeof(at), (void *)request->out);
	return at;
}

/* realloc(p, 0) frees; nothing else that gives nothing has succeeded. */
static __always_inline bool has_failed(const struct request *request, u64 at)
{
	return !at && request->function != VMLAB_ALLOC_FREE &&
	       !(request->function == VMLAB_ALLOC_REALLOC && !request->size);
}

SEC("uretprobe")
int BPF_KRETPROBE(alloc_ends, u64 result)
{
	struct request *request = my_request();
	struct vmlab_event_alloc *e;
	u64 ns, at;

	if (!request)
		return 0;
	if (request->depth) {
		request->depth--;
		return 0;
	}
	ns = bpf_ktime_get_ns() - request->ts;
	at = given(request, result);
	request->tid = 0;
	count_row(request->function, ns);
	if (has_failed(request, at))
		count_row(VMLAB_ALLOC_ROW_FAILED, VMLAB_EVENT_NS_UNKNOWN);
	else
		count_many(VMLAB_ALLOC_ROW_BYTES, request->size);
	e = begin_event(sizeof(*e), VMLAB_EVENT_ALLOC, bpf_get_current_pid_tgid() >> 32,
			request->ts);
	if (!e)
		return 0;
	bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	e->head.flags = has_failed(request, at) ? VMLAB_EVENT_F_FAILED : 0;
	e->size = request->size;
	e->align = request->align;
	e->ptr = at;
	e->old = request->old;
	e->ns = ns;
	e->ip = request->ip;
	e->function = request->function;
	e->calls = request->calls;
	submit(e);
	return 0;
}

/* ---- what it asks of the kernel ------------------------------------------- */

static __always_inline u64 pages(u64 length)
{
	const u64 page = (1UL << config.page_shift) - 1;

	return (length + page) & ~page;
}

static __always_inline void tell_memory(u32 function, u32 call, u32 what, u64 start, u64 end)
{
	struct vmlab_event_memory *e;

	if (what == VMLAB_MEMORY_GOT)
		count_many(VMLAB_ALLOC_ROW_GOT, end - start);
	else if (what == VMLAB_MEMORY_GIVEN)
		count_many(VMLAB_ALLOC_ROW_GIVEN, end - start);
	e = begin_event(sizeof(*e), VMLAB_EVENT_MEMORY, bpf_get_current_pid_tgid() >> 32,
			bpf_ktime_get_ns());
	if (!e)
		return;
	bpf_get_current_comm(e->head.comm, sizeof(e->head.comm));
	e->start = start;
	e->end = end;
	e->call = call;
	e->what = what;
	e->function = function;
	e->__reserved = 0;
	submit(e);
}

/* The heap's end moves; it may ask where it is, too. */
static __always_inline void told_brk(struct request *request)
{
	u64 was = request->brk, is = brk_here();

	request->brk = is;
	if (is > was)
		tell_memory(request->function, VMLAB_MEMORY_BRK, VMLAB_MEMORY_GOT, pages(was), pages(is));
	else if (is < was)
		tell_memory(request->function, VMLAB_MEMORY_BRK, VMLAB_MEMORY_GIVEN, pages(is), pages(was));
	else
		tell_memory(request->function, VMLAB_MEMORY_BRK, VMLAB_MEMORY_ASKED, is, is);
}

static __always_inline int called(u32 call, struct pt_regs *regs, s64 result)
{
	struct request *request = my_request();
	u64 first, second;

	if (!request)
		return 0;
	request->calls++;
	count_row(VMLAB_ALLOC_ROW_CALL + call, VMLAB_EVENT_NS_UNKNOWN);
	first = regs_argument(regs, 0);
	second = pages(regs_argument(regs, 1));
	if (call == VMLAB_MEMORY_BRK) {
		told_brk(request);
		return 0;
	}
	if (result < 0 && result > -4096) {
		tell_memory(request->function, call, VMLAB_MEMORY_REFUSED, first, first + second);
		return 0;
	}
	switch (call) {
	case VMLAB_MEMORY_MMAP:
		tell_memory(request->function, call, VMLAB_MEMORY_GOT, result, result + second);
		break;
	case VMLAB_MEMORY_MUNMAP:
		tell_memory(request->function, call, VMLAB_MEMORY_GIVEN, first, first + second);
		break;
	case VMLAB_MEMORY_MREMAP:
		tell_memory(request->function, call, VMLAB_MEMORY_GIVEN, first, first + second);
		tell_memory(request->function, call, VMLAB_MEMORY_GOT, result,
			    result + pages(regs_argument(regs, 2)));
		break;
	case VMLAB_MEMORY_MADVISE:
		tell_memory(request->function, call,
			    regs_argument(regs, 2) == MADV_DONTNEED ? VMLAB_MEMORY_EMPTIED :
			    VMLAB_MEMORY_CHANGED, first, first + second);
		break;
	default:
		tell_memory(request->function, call, VMLAB_MEMORY_CHANGED, first, first + second);
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(alloc_executed, struct task_struct *task)
{
	if (wanted_here(task->tgid))
		tell_memory(VMLAB_EVENT_UNKNOWN, VMLAB_EVENT_UNKNOWN, VMLAB_MEMORY_CLEARED, 0, 0);
	return 0;
}

#ifdef VMLAB_KPROBE
#define CALL(name, number)							\
SEC("kretprobe/__arm64_sys_" #name)						\
int BPF_KRETPROBE(alloc_##name, long result)					\
{										\
	struct task_struct *task = bpf_get_current_task_btf();			\
										\
	/* The first argument's register has not been given its result yet. */	\
	return called(number, (struct pt_regs *)bpf_task_pt_regs(task), result);	\
}
#else
#if defined(__TARGET_ARCH_x86)
#define SYSCALL	"fexit/__x64_sys_"
#else
#define SYSCALL	"fexit/__arm64_sys_"
#endif
#define CALL(name, number)							\
SEC(SYSCALL #name)								\
int BPF_PROG(alloc_##name, struct pt_regs *regs, long result)			\
{										\
	compat_stay();								\
	called(number, regs, result);						\
	compat_may_go();							\
	return 0;								\
}
#endif

CALL(brk, VMLAB_MEMORY_BRK)
CALL(mmap, VMLAB_MEMORY_MMAP)
CALL(munmap, VMLAB_MEMORY_MUNMAP)
CALL(mremap, VMLAB_MEMORY_MREMAP)
CALL(madvise, VMLAB_MEMORY_MADVISE)
CALL(mprotect, VMLAB_MEMORY_MPROTECT)

_Static_assert(VMLAB_ALLOC_ROWS <= VMLAB_TRACE_ROWS, "a row for everything that is counted");
