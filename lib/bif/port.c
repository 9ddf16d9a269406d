/* SPDX-License-Identifier: Apache-2.0 */
/* Ports as erlang.erl asks for them. What a port does with it: io/port.c. */
#include "io/port.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "bif/environment.h"
#include "binary/binary.h"
#include "io/errors.h"
#include "proc/registry.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHELL "/bin/sh"
#define BUSY_LOW 4096
#define BUSY_HIGH 8192
#define LINE_USUAL 512 /* bytes, where `line` names no number */

/* ------------------------------------------------------------------------------------------------ texts */

/* Characters of a list as UTF-8, or the bytes of a binary, malloc'ed; NULL when it is neither. A binary may hold a NUL, behind
 * which nothing counts; a list may not. */
static char *text_of(term t)
{
	if (term_is_binary(t)) {
		struct flat_bits flat;
		flat_bits_init(&flat, t);
		char *text = strndup((const char *)flat.data, flat.size);
		flat_bits_done(&flat);
		return text;
	}
	if (term_is_atom(t) && t != TERM_NIL) {
		struct atom_text text = atom_text(t);
		return strndup((const char *)text.bytes, text.size);
	}
	int64_t n = list_length(t);
	if (n < 0)
		return NULL;
	char *text = malloc((size_t)n * 4 + 1);
	size_t size = 0;
	assert(text != NULL);
	for (; term_is_cons(t); t = cons_tail(t)) {
		term c = cons_head(t);
		int k = term_is_small(c) && small_value(c) > 0 && small_value(c) <= 0x10FFFF
				? utf8_encode((uint32_t)small_value(c), (uint8_t *)text + size)
				: 0;
		if (k == 0) {
			free(text);
			return NULL;
		}
		size += (size_t)k;
	}
	text[size] = '\0';
	return text;
}

/* ------------------------------------------------------------------------------------------------ opening */

/* What the options have said so far. */
struct options {
	struct port_spec *spec;
	const struct ns *ns;
	term args;  /* TERM_NONE */
	char *arg0; /* NULL */
	struct environment *env;
	bool line, packet;
};

static bool set_flag(struct options *o, unsigned flag, bool on)
{
	o->spec->flags = on ? o->spec->flags | flag : o->spec->flags & ~flag;
	return true;
}

static bool set_stream(struct options *o)
{
	o->packet = false;
	return true;
}

static bool atom_option(struct options *o, term name)
{
	switch (atom_index(name)) {
	case ATOM_INDEX_stream:
		return set_stream(o);
	case ATOM_INDEX_line:
		o->line = true;
		o->spec->line_max = LINE_USUAL;
		return true;
	case ATOM_INDEX_in:
		return set_flag(o, PORT_IN, true);
	case ATOM_INDEX_out:
		return set_flag(o, PORT_OUT, true);
	case ATOM_INDEX_binary:
		return set_flag(o, PORT_BINARY, true);
	case ATOM_INDEX_eof:
		return set_flag(o, PORT_EOF, true);
	case ATOM_INDEX_exit_status:
		return set_flag(o, PORT_EXIT_STATUS, true);
	case ATOM_INDEX_stderr_to_stdout:
		return set_flag(o, PORT_STDERR, true);
	case ATOM_INDEX_use_stdio:
		return set_flag(o, PORT_NO_STDIO, false);
	case ATOM_INDEX_nouse_stdio:
		return set_flag(o, PORT_NO_STDIO, true);
	case ATOM_INDEX_hide:
	case ATOM_INDEX_overlapped_io:
		return true; /* of other systems */
	default:
		return false;
	}
}

static bool set_limits(struct options *o, term value, bool of_port)
{
	size_t low, high;
	if (value == A(disabled)) {
		if (of_port)
			o->spec->busy_high = SIZE_MAX;
		return true;
	}
	if (!term_is_tuple_of(value, 2) || !bif_get_size(tuple_element(value, 0), &low) ||
		!bif_get_size(tuple_element(value, 1), &high) || low == 0 || high == 0)
		return false;
	/* What is sent to a port is handled as it is sent, so there is no queue of messages to bound. */
	if (of_port) {
		o->spec->busy_low = low < high ? low : high;
		o->spec->busy_high = high;
	}
	return true;
}

static bool set_variable(struct options *o, term item)
{
	if (!term_is_tuple_of(item, 2) || term_is_atom(tuple_element(item, 0)))
		return false;
	term with = tuple_element(item, 1);
	char *name = text_of(tuple_element(item, 0));
	char *value = with == A(false) || term_is_atom(with) ? NULL : text_of(with);
	bool ok = name != NULL && name[0] != '\0' && strchr(name, '=') == NULL &&
		  (value != NULL || with == A(false));
	if (ok)
		environment_put(o->env, name, value);
	free(name);
	free(value);
	return ok;
}

static bool set_env(struct options *o, term list)
{
	for (; term_is_cons(list); list = cons_tail(list))
		if (!set_variable(o, cons_head(list)))
			return false;
	return list == TERM_NIL;
}

static bool set_text(char **at, term value)
{
	free(*at);
	*at = text_of(value);
	return *at != NULL;
}

static bool pair_option(struct options *o, term name, term value)
{
	size_t n;
	switch (term_is_atom(name) ? atom_index(name) : 0) {
	case ATOM_INDEX_packet:
		if (!bif_get_size(value, &n) || (n != 1 && n != 2 && n != 4))
			return false;
		o->packet = true;
		o->spec->header = (unsigned)n;
		return true;
	case ATOM_INDEX_line:
		if (!bif_get_size(value, &n) || n == 0 || n > INT_MAX)
			return false;
		o->line = true;
		o->spec->line_max = n;
		return true;
	case ATOM_INDEX_cd:
		return set_text(&o->spec->cd, value);
	case ATOM_INDEX_env:
		return set_env(o, value);
	case ATOM_INDEX_args:
		o->args = value;
		return list_length(value) >= 0 && o->spec->kind == PORT_EXECUTABLE;
	case ATOM_INDEX_arg0:
		return o->spec->kind == PORT_EXECUTABLE && set_text(&o->arg0, value);
	case ATOM_INDEX_parallelism:
		return (value == A(true) || value == A(false)) &&
		       set_flag(o, PORT_PARALLEL, value == A(true));
	case ATOM_INDEX_busy_limits_port:
		return set_limits(o, value, true);
	case ATOM_INDEX_busy_limits_msgq:
		return set_limits(o, value, false);
	default:
		return false;
	}
}

static bool read_options(struct options *o, term list)
{
	for (; term_is_cons(list); list = cons_tail(list)) {
		term item = cons_head(list);
		if (term_is_atom(item) ? !atom_option(o, item)
				       : !term_is_tuple_of(item, 2) ||
						 !pair_option(o, tuple_element(item, 0),
							 tuple_element(item, 1)))
			return false;
	}
	struct port_spec *s = o->spec;
	if (list != TERM_NIL || (o->line && o->packet))
		return false;
	s->mode = o->line ? PORT_LINE : o->packet ? PORT_PACKET : PORT_STREAM;
	if ((s->flags & (PORT_IN | PORT_OUT)) == 0)
		s->flags |= PORT_IN | PORT_OUT;
	return true;
}

static bool make_argv(struct options *o)
{
	struct port_spec *s = o->spec;
	size_t count = o->args != TERM_NONE ? (size_t)list_length(o->args) : 0;
	char **argv = s->argv = calloc(count + 4, sizeof(*argv));
	assert(argv != NULL);
	if (s->kind == PORT_SPAWN) {
		argv[0] = strdup("sh");
		argv[1] = strdup("-c");
		int r = asprintf(&argv[2], "exec %s", s->name);
		assert(r >= 0);
		s->path = strdup(SHELL);
		return true;
	}
	s->path = strdup(s->name);
	argv[0] = o->arg0 != NULL ? o->arg0 : strdup(s->name);
	o->arg0 = NULL;
	term list = o->args != TERM_NONE ? o->args : TERM_NIL;
	for (size_t i = 1; term_is_cons(list); list = cons_tail(list), i++) {
		argv[i] = text_of(cons_head(list));
		if (argv[i] == NULL)
			return false;
	}
	return true;
}

/* {fd, In, Out}. 0 or an errno; -1: it is no such thing. */
static int read_fds(struct port_spec *s, term in, term out)
{
	if (!term_is_small(in) || !term_is_small(out))
		return -1;
	if (small_value(in) < 0 || small_value(out) < 0 || small_value(in) > INT_MAX ||
		small_value(out) > INT_MAX)
		return EINVAL;
	s->kind = PORT_FD;
	s->fd_in = (int)small_value(in);
	s->fd_out = (int)small_value(out);
	int r = asprintf(&s->name, "%d/%d", s->fd_in, s->fd_out);
	assert(r >= 0);
	return 0;
}

/* "trace_file_drv [w SIZE FILES TIME AT ]n NAME". 0, also when it is another name. */
static int read_trace_file(struct port_spec *s)
{
	size_t size = strlen(TRACE_FILE_NAME);
	const char *rest = s->name + size;
	unsigned bytes = 0, files = 0, msec = 0, at = 0;
	int used = 0;
	if (s->kind != PORT_SPAWN || strncmp(s->name, TRACE_FILE_NAME, size) != 0 || *rest != ' ')
		return 0;
	/* Numbers that are too large are none of dbg's; what they become is harmless. */
	bool wraps = sscanf(rest, " w %u %u %u %u %n", &bytes, &files, &msec, &at, &used) == 4;
	rest += wraps ? used : 1;
	if (strncmp(rest, "n ", 2) != 0 || at >= strlen(rest + 2) || rest[2] == '\0')
		return EINVAL;
	s->kind = PORT_TRACE_FILE;
	s->path = strdup(rest + 2);
	if (wraps)
		s->wrap = (struct port_wrap){
			.files = files > 0 ? files : 1, .size_max = bytes, .msec = msec, .at = at
		};
	return 0;
}

static int read_name(struct port_spec *s, term name)
{
	if (term_is_tuple_of(name, 3) && tuple_element(name, 0) == A(fd))
		return read_fds(s, tuple_element(name, 1), tuple_element(name, 2));
	if (!term_is_tuple_of(name, 2))
		return -1;
	term kind = tuple_element(name, 0);
	if (kind != A(spawn) && kind != A(spawn_executable) && kind != A(spawn_driver))
		return -1;
	s->kind = kind == A(spawn_executable) ? PORT_EXECUTABLE : PORT_SPAWN;
	s->name = text_of(tuple_element(name, 1));
	if (s->name == NULL || s->name[0] == '\0')
		return -1;
	/* A driver's name comes before a program's; there is this one. */
	if (s->kind == PORT_SPAWN && strcmp(s->name, RAM_FILE_NAME) == 0)
		s->kind = PORT_RAM;
	int r = read_trace_file(s);
	if (r != 0)
		return r;
	return kind == A(spawn_driver) && s->kind != PORT_RAM && s->kind != PORT_TRACE_FILE ? -1
											    : 0;
}

/* What is no errno. */
enum { BAD_ARGUMENT = -1, BAD_OPTION = -2 };

/* 0, an errno, BAD_ARGUMENT or BAD_OPTION. */
static int read_spec(struct proc *p, struct port_spec *s, term name, term list)
{
	struct options o = { .spec = s, .ns = p->ns, .args = TERM_NONE };
	s->busy_low = BUSY_LOW;
	s->busy_high = BUSY_HIGH;
	int r = read_name(s, name);
	if (r != 0)
		return r;
	o.env = environment_copy(p->ns);
	bool helper = s->kind == PORT_SPAWN || s->kind == PORT_EXECUTABLE;
	if (!read_options(&o, list) || (helper && !make_argv(&o)))
		r = BAD_OPTION;
	else if (helper)
		s->envp = environment_texts(o.env);
	environment_free(o.env);
	free(o.arg0);
	return r;
}

term bif_erts_internal_open_port_2(struct proc *p, const term *args)
{
	struct port_spec spec = { 0 };
	int r = read_spec(p, &spec, args[0], args[1]);
	bool fd = spec.kind == PORT_FD || spec.kind == PORT_RAM; /* open at once */
	struct ref_id ref = ref_new_id();
	term port = TERM_NONE;
	bif_charge(p, 200);
	if (r == 0) {
		port = port_open(p, &spec, ref, &r);
		if (port == TERM_NONE)
			return r < 0 ? A(system_limit) : errno_atom(r);
		return fd ? port : ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref);
	}
	port_spec_done(&spec);
	return r == BAD_OPTION ? A(badopt) : r < 0 ? A(badarg) : errno_atom(r);
}

/* ------------------------------------------------------------------------------------------------ asking */

/* A port by itself or by its name; TERM_NONE. */
static term port_of(struct proc *p, term t)
{
	if (term_is_atom(t))
		t = registry_find(p->ns, t);
	return term_is_local_port(t) && port_is_of(t, p->ns)
		       ? t
		       : TERM_NONE; /* another's is none here */
}

static term ask(struct proc *p, term port, struct port_request *r)
{
	term result = port_ask(p, port, r);
	return result == TERM_NONE ? A(badarg) : result;
}

term bif_erts_internal_port_command_3(struct proc *p, const term *args)
{
	term port = port_of(p, args[0]), list = args[2];
	bool force = false, nosuspend = false;
	for (; term_is_cons(list); list = cons_tail(list)) {
		force = force || cons_head(list) == A(force);
		nosuspend = nosuspend || cons_head(list) == A(nosuspend);
		if (cons_head(list) != A(force) && cons_head(list) != A(nosuspend))
			return A(badopt);
	}
	if (list != TERM_NIL)
		return A(badopt);
	if (port == TERM_NONE || !port_exists(port))
		return A(badarg);
	if (force)
		return A(notsup);
	struct port_bytes *bytes = port_bytes_of(args[1], port_header(port));
	if (bytes == NULL)
		return A(badarg);
	bif_charge(p, bytes->size / 64 + 10);
	if (nosuspend && port_is_busy(port)) {
		port_bytes_free(bytes);
		return A(false);
	}
	struct port_request *r = port_request_new(PORT_COMMAND, p->pid);
	r->bytes = bytes;
	return ask(p, port, r);
}

term bif_erts_internal_port_close_1(struct proc *p, const term *args)
{
	term port = port_of(p, args[0]);
	return port == TERM_NONE ? A(badarg) : ask(p, port, port_request_new(PORT_CLOSE, p->pid));
}

term bif_erts_internal_port_connect_2(struct proc *p, const term *args)
{
	term port = port_of(p, args[0]);
	if (port == TERM_NONE || !term_is_local_pid(args[1]) || proc_reach(p->ns, args[1]) == NULL)
		return A(badarg);
	struct port_request *r = port_request_new(PORT_CONNECT, p->pid);
	r->who = args[1];
	return ask(p, port, r);
}

term bif_erts_internal_port_control_3(struct proc *p, const term *args)
{
	size_t operation;
	term port = port_of(p, args[0]);
	struct port_bytes *bytes = port_bytes_of(args[2], 0);
	if (port == TERM_NONE || bytes == NULL || !bif_get_size(args[1], &operation) ||
		operation > UINT32_MAX) {
		port_bytes_free(bytes);
		return A(badarg);
	}
	struct port_request *r = port_request_new(PORT_CONTROL, p->pid);
	r->operation = (int64_t)operation;
	r->bytes = bytes;
	return ask(p, port, r);
}

term bif_erts_internal_port_call_3(struct proc *p, const term *args)
{
	size_t operation;
	term port = port_of(p, args[0]);
	if (port == TERM_NONE || !bif_get_size(args[1], &operation) || operation > UINT32_MAX)
		return A(badarg);
	return ask(p, port,
		port_request_new(PORT_CALL, p->pid)); /* which refuses it, of whatever kind it is */
}

static term port_info(struct proc *p, term who, term item)
{
	if (!term_is_atom(who) && !term_is_local_port(who))
		return term_is_port(who) && bif_is_earlier(who) ? A(undefined) : A(badarg);
	term port = port_of(p, who);
	if (port == TERM_NONE)
		return A(undefined);
	struct port_request *r = port_request_new(PORT_INFO, p->pid);
	r->item = item;
	term result = port_ask(p, port, r);
	return result == TERM_NONE ? A(undefined) : result;
}

term bif_erts_internal_port_info_1(struct proc *p, const term *args)
{
	return port_info(p, args[0], TERM_NONE);
}

static bool is_item(term item)
{
	static const uint32_t items[] = { ATOM_INDEX_registered_name, ATOM_INDEX_name,
		ATOM_INDEX_links, ATOM_INDEX_id, ATOM_INDEX_connected, ATOM_INDEX_input,
		ATOM_INDEX_output, ATOM_INDEX_os_pid, ATOM_INDEX_parallelism, ATOM_INDEX_memory,
		ATOM_INDEX_monitors, ATOM_INDEX_monitored_by, ATOM_INDEX_queue_size,
		ATOM_INDEX_locking };
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (item == term_of_atom_index(items[i]))
			return true;
	return false;
}

term bif_erts_internal_port_info_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) && !term_is_port(args[0]))
		return A(badtype);
	if (term_is_port(args[0]) && !term_is_local_port(args[0]) && !bif_is_earlier(args[0]))
		return A(badarg); /* of another node */
	if (port_of(p, args[0]) == TERM_NONE)
		return A(undefined);
	return is_item(args[1]) ? port_info(p, args[0], args[1]) : A(badarg);
}

term bif_erlang_port_get_data_1(struct proc *p, const term *args)
{
	term port = port_of(p, args[0]);
	term data = port == TERM_NONE ? TERM_NONE : port_kept(port, bif_heap(p));
	return data == TERM_NONE ? bif_badarg(p) : data;
}

term bif_erlang_port_set_data_2(struct proc *p, const term *args)
{
	term port = port_of(p, args[0]);
	return port != TERM_NONE && port_keep(port, args[1]) ? A(true) : bif_badarg(p);
}

static void add_port(term port, void *arg)
{
	VEC(term) *ports = arg;
	vec_push(ports, port);
}

term bif_erlang_ports_0(struct proc *p, const term *args)
{
	VEC(term) ports = { 0 };
	term list = TERM_NIL;
	port_each(p->ns, add_port, &ports);
	vec_foreach(port, &ports)
		list = heap_cons(bif_heap(p), *port, list);
	bif_charge(p, ports.count);
	vec_done(&ports);
	return list;
}
