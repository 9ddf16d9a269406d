/* SPDX-License-Identifier: Apache-2.0 */
/* Exports, and modules of namespaces. */
#include "ns/ns.h"
#include "term/atom.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 3000

static void *make_exports(void *arg)
{
	uint32_t *numbers = arg;
	for (uint32_t i = 0; i < NAMES; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "export_%u", i);
		numbers[i] = export_get(atom_of_string("m"), atom_of_string(name), i % 7)->number;
	}
	return NULL;
}

START_TEST(an_export_has_one_number_whoever_asks_first)
{
	static uint32_t numbers[4][NAMES];
	pthread_t threads[4];
	machine_parts_init();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_exports, numbers[i]), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i < 4; i++)
		ck_assert_mem_eq(numbers[0], numbers[i], sizeof(numbers[0]));
	for (uint32_t i = 0; i < NAMES; i++) {
		const struct export *e = export_of(numbers[0][i]);
		ck_assert_uint_eq(e->number, numbers[0][i]);
		ck_assert_uint_eq(e->arity, i % 7);
		ck_assert_ptr_eq(export_find(e->module, e->function, e->arity), e);
	}
	ck_assert_ptr_null(export_find(atom_of_string("m"), atom_of_string("export_1"), 2));
}
END_TEST

static struct module_code *sample_load(const char *name)
{
	char path[4096];
	size_t size;
	struct load_error error;
	struct module_code *code;
	(void)snprintf(path, sizeof(path), "%s/%s", CODE_CORPUS, name);
	uint8_t *data = file_read(path, &size);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(load_code(data, size, TERM_NONE, &code, &error), 0);
	free(data);
	return code;
}

START_TEST(publishing_leads_calls_to_new_code_and_deleting_nowhere)
{
	machine_parts_init();
	struct ns *ns = ns_new("publish", NULL);
	struct module_code *code = sample_load("small_27");
	term name = code->name;
	ck_assert_uint_gt(code->export_count, 0);
	const struct code_export *e = &code->exports[0];
	ck_assert_ptr_null(ns_dispatch(ns, e->number));
	ck_assert_int_eq(ns_publish(ns, module_code_ref(code), "/some/where.beam", false), 0);
	ck_assert_ptr_eq(ns_dispatch(ns, e->number), e->entry);
	ck_assert_str_eq(ns_module(ns, name)->path, "/some/where.beam");
	ck_assert(ns_exports(ns, name, e->function, e->arity));
	ck_assert_int_eq(ns_delete_module(ns, name), 0);
	ck_assert_ptr_null(ns_dispatch(ns, e->number));
	ck_assert_int_eq(ns_delete_module(ns, name), NS_E_NO_MODULE);
	/* It comes back before it was purged. */
	ck_assert_int_eq(ns_publish(ns, module_code_ref(code), NULL, false), 0);
	ck_assert_ptr_eq(ns_dispatch(ns, e->number), e->entry);
	ck_assert_ptr_null(ns_take_old(ns, name));
	ns_free(ns);
	(void)module_code_unref(code);
}
END_TEST

START_TEST(a_third_version_waits_for_the_first_to_be_purged)
{
	machine_parts_init();
	struct ns *ns = ns_new("versions", NULL);
	char path[4096];
	size_t size;
	struct load_error error;
	struct module_code *codes[3];
	(void)snprintf(path, sizeof(path), "%s/small_29", CODE_CORPUS);
	uint8_t *data = file_read(path, &size);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(load_code_again(data, size, TERM_NONE, &codes[i], &error), 0);
	term name = codes[0]->name;
	ck_assert_int_eq(ns_publish(ns, codes[0], NULL, false), 0);
	ck_assert_int_eq(ns_publish(ns, codes[1], NULL, false), 0);
	ck_assert_int_eq(ns_publish(ns, codes[2], NULL, false), NS_E_OLD_CODE);
	ck_assert_int_eq(ns_delete_module(ns, name), NS_E_OLD_CODE);
	struct module_code *old = ns_take_old(ns, name);
	ck_assert_ptr_eq(old, codes[0]);
	(void)module_code_unref(old);
	ck_assert_int_eq(ns_publish(ns, codes[2], NULL, false), 0);
	ns_free(ns);
	free(data);
}
END_TEST

START_TEST(a_name_of_a_namespace_is_taken_once)
{
	machine_parts_init();
	bool exists;
	struct ns *ns = ns_new("twice", &exists);
	ck_assert_ptr_nonnull(ns);
	ck_assert_ptr_null(ns_new("twice", &exists));
	ck_assert(exists);
	ck_assert_ptr_eq(ns_find("twice"), ns);
	ns_free(ns);
	ck_assert_ptr_null(ns_find("twice"));
}
END_TEST

START_TEST(code_is_found_in_added_folders_first_and_never_by_a_path)
{
	machine_parts_init();
	struct ns *ns = ns_new("paths", NULL);
	bool from_root = true;
	ck_assert_ptr_null(ns_find_code(ns, (const uint8_t *)"lists", 5, &from_root));
	if (ns_add_otp_root(ns, "/usr/lib/erlang") == 0) {
		char *path = ns_find_code(ns, (const uint8_t *)"lists", 5, &from_root);
		ck_assert_ptr_nonnull(path);
		ck_assert(from_root);
		free(path);
		static const char name[] = "../ebin/lists";
		ck_assert_ptr_null(ns_find_code(ns, (const uint8_t *)name, sizeof(name) - 1, &from_root));
	}
	ns_free(ns);
}
END_TEST

TCase *ns_case(void)
{
	TCase *tc = tcase_create("ns");
	tcase_add_test(tc, an_export_has_one_number_whoever_asks_first);
	tcase_add_test(tc, publishing_leads_calls_to_new_code_and_deleting_nowhere);
	tcase_add_test(tc, a_third_version_waits_for_the_first_to_be_purged);
	tcase_add_test(tc, a_name_of_a_namespace_is_taken_once);
	tcase_add_test(tc, code_is_found_in_added_folders_first_and_never_by_a_path);
	return tc;
}
