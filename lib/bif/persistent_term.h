/* SPDX-License-Identifier: Apache-2.0 */
/* The persistent terms of a namespace. */
#pragma once

struct persistent_space;

/* Takes NULL; returns NULL. No process of the namespace may be left. */
struct persistent_space *persistent_space_free(struct persistent_space *space);
