// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory.c - what a process has in pages that are there. Reading others through
 * /proc/PID/mem would bring them in, and looking at a process must not change it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "memory.h"

/* Words of pagemap (Documentation/admin-guide/mm/pagemap.rst): 63 present, 62 swapped. */
#define PRESENT(word)	((word) >> 63)
#define ABSENT(word)	(!((word) >> 62))

static int open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void vmlab_memory_open(struct vmlab_memory *memory, pid_t pid, unsigned int page_shift)
{
	memory->mem = open_of(pid, "mem");
	memory->pagemap = open_of(pid, "pagemap");
	memory->page_shift = page_shift;
}

void vmlab_memory_close(struct vmlab_memory *memory)
{
	if (memory->mem >= 0)
		close(memory->mem);
	if (memory->pagemap >= 0)
		close(memory->pagemap);
}

enum vmlab_memory_state vmlab_memory_read(const struct vmlab_memory *memory, uint64_t va,
					  void *buf, size_t size)
{
	uint64_t page;

	if (pread(memory->pagemap, &page, sizeof(page), va >> memory->page_shift << 3) !=
	    sizeof(page))
		return VMLAB_MEMORY_UNREAD;
	if (ABSENT(page))
		return VMLAB_MEMORY_UNTOUCHED;
	if (!PRESENT(page) || pread(memory->mem, buf, size, va) != (ssize_t)size)
		return VMLAB_MEMORY_UNREAD;
	return VMLAB_MEMORY_READ;
}
