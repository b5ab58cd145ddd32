// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pairs.c - a million pairs of a process and an address, over a hundred thousand
 * frames of which tens of thousands are shared: each frame has as many as kpagecount
 * counts, and a second run says the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <kselftest_harness.h>

#include "fixture.h"
#include "pairs.h"
#include "victim.h"

/* Memory of the one below, and of many. */
#define OWN_PAGES	90000UL
#define SHARED_PAGES	24000UL
#define PROCESSES	42

static char *shared;

/* Each maps all of the shared memory, and writes some pages of its own. */
static void work(void *arg)
{
	char *own = fixture_anon(64 * PAGE, PROT_READ | PROT_WRITE);

	(void)arg;
	if (own)
		fixture_write(own, 64 * PAGE);
	fixture_read(shared, SHARED_PAGES * PAGE);
}

FIXTURE(machine)
{
	struct victim children[PROCESSES];
	int nr;
};

FIXTURE_SETUP(machine)
{
}

FIXTURE_TEARDOWN(machine)
{
	while (self->nr)
		victim_kill(&self->children[--self->nr]);
}

TEST_F_TIMEOUT(machine, has_a_million_pairs_that_are_those_that_the_kernel_counts, 900)
{
	struct pairs pairs;
	const char *why;
	char *own;
	int fd, i;

	own = fixture_anon(OWN_PAGES * PAGE, PROT_READ | PROT_WRITE);
	/* A file of its own pages: what fork would copy lazily is there in each of them. */
	fd = fixture_memfd(SHARED_PAGES * PAGE, 7);
	shared = fixture_map(fd, SHARED_PAGES * PAGE, PROT_READ, MAP_SHARED);
	ASSERT_TRUE(own && shared);
	madvise(own, OWN_PAGES * PAGE, MADV_DONTFORK);
	fixture_write(own, OWN_PAGES * PAGE);
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(0, victim_fork(&self->children[i], work, NULL))
			TH_LOG("process %d", i);
		self->nr++;
	}
	why = pairs_compare(&pairs);
	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	TH_LOG("%llu frames, %llu of them shared, %llu pairs; %llu frames in large folios; %s",
	       (unsigned long long)pairs.frames, (unsigned long long)pairs.shared,
	       (unsigned long long)pairs.pairs, (unsigned long long)pairs.large,
	       *pairs.first ? pairs.first : "all as counted");
	EXPECT_EQ(0, pairs.differing);
	EXPECT_EQ(0, pairs.lacking);
	EXPECT_STREQ("", pairs.same);
	EXPECT_LE(100000, pairs.frames);
	EXPECT_LE(20000, pairs.shared);
	EXPECT_LE(1000000, pairs.pairs);
}

TEST_HARNESS_MAIN
