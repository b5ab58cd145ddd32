// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_stacks.c - by which way what was traced came about: folded stacks, a line each, as
 * programs that draw flame graphs read them; or objects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "cli.h"
#include "trace.h"

#define FRAME_BYTES	560

/* Names, outermost first, the thread's before all. */
struct frames {
	size_t nr;
	const char *names[VMLAB_STACK_DEPTH + 2];
	char text[VMLAB_STACK_DEPTH + 2][FRAME_BYTES];
};

/* A function, whatever the place in it. What stands between frames may not be in one. */
static void name_frame(struct cli *cli, pid_t pid, uint64_t ip, uint64_t caller, char *name)
{
	char *at;

	if (vmlab_trace_by(tracing_of(cli)->trace, pid, ip, caller, name, FRAME_BYTES)) {
		snprintf(name, FRAME_BYTES, "[unknown]");
		return;
	}
	/* "FILE:NAME+0x12", but not "FILE+0x1234". */
	at = strrchr(name, '+');
	if (at && strchr(name, ':'))
		*at = '\0';
	for (at = name; *at; at++)
		if (*at == ';' || *at == '\n')
			*at = ':';
}

static void add_frame(struct frames *f)
{
	f->names[f->nr] = f->text[f->nr];
	f->nr++;
}

static void name_frames(struct cli *cli, const struct vmlab_stack *stack, struct frames *f)
{
	uint32_t i = stack->nr;

	f->nr = 0;
	snprintf(f->text[0], FRAME_BYTES, "%s", stack->comm);
	add_frame(f);
	while (i--) {
		char direct[FRAME_BYTES];

		name_frame(cli, stack->pid, stack->ips[i], 0, f->text[f->nr]);
		/* One that is nothing but a system call has no frame, and hides its caller's. */
		if (!i && stack->caller) {
			name_frame(cli, stack->pid, stack->ips[0], stack->caller, direct);
			if (strcmp(direct, f->text[f->nr])) {
				memcpy(f->text[f->nr + 1], f->text[f->nr], FRAME_BYTES);
				memcpy(f->text[f->nr], direct, FRAME_BYTES);
				add_frame(f);
			}
		}
		add_frame(f);
	}
}

static int show_stack(struct cli *cli, const char *what, const char *row,
		      const struct vmlab_stack *stack, const struct frames *f)
{
	static const struct render_field fields[] = {
		{ "kind", NULL, RENDER_TEXT, 0 }, { "of", NULL, RENDER_TEXT, 0 },
		{ "event", NULL, RENDER_TEXT, 0 }, { "pid", NULL, RENDER_NUM, 0 },
		{ "comm", NULL, RENDER_TEXT, 0 }, { "count", NULL, RENDER_NUM, 0 },
		{ "ns", NULL, RENDER_NUM, 0 }, { "frames", NULL, RENDER_LIST, 0 },
	};
	static const unsigned int widths[8];
	struct render_value v[8];
	size_t i;

	if (cli->json) {
		v[0] = RENDER_V_TEXT("stack");
		v[1] = RENDER_V_TEXT(what);
		v[2] = RENDER_V_TEXT(row);
		v[3] = RENDER_V_NUM(stack->pid);
		v[4] = RENDER_V_TEXT(stack->comm);
		v[5] = RENDER_V_NUM(stack->count);
		v[6] = RENDER_V_NUM(stack->total_ns);
		v[7] = RENDER_V_LIST(f->names + 1, f->nr - 1);
		render_line(cli->render, fields, widths, 8, v);
		return render_line_end(cli->render);
	}
	/* The format is the programs', and no rendering of ours. */
	for (i = 0; i < f->nr; i++)
		printf("%s;", f->names[i]);
	printf("[%s:%s] %llu\n", what, row, (unsigned long long)stack->count);
	return ferror(stdout) ? -EIO : 0;
}

int trace_show_stacks(struct cli *cli)
{
	struct frames *f = malloc(sizeof(*f));
	size_t i, at, nr;
	int ret = f ? 0 : -ENOMEM;

	for (i = 0; i < trace_nr_kinds && !ret; i++) {
		struct vmlab_stack *all = NULL;

		if (!(tracing_of(cli)->options.kinds >> trace_kinds[i].kind & 1))
			continue;
		ret = vmlab_trace_stacks(tracing_of(cli)->trace, trace_kinds[i].kind, &all, &nr);
		for (at = 0; at < nr && !ret; at++) {
			const char *row = trace_kinds[i].row_name(all[at].row);

			name_frames(cli, &all[at], f);
			ret = show_stack(cli, trace_kinds[i].word, row ? row : "?", &all[at], f);
		}
		free(all);
	}
	free(f);
	return ret;
}
