// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn.c - a process that never stays as it is.
 *
 * Each thread has a lane of the arena to itself, so that nobody reads or writes
 * what another one has just taken away: pages are touched by MADV_POPULATE_*, which
 * refuses where a plain access would be a signal. Whatever the kernel refuses, for
 * want of memory or of a feature, is counted and goes by. No thread allocates
 * memory of its own: everything outside the arena stays where it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "churn.h"
#include "counter.h"
#include "dice.h"
#include "fixture.h"
#include "swaparea.h"

/* Younger than the C library of some: Linux 5.4, 5.14, 6.1 and 6.13. */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif

/* Lanes of the arena, each with room to be aligned to 1 GiB. */
enum { LANE_SMALL, LANE_FILE, LANE_HUGE, LANE_HUGETLB, LANE_UFFD, LANES };
#define SZ_LANE		(2 * HUGE_1G)
#define SZ_ARENA	(LANES * SZ_LANE + HUGE_1G + 2 * PAGE)
#define SMALL_PAGES	512UL

static struct churn *churn;
static char *lanes;
static int file = -1, hugetlb_file = -1, clear_refs = -1;

/* ---- chance --------------------------------------------------------------- */

struct dice {
	uint64_t state;
};

static uint64_t roll(struct dice *dice, uint64_t below)
{
	/* The same steps for the same seed, as far as a thread goes. */
	return dice_roll(&dice->state, below);
}

static char *lane(int nr)
{
	return lanes + nr * SZ_LANE;
}

/* A few pages of the first SMALL_PAGES of a lane; often so few that all are of one kind. */
static char *spot(struct dice *dice, int nr, size_t *size)
{
	const uint64_t first = roll(dice, SMALL_PAGES);
	uint64_t pages = 1 + roll(dice, roll(dice, 2) ? 64 : 4);

	if (pages > SMALL_PAGES - first)
		pages = SMALL_PAGES - first;
	*size = pages * PAGE;
	return lane(nr) + first * PAGE;
}

/* One to four huge pages of the first 12 of a lane. */
static char *huge_spot(struct dice *dice, int nr, size_t *size)
{
	*size = HUGE_2M << roll(dice, 3);
	return lane(nr) + roll(dice, 9) * HUGE_2M;
}

static bool map(char *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, size, prot, flags | MAP_FIXED | MAP_NORESERVE, fd, offset) != MAP_FAILED;
}

static bool map_anon(char *at, size_t size)
{
	return map(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool advise(char *at, size_t size, int advice)
{
	return !madvise(at, size, advice);
}

/* ---- small pages ----------------------------------------------------------- */

static bool map_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	/* Half of it, rounded up. */
	return map_anon(at, size) &&
	       advise(at, (size / PAGE + 1) / 2 * PAGE, MADV_POPULATE_WRITE);
}

static bool read_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, MADV_POPULATE_READ);
}

static bool write_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, MADV_POPULATE_WRITE);
}

static bool unmap_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	/* Little at a time: what is gone, nothing else can be done to. */
	return !munmap(at, (size / PAGE + 7) / 8 * PAGE);
}

static bool protect_some(struct dice *dice)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return !mprotect(at, size, prots[roll(dice, sizeof(prots) / sizeof(prots[0]))]);
}

static bool move_some(struct dice *dice)
{
	size_t size, ignored;
	char *at = spot(dice, LANE_SMALL, &size);
	char *to = spot(dice, LANE_SMALL, &ignored);
	size_t wanted = PAGE * (1 + roll(dice, 32));

	if (to + wanted > lane(LANE_SMALL) + SMALL_PAGES * PAGE)
		return false;
	return mremap(at, size, wanted, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED;
}

static bool drop_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, roll(dice, 2) ? MADV_DONTNEED : MADV_FREE);
}

static bool swap_out_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, MADV_PAGEOUT);
}

static bool merge_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, roll(dice, 3) ? MADV_MERGEABLE : MADV_UNMERGEABLE);
}

/* Where the kernel has guards; they go by being mapped over, too. */
static bool guard_some(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_SMALL, &size);

	return advise(at, size, roll(dice, 3) ? MADV_GUARD_REMOVE : MADV_GUARD_INSTALL);
}

/* Each to the other of two nodes. Good when one of them went. */
static bool migrate_some(struct dice *dice)
{
	void *pages[8];
	int before[8], nodes[8], after[8];
	size_t size, i, nr;
	char *at = spot(dice, LANE_SMALL, &size);

	nr = size / PAGE < 8 ? size / PAGE : 8;
	for (i = 0; i < nr; i++)
		pages[i] = at + i * PAGE;
	if (syscall(__NR_move_pages, 0, nr, pages, NULL, before, 0))
		return false;
	for (i = 0; i < nr; i++)
		nodes[i] = before[i] == 0;
	if (syscall(__NR_move_pages, 0, nr, pages, nodes, after, 2 /* MPOL_MF_MOVE */) < 0)
		return false;
	for (i = 0; i < nr; i++)
		if (before[i] >= 0 && after[i] == nodes[i])
			return true;
	return false;
}

/* ---- files ----------------------------------------------------------------- */

static bool map_file(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_FILE, &size);

	return map(at, size, PROT_READ | PROT_WRITE, roll(dice, 2) ? MAP_SHARED : MAP_PRIVATE, file,
		   (off_t)(roll(dice, SMALL_PAGES) * PAGE)) &&
	       advise(at, size, roll(dice, 2) ? MADV_POPULATE_READ : MADV_POPULATE_WRITE);
}

static bool drop_file(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_FILE, &size);

	return advise(at, size, roll(dice, 2) ? MADV_REMOVE : MADV_DONTNEED);
}

static bool swap_out_file(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_FILE, &size);

	return advise(at, size, MADV_PAGEOUT);
}

static bool unmap_file(struct dice *dice)
{
	size_t size;
	char *at = spot(dice, LANE_FILE, &size);

	return !munmap(at, (size / PAGE + 7) / 8 * PAGE);
}

/* ---- huge pages ------------------------------------------------------------ */

static bool map_huge(struct dice *dice)
{
	size_t size;
	char *at = huge_spot(dice, LANE_HUGE, &size);

	if (!map_anon(at, size) || !advise(at, size, MADV_HUGEPAGE))
		return false;
	return advise(at, size, roll(dice, 4) ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

static bool split_huge(struct dice *dice)
{
	size_t size;
	char *at = huge_spot(dice, LANE_HUGE, &size) + roll(dice, 512) * PAGE;
	const size_t some = PAGE * (1 + roll(dice, 40));

	switch (roll(dice, 4)) {
	case 0:
		return !munmap(at, some);
	case 1:
		return !mprotect(at, some, roll(dice, 2) ? PROT_READ : PROT_NONE);
	case 2:
		return advise(at, some, MADV_DONTNEED);
	default:
		return advise(at, some, MADV_PAGEOUT);
	}
}

static bool collapse(struct dice *dice)
{
	size_t size;
	char *at = huge_spot(dice, LANE_HUGE, &size);

	/* One VMA again, where it was split and not unmapped. */
	mprotect(at, HUGE_2M, PROT_READ | PROT_WRITE);
	return advise(at, HUGE_2M, MADV_COLLAPSE);
}

static bool move_huge(struct dice *dice)
{
	size_t size, ignored;
	char *at = huge_spot(dice, LANE_HUGE, &size);
	char *to = huge_spot(dice, LANE_HUGE, &ignored);

	return mremap(at, HUGE_2M, HUGE_2M, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED;
}

/* Shared memory of huge pages: its tables are taken away with no lock of ours. */
static bool collapse_file(struct dice *dice)
{
	char *at = lane(LANE_HUGE) + (40 + roll(dice, 4)) * HUGE_2M;

	return map(at, HUGE_2M, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		   (off_t)(roll(dice, 4) * HUGE_2M)) &&
	       advise(at, HUGE_2M, MADV_POPULATE_WRITE) && advise(at, HUGE_2M, MADV_COLLAPSE);
}

/* ---- hugetlb --------------------------------------------------------------- */

static bool map_hugetlb(struct dice *dice)
{
	char *at = lane(LANE_HUGETLB) + HUGE_1G + roll(dice, 4) * HUGE_2M;

	return map(at, HUGE_2M, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) &&
	       advise(at, HUGE_2M, MADV_POPULATE_WRITE);
}

static bool unmap_hugetlb(struct dice *dice)
{
	char *at = lane(LANE_HUGETLB) + HUGE_1G + roll(dice, 4) * HUGE_2M;

	switch (roll(dice, 3)) {
	case 0:
		return !munmap(at, HUGE_2M);
	case 1:
		return !mprotect(at, HUGE_2M, roll(dice, 2) ? PROT_READ : PROT_NONE);
	default:
		return advise(at, HUGE_2M, MADV_DONTNEED);
	}
}

/*
 * A table of the second level that two processes share: that takes a whole aligned
 * GiB of one shared file. The child's faults find ours; then either goes.
 */
static bool share_hugetlb(struct dice *dice)
{
	char *at = lane(LANE_HUGETLB);
	const int what = (int)roll(dice, 3);
	pid_t pid;
	bool good;

	good = map(at, HUGE_1G, PROT_READ | PROT_WRITE, MAP_SHARED, hugetlb_file, 0) &&
	       advise(at, 3 * HUGE_2M, MADV_POPULATE_WRITE);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		madvise(at, 3 * HUGE_2M, MADV_POPULATE_READ);
		usleep(1000);
		if (what == 0)
			munmap(at, HUGE_2M);
		_exit(0);
	}
	usleep(500);
	if (what == 1)
		mprotect(at, HUGE_2M, PROT_READ);
	else if (what == 2)
		munmap(at + HUGE_2M, HUGE_1G - HUGE_2M);
	return pid > 0 && waitpid(pid, NULL, 0) == pid && good;
}

/* ---- userfaultfd ----------------------------------------------------------- */

/* Nobody touches what is protected: who would was to wait for us. */
static bool write_protect(struct dice *dice)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	char *at = lane(LANE_UFFD);
	struct uffdio_register area = {
		.range = { .start = (uintptr_t)at, .len = 64 * PAGE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	int i, uffd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	bool good;

	good = uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) && map_anon(at, 64 * PAGE) &&
	       advise(at, 64 * PAGE, MADV_POPULATE_WRITE) &&
	       !ioctl(uffd, UFFDIO_REGISTER, &area);
	for (i = 0; good && i < 8; i++) {
		protect.range.start = (uintptr_t)at + roll(dice, 32) * PAGE;
		protect.range.len = (1 + roll(dice, 32)) * PAGE;
		protect.mode = roll(dice, 2) ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
		good = !ioctl(uffd, UFFDIO_WRITEPROTECT, &protect);
		if (!roll(dice, 4))
			madvise(at, 8 * PAGE, MADV_PAGEOUT);
	}
	if (uffd >= 0)
		close(uffd);
	return good;
}

/* ---- the process as a whole ------------------------------------------------ */

static bool clear_soft_dirty(struct dice *dice)
{
	(void)dice;
	return write(clear_refs, "4", 1) == 1;
}

/* A child that breaks copy-on-write for a while, as we do meanwhile. */
static bool fork_one(struct dice *dice)
{
	char *spots[4];
	size_t sizes[4];
	pid_t pid;
	int i;

	for (i = 0; i < 4; i++)
		spots[i] = i & 1 ? spot(dice, LANE_SMALL, &sizes[i]) :
				   huge_spot(dice, LANE_HUGE, &sizes[i]);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (i = 0; i < 4; i++)
			madvise(spots[i], sizes[i], MADV_POPULATE_WRITE);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool compact(struct dice *dice)
{
	(void)dice;
	return !counter_write("/proc/sys/vm/compact_memory", "1");
}

/* ---- what there is not everywhere ------------------------------------------- */

static bool no_guards(void)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	const bool missing = !page || madvise(page, PAGE, MADV_GUARD_REMOVE);

	if (page)
		munmap(page, PAGE);
	return missing;
}

static bool no_ksm(void)
{
	return access("/sys/kernel/mm/ksm/run", F_OK);
}

static bool no_second_node(void)
{
	return access("/sys/devices/system/node/node1", F_OK);
}

static bool no_hugetlb(void)
{
	/* Mapping reserves; where there are none, it is refused. */
	char *page = fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);

	if (page)
		munmap(page, HUGE_2M);
	return !page;
}

/* It came to arm64 with Linux 6.10. */
static bool no_write_protection(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	const int uffd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	const bool missing = uffd < 0 || ioctl(uffd, UFFDIO_API, &api);

	if (uffd >= 0)
		close(uffd);
	return missing;
}

/* ---- who does what --------------------------------------------------------- */

struct step {
	const char *what;
	bool (*take)(struct dice *dice);
	bool (*missing)(void);	/* NULL: every machine that we know has it */
	unsigned int one_in;	/* of those that the dice say, what takes long; 0: all */
};

#define STEP(what, take)		{ what, take, NULL, 0 }
#define STEP_OF(what, take, missing)	{ what, take, missing, 0 }

static const struct step small_steps[] = {
	STEP("map", map_some), STEP("map once more", map_some), STEP("read", read_some),
	STEP("write", write_some), STEP("unmap", unmap_some), STEP("protect", protect_some),
	STEP("move", move_some), STEP("drop", drop_some), STEP("swap out", swap_out_some),
	STEP_OF("merge", merge_some, no_ksm), STEP_OF("guard", guard_some, no_guards),
	STEP_OF("migrate", migrate_some, no_second_node),
	STEP("map a file", map_file), STEP("drop a file's", drop_file),
	STEP("swap out a file's", swap_out_file), STEP("unmap a file", unmap_file),
};

static const struct step huge_steps[] = {
	STEP("map huge", map_huge), STEP("split huge", split_huge), STEP("collapse", collapse),
	STEP("move huge", move_huge), STEP("collapse a file's", collapse_file),
};

static const struct step hugetlb_steps[] = {
	STEP_OF("map hugetlb", map_hugetlb, no_hugetlb), STEP_OF("unmap hugetlb", unmap_hugetlb, no_hugetlb),
	STEP_OF("share hugetlb", share_hugetlb, no_hugetlb),
};

static const struct step process_steps[] = {
	STEP("clear soft-dirty", clear_soft_dirty), STEP("fork", fork_one),
	STEP_OF("write-protect", write_protect, no_write_protection),
	/* It moves everything that may be moved. */
	{ "compact", compact, NULL, 8 },
};

static struct thread {
	const struct step *steps;
	size_t nr;
	struct churn_step *count;
	struct dice dice;
} threads[] = {
	{ .steps = small_steps, .nr = sizeof(small_steps) / sizeof(small_steps[0]) },
	{ .steps = huge_steps, .nr = sizeof(huge_steps) / sizeof(huge_steps[0]) },
	{ .steps = hugetlb_steps, .nr = sizeof(hugetlb_steps) / sizeof(hugetlb_steps[0]) },
	{ .steps = process_steps, .nr = sizeof(process_steps) / sizeof(process_steps[0]) },
};

static void *run(void *arg)
{
	struct thread *me = arg;

	while (churn->end == CHURN_GOES_ON) {
		const size_t i = roll(&me->dice, me->nr);

		if (me->steps[i].one_in && roll(&me->dice, me->steps[i].one_in))
			continue;
		if (me->steps[i].take(&me->dice))
			me->count[i].done++;
		else
			me->count[i].refused++;
	}
	if (churn->end == CHURN_EXITS)
		_exit(0);
	/* One of several threads; the others end with it. */
	execlp("sleep", "sleep", "1000", NULL);
	_exit(1);
}

/* Present but for every third page; nothing the kernel does by itself moves it. */
static bool make_quiet(void)
{
	const size_t size = CHURN_QUIET_PAGES * PAGE;
	char *p = fixture_anon(size, PROT_READ | PROT_WRITE);
	size_t i;

	if (!p || madvise(p, size, MADV_DONTFORK))
		return false;
	for (i = 0; i < CHURN_QUIET_PAGES; i++)
		if (i % 3 != 2)
			p[i * PAGE] = (char)i;
	/* What is there, and nothing else. */
	if (mlock2(p, size, MLOCK_ONFAULT))
		return false;
	churn->quiet = (uintptr_t)p;
	return !mprotect(p, size, PROT_READ);
}

static void live(void *arg)
{
	struct churn_step *count;
	pthread_t thread;
	size_t i, j;
	char *p;

	churn = arg;
	count = churn->steps;
	prctl(PR_SET_NAME, CHURN_NAME);
	if (churn->nice)
		setpriority(PRIO_PROCESS, 0, churn->nice);
	p = mmap(NULL, SZ_ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	/* A page of another kind at each end: no VMA will reach over it. */
	if (p == MAP_FAILED ||
	    !map(p, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ||
	    !map(p + SZ_ARENA - PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
		_exit(1);
	churn->arena = (uintptr_t)p + PAGE;
	churn->arena_end = (uintptr_t)p + SZ_ARENA - PAGE;
	lanes = p + PAGE + (-((uintptr_t)p + PAGE) & (HUGE_1G - 1));
	churn->huge = (uintptr_t)lane(LANE_HUGE);
	churn->huge_end = churn->huge + 12 * HUGE_2M;
	file = memfd_create("churn", MFD_CLOEXEC);
	hugetlb_file = memfd_create("churn-hugetlb", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	clear_refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (file < 0 || ftruncate(file, 4 * HUGE_2M) ||
	    (hugetlb_file >= 0 && ftruncate(hugetlb_file, HUGE_1G)) || !make_quiet())
		_exit(1);

	for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
		threads[i].dice.state = churn->seed * 2654435761u + 977 * i + 1;
		threads[i].count = count;
		for (j = 0; j < threads[i].nr; j++, count++) {
			const struct step *step = &threads[i].steps[j];

			count->what = step->what;
			count->missing = step->missing && step->missing();
		}
	}
	for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
		if (pthread_create(&thread, NULL, run, &threads[i]))
			_exit(1);
}

struct churn *churn_new(uint64_t seed)
{
	struct churn *new = mmap(NULL, sizeof(*new), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (new == MAP_FAILED)
		return NULL;
	new->seed = seed;
	return new;
}

int churn_start(struct churn *which, struct victim *victim)
{
	return victim_fork(victim, live, which);
}

/* ---- the machine ----------------------------------------------------------- */

static const struct knob {
	const char *path;
	const char *during;
	const char *after;
} knobs[] = {
	/* Locked pages are to stay where they are. */
	{ "/proc/sys/vm/compact_unevictable_allowed", "0", "1" },
	{ "/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise", "never" },
	{ "/sys/kernel/mm/ksm/sleep_millisecs", "5", "20" },
	{ "/sys/kernel/mm/ksm/pages_to_scan", "500", "100" },
	{ "/sys/kernel/mm/ksm/run", "1", "2" },
};

static struct swaparea swap;
static bool swapping;

const char *churn_prepare_machine(void)
{
	const char *why = NULL, *no_swap;
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (counter_write(knobs[i].path, knobs[i].during))
			why = knobs[i].path;
	no_swap = swaparea_on(&swap, 64UL << 20);
	swapping = !no_swap;
	return no_swap ?: why;
}

void churn_restore_machine(void)
{
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		counter_write(knobs[i].path, knobs[i].after);
	if (swapping)
		swaparea_off(&swap);
}
