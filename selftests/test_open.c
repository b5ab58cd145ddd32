// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_open.c - taking hold of an address space: which descriptors are taken,
 * what happens when there are none left, and what a target answers when its
 * process has gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "fixture.h"
#include "victim.h"

FIXTURE(node)
{
	int fd;
};

FIXTURE_SETUP(node)
{
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd) TH_LOG("is the module loaded? %s", strerror(errno));
}

FIXTURE_TEARDOWN(node)
{
	close(self->fd);
}

static int walk_at(int target, const void *va)
{
	struct vmlab_walk walk = { .size = sizeof(walk), .va = (uintptr_t)va };

	return ask(target, VMLAB_WALK, &walk);
}

static int scan_at(int target, void *buf)
{
	struct vmlab_scan scan = ask_scan(0, LOW_END, buf, 1);

	return ask(target, VMLAB_SCAN, &scan);
}

static int vmas_at(int target, void *buf)
{
	struct vmlab_vmas vmas = ask_vmas(0, LOW_END, buf, 1);

	return ask(target, VMLAB_VMAS, &vmas);
}

/* The one errno that all three queries give, or 1 when they differ. */
static int all_queries(int target)
{
	struct vmlab_vma recs[2];
	int ret = walk_at(target, recs);

	return ret == scan_at(target, recs) && ret == vmas_at(target, recs) ? ret : 1;
}

TEST(the_node_is_roots_alone_and_a_character_device)
{
	struct stat st;

	ASSERT_EQ(0, stat(NODE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(10, major(st.st_rdev));
}

TEST_F(node, gives_a_target_that_answers_all_queries)
{
	int target = ask_target(self->fd, 0);

	ASSERT_LE(0, target);
	EXPECT_EQ(0, all_queries(target));
	close(target);
}

TEST_F(node, gives_a_target_that_is_closed_on_exec)
{
	int target = ask_target(self->fd, 0);

	ASSERT_LE(0, target);
	EXPECT_EQ(FD_CLOEXEC, fcntl(target, F_GETFD));
	close(target);
}

TEST_F(node, needs_an_open_descriptor)
{
	const int fds[] = { -1, -100, 1000, 1 << 30 };
	int closed = open("/dev/null", O_RDONLY);
	size_t i;

	close(closed);
	EXPECT_EQ(-EBADF, ask_open(self->fd, closed));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_EQ(-EBADF, ask_open(self->fd, fds[i]));
	/* Only the name of a file, not the file. */
	closed = open("/proc/self/pagemap", O_PATH);
	ASSERT_LE(0, closed);
	EXPECT_EQ(-EBADF, ask_open(self->fd, closed));
	close(closed);
}

TEST_F(node, takes_no_other_files_descriptor)
{
	const char *const paths[] = {
		"/dev/null", "/proc/self/maps", "/proc/self/smaps", "/proc/self/mem",
		"/proc/self/exe", "/proc/self", "/proc/kpageflags", "/proc/kpagecount", "/",
	};
	int fd, pair[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd) TH_LOG("%s", paths[i]);
		EXPECT_EQ(-EINVAL, ask_open(self->fd, fd)) TH_LOG("%s", paths[i]);
		close(fd);
	}
	ASSERT_EQ(0, pipe(pair));
	EXPECT_EQ(-EINVAL, ask_open(self->fd, pair[0]));
	EXPECT_EQ(-EINVAL, ask_open(self->fd, pair[1]));
	fd = fixture_memfd(PAGE, 0);
	EXPECT_EQ(-EINVAL, ask_open(self->fd, fd));
	EXPECT_EQ(-EINVAL, ask_open(self->fd, self->fd));
	fd = ask_target(self->fd, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, ask_open(self->fd, fd));
}

TEST_F(node, takes_the_pagemap_that_was_handed_over_not_the_callers)
{
	struct vmlab_walk walk = { .size = sizeof(walk) };
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct victim child;
	uint64_t mine;
	int target;

	page[0] = 1;
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	page[0] = 2;	/* ours is a copy now */
	target = ask_target(self->fd, child.pid);
	ASSERT_LE(0, target);
	walk.va = (uintptr_t)page;
	ASSERT_EQ(0, ask(target, VMLAB_WALK, &walk));
	EXPECT_TRUE(walk.out_flags & VMLAB_OUT_MAPPED);
	close(target);
	mine = walk.out_leaf.pfn;
	target = ask_target(self->fd, 0);
	ASSERT_EQ(0, ask(target, VMLAB_WALK, &walk));
	EXPECT_TRUE(walk.out_flags & VMLAB_OUT_MAPPED);
	EXPECT_NE(mine, walk.out_leaf.pfn);
	victim_kill(&child);
}

TEST_F(node, says_EMFILE_when_descriptors_run_out_and_leaks_none)
{
	struct rlimit limit;
	int targets[64], nr = 0, files, pagemap, last;

	pagemap = ask_pagemap(0);
	ASSERT_LE(0, pagemap);
	files = ask_open_files();
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 40;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	while ((last = ask_open(self->fd, pagemap)) >= 0 && nr < 63)
		targets[nr++] = last;
	EXPECT_EQ(-EMFILE, last);
	EXPECT_LT(20, nr);
	for (last = 0; last < 1000; last++)
		ASSERT_EQ(-EMFILE, ask_open(self->fd, pagemap));
	while (nr)
		EXPECT_EQ(0, close(targets[--nr]));
	EXPECT_EQ(files, ask_open_files());
	last = ask_open(self->fd, pagemap);
	EXPECT_LE(0, last);
	EXPECT_EQ(0, all_queries(last));
}

TEST_F(node, finds_nothing_behind_a_zombies_pagemap)
{
	struct victim child;
	int early, late;

	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	early = ask_pagemap(child.pid);
	ASSERT_LE(0, early);
	ASSERT_EQ(0, victim_make_zombie(&child));
	EXPECT_EQ(-ESRCH, ask_open(self->fd, early));
	late = ask_pagemap(child.pid);
	/* Newer kernels refuse that open; the older ones leave it to us. */
	EXPECT_EQ(-ESRCH, late < 0 ? late : ask_open(self->fd, late));
	victim_kill(&child);
	EXPECT_EQ(-ESRCH, ask_open(self->fd, early));
}

TEST_F(node, gives_a_target_that_answers_ESRCH_once_its_process_has_exited)
{
	struct victim child;
	int target;

	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	target = ask_target(self->fd, child.pid);
	ASSERT_LE(0, target);
	EXPECT_EQ(0, all_queries(target));
	ASSERT_EQ(0, victim_make_zombie(&child));
	EXPECT_EQ(-ESRCH, all_queries(target));
	victim_kill(&child);
	EXPECT_EQ(-ESRCH, all_queries(target));
	EXPECT_EQ(0, close(target));
}

static void exec_sleep(void *arg)
{
	(void)arg;
	execlp("sleep", "sleep", "1000", NULL);
}

TEST_F(node, gives_a_target_that_answers_ESRCH_once_its_process_has_execed)
{
	int target, again;
	struct victim child;

	victim_then(exec_sleep, NULL);
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	target = ask_target(self->fd, child.pid);
	ASSERT_LE(0, target);
	EXPECT_EQ(0, all_queries(target));
	/* Its pipes are close-on-exec: their end is the sign that it has execed. */
	victim_poke(&child);
	EXPECT_EQ(-ESRCH, all_queries(target));
	again = ask_target(self->fd, child.pid);
	ASSERT_LE(0, again);
	EXPECT_EQ(0, all_queries(again));
	victim_kill(&child);
}

TEST_F(node, gives_a_target_that_outlives_its_process_but_not_its_memory)
{
	const size_t size = 64UL << 20;
	struct victim child;
	long alive, dead;
	char *memory;
	int target;

	memory = fixture_anon(size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, memory);
	fixture_write(memory, size);
	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	target = ask_target(self->fd, child.pid);
	ASSERT_LE(0, target);
	ASSERT_EQ(0, munmap(memory, size));
	/* Ours is gone: what is left of it is the child's. */
	alive = counter_named("/proc/meminfo", "AnonPages:");
	victim_kill(&child);
	dead = counter_named("/proc/meminfo", "AnonPages:");
	EXPECT_LT((long)(size >> 10) * 3 / 4, alive - dead);
	EXPECT_EQ(-ESRCH, all_queries(target));
	close(target);
}

TEST_F(node, finds_nothing_behind_a_kernel_thread)
{
	pid_t pid = victim_kernel_thread();

	ASSERT_LT(0, pid);
	EXPECT_EQ(-ESRCH, ask_target(self->fd, pid));
}

TEST_F(node, opens_pid_1)
{
	int target = ask_target(self->fd, 1);

	ASSERT_LE(0, target);
	EXPECT_EQ(0, all_queries(target));
}

TEST_F(node, has_no_ioctl_but_its_own)
{
	int i, target = ask_target(self->fd, 0);
	unsigned int cmd;
	bool known;

	ASSERT_LE(0, target);
	/* Every number of our type, in every direction and with any size. */
	for (i = 0; i < 256 * 4 * 4; i++) {
		cmd = (unsigned int)(i >> 10) << 30 | (unsigned int)(i >> 8 & 3) * 56 << 16 |
		      VMLAB_IOC_TYPE << 8 | (i & 0xff);
		known = cmd == VMLAB_INFO || cmd == VMLAB_OPEN || cmd == VMLAB_FRAMES ||
			cmd == VMLAB_KWALK || cmd == VMLAB_KSCAN || cmd == VMLAB_KREGIONS ||
			cmd == VMLAB_CPUS;
		ASSERT_EQ(known ? -EFAULT : -ENOTTY, ask(self->fd, cmd, NULL))
			TH_LOG("0x%x", cmd);
		known = cmd == VMLAB_WALK || cmd == VMLAB_SCAN || cmd == VMLAB_VMAS ||
			cmd == VMLAB_TABLES || cmd == VMLAB_MM || cmd == VMLAB_THREAD;
		ASSERT_EQ(known ? -EFAULT : -ENOTTY, ask(target, cmd, NULL))
			TH_LOG("0x%x", cmd);
	}
}

static int ask_thread(int target, int mem, pid_t tid)
{
	struct vmlab_thread thread = { .size = sizeof(thread), .fd = mem, .tid = tid };

	return ask(target, VMLAB_THREAD, &thread);
}

static int open_mem(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Registers are for those whom the kernel has let open that very memory. */
TEST_F(node, tells_registers_to_who_may_attach_alone)
{
	struct victim victim, other;
	int target, mem, others;

	ASSERT_EQ(0, victim_fork(&victim, NULL, NULL));
	ASSERT_EQ(0, victim_fork(&other, NULL, NULL));
	target = ask_target(self->fd, victim.pid);
	mem = open_mem(victim.pid);
	others = open_mem(other.pid);
	ASSERT_LE(0, target);
	ASSERT_LE(0, mem);
	ASSERT_LE(0, others);
	EXPECT_EQ(0, ask_thread(target, mem, victim.pid));
	EXPECT_EQ(-EBADF, ask_thread(target, -1, victim.pid));
	EXPECT_EQ(-EINVAL, ask_thread(target, self->fd, victim.pid));
	EXPECT_EQ(-EINVAL, ask_thread(target, others, victim.pid));
	EXPECT_EQ(-ESRCH, ask_thread(target, mem, other.pid));
	EXPECT_EQ(-ESRCH, ask_thread(target, mem, -1));
	EXPECT_EQ(-ESRCH, ask_thread(target, mem, 0));
	victim_kill(&victim);
	EXPECT_EQ(-ESRCH, ask_thread(target, mem, victim.pid));
	/* Opened by root, and brought by somebody else: that is asked first. */
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-EPERM, ask_thread(target, mem, victim.pid));
	ASSERT_EQ(0, seteuid(0));
	victim_kill(&other);
	close(target);
	close(mem);
	close(others);
}

TEST_F(node, answers_garbage_numbers_with_ENOTTY)
{
	unsigned long arg[64] = { sizeof(arg) };
	int i, target = ask_target(self->fd, 0);
	uint32_t cmd = 0x12345678;

	ASSERT_LE(0, target);
	for (i = 0; i < 5000; i++) {
		cmd = cmd * 1664525 + 1013904223;
		/* What the kernel answers for every file, before it asks us. */
		if ((cmd >> 8 & 0xff) == 'T' || (cmd >> 8 & 0xff) == 'X' ||
		    (cmd >> 8 & 0xff) == 'f' || (cmd & 0xffff) == 2 ||
		    (cmd >> 8 & 0xff) == VMLAB_IOC_TYPE)
			continue;
		ASSERT_EQ(-ENOTTY, ask(self->fd, cmd, arg)) TH_LOG("0x%x", cmd);
		ASSERT_EQ(-ENOTTY, ask(target, cmd, arg)) TH_LOG("0x%x", cmd);
	}
}

TEST_HARNESS_MAIN
