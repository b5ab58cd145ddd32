// SPDX-License-Identifier: GPL-2.0-only
/*
 * victim.c - processes in known states.
 *
 * Who waits for whom is always a pipe: a byte says that a step is done. States
 * are read from /proc, never guessed after a sleep.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

static struct {
	void (*work)(void *arg);
	void *arg;
} then;

void victim_then(void (*next)(void *), void *arg)
{
	then.work = next;
	then.arg = arg;
}

static void read_byte(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(0);
}

static void say_done(int fd)
{
	if (write(fd, "\n", 1) != 1)
		_exit(1);
}

static int wait_done(const struct victim *v)
{
	char byte;

	do {
		if (read(v->out, &byte, 1) != 1)
			return -EPIPE;
	} while (byte != '\n');
	return 0;
}

/* Both ends of two pipes: ours and the child's. */
static int pipes(struct victim *v, int *childs_in, int *childs_out)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return -EMFILE;
	}
	*childs_in = to[0];
	v->in = to[1];
	v->out = from[0];
	*childs_out = from[1];
	return 0;
}

int victim_fork(struct victim *v, void (*work)(void *), void *arg)
{
	int in, out, ret = pipes(v, &in, &out);

	if (ret)
		return ret;
	v->pid = fork();
	if (v->pid < 0)
		return -errno;
	if (!v->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(v->in);
		close(v->out);
		if (work)
			work(arg);
		say_done(out);
		read_byte(in);
		if (then.work)
			then.work(then.arg);
		say_done(out);
		read_byte(in);
		_exit(0);
	}
	close(in);
	close(out);
	ret = wait_done(v);
	if (ret)
		victim_kill(v);
	return ret;
}

int victim_exec(struct victim *v, char *const argv[])
{
	int in, out, ret = pipes(v, &in, &out);

	if (ret)
		return ret;
	v->pid = fork();
	if (v->pid < 0)
		return -errno;
	if (!v->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in, 0);
		dup2(out, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(in);
	close(out);
	if (wait_done(v)) {
		victim_kill(v);
		return -ENOENT;
	}
	return 0;
}

int victim_poke(struct victim *v)
{
	return write(v->in, "\n", 1) == 1 ? wait_done(v) : -EPIPE;
}

char victim_state(pid_t pid)
{
	char path[64], line[512], *at, state = '\0';
	ssize_t nr;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '\0';
	nr = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (nr <= 0)
		return '\0';
	line[nr] = '\0';
	at = strrchr(line, ')');
	if (at && at[1] == ' ')
		state = at[2];
	return state;
}

/* They are the processes that run no file. */
pid_t victim_kernel_thread(void)
{
	char path[64], exe[64];
	pid_t pid;

	for (pid = 2; pid < 1000; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
		if (victim_state(pid) && victim_state(pid) != 'Z' &&
		    readlink(path, exe, sizeof(exe)) < 0 && errno == ENOENT)
			return pid;
	}
	return -1;
}

static int wait_state(pid_t pid, char state)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < 20000; i++) {
		if (victim_state(pid) == state)
			return 0;
		nanosleep(&ms, NULL);
	}
	return -ETIMEDOUT;
}

int victim_stop(const struct victim *v)
{
	if (kill(v->pid, SIGSTOP))
		return -errno;
	return wait_state(v->pid, 'T');
}

int victim_continue(const struct victim *v)
{
	return kill(v->pid, SIGCONT) ? -errno : 0;
}

int victim_make_zombie(struct victim *v)
{
	if (kill(v->pid, SIGKILL))
		return -errno;
	return wait_state(v->pid, 'Z');
}

void victim_kill(struct victim *v)
{
	if (v->pid > 0) {
		kill(v->pid, SIGKILL);
		waitpid(v->pid, NULL, 0);
	}
	close(v->in);
	close(v->out);
	v->pid = -1;
}
