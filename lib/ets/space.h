/* SPDX-License-Identifier: Apache-2.0 */
/* All tables of a namespace, as the files of this room find them. */
#pragma once
#include "base/vec.h"
#include "base/wordmap.h"
#include "ets/table.h"

struct buckets {
	void **items;
	size_t size; /* a power of two, or 0 */
	size_t count;
};

struct ets_space {
	struct mutex mutex;
	/* guarded by mutex */
	struct buckets names;  /* struct table, through name_next */
	struct buckets owners; /* struct owner, through next */
	VEC(struct table *) all;
	struct wordmap by_id; /* struct table by id_key(): for references that were text or bytes in between */
	/* atomic */
	_Atomic uint64_t count;
	_Atomic bool transfers; /* tables have been given to processes that did not ask for them */
};
