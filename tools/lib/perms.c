// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * perms.c - what was asked for, what could be asked for at most, what the MMU enforces,
 * page by page, and why they differ; and what a process should rather not have.
 *
 * The parts and their kinds are the anatomy's. What is new here is taken from the same
 * scan (which permissions, for which reasons), from the files that are loaded (segments,
 * sections, RELRO) and from the memory of their tables of functions (what is bound).
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anatomy.h"
#include "session.h"

#define F(x)	VMLAB_FACT_##x
#define RWX	(F(READ) | F(WRITE) | F(EXEC))

/* x86-64 has 16, arm64 8. */
#define NR_KEYS	16

/* What threads may not do to pages of one key: who they are, by what that is. */
struct key_rights {
	struct {
		uint64_t denied;
		pid_t tid;		/* the first of them */
		uint64_t keys;
		size_t nr;
	} v[VMLAB_COMBINATIONS];
	size_t nr;
};

/* Everything under way. */
struct work {
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_perms_all *out;
	uint64_t page;		/* bytes of a base page */
	size_t nr_parts;	/* of the anatomy: so many regions there are while it is made */
	struct key_rights *rights;	/* of each key, or NULL where there are none */
};

/* Doubles: *v has room for nr + 1 afterwards. NULL without memory, *v as it was. */
static void *grown(void *v, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return v;
	return realloc(v, (nr ? 2 * nr : 1) * size);
}

/* ---- what pages get, and why ---------------------------------------------- */

static bool same_reasons(const struct vmlab_perms_pages *pages, unsigned int enforced,
			 const char *const *why, size_t nr_why)
{
	size_t i;

	if (pages->enforced != enforced || pages->nr_why != nr_why)
		return false;
	for (i = 0; i < nr_why; i++)
		if (strcmp(pages->why[i], why[i]))
			return false;
	return true;
}

static void add_why(struct vmlab_perms_region *region, const char *why)
{
	vmlab_words_add(region->why, &region->nr_why,
			sizeof(region->why) / sizeof(region->why[0]), why);
}

static int add_pages(struct vmlab_perms_region *region, unsigned int enforced,
		     const char *const *why, size_t nr_why, uint64_t nr)
{
	struct vmlab_perms_pages *pages;
	size_t i;

	for (i = 0; i < nr_why; i++)
		add_why(region, why[i]);
	for (i = 0; i < region->nr_pages; i++)
		if (same_reasons(&region->pages[i], enforced, why, nr_why))
			break;
	if (i == region->nr_pages) {
		pages = grown(region->pages, region->nr_pages, sizeof(*pages));
		if (!pages)
			return -ENOMEM;
		region->pages = pages;
		pages = &region->pages[region->nr_pages++];
		memset(pages, 0, sizeof(*pages));
		pages->enforced = enforced;
		memcpy(pages->why, why, nr_why * sizeof(*why));
		pages->nr_why = nr_why;
	}
	region->pages[i].nr += nr;
	return 0;
}

static void note_bad_pages(struct vmlab_perms_region *region, uint64_t facts, uint64_t va,
			   uint64_t nr)
{
	if (!(facts & F(EXEC)))
		return;
	if (!region->first_exec)
		region->first_exec = va;
	if (!(facts & F(WRITE)))
		return;
	if (!region->wx)
		region->first_wx = va;
	region->wx += nr;
}

static uint64_t asked_in(uint64_t facts)
{
	return (facts & F(ASKED_READ) ? F(READ) : 0) | (facts & F(ASKED_WRITE) ? F(WRITE) : 0) |
	       (facts & F(ASKED_EXEC) ? F(EXEC) : 0);
}

/* The key of @run's pages, or -1 where there are none. */
static int key_of(const struct work *w, const struct vmlab_run *run)
{
	int key = vmlab_entry_pkey(&w->session->info, run->entry);

	return key < NR_KEYS ? key : -1;
}

static int add_keyed(struct vmlab_perms_region *region, unsigned int key, unsigned int permitted,
		     uint64_t nr)
{
	struct vmlab_perms_keyed *more;
	size_t i;

	for (i = 0; i < region->nr_keyed && region->keyed[i].key != key; i++)
		;
	if (i == region->nr_keyed) {
		more = grown(region->keyed, region->nr_keyed, sizeof(*more));
		if (!more)
			return -ENOMEM;
		region->keyed = more;
		region->keyed[region->nr_keyed++] = (struct vmlab_perms_keyed){ .key = key };
	}
	region->keyed[i].permitted[permitted] += nr;
	return 0;
}

/*
 * What is left of @enforced with the first thread's keys, and of the reasons: a key is one only
 * where it takes what was asked for, and the hardware only where more than that is left.
 */
static size_t fold_key(const struct work *w, const struct vmlab_run *run, uint64_t *enforced,
		       const char **why, size_t nr_why)
{
	const struct vmlab_info *info = &w->session->info;
	uint64_t asked = asked_in(run->facts), taken;
	size_t nr = 0, i;

	taken = *enforced & vmlab_key_denies(info, w->out->keys,
					     vmlab_entry_pkey(info, run->entry));
	*enforced &= ~taken;
	for (i = 0; i < nr_why; i++) {
		if (!strcmp(why[i], "pkey") ||
		    (!strcmp(why[i], "hardware") && !(*enforced & ~asked)))
			continue;
		why[nr++] = why[i];
	}
	if (taken & asked)
		why[nr++] = "pkey";
	return nr;
}

static int add_guard(struct work *w, uint64_t start, uint64_t end)
{
	struct vmlab_perms_all *out = w->out;
	struct vmlab_guard *more;

	if (out->nr_guards && out->guards[out->nr_guards - 1].end == start) {
		out->guards[out->nr_guards - 1].end = end;
		return 0;
	}
	more = grown(out->guards, out->nr_guards, sizeof(*more));
	if (!more)
		return -ENOMEM;
	out->guards = more;
	out->guards[out->nr_guards++] = (struct vmlab_guard){ start, end };
	return 0;
}

/* One for each part of the anatomy, until those that are no mappings are left out. */
static int make_regions(struct work *w, const struct vmlab_anatomy *a)
{
	w->nr_parts = a->nr;
	w->out->regions = calloc(a->nr + 1, sizeof(*w->out->regions));
	return w->out->regions ? 0 : -ENOMEM;
}

static int look_at_run(void *ctx, const struct vmlab_anatomy *a, const struct vmlab_part *part,
		       const struct vmlab_run *run, uint64_t va, uint64_t nr)
{
	struct work *w = ctx;
	struct vmlab_perms_region *region;
	const char *why[VMLAB_WHY_MAX];
	uint64_t enforced;
	size_t nr_why;
	int key;

	if (!w->out->regions && make_regions(w, a))
		return -ENOMEM;
	if (!part->region)
		return 0;
	region = &w->out->regions[part - a->parts];
	if (part->nr_threads && (run->facts & F(GUARD)) &&
	    add_guard(w, va, va + nr * w->page))
		return -ENOMEM;
	/* What is not there permits nothing; it is counted as what is left in the end. */
	if (!(run->facts & (F(PRESENT) | F(PROTNONE))))
		return 0;
	note_bad_pages(region, run->facts, va, nr);
	nr_why = vmlab_run_why(&w->session->info, run, why);
	enforced = run->facts & RWX;
	key = w->out->hidden ? -1 : key_of(w, run);
	if (key >= 0 && add_keyed(region, key, vmlab_combination(enforced), nr))
		return -ENOMEM;
	/* Key 0 is everybody's: a thread that may not use that one runs no more. */
	region->keys_missing |= key > 0 && !w->out->keys_known;
	if (key >= 0 && w->out->keys_known)
		nr_why = fold_key(w, run, &enforced, why, nr_why);
	region->enforced[vmlab_combination(enforced)] += nr;
	return add_pages(region, vmlab_combination(enforced), why, nr_why, nr);
}

static uint64_t asked_of(const struct vmlab_region *r)
{
	return (r->perms[0] == 'r' ? F(READ) : 0) | (r->perms[1] == 'w' ? F(WRITE) : 0) |
	       (r->perms[2] == 'x' ? F(EXEC) : 0);
}

static unsigned int max_of(const struct vmlab_vma *vma)
{
	return vmlab_combination((vma->flags & VMLAB_VMA_MAYREAD ? F(READ) : 0) |
				 (vma->flags & VMLAB_VMA_MAYWRITE ? F(WRITE) : 0) |
				 (vma->flags & VMLAB_VMA_MAYEXEC ? F(EXEC) : 0));
}

/* Keys are in the entries of this machine, whether or not this one has any. */
static bool has_keys(const struct vmlab_info *info)
{
	return vmlab_entry_pkey(info, 0) >= 0;
}

/* What the anatomy and the VMAs say of each; and what is not there. */
static void finish_regions(struct work *w)
{
	struct vmlab_perms_all *out = w->out;
	const char *why[VMLAB_WHY_MAX];
	size_t i, j, nr_why;

	for (i = 0; i < out->anatomy.nr; i++) {
		const struct vmlab_part *part = &out->anatomy.parts[i];
		struct vmlab_perms_region region = out->regions[i];
		uint64_t there = 0;

		if (!part->region)
			continue;
		region.part = part;
		region.vma = vmlab_vmas_find(out->vmas, out->nr_vmas, part->start);
		region.asked = vmlab_combination(asked_of(part->region));
		region.max = region.vma ? max_of(region.vma) : 0;
		region.pkey = has_keys(&w->session->info) && region.vma ? region.vma->pkey : -1;
		for (j = 0; j < VMLAB_COMBINATIONS; j++)
			there += region.enforced[j];
		region.absent = (part->end - part->start) / w->page;
		region.absent -= there < region.absent ? there : region.absent;
		if (region.absent && region.asked)
			add_why(&region, "not-present");
		nr_why = region.vma ? vmlab_vma_why(region.vma, why) : 0;
		for (j = 0; j < nr_why; j++)
			add_why(&region, why[j]);
		out->regions[out->nr_regions++] = region;
	}
}

/* ---- the files that are loaded -------------------------------------------- */

static bool same_file(const struct vmlab_image *image, const struct vmlab_region *r)
{
	return image->inode == r->inode &&
	       image->dev == ((uint64_t)r->dev_major << 32 | r->dev_minor);
}

/* Memory that @s takes, whole pages. */
static void span_of(const struct work *w, const struct vmlab_image *image,
		    const struct vmlab_segment *s, uint64_t *start, uint64_t *end)
{
	*start = (s->vaddr + image->bias) & ~(w->page - 1);
	*end = (s->vaddr + s->sz_mem + image->bias + w->page - 1) & ~(w->page - 1);
}

static void free_image(struct vmlab_image *image)
{
	vmlab_elf_free(&image->elf);
	free(image->sections);
}

static void extent_of(const struct work *w, struct vmlab_image *image)
{
	uint64_t start, end;
	size_t i;

	image->start = UINT64_MAX;
	for (i = 0; i < image->elf.nr_segments; i++) {
		if (image->elf.segments[i].type != PT_LOAD)
			continue;
		span_of(w, image, &image->elf.segments[i], &start, &end);
		if (start < image->start)
			image->start = start;
		if (end > image->end)
			image->end = end;
	}
}

static void path_of(const struct work *w, const struct vmlab_part *part, char *path,
		    size_t size)
{
	int pid = vmlab_target_pid(w->target);

	/* The program may have been deleted, or replaced: its mapping is what runs. */
	if (strcmp(part->kind, "library"))
		snprintf(path, size, "/proc/%d/exe", pid);
	else
		snprintf(path, size, "/proc/%d/root%s", pid, part->region->name);
}

/* The first mapping of a file that is loaded makes an image, all others belong to it. */
static int add_image(struct work *w, const struct vmlab_part *part)
{
	struct vmlab_perms_all *out = w->out;
	const struct vmlab_region *r = part->region;
	struct vmlab_image image = {
		.name = part->name,
		.inode = r->inode,
		.dev = (uint64_t)r->dev_major << 32 | r->dev_minor,
	}, *more;
	char path[4200];
	ssize_t ret;

	path_of(w, part, path, sizeof(path));
	ret = vmlab_elf_read(w->session, path, &image.elf);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	if (!vmlab_elf_placed(&image.elf, &out->anatomy.regions, r, w->page, &image.bias)) {
		free_image(&image);
		return 0;
	}
	extent_of(w, &image);
	ret = vmlab_elf_sections(w->session, path, &image.sections);
	if (ret > 0)
		image.nr_sections = ret;
	image.binding_known = !vmlab_elf_binding(w->session, path, vmlab_target_pid(w->target),
						 image.bias, &image.binding);
	more = grown(out->images, out->nr_images, sizeof(*more));
	if (!more) {
		free_image(&image);
		return -ENOMEM;
	}
	out->images = more;
	out->images[out->nr_images++] = image;
	return 0;
}

static struct vmlab_image *image_at(struct vmlab_perms_all *out, uint64_t va)
{
	size_t i;

	for (i = 0; i < out->nr_images; i++)
		if (va >= out->images[i].start && va < out->images[i].end)
			return &out->images[i];
	return NULL;
}

static int find_images(struct work *w)
{
	static const char *const kinds[] = { "code", "rodata", "data", "library" };
	struct vmlab_perms_all *out = w->out;
	size_t i, j;
	int ret = 0;

	for (i = 0; !ret && i < out->nr_regions; i++) {
		const struct vmlab_part *part = out->regions[i].part;

		for (j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
			if (!strcmp(part->kind, kinds[j]) && !image_at(out, part->start))
				ret = add_image(w, part);
	}
	return ret;
}

/* ---- segments, RELRO ------------------------------------------------------ */

static bool writable(const struct vmlab_perms_all *out, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = 0; i < out->nr_regions; i++) {
		const struct vmlab_part *part = out->regions[i].part;

		if (part->start < end && start < part->end && (out->regions[i].asked & 2))
			return true;
	}
	return false;
}

/* Words of .got.plt that are the linker's own, in front of those of functions. */
#define RESERVED_SLOTS	3

/* Memory that holds addresses of functions, of @image: false where it has none. */
static bool slots_of(const struct vmlab_image *image, uint64_t *start, uint64_t *end)
{
	const uint64_t word = image->elf.class == ELFCLASS32 ? 4 : 8;
	size_t i;

	if (image->binding_known && image->binding.last) {
		*start = image->binding.first + image->bias;
		*end = image->binding.last + image->bias + word;
		return true;
	}
	/* A static program has no dynamic section, and relocates some all the same. */
	for (i = 0; i < image->nr_sections; i++) {
		const struct vmlab_section *s = &image->sections[i];

		if (strcmp(s->name, ".got.plt") || s->size <= RESERVED_SLOTS * word)
			continue;
		*start = s->vaddr + image->bias + RESERVED_SLOTS * word;
		*end = s->vaddr + image->bias + s->size;
		return true;
	}
	return false;
}

static bool has_got(const struct vmlab_image *image)
{
	uint64_t start, end;
	size_t i;

	for (i = 0; i < image->nr_sections; i++)
		if (!strcmp(image->sections[i].name, ".got") && image->sections[i].size)
			return true;
	return slots_of(image, &start, &end);
}

/* What is true of the mappings now, whatever the file asks for. */
static void judge_relro(struct work *w, struct vmlab_image *image)
{
	uint64_t start, end;
	size_t i;

	image->relro = "none";
	for (i = 0; i < image->elf.nr_segments; i++) {
		const struct vmlab_segment *s = &image->elf.segments[i];

		if (s->type != PT_GNU_RELRO)
			continue;
		/* As the loader rounds: what shares its last page with others stays writable. */
		image->relro_start = (s->vaddr + image->bias) & ~(w->page - 1);
		image->relro_end = (s->vaddr + s->sz_mem + image->bias) & ~(w->page - 1);
	}
	if (image->relro_start >= image->relro_end ||
	    writable(w->out, image->relro_start, image->relro_end))
		return;
	/* Where neither tells of slots, it may be the one or the other. */
	if (!image->binding_known && !image->nr_sections)
		image->relro = NULL;
	else
		image->relro = slots_of(image, &start, &end) && writable(w->out, start, end) ?
			       "partial" : "full";
}

static void place_region(struct work *w, struct vmlab_perms_region *region)
{
	struct vmlab_image *image = image_at(w->out, region->part->start);
	const struct vmlab_region *r = region->part->region;
	uint64_t start, end;
	size_t i;

	if (!image || (r->inode ? !same_file(image, r) : r->name[0] != '\0'))
		return;
	for (i = 0; i < image->elf.nr_segments; i++) {
		const struct vmlab_segment *s = &image->elf.segments[i];

		if (s->type != PT_LOAD)
			continue;
		span_of(w, image, s, &start, &end);
		if (region->part->start < start || region->part->start >= end)
			continue;
		region->image = image;
		region->segment = s;
		region->relro = region->part->start >= image->relro_start &&
				region->part->end <= image->relro_end;
		return;
	}
}

static void know_images(struct work *w)
{
	size_t i;

	for (i = 0; i < w->out->nr_images; i++)
		judge_relro(w, &w->out->images[i]);
	for (i = 0; i < w->out->nr_regions; i++)
		place_region(w, &w->out->regions[i]);
}

/* ---- findings ------------------------------------------------------------- */

static int find(struct work *w, const char *kind, uint64_t va, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int find(struct work *w, const char *kind, uint64_t va, const char *format, ...)
{
	struct vmlab_perms_all *out = w->out;
	struct vmlab_finding *more = grown(out->findings, out->nr_findings, sizeof(*more));
	va_list args;

	if (!more)
		return -ENOMEM;
	out->findings = more;
	more = &out->findings[out->nr_findings++];
	more->kind = kind;
	more->va = va;
	va_start(args, format);
	vsnprintf(more->detail, sizeof(more->detail), format, args);
	va_end(args);
	return 0;
}

static bool is_stack(const struct vmlab_part *part)
{
	return !strcmp(part->kind, "stack") || !strcmp(part->kind, "thread-stack");
}

static int judge_wx(struct work *w, const struct vmlab_perms_region *region)
{
	if (!region->wx)
		return 0;
	return find(w, "wx", region->first_wx, "%" PRIu64 " pages can be written and executed",
		    region->wx);
}

static int judge_asked(struct work *w, const struct vmlab_perms_region *region)
{
	if (region->asked != 7)
		return 0;
	return find(w, "rwx-asked", region->part->start,
		    "the mapping is readable, writable and executable");
}

static int judge_exec(struct work *w, const struct vmlab_perms_region *region)
{
	const struct vmlab_part *part = region->part;
	const char *kind = is_stack(part) ? "exec-stack" :
			   !strcmp(part->kind, "heap") ? "exec-heap" : NULL;

	if (!kind || (!(region->asked & 4) && !region->first_exec))
		return 0;
	return find(w, kind, region->first_exec ? region->first_exec : part->start,
		    region->first_exec ? "there are pages that can be executed" :
		    "its pages will be executable, though none is there yet");
}

static int judge_rodata(struct work *w, const struct vmlab_perms_region *region)
{
	if (!region->segment || (region->segment->flags & PF_W) || !(region->asked & 2))
		return 0;
	return find(w, "writable-rodata", region->part->start,
		    "the file's program headers have this segment read-only");
}

/* A neighbour that nobody may touch, whatever it is called. */
static bool is_fence(const struct vmlab_part *part)
{
	return part && part->region && !strncmp(part->region->perms, "---", 3);
}

static bool guarded(const struct work *w, uint64_t from, uint64_t to)
{
	size_t i;

	for (i = 0; i < w->out->nr_guards; i++)
		if (w->out->guards[i].start >= from && w->out->guards[i].end <= to)
			return true;
	return false;
}

static int judge_threads(struct work *w, const struct vmlab_perms_region *region)
{
	const struct vmlab_part *part = region->part;
	const struct vmlab_part *below = part > w->out->anatomy.parts ? part - 1 : NULL;
	size_t i, j;
	int ret;

	/* The kernel keeps a gap below what grows down. */
	if (strcmp(part->kind, "thread-stack") ||
	    (region->vma && (region->vma->flags & VMLAB_VMA_GROWSDOWN)))
		return 0;
	for (i = 0; i < part->nr_threads; i++) {
		uint64_t from = part->start;
		pid_t other = 0;

		for (j = 0; j < part->nr_threads; j++) {
			if (part->sps[j] >= part->sps[i] || part->sps[j] < from)
				continue;
			from = part->sps[j];
			other = part->threads[j];
		}
		if (guarded(w, from, part->sps[i]) || (!other && is_fence(below)))
			continue;
		if (other)
			ret = find(w, "no-guard", part->sps[i],
				   "between the stacks of threads %d and %d nothing stops one that overflows",
				   (int)part->threads[i], (int)other);
		else
			ret = find(w, "no-guard", part->start,
				   "below the stack of thread %d lies %s", (int)part->threads[i],
				   !below || !below->region ?
				   "nothing now, and whatever is mapped there next" :
				   "memory that can be touched");
		if (ret)
			return ret;
	}
	return 0;
}

static int judge_got(struct work *w, const struct vmlab_image *image)
{
	uint64_t start, end;
	size_t i;

	if (!image->relro || strcmp(image->relro, "none") || !has_got(image))
		return 0;
	if (image->relro_start < image->relro_end)
		return find(w, "writable-got", image->relro_start,
			    "what the loader makes read-only after relocation is writable");
	if (!slots_of(image, &start, &end)) {
		start = image->start;
		for (i = 0; i < image->nr_sections; i++)
			if (!strcmp(image->sections[i].name, ".got"))
				start = image->sections[i].vaddr + image->bias;
		end = start + 1;
	}
	if (!writable(w->out, start, end))
		return 0;
	return find(w, "writable-got", start, "the file has no RELRO");
}

/* Where two mappings have the same file, do they have a page of it in common? */
static bool overlap(const struct work *w, const struct vmlab_vma *a, const struct vmlab_vma *b,
		    uint64_t *va)
{
	uint64_t from = a->pgoff > b->pgoff ? a->pgoff : b->pgoff;
	uint64_t nr_a = (a->end - a->start) / w->page, nr_b = (b->end - b->start) / w->page;

	if (!(a->flags & b->flags & VMLAB_VMA_FILE) || a->ino != b->ino ||
	    a->dev_major != b->dev_major || a->dev_minor != b->dev_minor)
		return false;
	if (from - a->pgoff >= nr_a || from - b->pgoff >= nr_b)
		return false;
	*va = a->start + (from - a->pgoff) * w->page;
	return true;
}

/* What is written through one mapping is executed through another: MAP_SHARED alone. */
static int judge_aliases(struct work *w)
{
	const uint64_t writes = VMLAB_VMA_FILE | VMLAB_VMA_SHARED | VMLAB_VMA_WRITE;
	const uint64_t executes = VMLAB_VMA_FILE | VMLAB_VMA_EXEC;
	const struct vmlab_perms_all *out = w->out;
	const struct vmlab_vma **executors;
	size_t nr = 0, i, j;
	uint64_t va;
	int ret = 0;

	executors = calloc(out->nr_vmas + 1, sizeof(*executors));
	if (!executors)
		return -ENOMEM;
	for (i = 0; i < out->nr_vmas; i++)
		if ((out->vmas[i].flags & executes) == executes)
			executors[nr++] = &out->vmas[i];
	for (i = 0; !ret && i < out->nr_vmas; i++) {
		const struct vmlab_vma *writer = &out->vmas[i];

		if ((writer->flags & writes) != writes)
			continue;
		for (j = 0; !ret && j < nr; j++) {
			const struct vmlab_vma *executor = executors[j];

			if (executor == writer || !overlap(w, writer, executor, &va))
				continue;
			ret = find(w, "wx-alias", va,
				   "what is written here can be executed at 0x%llx",
				   executor->start + (va - writer->start) +
				   (writer->pgoff - executor->pgoff) * w->page);
		}
	}
	free(executors);
	return ret;
}

/* Of each region, in this order. */
static int (*const judges[])(struct work *w, const struct vmlab_perms_region *region) = {
	judge_asked, judge_wx, judge_exec, judge_rodata, judge_threads,
};

static int judge(struct work *w)
{
	size_t i, j;
	int ret = 0;

	for (i = 0; i < w->out->nr_regions; i++)
		for (j = 0; !ret && j < sizeof(judges) / sizeof(judges[0]); j++)
			ret = judges[j](w, &w->out->regions[i]);
	for (i = 0; !ret && i < w->out->nr_images; i++)
		ret = judge_got(w, &w->out->images[i]);
	return ret ? ret : judge_aliases(w);
}

/* ---- protection keys ------------------------------------------------------ */

/* One more thread: to those that may do as much with pages of @key, or the first of them. */
static void add_rights(struct key_rights *rights, const struct vmlab_info *info,
		       const struct vmlab_thread_keys *thread, int key)
{
	const uint64_t denied = vmlab_key_denies(info, thread->keys, key);
	size_t i;

	for (i = 0; i < rights->nr && rights->v[i].denied != denied; i++)
		;
	if (i == rights->nr) {
		rights->v[i].denied = denied;
		rights->v[i].tid = thread->tid;
		rights->v[i].keys = thread->keys;
		rights->nr++;
	}
	rights->v[i].nr++;
}

static void ask_keys(struct work *w, pid_t tid)
{
	struct vmlab_thread_keys *thread = &w->out->threads[w->out->nr_threads];
	struct vmlab_thread saved;
	int ret, key;

	ret = vmlab_target_thread(w->target, tid, &saved);
	/* It has ended since. */
	if (ret == -ESRCH && tid != vmlab_target_pid(w->target))
		return;
	w->out->nr_threads++;
	thread->tid = tid;
	thread->known = !ret && (saved.out_known & VMLAB_THREAD_KEYS);
	if (!thread->known)
		return;
	thread->keys = saved.out_keys;
	if (tid == vmlab_target_pid(w->target)) {
		w->out->keys_known = true;
		w->out->keys = thread->keys;
	}
	for (key = 0; key < NR_KEYS; key++)
		add_rights(&w->rights[key], &w->session->info, thread, key);
}

/* Each thread has its own. */
static int know_keys(struct work *w)
{
	char path[64], *names, *line, *save = NULL;
	size_t room = 1;
	ssize_t len, i;

	if (!has_keys(&w->session->info))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)vmlab_target_pid(w->target));
	len = vmlab_source_names(w->session->source, path, &names);
	if (len < 0)
		return 0;
	for (i = 0; i < len; i++)
		room += names[i] == '\n';
	w->out->threads = calloc(room, sizeof(*w->out->threads));
	w->rights = calloc(NR_KEYS, sizeof(*w->rights));
	if (!w->out->threads || !w->rights) {
		free(names);
		return -ENOMEM;
	}
	for (line = strtok_r(names, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (atoi(line) > 0)
			ask_keys(w, atoi(line));
	free(names);
	return 0;
}

/* What is denied to the first thread; where that is not known, what no thread has. */
static uint64_t denied_to_first(const struct work *w, unsigned int key)
{
	if (w->out->keys_known)
		return vmlab_key_denies(&w->session->info, w->out->keys, key);
	return key ? ~RWX : 0;
}

static int add_others(struct work *w, const struct vmlab_perms_region *region,
		      const struct vmlab_perms_keyed *keyed)
{
	const struct key_rights *rights = &w->rights[keyed->key];
	struct vmlab_perms_other *other;
	size_t i, j;

	for (i = 0; i < rights->nr; i++) {
		if (rights->v[i].denied == denied_to_first(w, keyed->key))
			continue;
		other = grown(w->out->others, w->out->nr_others, sizeof(*other));
		if (!other)
			return -ENOMEM;
		w->out->others = other;
		other = &w->out->others[w->out->nr_others++];
		*other = (struct vmlab_perms_other){
			.region = region, .key = keyed->key, .tid = rights->v[i].tid,
			.keys = rights->v[i].keys, .nr_threads = rights->v[i].nr,
		};
		for (j = 0; j < VMLAB_COMBINATIONS; j++)
			other->enforced[j & ~vmlab_combination(rights->v[i].denied)] +=
				keyed->permitted[j];
	}
	return 0;
}

/* What other threads get where their keys differ from the first one's. */
static int find_others(struct work *w)
{
	size_t i, j;
	int ret = 0;

	for (i = 0; w->rights && i < w->out->nr_regions; i++)
		for (j = 0; !ret && j < w->out->regions[i].nr_keyed; j++)
			ret = add_others(w, &w->out->regions[i],
					 &w->out->regions[i].keyed[j]);
	return ret;
}

int vmlab_perms_read(struct vmlab_session *session, struct vmlab_target *target,
		     struct vmlab_perms_all *out)
{
	struct work w = {
		.session = session,
		.target = target,
		.out = out,
		.page = 1ULL << session->info.out_page_shift,
	};
	struct vmlab_anatomy_look look = { .run = look_at_run, .ctx = &w };
	int ret;

	memset(out, 0, sizeof(*out));
	out->hidden = vmlab_target_hidden(target);
	ret = know_keys(&w);
	if (!ret)
		ret = vmlab_anatomy_look(session, target, &look, &out->anatomy);
	if (!ret) {
		out->vmas = look.vmas;
		out->nr_vmas = look.nr_vmas;
		/* Nothing at all is mapped. */
		if (!out->regions)
			ret = make_regions(&w, &out->anatomy);
	}
	if (!ret) {
		finish_regions(&w);
		ret = find_others(&w);
	}
	if (!ret)
		ret = find_images(&w);
	if (!ret) {
		know_images(&w);
		ret = judge(&w);
	}
	free(w.rights);
	if (ret) {
		if (!out->nr_regions)
			out->nr_regions = out->regions ? w.nr_parts : 0;
		vmlab_perms_free(out);
	}
	return ret;
}

void vmlab_perms_free(struct vmlab_perms_all *perms)
{
	size_t i;

	for (i = 0; i < perms->nr_regions; i++) {
		free(perms->regions[i].pages);
		free(perms->regions[i].keyed);
	}
	for (i = 0; i < perms->nr_images; i++)
		free_image(&perms->images[i]);
	free(perms->regions);
	free(perms->images);
	free(perms->findings);
	free(perms->threads);
	free(perms->others);
	free(perms->vmas);
	free(perms->guards);
	vmlab_anatomy_free(&perms->anatomy);
	memset(perms, 0, sizeof(*perms));
}
