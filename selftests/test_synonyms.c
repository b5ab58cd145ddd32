// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_synonyms.c - who shares a frame, where that is known: each sharing is made here,
 * and has to be found with all its addresses and no other. Frames are pagemap's, counts
 * kpagecount's. At the end everything on the machine, with all but us stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "counter.h"
#include "fixture.h"
#include "kcore.h"
#include "libvmlab.h"
#include "pairs.h"
#include "swaparea.h"
#include "victim.h"
#include "witness.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define NR_CHILDREN	2

FIXTURE(lab)
{
	struct vmlab_session *session;
	struct witness witness;		/* our own */
	struct vmlab_index *index;
	struct vmlab_sets *sets;
	struct vmlab_set set;		/* the one that expect() found */
	struct victim child[NR_CHILDREN];
	int nr_children;
};

typedef FIXTURE_DATA(lab) lab_data;

FIXTURE_SETUP(lab)
{
	ASSERT_EQ(0, vmlab_session_open(&self->session));
	ASSERT_EQ(0, witness_open(&self->witness, 0));
}

static void forget(lab_data *self)
{
	vmlab_sets_end(self->sets);
	vmlab_index_free(self->index);
	self->sets = NULL;
	self->index = NULL;
}

FIXTURE_TEARDOWN(lab)
{
	int i;

	for (i = 0; i < self->nr_children; i++)
		victim_kill(&self->child[i]);
	forget(self);
	witness_close(&self->witness);
	vmlab_session_close(self->session);
}

static int fork_child(lab_data *self, void (*work)(void *), void *arg)
{
	int ret = victim_fork(&self->child[self->nr_children], work, arg);

	self->nr_children += !ret;
	return ret;
}

/* An index of us and the children. */
static int build(lab_data *self, struct vmlab_index_how how)
{
	pid_t pids[1 + NR_CHILDREN] = { getpid() };
	int i;

	forget(self);
	for (i = 0; i < self->nr_children; i++)
		pids[1 + i] = self->child[i].pid;
	return vmlab_index_build(self->session, pids, 1 + self->nr_children, &how, &self->index);
}

/* An address that has to lead to the frame. */
struct want {
	pid_t pid;		/* 0: us */
	const void *va;
	const char *enforced;
};

/* Where the page at @va of @pid lies in the set that was read last, or -1. */
static long page_of(const lab_data *self, pid_t pid, uint64_t va, struct vmlab_mapping *found)
{
	uint64_t pages = self->set.count << (self->set.shift - 12);
	size_t i;

	for (i = 0; i < self->set.nr; i++) {
		*found = vmlab_sets_mapping(self->sets, i);
		if (found->pid == pid && va >= found->va &&
		    va < found->va + (pages + (found->count - 1) * (1ULL << (found->shift - 12))) * PAGE)
			return (va - found->va) / PAGE;
	}
	return -1;
}

/* Reads on until the set that has this page; false when there is none. */
static bool find(lab_data *self, pid_t pid, const void *va, struct vmlab_mapping *found)
{
	vmlab_sets_end(self->sets);
	if (vmlab_sets_start(self->index, &self->sets))
		return false;
	while (vmlab_sets_next(self->sets, &self->set) > 0)
		if (page_of(self, pid, (uintptr_t)va, found) >= 0)
			return true;
	return false;
}

/*
 * All addresses of the frame that the first one leads to are these, of this class.
 * NULL, or what is not so.
 */
static const char *differ(lab_data *self, const char *class, const struct want *want, size_t nr)
{
	static char why[256];
	struct vmlab_mapping m;
	uint64_t word, count;
	size_t i;
	long page;

	if (!find(self, want->pid ? want->pid : getpid(), want->va, &m))
		return "there is no such set";
	page = page_of(self, want->pid ? want->pid : getpid(), (uintptr_t)want->va, &m);
	for (i = 0; i < nr; i++) {
		if (page_of(self, want[i].pid ? want[i].pid : getpid(), (uintptr_t)want[i].va,
			    &m) != page) {
			snprintf(why, sizeof(why), "mapping %zu is not in the set", i);
			return why;
		}
		if (strcmp(vmlab_facts_enforced(m.facts).s, want[i].enforced)) {
			snprintf(why, sizeof(why), "mapping %zu gets %s", i,
				 vmlab_facts_enforced(m.facts).s);
			return why;
		}
	}
	snprintf(why, sizeof(why), "%zu mappings, class %s", self->set.nr, self->set.class);
	if (self->set.nr != nr || strcmp(self->set.class, class))
		return why;
	if (want->pid || self->set.swapped)
		return NULL;
	word = witness_page(&self->witness, want->va);
	count = witness_page_count(&self->witness, PM_PFN(word));
	snprintf(why, sizeof(why), "pagemap 0x%llx, set of %llu, kpagecount %llu",
		 (unsigned long long)word, (unsigned long long)self->set.pfn,
		 (unsigned long long)count);
	return (word & PM_PRESENT) && PM_PFN(word) == self->set.pfn + page && count == nr ?
	       NULL : why;
}

#define EXPECT_SET(class, ...) do {						\
	const struct want _want[] = { __VA_ARGS__ };				\
	const char *_why = differ(self, class, _want, ARRAY_SIZE(_want));	\
	EXPECT_EQ(NULL, _why) TH_LOG("%s", _why);				\
} while (0)

TEST_F(lab, memfd_mapped_twice_with_different_permissions)
{
	int fd = fixture_memfd(PAGE, 1);
	char *w = fixture_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *x = fixture_map(fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED);
	struct vmlab_mapping m;

	ASSERT_TRUE(w && x);
	fixture_write(w, PAGE);
	fixture_read(x, PAGE);
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	EXPECT_SET("mixed-permission", { 0, w, "rw-" }, { 0, x, "r-x" });
	EXPECT_STREQ("same-process", self->set.origin);
	EXPECT_EQ(VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY, self->set.facts);
	ASSERT_TRUE(self->set.wx);
	m = vmlab_sets_mapping(self->sets, self->set.writer);
	EXPECT_EQ((uintptr_t)w, m.va);
	EXPECT_TRUE(m.facts & VMLAB_FACT_DIRTY);
	m = vmlab_sets_mapping(self->sets, self->set.executor);
	EXPECT_EQ((uintptr_t)x, m.va);
	/* Each entry has its own bits: this one was never written through. */
	EXPECT_FALSE(m.facts & VMLAB_FACT_DIRTY);

	/* The same without any difference. */
	munmap(x, PAGE);
	x = fixture_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	fixture_write(x, PAGE);
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	EXPECT_SET("same-process", { 0, w, "rw-" }, { 0, x, "rw-" });
	EXPECT_FALSE(self->set.wx);
}

static void write_page(void *at)
{
	fixture_write(at, PAGE);
}

TEST_F(lab, shared_memory_of_three_processes)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t a, b;

	ASSERT_NE(MAP_FAILED, page);
	fixture_write(page, PAGE);
	ASSERT_EQ(0, fork_child(self, write_page, page));
	ASSERT_EQ(0, fork_child(self, write_page, page));
	a = self->child[0].pid;
	b = self->child[1].pid;
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	EXPECT_SET("shared-memory", { 0, page, "rw-" }, { a, page, "rw-" }, { b, page, "rw-" });
	EXPECT_EQ(3, self->set.nr_processes);
}

static void write_second(void *at)
{
	fixture_write((char *)at + PAGE, PAGE);
}

TEST_F(lab, pages_of_a_forked_child_until_somebody_writes)
{
	char *pages = fixture_anon(2 * PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_mapping m;
	pid_t child;

	fixture_write(pages, 2 * PAGE);
	ASSERT_EQ(0, fork_child(self, write_second, pages));
	child = self->child[0].pid;
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	EXPECT_SET("cow", { 0, pages, "r--" }, { child, pages, "r--" });
	EXPECT_FALSE(find(self, getpid(), pages + PAGE, &m));

	/* The second one is a homonym now: one address, two frames. */
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { .by_address = true }));
	ASSERT_TRUE(find(self, getpid(), pages + PAGE, &m));
	EXPECT_EQ(PM_PFN(witness_page(&self->witness, pages + PAGE)),
		  m.pfn + ((uintptr_t)pages + PAGE - m.va) / PAGE);
	EXPECT_EQ(2, self->set.nr);
	EXPECT_FALSE(find(self, getpid(), pages, &m));
}

TEST_F(lab, zero_page_is_one_frame_at_all_its_addresses)
{
	const size_t nr = 10;
	char *pages = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_mapping m;
	size_t i;

	fixture_read(pages, nr * PAGE);
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(find(self, getpid(), pages + i * PAGE, &m));
		EXPECT_STREQ("zero", self->set.class);
		EXPECT_EQ(PM_PFN(witness_page(&self->witness, pages + i * PAGE)), self->set.pfn);
		EXPECT_LE(nr, m.count);
	}
	EXPECT_LE(nr, self->set.nr_addresses);
}

TEST_F(lab, vdso_is_the_kernels)
{
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	struct vmlab_mapping m;
	struct witness_area area;
	struct timespec now;

	if (!vdso)
		SKIP(return, "this machine has no vDSO");
	clock_gettime(CLOCK_MONOTONIC, &now);
	fixture_read(vdso, PAGE);
	ASSERT_EQ(0, fork_child(self, fixture_touch_page, (void *)vdso));
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	ASSERT_TRUE(find(self, getpid(), vdso, &m));
	EXPECT_STREQ("vdso", self->set.class);
	EXPECT_EQ(2, self->set.nr_processes);
	ASSERT_TRUE(find(self, self->child[0].pid, vdso, &m));
	EXPECT_STREQ("r-x", vmlab_facts_enforced(m.facts).s);
	ASSERT_EQ(0, witness_area(0, vdso, &area));
	EXPECT_STREQ("[vdso]", area.name);
}

TEST_F(lab, hugetlb_page_of_two_processes_is_one_leaf)
{
	char *huge = fixture_hugetlb(HUGE_2M, 21, MAP_SHARED);
	pid_t child;

	if (!huge)
		SKIP(return, "no hugetlb pages of 2 MiB are reserved");
	fixture_write(huge, PAGE);
	ASSERT_EQ(0, fork_child(self, write_page, huge));
	child = self->child[0].pid;
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	EXPECT_SET("shared-memory", { 0, huge, "rw-" }, { child, huge, "rw-" });
	EXPECT_EQ(1, self->set.count);
	EXPECT_EQ(21, self->set.shift);
}

TEST_F(lab, pages_that_KSM_merged_are_found_at_all_their_addresses)
{
	const size_t nr = 16;
	char *pages = fixture_anon(nr * PAGE, PROT_READ | PROT_WRITE);
	const struct timespec nap = { .tv_nsec = 50000000 };
	struct vmlab_mapping m;
	uint64_t frame = 0, count = 0;
	size_t i;
	int tries;

	memset(pages, 0x43, nr * PAGE);
	if (madvise(pages, nr * PAGE, MADV_MERGEABLE))
		SKIP(return, "this kernel has no KSM");
	counter_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	counter_write("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "1"));
	for (tries = 0; tries < 400 && count != nr; tries++) {
		nanosleep(&nap, NULL);
		frame = PM_PFN(witness_page(&self->witness, pages));
		count = witness_page_count(&self->witness, frame);
	}
	ASSERT_EQ(0, counter_write("/sys/kernel/mm/ksm/run", "0"));
	ASSERT_EQ(nr, count);
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(find(self, getpid(), pages + i * PAGE, &m));
		EXPECT_EQ(frame, self->set.pfn);
	}
	EXPECT_STREQ("ksm", self->set.class);
	EXPECT_EQ(nr, self->set.nr);
	counter_write("/sys/kernel/mm/ksm/run", "2");
}

TEST_F(lab, huge_page_beside_small_ones_of_the_same_frames)
{
	char *huge = fixture_thp(HUGE_2M);
	struct vmlab_mapping m;
	pid_t child;
	size_t i;

	if (!huge)
		SKIP(return, "this kernel gives no transparent huge pages");
	ASSERT_EQ(0, fork_child(self, NULL, NULL));
	child = self->child[0].pid;
	/* Ours is mapped by small pages from here on; the child's is as it was. */
	ASSERT_EQ(0, mprotect(huge + 3 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	for (i = 0; i < 512; i += 73) {
		ASSERT_TRUE(find(self, getpid(), huge + i * PAGE, &m));
		EXPECT_STREQ("cow", self->set.class);
		EXPECT_EQ(12, m.shift);
		EXPECT_EQ(2, self->set.nr);
		ASSERT_LE(0, page_of(self, child, (uintptr_t)huge + i * PAGE, &m));
		EXPECT_EQ(21, m.shift);
		EXPECT_EQ(PM_PFN(witness_page(&self->witness, huge + i * PAGE)),
			  self->set.pfn + ((uintptr_t)huge + i * PAGE - m.va) / PAGE);
	}
}

TEST_F(lab, swapped_page_of_two_processes_is_found_by_its_slot)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_mapping m;
	struct swaparea area;
	const char *missing = swaparea_on(&area, 16UL << 20);
	uint64_t word = 0;
	int tries;

	if (missing)
		SKIP(return, "%s", missing);
	fixture_write(page, PAGE);
	for (tries = 0; tries < 20 && !(word & PM_SWAP); tries++) {
		madvise(page, PAGE, MADV_PAGEOUT);
		word = witness_page(&self->witness, page);
	}
	EXPECT_TRUE(word & PM_SWAP);
	/* Fork copies the entry: two name the slot then. */
	ASSERT_EQ(0, fork_child(self, NULL, NULL));
	ASSERT_EQ(0, build(self, (struct vmlab_index_how) { 0 }));
	ASSERT_TRUE(find(self, getpid(), page, &m));
	EXPECT_TRUE(self->set.swapped);
	EXPECT_EQ(PM_SWAP_TYPE(word), self->set.swap_type);
	EXPECT_STREQ("cow", self->set.class);
	EXPECT_EQ(2, self->set.nr);
	EXPECT_LE(0, page_of(self, self->child[0].pid, (uintptr_t)page, &m));
	forget(self);
	victim_kill(&self->child[0]);
	self->nr_children = 0;
	munmap(page, PAGE);
	swaparea_off(&area);
}

/* The pages of libc that @pid maps: frames by page number of the file, 0 for none. */
#define LIB_PAGES 2048
static int library_of(pid_t pid, uint64_t *frames, uint64_t *va)
{
	struct witness_area *areas;
	ssize_t nr = witness_areas(pid, &areas), i;
	struct witness w;
	int found = 0;

	memset(frames, 0, LIB_PAGES * sizeof(*frames));
	if (nr < 0 || witness_open(&w, pid))
		return -1;
	for (i = 0; i < nr; i++) {
		uint64_t at;

		if (!strstr(areas[i].name, "/libc.so") && !strstr(areas[i].name, "/libc-2"))
			continue;
		for (at = areas[i].start; at < areas[i].end; at += PAGE) {
			uint64_t word = witness_page(&w, (void *)(uintptr_t)at);
			uint64_t page = (areas[i].offset + at - areas[i].start) / PAGE;

			if (!(word & PM_PRESENT) || !(word & PM_FILE) || page >= LIB_PAGES)
				continue;
			frames[page] = PM_PFN(word);
			va[page] = at;
			found++;
		}
	}
	free(areas);
	witness_close(&w);
	return found;
}

TEST_F(lab, library_in_all_its_users)
{
	static uint64_t frames[3][LIB_PAGES], va[3][LIB_PAGES];
	char *const argv[] = { "sh", "-c", "echo; read line", NULL };
	struct victim other[2];
	pid_t pids[3] = { getpid() };
	size_t p, i, shared = 0;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, victim_exec(&other[i], argv));
		ASSERT_EQ(0, victim_stop(&other[i]));
		pids[1 + i] = other[i].pid;
	}
	for (p = 0; p < 3; p++)
		ASSERT_LT(10, library_of(pids[p], frames[p], va[p]));
	ASSERT_EQ(0, vmlab_index_build(self->session, pids, 3, NULL, &self->index));
	for (i = 0; i < LIB_PAGES; i++) {
		struct vmlab_mapping m;
		size_t users = 0;

		/* Stopped ones stay as they are; we may have touched more meanwhile. */
		if (!frames[1][i] || frames[1][i] != frames[2][i])
			continue;
		ASSERT_TRUE(find(self, pids[1], (void *)(uintptr_t)va[1][i], &m))
			TH_LOG("page %zu of libc", i);
		EXPECT_STREQ("library", self->set.class);
		for (p = 1; p < 3; p++) {
			long page = page_of(self, pids[p], va[p][i], &m);

			ASSERT_LE(0, page);
			EXPECT_EQ(frames[p][i], self->set.pfn + page);
		}
		for (p = 0; p < 3; p++)
			users += frames[p][i] == frames[1][i];
		EXPECT_LE(users, self->set.nr_processes);
		shared++;
	}
	EXPECT_LT(10, shared);
	for (i = 0; i < 2; i++)
		victim_kill(&other[i]);
}

TEST_F(lab, process_that_ends_is_skipped_and_takes_nobody_with_it)
{
	const struct vmlab_skipped *skipped;
	pid_t pids[3], kthread = victim_kernel_thread();
	struct victim gone;

	ASSERT_EQ(0, victim_fork(&gone, NULL, NULL));
	pids[0] = getpid();
	pids[1] = gone.pid;
	pids[2] = kthread;
	victim_kill(&gone);
	ASSERT_EQ(0, vmlab_index_build(self->session, pids, 3, NULL, &self->index));
	EXPECT_EQ(1, vmlab_index_totals(self->index)->processes);
	EXPECT_EQ(getpid(), vmlab_index_pid(self->index, 0));
	ASSERT_EQ(2, vmlab_index_skipped(self->index, &skipped));
	/* In order of pids: the kernel thread is the older one. */
	EXPECT_EQ(kthread, skipped[0].pid);
	EXPECT_STREQ("kernel-thread", skipped[0].why);
	EXPECT_STREQ("exit", skipped[1].why);
	EXPECT_EQ(-ESRCH, skipped[1].err);
}

/* Waits for the end of the pipe, in our memory; its descriptors are its own. */
static int close_and_wait(void *arg)
{
	const int *ends = arg;
	char c;

	close(ends[1]);
	return (int)read(ends[0], &c, 1);
}

TEST_F(lab, one_address_space_under_two_pids_is_no_sharing)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	const struct vmlab_skipped *skipped;
	struct vmlab_mapping m;
	pid_t pids[2] = { getpid() };
	static char stack[65536];
	int ends[2];

	fixture_write(page, PAGE);
	ASSERT_EQ(0, pipe(ends));
	/* As vfork has it, but that we go on. */
	pids[1] = clone(close_and_wait, stack + sizeof(stack), CLONE_VM | SIGCHLD, ends);
	ASSERT_LT(0, pids[1]);
	ASSERT_EQ(0, vmlab_index_build(self->session, pids, 2, NULL, &self->index));
	EXPECT_EQ(1, vmlab_index_totals(self->index)->processes);
	ASSERT_EQ(1, vmlab_index_skipped(self->index, &skipped));
	EXPECT_STREQ("same-space", skipped[0].why);
	EXPECT_EQ(pids[1], skipped[0].pid);
	EXPECT_FALSE(find(self, getpid(), page, &m));
	close(ends[1]);
	EXPECT_EQ(pids[1], waitpid(pids[1], NULL, __WALL));
}

TEST_F(lab, all_threads_say_the_same)
{
	struct vmlab_index_totals totals = { 0 };
	unsigned int threads;
	uint64_t frames = 0;

	ASSERT_EQ(0, fork_child(self, NULL, NULL));
	ASSERT_EQ(0, victim_stop(&self->child[0]));
	for (threads = 1; threads <= 4; threads++) {
		struct vmlab_index_how how = {
			.all = true, .singles = true, .threads = threads,
		};
		pid_t pids[2] = { self->child[0].pid, 1 };
		uint64_t pages = 0;

		forget(self);
		ASSERT_EQ(0, vmlab_index_build(self->session, pids, 2, &how, &self->index));
		ASSERT_EQ(0, vmlab_sets_start(self->index, &self->sets));
		while (vmlab_sets_next(self->sets, &self->set) > 0)
			pages += self->set.count << (self->set.shift - 12);
		if (threads > 1) {
			EXPECT_EQ(totals.pages, vmlab_index_totals(self->index)->pages);
			EXPECT_EQ(frames, vmlab_sets_frames(self->sets));
		}
		totals = *vmlab_index_totals(self->index);
		frames = vmlab_sets_frames(self->sets);
		EXPECT_LT(0, pages);
	}
}

TEST_F_TIMEOUT(lab, everything_that_is_mapped_is_what_the_kernel_counts, 200)
{
	char *pages = fixture_anon(4000 * PAGE, PROT_READ | PROT_WRITE);
	struct pairs pairs;
	const char *why;

	fixture_write(pages, 4000 * PAGE);
	ASSERT_EQ(0, fork_child(self, NULL, NULL));
	ASSERT_EQ(0, fork_child(self, write_page, pages));
	why = pairs_compare(&pairs);
	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	TH_LOG("%llu frames, %llu of them shared, %llu pairs; %llu in large folios; %s",
	       (unsigned long long)pairs.frames, (unsigned long long)pairs.shared,
	       (unsigned long long)pairs.pairs, (unsigned long long)pairs.large,
	       *pairs.first ? pairs.first : "all as counted");
	EXPECT_EQ(0, pairs.differing);
	EXPECT_EQ(0, pairs.lacking);
	EXPECT_STREQ("", pairs.same);
	EXPECT_LT(4000, pairs.shared);
	EXPECT_LT(12000, pairs.pairs);
}

/* The same through the command. */
TEST_F(lab, command_tells_of_a_page_of_two_processes)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct answer answer;
	uint64_t pfn;
	long i, nr;

	ASSERT_NE(MAP_FAILED, page);
	fixture_write(page, PAGE);
	ASSERT_EQ(0, fork_child(self, write_page, page));
	pfn = PM_PFN(witness_page(&self->witness, page));
	command_run(&answer, "synonyms --json --cache %d %d", (int)getpid(),
		    (int)self->child[0].pid);
	ASSERT_EQ(0, answer.status) TH_LOG("%s", answer.err);
	nr = answer_count(&answer, "frames");
	for (i = 0; i < nr; i++)
		if (strtoull(answer_at(&answer, "frames.%ld.pfn", i), NULL, 10) == pfn)
			break;
	ASSERT_GT(nr, i);
	EXPECT_STREQ("shared-memory", answer_at(&answer, "frames.%ld.class", i));
	EXPECT_STREQ("rw-", answer_at(&answer, "frames.%ld.mappings.1.enforced", i));
	EXPECT_STREQ("true", answer_at(&answer, "frames.%ld.dirty", i));
	EXPECT_STREQ("2", answer_at(&answer, "totals.processes"));
	EXPECT_STREQ("true", answer_at(&answer, "complete"));
	command_free(&answer);

	command_run(&answer, "frame --json --in %d,%d %d:%lx", (int)getpid(),
		    (int)self->child[0].pid, (int)getpid(), (unsigned long)page);
	ASSERT_EQ(0, answer.status) TH_LOG("%s", answer.err);
	EXPECT_EQ(pfn, strtoull(answer_at(&answer, "pfn"), NULL, 10));
	EXPECT_STREQ("shmem", answer_at(&answer, "kind"));
	EXPECT_STREQ("2", answer_at(&answer, "mapcount"));
	EXPECT_EQ(2, answer_count(&answer, "mappings"));
	EXPECT_EQ((uintptr_t)page, answer_number(&answer, "mappings.1.va"));
	command_free(&answer);

	command_run(&answer, "homonyms --json %d %d", (int)getpid(), (int)self->child[0].pid);
	ASSERT_EQ(0, answer.status) TH_LOG("%s", answer.err);
	/* The stack at least was written by both. */
	EXPECT_LT(0, answer_count(&answer, "ranges"));
	command_free(&answer);
}

TEST_F(lab, kernels_own_alias_holds_what_the_process_wrote)
{
	char *page = fixture_map(fixture_memfd(PAGE, 0), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	const char told[] = "written through one address, read through another";
	struct answer answer;
	char seen[sizeof(told)];
	const char *va;
	int kcore = kcore_open();
	long i, nr;

	if (kcore == -ENOENT)
		SKIP(return, KCORE_NONE);
	ASSERT_LE(0, kcore) TH_LOG("/proc/kcore: %s", strerror(-kcore));
	ASSERT_NE(NULL, page);
	strcpy(page, told);
	ASSERT_EQ(0, fork_child(self, write_page, page + PAGE / 2));
	command_run(&answer, "frame --json --in %d %d:%lx", (int)getpid(), (int)getpid(),
		    (unsigned long)page);
	ASSERT_EQ(0, answer.status) TH_LOG("%s", answer.err);
	EXPECT_STREQ("rw-", answer_at(&answer, "kernel_alias.enforced"));
	ASSERT_EQ(0, kcore_read_va(kcore, answer_number(&answer, "kernel_alias.va"),
				   seen, sizeof(seen)));
	EXPECT_STREQ(told, seen);
	command_free(&answer);

	command_run(&answer, "synonyms --json --alias %d %d", (int)getpid(),
		    (int)self->child[0].pid);
	ASSERT_EQ(0, answer.status) TH_LOG("%s", answer.err);
	nr = answer_count(&answer, "frames");
	for (i = 0; i < nr; i++) {
		if (strcmp("shared-memory", answer_at(&answer, "frames.%ld.class", i)))
			continue;
		va = answer_at(&answer, "frames.%ld.kernel_alias.va", i);
		ASSERT_EQ(0, kcore_read_va(kcore, strtoull(va, NULL, 16), seen, sizeof(seen)));
		EXPECT_STREQ(told, seen);
	}
	EXPECT_LT(0, nr);
	command_free(&answer);
	close(kcore);
}

TEST_HARNESS_MAIN
