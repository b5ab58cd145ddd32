// SPDX-License-Identifier: GPL-2.0-only
/*
 * errors.c - what an errno means to the one who typed the command.
 *
 * The same errno asks for different things in different places, so the table has
 * both. "%s" stands for what was asked about.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct {
	enum cli_where where;
	int err;
	const char *message;
} messages[] = {
	{ CLI_AT_SESSION, ENOENT,
	  "the module is not loaded (there is no /dev/vmlab): insmod vmlab.ko, or start a lab with `make lab`" },
	{ CLI_AT_SESSION, EACCES, "not permitted to open /dev/vmlab: run as root" },
	{ CLI_AT_SESSION, EPERM, "not permitted to open /dev/vmlab: run as root" },
	{ CLI_AT_SESSION, ENXIO, "/dev/vmlab is a leftover: load the module again" },
	{ CLI_AT_SESSION, EPROTO,
	  "the loaded module is older than this command: load the vmlab.ko it was built with" },
	{ CLI_AT_SESSION, ENOTTY, "/dev/vmlab is not vmlab's: load vmlab.ko" },
	{ CLI_AT_RECORD, EISDIR, "cannot record to %s: it is a folder" },
	{ CLI_AT_RECORD, ENOENT, "cannot record to %s: no such folder" },
	{ CLI_AT_RECORD, EACCES, "not permitted to write %s" },
	{ CLI_AT_RECORD, ENOSPC, "%s is not complete: no space left" },
	{ CLI_AT_REPLAY, ENOENT, "no such recording: %s" },
	{ CLI_AT_REPLAY, EACCES, "not permitted to read %s" },
	{ CLI_AT_REPLAY, EBADMSG, "%s is not a recording, or is damaged" },
	{ CLI_AT_REPLAY, EPROTO, "%s was recorded by another version of vmlab" },
	{ CLI_AT_TARGET, ENODATA,
	  "the recording does not hold this process: replay the command line that was recorded" },
	{ CLI_AT_LAUNCH, ENODATA,
	  "the recording does not hold a command: replay the command line that was recorded" },
	{ CLI_AT_QUERY, ENODATA,
	  "the recording does not hold this question: replay the command line that was recorded" },
	{ CLI_AT_TARGET, EBADMSG, "the recording is damaged" },
	{ CLI_AT_QUERY, EBADMSG, "the recording is damaged" },
	{ CLI_AT_TARGET, EACCES,
	  "not permitted to look at process %s: the kernel's ptrace rules decide; run as root" },
	{ CLI_AT_TARGET, EPERM,
	  "not permitted to look at process %s: the kernel's ptrace rules decide; run as root" },
	{ CLI_AT_FRAMES, EPERM,
	  "frames are withheld: they take CAP_SYS_ADMIN, as in /proc/PID/pagemap; run as root" },
	{ CLI_AT_FRAMES, ENOENT, "no frame is mapped at %s: see `vmlab walk`" },
	{ CLI_AT_FRAMES, ERANGE, "%s is no frame: there are 2^52 at most" },
	{ CLI_AT_FRAMES, ENOTTY, "the loaded module does not know this query: load a newer one" },
	{ CLI_AT_FRAMES, ENODATA,
	  "the recording does not hold this question: replay the command line that was recorded" },
	{ CLI_AT_FRAMES, EBADMSG, "the recording is damaged" },
	{ CLI_AT_QUERY, ESRCH, "process %s has ended, or runs another program now: ask again" },
	{ CLI_AT_QUERY, EPERM,
	  "not permitted: this shows what takes CAP_SYS_ADMIN, as frames in /proc/PID/pagemap do; run as root" },
	{ CLI_AT_QUERY, ENOTTY, "the loaded module is older than this query: load a newer vmlab.ko" },
	{ CLI_AT_QUERY, EINTR, "interrupted: what is shown is not all" },
	{ CLI_AT_QUERY, ERANGE,
	  "not an address of the user half: see user_end in `vmlab info`" },
	{ CLI_AT_SYMBOL, ENOENT,
	  "no symbol %s in the process's program and libraries (addresses are hexadecimal)" },
	{ CLI_AT_SYMBOL, ENODATA,
	  "the recording does not hold this symbol: replay the command line that was recorded" },
	{ CLI_AT_SYMBOL, ESRCH, "the process has ended, or runs another program now: ask again" },
	{ CLI_AT_HOLE, ERANGE,
	  "the address is not canonical: it lies in the hole between the halves (user_end and kernel_start in `vmlab info`)" },
	{ CLI_AT_KERNEL, EPERM,
	  "the kernel half is for those who opened /dev/vmlab with CAP_SYS_ADMIN, while the kernel is not locked down: run as root" },
	{ CLI_AT_KERNEL, ERANGE, "the range has addresses below kernel_start of `vmlab info`" },
	{ CLI_AT_KERNEL, EINVAL, "start and end must be multiples of the page size, start first" },
	{ CLI_AT_KERNEL, ENOTTY,
	  "the loaded module does not know the kernel half: load a newer one" },
	{ CLI_AT_KERNEL, ENODATA,
	  "the recording does not hold this part of the kernel half: replay the command line that was recorded" },
	{ CLI_AT_KERNEL, EBADMSG, "the recording says what no kernel says: it is damaged or forged" },
	{ CLI_AT_TAGS, EPERM,
	  "root registers are for those who opened /dev/vmlab with CAP_SYS_ADMIN, while the kernel is not locked down: run as root" },
	{ CLI_AT_TAGS, ENOTTY, "the loaded module does not know tags: load a newer one" },
	{ CLI_AT_TAGS, ENODATA,
	  "the recording does not hold this question: replay the command line that was recorded" },
	{ CLI_AT_TAGS, EBADMSG, "the recording is damaged" },
	{ CLI_AT_TAGS, ESRCH, "process %s has ended, or runs another program now: ask again" },
	{ CLI_AT_LAST_PAGE, ERANGE,
	  "the address lies behind user_end of `vmlab info`: the kernel gives that last page to nobody" },
	{ CLI_AT_QUERY, EINVAL, "start and end must be multiples of the page size, start first" },
	{ CLI_AT_QUERY, EOPNOTSUPP, "the loaded module does not know this query: load a newer one" },
	{ CLI_AT_SNAPSHOT, ENODATA,
	  "%s is a recording, but not the one that is needed: make it with `vmlab snapshot`" },
	{ CLI_AT_SNAPSHOT, EBADMSG, "%s is damaged" },
	{ CLI_AT_SNAPSHOT, ESRCH, "%s is of a process that was not there" },
	{ CLI_AT_SNAPSHOT, EPERM, "%s shows no frames: take it as root" },
	{ CLI_AT_SNAPSHOT, EXDEV,
	  "%s cannot be compared: its base pages have another size, or its frames are of another boot" },
	{ CLI_AT_LAUNCH, ENOENT, "no such command: %s" },
	{ CLI_AT_LESSON, ENOENT, "the lesson's program %s is missing: install it beside vmlab" },
	{ CLI_AT_LESSON, EPERM, "a lesson shows frames: run it as root" },
	{ CLI_AT_LESSON, EPIPE, "the lesson's program %s ended early" },
	{ CLI_AT_TRACE, ENOENT,
	  "this kernel has no BTF (/sys/kernel/btf/vmlinux): it takes one built with CONFIG_DEBUG_INFO_BTF" },
	{ CLI_AT_TRACE, EPERM, "not permitted to trace: it takes CAP_BPF and CAP_PERFMON; run as root" },
	{ CLI_AT_TRACE, EACCES,
	  "the kernel is locked down (confidentiality): BPF may not read its memory" },
	{ CLI_AT_TRACE, EOPNOTSUPP,
	  "this kernel does not take the BPF programs (VMLAB_BPF_LOG=1 shows why): fentry or kprobes are missing, or a function they watch" },
	{ CLI_AT_TRACE, ESRCH, "no such process: %s" },
	{ CLI_AT_TIMELINE, EISDIR, "cannot write a timeline to %s: it is a folder" },
	{ CLI_AT_TIMELINE, ENOENT, "cannot write a timeline to %s: no such folder" },
	{ CLI_AT_TIMELINE, EACCES, "not permitted to write %s" },
	{ CLI_AT_TIMELINE, ENOSPC, "%s is not complete: no space left" },
	{ CLI_AT_TIMELINE, EIO, "%s is not complete: it could not be written" },
	{ CLI_AT_TRACE, ELIBBAD,
	  "there is no malloc() in %s: name the file that has it with --library" },
	{ CLI_AT_TRACE, EBADMSG, "the recording is damaged" },
	{ CLI_AT_TRACE, ENODATA,
	  "the recording does not hold this trace: replay the command line that was recorded" },
	{ CLI_AT_LAUNCH, EACCES, "not executable: %s" },
	{ CLI_AT_LAUNCH, ESRCH, "%s ended before there was anything to look at: give it something to do, or leave out --run" },
};

static const char *why_no_target(struct cli *cli)
{
	switch (vmlab_proc_kind(cli->session, cli->pid)) {
	case VMLAB_PROC_NONE:
		return "no such process: %s";
	case VMLAB_PROC_ENDED:
		return "process %s has ended and waits for its parent: it has no address space any more";
	case VMLAB_PROC_KTHREAD:
		return "%s is a kernel thread: it has no address space of its own";
	case VMLAB_PROC_USER:
		break;
	}
	return "process %s has no address space: it is ending";
}

static const char *find(struct cli *cli, enum cli_where where, int err)
{
	size_t i;

	if (where == CLI_AT_TARGET && err == ESRCH)
		return why_no_target(cli);
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].where == where && messages[i].err == err)
			return messages[i].message;
	return NULL;
}

/* The one "%s" of a message, replaced by hand: it comes from a table. */
static void fill(char *buf, size_t size, const char *message, const char *subject)
{
	const char *at = strstr(message, "%s");

	if (!at)
		snprintf(buf, size, "%s", message);
	else
		snprintf(buf, size, "%.*s%s%s", (int)(at - message), message, subject, at + 2);
}

int cli_fail(struct cli *cli, enum cli_where where, int err)
{
	const char *message, *code;
	char subject[256], line[512];

	err = err < 0 ? -err : err;
	if (cli->subject)
		snprintf(subject, sizeof(subject), "%s", cli->subject);
	else if (where == CLI_AT_LAUNCH || where == CLI_AT_LESSON)
		snprintf(subject, sizeof(subject), "%s", cli->cmd_argv[0]);
	else if (where == CLI_AT_RECORD || where == CLI_AT_REPLAY)
		snprintf(subject, sizeof(subject), "%s", cli->record ? cli->record : cli->replay);
	else
		snprintf(subject, sizeof(subject), "%d", (int)cli->pid);
	message = find(cli, where, err);
	fill(line, sizeof(line), message ? message : strerror(err), subject);
	render_plain(line);
	code = strerrorname_np(err);
	fprintf(stderr, "vmlab %s: %s\n", cli->command->name, line);
	if (cli->json && where != CLI_AT_OUTPUT)
		render_error(cli->render, code ? code : "EIO", line);
	return CLI_FAILED;
}
