/* SPDX-License-Identifier: GPL-2.0-only */
/* ops.h - what a way of rendering has to know; see render.h for the meaning. */
#ifndef RENDER_OPS_H
#define RENDER_OPS_H

#include "render.h"

struct render_ops {
	unsigned int skip;	/* RENDER_PEOPLE or RENDER_PROGRAMS: not for us */
	int (*open)(struct render *r);
	void (*close)(struct render *r);
	/* What it holds back goes to the stream: 0, or -errno of the first that did not. */
	int (*push)(struct render *r);
	void (*begin)(struct render *r);
	void (*put)(struct render *r, const struct render_field *field,
		    const struct render_value *value);
	void (*object)(struct render *r, const char *key, const char *title);
	void (*object_end)(struct render *r);
	void (*no_object)(struct render *r, const char *key);
	void (*table)(struct render *r, const char *key, const char *title);
	void (*row)(struct render *r, const struct render_value *values);
	void (*table_end)(struct render *r);
	const char *(*glyph)(struct render *r, unsigned int i);
	void (*line)(struct render *r, const unsigned int *widths,
		     const struct render_value *values);
	void (*line_end)(struct render *r);
	void (*note)(struct render *r, const char *text);
	void (*end)(struct render *r, const char *code, const char *message);
};

struct render {
	const struct render_ops *ops;
	FILE *out;
	int terminal;		/* whose width and colours count */
	void *priv;		/* of the ops */
	bool begun;
	/* the table under way */
	const struct render_field *fields;
	size_t nr_fields;
};

extern const struct render_ops render_text_ops;
extern const struct render_ops render_json_ops;

#endif /* RENDER_OPS_H */
