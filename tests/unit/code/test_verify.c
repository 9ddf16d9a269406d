/* SPDX-License-Identifier: Apache-2.0 */
/* What verification refuses: code written by hand, a function a/1 and what stands in it. */
#include "code/verify.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file under construction. */
struct file {
	uint8_t bytes[4096];
	size_t size;
};

static void put(struct file *f, const void *bytes, size_t size)
{
	ck_assert_uint_le(f->size + size, sizeof(f->bytes));
	memcpy(f->bytes + f->size, bytes, size);
	f->size += size;
}

static void put32(struct file *f, uint32_t n)
{
	const uint8_t b[] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	put(f, b, 4);
}

static void chunk(struct file *f, const char *id, const struct file *content)
{
	put(f, id, 4);
	put32(f, (uint32_t)content->size);
	put(f, content->bytes, content->size);
	while (f->size % 4 != 0)
		put(f, "", 1);
}

/* Operands are written as numbers: tag * 1000 + value; tags as in compact terms, 7: a list of so many. */
enum { U = 0, I = 1000, A = 2000, X = 3000, Y = 4000, F = 5000, LIST = 7000, END = -1 };

static void operand(struct file *f, int o)
{
	uint8_t tag = (uint8_t)(o / 1000), value = (uint8_t)(o % 1000);
	if (tag == 7) {
		put(f, &(uint8_t){ 0x17 }, 1);
		tag = 0;
	}
	ck_assert_uint_lt(value, 16);
	put(f, &(uint8_t){ (uint8_t)(value << 4 | tag) }, 1);
}

/* code: op, its operands, op, ...; ended by END. Names: 1 m, 2 a, 3 lists, 4 reverse, 5 ensure_at_least, 6 integer, 7 resume.
 * Import 0 is lists:reverse/1. Label 1: function_clause, 2: entry of a/1; further functions as written. */
static int load(const int *code, struct load_error *error)
{
	static const char *const atoms[] = { "m", "a", "lists", "reverse", "ensure_at_least", "integer", "resume" };
	struct file all = { 0 }, part = { 0 }, body = { 0 };
	put(&body, "BEAM", 4);
	put32(&part, sizeof(atoms) / sizeof(atoms[0]));
	for (size_t i = 0; i < sizeof(atoms) / sizeof(atoms[0]); i++) {
		put(&part, &(uint8_t){ (uint8_t)strlen(atoms[i]) }, 1);
		put(&part, atoms[i], strlen(atoms[i]));
	}
	chunk(&body, "AtU8", &part);
	part.size = 0;
	put32(&part, 16);
	put32(&part, 0);
	put32(&part, 190);
	put32(&part, 5); /* labels, and one */
	put32(&part, 1);
	static const int head[] = { 1, U + 1, 2, A + 1, A + 2, U + 1, 1, U + 2, END };
	for (const int *parts[] = { head, code, NULL }, **p = parts; *p != NULL; p++) {
		for (const int *c = *p; *c != END;) {
			int op = *c++;
			put(&part, &(uint8_t){ (uint8_t)op }, 1);
			for (int n = 0; n < op_infos[op].arity; n++) {
				int o = *c++;
				operand(&part, o);
				for (int k = 0; o / 1000 == 7 && k < o % 1000; k++)
					operand(&part, *c++);
			}
		}
	}
	put(&part, &(uint8_t){ 3 }, 1);
	chunk(&body, "Code", &part);
	part.size = 0;
	put32(&part, 1);
	put32(&part, 3);
	put32(&part, 4);
	put32(&part, 1);
	chunk(&body, "ImpT", &part);
	part.size = 0;
	put32(&part, 1);
	put32(&part, 2);
	put32(&part, 1);
	put32(&part, 2);
	chunk(&body, "ExpT", &part);
	put(&all, "FOR1", 4);
	put32(&all, (uint32_t)body.size);
	put(&all, body.bytes, body.size);
	struct staged *staged;
	int r = load_stage(all.bytes, all.size, &staged, error);
	if (r != 0)
		return r;
	r = verify_module(staged, error);
	(void)staged_free(staged);
	return r;
}

static const struct {
	const char *reason; /* part of it; NULL: it is accepted */
	int code[64];
} cases[] = {
	{ NULL, { OP_return, END } },
	{ NULL, { OP_allocate, U + 1, U + 1, OP_move, X + 0, Y + 0, OP_call, U + 1, F + 2, OP_deallocate, U + 1, OP_return, END } },
	{ NULL, { OP_test_heap, U + 2, U + 1, OP_put_list, X + 0, X + 0, X + 0, OP_return, END } },
	{ NULL, { OP_is_nonempty_list, F + 1, X + 0, OP_get_hd, X + 0, X + 0, OP_return, END } },
	{ "x1 holds no value", { OP_move, X + 1, X + 0, OP_return, END } },
	{ "x0 holds no value", { OP_test_heap, U + 1, U + 0, OP_return, END } },
	{ "y0 is not in the frame", { OP_move, X + 0, Y + 0, OP_return, END } },
	{ "y1 is not in the frame", { OP_allocate, U + 1, U + 1, OP_move, X + 0, Y + 1, OP_deallocate, U + 1, OP_return, END } },
	{ "y0 holds no value", { OP_allocate, U + 1, U + 1, OP_move, Y + 0, X + 0, OP_deallocate, U + 1, OP_return, END } },
	{ "where a collection may come", { OP_allocate, U + 1, U + 1, OP_call, U + 1, F + 2, OP_deallocate, U + 1, OP_return, END } },
	{ "return with a frame", { OP_allocate, U + 0, U + 1, OP_return, END } },
	{ "call without a frame", { OP_call, U + 1, F + 2, OP_return, END } },
	{ "but the frame has 1", { OP_allocate, U + 1, U + 1, OP_deallocate, U + 2, OP_return, END } },
	{ "allocate with a frame", { OP_allocate, U + 1, U + 1, OP_allocate, U + 1, U + 1, OP_return, END } },
	{ "are reserved", { OP_put_list, X + 0, X + 0, X + 0, OP_return, END } },
	{ "are reserved", { OP_test_heap, U + 3, U + 1, OP_put_list, X + 0, X + 0, X + 0, OP_put_list, X + 0, X + 0, X + 0, OP_return,
				  END } },
	{ "past the end", { OP_move, X + 0, X + 1, END } },
	{ "is no function of 2", { OP_move, X + 0, X + 1, OP_call_only, U + 2, F + 2, END } },
	{ "is no function of 1", { OP_call_only, U + 1, F + 1, END } },
	{ "is not in this function", { OP_jump, F + 4, END } },
	{ "has 1 arguments, not 0", { OP_call_ext_only, U + 0, U + 0, END } },
	{ "is not an import", { OP_call_ext_only, U + 1, U + 1, END } },
	{ "different frames", { OP_is_nil, F + 3, X + 0, OP_allocate, U + 0, U + 1, OP_label, U + 3, OP_return, END } },
	{ "is no handler", { OP_allocate, U + 1, U + 1, OP_try, Y + 0, F + 3, OP_label, U + 3, OP_return, END } },
	{ "no handler of y0", { OP_allocate, U + 2, U + 1, OP_try, Y + 0, F + 3, OP_label, U + 3, OP_try_case, Y + 1, OP_return, END } },
	{ "holds a catch", { OP_allocate, U + 1, U + 1, OP_catch, Y + 0, F + 3, OP_move, Y + 0, X + 0, OP_label, U + 3, OP_catch_end, Y + 0,
				   OP_deallocate, U + 1, OP_return, END } },
	{ "a catch was moved", { OP_allocate, U + 2, U + 1, OP_init_yregs, LIST + 1, Y + 0, OP_catch, Y + 1, F + 3, OP_trim, U + 1, U + 1,
				       OP_call, U + 1, F + 2, OP_jump, F + 4, OP_label, U + 3, OP_catch_end, Y + 1, OP_deallocate, U + 2,
				       OP_return, OP_label, U + 4, OP_deallocate, U + 1, OP_return, END } },
	{ "no match context", { OP_bs_test_unit, F + 1, X + 0, U + 8, OP_return, END } },
	{ "reads 8 bits of 0", { OP_bs_start_match3, F + 1, X + 0, U + 1, X + 1, OP_bs_match, F + 1, X + 1, LIST + 6, A + 6, U + 2, A + 0,
				       U + 8, U + 1, X + 0, OP_return, END } },
	{ NULL, { OP_bs_start_match3, F + 1, X + 0, U + 1, X + 1, OP_bs_match, F + 3, X + 1, LIST + 9, A + 5, U + 8, U + 1, A + 6, U + 2,
			A + 0, U + 8, U + 1, X + 0, OP_return, OP_label, U + 3, OP_return, END } },
	{ "is not a value", { OP_move, U + 1, X + 0, OP_return, END } },
	{ "before OTP 24", { OP_bs_init, U + 0, U + 0, OP_return, END } },
	{ "without a bitstring to fill", { OP_bs_put_string, U + 1, U + 0, OP_return, END } },
	{ "a bad segment", { OP_bs_init2, F + 0, X + 0, U + 0, U + 1, U + 0, X + 0, OP_bs_put_integer, F + 0, X + 0, X + 0, U + 0, X + 0,
				   OP_return, END } },
	{ NULL, { OP_bs_init2, F + 0, X + 0, U + 0, U + 1, U + 0, X + 0, OP_bs_put_integer, F + 0, X + 0, U + 1, U + 0, X + 0, OP_return, END } },
	{ "x1", { OP_move, X + 0, X + 1, OP_bs_init2, F + 0, X + 0, U + 0, U + 1, U + 0, X + 0, OP_bs_put_integer, F + 0, X + 0, U + 1, U + 0,
			X + 1, OP_return, END } },
	{ NULL, { OP_move, X + 0, X + 1, OP_bs_private_append, F + 0, X + 0, U + 8, X + 0, U + 0, X + 0, OP_bs_put_integer, F + 0, X + 0, U + 1,
			U + 0, X + 1, OP_return, END } },
	{ "a loop without a call", { OP_label, U + 3, OP_jump, F + 3, END } },
	{ "a loop without a call", { OP_label, U + 3, OP_is_nil, F + 4, X + 0, OP_return, OP_label, U + 4, OP_is_atom, F + 3, X + 0, OP_return, END } },
	{ NULL, { OP_label, U + 3, OP_loop_rec, F + 4, X + 0, OP_is_nil, F + 4, X + 0, OP_remove_message, OP_return, OP_label, U + 4, OP_wait,
			F + 3, END } },
	{ "1 to 256", { OP_bs_start_match3, F + 1, X + 0, U + 1, X + 1, OP_bs_test_unit, F + 1, X + 1, U + 0, OP_return, END } },
	{ "on_load is not at the beginning", { OP_on_load, OP_return, END } },
	{ "label 3 stands twice", { OP_label, U + 3, OP_label, U + 3, OP_return, END } },
};

START_TEST(code_is_accepted_or_refused_for_the_right_reason)
{
	struct load_error error = { 0 };
	machine_parts_init();
	int r = load(cases[_i].code, &error);
	if (cases[_i].reason == NULL) {
		ck_assert_msg(r == 0, "refused: %s", error.reason);
		return;
	}
	ck_assert_int_eq(r, LOAD_E_FORMAT);
	ck_assert_msg(strstr(error.reason, cases[_i].reason) != NULL, "%s, not %s", error.reason, cases[_i].reason);
}
END_TEST

TCase *verify_case(void)
{
	TCase *tc = tcase_create("verify");
	tcase_add_loop_test(tc, code_is_accepted_or_refused_for_the_right_reason, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	return tc;
}
