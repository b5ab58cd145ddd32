// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * slots.c - what each CPU remembers of address spaces: variables of the kernel that no
 * module may name, and BPF can.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <vmlab_slots.h>

#include "bpf.h"
#include "session.h"
#include "slots.h"

#include "../../bpf/slots.skel.h"

_Static_assert(!((VMLAB_SLOTS_LOADED ^ VMLAB_SLOT_LOADED) |
		 (VMLAB_SLOTS_RESERVED ^ VMLAB_SLOT_RESERVED) |
		 (VMLAB_SLOTS_OUTDATED ^ VMLAB_SLOT_OUTDATED) |
		 (VMLAB_SLOTS_USER_FLUSH ^ VMLAB_SLOT_USER_FLUSH)),
	       "both sides of the boundary call it the same");

/* Which CPUs to ask. */
struct wanted {
	const struct vmlab_cpu *cpus;
	size_t nr;
};

/* The slots of one CPU that hold something, behind those that are there. */
static int read_cpu(int program, uint32_t cpu, struct vmlab_tlb_slot *slots, size_t *nr)
{
	struct vmlab_slots_call call = { .cpu = cpu };
	uint32_t i;
	int ret;

	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

	ret = bpf_prog_test_run_opts(program, &opts);
	if (ret)
		return ret;
	for (i = 0; i < call.nr && i < VMLAB_SLOTS_MAX; i++) {
		if (!call.slots[i].context)
			continue;
		slots[(*nr)++] = (struct vmlab_tlb_slot) {
			.cpu = cpu, .slot = i, .flags = call.slots[i].flags,
			.context = call.slots[i].context,
			.generation = call.slots[i].generation,
		};
	}
	return 0;
}

/*
 * As vmlab_trace_start() calls what can be the matter; and -ENXIO: variables of the kernel
 * have no address that a program could be given.
 */
static int why(int err)
{
	return err == -ENOENT ? -ENXIO : vmlab_bpf_why(err);
}

/* A program that is run by us and attached to nothing. */
static int load(struct bpf_object **out)
{
	struct bpf_object *object;
	const void *bytes;
	size_t size;
	int ret;

	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "vmlab");

	*out = NULL;
	ret = vmlab_bpf_begin();
	if (ret)
		return ret;
	bytes = vmlab_slots__elf_bytes(&size);
	object = bpf_object__open_mem(bytes, size, &opts);
	if (!object)
		return why(-errno);
	ret = bpf_object__load(object);
	if (ret) {
		bpf_object__close(object);
		return why(ret);
	}
	*out = object;
	return 0;
}

static ssize_t compute(const void *ctx, char **out)
{
	const struct wanted *wanted = ctx;
	struct vmlab_tlb_slot *slots;
	struct bpf_object *object;
	struct bpf_program *program;
	size_t nr = 0, i;
	int ret;

	ret = load(&object);
	if (ret)
		return ret;
	program = bpf_object__find_program_by_name(object, "slots_of_cpu");
	slots = calloc(wanted->nr * VMLAB_SLOTS_MAX + 1, sizeof(*slots));
	ret = slots && program ? 0 : -ENOMEM;
	for (i = 0; !ret && i < wanted->nr; i++)
		ret = read_cpu(bpf_program__fd(program), wanted->cpus[i].cpu, slots, &nr);
	bpf_object__close(object);
	if (ret) {
		free(slots);
		return why(ret);
	}
	*out = (char *)slots;
	return nr * sizeof(*slots);
}

static bool are_sane(const struct vmlab_tlb_slot *slots, size_t nr)
{
	size_t i;

	for (i = 1; i < nr; i++)
		if (slots[i].cpu < slots[i - 1].cpu)
			return false;
	return true;
}

int vmlab_slots_read(struct vmlab_session *session, const struct vmlab_cpu *cpus,
		     size_t nr_cpus, struct vmlab_tlb_slot **out, size_t *nr, int *err)
{
	const struct wanted wanted = { cpus, nr_cpus };
	char *bytes = NULL;
	ssize_t size;

	*out = NULL;
	*nr = 0;
	*err = 0;
	size = vmlab_source_answer(session->source, "tlb-slots", compute, &wanted, &bytes);
	if (size == -ENOMEM || size == -EBADMSG)
		return size;
	if (size < 0) {
		*err = size;
		return 0;
	}
	if (size % sizeof(**out) ||
	    !are_sane((const struct vmlab_tlb_slot *)bytes, size / sizeof(**out))) {
		free(bytes);
		return -EBADMSG;
	}
	*out = (struct vmlab_tlb_slot *)bytes;
	*nr = size / sizeof(**out);
	return 0;
}
