/* SPDX-License-Identifier: Apache-2.0 */
/* erlang:decode_packet/3: how long the packet at the beginning of some bytes is, and what it says.
 * Source: behaviour of OTP 27, its oddities included (see tests/unit/bif/data.cases). */
#include "base/bytes.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "term/atom.h"

#include <string.h>

struct packet_options {
	uint32_t packet_max; /* bytes; 0: no bound */
	uint32_t line_max;   /* longer lines are cut; 0: never */
	uint8_t delimiter;
};

/* Part of the input. */
struct part {
	const uint8_t *at;
	size_t size;
};

#define LENGTH_MORE 0     /* unknown as yet */
#define LENGTH_INVALID -1
#define LENGTH_MAX ((int64_t)INT32_MAX)

static uint32_t be(const uint8_t *p, unsigned bytes)
{
	struct bytes b = bytes_of(p, bytes);
	return (uint32_t)bytes_be(&b, bytes);
}

/* ------------------------------------------------------------------------------------------------ lengths */

static int64_t with_header(size_t header, int64_t body, const struct packet_options *options)
{
	int64_t max = options->packet_max != 0 ? options->packet_max : LENGTH_MAX - (int64_t)header;
	if (body < 0 || body > max)
		return LENGTH_INVALID;
	return (int64_t)header + body;
}

static int64_t prefixed_length(const uint8_t *p, size_t size, unsigned header, const struct packet_options *options)
{
	return size < header ? LENGTH_MORE : with_header(header, be(p, header), options);
}

static int64_t line_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	const uint8_t *end = memchr(p, options->delimiter, size);
	size_t length = end != NULL ? (size_t)(end - p) + 1 : size;
	if (options->packet_max != 0 && length > options->packet_max)
		return LENGTH_INVALID;
	if (options->line_max != 0 && (end != NULL ? length > options->line_max : length >= options->line_max))
		return options->line_max;
	return end != NULL ? (int64_t)length : LENGTH_MORE;
}

static int64_t asn1_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	size_t at = 1;
	if (size < 2)
		return LENGTH_MORE;
	if ((p[0] & 0x1F) == 0x1F) { /* a long tag goes on while the highest bit is set */
		while (at < size && (p[at] & 0x80) != 0)
			at++;
		if (size - at < 2)
			return LENGTH_MORE;
		at++;
	}
	unsigned first = p[at++];
	if ((first & 0x80) == 0)
		return with_header(at, first, options);
	unsigned count = first & 0x7F;
	if (size - at < count)
		return LENGTH_MORE;
	if (count > 4)
		return LENGTH_INVALID;
	return with_header(at + count, be(p + at, count), options);
}

static int64_t cdr_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	if (size < 12)
		return LENGTH_MORE;
	if (memcmp(p, "GIOP", 4) != 0)
		return LENGTH_INVALID;
	uint32_t body = be(p + 8, 4);
	return with_header(12, (p[6] & 1) != 0 ? __builtin_bswap32(body) : body, options);
}

static int64_t fcgi_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	if (size < 8)
		return LENGTH_MORE;
	if (p[0] != 1)
		return LENGTH_INVALID;
	return with_header(8, (int64_t)be(p + 4, 2) + p[6], options);
}

static int64_t tpkt_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	if (size < 4)
		return LENGTH_MORE;
	return p[0] == 3 ? with_header(4, (int64_t)be(p + 2, 2) - 4, options) : LENGTH_INVALID;
}

static bool is_ssl_v2_hello(const uint8_t *p)
{
	return (p[0] & 0x80) != 0 && p[2] == 1;
}

static int64_t tls_length(const uint8_t *p, size_t size, const struct packet_options *options)
{
	if (size < 5)
		return LENGTH_MORE;
	return with_header(5, is_ssl_v2_hello(p) ? (int64_t)(be(p, 2) & 0x7FFF) - 3 : be(p + 3, 2), options);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* A line; a header field goes on while the next line begins with white space. */
static int64_t http_length(const uint8_t *p, size_t size, bool header, const struct packet_options *options)
{
	if ((size == 1 && p[0] == '\n') || (size == 2 && p[0] == '\r' && p[1] == '\n'))
		return (int64_t)size;
	uint32_t max = options->packet_max != 0 ? options->packet_max : options->line_max;
	for (size_t at = 0;;) {
		const uint8_t *end = at < size ? memchr(p + at, '\n', size - at) : NULL;
		if (end == NULL)
			return max != 0 && size >= max ? LENGTH_INVALID : LENGTH_MORE;
		size_t length = (size_t)(end - p) + 1;
		const bool folds = header && length < size && length > 2 && is_space(p[length]);
		if (!folds && max != 0 && length > max)
			return LENGTH_INVALID;
		if (!folds)
			return header && length == size ? LENGTH_MORE : (int64_t)length;
		at = length;
	}
}

/* ------------------------------------------------------------------------------------------------ HTTP */

struct http {
	struct heap *heap;
	bool binaries; /* text as binaries, else as lists */
};

static term text(const struct http *h, struct part part)
{
	if (h->binaries)
		return bits_of_bytes(h->heap, part.at, part.size);
	term list = TERM_NIL;
	for (size_t i = part.size; i-- > 0;)
		list = heap_cons(h->heap, term_of_small(part.at[i]), list);
	return list;
}

/* A character that no token holds. */
static bool is_special(uint8_t c)
{
	return c <= 32 || c >= 127 || strchr("()<>@,;:\\\"/[]?={}", c) != NULL;
}

static void skip_spaces(struct part *part)
{
	for (; part->size > 0 && is_space(*part->at); part->size--)
		part->at++;
}

/* Digits, all of them; false without any. A number too large for OTP's int is cut as there. */
static bool take_number(struct part *part, uint32_t *ret)
{
	const uint8_t *start = part->at;
	*ret = 0;
	for (; part->size > 0 && *part->at >= '0' && *part->at <= '9'; part->size--)
		*ret = *ret * 10 + (uint32_t)(*part->at++ - '0');
	return part->at != start;
}

/* Behind "HTTP/". */
static bool take_version(struct part *part, uint32_t ret[2])
{
	if (!take_number(part, &ret[0]) || part->size == 0 || *part->at != '.')
		return false;
	part->at++;
	part->size--;
	return take_number(part, &ret[1]);
}

static term version(const struct http *h, const uint32_t v[2])
{
	return heap_tuple_of(h->heap, term_of_small((int32_t)v[0]), term_of_small((int32_t)v[1]));
}

static term absolute_uri(const struct http *h, term scheme, struct part rest)
{
	struct part path = { (const uint8_t *)"/", 1 };
	const uint8_t *slash = memchr(rest.at, '/', rest.size);
	if (slash != NULL) {
		path = (struct part){ slash, rest.size - (size_t)(slash - rest.at) };
		rest.size = (size_t)(slash - rest.at);
	}
	struct part host = rest;
	const uint8_t *colon = memchr(rest.at, ':', rest.size);
	if (colon != NULL && rest.at[0] == '[') { /* an IPv6 address */
		const uint8_t *end = memchr(rest.at, ']', rest.size);
		if (end != NULL) {
			host.size = (size_t)(end - rest.at) + 1;
			colon = host.size < rest.size && end[1] == ':' ? end + 1 : NULL;
		}
	}
	term port = A(undefined);
	if (colon != NULL) {
		uint32_t number;
		host.size = (size_t)(colon - rest.at);
		struct part digits = { colon + 1, rest.size - host.size - 1 };
		if (take_number(&digits, &number) && digits.size == 0 && number != 0)
			port = term_of_small((int32_t)number);
	}
	return heap_tuple_of(h->heap, A(absoluteURI), scheme, text(h, host), port, text(h, path));
}

static bool begins_with(struct part part, const char *prefix)
{
	size_t n = strlen(prefix);
	return part.size >= n && strncasecmp((const char *)part.at, prefix, n) == 0;
}

static term uri(const struct http *h, struct part part)
{
	if (part.size == 1 && part.at[0] == '*')
		return A(times);
	if (part.size <= 1 || part.at[0] == '/')
		return heap_tuple_of(h->heap, A(abs_path), text(h, part));
	if (begins_with(part, "http://"))
		return absolute_uri(h, A(http), (struct part){ part.at + 7, part.size - 7 });
	if (begins_with(part, "https://"))
		return absolute_uri(h, A(https), (struct part){ part.at + 8, part.size - 8 });
	const uint8_t *colon = memchr(part.at, ':', part.size);
	if (colon == NULL)
		return text(h, part);
	size_t n = (size_t)(colon - part.at);
	return heap_tuple_of(h->heap, A(scheme), text(h, (struct part){ part.at, n }),
		text(h, (struct part){ colon + 1, part.size - n - 1 }));
}

static term http_response(const struct http *h, struct part line)
{
	uint32_t v[2];
	uint32_t status;
	line.at += 5;
	line.size -= 5;
	if (!take_version(&line, v) || line.size == 0 || !is_space(*line.at))
		return TERM_NONE;
	skip_spaces(&line);
	(void)take_number(&line, &status); /* none is 0 */
	if (line.size > 0 && !is_space(*line.at))
		return TERM_NONE;
	skip_spaces(&line);
	return heap_tuple_of(
		h->heap, A(http_response), version(h, v), term_of_small((int32_t)status), text(h, line));
}

static term http_method(const struct http *h, struct part part)
{
	static const char *const known[] = { "OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE" };
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i]) == part.size && memcmp(known[i], part.at, part.size) == 0)
			return atom_of_string(known[i]);
	return text(h, part);
}

static term http_request(const struct http *h, struct part line)
{
	struct part method = { line.at, 0 };
	for (; line.size > 0 && !is_special(*line.at); line.size--, method.size++)
		line.at++;
	if (line.size == 0 || method.size == 0 || !is_space(*line.at))
		return TERM_NONE;
	skip_spaces(&line);
	struct part where = { line.at, 0 };
	for (; line.size > 0 && !is_space(*line.at); line.size--, where.size++)
		line.at++;
	if (where.size == 0)
		return TERM_NONE;
	skip_spaces(&line);
	uint32_t v[2] = { 0, 9 };
	if (line.size > 0) {
		if (line.size < 8 || memcmp(line.at, "HTTP/", 5) != 0)
			return TERM_NONE;
		line.at += 5;
		line.size -= 5;
		if (!take_version(&line, v))
			return TERM_NONE;
	}
	return heap_tuple_of(h->heap, A(http_request), http_method(h, method), uri(h, where), version(h, v));
}

#define HEADER_NAME_MAX 50

/* The field as an atom when it is a known one, else as text, its words capitalised unless it is long. */
static term header_field(const struct http *h, struct part name, unsigned *ret_number)
{
	static const char *const known[] = {
#define HTTP_HEADER(text_) text_,
#include "bif/http_headers.def"
#undef HTTP_HEADER
	};
	*ret_number = 0;
	if (name.size > HEADER_NAME_MAX)
		return text(h, name);
	uint8_t spelled[HEADER_NAME_MAX];
	bool upper = true;
	for (size_t i = 0; i < name.size; i++) {
		uint8_t c = name.at[i];
		if (upper && c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		else if (!upper && c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		upper = !upper && c == '-';
		spelled[i] = c;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i]) == name.size && memcmp(known[i], spelled, name.size) == 0) {
			*ret_number = (unsigned)i + 1;
			return atom_of_string(known[i]);
		}
	}
	return text(h, (struct part){ spelled, name.size });
}

static term http_header(const struct http *h, struct part line)
{
	if (line.size == 0)
		return A(http_eoh);
	struct part name = { line.at, 0 };
	for (; line.size > 0 && !is_special(*line.at); line.size--, name.size++)
		line.at++;
	if (line.size == 0 || *line.at != ':')
		return TERM_NONE;
	line.at++;
	line.size--;
	skip_spaces(&line);
	unsigned number;
	term field = header_field(h, name, &number);
	return heap_tuple_of(
		h->heap, A(http_header), term_of_small(number), field, text(h, name), text(h, line));
}

static term http_packet(const struct http *h, struct part packet, bool header)
{
	struct part line = packet;
	if (line.size >= 2 && line.at[line.size - 2] == '\r')
		line.size -= 2;
	else if (line.size >= 1 && line.at[line.size - 1] == '\n')
		line.size--;
	term t = header						      ? http_header(h, line)
		: line.size >= 5 && memcmp(line.at, "HTTP/", 5) == 0 ? http_response(h, line)
								      : http_request(h, line);
	return t != TERM_NONE ? t : heap_tuple_of(h->heap, A(http_error), text(h, packet));
}

static term tls_packet(struct heap *heap, struct part packet)
{
	const uint8_t *p = packet.at;
	if (!is_ssl_v2_hello(p)) {
		term v = heap_tuple_of(heap, term_of_small(p[1]), term_of_small(p[2]));
		return heap_tuple_of(heap, A(ssl_tls), TERM_NIL, term_of_small(p[0]), v,
			bits_of_bytes(heap, p + 5, packet.size - 5));
	}
	/* As the handshake message that it would be in later versions: type, length, body. */
	size_t body = packet.size - 3;
	uint8_t *data;
	term bytes = bits_new(heap, (body + 4) * 8, &data);
	data[0] = 1;
	data[1] = (uint8_t)(body >> 16);
	data[2] = (uint8_t)(body >> 8);
	data[3] = (uint8_t)body;
	memcpy(data + 4, p + 3, body);
	term v = heap_tuple_of(heap, term_of_small(p[3]), term_of_small(p[4]));
	return heap_tuple_of(heap, A(ssl_tls), TERM_NIL, term_of_small(22), v, bytes);
}

/* ------------------------------------------------------------------------------------------------ the function */

static bool get_options(term list, struct packet_options *ret)
{
	*ret = (struct packet_options){ .delimiter = '\n' };
	for (; term_is_cons(list); list = cons_tail(list)) {
		term option = cons_head(list);
		size_t value;
		if (!term_is_tuple_of(option, 2) || !bif_get_size(tuple_element(option, 1), &value) ||
			value > UINT32_MAX)
			return false;
		term name = tuple_element(option, 0);
		if (name == A(packet_size))
			ret->packet_max = (uint32_t)value;
		else if (name == A(line_length))
			ret->line_max = (uint32_t)value;
		else if (name == A(line_delimiter) && value <= 255)
			ret->delimiter = (uint8_t)value;
		else
			return false;
	}
	return list == TERM_NIL;
}

/* Bytes of the packet at the beginning of `in`, LENGTH_MORE or LENGTH_INVALID. Returns false for no type of packet. */
static bool packet_length(term type, struct part in, const struct packet_options *options, int64_t *ret_length)
{
	const uint8_t *p = in.at;
	size_t n = in.size;
	if (type == A(raw) || type == TERM_ZERO)
		*ret_length = (int64_t)n;
	else if (type == term_of_small(1) || type == term_of_small(2) || type == term_of_small(4))
		*ret_length = prefixed_length(p, n, (unsigned)small_value(type), options);
	else if (type == A(line))
		*ret_length = line_length(p, n, options);
	else if (type == A(asn1))
		*ret_length = asn1_length(p, n, options);
	else if (type == A(sunrm)) /* the highest bit says that it is a record's last */
		*ret_length = n < 4 ? LENGTH_MORE : with_header(4, be(p, 4) & 0x7FFFFFFF, options);
	else if (type == A(cdr))
		*ret_length = cdr_length(p, n, options);
	else if (type == A(fcgi))
		*ret_length = fcgi_length(p, n, options);
	else if (type == A(tpkt))
		*ret_length = tpkt_length(p, n, options);
	else if (type == A(ssl_tls))
		*ret_length = tls_length(p, n, options);
	else if (type == A(http) || type == A(http_bin))
		*ret_length = http_length(p, n, false, options);
	else if (type == A(httph) || type == A(httph_bin))
		*ret_length = http_length(p, n, true, options);
	else
		return false;
	return true;
}

/* What a whole packet at the beginning of binary says. */
static term packet_value(struct proc *p, term type, term binary, struct part packet)
{
	struct heap *heap = bif_heap(p);
	if (type == A(http) || type == A(http_bin) || type == A(httph) || type == A(httph_bin)) {
		struct http h = { .heap = heap, .binaries = type == A(http_bin) || type == A(httph_bin) };
		return http_packet(&h, packet, type == A(httph) || type == A(httph_bin));
	}
	if (type == A(ssl_tls))
		return tls_packet(heap, packet);
	size_t skip = term_is_small(type) ? (size_t)small_value(type) : 0;
	size_t size = packet.size - skip;
	if (type == A(fcgi))
		size -= packet.at[6]; /* padding, at the end */
	return bits_part(heap, binary, skip * 8, size * 8);
}

static bool is_packet_type(term type)
{
	const struct packet_options options = { 0 };
	int64_t length;
	return packet_length(type, (struct part){ (const uint8_t *)"", 0 }, &options, &length);
}

term bif_erlang_decode_packet_3(struct proc *p, const term *args)
{
	struct packet_options options;
	term type = args[0];
	term binary = args[1];
	struct heap *heap = bif_heap(p);
	if (!is_packet_type(type))
		return bif_badarg_cause(p, A(badopt));
	if (!term_is_binary(binary) || !get_options(args[2], &options))
		return bif_badarg(p);
	struct flat_bits flat;
	flat_bits_init(&flat, binary);
	struct part in = { flat.data, flat.size };
	int64_t length = 0;
	term t;
	if (!packet_length(type, in, &options, &length)) {
		t = bif_badarg_cause(p, A(badopt));
	} else if (length < 0) {
		t = heap_tuple_of(heap, A(error), A(invalid));
	} else if (length == LENGTH_MORE || (size_t)length > in.size) {
		t = heap_tuple_of(heap, A(more), length == 0 ? A(undefined) : term_of_small(length));
	} else {
		size_t size = (size_t)length;
		term value = packet_value(p, type, binary, (struct part){ in.at, size });
		term rest = bits_part(heap, binary, size * 8, (in.size - size) * 8);
		t = heap_tuple_of(heap, A(ok), value, rest);
		bif_charge(p, size / 256);
	}
	flat_bits_done(&flat);
	return t;
}
