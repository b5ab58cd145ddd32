/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay.h - an address space made of what `vmlab trace map` told, line by line, and
 * compared with /proc/PID/maps.
 *
 * The kernel joins neighbours that are alike, and parts them for reasons that a map does not
 * show (locked, advised on); so both are compared with neighbours that are alike joined.
 */
#ifndef SELFTESTS_REPLAY_H
#define SELFTESTS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct piece - a range that is mapped
 * @start: first address
 * @end: behind the last one
 * @offset: in the file, 0 without one
 * @inode: of the file, 0 without one
 * @perms: "rw-p"
 * @dev: of the file, "08:01"
 * @path: of the file, without " (deleted)"; "" without one
 */
struct piece {
	unsigned long long start;
	unsigned long long end;
	unsigned long long offset;
	unsigned long long inode;
	char perms[5];
	char dev[24];
	char path[128];
};

struct pieces {
	struct piece *v;
	size_t nr;
	size_t room;
};

/* What process @pid has by the lines of a trace. False without memory. */
bool replay_lines(struct pieces *p, const char *lines, int pid);
/* The same by a text as of /proc/PID/maps; what the kernel has for all (vsyscall) left out. */
bool replay_maps(struct pieces *p, const char *maps);
/* Says where they differ first; false where they do. */
bool replay_same(const struct pieces *told, const struct pieces *maps);
/* Were they so at some moment of the trace? */
bool replay_reaches(const char *lines, int pid, const struct pieces *maps);
void replay_free(struct pieces *p);

#endif /* SELFTESTS_REPLAY_H */
