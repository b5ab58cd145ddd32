/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory.h - bytes of a process's memory, without bringing any of it in. */
#ifndef VMLAB_MEMORY_H
#define VMLAB_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vmlab_memory {
	int mem;	/* -1 where the kernel does not let us */
	int pagemap;
	unsigned int page_shift;
};

enum vmlab_memory_state {
	VMLAB_MEMORY_READ,
	VMLAB_MEMORY_UNTOUCHED,	/* nothing is there, and nothing is swapped out */
	VMLAB_MEMORY_UNREAD,	/* it is not known what is there */
};

/*
 * Live, and so for what vmlab_source_answer() computes. What cannot be opened is not
 * read; vmlab_memory_close() in any case.
 */
void vmlab_memory_open(struct vmlab_memory *memory, pid_t pid, unsigned int page_shift);
void vmlab_memory_close(struct vmlab_memory *memory);

/* @size bytes at @va, of one page; only of a page that is there. */
enum vmlab_memory_state vmlab_memory_read(const struct vmlab_memory *memory, uint64_t va,
					  void *buf, size_t size);

#endif /* VMLAB_MEMORY_H */
