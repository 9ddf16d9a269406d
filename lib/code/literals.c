/* SPDX-License-Identifier: Apache-2.0 */
/* Values that live as long as the code: literals, attributes, compile information, file names, string data.
 *
 * They are first built on staged->builder, then copied ("sealed") into one literal area, whose words are what the
 * operands, the tables of struct module_code and the engine refer to. */
#include "code/decode_impl.h"
#include "code/keys.h"

#include "base/alloc.h"
#include "data/etf.h"
#include "heap/literal.h"

#include <zlib.h>

static int decode_term(struct decoder *d, const char *chunk, size_t offset, const uint8_t *data, size_t size, term *ret)
{
	struct etf_error error = { 0 };
	term t = etf_decode(NULL, d->staged->builder, data, size, ETF_MAY_REST, NULL, &error);
	if (t == TERM_NONE && error.system_limit)
		return load_limit_at(d->error, chunk, offset + error.offset, "%s", error.reason);
	if (t == TERM_NONE)
		return load_error_at(d->error, chunk, offset + error.offset, "%s", error.reason);
	if (d->staged->builder->fragment_words > LOAD_LITERAL_WORDS_MAX)
		return load_limit_at(d->error, chunk, offset, "literals of more than %u words", LOAD_LITERAL_WORDS_MAX);
	*ret = t;
	return 0;
}

/* data: the table, unpacked. Offsets are told in it. */
static int decode_table(struct decoder *d, const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	size_t count = bytes_u32(&b);
	if (b.failed || count > bytes_left(&b) / 4)
		return load_error_at(d->error, "LitT", 0, "%zu literals in %zu bytes", count, size);
	if (count > LOAD_TABLE_MAX)
		return load_limit_at(d->error, "LitT", 0, "more than %u literals", LOAD_TABLE_MAX);
	vec_reserve(&d->literals, count);
	for (size_t i = 0; i < count; i++) {
		size_t literal_size = bytes_u32(&b);
		size_t at = bytes_offset(&b);
		const uint8_t *literal = bytes_take(&b, literal_size);
		if (literal == NULL)
			return load_error_at(d->error, "LitT", at, "literal %zu is cut short", i);
		term t;
		int r = decode_term(d, "LitT", at, literal, literal_size, &t);
		if (r != 0)
			return r;
		vec_push(&d->literals, t);
	}
	d->table_literals = count;
	return 0;
}

int decode_literals(struct decoder *d)
{
	const uint8_t *data = d->file.chunks[CHUNK_LITERALS].data;
	size_t size = d->file.chunks[CHUNK_LITERALS].size;
	if (data == NULL)
		return 0;
	struct bytes b = bytes_of(data, size);
	size_t unpacked_size = bytes_u32(&b);
	if (b.failed)
		return load_error_at(d->error, "LitT", 0, "the chunk is cut short");
	if (unpacked_size == 0) /* OTP 28 and later: not compressed */
		return decode_table(d, b.at, bytes_left(&b));
	if (unpacked_size > LOAD_BYTES_MAX)
		return load_limit_at(d->error, "LitT", 0, "literals of more than %u bytes", LOAD_BYTES_MAX);
	/* zlib packs to a thousandth at best, so what claims more is damaged; no memory for it. */
	if (unpacked_size / 1100 > bytes_left(&b))
		return load_error_at(d->error, "LitT", 0, "%zu bytes cannot unpack to %zu", bytes_left(&b), unpacked_size);
	uint8_t *unpacked = mem_alloc(MEM_TEMP, unpacked_size);
	uLongf written = unpacked_size;
	int r = uncompress(unpacked, &written, b.at, bytes_left(&b));
	if (r != Z_OK || written != unpacked_size)
		r = load_error_at(d->error, "LitT", 4, "the compressed literals are damaged or not of the size they claim");
	else
		r = decode_table(d, unpacked, unpacked_size);
	mem_free(MEM_TEMP, unpacked, unpacked_size);
	return r;
}

int decode_info(struct decoder *d)
{
	struct module_code *code = d->staged->code;
	static const struct {
		enum chunk chunk;
		size_t offset;
	} terms[] = {
		{ CHUNK_ATTRIBUTES, offsetof(struct module_code, attributes) },
		{ CHUNK_COMPILE_INFO, offsetof(struct module_code, compile_info) },
	};
	for (size_t i = 0; i < ARRAY_SIZE(terms); i++) {
		term *into = (term *)(void *)((char *)code + terms[i].offset);
		enum chunk chunk = terms[i].chunk;
		*into = TERM_NIL;
		if (d->file.chunks[chunk].size == 0)
			continue;
		int r = decode_term(d, chunk_id(chunk), 0, d->file.chunks[chunk].data, d->file.chunks[chunk].size, into);
		if (r != 0)
			return r;
	}
	size_t size = d->file.chunks[CHUNK_STRINGS].size;
	if (size > 0) {
		code->strings = mem_alloc(MEM_CODE, size);
		code->strings_size = size;
		memcpy(code->strings, d->file.chunks[CHUNK_STRINGS].data, size);
	}
	return 0;
}

int seal_literals(struct decoder *d)
{
	struct module_code *code = d->staged->code;
	code->literal_count = d->literals.count;
	code->literals = mem_alloc(MEM_CODE, d->literals.count * sizeof(term));
	if (d->literals.count > 0)
		memcpy(code->literals, d->literals.items, d->literals.count * sizeof(term));

	struct {
		term *first;
		size_t count;
	} roots[] = {
		{ code->literals, code->literal_count }, { code->files, code->file_count },
		{ &code->attributes, 1 },                { &code->compile_info, 1 },
		{ &code->records, 1 },
	};
	size_t words = 0;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		for (size_t k = 0; k < roots[i].count; k++)
			words += heap_copy_words(roots[i].first[k]);
	}
	const size_t keys = keys_words(d->staged);
	words += keys;
	if (words > 0) {
		code->literal_area = literal_alloc(words);
		if (code->literal_area == NULL) {
			/* The roots still name the builder's words, which go with the staging. */
			return load_limit_at(d->error, "LitT", 0, "the machine has no room for %zu more words of literals", words);
		}
		code->literal_words = words;
		term *top = code->literal_area;
		for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
			for (size_t k = 0; k < roots[i].count; k++)
				roots[i].first[k] = heap_copy_into(roots[i].first[k], &top, &code->literal_offheap);
		}
		assert(top + keys == code->literal_area + words);
		d->staged->keys = top;
		d->staged->keys_end = top + keys;
		for (size_t i = 0; i < keys; i++)
			top[i] = TERM_NIL;
	}
	vec_foreach(operand, &d->staged->operands) {
		if (operand->kind == OPERAND_TERM && operand->index != 0)
			operand->term = code->literals[operand->index - 1];
	}
	heap_done(d->staged->builder);
	heap_init_builder(d->staged->builder);
	return 0;
}
