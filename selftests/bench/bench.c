// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c - measuring once more, and saying it in one line.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "../ticks.h"
#include "bench.h"

/* The first run warms up what the others find warm. */
#define RUNS	3

static bool counting(void)
{
	static int known = -1;

	if (known < 0)
		known = getenv("VMLAB_COUNTING") && ticks_count_instructions();
	return known;
}

static double now(void)
{
	struct timespec t;

	if (counting())
		return ticks();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Of children that ended; the time in which they wait for a disk is not theirs. */
static double children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static double least_of(bench_fn fn, double (*clock)(void))
{
	double least = 0;
	int i;

	for (i = 0; i <= RUNS; i++) {
		double before = clock(), cost;
		int ret = fn();

		cost = clock() - before;
		if (ret < 0)
			return ret;
		if (i && (i == 1 || cost < least))
			least = cost;
	}
	return least;
}

double bench_cost(bench_fn fn)
{
	return least_of(fn, now);
}

double bench_cost_of_children(bench_fn fn)
{
	return least_of(fn, children);
}

/*
 * A ratio that is promised; more of @bench and @peer is a failure. Of instructions; of time
 * where @timed says so, with room for what one run differs from the next.
 */
static const struct {
	const char *bench;
	const char *peer;
	double ratio;
	bool timed;
} limits[] = {
	/* No worse, it is promised: the same to within five of a hundred. */
	{ "fault-latency-p99", "a reader of pagemap", 1.05, true },
	{ "scan-facts-anon", "pagemap", 0.6, false },
	{ "scan-facts-anon", "pagemap+kpageflags+kpagecount", 0.12, false },
	{ "scan-raw-anon", "mincore", 1.0, false },
	{ "scan-facts-shuffled", "pagemap", 0.8, false },
	{ "scan-facts-thp", "pagemap", 0.12, false },
	{ "scan-reservation-64GiB", "limit", 1.0, false },
	{ "scan-60000-vmas", "maps", 0.5, false },
	{ "index-all-1000", "pagemap of all", 2.0, false },
	{ "index-all-1000-bytes", "limit", 1.0, false },
	{ "render-text", "limit", 1.0, false },
	{ "render-json", "limit", 1.0, false },
	{ "trace-summary", "limit", 1.0, false },
	{ "trace-events", "limit", 1.0, false },
};

static bool over;

static double limit_of(const char *bench, const char *peer)
{
	size_t i;

	for (i = 0; peer && i < sizeof(limits) / sizeof(limits[0]); i++)
		if (counting() != limits[i].timed && !strcmp(bench, limits[i].bench) &&
		    !strcmp(peer, limits[i].peer))
			return limits[i].ratio;
	return 0;
}

static void judge(const char *bench, const char *peer, double ratio)
{
	const double limit = limit_of(bench, peer);

	if (!limit)
		return;
	printf("\"limit\": %.2f, ", limit);
	if (ratio <= limit)
		return;
	over = true;
	fprintf(stderr, "# %s: %.3f of %s, and %.2f is the limit\n", bench, ratio, peer, limit);
}

int bench_status(void)
{
	return over;
}

void bench_line(const char *bench, double ours, const char *peer, double theirs, uint64_t n)
{
	struct utsname name;

	uname(&name);
	printf("{\"bench\": \"%s\", \"kernel\": \"%s\", \"arch\": \"%s\", \"unit\": \"%s\", ",
	       bench, name.release, name.machine, counting() ? "insn" : "ns");
	printf("\"ours\": %.2f, ", ours);
	if (theirs > 0) {
		printf("\"theirs\": %.2f, \"peer\": \"%s\", \"ratio\": %.3f, ", theirs, peer,
		       ours / theirs);
		judge(bench, peer, ours / theirs);
	} else {
		printf("\"theirs\": null, \"peer\": null, \"ratio\": null, ");
	}
	printf("\"n\": %llu}\n", (unsigned long long)n);
	fflush(stdout);
}

void bench_skip(const char *bench, const char *why)
{
	fprintf(stderr, "# %s: not measured: %s\n", bench, why);
}
