/* SPDX-License-Identifier: Apache-2.0 */
/* See boot_script.h. OTP has no place between the start of kernel, which sets up the usual handler of log events, and that of the next
 * application: none of its flags leads there, and what a process of ours would do about it meanwhile comes early or late. init reads
 * its script while no application_controller is there, and nobody reads one then but init. */
#include "bif/boot_script.h"

#include "proc/registry.h"
#include "term/atom.h"

/* {apply, {application, start_boot, [kernel | _]}} */
static bool starts_kernel(term step)
{
	if (!term_is_tuple_of(step, 2) || tuple_element(step, 0) != A(apply))
		return false;
	term call = tuple_element(step, 1);
	if (!term_is_tuple_of(call, 3) || tuple_element(call, 0) != A(application) ||
		tuple_element(call, 1) != A(start_boot))
		return false;
	term args = tuple_element(call, 2);
	return term_is_cons(args) && cons_head(args) == A(kernel);
}

static bool is_for_boot(const struct proc *p)
{
	const struct module *logger = ns_module(p->ns, A(beamr_logger));
	return logger != NULL &&
	       atomic_load_acquire(&logger->current) != NULL && /* Pairs with ns_publish(). */
	       !term_is_local_pid(registry_find(p->ns, A(application_controller)));
}

term boot_script(struct proc *p, term t)
{
	if (!term_is_tuple_of(t, 3) || tuple_element(t, 0) != A(script) || !p->ns->booted ||
		!is_for_boot(p))
		return t;
	struct heap *heap = bif_heap(p);
	term at = tuple_element(t, 2), before = TERM_NIL;
	bool found = false;
	for (; term_is_cons(at) && !found; at = cons_tail(at)) {
		found = starts_kernel(cons_head(at));
		before = heap_cons(heap, cons_head(at), before);
	}
	if (!found)
		return t; /* attach() is called at the end of the boot at the latest */
	term call = heap_tuple_of(heap, A(beamr_logger), A(attach), TERM_NIL);
	at = heap_cons(heap, heap_tuple_of(heap, A(apply), call), at);
	for (; term_is_cons(before); before = cons_tail(before))
		at = heap_cons(heap, cons_head(before), at);
	return heap_tuple_of(heap, A(script), tuple_element(t, 1), at);
}
