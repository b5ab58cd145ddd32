// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_perms.c - permissions: asked, at most, enforced, and why; and what a process should
 * rather not have.
 */
#include <inttypes.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum {
	START, END, KIND, NAME, ASKED, MAX, ENFORCED, ENFORCED_LAST = ENFORCED + 7, ABSENT, WHY,
	PAGES, PKEY, SEGMENT, SECTIONS, RELRO, P_SIZE, P_ASKED, P_MAX, P_GETS, P_WHY, P_WHAT,
	NR_FIELDS
};

static const struct render_field fields[] = {
	[START]		= { "start", "START", RENDER_HEX, 0 },
	[END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[KIND]		= { "kind", NULL, RENDER_STATE, RENDER_PROGRAMS },
	[NAME]		= { "name", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[ASKED]		= { "asked", NULL, RENDER_PERMS, RENDER_PROGRAMS },
	[MAX]		= { "max", NULL, RENDER_PERMS, RENDER_PROGRAMS },
	[ENFORCED]	= { "enforced.---", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 1]	= { "enforced.r--", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 2]	= { "enforced.-w-", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 3]	= { "enforced.rw-", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 4]	= { "enforced.--x", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 5]	= { "enforced.r-x", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED + 6]	= { "enforced.-wx", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ENFORCED_LAST]	= { "enforced.rwx", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ABSENT]	= { "absent", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[WHY]		= { "why", NULL, RENDER_LIST, RENDER_PROGRAMS },
	[PAGES]		= { "pages", NULL, RENDER_ROWS, RENDER_PROGRAMS },
	[PKEY]		= { "pkey", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SEGMENT]	= { "segment", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[SECTIONS]	= { "sections", NULL, RENDER_ROWS, RENDER_PROGRAMS },
	[RELRO]		= { "relro", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[P_SIZE]	= { NULL, "SIZE", RENDER_SIZE, RENDER_PEOPLE },
	[P_ASKED]	= { NULL, "ASK", RENDER_PERMS, RENDER_PEOPLE },
	[P_MAX]		= { NULL, "MAX", RENDER_PERMS, RENDER_PEOPLE },
	[P_GETS]	= { NULL, "GETS", RENDER_TEXT, RENDER_PEOPLE },
	[P_WHY]		= { NULL, "BECAUSE", RENDER_LIST, RENDER_PEOPLE },
	[P_WHAT]	= { NULL, "WHAT", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

/* ---- rows within a row ---------------------------------------------------- */

static const struct render_field pages_fields[] = {
	{ "enforced", NULL, RENDER_PERMS, 0 },
	{ "count", NULL, RENDER_NUM, 0 },
	{ "why", NULL, RENDER_LIST, 0 },
};

/* The letters have to live as long as the row. */
struct pages_rows {
	const struct vmlab_perms_region *region;
	struct vmlab_perms names[VMLAB_COMBINATIONS];
};

static void pages_row(const void *ctx, size_t i, struct render_value *v)
{
	const struct pages_rows *rows = ctx;
	const struct vmlab_perms_pages *pages = &rows->region->pages[i];

	v[0] = RENDER_V_TEXT(rows->names[pages->enforced].s);
	v[1] = RENDER_V_NUM(pages->nr);
	v[2] = RENDER_V_LIST(pages->why, pages->nr_why);
}

static const struct render_field section_fields[] = {
	{ "name", NULL, RENDER_TEXT, 0 },
	{ "start", NULL, RENDER_HEX, 0 },
	{ "end", NULL, RENDER_HEX, 0 },
};

/* Sections of an image that begin to @first and lie in the region, @nr of them. */
struct section_rows {
	const struct vmlab_perms_region *region;
	size_t first;
	size_t nr;
};

static void section_row(const void *ctx, size_t i, struct render_value *v)
{
	const struct section_rows *rows = ctx;
	const struct vmlab_image *image = rows->region->image;
	const struct vmlab_section *s = &image->sections[rows->first + i];

	v[0] = RENDER_V_TEXT(s->name);
	v[1] = RENDER_V_NUM(s->vaddr + image->bias);
	v[2] = RENDER_V_NUM(s->vaddr + image->bias + s->size);
}

static void find_sections(struct section_rows *rows)
{
	const struct vmlab_image *image = rows->region->image;
	const struct vmlab_part *part = rows->region->part;
	size_t i;

	rows->first = 0;
	rows->nr = 0;
	for (i = 0; image && i < image->nr_sections; i++) {
		const struct vmlab_section *s = &image->sections[i];
		uint64_t start = s->vaddr + image->bias;

		if (start >= part->end)
			break;
		if (!s->size || start + s->size <= part->start)
			continue;
		if (!rows->nr)
			rows->first = i;
		rows->nr = i + 1 - rows->first;
	}
}

/* ---- regions -------------------------------------------------------------- */

/* "LOAD r-x", as the file's program headers have it. */
static void name_segment(const struct vmlab_perms_region *region, char *buf, size_t size)
{
	uint32_t flags = region->segment ? region->segment->flags : 0;

	*buf = '\0';
	if (region->relro)
		snprintf(buf, size, "GNU_RELRO");
	else if (region->segment)
		snprintf(buf, size, "LOAD %c%c%c", flags & PF_R ? 'r' : '-',
			 flags & PF_W ? 'w' : '-', flags & PF_X ? 'x' : '-');
}

/* "r-- 12 rw- 4", in pages; "-" where nothing is there. */
static void say_enforced(const uint64_t *enforced, char *buf, size_t size)
{
	size_t at = 0;
	unsigned int i;

	for (i = 0; i < VMLAB_COMBINATIONS && at < size; i++)
		if (enforced[i])
			at += snprintf(buf + at, size - at, "%s%s %" PRIu64, at ? " " : "",
				       vmlab_combination_name(i).s, enforced[i]);
	if (!at)
		snprintf(buf, size, "-");
}

static void say_what(const struct vmlab_perms_region *region, const char *segment, char *buf,
		     size_t size)
{
	size_t at;

	at = snprintf(buf, size, "%s", region->part->kind);
	if (*region->part->name && at < size)
		at += snprintf(buf + at, size - at, " %s", view_short_name(region->part->name));
	if (*segment && at < size)
		at += snprintf(buf + at, size - at, " %s", segment);
	if (region->pkey > 0 && at < size)
		snprintf(buf + at, size - at, " key %d", region->pkey);
}

/* An absent page is most pages' only reason: people see that in the numbers. */
static size_t for_people(const struct vmlab_perms_region *region, const char **why)
{
	size_t nr = 0, i;

	for (i = 0; i < region->nr_why; i++)
		if (strcmp(region->why[i], "not-present"))
			why[nr++] = region->why[i];
	return nr;
}

static void show_region(struct cli *cli, const struct vmlab_perms_all *perms,
			const struct vmlab_perms_region *region)
{
	const char *why[sizeof(region->why) / sizeof(region->why[0])];
	char segment[24], gets[128], what[256];
	struct section_rows sections = { .region = region };
	struct pages_rows pages = { .region = region };
	struct render_rows section_table = {
		.fields = section_fields,
		.nr_fields = sizeof(section_fields) / sizeof(section_fields[0]),
		.row = section_row, .ctx = &sections,
	}, pages_table = {
		.fields = pages_fields,
		.nr_fields = sizeof(pages_fields) / sizeof(pages_fields[0]),
		.nr = region->nr_pages, .row = pages_row, .ctx = &pages,
	};
	struct vmlab_perms asked = vmlab_combination_name(region->asked);
	struct vmlab_perms max = vmlab_combination_name(region->max);
	const bool known = !perms->hidden && !region->keys_missing;
	struct render_value v[NR_FIELDS];
	unsigned int i;

	for (i = 0; i < VMLAB_COMBINATIONS; i++)
		pages.names[i] = vmlab_combination_name(i);
	find_sections(&sections);
	section_table.nr = sections.nr;
	name_segment(region, segment, sizeof(segment));
	say_enforced(region->enforced, gets, sizeof(gets));
	say_what(region, segment, what, sizeof(what));

	v[START] = RENDER_V_NUM(region->part->start);
	v[END] = RENDER_V_NUM(region->part->end);
	v[KIND] = RENDER_V_TEXT(region->part->kind);
	v[NAME] = RENDER_V_TEXT(region->part->name);
	v[ASKED] = RENDER_V_TEXT(asked.s);
	v[MAX] = region->vma ? RENDER_V_TEXT(max.s) : RENDER_V_NULL;
	for (i = 0; i < VMLAB_COMBINATIONS; i++)
		v[ENFORCED + i] = known ? RENDER_V_NUM(region->enforced[i]) : RENDER_V_NULL;
	v[ABSENT] = RENDER_V_NUM(region->absent);
	v[WHY] = perms->hidden ? RENDER_V_NULL : RENDER_V_LIST(region->why, region->nr_why);
	v[PAGES] = known ? RENDER_V_ROWS(&pages_table) : RENDER_V_NULL;
	v[PKEY] = region->pkey < 0 ? RENDER_V_NULL : RENDER_V_NUM(region->pkey);
	v[SEGMENT] = RENDER_V_TEXT(*segment ? segment : NULL);
	v[SECTIONS] = RENDER_V_ROWS(&section_table);
	v[RELRO] = RENDER_V_TEXT(region->image ? region->image->relro : NULL);
	v[P_SIZE] = RENDER_V_NUM(region->part->end - region->part->start);
	v[P_ASKED] = v[ASKED];
	v[P_MAX] = v[MAX];
	v[P_GETS] = known ? RENDER_V_TEXT(gets) : RENDER_V_NULL;
	v[P_WHY] = perms->hidden ? RENDER_V_NULL :
		   RENDER_V_LIST(why, for_people(region, why));
	v[P_WHAT] = RENDER_V_TEXT(what);
	render_row(cli->render, v);
}

static void show_regions(struct cli *cli, const struct vmlab_perms_all *perms)
{
	size_t i;

	render_table(cli->render, "regions", NULL, fields, NR_FIELDS);
	for (i = 0; i < perms->nr_regions; i++)
		show_region(cli, perms, &perms->regions[i]);
	render_table_end(cli->render);
}

/* ---- keys of threads ------------------------------------------------------ */

/* Is there memory for which it matters what keys a thread has? */
static bool uses_keys(const struct vmlab_perms_all *perms)
{
	size_t i, j;

	for (i = 0; i < perms->nr_regions; i++)
		for (j = 0; j < perms->regions[i].nr_keyed; j++)
			if (perms->regions[i].keyed[j].key)
				return true;
	return false;
}

static void show_threads(struct cli *cli, const struct vmlab_perms_all *perms)
{
	enum { T_TID, T_KEYS, T_NR };
	static const struct render_field thread_fields[] = {
		[T_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[T_KEYS]	= { "keys", NULL, RENDER_HEX, RENDER_PROGRAMS },
	};
	struct render_value v[T_NR];
	size_t i, unknown = 0;

	for (i = 0; i < perms->nr_threads; i++)
		unknown += !perms->threads[i].known;
	if (unknown && uses_keys(perms))
		render_note(cli->render,
			    "what the keys of %zu of %zu threads permit is not known",
			    unknown, perms->nr_threads);
	if (!cli->json)
		return;
	render_table(cli->render, "threads", NULL, thread_fields, T_NR);
	for (i = 0; i < perms->nr_threads; i++) {
		v[T_TID] = RENDER_V_NUM(perms->threads[i].tid);
		v[T_KEYS] = perms->threads[i].known ? RENDER_V_NUM(perms->threads[i].keys) :
			    RENDER_V_NULL;
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

/* What not every thread gets alike. */
static void show_others(struct cli *cli, const struct vmlab_perms_all *perms)
{
	enum { O_START, O_PKEY, O_TID, O_KEYS, O_THREADS, O_ENFORCED,
	       O_ENFORCED_LAST = O_ENFORCED + 7, O_GETS, O_NR };
	static const struct render_field other_fields[] = {
		[O_START]		= { "start", "START", RENDER_HEX, 0 },
		[O_PKEY]		= { "pkey", "KEY", RENDER_NUM, 0 },
		[O_TID]			= { "tid", "THREAD", RENDER_NUM, 0 },
		[O_KEYS]		= { "keys", "ITS KEYS", RENDER_HEX, 0 },
		[O_THREADS]		= { "threads", "ALIKE", RENDER_NUM, 0 },
		[O_ENFORCED]		= { "enforced.---", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 1]	= { "enforced.r--", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 2]	= { "enforced.-w-", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 3]	= { "enforced.rw-", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 4]	= { "enforced.--x", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 5]	= { "enforced.r-x", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED + 6]	= { "enforced.-wx", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_ENFORCED_LAST]	= { "enforced.rwx", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[O_GETS]		= { NULL, "GETS", RENDER_TEXT, RENDER_PEOPLE },
	};
	struct render_value v[O_NR];
	unsigned int j;
	char gets[128];
	size_t i;

	if (!perms->nr_others && !cli->json)
		return;
	render_table(cli->render, "others", "threads with other keys than the first one's",
		     other_fields, O_NR);
	for (i = 0; i < perms->nr_others; i++) {
		const struct vmlab_perms_other *other = &perms->others[i];

		say_enforced(other->enforced, gets, sizeof(gets));
		v[O_START] = RENDER_V_NUM(other->region->part->start);
		v[O_PKEY] = RENDER_V_NUM(other->key);
		v[O_TID] = RENDER_V_NUM(other->tid);
		v[O_KEYS] = RENDER_V_NUM(other->keys);
		v[O_THREADS] = RENDER_V_NUM(other->nr_threads);
		for (j = 0; j < VMLAB_COMBINATIONS; j++)
			v[O_ENFORCED + j] = RENDER_V_NUM(other->enforced[j]);
		v[O_GETS] = RENDER_V_TEXT(gets);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

/* ---- files ---------------------------------------------------------------- */

static void show_images(struct cli *cli, const struct vmlab_perms_all *perms)
{
	enum { I_NAME, I_START, I_END, I_RELRO, I_FROM, I_TO, I_NOW, I_SLOTS, I_LAZY, I_SHORT, I_NR };
	static const struct render_field image_fields[] = {
		[I_NAME]	= { "name", NULL, RENDER_TEXT, RENDER_PROGRAMS },
		[I_START]	= { "start", "LOADED AT", RENDER_HEX, 0 },
		[I_END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
		[I_RELRO]	= { "relro", "RELRO", RENDER_TEXT, 0 },
		[I_FROM]	= { "relro_start", NULL, RENDER_HEX, RENDER_PROGRAMS },
		[I_TO]		= { "relro_end", NULL, RENDER_HEX, RENDER_PROGRAMS },
		[I_NOW]		= { "bind_now", "BIND NOW", RENDER_BOOL, 0 },
		[I_SLOTS]	= { "slots", "SLOTS", RENDER_NUM, 0 },
		[I_LAZY]	= { "lazy", "LAZY", RENDER_NUM, 0 },
		[I_SHORT]	= { NULL, "FILE", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
	};
	size_t i;

	render_table(cli->render, "images", "files", image_fields, I_NR);
	for (i = 0; i < perms->nr_images; i++) {
		const struct vmlab_image *image = &perms->images[i];
		const struct vmlab_binding *b = &image->binding;
		bool range = image->relro_start < image->relro_end;
		bool known = image->binding_known;
		struct render_value v[I_NR];

		v[I_NAME] = RENDER_V_TEXT(image->name);
		v[I_START] = RENDER_V_NUM(image->start);
		v[I_END] = RENDER_V_NUM(image->end);
		v[I_RELRO] = RENDER_V_TEXT(image->relro);
		v[I_FROM] = range ? RENDER_V_NUM(image->relro_start) : RENDER_V_NULL;
		v[I_TO] = range ? RENDER_V_NUM(image->relro_end) : RENDER_V_NULL;
		v[I_NOW] = known ? RENDER_V_NUM(b->bind_now) : RENDER_V_NULL;
		v[I_SLOTS] = known ? RENDER_V_NUM(b->slots) : RENDER_V_NULL;
		/* One that cannot be read leaves the count open. */
		v[I_LAZY] = known && !b->unread ? RENDER_V_NUM(b->lazy) : RENDER_V_NULL;
		v[I_SHORT] = RENDER_V_TEXT(view_short_name(image->name));
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

/* ---- findings ------------------------------------------------------------- */

static void show_findings(struct cli *cli, const struct vmlab_perms_all *perms)
{
	enum { F_KIND, F_VA, F_DETAIL, F_NR };
	static const struct render_field finding_fields[] = {
		[F_KIND]	= { "kind", "FINDING", RENDER_TEXT, 0 },
		[F_VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
		[F_DETAIL]	= { "detail", "BECAUSE", RENDER_TEXT, RENDER_LONG },
	};
	struct render_value v[F_NR];
	size_t i;

	if (!perms->nr_findings)
		render_note(cli->render, "nothing found: nothing is writable and executable, stacks have guards, tables of functions are as the loader left them");
	if (!perms->nr_findings && !cli->json)
		return;
	render_table(cli->render, "findings", NULL, finding_fields, F_NR);
	for (i = 0; i < perms->nr_findings; i++) {
		v[F_KIND] = RENDER_V_TEXT(perms->findings[i].kind);
		v[F_VA] = RENDER_V_NUM(perms->findings[i].va);
		v[F_DETAIL] = RENDER_V_TEXT(perms->findings[i].detail);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

/* ---- the eight combinations ----------------------------------------------- */

#define MAX_KINDS	24

/* What one combination becomes, and who asks for it. */
struct combination {
	struct vmlab_perms asked;
	struct vmlab_perms enforced;
	const char *why;
	uint64_t regions;
	uint64_t pages;		/* base pages of address space */
	bool seen[VMLAB_COMBINATIONS];
	const char *kinds[MAX_KINDS];
	size_t nr_kinds;
};

static void combine(const struct vmlab_info *info, const struct vmlab_perms_all *perms,
		    unsigned int which, struct combination *c)
{
	uint64_t asked = (which & 1 ? VMLAB_FACT_READ : 0) | (which & 2 ? VMLAB_FACT_WRITE : 0) |
			 (which & 4 ? VMLAB_FACT_EXEC : 0);
	unsigned int j;
	size_t i;

	memset(c, 0, sizeof(*c));
	c->asked = vmlab_combination_name(which);
	c->enforced = vmlab_facts_enforced(vmlab_asked_grants(info, asked, &c->why));
	for (i = 0; i < perms->nr_regions; i++) {
		const struct vmlab_perms_region *region = &perms->regions[i];

		if (region->asked != which)
			continue;
		c->regions++;
		c->pages += (region->part->end - region->part->start) >> info->out_page_shift;
		vmlab_words_add(c->kinds, &c->nr_kinds, MAX_KINDS, region->part->kind);
		for (j = 0; j < VMLAB_COMBINATIONS && !region->keys_missing; j++)
			c->seen[j] |= region->enforced[j] != 0;
	}
}

enum { M_ASKED, M_ENFORCED, M_WHY, M_REGIONS, M_PAGES, M_SEEN, M_KINDS, M_NR };

static const struct render_field matrix_fields[] = {
	[M_ASKED]	= { NULL, "ASK", RENDER_PERMS, RENDER_PEOPLE },
	[M_ENFORCED]	= { "enforced", "GETS", RENDER_PERMS, 0 },
	[M_WHY]		= { "why", "BECAUSE", RENDER_LIST, 0 },
	[M_REGIONS]	= { "regions", "REGIONS", RENDER_NUM, 0 },
	[M_PAGES]	= { "pages", "PAGES", RENDER_NUM, 0 },
	[M_SEEN]	= { "seen", "SEEN", RENDER_LIST, 0 },
	[M_KINDS]	= { "kinds", "USED BY", RENDER_LIST, RENDER_LONG },
};

static void show_combination(struct cli *cli, const struct combination *c, bool hidden)
{
	bool known = vmlab_arch_name(vmlab_session_info(cli->session)->out_arch);
	struct vmlab_perms names[VMLAB_COMBINATIONS];
	const char *seen[VMLAB_COMBINATIONS];
	struct render_value v[M_NR];
	size_t nr_seen = 0, i;

	for (i = 0; i < VMLAB_COMBINATIONS; i++) {
		names[i] = vmlab_combination_name(i);
		if (c->seen[i])
			seen[nr_seen++] = names[i].s;
	}
	v[M_ASKED] = RENDER_V_TEXT(c->asked.s);
	v[M_ENFORCED] = known ? RENDER_V_TEXT(c->enforced.s) : RENDER_V_NULL;
	v[M_WHY] = known ? RENDER_V_LIST(&c->why, c->why ? 1 : 0) : RENDER_V_NULL;
	v[M_REGIONS] = RENDER_V_NUM(c->regions);
	v[M_PAGES] = RENDER_V_NUM(c->pages);
	v[M_SEEN] = hidden ? RENDER_V_NULL : RENDER_V_LIST(seen, nr_seen);
	v[M_KINDS] = RENDER_V_LIST(c->kinds, c->nr_kinds);
	if (!cli->json) {
		render_row(cli->render, v);
		return;
	}
	render_object(cli->render, c->asked.s, NULL);
	for (i = 0; i < M_NR; i++)
		render_put(cli->render, &matrix_fields[i], v[i]);
	render_object_end(cli->render);
}

/* An object of objects for programs, by what is asked; a table for people. */
static void show_matrix(struct cli *cli, const struct vmlab_perms_all *perms)
{
	struct combination c;
	unsigned int i;

	if (cli->json)
		render_object(cli->render, "matrix", NULL);
	else
		render_table(cli->render, NULL, "what this machine makes of it", matrix_fields, M_NR);
	for (i = 0; i < VMLAB_COMBINATIONS; i++) {
		combine(vmlab_session_info(cli->session), perms, i, &c);
		show_combination(cli, &c, perms->hidden);
	}
	if (cli->json)
		render_object_end(cli->render);
	else
		render_table_end(cli->render);
}

static int run(struct cli *cli)
{
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	static const struct render_field keys = { "keys", "keys", RENDER_HEX, 0 };
	struct vmlab_perms_all perms;
	int ret;

	ret = cli_open_process(cli);
	if (ret)
		return ret;
	ret = vmlab_perms_read(cli->session, cli->target, &perms);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	render_begin(cli->render);
	view_process(cli);
	render_put(cli->render, &keys, perms.keys_known ? RENDER_V_NUM(perms.keys) :
		   RENDER_V_NULL);
	show_regions(cli, &perms);
	show_threads(cli, &perms);
	show_others(cli, &perms);
	show_images(cli, &perms);
	show_findings(cli, &perms);
	show_matrix(cli, &perms);
	render_put(cli->render, &changed, RENDER_V_NUM(perms.anatomy.changed));
	vmlab_perms_free(&perms);
	return cli_finish(cli);
}

const struct command cmd_perms = {
	.name = "perms",
	.args = "PID | -- COMMAND...",
	.summary = "permissions: asked, at most, enforced, and why; what should not be",
	.help = "ASK is what a mapping asks for, MAX what it could be given, GETS what the MMU lets\n"
		"user mode do, in pages. Then: which files have which of their tables read-only and\n"
		"how many functions are still bound at the first call; findings; and what this\n"
		"machine makes of each combination.\n",
	.run = run,
};
