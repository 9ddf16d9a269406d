/* SPDX-License-Identifier: Apache-2.0 */
/* The ETS tables of a namespace, as the host sees them. */
#include "ets/table.h"

#include "base/cleanup.h"
#include "term/atom.h"
#include "vm/machine.h"

#include <stdlib.h>
#include <string.h>

struct telling {
	void (*fn)(void *user, const struct beamr_table *table);
	void *user;
};

static void tell(void *user, const struct ets_row *row)
{
	static const char *const types[] = { [TABLE_SET] = "set",
		[TABLE_ORDERED_SET] = "ordered_set",
		[TABLE_BAG] = "bag",
		[TABLE_DUPLICATE_BAG] = "duplicate_bag" };
	const struct telling *telling = user;
	struct atom_text text = atom_text(row->name);
	_cleanup_(free_stringp) char *name = strndup((const char *)text.bytes, text.size);
	if (name == NULL)
		abort(); /* as mem_alloc does */
	telling->fn(telling->user, &(struct beamr_table){ .name = name,
					   .id = row->id,
					   .named = row->is_named,
					   .type = types[row->type],
					   .owner = pid_to_host(row->owner),
					   .keypos = row->keypos,
					   .objects = row->objects,
					   .bytes = row->bytes });
}

void beamr_table_each(
	struct beamr_ns *h, void (*fn)(void *user, const struct beamr_table *table), void *user)
{
	struct telling telling = { fn, user };
	ets_each(h->ns, tell, &telling);
}
