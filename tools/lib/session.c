// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * session.c - the module's node, the targets opened through it, and bulk queries
 * that are asked again until everything is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libvmlab.h"
#include "session.h"

#define NODE		"/dev/vmlab"
/* One SCAN fills this many records: 192 KiB, a few thousand system calls saved. */
#define SCAN_RECS	4096
/* Records of the smaller bulk queries: VMAs, tables. */
#define BULK_RECS	512
/* Where the numbers of CPUs end (VMLAB_CPUS). */
#define CPUS_END	(1U << 16)

struct vmlab_target {
	struct vmlab_session *session;
	struct vmlab_object *object;
	pid_t pid;
	pid_t asked;		/* 0 for the caller itself */
	uint32_t flags;		/* of OPEN */
	struct vmlab_object *mem;	/* /proc/PID/mem, once a thread was asked about */
	int mem_err;		/* why it could not be opened */
};

/*
 * What answers say is checked here, once: a recording may say anything, and nobody
 * above has to ask whether a shift can be shifted by or a level has a name.
 */
static bool info_is_sane(const struct vmlab_info *info)
{
	return info->out_page_shift >= 10 && info->out_page_shift <= 20 &&
	       info->out_levels >= VMLAB_LEVEL_PTE && info->out_levels <= VMLAB_MAX_LEVELS &&
	       info->out_va_bits >= 1 && info->out_va_bits <= 64;
}

static bool level_is_sane(unsigned int level)
{
	return level >= VMLAB_LEVEL_PTE && level <= VMLAB_MAX_LEVELS;
}

static bool run_is_sane(const struct vmlab_info *info, const struct vmlab_run *run)
{
	return run->count && level_is_sane(run->level) &&
	       run->shift >= info->out_page_shift && run->shift < 64;
}

static bool raw_is_sane(const struct vmlab_info *info, const struct vmlab_raw *raw)
{
	return raw->count && level_is_sane(raw->level) && raw->step <= 1 &&
	       raw->shift >= info->out_page_shift && raw->shift < 64;
}

static bool walk_is_sane(const struct vmlab_info *info, const struct vmlab_walk *walk)
{
	uint32_t i;

	if (walk->out_nr_levels > VMLAB_MAX_LEVELS)
		return false;
	for (i = 0; i < walk->out_nr_levels; i++)
		if (!level_is_sane(walk->out_levels[i].level))
			return false;
	if ((walk->out_flags & VMLAB_OUT_USER_ROOT) && !level_is_sane(walk->out_user_root.level))
		return false;
	return !walk->out_leaf.count || run_is_sane(info, &walk->out_leaf);
}

/*
 * The oldest contract that is understood: of a module, or of a recording. What it does
 * not know it refuses itself (ENOTTY, EOPNOTSUPP).
 */
#define OLDEST_API_VERSION	1

/* Asked by every session, so that every recording tells its kernel. */
static void read_release(struct vmlab_session *session)
{
	char *text;

	if (vmlab_source_text(session->source, "/proc/sys/kernel/osrelease", &text) < 0)
		return;
	snprintf(session->release, sizeof(session->release), "%.*s",
		 (int)strcspn(text, "\n"), text);
	free(text);
}

/* On success, and only then, the source is the session's. */
static int start(struct vmlab_source *source, struct vmlab_session **out)
{
	struct vmlab_session *session = calloc(1, sizeof(*session));
	struct vmlab_question q = {
		.cmd = VMLAB_INFO,
		.arg = session ? &session->info : NULL,
		.size = sizeof(session->info),
		.sz_in = offsetof(struct vmlab_info, out_api_version),
	};
	int ret;

	if (!session)
		return -ENOMEM;
	session->source = source;
	ret = vmlab_object_open(source, NODE, O_RDWR, &session->node);
	if (ret)
		goto free_session;
	session->info.size = sizeof(session->info);
	ret = vmlab_object_ask(session->node, &q);
	if (ret)
		goto close_node;
	if (session->info.out_api_version < OLDEST_API_VERSION) {
		ret = -EPROTO;
		goto close_node;
	}
	if (!info_is_sane(&session->info)) {
		ret = -EBADMSG;
		goto close_node;
	}
	session->info.out_module_version[sizeof(session->info.out_module_version) - 1] = '\0';
	read_release(session);
	*out = session;
	return 0;

close_node:
	vmlab_object_close(session->node);
free_session:
	free(session);
	return ret;
}

/* What makes a session of a source: start(), or start_bare(). */
typedef int (*start_fn)(struct vmlab_source *source, struct vmlab_session **out);

static int start_live(const char *record, start_fn begin, struct vmlab_session **out)
{
	struct vmlab_source *source;
	int ret;

	*out = NULL;
	ret = vmlab_source_live(record, &source);
	if (ret)
		return ret;
	ret = begin(source, out);
	if (ret)
		vmlab_source_close(source);
	return ret;
}

static int replay(struct vmlab_source *source, start_fn begin, struct vmlab_session **out)
{
	int ret = begin(source, out);

	if (ret)
		vmlab_source_close(source);
	/* Not even INFO: whatever it is, it was not made by recording a session. */
	return ret == -ENODATA ? -EBADMSG : ret;
}

static int start_replay(const char *path, start_fn begin, struct vmlab_session **out)
{
	struct vmlab_source *source;
	int ret;

	*out = NULL;
	ret = vmlab_source_replay(path, &source);
	return ret ? ret : replay(source, begin, out);
}

int vmlab_session_record(const char *path, struct vmlab_session **out)
{
	return start_live(path, start, out);
}

int vmlab_session_open(struct vmlab_session **out)
{
	return vmlab_session_record(NULL, out);
}

/* The architecture that this was built for. */
static uint32_t arch_here(void)
{
#if defined(__x86_64__)
	return VMLAB_ARCH_X86_64;
#elif defined(__aarch64__)
	return VMLAB_ARCH_ARM64;
#else
	return 0;
#endif
}

/* What a session without the module knows of the machine, in place of INFO. */
static int start_bare(struct vmlab_source *source, struct vmlab_session **out)
{
	struct vmlab_session *session = calloc(1, sizeof(*session));
	int64_t arch = arch_here(), page = sysconf(_SC_PAGESIZE);
	int ret;

	if (!session)
		return -ENOMEM;
	session->source = source;
	ret = vmlab_source_number(source, "arch", &arch);
	if (!ret)
		ret = vmlab_source_number(source, "page-size", &page);
	if (!ret && (page < 1024 || page > 1 << 20 || page & (page - 1)))
		ret = -EBADMSG;
	if (ret) {
		free(session);
		return ret;
	}
	session->info.out_arch = arch;
	session->info.out_page_shift = __builtin_ctzll(page);
	read_release(session);
	*out = session;
	return 0;
}

int vmlab_session_bare(const char *record, struct vmlab_session **out)
{
	return start_live(record, start_bare, out);
}

int vmlab_session_bare_replay(const char *path, struct vmlab_session **out)
{
	return start_replay(path, start_bare, out);
}

int vmlab_session_replay(const char *path, struct vmlab_session **out)
{
	return start_replay(path, start, out);
}

int vmlab_session_replay_bytes(const void *bytes, size_t size, struct vmlab_session **out)
{
	struct vmlab_source *source;
	int ret;

	*out = NULL;
	ret = vmlab_source_replay_bytes(bytes, size, &source);
	return ret ? ret : replay(source, start, out);
}

int vmlab_session_close(struct vmlab_session *session)
{
	int ret;

	if (!session)
		return 0;
	vmlab_object_close(session->node);
	ret = vmlab_source_close(session->source);
	free(session);
	return ret;
}

int vmlab_session_round(struct vmlab_session *session, int64_t round, bool *more)
{
	int64_t number = *more ? round + 1 : 0;
	int ret = vmlab_source_number(session->source, "round", &number);

	/* The last answer of a recording is given for ever: it has to be this round's. */
	if (!ret && number && number != round + 1)
		ret = -EBADMSG;
	*more = !ret && number;
	return ret;
}

const char *vmlab_session_release(const struct vmlab_session *session)
{
	return session->release[0] ? session->release : NULL;
}

const struct vmlab_info *vmlab_session_info(const struct vmlab_session *session)
{
	return &session->info;
}

/* The kernel's decision: an open pagemap, or (second door) the pid itself. */
static int open_target(struct vmlab_session *session, const char *path, pid_t pid,
		       struct vmlab_open *open)
{
	struct vmlab_question q = {
		.cmd = VMLAB_OPEN,
		.arg = open,
		.size = sizeof(*open),
		.sz_in = offsetof(struct vmlab_open, out_fd),
		.local = offsetof(struct vmlab_open, fd),
		.sz_local = sizeof(open->fd),
	};
	struct vmlab_object *pagemap;
	int ret;

	open->size = sizeof(*open);
	if (session->info.out_door == VMLAB_DOOR_PID) {
		open->fd = -1;
		open->pid = pid;
		return vmlab_object_ask(session->node, &q);
	}
	ret = vmlab_object_open(session->source, path, O_RDONLY, &pagemap);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	open->fd = vmlab_object_fd(pagemap);
	ret = vmlab_object_ask(session->node, &q);
	vmlab_object_close(pagemap);
	return ret;
}

int vmlab_target_open(struct vmlab_session *session, pid_t pid,
		      struct vmlab_target **out)
{
	struct vmlab_open open = { 0 };
	struct vmlab_target *target;
	int64_t self = getpid();
	char path[64];
	int ret, fd;

	*out = NULL;
	if (pid < 0)
		return -ESRCH;
	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	if (!pid) {
		ret = vmlab_source_number(session->source, "self", &self);
		if (!ret && (self <= 0 || self > INT32_MAX))
			ret = -EBADMSG;
		if (ret)
			goto free_target;
		snprintf(path, sizeof(path), "/proc/self/pagemap");
	} else {
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	}
	target->session = session;
	target->asked = pid;
	target->pid = pid ? pid : self;
	ret = open_target(session, path, target->pid, &open);
	if (ret)
		goto free_target;
	fd = vmlab_source_is_replay(session->source) ? -1 : open.out_fd;
	/* Named after what it was made from: the question, not the number, counts. */
	ret = vmlab_object_adopt(session->source, path, fd, &target->object);
	if (ret) {
		if (fd >= 0)
			close(fd);
		goto free_target;
	}
	target->flags = open.out_flags;
	*out = target;
	return 0;

free_target:
	free(target);
	return ret;
}

void vmlab_target_close(struct vmlab_target *target)
{
	if (!target)
		return;
	vmlab_object_close(target->object);
	if (target->mem)
		vmlab_object_close(target->mem);
	free(target);
}

pid_t vmlab_target_pid(const struct vmlab_target *target)
{
	return target->pid;
}

pid_t vmlab_target_asked(const struct vmlab_target *target)
{
	return target->asked;
}

const struct vmlab_info *vmlab_target_info(const struct vmlab_target *target)
{
	return &target->session->info;
}

bool vmlab_target_hidden(const struct vmlab_target *target)
{
	return target->flags & VMLAB_OUT_HIDDEN;
}

uint64_t vmlab_target_facts(const struct vmlab_target *target)
{
	/* Some kernels have no such thing: soft-dirty, for one. */
	uint64_t facts = VMLAB_FACTS_KNOWN & target->session->info.out_facts;

	if (target->flags & VMLAB_OUT_HIDDEN)
		facts &= VMLAB_FACTS_PUBLIC;
	if (target->flags & VMLAB_OUT_COARSE)
		facts &= ~VMLAB_FACTS_COARSE;
	if (target->flags & VMLAB_OUT_NO_VMAS)
		facts &= ~VMLAB_FACTS_OF_VMA;
	return facts;
}

int vmlab_target_fd(const struct vmlab_target *target)
{
	return vmlab_object_fd(target->object);
}

int vmlab_target_walk(struct vmlab_target *target, uint64_t va,
		      struct vmlab_walk *out)
{
	struct vmlab_question q = {
		.cmd = VMLAB_WALK,
		.arg = out,
		.size = sizeof(*out),
		.sz_in = offsetof(struct vmlab_walk, out_flags),
	};
	int ret;

	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->va = va;
	ret = vmlab_object_ask(target->object, &q);
	if (!ret && !walk_is_sane(&target->session->info, out))
		ret = -EBADMSG;
	return ret;
}

/* Once: the kernel decides at the open whether we may know registers. */
static int open_mem(struct vmlab_target *target)
{
	char path[64];

	if (target->mem || target->mem_err)
		return target->mem_err;
	if (target->asked)
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)target->pid);
	else
		snprintf(path, sizeof(path), "/proc/self/mem");
	target->mem_err = vmlab_object_open(target->session->source, path, O_RDONLY,
					    &target->mem);
	return target->mem_err;
}

int vmlab_target_thread(struct vmlab_target *target, pid_t tid, struct vmlab_thread *out)
{
	struct vmlab_question q = {
		.cmd = VMLAB_THREAD,
		.arg = out,
		.size = sizeof(*out),
		.sz_in = offsetof(struct vmlab_thread, out_flags),
		.local = offsetof(struct vmlab_thread, fd),
		.sz_local = sizeof(out->fd),
	};
	int ret = open_mem(target);

	memset(out, 0, sizeof(*out));
	if (ret)
		return ret;
	out->size = sizeof(*out);
	out->fd = vmlab_object_fd(target->mem);
	out->tid = tid;
	ret = vmlab_object_ask(target->object, &q);
	/* Of another address space than the target's: it runs another program by now. */
	return ret == -EINVAL ? -ESRCH : ret;
}

int vmlab_kernel_walk(struct vmlab_session *session, uint64_t va, struct vmlab_walk *out)
{
	struct vmlab_question q = {
		.cmd = VMLAB_KWALK,
		.arg = out,
		.size = sizeof(*out),
		.sz_in = offsetof(struct vmlab_walk, out_flags),
	};
	int ret;

	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->va = va;
	ret = vmlab_object_ask(session->node, &q);
	if (!ret && !walk_is_sane(&session->info, out))
		ret = -EBADMSG;
	return ret;
}

/* From low to high, each with something in it, and none over another. */
static bool kregions_are_sane(const struct vmlab_info *info, const struct vmlab_kregions *ask)
{
	uint64_t at = info->out_kernel_start;
	uint32_t i;

	if (ask->out_nr > VMLAB_MAX_KREGIONS)
		return false;
	for (i = 0; i < ask->out_nr; i++) {
		const struct vmlab_kregion *region = &ask->out_regions[i];

		if (region->start < at || region->end <= region->start ||
		    (region->start | region->end) & ((1ULL << info->out_page_shift) - 1))
			return false;
		at = region->end;
	}
	return true;
}

int vmlab_kernel_regions(struct vmlab_session *session, struct vmlab_kregions *out)
{
	struct vmlab_question q = {
		.cmd = VMLAB_KREGIONS,
		.arg = out,
		.size = sizeof(*out),
		.sz_in = offsetof(struct vmlab_kregions, out_nr),
	};
	int ret;

	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	ret = vmlab_object_ask(session->node, &q);
	if (!ret && !kregions_are_sane(&session->info, out))
		ret = -EBADMSG;
	return ret;
}

static int scan_start(struct vmlab_scanner *scan, struct vmlab_session *session, uint64_t start,
		      uint64_t end, uint32_t nr_recs)
{
	scan->session = session;
	scan->next = start;
	scan->end = end;
	scan->nr_recs = nr_recs ? nr_recs : SCAN_RECS;
	scan->buf = calloc(scan->nr_recs, scan->rec_size);
	return scan->buf ? 0 : -ENOMEM;
}

int vmlab_scan_start(struct vmlab_scanner *scan, struct vmlab_target *target,
		     uint64_t start, uint64_t end,
		     const struct vmlab_filter *filter, uint32_t nr_recs)
{
	*scan = (struct vmlab_scanner) {
		.target = target,
		.format = VMLAB_FORMAT_RUNS,
		.rec_size = sizeof(struct vmlab_run),
	};
	if (filter)
		scan->filter = *filter;
	return scan_start(scan, target->session, start,
			  end ? end : target->session->info.out_user_end, nr_recs);
}

int vmlab_scan_start_raw(struct vmlab_scanner *scan, struct vmlab_target *target,
			 uint64_t start, uint64_t end, uint32_t nr_recs)
{
	*scan = (struct vmlab_scanner) {
		.target = target,
		.format = VMLAB_FORMAT_RAW,
		.rec_size = sizeof(struct vmlab_raw),
	};
	return scan_start(scan, target->session, start,
			  end ? end : target->session->info.out_user_end, nr_recs);
}

int vmlab_kernel_scan_start(struct vmlab_scanner *scan, struct vmlab_session *session,
			    uint64_t start, uint64_t end,
			    const struct vmlab_filter *filter, uint32_t nr_recs)
{
	*scan = (struct vmlab_scanner) {
		.format = VMLAB_FORMAT_RUNS,
		.rec_size = sizeof(struct vmlab_run),
	};
	if (filter)
		scan->filter = *filter;
	return scan_start(scan, session, start,
			  end ? end : VMLAB_KERNEL_END(session->info.out_page_shift), nr_recs);
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
		.format = scan->format,
		.rec_size = scan->rec_size,
		.all_of = scan->filter.all_of,
		.any_of = scan->filter.any_of,
		.none_of = scan->filter.none_of,
		.min_mapcount = scan->filter.min_mapcount,
	};
	struct vmlab_question q = {
		.cmd = scan->target ? VMLAB_SCAN : VMLAB_KSCAN,
		.arg = &ask,
		.size = sizeof(ask),
		.sz_in = offsetof(struct vmlab_scan, out_next),
		.local = offsetof(struct vmlab_scan, buf),
		.sz_local = sizeof(ask.buf),
		.buf = scan->buf,
		.nr = &ask.out_nr,
		.max_recs = scan->nr_recs,
		.rec_size = scan->rec_size,
	};
	int ret;

	do {
		ret = vmlab_object_ask(scan->target ? scan->target->object :
				       scan->session->node, &q);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	/* An answer that does not get anywhere would be asked for ever. */
	if (ask.out_next > scan->end ||
	    (scan->next < scan->end && ask.out_next <= scan->next))
		return -EBADMSG;
	scan->next = ask.out_next;
	scan->have = ask.out_nr;
	scan->at = 0;
	return 0;
}

/* The next record of the buffer, filled again when it is used up. 1, 0 or -errno. */
static int scan_next(struct vmlab_scanner *scan, void *rec)
{
	int ret;

	while (scan->at == scan->have) {
		if (scan->asked && scan->next == scan->end)
			return 0;
		scan->asked = true;
		ret = fetch(scan);
		if (ret)
			return ret;
	}
	memcpy(rec, (const char *)scan->buf + (size_t)scan->at++ * scan->rec_size, scan->rec_size);
	return 1;
}

int vmlab_scan_next(struct vmlab_scanner *scan, struct vmlab_run *run)
{
	int ret = scan->format == VMLAB_FORMAT_RUNS ? scan_next(scan, run) : -EINVAL;

	if (ret == 1 && !run_is_sane(&scan->session->info, run))
		ret = -EBADMSG;
	return ret;
}

int vmlab_scan_next_raw(struct vmlab_scanner *scan, struct vmlab_raw *raw)
{
	int ret = scan->format == VMLAB_FORMAT_RAW ? scan_next(scan, raw) : -EINVAL;

	if (ret == 1 && !raw_is_sane(&scan->session->info, raw))
		ret = -EBADMSG;
	return ret;
}

void vmlab_scan_end(struct vmlab_scanner *scan)
{
	free(scan->buf);
	scan->buf = NULL;
}

/*
 * A query that is asked until it has answered all of its range. The pointers lead
 * into its struct, in the process's own memory.
 */
struct bulk {
	struct vmlab_object *object;
	struct vmlab_question q;
	__u64 *buf;		/* in the struct: where records go */
	__u32 *nr_recs;
	__u32 *out_nr;
	__u64 *start;
	__u64 *end;
	__u64 *out_next;
};

static ssize_t collect(struct bulk *bulk, void **out)
{
	size_t rec_size = bulk->q.rec_size, nr = 0;
	char *all = NULL, *more;
	int ret;

	*out = NULL;
	do {
		more = realloc(all, (nr + BULK_RECS) * rec_size);
		if (!more) {
			ret = -ENOMEM;
			goto fail;
		}
		all = more;
		bulk->q.buf = all + nr * rec_size;
		*bulk->buf = (uintptr_t)bulk->q.buf;
		*bulk->nr_recs = BULK_RECS;
		*bulk->out_nr = 0;
		*bulk->out_next = 0;
		do {
			ret = vmlab_object_ask(bulk->object, &bulk->q);
		} while (ret == -EINTR);
		/* An answer that does not get anywhere would be asked for ever. */
		if (!ret && *bulk->out_next <= *bulk->start && *bulk->start < *bulk->end)
			ret = -EBADMSG;
		if (ret)
			goto fail;
		nr += *bulk->out_nr;
		*bulk->start = *bulk->out_next;
	} while (*bulk->start < *bulk->end);
	*out = all;
	return nr;

fail:
	free(all);
	return ret;
}

/* The two structs have the same fields; only what a record is differs. */
#define BULK(_object, _cmd, _ask, _rec) {				\
	.object = (_object),						\
	.q = {								\
		.cmd = (_cmd),						\
		.arg = &(_ask),						\
		.size = sizeof(_ask),					\
		.sz_in = (uintptr_t)&(_ask).out_next - (uintptr_t)&(_ask), \
		.local = (uintptr_t)&(_ask).buf - (uintptr_t)&(_ask),	\
		.sz_local = sizeof((_ask).buf),				\
		.nr = &(_ask).out_nr,					\
		.max_recs = BULK_RECS,					\
		.rec_size = sizeof(_rec),				\
	},								\
	.buf = &(_ask).buf,					\
	.nr_recs = &(_ask).nr_recs,					\
	.out_nr = &(_ask).out_nr,					\
	.start = &(_ask).start,				\
	.end = &(_ask).end,					\
	.out_next = &(_ask).out_next,			\
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
	struct bulk bulk = BULK(target->object, VMLAB_VMAS, ask, struct vmlab_vma);

	return collect(&bulk, (void **)out);
}

ssize_t vmlab_target_tables(struct vmlab_target *target, uint64_t start,
			    uint64_t end, struct vmlab_table **out)
{
	struct vmlab_tables ask = {
		.size = sizeof(ask),
		.start = start,
		.end = end ? end : target->session->info.out_user_end,
		.rec_size = sizeof(struct vmlab_table),
	};
	struct bulk bulk = BULK(target->object, VMLAB_TABLES, ask, struct vmlab_table);

	return collect(&bulk, (void **)out);
}

int vmlab_tables_start(struct vmlab_table_scanner *scan, struct vmlab_target *target,
		       uint64_t start, uint64_t end)
{
	memset(scan, 0, sizeof(*scan));
	scan->target = target;
	scan->next = start;
	scan->end = end ? end : target->session->info.out_user_end;
	scan->buf = calloc(BULK_RECS, sizeof(*scan->buf));
	return scan->buf ? 0 : -ENOMEM;
}

/* One more buffer of tables; the question is the one that collect() asks. */
static int fetch_tables(struct vmlab_table_scanner *scan)
{
	struct vmlab_tables ask = {
		.size = sizeof(ask),
		.start = scan->next,
		.end = scan->end,
		.buf = (uintptr_t)scan->buf,
		.nr_recs = BULK_RECS,
		.rec_size = sizeof(*scan->buf),
	};
	struct bulk bulk = BULK(scan->target->object, VMLAB_TABLES, ask, struct vmlab_table);
	int ret;

	bulk.q.buf = scan->buf;
	do {
		ret = vmlab_object_ask(scan->target->object, &bulk.q);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	/* An answer that does not get anywhere would be asked for ever. */
	if (ask.out_next > scan->end ||
	    (scan->next < scan->end && ask.out_next <= scan->next))
		return -EBADMSG;
	scan->next = ask.out_next;
	scan->have = ask.out_nr;
	scan->at = 0;
	return 0;
}

int vmlab_tables_next(struct vmlab_table_scanner *scan, struct vmlab_table *table)
{
	int ret;

	while (scan->at == scan->have) {
		if (scan->asked && scan->next == scan->end)
			return 0;
		scan->asked = true;
		ret = fetch_tables(scan);
		if (ret)
			return ret;
	}
	*table = scan->buf[scan->at++];
	return level_is_sane(table->level) ? 1 : -EBADMSG;
}

void vmlab_tables_end(struct vmlab_table_scanner *scan)
{
	free(scan->buf);
	scan->buf = NULL;
}

ssize_t vmlab_session_frames(struct vmlab_session *session, uint64_t start, uint64_t end,
			     struct vmlab_frame **out)
{
	struct vmlab_frames ask = {
		.size = sizeof(ask),
		.start = start,
		.end = end,
		.rec_size = sizeof(struct vmlab_frame),
	};
	struct bulk bulk = BULK(session->node, VMLAB_FRAMES, ask, struct vmlab_frame);
	ssize_t nr = collect(&bulk, (void **)out), i;

	for (i = 0; i < nr; i++)
		if ((*out)[i].pfn != start + i || (*out)[i].order > 63)
			break;
	if (nr < 0 || (i == nr && (uint64_t)nr == end - start))
		return nr;
	free(*out);
	*out = NULL;
	return -EBADMSG;
}

ssize_t vmlab_session_cpus(struct vmlab_session *session, struct vmlab_cpu **out)
{
	struct vmlab_cpus ask = {
		.size = sizeof(ask),
		.end = CPUS_END,
		.rec_size = sizeof(struct vmlab_cpu),
	};
	struct bulk bulk = BULK(session->node, VMLAB_CPUS, ask, struct vmlab_cpu);
	ssize_t nr = collect(&bulk, (void **)out), i;

	/* From low to high, each once. */
	for (i = 0; *out && i < nr; i++)
		if ((*out)[i].cpu >= CPUS_END || (i && (*out)[i].cpu <= (*out)[i - 1].cpu))
			break;
	if (nr < 0 || i == nr)
		return nr;
	free(*out);
	*out = NULL;
	return -EBADMSG;
}

static int ask_mm(struct vmlab_target *target, struct vmlab_mm *ask, void *recs)
{
	struct vmlab_question q = {
		.cmd = VMLAB_MM,
		.arg = ask,
		.size = sizeof(*ask),
		.sz_in = offsetof(struct vmlab_mm, out_nr),
		.local = offsetof(struct vmlab_mm, buf),
		.sz_local = sizeof(ask->buf),
		.buf = recs,
		.nr = recs ? &ask->out_nr : NULL,
		.max_recs = ask->nr_recs,
		.rec_size = ask->rec_size,
	};

	ask->size = sizeof(*ask);
	ask->buf = (uintptr_t)recs;
	return vmlab_object_ask(target->object, &q);
}

int vmlab_target_mm(struct vmlab_target *target, struct vmlab_mm *out)
{
	memset(out, 0, sizeof(*out));
	return ask_mm(target, out, NULL);
}

ssize_t vmlab_target_roots(struct vmlab_target *target, struct vmlab_root_entry **out)
{
	struct vmlab_mm ask = {
		.nr_recs = VMLAB_ROOT_ENTRIES,
		.rec_size = sizeof(struct vmlab_root_entry),
	};
	uint32_t i;
	int ret;

	*out = calloc(VMLAB_ROOT_ENTRIES, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	ret = ask_mm(target, &ask, *out);
	for (i = 1; !ret && i < ask.out_nr; i++)
		if ((*out)[i].va <= (*out)[i - 1].va)
			ret = -EBADMSG;
	if (!ret)
		return ask.out_nr;
	free(*out);
	*out = NULL;
	return ret;
}
