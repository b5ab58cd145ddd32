// SPDX-License-Identifier: GPL-2.0-only
/*
 * ptdump.c - the kernel's own dump of its page tables, and the same made of our runs.
 *
 * A line of the dump is a stretch of leaves with the same bits of its own choice, whatever
 * their frames; levels are told apart, and so are stretches that differ only in what the
 * levels above permit. Both are put together again here, so that two lists are
 * comparable that were cut at different places.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptdump.h"

#define FOLDER	"/sys/kernel/debug/page_tables/"
#define LEFT_OUT	0U
#define PRESENT		1U
#define USR		2U
#define RW		4U
#define PWT		8U
#define PCD		16U
#define PSE		32U
#define PAT		64U
#define GLB		128U
#define NX		256U

/* SDM 4.5; @levels: where the bit has this meaning, 1 << VMLAB_LEVEL_*. */
#define LAST	(1U << VMLAB_LEVEL_PTE)
#define HUGE	(1U << VMLAB_LEVEL_PMD | 1U << VMLAB_LEVEL_PUD)
static const struct {
	const char *name;
	unsigned int bit;
	unsigned int at;
	unsigned int levels;
} bits[] = {
	{ "USR", USR, 2, LAST | HUGE }, { "RW", RW, 1, LAST | HUGE },
	{ "PWT", PWT, 3, LAST | HUGE }, { "PCD", PCD, 4, LAST | HUGE },
	{ "PSE", PSE, 7, HUGE }, { "PAT", PAT, 7, LAST }, { "PAT", PAT, 12, HUGE },
	{ "GLB", GLB, 8, LAST | HUGE }, { "NX", NX, 63, LAST | HUGE },
};

static const struct {
	const char *name;
	unsigned int level;
} levels[] = {
	{ "pte", VMLAB_LEVEL_PTE }, { "pmd", VMLAB_LEVEL_PMD }, { "pud", VMLAB_LEVEL_PUD },
	{ "p4d", VMLAB_LEVEL_P4D }, { "pgd", VMLAB_LEVEL_PGD },
};

#define BLANKS	"\n "
#define NR(a)	(sizeof(a) / sizeof((a)[0]))

bool ptdump_missing(void)
{
	return access(FOLDER "kernel", R_OK) < 0;
}

static bool add(struct ptdump *dump, uint64_t start, uint64_t end, unsigned int flags,
		unsigned int level)
{
	struct ptdump_range *last = dump->nr ? &dump->v[dump->nr - 1] : NULL, *more;

	if (start >= end)
		return true;
	if (last && last->end == start && last->bits == flags && last->level == level) {
		last->end = end;
		return true;
	}
	if (dump->nr == dump->max) {
		dump->max = dump->max ? 2 * dump->max : 1024;
		more = realloc(dump->v, dump->max * sizeof(*more));
		if (!more)
			return false;
		dump->v = more;
	}
	dump->v[dump->nr++] = (struct ptdump_range) { start, end, flags, level };
	return true;
}

/* The bits of a leaf, as the dump would have them; 0: it leaves such ones out. */
static unsigned int flags_of(const struct vmlab_run *run)
{
	unsigned int flags = PRESENT;
	size_t i;

	if (!(run->facts & VMLAB_FACT_PRESENT))
		return 0;
	for (i = 0; i < NR(bits); i++)
		if ((bits[i].levels & 1U << run->level) && (run->entry >> bits[i].at & 1))
			flags |= bits[i].bit;
	return flags;
}

bool ptdump_is_of(const struct ptdump_range *range, const struct vmlab_run *leaf)
{
	return range->bits == flags_of(leaf) && range->level == leaf->level;
}

bool ptdump_add_run(struct ptdump *dump, const struct vmlab_run *run)
{
	const unsigned int flags = flags_of(run);

	return !flags || add(dump, run->va, run->va + ((uint64_t)run->count << run->shift), flags,
			     run->level);
}

/* "RW                 PSE         GLB NX pmd": bits that are set; none, nothing is mapped. */
static unsigned int parse(char *words, unsigned int *level)
{
	unsigned int flags = 0;
	char *word, *next;
	size_t i;

	for (word = strtok_r(words, BLANKS, &next); word; word = strtok_r(NULL, BLANKS, &next)) {
		if (!strcmp(word, "ro") || !strcmp(word, "RW"))
			flags |= PRESENT;
		for (i = 0; i < NR(bits); i++)
			if (!strcmp(word, bits[i].name))
				flags |= bits[i].bit;
		for (i = 0; i < NR(levels); i++)
			if (!strcmp(word, levels[i].name))
				*level = levels[i].level;
	}
	return flags;
}

int ptdump_read(struct ptdump *dump, const char *name, uint64_t from, uint64_t to)
{
	uint64_t start, end, last = 0;
	bool skipped = false, room = true;
	char line[256];
	FILE *file;
	int at;

	*dump = (struct ptdump) { 0 };
	snprintf(line, sizeof(line), FOLDER "%s", name);
	file = fopen(line, "r");
	if (!file)
		return -errno;
	while (room && fgets(line, sizeof(line), file)) {
		unsigned int flags, level = 0;

		/* "... 65521 entries skipped ...": up to where the next line begins. */
		if (!strncmp(line, "... ", 4))
			skipped = true;
		at = 0;
		sscanf(line, "0x%" SCNx64 "-0x%" SCNx64 " %*[0-9]%*c%n", &start, &end, &at);
		if (!at)
			continue;
		if (start >= to)
			break;
		if (skipped)
			room = add(dump, last, start, LEFT_OUT, 0);
		skipped = false;
		last = end;
		flags = parse(line + at, &level);
		/* The last one ends where addresses do. */
		if (flags && start >= from && room)
			room = add(dump, start, end ? end : ~0ULL, flags, level);
	}
	fclose(file);
	return room ? 0 : -ENOMEM;
}

void ptdump_free(struct ptdump *dump)
{
	free(dump->v);
	*dump = (struct ptdump) { 0 };
}

/* One of the three lists, at the address that is looked at. */
struct cursor {
	const struct ptdump *dump;
	size_t i;
};

/* What is mapped at @va, or NULL; @end becomes where that ends, if that is nearer. */
static const struct ptdump_range *look(struct cursor *c, uint64_t va, uint64_t *end)
{
	const struct ptdump_range *range;

	while (c->i < c->dump->nr && c->dump->v[c->i].end <= va)
		c->i++;
	if (c->i == c->dump->nr)
		return NULL;
	range = &c->dump->v[c->i];
	if (range->start > va) {
		if (range->start < *end)
			*end = range->start;
		return NULL;
	}
	if (range->end < *end)
		*end = range->end;
	return range;
}

static bool equal(const struct ptdump_range *a, const struct ptdump_range *b)
{
	if (!a || !b)
		return a == b;
	return a->bits == b->bits && a->level == b->level;
}

static bool left_out(const struct ptdump_range *range)
{
	return range && range->bits == LEFT_OUT;
}

void ptdump_compare(const struct ptdump *before, const struct ptdump *after,
		    const struct ptdump *ours, struct ptdump_compared *out)
{
	struct cursor b = { before, 0 }, a = { after, 0 }, o = { ours, 0 };
	uint64_t va, end;

	*out = (struct ptdump_compared) { 0 };
	for (va = 0; va < ~0ULL; va = end) {
		const struct ptdump_range *was, *is, *we;

		end = ~0ULL;
		was = look(&b, va, &end);
		is = look(&a, va, &end);
		we = look(&o, va, &end);
		if (left_out(was) || left_out(is))
			continue;
		if (!equal(was, is)) {
			out->changed++;
		} else if (equal(was, we)) {
			out->same += was ? 1 : 0;
		} else if (!out->differ++) {
			snprintf(out->first, sizeof(out->first),
				 "0x%" PRIx64 "-0x%" PRIx64 ": dumped bits 0x%x level %u, ours 0x%x level %u",
				 va, end, was ? was->bits : 0, was ? was->level : 0,
				 we ? we->bits : 0, we ? we->level : 0);
		}
	}
}
