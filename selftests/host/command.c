// SPDX-License-Identifier: GPL-2.0-only
/* command.c - runs the command here, with its outputs in files in memory. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "command.h"

static void add(struct command_line *line, const char *word)
{
	if (line->nr == COMMAND_WORDS)
		abort();
	line->words[line->nr] = strdup(word);
	if (!line->words[line->nr++])
		abort();
}

void command_words(struct command_line *line, const char *words, const char *const *options)
{
	char *copy = strdup(words), *word, *save = NULL;

	memset(line, 0, sizeof(*line));
	add(line, "vmlab");
	for (word = strtok_r(copy, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save)) {
		add(line, word);
		for (; options && *options; options++)
			add(line, *options);
	}
	free(copy);
}

void command_forget(struct command_line *line)
{
	while (line->nr)
		free(line->words[--line->nr]);
}

/* Whatever is written to @fd goes to @to; what it was is returned. */
static int redirect(int fd, int to)
{
	int saved = dup(fd);

	if (saved < 0 || dup2(to, fd) < 0)
		abort();
	return saved;
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

static char *slurp(int fd, size_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *text = malloc(end + 1);

	if (end < 0 || !text || pread(fd, text, end, 0) != end)
		abort();
	text[end] = '\0';
	*size = end;
	close(fd);
	return text;
}

void command_run_on(struct command_ran *ran, const struct command_line *line, int fd)
{
	int err = memfd_create("err", MFD_CLOEXEC), saved_out, saved_err;
	char *argv[COMMAND_WORDS + 1];

	/* getopt_long() sorts them. */
	memcpy(argv, line->words, sizeof(argv));
	memset(ran, 0, sizeof(*ran));
	fflush(NULL);
	saved_out = redirect(1, fd);
	saved_err = redirect(2, err);
	ran->status = cli_main(line->nr, argv);
	fflush(stdout);
	clearerr(stdout);
	restore(1, saved_out);
	restore(2, saved_err);
	ran->err = slurp(err, &ran->sz_err);
}

void command_run(struct command_ran *ran, const struct command_line *line)
{
	int out = memfd_create("out", MFD_CLOEXEC);

	command_run_on(ran, line, out);
	ran->out = slurp(out, &ran->sz_out);
}

void command_done(struct command_ran *ran)
{
	free(ran->out);
	free(ran->err);
	memset(ran, 0, sizeof(*ran));
}

static const char *line_breaks(const struct command_ran *ran)
{
	const char *end = memchr(ran->err, '\n', ran->sz_err);
	size_t i;

	if (!ran->status)
		return ran->sz_err ? "done, and something on standard error" : "";
	if (ran->status != CLI_FAILED && ran->status != CLI_USAGE)
		return "a status of its own";
	if (strncmp(ran->err, "vmlab", 5))
		return "an error without vmlab's line";
	if (!end || end + 1 != ran->err + ran->sz_err)
		return "an error that is not one line";
	for (i = 0; i + 1 < ran->sz_err; i++)
		if (iscntrl((unsigned char)ran->err[i]))
			return "an error with control characters";
	return "";
}

static const char *document_breaks(const struct command_ran *ran, const json_t *document)
{
	const json_t *complete = json_object_get(document, "complete");
	const json_t *error = json_object_get(document, "error");

	if (!json_is_boolean(complete))
		return "a document without complete";
	if (json_is_true(complete) != !ran->status)
		return "complete says something else than the status";
	if (!ran->status)
		return error ? "an error in a complete document" : "";
	if (!json_is_string(json_object_get(error, "code")) ||
	    !json_is_string(json_object_get(error, "message")))
		return "an error without code and message";
	return "";
}

static const char *json_breaks(const struct command_ran *ran)
{
	const char *newline = memchr(ran->out, '\n', ran->sz_out), *wrong;
	json_t *document;

	if (!newline || newline + 1 != ran->out + ran->sz_out)
		return "a document that is not one line";
	document = json_loadb(ran->out, ran->sz_out,
			      JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	if (!document)
		return "a document that is no JSON";
	wrong = document_breaks(ran, document);
	json_decref(document);
	return wrong;
}

const char *command_breaks(const struct command_ran *ran, bool json)
{
	const char *wrong = line_breaks(ran);
	size_t i;

	if (*wrong)
		return wrong;
	if (json)
		return json_breaks(ran);
	if (ran->status && ran->out && ran->sz_out && !strstr(ran->out, "\n"))
		return "half a line";
	for (i = 0; ran->out && i < ran->sz_out; i++)
		if (iscntrl((unsigned char)ran->out[i]) && ran->out[i] != '\n')
			return "text with control characters";
	return "";
}
