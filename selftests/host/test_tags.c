// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tags.c - tags: registers, contexts and slots put together by hand, as machines have them
 * that no emulator of the tests is: PCIDs of Haswell under KPTI, ASIDs of 8 and 16 bits,
 * physical addresses of 52 bits. What they mean is written down here a second time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "command.h"
#include "forge.h"
#include "recording.h"
#include "recordings.h"
#include "session.h"

#define NODE	"/dev/vmlab"
#define MAPS	"1000-9000 rw-p 00000000 00:00 0\n"
#define SELF	90

static struct vmlab_info haswell(void)
{
	struct vmlab_info info = forge_info();

	info.out_asid_bits = 12;
	info.out_asids_per_cpu = 6;
	info.out_features = VMLAB_X86_PCID | VMLAB_X86_INVPCID | VMLAB_X86_PTI | VMLAB_X86_PGE;
	return info;
}

static struct vmlab_info arm64(unsigned int asid_bits, unsigned int pa_bits, uint64_t features)
{
	struct vmlab_info info = forge_info();

	info.out_arch = VMLAB_ARCH_ARM64;
	info.out_asid_bits = asid_bits;
	info.out_pa_bits = pa_bits;
	info.out_features = features;
	return info;
}

/* CR4 as Linux has it on Haswell: PCIDE is bit 17. */
#define CR4	0x1606e0ULL

TEST(a_CPU_of_x86_has_its_root_and_tag_in_CR3)
{
	const struct vmlab_info info = haswell();
	struct vmlab_cpu cpu = {
		.regs = { [VMLAB_X86_REG_CR3] = 0x62ae005, [VMLAB_X86_REG_CR4] = CR4 | 1 << 17,
			  [VMLAB_X86_REG_USER_CR3] = 0x62af805 },
	};
	const char *names[VMLAB_REGISTER_BITS];
	struct vmlab_cpu_tags tags;
	size_t nr, i, pcide = 0;

	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(0x62ae000, tags.root_pa);
	EXPECT_EQ(0x62ae000, tags.kernel_root_pa);
	EXPECT_EQ(0x62af000, tags.user_root_pa);
	EXPECT_EQ(5, tags.tag);
	EXPECT_EQ(0x805, tags.user_tag);

	/* LAM is no part of the address. */
	cpu.regs[VMLAB_X86_REG_CR3] |= 1ULL << 61;
	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(0x62ae000, tags.root_pa);
	ASSERT_EQ(1, vmlab_register_bits(info.out_arch, VMLAB_X86_REG_CR3,
					 cpu.regs[VMLAB_X86_REG_CR3], names));
	EXPECT_STREQ("LAM_U57", names[0]);
	nr = vmlab_register_bits(info.out_arch, VMLAB_X86_REG_CR4,
				 cpu.regs[VMLAB_X86_REG_CR4], names);
	for (i = 0; i < nr; i++)
		pcide += !strcmp(names[i], "PCIDE");
	EXPECT_EQ(1, pcide);

	/* Without PCIDE these bits are PWT and PCD: no tag, not even tag 0. */
	cpu.regs[VMLAB_X86_REG_CR4] = CR4;
	cpu.regs[VMLAB_X86_REG_CR4] &= ~(1ULL << 17);
	cpu.regs[VMLAB_X86_REG_USER_CR3] = 0;
	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.tag);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.user_tag);
	EXPECT_EQ(VMLAB_PA_NONE, tags.user_root_pa);
}

TEST(a_slot_of_x86_has_the_PCID_after_its_number_and_one_more_under_KPTI)
{
	struct vmlab_info info = haswell();
	struct vmlab_tlb_slot slot = { .slot = 5, .context = 9, .generation = 3 };
	struct vmlab_mm_tags tags;
	struct vmlab_mm mm = { .out_context = 9 };

	vmlab_slot_tags(&info, &slot, &tags);
	EXPECT_EQ(6, tags.tag);
	EXPECT_EQ(0x806, tags.user_tag);
	vmlab_mm_tags(&info, &mm, &tags);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.tag);
	mm.out_global_asid = 40;
	vmlab_mm_tags(&info, &mm, &tags);
	EXPECT_EQ(41, tags.tag);

	info.out_features &= ~VMLAB_X86_PTI;
	vmlab_slot_tags(&info, &slot, &tags);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.user_tag);
	info.out_features &= ~VMLAB_X86_PCID;
	vmlab_slot_tags(&info, &slot, &tags);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.tag);
}

TEST(a_slot_of_x86_is_stale_when_its_address_space_has_got_further)
{
	const struct vmlab_info info = haswell();
	struct vmlab_tag_mm mm = { .pid = 7, .mm = { .out_context = 9, .out_tlb_gen = 5 } };
	struct vmlab_tags tags = { .mms = &mm, .nr_mms = 1 };
	struct vmlab_tlb_slot slot = { .context = 9, .generation = 5 };

	EXPECT_EQ(VMLAB_STALE_NO, vmlab_slot_stale(&info, &tags, &slot));
	slot.generation = 4;
	EXPECT_EQ(VMLAB_STALE_YES, vmlab_slot_stale(&info, &tags, &slot));
	slot.generation = 5;
	slot.flags = VMLAB_SLOT_OUTDATED;
	EXPECT_EQ(VMLAB_STALE_YES, vmlab_slot_stale(&info, &tags, &slot));
	slot = (struct vmlab_tlb_slot) { .context = 10, .generation = 5 };
	EXPECT_EQ(VMLAB_STALE_UNKNOWN, vmlab_slot_stale(&info, &tags, &slot));
}

TEST(a_CPU_of_arm64_has_its_ASID_in_TTBR1_and_its_root_in_TTBR0)
{
	struct vmlab_info info = arm64(16, 48, VMLAB_ARM64_KPTI);
	struct vmlab_cpu cpu = {
		.regs = { [VMLAB_ARM64_REG_TTBR0] = 0x44153001,
			  [VMLAB_ARM64_REG_TTBR1] = 0x123ULL << 49 | 0x41800000,
			  /* A1 and AS. */
			  [VMLAB_ARM64_REG_TCR] = 1ULL << 22 | 1ULL << 36,
			  [VMLAB_ARM64_REG_USER_TTBR1] = 0x247ULL << 48 | 0x417fe000 },
	};
	struct vmlab_cpu_tags tags;

	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(0x44153000, tags.root_pa);
	EXPECT_EQ(0x41800000, tags.kernel_root_pa);
	EXPECT_EQ(0x417fe000, tags.user_root_pa);
	EXPECT_EQ(0x246, tags.tag);
	EXPECT_EQ(0x247, tags.user_tag);

	/* Software PAN: TTBR0 and the ASID are put away. */
	cpu.regs[VMLAB_ARM64_REG_SAVED_TTBR0] = 0x88ULL << 48 | 0x55000000;
	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(0x55000000, tags.root_pa);
	EXPECT_EQ(0x88, tags.tag);
	EXPECT_EQ(0x89, tags.user_tag);

	/* 52 bits of physical address: bits 5-2 are bits 51-48. 8 bits of ASID. */
	info = arm64(8, 52, 0);
	cpu = (struct vmlab_cpu) {
		.regs = { [VMLAB_ARM64_REG_TTBR0] = 0x44153000 | 0xa << 2,
			  [VMLAB_ARM64_REG_TTBR1] = 0xff07ULL << 48 | 0x41800000,
			  [VMLAB_ARM64_REG_TCR] = 1ULL << 22 },
	};
	vmlab_cpu_tags(&info, &cpu, &tags);
	EXPECT_EQ(0xa000044153000ULL, tags.root_pa);
	EXPECT_EQ(7, tags.tag);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.user_tag);
	EXPECT_EQ(VMLAB_PA_NONE, tags.user_root_pa);
}

TEST(a_context_of_arm64_is_a_generation_above_an_ASID)
{
	struct vmlab_info info = arm64(16, 48, VMLAB_ARM64_KPTI);
	struct vmlab_mm mm = { .out_context = 3ULL << 16 | 0x246 };
	struct vmlab_tags none = { 0 };
	struct vmlab_tlb_slot slot = { .context = mm.out_context, .generation = 3 };
	struct vmlab_mm_tags tags;

	vmlab_mm_tags(&info, &mm, &tags);
	EXPECT_EQ(0x246, tags.tag);
	EXPECT_EQ(0x247, tags.user_tag);
	EXPECT_EQ(3, tags.generation);
	mm.out_context = 0;
	vmlab_mm_tags(&info, &mm, &tags);
	EXPECT_EQ(VMLAB_TAG_NONE, tags.tag);

	/* The kernel counts generations from the bits above the ASID on, too. */
	slot.generation = 3ULL << 16;
	EXPECT_EQ(VMLAB_STALE_NO, vmlab_slot_stale(&info, &none, &slot));
	slot.generation = 4ULL << 16;
	EXPECT_EQ(VMLAB_STALE_YES, vmlab_slot_stale(&info, &none, &slot));
	slot.generation = 0;
	EXPECT_EQ(VMLAB_STALE_UNKNOWN, vmlab_slot_stale(&info, &none, &slot));
	info = arm64(8, 48, 0);
	mm.out_context = 0x512;
	vmlab_mm_tags(&info, &mm, &tags);
	EXPECT_EQ(0x12, tags.tag);
	EXPECT_EQ(5, tags.generation);
}

TEST(an_entry_of_both_roots_is_shared_own_or_left_out)
{
	const struct vmlab_info info = haswell();
	static const struct {
		uint64_t entry;
		uint64_t user;
		const char *relation;
	} all[] = {
		{ 0x8000000006d84067, 0x6d84067, "shared-nx" },
		{ 0x6d84067, 0x6d84067, "shared" },
		{ 0x6d84067, 0x6d85067, "own-table" },
		{ 0x6d84067, 0, "left-out" },
		{ 0, 0x6d84067, "user-only" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		const struct vmlab_root_entry entry = { 0, all[i].entry, all[i].user };

		EXPECT_STREQ(all[i].relation,
			     vmlab_root_relation_name(vmlab_root_relation(&info, &entry)));
	}
}

/* ---- a session ----------------------------------------------------------- */

static void add_cpus(struct forge *f, const struct vmlab_cpu *cpus, uint32_t nr)
{
	const struct vmlab_cpus question = {
		.size = sizeof(question), .end = 1 << 16, .nr_recs = 512,
		.rec_size = sizeof(*cpus),
	};
	struct vmlab_cpus answer = question;

	answer.out_nr = nr;
	answer.out_next = question.end;
	forge_ask(f, NODE, VMLAB_CPUS, &question, &answer, sizeof(answer), cpus,
		  nr * sizeof(*cpus));
}

static void add_mm(struct forge *f, const char *pagemap, uint64_t context, uint64_t tlb_gen)
{
	const struct vmlab_mm question = { .size = sizeof(question) };
	struct vmlab_mm answer = question;

	answer.out_context = context;
	answer.out_tlb_gen = tlb_gen;
	answer.out_root = 0x100000 + context * 0x2000;
	answer.out_user_root = answer.out_root + 0x1000;
	forge_ask(f, pagemap, VMLAB_MM, &question, &answer, sizeof(answer), NULL, 0);
}

/* Process 77, process 78 and ourselves, on two CPUs. */
static void add_machine(struct forge *f, const struct vmlab_cpu *cpus, uint32_t nr)
{
	const struct vmlab_info info = haswell();

	/* OPEN answers alike, whoever it is asked about. */
	forge_process(f, &info, MAPS);
	forge_another(f, 78, 0, MAPS);
	forge_number(f, "self", SELF);
	forge_open(f, "/proc/self/pagemap");
	forge_text(f, "/proc/90/comm", "vmlab\n");
	forge_text(f, "/proc", "77\n78\n90\n");
	add_cpus(f, cpus, nr);
	add_mm(f, "/proc/self/pagemap", 30, 1);
	add_mm(f, FORGE_PAGEMAP, 10, 5);
	add_mm(f, "/proc/78/pagemap", 20, 9);
}

static const struct vmlab_cpu two_cpus[] = {
	{ .cpu = 0, .flags = VMLAB_CPU_OWNED, .pid = SELF, .tid = SELF, .context = 30,
	  .regs = { [VMLAB_X86_REG_CR3] = 0x13c003, [VMLAB_X86_REG_CR4] = CR4 | 1 << 17,
		    [VMLAB_X86_REG_USER_CR3] = 0x13d803 } },
	{ .cpu = 1, .flags = VMLAB_CPU_OWNED | VMLAB_CPU_LAZY, .pid = 78, .context = 20,
	  .regs = { [VMLAB_X86_REG_CR3] = 0x128001, [VMLAB_X86_REG_CR4] = CR4 | 1 << 17,
		    [VMLAB_X86_REG_USER_CR3] = 0x129801 } },
};

TEST(slots_are_shown_with_their_owners_and_whether_they_are_stale)
{
	static const struct vmlab_tlb_slot slots[] = {
		{ .cpu = 0, .slot = 0, .context = 10, .generation = 5 },
		{ .cpu = 0, .slot = 1, .context = 20, .generation = 8 },
		{ .cpu = 0, .slot = 2, .context = 30, .generation = 1, .flags = 1 },
		{ .cpu = 0, .slot = 3, .context = 11, .generation = 2 },
		{ .cpu = 1, .slot = 0, .context = 20, .generation = 9, .flags = 1 },
	};
	static const char *const said[] = {
		"{\"cpu\":0,\"root_pa\":\"0x13c000\",\"tag\":3,\"user_root_pa\":\"0x13d000\",\"user_tag\":2051,\"pid\":90,",
		"{\"slot\":0,\"tag\":1,\"user_tag\":2049,\"pid\":77,\"ctx_id\":10,\"generation\":5,\"stale\":false,\"loaded\":false}",
		"{\"slot\":1,\"tag\":2,\"user_tag\":2050,\"pid\":78,\"ctx_id\":20,\"generation\":8,\"stale\":true,\"loaded\":false}",
		"{\"slot\":2,\"tag\":3,\"user_tag\":2051,\"pid\":90,\"ctx_id\":30,\"generation\":1,\"stale\":false,\"loaded\":true}",
		"{\"slot\":3,\"tag\":4,\"user_tag\":2052,\"pid\":null,\"ctx_id\":11,\"generation\":2,\"stale\":null,\"loaded\":false}",
		"\"cpus\":[0,1]",
		"\"by\":\"pcid\"",
		"\"slots_missing\":null",
	};
	struct command_ran ran;
	struct forge f = { 0 };
	size_t i;

	add_machine(&f, two_cpus, 2);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "tlb-slots", strlen("tlb-slots"), slots, sizeof(slots));
	recording_forged(&f, "tags --json", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	for (i = 0; i < ARRAY_SIZE(said); i++)
		EXPECT_NE(NULL, strstr(ran.out, said[i])) TH_LOG("%s\n%s", said[i], ran.out);
	command_done(&ran);
}

TEST(without_slots_the_rest_is_shown_and_what_is_missing_is_said)
{
	struct command_ran ran;
	struct forge f = { 0 };

	add_machine(&f, two_cpus, 2);
	forge_add(&f, VMLAB_RECORD_TEXT, -ENOENT, "tlb-slots", strlen("tlb-slots"), NULL, 0);
	recording_forged(&f, "tags --json", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_NE(NULL, strstr(ran.out, "\"slots\":null")) TH_LOG("%s", ran.out);
	EXPECT_NE(NULL, strstr(ran.out, "\"slots_missing\":\"this kernel has no BTF"));
	EXPECT_NE(NULL, strstr(ran.out, "\"ctx_id\":20"));
	command_done(&ran);
}

TEST(what_no_kernel_says_is_refused)
{
	static const struct vmlab_tlb_slot backwards[] = {
		{ .cpu = 1, .context = 10 }, { .cpu = 0, .context = 20 },
	};
	static const struct vmlab_cpu twice[] = { { .cpu = 3 }, { .cpu = 3 } };
	static const struct vmlab_cpu beyond[] = { { .cpu = 1 << 16 } };
	static const struct {
		const struct vmlab_cpu *cpus;
		uint32_t nr;
		const void *slots;
		size_t sz_slots;
	} bad[] = {
		{ twice, 2, NULL, 0 },
		{ beyond, 1, NULL, 0 },
		{ two_cpus, 2, backwards, sizeof(backwards) },
		{ two_cpus, 2, backwards, sizeof(backwards) - 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct command_ran ran;
		struct forge f = { 0 };

		add_machine(&f, bad[i].cpus, bad[i].nr);
		forge_add(&f, VMLAB_RECORD_TEXT, 0, "tlb-slots", strlen("tlb-slots"), bad[i].slots,
			  bad[i].sz_slots);
		recording_forged(&f, "tags --json", &ran);
		EXPECT_STREQ("", command_breaks(&ran, true)) TH_LOG("%zu", i);
		EXPECT_EQ(1, ran.status) TH_LOG("%zu", i);
		EXPECT_NE(NULL, strstr(ran.out, "EBADMSG")) TH_LOG("%zu: %s", i, ran.out);
		command_done(&ran);
		forge_free(&f);
	}
}

TEST_HARNESS_MAIN
