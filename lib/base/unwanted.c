/* SPDX-License-Identifier: Apache-2.0 */
/* Where a thread keeps what it may ask. See unwanted.h. */
#include "base/unwanted.h"

_Thread_local struct unwanted *unwanted_here;
