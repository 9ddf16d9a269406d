/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the options of module re.
 * Source: module re of OTP 27 and 29. */
#include "base/vec.h"
#include "bif/re_options.h"

#include "binary/iolist.h"

#include <limits.h>
#include <string.h>

struct option_row {
	term atom;
	uint32_t compile;
	uint32_t match;
	unsigned flags;
};

static const struct option_row plain_options[] = {
	{ A(anchored), PCRE2_ANCHORED, PCRE2_ANCHORED, 0 },
	{ A(caseless), PCRE2_CASELESS, 0, RE_COMPILE_ONLY },
	{ A(dollar_endonly), PCRE2_DOLLAR_ENDONLY, 0, RE_COMPILE_ONLY },
	{ A(dotall), PCRE2_DOTALL, 0, RE_COMPILE_ONLY },
	{ A(dupnames), PCRE2_DUPNAMES, 0, RE_COMPILE_ONLY },
	{ A(export), 0, 0, RE_COMPILE_ONLY | RE_EXPORT },
	{ A(extended), PCRE2_EXTENDED, 0, RE_COMPILE_ONLY },
	{ A(firstline), PCRE2_FIRSTLINE, 0, RE_COMPILE_ONLY },
	{ A(global), 0, 0, RE_RUN_ONLY | RE_GLOBAL },
	{ A(multiline), PCRE2_MULTILINE, 0, RE_COMPILE_ONLY },
	{ A(never_utf), PCRE2_NEVER_UTF, 0, RE_COMPILE_ONLY },
	{ A(no_auto_capture), PCRE2_NO_AUTO_CAPTURE, 0, RE_COMPILE_ONLY },
	{ A(no_start_optimize), PCRE2_NO_START_OPTIMIZE, 0, RE_COMPILE_ONLY },
	{ A(notbol), 0, PCRE2_NOTBOL, RE_RUN_ONLY },
	{ A(notempty), 0, PCRE2_NOTEMPTY, RE_RUN_ONLY },
	{ A(notempty_atstart), 0, PCRE2_NOTEMPTY_ATSTART, RE_RUN_ONLY },
	{ A(noteol), 0, PCRE2_NOTEOL, RE_RUN_ONLY },
	{ A(report_errors), 0, 0, RE_RUN_ONLY | RE_REPORT_ERRORS },
	{ A(ucp), PCRE2_UCP, 0, RE_COMPILE_ONLY },
	{ A(ungreedy), PCRE2_UNGREEDY, 0, RE_COMPILE_ONLY },
	{ A(unicode), PCRE2_UTF, 0, RE_COMPILE_ONLY | RE_UNICODE },
};

static bool read_plain(struct re_options *o, term atom)
{
	if (atom == A(bsr_anycrlf) || atom == A(bsr_unicode)) {
		o->bsr = atom == A(bsr_anycrlf) ? PCRE2_BSR_ANYCRLF : PCRE2_BSR_UNICODE;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain_options); i++) {
		const struct option_row *row = &plain_options[i];
		if (row->atom != atom)
			continue;
		o->compile |= row->compile;
		o->match |= row->match;
		o->flags |= row->flags;
		return true;
	}
	return false;
}

static uint32_t newline_of(term t)
{
	if (t == A(cr))
		return PCRE2_NEWLINE_CR;
	if (t == A(crlf))
		return PCRE2_NEWLINE_CRLF;
	if (t == A(lf))
		return PCRE2_NEWLINE_LF;
	if (t == A(nul))
		return PCRE2_NEWLINE_NUL;
	if (t == A(anycrlf))
		return PCRE2_NEWLINE_ANYCRLF;
	return t == A(any) ? PCRE2_NEWLINE_ANY : 0;
}

static bool read_number(term t, size_t *ret)
{
	return bif_get_size(t, ret) && *ret <= INT_MAX;
}

static bool read_pair(struct re_options *o, term key, term value)
{
	size_t n;
	if (key == A(newline))
		return (o->newline = newline_of(value)) != 0;
	o->flags |= RE_RUN_ONLY;
	if (key == A(capture)) {
		o->flags |= RE_CAPTURE;
		o->capture_values = value;
		o->capture_type = A(index);
		return true;
	}
	if (!read_number(value, &n))
		return false;
	if (key == A(offset)) {
		o->offset = n;
	} else if (key == A(match_limit)) {
		o->flags |= RE_MATCH_LIMIT;
		o->match_limit = (uint32_t)n;
	} else if (key == A(match_limit_recursion)) {
		o->flags |= RE_DEPTH_LIMIT;
		o->depth_limit = (uint32_t)n;
	} else {
		return false;
	}
	return true;
}

uint32_t re_compile_bits(void)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < ARRAY_SIZE(plain_options); i++)
		bits |= plain_options[i].compile;
	return bits;
}

bool re_options_read(struct re_options *ret, term list)
{
	memset(ret, 0, sizeof(*ret));
	for (; term_is_cons(list); list = cons_tail(list)) {
		term item = cons_head(list);
		bool ok;
		if (term_is_tuple_of(item, 3) && tuple_element(item, 0) == A(capture)) {
			ok = read_pair(ret, A(capture), tuple_element(item, 1));
			ret->capture_type = tuple_element(item, 2);
		} else if (term_is_tuple_of(item, 2)) {
			ok = read_pair(ret, tuple_element(item, 0), tuple_element(item, 1));
		} else {
			ok = read_plain(ret, item);
		}
		if (!ok)
			return false;
	}
	return list == TERM_NIL;
}

/* Captures. */

static int entry_number(const uint8_t *entry)
{
	return entry[0] << 8 | entry[1];
}

static bool has_duplicate_names(const pcre2_code *code)
{
	uint32_t options = 0;
	(void)pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options); /* fails only for what is no pattern */
	return (options & PCRE2_DUPNAMES) != 0;
}

static void add_name(struct re_captures *captures, const pcre2_code *code, const char *name)
{
	PCRE2_SPTR first, last;
	if (!has_duplicate_names(code)) {
		int number = pcre2_substring_number_from_name(code, (PCRE2_SPTR)name);
		vec_push(&captures->numbers, number > 0 ? number : RE_NO_GROUP);
		return;
	}
	int entry_size = pcre2_substring_nametable_scan(code, (PCRE2_SPTR)name, &first, &last);
	if (entry_size <= 0) {
		vec_push(&captures->numbers, RE_NO_GROUP);
		return;
	}
	int count = (int)(last - first) / entry_size + 1;
	if (count > 1)
		vec_push(&captures->numbers, -(count + 1));
	for (; first <= last; first += entry_size)
		vec_push(&captures->numbers, entry_number(first));
}

static void add_all_names(struct re_captures *captures, const pcre2_code *code)
{
	uint32_t count = 0;
	uint32_t size = 0;
	PCRE2_SPTR entry = NULL;
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count); /* as above */
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	(void)pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &entry);
	if (count == 0)
		captures->type = RE_NOTHING;
	for (uint32_t i = 0; i < count; i++, entry += size)
		/* The table is sorted, so one name's entries stand together. */
		if (i == 0 || strcmp((const char *)entry + 2, (const char *)entry - size + 2) != 0)
			add_name(captures, code, (const char *)entry + 2);
}

/* A group's number or name. */
static bool add_value(struct re_captures *captures, const pcre2_code *code, term value)
{
	char name[4 * ATOM_CHARS_MAX + 1];
	if (term_is_small(value)) {
		int64_t n = small_value(value);
		if (n > INT_MAX)
			return false;
		vec_push(&captures->numbers, n >= 0 ? (int)n : RE_NO_GROUP);
		return true;
	}
	if (term_is_atom(value)) {
		struct atom_text text = atom_text(value);
		memcpy(name, text.bytes, text.size);
		name[text.size] = '\0';
		add_name(captures, code, name);
		return true;
	}
	struct iolist_bytes bytes;
	if (iolist_bytes_init(&bytes, value) != IOLIST_OK)
		return false;
	/* PCRE2's names are far shorter, so one that does not fit names nothing. */
	if (bytes.size < sizeof(name)) {
		memcpy(name, bytes.data, bytes.size);
		name[bytes.size] = '\0';
		add_name(captures, code, name);
	} else {
		vec_push(&captures->numbers, RE_NO_GROUP);
	}
	iolist_bytes_done(&bytes);
	return true;
}

bool re_captures_init(struct re_captures *captures, const pcre2_code *code, term values, term type)
{
	memset(captures, 0, sizeof(*captures));
	if (type == A(index))
		captures->type = RE_INDEX;
	else if (type == A(list))
		captures->type = RE_LIST;
	else if (type == A(binary))
		captures->type = RE_BINARY;
	else
		return false;
	if (values == A(all) || values == A(all_but_first)) {
		captures->all = true;
		captures->all_from = values == A(all_but_first);
	} else if (values == A(none) || values == TERM_NIL) {
		captures->type = RE_NOTHING;
	} else if (values == A(first)) {
		vec_push(&captures->numbers, 0);
	} else if (values == A(all_names)) {
		add_all_names(captures, code);
	} else {
		bool ok = term_is_cons(values);
		for (; ok && term_is_cons(values); values = cons_tail(values))
			ok = add_value(captures, code, cons_head(values));
		if (!ok || values != TERM_NIL) {
			re_captures_done(captures);
			return false;
		}
	}
	return true;
}

void re_captures_done(struct re_captures *captures)
{
	vec_done(&captures->numbers);
}
