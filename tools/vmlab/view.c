// SPDX-License-Identifier: GPL-2.0-only
/* view.c - values that several commands show, described once. */
#include "cli.h"

void view_process(struct cli *cli)
{
	static const struct render_field pid = { "pid", NULL, RENDER_NUM, 0 };
	static const struct render_field name = { "comm", NULL, RENDER_TEXT, 0 };
	static const struct render_field hidden = {
		"hidden", "withheld", RENDER_BOOL, RENDER_PROGRAMS
	};
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
	if (vmlab_target_hidden(cli->target)) {
		render_put(cli->render, &hidden, RENDER_V_NUM(1));
		render_note(cli->render, "frames and entries are withheld: they take CAP_SYS_ADMIN, as in /proc/PID/pagemap");
	}
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
