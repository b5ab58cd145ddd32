/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - what every command shares: its row in the table, its options, the
 * process it looks at, and the one way to fail.
 */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>

#include "../lib/libvmlab.h"
#include "../render/render.h"

/* Exit statuses, as Documentation/json.rst promises. */
#define CLI_OK		0
#define CLI_FAILED	1
#define CLI_USAGE	2

struct cli;

/**
 * struct command - one word after vmlab
 * @name: the word
 * @args: what it takes, as --help shows it
 * @summary: one line
 * @help: what the options and the output mean, for --help
 * @live: it leads living processes, and cannot be recorded
 * @follows: it starts the command after -- itself, and follows it to its end
 * @options: its own long options, besides those of every command; val is what
 *	@option gets; ends with a zero row; NULL for none
 * @letters: its own short options, as getopt(3) has them, or NULL
 * @option: takes one of @options or @letters; false refuses @arg
 * @run: arguments -> collect -> rows; returns an exit status
 */
struct command {
	const char *name;
	const char *args;
	const char *summary;
	const char *help;
	bool live;
	bool follows;
	const struct option *options;
	const char *letters;
	bool (*option)(struct cli *cli, int val, const char *arg);
	int (*run)(struct cli *cli);
};

extern const struct command cmd_info;
extern const struct command cmd_walk;
extern const struct command cmd_map;
extern const struct command cmd_pages;
extern const struct command cmd_tables;
extern const struct command cmd_lesson;
extern const struct command cmd_trace;

/**
 * struct cli - one invocation
 * @command: its row
 * @json: --json was given
 * @argc: how many operands there are, the program's own name not counted
 * @argv: the operands
 * @cmd_argv: what stands after "--", or NULL
 * @record: --record: keep all answers in this file
 * @replay: --replay: answer from this file
 * @run_ms: --run: how long a command may run before it is looked at
 * @session: opened by cli_open_session()
 * @target: opened by cli_open_target()
 * @child: the command of @cmd_argv
 * @pid: of the target
 * @subject: what a message of cli_fail() names, where it is not the process
 * @own: what the command's own options said, of its own making; freed at the end
 * @render: where rows go
 */
struct cli {
	const struct command *command;
	bool json;
	int argc;
	char **argv;
	char **cmd_argv;
	const char *record;
	const char *replay;
	unsigned int run_ms;
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_child child;
	pid_t pid;
	const char *subject;
	void *own;
	struct render *render;
};

/* main.c: the whole of a command line; an exit status. */
int cli_main(int argc, char **argv);
int cli_usage(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Where something failed: decides what an errno means to the user. */
enum cli_where {
	CLI_AT_SESSION,
	CLI_AT_RECORD,
	CLI_AT_REPLAY,
	CLI_AT_TARGET,
	CLI_AT_QUERY,
	CLI_AT_SYMBOL,
	CLI_AT_HOLE,		/* the address is not canonical */
	CLI_AT_KERNEL_HALF,
	CLI_AT_LAST_PAGE,	/* canonical, and yet no process may map it */
	CLI_AT_LAUNCH,
	CLI_AT_LESSON,
	CLI_AT_TRACE,
	CLI_AT_OUTPUT,
};

/*
 * errors.c: one line on stderr that says what to do; with --json also an error
 * document, or the end of the document under way. Returns CLI_FAILED. @err is
 * negative.
 */
int cli_fail(struct cli *cli, enum cli_where where, int err);

/* target.c: all return an exit status, and have said why when it is not CLI_OK. */
int cli_open_session(struct cli *cli);
/* A session that does without the module. */
int cli_open_bare(struct cli *cli);
/*
 * The process that the operands name: after "--" one of our own, else operand 0.
 * On success the operands left are in cli->argv.
 */
int cli_open_target(struct cli *cli);
/* A pid, or `self`, which is 0 to the library. */
bool cli_parse_pid(const char *text, pid_t *pid);
/* START-END of such addresses. */
bool cli_parse_range(const char *text, uint64_t *start, uint64_t *end);
/* A hexadecimal address, with or without 0x. */
bool cli_parse_va(const char *text, uint64_t *va);
/*
 * While on, Ctrl-C ends nothing but is noted, so that a document under way can end
 * where it is, well-formed, instead of being cut off.
 */
void cli_catch_interrupts(bool on);
bool cli_interrupted(void);
/* Ends the document. */
int cli_finish(struct cli *cli);

/* view.c: parts that several commands show. */
/* pid, comm and, where frames are withheld, hidden. */
void view_process(struct cli *cli);
/* Names of an entry's bits, for RENDER_V_LIST; @names holds VMLAB_BITS_MAX. */
size_t view_bits(const struct vmlab_info *info, unsigned int level, uint64_t entry,
		 unsigned int kind, const char **names);
/* Memory type and protection key of a leaf that has a frame; null where not known. */
struct render_value view_memory_type(const struct vmlab_info *info, const struct vmlab_run *run);
struct render_value view_pkey(const struct vmlab_info *info, const struct vmlab_run *run);
/* levels[]: the entries of a walk, from the root down. */
void view_levels(struct render *r, const struct vmlab_info *info,
		 const struct vmlab_walk *walk);
/* user_root{}: under KPTI, the entry of the root that user mode runs on. */
void view_user_root(struct render *r, const struct vmlab_info *info,
		    const struct vmlab_walk *walk);

#endif /* CLI_H */
