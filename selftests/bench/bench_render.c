// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_render.c - what it costs to show what was found: `vmlab pages` of a process whose
 * every page is a run of its own, as text and as JSON, beside the same scan by the
 * library without a word said. Of half of it and of all of it, so that what a command
 * costs before its first run falls out.
 *
 * usage: bench_render [PAGES]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fixture.h"
#include "../victim.h"
#include "bench.h"
#include "libvmlab.h"

#define RUNS		20000UL
/* What a run may cost to show, in instructions. */
#define LIMIT		4000.0

static struct {
	char *at;
	size_t pages;		/* that are there */
	size_t some;		/* of them are asked for */
	pid_t pid;
	const char *form;	/* of the command: an option, or NULL */
	struct vmlab_session *session;
	uint64_t runs;		/* that the library found in them */
} self;

/* Frames that are given out in another order than the pages': no two make one run. */
static void write_scattered(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < self.pages; i++)
		self.at[i * 2654435761UL % self.pages * PAGE] = 1;
}

static int scan(void)
{
	const uint64_t start = (uintptr_t)self.at;
	struct vmlab_target *target;
	struct vmlab_scanner scanner;
	struct vmlab_run run;
	int ret;

	ret = vmlab_target_open(self.session, self.pid, &target);
	if (ret)
		return ret;
	ret = vmlab_scan_start(&scanner, target, start, start + self.some * PAGE, NULL, 0);
	self.runs = 0;
	while (!ret && (ret = vmlab_scan_next(&scanner, &run)) > 0) {
		self.runs++;
		ret = 0;
	}
	vmlab_scan_end(&scanner);
	vmlab_target_close(target);
	return ret;
}

static int show(void)
{
	char pid[16], range[40];
	int status, null;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", (int)self.pid);
	snprintf(range, sizeof(range), "%lx-%lx", (unsigned long)self.at,
		 (unsigned long)self.at + self.some * PAGE);
	child = fork();
	if (!child) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(127);
		execlp("vmlab", "vmlab", "pages", pid, range, self.form, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

/* What another run costs, where @fn goes over all that are asked for. */
static double slope(double (*cost)(bench_fn), bench_fn fn)
{
	double half, all;
	uint64_t runs;

	self.some = self.pages / 2;
	half = cost(fn);
	if (half < 0 || scan())
		return -1;
	runs = self.runs;
	self.some = self.pages;
	all = cost(fn);
	if (all < 0 || scan() || self.runs <= runs)
		return -1;
	return (all - half) / (self.runs - runs);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		const char *option;
	} forms[] = {
		{ "render-text", NULL },
		{ "render-json", "--json" },
	};
	struct victim victim;
	double alone, told;
	size_t i;

	self.pages = argc > 1 ? strtoul(argv[1], NULL, 10) : RUNS;
	self.at = fixture_anon(self.pages * PAGE, PROT_READ | PROT_WRITE);
	if (!self.at || vmlab_session_open(&self.session) ||
	    victim_fork(&victim, write_scattered, NULL)) {
		bench_skip("render", "no module, or no memory");
		return 1;
	}
	self.pid = victim.pid;
	alone = slope(bench_cost, scan);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		self.form = forms[i].option;
		told = slope(bench_cost_of_children, show);
		if (alone < 0 || told < 0) {
			bench_skip(forms[i].name, "the command or the scan failed");
			return 1;
		}
		bench_line(forms[i].name, told - alone, "limit", LIMIT, self.runs);
	}
	bench_line("render-nothing", alone, NULL, 0, self.runs);
	victim_kill(&victim);
	vmlab_session_close(self.session);
	return bench_status();
}
