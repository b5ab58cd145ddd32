// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_perms.c - what `vmlab perms` says of a page is what happens to the process that
 * touches it: each of the eight combinations is tried out by the process itself, which
 * reads, writes and calls into its own pages and catches what it must not. And each
 * finding is provoked once and told once, and none is told of programs that behave.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include <libvmlab.h>

#include "command.h"
#include "fixture.h"
#include "victim.h"

#define COMBINATIONS	8

static const char *const names[COMBINATIONS] = {
	"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx",
};

static int prot_of(int combination)
{
	return (combination & 1 ? PROT_READ : 0) | (combination & 2 ? PROT_WRITE : 0) |
	       (combination & 4 ? PROT_EXEC : 0);
}

/* ---- a process that tries out its own pages -------------------------------- */

/* What the child tells: where its pages are, and what each let it do. */
struct truth {
	char *page[COMBINATIONS];
	int got[COMBINATIONS];		/* a combination */
	int key;
};

static struct truth *truth;
static sigjmp_buf refused;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(refused, 1);
}

/* The shortest function there is. */
#if defined(__x86_64__)
static const unsigned char code[] = { 0xc3 };
#elif defined(__aarch64__)
static const unsigned char code[] = { 0xc0, 0x03, 0x5f, 0xd6 };
#endif

/* After a fault the kernel's own choice of rights stands in the register. */
static unsigned int rights;

static void take_rights(void)
{
	if (truth->key > 0)
		pkey_set(truth->key, rights);
}

static int may_read(char *page)
{
	take_rights();
	if (sigsetjmp(refused, 1))
		return 0;
	(void)*(volatile char *)page;
	return 1;
}

static int may_write(char *page)
{
	take_rights();
	if (sigsetjmp(refused, 1))
		return 0;
	*(volatile char *)(page + 64) = 1;
	return 2;
}

static int may_execute(char *page)
{
	take_rights();
	if (sigsetjmp(refused, 1))
		return 0;
	((void (*)(void))page)();
	return 4;
}

static void try_out(int which)
{
	char *page = truth->page[which];

	truth->got[which] = may_write(page) | may_read(page) | may_execute(page);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* One page each, with pages between that nobody asked for; written before. */
static char *make_page(void)
{
	char *pages = fixture_anon(3 * PAGE, PROT_NONE);

	mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE);
	memcpy(pages + PAGE, code, sizeof(code));
	__builtin___clear_cache(pages + PAGE, pages + 2 * PAGE);
	return pages + PAGE;
}

static void ask_for_all(void *arg)
{
	int i;

	(void)arg;
	catch_faults();
	for (i = 0; i < COMBINATIONS; i++) {
		truth->page[i] = make_page();
		mprotect(truth->page[i], PAGE, prot_of(i));
		try_out(i);
	}
}

/* The same with a key before each, of which the right is taken away. */
static void ask_for_all_with_key(void *arg)
{
	int i;

	catch_faults();
	truth->key = pkey_alloc(0, 0);
	if (truth->key < 0)
		return;
	for (i = 1; i < COMBINATIONS; i++) {
		truth->page[i] = make_page();
		pkey_mprotect(truth->page[i], PAGE, prot_of(i), truth->key);
	}
	rights = *(unsigned int *)arg;
	for (i = 1; i < COMBINATIONS; i++)
		try_out(i);
	take_rights();
}

FIXTURE(perms)
{
	struct victim victim;
};

FIXTURE_SETUP(perms)
{
	memset(&self->victim, 0, sizeof(self->victim));
	truth = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, truth);
}

FIXTURE_TEARDOWN(perms)
{
	if (self->victim.pid)
		victim_kill(&self->victim);
}

/* The number of the region that begins at @va, or -1. */
static long region_at(const struct answer *a, const void *va)
{
	long i, nr = answer_count(a, "regions");
	char text[32];

	snprintf(text, sizeof(text), "0x%lx", (unsigned long)va);
	for (i = 0; i < nr; i++)
		if (!strcmp(answer_at(a, "regions.%ld.start", i), text))
			return i;
	return -1;
}

/* Is @word in the list at @path of region @i? */
static bool says_why(const struct answer *a, long i, const char *word)
{
	char path[64];
	long j, nr;

	snprintf(path, sizeof(path), "regions.%ld.why", i);
	nr = answer_count(a, path);
	for (j = 0; j < nr; j++)
		if (!strcmp(answer_at(a, "regions.%ld.why.%ld", i, j), word))
			return true;
	return false;
}

static void look_at(struct __test_metadata *_metadata, struct victim *victim, struct answer *a)
{
	ASSERT_EQ(0, victim_stop(victim));
	command_run(a, "perms %d --json", (int)victim->pid);
	ASSERT_EQ(0, a->status) TH_LOG("%s", a->err);
	ASSERT_NE(NULL, a->json);
	EXPECT_STREQ("true", answer_at(a, "complete"));
}

TEST_F_TIMEOUT(perms, of_each_combination_are_what_the_process_finds_out_itself, 120)
{
	struct answer a;
	int i;

	ASSERT_EQ(0, victim_fork(&self->victim, ask_for_all, NULL));
	look_at(_metadata, &self->victim, &a);
	for (i = 0; i < COMBINATIONS; i++) {
		long at = region_at(&a, truth->page[i]);
		const char *got = names[truth->got[i]];

		/* A page between without permissions makes one region with what has none. */
		if (!i)
			continue;
		ASSERT_LE(0, at) TH_LOG("%s", names[i]);
		TH_LOG("asked %s, gets %s", names[i], got);
		EXPECT_STREQ(names[i], answer_at(&a, "regions.%ld.asked", at));
		EXPECT_STREQ("rwx", answer_at(&a, "regions.%ld.max", at));
		EXPECT_STREQ("1", answer_at(&a, "regions.%ld.enforced.%s", at, got))
			TH_LOG("of %s", names[i]);
		EXPECT_STREQ("0", answer_at(&a, "regions.%ld.absent", at));
		/* More than asked for: the MMU cannot say less. */
		EXPECT_EQ(truth->got[i] != i, says_why(&a, at, "hardware")) TH_LOG("%s", names[i]);
		EXPECT_STREQ(got, answer_at(&a, "matrix.%s.enforced", names[i]));
	}
	EXPECT_STREQ("---", answer_at(&a, "matrix.---.enforced"));
	EXPECT_EQ(0, truth->got[0]);
	command_free(&a);
}

static void compare_keyed(struct __test_metadata *_metadata, struct victim *victim,
			  unsigned int forbidden)
{
	struct answer a;
	char key[16];
	int i;

	ASSERT_EQ(0, victim_fork(victim, ask_for_all_with_key, &forbidden));
	if (truth->key < 0)
		SKIP(return, "this CPU or kernel has no protection keys");
	look_at(_metadata, victim, &a);
	snprintf(key, sizeof(key), "%d", truth->key);
	for (i = 1; i < COMBINATIONS; i++) {
		long at = region_at(&a, truth->page[i]);
		const char *got = names[truth->got[i]];

		ASSERT_LE(0, at) TH_LOG("%s", names[i]);
		TH_LOG("asked %s, gets %s", names[i], got);
		EXPECT_STREQ(names[i], answer_at(&a, "regions.%ld.asked", at));
		EXPECT_STREQ(key, answer_at(&a, "regions.%ld.pkey", at));
		EXPECT_STREQ("1", answer_at(&a, "regions.%ld.enforced.%s", at, got))
			TH_LOG("of %s", names[i]);
		EXPECT_EQ((i & ~truth->got[i]) != 0, says_why(&a, at, "pkey"))
			TH_LOG("%s", names[i]);
		EXPECT_EQ((truth->got[i] & ~i) != 0, says_why(&a, at, "hardware"))
			TH_LOG("%s", names[i]);
	}
	command_free(&a);
}

TEST_F_TIMEOUT(perms, under_a_key_that_forbids_to_write_are_what_the_process_finds_out, 120)
{
	compare_keyed(_metadata, &self->victim, PKEY_DISABLE_WRITE);
}

TEST_F_TIMEOUT(perms, under_a_key_that_forbids_access_are_what_the_process_finds_out, 120)
{
	compare_keyed(_metadata, &self->victim, PKEY_DISABLE_ACCESS);
}

/* ---- keys of threads -------------------------------------------------------- */

#define WRITERS	3

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Of each thread: its own register, and what its page under a key let it do. */
static struct {
	pid_t tid;
	unsigned int rights;	/* of the key */
	unsigned int keys;
	int got;
} *tellers;

static unsigned int read_keys(void)
{
	unsigned int keys = 0;

#ifdef __x86_64__
	asm volatile("rdpkru" : "=a"(keys) : "c"(0) : "edx");
#endif
	return keys;
}

/* One after the other: faults are caught by all in the same place. */
static void *try_out_page(void *arg)
{
	int i = (int)(long)arg;

	rights = tellers[i].rights;
	tellers[i].got = may_write(truth->page[0]) | may_read(truth->page[0]);
	take_rights();
	tellers[i].keys = read_keys();
	__atomic_store_n(&tellers[i].tid, gettid(), __ATOMIC_RELEASE);
	return i ? wait_forever(NULL) : NULL;
}

/* The first thread may all, others less and less, two of them alike. */
static void differ_by_thread(void *arg)
{
	static const unsigned int forbidden[WRITERS + 1] = {
		0, PKEY_DISABLE_WRITE, PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE,
	};
	pthread_t thread;
	long i;

	(void)arg;
	catch_faults();
	truth->key = pkey_alloc(0, 0);
	if (truth->key < 0)
		return;
	truth->page[0] = make_page();
	pkey_mprotect(truth->page[0], PAGE, PROT_READ | PROT_WRITE, truth->key);
	for (i = WRITERS; i >= 0; i--) {
		tellers[i].rights = forbidden[i];
		if (!i)
			try_out_page(NULL);
		else if (pthread_create(&thread, NULL, try_out_page, (void *)i))
			_exit(1);
		while (!__atomic_load_n(&tellers[i].tid, __ATOMIC_ACQUIRE))
			usleep(1000);
	}
	usleep(100000);
}

/* The row that stands for @tid with this page, or -1. */
static long other_of(const struct answer *a, const char *start, pid_t tid)
{
	char path[32];
	long i;

	for (i = 0; i < answer_count(a, "others"); i++) {
		snprintf(path, sizeof(path), "others.%ld.tid", i);
		if (!strcmp(start, answer_at(a, "others.%ld.start", i)) &&
		    (pid_t)answer_number(a, path) == tid)
			return i;
	}
	return -1;
}

static void expect_keys(struct __test_metadata *_metadata, const struct answer *a)
{
	char keys[16];
	int i, j, seen = 0;

	EXPECT_EQ(WRITERS + 1, answer_count(a, "threads"));
	for (i = 0; i <= WRITERS; i++) {
		char path[32];

		snprintf(keys, sizeof(keys), "0x%x", tellers[i].keys);
		for (j = 0; j < answer_count(a, "threads"); j++) {
			snprintf(path, sizeof(path), "threads.%d.tid", j);
			if ((pid_t)answer_number(a, path) != tellers[i].tid)
				continue;
			EXPECT_STREQ(keys, answer_at(a, "threads.%d.keys", j));
			seen++;
		}
	}
	EXPECT_EQ(WRITERS + 1, seen);
}

TEST_F_TIMEOUT(perms, under_a_key_of_its_own_are_what_each_thread_finds_out, 120)
{
	const char *start;
	struct answer a;
	long at, i;

	tellers = mmap(NULL, (WRITERS + 1) * sizeof(*tellers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tellers);
	ASSERT_EQ(0, victim_fork(&self->victim, differ_by_thread, NULL));
	if (truth->key < 0)
		SKIP(return, "this CPU or kernel has no protection keys");
	look_at(_metadata, &self->victim, &a);
	expect_keys(_metadata, &a);
	at = region_at(&a, truth->page[0]);
	ASSERT_LE(0, at);
	start = answer_at(&a, "regions.%ld.start", at);
	EXPECT_STREQ("1", answer_at(&a, "regions.%ld.enforced.%s", at, names[tellers[0].got]));
	EXPECT_EQ(3, tellers[0].got);
	EXPECT_EQ(2, answer_count(&a, "others"));
	/* Of those that get the same, the first is named. */
	i = other_of(&a, start, tellers[3].tid);
	ASSERT_LE(0, i);
	EXPECT_STREQ("2", answer_at(&a, "others.%ld.threads", i));
	EXPECT_EQ(tellers[1].got, tellers[3].got);
	EXPECT_STREQ("1", answer_at(&a, "others.%ld.enforced.%s", i, names[tellers[3].got]));
	i = other_of(&a, start, tellers[2].tid);
	ASSERT_LE(0, i);
	EXPECT_STREQ("1", answer_at(&a, "others.%ld.threads", i));
	EXPECT_EQ(0, tellers[2].got);
	EXPECT_STREQ("1", answer_at(&a, "others.%ld.enforced.---", i));
	command_free(&a);
}

/* Of ourselves, who run while we ask: the register is in a CPU, and nobody knows it. */
TEST_F_TIMEOUT(perms, under_a_key_are_not_known_of_a_thread_that_runs, 120)
{
	const int key = pkey_alloc(0, PKEY_DISABLE_WRITE);
	char *page = make_page();
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_perms_all all;
	size_t i, found = 0;

	if (key < 0)
		SKIP(return, "this CPU or kernel has no protection keys");
	ASSERT_EQ(0, pkey_mprotect(page, PAGE, PROT_READ, key));
	ASSERT_EQ(0, vmlab_session_open(&session));
	ASSERT_EQ(0, vmlab_target_open(session, getpid(), &target));
	ASSERT_EQ(0, vmlab_perms_read(session, target, &all));
	EXPECT_FALSE(all.keys_known);
	EXPECT_EQ(1, all.nr_threads);
	EXPECT_FALSE(all.threads[0].known);
	EXPECT_EQ(0, all.nr_others);
	for (i = 0; i < all.nr_regions; i++) {
		found += all.regions[i].part->start == (uintptr_t)page;
		/* All others have key 0. */
		EXPECT_EQ(all.regions[i].part->start == (uintptr_t)page,
			  all.regions[i].keys_missing);
	}
	EXPECT_EQ(1, found);
	vmlab_perms_free(&all);
	vmlab_target_close(target);
	vmlab_session_close(session);
}

/* ---- findings -------------------------------------------------------------- */

static void ask_for_wx(void *arg)
{
	char *page = make_page();

	(void)arg;
	mprotect(page, PAGE, PROT_WRITE | PROT_EXEC);
	*(volatile char *)(page + 64) = 1;
}

static void ask_for_rwx(void *arg)
{
	(void)arg;
	fixture_anon(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void make_alias(void *arg)
{
	int fd = fixture_memfd(4 * PAGE, 7);

	(void)arg;
	fixture_map(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	fixture_map(fd, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED);
}

/* A page of the stack that nobody uses, far from what is used. */
static void execute_stack(void *arg)
{
	char *room = alloca(64 * PAGE);
	char *page = (char *)(((uintptr_t)room + 32 * PAGE) & ~(PAGE - 1));

	(void)arg;
	*(volatile char *)page = 1;
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static void execute_heap(void *arg)
{
	char *end = sbrk(0), *page;

	(void)arg;
	page = (char *)(((uintptr_t)end + PAGE - 1) & ~(PAGE - 1));
	brk(page + 4 * PAGE);
	*(volatile char *)(page + PAGE) = 1;
	mprotect(page + PAGE, PAGE, PROT_READ | PROT_EXEC);
}

/* Its stack is ours, between two mappings that can be touched. */
static void go_without_guard(void *arg)
{
	char *stack = fixture_anon(256 * PAGE, PROT_READ | PROT_WRITE);
	pthread_attr_t attr;
	pthread_t thread;

	(void)arg;
	mprotect(stack, 16 * PAGE, PROT_READ);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack + 16 * PAGE, 128 * PAGE);
	pthread_create(&thread, &attr, wait_forever, NULL);
	usleep(100000);
}

/* This program itself: its first object is the one. */
static int phdrs_of_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(struct dl_phdr_info *)ctx = *info;
	return 1;
}

static void undo_relro(void *arg)
{
	struct dl_phdr_info program;
	int i;

	(void)arg;
	dl_iterate_phdr(phdrs_of_program, &program);
	for (i = 0; i < program.dlpi_phnum; i++) {
		const Elf64_Phdr *p = &program.dlpi_phdr[i];
		uintptr_t start = (program.dlpi_addr + p->p_vaddr) & ~(PAGE - 1);
		uintptr_t end = (program.dlpi_addr + p->p_vaddr + p->p_memsz) & ~(PAGE - 1);

		if (p->p_type == PT_GNU_RELRO)
			mprotect((void *)start, end - start, PROT_READ | PROT_WRITE);
	}
}

static void write_rodata(void *arg)
{
	static const char constant[PAGE] __attribute__((aligned(4096))) = "constant";

	(void)arg;
	mprotect((void *)constant, PAGE, PROT_READ | PROT_WRITE);
}

FIXTURE(finding)
{
	struct victim victim;
};

FIXTURE_VARIANT(finding)
{
	const char *kind;
	void (*provoke)(void *arg);
};

FIXTURE_VARIANT_ADD(finding, nothing)
{
	.kind = NULL,
	.provoke = NULL,
};

FIXTURE_VARIANT_ADD(finding, wx)
{
	.kind = "wx",
	.provoke = ask_for_wx,
};

FIXTURE_VARIANT_ADD(finding, rwx_asked)
{
	.kind = "rwx-asked",
	.provoke = ask_for_rwx,
};

FIXTURE_VARIANT_ADD(finding, wx_alias)
{
	.kind = "wx-alias",
	.provoke = make_alias,
};

FIXTURE_VARIANT_ADD(finding, exec_stack)
{
	.kind = "exec-stack",
	.provoke = execute_stack,
};

FIXTURE_VARIANT_ADD(finding, exec_heap)
{
	.kind = "exec-heap",
	.provoke = execute_heap,
};

FIXTURE_VARIANT_ADD(finding, no_guard)
{
	.kind = "no-guard",
	.provoke = go_without_guard,
};

FIXTURE_VARIANT_ADD(finding, writable_got)
{
	.kind = "writable-got",
	.provoke = undo_relro,
};

FIXTURE_VARIANT_ADD(finding, writable_rodata)
{
	.kind = "writable-rodata",
	.provoke = write_rodata,
};

FIXTURE_SETUP(finding)
{
	memset(&self->victim, 0, sizeof(self->victim));
}

FIXTURE_TEARDOWN(finding)
{
	if (self->victim.pid)
		victim_kill(&self->victim);
}

static void tell_findings(struct __test_metadata *_metadata, const struct answer *a)
{
	long i;

	for (i = 0; i < answer_count(a, "findings"); i++)
		TH_LOG("%s at %s: %s", answer_at(a, "findings.%ld.kind", i),
		       answer_at(a, "findings.%ld.va", i), answer_at(a, "findings.%ld.detail", i));
}

TEST_F_TIMEOUT(finding, is_told_once_and_no_other_with_it, 120)
{
	struct answer a;

	ASSERT_EQ(0, victim_fork(&self->victim, variant->provoke, NULL));
	look_at(_metadata, &self->victim, &a);
	EXPECT_EQ(variant->kind ? 1 : 0, answer_count(&a, "findings"));
	if (variant->kind)
		EXPECT_STREQ(variant->kind, answer_at(&a, "findings.0.kind"));
	tell_findings(_metadata, &a);
	command_free(&a);
}

/* ---- programs -------------------------------------------------------------- */

/* Beside this one. */
static void path_of(const char *name, char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	path[len < 0 ? 0 : len] = '\0';
	snprintf(strrchr(path, '/') + 1, size - (strrchr(path, '/') + 1 - path), "%s", name);
}

TEST_F_TIMEOUT(perms, find_nothing_in_programs_that_behave, 400)
{
	static char *const programs[][4] = {
		{ "bash", "-c", "echo; read", NULL },
		{ "python3", "-c", "import sys; print(); sys.stdout.flush(); input()", NULL },
		{ "perl", "-e", "$|=1; print qq(\\n); <STDIN>", NULL },
		{ "sh", "-c", "echo; read line", NULL },
	};
	struct answer a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		if (victim_exec(&self->victim, programs[i]))
			continue;
		look_at(_metadata, &self->victim, &a);
		TH_LOG("%s", programs[i][0]);
		EXPECT_EQ(0, answer_count(&a, "findings"));
		tell_findings(_metadata, &a);
		command_free(&a);
		victim_kill(&self->victim);
		self->victim.pid = 0;
	}
	command_run(&a, "perms 1 --json");
	EXPECT_EQ(0, answer_count(&a, "findings"));
	tell_findings(_metadata, &a);
	command_free(&a);
}

/*
 * Slots that nobody calls through: on arm64 crt1.o and crti.o have some for abort(),
 * __gmon_start__() and __cxa_finalize(), which on x86-64 are no JUMP_SLOTs.
 */
#ifdef __aarch64__
#define NEVER_CALLED	"3"
#else
#define NEVER_CALLED	"0"
#endif

/* Linked in three ways (Makefile): the linker is the witness. */
TEST_F_TIMEOUT(perms, know_how_much_of_the_tables_the_loader_made_read_only, 120)
{
	static const char *const kinds[] = { "none", "partial", "full" };
	char path[4200], name[32];
	char *argv[] = { path, NULL };
	struct answer a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(name, sizeof(name), "relro_%s", kinds[i]);
		path_of(name, path, sizeof(path));
		ASSERT_EQ(0, victim_exec(&self->victim, argv));
		/* In pause(), the last of what it calls. */
		while (victim_state(self->victim.pid) != 'S')
			usleep(10000);
		usleep(100000);
		look_at(_metadata, &self->victim, &a);
		EXPECT_STREQ(kinds[i], answer_at(&a, "images.0.relro")) TH_LOG("%s", name);
		EXPECT_STREQ(i == 2 ? "true" : "false", answer_at(&a, "images.0.bind_now"));
		/* puts(), fflush(), alarm() have been called, pause() waits: all bound. */
		EXPECT_LT(0, answer_number(&a, "images.0.slots"));
		EXPECT_STREQ(i == 2 ? "0" : NEVER_CALLED, answer_at(&a, "images.0.lazy"));
		EXPECT_EQ(i ? 0 : 1, answer_count(&a, "findings"));
		if (!i)
			EXPECT_STREQ("writable-got", answer_at(&a, "findings.0.kind"));
		tell_findings(_metadata, &a);
		command_free(&a);
		victim_kill(&self->victim);
		self->victim.pid = 0;
	}
}

/* A function that nobody else here calls, through the table: bound at this call. */
static void call_once(void *arg)
{
	(void)arg;
	truth->key = (int)getpgid(0);
}

TEST_F_TIMEOUT(perms, count_functions_that_are_not_bound_yet, 120)
{
	struct victim other;
	struct answer a, b;

	/* Linked to be bound at the first call (Makefile). */
	if (getenv("LD_BIND_NOW"))
		SKIP(return, "LD_BIND_NOW is set");
	ASSERT_EQ(0, victim_fork(&self->victim, NULL, NULL));
	ASSERT_EQ(0, victim_fork(&other, call_once, NULL));
	look_at(_metadata, &self->victim, &a);
	look_at(_metadata, &other, &b);
	EXPECT_EQ(answer_number(&a, "images.0.slots"), answer_number(&b, "images.0.slots"));
	EXPECT_EQ(answer_number(&a, "images.0.lazy"), answer_number(&b, "images.0.lazy") + 1);
	command_free(&a);
	command_free(&b);
	victim_kill(&other);
}

/* Each section of this program, by symbols that lie in it. */
static const int in_rodata[1024] = { 1 };
static int in_data[1024] = { 1 };
static int in_bss[1024];

static bool has_section(const struct answer *a, const void *va, const char *section)
{
	long i, j, nr = answer_count(a, "regions");
	char path[64];

	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "regions.%ld.start", i);
		if ((uintptr_t)va < answer_number(a, path))
			continue;
		snprintf(path, sizeof(path), "regions.%ld.end", i);
		if ((uintptr_t)va >= answer_number(a, path))
			continue;
		snprintf(path, sizeof(path), "regions.%ld.sections", i);
		for (j = 0; j < answer_count(a, path); j++)
			if (!strcmp(answer_at(a, "%s.%ld.name", path, j), section))
				return true;
	}
	return false;
}

TEST_F_TIMEOUT(perms, name_the_section_of_every_page_of_a_file, 120)
{
	struct answer a;

	in_bss[0] = in_data[0] + in_rodata[0];
	ASSERT_EQ(0, victim_fork(&self->victim, NULL, NULL));
	look_at(_metadata, &self->victim, &a);
	EXPECT_TRUE(has_section(&a, in_rodata, ".rodata"));
	EXPECT_TRUE(has_section(&a, in_data, ".data"));
	EXPECT_TRUE(has_section(&a, in_bss, ".bss"));
	EXPECT_TRUE(has_section(&a, ask_for_all, ".text"));
	EXPECT_TRUE(has_section(&a, dlsym(RTLD_DEFAULT, "qsort"), ".text"));
	command_free(&a);
}

TEST_HARNESS_MAIN
