// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_frame.c - all that is known of one frame: what the kernel keeps of it, and who
 * maps it where. The mappings are found by looking at all processes, or at some.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { OPT_IN = 1 };

static const struct option options[] = {
	{ "in", required_argument, NULL, OPT_IN },
	{ 0 },
};

enum {
	PFN, HEAD, KIND, ORDER, NODE, REFCOUNT, MAPCOUNT, FLAGS, ACCESSED, DIRTY, NR_FIELDS
};

static const struct render_field fields[] = {
	[PFN]		= { "pfn", "frame", RENDER_NUM, 0 },
	[HEAD]		= { "head", "of folio", RENDER_NUM, 0 },
	[KIND]		= { "kind", "kind", RENDER_STATE, 0 },
	[ORDER]		= { "order", "order", RENDER_NUM, 0 },
	[NODE]		= { "node", "node", RENDER_NUM, 0 },
	[REFCOUNT]	= { "refcount", "references", RENDER_NUM, 0 },
	[MAPCOUNT]	= { "mapcount", "mapcount", RENDER_NUM, 0 },
	[FLAGS]		= { "flags", "flags", RENDER_LIST, 0 },
	[ACCESSED]	= { "accessed", "accessed", RENDER_BOOL, 0 },
	[DIRTY]		= { "dirty", "dirty", RENDER_BOOL, 0 },
};

#define MAX_FLAGS	64

/* Who maps it, as far as we looked. */
struct found {
	struct vmlab_mapping *v;
	size_t nr;
	uint64_t addresses;
	uint64_t facts;
};

static void show_frame(struct cli *cli, const struct vmlab_frame *frame, const struct found *found)
{
	const bool known = !(frame->flags & VMLAB_PAGE_NOPAGE);
	const char *names[MAX_FLAGS], *name;
	struct render_value v[NR_FIELDS];
	size_t nr = 0, i;
	uint64_t mask;

	for (i = 0; (name = vmlab_page_flag_name(i, &mask)); i++)
		if (frame->flags & mask)
			names[nr++] = name;
	v[PFN] = RENDER_V_NUM(frame->pfn);
	v[HEAD] = known ? RENDER_V_NUM(frame->head) : RENDER_V_NULL;
	v[KIND] = RENDER_V_TEXT(vmlab_frame_kind(frame));
	v[ORDER] = known ? RENDER_V_NUM(frame->order) : RENDER_V_NULL;
	v[NODE] = known ? RENDER_V_NUM(frame->node) : RENDER_V_NULL;
	v[REFCOUNT] = known ? RENDER_V_NUM(frame->refcount) : RENDER_V_NULL;
	v[MAPCOUNT] = frame->mapcount != VMLAB_MAPCOUNT_UNKNOWN ?
		      RENDER_V_NUM(frame->mapcount) : RENDER_V_NULL;
	v[FLAGS] = RENDER_V_LIST(names, nr);
	v[ACCESSED] = found->nr ? RENDER_V_NUM(!!(found->facts & VMLAB_FACT_ACCESSED)) :
		      RENDER_V_NULL;
	v[DIRTY] = found->nr ? RENDER_V_NUM(!!(found->facts & VMLAB_FACT_DIRTY)) : RENDER_V_NULL;
	for (i = 0; i < NR_FIELDS; i++)
		render_put(cli->render, &fields[i], v[i]);
}

/* Where the kernel has it: null where there is no memory, or the kernel half is withheld. */
static void show_alias(struct cli *cli, const struct vmlab_frame *frame)
{
	static const struct render_field alias_fields[] = {
		{ "va", "kernel has it at", RENDER_HEX, 0 },
		{ "enforced", "kernel may", RENDER_PERMS, 0 },
	};
	const bool known = !(frame->flags & VMLAB_PAGE_NOPAGE);
	struct vmlab_perms enforced;
	struct render_value v[2];
	struct view_alias alias;

	view_alias_open(cli, known, &alias);
	view_alias(&alias, known ? frame->pfn : VMLAB_PFN_NONE, &enforced, v);
	if (v[0].null) {
		render_no_object(cli->render, "kernel_alias");
		return;
	}
	render_object(cli->render, "kernel_alias", NULL);
	render_put(cli->render, &alias_fields[0], v[0]);
	render_put(cli->render, &alias_fields[1], v[1]);
	render_object_end(cli->render);
}

static void show_mappings(struct cli *cli, const struct found *found,
			  const struct view_names *names)
{
	size_t i;

	if (!cli->json && !found->nr)
		return;
	render_table(cli->render, "mappings", NULL,
		     cli->json ? view_mapping_fields : view_people_fields,
		     cli->json ? VIEW_MAPPING_FIELDS : VIEW_PEOPLE_FIELDS);
	for (i = 0; i < found->nr; i++) {
		struct render_value v[VIEW_MAPPING_FIELDS];
		struct view_perms perms;
		struct view_people row;

		if (cli->json)
			view_mapping(names, &found->v[i], &perms, v);
		else
			view_people(names, &found->v[i], &row, v);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
}

static void show_totals(struct cli *cli, const struct vmlab_frame *frame,
			const struct vmlab_index *index, const struct found *found)
{
	static const struct render_field totals[] = {
		{ "processes", "processes", RENDER_NUM, 0 },
		{ "addresses", "addresses", RENDER_NUM, 0 },
	};

	if (frame->mapcount != VMLAB_MAPCOUNT_UNKNOWN && found->addresses < frame->mapcount)
		render_note(cli->render, "mapped by %" PRIu32 " entries, of which %" PRIu64
			    " are in the processes that were looked at",
			    frame->mapcount, found->addresses);
	render_object(cli->render, "totals", "looked at");
	render_put(cli->render, &totals[0],
		   RENDER_V_NUM(vmlab_index_totals(index)->processes));
	render_put(cli->render, &totals[1], RENDER_V_NUM(found->addresses));
	if (cli->json)
		view_skipped(cli, index);
	render_object_end(cli->render);
	if (!cli->json)
		view_skipped(cli, index);
}

/* Of the sets of an index, the one that holds the frame: its mappings there. */
static int find(const struct vmlab_index *index, uint64_t pfn, unsigned int page_shift,
		struct found *found)
{
	struct vmlab_sets *sets;
	struct vmlab_set set;
	size_t i;
	int ret;

	memset(found, 0, sizeof(*found));
	ret = vmlab_sets_start(index, &sets);
	if (ret)
		return ret;
	while ((ret = vmlab_sets_next(sets, &set)) > 0) {
		if (set.swapped || pfn < set.pfn ||
		    pfn - set.pfn >= set.count << (set.shift - page_shift))
			continue;
		found->v = calloc(set.nr, sizeof(*found->v));
		if (!found->v) {
			ret = -ENOMEM;
			break;
		}
		found->facts = set.facts;
		found->addresses = set.nr_addresses;
		for (i = 0; i < set.nr; i++) {
			found->v[found->nr] = vmlab_sets_mapping(sets, i);
			found->v[found->nr].pfn = pfn;
			found->v[found->nr++].va += (pfn - set.pfn) << page_shift;
		}
		ret = 0;
		break;
	}
	vmlab_sets_end(sets);
	return ret;
}

static int show(struct cli *cli, const struct vmlab_frame *frame,
		const struct vmlab_index *index)
{
	struct view_names names;
	struct found found;
	int ret;

	ret = find(index, frame->pfn, vmlab_session_info(cli->session)->out_page_shift, &found);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	ret = view_names_read(cli, index, &names);
	if (ret) {
		free(found.v);
		return cli_fail(cli, CLI_AT_QUERY, ret);
	}
	render_begin(cli->render);
	show_frame(cli, frame, &found);
	show_alias(cli, frame);
	show_mappings(cli, &found, &names);
	show_totals(cli, frame, index, &found);
	view_names_free(&names);
	free(found.v);
	return cli_finish(cli);
}

/* --in: pids with commas between; free(*pids), NULL for all processes. */
static int parse_in(struct cli *cli, pid_t **pids, size_t *nr)
{
	char *text, *word, *save = NULL;
	int ret = CLI_OK;

	*pids = NULL;
	*nr = 0;
	if (!cli->frame_in)
		return CLI_OK;
	text = strdup(cli->frame_in);
	*pids = calloc(strlen(cli->frame_in) + 1, sizeof(**pids));
	if (!text || !*pids) {
		free(text);
		return cli_fail(cli, CLI_AT_QUERY, -ENOMEM);
	}
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!cli_parse_pid(word, &(*pids)[(*nr)++])) {
			ret = cli_usage(cli, "not a pid: %s", word);
			break;
		}
	}
	if (!ret && !*nr)
		ret = cli_usage(cli, "no pid in %s", cli->frame_in);
	free(text);
	return ret;
}

static int look(struct cli *cli, uint64_t pfn, const pid_t *pids, size_t nr_pids)
{
	const struct vmlab_index_how how = {
		.all = true, .singles = true, .only = true, .pfn = pfn,
	};
	struct vmlab_index *index = NULL;
	struct vmlab_frame *frame;
	char subject[24];
	ssize_t nr;
	int ret;

	snprintf(subject, sizeof(subject), "%" PRIu64, pfn);
	nr = vmlab_session_frames(cli->session, pfn, pfn + 1, &frame);
	if (nr < 0) {
		cli->subject = subject;
		ret = cli_fail(cli, CLI_AT_FRAMES, nr);
		cli->subject = NULL;
		return ret;
	}
	if (pids) {
		ret = cli_open_index(cli, pids, nr_pids, &how, &index);
	} else {
		ret = vmlab_index_build_all(cli->session, &how, &index);
		if (ret)
			ret = cli_fail(cli, CLI_AT_QUERY, ret);
	}
	if (!ret)
		ret = show(cli, frame, index);
	vmlab_index_free(index);
	free(frame);
	return ret;
}

/* A decimal number, or a hexadecimal one with 0x. */
static bool parse_pfn(const char *text, uint64_t *pfn)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*pfn = strtoull(text, &end, text[1] == 'x' || text[1] == 'X' ? 16 : 10);
	return !errno && !*end;
}

/* The frame that is mapped at an address, "PID:ADDR". */
static int frame_at(struct cli *cli, const char *where, uint64_t *pfn)
{
	const unsigned int shift = vmlab_session_info(cli->session)->out_page_shift;
	const struct vmlab_run *leaf;
	struct vmlab_walk walk;
	uint64_t va;
	int ret;

	ret = vmlab_target_open(cli->session, cli->pid, &cli->target);
	if (ret)
		return cli_fail(cli, CLI_AT_TARGET, ret);
	cli->pid = vmlab_target_pid(cli->target);
	ret = vmlab_resolve(cli->session, cli->pid, where, &va);
	if (ret == -EINVAL)
		return cli_usage(cli, "neither an address nor a symbol: %s", where);
	cli->subject = where;
	if (ret)
		return cli_fail(cli, CLI_AT_SYMBOL, ret);
	if (vmlab_target_hidden(cli->target))
		return cli_fail(cli, CLI_AT_FRAMES, -EPERM);
	ret = vmlab_target_walk(cli->target, va, &walk);
	if (ret)
		return cli_fail(cli, CLI_AT_QUERY, ret);
	leaf = &walk.out_leaf;
	if (!leaf->count || leaf->pfn == VMLAB_PFN_NONE ||
	    vmlab_run_kind(leaf) != VMLAB_BIT_LEAF)
		return cli_fail(cli, CLI_AT_FRAMES, -ENOENT);
	*pfn = leaf->pfn + ((va - leaf->va) >> shift);
	cli->subject = NULL;
	return CLI_OK;
}

static bool option(struct cli *cli, int val, const char *arg)
{
	(void)val;
	cli->frame_in = arg;
	return *arg;
}

static int run(struct cli *cli)
{
	char *word, *colon;
	uint64_t pfn = 0;
	pid_t *pids;
	size_t nr;
	int ret;

	if (cli->argc != 1 || cli->cmd_argv)
		return cli_usage(cli, "it takes a frame, or a process and an address as PID:ADDR");
	word = cli->argv[0];
	colon = strchr(word, ':');
	if (colon ? !colon[1] : !parse_pfn(word, &pfn))
		return cli_usage(cli, "neither a frame nor PID:ADDR: %s", word);
	if (colon) {
		*colon = '\0';
		if (!cli_parse_pid(word, &cli->pid))
			return cli_usage(cli, "not a pid: %s", word);
	}
	ret = parse_in(cli, &pids, &nr);
	if (!ret)
		ret = cli_open_session(cli);
	if (!ret && colon)
		ret = frame_at(cli, colon + 1, &pfn);
	if (!ret)
		ret = look(cli, pfn, pids, nr);
	free(pids);
	return ret;
}

const struct command cmd_frame = {
	.name = "frame",
	.args = "PFN | PID:ADDR",
	.summary = "all that is known of a frame, and who maps it",
	.help = "PFN is the number of a frame, ADDR an address or a symbol as for walk. order is the\n"
		"log2 of the frames of its folio, which begins at head; references are the folio's.\n"
		"Mappings are found by looking at all processes but vmlab itself.\n\n"
		"  --in PID,...   look at these processes only\n",
	.options = options,
	.option = option,
	.run = run,
};
