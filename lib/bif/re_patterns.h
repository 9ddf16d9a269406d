/* SPDX-License-Identifier: Apache-2.0 */
/* The patterns that a namespace keeps compiled. */
#pragma once

struct re_patterns;

/* Takes NULL; returns NULL. No process of the namespace may be left. */
struct re_patterns *re_patterns_free(struct re_patterns *patterns);
