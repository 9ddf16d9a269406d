/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of what is printed.
 * Invariant: a stream has an entry in its stripe's list only while a part of a line waits there, of 1 to PIECE_MAX bytes without a
 * newline. Stripes, since services shall not wait for each other; under a stripe's lock bytes are copied, nothing else. */
#include "output.h"

#include "base/lock.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES 64
#define PIECE_MAX (OUTPUT_LINE_MAX - 100) /* what is not UTF-8 grows when it is told of */

struct part {
	struct part *next;
	int stream;
	size_t size;
	char process[64];
	char service[256];
	char bytes[PIECE_MAX];
};

struct stripe {
	struct mutex mutex;
	struct part *first;
};

struct output {
	struct log *log;
	struct stripe stripes[STRIPES];
};

static void write_line(struct log *log, const char *service, int stream, const char *process,
	const char *bytes, size_t size, const char *cut);

struct output *output_new(struct log *log)
{
	struct output *output = calloc(1, sizeof(*output));
	if (output == NULL)
		return NULL;
	output->log = log;
	for (size_t i = 0; i < STRIPES; i++)
		mutex_init(&output->stripes[i].mutex, LOCK_REPORT);
	return output;
}

struct output *output_free(struct output *output)
{
	if (output == NULL)
		return NULL;
	for (size_t i = 0; i < STRIPES; i++) {
		while (output->stripes[i].first != NULL) {
			struct part *part = output->stripes[i].first;
			output->stripes[i].first = part->next;
			/* Its service has not ended in order. */
			write_line(output->log, part->service, part->stream, part->process,
				part->bytes, part->size, "eof");
			free(part);
		}
		mutex_done(&output->stripes[i].mutex);
	}
	free(output);
	return NULL;
}

/* ---- one line ---- */

/* Length of the escape sequence that begins there; 0 when none does. */
static size_t escape_length(const char *bytes, size_t size)
{
	if (size < 2 || bytes[0] != '\033')
		return 0;
	if (bytes[1] != '[')
		return 2;
	size_t n = 2;
	while (n < size && (unsigned char)bytes[n] >= 0x20 && (unsigned char)bytes[n] < 0x40)
		n++;
	return n < size ? n + 1 : n;
}

size_t output_line(const char *bytes, size_t size, int *priority, char *out)
{
	size_t used = 0, at = 0;
	if (size >= 3 && bytes[0] == '<' && bytes[1] >= '0' && bytes[1] <= '7' && bytes[2] == '>') {
		*priority = bytes[1] - '0';
		at = 3;
	}
	while (size > at && bytes[size - 1] == '\r')
		size--;
	while (at < size) {
		uint32_t c = 0;
		uint8_t encoded[4];
		size_t skip = escape_length(bytes + at, size - at);
		if (skip > 0) {
			at += skip;
			continue;
		}
		int n = utf8_decode((const uint8_t *)bytes + at, size - at, &c);
		if (n <= 0) {
			c = 0xFFFD;
			n = 1;
		}
		if ((c < 32 && c != '\t') || (c >= 127 && c < 160))
			c = ' ';
		int length = utf8_encode(c, encoded);
		if (used + (size_t)length > OUTPUT_LINE_MAX)
			break;
		memcpy(out + used, encoded, (size_t)length);
		used += (size_t)length;
		at += (size_t)n;
	}
	out[used] = '\0';
	return used;
}

/* ---- pieces ---- */

static void write_line(struct log *log, const char *service, int stream, const char *process,
	const char *bytes, size_t size, const char *cut)
{
	char text[OUTPUT_LINE_MAX + 1];
	int priority = stream == 2 ? 4 : 6;
	if (output_line(bytes, size, &priority, text) == 0)
		return;
	log_output(log, service, priority, stream == 2 ? "stderr" : "stdout", process, text, cut);
}

static struct stripe *stripe_of(struct output *output, const char *service)
{
	uint32_t hash = 2166136261u;
	for (; *service != '\0'; service++)
		hash = (hash ^ (uint8_t)*service) * 16777619u;
	return &output->stripes[hash % STRIPES];
}

static struct part **find(struct stripe *stripe, const char *service, int stream)
{
	struct part **at = &stripe->first;
	while (*at != NULL && ((*at)->stream != stream || strcmp((*at)->service, service) != 0))
		at = &(*at)->next;
	return at;
}

/* Takes the part out of its list: it is the caller's. */
static struct part *take(struct part **at)
{
	struct part *part = *at;
	if (part != NULL)
		*at = part->next;
	return part;
}

/* How many of the bytes make a piece of that many at most, cut on a character where there is one. */
static size_t piece_length(const char *bytes, size_t size, size_t most)
{
	if (size <= most)
		return size;
	size_t n = most;
	while (n + 4 > most && n > 1 && ((unsigned char)bytes[n] & 0xC0) == 0x80)
		n--;
	return ((unsigned char)bytes[n] & 0xC0) == 0x80 ? most : n;
}

static void keep(struct output *output, struct part *part)
{
	struct stripe *stripe = stripe_of(output, part->service);
	mutex_lock(&stripe->mutex);
	part->next = stripe->first;
	stripe->first = part;
	mutex_unlock(&stripe->mutex);
}

static struct part *part_new(const char *service, int stream, const char *process)
{
	struct part *part = calloc(1, sizeof(*part));
	if (part == NULL)
		return NULL;
	part->stream = stream;
	(void)snprintf(part->process, sizeof(part->process), "%s", process); /* short */
	(void)snprintf(part->service, sizeof(part->service), "%s", service); /* short */
	return part;
}

void output_bytes(struct output *output, const char *service, int stream, const char *process,
	const char *bytes, size_t size)
{
	struct stripe *stripe = stripe_of(output, service);
	mutex_lock(&stripe->mutex);
	struct part *part = take(find(stripe, service, stream));
	mutex_unlock(&stripe->mutex);
	while (size > 0) {
		const char *end = memchr(bytes, '\n', size);
		size_t length = end != NULL ? (size_t)(end - bytes) : size;
		size_t n = piece_length(bytes, length, PIECE_MAX - (part != NULL ? part->size : 0));
		bool whole = n == length && end != NULL, last = n == size && !whole;
		if (part == NULL && last)
			part = part_new(service, stream, process);
		if (part != NULL) {
			memcpy(part->bytes + part->size, bytes, n);
			part->size += n;
		}
		if (part != NULL && last) {
			keep(output, part);
			return;
		}
		write_line(output->log, service, stream, part != NULL ? part->process : process,
			part != NULL ? part->bytes : bytes, part != NULL ? part->size : n,
			whole ? NULL : "line-max");
		free(part);
		part = NULL;
		bytes += n + whole;
		size -= n + whole;
	}
}

void output_end(struct output *output, const char *service)
{
	struct stripe *stripe = stripe_of(output, service);
	for (int stream = 1; stream <= 2;) {
		mutex_lock(&stripe->mutex);
		struct part *part = take(find(stripe, service, stream));
		mutex_unlock(&stripe->mutex);
		if (part != NULL)
			write_line(output->log, service, stream, part->process, part->bytes,
				part->size, "eof");
		else
			stream++;
		free(part);
	}
}
