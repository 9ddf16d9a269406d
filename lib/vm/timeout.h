/* SPDX-License-Identifier: Apache-2.0 */
/* Timeouts of the host's own calls: one thread, started when the first is set, asleep until the next is due. */
#pragma once
#include <stdint.h>

/* fn runs once, on the timeouts' thread, after usec microseconds, unless it is cancelled first. Returns its number, never 0. */
uint64_t timeout_start(uint64_t usec, void (*fn)(void *user), void *user);
/* After it returns, fn has run or will not run. A number of 0, or one that has run, is ignored. */
void timeout_cancel(uint64_t number);
/* Ends the thread; nothing set runs any more. */
void timeout_stop(void);
