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
 *   - bs_match reads no more bits than it has ensured; units are 1 to 256
 *   - no way leads back to where it was but by a call, a receive or a wait, so every slice ends
 *
 * What the engine and lowering owe in return:
 *   - where staged->facts lacks FACT_SOURCE_FITS, the source is tested before it is read
 *   - bs_start_match4 tests its source (resume too); sizes of bs_get_*2, bs_skip_bits2 and segments, and the position of
 *     bs_set_position, are tested
 *   - a value may be a match context or a raw trace: BIFs, comparison and printing must bear them
 *   - heap words: test_heap, allocate_heap and bs_create_bin (its second operand) reserve for what follows; a BIF called by
 *     bif0 to bif3 between takes none of what is reserved
 *   - x registers at loop_rec, wait and wait_timeout are lost, also the one with the time: made again, wait_timeout does not
 *     read it while the timer runs
 *   - set_tuple_element and update_record with the hint inplace change only tuples that heap_may_mutate() allows
 *   - control never gets to try_case but by an exception: code may fall into it after a call that never returns; the engine
 *     raises when it does (x0 is TERM_NONE only after an exception)
 *   - FACT_NEVER_RETURNS: lowering puts something behind the call that raises; there may be no frame
 */
#pragma once
#include "code/generic.h"

/* Fills staged->frame_before and staged->facts. Returns 0; LOAD_E_FORMAT, LOAD_E_LIMIT with *error filled.
 * Bound: memory and time are limited to a multiple of the module's size. Threads: any. */
_must_check_ int verify_module(struct staged *staged, struct load_error *error);
