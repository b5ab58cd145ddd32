// SPDX-License-Identifier: GPL-2.0-only
/*
 * motion.c - changes its own mappings and permissions in ways that it knows, and says so:
 * what test_mprotect traces.
 *
 * motion protect: mprotect() and its like, in this order; each call, then each mapping that
 * it gave something else:
 *
 *	call START LENGTH PROT PKEY RESULT	-1 for no key, a name of errno or "ok"
 *	range START END FROM TO ENTRIES FINDING	-1 entries: that is not known
 *	image START OFFSET PATH			files that are mapped, as /proc/self/maps has them
 *	absent WHAT why
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

/* Said at the end: printing takes memory of its own. */
static char said[65536];

static void say(const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - len, format, args);
	va_end(args);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t pages, int prot)
{
	char *at = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
	return at;
}

static void change(char *at, size_t length, int prot)
{
	const int ret = mprotect(at, length, prot);

	say("call %lx %zx %d -1 %s\n", (unsigned long)at, length, prot,
	    ret ? strerrorname_np(errno) : "ok");
}

static void range(const char *at, size_t pages, const char *from, const char *to, int entries,
		  const char *finding)
{
	say("range %lx %lx %s %s %d %s\n", (unsigned long)at, (unsigned long)at + pages * PAGE,
	    from, to, entries, finding);
}

static void split_and_join(void)
{
	char *at = map(10, PROT_READ | PROT_WRITE) + PAGE;
	int i;

	/* Pages 0 to 4 are there, the others are not. */
	for (i = 0; i < 5; i++)
		at[i * PAGE] = 1;
	change(at + 2 * PAGE, 2 * PAGE, PROT_READ);
	range(at + 2 * PAGE, 2, "rw-", "r--", 2, "null");
	/* Three mappings by one call. */
	change(at, 8 * PAGE, PROT_READ | PROT_EXEC);
	range(at, 2, "rw-", "r-x", 2, "w-to-x");
	range(at + 2 * PAGE, 2, "r--", "r-x", 2, "null");
	range(at + 4 * PAGE, 4, "rw-", "r-x", 1, "w-to-x");
	change(at, 8 * PAGE, PROT_READ | PROT_EXEC);
	change(at + PAGE, PAGE, PROT_READ | PROT_WRITE);
	range(at + PAGE, 1, "r-x", "rw-", 1, "x-to-w");
	change(at + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	range(at + 5 * PAGE, 1, "r-x", "rwx", 0, "rwx-asked");
	change(at + 6 * PAGE, PAGE, PROT_NONE);
	range(at + 6 * PAGE, 1, "r-x", "---", 0, "null");
}

static void refused(void)
{
	char *at = map(3, PROT_READ | PROT_WRITE);

	munmap(at + PAGE, PAGE);
	/* Up to the hole it is done. */
	change(at, 3 * PAGE, PROT_READ);
	range(at, 1, "rw-", "r--", 0, "null");
	change(at + 1, PAGE, PROT_READ);
	change(at, 0, PROT_READ);
	change(at + PAGE, PAGE, PROT_READ);
}

static void a_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (fd < 0 || at == MAP_FAILED)
		fail("/proc/self/exe");
	change(at, PAGE, PROT_READ | PROT_WRITE);
	range(at, 1, "r--", "rw-", -1, "null");
	munmap(at, PAGE);
	close(fd);
}

static void heap_and_stack(void)
{
	char *heap = (char *)(((unsigned long)sbrk(4 * PAGE) + PAGE - 1) & ~(PAGE - 1));
	char on_stack[3 * PAGE], *stack;

	stack = (char *)(((unsigned long)on_stack + PAGE) & ~(PAGE - 1));
	memset(on_stack, 1, sizeof(on_stack));
	change(heap, PAGE, PROT_READ | PROT_EXEC);
	range(heap, 1, "rw-", "r-x", -1, "exec-heap");
	change(stack, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	range(stack, 1, "rw-", "rwx", 1, "exec-stack");
	change(stack, PAGE, PROT_READ | PROT_WRITE);
	range(stack, 1, "rwx", "rw-", 1, "x-to-w");
}

static void a_key(void)
{
	char *at = map(1, PROT_READ | PROT_WRITE);
	int key = pkey_alloc(0, 0), ret;

	if (key < 0) {
		say("absent key: %s\n", strerror(errno));
		return;
	}
	*at = 1;
	ret = pkey_mprotect(at, PAGE, PROT_READ | PROT_WRITE, key);
	say("call %lx %lx %d %d %s\n", (unsigned long)at, PAGE, PROT_READ | PROT_WRITE, key,
	    ret ? strerrorname_np(errno) : "ok");
	range(at, 1, "rw-", "rw-", 1, "null");
	say("key %lx %d\n", (unsigned long)at, key);
}

static void say_images(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, offset;
	char line[512], path[256];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %*s %lx %*s %*s %255s", &start, &offset, path) == 3 &&
		    *path == '/')
			say("image %lx %lx %s\n", start, offset, path);
	if (!maps)
		fail("/proc/self/maps");
	fclose(maps);
}

static int protect(void)
{
	split_and_join();
	refused();
	a_file();
	heap_and_stack();
	a_key();
	say_images();
	fputs(said, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "protect"))
		return protect();
	fprintf(stderr, "usage: motion protect\n");
	return 2;
}
