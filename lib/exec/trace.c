/* SPDX-License-Identifier: Apache-2.0 */
/* What tracing puts on stacks, and how it looks through it. See exec/exec.h. */
#include "exec/exec_impl.h"

#include "code/module.h"
#include "code/region.h"

bool exec_trace_push(struct proc *p, term *x, unsigned live, struct exec_entered *entered)
{
	size_t count = entered->frames.count;
	if (likely(count == 0))
		return true;
	size_t need = count * EXEC_TRACE_FRAME_WORDS;
	bool room = heap_has_room(&p->mem, need) || proc_collect(p, need, x, live);
	for (size_t i = 0; room && i < count; i++) {
		const struct exec_trace_frame *frame = &entered->frames.items[i];
		term *E = p->mem.heap.limit - EXEC_TRACE_FRAME_WORDS;
		E[0] = (term)(uintptr_t)exec_trace_return();
		for (unsigned k = 0; k < EXEC_TRACE_VALUES; k++)
			E[1 + k] = frame->values[k];
		E[EXEC_TRACE_CATCH] =
			frame->catches ? (term)(uintptr_t)exec_trace_unwind() >> 3 << 6 | IMM_CATCH
				       : TERM_NIL;
		p->mem.heap.limit = E;
	}
	vec_done(&entered->frames);
	return room;
}

const uint64_t *exec_returns_to(const struct proc *p, const term *stack)
{
	while (stack < p->mem.end) {
		const uint64_t *continuation = (const uint64_t *)(uintptr_t)*stack;
		if (continuation == NULL || continuation == exec_normal_exit())
			return NULL;
		if (code_region_holds(continuation))
			return continuation;
		stack += continuation_frame_words(continuation) + 1;
	}
	return NULL;
}
