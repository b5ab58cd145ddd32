/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dice.h - chance that can be had again: the same numbers for the same seed (xorshift64).
 */
#ifndef SELFTESTS_DICE_H
#define SELFTESTS_DICE_H

#include <stdint.h>

/* A number below @below. What @dice begins with must not be zero. */
static inline uint64_t dice_roll(uint64_t *dice, uint64_t below)
{
	*dice ^= *dice << 13;
	*dice ^= *dice >> 7;
	*dice ^= *dice << 17;
	return *dice % below;
}

#endif /* SELFTESTS_DICE_H */
