// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticks.c - whether the clock counts instructions, by counting some.
 */
#include "ticks.h"

uint64_t ticks_of_a_million_rounds(void)
{
	uint64_t before = ticks();
	unsigned long rounds = 1000000;

#if defined(__x86_64__)
	asm volatile("1: dec %0; jnz 1b" : "+r" (rounds) : : "cc");
#elif defined(__aarch64__)
	asm volatile("1: subs %0, %0, #1; b.ne 1b" : "+r" (rounds) : : "cc");
#endif
	return ticks() - before;
}

bool ticks_count_instructions(void)
{
	uint64_t million = ticks_of_a_million_rounds();

	return million > 1800000 && million < 2200000;
}
