// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - a lesson's program, started and spoken to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lesson.h"

/* Beside this very command first, so that a build tree finds its own. */
static void exec_beside(const char *name)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		if (slash && (size_t)(slash + 1 - path) + strlen(name) < sizeof(path)) {
			strcpy(slash + 1, name);
			execl(path, name, NULL);
		}
	}
	execlp(name, name, NULL);
}

int lesson_start(struct lesson_program *program, const char *name)
{
	int to[2], from[2], failed[2], err = 0;
	pid_t pid;

	memset(program, 0, sizeof(*program));
	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		err = -errno;
		goto close_to;
	}
	if (pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto close_from;
	}
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto close_failed;
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(to[0], 0);
		dup2(from[1], 1);
		exec_beside(name);
		err = errno;
		_exit(write(failed[1], &err, sizeof(err)) == sizeof(err) ? 127 : 126);
	}
	close(to[0]);
	close(from[1]);
	close(failed[1]);
	/* Nothing to read: the pipe was closed by exec. */
	if (read(failed[0], &err, sizeof(err)) == sizeof(err)) {
		waitpid(pid, NULL, 0);
		close(failed[0]);
		close(to[1]);
		close(from[0]);
		return -err;
	}
	close(failed[0]);
	signal(SIGPIPE, SIG_IGN);
	program->pid = pid;
	program->to = fdopen(to[1], "w");
	program->from = fdopen(from[0], "r");
	if (!program->to || !program->from) {
		lesson_stop(program);
		return -ENOMEM;
	}
	return 0;

close_failed:
	close(failed[0]);
	close(failed[1]);
close_from:
	close(from[0]);
	close(from[1]);
close_to:
	close(to[0]);
	close(to[1]);
	return err;
}

int lesson_say(struct lesson_program *program, const char *line, const char *want,
	       char *answer, size_t size)
{
	char got[128];

	if (line && (fprintf(program->to, "%s\n", line) < 0 || fflush(program->to)))
		return -EPIPE;
	if (!fgets(got, sizeof(got), program->from))
		return -EPIPE;
	got[strcspn(got, "\n")] = '\0';
	if (strncmp(got, want, strlen(want)))
		return -EPIPE;
	if (answer)
		snprintf(answer, size, "%s", got + strlen(want) + (got[strlen(want)] == ' '));
	return 0;
}

void lesson_stop(struct lesson_program *program)
{
	if (program->to)
		fclose(program->to);
	if (program->from)
		fclose(program->from);
	if (program->pid) {
		kill(program->pid, SIGKILL);
		waitpid(program->pid, NULL, 0);
	}
	memset(program, 0, sizeof(*program));
}
