// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_proc.c - the parsers of maps and stat: any text, as both.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "proc.h"

static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* In order and without overlaps, each region is found where it lies. */
static void look_up(const struct vmlab_regions *regions)
{
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < regions->nr; i++) {
		const struct vmlab_region *r = &regions->v[i];

		if (!r->name || strlen(r->perms) > 4)
			abort();
		if (r->start < at || r->end <= r->start)
			return;
		at = r->end;
	}
	for (i = 0; i < regions->nr; i++)
		if (vmlab_regions_find(regions, regions->v[i].start) != &regions->v[i] ||
		    vmlab_regions_find(regions, regions->v[i].end - 1) != &regions->v[i])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *maps = text_of(data, size), *again = text_of(data, size);
	struct vmlab_regions a, b;
	enum vmlab_proc_kind kind = vmlab_proc_kind_parse(maps);

	if (kind < VMLAB_PROC_NONE || kind > VMLAB_PROC_USER)
		abort();
	if (!vmlab_regions_parse(maps, &a)) {
		if (vmlab_regions_parse(again, &b) || !vmlab_regions_equal(&a, &b))
			abort();
		look_up(&a);
		vmlab_regions_find(&a, 0x1000);
		vmlab_regions_free(&a);
		vmlab_regions_free(&b);
	}
	free(maps);
	free(again);
	return 0;
}
