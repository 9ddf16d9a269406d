/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, as a process sees them: what it is told, in which order, and that nothing is left of them. */
#include "engine.h"
#include "tests.h"

#include "binary/binary.h"
#include "io/port.h"
#include "proc/table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the process that owns the port does and has heard. One test at a time. */
static struct {
	struct port_spec spec;
	const char *command; /* sent once it is open; NULL */
	size_t command_size;
	bool close_after;
	uint64_t data_max; /* only so much is kept */
	/* what it heard */
	uint8_t *data;
	size_t size;
	_Atomic size_t pieces;
	_Atomic long opened, eof, status, closed, refused;
	int64_t exit_status;
	_Atomic term port;
	term reason;
} at;

static void heard(struct proc *p, term v)
{
	if (!term_is_tuple(v) || tuple_arity(v) < 2)
		return;
	term what = tuple_element(v, 1);
	if (tuple_element(v, 0) == A(EXIT)) {
		at.reason = tuple_element(v, 2);
		atomic_fetch_add(&at.closed, 1);
	} else if (term_is_ref(tuple_element(v, 0)) && !term_is_port(what)) {
		at.reason = what;
		atomic_fetch_add(&at.refused, 1);
	} else if (what == A(eof)) {
		atomic_fetch_add(&at.eof, 1);
	} else if (term_is_tuple_of(what, 2) && tuple_element(what, 0) == A(exit_status)) {
		at.exit_status = small_value(tuple_element(what, 1));
		atomic_fetch_add(&at.status, 1);
	} else if (term_is_tuple_of(what, 2) && tuple_element(what, 0) == A(data)) {
		term bytes = tuple_element(what, 1);
		if (term_is_tuple_of(bytes, 2))
			bytes = tuple_element(bytes, 1); /* of lines */
		struct flat_bits flat;
		flat_bits_init(&flat, bytes);
		at.data = realloc(at.data, at.size + flat.size + 1);
		memcpy(at.data + at.size, flat.data, flat.size);
		at.size += flat.size;
		at.data[at.size] = '\0';
		atomic_fetch_add(&at.pieces, 1);
		flat_bits_done(&flat);
	}
	(void)p;
}

static void command(struct proc *p)
{
	unsigned header = port_header(at.port);
	struct port_bytes *bytes =
		mem_alloc(MEM_MESSAGE, sizeof(*bytes) + header + at.command_size);
	*bytes = (struct port_bytes){ .size = header + at.command_size };
	memcpy(bytes->data + header, at.command, at.command_size);
	struct port_request *r = port_request_new(PORT_COMMAND, p->pid);
	r->bytes = bytes;
	(void)port_ask(p, at.port, r);
	if (at.close_after)
		(void)port_ask(p, at.port, port_request_new(PORT_CLOSE, p->pid));
}

static enum slice_end step_owner(struct proc *p, term *state)
{
	if (*state == A(start)) {
		int error = 0;
		p->flags |= PROC_TRAP_EXIT;
		at.port = port_open(p, &at.spec, ref_new_id(), &error);
		ck_assert(at.port != TERM_NONE);
		*state = A(open);
	}
	struct message *m;
	while ((m = mailbox_current(p)) != NULL) {
		term v = message_value(m);
		if (v == A(stop)) {
			mailbox_remove(p);
			return step_exit(p, A(normal));
		}
		if (term_is_tuple_of(v, 2) && term_is_ref(tuple_element(v, 0)) &&
			tuple_element(v, 1) == at.port) {
			atomic_fetch_add(&at.opened, 1);
			if (at.command != NULL)
				command(p);
		} else if (v == A(command)) {
			command(p);
		} else {
			heard(p, v);
		}
		mailbox_remove(p);
	}
	return p->outcome == OUTCOME_EXIT ? SLICE_EXIT : SLICE_WAIT;
}

static char **words(const char *a, const char *b, const char *c)
{
	char **t = calloc(4, sizeof(*t));
	t[0] = strdup(a);
	t[1] = b != NULL ? strdup(b) : NULL;
	t[2] = c != NULL ? strdup(c) : NULL;
	return t;
}

static struct port_spec of_script(const char *script, unsigned flags)
{
	return (struct port_spec){ .kind = PORT_EXECUTABLE,
		.flags = PORT_BINARY | flags,
		.busy_low = 4096,
		.busy_high = 8192,
		.name = strdup("/bin/sh"),
		.path = strdup("/bin/sh"),
		.argv = words("sh", "-c", script),
		.envp = words("PATH=/usr/bin:/bin", NULL, NULL) };
}

static term owner(void)
{
	return spawn_step(test_ns(), NULL, step_owner, A(start), NULL, NULL);
}

static void stop(term pid)
{
	(void)proc_send_from_host(pid, A(stop));
	_Atomic long gone = 0;
	while (atomic_load(&gone) == 0) {
		if (port_count(test_ns()) == 0 && proc_count() == 0 && children_count() == 0)
			atomic_store(&gone, 1);
		else
			usleep(200);
	}
}

START_TEST(what_a_program_writes_comes_and_then_its_end)
{
	at.spec = of_script("echo hello; exit 4", PORT_IN | PORT_OUT | PORT_EXIT_STATUS);
	term pid = owner();
	wait_for(&at.closed, 1);
	ck_assert_str_eq((char *)at.data, "hello\n");
	ck_assert_int_eq(at.exit_status, 4);
	ck_assert_uint_eq(at.reason, A(normal));
	ck_assert_int_eq(atomic_load(&at.opened), 1);
	stop(pid);
}

END_TEST

START_TEST(a_closed_port_still_writes_what_it_took)
{
	enum { SIZE = 3 << 20 };

	char path[] = "/tmp/beamr_io_XXXXXX", script[200];
	char *bytes = malloc(SIZE);
	struct stat st;
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	memset(bytes, 'x', SIZE);
	(void)snprintf(script, sizeof(script), "cat > %s; echo >> %s", path, path);
	at.spec = of_script(script, PORT_OUT);
	at.command = bytes;
	at.command_size = SIZE;
	at.close_after = true;
	term pid = owner();
	wait_for(&at.closed, 1);
	/* The script's last byte says that it has seen the end. */
	do {
		usleep(200);
		ck_assert_int_eq(fstat(fd, &st), 0);
	} while (st.st_size <= SIZE);
	ck_assert_int_eq(st.st_size, SIZE + 1);
	stop(pid);
	(void)unlink(path);
	(void)close(fd);
	free(bytes);
}

END_TEST

static void flushed(void *user)
{
	atomic_fetch_add((_Atomic long *)user, 1);
}

START_TEST(a_flush_ends_when_all_is_written_even_by_a_closed_port)
{
	enum { SIZE = 1 << 20 };

	char *bytes = calloc(1, SIZE);
	_Atomic long done = 0, none = 0;
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ports_flush(test_ns(), flushed, &none);
	ck_assert_int_eq(atomic_load(&none), 1); /* there is no port */
	test_ns()->streams[0] = 0;
	test_ns()->streams[1] = fds[1];
	at.spec = (struct port_spec){ .kind = PORT_FD,
		.flags = PORT_OUT | PORT_BINARY,
		.fd_in = 0,
		.fd_out = 1,
		.busy_low = 4096,
		.busy_high = 8192,
		.name = strdup("0/1") };
	at.command = bytes;
	at.command_size = SIZE;
	at.close_after = true;
	term pid = owner();
	(void)proc_send_from_host(pid, A(command));
	wait_for(&at.closed, 1);
	ports_flush(test_ns(), flushed, &done);
	ck_assert_int_eq(atomic_load(&done), 0);
	size_t size = 0;
	while (size < SIZE) {
		char piece[4096];
		ssize_t n = read(fds[0], piece, sizeof(piece));
		ck_assert_int_gt(n, 0);
		size += (size_t)n;
	}
	wait_for(&done, 1);
	stop(pid);
	test_ns()->streams[0] = test_ns()->streams[1] = -1;
	(void)close(fds[0]);
	(void)close(fds[1]);
	free(bytes);
}

END_TEST

static void of_file(int fd, unsigned flags)
{
	test_ns()->streams[0] = test_ns()->streams[1] = fd;
	at.spec = (struct port_spec){ .kind = PORT_FD,
		.flags = PORT_BINARY | flags,
		.fd_in = 0,
		.fd_out = 1,
		.busy_low = 4096,
		.busy_high = 8192,
		.name = strdup("0/1") };
}

START_TEST(a_file_is_read_by_a_helper_up_to_its_end)
{
	enum { SIZE = 300000 };

	char path[] = "/tmp/beamr_io_XXXXXX";
	uint8_t *bytes = malloc(SIZE);
	int fd = mkstemp(path);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	ck_assert_int_eq(write(fd, bytes, SIZE), SIZE);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert(port_file_is(fd));
	of_file(fd, PORT_IN | PORT_EOF);
	term pid = owner();
	wait_for(&at.eof, 1);
	ck_assert_uint_eq(at.size, SIZE);
	ck_assert_mem_eq(at.data, bytes, SIZE);
	stop(pid);
	(void)unlink(path);
	(void)close(fd);
	free(bytes);
}

END_TEST

START_TEST(a_file_is_written_by_a_helper_even_when_its_owner_is_killed)
{
	enum { SIZE = 1 << 20 };

	char path[] = "/tmp/beamr_io_XXXXXX";
	char *bytes = malloc(SIZE);
	struct stat st;
	_Atomic long done = 0;
	int fd = mkstemp(path);
	memset(bytes, 'y', SIZE);
	of_file(fd, PORT_OUT);
	at.command = bytes;
	at.command_size = SIZE;
	term pid = owner();
	for (int i = 0; i < 3; i++)
		(void)proc_send_from_host(pid, A(command));
	while (at.port == TERM_NONE || !port_exists(at.port))
		usleep(200);
	(void)proc_send_from_host(pid, A(stop));
	stop(pid);
	ports_flush(test_ns(), flushed, &done);
	wait_for(&done, 1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size % SIZE, 0); /* what was taken is there as a whole */
	ck_assert_int_gt(st.st_size, 0);
	(void)unlink(path);
	(void)close(fd);
	free(bytes);
}

END_TEST

START_TEST(a_packet_header_that_promises_much_takes_no_memory)
{
	at.spec = of_script("printf '\\177\\377\\377\\377abc'", PORT_IN | PORT_OUT);
	at.spec.mode = PORT_PACKET;
	at.spec.header = 4;
	int64_t before = mem_used(MEM_MESSAGE);
	term pid = owner();
	wait_for(&at.closed, 1);
	ck_assert_uint_eq(at.pieces, 0);
	ck_assert_int_lt(mem_used(MEM_MESSAGE) - before, 1 << 20);
	stop(pid);
}

END_TEST

START_TEST(many_programs_at_once_are_all_heard_of)
{
	enum { MANY = 40 };

	term pids[MANY];
	for (int i = 0; i < MANY; i++) {
		at.spec = of_script("exit 0", PORT_IN | PORT_OUT | PORT_EXIT_STATUS);
		long n = atomic_load(&at.closed);
		pids[i] = owner();
		wait_for(&at.closed, n + 1);
	}
	ck_assert_int_eq(atomic_load(&at.status), MANY);
	for (int i = 0; i < MANY; i++)
		(void)proc_send_from_host(pids[i], A(stop));
	stop(pids[0]);
}

END_TEST

START_TEST(the_end_of_a_namespace_closes_ports_and_kills_programs)
{
	at.spec = of_script(
		"echo x; trap '' TERM HUP; while :; do sleep 1000; done", PORT_IN | PORT_OUT);
	term pid = owner();
	while (at.pieces == 0)
		usleep(200);
	ports_end(test_ns());
	wait_for(&at.closed, 1);
	ck_assert_uint_eq(at.reason, A(killed));
	stop(pid);
}

END_TEST

static void port_setup(void)
{
	free(at.data);
	memset(&at, 0, sizeof(at));
	atomic_store(&at.port, TERM_NONE);
	io_setup();
}

TCase *port_tests(void)
{
	TCase *c = tcase_create("ports");
	tcase_add_checked_fixture(c, port_setup, io_teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, what_a_program_writes_comes_and_then_its_end);
	tcase_add_test(c, a_closed_port_still_writes_what_it_took);
	tcase_add_test(c, a_flush_ends_when_all_is_written_even_by_a_closed_port);
	tcase_add_test(c, a_file_is_read_by_a_helper_up_to_its_end);
	tcase_add_test(c, a_file_is_written_by_a_helper_even_when_its_owner_is_killed);
	tcase_add_test(c, a_packet_header_that_promises_much_takes_no_memory);
	tcase_add_test(c, many_programs_at_once_are_all_heard_of);
	tcase_add_test(c, the_end_of_a_namespace_closes_ports_and_kills_programs);
	return c;
}
