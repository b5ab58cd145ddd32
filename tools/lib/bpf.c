// SPDX-License-Identifier: LGPL-2.1-or-later
/* bpf.c - before BPF programs are loaded, and when they cannot be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf.h"

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	/* For who works on bpf/: what the verifier says. */
	if (level == LIBBPF_DEBUG || !getenv("VMLAB_BPF_LOG"))
		return 0;
	return vfprintf(stderr, format, args);
}

int vmlab_bpf_begin(void)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return errno == ENOENT ? -ENOENT : -EPERM;
	libbpf_set_print(silent);
	return 0;
}

int vmlab_bpf_why(int err)
{
	if (err == -ENOMEM || err == -EPERM)
		return err;
	return err == -EACCES ? -EPERM : -EOPNOTSUPP;
}
