/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of maps, lists, binary, unicode and erlang against answers of OTP (data.cases). */
#include "bif/bif.h"
#include "binary/binary.h"
#include "data/map.h"
#include "data/text.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/print.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct bif *find_bif(const char *module, const char *function, size_t arity)
{
	for (size_t i = 0; i < bif_count; i++)
		if (strcmp(bif_table[i].module, module) == 0 && strcmp(bif_table[i].function, function) == 0 &&
			bif_table[i].arity == arity)
			return &bif_table[i];
	return NULL;
}

static term parse(struct heap *heap, const char *text, const char *line)
{
	struct text_error error;
	term t = text_parse(heap, text, strlen(text), 0, NULL, &error);
	ck_assert_msg(t != TERM_NONE, "%s: %s at column %u", line, error.reason, error.column);
	return t;
}

static void print(struct print_out *out, const char *prefix, term t)
{
	print_init_growing(out, SIZE_MAX);
	print_string(out, prefix);
	print_term(out, t, PRINT_PLAIN, 0);
	print_bytes(out, "", 1);
}

static bool run_case(char *line, const char *answer)
{
	char whole[4096];
	snprintf(whole, sizeof(whole), "%s", line);
	char *rest = NULL;
	const char *module = strtok_r(line, " ", &rest);
	const char *function = strtok_r(NULL, " ", &rest);
	struct proc *p = calloc(1, sizeof(*p));
	heap_init_builder(&p->mem.heap);
	p->reductions = 4000;
	term list = parse(bif_heap(p), rest, whole);
	term args[8];
	size_t count = 0;
	for (; term_is_cons(list); list = cons_tail(list))
		args[count++] = cons_head(list);
	const struct bif *bif = find_bif(module, function, count);
	ck_assert_msg(bif != NULL, "no function %s:%s/%zu", module, function, count);
	const bool fails = strncmp(answer, "error ", 6) == 0;
	term expected = parse(bif_heap(p), answer + (fails ? 6 : 3), whole);
	term t = bif->direct(p, args);
	bool ok = (t == TERM_NONE) == fails;
	if (t == TERM_NONE)
		t = proc_extra(p)->raise.reason;
	ok = ok && term_equal(t, expected);
	if (!ok) {
		struct print_out out;
		print(&out, t == TERM_NONE ? "error " : "", t);
		fprintf(stderr, "%s\n\texpected %s\n\tgot      %s\n", whole, answer, out.data);
		print_free(&out);
	}
	heap_done(&p->mem.heap);
	free(p);
	return ok;
}

START_TEST(functions_answer_as_otp)
{
	atom_init(10000);
	map_init();
	export_init();
	FILE *f = fopen(DATA_CASES, "re");
	ck_assert_ptr_nonnull(f);
	char line[4096];
	char answer[4096];
	int cases = 0;
	int failed = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '%')
			continue;
		ck_assert_ptr_nonnull(fgets(answer, sizeof(answer), f));
		line[strcspn(line, "\n")] = '\0';
		answer[strcspn(answer, "\n")] = '\0';
		failed += !run_case(line, answer + 1);
		cases++;
	}
	fclose(f);
	ck_assert_int_gt(cases, 200);
	ck_assert_int_eq(failed, 0);
	map_exit();
	atom_done();
}
END_TEST

/* Whatever the bytes are, in memory of exactly their size. */
START_TEST(packets_of_any_bytes_are_looked_at_within_their_bounds)
{
	static const char *const types[] = { "raw", "line", "asn1", "sunrm", "cdr", "fcgi", "tpkt", "ssl_tls", "http",
		"http_bin", "httph", "httph_bin" };
	static const char *const seeds[] = { "GET http://[::1]:80/x HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n",
		"Host: a\r\n b\r\nx", "GIOP\1\2\1\0\3", "\1\1\0\1\0\3\2", "\x80\5\1\3\1", "\x1f\x81\1\x82\0\2ab" };
	atom_init(10000);
	map_init();
	const struct bif *bif = find_bif("erlang", "decode_packet", 3);
	for (int round = 0; round < 40000; round++) {
		struct proc *p = calloc(1, sizeof(*p));
		heap_init_builder(&p->mem.heap);
		const char *seed = seeds[(size_t)random() % ARRAY_SIZE(seeds)];
		size_t size = strlen(seed) + (size_t)random() % 4;
		struct binary *binary = binary_new(size);
		memset(binary->data, 0, size);
		memcpy(binary->data, seed, strlen(seed));
		for (long n = random() % 4; n > 0; n--)
			binary->data[(size_t)random() % size] = (uint8_t)random();
		size_t cut = (size_t)random() % (size + 1);
		binary->size = cut;
		term args[] = { atom_of_string(types[(size_t)random() % ARRAY_SIZE(types)]),
			bits_take_binary(bif_heap(p), binary, cut * 8), TERM_NIL };
		term t = bif->direct(p, args);
		ck_assert(term_is_tuple(t));
		heap_done(&p->mem.heap);
		free(p);
	}
	map_exit();
	atom_done();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bif");
	TCase *c = tcase_create("data");
	tcase_add_test(c, functions_answer_as_otp);
	tcase_add_test(c, packets_of_any_bytes_are_looked_at_within_their_bounds);
	suite_add_tcase(suite, c);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures != 0;
}
