// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * resolve.c - from the word for an address to the address.
 *
 * A symbol's value counts from where its file would lie if it were mapped at 0; what
 * is added is where the file does lie in this process: the mapping of its first
 * loaded segment, less what that segment says.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static bool parse_hex(const char *text, uint64_t *va)
{
	char *end;

	if (!strncmp(text, "0x", 2) || !strncmp(text, "0X", 2))
		text += 2;
	if (!*text || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return false;
	errno = 0;
	*va = strtoull(text, &end, 16);
	return !errno;
}

/* The file as the process sees it, even under another root. */
static void path_of(pid_t pid, const struct vmlab_region *region, char *buf, size_t size)
{
	if (pid)
		snprintf(buf, size, "/proc/%d/root%s", (int)pid, region->name);
	else
		snprintf(buf, size, "/proc/self/root%s", region->name);
}

/* Where @value of the file that @first is the lowest mapping of lies in memory. */
static int relocate(struct vmlab_session *session, const char *path,
		    const struct vmlab_region *first, uint64_t *value)
{
	const uint64_t mask = (1ULL << session->info.out_page_shift) - 1;
	struct vmlab_elf elf;
	size_t i;
	int ret;

	ret = vmlab_elf_read(session, path, &elf);
	if (ret)
		return ret;
	ret = -ENOEXEC;
	for (i = 0; i < elf.nr_segments; i++) {
		const struct vmlab_segment *s = &elf.segments[i];

		if (s->type != PT_LOAD || first->offset < (s->offset & ~mask) ||
		    first->offset >= s->offset + s->sz_file)
			continue;
		*value += first->start - (s->vaddr - s->offset + first->offset);
		ret = 0;
		break;
	}
	vmlab_elf_free(&elf);
	return ret;
}

/* FILE matches the whole name, or its last components. */
static bool names(const char *file, const char *mapped)
{
	size_t len = strlen(file), all = strlen(mapped);

	if (all < len || strcmp(mapped + all - len, file))
		return false;
	return all == len || mapped[all - len - 1] == '/';
}

static int symbol(struct vmlab_session *session, pid_t pid, const char *file,
		  const char *name, uint64_t *va)
{
	struct vmlab_regions regions;
	const char *last = "";
	char path[4200];
	size_t i;
	int ret;

	ret = vmlab_regions_read(session, pid, &regions);
	if (ret)
		return ret;
	ret = -ENOENT;
	/* Low to high: the program, then its libraries, each by its first mapping. */
	for (i = 0; i < regions.nr && ret; i++) {
		const struct vmlab_region *r = &regions.v[i];

		if (r->name[0] != '/' || !strcmp(r->name, last))
			continue;
		last = r->name;
		if (file && !names(file, r->name))
			continue;
		path_of(pid, r, path, sizeof(path));
		ret = vmlab_elf_symbol(session, path, name, va);
		if (!ret)
			ret = relocate(session, path, r, va);
		if (ret == -ENODATA || ret == -ENOMEM)
			break;
	}
	vmlab_regions_free(&regions);
	return !ret || ret == -ENODATA || ret == -ENOMEM ? ret : -ENOENT;
}

int vmlab_resolve(struct vmlab_session *session, pid_t pid, const char *text, uint64_t *va)
{
	const char *colon = strrchr(text, ':');
	char *file;
	int ret;

	if (parse_hex(text, va))
		return 0;
	if (!*text || (colon && !colon[1]))
		return -EINVAL;
	if (!colon)
		return symbol(session, pid, NULL, text, va);
	file = strndup(text, colon - text);
	if (!file)
		return -ENOMEM;
	ret = symbol(session, pid, file, colon + 1, va);
	free(file);
	return ret;
}
