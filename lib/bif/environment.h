/* SPDX-License-Identifier: Apache-2.0 */
/* The environment variables of a namespace (module os). */
#pragma once

struct environment;
struct ns;

/* Takes NULL; returns NULL. For the end of a namespace. */
struct environment *environment_free(struct environment *env);
/* The namespace's variables are these "NAME=VALUE" from here on; ended by NULL, copied. Before anything runs there. */
void environment_set(struct ns *ns, const char *const *variables);
