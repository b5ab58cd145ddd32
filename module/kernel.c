// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c - the kernel half: one address, a range in runs, and how it is divided.
 *
 * walk.c descends the tables of processes, where locks keep a table a table while it
 * is looked at. Nothing does that for the kernel's own: the few locks there are (of
 * set_memory_*, of vmalloc) are not exported, and the tables are neither counted nor
 * freed by RCU. So here is a descent of its own, with other rules. It trusts nothing
 * that it reads: each entry is fetched once, with copy_from_kernel_nofault(), and only
 * from a frame that is memory of the kernel's; the next table is where that copy
 * points. A table that is freed under us and used for something else gives an answer
 * that is wrong, and never a fault or a loop: the descent is as deep as there are
 * levels. It follows what the MMU does, from the root register down, and not the
 * kernel's folded types.
 *
 * No lock is held, so that a chunk only bounds the time between two chances to be
 * scheduled or killed.
 */
#include <linux/capability.h>
#include <linux/io.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "arch/arch.h"
#include "chunk.h"
#include "compat.h"
#include "runs.h"
#include "vmlab.h"

#define PERMITS_ALL	(VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC)
#define ENTRY_BITS	(PAGE_SHIFT - 3)
/*
 * Entries looked at between two chances to be scheduled. More than it can take to get
 * to the first leaf, or there would be no getting on.
 */
#define ENTRIES_AT_ONCE	(32 * PTRS_PER_PTE)
/* Entries of a last-level table that are read together. */
#define BATCH		32

/* What the entries above permit, from either side. */
struct fold {
	u64 kernel;
	u64 user;
};

/**
 * struct walker - one descent
 * @runs: where leaves go
 * @trace: where KWALK notes every level, or NULL
 * @budget: entries left until the next stop
 * @next: where the descent stopped early
 * @full: it stopped because there was no room
 */
struct walker {
	struct vmlab_runs *runs;
	struct vmlab_walk *trace;
	long budget;
	u64 next;
	bool full;
};

static bool stop_at(struct walker *w, u64 va)
{
	w->next = va;
	return false;
}

static bool add(struct walker *w, struct vmlab_run *leaf, u64 va)
{
	if (vmlab_runs_add(w->runs, leaf) != VMLAB_NO_ROOM)
		return true;
	w->full = true;
	return stop_at(w, va);
}

static unsigned int level_shift(int level)
{
	return PAGE_SHIFT + (level - 1) * ENTRY_BITS;
}

/* @nr entries of a table, each with one load; false where they cannot be read. */
static bool read_entries(u64 table, unsigned int index, u64 *raw, unsigned int nr)
{
	unsigned int i;
	bool read;

	BUILD_BUG_ON(sizeof(pte_t) != sizeof(u64));
	/* What tells whether memory is online is freed by RCU. */
	rcu_read_lock();
	read = pfn_to_online_page(PHYS_PFN(table)) &&
	       !copy_from_kernel_nofault(raw, (u64 *)phys_to_virt(table) + index,
					 nr * sizeof(*raw));
	rcu_read_unlock();
	if (!read)
		return false;
	/* On some hypervisors what stands there is not what it means. */
	for (i = 0; i < nr; i++)
		raw[i] = pte_val((pte_t){ raw[i] });
	return true;
}

static bool read_entry(u64 table, unsigned int index, u64 *raw)
{
	return read_entries(table, index, raw, 1);
}

static u64 table_below(u64 raw)
{
	return PFN_PHYS(pte_pfn(__pte(raw)));
}

static bool is_leaf(u64 raw, int level)
{
	return level == VMLAB_LEVEL_PTE ||
	       (level <= VMLAB_LEVEL_PUD && vmlab_arch_huge(raw));
}

static unsigned long frame_of(u64 raw, int level)
{
	if (level == VMLAB_LEVEL_PMD)
		return pmd_pfn(__pmd(raw));
	if (level == VMLAB_LEVEL_PUD)
		return pud_pfn(__pud(raw));
	return pte_pfn(__pte(raw));
}

static struct fold fold_table(struct fold above, u64 raw)
{
	above.kernel &= vmlab_arch_kernel_table_permits(raw);
	above.user &= vmlab_arch_table_permits(raw);
	return above;
}

static void describe(u64 va, u64 raw, int level, struct fold above, struct vmlab_run *leaf)
{
	pte_t pte = __pte(raw);

	memset(leaf, 0, sizeof(*leaf));
	leaf->shift = level_shift(level);
	leaf->va = va & ~((1ULL << leaf->shift) - 1);
	leaf->level = level;
	leaf->entry = raw;
	leaf->pfn = frame_of(raw, level);
	leaf->count = 1;
	leaf->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
	if (vmlab_arch_valid(raw)) {
		leaf->facts = VMLAB_FACT_PRESENT |
			      (above.kernel & vmlab_arch_kernel_leaf_permits(raw));
		if (above.user & vmlab_arch_leaf_permits(raw))
			leaf->facts |= VMLAB_FACT_USER;
	} else {
		leaf->facts = VMLAB_FACT_PROTNONE;
	}
	if (pte_young(pte))
		leaf->facts |= VMLAB_FACT_ACCESSED;
	if (pte_dirty(pte))
		leaf->facts |= VMLAB_FACT_DIRTY;
	if (vmlab_arch_contiguous(raw))
		leaf->facts |= VMLAB_FACT_CONT;
	if (level > VMLAB_LEVEL_PTE)
		leaf->facts |= VMLAB_FACT_HUGE;
}

/*
 * Does user mode, as far as these two entries go, fare alike? All else has to be the same:
 * KASAN gives the first entry of a table of its shadow to user mode, and the others not,
 * which makes no difference as long as the leaf keeps it out.
 */
static bool same_below(u64 raw, u64 other, int level, bool *mixed)
{
	if (raw == other)
		return true;
	if (level == VMLAB_LEVEL_PTE || is_leaf(raw, level) || is_leaf(other, level) ||
	    !vmlab_arch_valid(other) || table_below(raw) != table_below(other) ||
	    vmlab_arch_kernel_table_permits(raw) != vmlab_arch_kernel_table_permits(other))
		return false;
	*mixed |= vmlab_arch_table_permits(raw) != vmlab_arch_table_permits(other);
	return true;
}

/*
 * Do all entries of this table, of @level, lead to the same? The last one, then: the first
 * is another sometimes. @mixed: not all of them let user mode pass.
 */
static bool same_everywhere(u64 table, int level, u64 *raw, bool *mixed)
{
	u64 entries[BATCH];
	unsigned int at, i;

	/* In an ordinary table the first two differ: look no further then. */
	if (!read_entries(table, 0, entries, 2) || vmlab_arch_none(entries[1]) ||
	    !same_below(entries[1], entries[0], level, mixed))
		return false;
	*raw = entries[1];
	for (at = 0; at < PTRS_PER_PTE; at += BATCH) {
		if (!read_entries(table, at, entries, BATCH))
			return false;
		for (i = 0; i < BATCH; i++)
			if (!same_below(*raw, entries[i], level, mixed))
				return false;
	}
	return true;
}

/**
 * struct repeated - a tree that leads to one and the same last-level entry everywhere
 * @entry: that points to it, or zero
 * @leaf: the last-level entry
 * @above: what all entries above @leaf permit
 */
struct repeated {
	u64 entry;
	u64 leaf;
	struct fold above;
};

/*
 * Does @raw, an entry of @level, point to such a tree? KASAN's shadow of all that has
 * none is terabytes of it: the neighbour asked last is remembered, as it is the same.
 */
static bool repeats(struct walker *w, u64 raw, int level, struct fold above,
		    struct repeated *repeated)
{
	bool mixed = false;
	u64 entry = raw;

	if (repeated->entry == raw)
		return true;
	do {
		above = fold_table(above, entry);
		w->budget--;
		level--;
		if (!same_everywhere(table_below(entry), level, &entry, &mixed) ||
		    !vmlab_arch_valid(entry))
			return false;
		w->budget -= PTRS_PER_PTE;
		if (level > VMLAB_LEVEL_PTE && is_leaf(entry, level))
			return false;
	} while (level > VMLAB_LEVEL_PTE);
	/* Where user mode might pass, which entries above let it does matter. */
	if (mixed && vmlab_arch_leaf_permits(entry))
		return false;
	*repeated = (struct repeated){ raw, entry, above };
	return true;
}

static bool add_repeated(struct walker *w, u64 va, u64 end, const struct repeated *repeated)
{
	struct vmlab_run leaf;
	u64 pages;

	for (; va != end; va += pages << PAGE_SHIFT) {
		pages = min_t(u64, (end - va) >> PAGE_SHIFT, U32_MAX);
		describe(va, repeated->leaf, VMLAB_LEVEL_PTE, repeated->above, &leaf);
		leaf.facts |= VMLAB_FACT_REPEATED;
		leaf.count = pages;
		if (!add(w, &leaf, va))
			return false;
	}
	return true;
}

static void note(struct walker *w, u64 table, unsigned int index, int level, u64 raw)
{
	struct vmlab_entry *entry;

	if (!w->trace)
		return;
	entry = &w->trace->out_levels[w->trace->out_nr_levels++];
	entry->table_pa = table;
	entry->entry = raw;
	entry->index = index;
	entry->level = level;
}

/* A part of a last-level table; as walk_table(). */
static bool walk_ptes(struct walker *w, u64 table, u64 va, u64 end, struct fold above)
{
	unsigned int index = (va >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
	unsigned int left = (end - va) >> PAGE_SHIFT, nr, i;
	u64 entries[BATCH];

	for (; left; left -= nr, index += nr) {
		nr = min_t(unsigned int, left, BATCH);
		if (w->budget <= 0)
			return stop_at(w, va);
		w->budget -= nr;
		if (!read_entries(table, index, entries, nr))
			return true;
		for (i = 0; i < nr; i++, va += PAGE_SIZE) {
			struct vmlab_run leaf;

			note(w, table, index + i, VMLAB_LEVEL_PTE, entries[i]);
			if (vmlab_arch_none(entries[i]))
				continue;
			describe(va, entries[i], VMLAB_LEVEL_PTE, above, &leaf);
			if (!add(w, &leaf, va))
				return false;
		}
	}
	return true;
}

/* False when it has to stop, at walker.next. @end is above @va, and @va in the table. */
static bool walk_table(struct walker *w, u64 table, int level, unsigned int index_bits,
		       u64 va, u64 end, struct fold above)
{
	const unsigned int shift = level_shift(level);
	const u64 size = 1ULL << shift;
	struct repeated repeated = { 0 };
	u64 next, raw;

	for (; va != end; va = next) {
		unsigned int index = (va >> shift) & ((1U << index_bits) - 1);
		struct vmlab_run leaf;
		struct fold below;

		/* In the last entry of all the next address is zero. */
		next = (va & ~(size - 1)) + size;
		if (next - 1 >= end - 1)
			next = end;
		if (w->budget-- <= 0)
			return stop_at(w, va);
		if (!read_entry(table, index, &raw))
			return true;
		note(w, table, index, level, raw);
		if (vmlab_arch_none(raw))
			continue;
		if (is_leaf(raw, level)) {
			describe(va, raw, level, above, &leaf);
			if (!add(w, &leaf, va))
				return false;
			continue;
		}
		if (!vmlab_arch_valid(raw))
			continue;
		if (!w->trace && repeats(w, raw, level, above, &repeated)) {
			if (!add_repeated(w, va, next, &repeated))
				return false;
			continue;
		}
		below = fold_table(above, raw);
		if (level - 1 == VMLAB_LEVEL_PTE ?
		    !walk_ptes(w, table_below(raw), va, next, below) :
		    !walk_table(w, table_below(raw), level - 1, ENTRY_BITS, va, next, below))
			return false;
	}
	return true;
}

/* From the root. Where to go on. */
static u64 descend(struct walker *w, u64 start, u64 end)
{
	const struct fold all = { PERMITS_ALL, PERMITS_ALL };
	struct vmlab_kernel_root root;

	vmlab_arch_kernel_root(&root);
	w->next = end;
	w->full = false;
	walk_table(w, root.pa, root.level, root.va_bits - level_shift(root.level), start, end,
		   all);
	return w->next;
}

/* The physical address behind one of the kernel half; false where there is none. */
bool vmlab_kernel_translate(u64 va, u64 *pa)
{
	struct vmlab_run leaf;
	struct vmlab_runs runs = {
		.out = { .recs = &leaf, .max = 1 },
		.physical = true,
		.shown = VMLAB_FACTS_KNOWN,
		.all_of = VMLAB_FACT_PRESENT,
	};
	struct vmlab_walk trace = { .va = va };
	struct walker w = { .runs = &runs, .trace = &trace, .budget = VMLAB_MAX_LEVELS };

	va &= PAGE_MASK;
	descend(&w, va, va + PAGE_SIZE);
	if (!runs.out.nr)
		return false;
	*pa = PFN_PHYS(leaf.pfn) + (trace.va - leaf.va);
	return true;
}

/*
 * Who may see how the kernel lies in memory. As for pagemap's frames, the one who opened
 * the node decides; as for /proc/kcore, lockdown does, at every question.
 */
bool vmlab_kernel_visible(struct file *node)
{
	return file_ns_capable(node, &init_user_ns, CAP_SYS_ADMIN) &&
	       !security_locked_down(LOCKDOWN_KCORE);
}

/* KWALK: one address, every level. */
long vmlab_kernel_walk(struct vmlab_call *call)
{
	struct vmlab_walk *walk = call->arg;
	struct vmlab_runs runs = {
		.out = { .recs = &walk->out_leaf, .max = 1 },
		.physical = true,
		.shown = VMLAB_FACTS_KNOWN,
	};
	struct walker w = { .runs = &runs, .trace = walk, .budget = VMLAB_MAX_LEVELS };
	u64 va = walk->va & PAGE_MASK;

	if (!vmlab_kernel_visible(call->file))
		return -EPERM;
	if (walk->flags)
		return -EOPNOTSUPP;
	if (walk->va < vmlab_arch_kernel_start())
		return -ERANGE;
	descend(&w, va, va + PAGE_SIZE);
	if (walk->out_leaf.facts & VMLAB_FACT_PRESENT)
		walk->out_flags |= VMLAB_OUT_MAPPED;
	return 0;
}

static int check(const struct vmlab_scan *ask)
{
	u64 filters = ask->all_of | ask->any_of | ask->none_of;
	int ret;

	if (ask->flags || filters & ~VMLAB_FACTS_KNOWN || ask->format != VMLAB_FORMAT_RUNS)
		return -EOPNOTSUPP;
	ret = vmlab_chunks_check_buf(ask->nr_recs, 1, ask->rec_size, sizeof(struct vmlab_run));
	if (ret)
		return ret;
	/* Page aligned, the end cannot lie beyond VMLAB_KERNEL_END(). */
	if (!PAGE_ALIGNED(ask->start) || !PAGE_ALIGNED(ask->end) || ask->end < ask->start)
		return -EINVAL;
	return ask->start < vmlab_arch_kernel_start() ? -ERANGE : 0;
}

/* As the chunks of a process (chunk.c), but that there is no lock to let go of. */
static long collect(struct walker *w, struct vmlab_chunks *chunks)
{
	struct vmlab_records *records = chunks->records;
	const u32 most = VMLAB_CHUNK_BYTES / records->size;
	u64 va = chunks->start;
	long ret = 0;

	/* On each level, each of those below may have to be compared as a whole. */
	BUILD_BUG_ON(VMLAB_MAX_LEVELS * VMLAB_MAX_LEVELS * (PTRS_PER_PTE + 1) >
		     ENTRIES_AT_ONCE);
	while (va < chunks->end) {
		u32 left = chunks->nr_recs - chunks->out_nr;

		records->max = min(most, left);
		w->budget = ENTRIES_AT_ONCE;
		va = descend(w, va, chunks->end);
		if (w->full && left <= most)
			break;
		if (records->nr > 1)
			ret = vmlab_chunks_copy_out(chunks, records->nr - 1);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret || signal_pending(current))
			break;
		cond_resched();
	}
	chunks->out_next = va;
	return ret ? ret : vmlab_chunks_copy_out(chunks, records->nr);
}

/* KSCAN: a range in runs, as SCAN answers them. */
long vmlab_kernel_scan(struct vmlab_call *call)
{
	struct vmlab_scan *ask = call->arg;
	struct vmlab_runs runs = {
		.out.size = sizeof(struct vmlab_run),
		.physical = true,
		.shown = VMLAB_FACTS_KNOWN,
		.start = ask->start,
		.end = ask->end,
		.all_of = ask->all_of,
		.any_of = ask->any_of,
		.none_of = ask->none_of,
		.min_mapcount = ask->min_mapcount,
	};
	struct vmlab_chunks chunks = {
		.start = ask->start,
		.end = ask->end,
		.buf = ask->buf,
		.nr_recs = ask->nr_recs,
		.rec_size = ask->rec_size,
		.records = &runs.out,
	};
	struct walker w = { .runs = &runs };
	long ret;

	if (!vmlab_kernel_visible(call->file))
		return -EPERM;
	ret = check(ask);
	if (ret)
		return ret;
	runs.out.recs = kvmalloc(VMLAB_CHUNK_BYTES, GFP_KERNEL_ACCOUNT);
	if (!runs.out.recs)
		return -ENOMEM;
	ret = collect(&w, &chunks);
	kvfree(runs.out.recs);
	ask->out_next = chunks.out_next;
	ask->out_nr = chunks.out_nr;
	return ret;
}

static int by_address(const void *a, const void *b)
{
	const struct vmlab_kregion *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* KREGIONS: from low to high, none beyond the start of the next, none empty. */
long vmlab_kernel_regions(struct vmlab_call *call)
{
	struct vmlab_kregions *ask = call->arg;
	struct vmlab_kregion *regions = ask->out_regions;
	unsigned int i, nr;

	if (!vmlab_kernel_visible(call->file))
		return -EPERM;
	if (ask->flags || ask->__reserved)
		return -EOPNOTSUPP;
	nr = vmlab_arch_kernel_regions(regions);
	sort(regions, nr, sizeof(*regions), by_address, NULL);
	for (i = 0; i < nr; i++) {
		struct vmlab_kregion *region = &regions[i];

		if (i + 1 < nr)
			region->end = min(region->end, regions[i + 1].start);
		if (region->start < region->end)
			regions[ask->out_nr++] = *region;
	}
	memset(regions + ask->out_nr, 0, (nr - ask->out_nr) * sizeof(*regions));
	return 0;
}
