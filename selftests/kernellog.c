// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernellog.c - what the kernel has had to say since a moment.
 *
 * Each read of /dev/kmsg gives one record: "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernellog.h"

#define LEVEL_WARNING	4

int kernellog_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* What the kernel says when the emulator was not given the host's CPU for a while. */
static const char *const of_slow_hosts[] = {
	"hrtimer: interrupt took ",
	"clocksource: ",
};

static bool of_slow_host(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(of_slow_hosts) / sizeof(of_slow_hosts[0]); i++)
		if (!strncmp(text, of_slow_hosts[i], strlen(of_slow_hosts[i])))
			return true;
	return false;
}

int kernellog_complaints(int mark, const char *word)
{
	char record[8192], *text;
	int complaints = 0;
	ssize_t nr;

	for (;;) {
		nr = read(mark, record, sizeof(record) - 1);
		if (nr < 0 && errno == EPIPE)
			continue;	/* overwritten meanwhile: go on with what is left */
		if (nr <= 0)
			break;
		record[nr] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		*text++ = '\0';
		text[strcspn(text, "\n")] = '\0';
		/* The low three bits are the level, the rest says who spoke. */
		if ((strtol(record, NULL, 10) & 7) > LEVEL_WARNING && !strstr(text, word))
			continue;
		printf("# kernel log: %s\n", text);
		if (!of_slow_host(text))
			complaints++;
	}
	fflush(stdout);
	close(mark);
	return complaints;
}
