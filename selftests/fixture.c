// SPDX-License-Identifier: GPL-2.0-only
/*
 * fixture.c - mappings of every kind; and the CPU, where that matters.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

static void *or_null(void *p)
{
	return p == MAP_FAILED ? NULL : p;
}

void *fixture_anon(size_t size, int prot)
{
	void *p = or_null(mmap(NULL, size, prot,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	if (p)
		madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

void *fixture_anon_aligned(size_t size, size_t align)
{
	char *p = or_null(mmap(NULL, size + align, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	size_t before;

	if (!p)
		return NULL;
	before = -(uintptr_t)p & (align - 1);
	if (before)
		munmap(p, before);
	munmap(p + before + size, align - before);
	return p + before;
}

void *fixture_thp(size_t size)
{
	void *p = fixture_anon_aligned(size, HUGE_2M);

	if (!p || madvise(p, size, MADV_HUGEPAGE))
		return NULL;
	fixture_write(p, size);
	return p;
}

void *fixture_hugetlb(size_t size, unsigned int shift, int flags)
{
	return or_null(mmap(NULL, size, PROT_READ | PROT_WRITE,
			    flags | MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT,
			    -1, 0));
}

static int fill(int fd, size_t size, int byte)
{
	char page[PAGE];
	size_t at;

	if (fd < 0)
		return -1;
	memset(page, byte, sizeof(page));
	for (at = 0; at < size; at += sizeof(page))
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page)) {
			close(fd);
			return -1;
		}
	return fd;
}

int fixture_memfd(size_t size, int byte)
{
	return fill(memfd_create("vmlab-selftest", MFD_CLOEXEC), size, byte);
}

int fixture_ram_file(size_t size, int byte)
{
	char dir[] = "/tmp/vmlab-selftest.XXXXXX";
	int fd, root;

	if (!mkdtemp(dir))
		return -1;
	if (mount("ramfs", dir, "ramfs", 0, NULL)) {
		rmdir(dir);
		return -1;
	}
	/* Gone from the tree at once; the open file keeps the filesystem. */
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	fd = openat(root, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	close(root);
	return fill(fd, size, byte);
}

void *fixture_map(int fd, size_t size, int prot, int flags)
{
	return or_null(mmap(NULL, size, prot, flags, fd, 0));
}

void fixture_write(void *at, size_t size)
{
	volatile char *p = at;
	size_t i;

	for (i = 0; i < size; i += PAGE)
		p[i] = 1;
}

void fixture_read(const void *at, size_t size)
{
	const volatile char *p = at;
	size_t i;

	for (i = 0; i < size; i += PAGE)
		(void)p[i];
}

void fixture_touch_page(void *at)
{
	fixture_read(at, PAGE);
}

unsigned long fixture_mapping_end(const void *at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end, found = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && (uintptr_t)at >= start &&
		    (uintptr_t)at < end)
			found = end;
	if (maps)
		fclose(maps);
	return found;
}

int fixture_uffd(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	};
	int uffd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0 || !ioctl(uffd, UFFDIO_API, &api))
		return uffd;
	close(uffd);
	return -1;
}

int fixture_stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}
