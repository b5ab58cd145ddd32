// SPDX-License-Identifier: GPL-2.0-only
/* test_proc.c - the texts of /proc, with the names that files and processes may have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "forge.h"
#include "proc.h"
#include "session.h"

static int parse(const char *text, struct vmlab_regions *out)
{
	char *copy = strdup(text);
	int ret = vmlab_regions_parse(copy, out);

	free(copy);
	return ret;
}

#define HEAD "55d0c0000000-55d0c0021000 rw-p 00001000 fd:1a 1234567 "

/* The name at the end of a line of maps. */
static const char *name_of(const char *rest)
{
	static char name[8192];
	struct vmlab_regions regions;
	char line[8192];

	snprintf(line, sizeof(line), HEAD "%s\n", rest);
	if (parse(line, &regions))
		return "(not parsed)";
	snprintf(name, sizeof(name), "%s", regions.nr == 1 ? regions.v[0].name : "(not one)");
	vmlab_regions_free(&regions);
	return name;
}

TEST(line_of_maps_gives_all_its_fields)
{
	struct vmlab_regions regions;
	const struct vmlab_region *r;

	ASSERT_EQ(0, parse(HEAD "                   /bin/sh\n", &regions));
	ASSERT_EQ(1, regions.nr);
	r = regions.v;
	EXPECT_EQ(0x55d0c0000000, r->start);
	EXPECT_EQ(0x55d0c0021000, r->end);
	EXPECT_STREQ("rw-p", r->perms);
	EXPECT_EQ(0x1000, r->offset);
	EXPECT_EQ(0xfd, r->dev_major);
	EXPECT_EQ(0x1a, r->dev_minor);
	EXPECT_EQ(1234567, r->inode);
	EXPECT_STREQ("/bin/sh", r->name);
	vmlab_regions_free(&regions);
}

TEST(names_are_taken_as_they_are)
{
	static const char *const names[] = {
		"", "[heap]", "[anon:a name of its own]", "/a name with blanks", "/x (deleted)",
		"/(deleted) (deleted)", "/with\\012newline", "/with\\back\\slash", "/\xff\xfe",
		"/tab\there", "/trailing blank ", "anon_inode:[perf_event]", "/memfd:\x1b[31m",
		"//double", "/\xc3\xa9t\xc3\xa9", "7f0000000000-7f0000001000 r--p 0 0:0 0 /not a line",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_STREQ(names[i], name_of(names[i]));
}

TEST(name_may_be_as_long_as_a_path)
{
	char name[4200];

	memset(name, 'n', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	EXPECT_STREQ(name, name_of(name));
}

TEST(line_without_name_has_an_empty_one)
{
	struct vmlab_regions regions;

	ASSERT_EQ(0, parse("1000-2000 ---p 00000000 00:00 0\x20\n3000-4000 r--p 0 0:0 0\n", &regions));
	ASSERT_EQ(2, regions.nr);
	EXPECT_STREQ("", regions.v[0].name);
	EXPECT_STREQ("", regions.v[1].name);
	vmlab_regions_free(&regions);
}

TEST(empty_maps_have_no_regions)
{
	struct vmlab_regions regions;

	ASSERT_EQ(0, parse("", &regions));
	EXPECT_EQ(0, regions.nr);
	EXPECT_EQ(NULL, vmlab_regions_find(&regions, 0));
	vmlab_regions_free(&regions);
}

TEST(what_is_no_line_of_maps_is_refused)
{
	static const char *const lines[] = {
		"x", "1000", "1000-", "1000-2000", "1000-2000 r--p", "1000-2000 r--p 0 00:00",
		"1000 2000 r--p 0 00:00 0", "-2000 r--p 0 00:00 0",
		"1000-2000 rw-p 0 00:00 0\nand then\n",
	};
	struct vmlab_regions regions;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_EQ(-EPROTO, parse(lines[i], &regions))
			TH_LOG("%s", lines[i]);
		EXPECT_EQ(0, regions.nr);
		EXPECT_EQ(NULL, regions.v);
	}
}

TEST(thousands_of_regions_are_found_by_their_addresses)
{
	const size_t nr = 5000;
	char *text = malloc(nr * 64);
	struct vmlab_regions regions;
	size_t i, at = 0;

	for (i = 0; i < nr; i++)
		at += sprintf(text + at, "%zx-%zx rw-p 00000000 00:00 0 /n%zu\n",
			      0x10000 * (i + 1), 0x10000 * (i + 1) + 0x3000, i);
	ASSERT_EQ(0, parse(text, &regions));
	free(text);
	ASSERT_EQ(nr, regions.nr);
	EXPECT_EQ(NULL, vmlab_regions_find(&regions, 0xffff));
	for (i = 0; i < nr; i++) {
		uint64_t start = 0x10000 * (i + 1);

		ASSERT_EQ(&regions.v[i], vmlab_regions_find(&regions, start));
		ASSERT_EQ(&regions.v[i], vmlab_regions_find(&regions, start + 0x2fff));
		ASSERT_EQ(NULL, vmlab_regions_find(&regions, start + 0x3000));
	}
	EXPECT_EQ(NULL, vmlab_regions_find(&regions, UINT64_MAX));
	vmlab_regions_free(&regions);
}

TEST(maps_are_equal_when_nothing_that_counts_differs)
{
	const char *one = HEAD "/a\n";
	static const char *const others[] = {
		"55d0c0001000-55d0c0021000 rw-p 00001000 fd:1a 1234567 /a\n",
		"55d0c0000000-55d0c0022000 rw-p 00001000 fd:1a 1234567 /a\n",
		"55d0c0000000-55d0c0021000 r--p 00001000 fd:1a 1234567 /a\n",
		"55d0c0000000-55d0c0021000 rw-p 00002000 fd:1a 1234567 /a\n",
		"55d0c0000000-55d0c0021000 rw-p 00001000 fd:1a 1234568 /a\n",
		HEAD "/b\n", HEAD "/a\n60d0c0000000-60d0c0021000 rw-p 0 0:0 0\n", "",
	};
	struct vmlab_regions a, b;
	size_t i;

	ASSERT_EQ(0, parse(one, &a));
	ASSERT_EQ(0, parse(one, &b));
	EXPECT_TRUE(vmlab_regions_equal(&a, &b));
	vmlab_regions_free(&b);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_EQ(0, parse(others[i], &b));
		EXPECT_FALSE(vmlab_regions_equal(&a, &b))
			TH_LOG("%s", others[i]);
		vmlab_regions_free(&b);
	}
	vmlab_regions_free(&a);
}

#define AFTER " 1 1 1 0 -1 "

TEST(stat_tells_kernel_threads_zombies_and_processes_apart)
{
	static const struct {
		const char *stat;
		enum vmlab_proc_kind kind;
	} cases[] = {
		{ "1 (init) S" AFTER "4194560 1 2 3\n", VMLAB_PROC_USER },
		{ "2 (kthreadd) S" AFTER "2129984 0 0\n", VMLAB_PROC_KTHREAD },
		{ "3 (gone) Z" AFTER "4194560 0 0\n", VMLAB_PROC_ENDED },
		{ "3 (gone) X" AFTER "4194560 0 0\n", VMLAB_PROC_ENDED },
		{ "4 (st) Z 1 () S" AFTER "4194560 0\n", VMLAB_PROC_USER },
		{ "4 (a) b) c (d) Z" AFTER "4194560 0\n", VMLAB_PROC_ENDED },
		{ "4 ()) S" AFTER "4194560 0\n", VMLAB_PROC_USER },
		{ "4 () Z" AFTER "4194560 0\n", VMLAB_PROC_ENDED },
		{ "4 (new\nline) Z" AFTER "4194560 0\n", VMLAB_PROC_ENDED },
		{ "4 (2129984 S) Z" AFTER "4194560 0\n", VMLAB_PROC_ENDED },
		/* Not like that at all: no reason to say anything special. */
		{ "", VMLAB_PROC_USER },
		{ ")", VMLAB_PROC_USER },
		{ "5 (cut) Z", VMLAB_PROC_USER },
		{ "no parenthesis", VMLAB_PROC_USER },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(cases[i].kind, vmlab_proc_kind_parse(cases[i].stat))
			TH_LOG("%s", cases[i].stat);
}

TEST(start_is_the_22nd_field_in_ticks)
{
	static const struct {
		const char *stat;
		int ret;
		int64_t ns;
	} cases[] = {
		{ "1 (a b) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 12345 1 2\n", 0, 123450000000 },
		{ "1 (a) (b) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 0 1 2\n", 0, 0 },
		{ "1 (a) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 99999999999999999999 1\n", -EPROTO, 0 },
		{ "1 (a) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0", -EPROTO, 0 },
		{ "1 (a) S", -EPROTO, 0 },
		{ "no parenthesis", -EPROTO, 0 },
		{ "", -EPROTO, 0 },
	};
	int64_t ns;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ns = 0;
		EXPECT_EQ(cases[i].ret, vmlab_proc_start_parse(cases[i].stat, &ns))
			TH_LOG("%s", cases[i].stat);
		EXPECT_EQ(cases[i].ns, ns);
	}
}

/* The comm of process 78, whose file holds @text; answers come from a recording. */
static int comm_of(const char *text, char *buf, size_t size)
{
	struct vmlab_session *session;
	struct forge f;
	int ret;

	forge_process(&f, NULL, "");
	forge_text(&f, "/proc/78/comm", text);
	forge_end(&f);
	ret = vmlab_session_replay_bytes(f.bytes, f.size, &session);
	if (!ret) {
		ret = vmlab_proc_comm(session, 78, buf, size);
		vmlab_session_close(session);
	}
	forge_free(&f);
	return ret;
}

TEST(comm_is_the_first_line_and_fits)
{
	char comm[16];

	EXPECT_EQ(0, comm_of("bash\n", comm, sizeof(comm)));
	EXPECT_STREQ("bash", comm);
	EXPECT_EQ(0, comm_of("a) b (c\n", comm, sizeof(comm)));
	EXPECT_STREQ("a) b (c", comm);
	EXPECT_EQ(0, comm_of("", comm, sizeof(comm)));
	EXPECT_STREQ("", comm);
	EXPECT_EQ(0, comm_of("kworker/u8:3-events_unbound\n", comm, sizeof(comm)));
	EXPECT_STREQ("kworker/u8:3-ev", comm);
	EXPECT_EQ(0, comm_of("two\nlines\n", comm, sizeof(comm)));
	EXPECT_STREQ("two", comm);
}

TEST_HARNESS_MAIN
