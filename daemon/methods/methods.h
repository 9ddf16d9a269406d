/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers share: finding namespaces and processes, reading terms, filling replies, waiting for completions.
 * A function that returns false or NULL has answered the call with the error. */
#pragma once
#include "../call.h"
#include "beamr.h"

/* A reference; release it with beamr_ns_unref(). name NULL: the default one. */
struct beamr_ns *method_ns(struct call *call, const char *name);
/* That service alone, or, of NULL, each there is: names in the call's arena. False: it was answered. */
bool method_namespaces(struct call *call, const char *service, struct control_strings *ret_names);
/* "<0.1.0>", "0.1.0", "name", "service/name"; service (may be NULL) is where a bare name is looked up. */
bool method_process(struct call *call, const char *text, const char *service, beamr_pid *ret_pid);
void method_no_process(struct call *call, const char *text, const char *service);
/* index is told in the error. */
bool method_term(struct call *call, size_t index, const struct control_term_input *input,
	struct beamr_term **ret_term);
/* ret_terms: freed by method_terms_free(), also when it failed. */
bool method_terms(struct call *call, const struct control_term_input *inputs, size_t count,
	struct beamr_term ***ret_terms);
void method_terms_free(struct beamr_term **terms, size_t count);
/* Names of Gleam modules may be written with slashes: "shop/cart" is shop@cart. The result lives as long as the call. */
const char *method_module(struct call *call, const char *module);
void method_no_module(struct call *call, struct beamr_ns *ns, const char *module);
/* Something met a limit: which of the service's own it was, of those that are used up; else that the daemon has no more room for `what`. */
void method_limit_reached(struct call *call, struct beamr_ns *ns, const char *what);
void method_no_function(struct call *call, struct beamr_ns *ns, const char *module,
	const char *function, unsigned arity);

/* Copies into the call's arena. */
const char *method_copy(struct call *call, const char *text);
const char *method_pid(struct call *call, beamr_pid pid);
void method_frame(struct call *call, const struct beamr_frame *frame, struct control_frame *to);
/* What a process publishes. */
void method_fill_process(
	struct call *call, const struct beamr_process *from, struct control_process *to);
void method_fill_term(
	struct call *call, const struct beamr_term *term, size_t max_text, struct control_term *to);
/* A list of `count` texts in the call's arena, to be filled. */
struct control_strings method_strings(struct call *call, size_t count);

/* Services that are kept. */
struct services;
struct service;
struct service_request;
struct services *method_services(struct call *call);
struct service *method_service(struct call *call, const char *name);
/* Whether a service can be called so. */
bool method_service_name_is_possible(const char *name);
/* The error that belongs to an outcome of a request. */
void method_service_failed(struct call *call, struct service_request *request, int r);
/* Who calls; the greatest number when that is gone. */
unsigned method_uid(const struct call *call);
void method_fill_instance(
	struct call *call, const struct service *service, struct control_instance *to);
void method_fill_releases(struct call *call, const struct service *service,
	struct control_out_service_describe *out);
/* What differs between the active release and another; then is called when it is known who runs what of it, perhaps at once. The items live
 * as long as the call, which the caller holds; the service may be gone by then. */
struct release;
struct control_change;
void method_compare(struct call *call, const struct service *service, const struct release *fresh,
	void (*then)(struct call *call, struct control_change *items, size_t count, void *user), void *user);
struct beamr_usage;
struct beamr_ns;
/* ns: whose limits are told; NULL: there is none. */
void method_fill_usage(struct call *call, const struct beamr_usage *from, const struct beamr_ns *ns,
	struct control_usage *to);
void method_service_remove(struct call *call, struct service *service,
	const struct control_in_service_remove *in);

/* Waiting for a completion of the machine: make one, hand method_wait_done() the result from any thread, and `then` is run
 * on the main thread. The call is kept meanwhile. */
struct method_wait;
struct method_wait *method_wait_new(
	struct call *call, void (*then)(struct call *call, void *result, void *user), void *user);
void method_wait_done(struct method_wait *wait, void *result);
/* The completion will not come. */
void method_wait_cancel(struct method_wait *wait);
