/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * corpus.h - sequences of calls that came by something new, and what to make of them.
 */
#ifndef SELFTESTS_CORPUS_H
#define SELFTESTS_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "kcov.h"

/* @cost: seconds that its calls took. */
struct input {
	float cost;
	uint16_t size;
	uint8_t bytes[CALLS_MAX];
};

/* One of them, changed a little; or two of them in one. */
void corpus_mutate(uint64_t *dice, struct input *input);

/* Kept for later; what is too much is dropped. */
void corpus_keep(const struct input *input);
/* One of those kept, rather a late one, and rather one that costs little. */
const struct input *corpus_choose(uint64_t *dice);
size_t corpus_size(void);
const struct input *corpus_at(size_t i);
void corpus_set_cost(size_t i, float cost);
void corpus_clear(void);

/* Lines of hexadecimal digits; what begins with # is none. 0 or -errno. */
int corpus_load(const char *path);
int corpus_save(const char *path);
/* One line's worth of it. False: it is none. */
bool corpus_parse(const char *text, struct input *input);
void corpus_print(const struct input *input, char text[2 * CALLS_MAX + 1]);

/*
 * What of @pcs is new: ways from one instruction of the module to the next, and how
 * often they were gone in about. How much; it is known from now on.
 */
unsigned int corpus_new(const struct kcov_text *text, const unsigned long *pcs, size_t nr);
/* Ways known so far, and instructions. */
unsigned int corpus_ways(void);
unsigned int corpus_places(void);
void corpus_forget_ways(void);

#endif /* SELFTESTS_CORPUS_H */
