// SPDX-License-Identifier: GPL-2.0-only
/*
 * slab.c - how many objects of each kind the kernel holds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "counter.h"
#include "slab.h"

int slab_read(struct slab *slab)
{
	const struct timespec nap = { .tv_nsec = 200000000 };
	FILE *file;
	char line[512];
	int i;

	/* Inodes and names of /proc and /sys; and what RCU has not yet freed. */
	for (i = 0; i < 2; i++) {
		counter_write("/proc/sys/vm/drop_caches", "2");
		nanosleep(&nap, NULL);
	}
	slab->nr = 0;
	file = fopen("/proc/slabinfo", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && slab->nr < SLAB_CACHES)
		if (line[0] != '#' &&
		    sscanf(line, "%47s %ld", slab->caches[slab->nr].name,
			   &slab->caches[slab->nr].objects) == 2)
			slab->nr++;
	fclose(file);
	return slab->nr ? 0 : -ENODATA;
}

long slab_objects(const struct slab *slab, const char *name)
{
	int i;

	for (i = 0; i < slab->nr; i++)
		if (!strcmp(slab->caches[i].name, name))
			return slab->caches[i].objects;
	return -1;
}
