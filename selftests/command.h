/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - runs the vmlab command as a person or a script would, and keeps all
 * that came back.
 */
#ifndef SELFTESTS_COMMAND_H
#define SELFTESTS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct answer {
	int status;		/* exit status; 128 + signal; 127 when there is no vmlab */
	char *out;
	char *err;
	void *json;		/* of out, when that is one document and nothing else */
};

/* Words are separated by single spaces. To be freed with command_free(). */
void command_run(struct answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same as nobody. */
void command_run_as_nobody(struct answer *answer, const char *words);
void command_free(struct answer *answer);

/*
 * How often to do what is done @nr times: that many divided by VMLAB_FEWER, if it is set,
 * since a kernel that checks itself takes as much longer for each event that is traced.
 */
long command_many(long nr);

/* All that stands in a file, which is closed; to be freed. NULL where it cannot be read. */
char *command_text(int fd);
/* Lines in a text; an unfinished one counts. */
int command_lines(const char *text);

/*
 * The value at a path of names and array indices with dots between, as it stands
 * there; "{}" and "[]" for objects and arrays, "(missing)" where the path leads nowhere.
 */
const char *answer_at(const struct answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, as a number, decimal or "0x...". */
unsigned long long answer_number(const struct answer *answer, const char *path);
/* The same of row @row of `vmlab threads`. */
unsigned long long answer_of_thread(const struct answer *answer, int row, const char *name);
/* Elements of the array there, or -1. */
long answer_count(const struct answer *answer, const char *path);

#endif /* SELFTESTS_COMMAND_H */
