// SPDX-License-Identifier: GPL-2.0-only
/*
 * libcover.c - preloaded into a test and whatever it starts: what the module's own
 * system calls come by is marked in the file that VMLAB_COVER names (kcov.h).
 *
 * These are ioctls of the module's type, and the opens and closes of what answers them.
 * KCOV is root's: it is opened when a process begins, and in a child right after the
 * fork, before either becomes somebody else, and started by who asks the module: most
 * never do, and its memory costs more than all else that a small program does.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmlab.h>

#include "kcov.h"

/*
 * What there is no room for is not seen; the end of a long scan is what ends a short one,
 * too. Each page of it costs a checking kernel a millisecond, in each process.
 */
#define WORDS	(1UL << 15)
#define MAX_FDS	4096

static __thread bool started;
static bool ours[MAX_FDS];	/* descriptors of the module; a guess is good enough */

static void in_child(void)
{
	kcov_forget();
	started = false;
	kcov_open();
}

__attribute__((constructor)) static void begin(void)
{
	pthread_atfork(NULL, NULL, in_child);
	kcov_open();
}

static void before(void)
{
	if (!started)
		kcov_start(WORDS);
	started = true;
	kcov_reset();
}

static void note(int fd, bool is)
{
	if (fd >= 0 && fd < MAX_FDS)
		ours[fd] = is;
}

int ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(cmd) != VMLAB_IOC_TYPE)
		return (int)syscall(SYS_ioctl, fd, cmd, arg);
	before();
	ret = (int)syscall(SYS_ioctl, fd, cmd, arg);
	kcov_mark();
	if (!ret && cmd == VMLAB_OPEN)
		note(((struct vmlab_open *)arg)->out_fd, true);
	return ret;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	const bool is = !strcmp(path, "/dev/vmlab");
	int fd;

	if (is)
		before();
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (is)
		kcov_mark();
	note(fd, is);
	return fd;
}

#define OPENED(name)								\
int name(const char *path, int flags, ...)					\
{										\
	mode_t mode = 0;							\
	va_list args;								\
										\
	va_start(args, flags);							\
	if (flags & (O_CREAT | O_TMPFILE))					\
		mode = va_arg(args, mode_t);					\
	va_end(args);								\
	return open_at(AT_FDCWD, path, flags, mode);				\
}

OPENED(open)
OPENED(open64)

int close(int fd)
{
	const bool is = fd >= 0 && fd < MAX_FDS && ours[fd];
	int ret;

	if (!is)
		return (int)syscall(SYS_close, fd);
	note(fd, false);
	before();
	/* The last reference goes before the call returns (task work). */
	ret = (int)syscall(SYS_close, fd);
	kcov_mark();
	return ret;
}
