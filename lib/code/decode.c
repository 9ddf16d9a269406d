/* SPDX-License-Identifier: Apache-2.0 */
/* The Code chunk: bytes to generic instructions. Compact terms, which the other chunks use too. */
#include "code/decode_impl.h"

#include "base/alloc.h"
#include "term/fun.h"

static uint64_t big_endian(const uint8_t *data, size_t size)
{
	uint64_t v = 0;
	for (size_t i = 0; i < size; i++)
		v = v << 8 | data[i];
	return v;
}

/* The length of a number longer than 8 bytes, given as a number itself: n + 9. */
static bool read_long_size(struct bytes *b, size_t *ret)
{
	uint8_t first = bytes_u8(b);
	if (b->failed || (first & 7) != COMPACT_U)
		return false;
	if ((first & 0x08) == 0) {
		*ret = first >> 4;
	} else if ((first & 0x10) == 0) {
		*ret = (size_t)(first >> 5) << 8 | bytes_u8(b);
	} else {
		size_t size = (first >> 5) + 2U;
		if (size > 4)
			return false; /* no number has that many bytes */
		*ret = bytes_be(b, size);
	}
	*ret += 9;
	return !b->failed;
}

bool compact_read(struct bytes *b, struct compact *ret)
{
	uint8_t first = bytes_u8(b);
	ret->tag = (enum compact_tag)(first & 7);
	ret->size = 0;
	ret->data = NULL;
	if (b->failed)
		return false;
	if ((first & 0x08) == 0) {
		ret->value = first >> 4;
		return true;
	}
	if ((first & 0x10) == 0) {
		ret->value = (uint64_t)(first >> 5) << 8 | bytes_u8(b);
		return !b->failed;
	}
	size_t size = (first >> 5) + 2U;
	if (first >> 5 == 7 && !read_long_size(b, &size))
		return false;
	const uint8_t *data = bytes_take(b, size);
	if (data == NULL)
		return false;
	if (ret->tag == COMPACT_I) {
		if (size <= 8) {
			unsigned shift = 64 - 8 * (unsigned)size;
			int64_t value = (int64_t)(big_endian(data, size) << shift) >> shift;
			if (small_fits(value)) {
				ret->value = (uint64_t)value;
				return true;
			}
		}
		ret->data = data;
		ret->size = size;
		return true;
	}
	/* Only integers may be negative. A plain number may be larger than a word, as in <<_:(1 bsl 64), R/bits>>: whatever it counts, there
	 * are never so many, nor INT64_MAX of them. */
	if (data[0] >= 0x80 && size >= 8)
		return false;
	if (size > 8 && ret->tag != COMPACT_U)
		return false;
	ret->value = size <= 8 ? big_endian(data, size) : INT64_MAX;
	return true;
}

bool compact_read_u32(struct bytes *b, enum compact_tag tag, uint32_t *ret)
{
	struct compact c;
	if (!compact_read(b, &c) || c.tag != tag || c.size != 0 || c.value > UINT32_MAX)
		return false;
	*ret = (uint32_t)c.value;
	return true;
}

/* An integer that is no small one, as a big on the builder. */
static term big_of_bytes(struct heap *heap, const uint8_t *data, size_t size)
{
	bool negative = data[0] >= 0x80;
	size_t limbs = (size + 7) / 8;
	term *p = heap_alloc(heap, 1 + limbs);
	uint64_t *digits = p + 1;
	for (size_t i = 0; i < limbs; i++) {
		uint64_t limb = 0;
		for (size_t k = 0; k < 8; k++) {
			size_t at = i * 8 + k; /* from the least significant byte */
			uint8_t byte = at < size ? data[size - 1 - at] : negative ? 0xFF : 0;
			limb |= (uint64_t)byte << (8 * k);
		}
		digits[i] = limb;
	}
	if (negative) {
		bool carry = true;
		for (size_t i = 0; i < limbs; i++) {
			digits[i] = ~digits[i] + carry;
			carry = carry && digits[i] == 0;
		}
	}
	size_t used = limbs;
	while (used > 0 && digits[used - 1] == 0)
		used--;
	/* A denormal encoding may still hold a small value. */
	if (used <= 1) {
		uint64_t magnitude = used == 0 ? 0 : digits[0];
		if (magnitude <= (uint64_t)SMALL_MAX || (negative && magnitude == (uint64_t)SMALL_MAX + 1)) {
			heap_shrink(heap, p, 1 + limbs, 0);
			return term_of_small(negative ? -(int64_t)magnitude : (int64_t)magnitude);
		}
	}
	heap_shrink(heap, p, 1 + limbs, 1 + used);
	p[0] = HEADER(negative ? BOXED_BIG_NEG : BOXED_BIG_POS, used);
	return term_of_boxed(p);
}

/* An operand whose value is literal number `number` once the literals are sealed. */
static struct operand literal_operand(size_t number)
{
	return (struct operand){ .kind = OPERAND_TERM, .index = (uint32_t)number + 1, .term = TERM_NIL };
}

static int decode_alloc_list(struct decoder *d, struct bytes *b, const char *chunk, struct operand *ret)
{
	static const unsigned words_of_kind[] = { 1, FLOAT_WORDS, FUN_WORDS(0) }; /* words, floats, funs */
	uint32_t entries;
	size_t at = bytes_offset(b);
	if (!compact_read_u32(b, COMPACT_U, &entries) || entries > 3)
		return load_error_at(d->error, chunk, at, "a bad allocation list");
	uint64_t words = 0;
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t kind, count;
		if (!compact_read_u32(b, COMPACT_U, &kind) || !compact_read_u32(b, COMPACT_U, &count) ||
			kind >= ARRAY_SIZE(words_of_kind))
			return load_error_at(d->error, chunk, at, "a bad allocation list");
		words += (uint64_t)count * words_of_kind[kind];
	}
	*ret = (struct operand){ .kind = OPERAND_ALLOC, .value = words };
	return 0;
}

static int decode_extended(struct decoder *d, struct bytes *b, const char *chunk, uint64_t code, struct operand *ret)
{
	size_t at = bytes_offset(b);
	uint32_t number;
	struct compact c;
	switch (code) {
	case EXTENDED_LIST:
		if (!compact_read_u32(b, COMPACT_U, &number))
			return load_error_at(d->error, chunk, at, "a bad list length");
		if (number > bytes_left(b)) /* an element has at least a byte */
			return load_error_at(d->error, chunk, at, "a list of %u elements in %zu bytes", number, bytes_left(b));
		*ret = (struct operand){ .kind = OPERAND_LIST, .value = number };
		return 0;
	case EXTENDED_FR:
		if (!compact_read_u32(b, COMPACT_U, &number))
			return load_error_at(d->error, chunk, at, "a bad float register");
		*ret = (struct operand){ .kind = OPERAND_FR, .value = number };
		return 0;
	case EXTENDED_ALLOC:
		return decode_alloc_list(d, b, chunk, ret);
	case EXTENDED_LITERAL:
		if (!compact_read_u32(b, COMPACT_U, &number))
			return load_error_at(d->error, chunk, at, "a bad literal index");
		if (number >= d->table_literals)
			return load_error_at(d->error, chunk, at, "literal %u of %zu", number, d->table_literals);
		*ret = literal_operand(number);
		return 0;
	case EXTENDED_TYPED:
		if (!compact_read(b, &c) || (c.tag != COMPACT_X && c.tag != COMPACT_Y) || c.value > UINT32_MAX ||
			!compact_read_u32(b, COMPACT_U, &number))
			return load_error_at(d->error, chunk, at, "a bad register with a type");
		*ret = (struct operand){
			.kind = c.tag == COMPACT_X ? OPERAND_X : OPERAND_Y,
			.value = c.value,
			.type = number < UINT16_MAX ? (uint16_t)(number + 1) : 0, /* types are hints */
		};
		return 0;
	default:
		return load_error_at(d->error, chunk, at, "an operand of unknown kind %u", (unsigned)code);
	}
}

int decode_operand(struct decoder *d, struct bytes *b, const char *chunk, struct operand *ret)
{
	const struct staged *staged = d->staged;
	size_t at = bytes_offset(b);
	struct compact c;
	if (!compact_read(b, &c))
		return load_error_at(d->error, chunk, at, "a bad operand");
	switch (c.tag) {
	case COMPACT_U:
		*ret = (struct operand){ .kind = OPERAND_U, .value = c.value };
		return 0;
	case COMPACT_I:
		if (c.size != 0) {
			if (d->literals.count - d->table_literals >= LOAD_TABLE_MAX ||
				staged->builder->fragment_words > LOAD_LITERAL_WORDS_MAX)
				return load_limit_at(d->error, chunk, at, "too many large integers");
			vec_push(&d->literals, big_of_bytes(staged->builder, c.data, c.size));
			*ret = literal_operand(d->literals.count - 1);
			return 0;
		}
		*ret = (struct operand){ .kind = OPERAND_TERM, .term = term_of_small((int64_t)c.value) };
		return 0;
	case COMPACT_ATOM:
		if (c.value > staged->atom_count)
			return load_error_at(d->error, chunk, at, "atom %llu of %zu", (unsigned long long)c.value, staged->atom_count);
		*ret = (struct operand){ .kind = OPERAND_TERM, .term = c.value == 0 ? TERM_NIL : staged->atoms[c.value] };
		return 0;
	case COMPACT_X:
		*ret = (struct operand){ .kind = OPERAND_X, .value = c.value };
		return 0;
	case COMPACT_Y:
		*ret = (struct operand){ .kind = OPERAND_Y, .value = c.value };
		return 0;
	case COMPACT_LABEL:
		*ret = (struct operand){ .kind = OPERAND_LABEL, .value = c.value };
		return 0;
	case COMPACT_CHAR:
		if (c.value > 0x10FFFF)
			return load_error_at(d->error, chunk, at, "a character beyond Unicode");
		*ret = (struct operand){ .kind = OPERAND_TERM, .term = term_of_small((int64_t)c.value) };
		return 0;
	case COMPACT_EXTENDED:
		return decode_extended(d, b, chunk, c.value, ret);
	}
	return load_error_at(d->error, chunk, at, "a bad operand");
}

/* Reads the operands of one instruction; those of lists go behind them. */
static int decode_operands(struct decoder *d, struct bytes *b, struct generic_instr *instr)
{
	struct staged *staged = d->staged;
	size_t first = staged->operands.count;
	vec_reserve(&staged->operands, first + instr->count);
	staged->operands.count = first + instr->count;
	for (size_t i = 0; i < instr->count; i++) {
		struct operand operand;
		int r = decode_operand(d, b, "Code", &operand);
		if (r != 0)
			return r;
		if (operand.kind == OPERAND_LIST) {
			operand.index = (uint32_t)staged->operands.count;
			if (staged->operands.count + operand.value > LOAD_OPERANDS_MAX)
				return load_limit_at(d->error, "Code", bytes_offset(b), "more than %u operands", LOAD_OPERANDS_MAX);
			for (uint64_t k = 0; k < operand.value; k++) {
				struct operand element;
				r = decode_operand(d, b, "Code", &element);
				if (r != 0)
					return r;
				if (element.kind == OPERAND_LIST)
					return load_error_at(d->error, "Code", bytes_offset(b), "a list within a list");
				vec_push(&staged->operands, element);
			}
		}
		staged->operands.items[first + i] = operand;
	}
	return 0;
}

int decode_code(struct decoder *d)
{
	struct staged *staged = d->staged;
	struct bytes b = bytes_of(d->file.chunks[CHUNK_CODE].data, d->file.chunks[CHUNK_CODE].size);
	size_t header_size = bytes_u32(&b);
	const uint8_t *header = bytes_take(&b, header_size);
	if (header == NULL || header_size < 16)
		return load_error_at(d->error, "Code", 0, "the header is cut short");
	uint64_t set = big_endian(header, 4), highest = big_endian(header + 4, 4);
	uint64_t labels = big_endian(header + 8, 4);
	if (set != 0)
		return load_error_at(d->error, "Code", 4, "instruction set %llu, not 0", (unsigned long long)set);
	if (highest >= OP_LIMIT)
		return load_error_at(d->error, "Code", 8, "needs instruction %llu of a later release than OTP 29",
			(unsigned long long)highest);
	/* A label instruction has two bytes. */
	if (labels == 0 || labels > bytes_left(&b) + 1)
		return load_error_at(d->error, "Code", 12, "%llu labels in %zu bytes", (unsigned long long)labels, bytes_left(&b));
	staged->label_count = (uint32_t)labels;

	for (;;) {
		size_t offset = bytes_offset(&b);
		unsigned op = bytes_u8(&b);
		if (b.failed)
			return load_error_at(d->error, "Code", offset, "the code has no end");
		if (op >= OP_LIMIT || op_infos[op].name == NULL)
			return load_error_at(d->error, "Code", offset, "unknown instruction %u", op);
		const struct op_info *info = &op_infos[op];
		if (info->operands[0] == '-')
			return load_error_at(d->error, "Code", offset, "instruction %s/%u of compilers before OTP 24", info->name,
				info->arity);
		if (staged->instrs.count >= LOAD_INSTRS_MAX)
			return load_limit_at(d->error, "Code", offset, "more than %u instructions", LOAD_INSTRS_MAX);
		struct generic_instr instr = {
			.op = (uint16_t)op,
			.count = info->arity,
			.first = (uint32_t)staged->operands.count,
			.offset = (uint32_t)offset,
		};
		int r = decode_operands(d, &b, &instr);
		if (r != 0)
			return r;
		vec_push(&staged->instrs, instr);
		if (op == OP_int_code_end)
			return 0;
	}
}
