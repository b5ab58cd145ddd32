// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_map.c - the anatomy of an address space adds up: to the page what the kernel
 * counts in smaps_rollup and charges in VmPTE.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include <libvmlab.h>

#include "fixture.h"
#include "sums.h"
#include "victim.h"

FIXTURE(map)
{
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_anatomy anatomy;
};

FIXTURE_SETUP(map)
{
	ASSERT_EQ(0, vmlab_session_open(&self->session)) TH_LOG("is the module loaded?");
}

FIXTURE_TEARDOWN(map)
{
	vmlab_session_close(self->session);
}

TEST_F_TIMEOUT(map, of_a_shell_adds_up, 300)
{
	char *argv[] = { "bash", "-c", "echo; read", NULL };

	EXPECT_STREQ("", sums_of_program(self->session, argv, NULL));
}

TEST_F_TIMEOUT(map, of_an_interpreter_adds_up, 300)
{
	char *argv[] = { "python3", "-c", "import sys; print(); sys.stdout.flush(); input()", NULL };

	EXPECT_STREQ("", sums_of_program(self->session, argv, NULL));
}

TEST_F_TIMEOUT(map, of_pid_1_adds_up, 120)
{
	EXPECT_STREQ("", sums_wrong(self->session, 1, NULL));
}

/* Huge pages of both kinds, shared memory, private pages of a file, a reservation. */
static void furnish(void *arg)
{
	char *thp = fixture_thp(2 * HUGE_2M);
	int memfd = fixture_memfd(64 * PAGE, 7);
	char *own = fixture_map(memfd, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	(void)arg;
	fixture_write(thp, 2 * HUGE_2M);
	mprotect(thp, 4 * PAGE, PROT_READ);
	fixture_write(own, 8 * PAGE);
	fixture_map(memfd, 64 * PAGE, PROT_READ, MAP_SHARED);
	fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE | MAP_POPULATE);
	fixture_anon(HUGE_1G, PROT_NONE);
	fixture_read(fixture_anon(16 * PAGE, PROT_READ), 16 * PAGE);
	/* Under a key, where there are any. */
	pkey_mprotect(own, 8 * PAGE, PROT_READ, pkey_alloc(0, PKEY_DISABLE_WRITE));
}

TEST_F_TIMEOUT(map, of_memory_of_every_kind_adds_up, 120)
{
	struct victim victim;

	ASSERT_EQ(0, victim_fork(&victim, furnish, NULL));
	ASSERT_EQ(0, victim_stop(&victim));
	EXPECT_STREQ("", sums_wrong(self->session, victim.pid, NULL));
	victim_kill(&victim);
}

/* ---- kinds ----------------------------------------------------------------- */

/* Where the child has something of each kind. */
static struct {
	const char *kind;
	unsigned long at;
} *places;
static int nr_places;

#define MAX_PLACES	24

static void is_kind(const char *kind, const volatile void *at)
{
	if (!at || at == MAP_FAILED)
		return;
	places[nr_places].kind = kind;
	places[nr_places++].at = (uintptr_t)at;
}

static const int in_rodata[2048] = { 1 };
static int in_data[2048] = { 1 };
static int in_bss[64 * PAGE];
static __thread int in_storage;

static void *block(void *arg)
{
	volatile int local = 0;

	is_kind("thread-stack", &local);
	/* Its storage is at the end of its stack. */
	is_kind("thread-stack", &in_storage);
	__atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

/* The C library's: the loader tells where, if it has a page of its own. */
static int tell_bss(struct dl_phdr_info *info, size_t size, void *ctx)
{
	int i;

	(void)size;
	(void)ctx;
	if (!strstr(info->dlpi_name, "libc.so"))
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		uintptr_t file_end = info->dlpi_addr + p->p_vaddr + p->p_filesz;
		uintptr_t last = info->dlpi_addr + p->p_vaddr + p->p_memsz - 1;

		if (p->p_type == PT_LOAD && last / PAGE > (file_end - 1) / PAGE)
			is_kind("bss", (void *)last);
	}
	return 1;
}

static void furnish_every_kind(void *arg)
{
	volatile int local = 0;
	int ready = 0, fd = open("/etc/passwd", O_RDONLY);
	pthread_attr_t attr;
	pthread_t thread;
	size_t size;
	void *stack;

	(void)arg;
	in_bss[0] = in_data[0] + in_rodata[0];
	is_kind("code", (void *)(uintptr_t)furnish_every_kind);
	is_kind("rodata", in_rodata);
	is_kind("data", in_data);
	is_kind("bss", in_bss + 32 * PAGE);
	is_kind("stack", &local);
	is_kind("library", (void *)(uintptr_t)qsort);
	dl_iterate_phdr(tell_bss, NULL);
	is_kind("vdso", (void *)getauxval(AT_SYSINFO_EHDR));
	is_kind("tls", &in_storage);
	if (!brk((char *)sbrk(0) + 4 * PAGE))
		is_kind("heap", (char *)sbrk(0) - PAGE);
	is_kind("file", fixture_map(fd, PAGE, PROT_READ, MAP_PRIVATE));
	is_kind("anon", fixture_anon(16 * PAGE, PROT_READ | PROT_WRITE));
	is_kind("shared", mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	is_kind("shared", fixture_map(fixture_memfd(4 * PAGE, 7), 4 * PAGE, PROT_READ, MAP_SHARED));
#ifdef __x86_64__
	/* The BIOS. */
	is_kind("device", fixture_map(open("/dev/mem", O_RDONLY), PAGE, PROT_READ, MAP_SHARED));
#endif
	is_kind("hole", (void *)PAGE);
	is_kind("kernel", (void *)-PAGE);
	pthread_create(&thread, NULL, block, &ready);
	while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		usleep(1000);
	pthread_getattr_np(thread, &attr);
	pthread_attr_getstack(&attr, &stack, &size);
	is_kind("guard", (char *)stack - 1);
	usleep(100000);
}

/* A page above 47 bits, where a machine has such addresses. */
static void go_high(void *arg)
{
	char *at = mmap((void *)(1UL << 50), 4 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (at != MAP_FAILED && (uintptr_t)at >= 1UL << 48) {
		fixture_write(at, 4 * PAGE);
		is_kind("anon", at);
	}
}

static const struct vmlab_part *part_with(const struct vmlab_anatomy *a, uint64_t at)
{
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (at >= a->parts[i].start && (at < a->parts[i].end || !a->parts[i].end))
			return &a->parts[i];
	return NULL;
}

/* All of what @furnish says of itself. */
static void kinds_of(struct __test_metadata *_metadata, struct vmlab_session *session,
		     void (*furnish)(void *))
{
	struct vmlab_anatomy a;
	struct vmlab_target *target;
	struct victim victim;
	int i;

	places = mmap(NULL, MAX_PLACES * sizeof(*places) + 64, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, places);
	ASSERT_EQ(0, victim_fork(&victim, furnish, NULL));
	ASSERT_EQ(0, victim_stop(&victim));
	EXPECT_STREQ("", sums_wrong(session, victim.pid, NULL));
	ASSERT_EQ(0, vmlab_target_open(session, victim.pid, &target));
	ASSERT_EQ(0, vmlab_anatomy_read(session, target, &a));
	for (i = 0; i < MAX_PLACES && places[i].at; i++) {
		const struct vmlab_part *part = part_with(&a, places[i].at);

		EXPECT_STREQ(places[i].kind, part->kind) TH_LOG("at %lx", places[i].at);
	}
	TH_LOG("%d places", i);
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
	victim_kill(&victim);
}

TEST_F_TIMEOUT(map, of_every_kind_has_the_kind_that_the_process_knows, 120)
{
	kinds_of(_metadata, self->session, furnish_every_kind);
}

/* By its program headers, how far behind its first byte a program's .bss ends; or 0. */
static unsigned long end_by_headers(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long end = 0;
	Elf64_Ehdr ehdr;
	Elf64_Phdr p;
	int i;

	if (file && fread(&ehdr, sizeof(ehdr), 1, file) == 1)
		for (i = 0; i < ehdr.e_phnum; i++)
			if (!fseek(file, ehdr.e_phoff + i * sizeof(p), SEEK_SET) &&
			    fread(&p, sizeof(p), 1, file) == 1 && p.p_type == PT_LOAD &&
			    p.p_memsz > p.p_filesz)
				end = p.p_vaddr + p.p_memsz;
	if (file)
		fclose(file);
	return end;
}

/*
 * Memory right behind our own .bss. The kernel joins the two only before anybody has
 * forked, so it is done before main(); and not where the heap is to begin there.
 */
static char *joined;

static void __attribute__((constructor)) join_to_bss(void)
{
	char *behind = (char *)(((uintptr_t)_end + PAGE - 1) & -PAGE);

	if (sbrk(0) != behind &&
	    mmap(behind, 4 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == behind)
		joined = behind;
}

static void say_what_was_joined(void *arg)
{
	(void)arg;
	is_kind("bss", joined - 1);
	is_kind("anon", joined);
}

TEST_F_TIMEOUT(map, divides_what_the_kernel_has_joined_to_a_bss, 120)
{
	if (!joined) {
		TH_LOG("the heap begins there");
		return;
	}
	ASSERT_LT((uintptr_t)joined, fixture_mapping_end(joined - 1));
	kinds_of(_metadata, self->session, say_what_was_joined);
}

/* Without random addresses the heap begins where .bss ends, and both are called [heap]. */
TEST_F_TIMEOUT(map, divides_a_bss_from_the_heap_behind_it, 120)
{
	char *argv[] = { "bash", "-c", "echo; read", NULL };
	const int before = personality(0xffffffff);
	struct vmlab_target *target;
	const struct vmlab_part *bss, *heap;
	struct vmlab_anatomy a;
	struct victim victim;
	unsigned long end, at;

	personality(before | ADDR_NO_RANDOMIZE);
	ASSERT_EQ(0, victim_exec(&victim, argv));
	personality(before);
	ASSERT_EQ(0, victim_stop(&victim));
	end = end_by_headers("/bin/bash");
	ASSERT_LT(0, end);
	EXPECT_STREQ("", sums_wrong(self->session, victim.pid, NULL));
	ASSERT_EQ(0, vmlab_target_open(self->session, victim.pid, &target));
	ASSERT_EQ(0, vmlab_anatomy_read(self->session, target, &a));
	at = a.regions.v[0].start + end - 1;
	bss = part_with(&a, at);
	heap = part_with(&a, (at | (PAGE - 1)) + 1);
	EXPECT_STREQ("bss", bss->kind);
	EXPECT_STREQ("", bss->name);
	EXPECT_STREQ("heap", heap->kind);
	EXPECT_STREQ("[heap]", heap->name);
	EXPECT_EQ(bss->end, heap->start);
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
	victim_kill(&victim);
}

TEST_F_TIMEOUT(map, above_47_bits_goes_on, 120)
{
	if (vmlab_session_info(self->session)->out_user_end <= 1ULL << 50) {
		TH_LOG("user addresses end below");
		return;
	}
	kinds_of(_metadata, self->session, go_high);
	EXPECT_NE(0, places[0].at);
}

/* The holes in words: a gap without addresses, and what a 32-bit program cannot reach. */
TEST_F_TIMEOUT(map, names_what_has_no_address, 120)
{
	const struct vmlab_info *info = vmlab_session_info(self->session);
	struct vmlab_target *target;
	struct vmlab_anatomy a;
	const struct vmlab_part *part;
	struct victim victim;
	char *argv[] = { "waiter32", NULL };

	ASSERT_EQ(0, vmlab_target_open(self->session, 1, &target));
	ASSERT_EQ(0, vmlab_anatomy_read(self->session, target, &a));
	part = part_with(&a, info->out_user_end + PAGE);
	EXPECT_STREQ("hole", part->kind);
	EXPECT_NE(NULL, strstr(part->name, "no address"));
	EXPECT_EQ(info->out_kernel_start, part->end);
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
	if (victim_exec(&victim, argv)) {
		TH_LOG("this kernel runs no 32-bit programs");
		return;
	}
	ASSERT_EQ(0, vmlab_target_open(self->session, victim.pid, &target));
	ASSERT_EQ(0, vmlab_anatomy_read(self->session, target, &a));
	part = part_with(&a, info->out_user_end - PAGE);
	EXPECT_STREQ("hole", part->kind);
	EXPECT_NE(NULL, strstr(part->name, "32 bits"));
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
	victim_kill(&victim);
}

TEST_HARNESS_MAIN
