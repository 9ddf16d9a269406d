/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of the term room, one file a subject. */
#pragma once
#include <check.h>

void add_atom_tests(Suite *suite);
void add_order_tests(Suite *suite);
void add_hash_tests(Suite *suite);
void add_print_tests(Suite *suite);
