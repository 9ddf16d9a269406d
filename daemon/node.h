/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a service: a namespace, what runs in it, and its end. Life: 1 node_start()  2 started  3 ended (by itself, or because
 * node_stop() asked)  4 gone: the namespace has no process left and its name is free; the node is freed right after.
 * What happens is told on the main thread, each of these at most once and in that order; `gone` always comes. Main thread only. */
#pragma once
#include "daemon.h"
#include "release.h"

struct node;

enum node_health {
	NODE_WELL,
	NODE_GOING, /* on its way down: its end is, or will be, told */
	NODE_ILL,   /* it runs, but says that it is not well */
};

struct node_events {
	void (*started)(void *user);
	/* status: what it halted with; 0 of one that was stopped or whose root ended in order. message: borrowed. */
	void (*ended)(void *user, int status, const char *message);
	void (*gone)(void *user);
	/* The answer to node_look(); not when it ends before. text: why it is ill; borrowed. */
	void (*looked)(void *user, enum node_health health, const char *text);
	void *user;
};

/* A descriptor that it gets, as sd_listen_fds(3) has it. */
struct node_socket {
	const char *name;
	int fd; /* copied */
};

struct node_options {
	const char *name;        /* of the namespace */
	struct release *release; /* taken, also when it does not start */
	bool bare;               /* no kernel: only the start function */
	const char *otp_root;    /* NULL: the machine's */
	const char *start; /* "module:function(arguments)" instead of what the release says; NULL */
	const char *const *arguments; /* for init:get_plain_arguments/0, ended by NULL; NULL */
	const char *const
		*environment; /* "NAME=VALUE" on top of the daemon's, ended by NULL; NULL */
	const char *cwd;
	const struct beamr_quota *quota; /* NULL: none */
	const char *const *channels;     /* "SERVICE.NAME", ended by NULL; NULL: none */
	const struct node_socket *sockets;
	size_t socket_count;
	bool crash_detail; /* crash entries hold the last message and the state */
};

/* Returns 0, or an error with ret_reason filled (a sentence without a full stop); then no event comes. */
int node_start(struct daemon *daemon, const struct node_options *options,
	const struct node_events *events, struct node **ret_node, char *ret_reason,
	size_t reason_size);
/* Asks it to end in order. */
void node_stop(struct node *node);
/* Ends all of it now. */
void node_kill(struct node *node);
/* No event comes any more; it goes on by itself to its end. */
void node_forget(struct node *node);
/* Whether it runs well; `looked` is called once, perhaps before this returns. health: "module:function(arguments)" that says ok, true or
 * {ok, _} when it does, or "". One at a time. */
void node_look(struct node *node, const char *health);
bool node_has_started(const struct node *node);
/* Its namespace, lent; NULL once it has ended. */
struct beamr_ns *node_ns(const struct node *node);
/* The first of its processes; 0 when there is none. */
beamr_pid node_root(const struct node *node);
/* Gives its namespace another name. Returns 0 or an outcome of beamr_ns_rename(). */
int node_rename(struct node *node, const char *name);
