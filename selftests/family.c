// SPDX-License-Identifier: GPL-2.0-only
/*
 * family.c - processes that do what they are told.
 *
 * Orders come through a pipe each, and answers through one for all: whoever gave an
 * order waits for its answer, so that there is one at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "family.h"
#include "fixture.h"

struct order {
	enum { FORK, WRITE, READ, ADVISE, PROTECT, MOVE, EXIT } what;
	void *at;
	size_t size;
	void *to;
	int value;
};

static void live(const struct family *f, int who);

/* The answer, or what a system call left: -errno. */
static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long obey(const struct family *f, int who, const struct order *o)
{
	pid_t pid;

	switch (o->what) {
	case FORK:
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			live(f, who + 1);
		}
		return result(pid);
	case WRITE:
		fixture_write(o->at, o->size);
		return 0;
	case READ:
		fixture_read(o->at, o->size);
		return 0;
	case ADVISE:
		return result(madvise(o->at, o->size, o->value));
	case PROTECT:
		return result(mprotect(o->at, o->size, o->value));
	case MOVE:
		return mremap(o->at, o->size, o->size, MREMAP_MAYMOVE | MREMAP_FIXED, o->to) ==
		       MAP_FAILED ? -errno : 0;
	case EXIT:
		break;
	}
	_exit(0);
}

static void live(const struct family *f, int who)
{
	struct order o;
	long answer;

	while (read(f->to[who][0], &o, sizeof(o)) == sizeof(o)) {
		answer = obey(f, who, &o);
		if (write(f->done[1], &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

static long tell(struct family *f, int who, struct order o)
{
	long answer;

	if (write(f->to[who][1], &o, sizeof(o)) != sizeof(o))
		return -EPIPE;
	if (read(f->done[0], &answer, sizeof(answer)) != sizeof(answer))
		return -EPIPE;
	return answer;
}

int family_start(struct family *f)
{
	int i;

	memset(f, 0, sizeof(*f));
	if (pipe2(f->done, O_CLOEXEC))
		return -errno;
	for (i = 0; i < FAMILY; i++)
		if (pipe2(f->to[i], O_CLOEXEC))
			return -errno;
	f->pid[PARENT] = fork();
	if (f->pid[PARENT] < 0)
		return -errno;
	if (!f->pid[PARENT]) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		live(f, PARENT);
	}
	return 0;
}

void family_end(struct family *f)
{
	int i;

	for (i = FAMILY - 1; i >= 0; i--)
		if (f->pid[i])
			kill(f->pid[i], SIGKILL);
	if (f->pid[PARENT])
		waitpid(f->pid[PARENT], NULL, 0);
	for (i = 0; i < FAMILY; i++) {
		close(f->to[i][0]);
		close(f->to[i][1]);
	}
	close(f->done[0]);
	close(f->done[1]);
}

int family_fork(struct family *f, int who)
{
	long pid = tell(f, who, (struct order){ .what = FORK });

	if (pid < 0)
		return pid;
	f->pid[who + 1] = pid;
	return 0;
}

int family_write(struct family *f, int who, void *at, size_t size)
{
	return tell(f, who, (struct order){ .what = WRITE, .at = at, .size = size });
}

int family_read(struct family *f, int who, void *at, size_t size)
{
	return tell(f, who, (struct order){ .what = READ, .at = at, .size = size });
}

int family_madvise(struct family *f, int who, void *at, size_t size, int advice)
{
	return tell(f, who, (struct order){ .what = ADVISE, .at = at, .size = size,
					    .value = advice });
}

int family_protect(struct family *f, int who, void *at, size_t size, int prot)
{
	return tell(f, who, (struct order){ .what = PROTECT, .at = at, .size = size,
					    .value = prot });
}

int family_move(struct family *f, int who, void *at, size_t size, void *to)
{
	return tell(f, who, (struct order){ .what = MOVE, .at = at, .size = size, .to = to });
}

int family_exit(struct family *f, int who)
{
	struct order o = { .what = EXIT };

	if (write(f->to[who][1], &o, sizeof(o)) != sizeof(o))
		return -EPIPE;
	f->pid[who] = 0;
	return 0;
}
