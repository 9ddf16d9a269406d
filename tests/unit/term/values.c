/* SPDX-License-Identifier: Apache-2.0 */
/* What OTP says of some terms. */
#include "values.h"

#include "data/etf.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/export.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct otp_value otp_values[] = {
#define VALUE(hex, phash2, phash, text) { hex, phash2, phash, text },
#include "otp27_values.def"
#undef VALUE
};

const size_t otp_value_count = ARRAY_SIZE(otp_values);

struct heap test_heap;

void values_setup(void)
{
	atom_init(1 << 16);
	export_init();
	map_init();
	heap_init_builder(&test_heap);
}

void values_teardown(void)
{
	heap_done(&test_heap);
	map_exit();
	export_done();
	atom_done();
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)c - '0' : (unsigned)c - 'A' + 10;
}

term value_term(const struct otp_value *value)
{
	uint8_t bytes[1024];
	struct etf_error error;
	size_t size = strlen(value->hex) / 2;
	ck_assert_uint_le(size, sizeof(bytes));
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(hex_digit(value->hex[2 * i]) << 4 | hex_digit(value->hex[2 * i + 1]));
	term t = etf_decode(NULL, &test_heap, bytes, size, 0, NULL, &error);
	ck_assert_msg(t != TERM_NONE, "%s: %s", value->hex, t == TERM_NONE ? error.reason : "");
	return t;
}
