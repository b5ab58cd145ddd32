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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
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

	*out = (struct open_elf) { .fd = -1 };
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

/* A copy as an answer to be kept, and its size. */
static ssize_t give(const void *answer, size_t size, char **out)
{
	*out = malloc(size);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, answer, size);
	return size;
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

/* Sections of a file that nobody will have; a recording may claim more. */
#define MAX_SECTIONS	65536

static int by_address(const void *a, const void *b)
{
	const struct vmlab_section *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size);
}

static ssize_t compute_sections(const void *path, char **out)
{
	struct vmlab_section *sections = NULL, *more;
	Elf_Scn *section = NULL;
	struct open_elf file;
	size_t nr = 0, names;
	GElf_Shdr shdr;
	int ret;

	ret = open_elf(path, &file);
	if (ret)
		return ret;
	if (elf_getshdrstrndx(file.elf, &names)) {
		close_elf(&file);
		return -ENOEXEC;
	}
	while (nr < MAX_SECTIONS && (section = elf_nextscn(file.elf, section))) {
		const char *name;

		/* .tbss takes no room in memory but that of what follows it. */
		if (!gelf_getshdr(section, &shdr) || !(shdr.sh_flags & SHF_ALLOC) ||
		    ((shdr.sh_flags & SHF_TLS) && shdr.sh_type == SHT_NOBITS))
			continue;
		more = realloc(sections, (nr + 1) * sizeof(*more));
		if (!more) {
			free(sections);
			close_elf(&file);
			return -ENOMEM;
		}
		sections = more;
		more = &sections[nr++];
		memset(more, 0, sizeof(*more));
		more->vaddr = shdr.sh_addr;
		more->size = shdr.sh_size;
		more->flags = shdr.sh_flags;
		more->type = shdr.sh_type;
		name = elf_strptr(file.elf, names, shdr.sh_name);
		snprintf(more->name, sizeof(more->name), "%s", name ? name : "");
	}
	close_elf(&file);
	if (nr)
		qsort(sections, nr, sizeof(*sections), by_address);
	*out = (char *)sections;
	return nr * sizeof(*sections);
}

ssize_t vmlab_elf_sections(struct vmlab_session *session, const char *path,
			   struct vmlab_section **out)
{
	char key[4200], *bytes;
	size_t nr, i;
	ssize_t len;

	*out = NULL;
	snprintf(key, sizeof(key), "elf-sections:%s", path);
	len = vmlab_source_answer(session->source, key, compute_sections, path, &bytes);
	if (len < 0)
		return len;
	nr = len / sizeof(**out);
	if (len % sizeof(**out) || nr > MAX_SECTIONS) {
		free(bytes);
		return -EBADMSG;
	}
	*out = (struct vmlab_section *)bytes;
	for (i = 0; i < nr; i++)
		(*out)[i].name[sizeof((*out)[i].name) - 1] = '\0';
	return nr;
}

/* ---- what the loader has bound -------------------------------------------- */

struct binding_question {
	const char *path;
	pid_t pid;
	uint64_t bias;
	unsigned int page_shift;
};

/* What of the dynamic section counts here. */
struct dynamic {
	uint64_t jmprel;
	uint64_t sz_jmprel;
	bool rela;
	bool bind_now;
};

/* A type of relocation: a slot that is bound to a function. */
static const struct {
	uint16_t machine;
	uint32_t type;
} jump_slots[] = {
	{ EM_X86_64, R_X86_64_JUMP_SLOT },
	{ EM_386, R_386_JMP_SLOT },
	{ EM_AARCH64, R_AARCH64_JUMP_SLOT },
	{ EM_ARM, R_ARM_JUMP_SLOT },
	{ EM_RISCV, R_RISCV_JUMP_SLOT },
};

static bool is_jump_slot(uint16_t machine, uint32_t type)
{
	size_t i;

	for (i = 0; i < sizeof(jump_slots) / sizeof(jump_slots[0]); i++)
		if (jump_slots[i].machine == machine && jump_slots[i].type == type)
			return true;
	return false;
}

/* Bytes of the file that are loaded at @vaddr, @len of them, as the @type they are. */
static Elf_Data *loaded(Elf *elf, uint64_t vaddr, uint64_t len, Elf_Type type)
{
	GElf_Phdr phdr;
	size_t nr, i;

	if (elf_getphdrnum(elf, &nr))
		return NULL;
	for (i = 0; i < nr; i++)
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_LOAD &&
		    vaddr >= phdr.p_vaddr && vaddr - phdr.p_vaddr < phdr.p_filesz &&
		    len <= phdr.p_filesz - (vaddr - phdr.p_vaddr))
			return elf_getdata_rawchunk(elf, phdr.p_offset + (vaddr - phdr.p_vaddr),
						    len, type);
	return NULL;
}

static int read_dynamic(Elf *elf, struct dynamic *out)
{
	Elf_Data *data = NULL;
	GElf_Phdr phdr;
	GElf_Dyn dyn;
	size_t nr, i;
	int j;

	memset(out, 0, sizeof(*out));
	if (elf_getphdrnum(elf, &nr))
		return -ENOENT;
	for (i = 0; i < nr && !data; i++)
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_DYNAMIC)
			data = elf_getdata_rawchunk(elf, phdr.p_offset, phdr.p_filesz, ELF_T_DYN);
	if (!data)
		return -ENOENT;
	for (j = 0; gelf_getdyn(data, j, &dyn) && dyn.d_tag != DT_NULL; j++)
		switch (dyn.d_tag) {
		case DT_JMPREL:
			out->jmprel = dyn.d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			out->sz_jmprel = dyn.d_un.d_val;
			break;
		case DT_PLTREL:
			out->rela = dyn.d_un.d_val == DT_RELA;
			break;
		case DT_BIND_NOW:
			out->bind_now = true;
			break;
		case DT_FLAGS:
			out->bind_now |= !!(dyn.d_un.d_val & DF_BIND_NOW);
			break;
		case DT_FLAGS_1:
			out->bind_now |= !!(dyn.d_un.d_val & DF_1_NOW);
			break;
		}
	return 0;
}

/* Words of a process's memory. */
struct words {
	struct vmlab_memory memory;
	size_t size;		/* of a word */
};

/* A slot is lazy as long as it holds what the file has there: the way to the linker. */
static void look_at_slot(Elf *elf, const struct words *w, uint64_t bias, uint64_t slot,
			 struct vmlab_binding *out)
{
	Elf_Data *data = loaded(elf, slot, w->size, ELF_T_BYTE);
	uint64_t now = 0, initial = 0;

	if (!data) {
		out->unread++;
		return;
	}
	memcpy(&initial, data->d_buf, w->size);
	switch (vmlab_memory_read(&w->memory, slot + bias, &now, w->size)) {
	case VMLAB_MEMORY_UNTOUCHED:
		out->lazy++;
		break;
	case VMLAB_MEMORY_UNREAD:
		out->unread++;
		break;
	case VMLAB_MEMORY_READ:
		initial += bias;
		if (w->size == 4)
			initial &= UINT32_MAX;
		out->lazy += initial == now;
		break;
	}
}

static void look_at_slots(Elf *elf, const GElf_Ehdr *ehdr, const struct dynamic *dynamic,
			  const struct words *w, uint64_t bias, struct vmlab_binding *out)
{
	Elf_Data *data = loaded(elf, dynamic->jmprel, dynamic->sz_jmprel,
				dynamic->rela ? ELF_T_RELA : ELF_T_REL);
	GElf_Rela rela;
	GElf_Rel rel;
	int i;

	for (i = 0; data; i++) {
		uint64_t at, info;

		if (dynamic->rela) {
			if (!gelf_getrela(data, i, &rela))
				return;
			at = rela.r_offset;
			info = rela.r_info;
		} else {
			if (!gelf_getrel(data, i, &rel))
				return;
			at = rel.r_offset;
			info = rel.r_info;
		}
		if (!out->last || at < out->first)
			out->first = at;
		if (at > out->last)
			out->last = at;
		if (!is_jump_slot(ehdr->e_machine, GELF_R_TYPE(info)))
			continue;
		out->slots++;
		look_at_slot(elf, w, bias, at, out);
	}
}

static ssize_t compute_binding(const void *ctx, char **out)
{
	const struct binding_question *q = ctx;
	struct vmlab_binding binding = { 0 };
	struct words w;
	struct dynamic dynamic;
	struct open_elf file;
	GElf_Ehdr ehdr;
	int ret;

	ret = open_elf(q->path, &file);
	if (ret)
		return ret;
	ret = gelf_getehdr(file.elf, &ehdr) ? read_dynamic(file.elf, &dynamic) : -ENOEXEC;
	if (!ret) {
		w.size = ehdr.e_ident[EI_CLASS] == ELFCLASS32 ? 4 : 8;
		vmlab_memory_open(&w.memory, q->pid, q->page_shift);
		binding.bind_now = dynamic.bind_now;
		look_at_slots(file.elf, &ehdr, &dynamic, &w, q->bias, &binding);
		vmlab_memory_close(&w.memory);
	}
	close_elf(&file);
	if (ret)
		return ret;
	return give(&binding, sizeof(binding), out);
}

int vmlab_elf_binding(struct vmlab_session *session, const char *path, pid_t pid,
		      uint64_t bias, struct vmlab_binding *out)
{
	struct binding_question q = {
		.path = path,
		.pid = pid,
		.bias = bias,
		.page_shift = session->info.out_page_shift,
	};
	char key[4400], *bytes;
	ssize_t len;

	memset(out, 0, sizeof(*out));
	snprintf(key, sizeof(key), "elf-binding:%s:%d:%" PRIx64, path, (int)pid, bias);
	len = vmlab_source_answer(session->source, key, compute_binding, &q, &bytes);
	if (len < 0)
		return len;
	/* A flag may be any byte in a recording: only through memory of our own. */
	if (len == sizeof(*out)) {
		bool now = bytes[offsetof(struct vmlab_binding, bind_now)];

		bytes[offsetof(struct vmlab_binding, bind_now)] = now;
		memcpy(out, bytes, sizeof(*out));
	}
	free(bytes);
	return len == sizeof(*out) ? 0 : -EBADMSG;
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
	return give(&value, sizeof(value), out);
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

/* Of a value, by the segment that has it; 0: it is in none. */
static uint64_t place_of(Elf *elf, uint64_t value)
{
	GElf_Phdr phdr;
	size_t nr, i;

	if (elf_getphdrnum(elf, &nr) || nr > MAX_SEGMENTS)
		return 0;
	for (i = 0; i < nr; i++)
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_LOAD &&
		    value >= phdr.p_vaddr && value - phdr.p_vaddr < phdr.p_filesz)
			return value - phdr.p_vaddr + phdr.p_offset;
	return 0;
}

void vmlab_elf_places(const char *path, const char *const *names, size_t nr, uint64_t *offsets)
{
	Elf_Scn *section = NULL;
	struct open_elf file;
	GElf_Shdr shdr;
	uint64_t value;
	size_t i;

	if (open_elf(path, &file))
		return;
	while ((section = elf_nextscn(file.elf, section))) {
		if (!gelf_getshdr(section, &shdr) ||
		    (shdr.sh_type != SHT_SYMTAB && shdr.sh_type != SHT_DYNSYM))
			continue;
		for (i = 0; i < nr; i++)
			if (!offsets[i] && find_in(file.elf, section, names[i], &value))
				offsets[i] = place_of(file.elf, value);
	}
	close_elf(&file);
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
