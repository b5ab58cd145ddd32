// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork.c - the program that `vmlab lesson fork` looks at.
 *
 * It has some memory of its own, forks, and then parent and child write to parts of
 * it, each when it is told to on standard input. Nothing here knows of vmlab.
 * Protocol, a line each way:
 *
 *	-> "area ADDR PAGES"			once, at the start
 *	<- "fork"		-> "child PID"
 *	<- "child COUNT"	-> "wrote"	the child writes to the first COUNT pages
 *	<- "parent COUNT"	-> "wrote"	the parent does
 *	<- end of file				both end
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGES	1024

static volatile char *area;
static long size;

static void write_pages(unsigned long nr, char byte)
{
	unsigned long i;

	for (i = 0; i < nr && i < PAGES; i++)
		area[i * size] = byte;
}

/* The child's life: a number comes in, so many pages are written to, it goes out. */
static void child(int in, int out)
{
	unsigned long nr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &nr, sizeof(nr)) == sizeof(nr)) {
		write_pages(nr, 2);
		if (write(out, &nr, sizeof(nr)) != sizeof(nr))
			break;
	}
	_exit(0);
}

int main(void)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	unsigned long nr;
	char line[64];
	pid_t pid;

	size = sysconf(_SC_PAGESIZE);
	area = aligned_alloc(size, (PAGES + 1UL) * size);
	if (!area)
		return 1;
	/* Small pages, whatever this machine prefers: they are what this is about. */
	madvise((void *)area, PAGES * size, MADV_NOHUGEPAGE);
	write_pages(PAGES, 1);
	printf("area %p %d\n", (void *)area, PAGES);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "child %lu", &nr) == 1) {
			if (write(to[1], &nr, sizeof(nr)) != sizeof(nr) ||
			    read(from[0], &nr, sizeof(nr)) != sizeof(nr))
				return 1;
			printf("wrote\n");
		} else if (sscanf(line, "parent %lu", &nr) == 1) {
			write_pages(nr, 3);
			printf("wrote\n");
		} else {
			if (pipe(to) || pipe(from))
				return 1;
			pid = fork();
			if (pid < 0)
				return 1;
			if (!pid) {
				close(to[1]);
				close(from[0]);
				child(to[0], from[1]);
			}
			close(to[0]);
			close(from[1]);
			printf("child %d\n", (int)pid);
		}
		fflush(stdout);
	}
	return 0;
}
