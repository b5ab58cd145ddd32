// SPDX-License-Identifier: GPL-2.0-only
/* forge.c - recordings made by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "forge.h"
#include "recording.h"

/* recording.h describes the file; here it stands a second time, on purpose. */
#define SZ_HEADER	16
#define SZ_TRAILER	16

static void append(struct forge *f, const void *bytes, size_t size)
{
	f->bytes = realloc(f->bytes, f->size + size + 1);
	if (!f->bytes)
		abort();
	if (size)
		memcpy(f->bytes + f->size, bytes, size);
	f->size += size;
}

void forge_begin(struct forge *f)
{
	const uint32_t version[2] = { VMLAB_RECORDING_VERSION, 0 };

	memset(f, 0, sizeof(*f));
	append(f, "VMLABREC", 8);
	append(f, version, sizeof(version));
}

void forge_add(struct forge *f, uint32_t kind, int32_t result, const void *key, size_t sz_key,
	       const void *data, size_t sz_data)
{
	const uint32_t frame[4] = { kind, (uint32_t)result, sz_key, sz_data };

	append(f, frame, sizeof(frame));
	append(f, key, sz_key);
	append(f, data, sz_data);
}

void forge_text(struct forge *f, const char *path, const char *text)
{
	forge_add(f, VMLAB_RECORD_TEXT, 0, path, strlen(path), text, strlen(text));
}

void forge_open(struct forge *f, const char *path)
{
	forge_add(f, VMLAB_RECORD_OPEN, 0, path, strlen(path), NULL, 0);
}

void forge_ask(struct forge *f, const char *object, uint32_t cmd, const void *question,
	       const void *answer, size_t size, const void *records, size_t sz_records)
{
	struct forge key = { 0 }, data = { 0 };

	append(&key, object, strlen(object) + 1);
	append(&key, &cmd, sizeof(cmd));
	append(&key, question, size);
	append(&data, answer, size);
	append(&data, records, sz_records);
	forge_add(f, VMLAB_RECORD_ASK, 0, key.bytes, key.size, data.bytes, data.size);
	free(key.bytes);
	free(data.bytes);
}

void forge_end(struct forge *f)
{
	append(f, "VMLABEND\0\0\0\0\0\0\0", SZ_TRAILER);
	forge_seal(f->bytes, f->size);
}

void forge_free(struct forge *f)
{
	free(f->bytes);
	memset(f, 0, sizeof(*f));
}

struct vmlab_info forge_info(void)
{
	return (struct vmlab_info) {
		.size = sizeof(struct vmlab_info),
		.out_api_version = VMLAB_API_VERSION,
		.out_arch = VMLAB_ARCH_X86_64,
		.out_page_shift = 12,
		.out_levels = 4,
		.out_va_bits = 48,
		.out_pa_bits = 40,
		.out_user_end = 0x7ffffffff000,
		.out_kernel_start = 0xffff800000000000,
		.out_facts = VMLAB_FACTS_KNOWN,
		.out_door = VMLAB_DOOR_PAGEMAP,
	};
}

void forge_process(struct forge *f, const struct vmlab_info *info, const char *maps)
{
	const struct vmlab_info ask_info = { .size = sizeof(ask_info) };
	struct vmlab_info ordinary = forge_info();

	forge_begin(f);
	forge_open(f, "/dev/vmlab");
	forge_ask(f, "/dev/vmlab", VMLAB_INFO, &ask_info, info ? info : &ordinary,
		  sizeof(ask_info), NULL, 0);
	forge_another(f, FORGE_PID, 0, maps);
}

void forge_another(struct forge *f, int pid, uint32_t flags, const char *maps)
{
	const struct vmlab_open ask = { .size = sizeof(ask) };
	struct vmlab_open opened = ask;
	char path[32];

	opened.out_fd = 3;
	opened.out_flags = flags;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	forge_open(f, path);
	forge_ask(f, "/dev/vmlab", VMLAB_OPEN, &ask, &opened, sizeof(ask), NULL, 0);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	forge_text(f, path, "forged\n");
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	forge_text(f, path, maps);
}

void forge_number(struct forge *f, const char *name, int64_t value)
{
	forge_add(f, VMLAB_RECORD_NUMBER, 0, name, strlen(name), &value, sizeof(value));
}

void forge_runs(struct forge *f, int pid, uint64_t start, uint64_t end,
		const struct vmlab_run *runs, uint32_t nr)
{
	const struct vmlab_scan question = {
		.size = sizeof(question), .start = start, .end = end, .nr_recs = FORGE_SCAN_RECS,
		.format = VMLAB_FORMAT_RUNS, .rec_size = sizeof(*runs),
	};
	struct vmlab_scan answer = question;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	answer.out_nr = nr;
	answer.out_next = end;
	forge_ask(f, path, VMLAB_SCAN, &question, &answer, sizeof(answer), runs,
		  nr * sizeof(*runs));
}

void forge_load(struct forge *f, const char *path)
{
	FILE *file = fopen(path, "re");
	char buf[4096];
	size_t got;

	memset(f, 0, sizeof(*f));
	if (!file) {
		perror(path);
		exit(1);
	}
	while ((got = fread(buf, 1, sizeof(buf), file)))
		append(f, buf, got);
	fclose(file);
}

void forge_seal(unsigned char *bytes, size_t size)
{
	uint64_t sum;

	if (size < SZ_HEADER + SZ_TRAILER)
		return;
	sum = vmlab_recording_sum(VMLAB_RECORDING_SUM, bytes, size - SZ_TRAILER);
	memcpy(bytes + size - sizeof(sum), &sum, sizeof(sum));
}

int forge_file(const void *bytes, size_t size, char name[32])
{
	int fd = memfd_create("forged", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	return fd;
}
