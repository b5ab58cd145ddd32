// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * symbols.c - which function an address of a process lies in.
 *
 * Mappings of code are told as they are made (bpf/code.bpf.h). For those that were there
 * before, an address that is in none of them makes /proc/PID/maps be read, a few times
 * only: code that is made at run time has no symbols, however often one looks. What is
 * known is kept: when a process has ended it is all that is left of it.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

#define NR_PROCESSES	256	/* kept at the same time */
#define NR_FILES	256
#define NR_KNOWN	4096	/* addresses whose name is remembered */
#define MAX_READS	8

struct process {
	pid_t pid;
	unsigned int reads;
	struct vmlab_regions regions;
};

struct file {
	char *path;
	struct vmlab_elf elf;
	bool readable;
	struct vmlab_symtab *symtab;
};

struct known {
	pid_t pid;
	uint64_t va;
	char name[560];		/* "" for an address that has none */
};

struct vmlab_symbols {
	struct vmlab_session *session;
	struct process processes[NR_PROCESSES];
	size_t next_process;
	struct file files[NR_FILES];
	size_t nr_files;
	struct known known[NR_KNOWN];
};

struct vmlab_symbols *vmlab_symbols_new(struct vmlab_session *session)
{
	struct vmlab_symbols *symbols = calloc(1, sizeof(*symbols));

	if (symbols)
		symbols->session = session;
	return symbols;
}

void vmlab_symbols_free(struct vmlab_symbols *symbols)
{
	size_t i;

	if (!symbols)
		return;
	for (i = 0; i < NR_PROCESSES; i++)
		vmlab_regions_free(&symbols->processes[i].regions);
	for (i = 0; i < symbols->nr_files; i++) {
		free(symbols->files[i].path);
		vmlab_elf_free(&symbols->files[i].elf);
		vmlab_symtab_free(symbols->files[i].symtab);
	}
	free(symbols);
}

static struct process *find_process(struct vmlab_symbols *symbols, pid_t pid)
{
	size_t i;

	for (i = 0; i < NR_PROCESSES; i++)
		if (symbols->processes[i].pid == pid)
			return &symbols->processes[i];
	return NULL;
}

/* A place for another one: the oldest makes room. */
static struct process *new_process(struct vmlab_symbols *symbols, pid_t pid)
{
	struct process *process = &symbols->processes[symbols->next_process++ % NR_PROCESSES];

	vmlab_regions_free(&process->regions);
	process->pid = pid;
	process->reads = 0;
	return process;
}

static void read_regions(struct vmlab_symbols *symbols, struct process *process)
{
	struct vmlab_regions regions;

	process->reads++;
	/* One that has ended has no mappings: those known before are better. */
	if (vmlab_regions_read(symbols->session, process->pid, &regions))
		return;
	if (!regions.nr) {
		vmlab_regions_free(&regions);
		return;
	}
	vmlab_regions_free(&process->regions);
	process->regions = regions;
}

static void forget_known(struct vmlab_symbols *symbols, pid_t pid)
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++)
		if (symbols->known[i].pid == pid)
			symbols->known[i].pid = 0;
}

void vmlab_symbols_mapped(struct vmlab_symbols *symbols, pid_t pid,
			  const struct vmlab_region *region)
{
	struct process *process = find_process(symbols, pid);
	struct vmlab_regions *regions;
	struct vmlab_region *more;
	size_t i, to = 0;

	if (!process)
		process = new_process(symbols, pid);
	regions = &process->regions;
	more = realloc(regions->v, (regions->nr + 1) * sizeof(*more));
	if (!more)
		return;
	regions->v = more;
	/* Sorted, and without what it covers: of an old program, or unmapped since. */
	for (i = 0; i < regions->nr; i++) {
		if (more[i].start < region->end && region->start < more[i].end)
			free(more[i].name);
		else
			more[to++] = more[i];
	}
	regions->nr = to;
	for (i = to; i && more[i - 1].start > region->start; i--)
		more[i] = more[i - 1];
	more[i] = *region;
	more[i].name = strdup(region->name);
	if (more[i].name)
		regions->nr++;
	else
		memmove(&more[i], &more[i + 1], (to - i) * sizeof(*more));
	forget_known(symbols, pid);
}

static bool copy_regions(struct vmlab_regions *to, const struct vmlab_regions *from)
{
	size_t i;

	memset(to, 0, sizeof(*to));
	to->v = calloc(from->nr, sizeof(*to->v));
	if (!to->v)
		return false;
	for (i = 0; i < from->nr; i++) {
		to->v[i] = from->v[i];
		to->v[i].name = strdup(from->v[i].name);
		if (!to->v[i].name)
			break;
		to->nr++;
	}
	return to->nr == from->nr;
}

void vmlab_symbols_inherit(struct vmlab_symbols *symbols, pid_t parent, pid_t child)
{
	struct process *from = find_process(symbols, parent), *to;
	struct vmlab_regions copy;

	if (!from || !from->regions.nr || find_process(symbols, child))
		return;
	if (!copy_regions(&copy, &from->regions)) {
		vmlab_regions_free(&copy);
		return;
	}
	to = new_process(symbols, child);
	to->regions = copy;
}

static const struct vmlab_region *region_of(struct vmlab_symbols *symbols, pid_t pid,
					    uint64_t va)
{
	struct process *process = find_process(symbols, pid);
	const struct vmlab_region *region;

	if (!process)
		process = new_process(symbols, pid);
	region = vmlab_regions_find(&process->regions, va);
	if (region || process->reads >= MAX_READS)
		return region;
	read_regions(symbols, process);
	return vmlab_regions_find(&process->regions, va);
}

static struct file *file_of(struct vmlab_symbols *symbols, const char *path)
{
	struct file *file;
	size_t i;

	for (i = 0; i < symbols->nr_files; i++)
		if (!strcmp(symbols->files[i].path, path))
			return &symbols->files[i];
	if (symbols->nr_files == NR_FILES)
		return NULL;
	file = &symbols->files[symbols->nr_files];
	file->path = strdup(path);
	file->symtab = vmlab_symtab_new(path);
	if (!file->path || !file->symtab) {
		free(file->path);
		vmlab_symtab_free(file->symtab);
		return NULL;
	}
	file->readable = !vmlab_elf_read(symbols->session, path, &file->elf);
	symbols->nr_files++;
	return file;
}

/* Where the address would be if the file were mapped at 0, as its symbols count. */
static bool unrelocate(const struct file *file, const struct vmlab_region *region,
		       uint64_t *va)
{
	uint64_t offset = *va - region->start + region->offset;
	size_t i;

	for (i = 0; i < file->elf.nr_segments; i++) {
		const struct vmlab_segment *s = &file->elf.segments[i];

		if (s->type == PT_LOAD && offset >= s->offset &&
		    offset - s->offset < s->sz_file) {
			*va = offset - s->offset + s->vaddr;
			return true;
		}
	}
	return false;
}

static int look_up(struct vmlab_symbols *symbols, pid_t pid, uint64_t va, char *buf, size_t size)
{
	const struct vmlab_region *region = region_of(symbols, pid, va);
	const char *base;
	uint64_t offset;
	char name[256];
	struct file *file;
	int ret;

	if (!region || region->name[0] != '/')
		return -ENOENT;
	file = file_of(symbols, region->name);
	if (!file || !file->readable || !unrelocate(file, region, &va))
		return -ENOENT;
	ret = vmlab_symtab_name(symbols->session, file->symtab, va, name, sizeof(name), &offset);
	if (ret)
		return -ENOENT;
	base = strrchr(region->name, '/') + 1;
	snprintf(buf, size, "%s:%s+0x%llx", base, name, (unsigned long long)offset);
	return 0;
}

int vmlab_symbols_name(struct vmlab_symbols *symbols, pid_t pid, uint64_t va, char *buf,
		       size_t size)
{
	struct known *known = &symbols->known[(va ^ va >> 12 ^ (uint64_t)pid * 31) % NR_KNOWN];

	if (known->pid != pid || known->va != va) {
		known->pid = pid;
		known->va = va;
		if (look_up(symbols, pid, va, known->name, sizeof(known->name)))
			known->name[0] = '\0';
	}
	if (!known->name[0])
		return -ENOENT;
	snprintf(buf, size, "%s", known->name);
	return 0;
}

int vmlab_symbols_place(struct vmlab_symbols *symbols, pid_t pid, uint64_t va, char *buf,
			size_t size)
{
	const struct vmlab_region *region;

	if (!vmlab_symbols_name(symbols, pid, va, buf, size))
		return 0;
	region = region_of(symbols, pid, va);
	if (!region || region->name[0] != '/')
		return -ENOENT;
	snprintf(buf, size, "%s+0x%llx", strrchr(region->name, '/') + 1,
		 (unsigned long long)(va - region->start + region->offset));
	return 0;
}

/* The segment that all of @part was mapped from, or NULL. */
static const struct vmlab_segment *load_of(const struct vmlab_elf *elf,
					   const struct vmlab_mapped_part *part)
{
	const struct vmlab_segment *found = NULL;
	size_t i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct vmlab_segment *s = &elf->segments[i];
		const unsigned int asked = (s->flags & PF_R ? 1 : 0) | (s->flags & PF_W ? 2 : 0) |
					   (s->flags & PF_X ? 4 : 0);

		if (s->type != PT_LOAD || !s->sz_file ||
		    part->offset < (s->offset & ~(part->page - 1)) ||
		    part->offset + part->size >
		    ((s->offset + s->sz_file + part->page - 1) & ~(part->page - 1)))
			continue;
		/* Two may share a page of the file: then it is the one that was so until now. */
		if (!found || asked == part->asked)
			found = s;
	}
	return found;
}

int vmlab_symbols_segment(struct vmlab_symbols *symbols, const char *path,
			  const struct vmlab_mapped_part *part, char *buf, size_t size)
{
	const struct vmlab_segment *load;
	struct file *file = file_of(symbols, path);
	uint64_t start, mask = part->page - 1;
	size_t i;

	if (!file || !file->readable || !part->page || part->offset + part->size < part->offset)
		return -ENOENT;
	load = load_of(&file->elf, part);
	if (!load)
		return -ENOENT;
	/* Where it would be in a file that is loaded at 0. */
	start = part->offset - (load->offset & ~mask) + (load->vaddr & ~mask);
	for (i = 0; i < file->elf.nr_segments; i++) {
		const struct vmlab_segment *s = &file->elf.segments[i];

		/* The loader leaves out a page that it shares with what follows. */
		if (s->type == PT_GNU_RELRO && start >= (s->vaddr & ~mask) &&
		    start + part->size <= ((s->vaddr + s->sz_mem) & ~mask)) {
			snprintf(buf, size, "GNU_RELRO");
			return 0;
		}
	}
	snprintf(buf, size, "LOAD %c%c%c", load->flags & PF_R ? 'r' : '-',
		 load->flags & PF_W ? 'w' : '-', load->flags & PF_X ? 'x' : '-');
	return 0;
}
