/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints: numbers, probes, putting them in the way and taking them away. See trace/breakpoint.h. */
#include "trace/breakpoint.h"

#include "code/instr.h"
#include "exec/exec.h"
#include "heap/offheap.h"
#include "term/atom.h"

/* ------------------------------------------------------------------------------------------------ numbers */

struct numbers {
	struct epoch_item retired;
	size_t capacity;
	_Atomic(struct breakpoint *) items[];
};

/* Of its own, since breakpoints may be freed with any lock held. */
static struct mutex numbers_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static _Atomic(struct numbers *) numbers; /* written under numbers_lock */
static VEC(uint32_t) free_numbers;        /* guarded by numbers_lock */
static uint32_t numbers_used;             /* guarded by numbers_lock */
static VEC(struct breakpoint *) of_code;  /* guarded by trace_lock: those that stand in code now */

static size_t numbers_bytes(size_t capacity)
{
	return sizeof(struct numbers) + capacity * sizeof(_Atomic(struct breakpoint *));
}

static void numbers_free(struct epoch_item *item)
{
	struct numbers *n = (struct numbers *)(void *)item; /* first member */
	mem_free(MEM_TRACE, n, numbers_bytes(n->capacity));
}

/* Returns what is to be retired, once the lock is free. */
static struct numbers *numbers_grow(void)
{
	struct numbers *old = atomic_load_relaxed(&numbers); /* under the lock */
	size_t capacity = old == NULL ? 64 : old->capacity * 2;
	struct numbers *larger = mem_zalloc(MEM_TRACE, numbers_bytes(capacity));
	larger->capacity = capacity;
	for (size_t i = 0; old != NULL && i < old->capacity; i++)
		atomic_store_relaxed(&larger->items[i],
			atomic_load_relaxed(&old->items[i])); /* published with it */
	atomic_store_release(&numbers, larger);               /* Pairs with breakpoint_of(). */
	return old;
}

struct breakpoint *breakpoint_of(uint32_t number)
{
	struct numbers *n = atomic_load_acquire(&numbers); /* Pairs with numbers_grow(). */
	return atomic_load_acquire(&n->items[number]);     /* Pairs with number_give(). */
}

static void number_give(struct breakpoint *b)
{
	struct numbers *old = NULL;
	mutex_lock(&numbers_lock);
	if (free_numbers.count > 0)
		b->number = vec_pop(&free_numbers);
	else
		b->number = numbers_used++;
	struct numbers *n = atomic_load_relaxed(&numbers); /* under the lock */
	if (n == NULL || b->number >= n->capacity) {
		old = numbers_grow();
		n = atomic_load_relaxed(&numbers);
	}
	atomic_store_release(&n->items[b->number], b); /* Pairs with breakpoint_of(). */
	mutex_unlock(&numbers_lock);
	if (old != NULL)
		epoch_retire(&old->retired, numbers_free);
}

static void breakpoint_free(struct epoch_item *item)
{
	struct breakpoint *b = (struct breakpoint *)(void *)item; /* first member */
	mutex_lock(&numbers_lock);
	struct numbers *n = atomic_load_relaxed(&numbers); /* under the lock */
	atomic_store_relaxed(
		&n->items[b->number], NULL); /* nobody comes with this number any more */
	vec_push(&free_numbers, b->number);
	mutex_unlock(&numbers_lock);
	mem_free(MEM_TRACE, b, sizeof(*b));
}

/* ------------------------------------------------------------------------------------------------ accounts */

static struct mutex accounts_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = LOCK_LEAF };
static struct wordmap accounts; /* id -> struct trace_account *; guarded by accounts_lock */
static uint64_t last_account;   /* guarded by accounts_lock */

static struct trace_account *trace_account_new(void)
{
	struct trace_account *a = mem_zalloc(MEM_TRACE, sizeof(*a));
	atomic_store_relaxed(&a->refs, 1);
	mutex_init(&a->lock, LOCK_LEAF);
	mutex_lock(&accounts_lock);
	a->id = ++last_account;
	wordmap_put(&accounts, MEM_TRACE, a->id, NULL)->value = (uintptr_t)a;
	mutex_unlock(&accounts_lock);
	return a;
}

static void trace_account_empty(struct trace_account *a)
{
	wordmap_foreach(e, &a->by_pid)
		mem_free(MEM_TRACE, (void *)(uintptr_t)e->value, sizeof(struct trace_tally));
	wordmap_done(&a->by_pid, MEM_TRACE);
	atomic_store_relaxed(&a->calls, 0);
}

struct trace_account *trace_account_unref(struct trace_account *a)
{
	if (a == NULL)
		return NULL;
	mutex_lock(&accounts_lock);
	bool last = atomic_sub_acq_rel(&a->refs, 1) == 1;
	if (last)
		(void)wordmap_remove(&accounts, MEM_TRACE, a->id); /* it was there */
	mutex_unlock(&accounts_lock);
	if (!last)
		return NULL;
	trace_account_empty(a);
	mutex_done(&a->lock);
	mem_free(MEM_TRACE, a, sizeof(*a));
	return NULL;
}

struct trace_account *trace_account_of(uint64_t id)
{
	struct trace_account *a = NULL;
	mutex_lock(&accounts_lock);
	struct wordmap_entry *e = wordmap_find(&accounts, id);
	if (e != NULL) {
		a = (struct trace_account *)(uintptr_t)e->value;
		atomic_add_relaxed(&a->refs, 1);
	}
	mutex_unlock(&accounts_lock);
	return a;
}

void trace_account_add(struct trace_account *a, term pid, uint64_t calls, int64_t sum)
{
	mutex_lock(&a->lock);
	struct wordmap_entry *e = wordmap_put(&a->by_pid, MEM_TRACE, pid, NULL);
	if (e->value == 0)
		e->value = (uintptr_t)mem_zalloc(MEM_TRACE, sizeof(struct trace_tally));
	struct trace_tally *t = (struct trace_tally *)(uintptr_t)e->value;
	t->calls += calls;
	t->sum += sum;
	mutex_unlock(&a->lock);
}

static struct trace_account *trace_account_ref(struct trace_account *a)
{
	if (a != NULL)
		atomic_add_relaxed(&a->refs, 1);
	return a;
}

/* ------------------------------------------------------------------------------------------------ probes */

static size_t probes_bytes(size_t count)
{
	return sizeof(struct probes) + count * sizeof(struct probe);
}

static struct trace_meta *meta_unref(struct trace_meta *m)
{
	if (m != NULL && atomic_sub_acq_rel(&m->refs, 1) == 1)
		mem_free(MEM_TRACE, m, sizeof(*m));
	return NULL;
}

static struct probe probe_copy(const struct probe *p)
{
	struct probe copy = *p;
	(void)trace_session_ref(copy.session); /* the same pointer, as below */
	if (copy.ms != NULL)
		counted_ref(&copy.ms->counted);
	if (copy.meta_ms != NULL)
		counted_ref(&copy.meta_ms->counted);
	if (copy.meta != NULL)
		atomic_add_relaxed(&copy.meta->refs, 1);
	(void)trace_account_ref(copy.count);
	(void)trace_account_ref(copy.time);
	(void)trace_account_ref(copy.memory);
	return copy;
}

static void drop_matchspec(struct matchspec **ms)
{
	if (*ms != NULL)
		matchspec_put(*ms);
	*ms = NULL;
}

static void probe_done(struct probe *p)
{
	drop_matchspec(&p->ms);
	drop_matchspec(&p->meta_ms);
	p->meta = meta_unref(p->meta);
	p->count = trace_account_unref(p->count);
	p->time = trace_account_unref(p->time);
	p->memory = trace_account_unref(p->memory);
	p->session = trace_session_unref(p->session);
}

static void probes_free(struct epoch_item *item)
{
	struct probes *set = (struct probes *)(void *)item; /* first member */
	for (size_t i = 0; i < set->count; i++)
		probe_done(&set->items[i]);
	mem_free(MEM_TRACE, set, probes_bytes(set->count));
}

const struct probe *breakpoint_probe(const struct breakpoint *b, const struct trace_session *s)
{
	struct probes *set =
		b == NULL ? NULL
			  : atomic_load_acquire(&((struct breakpoint *)(uintptr_t)b)->probes);
	for (size_t i = 0; set != NULL && i < set->count; i++)
		if (set->items[i].session == s)
			return &set->items[i];
	return NULL;
}

/* Puts *io_account in the state that a change asks for. */
static void change_account(
	struct probe *p, unsigned part, struct trace_account **io_account, const struct change *c)
{
	if ((c->what & part) == 0)
		return;
	if (!c->on && !c->pause && !c->restart) {
		p->what &= ~part;
		*io_account = trace_account_unref(*io_account);
		return;
	}
	if (*io_account == NULL) {
		if (!c->on)
			return;
		*io_account = trace_account_new();
		p->what |= part;
		return;
	}
	if (c->pause) {
		atomic_store_relaxed(&(*io_account)->paused, true);
		return;
	}
	mutex_lock(&(*io_account)->lock);
	trace_account_empty(*io_account);
	atomic_store_relaxed(&(*io_account)->paused, false);
	mutex_unlock(&(*io_account)->lock);
}

static void probe_change(struct probe *p, const struct change *c)
{
	unsigned call = c->what & (WHAT_GLOBAL | WHAT_LOCAL);
	if (call != 0 && !(c->pause || c->restart)) {
		drop_matchspec(&p->ms);
		p->what &= ~(unsigned)(WHAT_GLOBAL | WHAT_LOCAL);
		if (c->on) {
			p->what |= call;
			p->ms = c->ms;
			if (p->ms != NULL)
				counted_ref(&p->ms->counted);
		}
	}
	if ((c->what & WHAT_META) != 0 && !(c->pause || c->restart)) {
		drop_matchspec(&p->meta_ms);
		p->meta = meta_unref(p->meta);
		p->what &= ~(unsigned)WHAT_META;
		if (c->on) {
			p->what |= WHAT_META;
			p->meta_ms = c->ms;
			if (p->meta_ms != NULL)
				counted_ref(&p->meta_ms->counted);
			p->meta = mem_zalloc(MEM_TRACE, sizeof(*p->meta));
			atomic_store_relaxed(&p->meta->refs, 1);
			atomic_store_relaxed(&p->meta->tracer, c->meta_tracer);
		}
	}
	change_account(p, WHAT_COUNT, &p->count, c);
	change_account(p, WHAT_TIME, &p->time, c);
	change_account(p, WHAT_MEMORY, &p->memory, c);
}

/* The new set: NULL when nobody wants anything any more. */
static struct probes *probes_change(const struct probes *old, const struct change *c)
{
	size_t n = old == NULL ? 0 : old->count, kept = 0;
	struct probes *set = mem_zalloc(MEM_TRACE, probes_bytes(n + 1));
	struct probe mine = { .session = NULL };
	for (size_t i = 0; i < n; i++) {
		struct probe copy = probe_copy(&old->items[i]);
		if (copy.session == c->session)
			mine = copy;
		else
			set->items[1 + kept++] =
				copy; /* the first place is for the one that changes */
	}
	if (mine.session == NULL)
		mine.session = trace_session_ref(c->session);
	probe_change(&mine, c);
	bool wanted = mine.what != 0;
	if (!wanted)
		probe_done(&mine);
	if (!wanted && kept == 0) {
		mem_free(MEM_TRACE, set, probes_bytes(n + 1));
		return NULL;
	}
	struct probes *result = mem_zalloc(MEM_TRACE, probes_bytes(kept + wanted));
	result->count = kept + wanted;
	if (wanted)
		result->items[0] = mine;
	for (size_t i = 0; i < kept; i++)
		result->items[wanted + i] = set->items[1 + i];
	mem_free(MEM_TRACE, set, probes_bytes(n + 1));
	return result;
}

static void breakpoint_change(struct breakpoint *b, const struct change *c)
{
	struct probes *old = atomic_load_relaxed(&b->probes); /* under the lock */
	struct probes *changed = probes_change(old, c);
	atomic_store_release(&b->probes, changed); /* Pairs with trace_entered(). */
	if (old != NULL)
		epoch_retire(&old->retired, probes_free);
}

static bool has_probes(struct breakpoint *b)
{
	return atomic_load_relaxed(&b->probes) != NULL; /* under the lock */
}

/* ------------------------------------------------------------------------------------------------ in code */

/* The half of an instruction's first word that says which it is. */
static _Atomic uint32_t *handler_at(uint64_t *entry)
{
	return (_Atomic uint32_t *)(void *)entry;
}

static _Atomic uint32_t *number_at(const uint64_t *entry)
{
	return &((struct function_header *)(uintptr_t)(entry - FUNCTION_HEADER_WORDS))->breakpoint;
}

struct breakpoint *breakpoint_at(const uint64_t *entry)
{
	uint32_t handler =
		atomic_load_relaxed(handler_at((uint64_t *)(uintptr_t)entry)); /* under the lock */
	if (handler != instr_handlers[INSTR_trace_break])
		return NULL;
	return breakpoint_of(atomic_load_relaxed(number_at(entry))); /* as above */
}

static void install(struct breakpoint *b)
{
	b->place = of_code.count;
	vec_push(&of_code, b);
	atomic_store_release(
		number_at(b->entry), b->number); /* Pairs with entry_breakpoint() in exec/loop.c. */
	/* One aligned store, which the engine meets at any moment. Pairs with CODE_HANDLER() in exec/loop.c. */
	atomic_store_release(handler_at(b->entry), instr_handlers[INSTR_trace_break]);
}

static void uninstall(struct breakpoint *b)
{
	atomic_store_release(handler_at(b->entry), b->original); /* as above */
	struct breakpoint *last = vec_pop(&of_code);
	last->place = b->place;
	if (last != b)
		of_code.items[b->place] = last;
	epoch_retire(&b->retired, breakpoint_free);
}

void breakpoint_change_code(uint64_t *entry, const struct change *c)
{
	struct breakpoint *b = breakpoint_at(entry);
	bool made = b == NULL;
	if (made) {
		if (!c->on || c->pause || c->restart)
			return;
		const struct function_header *h =
			(const struct function_header *)(entry - FUNCTION_HEADER_WORDS);
		b = mem_zalloc(MEM_TRACE, sizeof(*b));
		b->entry = entry;
		b->original = atomic_load_relaxed(handler_at(entry)); /* under the lock */
		b->module = h->module->name;
		b->function = h->function;
		b->arity = (uint32_t)(h->arity & 0xFF);
		number_give(b);
	}
	breakpoint_change(b, c);
	if (made)
		install(b);
	else if (!has_probes(b))
		uninstall(b);
}

/* ------------------------------------------------------------------------------------------------ on names */

/* In place of a C function that is traced: calls it by its name, which leads to the breakpoint. Such calls are made only by the
 * engine's instruction that calls C functions, and the process stands at it. */
static term call_by_name(struct proc *p, const term *args)
{
	const struct export *e = (const struct export *)(uintptr_t)proc_pc(p)[1];
	struct trap *trap = &proc_extra(p)->trap;
	trap->export = e;
	trap->count = e->arity;
	for (unsigned i = 0; i < e->arity; i++)
		trap->args[i] = args[i];
	p->outcome = OUTCOME_TRAP;
	return TERM_NONE;
}

struct breakpoint *breakpoint_on(struct trace_space *space, const struct export *e)
{
	struct wordmap_entry *entry = wordmap_find(&space->calls, e->number);
	return entry == NULL ? NULL : (struct breakpoint *)(uintptr_t)entry->value;
}

static struct breakpoint *name_make(struct trace_space *space, const struct export *e)
{
	struct breakpoint *b = mem_zalloc(MEM_TRACE, sizeof(*b));
	b->space = space;
	export_hold((struct names_holder){ .account = space->ns->account }, e);
	b->export = e;
	b->module = e->module;
	b->function = e->function;
	b->arity = e->arity;
	number_give(b);
	b->stub = exec_trace_stub(e->arity, b->number);
	wordmap_put(&space->calls, MEM_TRACE, e->number, NULL)->value = (uintptr_t)b;
	return b;
}

static _Atomic uint32_t *bif_traces(const struct bif *bif)
{
	return &((struct bif *)(uintptr_t)bif)->traces;
}

static void bif_traced(const struct bif *bif, bool traced)
{
	/* Several namespaces may trace it. Under trace_lock. */
	uint32_t n = atomic_load_relaxed(bif_traces(bif)) + (traced ? 1U : -1U);
	atomic_store_relaxed(bif_traces(bif), n);
	/* Either function is right at any moment. */
	atomic_store_relaxed(
		&((struct bif *)(uintptr_t)bif)->fn, n > 0 ? call_by_name : bif->direct);
}

void breakpoint_change_name(
	struct trace_space *space, const struct export *e, const struct change *c)
{
	_Atomic(const uint64_t *) *place = &space->ns->dispatch[e->number];
	const uint64_t *leads_to = atomic_load_relaxed(place); /* under code_lock */
	struct breakpoint *b = breakpoint_on(space, e);
	if (b == NULL && (leads_to == NULL || !c->on || c->pause || c->restart))
		return;
	if (b == NULL)
		b = name_make(space, e);
	bool had = has_probes(b);
	breakpoint_change(b, c);
	bool has = has_probes(b);
	if (ns_bif(space->ns, e) != NULL && had != has)
		bif_traced(e->bif, has);
	if (has && leads_to != b->stub) {
		atomic_store_release(&b->target, leads_to); /* Pairs with trace_entered(). */
		atomic_store_release(place, b->stub);       /* Pairs with ns_dispatch(). */
	} else if (!has && leads_to == b->stub) {
		atomic_store_release(place, atomic_load_relaxed(&b->target)); /* as above */
	}
	/* The stub stays: a process may be about to go on at it. */
}

void breakpoints_done(struct trace_space *space)
{
	wordmap_foreach(e, &space->calls) {
		struct breakpoint *b = (struct breakpoint *)(uintptr_t)e->value;
		exec_trace_stub_free(b->stub);
		epoch_retire(&b->retired, breakpoint_free);
	}
	wordmap_done(&space->calls, MEM_TRACE);
}

/* ------------------------------------------------------------------------------------------------ many */

static struct change everything_off(struct trace_session *s)
{
	return (struct change){
		.session = s, .what = WHAT_GLOBAL | WHAT_BREAKPOINT, .meta_tracer = TERM_NONE
	};
}

void breakpoints_clear_session(struct trace_session *s)
{
	struct trace_space *space = trace_space_of(s->ns);
	const struct change off = everything_off(s);
	mutex_lock(&s->ns->code_lock);
	mutex_lock(&trace_lock);
	/* Those that go leave their place to another: from the last to the first. */
	for (size_t i = of_code.count; i > 0; i--)
		if (breakpoint_probe(of_code.items[i - 1], s) != NULL)
			breakpoint_change_code(of_code.items[i - 1]->entry, &off);
	wordmap_foreach(e, &space->calls) {
		struct breakpoint *b = (struct breakpoint *)(uintptr_t)e->value;
		if (breakpoint_probe(b, s) != NULL)
			breakpoint_change_name(space, b->export, &off);
	}
	mutex_unlock(&trace_lock);
	mutex_unlock(&s->ns->code_lock);
}

static void clear_of_space(struct trace_space *space, struct breakpoint *b)
{
	VEC(struct trace_session *) sessions = { 0 };
	struct probes *set = atomic_load_relaxed(&b->probes); /* under the lock */
	for (size_t i = 0; set != NULL && i < set->count; i++)
		if (set->items[i].session->ns == space->ns)
			vec_push(&sessions, set->items[i].session);
	vec_foreach(s, &sessions) {
		const struct change off = everything_off(*s);
		if (b->entry != NULL)
			breakpoint_change_code(b->entry, &off);
		else
			breakpoint_change_name(space, b->export, &off);
	}
	vec_done(&sessions);
}

void breakpoints_clear_code(struct trace_space *space, const struct module_code *code)
{
	for (size_t i = of_code.count; i > 0; i--) {
		struct breakpoint *b = of_code.items[i - 1];
		if ((uintptr_t)b->entry - (uintptr_t)code->code <
			code->code_words * sizeof(uint64_t))
			clear_of_space(space, b);
	}
	for (size_t i = 0; i < code->export_count; i++) {
		struct breakpoint *b = breakpoint_on(space, export_of(code->exports[i].number));
		if (b != NULL && ns_bif(space->ns, b->export) == NULL)
			clear_of_space(space, b);
	}
}
