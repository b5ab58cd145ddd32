// SPDX-License-Identifier: GPL-2.0-only
/* view.c - values that several commands show, described once. */
#include "cli.h"

void view_process(struct cli *cli)
{
	static const struct render_field pid = { "pid", NULL, RENDER_NUM, 0 };
	static const struct render_field name = { "comm", NULL, RENDER_TEXT, 0 };
	static const struct render_field hidden = {
		"hidden", "withheld", RENDER_BOOL, RENDER_PROGRAMS
	};
	char comm[64];
	int ret = vmlab_proc_comm(cli->session, cli->pid, comm, sizeof(comm));

	if (cli->json) {
		render_put(cli->render, &pid, RENDER_V_NUM(cli->pid));
		render_put(cli->render, &name, ret ? RENDER_V_NULL : RENDER_V_TEXT(comm));
	} else {
		render_object(cli->render, NULL, "process");
		render_put(cli->render, &pid, RENDER_V_NUM(cli->pid));
		render_put(cli->render, &name, ret ? RENDER_V_NULL : RENDER_V_TEXT(comm));
		render_object_end(cli->render);
	}
	if (vmlab_target_hidden(cli->target)) {
		render_put(cli->render, &hidden, RENDER_V_NUM(1));
		render_note(cli->render, "frames and entries are withheld: they take CAP_SYS_ADMIN, as in /proc/PID/pagemap");
	}
}

size_t view_bits(const struct vmlab_info *info, unsigned int level, uint64_t entry,
		 unsigned int kind, const char **names)
{
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	size_t nr = vmlab_entry_bits(info, level, entry, kind, bits), i;

	for (i = 0; i < nr; i++)
		names[i] = bits[i]->name;
	return nr;
}
