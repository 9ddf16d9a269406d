/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that are looked for in vain in a working folder: see prim_file_vain.c. */
#pragma once
#include "bif/prim_file.h"

/* On a helper: there is no such file. */
void vain_note(const struct path *path);
/* A node is about to boot: a helper looks for all such names in its working folder. Threads: any. */
void vain_look_ahead(struct ns *ns);
