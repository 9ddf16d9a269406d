/* SPDX-License-Identifier: Apache-2.0 */
/* Module erts_debug: looking at how values lie in memory. */
#include "bif/bif.h"
#include "bif/integer.h"

term bif_erts_debug_flat_size_1(struct proc *p, const term *args)
{
	size_t words = heap_flat_words(args[0]);
	bif_charge(p, words / 16);
	return integer_of_u64(bif_heap(p), words);
}

term bif_erts_debug_same_2(struct proc *p, const term *args)
{
	return term_of_bool(args[0] == args[1]);
}

/* Sharing inside a term is not kept by copies, so the flat copy is the copy. */
term bif_erts_debug_copy_shared_2(struct proc *p, const term *args)
{
	bif_charge(p, heap_flat_words(args[0]) / 16);
	return heap_copy(bif_heap(p), args[0]);
}
