/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of maps that code makes from nothing: see keys.c. */
#pragma once
#include "code/generic.h"

/* Words that keys_take() will need in the literal area. */
size_t keys_words(const struct staged *staged);
/* o: operands of a put_map_assoc. The sorted keys of the map that it makes, a literal, or TERM_NONE when it is not that
 * simple. ret_order: at each place of the tuple, which of the operands' keys stands there; room for MAP_FLAT_MAX. */
term keys_take(struct staged *staged, const struct operand *o, uint8_t *ret_order);
