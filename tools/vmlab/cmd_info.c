// SPDX-License-Identifier: GPL-2.0-only
/* cmd_info.c - the machine and the module, as `vmlab info` tells them. */
#include "cli.h"

enum {
	API, MODULE, KERNEL, ARCH, PAGE_SIZE, LEVELS, VA_BITS, PA_BITS, USER_END,
	KERNEL_START, ASID_BITS, ASIDS, DOOR
};

static const struct render_field fields[] = {
	[API]		= { "api", "api", RENDER_NUM, 0 },
	[MODULE]	= { "module_version", "module", RENDER_TEXT, 0 },
	[KERNEL]	= { "kernel", "kernel", RENDER_TEXT, 0 },
	[ARCH]		= { "arch", "arch", RENDER_TEXT, 0 },
	[PAGE_SIZE]	= { "page_size", "page size", RENDER_SIZE, 0 },
	[LEVELS]	= { "paging_levels", "levels", RENDER_NUM, 0 },
	[VA_BITS]	= { "va_bits", "va bits", RENDER_NUM, 0 },
	[PA_BITS]	= { "pa_bits", "pa bits", RENDER_NUM, 0 },
	[USER_END]	= { "user_end", "user end", RENDER_HEX, 0 },
	[KERNEL_START]	= { "kernel_start", "kernel at", RENDER_HEX, 0 },
	[ASID_BITS]	= { "asid_bits", "tag bits", RENDER_NUM, 0 },
	[ASIDS]		= { "asids_per_cpu", "tags/cpu", RENDER_NUM, 0 },
	[DOOR]		= { "door", "access by", RENDER_TEXT, 0 },
};

static void show_features(struct cli *cli, const struct vmlab_info *info)
{
	const char *name;
	uint64_t mask;
	unsigned int i;

	render_object(cli->render, "features", "features");
	for (i = 0; (name = vmlab_feature_name(info->out_arch, i, &mask)); i++) {
		struct render_field field = { name, name, RENDER_BOOL, 0 };

		render_put(cli->render, &field, RENDER_V_NUM(!!(info->out_features & mask)));
	}
	render_object_end(cli->render);
}

static int run(struct cli *cli)
{
	const struct vmlab_info *info;
	struct render *r = cli->render;
	int ret;

	if (cli->argc || cli->cmd_argv)
		return cli_usage(cli, "it takes no operands");
	ret = cli_open_session(cli);
	if (ret)
		return ret;
	info = vmlab_session_info(cli->session);

	render_begin(r);
	render_put(r, &fields[API], RENDER_V_NUM(info->out_api_version));
	render_put(r, &fields[MODULE], RENDER_V_TEXT(info->out_module_version));
	render_put(r, &fields[KERNEL], RENDER_V_TEXT(vmlab_session_release(cli->session)));
	render_put(r, &fields[ARCH], RENDER_V_TEXT(vmlab_arch_name(info->out_arch)));
	render_put(r, &fields[PAGE_SIZE], RENDER_V_NUM(1ULL << info->out_page_shift));
	render_put(r, &fields[LEVELS], RENDER_V_NUM(info->out_levels));
	render_put(r, &fields[VA_BITS], RENDER_V_NUM(info->out_va_bits));
	render_put(r, &fields[PA_BITS], RENDER_V_NUM(info->out_pa_bits));
	render_put(r, &fields[USER_END], RENDER_V_NUM(info->out_user_end));
	render_put(r, &fields[KERNEL_START], RENDER_V_NUM(info->out_kernel_start));
	render_put(r, &fields[ASID_BITS], RENDER_V_NUM(info->out_asid_bits));
	render_put(r, &fields[ASIDS], RENDER_V_NUM(info->out_asids_per_cpu));
	render_put(r, &fields[DOOR],
		   RENDER_V_TEXT(info->out_door == VMLAB_DOOR_PAGEMAP ? "pagemap" : "pid"));
	show_features(cli, info);
	return cli_finish(cli);
}

const struct command cmd_info = {
	.name = "info",
	.args = "",
	.summary = "the machine and the module: paging, split, tags, features",
	.help = "Tags: what the hardware keeps address spaces apart by in the TLB (PCID, ASID);\n"
		"0 bits where it does not. Features are what the kernel uses, not what the CPU has.\n",
	.run = run,
};
