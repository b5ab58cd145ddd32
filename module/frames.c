// SPDX-License-Identifier: GPL-2.0-only
/*
 * frames.c - what the kernel keeps of frames, by their numbers.
 *
 * Nothing holds these frames: they may be freed, split or given to somebody else
 * while we look. So nothing is followed that a page holds, but for the way to the first
 * page of its folio, which is a struct page in any case; flags are read as they lie in
 * memory, without the checks of the kernel's accessors, which take a page that changes
 * under them for a bug. What does not fit together is read again.
 */
#include <linux/hugetlb.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "frame.h"
#include "vmlab.h"

/* One after the last frame that an entry can name. */
#define FRAMES_END	(1ULL << 52)
/* No folio is larger than what one entry maps. */
#define LARGEST		(PUD_SHIFT - PAGE_SHIFT)
/* A folio that comes and goes is looked at so many times. */
#define TRIES		4

/* Bits of struct page that mean the same on every kernel. */
static const struct {
	unsigned int bit;
	u64 flag;
} named[] = {
	{ PG_locked,		VMLAB_PAGE_LOCKED },
	{ PG_referenced,	VMLAB_PAGE_REFERENCED },
	{ PG_uptodate,		VMLAB_PAGE_UPTODATE },
	{ PG_dirty,		VMLAB_PAGE_DIRTY },
	{ PG_lru,		VMLAB_PAGE_LRU },
	{ PG_active,		VMLAB_PAGE_ACTIVE },
	{ PG_writeback,		VMLAB_PAGE_WRITEBACK },
	{ PG_reclaim,		VMLAB_PAGE_RECLAIM },
	{ PG_swapbacked,	VMLAB_PAGE_SWAPBACKED },
	{ PG_unevictable,	VMLAB_PAGE_UNEVICTABLE },
	{ PG_reserved,		VMLAB_PAGE_RESERVED },
	{ PG_private,		VMLAB_PAGE_PRIVATE },
	{ PG_mlocked,		VMLAB_PAGE_MLOCKED },
#if defined(CONFIG_PAGE_IDLE_FLAG) && defined(CONFIG_64BIT)
	{ PG_idle,		VMLAB_PAGE_IDLE },
#endif
};

/* Of the folio: kinds of page that are told by a type, and what follows from it. */
static u64 type_flags(struct page *head)
{
	u64 flags = 0;

	if (compat_page_slab(head))
		flags |= VMLAB_PAGE_SLAB;
	if (PageTable(head))
		flags |= VMLAB_PAGE_PGTABLE;
	if (PageOffline(head))
		flags |= VMLAB_PAGE_OFFLINE;
	return flags;
}

/* Who holds it as memory of a process, or of a file. */
static u64 facts_of(struct page *page, struct folio *folio, bool hugetlb)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	u64 facts = 0;

	if (hugetlb)
		facts |= VMLAB_FACT_HUGETLB;
	if (compat_page_flags(&folio->page) & BIT(PG_head))
		facts |= VMLAB_FACT_LARGE;
	if (vmlab_frame_is_anon(mapping)) {
		facts |= VMLAB_FACT_ANON;
		if (vmlab_frame_is_ksm(mapping))
			facts |= VMLAB_FACT_KSM;
		else if (compat_page_flags(hugetlb ? &folio->page : page) &
			 BIT(PG_anon_exclusive))
			facts |= VMLAB_FACT_EXCLUSIVE;
	} else if (mapping && !(mapping & 3)) {
		facts |= VMLAB_FACT_FILE;
		if (compat_page_flags(&folio->page) & BIT(PG_swapbacked) && !hugetlb)
			facts |= VMLAB_FACT_SHMEM;
	}
	return facts;
}

/* A free block has its order in its first page; the others say nothing. */
static bool is_free(struct page *page, unsigned long pfn, struct vmlab_frame *frame)
{
	unsigned int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long inside = pfn & ((1UL << order) - 1);
		struct page *first = page - inside;
		unsigned long block;

		if (!PageBuddy(first))
			continue;
		block = READ_ONCE(page_private(first));
		if (block < order || block > MAX_PAGE_ORDER)
			return false;
		frame->head = pfn - inside;
		frame->order = block;
		return true;
	}
	return false;
}

static int nid_of(const struct page *page)
{
	/* It stays the same, among flags that do not. */
	return data_race(page_to_nid(page));
}

/* One look; false when the page was not of the folio any more at the end. */
static bool look(struct page *page, struct vmlab_frame *frame)
{
	struct page *head = compound_head(page);
	struct folio *folio = (struct folio *)head;
	unsigned long flags = compat_page_flags(head);
	unsigned long pfn = frame->pfn, inside = pfn - page_to_pfn(head);
	/* Of a folio that may be made or split just now: then it does not fit, or is read again. */
	unsigned int order = data_race(compound_order(head));
	bool hugetlb = folio_test_hugetlb(folio);
	size_t i;

	if (order > LARGEST || inside >> order)
		return false;
	frame->head = pfn - inside;
	frame->order = order;
	frame->facts = VMLAB_FACT_FRAME;
	frame->flags = type_flags(head);
	if (vmlab_frame_is_zero(pfn))
		frame->facts = VMLAB_FACT_ZERO;
	for (i = 0; i < ARRAY_SIZE(named); i++)
		if (flags & BIT(named[i].bit))
			frame->flags |= named[i].flag;
	if ((flags & BIT(PG_swapbacked)) && (flags & BIT(PG_swapcache)))
		frame->flags |= VMLAB_PAGE_SWAPCACHE;
	if (inside)
		frame->flags |= VMLAB_PAGE_TAIL;
	else if (order)
		frame->flags |= VMLAB_PAGE_HEAD;
#ifdef CONFIG_MEMORY_FAILURE
	if (compat_page_flags(hugetlb ? head : page) & BIT(PG_hwpoison)) {
		frame->flags |= VMLAB_PAGE_HWPOISON;
		frame->facts |= VMLAB_FACT_POISON;
	}
#endif
	frame->refcount = page_ref_count(head);
	frame->node = nid_of(page);
	/* What has a type keeps other things where processes' pages have theirs. */
	if (frame->flags & VMLAB_PAGE_SLAB || (page_has_type(head) && !hugetlb)) {
		frame->mapcount = 0;
	} else {
		frame->facts |= facts_of(page, folio, hugetlb);
		frame->mapcount = compat_mapcount(page, folio);
	}
	if (frame->mapcount && frame->mapcount != VMLAB_MAPCOUNT_UNKNOWN)
		frame->flags |= VMLAB_PAGE_MAPPED;
	if (!frame->refcount && is_free(page, pfn, frame))
		frame->flags |= VMLAB_PAGE_BUDDY;
	return compound_head(page) == head;
}

static void describe(unsigned long pfn, struct vmlab_frame *frame)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned int try;

	memset(frame, 0, sizeof(*frame));
	frame->pfn = pfn;
	if (page) {
		for (try = 0; try < TRIES; try++)
			if (look(page, frame))
				return;
		/* Busy for as long as we looked: that it is there is all we can tell. */
		memset(frame, 0, sizeof(*frame));
		frame->pfn = pfn;
		frame->facts = VMLAB_FACT_FRAME;
		frame->node = nid_of(page);
	} else {
		frame->flags = VMLAB_PAGE_NOPAGE;
	}
	frame->head = pfn;
	frame->mapcount = VMLAB_MAPCOUNT_UNKNOWN;
}

/*
 * Memory that has gone offline is told to be so by now, and its struct pages are still what
 * they were: offline_pages() of mm/memory_hotplug.c spoils them next. The kernel itself only
 * waits where CONFIG_PAGE_EXTENSION is in use.
 */
static int memory_changes(struct notifier_block *block, unsigned long action, void *arg)
{
	if (action == MEM_OFFLINE)
		synchronize_rcu();
	return NOTIFY_OK;
}

static struct notifier_block hotplug = { .notifier_call = memory_changes };

int vmlab_frames_init(void)
{
	return register_memory_notifier(&hotplug);
}

void vmlab_frames_exit(void)
{
	unregister_memory_notifier(&hotplug);
}

static int check(struct file *file, const struct vmlab_frames *frames)
{
	if (frames->flags)
		return -EOPNOTSUPP;
	if (!frames->nr_recs || frames->rec_size < sizeof(struct vmlab_frame) ||
	    frames->rec_size > PAGE_SIZE || frames->end < frames->start)
		return -EINVAL;
	if (frames->end > FRAMES_END)
		return -ERANGE;
	/* As /proc/kpageflags, which root alone may open, and what lockdown keeps. */
	return vmlab_kernel_visible(file) ? 0 : -EPERM;
}

long vmlab_frame_list(struct vmlab_call *call)
{
	struct vmlab_frames *frames = call->arg;
	void __user *to = u64_to_user_ptr(frames->buf);
	u64 pfn = frames->start;
	struct vmlab_frame frame;
	int ret;

	ret = check(call->file, frames);
	if (ret)
		return ret;
	while (pfn < frames->end && frames->out_nr < frames->nr_recs) {
		/*
		 * From the question whether there is a struct page to the last look at it:
		 * between taking memory offline and taking its struct pages away there is a
		 * grace period (memory_changes()). Modules have no lock against it.
		 */
		rcu_read_lock();
		describe(pfn, &frame);
		rcu_read_unlock();
		if (copy_to_user(to, &frame, sizeof(frame)))
			return -EFAULT;
		to += frames->rec_size;
		frames->out_nr++;
		pfn++;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	frames->out_next = pfn;
	return 0;
}
