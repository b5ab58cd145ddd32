/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slab.h - how many objects of each kind the kernel holds (/proc/slabinfo).
 */
#ifndef SELFTESTS_SLAB_H
#define SELFTESTS_SLAB_H

#define SLAB_CACHES	512

struct slab {
	int nr;
	struct {
		char name[48];
		long objects;
	} caches[SLAB_CACHES];
};

/* Exact, after what only waits to be dropped has been. 0 or -errno. */
int slab_read(struct slab *slab);

/* Objects of @name, or -1. */
long slab_objects(const struct slab *slab, const char *name);

/* Objects in use in one cache, now and exactly, or -1 where that cannot be known. */
long slab_count(const char *cache);

#endif /* SELFTESTS_SLAB_H */
