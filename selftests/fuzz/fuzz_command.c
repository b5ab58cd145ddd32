// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_command.c - the command, answered from made-up bytes: first a line of
 * arguments (--json or nothing, then the command), then the recording. Whatever it
 * says keeps to the contract.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/command.h"
#include "fuzz.h"

/* Only these: what starts programs or writes files is not for made-up words. */
static bool may_run(const char *args)
{
	static const char *const commands[] = {
		"info", "walk", "pages", "map", "perms", "threads", "tables", "kernel", "cow", "watch",
		"synonyms", "homonyms", "frame", "tags",
	};
	size_t i;

	if (strstr(args, "--r"))
		return false;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strncmp(args, commands[i], strlen(commands[i])) &&
		    (args[strlen(commands[i])] == ' ' || !args[strlen(commands[i])]))
			return true;
	return false;
}

static void run(const char *args, const uint8_t *data, size_t size, bool json)
{
	const char *options[] = { "--replay", NULL, json ? "--json" : NULL, NULL };
	unsigned char *copy = malloc(size + 1);
	struct command_line line;
	struct command_ran ran;
	const char *breaks;
	char path[32];
	int fd;

	memcpy(copy, data, size);
	forge_seal(copy, size);
	fd = forge_file(copy, size, path);
	options[1] = path;
	command_words(&line, args, options);
	command_run(&ran, &line);
	/* It may be made up to ask for help, or for JSON. */
	breaks = ran.status || !strstr(ran.out, "Usage: ") ?
		 command_breaks(&ran, json || (ran.out[0] == '{' && strncmp(args, "watch", 5))) :
		 "";
	if (*breaks) {
		fprintf(stderr, "%s: status %d: %s\n%s%s", args, ran.status, breaks, ran.err,
			ran.out);
		abort();
	}
	command_done(&ran);
	command_forget(&line);
	close(fd);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	char args[256];
	bool json;

	if (!end || (size_t)(end - data) >= sizeof(args) - 1 || end == data)
		return 0;
	setenv("LC_ALL", "C.UTF-8", 1);
	memcpy(args, data, end - data);
	args[end - data] = '\0';
	json = args[0] == 'j';
	/* A watch is as many documents as it likes. */
	json = json && strncmp(args + 1, "watch", 5);
	if (may_run(args + 1) && strlen(args) < 40)
		run(args + 1, end + 1, size - (end + 1 - data), json);
	return 0;
}
