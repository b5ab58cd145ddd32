// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow.c - the program that `vmlab lesson cow` looks at.
 *
 * It owns one page, forks, and then child and parent write to that page, each
 * when it is told to on standard input. Nothing here knows of vmlab: it could be
 * any program that forks. Protocol, a line each way:
 *
 *	-> "page ADDR"			once, at the start
 *	<- "fork"	-> "child PID"
 *	<- "child"	-> "wrote"	the child writes to the page
 *	<- "parent"	-> "wrote"	the parent writes to the page
 *	<- end of file			both end
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

static char *page;

/*
 * Both stay on the CPU that they began on. Another one may keep the page for its LRU lists
 * for a while, which is a reference, and the kernel then copies what nobody else maps
 * (do_wp_page() of mm/memory.c drains the lists of its own CPU alone).
 */
static void stay(void)
{
	const int cpu = sched_getcpu();
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The child's life: a byte comes in, the page is written to, a byte goes out. */
static void child(int in, int out)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &byte, 1) == 1) {
		strcpy(page, "the child was here");
		if (write(out, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

int main(void)
{
	const long size = sysconf(_SC_PAGESIZE);
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	char line[32], byte = 0;
	pid_t pid;

	stay();
	page = aligned_alloc(size, size);
	if (!page)
		return 1;
	strcpy(page, "the parent wrote this");
	printf("page %p\n", (void *)page);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "fork\n")) {
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
		} else if (!strcmp(line, "child\n")) {
			if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1)
				return 1;
			printf("wrote\n");
		} else if (!strcmp(line, "parent\n")) {
			strcpy(page, "the parent wrote again");
			printf("wrote\n");
		} else {
			return 1;
		}
		fflush(stdout);
	}
	return 0;
}
