// SPDX-License-Identifier: GPL-2.0-only
/*
 * steps.c - what lessons share: processes that take part, looked at step by step.
 */
#include <errno.h>
#include <string.h>

#include "lesson.h"

enum { WHO, PID, VA, PFN, ENTRY, ASKED, ENFORCED, STATE, MAPCOUNT, CHANGE, NR_FIELDS };

static const struct render_field fields[] = {
	[WHO]		= { "process", "PROCESS", RENDER_TEXT, 0 },
	[PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
	[PFN]		= { "pfn", "FRAME", RENDER_NUM, 0 },
	[ENTRY]		= { "entry", "ENTRY", RENDER_HEX, 0 },
	[ASKED]		= { "asked", "ASKED", RENDER_PERMS, 0 },
	[ENFORCED]	= { "enforced", "ENFORCED", RENDER_PERMS, 0 },
	[STATE]		= { "state", "STATE", RENDER_STATE, 0 },
	[MAPCOUNT]	= { "mapcount", "MAPS", RENDER_NUM, 0 },
	[CHANGE]	= { "change", "CHANGED", RENDER_TEXT, 0 },
};

int lesson_look(struct actor *actor, uint64_t va)
{
	if (actor->seen) {
		actor->pfn_before = actor->now.out_leaf.pfn;
		actor->enforced_before = vmlab_facts_enforced(actor->now.out_leaf.facts);
	}
	return vmlab_target_walk(actor->target, va, &actor->now);
}

/* What is different from the last look, in words; "" at the first. */
static void describe_change(const struct actor *actor, char *buf, size_t size)
{
	struct vmlab_perms now = vmlab_facts_enforced(actor->now.out_leaf.facts);
	bool frame = actor->pfn_before != actor->now.out_leaf.pfn;
	bool perms = strcmp(actor->enforced_before.s, now.s);

	buf[0] = '\0';
	if (!actor->seen)
		return;
	if (frame && perms)
		snprintf(buf, size, "new frame, %s to %s", actor->enforced_before.s, now.s);
	else if (frame)
		snprintf(buf, size, "new frame");
	else if (perms)
		snprintf(buf, size, "%s to %s", actor->enforced_before.s, now.s);
	else
		snprintf(buf, size, "nothing");
}

static void show_actor(struct cli *cli, struct actor *actor)
{
	const struct vmlab_run *leaf = &actor->now.out_leaf;
	struct vmlab_perms asked = vmlab_facts_asked(leaf->facts);
	struct vmlab_perms enforced = vmlab_facts_enforced(leaf->facts);
	bool hidden = actor->now.out_flags & VMLAB_OUT_HIDDEN;
	struct render_value v[NR_FIELDS];
	char change[64];

	describe_change(actor, change, sizeof(change));
	v[WHO] = RENDER_V_TEXT(actor->role);
	v[PID] = RENDER_V_NUM(actor->pid);
	v[VA] = RENDER_V_NUM(actor->now.va);
	v[PFN] = hidden ? RENDER_V_NULL : RENDER_V_NUM(leaf->pfn);
	v[ENTRY] = hidden ? RENDER_V_NULL : RENDER_V_NUM(leaf->entry);
	v[ASKED] = RENDER_V_TEXT(asked.s);
	v[ENFORCED] = hidden ? RENDER_V_NULL : RENDER_V_TEXT(enforced.s);
	v[STATE] = RENDER_V_TEXT(vmlab_run_state(leaf, hidden, NULL));
	v[MAPCOUNT] = leaf->mapcount == VMLAB_MAPCOUNT_UNKNOWN ? RENDER_V_NULL :
		      RENDER_V_NUM(leaf->mapcount);
	v[CHANGE] = RENDER_V_TEXT(change);
	render_row(cli->render, v);
	actor->seen = true;
}

int lesson_show_step(struct cli *cli, const char *key, const char *title,
		     struct actor *actors, size_t nr, uint64_t va)
{
	size_t i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = lesson_look(&actors[i], va);
		if (ret)
			return ret;
	}
	render_table(cli->render, key, title, fields, NR_FIELDS);
	for (i = 0; i < nr; i++)
		show_actor(cli, &actors[i]);
	render_table_end(cli->render);
	return 0;
}

uint64_t lesson_pfn(const struct actor *actor)
{
	return actor->now.out_leaf.pfn;
}

bool lesson_writable(const struct actor *actor)
{
	return actor->now.out_leaf.facts & VMLAB_FACT_WRITE;
}

int lesson_area(struct cli *cli, struct lesson_program *program, struct area *area)
{
	unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	unsigned long long va, pages;
	char answer[64];
	int ret;

	ret = lesson_say(program, NULL, "area", answer, sizeof(answer));
	if (ret)
		return ret;
	if (sscanf(answer, "%llx %llu", &va, &pages) != 2)
		return -EPIPE;
	*area = (struct area) {
		.va = va,
		.end = va + ((uint64_t)pages << shift),
		.pages = pages,
		.shift = shift,
	};
	return 0;
}

int lesson_open_actor(struct cli *cli, struct actor *actor, const char *role, pid_t pid)
{
	int ret;

	actor->role = role;
	actor->pid = pid;
	cli->pid = pid;
	ret = vmlab_target_open(cli->session, pid, &actor->target);
	/* Without frames there is nothing to tell. */
	return !ret && vmlab_target_hidden(actor->target) ? -EPERM : ret;
}

int lesson_run(struct cli *cli, const struct lesson *lesson,
	       int (*lead)(struct cli *cli, struct lesson_program *program, struct actor *actors))
{
	char *name[] = { (char *)lesson->program, NULL };
	struct actor actors[LESSON_ACTORS] = { 0 };
	struct lesson_program program;
	size_t i;
	int ret;

	cli->cmd_argv = name;		/* for messages */
	ret = lesson_start(&program, lesson->program);
	if (ret)
		return cli_fail(cli, CLI_AT_LESSON, ret);
	render_begin(cli->render);
	ret = lead(cli, &program, actors);
	ret = ret ? cli_fail(cli, ret == -EPIPE || ret == -EPERM ? CLI_AT_LESSON : CLI_AT_QUERY, ret) :
		    cli_finish(cli);
	for (i = 0; i < LESSON_ACTORS; i++)
		vmlab_target_close(actors[i].target);
	lesson_stop(&program);
	return ret;
}
