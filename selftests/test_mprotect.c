// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_mprotect.c - what `vmlab trace mprotect` says is what happened: against a program
 * that says what it did (motion.c), against strace, which stops at each system call, and
 * against the program headers of the libraries whose RELRO the loader makes read-only.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "command.h"
#include "lines.h"

#define PAGE		4096UL
#define MAX_CALLS	512

#if defined(__x86_64__)
static const bool has_keys = true;
/* mov $42, %eax; ret */
#define CODE	"b\"\\xb8\\x2a\\x00\\x00\\x00\\xc3\""
#else
static const bool has_keys;
/* mov w0, #42; ret */
#define CODE	"b\"\\x40\\x05\\x80\\x52\\xc0\\x03\\x5f\\xd6\""
#endif

FIXTURE(mprotect)
{
	struct answer a;
};

/* Loading takes seconds under emulation. */
FIXTURE_SETUP(mprotect)
{
}

FIXTURE_TEARDOWN(mprotect)
{
	command_free(&self->a);
}

/* The next line of one of the two kinds that is about [start, end), from @line on. */
static const char *find_line(const char *line, const char *kind, unsigned long long start,
			     unsigned long long end)
{
	for (; line; line = line_next(line))
		if (line_is(line, "kind", kind) && line_number(line, "start") == start &&
		    line_number(line, "end") == end)
			return line;
	return NULL;
}

static const char *perms_of(int prot)
{
	static const char *const words[] = {
		"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx",
	};

	return words[prot & 7];
}

TEST_F_TIMEOUT(mprotect, tells_each_call_and_what_it_changed, 300)
{
	char from[8], to[8], finding[32], result[32], pid[24];
	unsigned long long start, end, length;
	const char *said, *line, *found, *ranges_from, *calls_from, *last = NULL;
	int prot, key, entries, calls = 0, ranges = 0;

	command_run(&self->a, "trace mprotect --json -- motion protect");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	snprintf(pid, sizeof(pid), "%s", line_value(self->a.out, "pid"));
	/* In the order in which they were done. */
	ranges_from = self->a.out;
	calls_from = self->a.out;
	for (said = self->a.err; said; said = line_next(said)) {
		if (sscanf(said, "call %llx %llx %d %d %31s", &start, &length, &prot, &key,
			   result) == 5) {
			calls++;
			found = find_line(calls_from, "mprotect-call", start, start + length);
			ASSERT_NE(NULL, found) TH_LOG("%.60s is not told", said);
			calls_from = line_next(found);
			EXPECT_STREQ(result, line_value(found, "result"));
			EXPECT_STREQ(perms_of(prot), line_value(found, "to"));
			EXPECT_STREQ("motion", line_value(found, "comm"));
			EXPECT_STREQ(pid, line_value(found, "tid"));
			EXPECT_EQ(0, strncmp(line_value(found, "by"), "motion", 6))
				TH_LOG("by %s", line_value(found, "by"));
			EXPECT_NE(NULL, strstr(line_value(found, "symbol"), "mprotect"));
			snprintf(from, sizeof(from), "%d", key);
			EXPECT_STREQ(key < 0 ? "null" : from, line_value(found, "pkey"));
		}
		if (sscanf(said, "range %llx %llx %7s %7s %d %31s", &start, &end, from, to,
			   &entries, finding) == 6) {
			ranges++;
			found = find_line(ranges_from, "mprotect", start, end);
			ASSERT_NE(NULL, found) TH_LOG("%.60s is not told", said);
			last = found;
			ranges_from = line_next(found);
			/* A call is over after what it changed. */
			EXPECT_LT(found, calls_from);
			EXPECT_STREQ(from, line_value(found, "from"));
			EXPECT_STREQ(to, line_value(found, "to"));
			EXPECT_STREQ(finding, line_value(found, "finding"))
				TH_LOG("%.80s", said);
			if (entries >= 0)
				EXPECT_EQ(entries, (int)line_number(found, "entries"))
					TH_LOG("%.80s", said);
		}
		if (sscanf(said, "key %llx %d", &start, &key) == 2 && has_keys) {
			/* Of the range that was said before it. */
			ASSERT_NE(NULL, last);
			EXPECT_EQ(start, line_number(last, "start"));
			EXPECT_EQ(0, line_number(last, "pkey_from"));
			EXPECT_EQ(key, (int)line_number(last, "pkey_to"));
		}
	}
	EXPECT_LE(14, calls);
	EXPECT_LE(12, ranges);
	/* Nothing else was changed by it once main() ran. */
	for (line = self->a.out; line; line = line_next(line))
		if (line_is(line, "kind", "mprotect") &&
		    !strncmp(line_value(line, "by"), "motion", 6))
			ranges--;
	EXPECT_EQ(0, ranges);
}

/* Where what strace says of a call begins, from @at on, or NULL. Two calls are never one line. */
static const char *next_straced(const char *at, unsigned long long *length, int *prot, bool *ok)
{
	unsigned long long start;
	const char *call, *result;

	while (at && (call = strstr(at, "mprotect(0x"))) {
		char words[64] = "";

		at = strchr(call, '\n');
		if (sscanf(call, "mprotect(0x%llx, %lli, %63[A-Z_|]", &start, (long long *)length,
			   words) != 3)
			continue;
		*prot = (strstr(words, "PROT_READ") ? PROT_READ : 0) |
			(strstr(words, "PROT_WRITE") ? PROT_WRITE : 0) |
			(strstr(words, "PROT_EXEC") ? PROT_EXEC : 0);
		result = strstr(call, " = ");
		*ok = result && result[3] == '0';
		return at ? at : call + strlen(call);
	}
	return NULL;
}

TEST_F_TIMEOUT(mprotect, misses_nothing_that_strace_sees, 300)
{
	static const char *const programs[] = {
		"ls /", "motion protect", "python3 -c pass", "sh /tmp/test_mprotect.sh",
	};
	char file[] = "/tmp/test_mprotect.XXXXXX", words[256], *traced;
	FILE *script = fopen("/tmp/test_mprotect.sh", "we");
	int fd = mkstemp(file);
	size_t i;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, script);
	/* Children, too. */
	fputs("true\nls / >/dev/null\ncat /dev/null\n", script);
	fclose(script);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *line, *at;
		unsigned long long length = 0;
		int prot = 0, calls = 0, seen = 0;
		bool ok = false;

		snprintf(words, sizeof(words),
			 "strace -f -o %s -e trace=mprotect,pkey_mprotect %s >/dev/null 2>&1",
			 file, programs[i]);
		ASSERT_EQ(0, system(words));
		traced = command_text(open(file, O_RDONLY | O_CLOEXEC));
		ASSERT_NE(NULL, traced);
		command_free(&self->a);
		command_run(&self->a, "trace mprotect --json -- %s", programs[i]);
		ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
		EXPECT_SUMMARY(self->a.out);
		at = traced;
		for (line = self->a.out; line; line = line_next(line)) {
			if (!line_is(line, "kind", "mprotect-call"))
				continue;
			calls++;
			at = next_straced(at, &length, &prot, &ok);
			if (!at)
				break;
			seen++;
			/* Where it lies differs from run to run, nothing else does. */
			EXPECT_EQ(length, line_number(line, "end") - line_number(line, "start"))
				TH_LOG("call %d of %s", calls, programs[i]);
			EXPECT_STREQ(perms_of(prot), line_value(line, "to"));
			EXPECT_EQ(ok, line_is(line, "result", "ok"));
		}
		EXPECT_EQ(calls, seen) TH_LOG("%s", programs[i]);
		EXPECT_EQ(NULL, next_straced(at, &length, &prot, &ok)) TH_LOG("%s", programs[i]);
		EXPECT_LE(2, calls);
		EXPECT_EQ(calls, (int)line_number(line_last(self->a.out), "mprotect-call"));
		free(traced);
	}
	close(fd);
	unlink(file);
	unlink("/tmp/test_mprotect.sh");
}

/* PT_GNU_RELRO of a file, as the loader rounds it, for a file that is loaded at 0. */
static bool relro_of(const char *path, unsigned long long *start, unsigned long long *end)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const Elf64_Ehdr *elf;
	bool found = false;
	int i;

	if (fd < 0 || fstat(fd, &st))
		return false;
	elf = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (elf == MAP_FAILED)
		return false;
	for (i = 0; !memcmp(elf->e_ident, ELFMAG, SELFMAG) && i < elf->e_phnum; i++) {
		const Elf64_Phdr *p = (const Elf64_Phdr *)((const char *)elf + elf->e_phoff) + i;

		if (p->p_type != PT_GNU_RELRO)
			continue;
		*start = p->p_vaddr & ~(PAGE - 1);
		*end = (p->p_vaddr + p->p_memsz) & ~(PAGE - 1);
		found = *start < *end;
	}
	munmap((void *)elf, st.st_size);
	return found;
}

/* The same as binutils say. False where there are none. */
static bool relro_by_readelf(const char *path, unsigned long long *start, unsigned long long *end)
{
	unsigned long long vaddr, size;
	char line[512];
	bool found = false;
	FILE *out;

	snprintf(line, sizeof(line), "readelf -lW %s 2>/dev/null", path);
	out = popen(line, "r");
	while (out && fgets(line, sizeof(line), out)) {
		if (sscanf(line, " GNU_RELRO %*x %llx %*x %*x %llx", &vaddr, &size) != 2)
			continue;
		*start = vaddr & ~(PAGE - 1);
		*end = (vaddr + size) & ~(PAGE - 1);
		found = true;
	}
	if (out)
		pclose(out);
	return found;
}

TEST_F_TIMEOUT(mprotect, relro_is_what_the_program_headers_say, 300)
{
	unsigned long long base, offset, start, end, other_start, other_end;
	const char *said, *found, *line;
	char path[256];
	int images = 0, told = 0;

	command_run(&self->a, "trace mprotect --json -- motion protect");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	for (said = self->a.err; said; said = line_next(said)) {
		if (sscanf(said, "image %llx %llx %255s", &base, &offset, path) != 3 || offset ||
		    !relro_of(path, &start, &end))
			continue;
		found = find_line(self->a.out, "mprotect", base + start, base + end);
		images++;
		if (relro_by_readelf(path, &other_start, &other_end)) {
			EXPECT_EQ(other_start, start);
			EXPECT_EQ(other_end, end);
		}
		ASSERT_NE(NULL, found) TH_LOG("%s is not told at %llx", path, base + start);
		EXPECT_STREQ("GNU_RELRO", line_value(found, "segment"));
		EXPECT_STREQ("rw-", line_value(found, "from"));
		EXPECT_STREQ("r--", line_value(found, "to"));
		EXPECT_STREQ("null", line_value(found, "finding"));
		/* Done by the loader, before it goes to the program. */
		EXPECT_EQ(0, strncmp(line_value(found, "by"), "ld-linux", 8))
			TH_LOG("by %s", line_value(found, "by"));
		/* By name: links and mounts give a file several paths, one last name. */
		EXPECT_STREQ(strrchr(path, '/'), strrchr(line_value(found, "name"), '/'));
	}
	/* The program, the C library, the loader. */
	EXPECT_LE(3, images);
	for (line = self->a.out; line; line = line_next(line))
		told += line_is(line, "segment", "GNU_RELRO");
	EXPECT_EQ(images, told);
}

static const char jit[] =
	"import ctypes, mmap\n"
	"libc = ctypes.CDLL(None, use_errno=True)\n"
	"libc.mmap.restype = ctypes.c_void_p\n"
	"libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]\n"
	"libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]\n"
	"code = " CODE "\n"
	"at = libc.mmap(None, 8192, 3, 0x22, -1, 0)\n"
	"ctypes.memmove(at, code, len(code))\n"
	"assert not libc.mprotect(at, 8192, 5)\n"
	"assert ctypes.CFUNCTYPE(ctypes.c_int)(at)() == 42\n"
	"assert not libc.mprotect(at, 8192, 3)\n"
	"import sys; print('jit %x' % at, file=sys.stderr)\n";

TEST_F_TIMEOUT(mprotect, a_jit_is_seen_to_make_what_it_wrote_executable, 300)
{
	FILE *script = fopen("/tmp/test_mprotect.py", "we");
	unsigned long long at;
	const char *line;

	ASSERT_NE(NULL, script);
	fputs(jit, script);
	fclose(script);
	command_run(&self->a, "trace mprotect --json -- python3 /tmp/test_mprotect.py");
	unlink("/tmp/test_mprotect.py");
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	EXPECT_SUMMARY(self->a.out);
	ASSERT_EQ(1, sscanf(line_said(self->a.err, "jit"), "jit %llx", &at));
	line = find_line(self->a.out, "mprotect", at, at + 8192);
	ASSERT_NE(NULL, line);
	EXPECT_STREQ("rw-", line_value(line, "from"));
	EXPECT_STREQ("r-x", line_value(line, "to"));
	EXPECT_STREQ("w-to-x", line_value(line, "finding"));
	EXPECT_STREQ("null", line_value(line, "segment"));
	EXPECT_STREQ("1", line_value(line, "entries"));
	/* From libffi, by way of the C library. */
	EXPECT_NE(NULL, strstr(line_value(line, "symbol"), "libc.so.6:"));
	EXPECT_NE(NULL, strstr(line_value(line, "by"), "libffi"))
		TH_LOG("by %s", line_value(line, "by"));
	line = find_line(line_next(line), "mprotect", at, at + 8192);
	ASSERT_NE(NULL, line);
	EXPECT_STREQ("x-to-w", line_value(line, "finding"));
}

TEST_F_TIMEOUT(mprotect, a_recording_says_the_same_again, 300)
{
	char file[] = "/tmp/test_mprotect.XXXXXX";
	int fd = mkstemp(file);
	struct answer again;

	ASSERT_LE(0, fd);
	close(fd);
	unlink(file);
	command_run(&self->a, "trace mprotect --json --record %s -- motion protect", file);
	ASSERT_EQ(0, self->a.status) TH_LOG("%s", self->a.err);
	command_run(&again, "trace mprotect --json --replay %s -- motion protect", file);
	EXPECT_EQ(0, again.status) TH_LOG("%s", again.err);
	EXPECT_STREQ(self->a.out, again.out);
	command_free(&again);
	unlink(file);
}

TEST_HARNESS_MAIN
