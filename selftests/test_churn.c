// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_churn.c - targets that change while they are looked at, and go while they
 * are looked at. Several threads ask everything there is to ask, with buffers of
 * any size; every answer must be well-formed, lie where there can be something, and
 * be exact for the pages that nobody touches.
 *
 * VMLAB_SECONDS says for how long, VMLAB_SEED which dice (kernels and schedulers
 * throw dice of their own). VMLAB_BESIDE says that others use the module and the machine
 * meanwhile (selftests/stress): then nobody can tell whose a user of the module is, and
 * everything takes its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "churn.h"
#include "dice.h"
#include "fixture.h"
#include "leak.h"
#include "ticks.h"
#include "victim.h"
#include "wellformed.h"

#define WATCHERS	3
#define RECS_MAX	4096
#define STATIC_MAX	128

/* What a page of the quiet mapping is, at any time. */
struct still {
	uint64_t facts;		/* 0: nothing there */
	uint64_t pfn;
	uint32_t mapcount;
};

/* One life of a target, and what is known of it. */
struct life {
	struct churn *churn;
	uint64_t end;			/* of the user half */
	struct still still[CHURN_QUIET_PAGES];
	struct {
		uint64_t start;
		uint64_t end;
	} fixed[STATIC_MAX];		/* VMAs beside the arena; they stay */
	unsigned int nr_fixed;
	bool moving;			/* memory goes offline meanwhile */
	volatile bool ending;		/* it may be gone from now on */
	volatile bool failed;
	pthread_mutex_t lock;		/* of: */
	char why[600];
};

/* What has been seen, to say so. */
struct tally {
	unsigned long calls;
	unsigned long records;
	unsigned long still;		/* quiet pages compared */
	unsigned int straddles;
	unsigned int gone;		/* watchers that met the end */
	unsigned long facts[64];
};

struct watcher {
	struct life *life;
	int target;
	int node;
	uint64_t dice;
	void *recs;
	struct tally tally;
	char why[160];
	pthread_t thread;
};

static uint64_t roll(struct watcher *w, uint64_t below)
{
	return dice_roll(&w->dice, below);
}

__attribute__((format(printf, 2, 3)))
static void fail(struct life *life, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&life->lock);
	if (!life->failed) {
		va_start(args, format);
		vsnprintf(life->why, sizeof(life->why), format, args);
		va_end(args);
		life->failed = true;
	}
	pthread_mutex_unlock(&life->lock);
}

/* True to go on. ESRCH is right from the moment on that somebody ends the target. */
static bool good(struct watcher *w, const char *query, int ret)
{
	w->tally.calls++;
	if (!ret)
		return true;
	if (ret == -ESRCH && w->life->ending)
		w->tally.gone++;
	else
		fail(w->life, "%s: %s", query, strerror(-ret));
	return false;
}

static bool known(const struct life *life, uint64_t start, uint64_t end)
{
	unsigned int i;

	if (start >= life->churn->arena && end <= life->churn->arena_end)
		return true;
	for (i = 0; i < life->nr_fixed; i++)
		if (start >= life->fixed[i].start && end <= life->fixed[i].end)
			return true;
	return false;
}

/* Facts that follow from what the whole process does, not from the page. */
#define UNSTILL		VMLAB_FACT_SOFT_DIRTY
/* Those that a page may lose or get on its way to another frame. */
#define MOVED		(VMLAB_FACT_ACCESSED | VMLAB_FACT_DIRTY)
/* One on that way, or that is taken away to see who touches it. */
#define UNDER_WAY	(VMLAB_FACT_MIGRATION | VMLAB_FACT_PROTNONE)
/* What a page of the quiet mapping is, but for these: written to once, and only read since. */
#define QUIET		(VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_FRAME |	\
			 VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE | VMLAB_FACT_ASKED_READ | VMLAB_FACT_VMA)

/* @why, with the facts before and now. */
static const char *differs(struct watcher *w, uint64_t at, uint64_t before, uint64_t now,
			   const char *why)
{
	snprintf(w->why, sizeof(w->why), "%s: 0x%" PRIx64 ": 0x%" PRIx64 ", now 0x%" PRIx64, why,
		 at, before, now);
	return w->why;
}

/* The part of an unfiltered answer that is about the quiet mapping. */
static const char *still_differs(struct watcher *w, const struct vmlab_scan *scan,
				 const struct vmlab_run *recs)
{
	const uint64_t quiet = w->life->churn->quiet;
	const uint64_t quiet_end = quiet + CHURN_QUIET_PAGES * PAGE;
	uint64_t at = scan->start > quiet ? scan->start : quiet;
	const uint64_t to = scan->out_next < quiet_end ? scan->out_next : quiet_end;
	const struct vmlab_run *run = recs, *last = recs + scan->out_nr;

	for (; at < to; at += PAGE) {
		const struct still *still = &w->life->still[(at - quiet) / PAGE];

		while (run < last && run->va + ((uint64_t)run->count << run->shift) <= at)
			run++;
		w->tally.still++;
		if (run == last || run->va > at) {
			if (still->facts)
				return "a page is missing that nobody touched";
			continue;
		}
		if (!still->facts)
			return "a page came where nobody touched";
		if (w->life->moving) {
			/* Where memory goes offline, pages move, touched or not; and where there
			 * are nodes, the kernel looks who touches them (prot-none, for a while).
			 */
			if (!(run->facts & UNDER_WAY) &&
			    ((run->facts ^ still->facts) & ~(UNSTILL | MOVED)))
				return differs(w, at, still->facts, run->facts,
					       "facts of a page changed that only moved");
			continue;
		}
		if ((run->facts & ~UNSTILL) != still->facts)
			return differs(w, at, still->facts, run->facts,
				       "facts of a page changed that nobody touched");
		if (run->pfn + (at - run->va) / PAGE != still->pfn)
			return "the frame of a page changed that nobody touched";
		if (run->mapcount != still->mapcount)
			return "the map count of a page changed that nobody touched";
	}
	return NULL;
}

static void count_facts(struct tally *tally, const struct vmlab_run *recs, uint32_t nr)
{
	uint32_t i;
	int bit;

	tally->records += nr;
	for (i = 0; i < nr; i++)
		for (bit = 0; bit < 64; bit++)
			tally->facts[bit] += recs[i].facts >> bit & 1;
}

static uint32_t room(struct watcher *w)
{
	static const uint32_t rooms[] = { 1, 2, 3, 7, 64, 511, 512, 513, 1024, RECS_MAX };
	const uint64_t nr = sizeof(rooms) / sizeof(rooms[0]);
	const uint64_t choice = roll(w, nr + 2);

	return choice < nr ? rooms[choice] : 1 + roll(w, RECS_MAX);
}

/* Everything; the arena; a part of it; its huge pages; the quiet mapping. */
static void range(struct watcher *w, uint64_t *start, uint64_t *end)
{
	const struct churn *churn = w->life->churn;
	const uint64_t size = churn->arena_end - churn->arena;

	*start = 0;
	*end = w->life->end;
	switch (roll(w, 5)) {
	case 0:
		break;
	case 3:
		*start = churn->huge;
		*end = churn->huge_end;
		break;
	case 1:
		*start = churn->arena;
		*end = churn->arena_end;
		break;
	case 2:
		*start = churn->arena + (roll(w, size) & ~(PAGE - 1));
		*end = *start + (1 + roll(w, 4096)) * PAGE;
		if (*end > churn->arena_end)
			*end = churn->arena_end;
		break;
	default:
		*start = churn->quiet;
		*end = churn->quiet + CHURN_QUIET_PAGES * PAGE;
	}
}

static bool scan(struct watcher *w)
{
	struct vmlab_run *recs = w->recs;
	uint64_t start, end;
	int calls = 0;
	bool filtered = !roll(w, 4);
	const uint64_t filter = 1ULL << roll(w, 54);
	const uint32_t nr = room(w);

	range(w, &start, &end);
	/* One record at a time through everything takes too long. */
	while (start < end && calls++ < 300 && !w->life->failed) {
		struct vmlab_scan ask_for = ask_scan(start, end, recs, nr);
		const char *why;
		uint32_t i;

		if (filtered && (filter & VMLAB_FACTS_KNOWN)) {
			if (filter & 1)
				ask_for.none_of = filter;
			else
				ask_for.any_of = filter;
		}
		if (!good(w, "SCAN", ask(w->target, VMLAB_SCAN, &ask_for)))
			return false;
		why = wellformed_scan(&ask_for, recs, &w->tally.straddles);
		if (!why && !ask_for.any_of && !ask_for.none_of)
			why = still_differs(w, &ask_for, recs);
		for (i = 0; !why && i < ask_for.out_nr; i++)
			if (!known(w->life, recs[i].va,
				   recs[i].va + ((uint64_t)recs[i].count << recs[i].shift)))
				why = "a page where nothing ever was";
		if (why) {
			for (i = 0; i + 1 < ask_for.out_nr && !wellformed_run(&recs[i]); i++)
				;
			fail(w->life, "SCAN 0x%" PRIx64 "-0x%" PRIx64
			     ", %u records: %s; first record that is odd, or last: %u: va 0x%llx facts 0x%llx entry 0x%llx pfn 0x%llx count %u mapcount %u",
			     start, end, nr, why, i, recs[i].va, recs[i].facts, recs[i].entry,
			     recs[i].pfn, recs[i].count, recs[i].mapcount);
			return false;
		}
		count_facts(&w->tally, recs, ask_for.out_nr);
		start = ask_for.out_next;
	}
	return true;
}

static bool vmas(struct watcher *w)
{
	struct vmlab_vma *recs = w->recs;
	uint64_t start = 0;
	const uint32_t nr = room(w);
	const char *why;
	uint32_t i;

	while (start < w->life->end) {
		struct vmlab_vmas ask_for = ask_vmas(start, w->life->end, recs, nr);

		if (!good(w, "VMAS", ask(w->target, VMLAB_VMAS, &ask_for)))
			return false;
		why = wellformed_vmas(&ask_for, recs);
		for (i = 0; !why && i < ask_for.out_nr; i++)
			if (!known(w->life, recs[i].start, recs[i].end))
				why = "a VMA where there never was one";
		if (why) {
			fail(w->life, "VMAS from 0x%" PRIx64 ", %u records: %s", start, nr, why);
			return false;
		}
		start = ask_for.out_next;
		if (nr < 64)
			break;
	}
	return true;
}

static bool tables(struct watcher *w)
{
	struct vmlab_table *recs = w->recs;
	const uint32_t nr = VMLAB_MAX_LEVELS + room(w) % (RECS_MAX - VMLAB_MAX_LEVELS);
	struct vmlab_tables ask_for;
	uint64_t start, end;
	const char *why;

	range(w, &start, &end);
	ask_for = ask_tables(start, end, recs, nr);
	if (!good(w, "TABLES", ask(w->target, VMLAB_TABLES, &ask_for)))
		return false;
	why = wellformed_tables(&ask_for, recs);
	if (why)
		fail(w->life, "TABLES 0x%" PRIx64 "-0x%" PRIx64 ", %u records: %s", start, end, nr,
		     why);
	return !why;
}

static bool walk(struct watcher *w)
{
	struct vmlab_walk ask_for = { .size = sizeof(ask_for) };
	const char *why;
	uint64_t start, end;
	int i;

	for (i = 0; i < 20; i++) {
		range(w, &start, &end);
		ask_for.va = start + roll(w, end - start);
		if (!good(w, "WALK", ask(w->target, VMLAB_WALK, &ask_for)))
			return false;
		why = wellformed_walk(&ask_for);
		if (why) {
			fail(w->life, "WALK 0x%llx: %s: flags 0x%x levels %u facts 0x%llx entry 0x%llx mapcount %u",
			     ask_for.va, why, ask_for.out_flags, ask_for.out_nr_levels,
			     ask_for.out_leaf.facts, ask_for.out_leaf.entry,
			     ask_for.out_leaf.mapcount);
			return false;
		}
	}
	return true;
}

/* Frames of anybody, from anywhere, while they are given to others, split and freed. */
static bool frames(struct watcher *w)
{
	struct vmlab_frame *recs = w->recs;
	/* Some of the machine's memory lies higher than there are pages of it. */
	const uint64_t start = roll(w, (uint64_t)sysconf(_SC_PHYS_PAGES) * 2);
	struct vmlab_frames ask_for = ask_frame_list(start, start + RECS_MAX, recs, room(w));
	const char *why;

	if (!good(w, "FRAMES", ask(w->node, VMLAB_FRAMES, &ask_for)))
		return false;
	why = wellformed_frames(&ask_for, recs);
	if (why)
		fail(w->life, "FRAMES from 0x%" PRIx64 ", %u records: %s", start, ask_for.nr_recs, why);
	return !why;
}

static void *watch(void *arg)
{
	struct watcher *w = arg;
	bool going = true;

	/* There are more of us than CPUs. */
	setpriority(PRIO_PROCESS, gettid(), 10);
	while (going && !w->life->failed) {
		switch (roll(w, 9)) {
		case 8:
			going = frames(w);
			break;
		case 0:
			going = vmas(w);
			break;
		case 1:
			going = tables(w);
			break;
		case 2:
		case 3:
			going = walk(w);
			break;
		default:
			going = scan(w);
		}
	}
	return NULL;
}

FIXTURE(churning)
{
	int node;
	uint64_t end;
	uint64_t seed;
	double seconds;
	bool alone;
	long users;
	struct watcher watchers[WATCHERS];
	struct tally tally;
	struct churn_step steps[CHURN_STEPS];
	const char *lacking;		/* of swap, KSM ...; NULL: nothing */
};

FIXTURE_SETUP(churning)
{
	const char *seed = getenv("VMLAB_SEED"), *seconds = getenv("VMLAB_SECONDS");
	struct vmlab_info info = { .size = sizeof(info) };
	int i;

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &info));
	self->end = info.out_user_end;
	self->seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	/* A kernel that checks itself is slower, and is there for this. */
	self->seconds = seconds ? atof(seconds) : leak_scan_missing() ? 3 : 10;
	TH_LOG("VMLAB_SEED=%" PRIu64 " VMLAB_SECONDS=%.0f", self->seed, self->seconds);
	for (i = 0; i < WATCHERS; i++) {
		/* The largest of them. */
		self->watchers[i].recs = fixture_anon(RECS_MAX * sizeof(struct vmlab_vma),
						      PROT_READ | PROT_WRITE);
		ASSERT_NE(NULL, self->watchers[i].recs);
	}
	self->alone = !getenv("VMLAB_BESIDE");
	self->users = leak_module_users();
	self->lacking = churn_prepare_machine();
	if (self->lacking)
		TH_LOG("this machine does without: %s", self->lacking);
}

FIXTURE_TEARDOWN(churning)
{
	churn_restore_machine();
}

/* What stays as it is, before anybody looks while it changes. */
static void learn(struct __test_metadata *_metadata, struct life *life, int target, void *buf)
{
	const uint64_t quiet = life->churn->quiet;
	const struct vmlab_run *run = buf;
	struct vmlab_scan scan = ask_scan(quiet, quiet + CHURN_QUIET_PAGES * PAGE, buf, RECS_MAX);
	struct vmlab_vmas vmas = ask_vmas(0, life->end, buf, RECS_MAX);
	const struct vmlab_vma *vma = buf;
	uint32_t i, j, pages = 0;

	ASSERT_EQ(0, ask(target, VMLAB_SCAN, &scan));
	for (i = 0; i < scan.out_nr; i++, run++) {
		/* Pages may move while we learn, too, and are the same when they have come. */
		uint64_t facts = life->moving && (run->facts & UNDER_WAY) ? QUIET : run->facts;

		if (!life->moving)
			EXPECT_EQ(QUIET, facts & ~(UNSTILL | MOVED));
		for (j = 0; j < run->count; j++, pages++)
			life->still[(run->va - quiet) / PAGE + j] = (struct still) {
				.facts = facts & ~UNSTILL,
				.pfn = run->pfn + j,
				.mapcount = run->mapcount,
			};
	}
	ASSERT_EQ(CHURN_QUIET_PAGES / 3 * 2, pages);
	EXPECT_TRUE(life->still[0].facts & VMLAB_FACT_ANON);

	ASSERT_EQ(0, ask(target, VMLAB_VMAS, &vmas));
	for (i = 0; i < vmas.out_nr; i++, vma++) {
		if (vma->start >= life->churn->arena && vma->end <= life->churn->arena_end)
			continue;
		ASSERT_GT(STATIC_MAX, (int)life->nr_fixed);
		life->fixed[life->nr_fixed].start = vma->start;
		life->fixed[life->nr_fixed++].end = vma->end;
	}
}

/* From its first to its last moment; @how it ends, and when. */
static void one_life(struct __test_metadata *_metadata, FIXTURE_DATA(churning) *self,
		     uint64_t seed, double seconds, int how)
{
	struct life life = {
		.end = self->end, .moving = !self->alone, .lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct victim victim;
	int targets[2], i, bit, status;
	double ended;

	life.churn = churn_new(seed);
	ASSERT_NE(NULL, life.churn);
	/* Many look, and one changes: it is to come to its steps. */
	life.churn->nice = -10;
	ASSERT_EQ(0, churn_start(life.churn, &victim));
	for (i = 0; i < 2; i++) {
		targets[i] = ask_target(self->node, victim.pid);
		ASSERT_LE(0, targets[i]);
	}
	learn(_metadata, &life, targets[0], self->watchers[0].recs);

	/* Two share a descriptor, as threads of one program would. */
	for (i = 0; i < WATCHERS; i++) {
		struct watcher *w = &self->watchers[i];

		w->life = &life;
		w->target = targets[i > 0];
		w->node = self->node;
		w->dice = seed * 40503 + 77 * i + 1;
		memset(&w->tally, 0, sizeof(w->tally));
		ASSERT_EQ(0, pthread_create(&w->thread, NULL, watch, w));
	}
	for (ended = seconds_now() + seconds; seconds_now() < ended && !life.failed;)
		usleep(10000);

	life.ending = true;
	if (how == CHURN_GOES_ON)
		kill(victim.pid, SIGKILL);
	else
		life.churn->end = how;
	ended = seconds_now();
	for (i = 0; i < WATCHERS; i++)
		pthread_join(self->watchers[i].thread, NULL);
	EXPECT_FALSE(life.failed) TH_LOG("%s", life.why);
	/* Its memory takes time to go, under emulation; a hang would be for ever. */
	EXPECT_GT(self->alone ? 20 : 300, seconds_now() - ended);
	if (how == CHURN_EXECS && !life.failed) {
		struct vmlab_walk walk = { .size = sizeof(walk), .va = life.churn->quiet };
		int again = ask_target(self->node, victim.pid);

		/* The new address space has a descriptor of its own; the old one none. */
		EXPECT_LE(0, again);
		EXPECT_EQ(0, ask(again, VMLAB_WALK, &walk));
		EXPECT_EQ(-ESRCH, ask(targets[0], VMLAB_WALK, &walk));
		close(again);
	}
	if (how == CHURN_EXITS && !life.failed) {
		EXPECT_EQ(victim.pid, waitpid(victim.pid, &status, 0));
		EXPECT_EQ(0, status) TH_LOG("status 0x%x", status);
		victim.pid = -1;
	}
	victim_kill(&victim);
	close(targets[0]);
	close(targets[1]);
	if (self->alone)
		EXPECT_EQ(self->users, leak_module_users_settle(self->users));

	for (i = 0; i < WATCHERS; i++) {
		const struct tally *tally = &self->watchers[i].tally;

		EXPECT_TRUE(life.failed || tally->gone == 1);
		self->tally.calls += tally->calls;
		self->tally.records += tally->records;
		self->tally.still += tally->still;
		self->tally.straddles += tally->straddles;
		for (bit = 0; bit < 64; bit++)
			self->tally.facts[bit] += tally->facts[bit];
	}
	for (i = 0; i < CHURN_STEPS; i++) {
		self->steps[i].what = life.churn->steps[i].what;
		self->steps[i].missing = life.churn->steps[i].missing;
		self->steps[i].done += life.churn->steps[i].done;
		self->steps[i].refused += life.churn->steps[i].refused;
	}
	munmap(life.churn, sizeof(*life.churn));
}

static void say_steps(struct __test_metadata *_metadata, const struct churn_step *steps)
{
	char line[2000] = "";
	size_t at = 0;
	int i;

	for (i = 0; i < CHURN_STEPS && steps[i].what; i++)
		at += snprintf(line + at, sizeof(line) - at, "%s %u (%u refused%s), ", steps[i].what,
			       steps[i].done, steps[i].refused, steps[i].missing ? ", missing" : "");
	TH_LOG("steps: %s", line);
}

static void say_facts(struct __test_metadata *_metadata, const unsigned long *seen)
{
	static const struct {
		uint64_t fact;
		const char *name;
	} names[] = {
		{ VMLAB_FACT_HUGE, "huge" }, { VMLAB_FACT_PROTNONE, "inaccessible" },
		{ VMLAB_FACT_UFFD_WP, "uffd-wp" }, { VMLAB_FACT_KSM, "merged" },
		{ VMLAB_FACT_SHMEM, "shmem" }, { VMLAB_FACT_HUGETLB, "hugetlb" },
		{ VMLAB_FACT_ZERO, "zero" }, { VMLAB_FACT_HUGE_ZERO, "huge zero" },
		{ VMLAB_FACT_SWAP, "swapped" }, { VMLAB_FACT_MIGRATION, "migrating" },
		{ VMLAB_FACT_MARKER, "markers" }, { VMLAB_FACT_UNKNOWN, "unknown" },
	};
	char line[600] = "";
	size_t i, at = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		at += snprintf(line + at, sizeof(line) - at, "%s %lu, ", names[i].name,
			       seen[__builtin_ctzll(names[i].fact)]);
	TH_LOG("records: %s", line);
}

/*
 * Some minutes are too long for anything to be refused each time, or for what it
 * leads to never to be seen: then it is not tested, and nobody would know.
 */
#define LONG_ENOUGH	300

static void expect_it_all(struct __test_metadata *_metadata, FIXTURE_DATA(churning) *self)
{
	static const struct {
		const char *step;
		uint64_t fact;
		/* Often enough for one who looks now and then: more for what lasts a moment only. */
		unsigned int often;
	} seen[] = {
		{ "map huge", VMLAB_FACT_HUGE, 1 }, { "merge", VMLAB_FACT_KSM, 1 },
		{ "map a file", VMLAB_FACT_SHMEM, 1 }, { "map hugetlb", VMLAB_FACT_HUGETLB, 1 },
		{ "swap out", VMLAB_FACT_SWAP, 1 }, { "write-protect", VMLAB_FACT_UFFD_WP, 1 },
		{ "guard", VMLAB_FACT_GUARD, 1 }, { "protect", VMLAB_FACT_PROTNONE, 1 },
		{ "read", VMLAB_FACT_ZERO, 1 }, { "migrate", VMLAB_FACT_MIGRATION, 40 },
	};
	const struct churn_step *step;
	size_t i;

	EXPECT_EQ(NULL, self->lacking) TH_LOG("%s", self->lacking);
	for (step = self->steps; step < self->steps + CHURN_STEPS && step->what; step++) {
		EXPECT_TRUE(step->done || step->missing)
			TH_LOG("%s: refused each time (%u)", step->what, step->refused);
		for (i = 0; i < ARRAY_SIZE(seen); i++)
			if (!strcmp(step->what, seen[i].step) && !step->missing &&
			    step->done >= seen[i].often)
				EXPECT_LT(0, self->tally.facts[__builtin_ctzll(seen[i].fact)])
					TH_LOG("%s: nobody saw a page of that", step->what);
	}
}

TEST_F_TIMEOUT(churning, targets_give_well_formed_answers_to_their_last_moment, 86400)
{
	static const int ends[] = { CHURN_GOES_ON, CHURN_EXECS, CHURN_EXITS };
	const double until = seconds_now() + self->seconds;
	const unsigned int steps_wanted[] = { 0, 4, 5, 6, 7 };
	uint64_t seed = self->seed;
	unsigned int lives, i;

	/* Short lives first: all three ends belong to every run. */
	for (lives = 0; (lives < 3 || seconds_now() < until) && _metadata->passed; lives++, seed++) {
		double seconds = self->seconds / (lives < 3 ? 5 : 20);

		if (seconds > 20)
			seconds = 20;
		else if (seconds < 1)
			seconds = 1;

		one_life(_metadata, self, seed, seconds, ends[lives % ARRAY_SIZE(ends)]);
	}
	TH_LOG("%u lives, %lu calls, %lu records, %lu quiet pages compared, %u huge leaves grew over a restart",
	       lives, self->tally.calls, self->tally.records, self->tally.still,
	       self->tally.straddles);
	say_steps(_metadata, self->steps);
	say_facts(_metadata, self->tally.facts);
	EXPECT_LE(3, lives);
	EXPECT_LT(100, self->tally.calls);
	EXPECT_LT(1000, self->tally.records);
	EXPECT_LT(1000, self->tally.still);
	/* It did churn: map, unmap, protect, move and drop need nothing special. */
	for (i = 0; i < ARRAY_SIZE(steps_wanted); i++) {
		EXPECT_LT(0, self->steps[steps_wanted[i]].done)
			TH_LOG("%s", self->steps[steps_wanted[i]].what);
	}
	if (self->seconds >= LONG_ENOUGH)
		expect_it_all(_metadata, self);
}

#define FORKED		(8 * HUGE_2M)

/* Its pages are its own, then shared, then its own again, and so on. */
static void fork_for_ever(void *arg)
{
	volatile char *pages = arg;
	size_t i;
	pid_t pid;

	for (;;) {
		for (i = 0; i < FORKED; i += HUGE_2M)
			pages[i] = 1;
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void *watch_forks(void *arg)
{
	struct watcher *w = arg;
	const uint64_t at = w->life->churn->arena;
	const char *why = NULL;

	setpriority(PRIO_PROCESS, gettid(), 10);
	while (!why && !w->life->ending) {
		struct vmlab_scan scan = ask_scan(at, at + FORKED, w->recs, 64);

		if (!good(w, "SCAN", ask(w->target, VMLAB_SCAN, &scan)))
			return NULL;
		why = wellformed_scan(&scan, w->recs, &w->tally.straddles);
		count_facts(&w->tally, w->recs, scan.out_nr);
	}
	if (why)
		fail(w->life, "%s", why);
	return NULL;
}

/* Pages of a process that forks all the time: never seen halfway through a fork. */
static void watch_one_who_forks(struct __test_metadata *_metadata, FIXTURE_DATA(churning) *self,
				char *pages)
{
	struct churn churn = { .arena = (uintptr_t)pages };
	struct life life = { .churn = &churn, .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned long exclusive = 0, anon = 0;
	struct victim victim;
	double until;
	int i;

	victim_then(fork_for_ever, pages);
	ASSERT_EQ(0, victim_fork(&victim, NULL, NULL));
	munmap(pages, FORKED);
	ASSERT_EQ(1, write(victim.in, "", 1));
	for (i = 0; i < WATCHERS; i++) {
		struct watcher *w = &self->watchers[i];

		w->life = &life;
		w->target = ask_target(self->node, victim.pid);
		ASSERT_LE(0, w->target);
		ASSERT_EQ(0, pthread_create(&w->thread, NULL, watch_forks, w));
	}
	/* Thousands of forks; more tell nothing new. */
	until = seconds_now() + (self->seconds > 60 ? 20 : self->seconds / 3);
	while (seconds_now() < until && !life.failed)
		usleep(10000);
	life.ending = true;
	for (i = 0; i < WATCHERS; i++) {
		const struct watcher *w = &self->watchers[i];

		pthread_join(w->thread, NULL);
		close(w->target);
		exclusive += w->tally.facts[__builtin_ctzll(VMLAB_FACT_EXCLUSIVE)];
		anon += w->tally.facts[__builtin_ctzll(VMLAB_FACT_ANON)];
	}
	victim_kill(&victim);
	EXPECT_FALSE(life.failed) TH_LOG("%s", life.why);
	TH_LOG("%lu records, %lu of them of exclusive pages", anon, exclusive);
	EXPECT_LT(0, exclusive);
	EXPECT_LT(exclusive, anon);
}

TEST_F_TIMEOUT(churning, hugetlb_pages_are_never_seen_halfway_through_a_fork, 3600)
{
	char *pages = fixture_hugetlb(FORKED, 21, MAP_PRIVATE);

	if (!pages)
		SKIP(return, "no hugetlb pages: boot with hugepagesz=2M hugepages=16");
	watch_one_who_forks(_metadata, self, pages);
}

TEST_F_TIMEOUT(churning, transparent_huge_pages_are_never_seen_halfway_through_a_fork, 3600)
{
	char *pages = fixture_thp(FORKED);

	ASSERT_NE(NULL, pages);
	watch_one_who_forks(_metadata, self, pages);
}

/* What a thread of ours is asked, from before it executes another program until it is gone. */
struct chase {
	int target;
	int mem;
	pid_t tid;
	uint64_t root;
	unsigned long answers;
	bool elsewhere;		/* an answer was of another address space */
};

static void *ask_about_thread(void *arg)
{
	struct chase *chase = arg;

	for (;;) {
		struct vmlab_thread thread = {
			.size = sizeof(thread), .fd = chase->mem, .tid = chase->tid,
		};

		if (ask(chase->target, VMLAB_THREAD, &thread))
			return NULL;
		chase->answers++;
		if (thread.out_known & VMLAB_THREAD_ROOT && thread.out_root_pa != chase->root)
			chase->elsewhere = true;
	}
}

static void become_another(void *arg)
{
	(void)arg;
	execlp("true", "true", NULL);
}

/* Who may know the registers of one program need not be one who may know those of the next. */
TEST_F_TIMEOUT(churning, threads_are_never_told_of_the_program_that_comes_next, 3600)
{
	const double until = seconds_now() + (self->seconds > 60 ? 60 : 2 * self->seconds);
	unsigned long answers = 0, rounds = 0, elsewhere = 0;

	victim_then(become_another, NULL);
	while (seconds_now() < until) {
		struct vmlab_mm mm = { .size = sizeof(mm) };
		struct chase chase;
		struct victim victim;
		pthread_t thread;
		char path[64];

		ASSERT_EQ(0, victim_fork(&victim, NULL, NULL));
		chase = (struct chase) {
			.target = ask_target(self->node, victim.pid), .tid = victim.pid,
		};
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim.pid);
		chase.mem = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, chase.target);
		ASSERT_LE(0, chase.mem);
		ASSERT_EQ(0, ask(chase.target, VMLAB_MM, &mm));
		chase.root = mm.out_root;
		ASSERT_EQ(0, pthread_create(&thread, NULL, ask_about_thread, &chase));
		ASSERT_EQ(1, write(victim.in, "", 1));
		pthread_join(thread, NULL);
		victim_kill(&victim);
		close(chase.mem);
		close(chase.target);
		answers += chase.answers;
		elsewhere += chase.elsewhere;
		rounds++;
	}
	TH_LOG("%lu programs, %lu answers, %lu times of the next program", rounds, answers, elsewhere);
	EXPECT_LT(0, answers);
	EXPECT_EQ(0, elsewhere);
}

TEST_HARNESS_MAIN
