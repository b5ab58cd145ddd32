// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk.c - the only place that descends the page tables of processes. (kernel.c has the
 * kernel's own, which know none of the locks below.)
 *
 * One descent serves both WALK (one page, every level noted down) and SCAN (a
 * range, leaves only, with facts or raw), so that the two cannot disagree; and TABLES,
 * which wants the tables themselves.
 *
 * Locks. The caller holds mm_users and the mmap lock: for reading when the range
 * lies in a VMA, for writing when it does not, because munmap() frees tables
 * after it has downgraded to read. Tables above the last level are then stable.
 * A last-level table can still be retracted (khugepaged, MADV_COLLAPSE since
 * 6.12, PT_RECLAIM since 6.14), but only RCU-deferred: so a pmd that was read is
 * good for as long as RCU is held from a moment on when it still stood there. The
 * table's lock is taken from that copy, and the pmd is read again under the lock.
 * Faults run beside us: what they change, they change under its lock, and may leave it
 * empty there for a moment.
 * Shared hugetlb tables can be unshared with no lock of ours involved; whoever
 * does so waits for CPUs that have interrupts off.
 *
 * Facts of a frame are read under the lock of the table that maps it.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>

#include "arch/arch.h"
#include "compat.h"
#include "frame.h"
#include "runs.h"
#include "vmlab.h"

/* VMLAB_FACT_READ, _WRITE and _EXEC: what an untouched fold permits. */
#define PERMITS_ALL	(VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC)

/**
 * struct walker - one descent
 * @mm: whose tables
 * @vma: that the range lies in, or NULL
 * @vma_facts: what is true of every leaf because of the VMA
 * @runs: where leaves go,
 * @raws: or where entries go that nobody wants facts of
 * @stretch: SCAN: what was learnt of the leaves before
 * @way: SCAN: the way to the last pmd
 * @trace: where WALK notes every level, or NULL
 * @tables: where tables go instead of leaves, or NULL
 * @budget: units of VMLAB_CHUNK_BUDGET left for this hold of the mmap lock
 * @noted_at: TABLES: the address that the last table was reported at
 * @next: where the descent stopped early
 */
struct walker {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	u64 vma_facts;
	struct vmlab_runs *runs;
	struct vmlab_raws *raws;
	struct vmlab_stretch *stretch;
	struct vmlab_way *way;
	struct vmlab_walk *trace;
	struct vmlab_records *tables;
	long budget;
	unsigned long noted_at;
	unsigned long next;
};

/* A lock that is only ever tried is tried so often before others may have the CPU. */
#define LOCK_TRIES	64

/* What entries serve that are looked at before it is asked who waits for their table. */
#define ASK_EVERY	(64 * PAGE_SIZE)

/* No address of a table: nothing was reported yet. */
#define NOWHERE	1UL

/* Levels of the descent; all return false when it has to stop at walker.next. */

static bool stop_at(struct walker *w, unsigned long addr)
{
	w->next = addr;
	return false;
}

/*
 * Time to let go of the mmap lock? Not between the tables that are reported at one
 * address: whoever comes back to it would report the upper ones again.
 */
static bool spent(const struct walker *w, unsigned long addr)
{
	return w->budget <= 0 && (!w->tables || w->noted_at != addr);
}

/*
 * Notes one entry for WALK. Slots go by level, so that a level that is looked at
 * again because the entry changed replaces what was noted before.
 */
static void note(struct walker *w, int level, const void *table,
		 unsigned long index, u64 raw)
{
	int top = mm_p4d_folded(w->mm) ? VMLAB_LEVEL_P4D : VMLAB_LEVEL_PGD;
	struct vmlab_entry *entry;

	if (!w->trace)
		return;
	entry = &w->trace->out_levels[top - level];
	entry->table_pa = __pa(table);
	entry->entry = raw;
	entry->index = index;
	entry->level = level;
	w->trace->out_nr_levels = top - level + 1;
}

/*
 * TABLES: one table, as the descent enters it at @addr. It is reported where the
 * first VMA that it serves begins, so that neither its other VMAs nor a restart
 * report it again. False when there might not be room for it and the tables below
 * it that begin at the same address. All its entries are counted, also those that
 * serve other VMAs: the table is stable as a whole.
 */
static bool note_table(struct walker *w, int level, unsigned int shift,
		       const void *table, unsigned long addr)
{
	unsigned long base = addr & ~((1UL << (shift + PAGE_SHIFT - 3)) - 1);
	unsigned int i, nr = PAGE_SIZE / sizeof(u64);
	const u64 *entries = table;
	struct vmlab_table *rec;

	if (addr != max(base, w->vma->vm_start))
		return true;
	if (base < w->vma->vm_start) {
		w->budget -= VMLAB_VMA_COST;
		if (find_vma(w->mm, base) != w->vma)
			return true;
	}
	if (spent(w, addr) || w->tables->nr + level > w->tables->max)
		return false;
	w->noted_at = addr;
	rec = (struct vmlab_table *)w->tables->recs + w->tables->nr++;
	memset(rec, 0, sizeof(*rec));
	rec->va = base;
	rec->table_pa = __pa(table);
	rec->level = level;
	/* A root of its own may be smaller than a page (arm64 with 52 bits). */
	if (level == VMLAB_LEVEL_PGD)
		nr = PTRS_PER_PGD;
	for (i = 0; i < nr; i++) {
		u64 raw = READ_ONCE(entries[i]);

		if (vmlab_arch_none(raw))
			continue;
		rec->nr_used++;
		if (level > VMLAB_LEVEL_PTE && vmlab_arch_huge(raw))
			rec->nr_leaves++;
	}
	w->budget -= PAGE_SIZE / sizeof(u64) / 8;	/* a test a line, not a leaf */
	return true;
}

/*
 * What stands in a leaf that the kernel calls present: translated by the MMU, or
 * made PROT_NONE with the frame kept. @countable is false for frames that must
 * not be looked up because nothing counts this mapping of them.
 */
static __always_inline void describe_present(const struct walker *w, pte_t pte,
					     u64 permits, bool countable,
					     bool devmap, struct vmlab_run *leaf,
					     struct vmlab_frame_look *look)
{
	u64 raw = leaf->entry;
	u64 facts = leaf->facts;

	if (vmlab_arch_valid(raw))
		facts |= VMLAB_FACT_PRESENT | (permits & vmlab_arch_leaf_permits(raw));
	else
		facts |= VMLAB_FACT_PROTNONE;
	if (pte_young(pte))
		facts |= VMLAB_FACT_ACCESSED;
	if (pte_dirty(pte))
		facts |= VMLAB_FACT_DIRTY;
	if (pte_soft_dirty(pte))
		facts |= VMLAB_FACT_SOFT_DIRTY;
	if (pte_uffd(pte))
		facts |= VMLAB_FACT_UFFD_WP;
	if (vmlab_arch_contiguous(raw))
		facts |= VMLAB_FACT_CONT;
	if (devmap)
		facts |= VMLAB_FACT_DEVMAP;
	if (!countable) {
		leaf->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
		facts |= vmlab_frame_is_zero(leaf->pfn) ? VMLAB_FACT_ZERO :
							  VMLAB_FACT_PFNMAP;
	} else {
		facts |= vmlab_frame_facts(leaf->pfn,
					   w->vma && is_vm_hugetlb_page(w->vma),
					   &leaf->mapcount, look);
	}
	leaf->facts = facts;
}

/* An entry that holds no translation: kind, frame or offset, and area. */
static void decode_softleaf(swp_entry_t entry, struct vmlab_run *leaf)
{
	if (softleaf_is_swap(entry)) {
		leaf->facts |= VMLAB_FACT_SWAP;
		leaf->pfn = swp_offset(entry);
		leaf->swap_type = swp_type(entry);
	} else if (softleaf_is_migration(entry)) {
		leaf->facts |= VMLAB_FACT_MIGRATION;
		leaf->pfn = softleaf_to_pfn(entry);
	} else if (softleaf_is_hwpoison(entry)) {
		leaf->facts |= VMLAB_FACT_MARKER | VMLAB_FACT_POISON;
		leaf->pfn = swp_offset(entry);
	} else if (softleaf_is_marker(entry)) {
		pte_marker marker = softleaf_to_marker(entry);

		leaf->facts |= VMLAB_FACT_MARKER;
		if (marker & PTE_MARKER_UFFD_WP)
			leaf->facts |= VMLAB_FACT_UFFD_WP;
		if (marker & PTE_MARKER_POISONED)
			leaf->facts |= VMLAB_FACT_POISON;
		if (marker & PTE_MARKER_GUARD)
			leaf->facts |= VMLAB_FACT_GUARD;
	} else if (compat_is_swapin_error(entry)) {
		leaf->facts |= VMLAB_FACT_MARKER | VMLAB_FACT_POISON;
	} else if (softleaf_is_device_private(entry) ||
		   softleaf_is_device_exclusive(entry)) {
		leaf->facts |= VMLAB_FACT_DEVICE;
		leaf->pfn = swp_offset(entry);
	} else {
		leaf->facts |= VMLAB_FACT_UNKNOWN;
	}
}

/* What stands in an entry that holds no translation. */
static void describe_absent(pte_t pte, struct vmlab_run *leaf)
{
	leaf->pfn = VMLAB_PFN_NONE;
	leaf->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
	if (pte_swp_soft_dirty(pte))
		leaf->facts |= VMLAB_FACT_SOFT_DIRTY;
	if (pte_swp_uffd(pte))
		leaf->facts |= VMLAB_FACT_UFFD_WP;
	decode_softleaf(softleaf_from_pte(pte), leaf);
	if ((leaf->facts & VMLAB_FACT_SWAP) && pte_swp_exclusive(pte))
		leaf->facts |= VMLAB_FACT_SWAP_EXCLUSIVE;
}

static void leaf_init(const struct walker *w, unsigned long va, u64 raw,
		      int level, unsigned int shift, struct vmlab_run *leaf)
{
	memset(leaf, 0, sizeof(*leaf));
	leaf->va = va & ~((1UL << shift) - 1);
	leaf->facts = w->vma_facts;
	leaf->entry = raw;
	leaf->count = 1;
	leaf->level = level;
	leaf->shift = shift;
	if (level > VMLAB_LEVEL_PTE)
		leaf->facts |= VMLAB_FACT_HUGE;
}

/* A present leaf above the last level, of hugetlb or not. */
static void describe_huge(const struct walker *w, u64 raw, u64 permits,
			  bool special, bool devmap, struct vmlab_run *leaf)
{
	bool mapped_raw = w->vma && (w->vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
	pte_t pte = __pte(raw);

	if (special)
		leaf->facts |= VMLAB_FACT_SPECIAL;
	if (w->vma && vma_is_anonymous(w->vma) &&
	    vmlab_frame_is_huge_zero(leaf->pfn)) {
		describe_present(w, pte, permits, false, devmap, leaf, NULL);
		leaf->facts &= ~VMLAB_FACT_PFNMAP;
		leaf->facts |= VMLAB_FACT_HUGE_ZERO;
		return;
	}
	describe_present(w, pte, permits, !special && !mapped_raw, devmap, leaf, NULL);
}

/*
 * A leaf above the last level, that was come to at @addr: what it serves below was answered,
 * or is not asked about. False when there is no room.
 */
static bool add_leaf(struct walker *w, unsigned long addr, struct vmlab_run *leaf)
{
	if (w->raws)
		return vmlab_raws_add(w->raws, leaf->va, leaf->entry, leaf->level, leaf->shift);
	w->runs->start = addr;
	return vmlab_runs_add(w->runs, leaf) != VMLAB_NO_ROOM;
}

/*
 * ptep_get() of a contiguous entry has the accessed and dirty state of the whole
 * group in it (arm64 since 6.9): that is what the kernel goes by, and not what stands
 * there.
 */
static __always_inline u64 raw_entry(pte_t *ptep, pte_t pte)
{
	if (vmlab_arch_contiguous(pte_val(pte)))
		return pte_val(READ_ONCE(*ptep));
	return pte_val(pte);
}

/* Will what is like @leaf be known by comparing? */
static __always_inline void stretch_begin(struct walker *w, u64 permits,
					  const struct vmlab_run *leaf, enum vmlab_taken taken)
{
	const struct vmlab_records *out = &w->runs->out;
	struct vmlab_stretch *s = w->stretch;

	s->next = VMLAB_NEVER;
	s->jumps = false;
	s->vma_facts = w->vma_facts;
	s->permits = permits;
	s->run = NULL;
	if (taken == VMLAB_TAKEN)
		s->run = (struct vmlab_run *)out->recs + out->nr - 1;
	/* What is withheld was cut from the leaf; a group's entries are not what counts. */
	if (!w->runs->physical || (leaf->facts & VMLAB_FACT_CONT))
		return;
	if (leaf->facts & VMLAB_FACT_FRAME) {
		if (!s->look.page)
			return;
		s->step = vmlab_arch_step(leaf->entry);
		s->attributes = vmlab_arch_attributes(leaf->entry);
		s->jumps = vmlab_arch_valid(leaf->entry) && vmlab_frame_is_alone(&s->look);
	} else if ((leaf->facts & VMLAB_FACT_ZERO) ||
		   ((leaf->facts & VMLAB_FACT_MARKER) && leaf->pfn == VMLAB_PFN_NONE)) {
		/* A poisoned page has a number, and no run in which that stays the same. */
		s->look.page = NULL;
		s->step = 0;
	} else {
		return;
	}
	s->next = leaf->entry + s->step;
}

/* What was learnt elsewhere: does it hold for the entries from @addr on? */
static bool stretch_holds(const struct walker *w, unsigned long addr, u64 permits)
{
	struct vmlab_stretch *s = w->stretch;

	if (s->vma_facts != w->vma_facts || s->permits != permits)
		return false;
	if (s->run && s->run->va + ((u64)s->run->count << PAGE_SHIFT) != addr)
		s->next = VMLAB_NEVER;
	/* A count has 32 bits. */
	return !s->run || s->run->count <= U32_MAX - PTRS_PER_PTE;
}

/*
 * How many of @max entries are, with their frames, what the last one let expect: the
 * first is @raw. No more words of memory are touched than have to be compared.
 */
static __always_inline unsigned long stretch_goes_on(struct vmlab_stretch *s, u64 raw,
						     const pte_t *ptep, unsigned long max)
{
	const u64 step = s->step;
	unsigned long nr = 0;

	if (s->look.page) {
		const struct vmlab_frame_look look = s->look;
		const struct page *page = look.page + 1;

		max = min(max, vmlab_frame_left(&look));
		for (; nr < max; nr++, page++, raw += step)
			if (pte_val(READ_ONCE(ptep[nr])) != raw || !vmlab_frame_alike(&look, page))
				break;
		s->look.page = page - 1;
	} else {
		for (; nr < max && pte_val(READ_ONCE(ptep[nr])) == raw; nr++)
			raw += step;
	}
	s->next = raw;
	if (s->run)
		s->run->count += nr;
	return nr;
}

/*
 * How many of @max entries have another frame each, and all else is as before: runs of
 * their own with the same facts, or left out as before. They are not special, so that
 * their frames have struct pages, as vm_normal_page() has it.
 */
static __always_inline unsigned long stretch_jumps(struct vmlab_stretch *s,
						   struct vmlab_records *out, const pte_t *ptep,
						   unsigned long addr, unsigned long max)
{
	struct vmlab_run *to = (struct vmlab_run *)out->recs + out->nr;
	const struct vmlab_run *stop = (struct vmlab_run *)out->recs + out->max;
	const u64 mask = vmlab_arch_attributes(~0ULL), attributes = s->attributes;
	const u64 step = s->step;
	const struct vmlab_frame_look look = s->look;
	const struct page *page = look.page;
	const bool taken = s->run;
	u64 next = s->next;
	struct vmlab_run run;
	unsigned long nr;

	if (taken)
		run = *s->run;
	run.count = 1;
	for (nr = 0; nr < max; nr++) {
		u64 raw = pte_val(READ_ONCE(ptep[nr]));
		unsigned long pfn = vmlab_arch_valid_pfn(raw);

		/* A neighbour is no jump. */
		if ((raw & mask) != attributes || raw == next ||
		    !vmlab_frame_alike(&look, pfn_to_page(pfn)) || (taken && to == stop))
			break;
		page = pfn_to_page(pfn);
		next = raw + step;
		if (taken) {
			run.va = addr + (nr << PAGE_SHIFT);
			run.entry = raw;
			run.pfn = pfn;
			*to++ = run;
		}
	}
	s->look.page = page;
	s->next = next;
	if (taken && nr) {
		s->run = to - 1;
		out->nr += nr;
	}
	return nr;
}

/* One entry that is not empty, from scratch. */
static enum vmlab_taken take_pte(struct walker *w, pte_t *ptep, unsigned long addr,
				 u64 permits)
{
	struct vmlab_frame_look *look = w->stretch ? &w->stretch->look : NULL;
	pte_t pte = ptep_get(ptep);
	enum vmlab_taken taken;
	struct vmlab_run leaf;

	leaf_init(w, addr, raw_entry(ptep, pte), VMLAB_LEVEL_PTE, PAGE_SHIFT, &leaf);
	if (pte_present(pte)) {
		bool special = pte_special(pte);

		if (special)
			leaf.facts |= VMLAB_FACT_SPECIAL;
		leaf.pfn = pte_pfn(pte);
		describe_present(w, pte, permits, !special, compat_pte_devmap(pte), &leaf, look);
	} else {
		describe_absent(pte, &leaf);
	}
	taken = vmlab_runs_add(w->runs, &leaf);
	if (look && taken != VMLAB_NO_ROOM)
		stretch_begin(w, permits, &leaf, taken);
	return taken;
}

/*
 * The entries of one table, or of a part of it. Returns where it stopped: at @end, or
 * where there was no room, or where the budget was used up. An entry that is described
 * costs a unit.
 */
static unsigned long walk_entries(struct walker *w, pte_t *ptep, unsigned long addr,
				  unsigned long end, u64 permits)
{
	struct vmlab_records *out = &w->runs->out;
	struct vmlab_stretch *s = w->stretch;
	bool holds = stretch_holds(w, addr, permits);
	unsigned long nr;

	for (; addr != end; ptep += nr, addr += nr << PAGE_SHIFT) {
		const unsigned long max = (end - addr) >> PAGE_SHIFT;
		pte_t pte = READ_ONCE(*ptep);

		nr = 1;
		if (pte_none(pte)) {
			if (holds)
				s->next = VMLAB_NEVER;
			continue;
		}
		if (holds && pte_val(pte) == s->next)
			nr = stretch_goes_on(s, pte_val(pte), ptep, max);
		else if (holds && s->jumps)
			nr = stretch_jumps(s, out, ptep, addr, max);
		else
			nr = 0;
		if (nr)
			continue;
		nr = 1;
		if (spent(w, addr))
			break;
		w->budget--;
		if (take_pte(w, ptep, addr, permits) == VMLAB_NO_ROOM)
			break;
		holds = stretch_holds(w, addr + PAGE_SIZE, permits);
	}
	return addr;
}

/* The same, and nothing is looked at but the entries themselves. */
static unsigned long walk_raw_entries(struct walker *w, const pte_t *ptep, unsigned long addr,
				      unsigned long end)
{
	const struct vmlab_records *out = &w->raws->out;

	while (addr != end) {
		const pte_t *stop = ptep + ((end - addr) >> PAGE_SHIFT), *at = ptep + 1;
		pte_t pte = READ_ONCE(*ptep);
		struct vmlab_raw *last;
		u64 next, step;

		if (!pte_none(pte)) {
			if (spent(w, addr) || !vmlab_raws_add(w->raws, addr, pte_val(pte),
							      VMLAB_LEVEL_PTE, PAGE_SHIFT))
				break;
			w->budget--;
			last = (struct vmlab_raw *)out->recs + out->nr - 1;
			step = (u64)last->step << PAGE_SHIFT;
			/* Of one alone the next one says what the step is. */
			if (last->count > 1) {
				for (next = pte_val(pte) + step; at != stop; at++, next += step)
					if (pte_val(READ_ONCE(*at)) != next)
						break;
				last->count += at - ptep - 1;
			}
		}
		addr += (at - ptep) << PAGE_SHIFT;
		ptep = (pte_t *)at;
	}
	return addr;
}

/* WALK: the one entry, noted down and described. */
static bool walk_one_entry(struct walker *w, pte_t *ptep, unsigned long addr, u64 permits)
{
	pte_t pte = ptep_get(ptep);

	note(w, VMLAB_LEVEL_PTE, ptep - pte_index(addr), pte_index(addr), raw_entry(ptep, pte));
	return pte_none(pte) || take_pte(w, ptep, addr, permits) != VMLAB_NO_ROOM;
}

/*
 * How far the entries are empty from @addr on, within the line of memory that was just
 * looked at: where small VMAs are neighbours, every other lock is saved.
 */
static unsigned long empty_end(const pte_t *ptep, unsigned long addr)
{
	while (!IS_ALIGNED((unsigned long)ptep, SMP_CACHE_BYTES) && pte_none(READ_ONCE(*ptep))) {
		ptep++;
		addr += PAGE_SIZE;
	}
	return addr;
}

/*
 * Entries under their table's lock, until there are no more, or no room, or somebody waits
 * for the lock: a fault of the target need not wait until we are through with all of it.
 * Returns where it stopped. (Where a hypervisor is that has no locks of its own, as in
 * the lab, a kernel of x86 spins without queueing, and who waits is not seen.)
 */
static __always_inline unsigned long walk_until_wanted(struct walker *w, spinlock_t *ptl,
						       pte_t *ptep, unsigned long addr,
						       unsigned long end, u64 permits,
						       bool *room)
{
	const unsigned long from = addr;

	/* Tails in a row have the same head while their table is locked: not from hold to hold. */
	if (w->stretch && w->stretch->look.page && w->stretch->look.tail)
		w->stretch->next = VMLAB_NEVER;
	do {
		unsigned long stop = min(end, (addr & ~(ASK_EVERY - 1)) + ASK_EVERY), at;

		if (w->raws)
			at = walk_raw_entries(w, ptep, addr, stop);
		else
			at = walk_entries(w, ptep, addr, stop, permits);
		ptep += (at - addr) >> PAGE_SHIFT;
		addr = at;
		*room = addr == stop;
	} while (*room && addr != end && !spin_is_contended(ptl));
	/* Four that are compared cost a unit, and a table that was begun is gone through. */
	w->budget -= (addr - from) >> (PAGE_SHIFT + 2);
	if (w->stretch && addr == end)
		w->way->empty_end = empty_end(ptep, end);
	return addr;
}

/* What a pmd that points to a table serves of [*addr, end). @again: look again, from *addr on. */
static bool walk_ptes(struct walker *w, pmd_t *pmdp, pmd_t pmd,
		      unsigned long *addr, unsigned long end, u64 permits,
		      bool *again)
{
	bool room = true;
	spinlock_t *ptl;
	pte_t *ptep;

	*again = false;
	rcu_read_lock();
	/* Before this we may have been preempted until the table was another's memory. */
	if (pmd_val(pmd) != pmd_val(pmdp_get(pmdp))) {
		*again = true;
		goto unlock_rcu;
	}
	/* Both from the copy: *pmdp may be cleared at any moment. */
	ptep = pte_offset_kernel(&pmd, *addr);
	/*
	 * An empty entry, too, is one under the lock alone: who changes one (a fault that
	 * copies, who looks for what was written) may empty it first, and fills it again.
	 */
	ptl = pte_lockptr(w->mm, &pmd);
	spin_lock(ptl);
	if (unlikely(pmd_val(pmd) != pmd_val(pmdp_get(pmdp)))) {
		*again = true;
	} else if (w->tables) {
		room = note_table(w, VMLAB_LEVEL_PTE, PAGE_SHIFT,
				  ptep - pte_index(*addr), *addr);
	} else if (w->raws || w->stretch) {
		*addr = walk_until_wanted(w, ptl, ptep, *addr, end, permits, &room);
		*again = room && *addr != end;
	} else {
		room = walk_one_entry(w, ptep, *addr, permits);
	}
	spin_unlock(ptl);
unlock_rcu:
	rcu_read_unlock();
	return room ? true : stop_at(w, *addr);
}

/* A pmd that is not empty and does not point to a table. */
static bool walk_huge_pmd(struct walker *w, pmd_t *pmdp, unsigned long addr,
			  u64 permits, bool *again)
{
	spinlock_t *ptl = pmd_lock(w->mm, pmdp);
	pmd_t pmd = pmdp_get(pmdp);
	struct vmlab_run leaf;
	bool room = true;

	w->budget -= VMLAB_HUGE_COST;
	/* Split, zapped or filled while we waited for the lock: look again. */
	*again = pmd_none(pmd) || (pmd_present(pmd) && !pmd_leaf(pmd));
	if (*again)
		goto unlock;
	note(w, VMLAB_LEVEL_PMD, pmdp - pmd_index(addr), pmd_index(addr), pmd_val(pmd));
	leaf_init(w, addr, pmd_val(pmd), VMLAB_LEVEL_PMD, PMD_SHIFT, &leaf);
	if (pmd_present(pmd)) {
		leaf.pfn = pmd_pfn(pmd);
		describe_huge(w, pmd_val(pmd), permits, compat_pmd_special(pmd),
			      compat_pmd_devmap(pmd), &leaf);
	} else {
		describe_absent(__pte(pmd_val(pmd)), &leaf);
	}
	room = add_leaf(w, addr, &leaf);
unlock:
	spin_unlock(ptl);
	return room ? true : stop_at(w, addr);
}

/*
 * An entry of a pmd table. An empty one may be so for a moment, while its lock is held (a
 * huge zero page that is split or written to): it is looked at under the lock, too.
 */
static pmd_t pmd_read(struct walker *w, pmd_t *pmdp)
{
	pmd_t pmd = pmdp_get(pmdp);
	spinlock_t *ptl;

	if (!pmd_none(pmd))
		return pmd;
	ptl = pmd_lock(w->mm, pmdp);
	pmd = pmdp_get(pmdp);
	spin_unlock(ptl);
	if (w->way && pmd_none(pmd))
		w->way->empty_end = w->way->base + PMD_SIZE;
	return pmd;
}

/* One entry of a pmd table, and the part of [addr, end) below it. */
static bool walk_pmd(struct walker *w, pmd_t *pmdp, unsigned long addr, unsigned long end,
		     u64 permits)
{
	bool again, going;
	pmd_t pmd;

	if (spent(w, addr))
		return stop_at(w, addr);
	w->budget--;
	do {
		pmd = pmd_read(w, pmdp);
		note(w, VMLAB_LEVEL_PMD, pmdp - pmd_index(addr), pmd_index(addr), pmd_val(pmd));
		if (pmd_none(pmd))
			return true;
		if (!pmd_present(pmd) || pmd_leaf(pmd)) {
			if (w->tables)
				return true;
			going = walk_huge_pmd(w, pmdp, addr, permits, &again);
		} else {
			going = walk_ptes(w, pmdp, pmd, &addr, end,
					  permits & vmlab_arch_table_permits(pmd_val(pmd)), &again);
		}
	} while (again);
	return going;
}

static bool walk_pmds(struct walker *w, pud_t *pudp, unsigned long addr,
		      unsigned long end, u64 permits)
{
	pmd_t *pmdp = pmd_offset(pudp, addr);
	unsigned long next;

	if (w->tables && !note_table(w, VMLAB_LEVEL_PMD, PMD_SHIFT,
				     pmdp - pmd_index(addr), addr))
		return stop_at(w, addr);
	for (; addr != end; pmdp++, addr = next) {
		next = pmd_addr_end(addr, end);
		if (w->way)
			*w->way = (struct vmlab_way) {
				.base = addr & PMD_MASK, .pmdp = pmdp, .permits = permits,
			};
		if (!walk_pmd(w, pmdp, addr, next, permits))
			return false;
	}
	return true;
}

/* A leaf of 1 GiB that is not hugetlb's: device memory, DAX. */
static bool walk_huge_pud(struct walker *w, pud_t *pudp, unsigned long addr,
			  u64 permits, bool *again)
{
	spinlock_t *ptl = pud_lockptr(w->mm, pudp);
	struct vmlab_run leaf;
	bool room = true;
	pud_t pud;

	w->budget -= VMLAB_HUGE_COST;
	spin_lock(ptl);
	pud = pudp_get(pudp);
	/* Split or zapped while we waited for the lock: look again. */
	*again = !pud_present(pud) || !pud_leaf(pud);
	if (!*again) {
		note(w, VMLAB_LEVEL_PUD, pudp - pud_index(addr), pud_index(addr),
		     pud_val(pud));
		leaf_init(w, addr, pud_val(pud), VMLAB_LEVEL_PUD, PUD_SHIFT, &leaf);
		leaf.pfn = pud_pfn(pud);
		describe_huge(w, pud_val(pud), permits, compat_pud_special(pud),
			      compat_pud_devmap(pud), &leaf);
		room = add_leaf(w, addr, &leaf);
	}
	spin_unlock(ptl);
	return room ? true : stop_at(w, addr);
}

static bool walk_puds(struct walker *w, p4d_t *p4dp, unsigned long addr,
		      unsigned long end, u64 permits)
{
	pud_t *pudp = pud_offset(p4dp, addr);
	unsigned long next;

	if (w->tables && !note_table(w, VMLAB_LEVEL_PUD, PUD_SHIFT,
				     pudp - pud_index(addr), addr))
		return stop_at(w, addr);
	for (; addr != end; pudp++, addr = next) {
		bool again, going;
		pud_t pud;

		next = pud_addr_end(addr, end);
		if (spent(w, addr))
			return stop_at(w, addr);
		w->budget--;
		do {
			again = false;
			going = true;
			pud = pudp_get(pudp);
			note(w, VMLAB_LEVEL_PUD, pudp - pud_index(addr), pud_index(addr),
			     pud_val(pud));
			if (pud_none(pud) || !pud_present(pud))
				break;
			if (!pud_leaf(pud))
				going = walk_pmds(w, pudp, addr, next,
						  permits & vmlab_arch_table_permits(pud_val(pud)));
			else if (!w->tables)
				going = walk_huge_pud(w, pudp, addr, permits, &again);
		} while (again);
		if (!going)
			return false;
	}
	return true;
}

/* The table of a p4d, or the root that it is folded into: a page of its own either way. */
static const p4d_t *p4d_table(const p4d_t *p4dp)
{
	return (const p4d_t *)((unsigned long)p4dp & PAGE_MASK);
}

static void note_p4d(struct walker *w, const p4d_t *p4dp, u64 raw)
{
	note(w, VMLAB_LEVEL_P4D, p4d_table(p4dp), p4dp - p4d_table(p4dp), raw);
}

static bool walk_p4ds(struct walker *w, pgd_t *pgdp, unsigned long addr,
		      unsigned long end, u64 permits)
{
	p4d_t *p4dp = p4d_offset(pgdp, addr);
	bool root = mm_p4d_folded(w->mm);
	unsigned long next;

	if (w->tables && !note_table(w, VMLAB_LEVEL_P4D, P4D_SHIFT,
				     p4d_table(p4dp), addr))
		return stop_at(w, addr);
	for (; addr != end; p4dp++, addr = next) {
		p4d_t p4d = p4dp_get(p4dp);
		u64 raw = p4d_val(p4d);

		next = p4d_addr_end(addr, end);
		if (spent(w, addr))
			return stop_at(w, addr);
		w->budget--;
		note_p4d(w, p4dp, raw);
		if (p4d_none(p4d) || !p4d_present(p4d))
			continue;
		if (root)
			raw = vmlab_arch_root_raw(pgdp, raw);
		if (!walk_puds(w, p4dp, addr, next, permits & vmlab_arch_table_permits(raw)))
			return false;
	}
	return true;
}

static bool walk_pgds(struct walker *w, unsigned long addr, unsigned long end)
{
	pgd_t *pgdp = pgd_offset(w->mm, addr);
	bool root = !mm_p4d_folded(w->mm);
	unsigned long next;

	if (w->tables && root && !note_table(w, VMLAB_LEVEL_PGD, PGDIR_SHIFT,
					     pgdp - pgd_index(addr), addr))
		return stop_at(w, addr);
	for (; addr != end; pgdp++, addr = next) {
		u64 permits = PERMITS_ALL;

		next = pgd_addr_end(addr, end);
		if (root) {
			pgd_t pgd = pgdp_get(pgdp);

			if (spent(w, addr))
				return stop_at(w, addr);
			w->budget--;
			note(w, VMLAB_LEVEL_PGD, pgdp - pgd_index(addr),
			     pgd_index(addr), pgd_val(pgd));
			if (pgd_none(pgd) || !pgd_present(pgd))
				continue;
			permits &= vmlab_arch_table_permits(vmlab_arch_root_raw(pgdp, pgd_val(pgd)));
		}
		if (!walk_p4ds(w, pgdp, addr, next, permits))
			return false;
	}
	return true;
}

/*
 * Where a huge page of hugetlb has its entry, or that of its entries which serves the
 * address where it is a contiguous group of smaller leaves (arm64: 16 ptes, 16 pmds).
 */
struct hugetlb_slot {
	struct hstate *h;
	int level;
	unsigned int nr;	/* entries of the page */
	pud_t *pudp;		/* the level above is stable */
	void *entryp;		/* of that level */
	unsigned long index;
	u64 permits;		/* of the levels above */
};

static struct hugetlb_slot hugetlb_slot(struct vm_area_struct *vma)
{
	struct hugetlb_slot slot = { .h = hstate_vma(vma) };
	unsigned int shift = huge_page_shift(slot.h);

	if (shift >= PUD_SHIFT) {
		slot.level = VMLAB_LEVEL_PUD;
		slot.nr = 1U << (shift - PUD_SHIFT);
	} else if (shift >= PMD_SHIFT) {
		slot.level = VMLAB_LEVEL_PMD;
		slot.nr = 1U << (shift - PMD_SHIFT);
	} else {
		slot.level = VMLAB_LEVEL_PTE;
		slot.nr = 1U << (shift - PAGE_SHIFT);
	}
	return slot;
}

/* Down to the pud; false where there is none. These levels are stable. */
static bool hugetlb_top(struct walker *w, unsigned long addr, struct hugetlb_slot *slot)
{
	bool folded = mm_p4d_folded(w->mm);
	pgd_t *pgdp = pgd_offset(w->mm, addr);
	p4d_t *p4dp, p4d;
	u64 raw;

	slot->permits = PERMITS_ALL;
	if (!folded) {
		pgd_t pgd = pgdp_get(pgdp);

		raw = pgd_val(pgd);
		note(w, VMLAB_LEVEL_PGD, pgdp - pgd_index(addr), pgd_index(addr), raw);
		if (pgd_none(pgd))
			return false;
		slot->permits &= vmlab_arch_table_permits(vmlab_arch_root_raw(pgdp, raw));
	}
	p4dp = p4d_offset(pgdp, addr);
	p4d = p4dp_get(p4dp);
	raw = p4d_val(p4d);
	note_p4d(w, p4dp, raw);
	if (p4d_none(p4d))
		return false;
	if (folded)
		raw = vmlab_arch_root_raw(pgdp, raw);
	slot->permits &= vmlab_arch_table_permits(raw);
	slot->pudp = pud_offset(p4dp, addr);
	return true;
}

/*
 * From the pud to the entry, with interrupts off: each level is read once, and the
 * next taken from the copy. False where a level is missing.
 */
static bool hugetlb_descend(struct walker *w, unsigned long addr, struct hugetlb_slot *slot)
{
	pud_t pud = pudp_get(slot->pudp);
	pmd_t *pmdp, pmd;

	slot->index = pud_index(addr);
	slot->entryp = slot->pudp;
	if (slot->level == VMLAB_LEVEL_PUD)
		return true;
	note(w, VMLAB_LEVEL_PUD, slot->pudp - slot->index, slot->index, pud_val(pud));
	if (pud_none(pud) || !pud_present(pud) || pud_leaf(pud))
		return false;
	slot->permits &= vmlab_arch_table_permits(pud_val(pud));
	pmdp = pmd_offset_lockless(slot->pudp, pud, addr);
	slot->index = pmd_index(addr);
	slot->entryp = pmdp;
	if (slot->level == VMLAB_LEVEL_PMD)
		return true;
	pmd = pmdp_get(pmdp);
	note(w, VMLAB_LEVEL_PMD, pmdp - slot->index, slot->index, pmd_val(pmd));
	if (pmd_none(pmd) || !pmd_present(pmd) || pmd_leaf(pmd))
		return false;
	slot->permits &= vmlab_arch_table_permits(pmd_val(pmd));
	slot->entryp = pte_offset_kernel(&pmd, addr);
	slot->index = pte_index(addr);
	return true;
}

/*
 * Each entry of a group has accessed and dirty bits of its own, and the page has them
 * when one of them has.
 */
static u64 hugetlb_group_facts(const u64 *entries, unsigned int nr)
{
	u64 facts = 0;
	unsigned int i;

	for (i = 1; i < nr; i++) {
		pte_t pte = __pte(READ_ONCE(entries[i]));

		if (!pte_present(pte))
			continue;
		if (pte_young(pte))
			facts |= VMLAB_FACT_ACCESSED;
		if (pte_dirty(pte))
			facts |= VMLAB_FACT_DIRTY;
	}
	return facts;
}

static void hugetlb_describe(struct walker *w, unsigned long addr,
			     const struct hugetlb_slot *slot, struct vmlab_run *leaf)
{
	const u64 *entries = slot->entryp;
	pte_t pte;
	u64 raw;

	note(w, slot->level, entries - slot->index, slot->index, READ_ONCE(*entries));
	/* The leaf is the group's, and has its first entry. */
	entries -= slot->index & (slot->nr - 1);
	raw = READ_ONCE(*entries);
	pte = __pte(raw);
	leaf->count = 0;
	if (!raw)
		return;
	leaf_init(w, addr, raw, slot->level, huge_page_shift(slot->h), leaf);
	if (pte_present(pte)) {
		leaf->pfn = pte_pfn(pte);
		if (slot->level == VMLAB_LEVEL_PMD)
			leaf->pfn = pmd_pfn(__pmd(raw));
		else if (slot->level == VMLAB_LEVEL_PUD)
			leaf->pfn = pud_pfn(__pud(raw));
		describe_huge(w, raw, slot->permits, false, false, leaf);
		leaf->facts |= hugetlb_group_facts(entries, slot->nr);
	} else {
		describe_absent(pte, leaf);
	}
}

/*
 * One huge page of hugetlb. Interrupts are off from the first read of the pud to
 * the last read of the leaf: a shared pmd table cannot be freed meanwhile. The
 * table's lock is only ever tried: its holder may be waiting for this CPU to
 * answer an IPI. False when somebody has it: come back with interrupts on between.
 */
static bool hugetlb_leaf(struct walker *w, unsigned long addr, struct vmlab_run *leaf)
{
	struct hugetlb_slot slot = hugetlb_slot(w->vma);
	unsigned long flags;
	bool locked = true;
	spinlock_t *ptl;

	leaf->count = 0;
	if (!hugetlb_top(w, addr, &slot))
		return true;

	local_irq_save(flags);
	if (hugetlb_descend(w, addr, &slot)) {
		ptl = huge_pte_lockptr(slot.h, w->mm, slot.entryp);
		if (spin_trylock(ptl)) {
			hugetlb_describe(w, addr, &slot, leaf);
			spin_unlock(ptl);
		} else {
			locked = false;
		}
	}
	local_irq_restore(flags);
	return locked;
}

static bool walk_hugetlb(struct walker *w, unsigned long addr, unsigned long end)
{
	unsigned long size = huge_page_size(hstate_vma(w->vma));
	struct vmlab_run leaf;
	unsigned long next;
	unsigned int tries;

	for (; addr < end; addr = next) {
		next = (addr & ~(size - 1)) + size;
		if (spent(w, addr))
			return stop_at(w, addr);
		w->budget -= 1 + VMLAB_HUGE_COST;
		/*
		 * Whoever has the lock spins or works, and gives it back; but others may
		 * always be first, and who has it may have to have this CPU.
		 */
		for (tries = 1; !hugetlb_leaf(w, addr, &leaf); tries++) {
			if (tries % LOCK_TRIES) {
				cpu_relax();
				continue;
			}
			if (fatal_signal_pending(current))
				return stop_at(w, addr);
			cond_resched();
		}
		if (leaf.count && w->runs && !w->runs->physical &&
		    !compat_hugetlb_public(&leaf, w->vma_facts))
			continue;
		if (leaf.count && !add_leaf(w, addr, &leaf))
			return stop_at(w, addr);
	}
	return true;
}

/*
 * TABLES in a hugetlb VMA: the tables above the pud as everywhere, the pmd table
 * with interrupts off, as for its leaves.
 */
static bool hugetlb_tables(struct walker *w, unsigned long addr, unsigned long end)
{
	struct hugetlb_slot slot = hugetlb_slot(w->vma);
	unsigned long next, flags;
	pgd_t *pgdp;
	p4d_t *p4dp;
	bool room = true;
	pud_t pud;

	/* Tables of ptes (arm64: groups of 16) are as stable as any with this lock. */
	if (slot.level == VMLAB_LEVEL_PTE)
		return walk_pgds(w, addr, end);
	for (; addr < end; addr = next) {
		next = pud_addr_end(addr, end);
		if (spent(w, addr))
			return stop_at(w, addr);
		w->budget--;
		pgdp = pgd_offset(w->mm, addr);
		if (!mm_p4d_folded(w->mm)) {
			room = note_table(w, VMLAB_LEVEL_PGD, PGDIR_SHIFT,
					  pgdp - pgd_index(addr), addr);
			if (room && pgd_none(pgdp_get(pgdp)))
				continue;
		}
		/* Faults go on beside us: where the next table lies says an entry that is not empty. */
		p4dp = p4d_offset(pgdp, addr);
		if (!room || !note_table(w, VMLAB_LEVEL_P4D, P4D_SHIFT, p4d_table(p4dp), addr))
			return stop_at(w, addr);
		if (!hugetlb_top(w, addr, &slot))
			continue;
		if (!note_table(w, VMLAB_LEVEL_PUD, PUD_SHIFT,
				slot.pudp - pud_index(addr), addr))
			return stop_at(w, addr);
		local_irq_save(flags);
		pud = pudp_get(slot.pudp);
		if (!pud_none(pud) && pud_present(pud) && !pud_leaf(pud))
			room = note_table(w, VMLAB_LEVEL_PMD, PMD_SHIFT,
					  pmd_offset_lockless(slot.pudp, pud, addr) -
					  pmd_index(addr), addr);
		local_irq_restore(flags);
		if (!room)
			return stop_at(w, addr);
	}
	return true;
}

static bool descend(struct walker *w, unsigned long start, unsigned long end)
{
	if (w->vma) {
		/* pagemap does not look into these areas. */
		if (w->runs && !w->runs->physical && (w->vma->vm_flags & VM_PFNMAP))
			return true;
		w->vma_facts = vmlab_vma_facts(w->vma);
		if (is_vm_hugetlb_page(w->vma))
			return w->tables ? hugetlb_tables(w, start, end) :
					   walk_hugetlb(w, start, end);
	}
	/* Small neighbours: the tables that lead there are stable under this hold. */
	if (w->way && w->way->pmdp && w->way->base == (start & PMD_MASK) &&
	    end - w->way->base <= PMD_SIZE) {
		if (end <= w->way->empty_end) {
			w->stretch->next = VMLAB_NEVER;
			return true;
		}
		return walk_pmd(w, w->way->pmdp, start, end, w->way->permits);
	}
	return walk_pgds(w, start, end);
}

/**
 * vmlab_walk_vma - hand every entry of a range inside one VMA to @runs
 * @vma: the VMA; its mmap lock is held, mm_users is raised
 * @start: first address, page aligned, in @vma
 * @end: first address after the range, page aligned, at most @vma's end
 * @runs: where leaves go
 * @budget: entries that may be looked at; reduced by those that were
 * @next: where to go on; @end when done
 *
 * Returns 0, or -ENOSPC when @runs is full.
 */
int vmlab_walk_vma(struct vm_area_struct *vma, unsigned long start,
		   unsigned long end, struct vmlab_runs *runs, long *budget,
		   unsigned long *next)
{
	struct walker w = {
		.mm = vma->vm_mm,
		.vma = vma,
		.runs = runs,
		.stretch = &runs->stretch,
		.way = &runs->way,
		.budget = *budget,
		.next = end,
	};
	bool done = descend(&w, start, end);

	*budget = w.budget;
	*next = w.next;
	/* A stop with budget left can only mean that there was no room. */
	return done || w.budget <= 0 ? 0 : -ENOSPC;
}

/* Entries alone; everything else as vmlab_walk_vma(). */
int vmlab_walk_vma_raw(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, struct vmlab_raws *raws, long *budget,
		       unsigned long *next)
{
	struct walker w = {
		.mm = vma->vm_mm,
		.vma = vma,
		.raws = raws,
		.budget = *budget,
		.next = end,
	};
	bool done = descend(&w, start, end);

	*budget = w.budget;
	*next = w.next;
	return done || w.budget <= 0 ? 0 : -ENOSPC;
}

/* The tables that serve a range of one VMA; everything else as vmlab_walk_vma(). */
int vmlab_walk_vma_tables(struct vm_area_struct *vma, unsigned long start,
			  unsigned long end, struct vmlab_records *tables, long *budget,
			  unsigned long *next)
{
	struct walker w = {
		.mm = vma->vm_mm,
		.vma = vma,
		.tables = tables,
		.noted_at = NOWHERE,
		.budget = *budget,
		.next = end,
	};
	bool done = descend(&w, start, end);

	*budget = w.budget;
	*next = w.next;
	return done || w.budget <= 0 ? 0 : -ENOSPC;
}

/* WALK: one address, every level. */
long vmlab_walk_one(struct vmlab_call *call)
{
	struct vmlab_target *target = call->file->private_data;
	struct vmlab_walk *walk = call->arg;
	struct vmlab_runs runs = {
		.out.recs = &walk->out_leaf,
		.out.max = 1,
		.physical = target->physical,
		.shown = target->shown,
	};
	struct walker w = {
		.runs = &runs,
		.trace = target->physical ? walk : NULL,
		.budget = LONG_MAX,
	};
	unsigned long va = walk->va & PAGE_MASK;
	bool writer = false;
	struct mm_struct *mm;
	long ret = 0;

	if (walk->flags)
		return -EOPNOTSUPP;
	if (walk->va >= vmlab_arch_user_end())
		return -ERANGE;
	mm = vmlab_target_enter(target);
	if (!mm)
		return -ESRCH;
	w.mm = mm;
	runs.end = va + PAGE_SIZE;
	if (mmap_read_lock_killable(mm)) {
		ret = -EINTR;
		goto leave;
	}
	w.vma = find_vma(mm, va);
	if (w.vma && w.vma->vm_start > va)
		w.vma = NULL;
	if (!w.vma && target->physical) {
		/* Tables outside VMAs are only safe from a writer (see above). */
		mmap_read_unlock(mm);
		if (mmap_write_lock_killable(mm)) {
			ret = -EINTR;
			goto leave;
		}
		writer = true;
		w.vma = find_vma(mm, va);
		if (w.vma && w.vma->vm_start > va)
			w.vma = NULL;
	}

	walk->out_flags = target->out_flags;
	if (target->physical && vmlab_arch_user_root(mm, va, &walk->out_user_root))
		walk->out_flags |= VMLAB_OUT_USER_ROOT;
	if (w.vma && target->vmas)
		walk->out_flags |= VMLAB_OUT_IN_VMA;
	if (w.vma || writer)
		descend(&w, va, va + PAGE_SIZE);
	if (walk->out_leaf.facts & VMLAB_FACT_PRESENT)
		walk->out_flags |= VMLAB_OUT_MAPPED;

	if (writer)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
leave:
	vmlab_target_leave(mm);
	return ret;
}
