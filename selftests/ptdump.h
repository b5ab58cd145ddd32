/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptdump.h - the kernel's own dump of its page tables, x86's (CONFIG_PTDUMP_DEBUGFS), and
 * the same made of our runs, to be compared with it.
 */
#ifndef SELFTESTS_PTDUMP_H
#define SELFTESTS_PTDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmlab.h>

/* What is mapped alike; what lies between ranges is not mapped. */
struct ptdump_range {
	uint64_t start;
	uint64_t end;
	unsigned int bits;	/* of the leaf, as the dump names them; 0: left out of it */
	unsigned int level;
};

struct ptdump {
	struct ptdump_range *v;
	size_t nr;
	size_t max;
};

struct ptdump_compared {
	size_t same;
	size_t changed;		/* the dumps before and after differ */
	size_t differ;		/* they agree, and ours does not */
	char first[160];	/* the first that differs */
};

/* No such file: another architecture, or not configured. */
bool ptdump_missing(void);
/*
 * Everything in [from, to). @name: "kernel"; "current_user" for the table that the caller
 * runs on in user mode. 0 or -errno.
 */
int ptdump_read(struct ptdump *dump, const char *name, uint64_t from, uint64_t to);
/* Is @leaf, at @level, what @range is made of? */
bool ptdump_is_of(const struct ptdump_range *range, const struct vmlab_run *leaf);
/* False without memory. Runs come from low to high. */
bool ptdump_add_run(struct ptdump *dump, const struct vmlab_run *run);
void ptdump_free(struct ptdump *dump);

void ptdump_compare(const struct ptdump *before, const struct ptdump *after,
		    const struct ptdump *ours, struct ptdump_compared *out);

#endif /* SELFTESTS_PTDUMP_H */
