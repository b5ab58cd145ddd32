// SPDX-License-Identifier: GPL-2.0-only
/* replay.c - what a trace of mappings adds up to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "replay.h"

static bool insert(struct pieces *p, size_t at, const struct piece *piece)
{
	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct piece *more = realloc(p->v, room * sizeof(*more));

		if (!more)
			return false;
		p->v = more;
		p->room = room;
	}
	memmove(&p->v[at + 1], &p->v[at], (p->nr - at) * sizeof(*p->v));
	p->v[at] = *piece;
	p->nr++;
	return true;
}

/* Nothing is in [start, end) any more. Where the first one behind it stands. */
static bool cut(struct pieces *p, unsigned long long start, unsigned long long end, size_t *at)
{
	size_t i = 0, last;

	while (i < p->nr && p->v[i].end <= start)
		i++;
	*at = i;
	if (i < p->nr && p->v[i].start < start) {
		struct piece rest = p->v[i];

		p->v[i].end = start;
		*at = ++i;
		if (rest.end > end) {
			if (rest.inode)
				rest.offset += end - rest.start;
			rest.start = end;
			return insert(p, i, &rest);
		}
	}
	for (last = i; last < p->nr && p->v[last].end <= end; last++)
		;
	memmove(&p->v[i], &p->v[last], (p->nr - last) * sizeof(*p->v));
	p->nr -= last - i;
	if (i < p->nr && p->v[i].start < end) {
		if (p->v[i].inode)
			p->v[i].offset += end - p->v[i].start;
		p->v[i].start = end;
	}
	return true;
}

static bool put(struct pieces *p, const struct piece *piece)
{
	size_t at;

	return cut(p, piece->start, piece->end, &at) && insert(p, at, piece);
}

/* A file may have been there when it was told of. */
static void forget_deleted(char *path)
{
	char *deleted = strstr(path, " (deleted)");

	if (deleted)
		*deleted = '\0';
}

static void read_piece(struct piece *piece, const char *line)
{
	memset(piece, 0, sizeof(*piece));
	piece->start = line_number(line, "start");
	piece->end = line_number(line, "end");
	snprintf(piece->perms, sizeof(piece->perms), "%.3s%c", line_value(line, "asked"),
		 line_is(line, "shared", "true") ? 's' : 'p');
	strcpy(piece->dev, "00:00");
	if (line_is(line, "inode", "null"))
		return;
	piece->inode = line_number(line, "inode");
	piece->offset = line_number(line, "offset");
	snprintf(piece->dev, sizeof(piece->dev), "%.23s", line_value(line, "dev"));
	snprintf(piece->path, sizeof(piece->path), "%.127s", line_value(line, "name"));
	forget_deleted(piece->path);
}

static bool replay_line(struct pieces *p, const char *line)
{
	const char *what = line_value(line, "what");
	struct piece piece;
	size_t at;

	if (!strcmp(what, "cleared")) {
		p->nr = 0;
		return true;
	}
	if (!strcmp(what, "advised") || !strcmp(what, "inherited"))
		return true;
	if (!strcmp(what, "unmapped"))
		return cut(p, line_number(line, "start"), line_number(line, "end"), &at);
	read_piece(&piece, line);
	return put(p, &piece);
}

bool replay_lines(struct pieces *p, const char *lines, int pid)
{
	const char *line;

	memset(p, 0, sizeof(*p));
	for (line = lines; line; line = line_next(line))
		if (line_is(line, "kind", "map") &&
		    line_number(line, "pid") == (unsigned long long)pid && !replay_line(p, line))
			return false;
	return true;
}

bool replay_maps(struct pieces *p, const char *maps)
{
	const char *line;

	memset(p, 0, sizeof(*p));
	for (line = maps; line; line = line_next(line)) {
		struct piece piece = { 0 };
		char name[256] = "";

		if (sscanf(line, "%llx-%llx %4s %llx %23s %llu%255[^\n]", &piece.start, &piece.end,
			   piece.perms, &piece.offset, piece.dev, &piece.inode, name) < 6)
			break;
		if (strstr(name, "[vsyscall]"))
			continue;
		forget_deleted(name);
		if (strchr(name, '/'))
			snprintf(piece.path, sizeof(piece.path), "%.127s", strchr(name, '/'));
		if (!insert(p, p->nr, &piece))
			return false;
	}
	return true;
}

/* Is the second what the first goes on with? */
static bool goes_on(const struct piece *a, const struct piece *b)
{
	return a->end == b->start && !strcmp(a->perms, b->perms) && !strcmp(a->dev, b->dev) &&
	       a->inode == b->inode && !strcmp(a->path, b->path) &&
	       (!a->inode || a->offset + (a->end - a->start) == b->offset);
}

/* The one at *@at with all that it goes on with; *@at is moved behind them. */
static bool next_joined(const struct pieces *p, size_t *at, struct piece *out)
{
	if (*at == p->nr)
		return false;
	*out = p->v[(*at)++];
	while (*at < p->nr && goes_on(out, &p->v[*at]))
		out->end = p->v[(*at)++].end;
	return true;
}

static void say(const char *who, bool is, const struct piece *p)
{
	if (is)
		fprintf(stderr, "# %s: %llx-%llx %s %llx %s %llu %s\n", who, p->start, p->end,
			p->perms, p->offset, p->dev, p->inode, p->path);
	else
		fprintf(stderr, "# %s: nothing more\n", who);
}

static bool compare(const struct pieces *told, const struct pieces *maps, bool loud)
{
	size_t i = 0, j = 0;

	for (;;) {
		struct piece a, b;
		const bool is = next_joined(told, &i, &a), want = next_joined(maps, &j, &b);

		if (!is && !want)
			return true;
		if (is && want && a.start == b.start && a.end == b.end && a.offset == b.offset &&
		    a.inode == b.inode && !strcmp(a.perms, b.perms) && !strcmp(a.dev, b.dev) &&
		    !strcmp(a.path, b.path))
			continue;
		if (loud) {
			say("told", is, &a);
			say("maps", want, &b);
		}
		return false;
	}
}

bool replay_same(const struct pieces *told, const struct pieces *maps)
{
	return compare(told, maps, true);
}

bool replay_reaches(const char *lines, int pid, const struct pieces *maps)
{
	struct pieces p = { 0 };
	bool reached = false;
	const char *line;

	for (line = lines; line && !reached; line = line_next(line)) {
		if (!line_is(line, "kind", "map") ||
		    line_number(line, "pid") != (unsigned long long)pid)
			continue;
		if (!replay_line(&p, line))
			break;
		reached = compare(&p, maps, false);
	}
	if (!reached)
		compare(&p, maps, true);
	replay_free(&p);
	return reached;
}

void replay_free(struct pieces *p)
{
	free(p->v);
	memset(p, 0, sizeof(*p));
}
