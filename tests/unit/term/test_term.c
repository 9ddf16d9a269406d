/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests of the term room. */
#include "tests.h"

int main(void)
{
	Suite *suite = suite_create("term");
	add_atom_tests(suite);
	add_order_tests(suite);
	add_hash_tests(suite);
	add_print_tests(suite);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
