/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recordings.h - the command, answered from a recording: of selftests/data, from where
 * the tests run, or forged.
 */
#ifndef HOST_RECORDINGS_H
#define HOST_RECORDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "forge.h"

struct recording {
	char name[64];		/* "6.1/pages" */
	char args[512];		/* the command line */
	bool fails;		/* it was recorded with an error */
	struct forge rec;
};

/* All of them, sorted; exits with a message when there are none. */
size_t recordings_load(struct recording **out);
void recordings_free(struct recording *all, size_t nr);

/* Its command line, answered from the file @path. */
void recording_command(const struct recording *r, const char *path, bool json,
		       struct command_line *line);

/* Runs the command with @words, answered from @f, which ends with that. */
void recording_forged(struct forge *f, const char *words, struct command_ran *ran);

#endif /* HOST_RECORDINGS_H */
