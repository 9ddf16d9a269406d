/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line to parameters of a method, by the rows of the verb. */
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const verb_fn verbs[CONTROL_VERBS] = {
#define VERB(id, ...) [CONTROL_VERB_##id] = verb_##id,
#include "control/rows.h"
};

static int wrong(const struct control_verb *verb, const char *what, const char *text)
{
	fprintf(stderr, "beamrctl: %s: \"%s\"\n", what, text);
	help_usage(verb);
	return CTL_USAGE;
}

/* A word as the JSON that the field wants; NULL when it is not. */
static json_t *word_value(const struct control_field *field, const char *word)
{
	char *end;
	switch (field->type) {
	case CONTROL_STRING:
	case CONTROL_ENUM:
		return json_string(word);
	case CONTROL_STRUCT:
		return json_pack(
			"{s:s}", "text", word); /* terms are the only structs that verbs take */
	case CONTROL_BOOL:
		return json_true();
	case CONTROL_INT: {
		int64_t usec;
		if (strstr(field->wire, "USec") != NULL)
			return ctl_parse_time(word, &usec) ? json_integer(usec) : NULL;
		errno = 0;
		long long number = strtoll(word, &end, 10);
		return errno == 0 && end != word && *end == '\0' ? json_integer(number) : NULL;
	}
	case CONTROL_FLOAT:
	case CONTROL_OBJECT:
		break;
	}
	return NULL;
}

static bool is_list(const struct control_field *field)
{
	return field->cardinality == CONTROL_LIST || field->cardinality == CONTROL_OPTIONAL_LIST;
}

static int set_value(const struct control_verb *verb, json_t *params,
	const struct control_field *field, const char *word)
{
	json_t *value = word_value(field, word);
	if (value == NULL)
		return wrong(verb, "this is no number or time", word);
	if (!is_list(field))
		return json_object_set_new(params, field->wire, value) == 0
			       ? 0
			       : wrong(verb, "this is no UTF-8", word);
	json_t *list = json_object_get(params, field->wire);
	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(
			params, field->wire, list); /* fails only without memory */
	}
	return json_array_append_new(list, value) == 0 ? 0 : CTL_FAILED;
}

/* A parameter of several parts; it is made when it is not there. */
static json_t *object_of(json_t *params, const char *key)
{
	if (json_object_get(params, key) == NULL)
		(void)json_object_set_new(params, key, json_object()); /* fails only without memory */
	return json_object_get(params, key);
}

/* An option at words[*at]; value in the same word or the next. Returns -1 when it is none of the verb's. */
static int parse_option(
	const struct control_verb *verb, int count, char **words, int *at, json_t *params)
{
	const char *word = words[*at];
	for (size_t i = 0; i < verb->option_count; i++) {
		const struct control_option *option = &verb->options[i];
		size_t length = strlen(option->name);
		const char *value = NULL;
		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, option->name, length) == 0 &&
			(word[2 + length] == '\0' || word[2 + length] == '='))
			value = word[2 + length] == '=' ? word + length + 3 : NULL;
		else if (option->letter != '\0' && word[0] == '-' && word[1] == option->letter)
			value = word[2] != '\0' ? word + 2 : NULL;
		else
			continue;
		if (option->value[0] == '\0') {
			if (value != NULL)
				return wrong(verb, "this option takes no value", word);
			return is_list(option->field) ? 0
						      : set_value(verb, params, option->field, "");
		}
		if (value == NULL && *at + 1 >= count)
			return wrong(verb, "this option needs a value", word);
		if (value == NULL)
			value = words[++*at];
		return set_value(verb, option->inside != NULL ? object_of(params, option->inside) : params,
			option->field, value);
	}
	return -1;
}

int verb_parse(
	struct ctl *ctl, const struct control_verb *verb, int count, char **words, json_t *params)
{
	size_t next = 0;
	bool options = true;
	for (int i = 0; i < count; i++) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
			continue;
		}
		bool is_option = options && words[i][0] == '-' && words[i][1] != '\0' &&
				 !(words[i][1] >= '0' && words[i][1] <= '9');
		if (is_option) {
			int r = parse_option(verb, count, words, &i, params);
			if (r < 0)
				return wrong(verb, "there is no such option", words[i]);
			if (r > 0)
				return r;
			continue;
		}
		if (next >= verb->word_count)
			return wrong(verb, "this is one word too many", words[i]);
		int r = set_value(verb, params, verb->words[next].field, words[i]);
		if (r != 0)
			return r;
		if (!is_list(verb->words[next].field))
			next++;
	}
	if (next < verb->word_count && verb->words[next].cardinality == CONTROL_ONE) {
		fprintf(stderr, "beamrctl: %s is missing\n", verb->words[next].placeholder);
		help_usage(verb);
		return CTL_USAGE;
	}
	return 0;
}

/* What holds for all verbs: the service, the time. */
static void add_common(const struct ctl *ctl, const struct control_verb *verb, json_t *params)
{
	const struct control_method *method = &control_methods[verb->method];
	for (size_t i = 0; i < method->in_count; i++) {
		const struct control_field *field = &method->in[i];
		json_t *value = NULL;
		if (json_object_get(params, field->wire) != NULL)
			continue;
		if (strcmp(field->wire, "service") == 0 &&
			(ctl->service != NULL || field->cardinality == CONTROL_ONE))
			value = json_string(ctl->service != NULL ? ctl->service : "default");
		else if (strcmp(field->wire, "timeoutUSec") == 0 && ctl->timeout_usec > 0)
			value = json_integer(ctl->timeout_usec);
		else if (field->cardinality == CONTROL_LIST)
			value = json_array();
		if (value != NULL)
			(void)json_object_set_new(
				params, field->wire, value); /* fails only without memory */
	}
}

int verb_main(struct ctl *ctl, const struct control_verb *verb, int count, char **words)
{
	enum control_verb_id id = (enum control_verb_id)(verb - control_verbs);
	json_t *params = json_object();
	bool own_words = id == CONTROL_VERB_crash || id == CONTROL_VERB_ets ||
			 id == CONTROL_VERB_imports || id == CONTROL_VERB_load ||
			 id == CONTROL_VERB_log_level || id == CONTROL_VERB_logs || id == CONTROL_VERB_namespaces ||
			 id == CONTROL_VERB_quota;
	if (ctl->help) {
		help_verb(verb);
		json_decref(params);
		return 0;
	}
	/* The eight take ids, files, sub-verbs and limits, which the table has no words for. */
	int r = own_words ? 0 : verb_parse(ctl, verb, count, words, params);
	if (r == 0 && verb->method != CONTROL_METHOD_none && !own_words)
		add_common(ctl, verb, params);
	if (r == 0)
		r = verbs[id](ctl, verb, params, count, words);
	json_decref(params);
	return r;
}

int verb_silent(struct ctl *ctl, const struct control_verb *verb, json_t *params)
{
	json_t *reply;
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	(void)show_plain(ctl, reply);
	json_decref(reply);
	return 0;
}
