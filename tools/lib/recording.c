// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recording.c - writes recordings and finds answers in them.
 *
 * A reader looks at a file that anyone may have made: every length is checked
 * before it is used, once, when the file is opened.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording.h"

static const char magic[8] = "VMLABREC";
static const char end_magic[8] = "VMLABEND";

struct header {
	char magic[8];
	uint32_t version;
	uint32_t zero;
};

struct trailer {
	char magic[8];
	uint64_t sum;
};

/* Before the key and the data of each record. */
struct frame {
	uint32_t kind;
	int32_t result;
	uint32_t sz_key;
	uint32_t sz_data;
};

struct vmlab_writer {
	FILE *file;
	uint64_t sum;
	int err;
};

uint64_t vmlab_recording_sum(uint64_t sum, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	size_t i;

	for (i = 0; i < size; i++)
		sum = (sum ^ at[i]) * 1099511628211ULL;
	return sum;
}

static void put(struct vmlab_writer *writer, const void *bytes, size_t size)
{
	errno = 0;
	if (size && fwrite(bytes, 1, size, writer->file) != size && !writer->err)
		writer->err = errno ? -errno : -EIO;
	writer->sum = vmlab_recording_sum(writer->sum, bytes, size);
}

int vmlab_writer_open(const char *path, struct vmlab_writer **out)
{
	struct header header = { .version = htole32(VMLAB_RECORDING_VERSION) };
	struct vmlab_writer *writer = calloc(1, sizeof(*writer));
	int fd, ret;

	*out = NULL;
	if (!writer)
		return -ENOMEM;
	/* It holds frames and entries: for nobody but who was shown them. */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	/* Also where it was there before, and open to more. */
	if (fd >= 0 && !fchmod(fd, 0600))
		writer->file = fdopen(fd, "w");
	if (!writer->file) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		free(writer);
		return ret;
	}
	memcpy(header.magic, magic, sizeof(magic));
	writer->sum = VMLAB_RECORDING_SUM;
	put(writer, &header, sizeof(header));
	*out = writer;
	return 0;
}

void vmlab_writer_add(struct vmlab_writer *writer, const struct vmlab_record *record)
{
	struct frame frame = {
		.kind = htole32(record->kind),
		.result = (int32_t)htole32((uint32_t)record->result),
		.sz_key = htole32(record->sz_key),
		.sz_data = htole32(record->sz_data),
	};

	put(writer, &frame, sizeof(frame));
	put(writer, record->key, record->sz_key);
	put(writer, record->data, record->sz_data);
}

int vmlab_writer_close(struct vmlab_writer *writer)
{
	struct trailer trailer = { .sum = htole64(writer->sum) };
	int ret;

	memcpy(trailer.magic, end_magic, sizeof(end_magic));
	put(writer, &trailer, sizeof(trailer));
	if (fclose(writer->file) && !writer->err)
		writer->err = -errno;
	ret = writer->err;
	free(writer);
	return ret;
}

/* Where one record lies, and the next of the same question. */
struct entry {
	const unsigned char *at;	/* of its frame */
	uint32_t next;			/* in the bucket, or NONE */
	bool used;
};

#define NONE		UINT32_MAX
/* Buckets are counted in 32 bits, in powers of two. */
#define MAX_RECORDS	(1U << 30)

struct vmlab_reader {
	const unsigned char *bytes;
	size_t size;
	bool mapped;
	struct entry *entries;
	uint32_t nr;
	uint32_t *buckets;
	uint32_t nr_buckets;		/* a power of two */
};

static struct frame frame_at(const unsigned char *at)
{
	struct frame frame;

	memcpy(&frame, at, sizeof(frame));
	frame.kind = le32toh(frame.kind);
	frame.result = (int32_t)le32toh((uint32_t)frame.result);
	frame.sz_key = le32toh(frame.sz_key);
	frame.sz_data = le32toh(frame.sz_data);
	return frame;
}

/* FNV-1a, 32 bits: keys are short and nobody gains by making them collide. */
static uint32_t hash(uint32_t kind, const unsigned char *key, size_t size)
{
	uint32_t h = 2166136261u ^ kind;
	size_t i;

	for (i = 0; i < size; i++)
		h = (h ^ key[i]) * 16777619u;
	return h;
}

/* Length of the record at @at, or 0 where the file does not hold all of it. */
static size_t record_size(const unsigned char *at, size_t left)
{
	struct frame frame;
	uint64_t size;

	if (left < sizeof(frame))
		return 0;
	frame = frame_at(at);
	size = sizeof(frame) + (uint64_t)frame.sz_key + frame.sz_data;
	if (frame.kind < VMLAB_RECORD_OPEN || frame.kind > VMLAB_RECORD_NUMBER || size > left)
		return 0;
	return size;
}

/* Whole and unchanged? Then *size is what is left without the trailer. */
static int check_trailer(const unsigned char *bytes, size_t *size)
{
	struct trailer trailer;

	if (*size < sizeof(struct header) + sizeof(trailer))
		return -EBADMSG;
	*size -= sizeof(trailer);
	memcpy(&trailer, bytes + *size, sizeof(trailer));
	if (memcmp(trailer.magic, end_magic, sizeof(end_magic)) ||
	    le64toh(trailer.sum) != vmlab_recording_sum(VMLAB_RECORDING_SUM, bytes, *size))
		return -EBADMSG;
	return 0;
}

static int count_records(const unsigned char *bytes, size_t size, uint32_t *nr)
{
	size_t at = sizeof(struct header), step;

	*nr = 0;
	for (; at < size; at += step) {
		step = record_size(bytes + at, size - at);
		if (!step || *nr == MAX_RECORDS)
			return -EBADMSG;
		(*nr)++;
	}
	return 0;
}

/* In file order: each bucket's chain keeps the order of the answers. */
static void index_records(struct vmlab_reader *reader)
{
	const unsigned char *at = reader->bytes + sizeof(struct header);
	uint32_t *tails = reader->buckets + reader->nr_buckets;
	uint32_t i;

	memset(reader->buckets, 0xff, 2 * sizeof(uint32_t) * reader->nr_buckets);
	for (i = 0; i < reader->nr; i++) {
		struct frame frame = frame_at(at);
		uint32_t b = hash(frame.kind, at + sizeof(frame), frame.sz_key) &
			     (reader->nr_buckets - 1);

		reader->entries[i].at = at;
		reader->entries[i].next = NONE;
		if (tails[b] == NONE)
			reader->buckets[b] = i;
		else
			reader->entries[tails[b]].next = i;
		tails[b] = i;
		at += sizeof(frame) + frame.sz_key + frame.sz_data;
	}
}

int vmlab_reader_parse(const void *bytes, size_t size, struct vmlab_reader **out)
{
	struct vmlab_reader *reader;
	struct header header;
	size_t whole = size;
	uint32_t nr;
	int ret;

	*out = NULL;
	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)))
		return -EBADMSG;
	if (le32toh(header.version) != VMLAB_RECORDING_VERSION)
		return -EPROTO;
	ret = check_trailer(bytes, &size);
	if (!ret)
		ret = count_records(bytes, size, &nr);
	if (ret)
		return ret;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->bytes = bytes;
	reader->size = whole;
	reader->nr = nr;
	for (reader->nr_buckets = 16; reader->nr_buckets < nr;)
		reader->nr_buckets *= 2;
	reader->entries = calloc(nr ? nr : 1, sizeof(*reader->entries));
	/* Heads, then tails, which only the building needs. */
	reader->buckets = calloc(2 * (size_t)reader->nr_buckets, sizeof(*reader->buckets));
	if (!reader->entries || !reader->buckets) {
		vmlab_reader_close(reader);
		return -ENOMEM;
	}
	index_records(reader);
	*out = reader;
	return 0;
}

int vmlab_reader_open(const char *path, struct vmlab_reader **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	struct stat st;
	void *bytes;

	*out = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		close(fd);
		return -EBADMSG;
	}
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return -errno;
	ret = vmlab_reader_parse(bytes, st.st_size, out);
	if (ret)
		munmap(bytes, st.st_size);
	else
		(*out)->mapped = true;
	return ret;
}

void vmlab_reader_close(struct vmlab_reader *reader)
{
	if (reader->mapped)
		munmap((void *)reader->bytes, reader->size);
	free(reader->entries);
	free(reader->buckets);
	free(reader);
}

static void fill(struct vmlab_record *out, const unsigned char *at)
{
	struct frame frame = frame_at(at);

	out->kind = frame.kind;
	out->result = frame.result;
	out->key = at + sizeof(frame);
	out->sz_key = frame.sz_key;
	out->data = at + sizeof(frame) + frame.sz_key;
	out->sz_data = frame.sz_data;
}

int vmlab_reader_record(const struct vmlab_reader *reader, uint32_t i,
			struct vmlab_record *out)
{
	if (i >= reader->nr)
		return -ENODATA;
	fill(out, reader->entries[i].at);
	return 0;
}

int vmlab_reader_find(struct vmlab_reader *reader, uint32_t kind, const void *key,
		      size_t sz_key, struct vmlab_record *out)
{
	uint32_t b = hash(kind, key, sz_key) & (reader->nr_buckets - 1);
	struct entry *found = NULL, *entry;
	struct frame frame;
	uint32_t i;

	for (i = reader->buckets[b]; i != NONE; i = entry->next) {
		entry = &reader->entries[i];
		frame = frame_at(entry->at);
		if (frame.kind != kind || frame.sz_key != sz_key ||
		    memcmp(entry->at + sizeof(frame), key, sz_key))
			continue;
		found = entry;
		if (!entry->used)
			break;
	}
	if (!found)
		return -ENODATA;
	found->used = true;
	fill(out, found->at);
	return 0;
}
