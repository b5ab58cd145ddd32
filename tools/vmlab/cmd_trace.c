// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_trace.c - faults, copies, forks, tags of the TLB, permissions and mappings, as
 * they happen, a line each.
 *
 * What an event is was decided in the kernel; here it gets its words. The last line
 * says what was counted there and what was lost, however it ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/types.h>
#include <vmlab_event.h>

#include "cli.h"

#define MAX_PIDS	64
#define PFN(pfn)	((pfn) == VMLAB_EVENT_PFN_NONE ? RENDER_V_NULL : RENDER_V_NUM(pfn))

/* What the options said, and the trace. */
struct tracing {
	struct vmlab_trace_options options;
	pid_t pids[MAX_PIDS];
	unsigned int for_ms;
	struct vmlab_trace *trace;
};

/* NULL without memory. */
static struct tracing *tracing_of(struct cli *cli)
{
	if (!cli->own)
		cli->own = calloc(1, sizeof(struct tracing));
	return cli->own;
}

/* For the signal's handler. */
static struct vmlab_trace *volatile to_stop;

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
	v[ASKED] = RENDER_V_TEXT(asked.s);
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
	render_line(cli->render, cow ? cow_fields : fault_fields, fault_widths, NR_FIELDS, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, fork_fields, fork_widths, F_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, e->kind == VMLAB_EVENT_EXEC ? exec_fields : exit_fields,
		    exec_widths, E_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, switch_fields, switch_widths, S_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, flush_fields, flush_widths, L_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, rollover_fields, rollover_widths, O_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, protect_fields, protect_widths, M_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, call_fields, call_widths, C_NR, v);
	return render_line_end(cli->render);
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
	render_line(cli->render, map_fields, map_widths, A_NR, v);
	return render_line_end(cli->render);
}

static int show(struct cli *cli, const struct vmlab_event *event)
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
	}
	return 0;
}

/* What is counted of each kind: the name of a row, NULL for none. */
static const char *fork_row(unsigned int i)
{
	return i >= VMLAB_EVENT_FORK && i <= VMLAB_EVENT_EXIT ? vmlab_event_name(i) : NULL;
}

static const struct {
	const char *word;
	unsigned int kind;
	const char *(*row_name)(unsigned int i);
} kinds[] = {
	{ "fault", VMLAB_EVENT_FAULT, vmlab_class_name },
	{ "cow", VMLAB_EVENT_COW, vmlab_outcome_name },
	{ "fork", VMLAB_EVENT_FORK, fork_row },
	{ "tlb", VMLAB_EVENT_SWITCH, vmlab_tlb_row_name },
	{ "mprotect", VMLAB_EVENT_PROTECT, vmlab_protect_row_name },
	{ "map", VMLAB_EVENT_MAP, vmlab_map_what_name },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What is told of a row: how many, how long in all, how long each (powers of two). */
enum { SUM_COUNT, SUM_TOTAL, SUM_BUCKETS };

static void put_row(struct cli *cli, const char *name, const struct vmlab_trace_counts *counts,
		    size_t row, int what)
{
	const struct render_field field = {
		name, name, what == SUM_BUCKETS ? RENDER_NUMS : RENDER_NUM, 0
	};
	uint64_t buckets[VMLAB_TRACE_BUCKETS];
	size_t nr = 0, i;

	if (what == SUM_COUNT) {
		/* Programs are told of what did not happen, too. */
		if (cli->json || counts->count[row])
			render_put(cli->render, &field, RENDER_V_NUM(counts->count[row]));
		return;
	}
	if (!counts->count[row])
		return;
	for (i = 0; i < VMLAB_TRACE_BUCKETS; i++) {
		buckets[i] = counts->ns[row][i];
		if (buckets[i])
			nr = i + 1;
	}
	if (nr)
		render_put(cli->render, &field, what == SUM_TOTAL ?
			   RENDER_V_NUM(counts->total_ns[row]) : RENDER_V_NUMS(buckets, nr));
}

static void put_rows(struct cli *cli, const char *key, const char *title,
		     const struct vmlab_trace_counts *counts, int what)
{
	const unsigned int wanted = tracing_of(cli)->options.kinds;
	size_t i, row;

	render_object(cli->render, key, title);
	for (i = 0; i < NR_KINDS; i++)
		for (row = 0; row < VMLAB_TRACE_ROWS; row++)
			if ((wanted >> kinds[i].kind & 1) && kinds[i].row_name(row))
				put_row(cli, kinds[i].row_name(row), &counts[i], row, what);
	render_object_end(cli->render);
}

/* For people: a row for each power of two that something took. */
static void show_histograms(struct cli *cli, const struct vmlab_trace_counts *counts)
{
	static const struct render_field fields[] = {
		{ NULL, "WHAT", RENDER_TEXT, RENDER_PEOPLE },
		{ NULL, "FROM NS", RENDER_NUM, RENDER_PEOPLE },
		{ NULL, "COUNT", RENDER_NUM, RENDER_PEOPLE },
		{ NULL, "", RENDER_BAR, RENDER_PEOPLE },
	};
	size_t i, row, b;

	render_table(cli->render, NULL, NULL, fields, 4);
	for (i = 0; i < NR_KINDS; i++) {
		for (row = 0; row < VMLAB_TRACE_ROWS; row++) {
			for (b = 0; b < VMLAB_TRACE_BUCKETS; b++) {
				const uint64_t here = counts[i].ns[row][b];
				struct render_value v[4];

				if (!here)
					continue;
				v[0] = RENDER_V_TEXT(kinds[i].row_name(row));
				v[1] = RENDER_V_NUM(1ULL << b);
				v[2] = RENDER_V_NUM(here);
				v[3] = (struct render_value){ .num = here,
							      .nr = counts[i].count[row] };
				render_row(cli->render, v);
			}
		}
	}
	render_table_end(cli->render);
}

enum {
	P_PID, P_COMM, P_STAYED, P_KEPT, P_FLUSHED, P_NEW, P_FLUSHES, P_ASKED, P_NR
};

/* Of each process: how it got its tags, and flushes. */
static int show_processes(struct cli *cli)
{
	static const struct render_field fields[] = {
		[P_PID]		= { "pid", "PID", RENDER_NUM, 0 },
		[P_COMM]	= { "comm", "NAME", RENDER_TEXT, 0 },
		[P_STAYED]	= { "stayed", "STAYED", RENDER_NUM, 0 },
		[P_KEPT]	= { "kept", "KEPT", RENDER_NUM, 0 },
		[P_FLUSHED]	= { "flushed", "FLUSHED", RENDER_NUM, 0 },
		[P_NEW]		= { "new", "NEW", RENDER_NUM, 0 },
		[P_FLUSHES]	= { "flushes", "FLUSHES", RENDER_NUM, 0 },
		[P_ASKED]	= { "asked", "ASKED", RENDER_NUM, 0 },
	};
	struct vmlab_tlb_process *all;
	size_t nr, i, outcome;
	int ret;

	ret = vmlab_trace_processes(tracing_of(cli)->trace, &all, &nr);
	if (ret)
		return ret;
	render_table(cli->render, "processes", "processes", fields, P_NR);
	for (i = 0; i < nr; i++) {
		struct render_value v[P_NR];

		v[P_PID] = RENDER_V_NUM(all[i].pid);
		v[P_COMM] = *all[i].comm ? RENDER_V_TEXT(all[i].comm) : RENDER_V_NULL;
		for (outcome = 0; outcome < VMLAB_NR_TAG_OUTCOMES; outcome++)
			v[P_STAYED + outcome] = RENDER_V_NUM(all[i].switches[outcome]);
		v[P_FLUSHES] = RENDER_V_NUM(all[i].flushes);
		v[P_ASKED] = RENDER_V_NUM(all[i].asked);
		render_row(cli->render, v);
	}
	render_table_end(cli->render);
	free(all);
	return 0;
}

/* What keeps address spaces apart, as `vmlab tags` has it. */
static void show_tagging(struct cli *cli)
{
	static const struct render_field by = { "by", "by", RENDER_TEXT, 0 };
	static const struct render_field flush = {
		"flush_on_switch", "flush on switch", RENDER_BOOL, 0
	};
	const bool tags = vmlab_trace_has_tags(tracing_of(cli)->trace);

	render_object(cli->render, "tagging", "tags");
	render_put(cli->render, &by, tags ?
		   RENDER_V_TEXT(vmlab_tag_name(vmlab_session_info(cli->session))) :
		   RENDER_V_NULL);
	render_put(cli->render, &flush, RENDER_V_NUM(!tags));
	render_object_end(cli->render);
	if (!tags)
		render_note(cli->render, "there are no tags here: a switch to another address space flushes all that is not global");
}

static int show_summary(struct cli *cli)
{
	static const struct render_field kind = { "kind", "EVENT", RENDER_TEXT, 0 };
	static const struct render_field changed_field = { "changed", "changed by tracing",
							   RENDER_TEXT, 0 };
	static const struct render_field lost_field = { "lost", "lost", RENDER_NUM, 0 };
	static const struct render_field skipped_field = { "skipped", NULL, RENDER_NUM,
							   RENDER_PROGRAMS };
	static const unsigned int width = 8;
	const struct render_value name = RENDER_V_TEXT("summary");
	struct vmlab_trace_counts counts[NR_KINDS] = { 0 };
	const struct tracing *tracing = tracing_of(cli);
	uint64_t lost = 0, skipped = 0;
	size_t i;
	int ret;

	for (i = 0; i < NR_KINDS; i++) {
		if (!(tracing->options.kinds >> kinds[i].kind & 1))
			continue;
		ret = vmlab_trace_counts(tracing->trace, kinds[i].kind, &counts[i]);
		if (ret)
			return ret;
		lost += counts[i].lost;
		skipped += counts[i].skipped;
	}
	/* For people it is a few lines under a heading. */
	if (cli->json)
		render_line(cli->render, &kind, &width, 1, &name);
	else
		render_note(cli->render, "summary");
	render_put(cli->render, &changed_field,
		   RENDER_V_TEXT(tracing->options.argv ?
				 "nothing; the command was held before its exec" : "nothing"));
	put_rows(cli, "counts", "counts", counts, SUM_COUNT);
	put_rows(cli, "total_ns", "total ns", counts, SUM_TOTAL);
	if (cli->json)
		put_rows(cli, "log2_ns", "log2 ns", counts, SUM_BUCKETS);
	else
		show_histograms(cli, counts);
	if (tracing->options.kinds >> VMLAB_EVENT_SWITCH & 1) {
		show_tagging(cli);
		ret = show_processes(cli);
		if (ret)
			return ret;
	}
	render_put(cli->render, &skipped_field, RENDER_V_NUM(skipped));
	render_put(cli->render, &lost_field, RENDER_V_NUM(lost));
	if (cli->json)
		render_line_end(cli->render);
	return render_flush(cli->render);
}

static void stop(int sig)
{
	(void)sig;
	if (to_stop)
		vmlab_trace_stop(to_stop);
}

/* Ctrl-C, a polite kill, or --for: the end is told as any other. */
static void catch_signals(unsigned int ms)
{
	struct sigaction action = { .sa_handler = stop };
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000L } };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (!ms)
		return;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int follow(struct cli *cli)
{
	const struct vmlab_event *event;
	int ret, failed = 0;

	for (;;) {
		ret = vmlab_trace_next(tracing_of(cli)->trace, &event);
		if (ret == -EAGAIN)
			failed = render_flush(cli->render);
		else if (ret > 0)
			failed = show(cli, event);
		else
			break;
		if (failed)
			return cli_fail(cli, CLI_AT_OUTPUT, failed);
	}
	if (!ret)
		ret = show_summary(cli);
	return ret ? cli_fail(cli, CLI_AT_TRACE, ret) : CLI_OK;
}

static int start(struct cli *cli, struct tracing *tracing)
{
	static char missing[32];
	size_t i;
	int ret;

	for (i = 0; i < tracing->options.nr_pids && !cli->replay; i++) {
		snprintf(missing, sizeof(missing), "%d", (int)tracing->pids[i]);
		cli->subject = missing;
		if (vmlab_proc_kind(cli->session, tracing->pids[i]) == VMLAB_PROC_NONE)
			return cli_fail(cli, CLI_AT_TRACE, -ESRCH);
	}
	ret = vmlab_trace_start(cli->session, &tracing->options, &tracing->trace);
	if (ret == -ECHILD) {
		cli->subject = NULL;
		return cli_fail(cli, CLI_AT_LAUNCH, vmlab_trace_exec_error(cli->session));
	}
	return ret ? cli_fail(cli, CLI_AT_TRACE, ret) : CLI_OK;
}

static bool add_kind(struct tracing *tracing, const char *word)
{
	size_t i;

	for (i = 0; i < NR_KINDS; i++) {
		if (strcmp(word, kinds[i].word))
			continue;
		tracing->options.kinds |= 1U << kinds[i].kind;
		return true;
	}
	return false;
}

static int run(struct cli *cli)
{
	struct tracing *tracing = tracing_of(cli);
	int i, ret;

	if (!tracing)
		return cli_fail(cli, CLI_AT_TRACE, -ENOMEM);

	if (!cli->argc)
		return cli_usage(cli, "trace what? fault, cow, fork, tlb, mprotect, map");
	for (i = 0; i < cli->argc; i++)
		if (!add_kind(tracing, cli->argv[i]))
			return cli_usage(cli, "not something to trace: %s", cli->argv[i]);
	if (cli->cmd_argv && !cli->cmd_argv[0])
		return cli_usage(cli, "no command after --");
	if (tracing->options.end && tracing->options.end <= tracing->options.start)
		return cli_usage(cli, "the range is empty");
	tracing->options.pids = tracing->pids;
	tracing->options.argv = cli->cmd_argv;
	ret = cli_open_bare(cli);
	if (!ret)
		ret = start(cli, tracing);
	if (!ret) {
		to_stop = tracing->trace;
		catch_signals(cli->replay ? 0 : tracing->for_ms);
		ret = follow(cli);
	}
	to_stop = NULL;
	vmlab_trace_close(tracing->trace);
	tracing->trace = NULL;
	return ret;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out <= max;
}

static bool parse_classes(struct tracing *tracing, const char *text)
{
	char *copy = strdup(text), *rest = copy, *name;
	unsigned int i;
	bool ok = copy;

	while (ok && (name = strsep(&rest, ","))) {
		for (i = 0; i < VMLAB_NR_CLASSES; i++)
			if (!strcmp(name, vmlab_class_name(i)))
				break;
		ok = i < VMLAB_NR_CLASSES;
		tracing->options.classes |= 1ULL << (ok ? i : 0);
	}
	free(copy);
	return ok;
}

enum { OPT_CLASS = 1, OPT_COMM, OPT_RANGE, OPT_MIN_NS, OPT_SUMMARY, OPT_FOLLOW, OPT_FOR,
	OPT_BUFFER };

static const struct option options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "range", required_argument, NULL, OPT_RANGE },
	{ "min-ns", required_argument, NULL, OPT_MIN_NS },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "buffer", required_argument, NULL, OPT_BUFFER },
	{ 0 },
};

static bool option(struct cli *cli, int val, const char *arg)
{
	struct tracing *tracing = tracing_of(cli);
	struct vmlab_trace_options *o;
	uint64_t nr;

	if (!tracing)
		return false;
	o = &tracing->options;
	switch (val) {
	case 'p':
		if (o->nr_pids == MAX_PIDS || !cli_parse_pid(arg, &tracing->pids[o->nr_pids]) ||
		    !tracing->pids[o->nr_pids])
			return false;
		o->nr_pids++;
		return true;
	case OPT_FOLLOW:
		o->follow = true;
		return true;
	case OPT_COMM:
		o->comm = arg;
		return *arg && strlen(arg) < VMLAB_EVENT_COMM;
	case OPT_CLASS:
		return parse_classes(tracing, arg);
	case OPT_RANGE:
		return cli_parse_range(arg, &o->start, &o->end) && o->end;
	case OPT_MIN_NS:
		return parse_number(arg, ~0ULL - 1, &o->min_ns);
	case OPT_SUMMARY:
		o->counts_only = true;
		return true;
	case OPT_FOR:
		if (!parse_number(arg, 24ULL * 3600 * 1000, &nr) || !nr)
			return false;
		tracing->for_ms = nr;
		return true;
	case OPT_BUFFER:
		if (!parse_number(arg, 1024, &nr) || !nr || nr & (nr - 1))
			return false;
		o->sz_buffer = nr << 20;
		return true;
	}
	return false;
}

const struct command cmd_trace = {
	.name = "trace",
	.args = "KIND... [-p PID]... [-- COMMAND...]",
	.summary = "page faults, copies, forks, TLB tags, permissions and mappings, as they happen",
	.help = "KIND is fault (every page fault: what it was, the entry before and after), cow (pages\n"
		"that waited for a copy: copied, reused, zero-filled, and why), fork (fork, exec,\n"
		"exit), tlb (the tag of each switch to an address space; flushes, and who asked),\n"
		"mprotect (who makes which memory writable, read-only, executable) or map (what is\n"
		"mapped, unmapped, grown, moved, advised on).\n"
		"Without -p and -- everything is traced but vmlab itself. It ends with Ctrl-C,\n"
		"or when all processes that were named have ended; the last line counts what was\n"
		"seen and what was lost. It needs no module. The programs that watch run in the\n"
		"kernel and change nothing in whom they watch. COMMAND is held before its exec until\n"
		"they are there, then runs untouched; its standard output goes to standard error.\n"
		"\n"
		"  -p, --pid PID     only this process; may be given several times\n"
		"  --follow          and what it forks (of COMMAND always)\n"
		"  --comm NAME       only threads of this name\n"
		"  --class A,B,...   only faults of these classes\n"
		"  --range FROM-TO   only addresses from FROM to before TO, hexadecimal\n"
		"  --min-ns NS       only what took at least NS nanoseconds\n"
		"  --summary         count in the kernel, show no events\n"
		"  --for MS          end after that many milliseconds\n"
		"  --buffer MIB      room for events that wait to be shown (16; a power of two)\n",
	.lines = true,
	.follows = true,
	.options = options,
	.letters = "p:",
	.option = option,
	.run = run,
};
