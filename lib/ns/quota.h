/* SPDX-License-Identifier: Apache-2.0 */
/* What a namespace may use, and what it uses: limits, and the account that they are held against (base/account.h).
 *
 * Who makes something that is bounded asks first, and gives its callers the outcome that ns/quotas.def names:
 *   pieces   ns_take() before, ns_give() after; account pointers outlive the namespace
 *   bytes    account_room() before something large is made; schedulers look at the sum after each batch
 * Off-heap binaries are charged to the namespace whose process made them, for as long as anybody holds them. A module's code
 * is charged in full to every namespace that has loaded it, although its bytes are there once: what a namespace is charged does not change when
 * others come or go, and a limit means the same alone and in company. What the machine saves by it is what the sum of `codeMemory` is more than
 * the daemon's own memory. A message on its way is charged to the receiver's. */
#pragma once
#include "base/account.h"
#include "ns/ns.h"

static inline uint64_t ns_limit(const struct ns *ns, enum ns_quota which)
{
	return atomic_load_relaxed(&ns->limits[which]);
}

/* 0, or which limit is out of its domain plus 1. */
int ns_set_limits(struct ns *ns, const uint64_t limits[NS_QUOTAS]);
const char *ns_quota_name(enum ns_quota which);

/* A limit was met. The operator is told of it once in an episode, which is over when it was not met for NS_EPISODE_USEC. */
#define NS_EPISODE_USEC 10000000
_noinline_ void ns_limit_met(struct ns *ns, enum ns_quota which);
/* The two halves of it, for who has more to say. note: counts; true: it is to be told. */
_must_check_ bool ns_limit_note(struct ns *ns, enum ns_quota which);
/* pid: of whom it is about; TERM_NONE: of the namespace. more: half a sentence, or NULL. */
void ns_limit_tell(struct ns *ns, enum ns_quota which, term pid, const char *more);
/* What the account refused since the last time. */
_noinline_ void ns_limits_met(struct ns *ns);

/* One more piece of that kind; false, which is told: as many as allowed are there. Pairs with ns_give(). */
_must_check_ bool ns_take(struct ns *ns, enum account_count what);

static inline void ns_give(struct ns *ns, enum account_count what)
{
	account_give(ns->account, what, 1);
}

/* Whether the module may be loaded besides what is there. Asked when code is prepared, not when it is made current: then programs
 * count on it. */
bool ns_has_code_room(struct ns *ns, const struct module_code *code);
/* The same of so many bytes of code, of several modules. */
bool ns_has_code_bytes(struct ns *ns, uint64_t bytes);
