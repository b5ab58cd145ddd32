// SPDX-License-Identifier: GPL-2.0-only
/*
 * ask.c - the module's ioctls as bare as they can be asked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ask.h"

int ask(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

int ask_pagemap(pid_t pid)
{
	char path[64] = "/proc/self/pagemap";
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ask_open(int node, int fd)
{
	struct vmlab_open open = { .size = sizeof(open), .fd = fd };
	int ret = ask(node, VMLAB_OPEN, &open);

	return ret ? ret : open.out_fd;
}

int ask_target(int node, pid_t pid)
{
	int target, fd = ask_pagemap(pid);

	if (fd < 0)
		return fd;
	target = ask_open(node, fd);
	close(fd);
	return target;
}

struct vmlab_scan ask_scan(uint64_t start, uint64_t end, void *buf, uint32_t nr)
{
	return (struct vmlab_scan) {
		.size = sizeof(struct vmlab_scan),
		.start = start,
		.end = end,
		.buf = (uintptr_t)buf,
		.nr_recs = nr,
		.format = VMLAB_FORMAT_RUNS,
		.rec_size = sizeof(struct vmlab_run),
	};
}

struct vmlab_vmas ask_vmas(uint64_t start, uint64_t end, void *buf, uint32_t nr)
{
	return (struct vmlab_vmas) {
		.size = sizeof(struct vmlab_vmas),
		.start = start,
		.end = end,
		.buf = (uintptr_t)buf,
		.nr_recs = nr,
		.rec_size = sizeof(struct vmlab_vma),
	};
}

struct vmlab_tables ask_tables(uint64_t start, uint64_t end, void *buf, uint32_t nr)
{
	return (struct vmlab_tables) {
		.size = sizeof(struct vmlab_tables),
		.start = start,
		.end = end,
		.buf = (uintptr_t)buf,
		.nr_recs = nr,
		.rec_size = sizeof(struct vmlab_table),
	};
}

struct vmlab_frames ask_frame_list(uint64_t start, uint64_t end, void *buf, uint32_t nr)
{
	return (struct vmlab_frames) {
		.size = sizeof(struct vmlab_frames),
		.start = start,
		.end = end,
		.buf = (uintptr_t)buf,
		.nr_recs = nr,
		.rec_size = sizeof(struct vmlab_frame),
	};
}

struct vmlab_cpus ask_cpus(void *buf, uint32_t nr)
{
	return (struct vmlab_cpus) {
		.size = sizeof(struct vmlab_cpus),
		.end = 1 << 16,
		.buf = (uintptr_t)buf,
		.nr_recs = nr,
		.rec_size = sizeof(struct vmlab_cpu),
	};
}

int ask_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}
