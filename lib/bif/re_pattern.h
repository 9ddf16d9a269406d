/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled patterns of module re, as terms and as what PCRE2 runs. For re.c only. */
#pragma once
#include "bif/re_options.h"

#include "base/epoch.h"
#include "term/bits.h"

struct re_pattern {
	struct counted counted;
	pcre2_code *code; /* never changed, so that any thread may run it */
	struct epoch_item retired;
	struct account *account; /* charged for it while a namespace keeps it */
	uint64_t hash;
	size_t key_size; /* 0: it stands in a reference */
	uint8_t key[];
};

struct re_error {
	int number;
	size_t offset;
};

/* Releases before 28 are built on PCRE's first version. */
bool re_is_first_pcre(const struct proc *p);
/* PCRE2's memory. */
pcre2_general_context *re_general_context(void);
/* NULL with *ret filled when text is no pattern. */
pcre2_code *re_compile(const struct proc *p, const uint8_t *text, size_t size,
	const struct re_options *options, struct re_error *ret);
/* {re_pattern, ...} of what text was compiled to; takes code. */
term re_pattern_term(struct proc *p, pcre2_code *code, const struct re_options *options,
	const uint8_t *text, size_t size);
/* What a {re_pattern, ...} stands for; NULL when t is none. Good until the slice ends, or longer with a reference of one's own. */
struct re_pattern *re_pattern_of(struct proc *p, term t);
void re_pattern_ref(struct re_pattern *pattern);
void re_pattern_unref(struct re_pattern *pattern);
