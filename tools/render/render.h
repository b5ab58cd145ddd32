/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * render.h - typed values in; text or JSON out.
 *
 * A command describes each value once: its key (for programs), its title (for
 * people) and its type. How it looks is decided here. Nothing in this folder
 * opens a file of /proc or asks the module.
 *
 * The order of calls is that of a document: values, objects and tables, between
 * render_begin() and render_end(). Everything is written as it comes, so that a
 * document of any length takes bounded memory.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum render_type {
	RENDER_HEX,		/* an address or raw entry: "0x7f12..." */
	RENDER_NUM,		/* a count, a frame, bits */
	RENDER_SIZE,		/* bytes; with a unit for people */
	RENDER_MICROS,		/* nanoseconds, as microseconds with three decimals */
	RENDER_BOOL,
	RENDER_TEXT,
	RENDER_PERMS,		/* "r-x" */
	RENDER_STATE,		/* a word from a fixed list, coloured */
	RENDER_LIST,		/* texts */
	RENDER_NUMS,		/* numbers: nums */
	RENDER_BAR,		/* num of nr, drawn; a number for programs */
	RENDER_MIX,		/* nums, parts of num, drawn with a glyph each */
	RENDER_ROWS,		/* in a table for programs: an array of objects, rows */
};

/* render_field.flags */
#define RENDER_PEOPLE	1	/* not in JSON */
#define RENDER_PROGRAMS	2	/* not in text */
#define RENDER_LONG	4	/* may be cut where the terminal ends */

struct render_field {
	const char *key;	/* NULL with RENDER_PEOPLE; in a table, "a.b" is b of object a */
	const char *title;	/* NULL: only the value is shown */
	enum render_type type;
	unsigned int flags;
};

struct render_value;

/* A table within a row. Its values are asked for one row after the other, once. */
struct render_rows {
	const struct render_field *fields;
	size_t nr_fields;
	size_t nr;
	void (*row)(const void *ctx, size_t i, struct render_value *values);
	const void *ctx;
};

/* A table within a row has at most this many fields. */
#define RENDER_ROWS_FIELDS	16

/* One value; which member counts is the field's type. */
struct render_value {
	bool null;		/* unknown, or withheld */
	size_t nr;
	uint64_t num;
	union {
		const char *text;
		const char *const *list;
		const uint64_t *nums;
		const struct render_rows *rows;
	};
};

#define RENDER_V_NULL		((struct render_value){ .null = true })
#define RENDER_V_NUM(n)		((struct render_value){ .num = (n) })
#define RENDER_V_TEXT(t)	render_text(t)
#define RENDER_V_NUMS(l, n)	((struct render_value){ .nums = (l), .nr = (n) })
#define RENDER_V_ROWS(r)	((struct render_value){ .rows = (r) })
#define RENDER_V_LIST(l, n)	((struct render_value){ .list = (l), .nr = (n) })

static inline struct render_value render_text(const char *text)
{
	return (struct render_value){ .text = text, .null = !text };
}

enum render_kind {
	RENDER_AS_TEXT,
	RENDER_AS_JSON,
};

struct render;

/*
 * A renderer that writes to @out. Colour: for text on a terminal, unless NO_COLOR
 * is set; CLICOLOR_FORCE asks for it anywhere. NULL without memory.
 */
struct render *render_new(enum render_kind kind, FILE *out);
/* The same for what is written to memory first, and shown on @terminal. */
struct render *render_new_for(enum render_kind kind, FILE *out, int terminal);
void render_free(struct render *r);

/* Documents may follow each other: one a line for programs. */
void render_begin(struct render *r);
/* A document is under way. */
bool render_begun(const struct render *r);
void render_put(struct render *r, const struct render_field *field,
		struct render_value value);
/* Values between belong to one object, a line of its own for people. */
void render_object(struct render *r, const char *key, const char *title);
void render_object_end(struct render *r);
/* The key with null instead of an object. */
void render_no_object(struct render *r, const char *key);
/* A table: one array of objects. @fields stay with the caller until its end. */
void render_table(struct render *r, const char *key, const char *title,
		  const struct render_field *fields, size_t nr);
void render_row(struct render *r, const struct render_value *values);
/* The same for programs, with other fields than the table's; these stay with the caller, too. */
void render_row_of(struct render *r, const struct render_field *fields, size_t nr,
		   const struct render_value *values);
void render_table_end(struct render *r);
/*
 * Lines that come when they come, in place of a document: each is an object of its own,
 * or a row of columns of these widths, whose titles are said when @fields are others than
 * last time. What is put between render_line() and render_line_end() belongs to it.
 */
void render_line(struct render *r, const struct render_field *fields,
		 const unsigned int *widths, size_t nr, const struct render_value *values);
/* Returns 0, or -errno when something could not be written. */
int render_line_end(struct render *r);
/* Everything that was said so far is written. 0 or -errno. */
int render_flush(struct render *r);
/* A message, which has other people's words in it, as a line may show it: in place. */
void render_plain(char *text);
/* The glyph that RENDER_MIX draws the @i-th part with; the last one is for the rest. */
#define RENDER_MIX_PARTS	5
const char *render_glyph(struct render *r, unsigned int i);
/* A line for people only. */
void render_note(struct render *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Ends the document with `complete`; with @code, also `error`. Returns 0, or
 * -errno when something could not be written.
 */
int render_end(struct render *r, const char *code, const char *message);
/* A document that is nothing but an error, where none was begun. */
int render_error(struct render *r, const char *code, const char *message);

/*
 * screen.c: documents for people that take each other's place on a terminal. What is
 * longer than the terminal loses lines in its middle: its end has the sums.
 */
struct render_screen;

/* NULL where @out is no terminal, or one that cannot go back, or without memory. */
struct render_screen *render_screen_new(FILE *out);
void render_screen_free(struct render_screen *screen);
/* Where the next document goes; NULL without memory. */
struct render *render_screen_begin(struct render_screen *screen);
/* Shows what was rendered, in place of the last one; 0 or -errno. */
int render_screen_end(struct render_screen *screen);

#endif /* RENDER_H */
