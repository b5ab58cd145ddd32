/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wellformed.h - what every answer must be, whatever the target does meanwhile
 * (include/uapi/vmlab.h).
 *
 * Each function returns NULL when all is well, else what is not, in words.
 */
#ifndef SELFTESTS_WELLFORMED_H
#define SELFTESTS_WELLFORMED_H

#include <stdbool.h>
#include <stdint.h>

#include <vmlab.h>

/* One record in itself, of a caller who may see everything. */
const char *wellformed_run(const struct vmlab_run *run);

/*
 * A whole answer of SCAN. A target that changes may have a huge leaf now where the
 * answer had come halfway: it is reported whole, @straddles counts it.
 */
const char *wellformed_scan(const struct vmlab_scan *scan, const struct vmlab_run *recs,
			    unsigned int *straddles);

/*
 * VMAS: a target that changes may have merged VMAs while no lock was held, so that
 * one begins before the end of the last. Small answers are had in one piece.
 */
const char *wellformed_vmas(const struct vmlab_vmas *vmas, const struct vmlab_vma *recs);

const char *wellformed_tables(const struct vmlab_tables *tables,
			      const struct vmlab_table *recs);

const char *wellformed_walk(const struct vmlab_walk *walk);

/* FRAMES, which holds nothing still: one record a frame, each of one moment. */
const char *wellformed_frames(const struct vmlab_frames *frames,
			      const struct vmlab_frame *recs);

#endif /* SELFTESTS_WELLFORMED_H */
