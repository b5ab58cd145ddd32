/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticks.h - the machine's clock: where instructions are counted (tools/lab/run -I),
 * it is made of them.
 */
#ifndef SELFTESTS_TICKS_H
#define SELFTESTS_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t now;

	asm volatile("isb; mrs %0, cntvct_el0" : "=r" (now));
	return now;
#endif
}

/* The kernel's clock (CLOCK_MONOTONIC). */
static inline double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Of two instructions each. */
uint64_t ticks_of_a_million_rounds(void);
/* Is a tick an instruction here? */
bool ticks_count_instructions(void);

#endif /* SELFTESTS_TICKS_H */
