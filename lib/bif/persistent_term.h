/* SPDX-License-Identifier: Apache-2.0 */
/* The persistent terms of a namespace. */
#pragma once

struct names_walk;
struct ns;
struct persistent_space;

/* Takes NULL; returns NULL. No process of the namespace may be left. */
struct persistent_space *persistent_space_free(struct persistent_space *space);
/* What they name (ns/ns.h). */
void persistent_names_walk(struct ns *ns, struct names_walk *walk);
