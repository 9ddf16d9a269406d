/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups of services: where systemd has delegated the unit's (Delegate=yes), the helper programs of each service go to a group of
 * their own below it, service-NAME, which is killed as a whole and removed when the service's namespace has ended. The daemon itself stays
 * where it is and no controllers are turned on: the groups are there to be seen (systemd-cgls) and to leave nothing behind. */
#pragma once
#include <stdint.h>

struct event_base;
struct cgroups;

/* NULL where nothing is delegated, or there is no unified hierarchy: then helper programs stay where the daemon is. */
struct cgroups *cgroups_new(struct event_base *base);
/* Takes NULL; returns NULL. What is left is killed. */
struct cgroups *cgroups_free(struct cgroups *cgroups);
/* Puts a process into the group of a namespace; its number stands for it, whatever it is called meanwhile. cgroups may be NULL.
 * Threads: any. */
void cgroups_add(struct cgroups *cgroups, uint64_t number, const char *name, int pid);
/* The namespace has ended: so does all that is in its group. NULL is allowed. Main thread. */
void cgroups_end(struct cgroups *cgroups, uint64_t number);
/* The group's path as /proc/PID/cgroup has it, malloc'ed; NULL when it has none. cgroups may be NULL. Main thread. */
char *cgroups_path(struct cgroups *cgroups, uint64_t number);
