// SPDX-License-Identifier: GPL-2.0-only
/*
 * tally.c - libtally.so, to be preloaded: counts what its program asks the allocator for,
 * and passes it on. A witness that knows nothing of the kernel.
 *
 * count_say() says what was asked for so far, on standard output, and ends the program, so
 * that nothing is asked for afterwards: a line for each function,
 *
 *	counted FUNCTION CALLS BYTES		bytes: of calls that got something
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MALLOC, CALLOC, REALLOC, FREE, POSIX_MEMALIGN, ALIGNED_ALLOC, NR_FUNCTIONS };

static const char *const names[NR_FUNCTIONS] = {
	"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc",
};

static atomic_ulong calls[NR_FUNCTIONS], bytes[NR_FUNCTIONS];

static void count(int function, size_t size, int got)
{
	atomic_fetch_add(&calls[function], 1);
	if (got)
		atomic_fetch_add(&bytes[function], size);
}

/* The next function of that name. dlsym() may ask for memory itself; it does without. */
static void *next(int function)
{
	static void *_Atomic found[NR_FUNCTIONS];

	if (!found[function])
		found[function] = dlsym(RTLD_NEXT, names[function]);
	return found[function];
}

void *malloc(size_t size)
{
	void *p = ((void *(*)(size_t))next(MALLOC))(size);

	count(MALLOC, size, !!p);
	return p;
}

void *calloc(size_t nr, size_t size)
{
	void *p = ((void *(*)(size_t, size_t))next(CALLOC))(nr, size);

	count(CALLOC, nr * size, !!p);
	return p;
}

void *realloc(void *old, size_t size)
{
	void *p = ((void *(*)(void *, size_t))next(REALLOC))(old, size);

	count(REALLOC, size, p || !size);
	return p;
}

void free(void *p)
{
	((void (*)(void *))next(FREE))(p);
	count(FREE, 0, 0);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	int ret = ((int (*)(void **, size_t, size_t))next(POSIX_MEMALIGN))(out, align, size);

	count(POSIX_MEMALIGN, size, !ret);
	return ret;
}

void *aligned_alloc(size_t align, size_t size)
{
	void *p = ((void *(*)(size_t, size_t))next(ALIGNED_ALLOC))(align, size);

	count(ALIGNED_ALLOC, size, !!p);
	return p;
}

void count_say(void);
void count_say(void)
{
	char text[1024];
	size_t len = 0;
	int i;

	for (i = 0; i < NR_FUNCTIONS; i++)
		len += snprintf(text + len, sizeof(text) - len, "counted %s %lu %lu\n", names[i],
				calls[i], bytes[i]);
	_exit(write(STDOUT_FILENO, text, len) != (ssize_t)len);
}
