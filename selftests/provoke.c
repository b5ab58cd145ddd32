// SPDX-License-Identifier: GPL-2.0-only
/*
 * provoke.c - provokes page faults of every kind that can be had on purpose, a known
 * number of each, and says so: what a test traces.
 *
 * Each kind has a place of its own in an arena far from everything else, so that faults
 * elsewhere (the loader, the stack) cannot be taken for it. For each it says what there
 * is to be seen:
 *
 *	expect START END CLASS NUMBER
 *	some START END CLASS
 *	absent CLASS why
 *
 * and around all of it, how many faults the kernel counted for this process:
 *
 *	counted START-MARK END-MARK MINOR MAJOR LATE
 *
 * where the marks are addresses nobody may touch that it touched before and after. Between
 * a mark and the count that belongs to it, nothing faults: everything there is done once
 * for nothing. Or a page of the stack that the count is written into, protected by fork
 * or by clear_refs, would be seen after the mark and before the count. LATE is how many
 * did so at the end.
 *
 * usage: provoke [swap] | others [swap] | cow NUMBER | refused NUMBER
 *
 * swap: there is swap space to push pages into. others: kinds that come when the kernel
 * sees fit, until there was some; counts are those of the whole process. cow: pages that a fork shares, NUMBER of
 * them, written by the child and then by the parent, each with its frames as pagemap has
 * them, and how many the kernel says were reused meanwhile; before that, what `vmlab pages`
 * says of the parent before the fork and of the child when it has written:
 *
 *	child PID of PID
 *	page VA PARENTS-FRAME CHILDS-FRAME
 *	reused NUMBER		-1 where it does not say
 *
 * refused: NUMBER reads of what nobody may read, while another thread maps and unmaps:
 *
 *	expect START END prot-none NUMBER
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "ticks.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define HUGE		(2UL << 20)
#define NR		16
#define ARENA		0x200000000000UL
#define PLACE		(64UL << 20)

static unsigned int places;
static char said[8192];

/* Said at the end: writing it faults in places of its own. */
static void say(const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - len, format, args);
	va_end(args);
}

static void expect(const void *at, size_t size, const char *fault_class, int nr)
{
	say("expect %lx %lx %s %d\n", (unsigned long)at, (unsigned long)at + size, fault_class, nr);
}

/* At least one, and others beside. */
static void some(const void *at, size_t size, const char *fault_class)
{
	say("some %lx %lx %s\n", (unsigned long)at, (unsigned long)at + size, fault_class);
}

static char *next_place(void)
{
	return (char *)(ARENA + places++ * PLACE);
}

static char *map(size_t size, int prot, int flags, int fd)
{
	char *at = mmap(next_place(), size, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static char *map_small(size_t size)
{
	char *at = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(at, size, MADV_NOHUGEPAGE);
	return at;
}

static void write_each(char *at, size_t nr, size_t step)
{
	size_t i;

	for (i = 0; i < nr; i++)
		*(volatile char *)(at + i * step) = 1;
}

static void read_each(const char *at, size_t nr, size_t step)
{
	size_t i;

	for (i = 0; i < nr; i++)
		(void)*(const volatile char *)(at + i * step);
}

/* A child that does nothing but be there until it is ended. */
static pid_t sharer(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static sigjmp_buf back;

static void on_signal(int sig)
{
	siglongjmp(back, sig);
}

/* The signal that it got for it. */
static int try_read(const char *at)
{
	int sig = sigsetjmp(back, 1);

	if (!sig)
		(void)*(const volatile char *)at;
	return sig;
}

static int try_write(char *at)
{
	int sig = sigsetjmp(back, 1);

	if (!sig)
		*(volatile char *)at = 1;
	return sig;
}

static void anon_new(void)
{
	char *at = map_small(NR * PAGE);

	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "anon-new", NR);
}

static void zero(void)
{
	char *at = map_small(NR * PAGE);

	read_each(at, NR, PAGE);
	write_each(at, NR - 3, PAGE);
	expect(at, NR * PAGE, "zero-read", NR);
	expect(at, NR * PAGE, "zero-upgrade", NR - 3);
}

static void cow_copy(void)
{
	char *at = map_small(NR * PAGE);
	pid_t child;

	write_each(at, NR, PAGE);
	child = sharer();
	write_each(at, NR, PAGE);
	end(child);
	expect(at, NR * PAGE, "anon-new", NR);
	expect(at, NR * PAGE, "cow-copy", NR);
}

static void cow_reuse(void)
{
	char *at = map_small(NR * PAGE);

	write_each(at, NR, PAGE);
	end(sharer());
	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "anon-new", NR);
	expect(at, NR * PAGE, "cow-reuse", NR);
}

/* Pages that are in the page cache: a read maps them and 15 neighbours. */
static void file(void)
{
	const size_t size = NR * 16 * PAGE;
	int fd = memfd_create("provoke", MFD_CLOEXEC);
	char *at;

	if (ftruncate(fd, size))
		exit(1);
	at = map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	write_each(at, NR, PAGE);
	expect(at, size, "file-minor", NR);
	/* Whatever else it holds, by another way than faults. */
	while (pwrite(fd, at, PAGE, lseek(fd, 0, SEEK_CUR)) == (ssize_t)PAGE)
		if (lseek(fd, PAGE, SEEK_CUR) >= (off_t)size)
			break;
	at = map(size, PROT_READ, MAP_SHARED, fd);
	read_each(at, NR, 16 * PAGE);
	expect(at, size, "file-map", NR);
	/* A private mapping takes a copy at once. */
	at = map(NR * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "cow-copy", NR);
	close(fd);
}

static uint64_t pagemap(const char *at)
{
	static int fd = -1;
	static pid_t whose;
	uint64_t entry = 0;

	if (whose != getpid()) {
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
		whose = getpid();
	}
	if (pread(fd, &entry, 8, (uintptr_t)at / PAGE * 8) != 8)
		return 0;
	return entry;
}

static long faults_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/*
 * Shared and read-only until it is known who writes: soft-dirty asks for that. Without
 * it (arm64) it is so for a page that was read and not written, unless the MMU keeps the
 * dirty state by itself: then there is no fault.
 */
static void write_notify(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), memfd;
	long before;
	char *at;

	memfd = memfd_create("provoke", MFD_CLOEXEC);
	if (ftruncate(memfd, 2 * NR * PAGE))
		exit(1);
	at = map(2 * NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "file-minor", NR);
	if (!(pagemap(at) >> 55 & 1)) {
		at += NR * PAGE;
		read_each(at, NR, PAGE);
		expect(at, NR * PAGE, "file-minor", NR);
	} else if (fd < 0 || write(fd, "4", 1) != 1) {
		exit(1);
	}
	before = faults_of(RUSAGE_THREAD);
	write_each(at, NR, PAGE);
	/* The stack may have faulted, too. */
	if (faults_of(RUSAGE_THREAD) < before + NR)
		say("absent write-notify the MMU keeps the dirty state itself\n");
	else
		expect(at, NR * PAGE, "write-notify", NR);
	close(fd);
	close(memfd);
}

static bool swapped(const char *at)
{
	return pagemap(at) >> 62 & 1;
}

static uint64_t frame(const char *at)
{
	return pagemap(at) & ((1ULL << 55) - 1);
}

/*
 * pgreuse of /proc/vmstat: how often a page was taken over without a copy. -1 where the
 * kernel does not count events (CONFIG_VM_EVENT_COUNTERS).
 */
static long reused(void)
{
	char line[128];
	long nr = -1;
	FILE *file = fopen("/proc/vmstat", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "pgreuse %ld", &nr) == 1)
			break;
	if (file)
		fclose(file);
	return nr;
}

static void pages_of(const char *at, size_t nr)
{
	char command[128];

	snprintf(command, sizeof(command), "vmlab pages %d %lx-%lx --json", (int)getpid(),
		 (unsigned long)at, (unsigned long)at + nr * PAGE);
	if (system(command))
		_exit(1);
}

static int cow(size_t nr)
{
	char *at = map_small(nr * PAGE);
	uint64_t *frames = mmap(NULL, 2 * nr * sizeof(*frames), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long before, after;
	pid_t child;
	size_t i;

	write_each(at, nr, PAGE);
	for (i = 0; i < nr; i++)
		frames[i] = frame(at + i * PAGE);
	pages_of(at, nr);
	child = fork();
	if (!child) {
		write_each(at, nr, PAGE);
		for (i = 0; i < nr; i++)
			frames[nr + i] = frame(at + i * PAGE);
		pages_of(at, nr);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	before = reused();
	write_each(at, nr, PAGE);
	after = reused();
	printf("child %d of %d\n", (int)child, (int)getpid());
	for (i = 0; i < nr; i++)
		printf("page %lx %llu %llu\n", (unsigned long)at + i * PAGE,
		       (unsigned long long)frames[i], (unsigned long long)frames[nr + i]);
	printf("reused %ld\n", before < 0 ? -1 : after - before);
	return 0;
}

static void swap_in(bool there_is)
{
	char *at = map_small(NR * PAGE);
	int i, out = 0;

	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "anon-new", NR);
	if (there_is)
		madvise(at, NR * PAGE, MADV_PAGEOUT);
	for (i = 0; i < NR; i++)
		out += swapped(at + i * PAGE);
	if (!out) {
		say("absent swap-in no swap space\n");
		return;
	}
	read_each(at, NR, PAGE);
	expect(at, NR * PAGE, "swap-in", out);
}

static void thp(void)
{
	char *at = map(2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t child;

	madvise(at, 2 * HUGE, MADV_HUGEPAGE);
	write_each(at, 2, HUGE);
	expect(at, 2 * HUGE, "thp-new", 2);
	child = sharer();
	write_each(at, 2, HUGE);
	end(child);
	expect(at, 2 * HUGE, "thp-split", 2);
}

static void hugetlb(void)
{
	char *at = map(2 * HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (21 << MAP_HUGE_SHIFT), -1);

	if (!at) {
		say("absent hugetlb no huge pages are reserved\n");
		return;
	}
	write_each(at, 2, HUGE);
	expect(at, 2 * HUGE, "hugetlb", 2);
}

static void prot_none(void)
{
	char *at = map(NR * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int i, nr = 0;

	for (i = 0; i < NR; i++)
		nr += try_read(at + i * PAGE) == SIGSEGV;
	expect(at, NR * PAGE, "prot-none", nr);
}

static void bad_access(void)
{
	char *at = map(NR * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int fd, i, nr = 0;

	for (i = 0; i < NR; i++)
		nr += try_write(at + i * PAGE) == SIGSEGV;
	/* And where nothing is mapped. */
	nr += try_read(at + NR * PAGE) == SIGSEGV;
	expect(at, (NR + 1) * PAGE, "bad-access", nr);
	/* Behind the end of a file: SIGBUS. */
	fd = memfd_create("provoke", MFD_CLOEXEC);
	at = map(NR * PAGE, PROT_READ, MAP_SHARED, fd);
	for (nr = 0, i = 0; i < NR; i++)
		nr += try_read(at + i * PAGE) == SIGBUS;
	expect(at, NR * PAGE, "bad-access", nr);
	close(fd);
}

/* Pages of a mapping that are nowhere in memory. */
static int missing(char *at, int nr)
{
	unsigned char resident[NR];
	int i, out = 0;

	memset(resident, 1, sizeof(resident));
	mincore(at, nr * PAGE, resident);
	for (i = 0; i < nr; i++)
		out += !(resident[i] & 1);
	return out;
}

/* A file beside our own that nobody has open: it is forgotten when that is asked for. */
static void file_major(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 8);
	char *name, *at;
	int fd;

	path[len < 0 ? 0 : len] = '\0';
	name = strrchr(path, '/');
	strcpy(name ? name + 1 : path, "waiter");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	at = map(PAGE, PROT_READ, MAP_PRIVATE, fd);
	if (!at || !missing(at, 1)) {
		say("absent file-major no file of a disk\n");
	} else {
		read_each(at, 1, PAGE);
		some(at, PAGE, "file-major");
	}
	close(fd);
}

/* Shared memory that was pushed out is read from swap space, as a file from its disk. */
static void shmem_major(bool there_is)
{
	int fd = memfd_create("provoke", MFD_CLOEXEC);
	char *at;

	if (ftruncate(fd, NR * PAGE))
		exit(1);
	at = map(NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	write_each(at, NR, PAGE);
	if (there_is)
		madvise(at, NR * PAGE, MADV_PAGEOUT);
	if (!missing(at, NR)) {
		say("absent file-major no swap space\n");
	} else {
		read_each(at, NR, PAGE);
		some(at, NR * PAGE, "file-major");
	}
	close(fd);
}

/* The other thread: what it touches, when, and what came of it. */
static struct {
	char *volatile at;	/* NULL: nothing now */
	volatile bool faulted;
	volatile bool over;
} other;

static void *touch(void *arg)
{
	/* Once for nothing, or the counting would be what faults. */
	long before = faults_of(RUSAGE_THREAD);

	while (!other.over) {
		if (!other.at) {
			sched_yield();
			continue;
		}
		before = faults_of(RUSAGE_THREAD);
		*(volatile char *)other.at = 2;
		other.faulted = faults_of(RUSAGE_THREAD) != before;
		other.at = NULL;
	}
	return arg;
}

/* Runs that long, without a system call that would give the CPU away. */
static void spend(long us)
{
	const double end = seconds_now() + us / 1e6;

	while (seconds_now() < end)
		;
}

/*
 * Pages are moved, one by one, to where another thread wants to write meanwhile. It has to
 * wait for the lock that the mover has, and finds the page there: a fault about nothing.
 * If it comes too early it gets a new page, which is replaced; too late, and it does not
 * fault. So it is one where it faulted and what it wrote has stayed. Where there is one CPU
 * it comes when the mover's time slice ends, at another moment in each round (spend()).
 */
static void spurious(void)
{
	const size_t nr = 2048, size = nr * PAGE;
	/* Not the same place within a table, or whole tables are moved. */
	char *from = next_place(), *to = next_place() + PAGE, *last, *was;
	int round, nr_seen = 0;

	mmap(from, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	madvise(from, size, MADV_NOHUGEPAGE);
	write_each(from, nr, PAGE);
	for (round = 0; round < 1000 && nr_seen < 3; round++) {
		mmap(to, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		madvise(to, size, MADV_NOHUGEPAGE);
		last = to + size - PAGE;
		other.faulted = false;
		spend(round % 64 * 64);
		other.at = last;
		if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
			exit(1);
		while (other.at)
			sched_yield();
		if (other.faulted && *(volatile char *)last == 2) {
			nr_seen++;
			some(last, PAGE, "spurious");
		}
		*(volatile char *)last = 1;
		was = from;
		from = to;
		to = was;
	}
	if (!nr_seen)
		say("absent spurious nobody came at the right moment\n");
}

/*
 * The kernel takes a process its pages from time to time to see where they are used, if
 * there are several nodes. Nothing else makes these pages fault.
 */
static void numa_hint(void)
{
	const size_t nr = 512;
	char *at = map_small(nr * PAGE);
	long before, spent;

	if (access("/sys/devices/system/node/node1", F_OK)) {
		say("absent numa-hint there is one node\n");
		return;
	}
	write_each(at, nr, PAGE);
	before = faults_of(RUSAGE_THREAD);
	/* It begins after a second of running. */
	for (spent = 0; spent < 30 && faults_of(RUSAGE_THREAD) < before + 16;
	     spent = clock() / CLOCKS_PER_SEC)
		read_each(at, nr, PAGE);
	if (faults_of(RUSAGE_THREAD) < before + 16)
		say("absent numa-hint the kernel did not look\n");
	else
		some(at, nr * PAGE, "numa-hint");
}

/* Of the whole process, the other thread too: it is there from before the count on. */
static void provoke_others(bool swap)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, touch, NULL))
		exit(1);
	file_major();
	shmem_major(swap);
	spurious();
	numa_hint();
	other.over = true;
	pthread_join(thread, NULL);
}

static void *keep_changing(void *over)
{
	while (!__atomic_load_n((bool *)over, __ATOMIC_RELAXED))
		munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return NULL;
}

static int refused(long nr)
{
	char *at = map(NR * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	bool over = false;
	pthread_t thread;
	long i, seen = 0;

	if (pthread_create(&thread, NULL, keep_changing, &over))
		return 1;
	for (i = 0; i < nr; i++)
		seen += try_read(at + i % NR * PAGE) == SIGSEGV;
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	expect(at, NR * PAGE, "prot-none", (int)seen);
	fputs(said, stdout);
	return 0;
}

static void provoke(bool swap)
{
	anon_new();
	zero();
	cow_copy();
	cow_reuse();
	file();
	swap_in(swap);
	thp();
	hugetlb();
	prot_none();
	bad_access();
	write_notify();
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal };
	char *start[] = { (char *)(ARENA - 3 * PAGE), (char *)(ARENA - PAGE) };
	char *stop[] = { (char *)(ARENA - 3 * PAGE), (char *)(ARENA - 2 * PAGE) };
	const bool swap = argc > 1 && !strcmp(argv[argc - 1], "swap");
	const bool others = argc > 1 && !strcmp(argv[1], "others");
	struct rusage before, after, late;
	int i;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (argc > 1 && !strcmp(argv[1], "refused"))
		return refused(strtol(argv[argc - 1], NULL, 10));
	/*
	 * Pages that are new wait in a list of the CPU that made them, with a reference more. The
	 * kernel drains only its own CPU's list before it copies a page for that reference.
	 */
	if (!others)
		fixture_stay_on(0);
	if (argc > 1 && !strcmp(argv[1], "cow"))
		return cow(strtoul(argv[argc - 1], NULL, 10));
	/* The first time is for nothing: it faults in what the second one needs. */
	for (i = 0; i < 2; i++) {
		try_read(start[i]);
		getrusage(RUSAGE_SELF, &before);
	}
	if (others)
		provoke_others(swap);
	else
		provoke(swap);
	for (i = 0; i < 2; i++) {
		getrusage(RUSAGE_SELF, &after);
		try_read(stop[i]);
	}
	getrusage(RUSAGE_SELF, &late);
	say("counted %lx %lx %ld %ld %ld\n", (unsigned long)start[1], (unsigned long)stop[1],
	    after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt,
	    late.ru_minflt - after.ru_minflt);
	fputs(said, stdout);
	return 0;
}
