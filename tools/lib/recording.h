/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recording.h - the file that answers are kept in.
 *
 * A header of 16 bytes (magic, version, zero), then records: kind, result, length
 * of the key, length of the data (32 bits each), key, data; at the end 16 bytes
 * (magic, sum of all before), so that a damaged or unfinished file is not taken for
 * an answer. All numbers are little-endian, and so is what stands in the structs of
 * answers, because that is what every architecture of vmlab is. The answer of INFO,
 * which is in every recording, tells the architecture, /proc/sys/kernel/osrelease the
 * kernel.
 */
#ifndef VMLAB_RECORDING_H
#define VMLAB_RECORDING_H

#include <stddef.h>
#include <stdint.h>

#define VMLAB_RECORDING_VERSION	1

enum vmlab_record_kind {
	VMLAB_RECORD_OPEN = 1,	/* key: path */
	VMLAB_RECORD_ASK,	/* key: object's name, NUL, cmd, question */
	VMLAB_RECORD_TEXT,	/* key: path */
	VMLAB_RECORD_NUMBER,	/* key: name; data: 8 bytes */
};

struct vmlab_record {
	uint32_t kind;
	int32_t result;
	const void *key;
	uint32_t sz_key;
	const void *data;
	uint32_t sz_data;
};

struct vmlab_writer;
struct vmlab_reader;

int vmlab_writer_open(const char *path, struct vmlab_writer **out);
/* Failures are kept and told by vmlab_writer_close(). */
void vmlab_writer_add(struct vmlab_writer *writer, const struct vmlab_record *record);
int vmlab_writer_close(struct vmlab_writer *writer);

/* FNV-1a, 64 bits: no change of a single byte goes unseen. @sum: of what came before. */
#define VMLAB_RECORDING_SUM	14695981039346656037ULL
uint64_t vmlab_recording_sum(uint64_t sum, const void *bytes, size_t size);

/* Checks the whole file; -EBADMSG or -EPROTO as in source.h. */
int vmlab_reader_open(const char *path, struct vmlab_reader **out);
/* The same from memory, which stays the caller's and must outlive the reader. */
int vmlab_reader_parse(const void *bytes, size_t size, struct vmlab_reader **out);
void vmlab_reader_close(struct vmlab_reader *reader);
/*
 * The next answer to a question: each time the following one, the last one again
 * when there are no more. 0 or -ENODATA; pointers are good as long as @reader.
 */
int vmlab_reader_find(struct vmlab_reader *reader, uint32_t kind, const void *key,
		      size_t sz_key, struct vmlab_record *out);

/* The @i-th record of the file, 0 or -ENODATA; nothing is used up. */
int vmlab_reader_record(const struct vmlab_reader *reader, uint32_t i,
			struct vmlab_record *out);

#endif /* VMLAB_RECORDING_H */
