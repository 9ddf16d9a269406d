/* SPDX-License-Identifier: Apache-2.0 */
/* Bitstrings, I/O lists, external terms and checksums as module erlang offers them. */
#include "base/unwanted.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "bif/boot_script.h"
#include "binary/iolist.h"
#include "binary/match.h"
#include "code/cache.h"
#include "data/big.h"
#include "data/etf.h"
#include "proc/names.h"

#include <md5.h>
#include <zlib.h>

#define BYTES_PER_REDUCTION 256

/* ------------------------------------------------------------------------------------------------ sizes, parts */

/* Bits of a bitstring; what is left of a match context, which the compiler hands to guards in place of its tail.
 * Returns false for anything else. */
static bool size_in_bits(term t, size_t *ret_bits)
{
	if (term_is_bitstring(t))
		*ret_bits = bits_size(t);
	else if (term_is_match(t))
		*ret_bits = match_left(t);
	else
		return false;
	return true;
}

term bif_erlang_bit_size_1(struct proc *p, const term *args)
{
	size_t bits;
	return size_in_bits(args[0], &bits) ? term_of_small((int64_t)bits) : bif_badarg(p);
}

term bif_erlang_byte_size_1(struct proc *p, const term *args)
{
	size_t bits;
	return size_in_bits(args[0], &bits) ? term_of_small((int64_t)bits_to_bytes(bits)) : bif_badarg(p);
}

term bif_erlang_split_binary_2(struct proc *p, const term *args)
{
	size_t position;
	if (!term_is_bitstring(args[0]) || !bif_get_size(args[1], &position) ||
		position > bits_size(args[0]) / 8)
		return bif_badarg(p);
	size_t size = bits_size(args[0]);
	term first = bits_part(bif_heap(p), args[0], 0, position * 8);
	return heap_tuple_of(bif_heap(p), first, bits_part(bif_heap(p), args[0], position * 8, size - position * 8));
}

/* ------------------------------------------------------------------------------------------------ to lists */

#define LIST_MAX ((size_t)1 << 30) /* elements; a fragment counts its words in 32 bits */

/* A list of `count` bytes from bit `offset` of data, ending in tail. */
static term list_of_bytes(struct proc *p, const uint8_t *data, size_t offset, size_t count, term tail)
{
	if (count == 0)
		return tail;
	if (count > LIST_MAX)
		return bif_system_limit(p);
	term *cells = heap_alloc(bif_heap(p), 2 * count);
	size_t steps = 0;
	for (size_t i = 0; i < count && !unwanted_now(&steps); i++) {
		cells[2 * i] = term_of_small((int64_t)bits_load(data, offset + 8 * i, 8));
		cells[2 * i + 1] = term_of_cons(cells + 2 * i + 2);
	}
	cells[2 * count - 1] = tail;
	bif_charge(p, count / 64);
	return term_of_cons(cells);
}

term bif_erlang_binary_to_list_1(struct proc *p, const term *args)
{
	if (!term_is_binary(args[0]))
		return bif_badarg(p);
	struct bits bits = bits_of(args[0]);
	return list_of_bytes(p, bits.data, bits.offset, bits.size / 8, TERM_NIL);
}

term bif_erlang_binary_to_list_3(struct proc *p, const term *args)
{
	size_t first;
	size_t last;
	if (!term_is_binary(args[0]) || !bif_get_size(args[1], &first) || !bif_get_size(args[2], &last))
		return bif_badarg(p);
	struct bits bits = bits_of(args[0]);
	if (first < 1 || first > last || last > bits.size / 8)
		return bif_badarg(p);
	return list_of_bytes(p, bits.data, bits.offset + 8 * (first - 1), last - first + 1, TERM_NIL);
}

term bif_erlang_bitstring_to_list_1(struct proc *p, const term *args)
{
	if (!term_is_bitstring(args[0]))
		return bif_badarg(p);
	struct bits bits = bits_of(args[0]);
	size_t bytes = bits.size / 8;
	term tail = TERM_NIL;
	if (bits.size % 8 != 0)
		tail = heap_cons(bif_heap(p), bits_part(bif_heap(p), args[0], bytes * 8, bits.size % 8), TERM_NIL);
	return list_of_bytes(p, bits.data, bits.offset, bytes, tail);
}

/* ------------------------------------------------------------------------------------------------ I/O lists */

static term raise_iolist(struct proc *p, enum iolist_outcome outcome)
{
	return outcome == IOLIST_E_SIZE ? bif_system_limit(p) : bif_badarg(p);
}

static term flatten(struct proc *p, term t, enum iolist_flags flags)
{
	if (term_is_bitstring(t) && (flags == IOLIST_BITS || bits_size(t) % 8 == 0))
		return t;
	size_t bits;
	size_t elements;
	enum iolist_outcome outcome = iolist_size(t, flags, &bits, &elements);
	bif_charge(p, elements / 16 + bits / 8 / 4096);
	if (outcome != IOLIST_OK)
		return raise_iolist(p, outcome);
	uint8_t *data;
	term result = bits_new(bif_heap(p), bits, &data);
	if (bits % 8 != 0)
		data[bits / 8] = 0;
	iolist_copy(t, data, 0);
	return result;
}

term bif_erlang_iolist_to_binary_1(struct proc *p, const term *args)
{
	return flatten(p, args[0], IOLIST_BYTES);
}

term bif_erlang_list_to_binary_1(struct proc *p, const term *args)
{
	return term_is_list(args[0]) ? flatten(p, args[0], IOLIST_BYTES) : bif_badarg(p);
}

term bif_erlang_list_to_bitstring_1(struct proc *p, const term *args)
{
	return term_is_list(args[0]) ? flatten(p, args[0], IOLIST_BITS) : bif_badarg(p);
}

term bif_erlang_iolist_size_1(struct proc *p, const term *args)
{
	size_t bits;
	size_t elements;
	enum iolist_outcome outcome = iolist_size(args[0], IOLIST_COUNT, &bits, &elements);
	bif_charge(p, elements / 32);
	return outcome == IOLIST_OK ? term_of_small((int64_t)(bits / 8)) : raise_iolist(p, outcome);
}

/* Binaries of so many bytes become elements of their own; what stands between them is joined. */
#define IOVEC_BINARY_BYTES 512

struct iovec_maker {
	struct heap *heap;
	term list;
	term *end;
	VEC(uint8_t) run; /* small parts, not yet an element */
};

static void iovec_push(struct iovec_maker *m, term binary)
{
	term *cell = heap_alloc(m->heap, 2);
	cell[0] = binary;
	cell[1] = TERM_NIL;
	*m->end = term_of_cons(cell);
	m->end = cell + 1;
}

static void iovec_flush(struct iovec_maker *m)
{
	if (m->run.count == 0)
		return;
	iovec_push(m, bits_of_bytes(m->heap, m->run.items, m->run.count));
	m->run.count = 0;
}

static void iovec_binary(struct iovec_maker *m, term binary)
{
	struct bits bits = bits_of(binary);
	size_t size = bits.size / 8;
	if (size >= IOVEC_BINARY_BYTES) {
		iovec_flush(m);
		iovec_push(m, binary);
	} else if (size > 0) {
		vec_reserve(&m->run, m->run.count + size);
		bits_copy_out(m->run.items + m->run.count, bits.data, bits.offset, bits.size);
		m->run.count += size;
	}
}

term bif_erlang_iolist_to_iovec_1(struct proc *p, const term *args)
{
	size_t bits;
	size_t elements;
	enum iolist_outcome outcome = iolist_size(args[0], IOLIST_BYTES, &bits, &elements);
	bif_charge(p, elements / 8 + bits / 8 / 4096);
	if (outcome != IOLIST_OK)
		return raise_iolist(p, outcome);
	struct iovec_maker m = { .heap = bif_heap(p), .list = TERM_NIL };
	VEC(term) tails = { 0 };
	m.end = &m.list;
	for (term t = args[0];;) {
		if (term_is_cons(t)) {
			term head = cons_head(t);
			t = cons_tail(t);
			if (term_is_small(head)) {
				vec_push(&m.run, (uint8_t)small_value(head));
			} else if (term_is_cons(head)) {
				vec_push(&tails, t);
				t = head;
			} else if (head != TERM_NIL) {
				iovec_binary(&m, head);
			}
			continue;
		}
		if (t != TERM_NIL)
			iovec_binary(&m, t);
		if (tails.count == 0)
			break;
		t = vec_pop(&tails);
	}
	iovec_flush(&m);
	vec_done(&m.run);
	vec_done(&tails);
	return m.list;
}

/* ------------------------------------------------------------------------------------------------ external terms */

static struct fun_entry *fun_in(struct module_code *code, uint32_t index, const uint8_t uniq[16])
{
	if (code == NULL || index >= code->fun_count || memcmp(code->funs[index].uniq, uniq, 16) != 0)
		return NULL;
	return &code->funs[index];
}

/* One of code that is not loaded is made all the same: calling it loads the code (exec/apply.c). */
static struct fun_entry *find_fun(void *user, const struct fun_entry *named)
{
	struct proc *p = user;
	struct module *m = ns_module(p->ns, named->module_name);
	struct fun_entry *entry = NULL;
	if (m != NULL) {
		/* Pairs with the release store of ns_publish. */
		entry = fun_in(atomic_load_acquire(&m->current), named->index, named->uniq);
		if (entry == NULL) {
			mutex_lock(&p->ns->code_lock);
			entry = fun_in(m->old, named->index, named->uniq);
			mutex_unlock(&p->ns->code_lock);
		}
	}
	return entry != NULL ? entry : code_cache_fun_apart(named, p->account);
}

/* Law 12: bytes do not make a pid of another namespace. One that is dead may be made; it leads nowhere. */
static bool pid_may_be_made(void *user, term pid)
{
	const struct proc *p = user;
	const struct proc *other = proc_lookup(pid);
	return other == NULL || other->ns == p->ns;
}

static struct etf_context context_of(struct proc *p)
{
	return (struct etf_context){ .user = p, .find_fun = find_fun, .pid_may_be_made = pid_may_be_made };
}

static term decode(struct proc *p, term binary, unsigned flags, bool with_used)
{
	if (!term_is_binary(binary))
		return bif_badarg(p);
	struct flat_bits flat;
	struct etf_error error;
	size_t used;
	const struct etf_context context = context_of(p);
	flat_bits_init(&flat, binary);
	term t = etf_decode(&context, bif_heap(p), flat.data, flat.size, flags | ETF_MAY_REST, &used, &error);
	bif_charge(p, flat.size / 64);
	flat_bits_done(&flat);
	if (t == TERM_NONE && error.system_limit && names_wait_for_room(p))
		return TERM_NONE;
	if (t == TERM_NONE)
		return error.system_limit ? bif_system_limit(p) : bif_badarg(p);
	names_had_room(p);
	return with_used ? heap_tuple_of(bif_heap(p), t, term_of_small((int64_t)used)) : t;
}

term bif_erlang_binary_to_term_1(struct proc *p, const term *args)
{
	term t = decode(p, args[0], 0, false);
	return t == TERM_NONE ? t : boot_script(p, t);
}

term bif_erlang_binary_to_term_2(struct proc *p, const term *args)
{
	unsigned flags = 0;
	bool with_used = false;
	term options = args[1];
	for (; term_is_cons(options); options = cons_tail(options)) {
		if (cons_head(options) == A(safe))
			flags |= ETF_SAFE;
		else if (cons_head(options) == A(used))
			with_used = true;
		else
			return bif_badarg_cause(p, A(badopt));
	}
	return options == TERM_NIL ? decode(p, args[0], flags, with_used) : bif_badarg_cause(p, A(badopt));
}

struct encode_options {
	unsigned flags;
	int compress;
	bool local;
};

static bool get_pair_option(term option, struct encode_options *ret)
{
	size_t value;
	if (!term_is_tuple_of(option, 2) || !bif_get_size(tuple_element(option, 1), &value))
		return false;
	if (tuple_element(option, 0) == A(compressed) && value <= 9) {
		ret->compress = (int)value;
		return true;
	}
	if (tuple_element(option, 0) == A(minor_version) && value <= 2) {
		ret->flags &= ~(unsigned)(ETF_TEXT_FLOATS | ETF_LATIN1_ATOMS);
		if (value == 0)
			ret->flags |= ETF_TEXT_FLOATS | ETF_LATIN1_ATOMS;
		else if (value == 1)
			ret->flags |= ETF_LATIN1_ATOMS;
		return true;
	}
	return false;
}

static bool get_encode_options(term list, struct encode_options *ret)
{
	*ret = (struct encode_options){ 0 };
	for (; term_is_cons(list); list = cons_tail(list)) {
		term option = cons_head(list);
		if (option == A(compressed))
			ret->compress = 6;
		else if (option == A(deterministic))
			ret->flags |= ETF_DETERMINISTIC;
		else if (option == A(local)) /* a right to a faster form, which we have no need of */
			ret->local = true;
		else if (!get_pair_option(option, ret))
			return false;
	}
	return list == TERM_NIL && !(ret->local && (ret->flags & ETF_DETERMINISTIC) != 0);
}

static term encode(struct proc *p, term t, const struct encode_options *options)
{
	struct etf_out out = { 0 };
	const struct etf_context context = context_of(p);
	int r = etf_encode(&context, &out, t, options->flags, options->compress);
	term result = r == 0 && bits_size_ok(out.size * 8) ? bits_of_bytes(bif_heap(p), out.data, out.size) : TERM_NONE;
	bif_charge(p, out.size / (options->compress != 0 ? 16 : 64));
	etf_out_done(&out);
	return result != TERM_NONE ? result : bif_system_limit(p);
}

term bif_erlang_term_to_binary_1(struct proc *p, const term *args)
{
	return encode(p, args[0], &(struct encode_options){ 0 });
}

term bif_erlang_term_to_binary_2(struct proc *p, const term *args)
{
	struct encode_options options;
	return get_encode_options(args[1], &options) ? encode(p, args[0], &options) : bif_badarg(p);
}

term bif_erlang_term_to_iovec_1(struct proc *p, const term *args)
{
	term t = bif_erlang_term_to_binary_1(p, args);
	return t != TERM_NONE ? heap_cons(bif_heap(p), t, TERM_NIL) : TERM_NONE;
}

term bif_erlang_term_to_iovec_2(struct proc *p, const term *args)
{
	term t = bif_erlang_term_to_binary_2(p, args);
	return t != TERM_NONE ? heap_cons(bif_heap(p), t, TERM_NIL) : TERM_NONE;
}

static term external_size(struct proc *p, term t, unsigned flags)
{
	struct etf_out out = { 0 };
	const struct etf_context context = context_of(p);
	int r = etf_encode(&context, &out, t, flags, 0);
	size_t size = out.size;
	etf_out_done(&out);
	bif_charge(p, size / 64);
	return r == 0 ? term_of_small((int64_t)size) : bif_system_limit(p);
}

term bif_erlang_external_size_1(struct proc *p, const term *args)
{
	return external_size(p, args[0], 0);
}

term bif_erlang_external_size_2(struct proc *p, const term *args)
{
	struct encode_options options;
	return get_encode_options(args[1], &options) ? external_size(p, args[0], options.flags) : bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ checksums */

typedef uLong (*checksum_fn)(uLong sum, const Bytef *data, z_size_t size);
typedef uLong (*combine_fn)(uLong a, uLong b, z_off_t size);

static bool get_u32(term t, uint32_t *ret)
{
	size_t v;
	if (!bif_get_size(t, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

#define CHECKSUM_BYTES (4 * UNWANTED_BYTES) /* before it is asked whether it is still wanted */

static term checksum(struct proc *p, uint32_t start, term data, checksum_fn fn)
{
	struct iolist_bytes bytes;
	enum iolist_outcome outcome = iolist_bytes_init(&bytes, data);
	if (outcome != IOLIST_OK)
		return raise_iolist(p, outcome);
	/* With no data at all zlib would answer with the start of the sum. */
	uLong sum = start;
	for (size_t at = 0; at < bytes.size && !unwanted(); at += CHECKSUM_BYTES)
		sum = fn(sum, bytes.data + at, bytes.size - at < CHECKSUM_BYTES ? bytes.size - at : CHECKSUM_BYTES);
	bif_charge(p, bytes.size / 1024);
	iolist_bytes_done(&bytes);
	return term_of_small((int64_t)sum);
}

static term combine(struct proc *p, const term *args, combine_fn fn)
{
	uint32_t a;
	uint32_t b;
	size_t size;
	if (!get_u32(args[0], &a) || !get_u32(args[1], &b) || !bif_get_size(args[2], &size))
		return bif_badarg(p);
	return term_of_small((int64_t)fn(a, b, (z_off_t)size));
}

term bif_erlang_crc32_1(struct proc *p, const term *args)
{
	return checksum(p, 0, args[0], crc32_z);
}

term bif_erlang_crc32_2(struct proc *p, const term *args)
{
	uint32_t start;
	return get_u32(args[0], &start) ? checksum(p, start, args[1], crc32_z) : bif_badarg(p);
}

term bif_erlang_crc32_combine_3(struct proc *p, const term *args)
{
	return combine(p, args, crc32_combine);
}

term bif_erlang_adler32_1(struct proc *p, const term *args)
{
	return checksum(p, 1, args[0], adler32_z);
}

term bif_erlang_adler32_2(struct proc *p, const term *args)
{
	uint32_t start;
	return get_u32(args[0], &start) ? checksum(p, start, args[1], adler32_z) : bif_badarg(p);
}

term bif_erlang_adler32_combine_3(struct proc *p, const term *args)
{
	return combine(p, args, adler32_combine);
}

/* A context is a binary that holds libmd's. */
static bool get_md5(term t, MD5_CTX *ret)
{
	if (!term_is_binary(t) || bits_size(t) != sizeof(*ret) * 8)
		return false;
	struct bits bits = bits_of(t);
	bits_copy_out((uint8_t *)ret, bits.data, bits.offset, bits.size);
	return true;
}

/* False: raised. */
static bool md5_add(struct proc *p, MD5_CTX *md5, term data)
{
	struct iolist_bytes bytes;
	enum iolist_outcome outcome = iolist_bytes_init(&bytes, data);
	if (outcome != IOLIST_OK) {
		(void)raise_iolist(p, outcome); /* false says so */
		return false;
	}
	for (size_t at = 0; at < bytes.size && !unwanted(); at += CHECKSUM_BYTES)
		MD5Update(md5, bytes.data + at, bytes.size - at < CHECKSUM_BYTES ? bytes.size - at : CHECKSUM_BYTES);
	bif_charge(p, bytes.size / BYTES_PER_REDUCTION);
	iolist_bytes_done(&bytes);
	return true;
}

static term md5_digest(struct proc *p, MD5_CTX *md5)
{
	uint8_t digest[MD5_DIGEST_LENGTH];
	MD5Final(digest, md5);
	return bits_of_bytes(bif_heap(p), digest, sizeof(digest));
}

term bif_erlang_md5_1(struct proc *p, const term *args)
{
	MD5_CTX md5;
	MD5Init(&md5);
	return md5_add(p, &md5, args[0]) ? md5_digest(p, &md5) : TERM_NONE;
}

term bif_erlang_md5_init_0(struct proc *p, const term *args)
{
	MD5_CTX md5;
	memset(&md5, 0, sizeof(md5));
	MD5Init(&md5);
	return bits_of_bytes(bif_heap(p), &md5, sizeof(md5));
}

term bif_erlang_md5_update_2(struct proc *p, const term *args)
{
	MD5_CTX md5;
	if (!get_md5(args[0], &md5))
		return bif_badarg(p);
	return md5_add(p, &md5, args[1]) ? bits_of_bytes(bif_heap(p), &md5, sizeof(md5)) : TERM_NONE;
}

term bif_erlang_md5_final_1(struct proc *p, const term *args)
{
	MD5_CTX md5;
	return get_md5(args[0], &md5) ? md5_digest(p, &md5) : bif_badarg(p);
}
