/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an interface in Varlink's language, for introspection. */
#pragma once
#include "control/control.h"

/* A malloc'ed string; NULL when the host has no memory. */
char *describe_interface(enum control_interface_id id);
