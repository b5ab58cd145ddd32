// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * launch.c - a process of our own, stopped where there is something to see.
 *
 * The child is traced, so it cannot run away, and dies with us. Nothing is
 * written into its memory: a breakpoint in the text would break copy-on-write on
 * the very page one may want to look at, so a debug register does it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __aarch64__
#include <asm/ptrace.h>
#endif

#include "libvmlab.h"
#include "session.h"

static int wait_stopped(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSTOPPED(*status) ? 0 : -ESRCH;
}

#ifdef __x86_64__
/* Debug register 0 watches for execution at @va (SDM vol. 3B, 18.2.4). */
static int set_breakpoint(pid_t pid, uint64_t va)
{
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), va) ||
	    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), va ? 1 : 0))
		return -errno;
	return 0;
}
#elif defined(__aarch64__)
/* Breakpoint register 0 (Arm ARM, DBGBCR<n>_EL1): all 4 bytes at @va, from EL0, enabled. */
static int set_breakpoint(pid_t pid, uint64_t va)
{
	struct user_hwdebug_state state = { 0 };
	struct iovec io = {
		.iov_base = &state,
		.iov_len = offsetof(struct user_hwdebug_state, dbg_regs[1]),
	};

	state.dbg_regs[0].addr = va;
	state.dbg_regs[0].ctrl = va ? 0xf << 5 | 2 << 1 | 1 : 0;
	return ptrace(PTRACE_SETREGSET, pid, NT_ARM_HW_BREAK, &io) ? -errno : 0;
}
#else
static int set_breakpoint(pid_t pid, uint64_t va)
{
	(void)pid;
	(void)va;
	return -EOPNOTSUPP;
}
#endif

/* AT_ENTRY: the program's own entry, not the loader's. 0 if there is none. */
static uint64_t entry_of(struct vmlab_source *source, pid_t pid)
{
	char path[64], *text;
	uint64_t entry = 0;
	Elf64_auxv_t aux;
	ssize_t len, at;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	len = vmlab_source_text(source, path, &text);
	if (len < 0)
		return 0;
	for (at = 0; at + (ssize_t)sizeof(aux) <= len; at += sizeof(aux)) {
		memcpy(&aux, text + at, sizeof(aux));
		if (aux.a_type == AT_ENTRY)
			entry = aux.a_un.a_val;
	}
	free(text);
	return entry;
}

/* Lets the child run up to its entry. Signals on the way are its own. */
static int run_to(pid_t pid, uint64_t va)
{
	int status, sig = 0, ret;

	if (!va || set_breakpoint(pid, va))
		return 0;
	do {
		if (ptrace(PTRACE_CONT, pid, 0, sig))
			return -errno;
		ret = wait_stopped(pid, &status);
		if (ret)
			return ret;
		sig = WSTOPSIG(status);
	} while (sig != SIGTRAP);
	set_breakpoint(pid, 0);
	return 0;
}

/* What a recording knows of the child: which it was. */
static int recall_child(struct vmlab_session *session, struct vmlab_child *child)
{
	int64_t pid;
	int ret = vmlab_source_number(session->source, "child", &pid);

	if (ret)
		return ret;
	if (pid <= 0 || pid > INT32_MAX)
		return -EBADMSG;
	child->pid = pid;
	child->replayed = true;
	return 0;
}

int vmlab_child_start(struct vmlab_session *session, struct vmlab_child *child,
		      char *const argv[])
{
	int failed[2], status, err = 0, ret;
	int64_t number;
	pid_t pid;

	memset(child, 0, sizeof(*child));
	if (vmlab_source_is_replay(session->source))
		return recall_child(session, child);
	if (pipe2(failed, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(failed[0]);
		close(failed[1]);
		return ret;
	}
	if (!pid) {
		if (!ptrace(PTRACE_TRACEME, 0, 0, 0))
			execvp(argv[0], argv);
		err = errno;
		if (write(failed[1], &err, sizeof(err)) < 0)
			_exit(126);
		_exit(127);
	}
	close(failed[1]);
	ret = wait_stopped(pid, &status);
	/* Nothing to read: the pipe was closed by exec. */
	if (read(failed[0], &err, sizeof(err)) == sizeof(err))
		ret = -err;
	close(failed[0]);
	if (ret) {
		waitpid(pid, &status, 0);
		return ret;
	}
	child->pid = pid;
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	ret = run_to(pid, entry_of(session->source, pid));
	number = pid;
	if (!ret)
		ret = vmlab_source_number(session->source, "child", &number);
	if (ret)
		vmlab_child_kill(child);
	return ret;
}

/* 0 stopped again, 1 ended, or -errno. */
static int run_for(struct vmlab_child *child, unsigned int ms)
{
	const struct timespec tick = { .tv_nsec = 5 * 1000 * 1000 };
	bool asked = false;
	int status, sig = 0;

	for (;;) {
		pid_t got;

		if (ptrace(PTRACE_CONT, child->pid, 0, sig))
			return -errno;
		for (;;) {
			got = waitpid(child->pid, &status, asked ? 0 : WNOHANG);
			if (got < 0 && errno != EINTR)
				return -errno;
			if (got > 0)
				break;
			if (ms < 5 && !asked) {
				asked = true;
				kill(child->pid, SIGSTOP);
				continue;
			}
			ms -= 5;
			nanosleep(&tick, NULL);
		}
		if (!WIFSTOPPED(status)) {
			child->pid = 0;
			return 1;
		}
		sig = WSTOPSIG(status);
		/* Our own SIGSTOP: it stays in this stop, before delivery. */
		if (asked && sig == SIGSTOP)
			return 0;
	}
}

int vmlab_child_run(struct vmlab_session *session, struct vmlab_child *child,
		    unsigned int ms)
{
	int64_t result = 0;
	int ret;

	if (!child->replayed)
		result = run_for(child, ms);
	ret = vmlab_source_number(session->source, "run", &result);
	return ret ? ret : result;
}

/* In the child: waits for a byte, then becomes the command, or says why it cannot. */
static void wait_and_exec(int gate, int failed, char *const argv[])
{
	char go;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(gate, &go, sizeof(go)) != sizeof(go))
		_exit(126);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(argv[0], argv);
	err = errno;
	_exit(write(failed, &err, sizeof(err)) == sizeof(err) ? 127 : 126);
}

int vmlab_child_hold(struct vmlab_session *session, struct vmlab_child *child,
		     char *const argv[])
{
	int gate[2], failed[2], ret;
	int64_t number;
	pid_t pid;

	memset(child, 0, sizeof(*child));
	if (vmlab_source_is_replay(session->source))
		return recall_child(session, child);
	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		ret = -errno;
		goto close_gate;
	}
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		goto close_failed;
	}
	if (!pid) {
		/* Or it would not see that the other end is gone. */
		close(gate[1]);
		wait_and_exec(gate[0], failed[1], argv);
	}
	close(gate[0]);
	close(failed[1]);
	child->pid = pid;
	child->gate = gate[1];
	child->failed = failed[0];
	number = pid;
	ret = vmlab_source_number(session->source, "child", &number);
	if (ret)
		vmlab_child_kill(child);
	return ret;

close_failed:
	close(failed[0]);
	close(failed[1]);
close_gate:
	close(gate[0]);
	close(gate[1]);
	return ret;
}

int vmlab_child_release(struct vmlab_session *session, struct vmlab_child *child)
{
	int64_t result = 0;
	int err = 0, ret;

	if (!child->replayed) {
		if (write(child->gate, "", 1) != 1)
			return -errno;
		/* Nothing to read: the pipe was closed by exec. */
		if (read(child->failed, &err, sizeof(err)) == sizeof(err))
			result = -err;
	}
	ret = vmlab_source_number(session->source, "exec", &result);
	if (!ret && (result > 0 || result < -4095))
		ret = -EBADMSG;
	return ret ? ret : (int)result;
}

void vmlab_child_kill(struct vmlab_child *child)
{
	int status;

	if (!child->pid || child->replayed)
		return;
	/* 0 is none of ours: a child that was not held has no pipes. */
	if (child->gate)
		close(child->gate);
	if (child->failed)
		close(child->failed);
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}
