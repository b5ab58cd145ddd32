// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_everything.c - ten million pages of stopped processes, in every kind of memory
 * there is, against pagemap, kpageflags, kpagecount, PAGEMAP_SCAN and the sums of
 * smaps: not one unexplained.
 *
 * One process furnishes itself and forks until there are as many pages as it takes;
 * so that ten million pages fit into a few GiB. Each child maps what fork leaves out,
 * parts with some of what is shared, and stops. Its pages are counted by kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <libvmlab.h>

#include "compare.h"
#include "counter.h"
#include "fixture.h"
#include "swaparea.h"
#include "victim.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

#define MIB		(1UL << 20)
#define MAX_CHILDREN	100
/* What a machine with less than the 4 GiB of `selftests/check more` can hold. */
#define MANY		10000000UL
#define FEWER		1000000UL

enum {
	PRIVATE, COPIED, SHARED, TMPFS_SHARED, TMPFS_PRIVATE, RAMFS_SHARED, RAMFS_PRIVATE, KSM,
	HUGETLB_SHARED, HUGETLB_PRIVATE, HUGETLB_1G, THP, THP_IN_PIECES, SWAPPED, PROT_NONE_KIND,
	ZERO, HUGE_ZERO, GUARD, UFFD_ANON, UFFD_SHMEM, SECRET, KEYED, DEVICE, NR_KINDS
};

static struct compare_kind kinds[NR_KINDS] = {
	[PRIVATE] = { .name = "private and anonymous, shared by fork" },
	[COPIED] = { .name = "private and anonymous, copied by half of the children" },
	[SHARED] = { .name = "shared and anonymous" },
	[TMPFS_SHARED] = { .name = "tmpfs, shared" },
	[TMPFS_PRIVATE] = { .name = "tmpfs, private" },
	[RAMFS_SHARED] = { .name = "a file, shared" },
	[RAMFS_PRIVATE] = { .name = "a file, private" },
	[KSM] = { .name = "merged by KSM" },
	[HUGETLB_SHARED] = { .name = "hugetlb of 2 MiB, shared" },
	[HUGETLB_PRIVATE] = { .name = "hugetlb of 2 MiB, private" },
	[HUGETLB_1G] = { .name = "hugetlb of 1 GiB" },
	[THP] = { .name = "transparent huge pages" },
	[THP_IN_PIECES] = { .name = "transparent huge pages, mapped by base pages" },
	[SWAPPED] = { .name = "swapped out" },
	[PROT_NONE_KIND] = { .name = "PROT_NONE" },
	[ZERO] = { .name = "the zero page" },
	[HUGE_ZERO] = { .name = "the huge zero page" },
	[GUARD] = { .name = "guards" },
	[UFFD_ANON] = { .name = "write-protected by userfaultfd, anonymous" },
	[UFFD_SHMEM] = { .name = "write-protected by userfaultfd, shared" },
	[SECRET] = { .name = "memfd_secret" },
	[KEYED] = { .name = "under a protection key" },
	[DEVICE] = { .name = "device memory" },
};

FIXTURE(everything)
{
	struct vmlab_session *session;
	struct compare c;
	struct swaparea swap;
	const char *no_swap;
	unsigned long wanted;
	size_t scale;			/* sizes are this part of what they could be */
};

typedef FIXTURE_DATA(everything) data;

static void *keep(int kind, void *at, size_t size)
{
	if (!at || at == MAP_FAILED)
		return NULL;
	kinds[kind].start = (uintptr_t)at;
	kinds[kind].end = kinds[kind].start + size;
	return at;
}

static void missing(int kind, const char *why)
{
	printf("# %s: none here: %s\n", kinds[kind].name, why);
}

static void furnish_files(const data *self)
{
	const size_t size = 32 * MIB / self->scale;
	int tmpfs = fixture_memfd(2 * size, 1), ramfs = fixture_ram_file(size, 2), secret;
	void *at;

	keep(TMPFS_SHARED, fixture_map(tmpfs, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED),
	     2 * size);
	keep(TMPFS_PRIVATE, fixture_map(tmpfs, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE),
	     2 * size);
	keep(RAMFS_SHARED, fixture_map(ramfs, size, PROT_READ | PROT_WRITE, MAP_SHARED), size);
	keep(RAMFS_PRIVATE, fixture_map(ramfs, size, PROT_READ | PROT_WRITE, MAP_PRIVATE), size);
	secret = (int)syscall(__NR_memfd_secret, O_CLOEXEC);
	if (secret < 0 || ftruncate(secret, 4 * MIB) ||
	    !keep(SECRET, fixture_map(secret, 4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED),
		  4 * MIB))
		missing(SECRET, "boot with secretmem.enable=1");
#if defined(__x86_64__)
	{
		int mem = open("/dev/mem", O_RDONLY | O_CLOEXEC);

		at = mem < 0 ? NULL : mmap(NULL, 16 * PAGE, PROT_READ, MAP_SHARED, mem, 0xf0000);
		if (!keep(DEVICE, at, 16 * PAGE))
			missing(DEVICE, "/dev/mem does not show the ROM");
	}
#else
	(void)at;
	missing(DEVICE, "no ROM at an address that everybody knows");
#endif
}

static void furnish_huge(const data *self)
{
	const size_t size = 64 * MIB / self->scale;
	size_t at;
	char *thp;

	if (!keep(HUGETLB_SHARED, fixture_hugetlb(8 * HUGE_2M, 21, MAP_SHARED | MAP_POPULATE),
		  8 * HUGE_2M) ||
	    !keep(HUGETLB_PRIVATE, fixture_hugetlb(4 * HUGE_2M, 21, MAP_PRIVATE | MAP_POPULATE),
		  4 * HUGE_2M))
		missing(HUGETLB_SHARED, "boot with hugepagesz=2M hugepages=16");
	if (!keep(HUGETLB_1G, fixture_hugetlb(HUGE_1G, 30, MAP_SHARED | MAP_POPULATE), HUGE_1G))
		missing(HUGETLB_1G, "boot with hugepagesz=1G hugepages=1");
	keep(THP, fixture_thp(size), size);
	thp = keep(THP_IN_PIECES, fixture_thp(size), size);
	/* What is protected apart is mapped apart, for good. */
	for (at = 7 * PAGE; thp && at < size; at += HUGE_2M) {
		mprotect(thp + at, PAGE, PROT_READ);
		mprotect(thp + at, PAGE, PROT_READ | PROT_WRITE);
	}
	thp = fixture_anon_aligned(size, HUGE_2M);
	if (thp && !madvise(thp, size, MADV_HUGEPAGE)) {
		fixture_read(thp, size);
		keep(HUGE_ZERO, thp, size);
	}
}

static void furnish_anon(const data *self)
{
	const size_t part = 16 * MIB / self->scale;
	char *at;
	int key, uffd;

	at = keep(PRIVATE, fixture_anon(16 * part, PROT_READ | PROT_WRITE), 16 * part);
	if (at)
		fixture_write(at, 16 * part);
	at = keep(COPIED, fixture_anon(part / 8, PROT_READ | PROT_WRITE), part / 8);
	if (at)
		fixture_write(at, part / 8);
	at = keep(SHARED, mmap(NULL, 8 * part, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0), 8 * part);
	if (at)
		fixture_write(at, 8 * part);
	at = keep(ZERO, fixture_anon(4 * part, PROT_READ | PROT_WRITE), 4 * part);
	if (at)
		fixture_read(at, 4 * part);
	at = keep(PROT_NONE_KIND, fixture_anon(2 * part, PROT_READ | PROT_WRITE), 2 * part);
	if (at) {
		fixture_write(at, 2 * part);
		mprotect(at, 2 * part, PROT_NONE);
	}
	at = fixture_anon(part / 2, PROT_READ | PROT_WRITE);
	if (madvise(at, part / 2, MADV_GUARD_INSTALL))
		missing(GUARD, "guards came with Linux 6.13");
	else
		keep(GUARD, at, part / 2);
	key = pkey_alloc(0, 0);
	at = fixture_anon(part, PROT_READ | PROT_WRITE);
	if (key < 0 || pkey_mprotect(at, part, PROT_READ | PROT_WRITE, key)) {
		missing(KEYED, "this CPU or kernel has no protection keys");
	} else {
		fixture_write(at, part);
		keep(KEYED, at, part);
	}
	uffd = fixture_uffd();
	if (uffd < 0) {
		missing(UFFD_ANON, "this kernel's userfaultfd cannot write-protect");
		return;
	}
	close(uffd);
	/* Protected by each child for itself: fork does not leave that to it. */
	keep(UFFD_ANON, fixture_anon(part / 2, PROT_READ | PROT_WRITE), part / 2);
	keep(UFFD_SHMEM, mmap(NULL, part / 2, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0), part / 2);
}

/* True when the kernel has merged all but a rest. */
static bool furnish_ksm(const data *self)
{
	const size_t size = 16 * MIB / self->scale, nr = size / PAGE;
	char *at = fixture_anon(size, PROT_READ | PROT_WRITE);
	const struct timespec nap = { .tv_nsec = 100000000 };
	long shared;
	int tries;

	memset(at, 0x42, size);
	keep(KSM, at, size);
	if (madvise(at, size, MADV_MERGEABLE)) {
		missing(KSM, "this kernel has no KSM");
		return true;
	}
	counter_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	counter_write("/sys/kernel/mm/ksm/pages_to_scan", "5000");
	counter_write("/sys/kernel/mm/ksm/run", "1");
	for (tries = 0; tries < 600; tries++) {
		shared = counter_named("/sys/kernel/mm/ksm/pages_sharing", "") +
			 counter_named("/sys/kernel/mm/ksm/pages_shared", "");
		if (shared >= (long)nr)
			break;
		nanosleep(&nap, NULL);
	}
	counter_write("/sys/kernel/mm/ksm/run", "0");
	return tries < 600;
}

static void furnish_swap(const data *self)
{
	const size_t size = 16 * MIB / self->scale;
	char *at = fixture_anon(size, PROT_READ | PROT_WRITE);
	int tries;

	if (self->no_swap) {
		missing(SWAPPED, self->no_swap);
		return;
	}
	fixture_write(at, size);
	for (tries = 0; tries < 5; tries++)
		madvise(at, size, MADV_PAGEOUT);
	keep(SWAPPED, at, size);
}

FIXTURE_SETUP(everything)
{
	const long available = counter_named("/proc/meminfo", "MemAvailable:");
	const long reserved = counter_named("/proc/meminfo", "HugePages_Total:") * 2048;

	ASSERT_EQ(0, vmlab_session_open(&self->session));
	/* 4 GiB less the kernel and what is reserved for hugetlb. */
	self->scale = available - reserved > 1800 * 1024 ? 1 : 4;
	self->wanted = self->scale == 1 ? MANY : FEWER;
	self->c.sums = true;
	self->c.kinds = kinds;
	self->c.nr_kinds = NR_KINDS;
	self->no_swap = swaparea_on(&self->swap, 64 * MIB);
	furnish_files(self);
	furnish_huge(self);
	furnish_anon(self);
	furnish_swap(self);
	ASSERT_TRUE(furnish_ksm(self));
	fflush(stdout);
}

FIXTURE_TEARDOWN(everything)
{
	if (!self->no_swap)
		swaparea_off(&self->swap);
	vmlab_session_close(self->session);
}

static void *start_of(int kind)
{
	return (void *)(uintptr_t)kinds[kind].start;
}

static size_t size_of(int kind)
{
	return kinds[kind].end - kinds[kind].start;
}

/* Every other page stays as it is: absent, where it is shared memory. */
static void write_protect(int uffd, int kind)
{
	struct uffdio_register reg = {
		.range = { .start = kinds[kind].start, .len = size_of(kind) },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = reg.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	volatile char *at = start_of(kind);
	size_t i;

	for (i = 0; i < size_of(kind); i += 2 * PAGE)
		at[i] = 1;
	if (!ioctl(uffd, UFFDIO_REGISTER, &reg))
		ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

/* What fork does not leave to a child, and what tells it from its siblings. */
static void live(void *arg)
{
	static const int touched[] = {
		SHARED, TMPFS_SHARED, TMPFS_PRIVATE, RAMFS_SHARED, RAMFS_PRIVATE, SECRET,
		HUGETLB_SHARED, HUGETLB_1G, ZERO, HUGE_ZERO,
	};
	const long number = (long)arg;
	int uffd = fixture_uffd();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(touched); i++)
		if (size_of(touched[i]) &&
		    madvise(start_of(touched[i]), size_of(touched[i]), MADV_POPULATE_READ) &&
		    touched[i] != HUGETLB_1G)
			fixture_read(start_of(touched[i]), size_of(touched[i]));
	if (number % 2)
		fixture_write(start_of(COPIED), size_of(COPIED));
	if (number % 3 == 0)
		fixture_write(start_of(TMPFS_SHARED), size_of(TMPFS_SHARED) / 2);
	if (uffd >= 0) {
		write_protect(uffd, UFFD_ANON);
		write_protect(uffd, UFFD_SHMEM);
	}
}

TEST_F_TIMEOUT(everything, is_what_all_witnesses_say, 880)
{
	static struct victim children[MAX_CHILDREN];
	struct compare *c = &self->c;
	struct timespec begun, now;
	long nr;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (nr = 0; nr < MAX_CHILDREN && c->pages < self->wanted; nr++) {
		/* 262144 pages at one blow would leave little to the others. */
		if (nr == (self->scale == 1 ? 2 : 1) && size_of(HUGETLB_1G))
			madvise(start_of(HUGETLB_1G), size_of(HUGETLB_1G), MADV_DONTFORK);
		ASSERT_EQ(0, victim_fork(&children[nr], live, (void *)nr));
		ASSERT_EQ(0, victim_stop(&children[nr]));
		ASSERT_EQ(0, compare_process(self->session, children[nr].pid, c));
		/* No use in finding the same ten million times. */
		if (c->unexplained > 1000)
			break;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (i = 0; i < NR_KINDS; i++)
		printf("# %-52s %9lu pages, %lu unexplained\n", kinds[i].name, kinds[i].pages,
		       kinds[i].unexplained);
	compare_print(c, "in all");
	printf("# %ld processes, %ld s\n", nr, (long)(now.tv_sec - begun.tv_sec));
	fflush(stdout);
	EXPECT_EQ(0, c->unexplained);
	EXPECT_LE(self->wanted, c->pages);
	for (i = 0; i < NR_KINDS; i++) {
		EXPECT_TRUE(!kinds[i].start || kinds[i].pages)
			TH_LOG("%s", kinds[i].name);
	}
	while (nr--)
		victim_kill(&children[nr]);
}

TEST_HARNESS_MAIN
