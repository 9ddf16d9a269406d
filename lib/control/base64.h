/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with padding, as bytes travel in JSON. */
#pragma once
#include "base/check.h"

/* A malloc'ed string; NULL when the host has no memory. */
char *base64_encode(const void *bytes, size_t size);
/* A malloc'ed block; NULL when text is no base64 (or the host has no memory). White space is refused. */
void *base64_decode(const char *text, size_t *ret_size);
