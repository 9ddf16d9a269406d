/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target is: one function that takes any bytes and does not crash. Each target is a file of its own, linked
 * with replay.c as a test, or with clang's libFuzzer by tests/fuzz/live. */
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
