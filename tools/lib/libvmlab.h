/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvmlab.h - asking about virtual memory, from C.
 *
 * A session is the module's node; a target is one address space, opened once
 * and meant even when its pid is recycled. Functions return 0 or a count, or
 * -errno as include/uapi/vmlab.h gives them their meaning; nothing here prints.
 * A session may be used by several threads, a target by one at a time.
 *
 * The kernel reports raw entries and facts. What they are called is decided
 * here, by tables chosen at run time from vmlab_info.out_arch, so that what was
 * collected on one architecture can be read on any other.
 */
#ifndef LIBVMLAB_H
#define LIBVMLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vmlab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- session.c: the module ---------------------------------------------- */

struct vmlab_session;
struct vmlab_target;

/*
 * Opens /dev/vmlab and asks INFO. -ENOENT: the module is not loaded; -EACCES:
 * the node is not for the caller; -EPROTO: the module speaks another contract.
 * *out is the caller's, to be closed.
 */
int vmlab_session_open(struct vmlab_session **out);
/* The same, and everything that is taken in is also kept in the file @path. */
int vmlab_session_record(const char *path, struct vmlab_session **out);
/*
 * A session that answers from a recording: no module, no process, no privilege.
 * -EBADMSG: @path is no recording, or damaged; -EPROTO: of another version.
 * Queries that were not recorded answer -ENODATA.
 */
int vmlab_session_replay(const char *path, struct vmlab_session **out);
/*
 * A session that does without the module, for what the kernel answers by other means
 * (trace.c); of its INFO only the architecture and the page size are filled. @record:
 * as in vmlab_session_record(), or NULL.
 */
int vmlab_session_bare(const char *record, struct vmlab_session **out);
int vmlab_session_bare_replay(const char *path, struct vmlab_session **out);
/* -errno when a recording could not be written completely. */
int vmlab_session_close(struct vmlab_session *session);

/*
 * For who asks the same again and again: is there a round @round (from 0 up)? Live,
 * *more is kept; a recording says what was kept, so that a replay has as many rounds.
 */
int vmlab_session_round(struct vmlab_session *session, int64_t round, bool *more);

/* The kernel's release, "6.1.0-56-amd64", or NULL; good as long as the session. */
const char *vmlab_session_release(const struct vmlab_session *session);
/* What INFO said, good as long as the session. */
const struct vmlab_info *vmlab_session_info(const struct vmlab_session *session);

/*
 * Opens the address space of process @pid, or of the caller for 0. The kernel
 * decides, at the open of /proc/PID/pagemap: -ESRCH no such process, or none
 * with an address space; -EACCES or -EPERM not for the caller.
 */
int vmlab_target_open(struct vmlab_session *session, pid_t pid,
		      struct vmlab_target **out);
void vmlab_target_close(struct vmlab_target *target);

pid_t vmlab_target_pid(const struct vmlab_target *target);
/* What INFO said in its session. */
const struct vmlab_info *vmlab_target_info(const struct vmlab_target *target);
/* Frames, entries and what comes from them are withheld from this caller. */
bool vmlab_target_hidden(const struct vmlab_target *target);
/* The facts that can be told to this caller: of the others, a zero says nothing. */
uint64_t vmlab_target_facts(const struct vmlab_target *target);
/* The module's descriptor, for those who call ioctl(2) themselves; -1 from a recording. */
int vmlab_target_fd(const struct vmlab_target *target);

/* One translation. @out is filled as struct vmlab_walk says. */
int vmlab_target_walk(struct vmlab_target *target, uint64_t va,
		      struct vmlab_walk *out);

/*
 * What the kernel has saved of a thread of it, as struct vmlab_thread says. -EACCES or
 * -EPERM: not for the caller, who may not attach to it by ptrace(2); -ESRCH: no such
 * thread; -ENOTTY: the module is older.
 */
int vmlab_target_thread(struct vmlab_target *target, pid_t tid, struct vmlab_thread *out);

/* Which leaves a scan reports; all zero for all. */
struct vmlab_filter {
	uint64_t all_of;
	uint64_t any_of;
	uint64_t none_of;
	uint32_t min_mapcount;	/* what is known to be mapped less often is left out */
};

/* A scan under way: fill with vmlab_scan_start(), read with vmlab_scan_next(). */
struct vmlab_scanner {
	struct vmlab_session *session;
	struct vmlab_target *target;	/* NULL: the kernel half */
	struct vmlab_filter filter;
	uint64_t next;		/* where the next SCAN starts */
	uint64_t end;
	uint32_t format;	/* VMLAB_FORMAT_* */
	uint32_t rec_size;
	void *buf;		/* struct vmlab_run or vmlab_raw */
	uint32_t nr_recs;
	uint32_t have;
	uint32_t at;
	bool asked;		/* at least once, so that a bad range is refused even if empty */
};

/*
 * [start, end) page aligned; end 0 stands for the end of the user half. @nr_recs
 * records are fetched at a time, 0 for a good number. -ENOMEM.
 */
int vmlab_scan_start(struct vmlab_scanner *scan, struct vmlab_target *target,
		     uint64_t start, uint64_t end,
		     const struct vmlab_filter *filter, uint32_t nr_recs);
/* The same for entries alone, which costs less and has no filter. -EPERM where hidden. */
int vmlab_scan_start_raw(struct vmlab_scanner *scan, struct vmlab_target *target,
			 uint64_t start, uint64_t end, uint32_t nr_recs);
/* 1 and a run, 0 at the end, or -errno; each for its own kind of start. */
int vmlab_scan_next(struct vmlab_scanner *scan, struct vmlab_run *run);
int vmlab_scan_next_raw(struct vmlab_scanner *scan, struct vmlab_raw *raw);
void vmlab_scan_end(struct vmlab_scanner *scan);

/*
 * The kernel's own half, as struct vmlab_walk and struct vmlab_scan with VMLAB_KWALK
 * and VMLAB_KSCAN say. -EPERM: not for the caller, or the kernel is locked down; -ENOTTY:
 * the module is older.
 */
int vmlab_kernel_walk(struct vmlab_session *session, uint64_t va, struct vmlab_walk *out);
/* As vmlab_scan_start(); read on with vmlab_scan_next(). End 0: of the kernel half. */
int vmlab_kernel_scan_start(struct vmlab_scanner *scan, struct vmlab_session *session,
			    uint64_t start, uint64_t end,
			    const struct vmlab_filter *filter, uint32_t nr_recs);
/* How the kernel divides its half. */
int vmlab_kernel_regions(struct vmlab_session *session, struct vmlab_kregions *out);

/* All VMAs that overlap [start, end), end 0 as above; free(*out). Their number. */
ssize_t vmlab_target_vmas(struct vmlab_target *target, uint64_t start,
			  uint64_t end, struct vmlab_vma **out);

/* All page tables that serve [start, end); as vmlab_target_vmas(). */
ssize_t vmlab_target_tables(struct vmlab_target *target, uint64_t start,
			    uint64_t end, struct vmlab_table **out);

/* The same one by one, in bounded memory: upper levels first, then what is below. */
struct vmlab_table_scanner {
	struct vmlab_target *target;
	uint64_t next;		/* where the next TABLES starts */
	uint64_t end;
	struct vmlab_table *buf;
	uint32_t have;
	uint32_t at;
	bool asked;
};

/* As vmlab_scan_start(), vmlab_scan_next(), vmlab_scan_end(). */
int vmlab_tables_start(struct vmlab_table_scanner *scan, struct vmlab_target *target,
		       uint64_t start, uint64_t end);
int vmlab_tables_next(struct vmlab_table_scanner *scan, struct vmlab_table *table);
void vmlab_tables_end(struct vmlab_table_scanner *scan);

/*
 * Frames [start, end) by number, whoever has them; free(*out). As many, one for each.
 * -EPERM: not for the caller; -ENOTTY: the module is older than the question.
 */
ssize_t vmlab_session_frames(struct vmlab_session *session, uint64_t start, uint64_t end,
			     struct vmlab_frame **out);

/* ---- proc.c: what /proc tells ------------------------------------------- */

/* One line of /proc/PID/maps. */
struct vmlab_region {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	char perms[5];		/* "rw-p" */
	char *name;		/* never NULL; "" where there is none */
};

struct vmlab_regions {
	struct vmlab_region *v;
	size_t nr;
};

/* Reads all of /proc/PID/maps (pid 0: the caller's). */
int vmlab_regions_read(struct vmlab_session *session, pid_t pid,
		       struct vmlab_regions *out);
void vmlab_regions_free(struct vmlab_regions *regions);
/* The region that holds @va, or NULL. */
const struct vmlab_region *vmlab_regions_find(const struct vmlab_regions *regions,
					      uint64_t va);
/* Compares addresses, permissions and names: did the address space change? */
bool vmlab_regions_equal(const struct vmlab_regions *a, const struct vmlab_regions *b);

/* The process's name into @buf, cut to fit; "?" with -errno where it is gone. */
int vmlab_proc_comm(struct vmlab_session *session, pid_t pid, char *buf, size_t size);

/* When it started, CLOCK_BOOTTIME: not before, and less than 10 ms later. */
int vmlab_proc_start(struct vmlab_session *session, pid_t pid, int64_t *boot_ns);

/* What a pid stands for, to explain why it has no address space. */
enum vmlab_proc_kind {
	VMLAB_PROC_NONE,	/* no such process */
	VMLAB_PROC_ENDED,	/* a zombie, or on its way out */
	VMLAB_PROC_KTHREAD,	/* a kernel thread */
	VMLAB_PROC_USER,	/* an ordinary process */
};
enum vmlab_proc_kind vmlab_proc_kind(struct vmlab_session *session, pid_t pid);

/*
 * The pids of all processes, kernel threads among them, in ascending order; free(*out).
 * The caller's own is not: that one changes while it is looked at. Their number.
 */
ssize_t vmlab_proc_list(struct vmlab_session *session, pid_t **out);

/* ---- decode.c: what entries and facts mean ------------------------------- */

/* One named bit, or field value, of an entry. */
struct vmlab_bit {
	uint64_t mask;
	uint64_t value;		/* of the masked bits when the name applies */
	uint32_t levels;	/* levels it applies to, 1 << VMLAB_LEVEL_* */
	uint32_t kind;		/* VMLAB_BIT_*, one or several */
	uint64_t feature;	/* only where INFO's out_features has one of these; 0: always */
	const char *name;
	const char *what;	/* one line, for people */
};

/* vmlab_bit.kind: entries the name applies to. */
#define VMLAB_BIT_TABLE		1	/* points to the next table */
#define VMLAB_BIT_LEAF		2	/* has a frame, PROT_NONE's included */
#define VMLAB_BIT_ABSENT	4	/* holds no translation and no frame */

#define VMLAB_BITS_MAX		32

/* "x86_64", "arm64"; NULL for one this library does not know. */
const char *vmlab_arch_name(uint32_t arch);
/* "pgd", "p4d", "pud", "pmd", "pte": the root is "pgd" whatever its depth. */
const char *vmlab_level_name(const struct vmlab_info *info, unsigned int level);
/* log2 of what one entry of @level covers. */
unsigned int vmlab_level_shift(const struct vmlab_info *info, unsigned int level);
/*
 * Names the bits of an entry of @level, in the order of the table, into @out,
 * which holds VMLAB_BITS_MAX. @kind: one of VMLAB_BIT_*. Returns how many.
 */
size_t vmlab_entry_bits(const struct vmlab_info *info, unsigned int level,
			uint64_t entry, unsigned int kind, const struct vmlab_bit **out);
/* All that vmlab_entry_bits() looks at: entries that are equal in these have equal names. */
uint64_t vmlab_entry_bits_mask(const struct vmlab_info *info, unsigned int level,
			       unsigned int kind);
/* What kind of entry the leaf of a run or a walk is. */
unsigned int vmlab_run_kind(const struct vmlab_run *run);
/* What one entry of @level permits to user mode, VMLAB_FACT_READ, _WRITE, _EXEC. */
uint64_t vmlab_entry_permits(const struct vmlab_info *info, unsigned int level,
			     uint64_t entry);
/*
 * The memory type that a leaf asks for ("WB", "UC-", "normal-nc" ...), NULL where it is
 * not known; of an entry that has a frame only.
 */
const char *vmlab_entry_memory_type(const struct vmlab_info *info, unsigned int level,
				    uint64_t entry);
/*
 * Of VMLAB_FACT_READ, _WRITE and _EXEC, what a thread with this value in the register of
 * its keys (vmlab_thread.out_keys) may not do to pages with @key, whatever the entry says.
 */
uint64_t vmlab_key_denies(const struct vmlab_info *info, uint64_t keys, int key);
/* The protection key in a leaf, or -1 where this machine has none in its entries. */
int vmlab_entry_pkey(const struct vmlab_info *info, uint64_t entry);
/* The same for the kernel. */
uint64_t vmlab_entry_kernel_permits(const struct vmlab_info *info, unsigned int level,
				    uint64_t entry);
/* Does the MMU translate through it? */
bool vmlab_entry_valid(const struct vmlab_info *info, unsigned int level, uint64_t entry);
/* The name and mask of the @i-th feature of @arch, or NULL past the last. */
const char *vmlab_feature_name(uint32_t arch, unsigned int i, uint64_t *mask);

/* Permissions as three letters, "r-x", from facts; asked and enforced. */
struct vmlab_perms {
	char s[4];
};
struct vmlab_perms vmlab_facts_enforced(uint64_t facts);
struct vmlab_perms vmlab_facts_asked(uint64_t facts);

/*
 * The state of a leaf in one word (Documentation/states.rst), or NULL where it is
 * not known or withheld. @region: where it lies, or NULL.
 */
const char *vmlab_run_state(const struct vmlab_run *run, bool hidden,
			    const struct vmlab_region *region);
/*
 * Adds @word to the *nr of @words, unless it is one of them, or they are @max already.
 * It is not copied.
 */
void vmlab_words_add(const char **words, size_t *nr, size_t max, const char *word);
/* Why enforced differs from asked, into @out; how many, 0 where it does not. */
#define VMLAB_WHY_MAX	6
size_t vmlab_run_why(const struct vmlab_info *info, const struct vmlab_run *run,
		     const char **out);
/*
 * Why a permission cannot be asked for in the first place, whatever the entry says:
 * at most one more, behind those of vmlab_run_why().
 */
size_t vmlab_vma_why(const struct vmlab_vma *vma, const char **out);
/* The one of @vmas, in the order of addresses, that holds @va, or NULL. */
const struct vmlab_vma *vmlab_vmas_find(const struct vmlab_vma *vmas, size_t nr, uint64_t va);
/*
 * The address lies in one half or the other, not in the hole between. A tag in the
 * top byte, where the MMU ignores one, is not part of an address.
 */
bool vmlab_va_canonical(const struct vmlab_info *info, uint64_t va);

/* The name of the @i-th flag of a frame, "locked", and its VMLAB_PAGE_*; NULL past the last. */
const char *vmlab_page_flag_name(unsigned int i, uint64_t *mask);
/* What a frame is used for, in one word (Documentation/states.rst). */
const char *vmlab_frame_kind(const struct vmlab_frame *frame);

/* ---- elf.c: what the mapped files say ------------------------------------ */

/* A program header that takes part in the memory image, PT_LOAD and the like. */
struct vmlab_segment {
	uint32_t type;		/* PT_* of <elf.h> */
	uint32_t flags;		/* PF_R, PF_W, PF_X */
	uint64_t offset;
	uint64_t vaddr;
	uint64_t sz_file;
	uint64_t sz_mem;
};

struct vmlab_elf {
	uint16_t type;		/* ET_EXEC, ET_DYN ... */
	uint16_t machine;	/* EM_* */
	uint8_t class;		/* ELFCLASS32, ELFCLASS64 */
	size_t nr_segments;
	struct vmlab_segment *segments;
};

/* A section that takes part in the memory image. */
struct vmlab_section {
	uint64_t vaddr;
	uint64_t size;
	uint64_t flags;		/* SHF_* of <elf.h> */
	uint32_t type;		/* SHT_* */
	char name[28];		/* cut to fit */
};

/* What the loader binds in a file: the slots through which it calls into others. */
struct vmlab_binding {
	bool bind_now;		/* it asks for all of them to be bound at start */
	uint64_t slots;		/* of functions, DT_JMPREL */
	uint64_t lazy;		/* still as they were in the file: bound at the first call */
	uint64_t unread;	/* that could not be read: swapped, or not for the caller */
	uint64_t first;		/* unrelocated addresses of the first and the last one */
	uint64_t last;
};

/* Reads the program headers of @path. -ENOEXEC: not an ELF file. */
int vmlab_elf_read(struct vmlab_session *session, const char *path, struct vmlab_elf *out);
void vmlab_elf_free(struct vmlab_elf *elf);
/* The sections of @path that are in memory, in ascending order; free(*out). Their number. */
ssize_t vmlab_elf_sections(struct vmlab_session *session, const char *path,
			   struct vmlab_section **out);
/*
 * The slots of @path where process @pid has it, its addresses less those of the file being
 * @bias. Reads them through /proc/PID/mem, as ptrace would be allowed to, and only pages
 * that are there: nothing is brought in. -ENOENT: it is not dynamic.
 */
int vmlab_elf_binding(struct vmlab_session *session, const char *path, pid_t pid,
		      uint64_t bias, struct vmlab_binding *out);
/* The value of a defined symbol of @path, unrelocated. -ENOENT: it has none. */
int vmlab_elf_symbol(struct vmlab_session *session, const char *path, const char *name,
		     uint64_t *value);

/*
 * An address in words: hexadecimal with or without 0x, or a symbol of process @pid,
 * NAME (looked for in the program, then in its libraries) or FILE:NAME (FILE as the
 * end of a mapped file's name). -ENOENT: no such symbol; -EINVAL: neither.
 */
int vmlab_resolve(struct vmlab_session *session, pid_t pid, const char *text, uint64_t *va);

/* ---- anatomy.c: what lies where ------------------------------------------ */

/* Pages of a part, in base pages. */
struct vmlab_pages {
	uint64_t resident;	/* as Rss counts */
	uint64_t anon;
	uint64_t file;
	uint64_t shmem;
	uint64_t zero;		/* entries that map the zero page: not resident */
	uint64_t cow;		/* asked writable, wait for a copy */
	uint64_t cow_anon;	/* of cow, those that are anonymous */
	uint64_t shared;	/* resident, and mapped more than once */
	uint64_t swap;
	uint64_t huge;		/* in leaves above the last level, hugetlb included */
	uint64_t hugetlb;	/* no part of resident, as in Rss */
};

/* One part of the address space, from low to high: a region, or what lies between. */
struct vmlab_part {
	uint64_t start;
	uint64_t end;		/* 0 for the very end of the address space */
	const char *kind;	/* "code", "heap", "hole" ... contract of `vmlab map` */
	const char *name;
	const struct vmlab_region *region;	/* NULL for what is no mapping */
	struct vmlab_pages pages;
	uint64_t sz_tables;	/* of the page tables that begin to serve here */
	const char *findings[4];
	size_t nr_findings;
	pid_t *threads;		/* whose stack pointer lies here */
	uint64_t *sps;		/* these, in the same order */
	size_t nr_threads;
};

struct vmlab_anatomy {
	struct vmlab_regions regions;
	struct vmlab_part *parts;
	size_t nr;
	struct vmlab_pages total;
	uint64_t sz_tables;	/* as VmPTE counts */
	bool tables_known;	/* false where they are withheld */
	bool changed;		/* the regions changed while they were looked at */
	char abi[16];		/* "x86_64", "i386", "" unknown */
};

/* Collects everything `vmlab map` shows of an open target. */
int vmlab_anatomy_read(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_anatomy *out);
void vmlab_anatomy_free(struct vmlab_anatomy *anatomy);

/* ---- perms.c: asked, at most, enforced ------------------------------------ */

/* Combinations of READ, WRITE and EXEC, by their bits in this order. */
#define VMLAB_COMBINATIONS	8

/* Which one: of VMLAB_FACT_READ, _WRITE and _EXEC. */
unsigned int vmlab_combination(uint64_t facts);
/* "r-x" of the @i-th. */
struct vmlab_perms vmlab_combination_name(unsigned int i);

/*
 * What user mode gets of a mapping that asks for @asked (VMLAB_FACT_READ ...) once its
 * page is there and waits for nothing: what the entries of this machine can say, and with
 * protection keys what the kernel makes of them. *why: the reason for a difference, or
 * for what takes a key; else NULL.
 */
uint64_t vmlab_asked_grants(const struct vmlab_info *info, uint64_t asked, const char **why);

/* Pages of a region that get the same for the same reasons. */
struct vmlab_perms_pages {
	uint64_t nr;		/* base pages */
	unsigned int enforced;	/* a combination */
	const char *why[VMLAB_WHY_MAX];
	size_t nr_why;
};

/* A file in memory: all mappings of one ELF file at one distance from its addresses. */
struct vmlab_image {
	const char *name;
	uint64_t bias;		/* addresses in memory less those in the file */
	uint64_t start;
	uint64_t end;
	struct vmlab_elf elf;
	struct vmlab_section *sections;
	size_t nr_sections;
	const char *relro;	/* "none", "partial", "full"; NULL not known */
	uint64_t relro_start;	/* what the loader should have made read-only */
	uint64_t relro_end;
	bool binding_known;
	struct vmlab_binding binding;
	uint64_t dev;		/* of the file: major and minor, then the inode */
	uint64_t inode;
};

/* Pages of a region that have the same protection key in their entries. */
struct vmlab_perms_keyed {
	unsigned int key;
	uint64_t permitted[VMLAB_COMBINATIONS];	/* base pages, by the page tables alone */
};

/* One region of an anatomy. */
struct vmlab_perms_region {
	const struct vmlab_part *part;
	const struct vmlab_vma *vma;	/* NULL where the module tells of none */
	unsigned int asked;		/* combinations */
	unsigned int max;
	uint64_t absent;		/* base pages that are not there */
	/* Pages have a key, and what the first thread's keys permit is not known. */
	bool keys_missing;
	uint64_t enforced[VMLAB_COMBINATIONS];	/* base pages that are; not with keys_missing */
	struct vmlab_perms_keyed *keyed;	/* where there are keys */
	size_t nr_keyed;
	struct vmlab_perms_pages *pages;	/* the same by reasons */
	size_t nr_pages;
	const char *why[2 * VMLAB_WHY_MAX];	/* all reasons of all pages */
	size_t nr_why;
	int pkey;			/* -1: no keys here */
	const struct vmlab_image *image;	/* NULL: of no file that is loaded */
	const struct vmlab_segment *segment;	/* of it */
	bool relro;			/* all of it should be read-only after start */
	uint64_t wx;			/* base pages that can be written and executed */
	uint64_t first_wx;		/* the first of them */
	uint64_t first_exec;		/* the first one that can be executed, or 0 */
};

struct vmlab_finding {
	const char *kind;	/* "wx", "no-guard" ... Documentation/perms.rst */
	uint64_t va;
	char detail[160];	/* for people */
};

/* Markers of MADV_GUARD_INSTALL where stack pointers lie. */
struct vmlab_guard {
	uint64_t start;
	uint64_t end;
};

/* A thread, and what its protection keys permit it. */
struct vmlab_thread_keys {
	pid_t tid;
	bool known;		/* false: it runs, is gone, or is not for this caller */
	uint64_t keys;
};

/* Threads whose keys let them do something else with pages of a key than the first's. */
struct vmlab_perms_other {
	const struct vmlab_perms_region *region;
	unsigned int key;
	pid_t tid;		/* the first of them */
	uint64_t keys;		/* of that one */
	size_t nr_threads;	/* that get the same */
	uint64_t enforced[VMLAB_COMBINATIONS];	/* base pages of that key */
};

struct vmlab_perms_all {
	struct vmlab_anatomy anatomy;
	bool keys_known;
	uint64_t keys;		/* of the first thread: what is enforced is so for that one */
	struct vmlab_thread_keys *threads;	/* all of them, where there are keys */
	size_t nr_threads;
	struct vmlab_perms_other *others;	/* by region, then key */
	size_t nr_others;
	struct vmlab_guard *guards;	/* low to high */
	size_t nr_guards;
	struct vmlab_vma *vmas;
	size_t nr_vmas;
	bool hidden;		/* what is enforced is withheld, and with it most findings */
	struct vmlab_perms_region *regions;
	size_t nr_regions;
	struct vmlab_image *images;
	size_t nr_images;
	struct vmlab_finding *findings;
	size_t nr_findings;
};

/* Collects everything `vmlab perms` shows of an open target. */
int vmlab_perms_read(struct vmlab_session *session, struct vmlab_target *target,
		     struct vmlab_perms_all *out);
void vmlab_perms_free(struct vmlab_perms_all *perms);

/* ---- threads.c: stacks and thread-local storage --------------------------- */

/* A module's share of the thread-local storage of a thread. */
struct vmlab_tls {
	const struct vmlab_image *image;
	uint64_t start;
	uint64_t end;
};

/* One thread; what is not known of it has a flag that says so. */
struct vmlab_thread_view {
	pid_t tid;
	char comm[64];		/* "" not known */
	char state;		/* of /proc/PID/task/TID/stat, 0 not known */
	int cpu;		/* where it runs, or ran last; -1 not known */
	bool at_known;		/* its stack pointer and program counter */
	uint64_t sp;
	uint64_t pc;
	struct vmlab_thread saved;	/* what its out_known says */
	bool tp_known;
	uint64_t tp;		/* by the ABI of the program */
	const struct vmlab_part *stack;	/* the mapping that sp points into, or NULL */
	uint64_t stack_start;
	uint64_t stack_end;
	uint64_t sz_used;	/* bytes that are there, of the whole mapping */
	uint64_t sz_reserved;	/* to which it may grow */
	bool guard_known;
	uint64_t sz_guard;	/* bytes below it that nobody may touch */
	const struct vmlab_part *tls;	/* the mapping that tp points into, or NULL */
	bool tls_known;		/* its storage, and what of it is whose */
	uint64_t tls_start;
	uint64_t tls_end;
	struct vmlab_tls *modules;
	size_t nr_modules;
};

struct vmlab_threads_all {
	struct vmlab_perms_all perms;	/* the mappings and files */
	struct vmlab_thread_view *threads;
	size_t nr_threads;
	bool one_table_known;	/* all roots were told */
	bool one_table;		/* and are the same, also that of a walk */
	uint64_t root_pa;	/* of the walk */
};

/* Collects everything `vmlab threads` shows of an open target. */
int vmlab_threads_read(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_threads_all *out);
void vmlab_threads_free(struct vmlab_threads_all *threads);

/* ---- fill.c: how full the tables are, and what a TLB needs ---------------- */

/* All tables of one level. */
struct vmlab_fill_level {
	uint64_t tables;
	uint64_t slots;		/* entries that there is room for */
	uint64_t entries;	/* that hold anything */
	uint64_t leaves;	/* of these, that have a frame, PROT_NONE's included */
	uint64_t bytes;
};

/* Neighbouring pages on neighbouring frames that a TLB would treat alike. */
struct vmlab_fill_run {
	uint64_t runs;
	uint64_t pages;		/* base pages in them */
};

/* One stretch under way; in units of its leaves, or of base pages. */
struct vmlab_fill_stretch {
	uint64_t at;
	uint64_t frame;
	uint64_t nr;		/* 0: none */
	uint64_t alike;		/* what all of it has in common */
};

#define VMLAB_FILL_LENGTHS	52

/*
 * Fill with vmlab_fill_start(), add every table and every run in the order of
 * addresses, then vmlab_fill_end(). Takes the same memory for any process.
 * What is counted, and the models: Documentation/tables.rst.
 */
struct vmlab_fill {
	struct vmlab_fill_level levels[VMLAB_MAX_LEVELS + 1];	/* by VMLAB_LEVEL_* */
	uint64_t nr_tables;
	uint64_t sz_tables;	/* all of them */
	uint64_t sz_reserve;	/* kept for splitting huge pages: in no tree */
	uint64_t sz_charged;	/* as VmPTE counts */
	struct vmlab_fill_run contiguity[VMLAB_FILL_LENGTHS];	/* 2^i to 2^(i+1)-1 pages */
	/* TLB entries that what is mapped now would take, if all of it is used. */
	uint64_t tlb_base;	/* one for each base page */
	uint64_t tlb_leaves;	/* one for each leaf */
	uint64_t tlb_coalesced;	/* if aligned groups of neighbours share one */
	uint64_t tlb_super;	/* one for each leaf, and superpages wherever possible */
	/* Superpages, leaves of the lowest level above the last. */
	uint64_t sz_super;	/* bytes of one */
	uint64_t super_now;	/* that there are */
	uint64_t super_in_place;	/* that base pages could become as they lie */
	uint64_t super_by_copy;	/* that anonymous base pages could become if copied */
	const struct vmlab_info *info;
	struct vmlab_fill_stretch run;		/* of contiguity: base pages */
	struct vmlab_fill_stretch group;	/* of leaves that may share an entry */
	unsigned int group_level;
	struct vmlab_fill_stretch block;	/* of a superpage to be */
	bool block_scattered;
	bool block_anon;
};

void vmlab_fill_start(struct vmlab_fill *fill, const struct vmlab_info *info);
void vmlab_fill_add_table(struct vmlab_fill *fill, const struct vmlab_table *table);
/* -EBADMSG: a run that no address space has. */
int vmlab_fill_add_run(struct vmlab_fill *fill, const struct vmlab_run *run);
void vmlab_fill_end(struct vmlab_fill *fill);
/*
 * How many entries of @level one TLB entry may stand for where neighbours coalesce,
 * largest first, into @out, which holds VMLAB_GROUPS_MAX; how many sizes.
 */
#define VMLAB_GROUPS_MAX	4
size_t vmlab_tlb_groups(const struct vmlab_info *info, unsigned int level, uint64_t *out);
/* Entries of one table of @level. */
uint64_t vmlab_level_slots(const struct vmlab_info *info, unsigned int level);

/* ---- cow.c: what fork left shared ----------------------------------------- */

/**
 * struct vmlab_leaf - what an address space has at every page of a range
 * @there: anything at all; the rest counts only then
 * @facts: VMLAB_FACT_*
 * @pfn: frame of the range's first base page; of a SWAP entry its slot; or
 *	VMLAB_PFN_NONE
 * @mapcount: of each base page; VMLAB_MAPCOUNT_UNKNOWN also inside of a huge leaf,
 *	where runs tell that of its first page alone
 * @shift: log2 of the size of the leaves
 * @level: VMLAB_LEVEL_*
 * @swap_type: number of the swap area, for SWAP
 */
struct vmlab_leaf {
	bool there;
	uint64_t facts;
	uint64_t pfn;
	uint32_t mapcount;
	uint8_t shift;
	uint8_t level;
	uint8_t swap_type;
};

/* What the two have at the same address (Documentation/cow.rst has the rules). */
enum vmlab_cow_relation {
	VMLAB_COW_UNKNOWN,	/* both have something; the same, or not */
	VMLAB_COW_SHARED_COW,	/* the same frame or slot: the next write copies */
	VMLAB_COW_SHARED_FILE,	/* the same frame, which is nobody's own */
	VMLAB_COW_DIVERGED,	/* a frame or slot each */
	VMLAB_COW_PARENT_ONLY,
	VMLAB_COW_CHILD_ONLY,
	VMLAB_COW_RELATIONS,
};
/* Which of them left the other the frame that both had, and by what that is known. */
enum vmlab_cow_copied {
	VMLAB_COW_COPIED_UNKNOWN,
	VMLAB_COW_COPIED_PARENT,
	VMLAB_COW_COPIED_CHILD,
};
enum vmlab_cow_evidence {
	VMLAB_COW_BY_NOTHING,
	VMLAB_COW_BY_EXCLUSIVE,	/* its frame is its own, the other's is what fork left */
	VMLAB_COW_BY_BEFORE,	/* earlier looks show the frame that both had */
};

/* Base pages from @va on that have the same relation; frames advance together. */
struct vmlab_cow_range {
	uint64_t va;
	uint64_t nr_pages;
	enum vmlab_cow_relation relation;
	enum vmlab_cow_copied copied;
	enum vmlab_cow_evidence evidence;
	struct vmlab_leaf parent;
	struct vmlab_leaf child;
};

/* Base pages by relation; @zero and @swap are part of VMLAB_COW_SHARED_COW. */
struct vmlab_cow_pages {
	uint64_t relation[VMLAB_COW_RELATIONS];
	uint64_t copied[3];	/* by enum vmlab_cow_copied */
	uint64_t zero;
	uint64_t swap;
};

/* The words of Documentation/json.rst; NULL for what is not known. */
const char *vmlab_cow_relation_name(enum vmlab_cow_relation relation);
const char *vmlab_cow_copied_name(enum vmlab_cow_copied copied);
const char *vmlab_cow_evidence_name(enum vmlab_cow_evidence evidence);

struct vmlab_cow;

/* Earlier looks, from snapshots of the same boot; NULL for those there are none of. */
struct vmlab_cow_before {
	struct vmlab_target *parent;
	struct vmlab_target *child;
	bool forked_later;	/* @parent is from before the child's start */
};

/*
 * Compares [start, end) of two address spaces, page aligned, end 0 for the end of the
 * user half. @before may be NULL. *out is the caller's, to be ended.
 */
int vmlab_cow_start(struct vmlab_target *parent, struct vmlab_target *child,
		    const struct vmlab_cow_before *before, uint64_t start, uint64_t end,
		    struct vmlab_cow **out);
/* 1 and a range, low addresses first, 0 at the end, or -errno. */
int vmlab_cow_next(struct vmlab_cow *cow, struct vmlab_cow_range *range);
/* Sums of the ranges so far. */
const struct vmlab_cow_pages *vmlab_cow_pages(const struct vmlab_cow *cow);
void vmlab_cow_end(struct vmlab_cow *cow);

/* ---- snapshot.c, diff.c: a state kept, and what changed between two --------- */

struct vmlab_snapshot {
	pid_t pid;
	int64_t ns;		/* CLOCK_MONOTONIC */
	int64_t boot_ns;	/* CLOCK_BOOTTIME, as processes' starts are told in */
	char boot[40];		/* id of the boot; "" unknown */
	char comm[64];
};

/*
 * Asks all that a snapshot holds of @target: a session that records keeps it.
 * *anatomy is the caller's, to be freed.
 */
int vmlab_snapshot_take(struct vmlab_session *session, struct vmlab_target *target,
			struct vmlab_snapshot *out, struct vmlab_anatomy *anatomy);
/*
 * The process of a snapshot. -ENODATA: the recording is none. *target is the
 * caller's, to be closed.
 */
int vmlab_snapshot_open(struct vmlab_session *session, struct vmlab_target **target,
			struct vmlab_snapshot *out);
/* The id of the boot that answers, or "". */
void vmlab_boot_id(struct vmlab_session *session, char *buf, size_t size);

/* What is different between two states of a page. */
#define VMLAB_DIFF_APPEARED	(1U << 0)
#define VMLAB_DIFF_GONE		(1U << 1)
#define VMLAB_DIFF_FRAME	(1U << 2)	/* or swap slot; in the same boot only */
#define VMLAB_DIFF_STATE	(1U << 3)
#define VMLAB_DIFF_ASKED	(1U << 4)
#define VMLAB_DIFF_ENFORCED	(1U << 5)
#define VMLAB_DIFF_SIZE		(1U << 6)	/* of the leaf */
#define VMLAB_DIFF_ACCESSED	(1U << 7)
#define VMLAB_DIFF_DIRTY	(1U << 8)
#define VMLAB_DIFF_SOFT_DIRTY	(1U << 9)
#define VMLAB_DIFF_NR		10

/* The word for the @i-th of them. */
const char *vmlab_diff_name(unsigned int i);

/* Base pages from @va on that changed in the same way; frames advance together. */
struct vmlab_diff_range {
	uint64_t va;
	uint64_t nr_pages;
	uint32_t what;		/* VMLAB_DIFF_* */
	struct vmlab_leaf from;
	struct vmlab_leaf to;
};

struct vmlab_diff;

/*
 * Compares two targets, of sessions of their own as a rule. @frames: frames of the two
 * mean the same (one boot). -EXDEV: their base pages have different sizes.
 */
int vmlab_diff_start(struct vmlab_target *from, struct vmlab_target *to, bool frames,
		     struct vmlab_diff **out);
/* 1 and a range that changed, low addresses first, 0 at the end, or -errno. */
int vmlab_diff_next(struct vmlab_diff *diff, struct vmlab_diff_range *range);
/* Base pages that changed so far, by the bits above; the last one of any kind. */
const uint64_t *vmlab_diff_pages(const struct vmlab_diff *diff);
/* Facts that both sides could tell. */
uint64_t vmlab_diff_facts(const struct vmlab_diff *diff);
void vmlab_diff_end(struct vmlab_diff *diff);

/* ---- kernel.c: the kernel half, region by region -------------------------- */

/* What is mapped, in base pages but for the leaves. */
struct vmlab_kernel_sums {
	uint64_t r;		/* readable alone */
	uint64_t rw;
	uint64_t rx;
	uint64_t rwx;
	uint64_t user;		/* no level keeps user mode out */
	uint64_t absent;	/* not mapped, and the frame kept in the entry */
	uint64_t repeated;	/* one frame for whole tables */
	uint64_t leaves[VMLAB_MAX_LEVELS + 1];	/* that are mapped, by VMLAB_LEVEL_* */
};

/* A part of the kernel half, from low to high: a region, or what lies between. */
struct vmlab_kernel_part {
	uint64_t start;
	uint64_t end;
	const char *name;	/* NULL for what lies between */
	struct vmlab_kernel_sums sums;
};

/* Something that no page of the kernel should be. */
struct vmlab_kernel_finding {
	const char *kind;	/* "wx", "user" */
	const char *what;	/* one line, for people */
	struct vmlab_filter filter;	/* a scan with it gives these runs and no others */
	uint64_t (*pages)(const struct vmlab_kernel_sums *sums);	/* of it in a part */
};

/* "direct map", "vmalloc" ...; NULL for a kind that this library does not know. */
const char *vmlab_kregion_name(uint32_t kind);
/* The region that holds @va, or NULL. */
const struct vmlab_kregion *vmlab_kregions_find(const struct vmlab_kregions *regions,
						uint64_t va);
/*
 * The part that begins at @start and ends at @end or where the region does, whichever
 * comes first: scanned and summed up. 0 or -errno.
 */
int vmlab_kernel_part_read(struct vmlab_session *session,
			   const struct vmlab_kregions *regions, uint64_t start,
			   uint64_t end, struct vmlab_kernel_part *out);
/*
 * The kernel's own alias of a frame: where the direct map has it, in out->va, and what
 * is there. -ENOENT: the direct map has no room for it.
 */
int vmlab_kernel_alias(struct vmlab_session *session, const struct vmlab_kregions *regions,
		       uint64_t pfn, struct vmlab_walk *out);
/* The @i-th kind of finding, or NULL past the last. */
const struct vmlab_kernel_finding *vmlab_kernel_finding(unsigned int i);

/* ---- index.c, sets.c: who maps what -------------------------------------- */

/*
 * An index has, of each process, what it maps where; sets are read from it in
 * order: frames that several addresses lead to (synonyms) or, by address, addresses
 * that lead to several frames (homonyms).
 */
struct vmlab_index;

/* How an index is built; all zero is good. */
struct vmlab_index_how {
	bool by_address;	/* for homonyms: grouped by address, not by frame */
	/*
	 * Take in pages too whose frame the kernel counts as mapped once. Without, they
	 * are left out early; by address they are always in.
	 */
	bool all;
	bool singles;		/* sets of one address too */
	bool only;		/* nothing but what holds frame @pfn */
	uint64_t pfn;
	/* 0: as many as there are CPUs; one where order matters, when recording. */
	unsigned int threads;
};

/* A process that an index does not have, and why not. */
struct vmlab_skipped {
	pid_t pid;
	int err;		/* negative errno; 0 where nothing failed */
	const char *why;	/* a word of Documentation/synonyms.rst */
};

struct vmlab_index_totals {
	uint64_t processes;	/* in the index */
	uint64_t pages;		/* (process, address) pairs, in base pages */
	uint64_t bytes;		/* of memory that the index takes */
};

/*
 * Builds an index of @nr processes; a pid of 0 is the caller's own. Those that
 * cannot be looked at, or end meanwhile, are skipped as a whole, and so is a process
 * that shares the address space of another one. -ENOMEM, or -errno where the answers
 * make no sense.
 */
int vmlab_index_build(struct vmlab_session *session, const pid_t *pids, size_t nr,
		      const struct vmlab_index_how *how, struct vmlab_index **out);
/*
 * The same, of all processes but the caller. Those that started meanwhile are skipped
 * too; kernel threads are no processes.
 */
int vmlab_index_build_all(struct vmlab_session *session, const struct vmlab_index_how *how,
			  struct vmlab_index **out);
void vmlab_index_free(struct vmlab_index *index);
const struct vmlab_index_totals *vmlab_index_totals(const struct vmlab_index *index);
/* The @i-th process that is in the index, in ascending order. */
pid_t vmlab_index_pid(const struct vmlab_index *index, size_t i);
/* In ascending order of pids, good as long as the index; how many. */
size_t vmlab_index_skipped(const struct vmlab_index *index,
			   const struct vmlab_skipped **out);

/* One address, or as many as @count says, that lead to the first frame of a set. */
struct vmlab_mapping {
	pid_t pid;
	uint8_t shift;		/* log2 of the leaf's size: it may be larger than the set's */
	uint64_t va;
	uint64_t pfn;		/* VMLAB_PFN_NONE of a swapped page */
	uint64_t count;		/* neighbouring leaves with this very frame: 1 but for the zero page */
	uint64_t facts;		/* VMLAB_FACT_*, those that an index keeps */
};

/*
 * Neighbouring frames (by address: addresses) that the same mappings lead to, in the
 * same way: frames and all addresses advance together.
 */
struct vmlab_set {
	uint64_t pfn;		/* the first; VMLAB_PFN_NONE of swapped pages, and by address */
	uint64_t va;		/* by address: the first; else 0 */
	uint64_t count;		/* leaves of 1 << shift bytes */
	uint8_t shift;
	bool swapped;
	uint32_t swap_type;	/* of swapped pages, with swap_offset, which advances too */
	uint64_t swap_offset;
	const char *class;	/* a word of Documentation/synonyms.rst; NULL by address */
	const char *origin;	/* the same, whatever the mappings permit */
	uint64_t facts;		/* ACCESSED, DIRTY: of any mapping */
	size_t nr;		/* mappings */
	uint64_t nr_addresses;	/* that lead to each frame: the sum of their counts */
	size_t nr_processes;
	/* Mappings by their number; at least one of them can write and another one execute. */
	bool wx;
	size_t writer;
	size_t executor;
};

/* Sets under way, in ascending order of frames, swap slots last. */
struct vmlab_sets;

/* -ENOMEM. An index may be read by several at once. */
int vmlab_sets_start(const struct vmlab_index *index, struct vmlab_sets **out);
/* 1 and a set, 0 at the end, -ENOMEM. */
int vmlab_sets_next(struct vmlab_sets *sets, struct vmlab_set *set);
/* The @i-th mapping of the set that was read last, in order of pids and addresses. */
struct vmlab_mapping vmlab_sets_mapping(const struct vmlab_sets *sets, size_t i);
/* Different frames (by address: addresses) met so far, swap slots left out. */
uint64_t vmlab_sets_frames(const struct vmlab_sets *sets);
void vmlab_sets_end(struct vmlab_sets *sets);

/* ---- tags.c: what keeps address spaces apart in a TLB ---------------------- */

/* How this machine does it. */
enum vmlab_tagging {
	VMLAB_TAGGING_NONE,	/* not at all: a switch flushes all that is not global */
	VMLAB_TAGGING_CPU,	/* tags that each CPU deals out itself (PCID on x86) */
	VMLAB_TAGGING_GLOBAL,	/* a tag of an address space on all CPUs (ASID on arm64) */
};
enum vmlab_tagging vmlab_tagging(const struct vmlab_info *info);

/* "pcid", "asid": what the architecture calls a tag, used or not; NULL where none. */
const char *vmlab_tag_name(const struct vmlab_info *info);
/* Is vmlab_mm.out_context a number that no other address space ever has? */
bool vmlab_context_is_id(const struct vmlab_info *info);

/* A tag that there is not, or that nobody tells. */
#define VMLAB_TAG_NONE		(~(uint32_t)0)

/* The registers of all CPUs (VMLAB_CPUS); free(*out). How many CPUs, -EPERM, -ENOTTY. */
ssize_t vmlab_session_cpus(struct vmlab_session *session, struct vmlab_cpu **out);
/* VMLAB_MM without the roots' entries. -EPERM where frames are withheld, -ENOTTY. */
int vmlab_target_mm(struct vmlab_target *target, struct vmlab_mm *out);
/* The entries of both roots, where there are two; free(*out). How many, 0 where not. */
ssize_t vmlab_target_roots(struct vmlab_target *target, struct vmlab_root_entry **out);

/* The register at vmlab_cpu.regs[@i], or NULL. */
const char *vmlab_register_name(uint32_t arch, unsigned int i);
/* The bits of its @value that have a name, the lowest first. How many. */
#define VMLAB_REGISTER_BITS	16
size_t vmlab_register_bits(uint32_t arch, unsigned int i, uint64_t value,
			   const char *names[VMLAB_REGISTER_BITS]);

/**
 * struct vmlab_cpu_tags - registers of a CPU, decoded
 * @root_pa: root of the address space that is loaded
 * @kernel_root_pa: root that the kernel's addresses are translated from
 * @user_root_pa: what user mode runs on in its place (KPTI)
 * @tag: that the TLB tags this address space with
 * @user_tag: that it tags user mode's translations with, where it is another one
 *
 * VMLAB_PA_NONE, VMLAB_TAG_NONE: there is none.
 */
struct vmlab_cpu_tags {
	uint64_t root_pa;
	uint64_t kernel_root_pa;
	uint64_t user_root_pa;
	uint32_t tag;
	uint32_t user_tag;
};
void vmlab_cpu_tags(const struct vmlab_info *info, const struct vmlab_cpu *cpu,
		    struct vmlab_cpu_tags *out);

/**
 * struct vmlab_mm_tags - what an address space, or a slot, is tagged with
 * @tag: VMLAB_TAG_NONE: none, or one that each CPU chooses
 * @user_tag: user mode's, where it is another one (KPTI)
 * @generation: of the tag (arm64): it is good while the kernel's is the same
 */
struct vmlab_mm_tags {
	uint32_t tag;
	uint32_t user_tag;
	uint64_t generation;
};
void vmlab_mm_tags(const struct vmlab_info *info, const struct vmlab_mm *mm,
		   struct vmlab_mm_tags *out);

/* vmlab_tlb_slot.flags */
#define VMLAB_SLOT_LOADED	(1U << 0)	/* what the CPU has loaded */
#define VMLAB_SLOT_RESERVED	(1U << 1)	/* arm64: kept over a roll-over */
#define VMLAB_SLOT_OUTDATED	(1U << 2)	/* the CPU itself says: flush before use */
#define VMLAB_SLOT_USER_FLUSH	(1U << 3)	/* and only of user mode's tag (KPTI) */

/**
 * struct vmlab_tlb_slot - what a CPU remembers of one address space
 * @cpu: its number
 * @slot: x86: number of the slot; arm64: 0 for the active one, 1 for the reserved one
 * @flags: VMLAB_SLOT_*
 * @__reserved: zero
 * @context: vmlab_mm.out_context of the address space
 * @generation: x86: its out_tlb_gen when this CPU last caught up with it; arm64: the
 *	kernel's generation of ASIDs when it was asked, above the bits of an ASID
 */
struct vmlab_tlb_slot {
	uint32_t cpu;
	uint32_t slot;
	uint32_t flags;
	uint32_t __reserved;
	uint64_t context;
	uint64_t generation;
};
void vmlab_slot_tags(const struct vmlab_info *info, const struct vmlab_tlb_slot *slot,
		     struct vmlab_mm_tags *out);

/* One address space of struct vmlab_tags. */
struct vmlab_tag_mm {
	pid_t pid;
	bool self;		/* the caller's */
	struct vmlab_mm mm;
	struct vmlab_mm_tags tags;
};

/**
 * struct vmlab_tags - all of it, as vmlab_tags_read() found it
 * @cpus: registers, by CPU
 * @nr_cpus: how many
 * @mms: address spaces of processes: the caller's, then by pid
 * @nr_mms: how many
 * @nr_skipped: processes that it was not permitted to ask
 * @slots: what each CPU remembers, by CPU
 * @nr_slots: how many
 * @slots_err: 0, or why nobody tells: -ENOENT (no BTF), -ENXIO (no addresses of variables,
 *	CONFIG_KALLSYMS_ALL), -EPERM, -EOPNOTSUPP
 */
struct vmlab_tags {
	struct vmlab_cpu *cpus;
	size_t nr_cpus;
	struct vmlab_tag_mm *mms;
	size_t nr_mms;
	size_t nr_skipped;
	struct vmlab_tlb_slot *slots;
	size_t nr_slots;
	int slots_err;
};

/*
 * Of all CPUs, and of @pids, or of everybody where that is NULL; with what CPUs remember,
 * if @slots. -EPERM: not for the caller; -ENOTTY: the module is older.
 */
int vmlab_tags_read(struct vmlab_session *session, const pid_t *pids, size_t nr_pids,
		    bool slots, struct vmlab_tags *out);
void vmlab_tags_free(struct vmlab_tags *tags);
/* Whose it is, NULL where that is nobody we know. */
const struct vmlab_tag_mm *vmlab_tags_of_context(const struct vmlab_tags *tags, uint64_t context);
const struct vmlab_tag_mm *vmlab_tags_of_pid(const struct vmlab_tags *tags, pid_t pid);

/* The one tag of a process: VMLAB_TAG_NONE where CPUs have given it several, or none. */
uint32_t vmlab_tags_tag(const struct vmlab_info *info, const struct vmlab_tags *tags, pid_t pid);

/* Would the CPU have to flush before it uses what it has under this tag? */
enum vmlab_stale {
	VMLAB_STALE_NO,
	VMLAB_STALE_YES,
	VMLAB_STALE_UNKNOWN,	/* the address space is none we know */
};
enum vmlab_stale vmlab_slot_stale(const struct vmlab_info *info, const struct vmlab_tags *tags,
				  const struct vmlab_tlb_slot *slot);

/* One slot of the two roots (VMLAB_MM): what is in the one of it, is in the other. */
enum vmlab_root_relation {
	VMLAB_ROOT_SHARED,	/* the same table */
	VMLAB_ROOT_SHARED_NX,	/* the same table, not executable to the kernel */
	VMLAB_ROOT_OWN_TABLE,	/* user mode has a table of its own, with a part of it */
	VMLAB_ROOT_LEFT_OUT,	/* user mode has nothing there */
	VMLAB_ROOT_USER_ONLY,	/* the kernel has nothing there */
};
enum vmlab_root_relation vmlab_root_relation(const struct vmlab_info *info,
					     const struct vmlab_root_entry *entry);
const char *vmlab_root_relation_name(enum vmlab_root_relation relation);

/* ---- cache.c: colours ---------------------------------------------------- */

/*
 * How many bits above the page offset would be part of the index of the largest first
 * level cache, if it is indexed by virtual address: 0 where a way is no larger than a
 * page. -ENOENT: sysfs does not tell.
 */
int vmlab_cache_colours(struct vmlab_session *session, unsigned int *bits);

/* ---- launch.c: a process of our own to look at --------------------------- */

struct vmlab_child {
	pid_t pid;
	bool replayed;		/* known from a recording only */
	int gate;		/* of a child that is held: the pipe it waits at */
	int failed;		/* where it says why it could not be executed */
};

/*
 * Starts @argv under ptrace and stops it at its entry point: the loader has done
 * its work, main() has not begun. A hardware breakpoint stops it, so that no page
 * of text is written to; where there is none, it stays where exec left it, at the
 * loader's first instruction. The child is killed when this process ends.
 */
int vmlab_child_start(struct vmlab_session *session, struct vmlab_child *child,
		      char *const argv[]);
/* Lets it run for @ms, then stops it again. 1 when it ended meanwhile. */
int vmlab_child_run(struct vmlab_session *session, struct vmlab_child *child,
		    unsigned int ms);
void vmlab_child_kill(struct vmlab_child *child);
/*
 * Makes a process that waits before it executes @argv, not traced by anybody, until
 * vmlab_child_release(); its standard output goes to our standard error, so that ours
 * is what we write. It is killed when this process ends.
 */
int vmlab_child_hold(struct vmlab_session *session, struct vmlab_child *child,
		     char *const argv[]);
/* Lets it go. -errno of its exec. */
int vmlab_child_release(struct vmlab_session *session, struct vmlab_child *child);

/* ---- trace.c: what happens, as it happens --------------------------------- */

/**
 * struct vmlab_heap - of an allocator in a process, since the trace began or since its exec
 * @pid: the process
 * @comm: its name, of the thread that was last heard of
 * @requests: that got something
 * @frees: calls of free()
 * @calls: system calls that it made
 * @asked: bytes, of all requests
 * @asked_real: of these, on pages that were ever there: counted when a piece is freed, and
 *	in the end of what still lives
 * @live: bytes asked for and not freed
 * @live_peak: the most
 * @held: bytes that it has of the kernel
 * @held_peak: the most
 * @real: bytes of @held whose pages are there
 * @real_total: bytes of pages that ever came to be there
 * @served: requests between its last system call and the one before
 * @served_before: requests until its last system call
 * @freed: bytes of what the last event freed
 * @freed_real: of these, on pages that were ever there
 */
struct vmlab_heap {
	pid_t pid;
	char comm[16];
	uint64_t requests;
	uint64_t frees;
	uint64_t calls;
	uint64_t asked;
	uint64_t asked_real;
	uint64_t live;
	uint64_t live_peak;
	uint64_t held;
	uint64_t held_peak;
	uint64_t real;
	uint64_t real_total;
	uint64_t served;
	uint64_t served_before;
	uint64_t freed;
	uint64_t freed_real;
};

struct vmlab_trace;
struct vmlab_event;		/* vmlab_event.h */
struct vmlab_trace_counts;
struct vmlab_tlb_process;
struct vmlab_event_protect;
struct vmlab_stack;		/* the same */

/**
 * struct vmlab_trace_options - what to trace; all zero but @kinds is everything
 * @kinds: 1 << VMLAB_EVENT_FAULT, _COW, _FORK (which brings exec and exit), _SWITCH (which
 *	brings flushes of TLBs and roll-overs of ASIDs), _PROTECT (which brings its calls), _MAP,
 *	_ALLOC (which brings the allocator's system calls)
 * @counts_only: no events, only what vmlab_trace_counts() tells in the end
 * @pids: processes; none and no @argv: all but the caller
 * @nr_pids: how many
 * @argv: a command to start; it and what it forks are traced from its exec on
 * @follow: also what @pids fork
 * @comm: only threads of this name, or NULL
 * @start: lowest address
 * @end: behind the highest one, 0 for no limit
 * @classes: 1 << VMLAB_CLASS_*, 0 for all
 * @min_ns: only faults that took at least that
 * @sz_buffer: bytes of the ring, a power of two; 0 for a good number
 * @stacks: also those of user mode, for vmlab_trace_stacks()
 * @library: of VMLAB_EVENT_ALLOC: the file that has malloc(); NULL: find it
 */
struct vmlab_trace_options {
	unsigned int kinds;
	bool counts_only;
	const pid_t *pids;
	size_t nr_pids;
	char *const *argv;
	bool follow;
	const char *comm;
	uint64_t start;
	uint64_t end;
	uint64_t classes;
	uint64_t min_ns;
	size_t sz_buffer;
	bool stacks;
	const char *library;
};

/*
 * Loads and attaches; then @pids are traced, or @argv runs. -ENOENT: the kernel has no
 * BTF; -EPERM: not for the caller; -EACCES: the kernel is locked down; -ESRCH: no such
 * process; -EOPNOTSUPP: this kernel cannot be traced so; -ECHILD: @argv could not be
 * executed, vmlab_trace_exec_error() says why. The session is used until the close.
 */
int vmlab_trace_start(struct vmlab_session *session, const struct vmlab_trace_options *options,
		      struct vmlab_trace **out);
/* Why the last vmlab_trace_start() of this session said -ECHILD: -errno. */
int vmlab_trace_exec_error(const struct vmlab_session *session);
/* From a signal handler, too: what is in the ring is still told, then it is over. */
void vmlab_trace_stop(struct vmlab_trace *trace);
/*
 * 1 and the next event, good until the next call; -EAGAIN: none just now, some time was
 * waited; 0: it is over, all processes that were named have ended or it was stopped.
 */
int vmlab_trace_next(struct vmlab_trace *trace, const struct vmlab_event **out);
/* Once it is over: what was counted of VMLAB_EVENT_*, over all CPUs. */
int vmlab_trace_counts(struct vmlab_trace *trace, unsigned int kind,
		       struct vmlab_trace_counts *out);
/* Of the question VMLAB_EVENT_SWITCH: false where there are no tags and each switch flushes. */
bool vmlab_trace_has_tags(const struct vmlab_trace *trace);
/*
 * Of the same question, once it is over: totals by process, by rising pid. free(*out).
 * -ENOENT: it was not asked.
 */
int vmlab_trace_processes(struct vmlab_trace *trace, struct vmlab_tlb_process **out, size_t *nr);
/*
 * The user symbol that @ip of process @pid lies in, "libc.so.6:memset+0x1c", looked up
 * in its mappings while it lives. -ENOENT: not known.
 */
int vmlab_trace_symbol(struct vmlab_trace *trace, pid_t pid, uint64_t ip, char *buf,
		       size_t size);
/*
 * Who made a system call at @ip: as above, or "FILE+0x1234" without a symbol; where @ip is in
 * a function that is nothing but that call (mprotect), who called it, at @caller.
 */
int vmlab_trace_by(struct vmlab_trace *trace, pid_t pid, uint64_t ip, uint64_t caller, char *buf,
		   size_t size);
/*
 * What is mapped there, of VMLAB_EVENT_PROTECT and _MAP: a path, "[heap]", "[stack]", "[vdso]".
 * -ENOENT: of no file, or not known.
 */
int vmlab_trace_mapped(const struct vmlab_event *event, char *buf, size_t size);
/* Its ELF segment: "GNU_RELRO", "LOAD rw-". -ENOENT: none, or of more than one. */
int vmlab_trace_segment(struct vmlab_trace *trace, const struct vmlab_event_protect *e, char *buf,
			size_t size);
/* What is to be said of it, in a word ("w-to-x"), or NULL. */
const char *vmlab_protect_finding(const struct vmlab_event_protect *e);
/*
 * Of a question (as VMLAB_EVENT_FAULT) whose stacks were asked for: one for each way by which
 * something was counted, in the end; free(*out). What found no room was lost.
 */
int vmlab_trace_stacks(struct vmlab_trace *trace, unsigned int kind, struct vmlab_stack **out,
		       size_t *nr);
/*
 * Of VMLAB_EVENT_ALLOC: a process's heap as of the last event, NULL where nothing is known
 * of it; and all of them, free(*out). -ENOENT: it was not asked for, or counts only.
 */
const struct vmlab_heap *vmlab_trace_heap(const struct vmlab_trace *trace, pid_t pid);
int vmlab_trace_heaps(const struct vmlab_trace *trace, struct vmlab_heap **out, size_t *nr);
void vmlab_trace_close(struct vmlab_trace *trace);

/* Words for VMLAB_EVENT_*, VMLAB_CLASS_*, VMLAB_COW_* and VMLAB_WHY_*; NULL for others. */
const char *vmlab_event_name(unsigned int kind);
const char *vmlab_class_name(unsigned int fault_class);
const char *vmlab_outcome_name(unsigned int outcome);
const char *vmlab_cow_why_name(unsigned int why);
/* The same for VMLAB_TAG_* of a switch, VMLAB_FLUSH_*, and VMLAB_TLB_ROW_*, which has all. */
const char *vmlab_tag_outcome_name(unsigned int outcome);
const char *vmlab_flush_reason_name(unsigned int reason);
/* Of VMLAB_EVENT_MAP: what became of the range; by which system call; MADV_*. */
const char *vmlab_map_what_name(unsigned int what);
const char *vmlab_map_call_name(const struct vmlab_info *info, uint32_t call);
const char *vmlab_advice_name(unsigned int advice);
/* Of VMLAB_EVENT_ALLOC and _MEMORY: functions, system calls, what came of them, rows. */
const char *vmlab_alloc_function_name(unsigned int function);
const char *vmlab_memory_call_name(unsigned int call);
const char *vmlab_memory_what_name(unsigned int what);
const char *vmlab_alloc_row_name(unsigned int row);
/* What the question VMLAB_EVENT_PROTECT counts. */
const char *vmlab_protect_row_name(unsigned int row);
const char *vmlab_tlb_row_name(unsigned int row);

#ifdef __cplusplus
}
#endif
#endif /* LIBVMLAB_H */
