/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of term text: tokens by hand, brackets on a stack of its own.
 *
 * values holds finished terms whose bracket is still open; each open bracket knows where its first value lies.
 * Invariant: whenever a value was pushed, the innermost open bracket waits for a separator or its end. */
#include "data/text.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "binary/binary.h"
#include "data/float.h"
#include "data/integer_text.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/export.h"
#include "term/fun.h"
#include "term/ident.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum bracket_kind { BRACKET_LIST, BRACKET_TUPLE, BRACKET_MAP };

struct bracket {
	enum bracket_kind kind;
	size_t first; /* of its values */
	bool tail;    /* a list after |: one more value */
	size_t opened_at;
};

struct reader {
	struct heap *heap;
	const uint8_t *text;
	size_t size;
	size_t at;
	enum text_flags flags;
	struct text_error *error;
	VEC(term) values;
	VEC(struct bracket) brackets;
};

static term fail_at(struct reader *r, size_t at, const char *format, ...) _printf_(3, 4);

static term fail_at(struct reader *r, size_t at, const char *format, ...)
{
	struct text_error *e = r->error;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(e->reason, sizeof(e->reason), format, args); /* cut when too long */
	va_end(args);
	e->offset = at;
	e->line = e->column = 1;
	for (size_t i = 0; i < at && i < r->size; i++) {
		if (r->text[i] == '\n') {
			e->line++;
			e->column = 1;
		} else if ((r->text[i] & 0xC0) != 0x80) {
			e->column++;
		}
	}
	return TERM_NONE;
}

static int peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->size ? r->text[r->at + ahead] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(struct reader *r)
{
	for (;; r->at++) {
		int c = peek(r, 0);
		if (c == '%') {
			while (peek(r, 0) != '\n' && peek(r, 0) != -1)
				r->at++;
			if (peek(r, 0) == -1)
				return;
		} else if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' &&
			   c != '\v') {
			return;
		}
	}
}

/* One character of a quoted text, escapes resolved; -1 with the error told. */
static int64_t read_char(struct reader *r)
{
	size_t start = r->at;
	uint32_t c;
	int n = utf8_decode(r->text + r->at, r->size - r->at, &c);
	if (n <= 0) {
		(void)fail_at(r, start,
			r->at == r->size ? "the text ends inside quotes" : "no valid UTF-8");
		return -1;
	}
	r->at += (size_t)n;
	if (c != '\\')
		return c;
	int e = peek(r, 0);
	if (e == -1) {
		(void)fail_at(r, start, "the text ends after a backslash");
		return -1;
	}
	if (e >= '0' && e <= '7') {
		int64_t v = 0;
		for (int i = 0; i < 3 && peek(r, 0) >= '0' && peek(r, 0) <= '7'; i++, r->at++)
			v = v * 8 + (peek(r, 0) - '0');
		return v;
	}
	if (e == 'x') {
		bool braces = peek(r, 1) == '{';
		int64_t v = 0;
		int digits = 0;
		r->at += braces ? 2 : 1;
		for (;; r->at++, digits++) {
			int d = peek(r, 0);
			int k = is_digit(d)            ? d - '0'
				: d >= 'a' && d <= 'f' ? d - 'a' + 10
				: d >= 'A' && d <= 'F' ? d - 'A' + 10
						       : -1;
			if (k < 0 || v > 0x10FFFF || (!braces && digits == 2))
				break;
			v = v * 16 + k;
		}
		uint8_t unused[4];
		if (digits == 0 || (braces && peek(r, 0) != '}') || v > 0x10FFFF ||
			utf8_encode((uint32_t)v, unused) == 0) {
			(void)fail_at(r, start, "no character has that number");
			return -1;
		}
		r->at += braces ? 1 : 0;
		return v;
	}
	if (e == '^') {
		int k = peek(r, 1);
		if (k == -1) {
			(void)fail_at(r, start, "the text ends after \\^");
			return -1;
		}
		r->at += 2;
		return k & 31;
	}
	static const char escapes[] = "nrtbfveds";
	static const char meanings[] = "\n\r\t\b\f\v\033\177 ";
	const char *found = e != 0 ? strchr(escapes, e) : NULL;
	if (found != NULL) {
		r->at++;
		return meanings[found - escapes];
	}
	n = utf8_decode(r->text + r->at, r->size - r->at, &c);
	if (n <= 0) {
		(void)fail_at(r, r->at, "no valid UTF-8");
		return -1;
	}
	r->at += (size_t)n;
	return c;
}

typedef VEC(uint32_t) chars;

/* What stands between quotes, the opening one at r->at. */
static bool read_quoted(struct reader *r, chars *out)
{
	int quote = peek(r, 0);
	size_t start = r->at++;
	for (;;) {
		if (peek(r, 0) == quote) {
			r->at++;
			return true;
		}
		if (peek(r, 0) == -1) {
			(void)fail_at(r, start, "the closing %c is missing", quote);
			return false;
		}
		int64_t c = read_char(r);
		if (c < 0)
			return false;
		vec_push(out, (uint32_t)c);
	}
}

static term atom_of(struct reader *r, size_t at, const uint8_t *text, size_t size)
{
	bool full = false;
	term atom = (r->flags & TEXT_KNOWN_ATOMS) ? atom_lookup(text, size)
						  : atom_intern(text, size, &full);
	if (atom != TERM_NONE)
		return atom;
	if (full)
		return fail_at(r, at, "there is no room for more atoms");
	if (r->flags & TEXT_KNOWN_ATOMS)
		return fail_at(r, at, "no atom has that name");
	return fail_at(r, at, "an atom has at most %d characters", ATOM_CHARS_MAX);
}

static size_t chars_to_utf8(const chars *from, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < from->count; i++)
		n += (size_t)utf8_encode(from->items[i], out + n);
	return n;
}

static term read_quoted_atom(struct reader *r)
{
	chars text = { 0 };
	size_t at = r->at;
	term atom = TERM_NONE;
	if (read_quoted(r, &text)) {
		uint8_t *bytes = mem_alloc(MEM_TEMP, text.count * 4);
		atom = atom_of(r, at, bytes, chars_to_utf8(&text, bytes));
		mem_free(MEM_TEMP, bytes, text.count * 4);
	}
	vec_done(&text);
	return atom;
}

/* Letters that an unquoted atom begins with: small ones of Latin-1. */
static bool atom_begins(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7);
}

static bool atom_goes_on(uint32_t c)
{
	return atom_begins(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '@' || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
}

static term read_atom(struct reader *r)
{
	size_t start = r->at;
	if (peek(r, 0) == '\'')
		return read_quoted_atom(r);
	uint32_t c;
	int n;
	while ((n = utf8_decode(r->text + r->at, r->size - r->at, &c)) > 0 &&
		(r->at == start ? atom_begins(c) : atom_goes_on(c)))
		r->at += (size_t)n;
	if (r->at == start)
		return fail_at(r, start, "an atom is missing");
	return atom_of(r, start, r->text + start, r->at - start);
}

/* Adjacent strings are one, as in Erlang. */
static term read_string(struct reader *r)
{
	chars text = { 0 };
	term list = TERM_NONE;
	size_t after;
	do {
		if (!read_quoted(r, &text))
			goto out;
		after = r->at;
		skip_blanks(r);
	} while (peek(r, 0) == '"');
	r->at = after;
	list = TERM_NIL;
	for (size_t i = text.count; i-- > 0;)
		list = heap_cons(r->heap, term_of_small(text.items[i]), list);
out:
	vec_done(&text);
	return list;
}

static bool digit_in(int c, unsigned base)
{
	unsigned v = is_digit(c)            ? (unsigned)(c - '0')
		     : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a' + 10)
		     : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A' + 10)
					    : 99;
	return v < base;
}

typedef VEC(uint8_t) octets;

/* Digits, with the underscores between them left out. */
static void take_digits(struct reader *r, unsigned base, octets *out)
{
	while (digit_in(peek(r, 0), base) ||
		(peek(r, 0) == '_' && out->count > 0 && digit_in(peek(r, 1), base))) {
		if (peek(r, 0) != '_')
			vec_push(out, (uint8_t)peek(r, 0));
		r->at++;
	}
}

static term integer_from(struct reader *r, size_t at, const octets *digits, unsigned base)
{
	term value;
	size_t used;
	if (digits->count > 0 && digits->items[digits->count - 1] != '-' &&
		digits->items[digits->count - 1] != '+' &&
		integer_parse(r->heap, digits->items, digits->count, base, &value, &used) ==
			INTEGER_PARSED)
		return value;
	return fail_at(
		r, at, digits->count > 1 ? "the integer is too large" : "digits are missing");
}

static term read_number(struct reader *r)
{
	size_t start = r->at;
	octets digits = { 0 };
	term result;
	bool negative = peek(r, 0) == '-';
	if (negative)
		vec_push(&digits, '-');
	if (negative || peek(r, 0) == '+') {
		r->at++;
		skip_blanks(r);
	}
	if (peek(r, 0) == '$') {
		r->at++;
		int64_t c = read_char(r);
		result = c < 0 ? TERM_NONE : term_of_small(negative ? -c : c);
		goto out;
	}
	if (!is_digit(peek(r, 0))) {
		result = fail_at(r, r->at, "a number is missing after the sign");
		goto out;
	}
	take_digits(r, 10, &digits);
	if (peek(r, 0) == '#') {
		size_t at = r->at;
		term base = integer_from(r, start, &digits, 10);
		int64_t b = base != TERM_NONE && term_is_small(base) ? small_value(base) : 0;
		if (negative)
			b = -b;
		if (b < 2 || b > 36) {
			result = fail_at(r, start, "a base is 2 to 36");
			goto out;
		}
		r->at++;
		digits.count = 0;
		if (negative)
			vec_push(&digits, '-');
		take_digits(r, (unsigned)b, &digits);
		result = integer_from(r, at, &digits, (unsigned)b);
		goto out;
	}
	if (peek(r, 0) == '.' && is_digit(peek(r, 1))) {
		vec_push(&digits, '.');
		r->at++;
		octets fraction = { 0 };
		take_digits(r, 10, &fraction);
		vec_foreach(d, &fraction)
			vec_push(&digits, *d);
		vec_done(&fraction);
		int sign = peek(r, 1);
		if ((peek(r, 0) == 'e' || peek(r, 0) == 'E') &&
			(is_digit(sign) ||
				((sign == '-' || sign == '+') && is_digit(peek(r, 2))))) {
			vec_push(&digits, 'e');
			r->at++;
			if (!is_digit(sign)) {
				vec_push(&digits, (uint8_t)sign);
				r->at++;
			}
			while (is_digit(peek(r, 0)))
				vec_push(&digits, r->text[r->at++]);
		}
		double d;
		result = float_parse(digits.items, digits.count, &d)
				 ? heap_float(r->heap, d)
				 : fail_at(r, start, "the float is too large");
		goto out;
	}
	result = integer_from(r, start, &digits, 10);
out:
	vec_done(&digits);
	return result;
}

/* N numbers with dots between them, then `end`. */
static bool read_dotted(struct reader *r, uint64_t *parts, size_t max, size_t *ret_count)
{
	size_t n = 0;
	for (;;) {
		if (!is_digit(peek(r, 0)) || n == max)
			return false;
		uint64_t v = 0;
		for (; is_digit(peek(r, 0)); r->at++) {
			if (v > (UINT64_MAX - 9) / 10)
				return false;
			v = v * 10 + (uint64_t)(peek(r, 0) - '0');
		}
		parts[n++] = v;
		if (peek(r, 0) == '>') {
			r->at++;
			*ret_count = n;
			return true;
		}
		if (peek(r, 0) != '.')
			return false;
		r->at++;
	}
}

static term read_pid(struct reader *r)
{
	size_t start = r->at++, n;
	uint64_t parts[3];
	if (!read_dotted(r, parts, 3, &n) || n != 3 || parts[0] != 0 || parts[1] > PID_SLOT_MAX ||
		parts[2] > PID_SERIAL_MAX)
		return fail_at(r, start, "a pid looks like <0.81.0>");
	return term_of_pid((uint32_t)parts[1], (uint32_t)parts[2]);
}

static term read_ref(struct reader *r)
{
	size_t start = r->at, n;
	uint64_t parts[4];
	r->at += strlen("#Ref<");
	if (!read_dotted(r, parts, 4, &n) || n != 4 || parts[0] != 0 || parts[1] > UINT32_MAX ||
		parts[2] > UINT32_MAX || parts[3] > UINT32_MAX)
		return fail_at(r, start, "a reference looks like #Ref<0.1.2.3>");
	struct ref_id id = { parts[1], parts[2] << 32 | parts[3] };
	return ref_put(heap_alloc(r->heap, REF_WORDS), id);
}

/* The word `fun` is read; what follows is M:F/A. */
static term read_fun(struct reader *r, size_t start)
{
	skip_blanks(r);
	term module = read_atom(r);
	if (module == TERM_NONE)
		return TERM_NONE;
	if (peek(r, 0) != ':')
		return fail_at(r, start, "a fun looks like fun lists:map/2");
	r->at++;
	term function = read_atom(r);
	if (function == TERM_NONE)
		return TERM_NONE;
	uint32_t arity = 0;
	if (peek(r, 0) != '/' || !is_digit(peek(r, 1)))
		return fail_at(r, start, "a fun looks like fun lists:map/2");
	for (r->at++; is_digit(peek(r, 0)) && arity < 1000; r->at++)
		arity = arity * 10 + (uint32_t)(peek(r, 0) - '0');
	if (arity > 255)
		return fail_at(r, start, "a function has at most 255 arguments");
	const struct export *export = (r->flags & TEXT_KNOWN_ATOMS)
					      ? export_find(module, function, arity)
					      : export_get(module, function, arity);
	if (export == NULL)
		return fail_at(r, start, "no function has that name");
	return export_fun_put(heap_alloc(r->heap, EXPORT_FUN_WORDS), export);
}

/* Bits collected for a binary. */
struct bit_writer {
	octets bytes;
	size_t bits;
};

static void write_bits(struct bit_writer *w, const uint8_t *data, size_t offset, size_t bits)
{
	size_t bytes = bits_to_bytes(w->bits + bits);
	while (w->bytes.count < bytes)
		vec_push(&w->bytes, 0);
	if (bits > 0)
		bits_copy(w->bytes.items, w->bits, data, offset, bits);
	w->bits += bits;
}

/* Low `bits` bits of an integer, most significant first. */
static bool write_integer(struct bit_writer *w, term value, size_t bits)
{
	size_t bytes = bits_to_bytes(bits);
	uint8_t *data = mem_zalloc(MEM_TEMP, bytes);
	uint64_t limb = 0;
	uint64_t carry = 1; /* two's complement of a negative big: invert and add one */
	for (size_t i = 0; i < bytes; i++) {
		if (term_is_small(value)) {
			int64_t v = small_value(value);
			data[bytes - 1 - i] = (uint8_t)(i < 8 ? v >> (8 * i) : v < 0 ? -1 : 0);
			continue;
		}
		if (i % 8 == 0) {
			limb = i / 8 < big_limbs(value) ? big_digits(value)[i / 8] : 0;
			if (big_is_negative(value)) {
				limb = ~limb + carry;
				carry = carry && limb == 0;
			}
		}
		data[bytes - 1 - i] = (uint8_t)(limb >> (8 * (i % 8)));
	}
	write_bits(w, data, bytes * 8 - bits, bits);
	mem_free(MEM_TEMP, data, bytes);
	return true;
}

/* One segment: integer, integer:size, "text", "text"/utf8, $c. */
static bool read_segment(struct reader *r, struct bit_writer *w)
{
	size_t start = r->at;
	if (peek(r, 0) == '"') {
		chars text = { 0 };
		bool ok = read_quoted(r, &text);
		bool utf8 = ok && r->size - r->at >= 5 && memcmp(r->text + r->at, "/utf8", 5) == 0;
		if (utf8)
			r->at += 5;
		for (size_t i = 0; ok && i < text.count; i++) {
			uint8_t bytes[4] = { (uint8_t)text.items[i] };
			int n = utf8 ? utf8_encode(text.items[i], bytes) : 1;
			if (!utf8 && text.items[i] > 255) {
				(void)fail_at(r, start, "characters over 255 need \"...\"/utf8");
				ok = false;
			} else if (n == 0) {
				(void)fail_at(r, start, "a character that UTF-8 cannot hold");
				ok = false;
			} else {
				write_bits(w, bytes, 0, (size_t)n * 8);
			}
		}
		vec_done(&text);
		return ok;
	}
	if (!is_digit(peek(r, 0)) && peek(r, 0) != '-' && peek(r, 0) != '+' && peek(r, 0) != '$') {
		(void)fail_at(r, start, "a binary's parts are integers, characters and strings");
		return false;
	}
	term value = read_number(r);
	if (value == TERM_NONE)
		return false;
	if (!term_is_integer(value)) {
		(void)fail_at(r, start, "a binary's parts are integers, characters and strings");
		return false;
	}
	size_t bits = 8;
	if (peek(r, 0) == ':') {
		bits = 0;
		for (r->at++; is_digit(peek(r, 0)) && bits <= 1u << 20; r->at++)
			bits = bits * 10 + (size_t)(peek(r, 0) - '0');
		if (bits > 1u << 20) {
			(void)fail_at(r, start, "a part of more than %u bits", 1u << 20);
			return false;
		}
	}
	return write_integer(w, value, bits);
}

static term read_binary(struct reader *r)
{
	struct bit_writer w = { 0 };
	size_t start = r->at;
	term result = TERM_NONE;
	r->at += 2;
	skip_blanks(r);
	while (!(peek(r, 0) == '>' && peek(r, 1) == '>')) {
		if (!read_segment(r, &w))
			goto out;
		skip_blanks(r);
		if (peek(r, 0) == ',') {
			r->at++;
			skip_blanks(r);
			if (peek(r, 0) != '>')
				continue;
		}
		if (peek(r, 0) != '>' || peek(r, 1) != '>') {
			(void)fail_at(
				r, peek(r, 0) == -1 ? start : r->at, "a comma or >> is missing");
			goto out;
		}
	}
	r->at += 2;
	result = bits_of_bits(r->heap, w.bytes.items, 0, w.bits);
out:
	vec_done(&w.bytes);
	return result;
}

/* The innermost bracket ends: its values become one. */
static term close_bracket(struct reader *r)
{
	struct bracket b = vec_pop(&r->brackets);
	term *first = r->values.items + b.first;
	size_t n = r->values.count - b.first;
	term t = TERM_NIL;
	r->values.count = b.first;
	switch (b.kind) {
	case BRACKET_LIST:
		if (b.tail)
			t = first[--n];
		while (n-- > 0)
			t = heap_cons(r->heap, first[n], t);
		return t;
	case BRACKET_TUPLE:
		return heap_tuple(r->heap, n, first);
	case BRACKET_MAP:
		return n == 0 ? map_empty() : map_of_pairs(r->heap, first, n / 2, MAP_OF_LAST_WINS);
	}
	return t;
}

static void open_bracket(struct reader *r, enum bracket_kind kind, size_t length)
{
	vec_push(&r->brackets,
		((struct bracket){ .kind = kind, .first = r->values.count, .opened_at = r->at }));
	r->at += length;
}

static const char closing[] = { [BRACKET_LIST] = ']', [BRACKET_TUPLE] = '}', [BRACKET_MAP] = '}' };

/* A value that is no bracket. */
static term read_leaf(struct reader *r)
{
	int c = peek(r, 0);
	size_t start = r->at;
	if (is_digit(c) || c == '-' || c == '+' || c == '$')
		return read_number(r);
	if (c == '"')
		return read_string(r);
	if (c == '<')
		return peek(r, 1) == '<' ? read_binary(r) : read_pid(r);
	if (c == '#') {
		if (r->size - r->at >= 5 && memcmp(r->text + r->at, "#Ref<", 5) == 0)
			return read_ref(r);
		return fail_at(r, start, "# begins a map #{...} or a reference #Ref<...>");
	}
	if (c == -1)
		return fail_at(r, start, "a term is missing");
	uint32_t letter;
	int n = utf8_decode(r->text + r->at, r->size - r->at, &letter);
	if (n <= 0)
		return fail_at(r, start, "no valid UTF-8");
	if (c != '\'' && !atom_begins(letter)) {
		if ((letter >= 'A' && letter <= 'Z') || letter == '_')
			return fail_at(r, start, "a variable has no value here");
		return fail_at(
			r, start, "no term begins with %.*s", n, (const char *)r->text + r->at);
	}
	if (r->size - r->at > 3 && memcmp(r->text + r->at, "fun", 3) == 0 &&
		(r->text[r->at + 3] == ' ' || r->text[r->at + 3] == '\t')) {
		r->at += 3;
		return read_fun(r, start);
	}
	return read_atom(r);
}

/* After a value: the separator, or the ends of brackets. True when another value is to be read. */
static bool after_value(struct reader *r, bool *ret_failed)
{
	while (r->brackets.count > 0) {
		struct bracket *b = &r->brackets.items[r->brackets.count - 1];
		skip_blanks(r);
		int c = peek(r, 0);
		bool key = b->kind == BRACKET_MAP && (r->values.count - b->first) % 2 == 1;
		if (key) {
			if (c == '=' && peek(r, 1) == '>') {
				r->at += 2;
				return true;
			}
			(void)fail_at(r, r->at, "=> is missing after a map's key");
			*ret_failed = true;
			return false;
		}
		if (c == ',' && !b->tail) {
			r->at++;
			return true;
		}
		if (c == '|' && b->kind == BRACKET_LIST && !b->tail) {
			r->at++;
			b->tail = true;
			return true;
		}
		if (c != closing[b->kind]) {
			(void)fail_at(r, c == -1 ? b->opened_at : r->at,
				c == -1 ? "the bracket is not closed" : "a comma or %c is missing",
				closing[b->kind]);
			*ret_failed = true;
			return false;
		}
		r->at++;
		term t = close_bracket(r);
		vec_push(&r->values, t);
	}
	return false;
}

/* Opens a bracket if one begins here. */
static bool try_open(struct reader *r)
{
	int c = peek(r, 0);
	if (c == '[')
		open_bracket(r, BRACKET_LIST, 1);
	else if (c == '{')
		open_bracket(r, BRACKET_TUPLE, 1);
	else if (c == '#' && peek(r, 1) == '{')
		open_bracket(r, BRACKET_MAP, 2);
	else
		return false;
	return true;
}

static bool read_all(struct reader *r)
{
	bool failed = false;
	do {
		bool empty = false;
		skip_blanks(r);
		while (!empty && try_open(r)) {
			skip_blanks(r);
			empty = peek(r, 0) ==
				closing[r->brackets.items[r->brackets.count - 1].kind];
		}
		if (empty)
			r->at++;
		term t = empty ? close_bracket(r) : read_leaf(r);
		if (t == TERM_NONE)
			return false;
		vec_push(&r->values, t);
	} while (after_value(r, &failed));
	return !failed;
}

term text_parse(struct heap *heap, const char *text, size_t size, enum text_flags flags,
	struct text_error *ret_error)
{
	struct reader r = { .heap = heap,
		.text = (const uint8_t *)text,
		.size = size,
		.flags = flags,
		.error = ret_error };
	term t = TERM_NONE;
	if (read_all(&r)) {
		skip_blanks(&r);
		if (peek(&r, 0) == '.') {
			r.at++;
			skip_blanks(&r);
		}
		if (r.at < size)
			(void)fail_at(&r, r.at, "something follows the term");
		else
			t = r.values.items[0];
	}
	vec_done(&r.values);
	vec_done(&r.brackets);
	return t;
}
