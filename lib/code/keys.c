/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of maps that code makes from nothing, when they are known: sorted tuples in the literal area, as OTP's loader makes them.
 *
 * Their room is counted before the literals are sealed (keys_words) and taken while code is lowered (keys_take), by the same
 * rule. */
#include "code/keys.h"

#include "code/module.h"
#include "data/map.h"
#include "term/compare.h"

/* The keys of put_map_assoc on #{}, at most MAP_FLAT_MAX immediates; 0 when it is something else. */
static size_t plain_keys(const struct staged *staged, const struct operand *o, term *ret_keys)
{
	size_t count = o[4].value / 2;
	/* Operands do not know their literals before these are sealed. */
	term from = o[1].kind != OPERAND_TERM ? TERM_NIL
		    : o[1].index != 0         ? staged->code->literals[o[1].index - 1]
					      : o[1].term;
	if (!term_is_map(from) || map_size(from) != 0 || count == 0 || count > MAP_FLAT_MAX)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct operand *key = &staged->operands.items[o[4].index + 2 * i];
		if (key->kind != OPERAND_TERM || key->index != 0 || !term_is_immediate(key->term))
			return 0;
		ret_keys[i] = key->term;
	}
	return count;
}

size_t keys_words(const struct staged *staged)
{
	size_t words = 0;
	term keys[MAP_FLAT_MAX];
	for (size_t i = 0; i < staged->instrs.count; i++) {
		const struct generic_instr *instr = &staged->instrs.items[i];
		if (instr->op != OP_put_map_assoc)
			continue;
		size_t count = plain_keys(staged, &staged->operands.items[instr->first], keys);
		words += count == 0 ? 0 : 1 + count;
	}
	return words;
}

term keys_take(struct staged *staged, const struct operand *o, uint8_t *ret_order)
{
	term given[MAP_FLAT_MAX];
	size_t count = plain_keys(staged, o, given), sorted = 0;
	if (count == 0 || (size_t)(staged->keys_end - staged->keys) < 1 + count)
		return TERM_NONE;
	term *keys = staged->keys + 1;
	for (size_t i = 0; i < count; i++) {
		size_t at = sorted;
		while (at > 0 && term_compare_exact(keys[at - 1], given[i]) > 0)
			at--;
		if (at > 0 && keys[at - 1] == given[i])
			return TERM_NONE; /* twice: the later one counts */
		for (size_t k = sorted; k > at; k--) {
			keys[k] = keys[k - 1];
			ret_order[k] = ret_order[k - 1];
		}
		keys[at] = given[i];
		ret_order[at] = (uint8_t)i;
		sorted++;
	}
	staged->keys[0] = HEADER(BOXED_TUPLE, count);
	term tuple = term_of_boxed(staged->keys);
	staged->keys += 1 + count;
	return tuple;
}
