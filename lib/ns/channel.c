/* SPDX-License-Identifier: Apache-2.0 */
/* Channels between namespaces. See ns/channel.h.
 *
 * A set of channels is never changed, only replaced; readers are inside an epoch. */
#include "ns/channel.h"

#include "base/alloc.h"
#include "base/epoch.h"
#include "base/wordmap.h"
#include "term/atom.h"

#include <string.h>

struct channel {
	char *to;  /* namespace */
	term name; /* there */
};

struct channels {
	struct epoch_item retired;
	struct wordmap by_name; /* atom here -> index */
	struct names names;     /* that stand in it */
	size_t count;
	struct channel items[];
};

static size_t set_bytes(size_t count)
{
	return sizeof(struct channels) + count * sizeof(struct channel);
}

static void set_free(struct channels *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].to != NULL)
			mem_free(MEM_NS, c->items[i].to, strlen(c->items[i].to) + 1);
	wordmap_done(&c->by_name, MEM_NS);
	names_done(&c->names);
	mem_free(MEM_NS, c, set_bytes(c->count));
}

static void set_retired(struct epoch_item *item)
{
	set_free((struct channels *)(void *)((char *)item - offsetof(struct channels, retired)));
}

static bool item_read(struct channels *c, size_t i, const char *text)
{
	const char *dot = strchr(text, '.');
	if (dot == NULL || dot == text || dot[1] == '\0')
		return false;
	const size_t length = (size_t)(dot - text);
	struct names_holder before = names_set_holder((struct names_holder){ .names = &c->names });
	term here = atom_intern((const uint8_t *)text, strlen(text), NULL);
	term there = atom_intern((const uint8_t *)dot + 1, strlen(dot + 1), NULL);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	if (here == TERM_NONE || there == TERM_NONE)
		return false;
	c->items[i].name = there;
	c->items[i].to = mem_alloc(MEM_NS, length + 1);
	memcpy(c->items[i].to, text, length);
	c->items[i].to[length] = '\0';
	wordmap_put(&c->by_name, MEM_NS, here, NULL)->value = i;
	return true;
}

int channels_set(struct ns *ns, const char *const *items, size_t count, size_t *ret_wrong)
{
	struct channels *fresh = NULL;
	if (count > CHANNELS_MAX)
		return CHANNEL_E_MANY;
	if (count > 0) {
		fresh = mem_zalloc(MEM_NS, set_bytes(count));
		fresh->count = count;
	}
	for (size_t i = 0; i < count; i++) {
		if (item_read(fresh, i, items[i]))
			continue;
		set_free(fresh);
		*ret_wrong = i;
		return CHANNEL_E_FORM;
	}
	/* Pairs with the loads below. */
	struct channels *before = atomic_swap_acq_rel(&ns->channels, fresh);
	if (before != NULL)
		epoch_retire(&before->retired, set_retired);
	return 0;
}

void channels_done(struct ns *ns)
{
	struct channels *c = atomic_swap_acq_rel(&ns->channels, NULL);
	if (c != NULL)
		set_free(c); /* nobody comes to the namespace any more */
}

static const struct channel *find(const struct ns *ns, term name)
{
	const struct channels *c =
		atomic_load_acquire(&ns->channels); /* Pairs with channels_set(). */
	const struct wordmap_entry *e = likely(c == NULL) ? NULL : wordmap_find(&c->by_name, name);
	return e != NULL ? &c->items[e->value] : NULL;
}

bool channel_has(const struct ns *ns, term name)
{
	return find(ns, name) != NULL;
}

const struct ns *channel_find(const struct ns *ns, term name, term *ret_name)
{
	const struct channel *c = find(ns, name);
	const struct ns *to = c != NULL ? ns_find(c->to) : NULL;
	if (to != NULL)
		*ret_name = c->name;
	return to;
}

/* Bound: CHANNELS_MAX; asked only of who is not of the own namespace. */
static bool leads_to(const struct ns *from, const struct ns *to)
{
	const struct channels *c =
		atomic_load_acquire(&from->channels); /* Pairs with channels_set(). */
	const char *name = to->name;
	for (size_t i = 0; c != NULL && i < c->count; i++)
		if (strcmp(c->items[i].to, name) == 0)
			return true;
	return false;
}

bool channel_joins(const struct ns *a, const struct ns *b)
{
	return leads_to(a, b) || leads_to(b, a);
}
