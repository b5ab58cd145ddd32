// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * elf.c - program headers and symbols of mapped files, read by libelf.
 *
 * What libelf finds out is what passes the boundary (source.h), not the bytes of
 * the file: a recording holds the two or three answers that were needed.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

/* Program headers of a file that nobody will have; a recording may claim more. */
#define MAX_SEGMENTS	4096

/* What is kept of a file's headers: this, then its segments. */
struct kept_elf {
	uint16_t type;
	uint16_t machine;
	uint8_t class;
	uint8_t zero[3];
	uint32_t nr_segments;
	uint32_t zero2;
};

struct open_elf {
	int fd;
	Elf *elf;
};

static int open_elf(const char *path, struct open_elf *out)
{
	int ret;

	elf_version(EV_CURRENT);
	out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (out->fd < 0)
		return -errno;
	out->elf = elf_begin(out->fd, ELF_C_READ_MMAP, NULL);
	if (out->elf && elf_kind(out->elf) == ELF_K_ELF)
		return 0;
	ret = out->elf ? -ENOEXEC : -EIO;
	elf_end(out->elf);
	close(out->fd);
	return ret;
}

static void close_elf(struct open_elf *elf)
{
	elf_end(elf->elf);
	close(elf->fd);
}

static ssize_t compute_segments(const void *path, char **out)
{
	struct vmlab_segment segment;
	struct kept_elf kept = { 0 };
	struct open_elf file;
	GElf_Ehdr ehdr;
	GElf_Phdr phdr;
	size_t nr, i;
	int ret;

	ret = open_elf(path, &file);
	if (ret)
		return ret;
	ret = -ENOEXEC;
	if (!gelf_getehdr(file.elf, &ehdr) || elf_getphdrnum(file.elf, &nr) ||
	    nr > MAX_SEGMENTS)
		goto close;
	kept.type = ehdr.e_type;
	kept.machine = ehdr.e_machine;
	kept.class = ehdr.e_ident[EI_CLASS];
	kept.nr_segments = nr;
	ret = -ENOMEM;
	*out = malloc(sizeof(kept) + nr * sizeof(segment));
	if (!*out)
		goto close;
	memcpy(*out, &kept, sizeof(kept));
	for (i = 0; i < nr; i++) {
		memset(&segment, 0, sizeof(segment));
		if (gelf_getphdr(file.elf, i, &phdr)) {
			segment.type = phdr.p_type;
			segment.flags = phdr.p_flags;
			segment.offset = phdr.p_offset;
			segment.vaddr = phdr.p_vaddr;
			segment.sz_file = phdr.p_filesz;
			segment.sz_mem = phdr.p_memsz;
		}
		memcpy(*out + sizeof(kept) + i * sizeof(segment), &segment, sizeof(segment));
	}
	ret = sizeof(kept) + nr * sizeof(segment);
close:
	close_elf(&file);
	return ret;
}

int vmlab_elf_read(struct vmlab_session *session, const char *path, struct vmlab_elf *out)
{
	struct kept_elf kept;
	char name[4200], *bytes;
	ssize_t len;

	memset(out, 0, sizeof(*out));
	snprintf(name, sizeof(name), "elf-segments:%s", path);
	len = vmlab_source_answer(session->source, name, compute_segments, path, &bytes);
	if (len < 0)
		return len;
	if ((size_t)len < sizeof(kept))
		goto damaged;
	memcpy(&kept, bytes, sizeof(kept));
	if (kept.nr_segments > MAX_SEGMENTS ||
	    (size_t)len != sizeof(kept) + kept.nr_segments * sizeof(*out->segments))
		goto damaged;
	out->type = kept.type;
	out->machine = kept.machine;
	out->class = kept.class;
	out->nr_segments = kept.nr_segments;
	out->segments = malloc(kept.nr_segments * sizeof(*out->segments) + 1);
	if (!out->segments) {
		free(bytes);
		return -ENOMEM;
	}
	memcpy(out->segments, bytes + sizeof(kept), len - sizeof(kept));
	free(bytes);
	return 0;

damaged:
	free(bytes);
	return -EBADMSG;
}

void vmlab_elf_free(struct vmlab_elf *elf)
{
	free(elf->segments);
	memset(elf, 0, sizeof(*elf));
}

struct symbol_question {
	const char *path;
	const char *name;
};

/* The value of @name in one symbol table; false where it is not, or undefined. */
static bool find_in(Elf *elf, Elf_Scn *section, const char *name, uint64_t *value)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr shdr;
	GElf_Sym sym;
	size_t nr, i;

	if (!data || !gelf_getshdr(section, &shdr) || !shdr.sh_entsize)
		return false;
	nr = shdr.sh_size / shdr.sh_entsize;
	for (i = 0; i < nr; i++) {
		const char *found;

		if (!gelf_getsym(data, i, &sym) || sym.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(sym.st_info) == STT_TLS ||
		    GELF_ST_TYPE(sym.st_info) == STT_FILE)
			continue;
		found = elf_strptr(elf, shdr.sh_link, sym.st_name);
		if (found && !strcmp(found, name)) {
			*value = sym.st_value;
			return true;
		}
	}
	return false;
}

static ssize_t compute_symbol(const void *ctx, char **out)
{
	const struct symbol_question *q = ctx;
	Elf_Scn *section = NULL;
	struct open_elf file;
	bool found = false;
	GElf_Shdr shdr;
	uint64_t value;
	int ret;

	ret = open_elf(q->path, &file);
	if (ret)
		return ret;
	while (!found && (section = elf_nextscn(file.elf, section)))
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			found = find_in(file.elf, section, q->name, &value);
	close_elf(&file);
	if (!found)
		return -ENOENT;
	*out = malloc(sizeof(value));
	if (!*out)
		return -ENOMEM;
	memcpy(*out, &value, sizeof(value));
	return sizeof(value);
}

int vmlab_elf_symbol(struct vmlab_session *session, const char *path, const char *name,
		     uint64_t *value)
{
	struct symbol_question q = { .path = path, .name = name };
	char key[4400], *bytes;
	ssize_t len;

	snprintf(key, sizeof(key), "elf-symbol:%s:%s", path, name);
	len = vmlab_source_answer(session->source, key, compute_symbol, &q, &bytes);
	if (len < 0)
		return len;
	if (len == sizeof(*value))
		memcpy(value, bytes, sizeof(*value));
	free(bytes);
	return len == sizeof(*value) ? 0 : -EBADMSG;
}

struct vmlab_symtab {
	char *path;
	bool read;		/* the file has been looked at */
	size_t nr;
	size_t room;
	struct one_symbol {
		uint64_t value;
		uint64_t size;
		char *name;
	} *symbols;
};

struct vmlab_symtab *vmlab_symtab_new(const char *path)
{
	struct vmlab_symtab *symtab = calloc(1, sizeof(*symtab));

	if (!symtab)
		return NULL;
	symtab->path = strdup(path);
	if (!symtab->path) {
		free(symtab);
		return NULL;
	}
	return symtab;
}

void vmlab_symtab_free(struct vmlab_symtab *symtab)
{
	size_t i;

	if (!symtab)
		return;
	for (i = 0; i < symtab->nr; i++)
		free(symtab->symbols[i].name);
	free(symtab->symbols);
	free(symtab->path);
	free(symtab);
}

static void add_symbol(struct vmlab_symtab *symtab, const GElf_Sym *sym, const char *name)
{
	struct one_symbol *more;

	if (symtab->nr == symtab->room) {
		more = realloc(symtab->symbols, (symtab->room + 1024) * sizeof(*more));
		if (!more)
			return;
		symtab->symbols = more;
		symtab->room += 1024;
	}
	more = &symtab->symbols[symtab->nr];
	more->value = sym->st_value;
	more->size = sym->st_size;
	more->name = strdup(name);
	if (more->name)
		symtab->nr++;
}

/* Functions and what else has code: what an instruction pointer can lie in. */
static void add_symbols(struct vmlab_symtab *symtab, Elf *elf, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr shdr;
	GElf_Sym sym;
	size_t nr, i;

	if (!data || !gelf_getshdr(section, &shdr) || !shdr.sh_entsize)
		return;
	nr = shdr.sh_size / shdr.sh_entsize;
	for (i = 0; i < nr; i++) {
		const char *name;
		unsigned int type;

		if (!gelf_getsym(data, i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		type = GELF_ST_TYPE(sym.st_info);
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		name = elf_strptr(elf, shdr.sh_link, sym.st_name);
		if (name && *name && *name != '$')
			add_symbol(symtab, &sym, name);
	}
}

/* Where several begin, the one with the longest extent, then by name, whatever the file's order. */
static int by_value(const void *a, const void *b)
{
	const struct one_symbol *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(y->name, x->name);
}

static void read_symbols(struct vmlab_symtab *symtab)
{
	Elf_Scn *section = NULL;
	struct open_elf file;
	GElf_Shdr shdr;

	symtab->read = true;
	if (open_elf(symtab->path, &file))
		return;
	while ((section = elf_nextscn(file.elf, section)))
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			add_symbols(symtab, file.elf, section);
	close_elf(&file);
	qsort(symtab->symbols, symtab->nr, sizeof(*symtab->symbols), by_value);
}

struct name_question {
	struct vmlab_symtab *symtab;
	uint64_t value;
};

/* The offset in 8 bytes, then the name. */
static ssize_t compute_name(const void *ctx, char **out)
{
	const struct name_question *q = ctx;
	struct vmlab_symtab *symtab = q->symtab;
	size_t low = 0, high, len;
	const struct one_symbol *s;
	uint64_t offset;

	if (!symtab->read)
		read_symbols(symtab);
	high = symtab->nr;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (symtab->symbols[mid].value <= q->value)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return -ENOENT;
	s = &symtab->symbols[low - 1];
	offset = q->value - s->value;
	/* Assembly may say no size; what has one does not go on behind it. */
	if (s->size && offset >= s->size)
		return -ENOENT;
	len = strlen(s->name);
	*out = malloc(sizeof(offset) + len);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, &offset, sizeof(offset));
	memcpy(*out + sizeof(offset), s->name, len);
	return sizeof(offset) + len;
}

int vmlab_symtab_name(struct vmlab_session *session, struct vmlab_symtab *symtab,
		      uint64_t value, char *name, size_t size, uint64_t *offset)
{
	struct name_question q = { .symtab = symtab, .value = value };
	char key[4400], *bytes;
	ssize_t len;

	snprintf(key, sizeof(key), "elf-name:%s:%" PRIx64, symtab->path, value);
	len = vmlab_source_answer(session->source, key, compute_name, &q, &bytes);
	if (len < 0)
		return len;
	if ((size_t)len <= sizeof(*offset)) {
		free(bytes);
		return -EBADMSG;
	}
	memcpy(offset, bytes, sizeof(*offset));
	snprintf(name, size, "%.*s", (int)(len - sizeof(*offset)), bytes + sizeof(*offset));
	free(bytes);
	return 0;
}
