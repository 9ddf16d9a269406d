/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens to what is traced: a process, which gets messages, or a port, which gets them in the external term format. */
#pragma once
#include "proc/proc.h"

/* Whether it is one that there may be. */
bool tracer_is(term t);
bool tracer_lives(term tracer);
/* Sends a message that lives on the C stack, or wherever. False: nobody is there. about: whom it is about, of that namespace; its owner
 * calls. */
bool tracer_tell(struct ns *ns, term about, term tracer, term message);
