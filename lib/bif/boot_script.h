/* SPDX-License-Identifier: Apache-2.0 */
/* A step that the host adds to the script that a node boots with. */
#pragma once
#include "bif/bif.h"

/* What binary_to_term/1 has made for p. When it is the boot script of a node whose log is the host's, read by init to boot: the same with
 * beamr_logger:attach() after the start of application kernel, so that what the script's other applications log is the host's as well.
 * Else as it is. */
term boot_script(struct proc *p, term t);
