/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lesson.h - a lesson: a small real program, led step by step, and what is seen.
 */
#ifndef LESSON_H
#define LESSON_H

#include "cli.h"

/**
 * struct lesson - one concept
 * @name: the word after `vmlab lesson`
 * @summary: one line
 * @program: its program, which is installed beside vmlab
 * @run: leads the program and shows what there is to see; an exit status
 */
struct lesson {
	const char *name;
	const char *summary;
	const char *program;
	int (*run)(struct cli *cli, const struct lesson *lesson);
};

extern const struct lesson lesson_cow;

/* A lesson's program, spoken to line by line (tools/lessons). */
struct lesson_program {
	pid_t pid;
	FILE *to;
	FILE *from;
};

/* program.c: 0 or -errno; -ENOENT: not found beside vmlab or on PATH. */
int lesson_start(struct lesson_program *program, const char *name);
/*
 * Says @line (NULL: nothing) and waits for an answer that starts with @want, whose
 * rest is copied to @answer. -EPIPE when the program ended or says something else.
 */
int lesson_say(struct lesson_program *program, const char *line, const char *want,
	       char *answer, size_t size);
/* Ends the program and everything it started. */
void lesson_stop(struct lesson_program *program);

#endif /* LESSON_H */
