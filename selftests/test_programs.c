// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_programs.c - the anatomy of programs that people run adds up: interpreters, one that
 * makes code while it runs, threads, and every way to link one. They take their time to
 * start in a lab.
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include <libvmlab.h>

#include "sums.h"

FIXTURE(programs)
{
	struct vmlab_session *session;
};

FIXTURE_SETUP(programs)
{
	ASSERT_EQ(0, vmlab_session_open(&self->session)) TH_LOG("is the module loaded?");
}

FIXTURE_TEARDOWN(programs)
{
	vmlab_session_close(self->session);
}

/* Programs of every kind; those that are not installed are left out, and said so. */
static const struct {
	char *argv[4];
	const char *abi;	/* NULL: this machine's */
} programs[] = {
	{ .argv = { "bash", "-c", "echo; read" } },
	{ .argv = { "python3", "-c",
		    "import threading,time,sys\n"
		    "for i in range(64): threading.Thread(target=time.sleep,args=(99,),daemon=True).start()\n"
		    "print(); sys.stdout.flush(); input()" } },
	{ .argv = { "sh", "-c", "echo; read line" } },
	{ .argv = { "perl", "-e", "$|=1; print qq(\n); <STDIN>" } },
	{ .argv = { "node", "-e", "console.log(1); setInterval(()=>0,9999)" } },	/* a JIT */
	{ .argv = { "busybox", "sh", "-c", "echo; read line" } },
	{ .argv = { "waiter" } },			/* position independent */
	{ .argv = { "waiter_static" } },
	{ .argv = { "waiter_nopie" } },
	{ .argv = { "waiter_execstack" } },
	{ .argv = { "relro_none" } },
	{ .argv = { "relro_full" } },
#ifdef __x86_64__
	{ .argv = { "waiter32" }, .abi = "i386" },
#endif
};

TEST_F_TIMEOUT(programs, of_every_kind_add_up, 900)
{
	size_t i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		const char *why = sums_of_program(self->session,
						  (char *const *)programs[i].argv, programs[i].abi);

		TH_LOG("%s: %s", programs[i].argv[0], !why ? "not here" : *why ? why : "adds up");
		if (!why)
			continue;
		EXPECT_STREQ("", why);
		nr++;
	}
	/* Our own at least, and the shell: whoever runs this has built them. */
	EXPECT_LE(7, nr);
}

TEST_HARNESS_MAIN
