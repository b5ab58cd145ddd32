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
 *	absent CLASS why
 *
 * and around all of it, how many faults the kernel counted for this thread:
 *
 *	counted START-MARK END-MARK MINOR MAJOR
 *
 * where the marks are addresses nobody may touch that it touched before and after.
 *
 * usage: provoke [swap] | cow NUMBER
 *
 * swap: there is swap space to push pages into. cow: pages that a fork shares, NUMBER of
 * them, written by the child and then by the parent, each with its frames as pagemap has
 * them, and how many the kernel says were reused meanwhile:
 *
 *	child PID
 *	page VA PARENTS-FRAME CHILDS-FRAME
 *	reused NUMBER
 */
#include <errno.h>
#include <fcntl.h>
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
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define PAGE		4096UL
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

/* Shared and read-only until it is known who writes: soft-dirty asks for that. */
static void write_notify(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), memfd;
	char *at;

	memfd = memfd_create("provoke", MFD_CLOEXEC);
	if (ftruncate(memfd, NR * PAGE))
		exit(1);
	at = map(NR * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
	write_each(at, NR, PAGE);
	expect(at, NR * PAGE, "file-minor", NR);
	if (fd < 0 || write(fd, "4", 1) != 1) {
		say("absent write-notify no soft-dirty\n");
	} else {
		write_each(at, NR, PAGE);
		expect(at, NR * PAGE, "write-notify", NR);
	}
	close(fd);
	close(memfd);
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

static bool swapped(const char *at)
{
	return pagemap(at) >> 62 & 1;
}

static uint64_t frame(const char *at)
{
	return pagemap(at) & ((1ULL << 55) - 1);
}

/* pgreuse of /proc/vmstat: how often a page was taken over without a copy. */
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
	child = fork();
	if (!child) {
		write_each(at, nr, PAGE);
		for (i = 0; i < nr; i++)
			frames[nr + i] = frame(at + i * PAGE);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	before = reused();
	write_each(at, nr, PAGE);
	after = reused();
	printf("child %d\n", (int)child);
	for (i = 0; i < nr; i++)
		printf("page %lx %llu %llu\n", (unsigned long)at + i * PAGE,
		       (unsigned long long)frames[i], (unsigned long long)frames[nr + i]);
	printf("reused %ld\n", after - before);
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

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal };
	char *start = (char *)(ARENA - PAGE), *stop = (char *)(ARENA - 2 * PAGE);
	struct rusage before, after;

	if (argc > 2)
		return cow(strtoul(argv[2], NULL, 10));
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	/* Nothing of our own is to fault for the first time between the marks. */
	try_read((char *)(ARENA - 3 * PAGE));
	getrusage(RUSAGE_THREAD, &before);
	getrusage(RUSAGE_THREAD, &after);
	try_read(start);
	getrusage(RUSAGE_THREAD, &before);
	anon_new();
	zero();
	cow_copy();
	cow_reuse();
	file();
	swap_in(argc > 1);
	thp();
	hugetlb();
	prot_none();
	bad_access();
	write_notify();
	getrusage(RUSAGE_THREAD, &after);
	try_read(stop);
	say("counted %lx %lx %ld %ld\n", (unsigned long)start, (unsigned long)stop,
	    after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt);
	fputs(said, stdout);
	return 0;
}
