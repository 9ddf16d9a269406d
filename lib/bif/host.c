/* SPDX-License-Identifier: Apache-2.0 */
/* What programs may ask of the host. */
#include "bif/host.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "binary/binary.h"
#include "proc/deaths.h"
#include "report/report.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/print.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NOTE_DEPTH 30 /* levels and elements of a noted term that are kept */

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

void host_output(struct proc *p, term from, int stream, const uint8_t *bytes, size_t size)
{
	host.output(p->ns, from, stream, bytes, size);
}

int64_t host_start_nsec(void)
{
	return start_nsec;
}

/* What the host's terminal does not take is lost, as with OTP's erlang:display. */
void host_display(struct proc *p, int fd, const uint8_t *bytes, size_t size)
{
	if (p->ns->booted && p->ns->streams[fd] < 0) {
		host_output(p, p->pid, fd, bytes, size);
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
		host.output(p->ns, args[0], STDOUT_FILENO, bits.data, bits.size / 8);
	bif_charge(p, bits.size / 8 / 64);
	return A(ok);
}

enum { SAYING_OTHER, SAYING_TEXT, SAYING_DETAIL, SAYING_REASON, SAYING_CAUSE, SAYING_PID, SAYING_MFA, SAYING_FILE, SAYING_LINE,
	SAYING_FIELDS, SAYING_PARTS };

term bif_host_tell_3(struct proc *p, const term *args)
{
	struct atom_text kind = term_is_atom(args[0]) ? atom_text(args[0]) : (struct atom_text){ 0 };
	if (!term_is_small(args[1]) || small_value(args[1]) < 0 || !term_is_tuple_of(args[2], SAYING_PARTS))
		return bif_badarg(p);
	const term *e = tuple_elements(args[2]);
	struct proc_saying saying = { .priority = (unsigned)small_value(args[1]),
		.dying = args[0] == A(dying),
		.other = e[SAYING_OTHER],
		.text = e[SAYING_TEXT],
		.detail = e[SAYING_DETAIL],
		.reason = e[SAYING_REASON],
		.cause = e[SAYING_CAUSE],
		.pid = e[SAYING_PID],
		.mfa = e[SAYING_MFA],
		.file = e[SAYING_FILE],
		.line = e[SAYING_LINE],
		.fields = e[SAYING_FIELDS] };
	for (int i = 0; i < BEAMR_REPORT_KINDS; i++) {
		const char *name = report_types[i].name;
		if (saying.dying ? i != BEAMR_REPORT_LOG
				 : strlen(name) != kind.size || memcmp(name, kind.bytes, kind.size) != 0)
			continue;
		proc_tell(p, (enum beamr_report_kind)i, &saying);
		bif_charge(p, 50);
		return A(ok);
	}
	return bif_badarg(p);
}

/* Kept as text, and only as much of it as a field of an entry takes. */
term bif_host_note_2(struct proc *p, const term *args)
{
	static const struct {
		term name;
		enum death_note kind;
	} kinds[] = { { A(last_message), DEATH_LAST_MESSAGE }, { A(state), DEATH_STATE }, { A(client), DEATH_CLIENT },
		{ A(server), DEATH_SERVER } };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].name != args[0])
			continue;
		bool secret = kinds[i].kind == DEATH_LAST_MESSAGE || kinds[i].kind == DEATH_STATE;
		if (secret && !atomic_load_relaxed(&p->ns->crash_detail)) /* a setting */
			return A(ok);
		struct print_out out;
		char *text = deaths_note(p, kinds[i].kind);
		print_init_fixed(&out, text, DEATH_NOTE_MAX);
		print_term(&out, args[1], PRINT_STRINGS | PRINT_UNICODE, NOTE_DEPTH);
		text[out.size] = '\0';
		bif_charge(p, out.size / 8);
		return A(ok);
	}
	return bif_badarg(p);
}

static term crash_id_term(struct proc *p, struct beamr_crash_id id)
{
	char text[BEAMR_CRASH_ID_TEXT];
	if (crash_id_is_none(id))
		return A(undefined);
	crash_id_text(id, text);
	return bits_of_bytes(bif_heap(p), (const uint8_t *)text, sizeof(text) - 1);
}

term bif_host_died_1(struct proc *p, const term *args)
{
	return crash_id_term(p, term_is_local_pid(args[0]) ? deaths_find(p, args[0]) : (struct beamr_crash_id){ 0 });
}

term bif_host_failed_1(struct proc *p, const term *args)
{
	return crash_id_term(p, deaths_find_reason(p, args[0]));
}

/* The state of OTP's module supervisor, as releases 24 to 29 have it: {state, Name, Strategy, Children, Dynamics, Intensity, Period,
 * Restarts, ...}. */
static bool is_supervisor_state(term t)
{
	if (!term_is_tuple(t) || tuple_arity(t) < 11)
		return false;
	const term *e = tuple_elements(t);
	bool known = e[2] == A(one_for_one) || e[2] == A(one_for_all) || e[2] == A(rest_for_one) ||
		     e[2] == A(simple_one_for_one);
	return known && e[0] == A(state) && term_is_small(e[5]) && term_is_small(e[6]) && term_is_list(e[7]);
}

/* How often a supervisor may start children again, and when it did, is in none of its reports. It is asked while it makes one: its state
 * then is in a register of a frame below, the newest nearest to the top. */
term bif_host_supervisor_0(struct proc *p, const term *args)
{
	for (const term *at = proc_heap(p)->limit; at < p->mem.end; at++) {
		if (!is_supervisor_state(*at))
			continue;
		const term *e = tuple_elements(*at);
		return heap_tuple_of(bif_heap(p), e[5], e[6], e[7]);
	}
	return A(undefined);
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

/* {flush, Bool} and {flush_timeout, Milliseconds}. False: something else; OTP's documents allow `infinity`, but OTP does not. */
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
		else
			return false;
	}
	*ret_flush_msec = flush ? msec : 0;
	return list == TERM_NIL;
}

/* At most so many characters are told, as in OTP. */
#define SLOGAN_CHARACTERS 1023

term bif_erlang_halt_2(struct proc *p, const term *args)
{
	const term what = args[0];
	struct halt halt = { .kind = what == A(abort) ? HALT_ABORT : term_is_list(what) ? HALT_SLOGAN : HALT_STATUS };
	if (!term_is_small(what) && halt.kind == HALT_STATUS)
		return bif_badarg(p);
	if (term_is_small(what) && small_value(what) < 0)
		return bif_badarg(p);
	if (!halt_options(args[1], &halt.flush_msec))
		return bif_badarg_cause(p, A(badopt));
	halt.status = term_is_small(what) ? (int)(small_value(what) & 0xFF) : 1;
	uint8_t slogan[SLOGAN_CHARACTERS * 4 + 1];
	size_t size = 0, characters = 0;
	for (term l = what; term_is_cons(l); l = cons_tail(l)) {
		const term c = cons_head(l);
		uint8_t text[4];
		int n = term_is_small(c) && small_value(c) >= 0 && small_value(c) <= 0x10FFFF ?
			utf8_encode((uint32_t)small_value(c), text) : 0;
		if (n <= 0)
			return bif_badarg(p);
		if (characters++ == SLOGAN_CHARACTERS)
			break;
		memcpy(slogan + size, text, (size_t)n);
		size += (size_t)n;
	}
	slogan[size] = '\0';
	halt.slogan = (const char *)slogan;
	if (host.halt != NULL)
		host.halt(p->ns, &halt);
	/* In a node nobody sees a halt return or fail. */
	if (p->ns->booted)
		return bif_wait(p);
	/* A namespace that halts takes all its processes with it, this one first. */
	return bif_raise(p, CLASS_EXIT, A(shutdown));
}
