/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timer wheel: nodes are the caller's, setting and stopping are a few instructions.
 *
 * Time is cut into ticks of 2^WHEEL_TICK_SHIFT nanoseconds. A timer never fires before its time, and at most about one
 * tick after it. Eight levels of 64 slots; a timer lies in the level of the highest six bits in which its tick differs from
 * the wheel's, and comes down a level each time the wheel turns to its slot.
 * Invariant: bit s of occupied[l] is set if and only if slots[l][s] is not empty; no node lies at or before `tick`
 * but those on `due`. Not locked here: the owner's lock guards wheel and nodes. */
#pragma once
#include "base/list.h"

#define WHEEL_TICK_SHIFT 18
#define WHEEL_LEVELS 8
#define WHEEL_NEVER INT64_MAX

struct wheel_timer {
	struct list link; /* zero or alone: not set */
	int64_t at_nsec;
	uint8_t level, slot; /* WHEEL_LEVELS: on `due` */
	uint8_t kind;        /* the caller's */
	bool set;
};

struct wheel {
	uint64_t tick;
	uint64_t occupied[WHEEL_LEVELS];
	struct list slots[WHEEL_LEVELS][64];
	struct list due;
	size_t count;
};

void wheel_init(struct wheel *wheel, int64_t now_nsec);
/* at_nsec: on the clock of wheel_advance. The timer is not set. */
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t at_nsec);
void wheel_stop(struct wheel *wheel, struct wheel_timer *timer);
/* Turns the wheel to now. Afterwards wheel_take gives each timer whose time has come. */
void wheel_advance(struct wheel *wheel, int64_t now_nsec);
struct wheel_timer *wheel_take(struct wheel *wheel);
/* When to call wheel_advance again: not after the next timer's time; WHEEL_NEVER when none is set. */
int64_t wheel_next(const struct wheel *wheel);
