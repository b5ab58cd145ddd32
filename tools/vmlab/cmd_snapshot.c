// SPDX-License-Identifier: GPL-2.0-only
/* cmd_snapshot.c - keeps the state of an address space, to be looked at later. */
#include <unistd.h>

#include "cli.h"

enum { FILE_NAME, PAGES, NS };

static const struct render_field fields[] = {
	[FILE_NAME]	= { "file", "file", RENDER_TEXT, 0 },
	[PAGES]		= { "pages", "pages", RENDER_NUM, 0 },
	[NS]		= { "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },
};

static int take(struct cli *cli)
{
	struct vmlab_snapshot snapshot;
	struct vmlab_anatomy anatomy;
	const struct vmlab_pages *all = &anatomy.total;
	int ret;

	ret = vmlab_snapshot_take(cli->session, cli->target, &snapshot, &anatomy);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	render_begin(cli->render);
	view_process(cli);
	render_put(cli->render, &fields[FILE_NAME], RENDER_V_TEXT(cli->record));
	render_put(cli->render, &fields[PAGES],
		   RENDER_V_NUM(all->resident + all->hugetlb + all->swap));
	render_put(cli->render, &fields[NS], RENDER_V_NUM(snapshot.ns));
	vmlab_anatomy_free(&anatomy);
	return cli_finish(cli);
}

static int run(struct cli *cli)
{
	const int own = cli->cmd_argv ? 0 : 1;	/* operands that name the process */
	bool existed;
	int ret;

	if (cli->argc != own + 1)
		return cli_usage(cli, "it takes a process and a file");
	cli->record = cli->argv[own];
	existed = !access(cli->record, F_OK);
	ret = cli_open_target(cli);
	if (!ret)
		ret = take(cli);
	/* What is no snapshot should not look like one. */
	if (ret && !existed)
		unlink(cli->record);
	return ret;
}

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "PID FILE | FILE -- COMMAND...",
	.summary = "keeps the state of an address space, for diff and --replay",
	.help = "FILE is a recording: map and pages of the same PID can be replayed from it, on any\n"
		"machine. It holds frames and raw entries, and no contents of pages.\n",
	.unrecorded = "the snapshot is a recording: it takes neither --record nor --replay",
	.run = run,
};
