/* SPDX-License-Identifier: Apache-2.0 */
/* Modules by the content of their file, so that namespaces share them. The cache holds no references of its own: a module leaves it
 * with its last reference. Threads: any. */
#pragma once
#include "code/module.h"

/* Once at start. */
void code_cache_init(void);
/* The account may have its funs from here on. */
void code_cache_hold_funs(struct module_code *code, struct account *account);

/* The module of that SHA-256, with a reference for the caller; NULL when none is loaded. */
struct module_code *code_cache_find(const uint8_t digest[32]);
/* Enters a complete module. Returns the one that stands for its digest from now on, with a reference for the caller: usually
 * code itself; another when somebody was faster. code stays the caller's too. */
struct module_code *code_cache_enter(struct module_code *code);
/* Drops a reference; true when it was the last. Then, with dispose, the module is dying and stays in the cache until
 * code_cache_settle(); without, it has left the cache and is the caller's to free. */
bool code_cache_drop(struct module_code *code, bool dispose);

/* For a disposal. code_cache_begin: the module's funs lead nowhere from here on; false when it has been revived meanwhile.
 * code_cache_settle: what has become of it when nobody was found to need it, or (needed) when somebody was. */
bool code_cache_begin(struct module_code *code);
enum code_fate {
	FATE_ALIVE, /* it has references again */
	FATE_AGAIN, /* it had some in between: to be looked at once more */
	FATE_KEPT,  /* still needed */
	FATE_OVER,  /* it has left the cache and is the caller's to free */
};
enum code_fate code_cache_settle(struct module_code *code, bool needed);

/* When a module is over, its funs stay, which terms may still hold (calling one raises badfun): they belong to a module that has
 * nothing else and is `gone`. When the same file is loaded again its code takes them over, so that they work again. They go with the last
 * namespace that had them: it had loaded the file, or was sent such a fun (term/names.h).
 * Gives the code those funs, which are its own anew; nothing when there are none. */
void code_cache_take_funs(struct module_code *code);
/* A fun of code that is not loaded, as bytes tell of it: the same for the same bytes, held for the account. It belongs to a module that has
 * nothing else, as above, but no file. NULL: the account has CODE_FUNS_APART_MAX such families already. */
#define CODE_FUNS_APART_MAX 65536
struct fun_entry *code_cache_fun_apart(const struct fun_entry *named, struct account *account);
/* At the end: frees them. No term is left. */
void code_cache_done(void);
