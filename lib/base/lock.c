/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes and read-write locks with a rank; debug builds hold each thread to the order of locks.def. */
#include "base/lock.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef BEAMR_DEBUG
static _Thread_local struct {
	enum lock_rank ranks[64];
	unsigned count;
} held;

static const char *const lock_names[] = {
#define LOCK(name, text) #name,
#include "base/locks.def"
#undef LOCK
};

/* Equal ranks are refused as well, but for LEAF's stripes none are ever taken in pairs. */
static void note_taken(enum lock_rank rank)
{
	for (unsigned i = 0; i < held.count; i++)
		if (held.ranks[i] >= rank) {
			fprintf(stderr, "lock order: %s taken while %s is held\n", lock_names[rank],
				lock_names[held.ranks[i]]);
			abort();
		}
	assert(held.count < ARRAY_SIZE(held.ranks));
	held.ranks[held.count++] = rank;
}

static void note_released(enum lock_rank rank)
{
	for (unsigned i = held.count; i-- > 0;)
		if (held.ranks[i] == rank) {
			held.ranks[i] = held.ranks[--held.count];
			return;
		}
	assert(!"released a lock that is not held");
}
#else
static inline void note_taken(enum lock_rank rank)
{
}

static inline void note_released(enum lock_rank rank)
{
}
#endif

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	m->rank = rank;
	int r = pthread_mutex_init(&m->mutex, NULL);
	assert(r == 0);
}

void mutex_done(struct mutex *m)
{
	int r = pthread_mutex_destroy(&m->mutex);
	assert(r == 0);
}

void mutex_lock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	note_taken(m->rank);
	int r = pthread_mutex_lock(&m->mutex);
	assert(r == 0);
}

bool mutex_trylock(struct mutex *m)
{
	if (pthread_mutex_trylock(&m->mutex) != 0)
		return false;
	note_taken(m->rank);
	return true;
}

void mutex_unlock(struct mutex *m) NO_THREAD_SAFETY_ANALYSIS
{
	note_released(m->rank);
	int r = pthread_mutex_unlock(&m->mutex);
	assert(r == 0);
}

void rwlock_init(struct rwlock *l, enum lock_rank rank)
{
	l->rank = rank;
	int r = pthread_rwlock_init(&l->lock, NULL);
	assert(r == 0);
}

void rwlock_done(struct rwlock *l)
{
	int r = pthread_rwlock_destroy(&l->lock);
	assert(r == 0);
}

void rwlock_read(struct rwlock *l)
{
	note_taken(l->rank);
	int r = pthread_rwlock_rdlock(&l->lock);
	assert(r == 0);
}

void rwlock_write(struct rwlock *l) NO_THREAD_SAFETY_ANALYSIS
{
	note_taken(l->rank);
	int r = pthread_rwlock_wrlock(&l->lock);
	assert(r == 0);
}

void rwlock_unlock(struct rwlock *l) NO_THREAD_SAFETY_ANALYSIS
{
	note_released(l->rank);
	int r = pthread_rwlock_unlock(&l->lock);
	assert(r == 0);
}
