/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.bpf.h - all that differs between kernels, and between ways to attach.
 *
 * A difference is told by what the running kernel has (a field, a type, a function in
 * its BTF), never by its version. Each entry says since when there is one.
 *
 * VMLAB_KPROBE: arm64 before 6.4 (commit 2aa6ac03516d) has no trampolines for BPF, so
 * every program is built a second time for kprobes, where pointers are not typed and
 * every field is a call instead of a load.
 */
#ifndef VMLAB_COMPAT_BPF_H
#define VMLAB_COMPAT_BPF_H

#ifdef VMLAB_KPROBE
#define READ(p, field)		BPF_CORE_READ(p, field)
#define ENTRY(function)		SEC("kprobe/" #function)
#define EXIT(function)		SEC("kretprobe/" #function)
#else
#define READ(p, field)		((p)->field)
#define ENTRY(function)		SEC("fentry/" #function)
#define EXIT(function)		SEC("fexit/" #function)
#endif

/*
 * A typed pointer to any kernel memory, which is read with one load and an exception
 * table instead of a call: since 6.2 (commit a35b9af4ec2c).
 */
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;

static __always_inline u64 compat_load(u64 at)
{
	u64 value = 0;

#ifndef VMLAB_KPROBE
	if (bpf_rdonly_cast) {
		struct timespec64 *word = bpf_rdonly_cast((void *)at,
					bpf_core_type_id_kernel(struct timespec64));

		return word->tv_sec;
	}
#endif
	bpf_probe_read_kernel(&value, sizeof(value), (void *)at);
	return value;
}

/*
 * A kernel that may be preempted anywhere (7.3) leaves a program out while another thread
 * of that CPU is inside it. So nobody is to be preempted there: since 6.11 (commit
 * fc7566ad0a82). Kernels without are built so that it does not happen.
 */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void compat_stay(void)
{
#ifndef VMLAB_KPROBE
	if (bpf_preempt_disable)
		bpf_preempt_disable();
#endif
}

static __always_inline void compat_may_go(void)
{
#ifndef VMLAB_KPROBE
	if (bpf_preempt_enable)
		bpf_preempt_enable();
#endif
}

/*
 * A variable of the kernel that is no part of its BTF, read once. What says so is
 * volatile, or clang makes a byte of it and its BTF is refused.
 */
#define COMPAT_VARIABLE(name)						\
	extern const void name __ksym __weak;				\
	static u64 name##_kept;						\
	static volatile u64 name##_read;				\
	static __always_inline u64 compat_##name(void)			\
	{								\
		/* Once, also where it is 0. */				\
		if (!name##_read && &name) {				\
			bpf_probe_read_kernel(&name##_kept, 8, &name);	\
			name##_read = 1;				\
		}							\
		return name##_kept;					\
	}

/* Whose address space: mm->owner where there are memory cgroups, as everywhere in Debian. */
static __always_inline struct task_struct *compat_owner(struct mm_struct *mm)
{
	if (bpf_core_field_exists(mm->owner))
		return READ(mm, owner);
	return (struct task_struct *)bpf_get_current_task();
}

/* A counter for each kind of page until 6.1, one that has parts on every CPU since 6.2
 * (commit f1a7941243c1).
 */
struct mm_struct___6_1 {
	struct mm_rss_stat rss_stat;
} __attribute__((preserve_access_index));

extern const void __per_cpu_offset __ksym __weak;

#define COMPAT_MAX_CPUS	256

static __always_inline s64 compat_percpu_sum(struct percpu_counter *counter)
{
	s64 sum = BPF_CORE_READ(counter, count);
	u64 parts = (u64)BPF_CORE_READ(counter, counters), offset, last = 0;
	s32 part;
	int cpu;

	if (!&__per_cpu_offset || !parts)
		return sum;
	for (cpu = 0; cpu < COMPAT_MAX_CPUS; cpu++) {
		if (bpf_probe_read_kernel(&offset, sizeof(offset),
					  (void *)((u64)&__per_cpu_offset + 8 * cpu)) ||
		    offset <= last)
			break;
		last = offset;
		part = 0;
		bpf_probe_read_kernel(&part, sizeof(part), (void *)(parts + offset));
		sum += part;
	}
	return sum;
}

/* Resident pages: files, anonymous and shared memory. ~0 where it cannot be told. */
static __always_inline u64 compat_resident(struct mm_struct *mm)
{
	struct mm_struct___6_1 *old = (void *)mm;
	s64 sum = 0;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		sum += BPF_CORE_READ(old, rss_stat.count[0].counter);
		sum += BPF_CORE_READ(old, rss_stat.count[1].counter);
		sum += BPF_CORE_READ(old, rss_stat.count[3].counter);
		return sum;
	}
	if (!bpf_core_field_exists(mm->rss_stat[0].counters))
		return ~0ULL;
	sum += compat_percpu_sum(&mm->rss_stat[0]);
	sum += compat_percpu_sum(&mm->rss_stat[1]);
	sum += compat_percpu_sum(&mm->rss_stat[3]);
	return sum;
}

/* page.flags is a struct of its own since 6.18 (commit 53fbef56e07d). */
typedef struct {
	unsigned long f;
} memdesc_flags_t;

struct page___6_18 {
	memdesc_flags_t flags;
} __attribute__((preserve_access_index));

static __always_inline u64 compat_page_flags(struct page *page)
{
	struct page___6_18 *newer = (void *)page;

	if (bpf_core_field_exists(newer->flags.f))
		return BPF_CORE_READ(newer, flags.f);
	if (bpf_core_field_exists(page->flags))
		return BPF_CORE_READ(page, flags);
	return 0;
}

/* What a page that is no head of a larger one says of its head; renamed in 7.0. */
struct page___7_0 {
	unsigned long compound_info;
} __attribute__((preserve_access_index));

/* A page by itself, no part of a larger one. */
static __always_inline bool compat_page_is_single(struct page *page)
{
	struct page___7_0 *newer = (void *)page;
	u64 head = 0;

	if (bpf_core_field_exists(newer->compound_info))
		head = BPF_CORE_READ(newer, compound_info);
	else if (bpf_core_field_exists(page->compound_head))
		head = BPF_CORE_READ(page, compound_head);
	return !(head & 1) &&
	       !(compat_page_flags(page) & (1UL << bpf_core_enum_value(enum pageflags, PG_head)));
}

#if defined(__TARGET_ARCH_x86)
/*
 * The tag that an address space has on all CPUs, or 0: since 6.15, on CPUs with
 * INVLPGB.
 */
static __always_inline u32 compat_global_asid(struct mm_struct *mm)
{
	if (bpf_core_field_exists(mm->context.global_asid))
		return BPF_CORE_READ(mm, context.global_asid);
	return 0;
}
#endif

/*
 * The inode that /proc/PID/maps has: of a file below a stacked file system (overlay) it is
 * the upper one's, by a struct of its own since 6.5 (commit 62d53c4a1dfe); by this bit since
 * 6.12.
 */
struct backing_file {
	struct path user_path;
} __attribute__((preserve_access_index));

#define COMPAT_FMODE_BACKING	(1U << 24)

static __always_inline struct inode *compat_file_inode(struct file *file)
{
	struct backing_file *backing = (void *)file;

	if (bpf_core_type_exists(struct backing_file) &&
	    BPF_CORE_READ(file, f_mode) & COMPAT_FMODE_BACKING)
		return BPF_CORE_READ(backing, user_path.dentry, d_inode);
	return BPF_CORE_READ(file, f_inode);
}

/*
 * Does a mapping that replaces others take them away afterwards, all at once? Since 6.12
 * (commit f8d112a4e657); before, it did so first.
 */
static __always_inline bool compat_replaces(void)
{
	return bpf_core_type_exists(struct vma_munmap_struct);
}

#ifndef VMLAB_KPROBE
/* What a function returned, however many arguments it has in this kernel. */
static __always_inline s64 compat_result(void *ctx)
{
	u64 result = 0;

	bpf_get_func_ret(ctx, &result);
	return result;
}

/*
 * Which argument of mprotect_fixup() is the VMA: a vma_iterator stands before all others
 * since 6.3 (commit 2286a6914c77).
 */
static __always_inline u32 compat_fixup_vma(void *ctx)
{
	return bpf_get_func_arg_cnt(ctx) > 6 ? 2 : 1;
}
#endif

/*
 * Swap entries: types from here on are no swap areas but migration, poison, markers and
 * devices. MAX_SWAPFILES is no part of BTF; it is 22 in 6.1 and 23 or more since.
 */
#define COMPAT_SWAP_TYPES	22

#endif /* VMLAB_COMPAT_BPF_H */
