/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a module's code. module_code_unref() leads here with the last reference. Threads: any. */
#pragma once
#include "code/module.h"

/* Who takes modules that were published and have lost their last reference; NULL: they are freed at once. (proc/purge.c) */
void dispose_set(void (*fn)(struct module_code *code));
/* Frees it once every thread has moved on. Nobody runs it or refers to its literals. */
void dispose_retire(struct module_code *code);
