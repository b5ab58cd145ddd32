// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tags.c - what keeps address spaces apart in a TLB, put together: what each CPU has
 * loaded, what the kernel keeps of each address space, and what each CPU remembers.
 *
 * The three are asked one after the other while everything runs. Address spaces come
 * first: what a CPU remembers of one is then never older than it looks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "session.h"
#include "slots.h"

enum vmlab_tagging vmlab_tagging(const struct vmlab_info *info)
{
	if (!info->out_asid_bits)
		return VMLAB_TAGGING_NONE;
	return info->out_asids_per_cpu ? VMLAB_TAGGING_CPU : VMLAB_TAGGING_GLOBAL;
}

const char *vmlab_tag_name(const struct vmlab_info *info)
{
	return vmlab_arch_of(info->out_arch)->tag_name;
}

bool vmlab_context_is_id(const struct vmlab_info *info)
{
	return vmlab_arch_of(info->out_arch)->context_is_id;
}

const char *vmlab_register_name(uint32_t arch, unsigned int i)
{
	const struct vmlab_register *regs = vmlab_arch_of(arch)->registers;
	unsigned int at;

	for (at = 0; regs && regs[at].name; at++)
		if (regs[at].index == i)
			return regs[at].name;
	return NULL;
}

size_t vmlab_register_bits(uint32_t arch, unsigned int i, uint64_t value,
			   const char *names[VMLAB_REGISTER_BITS])
{
	const struct vmlab_register *regs = vmlab_arch_of(arch)->registers;
	const struct vmlab_feature *bit;
	size_t nr = 0;

	for (; regs && regs->name; regs++) {
		if (regs->index != i)
			continue;
		for (bit = regs->bits; bit->name && nr < VMLAB_REGISTER_BITS; bit++)
			if (value & bit->mask)
				names[nr++] = bit->name;
	}
	return nr;
}

void vmlab_cpu_tags(const struct vmlab_info *info, const struct vmlab_cpu *cpu,
		    struct vmlab_cpu_tags *out)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	*out = (struct vmlab_cpu_tags) {
		.root_pa = VMLAB_PA_NONE, .kernel_root_pa = VMLAB_PA_NONE,
		.user_root_pa = VMLAB_PA_NONE,
		.tag = VMLAB_TAG_NONE, .user_tag = VMLAB_TAG_NONE,
	};
	if (arch->cpu_tags)
		arch->cpu_tags(info, cpu, out);
}

void vmlab_mm_tags(const struct vmlab_info *info, const struct vmlab_mm *mm,
		   struct vmlab_mm_tags *out)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	*out = (struct vmlab_mm_tags) {
		.tag = VMLAB_TAG_NONE, .user_tag = VMLAB_TAG_NONE,
	};
	if (arch->mm_tags)
		arch->mm_tags(info, mm, out);
}

void vmlab_slot_tags(const struct vmlab_info *info, const struct vmlab_tlb_slot *slot,
		     struct vmlab_mm_tags *out)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	*out = (struct vmlab_mm_tags) {
		.tag = VMLAB_TAG_NONE, .user_tag = VMLAB_TAG_NONE,
	};
	if (arch->slot_tags)
		arch->slot_tags(info, slot, out);
}

enum vmlab_root_relation vmlab_root_relation(const struct vmlab_info *info,
					     const struct vmlab_root_entry *entry)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	if (!entry->user_entry)
		return VMLAB_ROOT_LEFT_OUT;
	if (!entry->entry)
		return VMLAB_ROOT_USER_ONLY;
	return arch->root_relation ? arch->root_relation(entry) : VMLAB_ROOT_OWN_TABLE;
}

const char *vmlab_root_relation_name(enum vmlab_root_relation relation)
{
	static const char *const names[] = {
		[VMLAB_ROOT_SHARED]	= "shared",
		[VMLAB_ROOT_SHARED_NX]	= "shared-nx",
		[VMLAB_ROOT_OWN_TABLE]	= "own-table",
		[VMLAB_ROOT_LEFT_OUT]	= "left-out",
		[VMLAB_ROOT_USER_ONLY]	= "user-only",
	};

	return (unsigned int)relation < sizeof(names) / sizeof(names[0]) ? names[relation] : NULL;
}

/* One address space more; who ends, runs another program or is withheld is left out. */
static int read_mm(struct vmlab_session *session, pid_t pid, struct vmlab_tags *tags)
{
	struct vmlab_tag_mm *mm = &tags->mms[tags->nr_mms];
	struct vmlab_target *target;
	int ret;

	ret = vmlab_target_open(session, pid, &target);
	if (ret)
		return ret;
	mm->pid = vmlab_target_pid(target);
	mm->self = !pid;
	ret = vmlab_target_mm(target, &mm->mm);
	vmlab_target_close(target);
	if (ret)
		return ret;
	vmlab_mm_tags(vmlab_session_info(session), &mm->mm, &mm->tags);
	tags->nr_mms++;
	return 0;
}

static bool is_fatal(int err)
{
	return err == -ENOMEM || err == -ENOTTY || err == -EBADMSG || err == -ENODATA;
}

/* @pids, or everybody: then the caller first, whom a list of processes leaves out. */
static int read_mms(struct vmlab_session *session, const pid_t *pids, size_t nr, bool all,
		    struct vmlab_tags *out)
{
	size_t i;
	int ret;

	out->mms = calloc(nr + 1, sizeof(*out->mms));
	if (!out->mms)
		return -ENOMEM;
	ret = all ? read_mm(session, 0, out) : 0;
	for (i = 0; !ret && i < nr; i++) {
		ret = read_mm(session, pids[i], out);
		if (ret && !is_fatal(ret)) {
			out->nr_skipped += ret != -ESRCH;
			ret = 0;
		}
	}
	return ret;
}

int vmlab_tags_read(struct vmlab_session *session, const pid_t *pids, size_t nr_pids,
		    bool slots, struct vmlab_tags *out)
{
	pid_t *everybody = NULL;
	ssize_t nr;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	/* First, since it says whether this is for the caller at all. */
	nr = vmlab_session_cpus(session, &out->cpus);
	if (nr < 0)
		return nr;
	out->nr_cpus = nr;
	if (!pids) {
		nr = vmlab_proc_list(session, &everybody);
		if (nr < 0)
			ret = nr;
		else
			nr_pids = nr;
	}
	if (!ret)
		ret = read_mms(session, pids ? pids : everybody, nr_pids, !pids, out);
	free(everybody);
	if (!ret && slots)
		ret = vmlab_slots_read(session, out->cpus, out->nr_cpus, &out->slots,
				       &out->nr_slots, &out->slots_err);
	if (ret)
		vmlab_tags_free(out);
	return ret;
}

void vmlab_tags_free(struct vmlab_tags *tags)
{
	free(tags->cpus);
	free(tags->mms);
	free(tags->slots);
	memset(tags, 0, sizeof(*tags));
}

const struct vmlab_tag_mm *vmlab_tags_of_context(const struct vmlab_tags *tags, uint64_t context)
{
	size_t i;

	for (i = 0; context && i < tags->nr_mms; i++)
		if (tags->mms[i].mm.out_context == context)
			return &tags->mms[i];
	return NULL;
}

const struct vmlab_tag_mm *vmlab_tags_of_pid(const struct vmlab_tags *tags, pid_t pid)
{
	size_t i;

	for (i = 0; i < tags->nr_mms; i++)
		if (tags->mms[i].pid == pid)
			return &tags->mms[i];
	return NULL;
}

uint32_t vmlab_tags_tag(const struct vmlab_info *info, const struct vmlab_tags *tags, pid_t pid)
{
	const struct vmlab_tag_mm *mm = vmlab_tags_of_pid(tags, pid);
	uint32_t tag = VMLAB_TAG_NONE;
	size_t i;

	if (!mm || vmlab_tagging(info) != VMLAB_TAGGING_CPU)
		return mm ? mm->tags.tag : VMLAB_TAG_NONE;
	if (mm->tags.tag != VMLAB_TAG_NONE)
		return mm->tags.tag;
	for (i = 0; i < tags->nr_slots; i++) {
		struct vmlab_mm_tags slot;

		if (tags->slots[i].context != mm->mm.out_context)
			continue;
		vmlab_slot_tags(info, &tags->slots[i], &slot);
		if (tag != VMLAB_TAG_NONE && tag != slot.tag)
			return VMLAB_TAG_NONE;
		tag = slot.tag;
	}
	return tag;
}

enum vmlab_stale vmlab_slot_stale(const struct vmlab_info *info, const struct vmlab_tags *tags,
				  const struct vmlab_tlb_slot *slot)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);
	const struct vmlab_tag_mm *owner = vmlab_tags_of_context(tags, slot->context);

	if (!arch->slot_stale)
		return VMLAB_STALE_UNKNOWN;
	return arch->slot_stale(info, slot, owner ? &owner->mm : NULL);
}
