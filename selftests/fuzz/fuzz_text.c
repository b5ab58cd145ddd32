// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_text.c - any text as a value, a cell, a list, a note and an error: JSON that an
 * independent parser takes and that says what was put in, and lines that no terminal
 * does anything with, at any width.
 */
#include <ctype.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "render.h"

static char *document(enum render_kind kind, const char *text)
{
	static const struct render_field value = { "value", "value", RENDER_TEXT, 0 };
	static const struct render_field fields[] = {
		{ "cell", "CELL", RENDER_TEXT, RENDER_LONG },
		{ "list", "LIST", RENDER_LIST, 0 },
	};
	const char *const list[] = { text, text };
	const struct render_value row[] = { RENDER_V_TEXT(text), RENDER_V_LIST(list, 2) };
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);
	struct render *r = render_new(kind, file);

	render_begin(r);
	render_put(r, &value, RENDER_V_TEXT(text));
	render_object(r, "object", "object");
	render_put(r, &value, RENDER_V_TEXT(text));
	render_put(r, &value, RENDER_V_NULL);
	render_object_end(r);
	render_table(r, "rows", NULL, fields, 2);
	render_row(r, row);
	render_table_end(r);
	render_note(r, "%s", text);
	render_end(r, "ESRCH", text);
	render_free(r);
	fclose(file);
	return out;
}

#define BAD	"\xef\xbf\xbd"

/* Bytes that were no UTF-8 come back as U+FFFD; everything else as it was. */
static void compare(const char *text, const char *back)
{
	while (*text) {
		/* It may have stood there before. */
		if (!strncmp(back, BAD, 3)) {
			if ((unsigned char)*text < 0x80)
				abort();
			text += strncmp(text, BAD, 3) ? 1 : 3;
			back += 3;
		} else if (*text++ != *back++) {
			abort();
		}
	}
	if (*back)
		abort();
}

static void check_json(const char *text)
{
	char *out = document(RENDER_AS_JSON, text);
	json_t *root, *row;

	/* Our object has a key twice, on purpose: it is one value put twice. */
	root = json_loads(out, 0, NULL);
	if (!root)
		abort();
	row = json_array_get(json_object_get(root, "rows"), 0);
	compare(text, json_string_value(json_object_get(root, "value")));
	compare(text, json_string_value(json_object_get(row, "cell")));
	compare(text, json_string_value(json_array_get(json_object_get(row, "list"), 1)));
	compare(text, json_string_value(json_object_get(json_object_get(root, "error"), "message")));
	json_decref(root);
	free(out);
}

static void check_text(const char *text)
{
	char *out = document(RENDER_AS_TEXT, text);
	const unsigned char *c = (const unsigned char *)out;

	for (; *c; c++)
		if ((iscntrl(*c) && *c != '\n') || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, width[8];

	if (!size)
		return 0;
	text = malloc(size);
	setlocale(LC_CTYPE, "C.UTF-8");
	snprintf(width, sizeof(width), "%u", data[0]);
	setenv("COLUMNS", width, 1);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	check_json(text);
	check_text(text);
	free(text);
	return 0;
}
