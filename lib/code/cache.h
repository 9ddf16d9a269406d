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

/* Modules that are gone but for their funs, which terms may still hold (calling one raises badfun). When the same file is loaded
 * again its code takes these funs over, so that they work again. A file that was loaded, published and purged costs a few
 * dozen bytes a fun from then on, once. */
void code_cache_keep(struct module_code *gone);
/* Takes it out; NULL when there is none. */
struct module_code *code_cache_take_gone(const uint8_t digest[32]);
/* At the end: frees them. No term is left. */
void code_cache_done(void);
