/* SPDX-License-Identifier: GPL-2.0-only */
/* asker.h - sizes that asker.c asks for at its two places, and nobody else does. */
#ifndef SELFTESTS_ASKER_H
#define SELFTESTS_ASKER_H

#define FIRST_MARK	77777
#define LAST_MARK	88887

#endif /* SELFTESTS_ASKER_H */
