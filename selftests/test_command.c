// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_command.c - the vmlab command, as its contract has it: what it answers about a
 * stopped program is checked against pagemap and smaps; and whatever goes wrong is one
 * line on stderr, the right exit status, and with --json exactly one document that
 * says so too.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "mmu.h"
#include "victim.h"
#include "witness.h"

/* A sleep, stopped, and places in it that are surely there. */
FIXTURE(vmlab)
{
	struct victim sleeper;
	struct witness witness;
	unsigned long long stack;	/* the program's name is just above it */
	unsigned long long code;
	long anon_pages;
	long swap_pages;
	int pid;
};

FIXTURE_SETUP(vmlab)
{
	char *const argv[] = { "sh", "-c", "echo; read line", NULL };
	struct witness_area *areas;
	ssize_t i, nr;

	ASSERT_EQ(0, victim_exec(&self->sleeper, argv));
	ASSERT_EQ(0, victim_stop(&self->sleeper));
	self->pid = (int)self->sleeper.pid;
	ASSERT_EQ(0, witness_open(&self->witness, self->pid));
	nr = witness_areas(self->pid, &areas);
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		if (!strcmp(areas[i].name, "[stack]"))
			self->stack = areas[i].end - 8;
		if (!self->code && !strcmp(areas[i].perms, "r-xp"))
			self->code = areas[i].start;
		self->anon_pages += areas[i].anon_kb / 4;
		self->swap_pages += areas[i].swap_kb / 4;
	}
	free(areas);
	ASSERT_NE(0, self->stack);
	ASSERT_NE(0, self->code);
}

FIXTURE_TEARDOWN(vmlab)
{
	witness_close(&self->witness);
	victim_kill(&self->sleeper);
}

/*
 * The command must fail, with this status and this code. NULL when it does so as it
 * should, plainly and in JSON, else what is wrong.
 */
static const char *refused(int status, const char *code, const char *words)
{
	static char why[1024];
	struct answer plain, json;

	why[0] = '\0';
	command_run(&plain, "%s", words);
	command_run(&json, "%s%s--json", words, *words ? " " : "");
	if (plain.status != status || json.status != status)
		snprintf(why, sizeof(why), "status %d, with --json %d", plain.status, json.status);
	else if (command_lines(plain.err) != 1 || command_lines(json.err) != 1)
		snprintf(why, sizeof(why), "not one line on stderr: %.500s", plain.err);
	else if (strncmp(plain.err, "vmlab", 5))
		snprintf(why, sizeof(why), "somebody else speaks: %.500s", plain.err);
	else if (*plain.out)
		snprintf(why, sizeof(why), "something on stdout: %.500s", plain.out);
	else if (!json.json)
		snprintf(why, sizeof(why), "not one JSON document: '%.500s'", json.out);
	else if (strcmp(answer_at(&json, "error.code"), code))
		snprintf(why, sizeof(why), "code %s", answer_at(&json, "error.code"));
	else if (strlen(answer_at(&json, "error.message")) < 10 ||
		 !strcmp(answer_at(&json, "error.message"), "(missing)"))
		snprintf(why, sizeof(why), "no message");
	command_free(&plain);
	command_free(&json);
	return why[0] ? why : NULL;
}

#define EXPECT_REFUSED(status, code, ...)				\
	do {								\
		char _words[256];					\
		const char *_why;					\
		snprintf(_words, sizeof(_words), __VA_ARGS__);		\
		_why = refused(status, code, _words);			\
		EXPECT_EQ(NULL, _why) TH_LOG("vmlab %s: %s", _words, _why); \
	} while (0)

TEST_F_TIMEOUT(vmlab, tells_what_machine_this_is, 120)
{
	static const char *const keys[] = {
		"api", "module_version", "va_bits", "pa_bits", "user_end", "kernel_start",
		"asid_bits", "asids_per_cpu",
#if defined(__x86_64__)
		"features.pcid", "features.invpcid", "features.nx", "features.smep",
		"features.smap", "features.pku", "features.la57",
#elif defined(__aarch64__)
		"features.hafdbs", "features.pan", "features.bti", "features.lva",
#endif
	};
	struct utsname name;
	struct answer a;
	size_t i;

	uname(&name);
	command_run(&a, "info --json");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	EXPECT_STREQ("", a.err);
	EXPECT_STREQ(name.release, answer_at(&a, "kernel"));
	EXPECT_STREQ(mmu_arch, answer_at(&a, "arch"));
	EXPECT_STREQ("4096", answer_at(&a, "page_size"));
	EXPECT_STREQ(mmu_levels() == 5 ? "5" : "4", answer_at(&a, "paging_levels"));
	EXPECT_STREQ(mmu_isolated() ? "true" : "false", answer_at(&a, "features.pti"));
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_STRNE("(missing)", answer_at(&a, "%s", keys[i]))
			TH_LOG("key %zu", i);
	}
}

TEST_F_TIMEOUT(vmlab, walks_every_level_down_to_the_frame_that_pagemap_has, 120)
{
	const unsigned long long places[] = { self->stack, self->code };
	const int levels = mmu_levels();
	unsigned long long frame, entry;
	struct answer a;
	size_t i;
	int level;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		frame = PM_PFN(witness_page(&self->witness, (void *)places[i]));
		ASSERT_NE(0, frame);
		command_run(&a, "walk %d %llx --json", self->pid, places[i]);
		ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
		ASSERT_NE(NULL, a.json);
		EXPECT_EQ(self->pid, answer_number(&a, "pid"));
		EXPECT_EQ(places[i], answer_number(&a, "va"));
		EXPECT_STREQ("true", answer_at(&a, "canonical"));
		EXPECT_STREQ("true", answer_at(&a, "mapped"));
		EXPECT_STREQ("true", answer_at(&a, "complete"));
		EXPECT_EQ(frame, answer_number(&a, "leaf.pfn"));
		EXPECT_EQ(frame << 12 | (places[i] & 4095), answer_number(&a, "leaf.pa"));
		EXPECT_STREQ(i ? "r-x" : "rw-", answer_at(&a, "enforced"));
		EXPECT_STREQ(i ? "r-x" : "rw-", answer_at(&a, "asked"));
		ASSERT_EQ(levels, answer_count(&a, "levels"));
		for (level = 0; level < levels; level++) {
			const int shift = 12 + 9 * (levels - 1 - level);
			char path[64];

			snprintf(path, sizeof(path), "levels.%d.index", level);
			EXPECT_EQ(places[i] >> shift & 511, answer_number(&a, path));
			/* Each entry points to the next table, the last to the frame. */
			snprintf(path, sizeof(path), "levels.%d.entry", level);
			entry = mmu_frame(answer_number(&a, path)) << 12;
			snprintf(path, sizeof(path), "levels.%d.table_pa", level + 1);
			EXPECT_EQ(entry, level + 1 < levels ? answer_number(&a, path) : frame << 12);
			EXPECT_STRNE("(missing)", answer_at(&a, "levels.%d.bits", level));
			EXPECT_STRNE("(missing)", answer_at(&a, "levels.%d.allows", level));
		}
		/* With page table isolation the user's root lies beside the kernel's. */
		if (mmu_second_root())
			EXPECT_EQ(answer_number(&a, "levels.0.table_pa") + 4096,
				  answer_number(&a, "user_root.table_pa"));
		command_free(&a);
	}
}

TEST_F_TIMEOUT(vmlab, walks_an_address_with_0x_and_without, 120)
{
	struct answer with, without;

	command_run(&with, "walk %d 0x%llx --json", self->pid, self->stack);
	command_run(&without, "walk %d %llx --json", self->pid, self->stack);
	ASSERT_EQ(0, with.status);
	EXPECT_STREQ(with.out, without.out);
}

TEST_F_TIMEOUT(vmlab, says_of_an_empty_address_that_nothing_is_there, 120)
{
	struct answer a;

	command_run(&a, "walk %d 0 --json", self->pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_STREQ("false", answer_at(&a, "mapped"));
	EXPECT_STREQ("null", answer_at(&a, "leaf"));
	EXPECT_STREQ("null", answer_at(&a, "region"));
	EXPECT_LT(0, answer_count(&a, "levels"));
}

TEST_F_TIMEOUT(vmlab, lists_pages_whose_sums_are_right, 120)
{
	unsigned long long pages = 0;
	struct answer a;
	char path[64];
	long i, nr;

	command_run(&a, "pages %d --json", self->pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	nr = answer_count(&a, "runs");
	ASSERT_LT(10, nr);
	for (i = 0; i < nr; i++) {
		unsigned long long count;

		snprintf(path, sizeof(path), "runs.%ld.count", i);
		count = answer_number(&a, path);
		snprintf(path, sizeof(path), "runs.%ld.size", i);
		pages += count * answer_number(&a, path) / 4096;
	}
	EXPECT_EQ(pages, answer_number(&a, "totals.pages"));
	EXPECT_EQ(nr, answer_number(&a, "totals.runs"));
	EXPECT_EQ(self->anon_pages, answer_number(&a, "totals.anon"));
	EXPECT_EQ(self->swap_pages, answer_number(&a, "totals.swap"));
	EXPECT_STREQ("false", answer_at(&a, "changed"));
	EXPECT_STREQ("true", answer_at(&a, "complete"));
}

TEST_F_TIMEOUT(vmlab, lists_the_pages_of_a_range_alone, 120)
{
	const unsigned long long page = self->stack & ~4095ULL;
	struct answer a;

	command_run(&a, "pages %d %llx-%llx --json", self->pid, page, page + 4096);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_EQ(1, answer_count(&a, "runs"));
	EXPECT_EQ(page, answer_number(&a, "runs.0.va"));
	EXPECT_EQ(PM_PFN(witness_page(&self->witness, (void *)page)),
		  answer_number(&a, "runs.0.pfn"));
	command_free(&a);
	/* An empty range has no pages, and is no error. */
	command_run(&a, "pages %d %llx-%llx --json", self->pid, page, page);
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(0, answer_count(&a, "runs"));
}

/* VmPTE of /proc/PID/status, bytes. */
static unsigned long long charged(int pid)
{
	unsigned long long kib = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmPTE: %llu kB", &kib);
	if (file)
		fclose(file);
	return kib << 10;
}

TEST_F(vmlab, lists_tables_as_VmPTE_charges_them_and_counts_each_mapped_page_once)
{
	unsigned long long pages = 0, leaves = 0, tables = 0;
	struct answer a, p;
	char path[64];
	long i, nr;

	command_run(&a, "tables %d --json", self->pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	ASSERT_NE(NULL, a.json);
	EXPECT_EQ(charged(self->pid), answer_number(&a, "memory.charged"));
	EXPECT_EQ(answer_count(&a, "tree"), answer_number(&a, "memory.tables"));
	EXPECT_STREQ("pgd", answer_at(&a, "tree.0.level"));
	EXPECT_STREQ("pgd", answer_at(&a, "levels.0.level"));
	EXPECT_EQ(1, answer_number(&a, "levels.0.tables"));
	for (i = 0; i < answer_count(&a, "levels"); i++) {
		snprintf(path, sizeof(path), "levels.%ld.tables", i);
		tables += answer_number(&a, path);
	}
	EXPECT_EQ(answer_count(&a, "tree"), tables);
	nr = answer_count(&a, "contiguity");
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "contiguity.%ld.pages", i);
		pages += answer_number(&a, path);
	}
	EXPECT_EQ(pages, answer_number(&a, "tlb_entries.base"));
	EXPECT_STREQ("false", answer_at(&a, "changed"));
	EXPECT_STREQ("true", answer_at(&a, "complete"));
	leaves = answer_number(&a, "tlb_entries.leaves");
	EXPECT_LE(answer_number(&a, "tlb_entries.coalesced"), leaves);
	EXPECT_LE(leaves, pages);
	/* What pages calls present is compared with pagemap elsewhere. */
	command_run(&p, "pages %d --json", self->pid);
	ASSERT_EQ(0, p.status) TH_LOG("%s", p.err);
	EXPECT_EQ(answer_number(&p, "totals.present"), pages);
	command_free(&p);
	command_free(&a);
	command_run(&a, "tables %d", self->pid);
	EXPECT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_NE(NULL, strstr(a.out, "as VmPTE counts"));
}

TEST_F_TIMEOUT(vmlab, writes_no_colour_where_nobody_looks, 120)
{
	struct answer a[3];
	int i;

	unsetenv("CLICOLOR_FORCE");
	command_run(&a[0], "info");
	command_run(&a[1], "pages %d", self->pid);
	command_run(&a[2], "walk %d %llx", self->pid, self->stack);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, a[i].status);
		EXPECT_STREQ("", a[i].err);
		EXPECT_LT(3, command_lines(a[i].out));
		EXPECT_EQ(NULL, strchr(a[i].out, '\033'));
	}
}

TEST_F_TIMEOUT(vmlab, refuses_a_pid_that_does_not_exist, 120)
{
	EXPECT_REFUSED(1, "ESRCH", "walk 4194303 1000");
	EXPECT_REFUSED(1, "ESRCH", "pages 4194303");
	EXPECT_REFUSED(1, "ESRCH", "synonyms %d 4194303", self->pid);
	EXPECT_REFUSED(1, "ESRCH", "homonyms %d 4194303", self->pid);
	EXPECT_REFUSED(1, "ESRCH", "frame 4194303:1000");
}

TEST_F_TIMEOUT(vmlab, refuses_what_is_no_pid, 120)
{
	EXPECT_REFUSED(2, "EUSAGE", "walk abc 1000");
	EXPECT_REFUSED(2, "EUSAGE", "pages 0");
	EXPECT_REFUSED(2, "EUSAGE", "pages 12x");
	EXPECT_REFUSED(2, "EUSAGE", "pages 99999999999999999999");
}

TEST_F_TIMEOUT(vmlab, refuses_a_dead_process_that_nobody_has_buried, 120)
{
	ASSERT_EQ(0, victim_make_zombie(&self->sleeper));
	EXPECT_REFUSED(1, "ESRCH", "walk %d 1000", self->pid);
	EXPECT_REFUSED(1, "ESRCH", "pages %d", self->pid);
	EXPECT_REFUSED(1, "ESRCH", "synonyms %d", self->pid);
}

TEST_F_TIMEOUT(vmlab, refuses_a_kernel_thread, 120)
{
	EXPECT_REFUSED(1, "ESRCH", "walk %d 1000", (int)victim_kernel_thread());
	EXPECT_REFUSED(1, "ESRCH", "pages %d", (int)victim_kernel_thread());
	EXPECT_REFUSED(1, "ESRCH", "synonyms %d", (int)victim_kernel_thread());
	EXPECT_REFUSED(1, "ESRCH", "frame 1000 --in %d", (int)victim_kernel_thread());
}

TEST_F_TIMEOUT(vmlab, refuses_an_address_that_no_process_has, 120)
{
	struct answer a;

	EXPECT_REFUSED(1, "ERANGE", "walk %d 8000000000000000", self->pid);
	/* A program is told why. */
	command_run(&a, "walk %d 8000000000000000 --json", self->pid);
	EXPECT_STREQ("false", answer_at(&a, "canonical"));
	EXPECT_STREQ("false", answer_at(&a, "complete"));
}

/* Where the kernel's code begins, by its own symbols. */
static unsigned long long kernel_code(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long va, found = 0;
	char line[512], name[256];

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &va, name) == 2 && !strcmp(name, "_stext"))
			found = va;
	if (file)
		fclose(file);
	return found;
}

TEST_F_TIMEOUT(vmlab, walks_an_address_of_the_kernel_half_from_the_kernels_side, 120)
{
	const unsigned long long code = kernel_code();
	struct answer a;

	ASSERT_NE(0, code);
	command_run(&a, "walk %d %llx --json", self->pid, code);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(self->pid, (int)answer_number(&a, "pid"));
	EXPECT_EQ(code, answer_number(&a, "va"));
	EXPECT_STREQ("true", answer_at(&a, "canonical"));
	EXPECT_STREQ("kernel", answer_at(&a, "half"));
	EXPECT_STREQ("true", answer_at(&a, "mapped"));
	EXPECT_STREQ("text", answer_at(&a, "region.name"));
	EXPECT_STREQ("null", answer_at(&a, "asked"));
	EXPECT_STREQ("r-x", answer_at(&a, "enforced"));
	EXPECT_STREQ("false", answer_at(&a, "user"));
	EXPECT_STREQ("null", answer_at(&a, "mapcount"));
	EXPECT_LE(3, answer_count(&a, "levels"));
	EXPECT_STREQ("pgd", answer_at(&a, "levels.0.level"));
	EXPECT_STREQ("true", answer_at(&a, "complete"));
	command_free(&a);
	/* People are told whose side it is. */
	command_run(&a, "walk %d %llx", self->pid, code);
	EXPECT_EQ(0, a.status);
	EXPECT_NE(NULL, strstr(a.out, "half       kernel\n"));
	command_free(&a);
	/* In one of a process there is no such word. */
	command_run(&a, "walk %d %llx --json", self->pid, self->code);
	EXPECT_STREQ("(missing)", answer_at(&a, "half"));
}

TEST_F_TIMEOUT(vmlab, shows_the_kernel_half_by_region, 120)
{
	static const char *const perms[] = { "r--", "rw-", "r-x", "rwx" };
	unsigned long long bytes = 0, pages;
	bool direct = false, text = false;
	struct answer a;
	char path[64];
	long i, nr;
	size_t p;

	command_run(&a, "kernel --json");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	nr = answer_count(&a, "regions");
	ASSERT_LE(5, nr);
	for (i = 0; i < nr; i++) {
		for (p = 0, pages = 0; p < ARRAY_SIZE(perms); p++) {
			snprintf(path, sizeof(path), "regions.%ld.enforced.%s", i, perms[p]);
			pages += answer_number(&a, path);
		}
		snprintf(path, sizeof(path), "regions.%ld.bytes", i);
		EXPECT_EQ(4096 * pages, answer_number(&a, path));
		bytes += answer_number(&a, path);
		direct |= !strcmp("direct map", answer_at(&a, "regions.%ld.name", i));
		text |= !strcmp("text", answer_at(&a, "regions.%ld.name", i));
	}
	EXPECT_TRUE(direct && text);
	EXPECT_EQ(bytes, answer_number(&a, "bytes"));
	/* A kernel that checks itself for them at boot has none. */
	EXPECT_EQ(0, answer_count(&a, "findings"));
	EXPECT_STREQ("true", answer_at(&a, "complete"));
}

TEST_F_TIMEOUT(vmlab, refuses_parts_of_the_kernel_half_that_are_none, 120)
{
	EXPECT_REFUSED(1, "ERANGE", "kernel 1000-2000");
	EXPECT_REFUSED(1, "ERANGE", "kernel 0-fffffffffffff000");
	EXPECT_REFUSED(1, "EINVAL", "kernel fffffffff0000001-fffffffff0001000");
	EXPECT_REFUSED(1, "EINVAL", "kernel fffffffff0002000-fffffffff0001000");
	EXPECT_REFUSED(2, "EUSAGE", "kernel 1");
	EXPECT_REFUSED(2, "EUSAGE", "kernel fffffffff0000000-fffffffff0001000 x");
}

TEST_F_TIMEOUT(vmlab, refuses_what_is_neither_address_nor_symbol, 120)
{
	EXPECT_REFUSED(1, "ENOENT", "walk %d no_such_symbol_anywhere", self->pid);
}

TEST_F_TIMEOUT(vmlab, refuses_ranges_that_are_none, 120)
{
	EXPECT_REFUSED(1, "EINVAL", "pages %d 1001-3000", self->pid);
	EXPECT_REFUSED(1, "EINVAL", "pages %d 1000-3001", self->pid);
	EXPECT_REFUSED(1, "EINVAL", "pages %d 3000-1000", self->pid);
	EXPECT_REFUSED(1, "ERANGE", "pages %d 1000-ffff800000000000", self->pid);
	EXPECT_REFUSED(2, "EUSAGE", "pages %d 1000", self->pid);
	EXPECT_REFUSED(1, "ERANGE", "frame 9999999999999999");
	EXPECT_REFUSED(1, "ENOENT", "frame %d:1000", self->pid);
	EXPECT_REFUSED(2, "EUSAGE", "pages %d 1000-", self->pid);
	EXPECT_REFUSED(2, "EUSAGE", "pages %d xyz-zzz", self->pid);
}

TEST_F_TIMEOUT(vmlab, refuses_options_commands_and_operands_it_does_not_know, 120)
{
	EXPECT_REFUSED(2, "EUSAGE", "walk --no-such-option 1 1000");
	EXPECT_REFUSED(2, "EUSAGE", "info --no-such-option");
	EXPECT_REFUSED(2, "EUSAGE", "pages -Z 1");
	EXPECT_REFUSED(2, "EUSAGE", "no-such-command");
	EXPECT_REFUSED(2, "EUSAGE", "walk");
	EXPECT_REFUSED(2, "EUSAGE", "walk 1");
	EXPECT_REFUSED(2, "EUSAGE", "walk 1 1000 2000");
	EXPECT_REFUSED(2, "EUSAGE", "pages");
	EXPECT_REFUSED(2, "EUSAGE", "pages 1 1000-2000 3000-4000");
	EXPECT_REFUSED(2, "EUSAGE", "info 1");
	EXPECT_REFUSED(2, "EUSAGE", "tables");
	EXPECT_REFUSED(2, "EUSAGE", "tables 1 1000");
	EXPECT_REFUSED(1, "ESRCH", "tables %d", (int)victim_kernel_thread());
}

TEST_F_TIMEOUT(vmlab, alone_tells_how_it_is_used_and_fails, 120)
{
	struct answer a;

	command_run(&a, "%s", "");
	EXPECT_EQ(2, a.status);
	EXPECT_STREQ("", a.out);
	EXPECT_LT(3, command_lines(a.err));
	command_free(&a);
	command_run(&a, "--help");
	EXPECT_EQ(0, a.status);
	EXPECT_STREQ("", a.err);
	EXPECT_LT(3, command_lines(a.out));
}

TEST_F_TIMEOUT(vmlab, refuses_who_may_not, 120)
{
	struct answer a;

	command_run_as_nobody(&a, "info --json");
	EXPECT_EQ(1, a.status);
	EXPECT_EQ(1, command_lines(a.err));
	EXPECT_STREQ("EACCES", answer_at(&a, "error.code"));
}

TEST_F_TIMEOUT(vmlab, says_what_to_do_when_the_module_is_not_loaded, 120)
{
	const char *cell = getenv("VMLAB_CELL");
	struct answer a;
	char path[4096];
	int ko;

	snprintf(path, sizeof(path), "%s/module/vmlab.ko", cell ? cell : "");
	ko = open(path, O_RDONLY | O_CLOEXEC);
	if (ko < 0)
		SKIP(return, "VMLAB_CELL names no folder with module/vmlab.ko");
	ASSERT_EQ(0, syscall(__NR_delete_module, "vmlab", O_NONBLOCK));
	EXPECT_REFUSED(1, "ENOENT", "info");
	EXPECT_REFUSED(1, "ENOENT", "walk %d 1000", self->pid);
	command_run(&a, "info");
	EXPECT_NE(NULL, strstr(a.err, "insmod"));
	ASSERT_EQ(0, syscall(__NR_finit_module, ko, "", 0));
	command_run(&a, "info");
	EXPECT_EQ(0, a.status);
}

TEST_HARNESS_MAIN
