/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vmlab.h - the contract between vmlab.ko and whoever asks it.
 *
 * The kernel side reports raw entries and the facts that only it can know;
 * what a bit or a state is called is the business of the reader (tools/lib).
 *
 * /dev/vmlab answers INFO and OPEN, and for those who may see frames FRAMES and CPUS,
 * and the kernel's own half KWALK, KSCAN and KREGIONS. OPEN gives a descriptor that
 * stands for one address space and answers WALK, SCAN, VMAS, TABLES, MM
 * and THREAD.
 *
 * Every struct starts with its own size, as the caller was compiled. A shorter
 * one (not below the first published size) is extended with zeroes, a longer
 * one is accepted when what this module does not know is zero. Names that start
 * with out_ are written by the kernel, everything else is read by it. Ranges are
 * half open: end is the first address after them.
 *
 * One errno, one meaning, the same for every ioctl:
 *
 * ENOTTY      no such ioctl on this descriptor
 * EINVAL      an argument is malformed: size below the minimum, an address that
 *             is not page aligned, end < start, a descriptor of the wrong kind
 * E2BIG       the struct is longer than this module knows and the rest not zero
 * EOPNOTSUPP  a flag, format, filter bit or reserved field this module does not
 *             know is set
 * ERANGE      an address outside the half of the address space that is asked
 *             about (K*: the kernel's, the others: the user's), canonical or not
 * EFAULT      memory of the caller that cannot be read or written
 * EBADF       OPEN, THREAD: @fd is not an open descriptor
 * ESRCH       the address space is gone (exit, exec), or never was (kernel
 *             thread), or no such pid
 * EPERM       the caller may not
 * EINTR       a fatal signal came
 * ENOMEM      no memory
 * EMFILE,
 * ENFILE      OPEN: no descriptor left
 */
#ifndef _UAPI_VMLAB_H
#define _UAPI_VMLAB_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Raised when something is added; nothing is ever taken away.
 * 2: min_mapcount and VMLAB_FORMAT_RAW of SCAN; queries that the first one had not.
 */
#define VMLAB_API_VERSION	2

/*
 * 0xC8 stands free in Documentation/userspace-api/ioctl/ioctl-number.rst of
 * Linux 6.1 and 6.12. Numbers carry no size (_IO): sizes travel in the structs.
 */
#define VMLAB_IOC_TYPE		0xC8
#define VMLAB_INFO		_IO(VMLAB_IOC_TYPE, 0x00)
#define VMLAB_OPEN		_IO(VMLAB_IOC_TYPE, 0x01)
#define VMLAB_FRAMES		_IO(VMLAB_IOC_TYPE, 0x02)
#define VMLAB_KWALK		_IO(VMLAB_IOC_TYPE, 0x03)
#define VMLAB_KSCAN		_IO(VMLAB_IOC_TYPE, 0x04)
#define VMLAB_CPUS		_IO(VMLAB_IOC_TYPE, 0x05)
#define VMLAB_KREGIONS		_IO(VMLAB_IOC_TYPE, 0x06)
#define VMLAB_WALK		_IO(VMLAB_IOC_TYPE, 0x10)
#define VMLAB_SCAN		_IO(VMLAB_IOC_TYPE, 0x11)
#define VMLAB_VMAS		_IO(VMLAB_IOC_TYPE, 0x12)
#define VMLAB_TABLES		_IO(VMLAB_IOC_TYPE, 0x13)
#define VMLAB_MM		_IO(VMLAB_IOC_TYPE, 0x14)
#define VMLAB_THREAD		_IO(VMLAB_IOC_TYPE, 0x15)

/* Architectures, in vmlab_info.out_arch. */
#define VMLAB_ARCH_X86_64	1
#define VMLAB_ARCH_ARM64	2
#define VMLAB_ARCH_RISCV64	3

/*
 * Levels of a translation, counted from the leaf up, the same on every
 * architecture. The top level of a four-level x86 tree is VMLAB_LEVEL_P4D here
 * and "pgd" in the kernel's words: it is the root that is meant.
 */
#define VMLAB_LEVEL_PTE		1
#define VMLAB_LEVEL_PMD		2
#define VMLAB_LEVEL_PUD		3
#define VMLAB_LEVEL_P4D		4
#define VMLAB_LEVEL_PGD		5
#define VMLAB_MAX_LEVELS	5

/* A frame that does not exist, is not known, or is not for this caller. */
#define VMLAB_PFN_NONE		(~(__u64)0)
/* The kernel keeps no map count for this frame. */
#define VMLAB_MAPCOUNT_UNKNOWN	(~(__u32)0)

/*
 * Facts: what is true of one leaf, whatever the architecture. Filters of SCAN
 * are masks over them.
 *
 * What the MMU makes of the entry. READ, WRITE, EXEC: user mode may, every
 * level folded (protection keys are per thread and not folded in); in answers about
 * the kernel half: the kernel may. The entry is good for the hardware exactly when
 * PRESENT is set.
 */
#define VMLAB_FACT_PRESENT	(1ULL << 0)
#define VMLAB_FACT_READ		(1ULL << 1)
#define VMLAB_FACT_WRITE	(1ULL << 2)
#define VMLAB_FACT_EXEC		(1ULL << 3)
#define VMLAB_FACT_ACCESSED	(1ULL << 4)
#define VMLAB_FACT_DIRTY	(1ULL << 5)
#define VMLAB_FACT_HUGE		(1ULL << 6)	/* leaf above the last level */
#define VMLAB_FACT_CONT		(1ULL << 7)	/* arm64: one of a contiguous group */
/* What the kernel keeps in software bits of the entry (or, soft-dirty, of the VMA). */
#define VMLAB_FACT_SOFT_DIRTY	(1ULL << 8)
#define VMLAB_FACT_UFFD_WP	(1ULL << 9)
#define VMLAB_FACT_SPECIAL	(1ULL << 10)	/* no reference counted frame behind */
#define VMLAB_FACT_DEVMAP	(1ULL << 11)
/*
 * Not PRESENT, and the frame kept: PROT_NONE, or a NUMA hint (ASKED_* tells). In the
 * kernel half, a page that the kernel has taken out of its own reach.
 */
#define VMLAB_FACT_PROTNONE	(1ULL << 12)
/* Of the kernel half alone. */
#define VMLAB_FACT_USER		(1ULL << 13)	/* no level keeps user mode out */
#define VMLAB_FACT_REPEATED	(1ULL << 14)	/* a whole table of this one entry */
/* Of the frame; valid when FRAME is set, read under the page table lock. */
#define VMLAB_FACT_FRAME	(1ULL << 16)	/* has a struct page, facts follow */
#define VMLAB_FACT_ANON		(1ULL << 17)
#define VMLAB_FACT_EXCLUSIVE	(1ULL << 18)	/* anonymous, of this process alone */
#define VMLAB_FACT_KSM		(1ULL << 19)
#define VMLAB_FACT_FILE		(1ULL << 20)	/* page cache, shmem included */
#define VMLAB_FACT_SHMEM	(1ULL << 21)	/* page cache backed by swap */
#define VMLAB_FACT_HUGETLB	(1ULL << 22)
#define VMLAB_FACT_LARGE	(1ULL << 23)	/* part of a large folio */
#define VMLAB_FACT_POISON	(1ULL << 24)	/* frame or entry: hardware error */
/* Frames the kernel does not count: no struct page is looked at. */
#define VMLAB_FACT_ZERO		(1ULL << 25)	/* the zero page */
#define VMLAB_FACT_HUGE_ZERO	(1ULL << 26)
#define VMLAB_FACT_PFNMAP	(1ULL << 27)	/* device, or otherwise raw */
/* Entries that are not PRESENT and not PROTNONE: exactly one of these. */
#define VMLAB_FACT_SWAP		(1ULL << 32)	/* pfn is the offset, see swap_type */
#define VMLAB_FACT_MIGRATION	(1ULL << 33)	/* pfn is the frame under way */
#define VMLAB_FACT_DEVICE	(1ULL << 34)	/* device private or exclusive */
#define VMLAB_FACT_MARKER	(1ULL << 35)	/* UFFD_WP, POISON (pfn, if known) or GUARD */
#define VMLAB_FACT_GUARD	(1ULL << 36)	/* marker of MADV_GUARD_INSTALL */
#define VMLAB_FACT_UNKNOWN	(1ULL << 37)	/* an entry this module cannot name */
/* Beside SWAP: the anonymous page belongs to this process alone. */
#define VMLAB_FACT_SWAP_EXCLUSIVE (1ULL << 38)
/* Of the VMA: what was asked for. */
#define VMLAB_FACT_ASKED_READ	(1ULL << 48)
#define VMLAB_FACT_ASKED_WRITE	(1ULL << 49)
#define VMLAB_FACT_ASKED_EXEC	(1ULL << 50)
#define VMLAB_FACT_SHARED	(1ULL << 51)	/* MAP_SHARED */
#define VMLAB_FACT_VMA_FILE	(1ULL << 52)	/* the VMA maps a file */
#define VMLAB_FACT_VMA		(1ULL << 53)	/* the address lies in a VMA */

#define VMLAB_FACTS_OF_VMA						\
	(VMLAB_FACT_ASKED_READ | VMLAB_FACT_ASKED_WRITE |		\
	 VMLAB_FACT_ASKED_EXEC | VMLAB_FACT_SHARED | VMLAB_FACT_VMA_FILE | \
	 VMLAB_FACT_VMA)

/* Everything above. */
#define VMLAB_FACTS_KNOWN						\
	(0x7fffULL | 0x3fULL << 48 | 0xfffULL << 16 | 0x7fULL << 32)

/*
 * What a caller sees who could not see frames in /proc/PID/pagemap: that which
 * pagemap, smaps and PAGEMAP_SCAN show without CAP_SYS_ADMIN, as coarsely as
 * they do. PRESENT then includes PROTNONE, SWAP includes every other entry that
 * is not present; everything else is zero, and the answer says HIDDEN. Areas that
 * pagemap leaves out (VMLAB_VMA_PFNMAP) look empty. Filters apply to what is left,
 * so that they tell no more, and so does the merging of leaves into runs.
 *
 * Where the kernel has no PAGEMAP_SCAN (before 6.7), smaps tells but the sums of
 * huge and zero pages. Then the answer says COARSE too, VMLAB_FACTS_COARSE are
 * zero, and a huge leaf is reported as the base pages of the range it maps.
 */
#define VMLAB_FACTS_PUBLIC						\
	(VMLAB_FACT_PRESENT | VMLAB_FACT_SOFT_DIRTY | VMLAB_FACT_UFFD_WP | \
	 VMLAB_FACT_HUGE | VMLAB_FACT_FILE | VMLAB_FACT_ZERO |		\
	 VMLAB_FACT_HUGE_ZERO | VMLAB_FACT_SWAP | VMLAB_FACT_GUARD |	\
	 VMLAB_FACTS_OF_VMA)
#define VMLAB_FACTS_COARSE						\
	(VMLAB_FACT_HUGE | VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO)

/* Flags of answers, in out_flags. */
#define VMLAB_OUT_HIDDEN	(1U << 0)	/* frames, entries and the rest withheld */
#define VMLAB_OUT_IN_VMA	(1U << 1)	/* WALK: the address lies in a VMA */
#define VMLAB_OUT_MAPPED	(1U << 2)	/* WALK, KWALK: the leaf is PRESENT */
#define VMLAB_OUT_USER_ROOT	(1U << 3)	/* WALK: out_user_root is filled (KPTI) */
#define VMLAB_OUT_NO_VMAS	(1U << 4)	/* VMAs and what was asked withheld */
#define VMLAB_OUT_COARSE	(1U << 5)	/* HIDDEN, and no huge and zero pages */

/* Features in use, in vmlab_info.out_features; meaning depends on out_arch. */
#define VMLAB_X86_PCID		(1ULL << 0)	/* CR4.PCIDE */
#define VMLAB_X86_INVPCID	(1ULL << 1)
#define VMLAB_X86_PTI		(1ULL << 2)	/* kernel page table isolation */
#define VMLAB_X86_NX		(1ULL << 3)
#define VMLAB_X86_SMEP		(1ULL << 4)
#define VMLAB_X86_SMAP		(1ULL << 5)
#define VMLAB_X86_PKU		(1ULL << 6)	/* CR4.PKE */
#define VMLAB_X86_LA57		(1ULL << 7)	/* CR4.LA57 */
#define VMLAB_X86_PGE		(1ULL << 8)
#define VMLAB_X86_GBPAGES	(1ULL << 9)
#define VMLAB_X86_PAT		(1ULL << 10)
/* Where this kernel keeps software bits of an entry that move between versions. */
#define VMLAB_X86_DEVMAP_58	(1ULL << 32)
#define VMLAB_X86_DEVMAP_57	(1ULL << 33)
#define VMLAB_X86_SAVED_DIRTY	(1ULL << 34)	/* bit 58 */

#define VMLAB_ARM64_KPTI	(1ULL << 0)	/* the kernel is unmapped at EL0 */
#define VMLAB_ARM64_HAFDBS	(1ULL << 1)	/* the MMU sets AF, and DBM entries dirty */
#define VMLAB_ARM64_PAN		(1ULL << 2)	/* the kernel may not touch user pages */
#define VMLAB_ARM64_EPAN	(1ULL << 3)	/* nor those that are only executable */
#define VMLAB_ARM64_E0PD	(1ULL << 4)	/* EL0 faults on kernel addresses at once */
#define VMLAB_ARM64_CNP		(1ULL << 5)	/* TTBR.CnP: CPUs share TLB entries */
#define VMLAB_ARM64_BTI		(1ULL << 6)	/* GP in entries: guarded pages */
#define VMLAB_ARM64_MTE		(1ULL << 7)	/* memory tags */
#define VMLAB_ARM64_LVA		(1ULL << 8)	/* addresses of 52 bits */
#define VMLAB_ARM64_POE		(1ULL << 9)	/* permission overlays in entries */
/* The form of entries that moves between versions. */
#define VMLAB_ARM64_PROTNONE_58	(1ULL << 32)	/* PROT_NONE is bit 58 (until 6.10) */
#define VMLAB_ARM64_PROTNONE_NG	(1ULL << 33)	/* PROT_NONE is nG without valid */
#define VMLAB_ARM64_DEVMAP_57	(1ULL << 34)	/* until 6.16 */
#define VMLAB_ARM64_UFFD_58	(1ULL << 35)	/* userfaultfd write protection */

/* How OPEN finds out who may look at whom, in vmlab_info.out_door. */
#define VMLAB_DOOR_PAGEMAP	1	/* an open /proc/PID/pagemap is handed over */
#define VMLAB_DOOR_PID		2	/* a pid; CAP_SYS_ADMIN and CAP_SYS_PTRACE */

/**
 * struct vmlab_info - the machine and the module
 * @size: of this struct
 * @flags: none yet, zero
 * @out_api_version: VMLAB_API_VERSION of the module
 * @out_arch: one of VMLAB_ARCH_*
 * @out_page_shift: log2 of the base page size
 * @out_levels: levels of a user translation in use
 * @out_va_bits: width of a canonical address
 * @out_pa_bits: width of a physical address
 * @out_asid_bits: width of the hardware tag of an address space, 0 for none
 * @out_asids_per_cpu: tags each CPU deals out (x86), 0 where they are global
 * @out_user_end: first address after the user half
 * @out_kernel_start: first address of the kernel half
 * @out_features: VMLAB_<ARCH>_* in use
 * @out_facts: the facts this module on this kernel can report
 * @out_door: VMLAB_DOOR_*
 * @__reserved: zero
 * @out_module_version: of the module, NUL terminated
 *
 * On /dev/vmlab; whoever could open the node may ask.
 */
struct vmlab_info {
	__u32 size;
	__u32 flags;
	__u32 out_api_version;
	__u32 out_arch;
	__u32 out_page_shift;
	__u32 out_levels;
	__u32 out_va_bits;
	__u32 out_pa_bits;
	__u32 out_asid_bits;
	__u32 out_asids_per_cpu;
	__aligned_u64 out_user_end;
	__aligned_u64 out_kernel_start;
	__aligned_u64 out_features;
	__aligned_u64 out_facts;
	__u32 out_door;
	__u32 __reserved;
	char out_module_version[32];
};

/**
 * struct vmlab_open - take hold of an address space
 * @size: of this struct
 * @flags: none yet, zero
 * @fd: an open /proc/PID/pagemap (VMLAB_DOOR_PAGEMAP; else -1)
 * @pid: as the caller's pid namespace numbers it (VMLAB_DOOR_PID; else zero)
 * @out_fd: the new descriptor, close-on-exec
 * @out_flags: VMLAB_OUT_HIDDEN when the one who opened @fd may not see frames,
 *	VMLAB_OUT_COARSE beside it, VMLAB_OUT_NO_VMAS
 *
 * On /dev/vmlab. The descriptor holds the address space's identity, not its
 * memory: it answers ESRCH once the last user of the address space is gone.
 * It may be handed to others; what it shows is what the opener of @fd may see.
 *
 * Who calls OPEN with a pagemap that was opened with other credentials than the
 * caller's (it came from another process, or the caller changed its own) sees
 * what pagemap shows and not what /proc/PID/maps does, which it might not be
 * allowed to open: NO_VMAS, VMLAB_FACTS_OF_VMA and _IN_VMA are withheld, VMAS is
 * EPERM.
 */
struct vmlab_open {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__s32 pid;
	__s32 out_fd;
	__u32 out_flags;
};

/**
 * struct vmlab_entry - one entry met on the way down
 * @table_pa: physical address of the table that holds it
 * @entry: its raw value
 * @index: its place in the table
 * @level: VMLAB_LEVEL_*
 * @__reserved: zero
 */
struct vmlab_entry {
	__aligned_u64 table_pa;
	__aligned_u64 entry;
	__u32 index;
	__u16 level;
	__u16 __reserved;
};

/**
 * struct vmlab_run - leaves that differ in nothing but where they are
 * @va: of the first leaf, aligned to its size
 * @facts: VMLAB_FACT_*, the same for all
 * @entry: raw entry of the first; all attribute bits are the same for all
 * @pfn: of the first; advances by a leaf's pages, but for the zero page and REPEATED
 *	ones, which stay; of a SWAP entry the offset in its area; or VMLAB_PFN_NONE
 * @count: leaves
 * @mapcount: how many entries map the first page of each leaf, or
 *	VMLAB_MAPCOUNT_UNKNOWN
 * @level: VMLAB_LEVEL_* of the entries
 * @shift: log2 of a leaf's size in bytes
 * @swap_type: number of the swap area, for SWAP
 * @__reserved: zero
 */
struct vmlab_run {
	__aligned_u64 va;
	__aligned_u64 facts;
	__aligned_u64 entry;
	__aligned_u64 pfn;
	__u32 count;
	__u32 mapcount;
	__u8 level;
	__u8 shift;
	__u8 swap_type;
	__u8 __reserved[5];
};

/**
 * struct vmlab_walk - one translation, level by level
 * @size: of this struct
 * @flags: none yet, zero
 * @va: any address of the user half, in a VMA or not
 * @out_flags: VMLAB_OUT_HIDDEN, _COARSE, _NO_VMAS, _IN_VMA, _MAPPED, _USER_ROOT
 * @out_nr_levels: entries in @out_levels; the last is the leaf, or the entry
 *	that ended the walk
 * @out_levels: from the root down
 * @out_user_root: under KPTI, the same slot of the root that user mode runs on
 * @out_leaf: the leaf (count 1), all zero when the walk ended at an empty entry
 *
 * On a target. When hidden, only @out_leaf.va, .level, .shift and the public
 * facts are filled, and no levels.
 */
struct vmlab_walk {
	__u32 size;
	__u32 flags;
	__aligned_u64 va;
	__u32 out_flags;
	__u32 out_nr_levels;
	struct vmlab_entry out_levels[VMLAB_MAX_LEVELS];
	struct vmlab_entry out_user_root;
	struct vmlab_run out_leaf;
};

/**
 * struct vmlab_raw - entries that are the same, or count up by a leaf's size
 * @va: of the first leaf, aligned to its size
 * @entry: the first one, as it stands in the table
 * @count: leaves
 * @level: VMLAB_LEVEL_* of the entries
 * @shift: log2 of a leaf's size in bytes
 * @step: 0: all entries are the same; 1: each is 1 << @shift more than the one before,
 *	as those of neighbouring frames are
 * @__reserved: zero
 */
struct vmlab_raw {
	__aligned_u64 va;
	__aligned_u64 entry;
	__u32 count;
	__u8 level;
	__u8 shift;
	__u8 step;
	__u8 __reserved;
};

/* Layouts of a SCAN's records. */
#define VMLAB_FORMAT_RUNS	1	/* struct vmlab_run */
#define VMLAB_FORMAT_RAW	2	/* struct vmlab_raw: no facts, hence no filters */

/**
 * struct vmlab_scan - every entry of a range, in runs
 * @size: of this struct
 * @flags: none yet, zero
 * @start: first address, page aligned
 * @end: page aligned, at most vmlab_info.out_user_end
 * @buf: where the records go
 * @nr_recs: how many records fit there, at least 1
 * @format: VMLAB_FORMAT_*
 * @rec_size: bytes from one record to the next, at least the format's size; what
 *	is beyond the format's own is left untouched
 * @min_mapcount: leave out what is known to be mapped by fewer entries than this;
 *	zero: no condition
 * @all_of: report leaves that have all of these facts,
 * @any_of: at least one of these (zero: no condition),
 * @none_of: and none of these
 * @out_next: where to go on: everything below is answered. @end when done
 * @out_nr: records written
 * @out_flags: VMLAB_OUT_HIDDEN, _COARSE, _NO_VMAS
 *
 * On a target. Only addresses in VMAs are looked at; empty entries are not
 * reported. A leaf that straddles @start or @end is reported whole; so is a huge
 * page that came into being, in a target that runs, where the answer had just got
 * halfway: then it covers what was reported before it. @out_next always lies
 * between runs, so that the answer does not depend on @nr_recs. The mmap lock is
 * taken for a bounded piece of work at a time, never while the caller's memory is
 * written. @min_mapcount keeps what has no known map count (or one that is withheld),
 * and leaves above the last level, whose pages can have map counts of their own.
 * VMLAB_FORMAT_RAW tells entries alone, and costs less; EPERM when hidden. A signal ends the call early, successfully and with what there is; only
 * then may @out_next lie inside a run. A fatal one: EINTR.
 */
struct vmlab_scan {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 format;
	__u32 rec_size;
	__u32 min_mapcount;
	__aligned_u64 all_of;
	__aligned_u64 any_of;
	__aligned_u64 none_of;
	__aligned_u64 out_next;
	__u32 out_nr;
	__u32 out_flags;
};

/*
 * vmlab_frame.flags: what the kernel keeps of a page, by the names of
 * /proc/kpageflags, as far as every kernel has them. Of a part of a folio, what is true
 * of the whole; MAPPED and HWPOISON are of the page itself.
 */
#define VMLAB_PAGE_LOCKED	(1ULL << 0)
#define VMLAB_PAGE_REFERENCED	(1ULL << 1)
#define VMLAB_PAGE_UPTODATE	(1ULL << 2)
#define VMLAB_PAGE_DIRTY	(1ULL << 3)
#define VMLAB_PAGE_LRU		(1ULL << 4)
#define VMLAB_PAGE_ACTIVE	(1ULL << 5)
#define VMLAB_PAGE_SLAB		(1ULL << 6)
#define VMLAB_PAGE_WRITEBACK	(1ULL << 7)
#define VMLAB_PAGE_RECLAIM	(1ULL << 8)
#define VMLAB_PAGE_BUDDY	(1ULL << 9)	/* free; order is the block's */
#define VMLAB_PAGE_MAPPED	(1ULL << 10)	/* by processes */
#define VMLAB_PAGE_SWAPCACHE	(1ULL << 11)
#define VMLAB_PAGE_SWAPBACKED	(1ULL << 12)
#define VMLAB_PAGE_HEAD		(1ULL << 13)	/* the first page of several */
#define VMLAB_PAGE_TAIL		(1ULL << 14)	/* one of the others */
#define VMLAB_PAGE_UNEVICTABLE	(1ULL << 15)
#define VMLAB_PAGE_MLOCKED	(1ULL << 16)
#define VMLAB_PAGE_HWPOISON	(1ULL << 17)
#define VMLAB_PAGE_NOPAGE	(1ULL << 18)	/* no struct page online: nothing else is known */
#define VMLAB_PAGE_OFFLINE	(1ULL << 19)	/* taken by a balloon and the like */
#define VMLAB_PAGE_PGTABLE	(1ULL << 20)
#define VMLAB_PAGE_RESERVED	(1ULL << 21)
#define VMLAB_PAGE_PRIVATE	(1ULL << 22)
#define VMLAB_PAGE_IDLE		(1ULL << 23)

/**
 * struct vmlab_frame - what the kernel keeps of one frame
 * @pfn: its number
 * @head: of the first frame of the folio, or free block, that it is a part of
 * @facts: VMLAB_FACT_FRAME to VMLAB_FACT_ZERO, but for VMLAB_FACT_HUGE_ZERO
 * @flags: VMLAB_PAGE_*
 * @mapcount: how many entries map it, or VMLAB_MAPCOUNT_UNKNOWN
 * @refcount: references to the folio
 * @node: NUMA node
 * @order: log2 of the folio's or free block's frames
 * @__reserved: zero
 */
struct vmlab_frame {
	__aligned_u64 pfn;
	__aligned_u64 head;
	__aligned_u64 facts;
	__aligned_u64 flags;
	__u32 mapcount;
	__u32 refcount;
	__u32 node;
	__u8 order;
	__u8 __reserved[3];
};

/**
 * struct vmlab_frames - frames by number
 * @size: of this struct
 * @flags: none yet, zero
 * @start: first frame
 * @end: the first one after them, at most 2^52
 * @buf: where the records go
 * @nr_recs: how many records fit there, at least 1
 * @rec_size: bytes from one record to the next, at least sizeof(struct vmlab_frame)
 * @out_next: where to go on; @end when done
 * @out_nr: records written: one a frame, without gaps
 * @out_flags: none yet
 *
 * On /dev/vmlab; EPERM without CAP_SYS_ADMIN in the initial user namespace of the one
 * who opened it, and where the kernel is locked down. Nothing is locked or held: each
 * record is what was true at some moment, and two parts of it need not be of the same
 * one, as in /proc/kpageflags and /proc/kpagecount. A signal ends the call early,
 * successfully and with what there is; a fatal one: EINTR.
 */
struct vmlab_frames {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 rec_size;
	__aligned_u64 out_next;
	__u32 out_nr;
	__u32 out_flags;
};

/* vmlab_vma.flags: the part of vm_flags that is the same on every kernel. */
#define VMLAB_VMA_READ		(1ULL << 0)
#define VMLAB_VMA_WRITE		(1ULL << 1)
#define VMLAB_VMA_EXEC		(1ULL << 2)
#define VMLAB_VMA_SHARED	(1ULL << 3)
#define VMLAB_VMA_MAYREAD	(1ULL << 4)
#define VMLAB_VMA_MAYWRITE	(1ULL << 5)
#define VMLAB_VMA_MAYEXEC	(1ULL << 6)
#define VMLAB_VMA_MAYSHARE	(1ULL << 7)
#define VMLAB_VMA_GROWSDOWN	(1ULL << 8)
#define VMLAB_VMA_PFNMAP	(1ULL << 9)
#define VMLAB_VMA_MIXEDMAP	(1ULL << 10)
#define VMLAB_VMA_IO		(1ULL << 11)
#define VMLAB_VMA_LOCKED	(1ULL << 12)
#define VMLAB_VMA_HUGETLB	(1ULL << 13)
#define VMLAB_VMA_HUGEPAGE	(1ULL << 14)
#define VMLAB_VMA_NOHUGEPAGE	(1ULL << 15)
#define VMLAB_VMA_MERGEABLE	(1ULL << 16)
#define VMLAB_VMA_DONTCOPY	(1ULL << 17)
#define VMLAB_VMA_WIPEONFORK	(1ULL << 18)
#define VMLAB_VMA_SOFTDIRTY	(1ULL << 19)
#define VMLAB_VMA_UFFD_MISSING	(1ULL << 20)
#define VMLAB_VMA_UFFD_WP	(1ULL << 21)
#define VMLAB_VMA_UFFD_MINOR	(1ULL << 22)
#define VMLAB_VMA_FILE		(1ULL << 23)	/* dev, ino and pgoff are set */
#define VMLAB_VMA_ANON		(1ULL << 24)	/* has had an anonymous page */
#define VMLAB_VMA_DONTEXPAND	(1ULL << 25)
#define VMLAB_VMA_DONTDUMP	(1ULL << 26)
#define VMLAB_VMA_ACCOUNT	(1ULL << 27)
#define VMLAB_VMA_NORESERVE	(1ULL << 28)

/**
 * struct vmlab_vma - one VMA
 * @start: first address
 * @end: first address after it
 * @flags: VMLAB_VMA_*
 * @pgoff: offset of @start in the file, in base pages
 * @ino: inode number of the file
 * @dev_major: of the file's device
 * @dev_minor: of the file's device
 * @pkey: protection key, 0 where there are none
 * @page_shift: log2 of the page size the VMA is served in
 * @__reserved: zero
 */
struct vmlab_vma {
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 flags;
	__aligned_u64 pgoff;
	__aligned_u64 ino;
	__u32 dev_major;
	__u32 dev_minor;
	__u16 pkey;
	__u8 page_shift;
	__u8 __reserved[5];
};

/**
 * struct vmlab_vmas - the VMAs that overlap a range
 * @size: of this struct
 * @flags: none yet, zero
 * @start: first address, page aligned
 * @end: page aligned, at most vmlab_info.out_user_end
 * @buf: where the records go
 * @nr_recs: how many records fit there, at least 1
 * @rec_size: bytes from one record to the next, at least sizeof(struct vmlab_vma)
 * @out_next: where to go on; @end when done
 * @out_nr: records written
 * @out_flags: VMLAB_OUT_HIDDEN
 *
 * On a target; EPERM when it says NO_VMAS. Shows what /proc/PID/maps and the flags
 * of smaps show, and as little: VMLAB_VMA_ANON only to those who may see frames.
 */
struct vmlab_vmas {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 rec_size;
	__aligned_u64 out_next;
	__u32 out_nr;
	__u32 out_flags;
};

/**
 * struct vmlab_table - one page table
 * @va: first address that it covers
 * @table_pa: where it lies
 * @nr_used: entries that hold anything
 * @nr_leaves: of these, leaves above the last level
 * @level: VMLAB_LEVEL_* of its entries
 * @__reserved: zero
 */
struct vmlab_table {
	__aligned_u64 va;
	__aligned_u64 table_pa;
	__u32 nr_used;
	__u32 nr_leaves;
	__u32 level;
	__u32 __reserved;
};

/**
 * struct vmlab_tables - the page tables that serve a range
 * @size: of this struct
 * @flags: none yet, zero
 * @start: first address, page aligned
 * @end: page aligned, at most vmlab_info.out_user_end
 * @buf: where the records go
 * @nr_recs: how many records fit there, at least VMLAB_MAX_LEVELS
 * @rec_size: bytes from one record to the next, at least sizeof(struct vmlab_table)
 * @out_next: where to go on; @end when done
 * @out_nr: records written
 * @out_flags: none yet
 *
 * On a target that says neither HIDDEN nor NO_VMAS; EPERM otherwise. A table is reported
 * at the first address in it that lies in a VMA: once, upper levels first, whatever
 * the size of the buffer; a range that starts behind that address does not see it.
 * Tables that the kernel keeps in reserve for splitting huge pages are in no tree.
 */
struct vmlab_tables {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 rec_size;
	__aligned_u64 out_next;
	__u32 out_nr;
	__u32 out_flags;
};

/* vmlab_thread.out_known: which of its values are known. */
#define VMLAB_THREAD_TP		(1U << 0)
#define VMLAB_THREAD_GS		(1U << 1)
#define VMLAB_THREAD_KEYS	(1U << 2)
#define VMLAB_THREAD_ROOT	(1U << 3)

/**
 * struct vmlab_thread - what the kernel has saved of one thread
 * @size: of this struct
 * @flags: none yet, zero
 * @fd: an open /proc/PID/mem of the same address space, opened by the caller with the
 *	credentials that it has
 * @tid: a thread that runs in this address space, as the caller's pid namespace numbers it
 * @out_flags: VMLAB_OUT_HIDDEN
 * @out_known: VMLAB_THREAD_*: what is known of the following; the rest is zero
 * @out_tp: base of user mode's FS (x86-64), TPIDR_EL0 (arm64)
 * @out_gs: base of user mode's GS (x86-64)
 * @out_keys: what protection keys permit: PKRU (x86-64), POR_EL0 (arm64)
 * @out_root_pa: where the root of the tables lies that it runs on; not when HIDDEN
 *
 * On a target. The kernel lets those open /proc/PID/mem who may attach to the process by
 * ptrace(2): they may know its registers. EINVAL for any other descriptor; EPERM for one
 * that was opened with other credentials, and where the module does not know the kernel's
 * mem. ESRCH: no such thread here. A thread that runs just then has its registers in a
 * CPU and is not stopped: TP, GS and KEYS are not known then; nor those of the caller.
 */
struct vmlab_thread {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__s32 tid;
	__u32 out_flags;
	__u32 out_known;
	__aligned_u64 out_tp;
	__aligned_u64 out_gs;
	__aligned_u64 out_keys;
	__aligned_u64 out_root_pa;
};

/*
 * The kernel half, on /dev/vmlab itself, since it belongs to no process. EPERM unless
 * the one who opened the node had CAP_SYS_ADMIN in the initial user namespace, and
 * under lockdown that forbids /proc/kcore.
 *
 * VMLAB_KWALK takes a struct vmlab_walk: @va is any address of the kernel half,
 * out_flags is VMLAB_OUT_MAPPED or zero, out_user_root stays zero.
 *
 * VMLAB_KSCAN takes a struct vmlab_scan: @start at least vmlab_info.out_kernel_start,
 * @end at most VMLAB_KERNEL_END(). out_flags is zero.
 *
 * Nothing holds the kernel's tables still. Each entry is read once, so that a single
 * answer is true of its moment; between two entries tables may come, go and be put
 * together again. What is read from a table that was freed meanwhile is not told from
 * the rest. On x86-64 the tables are those of the caller: the same as everybody's but
 * for the LDT.
 *
 * Facts are from the kernel's side: READ, WRITE and EXEC as the kernel itself may,
 * every level folded, and USER, when no level keeps user mode out. No frame is looked
 * up: mapcount is unknown and no fact of frames is set. PROTNONE: a page the kernel has
 * taken out of its own reach, the frame kept in the entry. REPEATED: KASAN maps
 * terabytes with one frame by using one table for all; where all entries of a last
 * level table are the same, its leaves are reported so, in runs in which pfn stays.
 */

/*
 * The end of the kernel half that has a number: nobody maps the last page, which error
 * pointers point into. @page_shift as in vmlab_info.
 */
#define VMLAB_KERNEL_END(page_shift)	(~(__u64)0 << (page_shift))

/* The physical address of something that does not have one. */
#define VMLAB_PA_NONE		(~(__u64)0)

/* What the kernel uses a part of its half for, in vmlab_kregion.kind. */
#define VMLAB_KREGION_DIRECT	1	/* all memory, at a fixed distance */
#define VMLAB_KREGION_VMALLOC	2
#define VMLAB_KREGION_VMEMMAP	3	/* struct page of every frame */
#define VMLAB_KREGION_IMAGE	4	/* the kernel itself */
#define VMLAB_KREGION_MODULES	5
#define VMLAB_KREGION_FIXMAP	6
#define VMLAB_KREGION_KASAN	7	/* shadow of everything else */
#define VMLAB_KREGION_ENTRY	8	/* x86: cpu_entry_area */
#define VMLAB_KREGION_ESPFIX	9	/* x86 */
#define VMLAB_KREGION_LDT	10	/* x86: of the caller, under KPTI */
#define VMLAB_KREGION_EFI	11	/* x86: runtime services */
#define VMLAB_KREGION_PCI_IO	12	/* arm64 */

/**
 * struct vmlab_kregion - a part of the kernel half
 * @start: first address
 * @end: first address after it
 * @pa: physical address of @start where all of it lies at a fixed distance from
 *	physical memory (DIRECT, IMAGE), else VMLAB_PA_NONE
 * @kind: VMLAB_KREGION_*
 * @__reserved: zero
 */
struct vmlab_kregion {
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 pa;
	__u32 kind;
	__u32 __reserved;
};

#define VMLAB_MAX_KREGIONS	16

/**
 * struct vmlab_kregions - how the kernel divides its half
 * @size: of this struct
 * @flags: none yet, zero
 * @__reserved: zero
 * @out_nr: regions in @out_regions
 * @out_regions: from low to high, without overlaps; what is between them is not used.
 *	They are what the kernel has set aside; what is mapped of them KSCAN tells
 *
 * On /dev/vmlab, for those who may ask KWALK.
 */
struct vmlab_kregions {
	__u32 size;
	__u32 flags;
	__u32 __reserved;
	__u32 out_nr;
	struct vmlab_kregion out_regions[VMLAB_MAX_KREGIONS];
};

/*
 * vmlab_cpu.regs: what says which address space a CPU runs on, and how it is tagged in
 * the TLB. Values are as the CPU gave them in an interrupt, hence of the kernel's side.
 * USER_*: what the kernel loads before it goes back to user mode, where that is
 * something else (KPTI), else 0; worked out as the kernel does.
 */
#define VMLAB_X86_REG_CR3		0
#define VMLAB_X86_REG_CR4		1
#define VMLAB_X86_REG_USER_CR3		2
#define VMLAB_ARM64_REG_TTBR0		0
#define VMLAB_ARM64_REG_TTBR1		1
#define VMLAB_ARM64_REG_TCR		2
#define VMLAB_ARM64_REG_USER_TTBR1	3
/*
 * Where the kernel takes user memory away from itself by taking TTBR0 away
 * (CONFIG_ARM64_SW_TTBR0_PAN): what TTBR0 will be in user mode, ASID included. Else 0.
 */
#define VMLAB_ARM64_REG_SAVED_TTBR0	4
#define VMLAB_CPU_REGS			6

/* vmlab_cpu.flags */
#define VMLAB_CPU_LAZY	(1U << 0)	/* a kernel thread, or nothing, runs there */
#define VMLAB_CPU_OWNED	(1U << 1)	/* context and pid are those of the roots in regs */

/**
 * struct vmlab_cpu - one CPU at one moment
 * @cpu: its number
 * @flags: VMLAB_CPU_*
 * @pid: of the process whose address space it has loaded, as the caller's pid namespace
 *	numbers it; 0 where there is none, or none that the caller can see
 * @tid: of the thread that ran there, 0 for the idle one
 * @context: vmlab_mm.out_context of that address space
 * @regs: by VMLAB_<ARCH>_REG_*, the rest is zero
 *
 * A kernel thread borrows the address space of whoever ran before (LAZY): nobody's
 * instructions are executed in it then. A CPU may also have left it; then it runs on
 * the kernel's own root, and OWNED is not set.
 */
struct vmlab_cpu {
	__u32 cpu;
	__u32 flags;
	__s32 pid;
	__s32 tid;
	__aligned_u64 context;
	__aligned_u64 regs[VMLAB_CPU_REGS];
};

/**
 * struct vmlab_cpus - the root registers of CPUs
 * @size: of this struct
 * @flags: none yet, zero
 * @start: number of the first CPU
 * @end: the first one after them, at most 65536
 * @buf: where the records go
 * @nr_recs: how many records fit there, at least 1
 * @rec_size: bytes from one record to the next, at least sizeof(struct vmlab_cpu)
 * @out_next: where to go on; @end when done
 * @out_nr: records written: one for each CPU that is online
 * @out_flags: none yet
 *
 * On /dev/vmlab, for those who may ask KWALK: roots are where the kernel half begins.
 * Every CPU is asked on itself, by an interrupt: a record is true of one moment, two
 * records of two.
 */
struct vmlab_cpus {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 rec_size;
	__aligned_u64 out_next;
	__u32 out_nr;
	__u32 out_flags;
};

/* Entries of a root, and so records of MM, at most. */
#define VMLAB_ROOT_ENTRIES	512

/**
 * struct vmlab_root_entry - the same slot of both roots
 * @va: first address that it covers
 * @entry: in the root that the kernel runs on
 * @user_entry: in the root that user mode runs on
 */
struct vmlab_root_entry {
	__aligned_u64 va;
	__aligned_u64 entry;
	__aligned_u64 user_entry;
};

/**
 * struct vmlab_mm - what the kernel tags an address space with
 * @size: of this struct
 * @flags: none yet, zero
 * @buf: where records of the roots go: struct vmlab_root_entry
 * @nr_recs: how many fit there: 0, and none are written, or at least VMLAB_ROOT_ENTRIES
 * @rec_size: bytes from one record to the next, at least that struct's
 * @__reserved: zero
 * @out_nr: records written: slots that hold something in either root, by address. None
 *	where there is no second root; none of the kernel half for who may not ask KWALK
 * @out_context: what the kernel knows it by among all address spaces: context.ctx_id on
 *	x86, never used again; context.id on arm64: generation above the ASID's bits
 *	(vmlab_info.out_asid_bits), and 0 until it first runs
 * @out_tlb_gen: how often a change of its tables asked for a flush (x86), else 0
 * @out_root: physical address of its root
 * @out_user_root: of the root that user mode runs on where there are two of its own
 *	(x86 under KPTI), else VMLAB_PA_NONE
 * @out_root_bits: what else goes into the root register with it (x86: LAM)
 * @out_global_asid: the one tag that it has on all CPUs (x86 with broadcast flushes,
 *	since Linux 6.15), 0 for none
 * @out_flags: none yet
 *
 * On a target; EPERM when it says HIDDEN. On x86, tags are of a CPU and not of an
 * address space: which CPU gave it which one is in no place that a module may read.
 */
struct vmlab_mm {
	__u32 size;
	__u32 flags;
	__aligned_u64 buf;
	__u32 nr_recs;
	__u32 rec_size;
	__u32 __reserved;
	__u32 out_nr;
	__aligned_u64 out_context;
	__aligned_u64 out_tlb_gen;
	__aligned_u64 out_root;
	__aligned_u64 out_user_root;
	__aligned_u64 out_root_bits;
	__u32 out_global_asid;
	__u32 out_flags;
};

#endif /* _UAPI_VMLAB_H */
