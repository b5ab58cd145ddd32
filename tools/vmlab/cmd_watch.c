// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_watch.c - a query, asked again and again.
 *
 * For programs a document a line; for people in the same place of the terminal, or
 * block by block where there is none. It ends with the processes, with the count, or
 * with Ctrl-C.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli.h"

#define DEFAULT_MS	1000

enum { OPT_INTERVAL = 1, OPT_COUNT };

static const struct view {
	const char *name;
	int (*open)(struct cli *cli);
	int (*show)(struct cli *cli);
} views[] = {
	{ "cow", cow_open, cow_show },
	{ "map", cli_open_process, map_show },
};

#define NR_VIEWS (sizeof(views) / sizeof(views[0]))

static const struct view *find_view(const char *name)
{
	size_t i;

	for (i = 0; i < NR_VIEWS; i++)
		if (!strcmp(views[i].name, name))
			return &views[i];
	return NULL;
}

/* From one look to the next: 0, or -ESRCH when the command after -- ended meanwhile. */
static int wait_interval(struct cli *cli)
{
	const unsigned int ms = cli->interval_ms ? cli->interval_ms : DEFAULT_MS;
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	int ret;

	if (cli->cmd_argv) {
		ret = vmlab_child_run(cli->session, &cli->child, ms);
		return ret > 0 ? -ESRCH : ret;
	}
	/* A recording has been waited for. */
	if (!cli->replay)
		nanosleep(&ts, NULL);
	return 0;
}

/* The process whose end ended the answer; 0: none has, it runs another program. */
static pid_t who_ended(struct cli *cli)
{
	const pid_t pids[] = { cli->pid, cli->other_pid };
	size_t i;

	for (i = 0; i < 2 && pids[i]; i++)
		if (vmlab_proc_kind(cli->session, pids[i]) != VMLAB_PROC_USER)
			return pids[i];
	return 0;
}

/* The last document, or the end of the one under way, says why there are no more. */
static int show_end(struct cli *cli)
{
	static const struct render_field ended = { "ended", NULL, RENDER_NUM, RENDER_PROGRAMS };
	bool begun = render_begun(cli->render);
	pid_t pid = who_ended(cli);

	if (!begun)
		render_begin(cli->render);
	render_put(cli->render, &ended, pid ? RENDER_V_NUM(pid) : RENDER_V_NULL);
	if (pid)
		render_note(cli->render, "process %d has ended", (int)pid);
	else
		render_note(cli->render, "the process runs another program now");
	return render_end(cli->render, begun ? "ESRCH" : NULL, "a process has ended meanwhile");
}

/* One document, wherever it goes; 1 when it was the last, else 0 or -errno. */
static int show(struct cli *cli, const struct view *view, int at)
{
	int ret = at ? at : view->show(cli);

	if (ret == -ESRCH) {
		ret = show_end(cli);
		return ret ? ret : 1;
	}
	/* Whoever pressed Ctrl-C has seen enough; the document says that it is not all. */
	if (ret == -EINTR && render_begun(cli->render)) {
		ret = render_end(cli->render, "EINTR", "interrupted: this is not all");
		return ret ? ret : 1;
	}
	return ret ? ret : render_end(cli->render, NULL, NULL);
}

static int show_on_screen(struct cli *cli, const struct view *view,
			  struct render_screen *screen, int at)
{
	struct render *stream = cli->render;
	int ret, drawn;

	cli->render = render_screen_begin(screen);
	if (!cli->render) {
		cli->render = stream;
		return -ENOMEM;
	}
	ret = show(cli, view, at);
	drawn = render_screen_end(screen);
	cli->render = stream;
	return ret < 0 ? ret : drawn ? drawn : ret;
}

/* A look, and a blank line after it where blocks follow each other. */
static int show_in_turn(struct cli *cli, const struct view *view, int at)
{
	int ret = show(cli, view, at);

	if (!cli->json && !ret)
		render_note(cli->render, "%s", "");
	return ret;
}

/* Looks until there is a reason to stop; 0, or -errno where something failed. */
static int watch(struct cli *cli, const struct view *view, struct render_screen *screen)
{
	int64_t round;
	bool more;
	int ret;

	for (round = 0;; round++) {
		more = !cli->nr_looks || round < cli->nr_looks;
		ret = round && more ? wait_interval(cli) : 0;
		if (ret && ret != -ESRCH)
			return ret;
		more = more && !cli_interrupted();
		if (vmlab_session_round(cli->session, round, &more))
			return -EBADMSG;
		if (!more)
			return 0;
		ret = screen ? show_on_screen(cli, view, screen, ret) :
			       show_in_turn(cli, view, ret);
		if (ret)
			return ret < 0 ? ret : 0;
	}
}

static int run(struct cli *cli)
{
	struct render_screen *screen;
	const struct view *view;
	int ret;

	view = cli->argc ? find_view(cli->argv[0]) : NULL;
	if (!view)
		return cli_usage(cli, "it takes what to watch: cow or map");
	cli->argc--;
	cli->argv++;
	if (cli->run_ms)
		return cli_usage(cli, "--run is for one look: here it is --interval");
	ret = view->open(cli);
	if (ret)
		return ret;
	screen = cli->json ? NULL : render_screen_new(stdout);
	cli_catch_interrupts(true);
	ret = watch(cli, view, screen);
	cli_catch_interrupts(false);
	render_screen_free(screen);
	return ret ? cli_fail(cli, CLI_AT_QUERY, ret) : CLI_OK;
}

static bool option(struct cli *cli, int val, const char *arg)
{
	/* Both are numbers of the same kind: positive, and not too large. */
	return cli_parse_ms(arg, val == OPT_INTERVAL ? &cli->interval_ms : &cli->nr_looks);
}

static const struct option options[] = {
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ 0 },
};

const struct command cmd_watch = {
	.name = "watch",
	.args = "cow PARENT CHILD | map PID | map -- COMMAND...",
	.summary = "cow or map, live",
	.help = "Looks again each interval, until a process ends or Ctrl-C. A command after -- runs\n"
		"for an interval and is stopped for each look.\n\n"
		"  --interval MS  from one look to the next (1000)\n"
		"  --count N      so many looks\n",
	.lines = true,
	.options = options,
	.option = option,
	.run = run,
};
