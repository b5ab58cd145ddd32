// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmu_arm64.c - the Arm ARM (DDI 0487), D8.3 and D8.4, for pages of 4 KiB; and what
 * the kernel's log said of the machine at boot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>

#include "mmu.h"

#define VALID		(1ULL << 0)
#define TABLE		(1ULL << 1)
#define AP_EL0		(1ULL << 6)
#define AP_READONLY	(1ULL << 7)
#define DBM		(1ULL << 51)
#define UXN		(1ULL << 54)
#define UXN_TABLE	(1ULL << 60)
#define AP_TABLE_NO_EL0	(1ULL << 61)
#define AP_TABLE_NO_WRITE (1ULL << 62)

const char mmu_arch[] = "arm64";
/* The contiguous bit, with pages of 4 KiB: 16 entries at both lower levels. */
const unsigned int mmu_group_shift = 4;

/* The whole log; it is still there, a test machine has not run for long. */
static const char *kernel_log(void)
{
	static char *log;
	int size, nr;

	if (log)
		return log;
	size = klogctl(10, NULL, 0);
	if (size < 0)
		return "";
	log = calloc(1, (size_t)size + 1);
	nr = log ? klogctl(3, log, size) : -1;
	if (nr < 0)
		return "";
	log[nr] = '\0';
	return log;
}

static bool detected(const char *what)
{
	char line[128];
	const char *at;

	/* Where not every CPU must have it, those that do are named. */
	snprintf(line, sizeof(line), "detected: %s", what);
	at = strstr(kernel_log(), line);
	return at && (at[strlen(line)] == '\n' || !strncmp(at + strlen(line), " on CPU", 7));
}

/* Addresses above 48 bits are given to those who ask for them, where there are any. */
unsigned int mmu_levels(void)
{
	void *const high = (void *)(1UL << 50);
	void *page = mmap(high, 4096, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (page == MAP_FAILED)
		return 4;
	munmap(page, 4096);
	return 5;
}

bool mmu_isolated(void)
{
	return detected("Kernel page table isolation (KPTI)");
}

/* Isolation changes the kernel's root, in the other register. */
bool mmu_second_root(void)
{
	return false;
}

uint64_t mmu_enforces(int prot)
{
	uint64_t facts = 0;

	if (!prot)
		return 0;
	/*
	 * AP[1] is reading, and writing above it. Execution could stand alone, and does
	 * where the kernel itself is kept from such pages.
	 */
	if (prot & (PROT_READ | PROT_WRITE) || !detected("Enhanced Privileged Access Never"))
		facts |= VMLAB_FACT_READ;
	if (prot & PROT_WRITE)
		facts |= VMLAB_FACT_WRITE;
	if (prot & PROT_EXEC)
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

const char *mmu_machine_differs(const struct vmlab_info *info)
{
	static const struct {
		const char *words;
		uint64_t feature;
	} said[] = {
		{ "Kernel page table isolation (KPTI)", VMLAB_ARM64_KPTI },
		{ "Hardware dirty bit management", VMLAB_ARM64_HAFDBS },
		{ "Privileged Access Never", VMLAB_ARM64_PAN },
		{ "Enhanced Privileged Access Never", VMLAB_ARM64_EPAN },
		{ "E0PD", VMLAB_ARM64_E0PD },
		{ "Common not Private translations", VMLAB_ARM64_CNP },
		{ "Branch Target Identification", VMLAB_ARM64_BTI },
		{ "Memory Tagging Extension", VMLAB_ARM64_MTE },
	};
	const char *at = strstr(kernel_log(), "ASID allocator initialised with ");
	unsigned int i, tags;

	if (info->out_arch != VMLAB_ARCH_ARM64)
		return "the architecture is another one";
	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (detected(said[i].words) != !!(info->out_features & said[i].feature))
			return said[i].words;
	if (!at || sscanf(at, "ASID allocator initialised with %u", &tags) != 1)
		return "the kernel does not say how many tags there are";
	/* Under KPTI they go in pairs. */
	if (info->out_features & VMLAB_ARM64_KPTI)
		tags *= 2;
	if (tags != 1U << info->out_asid_bits)
		return "tags have another width";
	if (info->out_va_bits != (mmu_levels() == 5 ? 52 : 48))
		return "virtual addresses have another width";
	return "";
}

bool mmu_valid(unsigned int level, uint64_t entry)
{
	return (entry & VALID) && (level > VMLAB_LEVEL_PTE || (entry & TABLE));
}

bool mmu_is_table(unsigned int level, uint64_t entry)
{
	return (entry & VALID) && level > VMLAB_LEVEL_PTE && (entry & TABLE);
}

uint64_t mmu_permits(const struct vmlab_info *info, unsigned int level, uint64_t entry)
{
	uint64_t facts = VMLAB_FACT_READ | VMLAB_FACT_WRITE | VMLAB_FACT_EXEC;
	bool clean_only;

	if (mmu_is_table(level, entry)) {
		if (entry & AP_TABLE_NO_EL0)
			facts &= ~(VMLAB_FACT_READ | VMLAB_FACT_WRITE);
		if (entry & AP_TABLE_NO_WRITE)
			facts &= ~VMLAB_FACT_WRITE;
		if (entry & UXN_TABLE)
			facts &= ~VMLAB_FACT_EXEC;
		return facts;
	}
	clean_only = (entry & DBM) && (info->out_features & VMLAB_ARM64_HAFDBS);
	if (!(entry & AP_EL0))
		facts &= ~(VMLAB_FACT_READ | VMLAB_FACT_WRITE);
	if ((entry & AP_READONLY) && !clean_only)
		facts &= ~VMLAB_FACT_WRITE;
	if (entry & UXN)
		facts &= ~VMLAB_FACT_EXEC;
	return facts;
}

/* With 52 bits (LPA2) the two topmost bits of an address stand where SH was. */
uint64_t mmu_frame(uint64_t entry)
{
	uint64_t pa = entry & ((1ULL << 48) - 4096);

	if (mmu_levels() == 5)
		pa = (entry & ((1ULL << 50) - 4096)) | (entry >> 8 & 3) << 50;
	return pa >> 12;
}

/* Above 48 bits a root has 16 entries. */
uint64_t mmu_root_alignment(const struct vmlab_info *info)
{
	return info->out_levels == 5 ? 16 * 8 : 4096;
}
