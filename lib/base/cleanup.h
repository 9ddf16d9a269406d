/* SPDX-License-Identifier: Apache-2.0 */
/* Release by scope, and handing on what a scope owns. */
#pragma once
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines f##p(T *p), for use as _cleanup_(f##p). */
#define DEFINE_CLEANUP(type, f)                                                                    \
	static inline void f##p(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			f(*p);                                                                     \
	}

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) _taken = (p);                                                        \
		(p) = NULL;                                                                        \
		_taken;                                                                            \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int _taken = (fd);                                                                 \
		(fd) = -1;                                                                         \
		_taken;                                                                            \
	})

static inline void free_stringp(char **p)
{
	free(*p);
}

static inline void close_fdp(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing can be done about a failing close of what we only read */
}
