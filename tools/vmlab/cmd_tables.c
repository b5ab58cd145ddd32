// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_tables.c - the tree of page tables: how many, how full, what they cost; and
 * how much of a TLB it takes what they map.
 *
 * Tables and runs go by and are not kept. Programs get every table; people get those
 * above the last level, with the sum of what hangs below.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli.h"

/* What is shown, while it is collected. */
struct view {
	struct vmlab_fill fill;
	/* For people: the table that was met last, and the last-level ones below it. */
	struct vmlab_table upper;
	bool has_upper;
	uint64_t below;
	uint64_t below_used;
};

enum {
	T_NAME, T_VA, T_LEVEL, T_PA, T_ENTRIES, T_FILL, T_SLOTS, T_LEAVES, T_BELOW, T_FULL, T_NR
};

static const struct render_field tree_fields[] = {
	[T_NAME]	= { NULL, "TABLE", RENDER_TEXT, RENDER_PEOPLE },
	[T_VA]		= { "va", "FROM", RENDER_HEX, 0 },
	[T_LEVEL]	= { "level", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[T_PA]		= { "table_pa", "LIES AT", RENDER_HEX, 0 },
	[T_ENTRIES]	= { "entries", "USED", RENDER_NUM, 0 },
	[T_FILL]	= { NULL, "FILL", RENDER_BAR, RENDER_PEOPLE },
	[T_SLOTS]	= { "slots", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[T_LEAVES]	= { "leaves", "HUGE", RENDER_NUM, 0 },
	[T_BELOW]	= { NULL, "PTE TABLES", RENDER_TEXT, RENDER_PEOPLE },
	[T_FULL]	= { NULL, "THEIR FILL", RENDER_TEXT, RENDER_PEOPLE },
};

enum { L_LEVEL, L_TABLES, L_ENTRIES, L_SLOTS, L_FILL, L_LEAVES, L_BYTES, L_NR };

static const struct render_field level_fields[] = {
	[L_LEVEL]	= { "level", "LEVEL", RENDER_TEXT, 0 },
	[L_TABLES]	= { "tables", "TABLES", RENDER_NUM, 0 },
	[L_ENTRIES]	= { "entries", "USED", RENDER_NUM, 0 },
	[L_SLOTS]	= { "slots", "OF", RENDER_NUM, 0 },
	[L_FILL]	= { NULL, "FILL", RENDER_BAR, RENDER_PEOPLE },
	[L_LEAVES]	= { "leaves", "LEAVES", RENDER_NUM, 0 },
	[L_BYTES]	= { "bytes", "MEMORY", RENDER_SIZE, 0 },
};

enum { C_LENGTH, C_SPAN, C_RUNS, C_PAGES, C_SHARE, C_NR };

static const struct render_field contiguity_fields[] = {
	[C_LENGTH]	= { "length", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_SPAN]	= { NULL, "PAGES IN A ROW", RENDER_TEXT, RENDER_PEOPLE },
	[C_RUNS]	= { "runs", "RUNS", RENDER_NUM, 0 },
	[C_PAGES]	= { "pages", "PAGES", RENDER_NUM, 0 },
	[C_SHARE]	= { NULL, "OF ALL THAT IS MAPPED", RENDER_BAR, RENDER_PEOPLE },
};

static void table_row(struct cli *cli, const struct vmlab_table *table, const char *below,
		      const char *full)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	const uint64_t slots = vmlab_level_slots(info, table->level);
	const char *name = vmlab_level_name(info, table->level);
	unsigned int depth = info->out_levels > table->level ?
			     info->out_levels - table->level : 0;
	char indented[32];

	snprintf(indented, sizeof(indented), "%*s%s", 2 * (int)depth, "", name ? name : "?");
	{
		const struct render_value v[] = {
			[T_NAME] = RENDER_V_TEXT(indented),
			[T_VA] = RENDER_V_NUM(table->va),
			[T_LEVEL] = RENDER_V_TEXT(name),
			[T_PA] = RENDER_V_NUM(table->table_pa),
			[T_ENTRIES] = RENDER_V_NUM(table->nr_used),
			[T_FILL] = { .num = table->nr_used, .nr = slots },
			[T_SLOTS] = RENDER_V_NUM(slots),
			/* Of the last level TABLES does not say; levels[] has the sum. */
			[T_LEAVES] = table->level > VMLAB_LEVEL_PTE ?
				     RENDER_V_NUM(table->nr_leaves) : RENDER_V_NULL,
			[T_BELOW] = RENDER_V_TEXT(below),
			[T_FULL] = RENDER_V_TEXT(full),
		};

		render_row(cli->render, v);
	}
}

/* For people: the table that waits for what is below it. */
static void show_upper(struct cli *cli, struct view *view)
{
	const uint64_t slots = vmlab_level_slots(vmlab_session_info(cli->session),
						 VMLAB_LEVEL_PTE);
	char below[24] = "", full[16] = "";

	if (!view->has_upper)
		return;
	if (view->below) {
		snprintf(below, sizeof(below), "%" PRIu64, view->below);
		snprintf(full, sizeof(full), "%" PRIu64 " %%",
			 view->below_used * 100 / (view->below * slots));
	}
	table_row(cli, &view->upper, below, full);
	view->has_upper = false;
	view->below = 0;
	view->below_used = 0;
}

static void show_table(struct cli *cli, struct view *view, const struct vmlab_table *table)
{
	vmlab_fill_add_table(&view->fill, table);
	if (cli->json) {
		table_row(cli, table, "", "");
	} else if (table->level == VMLAB_LEVEL_PTE) {
		view->below++;
		view->below_used += table->nr_used;
	} else {
		show_upper(cli, view);
		view->upper = *table;
		view->has_upper = true;
	}
}

static int show_tree(struct cli *cli, struct view *view, struct vmlab_table_scanner *scan,
		     int ret, struct vmlab_table *table)
{
	render_table(cli->render, "tree", "the tree", tree_fields, T_NR);
	for (; ret > 0 && !cli_interrupted(); ret = vmlab_tables_next(scan, table))
		show_table(cli, view, table);
	show_upper(cli, view);
	render_table_end(cli->render);
	return cli_interrupted() ? -EINTR : ret;
}

static int add_runs(struct cli *cli, struct vmlab_fill *fill)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	ret = vmlab_scan_start(&scan, cli->target, 0, 0, NULL, 0);
	if (ret)
		return ret;
	while (!cli_interrupted() && (ret = vmlab_scan_next(&scan, &run)) > 0) {
		ret = vmlab_fill_add_run(fill, &run);
		if (ret)
			break;
	}
	vmlab_scan_end(&scan);
	return cli_interrupted() ? -EINTR : ret;
}

static void show_levels(struct cli *cli, const struct vmlab_fill *fill)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	unsigned int level;

	render_table(cli->render, "levels", "the levels", level_fields, L_NR);
	for (level = info->out_levels; level >= VMLAB_LEVEL_PTE; level--) {
		const struct vmlab_fill_level *at = &fill->levels[level];
		const struct render_value v[] = {
			[L_LEVEL] = RENDER_V_TEXT(vmlab_level_name(info, level)),
			[L_TABLES] = RENDER_V_NUM(at->tables),
			[L_ENTRIES] = RENDER_V_NUM(at->entries),
			[L_SLOTS] = RENDER_V_NUM(at->slots),
			[L_FILL] = { .num = at->entries, .nr = at->slots },
			[L_LEAVES] = RENDER_V_NUM(at->leaves),
			[L_BYTES] = RENDER_V_NUM(at->bytes),
		};

		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

static void show_contiguity(struct cli *cli, const struct vmlab_fill *fill)
{
	char span[64];
	unsigned int i;

	render_table(cli->render, "contiguity", "neighbouring pages on neighbouring frames",
		     contiguity_fields, C_NR);
	for (i = 0; i < VMLAB_FILL_LENGTHS; i++) {
		const struct vmlab_fill_run *length = &fill->contiguity[i];

		if (!length->runs)
			continue;
		if (i)
			snprintf(span, sizeof(span), "%llu to %llu", 1ULL << i, (2ULL << i) - 1);
		else
			snprintf(span, sizeof(span), "1");
		{
			const struct render_value v[] = {
				[C_LENGTH] = RENDER_V_NUM(1ULL << i),
				[C_SPAN] = RENDER_V_TEXT(span),
				[C_RUNS] = RENDER_V_NUM(length->runs),
				[C_PAGES] = RENDER_V_NUM(length->pages),
				[C_SHARE] = { .num = length->pages, .nr = fill->tlb_base },
			};

			render_row(cli->render, v);
		}
	}
	render_table_end(cli->render);
}

/* An object of sums, described once. */
struct sum {
	struct render_field field;
	struct render_value value;
};

static void show_sums(struct cli *cli, const char *key, const char *title,
		      const struct sum *sums, size_t nr)
{
	size_t i;

	render_object(cli->render, key, title);
	for (i = 0; i < nr; i++)
		render_put(cli->render, &sums[i].field, sums[i].value);
	render_object_end(cli->render);
}

#define NR(sums) (sizeof(sums) / sizeof((sums)[0]))

static void show_what_it_costs(struct cli *cli, const struct vmlab_fill *fill)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	uint64_t groups[VMLAB_GROUPS_MAX];
	size_t nr_groups = vmlab_tlb_groups(info, VMLAB_LEVEL_PTE, groups);
	const struct sum memory[] = {
		{ { "tables", "tables", RENDER_NUM, 0 }, RENDER_V_NUM(fill->nr_tables) },
		{ { "bytes", "in all", RENDER_SIZE, 0 }, RENDER_V_NUM(fill->sz_tables) },
		{ { "reserve", "in reserve", RENDER_SIZE, 0 }, RENDER_V_NUM(fill->sz_reserve) },
		{ { "charged", "as VmPTE counts", RENDER_SIZE, 0 },
		  RENDER_V_NUM(fill->sz_charged) },
	};
	const struct sum tlb[] = {
		{ { "base", "base pages only", RENDER_NUM, 0 }, RENDER_V_NUM(fill->tlb_base) },
		{ { "leaves", "leaves as they are", RENDER_NUM, 0 },
		  RENDER_V_NUM(fill->tlb_leaves) },
		{ { "coalesced", "neighbours coalesced", RENDER_NUM, 0 },
		  RENDER_V_NUM(fill->tlb_coalesced) },
		{ { "groups", "in groups of", RENDER_NUMS, 0 },
		  RENDER_V_NUMS(groups, nr_groups) },
	};
	const struct sum superpages[] = {
		{ { "size", "of", RENDER_SIZE, 0 }, RENDER_V_NUM(fill->sz_super) },
		{ { "now", "now", RENDER_NUM, 0 }, RENDER_V_NUM(fill->super_now) },
		{ { "in_place", "more as frames lie", RENDER_NUM, 0 },
		  RENDER_V_NUM(fill->super_in_place) },
		{ { "by_copy", "more by copying", RENDER_NUM, 0 },
		  RENDER_V_NUM(fill->super_by_copy) },
		{ { "tlb_entries", "TLB entries then", RENDER_NUM, 0 },
		  RENDER_V_NUM(fill->tlb_super) },
	};

	show_sums(cli, "memory", "memory", memory, NR(memory));
	show_sums(cli, "tlb_entries", "TLB", tlb, NR(tlb));
	show_sums(cli, "superpages", "superpages", superpages, NR(superpages));
}

static int show(struct cli *cli, const struct vmlab_regions *before)
{
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	struct view view = { .has_upper = false };
	struct vmlab_table_scanner scan;
	struct vmlab_regions after;
	struct vmlab_table table;
	int ret;

	vmlab_fill_start(&view.fill, vmlab_session_info(cli->session));
	ret = vmlab_tables_start(&scan, cli->target, 0, 0);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	/* The first answer decides whether there is a document at all. */
	ret = vmlab_tables_next(&scan, &table);
	if (ret < 0) {
		vmlab_tables_end(&scan);
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	render_begin(cli->render);
	view_process(cli);
	cli_catch_interrupts(true);
	ret = show_tree(cli, &view, &scan, ret, &table);
	vmlab_tables_end(&scan);
	if (!ret)
		ret = add_runs(cli, &view.fill);
	cli_catch_interrupts(false);
	vmlab_fill_end(&view.fill);
	show_levels(cli, &view.fill);
	show_contiguity(cli, &view.fill);
	show_what_it_costs(cli, &view.fill);
	if (!ret)
		ret = vmlab_regions_read(cli->session, cli->pid, &after);
	if (ret) {
		render_put(cli->render, &changed, RENDER_V_NULL);
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	render_put(cli->render, &changed, RENDER_V_NUM(!vmlab_regions_equal(before, &after)));
	vmlab_regions_free(&after);
	return cli_finish(cli);
}

static int run(struct cli *cli)
{
	struct vmlab_regions regions;
	int ret;

	ret = cli_open_process(cli);
	if (ret)
		return ret;
	ret = vmlab_regions_read(cli->session, cli->pid, &regions);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	ret = show(cli, &regions);
	vmlab_regions_free(&regions);
	return ret;
}

const struct command cmd_tables = {
	.name = "tables",
	.args = "PID | -- COMMAND...",
	.summary = "the tree of page tables: fill, memory, and what a TLB needs",
	.help = "A line of the tree is one table above the last level; PTE TABLES counts those of\n"
		"the last level below it. HUGE: its entries that map memory themselves. With --json\n"
		"every table is there. How neighbours, TLB entries and superpages are counted:\n"
		"Documentation/tables.rst.\n",
	.run = run,
};
