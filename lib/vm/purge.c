/* SPDX-License-Identifier: Apache-2.0 */
/* Purging at the host's hand. */
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <string.h>

void beamr_purge(
	struct beamr_ns *h, const char *name, unsigned flags, beamr_purged_fn done, void *user)
{
	struct beamr_purged *purged = mem_zalloc(MEM_MISC, sizeof(*purged));
	term atom = atom_lookup((const uint8_t *)name, strlen(name));
	struct module *m = atom == TERM_NONE ? NULL : ns_module(h->ns, atom);
	/* Nobody is asked yet whether it uses old code, so old code stays. */
	if (m == NULL)
		purged->outcome = BEAMR_E_NO_MODULE;
	else if (m->old != NULL)
		purged->outcome = BEAMR_E_OLD_CODE;
	done(user, purged);
}

struct beamr_purged *beamr_purged_free(struct beamr_purged *purged)
{
	if (purged != NULL)
		mem_free(MEM_MISC, purged, sizeof(*purged));
	return NULL;
}
