/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink.h - where a renderer writes to, piece by piece: a stream, without its price for
 * each piece (a lock, a look at its mode, a call). Listings have millions of pieces;
 * `make bench` (bench_render) says what a run of them costs.
 */
#ifndef RENDER_SINK_H
#define RENDER_SINK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct sink {
	FILE *out;
	int error;	/* -errno of the first that could not be written, or 0 */
	size_t len;
	char buf[8192];
};

static inline void sink_through(struct sink *s, const char *bytes, size_t len)
{
	errno = 0;
	if (fwrite_unlocked(bytes, 1, len, s->out) != len && !s->error)
		s->error = errno ? -errno : -EIO;
}

/* Hands on to the stream what was written so far. */
static inline void sink_push(struct sink *s)
{
	if (s->len)
		sink_through(s, s->buf, s->len);
	s->len = 0;
}

/* Where the next @len bytes go, fewer than the buffer has; its len is the caller's to raise. */
static inline char *sink_room(struct sink *s, size_t len)
{
	if (len > sizeof(s->buf) - s->len)
		sink_push(s);
	return s->buf + s->len;
}

static inline void sink_bytes(struct sink *s, const char *bytes, size_t len)
{
	if (len > sizeof(s->buf) - s->len) {
		sink_push(s);
		if (len > sizeof(s->buf)) {
			sink_through(s, bytes, len);
			return;
		}
	}
	memcpy(s->buf + s->len, bytes, len);
	s->len += len;
}

static inline void sink_text(struct sink *s, const char *text)
{
	sink_bytes(s, text, strlen(text));
}

static inline void sink_char(struct sink *s, char c)
{
	if (s->len == sizeof(s->buf))
		sink_push(s);
	s->buf[s->len++] = c;
}

static inline void sink_blanks(struct sink *s, size_t nr)
{
	size_t some;

	for (; nr; nr -= some) {
		some = nr < 64 ? nr : 64;
		memset(sink_room(s, 64), ' ', some);
		s->len += some;
	}
}

/* Digits of a number take at most this much, with the "0x" of an address and the end. */
#define DIGITS_MAX	24

/* "1234" into @buf, of DIGITS_MAX bytes; returns its length. */
static inline size_t digits_decimal(char *buf, uint64_t num)
{
	char digits[2 * DIGITS_MAX];
	size_t at = DIGITS_MAX;

	/* As most counts are. */
	if (num < 10) {
		buf[0] = (char)('0' + num);
		buf[1] = '\0';
		return 1;
	}
	memset(digits + DIGITS_MAX, 0, DIGITS_MAX);
	do {
		digits[--at] = '0' + num % 10;
		num /= 10;
	} while (num);
	memcpy(buf, digits + at, DIGITS_MAX);
	return DIGITS_MAX - at;
}

/* "1.234" of 1234 into @buf, of DIGITS_MAX bytes; returns its length. */
static inline size_t digits_thousandths(char *buf, uint64_t num)
{
	size_t len = digits_decimal(buf, num / 1000), i;

	for (i = 100; i; i /= 10)
		buf[len + (i == 100 ? 1 : i == 10 ? 2 : 3)] = '0' + num % 1000 / i % 10;
	buf[len] = '.';
	buf[len + 4] = '\0';
	return len + 4;
}

/* "0x12ab" into @buf, of DIGITS_MAX bytes; returns its length. */
static inline size_t digits_hex(char *buf, uint64_t num)
{
	const size_t nibbles = num ? (67 - __builtin_clzll(num)) / 4 : 1;
	char *at = buf + 2 + nibbles;

	buf[0] = '0';
	buf[1] = 'x';
	*at = '\0';
	for (; at > buf + 2; num >>= 4)
		*--at = "0123456789abcdef"[num & 15];
	return 2 + nibbles;
}

#endif /* RENDER_SINK_H */
