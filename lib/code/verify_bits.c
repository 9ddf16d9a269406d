/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass of verification: instructions that match and build bitstrings. A match context never leaves its register but
 * to another one, and a command of bs_match reads no bit that an earlier one of it has not made sure of. */
#include "code/verify_impl.h"
#include "term/atom.h"

/* One command of bs_match. bits: known to be there, not read yet. Returns how many operands it has; 0 when refused. */
static size_t match_command(struct verifier *v, const struct operand *e, size_t left, uint64_t *bits)
{
	static const struct {
		term name;
		size_t operands; /* with the name */
	} commands[] = {
		{ A(ensure_at_least), 3 }, { A(ensure_exactly), 2 }, { A(integer), 6 }, { A(binary), 6 },
		{ A(skip), 2 },            { A(get_tail), 4 },       { A(eqeq), 4 },
	};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (e[0].kind == OPERAND_TERM && e[0].term == commands[i].name)
			n = commands[i].operands;
	}
	if (n == 0 || n > left) {
		(void)verify_refuse(v, "a bad command of bs_match");
		return 0;
	}
	term name = e[0].term;
	/* Where the plain numbers stand: all but a flags list, a value and a destination. */
	const struct operand *size = name == A(integer) || name == A(binary) ? &e[3] : name == A(eqeq) ? &e[2] : &e[1];
	const struct operand *unit = name == A(integer) || name == A(binary) ? &e[4] : NULL;
	bool live_needed = name == A(integer) || name == A(binary) || name == A(get_tail);
	if (size->kind != OPERAND_U || (unit != NULL && unit->kind != OPERAND_U) ||
		(live_needed && e[1].kind != OPERAND_U) || (unit != NULL && unit->value > 256)) {
		(void)verify_refuse(v, "a bad command of bs_match");
		return 0;
	}
	if (name == A(ensure_at_least) || name == A(ensure_exactly)) {
		if (name == A(ensure_at_least))
			verify_need_unit(v, &e[2]);
		verify_fail_to(v, verify_operand(v, 0));
		*bits = size->value;
		return n;
	}
	if (live_needed) {
		verify_keep_live(v, e[1].value);
		verify_need_context(v, verify_operand(v, 1));
		verify_may_collect(v);
	}
	if (name == A(get_tail)) {
		/* The rest is no longer there to be read. */
		*bits = 0;
		verify_need_unit(v, &e[2]);
		if (!verify_may_write(&e[3]))
			(void)verify_refuse(v, "a destination that is no register");
		verify_write(v, &e[3], KNOWN_VALUE);
		return n;
	}
	uint64_t takes;
	if (__builtin_mul_overflow(size->value, unit != NULL ? unit->value : 1, &takes))
		takes = INT64_MAX; /* as what is larger than a word is read */
	if (takes > *bits) {
		(void)verify_refuse(v, "bs_match reads %llu bits of %llu", (unsigned long long)takes, (unsigned long long)*bits);
		return 0;
	}
	*bits -= takes;
	if (name == A(eqeq)) {
		if (e[3].kind != OPERAND_U && (e[3].kind != OPERAND_TERM || !term_is_integer(e[3].term)))
			(void)verify_refuse(v, "bs_match compares with what is no integer");
		verify_fail_to(v, verify_operand(v, 0));
	} else if (name != A(skip)) {
		if (e[2].kind != OPERAND_TERM || !verify_may_write(&e[5]))
			(void)verify_refuse(v, "a bad command of bs_match");
		verify_need_unit(v, &e[4]);
		verify_write(v, &e[5], KNOWN_VALUE);
	}
	return n;
}

static void bs_match(struct verifier *v)
{
	const struct operand *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	uint64_t bits = 0;
	verify_need_context(v, verify_operand(v, 1));
	for (uint64_t at = 0; at < list->value && v->failed == 0;)
		at += match_command(v, e + at, list->value - at, &bits);
}

/* A segment: type, number, unit, flags, value, size. Its operands are read when memory has been collected. */
static void check_segment(struct verifier *v, const struct operand *e)
{
	static const term types[] = { A(append), A(private_append), A(binary), A(integer), A(float), A(string), A(utf8),
		A(utf16), A(utf32) };
	bool known_type = false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		known_type = known_type || (e[0].kind == OPERAND_TERM && e[0].term == types[i]);
	if (!known_type || e[1].kind != OPERAND_U || e[2].kind != OPERAND_U || e[2].value > 256 ||
		(e[3].kind != OPERAND_TERM && e[3].kind != OPERAND_U)) {
		(void)verify_refuse(v, "a bad segment of bs_create_bin");
		return;
	}
	if (e[0].term != A(string)) {
		(void)verify_read(v, &e[4]); /* only that there is one, as the next */
		(void)verify_read(v, &e[5]);
		return;
	}
	size_t size = v->staged->code->strings_size;
	bool good = e[4].kind == OPERAND_U && e[5].kind == OPERAND_TERM && term_is_small(e[5].term) &&
		small_value(e[5].term) >= 0 && e[4].value <= size &&
		(uint64_t)small_value(e[5].term) <= size - e[4].value;
	if (!good)
		(void)verify_refuse(v, "a segment that is not in the string chunk");
}

static void bs_create_bin(struct verifier *v)
{
	const struct operand *list = verify_operand(v, 5);
	const struct operand *e = verify_elements(v, list);
	if (list->value % 6 != 0)
		(void)verify_refuse(v, "a list of segments of odd length");
	if (verify_operand(v, 2)->value != LIVE_ALL) {
		verify_keep_live(v, verify_operand(v, 2)->value);
		verify_may_collect(v);
	} else if (verify_operand(v, 1)->value != 0) {
		(void)verify_refuse(v, "bs_create_bin reserves words and must not collect");
	}
	for (uint64_t i = 0; i + 5 < list->value && v->failed == 0; i += 6)
		check_segment(v, e + i);
	verify_fail_to(v, verify_operand(v, 0));
	v->state.heap_words = verify_operand(v, 1)->value;
	verify_write(v, verify_operand(v, 4), KNOWN_VALUE);
}

/* Live registers are kept, the context goes on living, and what is read may need heap. */
static void bs_get(struct verifier *v, unsigned live, unsigned into)
{
	const struct operand *context = verify_operand(v, 1);
	verify_need_context(v, context);
	if (verify_current(v)->count == 7) {
		(void)verify_read(v, verify_operand(v, 3)); /* the size; only that there is one */
		verify_need_unit(v, verify_operand(v, 4));
	}
	verify_keep_live(v, verify_operand(v, live)->value);
	verify_need_context(v, context);
	verify_may_collect(v);
	verify_branch(v, verify_operand(v, 0)->value);
	verify_write(v, verify_operand(v, into), KNOWN_VALUE);
}

static void bs_test(struct verifier *v)
{
	verify_need_context(v, verify_operand(v, 1));
	if (verify_current(v)->op == OP_bs_skip_bits2) {
		(void)verify_read(v, verify_operand(v, 2)); /* only that there is one */
		verify_need_unit(v, verify_operand(v, 3));
	}
	if (verify_current(v)->op == OP_bs_test_unit)
		verify_need_unit(v, verify_operand(v, 2));
	if (verify_current(v)->op == OP_bs_match_string) {
		uint64_t bits = verify_operand(v, 2)->value, offset = verify_operand(v, 3)->value;
		size_t size = v->staged->code->strings_size;
		if (offset > size || bits > (size - offset) * 8)
			(void)verify_refuse(v, "bits %llu to %llu are not in the string chunk", (unsigned long long)offset * 8,
				(unsigned long long)(offset * 8 + bits));
	}
	verify_branch(v, verify_operand(v, 0)->value);
}

static void bs_part(struct verifier *v)
{
	const struct operand *context = verify_operand(v, 0);
	verify_need_context(v, context);
	verify_keep_live(v, verify_operand(v, 2)->value);
	verify_need_context(v, context);
	verify_may_collect(v);
	verify_write(v, verify_operand(v, 1), KNOWN_VALUE);
}

static void bs_start(struct verifier *v, const struct operand *fail, const struct operand *live,
	const struct operand *source, const struct operand *into)
{
	(void)verify_read(v, source); /* only that there is one; when it is not among the live, it has its last use here */
	verify_keep_live(v, live->value);
	verify_may_collect(v);
	verify_fail_to(v, fail);
	verify_write(v, into, KNOWN(KNOWN_CONTEXT, 0));
}

bool verify_bits(struct verifier *v)
{
	const struct operand *o = verify_operand(v, 0);
	switch ((enum op)verify_current(v)->op) {
	case OP_bs_start_match3:
		bs_start(v, &o[0], &o[2], &o[1], &o[3]);
		return true;
	case OP_bs_start_match4:
		bs_start(v, &o[0], &o[1], &o[2], &o[3]);
		return true;
	case OP_bs_get_integer2:
	case OP_bs_get_float2:
	case OP_bs_get_binary2:
		bs_get(v, 2, 6);
		return true;
	case OP_bs_get_utf8:
	case OP_bs_get_utf16:
	case OP_bs_get_utf32:
		bs_get(v, 2, 4);
		return true;
	case OP_bs_skip_bits2:
	case OP_bs_test_tail2:
	case OP_bs_test_unit:
	case OP_bs_match_string:
	case OP_bs_skip_utf8:
	case OP_bs_skip_utf16:
	case OP_bs_skip_utf32:
		bs_test(v);
		return true;
	case OP_bs_get_tail:
	case OP_bs_get_position:
		bs_part(v);
		return true;
	case OP_bs_set_position:
		verify_need_context(v, &o[0]);
		(void)verify_read(v, &o[1]); /* only that there is one */
		return true;
	case OP_bs_match:
		bs_match(v);
		return true;
	case OP_bs_create_bin:
		bs_create_bin(v);
		return true;
	case OP_bs_init_writable:
		verify_keep_live(v, 1);
		verify_may_collect(v);
		verify_raise(v);
		v->state.x[0] = KNOWN_VALUE;
		return true;
	default:
		return false;
	}
}
