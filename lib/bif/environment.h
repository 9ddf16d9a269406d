/* SPDX-License-Identifier: Apache-2.0 */
/* The environment variables of a namespace (module os). */
#pragma once

struct environment;
struct ns;

/* Takes NULL; returns NULL. For the end of a namespace. */
struct environment *environment_free(struct environment *env);
/* A copy of a namespace's, for a program that it starts; freed with environment_free(). */
struct environment *environment_copy(struct ns *ns);
/* value NULL: takes it out. */
void environment_put(struct environment *env, const char *name, const char *value);
/* "NAME=VALUE" each, ended by NULL; all of it malloc'ed. */
char **environment_texts(const struct environment *env);
/* The namespace's variables are these "NAME=VALUE" from here on; ended by NULL, copied. Before anything runs there. */
void environment_set(struct ns *ns, const char *const *variables);
