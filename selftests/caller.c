// SPDX-License-Identifier: GPL-2.0-only
/*
 * caller.c - processes that are somebody else.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "counter.h"

#define MAX_FDS	4

static int set_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	return syscall(SYS_capset, &header, data);
}

static int set_ids(const struct who *who)
{
	const uid_t saved = who->where & CALLER_FOR_NOW ? 0 : who->uid;

	/* Back to root first, where the way back was kept. */
	if (geteuid() && (setresuid(0, 0, 0) || setresgid(0, 0, 0)))
		return -1;
	if (!who->uid)
		return who->caps == CALLER_ALL_CAPS ? 0 : set_caps(who->caps);
	if (who->caps && prctl(PR_SET_KEEPCAPS, 1))
		return -1;
	if (setgroups(0, NULL) || setresgid(who->uid, who->uid, saved) ||
	    setresuid(who->uid, who->uid, saved))
		return -1;
	return who->where & CALLER_FOR_NOW ? 0 : set_caps(who->caps);
}

/* The child goes on; the parent waits for it and ends as it does. */
static int go_on_as_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		return prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		_exit(1);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static int enter_user_ns(const struct who *who)
{
	const int pid_ns = who->where & CALLER_PID_NS ? CLONE_NEWPID : 0;
	char map[32];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | pid_ns))
		return -1;
	snprintf(map, sizeof(map), "0 %u 1", who->uid);
	if (counter_write("/proc/self/setgroups", "deny") ||
	    counter_write("/proc/self/uid_map", map) || counter_write("/proc/self/gid_map", map))
		return -1;
	return pid_ns ? go_on_as_child() : 0;
}

static int mount_proc(const char *dir, const char *options)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("proc", dir, "proc", 0, options);
}

const char *caller_become(const struct who *who, const char *dir)
{
	const char *proc = "/proc";

	if (who->where & CALLER_HIDEPID) {
		if (unshare(CLONE_NEWNS) || mount_proc(dir, "hidepid=2"))
			return NULL;
		proc = dir;
	}
	/* New credentials forget both. */
	if (set_ids(who) || prctl(PR_SET_DUMPABLE, 1) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		return NULL;
	if ((who->where & CALLER_USER_NS) && (enter_user_ns(who) || prctl(PR_SET_DUMPABLE, 1)))
		return NULL;
	if (who->where & CALLER_PID_NS) {
		if (mount_proc(dir, NULL))
			return NULL;
		proc = dir;
	}
	return proc;
}

int caller_send(int sock, const int *fds, int nr)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int) * MAX_FDS)] = "";
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = CMSG_SPACE(sizeof(int) * nr),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * nr);
	memcpy(CMSG_DATA(head), fds, sizeof(int) * nr);
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

int caller_receive(int sock, int *fds, int nr)
{
	char byte, room[CMSG_SPACE(sizeof(int) * MAX_FDS)] = "";
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *head;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -EPIPE;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_len != CMSG_LEN(sizeof(int) * nr))
		return -EBADMSG;
	memcpy(fds, CMSG_DATA(head), sizeof(int) * nr);
	return 0;
}
