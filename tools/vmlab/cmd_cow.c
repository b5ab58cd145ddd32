// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_cow.c - what fork left shared between two processes, page by page.
 *
 * Ranges are shown as the library cuts them; nothing is kept but the sums.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"

enum {
	VA, COUNT, RELATION, COPIED, EVIDENCE, PARENT_PFN, CHILD_PFN, PARENT_STATE, CHILD_STATE,
	PARENT_MAPS, CHILD_MAPS, REGION, NR_FIELDS
};

static const struct render_field fields[] = {
	[VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
	[COUNT]		= { "count", "PAGES", RENDER_NUM, 0 },
	[RELATION]	= { "relation", "RELATION", RENDER_STATE, 0 },
	[COPIED]	= { "copied", "COPIED", RENDER_TEXT, 0 },
	[EVIDENCE]	= { "evidence", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[PARENT_PFN]	= { "parent_pfn", "PARENT", RENDER_NUM, 0 },
	[CHILD_PFN]	= { "child_pfn", "CHILD", RENDER_NUM, 0 },
	[PARENT_STATE]	= { "parent_state", NULL, RENDER_STATE, RENDER_PROGRAMS },
	[CHILD_STATE]	= { "child_state", NULL, RENDER_STATE, RENDER_PROGRAMS },
	[PARENT_MAPS]	= { "parent_mapcount", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[CHILD_MAPS]	= { "child_mapcount", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[REGION]	= { NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

/* A look at both, from the first question to the last. */
struct look {
	struct vmlab_regions parent;
	struct vmlab_regions child;
};

static int read_regions(struct cli *cli, struct look *look)
{
	int ret = vmlab_regions_read(cli->session, cli->pid, &look->parent);

	if (ret)
		return ret;
	ret = vmlab_regions_read(cli->session, cli->other_pid, &look->child);
	if (ret)
		vmlab_regions_free(&look->parent);
	return ret;
}

static void free_regions(struct look *look)
{
	vmlab_regions_free(&look->parent);
	vmlab_regions_free(&look->child);
}

static struct render_value pfn_of(const struct vmlab_leaf *leaf)
{
	return leaf->there && leaf->pfn != VMLAB_PFN_NONE && !(leaf->facts & VMLAB_FACT_SWAP) ?
		RENDER_V_NUM(leaf->pfn) : RENDER_V_NULL;
}

static struct render_value state_of(const struct vmlab_leaf *leaf, bool hidden,
				    const struct vmlab_region *region)
{
	const struct vmlab_run run = { .facts = leaf->facts };

	return RENDER_V_TEXT(leaf->there ? vmlab_run_state(&run, hidden, region) : NULL);
}

static struct render_value maps_of(const struct vmlab_leaf *leaf)
{
	return leaf->there && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		RENDER_V_NUM(leaf->mapcount) : RENDER_V_NULL;
}

/* People read a blank as well as a question mark, and it is quieter. */
static struct render_value quiet(const struct cli *cli, struct render_value v)
{
	return v.null && !cli->json ? RENDER_V_TEXT("") : v;
}

static void show_range(struct cli *cli, const struct vmlab_cow_range *range,
		       const struct look *look, bool hidden)
{
	const struct vmlab_region *p = vmlab_regions_find(&look->parent, range->va);
	const struct vmlab_region *c = vmlab_regions_find(&look->child, range->va);
	const struct vmlab_region *region = range->parent.there && p ? p : c;
	struct render_value copied = RENDER_V_TEXT(vmlab_cow_copied_name(range->copied));
	struct render_value v[NR_FIELDS];

	v[VA] = RENDER_V_NUM(range->va);
	v[COUNT] = RENDER_V_NUM(range->nr_pages);
	v[RELATION] = RENDER_V_TEXT(vmlab_cow_relation_name(range->relation));
	/* Of what has not diverged nobody has copied: there it is no question. */
	v[COPIED] = range->relation == VMLAB_COW_DIVERGED ? copied : quiet(cli, copied);
	v[EVIDENCE] = RENDER_V_TEXT(vmlab_cow_evidence_name(range->evidence));
	v[PARENT_PFN] = pfn_of(&range->parent);
	v[CHILD_PFN] = pfn_of(&range->child);
	v[PARENT_STATE] = state_of(&range->parent, hidden, p);
	v[CHILD_STATE] = state_of(&range->child, hidden, c);
	v[PARENT_MAPS] = maps_of(&range->parent);
	v[CHILD_MAPS] = maps_of(&range->child);
	v[REGION] = RENDER_V_TEXT(region ? region->name : "");
	render_row(cli->render, v);
}

/* Base pages; @own: known without frames, too. */
static void show_sums(struct cli *cli, const struct vmlab_cow_pages *pages, bool hidden)
{
	static const struct {
		struct render_field field;
		bool own;
	} sums[] = {
		{ { "shared", "shared", RENDER_NUM, 0 }, false },
		{ { "shared_cow", "shared-cow", RENDER_NUM, 0 }, false },
		{ { "shared_file", "shared-file", RENDER_NUM, 0 }, false },
		{ { "zero", "zero", RENDER_NUM, 0 }, false },
		{ { "swap", "swap", RENDER_NUM, 0 }, false },
		{ { "diverged", "diverged", RENDER_NUM, 0 }, false },
		{ { "copied_parent", "copied by parent", RENDER_NUM, 0 }, false },
		{ { "copied_child", "by child", RENDER_NUM, 0 }, false },
		{ { "copied_unknown", "by whom unknown", RENDER_NUM, 0 }, false },
		{ { "only_parent", "parent only", RENDER_NUM, 0 }, true },
		{ { "only_child", "child only", RENDER_NUM, 0 }, true },
		{ { "unknown", "unknown", RENDER_NUM, 0 }, true },
	};
	const uint64_t *of = pages->relation;
	const uint64_t nums[] = {
		of[VMLAB_COW_SHARED_COW] + of[VMLAB_COW_SHARED_FILE],
		of[VMLAB_COW_SHARED_COW], of[VMLAB_COW_SHARED_FILE], pages->zero, pages->swap,
		of[VMLAB_COW_DIVERGED], pages->copied[VMLAB_COW_COPIED_PARENT],
		pages->copied[VMLAB_COW_COPIED_CHILD], pages->copied[VMLAB_COW_COPIED_UNKNOWN],
		of[VMLAB_COW_PARENT_ONLY], of[VMLAB_COW_CHILD_ONLY], of[VMLAB_COW_UNKNOWN],
	};
	size_t i;

	render_object(cli->render, "pages", "pages");
	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		render_put(cli->render, &sums[i].field,
			   hidden && !sums[i].own ? RENDER_V_NULL : RENDER_V_NUM(nums[i]));
	render_object_end(cli->render);
}

static void show_process(struct cli *cli, const char *key, const char *comm_key, pid_t pid)
{
	const struct render_field fields_of[] = {
		{ key, NULL, RENDER_NUM, 0 },
		{ comm_key, NULL, RENDER_TEXT, 0 },
	};
	char comm[64];
	int ret = vmlab_proc_comm(cli->session, pid, comm, sizeof(comm));

	if (!cli->json)
		render_object(cli->render, NULL, key);
	render_put(cli->render, &fields_of[0], RENDER_V_NUM(pid));
	render_put(cli->render, &fields_of[1], ret ? RENDER_V_NULL : RENDER_V_TEXT(comm));
	if (!cli->json)
		render_object_end(cli->render);
}

static void show_processes(struct cli *cli, bool hidden)
{
	static const struct render_field field = {
		"hidden", "withheld", RENDER_BOOL, RENDER_PROGRAMS
	};

	show_process(cli, "parent", "parent_comm", cli->pid);
	show_process(cli, "child", "child_comm", cli->other_pid);
	if (!hidden)
		return;
	render_put(cli->render, &field, RENDER_V_NUM(1));
	render_note(cli->render, "frames are withheld: they take CAP_SYS_ADMIN, as in /proc/PID/pagemap");
}

/* The snapshots of --before, in sessions of their own. */
struct before {
	struct vmlab_session *sessions[CLI_BEFORE_MAX];
	struct vmlab_target *targets[CLI_BEFORE_MAX];
	struct vmlab_cow_before looks;
};

static void close_before(struct before *before)
{
	size_t i;

	for (i = 0; i < CLI_BEFORE_MAX; i++) {
		vmlab_target_close(before->targets[i]);
		vmlab_session_close(before->sessions[i]);
	}
}

/* Of this boot: what else could its frames tell? */
static int check_before(struct cli *cli, const struct vmlab_target *target,
			const struct vmlab_snapshot *snapshot)
{
	char boot[40];

	vmlab_boot_id(cli->session, boot, sizeof(boot));
	if (vmlab_target_info(target)->out_page_shift !=
	    vmlab_session_info(cli->session)->out_page_shift ||
	    !snapshot->boot[0] || strcmp(snapshot->boot, boot))
		return -EXDEV;
	return vmlab_target_hidden(target) ? -EPERM : 0;
}

/* Whose it is, and of the parent's: does it show what the child was forked from? */
static int use_before(struct cli *cli, struct before *before, struct vmlab_target *target,
		      const struct vmlab_snapshot *snapshot)
{
	int64_t started;

	if (snapshot->pid == cli->pid) {
		before->looks.parent = target;
		before->looks.forked_later =
			!vmlab_proc_start(cli->session, cli->other_pid, &started) &&
			snapshot->boot_ns < started;
	} else if (snapshot->pid == cli->other_pid) {
		before->looks.child = target;
	} else {
		return -ENODATA;
	}
	return 0;
}

static int open_before(struct cli *cli, struct before *before)
{
	struct vmlab_snapshot snapshot;
	size_t i;
	int ret;

	for (i = 0; i < cli->nr_before; i++) {
		cli->subject = cli->before[i];
		ret = vmlab_session_replay(cli->before[i], &before->sessions[i]);
		if (ret)
			return cli_fail(cli, CLI_AT_REPLAY, ret);
		ret = vmlab_snapshot_open(before->sessions[i], &before->targets[i], &snapshot);
		if (!ret)
			ret = check_before(cli, before->targets[i], &snapshot);
		if (!ret)
			ret = use_before(cli, before, before->targets[i], &snapshot);
		if (ret)
			return cli_fail(cli, CLI_AT_SNAPSHOT, ret);
	}
	cli->subject = NULL;
	return CLI_OK;
}

static int show_ranges(struct cli *cli, struct vmlab_cow *cow, const struct look *look,
		       bool hidden)
{
	struct vmlab_cow_range range;
	int ret;

	/* The first answer decides whether there is a document at all. */
	ret = vmlab_cow_next(cow, &range);
	if (ret < 0)
		return ret;
	render_begin(cli->render);
	show_processes(cli, hidden);
	render_table(cli->render, "ranges", NULL, fields, NR_FIELDS);
	for (; ret > 0 && !cli_interrupted(); ret = vmlab_cow_next(cow, &range))
		show_range(cli, &range, look, hidden);
	render_table_end(cli->render);
	show_sums(cli, vmlab_cow_pages(cow), hidden);
	return ret > 0 ? -EINTR : ret;
}

static int show(struct cli *cli, const struct vmlab_cow_before *before, uint64_t start,
		uint64_t end)
{
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	bool hidden = vmlab_target_hidden(cli->target) || vmlab_target_hidden(cli->other);
	struct look look, after;
	struct vmlab_cow *cow;
	int ret;

	ret = read_regions(cli, &look);
	if (ret)
		return ret;
	ret = vmlab_cow_start(cli->target, cli->other, before, start, end, &cow);
	if (!ret) {
		ret = show_ranges(cli, cow, &look, hidden);
		vmlab_cow_end(cow);
	}
	if (!ret)
		ret = read_regions(cli, &after);
	if (!ret) {
		render_put(cli->render, &changed,
			   RENDER_V_NUM(!vmlab_regions_equal(&look.parent, &after.parent) ||
					!vmlab_regions_equal(&look.child, &after.child)));
		free_regions(&after);
	} else if (render_begun(cli->render)) {
		render_put(cli->render, &changed, RENDER_V_NULL);
	}
	free_regions(&look);
	return ret;
}

int cow_open(struct cli *cli)
{
	if (cli->argc > 2)
		return cli_usage(cli, "it takes two processes");
	return cli_open_pair(cli);
}

int cow_show(struct cli *cli)
{
	return show(cli, NULL, 0, 0);
}

static bool option(struct cli *cli, int val, const char *arg)
{
	(void)val;
	if (cli->nr_before == CLI_BEFORE_MAX)
		return false;
	cli->before[cli->nr_before++] = arg;
	return true;
}

static int run(struct cli *cli)
{
	struct before before = { 0 };
	uint64_t start = 0, end = 0;
	int ret;

	if (cli->argc > 3)
		return cli_usage(cli, "it takes two processes and at most one range");
	if (cli->argc == 3 && !cli_parse_range(cli->argv[2], &start, &end))
		return cli_usage(cli, "not a range START-END of hexadecimal addresses: %s",
				 cli->argv[2]);
	/* To the library an end of 0 is that of all; here nothing lies below it. */
	if (cli->argc == 3 && !end)
		return cli_usage(cli, "an empty range: %s", cli->argv[2]);
	ret = cli_open_pair(cli);
	if (!ret)
		ret = open_before(cli, &before);
	if (ret)
		goto out;
	cli_catch_interrupts(true);
	ret = show(cli, &before.looks, start, end);
	cli_catch_interrupts(false);
	ret = ret ? cli_fail(cli, CLI_AT_QUERY, ret) : cli_finish(cli);
out:
	close_before(&before);
	return ret;
}

static const struct option options[] = {
	{ "before", required_argument, NULL, 'b' },
	{ 0 },
};

const struct command cmd_cow = {
	.name = "cow",
	.args = "PARENT CHILD [START-END]",
	.summary = "what fork left shared, and who copied the rest",
	.help = "Both are looked at by address. COPIED says who got a new frame where that can be\n"
		"known; from two looks alone it often cannot: Documentation/cow.rst.\n\n"
		"  --before FILE  a snapshot of the parent from before the fork, or one of each\n"
		"                 from before the writes (twice): then it can\n",
	.options = options,
	.option = option,
	.run = run,
};
