// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracefs.c - the kernel's own trace: switched on, read as text, switched off again.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "counter.h"
#include "tracefs.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/vmlab-test"

const char *tracefs_begin(const char *events)
{
	char path[256], all[256], *rest = all, *event;

	if (access(TRACING "/instances", F_OK))
		return "this kernel has no tracefs";
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		return "tracefs makes no instance";
	counter_write(INSTANCE "/trace_clock", "mono");
	counter_write(INSTANCE "/buffer_size_kb", "8192");
	snprintf(all, sizeof(all), "%s", events);
	while ((event = strsep(&rest, " "))) {
		snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", event);
		if (counter_write(path, "1")) {
			rmdir(INSTANCE);
			return "this kernel does not have the event";
		}
	}
	return NULL;
}

char *tracefs_end(void)
{
	int fd = open(INSTANCE "/trace", O_RDONLY | O_CLOEXEC);
	size_t size = 1 << 20, len = 0;
	char *text = malloc(size);
	ssize_t got;

	counter_write(INSTANCE "/tracing_on", "0");
	while (fd >= 0 && text && (got = read(fd, text + len, size - len - 1)) > 0) {
		len += got;
		if (size - len < 65536) {
			size *= 2;
			text = realloc(text, size);
		}
	}
	close(fd);
	rmdir(INSTANCE);
	if (!text || !len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/*
 * "    comm-123     [000] d..2.  12.345678: event: arguments": the name of a thread may
 * hold anything, so it is read from behind.
 */
static bool parse(const char *line, size_t len, struct tracefs_event *out)
{
	const char *end = line + len, *cpu, *at;
	unsigned long s, us;
	int used = 0;

	for (cpu = line; cpu + 6 < end; cpu++)
		if (cpu[0] == ' ' && cpu[1] == '[' && isdigit(cpu[2]) && cpu[5] == ']')
			break;
	if (cpu + 6 >= end)
		return false;
	out->cpu = atoi(cpu + 2);
	for (at = cpu; at > line && at[-1] == ' '; at--)
		;
	while (at > line && isdigit(at[-1]))
		at--;
	out->pid = atoi(at);
	if (sscanf(cpu + 6, " %*s %lu.%lu: %n", &s, &us, &used) != 2 || !used)
		return false;
	out->us = s * 1000000ULL + us;
	out->name = cpu + 6 + used;
	at = strchr(out->name, ' ');
	out->args = at && at < end ? at : end;
	return true;
}

bool tracefs_next(const char **at, struct tracefs_event *out)
{
	while (*at && **at) {
		const char *line = *at, *end = strchrnul(line, '\n');

		*at = *end ? end + 1 : end;
		if (*line != '#' && parse(line, end - line, out))
			return true;
	}
	return false;
}

long tracefs_number(const struct tracefs_event *e, const char *key)
{
	const size_t len = strcspn(e->args, "\n");
	const char *at = memmem(e->args, len, key, strlen(key));

	return at ? strtol(at + strlen(key), NULL, 0) : -1;
}
