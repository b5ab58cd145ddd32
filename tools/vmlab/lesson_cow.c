// SPDX-License-Identifier: GPL-2.0-only
/*
 * lesson_cow.c - copy-on-write: one page, before and after fork, before and after
 * each process writes to it.
 *
 * What is shown is asked of the module at each step; the sentences say what to
 * look for, and are only printed where the answer bears them out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lesson.h"

/* Pages of a region that are there, and how many of those are its own. */
static int count_region(struct actor *actor, const struct vmlab_region *region,
			unsigned int shift, uint64_t *resident, uint64_t *anon)
{
	const struct vmlab_filter present = { .all_of = VMLAB_FACT_PRESENT };
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret;

	*resident = 0;
	*anon = 0;
	ret = vmlab_scan_start(&scan, actor->target, region->start, region->end, &present, 0);
	if (ret)
		return ret;
	while ((ret = vmlab_scan_next(&scan, &run)) > 0) {
		*resident += (uint64_t)run.count << (run.shift - shift);
		if (run.facts & VMLAB_FACT_ANON)
			*anon += (uint64_t)run.count << (run.shift - shift);
	}
	vmlab_scan_end(&scan);
	return ret;
}

static int show_memory(struct cli *cli, struct actor *parent, uint64_t va)
{
	enum { M_START, M_END, M_SIZE, M_ASKED, M_RESIDENT, M_OWN, M_BAR, M_NAME, M_NR };
	static const struct render_field columns[] = {
		[M_START]	= { "start", "START", RENDER_HEX, 0 },
		[M_END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
		[M_SIZE]	= { "size", "SIZE", RENDER_SIZE, 0 },
		[M_ASKED]	= { "asked", "ASKED", RENDER_PERMS, 0 },
		[M_RESIDENT]	= { "resident", "PAGES", RENDER_NUM, 0 },
		[M_OWN]		= { "anon", "OWN", RENDER_NUM, 0 },
		[M_BAR]		= { NULL, "RESIDENT", RENDER_BAR, RENDER_PEOPLE },
		[M_NAME]	= { "name", "WHAT", RENDER_TEXT, RENDER_LONG },
	};
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	struct vmlab_regions regions;
	char asked[4], name[128];
	size_t i;
	int ret;

	ret = vmlab_regions_read(cli->session, parent->pid, &regions);
	if (ret)
		return ret;
	render_table(cli->render, "regions", "Where its memory lies, low addresses first", columns,
		     M_NR);
	for (i = 0; i < regions.nr && !ret; i++) {
		const struct vmlab_region *r = &regions.v[i];
		struct render_value v[M_NR];
		uint64_t resident, anon;

		/* [vsyscall] lies in the kernel half: not a page of the process. */
		if (r->end > vmlab_session_info(cli->session)->out_user_end)
			continue;
		ret = count_region(parent, r, shift, &resident, &anon);
		if (ret)
			break;
		snprintf(asked, sizeof(asked), "%.3s", r->perms);
		snprintf(name, sizeof(name), "%s%s", r->name[0] ? r->name : "(anonymous)",
			 r->start <= va && va < r->end ? "  <- our page" : "");
		v[M_START] = RENDER_V_NUM(r->start);
		v[M_END] = RENDER_V_NUM(r->end);
		v[M_SIZE] = RENDER_V_NUM(r->end - r->start);
		v[M_ASKED] = RENDER_V_TEXT(asked);
		v[M_RESIDENT] = RENDER_V_NUM(resident);
		v[M_OWN] = RENDER_V_NUM(anon);
		v[M_BAR] = (struct render_value){
			.num = resident, .nr = (r->end - r->start) >> shift,
		};
		v[M_NAME] = RENDER_V_TEXT(cli->json ? r->name : name);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
	vmlab_regions_free(&regions);
	return ret;
}

/* From the first page to the last write; -errno where something did not answer. */
static int lead(struct cli *cli, struct lesson_program *program, struct actor *actors)
{
	struct actor *parent = &actors[0], *child = &actors[1];
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	char answer[64];
	uint64_t va, old;
	int ret;

	ret = lesson_say(program, NULL, "page", answer, sizeof(answer));
	if (ret)
		return ret;
	if (!cli_parse_va(answer, &va))
		return -EPIPE;
	ret = lesson_open_actor(cli, parent, "parent", program->pid);
	if (ret)
		return ret;

	render_note(cli->render, "A program (tools/lessons/cow.c) has a page of its own and wrote to it: process %d, address 0x%llx.",
		    (int)program->pid, (unsigned long long)va);
	ret = show_memory(cli, parent, va);
	if (ret)
		return ret;
	ret = lesson_look(parent, va);
	if (ret)
		return ret;
	view_levels(cli->render, info, &parent->now);
	render_note(cli->render, "That is the translation of 0x%llx: %u entries, from the root of the tables down to",
		    (unsigned long long)va, parent->now.out_nr_levels);
	render_note(cli->render, "frame %llu. Each entry must allow an access, or the processor refuses it.",
		    (unsigned long long)lesson_pfn(parent));
	ret = lesson_show_step(cli, "before", "1. Before fork", actors, 1, va);
	if (ret)
		return ret;
	if (lesson_writable(parent))
		render_note(cli->render, "The page is asked to be writable, and it is: the frame is the parent's alone.");

	ret = lesson_say(program, "fork", "child", answer, sizeof(answer));
	if (ret)
		return ret;
	ret = lesson_open_actor(cli, child, "child", atoi(answer));
	if (ret)
		return ret;
	ret = lesson_show_step(cli, "forked", "2. After fork, nobody has written yet", actors, 2, va);
	if (ret)
		return ret;
	if (lesson_pfn(parent) == lesson_pfn(child) && !lesson_writable(parent) && !lesson_writable(child))
		render_note(cli->render, "One frame, two address spaces: fork copied the entry, not the page, and took away\n"
			    "the write permission on both sides. What is asked (rw-) and what is enforced (r--)\n"
			    "now differ: the next write faults, and the kernel gets its chance to copy.");

	old = lesson_pfn(parent);
	ret = lesson_say(program, "child", "wrote", NULL, 0);
	if (ret)
		return ret;
	ret = lesson_show_step(cli, "child_wrote", "3. After the child has written", actors, 2, va);
	if (ret)
		return ret;
	if (lesson_pfn(child) != old && lesson_pfn(parent) == old)
		render_note(cli->render, "Copy-on-write: the child's write faulted, the kernel copied frame %llu to frame %llu\n"
			    "and gave the child that one, writable. The same address now means two frames.\n"
			    "The parent keeps the old frame, still write-protected: nobody has told it yet\n"
			    "that it is the last one to use it.",
			    (unsigned long long)old, (unsigned long long)lesson_pfn(child));

	ret = lesson_say(program, "parent", "wrote", NULL, 0);
	if (ret)
		return ret;
	ret = lesson_show_step(cli, "parent_wrote", "4. After the parent has written, too", actors, 2, va);
	if (ret)
		return ret;
	if (lesson_pfn(parent) == old && lesson_writable(parent))
		render_note(cli->render, "No copy this time: the parent's write faulted as well, but the kernel found that\n"
			    "nobody else maps frame %llu, and just gave the write permission back.",
			    (unsigned long long)old);
	return 0;
}

static int run(struct cli *cli, const struct lesson *lesson)
{
	return lesson_run(cli, lesson, lead);
}

const struct lesson lesson_cow = {
	.name = "cow",
	.summary = "copy-on-write: what fork shares, and which write breaks it",
	.program = "vmlab-lesson-cow",
	.run = run,
};
