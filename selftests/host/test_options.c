// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_options.c - wrong usage: each has status 2, one line that names the command and
 * where help is, and with --json a document that says the same. And what fails for
 * good reasons: status 1, and one line.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "recordings.h"

/* A command line of words between bars, so that words may be anything. */
static void run(struct command_ran *ran, const char *words, bool json)
{
	struct command_line line = { .words = { strdup("vmlab") }, .nr = 1 };
	const char *at = words, *bar = "";

	while (*at || *bar) {
		bar = strchrnul(at, '|');
		line.words[line.nr++] = strndup(at, bar - at);
		if (json && line.nr == 2)
			line.words[line.nr++] = strdup("--json");
		at = *bar ? bar + 1 : bar;
	}
	command_run(ran, &line);
	command_forget(&line);
}

static const char *const wrong[] = {
	"nothing", "--nothing", "Info", "inf", "info |x", "\x1b[31m", "two\nlines",
	"info|1", "info|--", "info|--|true", "info|--nothing", "info|-x", "info|-xyz",
	"info|--json=1", "info|--replay", "info|--record", "info|--run", "info|--run|5",
	"info|--record|a|--replay|b", "info|--help=1",
	"walk", "walk|1", "walk|1|2|3", "walk|0|1000", "walk|-1|1000", "walk|x|1000",
	"walk|1x|1000", "walk||1000", "walk|99999999999|1000", "walk|9999999999999999999999|1000",
	"walk|2147483648|1000", "walk|0x10|1000", "walk|1000|--", "walk|--|true",
	"walk|two\nlines|1000", "walk|\x1b[31m|1000", "walk|\x9b|1000",
	"synonyms", "synonyms|x", "synonyms|1|2x", "synonyms|--all|1", "synonyms|--all|--|true",
	"synonyms|--limit|x|1", "synonyms|--limit|-1|1", "synonyms|--limit|1000001|1",
	"synonyms|--limit", "synonyms|0", "synonyms|--", "homonyms", "homonyms|1",
	"homonyms|1|x", "homonyms|--|true", "frame", "frame|x", "frame|-1", "frame|1|2",
	"frame|1:", "frame|:1000", "frame|x:1000", "frame|0:1000", "frame|1x", "frame|0x",
	"frame|--in||1", "frame|--in|1,x|1", "frame|--in|,|1", "frame|18446744073709551616", "frame|1|--|true",
	"pages", "pages|1|2", "pages|1|2-3|4", "pages|1|-", "pages|1|1000-", "pages|1|-1000",
	"pages|1|1000-x", "pages|1|1000-2000-3000", "pages|1|1000:2000", "pages|0",
	"pages|1|0x-0x", "pages|1|10000000000000000-20000000000000000", "pages|--",
	"pages|--run|x|--|true", "pages|--run|0|--|true", "pages|--run|-5|--|true",
	"pages|--run|1e3|--|true", "pages|--run|99999999999|--|true", "pages|--run||--|true",
	"pages|--run|5|1", "pages|1|a\nb-c", "tables", "tables|1|2", "tables|x", "tables|--",
	"kernel|1", "kernel|--|true", "kernel|1000-2000|3", "kernel|-", "kernel|x-y", "kernel|1-",
	"kernel|10000000000000000-20000000000000000", "kernel|a\nb-c", "kernel|--run|5",
	"threads", "threads|0", "threads|1|2", "threads|x", "threads|--",
	"perms", "perms|0", "perms|1|2", "perms|x", "perms|--",
	"map", "map|0", "map|1|2", "map|x", "map|--",
	"cow", "cow|1", "cow|x|1", "cow|1|x", "cow|0|1", "cow|1|0", "cow|1|2|3", "cow|1|2|1000-",
	"cow|1|2|1000-2000|4", "cow|--|true", "cow|1|--|true", "cow|1|2|--|true", "cow|1|2|1000-0",
	"cow|1|2|--before", "cow|1|2|--run|5", "cow|--before|a|--before|b|--before|c|1|2",
	"cow|1|2|--interval|5", "cow|1|two\nlines",
	"watch", "watch|1", "watch|pages|1", "watch|cow", "watch|cow|1", "watch|cow|1|2|3",
	"watch|map", "watch|map|1|2", "watch|map|--", "watch|cow|--|true", "watch|cow|1|2|--before|x",
	"watch|map|1|--interval|0", "watch|map|1|--interval|x", "watch|map|1|--interval",
	"watch|map|1|--count|0", "watch|map|1|--count|-1", "watch|map|1|--count|99999999999",
	"watch|map|--run|5|--|true",
	"snapshot", "snapshot|1", "snapshot|1|a|b", "snapshot|x|a", "snapshot|--|true",
	"snapshot|a|b|--|true", "snapshot|a|--", "snapshot|1|a|--record|b", "snapshot|1|a|--replay|b",
	"diff", "diff|a", "diff|a|b|c", "diff|a|b|--record|c", "diff|a|b|--replay|c", "diff|a|b|--|true",
	"trace", "trace|nothing", "trace|mprotect|nothing", "trace|fault|nothing", "trace|fault|-p", "trace|fault|-p|0",
	"trace|fault|-p|self", "trace|fault|-p|x", "trace|fault|--class|x", "trace|fault|--class|",
	"trace|fault|--range|5", "trace|fault|--range|5-5", "trace|fault|--range|6-5",
	"trace|fault|--min-ns|-1", "trace|fault|--min-ns|x", "trace|fault|--buffer|3",
	"trace|fault|--buffer|0", "trace|fault|--for|0", "trace|fault|--comm|",
	"trace|fault|--comm|sixteen-letters-", "trace|fault|--", "trace|fault|--run|5|--|true",
	"tags|x", "tags|0", "tags|1|2x", "tags|--", "tags|--run|5|1", "tags|a\nb",
	"lesson|nothing", "lesson|cow|twice", "lesson|cow|--record|x", "lesson|cow|--replay|x",
	"lesson|a\nb",
};

static const char *usage_breaks(const struct command_ran *ran, bool json)
{
	const char *breaks;

	if (ran->status != 2)
		return "not wrong usage";
	breaks = command_breaks(ran, json);
	if (*breaks)
		return breaks;
	if (!json && ran->sz_out)
		return "something on standard output";
	return strstr(ran->err, "see `vmlab") ? "" : "no word of where help is";
}

TEST(wrong_usage_has_status_2_and_one_line)
{
	struct command_ran ran;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		run(&ran, wrong[i], false);
		EXPECT_STREQ("", usage_breaks(&ran, false))
			TH_LOG("%s: %s", wrong[i], ran.err);
		command_done(&ran);
	}
}

TEST(wrong_usage_with_json_is_a_document_too)
{
	struct command_ran ran;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		run(&ran, wrong[i], true);
		EXPECT_STREQ("", usage_breaks(&ran, true))
			TH_LOG("%s: %s", wrong[i], ran.err);
		EXPECT_NE(NULL, strstr(ran.out, "\"code\":\"EUSAGE\""))
			TH_LOG("%s: %s", wrong[i], ran.out);
		command_done(&ran);
	}
}

TEST(no_word_at_all_is_answered_with_help_and_status_2)
{
	struct command_ran ran;

	run(&ran, "", false);
	EXPECT_EQ(2, ran.status);
	EXPECT_EQ(0, ran.sz_out);
	EXPECT_NE(NULL, strstr(ran.err, "Usage: vmlab COMMAND"));
	command_done(&ran);
}

TEST(help_is_no_failure)
{
	static const char *const words[] = {
		"--help", "-h", "help", "info|--help", "walk|-h", "pages|1|--help", "tables|--help",
		"lesson|--help", "map|--help", "perms|--help", "threads|--help", "walk|--json|--help", "cow|--help", "watch|--help",
		"snapshot|--help", "diff|--help", "kernel|--help", "kernel|-h",
		"trace|--help",
	};
	struct command_ran ran;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		run(&ran, words[i], false);
		EXPECT_EQ(0, ran.status)
			TH_LOG("%s: %s", words[i], ran.err);
		EXPECT_EQ(0, ran.sz_err);
		EXPECT_EQ(ran.out, strstr(ran.out, "Usage: vmlab "));
		command_done(&ran);
	}
}

TEST(json_may_be_asked_for_anywhere_and_in_short)
{
	static const char *const words[] = {
		"info|--replay|nowhere|--json", "info|--json|--replay|nowhere",
		"info|--js|--replay|nowhere", "pages|--replay|nowhere|1|--json",
		"walk|1|--json|1000|--replay=nowhere",
	};
	struct command_ran ran;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		run(&ran, words[i], false);
		EXPECT_EQ(1, ran.status);
		EXPECT_STREQ("", command_breaks(&ran, true))
			TH_LOG("%s: %s", words[i], ran.out);
		command_done(&ran);
	}
}

TEST(what_follows_two_dashes_is_a_command_whatever_it_looks_like)
{
	struct command_ran ran;

	run(&ran, "pages|--replay|nowhere|--|true|--json|--nothing", false);
	EXPECT_STREQ("vmlab pages: no such recording: nowhere\n", ran.err);
	EXPECT_EQ(0, ran.sz_out);
	EXPECT_EQ(1, ran.status);
	command_done(&ran);
}

TEST(recording_that_cannot_be_read_is_said_in_one_line)
{
	static const char *const words[] = {
		"info|--replay|nowhere", "info|--replay|/", "info|--replay|/dev/null",
		"info|--replay|", "info|--replay|two\nlines", "info|--replay|\x1b[31m",
		"info|--replay|/proc/self/status", "walk|1|1000|--replay|/etc",
		"pages|1|--replay|\x9b", "map|1|--replay|nowhere",
	};
	struct command_ran ran;
	size_t i;
	int json;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		for (json = 0; json < 2; json++) {
			run(&ran, words[i], json);
			EXPECT_EQ(1, ran.status);
			EXPECT_STREQ("", command_breaks(&ran, json))
				TH_LOG("%s: %s", words[i], ran.err);
			command_done(&ran);
		}
}

TEST(recording_that_cannot_be_written_is_said_in_one_line)
{
	static const char *const words[] = {
		"info|--record|/nowhere/at/all", "info|--record|/", "info|--record|",
		"info|--record|/nowhere/two\nlines",
	};
	struct command_ran ran;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		run(&ran, words[i], false);
		EXPECT_EQ(1, ran.status);
		EXPECT_STREQ("", command_breaks(&ran, false))
			TH_LOG("%s: %s", words[i], ran.err);
		EXPECT_NE(NULL, strstr(ran.err, "record"))
			TH_LOG("%s: %s", words[i], ran.err);
		command_done(&ran);
	}
}

TEST(output_that_cannot_be_written_is_a_failure)
{
	struct command_line line;
	struct recording *all;
	struct command_ran ran;
	size_t nr = recordings_load(&all), i;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd, json;
	char path[32];

	ASSERT_LE(0, full);
	for (i = 0; i < nr; i++)
		for (json = 0; json < 2; json++) {
			if (all[i].fails)
				continue;
			fd = forge_file(all[i].rec.bytes, all[i].rec.size, path);
			recording_command(&all[i], path, json, &line);
			command_run_on(&ran, &line, full);
			EXPECT_EQ(1, ran.status);
			EXPECT_NE(NULL, strstr(ran.err, "space"))
				TH_LOG("%s: %s", all[i].name, ran.err);
			EXPECT_EQ(ran.sz_err - 1, strcspn(ran.err, "\n"));
			command_done(&ran);
			command_forget(&line);
			close(fd);
		}
	close(full);
	recordings_free(all, nr);
}

TEST_HARNESS_MAIN
