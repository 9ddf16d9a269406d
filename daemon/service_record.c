/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a service: its releases by digest, oldest first, and which of them is active. Records are never changed in place: a copy is
 * changed and committed (services.c). */
#include "service_impl.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

const char *record_text(json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));
	return text != NULL ? text : "";
}

json_t *service_entry(json_t *record, const char *digest)
{
	json_t *entry;
	size_t i;
	json_array_foreach(json_object_get(record, "releases"), i, entry) {
		if (strcmp(record_text(entry, "digest"), digest) == 0)
			return entry;
	}
	return NULL;
}

void record_set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

json_t *service_with_active(struct service *service, const char *digest)
{
	json_t *record = json_deep_copy(service->record);
	const char *active = record_text(record, "active");
	if (strcmp(active, digest) != 0) {
		if (active[0] != '\0')
			record_set(record, "previous", json_string(active));
		record_set(record, "active", json_string(digest));
	}
	record_set(record, "desired", json_string("running"));
	json_t *entry = service_entry(record, digest);
	if (entry != NULL) {
		record_set(entry, "activated", json_integer(clock_realtime_usec()));
		(void)json_object_del(entry, "failed"); /* it may not be there */
	}
	return record;
}

const char *service_active(const struct service *service)
{
	return record_text(service->record, "active");
}

void service_release_text(const struct service *service, const char *digest, char *out, size_t size)
{
	const char *version = record_text(service_entry(service->record, digest), "version");
	(void)snprintf(out, size, "%s%s%.4s%s", version, version[0] != '\0' ? " (" : "", digest,
		version[0] != '\0' ? "\xe2\x80\xa6)" : "\xe2\x80\xa6"); /* short versions */
}

bool service_release(const struct service *service, const char *text, bool previous,
	char ret_digest[RELEASE_DIGEST])
{
	json_t *entry;
	size_t i, matches = 0;
	const char *found = NULL;
	if (text[0] == '\0') {
		found = record_text(service->record, previous ? "previous" : "active");
		if (found[0] == '\0' || service_entry(service->record, found) == NULL)
			return false;
		memcpy(ret_digest, found, RELEASE_DIGEST);
		return true;
	}
	json_array_foreach(json_object_get(service->record, "releases"), i, entry) {
		const char *digest = record_text(entry, "digest");
		bool by_digest = strlen(text) >= 4 && strncmp(digest, text, strlen(text)) == 0;
		if (!by_digest && strcmp(record_text(entry, "version"), text) != 0)
			continue;
		matches++;
		found = digest;
	}
	if (matches != 1)
		return false;
	memcpy(ret_digest, found, RELEASE_DIGEST);
	return true;
}

void service_each_release(const struct service *service,
	bool (*fn)(void *user, const struct service_release *release), void *user)
{
	json_t *releases = json_object_get(service->record, "releases");
	const char *active = service_active(service);
	const char *previous = record_text(service->record, "previous");
	for (size_t i = json_array_size(releases); i > 0; i--) {
		json_t *entry = json_array_get(releases, i - 1);
		struct service_release release = { .digest = record_text(entry, "digest"),
			.version = json_string_value(json_object_get(entry, "version")),
			.note = json_string_value(json_object_get(entry, "note")),
			.deployed_realtime_usec =
				json_integer_value(json_object_get(entry, "deployed")),
			.activated_realtime_usec =
				json_integer_value(json_object_get(entry, "activated")),
			.uid = json_integer_value(json_object_get(entry, "uid")),
			.modules = json_integer_value(json_object_get(entry, "modules")),
			.bytes = json_integer_value(json_object_get(entry, "bytes")),
			.state = CONTROL_release_state_staged };
		if (json_is_true(json_object_get(entry, "failed")))
			release.state = CONTROL_release_state_failed;
		else if (strcmp(release.digest, active) == 0)
			release.state = CONTROL_release_state_active;
		else if (strcmp(release.digest, previous) == 0)
			release.state = CONTROL_release_state_previous;
		if (!fn(user, &release))
			return;
	}
}
