/* SPDX-License-Identifier: Apache-2.0 */
/* What would change with another release, module by module, and who runs what of it: every process of the service is asked once where it is
 * and where it returns to. */
#include "../service.h"
#include "base/cleanup.h"
#include "methods.h"

#include <stdlib.h>
#include <string.h>

struct difference {
	struct call *call; /* lent by the wait, or by the caller */
	struct control_change *items;
	size_t count;
	struct beamr_ns *ns; /* a reference; NULL when nothing runs */
	void (*then)(struct call *call, struct control_change *items, size_t count, void *user);
	void *user;
};

static void count_change(void *user, enum release_change change,
	const struct release_module *before, const struct release_module *after)
{
	size_t *count = user;
	*count += change != RELEASE_UNCHANGED;
}

static void add_change(void *user, enum release_change change, const struct release_module *before,
	const struct release_module *after)
{
	static const int kinds[] = { [RELEASE_ADDED] = CONTROL_change_kind_added,
		[RELEASE_REMOVED] = CONTROL_change_kind_removed,
		[RELEASE_CHANGED] = CONTROL_change_kind_changed,
		[RELEASE_UNCHANGED] = CONTROL_change_kind_unchanged };
	struct difference *difference = user;
	struct call *call = difference->call;
	if (change == RELEASE_UNCHANGED)
		return;
	difference->items[difference->count++] = (struct control_change){ .kind = kinds[change],
		.module = method_copy(call, before != NULL ? before->name : after->name),
		.old_digest = before != NULL ? method_copy(call, before->digest) : NULL,
		.new_digest = after != NULL ? method_copy(call, after->digest) : NULL };
}

static void finish(struct difference *difference)
{
	struct difference d = *difference;
	(void)beamr_ns_unref(d.ns);
	free(difference);
	d.then(d.call, d.items, d.count, d.user);
}

/* Whether the process forbids hot activation: there may be two versions of a module, and none when it is gone. */
static bool is_in_the_way(const struct control_change *change, const struct beamr_code_user *user)
{
	return user->old || change->kind == CONTROL_change_kind_removed;
}

static void fill_users(struct call *call, void *result, void *user)
{
	struct difference *difference = user;
	struct beamr_changed *changed = result;
	size_t *in_the_way = calloc(difference->count + 1, sizeof(*in_the_way));
	for (size_t i = 0; in_the_way != NULL && i < changed->user_count; i++) {
		const struct beamr_code_user *who = &changed->users[i];
		struct control_change *change = &difference->items[who->item];
		change->processes_on_old_code += !who->old;
		in_the_way[who->item] += is_in_the_way(change, who);
	}
	for (size_t i = 0; in_the_way != NULL && i < difference->count; i++) {
		if (in_the_way[i] > 0)
			difference->items[i].in_the_way = method_strings(call, in_the_way[i]);
		difference->items[i].in_the_way.set = in_the_way[i] > 0;
		in_the_way[i] = 0;
	}
	for (size_t i = 0; in_the_way != NULL && i < changed->user_count; i++) {
		const struct beamr_code_user *who = &changed->users[i];
		struct control_change *change = &difference->items[who->item];
		if (is_in_the_way(change, who) && in_the_way[who->item] < change->in_the_way.count)
			change->in_the_way.items[in_the_way[who->item]++] =
				method_pid(call, who->pid);
	}
	free(in_the_way);
	(void)beamr_changed_free(changed);
	finish(difference);
}

static void on_changed(void *user, struct beamr_changed *changed)
{
	method_wait_done(user, changed);
}

static void ask(struct difference *difference)
{
	struct beamr_change *changes = calloc(difference->count + 1, sizeof(*changes));
	struct method_wait *wait =
		changes != NULL ? method_wait_new(difference->call, fill_users, difference) : NULL;
	for (size_t i = 0; wait != NULL && i < difference->count; i++)
		changes[i].module = difference->items[i].module;
	if (wait != NULL)
		beamr_change(difference->ns, changes, difference->count, BEAMR_CHANGE_DRY_RUN,
			on_changed, wait);
	else
		finish(difference); /* without memory nobody is found */
	free(changes);
}

void method_compare(struct call *call, const struct service *service, const struct release *fresh,
	void (*then)(struct call *call, struct control_change *items, size_t count, void *user),
	void *user)
{
	struct difference *difference = calloc(1, sizeof(*difference));
	struct release *old = NULL;
	size_t wanted = 0;
	const char *active = service_active(service);
	if (difference == NULL) {
		then(call, NULL, 0, user);
		return;
	}
	*difference = (struct difference){ .call = call, .then = then, .user = user };
	/* Without the active one all are added. */
	if (active[0] == '\0' ||
		store_load(services_store(call->daemon->services), active, &old) != 0)
		old = NULL;
	release_compare(old, fresh, count_change, &wanted);
	difference->items =
		control_arena_alloc(&call->arena, (wanted + 1) * sizeof(*difference->items));
	if (difference->items != NULL)
		release_compare(old, fresh, add_change, difference);
	(void)release_free(old);
	if (service_ns(service) == NULL || difference->count == 0 ||
		beamr_ns_get(call->daemon->machine, service_name(service), &difference->ns) != 0) {
		difference->ns = NULL;
		finish(difference);
		return;
	}
	ask(difference);
}
