// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_lessons.c - vmlab lesson: each is led through once for programs, and what it shows
 * is what its concept says, step by step; and once for people, who are told each of its
 * sentences, since a sentence is only said where the answer bears it out.
 */
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "witness.h"

/* Where one fails its line is told, and so the path. */
#define EXPECT_AT(answer, path, value)		EXPECT_STREQ(value, answer_at(answer, path))
#define EXPECT_NUMBER(answer, path, value)	EXPECT_EQ(value, answer_number(answer, path))

/* The lesson's document, which has no other end than a good one. */
#define LEAD(answer, name) \
	do { \
		command_run(answer, "lesson %s --json", name); \
		ASSERT_EQ(0, (answer)->status) TH_LOG("%s", (answer)->err); \
		ASSERT_NE(NULL, (answer)->json); \
	} while (0)

TEST(the_list_has_each_lesson_with_what_it_is_about)
{
	static const char *const names[] = { "cow", "demand", "zero", "fork" };
	struct answer a;
	long nr, i;
	size_t j;

	command_run(&a, "lesson --json");
	ASSERT_EQ(0, a.status) TH_LOG("%s", a.err);
	nr = answer_count(&a, "lessons");
	EXPECT_EQ(4, nr);
	for (j = 0; j < 4; j++) {
		for (i = 0; i < nr; i++)
			if (!strcmp(names[j], answer_at(&a, "lessons.%ld.name", i)))
				break;
		EXPECT_GT(nr, i) TH_LOG("no lesson %s", names[j]);
	}
	for (i = 0; i < nr; i++)
		EXPECT_LT(10, strlen(answer_at(&a, "lessons.%ld.summary", i)));
	command_free(&a);
}

TEST(cow_has_one_frame_in_both_until_the_child_writes_and_gives_it_back_to_the_parent)
{
	unsigned long long frame;
	struct answer a;

	LEAD(&a, "cow");
	frame = answer_number(&a, "before.0.pfn");
	EXPECT_AT(&a, "before.0.process", "parent");
	EXPECT_AT(&a, "before.0.enforced", "rw-");
	EXPECT_EQ(1, answer_count(&a, "before"));

	EXPECT_EQ(2, answer_count(&a, "forked"));
	EXPECT_NUMBER(&a, "forked.0.pfn", frame);
	EXPECT_NUMBER(&a, "forked.1.pfn", frame);
	EXPECT_NUMBER(&a, "forked.0.va", answer_number(&a, "forked.1.va"));
	EXPECT_NE(answer_number(&a, "forked.0.pid"), answer_number(&a, "forked.1.pid"));
	EXPECT_AT(&a, "forked.0.asked", "rw-");
	EXPECT_AT(&a, "forked.0.enforced", "r--");
	EXPECT_AT(&a, "forked.1.enforced", "r--");
	EXPECT_NUMBER(&a, "forked.0.mapcount", 2);

	EXPECT_NUMBER(&a, "child_wrote.0.pfn", frame);
	EXPECT_AT(&a, "child_wrote.0.enforced", "r--");
	EXPECT_NE(frame, answer_number(&a, "child_wrote.1.pfn"));
	EXPECT_AT(&a, "child_wrote.1.enforced", "rw-");
	EXPECT_NUMBER(&a, "child_wrote.1.mapcount", 1);

	EXPECT_NUMBER(&a, "parent_wrote.0.pfn", frame);
	EXPECT_AT(&a, "parent_wrote.0.enforced", "rw-");
	EXPECT_NUMBER(&a, "parent_wrote.0.mapcount", 1);
	command_free(&a);
}

TEST(demand_has_nothing_then_one_page_then_half)
{
	unsigned long long pages;
	struct answer a;

	LEAD(&a, "demand");
	pages = answer_number(&a, "asked.0.asked");
	EXPECT_LT(16, pages);
	EXPECT_NUMBER(&a, "asked.0.resident", 0);
	EXPECT_NUMBER(&a, "written.0.resident", 1);
	EXPECT_NUMBER(&a, "written.0.anon", 1);
	EXPECT_AT(&a, "page.0.enforced", "rw-");
	EXPECT_NUMBER(&a, "page.0.mapcount", 1);
	EXPECT_NUMBER(&a, "half.0.resident", pages / 2);
	EXPECT_NUMBER(&a, "half.0.anon", pages / 2);
	command_free(&a);
}

/* The zero page outlives the program: the kernel can still be asked what that frame is. */
TEST(zero_has_the_kernels_zero_page_until_it_is_written_to)
{
	struct witness witness;
	struct answer a;

	LEAD(&a, "zero");
	EXPECT_NUMBER(&a, "read.0.resident", 16);
	EXPECT_NUMBER(&a, "read.0.zero", 16);
	EXPECT_NUMBER(&a, "read.0.anon", 0);
	EXPECT_AT(&a, "page_read.0.asked", "rw-");
	EXPECT_AT(&a, "page_read.0.enforced", "r--");
	ASSERT_EQ(0, witness_open(&witness, 0));
	EXPECT_NE(0, witness_page_flags(&witness, answer_number(&a, "page_read.0.pfn")) &
		  KPF(ZERO_PAGE));
	witness_close(&witness);

	EXPECT_NUMBER(&a, "written.0.zero", 15);
	EXPECT_NUMBER(&a, "written.0.anon", 1);
	EXPECT_AT(&a, "page_written.0.enforced", "rw-");
	EXPECT_NE(answer_number(&a, "page_read.0.pfn"), answer_number(&a, "page_written.0.pfn"));
	command_free(&a);
}

TEST(fork_has_all_pages_shared_then_a_hundred_diverged_then_fifty_more)
{
	unsigned long long shared;
	struct answer a;

	LEAD(&a, "fork");
	shared = answer_number(&a, "forked.0.shared_cow");
	EXPECT_LT(150, shared);
	EXPECT_NUMBER(&a, "forked.0.diverged", 0);
	EXPECT_EQ(answer_number(&a, "page.0.pfn"), answer_number(&a, "page.1.pfn"));
	EXPECT_NUMBER(&a, "child_wrote.0.diverged", 100);
	EXPECT_NUMBER(&a, "child_wrote.0.copied_child", 100);
	EXPECT_NUMBER(&a, "child_wrote.0.shared_cow", shared - 100);
	EXPECT_NUMBER(&a, "parent_wrote.0.diverged", 150);
	EXPECT_NUMBER(&a, "parent_wrote.0.copied_parent", 50);
	EXPECT_NUMBER(&a, "parent_wrote.0.shared_cow", shared - 150);
	EXPECT_NE(answer_number(&a, "page_after.0.pfn"), answer_number(&a, "page_after.1.pfn"));
	command_free(&a);
}

TEST(people_are_told_each_sentence)
{
	static const struct {
		const char *lesson;
		const char *sentences[5];	/* a few words of each */
	} told[] = {
		{ "cow", { "the frame is the parent's alone", "One frame, two address spaces",
			   "Copy-on-write: the child's write faulted",
			   "just gave the write permission back" } },
		{ "demand", { "Nothing of it is there.", "The translation of 0x",
			      "filled it with zeroes and put it there",
			      "Memory is given when it is touched" } },
		{ "zero", { "the kernel has one page of them", "it got a frame of its own" } },
		{ "fork", { "No page was copied.", "100 pages have diverged", "50 more:" } },
	};
	const char *const *words;
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		command_run(&a, "lesson %s", told[i].lesson);
		EXPECT_EQ(0, a.status) TH_LOG("%s: %s", told[i].lesson, a.err);
		for (words = told[i].sentences; *words; words++) {
			EXPECT_NE(NULL, strstr(a.out, *words))
				TH_LOG("%s: %s: %s", told[i].lesson, *words, a.out);
		}
		command_free(&a);
	}
}

TEST_HARNESS_MAIN
