// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject.c - the kernel's fault injection, for this thread's n-th chance to fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"
#include "inject.h"

#define DEBUGFS	"/sys/kernel/debug/"

/*
 * What may fail, and how: nothing by chance, allocations that may wait and those of
 * single pages too, no stack in the log for each.
 */
static const struct {
	const char *path;
	const char *value;
} knobs[] = {
	{ DEBUGFS "failslab/probability", "0" },
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/cache-filter", "N" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/probability", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
	{ DEBUGFS "fail_usercopy/probability", "0" },
	{ DEBUGFS "fail_usercopy/verbose", "0" },
};

static int nth_fd = -1;

const char *inject_setup(void)
{
	static char why[128];
	size_t i;

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		return "this kernel has no fault injection (/proc/self/fail-nth)";
	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (counter_write(knobs[i].path, knobs[i].value)) {
			snprintf(why, sizeof(why), "this kernel has no %s", knobs[i].path);
			return why;
		}
	return NULL;
}

void inject_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len)
		abort();
}

/*
 * What is left of the count is noted before it is copied to us: when that copy is
 * what fails, it had not come to it before.
 */
bool inject_disarm(void)
{
	char text[16] = "";
	bool done = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	/* This may fail as the last thing that may, and has done its work then too. */
	if (pwrite(nth_fd, "0", 1, 0) != 1 && errno != EFAULT)
		abort();
	return done;
}
