// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_pages.c - every entry of an address space, in runs.
 *
 * Runs are shown as the module hands them over; nothing is kept but the totals,
 * so that a process of any size takes the same memory here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum {
	VA, COUNT, SIZE, LEVEL, PFN, ENTRY, STATE, ASKED, ENFORCED, WHY, ACCESSED, DIRTY,
	SOFT_DIRTY, UFFD_WP, FLAGS, MAPCOUNT, EXCLUSIVE, PKEY, MEMORY_TYPE, SWAP_TYPE,
	SWAP_OFFSET, BITS, REGION,
	NR_FIELDS
};

static const struct render_field fields[] = {
	[VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
	[COUNT]		= { "count", "COUNT", RENDER_NUM, 0 },
	[SIZE]		= { "size", "SIZE", RENDER_SIZE, 0 },
	[LEVEL]		= { "level", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[PFN]		= { "pfn", "PFN", RENDER_NUM, 0 },
	[ENTRY]		= { "entry", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[STATE]		= { "state", "STATE", RENDER_STATE, 0 },
	[ASKED]		= { "asked", "ASK", RENDER_PERMS, 0 },
	[ENFORCED]	= { "enforced", "GETS", RENDER_PERMS, 0 },
	[WHY]		= { "why", "BECAUSE", RENDER_LIST, RENDER_LONG },
	[ACCESSED]	= { "accessed", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[DIRTY]		= { "dirty", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[SOFT_DIRTY]	= { "soft_dirty", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[UFFD_WP]	= { "uffd_wp", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[FLAGS]		= { NULL, "ADS", RENDER_TEXT, RENDER_PEOPLE },
	[MAPCOUNT]	= { "mapcount", "MAPS", RENDER_NUM, 0 },
	[EXCLUSIVE]	= { "exclusive", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[PKEY]		= { "pkey", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[MEMORY_TYPE]	= { "memory_type", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[SWAP_TYPE]	= { "swap_type", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SWAP_OFFSET]	= { "swap_offset", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[BITS]		= { "bits", NULL, RENDER_LIST, RENDER_PROGRAMS },
	[REGION]	= { NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

/* Totals are base pages. */
enum {
	T_RUNS, T_PAGES, T_PRESENT, T_WRITABLE, T_ANON, T_FILE, T_SHMEM, T_ZERO, T_COW,
	T_SWAP, T_HUGE, T_NR
};

static const struct {
	struct render_field field;
	uint64_t all;		/* facts that a counted run has, */
	uint64_t any;		/* one of these, unless zero, */
	uint64_t none;		/* and none of these */
} totals[] = {
	[T_RUNS]	= { { "runs", "runs", RENDER_NUM, 0 }, 0, 0, 0 },
	[T_PAGES]	= { { "pages", "pages", RENDER_NUM, 0 }, 0, 0, 0 },
	[T_PRESENT]	= { { "present", "present", RENDER_NUM, 0 }, VMLAB_FACT_PRESENT, 0, 0 },
	[T_WRITABLE]	= { { "writable", "writable", RENDER_NUM, 0 }, VMLAB_FACT_WRITE, 0, 0 },
	[T_ANON]	= { { "anon", "anon", RENDER_NUM, 0 }, VMLAB_FACT_ANON, 0, 0 },
	[T_FILE]	= { { "file", "file", RENDER_NUM, 0 }, VMLAB_FACT_FILE, 0,
			    VMLAB_FACT_SHMEM },
	[T_SHMEM]	= { { "shmem", "shmem", RENDER_NUM, 0 }, VMLAB_FACT_SHMEM, 0, 0 },
	[T_ZERO]	= { { "zero", "zero", RENDER_NUM, 0 }, 0,
			    VMLAB_FACT_ZERO | VMLAB_FACT_HUGE_ZERO, 0 },
	[T_COW]		= { { "cow", "cow", RENDER_NUM, 0 },
			    VMLAB_FACT_ANON | VMLAB_FACT_ASKED_WRITE, 0,
			    VMLAB_FACT_WRITE | VMLAB_FACT_EXCLUSIVE },
	[T_SWAP]	= { { "swap", "swap", RENDER_NUM, 0 }, VMLAB_FACT_SWAP, 0, 0 },
	[T_HUGE]	= { { "huge", "huge", RENDER_NUM, 0 }, VMLAB_FACT_HUGE, 0, 0 },
};

static void count(const struct vmlab_info *info, const struct vmlab_run *run, uint64_t *sums)
{
	uint64_t pages = (uint64_t)run->count << (run->shift - info->out_page_shift);
	size_t i;

	sums[T_RUNS]++;
	for (i = T_PAGES; i < T_NR; i++)
		if ((run->facts & totals[i].all) == totals[i].all &&
		    (!totals[i].any || (run->facts & totals[i].any)) &&
		    !(run->facts & totals[i].none))
			sums[i] += pages;
}

/* A fact that is only known while frames are not withheld. */
static struct render_value fact(const struct vmlab_run *run, uint64_t bit, bool known)
{
	return known ? RENDER_V_NUM(!!(run->facts & bit)) : RENDER_V_NULL;
}

/* What a run is shown with: where it lies, and what was asked for there. */
struct around {
	const struct vmlab_regions *regions;
	struct vmlab_vma *vmas;
	ssize_t nr_vmas;	/* -errno where nobody tells: then no reason comes from them */
	/* of the last run, as the next is likely to have them */
	struct view_bits bits;
	const struct vmlab_region *region;
	const struct vmlab_vma *vma;
	const char *state;
	uint64_t facts;
};

/* Looks up where @run lies and what it is, unless all that is as it was for the last one. */
static void find(struct around *around, const struct vmlab_run *run, bool hidden)
{
	bool other = !around->region || run->va < around->region->start ||
		     run->va >= around->region->end;

	if (other)
		around->region = vmlab_regions_find(around->regions, run->va);
	if (other || run->facts != around->facts)
		around->state = vmlab_run_state(run, hidden, around->region);
	around->facts = run->facts;
	if (!around->vma || run->va < around->vma->start || run->va >= around->vma->end)
		around->vma = around->nr_vmas > 0 ?
			vmlab_vmas_find(around->vmas, around->nr_vmas, run->va) : NULL;
}

static size_t why_of(const struct vmlab_info *info, const struct vmlab_run *run,
		     const struct around *around, const char **why)
{
	size_t nr = vmlab_run_why(info, run, why);

	return around->vma ? nr + vmlab_vma_why(around->vma, why + nr) : nr;
}

static void show_run(struct cli *cli, const struct vmlab_run *run, struct around *around)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	bool hidden = vmlab_target_hidden(cli->target);
	struct vmlab_perms asked = vmlab_facts_asked(run->facts);
	struct vmlab_perms enforced = vmlab_facts_enforced(run->facts);
	bool leaf = vmlab_run_kind(run) == VMLAB_BIT_LEAF;
	bool swap = !hidden && (run->facts & VMLAB_FACT_SWAP);
	bool anon = run->facts & VMLAB_FACT_ANON;
	const char *why[VMLAB_WHY_MAX];
	const struct vmlab_region *region;
	struct render_value v[NR_FIELDS];
	size_t nr_why;
	char flags[4];

	find(around, run, hidden);
	region = around->region;
	nr_why = hidden ? 0 : why_of(info, run, around, why);
	if (!hidden)
		view_bits_next(&around->bits, info, run->level, run->entry, vmlab_run_kind(run));
	flags[0] = run->facts & VMLAB_FACT_ACCESSED ? 'a' : '-';
	flags[1] = run->facts & VMLAB_FACT_DIRTY ? 'd' : '-';
	flags[2] = run->facts & VMLAB_FACT_SOFT_DIRTY ? 's' : '-';
	flags[3] = '\0';
	v[VA] = RENDER_V_NUM(run->va);
	v[COUNT] = RENDER_V_NUM(run->count);
	v[SIZE] = RENDER_V_NUM(1ULL << run->shift);
	v[LEVEL] = RENDER_V_TEXT(vmlab_level_name(info, run->level));
	v[PFN] = !hidden && !swap && run->pfn != VMLAB_PFN_NONE ?
		 RENDER_V_NUM(run->pfn) : RENDER_V_NULL;
	v[ENTRY] = hidden ? RENDER_V_NULL : RENDER_V_NUM(run->entry);
	v[STATE] = RENDER_V_TEXT(around->state);
	v[ASKED] = RENDER_V_TEXT(asked.s);
	v[ENFORCED] = hidden ? RENDER_V_NULL : RENDER_V_TEXT(enforced.s);
	v[WHY] = hidden ? RENDER_V_NULL : RENDER_V_LIST(why, nr_why);
	v[ACCESSED] = fact(run, VMLAB_FACT_ACCESSED, !hidden && leaf);
	v[DIRTY] = fact(run, VMLAB_FACT_DIRTY, !hidden && leaf);
	v[SOFT_DIRTY] = fact(run, VMLAB_FACT_SOFT_DIRTY,
			     vmlab_target_facts(cli->target) & VMLAB_FACT_SOFT_DIRTY);
	v[UFFD_WP] = fact(run, VMLAB_FACT_UFFD_WP,
			  vmlab_target_facts(cli->target) & VMLAB_FACT_UFFD_WP);
	v[FLAGS] = RENDER_V_TEXT(hidden ? NULL : flags);
	v[MAPCOUNT] = run->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		      RENDER_V_NUM(run->mapcount) : RENDER_V_NULL;
	v[EXCLUSIVE] = swap ? fact(run, VMLAB_FACT_SWAP_EXCLUSIVE, true) :
		       fact(run, VMLAB_FACT_EXCLUSIVE, !hidden && anon);
	v[PKEY] = hidden ? RENDER_V_NULL : view_pkey(info, run);
	v[MEMORY_TYPE] = hidden ? RENDER_V_NULL : view_memory_type(info, run);
	v[SWAP_TYPE] = swap ? RENDER_V_NUM(run->swap_type) : RENDER_V_NULL;
	v[SWAP_OFFSET] = swap ? RENDER_V_NUM(run->pfn) : RENDER_V_NULL;
	v[BITS] = hidden ? RENDER_V_NULL : RENDER_V_LIST(around->bits.names, around->bits.nr);
	v[REGION] = RENDER_V_TEXT(region ? region->name : "");
	render_row(cli->render, v);
}

static void show_totals(struct cli *cli, const uint64_t *sums)
{
	const uint64_t shown = vmlab_target_facts(cli->target);
	size_t i;

	render_object(cli->render, "totals", "totals");
	for (i = 0; i < T_NR; i++) {
		bool known = !((totals[i].all | totals[i].any | totals[i].none) & ~shown);

		render_put(cli->render, &totals[i].field,
			   known ? RENDER_V_NUM(sums[i]) : RENDER_V_NULL);
	}
	render_object_end(cli->render);
}

static int show(struct cli *cli, bool ranged, uint64_t start, uint64_t end,
		struct around *around)
{
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	struct vmlab_regions after;
	struct vmlab_scanner scan;
	uint64_t sums[T_NR] = { 0 };
	struct vmlab_run run;
	int ret;

	ret = vmlab_scan_start(&scan, cli->target, start, end, NULL, 0);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	/* The library takes an end of 0 for the end of all: here it is an empty range. */
	if (ranged)
		scan.end = end;
	/* The first answer decides whether there is a document at all. */
	ret = vmlab_scan_next(&scan, &run);
	if (ret < 0) {
		vmlab_scan_end(&scan);
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	render_begin(cli->render);
	view_process(cli);
	render_table(cli->render, "runs", NULL, fields, NR_FIELDS);
	cli_catch_interrupts(true);
	for (; ret > 0 && !cli_interrupted(); ret = vmlab_scan_next(&scan, &run)) {
		show_run(cli, &run, around);
		count(vmlab_session_info(cli->session), &run, sums);
	}
	cli_catch_interrupts(false);
	if (cli_interrupted())
		ret = -EINTR;
	render_table_end(cli->render);
	vmlab_scan_end(&scan);
	show_totals(cli, sums);
	if (!ret)
		ret = vmlab_regions_read(cli->session, cli->pid, &after);
	if (ret) {
		render_put(cli->render, &changed, RENDER_V_NULL);
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	render_put(cli->render, &changed, RENDER_V_NUM(!vmlab_regions_equal(around->regions, &after)));
	vmlab_regions_free(&after);
	return cli_finish(cli);
}

static int run(struct cli *cli)
{
	const int own = cli->cmd_argv ? 0 : 1;	/* operands that name the process */
	struct vmlab_regions regions;
	struct around around = { .regions = &regions };
	uint64_t start = 0, end = 0;
	bool ranged = cli->argc > own;
	int ret;

	if (cli->argc > own + 1)
		return cli_usage(cli, "it takes a process and at most one range");
	if (ranged && !cli_parse_range(cli->argv[own], &start, &end))
		return cli_usage(cli, "not a range START-END of hexadecimal addresses: %s",
				 cli->argv[own]);
	ret = cli_open_target(cli);
	if (ret)
		return ret;
	ret = vmlab_regions_read(cli->session, cli->pid, &regions);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	/* Recordings of old do not have them, and some callers may not. */
	if (!vmlab_target_hidden(cli->target))
		around.nr_vmas = vmlab_target_vmas(cli->target, 0, 0, &around.vmas);
	ret = show(cli, ranged, start, end, &around);
	free(around.vmas);
	vmlab_regions_free(&regions);
	return ret;
}

const struct command cmd_pages = {
	.name = "pages",
	.args = "PID [START-END] | [START-END] -- COMMAND...",
	.summary = "every mapped page, in runs",
	.help = "A run stands for COUNT entries of SIZE that differ in nothing but where they are:\n"
		"addresses and frames advance together. ADS: accessed, dirty, soft-dirty.\n"
		"Entries that hold nothing are not shown; totals count base pages.\n",
	.run = run,
};
