/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes and read-write locks with a rank: taken in rank order only; debug builds abort naming both sites. */
#pragma once
#include "base/check.h"

#include <pthread.h>

enum lock_rank {
#define LOCK(name, text) LOCK_##name,
#include "base/locks.def"
#undef LOCK
	LOCK_RANKS
};

struct CAPABILITY("mutex") mutex {
	pthread_mutex_t mutex;
	enum lock_rank rank;
};

struct CAPABILITY("mutex") rwlock {
	pthread_rwlock_t lock;
	enum lock_rank rank;
};

void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_done(struct mutex *m);
void mutex_lock(struct mutex *m) ACQUIRE(*m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m) RELEASE(*m);

void rwlock_init(struct rwlock *l, enum lock_rank rank);
void rwlock_done(struct rwlock *l);
void rwlock_read(struct rwlock *l);
void rwlock_write(struct rwlock *l) ACQUIRE(*l);
/* Releases either hold. */
void rwlock_unlock(struct rwlock *l) RELEASE(*l);
