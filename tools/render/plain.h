/* SPDX-License-Identifier: GPL-2.0-only */
/* plain.h - text of unknown origin: names of files and processes may be anything. */
#ifndef RENDER_PLAIN_H
#define RENDER_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed UTF-8 sequence at @s (RFC 3629), 0 if there is none. */
size_t plain_sequence(const unsigned char *s, size_t left);

/*
 * What does something to a terminal becomes "?", in place: control characters, those
 * of C1 included, what is no UTF-8, and without @utf8 whatever is not ASCII.
 */
void plain_text(char *text, bool utf8);

/*
 * The length of a text that plain_text() would leave as it is, in every locale, and that
 * takes a column for each byte; PLAIN_NOT for any other.
 */
#define PLAIN_NOT	SIZE_MAX
size_t plain_already(const char *text);

/* Columns that @len bytes take on a terminal; they are plain. */
size_t plain_columns(const char *text, size_t len);

/*
 * Bytes at the start of @text that fit into @room columns, one character at least:
 * all of them, or up to a blank, or what there is room for.
 */
size_t plain_fit(const char *text, size_t room);

/* Bytes at the start of @text that fit into @room columns, wherever that cuts it. */
size_t plain_cut(const char *text, size_t room);

#endif /* RENDER_PLAIN_H */
