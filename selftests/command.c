// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - runs the vmlab command and keeps all that came back.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

#include "command.h"

#define MAX_WORDS	16
#define NOBODY		65534

char *command_text(int fd)
{
	struct stat st;
	char *text;
	ssize_t nr;

	if (fstat(fd, &st))
		return NULL;
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		return NULL;
	nr = pread(fd, text, (size_t)st.st_size, 0);
	text[nr < 0 ? 0 : nr] = '\0';
	close(fd);
	return text;
}

/*
 * Where what it says is kept. Several write there at once, the command and what it starts:
 * a memfd is not locked for their common place in it, so each goes to the end.
 */
static int room_for(const char *name)
{
	const int fd = memfd_create(name, MFD_CLOEXEC);

	fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

/* The command itself: nobody may not be allowed to go where it lies. */
static int open_command(const char *name)
{
	char dirs[4096], path[4352], *rest = dirs, *dir;
	int fd;

	snprintf(dirs, sizeof(dirs), "%s", getenv("PATH") ? getenv("PATH") : "");
	while ((dir = strsep(&rest, ":"))) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static void run(struct answer *answer, char *words, bool nobody)
{
	const int out = room_for("out"), err = room_for("err");
	char *argv[MAX_WORDS + 2] = { "vmlab" };
	const int file = open_command(argv[0]);
	int argc = 1, status = 0;
	char why[128];
	pid_t pid;

	while (words && *words && argc <= MAX_WORDS)
		argv[argc++] = strsep(&words, " ");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(out, 1);
		dup2(err, 2);
		if (nobody && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(126);
		fexecve(file, argv, environ);
		_exit(127);
	}
	close(file);
	if (pid > 0)
		waitpid(pid, &status, 0);
	answer->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	answer->out = command_text(out);
	answer->err = command_text(err);
	answer->json = answer->out ? yajl_tree_parse(answer->out, why, sizeof(why)) : NULL;
}

void command_run(struct answer *answer, const char *format, ...)
{
	char words[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	run(answer, words, false);
}

void command_run_as_nobody(struct answer *answer, const char *words)
{
	char copy[1024];

	snprintf(copy, sizeof(copy), "%s", words);
	run(answer, copy, true);
}

void command_free(struct answer *answer)
{
	yajl_tree_free(answer->json);
	free(answer->out);
	free(answer->err);
}

int command_lines(const char *text)
{
	int nr = 0;

	for (; *text; text++)
		nr += *text == '\n' || !text[1];
	return nr;
}

static yajl_val follow(yajl_val v, const char *path)
{
	size_t i, len;

	for (; v && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		if (YAJL_IS_ARRAY(v)) {
			i = strtoul(path, NULL, 10);
			v = i < v->u.array.len ? v->u.array.values[i] : NULL;
			continue;
		}
		if (!YAJL_IS_OBJECT(v))
			return NULL;
		for (i = 0; i < v->u.object.len; i++)
			if (strlen(v->u.object.keys[i]) == len &&
			    !strncmp(v->u.object.keys[i], path, len))
				break;
		v = i < v->u.object.len ? v->u.object.values[i] : NULL;
	}
	return v;
}

static const char *words_of(yajl_val v)
{
	if (!v)
		return "(missing)";
	switch (v->type) {
	case yajl_t_string:
		return v->u.string;
	case yajl_t_number:
		return v->u.number.r;
	case yajl_t_true:
		return "true";
	case yajl_t_false:
		return "false";
	case yajl_t_null:
		return "null";
	default:
		return YAJL_IS_OBJECT(v) ? "{}" : "[]";
	}
}

const char *answer_at(const struct answer *answer, const char *format, ...)
{
	char path[256];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return words_of(follow(answer->json, path));
}

unsigned long long answer_number(const struct answer *answer, const char *path)
{
	return strtoull(words_of(follow(answer->json, path)), NULL, 0);
}

unsigned long long answer_of_thread(const struct answer *answer, int row, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "threads.%d.%s", row, name);
	return answer_number(answer, path);
}

long answer_count(const struct answer *answer, const char *path)
{
	yajl_val v = follow(answer->json, path);

	return YAJL_IS_ARRAY(v) ? (long)v->u.array.len : -1;
}

long command_many(long nr)
{
	const char *fewer = getenv("VMLAB_FEWER");
	long by = fewer ? atol(fewer) : 1;

	return by > 1 ? nr / by : nr;
}
