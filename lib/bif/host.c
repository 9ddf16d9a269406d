/* SPDX-License-Identifier: Apache-2.0 */
/* What programs may ask of the host. */
#include "bif/host.h"

#include "base/clock.h"
#include "report/report.h"
#include "term/atom.h"
#include "term/bits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct host_functions host;
static int64_t start_nsec;

static void unheard(struct proc *p, const uint8_t *text, size_t size)
{
	host_display(p, STDERR_FILENO, text, size);
}

void host_set_functions(const struct host_functions *functions)
{
	host = *functions;
	start_nsec = clock_monotonic_nsec();
	proc_set_unheard(unheard);
}

void host_output(struct proc *p, const uint8_t *bytes, size_t size)
{
	host.output(p->ns, p->pid, bytes, size);
}

int64_t host_start_nsec(void)
{
	return start_nsec;
}

/* What the host's terminal does not take is lost, as with OTP's erlang:display. */
void host_display(struct proc *p, int fd, const uint8_t *bytes, size_t size)
{
	if (p->ns->booted && p->ns->streams[fd] < 0) {
		host_output(p, bytes, size);
		return;
	}
	if (p->ns->booted)
		fd = p->ns->streams[fd];
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		size -= (size_t)n;
	}
}

term bif_host_output_2(struct proc *p, const term *args)
{
	if (!term_is_local_pid(args[0]) || !term_is_binary(args[1]))
		return bif_badarg(p);
	struct bits bits = bits_of(args[1]);
	if (bits.offset != 0)
		return bif_badarg(p); /* the kernel module flattens with iolist_to_binary first */
	if (host.output != NULL)
		host.output(p->ns, args[0], bits.data, bits.size / 8);
	bif_charge(p, bits.size / 8 / 64);
	return A(ok);
}

term bif_host_tell_5(struct proc *p, const term *args)
{
	struct atom_text kind = term_is_atom(args[0]) ? atom_text(args[0]) : (struct atom_text){ 0 };
	if (!term_is_small(args[1]) || small_value(args[1]) < 0)
		return bif_badarg(p);
	for (int i = 0; i < BEAMR_REPORT_KINDS; i++) {
		const char *name = report_types[i].name;
		if (strlen(name) != kind.size || memcmp(name, kind.bytes, kind.size) != 0)
			continue;
		proc_tell(p, (enum beamr_report_kind)i, (unsigned)small_value(args[1]), args[2], args[3], args[4]);
		bif_charge(p, 50);
		return A(ok);
	}
	return bif_badarg(p);
}

term bif_host_started_0(struct proc *p, const term *args)
{
	if (host.started != NULL)
		host.started(p->ns);
	return A(ok);
}

term bif_host_logger_started_0(struct proc *p, const term *args)
{
	if (host.logger_started != NULL)
		host.logger_started(p->ns);
	return A(ok);
}

/* {flush, Bool} and {flush_timeout, Milliseconds}. False: something else. */
static bool halt_options(term list, int64_t *ret_flush_msec)
{
	int64_t msec = INT64_MAX;
	bool flush = true;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term item = cons_head(list);
		if (!term_is_tuple_of(item, 2))
			return false;
		term key = tuple_element(item, 0), value = tuple_element(item, 1);
		if (key == A(flush) && (value == A(true) || value == A(false)))
			flush = value == A(true);
		else if (key == A(flush_timeout) && term_is_small(value) && small_value(value) >= 0)
			msec = small_value(value);
		else if (key == A(flush_timeout) && value == A(infinity))
			msec = INT64_MAX;
		else
			return false;
	}
	*ret_flush_msec = flush ? msec : 0;
	return list == TERM_NIL;
}

term bif_erlang_halt_2(struct proc *p, const term *args)
{
	if (!term_is_small(args[0]) && args[0] != A(abort) && !term_is_list(args[0]))
		return bif_badarg(p);
	if (term_is_small(args[0]) && small_value(args[0]) < 0)
		return bif_badarg(p);
	int64_t flush_msec;
	if (!halt_options(args[1], &flush_msec))
		return bif_badarg_cause(p, A(badopt));
	int status = term_is_small(args[0]) ? (int)(small_value(args[0]) & 0xFF) : 1;
	char slogan[1024]; /* as much as OTP shows is less */
	size_t size = 0;
	for (term l = args[0]; term_is_cons(l) && size < sizeof(slogan) - 1; l = cons_tail(l)) {
		if (!term_is_small(cons_head(l)) || small_value(cons_head(l)) < 1 ||
			small_value(cons_head(l)) > 255)
			return bif_badarg(p);
		slogan[size++] = (char)small_value(cons_head(l));
	}
	slogan[size] = '\0';
	if (host.halt != NULL)
		host.halt(p->ns, status, slogan, flush_msec);
	/* In a node nobody sees a halt return or fail. */
	if (p->ns->booted)
		return bif_wait(p);
	/* A namespace that halts takes all its processes with it, this one first. */
	return bif_raise(p, CLASS_EXIT, A(shutdown));
}
