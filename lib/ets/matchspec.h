/* SPDX-License-Identifier: Apache-2.0 */
/* Match specifications, compiled: each clause is a program that takes a term apart, one that decides its guards,
 * and one that builds its result.
 *
 * Patterns run on a stack of terms still to be looked at, in the order of the program; expressions on a stack of values. */
#pragma once
#include "base/vec.h"
#include "ets/object.h"
#include "ns/export.h"
#include "term/bits.h"

enum ms_code {
	/* patterns: take the top term */
	MS_ANY,      /* anything */
	MS_BIND,     /* anything; becomes variable `a` */
	MS_SAME,     /* =:= variable a */
	MS_WORD,     /* this very word: immediates */
	MS_EQUAL,    /* =:= constant t */
	MS_TUPLE,    /* a tuple of a elements, which are looked at next */
	MS_CONS,     /* a list cell: head and tail are looked at next */
	MS_MAP,      /* a map that has the keys of the next a instructions; their values are looked at next */
	MS_KEY,      /* t: a key for MS_MAP */
	MS_NEVER,    /* fails */
	/* expressions: push or replace values */
	MS_CONST,    /* t */
	MS_VAR,      /* variable a */
	MS_OBJECT,   /* '$_' */
	MS_ALL,      /* '$$': list of all variables in order */
	MS_SELF,
	MS_COPY,     /* the top value, on the process's heap */
	MS_OBJECT_COPY,
	MS_ALL_COPY,
	MS_PUT_CONS, /* [second | top] */
	MS_PUT_TUPLE,
	MS_PUT_MAP,  /* a pairs */
	MS_CALL,     /* bif, a arguments */
	MS_AND,      /* a booleans */
	MS_OR,
	MS_ANDALSO,  /* top false: stays, go on at a; true: popped; else failure: go on at b with the failure's value */
	MS_ORELSE,
	MS_TEST,     /* a guard: true is popped, anything else ends the clause */
	MS_POP,
	MS_ACT,      /* action (enum ms_action), a arguments: what tracing does */
	MS_RETURN,
};

struct ms_op {
	uint32_t code; /* enum ms_code */
	uint32_t a;
	union {
		term t;
		const struct bif *bif;
		uint64_t action;
	};
};

/* What only specifications for tracing can do. */
enum ms_action {
#define ACTION(name, least, most, guard, text) MS_ACTION_##name,
#include "ets/actions.def"
#undef ACTION
};

struct ms_clause {
	uint32_t pattern; /* first instructions; each program ends where the next begins, the body with MS_RETURN */
	uint32_t guards;
	uint32_t body;
	uint32_t variables;
	uint32_t first_sorted; /* in matchspec.sorted: indices of the variables in order of their numbers */
	term head;             /* in source */
	term body_last;        /* last expression of the body, in source */
	uint32_t body_count;
};

struct matchspec {
	struct counted counted;
	struct account *account;   /* who is charged for it: whom it was compiled for; NULL: nobody */
	struct owned_term *source; /* all constants are in it */
	VEC(struct ms_op) ops;
	VEC(struct ms_clause) clauses;
	VEC(uint32_t) sorted;
	uint32_t stack_max;
	uint32_t variables_max;
	uint32_t ops_executed_max; /* of one match: no program has loops */
};

/* TRACE: of lists, the arguments of a call, or what tracing tells of an event. */
enum ms_dialect { MS_TABLE, MS_TRACE };

/* What is wrong with a specification, a sentence each, as match_spec_test tells. */
struct ms_errors {
	VEC(char *) sentences; /* each of class TEMP, with its terminator */
};

void ms_errors_done(struct ms_errors *errors);
/* NULL when it is wrong; errors (may be NULL) then says why. The result has one count. */
struct matchspec *matchspec_compile(term source, enum ms_dialect dialect, struct ms_errors *errors);
/* The specification for ets:match and match_object: [{Pattern, [], [Result]}]. */
struct matchspec *matchspec_of_pattern(struct heap *heap, term pattern, term result);
void matchspec_put(struct matchspec *ms);
/* As a value; takes over one count. */
term matchspec_reference(struct heap *heap, struct matchspec *ms);
/* NULL when t is none. Lent. */
struct matchspec *matchspec_of(term t);

/* Keys that the patterns ask for: MS_KEYS_ALL when some pattern may match objects of any key; otherwise keys holds what to
 * look up (each once, by =:=, values in source). */
enum ms_keys { MS_KEYS_ALL, MS_KEYS_SOME };
enum ms_keys matchspec_keys(const struct matchspec *ms, size_t keypos, void *ret_keys_vec);
struct ms_keys_vec {
	VEC(term) keys;
};
/* With one clause whose key is a tuple that begins with constants: that pattern of a key, and how many constants
 * (*ret_constants); keys that match are neighbours in the order of terms. TERM_NONE for other specifications. */
term matchspec_key_prefix(const struct matchspec *ms, size_t keypos, size_t *ret_constants);
/* Whether every body gives an object with the same key as what it matched (select_replace). */
bool matchspec_keeps_key(const struct matchspec *ms, size_t keypos);

/* '$0', '$1', ... '$999999999': no leading zeros. */
bool matchspec_is_variable(term t, uint32_t *ret_number);
/* Whether a part of a pattern holds a variable or '_'. */
bool matchspec_has_variable(term root);

/* Who carries out the actions of a specification for tracing. */
struct ms_tracing {
	/* TERM_NONE: it fails, as a BIF does. */
	term (*act)(struct ms_tracing *tracing, struct proc *p, enum ms_action action, const term *args, uint32_t count);
	term message; /* of {message, _}: true: nothing to be added; false: do not tell */
};

/* A place to run in; made once for many runs. */
struct ms_run {
	const struct matchspec *ms;
	struct proc *p;
	struct ms_tracing *tracing; /* NULL: no actions are in it */
	term *stack;
	term *variables;
	term inline_words[96];
};

void ms_run_init(struct ms_run *run, const struct matchspec *ms, struct proc *p);
void ms_run_done(struct ms_run *run);
/* The value for a term, on the process's heap; TERM_NONE when no clause matches. o: the object whose tuple t is, or NULL. */
term ms_run_match(struct ms_run *run, const struct object *o, term t);
/* Of a specification for tracing, with an act: whether some clause matches; then tracing->message says what to tell. args: a list,
 * lent for as long as the message is used (or what {message, _} gave is on the process's heap). */
bool ms_run_trace(struct ms_run *run, struct ms_tracing *tracing, term args);
/* erlang:match_spec_test/3 with `trace`: the trace room's, set at start. */
extern term (*matchspec_trace_test)(struct proc *p, const struct matchspec *ms, term args);
/* As above for counting and deleting: whether the value is true. */
bool ms_run_true(struct ms_run *run, const struct object *o, term t);
