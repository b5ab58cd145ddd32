// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * proc.c - what /proc tells of a process: its regions and its name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "session.h"

static ssize_t read_text(struct vmlab_session *session, pid_t pid, const char *name,
			 char **out)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return vmlab_source_text(session->source, path, out);
}

/* proc(5): start-end perms offset major:minor inode, blanks, name. */
static int parse_region(char *line, struct vmlab_region *r)
{
	int name_at = 0;

	memset(r, 0, sizeof(*r));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &r->start, &r->end, r->perms, &r->offset, &r->dev_major,
		   &r->dev_minor, &r->inode, &name_at) < 7)
		return -EPROTO;
	r->name = strdup(line + name_at);
	return r->name ? 0 : -ENOMEM;
}

int vmlab_regions_parse(char *text, struct vmlab_regions *out)
{
	char *line, *save = NULL;
	size_t room = 0;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (out->nr == room) {
			struct vmlab_region *more;

			room = room ? 2 * room : 64;
			more = realloc(out->v, room * sizeof(*more));
			if (!more) {
				ret = -ENOMEM;
				break;
			}
			out->v = more;
		}
		ret = parse_region(line, &out->v[out->nr]);
		if (ret)
			break;
		out->nr++;
	}
	if (ret)
		vmlab_regions_free(out);
	return ret;
}

int vmlab_regions_read(struct vmlab_session *session, pid_t pid,
		       struct vmlab_regions *out)
{
	ssize_t len;
	char *text;
	int ret;

	memset(out, 0, sizeof(*out));
	len = read_text(session, pid, "maps", &text);
	if (len < 0)
		return len == -ENOENT ? -ESRCH : len;
	ret = vmlab_regions_parse(text, out);
	free(text);
	return ret;
}

void vmlab_regions_free(struct vmlab_regions *regions)
{
	size_t i;

	for (i = 0; i < regions->nr; i++)
		free(regions->v[i].name);
	free(regions->v);
	memset(regions, 0, sizeof(*regions));
}

const struct vmlab_region *vmlab_regions_find(const struct vmlab_regions *regions,
					      uint64_t va)
{
	size_t low = 0, high = regions->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (regions->v[mid].end <= va)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < regions->nr && regions->v[low].start <= va)
		return &regions->v[low];
	return NULL;
}

bool vmlab_regions_equal(const struct vmlab_regions *a, const struct vmlab_regions *b)
{
	size_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		const struct vmlab_region *x = &a->v[i], *y = &b->v[i];

		if (x->start != y->start || x->end != y->end || x->offset != y->offset ||
		    x->inode != y->inode || strcmp(x->perms, y->perms) ||
		    strcmp(x->name, y->name))
			return false;
	}
	return true;
}

int vmlab_proc_comm(struct vmlab_session *session, pid_t pid, char *buf, size_t size)
{
	char *text;
	ssize_t len = read_text(session, pid, "comm", &text);

	if (len < 0) {
		snprintf(buf, size, "?");
		return len == -ENOENT ? -ESRCH : len;
	}
	snprintf(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

/* Bit of the flags in /proc/PID/stat: PF_KTHREAD of include/linux/sched.h. */
#define PF_KTHREAD	0x00200000

enum vmlab_proc_kind vmlab_proc_kind_parse(const char *stat)
{
	/* The name in parentheses may hold anything, even ")". */
	const char *rest = strrchr(stat, ')');
	unsigned int flags;
	char state;

	if (!rest || sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return VMLAB_PROC_USER;
	if (flags & PF_KTHREAD)
		return VMLAB_PROC_KTHREAD;
	return state == 'Z' || state == 'X' ? VMLAB_PROC_ENDED : VMLAB_PROC_USER;
}

enum vmlab_proc_kind vmlab_proc_kind(struct vmlab_session *session, pid_t pid)
{
	enum vmlab_proc_kind kind;
	char *text;

	if (read_text(session, pid, "stat", &text) < 0)
		return VMLAB_PROC_NONE;
	kind = vmlab_proc_kind_parse(text);
	free(text);
	return kind;
}

/* Fields of stat are told in ticks of this many a second, on every architecture. */
#define USER_HZ		100
/* Its number in proc(5). */
#define START_TIME	22

int vmlab_proc_start_parse(const char *stat, int64_t *boot_ns)
{
	/* The second field, the name, may hold anything; the others no blanks. */
	const char *at = strrchr(stat, ')');
	unsigned int field;
	uint64_t ticks;

	for (field = 2; at && field < START_TIME; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (!at || sscanf(at, "%" SCNu64, &ticks) != 1)
		return -EPROTO;
	if (ticks > INT64_MAX / (1000000000 / USER_HZ))
		return -EPROTO;
	*boot_ns = ticks * (1000000000 / USER_HZ);
	return 0;
}

int vmlab_proc_start(struct vmlab_session *session, pid_t pid, int64_t *boot_ns)
{
	char *text;
	ssize_t len = read_text(session, pid, "stat", &text);
	int ret;

	if (len < 0)
		return len == -ENOENT ? -ESRCH : len;
	ret = vmlab_proc_start_parse(text, boot_ns);
	free(text);
	return ret;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

ssize_t vmlab_proc_list(struct vmlab_session *session, pid_t **out)
{
	int64_t self = getpid();
	char *text, *line, *end, *save = NULL;
	size_t nr = 0, room = 1, i;
	ssize_t len;
	int ret;

	*out = NULL;
	ret = vmlab_source_number(session->source, "self", &self);
	if (ret)
		return ret;
	len = vmlab_source_names(session->source, "/proc", &text);
	if (len < 0)
		return len;
	for (i = 0; i < (size_t)len; i++)
		room += text[i] == '\n';
	*out = calloc(room, sizeof(**out));
	if (!*out) {
		free(text);
		return -ENOMEM;
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		long pid = strtol(line, &end, 10);

		if (!*end && pid > 0 && pid <= INT32_MAX && pid != self)
			(*out)[nr++] = pid;
	}
	free(text);
	/* A recording may hold them in any order, and more than once. */
	qsort(*out, nr, sizeof(**out), by_number);
	for (room = nr, nr = 0, i = 0; i < room; i++)
		if (!nr || (*out)[nr - 1] != (*out)[i])
			(*out)[nr++] = (*out)[i];
	return nr;
}
