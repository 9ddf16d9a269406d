/* SPDX-License-Identifier: Apache-2.0 */
/* What programs may ask of the host through the namespace's kernel process. */
#pragma once
#include "bif/bif.h"

enum halt_kind { HALT_STATUS, HALT_SLOGAN, HALT_ABORT };

/* What erlang:halt/2 was told. */
struct halt {
	enum halt_kind kind;
	int status;         /* 0 to 255; 1 unless it is a status */
	const char *slogan; /* UTF-8; "" unless it is one; borrowed */
	int64_t flush_msec; /* how long its ports may go on writing what they have accepted; 0: not at all, INT64_MAX: for ever */
};

struct host_functions {
	/* Text of `from` (TERM_NONE: not known) for the host, to stream 1 or 2; bytes are borrowed. Must not block. */
	void (*output)(struct ns *ns, term from, int stream, const uint8_t *bytes, size_t size);
	/* The namespace's kernel process and what belongs to it have their names. */
	void (*started)(struct ns *ns);
	/* The namespace's logger is there (or could not be started). */
	void (*logger_started)(struct ns *ns);
	/* erlang:halt/2 in a namespace. */
	void (*halt)(struct ns *ns, const struct halt *halt);
};

/* Bytes for a standard stream (1 or 2): a node's own, else the host's (erlang:display); no process is asked. */
void host_display(struct proc *p, int fd, const uint8_t *bytes, size_t size);
/* Bytes that a program writes to its standard output (1) or error (2) when that is the host's to place. from: as above. */
void host_output(struct proc *p, term from, int stream, const uint8_t *bytes, size_t size);
/* Monotonic time at which the machine began. */
int64_t host_start_nsec(void);

/* Once, before anything runs. */
void host_set_functions(const struct host_functions *functions);
