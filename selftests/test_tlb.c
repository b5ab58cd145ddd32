// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tlb.c - what `vmlab trace tlb` says of switches and flushes is what happened:
 * against the scheduler's own trace, the register that holds the tag, the kernel's own
 * trace of flushes (x86-64), and ranges that a program (turns.c) took away.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"
#include "tracefs.h"

#define ROUNDS		300
#define MAX_EVENTS	20000
#define PF_KTHREAD	0x00200000
/* Of the tracepoint: where the kernel flushes everything. */
#define ALL		-1

#if defined(__x86_64__)
static const bool is_x86 = true;
#else
static const bool is_x86;
#endif

FIXTURE(tlb)
{
	struct answer a;
	char *trace;
	const char *no_trace;
	unsigned long long start, end;
};

FIXTURE_SETUP(tlb)
{
}

FIXTURE_TEARDOWN(tlb)
{
	free(self->trace);
}

/* Nothing on arm64 passes tlb:tlb_flush, and nothing borrows. */
#if defined(__x86_64__)
#define SWITCHES	"tlb/tlb_flush sched/sched_switch"
#else
#define SWITCHES	"sched/sched_switch"
#endif

/*
 * Traces `turns @what`, @more options, beside the kernel's own trace of @events; again, where
 * it was not whole.
 */
static void run(struct __test_metadata *_metadata, FIXTURE_DATA(tlb) *self, const char *events,
		const char *more, const char *what)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		command_free(&self->a);
		free(self->trace);
		self->no_trace = tracefs_begin(events);
		ASSERT_EQ(NULL, self->no_trace) TH_LOG("%s", self->no_trace);
		command_run(&self->a, "trace tlb --json%s -- turns %s", more, what);
		self->trace = tracefs_end();
		if (self->a.status || line_whole(self->a.out))
			break;
		TH_LOG("left out: %s", line_value(line_last(self->a.out), "skipped"));
	}
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	ASSERT_NE(NULL, self->trace);
	ASSERT_EQ(2, sscanf(line_said(self->a.err, "window"), "window %llu %llu", &self->start,
			    &self->end)) TH_LOG("%.500s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
}

static bool within(FIXTURE_DATA(tlb) *self, unsigned long long ts)
{
	return ts > self->start && ts < self->end;
}

/* Microseconds of the kernel's trace. */
static bool us_within(FIXTURE_DATA(tlb) *self, unsigned long long us)
{
	return us > self->start / 1000 && us < self->end / 1000;
}

/* It has no address space, and takes no tag. */
static bool is_kernel_thread(int pid)
{
	char path[64], text[512] = "", *at;
	unsigned int flags = 0;
	FILE *file;

	if (!pid)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(text, sizeof(text), file)) {
		at = strrchr(text, ')');
		if (at)
			sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %u", &flags);
	}
	fclose(file);
	return flags & PF_KTHREAD;
}

/**
 * struct switched - a switch to one of the two, by the scheduler's trace
 * @pid: to whom
 * @alone: its address space was the last one on that CPU
 * @others: somebody else than the two had one since it ran last
 */
struct switched {
	int pid;
	bool alone;
	bool others;
};

/*
 * The page table that a CPU has loaded changes without a switch of tasks, too: a kernel thread
 * that writes to the kernel's text (a static key) first leaves the address space that it
 * borrowed (use_temporary_mm). The kernel's trace of flushes has it as one for a switch, between
 * the switch to the thread and the one from it.
 */
static bool leaves_what_it_borrowed(const struct tracefs_event *e, int current)
{
	return !strncmp(e->name, "tlb_flush:", 10) && e->pid == current &&
	       strstr(e->args, "flush on task switch");
}

/* Those of @pair on CPU 0 in the window, in order. How many. */
static size_t by_scheduler(FIXTURE_DATA(tlb) *self, const int *pair, struct switched *out,
			   size_t max)
{
	int user = -1, borrower = -1, *threads = calloc(MAX_EVENTS, sizeof(*threads));
	const char *at = self->trace;
	struct tracefs_event e;
	bool others[2] = { true, true };
	size_t nr = 0, nr_threads = 0, i, who;

	while (threads && tracefs_next(&at, &e)) {
		int pid = tracefs_number(&e, "next_pid=");

		if (e.cpu)
			continue;
		if (leaves_what_it_borrowed(&e, borrower))
			user = -1;
		if (strncmp(e.name, "sched_switch:", 13))
			continue;
		borrower = -1;
		for (who = 0; who < 2 && pair[who] != pid; who++)
			;
		if (who < 2 && us_within(self, e.us) && nr < max) {
			out[nr++] = (struct switched){ pid, user == pid, others[who] };
			others[who] = false;
		}
		if (who < 2) {
			user = pid;
			continue;
		}
		/* Asked once for each of them. */
		for (i = 0; i < nr_threads && threads[i] != pid; i++)
			;
		if (i == nr_threads && is_kernel_thread(pid) && nr_threads < MAX_EVENTS)
			threads[nr_threads++] = pid;
		if (i < nr_threads) {
			borrower = pid;
			continue;
		}
		user = pid;
		others[0] = true;
		others[1] = true;
	}
	free(threads);
	return nr;
}

/* One line for each of @told, in order, with an outcome that can be. How many are so. */
static size_t good_switches(struct __test_metadata *_metadata, FIXTURE_DATA(tlb) *self,
			    const struct switched *told, size_t nr, bool tags)
{
	char tag[2][16] = { "", "" };
	const char *line;
	size_t i = 0, good = 0;
	int first = told[0].pid;

	for (line = self->a.out; line && i < nr; line = line_next(line)) {
		const char *outcome = line_value(line, "outcome");
		char *mine;
		bool ok;

		if (!line_is(line, "kind", "switch") || !within(self, line_number(line, "ts")) ||
		    !line_is(line, "scheduled", "true"))
			continue;
		mine = tag[told[i].pid != first];
		ok = line_number(line, "tid") == (unsigned long long)told[i].pid &&
		     line_is(line, "cpu", "0");
		if (told[i].alone)
			ok &= !strcmp(outcome, "stayed");
		else if (!tags)
			ok &= !strcmp(outcome, "flushed");
		else if (!told[i].others)
			ok &= !strcmp(outcome, "kept");
		else
			ok &= !strcmp(outcome, "kept") || !strcmp(outcome, "new") ||
			      !strcmp(outcome, "flushed");
		if (!tags)
			ok &= line_is(line, "tag", "null") && line_is(line, "user_tag", "null") &&
			      line_is(line, "slot", "null");
		else
			ok &= !line_is(line, "tag", "null");
		/* Another tag only where it says so. */
		if (*mine && strcmp(outcome, "new"))
			ok &= line_is(line, "tag", mine);
		snprintf(mine, 16, "%s", line_value(line, "tag"));
		if (!ok)
			TH_LOG("%zu of %zu: to %d, alone %d, others %d: %.*s", i, nr, told[i].pid,
			       told[i].alone, told[i].others, (int)strcspn(line, "\n"), line);
		good += ok;
		i++;
	}
	return good;
}

/* Switches to @pid in the window. */
static long switches_to(FIXTURE_DATA(tlb) *self, int pid)
{
	const char *line;
	long nr = 0;

	for (line = self->a.out; line; line = line_next(line))
		nr += line_is(line, "kind", "switch") && line_is(line, "scheduled", "true") &&
		      within(self, line_number(line, "ts")) &&
		      line_number(line, "tid") == (unsigned long long)pid;
	return nr;
}

/* The last switch to @pid up to @ts, from *line on, which is left where that was looked for. */
static const char *switch_before(const char **line, int pid, unsigned long long ts)
{
	const char *last = NULL;

	for (; *line; *line = line_next(*line)) {
		if (!line_is(*line, "kind", "switch"))
			continue;
		if (line_number(*line, "ts") > ts)
			break;
		if (line_number(*line, "tid") == (unsigned long long)pid)
			last = *line;
	}
	return last;
}

/* What each saw in the register is what the switch before it said. How many are so. */
static size_t good_registers(FIXTURE_DATA(tlb) *self, size_t *nr)
{
	const char *said = line_said(self->a.err, "tag"), *line = NULL, *last = NULL, *next;
	unsigned long long ts;
	size_t good = 0;
	int pid, of = 0;
	long long tag;
	char want[24];

	for (*nr = 0; said && sscanf(said, "tag %d %llu %lld", &pid, &ts, &tag) == 3;
	     said = line_next(said)) {
		++*nr;
		/* Each one's stand in the order in which it saw them. */
		if (pid != of) {
			of = pid;
			line = self->a.out;
			last = NULL;
		}
		next = switch_before(&line, pid, ts);
		last = next ?: last;
		snprintf(want, sizeof(want), "%lld", tag);
		if (last && line_is(last, "tag", tag < 0 ? "null" : want))
			good++;
		else
			fprintf(stderr, "# %.40s: %.300s\n", said, last ?: "");
	}
	return good;
}

static bool machine_has_tags(FIXTURE_DATA(tlb) *self)
{
	return strstr(line_last(self->a.out), "\"flush_on_switch\":false");
}

TEST_F_TIMEOUT(tlb, tells_each_switch_with_its_tag, 600)
{
	struct switched *told = calloc(MAX_EVENTS, sizeof(*told));
	size_t nr, i, nr_looks, of[2] = { 0, 0 };
	char what[32];
	int pair[2];

	ASSERT_NE(NULL, told);
	snprintf(what, sizeof(what), "pingpong %d", ROUNDS);
	run(_metadata, self, SWITCHES, "", what);
	ASSERT_EQ(2, sscanf(line_said(self->a.err, "pair"), "pair %d %d", &pair[0], &pair[1]));
	nr = by_scheduler(self, pair, told, MAX_EVENTS);
	for (i = 0; i < nr; i++)
		of[told[i].pid == pair[1]]++;
	/* Each turn is one switch at least. */
	EXPECT_LE((size_t)ROUNDS - 1, of[0]);
	EXPECT_LE((size_t)ROUNDS - 1, of[1]);
	EXPECT_EQ((long)of[0], switches_to(self, pair[0]));
	EXPECT_EQ((long)of[1], switches_to(self, pair[1]));
	ASSERT_LT(0, nr);
	EXPECT_EQ(nr, good_switches(_metadata, self, told, nr, machine_has_tags(self)));
	EXPECT_EQ(good_registers(self, &nr_looks), nr_looks);
	EXPECT_EQ((size_t)2 * ROUNDS, nr_looks);
	free(told);
	command_free(&self->a);
}

/* A flush that the program meant: where, and what is told of it. */
struct range {
	char name[32];
	unsigned long long start, end;
	long pages;
};

/* The line that tells of @r, at or behind @line. */
static const char *find_flush(FIXTURE_DATA(tlb) *self, const char *line, const struct range *r,
			      const char *pid)
{
	char pages[24];

	snprintf(pages, sizeof(pages), "%ld", r->pages);
	for (; line; line = line_next(line)) {
		if (!line_is(line, "kind", "flush") || !within(self, line_number(line, "ts")) ||
		    !line_is(line, "pid", pid) || !line_is(line, "by", pid))
			continue;
		/* Where it ran before, another CPU is asked to forget it as well. */
		if (is_x86 && !line_is(line, "reason", "local-mm"))
			continue;
		if (!r->end && line_is(line, "whole", "true") &&
		    (is_x86 || line_is(line, "reason", "forked")))
			return line;
		if (r->end && line_number(line, "start") == r->start &&
		    line_number(line, "end") == r->end)
			return line;
	}
	return NULL;
}

static const char *next_range(const char *said, struct range *r)
{
	for (; said; said = line_next(said))
		if (sscanf(said, "range %31s %llx %llx %ld", r->name, &r->start, &r->end,
			   &r->pages) == 4)
			return said;
	return NULL;
}

TEST_F_TIMEOUT(tlb, flushes_have_the_ranges_that_were_taken_away, 600)
{
	const char *said, *line, *found;
	char pid[16], pages[24];
	struct range r;
	int nr = 0;

	run(_metadata, self, "sched/sched_switch", "", "flush");
	snprintf(pid, sizeof(pid), "%s", line_said(self->a.err, "process") + 8);
	pid[strcspn(pid, "\n")] = '\0';
	line = self->a.out;
	for (said = self->a.err; (said = next_range(said, &r)); said = line_next(said)) {
		nr++;
		/* One after the other, in the order in which they were done. */
		found = find_flush(self, line, &r, pid);
		EXPECT_NE(NULL, found) TH_LOG("%s %llx-%llx is not told", r.name, r.start, r.end);
		if (!found)
			continue;
		line = line_next(found);
		EXPECT_STREQ("turns", line_value(found, "comm"));
		EXPECT_STRNE("null", line_value(found, "ip"));
		if (is_x86) {
			snprintf(pages, sizeof(pages), "%ld", r.pages);
			EXPECT_STREQ(r.pages == ALL ? "null" : pages, line_value(found, "pages"));
			EXPECT_STREQ(r.pages == ALL ? "true" : "false", line_value(found, "all"));
		}
		if (!r.end)
			continue;
		EXPECT_EQ(NULL, find_flush(self, line, &r, pid)) TH_LOG("%s is told twice", r.name);
	}
	EXPECT_EQ(7, nr);
	command_free(&self->a);
}

/* Reasons of the tracepoint, as `trace tlb` calls them. */
static const char *const reasons[] = { NULL, NULL, "local", "local-mm", "ipi-sent" };

/*
 * The kernel's next one in the window by @pid, but for those of a switch, and those that
 * another CPU asked for: the kernel tells these of whom they interrupt, we of who asked.
 */
static bool next_flush(FIXTURE_DATA(tlb) *self, const char **at, int pid,
		       struct tracefs_event *out)
{
	while (tracefs_next(at, out))
		if (!strncmp(out->name, "tlb_flush:", 10) && us_within(self, out->us) &&
		    out->pid == pid && tracefs_number(out, " (") >= 2 &&
		    tracefs_number(out, " (") <= 4)
			return true;
	return false;
}

TEST_F_TIMEOUT(tlb, flushes_are_those_of_the_kernels_own_trace, 600)
{
	const char *line, *at;
	struct tracefs_event e;
	long nr = 0, told = 0;
	int pid;

	if (!is_x86)
		SKIP(return, "arm64 does not pass tlb:tlb_flush");
	run(_metadata, self, "tlb/tlb_flush sched/sched_switch", "", "flush");
	ASSERT_EQ(1, sscanf(line_said(self->a.err, "process"), "process %d", &pid));
	at = self->trace;
	for (line = self->a.out; line; line = line_next(line)) {
		long pages, reason;

		if (!line_is(line, "kind", "flush") || !within(self, line_number(line, "ts")) ||
		    line_number(line, "tid") != (unsigned long long)pid ||
		    line_is(line, "reason", "deferred") || line_is(line, "reason", "kernel") ||
		    line_is(line, "reason", "everything") || line_is(line, "reason", "remote") ||
		    line_is(line, "reason", "wrong-cpu"))
			continue;
		told++;
		if (!next_flush(self, &at, pid, &e))
			break;
		nr++;
		pages = tracefs_number(&e, "pages:");
		/* "(3)" is the last word. */
		reason = tracefs_number(&e, " (");
		EXPECT_STREQ(reasons[reason], line_value(line, "reason"));
		EXPECT_STREQ(pages == ALL ? "true" : "false", line_value(line, "all"));
		if (pages != ALL)
			EXPECT_EQ(pages, (long)line_number(line, "pages"));
	}
	EXPECT_LE(7, nr);
	EXPECT_EQ(nr, told);
	EXPECT_FALSE(next_flush(self, &at, pid, &e)) TH_LOG("%.100s is not told", e.args);
	command_free(&self->a);
}

/* How often the kernel says that CPU 1 was made to forget @pages of them, in the window. */
static long remote_by_kernel(FIXTURE_DATA(tlb) *self, long pages)
{
	const char *at = self->trace;
	struct tracefs_event e;
	long nr = 0;

	/* TLB_REMOTE_SHOOTDOWN is 1. */
	while (tracefs_next(&at, &e))
		nr += !strncmp(e.name, "tlb_flush:", 10) && us_within(self, e.us) && e.cpu == 1 &&
		      tracefs_number(&e, " (") == 1 && tracefs_number(&e, "pages:") == pages;
	return nr;
}

/* Lines that say that @pid asked others to forget what @flush tells of. */
static long ipis_sent(FIXTURE_DATA(tlb) *self, const char *flush, const char *pid)
{
	const char *line;
	long nr = 0;

	for (line = self->a.out; line; line = line_next(line))
		nr += line_is(line, "reason", "ipi-sent") && line_is(line, "pid", pid) &&
		      line_is(line, "by", pid) &&
		      line_number(line, "start") == line_number(flush, "start") &&
		      line_number(line, "end") == line_number(flush, "end");
	return nr;
}

TEST_F_TIMEOUT(tlb, another_cpu_says_who_asked, 600)
{
	const char *line, *said;
	long nr = 0, remote = 0;
	struct range r;
	char pid[16];

	if (!is_x86)
		SKIP(return, "arm64 flushes other CPUs without asking them");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "there is one CPU");
	run(_metadata, self, "tlb/tlb_flush", "", "remote");
	snprintf(pid, sizeof(pid), "%s", line_said(self->a.err, "process") + 8);
	pid[strcspn(pid, "\n")] = '\0';
	for (said = self->a.err; (said = next_range(said, &r)); said = line_next(said))
		nr++;
	EXPECT_EQ(8, nr);
	for (line = self->a.out; line; line = line_next(line)) {
		if (!line_is(line, "kind", "flush") || !within(self, line_number(line, "ts")) ||
		    !line_is(line, "reason", "remote") || !line_is(line, "cpu", "1") ||
		    !line_is(line, "pages", "4"))
			continue;
		remote++;
		EXPECT_STREQ(pid, line_value(line, "pid"));
		EXPECT_STREQ(pid, line_value(line, "by"));
		EXPECT_STREQ(pid, line_value(line, "tid"));
		EXPECT_EQ(1, ipis_sent(self, line, pid));
	}
	/* It was in a kernel thread each time just then: that is not to be believed. */
	EXPECT_LT(0, remote);
	EXPECT_EQ(remote_by_kernel(self, 4), remote);
	command_free(&self->a);
}

/* Lines of a kind, with a word. */
static long lines_with(const char *out, const char *kind, const char *key, const char *word)
{
	const char *line;
	long nr = 0;

	for (line = out; line; line = line_next(line))
		nr += line_is(line, "kind", kind) && line_is(line, key, word);
	return nr;
}

TEST_F_TIMEOUT(tlb, totals_are_the_sums_of_what_was_told, 600)
{
	static const char *const outcomes[] = { "stayed", "kept", "flushed", "new" };
	static const char *const words[] = {
		"local-mm", "local", "remote", "ipi-sent", "deferred", "kernel", "gather", "page",
		"forked",
	};
	long sum[4] = { 0 }, here;
	const char *last, *at;
	size_t i;

	run(_metadata, self, "sched/sched_switch", "", "pingpong 20");
	last = line_last(self->a.out);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(lines_with(self->a.out, "switch", "outcome", outcomes[i]),
			  (long)line_number(last, outcomes[i])) TH_LOG("outcome %zu", i);
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		EXPECT_EQ(lines_with(self->a.out, "flush", "reason", words[i]),
			  (long)line_number(last, words[i])) TH_LOG("reason %zu", i);
	}
	/* And those of the processes add up to them. */
	at = strstr(last, "\"processes\":");
	ASSERT_NE(NULL, at);
	while ((at = strstr(at, "{\"pid\":"))) {
		for (i = 0; i < 4; i++)
			sum[i] += line_number(at, outcomes[i]);
		at++;
	}
	for (i = 0; i < 4; i++) {
		here = line_number(last, outcomes[i]);
		EXPECT_EQ(here, sum[i]) TH_LOG("outcome %zu", i);
	}
	/* What there is to be told apart by. */
	if (machine_has_tags(self)) {
		EXPECT_STREQ(is_x86 ? "pcid" : "asid", line_value(last, "by"));
	} else {
		EXPECT_STREQ("null", line_value(last, "by"));
		EXPECT_EQ(0, lines_with(self->a.out, "switch", "outcome", "new"));
		EXPECT_EQ(0, lines_with(self->a.out, "switch", "outcome", "kept"));
	}
	command_free(&self->a);
}

TEST_F_TIMEOUT(tlb, a_recording_says_the_same_again, 600)
{
	struct answer again;
	char file[] = "/tmp/test_tlb.XXXXXX";
	int fd = mkstemp(file);
	char more[64];

	ASSERT_LE(0, fd);
	close(fd);
	unlink(file);
	snprintf(more, sizeof(more), " --record %s", file);
	run(_metadata, self, "sched/sched_switch", more, "flush");
	command_run(&again, "trace tlb --json --replay %s -- turns flush", file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_STREQ(self->a.out, again.out);
	command_free(&again);
	command_free(&self->a);
	unlink(file);
}

TEST_HARNESS_MAIN
