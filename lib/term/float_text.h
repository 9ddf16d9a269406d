/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as text. */
#pragma once
#include "base/check.h"

#define FLOAT_TEXT_MAX 32

/* The fewest digits that read back as d, in the form of float_to_list(d, [short]): fixed or scientific, whichever is
 * shorter. Returns the size; no NUL. */
size_t float_text_short(double d, char text[FLOAT_TEXT_MAX]);
