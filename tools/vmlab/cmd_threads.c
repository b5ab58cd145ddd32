// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_threads.c - the threads of a process: stacks, thread-local storage, one page table.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum {
	TID, COMM, STATE, CPU, SP, PC, STACK_START, STACK_END, STACK_USED, STACK_GUARD,
	STACK_RESERVED, STACK_DEPTH, TP, GS, KEYS, ROOT, TLS_REGION, TLS_START, TLS_END,
	TLS_MODULES, P_SIZE, P_USED, P_DEPTH, P_GUARD, P_TLS, NR_FIELDS
};

static const struct render_field fields[] = {
	[TID]		= { "tid", "TID", RENDER_NUM, 0 },
	[COMM]		= { "comm", "NAME", RENDER_TEXT, RENDER_LONG },
	[STATE]		= { "state", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[SP]		= { "sp", "STACK POINTER", RENDER_HEX, 0 },
	[PC]		= { "pc", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[STACK_START]	= { "stack.start", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[STACK_END]	= { "stack.end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[STACK_USED]	= { "stack.used", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[STACK_GUARD]	= { "stack.guard", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[STACK_RESERVED] = { "stack.reserved", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[STACK_DEPTH]	= { "stack.depth", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[TP]		= { "tp", "THREAD POINTER", RENDER_HEX, 0 },
	[GS]		= { "gs", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[KEYS]		= { "keys", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[ROOT]		= { "root_pa", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[TLS_REGION]	= { "tls.region", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[TLS_START]	= { "tls.start", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[TLS_END]	= { "tls.end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[TLS_MODULES]	= { "tls.modules", NULL, RENDER_ROWS, RENDER_PROGRAMS },
	[P_SIZE]	= { NULL, "STACK", RENDER_SIZE, RENDER_PEOPLE },
	[P_USED]	= { NULL, "TOUCHED", RENDER_SIZE, RENDER_PEOPLE },
	[P_DEPTH]	= { NULL, "DEPTH", RENDER_SIZE, RENDER_PEOPLE },
	[P_GUARD]	= { NULL, "GUARD", RENDER_SIZE, RENDER_PEOPLE },
	[P_TLS]		= { NULL, "STORAGE", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

static const struct render_field module_fields[] = {
	{ "name", NULL, RENDER_TEXT, 0 },
	{ "start", NULL, RENDER_HEX, 0 },
	{ "end", NULL, RENDER_HEX, 0 },
};

static void module_row(const void *ctx, size_t i, struct render_value *v)
{
	const struct vmlab_thread_view *t = ctx;

	v[0] = RENDER_V_TEXT(t->modules[i].image->name);
	v[1] = RENDER_V_NUM(t->modules[i].start);
	v[2] = RENDER_V_NUM(t->modules[i].end);
}

static struct render_value known(uint64_t value, bool is_known)
{
	return is_known ? RENDER_V_NUM(value) : RENDER_V_NULL;
}

/* "prog 80, libc.so.6 128", in bytes. */
static void say_storage(const struct vmlab_thread_view *t, char *buf, size_t size)
{
	size_t at = 0, i;

	*buf = '\0';
	for (i = 0; i < t->nr_modules && at < size; i++)
		at += snprintf(buf + at, size - at, "%s%s %llu", at ? ", " : "",
			       view_short_name(t->modules[i].image->name),
			       (unsigned long long)(t->modules[i].end - t->modules[i].start));
}

static void show_thread(struct cli *cli, const struct vmlab_thread_view *t)
{
	const bool stack = t->stack, saved = t->saved.out_known;
	char state[2] = { t->state, '\0' }, storage[256];
	const struct render_rows modules = {
		.fields = module_fields,
		.nr_fields = sizeof(module_fields) / sizeof(module_fields[0]),
		.nr = t->nr_modules, .row = module_row, .ctx = t,
	};
	struct render_value v[NR_FIELDS];

	say_storage(t, storage, sizeof(storage));
	v[TID] = RENDER_V_NUM(t->tid);
	v[COMM] = RENDER_V_TEXT(*t->comm ? t->comm : NULL);
	v[STATE] = RENDER_V_TEXT(t->state ? state : NULL);
	v[CPU] = known(t->cpu, t->cpu >= 0);
	v[SP] = known(t->sp, t->at_known);
	v[PC] = known(t->pc, t->at_known);
	v[STACK_START] = known(t->stack_start, stack);
	v[STACK_END] = known(t->stack_end, stack);
	v[STACK_USED] = known(t->sz_used, stack);
	v[STACK_GUARD] = known(t->sz_guard, stack && t->guard_known);
	v[STACK_RESERVED] = known(t->sz_reserved, stack);
	v[STACK_DEPTH] = known(t->stack_end - t->sp, stack);
	v[TP] = known(t->tp_known ? t->tp : t->saved.out_tp,
		      t->tp_known || (saved && t->saved.out_known & VMLAB_THREAD_TP));
	v[GS] = known(t->saved.out_gs, t->saved.out_known & VMLAB_THREAD_GS);
	v[KEYS] = known(t->saved.out_keys, t->saved.out_known & VMLAB_THREAD_KEYS);
	v[ROOT] = known(t->saved.out_root_pa, t->saved.out_known & VMLAB_THREAD_ROOT);
	v[TLS_REGION] = t->tls ? RENDER_V_NUM(t->tls->start) : RENDER_V_NULL;
	v[TLS_START] = known(t->tls_start, t->tls_known);
	v[TLS_END] = known(t->tls_end, t->tls_known);
	v[TLS_MODULES] = t->tls_known ? RENDER_V_ROWS(&modules) : RENDER_V_NULL;
	v[P_SIZE] = v[STACK_RESERVED];
	v[P_USED] = v[STACK_USED];
	v[P_DEPTH] = v[STACK_DEPTH];
	v[P_GUARD] = v[STACK_GUARD];
	v[P_TLS] = t->tls_known ? RENDER_V_TEXT(storage) : RENDER_V_NULL;
	render_row(cli->render, v);
}

static void show_table(struct cli *cli, const struct vmlab_threads_all *threads)
{
	static const struct render_field root = { "root_pa", "root", RENDER_HEX, 0 };
	static const struct render_field one = { "one_table", "one table", RENDER_BOOL, 0 };

	render_put(cli->render, &root, known(threads->root_pa, threads->root_pa));
	render_put(cli->render, &one, known(threads->one_table, threads->one_table_known));
	if (threads->one_table_known && threads->one_table)
		render_note(cli->render, "every thread runs on the page table whose root lies there: what one maps all have");
}

static int run(struct cli *cli)
{
	static const struct render_field changed = { "changed", "changed", RENDER_BOOL, 0 };
	struct vmlab_threads_all threads;
	size_t i;
	int ret;

	ret = cli_open_process(cli);
	if (ret)
		return ret;
	ret = vmlab_threads_read(cli->session, cli->target, &threads);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	render_begin(cli->render);
	view_process(cli);
	render_table(cli->render, "threads", NULL, fields, NR_FIELDS);
	for (i = 0; i < threads.nr_threads; i++)
		show_thread(cli, &threads.threads[i]);
	render_table_end(cli->render);
	show_table(cli, &threads);
	render_put(cli->render, &changed, RENDER_V_NUM(threads.perms.anatomy.changed));
	vmlab_threads_free(&threads);
	return cli_finish(cli);
}

const struct command cmd_threads = {
	.name = "threads",
	.args = "PID | -- COMMAND...",
	.summary = "threads: stacks, thread-local storage, and the one page table",
	.help = "Of each thread: its stack (what is reserved for it, how much has been touched, how\n"
		"deep it is in it, what guards it), its thread pointer, and which file has how many\n"
		"bytes of its thread-local storage. Nobody is stopped for it: what a thread that runs\n"
		"has in its registers is not known.\n",
	.run = run,
};
