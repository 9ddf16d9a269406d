/* SPDX-License-Identifier: Apache-2.0 */
/* What prim_file answers without a helper: see prim_file_quick.c. */
#pragma once
#include "bif/prim_file.h"

/* On a helper: remembers whether files of that device can be answered for at once. path: one of them. */
void quick_learn(const struct path *path, dev_t dev);

/* errand_quick_fn: of read_info_nif/2, read_file_nif/1 and list_dir_nif/1. */
bool quick_read_info(struct errand *e, const term *args, term *ret);
bool quick_read_file(struct errand *e, const term *args, term *ret);
bool quick_list_dir(struct errand *e, const term *args, term *ret);
/* The same of read_nif/2, pread_nif/3 and ipread_s32bu_p32bu_nif/3. */
bool quick_read(struct errand *e, const term *args, term *ret);
bool quick_pread(struct errand *e, const term *args, term *ret);
bool quick_ipread(struct errand *e, const term *args, term *ret);
