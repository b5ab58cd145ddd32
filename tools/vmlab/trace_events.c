// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_events.c - what each event of a trace is called, a line each: its columns, and its
 * values. What an event is was decided in the kernel; here it gets its words.
 */
#include <string.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "cli.h"
#include "trace.h"

#define PFN(pfn)	((pfn) == VMLAB_EVENT_PFN_NONE ? RENDER_V_NULL : RENDER_V_NUM(pfn))

enum {
	TS, KIND, PID, TID, COMM, CPU, VA, ACCESS, MODE, REMOTE, BY, CLASS, OUTCOME, WHY, SIGNAL,
	ASKED, BEFORE, AFTER, LEVEL_BEFORE, LEVEL_AFTER, MAY_BEFORE, MAY_AFTER, OLD_PFN, NEW_PFN,
	SHARERS, SHARED_WITH, MAJOR, RETRIED, NS, TIME, IP, SYMBOL, NR_FIELDS
};

/* A fault is shown with its class, a copy with its outcome; otherwise they are alike. */
#define FAULT_FIELDS(_class, _outcome)						\
	[TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[KIND]		= { "kind", "EVENT", RENDER_TEXT, 0 },			\
	[PID]		= { "pid", "PID", RENDER_NUM, 0 },			\
	[TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[COMM]		= { "comm", "NAME", RENDER_TEXT, 0 },			\
	[CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[VA]		= { "va", "ADDRESS", RENDER_HEX, 0 },			\
	[ACCESS]	= { "access", "DOES", RENDER_TEXT, 0 },			\
	[MODE]		= { "mode", NULL, RENDER_TEXT, RENDER_PROGRAMS },	\
	[REMOTE]	= { "remote", NULL, RENDER_BOOL, RENDER_PROGRAMS },	\
	[BY]		= { "by", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[CLASS]		= { "class", "CLASS", RENDER_TEXT, _class },		\
	[OUTCOME]	= { "outcome", "OUTCOME", RENDER_TEXT, _outcome },	\
	[WHY]		= { "why", "BECAUSE", RENDER_TEXT, _outcome },		\
	[SIGNAL]	= { "signal", NULL, RENDER_TEXT, RENDER_PROGRAMS },	\
	[ASKED]		= { "asked", NULL, RENDER_PERMS, RENDER_PROGRAMS },	\
	[BEFORE]	= { "before", NULL, RENDER_HEX, RENDER_PROGRAMS },	\
	[AFTER]		= { "after", NULL, RENDER_HEX, RENDER_PROGRAMS },	\
	[LEVEL_BEFORE]	= { "level_before", NULL, RENDER_TEXT, RENDER_PROGRAMS }, \
	[LEVEL_AFTER]	= { "level_after", NULL, RENDER_TEXT, RENDER_PROGRAMS }, \
	[MAY_BEFORE]	= { "enforced_before", "HAD", RENDER_PERMS, 0 },	\
	[MAY_AFTER]	= { "enforced_after", "GETS", RENDER_PERMS, 0 },	\
	[OLD_PFN]	= { "old_pfn", "OLD", RENDER_NUM, 0 },			\
	[NEW_PFN]	= { "new_pfn", "NEW", RENDER_NUM, 0 },			\
	[SHARERS]	= { "sharers", "LEFT", RENDER_NUM, _outcome },		\
	[SHARED_WITH]	= { "shared_with", NULL, RENDER_NUMS, RENDER_PROGRAMS }, \
	[MAJOR]		= { "major", NULL, RENDER_BOOL, RENDER_PROGRAMS },	\
	[RETRIED]	= { "retried", NULL, RENDER_BOOL, RENDER_PROGRAMS },	\
	[NS]		= { "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[TIME]		= { NULL, "US", RENDER_NUM, RENDER_PEOPLE },		\
	[IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },		\
	[SYMBOL]	= { "symbol", "BY", RENDER_TEXT, 0 },

static const struct render_field fault_fields[] = { FAULT_FIELDS(0, RENDER_PROGRAMS) };
static const struct render_field cow_fields[] = { FAULT_FIELDS(RENDER_PROGRAMS, 0) };

static const unsigned int fault_widths[NR_FIELDS] = {
	[KIND] = 5, [PID] = 7, [COMM] = 15, [VA] = 14, [ACCESS] = 5, [CLASS] = 12, [OUTCOME] = 11,
	[WHY] = 11, [MAY_BEFORE] = 4, [MAY_AFTER] = 4, [OLD_PFN] = 9, [NEW_PFN] = 9,
	[SHARERS] = 4, [TIME] = 6,
};

enum { F_TS, F_KIND, F_PID, F_TID, F_COMM, F_CPU, F_CHILD, F_SHARES_VM, F_PAGES, F_TABLES,
	F_NS, F_TIME, F_NR };

static const struct render_field fork_fields[] = {
	[F_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[F_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[F_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[F_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[F_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[F_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[F_CHILD]	= { "child", "CHILD", RENDER_NUM, 0 },
	[F_SHARES_VM]	= { "shares_vm", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[F_PAGES]	= { "pages", "PAGES", RENDER_NUM, 0 },
	[F_TABLES]	= { "tables_bytes", "TABLES", RENDER_SIZE, 0 },
	[F_NS]		= { "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[F_TIME]	= { NULL, "US", RENDER_NUM, RENDER_PEOPLE },
};

static const unsigned int fork_widths[F_NR] = {
	[F_KIND] = 5, [F_PID] = 7, [F_COMM] = 15, [F_CHILD] = 7, [F_PAGES] = 9, [F_TABLES] = 10,
};

enum { E_TS, E_KIND, E_PID, E_TID, E_COMM, E_CPU, E_LAST, E_NR };

/* An exec and an exit differ in what is said last. */
#define LIFE_FIELDS(...)							\
	[E_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[E_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },			\
	[E_PID]		= { "pid", "PID", RENDER_NUM, 0 },			\
	[E_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[E_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },			\
	[E_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },		\
	[E_LAST]	= { __VA_ARGS__ },

static const struct render_field exec_fields[] = { LIFE_FIELDS("path", "RUNS", RENDER_TEXT, 0) };
static const struct render_field exit_fields[] = { LIFE_FIELDS("status", "STATUS", RENDER_NUM, 0) };

static const unsigned int exec_widths[E_NR] = { [E_KIND] = 5, [E_PID] = 7, [E_COMM] = 15 };

enum {
	S_TS, S_KIND, S_PID, S_TID, S_COMM, S_CPU, S_FROM, S_SCHEDULED, S_OUTCOME, S_SLOT, S_TAG,
	S_USER_TAG, S_CTX_ID, S_GENERATION, S_EVICTED, S_TAG_BEFORE, S_NR
};

static const struct render_field switch_fields[] = {
	[S_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[S_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[S_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[S_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[S_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[S_CPU]		= { "cpu", "CPU", RENDER_NUM, 0 },
	[S_FROM]	= { "from", "FROM", RENDER_NUM, 0 },
	[S_SCHEDULED]	= { "scheduled", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[S_OUTCOME]	= { "outcome", "OUTCOME", RENDER_TEXT, 0 },
	[S_SLOT]	= { "slot", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[S_TAG]		= { "tag", "TAG", RENDER_NUM, 0 },
	[S_USER_TAG]	= { "user_tag", "USER'S", RENDER_NUM, 0 },
	[S_CTX_ID]	= { "ctx_id", "CTX ID", RENDER_NUM, 0 },
	[S_GENERATION]	= { "generation", "GENERATION", RENDER_NUM, 0 },
	[S_EVICTED]	= { "evicted", "EVICTED", RENDER_NUM, 0 },
	[S_TAG_BEFORE]	= { "tag_before", NULL, RENDER_NUM, RENDER_PROGRAMS },
};

static const unsigned int switch_widths[S_NR] = {
	[S_KIND] = 8, [S_PID] = 7, [S_COMM] = 15, [S_CPU] = 3, [S_FROM] = 7, [S_OUTCOME] = 8,
	[S_TAG] = 5, [S_USER_TAG] = 6, [S_CTX_ID] = 7, [S_GENERATION] = 10, [S_EVICTED] = 7,
};

enum {
	L_TS, L_KIND, L_PID, L_TID, L_COMM, L_CPU, L_BY, L_REASON, L_START, L_END, L_WHOLE,
	L_PAGES, L_ALL, L_SIZE, L_CTX_ID, L_IP, L_SYMBOL, L_NR
};

static const struct render_field flush_fields[] = {
	[L_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[L_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[L_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[L_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[L_COMM]	= { "comm", "ASKED BY", RENDER_TEXT, 0 },
	[L_CPU]		= { "cpu", "CPU", RENDER_NUM, 0 },
	[L_BY]		= { "by", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[L_REASON]	= { "reason", "REASON", RENDER_TEXT, 0 },
	[L_START]	= { "start", "FROM", RENDER_HEX, 0 },
	[L_END]		= { "end", "TO", RENDER_HEX, 0 },
	[L_WHOLE]	= { "whole", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[L_PAGES]	= { "pages", "PAGES", RENDER_NUM, 0 },
	[L_ALL]		= { "all", "ALL", RENDER_BOOL, 0 },
	[L_SIZE]	= { "size", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[L_CTX_ID]	= { "ctx_id", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[L_IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[L_SYMBOL]	= { "symbol", "BY", RENDER_TEXT, 0 },
};

static const unsigned int flush_widths[L_NR] = {
	[L_KIND] = 8, [L_PID] = 7, [L_COMM] = 15, [L_CPU] = 3, [L_REASON] = 10, [L_START] = 14,
	[L_END] = 14, [L_PAGES] = 6, [L_ALL] = 5,
};

enum { O_TS, O_KIND, O_PID, O_TID, O_COMM, O_CPU, O_GENERATION, O_BEFORE, O_NR };

static const struct render_field rollover_fields[] = {
	[O_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[O_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[O_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[O_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[O_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[O_CPU]		= { "cpu", "CPU", RENDER_NUM, 0 },
	[O_GENERATION]	= { "generation", "GENERATION", RENDER_NUM, 0 },
	[O_BEFORE]	= { "before", "BEFORE", RENDER_NUM, 0 },
};

static const unsigned int rollover_widths[O_NR] = {
	[O_KIND] = 8, [O_PID] = 7, [O_COMM] = 15, [O_CPU] = 3, [O_GENERATION] = 10,
};

enum {
	M_TS, M_KIND, M_PID, M_TID, M_COMM, M_CPU, M_START, M_END, M_FROM, M_TO, M_PKEY_FROM,
	M_PKEY_TO, M_ENTRIES, M_SHARED, M_SEGMENT, M_NAME, M_OFFSET, M_FINDING, M_IP, M_SYMBOL,
	M_BY, M_NR
};

static const struct render_field protect_fields[] = {
	[M_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[M_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[M_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[M_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_START]	= { "start", "START", RENDER_HEX, 0 },
	[M_END]		= { "end", "END", RENDER_HEX, 0 },
	[M_FROM]	= { "from", "FROM", RENDER_PERMS, 0 },
	[M_TO]		= { "to", "TO", RENDER_PERMS, 0 },
	[M_PKEY_FROM]	= { "pkey_from", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_PKEY_TO]	= { "pkey_to", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_ENTRIES]	= { "entries", "ENTRIES", RENDER_NUM, 0 },
	[M_SHARED]	= { "shared", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[M_SEGMENT]	= { "segment", "SEGMENT", RENDER_TEXT, 0 },
	[M_NAME]	= { "name", "OF", RENDER_TEXT, 0 },
	[M_OFFSET]	= { "offset", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[M_FINDING]	= { "finding", "FINDING", RENDER_TEXT, 0 },
	[M_IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[M_SYMBOL]	= { "symbol", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[M_BY]		= { "by", "BY", RENDER_TEXT, 0 },
};

static const unsigned int protect_widths[M_NR] = {
	[M_KIND] = 13, [M_PID] = 7, [M_COMM] = 15, [M_START] = 14, [M_END] = 14, [M_FROM] = 4,
	[M_TO] = 4, [M_ENTRIES] = 7, [M_SEGMENT] = 9, [M_NAME] = 20, [M_FINDING] = 10,
};

enum {
	C_TS, C_KIND, C_PID, C_TID, C_COMM, C_CPU, C_START, C_END, C_TO, C_PKEY, C_RANGES,
	C_RESULT, C_NS, C_TIME, C_IP, C_SYMBOL, C_BY, C_NR
};

static const struct render_field call_fields[] = {
	[C_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[C_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[C_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[C_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_START]	= { "start", "START", RENDER_HEX, 0 },
	[C_END]		= { "end", "END", RENDER_HEX, 0 },
	[C_TO]		= { "to", "ASKED", RENDER_PERMS, 0 },
	[C_PKEY]	= { "pkey", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_RANGES]	= { "ranges", "RANGES", RENDER_NUM, 0 },
	[C_RESULT]	= { "result", "RESULT", RENDER_TEXT, 0 },
	[C_NS]		= { "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[C_TIME]	= { NULL, "US", RENDER_NUM, RENDER_PEOPLE },
	[C_IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[C_SYMBOL]	= { "symbol", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[C_BY]		= { "by", "BY", RENDER_TEXT, 0 },
};

static const unsigned int call_widths[C_NR] = {
	[C_KIND] = 13, [C_PID] = 7, [C_COMM] = 15, [C_START] = 14, [C_END] = 14, [C_TO] = 5,
	[C_RANGES] = 6, [C_RESULT] = 7, [C_TIME] = 6,
};

enum {
	A_TS, A_KIND, A_PID, A_TID, A_COMM, A_CPU, A_CALL, A_WHAT, A_START, A_END, A_PERMS,
	A_SHARED, A_NAME, A_OFFSET, A_DEV, A_INODE, A_ADVICE, A_PARENT, A_VMA_START, A_VMA_END,
	A_IP, A_SYMBOL, A_BY, A_NR
};

static const struct render_field map_fields[] = {
	[A_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[A_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[A_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[A_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_CALL]	= { "call", "CALL", RENDER_TEXT, 0 },
	[A_WHAT]	= { "what", "WHAT", RENDER_TEXT, 0 },
	[A_START]	= { "start", "START", RENDER_HEX, 0 },
	[A_END]		= { "end", "END", RENDER_HEX, 0 },
	[A_PERMS]	= { "asked", "ASKED", RENDER_PERMS, 0 },
	[A_SHARED]	= { "shared", NULL, RENDER_BOOL, RENDER_PROGRAMS },
	[A_NAME]	= { "name", "OF", RENDER_TEXT, 0 },
	[A_OFFSET]	= { "offset", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_DEV]		= { "dev", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[A_INODE]	= { "inode", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_ADVICE]	= { "advice", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[A_PARENT]	= { "parent", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[A_VMA_START]	= { "vma_start", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[A_VMA_END]	= { "vma_end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[A_IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[A_SYMBOL]	= { "symbol", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[A_BY]		= { "by", "BY", RENDER_TEXT, 0 },
};

static const unsigned int map_widths[A_NR] = {
	[A_KIND] = 5, [A_PID] = 7, [A_COMM] = 15, [A_CALL] = 8, [A_WHAT] = 9, [A_START] = 14,
	[A_END] = 14, [A_PERMS] = 5, [A_NAME] = 20,
};

enum {
	H_TS, H_KIND, H_PID, H_TID, H_COMM, H_CPU, H_FUNCTION, H_SIZE, H_ALIGN, H_PTR, H_OLD,
	H_FREED, H_FREED_REAL, H_RESULT, H_CALLS, H_LIVE, H_HELD, H_REAL, H_NS, H_TIME, H_IP, H_BY,
	H_NR
};

static const struct render_field alloc_fields[] = {
	[H_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[H_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[H_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[H_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_FUNCTION]	= { "function", "CALL", RENDER_TEXT, 0 },
	[H_SIZE]	= { "size", "BYTES", RENDER_NUM, 0 },
	[H_ALIGN]	= { "align", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_PTR]		= { "ptr", "GIVES", RENDER_HEX, 0 },
	[H_OLD]		= { "old", "TAKES", RENDER_HEX, 0 },
	[H_FREED]	= { "freed", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_FREED_REAL]	= { "freed_real", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_RESULT]	= { "result", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[H_CALLS]	= { "calls", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_LIVE]	= { "live", "LIVE", RENDER_NUM, 0 },
	[H_HELD]	= { "held", "HELD", RENDER_NUM, 0 },
	[H_REAL]	= { "real", "REAL", RENDER_NUM, 0 },
	[H_NS]		= { "ns", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[H_TIME]	= { NULL, "US", RENDER_NUM, RENDER_PEOPLE },
	[H_IP]		= { "ip", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[H_BY]		= { "by", "BY", RENDER_TEXT, 0 },
};

static const unsigned int alloc_widths[H_NR] = {
	[H_KIND] = 6, [H_PID] = 7, [H_COMM] = 15, [H_FUNCTION] = 14, [H_SIZE] = 9, [H_PTR] = 14,
	[H_OLD] = 14, [H_LIVE] = 9, [H_HELD] = 9, [H_REAL] = 9, [H_TIME] = 6,
};

enum {
	B_TS, B_KIND, B_PID, B_TID, B_COMM, B_CPU, B_FUNCTION, B_CALL, B_WHAT, B_START, B_END,
	B_BYTES, B_SERVED, B_LIVE, B_HELD, B_REAL, B_NR
};

static const struct render_field memory_fields[] = {
	[B_TS]		= { "ts", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[B_KIND]	= { "kind", "EVENT", RENDER_TEXT, 0 },
	[B_PID]		= { "pid", "PID", RENDER_NUM, 0 },
	[B_TID]		= { "tid", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[B_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
	[B_CPU]		= { "cpu", NULL, RENDER_NUM, RENDER_PROGRAMS },
	[B_FUNCTION]	= { "function", NULL, RENDER_TEXT, RENDER_PROGRAMS },
	[B_CALL]	= { "call", "CALL", RENDER_TEXT, 0 },
	[B_WHAT]	= { "what", "WHAT", RENDER_TEXT, 0 },
	[B_START]	= { "start", "START", RENDER_HEX, 0 },
	[B_END]		= { "end", NULL, RENDER_HEX, RENDER_PROGRAMS },
	[B_BYTES]	= { "bytes", "BYTES", RENDER_NUM, 0 },
	[B_SERVED]	= { "served", "SERVED", RENDER_NUM, 0 },
	[B_LIVE]	= { "live", "LIVE", RENDER_NUM, 0 },
	[B_HELD]	= { "held", "HELD", RENDER_NUM, 0 },
	[B_REAL]	= { "real", "REAL", RENDER_NUM, 0 },
};

static const unsigned int memory_widths[B_NR] = {
	[B_KIND] = 13, [B_PID] = 7, [B_COMM] = 15, [B_CALL] = 8, [B_WHAT] = 10, [B_START] = 14,
	[B_BYTES] = 9, [B_SERVED] = 6, [B_LIVE] = 9, [B_HELD] = 9, [B_REAL] = 9,
};

/* All lines go out here. */
static int put(struct cli *cli, const struct render_field *fields, const unsigned int *widths,
	       size_t nr, const struct render_value *v)
{
	struct timeline *timeline = tracing_of(cli)->timeline;

	/* A copy is a fault, too: where both are told they would cross each other. */
	if (timeline)
		timeline_add(timeline, fields, nr, v, fields == cow_fields &&
			     tracing_of(cli)->options.kinds >> VMLAB_EVENT_FAULT & 1);
	render_line(cli->render, fields, widths, nr, v);
	return render_line_end(cli->render);
}

static const char *access_name(unsigned int access)
{
	if (access == VMLAB_EVENT_WRITE)
		return "write";
	return access == VMLAB_EVENT_EXEC_PERM ? "exec" : "read";
}

static struct vmlab_perms perms(unsigned int may)
{
	struct vmlab_perms p = { "---" };

	if (may & VMLAB_EVENT_READ)
		p.s[0] = 'r';
	if (may & VMLAB_EVENT_WRITE)
		p.s[1] = 'w';
	if (may & VMLAB_EVENT_EXEC_PERM)
		p.s[2] = 'x';
	return p;
}

/* Counted from the leaf; which of the upper ones is the root does not matter here. */
static const char *level_name(unsigned int level)
{
	static const char *const names[] = { NULL, "pte", "pmd", "pud", "p4d", "pgd" };

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : NULL;
}

static struct render_value known_ns(uint64_t ns, uint64_t unit)
{
	return ns == VMLAB_EVENT_NS_UNKNOWN ? RENDER_V_NULL : RENDER_V_NUM(ns / unit);
}

static int show_fault(struct cli *cli, const struct vmlab_event_fault *e)
{
	const struct vmlab_event *head = &e->head;
	bool remote = head->flags & VMLAB_EVENT_F_REMOTE, cow = head->kind == VMLAB_EVENT_COW;
	struct vmlab_perms asked = perms(e->asked), had = perms(e->may_before);
	struct vmlab_perms gets = perms(e->may_after);
	uint64_t with[] = { e->with };
	struct render_value v[NR_FIELDS];
	const char *signal_name = e->signal ? sigabbrev_np(e->signal) : NULL;
	char symbol[560], sig[16];

	if (signal_name)
		snprintf(sig, sizeof(sig), "SIG%s", signal_name);
	v[TS] = RENDER_V_NUM(head->ts);
	v[KIND] = RENDER_V_TEXT(vmlab_event_name(head->kind));
	v[PID] = RENDER_V_NUM(head->pid);
	v[TID] = remote ? RENDER_V_NULL : RENDER_V_NUM(head->tid);
	v[COMM] = remote ? RENDER_V_NULL : RENDER_V_TEXT(head->comm);
	v[CPU] = RENDER_V_NUM(head->cpu);
	v[VA] = RENDER_V_NUM(e->va);
	v[ACCESS] = RENDER_V_TEXT(access_name(e->access));
	v[MODE] = RENDER_V_TEXT(head->flags & VMLAB_EVENT_F_USER ? "user" : "kernel");
	v[REMOTE] = RENDER_V_NUM(remote);
	v[BY] = RENDER_V_NUM(head->by);
	v[CLASS] = RENDER_V_TEXT(vmlab_class_name(e->class));
	v[OUTCOME] = RENDER_V_TEXT(vmlab_outcome_name(e->outcome));
	v[WHY] = RENDER_V_TEXT(vmlab_cow_why_name(e->why));
	v[SIGNAL] = RENDER_V_TEXT(signal_name ? sig : NULL);
	v[ASKED] = RENDER_V_TEXT(head->flags & VMLAB_EVENT_F_NO_VMA ? NULL : asked.s);
	v[BEFORE] = RENDER_V_NUM(e->before);
	v[AFTER] = RENDER_V_NUM(e->after);
	v[LEVEL_BEFORE] = RENDER_V_TEXT(level_name(e->level_before));
	v[LEVEL_AFTER] = RENDER_V_TEXT(level_name(e->level_after));
	v[MAY_BEFORE] = RENDER_V_TEXT(had.s);
	v[MAY_AFTER] = RENDER_V_TEXT(gets.s);
	v[OLD_PFN] = PFN(e->old_pfn);
	v[NEW_PFN] = PFN(e->new_pfn);
	v[SHARERS] = e->sharers == VMLAB_EVENT_UNKNOWN ? RENDER_V_NULL : RENDER_V_NUM(e->sharers);
	v[SHARED_WITH] = cow ? RENDER_V_NUMS(with, e->with ? 1 : 0) : RENDER_V_NULL;
	v[MAJOR] = RENDER_V_NUM(!!(head->flags & VMLAB_EVENT_F_MAJOR));
	v[RETRIED] = RENDER_V_NUM(!!(head->flags & VMLAB_EVENT_F_RETRIED));
	v[NS] = known_ns(e->ns, 1);
	v[TIME] = known_ns(e->ns, 1000);
	v[IP] = RENDER_V_NUM(e->ip);
	v[SYMBOL] = RENDER_V_NULL;
	if (!vmlab_trace_symbol(tracing_of(cli)->trace, head->by, e->ip, symbol, sizeof(symbol)))
		v[SYMBOL] = RENDER_V_TEXT(symbol);
	return put(cli, cow ? cow_fields : fault_fields, fault_widths, NR_FIELDS, v);
}

static int show_fork(struct cli *cli, const struct vmlab_event_fork *e)
{
	struct render_value v[F_NR];

	v[F_TS] = RENDER_V_NUM(e->head.ts);
	v[F_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[F_PID] = RENDER_V_NUM(e->head.pid);
	v[F_TID] = RENDER_V_NUM(e->head.tid);
	v[F_COMM] = RENDER_V_TEXT(e->head.comm);
	v[F_CPU] = RENDER_V_NUM(e->head.cpu);
	v[F_CHILD] = RENDER_V_NUM(e->child);
	v[F_SHARES_VM] = RENDER_V_NUM(!!(e->head.flags & VMLAB_EVENT_F_SHARES_VM));
	v[F_PAGES] = e->pages == ~0ULL ? RENDER_V_NULL : RENDER_V_NUM(e->pages);
	v[F_TABLES] = RENDER_V_NUM(e->tables_bytes);
	v[F_NS] = known_ns(e->ns, 1);
	v[F_TIME] = known_ns(e->ns, 1000);
	return put(cli, fork_fields, fork_widths, F_NR, v);
}

static int show_life(struct cli *cli, const struct vmlab_event *e, struct render_value last)
{
	struct render_value v[E_NR];

	v[E_TS] = RENDER_V_NUM(e->ts);
	v[E_KIND] = RENDER_V_TEXT(vmlab_event_name(e->kind));
	v[E_PID] = RENDER_V_NUM(e->pid);
	v[E_TID] = RENDER_V_NUM(e->tid);
	v[E_COMM] = RENDER_V_TEXT(e->comm);
	v[E_CPU] = RENDER_V_NUM(e->cpu);
	v[E_LAST] = last;
	return put(cli, e->kind == VMLAB_EVENT_EXEC ? exec_fields : exit_fields,
		   exec_widths, E_NR, v);
}

static struct render_value known_tag(uint32_t tag)
{
	return tag == VMLAB_EVENT_TAG_NONE ? RENDER_V_NULL : RENDER_V_NUM(tag);
}

/* Pids and contexts: nobody has 0. */
static struct render_value unless_zero(uint64_t number)
{
	return number ? RENDER_V_NUM(number) : RENDER_V_NULL;
}

static int show_switch(struct cli *cli, const struct vmlab_event_switch *e)
{
	const bool is_id = vmlab_context_is_id(vmlab_session_info(cli->session));
	struct render_value v[S_NR];

	v[S_TS] = RENDER_V_NUM(e->head.ts);
	v[S_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[S_PID] = RENDER_V_NUM(e->head.pid);
	v[S_TID] = RENDER_V_NUM(e->head.tid);
	v[S_COMM] = RENDER_V_TEXT(e->head.comm);
	v[S_CPU] = RENDER_V_NUM(e->head.cpu);
	v[S_FROM] = RENDER_V_NUM(e->head.by);
	v[S_SCHEDULED] = RENDER_V_NUM(!!(e->head.flags & VMLAB_EVENT_F_SCHEDULED));
	v[S_OUTCOME] = RENDER_V_TEXT(vmlab_tag_outcome_name(e->outcome));
	v[S_SLOT] = e->slot == VMLAB_EVENT_UNKNOWN ? RENDER_V_NULL : RENDER_V_NUM(e->slot);
	v[S_TAG] = known_tag(e->tag);
	v[S_USER_TAG] = known_tag(e->user_tag);
	v[S_CTX_ID] = is_id ? unless_zero(e->context) : RENDER_V_NULL;
	v[S_GENERATION] = RENDER_V_NUM(e->generation);
	v[S_EVICTED] = is_id ? unless_zero(e->evicted) : RENDER_V_NULL;
	v[S_TAG_BEFORE] = is_id ? RENDER_V_NULL : unless_zero(e->evicted & 0xffff);
	return put(cli, switch_fields, switch_widths, S_NR, v);
}

static int show_flush(struct cli *cli, const struct vmlab_event_flush *e)
{
	const bool is_id = vmlab_context_is_id(vmlab_session_info(cli->session));
	const bool whole = e->end == ~0ULL, range = e->end && !whole;
	struct render_value v[L_NR];
	char symbol[560];

	v[L_TS] = RENDER_V_NUM(e->head.ts);
	v[L_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[L_PID] = unless_zero(e->head.pid);
	v[L_TID] = unless_zero(e->head.tid);
	v[L_COMM] = e->head.tid ? RENDER_V_TEXT(e->head.comm) : RENDER_V_NULL;
	v[L_CPU] = RENDER_V_NUM(e->head.cpu);
	v[L_BY] = unless_zero(e->head.by);
	v[L_REASON] = RENDER_V_TEXT(vmlab_flush_reason_name(e->reason));
	v[L_START] = range ? RENDER_V_NUM(e->start) : RENDER_V_NULL;
	v[L_END] = range ? RENDER_V_NUM(e->end) : RENDER_V_NULL;
	v[L_WHOLE] = e->end ? RENDER_V_NUM(whole) : RENDER_V_NULL;
	v[L_PAGES] = e->pages >= VMLAB_EVENT_PAGES_UNKNOWN ? RENDER_V_NULL :
							     RENDER_V_NUM(e->pages);
	v[L_ALL] = e->pages == VMLAB_EVENT_PAGES_UNKNOWN ? RENDER_V_NULL :
		   RENDER_V_NUM(e->pages == VMLAB_EVENT_PAGES_ALL);
	v[L_SIZE] = e->stride && e->stride < 64 ? RENDER_V_NUM(1ULL << e->stride) :
						  RENDER_V_NULL;
	v[L_CTX_ID] = is_id ? unless_zero(e->context) : RENDER_V_NULL;
	v[L_IP] = unless_zero(e->ip);
	v[L_SYMBOL] = RENDER_V_NULL;
	if (e->ip && !vmlab_trace_symbol(tracing_of(cli)->trace, e->head.by, e->ip, symbol,
					 sizeof(symbol)))
		v[L_SYMBOL] = RENDER_V_TEXT(symbol);
	return put(cli, flush_fields, flush_widths, L_NR, v);
}

static int show_rollover(struct cli *cli, const struct vmlab_event_rollover *e)
{
	struct render_value v[O_NR];

	v[O_TS] = RENDER_V_NUM(e->head.ts);
	v[O_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[O_PID] = RENDER_V_NUM(e->head.pid);
	v[O_TID] = RENDER_V_NUM(e->head.tid);
	v[O_COMM] = RENDER_V_TEXT(e->head.comm);
	v[O_CPU] = RENDER_V_NUM(e->head.cpu);
	v[O_GENERATION] = RENDER_V_NUM(e->generation);
	v[O_BEFORE] = RENDER_V_NUM(e->before);
	return put(cli, rollover_fields, rollover_widths, O_NR, v);
}

/* Texts that a value points to, until its line is printed. */
struct called {
	char symbol[560];
	char by[560];
};

static void name_caller(struct cli *cli, pid_t pid, uint64_t ip, uint64_t caller,
			struct called *called)
{
	struct vmlab_trace *trace = tracing_of(cli)->trace;

	if (vmlab_trace_symbol(trace, pid, ip, called->symbol, sizeof(called->symbol)))
		called->symbol[0] = '\0';
	if (vmlab_trace_by(trace, pid, ip, caller, called->by, sizeof(called->by)))
		called->by[0] = '\0';
}

static struct render_value unless_empty(const char *text)
{
	return *text ? RENDER_V_TEXT(text) : RENDER_V_NULL;
}

static struct render_value known(uint32_t number)
{
	return number == VMLAB_EVENT_UNKNOWN ? RENDER_V_NULL : RENDER_V_NUM(number);
}

static int show_protect(struct cli *cli, const struct vmlab_event_protect *e)
{
	struct vmlab_perms from = perms(e->from), to = perms(e->to);
	const char *finding = vmlab_protect_finding(e);
	char segment[24] = "", name[560] = "";
	struct render_value v[M_NR];
	struct called called;

	name_caller(cli, e->head.pid, e->ip, e->caller, &called);
	vmlab_trace_segment(tracing_of(cli)->trace, e, segment, sizeof(segment));
	vmlab_trace_mapped(&e->head, name, sizeof(name));
	v[M_TS] = RENDER_V_NUM(e->head.ts);
	v[M_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[M_PID] = RENDER_V_NUM(e->head.pid);
	v[M_TID] = RENDER_V_NUM(e->head.tid);
	v[M_COMM] = RENDER_V_TEXT(e->head.comm);
	v[M_CPU] = RENDER_V_NUM(e->head.cpu);
	v[M_START] = RENDER_V_NUM(e->start);
	v[M_END] = RENDER_V_NUM(e->end);
	v[M_FROM] = RENDER_V_TEXT(from.s);
	v[M_TO] = RENDER_V_TEXT(to.s);
	v[M_PKEY_FROM] = known(e->pkey_from);
	v[M_PKEY_TO] = known(e->pkey_to);
	v[M_ENTRIES] = e->entries == VMLAB_EVENT_ENTRIES_UNKNOWN ? RENDER_V_NULL :
								   RENDER_V_NUM(e->entries);
	v[M_SHARED] = RENDER_V_NUM(!!(e->head.flags & VMLAB_EVENT_F_SHARED));
	v[M_SEGMENT] = unless_empty(segment);
	v[M_NAME] = unless_empty(cli->json ? name : view_short_name(name));
	v[M_OFFSET] = e->nr_names ? RENDER_V_NUM(e->offset) : RENDER_V_NULL;
	v[M_FINDING] = finding || cli->json ? RENDER_V_TEXT(finding) : RENDER_V_TEXT("-");
	v[M_IP] = RENDER_V_NUM(e->ip);
	v[M_SYMBOL] = unless_empty(called.symbol);
	v[M_BY] = unless_empty(called.by);
	return put(cli, protect_fields, protect_widths, M_NR, v);
}

static int show_protect_call(struct cli *cli, const struct vmlab_event_protect_call *e)
{
	struct vmlab_perms to = perms(e->protection);
	const char *why = e->result < 0 && e->result > -4096 ? strerrorname_np(-e->result) : NULL;
	struct render_value v[C_NR];
	struct called called;

	/* People have seen what it changed. */
	if (!cli->json && !e->result && e->ranges)
		return 0;
	name_caller(cli, e->head.pid, e->ip, e->caller, &called);
	v[C_TS] = RENDER_V_NUM(e->head.ts);
	v[C_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[C_PID] = RENDER_V_NUM(e->head.pid);
	v[C_TID] = RENDER_V_NUM(e->head.tid);
	v[C_COMM] = RENDER_V_TEXT(e->head.comm);
	v[C_CPU] = RENDER_V_NUM(e->head.cpu);
	v[C_START] = RENDER_V_NUM(e->start);
	v[C_END] = RENDER_V_NUM(e->start + e->length);
	v[C_TO] = RENDER_V_TEXT(to.s);
	v[C_PKEY] = e->pkey < 0 ? RENDER_V_NULL : RENDER_V_NUM(e->pkey);
	v[C_RANGES] = RENDER_V_NUM(e->ranges);
	v[C_RESULT] = RENDER_V_TEXT(e->result ? why : "ok");
	v[C_NS] = known_ns(e->ns, 1);
	v[C_TIME] = known_ns(e->ns, 1000);
	v[C_IP] = RENDER_V_NUM(e->ip);
	v[C_SYMBOL] = unless_empty(called.symbol);
	v[C_BY] = unless_empty(called.by);
	return put(cli, call_fields, call_widths, C_NR, v);
}

/* What is there now, which not every change says. */
static void put_mapping(struct cli *cli, const struct vmlab_event_map *e, const char *name,
			const char *dev, const struct vmlab_perms *may, struct render_value *v)
{
	const bool file = e->head.flags & VMLAB_EVENT_F_FILE;
	const char *advice = vmlab_advice_name(e->advice);

	v[A_PERMS] = e->vma_end ? RENDER_V_TEXT(may->s) : RENDER_V_NULL;
	v[A_SHARED] = e->vma_end ? RENDER_V_NUM(!!(e->head.flags & VMLAB_EVENT_F_SHARED)) :
				   RENDER_V_NULL;
	v[A_NAME] = unless_empty(name);
	if (!cli->json) {
		v[A_NAME] = RENDER_V_TEXT(view_short_name(name));
		if (e->what == VMLAB_MAP_ADVISED && advice)
			v[A_NAME] = RENDER_V_TEXT(advice);
	}
	v[A_OFFSET] = file ? RENDER_V_NUM(e->offset) : RENDER_V_NULL;
	v[A_DEV] = file ? RENDER_V_TEXT(dev) : RENDER_V_NULL;
	v[A_INODE] = file ? RENDER_V_NUM(e->inode) : RENDER_V_NULL;
	v[A_ADVICE] = e->what == VMLAB_MAP_ADVISED ? RENDER_V_TEXT(advice) : RENDER_V_NULL;
	v[A_PARENT] = e->what == VMLAB_MAP_INHERITED ? RENDER_V_NUM(e->inode) : RENDER_V_NULL;
	v[A_VMA_START] = e->vma_end ? RENDER_V_NUM(e->vma_start) : RENDER_V_NULL;
	v[A_VMA_END] = e->vma_end ? RENDER_V_NUM(e->vma_end) : RENDER_V_NULL;
}

static int show_map(struct cli *cli, const struct vmlab_event_map *e)
{
	const bool whole = e->what == VMLAB_MAP_CLEARED || e->what == VMLAB_MAP_INHERITED;
	struct vmlab_perms may = perms(e->may);
	char name[560] = "", dev[24];
	struct render_value v[A_NR];
	struct called called;

	name_caller(cli, e->head.by, e->ip, e->caller, &called);
	vmlab_trace_mapped(&e->head, name, sizeof(name));
	/* As /proc/PID/maps has it. */
	snprintf(dev, sizeof(dev), "%02x:%02x", e->dev >> 20, e->dev & 0xfffff);
	v[A_TS] = RENDER_V_NUM(e->head.ts);
	v[A_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[A_PID] = RENDER_V_NUM(e->head.pid);
	v[A_TID] = RENDER_V_NUM(e->head.tid);
	v[A_COMM] = RENDER_V_TEXT(e->head.comm);
	v[A_CPU] = RENDER_V_NUM(e->head.cpu);
	v[A_CALL] = RENDER_V_TEXT(vmlab_map_call_name(vmlab_session_info(cli->session), e->call));
	v[A_WHAT] = RENDER_V_TEXT(vmlab_map_what_name(e->what));
	v[A_START] = whole ? RENDER_V_NULL : RENDER_V_NUM(e->start);
	v[A_END] = whole ? RENDER_V_NULL : RENDER_V_NUM(e->end);
	put_mapping(cli, e, name, dev, &may, v);
	v[A_IP] = RENDER_V_NUM(e->ip);
	v[A_SYMBOL] = unless_empty(called.symbol);
	v[A_BY] = unless_empty(called.by);
	return put(cli, map_fields, map_widths, A_NR, v);
}

/* What a heap has come to by an event. */
struct heap_now {
	struct render_value live, held, real;
};

static struct heap_now heap_now(struct cli *cli, const struct vmlab_event *event)
{
	const struct vmlab_heap *heap = vmlab_trace_heap(tracing_of(cli)->trace, event->pid);

	if (!heap)
		return (struct heap_now) { RENDER_V_NULL, RENDER_V_NULL, RENDER_V_NULL };
	return (struct heap_now) {
		RENDER_V_NUM(heap->live), RENDER_V_NUM(heap->held), RENDER_V_NUM(heap->real),
	};
}

static int show_alloc(struct cli *cli, const struct vmlab_event_alloc *e)
{
	const struct vmlab_heap *heap = vmlab_trace_heap(tracing_of(cli)->trace, e->head.pid);
	const struct heap_now now = heap_now(cli, &e->head);
	const bool frees = e->function == VMLAB_ALLOC_FREE, failed = e->head.flags & VMLAB_EVENT_F_FAILED;
	struct render_value v[H_NR];
	char by[560];

	v[H_TS] = RENDER_V_NUM(e->head.ts);
	v[H_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[H_PID] = RENDER_V_NUM(e->head.pid);
	v[H_TID] = RENDER_V_NUM(e->head.tid);
	v[H_COMM] = RENDER_V_TEXT(e->head.comm);
	v[H_CPU] = RENDER_V_NUM(e->head.cpu);
	v[H_FUNCTION] = RENDER_V_TEXT(vmlab_alloc_function_name(e->function));
	v[H_SIZE] = frees ? RENDER_V_NULL : RENDER_V_NUM(e->size);
	v[H_ALIGN] = e->align ? RENDER_V_NUM(e->align) : RENDER_V_NULL;
	v[H_PTR] = e->ptr ? RENDER_V_NUM(e->ptr) : RENDER_V_NULL;
	v[H_OLD] = e->old ? RENDER_V_NUM(e->old) : RENDER_V_NULL;
	v[H_FREED] = heap && e->old ? RENDER_V_NUM(heap->freed) : RENDER_V_NULL;
	v[H_FREED_REAL] = heap && e->old ? RENDER_V_NUM(heap->freed_real) : RENDER_V_NULL;
	v[H_RESULT] = RENDER_V_TEXT(failed ? "failed" : "ok");
	v[H_CALLS] = RENDER_V_NUM(e->calls);
	v[H_LIVE] = now.live;
	v[H_HELD] = now.held;
	v[H_REAL] = now.real;
	v[H_NS] = RENDER_V_NUM(e->ns);
	v[H_TIME] = RENDER_V_NUM(e->ns / 1000);
	v[H_IP] = RENDER_V_NUM(e->ip);
	v[H_BY] = RENDER_V_NULL;
	if (!vmlab_trace_by(tracing_of(cli)->trace, e->head.pid, e->ip, 0, by, sizeof(by)))
		v[H_BY] = RENDER_V_TEXT(by);
	return put(cli, alloc_fields, alloc_widths, H_NR, v);
}

static int show_memory(struct cli *cli, const struct vmlab_event_memory *e)
{
	const struct vmlab_heap *heap = vmlab_trace_heap(tracing_of(cli)->trace, e->head.pid);
	const bool some = e->what != VMLAB_MEMORY_CLEARED, range = some && e->what != VMLAB_MEMORY_ASKED;
	const struct heap_now now = heap_now(cli, &e->head);
	struct render_value v[B_NR];

	v[B_TS] = RENDER_V_NUM(e->head.ts);
	v[B_KIND] = RENDER_V_TEXT(vmlab_event_name(e->head.kind));
	v[B_PID] = RENDER_V_NUM(e->head.pid);
	v[B_TID] = RENDER_V_NUM(e->head.tid);
	v[B_COMM] = RENDER_V_TEXT(e->head.comm);
	v[B_CPU] = RENDER_V_NUM(e->head.cpu);
	v[B_FUNCTION] = RENDER_V_TEXT(vmlab_alloc_function_name(e->function));
	v[B_CALL] = RENDER_V_TEXT(vmlab_memory_call_name(e->call));
	v[B_WHAT] = RENDER_V_TEXT(vmlab_memory_what_name(e->what));
	v[B_START] = some ? RENDER_V_NUM(e->start) : RENDER_V_NULL;
	v[B_END] = some ? RENDER_V_NUM(e->end) : RENDER_V_NULL;
	v[B_BYTES] = range ? RENDER_V_NUM(e->end - e->start) : RENDER_V_NULL;
	v[B_SERVED] = some && heap ? RENDER_V_NUM(heap->served) : RENDER_V_NULL;
	v[B_LIVE] = now.live;
	v[B_HELD] = now.held;
	v[B_REAL] = now.real;
	return put(cli, memory_fields, memory_widths, B_NR, v);
}

int trace_show_event(struct cli *cli, const struct vmlab_event *event)
{
	switch (event->kind) {
	case VMLAB_EVENT_FAULT:
	case VMLAB_EVENT_COW:
		return show_fault(cli, (const struct vmlab_event_fault *)event);
	case VMLAB_EVENT_FORK:
		return show_fork(cli, (const struct vmlab_event_fork *)event);
	case VMLAB_EVENT_EXEC:
		return show_life(cli, event,
				 RENDER_V_TEXT(((const struct vmlab_event_exec *)event)->path));
	case VMLAB_EVENT_EXIT:
		return show_life(cli, event,
				 RENDER_V_NUM(((const struct vmlab_event_exit *)event)->status));
	case VMLAB_EVENT_SWITCH:
		return show_switch(cli, (const struct vmlab_event_switch *)event);
	case VMLAB_EVENT_FLUSH:
		return show_flush(cli, (const struct vmlab_event_flush *)event);
	case VMLAB_EVENT_ROLLOVER:
		return show_rollover(cli, (const struct vmlab_event_rollover *)event);
	case VMLAB_EVENT_PROTECT:
		return show_protect(cli, (const struct vmlab_event_protect *)event);
	case VMLAB_EVENT_PROTECT_CALL:
		return show_protect_call(cli, (const struct vmlab_event_protect_call *)event);
	case VMLAB_EVENT_MAP:
		return show_map(cli, (const struct vmlab_event_map *)event);
	case VMLAB_EVENT_ALLOC:
		return show_alloc(cli, (const struct vmlab_event_alloc *)event);
	case VMLAB_EVENT_MEMORY:
		return show_memory(cli, (const struct vmlab_event_memory *)event);
	}
	return 0;
}
