/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: what of other namespaces the operator lets a namespace reach.
 *
 * Without one nothing crosses: a process that has come to a pid or reference of another namespace finds nobody there, as if it had
 * ended. A channel "mail.inbox" of namespace `shop` does two things:
 *   in shop the name 'mail.inbox' stands for whoever has registered `inbox` in namespace `mail`; nobody in shop can take that name;
 *   pids and aliases of shop and mail work in both, for whoever was given them, so that what comes through can be answered.
 * Ports and tables are their namespace's alone, whatever the channels.
 * Taking a channel away closes the door: links and monitors that are there stay, and tell of the other's end. */
#pragma once
#include "ns/ns.h"

struct channels;

enum { CHANNEL_E_FORM = 1, CHANNEL_E_MANY };

#define CHANNELS_MAX 1024 /* Bound: of one namespace; they are written by hand */

/* In place of what there was. items: "NAMESPACE.REGISTERED" each, borrowed; the first dot parts them. ret_wrong: the item that is not of
 * that form. Returns 0 or CHANNEL_E_*. One thread at a time. */
_must_check_ int channels_set(
	struct ns *ns, const char *const *items, size_t count, size_t *ret_wrong);
/* At the end of the namespace. */
void channels_done(struct ns *ns);
/* Whether that name stands for one elsewhere. */
bool channel_has(const struct ns *ns, term name);
/* Namespace and name that it stands for; NULL when there is none such now. The caller is inside an epoch. */
const struct ns *channel_find(const struct ns *ns, term name, term *ret_name);
/* Whether a channel joins the two, one way or the other. */
bool channel_joins(const struct ns *a, const struct ns *b);

/* Whether processes of the one may reach what lives in the other when they know it. */
static inline bool ns_reaches(const struct ns *from, const struct ns *to)
{
	return likely(from == to) || channel_joins(from, to);
}
