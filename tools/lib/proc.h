/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* proc.h - the texts of /proc, once they are read. */
#ifndef VMLAB_PROC_H
#define VMLAB_PROC_H

#include "libvmlab.h"

/* The lines of a maps file; @text is cut into them. -EPROTO: one is not like that. */
int vmlab_regions_parse(char *text, struct vmlab_regions *out);
/* A stat file, proc(5). */
enum vmlab_proc_kind vmlab_proc_kind_parse(const char *stat);

/* Field 22 of a stat. */
int vmlab_proc_start_parse(const char *stat, int64_t *boot_ns);

#endif /* VMLAB_PROC_H */
