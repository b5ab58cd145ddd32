// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_map.c - the anatomy of an address space adds up: to the page what the kernel
 * counts in smaps_rollup and charges in VmPTE.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "fixture.h"
#include "victim.h"

#include <libvmlab.h>

/* A number in kB from /proc/PID/@file, in pages; -1 where there is none. */
static long kernels(pid_t pid, const char *file, const char *key)
{
	char path[64], line[160], name[64];
	long kb = -1, got;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld kB", name, &got) == 2 && !strcmp(name, key))
			kb = got;
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb / 4;
}

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

/* All sums of @pid, which stands still. */
static void adds_up(struct __test_metadata *_metadata, struct vmlab_session *session, pid_t pid)
{
	struct vmlab_anatomy a;
	struct vmlab_target *target;
	uint64_t at = 0, resident = 0;
	size_t i;

	ASSERT_EQ(0, vmlab_target_open(session, pid, &target));
	ASSERT_EQ(0, vmlab_anatomy_read(session, target, &a));
	EXPECT_EQ(kernels(pid, "smaps_rollup", "Rss"), (long)a.total.resident);
	EXPECT_EQ(kernels(pid, "smaps_rollup", "Anonymous"), (long)a.total.anon);
	EXPECT_EQ(kernels(pid, "smaps_rollup", "Swap"), (long)a.total.swap);
	EXPECT_EQ(kernels(pid, "smaps_rollup", "Shared_Clean") +
		  kernels(pid, "smaps_rollup", "Shared_Dirty"), (long)a.total.shared);
	EXPECT_EQ(kernels(pid, "smaps_rollup", "Shared_Hugetlb") +
		  kernels(pid, "smaps_rollup", "Private_Hugetlb"), (long)a.total.hugetlb);
	EXPECT_EQ(kernels(pid, "status", "VmPTE"), (long)(a.sz_tables / 4096));
	EXPECT_FALSE(a.changed);
	/* From zero to the end of all without a gap, and the parts make the whole. */
	for (i = 0; i < a.nr; i++) {
		ASSERT_EQ(at, a.parts[i].start);
		ASSERT_NE(NULL, a.parts[i].kind);
		at = a.parts[i].end;
		resident += a.parts[i].pages.resident;
	}
	EXPECT_EQ(0, at);
	EXPECT_EQ(a.total.resident, resident);
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
}

/* A program that has said its first line, stopped. */
static void adds_up_of(struct __test_metadata *_metadata, struct vmlab_session *session,
		       char *const argv[])
{
	struct victim victim;
	int ret = victim_exec(&victim, argv);

	if (ret == -ENOENT)
		SKIP(return, "there is no %s here", argv[0]);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, victim_stop(&victim));
	adds_up(_metadata, session, victim.pid);
	victim_kill(&victim);
}

TEST_F_TIMEOUT(map, of_a_shell_adds_up, 300)
{
	char *argv[] = { "bash", "-c", "echo; read", NULL };

	adds_up_of(_metadata, self->session, argv);
}

TEST_F_TIMEOUT(map, of_an_interpreter_adds_up, 300)
{
	char *argv[] = { "python3", "-c", "import sys; print(); sys.stdout.flush(); input()", NULL };

	adds_up_of(_metadata, self->session, argv);
}

TEST_F_TIMEOUT(map, of_a_program_with_64_threads_adds_up, 300)
{
	char *argv[] = { "python3", "-c",
		"import threading,time,sys\n"
		"for i in range(64): threading.Thread(target=time.sleep,args=(99,),daemon=True).start()\n"
		"print(); sys.stdout.flush(); input()", NULL };

	adds_up_of(_metadata, self->session, argv);
}

TEST_F(map, of_pid_1_adds_up)
{
	adds_up(_metadata, self->session, 1);
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
}

TEST_F(map, of_memory_of_every_kind_adds_up)
{
	struct victim victim;

	ASSERT_EQ(0, victim_fork(&victim, furnish, NULL));
	ASSERT_EQ(0, victim_stop(&victim));
	adds_up(_metadata, self->session, victim.pid);
	victim_kill(&victim);
}

TEST_HARNESS_MAIN
