// SPDX-License-Identifier: GPL-2.0-only
/* plain.c - what of a text may be shown. */
#include <string.h>
#include <wchar.h>

#include "plain.h"

size_t plain_sequence(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char mask, lead, low, high;	/* of lead byte, second byte */
		size_t len;
	} forms[] = {
		{ 0x80, 0x00, 0x00, 0x00, 1 },
		{ 0xff, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xff, 0xed, 0x80, 0x9f, 3 },
		{ 0xff, 0xf0, 0x90, 0xbf, 4 },
		{ 0xff, 0xf4, 0x80, 0x8f, 4 },
		{ 0xe0, 0xc0, 0x80, 0xbf, 2 },
		{ 0xf0, 0xe0, 0x80, 0xbf, 3 },
		{ 0xf8, 0xf0, 0x80, 0xbf, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (forms[i].len == 1)
			return 1;
		if (s[0] == 0xc0 || s[0] == 0xc1 || s[0] > 0xf4 || left < forms[i].len)
			return 0;
		if (s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (k = 2; k < forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* C0, DEL, and C1, which UTF-8 writes as 0xc2 and one more byte. */
static bool is_control(const unsigned char *s, size_t len)
{
	return (len == 1 && (s[0] < 0x20 || s[0] == 0x7f)) ||
	       (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

void plain_text(char *text, bool utf8)
{
	unsigned char *from = (unsigned char *)text, *to = from;
	size_t left = strlen(text), step;

	while (left) {
		step = plain_sequence(from, left);
		if (!step || is_control(from, step) || (step > 1 && !utf8)) {
			*to++ = '?';
			step = step ? step : 1;
		} else {
			memmove(to, from, step);
			to += step;
		}
		from += step;
		left -= step;
	}
	*to = '\0';
}

size_t plain_already(const char *text)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f)
		len++;
	return text[len] ? PLAIN_NOT : len;
}

/* One character: its bytes, and the columns it takes. */
static size_t character(const char *text, size_t left, size_t *columns)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len = mbrtowc(&c, text, left, &state);
	int width;

	*columns = 1;
	if (len == (size_t)-1 || len == (size_t)-2 || !len)
		return 1;
	width = wcwidth(c);
	*columns = width < 0 ? 1 : width;
	return len;
}

size_t plain_columns(const char *text, size_t len)
{
	size_t sum = 0, at = 0, columns;

	while (at < len) {
		/* Most of all text, and a column each. */
		if (!(text[at] & 0x80)) {
			at++;
			sum++;
			continue;
		}
		at += character(text + at, len - at, &columns);
		sum += columns;
	}
	return sum;
}

size_t plain_cut(const char *text, size_t room)
{
	size_t len = strlen(text), at = 0, used = 0, columns, step;

	while (at < len) {
		step = character(text + at, len - at, &columns);
		used += columns;
		if (used > room)
			break;
		at += step;
	}
	return at;
}

size_t plain_fit(const char *text, size_t room)
{
	size_t len = strlen(text), at = 0, used = 0, blank = 0, columns, step;

	while (at < len) {
		step = character(text + at, len - at, &columns);
		if (used + columns > room)
			return blank ? blank : at ? at : step;
		used += columns;
		at += step;
		if (text[at - 1] == ' ')
			blank = at;
	}
	return len;
}
