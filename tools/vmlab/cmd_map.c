// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_map.c - the anatomy of an address space, low to high, holes too.
 */
#include <inttypes.h>
#include <string.h>

#include "cli.h"

enum {
	START, END, KIND, ASKED, NAME, OFFSET, RESIDENT, ANON, FILE_PAGES, SHMEM, ZERO, COW,
	SHARED, SWAP, HUGE, HUGETLB, TABLES, THREADS, FINDINGS, P_SIZE, P_KIND, P_MIX, P_PAGES,
	P_WHAT, NR_FIELDS
};

/* The end of the last part is 2^64, which no 64-bit number is: so ends are texts. */
static const struct render_field fields[] = {
	[START]		= { "start", "START", RENDER_HEX, 0 },
	[END]		= { "end", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[KIND]		= { "kind", NULL, RENDER_STATE, RENDER_PROGRAMS },
	[ASKED]		= { "asked", "ASK", RENDER_PERMS, 0 },
	[NAME]		= { "name", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[OFFSET]	= { "offset", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[RESIDENT]	= { "pages.resident", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ANON]		= { "pages.anon", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[FILE_PAGES]	= { "pages.file", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SHMEM]		= { "pages.shmem", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ZERO]		= { "pages.zero", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[COW]		= { "pages.cow", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SHARED]	= { "pages.shared", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SWAP]		= { "pages.swap", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[HUGE]		= { "pages.huge", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[HUGETLB]	= { "pages.hugetlb", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[TABLES]	= { "tables_bytes", NULL, RENDER_SIZE, RENDER_PROGRAMS },
	[THREADS]	= { "threads", NULL, RENDER_NUMS, RENDER_PROGRAMS },
	[FINDINGS]	= { "findings", NULL, RENDER_LIST, RENDER_PROGRAMS },
	[P_SIZE]	= { NULL, "SIZE", RENDER_SIZE, RENDER_PEOPLE },
	[P_KIND]	= { NULL, "KIND", RENDER_STATE, RENDER_PEOPLE },
	[P_MIX]		= { NULL, "THERE", RENDER_MIX, RENDER_PEOPLE },
	[P_PAGES]	= { NULL, "PAGES", RENDER_NUM, RENDER_PEOPLE },
	[P_WHAT]	= { NULL, "WHAT", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

#define MAX_THREADS	64

/* What only they know who may see frames. */
static struct render_value known(uint64_t nr, bool is_known)
{
	return is_known ? RENDER_V_NUM(nr) : RENDER_V_NULL;
}

/* The glyphs of a part: own pages, those that wait for a copy, file's, shmem's, swap. */
static void mix(const struct vmlab_pages *p, bool hidden, uint64_t *nums)
{
	nums[0] = p->anon - p->cow_anon + p->hugetlb;
	nums[1] = p->cow;
	nums[2] = p->file - (p->cow - p->cow_anon);
	nums[3] = p->shmem;
	nums[4] = p->swap;
	/* Without frames nobody knows more than that a page is there. */
	if (hidden)
		nums[2] = p->resident;
}

/* For people: the name's last component says enough, and threads and findings. */
static void describe(const struct vmlab_part *part, char *buf, size_t size)
{
	const char *slash = strrchr(part->name, '/');
	size_t at, i;

	at = snprintf(buf, size, "%s", part->region && slash && slash[1] &&
		      !strstr(part->name, " (deleted)") ? slash + 1 : part->name);
	if (part->nr_threads == 1 && at < size)
		at += snprintf(buf + at, size - at, "%sthread %d", at ? " " : "",
			       (int)part->threads[0]);
	else if (part->nr_threads && at < size)
		at += snprintf(buf + at, size - at, "%s%zu threads", at ? " " : "",
			       part->nr_threads);
	for (i = 0; i < part->nr_findings && at < size; i++)
		at += snprintf(buf + at, size - at, " !%s", part->findings[i]);
}

static void show_part(struct cli *cli, const struct vmlab_part *part)
{
	bool hidden = vmlab_target_hidden(cli->target);
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	uint64_t nums[RENDER_MIX_PARTS], tids[MAX_THREADS], whole;
	const struct vmlab_pages *p = &part->pages;
	char end[24], asked[4] = "", what[256];
	struct render_value v[NR_FIELDS];
	bool mapped = part->region;
	size_t i;

	if (part->end)
		snprintf(end, sizeof(end), "0x%" PRIx64, part->end);
	else
		snprintf(end, sizeof(end), "0x10000000000000000");
	if (mapped)
		snprintf(asked, sizeof(asked), "%.3s", part->region->perms);
	for (i = 0; i < part->nr_threads && i < MAX_THREADS; i++)
		tids[i] = part->threads[i];
	whole = (part->end - part->start) >> shift;
	mix(p, hidden, nums);
	describe(part, what, sizeof(what));

	v[START] = RENDER_V_NUM(part->start);
	v[END] = RENDER_V_TEXT(end);
	v[KIND] = RENDER_V_TEXT(part->kind);
	v[ASKED] = mapped ? RENDER_V_TEXT(asked) : cli->json ? RENDER_V_NULL : RENDER_V_TEXT("");
	v[NAME] = RENDER_V_TEXT(part->name);
	v[OFFSET] = mapped ? RENDER_V_NUM(part->region->offset) : RENDER_V_NULL;
	v[RESIDENT] = RENDER_V_NUM(p->resident);
	v[ANON] = known(p->anon, !hidden);
	v[FILE_PAGES] = known(p->file, !hidden);
	v[SHMEM] = known(p->shmem, !hidden);
	v[ZERO] = known(p->zero, vmlab_target_facts(cli->target) & VMLAB_FACT_ZERO);
	v[COW] = known(p->cow, !hidden);
	v[SHARED] = known(p->shared, !hidden);
	v[SWAP] = RENDER_V_NUM(p->swap);
	v[HUGE] = known(p->huge, !hidden);
	v[HUGETLB] = known(p->hugetlb, !hidden);
	v[TABLES] = known(part->sz_tables, !hidden);
	v[THREADS] = RENDER_V_NUMS(tids, i);
	/* Most findings are of what the MMU enforces: not for those who may not see it. */
	v[FINDINGS] = hidden ? RENDER_V_NULL :
		      RENDER_V_LIST(part->findings, part->nr_findings);
	v[P_SIZE] = RENDER_V_NUM(part->end - part->start);
	v[P_KIND] = v[KIND];
	v[P_MIX] = (struct render_value){ .num = whole, .nums = nums,
					  .nr = mapped ? RENDER_MIX_PARTS : 0 };
	v[P_PAGES] = RENDER_V_NUM(p->resident);
	v[P_WHAT] = RENDER_V_TEXT(what);
	render_row(cli->render, v);
}

/* Sums, in base pages but for the bytes: reserved is all that is mapped. */
static void show_totals(struct cli *cli, const struct vmlab_anatomy *a)
{
	static const struct render_field totals[] = {
		{ "resident", "resident", RENDER_NUM, 0 },
		{ "anon", "anon", RENDER_NUM, 0 },
		{ "file", "file", RENDER_NUM, 0 },
		{ "shmem", "shmem", RENDER_NUM, 0 },
		{ "zero", "zero", RENDER_NUM, 0 },
		{ "cow", "cow", RENDER_NUM, 0 },
		{ "shared", "shared", RENDER_NUM, 0 },
		{ "swap", "swap", RENDER_NUM, 0 },
		{ "huge", "huge", RENDER_NUM, 0 },
		{ "hugetlb", "hugetlb", RENDER_NUM, 0 },
		{ "reserved", "reserved", RENDER_NUM, 0 },
		{ "device", "device", RENDER_NUM, 0 },
		{ "tables_bytes", "tables", RENDER_SIZE, 0 },
		{ "regions", "regions", RENDER_NUM, 0 },
	};
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	bool hidden = vmlab_target_hidden(cli->target);
	const struct vmlab_pages *p = &a->total;
	uint64_t reserved = 0, device = 0;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct vmlab_part *part = &a->parts[i];
		uint64_t pages = (part->end - part->start) >> shift;

		if (!part->region)
			continue;
		reserved += pages;
		if (!strcmp(part->kind, "device") || !strcmp(part->kind, "vvar"))
			device += pages;
	}
	{
		const struct render_value v[] = {
			RENDER_V_NUM(p->resident), known(p->anon, !hidden),
			known(p->file, !hidden), known(p->shmem, !hidden),
			known(p->zero, vmlab_target_facts(cli->target) & VMLAB_FACT_ZERO),
			known(p->cow, !hidden),
			known(p->shared, !hidden), RENDER_V_NUM(p->swap),
			known(p->huge, !hidden), known(p->hugetlb, !hidden),
			RENDER_V_NUM(reserved), RENDER_V_NUM(device),
			known(a->sz_tables, a->tables_known), RENDER_V_NUM(a->regions.nr),
		};

		render_object(cli->render, "totals", "pages");
		for (i = 0; i < sizeof(v) / sizeof(v[0]); i++)
			render_put(cli->render, &totals[i], v[i]);
		render_object_end(cli->render);
	}
}

static void show_legend(struct cli *cli)
{
	static const char *const parts[RENDER_MIX_PARTS + 1] = {
		"own", "waits for a copy", "file", "shared memory", "swapped", "not there",
	};
	char legend[256];
	size_t at = 0;
	unsigned int i;

	for (i = 0; i <= RENDER_MIX_PARTS; i++)
		at += snprintf(legend + at, sizeof(legend) - at, "%s%s %s", i ? "   " : "",
			       render_glyph(cli->render, i), parts[i]);
	render_note(cli->render, "%s", legend);
}

int map_show(struct cli *cli)
{
	static const struct render_field abi = { "abi", "abi", RENDER_TEXT, RENDER_PROGRAMS };
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	struct vmlab_anatomy anatomy;
	size_t i;
	int ret;

	ret = vmlab_anatomy_read(cli->session, cli->target, &anatomy);
	if (ret)
		return ret;
	render_begin(cli->render);
	view_process(cli);
	render_put(cli->render, &abi, RENDER_V_TEXT(anatomy.abi[0] ? anatomy.abi : NULL));
	render_table(cli->render, "regions", NULL, fields, NR_FIELDS);
	for (i = 0; i < anatomy.nr; i++)
		show_part(cli, &anatomy.parts[i]);
	render_table_end(cli->render);
	show_legend(cli);
	show_totals(cli, &anatomy);
	render_put(cli->render, &changed, RENDER_V_NUM(anatomy.changed));
	vmlab_anatomy_free(&anatomy);
	return 0;
}

static int run(struct cli *cli)
{
	int ret = cli_open_process(cli);

	if (ret)
		return ret;
	ret = map_show(cli);
	return ret ? cli_fail(cli, CLI_AT_QUERY, ret) : cli_finish(cli);
}

const struct command cmd_map = {
	.name = "map",
	.args = "PID | -- COMMAND...",
	.summary = "the anatomy of an address space, low to high, holes too",
	.help = "THERE draws how much of a region is there, and as what; PAGES counts what is\n"
		"resident, as Rss does. Kinds are found by evidence: Documentation/map.rst.\n",
	.run = run,
};
