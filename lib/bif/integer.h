/* SPDX-License-Identifier: Apache-2.0 */
/* C integers as terms and times in the units that programs name; for BIFs of any chapter. */
#pragma once
#include "bif/bif.h"
#include "data/big.h"

/* nsec in the unit (second, millisecond, microsecond, nanosecond, native, perf_counter, or parts per second), rounded
 * down; raises badarg for anything else. */
term time_in_unit(struct proc *p, int64_t nsec, term unit);
