// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcore.c - physical memory by way of /proc/kcore: an ELF file whose segments say where
 * the kernel has which memory.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "fixture.h"
#include "kcore.h"
#include "mmu.h"

#define MAX_SEGMENTS	256
#define NOWHERE		(~0ULL)

int kcore_open(void)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* @size bytes at a physical address, or at one of the kernel's own. */
static int read_at(int kcore, bool physical, uint64_t at, void *buf, ssize_t size)
{
	uint64_t start;
	Elf64_Ehdr elf;
	Elf64_Phdr p;
	int i;

	if (pread(kcore, &elf, sizeof(elf), 0) != sizeof(elf) || elf.e_phnum > MAX_SEGMENTS)
		return -EIO;
	for (i = 0; i < elf.e_phnum; i++) {
		if (pread(kcore, &p, sizeof(p), elf.e_phoff + i * sizeof(p)) != sizeof(p))
			return -EIO;
		start = physical ? p.p_paddr : p.p_vaddr;
		/* NOWHERE: at no fixed distance from memory. */
		if (p.p_type != PT_LOAD || start == NOWHERE || at < start ||
		    at - start + size > p.p_memsz)
			continue;
		return pread(kcore, buf, size, p.p_offset + (at - start)) == size ? 0 : -EIO;
	}
	return -ENOENT;
}

int kcore_read(int kcore, uint64_t pa, uint64_t *words, unsigned int nr)
{
	return read_at(kcore, true, pa, words, nr * sizeof(*words));
}

int kcore_read_va(int kcore, uint64_t va, void *buf, size_t size)
{
	return read_at(kcore, false, va, buf, size);
}

uint64_t kcore_walk(int kcore, uint64_t root, unsigned int levels, uint64_t va)
{
	unsigned int level;
	uint64_t entry, at = root;

	for (level = levels; level >= VMLAB_LEVEL_PTE; level--) {
		const unsigned int shift = 12 + (level - 1) * 9;

		if (kcore_read(kcore, at + (va >> shift & 511) * 8, &entry, 1) ||
		    !mmu_valid(level, entry))
			return VMLAB_PFN_NONE;
		if (!mmu_is_table(level, entry))
			return mmu_frame(entry) + ((va & ((1ULL << shift) - 1)) >> 12);
		at = mmu_frame(entry) * PAGE;
	}
	return VMLAB_PFN_NONE;
}
