// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmu_x86.c - Intel's SDM, vol. 3A, 4.5 and 4.6; and /proc/cpuinfo.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mmu.h"

#define PRESENT		(1ULL << 0)
#define WRITE		(1ULL << 1)
#define USER		(1ULL << 2)
#define LARGE		(1ULL << 7)
#define NX		(1ULL << 63)

const char mmu_arch[] = "x86_64";
const unsigned int mmu_group_shift;

/* A line of /proc/cpuinfo, of the first CPU, with a blank at its end. */
static void cpuinfo(const char *name, char *line, int size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");

	line[0] = '\0';
	while (file && fgets(line, size, file) && strncmp(line, name, strlen(name)))
		line[0] = '\0';
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = ' ';
}

static bool cpu_has(const char *flag)
{
	char line[8192], word[32];

	cpuinfo("flags", line, sizeof(line));
	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(line, word);
}

unsigned int mmu_levels(void)
{
	return cpu_has("la57") ? 5 : 4;
}

bool mmu_isolated(void)
{
	return cpu_has("pti");
}

bool mmu_second_root(void)
{
	return mmu_isolated();
}

uint64_t mmu_enforces(int prot)
{
	uint64_t facts = 0;

	if (!prot)
		return 0;
	/* There is no way to forbid only reading. */
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
		const char *flag;
		uint64_t feature;
	} flags[] = {
		{ "pcid", VMLAB_X86_PCID }, { "invpcid", VMLAB_X86_INVPCID },
		{ "pti", VMLAB_X86_PTI }, { "nx", VMLAB_X86_NX },
		{ "smep", VMLAB_X86_SMEP }, { "smap", VMLAB_X86_SMAP },
		{ "ospke", VMLAB_X86_PKU }, { "la57", VMLAB_X86_LA57 },
		{ "pge", VMLAB_X86_PGE }, { "pdpe1gb", VMLAB_X86_GBPAGES },
		{ "pat", VMLAB_X86_PAT },
	};
	unsigned int pa, va, i;
	char line[256], *at;

	if (info->out_arch != VMLAB_ARCH_X86_64)
		return "the architecture is another one";
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (cpu_has(flags[i].flag) != !!(info->out_features & flags[i].feature))
			return flags[i].flag;
	cpuinfo("address sizes", line, sizeof(line));
	at = strchr(line, ':');
	if (!at || sscanf(at, ": %u bits physical, %u bits virtual", &pa, &va) != 2)
		return "cpuinfo tells no address sizes";
	if (pa != info->out_pa_bits)
		return "physical addresses have another width";
	if (va != info->out_va_bits)
		return "virtual addresses have another width";
	if (info->out_asid_bits != (cpu_has("pcid") ? 12 : 0))
		return "tags have another width";
	return "";
}

bool mmu_valid(unsigned int level, uint64_t entry)
{
	(void)level;
	return entry & PRESENT;
}

bool mmu_is_table(unsigned int level, uint64_t entry)
{
	return (entry & PRESENT) && level > VMLAB_LEVEL_PTE && !(entry & LARGE);
}

uint64_t mmu_permits(const struct vmlab_info *info, unsigned int level, uint64_t entry)
{
	uint64_t facts = VMLAB_FACT_READ;

	(void)info;
	(void)level;
	if (!(entry & USER))
		return 0;
	if (entry & WRITE)
		facts |= VMLAB_FACT_WRITE;
	if (!(entry & NX))
		facts |= VMLAB_FACT_EXEC;
	return facts;
}

uint64_t mmu_frame(uint64_t entry)
{
	return (entry & ((1ULL << 52) - 1)) >> 12;
}

uint64_t mmu_root_alignment(const struct vmlab_info *info)
{
	(void)info;
	return 4096;
}
