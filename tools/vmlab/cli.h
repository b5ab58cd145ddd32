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
 * @unrecorded: why it takes neither --record nor --replay; NULL: it takes them
 * @lines: with --json it is a document a line, and not one alone
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
	const char *unrecorded;
	bool lines;
	bool follows;
	const struct option *options;
	const char *letters;
	bool (*option)(struct cli *cli, int val, const char *arg);
	int (*run)(struct cli *cli);
};

extern const struct command cmd_info;
extern const struct command cmd_walk;
extern const struct command cmd_map;
extern const struct command cmd_perms;
extern const struct command cmd_threads;
extern const struct command cmd_pages;
extern const struct command cmd_tables;
extern const struct command cmd_cow;
extern const struct command cmd_watch;
extern const struct command cmd_snapshot;
extern const struct command cmd_diff;
extern const struct command cmd_kernel;
extern const struct command cmd_synonyms;
extern const struct command cmd_homonyms;
extern const struct command cmd_frame;
extern const struct command cmd_lesson;
extern const struct command cmd_trace;
extern const struct command cmd_tags;

/* --before: one of the parent, one of the child. */
#define CLI_BEFORE_MAX	2

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
 * @before: --before: snapshots to compare with
 * @nr_before: how many
 * @interval_ms: --interval: from one look to the next
 * @nr_looks: --count: how many, 0 without end
 * @session: opened by cli_open_session()
 * @target: opened by cli_open_target()
 * @child: the command of @cmd_argv
 * @pid: of the target
 * @other: the second process, opened by cli_open_pair()
 * @other_pid: of it
 * @synonyms: options of `vmlab synonyms`
 * @frame_in: --in of `vmlab frame`: pids with commas between, or NULL
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
	const char *before[CLI_BEFORE_MAX];
	unsigned int nr_before;
	unsigned int interval_ms;
	unsigned int nr_looks;
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_child child;
	pid_t pid;
	struct vmlab_target *other;
	pid_t other_pid;
	struct {
		bool all;
		bool full;
		bool alias;
		bool cache;
		bool limited;
		size_t limit;
	} synonyms;
	const char *frame_in;
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
	CLI_AT_FRAMES,		/* frames are withheld */
	CLI_AT_SYMBOL,
	CLI_AT_HOLE,		/* the address is not canonical */
	CLI_AT_LAST_PAGE,	/* canonical, and yet no process may map it */
	CLI_AT_KERNEL,		/* a query about the kernel half */
	CLI_AT_TAGS,		/* what CPUs and address spaces are tagged with */
	CLI_AT_LAUNCH,
	CLI_AT_LESSON,
	CLI_AT_SNAPSHOT,	/* what a snapshot was expected to hold */
	CLI_AT_TRACE,
	CLI_AT_TIMELINE,	/* the file of one */
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
/* The same where there is no other operand. */
int cli_open_process(struct cli *cli);
/* The same for two processes, operands 0 and 1. */
int cli_open_pair(struct cli *cli);
/* START-END, both hexadecimal addresses. */
bool cli_parse_range(const char *text, uint64_t *start, uint64_t *end);
/* A time in milliseconds, at most a day. */
bool cli_parse_ms(const char *text, unsigned int *ms);
/*
 * The processes that the operands name, and the command after "--", if there is one:
 * free(*pids). "self" is 0. Opens the session.
 */
int cli_open_pids(struct cli *cli, pid_t **pids, size_t *nr);
/* A pid, or "self", which is 0. */
bool cli_parse_pid(const char *text, pid_t *pid);
/*
 * Builds an index of processes that were named. Whoever of them cannot be looked at
 * ends the command: they were asked for.
 */
int cli_open_index(struct cli *cli, const pid_t *pids, size_t nr,
		   const struct vmlab_index_how *how, struct vmlab_index **index);
/* A hexadecimal address, with or without 0x. */
bool cli_parse_va(const char *text, uint64_t *va);
/* Ends the document. */
int cli_finish(struct cli *cli);

/*
 * interrupt.c: Ctrl-C ends an answer where it is, well-formed, instead of cutting it
 * off. Caught from cli_catch_interrupts(true) on, until it is called with false.
 */
void cli_catch_interrupts(bool on);
bool cli_interrupted(void);

/*
 * What `watch` shows again and again. cow_open() takes the operands and returns an exit
 * status, as cli_open_process() does for map; cow_show() and map_show() make a document but for its end
 * (none was begun when render_begun() says so), and return 0 or -errno.
 */
int cow_open(struct cli *cli);
int cow_show(struct cli *cli);
int map_show(struct cli *cli);

/* view.c: parts that several commands show. */
/* pid, comm and, where frames are withheld, hidden. */
void view_process(struct cli *cli);
/* Names of an entry's bits, for RENDER_V_LIST; @names holds VMLAB_BITS_MAX. */
size_t view_bits(const struct vmlab_info *info, unsigned int level, uint64_t entry,
		 unsigned int kind, const char **names);
/* The same for entries that come one after the other and are mostly alike. */
struct view_bits {
	unsigned int level, kind;	/* of the last one; level 0: there was none */
	uint64_t mask, looks;		/* what of it has names, and what that was */
	const char *names[VMLAB_BITS_MAX];
	size_t nr;
};

void view_bits_next(struct view_bits *bits, const struct vmlab_info *info, unsigned int level,
		    uint64_t entry, unsigned int kind);
/* Memory type and protection key of a leaf that has a frame; null where not known. */
struct render_value view_memory_type(const struct vmlab_info *info, const struct vmlab_run *run);
struct render_value view_pkey(const struct vmlab_info *info, const struct vmlab_run *run);
/* levels[]: the entries of a walk, from the root down. */
void view_levels(struct render *r, const struct vmlab_info *info,
		 const struct vmlab_walk *walk);
/* user_root{}: under KPTI, the entry of the root that user mode runs on. */
void view_user_root(struct render *r, const struct vmlab_info *info,
		    const struct vmlab_walk *walk);

/* What lies where in the processes of an index, by name. */
struct view_names {
	size_t nr;
	struct view_process {
		pid_t pid;
		struct vmlab_regions regions;
	} *v;
};

/* -ENOMEM. A process that has ended meanwhile has no names. */
int view_names_read(struct cli *cli, const struct vmlab_index *index,
		    struct view_names *names);
void view_names_free(struct view_names *names);
/* The name of what lies at @va of @pid; "" without one, NULL when it is not known. */
const char *view_name(const struct view_names *names, pid_t pid, uint64_t va);
/* The last component of a file's name; all of any other name. */
const char *view_short_name(const char *name);
/* A mapping of an index for programs; @perms has to live as long as the row. */
#define VIEW_MAPPING_FIELDS	9
struct view_perms {
	struct vmlab_perms enforced;
	struct vmlab_perms asked;
};
extern const struct render_field view_mapping_fields[VIEW_MAPPING_FIELDS];
void view_mapping(const struct view_names *names, const struct vmlab_mapping *m,
		  struct view_perms *perms, struct render_value *v);
/* The same for people: PID, ADDRESS, GETS, AD, IN, in this order. */
#define VIEW_PEOPLE_FIELDS	5
struct view_people {
	char pid[16];
	char va[48];
	struct vmlab_perms enforced;
	char bits[4];
};
extern const struct render_field view_people_fields[VIEW_PEOPLE_FIELDS];
void view_people(const struct view_names *names, const struct vmlab_mapping *m,
		 struct view_people *row, struct render_value *v);
/* "hidden", where a process was skipped because its frames are withheld. */
void view_hidden(struct cli *cli, const struct vmlab_index *index);
/* In totals: the processes that an index does not have. */
void view_skipped(struct cli *cli, const struct vmlab_index *index);
/* The kernel's own alias of frames, in the direct map. */
struct view_alias {
	struct cli *cli;
	bool wanted;
	bool known;		/* this caller may see the kernel half */
	struct vmlab_kregions regions;
};
void view_alias_open(struct cli *cli, bool wanted, struct view_alias *alias);
/*
 * Its address and what the kernel may do through it, into v[0] and v[1]: null where that
 * is not known, withheld or not wanted. @enforced has to live as long as the row.
 */
void view_alias(const struct view_alias *alias, uint64_t pfn, struct vmlab_perms *enforced,
		struct render_value *v);

#endif /* CLI_H */
