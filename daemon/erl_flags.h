/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the emulator's flags: whether one is what `erl` takes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* flag: without its sign. value: the word after it. False: ret_error says why, as the emulator would. */
bool erl_flag_check(const char *flag, const char *value, char *ret_error, size_t error_size);
