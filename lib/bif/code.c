/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, purging and looking at modules: what lies below code, code_server, init and erts_code_purger. All of it concerns
 * the caller's namespace only (law 12). */
#include "base/vec.h"
#include "bif/bif.h"
#include "binary/binary.h"
#include "code/beamfile.h"
#include "code/digests.h"
#include "code/load.h"
#include "proc/purge.h"
#include "ns/quota.h"
#include "ns/ns.h"
#include "term/fun.h"
#include "term/ident.h"

#include <stdlib.h>

/* ------------------------------------------------------------------------------------------------ prepared code */

/* What erts_internal:prepare_loading/2 returns a reference to. */
struct prepared {
	struct counted counted;
	struct module_code *code; /* a reference */
	_Atomic bool used;        /* by finish_loading/1, which takes it once */
};

#define PREPARED_BYTES 4096 /* what one counts for in the collector's pace */

static void prepared_destroy(struct counted *counted)
{
	struct prepared *prepared = (struct prepared *)counted; /* first member */
	(void)module_code_unref(prepared->code); /* always NULL */
	mem_free(MEM_CODE, prepared, sizeof(*prepared));
}

/* NULL when the term is none. */
static struct prepared *prepared_of(term t)
{
	if (!term_is_kind(t, BOXED_MAGIC_REF))
		return NULL;
	struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(t)[2];
	return counted->destroy == prepared_destroy ? (struct prepared *)counted : NULL;
}

static term prepared_new(struct proc *p, struct module_code *code)
{
	struct prepared *prepared = mem_zalloc(MEM_CODE, sizeof(*prepared));
	prepared->counted.refs = 1;
	prepared->counted.destroy = prepared_destroy;
	prepared->code = code;
	struct ref_id id = ref_new_id();
	term *m = heap_alloc(bif_heap(p), MAGIC_REF_WORDS);
	m[0] = HEADER(BOXED_MAGIC_REF, 4);
	m[2] = (term)(uintptr_t)prepared;
	m[3] = id.high;
	m[4] = id.low;
	offheap_add(&bif_heap(p)->offheap, m, PREPARED_BYTES);
	return term_of_boxed(m);
}

/* Whether the namespace's current code of that module came from the same file. */
static bool is_current(struct ns *ns, term name, const uint8_t digest[DIGEST_BYTES])
{
	const struct module *m = ns_module(ns, name);
	const struct module_code *current = m == NULL ? NULL : atomic_load_acquire(&m->current); /* Pairs with ns_publish(). */
	return current != NULL && memcmp(digest, current->digest, DIGEST_BYTES) == 0;
}

term bif_code_prepare_loading_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || !term_is_binary(args[1]))
		return bif_badarg(p);
	struct flat_bits file;
	flat_bits_init(&file, args[1]);
	struct module_code *code = NULL;
	struct load_error error;
	uint8_t digest[DIGEST_BYTES];
	/* Whoever read the file may know already what it is. */
	bool whole = term_is_kind(args[1], BOXED_REF_BITS) && file.data == ref_bits_binary(args[1])->data &&
		file.size == ref_bits_binary(args[1])->size;
	if (!whole || !digest_noted(ref_bits_binary(args[1]), digest)) {
		load_digest(file.data, file.size, digest);
		bif_charge(p, file.size / 32);
	}
	int r = is_current(p->ns, args[0], digest) ?
		load_code_again(file.data, file.size, args[0], &code, &error) :
		load_code_of(file.data, file.size, digest, args[0], &code, &error);
	bif_charge(p, file.size / 256 + 1);
	flat_bits_done(&file);
	if (r != 0)
		return heap_tuple_of(bif_heap(p), A(error), A(badfile));
	if (!ns_has_code_room(p->ns, code)) {
		(void)module_code_unref(code); /* always NULL */
		return heap_tuple_of(bif_heap(p), A(error), A(system_limit));
	}
	return prepared_new(p, code);
}

term bif_code_has_prepared_code_on_load_1(struct proc *p, const term *args)
{
	const struct prepared *prepared = prepared_of(args[0]);
	return prepared == NULL ? bif_badarg(p) : term_of_bool(prepared->code->on_load != NULL);
}

static term refused(struct proc *p, term why, term modules)
{
	return heap_tuple_of(bif_heap(p), why, modules);
}

/* The modules of the list for which `test` holds, in the list's order. */
static term modules_where(struct proc *p, term list, bool (*test)(struct ns *ns, const struct module_code *code))
{
	VEC(term) names = { 0 };
	for (; term_is_cons(list); list = cons_tail(list)) {
		const struct module_code *code = prepared_of(cons_head(list))->code;
		if (test(p->ns, code))
			vec_push(&names, code->name);
	}
	term modules = TERM_NIL;
	while (names.count > 0)
		modules = heap_cons(bif_heap(p), vec_pop(&names), modules);
	vec_done(&names);
	return modules;
}

static bool would_be_third(struct ns *ns, const struct module_code *code)
{
	struct module *m = ns_module(ns, code->name);
	return m != NULL && atomic_load_acquire(&m->current) != NULL && module_has_old(ns, m);
}

static bool has_on_load(struct ns *ns, const struct module_code *code)
{
	(void)ns; /* the same everywhere */
	return code->on_load != NULL;
}

static int compare_terms_as_words(const void *a, const void *b)
{
	term x = *(const term *)a, y = *(const term *)b;
	return x < y ? -1 : x > y;
}

/* Module names that stand twice. */
static term duplicates(struct proc *p, term list)
{
	VEC(term) names = { 0 };
	for (; term_is_cons(list); list = cons_tail(list))
		vec_push(&names, prepared_of(cons_head(list))->code->name);
	term found = TERM_NIL;
	if (names.count > 1)
		qsort(names.items, names.count, sizeof(term), compare_terms_as_words);
	for (size_t i = 1; i < names.count; i++) {
		if (names.items[i] == names.items[i - 1] && (i == 1 || names.items[i - 2] != names.items[i]))
			found = heap_cons(bif_heap(p), names.items[i], found);
	}
	vec_done(&names);
	return found;
}

term bif_code_finish_loading_1(struct proc *p, const term *args)
{
	term list;
	size_t count = 0;
	for (list = args[0]; term_is_cons(list); list = cons_tail(list)) {
		struct prepared *prepared = prepared_of(cons_head(list));
		if (prepared == NULL || atomic_load_acquire(&prepared->used)) /* Pairs with the store below. */
			return bif_badarg(p);
		count++;
	}
	if (!term_is_nil(list))
		return bif_badarg(p);
	bif_charge(p, count * 8);
	term names = duplicates(p, args[0]);
	if (!term_is_nil(names))
		return refused(p, A(duplicated), names);
	names = modules_where(p, args[0], would_be_third);
	if (!term_is_nil(names))
		return refused(p, A(not_purged), names);
	term on_load = modules_where(p, args[0], has_on_load);
	if (count > 1 && !term_is_nil(on_load))
		return refused(p, A(on_load), on_load);
	for (list = args[0]; term_is_cons(list); list = cons_tail(list)) {
		struct prepared *prepared = prepared_of(cons_head(list));
		struct module_code *code = module_code_ref(prepared->code);
		int r = code->on_load != NULL ? ns_keep_pending(p->ns, code) : ns_publish(p->ns, code, NULL, false);
		if (r != 0) {
			/* Another process was faster with the same module. */
			term one = heap_cons(bif_heap(p), code->name, TERM_NIL);
			(void)module_code_unref(code); /* always NULL */
			return refused(p, A(not_purged), one);
		}
		atomic_store_release(&prepared->used, true); /* Pairs with the test above. */
	}
	return term_is_nil(on_load) ? A(ok) : refused(p, A(on_load), on_load);
}

/* ------------------------------------------------------------------------------------------------ on_load */

term bif_code_call_on_load_function_1(struct proc *p, const term *args)
{
	struct module_code *code = term_is_atom(args[0]) ? ns_pending_code(p->ns, args[0]) : NULL;
	if (code == NULL)
		return bif_badarg(p);
	struct fun_entry *entry = &code->on_load_fun;
	entry->code = code->on_load;
	entry->module = code;
	entry->function = A(on_load);
	term *fun = heap_alloc(bif_heap(p), FUN_WORDS(0));
	fun[0] = HEADER(BOXED_FUN, FUN_WORDS(0) - 1);
	fun[1] = (term)(uintptr_t)entry;
	fun[2] = p->pid;
	const struct export *apply = export_get(A(erlang), A(apply), 2);
	if (apply == NULL)
		return bif_system_limit(p);
	return bif_trap(p, apply, 2, (term[]){ term_of_boxed(fun), TERM_NIL });
}

term bif_code_finish_after_on_load_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || (args[1] != A(true) && args[1] != A(false)))
		return bif_badarg(p);
	struct module_code *code = ns_take_pending(p->ns, args[0]);
	if (code == NULL)
		return bif_badarg(p);
	int r = args[1] == A(true) ? ns_publish(p->ns, code, NULL, false) : NS_E_ON_LOAD;
	if (r != 0)
		(void)module_code_unref(code); /* always NULL */
	return r == 0 || args[1] == A(false) ? A(true) : bif_badarg(p);
}

/* ------------------------------------------------------------------------------------------------ old code */

term bif_code_check_old_code_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	struct module *m = ns_module(p->ns, args[0]);
	return term_of_bool(m != NULL && module_has_old(p->ns, m));
}

term bif_code_delete_module_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	switch (ns_delete_module(p->ns, args[0])) {
	case 0:
		return A(true);
	case NS_E_NO_MODULE:
		return A(undefined);
	default:
		return bif_badarg(p);
	}
}

/* prepare: true when there is old code. complete: it leaves the namespace; who still runs it has been killed by the
 * caller, erts_code_purger. abort: nothing was changed, so nothing is to be undone. */
term bif_code_purge_module_2(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	struct module *m = ns_module(p->ns, args[0]);
	bool has_old = m != NULL && module_has_old(p->ns, m);
	if (args[1] == A(prepare))
		return term_of_bool(has_old);
	if (args[1] == A(prepare_on_load) || args[1] == A(abort))
		return A(false);
	if (args[1] != A(complete) || !has_old)
		return bif_badarg(p);
	(void)module_code_unref(ns_take_old(p->ns, args[0])); /* always NULL */
	return A(true);
}

/* What OTP has a process for, erts_code_purger, which asks every process in Erlang; here the rounds are code/purge.c's, and no
 * namespace needs that process. */
struct purger_call {
	term pid;
	uint64_t question;
	bool soft;
};

static void purger_answer(void *arg, const struct purge_outcome *outcome)
{
	struct purger_call *call = arg;
	if (call->soft) {
		proc_answer(call->pid, call->question, term_of_bool(outcome->purged || !outcome->had_old));
	} else {
		struct heap heap;
		heap_init_builder(&heap);
		term kills = term_of_bool(outcome->pid_count > 0);
		proc_answer(call->pid, call->question, heap_tuple_of(&heap, term_of_bool(outcome->had_old), kills));
		heap_done(&heap);
	}
	mem_free(MEM_MISC, call, sizeof(*call));
}

static term purger(struct proc *p, term module, bool soft)
{
	if (!term_is_atom(module))
		return bif_error(p, A(function_clause));
	struct purger_call *call = mem_alloc(MEM_MISC, sizeof(*call));
	*call = (struct purger_call){ p->pid, proc_question(p), soft };
	term waits = bif_wait(p);
	purge_old(p->ns, module, soft ? 0 : PURGE_FORCE, purger_answer, call);
	return waits;
}

term bif_code_purger_purge_1(struct proc *p, const term *args)
{
	return purger(p, args[0], false);
}

term bif_code_purger_soft_purge_1(struct proc *p, const term *args)
{
	return purger(p, args[0], true);
}

/* Code whose on_load has failed is disposed of like any other: who still runs it keeps it as long as that lasts. */
term bif_code_purger_finish_after_on_load_2(struct proc *p, const term *args)
{
	return bif_code_finish_after_on_load_2(p, args) == TERM_NONE ? TERM_NONE : A(ok);
}

struct self_check {
	term pid;
	term module;
	uint64_t question;
};

static void check_self(struct proc *p, void *arg)
{
	struct self_check *check = arg;
	if (p != NULL) {
		struct module_code *old = ns_old_code(p->ns, check->module);
		bool uses = old != NULL && purge_process_uses(p, old);
		(void)module_code_unref(old); /* always NULL */
		proc_answer(check->pid, check->question, term_of_bool(uses));
	}
	mem_free(MEM_MISC, check, sizeof(*check));
}

/* Asked of itself between slices, when its stack can be walked. */
term bif_code_check_process_code_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	struct self_check *check = mem_alloc(MEM_MISC, sizeof(*check));
	*check = (struct self_check){ p->pid, args[0], proc_question(p) };
	term waits = bif_wait(p);
	proc_request(p->pid, check_self, check);
	return waits;
}

/* There are no dirty schedulers that would run a process while another looks at it. */
term bif_code_check_dirty_process_code_2(struct proc *p, const term *args)
{
	return term_is_local_pid(args[0]) && term_is_atom(args[1]) ? A(normal) : bif_badarg(p);
}

/* Literals are disposed of by code/purge.c; there is never an area for OTP's process to collect. */
term bif_code_release_area_switch_0(struct proc *p, const term *args)
{
	(void)p; /* the same for all */
	(void)args;
	return A(false);
}

/* ------------------------------------------------------------------------------------------------ what is loaded */

term bif_code_function_exported_3(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]) || !term_is_small(args[2]))
		return bif_badarg(p);
	return term_of_bool(small_value(args[2]) >= 0 && small_value(args[2]) <= 255 &&
		ns_exports(p->ns, args[0], args[1], (uint32_t)small_value(args[2])));
}

term bif_code_is_builtin_3(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]) || !term_is_atom(args[1]) || !term_is_small(args[2]))
		return bif_badarg(p);
	if (small_value(args[2]) < 0 || small_value(args[2]) > 255)
		return A(false);
	uint32_t arity = (uint32_t)small_value(args[2]);
	/* erlang:apply is the engine's own. */
	if (args[0] == A(erlang) && args[1] == A(apply) && (arity == 2 || arity == 3))
		return A(true);
	const struct export *e = export_find(args[0], args[1], arity);
	return term_of_bool(e != NULL && ns_bif(p->ns, e) != NULL && !ns_is_native(e));
}

term bif_code_module_loaded_1(struct proc *p, const term *args)
{
	if (!term_is_atom(args[0]))
		return bif_badarg(p);
	const struct module *m = ns_module(p->ns, args[0]);
	return term_of_bool(m != NULL && atomic_load_acquire(&m->current) != NULL); /* Pairs with ns_publish(). */
}

struct collected {
	struct heap *heap;
	term list;
	size_t count;
};

static void collect_loaded(struct module *m, void *arg)
{
	struct collected *c = arg;
	if (atomic_load_acquire(&m->current) == NULL) /* Pairs with ns_publish(). */
		return;
	c->list = heap_cons(c->heap, m->name, c->list);
	c->count++;
}

term bif_code_loaded_0(struct proc *p, const term *args)
{
	(void)args; /* there are none */
	struct collected c = { .heap = bif_heap(p), .list = TERM_NIL };
	ns_modules_each(p->ns, collect_loaded, &c);
	bif_charge(p, c.count);
	return c.list;
}

/* What OTP's emulator carries in itself: here they are found in the OTP root like all others, whenever they are called. */
term bif_code_pre_loaded_0(struct proc *p, const term *args)
{
	static const char *const names[] = {
#define PRELOADED(name) name,
#include "code/preloaded.def"
#undef PRELOADED
	};
	(void)args; /* there are none */
	term list = TERM_NIL;
	for (size_t i = ARRAY_SIZE(names); i-- > 0;)
		list = heap_cons(bif_heap(p), atom_of_string(names[i]), list);
	/* The host's handler of logger is there before init is. All else goes when init restarts the node. */
	const struct module *logger = ns_module(p->ns, A(beamr_logger));
	if (logger != NULL && atomic_load_acquire(&logger->current) != NULL) /* Pairs with ns_publish(). */
		list = heap_cons(bif_heap(p), A(beamr_logger), list);
	return list;
}

/* ------------------------------------------------------------------------------------------------ module_info */

static term functions_of(struct heap *heap, const struct module_code *code)
{
	term list = TERM_NIL;
	for (size_t i = code->function_count; i > 0; i--) {
		const struct function_header *h = (const struct function_header *)(code->code + code->functions[i - 1]);
		list = heap_cons(heap, heap_tuple_of(heap, h->function, term_of_small(h->arity & 0xFF)), list);
	}
	return list;
}

/* In the order of the code, as OTP has them: it is the order in which eunit runs a module's tests. */
static term exports_of(struct heap *heap, const struct module_code *code)
{
	term list = TERM_NIL;
	for (size_t i = code->function_count; i > 0; i--) {
		const struct function_header *h = (const struct function_header *)(code->code + code->functions[i - 1]);
		if (module_export(code, h->function, h->arity & 0xFF) != NULL)
			list = heap_cons(heap, heap_tuple_of(heap, h->function, term_of_small(h->arity & 0xFF)), list);
	}
	return list;
}

static term natives_of(struct proc *p, const struct module_code *code)
{
	struct heap *heap = bif_heap(p);
	term list = TERM_NIL;
	for (size_t i = ns_is_native_module(code->name) ? code->function_count : 0; i > 0; i--) {
		const struct function_header *h = (const struct function_header *)(code->code + code->functions[i - 1]);
		const struct export *e = export_find(code->name, h->function, h->arity & 0xFF);
		if (e != NULL && ns_is_native(e) && ns_bif(p->ns, e) != NULL)
			list = heap_cons(heap, heap_tuple_of(heap, h->function, term_of_small(h->arity & 0xFF)), list);
	}
	return list;
}

/* TERM_NONE for an unknown item. */
static term info_of(struct proc *p, const struct module_code *code, term item)
{
	struct heap *heap = bif_heap(p);
	if (item == A(module))
		return code->name;
	if (item == A(exports)) {
		bif_charge(p, code->function_count / 2);
		return exports_of(heap, code);
	}
	if (item == A(functions)) {
		bif_charge(p, code->function_count / 4);
		return functions_of(heap, code);
	}
	if (item == A(attributes))
		return code->attributes;
	if (item == A(compile))
		return code->compile_info;
	if (item == A(md5))
		return bits_of_bytes(heap, code->md5, sizeof(code->md5));
	if (item == A(nifs))
		return natives_of(p, code);
	if (item == A(native_addresses))
		return TERM_NIL;
	if (item == A(native)) /* what HiPE, which is no more, compiled */
		return A(false);
	return TERM_NONE;
}

/* The current code of an atom's module; NULL when there is none. Valid for the slice. */
static const struct module_code *code_of(const struct proc *p, term name)
{
	const struct module *m = term_is_atom(name) ? ns_module(p->ns, name) : NULL;
	return m == NULL ? NULL : atomic_load_acquire(&m->current); /* Pairs with ns_publish(). */
}

term bif_code_get_module_info_2(struct proc *p, const term *args)
{
	const struct module_code *code = code_of(p, args[0]);
	term info = code == NULL ? TERM_NONE : info_of(p, code, args[1]);
	return info == TERM_NONE ? bif_badarg(p) : info;
}

term bif_code_get_module_info_1(struct proc *p, const term *args)
{
	static const term items[] = { A(md5), A(compile), A(attributes), A(exports), A(module) };
	const struct module_code *code = code_of(p, args[0]);
	if (code == NULL)
		return bif_badarg(p);
	term list = TERM_NIL;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		term pair = heap_tuple_of(bif_heap(p), items[i], info_of(p, code, items[i]));
		list = heap_cons(bif_heap(p), pair, list);
	}
	return list;
}

/* No code is instrumented for the debugger of OTP 28. */
term bif_code_get_debug_info_1(struct proc *p, const term *args)
{
	return code_of(p, args[0]) == NULL ? bif_badarg(p) : A(none);
}

/* ------------------------------------------------------------------------------------------------ files */

static bool get_chunk_id(term list, char ret[4])
{
	for (int i = 0; i < 4; i++, list = cons_tail(list)) {
		if (!term_is_cons(list) || !term_is_small(cons_head(list)) || small_value(cons_head(list)) < 0 ||
			small_value(cons_head(list)) > 255)
			return false;
		ret[i] = (char)small_value(cons_head(list));
	}
	return term_is_nil(list);
}

term bif_code_beamfile_chunk_2(struct proc *p, const term *args)
{
	char id[4];
	if (!term_is_binary(args[0]) || !get_chunk_id(args[1], id))
		return bif_badarg(p);
	struct flat_bits file;
	struct beamfile beamfile;
	struct load_error error;
	flat_bits_init(&file, args[0]);
	term result = A(undefined);
	if (beamfile_open(&beamfile, file.data, file.size, &error) == 0) {
		const uint8_t *data;
		size_t size;
		if (beamfile_chunk(&beamfile, id, &data, &size))
			result = bits_of_bytes(bif_heap(p), data, size);
		beamfile_done(&beamfile);
	}
	flat_bits_done(&file);
	return result;
}

term bif_code_beamfile_module_md5_1(struct proc *p, const term *args)
{
	if (!term_is_binary(args[0]))
		return bif_badarg(p);
	struct flat_bits file;
	struct beamfile beamfile;
	struct load_error error;
	flat_bits_init(&file, args[0]);
	term result = A(undefined);
	if (beamfile_open(&beamfile, file.data, file.size, &error) == 0) {
		uint8_t md5[16];
		beamfile_md5(&beamfile, md5);
		result = bits_of_bytes(bif_heap(p), md5, sizeof(md5));
		beamfile_done(&beamfile);
	}
	bif_charge(p, file.size / 64);
	flat_bits_done(&file);
	return result;
}
