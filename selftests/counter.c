// SPDX-License-Identifier: GPL-2.0-only
/*
 * counter.c - the kernel's own counters, by file and name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

long counter_named(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	const size_t len = strlen(name);
	char line[1024];
	long value = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		/* "Rss:" or "mm_struct": the whole first word, or all there is. */
		if (!strncmp(line, name, len) && (!len || strchr(" \t:", line[len]))) {
			value = strtol(line + len, NULL, 10);
			break;
		}
	}
	fclose(file);
	return value;
}

int counter_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}
