// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_screen.c - documents that take each other's place on a terminal: what comes out
 * goes through a terminal of a few rows, made by hand, and what stands there in the end
 * is held against the document.
 */
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "render.h"

#define ROWS	25
#define COLUMNS	80
#define ESCAPE	0x1b

FIXTURE(screen)
{
	int ours;
	FILE *theirs;
	struct render_screen *screen;
	/* The terminal: its lines, and where its cursor is. */
	char line[ROWS][COLUMNS + 1];
	int row;
	size_t column;
	bool unknown;		/* something that is not understood here */
	bool coloured;
	char text[1 << 16];	/* what came since the last look */
};

#define SELF	struct _test_data_screen

FIXTURE_SETUP(screen)
{
	struct winsize ws = { .ws_row = ROWS, .ws_col = COLUMNS };
	int theirs;

	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	ASSERT_EQ(0, openpty(&self->ours, &theirs, NULL, NULL, &ws));
	self->theirs = fdopen(theirs, "w");
	self->screen = render_screen_new(self->theirs);
	ASSERT_NE(NULL, self->screen);
}

FIXTURE_TEARDOWN(screen)
{
	render_screen_free(self->screen);
	fclose(self->theirs);
	close(self->ours);
}

static void line_feed(SELF *self)
{
	if (self->row < ROWS - 1) {
		self->row++;
		return;
	}
	memmove(self->line[0], self->line[1], (ROWS - 1) * sizeof(self->line[0]));
	self->line[ROWS - 1][0] = '\0';
}

/* One sequence after "ESC [": as far as screen.c may use them (ECMA-48). */
static const char *control(SELF *self, const char *at)
{
	int number = strtol(at, (char **)&at, 10), i;

	switch (*at) {
	case 'A':
		self->row = self->row > number ? self->row - number : 0;
		break;
	case 'K':
		self->line[self->row][self->column] = '\0';
		break;
	case 'J':
		self->line[self->row][self->column] = '\0';
		for (i = self->row + 1; i < ROWS; i++)
			self->line[i][0] = '\0';
		break;
	case 'H':
		self->row = 0;
		self->column = 0;
		break;
	case 'm':
		self->coloured = true;
		break;
	default:
		self->unknown = true;
	}
	return at + 1;
}

static void show(SELF *self)
{
	struct pollfd some = { .fd = self->ours, .events = POLLIN };
	const char *at = self->text;
	size_t len = 0;
	ssize_t got;

	/* A terminal hands out what it has got in pieces. */
	while (poll(&some, 1, 50) == 1) {
		got = read(self->ours, self->text + len, sizeof(self->text) - len - 1);
		if (got <= 0)
			break;
		len += got;
	}
	self->text[len] = '\0';
	while (*at) {
		if (*at == ESCAPE && at[1] == '[') {
			at = control(self, at + 2);
			continue;
		}
		if (*at == '\n') {
			line_feed(self);
		} else if (*at == '\r') {
			self->column = 0;
		} else {
			char *line = self->line[self->row];

			/* What lies left of it is there, if only as blanks. */
			if (strlen(line) <= self->column)
				line[self->column + 1] = '\0';
			line[self->column++] = *at;
		}
		at++;
	}
}

/* A document of @nr lines, "NAME 1" and so on. */
static void draw(SELF *self, const char *name, int nr)
{
	struct render *r = render_screen_begin(self->screen);
	int i;

	render_begin(r);
	for (i = 1; i <= nr; i++)
		render_note(r, "%s %d", name, i);
	render_end(r, NULL, NULL);
	if (render_screen_end(self->screen))
		abort();
	show(self);
}

TEST_F(screen, is_for_terminals_that_can_go_back)
{
	FILE *file = fopen("/dev/null", "we");
	struct render_screen *screen;

	EXPECT_EQ(NULL, render_screen_new(file));
	setenv("TERM", "dumb", 1);
	EXPECT_EQ(NULL, render_screen_new(self->theirs));
	unsetenv("TERM");
	EXPECT_EQ(NULL, render_screen_new(self->theirs));
	setenv("TERM", "vt100", 1);
	screen = render_screen_new(self->theirs);
	EXPECT_NE(NULL, screen);
	render_screen_free(screen);
	fclose(file);
}

TEST_F(screen, shows_the_last_document_in_place_of_the_one_before)
{
	draw(self, "first", 5);
	EXPECT_STREQ("first 1", self->line[0]);
	EXPECT_STREQ("first 5", self->line[4]);
	draw(self, "2nd", 5);
	EXPECT_STREQ("2nd 1", self->line[0]);
	EXPECT_STREQ("2nd 5", self->line[4]);
	EXPECT_STREQ("", self->line[5]);
	/* A shorter one leaves nothing of the longer, a longer one finds room. */
	draw(self, "3rd", 2);
	EXPECT_STREQ("3rd 2", self->line[1]);
	EXPECT_STREQ("", self->line[2]);
	EXPECT_STREQ("", self->line[4]);
	draw(self, "4th", 10);
	EXPECT_STREQ("4th 1", self->line[0]);
	EXPECT_STREQ("4th 10", self->line[9]);
	EXPECT_FALSE(self->unknown);
}

TEST_F(screen, what_is_too_long_loses_its_middle)
{
	int i;

	for (i = 0; i < 3; i++) {
		draw(self, "line", 100);
		EXPECT_STREQ("line 1", self->line[0]);
		EXPECT_STREQ("line 100", self->line[ROWS - 2]);
		EXPECT_STREQ("line 93", self->line[ROWS - 9]);
		/* 24 rows, one of them this. */
		EXPECT_STREQ("... 77 lines more", self->line[ROWS - 10]);
		EXPECT_STREQ("line 15", self->line[ROWS - 11]);
		EXPECT_STREQ("", self->line[ROWS - 1]);
	}
	draw(self, "line", ROWS - 1);
	EXPECT_STREQ("line 24", self->line[ROWS - 2]);
	EXPECT_STREQ("line 1", self->line[0]);
}

TEST_F(screen, begins_at_the_top_of_a_terminal_with_another_size)
{
	struct winsize ws = { .ws_row = 10, .ws_col = 40 };

	draw(self, "before", 20);
	ioctl(fileno(self->theirs), TIOCSWINSZ, &ws);
	draw(self, "after", 20);
	EXPECT_STREQ("after 1", self->line[0]);
	EXPECT_STREQ("after 20", self->line[8]);
	EXPECT_STREQ("", self->line[9]);
	EXPECT_FALSE(self->unknown);
}

static void draw_state(SELF *self)
{
	static const struct render_field state = { "state", "state", RENDER_STATE, 0 };
	struct render *r = render_screen_begin(self->screen);

	render_begin(r);
	render_put(r, &state, RENDER_V_TEXT("shared-cow"));
	render_end(r, NULL, NULL);
	if (render_screen_end(self->screen))
		abort();
	show(self);
}

TEST_F(screen, has_colours_unless_NO_COLOR_is_set)
{
	draw_state(self);
	EXPECT_TRUE(self->coloured);
	self->coloured = false;
	setenv("NO_COLOR", "1", 1);
	draw_state(self);
	EXPECT_FALSE(self->coloured);
}

TEST_HARNESS_MAIN
