// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * threads.c - the threads of a process: where each one's stack is, how much of it has
 * been touched and what guards it, where its thread-local storage is and which module
 * has which share; and that all of them run on one page table.
 *
 * Nobody is stopped for it. A blocked or stopped thread's stack pointer stands in /proc,
 * its thread pointer in the kernel's task (VMLAB_THREAD); of one that runs just then
 * neither is known. What lies behind the thread pointer is the C library's, and only
 * believed where it looks like glibc's.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anatomy.h"
#include "memory.h"
#include "session.h"

/* ---- words of its memory --------------------------------------------------- */

struct memory_question {
	pid_t pid;
	uint64_t va;
	size_t size;
	unsigned int page_shift;
};

static ssize_t compute_memory(const void *ctx, char **out)
{
	const struct memory_question *q = ctx;
	struct vmlab_memory memory;
	ssize_t ret = -EIO;

	*out = malloc(q->size);
	if (!*out)
		return -ENOMEM;
	vmlab_memory_open(&memory, q->pid, q->page_shift);
	if (vmlab_memory_read(&memory, q->va, *out, q->size) == VMLAB_MEMORY_READ)
		ret = q->size;
	vmlab_memory_close(&memory);
	if (ret < 0) {
		free(*out);
		*out = NULL;
	}
	return ret;
}

/* Everything under way. */
struct work {
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_threads_all *out;
	pid_t pid;
	size_t word;		/* bytes of an address of the program's */
	const struct tls_abi *abi;
	/* Files with thread-local storage, by the number that the loader gives them, from 1. */
	const struct vmlab_image **modules;
	size_t nr_modules;
};

/* All within one page, as aligned words are. */
static bool read_memory(const struct work *w, uint64_t va, void *buf, size_t size)
{
	struct memory_question q = {
		.pid = w->pid,
		.va = va,
		.size = size,
		.page_shift = w->session->info.out_page_shift,
	};
	char key[80], *bytes;
	ssize_t len;

	snprintf(key, sizeof(key), "memory:%d:%" PRIx64 ":%zu", (int)w->pid, va, size);
	len = vmlab_source_answer(w->session->source, key, compute_memory, &q, &bytes);
	if (len == (ssize_t)size)
		memcpy(buf, bytes, size);
	if (len >= 0)
		free(bytes);
	return len == (ssize_t)size;
}

/* An address of the program's, of its own width. */
static bool read_address(const struct work *w, uint64_t va, uint64_t *value)
{
	*value = 0;
	return !(va & (w->word - 1)) && read_memory(w, va, value, w->word);
}

/* ---- what a C library keeps at the thread pointer --------------------------- */

/**
 * struct tls_abi - thread-local storage of glibc, by the program's ABI
 * @machine: EM_*
 * @class: ELFCLASS*
 * @gs: the thread pointer is GS and not FS
 * @above: modules' shares lie above the thread pointer, else below
 * @dtv: where the vector of modules' shares is, in words from the thread pointer
 * @self: words that hold the thread pointer itself, in words from it; 0 twice for none
 *
 * "ELF Handling For Thread-Local Storage"; tcbhead_t in sysdeps/.../tls.h of glibc.
 */
struct tls_abi {
	uint16_t machine;
	uint8_t class;
	bool gs;
	bool above;
	unsigned int dtv;
	unsigned int self[2];
	bool has_self;
};

static const struct tls_abi abis[] = {
	{ EM_X86_64, ELFCLASS64, false, false, 1, { 0, 2 }, true },
	{ EM_386, ELFCLASS32, true, false, 1, { 0, 2 }, true },
	{ EM_AARCH64, ELFCLASS64, false, true, 0, { 0, 0 }, false },
};

static const struct tls_abi *abi_of(const struct vmlab_elf *elf)
{
	size_t i;

	for (i = 0; i < sizeof(abis) / sizeof(abis[0]); i++)
		if (abis[i].machine == elf->machine && abis[i].class == elf->class)
			return &abis[i];
	return NULL;
}

static const struct vmlab_segment *segment_of(const struct vmlab_image *image, uint32_t type)
{
	size_t i;

	for (i = 0; i < image->elf.nr_segments; i++)
		if (image->elf.segments[i].type == type)
			return &image->elf.segments[i];
	return NULL;
}

static bool has_glibc(const struct work *w)
{
	const struct vmlab_perms_all *perms = &w->out->perms;
	size_t i;

	for (i = 0; i < perms->nr_images; i++) {
		const char *slash = strrchr(perms->images[i].name, '/');

		if (slash && !strcmp(slash + 1, "libc.so.6"))
			return true;
	}
	return false;
}

/* Loaded files are at most so many; whoever loops in them is not followed for ever. */
#define MAX_LINKS	4096

static void add_module(struct work *w, const struct vmlab_image *image)
{
	const struct vmlab_segment *tls = segment_of(image, PT_TLS);

	if (tls && tls->sz_mem && w->nr_modules < w->out->perms.nr_images)
		w->modules[w->nr_modules++] = image;
}

/* struct r_debug and struct link_map of <link.h>: the loader's own list, in words. */
enum { DEBUG_MAP = 1, LINK_LD = 2, LINK_NEXT = 3 };

static bool first_link(const struct work *w, const struct vmlab_image *program, uint64_t *link)
{
	const struct vmlab_segment *dynamic = segment_of(program, PT_DYNAMIC);
	uint64_t va, end, tag, debug;

	if (!dynamic)
		return false;
	end = dynamic->vaddr + dynamic->sz_mem + program->bias;
	for (va = dynamic->vaddr + program->bias; va + 2 * w->word <= end; va += 2 * w->word) {
		if (!read_address(w, va, &tag) || tag == DT_NULL)
			return false;
		if (tag == DT_DEBUG)
			return read_address(w, va + w->word, &debug) && debug &&
			       read_address(w, debug + DEBUG_MAP * w->word, link);
	}
	return false;
}

static const struct vmlab_image *image_with_dynamic(const struct work *w, uint64_t va)
{
	const struct vmlab_perms_all *perms = &w->out->perms;
	const struct vmlab_segment *dynamic;
	size_t i;

	for (i = 0; i < perms->nr_images; i++) {
		dynamic = segment_of(&perms->images[i], PT_DYNAMIC);
		if (dynamic && dynamic->vaddr + perms->images[i].bias == va)
			return &perms->images[i];
	}
	return NULL;
}

/* Modules are numbered as they were loaded, which is the order of the list. */
static void list_modules(struct work *w, const struct vmlab_image *program)
{
	uint64_t link, ld, next;
	unsigned int i;

	if (!first_link(w, program, &link)) {
		add_module(w, program);
		return;
	}
	for (i = 0; link && i < MAX_LINKS; i++, link = next) {
		const struct vmlab_image *image;

		if (!read_address(w, link + LINK_LD * w->word, &ld) ||
		    !read_address(w, link + LINK_NEXT * w->word, &next))
			return;
		image = image_with_dynamic(w, ld);
		if (image)
			add_module(w, image);
	}
}

static const struct vmlab_image *program_of(const struct work *w)
{
	const struct vmlab_perms_all *perms = &w->out->perms;
	size_t i;

	for (i = 0; i < perms->nr_regions; i++)
		if (perms->regions[i].image && strcmp(perms->regions[i].part->kind, "library"))
			return perms->regions[i].image;
	return NULL;
}

static int know_modules(struct work *w)
{
	const struct vmlab_image *program = program_of(w);

	w->modules = calloc(w->out->perms.nr_images + 1, sizeof(*w->modules));
	if (!w->modules)
		return -ENOMEM;
	if (!program)
		return 0;
	w->abi = abi_of(&program->elf);
	w->word = program->elf.class == ELFCLASS32 ? 4 : 8;
	/* Without a word that gives it away, the file has to. */
	if (w->abi && !w->abi->has_self && !has_glibc(w))
		w->abi = NULL;
	if (w->abi)
		list_modules(w, program);
	return 0;
}

static bool looks_right(const struct work *w, uint64_t tp)
{
	uint64_t value;
	size_t i;

	for (i = 0; w->abi->has_self && i < 2; i++)
		if (!read_address(w, tp + w->abi->self[i] * w->word, &value) || value != tp)
			return false;
	return true;
}

/* ---- one thread ------------------------------------------------------------ */

static const struct vmlab_part *part_of(const struct work *w, uint64_t va)
{
	const struct vmlab_perms_all *perms = &w->out->perms;
	size_t low = 0, high = perms->nr_regions;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (perms->regions[mid].part->end <= va)
			low = mid + 1;
		else
			high = mid;
	}
	return low < perms->nr_regions && perms->regions[low].part->start <= va ?
	       perms->regions[low].part : NULL;
}

static ssize_t read_text(const struct work *w, pid_t tid, const char *name, char **out)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)w->pid, (int)tid, name);
	return vmlab_source_text(w->session->source, path, out);
}

/* proc(5): the state is field 3 of stat, the CPU field 39; the name before may be any. */
static void read_stat(const struct work *w, struct vmlab_thread_view *t)
{
	char *text, *at;
	int field;

	if (read_text(w, t->tid, "stat", &text) < 0)
		return;
	at = strrchr(text, ')');
	for (field = 2; at && field < 39; field++) {
		at = strchr(at + 1, ' ');
		if (at && field == 2)
			t->state = at[1];
	}
	if (at && sscanf(at, " %d", &t->cpu) != 1)
		t->cpu = -1;
	free(text);
}

static void read_comm(const struct work *w, struct vmlab_thread_view *t)
{
	char *text;

	if (read_text(w, t->tid, "comm", &text) < 0)
		return;
	snprintf(t->comm, sizeof(t->comm), "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

static const struct vmlab_perms_region *region_of(const struct work *w,
						  const struct vmlab_part *part)
{
	size_t i;

	for (i = 0; i < w->out->perms.nr_regions; i++)
		if (w->out->perms.regions[i].part == part)
			return &w->out->perms.regions[i];
	return NULL;
}

/* How far the first thread's stack may grow: the process's limit, from its end down. */
static uint64_t limit_of_stack(const struct work *w)
{
	uint64_t limit = 0;
	char *text, *at;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)w->pid);
	if (vmlab_source_text(w->session->source, path, &text) < 0)
		return 0;
	at = strstr(text, "Max stack size");
	if (at && sscanf(at + strlen("Max stack size"), "%" SCNu64, &limit) != 1)
		limit = 0;
	free(text);
	return limit;
}

/* What its mapping is, cut where guard markers part it from other stacks. */
static void know_stack(const struct work *w, struct vmlab_thread_view *t)
{
	const struct vmlab_perms_all *perms = &w->out->perms;
	const struct vmlab_perms_region *region;
	const struct vmlab_part *part = part_of(w, t->sp), *below;
	size_t i;

	if (!part)
		return;
	region = region_of(w, part);
	t->stack = part;
	t->stack_start = part->start;
	t->stack_end = part->end;
	t->sz_reserved = part->end - part->start;
	t->sz_used = (part->pages.resident + part->pages.swap + part->pages.zero +
		      part->pages.hugetlb) << w->session->info.out_page_shift;
	if (region && region->vma && (region->vma->flags & VMLAB_VMA_GROWSDOWN)) {
		uint64_t limit = limit_of_stack(w);

		if (limit > t->sz_reserved)
			t->sz_reserved = limit;
		return;
	}
	t->guard_known = true;
	for (i = 0; i < perms->nr_guards; i++) {
		const struct vmlab_guard *guard = &perms->guards[i];

		if (guard->start < part->start || guard->end > part->end)
			continue;
		if (guard->end <= t->sp) {
			t->stack_start = guard->end;
			t->sz_guard = guard->end - guard->start;
		} else if (guard->start < t->stack_end) {
			t->stack_end = guard->start;
		}
	}
	t->sz_reserved = t->stack_end - t->stack_start;
	below = part > perms->anatomy.parts ? part - 1 : NULL;
	if (!t->sz_guard && below && below->region && !strncmp(below->region->perms, "---", 3))
		t->sz_guard = below->end - below->start;
}

/* Where the loader's vector says that each module's share is. */
static int share_out(const struct work *w, struct vmlab_thread_view *t, uint64_t dtv)
{
	uint64_t length, at;
	size_t i;

	/* Two words an entry; the one before the first says how many there are. */
	if (!read_address(w, dtv - 2 * w->word, &length))
		return 0;
	t->modules = calloc(w->nr_modules + 1, sizeof(*t->modules));
	if (!t->modules)
		return -ENOMEM;
	t->tls_known = true;
	t->tls_start = t->tp;
	t->tls_end = t->tp;
	for (i = 0; i < w->nr_modules && i + 1 <= length; i++) {
		uint64_t size = segment_of(w->modules[i], PT_TLS)->sz_mem;
		const struct vmlab_part *part;

		if (!read_address(w, dtv + (i + 1) * 2 * w->word, &at))
			continue;
		/* Not made for this thread yet: all ones. */
		part = at + size > at ? part_of(w, at) : NULL;
		if (!part || at + size > part->end)
			continue;
		t->modules[t->nr_modules++] = (struct vmlab_tls){ w->modules[i], at, at + size };
		/* What lies elsewhere was allocated later, for a module of its own. */
		if (part != t->tls)
			continue;
		if (!w->abi->above && at < t->tls_start)
			t->tls_start = at;
		if (w->abi->above && at > t->tp && at + size > t->tls_end)
			t->tls_end = at + size;
	}
	return 0;
}

static int know_storage(const struct work *w, struct vmlab_thread_view *t)
{
	const uint32_t bit = w->abi && w->abi->gs ? VMLAB_THREAD_GS : VMLAB_THREAD_TP;
	uint64_t dtv;

	if (!w->abi || !(t->saved.out_known & bit))
		return 0;
	t->tp = w->abi->gs ? t->saved.out_gs : t->saved.out_tp;
	t->tp_known = true;
	t->tls = t->tp ? part_of(w, t->tp) : NULL;
	if (!t->tls || !looks_right(w, t->tp) ||
	    !read_address(w, t->tp + w->abi->dtv * w->word, &dtv) || !dtv)
		return 0;
	return share_out(w, t, dtv);
}

/* 0 when there is no such thread any more. */
static int ask_thread(struct work *w, pid_t tid, struct vmlab_thread_view *t)
{
	int ret;

	memset(t, 0, sizeof(*t));
	t->tid = tid;
	t->cpu = -1;
	read_comm(w, t);
	read_stat(w, t);
	ret = vmlab_target_thread(w->target, tid, &t->saved);
	if (ret) {
		/* Not for this caller, or a module that is older: not known, that is all. */
		memset(&t->saved, 0, sizeof(t->saved));
		if (ret == -ESRCH)
			return 0;
	}
	t->at_known = vmlab_thread_at(w->session, w->pid, tid, &t->sp, &t->pc);
	return 1;
}

static int list_threads(struct work *w)
{
	struct vmlab_threads_all *out = w->out;
	char path[64], *names, *line, *save = NULL;
	size_t room = 1;
	ssize_t len, i;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)w->pid);
	len = vmlab_source_names(w->session->source, path, &names);
	if (len < 0)
		return len == -ENOENT ? -ESRCH : len;
	for (i = 0; i < len; i++)
		room += names[i] == '\n';
	out->threads = calloc(room, sizeof(*out->threads));
	for (line = out->threads ? strtok_r(names, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		pid_t tid = atoi(line);

		if (tid > 0)
			out->nr_threads += ask_thread(w, tid, &out->threads[out->nr_threads]);
	}
	free(names);
	return out->threads ? 0 : -ENOMEM;
}

/* The roots that the threads run on, and the one that a walk of their addresses begins at. */
static void compare_roots(struct work *w)
{
	struct vmlab_threads_all *out = w->out;
	struct vmlab_walk walk;
	size_t i;

	if (vmlab_target_walk(w->target, 0, &walk) || !walk.out_nr_levels)
		return;
	out->root_pa = walk.out_levels[0].table_pa;
	out->one_table_known = true;
	out->one_table = true;
	for (i = 0; i < out->nr_threads; i++) {
		if (!(out->threads[i].saved.out_known & VMLAB_THREAD_ROOT))
			out->one_table_known = false;
		else if (out->threads[i].saved.out_root_pa != out->root_pa)
			out->one_table = false;
	}
}

int vmlab_threads_read(struct vmlab_session *session, struct vmlab_target *target,
		       struct vmlab_threads_all *out)
{
	struct work w = {
		.session = session,
		.target = target,
		.out = out,
		.pid = vmlab_target_pid(target),
	};
	size_t i;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = list_threads(&w);
	if (!ret)
		ret = vmlab_perms_read(session, target, &out->perms);
	if (!ret)
		ret = know_modules(&w);
	for (i = 0; !ret && i < out->nr_threads; i++) {
		if (out->threads[i].at_known)
			know_stack(&w, &out->threads[i]);
		ret = know_storage(&w, &out->threads[i]);
	}
	if (!ret)
		compare_roots(&w);
	free(w.modules);
	if (ret)
		vmlab_threads_free(out);
	return ret;
}

void vmlab_threads_free(struct vmlab_threads_all *threads)
{
	size_t i;

	for (i = 0; i < threads->nr_threads; i++)
		free(threads->threads[i].modules);
	free(threads->threads);
	vmlab_perms_free(&threads->perms);
	memset(threads, 0, sizeof(*threads));
}
