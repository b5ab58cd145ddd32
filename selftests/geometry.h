/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * geometry.h - does a walk hang together? Indices come from the address, tables
 * from the entries above them, permissions from all of them, and the kernel itself
 * says that the frames of tables hold tables.
 */
#ifndef SELFTESTS_GEOMETRY_H
#define SELFTESTS_GEOMETRY_H

#include <stdint.h>

#include <vmlab.h>

#include "witness.h"

/* "" when it does, else what does not. */
const char *geometry_differs(const struct vmlab_walk *walk, const struct vmlab_info *info,
			     const struct witness *witness);

/* Index of @va in a table of @level, and what one entry there covers. */
unsigned int geometry_index(uint64_t va, unsigned int level);
uint64_t geometry_span(unsigned int level);

#endif /* SELFTESTS_GEOMETRY_H */
