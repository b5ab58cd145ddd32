// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * decode.c - what entries and facts are called.
 *
 * Everything that is a choice between names is a table: the first row whose
 * facts are all there, and whose others are all missing, gives the name.
 */
#include <string.h>

#include "decode.h"

static const struct vmlab_arch *const archs[] = {
	&vmlab_arch_x86_64,
	&vmlab_arch_arm64,
};

static uint64_t permits_unknown(const struct vmlab_info *info, unsigned int level,
				uint64_t entry)
{
	(void)info;
	(void)level;
	(void)entry;
	return 0;
}

static uint64_t grants_unknown(const struct vmlab_info *info, uint64_t asked, const char **why)
{
	(void)info;
	(void)why;
	return asked;
}

static bool valid_unknown(unsigned int level, uint64_t entry)
{
	(void)level;
	(void)entry;
	return false;
}

static uint64_t no_attributes(const struct vmlab_info *info, unsigned int level,
			      uint64_t entry)
{
	(void)info;
	(void)level;
	(void)entry;
	return 0;
}

static uint64_t no_groups(const struct vmlab_info *info, unsigned int level)
{
	(void)info;
	(void)level;
	return 0;
}

static const char *no_memory_type(const struct vmlab_info *info, unsigned int level,
				  uint64_t entry)
{
	(void)info;
	(void)level;
	(void)entry;
	return NULL;
}

static int no_pkey(const struct vmlab_info *info, uint64_t entry)
{
	(void)info;
	(void)entry;
	return -1;
}

/* No names; entries of 64 bits and addresses with a sign, as most have them. */
static const struct vmlab_arch unknown = {
	.bits = (const struct vmlab_bit[]) { { 0 } },
	.features = (const struct vmlab_feature[]) { { 0 } },
	.entry_shift = 3,
	.half_bits = 1,
	.hole = "in neither half: no address",
	.tlb_attributes = no_attributes,
	.tlb_groups = no_groups,
	.memory_type = no_memory_type,
	.pkey = no_pkey,
	.permits = permits_unknown,
	.grants = grants_unknown,
	.kernel_permits = permits_unknown,
	.valid = valid_unknown,
};

const struct vmlab_arch *vmlab_arch_of(uint32_t id)
{
	size_t i;

	for (i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (archs[i]->id == id)
			return archs[i];
	return &unknown;
}

const char *vmlab_arch_name(uint32_t id)
{
	return vmlab_arch_of(id)->name;
}

const char *vmlab_level_name(const struct vmlab_info *info, unsigned int level)
{
	static const char *const names[] = {
		[VMLAB_LEVEL_PTE] = "pte",
		[VMLAB_LEVEL_PMD] = "pmd",
		[VMLAB_LEVEL_PUD] = "pud",
		[VMLAB_LEVEL_P4D] = "p4d",
		[VMLAB_LEVEL_PGD] = "pgd",
	};

	if (level == info->out_levels)
		return names[VMLAB_LEVEL_PGD];
	if (level < VMLAB_LEVEL_PTE || level > VMLAB_LEVEL_PGD)
		return NULL;
	return names[level];
}

unsigned int vmlab_level_shift(const struct vmlab_info *info, unsigned int level)
{
	/* A table is a page full of entries. */
	unsigned int index_bits = info->out_page_shift -
				  vmlab_arch_of(info->out_arch)->entry_shift;

	return info->out_page_shift + (level - 1) * index_bits;
}

uint64_t vmlab_level_slots(const struct vmlab_info *info, unsigned int level)
{
	unsigned int bits = info->out_page_shift - vmlab_arch_of(info->out_arch)->entry_shift;
	unsigned int shift = vmlab_level_shift(info, level);

	/* A root may have less than a page of them (arm64 with addresses of 52 bits). */
	if (level == info->out_levels && info->out_va_bits > shift &&
	    info->out_va_bits - shift < bits)
		bits = info->out_va_bits - shift;
	return 1ULL << bits;
}

uint64_t vmlab_run_deposits(const struct vmlab_info *info, const struct vmlab_run *run)
{
	const uint64_t of = VMLAB_FACT_ANON | VMLAB_FACT_HUGE_ZERO | VMLAB_FACT_MIGRATION;
	const uint64_t not_of = VMLAB_FACT_HUGETLB | VMLAB_FACT_SHARED;

	if (!vmlab_arch_of(info->out_arch)->deposits_table || run->level != VMLAB_LEVEL_PMD ||
	    (run->facts & not_of) || !(run->facts & of))
		return 0;
	return run->count;
}

size_t vmlab_tlb_groups(const struct vmlab_info *info, unsigned int level, uint64_t *out)
{
	uint64_t sizes = vmlab_arch_of(info->out_arch)->tlb_groups(info, level);
	size_t nr = 0;
	int i;

	for (i = 63; i > 0 && nr < VMLAB_GROUPS_MAX; i--)
		if (sizes & (1ULL << i))
			out[nr++] = 1ULL << i;
	return nr;
}

const char *vmlab_entry_memory_type(const struct vmlab_info *info, unsigned int level,
				    uint64_t entry)
{
	return vmlab_arch_of(info->out_arch)->memory_type(info, level, entry);
}

uint64_t vmlab_key_denies(const struct vmlab_info *info, uint64_t keys, int key)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	return arch->key_denies && key >= 0 ? arch->key_denies(keys, key) : 0;
}

uint64_t vmlab_asked_grants(const struct vmlab_info *info, uint64_t asked, const char **why)
{
	*why = NULL;
	return vmlab_arch_of(info->out_arch)->grants(info, asked, why);
}

int vmlab_entry_pkey(const struct vmlab_info *info, uint64_t entry)
{
	return vmlab_arch_of(info->out_arch)->pkey(info, entry);
}

/* The table's next row, from @bit on, that says something about such entries; or its end. */
static const struct vmlab_bit *bit_for(const struct vmlab_bit *bit, unsigned int level,
				       unsigned int kind, uint64_t forms)
{
	while (bit->name && (!(bit->levels & (1U << level)) || !(bit->kind & kind) ||
			     (bit->feature && !(bit->feature & forms))))
		bit++;
	return bit;
}

static uint64_t forms_of(const struct vmlab_info *info, const struct vmlab_arch *arch)
{
	uint64_t forms = info->out_features & ~VMLAB_FORMS;

	return arch->forms ? forms | arch->forms(info) : forms;
}

size_t vmlab_entry_bits(const struct vmlab_info *info, unsigned int level,
			uint64_t entry, unsigned int kind, const struct vmlab_bit **out)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);
	const uint64_t forms = forms_of(info, arch);
	const struct vmlab_bit *bit;
	size_t nr = 0;

	if (level < VMLAB_LEVEL_PTE || level > VMLAB_MAX_LEVELS)
		return 0;
	for (bit = bit_for(arch->bits, level, kind, forms); bit->name && nr < VMLAB_BITS_MAX;
	     bit = bit_for(bit + 1, level, kind, forms))
		if ((entry & bit->mask) == bit->value)
			out[nr++] = bit;
	return nr;
}

uint64_t vmlab_entry_bits_mask(const struct vmlab_info *info, unsigned int level,
			       unsigned int kind)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);
	const uint64_t forms = forms_of(info, arch);
	const struct vmlab_bit *bit;
	uint64_t mask = 0;

	if (level < VMLAB_LEVEL_PTE || level > VMLAB_MAX_LEVELS)
		return 0;
	for (bit = bit_for(arch->bits, level, kind, forms); bit->name;
	     bit = bit_for(bit + 1, level, kind, forms))
		mask |= bit->mask;
	return mask;
}

unsigned int vmlab_run_kind(const struct vmlab_run *run)
{
	return run->facts & (VMLAB_FACT_PRESENT | VMLAB_FACT_PROTNONE) ?
		VMLAB_BIT_LEAF : VMLAB_BIT_ABSENT;
}

uint64_t vmlab_entry_permits(const struct vmlab_info *info, unsigned int level,
			     uint64_t entry)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	return arch->valid(level, entry) ? arch->permits(info, level, entry) : 0;
}

uint64_t vmlab_entry_kernel_permits(const struct vmlab_info *info, unsigned int level,
				    uint64_t entry)
{
	const struct vmlab_arch *arch = vmlab_arch_of(info->out_arch);

	return arch->valid(level, entry) ? arch->kernel_permits(info, level, entry) : 0;
}

bool vmlab_entry_valid(const struct vmlab_info *info, unsigned int level, uint64_t entry)
{
	return vmlab_arch_of(info->out_arch)->valid(level, entry);
}

const char *vmlab_feature_name(uint32_t id, unsigned int i, uint64_t *mask)
{
	const struct vmlab_arch *arch = vmlab_arch_of(id);
	unsigned int at;

	for (at = 0; arch->features[at].name; at++) {
		if (at == i) {
			*mask = arch->features[at].mask;
			return arch->features[at].name;
		}
	}
	return NULL;
}

static struct vmlab_perms letters(bool r, bool w, bool x)
{
	struct vmlab_perms perms = { { r ? 'r' : '-', w ? 'w' : '-', x ? 'x' : '-', 0 } };

	return perms;
}

struct vmlab_perms vmlab_facts_enforced(uint64_t facts)
{
	return letters(facts & VMLAB_FACT_READ, facts & VMLAB_FACT_WRITE,
		       facts & VMLAB_FACT_EXEC);
}

struct vmlab_perms vmlab_facts_asked(uint64_t facts)
{
	return letters(facts & VMLAB_FACT_ASKED_READ, facts & VMLAB_FACT_ASKED_WRITE,
		       facts & VMLAB_FACT_ASKED_EXEC);
}

unsigned int vmlab_combination(uint64_t facts)
{
	return (facts & VMLAB_FACT_READ ? 1 : 0) | (facts & VMLAB_FACT_WRITE ? 2 : 0) |
	       (facts & VMLAB_FACT_EXEC ? 4 : 0);
}

struct vmlab_perms vmlab_combination_name(unsigned int i)
{
	return letters(i & 1, i & 2, i & 4);
}

/* One row: the name holds where all of @all and none of @none are facts. */
struct rule {
	uint64_t all;
	uint64_t none;
	const char *name;
};

#define F(x)	VMLAB_FACT_##x
#define ASKED_ANY (F(ASKED_READ) | F(ASKED_WRITE) | F(ASKED_EXEC))

static const struct rule states[] = {
	{ F(MARKER) | F(GUARD),		0,		"guard" },
	{ F(MARKER) | F(POISON),	0,		"poison" },
	{ F(MARKER) | F(UFFD_WP),	0,		"uffd-wp" },
	{ F(SWAP),			0,		"swap" },
	{ F(MIGRATION),			0,		"migration" },
	{ F(DEVICE),			0,		"device" },
	{ F(UNKNOWN),			0,		NULL },
	{ F(PROTNONE),			ASKED_ANY,	"prot-none" },
	{ F(PROTNONE),			0,		"numa-hint" },
	{ F(HUGETLB),			0,		"hugetlb" },
	{ F(HUGE_ZERO),			0,		"huge-zero" },
	{ F(ZERO),			0,		"zero" },
	{ F(KSM),			0,		"ksm" },
	{ F(ANON) | F(EXCLUSIVE),	0,		"anon" },
	{ F(ANON),			0,		"anon-shared" },
	{ F(SHMEM),			0,		"shmem" },
	{ F(FILE) | F(SHARED),		0,		"file" },
	{ F(FILE),			0,		"file-private" },
	{ F(DEVMAP),			0,		"device" },
	{ F(PFNMAP),			0,		"pfnmap" },
	{ F(FRAME),			0,		"special" },
	{ 0,				0,		NULL },
};

/* What is still visible of a leaf when frames are withheld. */
static const struct rule hidden_states[] = {
	{ F(GUARD),			0,		"guard" },
	{ F(HUGE_ZERO),			0,		"huge-zero" },
	{ F(ZERO),			0,		"zero" },
	{ 0,				0,		NULL },
};

static const char *first_rule(const struct rule *rule, uint64_t facts)
{
	for (; rule->all; rule++)
		if ((facts & rule->all) == rule->all && !(facts & rule->none))
			return rule->name;
	return NULL;
}

const char *vmlab_run_state(const struct vmlab_run *run, bool hidden,
			    const struct vmlab_region *region)
{
	const char *state = first_rule(hidden ? hidden_states : states, run->facts);

	/* The vDSO is the kernel's own memory: neither anonymous nor of a file. */
	if (state && region && !strcmp(state, "special") && !strcmp(region->name, "[vdso]"))
		return "vdso";
	return state;
}

/*
 * Why a permission that was asked for is not enforced: @lost is what is missing,
 * the rest as in struct rule. All rows that hold count, but a page that is not
 * present has no other reason.
 */
static const struct {
	uint64_t lost;
	uint64_t all;
	uint64_t none;
	const char *name;
} whys[] = {
	{ F(WRITE), F(PRESENT) | F(UFFD_WP),	0,			"uffd-wp" },
	{ F(WRITE), F(PRESENT) | F(ZERO),	0,			"zero-page" },
	{ F(WRITE), F(PRESENT) | F(HUGE_ZERO),	0,			"zero-page" },
	{ F(WRITE), F(PRESENT) | F(ANON),	F(EXCLUSIVE),		"cow" },
	{ F(WRITE), F(PRESENT) | F(ANON) | F(EXCLUSIVE) | F(DIRTY) | F(SOFT_DIRTY),
	  F(UFFD_WP),							"cow" },
	{ F(WRITE), F(PRESENT) | F(ANON) | F(EXCLUSIVE), F(SOFT_DIRTY) | F(UFFD_WP),
	  "soft-dirty" },
	{ F(WRITE), F(PRESENT) | F(ANON) | F(EXCLUSIVE) | F(SOFT_DIRTY),
	  F(DIRTY) | F(UFFD_WP),					"dirty-tracking" },
	{ F(WRITE), F(PRESENT) | F(FILE),	F(SHARED),		"cow" },
	{ F(WRITE), F(PRESENT) | F(FILE) | F(SHARED), F(SOFT_DIRTY) | F(UFFD_WP),
	  "soft-dirty" },
	{ F(WRITE), F(PRESENT) | F(FILE) | F(SHARED) | F(SOFT_DIRTY), F(UFFD_WP),
	  "dirty-tracking" },
};

/* Of those at most; hardware, pkey and one of vma_whys may follow. */
#define WHY_OF_FACTS	(VMLAB_WHY_MAX - 3)

void vmlab_words_add(const char **words, size_t *nr, size_t max, const char *word)
{
	size_t i;

	for (i = 0; i < *nr; i++)
		if (!strcmp(words[i], word))
			return;
	if (*nr < max)
		words[(*nr)++] = word;
}

size_t vmlab_run_why(const struct vmlab_info *info, const struct vmlab_run *run,
		     const char **out)
{
	uint64_t asked = 0, lost, gained, facts = run->facts;
	size_t nr = 0, i;

	/* No leaf: nothing is known of it, whatever stands there. */
	if (!run->count)
		return 0;
	if (facts & F(ASKED_READ))
		asked |= F(READ);
	if (facts & F(ASKED_WRITE))
		asked |= F(WRITE);
	if (facts & F(ASKED_EXEC))
		asked |= F(EXEC);
	/* Where nobody tracks soft-dirty, nothing waits for it: as if it were set. */
	if (!(info->out_facts & F(SOFT_DIRTY)))
		facts |= F(SOFT_DIRTY);
	lost = asked & ~facts;
	gained = ~asked & facts & (F(READ) | F(WRITE) | F(EXEC));
	if (lost && (facts & F(PROTNONE)))
		out[nr++] = "numa-hint";
	else if (lost && !(facts & F(PRESENT)))
		out[nr++] = "not-present";
	for (i = 0; lost && i < sizeof(whys) / sizeof(whys[0]) && nr < WHY_OF_FACTS; i++)
		if ((lost & whys[i].lost) && (facts & whys[i].all) == whys[i].all &&
		    !(facts & whys[i].none))
			out[nr++] = whys[i].name;
	/* Write without read, execute without read: no such entry on this MMU. */
	if (gained)
		out[nr++] = "hardware";
	/*
	 * Keys bind data accesses only. What this one permits is in a register of each
	 * thread, and no table knows it: less than the entry, perhaps.
	 */
	if ((facts & F(PRESENT)) && (facts & (F(READ) | F(WRITE))) &&
	    vmlab_entry_pkey(info, run->entry) > 0)
		out[nr++] = "pkey";
	return nr;
}

/* Why a permission cannot even be asked for, by what the VMA says of itself. */
static const struct {
	uint64_t all;		/* VMLAB_VMA_* */
	uint64_t none;
	const char *name;
} vma_whys[] = {
	/* mmap() takes MAYWRITE away when the descriptor may not write, or a seal forbids. */
	{ VMLAB_VMA_FILE | VMLAB_VMA_MAYSHARE,	VMLAB_VMA_MAYWRITE,	"read-only-file" },
};

size_t vmlab_vma_why(const struct vmlab_vma *vma, const char **out)
{
	size_t nr = 0, i;

	for (i = 0; i < sizeof(vma_whys) / sizeof(vma_whys[0]); i++)
		if ((vma->flags & vma_whys[i].all) == vma_whys[i].all &&
		    !(vma->flags & vma_whys[i].none))
			out[nr++] = vma_whys[i].name;
	return nr;
}

const struct vmlab_vma *vmlab_vmas_find(const struct vmlab_vma *vmas, size_t nr, uint64_t va)
{
	size_t low = 0, mid;

	while (low < nr) {
		mid = low + (nr - low) / 2;
		if (va < vmas[mid].start)
			nr = mid;
		else if (va >= vmas[mid].end)
			low = mid + 1;
		else
			return &vmas[mid];
	}
	return NULL;
}

static const struct {
	uint64_t mask;
	const char *name;
} page_flags[] = {
	{ VMLAB_PAGE_LOCKED,		"locked" },
	{ VMLAB_PAGE_REFERENCED,	"referenced" },
	{ VMLAB_PAGE_UPTODATE,		"uptodate" },
	{ VMLAB_PAGE_DIRTY,		"dirty" },
	{ VMLAB_PAGE_LRU,		"lru" },
	{ VMLAB_PAGE_ACTIVE,		"active" },
	{ VMLAB_PAGE_SLAB,		"slab" },
	{ VMLAB_PAGE_WRITEBACK,		"writeback" },
	{ VMLAB_PAGE_RECLAIM,		"reclaim" },
	{ VMLAB_PAGE_BUDDY,		"buddy" },
	{ VMLAB_PAGE_MAPPED,		"mapped" },
	{ VMLAB_PAGE_SWAPCACHE,		"swapcache" },
	{ VMLAB_PAGE_SWAPBACKED,	"swapbacked" },
	{ VMLAB_PAGE_HEAD,		"head" },
	{ VMLAB_PAGE_TAIL,		"tail" },
	{ VMLAB_PAGE_UNEVICTABLE,	"unevictable" },
	{ VMLAB_PAGE_MLOCKED,		"mlocked" },
	{ VMLAB_PAGE_HWPOISON,		"hwpoison" },
	{ VMLAB_PAGE_NOPAGE,		"nopage" },
	{ VMLAB_PAGE_OFFLINE,		"offline" },
	{ VMLAB_PAGE_PGTABLE,		"pgtable" },
	{ VMLAB_PAGE_RESERVED,		"reserved" },
	{ VMLAB_PAGE_PRIVATE,		"private" },
	{ VMLAB_PAGE_IDLE,		"idle" },
};

const char *vmlab_page_flag_name(unsigned int i, uint64_t *mask)
{
	if (i >= sizeof(page_flags) / sizeof(page_flags[0]))
		return NULL;
	*mask = page_flags[i].mask;
	return page_flags[i].name;
}

/* One row: all of these flags and facts. The first one that holds. */
static const struct {
	uint64_t flags;
	uint64_t facts;
	const char *name;
} frame_kinds[] = {
	{ VMLAB_PAGE_NOPAGE,	0,		"hole" },
	{ VMLAB_PAGE_BUDDY,	0,		"free" },
	{ VMLAB_PAGE_SLAB,	0,		"slab" },
	{ VMLAB_PAGE_PGTABLE,	0,		"page-table" },
	{ VMLAB_PAGE_OFFLINE,	0,		"offline" },
	{ 0,			F(ZERO),	"zero" },
	{ 0,			F(HUGETLB),	"hugetlb" },
	{ 0,			F(KSM),		"ksm" },
	{ 0,			F(ANON),	"anon" },
	{ 0,			F(SHMEM),	"shmem" },
	{ 0,			F(FILE),	"file" },
	{ VMLAB_PAGE_RESERVED,	0,		"reserved" },
};

const char *vmlab_frame_kind(const struct vmlab_frame *frame)
{
	size_t i;

	for (i = 0; i < sizeof(frame_kinds) / sizeof(frame_kinds[0]); i++)
		if ((frame->flags & frame_kinds[i].flags) == frame_kinds[i].flags &&
		    (frame->facts & frame_kinds[i].facts) == frame_kinds[i].facts)
			return frame_kinds[i].name;
	/* Free, and not yet given back to the buddy allocator; or the kernel's own. */
	return frame->refcount ? "kernel" : "free";
}

bool vmlab_va_canonical(const struct vmlab_info *info, uint64_t va)
{
	unsigned int bits = info->out_va_bits - vmlab_arch_of(info->out_arch)->half_bits;

	/* The bits above are all zero, or all one. */
	return bits >= 64 || !(va >> bits) || !(~va >> bits);
}
