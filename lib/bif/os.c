/* SPDX-License-Identifier: Apache-2.0 */
/* Module os. The environment is a namespace's own: a copy of the host's, made when it is first touched, so that
 * one service's putenv is nobody else's. */
#include "base/account.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "bif/bif.h"
#include "bif/environment.h"
#include "bif/integer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct variable {
	char *name;
	char *value;
};

/* Sorted by name. */
struct environment {
	struct mutex lock;
	struct account *account; /* charged for it; NULL: nobody */
	VEC(struct variable) variables;
};

static char *copy_text(const char *text, size_t size)
{
	char *s = mem_alloc(MEM_NS, size + 1);
	memcpy(s, text, size);
	s[size] = '\0';
	return s;
}

static void free_text(char *text)
{
	if (text != NULL)
		mem_free(MEM_NS, text, strlen(text) + 1);
}

/* Index of the first variable whose name is not below `name`. */
static size_t variable_position(const struct environment *env, const char *name)
{
	size_t low = 0, high = env->variables.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(env->variables.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool variable_is(const struct environment *env, size_t position, const char *name)
{
	return position < env->variables.count && strcmp(env->variables.items[position].name, name) == 0;
}

static int64_t variable_bytes(const struct variable *v)
{
	return (int64_t)(strlen(v->name) + strlen(v->value) + 2 + sizeof(*v));
}

/* Takes name and value. */
static void variable_set(struct environment *env, char *name, char *value)
{
	size_t i = variable_position(env, name);
	const struct variable fresh = { name, value };
	account_charge(env->account, ACCOUNT_OTHER, variable_bytes(&fresh));
	if (variable_is(env, i, name)) {
		account_charge(env->account, ACCOUNT_OTHER, -variable_bytes(&env->variables.items[i]));
		free_text(env->variables.items[i].value);
		free_text(name);
		env->variables.items[i].value = value;
		return;
	}
	vec_push(&env->variables, (struct variable){ 0 });
	memmove(env->variables.items + i + 1, env->variables.items + i,
		(env->variables.count - 1 - i) * sizeof(struct variable));
	env->variables.items[i] = (struct variable){ name, value };
}

static struct environment *environment_new(struct ns *ns, const char *const *variables)
{
	struct environment *env = mem_zalloc(MEM_NS, sizeof(*env));
	env->account = ns->account;
	mutex_init(&env->lock, LOCK_LEAF);
	for (const char *const *e = variables; *e != NULL; e++) {
		const char *equals = strchr(*e, '=');
		if (equals == NULL || equals == *e)
			continue;
		variable_set(env, copy_text(*e, (size_t)(equals - *e)), copy_text(equals + 1, strlen(equals + 1)));
	}
	return env;
}

struct environment *environment_free(struct environment *env)
{
	if (env == NULL)
		return NULL;
	vec_foreach (v, &env->variables) {
		account_charge(env->account, ACCOUNT_OTHER, -variable_bytes(v));
		free_text(v->name);
		free_text(v->value);
	}
	vec_done(&env->variables);
	mutex_done(&env->lock);
	mem_free(MEM_NS, env, sizeof(*env));
	return NULL;
}

static struct environment *environment_of(struct ns *ns)
{
	struct environment *env = atomic_load_acquire(&ns->environment);
	if (env != NULL)
		return env;
	struct environment *made = environment_new(ns, (const char *const *)environ);
	/* Two first users may race; the loser's copy goes. */
	if (atomic_cas_acq_rel(&ns->environment, &env, made))
		return made;
	environment_free(made);
	return env;
}

void environment_set(struct ns *ns, const char *const *variables)
{
	struct environment *made = environment_new(ns, variables);
	environment_free(atomic_load_acquire(&ns->environment));
	atomic_store_release(&ns->environment, made);
}

struct environment *environment_copy(struct ns *ns)
{
	struct environment *from = environment_of(ns), *to = mem_zalloc(MEM_NS, sizeof(*to));
	mutex_init(&to->lock, LOCK_LEAF);
	mutex_lock(&from->lock);
	/* They are sorted: each goes to the end. */
	vec_foreach (v, &from->variables)
		vec_push(&to->variables, ((struct variable){ copy_text(v->name, strlen(v->name)),
						 copy_text(v->value, strlen(v->value)) }));
	mutex_unlock(&from->lock);
	return to;
}

static void variable_remove(struct environment *env, const char *name)
{
	size_t i = variable_position(env, name);
	if (!variable_is(env, i, name))
		return;
	account_charge(env->account, ACCOUNT_OTHER, -variable_bytes(&env->variables.items[i]));
	free_text(env->variables.items[i].name);
	free_text(env->variables.items[i].value);
	env->variables.count--;
	memmove(env->variables.items + i, env->variables.items + i + 1,
		(env->variables.count - i) * sizeof(struct variable));
}

void environment_put(struct environment *env, const char *name, const char *value)
{
	if (value == NULL)
		variable_remove(env, name);
	else
		variable_set(env, copy_text(name, strlen(name)), copy_text(value, strlen(value)));
}

char **environment_texts(const struct environment *env)
{
	char **texts = calloc(env->variables.count + 1, sizeof(*texts));
	assert(texts != NULL);
	for (size_t i = 0; i < env->variables.count; i++) {
		const struct variable *v = &env->variables.items[i];
		int r = asprintf(&texts[i], "%s=%s", v->name, v->value);
		assert(r >= 0);
	}
	return texts;
}

/* A flat list of characters as UTF-8; NULL unless every element is a code point above 0. Freed with free_text. */
static char *text_of_list(term list)
{
	int64_t n = list_length(list);
	if (n < 0)
		return NULL;
	char *buffer = mem_alloc(MEM_TEMP, (size_t)n * 4 + 1);
	size_t size = 0;
	char *result = NULL;
	for (; term_is_cons(list); list = cons_tail(list)) {
		term c = cons_head(list);
		uint8_t bytes[4];
		int k = term_is_small(c) && small_value(c) > 0 && small_value(c) <= 0x10FFFF ?
				utf8_encode((uint32_t)small_value(c), bytes) :
				0;
		if (k == 0)
			goto out;
		memcpy(buffer + size, bytes, (size_t)k);
		size += (size_t)k;
	}
	result = copy_text(buffer, size);
out:
	mem_free(MEM_TEMP, buffer, (size_t)n * 4 + 1);
	return result;
}

/* UTF-8 as a list of characters; bytes that are no UTF-8 stand for themselves. */
static term list_of_text(struct heap *heap, const char *text)
{
	size_t size = strlen(text);
	const uint8_t *bytes = (const uint8_t *)text;
	size_t chars = 0;
	if (!utf8_valid(bytes, size, &chars))
		chars = size;
	term *p = heap_alloc(heap, chars * 2);
	term result = TERM_NIL;
	term *cell = p;
	for (size_t i = 0, n = 0; n < chars; n++, cell += 2) {
		uint32_t c = bytes[i];
		int k = chars == size ? 1 : utf8_decode(bytes + i, size - i, &c);
		i += (size_t)k;
		cell[0] = term_of_small((int64_t)c);
		cell[1] = n + 1 < chars ? term_of_cons(cell + 2) : TERM_NIL;
	}
	if (chars > 0)
		result = term_of_cons(p);
	return result;
}

static bool name_is_valid(const char *name)
{
	return name != NULL && name[0] != '\0' && strchr(name, '=') == NULL;
}

term bif_os_getenv_1(struct proc *p, const term *args)
{
	char *name = text_of_list(args[0]);
	if (name == NULL)
		return bif_badarg(p);
	struct environment *env = environment_of(p->ns);
	mutex_lock(&env->lock);
	size_t i = variable_position(env, name);
	term result = variable_is(env, i, name) ? list_of_text(bif_heap(p), env->variables.items[i].value) :
						  A(false);
	mutex_unlock(&env->lock);
	free_text(name);
	return result;
}

term bif_os_putenv_2(struct proc *p, const term *args)
{
	char *name = text_of_list(args[0]);
	char *value = text_of_list(args[1]);
	if (!name_is_valid(name) || value == NULL) {
		free_text(name);
		free_text(value);
		return bif_badarg(p);
	}
	struct environment *env = environment_of(p->ns);
	mutex_lock(&env->lock);
	variable_set(env, name, value);
	mutex_unlock(&env->lock);
	return A(true);
}

term bif_os_unsetenv_1(struct proc *p, const term *args)
{
	char *name = text_of_list(args[0]);
	if (!name_is_valid(name)) {
		free_text(name);
		return bif_badarg(p);
	}
	struct environment *env = environment_of(p->ns);
	mutex_lock(&env->lock);
	variable_remove(env, name);
	mutex_unlock(&env->lock);
	free_text(name);
	return A(true);
}

term bif_os_env_0(struct proc *p, const term *args)
{
	struct environment *env = environment_of(p->ns);
	struct heap *heap = bif_heap(p);
	term list = TERM_NIL;
	mutex_lock(&env->lock);
	for (size_t i = env->variables.count; i-- > 0;) {
		term name = list_of_text(heap, env->variables.items[i].name);
		term value = list_of_text(heap, env->variables.items[i].value);
		list = heap_cons(heap, heap_tuple_of(heap, name, value), list);
	}
	mutex_unlock(&env->lock);
	return list;
}

term bif_os_getpid_0(struct proc *p, const term *args)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%ld", (long)getpid()); /* fits */
	return list_of_text(bif_heap(p), text);
}

term bif_os_perf_counter_0(struct proc *p, const term *args)
{
	return integer_of_i64(bif_heap(p), clock_monotonic_nsec());
}

term bif_os_system_time_0(struct proc *p, const term *args)
{
	return integer_of_i64(bif_heap(p), clock_realtime_nsec());
}

term bif_os_system_time_1(struct proc *p, const term *args)
{
	return time_in_unit(p, clock_realtime_nsec(), args[0]);
}

term bif_os_timestamp_0(struct proc *p, const term *args)
{
	int64_t usec = clock_realtime_usec();
	return heap_tuple_of(bif_heap(p), term_of_small(usec / 1000000 / 1000000),
		term_of_small(usec / 1000000 % 1000000), term_of_small(usec % 1000000));
}

/* The signal itself is the host's: it looks here when one has come. */
term bif_os_set_signal_2(struct proc *p, const term *args)
{
	static const struct {
		term name;
		int since;
	} signals[] = {
#define SIGNAL(name, number, since) { A(name), since },
#include "ns/signals.def"
#undef SIGNAL
	};
	int disposition = args[1] == A(default) ? NS_SIGNAL_DEFAULT
		: args[1] == A(handle)		? NS_SIGNAL_HANDLE
		: args[1] == A(ignore)		? NS_SIGNAL_IGNORE
						: -1;
	int release = p->ns->release;
	for (size_t i = 0; disposition >= 0 && i < ARRAY_SIZE(signals); i++) {
		if (args[0] != signals[i].name || (release != 0 && release < signals[i].since))
			continue;
		atomic_store_release(&p->ns->signals[i], (uint8_t)disposition); /* Pairs with beamr_ns_signal(). */
		return A(ok);
	}
	return bif_badarg(p);
}
