/* SPDX-License-Identifier: Apache-2.0 */
/* The natives of module zlib. A stream is a magic reference; only its owner may work it, so it needs no lock but for the
 * owner's name. zlib.erl asks for one piece at a time, whose sizes bound the work of a call.
 * Bound: input waits as one buffer, which zlib.erl empties before it adds more. */
#include "base/account.h"
#include "bif/bif.h"
#include "bif/integer.h"
#include "binary/binary.h"
#include "binary/iolist.h"
#include "ns/ns.h"
#include "term/ident.h"

#include <zlib.h>

enum stream_state { STREAM_NONE, STREAM_DEFLATE, STREAM_INFLATE, STREAM_CLOSED };

/* What input after the end of the packed data does. */
enum end_behaviour { END_ERROR, END_RESET, END_CUT };

struct zstream {
	struct counted counted;
	_Atomic term owner;
	enum stream_state state;
	enum end_behaviour at_end;
	bool ended; /* the end of the data was met */
	bool raw;
	z_stream z; /* its opaque is the account that its memory is charged to */
	uint8_t *input; /* waiting; NULL when there is none */
	size_t input_size;
	size_t input_used;
	struct owned_term *stash;
};

#define STREAM_BYTES 65536 /* what one counts for in the collector's pace: about what zlib takes for its windows */

static void drop_input(struct zstream *s)
{
	mem_free(MEM_MISC, s->input, s->input_size);
	account_charge(s->z.opaque, ACCOUNT_OTHER, -(int64_t)s->input_size);
	s->input = NULL;
	s->input_size = s->input_used = 0;
}

static void forget(struct zstream *s)
{
	drop_input(s);
	s->stash = owned_term_free(s->stash);
}

static void end_codec(struct zstream *s)
{
	if (s->state == STREAM_DEFLATE)
		(void)deflateEnd(&s->z); /* that data was left over does not matter here */
	else if (s->state == STREAM_INFLATE)
		(void)inflateEnd(&s->z); /* cannot fail for a stream in order */
	s->state = STREAM_NONE;
}

static void zstream_destroy(struct counted *counted)
{
	struct zstream *s = (struct zstream *)counted; /* first member */
	end_codec(s);
	forget(s);
	account_charge(s->z.opaque, ACCOUNT_OTHER, -(int64_t)sizeof(*s));
	(void)account_unref(s->z.opaque); /* always NULL */
	mem_free(MEM_MISC, s, sizeof(*s));
}

static void *allocate(void *opaque, uInt items, uInt size)
{
	size_t bytes = (size_t)items * size;
	if ((int64_t)bytes > account_room(opaque))
		return NULL;
	size_t *p = mem_alloc(MEM_MISC, sizeof(size_t) * 2 + bytes);
	account_charge(opaque, ACCOUNT_OTHER, (int64_t)bytes);
	*p = bytes;
	return p + 2;
}

static void release(void *opaque, void *block)
{
	size_t *p = (size_t *)block - 2;
	account_charge(opaque, ACCOUNT_OTHER, -(int64_t)*p);
	mem_free(MEM_MISC, p, sizeof(size_t) * 2 + *p);
}

/* ------------------------------------------------------------------------------------------------ arguments */

/* The stream, when the caller owns it and it is in that state; NULL with the exception raised. state STREAM_CLOSED: any. */
static struct zstream *stream_in(struct proc *p, term t, enum stream_state state)
{
	struct zstream *s = NULL;
	if (term_is_kind(t, BOXED_MAGIC_REF)) {
		struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(t)[2];
		if (counted->destroy == zstream_destroy)
			s = (struct zstream *)counted; /* first member */
	}
	if (s == NULL) {
		(void)bif_badarg(p); /* always TERM_NONE, as below */
		return NULL;
	}
	if (atomic_load_acquire(&s->owner) != p->pid) { /* Pairs with set_controller. */
		(void)bif_error(p, A(not_on_controlling_process));
		return NULL;
	}
	if (state == STREAM_CLOSED || s->state == state)
		return s;
	(void)bif_error(p, state == STREAM_NONE ? A(already_initialized) : A(not_initialized));
	return NULL;
}

static bool get_int(term t, int *ret)
{
	if (!term_is_small(t) || small_value(t) < INT32_MIN || small_value(t) > INT32_MAX)
		return false;
	*ret = (int)small_value(t);
	return true;
}

/* zlib's answer as a value or an exception. */
static term answer(struct proc *p, int code)
{
	switch (code) {
	case Z_OK:
		return A(ok);
	case Z_STREAM_END:
		return A(stream_end);
	case Z_STREAM_ERROR:
		return bif_error(p, A(stream_error));
	case Z_DATA_ERROR:
		return bif_error(p, A(data_error));
	case Z_MEM_ERROR:
		return A(mem_error);
	case Z_BUF_ERROR:
		return A(buf_error);
	case Z_VERSION_ERROR:
		return A(version_error);
	default:
		return A(unknown_error);
	}
}

/* ------------------------------------------------------------------------------------------------ life */

term bif_zlib_open_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	struct zstream *s = mem_zalloc(MEM_MISC, sizeof(*s));
	s->counted.refs = 1;
	s->counted.destroy = zstream_destroy;
	atomic_store_relaxed(&s->owner, p->pid);
	s->at_end = END_CUT;
	s->z.opaque = account_ref(p->ns->account);
	account_charge(p->account, ACCOUNT_OTHER, sizeof(*s));
	s->z.zalloc = allocate;
	s->z.zfree = release;
	s->z.data_type = Z_BINARY;
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, 4);
	m[2] = (term)(uintptr_t)s;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&bif_heap(p)->offheap, m, STREAM_BYTES);
	return term_of_boxed(m);
}

term bif_zlib_close_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	if (s->state == STREAM_CLOSED)
		return bif_error(p, A(not_initialized));
	end_codec(s);
	forget(s);
	s->state = STREAM_CLOSED;
	return A(ok);
}

term bif_zlib_set_controller_2(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[1]))
		return bif_badarg(p);
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	atomic_store_release(&s->owner, args[1]); /* Pairs with stream_in(): the new owner sees all that was done. */
	return A(ok);
}

/* ------------------------------------------------------------------------------------------------ stash */

term bif_zlib_get_stash_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	if (s->stash == NULL)
		return A(word_empty);
	return heap_tuple_of(bif_heap(p), A(ok), heap_copy(bif_heap(p), s->stash->value));
}

term bif_zlib_set_stash_2(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	if (s->stash != NULL)
		return bif_error(p, A(error));
	s->stash = owned_term_new_deep(MEM_MISC, args[1]);
	return A(ok);
}

term bif_zlib_clear_stash_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	if (s->stash == NULL)
		return bif_error(p, A(error));
	s->stash = owned_term_free(s->stash);
	return A(ok);
}

/* ------------------------------------------------------------------------------------------------ packing */

term bif_zlib_deflate_init_6(struct proc *p, const term *args)
{
	int n[5];
	for (int i = 0; i < 5; i++) {
		if (!get_int(args[i + 1], &n[i]))
			return bif_badarg(p);
	}
	struct zstream *s = stream_in(p, args[0], STREAM_NONE);
	if (s == NULL)
		return TERM_NONE;
	int r = deflateInit2(&s->z, n[0], n[1], n[2], n[3], n[4]);
	if (r == Z_OK) {
		s->state = STREAM_DEFLATE;
		s->ended = false;
		s->raw = n[2] < 0;
	}
	return answer(p, r);
}

term bif_zlib_deflate_set_dictionary_2(struct proc *p, const term *args)
{
	struct iolist_bytes bytes;
	struct zstream *s = stream_in(p, args[0], STREAM_DEFLATE);
	if (s == NULL)
		return TERM_NONE;
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return bif_badarg(p);
	int r = deflateSetDictionary(&s->z, bytes.data, (uInt)bytes.size);
	/* A raw stream does not keep the checksum. */
	uLong checksum = s->raw ? adler32(0, bytes.data, (uInt)bytes.size) : s->z.adler;
	iolist_bytes_done(&bytes);
	return r == Z_OK ? term_of_small((int64_t)checksum) : answer(p, r);
}

term bif_zlib_deflate_reset_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_DEFLATE);
	if (s == NULL)
		return TERM_NONE;
	s->ended = false;
	forget(s);
	return answer(p, deflateReset(&s->z));
}

term bif_zlib_deflate_params_3(struct proc *p, const term *args)
{
	int level, strategy;
	if (!get_int(args[1], &level) || !get_int(args[2], &strategy))
		return bif_badarg(p);
	struct zstream *s = stream_in(p, args[0], STREAM_DEFLATE);
	if (s == NULL)
		return TERM_NONE;
	/* zlib.erl has flushed the stream, so nothing is to be written; a byte of room shows when that is not so. */
	Bytef room;
	s->z.next_out = &room;
	s->z.avail_out = 1;
	s->z.next_in = NULL;
	s->z.avail_in = 0;
	int r = deflateParams(&s->z, level, strategy);
	return answer(p, s->z.avail_out == 0 ? Z_STREAM_ERROR : r);
}

term bif_zlib_deflate_end_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_DEFLATE);
	if (s == NULL)
		return TERM_NONE;
	int r = deflateEnd(&s->z);
	if (r == Z_OK && s->input_used < s->input_size)
		r = Z_DATA_ERROR;
	forget(s);
	s->state = STREAM_NONE;
	return answer(p, r);
}

/* ------------------------------------------------------------------------------------------------ unpacking */

term bif_zlib_inflate_init_3(struct proc *p, const term *args)
{
	int window_bits, at_end;
	if (!get_int(args[1], &window_bits) || !get_int(args[2], &at_end))
		return bif_badarg(p);
	struct zstream *s = stream_in(p, args[0], STREAM_NONE);
	if (s == NULL)
		return TERM_NONE;
	if (at_end < END_ERROR || at_end > END_CUT)
		return bif_badarg(p);
	int r = inflateInit2(&s->z, window_bits);
	if (r == Z_OK) {
		s->state = STREAM_INFLATE;
		s->at_end = (enum end_behaviour)at_end;
		s->ended = false;
		s->raw = window_bits < 0;
	}
	return answer(p, r);
}

term bif_zlib_inflate_set_dictionary_2(struct proc *p, const term *args)
{
	struct iolist_bytes bytes;
	struct zstream *s = stream_in(p, args[0], STREAM_INFLATE);
	if (s == NULL)
		return TERM_NONE;
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return bif_badarg(p);
	int r = inflateSetDictionary(&s->z, bytes.data, (uInt)bytes.size);
	iolist_bytes_done(&bytes);
	return answer(p, r);
}

term bif_zlib_inflate_get_dictionary_1(struct proc *p, const term *args)
{
	uint8_t dictionary[32768];
	uInt size = 0;
	struct zstream *s = stream_in(p, args[0], STREAM_INFLATE);
	if (s == NULL)
		return TERM_NONE;
	int r = inflateGetDictionary(&s->z, dictionary, &size);
	return r < 0 ? answer(p, r) : bits_of_bytes(bif_heap(p), dictionary, size);
}

term bif_zlib_inflate_reset_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_INFLATE);
	if (s == NULL)
		return TERM_NONE;
	s->ended = false;
	forget(s);
	return answer(p, inflateReset(&s->z));
}

term bif_zlib_inflate_end_1(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_INFLATE);
	if (s == NULL)
		return TERM_NONE;
	int r = inflateEnd(&s->z);
	if (r == Z_OK && (!s->ended || s->input_used < s->input_size))
		r = Z_DATA_ERROR;
	forget(s);
	s->state = STREAM_NONE;
	return answer(p, r);
}

/* ------------------------------------------------------------------------------------------------ pieces */

term bif_zlib_enqueue_2(struct proc *p, const term *args)
{
	struct iolist_bytes bytes;
	struct zstream *s = stream_in(p, args[0], STREAM_CLOSED);
	if (s == NULL)
		return TERM_NONE;
	if (s->state != STREAM_DEFLATE && s->state != STREAM_INFLATE)
		return bif_error(p, A(not_initialized));
	if (iolist_bytes_init(&bytes, args[1]) != IOLIST_OK)
		return bif_badarg(p);
	size_t left = s->input_size - s->input_used;
	if (bytes.size > 0) {
		uint8_t *input = mem_alloc(MEM_MISC, left + bytes.size);
		if (left > 0)
			memcpy(input, s->input + s->input_used, left);
		memcpy(input + left, bytes.data, bytes.size);
		drop_input(s);
		s->input = input;
		s->input_size = left + bytes.size;
		account_charge(s->z.opaque, ACCOUNT_OTHER, (int64_t)s->input_size);
	}
	bif_charge(p, bytes.size / 1024 + 1);
	iolist_bytes_done(&bytes);
	return A(ok);
}

/* Works on up to input_max bytes; what is written goes to out, of out_size bytes. Returns zlib's code. */
static int work(struct zstream *s, int (*codec)(z_stream *, int), size_t input_max, int flush, uint8_t *out, size_t out_size,
	size_t *ret_read)
{
	size_t left = s->input_size - s->input_used;
	size_t offered = left < input_max ? left : input_max;
	int r = Z_OK;
	s->z.next_out = out;
	s->z.avail_out = (uInt)out_size;
	*ret_read = 0;
	if (offered > 0) {
		s->z.next_in = s->input + s->input_used;
		s->z.avail_in = (uInt)offered;
		/* The stream is flushed at the end of all input only. */
		r = codec(&s->z, Z_NO_FLUSH);
		*ret_read = offered - s->z.avail_in;
		s->input_used += *ret_read;
	}
	if (s->input_used == s->input_size)
		drop_input(s);
	if (r == Z_OK && s->input == NULL && s->z.avail_out > 0) {
		s->z.next_in = NULL;
		s->z.avail_in = 0;
		r = codec(&s->z, flush);
	}
	s->z.next_in = NULL;
	s->z.avail_in = 0;
	return r;
}

static term piece(struct proc *p, struct zstream *s, int (*codec)(z_stream *, int), const term *args)
{
	int input_max, out_size, flush;
	if (!get_int(args[1], &input_max) || !get_int(args[2], &out_size) || !get_int(args[3], &flush) || input_max <= 0 ||
		out_size <= 0)
		return bif_badarg(p);
	struct heap *heap = bif_heap(p);
	struct binary *out = binary_new((size_t)out_size);
	size_t read;
	int r = work(s, codec, (size_t)input_max, flush, out->data, (size_t)out_size, &read);
	size_t written = (size_t)out_size - s->z.avail_out;
	bif_charge(p, (read + written) / 64 + 1);
	s->ended = s->ended || r == Z_STREAM_END;
	bool stuck = read == 0 && written == 0 && s->input != NULL; /* no way on: the data is bad */
	term list = TERM_NIL;
	/* A piece that is mostly empty is copied, so that its buffer does not stay. */
	if (written > 0 && (written < (size_t)out_size / 2 || written <= HEAP_BITS_MAX_BYTES))
		list = heap_cons(heap, bits_of_bytes(heap, out->data, written), TERM_NIL);
	else if (written > 0)
		list = heap_cons(heap, bits_take_binary(heap, binary_ref(out), written * 8), TERM_NIL);
	(void)binary_unref(out); /* always NULL */
	if (r < 0 && r != Z_BUF_ERROR)
		return answer(p, r);
	if (stuck)
		return answer(p, Z_DATA_ERROR);
	if (s->input == NULL && written < (size_t)out_size)
		return heap_tuple_of(heap, A(finished), list);
	if (r == Z_NEED_DICT)
		return heap_tuple_of(heap, A(need_dictionary), term_of_small((int64_t)s->z.adler), list);
	return heap_tuple_of(heap, A(continue), list);
}

term bif_zlib_deflate_4(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_DEFLATE);
	return s == NULL ? TERM_NONE : piece(p, s, deflate, args);
}

term bif_zlib_inflate_4(struct proc *p, const term *args)
{
	struct zstream *s = stream_in(p, args[0], STREAM_INFLATE);
	if (s == NULL)
		return TERM_NONE;
	if (s->ended && s->input != NULL) {
		switch (s->at_end) {
		case END_ERROR:
			return answer(p, Z_DATA_ERROR);
		case END_RESET: {
			int r = inflateReset(&s->z);
			if (r != Z_OK)
				return answer(p, r);
			s->ended = false;
			break;
		}
		case END_CUT:
			forget(s);
			break;
		}
	}
	return piece(p, s, inflate, args);
}
