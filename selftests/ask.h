/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ask.h - the module's ioctls as bare as they can be asked.
 *
 * For tests of the contract itself: no library between them and the kernel.
 */
#ifndef SELFTESTS_ASK_H
#define SELFTESTS_ASK_H

#include <stdint.h>
#include <sys/types.h>

#include <vmlab.h>

#define NODE	"/dev/vmlab"
/* Where addresses end that are given without being asked for: however many levels. */
#if defined(__x86_64__)
#define LOW_END	((1UL << 47) - 4096)
#elif defined(__aarch64__)
#define LOW_END	(1UL << 48)
#endif

/* 0 or -errno. */
int ask(int fd, unsigned int cmd, void *arg);

/* /proc/PID/pagemap, or that of the caller for pid 0. A descriptor or -errno. */
int ask_pagemap(pid_t pid);

/* OPEN with any descriptor. The target's descriptor or -errno. */
int ask_open(int node, int fd);

/* The target of process @pid, or of the caller for 0. A descriptor or -errno. */
int ask_target(int node, pid_t pid);

/* A SCAN of [start, end) into nr records, ready to be changed and asked. */
struct vmlab_scan ask_scan(uint64_t start, uint64_t end, void *buf, uint32_t nr);

/* The same for VMAS. */
struct vmlab_vmas ask_vmas(uint64_t start, uint64_t end, void *buf, uint32_t nr);
/* And for TABLES. */
struct vmlab_tables ask_tables(uint64_t start, uint64_t end, void *buf, uint32_t nr);

/* And for FRAMES, by number. */
struct vmlab_frames ask_frame_list(uint64_t start, uint64_t end, void *buf, uint32_t nr);

/* And for CPUS: all of them. */
struct vmlab_cpus ask_cpus(void *buf, uint32_t nr);

/* Descriptors open in this process. */
int ask_open_files(void);

#endif /* SELFTESTS_ASK_H */
