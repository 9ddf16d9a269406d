/* SPDX-License-Identifier: Apache-2.0 */
/* The log thread and its ring.
 * Invariant: items and bytes in the ring stay under their bounds; an item that would not fit adds one to `dropped`, and what
 * is in `dropped` is taken out by the entry that tells of it, so that the sum over those entries is exact. What waits in a fold is not in
 * the ring yet. */
#include "log.h"

#include "base/atomic.h"
#include "base/clock.h"
#include "by_name.h"
#include "flood.h"
#include "rate.h"
#include "fold.h"
#include "journal.h"
#include "wording.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define LOG_ITEMS_MAX 4096
#define LOG_BYTES_MAX (16u << 20)
#define LOG_FLUSH_SECONDS 5
#define LOG_CRASH_WAIT_USEC 250000 /* for a supervisor, which is told of the death right after it */
#define LOG_DYING_WAIT_USEC                                                                        \
	2000000 /* for the end of a process that says it ends; handlers of its own may take their time */

/* Either a record, or an entry. */
struct log_item {
	struct fold_item fold; /* first: while it waits */
	struct log_item *next;
	struct record *record;
	uint64_t repeats;
	char *restart, *supervisor; /* what its supervisor said of a crash; NULL */
	struct journal_fields fields;
	size_t bytes;
};

struct log_entry {
	struct log *log;
	int priority;
	struct log_item *item;
};

/* Which release runs under a name. */
struct log_release {
	char service[64]; /* first: by_name() */
	char version[128];
	char digest[72];
};

struct service_level {
	char service[64]; /* first: by_name() */
	int64_t level;
	bool more; /* beside what the level of all lets through */
};

struct log {
	/* fixed once made */
	enum log_target target;
	char identifier[64];
	pthread_t thread;
	struct flood *flood;
	struct rate *rate;
	/* guarded by mutex */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct log_item *first, *last;
	size_t items, bytes;
	struct fold crashes; /* by crash id */
	struct fold dying;   /* log events, by serial of the process */
	bool stop;
	bool done;
	struct log_release *releases; /* by service */
	size_t release_count, release_capacity;
	struct service_level *levels; /* by service */
	size_t level_capacity;
	/* atomic */
	_Atomic size_t level_count; /* changes under the mutex */
	_Atomic int64_t level;
	_Atomic uint64_t dropped; /* not told of yet */
	_Atomic uint64_t dropped_total;
};

/* Under the mutex, as below. */
static size_t level_position(struct log *log, const char *service)
{
	return by_name(log->levels, atomic_load_relaxed(&log->level_count), sizeof(log->levels[0]), service);
}

/* Whether something of that priority is written, of a service or, with NULL or "", of none. */
static bool lets_through(struct log *log, const char *service, int64_t priority)
{
	bool all = priority <= atomic_load_relaxed(&log->level); /* a setting; as is whether there are others */
	if (service == NULL || service[0] == '\0' || atomic_load_relaxed(&log->level_count) == 0)
		return all;
	pthread_mutex_lock(&log->mutex);
	size_t i = level_position(log, service);
	if (i < atomic_load_relaxed(&log->level_count) && strcmp(log->levels[i].service, service) == 0)
		all = (all && log->levels[i].more) || priority <= log->levels[i].level;
	pthread_mutex_unlock(&log->mutex);
	return all;
}

static void release_of(struct log *log, const char *service, struct log_release *ret_release);

static void item_free(struct log_item *item)
{
	(void)record_unref(item->record);
	journal_fields_done(&item->fields);
	free(item->restart);
	free(item->supervisor);
	free(item);
}

/* Under the mutex. False: it does not fit. */
static bool append(struct log *log, struct log_item *item)
{
	bool fits = log->items < LOG_ITEMS_MAX && log->bytes + item->bytes <= LOG_BYTES_MAX;
	if (fits) {
		item->next = NULL;
		if (log->first == NULL)
			log->first = item;
		else
			log->last->next = item;
		log->last = item;
		log->items++;
		log->bytes += item->bytes;
		if (log->items == 1)
			pthread_cond_signal(&log->changed);
	}
	return fits;
}

static void drop(struct log *log, struct log_item *item)
{
	(void)atomic_add_relaxed(&log->dropped, 1); /* counters */
	(void)atomic_add_relaxed(&log->dropped_total, 1);
	item_free(item);
}

static void enqueue(struct log *log, struct log_item *item)
{
	pthread_mutex_lock(&log->mutex);
	bool fits = append(log, item);
	pthread_mutex_unlock(&log->mutex);
	if (!fits)
		drop(log, item);
}

/* Lets it wait. False: it cannot. */
static bool hold(struct log *log, struct fold *fold, struct log_item *item, uint64_t key,
	int64_t due_usec)
{
	pthread_mutex_lock(&log->mutex);
	bool first = fold->count == 0;
	bool waits = !log->stop && fold_hold(fold, &item->fold, key, due_usec);
	if (waits && first)
		pthread_cond_signal(&log->changed); /* there is a due time now */
	pthread_mutex_unlock(&log->mutex);
	return waits;
}

bool log_wants(struct log *log, const struct beamr_report *report)
{
	if (report_types[report->kind].message_id[0] == '\0')
		return false;
	return lets_through(log, report_text(report, report->namespace_name), report->priority);
}

void log_report(struct log *log, const struct beamr_report *report, struct record *record)
{
	switch (flood_ask(log->flood, report, report->monotonic_usec)) {
	case FLOOD_HELD:
		return;
	case FLOOD_HELD_FIRST:
		flood_keep(log->flood, record);
		pthread_mutex_lock(&log->mutex);
		pthread_cond_signal(&log->changed); /* there is a due time now */
		pthread_mutex_unlock(&log->mutex);
		return;
	case FLOOD_ADMIT:
		break;
	}
	struct log_item *item = calloc(1, sizeof(*item));
	if (item == NULL) {
		(void)atomic_add_relaxed(&log->dropped, 1); /* counters */
		(void)atomic_add_relaxed(&log->dropped_total, 1);
		return;
	}
	item->record = record_ref(record);
	item->repeats = 1;
	item->bytes = record->bytes;
	if (report->kind != BEAMR_REPORT_CRASH || !report->supervised ||
		!hold(log, &log->crashes, item, report->crash_id.low,
			report->monotonic_usec + LOG_CRASH_WAIT_USEC))
		enqueue(log, item);
}

void log_ended(struct log *log, const struct beamr_report *report)
{
	struct fold_item *item;
	if (report->serial == 0)
		return;
	do {
		pthread_mutex_lock(&log->mutex);
		item = fold_take(&log->dying, report->serial);
		pthread_mutex_unlock(&log->mutex);
		if (item != NULL)
			item_free((struct log_item *)(void *)item);
	} while (item != NULL);
}

void log_supervised(struct log *log, const struct beamr_report *report)
{
	if (crash_id_is_none(report->cause))
		return;
	pthread_mutex_lock(&log->mutex);
	struct log_item *item =
		(struct log_item *)(void *)fold_take(&log->crashes, report->cause.low);
	pthread_mutex_unlock(&log->mutex);
	if (item == NULL)
		return;
	wording_restart(report, &item->restart, &item->supervisor);
	enqueue(log, item);
}

static struct log_entry *begin(struct log *log, int priority, const char *event, const char *message)
{
	struct log_entry *entry = calloc(1, sizeof(*entry));
	struct log_item *item = calloc(1, sizeof(*item));
	if (entry == NULL || item == NULL) {
		free(entry);
		free(item);
		return NULL;
	}
	*entry = (struct log_entry){ .log = log, .priority = priority, .item = item };
	journal_put(&item->fields, "MESSAGE", message);
	journal_putf(&item->fields, "PRIORITY", "%d", priority);
	if (event != NULL)
		journal_put(&item->fields, "BEAMR_EVENT", event);
	return entry;
}

struct log_entry *log_begin(
	struct log *log, int priority, const char *event, const char *format, ...)
{
	char message[REPORT_FIELD_MAX + 1];
	va_list arguments;
	if (!lets_through(log, NULL, priority))
		return NULL;
	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format,
		arguments); /* one line, cut when it is too long */
	va_end(arguments);
	return begin(log, priority, event, message);
}

void log_field(struct log_entry *entry, const char *name, const char *format, ...)
{
	char value[REPORT_FIELD_MAX + 1];
	va_list arguments;
	if (entry == NULL)
		return;
	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments); /* cut at the bound of a field */
	va_end(arguments);
	journal_put(&entry->item->fields, name, value);
}

static bool has_field(const struct journal_fields *fields, const char *name)
{
	size_t length = strlen(name);
	for (size_t at = 0; at < fields->used; at += strlen(fields->bytes + at) + 1) {
		if (strncmp(fields->bytes + at, name, length) == 0 &&
			fields->bytes[at + length] == '=')
			return true;
	}
	return false;
}

void log_send(struct log_entry *entry)
{
	if (entry == NULL)
		return;
	if (!has_field(&entry->item->fields, "SYSLOG_IDENTIFIER"))
		journal_put(&entry->item->fields, "SYSLOG_IDENTIFIER", entry->log->identifier);
	entry->item->bytes = entry->item->fields.used;
	enqueue(entry->log, entry->item);
	free(entry);
}

void log_say(struct log *log, int priority, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format,
		arguments); /* one line, cut when it is too long */
	va_end(arguments);
	log_send(log_begin(log, priority, NULL, "%s", message));
}

/* Whether a service has said too much: then it is counted. */
static bool says_too_much(struct log *log, const char *service)
{
	enum rate_answer answer = rate_ask(log->rate, service, clock_monotonic_nsec() / 1000);
	if (answer == RATE_HELD_FIRST) {
		pthread_mutex_lock(&log->mutex);
		pthread_cond_signal(&log->changed); /* there is a due time now */
		pthread_mutex_unlock(&log->mutex);
	}
	return answer != RATE_ADMIT;
}

void log_output(struct log *log, const char *service, int priority, const char *stream,
	const char *process, const char *line, const char *cut)
{
	if (!lets_through(log, service, priority) || says_too_much(log, service))
		return;
	struct log_entry *entry = begin(log, priority, "output", line);
	log_field(entry, "SYSLOG_IDENTIFIER", "%s", service);
	log_field(entry, "BEAMR_SERVICE", "%s", service);
	log_field(entry, "BEAMR_STREAM", "%s", stream);
	if (process[0] != '\0')
		log_field(entry, "BEAMR_PROCESS", "%s", process);
	if (cut != NULL)
		log_field(entry, "BEAMR_LINE_BREAK", "%s", cut);
	log_send(entry);
}

void log_event(struct log *log, const struct beamr_report *report)
{
	const char *service = report_text(report, report->namespace_name);
	bool waits = report->dying && report->serial != 0;
	if (!lets_through(log, service, report->priority))
		return;
	/* What waits hardly ever becomes an entry. */
	if (!waits && says_too_much(log, service))
		return;
	struct log_item *item = calloc(1, sizeof(*item));
	if (item == NULL) {
		(void)atomic_add_relaxed(&log->dropped, 1); /* counters */
		(void)atomic_add_relaxed(&log->dropped_total, 1);
		return;
	}
	struct log_release release;
	release_of(log, service, &release);
	journal_event(&item->fields, report, release.version, release.digest);
	item->bytes = item->fields.used;
	if (waits && hold(log, &log->dying, item, report->serial,
			     report->monotonic_usec + LOG_DYING_WAIT_USEC))
		return;
	if (waits && says_too_much(log, service))
		item_free(item);
	else
		enqueue(log, item);
}

uint64_t log_dropped_now(struct log *log)
{
	return atomic_load_relaxed(&log->dropped); /* a counter */
}

uint64_t log_dropped(struct log *log)
{
	return atomic_load_relaxed(&log->dropped_total); /* a counter */
}

static void send_to_journal(const struct journal_fields *fields)
{
	struct iovec vectors[128]; /* a report has under 80 fields */
	size_t n = 0;
	for (size_t at = 0; at < fields->used && n < ARRAY_SIZE(vectors); n++) {
		size_t length = strlen(fields->bytes + at);
		vectors[n] = (struct iovec){ .iov_base = fields->bytes + at, .iov_len = length };
		at += length + 1;
	}
	(void)sd_journal_sendv(vectors, (int)n); /* there is nobody else to tell */
}

/* The message, and for deaths where it was, on lines of their own. */
static void send_to_stderr(const struct journal_fields *fields)
{
	const char *message = "", *identifier = "", *stack = NULL;
	int priority = 6;
	for (size_t at = 0; at < fields->used; at += strlen(fields->bytes + at) + 1) {
		const char *field = fields->bytes + at;
		if (strncmp(field, "MESSAGE=", 8) == 0)
			message = field + 8;
		else if (strncmp(field, "SYSLOG_IDENTIFIER=", 18) == 0)
			identifier = field + 18;
		else if (strncmp(field, "PRIORITY=", 9) == 0)
			priority = atoi(field + 9);
		else if (strncmp(field, "BEAMR_STACK=", 12) == 0)
			stack = field + 12;
	}
	fprintf(stderr, "%s[%d]: %s\n", identifier, priority, message);
	if (stack == NULL || strcmp(stack, "-") == 0)
		return;
	while (*stack != '\0') {
		size_t length = strcspn(stack, "\n");
		fprintf(stderr, "    %.*s\n", (int)length, stack);
		stack += length;
		if (*stack == '\n')
			stack++;
	}
}

static void send_fields(struct log *log, const struct journal_fields *fields)
{
	if (log->target == LOG_TO_JOURNAL)
		send_to_journal(fields);
	else
		send_to_stderr(fields);
}

/* Place of the first one that is not below; under the mutex. */
static size_t release_position(const struct log *log, const char *service)
{
	return by_name(log->releases, log->release_count, sizeof(log->releases[0]), service);
}

void log_set_release(struct log *log, const char *service, const char *version, const char *digest)
{
	pthread_mutex_lock(&log->mutex);
	size_t i = release_position(log, service);
	bool there = i < log->release_count && strcmp(log->releases[i].service, service) == 0;
	bool none = digest == NULL || digest[0] == '\0';
	if (none && there) {
		log->release_count--;
		memmove(log->releases + i, log->releases + i + 1,
			(log->release_count - i) * sizeof(*log->releases));
	}
	if (!none && !there && log->release_count == log->release_capacity) {
		size_t capacity = log->release_capacity > 0 ? log->release_capacity * 2 : 16;
		struct log_release *grown =
			reallocarray(log->releases, capacity, sizeof(*log->releases));
		if (grown == NULL) {
			pthread_mutex_unlock(&log->mutex);
			return; /* its entries tell no release */
		}
		log->releases = grown;
		log->release_capacity = capacity;
	}
	if (!none && !there) {
		memmove(log->releases + i + 1, log->releases + i,
			(log->release_count - i) * sizeof(*log->releases));
		log->release_count++;
	}
	if (!none) {
		struct log_release *release = &log->releases[i];
		(void)snprintf(release->service, sizeof(release->service), "%s",
			service); /* names are short */
		(void)snprintf(release->version, sizeof(release->version), "%s",
			version != NULL && version[0] != '\0' ? version
							      : "-"); /* cut when absurd */
		(void)snprintf(
			release->digest, sizeof(release->digest), "%s", digest); /* 64 letters */
	}
	pthread_mutex_unlock(&log->mutex);
}

static void release_of(struct log *log, const char *service, struct log_release *ret_release)
{
	pthread_mutex_lock(&log->mutex);
	size_t i = release_position(log, service);
	if (i < log->release_count && strcmp(log->releases[i].service, service) == 0)
		*ret_release = log->releases[i];
	else
		*ret_release = (struct log_release){ .version = "-", .digest = "-" };
	pthread_mutex_unlock(&log->mutex);
}

static void send_record(struct log *log, const struct record *record, uint64_t repeats,
	const char *restart, const char *supervisor)
{
	struct journal_fields fields = { 0 };
	const struct beamr_report *report = record_report(record);
	struct log_release release;
	release_of(log, report_text(report, report->namespace_name), &release);
	journal_report(
		&fields, report, repeats, release.version, release.digest, restart, supervisor);
	send_fields(log, &fields);
	journal_fields_done(&fields);
}

/* An entry that tells of `count` others that there are not; the fields hold what is said of them, and are done with. */
static void send_suppressed(
	struct log *log, struct journal_fields *fields, const char *identifier, const char *counted_by, uint64_t count)
{
	journal_put(fields, "MESSAGE_ID", report_types[BEAMR_REPORT_SUPPRESSED].message_id);
	journal_putf(fields, "PRIORITY", "%d", report_types[BEAMR_REPORT_SUPPRESSED].priority);
	journal_put(fields, "SYSLOG_IDENTIFIER", identifier);
	journal_put(fields, "BEAMR_EVENT", report_types[BEAMR_REPORT_SUPPRESSED].name);
	journal_putf(fields, counted_by, "%" PRIu64, count);
	send_fields(log, fields);
	journal_fields_done(fields);
}

/* Tells of what was dropped, once the ring is empty: by then the journal takes entries again. */
static void send_dropped(struct log *log)
{
	uint64_t dropped = atomic_swap_acq_rel(&log->dropped, 0);
	if (dropped == 0)
		return;
	struct journal_fields fields = { 0 };
	journal_putf(&fields, "MESSAGE",
		"%" PRIu64 " entries were dropped because the journal did not take them in time",
		dropped);
	send_suppressed(log, &fields, log->identifier, "BEAMR_DROPPED", dropped);
}

/* What a service had beyond its kinds: one of them says what they are like. */
static void send_kinds(struct log *log, const struct flood_summary *summary)
{
	struct journal_fields fields = { 0 };
	char like[WORDING_LINE_MAX] = "";
	if (summary->record != NULL)
		(void)wording_message(record_report(summary->record), like);
	journal_putf(&fields, "MESSAGE",
		"%s: %" PRIu64 " more deaths and restarts, of ever new kinds, were held back%s%s", summary->service,
		summary->repeats, like[0] != '\0' ? "; one of them: " : "", like);
	journal_put(&fields, "BEAMR_SERVICE", summary->service);
	send_suppressed(log, &fields, summary->service, "BEAMR_REPEATS", summary->repeats);
	(void)record_unref(summary->record);
}

static int64_t send_summaries(struct log *log, int64_t now_usec)
{
	struct flood_summary summary;
	int64_t due_usec;
	while (flood_next(log->flood, now_usec, &summary, &due_usec)) {
		if (summary.of_kinds) {
			send_kinds(log, &summary);
			continue;
		}
		if (summary.record != NULL) {
			send_record(log, summary.record, summary.repeats, NULL, NULL);
			(void)record_unref(summary.record);
			continue;
		}
		struct journal_fields fields = { 0 };
		journal_putf(
			&fields, "MESSAGE", "%" PRIu64 " entries were held back", summary.repeats);
		send_suppressed(log, &fields, log->identifier, "BEAMR_REPEATS", summary.repeats);
	}
	return due_usec;
}

static int64_t send_rates(struct log *log, int64_t now_usec)
{
	struct rate_summary summary;
	int64_t due_usec;
	while (rate_next(log->rate, now_usec, &summary, &due_usec)) {
		struct journal_fields fields = { 0 };
		journal_putf(&fields, "MESSAGE",
			"%" PRIu64 " more output lines and log events of %s were held back", summary.held,
			summary.service);
		journal_put(&fields, "BEAMR_SERVICE", summary.service);
		send_suppressed(log, &fields, summary.service, "BEAMR_REPEATS", summary.held);
	}
	return due_usec;
}

/* Moves what has waited long enough, or all of it, into the ring; under the mutex. Returns when the next is due. */
static int64_t end_waits(struct log *log, int64_t now_usec)
{
	struct fold *folds[] = { &log->crashes, &log->dying };
	int64_t due_usec = INT64_MAX;
	for (size_t i = 0; i < 2; i++) {
		struct fold_item *item;
		int64_t next_usec;
		while ((item = fold_due(folds[i], now_usec, &next_usec)) != NULL) {
			if (!append(log, (struct log_item *)(void *)item))
				drop(log, (struct log_item *)(void *)item);
		}
		due_usec = next_usec < due_usec ? next_usec : due_usec;
	}
	return due_usec;
}

static struct log_item *take(struct log *log)
{
	struct log_item *item = log->first;
	if (item == NULL)
		return NULL;
	log->first = item->next;
	log->items--;
	log->bytes -= item->bytes;
	return item;
}

static void *run(void *user)
{
	struct log *log = user;
	(void)pthread_setname_np(pthread_self(), "beamrd/log"); /* only for people */
	pthread_mutex_lock(&log->mutex);
	for (;;) {
		struct log_item *item = take(log);
		bool stop = log->stop;
		pthread_mutex_unlock(&log->mutex);
		if (item != NULL) {
			if (item->record != NULL)
				send_record(log, item->record, item->repeats, item->restart,
					item->supervisor);
			else
				send_fields(log, &item->fields);
			item_free(item);
		} else {
			send_dropped(log);
		}
		const int64_t now_usec = stop && item == NULL ? INT64_MAX : clock_monotonic_nsec() / 1000;
		int64_t due_usec = send_summaries(log, now_usec), rate_due_usec = send_rates(log, now_usec);
		due_usec = rate_due_usec < due_usec ? rate_due_usec : due_usec;
		pthread_mutex_lock(&log->mutex);
		int64_t wait_usec =
			end_waits(log, log->stop ? INT64_MAX : clock_monotonic_nsec() / 1000);
		due_usec = wait_usec < due_usec ? wait_usec : due_usec;
		if (log->first != NULL)
			continue;
		if (stop)
			break;
		if (log->stop || item != NULL)
			continue;
		if (due_usec == INT64_MAX) {
			pthread_cond_wait(&log->changed, &log->mutex);
		} else {
			struct timespec until = { .tv_sec = due_usec / 1000000,
				.tv_nsec = due_usec % 1000000 * 1000 };
			pthread_cond_timedwait(&log->changed, &log->mutex, &until);
		}
	}
	log->done = true;
	pthread_mutex_unlock(&log->mutex);
	return NULL;
}

int log_new(enum log_target target, const char *identifier, struct log **ret_log)
{
	struct log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return -ENOMEM;
	log->target = target;
	(void)snprintf(log->identifier, sizeof(log->identifier), "%s",
		identifier); /* short by construction */
	log->flood = flood_new();
	log->rate = rate_new();
	fold_init(&log->crashes);
	fold_init(&log->dying);
	atomic_init(&log->level, 6);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&log->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&log->mutex, NULL);
	int r = log->flood == NULL || log->rate == NULL ? ENOMEM : pthread_create(&log->thread, NULL, run, log);
	if (r != 0) {
		(void)flood_free(log->flood);
		(void)rate_free(log->rate);
		free(log);
		return -r;
	}
	*ret_log = log;
	return 0;
}

struct log *log_free(struct log *log)
{
	if (log == NULL)
		return NULL;
	pthread_mutex_lock(&log->mutex);
	log->stop = true;
	pthread_cond_signal(&log->changed);
	pthread_mutex_unlock(&log->mutex);
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
	until.tv_sec += LOG_FLUSH_SECONDS;
	if (pthread_timedjoin_np(log->thread, NULL, &until) != 0)
		return NULL; /* the journal has it; the process is about to end, and the thread needs its memory until then */
	pthread_cond_destroy(&log->changed);
	pthread_mutex_destroy(&log->mutex);
	(void)flood_free(log->flood);
	(void)rate_free(log->rate);
	free(log->releases);
	free(log->levels);
	free(log);
	return NULL;
}

void log_set(struct log *log, int64_t level, const struct flood_limits *flood)
{
	log_set_level(log, level);
	flood_set(log->flood, flood);
}

void log_set_level(struct log *log, int64_t level)
{
	atomic_store_relaxed(&log->level, level); /* a setting */
}

void log_set_service_level(struct log *log, const char *service, int64_t level, bool more)
{
	pthread_mutex_lock(&log->mutex);
	size_t count = atomic_load_relaxed(&log->level_count), i = level_position(log, service);
	bool there = i < count && strcmp(log->levels[i].service, service) == 0;
	if (level < 0 && there) {
		memmove(log->levels + i, log->levels + i + 1, (count - i - 1) * sizeof(*log->levels));
		count--;
	}
	if (level >= 0 && !there && count == log->level_capacity) {
		size_t capacity = count > 0 ? 2 * count : 16;
		struct service_level *grown = reallocarray(log->levels, capacity, sizeof(*grown));
		if (grown != NULL) {
			log->levels = grown;
			log->level_capacity = capacity;
		}
	}
	if (level >= 0 && !there && count < log->level_capacity) {
		memmove(log->levels + i + 1, log->levels + i, (count - i) * sizeof(*log->levels));
		(void)snprintf(log->levels[i].service, sizeof(log->levels[i].service), "%s",
			service); /* names are short */
		count++;
		there = true;
	}
	if (level >= 0 && there) {
		log->levels[i].level = level;
		log->levels[i].more = more;
	}
	atomic_store_relaxed(&log->level_count, count);
	pthread_mutex_unlock(&log->mutex);
}

void log_set_rate(struct log *log, int64_t burst, int64_t interval_usec)
{
	rate_set(log->rate, burst, interval_usec);
}
