/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this program. */
#pragma once
#include <check.h>

void add_etf_tests(Suite *suite);
void add_map_tests(Suite *suite);
void add_number_tests(Suite *suite);
void add_text_tests(Suite *suite);
