// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_file.c - memory that is somebody else's: files of disk and of memory, shared
 * and private, clean and dirty; the kernel's own pages in our address space; device
 * memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "fixture.h"
#include "look.h"

#define F(name)		VMLAB_FACT_ ## name
#define ASKED_RW	(F(VMA) | F(VMA_FILE) | F(ASKED_READ) | F(ASKED_WRITE))
#define USED		(F(PRESENT) | F(READ) | F(ACCESSED))

/* The same for a file whose pages swap backs, and for one whose pages it does not. */
FIXTURE(file)
{
	struct look look;
	int fd;
};

FIXTURE_VARIANT(file)
{
	int (*make)(size_t size, int byte);
	uint64_t facts;
};

FIXTURE_VARIANT_ADD(file, of_tmpfs)
{
	.make = fixture_memfd,
	.facts = F(FRAME) | F(FILE) | F(SHMEM),
};

FIXTURE_VARIANT_ADD(file, of_ramfs)
{
	.make = fixture_ram_file,
	.facts = F(FRAME) | F(FILE),
};

FIXTURE_SETUP(file)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
	self->fd = variant->make(16 * PAGE, 0x11);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
	look_close(&self->look);
}

TEST_F(file, shared_and_read_is_clean)
{
	char *page = fixture_map(self->fd, PAGE, PROT_READ, MAP_SHARED);
	struct vmlab_run leaf;

	EXPECT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(0, leaf.count);
	fixture_read(page, PAGE);
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | variant->facts | F(VMA) | F(VMA_FILE) | F(ASKED_READ) | F(SHARED),
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
}

TEST_F(file, shared_and_written_is_dirty)
{
	char *page = fixture_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct vmlab_run leaf;

	page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | variant->facts | ASKED_RW | F(SHARED),
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(1, leaf.mapcount);
}

/* In a hole, so that its page was not written by the file's making either. */
TEST_F(file, writable_and_read_is_clean_where_nobody_wrote)
{
	const int last = 16;
	char *pages, *page;
	struct vmlab_run leaf;

	ASSERT_EQ(0, ftruncate(self->fd, (last + 1) * PAGE));
	pages = fixture_map(self->fd, (last + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, pages);
	page = pages + last * PAGE;
	fixture_read(page, PAGE);
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | variant->facts | ASKED_RW | F(SHARED), LOOK_FACTS(leaf) & ~F(WRITE))
		TH_LOG("0x%llx", leaf.facts);
	EXPECT_FALSE(witness_page_flags(&self->look.witness, leaf.pfn) & KPF(DIRTY));

	page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | variant->facts | ASKED_RW | F(SHARED),
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
}

/*
 * Of a page that write() has made dirty, an entry that is only read may be dirty: 7.3
 * makes it so where the entry permits writing, 6.12 does not (states.rst).
 */
TEST_F(file, writable_and_read_is_dirty_only_where_the_page_is)
{
	char *page = fixture_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct vmlab_run leaf;

	fixture_read(page, PAGE);
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | variant->facts | ASKED_RW | F(SHARED),
		  LOOK_FACTS(leaf) & ~(F(WRITE) | F(DIRTY))) TH_LOG("0x%llx", leaf.facts);
	EXPECT_TRUE(witness_page_flags(&self->look.witness, leaf.pfn) & KPF(DIRTY));
	TH_LOG("only read, and %s", leaf.facts & F(DIRTY) ? "dirty" : "clean");
	if (leaf.facts & F(DIRTY))
		EXPECT_TRUE(leaf.facts & F(WRITE));
}

TEST_F(file, private_and_read_is_the_files_page_and_not_writable)
{
	char *shared = fixture_map(self->fd, PAGE, PROT_READ, MAP_SHARED);
	char *mine = fixture_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct vmlab_run leaf, files;

	fixture_read(shared, PAGE);
	fixture_read(mine, PAGE);
	ASSERT_STREQ("", look_at(&self->look, shared, &files));
	ASSERT_STREQ("", look_at(&self->look, mine, &leaf));
	EXPECT_EQ(files.pfn, leaf.pfn);
	EXPECT_EQ(2, leaf.mapcount);
	EXPECT_EQ(USED | variant->facts | ASKED_RW, LOOK_FACTS(leaf))
		TH_LOG("0x%llx", leaf.facts);
}

TEST_F(file, private_and_written_is_a_copy_of_its_own)
{
	char *shared = fixture_map(self->fd, PAGE, PROT_READ, MAP_SHARED);
	char *mine = fixture_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct vmlab_run leaf, files;

	fixture_read(shared, PAGE);
	mine[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, shared, &files));
	ASSERT_STREQ("", look_at(&self->look, mine, &leaf));
	EXPECT_NE(files.pfn, leaf.pfn);
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | F(FRAME) | F(ANON) | F(EXCLUSIVE) | ASKED_RW,
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(0x11, shared[0]);
}

TEST_F(file, mapped_twice_is_one_frame_at_two_addresses)
{
	char *one = fixture_map(self->fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *two = fixture_map(self->fd, PAGE, PROT_READ, MAP_SHARED);
	struct vmlab_run first, second;

	one[0] = 7;
	ASSERT_EQ(7, two[0]);
	ASSERT_STREQ("", look_at(&self->look, one, &first));
	ASSERT_STREQ("", look_at(&self->look, two, &second));
	EXPECT_EQ(first.pfn, second.pfn);
	EXPECT_EQ(2, first.mapcount);
	EXPECT_EQ(2, second.mapcount);
	EXPECT_TRUE(first.facts & F(WRITE));
	EXPECT_FALSE(second.facts & F(WRITE));
}

FIXTURE(kernels)
{
	struct look look;
};

FIXTURE_SETUP(kernels)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
}

FIXTURE_TEARDOWN(kernels)
{
	look_close(&self->look);
}

TEST_F(kernels, vdso_is_code_of_no_file)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	struct witness_area area;
	struct vmlab_run leaf;

	ASSERT_NE(NULL, vdso);
	ASSERT_EQ(0, memcmp(vdso, "\177ELF", 4));
	ASSERT_EQ(0, witness_area(0, vdso, &area));
	EXPECT_STREQ("[vdso]", area.name);
	ASSERT_STREQ("", look_at(&self->look, vdso, &leaf));
	EXPECT_EQ(F(PRESENT) | F(READ) | F(EXEC) | F(FRAME) | F(VMA) | F(ASKED_READ) |
		  F(ASKED_EXEC), LOOK_FACTS(leaf) & ~(F(ACCESSED) | F(DIRTY) | F(LARGE)))
		TH_LOG("0x%llx", leaf.facts);
}

/*
 * A raw frame, which pagemap hides (VM_PFNMAP); or a page of the kernel like the vdso,
 * which pagemap shows (7.3).
 */
TEST_F(kernels, vvar_is_a_raw_frame_or_a_page_of_the_kernel)
{
	struct witness_area *areas;
	ssize_t i, nr = witness_areas(0, &areas);
	int found = 0;

	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		struct vmlab_run leaf;
		char *page = (char *)areas[i].start;

		if (strncmp(areas[i].name, "[vvar", 5))
			continue;
		if (!strcmp(areas[i].name, "[vvar]"))
			fixture_read(page, PAGE);
		ASSERT_STREQ("", look_at(&self->look, page, &leaf));
		if (!leaf.count)
			continue;
		found++;
		EXPECT_FALSE(leaf.facts & (F(WRITE) | F(EXEC)));
		if (witness_area_flag(&areas[i], "pf")) {
			EXPECT_TRUE(leaf.facts & F(PFNMAP));
			EXPECT_TRUE(leaf.facts & F(SPECIAL));
			EXPECT_FALSE(leaf.facts & F(FRAME));
			EXPECT_EQ(0, witness_page(&self->look.witness, page) & PM_PRESENT);
		} else {
			EXPECT_TRUE(leaf.facts & F(FRAME));
			EXPECT_FALSE(leaf.facts & (F(PFNMAP) | F(ANON) | F(FILE)));
			EXPECT_TRUE(witness_page(&self->look.witness, page) & PM_PRESENT);
			EXPECT_EQ(leaf.pfn, PM_PFN(witness_page(&self->look.witness, page)));
		}
	}
	EXPECT_LE(1, found);
}

TEST_F(kernels, device_memory_is_the_frame_that_was_asked_for)
{
	/* The BIOS: there on every PC, and open to /dev/mem. */
	const off_t rom = 0xf0000;
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	struct vmlab_run leaf;
	char *page;

	if (fd < 0)
		SKIP(return, "no /dev/mem: %s", strerror(errno));
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, rom);
	if (page == MAP_FAILED)
		SKIP(return, "/dev/mem does not show the ROM: %s", strerror(errno));
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(rom / PAGE, leaf.pfn);
	EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, leaf.mapcount);
	EXPECT_EQ(F(PRESENT) | F(READ) | F(SPECIAL) | F(PFNMAP) | F(SHARED) | F(VMA) |
		  F(VMA_FILE) | F(ASKED_READ), LOOK_FACTS(leaf) & ~F(ACCESSED))
		TH_LOG("0x%llx", leaf.facts);
}

TEST_F(kernels, secret_memory_has_a_frame_like_any_files)
{
	const int fd = (int)syscall(__NR_memfd_secret, O_CLOEXEC);
	struct vmlab_run leaf;
	char *page;

	if (fd < 0)
		SKIP(return, "no secret memory: boot with secretmem.enable=1");
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	page = fixture_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, page);
	page[0] = 1;
	ASSERT_STREQ("", look_at(&self->look, page, &leaf));
	EXPECT_EQ(USED | F(WRITE) | F(DIRTY) | F(FRAME) | F(FILE) | F(SHARED) | ASKED_RW,
		  LOOK_FACTS(leaf)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_EQ(1, leaf.mapcount);
}

TEST_F(kernels, libraries_code_is_of_a_file_and_shared_with_every_process)
{
	struct vmlab_run leaf;

	ASSERT_STREQ("", look_at(&self->look, (void *)strlen, &leaf));
	EXPECT_EQ(USED | F(EXEC) | F(FRAME) | F(FILE) | F(VMA) | F(VMA_FILE) | F(ASKED_READ) |
		  F(ASKED_EXEC), LOOK_FACTS(leaf) & ~F(LARGE)) TH_LOG("0x%llx", leaf.facts);
	EXPECT_LT(1, leaf.mapcount);
}

TEST_HARNESS_MAIN
