// SPDX-License-Identifier: GPL-2.0-only
/*
 * screen.c - a terminal on which documents take each other's place.
 *
 * A document is rendered into memory, cut to the height of the terminal, and written
 * over the lines of the last one: no line is cleared before what replaces it is there,
 * and what was on the terminal before stays above.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "render.h"

/* Lines that are kept of the end, where lines are left out. */
#define TAIL_LINES	8
#define DEFAULT_ROWS	24

struct render_screen {
	FILE *out;
	FILE *memory;
	char *text;
	size_t size;
	struct render *render;
	struct winsize ws;	/* when it was last drawn */
	size_t drawn;		/* lines then */
};

struct render_screen *render_screen_new(FILE *out)
{
	const char *term = getenv("TERM");
	struct render_screen *screen;

	if (!isatty(fileno(out)) || !term || !*term || !strcmp(term, "dumb"))
		return NULL;
	screen = calloc(1, sizeof(*screen));
	if (screen)
		screen->out = out;
	return screen;
}

static void drop(struct render_screen *screen)
{
	render_free(screen->render);
	if (screen->memory)
		fclose(screen->memory);
	free(screen->text);
	screen->render = NULL;
	screen->memory = NULL;
	screen->text = NULL;
}

void render_screen_free(struct render_screen *screen)
{
	if (!screen)
		return;
	drop(screen);
	free(screen);
}

struct render *render_screen_begin(struct render_screen *screen)
{
	drop(screen);
	screen->memory = open_memstream(&screen->text, &screen->size);
	if (!screen->memory)
		return NULL;
	screen->render = render_new_for(RENDER_AS_TEXT, screen->memory, fileno(screen->out));
	return screen->render;
}

static size_t count_lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

/* Lines [from, to) of the text, each in place of what stood there. */
static void draw_lines(struct render_screen *screen, size_t from, size_t to)
{
	const char *text = screen->text;
	size_t i, len;

	for (i = 0; i < to && *text; i++) {
		len = strcspn(text, "\n");
		if (i >= from)
			fprintf(screen->out, "%.*s\033[K\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* Where the last one began; or, on a terminal that has another size now, at the top. */
static void go_back(struct render_screen *screen, const struct winsize *ws)
{
	if (!screen->drawn)
		return;
	if (ws->ws_row != screen->ws.ws_row || ws->ws_col != screen->ws.ws_col)
		fputs("\033[H\033[2J", screen->out);
	else
		fprintf(screen->out, "\033[%zuA\r", screen->drawn);
}

int render_screen_end(struct render_screen *screen)
{
	struct winsize ws = { .ws_row = DEFAULT_ROWS };
	size_t nr, rows, tail;

	if (render_flush(screen->render) || !screen->text)
		return -ENOMEM;
	if (ioctl(fileno(screen->out), TIOCGWINSZ, &ws) || !ws.ws_row)
		ws.ws_row = DEFAULT_ROWS;
	/* The line below belongs to the cursor. */
	rows = ws.ws_row > 2 ? ws.ws_row - 1 : 1;
	nr = count_lines(screen->text);
	go_back(screen, &ws);
	if (nr <= rows) {
		draw_lines(screen, 0, nr);
		screen->drawn = nr;
	} else {
		tail = rows > 2 * TAIL_LINES ? TAIL_LINES : rows / 2;
		draw_lines(screen, 0, rows - tail - 1);
		fprintf(screen->out, "... %zu lines more\033[K\n", nr - rows + 1);
		draw_lines(screen, nr - tail, nr);
		screen->drawn = rows;
	}
	fputs("\033[J", screen->out);
	screen->ws = ws;
	errno = 0;
	if (fflush(screen->out) || ferror(screen->out))
		return errno ? -errno : -EIO;
	return 0;
}
