/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions, and annotations that compilers check.
 * A bug in beamr is an assert, on in every build; debug_assert is for checks too dear for the engine. */
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef BEAMR_DEBUG
#define debug_assert(e) assert(e)
#else
#define debug_assert(e) ((void)0)
#endif

#define likely(e) __builtin_expect(!!(e), 1)
#define unlikely(e) __builtin_expect(!!(e), 0)
#define _must_check_ __attribute__((warn_unused_result))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _noinline_ __attribute__((noinline, cold))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__clang__)
#define TSA(x) __attribute__((x))
#else
#define TSA(x)
#endif
/* CAPABILITY: a lock type.  REQUIRES: the caller holds it.  ACQUIRE/RELEASE: what the function does. */
#define CAPABILITY(name) TSA(capability(name))
#define REQUIRES(...) TSA(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS TSA(no_thread_safety_analysis)
