/* SPDX-License-Identifier: Apache-2.0 */
/* The environment variables of a namespace (module os). */
#pragma once

struct environment;

/* Takes NULL; returns NULL. For the end of a namespace. */
struct environment *environment_free(struct environment *env);
