// SPDX-License-Identifier: GPL-2.0-only
/*
 * slab.c - how many objects of each kind the kernel holds.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "counter.h"
#include "slab.h"

#define CACHES	"/sys/kernel/slab"

/*
 * What a CPU keeps for itself counts as in use, some hundred objects of a cache, and so
 * does what KASAN has in quarantine: shrinking a cache empties both.
 */
static int shrink(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), CACHES "/%.64s/shrink", cache);
	return counter_write(path, "1");
}

static void shrink_all(void)
{
	DIR *caches = opendir(CACHES);
	struct dirent *entry;

	if (!caches)
		return;
	/* Links are second names of merged caches. */
	while ((entry = readdir(caches)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
		    strcmp(entry->d_name, ".."))
			shrink(entry->d_name);
	closedir(caches);
}

static int read_once(struct slab *slab)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[512];

	slab->nr = 0;
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

int slab_read(struct slab *slab)
{
	const struct timespec nap = { .tv_nsec = 200000000 };
	static struct slab again;
	int i, j, ret;

	/*
	 * Inodes and names of /proc and /sys, which have a second life when they were
	 * used lately; and what RCU has not yet freed.
	 */
	for (i = 0; i < 2; i++) {
		counter_write("/proc/sys/vm/drop_caches", "2");
		nanosleep(&nap, NULL);
	}
	shrink_all();
	ret = read_once(slab);
	/*
	 * A CPU that has taken a slab again since makes all of it count: too many, never
	 * too few.
	 */
	for (i = 0; i < 2 && !ret; i++) {
		shrink_all();
		ret = read_once(&again);
		for (j = 0; j < slab->nr && !ret; j++) {
			long objects = slab_objects(&again, slab->caches[j].name);

			if (objects >= 0 && objects < slab->caches[j].objects)
				slab->caches[j].objects = objects;
		}
	}
	return ret;
}

long slab_objects(const struct slab *slab, const char *name)
{
	int i;

	for (i = 0; i < slab->nr; i++)
		if (!strcmp(slab->caches[i].name, name))
			return slab->caches[i].objects;
	return -1;
}

long slab_count(const char *cache)
{
	return shrink(cache) ? -1 : counter_named("/proc/slabinfo", cache);
}
