// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - for people: values line by line, tables by libsmartcols.
 *
 * A long table is printed a batch of rows at a time, so that it takes bounded
 * memory; the columns of a batch line up, and their titles are printed once.
 */
#include <inttypes.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ops.h"
#include "plain.h"

#define BATCH_ROWS	4096
#define TITLE_WIDTH	10
#define LIST_MAX	4096
#define BAR_CELLS	12
#define MIX_CELLS	10

#define RESET	"\033[0m"
#define BOLD	"\033[1m"
#define DIM	"\033[2m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define BLUE	"\033[34m"
#define MAGENTA	"\033[35m"
#define CYAN	"\033[36m"

struct text {
	bool colour;
	bool in_object;
	bool first_of_object;
	size_t column;		/* of the object's line */
	bool utf8;		/* the locale can draw */
	bool gap;		/* an empty line was printed last, or nothing yet */
	struct libscols_table *table;
	size_t rows;		/* in the batch */
	const struct render_field *titled;	/* whose titles were said last */
};

/* What a word of RENDER_STATE looks like: the first row whose word matches. */
static const struct {
	const char *word;
	const char *colour;
} state_colours[] = {
	{ "anon",		GREEN },
	{ "anon-shared",	YELLOW },
	{ "file",		BLUE },
	{ "file-private",	BLUE },
	{ "shmem",		CYAN },
	{ "zero",		DIM },
	{ "huge-zero",		DIM },
	{ "ksm",		MAGENTA },
	{ "swap",		RED },
	{ "prot-none",		RED },
	{ "guard",		RED },
	{ "poison",		RED },
	/* kinds of regions */
	{ "code",		GREEN },
	{ "library",		BLUE },
	{ "rodata",		BLUE },
	{ "data",		YELLOW },
	{ "bss",		YELLOW },
	{ "heap",		YELLOW },
	{ "stack",		MAGENTA },
	{ "thread-stack",	MAGENTA },
	{ "shared",		CYAN },
	{ "device",		RED },
	{ "hole",		DIM },
	{ "kernel",		DIM },
	/* relations of two processes */
	{ "shared-cow",		YELLOW },
	{ "shared-file",	BLUE },
	{ "diverged",		GREEN },
	{ "parent-only",	CYAN },
	{ "child-only",		MAGENTA },
	/* classes of shared frames */
	{ "same-process",	GREEN },
	{ "cow",		YELLOW },
	{ "shared-memory",	CYAN },
	{ "shared-file",	BLUE },
	{ "vdso",		DIM },
	{ "mixed-permission",	RED },
};

static struct text *T(struct render *r)
{
	return r->priv;
}

static int text_open(struct render *r)
{
	const char *force = getenv("CLICOLOR_FORCE");
	const char *none = getenv("NO_COLOR");
	struct text *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	/* no-color.org: any value that is not empty. */
	t->colour = !(none && *none) &&
		    ((force && *force && strcmp(force, "0")) || isatty(r->terminal));
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	t->gap = true;
	r->priv = t;
	return 0;
}

static void text_close(struct render *r)
{
	free(r->priv);
}

static const char *colour_of(enum render_type type, const struct render_value *v)
{
	size_t i;

	if (v->null)
		return DIM;
	if (type == RENDER_PERMS) {
		if (strchr(v->text, 'w') && strchr(v->text, 'x'))
			return RED;
		if (strchr(v->text, 'w'))
			return YELLOW;
		return strchr(v->text, 'x') ? GREEN : NULL;
	}
	if (type == RENDER_STATE)
		for (i = 0; i < sizeof(state_colours) / sizeof(state_colours[0]); i++)
			if (!strcmp(v->text, state_colours[i].word))
				return state_colours[i].colour;
	return NULL;
}

/* Exact while that takes four digits, then with one decimal. */
static void format_size(char *buf, size_t size, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	uint64_t rest = 0;
	size_t unit = 0;

	while (bytes >= 1024 && (bytes >= 10000 || bytes % 1024 == 0) &&
	       unit < sizeof(units) - 2) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	if (!unit)
		snprintf(buf, size, "%" PRIu64 " B", bytes);
	else if (rest)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 " %ciB", bytes, rest * 10 / 1024,
			 units[unit]);
	else
		snprintf(buf, size, "%" PRIu64 " %ciB", bytes, units[unit]);
}

/* How much of the whole a part is, drawn: one cell at least for anything at all. */
static void format_bar(char *buf, size_t size, uint64_t part, uint64_t whole, bool utf8)
{
	const char *full = utf8 ? "\xe2\x96\x88" : "#", *empty = utf8 ? "\xe2\x96\x91" : ".";
	uint64_t cells = whole ? part * BAR_CELLS / whole : 0;
	size_t at = 0;
	unsigned int i;

	if (part && !cells)
		cells = 1;
	for (i = 0; i < BAR_CELLS && at < size; i++)
		at += snprintf(buf + at, size - at, "%s", i < cells ? full : empty);
}

static const char *text_glyph(struct render *r, unsigned int i)
{
	static const char *const drawn[RENDER_MIX_PARTS + 1] = {
		"\xe2\x96\x88", "\xe2\x96\x93", "\xe2\x96\x92", "\xe2\x96\xa4", "x", "\xc2\xb7",
	};
	static const char *const typed[RENDER_MIX_PARTS + 1] = { "#", "%", "=", ":", "x", "." };

	return T(r)->utf8 ? drawn[i] : typed[i];
}

/* Cells by share, left to right; whatever is there at all gets one while there is room. */
static void format_mix(struct render *r, char *buf, size_t size,
		       const struct render_value *v)
{
	unsigned int cells[RENDER_MIX_PARTS + 1] = { 0 }, left = MIX_CELLS, i, c;
	size_t at = 0;

	buf[0] = '\0';
	if (!v->nr)
		return;

	for (i = 0; i < v->nr && i < RENDER_MIX_PARTS; i++) {
		uint64_t share = v->num ? (v->nums[i] * MIX_CELLS + v->num / 2) / v->num : 0;

		if (v->nums[i] && !share)
			share = 1;
		cells[i] = share < left ? share : left;
		left -= cells[i];
	}
	cells[RENDER_MIX_PARTS] = left;
	for (i = 0; i <= RENDER_MIX_PARTS; i++)
		for (c = 0; c < cells[i] && at < size; c++)
			at += snprintf(buf + at, size - at, "%s", text_glyph(r, i));
}

/* A value as text, into @buf. Control characters of names must not reach a terminal. */
static void format(struct render *r, char *buf, size_t size, enum render_type type,
		   const struct render_value *v)
{
	size_t i, at = 0;

	if (v->null) {
		snprintf(buf, size, "?");
		return;
	}
	switch (type) {
	case RENDER_HEX:
		snprintf(buf, size, "0x%" PRIx64, v->num);
		break;
	case RENDER_NUM:
		snprintf(buf, size, "%" PRIu64, v->num);
		break;
	case RENDER_SIZE:
		format_size(buf, size, v->num);
		break;
	case RENDER_BOOL:
		snprintf(buf, size, "%s", v->num ? "yes" : "no");
		break;
	case RENDER_TEXT:
	case RENDER_PERMS:
	case RENDER_STATE:
		snprintf(buf, size, "%s", v->text);
		break;
	case RENDER_LIST:
		buf[0] = '\0';
		for (i = 0; i < v->nr && at < size; i++)
			at += snprintf(buf + at, size - at, "%s%s", i ? " " : "", v->list[i]);
		break;
	case RENDER_NUMS:
		buf[0] = '\0';
		for (i = 0; i < v->nr && at < size; i++)
			at += snprintf(buf + at, size - at, "%s%" PRIu64, i ? " " : "",
				       v->nums[i]);
		break;
	case RENDER_MIX:
		format_mix(r, buf, size, v);
		break;
	case RENDER_BAR:
		format_bar(buf, size, v->num, v->nr, T(r)->utf8);
		break;
	case RENDER_ROWS:
		buf[0] = '\0';	/* for programs: people get rows of their own */
		break;
	}
	plain_text(buf, T(r)->utf8);
}

static void coloured(struct render *r, const char *colour, const char *text)
{
	if (T(r)->colour && colour)
		fprintf(r->out, "%s%s" RESET, colour, text);
	else
		fputs(text, r->out);
}

static void title(struct render *r, const char *text)
{
	char padded[64];

	snprintf(padded, sizeof(padded), "%-*s ", TITLE_WIDTH, text ? text : "");
	coloured(r, BOLD, padded);
	T(r)->gap = false;
}

static void text_begin(struct render *r)
{
	(void)r;
}

/* Columns of the terminal; 0 where the output goes elsewhere: nothing is cut then. */
static size_t width_of(struct render *r)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;

	if (!ioctl(r->terminal, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return columns && atoi(columns) > 0 ? atoi(columns) : 0;
}

/* Text from @column on; what is beyond the terminal goes on below, at @indent. */
static void folded(struct render *r, const char *colour, const char *text, size_t column,
		   size_t indent)
{
	size_t width = width_of(r), len;
	char piece[LIST_MAX];

	for (;;) {
		len = width ? plain_fit(text, width > column ? width - column : 1) : strlen(text);
		snprintf(piece, sizeof(piece), "%.*s", (int)len, text);
		coloured(r, colour, piece);
		text += len;
		if (!*text)
			return;
		fprintf(r->out, "\n%*s", (int)indent, "");
		column = indent;
	}
}

static void text_put(struct render *r, const struct render_field *field,
		     const struct render_value *value)
{
	const size_t indent = TITLE_WIDTH + 1;
	struct text *t = T(r);
	char buf[LIST_MAX];
	size_t len, named;

	if (field->type == RENDER_LIST && !value->null && !value->nr)
		return;
	format(r, buf, sizeof(buf), field->type, value);
	if (!t->in_object) {
		title(r, field->title);
		folded(r, colour_of(field->type, value), buf, indent, indent);
		fputc('\n', r->out);
		return;
	}
	named = field->title ? strlen(field->title) + 1 : 0;
	len = plain_columns(buf, strlen(buf)) + named;
	if (t->first_of_object) {
		t->column = indent;
	} else if (width_of(r) && t->column + 2 + len > width_of(r)) {
		fprintf(r->out, "\n%*s", (int)indent, "");
		t->column = indent;
	} else {
		fputs("  ", r->out);
		t->column += 2;
	}
	t->first_of_object = false;
	if (field->title) {
		coloured(r, DIM, field->title);
		fputc(' ', r->out);
	}
	folded(r, colour_of(field->type, value), buf, t->column + named, indent);
	t->column += len;
}

static void text_object(struct render *r, const char *key, const char *name)
{
	(void)key;
	title(r, name);
	T(r)->in_object = true;
	T(r)->first_of_object = true;
}

static void text_object_end(struct render *r)
{
	T(r)->in_object = false;
	fputc('\n', r->out);
}

static void text_no_object(struct render *r, const char *key)
{
	(void)r;
	(void)key;
}

static bool is_number(enum render_type type)
{
	return type == RENDER_NUM || type == RENDER_SIZE || type == RENDER_HEX;
}

static void text_table(struct render *r, const char *key, const char *name)
{
	struct text *t = T(r);
	size_t width = width_of(r), i;

	(void)key;
	if (!t->gap)
		fputc('\n', r->out);
	if (name) {
		coloured(r, BOLD, name);
		fputc('\n', r->out);
	}
	t->gap = false;
	t->table = scols_new_table();
	if (!t->table)
		return;
	scols_table_set_stream(t->table, r->out);
	scols_table_enable_colors(t->table, t->colour);
	if (width) {
		scols_table_set_termforce(t->table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(t->table, width);
	}
	for (i = 0; i < r->nr_fields; i++) {
		const struct render_field *field = &r->fields[i];
		int flags = is_number(field->type) ? SCOLS_FL_RIGHT : 0;

		if (field->flags & RENDER_PROGRAMS)
			continue;
		if (field->flags & RENDER_LONG)
			flags |= SCOLS_FL_TRUNC;
		scols_table_new_column(t->table, field->title, 0, flags);
	}
}

static void print_batch(struct text *t)
{
	scols_print_table(t->table);
	scols_table_remove_lines(t->table);
	scols_table_enable_noheadings(t->table, 1);
	t->rows = 0;
}

static void text_row(struct render *r, const struct render_value *values)
{
	struct text *t = T(r);
	struct libscols_line *line;
	char buf[LIST_MAX];
	size_t i, column = 0;

	if (!t->table)
		return;
	line = scols_table_new_line(t->table, NULL);
	if (!line)
		return;
	for (i = 0; i < r->nr_fields; i++) {
		const struct render_field *field = &r->fields[i];
		const char *colour = colour_of(field->type, &values[i]);

		if (field->flags & RENDER_PROGRAMS)
			continue;
		format(r, buf, sizeof(buf), field->type, &values[i]);
		scols_line_set_data(line, column, buf);
		if (colour && t->colour)
			scols_cell_set_color(scols_line_get_cell(line, column), colour);
		column++;
	}
	if (++t->rows == BATCH_ROWS)
		print_batch(t);
}

static void text_table_end(struct render *r)
{
	struct text *t = T(r);

	if (!t->table)
		return;
	if (t->rows)
		print_batch(t);
	scols_unref_table(t->table);
	t->table = NULL;
	fputc('\n', r->out);
	t->gap = true;
}

/* A cell of a line; the last one takes what it needs. */
static void cell(struct render *r, const struct render_field *field, const char *colour,
		 const char *text, unsigned int width, bool last)
{
	size_t len = plain_columns(text, strlen(text));
	size_t pad = !last && len < width ? width - len : 0;

	if (is_number(field->type) && !last)
		fprintf(r->out, "%*s", (int)pad, "");
	coloured(r, colour, text);
	if (!is_number(field->type) && !last)
		fprintf(r->out, "%*s", (int)pad, "");
	if (!last)
		fputc(' ', r->out);
}

static void text_line(struct render *r, const unsigned int *widths,
		      const struct render_value *values)
{
	struct text *t = T(r);
	char buf[LIST_MAX];
	size_t i, last = 0;

	for (i = 0; i < r->nr_fields; i++)
		if (!(r->fields[i].flags & RENDER_PROGRAMS))
			last = i;
	if (t->titled != r->fields) {
		t->titled = r->fields;
		for (i = 0; i <= last; i++)
			if (!(r->fields[i].flags & RENDER_PROGRAMS))
				cell(r, &r->fields[i], BOLD, r->fields[i].title, widths[i],
				     i == last);
		fputc('\n', r->out);
	}
	for (i = 0; i <= last; i++) {
		if (r->fields[i].flags & RENDER_PROGRAMS)
			continue;
		format(r, buf, sizeof(buf), r->fields[i].type, &values[i]);
		cell(r, &r->fields[i], colour_of(r->fields[i].type, &values[i]), buf, widths[i],
		     i == last);
	}
}

static void text_line_end(struct render *r)
{
	fputc('\n', r->out);
	T(r)->gap = false;
}

static void text_note(struct render *r, const char *text)
{
	char line[LIST_MAX];
	size_t len;

	for (;;) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		plain_text(line, T(r)->utf8);
		folded(r, NULL, line, 0, 0);
		fputc('\n', r->out);
		if (!text[len] || !text[len + 1])
			break;
		text += len + 1;
	}
	T(r)->gap = false;
}

/* The error itself goes to stderr, once, whoever reads stdout. */
static void text_end(struct render *r, const char *code, const char *message)
{
	(void)r;
	(void)code;
	(void)message;
}

const struct render_ops render_text_ops = {
	.skip = RENDER_PROGRAMS,
	.open = text_open,
	.close = text_close,
	.begin = text_begin,
	.put = text_put,
	.object = text_object,
	.object_end = text_object_end,
	.no_object = text_no_object,
	.table = text_table,
	.row = text_row,
	.table_end = text_table_end,
	.line = text_line,
	.line_end = text_line_end,
	.glyph = text_glyph,
	.note = text_note,
	.end = text_end,
};
