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
extern const struct lesson lesson_demand;
extern const struct lesson lesson_fork;
extern const struct lesson lesson_zero;

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

/**
 * struct actor - a process that takes part
 * @role: what the lesson calls it
 * @pid: of it
 * @target: opened by lesson_open_actor()
 * @now: the last look
 * @pfn_before: frame in the look before that
 * @enforced_before: and what was permitted
 * @seen: looked at, and shown, before
 */
struct actor {
	const char *role;
	pid_t pid;
	struct vmlab_target *target;
	struct vmlab_walk now;
	uint64_t pfn_before;
	struct vmlab_perms enforced_before;
	bool seen;
};

#define LESSON_ACTORS	2

/* The memory that a lesson's program asked for. */
struct area {
	uint64_t va;
	uint64_t end;
	uint64_t pages;
	unsigned int shift;	/* log2 of a page */
};

/* steps.c: all that look return 0 or -errno. */
/*
 * Starts the lesson's program, has @lead lead it and show a document, and ends both;
 * an exit status. Targets of the actors are closed.
 */
int lesson_run(struct cli *cli, const struct lesson *lesson,
	       int (*lead)(struct cli *cli, struct lesson_program *program,
			   struct actor *actors));
/* Waits for the program to say where its area is. 0 or -errno. */
int lesson_area(struct cli *cli, struct lesson_program *program, struct area *area);
/* -EPERM also where frames are withheld: without them there is nothing to tell. */
int lesson_open_actor(struct cli *cli, struct actor *actor, const char *role, pid_t pid);
int lesson_look(struct actor *actor, uint64_t va);
/* Looks at @nr actors and shows them under @title: one page, in each of them. */
int lesson_show_step(struct cli *cli, const char *key, const char *title,
		     struct actor *actors, size_t nr, uint64_t va);
uint64_t lesson_pfn(const struct actor *actor);
bool lesson_writable(const struct actor *actor);

#endif /* LESSON_H */
