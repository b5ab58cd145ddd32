// SPDX-License-Identifier: GPL-2.0-only
/*
 * lesson_touch.c - memory that was asked for, and memory that is there: demand paging,
 * and the zero page. Two lessons with one program.
 *
 * What is shown is asked of the module at each step; the sentences say what to
 * look for, and are only printed where the answer bears them out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lesson.h"

static int open_area(struct cli *cli, struct lesson_program *program, struct actor *actor,
		     struct area *area)
{
	int ret = lesson_area(cli, program, area);

	return ret ? ret : lesson_open_actor(cli, actor, "program", program->pid);
}

/* What is there of the area. */
struct resident {
	uint64_t pages;
	uint64_t zero;
	uint64_t own;
};

static int count(struct actor *actor, const struct area *area, struct resident *sum)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	memset(sum, 0, sizeof(*sum));
	ret = vmlab_scan_start(&scan, actor->target, area->va,
			       area->end, NULL, 0);
	if (ret)
		return ret;
	while ((ret = vmlab_scan_next(&scan, &run)) > 0) {
		uint64_t nr = (uint64_t)run.count << (run.shift - area->shift);

		sum->pages += nr;
		if (run.facts & VMLAB_FACT_ZERO)
			sum->zero += nr;
		if (run.facts & VMLAB_FACT_ANON)
			sum->own += nr;
	}
	vmlab_scan_end(&scan);
	return ret;
}

static int show_area(struct cli *cli, const char *key, const char *title, struct actor *actor,
		     const struct area *area, struct resident *sum)
{
	enum { START, ASKED, THERE, ZERO, OWN, BAR, NR };
	static const struct render_field columns[] = {
		[START]	= { "start", "START", RENDER_HEX, 0 },
		[ASKED]	= { "asked", "ASKED FOR", RENDER_NUM, 0 },
		[THERE]	= { "resident", "THERE", RENDER_NUM, 0 },
		[ZERO]	= { "zero", "ZERO PAGE", RENDER_NUM, 0 },
		[OWN]	= { "anon", "OWN", RENDER_NUM, 0 },
		[BAR]	= { NULL, "OF IT", RENDER_BAR, RENDER_PEOPLE },
	};
	struct render_value v[NR];
	int ret = count(actor, area, sum);

	if (ret)
		return ret;
	render_table(cli->render, key, title, columns, NR);
	v[START] = RENDER_V_NUM(area->va);
	v[ASKED] = RENDER_V_NUM(area->pages);
	v[THERE] = RENDER_V_NUM(sum->pages);
	v[ZERO] = RENDER_V_NUM(sum->zero);
	v[OWN] = RENDER_V_NUM(sum->own);
	v[BAR] = (struct render_value){ .num = sum->own, .nr = area->pages };
	render_row(cli->render, v);
	render_table_end(cli->render);
	return 0;
}

/* Has the program touch pages, and looks what that did. */
static int touch(struct lesson_program *program, const char *how, uint64_t page, uint64_t nr)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %llu %llu", how, (unsigned long long)page,
		 (unsigned long long)nr);
	return lesson_say(program, line, "done", NULL, 0);
}

static int lead_demand(struct cli *cli, struct lesson_program *program, struct actor *actor)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	struct resident sum;
	struct area area;
	unsigned int empty;
	uint64_t va;
	int ret;

	ret = open_area(cli, program, actor, &area);
	if (ret)
		return ret;
	va = area.va + (10ULL << area.shift);
	render_note(cli->render, "A program (tools/lessons/touch.c) has called malloc for %llu pages: process %d.",
		    (unsigned long long)area.pages, (int)program->pid);
	ret = show_area(cli, "asked", "1. After malloc", actor, &area, &sum);
	if (!ret)
		ret = lesson_look(actor, va);
	if (ret)
		return ret;
	if (!sum.pages)
		render_note(cli->render, "Nothing of it is there. malloc got a range of addresses, and a promise.");
	view_levels(cli->render, info, &actor->now);
	empty = info->out_levels - actor->now.out_nr_levels;
	if (!actor->now.out_leaf.count && empty)
		render_note(cli->render, "The translation of 0x%llx ends above the leaf: %u of the %u tables that it would\n"
			    "take are not there either.", (unsigned long long)va, empty,
			    info->out_levels);
	else if (!actor->now.out_leaf.count)
		render_note(cli->render, "The translation of 0x%llx ends at an entry that is empty: the next access faults.",
			    (unsigned long long)va);

	ret = touch(program, "write", 10, 1);
	if (!ret)
		ret = show_area(cli, "written", "2. After a byte was written to one page", actor, &area,
				&sum);
	if (!ret)
		ret = lesson_show_step(cli, "page", NULL, actor, 1, va);
	if (ret)
		return ret;
	if (sum.own == 1 && lesson_writable(actor))
		render_note(cli->render, "The write faulted, the kernel took frame %llu, filled it with zeroes and put it there:\n"
			    "one page, and not a byte of the others. The program noticed nothing but the time.",
			    (unsigned long long)lesson_pfn(actor));

	ret = touch(program, "write", 0, area.pages / 2);
	if (!ret)
		ret = show_area(cli, "half", "3. After half of it was written to", actor, &area, &sum);
	if (ret)
		return ret;
	if (sum.own == area.pages / 2)
		render_note(cli->render, "Memory is given when it is touched, page by page: %llu of %llu. What ps calls VSZ was\n"
			    "all of it from the start; RSS grows with the faults.",
			    (unsigned long long)sum.own, (unsigned long long)area.pages);
	return 0;
}

static int lead_zero(struct cli *cli, struct lesson_program *program, struct actor *actor)
{
	struct resident sum;
	struct area area;
	uint64_t va, zero;
	int ret;

	ret = open_area(cli, program, actor, &area);
	if (ret)
		return ret;
	va = area.va + (20ULL << area.shift);
	render_note(cli->render, "A program (tools/lessons/touch.c) has %llu pages that nobody has touched: process %d.",
		    (unsigned long long)area.pages, (int)program->pid);
	ret = touch(program, "read", 16, 16);
	if (!ret)
		ret = show_area(cli, "read", "1. After 16 pages were read", actor, &area, &sum);
	if (!ret)
		ret = lesson_show_step(cli, "page_read", NULL, actor, 1, va);
	if (ret)
		return ret;
	zero = lesson_pfn(actor);
	if (sum.zero == 16 && !lesson_writable(actor))
		render_note(cli->render, "Whoever reads what nobody has written reads zeroes: the kernel has one page of them\n"
			    "for everybody. All 16 addresses mean frame %llu, and none of them may be written\n"
			    "to, whatever was asked (rw-). It is not counted as memory of the program.",
			    (unsigned long long)zero);

	ret = touch(program, "write", 20, 1);
	if (!ret)
		ret = show_area(cli, "written", "2. After one of them was written to", actor, &area, &sum);
	if (!ret)
		ret = lesson_show_step(cli, "page_written", NULL, actor, 1, va);
	if (ret)
		return ret;
	if (sum.zero == 15 && sum.own == 1 && lesson_pfn(actor) != zero)
		render_note(cli->render, "The write faulted: it got a frame of its own, %llu, and the other 15 are the zero\n"
			    "page still. To read first and write later costs two faults where one would do.",
			    (unsigned long long)lesson_pfn(actor));
	return 0;
}

static int run_demand(struct cli *cli, const struct lesson *lesson)
{
	return lesson_run(cli, lesson, lead_demand);
}

static int run_zero(struct cli *cli, const struct lesson *lesson)
{
	return lesson_run(cli, lesson, lead_zero);
}

const struct lesson lesson_demand = {
	.name = "demand",
	.summary = "demand paging: what malloc gives, and when it becomes real",
	.program = "vmlab-lesson-touch",
	.run = run_demand,
};

const struct lesson lesson_zero = {
	.name = "zero",
	.summary = "the zero page: what a read of untouched memory finds",
	.program = "vmlab-lesson-touch",
	.run = run_zero,
};
