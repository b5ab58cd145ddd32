// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pairs.c - two address spaces compared, from recordings made by hand: which
 * relation follows from what the two have, who copied, and when that is not known;
 * what changed between two snapshots, and which cannot be compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "forge.h"
#include "recordings.h"
#include "session.h"

#define F(x)		VMLAB_FACT_##x
#define USER_END	0x7ffffffff000ULL
#define MAPS		"1000-9000 rw-p 00000000 00:00 0\n"
#define PARENT		FORGE_PID
#define CHILD		78
#define VA		0x4000ULL

#define RW		(F(VMA) | F(ASKED_READ) | F(ASKED_WRITE))
#define FRAME		(F(PRESENT) | F(READ) | F(FRAME) | RW)
#define OWN		(FRAME | F(WRITE) | F(ANON) | F(EXCLUSIVE))
#define WAITS		(FRAME | F(ANON))
#define OF_FILE		(FRAME | F(FILE) | F(VMA_FILE))
#define ZERO		(F(PRESENT) | F(READ) | F(ZERO) | RW)
#define MERGED		(FRAME | F(ANON) | F(KSM))
#define SLOT		(F(SWAP) | RW)
#define MOVES		(F(MIGRATION) | RW)
#define GUARD		(F(MARKER) | F(GUARD) | RW)
#define PROTECTED	(F(MARKER) | F(UFFD_WP) | RW)
#define POISONED	(F(MARKER) | F(POISON) | RW)
#define HINT		(F(PROTNONE) | F(FRAME) | F(ANON) | RW)
#define USED		(OWN | F(ACCESSED) | F(DIRTY))

/* One page at VA: facts 0 for nothing. */
struct page {
	uint64_t facts;
	uint64_t pfn;
	uint32_t mapcount;
	uint8_t swap_type;
};

#define AT(_facts, _pfn, _mapcount)						\
	{ .facts = (_facts), .pfn = (_pfn), .mapcount = (_mapcount) }
#define SWAPPED(_area, _slot)	{ .facts = SLOT, .pfn = (_slot), .swap_type = (_area) }
#define NOTHING		{ .facts = 0 }

static void forge_page(struct forge *f, int pid, const struct page *page)
{
	const struct vmlab_run run = {
		.va = VA, .facts = page->facts, .pfn = page->pfn, .count = 1,
		.mapcount = page->mapcount ? page->mapcount : VMLAB_MAPCOUNT_UNKNOWN,
		.level = VMLAB_LEVEL_PTE, .shift = 12, .swap_type = page->swap_type,
	};

	forge_runs(f, pid, 0, USER_END, &run, page->facts ? 1 : 0);
}

/* A recording of one process or two that can be asked. */
struct pair {
	struct forge f;
	struct vmlab_session *session;
	struct vmlab_target *parent;
	struct vmlab_target *child;
};

static int pair_open(struct pair *pair, const struct page *p, const struct page *c,
		     uint32_t flags)
{
	int ret;

	memset(pair, 0, sizeof(*pair));
	forge_process(&pair->f, NULL, MAPS);
	forge_page(&pair->f, PARENT, p);
	if (c) {
		forge_another(&pair->f, CHILD, flags, MAPS);
		forge_page(&pair->f, CHILD, c);
	}
	forge_end(&pair->f);
	ret = vmlab_session_replay_bytes(pair->f.bytes, pair->f.size, &pair->session);
	if (!ret)
		ret = vmlab_target_open(pair->session, PARENT, &pair->parent);
	if (!ret && c)
		ret = vmlab_target_open(pair->session, CHILD, &pair->child);
	return ret;
}

static void pair_close(struct pair *pair)
{
	vmlab_target_close(pair->parent);
	vmlab_target_close(pair->child);
	vmlab_session_close(pair->session);
	forge_free(&pair->f);
}

/* The one range there is; false where there is none. */
static bool compare(struct pair *pair, const struct vmlab_cow_before *before,
		    struct vmlab_cow_range *range)
{
	struct vmlab_cow *cow;
	int ret;

	if (vmlab_cow_start(pair->parent, pair->child, before, 0, 0, &cow))
		abort();
	ret = vmlab_cow_next(cow, range);
	if (ret < 0)
		abort();
	vmlab_cow_end(cow);
	return ret;
}

static const char *word(const char *name)
{
	return name ? name : "(unknown)";
}

TEST(relation_follows_from_what_the_two_have)
{
	static const struct {
		struct page p, c;
		const char *relation;
		const char *copied;
	} cases[] = {
		{ AT(WAITS, 5, 2), AT(WAITS, 5, 2), "shared-cow", NULL },
		{ AT(OF_FILE, 5, 9), AT(OF_FILE, 5, 9), "shared-file", NULL },
		{ AT(ZERO, 1, 0), AT(ZERO, 1, 0), "shared-cow", NULL },
		{ AT(MERGED, 5, 9), AT(MERGED, 5, 9), "shared-cow", NULL },
		{ AT(SLOT, 5, 0), AT(SLOT, 5, 0), "shared-cow", NULL },
		{ AT(FRAME, 5, 1), AT(FRAME, 5, 1), "shared-file", NULL },
		{ AT(WAITS, 5, 1), NOTHING, "parent-only", NULL },
		{ NOTHING, AT(OWN, 5, 1), "child-only", NULL },
		{ NOTHING, AT(SLOT, 5, 0), "child-only", NULL },
		/* Behind a marker there is no page. */
		{ AT(WAITS, 5, 1), AT(GUARD, VMLAB_PFN_NONE, 0), "parent-only", NULL },
		{ AT(PROTECTED, VMLAB_PFN_NONE, 0), AT(WAITS, 5, 1), "child-only", NULL },
		{ AT(POISONED, 5, 0), AT(POISONED, 5, 0), NULL, NULL },
		/* One has its own, the other what fork left. */
		{ AT(WAITS, 5, 1), AT(OWN, 6, 1), "diverged", "child" },
		{ AT(OWN, 6, 1), AT(WAITS, 5, 1), "diverged", "parent" },
		{ AT(ZERO, 1, 0), AT(OWN, 6, 1), "diverged", "child" },
		{ AT(OWN, 6, 1), AT(OF_FILE, 5, 7), "diverged", "parent" },
		{ AT(WAITS, 5, 1), AT(SLOT | F(SWAP_EXCLUSIVE), 6, 0), "diverged", "child" },
		/* More than one story. */
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), "diverged", NULL },
		{ AT(WAITS, 5, 1), AT(WAITS, 6, 1), "diverged", NULL },
		{ AT(WAITS, 5, 2), AT(OWN, 6, 1), "diverged", NULL },
		{ AT(WAITS, 5, 0), AT(OWN, 6, 1), "diverged", NULL },
		{ AT(MERGED, 5, 1), AT(OWN, 6, 1), "diverged", NULL },
		{ AT(WAITS, 5, 1), AT(ZERO, 1, 0), "diverged", NULL },
		{ AT(ZERO, 1, 0), AT(F(PRESENT) | F(HUGE_ZERO) | RW, 9, 0), "diverged", NULL },
		{ AT(SLOT, 5, 0), AT(SLOT, 6, 0), "diverged", NULL },
		{ SWAPPED(1, 5), SWAPPED(2, 5), "diverged", NULL },
		/* PROT_NONE and NUMA hints keep their frame. */
		{ AT(HINT, 5, 2), AT(WAITS, 5, 2), "shared-cow", NULL },
		/* A frame and a slot: one page, or not. */
		{ AT(WAITS, 5, 1), AT(SLOT, 6, 0), "(unknown)", NULL },
		{ AT(SLOT, 6, 0), AT(WAITS, 5, 1), "(unknown)", NULL },
		{ AT(OWN, 5, 1), AT(SLOT, 6, 0), "diverged", NULL },
		{ AT(OF_FILE, 5, 1), AT(SLOT, 6, 0), "diverged", NULL },
		/* On their way. */
		{ AT(MOVES, 5, 0), AT(WAITS, 5, 1), "shared-cow", NULL },
		{ AT(MOVES, 5, 0), AT(OF_FILE, 5, 1), "shared-file", NULL },
		{ AT(MOVES, 5, 0), AT(MOVES, 5, 0), "shared-cow", NULL },
		{ AT(MOVES | F(VMA_FILE), 5, 0), AT(MOVES | F(VMA_FILE), 5, 0), "(unknown)", NULL },
		{ AT(MOVES | F(SHARED), 5, 0), AT(MOVES | F(SHARED), 5, 0), "shared-file", NULL },
		{ AT(MOVES, 5, 0), AT(WAITS, 6, 1), "(unknown)", NULL },
		{ AT(F(DEVICE) | RW, 5, 0), AT(F(DEVICE) | RW, 5, 0), "(unknown)", NULL },
		{ AT(F(UNKNOWN) | RW, VMLAB_PFN_NONE, 0), AT(WAITS, 5, 1), "(unknown)", NULL },
	};
	struct vmlab_cow_range range;
	struct pair pair;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, pair_open(&pair, &cases[i].p, &cases[i].c, 0));
		if (!compare(&pair, NULL, &range)) {
			EXPECT_EQ(NULL, cases[i].relation) TH_LOG("case %zu", i);
			pair_close(&pair);
			continue;
		}
		EXPECT_STREQ(cases[i].relation, word(vmlab_cow_relation_name(range.relation)))
			TH_LOG("case %zu", i);
		EXPECT_STREQ(word(cases[i].copied), word(vmlab_cow_copied_name(range.copied)))
			TH_LOG("case %zu", i);
		EXPECT_EQ(!cases[i].copied, range.evidence == VMLAB_COW_BY_NOTHING);
		EXPECT_NE(VMLAB_COW_BY_BEFORE, range.evidence);
		pair_close(&pair);
	}
}

TEST(without_frames_nothing_is_called_shared)
{
	static const struct page page = AT(F(PRESENT) | RW, VMLAB_PFN_NONE, 0), none = NOTHING;
	struct vmlab_cow_range range;
	struct pair pair;

	ASSERT_EQ(0, pair_open(&pair, &page, &page, VMLAB_OUT_HIDDEN));
	ASSERT_TRUE(compare(&pair, NULL, &range));
	EXPECT_EQ(VMLAB_COW_UNKNOWN, range.relation);
	pair_close(&pair);
	ASSERT_EQ(0, pair_open(&pair, &page, &none, VMLAB_OUT_HIDDEN));
	ASSERT_TRUE(compare(&pair, NULL, &range));
	EXPECT_EQ(VMLAB_COW_PARENT_ONLY, range.relation);
	pair_close(&pair);
}

TEST(earlier_looks_prove_what_they_prove)
{
	static const struct page none = NOTHING;
	static const struct {
		struct page p, c;		/* now */
		struct page parent, child;	/* before; facts 0: nothing there */
		bool forked_later;
		const char *copied;
	} cases[] = {
		/* Both were seen with the same. */
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), AT(WAITS, 5, 2), AT(WAITS, 5, 2), false, "child" },
		{ AT(OWN, 6, 1), AT(OWN, 5, 1), AT(WAITS, 5, 2), AT(WAITS, 5, 2), false, "parent" },
		{ AT(OWN, 6, 1), AT(OWN, 7, 1), AT(WAITS, 5, 2), AT(WAITS, 5, 2), false, NULL },
		/* The other one has it now. */
		{ AT(OWN, 6, 1), AT(OWN, 5, 1), AT(WAITS, 5, 2), NOTHING, false, "parent" },
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), NOTHING, AT(WAITS, 5, 2), false, "child" },
		/* It has kept its own: from before the fork, or not. */
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), AT(OWN, 5, 1), NOTHING, true, "child" },
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), AT(OWN, 5, 1), NOTHING, false, NULL },
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), NOTHING, AT(OWN, 6, 1), true, NULL },
		/* It contradicts what it looks like now. */
		{ AT(WAITS, 6, 1), AT(OWN, 5, 1), AT(OWN, 5, 1), NOTHING, true, "parent" },
		/* Zero pages are the same ones before and after. */
		{ AT(ZERO, 1, 0), AT(OWN, 6, 1), AT(ZERO, 1, 0), NOTHING, true, "child" },
	};
	struct vmlab_cow_range range;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair now, parent, child;
		struct vmlab_cow_before before = { .forked_later = cases[i].forked_later };

		ASSERT_EQ(0, pair_open(&now, &cases[i].p, &cases[i].c, 0));
		ASSERT_EQ(0, pair_open(&parent, &cases[i].parent, NULL, 0));
		ASSERT_EQ(0, pair_open(&child, &none, &cases[i].child, 0));
		before.parent = parent.parent;
		if (cases[i].child.facts)
			before.child = child.child;
		ASSERT_TRUE(compare(&now, &before, &range));
		EXPECT_EQ(VMLAB_COW_DIVERGED, range.relation);
		EXPECT_STREQ(word(cases[i].copied), word(vmlab_cow_copied_name(range.copied)))
			TH_LOG("case %zu", i);
		if (cases[i].copied)
			EXPECT_EQ(VMLAB_COW_BY_BEFORE, range.evidence) TH_LOG("case %zu", i);
		pair_close(&now);
		pair_close(&parent);
		pair_close(&child);
	}
}

TEST(what_goes_on_unchanged_is_one_range)
{
	static const struct vmlab_run parent[] = {
		{ .va = 0x200000, .facts = WAITS | F(HUGE) | F(LARGE), .pfn = 1024, .count = 1,
		  .mapcount = 2, .level = VMLAB_LEVEL_PMD, .shift = 21 },
	};
	static const struct vmlab_run child[] = {
		{ .va = 0x200000, .facts = WAITS | F(LARGE), .pfn = 1024, .count = 100,
		  .mapcount = 2, .level = VMLAB_LEVEL_PTE, .shift = 12 },
		{ .va = 0x264000, .facts = WAITS | F(LARGE) | F(ACCESSED), .pfn = 1124, .count = 12,
		  .mapcount = 2, .level = VMLAB_LEVEL_PTE, .shift = 12 },
		{ .va = 0x270000, .facts = OWN, .pfn = 77, .count = 1,
		  .mapcount = 1, .level = VMLAB_LEVEL_PTE, .shift = 12 },
		{ .va = 0x271000, .facts = WAITS | F(LARGE), .pfn = 1137, .count = 399,
		  .mapcount = 2, .level = VMLAB_LEVEL_PTE, .shift = 12 },
	};
	static const uint64_t want[] = { 112, 1, 399 };
	const struct vmlab_cow_pages *pages;
	struct vmlab_cow_range range;
	struct pair pair = { 0 };
	struct vmlab_cow *cow;
	size_t i;

	forge_process(&pair.f, NULL, MAPS);
	forge_runs(&pair.f, PARENT, 0, USER_END, parent, ARRAY_SIZE(parent));
	forge_another(&pair.f, CHILD, 0, MAPS);
	forge_runs(&pair.f, CHILD, 0, USER_END, child, ARRAY_SIZE(child));
	forge_end(&pair.f);
	ASSERT_EQ(0, vmlab_session_replay_bytes(pair.f.bytes, pair.f.size, &pair.session));
	ASSERT_EQ(0, vmlab_target_open(pair.session, PARENT, &pair.parent));
	ASSERT_EQ(0, vmlab_target_open(pair.session, CHILD, &pair.child));
	ASSERT_EQ(0, vmlab_cow_start(pair.parent, pair.child, NULL, 0, 0, &cow));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		ASSERT_EQ(1, vmlab_cow_next(cow, &range));
		EXPECT_EQ(want[i], range.nr_pages);
	}
	EXPECT_EQ(0, vmlab_cow_next(cow, &range));
	pages = vmlab_cow_pages(cow);
	EXPECT_EQ(511, pages->relation[VMLAB_COW_SHARED_COW]);
	EXPECT_EQ(1, pages->relation[VMLAB_COW_DIVERGED]);
	vmlab_cow_end(cow);
	pair_close(&pair);
}

/* A snapshot of one page, as a file that the command can open. */
static int forge_snapshot(const struct vmlab_info *info, const struct page *page,
			  const char *boot, char name[32])
{
	struct forge f;
	int fd;

	forge_process(&f, info, MAPS);
	forge_number(&f, "snapshot", PARENT);
	forge_number(&f, "snapshot.ns", 1000);
	forge_number(&f, "snapshot.boot_ns", 1000);
	forge_text(&f, "/proc/sys/kernel/random/boot_id", boot);
	forge_page(&f, PARENT, page);
	forge_end(&f);
	fd = forge_file(f.bytes, f.size, name);
	forge_free(&f);
	return fd;
}

/* What `diff` says of the two, with options before them. */
static void diff(struct command_ran *ran, const char *from, const char *to, bool json)
{
	const char *options[] = { json ? "--json" : from, json ? from : to, json ? to : NULL,
				  NULL };
	struct command_line line;

	command_words(&line, "diff", options);
	command_run(ran, &line);
	command_forget(&line);
}

TEST(what_changed_is_named)
{
	static const struct {
		struct page from, to;
		const char *what;	/* the JSON of it, NULL for no change */
	} cases[] = {
		{ AT(OWN, 5, 1), AT(OWN, 5, 1), NULL },
		{ AT(OWN, 5, 1), AT(OWN, 5, 2), NULL },	/* somebody else's doing */
		{ AT(OWN, 5, 1), AT(OWN, 6, 1), "[\"frame\"]" },
		{ AT(OWN, 5, 1), NOTHING, "[\"gone\"]" },
		{ NOTHING, AT(OWN, 5, 1), "[\"appeared\"]" },
		{ AT(WAITS, 5, 1), AT(OWN, 6, 1), "[\"frame\",\"state\",\"enforced\"]" },
		{ AT(OWN, 5, 1), AT(USED, 5, 1), "[\"accessed\",\"dirty\"]" },
		{ AT(OWN, 5, 1), AT(OWN | F(SOFT_DIRTY), 5, 1), "[\"soft-dirty\"]" },
		{ AT(OWN, 5, 1), AT(OWN & ~F(ASKED_WRITE), 5, 1), "[\"asked\"]" },
		{ AT(SLOT, 5, 0), AT(SLOT, 6, 0), "[\"frame\"]" },
	};
	struct command_ran ran;
	char from[32], to[32], want[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int a = forge_snapshot(NULL, &cases[i].from, "one\n", from);
		int b = forge_snapshot(NULL, &cases[i].to, "one\n", to);

		diff(&ran, from, to, true);
		EXPECT_STREQ("", command_breaks(&ran, true));
		if (cases[i].what)
			snprintf(want, sizeof(want), "\"what\":%s", cases[i].what);
		else
			snprintf(want, sizeof(want), "\"changed\":[]");
		EXPECT_NE(NULL, strstr(ran.out, want)) TH_LOG("case %zu: %s", i, ran.out);
		command_done(&ran);
		diff(&ran, from, to, false);
		EXPECT_STREQ("", command_breaks(&ran, false));
		command_done(&ran);
		close(a);
		close(b);
	}
}

TEST(frames_of_another_boot_are_not_compared)
{
	static const struct page before = AT(OWN, 5, 1), after = AT(OWN, 6, 1);
	static const char *const boots[][2] = { { "one\n", "two\n" }, { "", "" } };
	struct command_ran ran;
	char from[32], to[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(boots); i++) {
		int a = forge_snapshot(NULL, &before, boots[i][0], from);
		int b = forge_snapshot(NULL, &after, boots[i][1], to);

		diff(&ran, from, to, true);
		EXPECT_STREQ("", command_breaks(&ran, true));
		EXPECT_NE(NULL, strstr(ran.out, "\"same_boot\":false")) TH_LOG("%s", ran.out);
		EXPECT_NE(NULL, strstr(ran.out, "\"changed\":[]"));
		EXPECT_NE(NULL, strstr(ran.out, "\"frame\":null"));
		command_done(&ran);
		close(a);
		close(b);
	}
}

TEST(other_architectures_are_compared_when_pages_have_one_size)
{
	static const struct page before = AT(OWN, 5, 1), after = AT(OWN & ~F(WRITE), 5, 1);
	struct vmlab_info info = forge_info();
	struct command_ran ran;
	char from[32], to[32];
	int a, b;

	info.out_arch = VMLAB_ARCH_ARM64;
	info.out_facts &= ~F(SOFT_DIRTY);
	a = forge_snapshot(&info, &after, "two\n", to);
	b = forge_snapshot(NULL, &before, "one\n", from);
	diff(&ran, from, to, true);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_NE(NULL, strstr(ran.out, "\"what\":[\"enforced\"]")) TH_LOG("%s", ran.out);
	EXPECT_NE(NULL, strstr(ran.out, "\"arch\":\"arm64\""));
	EXPECT_NE(NULL, strstr(ran.out, "\"soft_dirty\":null}"));
	command_done(&ran);
	close(a);

	info.out_page_shift = 16;
	a = forge_snapshot(&info, &after, "two\n", to);
	diff(&ran, from, to, true);
	EXPECT_EQ(1, ran.status);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_NE(NULL, strstr(ran.err, "another size")) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"code\":\"EXDEV\"")) TH_LOG("%s", ran.out);
	command_done(&ran);
	close(a);
	close(b);
}

TEST(watch_of_a_recording_without_end_comes_to_an_end)
{
	struct command_ran ran;
	struct forge f;

	forge_process(&f, NULL, MAPS);
	/* "Once more", and that for ever. */
	forge_number(&f, "round", 1);
	recording_forged(&f, "watch map 77 --json", &ran);
	EXPECT_EQ(1, ran.status);
	command_done(&ran);
}

TEST_HARNESS_MAIN
