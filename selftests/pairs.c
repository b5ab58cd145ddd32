// SPDX-License-Identifier: GPL-2.0-only
/*
 * pairs.c - everything that is mapped on the machine, against what the kernel counts.
 *
 * Who compares cannot be stopped, and is not in its own index: what it maps itself it
 * reads from its pagemap, and adds. All that grows is allocated and touched before the
 * comparison begins.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libvmlab.h"
#include "pairs.h"
#include "victim.h"
#include "witness.h"

/* For the kernel's own tools (tools/mm/page-types.c), hence not in that header. */
#define KPF_PRIVATE	35

#define CHUNK	4096U
#define MAX_PIDS 8192
#define TRIES	4

static pid_t stopped[MAX_PIDS];
static size_t nr_stopped;

/* Whoever dies here must not leave a machine that stands still. */
static pid_t start_keeper(int *pipe_end)
{
	int ends[2];
	pid_t pid;
	size_t i;
	char c;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (!pid) {
		setsid();
		close(ends[1]);
		/* The end of the pipe is the end of the one who compares. */
		while (read(ends[0], &c, 1) < 0 && errno == EINTR)
			;
		for (i = 0; i < nr_stopped; i++)
			kill(stopped[i], SIGCONT);
		_exit(0);
	}
	close(ends[0]);
	*pipe_end = ends[1];
	return pid;
}

/* A kernel thread has no address space: no link to a program either. */
static bool is_process(pid_t pid)
{
	char path[64], link[16];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, link, sizeof(link)) > 0;
}

static const char *list_others(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!proc)
		return "no /proc";
	nr_stopped = 0;
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		/* Init cannot be stopped, and waits for us. */
		if (!isdigit((unsigned char)*entry->d_name) || pid == getpid() || pid == 1 ||
		    !is_process(pid))
			continue;
		if (nr_stopped == MAX_PIDS) {
			closedir(proc);
			return "too many processes";
		}
		stopped[nr_stopped++] = pid;
	}
	closedir(proc);
	return NULL;
}

static const char *stop_others(void)
{
	size_t i;
	int tries;

	for (i = 0; i < nr_stopped; i++)
		kill(stopped[i], SIGSTOP);
	for (i = 0; i < nr_stopped; i++) {
		for (tries = 0; tries < 5000; tries++) {
			char state = victim_state(stopped[i]);

			if (!state || strchr("TtZXD", state))
				break;
			usleep(1000);
		}
		if (tries == 5000)
			return "a process does not stop";
	}
	return NULL;
}

/* How many addresses lead to each frame: of the index's processes, and of our own. */
struct counts {
	uint16_t *of;
	uint64_t end;
	uint64_t *kcounts;	/* CHUNK words each, touched before anything is counted */
	uint64_t *kflags;
	uint64_t *words;
};

static void count(const struct counts *counts, uint64_t pfn, uint64_t times)
{
	if (pfn < counts->end)
		counts->of[pfn] = times + counts->of[pfn] > UINT16_MAX ? UINT16_MAX :
				  counts->of[pfn] + times;
}

static int count_index(const struct vmlab_index *index, const struct counts *counts)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	int ret = vmlab_sets_start(index, &sets);

	while (!ret && (ret = vmlab_sets_next(sets, &set)) > 0) {
		uint64_t pages = set.count << (set.shift - 12), i;

		ret = 0;
		/* Only what is counted: not the zero page. */
		if (set.swapped || !strcmp(set.class, "zero"))
			continue;
		for (i = 0; i < pages; i++)
			count(counts, set.pfn + i, set.nr_addresses);
	}
	vmlab_sets_end(sets);
	return ret;
}

static void count_own(const struct witness *w, const struct counts *counts)
{
	struct witness_area *areas;
	ssize_t nr = witness_areas(0, &areas), i;
	uint64_t *words = counts->words, pages, at, j;

	for (i = 0; i < nr; i++) {
		/* No further than its end: a chunk on from [vsyscall] is address 0 again. */
		for (at = areas[i].start; at < areas[i].end; at += pages * 4096) {
			pages = (areas[i].end - at) / 4096;
			if (pages > CHUNK)
				pages = CHUNK;
			if (witness_pagemap(w, at, words, pages))
				break;
			for (j = 0; j < pages; j++)
				if (words[j] & PM_PRESENT)
					count(counts, PM_PFN(words[j]), 1);
		}
	}
	if (nr >= 0)
		free(areas);
}

/*
 * zsmalloc (zram) keeps offsets where processes' pages have their map count, and
 * kpagecount takes them for one: memory that is in no cache and of no process.
 */
static bool is_borrowed(uint64_t flags)
{
	return flags & KPF(PRIVATE) && !(flags & (KPF(LRU) | KPF(ANON) | KPF(HUGE) |
						  KPF(UPTODATE) | KPF(SWAPBACKED)));
}

static void compare(const struct witness *w, const struct counts *counts, struct pairs *pairs)
{
	const uint64_t *kcounts = counts->kcounts, *kflags = counts->kflags;
	uint64_t pfn, i;

	for (pfn = 0; pfn < counts->end; pfn += CHUNK) {
		if (witness_counts(w, pfn, counts->kcounts, CHUNK) ||
		    witness_flags(w, pfn, counts->kflags, CHUNK))
			break;
		for (i = 0; i < CHUNK && pfn + i < counts->end; i++) {
			uint64_t ours = counts->of[pfn + i];
			bool large = kflags[i] & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL));

			/* It is mapped, but by design nobody counts. */
			if (kflags[i] & KPF(ZERO_PAGE))
				continue;
			if (kcounts[i] && !ours && is_borrowed(kflags[i])) {
				pairs->borrowed++;
				continue;
			}
			if (kcounts[i] && !ours)
				pairs->lacking++;
			if (large) {
				pairs->large += kcounts[i] > 0;
			} else if (kcounts[i]) {
				pairs->frames++;
				pairs->shared += kcounts[i] > 1;
				pairs->pairs += ours;
				pairs->differing += ours && ours != kcounts[i];
			}
			if (!*pairs->first && kcounts[i] && (large ? !ours : ours != kcounts[i]))
				snprintf(pairs->first, sizeof(pairs->first),
					 "frame %llu: %llu addresses, kpagecount %llu, kpageflags 0x%llx",
					 (unsigned long long)(pfn + i), (unsigned long long)ours,
					 (unsigned long long)kcounts[i],
					 (unsigned long long)kflags[i]);
		}
	}
}

/* What two sets have that is not the same; "" for nothing. */
static void sets_differ(char *why, size_t size, struct vmlab_sets *sets, const struct vmlab_set *a,
			struct vmlab_sets *others, const struct vmlab_set *b)
{
	size_t i;

	*why = '\0';
	if (a->pfn != b->pfn || a->count != b->count || a->swap_offset != b->swap_offset ||
	    a->nr != b->nr || strcmp(a->class, b->class)) {
		snprintf(why, size, "frame %llu x %llu %s %zu mappings 0x%llx, then %llu x %llu %s %zu 0x%llx",
			 (unsigned long long)a->pfn, (unsigned long long)a->count, a->class,
			 a->nr, (unsigned long long)vmlab_sets_mapping(sets, 0).facts,
			 (unsigned long long)b->pfn, (unsigned long long)b->count, b->class, b->nr,
			 (unsigned long long)vmlab_sets_mapping(others, 0).facts);
		return;
	}
	for (i = 0; i < a->nr; i++) {
		struct vmlab_mapping m = vmlab_sets_mapping(sets, i);
		struct vmlab_mapping n = vmlab_sets_mapping(others, i);

		if (m.pid == n.pid && m.va == n.va && m.facts == n.facts && m.count == n.count)
			continue;
		snprintf(why, size, "frame %llu: %d at 0x%llx facts 0x%llx, then %d at 0x%llx facts 0x%llx",
			 (unsigned long long)a->pfn, (int)m.pid, (unsigned long long)m.va,
			 (unsigned long long)m.facts, (int)n.pid, (unsigned long long)n.va,
			 (unsigned long long)n.facts);
		return;
	}
}

/* The first thing that two indices say differently; "" when they say the same. */
static void indices_differ(char *why, size_t size, const struct vmlab_index *a,
			   const struct vmlab_index *b)
{
	struct vmlab_sets *sets = NULL, *others = NULL;
	struct vmlab_set set, other;
	int more, and_more;

	*why = '\0';
	if (vmlab_sets_start(a, &sets) || vmlab_sets_start(b, &others)) {
		snprintf(why, size, "no memory");
	} else {
		do {
			more = vmlab_sets_next(sets, &set);
			and_more = vmlab_sets_next(others, &other);
			if (more != and_more)
				snprintf(why, size, "one has more sets than the other");
			else if (more > 0)
				sets_differ(why, size, sets, &set, others, &other);
		} while (more > 0 && !*why);
	}
	vmlab_sets_end(sets);
	vmlab_sets_end(others);
}

static const char *build(struct vmlab_session *session, struct vmlab_index **index)
{
	const struct vmlab_index_how how = { .all = true, .singles = true };
	const struct vmlab_skipped *skipped;
	static char why[96];
	size_t nr;
	int ret = vmlab_index_build_all(session, &how, index);

	if (ret)
		return strerror(-ret);
	nr = vmlab_index_skipped(*index, &skipped);
	if (!nr)
		return NULL;
	snprintf(why, sizeof(why), "process %d is skipped: %s", (int)skipped->pid, skipped->why);
	return why;
}

/*
 * Two runs, one after the other. What they take is ours as long as they live, and counted
 * with all the rest of us. The keeper has a copy of us: a page that we write for the first
 * time since is another frame then, and the keeper's is his alone. So what we do is done
 * once for nothing.
 */
static const char *build_twice(struct vmlab_session *session, struct vmlab_index **index,
			       struct vmlab_index **again, struct pairs *pairs)
{
	const char *why = NULL;
	unsigned int tries;

	for (tries = 0; !why && tries < TRIES; tries++) {
		vmlab_index_free(*index);
		vmlab_index_free(*again);
		*index = *again = NULL;
		why = build(session, index);
		if (!why)
			why = build(session, again);
		if (!why)
			indices_differ(pairs->same, sizeof(pairs->same), *index, *again);
		if (!why && tries && !*pairs->same)
			break;
	}
	return why;
}

static const char *look(struct pairs *pairs, const struct witness *w, struct counts *counts)
{
	struct vmlab_index *index = NULL, *again = NULL;
	struct vmlab_session *session;
	const char *why = NULL;
	unsigned int tries;
	int ret = vmlab_session_open(&session);

	if (ret)
		return strerror(-ret);
	why = build_twice(session, &index, &again, pairs);
	for (tries = 0; !why && tries < TRIES; tries++) {
		memset(counts->of, 0, counts->end * sizeof(*counts->of));
		memset(pairs, 0, offsetof(struct pairs, same));
		if (count_index(index, counts))
			why = "no memory";
		count_own(w, counts);
		compare(w, counts, pairs);
		if (tries && !pairs->lacking && !pairs->differing)
			break;
	}
	vmlab_index_free(index);
	vmlab_index_free(again);
	vmlab_session_close(session);
	return why;
}

static size_t size_of(const struct counts *counts)
{
	return counts->end * sizeof(*counts->of) + 3 * CHUNK * 8;
}

/* All at once, there from the beginning, and the keeper's too rather than copied. */
static int take_memory(struct counts *counts)
{
	uint64_t *words = mmap(NULL, size_of(counts), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (words == MAP_FAILED)
		return -1;
	counts->words = words;
	counts->kcounts = words + CHUNK;
	counts->kflags = words + 2 * CHUNK;
	counts->of = (uint16_t *)(words + 3 * CHUNK);
	return 0;
}

const char *pairs_compare(struct pairs *pairs)
{
	struct counts counts = { .end = witness_end_of_ram() };
	const char *why;
	struct witness w;
	pid_t keeper;
	int pipe_end;

	memset(pairs, 0, sizeof(*pairs));
	if (take_memory(&counts) || witness_open(&w, 0))
		return "no memory, or no pagemap";
	why = list_others();
	keeper = why ? -1 : start_keeper(&pipe_end);
	if (!why && keeper < 0)
		why = "no keeper";
	if (!why)
		why = stop_others();
	if (!why)
		why = look(pairs, &w, &counts);
	if (keeper > 0) {
		close(pipe_end);
		waitpid(keeper, NULL, 0);
	}
	witness_close(&w);
	munmap(counts.words, size_of(&counts));
	return why;
}
