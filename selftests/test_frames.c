// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_frames.c - FRAMES: every frame of the machine against kpageflags and kpagecount,
 * and some whose nature is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "victim.h"
#include "witness.h"

#define CHUNK	512U
/* Frames that come and go are looked at again so many times. */
#define TRIES	50
#define GUARD	0xa5

FIXTURE(frames)
{
	int node;
	struct witness_ram ram[WITNESS_RAM_MAX];	/* where memory is */
	size_t nr_ram;
	struct witness witness;
	struct vmlab_frame recs[CHUNK];
	bool folios;	/* kpageflags tells of a part of a folio what is true of the whole */
};

FIXTURE_SETUP(frames)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, witness_open(&self->witness, 0));
	uname(&uts);
	ASSERT_EQ(2, sscanf(uts.release, "%u.%u", &major, &minor));
	self->folios = major > 6 || (major == 6 && minor >= 10);
	self->nr_ram = witness_ram(self->ram, ARRAY_SIZE(self->ram));
	ASSERT_LT(0, self->nr_ram);
}

FIXTURE_TEARDOWN(frames)
{
	witness_close(&self->witness);
	close(self->node);
}

static int ask_some(FIXTURE_DATA(frames) *self, uint64_t pfn, uint32_t nr)
{
	struct vmlab_frames ask_for = ask_frame_list(pfn, pfn + nr, self->recs, nr);
	int ret = ask(self->node, VMLAB_FRAMES, &ask_for);

	if (ret)
		return ret;
	return ask_for.out_nr == nr && ask_for.out_next == pfn + nr ? 0 : -EPROTO;
}

/* One frame, by its number. */
static struct vmlab_frame *one(FIXTURE_DATA(frames) *self, uint64_t pfn)
{
	return ask_some(self, pfn, 1) ? NULL : &self->recs[0];
}

static const struct {
	uint64_t ours;
	uint64_t theirs;
	const char *name;
} named[] = {
	{ VMLAB_PAGE_LOCKED,		KPF(LOCKED),		"locked" },
	{ VMLAB_PAGE_REFERENCED,	KPF(REFERENCED),	"referenced" },
	{ VMLAB_PAGE_UPTODATE,		KPF(UPTODATE),		"uptodate" },
	{ VMLAB_PAGE_DIRTY,		KPF(DIRTY),		"dirty" },
	{ VMLAB_PAGE_LRU,		KPF(LRU),		"lru" },
	{ VMLAB_PAGE_ACTIVE,		KPF(ACTIVE),		"active" },
	{ VMLAB_PAGE_SLAB,		KPF(SLAB),		"slab" },
	{ VMLAB_PAGE_WRITEBACK,		KPF(WRITEBACK),		"writeback" },
	{ VMLAB_PAGE_RECLAIM,		KPF(RECLAIM),		"reclaim" },
	{ VMLAB_PAGE_BUDDY,		KPF(BUDDY),		"buddy" },
	{ VMLAB_PAGE_SWAPCACHE,		KPF(SWAPCACHE),		"swapcache" },
	{ VMLAB_PAGE_SWAPBACKED,	KPF(SWAPBACKED),	"swapbacked" },
	{ VMLAB_PAGE_HEAD,		KPF(COMPOUND_HEAD),	"head" },
	{ VMLAB_PAGE_TAIL,		KPF(COMPOUND_TAIL),	"tail" },
	{ VMLAB_PAGE_UNEVICTABLE,	KPF(UNEVICTABLE),	"unevictable" },
	{ VMLAB_PAGE_MLOCKED,		KPF(MLOCKED),		"mlocked" },
	{ VMLAB_PAGE_HWPOISON,		KPF(HWPOISON),		"hwpoison" },
	{ VMLAB_PAGE_NOPAGE,		KPF(NOPAGE),		"nopage" },
	{ VMLAB_PAGE_OFFLINE,		KPF(OFFLINE),		"offline" },
	{ VMLAB_PAGE_PGTABLE,		KPF(PGTABLE),		"pgtable" },
};

/* System RAM lies there, or in a part of the frame. */
static bool is_memory(const FIXTURE_DATA(frames) *self, uint64_t pfn)
{
	size_t i;

	for (i = 0; i < self->nr_ram; i++)
		if (pfn >= self->ram[i].first && pfn <= self->ram[i].last)
			return true;
	return false;
}

/*
 * Linux 7.3 says nothing at all of what has no page, as of a page that the kernel uses:
 * there it is one where /proc/iomem has no memory.
 */
static bool has_page(const FIXTURE_DATA(frames) *self, uint64_t pfn, uint64_t flags,
		     uint64_t count)
{
	if (flags & KPF(NOPAGE))
		return false;
	return flags || count || is_memory(self, pfn);
}

/* What the two say differently of one frame, in words; NULL when they agree. */
static const char *differ(const FIXTURE_DATA(frames) *self, const struct vmlab_frame *frame,
			  uint64_t flags, uint64_t count)
{
	const bool tail = flags & KPF(COMPOUND_TAIL);
	bool zero, page = !!(frame->facts & (VMLAB_FACT_FRAME | VMLAB_FACT_ZERO));
	size_t i;

	/* Memory that is no System RAM has pages too, some of it. */
	if (page != has_page(self, frame->pfn, flags, count) && (!page || flags & KPF(NOPAGE)))
		return "whether there is a page";
	if (!page)
		return frame->mapcount == VMLAB_MAPCOUNT_UNKNOWN ? NULL : "map count of no page";
	if (frame->mapcount != VMLAB_MAPCOUNT_UNKNOWN && frame->mapcount != count)
		return "map count";
	for (i = 0; i < ARRAY_SIZE(named); i++) {
		/* Before 6.10 most of what kpageflags tells of a tail is not the folio's. */
		if (tail && !self->folios && named[i].ours != VMLAB_PAGE_TAIL)
			continue;
		if (!(frame->flags & named[i].ours) != !(flags & named[i].theirs))
			return named[i].name;
	}
	if (!!(frame->facts & VMLAB_FACT_HUGETLB) != !!(flags & KPF(HUGE)))
		return "hugetlb";
	/* Of pages that are nobody's, it calls some by what lies in the same bits. */
	if (flags & (KPF(SLAB) | KPF(BUDDY) | KPF(PGTABLE) | KPF(OFFLINE)))
		return frame->facts & (VMLAB_FACT_ANON | VMLAB_FACT_FILE) ? "somebody's" : NULL;
	if ((flags & KPF(LRU)) && !!(frame->facts & VMLAB_FACT_ANON) != !!(flags & KPF(ANON)))
		return "anonymous";
	if (!self->witness.ksm_vague &&
	    !!(frame->facts & VMLAB_FACT_KSM) != !!(flags & KPF(KSM)))
		return "KSM";
	zero = (flags & KPF(ZERO_PAGE)) && !(flags & KPF(THP));
	if (!!(frame->facts & VMLAB_FACT_ZERO) != zero)
		return "the zero page";
	return NULL;
}

struct seen {
	uint64_t flags[CHUNK];
	uint64_t counts[CHUNK];
};

static int look(const FIXTURE_DATA(frames) *self, uint64_t pfn, uint32_t nr, struct seen *seen)
{
	int ret = witness_flags(&self->witness, pfn, seen->flags, nr);

	return ret ? ret : witness_counts(&self->witness, pfn, seen->counts, nr);
}

/* Until it stands still for as long as three look at it; then what differs, if anything. */
static const char *settle(FIXTURE_DATA(frames) *self, uint64_t pfn)
{
	const char *why = "never the same twice";
	struct seen before, after;
	int i;

	for (i = 0; i < TRIES; i++) {
		struct vmlab_frame *frame;

		if (look(self, pfn, 1, &before))
			return "kpageflags cannot be read";
		frame = one(self, pfn);
		if (!frame)
			return "no answer";
		if (look(self, pfn, 1, &after))
			return "kpageflags cannot be read";
		if (before.flags[0] != after.flags[0] || before.counts[0] != after.counts[0])
			continue;
		why = differ(self, frame, before.flags[0], before.counts[0]);
		if (!why)
			return NULL;
		usleep(1000);
	}
	return why;
}

TEST_F_TIMEOUT(frames, are_all_what_kpageflags_and_kpagecount_tell, 300)
{
	const uint64_t end = witness_end_of_ram();
	uint64_t pfn, pages = 0, differing = 0, wrong = 0;
	struct seen seen;
	uint32_t i, nr;

	ASSERT_LT(10000, end);
	for (pfn = 0; pfn < end; pfn += nr) {
		nr = end - pfn < CHUNK ? end - pfn : CHUNK;
		ASSERT_EQ(0, look(self, pfn, nr, &seen));
		ASSERT_EQ(0, ask_some(self, pfn, nr));
		for (i = 0; i < nr; i++) {
			struct vmlab_frame frame = self->recs[i];
			const char *why;

			ASSERT_EQ(pfn + i, frame.pfn);
			pages += !(frame.flags & VMLAB_PAGE_NOPAGE);
			if (!differ(self, &frame, seen.flags[i], seen.counts[i]))
				continue;
			/* It moved, or it is wrong. */
			why = settle(self, pfn + i);
			differing++;
			wrong += why != NULL;
			/* Enough to see what it is. */
			ASSERT_GT(20, wrong);
			EXPECT_EQ(NULL, why)
				TH_LOG("frame %llu: %s; ours 0x%llx facts 0x%llx count %u, theirs 0x%llx count %llu",
				       (unsigned long long)pfn + i, why, frame.flags, frame.facts,
				       frame.mapcount, (unsigned long long)seen.flags[i],
				       (unsigned long long)seen.counts[i]);
			/* settle() asked with the same records. */
			ASSERT_EQ(0, ask_some(self, pfn, nr));
		}
	}
	TH_LOG("%llu frames, %llu of them looked at again", (unsigned long long)pages,
	       (unsigned long long)differing);
	EXPECT_LT(10000, pages);
}

TEST_F(frames, of_a_page_of_ours_are_what_we_did_with_it)
{
	char *page = fixture_anon(PAGE, PROT_READ | PROT_WRITE);
	struct vmlab_frame *frame;
	struct victim child;
	uint64_t pfn;

	fixture_write(page, PAGE);
	pfn = PM_PFN(witness_page(&self->witness, page));
	frame = one(self, pfn);
	ASSERT_NE(NULL, frame);
	EXPECT_EQ(VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE, frame->facts);
	EXPECT_EQ(1, frame->mapcount);
	EXPECT_EQ(pfn, frame->head);
	EXPECT_EQ(0, frame->order);
	EXPECT_TRUE(frame->flags & VMLAB_PAGE_MAPPED);
	EXPECT_TRUE(frame->flags & VMLAB_PAGE_SWAPBACKED);

	ASSERT_EQ(0, victim_fork(&child, NULL, NULL));
	frame = one(self, pfn);
	ASSERT_NE(NULL, frame);
	EXPECT_EQ(VMLAB_FACT_FRAME | VMLAB_FACT_ANON, frame->facts);
	EXPECT_EQ(2, frame->mapcount);
	EXPECT_LE(2, frame->refcount);
	victim_kill(&child);
}

TEST_F(frames, of_shared_memory_are_in_the_page_cache)
{
	int fd = fixture_memfd(PAGE, 1);
	char *page = fixture_map(fd, PAGE, PROT_READ, MAP_SHARED);
	struct vmlab_frame *frame;

	ASSERT_NE(NULL, page);
	fixture_read(page, PAGE);
	frame = one(self, PM_PFN(witness_page(&self->witness, page)));
	ASSERT_NE(NULL, frame);
	EXPECT_EQ(VMLAB_FACT_FRAME | VMLAB_FACT_FILE | VMLAB_FACT_SHMEM,
		  frame->facts & ~VMLAB_FACT_LARGE);
	EXPECT_EQ(1, frame->mapcount);
}

TEST_F(frames, of_a_huge_page_name_its_head_and_order)
{
	char *huge = fixture_hugetlb(HUGE_2M, 21, MAP_PRIVATE);
	struct vmlab_frame *frame;
	uint64_t pfn;

	if (!huge)
		SKIP(return, "no hugetlb pages of 2 MiB are reserved");
	fixture_write(huge, PAGE);
	pfn = PM_PFN(witness_page(&self->witness, huge));
	frame = one(self, pfn + 77);
	ASSERT_NE(NULL, frame);
	EXPECT_EQ(pfn, frame->head);
	EXPECT_EQ(9, frame->order);
	EXPECT_TRUE(frame->flags & VMLAB_PAGE_TAIL);
	EXPECT_FALSE(frame->flags & VMLAB_PAGE_HEAD);
	EXPECT_EQ(VMLAB_FACT_FRAME | VMLAB_FACT_ANON | VMLAB_FACT_EXCLUSIVE | VMLAB_FACT_LARGE |
		  VMLAB_FACT_HUGETLB, frame->facts);
	frame = one(self, pfn);
	ASSERT_NE(NULL, frame);
	EXPECT_TRUE(frame->flags & VMLAB_PAGE_HEAD);
}

TEST_F(frames, of_a_free_block_have_its_first_frame_and_order)
{
	const uint64_t end = witness_end_of_ram();
	uint64_t pfn, nr = 0, wrong = 0;

	for (pfn = 0; pfn + CHUNK <= end && nr < 5000; pfn += CHUNK) {
		uint32_t i;

		ASSERT_EQ(0, ask_some(self, pfn, CHUNK));
		for (i = 0; i < CHUNK; i++) {
			const struct vmlab_frame *frame = &self->recs[i];

			if (!(frame->flags & VMLAB_PAGE_BUDDY))
				continue;
			nr++;
			wrong += frame->head > frame->pfn || frame->refcount || frame->mapcount ||
				 frame->pfn - frame->head >= 1ULL << frame->order ||
				 frame->head & ((1ULL << frame->order) - 1);
		}
	}
	EXPECT_LT(100, nr);
	EXPECT_EQ(0, wrong);
}

TEST_F(frames, without_memory_are_told_as_such)
{
	const uint64_t last = 1ULL << 52;
	struct vmlab_frames beyond = ask_frame_list(last - 1, last + 1, self->recs, 2);

	ASSERT_EQ(0, ask_some(self, last - 4, 4));
	EXPECT_EQ(VMLAB_PAGE_NOPAGE, self->recs[3].flags);
	EXPECT_EQ(last - 1, self->recs[3].pfn);
	EXPECT_EQ(0, self->recs[3].facts);
	EXPECT_EQ(VMLAB_MAPCOUNT_UNKNOWN, self->recs[3].mapcount);
	EXPECT_EQ(-ERANGE, ask(self->node, VMLAB_FRAMES, &beyond));
}

TEST_F(frames, keep_to_the_rules_of_ranges_and_records)
{
	struct vmlab_frames call = ask_frame_list(1000, 1000, self->recs, 1);

	/* An empty range is answered with nothing. */
	EXPECT_EQ(0, ask(self->node, VMLAB_FRAMES, &call));
	EXPECT_EQ(0, call.out_nr);
	EXPECT_EQ(1000, call.out_next);
	call = ask_frame_list(1000, 999, self->recs, 1);
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_FRAMES, &call));
	call = ask_frame_list(1000, 1001, self->recs, 0);
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_FRAMES, &call));
	call = ask_frame_list(1000, 1001, self->recs, 1);
	call.rec_size = sizeof(struct vmlab_frame) - 1;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_FRAMES, &call));
	call.rec_size = PAGE + 1;
	EXPECT_EQ(-EINVAL, ask(self->node, VMLAB_FRAMES, &call));
	call = ask_frame_list(1000, 1002, NULL, 2);
	EXPECT_EQ(-EFAULT, ask(self->node, VMLAB_FRAMES, &call));

	/* What is between records and behind them is left alone. */
	memset(self->recs, GUARD, sizeof(self->recs));
	call = ask_frame_list(1000, 1010, self->recs, 3);
	call.rec_size = 2 * sizeof(struct vmlab_frame);
	ASSERT_EQ(0, ask(self->node, VMLAB_FRAMES, &call));
	EXPECT_EQ(3, call.out_nr);
	EXPECT_EQ(1003, call.out_next);
	EXPECT_EQ(1002, self->recs[4].pfn);
	EXPECT_EQ(GUARD * 0x0101010101010101ULL, self->recs[1].pfn);
	EXPECT_EQ(GUARD * 0x0101010101010101ULL, self->recs[5].pfn);
}

/* Opens the node itself, or uses ours, as nobody; its errno. */
static int asked_by_nobody(FIXTURE_DATA(frames) *self, bool own)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct vmlab_frames call = ask_frame_list(1000, 1001, self->recs, 1);
		int fd = self->node;

		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(255);
		if (own)
			fd = open(NODE, O_RDWR | O_CLOEXEC);
		_exit(fd < 0 ? 254 : -ask(fd, VMLAB_FRAMES, &call));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(frames, are_for_whoever_opened_the_node_with_CAP_SYS_ADMIN)
{
	struct stat before;

	ASSERT_EQ(0, stat(NODE, &before));
	ASSERT_EQ(0, chmod(NODE, 0666));
	EXPECT_EQ(EPERM, asked_by_nobody(self, true));
	ASSERT_EQ(0, chmod(NODE, before.st_mode & 07777));
	EXPECT_EQ(254, asked_by_nobody(self, true));
	/* As with an open pagemap: it was root who opened this one. */
	EXPECT_EQ(0, asked_by_nobody(self, false));
}

TEST_HARNESS_MAIN
