/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with namespaces that run one Erlang module, for tests: calls that wait for their answer. */
#pragma once
#include "beamr.h"

#include <stdbool.h>
#include <stddef.h>

struct world_answer {
	bool done;
	enum beamr_call_end end;
	struct beamr_term *term; /* NULL when there is none */
	char text[1024];         /* of a raise: "class:Reason" */
};

extern struct beamr *world;

/* module: what the tests call; borrowed. */
void world_start(unsigned schedulers, const char *module, const unsigned char *beam, size_t size);
/* All that was charged has come back by then. */
void world_stop(void);
struct beamr_ns *world_ns(const char *name);
void world_remove(struct beamr_ns *ns, const char *name);
/* Calls function(arguments of text, separated by blanks, then one term). extra may be NULL. */
beamr_pid world_begin(struct beamr_ns *ns, struct world_answer *answer, const char *function,
	const char *arguments, struct beamr_term *extra);
const char *world_wait(struct world_answer *answer);
/* Both; the text is good until the next one. */
const char *world_call(struct beamr_ns *ns, const char *function, const char *arguments);
const char *world_call_with(
	struct beamr_ns *ns, const char *function, const char *arguments, struct beamr_term *extra);
/* What a call returns as a term. */
struct beamr_term *world_term(struct beamr_ns *ns, const char *function, const char *arguments);
void world_tell(beamr_pid pid, const char *text);
struct beamr_usage world_usage(const struct beamr_ns *ns);
void world_limit(struct beamr_ns *ns, struct beamr_quota quota);
/* How many reports of that fault came since the start. */
unsigned world_reports(const char *fault);
/* For what comes in a moment. */
void world_rest(void);
