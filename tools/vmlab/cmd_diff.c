// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_diff.c - what changed between two snapshots.
 *
 * Both are recordings; nothing is asked of this machine.
 */
#include <errno.h>
#include <string.h>

#include "cli.h"

/* What is shown of a page, once for each side. */
enum {
	THERE, PFN, STATE, ASKED, ENFORCED, SIZE, ACCESSED, DIRTY, SOFT_DIRTY, MAPCOUNT,
	EXCLUSIVE, SWAP_TYPE, SWAP_OFFSET, NR_SIDE
};

enum {
	VA, COUNT, WHAT, FROM, TO = FROM + NR_SIDE, P_FROM = TO + NR_SIDE, P_TO, REGION, NR_FIELDS
};

#define SIDE(_at, _name)							\
	[_at + THERE]		= { _name ".there", NULL, RENDER_BOOL, RENDER_PROGRAMS }, \
	[_at + PFN]		= { _name ".pfn", NULL, RENDER_NUM, RENDER_PROGRAMS }, \
	[_at + STATE]		= { _name ".state", NULL, RENDER_STATE, RENDER_PROGRAMS }, \
	[_at + ASKED]		= { _name ".asked", NULL, RENDER_PERMS, RENDER_PROGRAMS }, \
	[_at + ENFORCED]	= { _name ".enforced", NULL, RENDER_PERMS, RENDER_PROGRAMS }, \
	[_at + SIZE]		= { _name ".size", NULL, RENDER_SIZE, RENDER_PROGRAMS }, \
	[_at + ACCESSED]	= { _name ".accessed", NULL, RENDER_BOOL, RENDER_PROGRAMS }, \
	[_at + DIRTY]		= { _name ".dirty", NULL, RENDER_BOOL, RENDER_PROGRAMS }, \
	[_at + SOFT_DIRTY]	= { _name ".soft_dirty", NULL, RENDER_BOOL, RENDER_PROGRAMS }, \
	[_at + MAPCOUNT]	= { _name ".mapcount", NULL, RENDER_NUM, RENDER_PROGRAMS }, \
	[_at + EXCLUSIVE]	= { _name ".exclusive", NULL, RENDER_BOOL, RENDER_PROGRAMS }, \
	[_at + SWAP_TYPE]	= { _name ".swap_type", NULL, RENDER_NUM, RENDER_PROGRAMS }, \
	[_at + SWAP_OFFSET]	= { _name ".swap_offset", NULL, RENDER_NUM, RENDER_PROGRAMS }

static const struct render_field fields[] = {
	[VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },
	[COUNT]		= { "count", "PAGES", RENDER_NUM, 0 },
	[WHAT]		= { "what", "CHANGED", RENDER_LIST, 0 },
	SIDE(FROM, "from"),
	SIDE(TO, "to"),
	[P_FROM]	= { NULL, "FROM", RENDER_TEXT, RENDER_PEOPLE },
	[P_TO]		= { NULL, "TO", RENDER_TEXT, RENDER_PEOPLE },
	[REGION]	= { NULL, "IN", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
};

/* One of the two files. */
struct side {
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_snapshot snapshot;
	struct vmlab_regions regions;
};

static int open_side(struct cli *cli, struct side *side, const char *path)
{
	int ret;

	cli->subject = path;
	ret = vmlab_session_replay(path, &side->session);
	if (ret)
		return cli_fail(cli, CLI_AT_REPLAY, ret);
	ret = vmlab_snapshot_open(side->session, &side->target, &side->snapshot);
	if (!ret)
		ret = vmlab_regions_read(side->session, side->snapshot.pid, &side->regions);
	return ret ? cli_fail(cli, CLI_AT_SNAPSHOT, ret) : CLI_OK;
}

static void close_side(struct side *side)
{
	vmlab_regions_free(&side->regions);
	vmlab_target_close(side->target);
	vmlab_session_close(side->session);
}

static void show_side(struct cli *cli, const char *key, const struct side *side)
{
	static const struct render_field of_side[] = {
		{ "pid", NULL, RENDER_NUM, 0 },
		{ "comm", NULL, RENDER_TEXT, 0 },
		{ "kernel", NULL, RENDER_TEXT, 0 },
		{ "arch", NULL, RENDER_TEXT, 0 },
		{ "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },
	};
	const struct vmlab_info *info = vmlab_session_info(side->session);
	struct render *r = cli->render;

	render_object(r, key, key);
	render_put(r, &of_side[0], RENDER_V_NUM(side->snapshot.pid));
	render_put(r, &of_side[1], RENDER_V_TEXT(side->snapshot.comm));
	render_put(r, &of_side[2], RENDER_V_TEXT(vmlab_session_release(side->session)));
	render_put(r, &of_side[3], RENDER_V_TEXT(vmlab_arch_name(info->out_arch)));
	render_put(r, &of_side[4], RENDER_V_NUM(side->snapshot.ns));
	render_object_end(r);
}

/* A fact of a page, where it can be known. */
static struct render_value fact(const struct vmlab_leaf *leaf, uint64_t bit, bool known)
{
	return known && leaf->there ? RENDER_V_NUM(!!(leaf->facts & bit)) : RENDER_V_NULL;
}

/* What both sides of a difference need to be told. */
struct known {
	uint64_t facts;
	bool hidden;
};

struct words {
	const char *state;
	struct vmlab_perms asked;
	struct vmlab_perms enforced;
	char people[64];
};

/* For people: frame, state, permission. */
static void tell(const struct vmlab_leaf *leaf, const struct known *known, struct words *w)
{
	const char *state = w->state ? w->state : "?";

	if (!leaf->there)
		snprintf(w->people, sizeof(w->people), "-");
	else if (known->hidden || leaf->pfn == VMLAB_PFN_NONE)
		snprintf(w->people, sizeof(w->people), "%s", w->state ? state : "there");
	else
		snprintf(w->people, sizeof(w->people), "%llu %s %s",
			 (unsigned long long)leaf->pfn, state, w->enforced.s);
}

static void leaf_values(const struct vmlab_leaf *leaf, const struct known *known,
			const struct vmlab_region *region, struct words *w,
			struct render_value *v)
{
	const struct vmlab_run run = { .facts = leaf->facts };
	bool seen = leaf->there && !known->hidden;
	bool swap = seen && (leaf->facts & VMLAB_FACT_SWAP);
	bool frame = seen && (leaf->facts & (VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE));
	bool anon = leaf->facts & VMLAB_FACT_ANON;

	w->state = leaf->there ? vmlab_run_state(&run, known->hidden, region) : NULL;
	w->asked = vmlab_facts_asked(leaf->facts);
	w->enforced = vmlab_facts_enforced(leaf->facts);
	tell(leaf, known, w);
	v[THERE] = RENDER_V_NUM(leaf->there);
	v[PFN] = seen && !swap && leaf->pfn != VMLAB_PFN_NONE ?
		 RENDER_V_NUM(leaf->pfn) : RENDER_V_NULL;
	v[STATE] = RENDER_V_TEXT(w->state);
	v[ASKED] = leaf->there && (known->facts & VMLAB_FACT_VMA) ?
		   RENDER_V_TEXT(w->asked.s) : RENDER_V_NULL;
	v[ENFORCED] = RENDER_V_TEXT(seen ? w->enforced.s : NULL);
	v[SIZE] = leaf->there && (known->facts & VMLAB_FACT_HUGE) ?
		  RENDER_V_NUM(1ULL << leaf->shift) : RENDER_V_NULL;
	v[ACCESSED] = fact(leaf, VMLAB_FACT_ACCESSED, frame);
	v[DIRTY] = fact(leaf, VMLAB_FACT_DIRTY, frame);
	v[SOFT_DIRTY] = fact(leaf, VMLAB_FACT_SOFT_DIRTY,
			     known->facts & VMLAB_FACT_SOFT_DIRTY);
	v[MAPCOUNT] = leaf->there && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		      RENDER_V_NUM(leaf->mapcount) : RENDER_V_NULL;
	v[EXCLUSIVE] = swap ? fact(leaf, VMLAB_FACT_SWAP_EXCLUSIVE, true) :
		       fact(leaf, VMLAB_FACT_EXCLUSIVE, frame && anon);
	v[SWAP_TYPE] = swap ? RENDER_V_NUM(leaf->swap_type) : RENDER_V_NULL;
	v[SWAP_OFFSET] = swap ? RENDER_V_NUM(leaf->pfn) : RENDER_V_NULL;
}

static void show_range(struct cli *cli, const struct vmlab_diff_range *range,
		       const struct known *known, const struct side *sides)
{
	const struct vmlab_region *before = vmlab_regions_find(&sides[0].regions, range->va);
	const struct vmlab_region *after = vmlab_regions_find(&sides[1].regions, range->va);
	const char *names[VMLAB_DIFF_NR];
	struct render_value v[NR_FIELDS];
	struct words from, to;
	unsigned int i;
	size_t nr = 0;

	for (i = 0; i < VMLAB_DIFF_NR; i++)
		if (range->what & (1U << i))
			names[nr++] = vmlab_diff_name(i);
	leaf_values(&range->from, known, before, &from, v + FROM);
	leaf_values(&range->to, known, after, &to, v + TO);
	v[VA] = RENDER_V_NUM(range->va);
	v[COUNT] = RENDER_V_NUM(range->nr_pages);
	v[WHAT] = RENDER_V_LIST(names, nr);
	v[P_FROM] = RENDER_V_TEXT(from.people);
	v[P_TO] = RENDER_V_TEXT(to.people);
	v[REGION] = RENDER_V_TEXT(after ? after->name : before ? before->name : "");
	render_row(cli->render, v);
}

/* Base pages; those of a kind that could not be seen are not known to be none. */
static void show_totals(struct cli *cli, const struct vmlab_diff *diff, uint64_t nr_ranges,
			bool frames, bool hidden)
{
	static const struct {
		struct render_field field;
		uint64_t facts;		/* without which it cannot be told */
		bool hidden;		/* nor without frames */
	} totals[VMLAB_DIFF_NR] = {
		{ { "appeared", "appeared", RENDER_NUM, 0 }, 0, false },
		{ { "gone", "gone", RENDER_NUM, 0 }, 0, false },
		{ { "frame", "frame", RENDER_NUM, 0 }, 0, true },
		{ { "state", "state", RENDER_NUM, 0 }, 0, true },
		{ { "asked", "asked", RENDER_NUM, 0 }, VMLAB_FACT_VMA, false },
		{ { "enforced", "enforced", RENDER_NUM, 0 }, VMLAB_FACT_READ, true },
		{ { "size", "size", RENDER_NUM, 0 }, VMLAB_FACT_HUGE, false },
		{ { "accessed", "accessed", RENDER_NUM, 0 }, VMLAB_FACT_ACCESSED, true },
		{ { "dirty", "dirty", RENDER_NUM, 0 }, VMLAB_FACT_DIRTY, true },
		{ { "soft_dirty", "soft-dirty", RENDER_NUM, 0 }, VMLAB_FACT_SOFT_DIRTY, false },
	};
	static const struct render_field ranges = { "ranges", "ranges", RENDER_NUM, 0 };
	static const struct render_field pages = { "pages", "pages", RENDER_NUM, 0 };
	const uint64_t *nums = vmlab_diff_pages(diff);
	const uint64_t facts = vmlab_diff_facts(diff);
	size_t i;

	render_object(cli->render, "totals", "totals");
	render_put(cli->render, &ranges, RENDER_V_NUM(nr_ranges));
	render_put(cli->render, &pages, RENDER_V_NUM(nums[VMLAB_DIFF_NR]));
	for (i = 0; i < VMLAB_DIFF_NR; i++) {
		bool known = (facts & totals[i].facts) == totals[i].facts &&
			     !(hidden && totals[i].hidden) &&
			     (frames || 1U << i != VMLAB_DIFF_FRAME);

		render_put(cli->render, &totals[i].field,
			   known ? RENDER_V_NUM(nums[i]) : RENDER_V_NULL);
	}
	render_object_end(cli->render);
}

static int show(struct cli *cli, struct vmlab_diff *diff, const struct side *sides, bool frames)
{
	static const struct render_field same_boot = { "same_boot", "same boot", RENDER_BOOL, 0 };
	static const struct render_field withheld = {
		"hidden", "withheld", RENDER_BOOL, RENDER_PROGRAMS
	};
	const struct known known = {
		.facts = vmlab_diff_facts(diff),
		.hidden = vmlab_target_hidden(sides[0].target) ||
			  vmlab_target_hidden(sides[1].target),
	};
	struct vmlab_diff_range range;
	uint64_t nr = 0;
	int ret;

	render_begin(cli->render);
	show_side(cli, "from", &sides[0]);
	show_side(cli, "to", &sides[1]);
	render_put(cli->render, &same_boot, RENDER_V_NUM(frames));
	if (known.hidden)
		render_put(cli->render, &withheld, RENDER_V_NUM(1));
	render_table(cli->render, "changed", NULL, fields, NR_FIELDS);
	while ((ret = vmlab_diff_next(diff, &range)) > 0 && !cli_interrupted()) {
		show_range(cli, &range, &known, sides);
		nr++;
	}
	render_table_end(cli->render);
	show_totals(cli, diff, nr, frames, known.hidden);
	return ret > 0 ? -EINTR : ret;
}

/* Frames name memory of one boot; of another boot, or machine, they name other memory. */
static bool of_one_boot(const struct side *sides)
{
	return sides[0].snapshot.boot[0] &&
	       !strcmp(sides[0].snapshot.boot, sides[1].snapshot.boot);
}

static int run(struct cli *cli)
{
	struct side sides[2] = { 0 };
	struct vmlab_diff *diff = NULL;
	bool frames;
	int ret;

	if (cli->cmd_argv || cli->argc != 2)
		return cli_usage(cli, "it takes two snapshots");
	ret = open_side(cli, &sides[0], cli->argv[0]);
	if (!ret)
		ret = open_side(cli, &sides[1], cli->argv[1]);
	if (ret)
		goto out;
	frames = of_one_boot(sides);
	ret = vmlab_diff_start(sides[0].target, sides[1].target, frames, &diff);
	if (!ret) {
		cli_catch_interrupts(true);
		ret = show(cli, diff, sides, frames);
		cli_catch_interrupts(false);
	}
	ret = ret ? cli_fail(cli, ret == -EINTR ? CLI_AT_QUERY : CLI_AT_SNAPSHOT, ret) :
		    cli_finish(cli);
	vmlab_diff_end(diff);
out:
	close_side(&sides[1]);
	close_side(&sides[0]);
	return ret;
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "FILE FILE",
	.summary = "what changed between two snapshots",
	.help = "FILE is what `vmlab snapshot` made, here or on another machine. FROM and TO: frame,\n"
		"state, permission. Map counts are other processes' business, and no change.\n",
	.unrecorded = "it reads recordings: it takes neither --record nor --replay",
	.run = run,
};
