/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: Erlang term text, as the tool and `beamrd run` take it. What was read, printed and read again has to print
 * the same. */
#include "beamr.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct beamr_term *term = NULL;
	struct beamr_error error;
	if (beamr_term_parse((const char *)data, size, &term, &error) != 0)
		return 0;
	bool truncated;
	char *text = beamr_term_text(term, 0, &truncated);
	beamr_term_free(term);
	if (text == NULL)
		return 0;
	if (beamr_term_parse(text, strlen(text), &term, &error) == 0) {
		char *again = beamr_term_text(term, 0, &truncated);
		beamr_term_free(term);
		if (again != NULL && strcmp(again, text) != 0)
			abort();
		free(again);
	}
	free(text);
	return 0;
}
