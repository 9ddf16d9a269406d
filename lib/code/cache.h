/* SPDX-License-Identifier: Apache-2.0 */
/* Modules by the content of their file, so that namespaces share them. The cache holds no references of its own: a module leaves it
 * with its last reference. Threads: any. */
#pragma once
#include "code/module.h"

/* The module of that SHA-256, with a reference for the caller; NULL when none is loaded. */
struct module_code *code_cache_find(const uint8_t digest[32]);
/* Enters a complete module. Returns the one that stands for its digest from now on, with a reference for the caller: usually
 * code itself; another when somebody was faster. code stays the caller's too. */
struct module_code *code_cache_enter(struct module_code *code);
/* Drops a reference; true when it was the last: the module has left the cache and is the caller's to free. */
bool code_cache_drop(struct module_code *code);
