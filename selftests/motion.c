// SPDX-License-Identifier: GPL-2.0-only
/*
 * motion.c - changes its own mappings and permissions in ways that it knows, and says so:
 * what test_mprotect and test_mappings trace.
 *
 * motion protect: mprotect() and its like, in this order; each call, then each mapping that
 * it gave something else:
 *
 *	call START LENGTH PROT PKEY RESULT	-1 for no key, a name of errno or "ok"
 *	range START END FROM TO ENTRIES FINDING	-1 entries: that is not known
 *	image START OFFSET PATH			files that are mapped, as /proc/self/maps has them
 *	absent WHAT why
 *
 * motion random SEED NUMBER: that many changes of mappings, by chance, the same ones for the
 * same seed; then its /proc/self/maps, after which nothing changes any more:
 *
 *	maps PID
 *	... as of /proc/self/maps
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
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

/* ---- by chance ------------------------------------------------------------ */

#define ARENA		((char *)0x200000000000UL)
#define ARENA_PAGES	256UL
#define NR_PLACES	16
#define HEAP_PAGES	64
#define FILE_PAGES	64

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

static uint64_t chance_state;

/* xorshift64: any start but 0. */
static uint64_t chance(uint64_t below)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 7;
	chance_state ^= chance_state << 17;
	return chance_state % below;
}

/* Where the kernel has put something. */
static struct place {
	char *at;
	size_t size;
	bool shm;
} places[NR_PLACES];

static int a_memfd, an_exe, a_segment;
static char *heap;

static char *somewhere(size_t *size)
{
	size_t first = chance(ARENA_PAGES), nr = 1 + chance(24);

	if (first + nr > ARENA_PAGES)
		nr = ARENA_PAGES - first;
	*size = nr * PAGE;
	return ARENA + first * PAGE;
}

static int some_prot(void)
{
	return chance(8);
}

static void map_anon(void)
{
	size_t size;
	char *at = somewhere(&size);

	mmap(at, size, some_prot(), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void map_shared(void)
{
	size_t size;
	char *at = somewhere(&size);

	mmap(at, size, some_prot(), MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void map_file(void)
{
	size_t size;
	char *at = somewhere(&size);
	const int flags = (chance(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED;
	const off_t offset = chance(FILE_PAGES) * PAGE;

	if (chance(4))
		mmap(at, size, some_prot(), flags, a_memfd, offset);
	else
		mmap(at, size, some_prot() & ~PROT_WRITE, MAP_PRIVATE | MAP_FIXED, an_exe, offset);
}

static void leave(struct place *place)
{
	if (place->shm)
		shmdt(place->at);
	else if (place->at)
		munmap(place->at, place->size);
	memset(place, 0, sizeof(*place));
}

static void map_anywhere(void)
{
	struct place *place = &places[chance(NR_PLACES)];

	leave(place);
	place->size = (1 + chance(16)) * PAGE;
	place->at = mmap(NULL, place->size, some_prot(), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place->at == MAP_FAILED)
		fail("mmap");
}

static void attach(void)
{
	struct place *place = &places[chance(NR_PLACES)];

	leave(place);
	place->at = shmat(a_segment, NULL, chance(2) ? SHM_RDONLY : 0);
	if (place->at == (void *)-1)
		fail("shmat");
	place->shm = true;
}

static void unmap(void)
{
	size_t size;
	char *at = somewhere(&size);

	munmap(at, size);
}

static void protect_some(void)
{
	size_t size;
	char *at = somewhere(&size);

	mprotect(at, size, some_prot());
}

static void remap_some(void)
{
	size_t size, other;
	char *at = somewhere(&size), *to = somewhere(&other);
	static const int how[] = {
		0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
	};
	const int flags = how[chance(5)];
	char *went;

	if (flags & MREMAP_DONTUNMAP)
		other = size;
	/* As much again of a shared mapping. */
	if (flags == (MREMAP_MAYMOVE | MREMAP_FIXED) && !chance(4))
		size = 0;
	went = mremap(at, size, other, flags, to);
	/* It would go on growing out there. */
	if (went != MAP_FAILED && (went < ARENA || went >= ARENA + ARENA_PAGES * PAGE))
		munmap(went, other);
}

static void resize(void)
{
	struct place *place = &places[chance(NR_PLACES)];
	const size_t size = (1 + chance(32)) * PAGE;
	char *at;

	if (!place->at || place->shm)
		return;
	at = mremap(place->at, place->size, size, chance(2) ? MREMAP_MAYMOVE : 0);
	if (at == MAP_FAILED)
		return;
	place->at = at;
	place->size = size;
}

static void advise(void)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_DONTNEED, MADV_DONTFORK,
		MADV_DOFORK, MADV_NOHUGEPAGE, MADV_FREE, MADV_DONTDUMP,
	};
	size_t size;
	char *at = somewhere(&size);

	madvise(at, size, advice[chance(sizeof(advice) / sizeof(advice[0]))]);
}

static void lock(void)
{
	size_t size;
	char *at = somewhere(&size);

	if (chance(2))
		mlock2(at, size, MLOCK_ONFAULT);
	else
		munlock(at, size);
}

/* Not through libc, which would remember where it was. */
static void move_brk(void)
{
	syscall(SYS_brk, heap + chance(HEAP_PAGES) * PAGE + chance(PAGE));
}

static void grow_stack(unsigned int pages)
{
	char page[PAGE];

	fixture_touch_page(page);
	if (pages)
		grow_stack(pages - 1);
	fixture_touch_page(page);
}

static void grow_stack_some(void)
{
	grow_stack(chance(128));
}

static void touch(void)
{
	/* What cannot be written is left alone; a mapping of its own can. */
	struct place *place = &places[chance(NR_PLACES)];

	leave(place);
	place->size = PAGE;
	place->at = map(1, PROT_READ | PROT_WRITE);
	*place->at = 1;
}

static void (*const deeds[])(void) = {
	map_anon, map_anon, map_anon, map_shared, map_file, map_file, map_anywhere, attach, unmap,
	unmap, protect_some, protect_some, protect_some, protect_some, remap_some, remap_some,
	resize, resize, advise, lock, move_brk, grow_stack_some, touch,
};

static char text[1 << 20];

/* Nothing may be allocated after it, and nothing is. */
static void say_maps(void)
{
	size_t len = snprintf(text, sizeof(text), "maps %d\n", (int)getpid()), at = 0;
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	while ((got = read(fd, text + len, sizeof(text) - len)) > 0)
		len += got;
	while (at < len) {
		got = write(STDOUT_FILENO, text + at, len - at);
		if (got < 0)
			_exit(1);
		at += got;
	}
}

static int by_chance(unsigned long seed, unsigned long nr)
{
	chance_state = seed * 2654435761UL + 1;
	a_memfd = memfd_create("motion", MFD_CLOEXEC);
	an_exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	a_segment = shmget(IPC_PRIVATE, 8 * PAGE, 0600);
	if (a_memfd < 0 || ftruncate(a_memfd, 2 * FILE_PAGES * PAGE) || an_exe < 0 || a_segment < 0)
		fail("files");
	heap = sbrk(0);
	while (nr--)
		deeds[chance(sizeof(deeds) / sizeof(deeds[0]))]();
	/* It goes when the last one leaves it. */
	shmctl(a_segment, IPC_RMID, NULL);
	say_maps();
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "protect"))
		return protect();
	if (!strcmp(what, "random") && argc == 4)
		return by_chance(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	fprintf(stderr, "usage: motion protect | random SEED NUMBER\n");
	return 2;
}
