/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory. See ram_file.h.  Source: ram_file.erl and its driver in OTP 27.
 * Invariant: bytes from `end` to `capacity` are zero, so that writing past the end leaves zeros between. */
#include "io/ram_file.h"

#include "base/account.h"
#include "io/errors.h"
#include "term/atom.h"

#include <errno.h>
#include <string.h>

#define BLOCK 1024

enum operation {
	RAM_OPEN = 1,
	RAM_READ = 2,
	RAM_SEEK = 3,
	RAM_WRITE = 4,
	RAM_SYNC = 9,
	RAM_TRUNCATE = 14,
	RAM_PREAD = 17,
	RAM_PWRITE = 18,
	RAM_DATASYNC = 19,
	RAM_GET = 30,
	RAM_SIZE = 37,
	RAM_ADVISE = 38,
	RAM_ALLOCATE = 39,
};

enum mode { MODE_READ = 1, MODE_WRITE = 2 };

enum response { RESPONSE_OK, RESPONSE_ERROR, RESPONSE_DATA, RESPONSE_NUMBER };

struct ram_file {
	struct account *account;
	uint32_t mode; /* 0: not open yet */
	uint8_t *data;
	int64_t capacity, position, end;
};

struct ram_file *ram_file_new(struct account *account)
{
	struct ram_file *f = mem_zalloc(MEM_BINARY, sizeof(*f));
	f->account = account_ref(account);
	return f;
}

struct ram_file *ram_file_free(struct ram_file *f)
{
	if (f == NULL)
		return NULL;
	account_charge(f->account, ACCOUNT_BINARIES, -f->capacity);
	mem_free(MEM_BINARY, f->data, (size_t)f->capacity);
	(void)account_unref(f->account); /* always NULL */
	mem_free(MEM_BINARY, f, sizeof(*f));
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ replies */

static void reply_error(struct port *p, int error)
{
	const struct atom_text name = atom_text(errno_atom(error));
	uint8_t head[64] = { RESPONSE_ERROR };
	size_t size = name.size < sizeof(head) ? name.size : sizeof(head) - 1;
	memcpy(head + 1, name.bytes, size);
	port_io_deliver(p, head, size + 1, NULL, 0);
}

static void reply_ok(struct port *p)
{
	const uint8_t head[] = { RESPONSE_OK };
	port_io_deliver(p, head, sizeof(head), NULL, 0);
}

static void put_head(uint8_t head[5], enum response response, int64_t number)
{
	head[0] = (uint8_t)response;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)((uint64_t)number >> (24 - 8 * i));
}

static void reply_number(struct port *p, int64_t number)
{
	uint8_t head[5];
	put_head(head, RESPONSE_NUMBER, number);
	port_io_deliver(p, head, sizeof(head), NULL, 0);
}

static void reply_data(struct port *p, const uint8_t *data, int64_t size)
{
	uint8_t head[5];
	static const uint8_t nothing;
	put_head(head, RESPONSE_DATA, size);
	port_io_deliver(p, head, sizeof(head), size > 0 ? data : &nothing, (size_t)size);
}

/* ------------------------------------------------------------------------------------------------ operations */

/* Room for `size` bytes. 0 or an errno. */
static int grow(struct ram_file *f, int64_t size)
{
	if (size <= f->capacity)
		return 0;
	int64_t capacity = (size + BLOCK + BLOCK / 2) / BLOCK * BLOCK;
	/* Many small writes cost no more than they are. */
	if (capacity < f->capacity * 2 && f->capacity < (int64_t)1 << 26)
		capacity = f->capacity * 2;
	if (capacity > INT32_MAX || capacity - f->capacity > account_room(f->account))
		return ENOMEM;
	f->data = mem_realloc(MEM_BINARY, f->data, (size_t)f->capacity, (size_t)capacity);
	memset(f->data + f->capacity, 0, (size_t)(capacity - f->capacity));
	account_charge(f->account, ACCOUNT_BINARIES, capacity - f->capacity);
	f->capacity = capacity;
	return 0;
}

static void open_file(
	struct port *p, struct ram_file *f, uint32_t mode, const uint8_t *data, size_t size)
{
	int error = grow(f, (int64_t)size);
	if (error != 0) {
		reply_error(p, error);
		return;
	}
	if (size > 0)
		memcpy(f->data, data, size);
	if (f->end > (int64_t)size)
		memset(f->data + size, 0, (size_t)(f->end - (int64_t)size));
	f->mode = mode;
	f->position = 0;
	f->end = (int64_t)size;
	reply_number(p, 0); /* looked at by nobody */
}

/* at: NULL writes where the file stands, and moves on. */
static void write_at(
	struct port *p, struct ram_file *f, const int64_t *at, const uint8_t *data, size_t size)
{
	int64_t from = at != NULL ? *at : f->position;
	int error = !(f->mode & MODE_WRITE) ? EBADF
		    : from < 0              ? EINVAL
					    : grow(f, from + (int64_t)size);
	if (error != 0) {
		reply_error(p, error);
		return;
	}
	if (size > 0)
		memcpy(f->data + from, data, size);
	from += (int64_t)size;
	if (from > f->end)
		f->end = from;
	if (at == NULL)
		f->position = from;
	reply_number(p, (int64_t)size);
}

static void read_at(struct port *p, struct ram_file *f, const int64_t *at, int64_t size)
{
	int64_t from = at != NULL ? *at : f->position;
	if (!(f->mode & MODE_READ) || from < 0 || size < 0) {
		reply_error(p, f->mode & MODE_READ ? EINVAL : EBADF);
		return;
	}
	int64_t left = from < f->end ? f->end - from : 0;
	if (size > left)
		size = left;
	if (at == NULL)
		f->position += size;
	reply_data(p, size > 0 ? f->data + from : NULL, size);
}

static void seek(struct port *p, struct ram_file *f, int64_t offset, int64_t whence)
{
	const int64_t from[] = { 0, f->position, f->end };
	int error = f->mode == 0                                            ? EBADF
		    : whence < 0 || whence > 2 || from[whence] + offset < 0 ? EINVAL
									    : 0;
	if (error != 0) {
		reply_error(p, error);
		return;
	}
	f->position = from[whence] + offset;
	reply_number(p, f->position);
}

static void truncate_file(struct port *p, struct ram_file *f)
{
	if (!(f->mode & MODE_WRITE)) {
		reply_error(p, EACCES);
		return;
	}
	if (f->end > f->position)
		memset(f->data + f->position, 0, (size_t)(f->end - f->position));
	f->end = f->position;
	int error = grow(f, f->end); /* it may have been moved beyond */
	if (error != 0)
		reply_error(p, error);
	else
		reply_ok(p);
}

static int64_t load_i32(const uint8_t *p)
{
	return (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

/* Bytes of arguments that an operation has at least; -1: there is no such operation. */
static int arguments_of(unsigned operation)
{
	switch (operation) {
	case RAM_SEEK:
	case RAM_PREAD:
		return 8;
	case RAM_OPEN:
	case RAM_READ:
	case RAM_PWRITE:
		return 4;
	case RAM_WRITE:
	case RAM_SYNC:
	case RAM_TRUNCATE:
	case RAM_DATASYNC:
	case RAM_GET:
	case RAM_SIZE:
	case RAM_ADVISE:
	case RAM_ALLOCATE:
		return 0;
	default:
		return -1;
	}
}

void ram_file_command(struct port *p, struct ram_file *f, const uint8_t *request, size_t size)
{
	int arguments = size > 0 ? arguments_of(request[0]) : -1;
	if (arguments < 0)
		return;
	if (size - 1 < (size_t)arguments) {
		reply_error(p, EINVAL);
		return;
	}
	const uint8_t *a = request + 1;
	size--;
	int64_t first = arguments >= 4 ? load_i32(a) : 0;
	switch ((enum operation)request[0]) {
	case RAM_OPEN:
		open_file(p, f, (uint32_t)first, a + 4, size - 4);
		break;
	case RAM_READ:
		read_at(p, f, NULL, first);
		break;
	case RAM_SEEK:
		seek(p, f, first, load_i32(a + 4));
		break;
	case RAM_WRITE:
		write_at(p, f, NULL, a, size);
		break;
	case RAM_PREAD:
		read_at(p, f, &first, load_i32(a + 4));
		break;
	case RAM_PWRITE:
		write_at(p, f, &first, a + 4, size - 4);
		break;
	case RAM_TRUNCATE:
		truncate_file(p, f);
		break;
	case RAM_GET:
		reply_data(p, f->data, f->end);
		break;
	case RAM_SIZE:
		reply_number(p, f->end);
		break;
	case RAM_SYNC:
	case RAM_DATASYNC:
	case RAM_ADVISE:
	case RAM_ALLOCATE:
		if (f->mode == 0)
			reply_error(p, EBADF);
		else
			reply_ok(p);
		break;
	}
}
