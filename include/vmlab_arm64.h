/* SPDX-License-Identifier: (GPL-2.0-only OR LGPL-2.1-or-later) */
/*
 * vmlab_arm64.h - bits of arm64 page tables that no header of Linux has for a module: what
 * the module and bpf/walk_arm64.bpf.h read in table descriptors.
 *
 * Arm ARM (DDI 0487) D8.3.
 */
#ifndef VMLAB_ARM64_H
#define VMLAB_ARM64_H

/* Above the last level: a table, not a block. */
#define VMLAB_ARM64_TABLE		(1ULL << 1)
/* What a table descriptor takes away. */
#define VMLAB_ARM64_PXN_TABLE		(1ULL << 59)
#define VMLAB_ARM64_UXN_TABLE		(1ULL << 60)
#define VMLAB_ARM64_AP_TABLE_NO_EL0	(1ULL << 61)
#define VMLAB_ARM64_AP_TABLE_NO_WRITE	(1ULL << 62)

#endif /* VMLAB_ARM64_H */
