// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - what the kernel still holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "counter.h"
#include "leak.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

long leak_module_users(void)
{
	return counter_named("/sys/module/vmlab/refcnt", "");
}

long leak_module_users_settle(long wanted)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	long users = leak_module_users();
	int i;

	for (i = 0; i < 1000 && users != wanted; i++) {
		nanosleep(&ms, NULL);
		users = leak_module_users();
	}
	return users;
}

const char *leak_scan_missing(void)
{
	return access(KMEMLEAK, W_OK) ? "this kernel has no kmemleak" : NULL;
}

void leak_scan_start(void)
{
	counter_write(KMEMLEAK, "clear");
}

ssize_t leak_scan_end(char *report, size_t size)
{
	size_t have = 0;
	ssize_t nr;
	int fd;

	/* It looks at what is older than five seconds, and reports what it saw twice. */
	sleep(6);
	if (counter_write(KMEMLEAK, "scan") || counter_write(KMEMLEAK, "scan"))
		return -EIO;
	fd = open(KMEMLEAK, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (have < size - 1 && (nr = read(fd, report + have, size - 1 - have)) > 0)
		have += nr;
	close(fd);
	report[have] = '\0';
	return (ssize_t)have;
}
