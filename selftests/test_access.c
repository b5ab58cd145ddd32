// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_access.c - who may look at whom: never more than /proc shows to the same
 * caller, and frames for everyone who sees them in pagemap.
 *
 * Callers of every kind ask about targets of every kind, by bare ioctls, through a
 * node that everybody may open. What is expected is in no list: each caller opens
 * /proc/PID/pagemap and smaps, and what it reads there is compared with what every
 * query answers (procview.h). What comes out is printed as a table, which must be
 * the one in Documentation/security.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "caller.h"
#include "counter.h"
#include "fixture.h"
#include "mmu.h"
#include "procview.h"
#include "victim.h"

#define USER		61001
#define OTHER		61002
#define YAMA		"/proc/sys/kernel/yama/ptrace_scope"
#define LOCKDOWN	"/sys/kernel/security/lockdown"

/* Targets, in the order of the table's columns. */
enum kind {
	OWN, SAME_USER, OTHER_USER, ROOTS, SETUID, NON_DUMPABLE, KERNEL_THREAD, EXECS, EXITS, KINDS
};

static const char *const kind_names[KINDS] = {
	"own", "same", "other", "root's", "setuid", "undump", "kthread", "execs", "exits",
};

/* How a caller comes by its descriptors. */
enum how {
	ITSELF,			/* opens all of them */
	CHANGES,		/* opens pagemap as @opener, is @asker from then on */
	GETS_PAGEMAP,		/* @asker is sent what @opener has opened */
	GETS_TARGET,		/* the same, OPEN done, smaps too */
};

struct result {
	int err;		/* of opening pagemap, or of OPEN, or of all queries */
	struct procview_found found;
	char why[300];		/* what is wrong, or "" */
};

#define MAX_ROWS	40

/* What the tests, each a process of its own, leave for the last one. */
static struct {
	int nr_rows;
	struct {
		char name[48];
		char cells[KINDS][16];
	} rows[MAX_ROWS];
	struct result result;
} *shared;

/* Pages at the same addresses in all processes: written, zero, untouched, a file's. */
#define AREA_PAGES	8
static char *area;
static char dir[] = "/tmp/vmlab-access.XXXXXX";
static char setuid_program[64], own_proc[64];
static mode_t node_mode;

static void make_area(void *arg)
{
	(void)arg;
	fixture_write(area, 4 * PAGE);
	fixture_read(area + 4 * PAGE, PAGE);
	fixture_write(area + 6 * PAGE, 2 * PAGE);
}

static void be_dumpable_user(void *uid)
{
	const struct who who = { .uid = *(const uid_t *)uid };

	make_area(NULL);
	if (!caller_become(&who, NULL))
		_exit(1);
}

static void be_undumpable_user(void *uid)
{
	be_dumpable_user(uid);
	prctl(PR_SET_DUMPABLE, 0);
}

static int said[2];	/* where the set-user-ID program says its line, or -1 */

static void exec_setuid(void *arg)
{
	(void)arg;
	dup2(said[1] < 0 ? open("/dev/null", O_WRONLY) : said[1], 1);
	execl(setuid_program, setuid_program, NULL);
	_exit(127);
}

static void end(void *arg)
{
	(void)arg;
	_exit(0);
}

static pid_t kernel_thread(void)
{
	char path[64], exe[64];
	pid_t pid;

	for (pid = 2; pid < 100; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
		if (victim_state(pid) && readlink(path, exe, sizeof(exe)) < 0 && errno == ENOENT)
			return pid;
	}
	return -1;
}

/* A set-user-ID program that an ordinary user has started, and that waits. */
static int start_setuid(struct victim *v)
{
	char byte = '\0';

	if (pipe2(said, O_CLOEXEC) || victim_fork(v, be_dumpable_user, &(uid_t){ USER }))
		return -1;
	close(said[1]);
	victim_poke(v);
	while (byte != '\n')
		if (read(said[0], &byte, 1) != 1)
			return -1;
	close(said[0]);
	return 0;
}

static int start(enum kind kind, struct victim *v)
{
	*v = (struct victim) { .pid = -1, .in = -1, .out = -1 };
	victim_then(kind == EXITS ? end : exec_setuid, NULL);
	said[1] = -1;
	switch (kind) {
	case OWN:
		return 0;
	case SAME_USER:
	case EXECS:
	case EXITS:
		return victim_fork(v, be_dumpable_user, &(uid_t){ USER });
	case OTHER_USER:
		return victim_fork(v, be_dumpable_user, &(uid_t){ OTHER });
	case ROOTS:
		return victim_fork(v, make_area, NULL);
	case NON_DUMPABLE:
		return victim_fork(v, be_undumpable_user, &(uid_t){ USER });
	case SETUID:
		return start_setuid(v);
	case KERNEL_THREAD:
		v->pid = kernel_thread();
		return v->pid < 0;
	default:
		return -1;
	}
}

static void stop(enum kind kind, struct victim *v)
{
	if (kind != OWN && kind != KERNEL_THREAD)
		victim_kill(v);
}

/* One file of the target's folder, read-only, as seen from @proc. */
static int open_of(const char *proc, pid_t pid, const char *name)
{
	char path[128];
	int fd;

	if (pid > 0)
		snprintf(path, sizeof(path), "%s/%d/%s", proc, (int)pid, name);
	else
		snprintf(path, sizeof(path), "%s/self/%s", proc, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void wrong(struct result *r, const char *what)
{
	if (!*r->why)
		snprintf(r->why, sizeof(r->why), "%s", what);
}

/* INFO is the same for everyone who could open the node. */
static void ask_info(int node, struct result *r)
{
	static struct vmlab_info first;
	struct vmlab_info info = { .size = sizeof(info) };

	if (ask(node, VMLAB_INFO, &info))
		wrong(r, "INFO fails");
	if (!first.size)
		first = info;
	else if (memcmp(&first, &info, sizeof(info)))
		wrong(r, "INFO is not the same for all");
}

/* Its program is another now, or gone: nothing is told, of neither. */
static void ask_after_the_end(enum kind kind, int node, int pagemap, int target,
			      struct victim *v, struct result *r)
{
	const uint64_t at = (uintptr_t)area;
	uint64_t word;

	if (procview_all_queries(target, at, at + PAGE))
		wrong(r, "a living target does not answer");
	/* Its pipes end with it, or with its program. */
	victim_poke(v);
	r->err = -procview_all_queries(target, at, at + PAGE);
	if (r->err != ESRCH)
		wrong(r, kind == EXECS ? "a target answers after exec" : "a target answers after exit");
	if (ask_open(node, pagemap) != -ESRCH)
		wrong(r, "OPEN takes what is gone");
	if (pread(pagemap, &word, 8, (off_t)(at / PAGE * 8)))
		wrong(r, "pagemap itself still answers");
}

/* Where the caller finds /proc, once it is who it is; and who is its own: not itself, or 0. */
static const char *callers_proc = "/proc";
static pid_t own_pid;

/* THREAD is for those whom the kernel lets open mem, and the root of its tables is a frame. */
static void ask_thread(pid_t pid, int pagemap, int target, struct result *r)
{
	struct vmlab_thread thread = {
		.size = sizeof(thread), .fd = pagemap, .tid = pid > 0 ? pid : getpid(),
	};
	int mem, ret;

	if (ask(target, VMLAB_THREAD, &thread) != -EINVAL || thread.out_known)
		wrong(r, "THREAD takes a pagemap for mem");
	mem = open_of(callers_proc, pid, "mem");
	if (mem < 0)
		return;
	thread.fd = mem;
	ret = ask(target, VMLAB_THREAD, &thread);
	if (ret)
		wrong(r, "THREAD refuses who may open mem");
	else if (!(thread.out_known & VMLAB_THREAD_ROOT) == r->found.frames)
		wrong(r, "THREAD tells the root by other rules than frames");
	close(mem);
}

/* Everything there is to ask, with what the caller holds. smaps is closed. */
static void examine(enum kind kind, int node, int pagemap, int smaps, int target,
		    struct victim *v, struct result *r)
{
	struct procview view = {
		.pagemap = pagemap, .smaps = smaps, .all = kind != OWN,
		.start = (uintptr_t)area, .end = (uintptr_t)area + AREA_PAGES * PAGE,
	};
	const char *why;

	if (target < 0) {
		uint64_t word;

		r->err = -target;
		/* The only reason to refuse a pagemap: there is nothing behind it. */
		if (r->err != ESRCH || pread(pagemap, &word, 8, 0))
			wrong(r, "OPEN refuses a pagemap that answers");
		return;
	}
	if (kind == EXECS || kind == EXITS) {
		ask_after_the_end(kind, node, pagemap, target, v, r);
		return;
	}
	if (procview_all_queries(target, view.start, view.end))
		wrong(r, "a query fails");
	why = procview_differs(&view, target, &r->found);
	if (why)
		wrong(r, why);
	ask_thread(v->pid > 0 ? v->pid : own_pid, pagemap, target, r);
}

/* As the opener: { pagemap, smaps, target }, or the errno of pagemap or of OPEN. */
static int open_as(const struct who *who, pid_t pid, int node, int fds[3])
{
	const char *proc = caller_become(who, own_proc);

	if (!proc)
		return -ECHILD;
	callers_proc = proc;
	if (pid < 0)
		make_area(NULL);
	fds[0] = open_of(proc, pid, "pagemap");
	if (fds[0] < 0)
		return fds[0];
	fds[1] = open_of(proc, pid, "smaps");
	fds[2] = ask_open(node, fds[0]);
	return fds[2] < 0 ? fds[2] : 0;
}

/*
 * Somebody else opens, and lives on while @asker looks: what is sent is pagemap, or
 * pagemap, smaps and target.
 */
static void ask_with_gifts(const struct who *opener, const struct who *asker, enum how how,
			   enum kind kind, int node, struct victim *v, struct result *r)
{
	const int nr = how == GETS_TARGET ? 3 : 1;
	int fds[3] = { -1, -1, -1 }, pair[2], ret;
	const char *proc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		wrong(r, "no sockets");
		return;
	}
	pid = fork();
	if (!pid) {
		char byte;

		close(pair[0]);
		ret = open_as(opener, v->pid, node, fds);
		/* A pagemap that is refused can be sent on, a target that is none not. */
		if (ret && (fds[0] < 0 || how == GETS_TARGET)) {
			r->err = -ret;
			_exit(0);
		}
		if (caller_send(pair[1], fds, nr))
			_exit(1);
		(void)!read(pair[1], &byte, 1);
		_exit(0);
	}
	close(pair[1]);
	ret = caller_receive(pair[0], fds, nr);
	if (ret) {
		waitpid(pid, NULL, 0);
		if (!r->err)
			wrong(r, "nothing was sent");
		return;
	}
	proc = caller_become(asker, own_proc);
	callers_proc = proc;
	own_pid = pid;
	if (!proc) {
		wrong(r, "the caller cannot be made");
	} else if (how == GETS_TARGET) {
		examine(kind, node, fds[0], fds[1], fds[2], v, r);
	} else {
		int smaps = open_of(proc, v->pid > 0 ? v->pid : pid, "smaps");

		examine(kind, node, fds[0], smaps, ask_open(node, fds[0]), v, r);
	}
	close(pair[0]);
	waitpid(pid, NULL, 0);
}

/* In a process of its own, which is root and may become anybody. */
static void ask_as(const struct who *opener, const struct who *asker, enum how how,
		   enum kind kind, struct victim *v, struct result *r)
{
	int node, fds[3] = { -1, -1, -1 }, ret;
	const char *proc;

	/* A caller that gets descriptors may get this one too. */
	node = open(NODE, O_RDWR | O_CLOEXEC);
	if (node < 0) {
		wrong(r, "the node cannot be opened");
		return;
	}
	ask_info(node, r);
	if (how == GETS_PAGEMAP || how == GETS_TARGET) {
		ask_with_gifts(opener, asker, how, kind, node, v, r);
		return;
	}
	ret = open_as(how == CHANGES ? opener : asker, v->pid, node, fds);
	if (ret == -ECHILD) {
		wrong(r, "the caller cannot be made");
		return;
	}
	if (ret && fds[0] < 0) {
		r->err = -ret;
		return;
	}
	if (how == CHANGES) {
		close(fds[1]);
		if (fds[2] >= 0)
			close(fds[2]);
		proc = caller_become(asker, own_proc);
		if (!proc) {
			wrong(r, "the caller cannot be made");
			return;
		}
		callers_proc = proc;
		fds[1] = open_of(proc, v->pid, "smaps");
		fds[2] = ask_open(node, fds[0]);
	} else {
		close(node);
		node = open(NODE, O_RDWR | O_CLOEXEC);
		if (node < 0) {
			wrong(r, "the caller cannot open the node");
			return;
		}
		ask_info(node, r);
	}
	examine(kind, node, fds[0], fds[1], fds[2], v, r);
}

/* What @asker gets from a target of this kind, in words of the table. */
static void measure(const struct who *opener, const struct who *asker, enum how how,
		    enum kind kind, char cell[16], struct result *r)
{
	struct victim v;
	int status;
	pid_t pid;

	memset(r, 0, sizeof(*r));
	snprintf(cell, 16, "?");
	if (start(kind, &v)) {
		wrong(r, "the target cannot be made");
		return;
	}
	pid = fork();
	if (!pid) {
		alarm(100);
		ask_as(opener, asker, how, kind, &v, r);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		wrong(r, "the caller came to a bad end");
	stop(kind, &v);
	if (r->err)
		snprintf(cell, 16, "%s", strerrorname_np(r->err));
	else
		snprintf(cell, 16, "%s%s", r->found.frames ? "frames" : "hidden",
			 r->found.no_vmas ? "*" : "");
}

/* Made once, before any test; gone when the last one has ended. */
static pid_t maker;

static __attribute__((constructor)) void make_ground(void)
{
	char exe[4096], command[8400];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *last;
	int fd;

	maker = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	area = mmap(NULL, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = fixture_memfd(2 * PAGE, 7);
	if (len <= 0 || geteuid() || shared == MAP_FAILED || area == MAP_FAILED ||
	    mmap(area + 6 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0) == MAP_FAILED || !mkdtemp(dir) || chmod(dir, 0755))
		exit(4);
	close(fd);
	exe[len] = '\0';
	last = strrchr(exe, '/');
	*last = '\0';
	snprintf(setuid_program, sizeof(setuid_program), "%s/waiter", dir);
	snprintf(own_proc, sizeof(own_proc), "%s/proc", dir);
	snprintf(command, sizeof(command), "cp '%s/waiter' %s", exe, setuid_program);
	if (mkdir(own_proc, 0755) || system(command) || chmod(setuid_program, 04755))
		exit(4);
}

static __attribute__((destructor)) void remove_ground(void)
{
	if (getpid() != maker)
		return;
	unlink(setuid_program);
	rmdir(own_proc);
	rmdir(dir);
}

/* The node is for everybody while a test runs: what udev could make of it. */
static int open_to_all(void)
{
	struct stat st;

	if (stat(NODE, &st))
		return -errno;
	node_mode = st.st_mode & 07777;
	return chmod(NODE, 0666) ? -errno : 0;
}

static void close_again(void)
{
	chmod(NODE, node_mode);
}

FIXTURE(caller)
{
	int row;
};

FIXTURE_VARIANT(caller)
{
	const char *name;
	enum how how;
	struct who opener;
	struct who asker;
};

FIXTURE_SETUP(caller)
{
	ASSERT_EQ(0, open_to_all()) TH_LOG("is the module loaded?");
	ASSERT_GT(MAX_ROWS, shared->nr_rows);
	self->row = shared->nr_rows++;
	snprintf(shared->rows[self->row].name, sizeof(shared->rows[0].name), "%s", variant->name);
}

FIXTURE_TEARDOWN(caller)
{
	close_again();
}

FIXTURE_VARIANT_ADD(caller, root)
{
	.name = "root",
	.asker = { .caps = CALLER_ALL_CAPS },
};

FIXTURE_VARIANT_ADD(caller, root_without_caps)
{
	.name = "root without capabilities",
	.asker = { .uid = 0 },
};

FIXTURE_VARIANT_ADD(caller, user)
{
	.name = "user",
	.asker = { .uid = USER },
};

FIXTURE_VARIANT_ADD(caller, user_with_sys_admin)
{
	.name = "user with CAP_SYS_ADMIN",
	.asker = { .uid = USER, .caps = CALLER_CAP(SYS_ADMIN) },
};

FIXTURE_VARIANT_ADD(caller, user_with_sys_ptrace)
{
	.name = "user with CAP_SYS_PTRACE",
	.asker = { .uid = USER, .caps = CALLER_CAP(SYS_PTRACE) },
};

FIXTURE_VARIANT_ADD(caller, user_with_dac_override)
{
	.name = "user with CAP_DAC_OVERRIDE",
	.asker = { .uid = USER, .caps = CALLER_CAP(DAC_OVERRIDE) },
};

FIXTURE_VARIANT_ADD(caller, user_with_dac_read_search)
{
	.name = "user with CAP_DAC_READ_SEARCH",
	.asker = { .uid = USER, .caps = CALLER_CAP(DAC_READ_SEARCH) },
};

FIXTURE_VARIANT_ADD(caller, user_with_sys_rawio)
{
	.name = "user with CAP_SYS_RAWIO",
	.asker = { .uid = USER, .caps = CALLER_CAP(SYS_RAWIO) },
};

FIXTURE_VARIANT_ADD(caller, user_with_perfmon)
{
	.name = "user with CAP_PERFMON",
	.asker = { .uid = USER, .caps = CALLER_CAP(PERFMON) },
};

FIXTURE_VARIANT_ADD(caller, user_with_checkpoint_restore)
{
	.name = "user with CAP_CHECKPOINT_RESTORE",
	.asker = { .uid = USER, .caps = CALLER_CAP(CHECKPOINT_RESTORE) },
};

FIXTURE_VARIANT_ADD(caller, user_with_sys_resource)
{
	.name = "user with CAP_SYS_RESOURCE",
	.asker = { .uid = USER, .caps = CALLER_CAP(SYS_RESOURCE) },
};

FIXTURE_VARIANT_ADD(caller, user_with_two)
{
	.name = "user, PTRACE + DAC_READ_SEARCH",
	.asker = {
		.uid = USER,
		.caps = CALLER_CAP(SYS_PTRACE) | CALLER_CAP(DAC_READ_SEARCH),
	},
};

FIXTURE_VARIANT_ADD(caller, user_with_three)
{
	.name = "user, these + SYS_ADMIN",
	.asker = {
		.uid = USER,
		.caps = CALLER_CAP(SYS_PTRACE) | CALLER_CAP(DAC_READ_SEARCH) |
			CALLER_CAP(SYS_ADMIN),
	},
};

FIXTURE_VARIANT_ADD(caller, users_container)
{
	.name = "user as root of a user namespace",
	.asker = { .uid = USER, .where = CALLER_USER_NS },
};

FIXTURE_VARIANT_ADD(caller, users_container_with_proc)
{
	.name = "user so, with own pids and /proc",
	.asker = { .uid = USER, .where = CALLER_USER_NS | CALLER_PID_NS },
};

FIXTURE_VARIANT_ADD(caller, roots_container)
{
	.name = "root in a user namespace",
	.asker = { .caps = CALLER_ALL_CAPS, .where = CALLER_USER_NS },
};

FIXTURE_VARIANT_ADD(caller, roots_container_with_proc)
{
	.name = "root so, with own pids and /proc",
	.asker = {
		.caps = CALLER_ALL_CAPS,
		.where = CALLER_USER_NS | CALLER_PID_NS,
	},
};

FIXTURE_VARIANT_ADD(caller, user_under_hidepid)
{
	.name = "user, hidepid=2",
	.asker = { .uid = USER, .where = CALLER_HIDEPID },
};

FIXTURE_VARIANT_ADD(caller, root_under_hidepid)
{
	.name = "root, hidepid=2",
	.asker = { .caps = CALLER_ALL_CAPS, .where = CALLER_HIDEPID },
};

FIXTURE_VARIANT_ADD(caller, drops_privilege)
{
	.name = "user, opened as root",
	.how = CHANGES,
	.opener = { .caps = CALLER_ALL_CAPS },
	.asker = { .uid = USER },
};

FIXTURE_VARIANT_ADD(caller, gains_privilege)
{
	.name = "root, opened as user",
	.how = CHANGES,
	.opener = { .uid = USER, .where = CALLER_FOR_NOW },
	.asker = { .caps = CALLER_ALL_CAPS },
};

FIXTURE_VARIANT_ADD(caller, user_gets_pagemap)
{
	.name = "user, pagemap sent by root",
	.how = GETS_PAGEMAP,
	.opener = { .caps = CALLER_ALL_CAPS },
	.asker = { .uid = USER },
};

FIXTURE_VARIANT_ADD(caller, root_gets_pagemap)
{
	.name = "root, pagemap sent by user",
	.how = GETS_PAGEMAP,
	.opener = { .uid = USER },
	.asker = { .caps = CALLER_ALL_CAPS },
};

FIXTURE_VARIANT_ADD(caller, user_gets_target)
{
	.name = "user, target sent by root",
	.how = GETS_TARGET,
	.opener = { .caps = CALLER_ALL_CAPS },
	.asker = { .uid = USER },
};

FIXTURE_VARIANT_ADD(caller, root_gets_target)
{
	.name = "root, target sent by user",
	.how = GETS_TARGET,
	.opener = { .uid = USER },
	.asker = { .caps = CALLER_ALL_CAPS },
};

TEST_F_TIMEOUT(caller, sees_no_more_than_proc_shows_and_frames_where_pagemap_has_them, 250)
{
	struct result *r = &shared->result;
	enum kind kind;

	for (kind = OWN; kind < KINDS; kind++) {
		measure(&variant->opener, &variant->asker, variant->how, kind,
			shared->rows[self->row].cells[kind], r);
		EXPECT_STREQ("", r->why) TH_LOG("%s, %s", variant->name, kind_names[kind]);
	}
}

static const struct who root = { .caps = CALLER_ALL_CAPS }, user = { .uid = USER };

TEST(a_node_for_root_is_closed_to_a_user_but_not_to_one_who_is_given_it)
{
	struct stat st;
	int node, pagemap, target;

	ASSERT_EQ(0, stat(NODE, &st));
	ASSERT_EQ(0600, st.st_mode & 07777);
	node = open(NODE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, node);
	ASSERT_NE(NULL, caller_become(&user, NULL));
	EXPECT_EQ(-1, open(NODE, O_RDWR));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, open(NODE, O_RDONLY));
	EXPECT_EQ(EACCES, errno);
	/* The descriptor is the permission, and it gives no other. */
	pagemap = ask_pagemap(0);
	ASSERT_LE(0, pagemap);
	target = ask_open(node, pagemap);
	ASSERT_LE(0, target);
	EXPECT_EQ(0, procview_all_queries(target, (uintptr_t)area, (uintptr_t)area + PAGE));
	EXPECT_EQ(-EACCES, ask_pagemap(1));
}

/* As in the table, but for what is the same for all callers. */
FIXTURE(open_node)
{
	int unused;
};

FIXTURE_SETUP(open_node)
{
	ASSERT_EQ(0, open_to_all()) TH_LOG("is the module loaded?");
}

FIXTURE_TEARDOWN(open_node)
{
	close_again();
}

/* Scopes 1 to 3 are about attaching; what pagemap needs is not. */
TEST_F_TIMEOUT(open_node, is_neither_narrowed_nor_widened_by_yama, 120)
{
	static const enum kind kinds[] = { OWN, SAME_USER, OTHER_USER, NON_DUMPABLE };
	const long before = counter_named(YAMA, "");
	struct result *r = &shared->result;
	const bool no_way_back = before == 3;
	const char *expected;
	char cell[16], scope[2] = { no_way_back ? '3' : '0' };
	size_t i;

	if (before < 0)
		SKIP(return, "this kernel has no Yama");
	for (; scope[0] <= (no_way_back ? '3' : '2'); scope[0]++) {
		EXPECT_EQ(0, counter_write(YAMA, scope));
		ASSERT_EQ(scope[0] - '0', counter_named(YAMA, ""));
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			measure(&user, &user, ITSELF, kinds[i], cell, r);
			EXPECT_STREQ("", r->why);
			expected = i < 2 ? "hidden" : "EACCES";
			EXPECT_STREQ(expected, cell) TH_LOG("scope %s", scope);
		}
	}
	scope[0] = (char)('0' + before);
	EXPECT_EQ(0, counter_write(YAMA, scope));
}

/* How far the kernel is locked down, as it says: "[none] integrity confidentiality". */
static bool locked_down(void)
{
	char line[128] = "";
	int fd = open(LOCKDOWN, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!read(fd, line, sizeof(line) - 1);
	close(fd);
	return strstr(line, "[confidentiality]");
}

static int frames_by_number(void)
{
	struct vmlab_frame frame;
	struct vmlab_frames frames = ask_frame_list(1000, 1001, &frame, 1);
	int fd = open(NODE, O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = ask(fd, VMLAB_FRAMES, &frames);
	close(fd);
	return ret;
}

TEST_F(open_node, shows_under_lockdown_what_pagemap_shows)
{
	struct result *r = &shared->result;
	char cell[16];
	int kcore;

	kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (locked_down()) {
		/* Not every kernel has it. */
		EXPECT_EQ(-1, kcore);
		EXPECT_TRUE(errno == EPERM || errno == ENOENT);
	} else {
		EXPECT_TRUE(kcore >= 0 || errno == ENOENT);
	}
	printf("# the kernel is %slocked down\n", locked_down() ? "" : "not ");
	/* Frames by number are another matter: no pagemap stands behind them. */
	EXPECT_EQ(locked_down() ? -EPERM : 0, frames_by_number());
	measure(&root, &root, ITSELF, ROOTS, cell, r);
	EXPECT_STREQ("", r->why);
	EXPECT_STREQ("frames", cell);
}

/* All queries about the kernel half through @node: their one errno, 0, or 1: they differ. */
static int ask_kernel(int node)
{
	const uint64_t last = VMLAB_KERNEL_END(12);
	struct vmlab_walk walk = { .size = sizeof(walk), .va = last };
	struct vmlab_kregions regions = { .size = sizeof(regions) };
	struct vmlab_run run;
	struct vmlab_scan scan = ask_scan(last - PAGE, last, &run, 1);
	struct vmlab_cpu cpu = { 0 };
	struct vmlab_cpus cpus = ask_cpus(&cpu, 1);
	int ret = ask(node, VMLAB_KWALK, &walk);

	if (ret != ask(node, VMLAB_KSCAN, &scan) || ret != ask(node, VMLAB_KREGIONS, &regions) ||
	    ret != ask(node, VMLAB_CPUS, &cpus))
		return 1;
	/* A refusal tells nothing, not even by what it leaves. */
	if (ret && (walk.out_nr_levels || scan.out_nr || regions.out_nr || cpus.out_nr ||
		    cpu.regs[0]))
		return 1;
	return ret;
}

/* @opener opens the node, and asks, or has become @asker. -errno as a status. */
static int kernel_status(const struct who *opener, const struct who *asker)
{
	struct who first = *opener;
	pid_t pid = fork();
	int status, node;

	if (!pid) {
		if (asker && first.uid)
			first.where |= CALLER_FOR_NOW;
		if (!caller_become(&first, own_proc))
			_exit(200);
		node = open(NODE, O_RDWR | O_CLOEXEC);
		if (node < 0 || (asker && !caller_become(asker, own_proc)))
			_exit(201);
		status = ask_kernel(node);
		_exit(status > 0 ? 202 : -status);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(open_node, shows_the_kernel_half_to_whoever_opened_it_with_CAP_SYS_ADMIN_alone)
{
	/* What kcore, too, shows to nobody. */
	const int yes = locked_down() ? EPERM : 0;
	const struct {
		struct who opener, asker;
		bool changes;
		int status;
	} callers[] = {
		{ .opener = root, .status = yes },
		{ .opener = user, .status = EPERM },
		{ .opener = { .uid = USER, .caps = CALLER_CAP(SYS_ADMIN) }, .status = yes },
		{ .opener = { .caps = CALLER_ALL_CAPS & ~CALLER_CAP(SYS_ADMIN) },
		  .status = EPERM },
		{ .opener = { .caps = 0 }, .status = EPERM },
		{ .opener = { .uid = USER, .caps = CALLER_CAP(SYS_PTRACE) }, .status = EPERM },
		{ .opener = { .uid = USER, .caps = CALLER_CAP(SYS_RAWIO) }, .status = EPERM },
		{ .opener = { .uid = USER, .where = CALLER_USER_NS }, .status = EPERM },
		{ .opener = { .caps = CALLER_ALL_CAPS, .where = CALLER_USER_NS },
		  .status = EPERM },
		/* The opener decides, whoever asks: a descriptor is worth no more elsewhere. */
		{ .opener = root, .asker = user, .changes = true, .status = yes },
		{ .opener = user, .asker = root, .changes = true, .status = EPERM },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		const struct who *asker = callers[i].changes ? &callers[i].asker : NULL;

		EXPECT_EQ(callers[i].status, kernel_status(&callers[i].opener, asker))
			TH_LOG("caller %zu", i);
	}
}

/* Of both roots (MM): slots of the user half, and of the kernel's; or how it was refused. */
static int ask_roots(int target, unsigned int *user_half, unsigned int *kernel_half)
{
	static struct vmlab_root_entry roots[VMLAB_ROOT_ENTRIES];
	struct vmlab_mm mm = {
		.size = sizeof(mm),
		.buf = (uintptr_t)roots,
		.nr_recs = VMLAB_ROOT_ENTRIES,
		.rec_size = sizeof(roots[0]),
	};
	int ret = ask(target, VMLAB_MM, &mm);
	unsigned int i;

	*user_half = *kernel_half = 0;
	for (i = 0; i < mm.out_nr; i++)
		*(roots[i].va >> 63 ? kernel_half : user_half) += 1;
	return ret;
}

/* Root's pagemap tells a user frames, and where the roots lie; where the kernel lies it does not. */
TEST_F(open_node, shows_the_kernel_half_of_the_roots_as_the_rest_of_it)
{
	unsigned int user_half, kernel_half;
	int node, pagemap, target;

	node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, node);
	pagemap = ask_pagemap(0);
	ASSERT_LE(0, pagemap);
	target = ask_open(node, pagemap);
	ASSERT_LE(0, target);
	ASSERT_EQ(0, ask_roots(target, &user_half, &kernel_half));
	EXPECT_EQ(mmu_second_root(), user_half > 0);
	EXPECT_EQ(mmu_second_root() && !locked_down(), kernel_half > 0);
	close(target);
	ASSERT_NE(NULL, caller_become(&(struct who){ .uid = USER, .where = CALLER_FOR_NOW }, NULL));
	target = ask_open(node, pagemap);
	ASSERT_LE(0, target);
	EXPECT_EQ(0, ask_roots(target, &user_half, &kernel_half));
	EXPECT_EQ(mmu_second_root(), user_half > 0);
	EXPECT_EQ(0, kernel_half);
	ASSERT_NE(NULL, caller_become(&root, NULL));
}

/*
 * The old program's descriptors are blind to the new one, even when the caller could
 * not open anything of that.
 */
TEST_F(open_node, shows_a_user_nothing_of_a_program_that_gained_privilege_by_exec)
{
	int node, pagemap, target;
	struct victim v;

	node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, node);
	ASSERT_EQ(0, start(EXECS, &v));
	ASSERT_NE(NULL, caller_become(&(struct who){ .uid = USER, .where = CALLER_FOR_NOW }, NULL));
	pagemap = ask_pagemap(v.pid);
	ASSERT_LE(0, pagemap);
	target = ask_open(node, pagemap);
	ASSERT_LE(0, target);
	EXPECT_EQ(0, procview_all_queries(target, 0, PAGE));
	victim_poke(&v);
	EXPECT_EQ(-ESRCH, procview_all_queries(target, 0, PAGE));
	EXPECT_EQ(-ESRCH, ask_open(node, pagemap));
	EXPECT_EQ(-EACCES, ask_pagemap(v.pid));
	ASSERT_NE(NULL, caller_become(&root, NULL));
	/* Root may, through a pagemap of the new program. */
	EXPECT_EQ(-ESRCH, procview_all_queries(target, 0, PAGE));
	target = ask_target(node, v.pid);
	EXPECT_LE(0, target);
	EXPECT_EQ(0, procview_all_queries(target, 0, PAGE));
	victim_kill(&v);
}

/* The last tests: what the others have measured. */

FIXTURE(table)
{
	char lines[MAX_ROWS + 4][200];
	int nr;
};

static void print_line(char *line, size_t size, const char *first, const char *const *cells)
{
	size_t at = (size_t)snprintf(line, size, "%-33s", first);
	int i;

	for (i = 0; i < KINDS; i++)
		at += (size_t)snprintf(line + at, size - at, "  %-7s", cells[i]);
	while (at && line[at - 1] == ' ')
		line[--at] = '\0';
}

FIXTURE_SETUP(table)
{
	static const char *const bars[KINDS] = {
		"=======", "=======", "=======", "=======", "=======", "=======", "=======",
		"=======", "=======",
	};
	const char *cells[KINDS];
	int i, k;

#define LINE(first, cells)							\
	print_line(self->lines[self->nr++], sizeof(self->lines[0]), first, cells)
	self->nr = 0;
	LINE("=================================", bars);
	LINE("caller", kind_names);
	LINE("=================================", bars);
	for (i = 0; i < shared->nr_rows; i++) {
		for (k = 0; k < KINDS; k++)
			cells[k] = shared->rows[i].cells[k];
		LINE(shared->rows[i].name, cells);
	}
	LINE("=================================", bars);
}

FIXTURE_TEARDOWN(table)
{
}

TEST_F(table, says_what_nobody_will_dispute)
{
	int i;

	for (i = 0; i < self->nr; i++)
		printf("# | %s\n", self->lines[i]);
	fflush(stdout);
	ASSERT_LT(20, shared->nr_rows);
	for (i = 0; i < shared->nr_rows; i++) {
		if (!strcmp(shared->rows[i].name, "root")) {
			EXPECT_STREQ("frames", shared->rows[i].cells[OWN]);
			EXPECT_STREQ("frames", shared->rows[i].cells[OTHER_USER]);
			EXPECT_STREQ("frames", shared->rows[i].cells[SETUID]);
			EXPECT_STREQ("ESRCH", shared->rows[i].cells[KERNEL_THREAD]);
		}
		if (!strcmp(shared->rows[i].name, "user")) {
			EXPECT_STREQ("hidden", shared->rows[i].cells[OWN]);
			EXPECT_STREQ("hidden", shared->rows[i].cells[SAME_USER]);
			EXPECT_STREQ("EACCES", shared->rows[i].cells[OTHER_USER]);
			EXPECT_STREQ("EACCES", shared->rows[i].cells[ROOTS]);
			EXPECT_STREQ("EACCES", shared->rows[i].cells[SETUID]);
			EXPECT_STREQ("EACCES", shared->rows[i].cells[NON_DUMPABLE]);
		}
	}
}

TEST_F(table, stands_in_the_documentation_as_it_was_measured)
{
	const char *cell = getenv("VMLAB_CELL");
	char path[4096], line[400];
	int i = 0;
	FILE *doc;

	if (!cell)
		SKIP(return, "VMLAB_CELL does not name a copy of the sources");
	snprintf(path, sizeof(path), "%s/Documentation/security.rst", cell);
	doc = fopen(path, "re");
	ASSERT_NE(NULL, doc) TH_LOG("%s", path);
	/* From its first line on, line by line. */
	while (i < self->nr && fgets(line, sizeof(line), doc)) {
		line[strcspn(line, "\n")] = '\0';
		if (!i && strcmp(line, self->lines[0]))
			continue;
		EXPECT_STREQ(self->lines[i], line);
		i++;
	}
	fclose(doc);
	EXPECT_EQ(self->nr, i) TH_LOG("the document's table is shorter, or missing");
}

TEST_HARNESS_MAIN
