// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kcore.c - where the kernel keeps memory in its own addresses, from /proc/kcore.
 *
 * Its program headers name each piece of memory with its address in the direct map and
 * its physical one; the image of the kernel too, which lies above. What has no physical
 * address is vmalloc and modules, the largest of all, and above it the array of struct
 * page, in pieces as memory is.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kcore.h"

#define MAX_PIECES	512

static const Elf64_Phdr *lower(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return !a || b->p_vaddr < a->p_vaddr ? b : a;
}

static int find(const Elf64_Phdr *pieces, size_t nr, struct vmlab_kcore *out)
{
	const Elf64_Phdr *memory = NULL, *vmalloc = NULL, *pages = NULL, *p;

	for (p = pieces; p < pieces + nr; p++) {
		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_paddr != UINT64_MAX)
			memory = lower(memory, p);
		else if (!vmalloc || p->p_memsz > vmalloc->p_memsz)
			vmalloc = p;
	}
	if (!memory)
		return -ENOENT;
	for (p = pieces; p < pieces + nr && vmalloc; p++)
		if (p->p_type == PT_LOAD && p->p_paddr == UINT64_MAX &&
		    p->p_vaddr > vmalloc->p_vaddr)
			pages = lower(pages, p);
	out->pa = memory->p_paddr;
	out->va = memory->p_vaddr;
	out->pages = pages ? pages->p_vaddr : 0;
	return 0;
}

int vmlab_kcore_read(struct vmlab_kcore *out)
{
	const int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	Elf64_Phdr pieces[MAX_PIECES];
	Elf64_Ehdr head;
	size_t nr, size;
	ssize_t len;
	int ret;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return -errno;
	ret = pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	      head.e_phentsize == sizeof(*pieces) ? 0 : -ENOENT;
	if (!ret) {
		nr = head.e_phnum < MAX_PIECES ? head.e_phnum : MAX_PIECES;
		size = nr * sizeof(*pieces);
		len = pread(fd, pieces, size, head.e_phoff);
		ret = len == (ssize_t)size ? find(pieces, nr, out) : -ENOENT;
	}
	close(fd);
	return ret;
}
