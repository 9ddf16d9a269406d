/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: external term format, decoded, printed, encoded again and decoded again. */
#include "beamr.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct beamr_term *term = NULL;
	struct beamr_error error;
	if (beamr_term_decode(data, size, &term, &error) != 0)
		return 0;
	bool truncated;
	free(beamr_term_text(term, 4096, &truncated));
	(void)beamr_term_type(term);
	(void)beamr_term_words(term);
	size_t bytes = 0;
	void *encoded = beamr_term_encode(term, &bytes);
	beamr_term_free(term);
	if (encoded == NULL)
		return 0;
	/* What we wrote ourselves has to be readable, and writing that again gives the same. */
	if (beamr_term_decode(encoded, bytes, &term, &error) != 0)
		abort();
	size_t again_bytes = 0;
	void *again = beamr_term_encode(term, &again_bytes);
	beamr_term_free(term);
	if (again == NULL || again_bytes != bytes || memcmp(again, encoded, bytes) != 0)
		abort();
	free(again);
	free(encoded);
	return 0;
}
