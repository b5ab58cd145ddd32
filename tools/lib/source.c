// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "source.h"

int vmlab_source_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vmlab_source_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

ssize_t vmlab_source_text(const char *path, char **out)
{
	size_t size = 1 << 16, len = 0;
	char *buf, *bigger;
	ssize_t got;
	int fd;

	*out = NULL;
	fd = vmlab_source_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	buf = malloc(size);
	if (!buf) {
		close(fd);
		return -ENOMEM;
	}
	for (;;) {
		got = read(fd, buf + len, size - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += got;
		if (len + 1 < size)
			continue;
		bigger = realloc(buf, size *= 2);
		if (!bigger) {
			errno = ENOMEM;
			got = -1;
			break;
		}
		buf = bigger;
	}
	if (got < 0) {
		got = -errno;
		free(buf);
		close(fd);
		return got;
	}
	close(fd);
	buf[len] = '\0';
	*out = buf;
	return len;
}
