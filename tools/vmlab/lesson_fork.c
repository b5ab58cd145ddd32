// SPDX-License-Identifier: GPL-2.0-only
/*
 * lesson_fork.c - fork: what a child gets, and what is left of it as both write.
 *
 * What is shown is asked of the module at each step; the sentences say what to
 * look for, and are only printed where the answer bears them out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lesson.h"

static int compare(struct actor *actors, uint64_t start, uint64_t end,
		   struct vmlab_cow_pages *pages)
{
	struct vmlab_cow_range range;
	struct vmlab_cow *cow;
	int ret;

	ret = vmlab_cow_start(actors[0].target, actors[1].target, NULL, start, end, &cow);
	if (ret)
		return ret;
	do {
		ret = vmlab_cow_next(cow, &range);
	} while (ret > 0);
	*pages = *vmlab_cow_pages(cow);
	vmlab_cow_end(cow);
	return ret;
}

/* One row: the area, or all of both. */
static void show_sums(struct cli *cli, const char *what, const struct vmlab_cow_pages *pages)
{
	const uint64_t *of = pages->relation;
	const struct render_value v[] = {
		RENDER_V_TEXT(what),
		RENDER_V_NUM(of[VMLAB_COW_SHARED_COW]),
		RENDER_V_NUM(of[VMLAB_COW_SHARED_FILE]),
		RENDER_V_NUM(of[VMLAB_COW_DIVERGED]),
		RENDER_V_NUM(pages->copied[VMLAB_COW_COPIED_PARENT]),
		RENDER_V_NUM(pages->copied[VMLAB_COW_COPIED_CHILD]),
		RENDER_V_NUM(of[VMLAB_COW_PARENT_ONLY]),
		RENDER_V_NUM(of[VMLAB_COW_CHILD_ONLY]),
	};

	render_row(cli->render, v);
}

/* The two, compared; the sums of the area are left in @pages. */
static int show_step(struct cli *cli, const char *key, const char *title, struct actor *actors,
		     const struct area *area, struct vmlab_cow_pages *pages)
{
	static const struct render_field columns[] = {
		{ "what", "PAGES OF", RENDER_TEXT, 0 },
		{ "shared_cow", "SHARED", RENDER_NUM, 0 },
		{ "shared_file", "OF FILES", RENDER_NUM, 0 },
		{ "diverged", "DIVERGED", RENDER_NUM, 0 },
		{ "copied_parent", "BY PARENT", RENDER_NUM, 0 },
		{ "copied_child", "BY CHILD", RENDER_NUM, 0 },
		{ "only_parent", "PARENT ONLY", RENDER_NUM, 0 },
		{ "only_child", "CHILD ONLY", RENDER_NUM, 0 },
	};
	struct vmlab_cow_pages all;
	int ret;

	ret = compare(actors, area->va, area->end, pages);
	if (!ret)
		ret = compare(actors, 0, 0, &all);
	if (ret)
		return ret;
	render_table(cli->render, key, title, columns, sizeof(columns) / sizeof(columns[0]));
	show_sums(cli, "the area", pages);
	show_sums(cli, "everything", &all);
	render_table_end(cli->render);
	return 0;
}

static int write_pages(struct lesson_program *program, const char *who, uint64_t nr)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %llu", who, (unsigned long long)nr);
	return lesson_say(program, line, "wrote", NULL, 0);
}

/* Asks the program for its area, and it for its child. */
static int begin(struct cli *cli, struct lesson_program *program, struct actor *actors,
		 struct area *area)
{
	char answer[64];
	int ret;

	ret = lesson_area(cli, program, area);
	if (ret)
		return ret;
	render_note(cli->render, "A program (tools/lessons/fork.c) has written to %llu pages of its own: process %d.",
		    (unsigned long long)area->pages, (int)program->pid);
	ret = lesson_open_actor(cli, &actors[0], "parent", program->pid);
	if (!ret)
		ret = lesson_say(program, "fork", "child", answer, sizeof(answer));
	return ret ? ret : lesson_open_actor(cli, &actors[1], "child", atoi(answer));
}

static int lead(struct cli *cli, struct lesson_program *program, struct actor *actors)
{
	struct vmlab_cow_pages pages;
	struct area area;
	int ret;

	ret = begin(cli, program, actors, &area);
	if (!ret)
		ret = show_step(cli, "forked", "1. After fork", actors, &area, &pages);
	if (ret)
		return ret;
	if (pages.relation[VMLAB_COW_SHARED_COW] == area.pages)
		render_note(cli->render, "No page was copied. Both have all %llu of them, the same frames at the same addresses;\n"
			    "fork copied entries, and made them read-only. It left out those of files: they can be\n"
			    "faulted in again, so the parent alone has some of them.",
			    (unsigned long long)area.pages);
	ret = lesson_show_step(cli, "page", "The first page, in both", actors, 2, area.va);
	if (!ret)
		ret = write_pages(program, "child", 100);
	if (!ret)
		ret = show_step(cli, "child_wrote", "2. After the child has written to 100 pages", actors,
				&area, &pages);
	if (ret)
		return ret;
	if (pages.copied[VMLAB_COW_COPIED_CHILD] == 100)
		render_note(cli->render, "100 pages have diverged, and the child has the new frames: it has frames that are its\n"
			    "own, and the parent's wait for a write still. The others are shared as before.");
	ret = write_pages(program, "parent", 150);
	if (!ret)
		ret = show_step(cli, "parent_wrote", "3. After the parent has written to 150 pages, the same and more",
				actors, &area, &pages);
	if (!ret)
		ret = lesson_show_step(cli, "page_after", "The first page, in both", actors, 2, area.va);
	if (ret)
		return ret;
	if (pages.relation[VMLAB_COW_DIVERGED] == 150 && pages.copied[VMLAB_COW_COPIED_PARENT] == 50)
		render_note(cli->render, "50 more: these the parent copied. In the first 100 it got the old frames for its own;\n"
			    "now both have frames of their own, and nothing in them tells who copied. Whoever wants\n"
			    "to know looks before the writes: `vmlab snapshot`, then `vmlab cow --before`.");
	return 0;
}

static int run(struct cli *cli, const struct lesson *lesson)
{
	return lesson_run(cli, lesson, lead);
}

const struct lesson lesson_fork = {
	.name = "fork",
	.summary = "fork: what a child gets, and what is left of it as both write",
	.program = "vmlab-lesson-fork",
	.run = run,
};
