/* SPDX-License-Identifier: Apache-2.0 */
/* The table of external instructions as data; ops.def has the rows. */
#include "code/generic.h"

const struct op_info op_infos[OP_LIMIT] = {
#define OP(number, op_name, op_arity, op_since, letters, sentence)                                 \
	[number] = { .name = #op_name, .arity = op_arity, .since = op_since, .operands = letters, .text = sentence },
#include "code/ops.def"
#undef OP
};
