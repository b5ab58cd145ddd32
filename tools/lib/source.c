// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * source.c - asks the machine, keeps its answers, or answers in its place.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "recording.h"
#include "source.h"

/* Texts and answers are far below; a recording that says more is damaged. */
#define MAX_DATA	(1U << 30)

struct vmlab_source {
	struct vmlab_writer *writer;	/* when recording */
	struct vmlab_reader *reader;	/* when replaying */
};

struct vmlab_object {
	struct vmlab_source *source;
	char *name;
	int fd;
};

int vmlab_source_live(const char *record, struct vmlab_source **out)
{
	struct vmlab_source *source = calloc(1, sizeof(*source));
	int ret;

	*out = NULL;
	if (!source)
		return -ENOMEM;
	if (record) {
		ret = vmlab_writer_open(record, &source->writer);
		if (ret) {
			free(source);
			return ret;
		}
	}
	*out = source;
	return 0;
}

static int replay(struct vmlab_reader *reader, struct vmlab_source **out)
{
	struct vmlab_source *source = calloc(1, sizeof(*source));

	if (!source) {
		vmlab_reader_close(reader);
		return -ENOMEM;
	}
	source->reader = reader;
	*out = source;
	return 0;
}

int vmlab_source_replay(const char *path, struct vmlab_source **out)
{
	struct vmlab_reader *reader;
	int ret;

	*out = NULL;
	ret = vmlab_reader_open(path, &reader);
	return ret ? ret : replay(reader, out);
}

int vmlab_source_replay_bytes(const void *bytes, size_t size, struct vmlab_source **out)
{
	struct vmlab_reader *reader;
	int ret;

	*out = NULL;
	ret = vmlab_reader_parse(bytes, size, &reader);
	return ret ? ret : replay(reader, out);
}

int vmlab_source_close(struct vmlab_source *source)
{
	int ret = 0;

	if (source->writer)
		ret = vmlab_writer_close(source->writer);
	if (source->reader)
		vmlab_reader_close(source->reader);
	free(source);
	return ret;
}

bool vmlab_source_is_replay(const struct vmlab_source *source)
{
	return source->reader;
}

bool vmlab_source_is_plain(const struct vmlab_source *source)
{
	return !source->reader && !source->writer;
}

static void keep(struct vmlab_source *source, uint32_t kind, int32_t result,
		 const void *key, size_t sz_key, const void *data, size_t sz_data)
{
	struct vmlab_record record = {
		.kind = kind,
		.result = result,
		.key = key,
		.sz_key = sz_key,
		.data = data,
		.sz_data = sz_data,
	};

	if (source->writer)
		vmlab_writer_add(source->writer, &record);
}

/* Asked of a recording: its result, or why there is none. */
static int recall(struct vmlab_source *source, uint32_t kind, const void *key,
		  size_t sz_key, struct vmlab_record *record)
{
	int ret = vmlab_reader_find(source->reader, kind, key, sz_key, record);

	if (ret)
		return ret;
	/*
	 * A result that no call gives would be taken for a success; one that is never
	 * kept, EINTR, would be asked again for ever.
	 */
	if (record->result > 0 || record->result < -4095 || record->result == -EINTR ||
	    record->sz_data > MAX_DATA)
		return -EBADMSG;
	return record->result;
}

int vmlab_object_adopt(struct vmlab_source *source, const char *name, int fd,
		       struct vmlab_object **out)
{
	struct vmlab_object *object = calloc(1, sizeof(*object));

	*out = NULL;
	if (!object)
		return -ENOMEM;
	object->source = source;
	object->fd = fd;
	object->name = strdup(name);
	if (!object->name) {
		free(object);
		return -ENOMEM;
	}
	*out = object;
	return 0;
}

int vmlab_object_open(struct vmlab_source *source, const char *path, int flags,
		      struct vmlab_object **out)
{
	struct vmlab_record record;
	int fd = -1, ret;

	*out = NULL;
	if (source->reader) {
		ret = recall(source, VMLAB_RECORD_OPEN, path, strlen(path), &record);
	} else {
		fd = open(path, flags | O_CLOEXEC);
		ret = fd < 0 ? -errno : 0;
		keep(source, VMLAB_RECORD_OPEN, ret, path, strlen(path), NULL, 0);
	}
	if (ret)
		return ret;
	ret = vmlab_object_adopt(source, path, fd, out);
	if (ret && fd >= 0)
		close(fd);
	return ret;
}

void vmlab_object_close(struct vmlab_object *object)
{
	if (!object)
		return;
	if (object->fd >= 0)
		close(object->fd);
	free(object->name);
	free(object);
}

int vmlab_object_fd(const struct vmlab_object *object)
{
	return object->fd;
}

/* Who is asked, and what: without anything that differs from run to run. */
static unsigned char *question_key(const struct vmlab_object *object,
				   const struct vmlab_question *q, size_t *size)
{
	size_t sz_name = strlen(object->name) + 1;
	uint32_t cmd = htole32(q->cmd);
	unsigned char *key = malloc(sz_name + sizeof(cmd) + q->size);

	if (!key)
		return NULL;
	memcpy(key, object->name, sz_name);
	memcpy(key + sz_name, &cmd, sizeof(cmd));
	memcpy(key + sz_name + sizeof(cmd), q->arg, q->size);
	memset(key + sz_name + sizeof(cmd) + q->local, 0, q->sz_local);
	*size = sz_name + sizeof(cmd) + q->size;
	return key;
}

/* Was it this question that was answered? The library goes on from what it asked. */
static bool answers(const struct vmlab_question *q, const unsigned char *data)
{
	const unsigned char *asked = q->arg;
	size_t i;

	for (i = 0; i < q->sz_in; i++)
		if (data[i] != asked[i] && i - q->local >= q->sz_local)
			return false;
	return true;
}

/* The answer's struct, then its records. */
static int unpack(struct vmlab_question *q, const struct vmlab_record *record)
{
	unsigned char local[16];
	size_t records;

	if (record->sz_data < q->size || q->sz_local > sizeof(local) ||
	    !answers(q, record->data))
		return -EBADMSG;
	memcpy(local, (unsigned char *)q->arg + q->local, q->sz_local);
	memcpy(q->arg, record->data, q->size);
	memcpy((unsigned char *)q->arg + q->local, local, q->sz_local);
	if (!q->buf)
		return 0;
	records = record->sz_data - q->size;
	if (*q->nr > q->max_recs || records != (size_t)*q->nr * q->rec_size)
		return -EBADMSG;
	memcpy(q->buf, (const unsigned char *)record->data + q->size, records);
	return 0;
}

static int keep_answer(struct vmlab_source *source, struct vmlab_question *q, int result,
		       const unsigned char *key, size_t sz_key)
{
	size_t records = q->buf && !result ? (size_t)*q->nr * q->rec_size : 0;
	unsigned char *data = malloc(q->size + records);

	if (!data)
		return -ENOMEM;
	memcpy(data, q->arg, q->size);
	memset(data + q->local, 0, q->sz_local);
	if (records)
		memcpy(data + q->size, q->buf, records);
	keep(source, VMLAB_RECORD_ASK, result, key, sz_key, data, q->size + records);
	free(data);
	return 0;
}

int vmlab_object_ask(struct vmlab_object *object, struct vmlab_question *q)
{
	struct vmlab_source *source = object->source;
	struct vmlab_record record;
	unsigned char *key = NULL;
	size_t sz_key = 0;
	int ret, kept = 0;

	if (source->reader || source->writer) {
		key = question_key(object, q, &sz_key);
		if (!key)
			return -ENOMEM;
	}
	if (source->reader) {
		ret = recall(source, VMLAB_RECORD_ASK, key, sz_key, &record);
		if (!ret)
			ret = unpack(q, &record);
	} else {
		ret = ioctl(object->fd, q->cmd, q->arg) < 0 ? -errno : 0;
		/* A question that was broken off will be asked again. */
		if (source->writer && ret != -EINTR)
			kept = keep_answer(source, q, ret, key, sz_key);
	}
	free(key);
	return ret ? ret : kept;
}

static ssize_t read_all(const char *path, char **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 1 << 16, len = 0;
	char *buf, *bigger;
	ssize_t got;

	if (fd < 0)
		return -errno;
	buf = malloc(size);
	if (!buf) {
		close(fd);
		return -ENOMEM;
	}
	for (;;) {
		got = read(fd, buf + len, size - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += got;
		if (len + 1 < size)
			continue;
		bigger = realloc(buf, size *= 2);
		if (!bigger) {
			errno = ENOMEM;
			got = -1;
			break;
		}
		buf = bigger;
	}
	if (got < 0) {
		got = -errno;
		free(buf);
		close(fd);
		return got;
	}
	close(fd);
	buf[len] = '\0';
	*out = buf;
	return len;
}

static ssize_t recall_text(struct vmlab_source *source, const char *path, char **out)
{
	struct vmlab_record record;
	char *text;
	int ret;

	ret = recall(source, VMLAB_RECORD_TEXT, path, strlen(path), &record);
	if (ret)
		return ret;
	text = malloc((size_t)record.sz_data + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, record.data, record.sz_data);
	text[record.sz_data] = '\0';
	*out = text;
	return record.sz_data;
}

ssize_t vmlab_source_answer(struct vmlab_source *source, const char *name,
			    ssize_t (*compute)(const void *ctx, char **out),
			    const void *ctx, char **out)
{
	ssize_t len;

	*out = NULL;
	if (source->reader)
		return recall_text(source, name, out);
	len = compute(ctx, out);
	keep(source, VMLAB_RECORD_TEXT, len < 0 ? len : 0, name, strlen(name), *out,
	     len < 0 ? 0 : len);
	return len;
}

static ssize_t compute_text(const void *path, char **out)
{
	return read_all(path, out);
}

ssize_t vmlab_source_text(struct vmlab_source *source, const char *path, char **out)
{
	return vmlab_source_answer(source, path, compute_text, path, out);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static ssize_t compute_names(const void *path, char **out)
{
	struct dirent **entries;
	ssize_t len = 0;
	size_t room = 1;
	int nr, i;

	nr = scandir(path, &entries, no_dots, versionsort);
	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++)
		room += strlen(entries[i]->d_name) + 1;
	*out = malloc(room);
	if (*out)
		**out = '\0';
	for (i = 0; i < nr; i++) {
		if (*out)
			len += snprintf(*out + len, room - len, "%s\n", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return *out ? len : -ENOMEM;
}

ssize_t vmlab_source_names(struct vmlab_source *source, const char *path, char **out)
{
	return vmlab_source_answer(source, path, compute_names, path, out);
}

int vmlab_source_number(struct vmlab_source *source, const char *name, int64_t *value)
{
	struct vmlab_record record;
	uint64_t bytes;
	int ret;

	if (source->reader) {
		ret = recall(source, VMLAB_RECORD_NUMBER, name, strlen(name), &record);
		if (ret)
			return ret;
		if (record.sz_data != sizeof(bytes))
			return -EBADMSG;
		memcpy(&bytes, record.data, sizeof(bytes));
		*value = (int64_t)le64toh(bytes);
		return 0;
	}
	bytes = htole64((uint64_t)*value);
	keep(source, VMLAB_RECORD_NUMBER, 0, name, strlen(name), &bytes, sizeof(bytes));
	return 0;
}
