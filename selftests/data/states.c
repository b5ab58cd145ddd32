// SPDX-License-Identifier: GPL-2.0-only
/*
 * states.c - a process whose pages are in every state that can be made at will.
 *
 * Prints "PLACE ADDRESS" for each that this kernel and this user can have, "child PID"
 * of the process that has what fork left it, then "ready PID", and stands still until its standard input ends. Names are as
 * unfriendly as names may be.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../fixture.h"

#define RW	(PROT_READ | PROT_WRITE)
#define SIZE	(4 * PAGE)

static void place(const char *name, const void *at)
{
	if (at)
		printf("%s %lx\n", name, (unsigned long)at);
}

static void *written(size_t size)
{
	void *at = fixture_anon(size, RW);

	if (at)
		fixture_write(at, size);
	return at;
}

static void *zero(void)
{
	void *at = fixture_anon(SIZE, RW);

	fixture_read(at, SIZE);
	return at;
}

/* Pages of a file, shared or private; @write: the first of them written. */
static void *of_file(int fd, int flags, int write)
{
	void *at = fd < 0 ? NULL : fixture_map(fd, SIZE, RW, flags);

	if (!at)
		return NULL;
	fixture_read(at, SIZE);
	if (write)
		fixture_write(at, PAGE);
	return at;
}

static void *huge_zero(void)
{
	void *at = fixture_anon_aligned(HUGE_2M, HUGE_2M);

	if (!at || madvise(at, HUGE_2M, MADV_HUGEPAGE))
		return NULL;
	fixture_read(at, PAGE);
	return at;
}

static void *hugetlb(void)
{
	void *at = fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);

	if (at)
		fixture_write(at, PAGE);
	return at;
}

static void *prot_none(void)
{
	void *at = written(SIZE);

	return at && !mprotect(at, SIZE, PROT_NONE) ? at : NULL;
}

/* Out, the first three pages at least: where there is no swap they stay. */
static void *swapped(void)
{
	void *at = written(SIZE);

	return at && !madvise(at, SIZE, MADV_PAGEOUT) ? at : NULL;
}

static void *write_protected(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	void *at = written(SIZE);

	if (fd < 0 || !at || ioctl(fd, UFFDIO_API, &api))
		return NULL;
	area.range.start = (uintptr_t)at;
	area.range.len = SIZE;
	wp.range = area.range;
	if (ioctl(fd, UFFDIO_REGISTER, &area) || ioctl(fd, UFFDIO_WRITEPROTECT, &wp))
		return NULL;
	return at;
}

static void *with_key(void)
{
	void *at = written(SIZE);
	int key = pkey_alloc(0, 0);

	return key > 0 && at && !pkey_mprotect(at, SIZE, RW, key) ? at : NULL;
}

static void *executable(void)
{
	void *at = written(PAGE);

	return at && !mprotect(at, PAGE, RW | PROT_EXEC) ? at : NULL;
}

int main(void)
{
	int file = fixture_ram_file(SIZE, 'f');
	int weird = memfd_create("a name\nof\t\"two\" \xff lines (deleted)", MFD_CLOEXEC);
	void *shared = written(SIZE), *again = written(SIZE);
	pid_t child;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "st) R 1 (\xc3\xa9\x1b");
	if (weird < 0 || ftruncate(weird, SIZE))
		return 1;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	/* The child keeps what it has; of these, one page is ours alone again. */
	fixture_write(again, PAGE);
	place("anon", written(SIZE));
	place("anon-shared", shared);
	place("diverged", again);
	place("zero", zero());
	place("file", of_file(file, MAP_SHARED, 1));
	place("file-private", of_file(file, MAP_PRIVATE, 0));
	place("file-cow", of_file(file, MAP_PRIVATE, 1));
	place("shmem", of_file(weird, MAP_SHARED, 0));
	place("thp", fixture_thp(HUGE_2M));
	place("huge-zero", huge_zero());
	place("hugetlb", hugetlb());
	place("prot-none", prot_none());
	place("guard", fixture_anon(SIZE, PROT_NONE));
	place("untouched", fixture_anon(SIZE, RW));
	place("swap", swapped());
	place("uffd-wp", write_protected());
	place("pkey", with_key());
	place("rwx", executable());
	place("code", (void *)main);
	place("vdso", (void *)getauxval(AT_SYSINFO_EHDR));
	printf("child %d\n", (int)child);
	printf("ready %d\n", (int)getpid());
	while (read(0, &child, 1) > 0)
		;
	return 0;
}
