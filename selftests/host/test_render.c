// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_render.c - what becomes of text on its way out: JSON that any parser takes,
 * and lines that do nothing to a terminal.
 */
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "render.h"

static const struct render_field text_field = { "t", "t", RENDER_TEXT, 0 };

/* A document that @fill has filled; free() it. */
static char *document(enum render_kind kind, void (*fill)(struct render *r, const void *arg),
		      const void *arg)
{
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);
	struct render *r = render_new(kind, file);

	render_begin(r);
	fill(r, arg);
	render_end(r, NULL, NULL);
	render_free(r);
	fclose(file);
	return out;
}

static void one_text(struct render *r, const void *text)
{
	render_put(r, &text_field, RENDER_V_TEXT(text));
}

/* @text as a parser gets it back out of our JSON; valid until the next call. */
static const char *through_json(const char *text)
{
	static char back[64];
	char *out = document(RENDER_AS_JSON, one_text, text);
	json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	const char *value = json_string_value(json_object_get(root, "t"));

	snprintf(back, sizeof(back), "%s", value ? value : "(no JSON)");
	json_decref(root);
	free(out);
	return back;
}

#define BAD "\xef\xbf\xbd"	/* U+FFFD */

TEST(text_comes_through_json_as_it_was)
{
	static const char *const texts[] = {
		"", "plain", "\"quoted\"", "back\\slash", "/slash/", "tab\tnew\nline\r", "\b\f",
		"\x01\x1f\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xa7", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\\u0000", "</script>",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		EXPECT_STREQ(texts[i], through_json(texts[i]));
}

TEST(bytes_that_are_no_utf8_are_replaced_one_by_one)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "\xff", BAD }, { "a\xff\376b", "a" BAD BAD "b" },
		{ "\x80", BAD }, { "\277x", BAD "x" },
		/* cut short */
		{ "\xc3", BAD }, { "\xe2\x82", BAD BAD }, { "\xf0\x9f\x90", BAD BAD BAD },
		{ "\xe2\202z", BAD BAD "z" }, { "\xc3\xc3\xa9", BAD "\xc3\xa9" },
		/* longer than needed */
		{ "\xc0\x80", BAD BAD }, { "\xc1\xbf", BAD BAD },
		{ "\xe0\x80\x80", BAD BAD BAD }, { "\xe0\x9f\xbf", BAD BAD BAD },
		{ "\xf0\x80\x80\x80", BAD BAD BAD BAD }, { "\xf0\x8f\xbf\xbf", BAD BAD BAD BAD },
		/* surrogates, and beyond the end of Unicode */
		{ "\xed\xa0\x80", BAD BAD BAD }, { "\xed\xbf\xbf", BAD BAD BAD },
		{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, { "\xf5\x80\x80\x80", BAD BAD BAD BAD },
		{ "\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].want, through_json(cases[i].text))
			TH_LOG("case %zu", i);
}

static void typed_values(struct render *r, const void *arg)
{
	static const struct render_field f[] = {
		{ "hex", NULL, RENDER_HEX, 0 }, { "num", NULL, RENDER_NUM, 0 },
		{ "yes", NULL, RENDER_BOOL, 0 }, { "no", NULL, RENDER_BOOL, 0 },
		{ "unknown", NULL, RENDER_NUM, 0 }, { "list", NULL, RENDER_LIST, 0 },
		{ "empty", NULL, RENDER_LIST, 0 }, { "people", NULL, RENDER_NUM, RENDER_PEOPLE },
	};
	static const char *const list[] = { "a", "b" };

	(void)arg;
	render_put(r, &f[0], RENDER_V_NUM(UINT64_MAX));
	render_put(r, &f[1], RENDER_V_NUM(UINT64_MAX));
	render_put(r, &f[2], RENDER_V_NUM(17));
	render_put(r, &f[3], RENDER_V_NUM(0));
	render_put(r, &f[4], RENDER_V_NULL);
	render_put(r, &f[5], RENDER_V_LIST(list, 2));
	render_put(r, &f[6], RENDER_V_LIST(list, 0));
	render_put(r, &f[7], RENDER_V_NUM(1));
}

TEST(values_have_the_types_that_the_contract_gives_them)
{
	char *out = document(RENDER_AS_JSON, typed_values, NULL);

	EXPECT_STREQ("{\"hex\":\"0xffffffffffffffff\",\"num\":18446744073709551615,\"yes\":true,\"no\":false,\"unknown\":null,\"list\":[\"a\",\"b\"],\"empty\":[],\"complete\":true}\n",
		     out);
	free(out);
}

static void broken_off(struct render *r, const void *arg)
{
	static const struct render_field f = { "va", "VA", RENDER_HEX, 0 };
	const struct render_value v = RENDER_V_NUM(16);

	(void)arg;
	render_table(r, "runs", NULL, &f, 1);
	render_row(r, &v);
	render_table_end(r);
	render_no_object(r, "leaf");
}

TEST(document_that_fails_is_whole_all_the_same)
{
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);
	struct render *r = render_new(RENDER_AS_JSON, file);

	render_begin(r);
	broken_off(r, NULL);
	render_error(r, "ESRCH", "it \"ended\"");
	render_free(r);
	fclose(file);
	EXPECT_STREQ("{\"runs\":[{\"va\":\"0x10\"}],\"leaf\":null,\"complete\":false,\"error\":{\"code\":\"ESRCH\",\"message\":\"it \\\"ended\\\"\"}}\n",
		     out);
	free(out);
}

/* Bytes that do something to a terminal, C1's controls and broken UTF-8 included. */
static bool is_safe(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f)
			return false;
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			return false;
		/* Alone it is a control of the 8-bit terminals. */
		if (*c >= 0x80 && *c < 0xa0 && (c == (const unsigned char *)text || c[-1] < 0x80))
			return false;
	}
	return true;
}

static const char *const nasty[] = {
	"\x1b[31mred", "\x07 bell", "\23331m", "\xc2\23331m", "a\nb", "\x7f", "\r over",
	"\x80", "\xff\x9b", "(\xc3\xa9)\x1b]0;title\x07",
};

TEST(names_do_nothing_to_a_terminal)
{
	size_t i;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (i = 0; i < ARRAY_SIZE(nasty); i++) {
		char *out = document(RENDER_AS_TEXT, one_text, nasty[i]);

		EXPECT_TRUE(is_safe(out))
			TH_LOG("case %zu", i);
		EXPECT_EQ(strlen(out) - 1, strcspn(out, "\n"))
			TH_LOG("case %zu", i);
		free(out);
	}
}

static void one_cell(struct render *r, const void *text)
{
	const struct render_value v = RENDER_V_TEXT(text);

	render_table(r, "t", NULL, &text_field, 1);
	render_row(r, &v);
	render_table_end(r);
}

TEST(names_in_tables_do_nothing_to_a_terminal)
{
	size_t i;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (i = 0; i < ARRAY_SIZE(nasty); i++) {
		char *out = document(RENDER_AS_TEXT, one_cell, nasty[i]);

		EXPECT_TRUE(is_safe(out))
			TH_LOG("case %zu", i);
		free(out);
	}
}

static void one_note(struct render *r, const void *text)
{
	render_note(r, "%s", (const char *)text);
}

TEST(notes_do_nothing_to_a_terminal)
{
	size_t i;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (i = 0; i < ARRAY_SIZE(nasty); i++) {
		char *out = document(RENDER_AS_TEXT, one_note, nasty[i]);

		EXPECT_TRUE(is_safe(out))
			TH_LOG("case %zu", i);
		free(out);
	}
}

TEST(ordinary_names_are_shown_as_they_are)
{
	static const char *const names[] = {
		"plain", "\xc3\xa9t\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x90\xa7", "a (deleted)",
	};
	char want[64], *out;
	size_t i;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		out = document(RENDER_AS_TEXT, one_text, names[i]);
		snprintf(want, sizeof(want), "t          %s\n", names[i]);
		EXPECT_STREQ(want, out);
		free(out);
	}
}

static void one_size(struct render *r, const void *bytes)
{
	static const struct render_field f = { "s", "s", RENDER_SIZE, 0 };

	render_put(r, &f, RENDER_V_NUM(*(const uint64_t *)bytes));
}

TEST(sizes_have_units_that_people_read)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "s          0 B\n" }, { 1023, "s          1023 B\n" },
		{ 4096, "s          4 KiB\n" }, { 2 << 20, "s          2 MiB\n" },
		{ 1ULL << 30, "s          1 GiB\n" }, { 128ULL << 40, "s          128 TiB\n" },
		{ 1ULL << 63, "s          8 EiB\n" }, { 1536ULL << 20, "s          1536 MiB\n" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *out = document(RENDER_AS_TEXT, one_size, &cases[i].bytes);

		EXPECT_STREQ(cases[i].want, out);
		free(out);
	}
}

/* More than libsmartcols lays out, whose columns the others take. */
#define MANY	600

static const struct render_field row_fields[] = {
	{ "va", "ADDRESS", RENDER_HEX, 0 },
	{ "in.a", "A", RENDER_NUM, RENDER_PROGRAMS },
	{ "in.b", "B", RENDER_NUM, RENDER_PROGRAMS },
	{ "state", "STATE", RENDER_STATE, 0 },
	{ NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

static void many_rows(struct render *r, const void *name)
{
	struct render_value v[ARRAY_SIZE(row_fields)];
	uint64_t i;

	render_table(r, "rows", NULL, row_fields, ARRAY_SIZE(row_fields));
	for (i = 0; i < MANY; i++) {
		v[0] = RENDER_V_NUM(i << 12);
		v[1] = RENDER_V_NUM(i);
		v[2] = i % 3 ? RENDER_V_NUM(i * i) : RENDER_V_NULL;
		v[3] = RENDER_V_TEXT(i % 2 ? "anon" : "file-private");
		v[4] = RENDER_V_TEXT(name);
		render_row(r, v);
	}
	render_table_end(r);
}

TEST(rows_of_a_long_table_stand_in_the_columns_of_its_first_until_these_are_too_narrow)
{
	char *out, *line, *rest;
	uint64_t i = 0;

	setlocale(LC_CTYPE, "C.UTF-8");
	unsetenv("COLUMNS");
	out = document(RENDER_AS_TEXT, many_rows, "\xc3\xa9/a name");
	line = strtok_r(out, "\n", &rest);
	EXPECT_STREQ("ADDRESS STATE        IN", line);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char want[64], hex[24];

		snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)i << 12);
		/* From 0x100000 on an address is a digit longer. */
		snprintf(want, sizeof(want), "%*s %-12s %s", i < 256 ? 7 : 8, hex, i % 2 ? "anon" : "file-private",
			 "\xc3\xa9/a name");
		EXPECT_STREQ(want, line);
		i++;
	}
	EXPECT_EQ(MANY, i);
	free(out);
}

TEST(rows_of_a_long_table_end_where_the_terminal_does)
{
	char *out, *line, *rest;
	size_t nr = 0;

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("COLUMNS", "30", 1);
	out = document(RENDER_AS_TEXT, many_rows, "/a/name/that/is/longer/than/that");
	for (line = strtok_r(out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		EXPECT_GE(30, strlen(line));
		EXPECT_EQ(nr++ > 0, !!strstr(line, " /a/nam"));
	}
	EXPECT_EQ(MANY + 1, nr);
	unsetenv("COLUMNS");
	free(out);
}

TEST(rows_of_a_long_table_are_objects_one_like_the_other)
{
	char *out = document(RENDER_AS_JSON, many_rows, "");
	json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	json_t *rows = json_object_get(root, "rows"), *row, *in;
	char hex[24];
	size_t i;

	ASSERT_EQ(MANY, json_array_size(rows));
	json_array_foreach(rows, i, row) {
		in = json_object_get(row, "in");
		snprintf(hex, sizeof(hex), "0x%zx", i << 12);
		EXPECT_STREQ(hex, json_string_value(json_object_get(row, "va")));
		EXPECT_EQ(i, (size_t)json_integer_value(json_object_get(in, "a")));
		EXPECT_EQ(!(i % 3), json_is_null(json_object_get(in, "b")));
		EXPECT_EQ(i % 3 ? i * i : 0,
			  (size_t)json_integer_value(json_object_get(in, "b")));
		EXPECT_EQ(3, json_object_size(row));
	}
	json_decref(root);
	free(out);
}

TEST(texts_of_any_length_come_through_json)
{
	char *text = malloc(20001), *out;
	json_t *root;
	size_t len;

	for (len = 0; len <= 20000; len += len < 600 ? 1 : 1937) {
		memset(text, 'x', len);
		text[len] = '\0';
		if (len > 300)
			text[len - 1] = '"';
		out = document(RENDER_AS_JSON, one_text, text);
		root = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
		EXPECT_STREQ(text, json_string_value(json_object_get(root, "t")));
		json_decref(root);
		free(out);
	}
	free(text);
}

TEST_HARNESS_MAIN
