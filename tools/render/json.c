// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - one document for programs, written as it comes (RFC 8259).
 *
 * Addresses and raw entries are strings in hexadecimal, because JSON's numbers
 * lose bits beyond 2^53 in many readers. Text that is not UTF-8 (file names may
 * be anything) has the offending bytes replaced by U+FFFD.
 *
 * It is written by us and not by a library because a listing has a line of some 700
 * bytes for every run of pages (Documentation/design.rst, "What is ours to write").
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "plain.h"
#include "sink.h"

#define PIECE		256	/* bytes of a text that are looked at in one go */
#define TOGETHER	4	/* of which as many as this without a look at how many there are */
#define FIELDS_MAX	64
#define LEADS_MAX	2048
#define LEAD_COPY	32	/* bytes; nearly no lead is longer */

/*
 * What stands before each value of an object, and after the last: brackets, commas and
 * keys. It is the same for every row of a table, and put together once.
 */
struct leads {
	const struct render_field *fields;	/* whose they are */
	size_t nr;
	size_t len;
	size_t ends[FIELDS_MAX + 1];		/* each ends where the next begins */
	char bytes[LEADS_MAX + LEAD_COPY];
};

struct json {
	struct sink sink;
	bool more;	/* a value stands before, at this depth: a comma comes next */
	struct leads row;
	struct leads row_in_row;
};

static struct json *J(struct render *r)
{
	return r->priv;
}

static int json_open(struct render *r)
{
	struct json *j = calloc(1, sizeof(*j));

	if (!j)
		return -1;
	j->sink.out = r->out;
	r->priv = j;
	return 0;
}

static int json_push(struct render *r)
{
	sink_push(&J(r)->sink);
	return J(r)->sink.error;
}

static void json_close(struct render *r)
{
	json_push(r);
	free(r->priv);
}

/* What stands before a value, or before its key. */
static void next(struct json *j)
{
	if (j->more)
		sink_char(&j->sink, ',');
	j->more = true;
}

static void open_with(struct json *j, char bracket)
{
	next(j);
	sink_char(&j->sink, bracket);
	j->more = false;
}

static void close_with(struct json *j, char bracket)
{
	sink_char(&j->sink, bracket);
	j->more = true;
}

/* Documents are a line each; before the next one nothing stands. */
static void end_document(struct json *j)
{
	sink_char(&j->sink, '\n');
	j->more = false;
}

static void put_word(struct json *j, const char *word)
{
	next(j);
	sink_text(&j->sink, word);
}

/* A byte that a string may not hold as it is. */
static void put_escaped(struct sink *s, unsigned char c)
{
	static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *name;

	for (name = names; *name; name += 2)
		if ((unsigned char)*name == c) {
			sink_char(s, '\\');
			sink_char(s, name[1]);
			return;
		}
	sink_text(s, "\\u00");
	sink_char(s, "0123456789ABCDEF"[c >> 4]);
	sink_char(s, "0123456789ABCDEF"[c & 15]);
}

/*
 * How many bytes at the start of @text stand for themselves in a string; of @most, which is a
 * multiple of TOGETHER. They are copied.
 */
static size_t put_plain(char *to, const unsigned char *text, size_t most)
{
	static const bool special[256] = {
		[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true,
	};
	size_t len, i;

	/* The end of the piece is looked for now and then, that of the text is special. */
	for (len = 0; len < most; len += TOGETHER) {
#pragma GCC unroll 4
		for (i = 0; i < TOGETHER; i++) {
			const unsigned char c = text[len + i];

			if (special[c])
				return len + i;
			to[len + i] = (char)c;
		}
	}
	return len;
}

/* What follows @text in a string once the first of it does not stand for itself. */
static void put_rest(struct sink *s, const unsigned char *text)
{
	size_t step;

	for (; *text; text += step) {
		step = put_plain(sink_room(s, PIECE), text, PIECE);
		s->len += step;
		if (step)
			continue;
		step = *text < 0x80 ? 1 : plain_sequence(text, strnlen((const char *)text, 4));
		if (*text < 0x80)
			put_escaped(s, *text);
		else if (step)
			sink_bytes(s, (const char *)text, step);
		else
			sink_text(s, "\xef\xbf\xbd");
		step = step ? step : 1;
	}
}

static void put_text(struct json *j, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;
	char *at, *to = sink_room(&j->sink, PIECE + 2);
	size_t step;

	/* Nearly every text is short, and there is nothing in it to escape. */
	at = to;
	if (j->more)
		*to++ = ',';
	*to++ = '"';
	step = put_plain(to, text, PIECE);
	j->sink.len += to - at + step;
	if (text[step])
		put_rest(&j->sink, text + step);
	sink_char(&j->sink, '"');
	j->more = true;
}

/* Keys are ours: there is nothing in them to escape. */
static void put_key(struct json *j, const char *key)
{
	next(j);
	sink_char(&j->sink, '"');
	sink_text(&j->sink, key);
	sink_text(&j->sink, "\":");
	j->more = false;
}

static void put_number(struct json *j, uint64_t num)
{
	next(j);
	j->sink.len += digits_decimal(sink_room(&j->sink, DIGITS_MAX), num);
}

static void put_hex(struct json *j, uint64_t num)
{
	next(j);
	sink_char(&j->sink, '"');
	j->sink.len += digits_hex(sink_room(&j->sink, DIGITS_MAX), num);
	sink_char(&j->sink, '"');
}

static void put_value(struct json *j, enum render_type type, const struct render_value *v);

/* The tables of fields are ours: one that is too long is a mistake of ours as well. */
static void lead(struct leads *leads, const char *bytes, size_t len)
{
	assert(leads->len + len <= LEADS_MAX);
	memcpy(leads->bytes + leads->len, bytes, len);
	leads->len += len;
}

static void prepare(struct leads *leads, const struct render_field *fields, size_t nr)
{
	const char *open = NULL;	/* the object that fields go into, "a" of "a.b" */
	bool first = true;
	size_t i, len = 0;

	assert(nr <= FIELDS_MAX);
	leads->fields = fields;
	leads->nr = nr;
	leads->len = 0;
	for (i = 0; i < nr; i++) {
		const char *key = fields[i].key, *dot;

		leads->ends[i] = leads->len;
		if (fields[i].flags & RENDER_PEOPLE)
			continue;
		dot = strchr(key, '.');
		if (open && (!dot || (size_t)(dot - key) != len || strncmp(open, key, len))) {
			lead(leads, "}", 1);
			open = NULL;
		}
		if (!first)
			lead(leads, ",", 1);
		first = false;
		if (dot && !open) {
			open = key;
			len = dot - key;
			lead(leads, "\"", 1);
			lead(leads, open, len);
			lead(leads, "\":{", 3);
		}
		key = dot ? dot + 1 : key;
		lead(leads, "\"", 1);
		lead(leads, key, strlen(key));
		lead(leads, "\":", 2);
		leads->ends[i] = leads->len;
	}
	if (open)
		lead(leads, "}", 1);
	leads->ends[nr] = leads->len;
}

/* A copy of a size that the compiler knows costs next to nothing. */
static void put_lead(struct sink *s, const char *bytes, size_t len)
{
	if (len > LEAD_COPY) {
		sink_bytes(s, bytes, len);
		return;
	}
	memcpy(sink_room(s, LEAD_COPY), bytes, LEAD_COPY);
	s->len += len;
}

/* An object up to its end, without the bracket: more may follow in it. */
static void put_fields(struct json *j, struct leads *leads, const struct render_field *fields,
		       size_t nr, const struct render_value *values)
{
	size_t i, at = 0;

	if (leads->fields != fields || leads->nr != nr)
		prepare(leads, fields, nr);
	open_with(j, '{');
	for (i = 0; i < nr; i++) {
		if (fields[i].flags & RENDER_PEOPLE)
			continue;
		put_lead(&j->sink, leads->bytes + at, leads->ends[i] - at);
		at = leads->ends[i];
		j->more = false;
		put_value(j, fields[i].type, &values[i]);
	}
	sink_bytes(&j->sink, leads->bytes + at, leads->ends[nr] - at);
}

static void put_rows(struct json *j, const struct render_rows *rows)
{
	struct render_value values[RENDER_ROWS_FIELDS];
	size_t i;

	open_with(j, '[');
	for (i = 0; i < rows->nr; i++) {
		rows->row(rows->ctx, i, values);
		put_fields(j, &j->row_in_row, rows->fields, rows->nr_fields, values);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_value(struct json *j, enum render_type type, const struct render_value *v)
{
	size_t i;

	if (v->null) {
		next(j);
		sink_bytes(&j->sink, "null", 4);
		return;
	}
	switch (type) {
	case RENDER_HEX:
		put_hex(j, v->num);
		break;
	case RENDER_NUM:
	case RENDER_SIZE:
	case RENDER_BAR:
		put_number(j, v->num);
		break;
	case RENDER_MICROS:
		next(j);
		j->sink.len += digits_thousandths(sink_room(&j->sink, DIGITS_MAX), v->num);
		break;
	case RENDER_BOOL:
		next(j);
		if (v->num)
			sink_bytes(&j->sink, "true", 4);
		else
			sink_bytes(&j->sink, "false", 5);
		break;
	case RENDER_TEXT:
	case RENDER_PERMS:
	case RENDER_STATE:
		put_text(j, v->text);
		break;
	case RENDER_LIST:
		open_with(j, '[');
		for (i = 0; i < v->nr; i++)
			put_text(j, v->list[i]);
		close_with(j, ']');
		break;
	case RENDER_NUMS:
	case RENDER_MIX:
		open_with(j, '[');
		for (i = 0; i < v->nr; i++)
			put_number(j, v->nums[i]);
		close_with(j, ']');
		break;
	case RENDER_ROWS:
		put_rows(j, v->rows);
		break;
	}
}

static void json_begin(struct render *r)
{
	struct json *j = J(r);

	open_with(j, '{');
}

static void json_put(struct render *r, const struct render_field *field,
		     const struct render_value *value)
{
	put_key(J(r), field->key);
	put_value(J(r), field->type, value);
}

static void json_object(struct render *r, const char *key, const char *title)
{
	struct json *j = J(r);

	(void)title;
	put_key(j, key);
	open_with(j, '{');
}

static void json_object_end(struct render *r)
{
	struct json *j = J(r);

	close_with(j, '}');
}

static void json_no_object(struct render *r, const char *key)
{
	struct json *j = J(r);

	put_key(j, key);
	put_word(j, "null");
}

static void json_table(struct render *r, const char *key, const char *title)
{
	struct json *j = J(r);

	(void)title;
	put_key(j, key);
	open_with(j, '[');
}

static void json_row(struct render *r, const struct render_value *values)
{
	struct json *j = J(r);

	put_fields(j, &j->row, r->fields, r->nr_fields, values);
	close_with(j, '}');
}

static void json_line(struct render *r, const unsigned int *widths,
		      const struct render_value *values)
{
	struct json *j = J(r);

	(void)widths;
	put_fields(j, &j->row, r->fields, r->nr_fields, values);
}

static void json_line_end(struct render *r)
{
	struct json *j = J(r);

	close_with(j, '}');
	end_document(j);
}

static void json_table_end(struct render *r)
{
	struct json *j = J(r);

	close_with(j, ']');
}

static void json_note(struct render *r, const char *text)
{
	(void)r;
	(void)text;
}

static void json_end(struct render *r, const char *code, const char *message)
{
	struct json *j = J(r);

	put_key(j, "complete");
	put_word(j, code ? "false" : "true");
	if (code) {
		put_key(j, "error");
		open_with(j, '{');
		put_key(j, "code");
		put_text(j, code);
		put_key(j, "message");
		put_text(j, message);
		close_with(j, '}');
	}
	close_with(j, '}');
	end_document(j);
}

const struct render_ops render_json_ops = {
	.skip = RENDER_PEOPLE,
	.open = json_open,
	.close = json_close,
	.push = json_push,
	.begin = json_begin,
	.put = json_put,
	.object = json_object,
	.object_end = json_object_end,
	.no_object = json_no_object,
	.table = json_table,
	.row = json_row,
	.table_end = json_table_end,
	.line = json_line,
	.line_end = json_line_end,
	.note = json_note,
	.end = json_end,
};
