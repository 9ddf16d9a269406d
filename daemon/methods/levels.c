/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Daemon: GetLogLevel and SetLogLevel. */
#include "../levels.h"
#include "methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define DURATION_MAX_USEC (INT64_C(366) * 86400 * 1000000)
#define INHERIT "inherit"

static const char *name_of(int64_t level)
{
	return level == LEVEL_INHERIT ? INHERIT : config_level_name(level);
}

struct gathering {
	struct call *call;
	const char *service; /* NULL: all */
	struct control_pair *pairs;
	size_t count, room;
};

static bool count_level(void *user, const char *service, const char *module, int64_t level)
{
	size_t *count = user;
	++*count;
	return true;
}

static bool gather_level(void *user, const char *service, const char *module, int64_t level)
{
	struct gathering *to = user;
	if (to->count == to->room)
		return false;
	if (to->service != NULL && (strcmp(to->service, service) != 0 || *module == '\0'))
		return true;
	const char *key = to->service != NULL ? method_copy(to->call, module)
			  : *module == '\0'   ? method_copy(to->call, service)
					      : call_printf(to->call, "%s/%s", service, module);
	to->pairs[to->count++] = (struct control_pair){ key, name_of(level) };
	return true;
}

void handle_log_level_get(struct call *call, const struct control_in_log_level_get *in)
{
	const struct levels *levels = call->daemon->levels;
	struct gathering gathering = { .call = call, .service = in->service };
	int64_t level = in->service != NULL ? levels_get(levels, in->service, "") : LEVEL_INHERIT;
	if (in->service != NULL) {
		struct beamr_ns *ns = method_ns(call, in->service);
		if (ns == NULL)
			return;
		(void)beamr_ns_unref(ns); /* always NULL */
	}
	levels_each(levels, count_level, &gathering.room);
	gathering.pairs =
		control_arena_alloc(&call->arena, (gathering.room + 1) * sizeof(*gathering.pairs));
	if (gathering.pairs == NULL)
		gathering.room = 0;
	levels_each(levels, gather_level, &gathering);
	struct control_out_log_level_get out = {
		.level = name_of(level != LEVEL_INHERIT || in->service != NULL
					 ? level
					 : levels_of_daemon(levels)),
		.overrides = { gathering.pairs, gathering.count, true }
	};
	call_reply(call, &out);
}

struct setting {
	struct call *call; /* a reference */
	const struct control_in_log_level_set *in;
	int64_t before;
};

static void set_done(void *user, int outcome, const char *text)
{
	struct setting *setting = user;
	struct call *call = setting->call;
	const struct control_in_log_level_set *in = setting->in;
	if (outcome == LEVELS_E_LOGGER) {
		struct control_error_not_supported info = { .what = "module",
			.message = call_printf(call,
				"The logger of service \"%s\" does not take it: %s.", in->service,
				text) };
		call_fail(call, CONTROL_ERROR_not_supported, &info);
	} else if (outcome == LEVELS_E_FULL) {
		struct control_error_limit_reached info = { .limit = "logLevels",
			.message = "Levels of too many services and modules have been set." };
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
	} else {
		struct control_out_log_level_set out = { .previous = name_of(setting->before) };
		call_audit(call, in->service, "set the log level of %s%s%s to %s", in->service,
			in->module != NULL ? "/" : "", in->module != NULL ? in->module : "",
			in->level);
		call_reply(call, &out);
	}
	(void)call_unref(call);
	free(setting);
}

static void fail_parameter(struct call *call, const char *parameter)
{
	struct control_error_invalid_parameter info = { .parameter = parameter };
	call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
}

void handle_log_level_set(struct call *call, const struct control_in_log_level_set *in)
{
	struct levels *levels = call->daemon->levels;
	int64_t level = strcmp(in->level, INHERIT) == 0 ? LEVEL_INHERIT : config_level(in->level);
	int64_t duration = in->duration_usec.value;
	if (level < 0 && strcmp(in->level, INHERIT) != 0) {
		fail_parameter(call, "level");
		return;
	}
	if (in->duration_usec.set && (duration < 1 || duration > DURATION_MAX_USEC)) {
		fail_parameter(call, "durationUSec");
		return;
	}
	if (in->process != NULL || (in->module != NULL && in->service == NULL)) {
		struct control_error_not_supported info = { .what = in->process != NULL ? "process"
											: "module",
			.message = in->process != NULL
					   ? "OTP's logger knows no level of a process."
					   : "A module is one of a service's: say which." };
		call_fail(call, CONTROL_ERROR_not_supported, &info);
		return;
	}
	if (in->service == NULL) {
		struct control_out_log_level_set out = { .previous = name_of(levels_set_daemon(
								 levels, level, duration)) };
		call_audit(call, NULL, "set the log level to %s", in->level);
		call_reply(call, &out);
		return;
	}
	/* As an atom has it. */
	const char *module = in->module != NULL ? method_module(call, in->module) : "";
	if (in->module != NULL && (*module == '\0' || strlen(module) > 1000)) {
		fail_parameter(call, "module");
		return;
	}
	struct beamr_ns *ns = method_ns(call, in->service);
	if (ns == NULL)
		return;
	struct setting *setting = calloc(1, sizeof(*setting));
	if (setting == NULL) {
		call_fail_errno(call, -ENOMEM);
	} else {
		*setting = (struct setting){ call_ref(call), in,
			levels_get(levels, in->service, module) };
		levels_set(levels, ns, module, level, duration, set_done, setting);
	}
	(void)beamr_ns_unref(ns); /* always NULL */
}
