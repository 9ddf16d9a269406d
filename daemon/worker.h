/* SPDX-License-Identifier: Apache-2.0 */
/* One thread for what blocks on disks: jobs are done in the order they came, and their ends are brought to the event loop. */
#pragma once
#include "bridge.h"

struct worker;

struct worker_job {
	struct bridge_item item; /* first: the bridge hands it back */
	struct worker_job *next;
	void (*work)(struct worker_job *job); /* on the thread */
	void (*done)(struct worker_job *job); /* on the main thread, once; may free the job */
};

/* Starts the thread. Returns NULL when the host cannot. */
struct worker *worker_new(struct bridge *bridge);
/* Ends when what was posted has been worked off; the bridge still has their ends. Takes NULL. */
struct worker *worker_free(struct worker *worker);
/* The job is the worker's until it is done. Main thread. */
void worker_post(struct worker *worker, struct worker_job *job);
