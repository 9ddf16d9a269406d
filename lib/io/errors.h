/* SPDX-License-Identifier: Apache-2.0 */
/* What the system's errors are called in Erlang. */
#pragma once
#include "term/term.h"

/* The atom of an errno, as `enoent`; `unknown` for a number that has no name. */
term errno_atom(int error);
