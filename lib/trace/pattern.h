/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns, as far as others need to know. */
#pragma once
#include "trace/session.h"

/* ns_on_dispatch(): code that goes loses its breakpoints, code that comes gets those of on_load. */
void pattern_code_changed(struct ns *ns, struct module_code *code, struct module_code *before);
