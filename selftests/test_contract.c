// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_contract.c - what include/uapi/vmlab.h promises of every ioctl alike:
 * sizes, unknown bits, memory that cannot be reached, and that a refused call
 * changes nothing. Each test runs once for each ioctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"

/* The sizes as first published. They never change again. */
_Static_assert(sizeof(struct vmlab_info) == 112, "struct vmlab_info");
_Static_assert(sizeof(struct vmlab_open) == 24, "struct vmlab_open");
_Static_assert(sizeof(struct vmlab_entry) == 24, "struct vmlab_entry");
_Static_assert(sizeof(struct vmlab_run) == 48, "struct vmlab_run");
_Static_assert(sizeof(struct vmlab_walk) == 216, "struct vmlab_walk");
_Static_assert(sizeof(struct vmlab_scan) == 88, "struct vmlab_scan");
_Static_assert(sizeof(struct vmlab_vma) == 56, "struct vmlab_vma");
_Static_assert(sizeof(struct vmlab_vmas) == 56, "struct vmlab_vmas");
_Static_assert(sizeof(struct vmlab_table) == 32, "struct vmlab_table");
_Static_assert(sizeof(struct vmlab_tables) == 56, "struct vmlab_tables");
_Static_assert(sizeof(struct vmlab_thread) == 56, "struct vmlab_thread");
_Static_assert(sizeof(struct vmlab_frame) == 48, "struct vmlab_frame");
_Static_assert(sizeof(struct vmlab_frames) == 56, "struct vmlab_frames");

_Static_assert(sizeof(struct vmlab_kregion) == 32, "struct vmlab_kregion");
_Static_assert(sizeof(struct vmlab_kregions) == 528, "struct vmlab_kregions");
_Static_assert(sizeof(struct vmlab_cpu) == 72, "struct vmlab_cpu");
_Static_assert(sizeof(struct vmlab_cpus) == 56, "struct vmlab_cpus");
_Static_assert(sizeof(struct vmlab_root_entry) == 24, "struct vmlab_root_entry");
_Static_assert(sizeof(struct vmlab_mm) == 80, "struct vmlab_mm");

#define NR_RECS		8

union any_call {
	unsigned char bytes[2 * PAGE];
	struct {
		uint32_t size;
		uint32_t flags;
	};
	struct vmlab_info info;
	struct vmlab_open open;
	struct vmlab_walk walk;
	struct vmlab_scan scan;
	struct vmlab_vmas vmas;
	struct vmlab_tables tables;
	struct vmlab_kregions kregions;
	struct vmlab_cpus cpus;
	struct vmlab_mm mm;
	struct vmlab_frames frames;
	struct vmlab_thread thread;
};

FIXTURE(call)
{
	int node;
	int target;
	int pagemap;
	int mem;
	int fd;			/* the one that the ioctl goes to */
	char *memory;		/* a few written pages to ask about */
	char *recs;		/* a page for records */
	char *edge;		/* end of two writable pages, PROT_NONE behind */
	uint64_t kernel;	/* a place in the kernel half that lies still: code */
};

FIXTURE_VARIANT(call)
{
	unsigned int cmd;
	size_t size;
	bool on_node;
	/* Where what the kernel writes begins; all before it is the caller's. */
	size_t outputs;
};

typedef FIXTURE_DATA(call) call_data;
typedef FIXTURE_VARIANT(call) call_variant;

FIXTURE_VARIANT_ADD(call, info)
{
	.cmd = VMLAB_INFO,
	.size = sizeof(struct vmlab_info),
	.on_node = true,
	.outputs = offsetof(struct vmlab_info, out_api_version),
};

FIXTURE_VARIANT_ADD(call, open)
{
	.cmd = VMLAB_OPEN,
	.size = sizeof(struct vmlab_open),
	.on_node = true,
	.outputs = offsetof(struct vmlab_open, out_fd),
};

FIXTURE_VARIANT_ADD(call, walk)
{
	.cmd = VMLAB_WALK,
	.size = sizeof(struct vmlab_walk),
	.outputs = offsetof(struct vmlab_walk, out_flags),
};

FIXTURE_VARIANT_ADD(call, scan)
{
	.cmd = VMLAB_SCAN,
	.size = sizeof(struct vmlab_scan),
	.outputs = offsetof(struct vmlab_scan, out_next),
};

FIXTURE_VARIANT_ADD(call, vmas)
{
	.cmd = VMLAB_VMAS,
	.size = sizeof(struct vmlab_vmas),
	.outputs = offsetof(struct vmlab_vmas, out_next),
};

FIXTURE_VARIANT_ADD(call, tables)
{
	.cmd = VMLAB_TABLES,
	.size = sizeof(struct vmlab_tables),
	.outputs = offsetof(struct vmlab_tables, out_next),
};

FIXTURE_VARIANT_ADD(call, thread)
{
	.cmd = VMLAB_THREAD,
	.size = sizeof(struct vmlab_thread),
	.outputs = offsetof(struct vmlab_thread, out_flags),
};

FIXTURE_VARIANT_ADD(call, kwalk)
{
	.cmd = VMLAB_KWALK,
	.size = sizeof(struct vmlab_walk),
	.on_node = true,
	.outputs = offsetof(struct vmlab_walk, out_flags),
};

FIXTURE_VARIANT_ADD(call, kscan)
{
	.cmd = VMLAB_KSCAN,
	.size = sizeof(struct vmlab_scan),
	.on_node = true,
	.outputs = offsetof(struct vmlab_scan, out_next),
};

FIXTURE_VARIANT_ADD(call, kregions)
{
	.cmd = VMLAB_KREGIONS,
	.size = sizeof(struct vmlab_kregions),
	.on_node = true,
	.outputs = offsetof(struct vmlab_kregions, out_nr),
};

FIXTURE_VARIANT_ADD(call, cpus)
{
	.cmd = VMLAB_CPUS,
	.size = sizeof(struct vmlab_cpus),
	.on_node = true,
	.outputs = offsetof(struct vmlab_cpus, out_next),
};

FIXTURE_VARIANT_ADD(call, mm)
{
	.cmd = VMLAB_MM,
	.size = sizeof(struct vmlab_mm),
	.outputs = offsetof(struct vmlab_mm, out_nr),
};

FIXTURE_VARIANT_ADD(call, frames)
{
	.cmd = VMLAB_FRAMES,
	.size = sizeof(struct vmlab_frames),
	.on_node = true,
	.outputs = offsetof(struct vmlab_frames, out_next),
};

static uint64_t kernel_code(int node)
{
	struct vmlab_kregions ask_for = { .size = sizeof(ask_for) };
	uint32_t i;

	if (ask(node, VMLAB_KREGIONS, &ask_for))
		return 0;
	for (i = 0; i < ask_for.out_nr; i++)
		if (ask_for.out_regions[i].kind == VMLAB_KREGION_IMAGE)
			return ask_for.out_regions[i].start;
	return 0;
}

FIXTURE_SETUP(call)
{
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->pagemap = ask_pagemap(0);
	ASSERT_LE(0, self->pagemap);
	self->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->mem);
	self->target = ask_open(self->node, self->pagemap);
	ASSERT_LE(0, self->target);
	self->fd = variant->on_node ? self->node : self->target;
	self->kernel = kernel_code(self->node);
	ASSERT_NE(0, self->kernel);

	self->memory = fixture_anon(16 * PAGE, PROT_READ | PROT_WRITE);
	self->recs = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	self->edge = fixture_anon(3 * PAGE, PROT_READ | PROT_WRITE);
	ASSERT_TRUE(self->memory && self->recs && self->edge);
	fixture_write(self->memory, 16 * PAGE);
	fixture_write(self->recs, PAGE);
	ASSERT_EQ(0, mprotect(self->edge + 2 * PAGE, PAGE, PROT_NONE));
	self->edge += 2 * PAGE;
}

FIXTURE_TEARDOWN(call)
{
	close(self->target);
	close(self->mem);
	close(self->pagemap);
	close(self->node);
}

/* Arguments that must be answered. */
static union any_call valid(const call_data *self, const call_variant *variant)
{
	const uint64_t start = (uintptr_t)self->memory;
	union any_call call;

	memset(&call, 0, sizeof(call));
	switch (variant->cmd) {
	case VMLAB_OPEN:
		call.open.fd = self->pagemap;
		break;
	case VMLAB_WALK:
		call.walk.va = start;
		break;
	case VMLAB_KWALK:
		call.walk.va = self->kernel;
		break;
	case VMLAB_KSCAN:
		call.scan = ask_scan(self->kernel, self->kernel + 16 * PAGE, self->recs,
				     NR_RECS);
		break;
	case VMLAB_SCAN:
		call.scan = ask_scan(start, start + 16 * PAGE, self->recs, NR_RECS);
		break;
	case VMLAB_TABLES:
		call.tables = ask_tables(start, start + 16 * PAGE, self->recs, NR_RECS);
		break;
	case VMLAB_THREAD:
		call.thread.fd = self->mem;
		call.thread.tid = getpid();
		break;
	case VMLAB_FRAMES:
		call.frames = ask_frame_list(1000, 1016, self->recs, NR_RECS);
		break;
	case VMLAB_CPUS:
		call.cpus = ask_cpus(self->recs, NR_RECS);
		break;
	case VMLAB_VMAS:
		call.vmas = ask_vmas(start, start + 16 * PAGE, self->recs, NR_RECS);
		break;
	}
	call.size = variant->size;
	return call;
}

/*
 * OPEN makes a descriptor each time; the number differs, and it is to be closed. MM counts
 * flushes, and whoever asks about himself goes on taking faults.
 */
static void drop(const call_variant *variant, union any_call *call)
{
	if (variant->cmd == VMLAB_MM)
		call->mm.out_tlb_gen = 0;
	if (variant->cmd != VMLAB_OPEN)
		return;
	close(call->open.out_fd);
	call->open.out_fd = 0;
}

TEST_F(call, of_the_published_size_is_answered_and_its_inputs_come_back)
{
	union any_call before = valid(self, variant);
	union any_call call = before;

	ASSERT_EQ(0, ask(self->fd, variant->cmd, &call));
	EXPECT_EQ(0, memcmp(&call, &before, variant->outputs));
	EXPECT_NE(0, memcmp(call.bytes + variant->outputs,
			    before.bytes + variant->outputs,
			    variant->size - variant->outputs));
	drop(variant, &call);
}

TEST_F(call, shorter_than_the_published_size_is_EINVAL)
{
	uint32_t size;

	for (size = 0; size < variant->size; size++) {
		union any_call call = valid(self, variant);

		call.size = size;
		ASSERT_EQ(-EINVAL, ask(self->fd, variant->cmd, &call))
			TH_LOG("size %u", size);
	}
}

TEST_F(call, longer_is_answered_when_the_rest_is_zero)
{
	const uint32_t more[] = { 1, 4, 8, 100, PAGE - variant->size };
	union any_call known = valid(self, variant);
	size_t i, j;

	ASSERT_EQ(0, ask(self->fd, variant->cmd, &known));
	drop(variant, &known);
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		union any_call call = valid(self, variant);

		call.size += more[i];
		ASSERT_EQ(0, ask(self->fd, variant->cmd, &call))
			TH_LOG("size %u", call.size);
		drop(variant, &call);
		EXPECT_EQ(variant->size + more[i], call.size);
		call.size = variant->size;
		EXPECT_EQ(0, memcmp(&call, &known, variant->size));
		for (j = variant->size; j < sizeof(call); j++)
			ASSERT_EQ(0, call.bytes[j]);
	}
}

TEST_F(call, longer_is_E2BIG_when_any_byte_of_the_rest_is_set)
{
	uint32_t at;

	for (at = variant->size; at < PAGE; at += at < variant->size + 16 ? 1 : 211) {
		union any_call call = valid(self, variant);
		union any_call before;

		call.size = PAGE;
		call.bytes[at] = 1;
		before = call;
		ASSERT_EQ(-E2BIG, ask(self->fd, variant->cmd, &call))
			TH_LOG("byte %u", at);
		ASSERT_EQ(0, memcmp(&call, &before, sizeof(call)));
	}
}

TEST_F(call, longer_than_a_page_is_E2BIG)
{
	const uint32_t sizes[] = { PAGE + 1, 2 * PAGE, 1U << 31, ~0U };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		union any_call call = valid(self, variant);

		call.size = sizes[i];
		EXPECT_EQ(-E2BIG, ask(self->fd, variant->cmd, &call));
	}
}

TEST_F(call, that_reaches_into_unreadable_memory_is_EFAULT)
{
	const int files = ask_open_files();
	uint32_t there;

	EXPECT_EQ(-EFAULT, ask(self->fd, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, ask(self->fd, variant->cmd, self->edge));
	EXPECT_EQ(-EFAULT, ask(self->fd, variant->cmd, (void *)~7UL));
	EXPECT_EQ(-EFAULT, ask(self->fd, variant->cmd, (void *)(1UL << 63)));
	for (there = 1; there < variant->size; there++) {
		union any_call call = valid(self, variant);

		memcpy(self->edge - there, &call, there);
		ASSERT_EQ(-EFAULT, ask(self->fd, variant->cmd, self->edge - there))
			TH_LOG("%u bytes are there", there);
	}
	EXPECT_EQ(files, ask_open_files());
}

TEST_F(call, that_ends_at_unreadable_memory_is_answered)
{
	union any_call call = valid(self, variant);
	union any_call *at = (void *)(self->edge - variant->size);

	memcpy(at, &call, variant->size);
	ASSERT_EQ(0, ask(self->fd, variant->cmd, at));
	memcpy(&call, at, variant->size);
	drop(variant, &call);
}

TEST_F(call, whose_tail_cannot_be_read_is_EFAULT)
{
	union any_call call = valid(self, variant);

	call.size = variant->size + 1;
	memcpy(self->edge - variant->size, &call, variant->size);
	EXPECT_EQ(-EFAULT, ask(self->fd, variant->cmd, self->edge - variant->size));
}

TEST_F(call, in_read_only_memory_is_EFAULT_and_leaves_no_descriptor)
{
	const int files = ask_open_files();
	union any_call call = valid(self, variant);
	char *at = self->edge - PAGE;
	int i;

	memcpy(at, &call, variant->size);
	ASSERT_EQ(0, mprotect(at, PAGE, PROT_READ));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(-EFAULT, ask(self->fd, variant->cmd, at));
	EXPECT_EQ(0, memcmp(at, &call, variant->size));
	EXPECT_EQ(files, ask_open_files());
}

TEST_F(call, with_any_unknown_flag_is_EOPNOTSUPP_and_untouched)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		union any_call call = valid(self, variant);
		union any_call before;

		call.flags = 1U << bit;
		before = call;
		EXPECT_EQ(-EOPNOTSUPP, ask(self->fd, variant->cmd, &call))
			TH_LOG("flag %d", bit);
		EXPECT_EQ(0, memcmp(&call, &before, sizeof(call)));
	}
}

TEST_F(call, does_not_read_what_it_is_to_write)
{
	union any_call clean = valid(self, variant);
	union any_call dirty = clean;

	memset(dirty.bytes + variant->outputs, 0xa5, variant->size - variant->outputs);
	if (variant->cmd == VMLAB_INFO)
		dirty.info.__reserved = 0;
	ASSERT_EQ(0, ask(self->fd, variant->cmd, &clean));
	drop(variant, &clean);
	ASSERT_EQ(0, ask(self->fd, variant->cmd, &dirty));
	drop(variant, &dirty);
	EXPECT_EQ(0, memcmp(&clean, &dirty, variant->size));
}

TEST_F(call, that_is_refused_leaves_its_outputs_as_they_were)
{
	union any_call call = valid(self, variant);
	union any_call before;

	memset(call.bytes + variant->outputs, 0xa5, variant->size - variant->outputs);
	call.flags = 1;
	before = call;
	ASSERT_NE(0, ask(self->fd, variant->cmd, &call));
	EXPECT_EQ(0, memcmp(&call, &before, sizeof(call)));
}

TEST_F(call, to_the_other_kind_of_descriptor_is_ENOTTY)
{
	const int other = variant->on_node ? self->target : self->node;
	union any_call call = valid(self, variant);

	EXPECT_EQ(-ENOTTY, ask(other, variant->cmd, &call));
	EXPECT_EQ(-ENOTTY, ask(other, variant->cmd, NULL));
}

TEST_F(call, needs_its_number_to_the_last_bit)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		const unsigned int cmd = variant->cmd ^ 1U << bit;
		union any_call call = valid(self, variant);

		/* The neighbours are ioctls of their own. */
		if (cmd == VMLAB_INFO || cmd == VMLAB_OPEN || cmd == VMLAB_FRAMES ||
		    cmd == VMLAB_KWALK || cmd == VMLAB_KSCAN || cmd == VMLAB_KREGIONS ||
		    cmd == VMLAB_WALK || cmd == VMLAB_SCAN || cmd == VMLAB_VMAS ||
		    cmd == VMLAB_TABLES || cmd == VMLAB_CPUS || cmd == VMLAB_MM ||
		    cmd == VMLAB_THREAD)
			continue;
		EXPECT_EQ(-ENOTTY, ask(self->fd, cmd, &call)) TH_LOG("bit %d", bit);
	}
}

TEST_HARNESS_MAIN
