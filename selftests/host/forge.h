/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forge.h - recordings made by hand, or taken and changed, with a sum that is right:
 * what someone could send us who means no good.
 */
#ifndef HOST_FORGE_H
#define HOST_FORGE_H

#include <stddef.h>
#include <stdint.h>

#include <vmlab.h>

struct forge {
	unsigned char *bytes;
	size_t size;
};

void forge_begin(struct forge *f);
void forge_add(struct forge *f, uint32_t kind, int32_t result, const void *key, size_t sz_key,
	       const void *data, size_t sz_data);
/* A text of /proc. */
void forge_text(struct forge *f, const char *path, const char *text);
/* A file that can be opened. */
void forge_open(struct forge *f, const char *path);
/* An ioctl of @object: question and answer are the same struct of @size bytes. */
void forge_ask(struct forge *f, const char *object, uint32_t cmd, const void *question,
	       const void *answer, size_t size, const void *records, size_t sz_records);
/* Whole, with its sum; no more can be added. */
void forge_end(struct forge *f);
void forge_free(struct forge *f);

/*
 * The start of every recording: a machine as @info (NULL: an ordinary one), and
 * process 77, which can be opened and has the mappings @maps.
 */
void forge_process(struct forge *f, const struct vmlab_info *info, const char *maps);
struct vmlab_info forge_info(void);
/* One more process, opened with @flags: answers to OPEN come in this order. */
void forge_another(struct forge *f, int pid, uint32_t flags, const char *maps);
void forge_number(struct forge *f, const char *name, int64_t value);
/* All of [start, end) of a process in one answer, as whoever asks for a good number. */
#define FORGE_SCAN_RECS	4096
void forge_runs(struct forge *f, int pid, uint64_t start, uint64_t end,
		const struct vmlab_run *runs, uint32_t nr);
#define FORGE_PID	77
#define FORGE_PAGEMAP	"/proc/77/pagemap"

/* A file as it is; exits with a message when it cannot be read. */
void forge_load(struct forge *f, const char *path);
/* The sum of changed bytes made right. */
void forge_seal(unsigned char *bytes, size_t size);
/* A descriptor of a file with these bytes, and a name that opens it. */
int forge_file(const void *bytes, size_t size, char name[32]);

#endif /* HOST_FORGE_H */
