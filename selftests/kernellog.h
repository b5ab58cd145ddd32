/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernellog.h - what the kernel has had to say since a moment.
 */
#ifndef SELFTESTS_KERNELLOG_H
#define SELFTESTS_KERNELLOG_H

/* From now on. A descriptor or -errno. */
int kernellog_mark(void);

/*
 * Lines since then that are warnings or worse, or that name @word. They are printed
 * as TAP comments; their number is returned. The mark is used up.
 */
int kernellog_complaints(int mark, const char *word);

#endif /* SELFTESTS_KERNELLOG_H */
