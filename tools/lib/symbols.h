/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* symbols.h - from an address in a process that may soon be gone to a symbol. */
#ifndef VMLAB_SYMBOLS_H
#define VMLAB_SYMBOLS_H

#include "session.h"

struct vmlab_symbols;

struct vmlab_symbols *vmlab_symbols_new(struct vmlab_session *session);
void vmlab_symbols_free(struct vmlab_symbols *symbols);
/* "FILE:NAME+0x12" into @buf; -ENOENT where it is not known. */
int vmlab_symbols_name(struct vmlab_symbols *symbols, pid_t pid, uint64_t va, char *buf,
		       size_t size);
/* The same, or "FILE+0x1234" with its place in the file where there is no symbol. */
int vmlab_symbols_place(struct vmlab_symbols *symbols, pid_t pid, uint64_t va, char *buf,
			size_t size);

/**
 * struct vmlab_mapped_part - what is mapped of a file
 * @offset: in it, a multiple of @page
 * @size: bytes
 * @page: of memory, bytes
 * @asked: what the mapping permitted, 1 read, 2 write, 4 execute (not as PF_R)
 */
struct vmlab_mapped_part {
	uint64_t offset;
	uint64_t size;
	uint64_t page;
	unsigned int asked;
};

/*
 * Which segment of the file at @path it is: "GNU_RELRO" or "LOAD rw-", as `vmlab perms` has
 * it. -ENOENT: of no single one.
 */
int vmlab_symbols_segment(struct vmlab_symbols *symbols, const char *path,
			  const struct vmlab_mapped_part *part, char *buf, size_t size);
/* The process has mapped this, in place of whatever was there; it is copied. */
void vmlab_symbols_mapped(struct vmlab_symbols *symbols, pid_t pid,
			  const struct vmlab_region *region);
/* A child of @parent: what is not known of it is as it was there. */
void vmlab_symbols_inherit(struct vmlab_symbols *symbols, pid_t parent, pid_t child);

#endif /* VMLAB_SYMBOLS_H */
