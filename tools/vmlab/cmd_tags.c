// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_tags.c - who is in which tag of the TLB: what each CPU has loaded and what it
 * remembers, what each address space is tagged with, and what user mode's root leaves
 * out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct view {
	struct cli *cli;
	const struct vmlab_info *info;
	struct vmlab_tags tags;
	char (*comms)[64];	/* of tags.mms */
	uint64_t *numbers;	/* CPUs of the address space that is shown */
};

static struct render_value tag_value(uint32_t tag)
{
	return tag == VMLAB_TAG_NONE ? RENDER_V_NULL : RENDER_V_NUM(tag);
}

static struct render_value pa_value(uint64_t pa)
{
	return pa == VMLAB_PA_NONE ? RENDER_V_NULL : RENDER_V_NUM(pa);
}

static const char *comm_of(const struct view *view, const struct vmlab_tag_mm *mm)
{
	return mm && view->comms[mm - view->tags.mms][0] ?
	       view->comms[mm - view->tags.mms] : NULL;
}

static void read_comms(struct view *view)
{
	size_t i;

	for (i = 0; i < view->tags.nr_mms; i++)
		if (vmlab_proc_comm(view->cli->session, view->tags.mms[i].pid, view->comms[i],
				    sizeof(view->comms[i])))
			view->comms[i][0] = '\0';
}

/* How address spaces are kept apart: features that have to do with it, and what follows. */
static void show_tagging(struct view *view)
{
	static const struct render_field by = { "by", "by", RENDER_TEXT, 0 };
	static const struct render_field bits = { "bits", "bits", RENDER_NUM, 0 };
	static const struct render_field per_cpu = { "per_cpu", "per cpu", RENDER_NUM, 0 };
	static const struct render_field flush = {
		"flush_on_switch", "flush on switch", RENDER_BOOL, 0
	};
	static const char *const wanted[] = { "pcid", "invpcid", "pti", "pge", "cnp" };
	const bool on = vmlab_tagging(view->info) != VMLAB_TAGGING_NONE;
	struct render *r = view->cli->render;
	const char *name;
	uint64_t mask;
	unsigned int i;
	size_t j;

	render_object(r, "tagging", "tags");
	render_put(r, &by, on ? RENDER_V_TEXT(vmlab_tag_name(view->info)) : RENDER_V_NULL);
	render_put(r, &bits, RENDER_V_NUM(view->info->out_asid_bits));
	render_put(r, &per_cpu, RENDER_V_NUM(view->info->out_asids_per_cpu));
	render_put(r, &flush, RENDER_V_NUM(!on));
	for (i = 0; (name = vmlab_feature_name(view->info->out_arch, i, &mask)); i++) {
		const struct render_field field = { name, name, RENDER_BOOL, 0 };

		for (j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++)
			if (!strcmp(wanted[j], name))
				render_put(r, &field,
					   RENDER_V_NUM(!!(view->info->out_features & mask)));
	}
	render_object_end(r);
	if (!on)
		render_note(r, "there are no tags here: a switch to another address space flushes all that is not global");
}

/* ---- CPUs ---------------------------------------------------------------- */

enum { R_NAME, R_VALUE, R_BITS, R_NR };

static const struct render_field register_fields[] = {
	[R_NAME]	= { "name", NULL, RENDER_TEXT, 0 },
	[R_VALUE]	= { "value", NULL, RENDER_HEX, 0 },
	[R_BITS]	= { "bits", NULL, RENDER_LIST, 0 },
};

enum { S_SLOT, S_TAG, S_USER_TAG, S_PID, S_CTX_ID, S_GENERATION, S_STALE, S_LOADED, S_NR };

static const struct render_field slot_fields[] = {
	[S_SLOT]	= { "slot", NULL, RENDER_NUM, 0 },
	[S_TAG]		= { "tag", NULL, RENDER_NUM, 0 },
	[S_USER_TAG]	= { "user_tag", NULL, RENDER_NUM, 0 },
	[S_PID]		= { "pid", NULL, RENDER_NUM, 0 },
	[S_CTX_ID]	= { "ctx_id", NULL, RENDER_NUM, 0 },
	[S_GENERATION]	= { "generation", NULL, RENDER_NUM, 0 },
	[S_STALE]	= { "stale", NULL, RENDER_BOOL, 0 },
	[S_LOADED]	= { "loaded", NULL, RENDER_BOOL, 0 },
};

_Static_assert(S_NR <= RENDER_ROWS_FIELDS, "a table within a row is not that wide");

/* Of one CPU: registers that this architecture has, and the first of its slots. */
struct cpu_view {
	const struct view *view;
	const struct vmlab_cpu *cpu;
	unsigned int registers[VMLAB_CPU_REGS];
	size_t nr_registers;
	const struct vmlab_tlb_slot *slots;
	size_t nr_slots;
	const char *bits[VMLAB_REGISTER_BITS];	/* of the row under way */
};

/* Of a register that user mode has none of its own, or that is not in use: nothing. */
static void find_registers(struct cpu_view *cpu)
{
	unsigned int i;

	for (i = 0; i < VMLAB_CPU_REGS; i++)
		if (cpu->cpu->regs[i] && vmlab_register_name(cpu->view->info->out_arch, i))
			cpu->registers[cpu->nr_registers++] = i;
}

static void register_values(const void *ctx, size_t i, struct render_value *v)
{
	struct cpu_view *cpu = *(struct cpu_view *const *)ctx;
	const uint32_t arch = cpu->view->info->out_arch;
	const unsigned int at = cpu->registers[i];
	const uint64_t value = cpu->cpu->regs[at];

	v[R_NAME] = RENDER_V_TEXT(vmlab_register_name(arch, at));
	v[R_VALUE] = RENDER_V_NUM(value);
	v[R_BITS] = RENDER_V_LIST(cpu->bits, vmlab_register_bits(arch, at, value, cpu->bits));
}

static struct render_value stale_value(enum vmlab_stale stale)
{
	return stale == VMLAB_STALE_UNKNOWN ? RENDER_V_NULL :
	       RENDER_V_NUM(stale == VMLAB_STALE_YES);
}

static void slot_row(const struct view *view, const struct vmlab_tlb_slot *slot,
		     struct render_value *v)
{
	const struct vmlab_tag_mm *owner = vmlab_tags_of_context(&view->tags, slot->context);
	struct vmlab_mm_tags tags;

	vmlab_slot_tags(view->info, slot, &tags);
	v[S_SLOT] = RENDER_V_NUM(slot->slot);
	v[S_TAG] = tag_value(tags.tag);
	v[S_USER_TAG] = tag_value(tags.user_tag);
	v[S_PID] = owner ? RENDER_V_NUM(owner->pid) : RENDER_V_NULL;
	v[S_CTX_ID] = vmlab_context_is_id(view->info) ? RENDER_V_NUM(slot->context) :
							RENDER_V_NULL;
	v[S_GENERATION] = RENDER_V_NUM(tags.generation);
	v[S_STALE] = stale_value(vmlab_slot_stale(view->info, &view->tags, slot));
	v[S_LOADED] = RENDER_V_NUM(!!(slot->flags & VMLAB_SLOT_LOADED));
}

static void slot_values(const void *ctx, size_t i, struct render_value *v)
{
	const struct cpu_view *cpu = *(const struct cpu_view *const *)ctx;

	slot_row(cpu->view, &cpu->slots[i], v);
}

static void find_slots(struct cpu_view *cpu)
{
	const struct vmlab_tags *tags = &cpu->view->tags;
	size_t i;

	for (i = 0; i < tags->nr_slots; i++) {
		if (tags->slots[i].cpu != cpu->cpu->cpu)
			continue;
		if (!cpu->nr_slots++)
			cpu->slots = &tags->slots[i];
	}
}

enum {
	C_CPU, C_ROOT, C_TAG, C_USER_ROOT, C_USER_TAG, C_PID, C_COMM, C_KERNEL_ROOT, C_TID,
	C_LAZY, C_REGISTERS, C_SLOTS, C_NR
};

static const struct render_field cpu_fields[] = {
	[C_CPU]		= { "cpu", "CPU", RENDER_NUM, 0 },
	[C_ROOT]	= { "root_pa", "ROOT", RENDER_HEX, 0 },
	[C_TAG]		= { "tag", "TAG", RENDER_NUM, 0 },
	[C_USER_ROOT]	= { "user_root_pa", "USER'S ROOT", RENDER_HEX, 0 },
	[C_USER_TAG]	= { "user_tag", "USER'S TAG", RENDER_NUM, 0 },
	[C_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[C_COMM]	= { "comm", "PROCESS", RENDER_TEXT, RENDER_LONG },
	[C_KERNEL_ROOT]	= { "kernel_root_pa", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[C_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_LAZY]	= { "lazy", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[C_REGISTERS]	= { "registers", NULL, RENDER_ROWS, RENDER_PROGRAMS },
	[C_SLOTS]	= { "slots", NULL, RENDER_ROWS, RENDER_PROGRAMS },
};

static void show_cpu(struct view *view, const struct vmlab_cpu *cpu)
{
	const struct vmlab_tag_mm *owner = vmlab_tags_of_pid(&view->tags, cpu->pid);
	struct cpu_view ctx = { .view = view, .cpu = cpu };
	struct cpu_view *const at = &ctx;
	struct vmlab_cpu_tags tags;
	struct render_rows registers, slots;
	struct render_value v[C_NR];

	vmlab_cpu_tags(view->info, cpu, &tags);
	find_registers(&ctx);
	find_slots(&ctx);
	registers = (struct render_rows) {
		.fields = register_fields, .nr_fields = R_NR, .nr = ctx.nr_registers,
		.row = register_values, .ctx = &at,
	};
	slots = (struct render_rows) {
		.fields = slot_fields, .nr_fields = S_NR, .nr = ctx.nr_slots,
		.row = slot_values, .ctx = &at,
	};
	v[C_CPU] = RENDER_V_NUM(cpu->cpu);
	v[C_ROOT] = pa_value(tags.root_pa);
	v[C_TAG] = tag_value(tags.tag);
	v[C_USER_ROOT] = pa_value(tags.user_root_pa);
	v[C_USER_TAG] = tag_value(tags.user_tag);
	v[C_PID] = cpu->pid > 0 ? RENDER_V_NUM(cpu->pid) : RENDER_V_NULL;
	v[C_COMM] = RENDER_V_TEXT(comm_of(view, owner));
	v[C_KERNEL_ROOT] = pa_value(tags.kernel_root_pa);
	v[C_TID] = cpu->tid > 0 ? RENDER_V_NUM(cpu->tid) : RENDER_V_NULL;
	v[C_LAZY] = RENDER_V_NUM(!!(cpu->flags & VMLAB_CPU_LAZY));
	v[C_REGISTERS] = RENDER_V_ROWS(&registers);
	v[C_SLOTS] = view->tags.slots_err ? RENDER_V_NULL : RENDER_V_ROWS(&slots);
	render_row(view->cli->render, v);
}

static void show_cpus(struct view *view)
{
	size_t i;

	render_table(view->cli->render, "cpus", "what each CPU has loaded", cpu_fields, C_NR);
	for (i = 0; i < view->tags.nr_cpus; i++)
		show_cpu(view, &view->tags.cpus[i]);
	render_table_end(view->cli->render);
}

/* For people a table of its own. */
static void show_slots(struct view *view)
{
	enum { P_CPU, P_SLOT, P_TAG, P_USER_TAG, P_PID, P_STATE, P_COMM, P_NR };
	static const struct render_field fields[] = {
		[P_CPU]		= { NULL, "CPU", RENDER_NUM, RENDER_PEOPLE },
		[P_SLOT]	= { NULL, "SLOT", RENDER_NUM, RENDER_PEOPLE },
		[P_TAG]		= { NULL, "TAG", RENDER_NUM, RENDER_PEOPLE },
		[P_USER_TAG]	= { NULL, "USER'S TAG", RENDER_NUM, RENDER_PEOPLE },
		[P_PID]		= { NULL, "PID", RENDER_NUM, RENDER_PEOPLE },
		[P_STATE]	= { NULL, "STATE", RENDER_TEXT, RENDER_PEOPLE },
		[P_COMM]	= { NULL, "PROCESS", RENDER_TEXT, RENDER_PEOPLE | RENDER_LONG },
	};
	static const char *const states[] = {
		[VMLAB_STALE_NO] = "kept", [VMLAB_STALE_YES] = "stale",
		[VMLAB_STALE_UNKNOWN] = "no process's",
	};
	size_t i;

	render_table(view->cli->render, NULL, "what each CPU remembers", fields, P_NR);
	for (i = 0; i < view->tags.nr_slots; i++) {
		const struct vmlab_tlb_slot *slot = &view->tags.slots[i];
		struct render_value s[S_NR], v[P_NR];

		slot_row(view, slot, s);
		v[P_CPU] = RENDER_V_NUM(slot->cpu);
		v[P_SLOT] = s[S_SLOT];
		v[P_TAG] = s[S_TAG];
		v[P_USER_TAG] = s[S_USER_TAG];
		v[P_PID] = s[S_PID];
		v[P_STATE] = RENDER_V_TEXT(slot->flags & VMLAB_SLOT_LOADED ? "loaded" :
			     states[vmlab_slot_stale(view->info, &view->tags, slot)]);
		v[P_COMM] = RENDER_V_TEXT(comm_of(view, vmlab_tags_of_context(&view->tags,
									      slot->context)));
		render_row(view->cli->render, v);
	}
	render_table_end(view->cli->render);
}

static const char *why_no_slots(int err)
{
	switch (-err) {
	case ENOENT:
		return "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
	case EPERM:
		return "it takes CAP_BPF and CAP_PERFMON";
	case ENXIO:
		return "this kernel has no addresses of its variables (CONFIG_KALLSYMS_ALL)";
	}
	return "this kernel does not let BPF read it";
}

/* ---- address spaces ------------------------------------------------------ */

enum {
	M_PID, M_COMM, M_CTX_ID, M_ASID, M_USER_ASID, M_GENERATION, M_TLB_GEN, M_ROOT,
	M_USER_ROOT, M_CPUS, M_NR
};

static const struct render_field mm_fields[] = {
	[M_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[M_COMM]	= { "comm", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[M_CTX_ID]	= { "ctx_id", "CONTEXT", RENDER_NUM, 0 },
	[M_ASID]	= { "asid", "ASID", RENDER_NUM, 0 },
	[M_USER_ASID]	= { "user_asid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_GENERATION]	= { "generation", "GENERATION", RENDER_NUM, 0 },
	[M_TLB_GEN]	= { "tlb_gen", "FLUSHES", RENDER_NUM, 0 },
	[M_ROOT]	= { "root_pa", "ROOT", RENDER_HEX, 0 },
	[M_USER_ROOT]	= { "user_root_pa", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[M_CPUS]	= { "cpus", "ON CPUS", RENDER_NUMS, RENDER_PROGRAMS },
};

static bool is_on(const struct vmlab_tags *tags, const struct vmlab_tag_mm *mm, size_t i)
{
	const struct vmlab_cpu *cpu = &tags->cpus[i];
	size_t j;

	if ((cpu->flags & VMLAB_CPU_OWNED) && cpu->context == mm->mm.out_context)
		return true;
	for (j = 0; j < tags->nr_slots; j++)
		if (tags->slots[j].cpu == cpu->cpu &&
		    tags->slots[j].context == mm->mm.out_context)
			return true;
	return false;
}

/* The CPUs that have it loaded, or remember it. */
static size_t find_cpus(struct view *view, const struct vmlab_tag_mm *mm)
{
	size_t nr = 0, i;

	for (i = 0; i < view->tags.nr_cpus; i++)
		if (is_on(&view->tags, mm, i))
			view->numbers[nr++] = view->tags.cpus[i].cpu;
	return nr;
}

static void show_mm(struct view *view, const struct vmlab_tag_mm *mm)
{
	const bool is_id = vmlab_context_is_id(view->info);
	struct render_value v[M_NR];

	v[M_PID] = RENDER_V_NUM(mm->pid);
	v[M_COMM] = RENDER_V_TEXT(comm_of(view, mm));
	v[M_CTX_ID] = is_id ? RENDER_V_NUM(mm->mm.out_context) : RENDER_V_NULL;
	v[M_ASID] = tag_value(mm->tags.tag);
	v[M_USER_ASID] = tag_value(mm->tags.user_tag);
	v[M_GENERATION] = mm->tags.generation ? RENDER_V_NUM(mm->tags.generation) :
						RENDER_V_NULL;
	v[M_TLB_GEN] = is_id ? RENDER_V_NUM(mm->mm.out_tlb_gen) : RENDER_V_NULL;
	v[M_ROOT] = RENDER_V_NUM(mm->mm.out_root);
	v[M_USER_ROOT] = pa_value(mm->mm.out_user_root);
	v[M_CPUS] = RENDER_V_NUMS(view->numbers, find_cpus(view, mm));
	render_row(view->cli->render, v);
}

static bool is_wanted(const struct vmlab_tag_mm *mm, const pid_t *pids, size_t nr)
{
	size_t i;

	if (!nr)
		return !mm->self;
	for (i = 0; i < nr; i++)
		if (pids[i] == mm->pid || (!pids[i] && mm->self))
			return true;
	return false;
}

static void show_mms(struct view *view, const pid_t *pids, size_t nr)
{
	size_t i;

	render_table(view->cli->render, "mms", "address spaces", mm_fields, M_NR);
	for (i = 0; i < view->tags.nr_mms; i++)
		if (is_wanted(&view->tags.mms[i], pids, nr))
			show_mm(view, &view->tags.mms[i]);
	render_table_end(view->cli->render);
}

/* ---- the two roots ------------------------------------------------------- */

enum { D_PID, D_START, D_END, D_REGION, D_RELATION, D_ENTRIES, D_NR };

static const struct render_field root_fields[] = {
	[D_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[D_START]	= { "start", "START", RENDER_HEX, 0 },
	[D_END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[D_REGION]	= { "regions", "REGIONS", RENDER_LIST, 0 },
	[D_RELATION]	= { "relation", "USER MODE HAS", RENDER_TEXT, 0 },
	[D_ENTRIES]	= { "entries", "ENTRIES", RENDER_NUM, 0 },
};

/* Neighbouring entries of which the same is true. */
struct stretch {
	uint64_t start;
	uint64_t end;
	uint64_t entries;
	enum vmlab_root_relation relation;
	const char *regions[VMLAB_MAX_KREGIONS];	/* that have a part there */
	size_t nr_regions;
};

/* What is between @s->start and @last, which may be the last address there is. */
static void name_regions(const struct vmlab_info *info, const struct vmlab_kregions *regions,
			 struct stretch *s, uint64_t last)
{
	uint32_t i;

	if (s->start < info->out_kernel_start) {
		s->regions[s->nr_regions++] = "user half";
		return;
	}
	for (i = 0; i < regions->out_nr; i++) {
		const struct vmlab_kregion *region = &regions->out_regions[i];

		if (region->start <= last && region->end > s->start)
			s->regions[s->nr_regions++] = vmlab_kregion_name(region->kind);
	}
}

static bool are_alike(const struct stretch *a, const struct stretch *b)
{
	return a->end == b->start && a->relation == b->relation &&
	       a->nr_regions == b->nr_regions &&
	       !memcmp(a->regions, b->regions, sizeof(a->regions));
}

static void show_stretch(struct view *view, pid_t pid, const struct stretch *s)
{
	static const char *const words[] = {
		[VMLAB_ROOT_SHARED]	= "the same table",
		[VMLAB_ROOT_SHARED_NX]	= "the same table, which the kernel does not execute",
		[VMLAB_ROOT_OWN_TABLE]	= "a table of its own, with a part of it",
		[VMLAB_ROOT_LEFT_OUT]	= "nothing",
		[VMLAB_ROOT_USER_ONLY]	= "something, and the kernel nothing",
	};
	const struct render_value v[D_NR] = {
		[D_PID] = RENDER_V_NUM(pid),
		[D_START] = RENDER_V_NUM(s->start),
		[D_END] = RENDER_V_NUM(s->end),
		[D_REGION] = RENDER_V_LIST(s->regions, s->nr_regions),
		[D_RELATION] = RENDER_V_TEXT(view->cli->json ?
					     vmlab_root_relation_name(s->relation) :
					     words[s->relation]),
		[D_ENTRIES] = RENDER_V_NUM(s->entries),
	};

	render_row(view->cli->render, v);
}

/* What one entry of a root covers; a recording may say of addresses what it likes. */
static uint64_t root_step(const struct vmlab_info *info)
{
	const unsigned int below = info->out_page_shift - 3;

	return 1ULL << (info->out_va_bits > below ? info->out_va_bits - below : below);
}

static void show_roots_of(struct view *view, pid_t pid, const struct vmlab_root_entry *entries,
			  size_t nr, const struct vmlab_kregions *regions)
{
	const uint64_t step = root_step(view->info);
	struct stretch s = { 0 };
	size_t i;

	for (i = 0; i < nr; i++) {
		struct stretch next = {
			.start = entries[i].va, .end = entries[i].va + step, .entries = 1,
			.relation = vmlab_root_relation(view->info, &entries[i]),
		};

		name_regions(view->info, regions, &next, next.end - 1);
		if (s.entries && are_alike(&s, &next)) {
			s.end = next.end;
			s.entries++;
			continue;
		}
		if (s.entries)
			show_stretch(view, pid, &s);
		s = next;
	}
	if (s.entries)
		show_stretch(view, pid, &s);
}

/* Of the processes that were named: all of them have the same, but for the user half. */
static int show_roots(struct view *view, const pid_t *pids, size_t nr)
{
	struct cli *cli = view->cli;
	struct vmlab_kregions regions;
	int ret = vmlab_kernel_regions(cli->session, &regions);
	size_t i;

	if (ret)
		return ret;
	render_table(cli->render, "roots", "what is in the root that user mode runs on",
		     root_fields, D_NR);
	for (i = 0; i < nr && !ret; i++) {
		struct vmlab_root_entry *entries = NULL;
		struct vmlab_target *target;
		ssize_t found;

		cli->pid = pids[i];
		ret = vmlab_target_open(cli->session, pids[i], &target);
		if (ret)
			break;
		found = vmlab_target_roots(target, &entries);
		if (found < 0)
			ret = found;
		else
			show_roots_of(view, vmlab_target_pid(target), entries, found, &regions);
		free(entries);
		vmlab_target_close(target);
	}
	render_table_end(cli->render);
	return ret;
}

/* ---- all of it ----------------------------------------------------------- */

static void show_rest(struct view *view)
{
	static const struct render_field missing = {
		"slots_missing", NULL, RENDER_TEXT, RENDER_PROGRAMS
	};
	static const struct render_field skipped = {
		"skipped", "not permitted", RENDER_NUM, RENDER_PROGRAMS
	};
	struct render *r = view->cli->render;
	const int err = view->tags.slots_err;

	render_put(r, &missing, err ? RENDER_V_TEXT(why_no_slots(err)) : RENDER_V_NULL);
	render_put(r, &skipped, RENDER_V_NUM(view->tags.nr_skipped));
	if (err)
		render_note(r, "what each CPU remembers is missing: %s", why_no_slots(err));
}

static int show(struct view *view, const pid_t *pids, size_t nr)
{
	struct cli *cli = view->cli;
	int ret = 0;

	render_begin(cli->render);
	show_tagging(view);
	show_cpus(view);
	if (!cli->json && view->tags.nr_slots)
		show_slots(view);
	show_mms(view, pids, nr);
	if (nr && view->tags.nr_mms && view->tags.mms[0].mm.out_user_root != VMLAB_PA_NONE)
		ret = show_roots(view, pids, nr);
	show_rest(view);
	return ret ? cli_fail(cli, CLI_AT_TAGS, ret) : cli_finish(cli);
}

/* Before there is a document: who was named has to be there. */
static int check_pids(struct view *view, const pid_t *pids, size_t nr)
{
	struct vmlab_target *target;
	struct vmlab_mm mm;
	size_t i;
	int ret;

	for (i = 0; i < nr; i++) {
		view->cli->pid = pids[i];
		if (!pids[i] || vmlab_tags_of_pid(&view->tags, pids[i]))
			continue;
		ret = vmlab_target_open(view->cli->session, pids[i], &target);
		if (ret)
			return cli_fail(view->cli, CLI_AT_TARGET, ret);
		ret = vmlab_target_mm(target, &mm);
		vmlab_target_close(target);
		return cli_fail(view->cli, ret == -EPERM ? CLI_AT_FRAMES : CLI_AT_QUERY,
				ret ? ret : -ESRCH);
	}
	return CLI_OK;
}

static int run(struct cli *cli)
{
	struct view view = { .cli = cli };
	pid_t *pids;
	size_t nr;
	int ret;

	ret = cli_open_pids(cli, &pids, &nr);
	if (ret)
		return ret;
	view.info = vmlab_session_info(cli->session);
	ret = vmlab_tags_read(cli->session, NULL, 0, true, &view.tags);
	if (ret) {
		ret = cli_fail(cli, CLI_AT_TAGS, ret);
		goto free_pids;
	}
	view.comms = calloc(view.tags.nr_mms + 1, sizeof(*view.comms));
	view.numbers = calloc(view.tags.nr_cpus + 1, sizeof(*view.numbers));
	if (!view.comms || !view.numbers) {
		ret = cli_fail(cli, CLI_AT_QUERY, -ENOMEM);
	} else {
		read_comms(&view);
		ret = check_pids(&view, pids, nr);
		if (!ret)
			ret = show(&view, pids, nr);
	}
	free(view.comms);
	free(view.numbers);
	vmlab_tags_free(&view.tags);
free_pids:
	free(pids);
	return ret;
}

const struct command cmd_tags = {
	.name = "tags",
	.args = "[PID...] [-- COMMAND...]",
	.summary = "who is in which tag of the TLB (PCID, ASID)",
	.help = "What keeps address spaces apart in a TLB: the root and the tag that each CPU has\n"
		"loaded, what it remembers of others, and what the kernel keeps of each process.\n"
		"With page table isolation (KPTI) user mode runs on a root and a tag of its own;\n"
		"of the processes that are named it is shown what that root leaves out.\n",
	.run = run,
};
