/* SPDX-License-Identifier: Apache-2.0 */
/* `beamrd admit PATH [CONFIG]`: lets the admin group in at a socket that belongs to another group, so that its members need not be in
 * both. What the socket units call once the socket is there. */
#pragma once

/* Returns an exit status. */
int admit_main(int count, char **arguments);
