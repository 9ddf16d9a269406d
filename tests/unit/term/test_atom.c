/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table, alone and with several threads. */
#include "term/atom.h"
#include "base/account.h"
#include "base/epoch.h"
#include "term/export.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void setup(void)
{
	atom_init(100000);
	export_init();
}

static void teardown(void)
{
	export_done();
	atom_done();
}

START_TEST(constants_have_their_texts)
{
	struct atom_text text = atom_text(A(undefined));
	ck_assert_uint_eq(text.size, 9);
	ck_assert_mem_eq(text.bytes, "undefined", 9);
	ck_assert_uint_eq(atom_text(A(empty)).size, 0);
	ck_assert(atom_lookup((const uint8_t *)"ok", 2) == A(ok));
}
END_TEST

START_TEST(a_text_has_one_atom)
{
	uint32_t before = atom_count();
	ck_assert(atom_lookup((const uint8_t *)"never seen", 10) == TERM_NONE);
	term t = atom_of_string("never seen");
	ck_assert(t == atom_of_string("never seen"));
	ck_assert(t == atom_lookup((const uint8_t *)"never seen", 10));
	ck_assert_uint_eq(atom_count(), before + 1);
}
END_TEST

START_TEST(bad_texts_are_refused)
{
	char text[4 * 256];
	bool full = true;
	memset(text, 'a', sizeof(text));
	ck_assert(atom_intern((uint8_t *)text, 256, &full) == TERM_NONE);
	ck_assert(!full);
	ck_assert(atom_intern((uint8_t *)text, 255, &full) != TERM_NONE);
	for (int i = 0; i < 256; i++)
		memcpy(text + 2 * i, "\xC3\xA5", 2);
	ck_assert_uint_eq(atom_text(atom_intern((uint8_t *)text, 510, NULL)).chars, 255);
	ck_assert(atom_intern((uint8_t *)text, 512, NULL) == TERM_NONE);
	ck_assert(atom_intern((const uint8_t *)"\xFF", 1, NULL) == TERM_NONE);
	ck_assert(atom_intern((const uint8_t *)"\xED\xA0\x80", 3, NULL) == TERM_NONE);
}
END_TEST

START_TEST(order_is_that_of_code_points)
{
	static const char *const texts[] = { "", "A", "Z", "a", "aa", "aaaaaaaa", "aaaaaaaab", "aaaaaaab", "b", "\xC3\xA5",
		"\xD0\xB6" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			int order = atom_compare(atom_of_string(texts[i]), atom_of_string(texts[j]));
			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
		}
}
END_TEST

START_TEST(a_full_table_says_so)
{
	char text[16];
	bool full = false;
	for (int i = 0; !full; i++) {
		(void)snprintf(text, sizeof(text), "fill%d", i);
		(void)atom_intern((uint8_t *)text, strlen(text), &full);
	}
	ck_assert_uint_eq(atom_count(), atom_limit());
	ck_assert(atom_of_string("ok") == A(ok));
}
END_TEST

#define THREAD_ATOMS 20000

static void *intern_many(void *arg)
{
	term *found = arg;
	char text[16];
	for (int i = 0; i < THREAD_ATOMS; i++) {
		(void)snprintf(text, sizeof(text), "shared%d", i);
		found[i] = atom_of_string(text);
	}
	return NULL;
}

START_TEST(threads_agree)
{
	static term found[4][THREAD_ATOMS];
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, intern_many, found[i]), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREAD_ATOMS; i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "shared%d", i);
		struct atom_text t = atom_text(found[0][i]);
		ck_assert(t.size == strlen(text) && memcmp(t.bytes, text, t.size) == 0);
		for (int j = 1; j < 4; j++)
			ck_assert(found[j][i] == found[0][i]);
	}
	ck_assert_uint_eq(atom_count(), ATOM_CONSTANTS + THREAD_ATOMS);
}
END_TEST

static term made(struct account *account, const char *text, bool *ret_full)
{
	epoch_enter();
	struct names_holder before = names_set_holder((struct names_holder){ .account = account });
	term t = atom_intern((const uint8_t *)text, strlen(text), ret_full);
	(void)names_set_holder(before);
	epoch_leave();
	return t;
}

static term known(struct account *account, const char *text)
{
	epoch_enter();
	struct names_holder before = names_set_holder((struct names_holder){ .account = account });
	term t = atom_lookup((const uint8_t *)text, strlen(text));
	(void)names_set_holder(before);
	epoch_leave();
	return t;
}

static void end(struct account *account)
{
	names_retire(account);
	epoch_drain();
}

START_TEST(an_atom_goes_with_the_last_who_holds_it)
{
	struct account *a = account_new(), *b = account_new();
	const uint32_t before = atom_count();
	term t = made(a, "of both", NULL);
	ck_assert(known(b, "of both") == TERM_NONE);
	ck_assert(made(b, "of both", NULL) == t);
	ck_assert(made(a, "of one", NULL) != t);
	ck_assert_uint_eq(atom_count(), before + 2);
	end(a);
	ck_assert_uint_eq(atom_count(), before + 1);
	ck_assert(known(b, "of both") == t);
	ck_assert_uint_eq(atom_text(t).size, 7);
	end(b);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert(atom_lookup((const uint8_t *)"of both", 7) == TERM_NONE);
	ck_assert_uint_eq(account_count(), 0);
}
END_TEST

START_TEST(what_a_module_names_stays_with_it)
{
	struct account *a = account_new();
	struct names names = { 0 };
	const uint32_t before = atom_count();
	struct names_holder was = names_set_holder((struct names_holder){ .names = &names });
	term t = atom_intern((const uint8_t *)"twice", 5, NULL);
	ck_assert(atom_intern((const uint8_t *)"twice", 5, NULL) == t);
	struct export *e = export_get(t, A(ok), 3);
	(void)names_set_holder(was);
	ck_assert_uint_eq(names.fresh, 1);
	names_settle(&names);
	ck_assert_uint_eq(names.atoms.count, 1);
	ck_assert_uint_eq(names.exports.count, 1);
	ck_assert_uint_eq(names_atoms_missing(&names, a), 1);
	epoch_enter();
	names_hold(&names, a);
	epoch_leave();
	ck_assert_uint_eq(names_atoms_missing(&names, a), 0);
	names_done(&names);
	epoch_drain();
	ck_assert(export_find(t, A(ok), 3) == e);
	end(a);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert(export_find(t, A(ok), 3) == NULL);
}
END_TEST

START_TEST(numbers_of_exports_are_given_again)
{
	struct names names = { 0 };
	struct names_holder was = names_set_holder((struct names_holder){ .names = &names });
	for (uint32_t i = 0; i < 5000; i++)
		ck_assert_ptr_nonnull(export_get(A(ok), A(error), i));
	uint32_t most = export_count();
	for (uint32_t round = 0; round < 10; round++) {
		names_done(&names);
		epoch_drain();
		for (uint32_t i = 0; i < 5000; i++) {
			const struct export *e = export_get(A(error), A(ok), round * 5000 + i);
			ck_assert(export_find(A(error), A(ok), round * 5000 + i) == e);
			ck_assert_ptr_eq(export_of(e->number), e);
		}
	}
	if (!mem_verifies)
		ck_assert_uint_le(export_count(), most + 5000);
	(void)names_set_holder(was);
	names_done(&names);
}
END_TEST

START_TEST(an_account_holds_as_many_as_it_may)
{
	struct account *a = account_new();
	bool full = false;
	atomic_store_relaxed(&a->atoms_max, 10);
	term other = atom_of_string("everybody's");
	char text[16];
	for (int i = 0; i < 10; i++) {
		(void)snprintf(text, sizeof(text), "mine %d", i);
		ck_assert(made(a, text, &full) != TERM_NONE);
	}
	ck_assert(made(a, "one more", &full) == TERM_NONE);
	ck_assert(full);
	ck_assert(made(a, "mine 3", &full) != TERM_NONE);
	ck_assert(made(a, "everybody's", &full) == other);
	ck_assert_uint_eq(atoms_room(a), 0);
	/* What it is sent comes all the same. */
	struct account *b = account_new();
	epoch_enter();
	atom_hold((struct names_holder){ .account = a }, made(b, "one more", &full));
	epoch_leave();
	ck_assert(known(a, "one more") != TERM_NONE);
	end(a);
	end(b);
}
END_TEST

static void hold(struct account *account, term t)
{
	epoch_enter();
	atom_hold((struct names_holder){ .account = account }, t);
	epoch_leave();
}

START_TEST(what_a_collection_finds_stays_and_the_rest_goes)
{
	struct account *a = account_new(), *b = account_new();
	const uint32_t before = atom_count();
	term found = made(a, "found", NULL), both = made(a, "of both", NULL), asked = made(a, "asked for", NULL);
	(void)made(a, "lost", NULL);
	ck_assert(made(b, "of both", NULL) == both);
	names_collect(a);
	/* Until it is over everything is there, and counts. */
	ck_assert_int_eq(atomic_load_relaxed(&a->counts[COUNT_ATOMS]), 4);
	ck_assert(known(a, "asked for") == asked);
	hold(a, found);
	hold(a, found);
	ck_assert_int_eq(atomic_load_relaxed(&a->counts[COUNT_ATOMS]), 4);
	ck_assert_uint_eq(names_collected(a), 2);
	epoch_drain();
	ck_assert_int_eq(atomic_load_relaxed(&a->counts[COUNT_ATOMS]), 2);
	ck_assert(known(a, "lost") == TERM_NONE);
	ck_assert(known(a, "of both") == TERM_NONE);
	ck_assert(known(b, "of both") == both);
	ck_assert(known(a, "found") == found);
	ck_assert(known(a, "asked for") == asked);
	end(a);
	end(b);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert_uint_eq(account_count(), 0);
}
END_TEST

START_TEST(an_export_that_is_found_keeps_its_atoms)
{
	struct account *a = account_new();
	term module = made(a, "a module", NULL), function = made(a, "a function", NULL);
	epoch_enter();
	struct names_holder was = names_set_holder((struct names_holder){ .account = a });
	const struct export *kept = export_get(module, function, 1);
	ck_assert_ptr_nonnull(export_get(module, function, 2));
	(void)names_set_holder(was);
	epoch_leave();
	names_collect(a);
	epoch_enter();
	export_hold((struct names_holder){ .account = a }, kept);
	epoch_leave();
	ck_assert_uint_eq(names_collected(a), 0);
	epoch_drain();
	ck_assert(export_find(module, function, 1) == kept);
	ck_assert(export_find(module, function, 2) == NULL);
	ck_assert(known(a, "a function") == function);
	names_collect(a);
	ck_assert_uint_eq(names_collected(a), 2);
	epoch_drain();
	ck_assert(export_find(module, function, 1) == NULL);
	end(a);
	ck_assert_uint_eq(account_count(), 0);
}
END_TEST

#define MINTERS 3

struct minting {
	struct account *account;
	_Atomic bool over;
};

static void *mint(void *arg)
{
	struct minting *m = arg;
	for (unsigned i = 0; !atomic_load_acquire(&m->over); i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "minted%u", i % 200);
		epoch_enter();
		term t = made(m->account, text, NULL);
		struct atom_text is = atom_text(t);
		ck_assert(is.size == strlen(text) && memcmp(is.bytes, text, is.size) == 0);
		atom_hold((struct names_holder){ .account = m->account }, t);
		ck_assert(known(m->account, text) == t);
		epoch_leave();
	}
	epoch_thread_done();
	return NULL;
}

struct passing {
	struct epoch_item item; /* first */
	_Atomic bool over;
};

static void passed(struct epoch_item *item)
{
	atomic_store_release(&((struct passing *)(void *)item)->over, true);
}

static void every_thread_moves_on(void)
{
	struct passing p = { 0 };
	epoch_retire(&p.item, passed);
	while (!atomic_load_acquire(&p.over)) {
		epoch_enter();
		epoch_leave();
	}
}

START_TEST(collections_and_who_makes_atoms_meanwhile_agree)
{
	pthread_t threads[MINTERS];
	const uint32_t before = atom_count();
	struct minting m = { .account = account_new() };
	for (int i = 0; i < MINTERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, mint, &m), 0);
	for (int i = 0; i < 200; i++) {
		names_collect(m.account);
		every_thread_moves_on();
		(void)names_collected(m.account);
	}
	atomic_store_release(&m.over, true);
	for (int i = 0; i < MINTERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	names_collect(m.account);
	(void)names_collected(m.account);
	ck_assert_int_eq(atomic_load_relaxed(&m.account->counts[COUNT_ATOMS]), 0);
	end(m.account);
	ck_assert_uint_eq(atom_count(), before);
	ck_assert_uint_eq(account_count(), 0);
}
END_TEST

#define CHURN_ROUNDS 300

static void *churn(void *arg)
{
	(void)arg;
	for (int round = 0; round < CHURN_ROUNDS; round++) {
		struct account *a = account_new();
		char text[16];
		epoch_enter();
		for (int i = 0; i < 50; i++) {
			(void)snprintf(text, sizeof(text), "churned%d", i);
			term t = made(a, text, NULL);
			struct atom_text is = atom_text(t);
			ck_assert(is.size == strlen(text) && memcmp(is.bytes, text, is.size) == 0);
			ck_assert(known(a, text) == t);
		}
		names_retire(a);
		epoch_leave();
	}
	epoch_thread_done();
	return NULL;
}

START_TEST(threads_that_come_and_go_agree)
{
	pthread_t threads[4];
	const uint32_t before = atom_count();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, NULL), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	epoch_drain();
	ck_assert_uint_eq(atom_count(), before);
	ck_assert_uint_eq(account_count(), 0);
}
END_TEST

void add_atom_tests(Suite *suite)
{
	TCase *tcase = tcase_create("atom");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, constants_have_their_texts);
	tcase_add_test(tcase, a_text_has_one_atom);
	tcase_add_test(tcase, bad_texts_are_refused);
	tcase_add_test(tcase, order_is_that_of_code_points);
	tcase_add_test(tcase, a_full_table_says_so);
	tcase_add_test(tcase, threads_agree);
	tcase_add_test(tcase, an_atom_goes_with_the_last_who_holds_it);
	tcase_add_test(tcase, what_a_module_names_stays_with_it);
	tcase_add_test(tcase, numbers_of_exports_are_given_again);
	tcase_add_test(tcase, an_account_holds_as_many_as_it_may);
	tcase_add_test(tcase, threads_that_come_and_go_agree);
	tcase_add_test(tcase, what_a_collection_finds_stays_and_the_rest_goes);
	tcase_add_test(tcase, an_export_that_is_found_keeps_its_atoms);
	tcase_add_test(tcase, collections_and_who_makes_atoms_meanwhile_agree);
	suite_add_tcase(suite, tcase);
}
