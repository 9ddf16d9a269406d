/* SPDX-License-Identifier: Apache-2.0 */
/* seq_trace: a token that goes from process to process with the messages. Owner only. */
#pragma once
#include "trace/tracee.h"

/* {Flags, Label, Serial, Sender, LastSerial} on the process's heap; [] without one. */
term seq_token(struct proc *p);
term seq_token_on(const struct proc *p, struct heap *heap);
term seq_setting(struct proc *p, term which, term value);
/* seq_trace:set_token/2 as the emulator has it; the old value. TERM_NONE: no such component or value. */
term seq_set(struct proc *p, term component, term value);
/* proc/tracing.h. */
struct message *seq_send(struct proc *p, term to, term message);
term seq_label(struct message *m);
void seq_drop(struct message *m);
void seq_receive(struct proc *p, struct message *m);
void seq_spawned(struct proc *parent, struct proc *child);
void seq_end(struct proc *p);
