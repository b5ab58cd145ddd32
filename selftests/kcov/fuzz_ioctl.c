// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_ioctl.c - the module's ioctls, called in ways that nobody thought of: sequences of
 * calls (calls.h) are changed at random, and those that come by something new in the
 * module, as KCOV tells, are changed further. Where the kernel has no KCOV they are
 * as random, and it is said so.
 *
 * Each answer has to be one that the contract permits. What else there is to find the
 * kernel finds: the lab reads its log.
 *
 * usage: fuzz_ioctl [-g] [-n CALLS] [-s SEED] [-o FILE] [CORPUS]
 *        fuzz_ioctl -r HEX
 * -g: fails where it can't be guided, or where no fault can be injected, and when an ioctl
 * was never answered or never refused: what fuzzes must not be weak without a word.
 * CORPUS: what to begin with. -o: what was worth keeping, without what adds nothing.
 * -r: one sequence, as it was printed when something was wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../dice.h"
#include "../ticks.h"
#include "calls.h"
#include "corpus.h"
#include "kcov.h"

/* Of one ioctl, with all that the kernel does below it. */
#define WORDS		(1UL << 20)
/* Seconds for a sequence: a checking kernel on a busy host takes its time. */
#define TOO_LONG	120
#define CHECK_EVERY	256
/* Seconds that a sequence may take without being dear. */
#define DEAR		0.05

static struct {
	struct kcov_text text;
	bool guided;
	unsigned int new;		/* in the sequence under way */
	unsigned long made;
	struct input input;
} self;

static void before(void)
{
	kcov_reset();
}

static void after(void)
{
	const unsigned long *pcs;
	size_t nr = kcov_seen(&pcs);

	if (!self.guided)
		return;
	kcov_mark();
	self.new += corpus_new(&self.text, pcs, nr);
}

static const struct calls_watch watch = { before, after };

static void failed(const char *why)
{
	char text[2 * CALLS_MAX + 1];

	corpus_print(&self.input, text);
	printf("# %s\n# again: fuzz_ioctl -r %s\nnot ok 1 - every answer is one of the contract\n",
	       why, text);
	fflush(stdout);
}

static void too_long(int sig)
{
	(void)sig;
	failed("a call does not come to its end");
	_exit(1);
}

/* The kernel wrote where it had no business, or this program is wrong. */
static void died(int sig)
{
	failed(sig == SIGSEGV ? "a sequence ended in SIGSEGV" : "a sequence ended in SIGBUS");
	_exit(1);
}

static const char *make(void)
{
	const double began = seconds_now();
	const char *why;

	self.new = 0;
	alarm(TOO_LONG);
	why = calls_make(self.input.bytes, self.input.size, &watch, &self.made);
	self.input.cost = (float)(seconds_now() - began);
	return why;
}

/*
 * Is it worth keeping? What has seen something new, and of what takes long only that which has
 * come by a new place: nearly all that there is to find can be had in less. Without
 * guidance, some: else all would be close to the usual.
 */
static bool worth(unsigned int places, uint64_t *dice)
{
	if (!self.guided)
		return self.input.cost < DEAR && !dice_roll(dice, 20);
	return self.new && (self.input.cost < DEAR || places != corpus_places());
}

/* What is kept is tried once more by itself, the shortest first: it stays if it adds. */
static const char *minimize(void)
{
	const size_t nr = corpus_size();
	struct input *all = calloc(nr, sizeof(*all));
	const char *why = NULL;
	size_t i, size;

	if (!all)
		return "there is not enough memory";
	for (i = 0; i < nr; i++)
		all[i] = *corpus_at(i);
	corpus_clear();
	corpus_forget_ways();
	for (size = 1; size <= CALLS_MAX && !why; size++)
		for (i = 0; i < nr && !why; i++) {
			if (all[i].size != size)
				continue;
			self.input = all[i];
			why = make();
			if (self.new)
				corpus_keep(&self.input);
		}
	free(all);
	return why;
}

static void tell(double since)
{
	printf("# %lu calls, %.0f s: %zu sequences kept, %u places of the module, %u ways\n",
	       self.made, seconds_now() - since, corpus_size(), corpus_places(),
	       corpus_ways());
	fflush(stdout);
}

/* What is there already, then changes of it. */
static const char *fuzz(unsigned long calls, uint64_t *dice)
{
	const size_t given = corpus_size();
	unsigned long sequences = 0, told = 0;
	const double began = seconds_now();
	const char *why = NULL;
	size_t i;

	for (i = 0; i < given && !why; i++) {
		self.input = *corpus_at(i);
		why = make();
		corpus_set_cost(i, self.input.cost);
	}
	while (!why && self.made < calls) {
		const unsigned int places = corpus_places();

		self.input = *corpus_choose(dice);
		corpus_mutate(dice, &self.input);
		why = make();
		if (!why && worth(places, dice))
			corpus_keep(&self.input);
		if (!why && !(++sequences % CHECK_EVERY))
			why = calls_leak();
		if (self.made - told >= 10000) {
			told = self.made;
			tell(began);
		}
	}
	tell(began);
	return why;
}

static int usage(void)
{
	fputs("usage: fuzz_ioctl [-g] [-n CALLS] [-s SEED] [-o FILE] [CORPUS]\n"
	      "       fuzz_ioctl -r HEX\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	uint64_t seed = (uint64_t)time(NULL), dice;
	const char *out = NULL, *again = NULL, *why;
	unsigned long calls = 50000;
	uint8_t bytes[CALLS_MAX];
	bool strict = false;
	unsigned int nr;
	int option;

	while ((option = getopt(argc, argv, "gn:s:o:r:")) != -1) {
		switch (option) {
		case 'g':
			strict = true;
			break;
		case 'n':
			calls = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			out = optarg;
			break;
		case 'r':
			again = optarg;
			break;
		default:
			return usage();
		}
	}
	if (!calls || argc - optind > 1 || (again && !corpus_parse(again, &self.input)))
		return usage();

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGALRM, too_long);
	signal(SIGSEGV, died);
	signal(SIGBUS, died);
	signal(SIGPIPE, SIG_IGN);
	printf("TAP version 13\n1..1\n# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	why = kcov_text(&self.text) ?: kcov_start(WORDS);
	self.guided = !why;
	if (why)
		printf("# not guided: %s\n", why);
	/* After it: the descriptors that are open then are those to be known. */
	why = (strict ? why : NULL) ?: calls_setup(seed);
	if (why) {
		printf("# %s\nnot ok 1 - every answer is one of the contract\n", why);
		return 1;
	}
	if (again) {
		calls_be_loud();
		why = make();
	} else {
		for (nr = 0; (self.input.size = (uint16_t)calls_usual(nr, bytes)); nr++) {
			memcpy(self.input.bytes, bytes, self.input.size);
			corpus_keep(&self.input);
		}
		if (optind < argc && corpus_load(argv[optind])) {
			fprintf(stderr, "fuzz_ioctl: %s can't be read, or is no corpus\n", argv[optind]);
			return 2;
		}
		dice = seed * 2654435761u | 1;
		why = fuzz(calls, &dice) ?: calls_leak();
		if (!why && out) {
			why = minimize();
			if (corpus_save(out))
				fprintf(stderr, "fuzz_ioctl: %s can't be written\n", out);
			tell(seconds_now());
		}
	}
	alarm(0);
	calls_tell();
	if (!why && strict && !again)
		why = calls_one_sided();
	if (why) {
		failed(why);
		return 1;
	}
	printf("ok 1 - every answer is one of the contract\n");
	kcov_stop();
	calls_teardown();
	return 0;
}
