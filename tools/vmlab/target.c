// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c - from the words on the command line to an open address space.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int open_session(struct cli *cli,
			int (*record)(const char *path, struct vmlab_session **out),
			int (*replay)(const char *path, struct vmlab_session **out))
{
	bool existed = true;
	int ret;

	if (cli->replay) {
		ret = replay(cli->replay, &cli->session);
		return ret ? cli_fail(cli, CLI_AT_REPLAY, ret) : CLI_OK;
	}
	if (cli->record) {
		/* Said here, or it would read as if the module were missing. */
		int fd;

		existed = !access(cli->record, F_OK);
		fd = open(cli->record, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return cli_fail(cli, CLI_AT_RECORD, -errno);
		close(fd);
	}
	ret = record(cli->record, &cli->session);
	if (ret && !existed)
		unlink(cli->record);
	return ret ? cli_fail(cli, CLI_AT_SESSION, ret) : CLI_OK;
}

int cli_open_session(struct cli *cli)
{
	return open_session(cli, vmlab_session_record, vmlab_session_replay);
}

int cli_open_bare(struct cli *cli)
{
	return open_session(cli, vmlab_session_bare, vmlab_session_bare_replay);
}

bool cli_parse_pid(const char *text, pid_t *pid)
{
	char *end;
	long nr;

	if (!strcmp(text, "self")) {
		*pid = 0;
		return true;
	}
	errno = 0;
	nr = strtol(text, &end, 10);
	if (errno || *end || end == text || nr <= 0 || nr > INT32_MAX)
		return false;
	*pid = nr;
	return true;
}

static int start_child(struct cli *cli)
{
	int ret = vmlab_child_start(cli->session, &cli->child, cli->cmd_argv);

	if (!ret && cli->run_ms) {
		ret = vmlab_child_run(cli->session, &cli->child, cli->run_ms);
		if (ret > 0)
			ret = -ESRCH;
	}
	if (ret)
		return cli_fail(cli, CLI_AT_LAUNCH, ret);
	cli->pid = cli->child.pid;
	return CLI_OK;
}

int cli_open_process(struct cli *cli)
{
	if (cli->argc != (cli->cmd_argv ? 0 : 1))
		return cli_usage(cli, "it takes a process");
	return cli_open_target(cli);
}

int cli_open_target(struct cli *cli)
{
	int ret;

	if (cli->cmd_argv) {
		if (!cli->cmd_argv[0])
			return cli_usage(cli, "no command after --");
	} else {
		if (!cli->argc)
			return cli_usage(cli, "which process? give a pid, `self`, or -- COMMAND");
		if (!cli_parse_pid(cli->argv[0], &cli->pid))
			return cli_usage(cli, "not a pid: %s", cli->argv[0]);
		cli->argc--;
		cli->argv++;
	}
	ret = cli_open_session(cli);
	if (ret)
		return ret;
	if (cli->cmd_argv) {
		ret = start_child(cli);
		if (ret)
			return ret;
	}
	ret = vmlab_target_open(cli->session, cli->pid, &cli->target);
	if (ret)
		return cli_fail(cli, CLI_AT_TARGET, ret);
	cli->pid = vmlab_target_pid(cli->target);
	return CLI_OK;
}

/* One more process of the same session; messages name the one that failed. */
static int open_other(struct cli *cli, const char *word)
{
	pid_t first = cli->pid;
	int ret;

	if (!cli_parse_pid(word, &cli->pid))
		return cli_usage(cli, "not a pid: %s", word);
	ret = vmlab_target_open(cli->session, cli->pid, &cli->other);
	if (ret)
		return cli_fail(cli, CLI_AT_TARGET, ret);
	cli->other_pid = vmlab_target_pid(cli->other);
	cli->pid = first;
	return CLI_OK;
}

int cli_open_pair(struct cli *cli)
{
	pid_t pid;
	int ret;

	if (cli->cmd_argv || cli->argc < 2)
		return cli_usage(cli, "which processes? give two pids, or `self`");
	if (!cli_parse_pid(cli->argv[1], &pid))
		return cli_usage(cli, "not a pid: %s", cli->argv[1]);
	ret = cli_open_target(cli);
	if (ret)
		return ret;
	ret = open_other(cli, cli->argv[0]);
	if (ret)
		return ret;
	cli->argc--;
	cli->argv++;
	return CLI_OK;
}

int cli_open_pids(struct cli *cli, pid_t **pids, size_t *nr)
{
	int i, ret;

	if (cli->cmd_argv && !cli->cmd_argv[0])
		return cli_usage(cli, "no command after --");
	*nr = 0;
	*pids = calloc(cli->argc + 1, sizeof(**pids));
	if (!*pids)
		return cli_fail(cli, CLI_AT_QUERY, -ENOMEM);
	for (i = 0; i < cli->argc; i++) {
		if (!cli_parse_pid(cli->argv[i], &(*pids)[i])) {
			ret = cli_usage(cli, "not a pid: %s", cli->argv[i]);
			goto fail;
		}
	}
	*nr = cli->argc;
	ret = cli_open_session(cli);
	if (!ret && cli->cmd_argv) {
		ret = start_child(cli);
		if (!ret)
			(*pids)[(*nr)++] = cli->pid;
	}
	if (!ret)
		return CLI_OK;
fail:
	free(*pids);
	*pids = NULL;
	return ret;
}

int cli_open_index(struct cli *cli, const pid_t *pids, size_t nr,
		   const struct vmlab_index_how *how, struct vmlab_index **index)
{
	const struct vmlab_skipped *skipped;
	size_t nr_skipped, i;
	int ret;

	ret = vmlab_index_build(cli->session, pids, nr, how, index);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	nr_skipped = vmlab_index_skipped(*index, &skipped);
	for (i = 0; i < nr_skipped; i++) {
		if (!skipped[i].err)
			continue;
		cli->pid = skipped[i].pid;
		ret = cli_fail(cli, strcmp(skipped[i].why, "hidden") ? CLI_AT_TARGET :
			       CLI_AT_FRAMES, skipped[i].err);
		vmlab_index_free(*index);
		*index = NULL;
		return ret;
	}
	return CLI_OK;
}

bool cli_parse_va(const char *text, uint64_t *va)
{
	char *end;

	if (!strncmp(text, "0x", 2) || !strncmp(text, "0X", 2))
		text += 2;
	if (!*text || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return false;
	errno = 0;
	*va = strtoull(text, &end, 16);
	return !errno && !*end;
}

bool cli_parse_range(const char *text, uint64_t *start, uint64_t *end)
{
	const char *dash = strchr(text, '-');
	char first[32];

	if (!dash || (size_t)(dash - text) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	return cli_parse_va(first, start) && cli_parse_va(dash + 1, end);
}

int cli_finish(struct cli *cli)
{
	int ret = render_end(cli->render, NULL, NULL);

	return ret ? cli_fail(cli, CLI_AT_OUTPUT, ret) : CLI_OK;
}
