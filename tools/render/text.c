// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - for people: values line by line, tables by libsmartcols.
 *
 * Of a long table libsmartcols lays out the first rows. What follows flows below them in
 * the columns that it chose, which widen where something needs more: in bounded memory,
 * and at a price for a row that does not matter beside what was asked to find it
 * (`make bench`, bench_render).
 */
#include <langinfo.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ops.h"
#include "plain.h"
#include "sink.h"

#define LAID_OUT_ROWS	256	/* by libsmartcols */
#define COLUMNS_MAX	32
#define TITLE_WIDTH	10
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
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
	struct sink sink;
	bool colour;
	bool in_object;
	bool first_of_object;
	size_t column;		/* of the object's line */
	bool utf8;		/* the locale can draw */
	bool gap;		/* an empty line was printed last, or nothing yet */
	struct libscols_table *table;
	size_t rows;		/* in it */
	bool flowing;		/* the rest of the table follows in columns of these widths */
	unsigned int widths[COLUMNS_MAX];
	size_t room;		/* columns of the terminal, for that; 0: nothing is cut */
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
	t->sink.out = r->out;
	/* no-color.org: any value that is not empty. */
	t->colour = !(none && *none) &&
		    ((force && *force && strcmp(force, "0")) || isatty(r->terminal));
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	t->gap = true;
	r->priv = t;
	return 0;
}

static int text_push(struct render *r)
{
	sink_push(&T(r)->sink);
	return T(r)->sink.error;
}

static void text_close(struct render *r)
{
	text_push(r);
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

/* Exact while that takes four digits, then with one decimal. Returns the length. */
static size_t format_size(char *buf, uint64_t bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	uint64_t rest = 0;
	size_t unit = 0, at;

	while (bytes >= 1024 && (bytes >= 10000 || bytes % 1024 == 0) &&
	       unit < ARRAY_SIZE(units) - 1) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	at = digits_decimal(buf, bytes);
	if (rest) {
		buf[at++] = '.';
		at += digits_decimal(buf + at, rest * 10 / 1024);
	}
	return stpcpy(buf + at, units[unit]) - buf;
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

/* One of several, behind what @buf holds already; returns where the next one goes. */
static size_t append(char *buf, size_t size, size_t at, const char *text)
{
	size_t len = strlen(text);

	if (at && at < size - 1)
		buf[at++] = ' ';
	if (len > size - 1 - at)
		len = size - 1 - at;
	memcpy(buf + at, text, len);
	buf[at + len] = '\0';
	return at + len;
}

/* A value as people see it; the text is its own or in a buffer of who asked. */
struct shown {
	const char *text;
	size_t len;
	size_t columns;
};

static struct shown shown_ascii(const char *text, size_t len)
{
	return (struct shown) { text, len, len };
}

static struct shown shown(const char *text)
{
	size_t len = plain_already(text);

	if (len != PLAIN_NOT)
		return shown_ascii(text, len);
	len = strlen(text);
	return (struct shown) { text, len, plain_columns(text, len) };
}

/*
 * @buf has @size bytes, more than any number takes. Control characters of names must not
 * reach a terminal.
 */
static struct shown format(struct render *r, char *buf, size_t size, enum render_type type,
			   const struct render_value *v)
{
	char digits[DIGITS_MAX];
	size_t i, at = 0;

	if (v->null)
		return shown_ascii("?", 1);
	buf[0] = '\0';
	switch (type) {
	case RENDER_HEX:
		return shown_ascii(buf, digits_hex(buf, v->num));
	case RENDER_NUM:
		return shown_ascii(buf, digits_decimal(buf, v->num));
	case RENDER_SIZE:
		return shown_ascii(buf, format_size(buf, v->num));
	case RENDER_MICROS:
		return shown_ascii(buf, digits_thousandths(buf, v->num));
	case RENDER_BOOL:
		return v->num ? shown_ascii("yes", 3) : shown_ascii("no", 2);
	case RENDER_TEXT:
	case RENDER_PERMS:
	case RENDER_STATE:
		at = plain_already(v->text);
		if (at != PLAIN_NOT)
			return shown_ascii(v->text, at);
		append(buf, size, 0, v->text);
		break;
	case RENDER_LIST:
		for (i = 0; i < v->nr; i++)
			at = append(buf, size, at, v->list[i]);
		break;
	case RENDER_NUMS:
		for (i = 0; i < v->nr; i++) {
			digits_decimal(digits, v->nums[i]);
			at = append(buf, size, at, digits);
		}
		break;
	case RENDER_MIX:
		format_mix(r, buf, size, v);
		return shown(buf);
	case RENDER_BAR:
		format_bar(buf, size, v->num, v->nr, T(r)->utf8);
		return shown(buf);
	case RENDER_ROWS:
		break;	/* for programs: people get rows of their own */
	}
	plain_text(buf, T(r)->utf8);
	return shown(buf);
}

static void coloured(struct render *r, const char *colour, const char *text, size_t len)
{
	struct sink *s = &T(r)->sink;
	bool wanted = colour && T(r)->colour;

	if (wanted)
		sink_text(s, colour);
	sink_bytes(s, text, len);
	if (wanted)
		sink_text(s, RESET);
}

static void title(struct render *r, const char *text)
{
	char padded[64];

	snprintf(padded, sizeof(padded), "%-*s ", TITLE_WIDTH, text ? text : "");
	coloured(r, BOLD, padded, strlen(padded));
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

static void new_line(struct render *r, size_t indent)
{
	sink_char(&T(r)->sink, '\n');
	sink_blanks(&T(r)->sink, indent);
}

/* Text from @column on; what is beyond the terminal goes on below, at @indent. */
static void folded(struct render *r, const char *colour, const char *text, size_t column,
		   size_t indent)
{
	size_t width = width_of(r), len;

	for (;;) {
		len = width ? plain_fit(text, width > column ? width - column : 1) : strlen(text);
		coloured(r, colour, text, len);
		text += len;
		if (!*text)
			return;
		new_line(r, indent);
		column = indent;
	}
}

static void text_put(struct render *r, const struct render_field *field,
		     const struct render_value *value)
{
	const size_t indent = TITLE_WIDTH + 1;
	struct text *t = T(r);
	char buf[LIST_MAX];
	struct shown said;
	size_t len, named;

	if (field->type == RENDER_LIST && !value->null && !value->nr)
		return;
	said = format(r, buf, sizeof(buf), field->type, value);
	if (!t->in_object) {
		title(r, field->title);
		folded(r, colour_of(field->type, value), said.text, indent, indent);
		new_line(r, 0);
		return;
	}
	named = field->title ? strlen(field->title) + 1 : 0;
	len = said.columns + named;
	if (t->first_of_object) {
		t->column = indent;
	} else if (width_of(r) && t->column + 2 + len > width_of(r)) {
		new_line(r, indent);
		t->column = indent;
	} else {
		sink_blanks(&t->sink, 2);
		t->column += 2;
	}
	t->first_of_object = false;
	if (field->title) {
		coloured(r, DIM, field->title, strlen(field->title));
		sink_char(&t->sink, ' ');
	}
	folded(r, colour_of(field->type, value), said.text, t->column + named, indent);
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
	new_line(r, 0);
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
	size_t i;

	(void)key;
	if (!t->gap)
		new_line(r, 0);
	if (name) {
		coloured(r, BOLD, name, strlen(name));
		new_line(r, 0);
	}
	t->gap = false;
	t->rows = 0;
	t->flowing = false;
	t->room = width_of(r);
	t->table = scols_new_table();
	if (!t->table)
		return;
	scols_table_set_stream(t->table, r->out);
	scols_table_enable_colors(t->table, t->colour);
	if (t->room) {
		scols_table_set_termforce(t->table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(t->table, t->room);
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

/* What stands in the table, by libsmartcols; what follows flows in its columns. */
static void lay_out(struct render *r)
{
	struct text *t = T(r);
	size_t i, column = 0;

	text_push(r);
	scols_print_table(t->table);
	for (i = 0; i < r->nr_fields && i < COLUMNS_MAX; i++)
		if (!(r->fields[i].flags & RENDER_PROGRAMS))
			t->widths[i] = scols_column_get_width(scols_table_get_column(t->table,
										      column++));
	scols_table_remove_lines(t->table);
	t->flowing = true;
}

/* A cell of a line; the last one takes what it needs. Returns its columns. */
static size_t cell(struct render *r, const struct render_field *field, const char *colour,
		   const struct shown *said, unsigned int width, bool last)
{
	struct sink *s = &T(r)->sink;
	size_t pad = !last && said->columns < width ? width - said->columns : 0;

	if (is_number(field->type))
		sink_blanks(s, pad);
	coloured(r, colour, said->text, said->len);
	if (!is_number(field->type))
		sink_blanks(s, pad);
	if (!last)
		sink_char(s, ' ');
	return said->columns + pad;
}

static const char *cell_colour(struct render *r, const struct render_field *field,
			       const struct render_value *value)
{
	return T(r)->colour ? colour_of(field->type, value) : NULL;
}

/* The last field that people see. */
static size_t last_of(const struct render *r)
{
	size_t i, last = 0;

	for (i = 0; i < r->nr_fields; i++)
		if (!(r->fields[i].flags & RENDER_PROGRAMS))
			last = i;
	return last;
}

/* What of it fits into @room columns. */
static void cut(struct shown *said, size_t room)
{
	if (said->columns <= room)
		return;
	said->len = plain_cut(said->text, room);
	said->columns = plain_columns(said->text, said->len);
}

/*
 * A row in columns of @widths. @room: columns of the terminal, where what is long is cut;
 * 0: nothing is. A cell that is wider than its column shifts the rest, and is what @grown,
 * unless NULL, says from then on.
 */
static void cells(struct render *r, const struct render_value *values,
		  const unsigned int *widths, size_t room, unsigned int *grown)
{
	size_t last = last_of(r), i, column = 0;
	char buf[LIST_MAX];

	for (i = 0; i <= last; i++) {
		const struct render_field *field = &r->fields[i];
		struct shown said;
		size_t width;

		if (field->flags & RENDER_PROGRAMS)
			continue;
		said = format(r, buf, sizeof(buf), field->type, &values[i]);
		if (room && (field->flags & RENDER_LONG))
			cut(&said, i < last ? widths[i] : column < room ? room - column : 0);
		width = cell(r, field, cell_colour(r, field, &values[i]), &said, widths[i],
			     i == last);
		if (grown && width > grown[i])
			grown[i] = width;
		column += width + 1;
	}
}

/* A row below what libsmartcols has laid out. */
static void flow(struct render *r, const struct render_value *values)
{
	struct text *t = T(r);

	cells(r, values, t->widths, t->room, t->widths);
	sink_char(&t->sink, '\n');
}

static void text_row(struct render *r, const struct render_value *values)
{
	struct text *t = T(r);
	struct libscols_line *line;
	char buf[LIST_MAX];
	size_t i, column = 0;

	if (t->flowing) {
		flow(r, values);
		return;
	}
	if (!t->table)
		return;
	line = scols_table_new_line(t->table, NULL);
	if (!line)
		return;
	for (i = 0; i < r->nr_fields; i++) {
		const struct render_field *field = &r->fields[i];
		const char *colour = cell_colour(r, field, &values[i]);

		if (field->flags & RENDER_PROGRAMS)
			continue;
		scols_line_set_data(line, column,
				    format(r, buf, sizeof(buf), field->type, &values[i]).text);
		if (colour)
			scols_cell_set_color(scols_line_get_cell(line, column), colour);
		column++;
	}
	if (++t->rows == LAID_OUT_ROWS)
		lay_out(r);
}

static void text_table_end(struct render *r)
{
	struct text *t = T(r);

	if (!t->table)
		return;
	if (t->rows && !t->flowing)
		lay_out(r);
	scols_unref_table(t->table);
	t->table = NULL;
	new_line(r, 0);
	t->gap = true;
}

static void text_line(struct render *r, const unsigned int *widths,
		      const struct render_value *values)
{
	const struct render_field *field = r->fields;
	size_t last = last_of(r), i;
	struct text *t = T(r);
	struct shown said;

	if (t->titled != r->fields) {
		t->titled = r->fields;
		for (i = 0; i <= last; i++) {
			if (field[i].flags & RENDER_PROGRAMS)
				continue;
			said = shown(field[i].title);
			cell(r, &field[i], BOLD, &said, widths[i], i == last);
		}
		new_line(r, 0);
	}
	cells(r, values, widths, 0, NULL);
}

static void text_line_end(struct render *r)
{
	new_line(r, 0);
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
		new_line(r, 0);
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
	.push = text_push,
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
