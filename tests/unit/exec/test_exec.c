/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on instructions written by hand: a process without a scheduler, one slice at a time. What instructions mean is
 * for the conformance cases; here are the ways into a slice and out of it, and the tables. */
#include "exec/exec.h"

#include "bif/bif.h"
#include "code/instr.h"
#include "code/module.h"
#include "code/region.h"
#include "data/map.h"
#include "term/compare.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct worker *worker;
static struct ns *ns;
static struct proc *p;

/* A function of arity 3 made of words. */
static struct {
	struct function_header header;
	uint64_t code[32];
} function;

static uint64_t word(enum instr instr, uint64_t high)
{
	return instr_handlers[instr] | high << 32;
}

static void start_process(void)
{
	worker = mem_zalloc(MEM_SCHED, sizeof(*worker));
	nursery_init(&worker->nursery);
	p = mem_zalloc(MEM_PROC, sizeof(*p));
	gen_init(&p->mem);
	p->ns = ns;
	p->worker = worker;
	p->mailbox.last = p->mailbox.save = &p->mailbox.first;
	/* Without an extra nobody is told the value that the first function returns. */
	(void)proc_extra(p);
	heap_enter(&p->mem, &worker->nursery);
	*--p->mem.heap.limit = (term)(uintptr_t)exec_normal_exit();
	memset(&function, 0, sizeof(function));
	function.header.func_info = word(INSTR_func_info, 0);
	function.header.arity = 1;
	p->pc = function.code;
}

static void end_process(void)
{
	gen_done(&p->mem);
	mem_free(MEM_PROC, p->saved_x, p->saved_capacity * sizeof(term));
	nursery_done(&worker->nursery);
	mem_free(MEM_SCHED, worker, sizeof(*worker));
}

static void set_up_once(void)
{
	atom_init(1 << 20);
	export_init();
	map_init();
	code_region_init();
	bif_register_all();
	exec_init();
	ns = ns_new("test", NULL);
}

static unsigned letters_words(const char *letters)
{
	unsigned bit = 32;
	for (; *letters != '\0' && *letters != '*'; letters++) {
		unsigned align = instr_letter_align(*letters);
		bit = (bit + align - 1) / align * align + instr_letter_bits(*letters);
	}
	return (bit + 63) / 64;
}

START_TEST(the_table_counts_the_words_of_its_operands)
{
	for (unsigned i = 0; i < INSTR_COUNT; i++)
		ck_assert_msg(letters_words(instr_infos[i].operands) == instr_infos[i].words, "%s",
			instr_infos[i].name);
}

END_TEST

/* Compilers merge equal code: what the rest relies on is that a handler's instruction does the same. */
START_TEST(each_handler_tells_an_instruction_that_does_the_same)
{
	static const enum instr alone[] = { INSTR_func_info, INSTR_call, INSTR_call_last,
		INSTR_call_only, INSTR_call_bif, INSTR_call_bif_last, INSTR_jump };
	for (unsigned i = 0; i < INSTR_COUNT; i++)
		ck_assert_msg(instr_handlers[instr_of(instr_handlers[i])] == instr_handlers[i],
			"%s", instr_infos[i].name);
	for (unsigned i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		ck_assert_int_eq(instr_of(instr_handlers[alone[i]]), alone[i]);
	ck_assert_int_eq(instr_of(0xFFFFFFFF), INSTR_COUNT);
}

END_TEST

START_TEST(text_names_registers_and_numbers)
{
	char text[200];
	const uint64_t code[] = {
		word(INSTR_get_tuple_element, (uint64_t)instr_reg_y(3) << 16 | instr_reg_x(7)), 2
	};
	ck_assert_uint_eq(disasm_instr(code, text, sizeof(text)), 2);
	ck_assert_str_eq(text, "get_tuple_element x7 y3 2");
}

END_TEST

START_TEST(returning_from_the_first_function_is_a_normal_end_with_its_value)
{
	start_process();
	function.code[0] = word(INSTR_move_c_return, 0);
	function.code[1] = A(ok);
	ck_assert_int_eq(exec_run(worker, p), SLICE_EXIT);
	ck_assert_int_eq(p->extra->raise.class, CLASS_EXIT);
	ck_assert_uint_eq(p->extra->raise.reason, A(normal));
	ck_assert_uint_eq(p->extra->raise.args, A(ok));
	end_process();
}

END_TEST

START_TEST(a_loop_yields_when_its_reductions_are_used_up)
{
	start_process();
	/* loop(X) -> loop(X + 1). */
	function.code[0] = word(INSTR_add_xi, 1 << 16);
	function.code[1] = 1 << 3;
	function.code[2] = word(INSTR_call_only, (uint32_t)-2);
	worker->x[0] = 0;
	ck_assert_int_eq(exec_run(worker, p), SLICE_YIELD);
	ck_assert_int_eq(p->saved_count, 1);
	ck_assert_int_gt(small_value(p->saved_x[0]), 3000);
	int64_t first = small_value(p->saved_x[0]);
	ck_assert_int_eq(exec_run(worker, p), SLICE_YIELD);
	ck_assert_int_eq(small_value(p->saved_x[0]), 2 * first);
	end_process();
}

END_TEST

START_TEST(an_uncaught_error_ends_the_slice_with_its_reason)
{
	start_process();
	function.code[0] = word(INSTR_move_c_x, 0);
	function.code[1] = A(badarg);
	function.code[2] = word(INSTR_badmatch, instr_reg_x(0));
	ck_assert_int_eq(exec_run(worker, p), SLICE_EXIT);
	ck_assert_int_eq(p->extra->raise.class, CLASS_ERROR);
	term reason = exec_exit_reason(p);
	ck_assert(term_is_tuple_of(reason, 2));
	ck_assert(term_is_tuple_of(tuple_element(reason, 0), 2));
	ck_assert_uint_eq(tuple_element(tuple_element(reason, 0), 0), A(badmatch));
	ck_assert(term_is_list(tuple_element(reason, 1)));
	end_process();
}

END_TEST

START_TEST(a_catch_gets_class_and_reason)
{
	start_process();
	static _Alignas(8) uint64_t handler[4];
	handler[0] = word(INSTR_landing, 1);
	handler[1] = word(INSTR_try_case, instr_reg_y(0));
	handler[2] = word(INSTR_deallocate_return, 2);
	function.code[0] = word(INSTR_allocate, 2);
	function.code[1] = word(INSTR_try, instr_reg_y(0));
	function.code[2] = (term)(uintptr_t)&handler[1] >> 3 << 6 | IMM_CATCH;
	function.code[3] = word(INSTR_if_end, 0);
	ck_assert_int_eq(exec_run(worker, p), SLICE_EXIT);
	ck_assert_uint_eq(p->extra->raise.args, A(error));
	ck_assert_uint_eq(worker->x[1], A(if_clause));
	end_process();
}

END_TEST

START_TEST(sums_beyond_small_integers_become_large_ones)
{
	start_process();
	function.code[0] = word(INSTR_move_c_x, 0);
	function.code[1] = term_of_small(SMALL_MAX);
	function.code[2] = word(INSTR_add_xx, 1 << 24);
	function.code[3] = 0;
	function.code[4] = word(INSTR_return, 0);
	ck_assert_int_eq(exec_run(worker, p), SLICE_EXIT);
	ck_assert(term_is_big(p->extra->raise.args));
	ck_assert_int_gt(term_compare(p->extra->raise.args, term_of_small(SMALL_MAX)), 0);
	end_process();
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("exec");
	TCase *cases = tcase_create("exec");
	tcase_add_unchecked_fixture(cases, set_up_once, NULL);
	tcase_add_test(cases, the_table_counts_the_words_of_its_operands);
	tcase_add_test(cases, each_handler_tells_an_instruction_that_does_the_same);
	tcase_add_test(cases, text_names_registers_and_numbers);
	tcase_add_test(cases, returning_from_the_first_function_is_a_normal_end_with_its_value);
	tcase_add_test(cases, a_loop_yields_when_its_reductions_are_used_up);
	tcase_add_test(cases, an_uncaught_error_ends_the_slice_with_its_reason);
	tcase_add_test(cases, a_catch_gets_class_and_reason);
	tcase_add_test(cases, sums_beyond_small_integers_become_large_ones);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
