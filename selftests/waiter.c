// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiter.c - a program that says a line and waits for its end: what a test copies,
 * makes set-user-ID and runs as its target. It ends by itself after some minutes,
 * since the signal for a parent's death is lost when a program gains privilege.
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	alarm(300);
	puts("waiting");
	fflush(stdout);
	for (;;)
		pause();
}
