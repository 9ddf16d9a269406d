/* SPDX-License-Identifier: Apache-2.0 */
#include "tests.h"

#include "bif/bif.h"
#include "code/region.h"
#include "data/map.h"
#include "exec/exec.h"
#include "ns/ns.h"
#include "term/atom.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (8u << 20)

void machine_parts_init(void)
{
	static bool done;
	if (done)
		return;
	done = true;
	atom_init(1 << 20);
	export_init();
	map_init();
	code_region_init();
	exec_init();
	bif_register_all();
}

uint8_t *file_read(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	uint8_t *data = malloc(FILE_MAX);
	ck_assert_ptr_nonnull(data);
	*ret_size = fread(data, 1, FILE_MAX, f);
	fclose(f);
	return data;
}

int main(void)
{
	Suite *suite = suite_create("code");
	suite_add_tcase(suite, verify_case());
	suite_add_tcase(suite, load_case());
	suite_add_tcase(suite, ns_case());
	suite_add_tcase(suite, contents_case());
	suite_add_tcase(suite, digests_case());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
