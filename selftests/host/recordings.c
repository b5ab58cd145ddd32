// SPDX-License-Identifier: GPL-2.0-only
/* recordings.c - finds and reads selftests/data. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recordings.h"

static void load(struct recording *r, const char *path)
{
	char at[256];
	FILE *file;
	int len;

	/* .../data/CELL/NAME.rec */
	len = strlen(path) - strlen(".rec");
	snprintf(at, sizeof(at), "%.*s.args", len, path);
	file = fopen(at, "re");
	if (!file || !fgets(r->args, sizeof(r->args), file)) {
		perror(at);
		exit(1);
	}
	fclose(file);
	snprintf(at, sizeof(at), "%.*s.err", len, path);
	r->fails = !access(at, F_OK);
	snprintf(at, sizeof(at), "%.*s", len, path);
	while (strchr(at, '/') != strrchr(at, '/'))
		memmove(at, strchr(at, '/') + 1, strlen(strchr(at, '/')));
	snprintf(r->name, sizeof(r->name), "%.60s", at);
	forge_load(&r->rec, path);
}

size_t recordings_load(struct recording **out)
{
	const char *data = getenv("VMLAB_DATA");
	char pattern[256];
	glob_t found;
	size_t nr, i;

	snprintf(pattern, sizeof(pattern), "%s/*/*.rec", data ? data : "../data");
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "no recordings: %s\n", pattern);
		exit(1);
	}
	nr = found.gl_pathc;
	*out = calloc(nr, sizeof(**out));
	if (!*out)
		abort();
	for (i = 0; i < nr; i++)
		load(&(*out)[i], found.gl_pathv[i]);
	globfree(&found);
	return nr;
}

void recordings_free(struct recording *all, size_t nr)
{
	while (nr)
		forge_free(&all[--nr].rec);
	free(all);
}

void recording_command(const struct recording *r, const char *path, bool json,
		       struct command_line *line)
{
	const char *options[] = { "--replay", path, json ? "--json" : NULL, NULL };

	command_words(line, r->args, options);
}

void recording_forged(struct forge *f, const char *words, struct command_ran *ran)
{
	const char *options[] = { "--replay", NULL, NULL };
	struct command_line line;
	char path[32];
	int fd;

	forge_end(f);
	fd = forge_file(f->bytes, f->size, path);
	options[1] = path;
	command_words(&line, words, options);
	command_run(ran, &line);
	command_forget(&line);
	close(fd);
	forge_free(f);
}
