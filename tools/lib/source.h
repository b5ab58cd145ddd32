/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.h - the one boundary through which the library takes anything in.
 *
 * Every ioctl answer and every text of /proc comes through here, so that what is
 * taken in can one day be recorded, and replayed with nobody above knowing.
 */
#ifndef VMLAB_SOURCE_H
#define VMLAB_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

/* open(2) of a node or file, close-on-exec; the descriptor or -errno. */
int vmlab_source_open(const char *path, int flags);
/* ioctl(2), retried on EINTR only by its callers; 0 or -errno. */
int vmlab_source_ioctl(int fd, unsigned long cmd, void *arg);
/* The whole file, NUL terminated, free(*out). Its length or -errno. */
ssize_t vmlab_source_text(const char *path, char **out);

#endif /* VMLAB_SOURCE_H */
