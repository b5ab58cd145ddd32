// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_processes.c - real processes, standing still, against pagemap, kpageflags
 * and kpagecount: every page, every fact that both sides know, in both
 * directions. A million pages and more, and not one unexplained.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <libvmlab.h>

#include "compare.h"
#include "victim.h"

/* Survives the tests, each of which is a process of its own. */
static struct compare *all;

static __attribute__((constructor)) void share_the_count(void)
{
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

FIXTURE(lab)
{
	struct vmlab_session *session;
	struct compare c;
};

typedef FIXTURE_DATA(lab) lab_data;

FIXTURE_SETUP(lab)
{
	ASSERT_EQ(0, vmlab_session_open(&self->session));
}

/* What this test saw is printed, and goes into the sum. */
FIXTURE_TEARDOWN(lab)
{
	const struct compare *c = &self->c;
	unsigned long i;

	compare_print(c, _metadata->name);
	all->pages += c->pages;
	all->empty += c->empty;
	all->moved += c->moved;
	all->outside += c->outside;
	for (i = 0; i < AGREE_NR; i++)
		all->excused[i] += c->excused[i];
	for (i = 0; i < c->unexplained && i < COMPARE_DETAILS; i++)
		if (all->unexplained + i < COMPARE_DETAILS)
			memcpy(all->details[all->unexplained + i], c->details[i],
			       sizeof(c->details[i]));
	all->unexplained += c->unexplained;
	vmlab_session_close(self->session);
}

/*
 * 0 when @pid shows pages and both sides agree on all of them; else how many
 * differ, or -errno.
 */
static long agrees(lab_data *self, pid_t pid)
{
	const unsigned long pages = self->c.pages, unexplained = self->c.unexplained;
	int ret = compare_process(self->session, pid, &self->c);

	if (ret)
		return ret;
	/* A page at least is what a process must have. */
	return self->c.pages > pages ? (long)(self->c.unexplained - unexplained) : -ENODATA;
}

static long stopped_agrees(lab_data *self, const struct victim *v)
{
	long ret = victim_stop(v);

	if (!ret)
		ret = agrees(self, v->pid);
	victim_continue(v);
	return ret;
}

TEST_F(lab, shows_pid_1_as_the_kernel_does)
{
	EXPECT_EQ(0, agrees(self, 1));
}

TEST_F(lab, shows_the_test_itself_as_the_kernel_does)
{
	EXPECT_EQ(0, agrees(self, 0));
}

TEST_F(lab, shows_a_stopped_shell_as_the_kernel_does)
{
	char *const argv[] = { "bash", "-c", "echo; read line", NULL };
	struct victim shell;

	ASSERT_EQ(0, victim_exec(&shell, argv));
	EXPECT_EQ(0, stopped_agrees(self, &shell));
	victim_kill(&shell);
}

TEST_F(lab, shows_a_stopped_sleep_as_the_kernel_does)
{
	char *const argv[] = { "sh", "-c", "echo; exec sleep 1000", NULL };
	struct victim sleeper;

	ASSERT_EQ(0, victim_exec(&sleeper, argv));
	EXPECT_EQ(0, stopped_agrees(self, &sleeper));
	victim_kill(&sleeper);
}

TEST_F(lab, shows_every_process_that_idles_as_the_kernel_does)
{
	int processes = 0;
	pid_t pid;
	long ret;

	for (pid = 1; pid < 2000; pid++) {
		if (victim_state(pid) != 'S')
			continue;
		ret = agrees(self, pid);
		/* A kernel thread has nothing to show, and some go meanwhile. */
		if (ret == -ESRCH || ret == -ENOENT || ret == -ENODATA)
			continue;
		EXPECT_EQ(0, ret) TH_LOG("pid %d", (int)pid);
		processes++;
	}
	/* Pid 1, the runner and its children. */
	EXPECT_LE(3, processes);
}

/*
 * An interpreter with a quarter of a GiB, sixteen times forked; every other child
 * writes to a part of it, which breaks that part's sharing.
 */
static const char family[] =
	"import os, sys\n"
	"n = 256 << 20\n"
	"import mmap\n"
	"m = mmap.mmap(-1, n, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
	"m.madvise(mmap.MADV_NOHUGEPAGE)\n"
	"for i in range(0, n, 4096): m[i] = 1\n"
	"kids = []\n"
	"for k in range(15):\n"
	"    r, w = os.pipe()\n"
	"    pid = os.fork()\n"
	"    if pid == 0:\n"
	"        if k % 2:\n"
	"            for i in range(k << 20, (k << 20) + (2 << 20), 4096): m[i] = k\n"
	"        os.write(w, b'x')\n"
	"        sys.stdin.buffer.raw.read()\n"
	"        os._exit(0)\n"
	"    os.read(r, 1)\n"
	"    kids.append(pid)\n"
	"print(*kids, flush=True)\n"
	"sys.stdin.buffer.raw.read()\n";

TEST_F_TIMEOUT(lab, shows_an_interpreter_and_its_fifteen_forks_as_the_kernel_does, 240)
{
	char *const argv[] = { "python3", "-c", (char *)family, NULL };
	char path[64], kids[512] = "", *at = kids;
	struct victim python, child;
	FILE *file;
	int nr = 0;

	if (victim_exec(&python, argv))
		SKIP(return, "there is no python3, or no memory for it to fork");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)python.pid,
		 (int)python.pid);
	file = fopen(path, "r");
	ASSERT_NE(NULL, file);
	ASSERT_NE(NULL, fgets(kids, sizeof(kids), file));
	fclose(file);
	EXPECT_EQ(0, stopped_agrees(self, &python));
	while ((child.pid = (pid_t)strtol(at, &at, 10)) > 0) {
		EXPECT_EQ(0, stopped_agrees(self, &child)) TH_LOG("pid %d", (int)child.pid);
		nr++;
	}
	EXPECT_EQ(15, nr);
	victim_kill(&python);
}

/* After all others, in the order of their fixtures. */
FIXTURE(sum) {};
FIXTURE_SETUP(sum) {}
FIXTURE_TEARDOWN(sum) {}

TEST_F(sum, is_a_million_pages_and_every_difference_has_a_name)
{
	compare_print(all, "in all");
	EXPECT_LE(1000000, all->pages);
	EXPECT_EQ(0, all->unexplained);
}

TEST_HARNESS_MAIN
