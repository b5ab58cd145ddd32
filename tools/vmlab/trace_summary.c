// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_summary.c - the last line of a trace: what was counted in the kernel, how long it
 * took, and what was lost.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "cli.h"
#include "trace.h"

/* What is counted of each kind: the name of a row, NULL for none. */
static const char *fork_row(unsigned int i)
{
	return i >= VMLAB_EVENT_FORK && i <= VMLAB_EVENT_EXIT ? vmlab_event_name(i) : NULL;
}

const struct trace_kind trace_kinds[] = {
	{ "fault", VMLAB_EVENT_FAULT, vmlab_class_name },
	{ "cow", VMLAB_EVENT_COW, vmlab_outcome_name },
	{ "fork", VMLAB_EVENT_FORK, fork_row },
	{ "tlb", VMLAB_EVENT_SWITCH, vmlab_tlb_row_name },
	{ "mprotect", VMLAB_EVENT_PROTECT, vmlab_protect_row_name },
	{ "map", VMLAB_EVENT_MAP, vmlab_map_what_name },
	{ "malloc", VMLAB_EVENT_ALLOC, vmlab_alloc_row_name },
};

const size_t trace_nr_kinds = sizeof(trace_kinds) / sizeof(trace_kinds[0]);

#define NR_KINDS (sizeof(trace_kinds) / sizeof(trace_kinds[0]))

/* What is told of a row: how many, how long in all, how long each (powers of two). */
enum { SUM_COUNT, SUM_TOTAL, SUM_BUCKETS };

static void put_row(struct cli *cli, const char *name, const struct vmlab_trace_counts *counts,
		    size_t row, int what)
{
	const struct render_field field = {
		name, name, what == SUM_BUCKETS ? RENDER_NUMS : RENDER_NUM, 0
	};
	uint64_t buckets[VMLAB_TRACE_BUCKETS];
	size_t nr = 0, i;

	if (what == SUM_COUNT) {
		/* Programs are told of what did not happen, too. */
		if (cli->json || counts->count[row])
			render_put(cli->render, &field, RENDER_V_NUM(counts->count[row]));
		return;
	}
	if (!counts->count[row])
		return;
	for (i = 0; i < VMLAB_TRACE_BUCKETS; i++) {
		buckets[i] = counts->ns[row][i];
		if (buckets[i])
			nr = i + 1;
	}
	if (nr)
		render_put(cli->render, &field, what == SUM_TOTAL ?
			   RENDER_V_NUM(counts->total_ns[row]) : RENDER_V_NUMS(buckets, nr));
}

static void put_rows(struct cli *cli, const char *key, const char *title,
		     const struct vmlab_trace_counts *counts, int what)
{
	const unsigned int wanted = tracing_of(cli)->options.kinds;
	size_t i, row;

	render_object(cli->render, key, title);
	for (i = 0; i < NR_KINDS; i++)
		for (row = 0; row < VMLAB_TRACE_ROWS; row++)
			if ((wanted >> trace_kinds[i].kind & 1) && trace_kinds[i].row_name(row))
				put_row(cli, trace_kinds[i].row_name(row), &counts[i], row, what);
	render_object_end(cli->render);
}

/* For people: a row for each power of two that something took. */
static void show_histograms(struct cli *cli, const struct vmlab_trace_counts *counts)
{
	static const struct render_field fields[] = {
		{ NULL, "WHAT", RENDER_TEXT, RENDER_PEOPLE },
		{ NULL, "FROM NS", RENDER_NUM, RENDER_PEOPLE },
		{ NULL, "COUNT", RENDER_NUM, RENDER_PEOPLE },
		{ NULL, "", RENDER_BAR, RENDER_PEOPLE },
	};
	size_t i, row, b;

	render_table(cli->render, NULL, NULL, fields, 4);
	for (i = 0; i < NR_KINDS; i++) {
		for (row = 0; row < VMLAB_TRACE_ROWS; row++) {
			for (b = 0; b < VMLAB_TRACE_BUCKETS; b++) {
				const uint64_t here = counts[i].ns[row][b];
				struct render_value v[4];

				if (!here)
					continue;
				v[0] = RENDER_V_TEXT(trace_kinds[i].row_name(row));
				v[1] = RENDER_V_NUM(1ULL << b);
				v[2] = RENDER_V_NUM(here);
				v[3] = (struct render_value){ .num = here,
							      .nr = counts[i].count[row] };
				render_row(cli->render, v);
			}
		}
	}
	render_table_end(cli->render);
}

enum {
	P_PID, P_COMM, P_STAYED, P_KEPT, P_FLUSHED, P_NEW, P_FLUSHES, P_ASKED, P_NR
};

/* Of each process: how it got its tags, and flushes. */
static int show_processes(struct cli *cli)
{
	static const struct render_field fields[] = {
		[P_PID]		= { "pid", "PID", RENDER_NUM, 0 },
		[P_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
		[P_STAYED]	= { "stayed", "STAYED", RENDER_NUM, 0 },
		[P_KEPT]	= { "kept", "KEPT", RENDER_NUM, 0 },
		[P_FLUSHED]	= { "flushed", "FLUSHED", RENDER_NUM, 0 },
		[P_NEW]		= { "new", "NEW", RENDER_NUM, 0 },
		[P_FLUSHES]	= { "flushes", "FLUSHES", RENDER_NUM, 0 },
		[P_ASKED]	= { "asked", "ASKED", RENDER_NUM, 0 },
	};
	struct vmlab_tlb_process *all;
	size_t nr, i, outcome;
	int ret;

	ret = vmlab_trace_processes(tracing_of(cli)->trace, &all, &nr);
	if (ret)
		return ret;
	render_table(cli->render, "processes", "processes", fields, P_NR);
	for (i = 0; i < nr; i++) {
		struct render_value v[P_NR];

		v[P_PID] = RENDER_V_NUM(all[i].pid);
		v[P_COMM] = *all[i].comm ? RENDER_V_TEXT(all[i].comm) : RENDER_V_NULL;
		for (outcome = 0; outcome < VMLAB_NR_TAG_OUTCOMES; outcome++)
			v[P_STAYED + outcome] = RENDER_V_NUM(all[i].switches[outcome]);
		v[P_FLUSHES] = RENDER_V_NUM(all[i].flushes);
		v[P_ASKED] = RENDER_V_NUM(all[i].asked);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
	free(all);
	return 0;
}

enum {
	A_PID, A_COMM, A_REQUESTS, A_FREES, A_CALLS, A_ASKED, A_ASKED_REAL, A_LIVE, A_LIVE_PEAK,
	A_HELD, A_HELD_PEAK, A_REAL, A_REAL_TOTAL, A_NR
};

/* Of each process: what its allocator was asked for, and what became real. */
static int show_heaps(struct cli *cli)
{
	static const struct render_field fields[] = {
		[A_PID]		= { "pid", "PID", RENDER_NUM, 0 },
		[A_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
		[A_REQUESTS]	= { "requests", "REQUESTS", RENDER_NUM, 0 },
		[A_FREES]	= { "frees", "FREES", RENDER_NUM, 0 },
		[A_CALLS]	= { "calls", "SYSCALLS", RENDER_NUM, 0 },
		[A_ASKED]	= { "asked", "ASKED", RENDER_NUM, 0 },
		[A_ASKED_REAL]	= { "asked_real", "ON REAL PAGES", RENDER_NUM, 0 },
		[A_LIVE]	= { "live", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[A_LIVE_PEAK]	= { "live_peak", "LIVE PEAK", RENDER_NUM, 0 },
		[A_HELD]	= { "held", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[A_HELD_PEAK]	= { "held_peak", "HELD PEAK", RENDER_NUM, 0 },
		[A_REAL]	= { "real", NULL, RENDER_NUM, RENDER_PROGRAMS },
		[A_REAL_TOTAL]	= { "real_total", "MADE REAL", RENDER_NUM, 0 },
	};
	struct vmlab_heap *all;
	size_t nr, i;
	int ret;

	ret = vmlab_trace_heaps(tracing_of(cli)->trace, &all, &nr);
	/* With --summary there was nothing to add up. */
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	render_table(cli->render, "heaps", "heaps", fields, A_NR);
	for (i = 0; i < nr; i++) {
		struct render_value v[A_NR];

		v[A_PID] = RENDER_V_NUM(all[i].pid);
		v[A_COMM] = RENDER_V_TEXT(all[i].comm);
		v[A_REQUESTS] = RENDER_V_NUM(all[i].requests);
		v[A_FREES] = RENDER_V_NUM(all[i].frees);
		v[A_CALLS] = RENDER_V_NUM(all[i].calls);
		v[A_ASKED] = RENDER_V_NUM(all[i].asked);
		v[A_ASKED_REAL] = RENDER_V_NUM(all[i].asked_real);
		v[A_LIVE] = RENDER_V_NUM(all[i].live);
		v[A_LIVE_PEAK] = RENDER_V_NUM(all[i].live_peak);
		v[A_HELD] = RENDER_V_NUM(all[i].held);
		v[A_HELD_PEAK] = RENDER_V_NUM(all[i].held_peak);
		v[A_REAL] = RENDER_V_NUM(all[i].real);
		v[A_REAL_TOTAL] = RENDER_V_NUM(all[i].real_total);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
	free(all);
	return 0;
}

/* What keeps address spaces apart, as `vmlab tags` has it. */
static void show_tagging(struct cli *cli)
{
	static const struct render_field by = { "by", "by", RENDER_TEXT, 0 };
	static const struct render_field flush = {
		"flush_on_switch", "flush on switch", RENDER_BOOL, 0
	};
	const bool tags = vmlab_trace_has_tags(tracing_of(cli)->trace);

	render_object(cli->render, "tagging", "tags");
	render_put(cli->render, &by, tags ?
		   RENDER_V_TEXT(vmlab_tag_name(vmlab_session_info(cli->session))) :
		   RENDER_V_NULL);
	render_put(cli->render, &flush, RENDER_V_NUM(!tags));
	render_object_end(cli->render);
	if (!tags)
		render_note(cli->render, "there are no tags here: a switch to another address space flushes all that is not global");
}

static const char *what_was_changed(const struct tracing *tracing)
{
	/* Uprobes: an instruction, and so a copy of a page of the file for each who maps it. */
	const bool breaks = tracing->options.kinds >> VMLAB_EVENT_ALLOC & 1;

	if (breaks)
		return tracing->options.argv ?
		       "breakpoints at the allocator's functions; the command was held before its exec" :
		       "breakpoints at the allocator's functions";
	return tracing->options.argv ? "nothing; the command was held before its exec" : "nothing";
}

int trace_show_summary(struct cli *cli)
{
	static const struct render_field kind = { "kind", "EVENT", RENDER_TEXT, 0 };
	static const struct render_field changed_field = { "changed", "changed by tracing",
							   RENDER_TEXT, 0 };
	static const struct render_field lost_field = { "lost", "lost", RENDER_NUM, 0 };
	static const struct render_field skipped_field = { "skipped", NULL, RENDER_NUM,
							   RENDER_PROGRAMS };
	static const unsigned int width = 8;
	const struct render_value name = RENDER_V_TEXT("summary");
	struct vmlab_trace_counts counts[NR_KINDS] = { 0 };
	const struct tracing *tracing = tracing_of(cli);
	uint64_t lost = 0, skipped = 0;
	size_t i;
	int ret;

	for (i = 0; i < NR_KINDS; i++) {
		if (!(tracing->options.kinds >> trace_kinds[i].kind & 1))
			continue;
		ret = vmlab_trace_counts(tracing->trace, trace_kinds[i].kind, &counts[i]);
		if (ret)
			return ret;
		lost += counts[i].lost;
		skipped += counts[i].skipped;
	}
	/* For people it is a few lines under a heading. */
	if (cli->json)
		render_line(cli->render, &kind, &width, 1, &name);
	else
		render_note(cli->render, "summary");
	render_put(cli->render, &changed_field, RENDER_V_TEXT(what_was_changed(tracing)));
	put_rows(cli, "counts", "counts", counts, SUM_COUNT);
	put_rows(cli, "total_ns", "total ns", counts, SUM_TOTAL);
	if (cli->json)
		put_rows(cli, "log2_ns", "log2 ns", counts, SUM_BUCKETS);
	else
		show_histograms(cli, counts);
	if (tracing->options.kinds >> VMLAB_EVENT_SWITCH & 1) {
		show_tagging(cli);
		ret = show_processes(cli);
		if (ret)
			return ret;
	}
	if (tracing->options.kinds >> VMLAB_EVENT_ALLOC & 1) {
		ret = show_heaps(cli);
		if (ret)
			return ret;
	}
	render_put(cli->render, &skipped_field, RENDER_V_NUM(skipped));
	render_put(cli->render, &lost_field, RENDER_V_NUM(lost));
	if (cli->json)
		render_line_end(cli->render);
	return render_flush(cli->render);
}
