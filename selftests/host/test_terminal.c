// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_terminal.c - every recording once more, on terminals of several widths: no
 * line is wider, and colour is there when it should be, and only then.
 */
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <kselftest_harness.h>

#include "recordings.h"

#define ESC "\x1b"

FIXTURE(terminal)
{
	struct recording *all;
	size_t nr;
	int ours;
	int theirs;
	pthread_t reader;
	char *text;		/* what came out at our end */
	size_t len;
};

FIXTURE_SETUP(terminal)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	unsetenv("CLICOLOR_FORCE");
	unsetenv("COLUMNS");
	self->nr = recordings_load(&self->all);
	self->text = malloc(1 << 20);
	ASSERT_NE(NULL, self->text);
}

FIXTURE_TEARDOWN(terminal)
{
	recordings_free(self->all, self->nr);
	free(self->text);
}

#define SELF struct _test_data_terminal

/* A terminal holds a few KiB only: somebody has to read while it is written to. */
static void *read_terminal(void *arg)
{
	SELF *self = arg;
	ssize_t got;

	while ((got = read(self->ours, self->text + self->len, (1 << 20) - self->len - 1)) > 0)
		self->len += got;
	return NULL;
}

/* What recording @r looks like on a terminal of @width columns. */
static const char *on_terminal(SELF *self, const struct recording *r, unsigned short width)
{
	struct winsize ws = { .ws_row = 25, .ws_col = width };
	struct command_line line;
	struct command_ran ran;
	char path[32];
	int fd;

	self->len = 0;
	if (openpty(&self->ours, &self->theirs, NULL, NULL, &ws) ||
	    pthread_create(&self->reader, NULL, read_terminal, self))
		return "";
	fd = forge_file(r->rec.bytes, r->rec.size, path);
	recording_command(r, path, false, &line);
	command_run_on(&ran, &line, self->theirs);
	command_done(&ran);
	command_forget(&line);
	close(fd);
	close(self->theirs);
	pthread_join(self->reader, NULL);
	close(self->ours);
	self->text[self->len] = '\0';
	return self->text;
}

/* The same into a file. */
static char *in_file(const struct recording *r)
{
	struct command_line line;
	struct command_ran ran;
	char path[32], *out;
	int fd;

	fd = forge_file(r->rec.bytes, r->rec.size, path);
	recording_command(r, path, false, &line);
	command_run(&ran, &line);
	out = strdup(ran.out);
	command_done(&ran);
	command_forget(&line);
	close(fd);
	return out;
}

/* Columns that a line takes, without colours and other things that take none. */
static int columns(const char *line, size_t len)
{
	mbstate_t state = { 0 };
	int sum = 0, width;
	size_t step;
	wchar_t c;

	while (len) {
		if (*line == *ESC) {
			step = strcspn(line, "m") + 1;
		} else {
			step = mbrtowc(&c, line, len, &state);
			if (step == (size_t)-1 || step == (size_t)-2 || !step) {
				memset(&state, 0, sizeof(state));
				step = 1;
				sum++;
			} else {
				width = wcwidth(c);
				sum += width > 0 ? width : 0;
			}
		}
		line += step;
		len -= step;
	}
	return sum;
}

/* The widest line of @text; *where: that line. */
static int widest(const char *text, char *where, size_t size)
{
	int max = 0, here;
	size_t len;

	while (*text) {
		len = strcspn(text, "\r\n");
		here = columns(text, len);
		if (here > max) {
			max = here;
			snprintf(where, size, "%.*s", (int)len, text);
		}
		text += len + strspn(text + len, "\r\n");
	}
	return max;
}

TEST_F_TIMEOUT(terminal, has_no_line_that_is_wider, 180)
{
	static const unsigned short widths[] = { 80, 97, 132, 200 };
	char line[1024];
	size_t i, w;

	for (w = 0; w < ARRAY_SIZE(widths); w++)
		for (i = 0; i < self->nr; i++) {
			const char *text = on_terminal(self, &self->all[i], widths[w]);

			EXPECT_GE(widths[w], widest(text, line, sizeof(line)))
				TH_LOG("%s on %u columns: %s", self->all[i].name, widths[w], line);
			/* Something came at all. */
			EXPECT_TRUE(*text || self->all[i].fails);
		}
}

TEST_F_TIMEOUT(terminal, width_is_that_of_COLUMNS_for_a_file, 60)
{
	char line[1024];
	size_t i;

	setenv("COLUMNS", "80", 1);
	for (i = 0; i < self->nr; i++) {
		char *text = in_file(&self->all[i]);

		EXPECT_GE(80, widest(text, line, sizeof(line)))
			TH_LOG("%s: %s", self->all[i].name, line);
		free(text);
	}
}

TEST_F_TIMEOUT(terminal, cuts_nothing_that_goes_into_a_file, 60)
{
	size_t i, seen = 0;

	for (i = 0; i < self->nr; i++) {
		char *text = in_file(&self->all[i]);

		if (strstr(self->all[i].name, "6.1/pages") && !self->all[i].fails &&
		    !strstr(self->all[i].name, "command")) {
			EXPECT_NE(NULL, strstr(text, "/share/states"))
				TH_LOG("%s", self->all[i].name);
			seen++;
		}
		free(text);
	}
	EXPECT_LE(2, seen);
}

static const struct recording *pages(SELF *self)
{
	size_t i;

	for (i = 0; i < self->nr; i++)
		if (!strcmp(self->all[i].name, "6.1/pages"))
			return &self->all[i];
	return &self->all[0];
}

TEST_F(terminal, is_coloured)
{
	EXPECT_NE(NULL, strstr(on_terminal(self, pages(self), 100), ESC "["));
}

TEST_F(terminal, is_not_coloured_with_NO_COLOR)
{
	setenv("NO_COLOR", "1", 1);
	EXPECT_EQ(NULL, strstr(on_terminal(self, pages(self), 100), ESC));
}

TEST_F(terminal, is_coloured_with_an_empty_NO_COLOR)
{
	setenv("NO_COLOR", "", 1);
	EXPECT_NE(NULL, strstr(on_terminal(self, pages(self), 100), ESC "["));
}

TEST_F(terminal, is_not_coloured_with_NO_COLOR_whatever_else_is_asked)
{
	setenv("NO_COLOR", "1", 1);
	setenv("CLICOLOR_FORCE", "1", 1);
	EXPECT_EQ(NULL, strstr(on_terminal(self, pages(self), 100), ESC));
}

TEST_F(terminal, file_is_coloured_with_CLICOLOR_FORCE_and_only_then)
{
	static const struct {
		const char *force;
		bool coloured;
	} cases[] = { { NULL, false }, { "", false }, { "0", false }, { "1", true } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text;

		if (cases[i].force)
			setenv("CLICOLOR_FORCE", cases[i].force, 1);
		text = in_file(pages(self));
		EXPECT_EQ(cases[i].coloured, !!strstr(text, ESC "["))
			TH_LOG("case %zu", i);
		free(text);
	}
}

TEST_HARNESS_MAIN
