/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmu.h - the machine that the tests run on, and what its manual says of one entry:
 * written down here once more, and not taken from the library.
 *
 * One mmu_<arch>.c is built in. Levels as in VMLAB_LEVEL_*.
 */
#ifndef SELFTESTS_MMU_H
#define SELFTESTS_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include <vmlab.h>

/* As `vmlab info` calls it. */
extern const char mmu_arch[];

/* Of this machine, by what the kernel does and says elsewhere. */
unsigned int mmu_levels(void);
/* Is the kernel kept out of the tables that user mode runs on? */
bool mmu_isolated(void);
/* Does user mode run on a root of its own, beside the kernel's? */
bool mmu_second_root(void);
/* VMLAB_FACT_READ, _WRITE, _EXEC that the MMU can make of @prot. */
uint64_t mmu_enforces(int prot);
/* "" when INFO is about this machine, else what is not. */
const char *mmu_machine_differs(const struct vmlab_info *info);

bool mmu_valid(unsigned int level, uint64_t entry);
bool mmu_is_table(unsigned int level, uint64_t entry);
/* A page of hugetlb may be a group of this many entries: log2. */
extern const unsigned int mmu_group_shift;
/* VMLAB_FACT_READ, _WRITE, _EXEC of a valid entry. */
uint64_t mmu_permits(const struct vmlab_info *info, unsigned int level, uint64_t entry);
/* The frame of the table or page that a valid entry points to. */
uint64_t mmu_frame(uint64_t entry);
/* Bytes that a root has to be aligned to. */
uint64_t mmu_root_alignment(const struct vmlab_info *info);

#endif /* SELFTESTS_MMU_H */
