/* SPDX-License-Identifier: Apache-2.0 */
/* Registered names of a namespace: name to pid or port. A process or port has at most one name.
 * The name a process has stands in proc->name as well, which is written under the lock of the name's stripe.
 * Threads: any. */
#pragma once
#include "base/vec.h"
#include "ns/ns.h"

struct proc;

/* Tells a port that it has no name any more (send.c). */
void port_unnamed(term port);

struct registry *registry_new(void);
struct registry *registry_free(struct registry *registry);

/* TERM_NONE when nobody has it. A name that stands for one of another namespace (ns/channel.h) gives that one's pid. The caller is inside an
 * epoch. */
term registry_find(const struct ns *ns, term name);
/* Without regard to channels. */
term registry_find_own(const struct ns *ns, term name);

enum { REGISTRY_E_TAKEN = 1, REGISTRY_E_HAS_NAME, REGISTRY_E_NO_PROCESS };
/* Gives name to a live process of that namespace. 0, or one of the above. The caller is inside an epoch. */
_must_check_ int registry_add(struct ns *ns, term name, struct proc *p);
/* Gives name to a port, whose owner sees to it that it is taken away. 0 or REGISTRY_E_TAKEN. */
_must_check_ int registry_add_port(struct ns *ns, term name, term port);
/* When that port has it. */
bool registry_remove_port(struct ns *ns, term name, term port);
/* False when nobody had it. */
bool registry_remove(struct ns *ns, term name);
/* The end of p: takes its name away if it has one. */
void registry_end(struct proc *p);

typedef VEC(struct registry_entry { term name; term value; }) registry_entries;
/* All names, a moment old. The caller frees with vec_done(). */
void registry_list(const struct ns *ns, registry_entries *ret_entries);
size_t registry_count(const struct ns *ns);
