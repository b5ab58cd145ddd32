// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_events.c - traces that never were: batches of events made by hand. Good ones come
 * out with the right words, in order, the summary last; what no kernel writes is refused
 * in one line, and the lines before it stay well-formed.
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include <linux/types.h>
#include "../../include/vmlab_event.h"
#include "command.h"
#include "forge.h"
#include "recording.h"
#include "recordings.h"

static void number(struct forge *f, const char *name, int64_t value)
{
	forge_add(f, VMLAB_RECORD_NUMBER, 0, name, strlen(name), &value, sizeof(value));
}

static void batch(struct forge *f, const void *bytes, size_t size)
{
	forge_add(f, VMLAB_RECORD_TEXT, 0, "trace-events", 12, bytes, size);
}

static struct vmlab_event_fault a_fault(void)
{
	return (struct vmlab_event_fault) {
		.head = { .size = sizeof(struct vmlab_event_fault), .kind = VMLAB_EVENT_FAULT,
			  .flags = VMLAB_EVENT_F_USER, .pid = 7, .tid = 8, .by = 7, .ts = 99,
			  .comm = "who" },
		.va = 0x1234, .ip = 0x4000, .ns = 1000, .before = 0x25, .after = 0x67,
		.old_pfn = VMLAB_EVENT_PFN_NONE, .new_pfn = 6, .class = VMLAB_CLASS_ANON_NEW,
		.access = VMLAB_EVENT_WRITE, .asked = 3, .may_after = 3, .level_before = 1,
		.level_after = 1, .sharers = VMLAB_EVENT_UNKNOWN,
	};
}

/* A trace of faults up to where events come. */
static void begin(struct forge *f)
{
	forge_begin(f);
	number(f, "arch", 1);
	number(f, "page-size", 4096);
	forge_text(f, "/proc/sys/kernel/osrelease", "6.1\n");
	number(f, "trace-start", 0);
}

TEST(an_event_gets_its_words)
{
	struct vmlab_event_fault fault = a_fault();
	struct vmlab_trace_counts counts = { .lost = 5 };
	struct command_ran ran;
	struct forge f;

	begin(&f);
	batch(&f, &fault, sizeof(fault));
	batch(&f, NULL, 0);
	counts.count[VMLAB_CLASS_ANON_NEW] = 6;
	counts.total_ns[VMLAB_CLASS_ANON_NEW] = 6000;
	counts.ns[VMLAB_CLASS_ANON_NEW][9] = 6;
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-counts:1", 14, &counts, sizeof(counts));
	recording_forged(&f, "trace --json fault", &ran);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"ts\":99,\"kind\":\"fault\",\"pid\":7,\"tid\":8,\"comm\":\"who\""));
	EXPECT_NE(NULL, strstr(ran.out, "\"va\":\"0x1234\",\"access\":\"write\",\"mode\":\"user\",\"remote\":false"));
	EXPECT_NE(NULL, strstr(ran.out, "\"class\":\"anon-new\",\"outcome\":null"));
	EXPECT_NE(NULL, strstr(ran.out, "\"enforced_before\":\"---\",\"enforced_after\":\"rw-\",\"old_pfn\":null,\"new_pfn\":6"));
	EXPECT_NE(NULL, strstr(ran.out, "}\n{\"kind\":\"summary\",\"changed\":\"nothing\",\"counts\":{\"anon-new\":6,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"total_ns\":{\"anon-new\":6000},\"log2_ns\":{\"anon-new\":[0,0,0,0,0,0,0,0,0,6]},\"skipped\":0,\"lost\":5}\n"));
	command_done(&ran);
}

/* What is wrong with it, for each: size, kind, text without an end. */
TEST(what_no_kernel_writes_is_refused)
{
	static const struct {
		uint32_t size;
		uint16_t kind;
		size_t cut;
	} wrong[] = {
		{ 0, VMLAB_EVENT_FAULT, 0 }, { 4, VMLAB_EVENT_FAULT, 0 },
		{ 48, VMLAB_EVENT_FAULT, 0 }, { 132, VMLAB_EVENT_FAULT, 0 },
		{ 136, VMLAB_EVENT_FAULT, 0 }, { 0xffffffff, VMLAB_EVENT_FAULT, 0 },
		{ 128, 0, 0 }, { 128, VMLAB_EVENT_EXEC, 0 }, { 128, VMLAB_EVENT_NR_KINDS, 0 },
		{ 128, 65535, 0 }, { 128, VMLAB_EVENT_FAULT, 1 }, { 128, VMLAB_EVENT_FAULT, 120 },
		{ 128, VMLAB_EVENT_CODE, 0 }, { 80, VMLAB_EVENT_SWITCH, 0 },
		{ 88, VMLAB_EVENT_FLUSH, 0 }, { 56, VMLAB_EVENT_ROLLOVER, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vmlab_event_fault events[] = { a_fault(), a_fault() };
		struct command_ran ran;
		struct forge f;

		events[1].head.size = wrong[i].size;
		events[1].head.kind = wrong[i].kind;
		begin(&f);
		batch(&f, events, sizeof(events) - wrong[i].cut);
		recording_forged(&f, "trace --json fault", &ran);
		EXPECT_EQ(1, ran.status) TH_LOG("%zu", i);
		EXPECT_NE(NULL, strstr(ran.err, "the recording is damaged")) TH_LOG("%s", ran.err);
		EXPECT_NE(NULL, strstr(ran.out, "\"anon-new\"")) TH_LOG("the good one is told");
		EXPECT_NE(NULL, strstr(ran.out, "}\n{\"complete\":false,\"error\":"));
		command_done(&ran);
	}
}

/* Words for what there is no word for: null, and no access beyond a table. */
TEST(numbers_without_a_word_are_null)
{
	struct vmlab_event_fault fault = a_fault();
	struct vmlab_trace_counts counts = { 0 };
	struct command_ran ran;
	struct forge f;
	int json;

	fault.class = 255;
	fault.outcome = 255;
	fault.why = 255;
	fault.level_before = 255;
	fault.signal = 255;
	memset(fault.head.comm, 0xff, sizeof(fault.head.comm));
	for (json = 0; json < 2; json++) {
		begin(&f);
		batch(&f, &fault, sizeof(fault));
		batch(&f, NULL, 0);
		forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-counts:1", 14, &counts, sizeof(counts));
		recording_forged(&f, json ? "trace --json fault" : "trace fault", &ran);
		EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
		EXPECT_TRUE(!json || strstr(ran.out, "\"class\":null"));
		EXPECT_TRUE(!json || strstr(ran.out, "\"level_before\":null"));
		command_done(&ran);
	}
}

/* A trace of tags: with PCIDs and two roots, or of a machine that has none. */
static void ran_tlb(struct command_ran *ran, bool tags, const struct vmlab_event_switch *s,
		    const struct vmlab_event_flush *flush)
{
	const struct vmlab_event_rollover over = {
		.head = { .size = sizeof(over), .kind = VMLAB_EVENT_ROLLOVER, .pid = 7, .tid = 7,
			  .comm = "who" },
		.generation = 2, .before = 1,
	};
	const struct vmlab_tlb_process process = {
		.pid = 7, .flushes = 3, .asked = 4, .switches = { 5, 6, 7, 8 }, .comm = "who",
	};
	struct vmlab_trace_counts counts = { .lost = 0 };
	struct forge f;

	counts.count[VMLAB_TAG_NEW] = 8;
	counts.count[VMLAB_TLB_ROW_FLUSH + VMLAB_FLUSH_REMOTE] = 9;
	counts.count[VMLAB_TLB_ROW_ROLLOVER] = 1;
	begin(&f);
	number(&f, "trace-tags", tags ? VMLAB_TRACE_TAGS | VMLAB_TRACE_USER_TAGS : 0);
	batch(&f, s, sizeof(*s));
	batch(&f, flush, sizeof(*flush));
	batch(&f, &over, sizeof(over));
	batch(&f, NULL, 0);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-counts:7", 14, &counts, sizeof(counts));
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-processes", 15, &process, sizeof(process));
	recording_forged(&f, "trace --json tlb", ran);
}

static struct vmlab_event_switch a_switch(void)
{
	return (struct vmlab_event_switch) {
		.head = { .size = sizeof(struct vmlab_event_switch), .kind = VMLAB_EVENT_SWITCH,
			  .flags = VMLAB_EVENT_F_SCHEDULED, .pid = 7, .tid = 8, .by = 9, .ts = 99,
			  .comm = "who" },
		.context = 40, .generation = 12, .evicted = 39, .slot = 2, .tag = 3,
		.user_tag = 0x803, .outcome = VMLAB_TAG_NEW,
	};
}

static struct vmlab_event_flush a_flush(void)
{
	return (struct vmlab_event_flush) {
		.head = { .size = sizeof(struct vmlab_event_flush), .kind = VMLAB_EVENT_FLUSH,
			  .pid = 7, .tid = 8, .by = 9, .ts = 100, .comm = "who" },
		.context = 40, .start = 0x1000, .end = 0x3000, .pages = 2,
		.reason = VMLAB_FLUSH_REMOTE, .stride = 12,
	};
}

TEST(switches_and_flushes_get_their_words)
{
	struct vmlab_event_switch s = a_switch();
	struct vmlab_event_flush flush = a_flush();
	struct command_ran ran;

	ran_tlb(&ran, true, &s, &flush);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"from\":9,\"scheduled\":true,\"outcome\":\"new\",\"slot\":2,\"tag\":3,\"user_tag\":2051,\"ctx_id\":40,\"generation\":12,\"evicted\":39,\"tag_before\":null}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"by\":9,\"reason\":\"remote\",\"start\":\"0x1000\",\"end\":\"0x3000\",\"whole\":false,\"pages\":2,\"all\":false,\"size\":4096,\"ctx_id\":40,\"ip\":null,\"symbol\":null}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"kind\":\"rollover\",\"pid\":7,\"tid\":7,\"comm\":\"who\",\"cpu\":0,\"generation\":2,\"before\":1}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"counts\":{\"stayed\":0,\"kept\":0,\"flushed\":0,\"new\":8,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"remote\":9,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"rollover\":1}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"tagging\":{\"by\":\"pcid\",\"flush_on_switch\":false}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"processes\":[{\"pid\":7,\"comm\":\"who\",\"stayed\":5,\"kept\":6,\"flushed\":7,\"new\":8,\"flushes\":3,\"asked\":4}]"));
	command_done(&ran);
}

static struct vmlab_event_protect a_change(void)
{
	return (struct vmlab_event_protect) {
		.head = { .size = sizeof(struct vmlab_event_protect), .kind = VMLAB_EVENT_PROTECT,
			  .pid = 7, .tid = 8, .by = 7, .ts = 99, .comm = "who" },
		.start = 0x1000, .end = 0x3000, .offset = 0x2000, .entries = 2, .ip = 0x4000,
		.caller = 0x5000, .from = 3, .to = 5, .pkey_from = VMLAB_EVENT_UNKNOWN,
		.pkey_to = 4, .nr_names = 2, .names = { "lib", "some" },
	};
}

static void ran_mprotect(struct command_ran *ran, const struct vmlab_event_protect *e)
{
	const struct vmlab_event_protect_call call = {
		.head = { .size = sizeof(call), .kind = VMLAB_EVENT_PROTECT_CALL, .pid = 7,
			  .tid = 8, .by = 7, .ts = 99, .comm = "who" },
		.start = 0x1000, .length = 0x2000, .protection = 0x01000001, .ns = 5,
		.result = -12, .pkey = -1, .ranges = 1,
	};
	struct vmlab_trace_counts counts = { .lost = 0 };
	struct forge f;

	counts.count[VMLAB_PROTECT_CALLS] = 6;
	begin(&f);
	batch(&f, e, e->head.size);
	batch(&f, &call, sizeof(call));
	batch(&f, NULL, 0);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-counts:10", 15, &counts, sizeof(counts));
	recording_forged(&f, "trace --json mprotect", ran);
}

/* A file that the recording has nothing of is no reason to stop. */
TEST(changes_of_permissions_get_their_words)
{
	struct vmlab_event_protect e = a_change();
	struct command_ran ran;

	ran_mprotect(&ran, &e);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"kind\":\"mprotect\",\"pid\":7,\"tid\":8,\"comm\":\"who\",\"cpu\":0,\"start\":\"0x1000\",\"end\":\"0x3000\",\"from\":\"rw-\",\"to\":\"r-x\",\"pkey_from\":null,\"pkey_to\":4,\"entries\":2,\"shared\":false,\"segment\":null,\"name\":\"/some/lib\",\"offset\":8192,\"finding\":\"w-to-x\",\"ip\":\"0x4000\",\"symbol\":null,\"by\":null}"));
	EXPECT_NE(NULL, strstr(ran.out, "\"kind\":\"mprotect-call\",\"pid\":7,\"tid\":8,\"comm\":\"who\",\"cpu\":0,\"start\":\"0x1000\",\"end\":\"0x3000\",\"to\":\"r--\",\"pkey\":null,\"ranges\":1,\"result\":\"ENOMEM\",\"ns\":5,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"counts\":{\"mprotect\":0,\"mprotect-call\":6,\"mprotect-failed\":0}"));
	command_done(&ran);
}

TEST(what_is_to_be_said_of_a_change_is_one_word)
{
	static const struct {
		unsigned int from, to, flags;
		const char *finding;
	} changes[] = {
		{ 3, 1, 0, "null" }, { 1, 5, 0, "null" }, { 3, 5, 0, "\"w-to-x\"" },
		{ 5, 3, 0, "\"x-to-w\"" }, { 1, 7, 0, "\"rwx-asked\"" }, { 5, 0, 0, "null" },
		{ 3, 7, VMLAB_EVENT_F_STACK, "\"exec-stack\"" },
		{ 3, 5, VMLAB_EVENT_F_HEAP, "\"exec-heap\"" },
		{ 7, 5, VMLAB_EVENT_F_STACK, "\"w-to-x\"" },
	};
	struct command_ran ran;
	char want[64];
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct vmlab_event_protect e = a_change();

		/* Of no file: the record ends before the names. */
		e.head.size = offsetof(struct vmlab_event_protect, names);
		e.nr_names = 0;
		e.from = changes[i].from;
		e.to = changes[i].to;
		e.head.flags = changes[i].flags;
		ran_mprotect(&ran, &e);
		EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
		snprintf(want, sizeof(want), "\"finding\":%s,", changes[i].finding);
		EXPECT_NE(NULL, strstr(ran.out, want)) TH_LOG("%zu: %s", i, want);
		command_done(&ran);
	}
}

/* Names that the record ends before; more of them than there can be; ones without an end. */
TEST(names_beyond_a_record_are_refused)
{
	struct vmlab_event_protect e = a_change();
	struct command_ran ran;

	e.head.size = offsetof(struct vmlab_event_protect, names);
	ran_mprotect(&ran, &e);
	EXPECT_EQ(1, ran.status);
	EXPECT_NE(NULL, strstr(ran.err, "the recording is damaged")) TH_LOG("%s", ran.err);
	command_done(&ran);
	e.head.size = sizeof(e);
	e.nr_names = 0xffffffff;
	memset(e.names, 'x', sizeof(e.names));
	ran_mprotect(&ran, &e);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"name\":null,"));
	command_done(&ran);
}

static struct vmlab_event_map a_mapping(void)
{
	return (struct vmlab_event_map) {
		.head = { .size = sizeof(struct vmlab_event_map), .kind = VMLAB_EVENT_MAP, .pid = 7,
			  .tid = 8, .by = 7, .ts = 99, .comm = "who",
			  .flags = VMLAB_EVENT_F_FILE | VMLAB_EVENT_F_SHARED },
		.start = 0x1000, .end = 0x3000, .vma_start = 0x1000, .vma_end = 0x4000,
		.offset = 0x2000, .inode = 12, .dev = 8 << 20 | 1, .call = VMLAB_EVENT_CALL_NONE,
		.what = VMLAB_MAP_MAPPED, .may = 3, .nr_names = 2, .names = { "lib", "some" },
	};
}

static void ran_map(struct command_ran *ran, const struct vmlab_event_map *e)
{
	struct vmlab_trace_counts counts = { .lost = 0 };
	struct forge f;

	counts.count[VMLAB_MAP_GROWN] = 6;
	begin(&f);
	batch(&f, e, e->head.size);
	batch(&f, NULL, 0);
	forge_add(&f, VMLAB_RECORD_TEXT, 0, "trace-counts:12", 15, &counts, sizeof(counts));
	recording_forged(&f, "trace --json map", ran);
}

TEST(changes_of_mappings_get_their_words)
{
	struct vmlab_event_map e = a_mapping();
	struct command_ran ran;

	ran_map(&ran, &e);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"call\":\"fault\",\"what\":\"mapped\",\"start\":\"0x1000\",\"end\":\"0x3000\",\"asked\":\"rw-\",\"shared\":true,\"name\":\"/some/lib\",\"offset\":8192,\"dev\":\"08:01\",\"inode\":12,\"advice\":null,\"parent\":null,\"vma_start\":\"0x1000\",\"vma_end\":\"0x4000\"")) TH_LOG("%s", ran.out);
	EXPECT_NE(NULL, strstr(ran.out, "\"counts\":{\"mapped\":0,\"unmapped\":0,\"grown\":6,\"protected\":0,\"moved\":0,\"advised\":0,\"cleared\":0,\"inherited\":0}"));
	command_done(&ran);
	/* A fork is of the whole address space, and says whose it was. */
	e.head.size = offsetof(struct vmlab_event_map, names);
	e.head.flags = 0;
	e.nr_names = 0;
	e.vma_start = 0;
	e.vma_end = 0;
	e.what = VMLAB_MAP_INHERITED;
	e.call = 57;
	ran_map(&ran, &e);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"call\":\"fork\",\"what\":\"inherited\",\"start\":null,\"end\":null,\"asked\":null,\"shared\":null,\"name\":null,\"offset\":null,\"dev\":null,\"inode\":null,\"advice\":null,\"parent\":12,\"vma_start\":null,\"vma_end\":null")) TH_LOG("%s", ran.out);
	command_done(&ran);
}

/* What no directory has, as /proc/PID/maps writes it; names that are no file's. */
TEST(mappings_have_the_names_that_the_kernel_gave_them)
{
	static const struct {
		const char *name, *told;
		unsigned int flags, nr;
	} names[] = {
		{ "memfd:x", "\"/memfd:x (deleted)\"", VMLAB_EVENT_F_FILE, VMLAB_EVENT_NAMES_OWN | 1 },
		{ "dev/zero", "\"/dev/zero (deleted)\"", VMLAB_EVENT_F_FILE, VMLAB_EVENT_NAMES_OWN | 1 },
		{ "[aio]", "\"/[aio] (deleted)\"", VMLAB_EVENT_F_FILE, VMLAB_EVENT_NAMES_OWN | 1 },
		{ "[io_uring]", "\"anon_inode:[io_uring]\"", VMLAB_EVENT_F_FILE,
		  VMLAB_EVENT_NAMES_OWN | 1 },
		{ "", "null", VMLAB_EVENT_F_FILE, VMLAB_EVENT_NAMES_OWN | 1 },
		{ "[vdso]", "\"[vdso]\"", VMLAB_EVENT_F_SPECIAL, 1 },
		{ "", "\"[heap]\"", VMLAB_EVENT_F_HEAP, 0 },
		{ "", "\"[stack]\"", VMLAB_EVENT_F_STACK, 0 },
		{ "", "null", 0, 0 },
	};
	struct command_ran ran;
	char want[80];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct vmlab_event_map e = a_mapping();

		e.head.flags = names[i].flags;
		e.nr_names = names[i].nr;
		memset(e.names, 0, sizeof(e.names));
		strcpy(e.names[0], names[i].name);
		ran_map(&ran, &e);
		EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
		snprintf(want, sizeof(want), "\"name\":%s,", names[i].told);
		EXPECT_NE(NULL, strstr(ran.out, want)) TH_LOG("%zu: %s", i, want);
		command_done(&ran);
	}
}

/* A heap's life, event by event. */
struct life {
	struct forge f;
	struct command_ran ran;
};

static void life_asks(struct life *life, uint32_t function, uint64_t size, uint64_t ptr, uint64_t old)
{
	const struct vmlab_event_alloc e = {
		.head = { .size = sizeof(e), .kind = VMLAB_EVENT_ALLOC, .pid = 7, .tid = 7, .by = 7,
			  .comm = "who" },
		.size = size, .ptr = ptr, .old = old, .function = function,
	};

	batch(&life->f, &e, sizeof(e));
}

static void life_gets(struct life *life, uint32_t call, uint32_t what, uint64_t start, uint64_t end)
{
	const struct vmlab_event_memory e = {
		.head = { .size = sizeof(e), .kind = VMLAB_EVENT_MEMORY, .pid = 7, .tid = 7, .by = 7,
			  .comm = "who" },
		.start = start, .end = end, .call = call, .what = what,
	};

	batch(&life->f, &e, sizeof(e));
}

static void life_faults(struct life *life, uint64_t va, uint8_t level)
{
	const struct vmlab_event_fault e = {
		.head = { .size = sizeof(e), .kind = VMLAB_EVENT_FAULT, .pid = 7, .tid = 7, .by = 7,
			  .comm = "who" },
		.va = va, .level_after = level, .new_pfn = 1,
		.class = level == 2 ? VMLAB_CLASS_THP_NEW : VMLAB_CLASS_ANON_NEW,
	};

	batch(&life->f, &e, sizeof(e));
}

static void life_ends(struct life *life)
{
	const struct vmlab_trace_counts counts = { .lost = 0 };

	batch(&life->f, NULL, 0);
	forge_add(&life->f, VMLAB_RECORD_TEXT, 0, "trace-counts:13", 15, &counts, sizeof(counts));
	recording_forged(&life->f, "trace --json malloc", &life->ran);
}

TEST(a_heap_is_what_its_events_add_up_to)
{
	struct life life;

	begin(&life.f);
	/* 16 pages by brk, three of them touched, one twice; one page of nobody's. */
	life_gets(&life, VMLAB_MEMORY_BRK, VMLAB_MEMORY_GOT, 0x10000, 0x20000);
	life_asks(&life, VMLAB_ALLOC_MALLOC, 0x1800, 0x10800, 0);
	life_faults(&life, 0x10000, 1);
	life_faults(&life, 0x11234, 1);
	life_faults(&life, 0x11fff, 1);
	life_faults(&life, 0x1f000, 1);
	life_faults(&life, 0x90000, 1);
	life_asks(&life, VMLAB_ALLOC_CALLOC, 0x1000, 0x15000, 0);
	/* Of the first piece half a page and a page are real, of the second one nothing. */
	life_asks(&life, VMLAB_ALLOC_REALLOC, 0x40, 0x10100, 0x10800);
	life_asks(&life, VMLAB_ALLOC_FREE, 0, 0, 0x15000);
	/* One of its own moves, with its page, and grows. */
	life_gets(&life, VMLAB_MEMORY_MMAP, VMLAB_MEMORY_GOT, 0x400000, 0x402000);
	life_faults(&life, 0x401000, 1);
	life_gets(&life, VMLAB_MEMORY_MREMAP, VMLAB_MEMORY_GIVEN, 0x400000, 0x402000);
	life_gets(&life, VMLAB_MEMORY_MREMAP, VMLAB_MEMORY_GOT, 0x500000, 0x504000);
	/* And a huge page, of which half is given back. */
	life_gets(&life, VMLAB_MEMORY_MMAP, VMLAB_MEMORY_GOT, 0x800000, 0xa00000);
	life_faults(&life, 0x812345, 2);
	life_gets(&life, VMLAB_MEMORY_MUNMAP, VMLAB_MEMORY_GIVEN, 0x900000, 0xa00000);
	life_ends(&life);
	EXPECT_EQ(0, life.ran.status) TH_LOG("%s", life.ran.err);
	EXPECT_NE(NULL, strstr(life.ran.out, "\"function\":\"realloc\",\"size\":64,\"align\":null,\"ptr\":\"0x10100\",\"old\":\"0x10800\",\"freed\":6144,\"freed_real\":6144,\"result\":\"ok\",\"calls\":0,\"live\":4160,\"held\":65536,\"real\":12288,"));
	EXPECT_NE(NULL, strstr(life.ran.out, "\"freed\":4096,\"freed_real\":0,\"result\":\"ok\",\"calls\":0,\"live\":64,"));
	EXPECT_NE(NULL, strstr(life.ran.out, "\"call\":\"mremap\",\"what\":\"got\",\"start\":\"0x500000\",\"end\":\"0x504000\",\"bytes\":16384,\"served\":0,\"live\":64,\"held\":81920,\"real\":16384}"));
	EXPECT_NE(NULL, strstr(life.ran.out, "\"heaps\":[{\"pid\":7,\"comm\":\"who\",\"requests\":3,\"frees\":1,\"calls\":5,\"asked\":10304,\"asked_real\":6208,\"live\":64,\"live_peak\":10240,\"held\":1130496,\"held_peak\":2179072,\"real\":1064960,\"real_total\":2113536}]")) TH_LOG("%s", life.ran.out);
	command_done(&life.ran);
}

/* Ranges that no machine has end at once. */
TEST(a_heap_of_a_forged_recording_takes_no_time)
{
	struct life life;

	begin(&life.f);
	life_gets(&life, VMLAB_MEMORY_MMAP, VMLAB_MEMORY_GOT, 0, ~0ULL);
	life_faults(&life, 0x401000, 1);
	life_asks(&life, VMLAB_ALLOC_MALLOC, ~0ULL, 0x1000, 0);
	life_asks(&life, VMLAB_ALLOC_FREE, 0, 0, 0x1000);
	life_gets(&life, VMLAB_MEMORY_MREMAP, VMLAB_MEMORY_GIVEN, 0, ~0ULL);
	life_gets(&life, VMLAB_MEMORY_MREMAP, VMLAB_MEMORY_GOT, 0x1000, ~0ULL);
	life_gets(&life, VMLAB_MEMORY_MADVISE, VMLAB_MEMORY_EMPTIED, 5, ~0ULL);
	life_gets(&life, VMLAB_MEMORY_MUNMAP, VMLAB_MEMORY_GIVEN, ~0ULL, 0);
	life_gets(&life, 77, 99, 1, 2);
	life_ends(&life);
	EXPECT_EQ(0, life.ran.status) TH_LOG("%s", life.ran.err);
	command_done(&life.ran);
}

/* No tags, nobody's address space, nobody known who asked: null, and no number. */
TEST(what_is_not_known_of_a_tlb_is_null)
{
	struct vmlab_event_switch s = a_switch();
	struct vmlab_event_flush flush = a_flush();
	struct command_ran ran;

	s.slot = VMLAB_EVENT_UNKNOWN;
	s.tag = VMLAB_EVENT_TAG_NONE;
	s.user_tag = VMLAB_EVENT_TAG_NONE;
	s.outcome = VMLAB_EVENT_UNKNOWN;
	s.evicted = 0;
	flush.head.pid = 0;
	flush.head.tid = 0;
	flush.head.by = 0;
	flush.context = 0;
	flush.end = 0;
	flush.pages = VMLAB_EVENT_PAGES_UNKNOWN;
	flush.reason = 255;
	flush.stride = 255;
	ran_tlb(&ran, false, &s, &flush);
	EXPECT_EQ(0, ran.status) TH_LOG("%s", ran.err);
	EXPECT_NE(NULL, strstr(ran.out, "\"outcome\":null,\"slot\":null,\"tag\":null,\"user_tag\":null,\"ctx_id\":40,\"generation\":12,\"evicted\":null,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"kind\":\"flush\",\"pid\":null,\"tid\":null,\"comm\":null,\"cpu\":0,\"by\":null,\"reason\":null,\"start\":null,\"end\":null,\"whole\":null,\"pages\":null,\"all\":null,\"size\":null,\"ctx_id\":null,"));
	EXPECT_NE(NULL, strstr(ran.out, "\"tagging\":{\"by\":null,\"flush_on_switch\":true}"));
	command_done(&ran);
}

TEST_HARNESS_MAIN
