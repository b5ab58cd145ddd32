// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - one document for programs, written as it comes (yajl).
 *
 * Addresses and raw entries are strings in hexadecimal, because JSON's numbers
 * lose bits beyond 2^53 in many readers. Text that is not UTF-8 (file names may
 * be anything) has the offending bytes replaced by U+FFFD.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "ops.h"
#include "plain.h"

#define GEN(r) ((yajl_gen)(r)->priv)

static void print(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

static int json_open(struct render *r)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (!gen)
		return -1;
	yajl_gen_config(gen, yajl_gen_print_callback, print, r->out);
	r->priv = gen;
	return 0;
}

static void json_close(struct render *r)
{
	yajl_gen_free(GEN(r));
}

static void put_text(struct render *r, const char *text)
{
	size_t len = strlen(text), at = 0, to = 0, step;
	char *clean = malloc(3 * len + 1);

	if (!clean) {
		yajl_gen_null(GEN(r));
		return;
	}
	while (at < len) {
		step = plain_sequence((const unsigned char *)text + at, len - at);
		if (step) {
			memcpy(clean + to, text + at, step);
			to += step;
			at += step;
		} else {
			memcpy(clean + to, "\xef\xbf\xbd", 3);
			to += 3;
			at++;
		}
	}
	yajl_gen_string(GEN(r), (const unsigned char *)clean, to);
	free(clean);
}

static void put_key(struct render *r, const char *key)
{
	yajl_gen_string(GEN(r), (const unsigned char *)key, strlen(key));
}

static void put_number(struct render *r, uint64_t num)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, num);
	yajl_gen_number(GEN(r), text, strlen(text));
}

static void put_object(struct render *r, const struct render_field *fields, size_t nr,
		       const struct render_value *values);

static void put_rows(struct render *r, const struct render_rows *rows)
{
	struct render_value values[RENDER_ROWS_FIELDS];
	size_t i;

	yajl_gen_array_open(GEN(r));
	for (i = 0; i < rows->nr; i++) {
		rows->row(rows->ctx, i, values);
		put_object(r, rows->fields, rows->nr_fields, values);
	}
	yajl_gen_array_close(GEN(r));
}

static void put_value(struct render *r, enum render_type type,
		      const struct render_value *v)
{
	char hex[24];
	size_t i;

	if (v->null) {
		yajl_gen_null(GEN(r));
		return;
	}
	switch (type) {
	case RENDER_HEX:
		snprintf(hex, sizeof(hex), "0x%" PRIx64, v->num);
		put_text(r, hex);
		break;
	case RENDER_NUM:
	case RENDER_SIZE:
	case RENDER_BAR:
		put_number(r, v->num);
		break;
	case RENDER_BOOL:
		yajl_gen_bool(GEN(r), v->num != 0);
		break;
	case RENDER_TEXT:
	case RENDER_PERMS:
	case RENDER_STATE:
		put_text(r, v->text);
		break;
	case RENDER_LIST:
		yajl_gen_array_open(GEN(r));
		for (i = 0; i < v->nr; i++)
			put_text(r, v->list[i]);
		yajl_gen_array_close(GEN(r));
		break;
	case RENDER_NUMS:
	case RENDER_MIX:
		yajl_gen_array_open(GEN(r));
		for (i = 0; i < v->nr; i++)
			put_number(r, v->nums[i]);
		yajl_gen_array_close(GEN(r));
		break;
	case RENDER_ROWS:
		put_rows(r, v->rows);
		break;
	}
}

static void json_begin(struct render *r)
{
	yajl_gen_map_open(GEN(r));
}

static void json_put(struct render *r, const struct render_field *field,
		     const struct render_value *value)
{
	put_key(r, field->key);
	put_value(r, field->type, value);
}

static void json_object(struct render *r, const char *key, const char *title)
{
	(void)title;
	put_key(r, key);
	yajl_gen_map_open(GEN(r));
}

static void json_object_end(struct render *r)
{
	yajl_gen_map_close(GEN(r));
}

static void json_no_object(struct render *r, const char *key)
{
	put_key(r, key);
	yajl_gen_null(GEN(r));
}

static void json_table(struct render *r, const char *key, const char *title)
{
	(void)title;
	put_key(r, key);
	yajl_gen_array_open(GEN(r));
}

/* The fields of an object that is open. */
static void put_fields(struct render *r, const struct render_field *fields, size_t nr,
		       const struct render_value *values)
{
	const char *open = NULL;	/* the object that fields go into, "a" of "a.b" */
	size_t i, len = 0;

	for (i = 0; i < nr; i++) {
		const struct render_field *field = &fields[i];
		const char *dot;

		if (field->flags & RENDER_PEOPLE)
			continue;
		dot = strchr(field->key, '.');
		if (open && (!dot || (size_t)(dot - field->key) != len ||
			     strncmp(open, field->key, len))) {
			yajl_gen_map_close(GEN(r));
			open = NULL;
		}
		if (dot && !open) {
			open = field->key;
			len = dot - field->key;
			yajl_gen_string(GEN(r), (const unsigned char *)open, len);
			yajl_gen_map_open(GEN(r));
		}
		put_key(r, dot ? dot + 1 : field->key);
		put_value(r, field->type, &values[i]);
	}
	if (open)
		yajl_gen_map_close(GEN(r));
}

static void put_object(struct render *r, const struct render_field *fields, size_t nr,
		       const struct render_value *values)
{
	yajl_gen_map_open(GEN(r));
	put_fields(r, fields, nr, values);
	yajl_gen_map_close(GEN(r));
}

static void json_row(struct render *r, const struct render_value *values)
{
	put_object(r, r->fields, r->nr_fields, values);
}

static void json_line(struct render *r, const unsigned int *widths,
		      const struct render_value *values)
{
	(void)widths;
	yajl_gen_map_open(GEN(r));
	put_fields(r, r->fields, r->nr_fields, values);
}

static void json_line_end(struct render *r)
{
	yajl_gen_map_close(GEN(r));
	/* The next one is a document of its own. */
	yajl_gen_reset(GEN(r), "\n");
}

static void json_table_end(struct render *r)
{
	yajl_gen_array_close(GEN(r));
}

static void json_note(struct render *r, const char *text)
{
	(void)r;
	(void)text;
}

static void json_end(struct render *r, const char *code, const char *message)
{
	put_key(r, "complete");
	yajl_gen_bool(GEN(r), !code);
	if (code) {
		put_key(r, "error");
		yajl_gen_map_open(GEN(r));
		put_key(r, "code");
		put_text(r, code);
		put_key(r, "message");
		put_text(r, message);
		yajl_gen_map_close(GEN(r));
	}
	yajl_gen_map_close(GEN(r));
	fputc('\n', r->out);
	/* To it the next document would be one value too many. */
	yajl_gen_reset(GEN(r), NULL);
}

const struct render_ops render_json_ops = {
	.skip = RENDER_PEOPLE,
	.open = json_open,
	.close = json_close,
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
