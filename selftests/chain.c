// SPDX-License-Identifier: GPL-2.0-only
/*
 * chain.c - does a few things by a way that is known, with frame pointers: what test_ways
 * traces. In main(), outer(), inner(): 7 times mprotect(), 5 times malloc(), 11 pages touched.
 */
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE		4096UL
#define PAGES		11

static char *memory;

static __attribute__((noinline)) void inner(void)
{
	void *volatile piece;
	size_t i;

	for (i = 0; i < PAGES; i++)
		((volatile char *)memory)[i * PAGE] = 1;
	for (i = 0; i < 7; i++)
		mprotect(memory, PAGE, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ);
	for (i = 0; i < 5; i++)
		piece = malloc(100 + i);
	(void)piece;
}

static __attribute__((noinline)) void outer(void)
{
	inner();
	/* So that it is no jump. */
	__asm__ volatile("");
}

int main(void)
{
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	outer();
	return 0;
}
