/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told: ready, reloading, stopping, status, and the watchdog, which is fed only while every scheduler moves
 * or sleeps. All of it does nothing when there is no service manager. Main thread only. */
#pragma once
#include "daemon.h"

struct notify;

/* Returns NULL when the host has no memory. */
struct notify *notify_new(struct daemon *daemon);
struct notify *notify_free(struct notify *notify);

/* While starting: what is being done. Extends the time limit, so call it for real progress only. */
void notify_starting(struct daemon *daemon, const char *format, ...) _printf_(2, 3);
void notify_ready(struct daemon *daemon);
void notify_reloading(struct daemon *daemon);
void notify_stopping(struct daemon *daemon, uint64_t processes);
/* The status line may have changed; it is sent within a second, at most once a second. */
void notify_changed(struct notify *notify);
/* "2 services, 118 processes" */
void notify_status_text(struct daemon *daemon, char *out, size_t bytes);
