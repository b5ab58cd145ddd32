// SPDX-License-Identifier: GPL-2.0-only
/*
 * lines.c - looks into lines of JSON without a parser: there may be tens of thousands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

const char *line_value(const char *line, const char *key)
{
	static char text[8][256];
	static unsigned int turn;
	char *out = text[turn++ % 8], quoted[64];
	const char *at, *end = strchr(line, '\n');
	size_t len;

	out[0] = '\0';
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(line, quoted);
	if (!at || (end && at > end))
		return out;
	at += strlen(quoted);
	if (*at == '"')
		len = strcspn(++at, "\"");
	else
		len = strcspn(at, ",}\n");
	snprintf(out, 256, "%.*s", (int)len, at);
	return out;
}

unsigned long long line_number(const char *line, const char *key)
{
	return strtoull(line_value(line, key), NULL, 0);
}

bool line_is(const char *line, const char *key, const char *what)
{
	return !strcmp(line_value(line, key), what);
}

const char *line_next(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

const char *line_last(const char *text)
{
	const char *line = text, *next;

	while ((next = line_next(line)))
		line = next;
	return line;
}

bool line_whole(const char *trace)
{
	return line_is(line_last(trace), "skipped", "0");
}

long line_count(const char *text, const char *kind, unsigned long long start,
		unsigned long long end, const char *key, const char *what)
{
	const char *line;
	long nr = 0;

	for (line = text; line; line = line_next(line))
		nr += line_is(line, "kind", kind) && line_number(line, "va") >= start &&
		      line_number(line, "va") < end && (!key || line_is(line, key, what));
	return nr;
}

const char *line_said(const char *text, const char *word)
{
	const char *line;

	for (line = text; line; line = line_next(line))
		if (!strncmp(line, word, strlen(word)))
			return line;
	return "";
}
