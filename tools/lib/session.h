/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session.h - what the files of the library know of a session. */
#ifndef VMLAB_SESSION_H
#define VMLAB_SESSION_H

#include "libvmlab.h"
#include "source.h"

struct vmlab_session {
	struct vmlab_source *source;
	struct vmlab_object *node;
	struct vmlab_info info;
	char release[65];
};

/* As vmlab_session_replay(), from memory that must outlive the session. */
int vmlab_session_replay_bytes(const void *bytes, size_t size, struct vmlab_session **out);

/* The pid that the target was opened with: 0 where that is how it is called. */
pid_t vmlab_target_asked(const struct vmlab_target *target);

#endif /* VMLAB_SESSION_H */
