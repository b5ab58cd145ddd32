// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_trace.c - faults, copies, forks, tags of the TLB, permissions and mappings, as
 * they happen: what is asked for, and the way from the first event to the summary.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "cli.h"
#include "trace.h"

struct tracing *tracing_of(struct cli *cli)
{
	if (!cli->own)
		cli->own = calloc(1, sizeof(struct tracing));
	return cli->own;
}

/* For the signal's handler. */
static struct vmlab_trace *volatile to_stop;

static void stop(int sig)
{
	(void)sig;
	if (to_stop)
		vmlab_trace_stop(to_stop);
}

/* Ctrl-C, a polite kill, or --for: the end is told as any other. */
static void catch_signals(unsigned int ms)
{
	struct sigaction action = { .sa_handler = stop };
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000L } };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (!ms)
		return;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int follow(struct cli *cli)
{
	const struct vmlab_event *event;
	int ret, failed = 0;

	for (;;) {
		ret = vmlab_trace_next(tracing_of(cli)->trace, &event);
		if (ret == -EAGAIN)
			failed = render_flush(cli->render);
		else if (ret > 0)
			failed = trace_show_event(cli, event);
		else
			break;
		if (failed)
			return cli_fail(cli, CLI_AT_OUTPUT, failed);
	}
	if (!ret && tracing_of(cli)->options.stacks)
		ret = trace_show_stacks(cli);
	/* For people that is all: a program that draws reads it. */
	if (!ret && (cli->json || !tracing_of(cli)->options.stacks))
		ret = trace_show_summary(cli);
	return ret ? cli_fail(cli, CLI_AT_TRACE, ret) : CLI_OK;
}

static int start(struct cli *cli, struct tracing *tracing)
{
	static char missing[32];
	size_t i;
	int ret;

	for (i = 0; i < tracing->options.nr_pids && !cli->replay; i++) {
		snprintf(missing, sizeof(missing), "%d", (int)tracing->pids[i]);
		cli->subject = missing;
		if (vmlab_proc_kind(cli->session, tracing->pids[i]) == VMLAB_PROC_NONE)
			return cli_fail(cli, CLI_AT_TRACE, -ESRCH);
	}
	ret = vmlab_trace_start(cli->session, &tracing->options, &tracing->trace);
	if (ret == -ELIBBAD)
		cli->subject = tracing->options.library ? tracing->options.library :
							  "the program or its libc";
	if (ret == -ECHILD) {
		cli->subject = NULL;
		return cli_fail(cli, CLI_AT_LAUNCH, vmlab_trace_exec_error(cli->session));
	}
	return ret ? cli_fail(cli, CLI_AT_TRACE, ret) : CLI_OK;
}

static bool add_kind(struct tracing *tracing, const char *word)
{
	size_t i;

	for (i = 0; i < trace_nr_kinds; i++) {
		if (strcmp(word, trace_kinds[i].word))
			continue;
		tracing->options.kinds |= 1U << trace_kinds[i].kind;
		return true;
	}
	return false;
}

static bool leaves_out_faults(const struct vmlab_trace_options *o)
{
	return o->classes || o->start || o->end || o->min_ns;
}

static int begin_timeline(struct cli *cli, struct tracing *tracing)
{
	cli->subject = tracing->perfetto;
	tracing->timeline = timeline_new(tracing->perfetto);
	if (!tracing->timeline)
		return cli_fail(cli, CLI_AT_TIMELINE, -errno);
	cli->subject = NULL;
	return CLI_OK;
}

/* The answer has been given: all that can be said is that the file is not whole. */
static int end_timeline(struct cli *cli, struct tracing *tracing, int ret)
{
	int err = tracing->timeline ? timeline_end(tracing->timeline) : 0;

	tracing->timeline = NULL;
	if (!err || ret)
		return ret;
	cli->json = false;
	cli->subject = tracing->perfetto;
	return cli_fail(cli, CLI_AT_TIMELINE, err);
}

static int run(struct cli *cli)
{
	struct tracing *tracing = tracing_of(cli);
	int i, ret;

	if (!tracing)
		return cli_fail(cli, CLI_AT_TRACE, -ENOMEM);

	if (!cli->argc)
		return cli_usage(cli, "trace what? fault, cow, fork, tlb, mprotect, map, malloc");
	for (i = 0; i < cli->argc; i++)
		if (!add_kind(tracing, cli->argv[i]))
			return cli_usage(cli, "not something to trace: %s", cli->argv[i]);
	if (cli->cmd_argv && !cli->cmd_argv[0])
		return cli_usage(cli, "no command after --");
	if (tracing->options.end && tracing->options.end <= tracing->options.start)
		return cli_usage(cli, "the range is empty");
	if (tracing->perfetto && tracing->options.counts_only)
		return cli_usage(cli, "--perfetto is of events: leave out --summary and --stacks");
	if (tracing->options.library && !(tracing->options.kinds >> VMLAB_EVENT_ALLOC & 1))
		return cli_usage(cli, "--library is of malloc");
	/* They would leave out faults by which memory became real. */
	if (tracing->options.kinds >> VMLAB_EVENT_ALLOC & 1 && leaves_out_faults(&tracing->options))
		return cli_usage(cli, "malloc takes no --class, --range and --min-ns");
	tracing->options.pids = tracing->pids;
	tracing->options.argv = cli->cmd_argv;
	ret = cli_open_bare(cli);
	if (!ret && tracing->perfetto)
		ret = begin_timeline(cli, tracing);
	if (!ret)
		ret = start(cli, tracing);
	if (!ret) {
		to_stop = tracing->trace;
		catch_signals(cli->replay ? 0 : tracing->for_ms);
		ret = follow(cli);
	}
	to_stop = NULL;
	vmlab_trace_close(tracing->trace);
	tracing->trace = NULL;
	return end_timeline(cli, tracing, ret);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out <= max;
}

static bool parse_classes(struct tracing *tracing, const char *text)
{
	char *copy = strdup(text), *rest = copy, *name;
	unsigned int i;
	bool ok = copy;

	while (ok && (name = strsep(&rest, ","))) {
		for (i = 0; i < VMLAB_NR_CLASSES; i++)
			if (!strcmp(name, vmlab_class_name(i)))
				break;
		ok = i < VMLAB_NR_CLASSES;
		tracing->options.classes |= 1ULL << (ok ? i : 0);
	}
	free(copy);
	return ok;
}

enum { OPT_CLASS = 1, OPT_COMM, OPT_RANGE, OPT_MIN_NS, OPT_SUMMARY, OPT_FOLLOW, OPT_FOR,
	OPT_BUFFER, OPT_LIBRARY,
	OPT_PERFETTO, OPT_STACKS };

static const struct option options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "range", required_argument, NULL, OPT_RANGE },
	{ "min-ns", required_argument, NULL, OPT_MIN_NS },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "buffer", required_argument, NULL, OPT_BUFFER },
	{ "library", required_argument, NULL, OPT_LIBRARY },
	{ "stacks", no_argument, NULL, OPT_STACKS },
	{ "perfetto", required_argument, NULL, OPT_PERFETTO },
	{ 0 },
};

static bool option(struct cli *cli, int val, const char *arg)
{
	struct tracing *tracing = tracing_of(cli);
	struct vmlab_trace_options *o;
	uint64_t nr;

	if (!tracing)
		return false;
	o = &tracing->options;
	switch (val) {
	case 'p':
		if (o->nr_pids == MAX_PIDS || !cli_parse_pid(arg, &tracing->pids[o->nr_pids]) ||
		    !tracing->pids[o->nr_pids])
			return false;
		o->nr_pids++;
		return true;
	case OPT_FOLLOW:
		o->follow = true;
		return true;
	case OPT_COMM:
		o->comm = arg;
		return *arg && strlen(arg) < VMLAB_EVENT_COMM;
	case OPT_CLASS:
		return parse_classes(tracing, arg);
	case OPT_RANGE:
		return cli_parse_range(arg, &o->start, &o->end) && o->end;
	case OPT_MIN_NS:
		return parse_number(arg, ~0ULL - 1, &o->min_ns);
	case OPT_SUMMARY:
		o->counts_only = true;
		return true;
	case OPT_FOR:
		if (!parse_number(arg, 24ULL * 3600 * 1000, &nr) || !nr)
			return false;
		tracing->for_ms = nr;
		return true;
	case OPT_BUFFER:
		if (!parse_number(arg, 1024, &nr) || !nr || nr & (nr - 1))
			return false;
		o->sz_buffer = nr << 20;
		return true;
	case OPT_LIBRARY:
		o->library = arg;
		return *arg;
	case OPT_STACKS:
		o->stacks = true;
		o->counts_only = true;
		return true;
	case OPT_PERFETTO:
		tracing->perfetto = arg;
		return *arg;
	}
	return false;
}

const struct command cmd_trace = {
	.name = "trace",
	.args = "KIND... [-p PID]... [-- COMMAND...]",
	.summary = "page faults, copies, forks, TLB tags, permissions, mappings, malloc, as they happen",
	.help = "KIND is fault (every page fault: what it was, the entry before and after), cow (pages\n"
		"that waited for a copy: copied, reused, zero-filled, and why), fork (fork, exec,\n"
		"exit), tlb (the tag of each switch to an address space; flushes, and who asked),\n"
		"mprotect (who makes which memory writable, read-only, executable), map (what is\n"
		"mapped, unmapped, grown, moved, advised on) or malloc (what an allocator is asked for,\n"
		"what it asks of the kernel, and what of it becomes real).\n"
		"Without -p and -- everything is traced but vmlab itself. It ends with Ctrl-C,\n"
		"or when all processes that were named have ended; the last line counts what was\n"
		"seen and what was lost. It needs no module. The programs that watch run in the\n"
		"kernel and change nothing in whom they watch. COMMAND is held before its exec until\n"
		"they are there, then runs untouched; its standard output goes to standard error.\n"
		"\n"
		"  -p, --pid PID     only this process; may be given several times\n"
		"  --follow          and what it forks (of COMMAND always)\n"
		"  --comm NAME       only threads of this name\n"
		"  --class A,B,...   only faults of these classes\n"
		"  --range FROM-TO   only addresses from FROM to before TO, hexadecimal\n"
		"  --min-ns NS       only what took at least NS nanoseconds\n"
		"  --summary         count in the kernel, show no events\n"
		"  --for MS          end after that many milliseconds\n"
		"  --buffer MIB      room for events that wait to be shown (16; a power of two)\n"
		"  --library FILE    of malloc: the file that has it (else the program, or its libc)\n"
		"  --stacks          in the end, by which way of user mode it came about: folded\n"
		"                    stacks, for flame graphs\n"
		"  --perfetto FILE   also as a timeline, for ui.perfetto.dev and chrome://tracing\n",
	.lines = true,
	.follows = true,
	.options = options,
	.letters = "p:",
	.option = option,
	.run = run,
};
