// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_forged.c - recordings of sessions that never were: answers that lead nowhere,
 * that answer something else, or that say what no kernel says. The library refuses
 * them, and comes to an end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "command.h"
#include "forge.h"
#include "recording.h"
#include "recordings.h"
#include "session.h"

#define USER_END	0x7ffffffff000ULL
#define NR_RECS		4U
#define MAPS		"1000-9000 rw-p 00000000 00:00 0\n"

FIXTURE(forged)
{
	struct forge f;
	struct vmlab_session *session;
	struct vmlab_target *target;
};

FIXTURE_SETUP(forged)
{
	forge_process(&self->f, NULL, MAPS);
}

FIXTURE_TEARDOWN(forged)
{
	vmlab_target_close(self->target);
	vmlab_session_close(self->session);
	forge_free(&self->f);
}

/* From here on it is asked. */
#define REPLAY() do {								\
	forge_end(&self->f);							\
	ASSERT_EQ(0, vmlab_session_replay_bytes(self->f.bytes, self->f.size,	\
						&self->session));		\
	ASSERT_EQ(0, vmlab_target_open(self->session, FORGE_PID, &self->target)); \
} while (0)

static struct vmlab_run a_run(uint64_t va)
{
	return (struct vmlab_run) {
		.va = va, .facts = VMLAB_FACT_PRESENT, .pfn = 1, .count = 1,
		.mapcount = 1, .level = VMLAB_LEVEL_PTE, .shift = 12,
	};
}

static struct vmlab_scan ask_scan(uint64_t start)
{
	return (struct vmlab_scan) {
		.size = sizeof(struct vmlab_scan), .start = start, .end = USER_END,
		.nr_recs = NR_RECS, .format = VMLAB_FORMAT_RUNS,
		.rec_size = sizeof(struct vmlab_run),
	};
}

/* The answer to a scan from @start: one run, to go on at @next. */
static void add_scan(struct forge *f, uint64_t start, const struct vmlab_run *run, uint64_t next)
{
	struct vmlab_scan question = ask_scan(start), answer = question;

	answer.out_nr = 1;
	answer.out_next = next;
	forge_ask(f, FORGE_PAGEMAP, VMLAB_SCAN, &question, &answer, sizeof(answer),
		  run, sizeof(*run));
}

/* Runs until the end: how many, or -errno. */
static int scan_all(struct vmlab_target *target)
{
	struct vmlab_scanner scan;
	struct vmlab_run run;
	int ret, nr = 0;

	ret = vmlab_scan_start(&scan, target, 0, 0, NULL, NR_RECS);
	while (!ret) {
		ret = vmlab_scan_next(&scan, &run);
		if (ret <= 0)
			break;
		nr++;
		ret = 0;
	}
	vmlab_scan_end(&scan);
	return ret ? ret : nr;
}

TEST_F(forged, scan_that_is_in_order_is_answered)
{
	struct vmlab_run low = a_run(0x1000), high = a_run(0x5000);

	add_scan(&self->f, 0, &low, 0x4000);
	add_scan(&self->f, 0x4000, &high, USER_END);
	REPLAY();
	EXPECT_EQ(2, scan_all(self->target));
}

TEST_F(forged, scan_that_stands_still_is_refused)
{
	struct vmlab_run run = a_run(0x1000);

	add_scan(&self->f, 0, &run, 0);
	REPLAY();
	EXPECT_EQ(-EBADMSG, scan_all(self->target));
}

TEST_F(forged, scan_that_goes_back_is_refused)
{
	struct vmlab_run run = a_run(0x1000);

	add_scan(&self->f, 0, &run, 0x4000);
	add_scan(&self->f, 0x4000, &run, 0);
	REPLAY();
	EXPECT_EQ(-EBADMSG, scan_all(self->target));
}

TEST_F(forged, scan_that_goes_beyond_its_end_is_refused)
{
	struct vmlab_run run = a_run(0x1000);

	add_scan(&self->f, 0, &run, USER_END + 0x1000);
	REPLAY();
	EXPECT_EQ(-EBADMSG, scan_all(self->target));
}

TEST_F(forged, scan_that_was_broken_off_for_ever_is_refused)
{
	const struct vmlab_scan question = ask_scan(0);
	unsigned char key[sizeof(FORGE_PAGEMAP) + 4 + sizeof(question)];
	const uint32_t cmd = VMLAB_SCAN;

	memcpy(key, FORGE_PAGEMAP, sizeof(FORGE_PAGEMAP));
	memcpy(key + sizeof(FORGE_PAGEMAP), &cmd, 4);
	memcpy(key + sizeof(FORGE_PAGEMAP) + 4, &question, sizeof(question));
	forge_add(&self->f, VMLAB_RECORD_ASK, -EINTR, key, sizeof(key), &question,
		  sizeof(question));
	REPLAY();
	EXPECT_EQ(-EBADMSG, scan_all(self->target));
}

TEST_F(forged, runs_that_no_decoder_could_read_are_refused)
{
	const struct {
		uint8_t level, shift;
		uint32_t count;
	} bad[] = {
		{ 0, 12, 1 }, { 6, 12, 1 }, { 255, 12, 1 }, { 1, 11, 1 }, { 1, 0, 1 },
		{ 1, 64, 1 }, { 1, 255, 1 }, { 1, 12, 0 },
	};
	struct vmlab_run run;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct forge f;

		run = a_run(0x1000);
		run.level = bad[i].level;
		run.shift = bad[i].shift;
		run.count = bad[i].count;
		forge_process(&f, NULL, MAPS);
		add_scan(&f, 0, &run, USER_END);
		forge_end(&f);
		ASSERT_EQ(0, vmlab_session_replay_bytes(f.bytes, f.size, &self->session));
		ASSERT_EQ(0, vmlab_target_open(self->session, FORGE_PID, &self->target));
		EXPECT_EQ(-EBADMSG, scan_all(self->target))
			TH_LOG("level %u, shift %u, count %u", run.level, run.shift, run.count);
		vmlab_target_close(self->target);
		vmlab_session_close(self->session);
		forge_free(&f);
	}
	self->target = NULL;
	self->session = NULL;
}

/* VMAS from @start, answered as if @claimed had been the start, to go on at @next. */
static void add_vmas(struct forge *f, uint64_t start, uint64_t claimed, uint64_t next)
{
	struct vmlab_vmas question = {
		.size = sizeof(question), .start = start, .end = USER_END, .nr_recs = 512,
		.rec_size = sizeof(struct vmlab_vma),
	};
	struct vmlab_vmas answer = question;

	answer.start = claimed;
	answer.out_next = next;
	forge_ask(f, FORGE_PAGEMAP, VMLAB_VMAS, &question, &answer, sizeof(answer), NULL, 0);
}

TEST_F(forged, bulk_query_that_goes_round_in_circles_is_refused)
{
	struct vmlab_vma *vmas;

	add_vmas(&self->f, 0, 0, 0x1000);
	add_vmas(&self->f, 0x1000, 0, 0x800);
	add_vmas(&self->f, 0x800, 0, 0x1000);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_target_vmas(self->target, 0, 0, &vmas));
	EXPECT_EQ(NULL, vmas);
}

TEST_F(forged, bulk_query_that_stands_still_is_refused)
{
	struct vmlab_vma *vmas;

	add_vmas(&self->f, 0, 0, 0);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_target_vmas(self->target, 0, 0, &vmas));
}

static void add_walk(struct forge *f, uint64_t va, const struct vmlab_walk *answer)
{
	struct vmlab_walk question = { .size = sizeof(question), .va = va };

	forge_ask(f, FORGE_PAGEMAP, VMLAB_WALK, &question, answer, sizeof(question), NULL, 0);
}

TEST_F(forged, walk_of_another_address_is_refused)
{
	struct vmlab_walk answer = { .size = sizeof(answer), .va = 0x2000 }, walk;

	add_walk(&self->f, 0x1000, &answer);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_target_walk(self->target, 0x1000, &walk));
}

TEST_F(forged, walk_of_more_levels_than_there_are_is_refused)
{
	struct vmlab_walk answer = { .size = sizeof(answer), .va = 0x1000 }, walk;

	answer.out_nr_levels = VMLAB_MAX_LEVELS + 1;
	add_walk(&self->f, 0x1000, &answer);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_target_walk(self->target, 0x1000, &walk));
}

TEST_F(forged, walk_through_a_level_without_a_name_is_refused)
{
	struct vmlab_walk answer = { .size = sizeof(answer), .va = 0x1000 }, walk;

	answer.out_nr_levels = 1;
	answer.out_levels[0].level = 37;
	add_walk(&self->f, 0x1000, &answer);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_target_walk(self->target, 0x1000, &walk));
}

#define KERNEL_START	0xffff800000000000ULL
#define NODE		"/dev/vmlab"

static void add_kernel_walk(struct forge *f, uint64_t va, const struct vmlab_walk *answer)
{
	struct vmlab_walk question = { .size = sizeof(question), .va = va };

	forge_ask(f, NODE, VMLAB_KWALK, &question, answer, sizeof(question), NULL, 0);
}

TEST_F(forged, kernel_walk_of_another_address_or_through_no_level_is_refused)
{
	struct vmlab_walk other = { .size = sizeof(other), .va = KERNEL_START + 0x1000 };
	struct vmlab_walk deep = { .size = sizeof(deep), .va = KERNEL_START + 0x2000 }, walk;

	deep.out_nr_levels = VMLAB_MAX_LEVELS + 1;
	add_kernel_walk(&self->f, KERNEL_START, &other);
	add_kernel_walk(&self->f, KERNEL_START + 0x2000, &deep);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_kernel_walk(self->session, KERNEL_START, &walk));
	EXPECT_EQ(-EBADMSG, vmlab_kernel_walk(self->session, KERNEL_START + 0x2000, &walk));
	EXPECT_EQ(-ENODATA, vmlab_kernel_walk(self->session, KERNEL_START + 0x3000, &walk));
}

static void add_regions(struct forge *f, const struct vmlab_kregions *answer)
{
	const struct vmlab_kregions question = { .size = sizeof(question) };

	forge_ask(f, NODE, VMLAB_KREGIONS, &question, answer, sizeof(question), NULL, 0);
}

TEST_F(forged, kernel_regions_that_cannot_lie_so_are_refused)
{
	static const struct vmlab_kregions bad[] = {
		{ .out_nr = VMLAB_MAX_KREGIONS + 1 },
		{ .out_nr = ~0U },
		{ .out_nr = 1, .out_regions[0] = { 0x1000, 0x2000, 0, 1, 0 } },
		{ .out_nr = 1, .out_regions[0] = { KERNEL_START, KERNEL_START, 0, 1, 0 } },
		{ .out_nr = 1, .out_regions[0] = { KERNEL_START, 0, 0, 1, 0 } },
		{ .out_nr = 1, .out_regions[0] = { KERNEL_START, KERNEL_START + 7, 0, 1, 0 } },
		{ .out_nr = 1, .out_regions[0] = { KERNEL_START + 7, ~0xfffULL, 0, 1, 0 } },
		{ .out_nr = 2, .out_regions = {
			{ KERNEL_START, KERNEL_START + 0x3000, 0, 1, 0 },
			{ KERNEL_START + 0x2000, KERNEL_START + 0x4000, 0, 2, 0 } } },
	};
	struct vmlab_kregions answer, regions;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		answer = bad[i];
		answer.size = sizeof(answer);
		add_regions(&self->f, &answer);
	}
	REPLAY();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EBADMSG, vmlab_kernel_regions(self->session, &regions))
			TH_LOG("regions %zu", i);
}

static void add_kernel_scan(struct forge *f, uint64_t start, uint64_t end, uint64_t next,
			    const struct vmlab_filter *filter, const struct vmlab_run *run)
{
	struct vmlab_scan question = {
		.size = sizeof(question), .start = start, .end = end, .nr_recs = 4096,
		.format = VMLAB_FORMAT_RUNS, .rec_size = sizeof(*run),
	};
	struct vmlab_scan answer;

	if (filter)
		question.all_of = filter->all_of;
	answer = question;
	answer.out_next = next;
	answer.out_nr = run ? 1 : 0;
	forge_ask(f, NODE, VMLAB_KSCAN, &question, &answer, sizeof(answer), run,
		  run ? sizeof(*run) : 0);
}

TEST_F(forged, kernel_scan_that_stands_still_or_goes_too_far_is_refused)
{
	const uint64_t at = KERNEL_START, end = KERNEL_START + 0x10000;
	struct vmlab_kregions none = { 0 };
	struct vmlab_kernel_part part;

	add_kernel_scan(&self->f, at, end, at, NULL, NULL);
	add_kernel_scan(&self->f, at + 0x1000, end, end + 0x1000, NULL, NULL);
	add_kernel_scan(&self->f, at + 0x2000, end, 0, NULL, NULL);
	REPLAY();
	EXPECT_EQ(-EBADMSG, vmlab_kernel_part_read(self->session, &none, at, end, &part));
	EXPECT_EQ(-EBADMSG, vmlab_kernel_part_read(self->session, &none, at + 0x1000, end, &part));
	EXPECT_EQ(-EBADMSG, vmlab_kernel_part_read(self->session, &none, at + 0x2000, end, &part));
}

TEST_F(forged, kernel_alias_is_where_the_direct_map_has_the_frame_or_nowhere)
{
	const struct vmlab_kregions regions = {
		.out_nr = 2, .out_regions = {
			{ KERNEL_START, KERNEL_START + 0x8000, VMLAB_PA_NONE, VMLAB_KREGION_KASAN, 0 },
			{ KERNEL_START + 0x8000, KERNEL_START + 0x10000, 0x40000000,
			  VMLAB_KREGION_DIRECT, 0 } },
	};
	struct vmlab_walk answer = { .size = sizeof(answer), .va = KERNEL_START + 0xa000 }, walk;

	add_kernel_walk(&self->f, answer.va, &answer);
	REPLAY();
	EXPECT_EQ(0, vmlab_kernel_alias(self->session, &regions, 0x40002, &walk));
	EXPECT_EQ(answer.va, walk.va);
	EXPECT_EQ(-ENOENT, vmlab_kernel_alias(self->session, &regions, 0x3ffff, &walk));
	EXPECT_EQ(-ENOENT, vmlab_kernel_alias(self->session, &regions, 0x40008, &walk));
	EXPECT_EQ(-ENOENT, vmlab_kernel_alias(self->session, &regions, 0, &walk));
	EXPECT_EQ(-ENOENT, vmlab_kernel_alias(self->session, &regions, VMLAB_PFN_NONE, &walk));
}

/* What no kernel of ours has: pages that are writable and executable, open to user mode. */
TEST_F(forged, kernel_pages_that_should_not_be_are_found_once_each)
{
	const uint64_t at = KERNEL_START, end = KERNEL_START + 0x10000;
	struct vmlab_kregions regions = {
		.size = sizeof(regions), .out_nr = 1,
		.out_regions[0] = { KERNEL_START, KERNEL_START + 0x8000, 0,
				    VMLAB_KREGION_MODULES, 0 },
	};
	struct vmlab_run run = {
		.va = KERNEL_START + 0x3000, .pfn = 7, .count = 2, .level = VMLAB_LEVEL_PTE,
		.shift = 12, .mapcount = VMLAB_MAPCOUNT_UNKNOWN,
		.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_READ | VMLAB_FACT_WRITE |
			 VMLAB_FACT_EXEC | VMLAB_FACT_USER,
	};
	const struct vmlab_kernel_finding *finding;
	struct command_ran ran;
	unsigned int i;

	add_regions(&self->f, &regions);
	add_kernel_scan(&self->f, at, at + 0x8000, at + 0x8000, NULL, &run);
	add_kernel_scan(&self->f, at + 0x8000, end, end, NULL, NULL);
	for (i = 0; (finding = vmlab_kernel_finding(i)); i++)
		add_kernel_scan(&self->f, at, end, end, &finding->filter, &run);
	recording_forged(&self->f, "kernel --json ffff800000000000-ffff800000010000", &ran);
	EXPECT_STREQ("", command_breaks(&ran, true));
	EXPECT_EQ(0, ran.status);
	EXPECT_NE(NULL, strstr(ran.out, "\"enforced\":{\"r--\":0,\"rw-\":0,\"r-x\":0,\"rwx\":2}"))
		TH_LOG("%s", ran.out);
	EXPECT_NE(NULL, strstr(ran.out, "\"findings\":[{\"kind\":\"wx\",\"va\":\"0xffff800000003000\",\"count\":2,"))
		TH_LOG("%s", ran.out);
	EXPECT_NE(NULL, strstr(ran.out, ",{\"kind\":\"user\",\"va\":\"0xffff800000003000\",\"count\":2,"))
		TH_LOG("%s", ran.out);
	/* Between regions there is nothing: no row. */
	EXPECT_EQ(NULL, strstr(ran.out, "\"name\":null"));
	command_done(&ran);
}

TEST_F(forged, walk_without_a_leaf_has_no_reasons_of_its_own)
{
	const struct vmlab_info info = forge_info();
	struct vmlab_run run = { .facts = ~0ULL & ~(VMLAB_FACT_WRITE | VMLAB_FACT_READ) };
	const char *why[VMLAB_WHY_MAX];

	EXPECT_EQ(0, vmlab_run_why(&info, &run, why));
}

TEST_F(forged, leaf_that_is_none_leaves_the_list_of_reasons_whole)
{
	struct vmlab_walk answer = { .size = sizeof(answer), .va = 0x1000 };
	struct command_ran ran;

	/* Four reasons of the leaf's, one more of the region's. */
	answer.out_leaf.facts = VMLAB_FACT_PRESENT | VMLAB_FACT_ANON | VMLAB_FACT_ZERO |
				VMLAB_FACT_UFFD_WP | VMLAB_FACT_EXEC |
				VMLAB_FACT_ASKED_WRITE;
	add_walk(&self->f, 0x1000, &answer);
	recording_forged(&self->f, "walk 77 1000", &ran);
	EXPECT_STREQ("", command_breaks(&ran, false));
	EXPECT_EQ(0, ran.status);
	EXPECT_NE(NULL, strstr(ran.out, "because    not-present\n"))
		TH_LOG("%s", ran.out);
	command_done(&ran);
}

TEST_F(forged, machine_that_cannot_be_is_refused)
{
	struct vmlab_info bad[6];
	struct vmlab_session *session;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = forge_info();
	bad[0].out_page_shift = 64;
	bad[1].out_page_shift = 0;
	bad[2].out_levels = 0;
	bad[3].out_levels = 6;
	bad[4].out_va_bits = 0;
	bad[5].out_va_bits = 65;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct forge f;

		forge_process(&f, &bad[i], MAPS);
		forge_end(&f);
		EXPECT_EQ(-EBADMSG, vmlab_session_replay_bytes(f.bytes, f.size, &session))
			TH_LOG("machine %zu", i);
		forge_free(&f);
	}
}

TEST_F(forged, number_that_is_no_pid_is_refused)
{
	const int64_t pids[] = { 0, -1, 1LL << 32, INT64_MIN, INT64_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		struct vmlab_session *session;
		struct vmlab_target *target;
		struct vmlab_child child;
		struct forge f;

		forge_process(&f, NULL, MAPS);
		forge_add(&f, VMLAB_RECORD_NUMBER, 0, "self", 4, &pids[i], 8);
		forge_add(&f, VMLAB_RECORD_NUMBER, 0, "child", 5, &pids[i], 8);
		forge_end(&f);
		ASSERT_EQ(0, vmlab_session_replay_bytes(f.bytes, f.size, &session));
		EXPECT_EQ(-EBADMSG, vmlab_target_open(session, 0, &target));
		EXPECT_EQ(-EBADMSG, vmlab_child_start(session, &child, NULL));
		vmlab_session_close(session);
		forge_free(&f);
	}
}

TEST_F(forged, question_gets_its_answers_in_order_then_the_last_for_good)
{
	struct vmlab_reader *reader;
	struct vmlab_record record;
	const char *const texts[] = { "one", "two", "three", "three", "three" };
	size_t i;

	for (i = 0; i < 3; i++)
		forge_text(&self->f, "/proc/77/status", texts[i]);
	forge_end(&self->f);
	ASSERT_EQ(0, vmlab_reader_parse(self->f.bytes, self->f.size, &reader));
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		ASSERT_EQ(0, vmlab_reader_find(reader, VMLAB_RECORD_TEXT, "/proc/77/status", 15,
					       &record));
		EXPECT_EQ(strlen(texts[i]), record.sz_data);
		EXPECT_EQ(0, memcmp(texts[i], record.data, record.sz_data));
	}
	EXPECT_EQ(-ENODATA, vmlab_reader_find(reader, VMLAB_RECORD_OPEN, "/proc/77/status", 15,
					      &record));
	vmlab_reader_close(reader);
}

TEST_F(forged, version_of_the_future_is_told_from_damage)
{
	struct vmlab_reader *reader;

	forge_end(&self->f);
	self->f.bytes[8]++;
	forge_seal(self->f.bytes, self->f.size);
	EXPECT_EQ(-EPROTO, vmlab_reader_parse(self->f.bytes, self->f.size, &reader));
}

TEST_HARNESS_MAIN
