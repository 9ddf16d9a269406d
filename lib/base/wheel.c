/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel. */
#include "base/wheel.h"

#define TICK_NSEC ((int64_t)1 << WHEEL_TICK_SHIFT)

/* The first tick at whose beginning the time has come. */
static inline uint64_t tick_of(int64_t at_nsec)
{
	return at_nsec <= 0 ? 0 : ((uint64_t)at_nsec + (uint64_t)TICK_NSEC - 1) >> WHEEL_TICK_SHIFT;
}

void wheel_init(struct wheel *wheel, int64_t now_nsec)
{
	wheel->tick = (uint64_t)now_nsec >> WHEEL_TICK_SHIFT;
	wheel->count = 0;
	list_init(&wheel->due);
	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		wheel->occupied[l] = 0;
		for (unsigned s = 0; s < 64; s++)
			list_init(&wheel->slots[l][s]);
	}
}

static void place(struct wheel *wheel, struct wheel_timer *timer)
{
	uint64_t tick = tick_of(timer->at_nsec);
	if (tick <= wheel->tick) {
		timer->level = WHEEL_LEVELS;
		list_append(&wheel->due, &timer->link);
		return;
	}
	unsigned level = (63U - (unsigned)__builtin_clzll(tick ^ wheel->tick)) / 6;
	debug_assert(level < WHEEL_LEVELS);
	timer->level = (uint8_t)level;
	timer->slot = (uint8_t)(tick >> (6 * level) & 63);
	wheel->occupied[level] |= (uint64_t)1 << timer->slot;
	list_append(&wheel->slots[level][timer->slot], &timer->link);
}

void wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t at_nsec)
{
	debug_assert(!timer->set);
	timer->at_nsec = at_nsec;
	timer->set = true;
	wheel->count++;
	place(wheel, timer);
}

static void unlink_timer(struct wheel *wheel, struct wheel_timer *timer)
{
	list_remove(&timer->link);
	if (timer->level < WHEEL_LEVELS && list_is_empty(&wheel->slots[timer->level][timer->slot]))
		wheel->occupied[timer->level] &= ~((uint64_t)1 << timer->slot);
}

void wheel_stop(struct wheel *wheel, struct wheel_timer *timer)
{
	if (!timer->set)
		return;
	timer->set = false;
	wheel->count--;
	unlink_timer(wheel, timer);
}

/* The earliest slot that is occupied: its first tick, and which. False: none is. */
static bool earliest(const struct wheel *wheel, uint64_t *ret_tick, unsigned *ret_level, unsigned *ret_slot)
{
	/* What lies in a lower level comes before everything in higher ones, and all slots in use lie after the
	 * wheel's own, since a timer's level is that of the highest bits in which it differs. */
	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		if (wheel->occupied[l] == 0)
			continue;
		unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[l]);
		unsigned shift = 6 * l;
		*ret_tick = (((wheel->tick >> shift) & ~(uint64_t)63) | slot) << shift;
		*ret_level = l;
		*ret_slot = slot;
		return true;
	}
	return false;
}

void wheel_advance(struct wheel *wheel, int64_t now_nsec)
{
	uint64_t now = (uint64_t)now_nsec >> WHEEL_TICK_SHIFT, tick;
	unsigned level, slot;
	while (wheel->tick < now) {
		if (!earliest(wheel, &tick, &level, &slot) || tick > now) {
			wheel->tick = now;
			return;
		}
		wheel->tick = tick;
		struct list *from = &wheel->slots[level][slot], moved;
		wheel->occupied[level] &= ~((uint64_t)1 << slot);
		moved = *from;
		moved.next->prev = moved.prev->next = &moved;
		list_init(from);
		list_foreach_safe (n, &moved)
			place(wheel, list_entry(n, struct wheel_timer, link));
	}
}

struct wheel_timer *wheel_take(struct wheel *wheel)
{
	if (list_is_empty(&wheel->due))
		return NULL;
	struct wheel_timer *timer = list_entry(wheel->due.next, struct wheel_timer, link);
	wheel_stop(wheel, timer);
	return timer;
}

int64_t wheel_next(const struct wheel *wheel)
{
	uint64_t tick;
	unsigned level, slot;
	if (!list_is_empty(&wheel->due))
		return 0;
	if (!earliest(wheel, &tick, &level, &slot))
		return WHEEL_NEVER;
	return (int64_t)(tick << WHEEL_TICK_SHIFT);
}
