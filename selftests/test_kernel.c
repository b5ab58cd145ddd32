// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_kernel.c - the kernel half: KWALK, KSCAN and KREGIONS against what the kernel says
 * of itself elsewhere: ptdump where there is one, symbols, sections of modules,
 * vmallocinfo, and pagemap, whose frames the direct map must have.
 *
 * The kernel lives on meanwhile. What is compared lies still (its image, the direct
 * map), or is asked for twice: only what a witness says before and after counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "counter.h"
#include "fixture.h"
#include "ptdump.h"
#include "witness.h"

#define F(x)	VMLAB_FACT_##x
#define RWX	(F(READ) | F(WRITE) | F(EXEC))
#define KPTR	"/proc/sys/kernel/kptr_restrict"
/* Records of one KSCAN. */
#define NR_RECS	4096U

FIXTURE(kernel)
{
	int node;
	struct vmlab_info info;
	struct vmlab_kregions regions;
	struct vmlab_run *recs;
};

FIXTURE_SETUP(kernel)
{
	self->info.size = sizeof(self->info);
	self->regions = (struct vmlab_kregions) { .size = sizeof(self->regions) };
	self->node = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->node) TH_LOG("is the module loaded? %s", strerror(errno));
	ASSERT_EQ(0, ask(self->node, VMLAB_INFO, &self->info));
	ASSERT_EQ(0, ask(self->node, VMLAB_KREGIONS, &self->regions));
	self->recs = calloc(NR_RECS, sizeof(*self->recs));
	ASSERT_NE(NULL, self->recs);
}

FIXTURE_TEARDOWN(kernel)
{
	close(self->node);
	free(self->recs);
}

typedef FIXTURE_DATA(kernel) kernel_data;

static uint64_t kernel_end(const kernel_data *self)
{
	return VMLAB_KERNEL_END(self->info.out_page_shift);
}

static const struct vmlab_kregion *region(const kernel_data *self, uint32_t kind)
{
	uint32_t i;

	for (i = 0; i < self->regions.out_nr; i++)
		if (self->regions.out_regions[i].kind == kind)
			return &self->regions.out_regions[i];
	return NULL;
}

static int walk_at(const kernel_data *self, uint64_t va, struct vmlab_walk *walk)
{
	*walk = (struct vmlab_walk) { .size = sizeof(*walk), .va = va };
	return ask(self->node, VMLAB_KWALK, walk);
}

/* A scan under way, run by run. */
struct scan {
	int node;
	unsigned int cmd;
	struct vmlab_scan ask;
	struct vmlab_run *recs;
	uint32_t at;
	int err;
};

static struct scan scan_of(const kernel_data *self, uint64_t start, uint64_t end, uint32_t nr)
{
	return (struct scan) {
		.node = self->node, .cmd = VMLAB_KSCAN,
		.ask = ask_scan(start, end, self->recs, nr), .recs = self->recs,
	};
}

static const struct vmlab_run *next_run(struct scan *scan)
{
	uint64_t before = scan->ask.start;

	while (scan->at == scan->ask.out_nr) {
		if (scan->ask.start == scan->ask.end)
			return NULL;
		scan->err = ask(scan->node, scan->cmd, &scan->ask);
		if (!scan->err && scan->ask.out_next <= before)
			scan->err = -EPROTO;
		if (scan->err)
			return NULL;
		before = scan->ask.out_next;
		scan->ask.start = scan->ask.out_next;
		scan->at = 0;
	}
	return &scan->recs[scan->at++];
}

static uint64_t run_end(const struct vmlab_run *run)
{
	return run->va + ((uint64_t)run->count << run->shift);
}

/* Where symbols are, 0 for one that there is not: the list is long, and read once. */
static void find_symbols(const char *const *names, uint64_t *found, size_t nr)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], name[256];
	uint64_t va;
	size_t i;

	memset(found, 0, nr * sizeof(*found));
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %*c %255s", &va, name) != 2)
			continue;
		for (i = 0; i < nr; i++)
			if (names[i] && !found[i] && !strcmp(name, names[i]))
				found[i] = va;
	}
	if (file)
		fclose(file);
}

/* Pages of [start, end) that the kernel may use so, and in no other way; -1: an error. */
static long pages_with(const kernel_data *self, uint64_t start, uint64_t end, uint64_t facts,
		       uint64_t mask)
{
	struct scan scan = scan_of(self, start, end, NR_RECS);
	const struct vmlab_run *run;
	long pages = 0;

	while ((run = next_run(&scan))) {
		uint64_t from = run->va > start ? run->va : start;
		uint64_t to = run_end(run) < end ? run_end(run) : end;

		if ((run->facts & mask) == facts)
			pages += (long)((to - from) / PAGE);
	}
	return scan.err ? -1 : pages;
}

TEST_F_TIMEOUT(kernel, divides_its_half_from_low_to_high_without_overlaps, 120)
{
	const struct vmlab_kregion *r = self->regions.out_regions;
	uint64_t at = self->info.out_kernel_start;
	uint32_t i;

	ASSERT_LE(5, self->regions.out_nr);
	ASSERT_GE(VMLAB_MAX_KREGIONS, self->regions.out_nr);
	for (i = 0; i < self->regions.out_nr; i++) {
		EXPECT_LE(at, r[i].start);
		EXPECT_LT(r[i].start, r[i].end);
		EXPECT_EQ(0, (r[i].start | r[i].end) % PAGE);
		EXPECT_EQ(0, r[i].__reserved);
		at = r[i].end;
	}
	EXPECT_GE(kernel_end(self), at);
	for (; i < VMLAB_MAX_KREGIONS; i++)
		EXPECT_EQ(0, r[i].start | r[i].end | r[i].pa | r[i].kind);
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_DIRECT));
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_VMALLOC));
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_VMEMMAP));
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_IMAGE));
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_MODULES));
	EXPECT_NE(NULL, region(self, VMLAB_KREGION_FIXMAP));
}

TEST_F_TIMEOUT(kernel, maps_nothing_between_its_regions, 120)
{
	uint64_t at = self->info.out_kernel_start;
	const struct vmlab_run *run;
	struct scan scan;
	uint32_t i;

	for (i = 0; i <= self->regions.out_nr; i++) {
		const struct vmlab_kregion *r = &self->regions.out_regions[i];
		const uint64_t end = i < self->regions.out_nr ? r->start : kernel_end(self);

		scan = scan_of(self, at, end, NR_RECS);
		run = at < end ? next_run(&scan) : NULL;
		EXPECT_EQ(NULL, run)
			TH_LOG("at 0x%" PRIx64 ", between 0x%" PRIx64 " and 0x%" PRIx64,
			       (uint64_t)run->va, at, end);
		EXPECT_EQ(0, scan.err);
		at = r->end;
	}
}

/* The runs of the kernel's image, which lies still, whatever room there is for them. */
TEST_F_TIMEOUT(kernel, scan_does_not_depend_on_the_room_for_records, 120)
{
	const struct vmlab_kregion *image = region(self, VMLAB_KREGION_IMAGE);
	const uint32_t rooms[] = { 1, 2, 3, 17 };
	struct vmlab_run *whole = calloc(NR_RECS, sizeof(*whole));
	struct vmlab_scan all;
	const struct vmlab_run *run;
	uint32_t nr;
	size_t i;

	ASSERT_NE(NULL, whole);
	all = ask_scan(image->start, image->end, whole, NR_RECS);
	ASSERT_EQ(0, ask(self->node, VMLAB_KSCAN, &all));
	ASSERT_EQ(image->end, all.out_next);
	ASSERT_LT(3, all.out_nr);
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		struct scan scan = scan_of(self, image->start, image->end, rooms[i]);

		for (nr = 0; (run = next_run(&scan)); nr++) {
			ASSERT_GT(all.out_nr, nr);
			/* Its data is written to, by and by. */
			EXPECT_EQ(whole[nr].va, run->va);
			EXPECT_EQ(whole[nr].count, run->count);
			EXPECT_EQ(whole[nr].pfn, run->pfn);
		}
		EXPECT_EQ(0, scan.err);
		EXPECT_EQ(all.out_nr, nr);
	}
	free(whole);
}

TEST_F_TIMEOUT(kernel, scan_merges_what_belongs_together_and_nothing_else, 120)
{
	struct scan scan = scan_of(self, self->info.out_kernel_start, kernel_end(self), NR_RECS);
	struct vmlab_run last = { 0 };
	const struct vmlab_run *run;
	uint64_t nr = 0;

	for (; (run = next_run(&scan)); nr++) {
		const uint64_t facts = run->facts;

		ASSERT_LT(0, run->count);
		ASSERT_EQ(0, run->va & ((1ULL << run->shift) - 1));
		ASSERT_GE(run->va, nr ? run_end(&last) : self->info.out_kernel_start);
		ASSERT_EQ(!(facts & F(PRESENT)), !!(facts & F(PROTNONE)));
		ASSERT_EQ(!(facts & F(PRESENT)), !(facts & F(READ)));
		ASSERT_EQ(run->level > VMLAB_LEVEL_PTE, !!(facts & F(HUGE)));
		ASSERT_EQ(VMLAB_MAPCOUNT_UNKNOWN, run->mapcount);
		ASSERT_EQ(0, facts & ~(RWX | F(PRESENT) | F(PROTNONE) | F(USER) | F(REPEATED) |
				       F(ACCESSED) | F(DIRTY) | F(HUGE) | F(CONT)))
			TH_LOG("facts 0x%" PRIx64, facts);
		if (nr && run->va == run_end(&last) && facts == last.facts &&
		    run->shift == last.shift && !(facts & F(REPEATED)))
			EXPECT_TRUE(run->entry - last.entry !=
				    (uint64_t)last.count << last.shift) {
				TH_LOG("0x%" PRIx64 " continues", (uint64_t)run->va);
			}
		last = *run;
	}
	EXPECT_EQ(0, scan.err);
	EXPECT_LT(50, nr);
}

TEST_F_TIMEOUT(kernel, walk_leads_to_the_leaf_that_the_scan_has, 120)
{
	const uint32_t kinds[] = {
		VMLAB_KREGION_DIRECT, VMLAB_KREGION_IMAGE, VMLAB_KREGION_VMEMMAP,
	};
	uint64_t moved = 0, walks = 0, levels = 0;
	const struct vmlab_run *run;
	struct vmlab_walk walk;
	struct scan scan;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct vmlab_kregion *r = region(self, kinds[i]);

		scan = scan_of(self, r->start, r->end, NR_RECS);
		while ((run = next_run(&scan))) {
			const uint64_t nth = run->count - 1;
			const uint64_t va = run_end(run) - 1;

			ASSERT_EQ(0, walk_at(self, va, &walk));
			walks++;
			/* Permissions of the direct map change when modules come and go. */
			if (walk.out_leaf.va != run->va + (nth << run->shift) ||
			    walk.out_leaf.facts != run->facts) {
				moved++;
				continue;
			}
			EXPECT_EQ(run->pfn + (nth << (run->shift - 12)), walk.out_leaf.pfn);
			EXPECT_EQ(run->level, walk.out_leaf.level);
			EXPECT_EQ(!!(run->facts & F(PRESENT)),
				  !!(walk.out_flags & VMLAB_OUT_MAPPED));
			EXPECT_EQ(self->info.out_levels + 1U - run->level, walk.out_nr_levels);
			levels = walk.out_nr_levels;
			EXPECT_EQ(run->level, walk.out_levels[levels - 1].level);
			EXPECT_EQ(walk.out_leaf.entry, walk.out_levels[levels - 1].entry);
		}
		EXPECT_EQ(0, scan.err);
	}
	EXPECT_LT(20, walks);
	EXPECT_GE(walks / 10, moved) TH_LOG("%" PRIu64 " of %" PRIu64, moved, walks);
}

TEST_F_TIMEOUT(kernel, walk_notes_each_level_from_the_same_root, 120)
{
	const struct vmlab_kregion *image = region(self, VMLAB_KREGION_IMAGE);
	struct vmlab_walk low, high;
	uint32_t i;

	ASSERT_EQ(0, walk_at(self, image->start, &low));
	ASSERT_EQ(0, walk_at(self, self->info.out_kernel_start, &high));
	EXPECT_EQ(low.out_levels[0].table_pa, high.out_levels[0].table_pa);
	for (i = 0; i < low.out_nr_levels; i++) {
		const struct vmlab_entry *entry = &low.out_levels[i];

		EXPECT_EQ(self->info.out_levels - i, entry->level);
		EXPECT_EQ(low.va >> (12 + 9 * (entry->level - 1)) & 511 &
			  (i ? 511 : (1U << (self->info.out_va_bits - 12 -
					     9 * (self->info.out_levels - 1))) - 1),
			  entry->index);
		EXPECT_EQ(0, entry->table_pa & 63);
	}
}

/* In the last page error pointers point nowhere. */
TEST_F_TIMEOUT(kernel, walks_the_last_page_and_finds_nothing, 120)
{
	struct vmlab_walk walk;

	ASSERT_EQ(0, walk_at(self, ~0ULL, &walk));
	EXPECT_EQ(0, walk.out_flags);
	EXPECT_EQ(0, walk.out_leaf.count);
	EXPECT_LE(1, walk.out_nr_levels);
}

/*
 * From one symbol to another: all mapped, and all so. Not every kernel lists more than
 * its code (CONFIG_KALLSYMS_ALL); the sections of the module tell the rest there.
 */
static const struct {
	uint64_t facts;
	bool may_miss;
} segments[] = {
	{ F(READ) | F(EXEC), false }, { F(READ), true }, { F(READ), true },
	{ F(READ) | F(WRITE), true },
};

static const char *const edges[2 * ARRAY_SIZE(segments)] = {
	"_stext", "_etext", "linux_banner", NULL, "__start_rodata", "__end_rodata",
	"_sdata", "_edata",
};

TEST_F_TIMEOUT(kernel, image_is_mapped_as_its_symbols_promise, 120)
{
	const struct vmlab_kregion *image = region(self, VMLAB_KREGION_IMAGE);
	uint64_t at[ARRAY_SIZE(edges)], start, end;
	struct vmlab_walk walk;
	size_t i;

	find_symbols(edges, at, ARRAY_SIZE(edges));
	for (i = 0; i < ARRAY_SIZE(segments); i++) {
		start = at[2 * i] & ~(PAGE - 1);
		end = edges[2 * i + 1] ? at[2 * i + 1] & ~(PAGE - 1) : start + PAGE;
		if (!start && segments[i].may_miss)
			continue;
		ASSERT_LT(start, end) TH_LOG("%s", edges[2 * i]);
		EXPECT_LE(image->start, start);
		EXPECT_GE(image->end, end);
		EXPECT_EQ((long)((end - start) / PAGE),
			  pages_with(self, start, end, segments[i].facts | F(PRESENT),
				     RWX | F(PRESENT) | F(USER)))
			TH_LOG("from %s on", edges[2 * i]);
		/* All of it at one distance from its frames. */
		ASSERT_EQ(0, walk_at(self, start, &walk));
		EXPECT_EQ(image->pa + (start - image->start),
			  walk.out_leaf.pfn * PAGE + (start - walk.out_leaf.va));
	}
}

static uint64_t section(const char *name)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/module/vmlab/sections/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 16);
}

TEST_F_TIMEOUT(kernel, module_is_mapped_as_its_sections_want, 120)
{
	static const struct {
		const char *name;
		uint64_t facts;
	} sections[] = {
		{ ".text", F(READ) | F(EXEC) }, { ".rodata", F(READ) },
		{ ".data", F(READ) | F(WRITE) }, { ".bss", F(READ) | F(WRITE) },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		const uint64_t va = section(sections[i].name);
		struct vmlab_walk walk;

		ASSERT_LE(self->info.out_kernel_start, va) TH_LOG("%s", sections[i].name);
		ASSERT_EQ(0, walk_at(self, va, &walk));
		EXPECT_TRUE(walk.out_flags & VMLAB_OUT_MAPPED);
		EXPECT_EQ(sections[i].facts, walk.out_leaf.facts & (RWX | F(USER)))
			TH_LOG("%s", sections[i].name);
	}
}

/* The kernel's own alias of a frame: at a fixed place, writable, never executable. */
TEST_F_TIMEOUT(kernel, direct_map_has_each_of_our_frames, 120)
{
	const struct vmlab_kregion *direct = region(self, VMLAB_KREGION_DIRECT);
	const int pages = 256;
	char *memory = fixture_anon(pages * PAGE, PROT_READ | PROT_WRITE);
	struct witness witness;
	struct vmlab_walk walk;
	int i;

	ASSERT_NE(NULL, memory);
	fixture_write(memory, pages * PAGE);
	ASSERT_EQ(0, witness_open(&witness, 0));
	for (i = 0; i < pages; i++) {
		const uint64_t pfn = PM_PFN(witness_page(&witness, memory + i * PAGE));
		const uint64_t va = direct->start + (pfn * PAGE - direct->pa);

		ASSERT_NE(0, pfn);
		ASSERT_EQ(0, walk_at(self, va, &walk));
		EXPECT_EQ(pfn, walk.out_leaf.pfn + (va - walk.out_leaf.va) / PAGE);
		EXPECT_EQ(F(PRESENT) | F(READ) | F(WRITE),
			  walk.out_leaf.facts & (RWX | F(PRESENT) | F(USER)));
	}
	witness_close(&witness);
}

/* /proc/iomem: all of System RAM is in the direct map, by the frame it is of. */
TEST_F_TIMEOUT(kernel, direct_map_has_no_frame_at_another_place, 120)
{
	const struct vmlab_kregion *direct = region(self, VMLAB_KREGION_DIRECT);
	struct scan scan = scan_of(self, direct->start, direct->end, NR_RECS);
	const struct vmlab_run *run;
	uint64_t bytes = 0;

	while ((run = next_run(&scan))) {
		EXPECT_EQ(run->va - direct->start + direct->pa, run->pfn * PAGE);
		bytes += (uint64_t)run->count << run->shift;
	}
	EXPECT_EQ(0, scan.err);
	EXPECT_LE((uint64_t)counter_named("/proc/meminfo", "MemTotal:") << 10, bytes);
}

/* A line of vmallocinfo: where, and how many pages or which physical address. */
struct area {
	uint64_t start;
	uint64_t end;
	uint64_t phys;		/* of ioremap, or 0 */
	uint64_t pages;		/* of vmalloc, or 0 */
};

/* Those that say what is behind them; their number. */
static size_t read_areas(struct area *areas, size_t max)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[512], *at;
	size_t nr = 0;

	while (file && nr < max && fgets(line, sizeof(line), file)) {
		struct area *area = &areas[nr];

		*area = (struct area) { 0 };
		if (sscanf(line, "0x%" SCNx64 "-0x%" SCNx64, &area->start, &area->end) != 2)
			continue;
		at = strstr(line, " phys=");
		if (at)
			area->phys = strtoull(at + 6, NULL, 16);
		at = strstr(line, " pages=");
		if (at)
			area->pages = strtoull(at + 7, NULL, 10);
		nr += area->phys || area->pages;
	}
	if (file)
		fclose(file);
	return nr;
}

static bool listed(const struct area *area, const struct area *areas, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!memcmp(area, &areas[i], sizeof(*area)))
			return true;
	return false;
}

#define MAX_AREAS	8192

TEST_F_TIMEOUT(kernel, maps_what_vmallocinfo_lists, 120)
{
	struct area *before = calloc(MAX_AREAS, sizeof(*before));
	struct area *after = calloc(MAX_AREAS, sizeof(*after));
	long *pages = calloc(MAX_AREAS, sizeof(*pages));
	uint64_t *pa = calloc(MAX_AREAS, sizeof(*pa));
	size_t nr, nr_after, i, vmalloced = 0, remapped = 0;
	struct vmlab_walk walk;
	const struct vmlab_kregion *image = region(self, VMLAB_KREGION_IMAGE);
	long restrict_before = counter_named(KPTR, "");

	ASSERT_TRUE(before && after && pages && pa);
	/* Otherwise it shows hashes for addresses. */
	ASSERT_EQ(0, counter_write(KPTR, "1"));
	nr = read_areas(before, MAX_AREAS);
	for (i = 0; i < nr; i++) {
		pages[i] = pages_with(self, before[i].start, before[i].end, F(PRESENT),
				      F(PRESENT));
		ASSERT_EQ(0, walk_at(self, before[i].start, &walk));
		pa[i] = walk.out_leaf.pfn * PAGE + (before[i].start - walk.out_leaf.va);
	}
	nr_after = read_areas(after, MAX_AREAS);
	counter_write(KPTR, restrict_before > 1 ? "2" : restrict_before ? "1" : "0");
	for (i = 0; i < nr; i++) {
		/* The image's own stay on the list when its __init is freed (arm64). */
		if (!listed(&before[i], after, nr_after) ||
		    (before[i].start >= image->start && before[i].start < image->end))
			continue;
		if (before[i].pages) {
			vmalloced++;
			EXPECT_EQ((long)before[i].pages, pages[i])
				TH_LOG("0x%" PRIx64, before[i].start);
		} else {
			remapped++;
			EXPECT_EQ(before[i].phys & ~(PAGE - 1), pa[i])
				TH_LOG("0x%" PRIx64, before[i].start);
		}
	}
	EXPECT_LT(20, vmalloced);
	EXPECT_LT(1, remapped);
	free(before);
	free(after);
	free(pages);
	free(pa);
}

TEST_F_TIMEOUT(kernel, filters_as_scan_does, 120)
{
	const struct vmlab_kregion *image = region(self, VMLAB_KREGION_IMAGE);
	const uint64_t start = image->start, end = image->end;
	struct vmlab_scan scan;
	long with = 0, without = 0;
	uint32_t i;

	scan = ask_scan(start, end, self->recs, NR_RECS);
	scan.all_of = F(PRESENT) | F(EXEC);
	ASSERT_EQ(0, ask(self->node, VMLAB_KSCAN, &scan));
	ASSERT_LT(0, scan.out_nr);
	for (i = 0; i < scan.out_nr; i++) {
		EXPECT_TRUE(self->recs[i].facts & F(EXEC));
		with += (long)((run_end(&self->recs[i]) - self->recs[i].va) / PAGE);
	}
	scan = ask_scan(start, end, self->recs, NR_RECS);
	scan.none_of = F(EXEC);
	ASSERT_EQ(0, ask(self->node, VMLAB_KSCAN, &scan));
	for (i = 0; i < scan.out_nr; i++) {
		EXPECT_FALSE(self->recs[i].facts & F(EXEC));
		without += (long)((run_end(&self->recs[i]) - self->recs[i].va) / PAGE);
	}
	EXPECT_EQ(with, pages_with(self, start, end, F(EXEC), F(EXEC)));
	EXPECT_EQ(without, pages_with(self, start, end, 0, F(EXEC)));
	scan = ask_scan(start, end, self->recs, NR_RECS);
	scan.any_of = F(SWAP) | F(ANON);
	ASSERT_EQ(0, ask(self->node, VMLAB_KSCAN, &scan));
	EXPECT_EQ(0, scan.out_nr);
	EXPECT_EQ(end, scan.out_next);
}

TEST_F_TIMEOUT(kernel, takes_addresses_of_its_own_half_only, 120)
{
	const uint64_t start = self->info.out_kernel_start;
	const uint64_t below[] = { 0, PAGE, self->info.out_user_end, start - PAGE, start - 1 };
	const struct {
		uint64_t start, end;
		int err;
	} ranges[] = {
		{ start, start, 0 }, { start, kernel_end(self), 0 },
		{ kernel_end(self), kernel_end(self), 0 },
		{ start - PAGE, start, -ERANGE }, { 0, PAGE, -ERANGE }, { 0, 0, -ERANGE },
		{ 0, kernel_end(self), -ERANGE },
		{ start + 1, start + PAGE, -EINVAL }, { start, start + 1, -EINVAL },
		{ start + PAGE, start, -EINVAL }, { start, ~0ULL, -EINVAL }, { start, 0, -EINVAL },
	};
	struct vmlab_walk walk;
	struct vmlab_scan scan;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(below); i++)
		EXPECT_EQ(-ERANGE, walk_at(self, below[i], &walk));
	EXPECT_EQ(0, walk_at(self, start, &walk));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		scan = ask_scan(ranges[i].start, ranges[i].end, self->recs, 1);
		EXPECT_EQ(ranges[i].err, ask(self->node, VMLAB_KSCAN, &scan))
			TH_LOG("range %zu", i);
		if (ranges[i].err || ranges[i].start != ranges[i].end)
			continue;
		EXPECT_EQ(ranges[i].end, scan.out_next);
	}
}

/* What is answered to a scan that is good but for one field. */
static int scan_with(const kernel_data *self, uint32_t nr_recs, uint32_t rec_size,
		     uint32_t format)
{
	const uint64_t start = self->info.out_kernel_start;
	struct vmlab_scan scan = ask_scan(start, start + PAGE, self->recs, nr_recs);

	scan.rec_size = rec_size;
	scan.format = format;
	return ask(self->node, VMLAB_KSCAN, &scan);
}

static int scan_filtered(const kernel_data *self, uint64_t all, uint64_t any, uint64_t none)
{
	const uint64_t start = self->info.out_kernel_start;
	struct vmlab_scan scan = ask_scan(start, start + PAGE, self->recs, 1);

	scan.all_of = all;
	scan.any_of = any;
	scan.none_of = none;
	return ask(self->node, VMLAB_KSCAN, &scan);
}

TEST_F_TIMEOUT(kernel, takes_no_scan_that_it_does_not_understand, 120)
{
	const uint32_t size = sizeof(struct vmlab_run);
	int bit;

	EXPECT_EQ(0, scan_with(self, 1, size, VMLAB_FORMAT_RUNS));
	EXPECT_EQ(-EINVAL, scan_with(self, 0, size, VMLAB_FORMAT_RUNS));
	EXPECT_EQ(-EINVAL, scan_with(self, 1, size - 1, VMLAB_FORMAT_RUNS));
	EXPECT_EQ(-EINVAL, scan_with(self, 1, PAGE + 1, VMLAB_FORMAT_RUNS));
	EXPECT_EQ(-EOPNOTSUPP, scan_with(self, 1, size, 0));
	EXPECT_EQ(-EOPNOTSUPP, scan_with(self, 1, size, 77));
	for (bit = 0; bit < 64; bit++) {
		const uint64_t fact = 1ULL << bit;
		const int expected = VMLAB_FACTS_KNOWN & fact ? 0 : -EOPNOTSUPP;

		EXPECT_EQ(expected, scan_filtered(self, fact, 0, 0));
		EXPECT_EQ(expected, scan_filtered(self, 0, fact, 0));
		EXPECT_EQ(expected, scan_filtered(self, 0, 0, fact));
	}
	for (bit = 0; bit < 32; bit++) {
		struct vmlab_kregions regions = {
			.size = sizeof(regions), .__reserved = 1U << bit,
		};

		EXPECT_EQ(-EOPNOTSUPP, ask(self->node, VMLAB_KREGIONS, &regions));
		EXPECT_EQ(0, regions.out_nr);
	}
}

/* What is compared with a dump: whose, which part of it, and how it is scanned. */
struct half {
	const char *dump;
	uint64_t start;
	uint64_t end;
	int fd;
	unsigned int scan;
};

/* One dump, our scan, another dump: everything that both dumps agree upon is compared. */
static int compare_with_ptdump(const kernel_data *self, const struct half *half,
			       struct ptdump_compared *compared)
{
	struct scan scan = scan_of(self, half->start, half->end, NR_RECS);
	struct ptdump before, after, ours = { 0 };
	const struct vmlab_run *run;
	int err;

	scan.node = half->fd;
	scan.cmd = half->scan;
	err = ptdump_read(&before, half->dump, half->start, half->end);
	while (!err && (run = next_run(&scan)))
		err = ptdump_add_run(&ours, run) ? 0 : -ENOMEM;
	if (!err)
		err = scan.err;
	if (!err) {
		err = ptdump_read(&after, half->dump, half->start, half->end);
		if (!err)
			ptdump_compare(&before, &after, &ours, compared);
		ptdump_free(&after);
	}
	ptdump_free(&before);
	ptdump_free(&ours);
	return err;
}

static void expect_as_dumped(struct __test_metadata *_metadata, const kernel_data *self,
			     const struct half *half, size_t least)
{
	struct ptdump_compared compared;
	int tries;

	for (tries = 0; tries < 3; tries++) {
		ASSERT_EQ(0, compare_with_ptdump(self, half, &compared));
		TH_LOG("%zu ranges as dumped, %zu changed meanwhile, %zu differ: %s",
		       compared.same, compared.changed, compared.differ, compared.first);
		if (!compared.differ)
			break;
	}
	EXPECT_EQ(0, compared.differ);
	EXPECT_LT(least, compared.same);
	EXPECT_GT(compared.same / 4 + 50, compared.changed);
}

/*
 * Something may have gone and come back between the dumps. It does not do so three
 * times at will; what we get wrong is there each time.
 */
TEST_F_TIMEOUT(kernel, is_mapped_as_ptdump_has_it, 240)
{
	const struct half half = {
		"kernel", self->info.out_kernel_start, kernel_end(self), self->node, VMLAB_KSCAN,
	};

	if (ptdump_missing())
		SKIP(return, "this kernel has no ptdump (CONFIG_PTDUMP_DEBUGFS)");
	expect_as_dumped(_metadata, self, &half, 100);
}

/*
 * Pages of several kinds, so that there is something to tell apart. And of the stack as much
 * as anything takes from now on: a page of it that printf comes to for the first time, or
 * that the parent has as well, is another one when it is written.
 */
static void furnish(void)
{
	char *small = fixture_anon(8 * PAGE, PROT_READ | PROT_WRITE);
	char *huge = fixture_thp(HUGE_2M);
	char stack[16 * PAGE];

	fixture_write(stack, sizeof(stack));
	fixture_write(small, 6 * PAGE);
	mprotect(small + PAGE, PAGE, PROT_READ);
	mprotect(small + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(small + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	if (huge)
		fixture_write(huge, HUGE_2M);
	fixture_read(fixture_anon(4 * PAGE, PROT_READ), 4 * PAGE);
}

/*
 * Both ends of each range, and what follows it, by a walk. How many were walked. Behind @top
 * there is nothing to ask about: a stack that is not moved about ends there.
 */
static size_t walk_dumped(struct __test_metadata *_metadata, int target,
			  const struct ptdump *dump, uint64_t top)
{
	struct vmlab_walk walk;
	size_t i, nr = 0;

	for (i = 0; i < dump->nr; i++) {
		const struct ptdump_range *range = &dump->v[i];
		const uint64_t at[] = { range->start, range->end - 1, range->end };
		bool followed = i + 1 < dump->nr && dump->v[i + 1].start == range->end;
		size_t j, last = followed || range->end == top ? 2 : 3;

		for (j = 0; j < last; j++, nr++) {
			walk = (struct vmlab_walk) { .size = sizeof(walk), .va = at[j] };
			ASSERT_EQ(0, ask(target, VMLAB_WALK, &walk)) TH_LOG("0x%" PRIx64, at[j]);
			EXPECT_EQ(j < 2, ptdump_is_of(range, &walk.out_leaf))
				TH_LOG("0x%" PRIx64 ": entry 0x%llx", at[j], walk.out_leaf.entry);
			EXPECT_EQ(j < 2, !!(walk.out_leaf.facts & F(PRESENT)));
		}
	}
	return nr;
}

/* The dump that this program has made of its own table, which nobody else looks at. */
TEST_F_TIMEOUT(kernel, and_the_user_half_is_walked_as_ptdump_has_it, 240)
{
	const int target = ask_target(self->node, 0);
	const struct half half = {
		"current_user", 0, self->info.out_user_end, target, VMLAB_SCAN,
	};
	struct ptdump dump, again;
	size_t i, walked;

	if (ptdump_missing())
		SKIP(return, "this kernel has no ptdump (CONFIG_PTDUMP_DEBUGFS)");
	ASSERT_LE(0, target);
	furnish();
	expect_as_dumped(_metadata, self, &half, 20);
	ASSERT_EQ(0, ptdump_read(&dump, half.dump, half.start, half.end));
	walked = walk_dumped(_metadata, target, &dump, half.end);
	TH_LOG("%zu addresses walked", walked);
	EXPECT_LT(40, walked);
	/* It was the same all the time. */
	ASSERT_EQ(0, ptdump_read(&again, half.dump, half.start, half.end));
	for (i = 0; i < dump.nr && i < again.nr; i++) {
		ASSERT_EQ(0, memcmp(&dump.v[i], &again.v[i], sizeof(again.v[i])))
			TH_LOG("from 0x%" PRIx64 " on: 0x%" PRIx64 " before, 0x%" PRIx64 " now",
			       dump.v[i].start, dump.v[i].end, again.v[i].end);
	}
	ASSERT_EQ(dump.nr, again.nr);
	ptdump_free(&dump);
	ptdump_free(&again);
	close(target);
}

TEST_HARNESS_MAIN
