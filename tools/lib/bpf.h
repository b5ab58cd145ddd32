/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf.h - what all who load BPF programs have to ask and to say. */
#ifndef VMLAB_BPF_H
#define VMLAB_BPF_H

/*
 * Before the first program: 0, -ENOENT where the kernel has no description of its types
 * (BTF), -EPERM where we may not read it. libbpf is silent from then on.
 */
int vmlab_bpf_begin(void);

/* What it means that loading failed with @err: -ENOMEM, -EPERM, or -EOPNOTSUPP. */
int vmlab_bpf_why(int err);

#endif /* VMLAB_BPF_H */
