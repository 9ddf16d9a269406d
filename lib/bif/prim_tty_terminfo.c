/* SPDX-License-Identifier: Apache-2.0 */
/* What prim_tty asks of the terminal's description: libtinfo finds it and looks capabilities up, and what they say is worked out here.
 *
 * libtinfo holds one description for the whole process, the one that was asked for last: terminals belong to `beamrd erl`, which has
 * one node. Its own tparm() is not used: it takes numbers that a program passes for addresses where a string says so.
 * Source: prim_tty.erl of OTP 27 and 29, terminfo(5). */
#include "base/lock.h"
#include "bif/bif.h"
#include "bif/environment.h"
#include "bif/errand.h"
#include "binary/binary.h"
#include "binary/iolist.h"
#include "data/big.h"
#include "data/map.h"
#include "io/errors.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Last: it defines short words as macros. */
#include <curses.h>
#include <term.h>

#define NAME_MAX_BYTES 64   /* of a capability, or a terminal */
#define TEXT_MAX_BYTES 1024 /* of what is written for one */

static struct mutex lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static TERMINAL *current; /* guarded by lock, like all that libtinfo has */

/* An I/O list that ends in a NUL. */
static bool get_name(term t, char *ret, size_t size)
{
	struct iolist_bytes bytes;
	if (iolist_bytes_init(&bytes, t) != IOLIST_OK)
		return false;
	bool fits = bytes.size > 0 && bytes.size <= size && bytes.data[bytes.size - 1] == '\0';
	if (fits)
		memcpy(ret, bytes.data, bytes.size);
	iolist_bytes_done(&bytes);
	return fits;
}

static term error_of(struct heap *heap, const char *function, int error)
{
	return heap_tuple_of(
		heap, A(error), heap_tuple_of(heap, atom_of_string(function), errno_atom(error)));
}

/* ---------------------------------------------------------------------------------------------- the description */

/* name: NULL for what the namespace's TERM says. */
static int set_up(struct ns *ns, const char *name)
{
	char *own = NULL;
	if (name == NULL) {
		struct environment *copy = environment_copy(ns);
		char **texts = environment_texts(copy);
		for (char **text = texts; text != NULL && *text != NULL; text++)
			if (strncmp(*text, "TERM=", 5) == 0)
				own = strdup(*text + 5);
		for (char **text = texts; text != NULL && *text != NULL; text++)
			free(*text);
		free(texts);
		(void)environment_free(copy); /* always NULL */
		name = own != NULL ? own : "unknown";
	}
	int why = 0;
	mutex_lock(&lock);
	int r = setupterm((NCURSES_CONST char *)(uintptr_t)name, -1, &why) == OK ? 0 : ENOENT;
	if (r == 0) {
		if (current != NULL && current != cur_term)
			(void)del_curterm(current); /* it is not in use */
		current = cur_term;
	}
	mutex_unlock(&lock);
	free(own);
	return r;
}

term bif_prim_tty_tgetent_1(struct errand *e, const term *args)
{
	char name[NAME_MAX_BYTES];
	if (!get_name(args[0], name, sizeof(name)))
		return errand_badarg(e);
	int r = set_up(e->ns, name);
	return r == 0 ? A(ok) : error_of(errand_heap(e), "tgetent", r);
}

term bif_prim_tty_setupterm_0(struct errand *e, const term *args)
{
	(void)args; /* none */
	int r = set_up(e->ns, NULL);
	return r == 0 ? A(ok) : error_of(errand_heap(e), "setupterm", r);
}

term bif_prim_tty_tgetnum_1(struct proc *p, const term *args)
{
	char name[NAME_MAX_BYTES];
	if (!get_name(args[0], name, sizeof(name)))
		return bif_badarg(p);
	mutex_lock(&lock);
	int number = current != NULL ? tgetnum(name) : -1;
	mutex_unlock(&lock);
	return term_of_small(number);
}

term bif_prim_tty_tgetflag_1(struct proc *p, const term *args)
{
	char name[NAME_MAX_BYTES];
	if (!get_name(args[0], name, sizeof(name)))
		return bif_badarg(p);
	mutex_lock(&lock);
	bool there = current != NULL && tgetflag(name) > 0;
	mutex_unlock(&lock);
	return term_of_bool(there);
}

static term text_answer(struct proc *p, const char *name, bool by_code)
{
	char copy[TEXT_MAX_BYTES];
	mutex_lock(&lock);
	const char *text = current == NULL ? NULL : by_code ? tgetstr(name, NULL) : tigetstr(name);
	/* Without a description libtinfo says the same of all. */
	bool unknown = text == (const char *)(intptr_t)-1 || (current == NULL && !by_code);
	bool there = text != NULL && !unknown && strlen(text) < sizeof(copy);
	if (there)
		memcpy(copy, text, strlen(text) + 1);
	mutex_unlock(&lock);
	if (unknown)
		return bif_badarg(p);
	if (!there)
		return A(false);
	return heap_tuple_of(bif_heap(p), A(ok), bits_of_bytes(bif_heap(p), copy, strlen(copy)));
}

term bif_prim_tty_tgetstr_1(struct proc *p, const term *args)
{
	char name[NAME_MAX_BYTES];
	return get_name(args[0], name, sizeof(name)) ? text_answer(p, name, true) : bif_badarg(p);
}

term bif_prim_tty_tigetstr_1(struct proc *p, const term *args)
{
	char name[NAME_MAX_BYTES];
	return get_name(args[0], name, sizeof(name)) ? text_answer(p, name, false) : bif_badarg(p);
}

static term text_of(struct heap *heap, const char *text)
{
	term list = TERM_NIL;
	for (size_t i = strlen(text); i > 0; i--)
		list = heap_cons(heap, term_of_small((uint8_t)text[i - 1]), list);
	return list;
}

/* The last one first, as OTP has it. */
static term names_of(struct heap *heap, NCURSES_CONST char *const *names,
	NCURSES_CONST char *const *codes, NCURSES_CONST char *const *full)
{
	term list = TERM_NIL;
	for (size_t i = 0; names[i] != NULL && codes[i] != NULL && full[i] != NULL; i++) {
		term pairs[] = { A(name), text_of(heap, names[i]), A(code), text_of(heap, codes[i]),
			atom_of_string("full_name"), text_of(heap, full[i]) };
		list = heap_cons(heap, map_put_many(heap, map_empty(), pairs, 3), list);
	}
	return list;
}

term bif_prim_tty_tinfo_0(struct proc *p, const term *args)
{
	(void)args; /* none */
	struct heap *heap = bif_heap(p);
	term pairs[] = { atom_of_string("bool"), names_of(heap, boolnames, boolcodes, boolfnames),
		atom_of_string("num"), names_of(heap, numnames, numcodes, numfnames),
		atom_of_string("str"), names_of(heap, strnames, strcodes, strfnames) };
	bif_charge(p, 2000);
	return map_put_many(heap, map_empty(), pairs, 3);
}

/* ---------------------------------------------------------------------------------------------- capabilities with parameters */

#define PARAMETERS 9
#define STACK 32

struct program {
	const char *at, *end;
	int64_t parameters[PARAMETERS];
	int64_t variables[52]; /* %Pa to %PZ; they do not outlast the call */
	int64_t stack[STACK];
	unsigned depth;
	char text[TEXT_MAX_BYTES];
	size_t size;
};

static void push(struct program *m, int64_t value)
{
	if (m->depth < STACK)
		m->stack[m->depth++] = value; /* what is too much is lost, as in libtinfo */
}

static int64_t pop(struct program *m)
{
	return m->depth > 0 ? m->stack[--m->depth] : 0;
}

static void put(struct program *m, char c)
{
	if (m->size < sizeof(m->text))
		m->text[m->size++] = c;
}

/* Whatever they are, no result is undefined. */
static int64_t calculate(char operator, int64_t a, int64_t b)
{
	const uint64_t x = (uint64_t)a, y = (uint64_t)b;
	switch (operator) {
	case '+':
		return (int64_t)(x + y);
	case '-':
		return (int64_t)(x - y);
	case '*':
		return (int64_t)(x * y);
	case '/':
		return b == 0 || b == -1 ? 0 : a / b;
	case 'm':
		return b == 0 || b == -1 ? 0 : a % b;
	case '&':
		return a & b;
	case '|':
		return a | b;
	case '^':
		return a ^ b;
	case '=':
		return a == b;
	case '<':
		return a < b;
	case '>':
		return a > b;
	case 'A':
		return a != 0 && b != 0;
	default: /* 'O' */
		return a != 0 || b != 0;
	}
}

/* Behind the %e (when or_else) or %; that ends the part of a %? that is not taken. */
static void skip_part(struct program *m, bool or_else)
{
	for (unsigned depth = 0; m->at < m->end;) {
		if (*m->at++ != '%' || m->at == m->end)
			continue;
		char c = *m->at++;
		if (c == '?')
			depth++;
		else if (c == ';' && depth-- == 0)
			return;
		else if (c == 'e' && depth == 0 && or_else)
			return;
	}
}

static int64_t *variable_of(struct program *m, char name)
{
	if (name >= 'a' && name <= 'z')
		return &m->variables[name - 'a'];
	return name >= 'A' && name <= 'Z' ? &m->variables[26 + name - 'A'] : NULL;
}

static char next(struct program *m)
{
	return m->at < m->end ? *m->at++ : '\0';
}

/* %[[:]flags][width[.precision]]{d o x X s}: a number; a string cannot be one of the parameters. */
static void put_number(struct program *m)
{
	bool left = false, sign = false, alternate = false, blank = false, zero = false;
	int width = 0, precision = -1;
	char text[160], format[16];
	size_t n = 0;
	if (m->at < m->end && *m->at == ':')
		m->at++;
	for (bool flag = true; flag && m->at < m->end; m->at += flag ? 1 : 0) {
		char c = *m->at;
		flag = c == '-' || c == '+' || c == '#' || c == ' ' || c == '0';
		left |= c == '-', sign |= c == '+', alternate |= c == '#', blank |= c == ' ';
		zero |= c == '0';
	}
	for (; m->at < m->end && *m->at >= '0' && *m->at <= '9'; m->at++)
		width = width < 100 ? width * 10 + *m->at - '0' : width;
	if (m->at < m->end && *m->at == '.')
		for (precision = 0, m->at++; m->at < m->end && *m->at >= '0' && *m->at <= '9';
			m->at++)
			precision = precision < 100 ? precision * 10 + *m->at - '0' : precision;
	char kind = next(m);
	if (kind != 'd' && kind != 'o' && kind != 'x' && kind != 'X')
		return; /* %s, or nothing that is known */
	format[n++] = '%';
	if (left)
		format[n++] = '-';
	if (sign)
		format[n++] = '+';
	if (alternate)
		format[n++] = '#';
	if (blank)
		format[n++] = ' ';
	if (zero)
		format[n++] = '0';
	memcpy(format + n, "*.*l", 4);
	format[n + 4] = kind;
	format[n + 5] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int length = snprintf(text, sizeof(text), format, width > 100 ? 100 : width,
		precision > 100 ? 100 : precision, (long)pop(m));
#pragma GCC diagnostic pop
	for (int i = 0; i < length && i < (int)sizeof(text) - 1; i++)
		put(m, text[i]);
}

/* What follows a %. */
static void step(struct program *m)
{
	char c = next(m);
	int64_t *variable, value = 0;
	switch (c) {
	case '%':
		put(m, '%');
		return;
	case 'c':
		put(m, (char)pop(m));
		return;
	case 'p':
		c = next(m);
		push(m, c >= '1' && c <= '9' ? m->parameters[c - '1'] : 0);
		return;
	case 'P':
	case 'g':
		variable = variable_of(m, next(m));
		if (variable != NULL && c == 'P')
			*variable = pop(m);
		else if (variable != NULL)
			push(m, *variable);
		return;
	case '\'':
		push(m, (uint8_t)next(m));
		(void)next(m); /* the other quote */
		return;
	case '{':
		while ((c = next(m)) >= '0' && c <= '9')
			value = value < INT_MAX ? value * 10 + c - '0' : value;
		push(m, value);
		return;
	case 'l':
		(void)pop(m); /* of a string, which it cannot be */
		push(m, 0);
		return;
	case '+':
	case '-':
	case '*':
	case '/':
	case 'm':
	case '&':
	case '|':
	case '^':
	case '=':
	case '<':
	case '>':
	case 'A':
	case 'O':
		value = pop(m);
		push(m, calculate(c, pop(m), value));
		return;
	case '!':
		push(m, pop(m) == 0);
		return;
	case '~':
		push(m, ~pop(m));
		return;
	case 'i':
		m->parameters[0]++;
		m->parameters[1]++;
		return;
	case 't':
		if (pop(m) == 0)
			skip_part(m, true);
		return;
	case 'e':
		skip_part(m, false);
		return;
	case '?':
	case ';':
	case '\0':
		return;
	default:
		m->at--;
		put_number(m);
	}
}

/* Delays, "$<5/>", are for terminals that are no more. */
static void skip_delay(struct program *m)
{
	const char *p = m->at + 1;
	while (p < m->end && (strchr("0123456789.*/", *p) != NULL && *p != '\0'))
		p++;
	if (p < m->end && *p == '>' && p > m->at + 1)
		m->at = p + 1;
	else
		put(m, '$');
}

static void run_program(struct program *m, const char *text, bool has_parameters)
{
	m->at = text;
	m->end = text + strlen(text);
	while (m->at < m->end) {
		char c = *m->at++;
		if (c == '%' && has_parameters)
			step(m);
		else if (c == '$' && m->at < m->end && *m->at == '<')
			skip_delay(m);
		else
			put(m, c);
	}
}

static term written(struct proc *p, const char *text, const int64_t *parameters, size_t count)
{
	struct program *m = mem_zalloc(MEM_TEMP, sizeof(*m));
	if (count > 0)
		memcpy(m->parameters, parameters, count * sizeof(*parameters));
	run_program(m, text, count > 0);
	bif_charge(p, 10);
	term bytes = bits_of_bytes(bif_heap(p), m->text, m->size);
	mem_free(MEM_TEMP, m, sizeof(*m));
	return heap_tuple_of(bif_heap(p), A(ok), bytes);
}

/* Of its arguments the last is the row, the one before the column; what is not said is 0. */
static term go(struct proc *p, const term *args, size_t row, size_t column)
{
	char text[TEXT_MAX_BYTES];
	int64_t parameters[2] = { 0 };
	if (!get_name(args[0], text, sizeof(text)) ||
		(row > 0 && !integer_to_i64(args[row], &parameters[0])) ||
		(column > 0 && !integer_to_i64(args[column], &parameters[1])))
		return bif_badarg(p);
	return written(p, text, parameters, 2);
}

term bif_prim_tty_tgoto_1(struct proc *p, const term *args)
{
	(void)args; /* OTP's takes one that is not there */
	return bif_badarg(p);
}

term bif_prim_tty_tgoto_2(struct proc *p, const term *args)
{
	return go(p, args, 1, 0);
}

/* As in OTP, which has no use for the row. */
term bif_prim_tty_tgoto_3(struct proc *p, const term *args)
{
	return go(p, args, 0, 1);
}

term bif_prim_tty_tputs_2(struct proc *p, const term *args)
{
	char text[TEXT_MAX_BYTES];
	int64_t parameters[PARAMETERS] = { 0 };
	size_t count = 0;
	if (!get_name(args[0], text, sizeof(text)))
		return bif_badarg(p);
	term list = args[1];
	for (; term_is_cons(list); list = cons_tail(list))
		if (count == PARAMETERS || !integer_to_i64(cons_head(list), &parameters[count++]))
			return bif_badarg(p);
	return list == TERM_NIL ? written(p, text, parameters, count) : bif_badarg(p);
}
