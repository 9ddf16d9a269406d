/* SPDX-License-Identifier: Apache-2.0 */
/* Module erlang: references, funs, and identifiers as text and back; display/1.
 * Source: module erlang of OTP 27. */
#include "base/utf8.h"
#include "bif/bif.h"
#include "io/port.h"
#include "bif/host.h"
#include "binary/binary.h"
#include "code/module.h"
#include "data/big.h"
#include "ns/export.h"
#include "term/fun.h"
#include "term/ident.h"
#include "term/print.h"

#include <string.h>
#include <unistd.h>

term bif_erlang_make_ref_0(struct proc *p, const term *args)
{
	return ref_put(heap_alloc(bif_heap(p), REF_WORDS), ref_new_id());
}

/* Text. */

/* The characters of UTF-8 text that beamr wrote itself. */
static term list_of_text(struct heap *heap, const char *text, size_t size)
{
	size_t chars = 0;
	for (size_t i = 0; i < size; i++)
		chars += ((uint8_t)text[i] & 0xC0) != 0x80;
	if (chars == 0)
		return TERM_NIL;
	term *cell = heap_alloc(heap, 2 * chars);
	term list = term_of_cons(cell);
	for (size_t i = 0; i < size; cell += 2) {
		uint32_t c = 0;
		int n = utf8_decode((const uint8_t *)text + i, size - i, &c);
		i += n > 0 ? (size_t)n : 1;
		cell[0] = term_of_small(c);
		cell[1] = i < size ? term_of_cons(cell + 2) : TERM_NIL;
	}
	return list;
}

static term text_of(struct proc *p, term t)
{
	struct print_out out;
	print_init_growing(&out, SIZE_MAX);
	print_term(&out, t, PRINT_UNICODE, 0);
	term list = list_of_text(bif_heap(p), out.data, out.size);
	print_free(&out);
	return list;
}

term bif_erlang_fun_to_list_1(struct proc *p, const term *args)
{
	return term_is_fun(args[0]) ? text_of(p, args[0]) : bif_badarg(p);
}

term bif_erlang_pid_to_list_1(struct proc *p, const term *args)
{
	return term_is_pid(args[0]) ? text_of(p, args[0]) : bif_badarg(p);
}

term bif_erlang_port_to_list_1(struct proc *p, const term *args)
{
	return term_is_port(args[0]) ? text_of(p, args[0]) : bif_badarg(p);
}

term bif_erlang_ref_to_list_1(struct proc *p, const term *args)
{
	return term_is_ref(args[0]) ? text_of(p, args[0]) : bif_badarg(p);
}

term bif_erlang_display_1(struct proc *p, const term *args)
{
	struct print_out out;
	print_init_growing(&out, SIZE_MAX);
	print_display(&out, args[0]);
	print_string(&out, "\r\n"); /* Source: OTP, whose terminal may be in raw mode */
	host_display(p, STDOUT_FILENO, (const uint8_t *)out.data, out.size);
	bif_charge(p, out.size / 16);
	print_free(&out);
	return A(true);
}

/* For messages of the emulator's own modules; beyond the limit "..." and a blank stand. */
term bif_internal_term_to_string_2(struct proc *p, const term *args)
{
	struct print_out out;
	size_t limit = SIZE_MAX;
	if (args[1] != A(undefined) && (!bif_get_size(args[1], &limit) || limit == 0))
		return bif_badarg(p);
	print_init_growing(&out, limit);
	print_display(&out, args[0]);
	bool cut = out.truncated;
	term list = list_of_text(bif_heap(p), out.data, out.size);
	print_free(&out);
	if (cut) {
		term last = list;
		while (cons_tail(last) != TERM_NIL)
			last = cons_tail(last);
		cons_ptr(last)[1] = heap_cons(bif_heap(p), term_of_small(' '), TERM_NIL); /* ours: nobody has seen it yet */
	}
	return list;
}

/* Identifiers read back. Numbers between fixed characters: PREFIX n.n.n> */

#define IDENT_TEXT_MAX 128
#define IDENT_NUMBERS_MAX 6

static bool digits_at(const char **at, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = *at;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	*at = p;
	*ret = v;
	return true;
}

static bool read_ident(term list, const char *prefix, unsigned count, uint64_t *numbers)
{
	char text[IDENT_TEXT_MAX];
	size_t size = 0;
	for (; term_is_cons(list); list = cons_tail(list)) {
		size_t c;
		if (!bif_get_size(cons_head(list), &c) || c == 0 || c > 126 || size + 1 == sizeof(text))
			return false;
		text[size++] = (char)c;
	}
	text[size] = '\0';
	const char *at = text + strlen(prefix);
	if (list != TERM_NIL || strncmp(text, prefix, strlen(prefix)) != 0)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if ((i > 0 && *at++ != '.') || !digits_at(&at, &numbers[i]))
			return false;
	}
	return at[0] == '>' && at[1] == '\0';
}

/* Law 12: a pid of a live process of another namespace is not to be had this way. */
term bif_erlang_list_to_pid_1(struct proc *p, const term *args)
{
	uint64_t n[3];
	if (!read_ident(args[0], "<", 3, n) || n[0] != 0 || n[1] > PID_SLOT_MAX || n[2] > PID_SERIAL_MAX)
		return bif_badarg(p);
	term pid = term_of_pid((uint32_t)n[1], (uint32_t)n[2]);
	const struct proc *named = pid == p->pid ? p : proc_lookup(pid);
	return named == NULL || named->ns == p->ns ? pid : bif_badarg(p);
}

term bif_erlang_list_to_port_1(struct proc *p, const term *args)
{
	uint64_t n[2];
	if (!read_ident(args[0], "#Port<", 2, n) || n[0] != 0 || n[1] > UINT64_MAX >> 6)
		return bif_badarg(p);
	term port = (term)n[1] << 6 | IMM_PORT;
	return port_is_of(port, p->ns) ? port : bif_badarg(p);
}

/* An ordinary reference: knowing the text of an alias does not make one. */
term bif_erlang_list_to_ref_1(struct proc *p, const term *args)
{
	uint64_t n[4];
	if (!read_ident(args[0], "#Ref<", 4, n) || n[0] != 0 || n[2] > UINT32_MAX || n[3] > UINT32_MAX)
		return bif_badarg(p);
	struct ref_id id = { n[1], n[2] << 32 | n[3] };
	return ref_put(heap_alloc(bif_heap(p), REF_WORDS), id);
}

/* Funs. */

term bif_erlang_make_fun_3(struct proc *p, const term *args)
{
	size_t arity;
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]) || !bif_get_size(args[2], &arity) || arity > 255)
		return bif_badarg(p);
	const struct export *export = export_get(args[0], args[1], (uint32_t)arity);
	if (export == NULL)
		return bif_system_limit(p);
	return export_fun_put(heap_alloc(bif_heap(p), EXPORT_FUN_WORDS), export);
}

static term list_of_terms(struct heap *heap, const term *values, size_t count)
{
	term list = TERM_NIL;
	for (size_t i = count; i-- > 0;)
		list = heap_cons(heap, values[i], list);
	return list;
}

/* TERM_NONE: no such item. */
static term local_fun_item(struct heap *heap, term fun, term item)
{
	const struct fun_entry *entry = fun_entry(fun);
	if (item == A(module))
		return entry->module_name;
	if (item == A(name))
		return entry->function != A(empty) ? entry->function : TERM_NIL; /* of code that is not loaded */
	if (item == A(arity))
		return term_of_small(entry->arity);
	if (item == A(type))
		return A(local);
	if (item == A(env))
		return list_of_terms(heap, fun_free(fun), entry->free_count);
	if (item == A(index) || item == A(new_index))
		return term_of_small(entry->index);
	if (item == A(uniq))
		return term_of_small(entry->old_uniq);
	if (item == A(new_uniq))
		return bits_of_bytes(heap, entry->uniq, sizeof(entry->uniq));
	if (item == A(pid))
		return fun_creator(fun);
	if (item == A(refc))
		/* Of the code that it keeps; relaxed: a number to look at. */
		return integer_of_u64(heap, atomic_load_relaxed(&entry->module->refs));
	return TERM_NONE;
}

static term export_fun_item(term fun, term item)
{
	const struct export *export = export_fun(fun);
	if (item == A(module))
		return export->module;
	if (item == A(name))
		return export->function;
	if (item == A(arity))
		return term_of_small(export->arity);
	if (item == A(type))
		return A(external);
	if (item == A(env))
		return TERM_NIL;
	if (item == A(index) || item == A(new_index) || item == A(uniq) || item == A(new_uniq) || item == A(pid) ||
		item == A(refc))
		return A(undefined);
	return TERM_NONE;
}

term bif_erlang_fun_info_2(struct proc *p, const term *args)
{
	term value = TERM_NONE;
	if (term_is_kind(args[0], BOXED_FUN))
		value = local_fun_item(bif_heap(p), args[0], args[1]);
	else if (term_is_kind(args[0], BOXED_EXPORT_FUN))
		value = export_fun_item(args[0], args[1]);
	return value != TERM_NONE ? heap_tuple_of(bif_heap(p), args[1], value) : bif_badarg(p);
}

term bif_erlang_fun_info_mfa_1(struct proc *p, const term *args)
{
	if (term_is_kind(args[0], BOXED_FUN)) {
		const struct fun_entry *entry = fun_entry(args[0]);
		return heap_tuple_of(bif_heap(p), entry->module_name, entry->function, term_of_small(entry->arity));
	}
	if (!term_is_kind(args[0], BOXED_EXPORT_FUN))
		return bif_badarg(p);
	const struct export *export = export_fun(args[0]);
	return heap_tuple_of(bif_heap(p), export->module, export->function, term_of_small(export->arity));
}
