/* SPDX-License-Identifier: Apache-2.0 */
/* The natives of prim_file that work on an open file.
 * Source: prim_file.erl and its natives in OTP 27. Each runs on a helper, with the file BUSY, but for reads that prim_file_quick.c answers. */
#include "bif/prim_file_quick.h"

#include "binary/binary.h"
#include "term/atom.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_PIECE ((size_t)64 << 10)
#define VECTORS 64

/* ------------------------------------------------------------------------------------------------ reading */

static ssize_t read_once(int fd, int64_t offset, uint8_t *data, size_t size)
{
	for (;;) {
		ssize_t n = offset < 0 ? read(fd, data, size) : pread(fd, data, size, offset);
		if (n >= 0 || errno != EINTR || errand_gives_up())
			return n;
	}
}

int read_bytes(struct errand *e, int fd, int64_t offset, uint64_t want, uint64_t expected,
	struct binary **ret)
{
	/* What a program asks for may be far more than there is: room is made as bytes come. */
	size_t capacity = want <= READ_PIECE      ? (size_t)want
			  : expected > READ_PIECE ? (size_t)expected
						  : READ_PIECE;
	if (capacity > want)
		capacity = (size_t)want;
	if (capacity > BITS_MAX / 8 || (int64_t)capacity > account_room(e->ns->account))
		return ENOMEM;
	struct binary *b = capacity == want ? binary_new(capacity) : binary_new_growable(capacity);
	size_t size = 0;
	for (;;) {
		ssize_t n = size == capacity
				    ? 0
				    : read_once(fd, offset < 0 ? -1 : offset + (int64_t)size,
					      b->data + size, capacity - size);
		if (n < 0) {
			int error = errno;
			(void)binary_unref(b); /* always NULL */
			return error;
		}
		size += (size_t)n;
		if (size == want || (n == 0 && size < capacity))
			break;
		if (size < capacity)
			continue;
		size_t more = capacity > want / 2 ? (size_t)want : capacity * 2;
		if (more > BITS_MAX / 8 ||
			(int64_t)(more - capacity) > account_room(e->ns->account)) {
			(void)binary_unref(b); /* always NULL */
			return ENOMEM;
		}
		capacity = more;
		binary_grow(b, capacity);
	}
	b->size = size;
	if (size == 0)
		b = binary_unref(b);
	*ret = b;
	return 0;
}

term bytes_value(struct heap *heap, struct binary *b)
{
	/* What is mostly empty is copied, so that its room does not stay. */
	if (b->size <= HEAP_BITS_MAX_BYTES || b->size < b->capacity / 2) {
		term copy = bits_of_bytes(heap, b->data, b->size);
		(void)binary_unref(b); /* always NULL */
		return copy;
	}
	return bits_take_binary(heap, b, b->size * 8);
}

/* How much a file has from there on, as far as that can be known. */
static uint64_t size_left(int fd, int64_t offset)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (offset < 0)
		offset = lseek(fd, 0, SEEK_CUR);
	return offset >= 0 && offset < st.st_size ? (uint64_t)(st.st_size - offset) : 0;
}

/* {ok, Bytes}, eof, or an error. */
static term read_answer(struct errand *e, int fd, int64_t offset, uint64_t want)
{
	struct binary *b;
	int error =
		read_bytes(e, fd, offset, want, want > READ_PIECE ? size_left(fd, offset) : 0, &b);
	if (error != 0)
		return file_error(e, error);
	if (b == NULL)
		return A(eof);
	return heap_tuple_of(errand_heap(e), A(ok), bytes_value(errand_heap(e), b));
}

static term do_read(struct errand *e, struct file *f, const term *args)
{
	int64_t size;
	if (!term_is_number(args[1]))
		return errand_badarg(e);
	if (!integer_to_i64(args[1], &size) || size < 0)
		return file_error(e, EINVAL);
	return read_answer(e, f->fd, -1, (uint64_t)size);
}

static term do_pread(struct errand *e, struct file *f, const term *args)
{
	int64_t offset, size;
	if (!term_is_number(args[1]) || !term_is_number(args[2]))
		return errand_badarg(e);
	if (!integer_to_i64(args[1], &offset) || !integer_to_i64(args[2], &size) || offset < 0 ||
		size < 0 || offset > INT64_MAX - size)
		return file_error(e, EINVAL);
	return read_answer(e, f->fd, offset, (uint64_t)size);
}

/* Reads <<Size:32, Offset:32>> at Offset, then Size bytes at that Offset (what dets is made of). */
static term do_ipread(struct errand *e, struct file *f, const term *args)
{
	int64_t offset, most;
	struct binary *b;
	if (!term_is_number(args[1]) || !term_is_number(args[2]))
		return errand_badarg(e);
	if (!integer_to_i64(args[1], &offset) || !integer_to_i64(args[2], &most) || offset < 0 ||
		most >= (int64_t)1 << 31)
		return file_error(e, EINVAL);
	int error = read_bytes(e, f->fd, offset, 8, 0, &b);
	if (error != 0)
		return file_error(e, error);
	if (b == NULL || b->size < 8) {
		(void)binary_unref(b); /* always NULL */
		return A(eof);
	}
	uint32_t size = load_u32(b->data), at = load_u32(b->data + 4);
	(void)binary_unref(b); /* always NULL */
	if ((int64_t)size > most)
		return A(eof);
	error = read_bytes(e, f->fd, at, size, size > READ_PIECE ? size_left(f->fd, at) : 0, &b);
	if (error != 0)
		return file_error(e, error);
	term bytes = b == NULL ? A(eof) : bytes_value(errand_heap(e), b);
	term triple = heap_tuple_of(errand_heap(e), term_of_small(size), term_of_small(at), bytes);
	return heap_tuple_of(errand_heap(e), A(ok), triple);
}

/* ------------------------------------------------------------------------------------------------ writing */

/* Part of what is to be written. flats keep copies of binaries that do not begin on a byte. */
struct vectors {
	struct iovec iov[VECTORS];
	struct flat_bits flats[VECTORS];
	unsigned count;
};

static void vectors_fill(struct vectors *v, term *list)
{
	v->count = 0;
	for (; term_is_cons(*list) && v->count < VECTORS; *list = cons_tail(*list)) {
		struct flat_bits *flat = &v->flats[v->count];
		flat_bits_init(flat, cons_head(*list));
		v->iov[v->count++] = (struct iovec){ (void *)(uintptr_t)flat->data, flat->size };
	}
}

static void vectors_done(struct vectors *v)
{
	for (unsigned i = 0; i < v->count; i++)
		flat_bits_done(&v->flats[i]);
}

/* All of it, at offset (moved on) or, when that is NULL, where the file stands. 0 or errno. */
static int vectors_write(struct vectors *v, int fd, int64_t *offset)
{
	struct iovec *iov = v->iov;
	unsigned left = v->count;
	while (left > 0) {
		if (iov->iov_len == 0) {
			iov++;
			left--;
			continue;
		}
		ssize_t n = offset == NULL ? writev(fd, iov, (int)left)
					   : pwritev(fd, iov, (int)left, *offset);
		if (n < 0 && errno == EINTR && !errand_gives_up())
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		if (offset != NULL)
			*offset += n;
		for (size_t done = (size_t)n; done > 0;) {
			size_t part = done < iov->iov_len ? done : iov->iov_len;
			iov->iov_base = (uint8_t *)iov->iov_base + part;
			iov->iov_len -= part;
			done -= part;
			if (iov->iov_len == 0) {
				iov++;
				left--;
			}
		}
	}
	return 0;
}

static bool is_binaries(term list)
{
	for (; term_is_cons(list); list = cons_tail(list)) {
		if (!term_is_binary(cons_head(list)))
			return false;
	}
	return list == TERM_NIL;
}

static term write_list(struct errand *e, int fd, term list, int64_t *offset)
{
	int error = 0;
	while (error == 0 && list != TERM_NIL) {
		struct vectors v;
		vectors_fill(&v, &list);
		error = vectors_write(&v, fd, offset);
		vectors_done(&v);
	}
	return error == 0 ? A(ok) : file_error(e, error);
}

static term do_write(struct errand *e, struct file *f, const term *args)
{
	if (!is_binaries(args[1]))
		return errand_badarg(e);
	return write_list(e, f->fd, args[1], NULL);
}

static term do_pwrite(struct errand *e, struct file *f, const term *args)
{
	int64_t offset;
	if (!term_is_number(args[1]) || !is_binaries(args[2]))
		return errand_badarg(e);
	if (!integer_to_i64(args[1], &offset) || offset < 0)
		return file_error(e, EINVAL);
	return write_list(e, f->fd, args[2], &offset);
}

/* ------------------------------------------------------------------------------------------------ the rest */

static term do_seek(struct errand *e, struct file *f, const term *args)
{
	int64_t offset;
	if (!integer_to_i64(args[2], &offset))
		return errand_badarg(e);
	int whence = args[1] == A(bof)   ? SEEK_SET
		     : args[1] == A(cur) ? SEEK_CUR
		     : args[1] == A(eof) ? SEEK_END
					 : -1;
	if (whence < 0)
		return errand_badarg(e);
	off_t position = lseek(f->fd, offset, whence);
	if (position < 0)
		return file_error(e, errno);
	return heap_tuple_of(errand_heap(e), A(ok), integer_of_i64(errand_heap(e), position));
}

static term answer(struct errand *e, int r)
{
	return r < 0 ? file_error(e, errno) : A(ok);
}

static term do_sync(struct errand *e, struct file *f, const term *args)
{
	int data_only;
	if (!get_int(args[1], &data_only))
		return errand_badarg(e);
	return answer(e, data_only != 0 ? fdatasync(f->fd) : fsync(f->fd));
}

static term do_truncate(struct errand *e, struct file *f, const term *args)
{
	(void)args; /* the file is all there is */
	off_t position = lseek(f->fd, 0, SEEK_CUR);
	return answer(e, position < 0 ? -1 : ftruncate(f->fd, position));
}

/* Two numbers that are not negative; false with *ret set. */
static bool get_range(
	struct errand *e, const term *args, int64_t *offset, int64_t *length, term *ret)
{
	if (!term_is_number(args[0]) || !term_is_number(args[1])) {
		*ret = errand_badarg(e);
		return false;
	}
	if (!integer_to_i64(args[0], offset) || !integer_to_i64(args[1], length) || *offset < 0 ||
		*length < 0) {
		*ret = file_error(e, EINVAL);
		return false;
	}
	return true;
}

static term do_allocate(struct errand *e, struct file *f, const term *args)
{
	int64_t offset, length;
	term bad;
	if (!get_range(e, args + 1, &offset, &length, &bad))
		return bad;
	if (fallocate(f->fd, 0, offset, length) == 0)
		return A(ok);
	/* Not every file system can; the library then writes to each block. */
	int error;
	do
		error = posix_fallocate(f->fd, offset, length);
	while (error == EINTR && !errand_gives_up());
	return error == 0 ? A(ok) : file_error(e, error);
}

static term do_advise(struct errand *e, struct file *f, const term *args)
{
	const struct {
		term name;
		int advice;
	} known[] = { { A(normal), POSIX_FADV_NORMAL }, { A(random), POSIX_FADV_RANDOM },
		{ A(sequential), POSIX_FADV_SEQUENTIAL }, { A(will_need), POSIX_FADV_WILLNEED },
		{ A(dont_need), POSIX_FADV_DONTNEED }, { A(no_reuse), POSIX_FADV_NOREUSE } };

	int64_t offset, length;
	term bad;
	if (!get_range(e, args + 1, &offset, &length, &bad))
		return bad;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].name == args[3]) {
			(void)posix_fadvise(f->fd, offset, length,
				known[i].advice); /* advice only; OTP says ok, too */
			return A(ok);
		}
	}
	return file_error(e, EINVAL);
}

static unsigned access_by_mode(const struct stat *st)
{
	unsigned shift = st->st_uid == geteuid() ? 6 : st->st_gid == getegid() ? 3 : 0;
	return (st->st_mode >> shift & S_IROTH ? ACCESS_READ : 0U) |
	       (st->st_mode >> shift & S_IWOTH ? ACCESS_WRITE : 0U);
}

static term do_info(struct errand *e, struct file *f, const term *args)
{
	struct stat st;
	(void)args; /* the file is all there is */
	if (fstat(f->fd, &st) < 0)
		return file_error(e, errno);
	return file_info(errand_heap(e), &st, access_by_mode(&st));
}

/* ------------------------------------------------------------------------------------------------ rows */

static term with_file(struct errand *e, term (*fn)(struct errand *, struct file *, const term *),
	const term *args)
{
	struct file *f = file_of(args[0]);
	if (f == NULL)
		return errand_badarg(e);
	if (!file_enter(f))
		return file_error(e, EINVAL);
	term value = fn(e, f, args);
	file_leave(f);
	return value;
}

#define ON_FILE(name, fn)                                                                          \
	term bif_prim_file_##name(struct errand *e, const term *args)                              \
	{                                                                                          \
		return with_file(e, fn, args);                                                     \
	}

ON_FILE(advise_4, do_advise)
ON_FILE(allocate_3, do_allocate)
ON_FILE(pwrite_3, do_pwrite)
ON_FILE(read_handle_info_1, do_info)
ON_FILE(seek_3, do_seek)
ON_FILE(sync_2, do_sync)
ON_FILE(truncate_1, do_truncate)
ON_FILE(write_2, do_write)

/* What the kernel has at hand is read where the call is made. */
#define QUICK_ON_FILE(name, quick, fn, arity)                                                      \
	static term run_##fn(struct errand *e, const term *args)                                   \
	{                                                                                          \
		return with_file(e, fn, args);                                                     \
	}                                                                                          \
	term bif_prim_file_##name(struct proc *p, const term *args)                                \
	{                                                                                          \
		return errand_start_unless(p, quick, run_##fn, arity, args);                       \
	}

QUICK_ON_FILE(ipread_s32bu_p32bu_3, quick_ipread, do_ipread, 3)
QUICK_ON_FILE(pread_3, quick_pread, do_pread, 3)
QUICK_ON_FILE(read_2, quick_read, do_read, 2)

term bif_prim_file_close_1(struct errand *e, const term *args)
{
	struct file *f = file_of(args[0]);
	if (f == NULL)
		return errand_badarg(e);
	int error = file_close(f);
	return error == 0 ? A(ok) : file_error(e, error);
}

term bif_prim_file_delayed_close_1(struct proc *p, const term *args)
{
	struct file *f = file_of(args[0]);
	if (f == NULL || atomic_load_acquire(&f->state) != FILE_CLOSED)
		return bif_badarg(p);
	return A(ok);
}

/* The descriptor's number, as OTP gives it: for natives of other modules. */
term bif_prim_file_get_handle_1(struct proc *p, const term *args)
{
	struct file *f = file_of(args[0]);
	if (f == NULL)
		return bif_badarg(p);
	if (!file_enter(f))
		return heap_tuple_of(bif_heap(p), A(error), A(einval));
	term value = bits_of_bytes(bif_heap(p), &f->fd, sizeof(f->fd));
	file_leave(f);
	return value;
}
