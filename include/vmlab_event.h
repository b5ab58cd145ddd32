/* SPDX-License-Identifier: (GPL-2.0-only OR LGPL-2.1-or-later) */
/*
 * vmlab_event.h - the records that BPF writes and libvmlab reads.
 *
 * Fixed widths, no implicit padding, little-endian as every architecture here is; what
 * is not known has a value of its own, never a guess. Who includes this has __u8 ...
 * __u64 from <linux/types.h> or from the types of bpf/.
 *
 * A record in the ring, and in a recording, is one of the structs that begin with
 * struct vmlab_event; @size tells where the next one starts.
 */
#ifndef VMLAB_EVENT_H
#define VMLAB_EVENT_H

#define VMLAB_EVENT_PFN_NONE	(~0ULL)
#define VMLAB_EVENT_NS_UNKNOWN	(~0ULL)
#define VMLAB_EVENT_UNKNOWN	(~0U)
#define VMLAB_EVENT_COMM	16
#define VMLAB_EVENT_PATH	128

enum vmlab_event_kind {
	VMLAB_EVENT_FAULT = 1,
	VMLAB_EVENT_COW,
	VMLAB_EVENT_FORK,
	VMLAB_EVENT_EXEC,
	VMLAB_EVENT_EXIT,
	VMLAB_EVENT_CODE,	/* for the library alone: where code was mapped */
	VMLAB_EVENT_SWITCH,	/* the question tlb, which brings the next two */
	VMLAB_EVENT_FLUSH,
	VMLAB_EVENT_ROLLOVER,
	VMLAB_EVENT_PROTECT,	/* the question mprotect, which brings the next one */
	VMLAB_EVENT_PROTECT_CALL,
	VMLAB_EVENT_MAP,
	VMLAB_EVENT_ALLOC,	/* the question malloc, which brings the next one */
	VMLAB_EVENT_MEMORY,
	VMLAB_EVENT_NR_KINDS
};

/* vmlab_event.flags */
#define VMLAB_EVENT_F_USER	1	/* user mode touched the address, else the kernel did */
#define VMLAB_EVENT_F_REMOTE	2	/* a task of another address space did: @by */
#define VMLAB_EVENT_F_RETRIED	4	/* the kernel ran it more than once; @ns is the whole */
#define VMLAB_EVENT_F_MAJOR	8	/* as maj_flt counts */
#define VMLAB_EVENT_F_SHARES_VM	16	/* fork: the child runs in its parent's address space */
#define VMLAB_EVENT_F_SCHEDULED	32	/* switch: the scheduler's; else exec's or the kernel's own */
#define VMLAB_EVENT_F_HEAP	64	/* of a mapping: what brk made */
#define VMLAB_EVENT_F_STACK	128	/* of a mapping: the first thread's stack */
#define VMLAB_EVENT_F_SHARED	256	/* of a mapping: MAP_SHARED */
#define VMLAB_EVENT_F_SPECIAL	512	/* of a mapping: the kernel's own; its name is no path */
#define VMLAB_EVENT_F_FILE	1024	/* of a mapping: there is a file */
#define VMLAB_EVENT_F_FAILED	2048	/* of a request: it got nothing */
#define VMLAB_EVENT_F_NO_VMA	4096	/* of a fault: the VMA could not be looked at */

/* Permissions of user mode, and the kind of an access. */
#define VMLAB_EVENT_READ	1
#define VMLAB_EVENT_WRITE	2
#define VMLAB_EVENT_EXEC_PERM	4

/**
 * struct vmlab_event - what every record begins with
 * @size: of the whole record
 * @kind: enum vmlab_event_kind
 * @flags: VMLAB_EVENT_F_*
 * @pid: whose address space it is about
 * @tid: the thread that did it; 0 for a remote one
 * @cpu: where it ended
 * @by: the process whose thread did it
 * @ts: when it began, CLOCK_MONOTONIC
 * @comm: name of the thread, of @pid for a remote one
 */
struct vmlab_event {
	__u32 size;
	__u16 kind;
	__u16 flags;
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u32 by;
	__u64 ts;
	char comm[VMLAB_EVENT_COMM];
};

enum vmlab_fault_class {
	VMLAB_CLASS_ANON_NEW,
	VMLAB_CLASS_ZERO_READ,
	VMLAB_CLASS_ZERO_UPGRADE,
	VMLAB_CLASS_COW_COPY,
	VMLAB_CLASS_COW_REUSE,
	VMLAB_CLASS_FILE_MAP,
	VMLAB_CLASS_FILE_MINOR,
	VMLAB_CLASS_FILE_MAJOR,
	VMLAB_CLASS_WRITE_NOTIFY,
	VMLAB_CLASS_SWAP_IN,
	VMLAB_CLASS_NUMA_HINT,
	VMLAB_CLASS_THP_NEW,
	VMLAB_CLASS_THP_SPLIT,
	VMLAB_CLASS_HUGETLB,
	VMLAB_CLASS_PROT_NONE,
	VMLAB_CLASS_SPURIOUS,
	VMLAB_CLASS_BAD_ACCESS,
	VMLAB_NR_CLASSES
};

/* What became of a page that waited for a copy. */
enum vmlab_cow_outcome {
	VMLAB_COW_NONE,
	VMLAB_COW_COPIED,
	VMLAB_COW_REUSED,
	VMLAB_COW_ZERO_FILLED,
	VMLAB_NR_OUTCOMES
};

enum vmlab_cow_why {
	VMLAB_WHY_UNKNOWN,
	VMLAB_WHY_SHARED,	/* others map the frame */
	VMLAB_WHY_LAST_SHARER,	/* nobody else does any more */
	VMLAB_WHY_EXCLUSIVE,	/* it was this process's alone, and read-only for another reason */
	VMLAB_WHY_PINNED,	/* mapped here alone, and somebody holds more references */
	VMLAB_WHY_KSM,
	VMLAB_WHY_FILE,		/* a page of a file is never written by a private mapping */
	VMLAB_WHY_ZERO_PAGE,
	VMLAB_NR_WHYS
};

/**
 * struct vmlab_event_fault - VMLAB_EVENT_FAULT and VMLAB_EVENT_COW
 * @head: as above
 * @va: the address touched
 * @ip: of user mode: what touched it, or the system call that made the kernel do so
 * @ns: how long the kernel's handler took, all its runs; VMLAB_EVENT_NS_UNKNOWN where
 *	it was refused before there was anything to handle
 * @before: the entry that stood there, of the level where the descent ended
 * @after: the entry that stood there when it was handled
 * @old_pfn: the frame of this very page, or VMLAB_EVENT_PFN_NONE
 * @new_pfn: the same, afterwards
 * @class: enum vmlab_fault_class
 * @access: VMLAB_EVENT_READ, _WRITE or _EXEC_PERM
 * @asked: what the VMA permits; 0 with VMLAB_EVENT_F_NO_VMA, or where there is none
 * @may_before: what the page tables permitted, all levels folded
 * @may_after: what they permit now
 * @level_before: level of @before, from the leaf (VMLAB_LEVEL_PTE is 1)
 * @level_after: of @after
 * @signal: sent to the thread, or 0
 * @outcome: enum vmlab_cow_outcome
 * @why: enum vmlab_cow_why
 * @__reserved: 0
 * @sharers: mappings of the old frame that are left, or VMLAB_EVENT_UNKNOWN
 * @with: the parent, where it still maps the old frame at this address; else 0
 */
struct vmlab_event_fault {
	struct vmlab_event head;
	__u64 va;
	__u64 ip;
	__u64 ns;
	__u64 before;
	__u64 after;
	__u64 old_pfn;
	__u64 new_pfn;
	__u8 class;
	__u8 access;
	__u8 asked;
	__u8 may_before;
	__u8 may_after;
	__u8 level_before;
	__u8 level_after;
	__u8 signal;
	__u8 outcome;
	__u8 why;
	__u8 __reserved[6];
	__u32 sharers;
	__u32 with;
};

/**
 * struct vmlab_event_fork - VMLAB_EVENT_FORK; @head is the parent's
 * @head: as above
 * @ns: from the system call until the child could run
 * @pages: resident in the child when it was made, or ~0
 * @tables_bytes: page tables of the child when it was made
 * @child: its pid
 * @__reserved: 0
 */
struct vmlab_event_fork {
	struct vmlab_event head;
	__u64 ns;
	__u64 pages;
	__u64 tables_bytes;
	__u32 child;
	__u32 __reserved;
};

/**
 * struct vmlab_event_exec - VMLAB_EVENT_EXEC
 * @head: as above
 * @path: what was executed, cut to fit
 */
struct vmlab_event_exec {
	struct vmlab_event head;
	char path[VMLAB_EVENT_PATH];
};

/**
 * struct vmlab_event_exit - VMLAB_EVENT_EXIT, of the last thread
 * @head: as above
 * @status: as wait(2) has it
 * @__reserved: 0
 */
struct vmlab_event_exit {
	struct vmlab_event head;
	__u32 status;
	__u32 __reserved;
};

#define VMLAB_EVENT_NAMES	12
/* Of nr_names, with 1: the name is in no directory, the kernel gave it ("memfd:x", "[aio]"). */
#define VMLAB_EVENT_NAMES_OWN	(1U << 31)
#define VMLAB_EVENT_NAME	40

/**
 * struct vmlab_event_code - VMLAB_EVENT_CODE, code of a file was mapped
 * @head: as above
 * @start: first address
 * @end: behind the last one; 0: a child, whose code is where that of process @offset is
 * @offset: of @start in the file
 * @nr_names: how many of @names there are, 0 where the path is longer than that;
 *	VMLAB_EVENT_NAMES_OWN
 * @__reserved: 0
 * @names: the path's, from the file up; one that was cut has no NUL
 */
struct vmlab_event_code {
	struct vmlab_event head;
	__u64 start;
	__u64 end;
	__u64 offset;
	__u32 nr_names;
	__u32 __reserved;
	char names[VMLAB_EVENT_NAMES][VMLAB_EVENT_NAME];
};

#define VMLAB_EVENT_TAG_NONE	(~0U)

/* What became of a tag when a CPU went to an address space. */
enum vmlab_tag_outcome {
	VMLAB_TAG_STAYED,	/* it was loaded already: nothing was done */
	VMLAB_TAG_KEPT,		/* the CPU still had it, and flushed nothing */
	VMLAB_TAG_FLUSHED,	/* the same tag, or none at all: flushed */
	VMLAB_TAG_NEW,		/* another one, which was flushed or never used */
	VMLAB_NR_TAG_OUTCOMES
};

/* Who flushed, and what made it do so. */
enum vmlab_flush_reason {
	VMLAB_FLUSH_LOCAL_MM,	/* this CPU, its own address space */
	VMLAB_FLUSH_LOCAL,	/* this CPU, pages of any that were taken away together */
	VMLAB_FLUSH_REMOTE,	/* this CPU, since another one asked */
	VMLAB_FLUSH_IPI_SENT,	/* other CPUs are asked */
	VMLAB_FLUSH_WRONG_CPU,	/* asked, and this CPU has another address space now */
	VMLAB_FLUSH_DEFERRED,	/* nobody now: who comes back to it will */
	VMLAB_FLUSH_BROADCAST,	/* all CPUs, by one instruction */
	VMLAB_FLUSH_KERNEL,	/* addresses of the kernel half */
	VMLAB_FLUSH_ALL,	/* everything, everywhere */
	VMLAB_FLUSH_GATHER,	/* arm64: a change of many entries is over */
	VMLAB_FLUSH_PAGE,	/* arm64: one page */
	VMLAB_FLUSH_FORK,	/* arm64: the parent's pages were made read-only */
	VMLAB_NR_FLUSH_REASONS
};

/* Rows of the counters: outcomes, then reasons, then roll-overs. */
#define VMLAB_TLB_ROW_FLUSH	VMLAB_NR_TAG_OUTCOMES
#define VMLAB_TLB_ROW_ROLLOVER	(VMLAB_NR_TAG_OUTCOMES + VMLAB_NR_FLUSH_REASONS)
#define VMLAB_TLB_ROWS		(VMLAB_TLB_ROW_ROLLOVER + 1)

/**
 * struct vmlab_event_switch - VMLAB_EVENT_SWITCH, a CPU goes to an address space
 * @head: the thread that runs there; @by is the process that ran before
 * @context: x86: ctx_id of the address space; arm64: its ASID and generation in one
 * @generation: x86: up to which of its flushes the CPU has come; arm64: of the ASID
 * @evicted: x86: ctx_id whose tag this was; arm64: the context it had before; 0: none
 * @slot: x86: the CPU's, from 0; VMLAB_EVENT_UNKNOWN: there are none
 * @tag: PCID or ASID, or VMLAB_EVENT_TAG_NONE
 * @user_tag: of user mode, where it has one of its own; or VMLAB_EVENT_TAG_NONE
 * @outcome: enum vmlab_tag_outcome, or VMLAB_EVENT_UNKNOWN
 */
struct vmlab_event_switch {
	struct vmlab_event head;
	__u64 context;
	__u64 generation;
	__u64 evicted;
	__u32 slot;
	__u32 tag;
	__u32 user_tag;
	__u32 outcome;
};

/**
 * struct vmlab_event_flush - VMLAB_EVENT_FLUSH; @head is of who asked for it
 * @head: @pid is whose address space it is, 0 for nobody's or one that is not known; @tid
 *	and @by are 0 where it is not known who asked
 * @context: of the address space, as above; 0: not known
 * @start: first address, as was asked
 * @end: behind the last one; ~0: the whole address space; 0: not known
 * @pages: that were flushed one by one; ~0: all of the tag; 0: none any more
 * @ip: of user mode of who asked; 0: not known
 * @reason: enum vmlab_flush_reason
 * @stride: log2 of the distance of two entries, 0 where it is not known
 */
struct vmlab_event_flush {
	struct vmlab_event head;
	__u64 context;
	__u64 start;
	__u64 end;
	__u64 pages;
	__u64 ip;
	__u32 reason;
	__u32 stride;
};

#define VMLAB_EVENT_PAGES_ALL		(~0ULL)
#define VMLAB_EVENT_PAGES_UNKNOWN	(~0ULL - 1)

/**
 * struct vmlab_event_rollover - VMLAB_EVENT_ROLLOVER: all ASIDs were used up
 * @head: the thread that needed one
 * @generation: the new one
 * @before: the one before
 */
struct vmlab_event_rollover {
	struct vmlab_event head;
	__u64 generation;
	__u64 before;
};

/**
 * struct vmlab_tlb_process - totals of one process, of the question tlb
 * @pid: of the process
 * @flushes: of its address space, each CPU's
 * @asked: flushes that it asked for
 * @__reserved: 0
 * @switches: for each enum vmlab_tag_outcome
 * @comm: name of the thread that was last seen of it
 */
struct vmlab_tlb_process {
	__u32 pid;
	__u32 __reserved;
	__u64 flushes;
	__u64 asked;
	__u64 switches[VMLAB_NR_TAG_OUTCOMES];
	char comm[VMLAB_EVENT_COMM];
};

#define VMLAB_EVENT_ENTRIES_UNKNOWN	(~0ULL)

/**
 * struct vmlab_event_protect - VMLAB_EVENT_PROTECT: of one mapping a range has others
 * @head: as above; VMLAB_EVENT_F_HEAP, _STACK, _SHARED are of the mapping
 * @start: first address
 * @end: behind the last one
 * @offset: of @start in the file, where there is one
 * @entries: of page tables that were changed by it, VMLAB_EVENT_ENTRIES_UNKNOWN
 * @ip: of user mode, where the system call was made
 * @caller: where that function returns to, if it is nothing but the system call
 * @from: what the mapping permitted, VMLAB_EVENT_READ and so on
 * @to: what it permits now
 * @__reserved: 0
 * @pkey_from: its protection key, VMLAB_EVENT_UNKNOWN
 * @pkey_to: its key now
 * @nr_names: as vmlab_event_code has it; without a file the record ends before @names
 * @names: as vmlab_event_code has it
 */
struct vmlab_event_protect {
	struct vmlab_event head;
	__u64 start;
	__u64 end;
	__u64 offset;
	__u64 entries;
	__u64 ip;
	__u64 caller;
	__u8 from;
	__u8 to;
	__u8 __reserved[2];
	__u32 pkey_from;
	__u32 pkey_to;
	__u32 nr_names;
	char names[VMLAB_EVENT_NAMES][VMLAB_EVENT_NAME];
};

/**
 * struct vmlab_event_protect_call - VMLAB_EVENT_PROTECT_CALL: mprotect() or pkey_mprotect() is over
 * @head: as above
 * @start: as was asked
 * @length: as was asked
 * @protection: PROT_*, as was asked
 * @ns: how long it took
 * @ip: as above
 * @caller: as above
 * @result: 0 or -errno
 * @pkey: as was asked, or -1
 * @ranges: how many mappings have something else now
 * @__reserved: 0
 */
struct vmlab_event_protect_call {
	struct vmlab_event head;
	__u64 start;
	__u64 length;
	__u64 protection;
	__u64 ns;
	__u64 ip;
	__u64 caller;
	__s32 result;
	__s32 pkey;
	__u32 ranges;
	__u32 __reserved;
};

/* Rows of the counters of the question mprotect. */
enum vmlab_protect_row {
	VMLAB_PROTECT_RANGES,
	VMLAB_PROTECT_CALLS,
	VMLAB_PROTECT_FAILED,	/* of these calls */
	VMLAB_PROTECT_ROWS
};

/* What became of a range of addresses. */
enum vmlab_map_what {
	VMLAB_MAP_MAPPED,	/* this is there now, whatever was before */
	VMLAB_MAP_UNMAPPED,	/* nothing is */
	VMLAB_MAP_GROWN,	/* a mapping reaches over it, too */
	VMLAB_MAP_PROTECTED,	/* it has other permissions */
	VMLAB_MAP_MOVED,	/* as mapped; it came from elsewhere, with its pages */
	VMLAB_MAP_ADVISED,	/* the same is there; its pages may not be */
	VMLAB_MAP_CLEARED,	/* an exec begins with nothing */
	VMLAB_MAP_INHERITED,	/* fork: what the parent, @inode, has */
	VMLAB_NR_MAP_WHATS
};

#define VMLAB_EVENT_CALL_32BIT	(1U << 31)
#define VMLAB_EVENT_CALL_NONE	(~0U & ~VMLAB_EVENT_CALL_32BIT)

/**
 * struct vmlab_event_map - VMLAB_EVENT_MAP, of the thread that did it
 * @head: as above; VMLAB_EVENT_F_HEAP, _STACK, _SHARED, _SPECIAL, _FILE are of the mapping
 * @start: first address
 * @end: behind the last one
 * @vma_start: where the mapping begins that it is part of by now; 0: not known, or none
 * @vma_end: where that ends
 * @offset: of @start in the file, where there is one
 * @inode: of the file, 0 without one
 * @ip: of user mode, where the system call was made, or what faulted
 * @caller: where that function returns to, if it is nothing but the system call
 * @dev: of the file, as the kernel has it: minor in the low 20 bits
 * @call: system call, with VMLAB_EVENT_CALL_32BIT of that table; VMLAB_EVENT_CALL_NONE: a fault
 * @advice: of VMLAB_MAP_ADVISED, MADV_*
 * @what: enum vmlab_map_what
 * @may: what the mapping permits, VMLAB_EVENT_READ and so on
 * @__reserved: 0
 * @nr_names: as vmlab_event_code has it; 0: the record ends before @names
 * @__reserved2: 0
 * @names: as vmlab_event_code has it
 */
struct vmlab_event_map {
	struct vmlab_event head;
	__u64 start;
	__u64 end;
	__u64 vma_start;
	__u64 vma_end;
	__u64 offset;
	__u64 inode;
	__u64 ip;
	__u64 caller;
	__u32 dev;
	__u32 call;
	__u32 advice;
	__u8 what;
	__u8 may;
	__u8 __reserved[2];
	__u32 nr_names;
	__u32 __reserved2;
	char names[VMLAB_EVENT_NAMES][VMLAB_EVENT_NAME];
};

/* Of an allocator; all but _FREE are requests. */
enum vmlab_alloc_function {
	VMLAB_ALLOC_MALLOC,
	VMLAB_ALLOC_CALLOC,
	VMLAB_ALLOC_REALLOC,
	VMLAB_ALLOC_FREE,
	VMLAB_ALLOC_POSIX_MEMALIGN,
	VMLAB_ALLOC_ALIGNED_ALLOC,
	VMLAB_ALLOC_MEMALIGN,
	VMLAB_ALLOC_VALLOC,
	VMLAB_ALLOC_PVALLOC,
	VMLAB_NR_ALLOC_FUNCTIONS
};

/* The system calls that it makes. */
enum vmlab_memory_call {
	VMLAB_MEMORY_BRK,
	VMLAB_MEMORY_MMAP,
	VMLAB_MEMORY_MUNMAP,
	VMLAB_MEMORY_MREMAP,
	VMLAB_MEMORY_MADVISE,
	VMLAB_MEMORY_MPROTECT,
	VMLAB_NR_MEMORY_CALLS
};

/* And what came of it. */
enum vmlab_memory_what {
	VMLAB_MEMORY_GOT,	/* the range is the allocator's now */
	VMLAB_MEMORY_GIVEN,	/* it is no longer */
	VMLAB_MEMORY_EMPTIED,	/* it still is, without its pages */
	VMLAB_MEMORY_CHANGED,	/* it has other permissions, or was advised on */
	VMLAB_MEMORY_ASKED,	/* brk: where the heap's end is */
	VMLAB_MEMORY_REFUSED,
	VMLAB_MEMORY_CLEARED,	/* exec: another program begins with nothing */
	VMLAB_NR_MEMORY_WHATS
};

/* Rows of the counters: functions, these, then a row for each system call. */
#define VMLAB_ALLOC_ROW_FAILED	(VMLAB_NR_ALLOC_FUNCTIONS + 0)	/* requests that got nothing */
#define VMLAB_ALLOC_ROW_BYTES	(VMLAB_NR_ALLOC_FUNCTIONS + 1)	/* asked for by the others */
#define VMLAB_ALLOC_ROW_GOT	(VMLAB_NR_ALLOC_FUNCTIONS + 2)	/* bytes, from the kernel */
#define VMLAB_ALLOC_ROW_GIVEN	(VMLAB_NR_ALLOC_FUNCTIONS + 3)	/* bytes, back to it */
#define VMLAB_ALLOC_ROW_CALL	(VMLAB_NR_ALLOC_FUNCTIONS + 4)
#define VMLAB_ALLOC_ROWS	(VMLAB_ALLOC_ROW_CALL + VMLAB_NR_MEMORY_CALLS)

/**
 * struct vmlab_event_alloc - VMLAB_EVENT_ALLOC, once the allocator returns
 * @head: as above; VMLAB_EVENT_F_FAILED
 * @size: bytes asked for; 0 of free()
 * @align: bytes, 0 where none was asked for
 * @ptr: what was given; 0: nothing
 * @old: of realloc() and free(), what was there; 0: nothing
 * @ns: how long it took, what tracing adds included
 * @ip: where it returned to
 * @function: enum vmlab_alloc_function
 * @calls: system calls that it made
 */
struct vmlab_event_alloc {
	struct vmlab_event head;
	__u64 size;
	__u64 align;
	__u64 ptr;
	__u64 old;
	__u64 ns;
	__u64 ip;
	__u32 function;
	__u32 calls;
};

/**
 * struct vmlab_event_memory - VMLAB_EVENT_MEMORY, a system call of the allocator's is over;
 *	mremap() has two
 * @head: as above; its time is that of the end
 * @start: first address
 * @end: behind the last one
 * @call: enum vmlab_memory_call, VMLAB_EVENT_UNKNOWN of an exec
 * @what: enum vmlab_memory_what
 * @function: in which the thread is, enum vmlab_alloc_function, or VMLAB_EVENT_UNKNOWN
 * @__reserved: 0
 */
struct vmlab_event_memory {
	struct vmlab_event head;
	__u64 start;
	__u64 end;
	__u32 call;
	__u32 what;
	__u32 function;
	__u32 __reserved;
};

/* How address spaces are kept apart, of vmlab_trace_config.tags. */
#define VMLAB_TRACE_TAGS	1	/* there are tags */
#define VMLAB_TRACE_USER_TAGS	2	/* and user mode has its own (arm64: BPF finds out) */

/**
 * struct vmlab_trace_config - what is told to BPF before it is loaded
 * @self: the tracer, which is never traced
 * @listed: only processes in the map "traced"
 * @follow: and their children
 * @events: 0: count only
 * @classes: 1 << enum vmlab_fault_class, those wanted
 * @start: first address wanted
 * @end: behind the last one
 * @min_ns: faults that took less are left out
 * @comm: name of the thread, where @comm_len is not 0
 * @comm_len: bytes of @comm that have to be equal, its NUL included
 * @pti: the kernel's root forbids user mode to execute, and means nothing
 * @wake: bytes in the ring at which the reader is woken
 * @va_bits: of user addresses (arm64)
 * @page_shift: log2 of a page
 * @memory_pa: some memory, and
 * @memory_va: where that is in the direct map; 0: not known
 * @pages_va: where the first struct page of that memory is; 0: not known
 * @tags: VMLAB_TRACE_TAGS and so on
 * @stacks: those of user mode are added up
 * @__reserved: 0
 */
struct vmlab_trace_config {
	__u32 self;
	__u32 listed;
	__u32 follow;
	__u32 events;
	__u64 classes;
	__u64 start;
	__u64 end;
	__u64 min_ns;
	char comm[VMLAB_EVENT_COMM];
	__u32 comm_len;
	__u32 pti;
	__u32 wake;
	__u32 va_bits;
	__u32 page_shift;
	__u32 tags;
	__u32 stacks;
	__u32 __reserved;
	__u64 memory_pa;
	__u64 memory_va;
	__u64 pages_va;
};

/* Values of the map "traced". */
#define VMLAB_TRACED_NOW	1
#define VMLAB_TRACED_FROM_EXEC	2	/* once it executes another program */

/* Rows of the counters: classes, outcomes or kinds, whatever is counted. */
#define VMLAB_TRACE_ROWS	24
#define VMLAB_TRACE_BUCKETS	32

/**
 * struct vmlab_trace_counts - counted in the kernel, for each CPU
 * @lost: events that were not told: no room, or BPF left out one of the two programs
 * @skipped: runs of programs that BPF left out, whoever's they were (filled by the library)
 * @count: for each class (fault), outcome (cow) or kind (fork)
 * @total_ns: of them
 * @ns: how many took [2^i, 2^(i+1)) ns
 */
struct vmlab_trace_counts {
	__u64 lost;
	__u64 skipped;
	__u64 count[VMLAB_TRACE_ROWS];
	__u64 total_ns[VMLAB_TRACE_ROWS];
	__u64 ns[VMLAB_TRACE_ROWS][VMLAB_TRACE_BUCKETS];
};

/* Frames of a stack that are kept, and stacks. */
#define VMLAB_STACK_DEPTH	64
#define VMLAB_STACKS		4096

/**
 * struct vmlab_stack - how often something was counted with this stack of user mode
 * @pid: the process whose thread it was
 * @row: of the counters
 * @nr: frames; 0: none could be read, as of a kernel thread
 * @__reserved: 0
 * @count: how often
 * @total_ns: of those whose time is known
 * @caller: where a function returns to that is nothing but its system call (vmlab_event_protect)
 * @comm: of the thread that was first
 * @ips: innermost first: the instruction, then where each function returns to. By frame
 *	pointers, as the kernel reads them: code without them leaves out its callers.
 */
struct vmlab_stack {
	__u32 pid;
	__u32 row;
	__u32 nr;
	__u32 __reserved;
	__u64 count;
	__u64 total_ns;
	__u64 caller;
	char comm[VMLAB_EVENT_COMM];
	__u64 ips[VMLAB_STACK_DEPTH];
};

#endif /* VMLAB_EVENT_H */
