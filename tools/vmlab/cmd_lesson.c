// SPDX-License-Identifier: GPL-2.0-only
/* cmd_lesson.c - picks the lesson. */
#include <string.h>

#include "lesson.h"

static const struct lesson *const lessons[] = {
	&lesson_demand,
	&lesson_zero,
	&lesson_fork,
	&lesson_cow,
};

#define NR_LESSONS (sizeof(lessons) / sizeof(lessons[0]))

static int list(struct cli *cli)
{
	static const struct render_field fields[] = {
		{ "name", "LESSON", RENDER_TEXT, 0 },
		{ "summary", "ABOUT", RENDER_TEXT, 0 },
	};
	size_t i;

	render_begin(cli->render);
	render_table(cli->render, "lessons", NULL, fields, 2);
	for (i = 0; i < NR_LESSONS; i++) {
		struct render_value v[] = {
			RENDER_V_TEXT(lessons[i]->name),
			RENDER_V_TEXT(lessons[i]->summary),
		};

		render_row(cli->render, v);
	}
	render_table_end(cli->render);
	return cli_finish(cli);
}

static int run(struct cli *cli)
{
	size_t i;
	int ret;

	if (cli->cmd_argv || cli->argc > 1)
		return cli_usage(cli, "it takes the name of one lesson");
	if (!cli->argc)
		return list(cli);
	for (i = 0; i < NR_LESSONS; i++)
		if (!strcmp(cli->argv[0], lessons[i]->name))
			break;
	if (i == NR_LESSONS)
		return cli_usage(cli, "no lesson %s", cli->argv[0]);
	ret = cli_open_session(cli);
	return ret ? ret : lessons[i]->run(cli, lessons[i]);
}

const struct command cmd_lesson = {
	.name = "lesson",
	.args = "[NAME]",
	.summary = "runs a small real program and explains what it sees",
	.help = "Without NAME: the lessons there are. Their programs are in tools/lessons.\n",
	.unrecorded = "it leads living processes: it cannot be recorded",
	.run = run,
};
