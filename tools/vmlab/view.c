// SPDX-License-Identifier: GPL-2.0-only
/* view.c - values that several commands show, described once. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void show_hidden(struct cli *cli)
{
	static const struct render_field hidden = {
		"hidden", "withheld", RENDER_BOOL, RENDER_PROGRAMS
	};

	render_put(cli->render, &hidden, RENDER_V_NUM(1));
	render_note(cli->render, "frames and entries are withheld: they take CAP_SYS_ADMIN, as in /proc/PID/pagemap");
}

void view_process(struct cli *cli)
{
	static const struct render_field pid = { "pid", NULL, RENDER_NUM, 0 };
	static const struct render_field name = { "comm", NULL, RENDER_TEXT, 0 };
	char comm[64];
	int ret = vmlab_proc_comm(cli->session, cli->pid, comm, sizeof(comm));

	if (cli->json) {
		render_put(cli->render, &pid, RENDER_V_NUM(cli->pid));
		render_put(cli->render, &name, ret ? RENDER_V_NULL : RENDER_V_TEXT(comm));
	} else {
		render_object(cli->render, NULL, "process");
		render_put(cli->render, &pid, RENDER_V_NUM(cli->pid));
		render_put(cli->render, &name, ret ? RENDER_V_NULL : RENDER_V_TEXT(comm));
		render_object_end(cli->render);
	}
	if (vmlab_target_hidden(cli->target))
		show_hidden(cli);
}

void view_hidden(struct cli *cli, const struct vmlab_index *index)
{
	const struct vmlab_skipped *skipped;
	size_t nr = vmlab_index_skipped(index, &skipped), i;

	for (i = 0; i < nr; i++)
		if (!strcmp(skipped[i].why, "hidden"))
			break;
	if (i < nr)
		show_hidden(cli);
}

size_t view_bits(const struct vmlab_info *info, unsigned int level, uint64_t entry,
		 unsigned int kind, const char **names)
{
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	size_t nr = vmlab_entry_bits(info, level, entry, kind, bits), i;

	for (i = 0; i < nr; i++)
		names[i] = bits[i]->name;
	return nr;
}

void view_bits_next(struct view_bits *bits, const struct vmlab_info *info, unsigned int level,
		    uint64_t entry, unsigned int kind)
{
	if (bits->level == level && bits->kind == kind) {
		if ((entry & bits->mask) == bits->looks)
			return;
	} else {
		bits->level = level;
		bits->kind = kind;
		bits->mask = vmlab_entry_bits_mask(info, level, kind);
	}
	bits->looks = entry & bits->mask;
	bits->nr = view_bits(info, level, entry, kind, bits->names);
}

struct render_value view_memory_type(const struct vmlab_info *info, const struct vmlab_run *run)
{
	if (vmlab_run_kind(run) != VMLAB_BIT_LEAF)
		return RENDER_V_NULL;
	return RENDER_V_TEXT(vmlab_entry_memory_type(info, run->level, run->entry));
}

struct render_value view_pkey(const struct vmlab_info *info, const struct vmlab_run *run)
{
	int key = vmlab_entry_pkey(info, run->entry);

	return vmlab_run_kind(run) == VMLAB_BIT_LEAF && key >= 0 ?
	       RENDER_V_NUM(key) : RENDER_V_NULL;
}

enum { L_LEVEL, L_INDEX, L_TABLE, L_ENTRY, L_ALLOWS, L_BITS, L_NR };

static const struct render_field level_fields[] = {
	[L_LEVEL]	= { "level", "LEVEL", RENDER_TEXT, 0 },
	[L_INDEX]	= { "index", "INDEX", RENDER_NUM, 0 },
	[L_TABLE]	= { "table_pa", "TABLE", RENDER_HEX, 0 },
	[L_ENTRY]	= { "entry", "ENTRY", RENDER_HEX, 0 },
	[L_ALLOWS]	= { "allows", "ALLOWS", RENDER_TEXT, 0 },
	[L_BITS]	= { "bits", "BITS", RENDER_LIST, RENDER_LONG },
};

/* The kind of the @i-th entry on the way down: only the last can be a leaf. */
static unsigned int kind_of(const struct vmlab_info *info, const struct vmlab_walk *walk,
			    unsigned int i)
{
	const struct vmlab_entry *entry = &walk->out_levels[i];

	if (i + 1 == walk->out_nr_levels && walk->out_leaf.count)
		return vmlab_run_kind(&walk->out_leaf);
	return vmlab_entry_valid(info, entry->level, entry->entry) ?
		VMLAB_BIT_TABLE : VMLAB_BIT_ABSENT;
}

static void level_values(const struct vmlab_info *info, const struct vmlab_entry *entry,
			 unsigned int kind, uint64_t permits, struct vmlab_perms *allows,
			 const char **names, struct render_value *v)
{
	size_t nr = view_bits(info, entry->level, entry->entry, kind, names);

	*allows = vmlab_facts_enforced(permits);
	v[L_LEVEL] = RENDER_V_TEXT(vmlab_level_name(info, entry->level));
	v[L_INDEX] = RENDER_V_NUM(entry->index);
	v[L_TABLE] = RENDER_V_NUM(entry->table_pa);
	v[L_ENTRY] = RENDER_V_NUM(entry->entry);
	v[L_ALLOWS] = RENDER_V_TEXT(allows->s);
	v[L_BITS] = RENDER_V_LIST(names, nr);
}

void view_levels(struct render *r, const struct vmlab_info *info,
		 const struct vmlab_walk *walk)
{
	const char *names[VMLAB_BITS_MAX];
	struct render_value v[L_NR];
	struct vmlab_perms allows;
	unsigned int i;

	render_table(r, "levels", NULL, level_fields, L_NR);
	for (i = 0; i < walk->out_nr_levels; i++) {
		const struct vmlab_entry *entry = &walk->out_levels[i];
		uint64_t permits_of = entry->entry, permits;

		/* Under KPTI user mode runs on the other root: that one permits. */
		if (!i && (walk->out_flags & VMLAB_OUT_USER_ROOT))
			permits_of = walk->out_user_root.entry;
		if (walk->va >= info->out_kernel_start)
			permits = vmlab_entry_kernel_permits(info, entry->level, permits_of);
		else
			permits = vmlab_entry_permits(info, entry->level, permits_of);
		level_values(info, entry, kind_of(info, walk, i), permits, &allows, names, v);
		render_row(r, v);
	}
	render_table_end(r);
}

void view_user_root(struct render *r, const struct vmlab_info *info,
		    const struct vmlab_walk *walk)
{
	const struct vmlab_entry *root = &walk->out_user_root;
	const char *names[VMLAB_BITS_MAX];
	struct render_value v[L_NR];
	struct vmlab_perms allows;
	unsigned int kind, i;

	if (!(walk->out_flags & VMLAB_OUT_USER_ROOT))
		return;
	kind = vmlab_entry_valid(info, root->level, root->entry) ?
		VMLAB_BIT_TABLE : VMLAB_BIT_ABSENT;
	level_values(info, root, kind, vmlab_entry_permits(info, root->level, root->entry),
		     &allows, names, v);
	render_object(r, "user_root", "user root");
	for (i = 0; i < L_NR; i++)
		render_put(r, &level_fields[i], v[i]);
	render_object_end(r);
}

int view_names_read(struct cli *cli, const struct vmlab_index *index,
		    struct view_names *names)
{
	size_t nr = vmlab_index_totals(index)->processes, i;

	names->nr = 0;
	names->v = calloc(nr + 1, sizeof(*names->v));
	if (!names->v)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		names->v[i].pid = vmlab_index_pid(index, i);
		names->nr++;
		if (vmlab_regions_read(cli->session, names->v[i].pid,
				       &names->v[i].regions) == -ENOMEM) {
			view_names_free(names);
			return -ENOMEM;
		}
	}
	return 0;
}

void view_names_free(struct view_names *names)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		vmlab_regions_free(&names->v[i].regions);
	free(names->v);
	memset(names, 0, sizeof(*names));
}

static int by_process(const void *pid, const void *process)
{
	pid_t a = *(const pid_t *)pid, b = ((const struct view_process *)process)->pid;

	return (a > b) - (a < b);
}

const char *view_name(const struct view_names *names, pid_t pid, uint64_t va)
{
	const struct view_process *process;
	const struct vmlab_region *region;

	process = bsearch(&pid, names->v, names->nr, sizeof(*names->v), by_process);
	region = process ? vmlab_regions_find(&process->regions, va) : NULL;
	return region ? region->name : NULL;
}

const char *view_short_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash && slash[1] && !strstr(name, " (deleted)") ? slash + 1 : name;
}

enum { S_PID, S_WHY, S_NR };

static const struct render_field skipped_fields[] = {
	[S_PID]	= { "pid", "SKIPPED", RENDER_NUM, 0 },
	[S_WHY]	= { "why", "BECAUSE", RENDER_TEXT, 0 },
};

void view_skipped(struct cli *cli, const struct vmlab_index *index)
{
	const struct vmlab_skipped *skipped;
	size_t nr = vmlab_index_skipped(index, &skipped), i;

	if (!nr && !cli->json)
		return;
	render_table(cli->render, "skipped", NULL, skipped_fields, S_NR);
	for (i = 0; i < nr; i++) {
		const struct render_value v[S_NR] = {
			[S_PID] = RENDER_V_NUM(skipped[i].pid),
			[S_WHY] = RENDER_V_TEXT(skipped[i].why),
		};

		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

enum { M_PID, M_VA, M_SIZE, M_COUNT, M_ENFORCED, M_ASKED, M_ACCESSED, M_DIRTY, M_NAME, M_NR };

const struct render_field view_mapping_fields[VIEW_MAPPING_FIELDS] = {
	[M_PID]		= { "pid", NULL, RENDER_NUM, 0 },
	[M_VA]		= { "va", NULL, RENDER_HEX, 0 },
	[M_SIZE]	= { "size", NULL, RENDER_SIZE, 0 },
	[M_COUNT]	= { "count", NULL, RENDER_NUM, 0 },
	[M_ENFORCED]	= { "enforced", NULL, RENDER_PERMS, 0 },
	[M_ASKED]	= { "asked", NULL, RENDER_PERMS, 0 },
	[M_ACCESSED]	= { "accessed", NULL, RENDER_BOOL, 0 },
	[M_DIRTY]	= { "dirty", NULL, RENDER_BOOL, 0 },
	[M_NAME]	= { "name", NULL, RENDER_TEXT, 0 },
};

_Static_assert(M_NR == VIEW_MAPPING_FIELDS && M_NR <= RENDER_ROWS_FIELDS,
	       "a table within a row is not that wide");

void view_mapping(const struct view_names *names, const struct vmlab_mapping *m,
		  struct view_perms *perms, struct render_value *v)
{
	bool leaf = !(m->facts & VMLAB_FACT_SWAP);

	perms->enforced = vmlab_facts_enforced(m->facts);
	perms->asked = vmlab_facts_asked(m->facts);
	v[M_PID] = RENDER_V_NUM(m->pid);
	v[M_VA] = RENDER_V_NUM(m->va);
	v[M_SIZE] = RENDER_V_NUM(1ULL << m->shift);
	v[M_COUNT] = RENDER_V_NUM(m->count);
	v[M_ENFORCED] = RENDER_V_TEXT(perms->enforced.s);
	v[M_ASKED] = RENDER_V_TEXT(perms->asked.s);
	v[M_ACCESSED] = leaf ? RENDER_V_NUM(!!(m->facts & VMLAB_FACT_ACCESSED)) : RENDER_V_NULL;
	v[M_DIRTY] = leaf ? RENDER_V_NUM(!!(m->facts & VMLAB_FACT_DIRTY)) : RENDER_V_NULL;
	v[M_NAME] = RENDER_V_TEXT(view_name(names, m->pid, m->va));
}

const struct render_field view_people_fields[VIEW_PEOPLE_FIELDS] = {
	{ NULL, "PID", RENDER_TEXT, RENDER_PEOPLE },
	{ NULL, "ADDRESS", RENDER_TEXT, RENDER_PEOPLE },
	{ NULL, "GETS", RENDER_PERMS, RENDER_PEOPLE },
	{ NULL, "AD", RENDER_TEXT, RENDER_PEOPLE },
	{ NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

void view_people(const struct view_names *names, const struct vmlab_mapping *m,
		 struct view_people *row, struct render_value *v)
{
	const char *name = view_name(names, m->pid, m->va);

	snprintf(row->pid, sizeof(row->pid), "%d", (int)m->pid);
	snprintf(row->va, sizeof(row->va), "0x%" PRIx64, m->va);
	if (m->count > 1)
		snprintf(row->va, sizeof(row->va), "0x%" PRIx64 " x%" PRIu64, m->va, m->count);
	row->enforced = vmlab_facts_enforced(m->facts);
	snprintf(row->bits, sizeof(row->bits), "%c%c",
		 m->facts & VMLAB_FACT_ACCESSED ? 'a' : '-',
		 m->facts & VMLAB_FACT_DIRTY ? 'd' : '-');
	v[0] = RENDER_V_TEXT(row->pid);
	v[1] = RENDER_V_TEXT(row->va);
	v[2] = RENDER_V_TEXT(row->enforced.s);
	v[3] = RENDER_V_TEXT(row->bits);
	v[4] = RENDER_V_TEXT(name ? view_short_name(name) : "?");
}

void view_alias_open(struct cli *cli, bool wanted, struct view_alias *alias)
{
	*alias = (struct view_alias) { .cli = cli, .wanted = wanted };
	if (wanted)
		alias->known = !vmlab_kernel_regions(cli->session, &alias->regions);
}

void view_alias(const struct view_alias *alias, uint64_t pfn, struct vmlab_perms *enforced,
		struct render_value *v)
{
	struct vmlab_walk walk;

	v[0] = RENDER_V_NULL;
	v[1] = RENDER_V_NULL;
	if (!alias->known || pfn == VMLAB_PFN_NONE ||
	    vmlab_kernel_alias(alias->cli->session, &alias->regions, pfn, &walk))
		return;
	/* Where nothing is mapped (memfd_secret) the kernel may do nothing. */
	*enforced = vmlab_facts_enforced(walk.out_leaf.facts);
	v[0] = RENDER_V_NUM(walk.va);
	v[1] = RENDER_V_TEXT(enforced->s);
}
