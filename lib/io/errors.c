/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as atoms. See errors.h. */
#include "io/errors.h"

#include "term/atom.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

term errno_atom(int error)
{
	/* Two constants are this number on Linux; the library has the other's name. */
	const char *name = error == ENOTSUP ? "ENOTSUP" : strerrorname_np(error);
	char text[32];
	size_t n = 0;
	if (name == NULL)
		return A(unknown);
	for (; name[n] != '\0' && n + 1 < sizeof(text); n++)
		text[n] = (char)tolower((unsigned char)name[n]);
	text[n] = '\0';
	term atom = atom_of_string(text);
	return atom == TERM_NONE ? A(unknown) : atom;
}
