/* SPDX-License-Identifier: Apache-2.0 */
/* Checking generic instructions before they are lowered: what passes cannot break the machine, whoever wrote it.
 *
 * After verify_module() has accepted a module, on every path through it:
 *   - operands are of the kinds in ops.def; x < 1024, y within the frame, float registers < 1024; labels, imports, funs,
 *     lines and string offsets exist; arities are at most 255; a branch stays in its function, a call goes to an entry
 *     label with the entry's arity, FunT and ExpT rows too
 *   - no x or y register is read before it holds a value; a catch is never read as a value, never moved, and its handler
 *     (catch_end or try_case of the same y) is met with the frame that it was made in
 *   - there is no frame at return, call_only, call_ext_only and at a function's entry; there is one at every call that
 *     returns; deallocate, call_last, apply_last and trim name its size
 *   - wherever the engine may collect, yield or call, every y register of the frame holds a value
 *   - put_list, put_tuple2, make_fun3 and fmove to a value have their words in what was reserved before
 *   - the register that bs_* instructions match on holds a match context
 *   - no code runs past its function's end
 * It does not prove types: where staged->facts lacks FACT_SOURCE_FITS the engine tests the source itself. Nor the values of
 * sizes and positions in binary matching, nor that bs_start_match4's "resume" source is a context: the engine tests these. */
#pragma once
#include "code/generic.h"

/* Fills staged->frame_before and staged->facts. Returns 0; LOAD_E_FORMAT, LOAD_E_LIMIT with *error filled.
 * Bound: memory and time are limited to a multiple of the module's size. Threads: any. */
_must_check_ int verify_module(struct staged *staged, struct load_error *error);
