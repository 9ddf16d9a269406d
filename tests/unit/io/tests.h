/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this program share. */
#pragma once
#include "base/atomic.h"
#include "io/poll.h"

#include <check.h>

/* Runs fn on a scheduler's thread, and returns when it has. */
void on_home(struct worker *home, void (*fn)(void *arg), void *arg);
/* Waits until the count is at least n; fails after a minute. */
void wait_for(const _Atomic long *count, long n);
void io_setup(void);
void io_teardown(void);
TCase *port_tests(void);
