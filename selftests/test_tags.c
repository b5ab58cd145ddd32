// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tags.c - CPUS, MM and `vmlab tags`: roots and tags of CPUs and address spaces.
 *
 * That a root is the right one shows where it leads to: to our own pages, step by step
 * through /proc/kcore, at the frames that pagemap has. That a tag is shows in two places
 * that know nothing of each other: a register of the CPU, and the kernel's own record of
 * the address space.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "command.h"
#include "fixture.h"
#include "kcore.h"
#include "mmu.h"
#include "victim.h"
#include "witness.h"

#define MANY	100
#define MAX_CPUS	64
/* A CPU that is asked may be doing something else just then. */
#define TRIES	200

#if defined(__x86_64__)
/* SDM 2.5: CR3 is a root and, with PCIDE, a tag; LAM in bits 61 and 62. */
#define ROOT_OF(regs)	((regs)[VMLAB_X86_REG_CR3] & 0xffffffffff000ULL)
#define CR4_PCIDE	(1ULL << 17)
#else
#define ROOT_OF(regs)	(((regs)[VMLAB_ARM64_REG_SAVED_TTBR0] ?: \
			  (regs)[VMLAB_ARM64_REG_TTBR0]) & 0xffffffffffc0ULL)
#define ASID_OF(ttbr)	((ttbr) >> 48)
#endif

FIXTURE(tags)
{
	int node;
	int kcore;		/* -ENOENT where the kernel has none: the checking kernel */
	struct vmlab_info info;
	struct vmlab_cpu cpus[MAX_CPUS];
	struct vmlab_root_entry roots[VMLAB_ROOT_ENTRIES];
};

FIXTURE_SETUP(tags)
{
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->info.size = sizeof(self->info);
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &self->info));
	self->kcore = kcore_open();
	if (self->kcore != -ENOENT)
		ASSERT_LE(0, self->kcore) TH_LOG("/proc/kcore: %s", strerror(-self->kcore));
}

FIXTURE_TEARDOWN(tags)
{
	close(self->kcore);
	close(self->node);
}

/* Of that CPU, or NULL. */
static struct vmlab_cpu *cpu_of(FIXTURE_DATA(tags) *self, unsigned int cpu)
{
	struct vmlab_cpus cpus = ask_cpus(self->cpus, MAX_CPUS);
	unsigned int i;

	memset(self->cpus, 0xa5, sizeof(self->cpus));
	if (ask(self->node, VMLAB_CPUS, &cpus))
		return NULL;
	for (i = 0; i < cpus.out_nr; i++)
		if (self->cpus[i].cpu == cpu)
			return &self->cpus[i];
	return NULL;
}

static int mm_of(FIXTURE_DATA(tags) *self, pid_t pid, struct vmlab_mm *out)
{
	int target = ask_target(self->node, pid), ret;

	if (target < 0)
		return target;
	*out = (struct vmlab_mm) { .size = sizeof(*out) };
	ret = ask(target, VMLAB_MM, out);
	close(target);
	return ret;
}

/* A page of ours: its frame by pagemap, its address in @va. */
static uint64_t our_page(uint64_t *va)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct witness w;
	uint64_t word;

	if (!page || witness_open(&w, 0))
		return VMLAB_PFN_NONE;
	*page = 1;
	word = witness_page(&w, page);
	witness_close(&w);
	*va = (uintptr_t)page;
	return PM_PFN(word);
}

TEST_F_TIMEOUT(tags, of_this_cpu_lead_from_its_root_to_our_own_pages, 120)
{
	struct vmlab_cpu *cpu;
	uint64_t va, pfn;
	struct vmlab_mm mm;

	if (self->kcore < 0)
		SKIP(return, KCORE_NONE);
	fixture_stay_on(0);
	pfn = our_page(&va);
	ASSERT_NE(VMLAB_PFN_NONE, pfn);
	cpu = cpu_of(self, 0);
	ASSERT_NE(NULL, cpu);
	EXPECT_EQ(getpid(), cpu->pid);
	EXPECT_EQ(getpid(), cpu->tid);
	EXPECT_EQ((uint32_t)VMLAB_CPU_OWNED, cpu->flags);
	EXPECT_EQ(pfn, kcore_walk(self->kcore, ROOT_OF(cpu->regs), mmu_levels(), va));

	ASSERT_EQ(0, mm_of(self, 0, &mm));
	EXPECT_EQ(ROOT_OF(cpu->regs), mm.out_root);
	EXPECT_EQ(cpu->context, mm.out_context);
	EXPECT_NE(0, mm.out_context);
	EXPECT_EQ(mmu_second_root(), mm.out_user_root != VMLAB_PA_NONE);
}

TEST_F_TIMEOUT(tags, of_this_cpu_say_what_the_registers_of_this_machine_are, 120)
{
	struct vmlab_cpu *cpu;
	struct vmlab_mm mm;

	fixture_stay_on(0);
	cpu = cpu_of(self, 0);
	ASSERT_NE(NULL, cpu);
	ASSERT_EQ(0, mm_of(self, 0, &mm));
#if defined(__x86_64__)
	/* PAE and PGE are what 64-bit Linux runs on; LA57 is the fifth level. */
	EXPECT_EQ(0x20, cpu->regs[VMLAB_X86_REG_CR4] & 0x20);
	EXPECT_EQ(mmu_levels() == 5, !!(cpu->regs[VMLAB_X86_REG_CR4] & 1 << 12));
	EXPECT_EQ(self->info.out_asid_bits != 0, !!(cpu->regs[VMLAB_X86_REG_CR4] & CR4_PCIDE));
	EXPECT_TRUE((cpu->regs[VMLAB_X86_REG_CR4] & CR4_PCIDE) ||
		    !(cpu->regs[VMLAB_X86_REG_CR3] & 0xfff));
	/* The two roots are neighbours: the user's is the second page (asm/pgtable.h). */
	EXPECT_EQ(mmu_isolated() ? mm.out_root + PAGE : 0,
		  cpu->regs[VMLAB_X86_REG_USER_CR3] & 0xffffffffff000ULL);
	EXPECT_EQ(mmu_isolated() ? mm.out_root + PAGE : VMLAB_PA_NONE, mm.out_user_root);
#else
	const uint64_t ttbr1 = cpu->regs[VMLAB_ARM64_REG_TTBR1];
	const uint64_t asid = cpu->regs[VMLAB_ARM64_REG_SAVED_TTBR0] ?
			      ASID_OF(cpu->regs[VMLAB_ARM64_REG_SAVED_TTBR0]) : ASID_OF(ttbr1);

	/* TCR_EL1: A1, the ASID is TTBR1's; AS, it has 16 bits. */
	EXPECT_EQ(1, cpu->regs[VMLAB_ARM64_REG_TCR] >> 22 & 1);
	EXPECT_EQ(self->info.out_asid_bits == 16, cpu->regs[VMLAB_ARM64_REG_TCR] >> 36 & 1);
	EXPECT_NE(0, asid);
	EXPECT_EQ(mm.out_context & 0xffff, asid);
	/* Pairs under KPTI: the kernel's is even, the user's the next one. */
	if (mmu_isolated()) {
		EXPECT_EQ(0, asid & 1);
		EXPECT_EQ(1, ASID_OF(cpu->regs[VMLAB_ARM64_REG_USER_TTBR1]) & 1);
		EXPECT_NE(ttbr1 & 0xffffffffffc0ULL,
			  cpu->regs[VMLAB_ARM64_REG_USER_TTBR1] & 0xffffffffffc0ULL);
	} else {
		EXPECT_EQ(0, cpu->regs[VMLAB_ARM64_REG_USER_TTBR1]);
	}
#endif
}

static void stay_and_spin(unsigned int cpu)
{
	volatile unsigned long turns = 0;

	fixture_stay_on(cpu);
	for (;;)
		turns++;
}

TEST_F_TIMEOUT(tags, of_every_cpu_are_those_of_the_process_that_runs_there, 120)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN), try;
	unsigned int cpu;

	for (cpu = 0; cpu < nr && cpu < MAX_CPUS; cpu++) {
		struct vmlab_cpu *at = NULL;
		struct vmlab_mm mm;
		pid_t pid = fork();

		if (!pid)
			stay_and_spin(cpu);
		ASSERT_LT(0, pid);
		/* Not there ourselves, where we can. */
		fixture_stay_on((cpu + 1) % nr);
		for (try = 0; try < TRIES && nr > 1; try++) {
			at = cpu_of(self, cpu);
			ASSERT_NE(NULL, at);
			if (at->pid == pid)
				break;
			usleep(10000);
		}
		if (nr > 1) {
			ASSERT_EQ(pid, at->pid);
			ASSERT_EQ(0, mm_of(self, pid, &mm));
			EXPECT_EQ(mm.out_root, ROOT_OF(at->regs));
			EXPECT_EQ(mm.out_context, at->context);
#if defined(__aarch64__)
			EXPECT_EQ(mm.out_context & 0xffff,
				  ASID_OF(at->regs[VMLAB_ARM64_REG_SAVED_TTBR0] ?:
					  at->regs[VMLAB_ARM64_REG_TTBR1]));
#endif
		} else {
			/* It is we who run while we ask. */
			at = cpu_of(self, cpu);
			ASSERT_NE(NULL, at);
			EXPECT_EQ(getpid(), at->pid);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

TEST_F_TIMEOUT(tags, of_a_hundred_processes_are_all_different, 120)
{
	struct victim victims[MANY];
	struct vmlab_mm mms[MANY];
	unsigned int i, j;

	for (i = 0; i < MANY; i++) {
		/* It has run when this returns: it has said so. */
		ASSERT_EQ(0, victim_fork(&victims[i], NULL, NULL));
		ASSERT_EQ(0, mm_of(self, victims[i].pid, &mms[i]));
		ASSERT_NE(0, mms[i].out_context);
	}
	for (i = 0; i < MANY; i++) {
		struct vmlab_mm now;

		ASSERT_EQ(0, mm_of(self, victims[i].pid, &now));
		EXPECT_EQ(mms[i].out_context, now.out_context);
		for (j = 0; j < i; j++) {
			ASSERT_NE(mms[i].out_context, mms[j].out_context);
			ASSERT_NE(mms[i].out_root, mms[j].out_root);
#if defined(__x86_64__)
			/* A counter: who was made later has more. */
			ASSERT_LT(mms[j].out_context, mms[i].out_context);
#else
			ASSERT_NE(mms[i].out_context & 0xffff, mms[j].out_context & 0xffff);
			ASSERT_EQ(mms[i].out_context >> 16, mms[j].out_context >> 16);
#endif
		}
#if defined(__aarch64__)
		EXPECT_EQ(0, mmu_isolated() ? mms[i].out_context & 1 : 0);
#endif
	}
	for (i = 0; i < MANY; i++)
		victim_kill(&victims[i]);
}

TEST_F_TIMEOUT(tags, are_others_after_an_exec, 120)
{
	/* Not one that ends when it has nothing to read. */
	char *argv[] = { "sleep", "600", NULL };
	struct vmlab_mm before, after;
	pid_t pid;
	int try;

	ASSERT_EQ(0, mm_of(self, 0, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	for (try = 0; try < TRIES; try++) {
		char path[64], comm[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		file = fopen(path, "re");
		if (file && fgets(comm, sizeof(comm), file) && !strcmp(comm, "sleep\n"))
			try = TRIES;
		if (file)
			fclose(file);
		usleep(10000);
	}
	ASSERT_EQ(0, mm_of(self, pid, &after));
	EXPECT_NE(before.out_context, after.out_context);
	EXPECT_NE(before.out_root, after.out_root);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F_TIMEOUT(tags, count_the_flushes_of_an_address_space, 120)
{
	const unsigned int nr = 50;
	struct vmlab_mm before, after;
	unsigned int i;
	char *page;

	page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, page);
	*page = 1;
	ASSERT_EQ(0, mm_of(self, 0, &before));
	for (i = 0; i < nr; i++) {
		/* What may be in a TLB as writable is to be no more. */
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
		*page = 2;
	}
	ASSERT_EQ(0, mm_of(self, 0, &after));
#if defined(__x86_64__)
	EXPECT_LE(before.out_tlb_gen + nr, after.out_tlb_gen);
	EXPECT_GE(before.out_tlb_gen + 4 * nr, after.out_tlb_gen);
#else
	EXPECT_EQ(0, before.out_tlb_gen);
	EXPECT_EQ(0, after.out_tlb_gen);
#endif
}

TEST_F_TIMEOUT(tags, of_both_roots_are_compared_entry_by_entry_under_KPTI, 120)
{
	uint64_t raw[512], raw_user[512], va, pfn;
	unsigned int i, at = 0, left_out = 0;
	const unsigned int shift = 12 + (mmu_levels() - 1) * 9;
	struct vmlab_mm mm = {
		.size = sizeof(mm),
		.buf = (uintptr_t)self->roots,
		.nr_recs = VMLAB_ROOT_ENTRIES,
		.rec_size = sizeof(self->roots[0]),
	};
	int target = ask_target(self->node, 0);

	ASSERT_LE(0, target);
	pfn = our_page(&va);
	ASSERT_NE(VMLAB_PFN_NONE, pfn);
	ASSERT_EQ(0, ask(target, VMLAB_MM, &mm));
	close(target);
	if (!mmu_second_root()) {
		EXPECT_EQ(0, mm.out_nr);
		EXPECT_EQ(VMLAB_PA_NONE, mm.out_user_root);
		return;
	}
	if (self->kcore < 0)
		SKIP(return, KCORE_NONE);
	/* User mode has our page where the kernel has it. */
	EXPECT_EQ(pfn, kcore_walk(self->kcore, mm.out_user_root, mmu_levels(), va));
	ASSERT_EQ(0, kcore_read(self->kcore, mm.out_root, raw, 512));
	ASSERT_EQ(0, kcore_read(self->kcore, mm.out_user_root, raw_user, 512));
	for (i = 0; i < 512; i++) {
		const struct vmlab_root_entry *rec = &self->roots[at];

		if (!raw[i] && !raw_user[i])
			continue;
		ASSERT_GT(mm.out_nr, at);
		EXPECT_EQ(i, rec->va >> shift & 511);
		EXPECT_EQ(i >= 256, rec->va >> 63);
		/* The MMU may have set A meanwhile. */
		EXPECT_EQ(raw[i] | 0x20, rec->entry | 0x20);
		EXPECT_EQ(raw_user[i] | 0x20, rec->user_entry | 0x20);
		/* The user half is the same but for NX; of the kernel's, most is missing. */
		EXPECT_TRUE(i >= 256 || mmu_frame(raw[i]) == mmu_frame(raw_user[i]));
		left_out += i >= 256 && !raw_user[i];
		at++;
	}
	EXPECT_EQ(mm.out_nr, at);
	EXPECT_LE(2, left_out);
}

TEST_F_TIMEOUT(tags, are_refused_when_they_are_asked_wrongly, 120)
{
	struct vmlab_mm mm = { .size = sizeof(mm), .nr_recs = VMLAB_ROOT_ENTRIES - 1,
			       .rec_size = sizeof(self->roots[0]) };
	struct vmlab_cpus cpus = ask_cpus(self->cpus, MAX_CPUS);
	int target = ask_target(self->node, 0);

	ASSERT_LE(0, target);
	EXPECT_EQ(-EINVAL, ask(target, VMLAB_MM, &mm));
	mm.nr_recs++;
	mm.rec_size--;
	EXPECT_EQ(-EINVAL, ask(target, VMLAB_MM, &mm));
	mm.rec_size = PAGE + 1;
	EXPECT_EQ(-EINVAL, ask(target, VMLAB_MM, &mm));
	mm.rec_size = sizeof(self->roots[0]);
	EXPECT_EQ(mmu_second_root() ? -EFAULT : 0, ask(target, VMLAB_MM, &mm));
	mm.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, ask(target, VMLAB_MM, &mm));

	cpus.end = (1 << 16) + 1;
	EXPECT_EQ(-ERANGE, ask(self->node, VMLAB_CPUS, &cpus));
	cpus.end = 1 << 16;
	cpus.nr_recs = 0;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_CPUS, &cpus));
	cpus.nr_recs = 1;
	cpus.rec_size--;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_CPUS, &cpus));
	cpus.rec_size = PAGE + 1;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_CPUS, &cpus));
	cpus.rec_size = sizeof(struct vmlab_cpu);
	cpus.start = 2;
	cpus.end = 1;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_CPUS, &cpus));
	cpus.start = 0;
	cpus.buf = 0;
	EXPECT_EQ(-EFAULT, ask(self->node, VMLAB_CPUS, &cpus));
	/* One record at a time: it says where to go on, and ends. */
	cpus.buf = (uintptr_t)self->cpus;
	cpus.end = 1 << 16;
	ASSERT_EQ(0, ask(self->node, VMLAB_CPUS, &cpus));
	EXPECT_EQ(1, cpus.out_nr);
	EXPECT_EQ(1, cpus.out_next);
	cpus.start = 60000;
	ASSERT_EQ(0, ask(self->node, VMLAB_CPUS, &cpus));
	EXPECT_EQ(0, cpus.out_nr);
	EXPECT_EQ(cpus.end, cpus.out_next);
}

/* What is withheld: in a child, which is nobody from then on. */
static int as_nobody(FIXTURE_DATA(tags) *self)
{
	struct vmlab_cpus cpus = ask_cpus(self->cpus, MAX_CPUS);
	struct vmlab_mm mm = { .size = sizeof(mm) };
	int node, target;

	/* Whose /proc stays its own, that the kernel lets it see anything at all. */
	if (setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	/* The node is the administrator's to open; what it was opened as counts. */
	node = open(NODE, O_RDWR | O_CLOEXEC);
	if (node < 0)
		return 2;
	if (ask(node, VMLAB_CPUS, &cpus) != -EPERM)
		return 3;
	target = ask_target(node, 0);
	if (target < 0)
		return 4;
	return ask(target, VMLAB_MM, &mm) == -EPERM ? 0 : 5;
}

TEST_F_TIMEOUT(tags, are_withheld_from_who_may_not_see_frames, 120)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, chmod(NODE, 0666));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(as_nobody(self));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, chmod(NODE, 0600));
	EXPECT_EQ(0, status) TH_LOG("step %d", WEXITSTATUS(status));
}

/* ---- the command --------------------------------------------------------- */

/* The row of @table whose @key is @value, or -1. */
static long row_of(const struct answer *a, const char *table, const char *key, long value)
{
	char path[96];
	long nr = answer_count(a, table), i;

	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s.%ld.%s", table, i, key);
		if (answer_number(a, path) == (unsigned long long)value)
			return i;
	}
	return -1;
}

static unsigned long long number(const struct answer *a, const char *table, long row,
				 const char *key)
{
	char path[96];

	snprintf(path, sizeof(path), "%s.%ld.%s", table, row, key);
	return answer_number(a, path);
}

TEST_F_TIMEOUT(tags, are_shown_by_the_command_as_the_module_has_them, 120)
{
	struct vmlab_mm mm;
	struct answer a;
	struct victim v;
	long row;

	ASSERT_EQ(0, victim_fork(&v, NULL, NULL));
	ASSERT_EQ(0, mm_of(self, v.pid, &mm));
	command_run(&a, "tags %d --json", v.pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	EXPECT_STREQ("true", answer_at(&a, "complete"));
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), answer_count(&a, "cpus"));
	EXPECT_EQ(1, answer_count(&a, "mms"));
	row = row_of(&a, "mms", "pid", v.pid);
	ASSERT_EQ(0, row);
	EXPECT_EQ(mm.out_root, number(&a, "mms", row, "root_pa"));
#if defined(__x86_64__)
	EXPECT_EQ(mm.out_context, number(&a, "mms", row, "ctx_id"));
	EXPECT_STREQ("null", answer_at(&a, "mms.0.asid"));
	EXPECT_STREQ("null", answer_at(&a, "mms.0.generation"));
#else
	EXPECT_EQ(mm.out_context & 0xffff, number(&a, "mms", row, "asid"));
	EXPECT_EQ(mm.out_context >> 16, number(&a, "mms", row, "generation"));
	EXPECT_STREQ("null", answer_at(&a, "mms.0.ctx_id"));
	EXPECT_STREQ("null", answer_at(&a, "mms.0.tlb_gen"));
	EXPECT_STREQ("asid", answer_at(&a, "tagging.by"));
	EXPECT_STREQ("false", answer_at(&a, "tagging.flush_on_switch"));
	EXPECT_TRUE(!mmu_isolated() || number(&a, "mms", row, "user_asid") ==
		    ((mm.out_context & 0xffff) | 1));
#endif
	EXPECT_EQ(mmu_second_root(), answer_count(&a, "roots") > 0);
	command_free(&a);
	victim_kill(&v);
}

TEST_F_TIMEOUT(tags, where_there_are_none_are_null_and_it_is_said_so, 120)
{
	struct answer a;
	long i;

	if (self->info.out_asid_bits)
		return;
	command_run(&a, "tags --json");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	EXPECT_STREQ("null", answer_at(&a, "tagging.by"));
	EXPECT_STREQ("true", answer_at(&a, "tagging.flush_on_switch"));
	EXPECT_STREQ("false", answer_at(&a, "tagging.pcid"));
	for (i = 0; i < answer_count(&a, "cpus"); i++) {
		EXPECT_STREQ("null", answer_at(&a, "cpus.%ld.tag", i));
		EXPECT_STREQ("null", answer_at(&a, "cpus.%ld.user_tag", i));
	}
	command_free(&a);
	command_run(&a, "tags");
	ASSERT_EQ(0, a.status);
	EXPECT_NE(NULL, strstr(a.out, "flushes all that is not global"));
	command_free(&a);
}

static void write_page(void *page)
{
	*(volatile char *)page = 2;
}

/* What the command has to say for the tag of a process: null where each CPU has its own. */
static const char *tag_text(FIXTURE_DATA(tags) *self, pid_t pid, char *buf, size_t size)
{
	struct vmlab_mm mm;

	if (!self->info.out_asid_bits || self->info.out_asids_per_cpu)
		return "null";
	if (mm_of(self, pid, &mm))
		return "?";
	snprintf(buf, size, "%llu", (unsigned long long)mm.out_context & 0xffff);
	return buf;
}

TEST_F_TIMEOUT(tags, tell_homonyms_apart_or_it_is_said_that_a_switch_flushes, 120)
{
	const bool off = !self->info.out_asid_bits;
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	char ours[24], others[24];
	struct victim v;
	struct answer a;
	long i, nr;

	ASSERT_NE(NULL, page);
	*page = 1;
	ASSERT_EQ(0, victim_fork(&v, write_page, page));
	*page = 3;
	command_run(&a, "homonyms %d %d --json", getpid(), v.pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	EXPECT_STREQ(off ? "true" : "false", answer_at(&a, "flush_on_switch"));
	nr = answer_count(&a, "ranges");
	ASSERT_LE(1, nr);
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(getpid(), (pid_t)number(&a, "ranges", i, "processes.0.pid"));
		if (self->info.out_asids_per_cpu)
			continue;
		EXPECT_STREQ(tag_text(self, getpid(), ours, sizeof(ours)),
			     answer_at(&a, "ranges.%ld.processes.0.tag", i));
		EXPECT_STREQ(tag_text(self, v.pid, others, sizeof(others)),
			     answer_at(&a, "ranges.%ld.processes.1.tag", i));
	}
	command_free(&a);
	command_run(&a, "walk %d %lx --json", v.pid, (unsigned long)page);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_STREQ(tag_text(self, v.pid, others, sizeof(others)), answer_at(&a, "tag"));
	command_free(&a);
	victim_kill(&v);
}

TEST_F_TIMEOUT(tags, of_a_process_that_is_not_there_are_one_line_and_a_document, 120)
{
	struct answer a;

	command_run(&a, "tags %d --json", 4194303);
	EXPECT_EQ(1, a.status);
	EXPECT_EQ(1, command_lines(a.err));
	ASSERT_NE(NULL, a.json);
	EXPECT_STREQ("ESRCH", answer_at(&a, "error.code"));
	command_free(&a);
	command_run(&a, "tags nonsense");
	EXPECT_EQ(2, a.status);
	command_free(&a);
}

TEST_HARNESS_MAIN
