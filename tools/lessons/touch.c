// SPDX-License-Identifier: GPL-2.0-only
/*
 * touch.c - the program that `vmlab lesson demand` and `vmlab lesson zero` look at.
 *
 * It asks for memory and touches it when it is told to on standard input. Nothing
 * here knows of vmlab. Protocol, a line each way:
 *
 *	-> "area ADDR PAGES"			once, at the start
 *	<- "read PAGE COUNT"	-> "done"	one byte of each page
 *	<- "write PAGE COUNT"	-> "done"
 *	<- end of file				it ends
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES	4096

int main(void)
{
	const long size = sysconf(_SC_PAGESIZE);
	unsigned long page, count, i;
	volatile char *area;
	char line[64];

	/* So large that malloc asks the kernel for it, and for nothing else. */
	area = aligned_alloc(size, (PAGES + 1UL) * size);
	if (!area)
		return 1;
	/* Small pages, whatever this machine prefers: they are what this is about. */
	madvise((void *)area, PAGES * size, MADV_NOHUGEPAGE);
	printf("area %p %d\n", (void *)area, PAGES);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "read %lu %lu", &page, &count) == 2 && page + count <= PAGES) {
			for (i = page; i < page + count; i++)
				(void)area[i * size];
		} else if (sscanf(line, "write %lu %lu", &page, &count) == 2 &&
			   page + count <= PAGES) {
			for (i = page; i < page + count; i++)
				area[i * size] = 1;
		} else {
			return 1;
		}
		printf("done\n");
		fflush(stdout);
	}
	return 0;
}
