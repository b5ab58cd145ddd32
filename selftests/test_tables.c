// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tables.c - the tables themselves: as many as the kernel charges for (VmPTE),
 * where WALK meets them, as full as SCAN finds them, and each once however they are
 * asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "ask.h"
#include "fixture.h"
#include "geometry.h"
#include "victim.h"
#include "wellformed.h"

#include <libvmlab.h>

#define SPARSE	(4 * HUGE_1G)

/* What the target has: something of everything that has tables of its own. */
static void furnish(void *arg)
{
	char *sparse = fixture_anon(SPARSE, PROT_READ | PROT_WRITE);
	char *thp = fixture_thp(2 * HUGE_2M);
	size_t at;

	(void)arg;
	for (at = 0; sparse && at < SPARSE; at += HUGE_1G / 2)
		fixture_touch_page(sparse + at);
	if (thp)
		fixture_write(thp, 2 * HUGE_2M);
	fixture_hugetlb(HUGE_2M, 21, MAP_SHARED | MAP_POPULATE);
}

FIXTURE(tables)
{
	struct victim victim;
	struct vmlab_session *session;
	struct vmlab_target *target;
	struct vmlab_table *all;
	ssize_t nr;
};

FIXTURE_SETUP(tables)
{
	ASSERT_EQ(0, victim_fork(&self->victim, furnish, NULL));
	ASSERT_EQ(0, victim_stop(&self->victim));
	ASSERT_EQ(0, vmlab_session_open(&self->session)) TH_LOG("is the module loaded?");
	ASSERT_EQ(0, vmlab_target_open(self->session, self->victim.pid, &self->target));
	self->nr = vmlab_target_tables(self->target, 0, 0, &self->all);
	ASSERT_LT(4, self->nr);
}

FIXTURE_TEARDOWN(tables)
{
	free(self->all);
	vmlab_target_close(self->target);
	vmlab_session_close(self->session);
	victim_kill(&self->victim);
}

/* VmPTE of /proc/PID/status in tables, or -1. */
static long charged(pid_t pid)
{
	char path[64], line[128];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmPTE: %ld kB", &kib);
	if (file)
		fclose(file);
	return kib < 0 ? -1 : kib / 4;
}

/* Tables kept in reserve for anonymous huge pages: counted by the kernel, in no tree. */
static long deposits(struct vmlab_target *target)
{
	const struct vmlab_filter huge = { .all_of = VMLAB_FACT_HUGE | VMLAB_FACT_ANON,
					   .none_of = VMLAB_FACT_HUGETLB };
	struct vmlab_scanner scan;
	struct vmlab_run run;
	long nr = 0;

	if (vmlab_scan_start(&scan, target, 0, 0, &huge, 0))
		return -1;
	while (vmlab_scan_next(&scan, &run) > 0)
		nr += run.count;
	vmlab_scan_end(&scan);
	return nr;
}

TEST_F(tables, are_as_many_as_VmPTE_charges_for)
{
	const unsigned int root = vmlab_session_info(self->session)->out_levels;
	long lower = 0, reserve = deposits(self->target);
	ssize_t i;

	for (i = 0; i < self->nr; i++)
		lower += self->all[i].level <= VMLAB_LEVEL_PUD && self->all[i].level != root;
	EXPECT_LE(2, reserve);
	EXPECT_EQ(charged(self->victim.pid), lower + reserve)
		TH_LOG("%ld in the tree, %ld in reserve", lower, reserve);
}

static bool present(const struct witness *w, uint64_t va)
{
	return witness_page(w, (void *)(uintptr_t)va) & PM_PRESENT;
}

TEST_F(tables, and_runs_come_to_what_VmPTE_and_pagemap_say)
{
	const struct vmlab_filter raw = { .all_of = VMLAB_FACT_PFNMAP };
	struct vmlab_table_scanner tables;
	struct vmlab_table table;
	struct vmlab_scanner scan;
	struct witness_area *areas;
	struct witness witness;
	struct vmlab_fill fill;
	struct vmlab_run run;
	uint64_t at, seen = 0;
	ssize_t i, nr;

	vmlab_fill_start(&fill, vmlab_session_info(self->session));
	ASSERT_EQ(0, vmlab_tables_start(&tables, self->target, 0, 0));
	for (i = 0; vmlab_tables_next(&tables, &table) > 0; i++) {
		ASSERT_EQ(0, memcmp(&table, &self->all[i], sizeof(table)));
		vmlab_fill_add_table(&fill, &table);
	}
	vmlab_tables_end(&tables);
	EXPECT_EQ(self->nr, i);
	ASSERT_EQ(0, vmlab_scan_start(&scan, self->target, 0, 0, NULL, 0));
	while (vmlab_scan_next(&scan, &run) > 0)
		ASSERT_EQ(0, vmlab_fill_add_run(&fill, &run));
	vmlab_scan_end(&scan);
	vmlab_fill_end(&fill);
	EXPECT_EQ(charged(self->victim.pid) * PAGE, fill.sz_charged);
	for (i = 0; i < self->nr; i++)
		seen += self->all[i].nr_leaves;
	EXPECT_EQ(seen, fill.levels[VMLAB_LEVEL_PMD].leaves + fill.levels[VMLAB_LEVEL_PUD].leaves);
	EXPECT_LE(2, fill.super_now);

	/* Of pages nothing is PROT_NONE here; raw frames pagemap leaves out. */
	seen = 0;
	ASSERT_EQ(0, witness_open(&witness, self->victim.pid));
	nr = witness_areas(self->victim.pid, &areas);
	ASSERT_LT(0, nr);
	for (i = 0; i < nr; i++) {
		/* A gigabyte of nothing takes its time, and here it is known what it has. */
		uint64_t step = areas[i].end - areas[i].start >= HUGE_1G ? HUGE_1G / 2 : PAGE;

		for (at = areas[i].start; at < areas[i].end && areas[i].name[0] != '[' ; at += step)
			seen += present(&witness, at);
		for (at = areas[i].start; at < areas[i].end && areas[i].name[0] == '[' &&
		     at < vmlab_session_info(self->session)->out_user_end; at += PAGE)
			seen += present(&witness, at);
	}
	free(areas);
	witness_close(&witness);
	ASSERT_EQ(0, vmlab_scan_start(&scan, self->target, 0, 0, &raw, 0));
	while (vmlab_scan_next(&scan, &run) > 0)
		seen += run.count;
	vmlab_scan_end(&scan);
	EXPECT_EQ(seen, fill.tlb_base);
}

TEST_F(tables, have_one_root)
{
	const unsigned int root = vmlab_session_info(self->session)->out_levels;
	ssize_t i, roots = 0;

	for (i = 0; i < self->nr; i++)
		roots += self->all[i].level == root;
	EXPECT_EQ(1, roots);
	EXPECT_EQ(root, self->all[0].level);
	EXPECT_EQ(0, self->all[0].va);
}

TEST_F(tables, are_each_reported_once)
{
	ssize_t i, k;

	for (i = 0; i < self->nr; i++)
		for (k = 0; k < i; k++) {
			ASSERT_NE(self->all[i].table_pa, self->all[k].table_pa)
				TH_LOG("0x%llx twice", self->all[i].table_pa);
		}
}

TEST_F(tables, do_not_depend_on_the_size_of_the_buffer)
{
	static const uint32_t sizes[] = { 5, 6, 7, 64, 767, 768, 769 };
	const uint64_t end = vmlab_session_info(self->session)->out_user_end;
	struct vmlab_table got[1024];
	uint64_t at;
	uint32_t i;
	long nr;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		nr = 0;
		at = 0;
		while (at < end) {
			struct vmlab_tables q = ask_tables(at, end, got + nr, sizes[i]);

			ASSERT_GE(1024 - 769, nr);
			ASSERT_EQ(0, ask(vmlab_target_fd(self->target), VMLAB_TABLES, &q));
			ASSERT_LT(at, q.out_next);
			nr += q.out_nr;
			at = q.out_next;
		}
		ASSERT_EQ(self->nr, nr) TH_LOG("%u at a time", sizes[i]);
		ASSERT_EQ(0, memcmp(got, self->all, nr * sizeof(got[0])));
	}
}

TEST_F(tables, lie_where_a_walk_meets_them)
{
	struct vmlab_walk walk;
	ssize_t i;

	for (i = 0; i < self->nr; i++) {
		const struct vmlab_table *table = &self->all[i];
		const unsigned int root = vmlab_session_info(self->session)->out_levels;

		ASSERT_EQ(0, vmlab_target_walk(self->target, table->va, &walk));
		ASSERT_LT(root - table->level, walk.out_nr_levels);
		ASSERT_EQ(table->table_pa, walk.out_levels[root - table->level].table_pa);
		ASSERT_EQ(0, table->va % (geometry_span(table->level) * 512));
	}
}

TEST_F(tables, of_the_last_level_are_as_full_as_a_scan_finds_them)
{
	const uint64_t user_end = vmlab_session_info(self->session)->out_user_end;
	struct vmlab_scanner scan;
	struct vmlab_run run;
	ssize_t i, looked = 0;
	uint32_t entries;

	for (i = 0; i < self->nr; i++) {
		const struct vmlab_table *table = &self->all[i];
		uint64_t end = table->va + HUGE_2M;
		int ret;

		if (table->level != VMLAB_LEVEL_PTE)
			continue;
		/* On x86 the user half ends a page before its last table does. */
		if (end > user_end)
			end = user_end;
		entries = 0;
		ASSERT_EQ(0, vmlab_scan_start(&scan, self->target, table->va, end, NULL, 0));
		while ((ret = vmlab_scan_next(&scan, &run)) > 0)
			entries += run.count;
		ASSERT_EQ(0, ret);
		vmlab_scan_end(&scan);
		ASSERT_EQ(entries, table->nr_used) TH_LOG("0x%llx", table->va);
		looked++;
	}
	EXPECT_LT(8, looked);
}

TEST_F(tables, count_their_huge_leaves)
{
	const struct vmlab_filter huge = { .all_of = VMLAB_FACT_HUGE };
	struct vmlab_scanner scan;
	struct vmlab_run run;
	uint64_t seen = 0, counted = 0;
	ssize_t i;

	ASSERT_EQ(0, vmlab_scan_start(&scan, self->target, 0, 0, &huge, 0));
	while (vmlab_scan_next(&scan, &run) > 0)
		seen += run.count;
	vmlab_scan_end(&scan);
	for (i = 0; i < self->nr; i++)
		counted += self->all[i].nr_leaves;
	EXPECT_LE(2, seen);
	EXPECT_EQ(seen, counted);
}

/*
 * While somebody else brings a whole branch of the tree into being, and another takes it
 * away again. A table that is told lies somewhere, and is told with what is in it.
 */
static void *touch_there(void *at)
{
	fixture_touch_page(at);
	return NULL;
}

/* Is there a table for the hugetlb page at @at? */
static bool tables_of_page(struct __test_metadata *_metadata, int target, const void *at)
{
	struct vmlab_table recs[64];
	struct vmlab_tables tables = ask_tables((uintptr_t)at, (uintptr_t)at + HUGE_2M, recs, 64);
	const char *why;
	uint32_t i;

	EXPECT_EQ(0, ask(target, VMLAB_TABLES, &tables));
	why = wellformed_tables(&tables, recs);
	EXPECT_EQ(NULL, why)
		TH_LOG("%s", why);
	for (i = 0; i < tables.out_nr; i++)
		if (recs[i].level == VMLAB_LEVEL_PMD)
			return true;
	return false;
}

TEST_F_TIMEOUT(tables, that_come_while_they_are_told_lie_somewhere, 300)
{
	/* Where nothing else lies: a slot of the root for itself. */
	const uint64_t branch = self->all[0].level == VMLAB_LEVEL_PGD ? 1UL << 50 : 1UL << 40;
	const int node = open(NODE, O_RDWR | O_CLOEXEC), target = ask_target(node, 0);
	unsigned int rounds, early = 0;

	ASSERT_LE(0, target);
	for (rounds = 0; rounds < 500; rounds++) {
		char *at = mmap((void *)branch, HUGE_2M, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		pthread_t thread;
		int tries;

		if (at == MAP_FAILED)
			SKIP(return, "no hugetlb pages: boot with hugepages=16");
		ASSERT_EQ(0, pthread_create(&thread, NULL, touch_there, at));
		for (tries = 0; tries < 200; tries++)
			if (tables_of_page(_metadata, target, at))
				break;
		early += tries < 200;
		pthread_join(thread, NULL);
		ASSERT_TRUE(tables_of_page(_metadata, target, at));
		munmap(at, HUGE_2M);
	}
	TH_LOG("%u branches, %u of them seen as they came", rounds, early);
	close(target);
	close(node);
}

TEST_HARNESS_MAIN
