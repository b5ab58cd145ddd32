/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * types.bpf.h - the few kernel types that are looked into, field by field.
 *
 * Names only: where a field lies is filled in when a program is loaded, from the
 * running kernel's BTF (CO-RE). So this stands for all kernels, and what a kernel does
 * not have is asked for with bpf_core_field_exists(). Names with ___ are the same type
 * as another kernel has it (compat.bpf.h).
 */
#ifndef VMLAB_TYPES_BPF_H
#define VMLAB_TYPES_BPF_H

/* bpf_tracing.h then takes the kernel's names of registers, not those of ptrace.h. */
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;

#define true	1
#define false	0
#define NULL	((void *)0)

/* include/uapi/linux/bpf.h: what maps and helpers are called. */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};

#define BPF_F_USER_STACK	256
#define BPF_RB_NO_WAKEUP	1
#define BPF_RB_FORCE_WAKEUP	2
#define BPF_RB_AVAIL_DATA	0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	unsigned long pgd;
} pgd_t;

/* One 64-bit word by a name that every kernel's BTF has (walk.bpf.h). */
struct timespec64 {
	s64 tv_sec;
};

struct thread_info {
	unsigned long flags;
	u32 status;
};

struct percpu_counter {
	s64 count;
	s32 *counters;
};

struct mm_rss_stat {
	atomic64_t count[4];
};

/* What an architecture keeps of an address space (an unnamed struct everywhere). */
typedef struct {
#if defined(__TARGET_ARCH_x86)
	u64 ctx_id;
	atomic64_t tlb_gen;
	u16 global_asid;
#else
	atomic64_t id;
#endif
} mm_context_t;

struct mm_struct {
	pgd_t *pgd;
	mm_context_t context;
	struct task_struct *owner;
	atomic64_t pgtables_bytes;
	struct percpu_counter rss_stat[4];
	unsigned long task_size;
	unsigned long start_brk;
	unsigned long brk;
	unsigned long start_stack;
};

struct qstr {
	const unsigned char *name;
};

struct inode;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct super_block {
	u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct file {
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
};

/* A mapping the kernel made of memory of its own, and its name. */
struct vm_special_mapping {
	const char *name;
};

/* Mappings that are taken away together, since 6.12. */
struct vma_munmap_struct {
	unsigned long start;
	unsigned long end;
	unsigned long nr_pages;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
};

struct signal_struct {
	atomic_t live;
};

struct thread_struct {
#if defined(__TARGET_ARCH_x86)
	unsigned long cr2;
	unsigned long trap_nr;
	unsigned long error_code;
#else
	unsigned long fault_address;
	unsigned long fault_code;
#endif
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	int exit_code;
	unsigned int flags;
	char comm[16];
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct thread_struct thread;
};

struct linux_binprm {
	const char *filename;
};

struct page {
	unsigned long flags;
	unsigned long compound_head;
	void *mapping;
	atomic_t _mapcount;
	atomic_t _refcount;
};

struct mem_section {
	unsigned long section_mem_map;
};

struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
#else
	u64 regs[31];
	u64 sp;
	u64 pc;
	s32 syscallno;
#endif
};

#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
};
#endif

#pragma clang attribute pop

enum fault_flag {
	FAULT_FLAG_WRITE = 1,
	FAULT_FLAG_TRIED = 32,
	FAULT_FLAG_USER = 64,
	FAULT_FLAG_INSTRUCTION = 256,
	FAULT_FLAG_UNSHARE = 1024,
};

enum vm_fault_reason {
	VM_FAULT_OOM = 1,
	VM_FAULT_SIGBUS = 2,
	VM_FAULT_MAJOR = 4,
	VM_FAULT_HWPOISON = 16,
	VM_FAULT_HWPOISON_LARGE = 32,
	VM_FAULT_SIGSEGV = 64,
	VM_FAULT_NOPAGE = 256,
	VM_FAULT_RETRY = 1024,
	VM_FAULT_FALLBACK = 2048,
	VM_FAULT_COMPLETED = 16384,
};

enum pageflags {
	PG_anon_exclusive = 17,
	PG_head = 16,
};

/* include/linux/mm.h; not in BTF, and the same since they exist. */
#define VM_READ		0x00000001UL
#define VM_WRITE	0x00000002UL
#define VM_EXEC		0x00000004UL
#define VM_SHARED	0x00000008UL
#define VM_MAYSHARE	0x00000080UL
#define VM_GROWSDOWN	0x00000100UL
#define VM_SEQ_READ	0x00008000UL
#define VM_RAND_READ	0x00010000UL
#define VM_HUGETLB	0x00400000UL
#define MADV_DONTNEED	4
#define VM_ACCESS	(VM_READ | VM_WRITE | VM_EXEC)

/* include/linux/sched.h */
#define PF_KTHREAD	0x00200000

#define SIGBUS		7
#define SIGSEGV		11

#endif /* VMLAB_TYPES_BPF_H */
