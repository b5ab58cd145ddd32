/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - what the programs of `make bench` share: a measurement, and its line.
 *
 * A number is only worth something beside another of the same run: each line has
 * ours, a peer's, and the ratio. Where instructions are counted (tools/lab/run -I) the
 * unit is "insn", elsewhere "ns", and only the ratio says anything.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* What is measured; a negative return is -errno, and no measurement. */
typedef int (*bench_fn)(void);

/* The least that @fn costs in several runs, in units of this machine; negative -errno. */
double bench_cost(bench_fn fn);
/*
 * The same of the processes that @fn starts and waits for, by their processor time; a
 * nanosecond of it is an instruction where these are counted (-icount shift=0).
 */
double bench_cost_of_children(bench_fn fn);

/*
 * One JSON object on a line of its own: {bench, kernel, arch, unit, ours, theirs, peer,
 * ratio, limit, n}, where limit is there only for what is promised (bench.c). @ours and @theirs are for one of @n; @theirs of 0 or less is null, and so
 * is the ratio (@peer NULL then, or why there is none).
 */
void bench_line(const char *bench, double ours, const char *peer, double theirs, uint64_t n);

/* For the end of a program: 1 when a line was above its limit, else 0. */
int bench_status(void);

/* A line on standard error that a measurement was not possible, and why. */
void bench_skip(const char *bench, const char *why);

#endif /* BENCH_H */
