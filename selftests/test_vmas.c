// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_vmas.c - the areas of an address space: what was asked for, as smaps has it,
 * flag by flag.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "witness.h"

FIXTURE(areas)
{
	int node;
	int target;
	uint64_t end;
};

FIXTURE_SETUP(areas)
{
	struct vmlab_info info = { .size = sizeof(info) };

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	self->target = ask_target(self->node, 0);
	ASSERT_LE(0, self->target);
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &info));
	self->end = info.out_user_end;
}

FIXTURE_TEARDOWN(areas)
{
	close(self->target);
	close(self->node);
}

/* All that overlap [start, end), @max at a time; their number or -errno. */
static long list(int target, uint64_t start, uint64_t end, struct vmlab_vma *out, uint32_t max)
{
	long nr = 0;

	while (start < end) {
		struct vmlab_vmas vmas = ask_vmas(start, end, out + nr, max);
		int ret = ask(target, VMLAB_VMAS, &vmas);

		if (ret)
			return ret;
		if (vmas.out_nr > max || vmas.out_next <= start)
			return -EPROTO;
		nr += vmas.out_nr;
		start = vmas.out_next;
	}
	return nr;
}

/* Flags that smaps names too, by its two letters. */
static const struct {
	const char *letters;
	uint64_t flag;
} named[] = {
	{ "rd", VMLAB_VMA_READ }, { "wr", VMLAB_VMA_WRITE }, { "ex", VMLAB_VMA_EXEC },
	{ "sh", VMLAB_VMA_SHARED }, { "mr", VMLAB_VMA_MAYREAD }, { "mw", VMLAB_VMA_MAYWRITE },
	{ "me", VMLAB_VMA_MAYEXEC }, { "ms", VMLAB_VMA_MAYSHARE },
	{ "gd", VMLAB_VMA_GROWSDOWN }, { "pf", VMLAB_VMA_PFNMAP }, { "mm", VMLAB_VMA_MIXEDMAP },
	{ "io", VMLAB_VMA_IO }, { "lo", VMLAB_VMA_LOCKED }, { "ht", VMLAB_VMA_HUGETLB },
	{ "hg", VMLAB_VMA_HUGEPAGE }, { "nh", VMLAB_VMA_NOHUGEPAGE },
	{ "mg", VMLAB_VMA_MERGEABLE }, { "dc", VMLAB_VMA_DONTCOPY },
	{ "wf", VMLAB_VMA_WIPEONFORK }, { "sd", VMLAB_VMA_SOFTDIRTY },
	{ "um", VMLAB_VMA_UFFD_MISSING }, { "uw", VMLAB_VMA_UFFD_WP },
	{ "ui", VMLAB_VMA_UFFD_MINOR }, { "de", VMLAB_VMA_DONTEXPAND },
	{ "dd", VMLAB_VMA_DONTDUMP }, { "ac", VMLAB_VMA_ACCOUNT },
	{ "nr", VMLAB_VMA_NORESERVE },
};

/* NULL when both say the same of one area. */
static const char *differs(const struct vmlab_vma *vma, const struct witness_area *area)
{
	const char *perms = area->perms;
	static char flag[32];
	size_t i;

	if (vma->start != area->start || vma->end != area->end)
		return "place";
	for (i = 0; i < ARRAY_SIZE(named); i++) {
		if (!(vma->flags & named[i].flag) == !witness_area_flag(area, named[i].letters))
			continue;
		snprintf(flag, sizeof(flag), "flag %s", named[i].letters);
		return flag;
	}
	if (!(vma->flags & VMLAB_VMA_READ) != (perms[0] == '-') ||
	    !(vma->flags & VMLAB_VMA_WRITE) != (perms[1] == '-') ||
	    !(vma->flags & VMLAB_VMA_EXEC) != (perms[2] == '-') ||
	    !(vma->flags & VMLAB_VMA_MAYSHARE) != (perms[3] == 'p'))
		return "permissions";
	if (!(vma->flags & VMLAB_VMA_FILE) != !area->inode)
		return "a file";
	if (vma->ino != area->inode || vma->dev_major != area->dev_major ||
	    vma->dev_minor != area->dev_minor)
		return "device or inode";
	if (area->inode && vma->pgoff * PAGE != area->offset)
		return "offset";
	if (area->pkey >= 0 && vma->pkey != area->pkey)
		return "protection key";
	if (1UL << vma->page_shift != (unsigned long)area->page_kb << 10)
		return "page size";
	for (i = 0; i < sizeof(vma->__reserved); i++)
		if (vma->__reserved[i])
			return "reserved bytes";
	return NULL;
}

/* One mapping for each flag that a program can ask for. */
static void make_areas(void)
{
	const int advice[] = {
		MADV_DONTFORK, MADV_WIPEONFORK, MADV_MERGEABLE, MADV_DONTDUMP, MADV_HUGEPAGE,
	};
	char *p = fixture_anon_aligned(64 * PAGE, HUGE_2M);
	int key = pkey_alloc(0, 0);
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(advice); i++)
		madvise(p + i * 4 * PAGE, 2 * PAGE, advice[i]);
	mlock(p + 24 * PAGE, PAGE);
	mprotect(p + 28 * PAGE, PAGE, PROT_NONE);
	mprotect(p + 30 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	if (key > 0)
		pkey_mprotect(p + 32 * PAGE, PAGE, PROT_READ | PROT_WRITE, key);
	mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	fd = fixture_memfd(16 * PAGE, 1);
	mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);
	mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 7 * PAGE);
	close(fd);
	fd = fixture_ram_file(4 * PAGE, 1);
	mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	fd = open("/dev/mem", O_RDONLY);
	mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xf0000);
	close(fd);
	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE | MAP_NORESERVE);
}

TEST_F(areas, are_what_smaps_says_flag_by_flag)
{
	struct vmlab_vma *vmas = calloc(4096, sizeof(*vmas));
	struct witness_area *areas;
	ssize_t i, nr_areas;
	const char *why;
	uint64_t seen = 0;
	long nr;

	make_areas();
	nr = list(self->target, 0, self->end, vmas, 4096);
	nr_areas = witness_areas(0, &areas);
	while (nr_areas && areas[nr_areas - 1].start >= self->end)
		nr_areas--;	/* vsyscall: in the kernel half */
	EXPECT_LT(20, nr);
	ASSERT_EQ(nr_areas, nr);
	for (i = 0; i < nr; i++) {
		why = differs(&vmas[i], &areas[i]);
		EXPECT_EQ(NULL, why) TH_LOG("%s of %s at 0x%llx", why, areas[i].name,
					    (unsigned long long)areas[i].start);
		seen |= vmas[i].flags;
	}
	/* What was asked for was there to be seen. */
	EXPECT_EQ(VMLAB_VMA_LOCKED | VMLAB_VMA_DONTCOPY | VMLAB_VMA_WIPEONFORK |
		  VMLAB_VMA_GROWSDOWN | VMLAB_VMA_DONTDUMP | VMLAB_VMA_SHARED | VMLAB_VMA_FILE |
		  VMLAB_VMA_PFNMAP | VMLAB_VMA_ANON,
		  seen & (VMLAB_VMA_LOCKED | VMLAB_VMA_DONTCOPY | VMLAB_VMA_WIPEONFORK |
			  VMLAB_VMA_GROWSDOWN | VMLAB_VMA_DONTDUMP | VMLAB_VMA_SHARED |
			  VMLAB_VMA_FILE | VMLAB_VMA_PFNMAP | VMLAB_VMA_ANON));
}

TEST_F(areas, of_pid_1_are_what_smaps_says)
{
	struct vmlab_vma *vmas = calloc(4096, sizeof(*vmas));
	const int target = ask_target(self->node, 1);
	struct witness_area *areas;
	ssize_t i, nr_areas;
	const char *why;
	long nr;

	ASSERT_LE(0, target);
	nr = list(target, 0, self->end, vmas, 7);
	nr_areas = witness_areas(1, &areas);
	while (nr_areas && areas[nr_areas - 1].start >= self->end)
		nr_areas--;
	EXPECT_LT(10, nr);
	ASSERT_EQ(nr_areas, nr);
	for (i = 0; i < nr; i++) {
		why = differs(&vmas[i], &areas[i]);
		EXPECT_EQ(NULL, why) TH_LOG("%s of %s", why, areas[i].name);
	}
}

TEST_F(areas, are_the_same_with_a_buffer_of_any_size)
{
	const uint32_t sizes[] = { 1, 2, 3, 7, 437, 438, 439, 4096 };
	struct vmlab_vma *all = calloc(8192, sizeof(*all)), *some = calloc(8192, sizeof(*some));
	char *p = fixture_anon(2000 * PAGE, PROT_READ);
	long nr;
	size_t i;

	/* More than the module collects at a time. */
	for (i = 0; i < 2000; i += 2)
		ASSERT_EQ(0, mprotect(p + i * PAGE, PAGE, PROT_NONE));
	nr = list(self->target, (uintptr_t)p, (uintptr_t)p + 2000 * PAGE, all, 8192);
	ASSERT_EQ(2000, nr);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(nr, list(self->target, (uintptr_t)p, (uintptr_t)p + 2000 * PAGE, some,
				   sizes[i])) TH_LOG("%u records", sizes[i]);
		EXPECT_EQ(0, memcmp(all, some, (size_t)nr * sizeof(*all)));
	}
}

TEST_F(areas, that_a_range_touches_are_listed_whole)
{
	char *p = fixture_anon(16 * PAGE, PROT_READ | PROT_WRITE);
	const uint64_t at = (uintptr_t)p;
	struct vmlab_vma vma[4];

	ASSERT_EQ(0, mprotect(p, 4 * PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p + 12 * PAGE, 4 * PAGE, PROT_NONE));
	ASSERT_EQ(1, list(self->target, at + 5 * PAGE, at + 6 * PAGE, vma, 4));
	EXPECT_EQ(at + 4 * PAGE, vma[0].start);
	EXPECT_EQ(at + 12 * PAGE, vma[0].end);
	ASSERT_EQ(2, list(self->target, at + 11 * PAGE, at + 13 * PAGE, vma, 4));
	EXPECT_EQ(at + 12 * PAGE, vma[1].start);
	ASSERT_EQ(0, munmap(p + 4 * PAGE, 8 * PAGE));
	EXPECT_EQ(0, list(self->target, at + 4 * PAGE, at + 12 * PAGE, vma, 4));
}

TEST_HARNESS_MAIN
