/* SPDX-License-Identifier: Apache-2.0 */
/* Building report records: texts into the arena, frames, fingerprints, crash ids. */
#include "report/report.h"

#include "base/atomic.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

const struct report_type report_types[BEAMR_REPORT_KINDS] = {
#define REPORT(name, wire, message_id, priority, always, subject)                                  \
	[BEAMR_REPORT_##name] = { wire, message_id, priority, always, subject },
#include "report/reports.def"
#undef REPORT
};

void report_begin(struct beamr_report *report, enum beamr_report_kind kind)
{
	memset(report, 0, offsetof(struct beamr_report, frames));
	report->kind = kind;
	report->priority = (uint8_t)report_types[kind].priority;
	report->realtime_usec = clock_realtime_usec();
	report->monotonic_usec = clock_monotonic_nsec() / 1000;
	report->text[0] = '\0';
	report->text_used = 1;
}

char *report_room(struct beamr_report *report, size_t max, size_t *ret_bytes)
{
	size_t left = REPORT_ARENA_BYTES - report->text_used;
	left = left > 0 ? left - 1 : 0;
	*ret_bytes = left < max ? left : max;
	return report->text + report->text_used;
}

uint16_t report_commit(struct beamr_report *report, size_t bytes)
{
	if (bytes == 0)
		return 0;
	assert(report->text_used + bytes < REPORT_ARENA_BYTES);
	uint16_t offset = (uint16_t)report->text_used;
	report->text[offset + bytes] = '\0';
	report->text_used += (uint32_t)bytes + 1;
	return offset;
}

uint16_t report_put(struct beamr_report *report, const char *text, size_t bytes, size_t max)
{
	size_t room, used = 0;
	char *out = report_room(report, max, &room);
	const uint8_t *p = (const uint8_t *)text;
	for (size_t at = 0; at < bytes;) {
		uint32_t c = 0xFFFD;
		int n = utf8_decode(p + at, bytes - at, &c);
		uint8_t encoded[4];
		if (n <= 0) {
			c = 0xFFFD;
			n = 1;
		}
		if ((c < 32 && c != '\n' && c != '\t') || c == 127)
			c = ' ';
		int size = utf8_encode(c, encoded);
		if (used + (size_t)size > room) {
			report->cut = true;
			break;
		}
		memcpy(out + used, encoded, (size_t)size);
		used += (size_t)size;
		at += (size_t)n;
	}
	return report_commit(report, used);
}

uint16_t report_putf(struct beamr_report *report, const char *format, ...)
{
	char line[REPORT_FIELD_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (n < 0)
		return 0;
	if ((size_t)n >= sizeof(line)) {
		report->cut = true;
		n = sizeof(line) - 1;
	}
	return report_put(report, line, (size_t)n, REPORT_FIELD_MAX);
}

void report_field(struct beamr_report *report, const char *name, const char *value, size_t bytes)
{
	char line[REPORT_FIELD_MAX + 80];
	size_t name_length = strnlen(name, 64);
	if (report->field_count == REPORT_FIELDS_MAX) {
		report->cut = true;
		return;
	}
	if (bytes > REPORT_FIELD_MAX) {
		bytes = REPORT_FIELD_MAX;
		report->cut = true;
	}
	memcpy(line, name, name_length);
	line[name_length] = '=';
	memcpy(line + name_length + 1, value, bytes);
	uint16_t at = report_put(report, line, name_length + 1 + bytes, sizeof(line));
	if (at == 0)
		return;
	if (report->field_count == 0)
		report->fields = at;
	report->field_count++;
}

bool report_frame(struct beamr_report *report, const char *module, const char *function,
	unsigned arity, const char *file, uint32_t line)
{
	if (report->frame_count == REPORT_FRAMES_MAX) {
		report->cut = true;
		return false;
	}
	uint16_t m = report_put(report, module, strlen(module), 255);
	uint16_t f = report_put(report, function, strlen(function), 255);
	uint16_t at_file = file != NULL ? report_put(report, file, strlen(file), 512) : 0;
	if (f == 0) {
		report->cut = true;
		return false;
	}
	report->frames[report->frame_count++] = (struct beamr_report_frame){
		.module = m,
		.function = f,
		.file = at_file,
		.arity = (uint16_t)arity,
		.line = line,
	};
	return true;
}

/* FNV-1a, which is stable over versions and machines as a fingerprint has to be. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001B3u;
	return (hash ^ 0xFF) * 0x100000001B3u;
}

void report_fingerprint(struct beamr_report *report)
{
	uint64_t hash = hash_text(0xCBF29CE484222325u, report_text(report, report->namespace_name));
	hash = hash_text(hash, report_text(report, report->class));
	hash = hash_text(hash, report_text(report, report->fault));
	for (uint32_t i = 0; i < report->frame_count && i < 3; i++) {
		hash = hash_text(hash, report_text(report, report->frames[i].module));
		hash = hash_text(hash, report_text(report, report->frames[i].function));
		hash = (hash ^ report->frames[i].arity) * 0x100000001B3u;
	}
	if (report->frame_count == 0)
		hash = hash_text(hash, report_text(report, report->initial_call));
	report->fingerprint = hash != 0 ? hash : 1;
}

/* Chance for ids: a counter through a mixer, keyed once from the kernel, so that no death waits for a system call. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xBF58476D1CE4E5B9u;
	x ^= x >> 27;
	x *= 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

struct crash_id_key {
	_Atomic uint64_t key; /* 0: not yet drawn; once drawn, fixed */
	_Atomic uint64_t counter;
};

static struct crash_id_key id_key;

static uint64_t drawn_key(void)
{
	uint64_t key = atomic_load_explicit(&id_key.key, memory_order_relaxed);
	if (key != 0)
		return key;
	uint64_t fresh = 0;
	if (getrandom(&fresh, sizeof(fresh), GRND_NONBLOCK) != sizeof(fresh) || fresh == 0)
		fresh = (uint64_t)clock_monotonic_nsec() |
			1; /* an id needs to be unique, not secret */
	/* Relaxed: the value is all there is to see, and whoever comes second takes the first one's. */
	if (atomic_compare_exchange_strong_explicit(
		    &id_key.key, &key, fresh, memory_order_relaxed, memory_order_relaxed))
		return fresh;
	return key;
}

struct beamr_crash_id crash_id_new(void)
{
	uint64_t key = drawn_key();
	uint64_t n = atomic_fetch_add_explicit(&id_key.counter, 1, memory_order_relaxed);
	uint64_t msec = (uint64_t)clock_realtime_usec() / 1000;
	uint64_t a = mix(key + n * 0x9E3779B97F4A7C15u);
	return (struct beamr_crash_id){ .high = msec << 16 | (a >> 48), .low = mix(a ^ key) };
}

static const char id_letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void crash_id_text(struct beamr_crash_id id, char out[BEAMR_CRASH_ID_TEXT])
{
	unsigned __int128 v = (unsigned __int128)id.high << 64 | id.low;
	for (int i = 25; i >= 0; i--) {
		out[i] = id_letters[(unsigned)(v & 31)];
		v >>= 5;
	}
	out[26] = '\0';
}

bool crash_id_parse(const char *text, struct beamr_crash_id *ret_id)
{
	unsigned __int128 v = 0;
	if (strlen(text) != 26 || text[0] > '7')
		return false;
	for (int i = 0; i < 26; i++) {
		const char *at = strchr(
			id_letters, text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
		if (at == NULL)
			return false;
		v = v << 5 | (unsigned)(at - id_letters);
	}
	*ret_id = (struct beamr_crash_id){ .high = (uint64_t)(v >> 64), .low = (uint64_t)v };
	return true;
}

static struct {
	void (*fn)(void *user, const struct beamr_report *report);
	void *user;
} sink;

_Atomic uint64_t report_wanted;

void report_set_sink(void (*fn)(void *user, const struct beamr_report *report), void *user)
{
	sink.fn = fn;
	sink.user = user;
}

void report_set_wanted(uint64_t kinds)
{
	atomic_store_relaxed(&report_wanted, kinds);
}

bool report_is_wanted(enum beamr_report_kind kind)
{
	return sink.fn != NULL &&
	       (report_types[kind].always || report_asked(kind));
}

void report_emit(const struct beamr_report *report)
{
	if (sink.fn != NULL)
		sink.fn(sink.user, report);
}
