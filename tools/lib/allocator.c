// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * allocator.c - which file has the malloc() that a process calls.
 *
 * Programs are put at a place of a file: whoever maps it passes there. A program that has a
 * malloc() of its own (a static one, one that brings its allocator) calls that one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "allocator.h"
#include "session.h"

/* As they are called in every libc, by enum vmlab_alloc_function. */
static const char *const functions[VMLAB_NR_ALLOC_FUNCTIONS] = {
	[VMLAB_ALLOC_MALLOC]		= "malloc",
	[VMLAB_ALLOC_CALLOC]		= "calloc",
	[VMLAB_ALLOC_REALLOC]		= "realloc",
	[VMLAB_ALLOC_FREE]		= "free",
	[VMLAB_ALLOC_POSIX_MEMALIGN]	= "posix_memalign",
	[VMLAB_ALLOC_ALIGNED_ALLOC]	= "aligned_alloc",
	[VMLAB_ALLOC_MEMALIGN]		= "memalign",
	[VMLAB_ALLOC_VALLOC]		= "valloc",
	[VMLAB_ALLOC_PVALLOC]		= "pvalloc",
};

const char *vmlab_alloc_function_name(unsigned int function)
{
	return function < VMLAB_NR_ALLOC_FUNCTIONS ? functions[function] : NULL;
}

static int read_allocator(const char *path, struct vmlab_allocator *out)
{
	size_t i;

	snprintf(out->path, sizeof(out->path), "%s", path);
	memset(out->offsets, 0, sizeof(out->offsets));
	vmlab_elf_places(path, functions, VMLAB_NR_ALLOC_FUNCTIONS, out->offsets);
	if (!out->offsets[VMLAB_ALLOC_MALLOC])
		return -ELIBBAD;
	/* valloc() and pvalloc() may be one place with another name: it is one function. */
	for (i = 0; i < VMLAB_NR_ALLOC_FUNCTIONS; i++) {
		size_t before;

		for (before = 0; before < i; before++)
			if (out->offsets[before] == out->offsets[i])
				out->offsets[i] = 0;
	}
	return 0;
}

static bool is_libc(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libc-2", 6) ||
	       !strncmp(name, "ld-musl-", 8);
}

/* The libc of a process ("self", a number), by its maps; through its own root. */
static int libc_of(const char *process, struct vmlab_allocator *out)
{
	char maps[64], path[PATH_MAX + 64], *line = NULL;
	size_t room = 0;
	int ret = -ELIBBAD;
	FILE *file;

	snprintf(maps, sizeof(maps), "/proc/%s/maps", process);
	file = fopen(maps, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (ret && getline(&line, &room, file) > 0) {
		char *name = strchr(line, '/');

		if (!name)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (!is_libc(name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/root%s", process, name);
		ret = read_allocator(path, out);
	}
	free(line);
	fclose(file);
	return ret;
}

static int of_process(pid_t pid, struct vmlab_allocator *out)
{
	char process[16], exe[48];

	snprintf(process, sizeof(process), "%d", (int)pid);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	if (!read_allocator(exe, out))
		return 0;
	return libc_of(process, out);
}

/* As execvp() finds it. */
static bool find_program(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return !access(path, X_OK);
	}
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");

		snprintf(path, size, "%.*s/%s", (int)len, dirs, name);
		if (!access(path, X_OK))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

static int of_command(const char *name, struct vmlab_allocator *out)
{
	char path[PATH_MAX];

	/* What is not there, or a script, is for the exec to judge. */
	if (find_program(name, path, sizeof(path)) && !read_allocator(path, out))
		return 0;
	return libc_of("self", out);
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

int vmlab_allocators_find(const struct vmlab_trace_options *options, struct vmlab_allocator *out)
{
	size_t i, known;
	int nr = 0, ret;

	if (options->library) {
		ret = read_allocator(options->library, out);
		return ret ? ret : 1;
	}
	for (i = 0; i < options->nr_pids && nr < VMLAB_MAX_ALLOCATORS; i++) {
		ret = of_process(options->pids[i], &out[nr]);
		if (ret)
			return ret;
		for (known = 0; known < (size_t)nr; known++)
			if (same_file(out[known].path, out[nr].path))
				break;
		nr += known == (size_t)nr;
	}
	if (nr)
		return nr;
	ret = options->argv ? of_command(options->argv[0], out) : libc_of("self", out);
	return ret ? ret : 1;
}

int vmlab_allocators_attach(const struct vmlab_allocator *all, size_t nr_all,
			    struct bpf_object *object, struct bpf_link **links, size_t *nr)
{
	struct bpf_program *begins = bpf_object__find_program_by_name(object, "alloc_begins");
	struct bpf_program *ends = bpf_object__find_program_by_name(object, "alloc_ends");
	size_t i, function;

	for (i = 0; i < nr_all; i++) {
		for (function = 0; function < VMLAB_NR_ALLOC_FUNCTIONS; function++) {
			int end;

			/* The end first: a call that begins while this is done has one. */
			for (end = 1; end >= 0 && all[i].offsets[function]; end--) {
				LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = end,
					    .bpf_cookie = function);
				struct bpf_link *link;

				link = bpf_program__attach_uprobe_opts(end ? ends : begins, -1,
								       all[i].path,
								       all[i].offsets[function],
								       &opts);
				if (!link)
					return -errno;
				links[(*nr)++] = link;
			}
		}
	}
	return 0;
}
