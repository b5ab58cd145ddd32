// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_gdb.c - stack pointers and thread pointers of blocked and of stopped threads are those
 * that gdb reads. It takes its time to start in a lab.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "victim.h"

#define MAX_THREADS	128

/* What gdb calls them. */
#if defined(__x86_64__)
#define SP	"rsp"
#define TP	"fs_base"
#elif defined(__aarch64__)
#define SP	"sp"
#define TP	"tpidr"
#endif

struct gdb_thread {
	int tid;
	unsigned long long sp;
	unsigned long long tp;
};

/* "Thread 2 (Thread 0x7f0123 (LWP 77) "name"):", "Thread 1 (process 77):". */
static int tid_in(const char *line)
{
	const char *at = strstr(line, "LWP ");

	if (strncmp(line, "Thread ", 7))
		return 0;
	if (at)
		return atoi(at + 4);
	at = strstr(line, "(process ");
	return at ? atoi(at + 9) : 0;
}

static struct gdb_thread *thread_of(struct gdb_thread *threads, int *nr, int tid)
{
	int i;

	for (i = 0; i < *nr; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	if (*nr == MAX_THREADS)
		return NULL;
	threads[*nr] = (struct gdb_thread){ .tid = tid };
	return &threads[(*nr)++];
}

/* Each in a command of its own: not every gdb knows the second one. */
#define GDB	"gdb -nx -batch -iex 'set auto-load off' -iex 'set auto-solib-add off'"
#define ASK_SP	" -ex 'thread apply all info registers " SP "'"
#define ASK_TP	" -ex 'thread apply all info registers " TP "'"

/* Attaches, reads, and lets go again. How many threads it has found, or -errno. */
static int ask_gdb(int pid, struct gdb_thread *threads)
{
	struct gdb_thread *now = NULL;
	char line[512], name[32];
	unsigned long long value;
	int nr = 0, tid;
	FILE *out;

	snprintf(line, sizeof(line), GDB ASK_SP ASK_TP " -p %d 2>/dev/null </dev/null", pid);
	out = popen(line, "r");
	if (!out)
		return -errno;
	while (fgets(line, sizeof(line), out)) {
		tid = tid_in(line);
		if (tid)
			now = thread_of(threads, &nr, tid);
		if (!now || sscanf(line, "%31s 0x%llx", name, &value) != 2)
			continue;
		if (!strcmp(name, SP))
			now->sp = value;
		if (!strcmp(name, TP))
			now->tp = value;
	}
	return pclose(out) ? -ENOENT : nr;
}

/* First the command, since gdb stops whom it looks at. */
static void compare(struct __test_metadata *_metadata, const struct victim *victim, int threads)
{
	struct gdb_thread seen[MAX_THREADS];
	int i, j, nr, equal = 0;
	struct answer a;

	command_run(&a, "threads %d --json", (int)victim->pid);
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	EXPECT_EQ(threads, answer_count(&a, "threads"));
	nr = ask_gdb(victim->pid, seen);
	ASSERT_EQ(threads, nr) TH_LOG("is gdb installed? tools/lab/setup does it");
	for (i = 0; i < nr; i++) {
		for (j = 0; j < answer_count(&a, "threads"); j++) {
			if (answer_of_thread(&a, j, "tid") != (unsigned long long)seen[i].tid)
				continue;
			EXPECT_NE(0, seen[i].sp);
			EXPECT_NE(0, seen[i].tp);
			EXPECT_EQ(seen[i].sp, answer_of_thread(&a, j, "sp"));
			EXPECT_EQ(seen[i].tp, answer_of_thread(&a, j, "tp"));
			/* And it points into the stack that is told. */
			EXPECT_LE(answer_of_thread(&a, j, "stack.start"), seen[i].sp);
			EXPECT_GT(answer_of_thread(&a, j, "stack.end"), seen[i].sp);
			equal++;
		}
	}
	EXPECT_EQ(threads, equal);
	command_free(&a);
}

static void *in_pause(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *in_sleep(void *arg)
{
	struct timespec long_enough = { .tv_sec = 9999 };

	nanosleep(&long_enough, NULL);
	return arg;
}

static void *in_lock(void *arg)
{
	pthread_mutex_lock(arg);
	return arg;
}

static void *in_read(void *arg)
{
	int pipes[2];
	char byte;

	if (pipe(pipes) || read(pipes[0], &byte, 1) < 0)
		return NULL;
	return arg;
}

static void block_in_every_way(void *arg)
{
	static void *(*const ways[])(void *) = { in_pause, in_sleep, in_lock, in_read };
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	size_t i;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (i = 0; i < 2 * ARRAY_SIZE(ways); i++)
		if (pthread_create(&thread, NULL, ways[i / 2], &lock))
			_exit(1);
	/* On their way. */
	usleep(500000);
}

FIXTURE(gdb)
{
	struct victim victim;
};

FIXTURE_SETUP(gdb)
{
	memset(&self->victim, 0, sizeof(self->victim));
}

FIXTURE_TEARDOWN(gdb)
{
	if (self->victim.pid)
		victim_kill(&self->victim);
}

TEST_F_TIMEOUT(gdb, sees_the_same_of_threads_that_are_blocked, 240)
{
	ASSERT_EQ(0, victim_fork(&self->victim, block_in_every_way, NULL));
	compare(_metadata, &self->victim, 9);
}

TEST_F_TIMEOUT(gdb, sees_the_same_of_threads_that_are_stopped, 240)
{
	ASSERT_EQ(0, victim_fork(&self->victim, block_in_every_way, NULL));
	ASSERT_EQ(0, victim_stop(&self->victim));
	compare(_metadata, &self->victim, 9);
}

/* Somebody else's program, wherever its threads were when they were stopped. */
TEST_F_TIMEOUT(gdb, sees_the_same_of_an_interpreter_with_64_threads, 400)
{
	char *argv[] = { "python3", "-c",
		"import threading,sys,time\n"
		"def count():\n"
		"  while True: pass\n"
		"for i in range(56): threading.Thread(target=time.sleep,args=(999,),daemon=True).start()\n"
		"for i in range(8): threading.Thread(target=count,daemon=True).start()\n"
		"print(); sys.stdout.flush(); input()", NULL };

	ASSERT_EQ(0, victim_exec(&self->victim, argv)) TH_LOG("is python3 installed?");
	ASSERT_EQ(0, victim_stop(&self->victim));
	compare(_metadata, &self->victim, 65);
}

TEST_HARNESS_MAIN
