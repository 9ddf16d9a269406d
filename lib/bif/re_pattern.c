/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled pattern is {re_pattern, Groups, Unicode, MayEndInCrLf, Opaque}.
 *
 * From release 28 on Opaque is a reference that holds the counted pattern. Before, it is a binary, and programs count on that: they
 * write it into modules as a literal (Elixir's ~r does), files and messages. What PCRE2 itself would write there must not be
 * believed when it is read, so the binary holds the options and the text, and what these compile to is kept by the namespace,
 * found by the binary's bytes.
 *
 * Bound: a namespace keeps SLOTS patterns of at most KEPT_TEXT_MAX bytes of text (PCRE2 compiles to at most 64 KiB); one takes another's
 * place. Readers take no lock: what is displaced is retired.
 * Source: module re of OTP 27 and 29. */
#include "bif/re_pattern.h"
#include "bif/re_patterns.h"

#include "base/account.h"
#include "base/alloc.h"
#include "binary/binary.h"
#include "term/ident.h"

#include <endian.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 256
#define KEPT_TEXT_MAX (64 << 10)

struct re_patterns {
	_Atomic(struct re_pattern *) slots[SLOTS];
};

/* Each block remembers its size in front of it. */

#define BLOCK_PREFIX 16

static void *block_alloc(size_t size, void *unused)
{
	(void)unused;
	if (size > SIZE_MAX - BLOCK_PREFIX)
		return NULL;
	char *block = mem_alloc(MEM_CODE, size + BLOCK_PREFIX);
	memcpy(block, &size, sizeof(size));
	return block + BLOCK_PREFIX;
}

static void block_free(void *data, void *unused)
{
	(void)unused;
	if (data == NULL)
		return;
	char *block = (char *)data - BLOCK_PREFIX;
	size_t size;
	memcpy(&size, block, sizeof(size));
	mem_free(MEM_CODE, block, size + BLOCK_PREFIX);
}

pcre2_general_context *re_general_context(void)
{
	return pcre2_general_context_create(block_alloc, block_free, NULL);
}

bool re_is_first_pcre(const struct proc *p)
{
	return p->ns->release < 28;
}

pcre2_code *re_compile(const struct proc *p, const uint8_t *text, size_t size,
	const struct re_options *options, struct re_error *ret)
{
	pcre2_general_context *general = re_general_context();
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	if (options->newline != 0)
		(void)pcre2_set_newline(context,
			options->newline); /* fails only for other numbers, and leaves it then */
	if (options->bsr != 0)
		(void)pcre2_set_bsr(context, options->bsr);
	pcre2_code *code =
		pcre2_compile(text, size, options->compile, &ret->number, &ret->offset, context);
	if (code == NULL && ret->number == PCRE2_ERROR_UNKNOWN_ESCAPE && re_is_first_pcre(p)) {
		/* There an unknown escape is the character itself. */
		(void)pcre2_set_compile_extra_options(context, PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL);
		code = pcre2_compile(
			text, size, options->compile, &ret->number, &ret->offset, context);
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	return code;
}

/* ---------------------------------------------------------------------------------------------- counted patterns */

static size_t pattern_bytes(const struct re_pattern *pattern)
{
	size_t size = 0;
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &size); /* it is a pattern */
	return sizeof(*pattern) + pattern->key_size + size;
}

static void pattern_destroy(struct counted *counted)
{
	struct re_pattern *pattern = (struct re_pattern *)counted; /* first member */
	if (pattern->account != NULL) {
		account_charge(pattern->account, ACCOUNT_OTHER, -(int64_t)pattern_bytes(pattern));
		(void)account_unref(pattern->account);
	}
	pcre2_code_free(pattern->code);
	mem_free(MEM_CODE, pattern, sizeof(*pattern) + pattern->key_size);
}

/* Takes code. One reference. */
static struct re_pattern *pattern_new(pcre2_code *code, const uint8_t *key, size_t key_size)
{
	struct re_pattern *pattern = mem_alloc(MEM_CODE, sizeof(*pattern) + key_size);
	pattern->counted.refs = 1;
	pattern->counted.destroy = pattern_destroy;
	pattern->code = code;
	pattern->account = NULL;
	pattern->key_size = key_size;
	if (key_size > 0)
		memcpy(pattern->key, key, key_size);
	return pattern;
}

void re_pattern_ref(struct re_pattern *pattern)
{
	/* Relaxed: the caller's slice keeps a count, so it cannot fall to 0 meanwhile. */
	atomic_add_relaxed(&pattern->counted.refs, 1);
}

void re_pattern_unref(struct re_pattern *pattern)
{
	if (atomic_sub_acq_rel(&pattern->counted.refs, 1) == 1)
		pattern->counted.destroy(&pattern->counted);
}

/* ---------------------------------------------------------------------------------------------- text form */

static const char key_magic[8] = "beamr re";

struct key_head {
	char magic[8];
	uint32_t compile, newline, bsr; /* little endian */
};

static void read_key(const uint8_t *key, struct re_options *options)
{
	struct key_head head;
	memcpy(&head, key, sizeof(head));
	memset(options, 0, sizeof(*options));
	options->compile = le32toh(head.compile);
	options->newline = le32toh(head.newline);
	options->bsr = le32toh(head.bsr);
}

/* Whether it is one of ours; whose options are not all ours is not compiled (without its check of UTF-8, for one, PCRE2 runs off the text). */
static bool is_key(const uint8_t *key, size_t size)
{
	struct re_options options;
	if (size < sizeof(struct key_head) || memcmp(key, key_magic, sizeof(key_magic)) != 0)
		return false;
	read_key(key, &options);
	return (options.compile & ~re_compile_bits()) == 0;
}

/* FNV-1a, by words where there are any. */
static uint64_t hash_of(const uint8_t *key, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t at = 0;
	for (uint64_t word; at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, key + at, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	for (; at < size; at++)
		hash = (hash ^ key[at]) * 0x100000001b3;
	return hash ^ hash >> 29;
}

/* ---------------------------------------------------------------------------------------------- those of a namespace */

static void pattern_retired(struct epoch_item *item)
{
	re_pattern_unref(
		(struct re_pattern *)((char *)item - offsetof(struct re_pattern, retired)));
}

static struct re_patterns *patterns_of(struct ns *ns)
{
	struct re_patterns *patterns = atomic_load_acquire(&ns->re_patterns);
	if (patterns != NULL)
		return patterns;
	struct re_patterns *made = mem_zalloc(MEM_CODE, sizeof(*made));
	/* Two first users may race; the loser's goes. */
	if (atomic_cas_acq_rel(&ns->re_patterns, &patterns, made))
		return made;
	mem_free(MEM_CODE, made, sizeof(*made));
	return patterns;
}

struct re_patterns *re_patterns_free(struct re_patterns *patterns)
{
	if (patterns == NULL)
		return NULL;
	for (size_t i = 0; i < SLOTS; i++) {
		struct re_pattern *pattern = atomic_load_relaxed(&patterns->slots[i]);
		if (pattern != NULL)
			re_pattern_unref(pattern);
	}
	mem_free(MEM_CODE, patterns, sizeof(*patterns));
	return NULL;
}

/* Gives the namespace the pattern to keep; it is good until the slice ends. */
static void keep(struct proc *p, struct re_pattern *pattern)
{
	if (pattern->key_size > KEPT_TEXT_MAX) {
		epoch_retire(&pattern->retired, pattern_retired);
		return;
	}
	pattern->hash = hash_of(pattern->key, pattern->key_size);
	pattern->account = account_ref(p->ns->account);
	account_charge(pattern->account, ACCOUNT_OTHER, (int64_t)pattern_bytes(pattern));
	/* Pairs with find_kept(). */
	struct re_pattern *before =
		atomic_swap_acq_rel(&patterns_of(p->ns)->slots[pattern->hash % SLOTS], pattern);
	if (before != NULL)
		epoch_retire(&before->retired, pattern_retired);
}

static struct re_pattern *find_kept(struct proc *p, const uint8_t *key, size_t size)
{
	uint64_t hash = hash_of(key, size);
	struct re_pattern *pattern = atomic_load_acquire(&patterns_of(p->ns)->slots[hash % SLOTS]);
	bool same = pattern != NULL && pattern->hash == hash && pattern->key_size == size &&
		    memcmp(pattern->key, key, size) == 0;
	return same ? pattern : NULL;
}

static struct re_pattern *pattern_of_key(struct proc *p, const uint8_t *key, size_t size)
{
	struct re_pattern *pattern = find_kept(p, key, size);
	if (pattern != NULL || !is_key(key, size))
		return pattern;
	struct re_options options;
	struct re_error error;
	read_key(key, &options);
	bif_charge(p, 10 + size);
	pcre2_code *code = re_compile(
		p, key + sizeof(struct key_head), size - sizeof(struct key_head), &options, &error);
	if (code == NULL)
		return NULL;
	pattern = pattern_new(code, key, size);
	keep(p, pattern);
	return pattern;
}

/* ---------------------------------------------------------------------------------------------- terms */

static term in_reference(struct heap *heap, struct re_pattern *pattern)
{
	struct ref_id id = ref_new_id();
	term *ref = heap_alloc(heap, MAGIC_REF_WORDS);
	ref[0] = HEADER(BOXED_MAGIC_REF, 4);
	ref[2] = (term)(uintptr_t)pattern;
	ref[3] = id.high;
	ref[4] = id.low;
	offheap_add(&heap->offheap, ref, pattern_bytes(pattern));
	return term_of_boxed(ref);
}

static term in_binary(struct proc *p, pcre2_code *code, const struct re_options *options,
	const uint8_t *text, size_t size)
{
	struct key_head head = { .compile = htole32(options->compile),
		.newline = htole32(options->newline),
		.bsr = htole32(options->bsr) };
	memcpy(head.magic, key_magic, sizeof(head.magic));
	uint8_t *key = mem_alloc(MEM_TEMP, sizeof(head) + size);
	memcpy(key, &head, sizeof(head));
	memcpy(key + sizeof(head), text, size);
	term value = bits_of_bytes(bif_heap(p), key, sizeof(head) + size);
	keep(p, pattern_new(code, key, sizeof(head) + size));
	mem_free(MEM_TEMP, key, sizeof(head) + size);
	return value;
}

term re_pattern_term(struct proc *p, pcre2_code *code, const struct re_options *options,
	const uint8_t *text, size_t size)
{
	uint32_t groups = 0;
	uint32_t newline = 0;
	/* These fail only for what is no pattern. */
	(void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	(void)pcre2_pattern_info(code, PCRE2_INFO_NEWLINE, &newline);
	bool crlf = newline == PCRE2_NEWLINE_ANY || newline == PCRE2_NEWLINE_CRLF ||
		    newline == PCRE2_NEWLINE_ANYCRLF;
	term opaque = re_is_first_pcre(p) ? in_binary(p, code, options, text, size)
					  : in_reference(bif_heap(p), pattern_new(code, NULL, 0));
	return heap_tuple_of(bif_heap(p), A(re_pattern), term_of_small(groups),
		term_of_small((options->flags & RE_UNICODE) != 0), term_of_small(crlf), opaque);
}

struct re_pattern *re_pattern_of(struct proc *p, term t)
{
	if (!term_is_tuple_of(t, 5) || tuple_element(t, 0) != A(re_pattern) ||
		!term_is_small(tuple_element(t, 1)) || !term_is_small(tuple_element(t, 2)) ||
		!term_is_small(tuple_element(t, 3)))
		return NULL;
	term opaque = tuple_element(t, 4);
	if (term_is_kind(opaque, BOXED_MAGIC_REF)) {
		struct counted *counted = (struct counted *)(uintptr_t)boxed_ptr(opaque)[2];
		return counted->destroy == pattern_destroy ? (struct re_pattern *)counted : NULL;
	}
	if (!term_is_binary(opaque))
		return NULL;
	struct flat_bits flat;
	flat_bits_init(&flat, opaque);
	struct re_pattern *pattern = pattern_of_key(p, flat.data, flat.size);
	flat_bits_done(&flat);
	return pattern;
}
