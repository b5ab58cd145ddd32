/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session.h - what the files of the library know of a session. */
#ifndef VMLAB_SESSION_H
#define VMLAB_SESSION_H

#include "libvmlab.h"
#include "source.h"

struct vmlab_session {
	struct vmlab_source *source;
	struct vmlab_object *node;
	struct vmlab_info info;
	char release[65];
};

/* elf.c: the symbols of one file, sorted, so that many addresses can be asked for. */
/*
 * Where functions are in the file at @path, of this machine and not of a recording: @nr @names,
 * @offsets of their first instructions; those that it does not have are left as they are.
 */
void vmlab_elf_places(const char *path, const char *const *names, size_t nr, uint64_t *offsets);

struct vmlab_symtab;
struct vmlab_symtab *vmlab_symtab_new(const char *path);
void vmlab_symtab_free(struct vmlab_symtab *symtab);
/*
 * The symbol of that file that @value lies in, and how far in it; the answer passes the
 * boundary, the file is only read when it is not a recording that answers. -ENOENT.
 */
int vmlab_symtab_name(struct vmlab_session *session, struct vmlab_symtab *symtab,
		      uint64_t value, char *name, size_t size, uint64_t *offset);

/* As vmlab_session_replay(), from memory that must outlive the session. */
int vmlab_session_replay_bytes(const void *bytes, size_t size, struct vmlab_session **out);

/* The pid that the target was opened with: 0 where that is how it is called. */
pid_t vmlab_target_asked(const struct vmlab_target *target);

#endif /* VMLAB_SESSION_H */
