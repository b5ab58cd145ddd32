// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cache.c - colours: where the first level caches would put a page by its address.
 *
 * A cache that is indexed before the address is translated has, of each way, more
 * than a page exactly when bits above the page offset are part of the index. Two
 * addresses of one frame that differ in these bits lie in different sets then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define CACHES	"/sys/devices/system/cpu/cpu0/cache"

static int read_word(struct vmlab_session *session, const char *index, const char *name,
		     char *word, size_t size)
{
	char path[128], *text;
	ssize_t len;

	snprintf(path, sizeof(path), CACHES "/%.32s/%s", index, name);
	len = vmlab_source_text(session->source, path, &text);
	if (len < 0)
		return len;
	snprintf(word, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

static int read_number(struct vmlab_session *session, const char *index, const char *name,
		       uint64_t *nr)
{
	char word[32], *end;
	int ret = read_word(session, index, name, word, sizeof(word));

	if (ret)
		return ret;
	*nr = strtoull(word, &end, 10);
	return *end || end == word ? -EPROTO : 0;
}

/* Bytes of one way; 0 where this is no first level cache, or one of unknown shape. */
static uint64_t way_of(struct vmlab_session *session, const char *index)
{
	uint64_t level, sets, line;

	if (read_number(session, index, "level", &level) || level != 1 ||
	    read_number(session, index, "number_of_sets", &sets) ||
	    read_number(session, index, "coherency_line_size", &line) ||
	    sets > 1U << 24 || line > 1U << 24)
		return 0;
	return sets * line;
}

int vmlab_cache_colours(struct vmlab_session *session, unsigned int *bits)
{
	const unsigned int shift = vmlab_session_info(session)->out_page_shift;
	char *text, *line, *save = NULL;
	uint64_t way, largest = 0;
	ssize_t len;

	*bits = 0;
	len = vmlab_source_names(session->source, CACHES, &text);
	if (len < 0)
		return len;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "index", 5))
			continue;
		way = way_of(session, line);
		if (way > largest)
			largest = way;
	}
	free(text);
	if (!largest)
		return -ENOENT;
	while (largest > 1ULL << (shift + *bits))
		++*bits;
	return 0;
}
