// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * session.c - the module's node, the targets opened through it, and bulk queries
 * that are asked again until everything is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libvmlab.h"
#include "source.h"

#define NODE		"/dev/vmlab"
/* One SCAN fills this many records: 192 KiB, a few thousand system calls saved. */
#define SCAN_RECS	4096
#define VMA_RECS	512

struct vmlab_session {
	int fd;
	struct vmlab_info info;
};

struct vmlab_target {
	struct vmlab_session *session;
	int fd;
	pid_t pid;
	bool hidden;
};

int vmlab_session_open(struct vmlab_session **out)
{
	struct vmlab_session *session = calloc(1, sizeof(*session));
	int ret;

	*out = NULL;
	if (!session)
		return -ENOMEM;
	ret = vmlab_source_open(NODE, O_RDWR);
	if (ret < 0)
		goto free_session;
	session->fd = ret;
	session->info.size = sizeof(session->info);
	ret = vmlab_source_ioctl(session->fd, VMLAB_INFO, &session->info);
	if (ret)
		goto close_node;
	if (session->info.out_api_version < VMLAB_API_VERSION) {
		ret = -EPROTO;
		goto close_node;
	}
	*out = session;
	return 0;

close_node:
	close(session->fd);
free_session:
	free(session);
	return ret;
}

void vmlab_session_close(struct vmlab_session *session)
{
	if (!session)
		return;
	close(session->fd);
	free(session);
}

const struct vmlab_info *vmlab_session_info(const struct vmlab_session *session)
{
	return &session->info;
}

/* The kernel's decision: an open pagemap, or (second door) the pid itself. */
static int open_target(struct vmlab_session *session, pid_t pid,
		       struct vmlab_open *open)
{
	char path[64];
	int ret;

	open->size = sizeof(*open);
	if (session->info.out_door == VMLAB_DOOR_PID) {
		open->fd = -1;
		open->pid = pid ? pid : getpid();
		return vmlab_source_ioctl(session->fd, VMLAB_OPEN, open);
	}
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/pagemap");
	ret = vmlab_source_open(path, O_RDONLY);
	if (ret < 0)
		return ret == -ENOENT ? -ESRCH : ret;
	open->fd = ret;
	ret = vmlab_source_ioctl(session->fd, VMLAB_OPEN, open);
	close(open->fd);
	return ret;
}

int vmlab_target_open(struct vmlab_session *session, pid_t pid,
		      struct vmlab_target **out)
{
	struct vmlab_target *target;
	struct vmlab_open open = { 0 };
	int ret;

	*out = NULL;
	if (pid < 0)
		return -ESRCH;
	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	ret = open_target(session, pid, &open);
	if (ret) {
		free(target);
		return ret;
	}
	target->session = session;
	target->fd = open.out_fd;
	target->pid = pid ? pid : getpid();
	target->hidden = open.out_flags & VMLAB_OUT_HIDDEN;
	*out = target;
	return 0;
}

void vmlab_target_close(struct vmlab_target *target)
{
	if (!target)
		return;
	close(target->fd);
	free(target);
}

pid_t vmlab_target_pid(const struct vmlab_target *target)
{
	return target->pid;
}

bool vmlab_target_hidden(const struct vmlab_target *target)
{
	return target->hidden;
}

int vmlab_target_fd(const struct vmlab_target *target)
{
	return target->fd;
}

int vmlab_target_walk(struct vmlab_target *target, uint64_t va,
		      struct vmlab_walk *out)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->va = va;
	return vmlab_source_ioctl(target->fd, VMLAB_WALK, out);
}

int vmlab_scan_start(struct vmlab_scanner *scan, struct vmlab_target *target,
		     uint64_t start, uint64_t end,
		     const struct vmlab_filter *filter, uint32_t nr_recs)
{
	memset(scan, 0, sizeof(*scan));
	scan->target = target;
	if (filter)
		scan->filter = *filter;
	scan->next = start;
	scan->end = end ? end : target->session->info.out_user_end;
	scan->nr_recs = nr_recs ? nr_recs : SCAN_RECS;
	scan->buf = calloc(scan->nr_recs, sizeof(*scan->buf));
	return scan->buf ? 0 : -ENOMEM;
}

/* One more buffer of runs. A signal that was handled is no reason to stop. */
static int fetch(struct vmlab_scanner *scan)
{
	struct vmlab_scan ask = {
		.size = sizeof(ask),
		.start = scan->next,
		.end = scan->end,
		.buf = (uintptr_t)scan->buf,
		.nr_recs = scan->nr_recs,
		.format = VMLAB_FORMAT_RUNS,
		.rec_size = sizeof(*scan->buf),
		.all_of = scan->filter.all_of,
		.any_of = scan->filter.any_of,
		.none_of = scan->filter.none_of,
	};
	int ret;

	do {
		ret = vmlab_source_ioctl(scan->target->fd, VMLAB_SCAN, &ask);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	scan->next = ask.out_next;
	scan->have = ask.out_nr;
	scan->at = 0;
	return 0;
}

int vmlab_scan_next(struct vmlab_scanner *scan, struct vmlab_run *run)
{
	int ret;

	while (scan->at == scan->have) {
		if (scan->next == scan->end)
			return 0;
		ret = fetch(scan);
		if (ret)
			return ret;
	}
	*run = scan->buf[scan->at++];
	return 1;
}

void vmlab_scan_end(struct vmlab_scanner *scan)
{
	free(scan->buf);
	scan->buf = NULL;
}

ssize_t vmlab_target_vmas(struct vmlab_target *target, uint64_t start,
			  uint64_t end, struct vmlab_vma **out)
{
	struct vmlab_vmas ask = {
		.size = sizeof(ask),
		.start = start,
		.end = end ? end : target->session->info.out_user_end,
		.rec_size = sizeof(struct vmlab_vma),
	};
	struct vmlab_vma *all = NULL, *more;
	size_t nr = 0;
	int ret;

	*out = NULL;
	do {
		more = realloc(all, (nr + VMA_RECS) * sizeof(*all));
		if (!more) {
			free(all);
			return -ENOMEM;
		}
		all = more;
		ask.buf = (uintptr_t)(all + nr);
		ask.nr_recs = VMA_RECS;
		ask.out_nr = 0;
		do {
			ret = vmlab_source_ioctl(target->fd, VMLAB_VMAS, &ask);
		} while (ret == -EINTR);
		if (ret) {
			free(all);
			return ret;
		}
		nr += ask.out_nr;
		ask.start = ask.out_next;
	} while (ask.start < ask.end);
	*out = all;
	return nr;
}
