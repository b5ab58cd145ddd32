// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_synonyms.c - frames that more than one virtual address leads to.
 *
 * Programs get all sets as they are read, in the order of their frames. People get
 * sums by class, and the largest sets; the index is read once more for findings, so
 * that nothing has to be kept that grows with the machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { OPT_ALL = 1, OPT_FULL, OPT_ALIAS, OPT_CACHE, OPT_LIMIT };

static const struct option options[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ "full", no_argument, NULL, OPT_FULL },
	{ "alias", no_argument, NULL, OPT_ALIAS },
	{ "cache", no_argument, NULL, OPT_CACHE },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ 0 },
};

/* People see so many mappings of a set, and so many sets, unless they ask for others. */
#define SHOWN_MAPPINGS	4
#define SHOWN_SETS	20

/* Classes, in the order of their rows. */
static const char *const class_names[] = {
	"same-process", "cow", "shared-memory", "shared-file", "library", "zero", "ksm",
	"vdso", "device", "mixed-permission",
};

#define NR_CLASSES (sizeof(class_names) / sizeof(class_names[0]))

struct sums {
	uint64_t sets;
	uint64_t frames;
	uint64_t addresses;
};

/* A set that people will see, with its first mappings. */
struct shown {
	struct vmlab_set set;
	uint64_t weight;
	struct vmlab_mapping mappings[SHOWN_MAPPINGS];
};

struct view {
	struct cli *cli;
	const struct vmlab_index *index;
	const struct view_names *names;
	unsigned int page_shift;
	struct view_alias alias;	/* asked about with --alias */
	bool cache;
	bool colours_known;
	unsigned int colour_bits;
	struct sums sums[NR_CLASSES];
	struct sums total;
	uint64_t frames;	/* all that were met */
	struct shown *shown;
	size_t nr_shown;
	size_t max_shown;	/* 0: all, as they come */
	uint64_t *colours;	/* of the set that is shown */
	size_t room;
};

enum {
	PFN, COUNT, SIZE, CLASS, ORIGIN, SWAP_TYPE, SWAP_OFFSET, ACCESSED, DIRTY, PROCESSES,
	MAPPINGS, NR_OWN
};

/* Beside its own: the kernel's alias and the cache, two fields each. */
#define NR_FIELDS	(NR_OWN + 4)

static const struct render_field fields[NR_OWN] = {
	[PFN]		= { "pfn", NULL, RENDER_NUM, 0 },
	[COUNT]		= { "count", NULL, RENDER_NUM, 0 },
	[SIZE]		= { "size", NULL, RENDER_SIZE, 0 },
	[CLASS]		= { "class", NULL, RENDER_STATE, 0 },
	[ORIGIN]	= { "origin", NULL, RENDER_STATE, 0 },
	[SWAP_TYPE]	= { "swap_type", NULL, RENDER_NUM, 0 },
	[SWAP_OFFSET]	= { "swap_offset", NULL, RENDER_NUM, 0 },
	[ACCESSED]	= { "accessed", NULL, RENDER_BOOL, 0 },
	[DIRTY]		= { "dirty", NULL, RENDER_BOOL, 0 },
	[PROCESSES]	= { "processes", NULL, RENDER_NUM, 0 },
	[MAPPINGS]	= { "mappings", NULL, RENDER_ROWS, 0 },
};

static const struct render_field alias_fields[] = {
	{ "kernel_alias.va", NULL, RENDER_HEX, 0 },
	{ "kernel_alias.enforced", NULL, RENDER_PERMS, 0 },
};

static const struct render_field cache_fields[] = {
	{ "cache.vipt_color", NULL, RENDER_NUMS, 0 },
	{ "cache.conflict", NULL, RENDER_BOOL, 0 },
};

/* The same for those who did not ask for them: null. */
static const struct render_field no_alias = { "kernel_alias", NULL, RENDER_TEXT, 0 };
static const struct render_field no_cache = { "cache", NULL, RENDER_TEXT, 0 };

/* The columns of a set, in the order of put_set()'s values; how many. */
static size_t set_fields(const struct view *view, struct render_field *out)
{
	size_t nr = NR_OWN;

	memcpy(out, fields, sizeof(fields));
	if (view->alias.wanted) {
		memcpy(out + nr, alias_fields, sizeof(alias_fields));
		nr += 2;
	} else {
		out[nr++] = no_alias;
	}
	if (view->cache) {
		memcpy(out + nr, cache_fields, sizeof(cache_fields));
		nr += 2;
	} else {
		out[nr++] = no_cache;
	}
	return nr;
}

/* Permissions as text live as long as the row that shows them. */
struct mapping_row {
	const struct view *view;
	const struct vmlab_sets *sets;
	struct view_perms *perms;
};

static void mapping_values(const void *ctx, size_t i, struct render_value *v)
{
	const struct mapping_row *row = ctx;
	struct vmlab_mapping m = vmlab_sets_mapping(row->sets, i);

	view_mapping(row->view->names, &m, row->perms, v);
}

/* The colour of each mapping: do they differ? */
static int colour(struct view *view, const struct vmlab_sets *sets, const struct vmlab_set *set,
		  bool *conflict)
{
	size_t i;

	*conflict = false;
	if (!view->cache || !view->colours_known || set->swapped)
		return 0;
	if (set->nr > view->room) {
		uint64_t *colours = realloc(view->colours, set->nr * sizeof(*colours));

		if (!colours)
			return -ENOMEM;
		view->colours = colours;
		view->room = set->nr;
	}
	for (i = 0; i < set->nr; i++) {
		uint64_t va = vmlab_sets_mapping(sets, i).va;

		view->colours[i] = va >> view->page_shift & ((1ULL << view->colour_bits) - 1);
		*conflict |= view->colours[i] != view->colours[0];
	}
	return 0;
}

static int show_set(struct view *view, const struct vmlab_sets *sets,
		    const struct vmlab_set *set)
{
	struct view_perms perms;
	const struct mapping_row ctx = { .view = view, .sets = sets, .perms = &perms };
	const struct render_rows rows = {
		.fields = view_mapping_fields, .nr_fields = VIEW_MAPPING_FIELDS, .nr = set->nr,
		.row = mapping_values, .ctx = &ctx,
	};
	const bool coloured = view->colours_known && !set->swapped;
	struct render_value v[NR_FIELDS];
	struct vmlab_perms enforced;
	size_t nr = NR_OWN;
	bool conflict;
	int ret;

	ret = colour(view, sets, set, &conflict);
	if (ret)
		return ret;
	v[PFN] = set->swapped ? RENDER_V_NULL : RENDER_V_NUM(set->pfn);
	v[COUNT] = RENDER_V_NUM(set->count);
	v[SIZE] = RENDER_V_NUM(1ULL << set->shift);
	v[CLASS] = RENDER_V_TEXT(set->class);
	v[ORIGIN] = RENDER_V_TEXT(set->origin);
	v[SWAP_TYPE] = set->swapped ? RENDER_V_NUM(set->swap_type) : RENDER_V_NULL;
	v[SWAP_OFFSET] = set->swapped ? RENDER_V_NUM(set->swap_offset) : RENDER_V_NULL;
	v[ACCESSED] = set->swapped ? RENDER_V_NULL :
		      RENDER_V_NUM(!!(set->facts & VMLAB_FACT_ACCESSED));
	v[DIRTY] = set->swapped ? RENDER_V_NULL :
		   RENDER_V_NUM(!!(set->facts & VMLAB_FACT_DIRTY));
	v[PROCESSES] = RENDER_V_NUM(set->nr_processes);
	v[MAPPINGS] = RENDER_V_ROWS(&rows);
	view_alias(&view->alias, set->swapped ? VMLAB_PFN_NONE : set->pfn, &enforced, v + nr);
	nr += view->alias.wanted ? 2 : 1;
	v[nr] = view->cache && coloured ? RENDER_V_NUMS(view->colours, set->nr) : RENDER_V_NULL;
	v[nr + 1] = coloured ? RENDER_V_NUM(conflict) : RENDER_V_NULL;
	render_row(view->cli->render, v);
	return 0;
}

static uint64_t pages_of(const struct view *view, const struct vmlab_set *set)
{
	return set->count << (set->shift - view->page_shift);
}

static void sum_up(struct view *view, const struct vmlab_set *set)
{
	uint64_t pages = pages_of(view, set);
	size_t i;

	for (i = 0; i < NR_CLASSES; i++) {
		if (strcmp(class_names[i], set->class))
			continue;
		view->sums[i].sets++;
		view->sums[i].frames += pages;
		view->sums[i].addresses += pages * set->nr_addresses;
	}
	view->total.sets++;
	view->total.frames += pages;
	view->total.addresses += pages * set->nr_addresses;
}

/* ---- for people ---------------------------------------------------------- */

/* Keeps the largest: the smallest of those gives way, and among equals the later one. */
static void keep_large(struct view *view, const struct vmlab_sets *sets,
		       const struct vmlab_set *set)
{
	const uint64_t weight = pages_of(view, set);
	size_t at, i;

	if (view->nr_shown == view->max_shown) {
		if (!view->max_shown || weight <= view->shown[view->nr_shown - 1].weight)
			return;
		view->nr_shown--;
	}
	for (at = view->nr_shown; at && view->shown[at - 1].weight < weight; at--)
		view->shown[at] = view->shown[at - 1];
	view->shown[at].set = *set;
	view->shown[at].weight = weight;
	for (i = 0; i < set->nr && i < SHOWN_MAPPINGS; i++)
		view->shown[at].mappings[i] = vmlab_sets_mapping(sets, i);
	view->nr_shown++;
}

enum { C_CLASS, C_SETS, C_FRAMES, C_ADDRESSES, C_NR };

static const struct render_field class_fields[] = {
	[C_CLASS]	= { NULL, "CLASS", RENDER_STATE, RENDER_PEOPLE },
	[C_SETS]	= { NULL, "SETS", RENDER_NUM, RENDER_PEOPLE },
	[C_FRAMES]	= { NULL, "FRAMES", RENDER_NUM, RENDER_PEOPLE },
	[C_ADDRESSES]	= { NULL, "ADDRESSES", RENDER_NUM, RENDER_PEOPLE },
};

static void show_classes(struct view *view)
{
	size_t i;

	render_table(view->cli->render, NULL, NULL, class_fields, C_NR);
	for (i = 0; i < NR_CLASSES; i++) {
		const struct sums *s = &view->sums[i];
		const struct render_value v[C_NR] = {
			RENDER_V_TEXT(class_names[i]), RENDER_V_NUM(s->sets),
			RENDER_V_NUM(s->frames), RENDER_V_NUM(s->addresses),
		};

		if (s->sets)
			render_row(view->cli->render, v);
	}
	render_table_end(view->cli->render);
}

/* A set's own columns, then those of its mappings. */
enum { P_PFN, P_PAGES, P_CLASS, P_MAPPING, P_NR = P_MAPPING + VIEW_PEOPLE_FIELDS };

static void people_table(struct view *view, struct render_field *people)
{
	people[P_PFN] = (struct render_field) { NULL, "FRAME", RENDER_TEXT, RENDER_PEOPLE };
	people[P_PAGES] = (struct render_field) { NULL, "PAGES", RENDER_TEXT, RENDER_PEOPLE };
	people[P_CLASS] = (struct render_field) { NULL, "CLASS", RENDER_STATE, RENDER_PEOPLE };
	memcpy(people + P_MAPPING, view_people_fields, sizeof(view_people_fields));
	render_table(view->cli->render, NULL, NULL, people, P_NR);
}

static void show_mapping(struct view *view, const struct vmlab_mapping *m, const char *pfn,
			 const char *pages, const char *class)
{
	struct render_value v[P_NR];
	struct view_people row;

	v[P_PFN] = RENDER_V_TEXT(pfn);
	v[P_PAGES] = RENDER_V_TEXT(pages);
	v[P_CLASS] = RENDER_V_TEXT(class);
	view_people(view->names, m, &row, v + P_MAPPING);
	render_row(view->cli->render, v);
}

static void show_rest(struct view *view, size_t rest)
{
	char more[48];
	struct render_value v[P_NR];
	size_t i;

	for (i = 0; i < P_NR; i++)
		v[i] = RENDER_V_TEXT("");
	snprintf(more, sizeof(more), "and %zu more", rest);
	v[P_NR - 1] = RENDER_V_TEXT(more);
	render_row(view->cli->render, v);
}

static void show_shown(struct view *view, const struct shown *shown)
{
	const struct vmlab_set *set = &shown->set;
	char pfn[32], pages[24];
	size_t i;

	if (set->swapped)
		snprintf(pfn, sizeof(pfn), "swap %" PRIu32 ":%" PRIu64, set->swap_type,
			 set->swap_offset);
	else
		snprintf(pfn, sizeof(pfn), "%" PRIu64, set->pfn);
	snprintf(pages, sizeof(pages), "%" PRIu64, pages_of(view, set));
	for (i = 0; i < set->nr && i < SHOWN_MAPPINGS; i++)
		show_mapping(view, &shown->mappings[i], i ? "" : pfn, i ? "" : pages,
			     i ? "" : set->class);
	if (set->nr > SHOWN_MAPPINGS)
		show_rest(view, set->nr - SHOWN_MAPPINGS);
}

static void show_largest(struct view *view)
{
	struct render_field people[P_NR];
	size_t i;

	if (!view->nr_shown)
		return;
	people_table(view, people);
	for (i = 0; i < view->nr_shown; i++)
		show_shown(view, &view->shown[i]);
	render_table_end(view->cli->render);
	if (view->total.sets > view->nr_shown)
		render_note(view->cli->render,
			    "the %zu largest of %" PRIu64 " sets: --limit 0 shows all",
			    view->nr_shown, view->total.sets);
}

/* ---- both ---------------------------------------------------------------- */

/* All sets to programs, or to people who want all of them; or sums and the largest. */
static int read_sets(struct view *view, bool stream)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	int ret;

	ret = vmlab_sets_start(view->index, &sets);
	if (ret)
		return ret;
	while ((ret = vmlab_sets_next(sets, &set)) > 0) {
		sum_up(view, &set);
		if (!stream) {
			keep_large(view, sets, &set);
			continue;
		}
		ret = show_set(view, sets, &set);
		if (ret)
			break;
	}
	view->frames = vmlab_sets_frames(sets);
	vmlab_sets_end(sets);
	return ret;
}

/* --limit 0, for people: once more through, now that the sums stand above. */
static int show_all(struct view *view)
{
	struct render_field people[P_NR];
	struct vmlab_sets *sets;
	struct shown shown;
	int ret;

	ret = vmlab_sets_start(view->index, &sets);
	if (ret)
		return ret;
	people_table(view, people);
	while ((ret = vmlab_sets_next(sets, &shown.set)) > 0) {
		size_t i;

		for (i = 0; i < shown.set.nr && i < SHOWN_MAPPINGS; i++)
			shown.mappings[i] = vmlab_sets_mapping(sets, i);
		show_shown(view, &shown);
	}
	render_table_end(view->cli->render);
	vmlab_sets_end(sets);
	return ret;
}

enum { F_KIND, F_PFN, F_COUNT, F_SIZE, F_W_PID, F_W_VA, F_X_PID, F_X_VA, F_NR };

static const struct render_field finding_fields[] = {
	[F_KIND]	= { "kind", "FINDING", RENDER_TEXT, 0 },
	[F_PFN]		= { "pfn", "FRAME", RENDER_NUM, 0 },
	[F_COUNT]	= { "count", "COUNT", RENDER_NUM, 0 },
	[F_SIZE]	= { "size", "SIZE", RENDER_SIZE, 0 },
	[F_W_PID]	= { "writer.pid", "WRITTEN BY", RENDER_NUM, 0 },
	[F_W_VA]	= { "writer.va", "THROUGH", RENDER_HEX, 0 },
	[F_X_PID]	= { "executor.pid", "EXECUTED BY", RENDER_NUM, 0 },
	[F_X_VA]	= { "executor.va", "AT", RENDER_HEX, 0 },
};

static int show_findings(struct view *view)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	bool open = view->cli->json;
	int ret;

	ret = vmlab_sets_start(view->index, &sets);
	if (ret)
		return ret;
	if (open)
		render_table(view->cli->render, "findings", NULL, finding_fields, F_NR);
	while ((ret = vmlab_sets_next(sets, &set)) > 0) {
		struct vmlab_mapping w, x;
		struct render_value v[F_NR];

		if (!set.wx)
			continue;
		if (!open)
			render_table(view->cli->render, "findings", NULL, finding_fields, F_NR);
		open = true;
		w = vmlab_sets_mapping(sets, set.writer);
		x = vmlab_sets_mapping(sets, set.executor);
		v[F_KIND] = RENDER_V_TEXT("wx-alias");
		v[F_PFN] = RENDER_V_NUM(set.pfn);
		v[F_COUNT] = RENDER_V_NUM(set.count);
		v[F_SIZE] = RENDER_V_NUM(1ULL << set.shift);
		v[F_W_PID] = RENDER_V_NUM(w.pid);
		v[F_W_VA] = RENDER_V_NUM(w.va);
		v[F_X_PID] = RENDER_V_NUM(x.pid);
		v[F_X_VA] = RENDER_V_NUM(x.va);
		render_row(view->cli->render, v);
	}
	if (open)
		render_table_end(view->cli->render);
	vmlab_sets_end(sets);
	return ret;
}

static void show_totals(struct view *view)
{
	static const struct render_field totals[] = {
		{ "processes", "processes", RENDER_NUM, 0 },
		{ "pages", "pages", RENDER_NUM, 0 },
		{ "frames", "frames", RENDER_NUM, 0 },
		{ "shared_frames", "shared", RENDER_NUM, 0 },
	};
	const struct vmlab_index_totals *t = vmlab_index_totals(view->index);
	const struct render_value v[] = {
		RENDER_V_NUM(t->processes), RENDER_V_NUM(t->pages), RENDER_V_NUM(view->frames),
		RENDER_V_NUM(view->total.frames),
	};
	struct cli *cli = view->cli;
	size_t i;

	render_object(cli->render, "totals", "totals");
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		render_put(cli->render, &totals[i], v[i]);
	if (cli->json)
		view_skipped(cli, view->index);
	render_object_end(cli->render);
	if (!cli->json)
		view_skipped(cli, view->index);
}

static int show(struct view *view)
{
	struct render_field own[NR_FIELDS];
	struct cli *cli = view->cli;
	int ret;

	render_begin(cli->render);
	view_hidden(cli, view->index);
	if (cli->json) {
		render_table(cli->render, "frames", NULL, own, set_fields(view, own));
		ret = read_sets(view, true);
		render_table_end(cli->render);
	} else {
		ret = read_sets(view, false);
		show_classes(view);
		if (!ret && view->max_shown)
			show_largest(view);
		else if (!ret)
			ret = show_all(view);
	}
	if (!ret)
		ret = show_findings(view);
	show_totals(view);
	return ret ? cli_fail(cli, CLI_AT_QUERY, ret) : cli_finish(cli);
}

static int look(struct cli *cli, const struct vmlab_index *index)
{
	struct view view = {
		.cli = cli, .index = index, .cache = cli->synonyms.cache,
		.max_shown = cli->synonyms.limited ? cli->synonyms.limit : SHOWN_SETS,
		.page_shift = vmlab_session_info(cli->session)->out_page_shift,
	};
	struct view_names names;
	int ret;

	ret = view_names_read(cli, index, &names);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	view.names = &names;
	view.shown = calloc(view.max_shown + 1, sizeof(*view.shown));
	view_alias_open(cli, cli->synonyms.alias, &view.alias);
	if (view.cache)
		view.colours_known = !vmlab_cache_colours(cli->session, &view.colour_bits);
	ret = view.shown ? show(&view) : cli_fail(cli, CLI_AT_QUERY, -ENOMEM);
	view_names_free(&names);
	free(view.shown);
	free(view.colours);
	return ret;
}

static int build(struct cli *cli, struct vmlab_index **index)
{
	const struct vmlab_index_how how = { .all = cli->synonyms.full };
	size_t nr = 0;
	pid_t *pids;
	int ret;

	if (!cli->synonyms.all) {
		ret = cli_open_pids(cli, &pids, &nr);
		if (ret)
			return ret;
		ret = cli_open_index(cli, pids, nr, &how, index);
		free(pids);
		return ret;
	}
	ret = cli_open_session(cli);
	if (ret)
		return ret;
	ret = vmlab_index_build_all(cli->session, &how, index);
	return ret ? cli_fail(cli, CLI_AT_QUERY, ret) : CLI_OK;
}

static bool option(struct cli *cli, int val, const char *arg)
{
	char *end;

	switch (val) {
	case OPT_ALL:
		cli->synonyms.all = true;
		return true;
	case OPT_FULL:
		cli->synonyms.full = true;
		return true;
	case OPT_ALIAS:
		cli->synonyms.alias = true;
		return true;
	case OPT_CACHE:
		cli->synonyms.cache = true;
		return true;
	case OPT_LIMIT:
		errno = 0;
		cli->synonyms.limited = true;
		cli->synonyms.limit = strtoul(arg, &end, 10);
		return *arg >= '0' && *arg <= '9' && !*end && !errno &&
		       cli->synonyms.limit <= 1000000;
	}
	return false;
}

static int run(struct cli *cli)
{
	struct vmlab_index *index;
	int ret;

	if (cli->synonyms.all && (cli->argc || cli->cmd_argv))
		return cli_usage(cli, "--all is all processes: it takes no others");
	if (!cli->synonyms.all && !cli->argc && !cli->cmd_argv)
		return cli_usage(cli, "which processes? give pids, `self`, -- COMMAND, or --all");
	ret = build(cli, &index);
	if (ret)
		return ret;
	ret = look(cli, index);
	vmlab_index_free(index);
	return ret;
}

const struct command cmd_synonyms = {
	.name = "synonyms",
	.args = "PID... | --all | [PID...] -- COMMAND...",
	.summary = "frames that more than one virtual address leads to",
	.help = "A set stands for neighbouring frames that the same mappings lead to. Classes say\n"
		"what made them shared: Documentation/synonyms.rst. Pages that the kernel counts as\n"
		"mapped once are left out early, and are not in the totals. AD: accessed, dirty.\n\n"
		"  --all          all processes but vmlab itself; those that end meanwhile are counted\n"
		"  --full         pages that are mapped once are in the totals too\n"
		"  --alias        for programs: where the kernel itself has the frame, and what it may\n"
		"  --cache        the colour of each address in a virtually indexed cache\n"
		"  --limit N      for people: the N largest sets (20); 0 for all, by frame\n",
	.options = options,
	.option = option,
	.run = run,
};
