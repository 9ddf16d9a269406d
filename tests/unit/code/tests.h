/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. */
#pragma once
#include <check.h>
#include <stddef.h>

#include "code/load.h"

TCase *verify_case(void);
TCase *load_case(void);
TCase *ns_case(void);
TCase *contents_case(void);
TCase *digests_case(void);

/* Atoms, exports, BIFs, the engine; once. */
void machine_parts_init(void);
/* A file's bytes, malloc'ed; NULL when there is none. */
uint8_t *file_read(const char *path, size_t *ret_size);
