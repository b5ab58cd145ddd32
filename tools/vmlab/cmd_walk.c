// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_walk.c - one translation, level by level.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { VA, CANONICAL, HALF, MAPPED, ASKED, ENFORCED, USER, WHY, STATE, MAPCOUNT, TAG };

static const struct render_field fields[] = {
	[VA]		= { "va", "address", RENDER_HEX, 0 },
	[CANONICAL]	= { "canonical", "canonical", RENDER_BOOL, RENDER_PROGRAMS },
	[HALF]		= { "half", "half", RENDER_TEXT, 0 },
	[MAPPED]	= { "mapped", "mapped", RENDER_BOOL, 0 },
	[ASKED]		= { "asked", "asked", RENDER_PERMS, 0 },
	[ENFORCED]	= { "enforced", "enforced", RENDER_PERMS, 0 },
	[USER]		= { "user", "user mode", RENDER_BOOL, 0 },
	[WHY]		= { "why", "because", RENDER_LIST, 0 },
	[STATE]		= { "state", "state", RENDER_STATE, 0 },
	[MAPCOUNT]	= { "mapcount", "mapcount", RENDER_NUM, 0 },
	[TAG]		= { "tag", "tlb tag", RENDER_NUM, 0 },
};

enum { R_START, R_END, R_ASKED, R_NAME, R_OFFSET };

static const struct render_field region_fields[] = {
	[R_START]	= { "start", NULL, RENDER_HEX, 0 },
	[R_END]		= { "end", "to", RENDER_HEX, 0 },
	[R_ASKED]	= { "asked", NULL, RENDER_PERMS, 0 },
	[R_NAME]	= { "name", NULL, RENDER_TEXT, 0 },
	[R_OFFSET]	= { "offset", "offset", RENDER_HEX, 0 },
};

enum { F_LEVEL, F_SIZE, F_PFN, F_PA, F_MEMORY_TYPE, F_PKEY };

static const struct render_field leaf_fields[] = {
	[F_LEVEL]	= { "level", NULL, RENDER_TEXT, 0 },
	[F_SIZE]	= { "size", NULL, RENDER_SIZE, 0 },
	[F_PFN]		= { "pfn", "pfn", RENDER_NUM, 0 },
	[F_PA]		= { "pa", "pa", RENDER_HEX, 0 },
	[F_MEMORY_TYPE]	= { "memory_type", "memory", RENDER_TEXT, 0 },
	[F_PKEY]	= { "pkey", NULL, RENDER_NUM, RENDER_PROGRAMS },
};

static void show_region(struct render *r, const struct vmlab_region *region)
{
	char asked[4];

	if (!region) {
		render_no_object(r, "region");
		render_note(r, "the address lies in no mapping");
		return;
	}
	snprintf(asked, sizeof(asked), "%.3s", region->perms);
	render_object(r, "region", "region");
	render_put(r, &region_fields[R_START], RENDER_V_NUM(region->start));
	render_put(r, &region_fields[R_END], RENDER_V_NUM(region->end));
	render_put(r, &region_fields[R_ASKED], RENDER_V_TEXT(asked));
	render_put(r, &region_fields[R_NAME], RENDER_V_TEXT(region->name));
	render_put(r, &region_fields[R_OFFSET], RENDER_V_NUM(region->offset));
	render_object_end(r);
}

static void show_leaf(struct render *r, const struct vmlab_info *info,
		      const struct vmlab_walk *walk, bool hidden)
{
	const struct vmlab_run *leaf = &walk->out_leaf;
	bool framed = !hidden && leaf->pfn != VMLAB_PFN_NONE &&
		      vmlab_run_kind(leaf) == VMLAB_BIT_LEAF;

	if (!leaf->count || vmlab_run_kind(leaf) != VMLAB_BIT_LEAF) {
		render_no_object(r, "leaf");
		return;
	}
	render_object(r, "leaf", "leaf");
	render_put(r, &leaf_fields[F_LEVEL], RENDER_V_TEXT(vmlab_level_name(info, leaf->level)));
	render_put(r, &leaf_fields[F_SIZE], RENDER_V_NUM(1ULL << leaf->shift));
	render_put(r, &leaf_fields[F_PFN], framed ? RENDER_V_NUM(leaf->pfn) : RENDER_V_NULL);
	render_put(r, &leaf_fields[F_PA],
		   framed ? RENDER_V_NUM((leaf->pfn << info->out_page_shift) +
					 (walk->va - leaf->va)) : RENDER_V_NULL);
	render_put(r, &leaf_fields[F_MEMORY_TYPE],
		   hidden ? RENDER_V_NULL : view_memory_type(info, leaf));
	render_put(r, &leaf_fields[F_PKEY], hidden ? RENDER_V_NULL : view_pkey(info, leaf));
	render_object_end(r);
}

/* The VMA's own reasons; none where nobody tells: recordings of old, some callers. */
static size_t vma_why(struct cli *cli, uint64_t va, const char **why)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	uint64_t page = va & ~((1ULL << info->out_page_shift) - 1);
	struct vmlab_vma *vmas;
	size_t nr = 0;

	if (vmlab_target_vmas(cli->target, page, page + (1ULL << info->out_page_shift),
			      &vmas) > 0)
		nr = vmlab_vma_why(&vmas[0], why);
	free(vmas);
	return nr;
}

static void show_verdict(struct cli *cli, const struct vmlab_walk *walk, bool hidden,
			 const struct vmlab_region *region)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	struct render *r = cli->render;
	const struct vmlab_run *leaf = &walk->out_leaf;
	struct vmlab_perms asked = vmlab_facts_asked(leaf->facts);
	struct vmlab_perms enforced = vmlab_facts_enforced(leaf->facts);
	const char *why[VMLAB_WHY_MAX];
	size_t nr = vmlab_run_why(info, leaf, why);

	/* Without a leaf only the region knows what was asked. */
	if (!leaf->count && region) {
		snprintf(asked.s, sizeof(asked.s), "%.3s", region->perms);
		if (strcmp(asked.s, "---"))
			why[nr++] = "not-present";
	}
	if (region && !hidden)
		nr += vma_why(cli, walk->va, why + nr);
	render_put(r, &fields[ASKED],
		   leaf->count || region ? RENDER_V_TEXT(asked.s) : RENDER_V_NULL);
	render_put(r, &fields[ENFORCED], hidden ? RENDER_V_NULL : RENDER_V_TEXT(enforced.s));
	render_put(r, &fields[WHY], hidden ? RENDER_V_NULL : RENDER_V_LIST(why, nr));
	render_put(r, &fields[STATE], RENDER_V_TEXT(vmlab_run_state(leaf, hidden, region)));
	render_put(r, &fields[MAPCOUNT],
		   leaf->count && leaf->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		   RENDER_V_NUM(leaf->mapcount) : RENDER_V_NULL);
}

/*
 * What a TLB tags it with. People are only told where there is one: that it is not known
 * (of a CPU, withheld, an older module) says nothing of the translation.
 */
static void show_tag(struct cli *cli)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	struct vmlab_mm_tags tags = { .tag = VMLAB_TAG_NONE };
	struct vmlab_mm mm;

	if (vmlab_tagging(info) != VMLAB_TAGGING_NONE && !vmlab_target_mm(cli->target, &mm))
		vmlab_mm_tags(info, &mm, &tags);
	if (tags.tag != VMLAB_TAG_NONE)
		render_put(cli->render, &fields[TAG], RENDER_V_NUM(tags.tag));
	else if (cli->json)
		render_put(cli->render, &fields[TAG], RENDER_V_NULL);
}

static int show(struct cli *cli, const struct vmlab_walk *walk,
		const struct vmlab_regions *regions)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	const struct vmlab_region *region = vmlab_regions_find(regions, walk->va);
	bool hidden = walk->out_flags & VMLAB_OUT_HIDDEN;
	struct render *r = cli->render;

	render_put(r, &fields[MAPPED], RENDER_V_NUM(!!(walk->out_flags & VMLAB_OUT_MAPPED)));
	show_region(r, region);
	show_verdict(cli, walk, hidden, region);
	show_tag(cli);
	show_leaf(r, info, walk, hidden);
	view_user_root(r, info, walk);
	view_levels(r, info, walk);
	return cli_finish(cli);
}

static void show_kernel_region(struct cli *cli, uint64_t va)
{
	const struct vmlab_kregion *region = NULL;
	struct render *r = cli->render;
	struct vmlab_kregions regions;

	if (!vmlab_kernel_regions(cli->session, &regions))
		region = vmlab_kregions_find(&regions, va);
	if (!region) {
		render_no_object(r, "region");
		return;
	}
	render_object(r, "region", "region");
	render_put(r, &region_fields[R_START], RENDER_V_NUM(region->start));
	render_put(r, &region_fields[R_END], RENDER_V_NUM(region->end));
	render_put(r, &region_fields[R_NAME], RENDER_V_TEXT(vmlab_kregion_name(region->kind)));
	render_object_end(r);
}

/* An address of the kernel's own: no process asked for it, and none has it alone. */
static int show_kernel(struct cli *cli, const struct vmlab_walk *walk)
{
	const struct vmlab_info *info = vmlab_session_info(cli->session);
	const struct vmlab_run *leaf = &walk->out_leaf;
	struct vmlab_perms enforced = vmlab_facts_enforced(leaf->facts);
	struct render *r = cli->render;

	render_put(r, &fields[HALF], RENDER_V_TEXT("kernel"));
	render_note(r, "what is enforced and what each level allows is the kernel's own, not user mode's");
	render_put(r, &fields[MAPPED], RENDER_V_NUM(!!(walk->out_flags & VMLAB_OUT_MAPPED)));
	show_kernel_region(cli, walk->va);
	if (cli->json)
		render_put(r, &fields[ASKED], RENDER_V_NULL);
	render_put(r, &fields[ENFORCED], RENDER_V_TEXT(enforced.s));
	render_put(r, &fields[USER], RENDER_V_NUM(!!(leaf->facts & VMLAB_FACT_USER)));
	if (cli->json) {
		render_put(r, &fields[WHY], RENDER_V_LIST(NULL, 0));
		render_put(r, &fields[STATE], RENDER_V_NULL);
		render_put(r, &fields[MAPCOUNT], RENDER_V_NULL);
	}
	show_leaf(r, info, walk, false);
	view_levels(r, info, walk);
	return cli_finish(cli);
}

static void begin(struct cli *cli, uint64_t va, bool canonical)
{
	render_begin(cli->render);
	view_process(cli);
	render_put(cli->render, &fields[VA], RENDER_V_NUM(va));
	render_put(cli->render, &fields[CANONICAL], RENDER_V_NUM(canonical));
}

static int walk_kernel(struct cli *cli, uint64_t va)
{
	struct vmlab_walk walk;
	int ret = vmlab_kernel_walk(cli->session, va, &walk);

	if (ret)
		return cli_fail(cli, CLI_AT_KERNEL, ret);
	begin(cli, va, true);
	return show_kernel(cli, &walk);
}

static int run(struct cli *cli)
{
	struct vmlab_regions regions;
	struct vmlab_walk walk;
	const char *where;
	bool canonical;
	uint64_t va;
	int ret;

	if (cli->argc != (cli->cmd_argv ? 1 : 2))
		return cli_usage(cli, "it takes a process and an address");
	where = cli->argv[cli->argc - 1];
	ret = cli_open_target(cli);
	if (ret)
		return ret;
	ret = vmlab_resolve(cli->session, cli->pid, where, &va);
	if (ret == -EINVAL)
		return cli_usage(cli, "neither an address nor a symbol: %s", where);
	if (ret) {
		cli->subject = where;
		return cli_fail(cli, CLI_AT_SYMBOL, ret);
	}

	canonical = vmlab_va_canonical(vmlab_session_info(cli->session), va);
	if (canonical && va >= vmlab_session_info(cli->session)->out_kernel_start)
		return walk_kernel(cli, va);
	ret = vmlab_target_walk(cli->target, va, &walk);
	if (ret && ret != -ERANGE)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	/* A program learns what is wrong with the address; people get the one line. */
	if (!ret || cli->json)
		begin(cli, va, canonical);
	if (ret) {
		if (cli->json)
			render_put(cli->render, &fields[MAPPED], RENDER_V_NUM(0));
		return cli_fail(cli, canonical ? CLI_AT_LAST_PAGE : CLI_AT_HOLE, ret);
	}
	ret = vmlab_regions_read(cli->session, cli->pid, &regions);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	ret = show(cli, &walk, &regions);
	vmlab_regions_free(&regions);
	return ret;
}

const struct command cmd_walk = {
	.name = "walk",
	.args = "PID ADDR | ADDR -- COMMAND...",
	.summary = "one translation, level by level",
	.help = "ADDR is hexadecimal, with or without 0x, or a symbol: NAME, or FILE:NAME as in\n"
		"libc.so.6:malloc. Each line is one entry on the way from the root to the frame:\n"
		"where its table lies, its raw value, what it alone permits to user mode, its bits.\n"
		"enforced is what all levels together permit, asked is what the mapping wants.\n"
		"Of an address of the kernel half, it is what they permit to the kernel itself.\n",
	.run = run,
};
