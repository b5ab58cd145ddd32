// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_threads.c - what `vmlab threads` says of each thread is what the thread knows of
 * itself (its pthread attributes, its thread pointer, what the loader tells it of its
 * storage) and what ptrace reads of its registers.
 */
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <elf.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "fixture.h"
#include "victim.h"
#include "witness.h"

/* What glibc makes of a smaller one (ARCH_MIN_GUARD_SIZE); it tells what was asked for. */
#ifdef __aarch64__
#define LEAST_GUARD	65536UL
#else
#define LEAST_GUARD	0UL
#endif
#define THREADS		8
#define MODULES		4

/* What a thread knows of itself. */
struct self_knowledge {
	pid_t tid;
	unsigned long stack;		/* pthread_getattr_np() */
	unsigned long sz_stack;
	unsigned long sz_guard;
	unsigned long tp;
	unsigned long frame;		/* an address in the stack, below which it blocks */
	unsigned long mine;		/* of a variable of its own */
	struct {
		unsigned long start;	/* dl_iterate_phdr() */
		unsigned long size;
	} modules[MODULES];
	int nr_modules;
};

static struct self_knowledge *all;
static __thread char mine[1000];

static unsigned long thread_pointer(void)
{
	unsigned long tp;

#if defined(__x86_64__)
	asm volatile("mov %%fs:0, %0" : "=r"(tp));
#elif defined(__aarch64__)
	asm volatile("mrs %0, tpidr_el0" : "=r"(tp));
#endif
	return tp;
}

static int tell_module(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct self_knowledge *me = ctx;
	int i;

	(void)size;
	if (!info->dlpi_tls_data || me->nr_modules == MODULES)
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			me->modules[me->nr_modules].size = info->dlpi_phdr[i].p_memsz;
	me->modules[me->nr_modules++].start = (uintptr_t)info->dlpi_tls_data;
	return 0;
}

static void know_thyself(struct self_knowledge *me)
{
	pthread_attr_t attr;
	void *stack;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &stack, &me->sz_stack);
	pthread_attr_getguardsize(&attr, &me->sz_guard);
	me->stack = (uintptr_t)stack;
	me->tp = thread_pointer();
	mine[0] = 1;
	me->mine = (uintptr_t)mine;
	me->frame = (uintptr_t)__builtin_frame_address(0);
	dl_iterate_phdr(tell_module, me);
	__atomic_store_n(&me->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void *block(void *arg)
{
	know_thyself(arg);
	for (;;)
		pause();
	return NULL;
}

/* Guards of several sizes; and one that runs. */
static void make_threads(void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	int i;

	(void)arg;
	know_thyself(&all[0]);
	for (i = 1; i < THREADS; i++) {
		pthread_attr_init(&attr);
		pthread_attr_setguardsize(&attr, i * PAGE);
		pthread_attr_setstacksize(&attr, (64 + i) * PAGE);
		if (pthread_create(&thread, &attr, block, &all[i]))
			_exit(1);
	}
	for (i = 1; i < THREADS; i++)
		while (!__atomic_load_n(&all[i].tid, __ATOMIC_ACQUIRE))
			usleep(1000);
	/* On its way into pause(). */
	usleep(100000);
}

FIXTURE(threads)
{
	struct victim victim;
	struct answer a;
};

FIXTURE_SETUP(threads)
{
	memset(&self->victim, 0, sizeof(self->victim));
	memset(&self->a, 0, sizeof(self->a));
	all = mmap(NULL, THREADS * sizeof(*all), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, all);
	ASSERT_EQ(0, victim_fork(&self->victim, make_threads, NULL));
	command_run(&self->a, "threads %d --json", (int)self->victim.pid);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	ASSERT_NE(NULL, self->a.json);
}

FIXTURE_TEARDOWN(threads)
{
	if (self->victim.pid)
		victim_kill(&self->victim);
}

/* The row of a thread, or -1. */
static int row_of(const struct answer *a, pid_t tid)
{
	char path[32];
	int i;

	for (i = 0; i < answer_count(a, "threads"); i++) {
		snprintf(path, sizeof(path), "threads.%d.tid", i);
		if ((pid_t)answer_number(a, path) == tid)
			return i;
	}
	return -1;
}

TEST_F_TIMEOUT(threads, have_the_stacks_and_guards_that_pthread_attributes_tell, 120)
{
	struct witness_area area;
	int i;

	EXPECT_EQ(THREADS, answer_count(&self->a, "threads"));
	for (i = 0; i < THREADS; i++) {
		const struct self_knowledge *me = &all[i];
		int row = row_of(&self->a, me->tid);
		unsigned long long sp = answer_of_thread(&self->a, row, "sp");

		ASSERT_LE(0, row);
		EXPECT_LT(sp, me->frame + PAGE);
		EXPECT_LT(me->stack, sp);
		EXPECT_EQ(answer_of_thread(&self->a, row, "stack.end") - sp,
			  answer_of_thread(&self->a, row, "stack.depth"));
		EXPECT_LT(0, answer_of_thread(&self->a, row, "stack.used"));
		/*
		 * Of the first one the kernel keeps a gap that it tells nobody, and what the
		 * kernel has put above (names, environment) is no stack to pthreads.
		 */
		if (!i) {
			ASSERT_EQ(0, witness_area(self->victim.pid, (void *)me->frame, &area));
			EXPECT_STREQ("[stack]", area.name);
			EXPECT_EQ(area.start, answer_of_thread(&self->a, row, "stack.start"));
			EXPECT_EQ(area.end, answer_of_thread(&self->a, row, "stack.end"));
			EXPECT_GE(area.end, me->stack + me->sz_stack);
			EXPECT_LT(area.end - PAGE * 64, me->stack + me->sz_stack);
			EXPECT_STREQ("null", answer_at(&self->a, "threads.%d.stack.guard", row));
			continue;
		}
		EXPECT_EQ(me->stack, answer_of_thread(&self->a, row, "stack.start"));
		EXPECT_EQ(me->stack + me->sz_stack, answer_of_thread(&self->a, row, "stack.end"));
		EXPECT_EQ(me->sz_stack, answer_of_thread(&self->a, row, "stack.reserved"));
		EXPECT_EQ(me->sz_guard > LEAST_GUARD ? me->sz_guard : LEAST_GUARD,
			  answer_of_thread(&self->a, row, "stack.guard"));
	}
}

TEST_F_TIMEOUT(threads, have_the_thread_pointers_they_read_themselves, 120)
{
	int i;

	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(all[i].tp,
			  answer_of_thread(&self->a, row_of(&self->a, all[i].tid), "tp"));
}

/* Does some module's share of this thread begin at @start and have that size? */
static bool has_module(const struct answer *a, int row, unsigned long start, unsigned long size)
{
	char path[64], name[64];
	int i;

	snprintf(path, sizeof(path), "threads.%d.tls.modules", row);
	for (i = 0; i < answer_count(a, path); i++) {
		snprintf(name, sizeof(name), "tls.modules.%d.start", i);
		if (answer_of_thread(a, row, name) != start)
			continue;
		snprintf(name, sizeof(name), "tls.modules.%d.end", i);
		return answer_of_thread(a, row, name) == start + size;
	}
	return false;
}

TEST_F_TIMEOUT(threads, have_the_storage_that_the_loader_tells_them, 120)
{
	int i, j;

	for (i = 0; i < THREADS; i++) {
		const struct self_knowledge *me = &all[i];
		int row = row_of(&self->a, me->tid);

		ASSERT_LT(0, me->nr_modules);
		for (j = 0; j < me->nr_modules; j++) {
			EXPECT_TRUE(has_module(&self->a, row, me->modules[j].start,
					       me->modules[j].size))
				TH_LOG("thread %d, module %d at %lx", i, j, me->modules[j].start);
		}
		EXPECT_LE(answer_of_thread(&self->a, row, "tls.start"), me->mine);
		EXPECT_GE(answer_of_thread(&self->a, row, "tls.end"), me->mine + sizeof(mine));
	}
}

/* All run on one table: also the walk of the process's own says so. */
TEST_F_TIMEOUT(threads, run_on_one_table, 120)
{
	struct answer walk;
	int i;

	EXPECT_STREQ("true", answer_at(&self->a, "one_table"));
	command_run(&walk, "walk %d %lx --json", (int)self->victim.pid, all[0].tp);
	EXPECT_STREQ(answer_at(&walk, "levels.0.table_pa"), answer_at(&self->a, "root_pa"));
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(answer_number(&walk, "levels.0.table_pa"),
			  answer_of_thread(&self->a, row_of(&self->a, all[i].tid), "root_pa"));
	command_free(&walk);
}

/* Afterwards, since it stops them: they have not moved, blocked as they were. */
TEST_F_TIMEOUT(threads, have_the_registers_that_ptrace_reads, 120)
{
	struct user_regs_struct regs;
	struct iovec io = { &regs, sizeof(regs) };
	int i, status;

	for (i = 0; i < THREADS; i++) {
		pid_t tid = all[i].tid;
		int row = row_of(&self->a, tid);

		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, 0, 0));
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, tid, 0, 0));
		ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
		ASSERT_EQ(0, ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io));
#if defined(__x86_64__)
		EXPECT_EQ(regs.rsp, answer_of_thread(&self->a, row, "sp"));
		/* Interrupted, it will make the call again: two bytes back. */
		EXPECT_LE(regs.rip, answer_of_thread(&self->a, row, "pc"));
		EXPECT_GE(regs.rip + 2, answer_of_thread(&self->a, row, "pc"));
		EXPECT_EQ(regs.fs_base, answer_of_thread(&self->a, row, "tp"));
		EXPECT_EQ(regs.gs_base, answer_of_thread(&self->a, row, "gs"));
#elif defined(__aarch64__)
		{
			unsigned long tp[2];
			struct iovec tls = { tp, sizeof(tp) };

			EXPECT_EQ(regs.sp, answer_of_thread(&self->a, row, "sp"));
			EXPECT_LE(regs.pc, answer_of_thread(&self->a, row, "pc"));
			EXPECT_GE(regs.pc + 4, answer_of_thread(&self->a, row, "pc"));
			ASSERT_EQ(0, ptrace(PTRACE_GETREGSET, tid, NT_ARM_TLS, &tls));
			EXPECT_EQ(tp[0], answer_of_thread(&self->a, row, "tp"));
		}
#endif
		/* Else their end would have to be waited for one by one. */
		ptrace(PTRACE_DETACH, tid, 0, 0);
	}
}

/* The one who asks runs, and so nothing is known of it but what tables it runs on. */
TEST_F_TIMEOUT(threads, that_run_have_no_registers_to_tell, 120)
{
	struct answer a;

	command_run(&a, "threads self --json");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(1, answer_count(&a, "threads"));
	EXPECT_STREQ("null", answer_at(&a, "threads.0.tp"));
	EXPECT_STREQ("null", answer_at(&a, "threads.0.tls.start"));
	EXPECT_STREQ("true", answer_at(&a, "one_table"));
	command_free(&a);
}

TEST_F_TIMEOUT(threads, of_a_shell_and_an_interpreter_are_told, 300)
{
	char *const programs[][4] = {
		{ "bash", "-c", "echo; read", NULL },
		{ "python3", "-c",
		  "import threading,time,sys\n"
		  "for i in range(64): threading.Thread(target=time.sleep,args=(99,),daemon=True).start()\n"
		  "print(); sys.stdout.flush(); input()", NULL },
	};
	static const int counts[] = { 1, 65 };
	struct victim victim;
	struct answer a;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		if (victim_exec(&victim, programs[i]))
			continue;
		ASSERT_EQ(0, victim_stop(&victim));
		command_run(&a, "threads %d --json", (int)victim.pid);
		ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
		EXPECT_EQ(counts[i], answer_count(&a, "threads"));
		EXPECT_STREQ("true", answer_at(&a, "one_table"));
		for (j = 0; j < answer_count(&a, "threads"); j++) {
			EXPECT_NE(0, answer_of_thread(&a, j, "sp"));
			EXPECT_NE(0, answer_of_thread(&a, j, "tp"));
			EXPECT_NE(0, answer_of_thread(&a, j, "tls.end"));
			EXPECT_STREQ("T", answer_at(&a, "threads.%d.state", j));
		}
		command_free(&a);
		victim_kill(&victim);
	}
}

TEST_HARNESS_MAIN
