// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_kernel.c - the kernel half by region: permissions, sizes of leaves, findings.
 *
 * A region is scanned, summed up and shown before the next one is. Where there are
 * findings, they come from a second scan, in which the module leaves out everything
 * else: they stream, and nothing is kept that grows with the kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli.h"

enum {
	START, END, NAME, R, RW, RX, RWX, USER, ABSENT, REPEATED, SMALL, MIDDLE, LARGE, BYTES,
	P_BYTES, P_R, P_RW, P_RX, P_RWX, P_LEAVES, NR_FIELDS
};

/* Sizes of leaves are the machine's: their keys are made when it is known. */
static const struct render_field fields[NR_FIELDS] = {
	[START]		= { "start", "START", RENDER_HEX, 0 },
	[END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[NAME]		= { "name", "REGION", RENDER_TEXT, 0 },
	[R]		= { "enforced.r--", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[RW]		= { "enforced.rw-", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[RX]		= { "enforced.r-x", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[RWX]		= { "enforced.rwx", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SMALL]		= { NULL, NULL, RENDER_NUM, RENDER_PROGRAMS },
	[MIDDLE]	= { NULL, NULL, RENDER_NUM, RENDER_PROGRAMS },
	[LARGE]		= { NULL, NULL, RENDER_NUM, RENDER_PROGRAMS },
	[USER]		= { "user", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[ABSENT]	= { "absent", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[REPEATED]	= { "repeated", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[BYTES]		= { "bytes", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[P_BYTES]	= { NULL, "MAPPED", RENDER_SIZE, RENDER_PEOPLE },
	[P_R]		= { NULL, "R--", RENDER_SIZE, RENDER_PEOPLE },
	[P_RW]		= { NULL, "RW-", RENDER_SIZE, RENDER_PEOPLE },
	[P_RX]		= { NULL, "R-X", RENDER_SIZE, RENDER_PEOPLE },
	[P_RWX]		= { NULL, "RWX", RENDER_SIZE, RENDER_PEOPLE },
	[P_LEAVES]	= { NULL, "LEAVES", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

/* The three levels that can have leaves, and what theirs are called. */
static const unsigned int levels[] = { VMLAB_LEVEL_PTE, VMLAB_LEVEL_PMD, VMLAB_LEVEL_PUD };

#define NR_LEVELS	(sizeof(levels) / sizeof(levels[0]))

struct sizes {
	char keys[NR_LEVELS][24];	/* "pages.2M" */
	struct render_field fields[NR_FIELDS];
};

static void size_name(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	unsigned int unit = 0;

	for (; bytes >= 1024 && units[unit + 1]; unit++)
		bytes /= 1024;
	snprintf(buf, size, "%u%c", (unsigned int)bytes, units[unit]);
}

static void name_sizes(const struct vmlab_info *info, struct sizes *sizes)
{
	char name[16];
	size_t i;

	memcpy(sizes->fields, fields, sizeof(fields));
	for (i = 0; i < NR_LEVELS; i++) {
		size_name(1ULL << vmlab_level_shift(info, levels[i]), name, sizeof(name));
		snprintf(sizes->keys[i], sizeof(sizes->keys[i]), "pages.%s", name);
		sizes->fields[SMALL + i].key = sizes->keys[i];
	}
}

static uint64_t mapped(const struct vmlab_kernel_sums *sums)
{
	return sums->r + sums->rw + sums->rx + sums->rwx;
}

/* "3200 x 4K, 12 x 2M" */
static void leaves(const struct sizes *sizes, const struct vmlab_kernel_sums *sums, char *buf,
		   size_t size)
{
	size_t at = 0, i;

	*buf = '\0';
	for (i = 0; i < NR_LEVELS && at < size; i++)
		if (sums->leaves[levels[i]])
			at += snprintf(buf + at, size - at, "%s%" PRIu64 " x %s", at ? ", " : "",
				       sums->leaves[levels[i]],
				       strchr(sizes->keys[i], '.') + 1);
}

static void show_part(struct cli *cli, const struct sizes *sizes,
		      const struct vmlab_kernel_part *part)
{
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	const struct vmlab_kernel_sums *sums = &part->sums;
	struct render_value v[NR_FIELDS];
	char text[96];
	size_t i;

	leaves(sizes, sums, text, sizeof(text));
	v[START] = RENDER_V_NUM(part->start);
	v[END] = RENDER_V_NUM(part->end);
	v[NAME] = RENDER_V_TEXT(part->name);
	v[R] = RENDER_V_NUM(sums->r);
	v[RW] = RENDER_V_NUM(sums->rw);
	v[RX] = RENDER_V_NUM(sums->rx);
	v[RWX] = RENDER_V_NUM(sums->rwx);
	v[USER] = RENDER_V_NUM(sums->user);
	v[ABSENT] = RENDER_V_NUM(sums->absent);
	v[REPEATED] = RENDER_V_NUM(sums->repeated);
	for (i = 0; i < NR_LEVELS; i++)
		v[SMALL + i] = RENDER_V_NUM(sums->leaves[levels[i]]);
	v[BYTES] = RENDER_V_NUM(mapped(sums) << shift);
	v[P_BYTES] = RENDER_V_NUM(mapped(sums) << shift);
	v[P_R] = RENDER_V_NUM(sums->r << shift);
	v[P_RW] = RENDER_V_NUM(sums->rw << shift);
	v[P_RX] = RENDER_V_NUM(sums->rx << shift);
	v[P_RWX] = RENDER_V_NUM(sums->rwx << shift);
	v[P_LEAVES] = RENDER_V_TEXT(text);
	render_row(cli->render, v);
}

#define MAX_KINDS	8

/* What was found in all: base pages that are mapped, and of each kind of finding. */
struct totals {
	uint64_t mapped;
	uint64_t findings[MAX_KINDS];
};

static void sum_up(const struct vmlab_kernel_sums *sums, struct totals *totals)
{
	const struct vmlab_kernel_finding *finding;
	unsigned int i;

	totals->mapped += mapped(sums);
	for (i = 0; i < MAX_KINDS && (finding = vmlab_kernel_finding(i)); i++)
		totals->findings[i] += finding->pages(sums);
}

/* What lies between regions is shown where there is something, which there should not. */
static int show_parts(struct cli *cli, const struct vmlab_kregions *regions,
		      uint64_t start, uint64_t end, struct totals *totals)
{
	struct vmlab_kernel_part part;
	struct sizes sizes;
	int ret = 0;

	name_sizes(vmlab_session_info(cli->session), &sizes);
	render_table(cli->render, "regions", NULL, sizes.fields, NR_FIELDS);
	cli_catch_interrupts(true);
	for (; start < end; start = part.end) {
		ret = cli_interrupted() ? -EINTR :
		      vmlab_kernel_part_read(cli->session, regions, start, end, &part);
		if (ret)
			break;
		if (part.name || mapped(&part.sums) || part.sums.absent)
			show_part(cli, &sizes, &part);
		sum_up(&part.sums, totals);
	}
	cli_catch_interrupts(false);
	render_table_end(cli->render);
	return ret;
}

enum { F_KIND, F_VA, F_COUNT, F_SIZE, F_ENFORCED, F_REGION, F_DETAIL, F_NR };

static const struct render_field finding_fields[] = {
	[F_KIND]	= { "kind", "FINDING", RENDER_TEXT, 0 },
	[F_VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
	[F_COUNT]	= { "count", "COUNT", RENDER_NUM, 0 },
	[F_SIZE]	= { "size", "SIZE", RENDER_SIZE, 0 },
	[F_ENFORCED]	= { "enforced", "GETS", RENDER_PERMS, 0 },
	[F_REGION]	= { "region", "REGION", RENDER_TEXT, 0 },
	[F_DETAIL]	= { "detail", "BECAUSE", RENDER_TEXT, RENDER_LONG },
};

static void show_finding(struct cli *cli, const struct vmlab_kernel_finding *finding,
			 const struct vmlab_kregions *regions, const struct vmlab_run *run)
{
	const struct vmlab_kregion *region = vmlab_kregions_find(regions, run->va);
	struct vmlab_perms enforced = vmlab_facts_enforced(run->facts);
	struct render_value v[F_NR];

	v[F_KIND] = RENDER_V_TEXT(finding->kind);
	v[F_VA] = RENDER_V_NUM(run->va);
	v[F_COUNT] = RENDER_V_NUM(run->count);
	v[F_SIZE] = RENDER_V_NUM(1ULL << run->shift);
	v[F_ENFORCED] = RENDER_V_TEXT(enforced.s);
	v[F_REGION] = RENDER_V_TEXT(region ? vmlab_kregion_name(region->kind) : NULL);
	v[F_DETAIL] = RENDER_V_TEXT(finding->what);
	render_row(cli->render, v);
}

/* All of one kind. */
static int find(struct cli *cli, const struct vmlab_kernel_finding *finding,
		const struct vmlab_kregions *regions, uint64_t start, uint64_t end)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	ret = vmlab_kernel_scan_start(&scan, cli->session, start, end, &finding->filter, 0);
	if (ret)
		return ret;
	while ((ret = vmlab_scan_next(&scan, &run)) > 0)
		show_finding(cli, finding, regions, &run);
	vmlab_scan_end(&scan);
	return ret;
}

static int show_findings(struct cli *cli, const struct vmlab_kregions *regions,
			 uint64_t start, uint64_t end, const struct totals *totals)
{
	const struct vmlab_kernel_finding *finding;
	bool clean = true;
	unsigned int i;
	int ret = 0;

	render_table(cli->render, "findings", NULL, finding_fields, F_NR);
	for (i = 0; !ret && i < MAX_KINDS && (finding = vmlab_kernel_finding(i)); i++) {
		if (!totals->findings[i])
			continue;
		clean = false;
		ret = find(cli, finding, regions, start, end);
	}
	render_table_end(cli->render);
	if (!ret && clean)
		render_note(cli->render, "no page is both writable and executable, and none is open to user mode");
	return ret;
}

/* As the module does, for each of the parts. */
static int check_range(const struct vmlab_info *info, uint64_t start, uint64_t end)
{
	if (((start | end) & ((1ULL << info->out_page_shift) - 1)) || end < start)
		return -EINVAL;
	return start < info->out_kernel_start ? -ERANGE : 0;
}

static int show(struct cli *cli, uint64_t start, uint64_t end)
{
	static const struct render_field total = { "bytes", "mapped", RENDER_SIZE, 0 };
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	struct vmlab_kregions regions;
	struct totals totals = { 0 };
	int ret;

	/* Before there is a document: what is wrong with the range, or with the caller. */
	ret = check_range(vmlab_session_info(cli->session), start, end);
	if (!ret)
		ret = vmlab_kernel_regions(cli->session, &regions);
	if (ret)
		return cli_fail(cli, CLI_AT_KERNEL, ret);
	render_begin(cli->render);
	ret = show_parts(cli, &regions, start, end, &totals);
	if (!ret)
		ret = show_findings(cli, &regions, start, end, &totals);
	render_put(cli->render, &total, RENDER_V_NUM(totals.mapped << shift));
	return ret ? cli_fail(cli, CLI_AT_KERNEL, ret) : cli_finish(cli);
}

static int run(struct cli *cli)
{
	const struct vmlab_info *info;
	uint64_t start = 0, end = 0;
	int ret;

	if (cli->cmd_argv || cli->argc > 1)
		return cli_usage(cli, "it takes at most one range");
	if (cli->argc && !cli_parse_range(cli->argv[0], &start, &end))
		return cli_usage(cli, "not a range START-END of hexadecimal addresses: %s",
				 cli->argv[0]);
	ret = cli_open_session(cli);
	if (ret)
		return ret;
	info = vmlab_session_info(cli->session);
	if (!cli->argc) {
		start = info->out_kernel_start;
		end = VMLAB_KERNEL_END(info->out_page_shift);
	}
	return show(cli, start, end);
}

const struct command cmd_kernel = {
	.name = "kernel",
	.args = "[START-END]",
	.summary = "the kernel half by region: permissions, sizes of pages, findings",
	.help = "What is mapped of each region, with which permissions to the kernel itself, by\n"
		"leaves of which size. Findings: pages that are writable and executable, and pages\n"
		"that user mode could reach.\n",
	.run = run,
};
