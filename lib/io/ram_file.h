/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory: what OTP's module ram_file asks of its driver, one request a command, one reply a message.
 *
 * Request: <<Operation, Arguments>>.  Reply: {Port, {data, List}} with the bytes 0 (done), [1 | Name of an error], [2, Size:4 | Data] or
 * [3, Number:4]. An operation that is not known has no reply, as in OTP.
 * Bound: the bytes are charged to the port's namespace; what does not fit its limit is enomem. Owner of the port, for all of it. */
#pragma once
#include "io/port_impl.h"

struct ram_file;

struct ram_file *ram_file_new(struct account *account);
/* Returns NULL. */
struct ram_file *ram_file_free(struct ram_file *file);
void ram_file_command(struct port *p, struct ram_file *file, const uint8_t *request, size_t size);
