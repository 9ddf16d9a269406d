/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests of the data room. */
#include "tests.h"

int main(void)
{
	Suite *suite = suite_create("data");
	add_etf_tests(suite);
	add_map_tests(suite);
	add_number_tests(suite);
	add_text_tests(suite);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
