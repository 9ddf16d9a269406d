/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of native records (OTP 29), and how to read them.
 *
 *   RECORD  header (size 1 + n), definition, n values
 *           definition: a TUPLE of 3 + n atoms: module, name, true or false (exported), the field names in order.
 * Values of one definition may share its tuple; a literal of the module that defines it, or a copy of that. */
#pragma once
#include "term/term.h"

static inline bool term_is_record(term t)
{
	return term_is_kind(t, BOXED_RECORD);
}

static inline term record_definition(term t)
{
	debug_assert(term_is_record(t));
	return boxed_ptr(t)[1];
}

static inline size_t record_size(term t)
{
	return header_size(boxed_header(t)) - 1;
}

static inline term *record_values(term t)
{
	return boxed_ptr(t) + 2;
}

/* Of a definition. */
static inline term record_module(term definition)
{
	return tuple_element(definition, 0);
}

static inline term record_name(term definition)
{
	return tuple_element(definition, 1);
}

static inline term record_exported(term definition)
{
	return tuple_element(definition, 2);
}

static inline term *record_fields(term definition)
{
	return tuple_elements(definition) + 3;
}
