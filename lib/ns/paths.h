/* SPDX-License-Identifier: Apache-2.0 */
/* The folders that a namespace's modules are looked for in. Only ns/ includes this. */
#pragma once
#include "ns/ns.h"

struct code_paths *paths_new(void);
struct code_paths *paths_free(struct code_paths *paths);
