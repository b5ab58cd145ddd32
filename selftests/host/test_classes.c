// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_classes.c - the rules by which a fault is classified (bpf/classes.bpf.h), asked
 * about faults as a textbook has them, and about every combination of facts.
 */
#include <sys/cdefs.h>
#include <linux/types.h>

#include <kselftest_harness.h>

#include "../../include/vmlab_event.h"
#include "../../bpf/classes.bpf.h"

static const struct {
	const char *what;
	__u32 facts;
	__u32 fault_class;
	__u32 outcome;
} cases[] = {
	{ "the first write to anonymous memory",
	  WAS_NONE | OF_ANON | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_ANON_NEW, VMLAB_COW_NONE },
	{ "the first read of it",
	  WAS_NONE | OF_ANON | IS_LEAF | IS_ZERO,
	  VMLAB_CLASS_ZERO_READ, VMLAB_COW_NONE },
	{ "a read that gets the huge zero page",
	  WAS_NONE | OF_ANON | IS_LEAF | IS_BIG | IS_ZERO,
	  VMLAB_CLASS_ZERO_READ, VMLAB_COW_NONE },
	{ "a write to the zero page",
	  WAS_LEAF | WAS_ZERO | WAS_READ_ONLY | OF_ANON | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_ZERO_UPGRADE, VMLAB_COW_ZERO_FILLED },
	{ "a write to what fork shared",
	  WAS_LEAF | WAS_READ_ONLY | OF_ANON | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_COW_COPY, VMLAB_COW_COPIED },
	{ "the same when the others have gone",
	  WAS_LEAF | WAS_READ_ONLY | OF_ANON | DID_WRITE | IS_LEAF | IS_SAME | IS_WRITABLE,
	  VMLAB_CLASS_COW_REUSE, VMLAB_COW_REUSED },
	{ "a debugger's write to a page that stays read-only",
	  WAS_LEAF | WAS_READ_ONLY | DID_WRITE | IS_LEAF,
	  VMLAB_CLASS_COW_COPY, VMLAB_COW_COPIED },
	{ "the first write of a private mapping of a file",
	  WAS_NONE | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_COW_COPY, VMLAB_COW_COPIED },
	{ "a page of the page cache, with its neighbours",
	  WAS_NONE | DID_MAP | IS_LEAF,
	  VMLAB_CLASS_FILE_MAP, VMLAB_COW_NONE },
	{ "a page that had to be read",
	  WAS_NONE | DID_READ_FILE | IS_LEAF,
	  VMLAB_CLASS_FILE_MAJOR, VMLAB_COW_NONE },
	{ "a write to a shared file that is not mapped yet",
	  WAS_NONE | OF_SHARED | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_FILE_MINOR, VMLAB_COW_NONE },
	{ "the first write to a shared page that is read-only to be told of it",
	  WAS_LEAF | WAS_READ_ONLY | OF_SHARED | DID_WRITE | IS_LEAF | IS_SAME | IS_WRITABLE,
	  VMLAB_CLASS_WRITE_NOTIFY, VMLAB_COW_NONE },
	{ "a page from swap space, written at once",
	  WAS_SWAP | OF_ANON | DID_WRITE | IS_LEAF | IS_WRITABLE | DID_READ_FILE,
	  VMLAB_CLASS_SWAP_IN, VMLAB_COW_NONE },
	{ "a new huge page",
	  WAS_NONE | OF_ANON | DID_WRITE | IS_LEAF | IS_BIG | IS_WRITABLE,
	  VMLAB_CLASS_THP_NEW, VMLAB_COW_NONE },
	{ "a write to a huge page that fork shared",
	  WAS_LEAF | WAS_BIG | WAS_READ_ONLY | OF_ANON | DID_WRITE | IS_LEAF | IS_WRITABLE,
	  VMLAB_CLASS_THP_SPLIT, VMLAB_COW_COPIED },
	{ "a NUMA hint", WAS_LEAF | WAS_HINT | WAS_READ_ONLY | IS_LEAF | IS_SAME,
	  VMLAB_CLASS_NUMA_HINT, VMLAB_COW_NONE },
	{ "hugetlb", WAS_NONE | OF_HUGETLB | DID_WRITE | IS_LEAF | IS_BIG | IS_WRITABLE,
	  VMLAB_CLASS_HUGETLB, VMLAB_COW_NONE },
	{ "an access that nobody may make", WAS_NONE | OF_ANON | OF_NOBODY | DID_FAIL,
	  VMLAB_CLASS_PROT_NONE, VMLAB_COW_NONE },
	{ "an access that this one may not make", WAS_LEAF | WAS_READ_ONLY | DID_FAIL | IS_LEAF | IS_SAME,
	  VMLAB_CLASS_BAD_ACCESS, VMLAB_COW_NONE },
	{ "somebody else was faster", WAS_LEAF | DID_WRITE | IS_LEAF | IS_SAME | IS_WRITABLE,
	  VMLAB_CLASS_SPURIOUS, VMLAB_COW_NONE },
	{ "a migration that was waited for", IS_LEAF, VMLAB_CLASS_SPURIOUS, VMLAB_COW_NONE },
};

TEST(faults_are_called_what_they_are)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(cases[i].fault_class, vmlab_classify(cases[i].facts))
			TH_LOG("%s", cases[i].what);
		EXPECT_EQ(cases[i].outcome, vmlab_outcome(cases[i].facts))
			TH_LOG("%s", cases[i].what);
	}
}

/* Every bit of the facts that there is, in every combination. */
TEST(whatever_is_known_there_is_an_answer)
{
	static const __u32 bits[] = {
		WAS_NONE, WAS_SWAP, WAS_LEAF, WAS_BIG, WAS_ZERO, WAS_HINT, WAS_READ_ONLY, IS_LEAF,
		IS_BIG, IS_ZERO, IS_SAME, IS_WRITABLE, OF_ANON, OF_SHARED, OF_HUGETLB, OF_NOBODY,
		DID_WRITE, DID_UNSHARE, DID_FAIL, DID_READ_FILE, DID_MAP,
	};
	const size_t nr = sizeof(bits) / sizeof(bits[0]);
	unsigned long wrong = 0, all;
	size_t i;

	for (all = 0; all < 1UL << nr; all++) {
		__u32 facts = 0, fault_class, outcome;

		for (i = 0; i < nr; i++)
			if (all >> i & 1)
				facts |= bits[i];
		fault_class = vmlab_classify(facts);
		outcome = vmlab_outcome(facts);
		wrong += fault_class >= VMLAB_NR_CLASSES || outcome >= VMLAB_NR_OUTCOMES;
		/* What failed has changed nothing; what is shared is never copied. */
		wrong += (facts & DID_FAIL) && outcome != VMLAB_COW_NONE;
		wrong += (facts & DID_FAIL) && fault_class != VMLAB_CLASS_PROT_NONE &&
			 fault_class != VMLAB_CLASS_BAD_ACCESS;
		wrong += outcome == VMLAB_COW_COPIED && (facts & IS_SAME) &&
			 !(facts & WAS_NONE);
	}
	EXPECT_EQ(0, wrong);
}

TEST_HARNESS_MAIN
