/* SPDX-License-Identifier: Apache-2.0 */
/* The natives of module zstd, on libzstd: contexts, which their owner alone may work, and dictionaries, which anybody may use.
 *
 * Both are magic references. What libzstd allocates for them is charged to the namespace that made them, and refused when it does not fit
 * its limit, which zstd reports as an error of its own.
 * Work that is long goes to a helper (bif/errand.h): packing more than INLINE_PACK bytes or at a level that is slow, unpacking more than
 * INLINE_UNPACK, reading dictionaries. The process waits for it, so a context is worked by one thread at a time, whoever ends meanwhile.
 * Source: zstd.erl and its natives in OTP 29. */
#define ZSTD_STATIC_LINKING_ONLY /* frame headers and own allocators; the shared library has them */
#include "base/account.h"
#include "bif/errand.h"
#include "binary/binary.h"
#include "binary/iolist.h"
#include "data/big.h"
#include "data/map.h"
#include "ns/ns.h"
#include "term/ident.h"

#include <limits.h>
#include <string.h>
#include <zstd.h>

#define INLINE_PACK (64U << 10)
#define INLINE_UNPACK (1U << 20)
#define SLOW_LEVEL 10
#define CONTEXT_BYTES                                                                              \
	65536 /* what one counts for in the collector's pace; large ones are counted by the account */
#define TARGET_BLOCK_SIZE 130 /* ZSTD_c_targetCBlockSize; not in all headers under that name */

enum direction { COMPRESS, DECOMPRESS };

/* A context or a dictionary. */
struct zstd {
	struct counted counted; /* first */
	struct account *account;
	enum direction direction;
	bool is_dict;
	bool in_use; /* an unpacking context in the middle of a stream */
	int level;
	term owner; /* of a context */

	union { /* NULL: closed */
		ZSTD_CCtx *packer;
		ZSTD_DCtx *unpacker;
		ZSTD_CDict *packer_dict;
		ZSTD_DDict *unpacker_dict;
		void *any;
	};
	struct zstd *dict; /* counted; what the context refers to */
};

/* ------------------------------------------------------------------------------------------------ memory */

static void *allocate(void *opaque, size_t size)
{
	struct account *account = opaque;
	if (size > INT32_MAX || (int64_t)size > account_room(account))
		return NULL;
	size_t *p = mem_alloc(MEM_MISC, 2 * sizeof(size_t) + size);
	account_charge(account, ACCOUNT_OTHER, (int64_t)size);
	*p = size;
	return p + 2;
}

static void release(void *opaque, void *block)
{
	size_t *p = (size_t *)block - 2;
	if (block == NULL)
		return;
	account_charge(opaque, ACCOUNT_OTHER, -(int64_t)*p);
	mem_free(MEM_MISC, p, 2 * sizeof(size_t) + *p);
}

static ZSTD_customMem memory_of(struct account *account)
{
	return (ZSTD_customMem){
		.customAlloc = allocate, .customFree = release, .opaque = account
	};
}

static void zstd_destroy(struct counted *counted);

static void drop_dict(struct zstd *z)
{
	if (z->dict != NULL && atomic_sub_acq_rel(&z->dict->counted.refs, 1) == 1)
		zstd_destroy(&z->dict->counted);
	z->dict = NULL;
}

static void zstd_close(struct zstd *z)
{
	/* These cannot fail. */
	if (z->is_dict)
		(void)(z->direction == COMPRESS ? ZSTD_freeCDict(z->packer_dict)
						: ZSTD_freeDDict(z->unpacker_dict));
	else
		(void)(z->direction == COMPRESS ? ZSTD_freeCCtx(z->packer)
						: ZSTD_freeDCtx(z->unpacker));
	z->any = NULL;
	drop_dict(z);
}

static void zstd_destroy(struct counted *counted)
{
	struct zstd *z = (struct zstd *)counted; /* first member */
	zstd_close(z);
	account_charge(z->account, ACCOUNT_OTHER, -(int64_t)sizeof(*z));
	(void)account_unref(z->account); /* always NULL */
	mem_free(MEM_MISC, z, sizeof(*z));
}

static struct zstd *zstd_new(struct account *account, enum direction direction, bool is_dict)
{
	struct zstd *z = mem_zalloc(MEM_MISC, sizeof(*z));
	z->counted.refs = 1;
	z->counted.destroy = zstd_destroy;
	z->account = account_ref(account);
	account_charge(account, ACCOUNT_OTHER, sizeof(*z));
	z->direction = direction;
	z->is_dict = is_dict;
	return z;
}

static term reference_to(struct heap *heap, struct zstd *z)
{
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(heap, MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, MAGIC_REF_WORDS - 1);
	m[2] = (term)(uintptr_t)z;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&heap->offheap, m, CONTEXT_BYTES);
	return term_of_boxed(m);
}

static struct zstd *zstd_of(term t, enum direction direction, bool is_dict)
{
	if (!term_is_kind(t, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(t)[2];
	if (counted->destroy != zstd_destroy)
		return NULL;
	struct zstd *z = (struct zstd *)counted; /* first member */
	return z->direction == direction && z->is_dict == is_dict && z->any != NULL ? z : NULL;
}

/* ------------------------------------------------------------------------------------------------ errors */

/* Reasons: the term that error/1 raises. */
static term zstd_error(struct heap *heap, size_t code)
{
	const char *name = ZSTD_getErrorName(code);
	return heap_tuple_of(heap, A(zstd_error), bits_of_bytes(heap, name, strlen(name)));
}

static term bad_argument(struct heap *heap, const char *what, term value)
{
	return heap_tuple_of(heap, A(badarg), heap_tuple_of(heap, atom_of_string(what), value));
}

/* The context, when the caller may work it; NULL with the reason. */
static struct zstd *context_of(term t, enum direction direction, term pid, term *ret_reason)
{
	struct zstd *z = zstd_of(t, direction, false);
	*ret_reason = z == NULL ? A(badarg) : A(not_on_controlling_process);
	return z != NULL && z->owner == pid ? z : NULL;
}

/* What a function of zstd returned. */
static term answer(struct proc *p, size_t code)
{
	return ZSTD_isError(code) ? bif_error(p, zstd_error(bif_heap(p), code)) : A(ok);
}

/* ------------------------------------------------------------------------------------------------ contexts */

static term init(struct proc *p, enum direction direction)
{
	struct zstd *z = zstd_new(p->ns->account, direction, false);
	z->owner = p->pid;
	if (direction == COMPRESS)
		z->packer = ZSTD_createCCtx_advanced(memory_of(z->account));
	else
		z->unpacker = ZSTD_createDCtx_advanced(memory_of(z->account));
	if (z->any == NULL) {
		zstd_destroy(&z->counted);
		return bif_system_limit(p);
	}
	return reference_to(bif_heap(p), z);
}

term bif_zstd_init_compress_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	return init(p, COMPRESS);
}

term bif_zstd_init_decompress_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	return init(p, DECOMPRESS);
}

static term close_context(struct proc *p, term context, enum direction direction)
{
	term reason;
	struct zstd *z = context_of(context, direction, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	zstd_close(z);
	return A(ok);
}

term bif_zstd_compress_close_1(struct proc *p, const term *args)
{
	return close_context(p, args[0], COMPRESS);
}

term bif_zstd_decompress_close_1(struct proc *p, const term *args)
{
	return close_context(p, args[0], DECOMPRESS);
}

static void reset(struct zstd *z)
{
	/* A session can always be ended. */
	if (z->direction == COMPRESS)
		(void)ZSTD_CCtx_reset(z->packer, ZSTD_reset_session_only);
	else
		(void)ZSTD_DCtx_reset(z->unpacker, ZSTD_reset_session_only);
	z->in_use = false;
}

static term reset_context(struct proc *p, term context, enum direction direction)
{
	term reason;
	struct zstd *z = context_of(context, direction, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	reset(z);
	return A(ok);
}

term bif_zstd_compress_reset_1(struct proc *p, const term *args)
{
	return reset_context(p, args[0], COMPRESS);
}

term bif_zstd_decompress_reset_1(struct proc *p, const term *args)
{
	return reset_context(p, args[0], DECOMPRESS);
}

/* ------------------------------------------------------------------------------------------------ parameters */

enum param_kind { NUMBER, FLAG, STRATEGY };

struct param {
	enum direction direction;
	const char *name;
	int number;
	enum param_kind kind;
};

static const char *const strategies[] = { "default", "fast", "dfast", "greedy", "lazy", "lazy2",
	"btlazy2", "btopt", "btultra", "btultra2" };

static const struct param *param_of(enum direction direction, term key)
{
	static const struct param params[] = {
#define PARAM(direction, name, number, kind) { direction, name, number, kind },
#include "bif/zstd_params.def"
#undef PARAM
	};
	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		if (params[i].direction == direction && atom_of_string(params[i].name) == key)
			return &params[i];
	}
	return NULL;
}

static bool param_value(const struct param *param, term t, int *ret)
{
	switch (param->kind) {
	case NUMBER:
		if (!term_is_small(t) || small_value(t) < INT_MIN || small_value(t) > INT_MAX)
			return false;
		*ret = (int)small_value(t);
		return true;
	case FLAG:
		*ret = t == A(true);
		return t == A(true) || t == A(false);
	case STRATEGY:
		for (size_t i = 0; i < ARRAY_SIZE(strategies); i++) {
			if (atom_of_string(strategies[i]) == t) {
				*ret = (int)i;
				return true;
			}
		}
		return false;
	}
	return false;
}

term bif_zstd_set_compress_parameter_3(struct proc *p, const term *args)
{
	term reason;
	int value;
	struct zstd *z = context_of(args[0], COMPRESS, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	const struct param *param = param_of(COMPRESS, args[1]);
	if (param == NULL)
		return bif_error(p, bad_argument(bif_heap(p), "invalid_key", args[1]));
	if (!param_value(param, args[2], &value))
		return bif_error(p, bad_argument(bif_heap(p), "invalid_value", args[2]));
	if (param->number == ZSTD_c_compressionLevel)
		z->level = value;
	return answer(p, ZSTD_CCtx_setParameter(z->packer, (ZSTD_cParameter)param->number, value));
}

term bif_zstd_get_compress_parameter_2(struct proc *p, const term *args)
{
	term reason;
	int value = 0;
	struct zstd *z = context_of(args[0], COMPRESS, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	const struct param *param = param_of(COMPRESS, args[1]);
	if (param == NULL)
		return bif_error(p, bad_argument(bif_heap(p), "invalid_key", args[1]));
	size_t code = ZSTD_CCtx_getParameter(z->packer, (ZSTD_cParameter)param->number, &value);
	if (ZSTD_isError(code))
		return answer(p, code);
	switch (param->kind) {
	case NUMBER:
		return term_of_small(value);
	case FLAG:
		return A(
			false); /* as OTP 29, whatever the flag is: it looks at the outcome of the call, which is 0 */
	case STRATEGY:
		if (value >= 0 && (size_t)value < ARRAY_SIZE(strategies))
			return atom_of_string(strategies[value]);
		return bif_badarg(p);
	}
	return bif_badarg(p);
}

term bif_zstd_set_decompress_parameter_3(struct proc *p, const term *args)
{
	term reason;
	int value;
	struct zstd *z = context_of(args[0], DECOMPRESS, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	const struct param number = { .kind = NUMBER };
	if (!param_value(&number, args[2], &value))
		return bif_badarg(p);
	const struct param *param = param_of(DECOMPRESS, args[1]);
	if (param == NULL)
		return bif_error(p, bad_argument(bif_heap(p), "invalid_key", args[1]));
	return answer(
		p, ZSTD_DCtx_setParameter(z->unpacker, (ZSTD_dParameter)param->number, value));
}

term bif_zstd_get_decompress_parameter_2(struct proc *p, const term *args)
{
	term reason;
	int value = 0;
	struct zstd *z = context_of(args[0], DECOMPRESS, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	const struct param *param = param_of(DECOMPRESS, args[1]);
	if (param == NULL)
		return bif_error(p, bad_argument(bif_heap(p), "invalid_key", args[1]));
	size_t code = ZSTD_DCtx_getParameter(z->unpacker, (ZSTD_dParameter)param->number, &value);
	return ZSTD_isError(code) ? answer(p, code) : term_of_small(value);
}

term bif_zstd_set_pledged_src_size_2(struct proc *p, const term *args)
{
	term reason;
	uint64_t size;
	struct zstd *z = context_of(args[0], COMPRESS, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	if (!integer_to_u64(args[1], &size))
		return bif_badarg(p);
	return answer(p, ZSTD_CCtx_setPledgedSrcSize(z->packer, size));
}

/* ------------------------------------------------------------------------------------------------ dictionaries */

static term load_dictionary(struct errand *e, const term *args, enum direction direction)
{
	term reason;
	struct iolist_bytes bytes;
	struct zstd *z = context_of(args[0], direction, e->pid, &reason);
	if (z == NULL)
		return errand_error(e, reason);
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return errand_badarg(e);
	drop_dict(z);
	/* It keeps a copy. */
	size_t code = direction == COMPRESS
			      ? ZSTD_CCtx_loadDictionary(z->packer, bytes.data, bytes.size)
			      : ZSTD_DCtx_loadDictionary(z->unpacker, bytes.data, bytes.size);
	iolist_bytes_done(&bytes);
	return ZSTD_isError(code) ? errand_error(e, zstd_error(errand_heap(e), code)) : A(ok);
}

term bif_zstd_load_compress_dictionary_2(struct errand *e, const term *args)
{
	return load_dictionary(e, args, COMPRESS);
}

term bif_zstd_load_decompress_dictionary_2(struct errand *e, const term *args)
{
	return load_dictionary(e, args, DECOMPRESS);
}

static term ref_dictionary(struct proc *p, const term *args, enum direction direction)
{
	term reason;
	struct zstd *z = context_of(args[0], direction, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	struct zstd *dict = zstd_of(args[1], direction, true);
	if (dict == NULL)
		return bif_badarg(p);
	size_t code = direction == COMPRESS ? ZSTD_CCtx_refCDict(z->packer, dict->packer_dict)
					    : ZSTD_DCtx_refDDict(z->unpacker, dict->unpacker_dict);
	if (ZSTD_isError(code))
		return answer(p, code);
	/* Relaxed: the term holds a count, so it cannot fall to 0 meanwhile. */
	atomic_add_relaxed(&dict->counted.refs, 1);
	drop_dict(z);
	z->dict = dict;
	return A(ok);
}

term bif_zstd_ref_compress_dictionary_2(struct proc *p, const term *args)
{
	return ref_dictionary(p, args, COMPRESS);
}

term bif_zstd_ref_decompress_dictionary_2(struct proc *p, const term *args)
{
	return ref_dictionary(p, args, DECOMPRESS);
}

static term create_dictionary(struct errand *e, term binary, enum direction direction, int level)
{
	if (!term_is_binary(binary))
		return errand_badarg(e);
	struct flat_bits flat;
	struct zstd *z = zstd_new(e->ns->account, direction, true);
	flat_bits_init(&flat, binary);
	if (direction == COMPRESS)
		z->packer_dict = ZSTD_createCDict_advanced(flat.data, flat.size, ZSTD_dlm_byCopy,
			ZSTD_dct_auto, ZSTD_getCParams(level, 0, flat.size), memory_of(z->account));
	else
		z->unpacker_dict = ZSTD_createDDict_advanced(flat.data, flat.size, ZSTD_dlm_byCopy,
			ZSTD_dct_auto, memory_of(z->account));
	flat_bits_done(&flat);
	if (z->any != NULL)
		return reference_to(errand_heap(e), z);
	zstd_destroy(&z->counted);
	return heap_tuple_of(errand_heap(e), A(error),
		atom_of_string(direction == COMPRESS ? "invalid_compress_dict"
						     : "invalid_decompress_dict"));
}

term bif_zstd_create_cdict_2(struct errand *e, const term *args)
{
	int level;
	const struct param number = { .kind = NUMBER };
	if (!param_value(&number, args[1], &level))
		return errand_badarg(e);
	return create_dictionary(e, args[0], COMPRESS, level);
}

term bif_zstd_create_ddict_1(struct errand *e, const term *args)
{
	return create_dictionary(e, args[0], DECOMPRESS, 0);
}

static term dict_id(struct proc *p, term t, enum direction direction)
{
	struct zstd *z = zstd_of(t, direction, true);
	if (z == NULL)
		return bif_badarg(p);
	return term_of_small(direction == COMPRESS ? ZSTD_getDictID_fromCDict(z->packer_dict)
						   : ZSTD_getDictID_fromDDict(z->unpacker_dict));
}

term bif_zstd_dict_id_from_cdict_1(struct proc *p, const term *args)
{
	return dict_id(p, args[0], COMPRESS);
}

term bif_zstd_dict_id_from_ddict_1(struct proc *p, const term *args)
{
	return dict_id(p, args[0], DECOMPRESS);
}

static term id_in(struct proc *p, term t, unsigned (*id)(const void *data, size_t size))
{
	struct iolist_bytes bytes;
	if (iolist_bytes_init(&bytes, t) != IOLIST_OK)
		return bif_badarg(p);
	unsigned n = id(bytes.data, bytes.size);
	iolist_bytes_done(&bytes);
	return term_of_small(n);
}

term bif_zstd_dict_id_from_dict_1(struct proc *p, const term *args)
{
	return id_in(p, args[0], ZSTD_getDictID_fromDict);
}

term bif_zstd_dict_id_from_frame_1(struct proc *p, const term *args)
{
	return id_in(p, args[0], ZSTD_getDictID_fromFrame);
}

term bif_zstd_get_frame_header_1(struct proc *p, const term *args)
{
	struct iolist_bytes bytes;
	struct heap *heap = bif_heap(p);
	ZSTD_frameHeader h;
	if (iolist_bytes_init(&bytes, args[0]) != IOLIST_OK)
		return bif_badarg(p);
	/* Above 0: it needs more bytes; OTP takes what there is all the same. */
	memset(&h, 0, sizeof(h));
	size_t code = ZSTD_getFrameHeader(&h, bytes.data, bytes.size);
	if (code == 0 && h.frameType == ZSTD_skippableFrame) {
		/* Versions of the library before 1.5.7 do not say these. */
		h.headerSize = ZSTD_SKIPPABLEHEADERSIZE;
		h.dictID = bytes.data[0] - (ZSTD_MAGIC_SKIPPABLE_START & 0xFF);
	}
	iolist_bytes_done(&bytes);
	if (ZSTD_isError(code))
		return answer(p, code);

	const struct {
		const char *key;
		term value;
	} rows[] = {
		{ "frameContentSize", h.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN
					      ? A(undefined)
					      : integer_of_u64(heap, h.frameContentSize) },
		{ "windowSize", integer_of_u64(heap, h.windowSize) },
		{ "blockSizeMax", term_of_small(h.blockSizeMax) },
		{ "frameType", atom_of_string(h.frameType == ZSTD_frame ? "ZSTD_frame"
									: "ZSTD_skippableFrame") },
		{ "headerSize", term_of_small(h.headerSize) },
		{ "dictID", term_of_small(h.dictID) },
		{ "checksumFlag", term_of_bool(h.checksumFlag != 0) },
	};

	term map = map_empty();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		map = map_put(heap, map, atom_of_string(rows[i].key), rows[i].value);
	return heap_tuple_of(heap, A(ok), map);
}

/* ------------------------------------------------------------------------------------------------ streams */

static size_t work(struct zstd *z, ZSTD_outBuffer *out, ZSTD_inBuffer *in, int end)
{
	if (z->direction == COMPRESS)
		return ZSTD_compressStream2(z->packer, out, in, (ZSTD_EndDirective)end);
	return ZSTD_decompressStream(z->unpacker, out, in);
}

/* One piece of output, as much input as it takes. TERM_NONE: the reason is set. */
static term piece(struct zstd *z, struct heap *heap, term input, int end, size_t room,
	size_t *ret_work, term *ret_reason)
{
	struct flat_bits flat;
	struct binary *output = binary_new(room > 0 ? room : 1);
	flat_bits_init(&flat, input);
	ZSTD_outBuffer out = { .dst = output->data, .size = room };
	ZSTD_inBuffer in = { .src = flat.data, .size = flat.size };
	size_t left;
	do
		left = work(z, &out, &in, end);
	while (!ZSTD_isError(left) && in.pos < in.size && out.pos < out.size);
	flat_bits_done(&flat);
	*ret_work = in.pos + out.pos;
	if (ZSTD_isError(left)) {
		(void)binary_unref(output); /* always NULL */
		*ret_reason = zstd_error(heap, left);
		return TERM_NONE;
	}
	/* What is mostly empty is copied, so that its room does not stay. */
	term bytes = out.pos < room / 2 || out.pos <= HEAP_BITS_MAX_BYTES
			     ? bits_of_bytes(heap, output->data, out.pos)
			     : bits_take_binary(heap, binary_ref(output), out.pos * 8);
	(void)binary_unref(output); /* always NULL */
	if (in.pos < in.size)
		return heap_tuple_of(heap, A(continue),
			bits_part(heap, input, in.pos * 8, (in.size - in.pos) * 8), bytes);
	if (end != 0)
		return heap_tuple_of(
			heap, out.pos == out.size && left > 0 ? A(flush) : A(done), bytes);
	return heap_tuple_of(heap, A(continue), bytes);
}

/* How much may be written. *ret_size: of the input. */
static size_t room_for(struct zstd *z, term input)
{
	size_t room = z->direction == COMPRESS ? ZSTD_CStreamOutSize() : ZSTD_DStreamOutSize();
	if (z->direction == COMPRESS || z->in_use)
		return room;
	struct flat_bits flat;
	flat_bits_init(&flat, input);
	unsigned long long size = ZSTD_findDecompressedSize(flat.data, flat.size);
	flat_bits_done(&flat);
	z->in_use = true;
	/* Unknown sizes are very large numbers. */
	return size < room ? (size_t)size : room;
}

static term stream(
	struct zstd *z, struct heap *heap, const term *args, size_t *ret_work, term *ret_reason)
{
	const struct param number = { .kind = NUMBER };
	int end;
	*ret_work = 0;
	*ret_reason = A(badarg);
	if (!term_is_binary(args[1]))
		return TERM_NONE;
	size_t room = room_for(z, args[1]);
	term value = TERM_NONE;
	if (param_value(&number, args[2], &end) && end >= ZSTD_e_continue && end <= ZSTD_e_end)
		value = piece(z, heap, args[1], end, room, ret_work, ret_reason);
	if (value == TERM_NONE)
		reset(z);
	return value;
}

static term stream_elsewhere(struct errand *e, const term *args)
{
	size_t done;
	term reason;
	enum direction direction =
		zstd_of(args[0], COMPRESS, false) != NULL ? COMPRESS : DECOMPRESS;
	struct zstd *z = context_of(args[0], direction, e->pid, &reason);
	term value = z != NULL ? stream(z, errand_heap(e), args, &done, &reason) : TERM_NONE;
	return value != TERM_NONE ? value : errand_error(e, reason);
}

static term stream_bif(struct proc *p, const term *args, enum direction direction)
{
	size_t done;
	term reason;
	struct zstd *z = context_of(args[0], direction, p->pid, &reason);
	if (z == NULL)
		return bif_error(p, reason);
	size_t size = term_is_binary(args[1]) ? bits_size(args[1]) / 8 : 0;
	if (size > (direction == COMPRESS ? INLINE_PACK : INLINE_UNPACK) || z->level >= SLOW_LEVEL)
		return errand_start(p, stream_elsewhere, 3, args);
	term value = stream(z, bif_heap(p), args, &done, &reason);
	bif_charge(p, done / 64 + 1);
	return value != TERM_NONE ? value : bif_error(p, reason);
}

term bif_zstd_compress_stream_3(struct proc *p, const term *args)
{
	return stream_bif(p, args, COMPRESS);
}

term bif_zstd_decompress_stream_3(struct proc *p, const term *args)
{
	return stream_bif(p, args, DECOMPRESS);
}
