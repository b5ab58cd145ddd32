// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - finds the command, reads the options that all share, runs it.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct command *const commands[] = {
	&cmd_info,
	&cmd_map,
	&cmd_perms,
	&cmd_threads,
	&cmd_walk,
	&cmd_pages,
	&cmd_tables,
	&cmd_cow,
	&cmd_watch,
	&cmd_snapshot,
	&cmd_diff,
	&cmd_kernel,
	&cmd_synonyms,
	&cmd_homonyms,
	&cmd_frame,
	&cmd_tags,
	&cmd_trace,
	&cmd_lesson,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum { OPT_JSON = 1000, OPT_RUN, OPT_RECORD, OPT_REPLAY, OPT_HELP };

static const struct option common_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "run", required_argument, NULL, OPT_RUN },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "replay", required_argument, NULL, OPT_REPLAY },
	{ "help", no_argument, NULL, OPT_HELP },
};

#define NR_COMMON (sizeof(common_options) / sizeof(common_options[0]))
#define MAX_OWN 16

static void help(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: vmlab COMMAND [OPTION...] [OPERAND...]\n\n"
		     "What the hardware and the kernel really do with virtual memory.\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\n`vmlab COMMAND --help` tells what a command takes. PID is a pid or `self`;\n"
		     "instead of it, `-- COMMAND...` starts one, stopped at its entry, to look at.\n");
}

static void command_help(const struct command *command)
{
	printf("Usage: vmlab %s [OPTION...]%s%s\n\n%s.\n\n%s\n"
	       "  --json         %s\n",
	       command->name, *command->args ? " " : "", command->args, command->summary,
	       command->help,
	       command->lines ? "JSON documents on standard output, one a line"
			      : "one JSON document on standard output");
	if (strstr(command->args, "-- ") && !command->follows)
		printf("  --run MS       let the command after -- run that long first\n");
	if (!command->unrecorded)
		printf("  --record FILE  keep everything that was asked and answered there\n"
		       "  --replay FILE  answer from there: no module, no process, no privilege\n");
	printf("  --help         this\n\nExit status: 0 done, 1 failed, 2 wrong usage.\n");
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	char message[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	render_plain(message);
	fprintf(stderr, "vmlab %s: %s; see `vmlab %s --help`\n", cli->command->name, message,
		cli->command->name);
	if (cli->json)
		render_error(cli->render, "EUSAGE", message);
	return CLI_USAGE;
}

bool cli_parse_ms(const char *text, unsigned int *ms)
{
	char *end;
	long nr = strtol(text, &end, 10);

	if (*end || end == text || nr < 1 || nr > 24L * 3600 * 1000)
		return false;
	*ms = nr;
	return true;
}

/* Options, then operands; -1 to go on, else an exit status. */
static int parse(struct cli *cli, int argc, char **argv)
{
	struct option options[NR_COMMON + MAX_OWN + 1] = { 0 };
	const struct option *own = cli->command->options;
	char letters[32];
	size_t nr = NR_COMMON;
	int opt;

	memcpy(options, common_options, sizeof(common_options));
	for (; own && own->name && nr < NR_COMMON + MAX_OWN; own++)
		options[nr++] = *own;
	snprintf(letters, sizeof(letters), ":h%s",
		 cli->command->letters ? cli->command->letters : "");
	opterr = 0;
	/* Not 1: nothing of an earlier command line is to be remembered (glibc). */
	optind = 0;
	while ((opt = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (opt) {
		case OPT_JSON:
			break;		/* seen by wants_json() */
		case OPT_RUN:
			if (!cli_parse_ms(optarg, &cli->run_ms))
				return cli_usage(cli, "not a time in milliseconds: %s", optarg);
			break;
		case OPT_RECORD:
			cli->record = optarg;
			break;
		case OPT_REPLAY:
			cli->replay = optarg;
			break;
		case 'h':
		case OPT_HELP:
			command_help(cli->command);
			return CLI_OK;
		case ':':
			return cli_usage(cli, "%s needs a value", argv[optind - 1]);
		case '?':
			return cli_usage(cli, "unknown option %s", argv[optind - 1]);
		default:
			if (!cli->command->option(cli, opt, optarg))
				return cli_usage(cli, "cannot use %s for %s", optarg,
						 /* Its value may be the next word, or within. */
						 argv[optind - 1 - (argv[optind - 1] == optarg)]);
		}
	}
	cli->argc = argc - optind;
	cli->argv = argv + optind;
	if (cli->run_ms && (!cli->cmd_argv || cli->command->follows))
		return cli_usage(cli, "--run is for a command after --%s",
				 cli->command->follows ? " that is looked at, not followed" : "");
	if (cli->record && cli->replay)
		return cli_usage(cli, "--record and --replay exclude each other");
	if (cli->command->unrecorded && (cli->record || cli->replay))
		return cli_usage(cli, "%s", cli->command->unrecorded);
	return -1;
}

/* Looked for before anything can fail, so that failures are told in JSON too. */
static bool wants_json(int argc, char **argv)
{
	int i;

	/* getopt takes any beginning of a long option that is not ambiguous. */
	for (i = 1; i < argc; i++)
		if (strlen(argv[i]) > 2 && !strncmp(argv[i], "--json", strlen(argv[i])))
			return true;
	return false;
}

/* The answer has been given: all that can be said is that the recording is not. */
static int record_failed(struct cli *cli, int err)
{
	cli->json = false;
	return cli_fail(cli, CLI_AT_RECORD, err);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct cli cli = { .command = command };
	int i, ret;

	/* What follows "--" is a command, whatever it looks like. */
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			cli.cmd_argv = argv + i + 1;
			argc = i;
			break;
		}
	}
	cli.json = wants_json(argc, argv);
	cli.render = render_new(cli.json ? RENDER_AS_JSON : RENDER_AS_TEXT, stdout);
	if (!cli.render) {
		fprintf(stderr, "vmlab: out of memory\n");
		return CLI_FAILED;
	}
	ret = parse(&cli, argc, argv);
	if (ret < 0)
		ret = command->run(&cli);
	vmlab_target_close(cli.target);
	vmlab_target_close(cli.other);
	vmlab_child_kill(&cli.child);
	i = vmlab_session_close(cli.session);
	cli.session = NULL;
	if (i && ret == CLI_OK)
		ret = record_failed(&cli, i);
	render_free(cli.render);
	free(cli.own);
	return ret;
}

static int unknown_command(int argc, char **argv)
{
	struct render *r;
	char message[128];

	snprintf(message, sizeof(message), "unknown command %s", argv[1]);
	render_plain(message);
	fprintf(stderr, "vmlab: %s; see `vmlab --help`\n", message);
	r = wants_json(argc, argv) ? render_new(RENDER_AS_JSON, stdout) : NULL;
	if (r)
		render_error(r, "EUSAGE", message);
	render_free(r);
	return CLI_USAGE;
}

int cli_main(int argc, char **argv)
{
	size_t i;

	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("vmlab %s\n", VMLAB_VERSION);
		return CLI_OK;
	}
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return run_command(commands[i], argc - 1, argv + 1);
	return unknown_command(argc, argv);
}
