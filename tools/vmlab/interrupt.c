// SPDX-License-Identifier: GPL-2.0-only
/* interrupt.c - Ctrl-C, noticed between two steps instead of in the middle of one. */
#include <signal.h>

#include "cli.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

void cli_catch_interrupts(bool on)
{
	/* No SA_RESTART: whoever sleeps wakes up. */
	struct sigaction action = { .sa_handler = on ? interrupt : SIG_DFL };

	if (on)
		interrupted = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
	return interrupted;
}
