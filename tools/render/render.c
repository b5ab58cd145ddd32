// SPDX-License-Identifier: GPL-2.0-only
/* render.c - picks the way of rendering and passes everything on to it. */
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "plain.h"

struct render *render_new(enum render_kind kind, FILE *out)
{
	return render_new_for(kind, out, fileno(out));
}

struct render *render_new_for(enum render_kind kind, FILE *out, int terminal)
{
	struct render *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->ops = kind == RENDER_AS_JSON ? &render_json_ops : &render_text_ops;
	r->out = out;
	r->terminal = terminal;
	if (r->ops->open(r)) {
		free(r);
		return NULL;
	}
	return r;
}

void render_free(struct render *r)
{
	if (!r)
		return;
	r->ops->close(r);
	free(r);
}

void render_begin(struct render *r)
{
	r->begun = true;
	r->ops->begin(r);
}

bool render_begun(const struct render *r)
{
	return r->begun;
}

void render_put(struct render *r, const struct render_field *field,
		struct render_value value)
{
	if (!(field->flags & r->ops->skip))
		r->ops->put(r, field, &value);
}

void render_object(struct render *r, const char *key, const char *title)
{
	r->ops->object(r, key, title);
}

void render_object_end(struct render *r)
{
	r->ops->object_end(r);
}

void render_no_object(struct render *r, const char *key)
{
	r->ops->no_object(r, key);
}

void render_table(struct render *r, const char *key, const char *title,
		  const struct render_field *fields, size_t nr)
{
	r->fields = fields;
	r->nr_fields = nr;
	r->ops->table(r, key, title);
}

void render_row(struct render *r, const struct render_value *values)
{
	r->ops->row(r, values);
}

void render_row_of(struct render *r, const struct render_field *fields, size_t nr,
		   const struct render_value *values)
{
	r->fields = fields;
	r->nr_fields = nr;
	r->ops->row(r, values);
}

void render_table_end(struct render *r)
{
	r->ops->table_end(r);
	r->fields = NULL;
	r->nr_fields = 0;
}

void render_line(struct render *r, const struct render_field *fields,
		 const unsigned int *widths, size_t nr, const struct render_value *values)
{
	r->fields = fields;
	r->nr_fields = nr;
	r->ops->line(r, widths, values);
}

int render_line_end(struct render *r)
{
	r->ops->line_end(r);
	return ferror(r->out) ? -EIO : 0;
}

void render_plain(char *text)
{
	plain_text(text, !strcmp(nl_langinfo(CODESET), "UTF-8"));
}

const char *render_glyph(struct render *r, unsigned int i)
{
	return r->ops->glyph ? r->ops->glyph(r, i) : "";
}

void render_note(struct render *r, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	r->ops->note(r, text);
	free(text);
}

static int flush(struct render *r)
{
	int ret = r->ops->push(r);

	if (ret)
		return ret;
	errno = 0;
	if (fflush(r->out) || ferror(r->out))
		return errno ? -errno : -EIO;
	return 0;
}

int render_flush(struct render *r)
{
	return flush(r);
}

int render_end(struct render *r, const char *code, const char *message)
{
	r->ops->end(r, code, message);
	r->begun = false;
	return flush(r);
}

int render_error(struct render *r, const char *code, const char *message)
{
	if (!r->begun)
		render_begin(r);
	return render_end(r, code, message);
}
