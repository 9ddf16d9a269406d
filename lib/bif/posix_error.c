/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the system as Erlang names them: errnos.def. */
#include "bif/posix_error.h"

#include "term/atom.h"

#include <errno.h>

term posix_atom(int error)
{
	static const char *const names[] = {
#define ERRNO(number, name) [number] = (name),
#include "bif/errnos.def"
#undef ERRNO
	};
	const char *name = error > 0 && (size_t)error < ARRAY_SIZE(names) ? names[error] : NULL;
	return atom_of_string(name != NULL ? name : "unknown");
}

term posix_error(struct heap *heap, int error)
{
	return heap_tuple_of(heap, A(error), posix_atom(error));
}
