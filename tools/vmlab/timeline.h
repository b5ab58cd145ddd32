/* SPDX-License-Identifier: GPL-2.0-only */
/* timeline.h - a file that a viewer of timelines opens: trace events in JSON. */
#ifndef VMLAB_TIMELINE_H
#define VMLAB_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../render/render.h"

struct timeline;

/* Begins the file at @path, in place of what is there. NULL with errno. */
struct timeline *timeline_new(const char *path);
/*
 * A line of the trace: its fields have "ts", "kind", "pid" and "tid", and where it took time
 * "ns", unless @instant: another line has its time. All of them are the event's arguments.
 * Without memory it is said by timeline_end().
 */
void timeline_add(struct timeline *t, const struct render_field *fields, size_t nr,
		  const struct render_value *values, bool instant);
/* Ends the file; 0, or -errno of something that could not be written. */
int timeline_end(struct timeline *t);

#endif /* VMLAB_TIMELINE_H */
