// SPDX-License-Identifier: GPL-2.0-only
/*
 * asker.c - asks the allocator for memory by chance, and says how much of it became real:
 * what test_malloc traces.
 *
 * asker SEED NUMBER [THREADS]: so many requests and frees by chance, the same ones for the same
 * seed, by so many threads (1). With one, all that becomes real on the way is the allocator's,
 * and the program says what it is by /proc/self/smaps_rollup, before and afterwards:
 *
 *	anonymous BYTES
 *
 * Requests of FIRST_MARK and LAST_MARK bytes stand at these two places. With libtally.so
 * preloaded what was counted is said last.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asker.h"

#define NR_PIECES	256
#define MAX_THREADS	8
#define MOST		300000	/* bytes; above 128 KiB is a mapping of its own */

static struct piece {
	char *at;
	size_t size;
} pieces[MAX_THREADS][NR_PIECES];

static unsigned long seed, number;

static uint64_t chance(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

/* Small ones are many. */
static size_t some_size(uint64_t *state)
{
	switch (chance(state, 8)) {
	case 0:
		return chance(state, MOST);
	case 1:
		return chance(state, 20000);
	}
	return chance(state, 600);
}

static void touch_some(uint64_t *state, const struct piece *piece)
{
	size_t i, upto = chance(state, 2) ? piece->size : chance(state, piece->size + 1);

	for (i = 0; piece->at && i < upto; i += 512)
		((volatile char *)piece->at)[i] = 1;
}

static void ask(uint64_t *state, struct piece *piece)
{
	size_t size = some_size(state);
	void *p = NULL;

	switch (chance(state, 6)) {
	case 0:
		p = calloc(1 + size / 8, 8);
		size = (1 + size / 8) * 8;
		break;
	case 1:
		p = realloc(piece->at, size + 1);
		piece->at = NULL;
		size++;
		break;
	case 2:
		if (posix_memalign(&p, 64, size))
			p = NULL;
		break;
	case 3:
		size = (size + 4095) & ~4095UL;
		p = aligned_alloc(4096, size);
		break;
	default:
		p = malloc(size);
	}
	free(piece->at);
	piece->at = p;
	piece->size = size;
	touch_some(state, piece);
}

static void *by_chance(void *arg)
{
	const uintptr_t me = (uintptr_t)arg;
	uint64_t state = (seed + me) * 2654435761UL + 1;
	unsigned long i;

	for (i = 0; i < number; i++) {
		struct piece *piece = &pieces[me][chance(&state, NR_PIECES)];

		if (chance(&state, 3)) {
			ask(&state, piece);
		} else {
			free(piece->at);
			piece->at = NULL;
		}
	}
	return NULL;
}

/* With nothing of libc's that asks for memory, and no page that was not there. */
static void say_anonymous(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t len = read(fd, text, sizeof(text) - 1);
	const char *line;

	close(fd);
	if (len < 0)
		_exit(1);
	text[len] = '\0';
	line = strstr(text, "Anonymous:");
	dprintf(STDOUT_FILENO, "anonymous %lu\n", line ? strtoul(line + 10, NULL, 10) * 1024 : 0);
}

/* The stack's pages, and those of what is written on the way. */
static void touch_own(void)
{
	volatile char stack[65536];
	size_t i;

	for (i = 0; i < sizeof(stack); i += 512)
		stack[i] = 1;
	memset(pieces, 1, sizeof(pieces));
	memset(pieces, 0, sizeof(pieces));
	say_anonymous();
}

static void mark(size_t size)
{
	void *volatile p = malloc(size);

	(void)p;
}

int main(int argc, char **argv)
{
	unsigned long nr_threads, i;
	pthread_t threads[MAX_THREADS];
	void (*say)(void) = NULL;

	if (argc < 3) {
		fprintf(stderr, "usage: asker SEED NUMBER [THREADS]\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 10);
	number = strtoul(argv[2], NULL, 10);
	nr_threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	if (!nr_threads || nr_threads > MAX_THREADS)
		return 2;
	/* A static program has nothing preloaded. */
#ifndef ALONE
	*(void **)&say = dlsym(RTLD_DEFAULT, "count_say");
#endif
	touch_own();
	mark(FIRST_MARK);
	say_anonymous();
	if (nr_threads == 1) {
		by_chance(NULL);
	} else {
		for (i = 0; i < nr_threads; i++)
			if (pthread_create(&threads[i], NULL, by_chance, (void *)i))
				return 1;
		for (i = 0; i < nr_threads; i++)
			pthread_join(threads[i], NULL);
	}
	say_anonymous();
	mark(LAST_MARK);
	if (say)
		say();
	_exit(0);
}
