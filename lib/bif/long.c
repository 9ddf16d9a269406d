/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a BIF's arguments are so large that it is to run elsewhere (proc/away.h): a walk over them that gives up early. What a BIF
 * does not look into is not walked: the walk costs as much as the BIF. */
#include "bif/bif.h"

#include "term/bits.h"
#include "term/map.h"

/* What a BIF handles in well under a slice's time. */
#define LONG_WORDS 16000
#define WIDE_ELEMENTS (LONG_WORDS / 2) /* a list's cell has two */
#define WORD_BYTES 8  /* bytes of bitstrings that count as a word */
#define BIG_WEIGHT 8
#define PENDING_MAX 128

struct walk {
	size_t left; /* words that may still be seen */
	unsigned count;
	term pending[PENDING_MAX];
};

static inline bool see(struct walk *walk, size_t words)
{
	if (walk->left < words)
		return false;
	walk->left -= words;
	return true;
}

/* Puts what is no immediate aside. False: too much of it. */
static inline bool put_aside(struct walk *walk, term t)
{
	if (term_is_immediate(t))
		return true;
	if (walk->count == PENDING_MAX)
		return false;
	walk->pending[walk->count++] = t;
	return true;
}

static bool see_boxed(struct walk *walk, term t)
{
	const term *p = boxed_ptr(t);
	size_t words = header_size(p[0]);
	if (term_is_bitstring(t))
		return see(walk, 1 + bits_size(t) / 8 / WORD_BYTES);
	/* Digits of large integers are worked through more than once. */
	if (!see(walk, 1 + (term_is_big(t) ? words * BIG_WEIGHT : words)))
		return false;
	if ((p[0] & HEADER_RAW) != 0)
		return true;
	for (size_t i = 1; i <= words; i++)
		if (!put_aside(walk, p[i]))
			return false;
	return true;
}

bool bif_is_long(const struct proc *p, const term *args, unsigned arity)
{
	if (p->flags & PROC_AWAY)
		return false;
	struct walk walk;
	walk.left = LONG_WORDS;
	walk.count = 0;
	for (unsigned i = 0; i < arity; i++)
		(void)put_aside(&walk, args[i]); /* there is room */
	while (walk.count > 0) {
		term t = walk.pending[--walk.count];
		for (; term_is_cons(t); t = cons_tail(t))
			if (!see(&walk, 2) || !put_aside(&walk, cons_head(t)))
				return true;
		if (!term_is_immediate(t) && !see_boxed(&walk, t))
			return true;
	}
	return false;
}

bool bif_is_wide(const struct proc *p, const term *args, unsigned arity)
{
	if (p->flags & PROC_AWAY)
		return false;
	size_t seen = 0;
	for (unsigned i = 0; i < arity; i++) {
		if (term_is_tuple(args[i]))
			seen += tuple_arity(args[i]);
		else if (term_is_map(args[i]))
			seen += map_size(args[i]);
		for (term t = args[i]; term_is_cons(t) && seen <= WIDE_ELEMENTS; t = cons_tail(t))
			seen++;
		if (seen > WIDE_ELEMENTS)
			return true;
	}
	return false;
}
