/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look.h - one page, from all sides at once: WALK and SCAN must say the same, the
 * walk must hang together, and pagemap, kpageflags and kpagecount must agree.
 */
#ifndef SELFTESTS_LOOK_H
#define SELFTESTS_LOOK_H

#include <libvmlab.h>

#include "witness.h"

struct look {
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct witness witness;
	pid_t pid;
	struct vmlab_walk walk;		/* the last one */
};

/* pid 0 is the caller. 0 or -errno. */
int look_open(struct look *l, pid_t pid);
void look_close(struct look *l);

/*
 * "" when everything agrees, else what does not. @leaf: what was found; its count
 * is 0 when there is nothing.
 */
const char *look_at(struct look *l, const void *va, struct vmlab_run *leaf);

/* Facts but for soft-dirty, which depends on who did what before the test. */
#define LOOK_FACTS(leaf)	((leaf).facts & ~VMLAB_FACT_SOFT_DIRTY)

#endif /* SELFTESTS_LOOK_H */
