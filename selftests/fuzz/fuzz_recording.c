// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_recording.c - the reader of recordings: whatever the bytes, it refuses them or
 * finds every question in them. Tried twice: as they are, and with a right sum.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "recording.h"

static void find_all(struct vmlab_reader *reader, const unsigned char *bytes, size_t size)
{
	struct vmlab_record record, found;
	unsigned char sum = 0;
	uint32_t i, k;

	for (i = 0; !vmlab_reader_record(reader, i, &record); i++) {
		const unsigned char *key = record.key;

		if (key < bytes || key + record.sz_key + record.sz_data > bytes + size)
			abort();
		/* Once more than it may be there. */
		if (vmlab_reader_find(reader, record.kind, record.key, record.sz_key, &found) ||
		    found.kind != record.kind || found.sz_key != record.sz_key ||
		    memcmp(found.key, record.key, record.sz_key))
			abort();
		for (k = 0; k < found.sz_data; k++)
			sum ^= ((const unsigned char *)found.data)[k];
	}
	/* A question that is not there. */
	if (!vmlab_reader_find(reader, 0, "", 0, &found))
		abort();
	*(volatile unsigned char *)&sum;
}

static void read_one(const unsigned char *bytes, size_t size)
{
	struct vmlab_reader *reader;

	if (vmlab_reader_parse(bytes, size, &reader))
		return;
	find_all(reader, bytes, size);
	vmlab_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);

	read_one(data, size);
	memcpy(copy, data, size);
	forge_seal(copy, size);
	read_one(copy, size);
	free(copy);
	return 0;
}
