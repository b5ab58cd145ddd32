/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz.h - what the targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "../host/forge.h"

/* The target; libFuzzer calls it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_H */
