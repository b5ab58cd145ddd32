/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - the whole command in this very process, so that it can be run some
 * thousand times a second and under a sanitizer that sees all of it.
 */
#ifndef HOST_COMMAND_H
#define HOST_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_WORDS	24

struct command_line {
	char *words[COMMAND_WORDS + 1];	/* "vmlab", its words, NULL */
	int nr;
};

struct command_ran {
	int status;
	char *out;		/* NUL terminated, of @sz_out bytes */
	char *err;
	size_t sz_out;
	size_t sz_err;
};

/*
 * From words with blanks between them, and more after the first of them: options,
 * NULL for none. Words are copied; command_forget() frees them.
 */
void command_words(struct command_line *line, const char *words, const char *const *options);
void command_forget(struct command_line *line);

/* Runs it; command_done() frees what it said. */
void command_run(struct command_ran *ran, const struct command_line *line);
/* The same with its standard output on @fd (a terminal); ran->out stays empty. */
void command_run_on(struct command_ran *ran, const struct command_line *line, int fd);
void command_done(struct command_ran *ran);

/*
 * Does it keep to the contract? Status 0 and nothing on standard error, or 1 or 2 and
 * one line there; with @json one whole document that says the same. "" or what not.
 */
const char *command_breaks(const struct command_ran *ran, bool json);

#endif /* HOST_COMMAND_H */
