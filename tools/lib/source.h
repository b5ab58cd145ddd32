/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.h - the one boundary through which the library takes anything in.
 *
 * Every ioctl answer and every text of /proc comes through here. A source is
 * live, or live and recording, or a recording that answers in place of the
 * machine; whoever asks cannot tell which. An answer is found again by who was
 * asked (the object's name) and what (the question's bytes); the same question
 * asked twice gets the answers in the order in which they came.
 */
#ifndef VMLAB_SOURCE_H
#define VMLAB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vmlab_source;
struct vmlab_object;

/* A source that asks the machine; @record: also keep the answers there, or NULL. */
int vmlab_source_live(const char *record, struct vmlab_source **out);
/*
 * A source that answers from a recording. -EBADMSG: not a recording, or damaged;
 * -EPROTO: of a version this library does not read.
 */
int vmlab_source_replay(const char *path, struct vmlab_source **out);
/* The same from memory, which stays the caller's and must outlive the source. */
int vmlab_source_replay_bytes(const void *bytes, size_t size, struct vmlab_source **out);
/* Ends it; -errno when a recording could not be written completely. */
int vmlab_source_close(struct vmlab_source *source);
bool vmlab_source_is_replay(const struct vmlab_source *source);
/* Nothing is kept and nothing recalled: the order of questions does not matter. */
bool vmlab_source_is_plain(const struct vmlab_source *source);

/* open(2), close-on-exec. *out is closed with vmlab_object_close(). */
int vmlab_object_open(struct vmlab_source *source, const char *path, int flags,
		      struct vmlab_object **out);
/* A descriptor that an ioctl made (-1 from a recording), under a name of its own. */
int vmlab_object_adopt(struct vmlab_source *source, const char *name, int fd,
		       struct vmlab_object **out);
void vmlab_object_close(struct vmlab_object *object);
/* -1 from a recording. */
int vmlab_object_fd(const struct vmlab_object *object);

/**
 * struct vmlab_question - one ioctl
 * @cmd: its number
 * @arg: the struct; the answer comes back in it
 * @size: of @arg
 * @sz_in: bytes at its start that are the question's and that no answer changes
 * @local: where in @arg a value stands that means something in this process only
 *	(a pointer, a descriptor): no part of the question
 * @sz_local: bytes of it, 0 for none
 * @buf: where records go, NULL for none
 * @nr: how many records there are once it is answered, in @arg
 * @rec_size: bytes of a record
 */
struct vmlab_question {
	unsigned long cmd;
	void *arg;
	size_t size;
	size_t sz_in;
	size_t local;
	size_t sz_local;
	void *buf;
	const uint32_t *nr;
	size_t max_recs;
	size_t rec_size;
};

/* 0 or -errno; -ENODATA when the recording does not hold this question. */
int vmlab_object_ask(struct vmlab_object *object, struct vmlab_question *q);
/* The whole file, NUL terminated, free(*out). Its length or -errno. */
ssize_t vmlab_source_text(struct vmlab_source *source, const char *path, char **out);
/* The names in a folder, each followed by a newline, sorted; else as a text. */
ssize_t vmlab_source_names(struct vmlab_source *source, const char *path, char **out);
/*
 * What @compute finds out in a way of its own (by a library that reads files), kept
 * under @name: bytes in *out, free(*out), their number or -errno.
 */
ssize_t vmlab_source_answer(struct vmlab_source *source, const char *name,
			    ssize_t (*compute)(const void *ctx, char **out),
			    const void *ctx, char **out);
/* A number that only the living machine has (a pid): *value is kept, or replaced. */
int vmlab_source_number(struct vmlab_source *source, const char *name, int64_t *value);

#endif /* VMLAB_SOURCE_H */
