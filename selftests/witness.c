// SPDX-License-Identifier: GPL-2.0-only
/*
 * witness.c - what the kernel says of the same pages without us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "witness.h"

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A page of our own that nobody ever gave to KSM: does kpageflags know? */
static bool calls_all_ksm(void)
{
	struct witness own = { .pagemap = open_file("/proc/self/pagemap"),
			       .flags = open_file("/proc/kpageflags"), .counts = -1 };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool vague = false;

	if (page != MAP_FAILED) {
		*page = 1;
		if (own.pagemap >= 0 && own.flags >= 0)
			vague = witness_page_flags(&own, PM_PFN(witness_page(&own, page))) & KPF(KSM);
		munmap(page, 4096);
	}
	close(own.pagemap);
	close(own.flags);
	return vague;
}

/* All that PAGEMAP_SCAN of this kernel can be asked for. */
static uint64_t known_categories(int pagemap)
{
	const uint64_t old = PM_IS_WRITTEN | PM_IS_FILE | PM_IS_PRESENT | PM_IS_SWAPPED |
			     PM_IS_PFNZERO | PM_IS_HUGE | PM_IS_SOFT_DIRTY;
	struct pm_scan scan = { .size = sizeof(scan), .return_mask = old | PM_IS_GUARD };

	if (!ioctl(pagemap, PM_SCAN, &scan))
		return old | PM_IS_GUARD;
	scan.return_mask = old;
	return !ioctl(pagemap, PM_SCAN, &scan) ? old : 0;
}

int witness_open(struct witness *w, pid_t pid)
{
	char path[64] = "/proc/self/pagemap";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	w->pagemap = open_file(path);
	w->flags = open_file("/proc/kpageflags");
	w->counts = open_file("/proc/kpagecount");
	w->ksm_vague = calls_all_ksm();
	w->categories = known_categories(w->pagemap);
	if (w->pagemap >= 0 && w->flags >= 0 && w->counts >= 0)
		return 0;
	witness_close(w);
	return w->pagemap < 0 ? w->pagemap : -EACCES;
}

void witness_close(struct witness *w)
{
	close(w->pagemap);
	close(w->flags);
	close(w->counts);
}

/* Past the end of the file the words are zero. */
static int words_at(int fd, uint64_t index, uint64_t *words, size_t nr)
{
	size_t done = 0;
	ssize_t got;

	while (done < nr) {
		got = pread(fd, words + done, (nr - done) * 8, (off_t)((index + done) * 8));
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got / 8;
	}
	memset(words + done, 0, (nr - done) * 8);
	return 0;
}

int witness_pagemap(const struct witness *w, uint64_t va, uint64_t *words, size_t nr)
{
	return words_at(w->pagemap, va >> 12, words, nr);
}

int witness_flags(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr)
{
	return words_at(w->flags, pfn, words, nr);
}

int witness_counts(const struct witness *w, uint64_t pfn, uint64_t *words, size_t nr)
{
	return words_at(w->counts, pfn, words, nr);
}

int witness_categories(const struct witness *w, uint64_t va, uint64_t *words, size_t nr)
{
	struct pm_region regions[256];
	const uint64_t end = va + nr * 4096;
	struct pm_scan scan = {
		.size = sizeof(scan), .start = va, .end = end, .vec = (uintptr_t)regions,
		.vec_len = 256, .category_anyof_mask = w->categories,
		.return_mask = w->categories,
	};
	uint64_t at;
	int got, i;

	memset(words, 0, nr * sizeof(*words));
	while (w->categories && scan.start < end) {
		scan.walk_end = 0;	/* set only where it stops early */
		got = ioctl(w->pagemap, PM_SCAN, &scan);
		if (got < 0)
			return -errno;
		for (i = 0; i < got; i++)
			for (at = regions[i].start; at < regions[i].end; at += 4096)
				words[(at - va) / 4096] = regions[i].categories;
		scan.start = scan.walk_end;
	}
	return 0;
}

uint64_t witness_page(const struct witness *w, const void *va)
{
	uint64_t word;

	return witness_pagemap(w, (uintptr_t)va, &word, 1) ? ~0ULL : word;
}

uint64_t witness_page_flags(const struct witness *w, uint64_t pfn)
{
	uint64_t word;

	return witness_flags(w, pfn, &word, 1) ? ~0ULL : word;
}

uint64_t witness_page_count(const struct witness *w, uint64_t pfn)
{
	uint64_t word;

	return witness_counts(w, pfn, &word, 1) ? ~0ULL : word;
}

/* The first line of an area; false for one of those that follow it. */
static bool area_begins(const char *line, struct witness_area *area)
{
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char perms[8];
	int name = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end, perms, &offset,
		   &major, &minor, &inode, &name) < 7)
		return false;
	memset(area, 0, sizeof(*area));
	area->offset = offset;
	area->inode = inode;
	area->dev_major = major;
	area->dev_minor = minor;
	area->start = start;
	area->end = end;
	area->pkey = -1;
	snprintf(area->perms, sizeof(area->perms), "%.4s", perms);
	if (name)
		snprintf(area->name, sizeof(area->name), "%.*s",
			 (int)strcspn(line + name, "\n"), line + name);
	return true;
}

static void area_goes_on(const char *line, struct witness_area *area)
{
	const struct {
		const char *name;
		long *value;
	} fields[] = {
		{ "KernelPageSize:", &area->page_kb },
		{ "Rss:", &area->rss_kb },
		{ "Anonymous:", &area->anon_kb },
		{ "Swap:", &area->swap_kb },
		{ "AnonHugePages:", &area->anon_huge_kb },
		{ "ShmemPmdMapped:", &area->shmem_huge_kb },
		{ "Shared_Clean:", &area->shared_clean_kb },
		{ "Shared_Dirty:", &area->shared_dirty_kb },
		{ "Private_Clean:", &area->private_clean_kb },
		{ "Private_Dirty:", &area->private_dirty_kb },
		{ "Referenced:", &area->referenced_kb },
		{ "Shared_Hugetlb:", &area->shared_hugetlb_kb },
		{ "Private_Hugetlb:", &area->private_hugetlb_kb },
		{ "ProtectionKey:", &area->pkey },
	};
	size_t i, len;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		len = strlen(fields[i].name);
		if (!strncmp(line, fields[i].name, len))
			*fields[i].value = strtol(line + len, NULL, 10);
	}
	if (!strncmp(line, "VmFlags:", 8))
		snprintf(area->flags, sizeof(area->flags), "%.*s ",
			 (int)strcspn(line + 8, "\n"), line + 8);
}

ssize_t witness_areas(pid_t pid, struct witness_area **out)
{
	char path[64] = "/proc/self/smaps";
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	fd = open_file(path);
	return fd < 0 ? fd : witness_areas_of(fd, out);
}

ssize_t witness_areas_of(int smaps, struct witness_area **out)
{
	struct witness_area *all = NULL, *more, area;
	FILE *file = fdopen(smaps, "r");
	char line[4352];
	size_t nr = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (area_begins(line, &area)) {
			more = realloc(all, (nr + 1) * sizeof(*all));
			if (!more)
				break;
			all = more;
			all[nr++] = area;
		} else if (nr) {
			area_goes_on(line, &all[nr - 1]);
		}
	}
	fclose(file);
	*out = all;
	return (ssize_t)nr;
}

int witness_area(pid_t pid, const void *va, struct witness_area *out)
{
	const uint64_t at = (uintptr_t)va;
	struct witness_area *all;
	ssize_t i, nr = witness_areas(pid, &all);
	int ret = -ENOENT;

	for (i = 0; i < nr; i++)
		if (at >= all[i].start && at < all[i].end) {
			*out = all[i];
			ret = 0;
		}
	if (nr >= 0)
		free(all);
	return ret;
}

bool witness_area_flag(const struct witness_area *area, const char *flag)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(area->flags, word);
}

size_t witness_ram(struct witness_ram *ram, size_t max)
{
	FILE *file = fopen("/proc/iomem", "r");
	unsigned long long start, end;
	char line[256], name[64];
	size_t nr = 0;

	while (file && nr < max && fgets(line, sizeof(line), file))
		if (sscanf(line, " %llx-%llx : %63[^\n]", &start, &end, name) == 3 &&
		    !strcmp(name, "System RAM"))
			ram[nr++] = (struct witness_ram) { start / PAGE, end / PAGE };
	if (file)
		fclose(file);
	return nr;
}

uint64_t witness_end_of_ram(void)
{
	struct witness_ram ram[WITNESS_RAM_MAX];
	size_t nr = witness_ram(ram, WITNESS_RAM_MAX), i;
	uint64_t end = 0;

	for (i = 0; i < nr; i++)
		if (ram[i].last + 1 > end)
			end = ram[i].last + 1;
	return end;
}
