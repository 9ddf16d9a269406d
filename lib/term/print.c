/* SPDX-License-Identifier: Apache-2.0 */
/* Terms as text: the one-line forms of ~w and ~p, and that of erlang:display/1.
 * What is still to be printed waits on a stack of tasks; the walk ends when the output is full.
 * Source: io_lib:format/2 and erlang:display/1 of OTP 27. */
#include "term/print.h"
#include "term/fun.h"

#include "base/utf8.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/export.h"
#include "term/float_text.h"
#include "term/ident.h"
#include "term/kinds.h"
#include "term/map.h"
#include "term/record.h"
#include "term/walk.h"

#include <gmp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	OP_TERM,     /* value */
	OP_TAIL,     /* value: what follows an element of a list */
	OP_ELEMENTS, /* the rest of a tuple; comes up after each element */
	OP_FLATMAP,  /* the rest of a flat map; y: whether an entry has been printed */
	OP_NODE,     /* the rest of a hash map's node; y as above */
	OP_RECORD,   /* the rest of a native record; at: field names */
	OP_TEXT,     /* at: a C string */
	OP_CLOSE_MAP,
};

/* Besides print_flags: the form of display/1. */
#define FORM_DISPLAY 0x100U

struct printer {
	struct print_out *out;
	unsigned flags;
	struct walk walk;
	bool map_started;  /* the map being printed has an entry in front */
	uint32_t map_left; /* depth left for its next entry */
};

/* Depth: UINT32_MAX is none; it is never counted down to a value that shows, since no list is that long. */

/* Characters. */

static bool is_printable(uint32_t c, bool unicode)
{
	if (c < 32)
		return c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\b' || c == '\f' ||
		       c == 27;
	if (c < 127)
		return true;
	if (c < 160)
		return false;
	if (c < 256)
		return true;
	return unicode &&
	       (c < 0xD800 || (c > 0xDFFF && c < 0xFFFE) || (c > 0xFFFF && c <= 0x10FFFF));
}

/* display/1 calls a string what C calls printing or space. */
static bool is_displayable(uint32_t c)
{
	return (c >= 32 && c < 127) || (c >= 9 && c <= 13) || (c >= 160 && c < 256);
}

static void print_char(struct print_out *out, uint32_t c, uint32_t quote, bool unicode)
{
	static const char escapes[256] = { ['\n'] = 'n',
		['\t'] = 't',
		['\v'] = 'v',
		['\b'] = 'b',
		['\f'] = 'f',
		[27] = 'e',
		[127] = 'd',
		['\r'] = 'r' };
	uint8_t utf8[4];
	if (c == quote || c == '\\') {
		char text[2] = { '\\', (char)c };
		print_bytes(out, text, 2);
	} else if (c < 256 && escapes[c] != 0) {
		char text[2] = { '\\', escapes[c] };
		print_bytes(out, text, 2);
	} else if (c < 32 || (c > 127 && c < 160)) {
		print_format(out, "\\%03o", c);
	} else if (c > 255 && !unicode) {
		print_format(out, "\\x{%" PRIX32 "}", c);
	} else {
		int n = utf8_encode(c, utf8);
		if (n > 0)
			print_bytes(out, utf8, (size_t)n);
		else
			print_format(out, "\\x{%" PRIX32 "}", c);
	}
}

/* Atoms. */

static bool is_reserved(const uint8_t *text, size_t size)
{
	static const char *const words[] = { "after", "and", "andalso", "band", "begin", "bnot",
		"bor", "bsl", "bsr", "bxor", "case", "catch", "cond", "div", "else", "end", "fun",
		"if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try", "when",
		"xor" };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == size && memcmp(words[i], text, size) == 0)
			return true;
	return false;
}

static bool is_name_char(uint32_t c, unsigned flags)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		(c == '@' && (flags & FORM_DISPLAY) == 0) || (c >= 0xC0 && c <= 0xFF && c != 0xD7 && c != 0xF7);
}

/* display/1 knows no reserved words. */
static bool needs_quotes(struct atom_text text, unsigned flags)
{
	if (text.size == 0 || ((flags & FORM_DISPLAY) == 0 && is_reserved(text.bytes, text.size)))
		return true;
	for (size_t i = 0; i < text.size;) {
		uint32_t c;
		int n = utf8_decode(text.bytes + i, text.size - i, &c);
		if (n <= 0 || !is_name_char(c, flags))
			return true;
		if (i == 0 && !((c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF)))
			return true;
		i += (size_t)n;
	}
	return false;
}

static void print_atom(struct print_out *out, term atom, unsigned flags)
{
	struct atom_text text = atom_text(atom);
	if (!needs_quotes(text, flags)) {
		print_bytes(out, text.bytes, text.size);
		return;
	}
	print_string(out, "'");
	for (size_t i = 0; i < text.size;) {
		uint32_t c = 0;
		i += (size_t)utf8_decode(text.bytes + i, text.size - i, &c);
		print_char(out, c, '\'', (flags & PRINT_UNICODE) != 0);
	}
	print_string(out, "'");
}

/* Numbers. */

static void print_big(struct print_out *out, term t)
{
	size_t limbs = big_limbs(t);
	mp_limb_t *digits = mem_alloc(MEM_TEMP, (limbs + 1) * sizeof(mp_limb_t));
	size_t capacity = mpn_sizeinbase(big_digits(t), limbs, 10) + 1;
	unsigned char *text = mem_alloc(MEM_TEMP, capacity);
	memcpy(digits, big_digits(t), limbs * sizeof(mp_limb_t));
	size_t size = mpn_get_str(text, 10, digits, (mp_size_t)limbs);
	size_t zeros = 0;
	while (zeros + 1 < size && text[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < size; i++)
		text[i] = (unsigned char)(text[i] + '0');
	if (big_is_negative(t))
		print_string(out, "-");
	print_bytes(out, text + zeros, size - zeros);
	mem_free(MEM_TEMP, text, capacity);
	mem_free(MEM_TEMP, digits, (limbs + 1) * sizeof(mp_limb_t));
}

static void print_float(struct printer *s, double d)
{
	char text[FLOAT_TEXT_MAX];
	if ((s->flags & FORM_DISPLAY) != 0)
		print_format(s->out, "%e", d);
	else
		print_bytes(s->out, text, float_text_short(d, text));
}

/* Identifiers and funs. */

/* The first number of a printed identifier: 0 for this node, an earlier start of it included. */
static uint32_t node_number(term t)
{
	if (!term_is_boxed(t) || term_is_local_ref(t) || node_of(t).name == A(nonode_nohost))
		return 0;
	return atom_index(node_of(t).name);
}

static void print_ref(struct print_out *out, term ref)
{
	if (term_is_local_ref(ref)) {
		struct ref_id id = ref_id_of(ref);
		print_format(out, "#Ref<0.%" PRIu64 ".%" PRIu64 ".%" PRIu64 ">", id.high,
			id.low >> 32, id.low & UINT32_MAX);
		return;
	}
	print_format(out, "#Ref<%" PRIu32, node_number(ref));
	for (unsigned i = ref_parts(ref); i-- > 0;)
		print_format(out, ".%" PRIu32, ref_part(ref, i));
	print_string(out, ">");
}

static void print_pid(struct print_out *out, term pid)
{
	uint64_t data = pid_data(pid);
	print_format(out, "<%" PRIu32 ".%" PRIu32 ".%" PRIu64 ">", node_number(pid), (uint32_t)data,
		data >> 32);
}

static void print_local_fun(struct print_out *out, term t, unsigned flags)
{
	const struct fun_entry *entry = fun_entry(t);
	print_string(out, "#Fun<");
	print_atom(out, entry->module_name, flags);
	print_format(out, ".%" PRIu32 ".%" PRIu32 ">", entry->index, entry->old_uniq);
}

static void print_export_fun(struct print_out *out, term t, unsigned flags)
{
	const struct export *export = export_fun(t);
	print_string(out, "fun ");
	print_atom(out, export->module, flags);
	print_string(out, ":");
	print_atom(out, export->function, flags);
	print_format(out, "/%" PRIu32, export->arity);
}

/* Bitstrings. */

static size_t room_left(const struct print_out *out)
{
	return out->limit - out->size;
}

enum text_kind { TEXT_NONE, TEXT_BYTES, TEXT_UTF8 };

/* How the bytes may stand between quotes; looks no further than what can be shown. */
static enum text_kind bits_text_kind(const struct printer *s, struct bits bits)
{
	size_t size = bits.size / 8;
	size_t seen = size < room_left(s->out) ? size : room_left(s->out);
	bool unicode = (s->flags & PRINT_UNICODE) != 0 && (s->flags & FORM_DISPLAY) == 0;
	bool latin = true;
	bool ascii = true;
	if ((s->flags & PRINT_STRINGS) == 0 || bits.size % 8 != 0 || size == 0)
		return TEXT_NONE;
	for (size_t i = 0; i < seen && latin; i++) {
		uint8_t c = bits_byte(bits, i);
		ascii = ascii && c < 128;
		latin = (s->flags & FORM_DISPLAY) != 0 ? c >= 32 && c < 127
						       : is_printable(c, false);
	}
	if (latin && (ascii || !unicode))
		return TEXT_BYTES;
	if (!unicode)
		return TEXT_NONE;
	for (size_t i = 0; i < seen;) {
		uint8_t bytes[4];
		uint32_t c;
		size_t n = size - i < 4 ? size - i : 4;
		for (size_t j = 0; j < n; j++)
			bytes[j] = bits_byte(bits, i + j);
		int length = utf8_decode(bytes, n, &c);
		if (length <= 0 || !is_printable(c, true))
			return latin ? TEXT_BYTES : TEXT_NONE;
		i += (size_t)length;
	}
	return TEXT_UTF8;
}

/* In display/1 only newlines and the quote itself are escaped, not the backslash. */
static void print_display_char(struct print_out *out, uint32_t c)
{
	uint8_t utf8[4];
	if (c == '\n')
		print_string(out, "\\n");
	else if (c == '"')
		print_string(out, "\\\"");
	else
		print_bytes(out, utf8, (size_t)utf8_encode(c, utf8));
}

static void print_bits_text(struct print_out *out, struct bits bits, enum text_kind kind, bool display)
{
	size_t size = bits.size / 8;
	print_string(out, "<<\"");
	for (size_t i = 0; i < size && !out->truncated;) {
		uint8_t bytes[4];
		uint32_t c = bits_byte(bits, i);
		size_t n = size - i < 4 ? size - i : 4;
		for (size_t j = 0; j < n; j++)
			bytes[j] = bits_byte(bits, i + j);
		int length = kind == TEXT_UTF8 ? utf8_decode(bytes, n, &c) : 1;
		/* Where only the part that can be shown was looked at, the rest may be anything. */
		i += length > 0 ? (size_t)length : 1;
		if (display)
			print_display_char(out, c);
		else
			print_char(out, c, '"', true);
	}
	print_string(out, kind == TEXT_UTF8 ? "\"/utf8>>" : "\">>");
}

static void print_bits(struct printer *s, struct bits bits, uint32_t depth)
{
	enum text_kind kind = bits_text_kind(s, bits);
	if (kind != TEXT_NONE) {
		print_bits_text(s->out, bits, kind, (s->flags & FORM_DISPLAY) != 0);
		return;
	}
	size_t bytes = bits.size / 8;
	unsigned rest = bits.size % 8;
	print_string(s->out, "<<");
	for (size_t i = 0; i < bytes && !s->out->truncated; i++) {
		if (depth != UINT32_MAX && --depth == 0) {
			print_string(s->out, "...>>");
			return;
		}
		print_format(
			s->out, "%u%s", bits_byte(bits, i), i + 1 < bytes || rest > 0 ? "," : "");
	}
	if (rest > 0 && depth != UINT32_MAX && depth - 1 == 0)
		print_string(s->out, "...");
	else if (rest > 0)
		print_format(s->out, "%u:%u", bits_tail(bits, bytes, rest), rest);
	print_string(s->out, ">>");
}

/* Lists. */

static bool list_is_text(const struct printer *s, term t)
{
	bool unicode = (s->flags & PRINT_UNICODE) != 0;
	size_t room = room_left(s->out);
	if ((s->flags & PRINT_STRINGS) == 0)
		return false;
	for (size_t i = 0; term_is_cons(t) && i <= room; i++) {
		term c = cons_head(t);
		if (!term_is_small(c) || c > term_of_small(0x10FFFF))
			return false;
		uint32_t value = (uint32_t)small_value(c);
		if (!((s->flags & FORM_DISPLAY) != 0 ? is_displayable(value)
						     : is_printable(value, unicode)))
			return false;
		t = cons_tail(t);
	}
	return term_is_list(t);
}

static void print_list_text(struct printer *s, term t)
{
	print_string(s->out, "\"");
	for (; term_is_cons(t) && !s->out->truncated; t = cons_tail(t)) {
		uint32_t c = (uint32_t)small_value(cons_head(t));
		if ((s->flags & FORM_DISPLAY) != 0)
			print_display_char(s->out, c);
		else
			print_char(s->out, c, '"', true);
	}
	print_string(s->out, "\"");
}

/* Compound values push what comes after their opening. */

static void push_text(struct printer *s, const char *text)
{
	walk_push(&s->walk, OP_TEXT)->at = (const void *)text;
}

static void push_term(struct printer *s, term t, uint32_t depth)
{
	struct walk_task *task = walk_push(&s->walk, OP_TERM);
	task->value = t;
	task->x = depth;
}

static uint32_t deeper(uint32_t depth)
{
	return depth == UINT32_MAX ? depth : depth - 1;
}

static void print_list(struct printer *s, term t, uint32_t depth)
{
	if (list_is_text(s, t)) {
		print_list_text(s, t);
		return;
	}
	if (depth == 1) {
		print_string(s->out, "[...]");
		return;
	}
	print_string(s->out, "[");
	struct walk_task *task = walk_push(&s->walk, OP_TAIL);
	task->value = cons_tail(t);
	task->x = deeper(depth);
	push_term(s, cons_head(t), deeper(depth));
}

static void step_tail(struct printer *s, term tail, uint32_t depth)
{
	if (tail == TERM_NIL) {
		print_string(s->out, "]");
	} else if (depth == 1) {
		print_string(s->out, "|...]");
	} else if (term_is_cons(tail)) {
		print_string(s->out, ",");
		struct walk_task *task = walk_push(&s->walk, OP_TAIL);
		task->value = cons_tail(tail);
		task->x = deeper(depth);
		push_term(s, cons_head(tail), deeper(depth));
	} else {
		print_string(s->out, "|");
		push_text(s, "]");
		push_term(s, tail, deeper(depth));
	}
}

static void push_elements(struct printer *s, const term *at, size_t count, uint32_t depth)
{
	walk_push_array(&s->walk, OP_ELEMENTS, at, count);
	walk_top(&s->walk)->x = depth;
}

static void print_elements(
	struct printer *s, const char *open, const term *at, size_t count, uint32_t depth)
{
	print_string(s->out, open);
	if (count == 0 || depth == 1) {
		print_string(s->out, count == 0 ? "}" : "...}");
		return;
	}
	push_elements(s, at + 1, count - 1, deeper(depth));
	push_term(s, at[0], deeper(depth));
}

static void step_elements(struct printer *s, const term *at, size_t count, uint32_t depth)
{
	if (count == 0 || depth == 1) {
		print_string(s->out, count == 0 ? "}" : ",...}");
		return;
	}
	print_string(s->out, ",");
	push_elements(s, at + 1, count - 1, deeper(depth));
	push_term(s, at[0], deeper(depth));
}

static void push_entry(struct printer *s, term key, term value)
{
	if (s->map_left == 1) {
		print_string(s->out, s->map_started ? ",..." : "...");
		s->map_left = 0;
	}
	if (s->map_left == 0)
		return;
	if (s->map_started)
		print_string(s->out, ",");
	s->map_started = true;
	s->map_left = deeper(s->map_left);
	push_term(s, value, s->map_left);
	push_text(s, (s->flags & FORM_DISPLAY) != 0 ? "=>" : " => ");
	push_term(s, key, s->map_left);
}

/* The state of a map around this one is kept in the task that closes this one. */
static void print_map(struct printer *s, term t, uint32_t depth)
{
	struct walk_task *close = walk_push(&s->walk, OP_CLOSE_MAP);
	close->x = s->map_left;
	close->y = s->map_started;
	s->map_left = depth;
	s->map_started = false;
	print_string(s->out, "#{");
	if (map_is_flat(t)) {
		walk_push_array(&s->walk, OP_FLATMAP, flatmap_keys(t), map_size(t));
		walk_top(&s->walk)->values = flatmap_values(t);
	} else {
		const term *root = boxed_ptr(boxed_ptr(t)[2]);
		walk_push_array(&s->walk, OP_NODE, root + 2, header_size(root[0]) - 1);
	}
}

static void step_map(struct printer *s, struct walk_task task)
{
	if (task.count == 0 || s->map_left == 0)
		return;
	struct walk_task *rest = walk_push(&s->walk, task.op);
	*rest = task;
	rest->at++;
	rest->count--;
	if (task.op == OP_FLATMAP) {
		rest->values++;
		push_entry(s, *task.at, *task.values);
	} else if (term_is_cons(*task.at)) {
		push_entry(s, cons_head(*task.at), cons_tail(*task.at));
	} else {
		const term *node = boxed_ptr(*task.at);
		walk_push_array(&s->walk, OP_NODE, node + 2, header_size(node[0]) - 1);
	}
}

static void step_record(struct printer *s, struct walk_task task)
{
	if (task.count == 0 || task.x == 1) {
		print_string(s->out, task.count == 0 ? "}" : task.y != 0 ? ",...}" : "...}");
		return;
	}
	if (task.y != 0)
		print_string(s->out, ",");
	print_atom(s->out, task.at[0], s->flags);
	print_string(s->out, (s->flags & FORM_DISPLAY) != 0 ? "=" : " = ");
	struct walk_task *rest = walk_push(&s->walk, OP_RECORD);
	*rest = task;
	rest->at++;
	rest->count--;
	rest->values++;
	rest->x = deeper(task.x);
	rest->y = 1;
	push_term(s, task.values[0], deeper(task.x));
}

static void print_record(struct printer *s, term t, uint32_t depth)
{
	term definition = record_definition(t);
	print_string(s->out, "#");
	print_atom(s->out, record_module(definition), s->flags);
	print_string(s->out, ":");
	print_atom(s->out, record_name(definition), s->flags);
	print_string(s->out, "{");
	step_record(s, (struct walk_task){ .at = record_fields(definition),
		.values = record_values(t),
		.count = record_size(t),
		.op = OP_RECORD,
		.x = depth == 1 ? 1 : deeper(depth) });
}

static void print_immediate(struct printer *s, term t)
{
	if (term_is_small(t))
		print_format(s->out, "%" PRId64, small_value(t));
	else if (term_is_atom(t))
		print_atom(s->out, t, s->flags);
	else if (term_is_local_pid(t))
		print_pid(s->out, t);
	else if (term_is_local_port(t))
		print_format(s->out, "#Port<0.%" PRIu64 ">", port_data(t));
	else if (t == TERM_NIL)
		print_string(s->out, "[]");
	else
		print_format(s->out, "#Word<%#" PRIx64 ">", t);
}

static void print_boxed(struct printer *s, term t, uint32_t depth)
{
	const term *p = boxed_ptr(t);
	switch (header_kind(p[0])) {
	case BOXED_TUPLE:
		print_elements(s, "{", p + 1, header_size(p[0]), depth);
		break;
	case BOXED_RECORD:
		print_record(s, t, depth);
		break;
	case BOXED_FLATMAP:
	case BOXED_HASHMAP:
		print_map(s, t, depth);
		break;
	case BOXED_FUN:
		print_local_fun(s->out, t, s->flags);
		break;
	case BOXED_EXPORT_FUN:
		print_export_fun(s->out, t, s->flags);
		break;
	case BOXED_SUB_BITS:
	case BOXED_HEAP_BITS:
	case BOXED_REF_BITS:
		print_bits(s, bits_of(t), depth);
		break;
	case BOXED_BIG_POS:
	case BOXED_BIG_NEG:
		print_big(s->out, t);
		break;
	case BOXED_FLOAT:
		print_float(s, float_value(t));
		break;
	case BOXED_REF:
	case BOXED_MAGIC_REF:
	case BOXED_EXT_REF:
		print_ref(s->out, t);
		break;
	case BOXED_EXT_PID:
		print_pid(s->out, t);
		break;
	case BOXED_EXT_PORT:
		print_format(
			s->out, "#Port<%" PRIu32 ".%" PRIu64 ">", node_number(t), port_data(t));
		break;
	case BOXED_MATCH:
		print_string(s->out, "#MatchContext<>");
		break;
	case BOXED_TRACE:
		print_string(s->out, "#Trace<>");
		break;
	case BOXED_MAPNODE:
	case BOXED_KINDS:
		print_string(s->out, "#Word<>");
		break;
	}
}

static void print_one(struct printer *s, term t, uint32_t depth)
{
	if (depth == 0)
		print_string(s->out, "...");
	else if (term_is_cons(t))
		print_list(s, t, depth);
	else if (term_is_boxed(t))
		print_boxed(s, t, depth);
	else
		print_immediate(s, t);
}

static void print_step(struct printer *s)
{
	struct walk_task task = *walk_top(&s->walk);
	s->walk.count--;
	switch (task.op) {
	case OP_TERM:
		print_one(s, task.value, task.x);
		break;
	case OP_TAIL:
		step_tail(s, task.value, task.x);
		break;
	case OP_ELEMENTS:
		step_elements(s, task.at, task.count, task.x);
		break;
	case OP_FLATMAP:
	case OP_NODE:
		step_map(s, task);
		break;
	case OP_RECORD:
		step_record(s, task);
		break;
	case OP_TEXT:
		print_string(s->out, (const char *)(const void *)task.at);
		break;
	case OP_CLOSE_MAP:
		print_string(s->out, "}");
		s->map_left = task.x;
		s->map_started = task.y != 0;
		break;
	}
}

static void print_walk(struct print_out *out, term t, unsigned flags, uint32_t depth)
{
	struct printer s = { .out = out, .flags = flags };
	walk_init(&s.walk);
	print_one(&s, t, depth);
	while (s.walk.count > 0 && !out->truncated)
		print_step(&s);
	walk_done(&s.walk);
}

void print_term(struct print_out *out, term t, enum print_flags flags, unsigned depth)
{
	print_walk(out, t, flags, depth == 0 ? UINT32_MAX : depth);
}

void print_display(struct print_out *out, term t)
{
	print_walk(out, t, PRINT_STRINGS | PRINT_UNICODE | FORM_DISPLAY, UINT32_MAX);
}
