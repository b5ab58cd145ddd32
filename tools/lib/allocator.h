/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* allocator.h - the file that has malloc(), and programs at its functions. */
#ifndef VMLAB_LIB_ALLOCATOR_H
#define VMLAB_LIB_ALLOCATOR_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>
#include <vmlab_event.h>

struct bpf_object;
struct bpf_link;
struct vmlab_trace_options;

/* Several processes may have several. */
#define VMLAB_MAX_ALLOCATORS	8

/**
 * struct vmlab_allocator - a file with malloc() in it
 * @path: from here
 * @offsets: of each function in it, by enum vmlab_alloc_function; 0: it has none
 */
struct vmlab_allocator {
	char path[PATH_MAX];
	uint64_t offsets[VMLAB_NR_ALLOC_FUNCTIONS];
};

/*
 * Those of the processes or the command that @options names: the library it says; else the
 * program, where malloc() is in it; else its libc. Their number, or -ELIBBAD: there is no
 * malloc() in what is said or found.
 */
int vmlab_allocators_find(const struct vmlab_trace_options *options, struct vmlab_allocator *out);
/* Programs at all their functions; into @links, of which there are *@nr. 0 or -errno. */
int vmlab_allocators_attach(const struct vmlab_allocator *all, size_t nr_all,
			    struct bpf_object *object, struct bpf_link **links, size_t *nr);

#endif /* VMLAB_LIB_ALLOCATOR_H */
