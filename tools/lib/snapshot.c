// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * snapshot.c - a recording that is made to be looked at later.
 *
 * It holds what `vmlab map` asks, which is all that `vmlab pages` does, so that both
 * can be replayed from it; and three things more: whose it is, when, and of which boot.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "session.h"

#define NUMBER_PID	"snapshot"
#define NUMBER_NS	"snapshot.ns"
#define NUMBER_BOOT_NS	"snapshot.boot_ns"
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"

void vmlab_boot_id(struct vmlab_session *session, char *buf, size_t size)
{
	char *text;

	buf[0] = '\0';
	if (vmlab_source_text(session->source, BOOT_ID, &text) < 0)
		return;
	snprintf(buf, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Kept in a session that records, and found again in one that replays. */
static int exchange(struct vmlab_session *session, int64_t *pid, struct vmlab_snapshot *out)
{
	int ret;

	out->ns = now(CLOCK_MONOTONIC);
	ret = vmlab_source_number(session->source, NUMBER_PID, pid);
	if (!ret)
		ret = vmlab_source_number(session->source, NUMBER_NS, &out->ns);
	if (!ret && (*pid < 0 || *pid > INT32_MAX))
		ret = -EBADMSG;
	if (!ret)
		vmlab_boot_id(session, out->boot, sizeof(out->boot));
	return ret;
}

static void name_process(struct vmlab_session *session, const struct vmlab_target *target,
			 struct vmlab_snapshot *out)
{
	out->pid = vmlab_target_pid(target);
	vmlab_proc_comm(session, out->pid, out->comm, sizeof(out->comm));
}

int vmlab_snapshot_take(struct vmlab_session *session, struct vmlab_target *target,
			struct vmlab_snapshot *out, struct vmlab_anatomy *anatomy)
{
	int64_t pid = vmlab_target_asked(target);
	int ret;

	memset(out, 0, sizeof(*out));
	ret = exchange(session, &pid, out);
	if (ret)
		return ret;
	name_process(session, target, out);
	ret = vmlab_anatomy_read(session, target, anatomy);
	if (ret)
		return ret;
	/* Whoever starts from now on finds what has been kept, unless it changed. */
	out->boot_ns = now(CLOCK_BOOTTIME);
	ret = vmlab_source_number(session->source, NUMBER_BOOT_NS, &out->boot_ns);
	if (ret)
		vmlab_anatomy_free(anatomy);
	return ret;
}

int vmlab_snapshot_open(struct vmlab_session *session, struct vmlab_target **target,
			struct vmlab_snapshot *out)
{
	int64_t pid = 0;
	int ret;

	*target = NULL;
	memset(out, 0, sizeof(*out));
	ret = exchange(session, &pid, out);
	if (!ret)
		ret = vmlab_source_number(session->source, NUMBER_BOOT_NS, &out->boot_ns);
	if (!ret)
		ret = vmlab_target_open(session, pid, target);
	if (!ret)
		name_process(session, *target, out);
	return ret;
}
