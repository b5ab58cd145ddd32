// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_walk.c - one translation, level by level.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { VA, CANONICAL, MAPPED, ASKED, ENFORCED, WHY, STATE, MAPCOUNT };

static const struct render_field fields[] = {
	[VA]		= { "va", "address", RENDER_HEX, 0 },
	[CANONICAL]	= { "canonical", "canonical", RENDER_BOOL, RENDER_PROGRAMS },
	[MAPPED]	= { "mapped", "mapped", RENDER_BOOL, 0 },
	[ASKED]		= { "asked", "asked", RENDER_PERMS, 0 },
	[ENFORCED]	= { "enforced", "enforced", RENDER_PERMS, 0 },
	[WHY]		= { "why", "because", RENDER_LIST, 0 },
	[STATE]		= { "state", "state", RENDER_STATE, 0 },
	[MAPCOUNT]	= { "mapcount", "mapcount", RENDER_NUM, 0 },
};

enum { R_START, R_END, R_ASKED, R_NAME, R_OFFSET };

static const struct render_field region_fields[] = {
	[R_START]	= { "start", NULL, RENDER_HEX, 0 },
	[R_END]		= { "end", "to", RENDER_HEX, 0 },
	[R_ASKED]	= { "asked", NULL, RENDER_PERMS, 0 },
	[R_NAME]	= { "name", NULL, RENDER_TEXT, 0 },
	[R_OFFSET]	= { "offset", "offset", RENDER_HEX, 0 },
};

enum { L_LEVEL, L_INDEX, L_TABLE, L_ENTRY, L_ALLOWS, L_BITS, L_NR };

static const struct render_field level_fields[] = {
	[L_LEVEL]	= { "level", "LEVEL", RENDER_TEXT, 0 },
	[L_INDEX]	= { "index", "INDEX", RENDER_NUM, 0 },
	[L_TABLE]	= { "table_pa", "TABLE", RENDER_HEX, 0 },
	[L_ENTRY]	= { "entry", "ENTRY", RENDER_HEX, 0 },
	[L_ALLOWS]	= { "allows", "ALLOWS", RENDER_PERMS, 0 },
	[L_BITS]	= { "bits", "BITS", RENDER_LIST, RENDER_LONG },
};

enum { F_LEVEL, F_SIZE, F_PFN, F_PA };

static const struct render_field leaf_fields[] = {
	[F_LEVEL]	= { "level", NULL, RENDER_TEXT, 0 },
	[F_SIZE]	= { "size", NULL, RENDER_SIZE, 0 },
	[F_PFN]		= { "pfn", "pfn", RENDER_NUM, 0 },
	[F_PA]		= { "pa", "pa", RENDER_HEX, 0 },
};

static void show_region(struct render *r, const struct vmlab_region *region)
{
	char asked[4];

	if (!region) {
		render_no_object(r, "region");
		return;
	}
	snprintf(asked, sizeof(asked), "%.3s", region->perms);
	render_object(r, "region", "region");
	render_put(r, &region_fields[R_START], RENDER_V_NUM(region->start));
	render_put(r, &region_fields[R_END], RENDER_V_NUM(region->end));
	render_put(r, &region_fields[R_ASKED], RENDER_V_TEXT(asked));
	render_put(r, &region_fields[R_NAME], RENDER_V_TEXT(region->name));
	render_put(r, &region_fields[R_OFFSET], RENDER_V_NUM(region->offset));
	render_object_end(r);
}

/* The kind of the @i-th entry on the way down: only the last can be a leaf. */
static unsigned int kind_of(const struct vmlab_info *info, const struct vmlab_walk *walk,
			    unsigned int i)
{
	if (i + 1 == walk->out_nr_levels && walk->out_leaf.count)
		return vmlab_run_kind(&walk->out_leaf);
	return vmlab_entry_valid(info, walk->out_levels[i].entry) ?
		VMLAB_BIT_TABLE : VMLAB_BIT_ABSENT;
}

static void level_values(const struct vmlab_info *info, const struct vmlab_entry *entry,
			 unsigned int kind, uint64_t permits_of, struct vmlab_perms *allows,
			 const char **names, struct render_value *v)
{
	size_t nr = view_bits(info, entry->level, entry->entry, kind, names);

	*allows = vmlab_facts_enforced(vmlab_entry_permits(info, permits_of));
	v[L_LEVEL] = RENDER_V_TEXT(vmlab_level_name(info, entry->level));
	v[L_INDEX] = RENDER_V_NUM(entry->index);
	v[L_TABLE] = RENDER_V_NUM(entry->table_pa);
	v[L_ENTRY] = RENDER_V_NUM(entry->entry);
	v[L_ALLOWS] = RENDER_V_TEXT(allows->s);
	v[L_BITS] = RENDER_V_LIST(names, nr);
}

static void show_levels(struct render *r, const struct vmlab_info *info,
			const struct vmlab_walk *walk)
{
	const char *names[VMLAB_BITS_MAX];
	struct render_value v[L_NR];
	struct vmlab_perms allows;
	unsigned int i;

	render_table(r, "levels", NULL, level_fields, L_NR);
	for (i = 0; i < walk->out_nr_levels; i++) {
		const struct vmlab_entry *entry = &walk->out_levels[i];
		uint64_t permits_of = entry->entry;

		/* Under KPTI user mode runs on the other root: that one permits. */
		if (!i && (walk->out_flags & VMLAB_OUT_USER_ROOT))
			permits_of = walk->out_user_root.entry;
		level_values(info, entry, kind_of(info, walk, i), permits_of, &allows,
			     names, v);
		render_row(r, v);
	}
	render_table_end(r);
}

static void show_user_root(struct render *r, const struct vmlab_info *info,
			   const struct vmlab_walk *walk)
{
	const struct vmlab_entry *root = &walk->out_user_root;
	const char *names[VMLAB_BITS_MAX];
	struct render_value v[L_NR];
	struct vmlab_perms allows;
	unsigned int kind, i;

	if (!(walk->out_flags & VMLAB_OUT_USER_ROOT))
		return;
	kind = vmlab_entry_valid(info, root->entry) ? VMLAB_BIT_TABLE : VMLAB_BIT_ABSENT;
	level_values(info, root, kind, root->entry, &allows, names, v);
	render_object(r, "user_root", "user root");
	for (i = 0; i < L_NR; i++)
		render_put(r, &level_fields[i], v[i]);
	render_object_end(r);
}

static void show_leaf(struct render *r, const struct vmlab_info *info,
		      const struct vmlab_walk *walk, bool hidden)
{
	const struct vmlab_run *leaf = &walk->out_leaf;
	bool framed = !hidden && leaf->pfn != VMLAB_PFN_NONE &&
		      vmlab_run_kind(leaf) == VMLAB_BIT_LEAF;

	if (!leaf->count || vmlab_run_kind(leaf) != VMLAB_BIT_LEAF) {
		render_no_object(r, "leaf");
		return;
	}
	render_object(r, "leaf", "leaf");
	render_put(r, &leaf_fields[F_LEVEL], RENDER_V_TEXT(vmlab_level_name(info, leaf->level)));
	render_put(r, &leaf_fields[F_SIZE], RENDER_V_NUM(1ULL << leaf->shift));
	render_put(r, &leaf_fields[F_PFN], framed ? RENDER_V_NUM(leaf->pfn) : RENDER_V_NULL);
	render_put(r, &leaf_fields[F_PA],
		   framed ? RENDER_V_NUM((leaf->pfn << info->out_page_shift) +
					 (walk->va - leaf->va)) : RENDER_V_NULL);
	render_object_end(r);
}

static void show_verdict(struct render *r, const struct vmlab_walk *walk, bool hidden,
			 const struct vmlab_region *region)
{
	const struct vmlab_run *leaf = &walk->out_leaf;
	struct vmlab_perms asked = vmlab_facts_asked(leaf->facts);
	struct vmlab_perms enforced = vmlab_facts_enforced(leaf->facts);
	const char *why[VMLAB_WHY_MAX];
	size_t nr = vmlab_run_why(leaf, why);
	char from_region[4] = "";

	/* Without a leaf only the region knows what was asked. */
	if (region)
		snprintf(from_region, sizeof(from_region), "%.3s", region->perms);
	if (!leaf->count && region && from_region[0] != '\0') {
		why[0] = "not-present";
		nr = strcmp(from_region, "---") ? 1 : 0;
	}
	render_put(r, &fields[ASKED],
		   leaf->facts & VMLAB_FACT_VMA ? RENDER_V_TEXT(asked.s) :
		   region ? RENDER_V_TEXT(from_region) : RENDER_V_NULL);
	render_put(r, &fields[ENFORCED], hidden ? RENDER_V_NULL : RENDER_V_TEXT(enforced.s));
	if (hidden)
		render_put(r, &fields[WHY], RENDER_V_NULL);
	else if (nr || !leaf->count)
		render_put(r, &fields[WHY], RENDER_V_LIST(why, nr));
	else
		render_put(r, &fields[WHY], RENDER_V_LIST(why, 0));
	render_put(r, &fields[STATE], RENDER_V_TEXT(vmlab_run_state(leaf, hidden, region)));
	render_put(r, &fields[MAPCOUNT],
		   leaf->count && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		   RENDER_V_NUM(leaf->mapcount) : RENDER_V_NULL);
}

static int show(struct cli *cli, const struct vmlab_walk *walk,
		const struct vmlab_regions *regions)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	const struct vmlab_region *region = vmlab_regions_find(regions, walk->va);
	bool hidden = walk->out_flags & VMLAB_OUT_HIDDEN;
	struct render *r = cli->render;

	render_put(r, &fields[MAPPED], RENDER_V_NUM(!!(walk->out_flags & VMLAB_OUT_MAPPED)));
	show_region(r, region);
	show_verdict(r, walk, hidden, region);
	show_leaf(r, info, walk, hidden);
	show_user_root(r, info, walk);
	show_levels(r, info, walk);
	return cli_finish(cli);
}

static int run(struct cli *cli)
{
	struct vmlab_regions regions;
	struct vmlab_walk walk;
	uint64_t va;
	int ret;

	if (cli->argc != (cli->cmd_argv ? 1 : 2))
		return cli_usage(cli, "it takes a process and an address");
	if (!cli_parse_va(cli->argv[cli->argc - 1], &va))
		return cli_usage(cli, "not a hexadecimal address: %s", cli->argv[cli->argc - 1]);
	ret = cli_open_target(cli);
	if (ret)
		return ret;

	ret = vmlab_target_walk(cli->target, va, &walk);
	if (ret && ret != -ERANGE)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	render_begin(cli->render);
	view_process(cli);
	render_put(cli->render, &fields[VA], RENDER_V_NUM(va));
	render_put(cli->render, &fields[CANONICAL],
		   RENDER_V_NUM(vmlab_va_canonical(vmlab_session_info(cli->session), va)));
	if (ret) {
		render_put(cli->render, &fields[MAPPED], RENDER_V_NUM(0));
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	ret = vmlab_regions_read(cli->session, cli->pid, &regions);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	ret = show(cli, &walk, &regions);
	vmlab_regions_free(&regions);
	return ret;
}

const struct command cmd_walk = {
	.name = "walk",
	.args = "PID ADDR | ADDR -- COMMAND...",
	.summary = "one translation, level by level",
	.help = "ADDR is hexadecimal. Each line is one entry on the way from the root to the frame:\n"
		"where its table lies, its raw value, what it alone permits to user mode, its bits.\n"
		"enforced is what all levels together permit, asked is what the mapping wants.\n",
	.run = run,
};
