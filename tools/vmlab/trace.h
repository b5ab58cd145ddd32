/* SPDX-License-Identifier: GPL-2.0-only */
/* trace.h - what the parts of `vmlab trace` share. */
#ifndef VMLAB_TRACE_H
#define VMLAB_TRACE_H

#include <stddef.h>
#include <sys/types.h>

#include "cli.h"
#include "timeline.h"

#define MAX_PIDS	64

/**
 * struct tracing - what the options said, and the trace
 * @options: as the library has them
 * @pids: room for theirs
 * @for_ms: how long, 0: until it ends
 * @trace: while it runs
 * @perfetto: a file for a timeline, or NULL
 * @timeline: while it is written
 */
struct tracing {
	struct vmlab_trace_options options;
	pid_t pids[MAX_PIDS];
	unsigned int for_ms;
	struct vmlab_trace *trace;
	const char *perfetto;
	struct timeline *timeline;
};

/* The command's own; NULL without memory. */
struct tracing *tracing_of(struct cli *cli);

/**
 * struct trace_kind - what can be asked for
 * @word: what it is called
 * @kind: enum vmlab_event_kind, of the library's options
 * @row_name: what is counted of it: the name of a row, NULL for none
 */
struct trace_kind {
	const char *word;
	unsigned int kind;
	const char *(*row_name)(unsigned int i);
};

extern const struct trace_kind trace_kinds[];
extern const size_t trace_nr_kinds;

/* A line; 0, or -errno of writing it. */
int trace_show_event(struct cli *cli, const struct vmlab_event *event);
/* What --stacks asks for; -errno of the trace, or of writing it. */
int trace_show_stacks(struct cli *cli);
/* The last one; -errno of the trace. */
int trace_show_summary(struct cli *cli);

#endif /* VMLAB_TRACE_H */
