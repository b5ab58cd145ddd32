// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_session.c - a whole session through the library, answered from made-up bytes:
 * every query the recording holds questions for, and what decoding makes of answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "recording.h"
#include "session.h"

/* Whoever reads a string to its end finds one. */
static void use(const char *text)
{
	if (text)
		*(volatile size_t *)&(size_t){ strlen(text) };
}

static void decode(const struct vmlab_info *info, const struct vmlab_run *run,
		   const struct vmlab_regions *regions)
{
	const struct vmlab_bit *bits[VMLAB_BITS_MAX];
	const char *why[VMLAB_WHY_MAX];
	size_t nr, i;

	nr = vmlab_entry_bits(info, run->level, run->entry, vmlab_run_kind(run), bits);
	for (i = 0; i < nr; i++)
		use(bits[i]->name);
	nr = vmlab_run_why(info, run, why);
	for (i = 0; i < nr; i++)
		use(why[i]);
	use(vmlab_run_state(run, false, vmlab_regions_find(regions, run->va)));
	use(vmlab_run_state(run, true, NULL));
	use(vmlab_level_name(info, run->level));
	/* What the checks of answers promise to everybody. */
	if (!vmlab_level_name(info, run->level) || run->shift > 63 ||
	    run->shift < info->out_page_shift || !run->count)
		abort();
}

static void scan_raw(struct vmlab_target *target, uint64_t start, uint64_t end)
{
	struct vmlab_scanner scanner;
	struct vmlab_raw raw;

	if (vmlab_scan_start_raw(&scanner, target, start, end, 0))
		return;
	while (vmlab_scan_next_raw(&scanner, &raw) > 0)
		if (!raw.count || raw.shift > 63)
			abort();
	vmlab_scan_end(&scanner);
}

static void scan(struct vmlab_target *target, const struct vmlab_info *info, uint64_t start,
		 uint64_t end, const struct vmlab_regions *regions)
{
	struct vmlab_scanner scanner;
	struct vmlab_run run;

	if (vmlab_scan_start(&scanner, target, start, end, NULL, 0))
		return;
	while (vmlab_scan_next(&scanner, &run) > 0)
		decode(info, &run, regions);
	vmlab_scan_end(&scanner);
}

static void read_walk(const struct vmlab_info *info, uint64_t va, const struct vmlab_walk *walk,
		      const struct vmlab_regions *regions)
{
	const struct vmlab_walk w = *walk;
	uint32_t i;

	if (w.va != va || w.out_nr_levels > VMLAB_MAX_LEVELS)
		abort();
	for (i = 0; i < w.out_nr_levels; i++) {
		use(vmlab_level_name(info, w.out_levels[i].level));
		use(vmlab_facts_enforced(vmlab_entry_permits(info, w.out_levels[i].level,
							     w.out_levels[i].entry)).s);
		use(vmlab_facts_enforced(vmlab_entry_kernel_permits(info, w.out_levels[i].level,
								    w.out_levels[i].entry)).s);
	}
	if (w.out_leaf.count)
		decode(info, &w.out_leaf, regions);
}

static void walk(struct vmlab_target *target, const struct vmlab_info *info, uint64_t va,
		 const struct vmlab_regions *regions)
{
	struct vmlab_walk w;

	if (!vmlab_target_walk(target, va, &w))
		read_walk(info, va, &w, regions);
}

static void kernel_walk(struct vmlab_session *session, uint64_t va)
{
	const struct vmlab_regions none = { 0 };
	struct vmlab_walk w;

	if (!vmlab_kernel_walk(session, va, &w))
		read_walk(vmlab_session_info(session), va, &w, &none);
}

/* As `vmlab kernel` goes over its parts: each ends behind its beginning. */
static void kernel_parts(struct vmlab_session *session, uint64_t start, uint64_t end)
{
	struct vmlab_kernel_part part;
	struct vmlab_kregions regions;

	if (vmlab_kernel_regions(session, &regions))
		return;
	for (; start < end; start = part.end) {
		if (vmlab_kernel_part_read(session, &regions, start, end, &part))
			return;
		use(part.name);
		if (part.end <= start || part.end > end)
			abort();
	}
}

/* The arguments of a question stand in its key, behind the object's name and cmd. */
static void ask_again(struct vmlab_session *session, struct vmlab_target *target,
		      const struct vmlab_record *record, const struct vmlab_regions *regions)
{
	const struct vmlab_info *info = vmlab_session_info(session);
	const char *key = record->key;
	size_t name = strnlen(key, record->sz_key) + 1;
	union {
		struct vmlab_walk walk;
		struct vmlab_scan scan;
	} q;
	uint32_t cmd;

	if (record->sz_key < name + sizeof(cmd))
		return;
	memcpy(&cmd, key + name, sizeof(cmd));
	key += name + sizeof(cmd);
	name += sizeof(cmd);
	if (cmd == VMLAB_WALK && record->sz_key - name == sizeof(q.walk)) {
		memcpy(&q.walk, key, sizeof(q.walk));
		walk(target, info, q.walk.va, regions);
	} else if (cmd == VMLAB_SCAN && record->sz_key - name == sizeof(q.scan)) {
		memcpy(&q.scan, key, sizeof(q.scan));
		if (q.scan.format == VMLAB_FORMAT_RAW)
			return scan_raw(target, q.scan.start, q.scan.end);
		scan(target, info, q.scan.start, q.scan.end, regions);
	} else if (cmd == VMLAB_KWALK && record->sz_key - name == sizeof(q.walk)) {
		memcpy(&q.walk, key, sizeof(q.walk));
		kernel_walk(session, q.walk.va);
	} else if (cmd == VMLAB_KSCAN && record->sz_key - name == sizeof(q.scan)) {
		memcpy(&q.scan, key, sizeof(q.scan));
		kernel_parts(session, q.scan.start, q.scan.end);
	}
}

/* Against itself: the scans get other answers, where the recording holds several. */
static void pair(struct vmlab_session *session, struct vmlab_target *target)
{
	struct vmlab_diff_range changed;
	struct vmlab_snapshot snapshot;
	struct vmlab_cow_range range;
	struct vmlab_target *again;
	struct vmlab_diff *diff;
	struct vmlab_cow *cow;
	uint64_t at = 0;

	if (!vmlab_cow_start(target, target, NULL, 0, 0, &cow)) {
		while (vmlab_cow_next(cow, &range) > 0) {
			use(vmlab_cow_relation_name(range.relation));
			if (range.va < at || !range.nr_pages)
				abort();
			at = range.va + range.nr_pages;
		}
		vmlab_cow_end(cow);
	}
	if (!vmlab_diff_start(target, target, true, &diff)) {
		while (vmlab_diff_next(diff, &changed) > 0)
			if (!changed.what || !changed.nr_pages)
				abort();
		vmlab_diff_end(diff);
	}
	if (!vmlab_snapshot_open(session, &again, &snapshot)) {
		use(snapshot.boot);
		use(snapshot.comm);
		vmlab_target_close(again);
	}
}

static void all_sets(const struct vmlab_index *index)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	size_t i;

	if (vmlab_sets_start(index, &sets))
		return;
	while (vmlab_sets_next(sets, &set) > 0) {
		use(set.class);
		for (i = 0; i < set.nr; i++)
			vmlab_sets_mapping(sets, i);
	}
	vmlab_sets_end(sets);
}

static void whole(struct vmlab_session *session, struct vmlab_target *target)
{
	struct vmlab_table_scanner scan;
	struct vmlab_threads_all threads;
	struct vmlab_anatomy anatomy;
	const char *why[VMLAB_WHY_MAX];
	struct vmlab_table *tables, table;
	struct vmlab_vma *vmas;
	ssize_t nr;
	struct vmlab_frame *frames;
	struct vmlab_index *index;
	unsigned int colours;

	if (!vmlab_threads_read(session, target, &threads)) {
		for (nr = threads.perms.nr_findings; nr-- > 0;)
			use(threads.perms.findings[nr].detail);
		for (nr = threads.nr_threads; nr-- > 0;)
			use(threads.threads[nr].comm);
		vmlab_threads_free(&threads);
	}
	if (!vmlab_anatomy_read(session, target, &anatomy)) {
		size_t i;

		for (i = 0; i < anatomy.nr; i++) {
			use(anatomy.parts[i].kind);
			use(anatomy.parts[i].name);
		}
		vmlab_anatomy_free(&anatomy);
	}
	nr = vmlab_target_vmas(target, 0, 0, &vmas);
	while (nr-- > 0) {
		vmlab_vmas_find(vmas, nr, vmas[nr].start);
		if (vmlab_vma_why(&vmas[nr], why))
			use(why[0]);
	}
	free(vmas);
	if (!vmlab_tables_start(&scan, target, 0, 0)) {
		while (vmlab_tables_next(&scan, &table) > 0)
			;
		vmlab_tables_end(&scan);
	}
	if (vmlab_target_tables(target, 0, 0, &tables) >= 0)
		free(tables);
	if (vmlab_session_frames(session, 1000, 1001, &frames) > 0) {
		use(vmlab_frame_kind(frames));
		free(frames);
	}
	vmlab_cache_colours(session, &colours);
	if (!vmlab_index_build_all(session, NULL, &index)) {
		all_sets(index);
		vmlab_index_free(index);
	}
}

/* The process that the recording is of: the first pagemap that was opened. */
static pid_t pid_of(const struct vmlab_reader *reader)
{
	struct vmlab_record record;
	char path[64];
	int pid = 0;
	uint32_t i;

	for (i = 0; !vmlab_reader_record(reader, i, &record); i++) {
		if (record.kind != VMLAB_RECORD_OPEN || record.sz_key >= sizeof(path))
			continue;
		memcpy(path, record.key, record.sz_key);
		path[record.sz_key] = '\0';
		if (sscanf(path, "/proc/%9d/pagemap", &pid) == 1)
			break;
	}
	return pid;
}

/* All of it, decoded. */
static void tags(struct vmlab_session *session)
{
	const struct vmlab_info *info = vmlab_session_info(session);
	const char *names[VMLAB_REGISTER_BITS];
	struct vmlab_cpu_tags cpu;
	struct vmlab_mm_tags slot;
	struct vmlab_tags all;
	unsigned int reg;
	size_t i;

	if (vmlab_tags_read(session, NULL, 0, true, &all))
		return;
	for (i = 0; i < all.nr_cpus; i++) {
		vmlab_cpu_tags(info, &all.cpus[i], &cpu);
		for (reg = 0; reg < VMLAB_CPU_REGS; reg++)
			vmlab_register_bits(info->out_arch, reg, all.cpus[i].regs[reg], names);
	}
	for (i = 0; i < all.nr_slots; i++) {
		vmlab_slot_tags(info, &all.slots[i], &slot);
		if (vmlab_slot_stale(info, &all, &all.slots[i]) > VMLAB_STALE_UNKNOWN)
			abort();
	}
	for (i = 0; i < all.nr_mms; i++)
		vmlab_tags_tag(info, &all, all.mms[i].pid);
	vmlab_tags_free(&all);
}

/* Entries of both roots, where there are two. */
static void roots(struct vmlab_target *target)
{
	const struct vmlab_info *info = vmlab_target_info(target);
	struct vmlab_root_entry *entries;
	ssize_t nr = vmlab_target_roots(target, &entries), i;

	for (i = 0; i < nr; i++)
		use(vmlab_root_relation_name(vmlab_root_relation(info, &entries[i])));
	if (nr >= 0)
		free(entries);
}

static void replay(struct vmlab_session *session, const struct vmlab_reader *reader)
{
	struct vmlab_regions regions;
	struct vmlab_target *target;
	struct vmlab_record record;
	pid_t pid = pid_of(reader);
	char comm[16];
	uint64_t va;
	uint32_t i;

	use(vmlab_arch_name(vmlab_session_info(session)->out_arch));
	vmlab_proc_comm(session, pid, comm, sizeof(comm));
	use(comm);
	vmlab_proc_kind(session, pid);
	if (vmlab_target_open(session, pid, &target))
		return;
	if (vmlab_regions_read(session, pid, &regions))
		memset(&regions, 0, sizeof(regions));
	vmlab_resolve(session, pid, "main", &va);
	for (i = 0; !vmlab_reader_record(reader, i, &record); i++)
		if (record.kind == VMLAB_RECORD_ASK)
			ask_again(session, target, &record, &regions);
	whole(session, target);
	pair(session, target);
	roots(target);
	tags(session);
	vmlab_regions_free(&regions);
	vmlab_target_close(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct vmlab_session *session;
	struct vmlab_reader *reader;

	memcpy(copy, data, size);
	forge_seal(copy, size);
	if (!vmlab_reader_parse(copy, size, &reader)) {
		if (!vmlab_session_replay_bytes(copy, size, &session)) {
			replay(session, reader);
			vmlab_session_close(session);
		}
		vmlab_reader_close(reader);
	}
	free(copy);
	return 0;
}
