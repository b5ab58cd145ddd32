// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_homonyms.c - addresses that two or more processes map to different frames.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { VA, COUNT, SIZE, PROCESSES, NR_FIELDS };

static const struct render_field fields[] = {
	[VA]		= { "va", NULL, RENDER_HEX, 0 },
	[COUNT]		= { "count", NULL, RENDER_NUM, 0 },
	[SIZE]		= { "size", NULL, RENDER_SIZE, 0 },
	[PROCESSES]	= { "processes", NULL, RENDER_ROWS, 0 },
};

enum { P_PID, P_PFN, P_ENFORCED, P_TAG, P_NAME, P_NR };

static const struct render_field process_fields[] = {
	[P_PID]		= { "pid", NULL, RENDER_NUM, 0 },
	[P_PFN]		= { "pfn", NULL, RENDER_NUM, 0 },
	[P_ENFORCED]	= { "enforced", NULL, RENDER_PERMS, 0 },
	[P_TAG]		= { "tag", NULL, RENDER_NUM, 0 },
	[P_NAME]	= { "name", NULL, RENDER_TEXT, 0 },
};

_Static_assert(P_NR <= RENDER_ROWS_FIELDS, "a table within a row is not that wide");

/* For people: one row a process. */
enum { R_VA, R_PAGES, R_PID, R_TAG, R_PFN, R_ENFORCED, R_NAME, R_NR };

static const struct render_field people_fields[] = {
	[R_VA]		= { NULL, "ADDRESS", RENDER_TEXT, RENDER_PEOPLE },
	[R_PAGES]	= { NULL, "PAGES", RENDER_TEXT, RENDER_PEOPLE },
	[R_PID]		= { NULL, "PID", RENDER_NUM, RENDER_PEOPLE },
	[R_TAG]		= { NULL, "TAG", RENDER_NUM, RENDER_PEOPLE },
	[R_PFN]		= { NULL, "FRAME", RENDER_NUM, RENDER_PEOPLE },
	[R_ENFORCED]	= { NULL, "GETS", RENDER_PERMS, RENDER_PEOPLE },
	[R_NAME]	= { NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

struct view {
	struct cli *cli;
	const struct view_names *names;
	const struct vmlab_sets *sets;
	const struct vmlab_info *info;
	struct vmlab_tags tags;		/* of these processes, as far as they are known */
	unsigned int page_shift;
	uint64_t ranges;
	uint64_t pages;
	struct vmlab_perms enforced;	/* of the row under way */
};

static struct render_value tag_of(const struct view *view, pid_t pid)
{
	uint32_t tag = vmlab_tags_tag(view->info, &view->tags, pid);

	return tag == VMLAB_TAG_NONE ? RENDER_V_NULL : RENDER_V_NUM(tag);
}

static void process_values(const void *ctx, size_t i, struct render_value *v)
{
	struct view *view = *(struct view *const *)ctx;
	struct vmlab_mapping m = vmlab_sets_mapping(view->sets, i);

	view->enforced = vmlab_facts_enforced(m.facts);
	v[P_PID] = RENDER_V_NUM(m.pid);
	v[P_PFN] = RENDER_V_NUM(m.pfn);
	v[P_ENFORCED] = RENDER_V_TEXT(view->enforced.s);
	v[P_TAG] = tag_of(view, m.pid);
	v[P_NAME] = RENDER_V_TEXT(view_name(view->names, m.pid, m.va));
}

static void show_to_people(struct view *view, const struct vmlab_set *set)
{
	char va[24], pages[24];
	size_t i;

	snprintf(va, sizeof(va), "0x%" PRIx64, set->va);
	snprintf(pages, sizeof(pages), "%" PRIu64, set->count << (set->shift - view->page_shift));
	for (i = 0; i < set->nr; i++) {
		struct vmlab_mapping m = vmlab_sets_mapping(view->sets, i);
		struct vmlab_perms enforced = vmlab_facts_enforced(m.facts);
		const char *name = view_name(view->names, m.pid, m.va);
		const struct render_value v[R_NR] = {
			[R_VA] = RENDER_V_TEXT(i ? "" : va),
			[R_PAGES] = RENDER_V_TEXT(i ? "" : pages),
			[R_PID] = RENDER_V_NUM(m.pid),
			[R_TAG] = tag_of(view, m.pid),
			[R_PFN] = RENDER_V_NUM(m.pfn),
			[R_ENFORCED] = RENDER_V_TEXT(enforced.s),
			[R_NAME] = RENDER_V_TEXT(name ? view_short_name(name) : "?"),
		};

		render_row(view->cli->render, v);
	}
}

static void show_range(struct view *view, const struct vmlab_set *set)
{
	const struct view *const ctx = view;
	const struct render_rows rows = {
		.fields = process_fields, .nr_fields = P_NR, .nr = set->nr,
		.row = process_values, .ctx = &ctx,
	};
	const struct render_value v[NR_FIELDS] = {
		[VA] = RENDER_V_NUM(set->va),
		[COUNT] = RENDER_V_NUM(set->count),
		[SIZE] = RENDER_V_NUM(1ULL << set->shift),
		[PROCESSES] = RENDER_V_ROWS(&rows),
	};

	view->ranges++;
	view->pages += set->count << (set->shift - view->page_shift);
	if (view->cli->json)
		render_row(view->cli->render, v);
	else
		show_to_people(view, set);
}

static void show_totals(struct view *view, const struct vmlab_index *index)
{
	static const struct render_field totals[] = {
		{ "processes", "processes", RENDER_NUM, 0 },
		{ "ranges", "ranges", RENDER_NUM, 0 },
		{ "pages", "pages", RENDER_NUM, 0 },
	};
	const struct render_value v[] = {
		RENDER_V_NUM(vmlab_index_totals(index)->processes), RENDER_V_NUM(view->ranges),
		RENDER_V_NUM(view->pages),
	};
	struct cli *cli = view->cli;
	size_t i;

	render_object(cli->render, "totals", "totals");
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		render_put(cli->render, &totals[i], v[i]);
	if (cli->json)
		view_skipped(cli, index);
	render_object_end(cli->render);
	if (!cli->json)
		view_skipped(cli, index);
}

/*
 * What tells the frames apart in a TLB. That it is not known is no reason not to show
 * them: to this caller, by this module, in this recording.
 */
static void read_tags(struct view *view, const pid_t *pids, size_t nr)
{
	const enum vmlab_tagging tagging = vmlab_tagging(view->info);

	if (tagging != VMLAB_TAGGING_NONE)
		vmlab_tags_read(view->cli->session, pids, nr, tagging == VMLAB_TAGGING_CPU,
				&view->tags);
}

static void show_tagging(struct view *view)
{
	static const struct render_field flush = {
		"flush_on_switch", NULL, RENDER_BOOL, RENDER_PROGRAMS
	};
	const bool off = vmlab_tagging(view->info) == VMLAB_TAGGING_NONE;

	render_put(view->cli->render, &flush, RENDER_V_NUM(off));
	if (off)
		render_note(view->cli->render, "no tag keeps the frames apart in a TLB here: flush on switch");
}

static int show(struct cli *cli, const struct vmlab_index *index, const struct view_names *names,
		const pid_t *pids, size_t nr)
{
	struct view view = {
		.cli = cli, .names = names,
		.info = vmlab_session_info(cli->session),
		.page_shift = vmlab_session_info(cli->session)->out_page_shift,
	};
	struct vmlab_sets *sets;
	struct vmlab_set set;
	int ret;

	ret = vmlab_sets_start(index, &sets);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	view.sets = sets;
	read_tags(&view, pids, nr);
	render_begin(cli->render);
	render_table(cli->render, "ranges", NULL, cli->json ? fields : people_fields,
		     cli->json ? (size_t)NR_FIELDS : (size_t)R_NR);
	while ((ret = vmlab_sets_next(sets, &set)) > 0)
		show_range(&view, &set);
	render_table_end(cli->render);
	vmlab_sets_end(sets);
	show_tagging(&view);
	show_totals(&view, index);
	vmlab_tags_free(&view.tags);
	return ret ? cli_fail(cli, CLI_AT_QUERY, ret) : cli_finish(cli);
}

static int run(struct cli *cli)
{
	const struct vmlab_index_how how = { .by_address = true };
	struct vmlab_index *index = NULL;
	struct view_names names;
	pid_t *pids;
	size_t nr;
	int ret;

	if (cli->argc + !!cli->cmd_argv < 2)
		return cli_usage(cli, "it takes two processes or more");
	ret = cli_open_pids(cli, &pids, &nr);
	if (ret)
		return ret;
	ret = cli_open_index(cli, pids, nr, &how, &index);
	if (ret)
		goto free_pids;
	ret = view_names_read(cli, index, &names);
	if (ret) {
		ret = cli_fail(cli, CLI_AT_QUERY, ret);
	} else {
		ret = show(cli, index, &names, pids, nr);
		view_names_free(&names);
	}
	vmlab_index_free(index);
free_pids:
	free(pids);
	return ret;
}

const struct command cmd_homonyms = {
	.name = "homonyms",
	.args = "PID PID... | PID... -- COMMAND...",
	.summary = "addresses that processes map to different frames",
	.help = "A range stands for neighbouring addresses that the same processes map; addresses\n"
		"and frames advance together, but for the zero page, which stays. All processes\n"
		"that map the range are shown, where two of them at least do not share a frame.\n",
	.run = run,
};
