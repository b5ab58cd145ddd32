// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * anatomy.c - an address space from its low end to its high one: what each part is,
 * by evidence, and what of it is really there.
 *
 * The evidence, in the order in which it is believed: the kernel's own names
 * ([heap], [vdso] ...), the VMA's flags, the program headers of the program, stack
 * pointers of blocked threads, then whether a mapped file is an ELF file.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anatomy.h"
#include "decode.h"
#include "session.h"

/* Everything that classification looks at. */
struct evidence {
	struct vmlab_session *session;
	pid_t pid;
	const struct vmlab_regions *regions;
	struct vmlab_vma *vmas;
	size_t nr_vmas;
	struct vmlab_elf exe;
	bool exe_known;
	const struct vmlab_region *exe_first;	/* its lowest mapping */
	uint64_t exe_bias;			/* memory address less p_vaddr */
	struct vmlab_elf library;		/* the one that was read last */
	const struct vmlab_region *library_at;	/* a mapping of it, or NULL */
	struct vmlab_anatomy_look *look;	/* who else wants to see, or NULL */
};

static uint64_t page_shift(const struct evidence *e)
{
	return e->session->info.out_page_shift;
}

static const struct vmlab_vma *vma_of(const struct evidence *e, const struct vmlab_region *r)
{
	size_t low = 0, high = e->nr_vmas;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->vmas[mid].end <= r->start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < e->nr_vmas && e->vmas[low].start <= r->start ? &e->vmas[low] : NULL;
}

static bool is_exe(const struct evidence *e, const struct vmlab_region *r)
{
	return e->exe_first && r->inode == e->exe_first->inode && r->inode &&
	       r->dev_major == e->exe_first->dev_major &&
	       r->dev_minor == e->exe_first->dev_minor;
}

static bool same_file(const struct vmlab_region *a, const struct vmlab_region *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}

bool vmlab_elf_bias(const struct vmlab_elf *elf, const struct vmlab_region *r, uint64_t page,
		    uint64_t *bias)
{
	const uint64_t mask = ~(page - 1);
	size_t i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct vmlab_segment *s = &elf->segments[i];

		if (s->type != PT_LOAD || !s->sz_file || r->offset < (s->offset & mask) ||
		    r->offset >= s->offset + s->sz_file)
			continue;
		*bias = r->start - ((s->vaddr & mask) + (r->offset - (s->offset & mask)));
		return true;
	}
	return false;
}

bool vmlab_elf_placed(const struct vmlab_elf *elf, const struct vmlab_regions *regions,
		      const struct vmlab_region *r, uint64_t page, uint64_t *bias)
{
	const uint64_t mask = ~(page - 1);
	size_t i;

	if (!vmlab_elf_bias(elf, r, page, bias))
		return false;
	for (i = 0; i < elf->nr_segments; i++) {
		const struct vmlab_segment *s = &elf->segments[i];
		const uint64_t start = (s->vaddr + *bias) & mask;
		const struct vmlab_region *at;

		if (s->type != PT_LOAD || !s->sz_file)
			continue;
		at = vmlab_regions_find(regions, start);
		if (!at || !same_file(r, at) ||
		    at->offset + (start - at->start) != (s->offset & mask))
			return false;
	}
	return true;
}

/*
 * Does @va lie in what a segment of @elf has in memory beyond its file, its .bss? Then
 * the end of the last page of that, else 0.
 */
static uint64_t end_beyond_file(const struct vmlab_elf *elf, uint64_t bias, uint64_t page,
				uint64_t va)
{
	const uint64_t mask = ~(page - 1);
	size_t i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct vmlab_segment *s = &elf->segments[i];
		uint64_t from = s->vaddr + s->sz_file + bias, end = s->vaddr + s->sz_mem + bias;

		if (s->type == PT_LOAD && s->sz_mem > s->sz_file && va >= (from & mask) &&
		    va < end)
			return (end + page - 1) & mask;
	}
	return 0;
}

/* The file of a region that has a name: what libelf has said of the last one is kept. */
static const struct vmlab_elf *read_library(struct evidence *e, const struct vmlab_region *r)
{
	char path[4200];

	if (e->library_at && same_file(e->library_at, r) && !strcmp(e->library_at->name, r->name))
		return &e->library;
	vmlab_elf_free(&e->library);
	e->library_at = NULL;
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)e->pid, r->name);
	if (vmlab_elf_read(e->session, path, &e->library))
		return NULL;
	e->library_at = r;
	return &e->library;
}

/* A mapping of the library that @before is a piece of, or NULL. */
static const struct vmlab_region *library_of(const struct evidence *e,
					     const struct vmlab_part *before)
{
	if (!before->kind)
		return NULL;
	if (!strcmp(before->kind, "library"))
		return before->region;
	/* What mprotect() has cut in two. */
	return strcmp(before->kind, "bss") ? NULL : e->library_at;
}

/*
 * What .bss is made of: of the program, or of the library that ends where @r begins.
 * Where it ends, which is within @r if the kernel has joined it with what lies behind
 * (the heap, where addresses are not random), or 0 if @r is none.
 */
static uint64_t end_of_bss(struct evidence *e, const struct vmlab_region *r,
			   const struct vmlab_part *before)
{
	const uint64_t page = 1ULL << page_shift(e);
	const struct vmlab_elf *library;
	const struct vmlab_region *of;
	uint64_t bias, end = 0;

	/* [heap] is what touches it: also a .bss that ends where it begins. */
	if (r->inode || (r->name[0] && strcmp(r->name, "[heap]")))
		return 0;
	if (e->exe_known)
		end = end_beyond_file(&e->exe, e->exe_bias, page, r->start);
	of = !end && before && before->end == r->start ? library_of(e, before) : NULL;
	library = of ? read_library(e, of) : NULL;
	if (library && vmlab_elf_placed(library, e->regions, of, page, &bias))
		end = end_beyond_file(library, bias, page, r->start);
	return end < r->end ? end : r->end;
}

static const char *kind_of_exe(const struct vmlab_region *r)
{
	if (strchr(r->perms, 'x'))
		return "code";
	/* After RELRO a data segment is read-only in part; its file part still is data. */
	return strchr(r->perms, 'w') ? "data" : "rodata";
}

/* Whether a file is a library is asked once for all its mappings. */
static bool is_library(struct evidence *e, const struct vmlab_region *r,
		       const struct vmlab_part *parts, size_t nr)
{
	while (nr--) {
		const struct vmlab_region *before = parts[nr].region;

		if (before && before->inode == r->inode && !strcmp(before->name, r->name))
			return !strcmp(parts[nr].kind, "library");
	}
	return read_library(e, r);
}

/* Kernel's names for what is no file: proc(5), "pathname". */
static const struct {
	const char *prefix;
	const char *kind;
} kernel_names[] = {
	{ "[heap]",		"heap" },
	{ "[stack]",		"stack" },
	{ "[vdso]",		"vdso" },
	{ "[vvar",		"vvar" },
	{ "[vsyscall]",		"vsyscall" },
	{ "[sigpage]",		"vdso" },
	{ "[vectors]",		"vdso" },
	{ "[uprobes]",		"vdso" },
	{ "[anon_shmem:",	"shared" },
	{ "[anon:",		"anon" },
	{ "/dev/zero (deleted)",	"shared" },
	{ "/SYSV",		"shared" },
	{ "/memfd:",		"shared" },
	{ "/anon_hugepage",	"shared" },
	{ "/dev/shm/",		"shared" },
	{ "anon_inode:",	"device" },
};

static const char *classify(struct evidence *e, const struct vmlab_region *r,
			    const struct vmlab_part *parts, size_t nr)
{
	const struct vmlab_vma *vma = vma_of(e, r);
	size_t i;

	for (i = 0; i < sizeof(kernel_names) / sizeof(kernel_names[0]); i++) {
		const char *prefix = kernel_names[i].prefix;

		if (strncmp(r->name, prefix, strlen(prefix)))
			continue;
		/* A hugetlb mapping that is private has the same name as a shared one. */
		if (!strcmp(prefix, "/anon_hugepage") && r->perms[3] == 'p')
			return "anon";
		return kernel_names[i].kind;
	}
	if (vma && (vma->flags & (VMLAB_VMA_IO | VMLAB_VMA_PFNMAP)))
		return "device";
	if (is_exe(e, r))
		return kind_of_exe(r);
	if (r->name[0] == '/')
		return is_library(e, r, parts, nr) ? "library" : "file";
	/* What mprotect() has cut off from [stack], or MAP_GROWSDOWN: it grows as a stack. */
	if (vma && (vma->flags & VMLAB_VMA_GROWSDOWN))
		return "stack";
	return "anon";
}

/* ---- parts ---------------------------------------------------------------- */

static struct vmlab_part *add_part(struct vmlab_anatomy *a, uint64_t start, uint64_t end,
				   const char *kind, const char *name)
{
	struct vmlab_part *part = &a->parts[a->nr++];

	memset(part, 0, sizeof(*part));
	part->start = start;
	part->end = end;
	part->kind = kind;
	part->name = name;
	return part;
}

#define END_OF_32_BITS	(1ULL << 32)

static bool is_32_bit(const struct vmlab_anatomy *a)
{
	static const char *const abis_32[] = { "i386", "x32", "arm" };
	size_t i;

	for (i = 0; i < sizeof(abis_32) / sizeof(abis_32[0]); i++)
		if (!strcmp(a->abi, abis_32[i]))
			return true;
	return false;
}

/* What lies between regions: nothing, the gap of no address, the kernel's half. */
static void add_gap(struct vmlab_anatomy *a, const struct vmlab_info *info, uint64_t from,
		    uint64_t to)
{
	if (from < info->out_user_end && from != to) {
		uint64_t end = to && to < info->out_user_end ? to : info->out_user_end;

		if (is_32_bit(a) && from < END_OF_32_BITS && end > END_OF_32_BITS) {
			add_part(a, from, END_OF_32_BITS, "hole", "");
			from = END_OF_32_BITS;
		}
		add_part(a, from, end, "hole",
			 is_32_bit(a) && from >= END_OF_32_BITS ?
			 "beyond 32 bits: no address of this program" : "");
		from = end;
	}
	if (from == to)
		return;
	if (from < info->out_kernel_start) {
		add_part(a, from, info->out_kernel_start, "hole",
			 vmlab_arch_of(info->out_arch)->hole);
		from = info->out_kernel_start;
	}
	if (from != to)
		add_part(a, from, to, "kernel", "the kernel half");
}

static int make_parts(struct vmlab_anatomy *a, struct evidence *e)
{
	const struct vmlab_info *info = &e->session->info;
	uint64_t at = 0;
	size_t i;

	/* Each region in two, the gap before it, and what may follow the last. */
	a->parts = calloc(5 * a->regions.nr + 8, sizeof(*a->parts));
	if (!a->parts)
		return -ENOMEM;
	for (i = 0; i < a->regions.nr; i++) {
		const struct vmlab_region *r = &a->regions.v[i];
		const char *kind;

		/* Only a recording that was tampered with is out of order. */
		if (r->start < at || r->end <= r->start)
			return -EBADMSG;
		if (r->start > at)
			add_gap(a, info, at, r->start);
		at = end_of_bss(e, r, a->nr ? &a->parts[a->nr - 1] : NULL);
		if (at)
			add_part(a, r->start, at, "bss", "")->region = r;
		else
			at = r->start;
		if (at < r->end) {
			kind = classify(e, r, a->parts, a->nr);
			add_part(a, at, r->end, kind, r->name)->region = r;
		}
		at = r->end;
	}
	add_gap(a, info, at, 0);
	return 0;
}

static struct vmlab_part *part_at(struct vmlab_anatomy *a, uint64_t va)
{
	size_t low = 0, high = a->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (a->parts[mid].end && a->parts[mid].end <= va)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->nr ? &a->parts[low] : NULL;
}

/* ---- pages ---------------------------------------------------------------- */

#define F(x) VMLAB_FACT_##x

/* What counts as what: all of @all, none of @none, one of @any unless zero. */
static const struct {
	size_t offset;
	uint64_t all;
	uint64_t any;
	uint64_t none;
} counted[] = {
	/* smaps counts migration and device entries as if they were present. */
	{ offsetof(struct vmlab_pages, resident), 0,
	  F(FRAME) | F(MIGRATION) | F(DEVICE), F(HUGETLB) },
	{ offsetof(struct vmlab_pages, anon), F(ANON), 0, F(HUGETLB) },
	{ offsetof(struct vmlab_pages, file), F(FILE), 0, F(SHMEM) | F(HUGETLB) },
	{ offsetof(struct vmlab_pages, shmem), F(SHMEM), 0, 0 },
	{ offsetof(struct vmlab_pages, zero), 0, F(ZERO) | F(HUGE_ZERO), 0 },
	{ offsetof(struct vmlab_pages, cow), F(ANON) | F(ASKED_WRITE), 0,
	  F(WRITE) | F(EXCLUSIVE) | F(SHARED) },
	{ offsetof(struct vmlab_pages, cow_anon), F(ANON) | F(ASKED_WRITE), 0,
	  F(WRITE) | F(EXCLUSIVE) | F(SHARED) },
	{ offsetof(struct vmlab_pages, cow), F(FILE) | F(ASKED_WRITE), 0, F(SHARED) },
	{ offsetof(struct vmlab_pages, swap), F(SWAP), 0, 0 },
	{ offsetof(struct vmlab_pages, huge), F(HUGE) | F(FRAME), 0, 0 },
	{ offsetof(struct vmlab_pages, hugetlb), F(HUGETLB), 0, 0 },
};

/* Hidden, PRESENT is all there is to tell that a page is resident. */
static uint64_t facts_to_count(const struct vmlab_run *run, bool hidden)
{
	if (hidden && (run->facts & F(PRESENT)) && !(run->facts & (F(ZERO) | F(HUGE_ZERO))))
		return run->facts | F(FRAME);
	return run->facts;
}

static void count(struct vmlab_pages *pages, const struct vmlab_run *run, uint64_t facts,
		  uint64_t nr)
{
	size_t i;

	for (i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if ((facts & counted[i].all) == counted[i].all &&
		    (!counted[i].any || (facts & counted[i].any)) &&
		    !(facts & counted[i].none))
			*(uint64_t *)((char *)pages + counted[i].offset) += nr;
	if ((facts & F(FRAME)) && !(facts & F(HUGETLB)) &&
	    run->mapcount != VMLAB_MAPCOUNT_UNKNOWN && run->mapcount > 1)
		pages->shared += nr;
}

/* One finding at most of each kind and part. */
static void find(struct vmlab_part *part, const char *finding)
{
	vmlab_words_add(part->findings, &part->nr_findings,
			sizeof(part->findings) / sizeof(part->findings[0]), finding);
}

static void judge(struct vmlab_part *part, uint64_t facts)
{
	if ((facts & (F(WRITE) | F(EXEC))) == (F(WRITE) | F(EXEC)))
		find(part, "wx");
	if (!(facts & F(EXEC)))
		return;
	if (!strcmp(part->kind, "stack") || !strcmp(part->kind, "thread-stack"))
		find(part, "exec-stack");
	if (!strcmp(part->kind, "heap"))
		find(part, "exec-heap");
}

/* A run may span regions that lie next to each other: each gets its own pages. */
static int add_run(struct vmlab_anatomy *a, const struct evidence *e,
		   const struct vmlab_run *run, bool hidden)
{
	uint64_t facts = facts_to_count(run, hidden), shift = page_shift(e);
	uint64_t user_end = e->session->info.out_user_end, va = run->va, end;

	if (va >= user_end || run->count > (user_end - va) >> run->shift)
		return -EBADMSG;
	end = va + ((uint64_t)run->count << run->shift);
	while (va < end) {
		struct vmlab_part *part = part_at(a, va);
		uint64_t stop = part && part->end && part->end < end ? part->end : end;
		uint64_t nr = (stop - va) >> shift;

		if (!part || stop <= va)
			return -EBADMSG;
		/* In a hole: mapped since the regions were read. */
		if (!part->region)
			a->changed = true;
		count(&part->pages, run, facts, nr);
		count(&a->total, run, facts, nr);
		judge(part, facts);
		if (e->look) {
			int ret = e->look->run(e->look->ctx, a, part, run, va, nr);

			if (ret)
				return ret;
		}
		if (vmlab_run_deposits(&e->session->info, run)) {
			part->sz_tables += (nr >> (run->shift - shift)) << shift;
			a->sz_tables += (nr >> (run->shift - shift)) << shift;
		}
		va = stop;
	}
	return 0;
}

static int count_pages(struct vmlab_anatomy *a, const struct evidence *e,
		       struct vmlab_target *target)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	ret = vmlab_scan_start(&scan, target, 0, 0, NULL, 0);
	if (ret)
		return ret;
	while ((ret = vmlab_scan_next(&scan, &run)) > 0) {
		ret = add_run(a, e, &run, vmlab_target_hidden(target));
		if (ret)
			break;
	}
	vmlab_scan_end(&scan);
	return ret;
}

/* VmPTE: tables of the three lower levels; the root and a p4d are not in it. */
static int count_tables(struct vmlab_anatomy *a, const struct evidence *e,
			struct vmlab_target *target)
{
	struct vmlab_table *tables;
	ssize_t nr, i;

	if (vmlab_target_hidden(target))
		return 0;
	nr = vmlab_target_tables(target, 0, 0, &tables);
	if (nr < 0)
		return nr;
	a->tables_known = true;
	for (i = 0; i < nr; i++) {
		struct vmlab_part *part = part_at(a, tables[i].va);

		if (tables[i].level > VMLAB_LEVEL_PUD ||
		    tables[i].level == e->session->info.out_levels)
			continue;
		/* A table begins to serve in the first region that it covers. */
		while (part && part < a->parts + a->nr - 1 && !part->region)
			part++;
		a->sz_tables += 1ULL << page_shift(e);
		if (part)
			part->sz_tables += 1ULL << page_shift(e);
	}
	free(tables);
	return 0;
}

/* ---- threads -------------------------------------------------------------- */

static int add_thread(struct vmlab_part *part, pid_t tid, uint64_t sp)
{
	pid_t *more = realloc(part->threads, (part->nr_threads + 1) * sizeof(*more));
	uint64_t *sps;

	if (!more)
		return -ENOMEM;
	part->threads = more;
	sps = realloc(part->sps, (part->nr_threads + 1) * sizeof(*sps));
	if (!sps)
		return -ENOMEM;
	part->sps = sps;
	part->sps[part->nr_threads] = sp;
	part->threads[part->nr_threads++] = tid;
	return 0;
}

/*
 * A blocked thread's stack pointer stands in /proc/PID/task/TID/syscall, for those
 * who may trace it: "NR ARGS... SP PC", or "-1 SP PC" outside a system call.
 */
bool vmlab_thread_at(struct vmlab_session *session, pid_t pid, pid_t tid, uint64_t *sp,
		     uint64_t *pc)
{
	char path[64], *text, *last, *before = NULL;
	bool known = false;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
	if (vmlab_source_text(session->source, path, &text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	last = strrchr(text, ' ');
	if (last) {
		known = sscanf(last, " 0x%" SCNx64, pc) == 1;
		*last = '\0';
		before = strrchr(text, ' ');
	}
	known = known && before && sscanf(before, " 0x%" SCNx64, sp) == 1;
	free(text);
	return known;
}

/* A stack pointer makes anonymous memory a stack. */
static int place_stack(struct vmlab_anatomy *a, struct vmlab_session *session, pid_t pid,
		       pid_t tid)
{
	struct vmlab_part *part;
	uint64_t sp, pc;

	if (!vmlab_thread_at(session, pid, tid, &sp, &pc))
		return 0;
	part = part_at(a, sp);
	if (!part || !part->region)
		return 0;
	if (!strcmp(part->kind, "anon"))
		part->kind = "thread-stack";
	return add_thread(part, tid, sp);
}

/*
 * A thread pointer makes it thread-local storage, where it is no stack, whose upper end
 * is where other threads than the first have theirs.
 */
static void place_storage(struct vmlab_anatomy *a, struct vmlab_target *target, pid_t tid)
{
	const bool gs = !strcmp(a->abi, "i386");
	struct vmlab_thread thread;
	struct vmlab_part *part;

	if (vmlab_target_thread(target, tid, &thread) ||
	    !(thread.out_known & (gs ? VMLAB_THREAD_GS : VMLAB_THREAD_TP)))
		return;
	part = part_at(a, gs ? thread.out_gs : thread.out_tp);
	if (part && part->region && !strcmp(part->kind, "anon"))
		part->kind = "tls";
}

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

/* All stacks first: what is one is no storage, whoever's storage is in it. */
static int place_threads(struct vmlab_anatomy *a, struct vmlab_session *session,
			 struct vmlab_target *target)
{
	const pid_t pid = vmlab_target_pid(target);
	char path[64], *names;
	const char *at;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if (vmlab_source_names(session->source, path, &names) < 0)
		return 0;
	for (at = names; !ret && *at; at = next_line(at))
		if (atoi(at) > 0)
			ret = place_stack(a, session, pid, atoi(at));
	for (at = names; !ret && *at; at = next_line(at))
		if (atoi(at) > 0)
			place_storage(a, target, atoi(at));
	free(names);
	return ret;
}

/*
 * Memory that nobody may touch, right below a stack: a guard. Elsewhere memory
 * without permissions is a reservation, and stays what it was.
 */
static void find_guards(struct vmlab_anatomy *a)
{
	size_t i;

	for (i = 0; i + 1 < a->nr; i++) {
		struct vmlab_part *part = &a->parts[i], *next = &a->parts[i + 1];

		if (!part->region || strncmp(part->region->perms, "---", 3) ||
		    strcmp(part->kind, "anon"))
			continue;
		if (!strcmp(next->kind, "thread-stack") || !strcmp(next->kind, "stack"))
			part->kind = "guard";
	}
}

/* ---- the program ---------------------------------------------------------- */

static const struct {
	uint16_t machine;
	uint8_t class;
	const char *abi;
} abis[] = {
	{ EM_X86_64, ELFCLASS64, "x86_64" },
	{ EM_X86_64, ELFCLASS32, "x32" },
	{ EM_386, ELFCLASS32, "i386" },
	{ EM_AARCH64, ELFCLASS64, "arm64" },
	{ EM_ARM, ELFCLASS32, "arm" },
	{ EM_RISCV, ELFCLASS64, "riscv64" },
};

/*
 * The program's lowest mapping: what AT_PHDR points into, which holds however the
 * file is called by now, and where there is no file name at all.
 */
static uint64_t phdr_address(struct vmlab_session *session, pid_t pid, uint8_t class)
{
	char path[64], *text;
	uint64_t found = 0;
	ssize_t len, at;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	len = vmlab_source_text(session->source, path, &text);
	if (len < 0)
		return 0;
	if (class == ELFCLASS32) {
		Elf32_auxv_t aux;

		for (at = 0; at + (ssize_t)sizeof(aux) <= len; at += sizeof(aux)) {
			memcpy(&aux, text + at, sizeof(aux));
			if (aux.a_type == AT_PHDR)
				found = aux.a_un.a_val;
		}
	} else {
		Elf64_auxv_t aux;

		for (at = 0; at + (ssize_t)sizeof(aux) <= len; at += sizeof(aux)) {
			memcpy(&aux, text + at, sizeof(aux));
			if (aux.a_type == AT_PHDR)
				found = aux.a_un.a_val;
		}
	}
	free(text);
	return found;
}

static void know_program(struct evidence *e, struct vmlab_anatomy *a)
{
	const struct vmlab_region *at;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)e->pid);
	if (vmlab_elf_read(e->session, path, &e->exe))
		return;
	e->exe_known = true;
	for (i = 0; i < sizeof(abis) / sizeof(abis[0]); i++)
		if (abis[i].machine == e->exe.machine && abis[i].class == e->exe.class)
			snprintf(a->abi, sizeof(a->abi), "%s", abis[i].abi);
	at = vmlab_regions_find(e->regions, phdr_address(e->session, e->pid, e->exe.class));
	if (!at || !at->inode)
		return;
	e->exe_first = at;
	if (!vmlab_elf_bias(&e->exe, at, 1ULL << page_shift(e), &e->exe_bias))
		e->exe_bias = 0;
}

int vmlab_anatomy_look(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_anatomy_look *look, struct vmlab_anatomy *out)
{
	struct evidence e = {
		.session = session,
		.pid = vmlab_target_pid(target),
		.look = look,
	};
	struct vmlab_regions after;
	size_t i;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = vmlab_regions_read(session, e.pid, &out->regions);
	if (ret)
		return ret;
	e.regions = &out->regions;
	ret = vmlab_target_vmas(target, 0, 0, &e.vmas);
	if (ret < 0)
		goto fail;
	e.nr_vmas = ret;
	know_program(&e, out);
	ret = make_parts(out, &e);
	if (!ret)
		ret = place_threads(out, session, target);
	if (ret)
		goto fail;
	find_guards(out);
	for (i = 0; i < out->nr; i++)
		if (out->parts[i].region && !strncmp(out->parts[i].region->perms, "rwx", 3))
			find(&out->parts[i], "rwx-asked");
	ret = count_pages(out, &e, target);
	if (!ret)
		ret = count_tables(out, &e, target);
	if (!ret)
		ret = vmlab_regions_read(session, e.pid, &after);
	if (ret)
		goto fail;
	out->changed |= !vmlab_regions_equal(&out->regions, &after);
	vmlab_regions_free(&after);
	if (look) {
		look->vmas = e.vmas;
		look->nr_vmas = e.nr_vmas;
	} else {
		free(e.vmas);
	}
	vmlab_elf_free(&e.exe);
	vmlab_elf_free(&e.library);
	return 0;

fail:
	free(e.vmas);
	vmlab_elf_free(&e.exe);
	vmlab_elf_free(&e.library);
	vmlab_anatomy_free(out);
	return ret;
}

int vmlab_anatomy_read(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_anatomy *out)
{
	return vmlab_anatomy_look(session, target, NULL, out);
}

void vmlab_anatomy_free(struct vmlab_anatomy *anatomy)
{
	size_t i;

	for (i = 0; i < anatomy->nr; i++) {
		free(anatomy->parts[i].threads);
		free(anatomy->parts[i].sps);
	}
	free(anatomy->parts);
	vmlab_regions_free(&anatomy->regions);
	memset(anatomy, 0, sizeof(*anatomy));
}
