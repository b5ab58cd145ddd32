// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline.c - the lines of a trace as events of a timeline, in the Trace Event Format
 * that Perfetto and chrome://tracing read (its JSON object form): what took time is a
 * complete event ("X"), what did not an instant ("i"), what a heap has come to a counter
 * ("C"); threads are named by metadata ("M"). Times are microseconds there.
 */
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

#define MAX_LAYOUTS	24
#define MAX_FIELDS	56
#define NONE		((size_t)-1)

/* What each event begins with; arguments follow. */
enum { E_NAME, E_CAT, E_PH, E_TS, E_DUR, E_PID, E_TID, E_SCOPE, E_ARGS };

static const struct render_field complete_fields[E_ARGS] = {
	{ "name", NULL, RENDER_TEXT, 0 }, { "cat", NULL, RENDER_TEXT, 0 },
	{ "ph", NULL, RENDER_TEXT, 0 }, { "ts", NULL, RENDER_MICROS, 0 },
	{ "dur", NULL, RENDER_MICROS, 0 }, { "pid", NULL, RENDER_NUM, 0 },
	{ "tid", NULL, RENDER_NUM, 0 }, { "s", NULL, RENDER_TEXT, RENDER_PEOPLE },
};

/* What the columns of a line become: made once for each kind of line. */
struct layout {
	const struct render_field *of;
	size_t nr;
	size_t name;		/* columns, or NONE: the word that the event is called by, */
	size_t kind;
	size_t ts;
	size_t pid;
	size_t tid;
	size_t comm;
	size_t ns;
	size_t live;
	size_t held;
	size_t real;
	struct render_field complete[MAX_FIELDS];
	struct render_field instant[MAX_FIELDS];
	char keys[MAX_FIELDS][32];
};

/* A thread that has been named. */
struct named {
	uint64_t pid;
	uint64_t tid;
	char comm[32];
};

struct timeline {
	FILE *out;
	struct render *render;
	struct layout *layouts[MAX_LAYOUTS];
	size_t nr_layouts;
	void *named;		/* tree of struct named */
	int err;
};

struct timeline *timeline_new(const char *path)
{
	static const struct render_field unit = { "displayTimeUnit", NULL, RENDER_TEXT, 0 };
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->out = fopen(path, "we");
	if (!t->out) {
		free(t);
		return NULL;
	}
	t->render = render_new(RENDER_AS_JSON, t->out);
	if (!t->render) {
		fclose(t->out);
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	render_begin(t->render);
	render_put(t->render, &unit, RENDER_V_TEXT("ns"));
	render_table(t->render, "traceEvents", NULL, NULL, 0);
	return t;
}

static size_t column(const struct render_field *fields, size_t nr, const char *key)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (fields[i].key && !strcmp(fields[i].key, key))
			return i;
	return NONE;
}

/* Of the words that a line has, the one that says most. */
static size_t name_column(const struct render_field *fields, size_t nr)
{
	static const char *const keys[] = {
		"class", "outcome", "reason", "call", "function", "what", "kind",
	};
	size_t i, at;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		at = column(fields, nr, keys[i]);
		if (at != NONE)
			return at;
	}
	return NONE;
}

/* NULL: no memory, or it is no line of a trace. */
static struct layout *make_layout(const struct render_field *fields, size_t nr)
{
	struct layout *l = calloc(1, sizeof(*l));
	size_t i;

	if (!l || nr + E_ARGS > MAX_FIELDS) {
		free(l);
		return NULL;
	}
	l->of = fields;
	l->nr = nr;
	l->name = name_column(fields, nr);
	l->kind = column(fields, nr, "kind");
	l->ts = column(fields, nr, "ts");
	l->pid = column(fields, nr, "pid");
	l->tid = column(fields, nr, "tid");
	l->comm = column(fields, nr, "comm");
	l->ns = column(fields, nr, "ns");
	l->live = column(fields, nr, "live");
	l->held = column(fields, nr, "held");
	l->real = column(fields, nr, "real");
	memcpy(l->complete, complete_fields, sizeof(complete_fields));
	for (i = 0; i < nr; i++) {
		l->complete[E_ARGS + i] = fields[i];
		snprintf(l->keys[i], sizeof(l->keys[i]), "args.%s", fields[i].key ?: "");
		l->complete[E_ARGS + i].key = l->keys[i];
	}
	memcpy(l->instant, l->complete, sizeof(l->instant));
	/* One has a length, the other one says whose it is: a thread's. */
	l->instant[E_DUR].flags = RENDER_PEOPLE;
	l->instant[E_SCOPE].flags = 0;
	return l;
}

static struct layout *layout_of(struct timeline *t, const struct render_field *fields, size_t nr)
{
	size_t i;

	for (i = 0; i < t->nr_layouts; i++)
		if (t->layouts[i]->of == fields && t->layouts[i]->nr == nr)
			return t->layouts[i];
	if (i == MAX_LAYOUTS)
		return NULL;
	t->layouts[i] = make_layout(fields, nr);
	if (t->layouts[i])
		t->nr_layouts++;
	return t->layouts[i];
}

static int by_thread(const void *a, const void *b)
{
	const struct named *one = a, *other = b;

	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	return (one->tid > other->tid) - (one->tid < other->tid);
}

static void name(struct timeline *t, const char *what, const struct named *thread)
{
	static const struct render_field fields[] = {
		{ "name", NULL, RENDER_TEXT, 0 }, { "ph", NULL, RENDER_TEXT, 0 },
		{ "pid", NULL, RENDER_NUM, 0 }, { "tid", NULL, RENDER_NUM, 0 },
		{ "args.name", NULL, RENDER_TEXT, 0 },
	};
	const struct render_value v[] = {
		RENDER_V_TEXT(what), RENDER_V_TEXT("M"), RENDER_V_NUM(thread->pid),
		RENDER_V_NUM(thread->tid), RENDER_V_TEXT(thread->comm),
	};

	render_row_of(t->render, fields, 5, v);
}

/* Once, and again when it is called something else (exec). */
static void name_thread(struct timeline *t, uint64_t pid, uint64_t tid, const char *comm)
{
	struct named key = { .pid = pid, .tid = tid }, *known, **found;

	found = tfind(&key, &t->named, by_thread);
	known = found ? *found : NULL;
	if (known && !strcmp(known->comm, comm))
		return;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known) {
			t->err = -ENOMEM;
			return;
		}
		known->pid = pid;
		known->tid = tid;
		if (!tsearch(known, &t->named, by_thread)) {
			free(known);
			t->err = -ENOMEM;
			return;
		}
	}
	snprintf(known->comm, sizeof(known->comm), "%s", comm);
	if (pid == tid)
		name(t, "process_name", known);
	name(t, "thread_name", known);
}

static void count_heap(struct timeline *t, const struct layout *l, const struct render_value *v)
{
	static const struct render_field fields[] = {
		{ "name", NULL, RENDER_TEXT, 0 }, { "ph", NULL, RENDER_TEXT, 0 },
		{ "ts", NULL, RENDER_MICROS, 0 }, { "pid", NULL, RENDER_NUM, 0 },
		{ "args.live", NULL, RENDER_NUM, 0 }, { "args.held", NULL, RENDER_NUM, 0 },
		{ "args.real", NULL, RENDER_NUM, 0 },
	};
	const struct render_value row[] = {
		RENDER_V_TEXT("heap"), RENDER_V_TEXT("C"), v[l->ts], v[l->pid], v[l->live],
		v[l->held], v[l->real],
	};

	if (!v[l->live].null)
		render_row_of(t->render, fields, 7, row);
}

void timeline_add(struct timeline *t, const struct render_field *fields, size_t nr,
		  const struct render_value *values, bool instant)
{
	const struct layout *l = layout_of(t, fields, nr);
	struct render_value v[MAX_FIELDS];
	bool took;

	if (!l || l->ts == NONE || l->pid == NONE || l->kind == NONE) {
		t->err = -ENOMEM;
		return;
	}
	took = !instant && l->ns != NONE && !values[l->ns].null;
	v[E_NAME] = values[values[l->name].null ? l->kind : l->name];
	v[E_CAT] = values[l->kind];
	v[E_PH] = RENDER_V_TEXT(took ? "X" : "i");
	v[E_TS] = values[l->ts];
	v[E_DUR] = took ? values[l->ns] : RENDER_V_NULL;
	v[E_PID] = values[l->pid];
	/* What nobody's thread did is the process's. */
	v[E_TID] = l->tid == NONE || values[l->tid].null ? values[l->pid] : values[l->tid];
	v[E_SCOPE] = RENDER_V_TEXT("t");
	memcpy(&v[E_ARGS], values, nr * sizeof(*values));
	if (l->comm != NONE && !values[l->comm].null)
		name_thread(t, v[E_PID].num, v[E_TID].num, values[l->comm].text);
	render_row_of(t->render, took ? l->complete : l->instant, E_ARGS + nr, v);
	if (l->live != NONE && l->held != NONE && l->real != NONE)
		count_heap(t, l, values);
}

int timeline_end(struct timeline *t)
{
	int ret = t->err;
	size_t i;

	render_table_end(t->render);
	i = render_end(t->render, NULL, NULL);
	ret = ret ? ret : (int)i;
	render_free(t->render);
	if (fclose(t->out) && !ret)
		ret = -errno;
	for (i = 0; i < t->nr_layouts; i++)
		free(t->layouts[i]);
	tdestroy(t->named, free);
	free(t);
	return ret;
}
