// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - loads the BPF programs of bpf/, and brings their events over the boundary.
 *
 * One object for each question, all writing into one ring. Which of its programs can be
 * had is asked of the kernel: trampolines where it has them, else the same programs for
 * kprobes. Links are descriptors: when this process ends, however it does, nothing of
 * them is left in the kernel.
 *
 * Events are taken in a batch at a time; a batch is an answer (source.h), so a recording
 * gives them again, and an empty batch is their end. What was counted is an answer too.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <vmlab_event.h>

#include "allocator.h"
#include "bpf.h"
#include "heap.h"
#include "kcore.h"
#include "session.h"
#include "symbols.h"

#include "../../bpf/fault.skel.h"
#include "../../bpf/cow.skel.h"
#include "../../bpf/fork.skel.h"
#include "../../bpf/tlb.skel.h"
#include "../../bpf/mprotect.skel.h"
#include "../../bpf/map.skel.h"
#include "../../bpf/malloc.skel.h"
#ifdef __aarch64__
#include "../../bpf/fault_kprobe.skel.h"
#include "../../bpf/cow_kprobe.skel.h"
#include "../../bpf/fork_kprobe.skel.h"
#include "../../bpf/tlb_kprobe.skel.h"
#include "../../bpf/mprotect_kprobe.skel.h"
#include "../../bpf/map_kprobe.skel.h"
#include "../../bpf/malloc_kprobe.skel.h"
#define KPROBE(name)	name
#define MAY_LACK_NAMES	true
#else
/* Every kernel of x86-64 has trampolines, and names its variables. */
#define KPROBE(name)	NULL
#define MAY_LACK_NAMES	false
#endif

#define DEFAULT_RING	(16U << 20)
#define MAX_PROGRAMS	24
#define MAX_LINKS	(MAX_PROGRAMS + VMLAB_MAX_ALLOCATORS * VMLAB_NR_ALLOC_FUNCTIONS * 2)
/* Handed over at once; more waits in the ring. */
#define MAX_BATCH	(1U << 20)
/* The ring is looked at that often, woken or not. */
#define LOOK_MS		20
/* The kernel's own errno for what an architecture does not have; no libc knows it. */
#define KERNEL_ENOTSUPP	524

/* What can be traced: a row is a question, an object, a kind of counts. */
static const struct row {
	unsigned int kind;
	const void *(*elf)(size_t *size);
	const void *(*elf_kprobe)(size_t *size);
} rows[] = {
	{ VMLAB_EVENT_FAULT, vmlab_fault__elf_bytes, KPROBE(vmlab_fault_kprobe__elf_bytes) },
	{ VMLAB_EVENT_COW, vmlab_cow__elf_bytes, KPROBE(vmlab_cow_kprobe__elf_bytes) },
	{ VMLAB_EVENT_FORK, vmlab_fork__elf_bytes, KPROBE(vmlab_fork_kprobe__elf_bytes) },
	{ VMLAB_EVENT_SWITCH, vmlab_tlb__elf_bytes, KPROBE(vmlab_tlb_kprobe__elf_bytes) },
	{ VMLAB_EVENT_PROTECT, vmlab_mprotect__elf_bytes,
	  KPROBE(vmlab_mprotect_kprobe__elf_bytes) },
	{ VMLAB_EVENT_MAP, vmlab_map__elf_bytes, KPROBE(vmlab_map_kprobe__elf_bytes) },
	{ VMLAB_EVENT_ALLOC, vmlab_malloc__elf_bytes, KPROBE(vmlab_malloc_kprobe__elf_bytes) },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

struct loaded {
	const struct row *row;
	struct bpf_object *object;
	struct bpf_link *links[MAX_LINKS];
	size_t nr_links;
	uint64_t missed;	/* runs that BPF itself left out */
};

struct vmlab_trace {
	struct vmlab_session *session;
	struct vmlab_trace_options options;
	struct vmlab_trace_config config;
	struct loaded loaded[NR_ROWS];
	size_t nr_loaded;
	struct ring_buffer *ring;
	struct vmlab_child child;
	int *pidfds;		/* of those that are waited for */
	size_t nr_pidfds;
	struct vmlab_symbols *symbols;
	struct vmlab_heaps *heaps;	/* where an allocator is traced, event by event */
	struct vmlab_allocator *allocators;
	int nr_allocators;
	char *batch;		/* what is being read, */
	size_t sz_batch;
	size_t at;
	char *filling;		/* and what comes from the ring */
	size_t sz_filling;
	size_t room;
	int err;		/* of the filling */
	bool preemptible;	/* the kernel, inside a program */
	struct btf *btf;	/* the kernel's, while programs are loaded */
	bool detached;
	bool over;
	volatile sig_atomic_t stop;
};

/* The last launch that failed, of any session: it is read at once. */
static int exec_error;

static bool file_says(const char *path, const char *word)
{
	char text[4096] = "";
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return strstr(text, word);
}

static uint32_t ring_bytes(const struct vmlab_trace_options *options)
{
	if (options->counts_only && !options->stacks)
		return sysconf(_SC_PAGESIZE);
	return options->sz_buffer ? options->sz_buffer : DEFAULT_RING;
}

/* For kernels that do not name the variables that say so (Debian's 6.1 for arm64). */
static void configure_memory(struct vmlab_trace_config *c)
{
	struct vmlab_kcore kcore;

	if (vmlab_kcore_read(&kcore))
		return;
	c->memory_pa = kcore.pa;
	c->memory_va = kcore.va;
	c->pages_va = kcore.pages;
}

/* Without them each switch flushes, and a number would mean nothing. */
static uint32_t tags_here(bool pti)
{
#ifdef __x86_64__
	if (!file_says("/proc/cpuinfo", " pcid "))
		return 0;
	return VMLAB_TRACE_TAGS | (pti ? VMLAB_TRACE_USER_TAGS : 0);
#else
	(void)pti;
	return VMLAB_TRACE_TAGS;
#endif
}

static void configure(struct vmlab_trace *trace)
{
	const struct vmlab_trace_options *o = &trace->options;
	struct vmlab_trace_config *c = &trace->config;

	c->self = getpid();
	c->listed = o->nr_pids || o->argv;
	c->follow = o->follow || o->argv;
	c->events = !o->counts_only;
	c->classes = o->classes ? o->classes : ~0ULL;
	c->start = o->start;
	c->end = o->end ? o->end : ~0ULL;
	c->min_ns = o->min_ns;
	if (o->comm) {
		size_t len = strnlen(o->comm, VMLAB_EVENT_COMM - 1);

		memcpy(c->comm, o->comm, len);
		c->comm_len = len + 1;
	}
	/* What the kernel does; a CPU that would not need it may be told to (pti=on). */
	c->pti = file_says("/proc/cpuinfo", " pti ");
	c->wake = ring_bytes(o) / 4;
	c->page_shift = trace->session->info.out_page_shift;
	c->tags = tags_here(c->pti);
	c->stacks = o->stacks;
}

/* One "events" and one "traced" for all: those of the first object. */
static int share_maps(struct vmlab_trace *trace, struct bpf_object *object)
{
	static const char *const shared[] = { "events", "traced" };
	size_t i;
	int ret;

	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, shared[i]);
		struct bpf_map *first;

		if (!trace->nr_loaded) {
			if (i)
				continue;
			ret = bpf_map__set_max_entries(map, ring_bytes(&trace->options));
		} else {
			first = bpf_object__find_map_by_name(trace->loaded[0].object, shared[i]);
			ret = bpf_map__reuse_fd(map, bpf_map__fd(first));
		}
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_second_look(const struct bpf_program *program)
{
	return strstr(bpf_program__name(program), "_again");
}

/* Is it for a function that this kernel does not have, but another one in its place? */
static bool is_for_another(const struct bpf_program *program, const struct btf *btf)
{
	const char *function = strrchr(bpf_program__section_name(program), '/');

	return strstr(bpf_program__name(program), "_either") && function &&
	       btf__find_by_name_kind(btf, function + 1, BTF_KIND_FUNC) <= 0;
}

static bool keeps_the_list(const struct bpf_program *program)
{
	return !strncmp(bpf_program__name(program), "follow_", 7);
}

/* Does one of the objects tell where code is mapped? */
static bool names_code(const struct vmlab_trace *trace)
{
	size_t i;

	for (i = 0; i < trace->nr_loaded; i++)
		if (bpf_object__find_program_by_name(trace->loaded[i].object, "code_map"))
			return true;
	return false;
}

/*
 * In which order they are attached. Of those at a function's entry or end the last one runs
 * first: the second looks are to run after the first ones. Those at a tracepoint run in
 * order: an exit is told, then taken from the list.
 */
static int turn_of(const struct bpf_program *program)
{
	if (is_second_look(program))
		return 0;
	return keeps_the_list(program) ? 2 : 1;
}

/* At functions of programs, which are looked for. */
static bool is_for_a_file(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return !strcmp(section, "uprobe") || !strcmp(section, "uretprobe");
}

static int attach(struct loaded *loaded)
{
	struct bpf_program *program;
	int turn;

	for (turn = 0; turn < 3; turn++) {
		bpf_object__for_each_program(program, loaded->object) {
			struct bpf_link *link;

			if (turn_of(program) != turn || !bpf_program__autoload(program) ||
			    is_for_a_file(program))
				continue;
			link = bpf_program__attach(program);
			if (!link)
				return -errno;
			loaded->links[loaded->nr_links++] = link;
		}
	}
	return 0;
}

static void detach(struct loaded *loaded)
{
	while (loaded->nr_links)
		bpf_link__destroy(loaded->links[--loaded->nr_links]);
}

static int load_from(struct vmlab_trace *trace, const struct row *row,
		     const void *(*elf)(size_t *size))
{
	struct loaded *loaded = &trace->loaded[trace->nr_loaded];
	struct bpf_program *program;
	struct bpf_map *config;
	const void *bytes;
	size_t size;
	int ret;

	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "vmlab");

	memset(loaded, 0, sizeof(*loaded));
	bytes = elf(&size);
	loaded->row = row;
	loaded->object = bpf_object__open_mem(bytes, size, &opts);
	if (!loaded->object)
		return -errno;
	config = bpf_object__find_map_by_name(loaded->object, ".rodata.config");
	ret = config ? bpf_map__set_initial_value(config, &trace->config, sizeof(trace->config)) :
		       -ENOENT;
	if (!ret)
		ret = share_maps(trace, loaded->object);
	if (!ret && !trace->config.stacks)
		ret = bpf_map__set_max_entries(bpf_object__find_map_by_name(loaded->object,
									    "stacks"), 1);
	bpf_object__for_each_program(program, loaded->object)
		if (keeps_the_list(program) && (trace->nr_loaded || !trace->config.listed))
			bpf_program__set_autoload(program, false);
		else if (!strcmp(bpf_program__name(program), "follow_fork") &&
			 !trace->config.follow)
			bpf_program__set_autoload(program, false);
		else if (is_second_look(program) && !trace->preemptible)
			bpf_program__set_autoload(program, false);
		else if (!strcmp(bpf_program__name(program), "code_map") &&
			 (names_code(trace) ||
			  (trace->options.counts_only && !trace->options.stacks)))
			bpf_program__set_autoload(program, false);
		else if (is_for_another(program, trace->btf))
			bpf_program__set_autoload(program, false);
	if (!ret)
		ret = bpf_object__load(loaded->object);
	if (!ret)
		ret = attach(loaded);
	if (!ret && row->kind == VMLAB_EVENT_ALLOC)
		ret = vmlab_allocators_attach(trace->allocators, trace->nr_allocators,
					      loaded->object, loaded->links, &loaded->nr_links);
	if (ret) {
		detach(loaded);
		bpf_object__close(loaded->object);
		loaded->object = NULL;
	}
	return ret;
}

static int load(struct vmlab_trace *trace, const struct row *row)
{
	int ret = load_from(trace, row, row->elf);

	/* -ESRCH: a function is not there under that name, and another one is for kprobes. */
	if ((ret == -KERNEL_ENOTSUPP || ret == -EOPNOTSUPP || ret == -ESRCH) && row->elf_kprobe)
		ret = load_from(trace, row, row->elf_kprobe);
	if (!ret)
		trace->nr_loaded++;
	return ret;
}

/*
 * May a program be preempted? A kernel that lets programs ask for the contrary is taken
 * for one (bpf_preempt_disable, since 6.11): nothing says how it was booted.
 */
static bool may_be_preempted(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "bpf_preempt_disable", BTF_KIND_FUNC) > 0;
}

/* Is it to be loaded? An allocator's pages become real by faults, asked for or not. */
static bool is_needed(const struct vmlab_trace *trace, unsigned int kind)
{
	return trace->options.kinds >> kind & 1 || (kind == VMLAB_EVENT_FAULT && trace->heaps);
}

static int find_allocators(struct vmlab_trace *trace)
{
	trace->allocators = calloc(VMLAB_MAX_ALLOCATORS, sizeof(*trace->allocators));
	if (!trace->allocators)
		return -ENOMEM;
	trace->nr_allocators = vmlab_allocators_find(&trace->options, trace->allocators);
	return trace->nr_allocators < 0 ? trace->nr_allocators : 0;
}

static int load_rows(struct vmlab_trace *trace)
{
	size_t i;
	int ret;

	for (i = 0; i < NR_ROWS; i++) {
		if (!is_needed(trace, rows[i].kind))
			continue;
		ret = load(trace, &rows[i]);
		if (!ret)
			continue;
		if (file_says("/sys/kernel/security/lockdown", "[confidentiality]"))
			return -EACCES;
		return vmlab_bpf_why(ret);
	}
	return trace->nr_loaded ? 0 : -EINVAL;
}

static int load_all(struct vmlab_trace *trace)
{
	int ret = vmlab_bpf_begin();

	if (ret)
		return ret;
	trace->btf = btf__load_vmlinux_btf();
	if (!trace->btf)
		return vmlab_bpf_why(-errno);
	trace->preemptible = may_be_preempted(trace->btf);
	if (MAY_LACK_NAMES)
		configure_memory(&trace->config);
	ret = load_rows(trace);
	btf__free(trace->btf);
	trace->btf = NULL;
	return ret;
}

static int trace_process(struct vmlab_trace *trace, pid_t pid, uint32_t as)
{
	struct bpf_map *map = bpf_object__find_map_by_name(trace->loaded[0].object, "traced");
	uint32_t key = pid;
	int fd;

	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	trace->pidfds[trace->nr_pidfds++] = fd;
	return bpf_map__update_elem(map, &key, sizeof(key), &as, sizeof(as), BPF_ANY);
}

static int take(void *ctx, void *data, size_t size)
{
	struct vmlab_trace *trace = ctx;
	size_t want = trace->sz_filling + size;
	char *more;

	if (want > trace->room) {
		more = realloc(trace->filling, want + MAX_BATCH / 4);
		if (!more) {
			trace->err = -ENOMEM;
			return -ENOMEM;
		}
		trace->filling = more;
		trace->room = want + MAX_BATCH / 4;
	}
	memcpy(trace->filling + trace->sz_filling, data, size);
	trace->sz_filling = want;
	/* This one is taken; a negative answer leaves the others where they are. */
	return want >= MAX_BATCH ? -ENOSPC : 0;
}

static int start_live(struct vmlab_trace *trace)
{
	struct vmlab_trace_options *o = &trace->options;
	size_t i;
	int ret;

	trace->pidfds = calloc(o->nr_pids + 1, sizeof(*trace->pidfds));
	if (!trace->pidfds)
		return -ENOMEM;
	ret = o->kinds >> VMLAB_EVENT_ALLOC & 1 ? find_allocators(trace) : 0;
	if (!ret)
		ret = load_all(trace);
	for (i = 0; i < o->nr_pids && !ret; i++)
		ret = trace_process(trace, o->pids[i], VMLAB_TRACED_NOW);
	if (ret)
		return ret;
	trace->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(trace->loaded[0].object,
								       "events"),
				       take, trace, NULL);
	return trace->ring ? 0 : -errno;
}

static int start_command(struct vmlab_trace *trace)
{
	int ret;

	if (!trace->child.replayed) {
		ret = trace_process(trace, trace->child.pid, VMLAB_TRACED_FROM_EXEC);
		if (ret)
			return ret;
	}
	ret = vmlab_child_release(trace->session, &trace->child);
	if (!ret || ret == -ENODATA || ret == -EBADMSG)
		return ret;
	exec_error = ret;
	return -ECHILD;
}

/* Of the machine that was recorded, where this is a recording. */
static int learn_tags(struct vmlab_trace *trace)
{
	int64_t tags = trace->config.tags;
	int ret = vmlab_source_number(trace->session->source, "trace-tags", &tags);

	trace->config.tags = tags;
	return ret;
}

int vmlab_trace_exec_error(const struct vmlab_session *session)
{
	(void)session;
	return exec_error;
}

int vmlab_trace_start(struct vmlab_session *session, const struct vmlab_trace_options *options,
		      struct vmlab_trace **out)
{
	struct vmlab_trace *trace = calloc(1, sizeof(*trace));
	int64_t result = 0;
	int ret = 0;

	*out = NULL;
	if (!trace)
		return -ENOMEM;
	trace->session = session;
	trace->options = *options;
	configure(trace);
	trace->symbols = vmlab_symbols_new(session);
	if (options->kinds >> VMLAB_EVENT_ALLOC & 1 && !options->counts_only)
		trace->heaps = vmlab_heaps_new(session->info.out_page_shift);
	if (!trace->symbols || (options->kinds >> VMLAB_EVENT_ALLOC & 1 &&
				!options->counts_only && !trace->heaps))
		ret = -ENOMEM;
	/* Before anything is loaded: it should not inherit what we hold. */
	if (!ret && options->argv)
		ret = vmlab_child_hold(session, &trace->child, options->argv);
	if (ret)
		goto fail;
	if (!vmlab_source_is_replay(session->source))
		result = start_live(trace);
	ret = vmlab_source_number(session->source, "trace-start", &result);
	if (!ret && (result > 0 || result < -4095))
		ret = -EBADMSG;
	if (!ret)
		ret = result;
	if (!ret && options->kinds >> VMLAB_EVENT_SWITCH & 1)
		ret = learn_tags(trace);
	if (!ret && options->argv)
		ret = start_command(trace);
	if (ret)
		goto fail;
	*out = trace;
	return 0;

fail:
	vmlab_trace_close(trace);
	return ret;
}

void vmlab_trace_stop(struct vmlab_trace *trace)
{
	trace->stop = 1;
}

/* Have all who were named ended? */
static bool all_gone(struct vmlab_trace *trace)
{
	struct pollfd poll_one = { .events = POLLIN };
	size_t i;

	if (!trace->nr_pidfds)
		return false;
	for (i = 0; i < trace->nr_pidfds; i++) {
		poll_one.fd = trace->pidfds[i];
		if (poll(&poll_one, 1, 0) <= 0)
			return false;
	}
	return true;
}

/* Waits until the ring fills, the last process ends, or it is time to look again. */
static void wait_some(struct vmlab_trace *trace)
{
	struct pollfd fds[2] = { { .fd = ring_buffer__epoll_fd(trace->ring), .events = POLLIN } };
	nfds_t nr = 1;

	if (trace->nr_pidfds)
		fds[nr++] = (struct pollfd){ .fd = trace->pidfds[trace->nr_pidfds - 1],
					     .events = POLLIN };
	poll(fds, nr, LOOK_MS);
}

/* Runs of programs that BPF left out because another one was under way on that CPU. */
static void count_missed(struct loaded *loaded)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, loaded->object) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_program__autoload(program) &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			loaded->missed += info.recursion_misses;
	}
}

static void detach_all(struct vmlab_trace *trace)
{
	/* Runs that were under way on other CPUs have ended by then. */
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	size_t i;

	for (i = 0; i < trace->nr_loaded; i++) {
		count_missed(&trace->loaded[i]);
		detach(&trace->loaded[i]);
	}
	nanosleep(&moment, NULL);
	trace->detached = true;
}

/* What came from the ring changes hands. */
static ssize_t compute_batch(const void *ctx, char **out)
{
	struct vmlab_trace *trace = *(struct vmlab_trace *const *)ctx;
	ssize_t len = trace->sz_filling;

	if (trace->err)
		return trace->err;
	*out = trace->filling ? trace->filling : calloc(1, 1);
	trace->filling = NULL;
	trace->sz_filling = 0;
	trace->room = 0;
	return *out ? len : -ENOMEM;
}

/* True when there is a batch to hand over: events, or their end. */
static bool fill(struct vmlab_trace *trace)
{
	bool ending = trace->stop || all_gone(trace);

	/* Nothing is written any more: what is in the ring now is all. */
	if (ending && !trace->detached)
		detach_all(trace);
	ring_buffer__consume(trace->ring);
	if (trace->sz_filling || trace->err || trace->detached)
		return true;
	wait_some(trace);
	return false;
}

static int next_batch(struct vmlab_trace *trace)
{
	ssize_t len;

	if (!vmlab_source_is_replay(trace->session->source) && !fill(trace))
		return -EAGAIN;
	free(trace->batch);
	trace->sz_batch = 0;
	trace->at = 0;
	len = vmlab_source_answer(trace->session->source, "trace-events", compute_batch,
				  &trace, &trace->batch);
	if (len < 0)
		return len;
	trace->sz_batch = len;
	trace->over = !len;
	return 0;
}

/* The least that a record of its kind has. */
static size_t size_of_kind(unsigned int kind)
{
	switch (kind) {
	case VMLAB_EVENT_FAULT:
	case VMLAB_EVENT_COW:
		return sizeof(struct vmlab_event_fault);
	case VMLAB_EVENT_FORK:
		return sizeof(struct vmlab_event_fork);
	case VMLAB_EVENT_EXEC:
		return sizeof(struct vmlab_event_exec);
	case VMLAB_EVENT_EXIT:
		return sizeof(struct vmlab_event_exit);
	case VMLAB_EVENT_CODE:
		return sizeof(struct vmlab_event_code);
	case VMLAB_EVENT_SWITCH:
		return sizeof(struct vmlab_event_switch);
	case VMLAB_EVENT_FLUSH:
		return sizeof(struct vmlab_event_flush);
	case VMLAB_EVENT_ROLLOVER:
		return sizeof(struct vmlab_event_rollover);
	case VMLAB_EVENT_PROTECT:
		return offsetof(struct vmlab_event_protect, names);
	case VMLAB_EVENT_PROTECT_CALL:
		return sizeof(struct vmlab_event_protect_call);
	case VMLAB_EVENT_MAP:
		return offsetof(struct vmlab_event_map, names);
	case VMLAB_EVENT_ALLOC:
		return sizeof(struct vmlab_event_alloc);
	case VMLAB_EVENT_MEMORY:
		return sizeof(struct vmlab_event_memory);
	}
	return SIZE_MAX;
}

/* A recording may say anything: lengths, and texts without an end. */
static int check(struct vmlab_trace *trace, struct vmlab_event *event, size_t left)
{
	(void)trace;
	if (left < sizeof(*event) || event->size > left || event->size % 8 ||
	    event->size < size_of_kind(event->kind))
		return -EBADMSG;
	event->comm[sizeof(event->comm) - 1] = '\0';
	if (event->kind == VMLAB_EVENT_EXEC)
		((struct vmlab_event_exec *)event)->path[VMLAB_EVENT_PATH - 1] = '\0';
	if (event->kind == VMLAB_EVENT_PROTECT &&
	    ((struct vmlab_event_protect *)event)->nr_names &&
	    event->size < sizeof(struct vmlab_event_protect))
		return -EBADMSG;
	if (event->kind == VMLAB_EVENT_MAP && ((struct vmlab_event_map *)event)->nr_names &&
	    event->size < sizeof(struct vmlab_event_map))
		return -EBADMSG;
	return 0;
}

#define PATH_BYTES	(VMLAB_EVENT_NAMES * (VMLAB_EVENT_NAME + 1) + 1)

/*
 * As /proc/PID/maps has it: by d_dname of the file's pseudo file system, which is "/NAME
 * (deleted)" of all but anon_inodefs, whose names have brackets as AIO's alone has, too.
 */
static void own_name(const char *name, char *path)
{
	if (name[0] == '[' && strcmp(name, "[aio]"))
		snprintf(path, PATH_BYTES, "anon_inode:%.*s", VMLAB_EVENT_NAME, name);
	else
		snprintf(path, PATH_BYTES, "/%.*s (deleted)", VMLAB_EVENT_NAME, name);
}

/* The path, as code.bpf.h has it: names from the file up. False where it is not known. */
static bool join_names(const char (*names)[VMLAB_EVENT_NAME], uint32_t nr, char *path)
{
	uint32_t i = nr < VMLAB_EVENT_NAMES ? nr : VMLAB_EVENT_NAMES;
	size_t len = 0;

	*path = '\0';
	if (nr == (VMLAB_EVENT_NAMES_OWN | 1)) {
		len = strnlen(names[0], VMLAB_EVENT_NAME);
		if (!len || len >= VMLAB_EVENT_NAME - 1)
			return false;
		own_name(names[0], path);
		return true;
	}
	while (i--) {
		size_t sz = strnlen(names[i], VMLAB_EVENT_NAME);

		/* One that was cut is another file's. */
		if (!sz || sz >= VMLAB_EVENT_NAME - 1)
			return false;
		len += snprintf(path + len, PATH_BYTES - len, "/%.*s", (int)sz, names[i]);
	}
	return len;
}

static void note_code(struct vmlab_trace *trace, const struct vmlab_event_code *code)
{
	char path[PATH_BYTES];
	struct vmlab_region region = {
		.start = code->start,
		.end = code->end,
		.offset = code->offset,
		.perms = "r-xp",
		.name = path,
	};

	if (!code->end) {
		vmlab_symbols_inherit(trace->symbols, code->offset, code->head.pid);
		return;
	}
	if (join_names(code->names, code->nr_names, path) && code->start < code->end)
		vmlab_symbols_mapped(trace->symbols, code->head.pid, &region);
}

static int next_record(struct vmlab_trace *trace, const struct vmlab_event **out)
{
	struct vmlab_event *event;
	int ret;

	if (trace->at == trace->sz_batch) {
		ret = trace->over ? 0 : next_batch(trace);
		if (ret || trace->over)
			return ret;
	}
	event = (struct vmlab_event *)(trace->batch + trace->at);
	ret = check(trace, event, trace->sz_batch - trace->at);
	if (ret)
		return ret;
	trace->at += event->size;
	*out = event;
	return 1;
}

int vmlab_trace_next(struct vmlab_trace *trace, const struct vmlab_event **out)
{
	int ret;

	for (;;) {
		ret = next_record(trace, out);
		if (ret <= 0)
			return ret;
		if ((*out)->kind == VMLAB_EVENT_FORK)
			vmlab_symbols_inherit(trace->symbols, (*out)->pid,
					      ((struct vmlab_event_fork *)*out)->child);
		if (trace->heaps && vmlab_heaps_add(trace->heaps, *out))
			return -ENOMEM;
		/* Nothing for others to see. */
		if ((*out)->kind == VMLAB_EVENT_CODE)
			note_code(trace, (const struct vmlab_event_code *)*out);
		else if ((*out)->kind != VMLAB_EVENT_FAULT ||
			 trace->options.kinds >> VMLAB_EVENT_FAULT & 1)
			return ret;
	}
}

const struct vmlab_heap *vmlab_trace_heap(const struct vmlab_trace *trace, pid_t pid)
{
	return trace->heaps ? vmlab_heaps_of(trace->heaps, pid) : NULL;
}

int vmlab_trace_heaps(const struct vmlab_trace *trace, struct vmlab_heap **out, size_t *nr)
{
	*out = NULL;
	*nr = 0;
	return trace->heaps ? vmlab_heaps_all(trace->heaps, out, nr) : -ENOENT;
}

static ssize_t compute_counts(const void *ctx, char **out)
{
	const struct loaded *loaded = ctx;
	int nr = libbpf_num_possible_cpus(), fd, cpu;
	struct vmlab_trace_counts *all, *sum;
	uint32_t zero = 0;
	size_t i, words = sizeof(*sum) / sizeof(uint64_t);

	if (nr < 1)
		return -EINVAL;
	all = calloc(nr, sizeof(*all));
	sum = calloc(1, sizeof(*sum));
	fd = bpf_object__find_map_fd_by_name(loaded->object, "counts");
	if (!all || !sum || bpf_map_lookup_elem(fd, &zero, all)) {
		free(all);
		free(sum);
		return -ENOMEM;
	}
	for (cpu = 0; cpu < nr; cpu++)
		for (i = 0; i < words; i++)
			((uint64_t *)sum)[i] += ((uint64_t *)&all[cpu])[i];
	sum->skipped = loaded->missed;
	free(all);
	*out = (char *)sum;
	return sizeof(*sum);
}

/* The object of a question; NULL: it was not asked, or a recording answers. */
static const struct loaded *loaded_of(const struct vmlab_trace *trace, unsigned int kind)
{
	size_t i;

	for (i = 0; i < trace->nr_loaded; i++)
		if (trace->loaded[i].row->kind == kind)
			return &trace->loaded[i];
	return NULL;
}

int vmlab_trace_counts(struct vmlab_trace *trace, unsigned int kind,
		       struct vmlab_trace_counts *out)
{
	const struct loaded *loaded = loaded_of(trace, kind);
	char name[32], *bytes;
	ssize_t len;

	if (!loaded && !vmlab_source_is_replay(trace->session->source))
		return -ENOENT;
	snprintf(name, sizeof(name), "trace-counts:%u", kind);
	len = vmlab_source_answer(trace->session->source, name, compute_counts, loaded, &bytes);
	if (len < 0)
		return len;
	if (len == sizeof(*out))
		memcpy(out, bytes, sizeof(*out));
	free(bytes);
	return len == sizeof(*out) ? 0 : -EBADMSG;
}

/* Of one process together, what is most frequent first. */
static int by_count(const void *a, const void *b)
{
	const struct vmlab_stack *one = a, *other = b;

	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return memcmp(one, other, sizeof(*one));
}

static ssize_t compute_stacks(const void *ctx, char **out)
{
	const struct loaded *loaded = ctx;
	struct bpf_map *map = bpf_object__find_map_by_name(loaded->object, "stacks");
	const size_t max = bpf_map__max_entries(map);
	struct vmlab_stack *all = calloc(max + 1, sizeof(*all));
	const int fd = bpf_map__fd(map);
	uint64_t key, *last = NULL;
	size_t nr = 0, i;

	if (!all)
		return -ENOMEM;
	for (; nr < max && !bpf_map_get_next_key(fd, last, &key); last = &key)
		nr += !bpf_map_lookup_elem(fd, &key, &all[nr]);
	/* What one that was read before has left behind its end. */
	for (i = 0; i < nr; i++)
		if (all[i].nr < VMLAB_STACK_DEPTH)
			memset(&all[i].ips[all[i].nr], 0,
			       (VMLAB_STACK_DEPTH - all[i].nr) * sizeof(all[i].ips[0]));
	qsort(all, nr, sizeof(*all), by_count);
	*out = (char *)all;
	return nr * sizeof(*all);
}

int vmlab_trace_stacks(struct vmlab_trace *trace, unsigned int kind, struct vmlab_stack **out,
		       size_t *nr)
{
	const struct loaded *loaded = loaded_of(trace, kind);
	char name[32], *bytes = NULL;
	ssize_t len;
	size_t i;

	*out = NULL;
	*nr = 0;
	if (!loaded && !vmlab_source_is_replay(trace->session->source))
		return -ENOENT;
	snprintf(name, sizeof(name), "trace-stacks:%u", kind);
	len = vmlab_source_answer(trace->session->source, name, compute_stacks, loaded, &bytes);
	if (len < 0)
		return len;
	if (len % sizeof(**out)) {
		free(bytes);
		return -EBADMSG;
	}
	*out = (struct vmlab_stack *)bytes;
	*nr = len / sizeof(**out);
	for (i = 0; i < *nr; i++) {
		(*out)[i].comm[VMLAB_EVENT_COMM - 1] = '\0';
		if ((*out)[i].nr > VMLAB_STACK_DEPTH)
			(*out)[i].nr = VMLAB_STACK_DEPTH;
	}
	return 0;
}

bool vmlab_trace_has_tags(const struct vmlab_trace *trace)
{
	return trace->config.tags & VMLAB_TRACE_TAGS;
}

static int by_pid(const void *a, const void *b)
{
	const struct vmlab_tlb_process *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static ssize_t compute_processes(const void *ctx, char **out)
{
	const struct loaded *loaded = ctx;
	struct bpf_map *map = bpf_object__find_map_by_name(loaded->object, "processes");
	const size_t max = bpf_map__max_entries(map);
	struct vmlab_tlb_process *all = calloc(max + 1, sizeof(*all));
	const int fd = bpf_map__fd(map);
	uint32_t key, *last = NULL;
	size_t nr = 0;

	if (!all)
		return -ENOMEM;
	for (; nr < max && !bpf_map_get_next_key(fd, last, &key); last = &key)
		nr += !bpf_map_lookup_elem(fd, &key, &all[nr]);
	qsort(all, nr, sizeof(*all), by_pid);
	*out = (char *)all;
	return nr * sizeof(*all);
}

int vmlab_trace_processes(struct vmlab_trace *trace, struct vmlab_tlb_process **out, size_t *nr)
{
	const struct loaded *loaded = loaded_of(trace, VMLAB_EVENT_SWITCH);
	char *bytes = NULL;
	ssize_t len;
	size_t i;

	*out = NULL;
	*nr = 0;
	if (!loaded && !vmlab_source_is_replay(trace->session->source))
		return -ENOENT;
	len = vmlab_source_answer(trace->session->source, "trace-processes", compute_processes,
				  loaded, &bytes);
	if (len < 0)
		return len;
	if (len % sizeof(**out)) {
		free(bytes);
		return -EBADMSG;
	}
	*out = (struct vmlab_tlb_process *)bytes;
	*nr = len / sizeof(**out);
	for (i = 0; i < *nr; i++)
		(*out)[i].comm[VMLAB_EVENT_COMM - 1] = '\0';
	return 0;
}

int vmlab_trace_symbol(struct vmlab_trace *trace, pid_t pid, uint64_t ip, char *buf,
		       size_t size)
{
	return vmlab_symbols_name(trace->symbols, pid, ip, buf, size);
}

/* Functions that are nothing but their system call: who called them is of interest. */
static bool is_wrapper(const char *symbol)
{
	static const char *const names[] = {
		"mprotect", "__mprotect", "pkey_mprotect", "__pkey_mprotect", "munmap", "__munmap",
		"madvise", "__madvise", "shmat", "shmdt", "brk", "__brk",
	};
	const char *name = strrchr(symbol, ':');
	size_t i, len;

	if (!name)
		return false;
	len = strcspn(++name, "+");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && !strncmp(name, names[i], len))
			return true;
	return false;
}

int vmlab_trace_by(struct vmlab_trace *trace, pid_t pid, uint64_t ip, uint64_t caller, char *buf,
		   size_t size)
{
	int ret = vmlab_symbols_place(trace->symbols, pid, ip, buf, size);
	char above[560];

	if (ret || !is_wrapper(buf) ||
	    vmlab_symbols_place(trace->symbols, pid, caller, above, sizeof(above)))
		return ret;
	snprintf(buf, size, "%s", above);
	return 0;
}

/* The names that a record of a mapping ends with. */
static const char (*names_of(const struct vmlab_event *event, uint32_t *nr))[VMLAB_EVENT_NAME]
{
	if (event->kind == VMLAB_EVENT_PROTECT) {
		*nr = ((const struct vmlab_event_protect *)event)->nr_names;
		return ((const struct vmlab_event_protect *)event)->names;
	}
	*nr = event->kind == VMLAB_EVENT_MAP ? ((const struct vmlab_event_map *)event)->nr_names : 0;
	return ((const struct vmlab_event_map *)event)->names;
}

int vmlab_trace_mapped(const struct vmlab_event *event, char *buf, size_t size)
{
	char path[PATH_BYTES];
	uint32_t nr;
	const char (*names)[VMLAB_EVENT_NAME] = names_of(event, &nr);

	if (nr && event->flags & VMLAB_EVENT_F_SPECIAL)
		snprintf(buf, size, "%.*s", VMLAB_EVENT_NAME, names[0]);
	else if (nr && join_names(names, nr, path))
		snprintf(buf, size, "%s", path);
	else if (event->flags & VMLAB_EVENT_F_HEAP)
		snprintf(buf, size, "[heap]");
	else if (event->flags & VMLAB_EVENT_F_STACK)
		snprintf(buf, size, "[stack]");
	else
		return -ENOENT;
	return 0;
}

int vmlab_trace_segment(struct vmlab_trace *trace, const struct vmlab_event_protect *e, char *buf,
			size_t size)
{
	const struct vmlab_mapped_part part = {
		.offset = e->offset,
		.size = e->end - e->start,
		.page = trace->session->info.out_page_shift < 64 ?
			1ULL << trace->session->info.out_page_shift : 0,
		.asked = e->from,
	};
	char path[PATH_BYTES];

	if (!e->nr_names || !join_names(e->names, e->nr_names, path))
		return -ENOENT;
	return vmlab_symbols_segment(trace->symbols, path, &part, buf, size);
}

const char *vmlab_protect_finding(const struct vmlab_event_protect *e)
{
	const unsigned int w = VMLAB_EVENT_WRITE, x = VMLAB_EVENT_EXEC_PERM;

	if ((e->to & x) && !(e->from & x) && (e->head.flags & VMLAB_EVENT_F_STACK))
		return "exec-stack";
	if ((e->to & x) && !(e->from & x) && (e->head.flags & VMLAB_EVENT_F_HEAP))
		return "exec-heap";
	if ((e->to & (w | x)) == (w | x))
		return "rwx-asked";
	if ((e->from & w) && (e->to & x))
		return "w-to-x";
	return (e->from & x) && (e->to & w) ? "x-to-w" : NULL;
}

void vmlab_trace_close(struct vmlab_trace *trace)
{
	size_t i;

	if (!trace)
		return;
	for (i = 0; i < trace->nr_loaded; i++) {
		detach(&trace->loaded[i]);
		bpf_object__close(trace->loaded[i].object);
	}
	ring_buffer__free(trace->ring);
	for (i = 0; i < trace->nr_pidfds; i++)
		close(trace->pidfds[i]);
	free(trace->pidfds);
	vmlab_child_kill(&trace->child);
	vmlab_symbols_free(trace->symbols);
	vmlab_heaps_free(trace->heaps);
	free(trace->allocators);
	free(trace->batch);
	free(trace->filling);
	free(trace);
}

static const char *word(const char *const *words, size_t nr, unsigned int i)
{
	return i < nr ? words[i] : NULL;
}

#define WORD(words, i)	word(words, sizeof(words) / sizeof((words)[0]), i)

const char *vmlab_event_name(unsigned int kind)
{
	static const char *const words[VMLAB_EVENT_NR_KINDS] = {
		[VMLAB_EVENT_FAULT]	= "fault",
		[VMLAB_EVENT_COW]	= "cow",
		[VMLAB_EVENT_FORK]	= "fork",
		[VMLAB_EVENT_EXEC]	= "exec",
		[VMLAB_EVENT_EXIT]	= "exit",
		[VMLAB_EVENT_SWITCH]	= "switch",
		[VMLAB_EVENT_FLUSH]	= "flush",
		[VMLAB_EVENT_ROLLOVER]	= "rollover",
		[VMLAB_EVENT_PROTECT]	= "mprotect",
		[VMLAB_EVENT_PROTECT_CALL] = "mprotect-call",
		[VMLAB_EVENT_MAP]	= "map",
		[VMLAB_EVENT_ALLOC]	= "malloc",
		[VMLAB_EVENT_MEMORY]	= "malloc-memory",
	};

	return WORD(words, kind);
}

const char *vmlab_class_name(unsigned int fault_class)
{
	static const char *const words[VMLAB_NR_CLASSES] = {
		[VMLAB_CLASS_ANON_NEW]		= "anon-new",
		[VMLAB_CLASS_ZERO_READ]		= "zero-read",
		[VMLAB_CLASS_ZERO_UPGRADE]	= "zero-upgrade",
		[VMLAB_CLASS_COW_COPY]		= "cow-copy",
		[VMLAB_CLASS_COW_REUSE]		= "cow-reuse",
		[VMLAB_CLASS_FILE_MAP]		= "file-map",
		[VMLAB_CLASS_FILE_MINOR]	= "file-minor",
		[VMLAB_CLASS_FILE_MAJOR]	= "file-major",
		[VMLAB_CLASS_WRITE_NOTIFY]	= "write-notify",
		[VMLAB_CLASS_SWAP_IN]		= "swap-in",
		[VMLAB_CLASS_NUMA_HINT]		= "numa-hint",
		[VMLAB_CLASS_THP_NEW]		= "thp-new",
		[VMLAB_CLASS_THP_SPLIT]		= "thp-split",
		[VMLAB_CLASS_HUGETLB]		= "hugetlb",
		[VMLAB_CLASS_PROT_NONE]		= "prot-none",
		[VMLAB_CLASS_SPURIOUS]		= "spurious",
		[VMLAB_CLASS_BAD_ACCESS]	= "bad-access",
	};

	return WORD(words, fault_class);
}

const char *vmlab_outcome_name(unsigned int outcome)
{
	static const char *const words[VMLAB_NR_OUTCOMES] = {
		[VMLAB_COW_COPIED]	= "copied",
		[VMLAB_COW_REUSED]	= "reused",
		[VMLAB_COW_ZERO_FILLED]	= "zero-filled",
	};

	return WORD(words, outcome);
}

const char *vmlab_cow_why_name(unsigned int why)
{
	static const char *const words[VMLAB_NR_WHYS] = {
		[VMLAB_WHY_SHARED]	= "shared",
		[VMLAB_WHY_LAST_SHARER]	= "last-sharer",
		[VMLAB_WHY_EXCLUSIVE]	= "exclusive",
		[VMLAB_WHY_PINNED]	= "pinned",
		[VMLAB_WHY_KSM]		= "ksm",
		[VMLAB_WHY_FILE]	= "file",
		[VMLAB_WHY_ZERO_PAGE]	= "zero-page",
	};

	return WORD(words, why);
}

const char *vmlab_tag_outcome_name(unsigned int outcome)
{
	static const char *const words[VMLAB_NR_TAG_OUTCOMES] = {
		[VMLAB_TAG_STAYED]	= "stayed",
		[VMLAB_TAG_KEPT]	= "kept",
		[VMLAB_TAG_FLUSHED]	= "flushed",
		[VMLAB_TAG_NEW]		= "new",
	};

	return WORD(words, outcome);
}

const char *vmlab_flush_reason_name(unsigned int reason)
{
	static const char *const words[VMLAB_NR_FLUSH_REASONS] = {
		[VMLAB_FLUSH_LOCAL_MM]	= "local-mm",
		[VMLAB_FLUSH_LOCAL]	= "local",
		[VMLAB_FLUSH_REMOTE]	= "remote",
		[VMLAB_FLUSH_IPI_SENT]	= "ipi-sent",
		[VMLAB_FLUSH_WRONG_CPU]	= "wrong-cpu",
		[VMLAB_FLUSH_DEFERRED]	= "deferred",
		[VMLAB_FLUSH_BROADCAST]	= "broadcast",
		[VMLAB_FLUSH_KERNEL]	= "kernel",
		[VMLAB_FLUSH_ALL]	= "everything",
		[VMLAB_FLUSH_GATHER]	= "gather",
		[VMLAB_FLUSH_PAGE]	= "page",
		[VMLAB_FLUSH_FORK]	= "forked",
	};

	return WORD(words, reason);
}

const char *vmlab_tlb_row_name(unsigned int row)
{
	if (row < VMLAB_TLB_ROW_FLUSH)
		return vmlab_tag_outcome_name(row);
	if (row < VMLAB_TLB_ROW_ROLLOVER)
		return vmlab_flush_reason_name(row - VMLAB_TLB_ROW_FLUSH);
	return row == VMLAB_TLB_ROW_ROLLOVER ? vmlab_event_name(VMLAB_EVENT_ROLLOVER) : NULL;
}

const char *vmlab_protect_row_name(unsigned int row)
{
	static const char *const words[VMLAB_PROTECT_ROWS] = {
		[VMLAB_PROTECT_RANGES]	= "mprotect",
		[VMLAB_PROTECT_CALLS]	= "mprotect-call",
		[VMLAB_PROTECT_FAILED]	= "mprotect-failed",
	};

	return WORD(words, row);
}

const char *vmlab_map_what_name(unsigned int what)
{
	static const char *const words[VMLAB_NR_MAP_WHATS] = {
		[VMLAB_MAP_MAPPED]	= "mapped",
		[VMLAB_MAP_UNMAPPED]	= "unmapped",
		[VMLAB_MAP_GROWN]	= "grown",
		[VMLAB_MAP_PROTECTED]	= "protected",
		[VMLAB_MAP_MOVED]	= "moved",
		[VMLAB_MAP_ADVISED]	= "advised",
		[VMLAB_MAP_CLEARED]	= "cleared",
		[VMLAB_MAP_INHERITED]	= "inherited",
	};

	return WORD(words, what);
}

const char *vmlab_map_call_name(const struct vmlab_info *info, uint32_t call)
{
	static const struct {
		const char *word;
		unsigned int x86_64, x86_32, arm64, arm32;
	} calls[] = {
		{ "mmap", 9, 192, 222, 192 }, { "mmap", 9, 90, 222, 90 },
		{ "munmap", 11, 91, 215, 91 }, { "brk", 12, 45, 214, 45 },
		{ "mremap", 25, 163, 216, 163 }, { "madvise", 28, 219, 233, 220 },
		{ "mprotect", 10, 125, 226, 125 }, { "pkey_mprotect", 329, 380, 288, 394 },
		{ "shmat", 30, 397, 196, 305 }, { "shmdt", 67, 398, 197, 306 },
		{ "ipc", ~0U, 117, ~0U, 117 }, { "remap_file_pages", 216, 257, 234, 253 },
		{ "execve", 59, 11, 221, 11 }, { "execveat", 322, 358, 281, 387 },
		{ "clone", 56, 120, 220, 120 }, { "fork", 57, 2, ~0U, 2 },
		{ "clone3", 435, 435, 435, 435 }, { "io_setup", 206, 245, 0, 243 },
		{ "process_madvise", 440, 440, 440, 440 },
	};
	const unsigned int nr = call & ~VMLAB_EVENT_CALL_32BIT;
	const bool other = call & VMLAB_EVENT_CALL_32BIT;
	size_t i;

	if (nr == VMLAB_EVENT_CALL_NONE)
		return "fault";
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		unsigned int mine = other ? calls[i].x86_32 : calls[i].x86_64;

		if (info->out_arch == VMLAB_ARCH_ARM64)
			mine = other ? calls[i].arm32 : calls[i].arm64;
		if (mine == nr)
			return calls[i].word;
	}
	return NULL;
}

const char *vmlab_advice_name(unsigned int advice)
{
	/* As asm-generic/mman-common.h has them. */
	static const char *const words[] = {
		"normal", "random", "sequential", "willneed", "dontneed", NULL, NULL, NULL,
		"free", "remove", "dontfork", "dofork", "mergeable", "unmergeable", "hugepage",
		"nohugepage", "dontdump", "dodump", "wipeonfork", "keeponfork", "cold", "pageout",
		"populate-read", "populate-write", "dontneed-locked", "collapse",
	};

	return advice == 100 ? "hwpoison" : advice == 101 ? "soft-offline" :
	       advice == 102 ? "guard-install" : advice == 103 ? "guard-remove" :
	       WORD(words, advice);
}

const char *vmlab_memory_call_name(unsigned int call)
{
	static const char *const words[VMLAB_NR_MEMORY_CALLS] = {
		[VMLAB_MEMORY_BRK]	= "brk",
		[VMLAB_MEMORY_MMAP]	= "mmap",
		[VMLAB_MEMORY_MUNMAP]	= "munmap",
		[VMLAB_MEMORY_MREMAP]	= "mremap",
		[VMLAB_MEMORY_MADVISE]	= "madvise",
		[VMLAB_MEMORY_MPROTECT]	= "mprotect",
	};

	return WORD(words, call);
}

const char *vmlab_memory_what_name(unsigned int what)
{
	static const char *const words[VMLAB_NR_MEMORY_WHATS] = {
		[VMLAB_MEMORY_GOT]	= "got",
		[VMLAB_MEMORY_GIVEN]	= "given-back",
		[VMLAB_MEMORY_EMPTIED]	= "emptied",
		[VMLAB_MEMORY_CHANGED]	= "changed",
		[VMLAB_MEMORY_ASKED]	= "asked",
		[VMLAB_MEMORY_REFUSED]	= "refused",
		[VMLAB_MEMORY_CLEARED]	= "cleared",
	};

	return WORD(words, what);
}

const char *vmlab_alloc_row_name(unsigned int row)
{
	static const char *const words[VMLAB_ALLOC_ROWS] = {
		[VMLAB_ALLOC_ROW_FAILED]	= "alloc-failed",
		[VMLAB_ALLOC_ROW_BYTES]		= "alloc-bytes",
		[VMLAB_ALLOC_ROW_GOT]		= "alloc-got-bytes",
		[VMLAB_ALLOC_ROW_GIVEN]		= "alloc-given-bytes",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_BRK]	= "alloc-brk",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_MMAP]	= "alloc-mmap",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_MUNMAP]	= "alloc-munmap",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_MREMAP]	= "alloc-mremap",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_MADVISE]	= "alloc-madvise",
		[VMLAB_ALLOC_ROW_CALL + VMLAB_MEMORY_MPROTECT]	= "alloc-mprotect",
	};

	return row < VMLAB_NR_ALLOC_FUNCTIONS ? vmlab_alloc_function_name(row) : WORD(words, row);
}
