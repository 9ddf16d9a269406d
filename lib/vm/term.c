/* SPDX-License-Identifier: Apache-2.0 */
/* Terms in the host's hands: each has memory of its own. */
#include "base/account.h"
#include "base/cleanup.h"
#include "base/epoch.h"
#include "base/utf8.h"
#include "data/etf.h"
#include "data/text.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/print.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thread makes names for accounts inside of an epoch only: term/names.h. */
static struct names_holder enter(const struct beamr_ns *h)
{
	epoch_enter();
	return names_set_holder((struct names_holder){ .account = h->ns->account });
}

static term leave(struct names_holder before, term atom, struct names *names)
{
	(void)names_set_holder(before); /* what it was meanwhile is known */
	if (atom != TERM_NONE)
		atom_hold((struct names_holder){ .names = names }, atom);
	epoch_leave();
	return atom;
}

term atom_known(const struct beamr_ns *h, const char *text, struct names *names)
{
	struct names_holder before = enter(h);
	return leave(before, atom_lookup((const uint8_t *)text, strlen(text)), names);
}

term atom_made(const struct beamr_ns *h, const char *text, struct names *names, bool *ret_full)
{
	struct names_holder before = enter(h);
	term atom = atom_intern((const uint8_t *)text, strlen(text), ret_full);
	if (atom == TERM_NONE && *ret_full)
		account_refused(h->ns->account, ACCOUNT_MET_ATOMS);
	return leave(before, atom, names);
}

static struct beamr_term *wrap(struct owned_term *owned, struct names names)
{
	struct beamr_term *t = mem_alloc(MEM_MISC, sizeof(*t));
	names_settle(&names);
	*t = (struct beamr_term){ owned, names };
	return t;
}

struct beamr_term *term_wrap(struct owned_term *owned)
{
	struct names names = { 0 };
	heap_hold_names(owned->value,
		(struct names_holder){ .names = &names }); /* it may outlive its namespace */
	return wrap(owned, names);
}

struct beamr_term *beamr_term_free(struct beamr_term *t)
{
	if (t == NULL)
		return NULL;
	owned_term_free(t->owned);
	names_done(&t->names);
	mem_free(MEM_MISC, t, sizeof(*t));
	return NULL;
}

int beamr_term_parse(
	const char *text, size_t size, struct beamr_term **ret_term, struct beamr_error *ret_error)
{
	struct heap heap;
	struct text_error error;
	init_tables_once();
	heap_init_builder(&heap);
	struct names names = { 0 };
	struct names_holder before = names_set_holder((struct names_holder){ .names = &names });
	term t = text_parse(&heap, text, size, 0, NULL, &error);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	int r = 0;
	if (t == TERM_NONE) {
		memset(ret_error, 0, sizeof(*ret_error));
		ret_error->offset = error.offset;
		ret_error->line = error.line;
		ret_error->column = error.column;
		(void)snprintf(ret_error->reason, sizeof(ret_error->reason), "%s", error.reason);
		r = BEAMR_E_FORMAT;
		names_done(&names);
	} else {
		*ret_term = wrap(owned_term_new(MEM_MISC, t), names);
	}
	heap_done(&heap);
	return r;
}

int beamr_term_decode(
	const void *etf, size_t size, struct beamr_term **ret_term, struct beamr_error *ret_error)
{
	struct heap heap;
	struct etf_error error;
	init_tables_once();
	heap_init_builder(&heap);
	struct names names = { 0 };
	struct names_holder before = names_set_holder((struct names_holder){ .names = &names });
	term t = etf_decode(NULL, &heap, etf, size, 0, NULL, &error);
	(void)names_set_holder(before); /* what it was meanwhile is known */
	int r = 0;
	if (t == TERM_NONE) {
		memset(ret_error, 0, sizeof(*ret_error));
		ret_error->offset = error.offset;
		(void)snprintf(ret_error->reason, sizeof(ret_error->reason), "%s", error.reason);
		r = error.system_limit ? BEAMR_E_LIMIT : BEAMR_E_FORMAT;
		names_done(&names);
	} else {
		*ret_term = wrap(owned_term_new(MEM_MISC, t), names);
	}
	heap_done(&heap);
	return r;
}

char *term_text(term t, size_t max, bool *ret_truncated)
{
	struct print_out out;
	print_init_growing(&out, max == 0 ? SIZE_MAX : max);
	print_term(&out, t, PRINT_STRINGS | PRINT_UNICODE, 0);
	char *copy = strndup(out.data ? out.data : "", out.size);
	if (ret_truncated != NULL)
		*ret_truncated = out.truncated;
	print_free(&out);
	assert(copy != NULL);
	return copy;
}

char *beamr_term_text(const struct beamr_term *t, size_t max, bool *ret_truncated)
{
	return term_text(t->owned->value, max, ret_truncated);
}

/* The characters of a list of printable ones, or NULL. */
static char *list_characters(term list)
{
	struct print_out out;
	if (!term_is_cons(list))
		return NULL;
	print_init_growing(&out, SIZE_MAX);
	for (; term_is_cons(list); list = cons_tail(list)) {
		uint8_t bytes[4];
		term head = cons_head(list);
		if (!term_is_small(head) || small_value(head) < ' ' || small_value(head) > 0x10ffff)
			break;
		int size = utf8_encode((uint32_t)small_value(head), bytes);
		if (size <= 0)
			break;
		print_bytes(&out, bytes, (size_t)size);
	}
	char *copy = term_is_nil(list) ? strndup(out.data, out.size) : NULL;
	print_free(&out);
	return copy;
}

char *beamr_term_property(const struct beamr_term *tuple, unsigned element, const char *key)
{
	term t = tuple->owned->value;
	if (!term_is_tuple(t) || element >= tuple_arity(t))
		return NULL;
	for (t = tuple_element(t, element); term_is_cons(t); t = cons_tail(t)) {
		term pair = cons_head(t);
		if (!term_is_tuple(pair) || tuple_arity(pair) != 2 ||
			!term_is_atom(tuple_element(pair, 0)))
			continue;
		_cleanup_(free_stringp) char *name = term_text(tuple_element(pair, 0), 0, NULL);
		if (strcmp(name, key) != 0)
			continue;
		char *characters = list_characters(tuple_element(pair, 1));
		return characters != NULL ? characters : term_text(tuple_element(pair, 1), 0, NULL);
	}
	return NULL;
}

void *beamr_term_encode(const struct beamr_term *t, size_t *ret_size)
{
	struct etf_out out = { 0 };
	void *copy = NULL;
	if (etf_encode(NULL, &out, t->owned->value, 0, 0) == 0) {
		copy = malloc(out.size);
		assert(copy != NULL);
		memcpy(copy, out.data, out.size);
		*ret_size = out.size;
	}
	etf_out_done(&out);
	return copy;
}

const char *beamr_term_type(const struct beamr_term *bt)
{
	term t = bt->owned->value;
	if (term_is_integer(t))
		return "integer";
	if (term_is_float(t))
		return "float";
	if (term_is_atom(t))
		return "atom";
	if (term_is_tuple(t))
		return "tuple";
	if (term_is_list(t))
		return "list";
	if (term_is_map(t))
		return "map";
	if (term_is_bitstring(t))
		return term_is_binary(t) ? "binary" : "bitstring";
	if (term_is_fun(t))
		return "function";
	if (term_is_pid(t))
		return "pid";
	if (term_is_port(t))
		return "port";
	if (term_is_ref(t))
		return "reference";
	return "record";
}

uint64_t beamr_term_words(const struct beamr_term *t)
{
	return heap_flat_words(t->owned->value);
}
