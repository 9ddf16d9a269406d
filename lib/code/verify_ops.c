/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass of verification, instruction by instruction: what each needs of the abstract state and makes of it.
 * Most are told by their operand letters alone (the default of verify_instr); the switch holds the rest. */
#include "base/alloc.h"
#include "code/verify_impl.h"
#include "ns/export.h"
#include "term/atom.h"

#define ANY KNOWN(KNOWN_ANY, 0)

/* ------------------------------------------------------------------------------------------------ registers */

static known known_of_term(term t)
{
	if (term_is_cons(t))
		return KNOWN(KNOWN_CONS, 0);
	if (term_is_tuple(t) && tuple_arity(t) <= KNOWN_MORE_MAX)
		return KNOWN(KNOWN_TUPLE, tuple_arity(t));
	if (term_is_map(t))
		return KNOWN(KNOWN_MAP, 0);
	if (term_is_float(t))
		return KNOWN(KNOWN_FLOAT, 0);
	if (t == A(error) || t == A(exit) || t == A(throw))
		return KNOWN(KNOWN_CLASS, 0);
	return t == TERM_NIL ? KNOWN(KNOWN_NIL, 0) : ANY;
}

/* What is known of a y register's slot; NULL (refused) when there is none. */
static known *y_slot(struct verifier *v, uint64_t y)
{
	struct state *s = &v->state;
	if (s->frame == NO_FRAME || y >= s->frame) {
		(void)verify_refuse(v, "y%llu is not in the frame", (unsigned long long)y);
		return NULL;
	}
	return &s->y[y];
}

/* Reads an operand as a value. */
static known read_value(struct verifier *v, const struct operand *o)
{
	if (v->failed != 0)
		return ANY;
	if (o->kind == OPERAND_TERM)
		return known_of_term(o->term);
	if (o->kind == OPERAND_X) {
		if (o->value >= v->state.x_count || known_kind(v->state.x[o->value]) == KNOWN_NONE) {
			(void)verify_refuse(v, "x%llu holds no value here", (unsigned long long)o->value);
			return ANY;
		}
		return v->state.x[o->value];
	}
	if (o->kind == OPERAND_Y) {
		const known *y = y_slot(v, o->value);
		if (y != NULL && known_kind(*y) == KNOWN_NONE)
			(void)verify_refuse(v, "y%llu holds no value here", (unsigned long long)o->value);
		else if (y != NULL && known_kind(*y) == KNOWN_CATCH)
			(void)verify_refuse(v, "y%llu holds a catch here", (unsigned long long)o->value);
		return v->failed != 0 ? ANY : *y;
	}
	if (o->kind != OPERAND_FR)
		(void)verify_refuse(v, "an operand that is no value");
	return ANY;
}

static void write_y(struct verifier *v, uint64_t number, known k)
{
	known *y = y_slot(v, number);
	if (y == NULL)
		return;
	v->state.catches += (known_kind(k) == KNOWN_CATCH);
	v->state.catches -= (known_kind(*y) == KNOWN_CATCH);
	v->state.unseen = true;
	*y = k;
}

static void write_register(struct verifier *v, const struct operand *o, known k)
{
	struct state *s = &v->state;
	if (v->failed != 0)
		return;
	if (o->kind == OPERAND_X && o->value < VERIFY_X_MAX) {
		for (; s->x_count <= o->value; s->x_count++)
			s->x[s->x_count] = KNOWN(KNOWN_NONE, 0);
		s->x[o->value] = k;
	} else if (o->kind == OPERAND_Y) {
		write_y(v, o->value, k);
	} else if (o->kind != OPERAND_FR) {
		(void)verify_refuse(v, "an operand that is no register");
	}
}

/* A test has told more of a register; of a constant nothing is to be learnt. */
static void learn(struct verifier *v, const struct operand *o, known k)
{
	if (o->kind != OPERAND_TERM)
		write_register(v, o, k);
}

/* ------------------------------------------------------------------------------------------------ demands */

static void need_live(struct verifier *v, uint64_t live)
{
	struct state *s = &v->state;
	for (uint64_t i = 0; i < live && v->failed == 0; i++) {
		if (i >= s->x_count || known_kind(s->x[i]) == KNOWN_NONE)
			(void)verify_refuse(v, "x%llu holds no value here", (unsigned long long)i);
	}
}

/* The first `live` x registers hold values; others are lost. */
static void keep_live(struct verifier *v, uint64_t live)
{
	need_live(v, live);
	if (v->failed == 0)
		v->state.x_count = (uint32_t)live;
}

/* The engine may collect: every y register holds a value; nothing is reserved any more. */
static void may_collect(struct verifier *v)
{
	struct state *s = &v->state;
	s->heap_words = 0;
	if (s->frame == NO_FRAME)
		return;
	for (uint32_t i = 0; i < s->frame && v->failed == 0; i++) {
		if (known_kind(s->y[i]) == KNOWN_NONE)
			(void)verify_refuse(v, "y%u holds no value where a collection may come", i);
	}
}

static void need_no_frame(struct verifier *v)
{
	if (v->state.frame != NO_FRAME)
		(void)verify_refuse(v, "%s with a frame", op_infos[verify_current(v)->op].name);
}

static void need_frame(struct verifier *v)
{
	if (v->state.frame == NO_FRAME)
		(void)verify_refuse(v, "%s without a frame", op_infos[verify_current(v)->op].name);
}

static void drop_frame(struct verifier *v, uint64_t size)
{
	if (v->state.frame == NO_FRAME || v->state.frame != size)
		(void)verify_refuse(v, "%s of %llu y registers, but the frame has %lld", op_infos[verify_current(v)->op].name,
			(unsigned long long)size, v->state.frame == NO_FRAME ? -1LL : (long long)v->state.frame);
	v->state.frame = NO_FRAME;
	v->state.catches = 0;
}

static void take_heap(struct verifier *v, uint64_t words)
{
	if (v->state.heap_words < words) {
		(void)verify_refuse(v, "needs %llu words, but %llu are reserved", (unsigned long long)words,
			(unsigned long long)v->state.heap_words);
		return;
	}
	v->state.heap_words -= words;
}

static void need_fact(struct verifier *v, bool fits)
{
	if (fits)
		v->staged->facts[v->at] |= FACT_SOURCE_FITS;
}

static bool is_tuple_of(known k, uint64_t least)
{
	return known_kind(k) == KNOWN_TUPLE && known_more(k) >= least;
}

static void need_unit(struct verifier *v, const struct operand *o)
{
	if (o->kind != OPERAND_U || o->value == 0 || o->value > 256)
		(void)verify_refuse(v, "a unit that is not 1 to 256");
}

static void need_context(struct verifier *v, const struct operand *o)
{
	if (known_kind(read_value(v, o)) != KNOWN_CONTEXT)
		(void)verify_refuse(v, "no match context in that register");
	need_fact(v, true);
}

/* What it leads to is no longer the next instruction. */
static void end(struct verifier *v)
{
	v->flowing = false;
}

/* A label, or 0: raise. */
static void fail_to(struct verifier *v, const struct operand *o)
{
	if (o->kind == OPERAND_LABEL && o->value != 0)
		verify_branch(v, o->value);
	else
		verify_raise(v);
}

/* ------------------------------------------------------------------------------------------------ calls */

static void need_entry(struct verifier *v, uint64_t arity, const struct operand *label)
{
	if (arity > 255 || v->labels[label->value].entry != arity + 1)
		(void)verify_refuse(v, "label %llu is no function of %llu arguments", (unsigned long long)label->value,
			(unsigned long long)arity);
}

static void need_import(struct verifier *v, uint64_t arity, const struct operand *import)
{
	const struct export *e = export_of(v->staged->imports[import->value]);
	if (e->arity != arity)
		(void)verify_refuse(v, "import %llu has %u arguments, not %llu", (unsigned long long)import->value, e->arity,
			(unsigned long long)arity);
}

/* Arguments are there, all else in x is lost, the result is x0; the callee may collect. */
static void call(struct verifier *v, uint64_t live)
{
	need_live(v, live);
	may_collect(v);
	verify_raise(v);
	v->state.x_count = 1;
	v->state.x[0] = ANY;
}

/* erlang:raise/3 returns badarg when its arguments are wrong; with a constant class and [] they cannot be, and the compiler puts
 * nothing behind the call. */
static bool raises_for_certain(struct verifier *v, const struct operand *import)
{
	const struct export *e = export_of(v->staged->imports[import->value]);
	return e->module == A(erlang) && e->function == A(raise) && e->arity == 3 && v->state.x_count >= 3 &&
		known_kind(v->state.x[0]) == KNOWN_CLASS && known_kind(v->state.x[2]) == KNOWN_NIL;
}

/* call_ext, call_ext_last, call_ext_only. What never returns needs no frame and drops none (the compiler lets ways with different
 * frames share such a call), so all of them become call_ext. */
static void call_ext(struct verifier *v)
{
	struct generic_instr *instr = &v->staged->instrs.items[v->at];
	uint64_t arity = verify_operand(v, 0)->value;
	need_import(v, arity, verify_operand(v, 1));
	if (verify_never_returns(v->staged, verify_operand(v, 1)) || raises_for_certain(v, verify_operand(v, 1))) {
		need_live(v, arity);
		verify_raise(v);
		instr->op = OP_call_ext;
		instr->count = op_infos[OP_call_ext].arity;
		v->staged->facts[v->at] |= FACT_NEVER_RETURNS;
		end(v);
		return;
	}
	if (instr->op == OP_call_ext) {
		need_frame(v);
		call(v, arity);
		return;
	}
	need_live(v, arity);
	if (instr->op == OP_call_ext_last)
		drop_frame(v, verify_operand(v, 2)->value);
	else
		need_no_frame(v);
	end(v);
}

/* Live registers, then the values of the operands from first on, then the destination that follows them. */
static void bif(struct verifier *v, unsigned arity, bool collects)
{
	unsigned import = collects ? 2 : arity == 0 ? 0 : 1;
	need_import(v, arity, verify_operand(v, import));
	for (unsigned i = 0; i < arity; i++)
		(void)read_value(v, verify_operand(v, import + 1 + i)); /* only that there is one */
	if (collects) {
		keep_live(v, verify_operand(v, 1)->value);
		may_collect(v);
	}
	if (arity > 0)
		fail_to(v, verify_operand(v, 0));
	else
		verify_raise(v);
	write_register(v, verify_operand(v, import + 1 + arity), ANY);
}

/* ------------------------------------------------------------------------------------------------ frames */

static void allocate(struct verifier *v, uint64_t heap_words, uint64_t live)
{
	struct state *s = &v->state;
	uint64_t size = verify_operand(v, 0)->value;
	need_no_frame(v);
	if (size > VERIFY_Y_MAX)
		(void)verify_refuse(v, "a frame of %llu registers", (unsigned long long)size);
	keep_live(v, live);
	if (v->failed != 0)
		return;
	s->frame = (uint32_t)size;
	s->catches = 0;
	s->heap_words = heap_words;
	for (uint64_t i = 0; i < size; i++)
		s->y[i] = KNOWN(KNOWN_NONE, 0);
}

static void trim(struct verifier *v)
{
	struct state *s = &v->state;
	uint64_t gone = verify_operand(v, 0)->value, remain = verify_operand(v, 1)->value;
	if (s->frame == NO_FRAME || gone > s->frame || remain != s->frame - gone) {
		(void)verify_refuse(v, "trim of %llu y registers that leaves %llu", (unsigned long long)gone,
			(unsigned long long)remain);
		return;
	}
	for (uint64_t i = 0; i < gone; i++)
		s->catches -= known_kind(s->y[i]) == KNOWN_CATCH;
	memmove(s->y, s->y + gone, remain * sizeof(*s->y));
	s->frame = (uint32_t)remain;
	s->unseen = true;
}

/* catch and try: the handler begins by naming the same y register. */
static void begin_catch(struct verifier *v)
{
	uint64_t y = verify_operand(v, 0)->value, number = verify_operand(v, 1)->value;
	const struct label *label = &v->labels[number];
	const struct staged *staged = v->staged;
	if (label->instr == 0 || label->instr >= staged->instrs.count || number > KNOWN_MORE_MAX) {
		(void)verify_refuse(v, "label %llu is no handler", (unsigned long long)number);
		return;
	}
	const struct generic_instr *handler = &staged->instrs.items[label->instr];
	bool ends = handler->op == OP_catch_end || handler->op == OP_try_case;
	if (!ends || staged->operands.items[handler->first].value != y) {
		(void)verify_refuse(v, "label %llu is no handler of y%llu", (unsigned long long)number, (unsigned long long)y);
		return;
	}
	write_y(v, y, KNOWN(KNOWN_CATCH, number));
}

/* ------------------------------------------------------------------------------------------------ lists */

/* Pairs of values and labels; kind: what the values are. */
static void select_list(struct verifier *v, bool arities)
{
	const struct operand *source = verify_operand(v, 0), *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	known was = read_value(v, source);
	verify_branch(v, verify_operand(v, 1)->value);
	if (list->value % 2 != 0)
		(void)verify_refuse(v, "a list of values and labels of odd length");
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		bool good = arities ? e[i].kind == OPERAND_U && e[i].value <= KNOWN_MORE_MAX : e[i].kind == OPERAND_TERM;
		if (!good || e[i + 1].kind != OPERAND_LABEL || e[i + 1].value == 0 ||
			e[i + 1].value >= v->staged->label_count + v->clones.count) {
			(void)verify_refuse(v, "a bad pair of value and label");
			return;
		}
		if (arities)
			learn(v, source, KNOWN(KNOWN_TUPLE, e[i].value));
		verify_branch(v, e[i + 1].value);
	}
	if (arities) {
		learn(v, source, was);
		need_fact(v, is_tuple_of(was, 0));
	}
	end(v);
}

static void read_list(struct verifier *v, const struct operand *list)
{
	const struct operand *e = verify_elements(v, list);
	for (uint64_t i = 0; i < list->value && v->failed == 0; i++)
		(void)read_value(v, &e[i]); /* only that there is one */
}

static void need_pairs(struct verifier *v, const struct operand *list)
{
	if (list->value % 2 != 0)
		(void)verify_refuse(v, "a list of pairs of odd length");
}

static bool may_write(const struct operand *o)
{
	return (o->kind == OPERAND_X && o->value < VERIFY_X_MAX) || o->kind == OPERAND_Y;
}

/* get_map_elements, get_record_elements: pairs of key and destination. Where a key is missing, earlier ones are read. */
static void get_elements(struct verifier *v, enum known_kind kind)
{
	const struct operand *source = verify_operand(v, 1), *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	known k = read_value(v, source);
	need_fact(v, known_kind(k) == kind);
	need_pairs(v, list);
	verify_branch(v, verify_operand(v, 0)->value);
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		(void)read_value(v, &e[i]); /* only that there is one */
		if (!may_write(&e[i + 1]))
			(void)verify_refuse(v, "a destination that is no register");
	}
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		write_register(v, &e[i + 1], ANY);
		/* One that was unset stays so for the verifier: the state above has it unset. What it held may be gone. */
		if (i + 3 < list->value)
			verify_branch(v, verify_operand(v, 0)->value);
	}
}

static void put_map(struct verifier *v)
{
	const struct operand *list = verify_operand(v, 4);
	known source = read_value(v, verify_operand(v, 1));
	need_fact(v, known_kind(source) == KNOWN_MAP);
	need_pairs(v, list);
	read_list(v, list);
	keep_live(v, verify_operand(v, 3)->value);
	may_collect(v);
	fail_to(v, verify_operand(v, 0));
	write_register(v, verify_operand(v, 2), KNOWN(KNOWN_MAP, 0));
}

static void put_record(struct verifier *v)
{
	(void)read_value(v, verify_operand(v, 1)); /* only that there is one, as below */
	(void)read_value(v, verify_operand(v, 2));
	need_pairs(v, verify_operand(v, 5));
	read_list(v, verify_operand(v, 5));
	keep_live(v, verify_operand(v, 4)->value);
	may_collect(v);
	fail_to(v, verify_operand(v, 0));
	write_register(v, verify_operand(v, 3), ANY);
}

static void update_record(struct verifier *v)
{
	uint64_t size = verify_operand(v, 1)->value;
	const struct operand *list = verify_operand(v, 4);
	const struct operand *e = verify_elements(v, list);
	known source = read_value(v, verify_operand(v, 2));
	need_fact(v, size <= KNOWN_MORE_MAX && is_tuple_of(source, size));
	need_pairs(v, list);
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		if (e[i].kind != OPERAND_U || e[i].value == 0 || e[i].value > size)
			(void)verify_refuse(v, "a position outside the tuple");
		(void)read_value(v, &e[i + 1]); /* only that there is one */
	}
	take_heap(v, size < UINT32_MAX ? size + 1 : UINT64_MAX);
	write_register(v, verify_operand(v, 3), KNOWN(KNOWN_TUPLE, size & KNOWN_MORE_MAX));
}

static void make_fun(struct verifier *v)
{
	const struct fun_entry *fun = &v->staged->code->funs[verify_operand(v, 0)->value];
	const struct operand *list = verify_operand(v, 2);
	if (list->value != fun->free_count)
		(void)verify_refuse(v, "%llu free variables, not %u", (unsigned long long)list->value, fun->free_count);
	read_list(v, list);
	take_heap(v, FUN_WORDS(list->value));
	write_register(v, verify_operand(v, 1), ANY);
}

/* ------------------------------------------------------------------------------------------------ bitstrings */

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
			need_unit(v, &e[2]);
		fail_to(v, verify_operand(v, 0));
		*bits = size->value;
		return n;
	}
	if (live_needed) {
		keep_live(v, e[1].value);
		need_context(v, verify_operand(v, 1));
		may_collect(v);
	}
	if (name == A(get_tail)) {
		/* The rest is no longer there to be read. */
		*bits = 0;
		need_unit(v, &e[2]);
		if (!may_write(&e[3]))
			(void)verify_refuse(v, "a destination that is no register");
		write_register(v, &e[3], ANY);
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
		fail_to(v, verify_operand(v, 0));
	} else if (name != A(skip)) {
		if (e[2].kind != OPERAND_TERM || !may_write(&e[5]))
			(void)verify_refuse(v, "a bad command of bs_match");
		need_unit(v, &e[4]);
		write_register(v, &e[5], ANY);
	}
	return n;
}

static void bs_match(struct verifier *v)
{
	const struct operand *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	uint64_t bits = 0;
	need_context(v, verify_operand(v, 1));
	for (uint64_t at = 0; at < list->value && v->failed == 0;)
		at += match_command(v, e + at, list->value - at, &bits);
}

/* A segment: type, number, unit, flags, value, size. */
static void check_segment(struct verifier *v, const struct operand *e)
{
	static const term types[] = { A(append), A(private_append), A(binary), A(integer), A(float), A(string), A(utf8),
		A(utf16), A(utf32) };
	bool known_type = false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		known_type = known_type || (e[0].kind == OPERAND_TERM && e[0].term == types[i]);
	if (!known_type || e[1].kind != OPERAND_U || e[2].kind != OPERAND_U || e[2].value > 256 ||
		e[3].kind != OPERAND_TERM) {
		(void)verify_refuse(v, "a bad segment of bs_create_bin");
		return;
	}
	if (e[0].term != A(string)) {
		(void)read_value(v, &e[4]); /* only that there is one, as the next */
		(void)read_value(v, &e[5]);
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
	for (uint64_t i = 0; i + 5 < list->value && v->failed == 0; i += 6)
		check_segment(v, e + i);
	keep_live(v, verify_operand(v, 2)->value);
	may_collect(v);
	fail_to(v, verify_operand(v, 0));
	v->state.heap_words = verify_operand(v, 1)->value;
	write_register(v, verify_operand(v, 4), ANY);
}

/* ------------------------------------------------------------------------------------------------ instructions */

/* What the operand letters say: values are there, labels may be jumped to, x beyond the live ones is lost, destinations
 * hold anything. */
static void by_letters(struct verifier *v)
{
	const struct generic_instr *instr = verify_current(v);
	const char *letters = op_infos[instr->op].operands;
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 's' || letters[n] == 'r')
			(void)read_value(v, verify_operand(v, n)); /* only that there is one */
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'v') {
			keep_live(v, verify_operand(v, n)->value);
			may_collect(v);
		}
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'f' || letters[n] == 'L')
			fail_to(v, verify_operand(v, n));
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'd')
			write_register(v, verify_operand(v, n), ANY);
	}
}

/* A test that tells something of its source: operands label, source. */
static void test(struct verifier *v, known k)
{
	(void)read_value(v, verify_operand(v, 1)); /* only that there is one */
	verify_branch(v, verify_operand(v, 0)->value);
	learn(v, verify_operand(v, 1), k);
}

static void fmove(struct verifier *v)
{
	const struct operand *source = verify_operand(v, 0), *into = verify_operand(v, 1);
	known k = read_value(v, source);
	if (into->kind == OPERAND_FR) {
		need_fact(v, source->kind == OPERAND_FR || known_kind(k) == KNOWN_FLOAT);
		return;
	}
	if (source->kind != OPERAND_FR) {
		(void)verify_refuse(v, "fmove without a float register");
		return;
	}
	take_heap(v, FLOAT_WORDS);
	write_register(v, into, KNOWN(KNOWN_FLOAT, 0));
}

static void swap(struct verifier *v)
{
	const struct operand *a = verify_operand(v, 0), *b = verify_operand(v, 1);
	known x = read_value(v, a), y = read_value(v, b);
	write_register(v, a, y);
	write_register(v, b, x);
}

/* Parts of a cons: source, then destinations. */
static void get_parts(struct verifier *v, unsigned count)
{
	known k = read_value(v, verify_operand(v, 0));
	need_fact(v, known_kind(k) == KNOWN_CONS);
	learn(v, verify_operand(v, 0), KNOWN(KNOWN_CONS, 0)); /* or else the engine has raised */
	for (unsigned n = 1; n <= count; n++)
		write_register(v, verify_operand(v, n), ANY);
}

/* Live registers are kept, the context goes on living, and what is read may need heap. */
static void bs_get(struct verifier *v, unsigned live, unsigned into)
{
	const struct operand *context = verify_operand(v, 1);
	need_context(v, context);
	if (verify_current(v)->count == 7) {
		(void)read_value(v, verify_operand(v, 3)); /* the size; only that there is one */
		need_unit(v, verify_operand(v, 4));
	}
	keep_live(v, verify_operand(v, live)->value);
	need_context(v, context);
	may_collect(v);
	verify_branch(v, verify_operand(v, 0)->value);
	write_register(v, verify_operand(v, into), ANY);
}

static void bs_test(struct verifier *v)
{
	need_context(v, verify_operand(v, 1));
	if (verify_current(v)->op == OP_bs_skip_bits2) {
		(void)read_value(v, verify_operand(v, 2)); /* only that there is one */
		need_unit(v, verify_operand(v, 3));
	}
	if (verify_current(v)->op == OP_bs_test_unit)
		need_unit(v, verify_operand(v, 2));
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
	need_context(v, context);
	keep_live(v, verify_operand(v, 2)->value);
	need_context(v, context);
	may_collect(v);
	write_register(v, verify_operand(v, 1), ANY);
}

static void bs_start(struct verifier *v, const struct operand *fail, const struct operand *live,
	const struct operand *source, const struct operand *into)
{
	(void)read_value(v, source); /* only that there is one; when it is not among the live, it has its last use here */
	keep_live(v, live->value);
	may_collect(v);
	fail_to(v, fail);
	write_register(v, into, KNOWN(KNOWN_CONTEXT, 0));
}

/* Whether a label leads to the present instruction itself. Then a wait_timeout made again finds its timer running and does
 * not look at the time, whose register has been lost. */
static bool is_just_above(const struct verifier *v, uint64_t label)
{
	uint32_t i = v->labels[label].instr;
	while (i != 0 && i < v->at && v->staged->instrs.items[i].op == OP_line)
		i++;
	return i == v->at;
}

static void receive(struct verifier *v)
{
	const struct operand *label = verify_operand(v, 0);
	switch (verify_current(v)->op) {
	case OP_loop_rec:
		keep_live(v, 0);
		may_collect(v);
		verify_branch(v, label->value);
		write_register(v, verify_operand(v, 1), ANY);
		return;
	case OP_wait_timeout:
		(void)read_value(v, verify_operand(v, 1)); /* only that there is one */
		keep_live(v, 0);
		may_collect(v);
		verify_raise(v);
		if (!is_just_above(v, label->value))
			verify_branch(v, label->value);
		return;
	default: /* loop_rec_end, wait */
		keep_live(v, 0);
		may_collect(v);
		verify_branch(v, label->value);
		end(v);
	}
}

void verify_instr(struct verifier *v)
{
	const struct operand *o = verify_operand(v, 0);
	switch ((enum op)verify_current(v)->op) {
	case OP_label:
	case OP_line:
	case OP_nif_start:
	case OP_executable_line:
	case OP_remove_message:
	case OP_timeout:
		return;
	case OP_debug_line:
		need_live(v, o[3].value);
		return;
	case OP_on_load:
		if (v->function->arity != 0 || v->at != v->function->entry + 1)
			(void)verify_refuse(v, "on_load is not at the beginning of a function without arguments");
		return;
	case OP_func_info:
		need_no_frame(v);
		need_live(v, v->function->arity);
		end(v);
		return;
	case OP_int_code_end:
		(void)verify_refuse(v, "the code runs past the end of its function");
		return;

	case OP_call:
		need_entry(v, o[0].value, &o[1]);
		need_frame(v);
		call(v, o[0].value);
		return;
	case OP_call_last:
		need_entry(v, o[0].value, &o[1]);
		need_live(v, o[0].value);
		drop_frame(v, o[2].value);
		end(v);
		return;
	case OP_call_only:
		need_entry(v, o[0].value, &o[1]);
		need_live(v, o[0].value);
		need_no_frame(v);
		end(v);
		return;
	case OP_call_ext:
	case OP_call_ext_last:
	case OP_call_ext_only:
		call_ext(v);
		return;
	case OP_apply:
		need_frame(v);
		call(v, o[0].value <= 255 ? o[0].value + 2 : VERIFY_X_MAX + 1);
		return;
	case OP_apply_last:
		need_live(v, o[0].value <= 255 ? o[0].value + 2 : VERIFY_X_MAX + 1);
		drop_frame(v, o[1].value);
		end(v);
		return;
	case OP_call_fun:
		need_frame(v);
		call(v, o[0].value <= 255 ? o[0].value + 1 : VERIFY_X_MAX + 1);
		return;
	case OP_call_fun2:
		(void)read_value(v, &o[2]); /* only that there is one */
		need_frame(v);
		call(v, o[1].value <= 255 ? o[1].value : VERIFY_X_MAX + 1);
		return;
	case OP_return:
		need_no_frame(v);
		need_live(v, 1);
		end(v);
		return;
	case OP_send:
		call(v, 2);
		return;

	case OP_bif0:
		bif(v, 0, false);
		return;
	case OP_bif1:
		bif(v, 1, false);
		return;
	case OP_bif2:
		bif(v, 2, false);
		return;
	case OP_bif3:
		bif(v, 3, false);
		return;
	case OP_gc_bif1:
		bif(v, 1, true);
		return;
	case OP_gc_bif2:
		bif(v, 2, true);
		return;
	case OP_gc_bif3:
		bif(v, 3, true);
		return;

	case OP_allocate:
		allocate(v, 0, o[1].value);
		return;
	case OP_allocate_heap:
		allocate(v, o[1].value, o[2].value);
		return;
	case OP_test_heap:
		keep_live(v, o[1].value);
		may_collect(v);
		v->state.heap_words = o[0].value;
		return;
	case OP_deallocate:
		drop_frame(v, o[0].value);
		return;
	case OP_trim:
		trim(v);
		return;
	case OP_init_yregs: {
		const struct operand *e = verify_elements(v, o);
		for (uint64_t i = 0; i < o->value && v->failed == 0; i++) {
			if (e[i].kind == OPERAND_Y)
				write_y(v, e[i].value, ANY);
			else
				(void)verify_refuse(v, "init_yregs of what is no y register");
		}
		return;
	}

	case OP_catch:
	case OP_try:
		begin_catch(v);
		return;
	case OP_try_end:
		write_y(v, o->value, ANY);
		return;
	case OP_catch_end:
		need_live(v, 1);
		write_y(v, o->value, ANY);
		may_collect(v);
		v->state.x_count = 1;
		v->state.x[0] = ANY;
		return;
	case OP_try_case:
		keep_live(v, 3);
		write_y(v, o->value, ANY);
		return;
	case OP_badmatch:
	case OP_case_end:
	case OP_try_case_end:
	case OP_badrecord:
	case OP_raise:
		by_letters(v);
		verify_raise(v);
		end(v);
		return;
	case OP_if_end:
		verify_raise(v);
		end(v);
		return;
	case OP_build_stacktrace:
		keep_live(v, 1);
		may_collect(v);
		v->state.x[0] = ANY;
		return;
	case OP_raw_raise:
		need_live(v, 3);
		verify_raise(v);
		v->state.x_count = 1;
		v->state.x[0] = ANY;
		return;

	case OP_loop_rec:
	case OP_loop_rec_end:
	case OP_wait:
	case OP_wait_timeout:
		receive(v);
		return;

	case OP_jump:
		verify_branch(v, o->value);
		end(v);
		return;
	case OP_select_val:
		select_list(v, false);
		return;
	case OP_select_tuple_arity:
		select_list(v, true);
		return;
	case OP_is_nonempty_list:
		test(v, KNOWN(KNOWN_CONS, 0));
		return;
	case OP_is_tuple: {
		known k = read_value(v, &o[1]);
		test(v, is_tuple_of(k, 0) ? k : KNOWN(KNOWN_TUPLE, 0));
		return;
	}
	case OP_test_arity:
		need_fact(v, is_tuple_of(read_value(v, &o[1]), 0));
		test(v, KNOWN(KNOWN_TUPLE, o[2].value & KNOWN_MORE_MAX));
		return;
	case OP_is_tagged_tuple:
		test(v, KNOWN(KNOWN_TUPLE, o[2].value & KNOWN_MORE_MAX));
		return;
	case OP_is_map:
		test(v, KNOWN(KNOWN_MAP, 0));
		return;
	case OP_is_float:
		test(v, KNOWN(KNOWN_FLOAT, 0));
		return;
	case OP_has_map_fields:
		need_fact(v, known_kind(read_value(v, &o[1])) == KNOWN_MAP);
		read_list(v, &o[2]);
		test(v, KNOWN(KNOWN_MAP, 0));
		return;

	case OP_move:
		write_register(v, &o[1], read_value(v, o));
		return;
	case OP_swap:
		swap(v);
		return;
	case OP_get_list:
		get_parts(v, 2);
		return;
	case OP_get_hd:
	case OP_get_tl:
		get_parts(v, 1);
		return;
	case OP_get_tuple_element:
	case OP_set_tuple_element: {
		bool set = verify_current(v)->op == OP_set_tuple_element;
		uint64_t index = set ? o[2].value : o[1].value;
		known k = read_value(v, set ? &o[1] : &o[0]);
		if (index >= KNOWN_MORE_MAX)
			(void)verify_refuse(v, "an element beyond any tuple");
		need_fact(v, is_tuple_of(k, index + 1));
		/* Where it is not known, the engine has tested it from here on. */
		if (!is_tuple_of(k, index + 1))
			learn(v, set ? &o[1] : &o[0], KNOWN(KNOWN_TUPLE, index + 1));
		if (set)
			(void)read_value(v, o); /* only that there is one */
		else
			write_register(v, &o[2], ANY);
		return;
	}
	case OP_put_list:
		(void)read_value(v, &o[0]); /* only that there is one, as the next */
		(void)read_value(v, &o[1]);
		take_heap(v, 2);
		write_register(v, &o[2], KNOWN(KNOWN_CONS, 0));
		return;
	case OP_put_tuple2:
		read_list(v, &o[1]);
		take_heap(v, o[1].value + 1);
		write_register(v, o, KNOWN(KNOWN_TUPLE, o[1].value & KNOWN_MORE_MAX));
		return;
	case OP_update_record:
		update_record(v);
		return;
	case OP_make_fun3:
		make_fun(v);
		return;
	case OP_put_map_assoc:
	case OP_put_map_exact:
		put_map(v);
		return;
	case OP_get_map_elements:
		get_elements(v, KNOWN_MAP);
		return;
	case OP_get_record_elements:
		get_elements(v, KNOWN_NONE);
		return;
	case OP_put_record:
		put_record(v);
		return;

	case OP_fmove:
		fmove(v);
		return;
	case OP_fconv:
		(void)read_value(v, o); /* only that there is one */
		verify_raise(v);
		return;

	case OP_bs_start_match3:
		bs_start(v, &o[0], &o[2], &o[1], &o[3]);
		return;
	case OP_bs_start_match4:
		bs_start(v, &o[0], &o[1], &o[2], &o[3]);
		return;
	case OP_bs_get_integer2:
	case OP_bs_get_float2:
	case OP_bs_get_binary2:
		bs_get(v, 2, 6);
		return;
	case OP_bs_get_utf8:
	case OP_bs_get_utf16:
	case OP_bs_get_utf32:
		bs_get(v, 2, 4);
		return;
	case OP_bs_skip_bits2:
	case OP_bs_test_tail2:
	case OP_bs_test_unit:
	case OP_bs_match_string:
	case OP_bs_skip_utf8:
	case OP_bs_skip_utf16:
	case OP_bs_skip_utf32:
		bs_test(v);
		return;
	case OP_bs_get_tail:
	case OP_bs_get_position:
		bs_part(v);
		return;
	case OP_bs_set_position:
		need_context(v, &o[0]);
		(void)read_value(v, &o[1]); /* only that there is one */
		return;
	case OP_bs_match:
		bs_match(v);
		return;
	case OP_bs_create_bin:
		bs_create_bin(v);
		return;
	case OP_bs_init_writable:
		keep_live(v, 1);
		may_collect(v);
		verify_raise(v);
		v->state.x[0] = ANY;
		return;

	default: /* tests, arithmetic on floats, receive markers, reading records */
		by_letters(v);
		return;
	}
}
