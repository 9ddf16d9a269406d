/* SPDX-License-Identifier: Apache-2.0 */
/* What takes unusually long or much: told to whoever set a limit (erlang:system_monitor/2, trace:system/3) and to the host.
 *
 * One word says what anybody wants to hear of at all; while it is 0 nothing is measured. */
#pragma once
#include "base/atomic.h"
#include "proc/tracing.h"

enum watch_bit {
	WATCH_GC = 1,
	WATCH_SCHEDULE = 2,
	WATCH_HEAP = 4,
	WATCH_QUEUE = 8,
	WATCH_PORT = 16,
	WATCH_PROFILE = 32,
};

/* Written by trace/monitor.c alone. */
extern _Atomic uint32_t proc_watched;

static inline bool watching(enum watch_bit what)
{
	return unlikely((atomic_load_relaxed(&proc_watched) & (uint32_t)what) != 0);
}
