/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of 64-bit atomic numbers, held by magic references. Counters are kept as one array: exact where
 * OTP's write_concurrency counters may be read inexactly. */
#include "base/account.h"
#include "bif/bif.h"
#include "bif/integer.h"
#include "term/bits.h"

#define ATOMICS_SIGNED 1U

struct atomics {
	struct counted counted;
	uint64_t is_signed;
	size_t size;
	struct account *account;
	_Atomic uint64_t values[];
};

static size_t atomics_bytes(size_t size)
{
	return sizeof(struct atomics) + size * sizeof(_Atomic uint64_t);
}

static void atomics_destroy(struct counted *counted)
{
	struct atomics *a = (struct atomics *)counted; /* first member */
	account_charge(a->account, ACCOUNT_BINARIES, -(int64_t)atomics_bytes(a->size));
	mem_free(MEM_BINARY, a, atomics_bytes(a->size));
}

/* The array behind a reference; NULL when the reference is another thing. One of another namespace is none here, even for who was given
 * its reference: as with tables. */
static struct atomics *atomics_of(const struct proc *p, term ref)
{
	if (!term_is_kind(ref, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(ref)[2];
	struct atomics *a = counted->destroy == atomics_destroy ? (struct atomics *)counted : NULL;
	return a != NULL && a->account == p->account ? a : NULL;
}

/* Low 64 bits of an integer in two's complement; false when it fits neither form of 64 bits. */
static bool word_of_integer(term t, bool is_signed, uint64_t *ret)
{
	if (term_is_small(t)) {
		int64_t v = small_value(t);
		*ret = (uint64_t)v;
		return is_signed || v >= 0;
	}
	if (!term_is_big(t) || big_limbs(t) != 1)
		return false;
	uint64_t digit = big_digits(t)[0];
	if (big_is_negative(t)) {
		*ret = -digit;
		return is_signed && digit <= (uint64_t)1 << 63;
	}
	*ret = digit;
	return !is_signed || digit < (uint64_t)1 << 63;
}

static term u64_to_term(struct heap *heap, uint64_t v, bool is_signed)
{
	return is_signed ? integer_of_i64(heap, (int64_t)v) : integer_of_u64(heap, v);
}

static _Atomic uint64_t *slot_of(struct atomics *a, term index)
{
	size_t i;
	if (!bif_get_size(index, &i) || i < 1 || i > a->size)
		return NULL;
	return &a->values[i - 1];
}

static term atomics_make(struct proc *p, term arity, bool is_signed)
{
	size_t size;
	if (!bif_get_size(arity, &size))
		return term_is_big(arity) && !big_is_negative(arity) ? bif_system_limit(p) : bif_badarg(p);
	if (size == 0)
		return bif_badarg(p);
	if (size > (SIZE_MAX >> 8) / sizeof(uint64_t) || size > (size_t)1 << 32 || !account_fits(atomics_bytes(size)))
		return bif_system_limit(p);
	struct atomics *a = mem_zalloc(MEM_BINARY, atomics_bytes(size));
	a->counted.refs = 1;
	a->counted.destroy = atomics_destroy;
	a->is_signed = is_signed;
	a->size = size;
	a->account = p->account;
	account_charge(a->account, ACCOUNT_BINARIES, (int64_t)atomics_bytes(size));
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, 4);
	m[2] = (term)(uintptr_t)a;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&bif_heap(p)->offheap, m, atomics_bytes(size));
	return term_of_boxed(m);
}

term bif_atomics_new_2(struct proc *p, const term *args)
{
	if (!term_is_small(args[1]))
		return bif_badarg(p);
	return atomics_make(p, args[0], ((uint64_t)small_value(args[1]) & ATOMICS_SIGNED) != 0);
}

term bif_atomics_put_3(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	uint64_t v;
	if (slot == NULL || !word_of_integer(args[2], a->is_signed, &v))
		return bif_badarg(p);
	atomic_store(slot, v); /* sequentially consistent, as the module promises */
	return A(ok);
}

term bif_atomics_get_2(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	if (slot == NULL)
		return bif_badarg(p);
	return u64_to_term(bif_heap(p), atomic_load(slot), a->is_signed);
}

term bif_atomics_add_3(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	uint64_t v;
	/* The increment may have either sign in an unsigned array too; the sum wraps. */
	if (slot == NULL || (!word_of_integer(args[2], true, &v) && !word_of_integer(args[2], false, &v)))
		return bif_badarg(p);
	atomic_fetch_add(slot, v);
	return A(ok);
}

term bif_atomics_add_get_3(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	uint64_t v;
	if (slot == NULL || (!word_of_integer(args[2], true, &v) && !word_of_integer(args[2], false, &v)))
		return bif_badarg(p);
	return u64_to_term(bif_heap(p), atomic_fetch_add(slot, v) + v, a->is_signed);
}

term bif_atomics_exchange_3(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	uint64_t v;
	if (slot == NULL || !word_of_integer(args[2], a->is_signed, &v))
		return bif_badarg(p);
	return u64_to_term(bif_heap(p), atomic_exchange(slot, v), a->is_signed);
}

term bif_atomics_compare_exchange_4(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	_Atomic uint64_t *slot = a ? slot_of(a, args[1]) : NULL;
	uint64_t expected, desired;
	if (slot == NULL || !word_of_integer(args[2], a->is_signed, &expected) ||
		!word_of_integer(args[3], a->is_signed, &desired))
		return bif_badarg(p);
	if (atomic_compare_exchange_strong(slot, &expected, desired))
		return A(ok);
	return u64_to_term(bif_heap(p), expected, a->is_signed);
}

/* A flat map from keys in term order to values. */
static term small_map(struct heap *heap, size_t n, const term *keys, const term *values)
{
	term *p = heap_alloc(heap, 1 + n + 2 + n);
	p[0] = HEADER(BOXED_TUPLE, n);
	term *m = p + 1 + n;
	m[0] = HEADER(BOXED_FLATMAP, 1 + n);
	m[1] = term_of_boxed(p);
	for (size_t i = 0; i < n; i++) {
		p[1 + i] = keys[i];
		m[2 + i] = values[i];
	}
	return term_of_boxed(m);
}

term bif_atomics_info_1(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	if (a == NULL)
		return bif_badarg(p);
	struct heap *heap = bif_heap(p);
	const term keys[] = { A(max), A(memory), A(min), A(size) };
	const term values[] = {
		u64_to_term(heap, a->is_signed ? (uint64_t)INT64_MAX : UINT64_MAX, false),
		u64_to_term(heap, atomics_bytes(a->size), false),
		u64_to_term(heap, a->is_signed ? (uint64_t)INT64_MIN : 0, a->is_signed),
		u64_to_term(heap, a->size, false),
	};
	return small_map(heap, ARRAY_SIZE(keys), keys, values);
}

term bif_counters_new_1(struct proc *p, const term *args)
{
	return atomics_make(p, args[0], true);
}

term bif_counters_get_2(struct proc *p, const term *args)
{
	return bif_atomics_get_2(p, args);
}

term bif_counters_add_3(struct proc *p, const term *args)
{
	return bif_atomics_add_3(p, args);
}

term bif_counters_put_3(struct proc *p, const term *args)
{
	return bif_atomics_put_3(p, args);
}

term bif_counters_info_1(struct proc *p, const term *args)
{
	struct atomics *a = atomics_of(p, args[0]);
	if (a == NULL)
		return bif_badarg(p);
	struct heap *heap = bif_heap(p);
	const term keys[] = { A(memory), A(size) };
	const term values[] = { u64_to_term(heap, atomics_bytes(a->size), false),
		u64_to_term(heap, a->size, false) };
	return small_map(heap, ARRAY_SIZE(keys), keys, values);
}
