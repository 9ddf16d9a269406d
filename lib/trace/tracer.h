/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens to what is traced: a process, which gets messages, or a port, which gets them in the external term format. */
#pragma once
#include "proc/proc.h"

/* Whether it is one that there may be. */
bool tracer_is(term t);
bool tracer_lives(term tracer);
/* What a program names as one: a process, a port, or a module with its state. The one module there is tells the process or port that its
 * state names, as they are told without it; others are native libraries. *ret: a pid or port, or what never lives. */
bool tracer_named(term t, term *ret);
bool tracer_of_module(term module, term state, term *ret);
/* Sends a message that lives on the C stack, or wherever. False: nobody is there. about: whom it is about, of that namespace; its owner
 * calls. */
bool tracer_tell(struct ns *ns, term about, term tracer, term message);
