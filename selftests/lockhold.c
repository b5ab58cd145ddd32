// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockhold.c - for how long this thread holds mmap locks.
 *
 * In a tracing instance of our own, so that nobody else's tracing is disturbed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counter.h"
#include "lockhold.h"

#define INSTANCE	"/sys/kernel/tracing/instances/vmlab-selftest/"
#define LOCKS_MAX	8

static const struct {
	const char *path;
	const char *value;
} knobs[] = {
	{ INSTANCE "tracing_on", "0" },
	{ INSTANCE "trace_clock", "x86-tsc" },
	{ INSTANCE "buffer_size_kb", "16384" },
	{ INSTANCE "events/mmap_lock/mmap_lock_acquire_returned/enable", "1" },
	{ INSTANCE "events/mmap_lock/mmap_lock_released/enable", "1" },
};

const char *lockhold_setup(void)
{
	static char why[128];
	char pid[16];
	size_t i;

	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return "this kernel has no tracing instances";
	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (counter_write(knobs[i].path, knobs[i].value)) {
			snprintf(why, sizeof(why), "this kernel does not take \"%s\" in %s",
				 knobs[i].value, knobs[i].path + strlen(INSTANCE));
			return why;
		}
	snprintf(pid, sizeof(pid), "%d", (int)gettid());
	if (counter_write(INSTANCE "set_event_pid", pid))
		return "this kernel does not trace one thread alone";
	return NULL;
}

void lockhold_end(void)
{
	rmdir(INSTANCE);
}

int lockhold_start(void)
{
	/* Truncated, it is empty. */
	int fd = open(INSTANCE "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return counter_write(INSTANCE "tracing_on", "1");
}

/* A lock that is held: the tracepoints name it by its mm, hashed. */
struct held {
	char mm[32];
	uint64_t since;
};

int lockhold_stop(struct lockhold *out)
{
	struct held held[LOCKS_MAX] = { 0 };
	int ret = counter_write(INSTANCE "tracing_on", "0");
	char line[512];
	FILE *trace;

	memset(out, 0, sizeof(*out));
	trace = ret ? NULL : fopen(INSTANCE "trace", "re");
	if (!trace)
		return ret ? ret : -errno;
	while (fgets(line, sizeof(line), trace)) {
		char *event = strstr(line, ": mmap_lock_"), *stamp, mm[32];
		uint64_t when;
		int i, slot = -1;

		if (strstr(line, "LOST"))
			ret = -EOVERFLOW;
		if (!event || sscanf(strstr(event, "mm="), "mm=%31s", mm) != 1)
			continue;
		*event = '\0';
		stamp = strrchr(line, ' ');
		if (!stamp || sscanf(stamp, " %" SCNu64, &when) != 1)
			continue;
		for (i = 0; i < LOCKS_MAX; i++)
			if (!strcmp(held[i].mm, mm))
				slot = i;
		if (strstr(event + 2, "released")) {
			if (slot < 0)
				continue;
			when -= held[slot].since;
			held[slot].mm[0] = '\0';
			out->holds++;
			out->sum += when;
			if (when > out->longest)
				out->longest = when;
			continue;
		}
		for (i = 0; slot < 0 && i < LOCKS_MAX; i++)
			if (!held[i].mm[0])
				slot = i;
		if (slot >= 0) {
			strcpy(held[slot].mm, mm);
			held[slot].since = when;
		}
	}
	fclose(trace);
	return ret;
}
