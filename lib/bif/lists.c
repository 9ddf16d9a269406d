/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of module lists that are not Erlang. A long list is walked a slice at a time: the function calls itself with
 * what is left. */
#include "bif/bif.h"
#include "term/compare.h"

#define CELLS_PER_REDUCTION 16

/* Cells that may be looked at before the slice is over; some even when it is, so that each call gets on. */
static size_t cells_allowed(const struct proc *p)
{
	return p->reductions > 64 ? (size_t)p->reductions * CELLS_PER_REDUCTION : 1024;
}

static term go_on(struct proc *p, term function, unsigned count, const term *args)
{
	const struct export *export = export_find(A(lists), function, count);
	assert(export != NULL); /* it is running */
	return bif_trap(p, export, count, args);
}

/* Cheaply sees most pairs that are not =:=; what it lets through is compared in full. */
static inline bool differ(term a, term b)
{
	if (((a ^ b) & TAG_MASK) != 0 || term_is_immediate(a))
		return a != b;
	const term *p = term_is_cons(a) ? cons_ptr(a) : boxed_ptr(a);
	const term *q = term_is_cons(b) ? cons_ptr(b) : boxed_ptr(b);
	if (p[0] == q[0])
		return term_is_boxed(a) && p[0] == HEADER(BOXED_TUPLE, header_size(p[0])) && header_size(p[0]) > 0 &&
			p[1] != q[1] && term_is_immediate(p[1]) && term_is_immediate(q[1]);
	/* Different heads of lists, or headers: of tuples they are enough; of others there are several forms. */
	if (term_is_cons(a))
		return term_is_immediate(p[0]) && term_is_immediate(q[0]);
	return header_kind(p[0]) == BOXED_TUPLE || header_kind(q[0]) == BOXED_TUPLE;
}

term bif_lists_member_2(struct proc *p, const term *args)
{
	term wanted = args[0];
	term list = args[1];
	size_t allowed = cells_allowed(p);
	size_t n = 0;
	const bool immediate = term_is_immediate(wanted);
	/* Of large values each comparison may take long. */
	if (unlikely(!immediate && bif_is_long(p, &wanted, 1)))
		return bif_away(p);
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (n++ == allowed) {
			bif_charge(p, n / CELLS_PER_REDUCTION);
			return go_on(p, A(member), 2, (term[]){ wanted, list });
		}
		term head = cons_head(list);
		if (head == wanted || (!immediate && !differ(head, wanted) && term_equal(head, wanted))) {
			bif_charge(p, n / CELLS_PER_REDUCTION);
			return A(true);
		}
	}
	bif_charge(p, n / CELLS_PER_REDUCTION);
	return list == TERM_NIL ? A(false) : bif_badarg(p);
}

term bif_lists_reverse_2(struct proc *p, const term *args)
{
	term list = args[0];
	term tail = args[1];
	size_t allowed = cells_allowed(p);
	size_t count = 0;
	for (term t = list; term_is_cons(t) && count < allowed; t = cons_tail(t))
		count++;
	term *cells = count == 0 ? NULL : heap_alloc(bif_heap(p), 2 * count);
	for (size_t i = 0; i < count; i++, cells += 2, list = cons_tail(list)) {
		cells[0] = cons_head(list);
		cells[1] = tail;
		tail = term_of_cons(cells);
	}
	bif_charge(p, count / CELLS_PER_REDUCTION);
	if (list == TERM_NIL)
		return tail;
	if (term_is_cons(list))
		return go_on(p, A(reverse), 2, (term[]){ list, tail });
	return bif_badarg(p);
}

/* The first tuple whose element compares equal (==) to key: keyfind and its kin. TERM_NONE: *ret_done says
 * whether there is none, or the call went on or failed. */
static term key_search(struct proc *p, const term *args, term function, bool *ret_none)
{
	size_t position;
	*ret_none = false;
	if (!bif_get_size(args[1], &position) || position == 0)
		return bif_badarg(p);
	term key = args[0];
	term list = args[2];
	size_t allowed = cells_allowed(p);
	size_t n = 0;
	/* Only numbers can be == without being =:=, and they may be anywhere in a compound key. */
	const bool exact = term_is_atom(key) || term_is_local_pid(key);
	const bool immediate = term_is_immediate(key);
	if (position > (size_t)1 << 40) /* no tuple is that large */
		position = (size_t)1 << 40;
	const term least = HEADER(BOXED_TUPLE, position);
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (n++ == allowed) {
			bif_charge(p, n / CELLS_PER_REDUCTION);
			return go_on(p, function, 3, (term[]){ key, args[1], list });
		}
		term head = cons_head(list);
		if (!term_is_boxed(head))
			continue;
		term header = boxed_header(head);
		/* Among tuples' headers the order is that of their sizes. */
		if ((header & HEADER_KIND_MASK) != HEADER_OF_KIND(BOXED_TUPLE) || header < least)
			continue;
		term element = boxed_ptr(head)[position];
		if (element == key ||
			(!exact && !(immediate && term_is_immediate(element)) && term_equal_value(element, key))) {
			bif_charge(p, n / CELLS_PER_REDUCTION);
			return head;
		}
	}
	bif_charge(p, n / CELLS_PER_REDUCTION);
	if (list != TERM_NIL)
		return bif_badarg(p);
	*ret_none = true;
	return TERM_NONE;
}

term bif_lists_keyfind_3(struct proc *p, const term *args)
{
	bool none;
	term t = key_search(p, args, A(keyfind), &none);
	return none ? A(false) : t;
}

term bif_lists_keymember_3(struct proc *p, const term *args)
{
	bool none;
	term t = key_search(p, args, A(keymember), &none);
	return none ? A(false) : t != TERM_NONE ? A(true) : TERM_NONE;
}

term bif_lists_keysearch_3(struct proc *p, const term *args)
{
	bool none;
	term t = key_search(p, args, A(keysearch), &none);
	return none ? A(false) : t != TERM_NONE ? heap_tuple_of(bif_heap(p), A(value), t) : TERM_NONE;
}
