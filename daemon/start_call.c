/* SPDX-License-Identifier: Apache-2.0 */
/* Taking apart what to call. */
#include "start_call.h"

#include "startup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int start_call_parse(struct start_call *start, const char *text, struct beamr_error *error)
{
	static char usual[] = "main";
	*start = (struct start_call){ .module = strdup(text) };
	*error = (struct beamr_error){ .reason = "" };
	if (start->module == NULL)
		return -ENOMEM;
	start->function = strchr(start->module, ':');
	char *arguments = start->function != NULL ? strchr(start->function, '(') : NULL;
	if (start->function != NULL)
		*start->function++ = '\0';
	else
		start->function = usual;
	if (arguments == NULL)
		return 0;
	arguments[strlen(arguments) - 1] = ']'; /* "(A, B)" as "[A, B]" */
	arguments[0] = '[';
	int r = startup_arguments(arguments, &start->terms, &start->count, error);
	arguments[0] = '\0';
	return r;
}

void start_call_done(struct start_call *start)
{
	for (size_t i = 0; i < start->count; i++)
		(void)beamr_term_free(start->terms[i]);
	free(start->terms);
	free(start->module);
}

int start_call_refuse(const struct start_call *start, int r, const struct beamr_error *error,
	char *reason, size_t size)
{
	(void)snprintf(reason, size, "%s:%s/%zu cannot be started: %s", start->module,
		start->function, start->count,
		r == BEAMR_E_NO_MODULE     ? "there is no such module"
		: r == BEAMR_E_NO_FUNCTION ? "there is no such function"
		: r == BEAMR_E_FORMAT      ? error->reason
					   : strerror(r < 0 ? -r : EAGAIN)); /* cut when long */
	return r;
}
