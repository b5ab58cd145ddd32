/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.h - what an architecture's tables look like to decode.c.
 *
 * One file per architecture holds nothing but tables and one fold; which one is
 * used is decided at run time, by the architecture that the entries came from.
 */
#ifndef VMLAB_DECODE_H
#define VMLAB_DECODE_H

#include "libvmlab.h"

struct vmlab_feature {
	uint64_t mask;
	const char *name;
};

struct vmlab_arch {
	uint32_t id;			/* VMLAB_ARCH_* */
	const char *name;
	const struct vmlab_bit *bits;	/* ends with a NULL name */
	const struct vmlab_feature *features;	/* likewise */
	unsigned int index_bits;	/* log2 of the entries of a table */
	uint64_t (*permits)(uint64_t entry);
	bool (*valid)(uint64_t entry);
};

extern const struct vmlab_arch vmlab_arch_x86_64;

#endif /* VMLAB_DECODE_H */
