// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - a sequence of ioctls of the module, written as bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ask.h"
#include "../caller.h"
#include "../churn.h"
#include "../fixture.h"
#include "../inject.h"
#include "../ticks.h"
#include "../victim.h"
#include "../wellformed.h"
#include "calls.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NOBODY		65534
#define BUF_PAGES	64
#define UNTOUCHED	0xa5
/* What of a buffer is looked at afterwards. */
#define LOOKED_AT	(2 * PAGE)
#define SLOTS		4

/* What a field is, and so which values are worth a try. */
enum kind {
	ZERO,		/* flags and reserved fields */
	VA,		/* any address */
	START, END,	/* of a range of the user half */
	KVA, KSTART, KEND,
	FRAME_START, FRAME_END,
	CPU_START, CPU_END,
	BUF, NR_RECS, REC_SIZE, FORMAT, MAPCOUNT, FACTS,
	PAGEMAP,	/* descriptors for OPEN, and for THREAD */
	MEM,
	TID,
	OUT,		/* written by the kernel, whatever was there */
	KINDS
};

#define VALUES		64

static struct {
	uint64_t at[VALUES];
	unsigned int nr;
} values[KINDS];

struct field {
	uint16_t offset;
	uint8_t width;
	uint8_t kind;
};

/**
 * struct shape - one ioctl
 * @cmd: its number
 * @size: of its struct
 * @rec_size: of the records that it writes, 0 for none
 * @fields: of the struct but for its size, up to one without a width
 * @target: asked of a target, not of the node
 * @va: what kind of address is meant where fields say VA, START or END: these by default,
 * @start: or those of another half, of frames or of CPUs
 * @end: likewise
 */
struct shape {
	const char *name;
	unsigned int cmd;
	uint32_t size;
	uint32_t rec_size;
	const struct field *fields;
	bool target;
	enum kind va;
	enum kind start;
	enum kind end;
};

#define F(type, member, kind) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), kind }

static const struct field info_fields[] = {
	F(vmlab_info, flags, ZERO),
	F(vmlab_info, __reserved, ZERO),
	F(vmlab_info, out_arch, OUT),
	{ 0 }
};

static const struct field open_fields[] = {
	F(vmlab_open, flags, ZERO),
	F(vmlab_open, fd, PAGEMAP),
	F(vmlab_open, pid, ZERO),
	F(vmlab_open, out_fd, OUT),
	F(vmlab_open, out_flags, OUT),
	{ 0 }
};

static const struct field walk_fields[] = {
	F(vmlab_walk, flags, ZERO),
	F(vmlab_walk, va, VA),
	F(vmlab_walk, out_flags, OUT),
	{ 0 }
};

/* Of everything that lists a range in records: their structs have the same fields. */
static const struct field list_fields[] = {
	F(vmlab_vmas, flags, ZERO),
	F(vmlab_vmas, start, START),
	F(vmlab_vmas, end, END),
	F(vmlab_vmas, buf, BUF),
	F(vmlab_vmas, nr_recs, NR_RECS),
	F(vmlab_vmas, rec_size, REC_SIZE),
	F(vmlab_vmas, out_next, OUT),
	F(vmlab_vmas, out_nr, OUT),
	F(vmlab_vmas, out_flags, OUT),
	{ 0 }
};

_Static_assert(sizeof(struct vmlab_vmas) == sizeof(struct vmlab_tables) &&
	       sizeof(struct vmlab_vmas) == sizeof(struct vmlab_frames) &&
	       sizeof(struct vmlab_vmas) == sizeof(struct vmlab_cpus), "lists are alike");

static const struct field scan_fields[] = {
	F(vmlab_scan, flags, ZERO),
	F(vmlab_scan, start, START),
	F(vmlab_scan, end, END),
	F(vmlab_scan, buf, BUF),
	F(vmlab_scan, nr_recs, NR_RECS),
	F(vmlab_scan, rec_size, REC_SIZE),
	F(vmlab_scan, out_next, OUT),
	F(vmlab_scan, out_nr, OUT),
	F(vmlab_scan, out_flags, OUT),
	F(vmlab_scan, format, FORMAT),
	F(vmlab_scan, min_mapcount, MAPCOUNT),
	F(vmlab_scan, all_of, FACTS),
	F(vmlab_scan, any_of, FACTS),
	F(vmlab_scan, none_of, FACTS),
	{ 0 }
};

static const struct field kregions_fields[] = {
	F(vmlab_kregions, flags, ZERO),
	F(vmlab_kregions, __reserved, ZERO),
	F(vmlab_kregions, out_nr, OUT),
	{ 0 }
};

static const struct field mm_fields[] = {
	F(vmlab_mm, flags, ZERO),
	F(vmlab_mm, buf, BUF),
	F(vmlab_mm, nr_recs, NR_RECS),
	F(vmlab_mm, rec_size, REC_SIZE),
	F(vmlab_mm, __reserved, ZERO),
	F(vmlab_mm, out_nr, OUT),
	{ 0 }
};

static const struct field thread_fields[] = {
	F(vmlab_thread, flags, ZERO),
	F(vmlab_thread, fd, MEM),
	F(vmlab_thread, tid, TID),
	F(vmlab_thread, out_flags, OUT),
	{ 0 }
};

static const struct shape shapes[] = {
	{ .name = "INFO", .cmd = VMLAB_INFO, .size = sizeof(struct vmlab_info),
	  .fields = info_fields },
	{ .name = "OPEN", .cmd = VMLAB_OPEN, .size = sizeof(struct vmlab_open),
	  .fields = open_fields },
	{ .name = "FRAMES", .cmd = VMLAB_FRAMES, .size = sizeof(struct vmlab_frames),
	  .rec_size = sizeof(struct vmlab_frame), .fields = list_fields,
	  .start = FRAME_START, .end = FRAME_END },
	{ .name = "KWALK", .cmd = VMLAB_KWALK, .size = sizeof(struct vmlab_walk),
	  .fields = walk_fields, .va = KVA },
	{ .name = "KSCAN", .cmd = VMLAB_KSCAN, .size = sizeof(struct vmlab_scan),
	  .rec_size = sizeof(struct vmlab_run), .fields = scan_fields,
	  .start = KSTART, .end = KEND },
	{ .name = "CPUS", .cmd = VMLAB_CPUS, .size = sizeof(struct vmlab_cpus),
	  .rec_size = sizeof(struct vmlab_cpu), .fields = list_fields,
	  .start = CPU_START, .end = CPU_END },
	{ .name = "KREGIONS", .cmd = VMLAB_KREGIONS, .size = sizeof(struct vmlab_kregions),
	  .fields = kregions_fields },
	{ .name = "WALK", .cmd = VMLAB_WALK, .size = sizeof(struct vmlab_walk),
	  .fields = walk_fields, .target = true },
	{ .name = "SCAN", .cmd = VMLAB_SCAN, .size = sizeof(struct vmlab_scan),
	  .rec_size = sizeof(struct vmlab_run), .fields = scan_fields, .target = true },
	{ .name = "VMAS", .cmd = VMLAB_VMAS, .size = sizeof(struct vmlab_vmas),
	  .rec_size = sizeof(struct vmlab_vma), .fields = list_fields, .target = true },
	{ .name = "TABLES", .cmd = VMLAB_TABLES, .size = sizeof(struct vmlab_tables),
	  .rec_size = sizeof(struct vmlab_table), .fields = list_fields, .target = true },
	{ .name = "MM", .cmd = VMLAB_MM, .size = sizeof(struct vmlab_mm),
	  .rec_size = sizeof(struct vmlab_root_entry), .fields = mm_fields, .target = true },
	{ .name = "THREAD", .cmd = VMLAB_THREAD, .size = sizeof(struct vmlab_thread),
	  .fields = thread_fields, .target = true },
};

/* Zero is no kind of address: the field's own then. */
static enum kind kind_of(const struct shape *shape, const struct field *field)
{
	const enum kind other = field->kind == VA ? shape->va :
		field->kind == START ? shape->start : field->kind == END ? shape->end : 0;

	return other ? other : field->kind;
}

/* Beside the ioctls: a number that is none, a descriptor closed, the restless target anew. */
enum { OP_OTHER = ARRAY_SIZE(shapes), OP_CLOSE, OP_RENEW, OPS };

/* A bit of the byte for the injected fault says whether there is one. */
#define INJECT		0x80

enum {
	NODE_ROOT, NODE_PLAIN,		/* opened by root, and by one without its capabilities */
	TARGET_STILL, TARGET_SELF, TARGET_RESTLESS, TARGET_HIDDEN, TARGET_NO_VMAS, TARGET_DEAD,
	NO_ONES,			/* closed */
	A_PIPE, A_FILE,
	SLOT,				/* and the next ones: what OPEN gave */
	FDS = SLOT + SLOTS
};

static struct {
	int fds[FDS];
	unsigned int slot;		/* the next to be taken */
	struct victim still, restless;
	struct churn *churn;
	unsigned int renewed;
	uint64_t seed;
	char *args;			/* a page to be written, */
	char *args_read_only;		/* the same not to be written, */
	char *last;			/* and one with nothing behind it */
	char *low;			/* a page that 32 bits reach; NULL: nobody asks so */
	char *buf;			/* BUF_PAGES, nothing behind */
	char *memory;			/* of several kinds; the still one has it too */
	bool injecting;
	bool loud;
	int open_files;
	struct {
		unsigned long good;
		unsigned long bad;
		double seconds;
	} count[OPS];
	char why[300];
} self;

static void add(enum kind kind, uint64_t value)
{
	if (values[kind].nr < VALUES)
		values[kind].at[values[kind].nr++] = value;
}

static void add_all(enum kind kind, const uint64_t *all, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		add(kind, all[i]);
}

__attribute__((format(printf, 1, 2)))
static const char *wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(self.why, sizeof(self.why), format, args);
	va_end(args);
	return self.why;
}

/* ---- what there is to choose from ------------------------------------------- */

#define MEMORY_PAGES	64UL

/* Written, read, untouched, not to be accessed, swapped out if it can be, huge. */
static bool make_memory(void)
{
	char *p = fixture_anon(MEMORY_PAGES * PAGE, PROT_READ | PROT_WRITE);

	if (!p)
		return false;
	fixture_write(p, 16 * PAGE);
	fixture_read(p + 20 * PAGE, 8 * PAGE);
	fixture_write(p + 32 * PAGE, 8 * PAGE);
	mprotect(p + 34 * PAGE, 2 * PAGE, PROT_NONE);
	mprotect(p + 36 * PAGE, 2 * PAGE, PROT_READ);
	madvise(p + 8 * PAGE, 4 * PAGE, 21 /* MADV_PAGEOUT */);
	munmap(p + 50 * PAGE, PAGE);
	self.memory = p;
	/* Others may do without. */
	if (fixture_thp(HUGE_2M))
		mprotect(fixture_thp(HUGE_2M), PAGE, PROT_READ);
	fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);
	return true;
}

#ifdef __x86_64__
/* As a program of 32 bits asks: the same kernel, through its other door. */
static int compat_ask(int fd, unsigned int cmd, void *arg)
{
	long ret = 54;	/* ioctl, arch/x86/entry/syscalls/syscall_32.tbl */

	asm volatile("int $0x80"
		     : "+a" (ret)
		     : "b" ((long)fd), "c" ((unsigned long)cmd), "d" (arg)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* Where the kernel has no such door, who knocks dies: a child tries. */
static char *compat_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int status = 1;
	pid_t pid;

	if (page == MAP_FAILED)
		return NULL;
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(compat_ask(-1, 0, NULL) != -EBADF);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status ? NULL : page;
}
#else
static int compat_ask(int fd, unsigned int cmd, void *arg)
{
	(void)fd;
	(void)cmd;
	(void)arg;
	return -EBADF;
}

static char *compat_page(void)
{
	return NULL;
}
#endif

static bool make_buffers(void)
{
	int fd = fixture_memfd(PAGE, 0);

	/* Records that are written over it end there, too. */
	self.args = fixture_anon(2 * PAGE, PROT_NONE);
	if (!self.args || mmap(self.args, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			       0) != self.args)
		return false;
	self.args_read_only = fixture_map(fd, PAGE, PROT_READ, MAP_SHARED);
	close(fd);
	self.last = fixture_anon(2 * PAGE, PROT_READ | PROT_WRITE);
	self.buf = fixture_anon((BUF_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE);
	if (!self.args || !self.args_read_only || !self.last || !self.buf)
		return false;
	self.low = compat_page();
	return !mprotect(self.last + PAGE, PAGE, PROT_NONE) &&
	       !mprotect(self.buf + BUF_PAGES * PAGE, PAGE, PROT_NONE);
}

/*
 * A child that becomes nobody and opens what it may of itself, and what root may not be
 * denied: received here, in the order of the enum below.
 */
enum { NOBODYS_NODE, NOBODYS_PAGEMAP, NOBODYS_TARGET, NOBODYS_MEM, NOBODYS };

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

static pid_t start_nobody(int *fds)
{
	const struct who nobody = { .uid = NOBODY };
	int pair[2], i;
	pid_t pid;

	if (chmod(NODE, 0666) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	pid = fork();
	if (!pid) {
		int mine[NOBODYS];

		if (!caller_become(&nobody, "/proc"))
			_exit(1);
		/* Becoming somebody else had it forgotten, if there was one. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mine[NOBODYS_NODE] = open(NODE, O_RDWR | O_CLOEXEC);
		mine[NOBODYS_PAGEMAP] = open_of(getpid(), "pagemap", O_RDONLY);
		mine[NOBODYS_TARGET] = ask_open(mine[NOBODYS_NODE], mine[NOBODYS_PAGEMAP]);
		mine[NOBODYS_MEM] = open_of(getpid(), "mem", O_RDONLY);
		for (i = 0; i < NOBODYS; i++)
			if (mine[i] < 0)
				_exit(1);
		if (!caller_send(pair[1], mine, NOBODYS))
			pause();
		_exit(1);
	}
	close(pair[1]);
	i = pid < 0 ? -1 : caller_receive(pair[0], fds, NOBODYS);
	close(pair[0]);
	chmod(NODE, 0600);
	return i ? -1 : pid;
}

static const char *start_restless(void)
{
	self.churn->seed = self.seed + self.renewed++;
	if (churn_start(self.churn, &self.restless))
		return "there is no process that churns";
	self.fds[TARGET_RESTLESS] = ask_target(self.fds[NODE_ROOT], self.restless.pid);
	return self.fds[TARGET_RESTLESS] < 0 ? "it can't be opened" : NULL;
}

static void add_ranges(const struct vmlab_info *info)
{
	const uint64_t memory = (uintptr_t)self.memory, kernel = info->out_kernel_start;
	const uint64_t user[] = {
		memory, memory + PAGE, memory + 1, memory + MEMORY_PAGES * PAGE, 0, PAGE,
		info->out_user_end, info->out_user_end - PAGE, info->out_user_end + PAGE,
		info->out_user_end - 1, (uintptr_t)self.buf, (uintptr_t)calls_setup & -PAGE,
		kernel, kernel - PAGE, 1ULL << 62, ~0ULL, -PAGE, memory & -HUGE_2M,
		(memory & -HUGE_2M) + HUGE_2M,
	};
	struct vmlab_kregions regions = { .size = sizeof(regions) };
	uint32_t i;

	add_all(VA, user, ARRAY_SIZE(user));
	add(START, memory);
	add(END, memory + MEMORY_PAGES * PAGE);
	add(END, info->out_user_end);
	add(START, 0);
	add_all(START, user, ARRAY_SIZE(user));
	add_all(END, user, ARRAY_SIZE(user));
	if (ask(self.fds[NODE_ROOT], VMLAB_KREGIONS, &regions))
		regions.out_nr = 0;
	for (i = 0; i < regions.out_nr && i < 8; i++) {
		const struct vmlab_kregion *region = &regions.out_regions[i];

		add(KVA, region->start);
		add(KVA, region->end - 1);
		add(KSTART, region->start);
		add(KEND, region->start + (8 << 20));
		/* The big ones take long, and seldom tell more. */
		if (region->end - region->start < HUGE_1G || !i)
			add(KEND, region->end);
	}
	add_all(KVA, user, ARRAY_SIZE(user));
	add_all(KSTART, user + 12, ARRAY_SIZE(user) - 12);
	add_all(KEND, user + 12, ARRAY_SIZE(user) - 12);
}

static void add_values(const struct vmlab_info *info)
{
	static const uint64_t zeroes[] = { 0, 1, 0x80000000, ~0ULL };
	static const uint64_t frames[] = { 0, 64, 256, 4096, 0x8000, 1 << 20, 1ULL << 40, 1ULL << 52,
					   (1ULL << 52) + 1, ~0ULL };
	static const uint64_t cpus[] = { 65536, 0, 1, 2, 64, 65535, 65537, 1ULL << 32, ~0ULL };
	static const uint64_t nrs[] = { 512, 1, 2, 3, 5, 7, 64, 511, 513, 2048, 0, 65536, 1 << 24,
					0x7fffffff, 0xffffffff };
	static const uint64_t rec_sizes[] = { 0, 1, 7, 8, 16, 24, 32, 48, 56, 64, 72, 128, 4096, 4097,
					      65536, 0x7fffffff, 0xffffffff };
	static const uint64_t formats[] = { VMLAB_FORMAT_RUNS, VMLAB_FORMAT_RAW, 0, 3, ~0ULL };
	static const uint64_t counts[] = { 0, 1, 2, 3, 100, ~0ULL };
	static const uint64_t masks[] = {
		VMLAB_FACTS_KNOWN, VMLAB_FACT_ANON | VMLAB_FACT_FILE,
		VMLAB_FACT_WRITE | VMLAB_FACT_EXEC, VMLAB_FACT_SWAP | VMLAB_FACT_MIGRATION,
		VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE, 1ULL << 39, 1ULL << 63, ~0ULL,
	};
	const uint64_t buf = (uintptr_t)self.buf, last = buf + BUF_PAGES * PAGE;
	const uint64_t bufs[] = { buf, buf + 1, buf + 8, last - 8, last - 64, last - 4096, last - 4100,
				  last - 40000, last, 0, 8, (uintptr_t)self.args_read_only,
				  info->out_kernel_start, info->out_user_end - 8, ~0ULL, -PAGE,
				  /* The struct itself, and the middle of it. */
				  (uintptr_t)self.args, (uintptr_t)self.args + 16 };
	int bit;

	add_ranges(info);
	add_all(ZERO, zeroes, ARRAY_SIZE(zeroes));
	add_all(FRAME_START, frames, ARRAY_SIZE(frames));
	add(FRAME_END, 256);
	add_all(FRAME_END, frames, ARRAY_SIZE(frames));
	add_all(CPU_END, cpus, ARRAY_SIZE(cpus));
	add_all(CPU_START, cpus + 1, ARRAY_SIZE(cpus) - 1);
	add_all(BUF, bufs, ARRAY_SIZE(bufs));
	add_all(NR_RECS, nrs, ARRAY_SIZE(nrs));
	/* The first stands for that of the ioctl. */
	add(REC_SIZE, 0);
	add_all(REC_SIZE, rec_sizes, ARRAY_SIZE(rec_sizes));
	add_all(FORMAT, formats, ARRAY_SIZE(formats));
	add_all(MAPCOUNT, counts, ARRAY_SIZE(counts));
	/* Few at a time, or all: filters are masks. Then what no module knows. */
	add(FACTS, 0);
	for (bit = 0; bit < 64; bit++)
		if (VMLAB_FACTS_KNOWN >> bit & 1)
			add(FACTS, 1ULL << bit);
	add_all(FACTS, masks, ARRAY_SIZE(masks));
	add_all(OUT, zeroes, ARRAY_SIZE(zeroes));
}

static void add_descriptors(const int *nobodys, pid_t nobody)
{
	const int mem = open_of(self.still.pid, "mem", O_RDONLY);
	const int common[] = {
		self.fds[TARGET_STILL], self.fds[NODE_ROOT], self.fds[A_PIPE], self.fds[A_FILE],
		-1, 9999, INT32_MIN,
	};
	const pid_t tids[] = {
		self.still.pid, getpid(), self.restless.pid, 0, -1, 1, victim_kernel_thread(), nobody,
		0x7fffffff,
	};
	size_t i;

	add(PAGEMAP, ask_pagemap(self.still.pid));
	add(PAGEMAP, ask_pagemap(0));
	add(PAGEMAP, ask_pagemap(self.restless.pid));
	add(PAGEMAP, nobodys[NOBODYS_PAGEMAP]);
	add(PAGEMAP, ask_pagemap(victim_kernel_thread()));
	add(PAGEMAP, open_of(self.still.pid, "smaps", O_RDONLY));
	add(PAGEMAP, mem);
	add(MEM, mem);
	add(MEM, open_of(getpid(), "mem", O_RDONLY));
	add(MEM, open_of(self.restless.pid, "mem", O_RDONLY));
	add(MEM, nobodys[NOBODYS_MEM]);
	add(MEM, values[PAGEMAP].at[0]);
	for (i = 0; i < ARRAY_SIZE(common); i++) {
		add(PAGEMAP, (uint32_t)common[i]);
		add(MEM, (uint32_t)common[i]);
	}
	for (i = 0; i < ARRAY_SIZE(tids); i++)
		add(TID, (uint32_t)tids[i]);
}

const char *calls_setup(uint64_t seed)
{
	struct vmlab_info info = { .size = sizeof(info) };
	int nobodys[NOBODYS], pair[2], i;
	struct victim dead;
	const char *why;
	pid_t nobody;

	self.seed = seed;
	for (i = 0; i < SLOTS; i++)
		self.fds[SLOT + i] = -1;
	self.fds[NODE_ROOT] = open(NODE, O_RDWR | O_CLOEXEC);
	if (self.fds[NODE_ROOT] < 0 || ask(self.fds[NODE_ROOT], VMLAB_INFO, &info))
		return "there is no " NODE ": is the module loaded?";
	self.injecting = !inject_setup();
	self.churn = churn_new(seed);
	if (!self.churn || !make_memory() || !make_buffers() || pipe2(pair, O_CLOEXEC))
		return "there is not enough memory";
	self.fds[A_PIPE] = pair[0];
	self.fds[A_FILE] = fixture_memfd(PAGE, 1);
	nobody = start_nobody(nobodys);
	if (nobody < 0)
		return "nobody does not open " NODE;
	self.fds[NODE_PLAIN] = nobodys[NOBODYS_NODE];
	self.fds[TARGET_HIDDEN] = nobodys[NOBODYS_TARGET];
	/* Opened by others than who asks: what is asked for is withheld. */
	self.fds[TARGET_NO_VMAS] = ask_open(self.fds[NODE_ROOT], nobodys[NOBODYS_PAGEMAP]);
	if (victim_fork(&self.still, NULL, NULL) || victim_fork(&dead, NULL, NULL))
		return "there are no processes to look at";
	self.fds[TARGET_STILL] = ask_target(self.fds[NODE_ROOT], self.still.pid);
	self.fds[TARGET_SELF] = ask_target(self.fds[NODE_ROOT], 0);
	self.fds[TARGET_DEAD] = ask_target(self.fds[NODE_ROOT], dead.pid);
	victim_kill(&dead);
	why = start_restless();
	if (why)
		return why;
	add_values(&info);
	add_descriptors(nobodys, nobody);
	/* Closed again, so that its number is nobody's. */
	self.fds[NO_ONES] = dup(self.fds[A_FILE]);
	close(self.fds[NO_ONES]);
	for (i = 0; i < SLOT; i++)
		if (self.fds[i] < 0)
			return "a descriptor to choose from is missing";
	self.open_files = ask_open_files();
	return NULL;
}

void calls_teardown(void)
{
	victim_kill(&self.still);
	victim_kill(&self.restless);
}

/* ---- bytes ------------------------------------------------------------------ */

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static uint8_t next(struct reader *reader)
{
	return reader->at < reader->end ? *reader->at++ : 0;
}

/* A number that no table has. */
#define RAW	0xf8

static uint64_t next_value(struct reader *reader, const struct shape *shape, enum kind kind)
{
	const uint8_t choice = next(reader);
	uint64_t value = 0;
	unsigned int i;

	if (choice >= RAW) {
		for (i = 0; i <= (choice & 7u); i++)
			value = value << 8 | next(reader);
		return value;
	}
	i = choice % values[kind].nr;
	return kind == REC_SIZE && !i ? shape->rec_size : values[kind].at[i];
}

static uint32_t next_size(struct reader *reader, const struct shape *shape)
{
	const uint32_t sizes[] = {
		shape->size, shape->size - 8, shape->size - 4, shape->size - 1, 0, 4, 8, 16,
		shape->size + 1, shape->size + 8, shape->size + 64, PAGE, PAGE + 1, 0x7fffffff, ~0u,
	};
	const uint8_t choice = next(reader);

	return choice >= RAW ? next(reader) : sizes[choice % ARRAY_SIZE(sizes)];
}

/* The struct in memory, and what is after it. */
static void fill(struct reader *reader, const struct shape *shape, char *arg, size_t room)
{
	const struct field *field;
	uint64_t value;

	memset(arg, 0, room);
	for (field = shape->fields; field->width; field++) {
		value = next_value(reader, shape, kind_of(shape, field));
		/* Little endian, as every machine that the module is for. */
		memcpy(arg + field->offset, &value, field->width);
	}
	value = next(reader);
	/* Rarely: something behind what this module knows. */
	if (value > 0xf0 && room > shape->size)
		arg[shape->size + value % (room - shape->size)] = (char)value;
}

/* Where the struct lies: what the ioctl is given, and where it can be read back. */
struct place {
	void *given;
	char *image;
	size_t room;
	bool writable;
	bool compat;		/* asked as a program of 32 bits does */
};

static struct place next_place(struct reader *reader, const struct shape *shape, uint32_t size)
{
	char *const end = self.last + PAGE;
	const size_t fits = size && size <= PAGE ? size : shape->size;
	const size_t less = fits > 4 ? fits - 4 : 0;
	struct place place = { self.args, self.args, PAGE, true, false };

	switch (next(reader) % 12) {
	case 1:
		place = (struct place) { end - fits, end - fits, fits, true, false };
		break;
	case 2:
		/* Its last bytes are missing. */
		place = (struct place) { end - less, end - less, less, false, false };
		break;
	case 3:
		place.given = self.args_read_only;
		place.writable = false;
		break;
	case 4:
		place = (struct place) { NULL, self.args, PAGE, false, false };
		break;
	case 5:
		place = (struct place) { (void *)-PAGE, self.args, PAGE, false, false };
		break;
	case 6:
		place = (struct place) { self.args + 1, self.args + 1, PAGE - 1, true, false };
		break;
	case 7:
		if (self.low)
			place = (struct place) { self.low, self.low, PAGE, true, true };
		break;
	}
	return place;
}

/* ---- answers ---------------------------------------------------------------- */

/* The list of include/uapi/vmlab.h, each where it may be; what else there is, is a defect. */
static bool may_be(int err, const struct shape *shape, int fd, bool injected)
{
	const bool takes_fd = shape->cmd == VMLAB_OPEN || shape->cmd == VMLAB_THREAD;

	switch (err) {
	case ENOTTY:
	case EINVAL:
	case E2BIG:
	case EOPNOTSUPP:
	case ERANGE:
	case EFAULT:
	case EPERM:
		return true;
	case EBADF:
		return takes_fd || fd < 0 || fd == self.fds[NO_ONES];
	case ESRCH:
		return takes_fd || (fd != self.fds[TARGET_STILL] && fd != self.fds[TARGET_SELF]);
	case EINTR:
	case ENOMEM:
		/* Nobody kills us; there is memory unless somebody says that there is none. */
		return injected;
	case EMFILE:
	case ENFILE:
		return shape->cmd == VMLAB_OPEN;
	default:
		return false;
	}
}

static uint64_t field_of(const struct shape *shape, const char *image, enum kind kind,
			 unsigned int nth)
{
	const struct field *field;
	uint64_t value = 0;

	for (field = shape->fields; field->width; field++)
		if (field->kind == kind && !nth--)
			break;
	if (field->width)
		memcpy(&value, image + field->offset, field->width);
	return value;
}

static const char *inputs_changed(const struct shape *shape, const char *before, const char *after,
				  size_t size)
{
	const struct field *field;

	if (memcmp(before, after, sizeof(uint32_t)))
		return wrong("%s: size is another one afterwards", shape->name);
	for (field = shape->fields; field->width; field++)
		if (field->kind != OUT && field->offset + field->width <= size &&
		    memcmp(before + field->offset, after + field->offset, field->width))
			return wrong("%s: what it was asked, at offset %u, is changed", shape->name,
				     field->offset);
	return NULL;
}

/* All answers of ranged queries: progress, the buffer, what lies behind it. */
static const char *range_wrong(const struct shape *shape, const char *image)
{
	const uint64_t nr_recs = field_of(shape, image, NR_RECS, 0);
	const uint64_t rec_size = field_of(shape, image, REC_SIZE, 0);
	const uint64_t buf = field_of(shape, image, BUF, 0);
	const bool ranged = shape->cmd != VMLAB_MM;
	const uint64_t start = field_of(shape, image, START, 0), end = field_of(shape, image, END, 0);
	const uint64_t out_next = ranged ? field_of(shape, image, OUT, 0) : 0;
	const uint64_t out_nr = field_of(shape, image, OUT, ranged);
	static const char untouched[8] = { [0 ... 7] = (char)UNTOUCHED };
	uint64_t at;

	if (ranged && (out_next < start || out_next > end))
		return wrong("%s: out_next is not in the range", shape->name);
	if (shape->fields == scan_fields && start < end && out_next == start)
		return wrong("%s: nothing was done and no error told", shape->name);
	if (out_nr > nr_recs)
		return wrong("%s: more records than fit", shape->name);
	/* Only what was prepared can be looked at. */
	if (buf < (uintptr_t)self.buf || buf >= (uintptr_t)self.buf + LOOKED_AT)
		return NULL;
	for (at = buf + out_nr * rec_size; at + 8 <= (uintptr_t)self.buf + LOOKED_AT; at += 8)
		if (memcmp((void *)at, untouched, sizeof(untouched)))
			return wrong("%s: a byte was written behind the last record", shape->name);
	return NULL;
}

static const char *cpus_wrong(const struct vmlab_cpus *cpus, const struct vmlab_cpu *recs)
{
	uint32_t i;

	for (i = 0; i < cpus->out_nr; i++)
		if (recs[i].cpu < cpus->start || recs[i].cpu >= cpus->end ||
		    (i && recs[i].cpu <= recs[i - 1].cpu))
			return "CPUs that do not ascend, or were not asked about";
	return NULL;
}

/* The kernel's own: no VMA, no frame looked up; tables may change between two records. */
static const char *kernel_runs_wrong(const struct vmlab_scan *scan, const struct vmlab_run *recs)
{
	uint32_t i;

	for (i = 0; i < scan->out_nr; i++) {
		if (recs[i].facts & ~VMLAB_FACTS_KNOWN)
			return "an unknown fact";
		if (recs[i].facts & (VMLAB_FACT_FRAME | VMLAB_FACT_VMA))
			return "facts of a frame or of a VMA in the kernel half";
		if (!recs[i].count || recs[i].mapcount != VMLAB_MAPCOUNT_UNKNOWN)
			return "no count, or a map count that nobody can know";
		if (recs[i].va >= scan->end)
			return "a record behind the range";
	}
	return NULL;
}

static const char *content_wrong(const struct shape *shape, char *image, int fd)
{
	const uint64_t buf = field_of(shape, image, BUF, 0);
	const bool usual = field_of(shape, image, REC_SIZE, 0) == shape->rec_size;
	unsigned int straddles = 0;
	const char *why = NULL;

	/* Hidden ones have their own rules (test_hidden). */
	if (fd == self.fds[TARGET_HIDDEN] || fd == self.fds[TARGET_NO_VMAS])
		return NULL;
	if (shape->cmd == VMLAB_WALK && !(((struct vmlab_walk *)image)->out_flags & VMLAB_OUT_HIDDEN))
		why = wellformed_walk((void *)image);
	if (shape->cmd == VMLAB_SCAN && usual && !(((struct vmlab_scan *)image)->out_flags) &&
	    ((struct vmlab_scan *)image)->format == VMLAB_FORMAT_RUNS && !(buf & 7))
		why = wellformed_scan((void *)image, (void *)buf, &straddles);
	if (shape->rec_size && usual && !(buf & 7))
		switch (shape->cmd) {
		case VMLAB_TABLES:
			why = wellformed_tables((void *)image, (void *)buf);
			break;
		case VMLAB_VMAS:
			why = wellformed_vmas((void *)image, (void *)buf);
			break;
		case VMLAB_FRAMES:
			why = wellformed_frames((void *)image, (void *)buf);
			break;
		case VMLAB_CPUS:
			why = cpus_wrong((void *)image, (void *)buf);
			break;
		case VMLAB_KSCAN:
			if (((struct vmlab_scan *)image)->format == VMLAB_FORMAT_RUNS)
				why = kernel_runs_wrong((void *)image, (void *)buf);
			break;
		}
	return why ? wrong("%s: %s", shape->name, why) : NULL;
}

static const char *opened(const char *image)
{
	const struct vmlab_open *open = (const void *)image;
	int *slot = &self.fds[SLOT + self.slot++ % SLOTS];
	const int flags = fcntl(open->out_fd, F_GETFD);

	if (flags < 0 || !(flags & FD_CLOEXEC))
		return wrong("OPEN: descriptor %d is none, or not close-on-exec", open->out_fd);
	if (*slot >= 0)
		close(*slot);
	*slot = open->out_fd;
	return NULL;
}

static void say_call(const struct shape *shape, int fd, const struct place *place,
		     const char *image, uint8_t inject)
{
	const struct field *field;
	uint64_t value;

	printf("# %s on %d, at %p%s, size %u", shape->name, fd, place->given,
	       place->compat ? " (32 bits)" : "", *(const uint32_t *)image);
	if (self.injecting && (inject & INJECT))
		printf(", fault %u", 1 + (inject & 0x1f));
	for (field = shape->fields; field->width; field++) {
		value = 0;
		memcpy(&value, image + field->offset, field->width);
		if (field->kind != OUT)
			printf(", %u: 0x%llx", field->offset, (unsigned long long)value);
	}
	putchar('\n');
	fflush(stdout);
}

/* ---- calls ------------------------------------------------------------------ */

static int next_fd(struct reader *reader, const struct shape *shape)
{
	const uint8_t choice = next(reader);

	if (!choice)
		return self.fds[shape && shape->target ? TARGET_STILL : NODE_ROOT];
	return self.fds[choice % FDS];
}

static const char *call(struct reader *reader, const struct shape *shape,
			const struct calls_watch *watch)
{
	char before[PAGE], image[PAGE];
	const int fd = next_fd(reader, shape);
	const uint32_t size = next_size(reader, shape);
	const struct place place = next_place(reader, shape, size);
	const uint8_t inject = next(reader);
	const size_t known = place.room < shape->size ? place.room : shape->size;
	const bool injected = self.injecting && (inject & INJECT);
	const char *why = NULL;
	bool over_itself;
	double began;
	int err;

	fill(reader, shape, image, PAGE);
	memcpy(image, &size, sizeof(size));
	memcpy(place.image, image, place.room);
	memcpy(before, place.image, place.room);
	memset(self.buf, UNTOUCHED, LOOKED_AT);

	if (self.loud)
		say_call(shape, fd, &place, image, inject);
	if (injected)
		inject_arm(1 + (inject & 0x1f));
	began = seconds_now();
	watch->before();
	err = place.compat ? compat_ask(fd, shape->cmd, place.given) : ask(fd, shape->cmd, place.given);
	self.count[shape - shapes].seconds += seconds_now() - began;
	watch->after();
	if (injected)
		inject_disarm();

	/* Who has records written over the question gets what he asked for. */
	over_itself = shape->rec_size && field_of(shape, image, BUF, 0) - (uintptr_t)self.args < PAGE;
	if (err) {
		self.count[shape - shapes].bad++;
		if (!may_be(-err, shape, fd, injected))
			return wrong("%s: %s is no error of the contract", shape->name, strerror(-err));
		/* Nothing is written then; half of it may be where it can't be written. */
		if (err != -EFAULT && !over_itself && memcmp(before, place.image, place.room))
			return wrong("%s: refused (%s), and the struct is another one", shape->name,
				     strerror(-err));
		return NULL;
	}
	self.count[shape - shapes].good++;
	if (!place.writable)
		return wrong("%s: no error, though its struct can't be written", shape->name);
	if (size < shape->size)
		return shape->cmd == VMLAB_OPEN ? opened(place.image) : NULL;
	if (shape->cmd == VMLAB_OPEN)
		why = opened(place.image);
	if (over_itself)
		return why;
	if (!why)
		why = inputs_changed(shape, before, place.image, known);
	if (!why && shape->rec_size)
		why = range_wrong(shape, place.image);
	return why ?: content_wrong(shape, place.image, fd);
}

/* A number that is none of ours, with a struct that is as good as any. */
static const char *other_number(struct reader *reader, const struct calls_watch *watch)
{
	/* Types that no file of ours knows, and our own with sizes and directions. */
	static const uint8_t types[] = { VMLAB_IOC_TYPE, VMLAB_IOC_TYPE, 0xee, 0xff };
	const int fd = next_fd(reader, NULL);
	const uint8_t how = next(reader), nr = next(reader);
	unsigned int cmd = _IOC(how >> 2 & 3, types[how & 3], nr, (how >> 4) * 8);
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		if (cmd == shapes[i].cmd)
			cmd ^= 0x40;
	watch->before();
	err = ask(fd, cmd, self.args);
	watch->after();
	if (err == -ENOTTY || err == -EBADF)
		return NULL;
	return wrong("ioctl 0x%x: %s, which is not ENOTTY", cmd, err ? strerror(-err) : "no error");
}

static void close_one(struct reader *reader, const struct calls_watch *watch)
{
	int *slot = &self.fds[SLOT + next(reader) % SLOTS];

	watch->before();
	if (*slot >= 0)
		close(*slot);
	watch->after();
	*slot = -1;
}

/* The old descriptor stays a while, in a slot: its address space is gone. */
static const char *renew(void)
{
	int *slot = &self.fds[SLOT + self.slot++ % SLOTS];

	if (*slot >= 0)
		close(*slot);
	*slot = self.fds[TARGET_RESTLESS];
	victim_kill(&self.restless);
	return start_restless();
}

const char *calls_make(const uint8_t *bytes, size_t size, const struct calls_watch *watch,
		       unsigned long *made)
{
	struct reader reader = { bytes, bytes + size };
	const char *why = NULL;

	while (!why && reader.at < reader.end) {
		const unsigned int op = next(&reader) % OPS;

		++*made;
		switch (op) {
		case OP_OTHER:
			why = other_number(&reader, watch);
			break;
		case OP_CLOSE:
			close_one(&reader, watch);
			break;
		case OP_RENEW:
			/* It costs as much as a thousand calls. */
			if (next(&reader) == 0xfe)
				why = renew();
			break;
		default:
			why = call(&reader, &shapes[op], watch);
		}
	}
	return why;
}

void calls_be_loud(void)
{
	self.loud = true;
}

const char *calls_leak(void)
{
	int i, taken = 0, now = ask_open_files();

	for (i = 0; i < SLOTS; i++)
		taken += self.fds[SLOT + i] >= 0;
	if (now == self.open_files + taken)
		return NULL;
	return wrong("%d descriptors are open, and %d are known", now, self.open_files + taken);
}

size_t calls_usual(unsigned int nr, uint8_t *bytes)
{
	const struct field *field;
	size_t size = 5;

	if (nr >= ARRAY_SIZE(shapes))
		return 0;
	for (field = shapes[nr].fields; field->width; field++)
		size++;
	memset(bytes, 0, size + 1);
	bytes[0] = (uint8_t)nr;
	return size + 1;
}

const char *calls_one_sided(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		if (!self.count[i].good || !self.count[i].bad)
			return wrong("%s was never %s", shapes[i].name,
				     self.count[i].good ? "refused" : "answered");
	return self.injecting ? NULL : "no fault was injected: this kernel can't";
}

void calls_tell(void)
{
	size_t i;

	printf("# %u processes churned; %s; %s\n", self.renewed,
	       self.injecting ? "faults were injected" : "this kernel injects no faults",
	       self.low ? "32-bit calls too" : "no 32-bit calls");

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		printf("# %-9s %8lu answered, %8lu refused, %6.0f us each\n", shapes[i].name,
		       self.count[i].good, self.count[i].bad, 1e6 * self.count[i].seconds /
		       (self.count[i].good + self.count[i].bad + 1e-9));
}
