// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcov.c - which instructions of the module the calling thread has come by.
 *
 * KCOV belongs to a thread: so does all that is kept here, but for the file of marks,
 * which everybody writes into and nobody reads before all have ended. A byte is only
 * ever set, so that nothing races.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kcov.h"

#define SECTIONS "/sys/module/vmlab/sections/"
#define FIRST_FD 900

static __thread struct {
	int fd;			/* plus 1; 0: not opened */
	size_t words;
	unsigned long *area;	/* [0]: how many follow; NULL: not started */
} self;

static struct {
	struct kcov_text text;
	unsigned char *seen;
} marks;

static int number_in(const char *path, const char *format, uint64_t *number)
{
	unsigned long long value;
	FILE *file = fopen(path, "re");
	char line[512];
	int got = 0;

	if (!file)
		return -errno;
	while (got != 1 && fgets(line, sizeof(line), file))
		got = sscanf(line, format, &value);
	fclose(file);
	*number = value;
	return got == 1 ? 0 : -ENOENT;
}

const char *kcov_text(struct kcov_text *text)
{
	if (number_in(SECTIONS ".text", "%llx", &text->base))
		return "there is no " SECTIONS ".text: is the module loaded?";
	/* Of all its memory; the text is a part of it. */
	if (number_in("/proc/modules", "vmlab %llu", &text->size))
		return "/proc/modules does not know the module";
	return NULL;
}

const char *kcov_print_sections(void)
{
	static const char *const names[] = { ".text", ".text.unlikely", ".init.text", ".exit.text" };
	char path[128];
	uint64_t at;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), SECTIONS "%s", names[i]);
		if (!number_in(path, "%llx", &at))
			printf("section %s %llx\n", names[i], (unsigned long long)at);
		else if (!i)
			return "there is no " SECTIONS ".text: is the module loaded?";
	}
	return NULL;
}

/* The file of marks, once for the process and its children. */
static void open_marks(void)
{
	const char *cover = getenv("VMLAB_COVER");
	unsigned long long base, size;
	char path[256];
	int fd;

	if (marks.seen || !cover || sscanf(cover, "%255[^:]:%llx:%llx", path, &base, &size) != 3)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	/* There from the beginning: who compares its own page table must not see a page come. */
	marks.seen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	if (marks.seen == MAP_FAILED)
		marks.seen = NULL;
	marks.text = (struct kcov_text) { base, size };
}

bool kcov_open(void)
{
	int low, fd;

	open_marks();
	low = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (low < 0)
		return false;
	/* Shells give small numbers to what they redirect. */
	fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD);
	close(low);
	self.fd = fd + 1;
	return fd >= 0;
}

const char *kcov_start(size_t words)
{
	void *area;

	if (!self.fd && !kcov_open())
		return "this kernel has no KCOV (/sys/kernel/debug/kcov)";
	if (ioctl(self.fd - 1, KCOV_INIT_TRACE, words))
		goto out_close;
	area = mmap(NULL, words * sizeof(*self.area), PROT_READ | PROT_WRITE, MAP_SHARED,
		    self.fd - 1, 0);
	if (area == MAP_FAILED)
		goto out_close;
	/* Marks are made between two looks at one's own page table, too: it stays as it is. */
	if (marks.seen)
		madvise(marks.seen, marks.text.size, MADV_POPULATE_WRITE);
	if (ioctl(self.fd - 1, KCOV_ENABLE, KCOV_TRACE_PC))
		goto out_unmap;
	self.words = words;
	self.area = area;
	return NULL;

out_unmap:
	munmap(area, words * sizeof(*self.area));
out_close:
	close(self.fd - 1);
	self.fd = 0;
	return "KCOV would not start";
}

void kcov_reset(void)
{
	if (self.area)
		__atomic_store_n(&self.area[0], 0, __ATOMIC_RELAXED);
}

size_t kcov_seen(const unsigned long **pcs)
{
	if (!self.area)
		return 0;
	*pcs = self.area + 1;
	return __atomic_load_n(&self.area[0], __ATOMIC_RELAXED);
}

void kcov_mark(void)
{
	const unsigned long *pcs;
	const size_t nr = kcov_seen(&pcs);
	size_t i;

	if (!marks.seen)
		return;
	for (i = 0; i < nr; i++)
		if (pcs[i] - marks.text.base < marks.text.size)
			marks.seen[pcs[i] - marks.text.base] = 1;
}

void kcov_pause(void)
{
	if (self.area)
		ioctl(self.fd - 1, KCOV_DISABLE, 0);
}

void kcov_stop(void)
{
	if (!self.fd)
		return;
	kcov_pause();
	if (self.area)
		munmap(self.area, self.words * sizeof(*self.area));
	close(self.fd - 1);
	self.area = NULL;
	self.fd = 0;
}

void kcov_forget(void)
{
	if (self.fd)
		close(self.fd - 1);
	self.area = NULL;
	self.fd = 0;
}
