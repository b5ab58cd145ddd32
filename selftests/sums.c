// SPDX-License-Identifier: GPL-2.0-only
/*
 * sums.c - the anatomy of an address space, held against what the kernel counts.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libvmlab.h>

#include "sums.h"
#include "victim.h"

/* A number in kB from /proc/PID/@file, in pages; -1 where there is none. */
static long kernels(pid_t pid, const char *file, const char *key)
{
	char path[64], line[160], name[64];
	long kb = -1, got;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld kB", name, &got) == 2 && !strcmp(name, key))
			kb = got;
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb / 4;
}

/* All kinds of the contract. */
static bool is_known(const char *kind)
{
	static const char *const kinds[] = {
		"code", "rodata", "data", "bss", "heap", "stack", "thread-stack", "tls",
		"library", "file", "anon", "shared", "vdso", "vvar", "vsyscall", "guard",
		"device", "hole", "kernel",
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i], kind))
			return true;
	return false;
}

static char wrong[128];

static const char *say(const char *what, long theirs, uint64_t ours)
{
	snprintf(wrong, sizeof(wrong), "%s: theirs %ld, ours %llu", what, theirs,
		 (unsigned long long)ours);
	return wrong;
}

/* What the kernel has in one or two lines of a file, and what is to be the same of ours. */
static const char *totals_wrong(pid_t pid, const struct vmlab_anatomy *a)
{
	const struct {
		const char *file, *key, *and;
		uint64_t ours;
	} sums[] = {
		{ "smaps_rollup", "Rss", NULL, a->total.resident },
		{ "smaps_rollup", "Anonymous", NULL, a->total.anon },
		{ "smaps_rollup", "Swap", NULL, a->total.swap },
		{ "smaps_rollup", "Shared_Clean", "Shared_Dirty", a->total.shared },
		{ "smaps_rollup", "Shared_Hugetlb", "Private_Hugetlb", a->total.hugetlb },
		{ "status", "VmPTE", NULL, a->sz_tables / 4096 },
	};
	size_t i;

	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		long theirs = kernels(pid, sums[i].file, sums[i].key);

		if (sums[i].and)
			theirs += kernels(pid, sums[i].file, sums[i].and);
		if (theirs < 0 || (uint64_t)theirs != sums[i].ours)
			return say(sums[i].key, theirs, sums[i].ours);
	}
	return "";
}

/* From zero to the end of all without a gap, and the parts make the whole. */
static const char *parts_wrong(const struct vmlab_anatomy *a)
{
	uint64_t at = 0, resident = 0;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const char *kind = a->parts[i].kind;

		if (a->parts[i].start != at)
			return say("a gap below the part", i, a->parts[i].start);
		if (!kind || !is_known(kind)) {
			snprintf(wrong, sizeof(wrong), "no such kind: %s", kind ? kind : "(none)");
			return wrong;
		}
		at = a->parts[i].end;
		resident += a->parts[i].pages.resident;
	}
	if (at)
		return say("the end of all", 0, at);
	return resident == a->total.resident ? "" : say("the parts", resident, a->total.resident);
}

const char *sums_wrong(struct vmlab_session *session, pid_t pid, const char *abi)
{
	struct vmlab_target *target;
	struct vmlab_anatomy a;
	const char *why;
	int ret = vmlab_target_open(session, pid, &target);

	if (ret)
		return strerror(-ret);
	/* What reading them writes to is ours alone from then on, if @pid is a copy of us. */
	kernels(pid, "smaps_rollup", "Rss");
	ret = vmlab_anatomy_read(session, target, &a);
	if (ret) {
		vmlab_target_close(target);
		return strerror(-ret);
	}
	if (!abi)
		abi = vmlab_arch_name(vmlab_session_info(session)->out_arch);
	why = totals_wrong(pid, &a);
	if (!*why)
		why = parts_wrong(&a);
	if (!*why && a.changed)
		why = "it changed";
	if (!*why && strcmp(a.abi, abi)) {
		snprintf(wrong, sizeof(wrong), "an ABI of %s", a.abi);
		why = wrong;
	}
	vmlab_anatomy_free(&a);
	vmlab_target_close(target);
	return why;
}

const char *sums_of_program(struct vmlab_session *session, char *const argv[], const char *abi)
{
	struct victim victim;
	const char *why;
	int ret = victim_exec(&victim, argv);

	if (ret == -ENOENT)
		return NULL;
	if (ret)
		return strerror(-ret);
	ret = victim_stop(&victim);
	why = ret ? strerror(-ret) : sums_wrong(session, victim.pid, abi);
	victim_kill(&victim);
	return why;
}
