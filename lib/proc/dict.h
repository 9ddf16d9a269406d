/* SPDX-License-Identifier: Apache-2.0 */
/* The process dictionary. Owner only; its values lie on the process's heap and are roots of it. */
#pragma once
#include "proc/proc.h"

struct dict {
	term *pairs;       /* key, value, key, value...; count of them */
	uint32_t count;
	uint32_t capacity; /* pairs */
	uint32_t *index;   /* open addressing: number of a pair + 1, 0 empty; NULL while there are few */
	uint32_t index_capacity;
};

/* TERM_NONE when there is no such key. */
term dict_get(const struct proc *p, term key);
/* The old value, or TERM_NONE. */
term dict_put(struct proc *p, term key, term value);
term dict_erase(struct proc *p, term key);
void dict_erase_all(struct proc *p);
/* What p->said_call stands for; false, and TERM_NONE, when it says nothing. Threads: any. */
bool dict_said_call(uint64_t said, term *ret_module, term *ret_function, unsigned *ret_arity);

static inline uint32_t dict_count(const struct proc *p)
{
	return p->dict != NULL ? p->dict->count : 0;
}
