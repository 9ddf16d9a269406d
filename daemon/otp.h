/* SPDX-License-Identifier: Apache-2.0 */
/* Where OTP's libraries are looked for. */

#ifndef BEAMR_DAEMON_OTP_H
#define BEAMR_DAEMON_OTP_H

/* 0 when the folder holds OTP's libraries, that is a lib/stdlib or lib/stdlib-VERSION with an ebin; else a negative errno:
 * what kept the folder or its lib/ from being read, -ENOENT when no stdlib is there. */
int otp_root_check(const char *root);

#endif
