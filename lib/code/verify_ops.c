/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass of verification, instruction by instruction: what each needs of the abstract state and makes of it.
 * Most are told by their operand letters alone (the default of verify_instr); the switch holds the rest. */
#include "base/alloc.h"
#include "code/verify_impl.h"
#include "ns/export.h"
#include "term/atom.h"

/* ------------------------------------------------------------------------------------------------ frames and facts */

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

static bool is_tuple_of(known k, uint64_t least)
{
	return known_kind(k) == KNOWN_TUPLE && known_more(k) >= least;
}

/* What it leads to is no longer the next instruction. */
static void end(struct verifier *v)
{
	v->flowing = false;
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
	verify_need_live(v, live);
	verify_may_collect(v);
	verify_raise(v);
	v->state.x_count = 1;
	v->state.x[0] = KNOWN_VALUE;
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
		verify_need_live(v, arity);
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
	verify_need_live(v, arity);
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
		(void)verify_read(v, verify_operand(v, import + 1 + i)); /* only that there is one */
	if (collects) {
		verify_keep_live(v, verify_operand(v, 1)->value);
		verify_may_collect(v);
	}
	if (arity > 0)
		verify_fail_to(v, verify_operand(v, 0));
	else
		verify_raise(v);
	verify_write(v, verify_operand(v, import + 1 + arity), KNOWN_VALUE);
}

/* ------------------------------------------------------------------------------------------------ frames */

static void allocate(struct verifier *v, uint64_t heap_words, uint64_t live)
{
	struct state *s = &v->state;
	uint64_t size = verify_operand(v, 0)->value;
	need_no_frame(v);
	if (size > VERIFY_Y_MAX)
		(void)verify_refuse(v, "a frame of %llu registers", (unsigned long long)size);
	verify_keep_live(v, live);
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
	verify_write_y(v, y, KNOWN(KNOWN_CATCH, number));
}

/* ------------------------------------------------------------------------------------------------ lists */

/* Pairs of values and labels; kind: what the values are. */
static void select_list(struct verifier *v, bool arities)
{
	const struct operand *source = verify_operand(v, 0), *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	known was = verify_read(v, source);
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
			verify_learn(v, source, KNOWN(KNOWN_TUPLE, e[i].value));
		verify_branch(v, e[i + 1].value);
	}
	if (arities) {
		verify_learn(v, source, was);
		verify_need_fact(v, is_tuple_of(was, 0));
	}
	end(v);
}

static void read_list(struct verifier *v, const struct operand *list)
{
	const struct operand *e = verify_elements(v, list);
	for (uint64_t i = 0; i < list->value && v->failed == 0; i++)
		(void)verify_read(v, &e[i]); /* only that there is one */
}

static void need_pairs(struct verifier *v, const struct operand *list)
{
	if (list->value % 2 != 0)
		(void)verify_refuse(v, "a list of pairs of odd length");
}

/* get_map_elements, get_record_elements: pairs of key and destination. Where a key is missing, earlier ones are read. */
static void get_elements(struct verifier *v, enum known_kind kind)
{
	const struct operand *source = verify_operand(v, 1), *list = verify_operand(v, 2);
	const struct operand *e = verify_elements(v, list);
	known k = verify_read(v, source);
	verify_need_fact(v, known_kind(k) == kind);
	need_pairs(v, list);
	verify_branch(v, verify_operand(v, 0)->value);
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		(void)verify_read(v, &e[i]); /* only that there is one */
		if (!verify_may_write(&e[i + 1]))
			(void)verify_refuse(v, "a destination that is no register");
	}
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		verify_write(v, &e[i + 1], KNOWN_VALUE);
		/* One that was unset stays so for the verifier: the state above has it unset. What it held may be gone. */
		if (i + 3 < list->value)
			verify_branch(v, verify_operand(v, 0)->value);
	}
}

static void put_map(struct verifier *v)
{
	const struct operand *list = verify_operand(v, 4);
	known source = verify_read(v, verify_operand(v, 1));
	verify_need_fact(v, known_kind(source) == KNOWN_MAP);
	need_pairs(v, list);
	read_list(v, list);
	verify_keep_live(v, verify_operand(v, 3)->value);
	verify_may_collect(v);
	verify_fail_to(v, verify_operand(v, 0));
	verify_write(v, verify_operand(v, 2), KNOWN(KNOWN_MAP, 0));
}

static void put_record(struct verifier *v)
{
	(void)verify_read(v, verify_operand(v, 1)); /* only that there is one, as below */
	(void)verify_read(v, verify_operand(v, 2));
	need_pairs(v, verify_operand(v, 5));
	read_list(v, verify_operand(v, 5));
	verify_keep_live(v, verify_operand(v, 4)->value);
	verify_may_collect(v);
	verify_fail_to(v, verify_operand(v, 0));
	verify_write(v, verify_operand(v, 3), KNOWN_VALUE);
}

static void update_record(struct verifier *v)
{
	uint64_t size = verify_operand(v, 1)->value;
	const struct operand *list = verify_operand(v, 4);
	const struct operand *e = verify_elements(v, list);
	known source = verify_read(v, verify_operand(v, 2));
	verify_need_fact(v, size <= KNOWN_MORE_MAX && is_tuple_of(source, size));
	need_pairs(v, list);
	for (uint64_t i = 0; i + 1 < list->value && v->failed == 0; i += 2) {
		if (e[i].kind != OPERAND_U || e[i].value == 0 || e[i].value > size)
			(void)verify_refuse(v, "a position outside the tuple");
		(void)verify_read(v, &e[i + 1]); /* only that there is one */
	}
	verify_take_heap(v, size < UINT32_MAX ? size + 1 : UINT64_MAX);
	verify_write(v, verify_operand(v, 3), KNOWN(KNOWN_TUPLE, size & KNOWN_MORE_MAX));
}

static void make_fun(struct verifier *v)
{
	const struct fun_entry *fun = &v->staged->code->funs[verify_operand(v, 0)->value];
	const struct operand *list = verify_operand(v, 2);
	if (list->value != fun->free_count)
		(void)verify_refuse(v, "%llu free variables, not %u", (unsigned long long)list->value, fun->free_count);
	read_list(v, list);
	verify_take_heap(v, FUN_WORDS(list->value));
	verify_write(v, verify_operand(v, 1), KNOWN_VALUE);
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
			(void)verify_read(v, verify_operand(v, n)); /* only that there is one */
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'v') {
			verify_keep_live(v, verify_operand(v, n)->value);
			verify_may_collect(v);
		}
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'f' || letters[n] == 'L')
			verify_fail_to(v, verify_operand(v, n));
	}
	for (unsigned n = 0; n < instr->count; n++) {
		if (letters[n] == 'd')
			verify_write(v, verify_operand(v, n), KNOWN_VALUE);
	}
}

/* A test that tells something of its source: operands label, source. */
static void test(struct verifier *v, known k)
{
	(void)verify_read(v, verify_operand(v, 1)); /* only that there is one */
	verify_branch(v, verify_operand(v, 0)->value);
	verify_learn(v, verify_operand(v, 1), k);
}

static void fmove(struct verifier *v)
{
	const struct operand *source = verify_operand(v, 0), *into = verify_operand(v, 1);
	known k = verify_read(v, source);
	if (into->kind == OPERAND_FR) {
		verify_need_fact(v, source->kind == OPERAND_FR || known_kind(k) == KNOWN_FLOAT);
		return;
	}
	if (source->kind != OPERAND_FR) {
		(void)verify_refuse(v, "fmove without a float register");
		return;
	}
	verify_take_heap(v, FLOAT_WORDS);
	verify_write(v, into, KNOWN(KNOWN_FLOAT, 0));
}

static void swap(struct verifier *v)
{
	const struct operand *a = verify_operand(v, 0), *b = verify_operand(v, 1);
	known x = verify_read(v, a), y = verify_read(v, b);
	verify_write(v, a, y);
	verify_write(v, b, x);
}

/* Parts of a cons: source, then destinations. */
static void get_parts(struct verifier *v, unsigned count)
{
	known k = verify_read(v, verify_operand(v, 0));
	verify_need_fact(v, known_kind(k) == KNOWN_CONS);
	verify_learn(v, verify_operand(v, 0), KNOWN(KNOWN_CONS, 0)); /* or else the engine has raised */
	for (unsigned n = 1; n <= count; n++)
		verify_write(v, verify_operand(v, n), KNOWN_VALUE);
}

/* Jumps that are followed from where a process waits; compilers make one at most. */
#define JUMPS_MAX 4

/* Whether the label of a wait_timeout leads to the instruction itself. Then, made again, it finds its timer running and does not look at
 * the time, whose register has been lost. Jumps between them are taken out, so that what runs is what was looked at. */
static bool waits_again(struct verifier *v)
{
	const struct operand *label = verify_operand(v, 0);
	for (unsigned jumps = 0; jumps <= JUMPS_MAX; jumps++) {
		uint32_t i = v->labels[label->value].instr;
		if (i == 0)
			return false;
		while (i < v->staged->instrs.count &&
			(v->staged->instrs.items[i].op == OP_line || v->staged->instrs.items[i].op == OP_label))
			i++;
		if (i == v->staged->instrs.count)
			return false;
		const struct generic_instr *instr = &v->staged->instrs.items[i];
		if (i == v->at) {
			v->staged->operands.items[verify_current(v)->first].value = label->value;
			return true;
		}
		if (instr->op != OP_jump)
			return false;
		label = &v->staged->operands.items[instr->first];
	}
	return false;
}

static void receive(struct verifier *v)
{
	const struct operand *label = verify_operand(v, 0);
	switch (verify_current(v)->op) {
	case OP_loop_rec:
		verify_keep_live(v, 0);
		verify_may_collect(v);
		verify_branch(v, label->value);
		verify_write(v, verify_operand(v, 1), KNOWN_VALUE);
		return;
	case OP_wait_timeout:
		(void)verify_read(v, verify_operand(v, 1)); /* only that there is one */
		verify_keep_live(v, 0);
		verify_may_collect(v);
		verify_raise(v);
		if (!waits_again(v))
			verify_branch(v, label->value);
		return;
	default: /* loop_rec_end, wait */
		verify_keep_live(v, 0);
		verify_may_collect(v);
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
		verify_need_live(v, o[3].value);
		return;
	case OP_on_load:
		if (v->function->arity != 0 || v->at != v->function->entry + 1)
			(void)verify_refuse(v, "on_load is not at the beginning of a function without arguments");
		return;
	case OP_func_info:
		need_no_frame(v);
		verify_need_live(v, v->function->arity);
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
		verify_need_live(v, o[0].value);
		drop_frame(v, o[2].value);
		end(v);
		return;
	case OP_call_only:
		need_entry(v, o[0].value, &o[1]);
		verify_need_live(v, o[0].value);
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
		verify_need_live(v, o[0].value <= 255 ? o[0].value + 2 : VERIFY_X_MAX + 1);
		drop_frame(v, o[1].value);
		end(v);
		return;
	case OP_call_fun:
		need_frame(v);
		call(v, o[0].value <= 255 ? o[0].value + 1 : VERIFY_X_MAX + 1);
		return;
	case OP_call_fun2:
		(void)verify_read(v, &o[2]); /* only that there is one */
		need_frame(v);
		call(v, o[1].value <= 255 ? o[1].value : VERIFY_X_MAX + 1);
		return;
	case OP_return:
		need_no_frame(v);
		verify_need_live(v, 1);
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
		verify_keep_live(v, o[1].value);
		verify_may_collect(v);
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
				verify_write_y(v, e[i].value, KNOWN_VALUE);
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
		verify_write_y(v, o->value, KNOWN_VALUE);
		return;
	case OP_catch_end:
		verify_need_live(v, 1);
		verify_write_y(v, o->value, KNOWN_VALUE);
		verify_may_collect(v);
		v->state.x_count = 1;
		v->state.x[0] = KNOWN_VALUE;
		return;
	case OP_try_case:
		verify_keep_live(v, 3);
		verify_write_y(v, o->value, KNOWN_VALUE);
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
		verify_keep_live(v, 1);
		verify_may_collect(v);
		v->state.x[0] = KNOWN_VALUE;
		return;
	case OP_raw_raise:
		verify_need_live(v, 3);
		verify_raise(v);
		v->state.x_count = 1;
		v->state.x[0] = KNOWN_VALUE;
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
		known k = verify_read(v, &o[1]);
		test(v, is_tuple_of(k, 0) ? k : KNOWN(KNOWN_TUPLE, 0));
		return;
	}
	case OP_test_arity:
		verify_need_fact(v, is_tuple_of(verify_read(v, &o[1]), 0));
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
		verify_need_fact(v, known_kind(verify_read(v, &o[1])) == KNOWN_MAP);
		read_list(v, &o[2]);
		test(v, KNOWN(KNOWN_MAP, 0));
		return;

	case OP_move:
		verify_write(v, &o[1], verify_read(v, o));
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
		known k = verify_read(v, set ? &o[1] : &o[0]);
		if (index >= KNOWN_MORE_MAX)
			(void)verify_refuse(v, "an element beyond any tuple");
		verify_need_fact(v, is_tuple_of(k, index + 1));
		/* Where it is not known, the engine has tested it from here on. */
		if (!is_tuple_of(k, index + 1))
			verify_learn(v, set ? &o[1] : &o[0], KNOWN(KNOWN_TUPLE, index + 1));
		if (set)
			(void)verify_read(v, o); /* only that there is one */
		else
			verify_write(v, &o[2], KNOWN_VALUE);
		return;
	}
	case OP_put_list:
		(void)verify_read(v, &o[0]); /* only that there is one, as the next */
		(void)verify_read(v, &o[1]);
		verify_take_heap(v, 2);
		verify_write(v, &o[2], KNOWN(KNOWN_CONS, 0));
		return;
	case OP_put_tuple2:
		read_list(v, &o[1]);
		verify_take_heap(v, o[1].value + 1);
		verify_write(v, o, KNOWN(KNOWN_TUPLE, o[1].value & KNOWN_MORE_MAX));
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
		(void)verify_read(v, o); /* only that there is one */
		verify_raise(v);
		return;


	default: /* tests, arithmetic on floats, receive markers, reading records */
		if (!verify_bits(v))
			by_letters(v);
		return;
	}
}
