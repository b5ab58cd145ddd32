// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * index.c - who maps what: frame -> (process, address, permission, accessed, dirty), and
 * its mirror address -> (process, frame), from scans of all processes.
 *
 * A process is in the index as a whole, or not at all: whoever ends, runs another program
 * or is withheld is skipped, and said so.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"
#include "spans.h"

/* What all threads of one build share. */
struct build {
	struct vmlab_session *session;
	struct vmlab_index *index;
	atomic_size_t next;	/* the process that nobody has taken yet */
	atomic_int failed;
};

struct worker {
	struct build *build;
	unsigned int lane;
	struct vmlab_scanner scan;	/* its buffer is used for one process after the other */
	pthread_t thread;
};

static int by_file(const void *a, const void *b)
{
	const struct vmlab_vma *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->dev_major != y->dev_major)
		return x->dev_major < y->dev_major ? -1 : 1;
	return (x->dev_minor > y->dev_minor) - (x->dev_minor < y->dev_minor);
}

/*
 * The VMAs of programs and libraries, in place of all of them: of files that are mapped
 * executable and private, too. Code that is shared was written there by somebody.
 */
static size_t keep_images(struct vmlab_vma *vmas, size_t nr)
{
	struct vmlab_vma *files = malloc((nr + 1) * sizeof(*files));
	size_t nr_files = 0, kept_vmas = 0, i;

	if (!files)
		return 0;
	for (i = 0; i < nr; i++)
		if ((vmas[i].flags & (VMLAB_VMA_FILE | VMLAB_VMA_EXEC | VMLAB_VMA_SHARED)) ==
		    (VMLAB_VMA_FILE | VMLAB_VMA_EXEC))
			files[nr_files++] = vmas[i];
	qsort(files, nr_files, sizeof(*files), by_file);
	for (i = 0; i < nr; i++)
		if ((vmas[i].flags & VMLAB_VMA_FILE) &&
		    bsearch(&vmas[i], files, nr_files, sizeof(*files), by_file))
			vmas[kept_vmas++] = vmas[i];
	free(files);
	return kept_vmas;
}

/* Two processes with one root have one address space. */
static uint64_t root_of(struct vmlab_target *target, uint64_t va)
{
	struct vmlab_walk walk;

	if (vmlab_target_walk(target, va, &walk) || !walk.out_nr_levels)
		return 0;
	return walk.out_levels[0].table_pa;
}

static int take_runs(struct worker *w, size_t proc, const struct vmlab_vma *images, size_t nr)
{
	struct vmlab_index *index = w->build->index;
	struct vmlab_run run;
	size_t i = 0;
	int ret;

	while ((ret = vmlab_scan_next(&w->scan, &run)) > 0) {
		while (i < nr && images[i].end <= run.va)
			i++;
		ret = vmlab_index_add(index, w->lane, proc, &run,
				      i < nr && images[i].start <= run.va);
		if (ret)
			break;
	}
	return ret;
}

static int take_target(struct worker *w, size_t proc, struct vmlab_target *target)
{
	struct proc *p = &w->build->index->procs[proc];
	struct vmlab_vma *vmas = NULL;
	ssize_t nr;
	int ret;

	/* Without frames there is nothing to tell. */
	if (vmlab_target_hidden(target))
		return -EPERM;
	nr = vmlab_target_vmas(target, 0, 0, &vmas);
	if (nr < 0 && nr != -EPERM)
		return nr;
	if (nr > 0)
		p->root = root_of(target, vmas[0].start);
	nr = nr > 0 ? keep_images(vmas, nr) : 0;
	w->scan.target = target;
	w->scan.next = 0;
	w->scan.have = w->scan.at = 0;
	w->scan.asked = false;
	ret = take_runs(w, proc, vmas, nr);
	free(vmas);
	return ret;
}

static const char *why_gone(struct vmlab_session *session, pid_t pid)
{
	switch (vmlab_proc_kind(session, pid)) {
	case VMLAB_PROC_KTHREAD:
		return "kernel-thread";
	case VMLAB_PROC_USER:
		return "exec";
	default:
		return "exit";
	}
}

/* All of a process, or nothing. Only what stops everything is an error. */
static int take_process(struct worker *w, size_t proc)
{
	struct vmlab_index *index = w->build->index;
	struct lane *lane = &index->lanes[w->lane];
	const struct lane saved = *lane;
	struct proc *p = &index->procs[proc];
	struct vmlab_target *target;
	bool opened;
	int ret;

	ret = vmlab_target_open(w->build->session, p->pid, &target);
	opened = !ret;
	if (!ret) {
		p->pid = vmlab_target_pid(target);
		ret = take_target(w, proc, target);
		vmlab_target_close(target);
	}
	if (!ret)
		return 0;
	/* No span goes on from one process to the next: what was there before is as it was. */
	lane->nr = saved.nr;
	lane->pages = saved.pages;
	p->err = ret;
	switch (ret) {
	case -ESRCH:
		p->why = why_gone(w->build->session, p->pid);
		return 0;
	case -EPERM:
	case -EACCES:
		p->why = opened ? "hidden" : "not-permitted";
		return 0;
	}
	return ret;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct build *build = w->build;
	size_t proc;
	int ret;

	while (!build->failed) {
		proc = build->next++;
		if (proc >= build->index->nr_procs)
			break;
		ret = take_process(w, proc);
		if (ret)
			build->failed = ret;
	}
	if (!build->failed)
		vmlab_index_sort(build->index, w->lane);
	return NULL;
}

static int run_workers(struct build *build)
{
	const struct vmlab_index_how *how = &build->index->how;
	const struct vmlab_filter filter = {
		.any_of = VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE | VMLAB_FACT_SWAP,
		.none_of = how->all || how->by_address ? 0 : VMLAB_FACT_SWAP_EXCLUSIVE,
		.min_mapcount = how->all || how->by_address ? 0 : 2,
	};
	struct worker workers[VMLAB_INDEX_LANES] = { { .build = build } };
	const unsigned int lanes = build->index->nr_lanes;
	unsigned int i, started = 0;
	int ret = 0;

	for (i = 0; i < lanes; i++) {
		struct vmlab_scanner *scan = &workers[i].scan;

		workers[i].build = build;
		workers[i].lane = i;
		scan->session = build->session;
		scan->format = VMLAB_FORMAT_RUNS;
		scan->rec_size = sizeof(struct vmlab_run);
		scan->filter = filter;
		scan->end = vmlab_session_info(build->session)->out_user_end;
		scan->nr_recs = 4096;
		scan->buf = calloc(scan->nr_recs, scan->rec_size);
		if (!scan->buf) {
			ret = -ENOMEM;
			break;
		}
		/* The first one is this thread, and where there is no other it does it all. */
		if (i && pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			break;
		started = i + 1;
	}
	if (!ret)
		work(&workers[0]);
	else
		build->failed = ret;
	for (i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < lanes; i++)
		free(workers[i].scan.buf);
	return build->failed;
}

static int by_root(const void *a, const void *b)
{
	const struct proc *const *x = a, *const *y = b;

	if ((*x)->root != (*y)->root)
		return (*x)->root < (*y)->root ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

/* While both are held, no other address space can have got the root of one of them. */
static bool same_space(struct vmlab_session *session, pid_t a, pid_t b)
{
	struct vmlab_target *ta = NULL, *tb = NULL;
	struct vmlab_vma *vmas = NULL;
	bool same = false;
	uint64_t root;

	if (vmlab_target_open(session, a, &ta) || vmlab_target_open(session, b, &tb))
		goto out;
	if (vmlab_target_vmas(ta, 0, 0, &vmas) <= 0)
		goto out;
	root = root_of(ta, vmas[0].start);
	same = root && root == root_of(tb, vmas[0].start);
out:
	free(vmas);
	vmlab_target_close(ta);
	vmlab_target_close(tb);
	return same;
}

/*
 * A vfork, or threads that are no threads to the kernel: one set of tables under two
 * pids would make everything in it look shared. The lowest pid stays.
 */
static int drop_twins(struct vmlab_session *session, struct vmlab_index *index)
{
	struct proc **order = malloc((index->nr_procs + 1) * sizeof(*order));
	bool any = false;
	unsigned int l;
	size_t nr = 0, i;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < index->nr_procs; i++)
		if (!index->procs[i].why && index->procs[i].root)
			order[nr++] = &index->procs[i];
	qsort(order, nr, sizeof(*order), by_root);
	for (i = 1; i < nr; i++) {
		if (order[i]->root != order[i - 1]->root ||
		    !same_space(session, order[i - 1]->pid, order[i]->pid))
			continue;
		order[i]->why = "same-space";
		any = true;
	}
	free(order);
	for (l = 0; any && l < index->nr_lanes; l++) {
		struct lane *lane = &index->lanes[l];
		size_t kept_spans = 0;

		for (i = 0; i < lane->nr; i++) {
			if (index->procs[span_proc(&lane->v[i])].why)
				lane->pages -= lane->v[i].pages;
			else
				lane->v[kept_spans++] = lane->v[i];
		}
		lane->nr = kept_spans;
	}
	return 0;
}

static int sum_up(struct vmlab_index *index)
{
	struct vmlab_index_totals *t = &index->totals;
	unsigned int l;
	size_t i;

	index->skipped = calloc(index->nr_procs + 1, sizeof(*index->skipped));
	index->pids = calloc(index->nr_procs + 1, sizeof(*index->pids));
	if (!index->skipped || !index->pids)
		return -ENOMEM;
	for (i = 0; i < index->nr_procs; i++) {
		const struct proc *p = &index->procs[i];

		if (p->why)
			index->skipped[index->nr_skipped++] = (struct vmlab_skipped) {
				.pid = p->pid, .err = p->err, .why = p->why,
			};
		else
			index->pids[t->processes++] = p->pid;
	}
	t->bytes = sizeof(*index) + index->nr_procs * sizeof(*index->procs);
	for (l = 0; l < index->nr_lanes; l++) {
		t->pages += index->lanes[l].pages;
		t->bytes += index->lanes[l].nr * sizeof(struct span);
	}
	return 0;
}

/* In one order, and each once: so that two runs give the same, and one pid one process. */
static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static unsigned int lanes_for(struct vmlab_session *session, unsigned int threads, size_t nr)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	/* Answers of a recording are found in the order in which they were asked for. */
	if (!vmlab_source_is_plain(session->source))
		return 1;
	if (!threads)
		threads = cpus > 0 ? cpus : 1;
	if (threads > VMLAB_INDEX_LANES)
		threads = VMLAB_INDEX_LANES;
	return threads < nr ? threads : nr ? nr : 1;
}

int vmlab_index_build(struct vmlab_session *session, const pid_t *pids, size_t nr,
		      const struct vmlab_index_how *how, struct vmlab_index **out)
{
	static const struct vmlab_index_how plain;
	struct build build = { .session = session };
	pid_t *sorted;
	size_t i, distinct = 0;
	int ret;

	*out = NULL;
	if (!how)
		how = &plain;
	sorted = malloc((nr + 1) * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, pids, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), by_pid);
	for (i = 0; i < nr; i++)
		if (!i || sorted[i] != sorted[i - 1])
			sorted[distinct++] = sorted[i];
	if (distinct > PROC_MASK) {
		free(sorted);
		return -E2BIG;
	}
	build.index = vmlab_index_new(vmlab_session_info(session)->out_page_shift,
				      lanes_for(session, how->threads, distinct), how, sorted,
				      distinct);
	free(sorted);
	if (!build.index)
		return -ENOMEM;
	ret = run_workers(&build);
	if (!ret)
		ret = drop_twins(session, build.index);
	if (!ret)
		ret = sum_up(build.index);
	if (ret) {
		vmlab_index_free(build.index);
		return ret;
	}
	*out = build.index;
	return 0;
}

static bool is_skipped(const struct vmlab_index *index, pid_t pid)
{
	size_t i;

	for (i = 0; i < index->nr_skipped; i++)
		if (index->skipped[i].pid == pid)
			return true;
	return false;
}

/* Those of @now that were not there @before: both in ascending order. */
static int skip_newcomers(struct vmlab_session *session, struct vmlab_index *index,
			  const pid_t *before, size_t nr_before, const pid_t *now, size_t nr_now)
{
	struct vmlab_skipped *all, *skipped;
	size_t i, j = 0, nr = 0;

	all = calloc(index->nr_skipped + nr_now + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	/* Two lists in order, merged into one. */
	for (skipped = index->skipped, i = 0; i < nr_now; i++) {
		while (j < nr_before && before[j] < now[i])
			j++;
		if ((j < nr_before && before[j] == now[i]) || is_skipped(index, now[i]) ||
		    vmlab_proc_kind(session, now[i]) == VMLAB_PROC_KTHREAD)
			continue;
		while (skipped < index->skipped + index->nr_skipped && skipped->pid < now[i])
			all[nr++] = *skipped++;
		all[nr++] = (struct vmlab_skipped) { .pid = now[i], .why = "started" };
	}
	while (skipped < index->skipped + index->nr_skipped)
		all[nr++] = *skipped++;
	free(index->skipped);
	index->skipped = all;
	index->nr_skipped = nr;
	return 0;
}

static void forget_kthreads(struct vmlab_index *index)
{
	size_t i, nr = 0;

	for (i = 0; i < index->nr_skipped; i++)
		if (!index->skipped[i].why || strcmp(index->skipped[i].why, "kernel-thread"))
			index->skipped[nr++] = index->skipped[i];
	index->nr_skipped = nr;
}

int vmlab_index_build_all(struct vmlab_session *session, const struct vmlab_index_how *how,
			  struct vmlab_index **out)
{
	pid_t *before, *now = NULL;
	ssize_t nr_before, nr_now;
	int ret;

	*out = NULL;
	nr_before = vmlab_proc_list(session, &before);
	if (nr_before < 0)
		return nr_before;
	ret = vmlab_index_build(session, before, nr_before, how, out);
	if (ret)
		goto out;
	forget_kthreads(*out);
	nr_now = vmlab_proc_list(session, &now);
	ret = nr_now < 0 ? nr_now :
	      skip_newcomers(session, *out, before, nr_before, now, nr_now);
	if (ret) {
		vmlab_index_free(*out);
		*out = NULL;
	}
out:
	free(before);
	free(now);
	return ret;
}

pid_t vmlab_index_pid(const struct vmlab_index *index, size_t i)
{
	return index->pids[i];
}

const struct vmlab_index_totals *vmlab_index_totals(const struct vmlab_index *index)
{
	return &index->totals;
}

size_t vmlab_index_skipped(const struct vmlab_index *index,
			   const struct vmlab_skipped **out)
{
	*out = index->skipped;
	return index->nr_skipped;
}
