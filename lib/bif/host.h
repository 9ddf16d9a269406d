/* SPDX-License-Identifier: Apache-2.0 */
/* What programs may ask of the host through the namespace's kernel process. */
#pragma once
#include "bif/bif.h"

struct host_functions {
	/* Text of `from` for the host; bytes are borrowed. Must not block. */
	void (*output)(struct ns *ns, term from, const uint8_t *bytes, size_t size);
	/* The namespace's kernel process and what belongs to it have their names. */
	void (*started)(struct ns *ns);
	/* The namespace's logger is there (or could not be started). */
	void (*logger_started)(struct ns *ns);
	/* erlang:halt/2 in a namespace. */
	void (*halt)(struct ns *ns, int status);
};

/* Bytes for the host's own terminal (erlang:display); no process is asked. */
void host_display(int fd, const uint8_t *bytes, size_t size);
/* "27" and so on, and the version of ERTS that OTP release has; "" without an OTP root. */
const char *host_otp_release(void);
const char *host_erts_version(void);
/* Monotonic time at which the machine began. */
int64_t host_start_nsec(void);

/* Once, before anything runs. otp_release: borrowed for good. */
void host_set_functions(const struct host_functions *functions, const char *otp_release);
