/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.bpf.h - what every question shares: settings, who is traced, the ring, counters.
 *
 * The maps "events" and "traced" are one for all objects of a tracer: the library gives
 * the first one's to the others, so that events stand in one order.
 */
#ifndef VMLAB_TRACE_BPF_H
#define VMLAB_TRACE_BPF_H

#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <vmlab_event.h>

/* Known to the verifier when it reads a program: what is not asked for costs nothing. */
const volatile struct vmlab_trace_config config SEC(".rodata.config");

#include "compat.bpf.h"
#include "stack.bpf.h"

#define MAX_TRACED	16384
#define RING_BYTES	(16 << 20)	/* the library chooses */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

/* Processes: VMLAB_TRACED_*. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TRACED);
	__type(key, u32);
	__type(value, u32);
} traced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct vmlab_trace_counts);
} counts SEC(".maps");

static __always_inline struct vmlab_trace_counts *my_counts(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&counts, &zero);
}

static __always_inline void count_lost(void)
{
	struct vmlab_trace_counts *mine = my_counts();

	if (mine)
		mine->lost++;
}

static __always_inline u32 log2_of(u64 value)
{
	u32 bits = 0;

	if (value >> 32)
		return VMLAB_TRACE_BUCKETS - 1;
	if (value >> 16) {
		bits = 16;
		value >>= 16;
	}
	if (value >> 8) {
		bits += 8;
		value >>= 8;
	}
	if (value >> 4) {
		bits += 4;
		value >>= 4;
	}
	if (value >> 2) {
		bits += 2;
		value >>= 2;
	}
	return bits + (value >> 1);
}

static __always_inline void count_row(u32 row, u64 ns)
{
	struct vmlab_trace_counts *mine = my_counts();

	if (!mine || row >= VMLAB_TRACE_ROWS)
		return;
	mine->count[row]++;
	if (config.stacks && !count_stack(row, ns))
		mine->lost++;
	if (ns == VMLAB_EVENT_NS_UNKNOWN)
		return;
	mine->total_ns[row] += ns;
	mine->ns[row][log2_of(ns) & (VMLAB_TRACE_BUCKETS - 1)]++;
}

/* Of something that is counted by the byte. */
static __always_inline void count_many(u32 row, u64 nr)
{
	struct vmlab_trace_counts *mine = my_counts();

	if (mine && row < VMLAB_TRACE_ROWS)
		mine->count[row] += nr;
}

/* VMLAB_TRACED_*, 0 for who is not. */
static __always_inline u32 traced_as(u32 tgid)
{
	u32 *as = bpf_map_lookup_elem(&traced, &tgid);

	return as ? *as : 0;
}

static __always_inline bool wanted_process(u32 tgid)
{
	if (config.listed)
		return traced_as(tgid) == VMLAB_TRACED_NOW;
	return tgid != config.self;
}

static __always_inline bool wanted_comm(const char *comm)
{
	u32 i;

	if (!config.comm_len)
		return true;
	for (i = 0; i < VMLAB_EVENT_COMM; i++) {
		if (i >= config.comm_len)
			break;
		if (comm[i] != config.comm[i])
			return false;
	}
	return true;
}

/* Is the thread that runs now called as was asked for? */
static __always_inline bool wanted_name(void)
{
	char comm[VMLAB_EVENT_COMM];

	if (!config.comm_len)
		return true;
	bpf_get_current_comm(comm, sizeof(comm));
	return wanted_comm(comm);
}

static __always_inline bool wanted_here(u32 tgid)
{
	return wanted_process(tgid) && wanted_name();
}

/*
 * A wake-up costs more than everything else about an event. The reader looks by itself
 * many times a second; it is woken when the ring fills faster than that.
 */
#define LOOK_EVERY	256

static u32 submitted;

static __always_inline void submit(void *record)
{
	u64 flags = BPF_RB_NO_WAKEUP;

	if (!(++submitted & (LOOK_EVERY - 1)) &&
	    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > config.wake)
		flags = BPF_RB_FORCE_WAKEUP;
	bpf_ringbuf_submit(record, flags);
}

/* The part that all records have, of the thread that runs now. */
static __always_inline void fill_head(struct vmlab_event *head, u32 size, u32 kind, u32 pid,
				      u64 ts)
{
	u64 id = bpf_get_current_pid_tgid();

	head->size = size;
	head->kind = kind;
	head->flags = 0;
	head->pid = pid;
	head->tid = (u32)id;
	head->by = id >> 32;
	head->cpu = bpf_get_smp_processor_id();
	head->ts = ts;
}

/* Room for a record, with what all have; NULL: not to be told, or lost and counted. */
static __always_inline void *begin_event(u32 size, u32 kind, u32 pid, u64 ts)
{
	struct vmlab_event *head;

	if (!config.events)
		return NULL;
	head = bpf_ringbuf_reserve(&events, size, 0);
	if (!head) {
		count_lost();
		return NULL;
	}
	fill_head(head, size, kind, pid, ts);
	return head;
}

#endif /* VMLAB_TRACE_BPF_H */
