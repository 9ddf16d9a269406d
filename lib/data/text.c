/* SPDX-License-Identifier: Apache-2.0 */
/* Erlang term text, parsed.
 *
 * Values that wait for their container stand on one stack, the open containers on another; each of them knows where its
 * values begin. What a container holds is as large as its text, so memory is linear in the input. */
#include "data/text.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "binary/build.h"
#include "data/float.h"
#include "data/integer_text.h"
#include "data/map.h"
#include "term/atom.h"
#include "term/export.h"
#include "term/fun.h"
#include "term/ident.h"

enum container { OPEN_LIST, OPEN_LIST_TAIL, OPEN_TUPLE, OPEN_MAP_KEY, OPEN_MAP_VALUE };

struct open {
	enum container kind;
	size_t base;   /* of its values */
	size_t offset; /* where it was opened */
};

struct parser {
	struct heap *heap;
	const uint8_t *text;
	size_t size;
	size_t at;
	unsigned flags;
	VEC(term) values;
	VEC(struct open) opens;
	VEC(uint8_t) chars; /* of the token in hand, UTF-8 */
	const char *reason; /* set once: failed */
	size_t offset;
	bool system_limit;
};

static bool fail_at(struct parser *p, size_t offset, const char *reason)
{
	if (p->reason == NULL) {
		p->reason = reason;
		p->offset = offset;
	}
	return false;
}

static bool fail(struct parser *p, const char *reason)
{
	return fail_at(p, p->at, p->at >= p->size ? "the text ends within a term" : reason);
}

static inline int peek(const struct parser *p, size_t ahead)
{
	return p->size - p->at > ahead ? p->text[p->at + ahead] : -1;
}

static bool starts(const struct parser *p, const char *token)
{
	size_t n = strlen(token);
	return p->size - p->at >= n && memcmp(p->text + p->at, token, n) == 0;
}

static bool accept(struct parser *p, const char *token)
{
	if (!starts(p, token))
		return false;
	p->at += strlen(token);
	return true;
}

static void skip_space(struct parser *p)
{
	for (; p->at < p->size; p->at++) {
		uint8_t c = p->text[p->at];
		if (c == '%') {
			while (p->at < p->size && p->text[p->at] != '\n')
				p->at++;
			if (p->at == p->size)
				return;
		} else if (c > ' ') {
			return;
		}
	}
}

/* Like skip_space, then the token, or a failure. */
static bool expect(struct parser *p, const char *token, const char *reason)
{
	skip_space(p);
	return accept(p, token) || fail(p, reason);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int digit_value(int c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

/* ------------------------------------------------------------------------------------------------ characters */

static bool next_char(struct parser *p, uint32_t *ret)
{
	int n = utf8_decode(p->text + p->at, p->size - p->at, ret);
	if (n <= 0)
		return fail(p, "bytes that are not UTF-8");
	p->at += (size_t)n;
	return true;
}

static bool hex_escape(struct parser *p, uint32_t *ret)
{
	const bool braces = accept(p, "{");
	uint32_t v = 0;
	unsigned digits = 0;
	for (; digit_value(peek(p, 0)) < 16 && (braces || digits < 2); p->at++, digits++) {
		v = v * 16 + (uint32_t)digit_value(peek(p, 0));
		if (v > 0x10FFFF)
			return fail(p, "an escape beyond all characters");
	}
	if (digits == 0 || (!braces && digits != 2) || (braces && !accept(p, "}")))
		return fail(p, "a broken \\x escape");
	*ret = v;
	return v < 0xD800 || v > 0xDFFF || fail(p, "an escape that is no character");
}

/* Behind the backslash. */
static bool escape(struct parser *p, uint32_t *ret)
{
	static const char names[] = "bdefnrstv";
	static const uint8_t chars[] = { 8, 127, 27, 12, 10, 13, 32, 9, 11 };
	int c = peek(p, 0);
	if (c < 0)
		return fail(p, "");
	const char *name = strchr(names, c);
	if (c != 0 && name != NULL) {
		p->at++;
		*ret = chars[name - names];
		return true;
	}
	if (c == 'x') {
		p->at++;
		return hex_escape(p, ret);
	}
	if (c == '^') {
		p->at++;
		if (!next_char(p, ret))
			return false;
		*ret &= 31;
		return true;
	}
	if (c >= '0' && c <= '7') {
		*ret = 0;
		for (unsigned i = 0; i < 3 && peek(p, 0) >= '0' && peek(p, 0) <= '7'; i++)
			*ret = *ret * 8 + (uint32_t)(p->text[p->at++] - '0');
		return true;
	}
	return next_char(p, ret);
}

/* Up to the closing quote, behind the opening one; the characters go to p->chars. */
static bool quoted(struct parser *p, uint8_t quote)
{
	size_t start = p->at - 1;
	for (;;) {
		uint32_t c;
		if (p->at == p->size)
			return fail_at(p, start, "a quote that is not closed");
		if (p->text[p->at] == quote) {
			p->at++;
			return true;
		}
		if (!next_char(p, &c) || (c == '\\' && !escape(p, &c)))
			return false;
		vec_reserve(&p->chars, p->chars.count + 4);
		p->chars.count += (size_t)utf8_encode(c, p->chars.items + p->chars.count);
	}
}

/* Adjacent strings are one. */
static bool strings(struct parser *p)
{
	p->chars.count = 0;
	while (accept(p, "\"")) {
		if (!quoted(p, '"'))
			return false;
		size_t end = p->at;
		skip_space(p);
		if (peek(p, 0) != '"')
			p->at = end;
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------ simple values */

static term make_atom(struct parser *p, size_t start, const uint8_t *text, size_t size)
{
	size_t chars;
	bool full = false;
	term t = TERM_NONE;
	if ((p->flags & TEXT_KNOWN_ATOMS) != 0)
		t = atom_lookup(text, size);
	else
		t = atom_intern(text, size, &full);
	if (t != TERM_NONE)
		return t;
	p->system_limit = full;
	if (full)
		(void)fail_at(p, start, "the atom table is full");
	else if (utf8_valid(text, size, &chars) && chars > ATOM_CHARS_MAX)
		(void)fail_at(p, start, "an atom of more than 255 characters");
	else
		(void)fail_at(p, start, "an atom that does not exist");
	return TERM_NONE;
}

static bool is_name_start(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7);
}

static bool is_name_char(uint32_t c)
{
	return is_name_start(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '@' ||
		(c >= 0xC0 && c <= 0xDE && c != 0xD7);
}

/* Whether an unquoted atom begins here. */
static bool at_name(const struct parser *p)
{
	uint32_t c;
	return utf8_decode(p->text + p->at, p->size - p->at, &c) > 0 && is_name_start(c);
}

/* An atom, quoted or not; TERM_NONE: failed. */
static term atom_here(struct parser *p)
{
	size_t start = p->at;
	if (accept(p, "'")) {
		p->chars.count = 0;
		if (!quoted(p, '\''))
			return TERM_NONE;
		return make_atom(p, start, p->chars.count == 0 ? p->text : p->chars.items, p->chars.count);
	}
	if (!at_name(p)) {
		(void)fail(p, "something else where an atom must be");
		return TERM_NONE;
	}
	uint32_t c;
	for (int n; (n = utf8_decode(p->text + p->at, p->size - p->at, &c)) > 0 && is_name_char(c);)
		p->at += (size_t)n;
	return make_atom(p, start, p->text + start, p->at - start);
}

/* Digits of a base with single underscores between them, appended to p->chars. */
static size_t digits(struct parser *p, int base)
{
	size_t count = 0;
	for (;; p->at++) {
		int c = peek(p, 0);
		if (c == '_' && count > 0 && digit_value(peek(p, 1)) < base)
			continue;
		if (c < 0 || digit_value(c) >= base)
			return count;
		vec_push(&p->chars, (uint8_t)c);
		count++;
	}
}

static bool push_integer(struct parser *p, size_t start, unsigned base)
{
	term t;
	size_t used;
	switch (integer_parse(p->heap, p->chars.items, p->chars.count, base, &t, &used)) {
	case INTEGER_PARSED:
		vec_push(&p->values, t);
		return true;
	case INTEGER_TOO_LARGE:
		p->system_limit = true;
		return fail_at(p, start, "an integer that is too large");
	case INTEGER_NONE:
		break;
	}
	return fail_at(p, start, "a number without digits");
}

static bool number(struct parser *p)
{
	size_t start = p->at;
	p->chars.count = 0;
	while (peek(p, 0) == '-' || peek(p, 0) == '+') {
		/* Signs multiply; white space may follow. */
		if (p->text[p->at++] == '-') {
			if (p->chars.count != 0)
				p->chars.count = 0;
			else
				vec_push(&p->chars, '-');
		}
		skip_space(p);
	}
	size_t sign = p->chars.count;
	if (peek(p, 0) == '$') {
		uint32_t c;
		p->at++;
		if (!next_char(p, &c) || (c == '\\' && !escape(p, &c)))
			return false;
		vec_push(&p->values, term_of_small(sign != 0 ? -(int64_t)c : (int64_t)c));
		return true;
	}
	if (digits(p, 10) == 0)
		return fail(p, "something else where a number must be");
	if (peek(p, 0) == '#' && digit_value(peek(p, 1)) < 36) {
		unsigned base = 0;
		for (size_t i = sign; i < p->chars.count && base <= 36; i++)
			base = base * 10 + (unsigned)digit_value(p->chars.items[i]);
		if (base < 2 || base > 36)
			return fail_at(p, start, "a base that is not 2 to 36");
		p->at++;
		p->chars.count = sign;
		if (digits(p, (int)base) == 0)
			return fail(p, "a digit that its base has not");
		return push_integer(p, start, base);
	}
	if (peek(p, 0) != '.' || !is_digit(peek(p, 1)))
		return push_integer(p, start, 10);
	vec_push(&p->chars, '.');
	p->at++;
	(void)digits(p, 10); /* there is one */
	int c = peek(p, 0);
	size_t sign_at = peek(p, 1) == '-' || peek(p, 1) == '+' ? 1 : 0;
	if ((c == 'e' || c == 'E') && is_digit(peek(p, 1 + sign_at))) {
		for (size_t i = 0; i <= sign_at; i++)
			vec_push(&p->chars, p->text[p->at++]);
		(void)digits(p, 10); /* as above */
	}
	double d;
	if (!float_parse(p->chars.items, p->chars.count, &d))
		return fail_at(p, start, "a float that is too large");
	vec_push(&p->values, heap_float(p->heap, d));
	return true;
}

static bool string(struct parser *p)
{
	if (!strings(p))
		return false;
	term list = TERM_NIL;
	term *end = &list;
	for (size_t i = 0; i < p->chars.count;) {
		uint32_t c;
		i += (size_t)utf8_decode(p->chars.items + i, p->chars.count - i, &c); /* we wrote it */
		term *cell = heap_alloc(p->heap, 2);
		cell[0] = term_of_small(c);
		cell[1] = TERM_NIL;
		*end = term_of_cons(cell);
		end = cell + 1;
	}
	vec_push(&p->values, list);
	return true;
}

/* Dot-separated numbers up to '>', at most max of them. Returns how many, 0: failed. */
static unsigned numbers(struct parser *p, uint64_t *ret, unsigned max)
{
	for (unsigned n = 0; n < max;) {
		uint64_t v = 0;
		if (!is_digit(peek(p, 0)))
			break;
		for (; is_digit(peek(p, 0)); p->at++) {
			if (v > (UINT64_MAX - 9) / 10)
				return fail(p, "a number that is too large");
			v = v * 10 + (uint64_t)(p->text[p->at] - '0');
		}
		ret[n++] = v;
		if (accept(p, ">"))
			return n;
		if (!accept(p, "."))
			break;
	}
	return fail(p, "a broken pid, port or reference");
}

static bool pid(struct parser *p)
{
	uint64_t n[3];
	size_t start = p->at++;
	unsigned count = numbers(p, n, 3);
	if (count == 0)
		return false;
	if (count != 3 || n[0] != 0 || n[1] > PID_SLOT_MAX || n[2] > PID_SERIAL_MAX)
		return fail_at(p, start, "no pid of this machine looks like that");
	vec_push(&p->values, term_of_pid((uint32_t)n[1], (uint32_t)n[2]));
	return true;
}

static bool port(struct parser *p)
{
	uint64_t n[2];
	size_t start = p->at - strlen("#Port<");
	unsigned count = numbers(p, n, 2);
	if (count == 0)
		return false;
	if (count != 2 || n[0] != 0 || n[1] >> 58 != 0)
		return fail_at(p, start, "no port of this machine looks like that");
	vec_push(&p->values, n[1] << 6 | IMM_PORT);
	return true;
}

static bool reference(struct parser *p)
{
	uint64_t n[4];
	size_t start = p->at - strlen("#Ref<");
	unsigned count = numbers(p, n, 4);
	if (count == 0)
		return false;
	if (count != 4 || n[0] != 0 || n[2] > UINT32_MAX || n[3] > UINT32_MAX)
		return fail_at(p, start, "no reference of this machine looks like that");
	vec_push(&p->values,
		ref_put(heap_alloc(p->heap, REF_WORDS), (struct ref_id){ .high = n[1], .low = n[2] << 32 | n[3] }));
	return true;
}

static bool external_fun(struct parser *p)
{
	size_t start = p->at - strlen("fun");
	skip_space(p);
	term module = atom_here(p);
	if (module == TERM_NONE || !expect(p, ":", "a fun is written fun module:function/arity"))
		return false;
	skip_space(p);
	term function = atom_here(p);
	if (function == TERM_NONE || !expect(p, "/", "a fun is written fun module:function/arity"))
		return false;
	skip_space(p);
	if (!is_digit(peek(p, 0)))
		return fail(p, "a fun is written fun module:function/arity");
	uint32_t arity = 0;
	for (; is_digit(peek(p, 0)) && arity <= 255; p->at++)
		arity = arity * 10 + (uint32_t)(p->text[p->at] - '0');
	if (arity > 255)
		return fail_at(p, start, "a fun's arity is at most 255");
	const struct export *export = (p->flags & TEXT_KNOWN_ATOMS) != 0 ? export_find(module, function, arity)
									 : export_get(module, function, arity);
	if (export == NULL)
		return fail_at(p, start, "a function that does not exist");
	vec_push(&p->values, export_fun_put(heap_alloc(p->heap, EXPORT_FUN_WORDS), export));
	return true;
}

/* ------------------------------------------------------------------------------------------------ bitstrings */

struct segments {
	VEC(struct segment) items;
};

/* What stands behind the value of a segment: :Size/type-sign-endianness-unit:N. */
struct specifier {
	term size; /* TERM_NONE: none given */
	uint8_t type;
	uint8_t flags;
	uint16_t unit; /* 0: none given */
};

static bool word(struct parser *p, const char *name)
{
	size_t n = strlen(name);
	if (!starts(p, name) || (peek(p, n) >= 0 && is_name_char((uint32_t)peek(p, n))))
		return false;
	p->at += n;
	return true;
}

static bool specifier(struct parser *p, struct specifier *s)
{
	static const struct {
		const char *name;
		int type; /* -1: a flag */
		uint8_t flag;
	} words[] = {
		{ "integer", SEGMENT_INTEGER, 0 }, { "float", SEGMENT_FLOAT, 0 }, { "binary", SEGMENT_BINARY, 0 },
		{ "utf8", SEGMENT_UTF8, 0 }, { "utf16", SEGMENT_UTF16, 0 }, { "utf32", SEGMENT_UTF32, 0 },
		{ "big", -1, 0 }, { "little", -1, FIELD_LITTLE }, { "native", -1, FIELD_NATIVE },
		{ "signed", -1, FIELD_SIGNED }, { "unsigned", -1, 0 },
	};
	*s = (struct specifier){ .size = TERM_NONE, .type = SEGMENT_INTEGER };
	skip_space(p);
	if (peek(p, 0) == ':') {
		p->at++;
		skip_space(p);
		if (!number(p))
			return false;
		s->size = vec_pop(&p->values);
		skip_space(p);
	}
	if (!accept(p, "/"))
		return true;
	do {
		skip_space(p);
		if (accept(p, "unit:")) {
			for (; is_digit(peek(p, 0)) && s->unit <= 256; p->at++)
				s->unit = (uint16_t)(s->unit * 10 + (p->text[p->at] - '0'));
			if (s->unit == 0 || s->unit > 256)
				return fail(p, "a unit is 1 to 256");
			continue;
		}
		size_t i = 0;
		while (i < ARRAY_SIZE(words) && !word(p, words[i].name))
			i++;
		if (i == ARRAY_SIZE(words))
			return fail(p, "an unknown type of segment");
		if (words[i].type >= 0)
			s->type = (uint8_t)words[i].type;
		s->flags |= words[i].flag;
	} while (accept(p, "-"));
	return true;
}

static bool push_segment(struct parser *p, struct segments *segments, const struct specifier *s, term value)
{
	const bool utf = s->type >= SEGMENT_UTF8;
	term size = s->size;
	if (size == TERM_NONE)
		size = term_of_small(s->type == SEGMENT_FLOAT ? 64 : 8);
	if (s->type == SEGMENT_BINARY)
		return fail(p, "a binary within a binary");
	vec_push(&segments->items,
		((struct segment){
			.type = s->type,
			.flags = s->flags,
			.unit = s->unit != 0 ? s->unit : 1,
			.number = (uint32_t)segments->items.count + 1,
			.size = utf ? A(undefined) : size,
			.value = value,
		}));
	return true;
}

static bool segment(struct parser *p, struct segments *segments)
{
	struct specifier s;
	skip_space(p);
	size_t start = p->at;
	if (peek(p, 0) != '"') {
		if (!number(p))
			return false;
		term value = vec_pop(&p->values);
		return specifier(p, &s) && push_segment(p, segments, &s, value);
	}
	if (!strings(p))
		return false;
	/* A size is made of digits, for which p->chars is used, so the characters are put aside. */
	VEC(uint8_t) chars = { p->chars.items, p->chars.count, p->chars.capacity };
	p->chars.items = NULL;
	p->chars.count = p->chars.capacity = 0;
	bool ok = specifier(p, &s);
	for (size_t i = 0; ok && i < chars.count;) {
		uint32_t c;
		i += (size_t)utf8_decode(chars.items + i, chars.count - i, &c); /* we wrote it */
		if (c > 255 && s.type == SEGMENT_INTEGER && s.size == TERM_NONE)
			ok = fail_at(p, start, "a character over 255 in a binary without /utf8");
		else
			ok = push_segment(p, segments, &s, term_of_small(c));
	}
	vec_done(&chars);
	return ok;
}

static bool bitstring(struct parser *p)
{
	size_t start = p->at - 2;
	struct segments segments = { 0 };
	bool ok = true;
	skip_space(p);
	if (!accept(p, ">>")) {
		do
			ok = segment(p, &segments);
		while (ok && (skip_space(p), accept(p, ",")));
		ok = ok && expect(p, ">>", "\",\" or \">>\" must follow here");
	}
	if (ok) {
		struct build_error error;
		term t = build_bits(p->heap, segments.items.items, segments.items.count, &error);
		p->system_limit = t == TERM_NONE && error.reason == A(system_limit);
		if (t == TERM_NONE)
			ok = fail_at(p, start, "a segment whose value and type or size do not fit");
		else
			vec_push(&p->values, t);
	}
	vec_done(&segments.items);
	return ok;
}

/* ------------------------------------------------------------------------------------------------ containers */

static void open_container(struct parser *p, enum container kind)
{
	vec_push(&p->opens, ((struct open){ kind, p->values.count, p->at - 1 }));
}

static term list_of(struct heap *heap, const term *values, size_t count, term tail)
{
	for (size_t i = count; i-- > 0;)
		tail = heap_cons(heap, values[i], tail);
	return tail;
}

/* Makes the innermost container of its values, and that a value. */
static void close_container(struct parser *p)
{
	struct open open = vec_pop(&p->opens);
	size_t count = p->values.count - open.base;
	term *values = count == 0 ? NULL : p->values.items + open.base; /* no items yet, no place for them */
	term t = TERM_NIL;
	switch (open.kind) {
	case OPEN_LIST:
		t = list_of(p->heap, values, count, TERM_NIL);
		break;
	case OPEN_LIST_TAIL:
		t = list_of(p->heap, values, count - 1, values[count - 1]);
		break;
	case OPEN_TUPLE:
		t = heap_tuple(p->heap, count, values);
		break;
	case OPEN_MAP_KEY:
	case OPEN_MAP_VALUE:
		t = map_of_pairs(p->heap, values, count / 2, MAP_OF_LAST_WINS);
		break;
	}
	p->values.count = open.base;
	vec_push(&p->values, t);
}

/* Reads one value, or opens a container (*ret_opened). An empty container is a value. */
static bool value(struct parser *p, bool *ret_opened)
{
	*ret_opened = false;
	skip_space(p);
	int c = peek(p, 0);
	if (c == '[' || c == '{' || starts(p, "#{")) {
		p->at += c == '#' ? 2 : 1;
		open_container(p, c == '[' ? OPEN_LIST : c == '{' ? OPEN_TUPLE : OPEN_MAP_KEY);
		skip_space(p);
		if (accept(p, c == '[' ? "]" : "}"))
			close_container(p);
		else
			*ret_opened = true;
		return true;
	}
	if (c == '"')
		return string(p);
	if (c == '$' || c == '-' || c == '+' || is_digit(c))
		return number(p);
	if (accept(p, "<<"))
		return bitstring(p);
	if (c == '<')
		return pid(p);
	if (accept(p, "#Ref<"))
		return reference(p);
	if (accept(p, "#Port<"))
		return port(p);
	if (c == '\'' || at_name(p)) {
		if (word(p, "fun"))
			return external_fun(p);
		term t = atom_here(p);
		if (t == TERM_NONE)
			return false;
		vec_push(&p->values, t);
		return true;
	}
	if ((c >= 'A' && c <= 'Z') || c == '_')
		return fail(p, "a variable has no value here");
	return fail(p, "no term begins like that");
}

/* After a value: what the innermost container wants next. *ret_more: another value. */
static bool separator(struct parser *p, bool *ret_more)
{
	struct open *open = &p->opens.items[p->opens.count - 1];
	*ret_more = true;
	skip_space(p);
	switch (open->kind) {
	case OPEN_LIST:
		if (accept(p, ","))
			return true;
		if (accept(p, "|")) {
			open->kind = OPEN_LIST_TAIL;
			return true;
		}
		*ret_more = false;
		return accept(p, "]") || fail(p, "\",\", \"|\" or \"]\" must follow here");
	case OPEN_LIST_TAIL:
		*ret_more = false;
		return accept(p, "]") || fail(p, "\"]\" must follow here");
	case OPEN_TUPLE:
		if (accept(p, ","))
			return true;
		*ret_more = false;
		return accept(p, "}") || fail(p, "\",\" or \"}\" must follow here");
	case OPEN_MAP_KEY:
		open->kind = OPEN_MAP_VALUE;
		return accept(p, "=>") || fail(p, "\"=>\" must follow here");
	case OPEN_MAP_VALUE:
		if (accept(p, ",")) {
			open->kind = OPEN_MAP_KEY;
			return true;
		}
		*ret_more = false;
		return accept(p, "}") || fail(p, "\",\" or \"}\" must follow here");
	}
	return false;
}

static bool parse(struct parser *p)
{
	for (;;) {
		bool more;
		if (!value(p, &more))
			return false;
		while (!more) {
			if (p->opens.count == 0)
				return true;
			if (!separator(p, &more))
				return false;
			if (!more)
				close_container(p);
		}
	}
}

static void locate(const struct parser *p, struct text_error *ret)
{
	ret->offset = p->offset;
	ret->line = 1;
	ret->column = 1;
	for (size_t i = 0; i < p->offset && i < p->size; i++) {
		if (p->text[i] == '\n') {
			ret->line++;
			ret->column = 1;
		} else if ((p->text[i] & 0xC0) != 0x80) {
			ret->column++;
		}
	}
	ret->reason = p->reason;
	ret->system_limit = p->system_limit;
}

term text_parse(struct heap *heap, const char *text, size_t size, unsigned flags, size_t *ret_used,
	struct text_error *ret_error)
{
	struct parser p = { .heap = heap, .text = (const uint8_t *)text, .size = size, .flags = flags };
	term t = TERM_NONE;
	size_t used = 0;
	if (parse(&p)) {
		t = p.values.items[0];
		used = p.at;
		skip_space(&p);
		if (accept(&p, "."))
			used = p.at;
		skip_space(&p);
		if ((flags & TEXT_MAY_REST) == 0 && p.at != p.size) {
			(void)fail(&p, "something follows the term"); /* p.reason says it */
			t = TERM_NONE;
		}
	}
	vec_done(&p.values);
	vec_done(&p.opens);
	vec_done(&p.chars);
	if (t == TERM_NONE)
		locate(&p, ret_error);
	else if (ret_used != NULL)
		*ret_used = used;
	return t;
}
