/* SPDX-License-Identifier: Apache-2.0 */
/* What OTP's driver trace_file_drv does, which dbg and fprof give to tracing as tracer: a port that writes what comes to it into a file,
 * each piece as <<0, Size:32, Bytes/binary>>, and <<1, Count:32>> where so many were dropped, being more than fit its queue.
 *
 * open_port({spawn, "trace_file_drv n NAME"}, _), or, for files in turn, "trace_file_drv w SIZE FILES TIME AT n NAME": their names have
 * a number at AT, from 0 to FILES and round again, one of which is always free; the next one begins when SIZE bytes are in one, or, with a
 * TIME (milliseconds), with what comes when that is over; what was in it before is gone.
 * port_control(Port, $f, "") answers [0] when all that came is written. Helper threads open and write the file (port_file.c). */
#pragma once
#include "io/port_impl.h"

#define TRACE_FILE_HEADER 5

/* Owner of one that is being opened: has its file opened. PORT_STARTED tells. 0 or an errno. */
int trace_file_open(struct port *p);
/* Owner. Takes bytes, whose first TRACE_FILE_HEADER are room. */
void trace_file_write(struct port *p, struct port_bytes *bytes);

/* Leaving one file for the next one. */
enum turn_when { TURN_BEFORE, TURN_AFTER };

/* On a helper thread: makes it the file that fd writes, if it is time for that; turn may be NULL. 0 or an errno. */
int trace_file_turn(int fd, const struct trace_file_turn *turn, enum turn_when when);
struct trace_file_turn *trace_file_turn_free(struct trace_file_turn *turn);
/* Owner. port_control(). Takes r. */
void trace_file_control(struct port *p, struct port_request *r);
