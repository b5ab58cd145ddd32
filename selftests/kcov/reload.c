// SPDX-License-Identifier: GPL-2.0-only
/*
 * reload.c - takes the module out and puts it in again, and prints what that comes by in
 * it: where its sections lie, before and after, and addresses between.
 *
 * usage: reload MODULE.ko
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kcov.h"

#define WORDS		(1UL << 21)
/* Where modules lie on x86-64, at the lowest (Documentation/arch/x86/x86_64/mm.rst). */
#define MODULES		0xffffffffa0000000UL

static void print_seen(void)
{
	const unsigned long *pcs;
	size_t i, nr = kcov_seen(&pcs);

	for (i = 0; i < nr; i++)
		if (pcs[i] >= MODULES)
			printf("pc %lx\n", pcs[i]);
}

int main(int argc, char **argv)
{
	int ko = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	const char *why;

	if (ko < 0) {
		fputs("usage: reload MODULE.ko\n", stderr);
		return 2;
	}
	why = kcov_start(WORDS) ?: kcov_print_sections();
	if (why) {
		fprintf(stderr, "reload: %s\n", why);
		return 1;
	}
	kcov_reset();
	if (syscall(SYS_delete_module, "vmlab", O_NONBLOCK)) {
		perror("reload: it can't be taken out");
		return 1;
	}
	print_seen();
	kcov_reset();
	if (syscall(SYS_finit_module, ko, "", 0)) {
		perror("reload: it can't be put in");
		return 1;
	}
	/* What printing does is not noted: the sections come first, for the addresses. */
	kcov_pause();
	why = kcov_print_sections();
	print_seen();
	if (why)
		fprintf(stderr, "reload: %s\n", why);
	return why ? 1 : 0;
}
