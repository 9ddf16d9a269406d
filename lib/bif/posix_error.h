/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the system as Erlang names them. Threads: any. */
#pragma once
#include "heap/heap.h"

/* The atom of an errno (positive): enoent and so on; `unknown` for a number without a name. */
term posix_atom(int error);
/* {error, Atom}. */
term posix_error(struct heap *heap, int error);
