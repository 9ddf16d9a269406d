/* SPDX-License-Identifier: Apache-2.0 */
/* Counted buffers, the choice of a bitstring's form, and work on bits at any offset. */
#include "binary/binary.h"

#include "base/account.h"
#include "heap/offheap.h"

#define LARGE_BYTES 4096 /* from here on one is growth of its own */

/* Whoever makes a buffer is charged for it until it goes, whoever holds it then. */
static void charge(struct binary *binary, size_t bytes)
{
	binary->account = account_current();
	account_charge(binary->account, ACCOUNT_BINARIES, (int64_t)bytes);
	if (bytes >= LARGE_BYTES)
		(void)account_note_growth(); /* what follows is for the end of the slice */
}

static void discharge(const struct binary *binary)
{
	account_charge(binary->account, ACCOUNT_BINARIES, -(int64_t)(sizeof(*binary) + binary->capacity));
}

/* An ordinary buffer lies behind its struct, in the same allocation. */
static void binary_destroy(struct counted *counted)
{
	struct binary *binary = (struct binary *)counted;
	discharge(binary);
	mem_free(MEM_BINARY, binary, sizeof(*binary) + binary->capacity);
}

static void growable_destroy(struct counted *counted)
{
	struct binary *binary = (struct binary *)counted;
	discharge(binary);
	mem_free(MEM_BINARY, binary->data, binary->capacity);
	mem_free(MEM_BINARY, binary, sizeof(*binary));
}

struct shared {
	struct binary binary; /* first */
	struct counted *owner;
};

static void shared_destroy(struct counted *counted)
{
	struct shared *shared = (struct shared *)counted; /* first member of the first */
	discharge(&shared->binary);
	counted_unref(shared->owner);
	mem_free(MEM_BINARY, shared, sizeof(*shared));
}

struct binary *binary_new_shared(struct counted *owner, uint8_t *data, size_t size, size_t capacity)
{
	struct shared *shared = mem_alloc(MEM_BINARY, sizeof(*shared));
	atomic_init(&shared->binary.counted.refs, 1);
	shared->binary.counted.destroy = shared_destroy;
	shared->binary.size = size;
	shared->binary.capacity = capacity;
	shared->binary.data = data;
	shared->owner = owner;
	charge(&shared->binary, sizeof(shared->binary) + capacity);
	return &shared->binary;
}

struct binary *binary_new(size_t bytes)
{
	size_t total;
	const bool overflow = __builtin_add_overflow(sizeof(struct binary), bytes, &total);
	assert(!overflow); /* callers check sizes against BITS_MAX */
	struct binary *binary = mem_alloc(MEM_BINARY, total);
	atomic_init(&binary->counted.refs, 1);
	binary->counted.destroy = binary_destroy;
	binary->size = bytes;
	binary->capacity = bytes;
	binary->data = (uint8_t *)(binary + 1);
	charge(binary, total);
	return binary;
}

struct binary *binary_new_growable(size_t capacity)
{
	struct binary *binary = mem_alloc(MEM_BINARY, sizeof(*binary));
	atomic_init(&binary->counted.refs, 1);
	binary->counted.destroy = growable_destroy;
	binary->size = 0;
	binary->capacity = capacity;
	binary->data = mem_alloc(MEM_BINARY, capacity);
	charge(binary, sizeof(*binary) + capacity);
	return binary;
}

void binary_grow(struct binary *binary, size_t capacity)
{
	assert(binary_is_growable(binary) && capacity >= binary->capacity);
	account_charge(binary->account, ACCOUNT_BINARIES, (int64_t)(capacity - binary->capacity));
	if (capacity >= LARGE_BYTES)
		(void)account_note_growth(); /* as above */
	binary->data = mem_realloc(MEM_BINARY, binary->data, binary->capacity, capacity);
	binary->capacity = capacity;
}

bool binary_is_growable(const struct binary *binary)
{
	return binary->counted.destroy == growable_destroy;
}

term bits_take_binary(struct heap *heap, struct binary *binary, size_t bits)
{
	debug_assert(bits_to_bytes(bits) <= binary->size);
	term *p = heap_alloc(heap, REF_BITS_WORDS);
	p[0] = HEADER(BOXED_REF_BITS, REF_BITS_WORDS - 1);
	p[2] = (term)(uintptr_t)binary;
	p[3] = (term)bits << 3;
	p[4] = 0;
	offheap_add(&heap->offheap, p, binary->capacity);
	return term_of_boxed(p);
}

term bits_new(struct heap *heap, size_t bits, uint8_t **ret_data)
{
	size_t bytes = bits_to_bytes(bits);
	if (bytes <= HEAP_BITS_MAX_BYTES) {
		size_t words = HEAP_BITS_WORDS(bytes);
		term *p = heap_alloc(heap, words);
		p[0] = HEADER(BOXED_HEAP_BITS, words - 1);
		p[1] = (term)bits << 3;
		if (bytes != 0)
			p[words - 1] = 0; /* what pads the last word */
		*ret_data = (uint8_t *)(p + 2);
		return term_of_boxed(p);
	}
	struct binary *binary = binary_new(bytes);
	*ret_data = binary->data;
	return bits_take_binary(heap, binary, bits);
}

term bits_of_bytes(struct heap *heap, const void *bytes, size_t size)
{
	uint8_t *data;
	term t = bits_new(heap, size * 8, &data);
	if (size != 0)
		memcpy(data, bytes, size);
	return t;
}

term bits_of_bits(struct heap *heap, const uint8_t *data, size_t offset, size_t size)
{
	uint8_t *to;
	term t = bits_new(heap, size, &to);
	bits_copy_out(to, data, offset, size);
	return t;
}

term bits_part_of_whole(struct heap *heap, term whole, size_t offset, size_t size)
{
	if (size <= HEAP_BITS_MAX_BYTES * 8)
		return bits_of_bits(heap, whole_bits_data(whole), offset, size);
	if (offset == 0 && size == bits_size(whole) && (boxed_ptr(whole)[4] >> 3 & BITS_WRITABLE) == 0)
		return whole;
	term *p = heap_alloc(heap, SUB_BITS_WORDS);
	p[0] = HEADER(BOXED_SUB_BITS, SUB_BITS_WORDS - 1);
	p[1] = whole;
	p[2] = (term)offset << 3;
	p[3] = (term)size << 3;
	p[4] = 0;
	return term_of_boxed(p);
}

term bits_part(struct heap *heap, term bitstring, size_t offset, size_t size)
{
	const term *p = boxed_ptr(bitstring);
	debug_assert(offset <= bits_size(bitstring) && size <= bits_size(bitstring) - offset);
	if (offset == 0 && size == bits_size(bitstring))
		return bitstring;
	if (header_kind(p[0]) == BOXED_SUB_BITS)
		return bits_part_of_whole(heap, p[1], (size_t)(p[2] >> 3) + offset, size);
	return bits_part_of_whole(heap, bitstring, offset, size);
}

/* The eight bits that begin at bit `offset` (0-7) of p; reads p[1] only when offset is not 0. */
static inline uint8_t byte_at(const uint8_t *p, unsigned offset)
{
	return offset == 0 ? p[0] : (uint8_t)(p[0] << offset | p[1] >> (8 - offset));
}

/* `count` (1-7) bits from bit `offset` (0-7) of p, in the high bits of the result, the others zero. */
static inline uint8_t few_bits_at(const uint8_t *p, unsigned offset, unsigned count)
{
	unsigned v = (unsigned)p[0] << offset;
	if (offset + count > 8)
		v |= (unsigned)p[1] >> (8 - offset);
	return (uint8_t)(v & (0xFF00U >> count));
}

/* Whole bytes to a byte-aligned place. */
static void copy_bytes(uint8_t *dst, const uint8_t *src, unsigned offset, size_t bytes)
{
	if (offset == 0) {
		if (bytes != 0)
			memcpy(dst, src, bytes);
		return;
	}
	/* Eight at a time: reads nine bytes, all of which hold wanted bits. */
	for (; bytes >= 8; bytes -= 8, src += 8, dst += 8) {
		uint64_t v;
		memcpy(&v, src, 8);
		v = __builtin_bswap64(v) << offset | src[8] >> (8 - offset);
		v = __builtin_bswap64(v);
		memcpy(dst, &v, 8);
	}
	for (size_t i = 0; i < bytes; i++)
		dst[i] = byte_at(src + i, offset);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads here swap bytes");

void bits_copy_out(uint8_t *dst, const uint8_t *src, size_t src_offset, size_t size)
{
	src += src_offset / 8;
	unsigned offset = (unsigned)(src_offset % 8);
	size_t bytes = size / 8;
	copy_bytes(dst, src, offset, bytes);
	if (size % 8 != 0)
		dst[bytes] = few_bits_at(src + bytes, offset, (unsigned)(size % 8));
}

void bits_copy(uint8_t *dst, size_t dst_offset, const uint8_t *src, size_t src_offset, size_t size)
{
	if (size == 0)
		return;
	dst += dst_offset / 8;
	src += src_offset / 8;
	unsigned to = (unsigned)(dst_offset % 8);
	unsigned from = (unsigned)(src_offset % 8);
	if (to != 0) {
		/* First fill the byte that is begun. */
		unsigned count = size < 8 - to ? (unsigned)size : 8 - to;
		uint8_t v = few_bits_at(src, from, count);
		unsigned mask = (0xFF00U >> count & 0xFF) >> to;
		dst[0] = (uint8_t)((dst[0] & ~mask) | (unsigned)v >> to);
		size -= count;
		from += count;
		src += from / 8;
		from %= 8;
		dst++;
	}
	size_t bytes = size / 8;
	copy_bytes(dst, src, from, bytes);
	unsigned rest = (unsigned)(size % 8);
	if (rest != 0) {
		uint8_t v = few_bits_at(src + bytes, from, rest);
		unsigned mask = 0xFF00U >> rest & 0xFF;
		dst[bytes] = (uint8_t)((dst[bytes] & ~mask) | v);
	}
}

bool bits_equal(const uint8_t *a, size_t a_offset, const uint8_t *b, size_t b_offset, size_t size)
{
	a += a_offset / 8;
	b += b_offset / 8;
	unsigned in_a = (unsigned)(a_offset % 8);
	unsigned in_b = (unsigned)(b_offset % 8);
	size_t bytes = size / 8;
	if ((in_a | in_b) == 0) {
		if (bytes != 0 && memcmp(a, b, bytes) != 0)
			return false;
	} else {
		for (size_t i = 0; i < bytes; i++)
			if (byte_at(a + i, in_a) != byte_at(b + i, in_b))
				return false;
	}
	unsigned rest = (unsigned)(size % 8);
	return rest == 0 || few_bits_at(a + bytes, in_a, rest) == few_bits_at(b + bytes, in_b, rest);
}

int bits_compare(struct bits a, struct bits b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	size_t bytes = size / 8;
	if ((a.offset | b.offset) == 0) {
		int c = bytes == 0 ? 0 : memcmp(a.data, b.data, bytes);
		if (c != 0)
			return c;
	} else {
		for (size_t i = 0; i < bytes; i++) {
			int c = byte_at(a.data + i, a.offset) - byte_at(b.data + i, b.offset);
			if (c != 0)
				return c;
		}
	}
	unsigned rest = (unsigned)(size % 8);
	if (rest != 0) {
		int c = few_bits_at(a.data + bytes, a.offset, rest) -
			few_bits_at(b.data + bytes, b.offset, rest);
		if (c != 0)
			return c;
	}
	return a.size < b.size ? -1 : a.size > b.size;
}

void flat_bits_init(struct flat_bits *flat, term bitstring)
{
	struct bits bits = bits_of(bitstring);
	*flat = (struct flat_bits){ .data = bits.data, .size = bits.size / 8 };
	if (bits.offset != 0 && flat->size != 0) {
		flat->copy = mem_alloc(MEM_TEMP, flat->size);
		copy_bytes(flat->copy, bits.data, bits.offset, flat->size);
		flat->data = flat->copy;
	}
}

void flat_bits_done(struct flat_bits *flat)
{
	mem_free(MEM_TEMP, flat->copy, flat->size);
	flat->copy = NULL;
}
