/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fixture.h - mappings of every kind.
 *
 * Each function makes one mapping in the calling process and says in its name
 * what it is; NULL when the kernel does not give it (errno says why). They are
 * left to the end of the process, which for a test comes soon.
 */
#ifndef SELFTESTS_FIXTURE_H
#define SELFTESTS_FIXTURE_H

#include <stddef.h>

#define PAGE		4096UL
#define HUGE_2M		(2UL << 20)
#define HUGE_1G		(1UL << 30)

/* Where .bss of the program ends: end(3), by the name that nobody else takes. */
extern char _end[];

/* Private and anonymous, small pages only, nothing touched. */
void *fixture_anon(size_t size, int prot);

/* Private and anonymous, aligned to @align (a power of two), nothing touched. */
void *fixture_anon_aligned(size_t size, size_t align);

/* Private and anonymous, @size bytes of transparent huge pages, written. */
void *fixture_thp(size_t size);

/* MAP_SHARED or MAP_PRIVATE of @size bytes of hugetlb pages of 2^@shift bytes. */
void *fixture_hugetlb(size_t size, unsigned int shift, int flags);

/* A file of @size bytes in memory (tmpfs), filled with @byte. A descriptor. */
int fixture_memfd(size_t size, int byte);

/*
 * A file of @size bytes on a filesystem whose pages are not backed by swap, filled
 * with @byte: /proc/filesystems' ramfs, mounted for this process alone. A
 * descriptor, or -1.
 */
int fixture_ram_file(size_t size, int byte);

/* A descriptor mapped, nothing touched. */
void *fixture_map(int fd, size_t size, int prot, int flags);

/* Writes one byte into each page of @size bytes at @at; reads one of each. */
void fixture_write(void *at, size_t size);
void fixture_read(const void *at, size_t size);

/* Where the mapping of this process that @at lies in ends (/proc/self/maps), or 0. */
unsigned long fixture_mapping_end(const void *at);

/* A userfaultfd that can write-protect shared memory too, or -1. */
int fixture_uffd(void);

/* This thread runs on @cpu alone from now on. 0 or -1. */
int fixture_stay_on(unsigned int cpu);

/* Reads the page at @at; for those who take a function. */
void fixture_touch_page(void *at);

#endif /* SELFTESTS_FIXTURE_H */
