// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_words.c - every word that `vmlab pages` has for a page, and every reason for
 * which less is enforced than was asked: each is brought about once, on a real page,
 * and the library has to call it by its name. What was brought about a witness
 * confirms: what the other programs prove of facts is proved here of words.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "counter.h"
#include "fixture.h"
#include "look.h"
#include "swaparea.h"
#include "victim.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

#define F(name)		VMLAB_FACT_ ## name

FIXTURE(word)
{
	struct look look;
	struct vmlab_run leaf;		/* of the last look */
	char why[128];
};

typedef FIXTURE_DATA(word) data;

FIXTURE_SETUP(word)
{
	ASSERT_EQ(0, look_open(&self->look, 0));
}

FIXTURE_TEARDOWN(word)
{
	look_close(&self->look);
}

/* The word for the page at @at of @look, as `vmlab pages` forms it. */
static const char *word_of(data *self, struct look *look, const void *at)
{
	struct vmlab_regions regions;
	const char *word, *differs;

	/* WALK, SCAN and the witnesses first: they must agree. */
	differs = look_at(look, at, &self->leaf);
	if (*differs)
		return differs;
	if (vmlab_regions_read(look->session, look->pid, &regions))
		return "no regions";
	word = vmlab_run_state(&self->leaf, false,
			       vmlab_regions_find(&regions, (uintptr_t)at));
	vmlab_regions_free(&regions);
	return word ? word : "(none)";
}

static const char *word(data *self, const void *at)
{
	return word_of(self, &self->look, at);
}

/* Reasons for the leaf of the last look, and of the area it lies in. */
static const char *why(data *self)
{
	const struct vmlab_info *info = vmlab_session_info(self->look.session);
	const char *words[VMLAB_WHY_MAX];
	const uint64_t page = self->leaf.va;
	struct vmlab_vma *vmas;
	size_t nr = vmlab_run_why(info, &self->leaf, words), i;

	if (vmlab_target_vmas(self->look.target, page, page + PAGE, &vmas) == 1) {
		nr += vmlab_vma_why(&vmas[0], words + nr);
		free(vmas);
	}
	self->why[0] = '\0';
	for (i = 0; i < nr; i++) {
		strcat(self->why, i ? " " : "");
		strcat(self->why, words[i]);
	}
	return self->why;
}

static char *written_page(void)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);

	page[0] = 1;
	return page;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Faults of a write: as many as reasons let us expect. */
static long faults_of_write(volatile char *at)
{
	long before;

	faults();
	before = faults();
	*at = 1;
	return faults() - before;
}

TEST_F(word, is_anon_for_what_is_its_own)
{
	char *page = written_page();

	EXPECT_STREQ("anon", word(self, page));
	EXPECT_STREQ("", why(self));
	EXPECT_EQ(0, faults_of_write(page));
}

TEST_F(word, is_anon_shared_after_fork_because_of_cow)
{
	char *page = written_page();
	struct victim child;

	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	EXPECT_STREQ("anon-shared", word(self, page));
	EXPECT_STREQ("cow", why(self));
	EXPECT_EQ(2, self->leaf.mapcount);
	EXPECT_EQ(1, faults_of_write(page));
	EXPECT_STREQ("anon", word(self, page));
	victim_kill(&child);
}

TEST_F(word, is_zero_for_what_was_only_read)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);

	fixture_read(page, PAGE);
	EXPECT_STREQ("zero", word(self, page));
	EXPECT_STREQ("zero-page", why(self));
	EXPECT_TRUE(witness_page_flags(&self->look.witness, self->leaf.pfn) & KPF(ZERO_PAGE));
}

TEST_F(word, is_huge_zero_for_a_huge_page_that_was_only_read)
{
	char *area = fixture_anon_aligned(HUGE_2M, HUGE_2M);

	if (counter_named("/sys/kernel/mm/transparent_hugepage/use_zero_page", "") != 1 ||
	    madvise(area, HUGE_2M, MADV_HUGEPAGE))
		SKIP(return, "this kernel has no huge zero page");
	fixture_read(area, PAGE);
	EXPECT_STREQ("huge-zero", word(self, area));
	EXPECT_STREQ("zero-page", why(self));
}

TEST_F(word, is_shmem_for_shared_memory_and_file_for_a_file)
{
	char *shmem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	char *file = fixture_map(fixture_ram_file(PAGE, 1), PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED);

	shmem[0] = 1;
	EXPECT_STREQ("shmem", word(self, shmem));
	EXPECT_STREQ("", why(self));
	file[0] = 1;
	EXPECT_STREQ("file", word(self, file));
	EXPECT_STREQ("", why(self));
}

TEST_F(word, is_file_private_for_a_file_until_the_write_that_copies_it)
{
	char *page = fixture_map(fixture_ram_file(PAGE, 1), PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE);

	fixture_read(page, PAGE);
	EXPECT_STREQ("file-private", word(self, page));
	EXPECT_STREQ("cow", why(self));
	EXPECT_EQ(1, faults_of_write(page));
	EXPECT_STREQ("anon", word(self, page));
	EXPECT_STREQ("", why(self));
}

TEST_F(word, is_vdso_for_the_vdso)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);

	ASSERT_NE(NULL, vdso);
	fixture_read(vdso, PAGE);
	EXPECT_STREQ("vdso", word(self, vdso));
	EXPECT_STREQ("", why(self));
}

/* A ring that the kernel puts pages of its own into, one by one (vm_insert_page). */
TEST_F(word, is_special_for_a_page_of_the_kernel)
{
	struct tpacket_req ring = {
		.tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	char *page;

	if (fd < 0)
		SKIP(return, "this kernel has no packet sockets: %s", strerror(errno));
	ASSERT_EQ(0, setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)));
	page = fixture_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, page);
	EXPECT_STREQ("special", word(self, page));
	EXPECT_TRUE(self->leaf.facts & F(FRAME));
}

TEST_F(word, is_pfnmap_for_memory_that_is_no_memory_and_its_type_is_the_kernels)
{
#if defined(__x86_64__)
	static const struct {
		off_t at;
		const char *type;
	} cases[] = {
		/* The BIOS, there on every PC: below 1 MiB nobody asks for types. */
		{ 0xf0000, "WB" },
		/* Room for devices, of which nothing is read here. */
		{ 0xfd000000, "UC-" },
	};
	const char *list = "/sys/kernel/debug/x86/pat_memtype_list";
	char line[160], place[32], *page;
	size_t i;

	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC);
		bool listed = false;
		const char *type;
		FILE *file;

		if (fd < 0)
			SKIP(return, "no /dev/mem: %s", strerror(errno));
		page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, cases[i].at);
		if (page == MAP_FAILED)
			SKIP(return, "/dev/mem does not show it: %s", strerror(errno));
		EXPECT_STREQ("pfnmap", word(self, page));
		/* Opened for reading only, and shared. */
		EXPECT_STREQ("read-only-file", why(self));
		type = vmlab_entry_memory_type(vmlab_session_info(self->look.session),
					       self->leaf.level, self->leaf.entry);
		ASSERT_NE(NULL, type);
		EXPECT_STREQ(cases[i].type, type);
		/* The kernel keeps a list of all that is not plain memory. */
		snprintf(place, sizeof(place), "0x%016llx-", (unsigned long long)cases[i].at);
		file = fopen(list, "r");
		if (file) {
			while (fgets(line, sizeof(line), file))
				if (strstr(line, place))
					listed = strstr(line, "uncached-minus");
			fclose(file);
			EXPECT_EQ(listed, !strcmp(type, "UC-")) TH_LOG("%s", type);
		}
		munmap(page, PAGE);
		close(fd);
	}
#else
	struct vmlab_scanner scan;
	struct vmlab_run run;
	bool found = false;

	/* vvar is memory of the kernel that it does not count, until it does (7.3). */
	ASSERT_EQ(0, vmlab_scan_start(&scan, self->look.target, 0, 0, NULL, 0));
	while (vmlab_scan_next(&scan, &run) == 1)
		if (run.facts & F(PFNMAP)) {
			EXPECT_STREQ("pfnmap", vmlab_run_state(&run, false, NULL));
			found = true;
		}
	vmlab_scan_end(&scan);
	if (!found)
		SKIP(return, "nothing is mapped here that the kernel does not count");
#endif
}

TEST_F(word, names_ordinary_memory_as_what_it_is)
{
	const struct vmlab_info *info = vmlab_session_info(self->look.session);
	char *page = written_page();
	const char *type;

	EXPECT_STREQ("anon", word(self, page));
	type = vmlab_entry_memory_type(info, self->leaf.level, self->leaf.entry);
	ASSERT_NE(NULL, type);
	EXPECT_TRUE(!strcmp(type, "WB") || !strncmp(type, "normal", 6)) TH_LOG("%s", type);
}

TEST_F(word, is_ksm_for_what_was_merged)
{
	const struct timespec nap = { .tv_nsec = 50000000 };
	const size_t nr = 16;
	char *pages = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	int tries;

	memset(pages, 0x43, nr * PAGE);
	if (madvise(pages, nr * PAGE, MADV_MERGEABLE))
		SKIP(return, "this kernel has no KSM");
	counter_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	counter_write("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "1"));
	for (tries = 0; tries < 400 && strcmp(word(self, pages), "ksm"); tries++)
		nanosleep(&nap, NULL);
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "0"));
	EXPECT_STREQ("ksm", word(self, pages));
	EXPECT_STREQ("cow", why(self));
	EXPECT_TRUE(witness_page_flags(&self->look.witness, self->leaf.pfn) & KPF(KSM));
	counter_write("/sys/kernel/mm/ksm/run", "2");
}

TEST_F(word, is_hugetlb_for_a_page_of_the_pool)
{
	char *area;

	counter_write("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "16");
	area = fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);
	if (!area)
		SKIP(return, "no hugetlb page of 2 MiB: boot with hugepagesz=2M hugepages=16");
	area[0] = 1;
	EXPECT_STREQ("hugetlb", word(self, area));
	EXPECT_STREQ("", why(self));
}

TEST_F(word, is_swap_for_what_is_swapped_out)
{
	struct swaparea area;
	const char *missing = swaparea_on(&area, 16UL << 20);
	char *page;
	int tries;

	if (missing)
		SKIP(return, "%s", missing);
	page = written_page();
	for (tries = 0; tries < 50 && strcmp(word(self, page), "swap"); tries++)
		madvise(page, PAGE, MADV_PAGEOUT);
	EXPECT_STREQ("swap", word(self, page));
	EXPECT_STREQ("not-present", why(self));
	munmap(page, PAGE);
	swaparea_off(&area);
}

TEST_F(word, is_prot_none_for_what_was_made_so_and_then_nothing_is_amiss)
{
	char *page = written_page();

	ASSERT_EQ(0, mprotect(page, PAGE, PROT_NONE));
	EXPECT_STREQ("prot-none", word(self, page));
	EXPECT_STREQ("", why(self));
}

static void *spin(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

static long numa_updates(void)
{
	return counter_named("/proc/vmstat", "numa_pte_updates");
}

/*
 * NUMA balancing takes entries away to see who comes for them. With one node it does
 * so as well, of a process with several threads; it begins after a second of CPU time.
 */
TEST_F_TIMEOUT(word, is_numa_hint_while_the_kernel_waits_to_see_who_comes, 120)
{
	const char *knob = "/proc/sys/kernel/numa_balancing";
	const long before = numa_updates(), was = counter_named(knob, "");
	const struct timespec nap = { .tv_nsec = 200000000 };
	const size_t nr = 64;
	char *pages = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	bool found = false;
	pthread_t spinner;
	int stop = 0, tries;

	if (before < 0 || counter_write(knob, "1"))
		SKIP(return, "this kernel does no NUMA balancing, or does not count it");
	fixture_write(pages, nr * PAGE);
	ASSERT_EQ(0, pthread_create(&spinner, NULL, spin, &stop));
	for (tries = 0; tries < 300 && !found; tries++) {
		nanosleep(&nap, NULL);
		found = !strcmp("numa-hint", word(self, pages + nr / 2 * PAGE));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(spinner, NULL);
	if (was == 0)
		counter_write(knob, "0");
	ASSERT_TRUE(found) TH_LOG("%ld entries were taken", numa_updates() - before);
	EXPECT_STREQ("numa-hint", why(self));
	EXPECT_EQ(0, self->leaf.facts & (F(PRESENT) | F(READ) | F(WRITE)));
	EXPECT_LT(before, numa_updates());
	/* The access that it waited for. */
	fixture_touch_page(pages + nr / 2 * PAGE);
	EXPECT_STREQ("anon", word(self, pages + nr / 2 * PAGE));
}

TEST_F(word, is_guard_for_a_guard)
{
	char *page = written_page();

	if (madvise(page, PAGE, MADV_GUARD_INSTALL))
		SKIP(return, "guards came with Linux 6.13");
	EXPECT_STREQ("guard", word(self, page));
	EXPECT_STREQ("not-present", why(self));
}

static int write_protect(int uffd, void *at, size_t size)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)at, .len = size },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = reg.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &reg) || ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

TEST_F(word, is_uffd_wp_for_a_marker_and_the_reason_for_a_page)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	int uffd = fixture_uffd();

	if (uffd < 0)
		SKIP(return, "this kernel's userfaultfd cannot write-protect shared memory");
	pages[0] = 1;
	ASSERT_EQ(0, write_protect(uffd, pages, 2 * PAGE));
	EXPECT_STREQ("shmem", word(self, pages));
	EXPECT_STREQ("uffd-wp", why(self));
	EXPECT_TRUE(self->leaf.facts & F(UFFD_WP));
	EXPECT_STREQ("uffd-wp", word(self, pages + PAGE));
	EXPECT_STREQ("not-present", why(self));
}

static void on_bus_error(int signo)
{
	(void)signo;
}

TEST_F(word, is_poison_for_what_the_hardware_has_spoilt)
{
	char *page = written_page();

	if (!getenv("VMLAB_LAB"))
		SKIP(return, "a frame would be lost until the next boot: only in the lab");
	signal(SIGBUS, on_bus_error);
	if (madvise(page, PAGE, MADV_HWPOISON))
		SKIP(return, "this kernel spoils no memory: %s", strerror(errno));
	EXPECT_STREQ("poison", word(self, page));
	EXPECT_STREQ("not-present", why(self));
}

/* Reasons that no state has. */

/* A block device is a file whose first write its owner wants to know of. */
TEST_F(word, dirty_tracking_is_why_a_clean_page_of_a_device_cannot_be_written)
{
	struct swaparea area;
	const char *missing = swaparea_device(&area, 16UL << 20);
	char *page;
	int fd;

	if (missing)
		SKIP(return, "%s", missing);
	fd = open(area.device, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	page = fixture_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, page);
	fixture_read(page, PAGE);
	EXPECT_STREQ("file", word(self, page));
	EXPECT_STREQ("dirty-tracking", why(self));
	EXPECT_EQ(1, faults_of_write(page));
	EXPECT_STREQ("file", word(self, page));
	EXPECT_STREQ("", why(self));
	EXPECT_TRUE(self->leaf.facts & F(DIRTY));
	/* Written back it is clean again, and so is its entry. */
	ASSERT_EQ(0, msync(page, PAGE, MS_SYNC));
	EXPECT_STREQ("file", word(self, page));
	EXPECT_STREQ("dirty-tracking", why(self));
	EXPECT_FALSE(self->leaf.facts & F(DIRTY));
	munmap(page, PAGE);
	close(fd);
	swaparea_off(&area);
}

TEST_F(word, soft_dirty_is_why_a_page_cannot_be_written_after_clear_refs)
{
	char *own = written_page();
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (!(vmlab_session_info(self->look.session)->out_facts & F(SOFT_DIRTY)))
		SKIP(return, "this kernel keeps no soft-dirty bit on this architecture");
	shared[0] = 1;
	ASSERT_EQ(0, counter_write("/proc/self/clear_refs", "4"));
	EXPECT_STREQ("anon", word(self, own));
	EXPECT_STREQ("soft-dirty", why(self));
	/* Dirty it is still: on newer kernels a bit of its own keeps that. */
	EXPECT_TRUE(self->leaf.facts & F(DIRTY));
	EXPECT_EQ(1, faults_of_write(own));
	EXPECT_STREQ("anon", word(self, own));
	EXPECT_STREQ("", why(self));
	EXPECT_STREQ("shmem", word(self, shared));
	EXPECT_STREQ("soft-dirty", why(self));
	EXPECT_EQ(1, faults_of_write(shared));
	EXPECT_STREQ("shmem", word(self, shared));
	EXPECT_STREQ("", why(self));
}

TEST_F(word, pkey_is_a_reason_wherever_a_key_stands_before_the_page)
{
	const struct vmlab_info *info = vmlab_session_info(self->look.session);
	const int key = pkey_alloc(0, 0);
	struct witness_area area;
	char *page = written_page();

	if (key < 0)
		SKIP(return, "this CPU or kernel has no protection keys");
	EXPECT_STREQ("anon", word(self, page));
	EXPECT_STREQ("", why(self));
	EXPECT_EQ(0, vmlab_entry_pkey(info, self->leaf.entry));
	ASSERT_EQ(0, pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, key));
	ASSERT_EQ(0, pkey_set(key, PKEY_DISABLE_WRITE));
	ASSERT_EQ(0, witness_area(0, page, &area));
	EXPECT_STREQ("anon", word(self, page));
	EXPECT_STREQ("pkey", why(self));
	EXPECT_EQ(key, vmlab_entry_pkey(info, self->leaf.entry));
	EXPECT_EQ(area.pkey, vmlab_entry_pkey(info, self->leaf.entry));
	ASSERT_EQ(0, pkey_set(key, 0));
}

TEST_F(word, hardware_is_why_what_may_be_written_may_be_read)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);

	page[0] = 1;
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_WRITE));
	page[0] = 2;
	EXPECT_STREQ("anon", word(self, page));
	EXPECT_STREQ("hardware", why(self));
	EXPECT_STREQ("-w-", vmlab_facts_asked(self->leaf.facts).s);
	EXPECT_STREQ("rw-", vmlab_facts_enforced(self->leaf.facts).s);
}

TEST_F(word, read_only_file_is_why_a_mapping_can_never_be_written)
{
	int fd = fixture_memfd(PAGE, 1), read_only, sealed;
	struct witness_area area;
	char path[64], *page;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, read_only);
	page = fixture_map(read_only, PAGE, PROT_READ, MAP_SHARED);
	ASSERT_NE(NULL, page);
	fixture_read(page, PAGE);
	EXPECT_STREQ("shmem", word(self, page));
	EXPECT_STREQ("read-only-file", why(self));
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, witness_area(0, page, &area));
	EXPECT_FALSE(witness_area_flag(&area, "mw"));

	/* Private the same file can be written: its copy. */
	page = fixture_map(read_only, PAGE, PROT_READ, MAP_PRIVATE);
	fixture_read(page, PAGE);
	EXPECT_STREQ("shmem", word(self, page));
	EXPECT_STREQ("", why(self));
	EXPECT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));

	/* A seal does the same as a descriptor that may not write. */
	sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_EQ(0, ftruncate(sealed, PAGE));
	ASSERT_EQ(0, fcntl(sealed, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	page = fixture_map(sealed, PAGE, PROT_READ, MAP_SHARED);
	ASSERT_NE(NULL, page);
	fixture_read(page, PAGE);
	EXPECT_STREQ("shmem", word(self, page));
	EXPECT_STREQ("read-only-file", why(self));
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
}

TEST_HARNESS_MAIN
