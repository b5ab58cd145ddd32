// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_damage.c - recordings that are not as they were made.
 *
 * Damaged ones are refused, each with one line and status 1. Those that somebody has
 * changed and given a right sum may be answered from, or not; but whatever they say,
 * what comes out keeps to the contract: whole JSON, one error line, no control
 * characters, no end of time. The sanitizers watch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "recording.h"
#include "recordings.h"

#define SZ_FRAME	16
#define SZ_HEADER	16
#define SZ_TRAILER	16

FIXTURE(recording)
{
	struct recording *all;
	size_t nr;
	unsigned char *changed;	/* a copy of the one at work */
	char wrong[256];
};

FIXTURE_SETUP(recording)
{
	self->nr = recordings_load(&self->all);
	self->changed = malloc(1 << 17);
	ASSERT_NE(NULL, self->changed);
}

FIXTURE_TEARDOWN(recording)
{
	recordings_free(self->all, self->nr);
	free(self->changed);
}

/* Runs @r's command on @size changed bytes. "" or what is wrong with the answer. */
static const char *answer(const struct recording *r, const unsigned char *bytes, size_t size,
			  bool json, int *status)
{
	struct command_line line;
	struct command_ran ran;
	const char *wrong;
	char path[32];
	int fd;

	fd = forge_file(bytes, size, path);
	recording_command(r, path, json, &line);
	command_run(&ran, &line);
	wrong = command_breaks(&ran, json);
	*status = ran.status;
	command_done(&ran);
	command_forget(&line);
	close(fd);
	return wrong;
}

/* Refused, and well: text and JSON take turns. */
static const char *refused(const struct recording *r, const unsigned char *bytes, size_t size)
{
	static unsigned int turn;
	const char *wrong;
	int status;

	wrong = answer(r, bytes, size, turn++ % 2, &status);
	if (*wrong)
		return wrong;
	return status == 1 ? "" : "taken for a recording";
}

TEST_F_TIMEOUT(recording, as_it_was_made_is_answered_from, 180)
{
	size_t i;
	int status;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		EXPECT_STREQ("", answer(r, r->rec.bytes, r->rec.size, true, &status))
			TH_LOG("%s", r->name);
		EXPECT_EQ(r->fails, status)
			TH_LOG("%s", r->name);
	}
}

TEST_F_TIMEOUT(recording, with_any_byte_changed_is_no_recording, 180)
{
	const unsigned char changes[] = { 0x01, 0x80, 0xff };
	struct vmlab_reader *reader;
	size_t i, at, stride;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		memcpy(self->changed, r->rec.bytes, r->rec.size);
		/* Every byte of the small ones. */
		stride = r->rec.size < 1024 ? 1 : r->rec.size / 97 | 1;
		for (at = 0; at < r->rec.size; at += stride) {
			self->changed[at] ^= changes[at % 3];
			EXPECT_NE(0, vmlab_reader_parse(self->changed, r->rec.size, &reader))
				TH_LOG("%s: byte %zu", r->name, at);
			self->changed[at] ^= changes[at % 3];
		}
	}
}

TEST_F_TIMEOUT(recording, with_a_byte_changed_is_refused_with_one_line, 180)
{
	size_t i, at;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		memcpy(self->changed, r->rec.bytes, r->rec.size);
		for (at = i % 7; at < r->rec.size; at += r->rec.size / 23 + 1) {
			self->changed[at] ^= 0x10;
			EXPECT_STREQ("", refused(r, self->changed, r->rec.size))
				TH_LOG("%s: byte %zu", r->name, at);
			self->changed[at] ^= 0x10;
		}
	}
}

/* Where the @i-th record begins; the end of the last after them. */
static size_t boundary(const struct vmlab_reader *reader, const struct recording *r, uint32_t i)
{
	struct vmlab_record record;

	if (vmlab_reader_record(reader, i, &record))
		return r->rec.size - SZ_TRAILER;
	return (const unsigned char *)record.key - r->rec.bytes - SZ_FRAME;
}

TEST_F_TIMEOUT(recording, cut_anywhere_is_refused, 180)
{
	struct vmlab_reader *reader;
	size_t i, at, middle;
	uint32_t record;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		ASSERT_EQ(0, vmlab_reader_parse(r->rec.bytes, r->rec.size, &reader));
		for (record = 0;; record++) {
			at = boundary(reader, r, record);
			EXPECT_STREQ("", refused(r, r->rec.bytes, at))
				TH_LOG("%s: cut before record %u", r->name, record);
			if (at == r->rec.size - SZ_TRAILER)
				break;
			middle = (at + boundary(reader, r, record + 1)) / 2;
			EXPECT_STREQ("", refused(r, r->rec.bytes, middle))
				TH_LOG("%s: cut in record %u", r->name, record);
		}
		vmlab_reader_close(reader);
		for (at = 0; at < SZ_HEADER; at++)
			EXPECT_STREQ("", refused(r, r->rec.bytes, at))
				TH_LOG("%s: only %zu bytes", r->name, at);
		for (at = 1; at < SZ_TRAILER; at++)
			EXPECT_STREQ("", refused(r, r->rec.bytes, r->rec.size - at))
				TH_LOG("%s: the last %zu bytes missing", r->name, at);
	}
}

TEST_F_TIMEOUT(recording, with_huge_lengths_is_refused_even_with_a_right_sum, 180)
{
	const uint32_t huge[] = { 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	struct vmlab_reader *reader;
	uint32_t record;
	size_t i, k, at;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		ASSERT_EQ(0, vmlab_reader_parse(r->rec.bytes, r->rec.size, &reader));
		for (record = 0; (at = boundary(reader, r, record)) < r->rec.size - SZ_TRAILER;
		     record++) {
			for (k = 0; k < 2 * ARRAY_SIZE(huge); k++) {
				memcpy(self->changed, r->rec.bytes, r->rec.size);
				/* Of the key, then of the data. */
				memcpy(self->changed + at + 8 + 4 * (k % 2), &huge[k / 2], 4);
				forge_seal(self->changed, r->rec.size);
				EXPECT_STREQ("", refused(r, self->changed, r->rec.size))
					TH_LOG("%s: record %u: %x", r->name, record, huge[k / 2]);
			}
		}
		vmlab_reader_close(reader);
	}
}

TEST_F_TIMEOUT(recording, that_somebody_changed_is_answered_well_or_not_at_all, 300)
{
	const unsigned char changes[] = { 0x01, 0x80, 0xff, 0x55, 0x20 };
	unsigned long answered = 0, not_answered = 0;
	size_t i, at, stride, nr = 0;
	int status;

	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		stride = r->rec.size / 211 + 1;
		memcpy(self->changed, r->rec.bytes, r->rec.size);
		for (at = SZ_HEADER + i % stride; at < r->rec.size - SZ_TRAILER; at += stride) {
			self->changed[at] ^= changes[nr % 5];
			forge_seal(self->changed, r->rec.size);
			EXPECT_STREQ("", answer(r, self->changed, r->rec.size, nr % 2, &status))
				TH_LOG("%s: byte %zu ^ %x", r->name, at, changes[nr % 5]);
			self->changed[at] ^= changes[nr++ % 5];
			*(status ? &not_answered : &answered) += 1;
		}
	}
	/* Both happen, or this tests nothing. */
	EXPECT_LT(1000, answered);
	EXPECT_LT(1000, not_answered);
}

TEST_F_TIMEOUT(recording, of_random_words_is_answered_well_or_not_at_all, 300)
{
	size_t i, k, at;
	int status;

	srandom(4711);
	for (i = 0; i < self->nr; i++) {
		const struct recording *r = &self->all[i];

		for (k = 0; k < 60; k++) {
			uint64_t word = (uint64_t)random() << 33 ^ random();

			memcpy(self->changed, r->rec.bytes, r->rec.size);
			at = SZ_HEADER + random() % (r->rec.size - SZ_HEADER - SZ_TRAILER - 8);
			word = k % 3 ? word : k % 2 ? ~0ULL : 0;
			memcpy(self->changed + at, &word, sizeof(word));
			forge_seal(self->changed, r->rec.size);
			EXPECT_STREQ("", answer(r, self->changed, r->rec.size, k % 2, &status))
				TH_LOG("%s: %zu: %llx", r->name, at, (unsigned long long)word);
		}
	}
}

TEST_HARNESS_MAIN
