// SPDX-License-Identifier: GPL-2.0-only
/*
 * corpus.c - sequences of calls that came by something new, and what to make of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dice.h"
#include "corpus.h"

#define MOST	4096
#define WAYS	(1U << 16)

static struct input *inputs;
static size_t nr_inputs;

/* Of each way, a bit for each magnitude of how often; of each address, whether. */
static uint8_t ways[WAYS], seen_now[WAYS];
static uint16_t gone_now[WAYS];		/* those of seen_now that are not zero */
static uint8_t places[1 << 20];
static unsigned int nr_ways, nr_places;

/* ---- changing --------------------------------------------------------------- */

static void insert(struct input *input, size_t at, const uint8_t *bytes, size_t nr)
{
	if (nr > (size_t)CALLS_MAX - input->size)
		nr = (size_t)CALLS_MAX - input->size;
	memmove(input->bytes + at + nr, input->bytes + at, input->size - at);
	memcpy(input->bytes + at, bytes, nr);
	input->size = (uint16_t)(input->size + nr);
}

static void cut(uint64_t *dice, struct input *input)
{
	const size_t at = dice_roll(dice, input->size);
	const size_t nr = 1 + dice_roll(dice, input->size - at);

	memmove(input->bytes + at, input->bytes + at + nr, input->size - at - nr);
	input->size = (uint16_t)(input->size - nr);
}

/* A part of another one. */
static void graft(uint64_t *dice, struct input *input)
{
	const struct input *other;
	size_t at;

	if (!nr_inputs)
		return;
	other = &inputs[dice_roll(dice, nr_inputs)];
	if (!other->size)
		return;
	at = dice_roll(dice, other->size);
	insert(input, dice_roll(dice, input->size + 1U), other->bytes + at,
	       1 + dice_roll(dice, other->size - at));
}

static void usual_call(uint64_t *dice, struct input *input)
{
	uint8_t bytes[CALLS_MAX];
	size_t size = 0;

	while (!size)
		size = calls_usual((unsigned int)dice_roll(dice, 16), bytes);
	insert(input, dice_roll(dice, 2) ? input->size : 0, bytes, size);
}

void corpus_mutate(uint64_t *dice, struct input *input)
{
	unsigned int times = 1 + (unsigned int)dice_roll(dice, 6);
	uint8_t byte;

	while (times--) {
		if (!input->size) {
			usual_call(dice, input);
			continue;
		}
		byte = (uint8_t)dice_roll(dice, 256);
		switch (dice_roll(dice, 10)) {
		case 0:
			cut(dice, input);
			break;
		case 1:
			insert(input, dice_roll(dice, input->size + 1U), &byte, 1);
			break;
		case 2:
			graft(dice, input);
			break;
		case 3:
			usual_call(dice, input);
			break;
		case 4:
			input->bytes[dice_roll(dice, input->size)] = 0;
			break;
		case 5:
			input->bytes[dice_roll(dice, input->size)] ^= (uint8_t)(1 << (byte & 7));
			break;
		case 6:
			/* Tables are short: a low number is another of their values. */
			input->bytes[dice_roll(dice, input->size)] = byte & 15;
			break;
		default:
			input->bytes[dice_roll(dice, input->size)] = byte;
		}
	}
}

/* ---- keeping ---------------------------------------------------------------- */

void corpus_keep(const struct input *input)
{
	if (!inputs)
		inputs = calloc(MOST, sizeof(*inputs));
	if (inputs && nr_inputs < MOST)
		inputs[nr_inputs++] = *input;
}

const struct input *corpus_choose(uint64_t *dice)
{
	const size_t late = nr_inputs < 32 ? nr_inputs : 32;
	const struct input *best = NULL;
	int i;

	for (i = 0; i < 3; i++) {
		const struct input *input = &inputs[dice_roll(dice, 3) ?
			dice_roll(dice, nr_inputs) : nr_inputs - 1 - dice_roll(dice, late)];

		if (!best || input->cost < best->cost)
			best = input;
	}
	return best;
}

size_t corpus_size(void)
{
	return nr_inputs;
}

const struct input *corpus_at(size_t i)
{
	return &inputs[i];
}

void corpus_set_cost(size_t i, float cost)
{
	inputs[i].cost = cost;
}

void corpus_clear(void)
{
	nr_inputs = 0;
}

bool corpus_parse(const char *text, struct input *input)
{
	unsigned int byte;
	int used;

	input->size = 0;
	while (input->size < CALLS_MAX && sscanf(text, "%2x%n", &byte, &used) == 1 && used == 2) {
		input->bytes[input->size++] = (uint8_t)byte;
		text += used;
	}
	return input->size && (!*text || *text == '\n');
}

void corpus_print(const struct input *input, char text[2 * CALLS_MAX + 1])
{
	size_t i;

	*text = '\0';
	for (i = 0; i < input->size; i++)
		sprintf(text + 2 * i, "%02x", input->bytes[i]);
}

int corpus_load(const char *path)
{
	char line[2 * CALLS_MAX + 2];
	struct input input;
	FILE *file = fopen(path, "re");
	int ret = 0;

	if (!file)
		return -errno;
	while (!ret && fgets(line, sizeof(line), file)) {
		if (*line == '#')
			continue;
		if (corpus_parse(line, &input))
			corpus_keep(&input);
		else
			ret = -EINVAL;
	}
	fclose(file);
	return ret;
}

int corpus_save(const char *path)
{
	char line[2 * CALLS_MAX + 1];
	FILE *file = fopen(path, "we");
	size_t i;

	if (!file)
		return -errno;
	for (i = 0; i < nr_inputs; i++) {
		corpus_print(&inputs[i], line);
		fprintf(file, "%s\n", line);
	}
	return fclose(file) ? -errno : 0;
}

/* ---- ways ------------------------------------------------------------------- */

/* Once, twice, three times, up to 7, 15, 31, 127, more: a bit each. */
static uint8_t magnitude(uint8_t times)
{
	static const uint8_t limits[] = { 1, 2, 3, 7, 15, 31, 127 };
	unsigned int i;

	for (i = 0; i < sizeof(limits); i++)
		if (times <= limits[i])
			break;
	return (uint8_t)(1 << i);
}

unsigned int corpus_new(const struct kcov_text *text, const unsigned long *pcs, size_t nr)
{
	unsigned int new = 0, gone = 0, i_way;
	uint64_t last = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		const uint64_t at = pcs[i] - text->base;
		uint32_t way;

		if (at >= text->size || at >= sizeof(places))
			continue;
		nr_places += !places[at];
		places[at] = 1;
		way = (uint32_t)((last >> 1 ^ at) * 2654435761u >> 16) % WAYS;
		if (!seen_now[way])
			gone_now[gone++] = (uint16_t)way;
		seen_now[way] += seen_now[way] < 255;
		last = at;
	}
	/* There are few of many: nobody goes through all. */
	for (i_way = 0; i_way < gone; i_way++) {
		const uint16_t way = gone_now[i_way];
		const uint8_t bit = magnitude(seen_now[way]);

		seen_now[way] = 0;
		if (ways[way] & bit)
			continue;
		nr_ways += !ways[way];
		ways[way] |= bit;
		new++;
	}
	return new;
}

unsigned int corpus_ways(void)
{
	return nr_ways;
}

unsigned int corpus_places(void)
{
	return nr_places;
}

void corpus_forget_ways(void)
{
	memset(ways, 0, sizeof(ways));
	nr_ways = 0;
}
