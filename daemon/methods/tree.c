/* SPDX-License-Identifier: Apache-2.0 */
/* io.beamr.Process.Tree: processes under who spawned them, and when asked the links and monitors, which each process tells
 * itself. Bound: TREE_MAX processes; a bigger tree has to be asked for by root or depth. */
#include "methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, ...) void handle_##id(struct call *call, const struct control_in_##id *in);
#include "control/rows.h"

#define TREE_MAX 10000
#define AT_ONCE 64 /* processes asked at a time */

enum { KIND_PARENT = 1, KIND_LINK = 2, KIND_MONITOR = 4 };

struct node {
	beamr_pid pid;
	beamr_pid parent;
	size_t depth;    /* below its root */
	bool in;         /* part of the answer */
	bool placed;     /* it is decided whether it is */
	struct node *up; /* its parent, or whoever led here while the way up is walked */
	struct control_process process;
};

struct tree {
	struct call *call;
	unsigned kinds;
	beamr_pid root; /* 0: all */
	size_t depth;
	bool too_many;
	struct node
		*nodes; /* in the machine's order, which may have children before their parents */
	size_t count, capacity;
	struct control_process *kept;
	size_t kept_count;
	struct control_edge *edges;
	size_t edge_count, edge_capacity;
	size_t asked, answered;
};

static void tree_free(struct tree *tree)
{
	free(tree->nodes);
	free(tree->edges);
	free(tree);
}

static bool add_node(void *user, const struct beamr_process *process)
{
	struct tree *tree = user;
	if (tree->count == TREE_MAX * 10) {
		tree->too_many = true;
		return false;
	}
	if (tree->count == tree->capacity) {
		size_t capacity = tree->capacity > 0 ? tree->capacity * 2 : 64;
		struct node *grown = reallocarray(tree->nodes, capacity, sizeof(*grown));
		if (grown == NULL) {
			tree->too_many = true;
			return false;
		}
		tree->nodes = grown;
		tree->capacity = capacity;
	}
	struct node *node = &tree->nodes[tree->count++];
	*node = (struct node){ .pid = process->pid, .parent = process->parent };
	method_fill_process(tree->call, process, &node->process);
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	return (*x)->pid < (*y)->pid ? -1 : (*x)->pid > (*y)->pid;
}

static struct node *find_node(struct node **index, size_t count, beamr_pid pid)
{
	struct node key = { .pid = pid }, *wanted = &key;
	struct node **found = bsearch(&wanted, index, count, sizeof(*index), by_pid);
	return found != NULL ? *found : NULL;
}

static bool add_edge(
	struct tree *tree, const char *from, const char *to, int kind, const char *reference)
{
	if (tree->edge_count == tree->edge_capacity) {
		size_t capacity = tree->edge_capacity > 0 ? tree->edge_capacity * 2 : 64;
		struct control_edge *grown = reallocarray(tree->edges, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		tree->edges = grown;
		tree->edge_capacity = capacity;
	}
	tree->edges[tree->edge_count++] =
		(struct control_edge){ .from = from, .to = to, .kind = kind, .ref = reference };
	return true;
}

/* Decides about one node whose parent, if it lives, has been decided about. */
static bool place(struct tree *tree, struct node *node, const struct node *parent)
{
	node->placed = true;
	if (tree->root != 0 && node->pid == tree->root)
		node->in = true;
	else if (parent != NULL && parent->in) {
		node->depth = parent->depth + 1;
		node->in = node->depth <= tree->depth;
	} else
		node->in = tree->root == 0 && parent == NULL;
	if (!node->in)
		return true;
	tree->kept[tree->kept_count++] = node->process;
	if ((tree->kinds & KIND_PARENT) != 0 && parent != NULL && parent->in)
		return add_edge(tree, parent->process.process, node->process.process,
			CONTROL_edge_kind_parent, NULL);
	return true;
}

/* Which nodes belong to the answer, parents before their children, and the edges by parent. */
static bool choose(struct tree *tree)
{
	struct node **index = malloc((tree->count + 1) * sizeof(*index));
	if (index == NULL)
		return false;
	for (size_t i = 0; i < tree->count; i++)
		index[i] = &tree->nodes[i];
	qsort(index, tree->count, sizeof(*index), by_pid);
	tree->kept =
		control_arena_alloc(&tree->call->arena, (tree->count + 1) * sizeof(*tree->kept));
	bool done = tree->kept != NULL;
	for (size_t i = 0; done && i < tree->count; i++) {
		/* Up to an ancestor that is decided about or to the top, turning the way round; then down again. */
		struct node *node = &tree->nodes[i], *below = NULL;
		while (node != NULL && !node->placed) {
			struct node *parent = node->parent != 0
						      ? find_node(index, tree->count, node->parent)
						      : NULL;
			node->placed = true; /* no way up leads here twice */
			node->up = below;
			below = node;
			node = parent;
		}
		while (done && below != NULL) {
			struct node *next = below->up;
			done = place(tree, below, node);
			node = below;
			below = next;
		}
	}
	free(index);
	return done;
}

static void finish(struct tree *tree)
{
	struct call *call = tree->call;
	struct control_out_process_tree out = { .nodes = { tree->kept, tree->kept_count, true },
		.edges = { tree->edges, tree->edge_count, true } };
	if (!call->answered)
		call_reply(call, &out);
	tree_free(tree);
}

static void ask_more(struct tree *tree);

static void after_info(struct call *call, void *result, void *user)
{
	struct tree *tree = user;
	struct beamr_process_info *info = result;
	tree->answered++;
	if (info->outcome == 0) {
		const char *self = method_pid(call, info->process.pid);
		/* A link is told once, by the older of the two. */
		for (size_t i = 0; (tree->kinds & KIND_LINK) != 0 && i < info->link_count; i++) {
			if (beamr_pid_serial(info->process.pid) < beamr_pid_serial(info->links[i]))
				(void)add_edge(tree, self, method_pid(call, info->links[i]),
					CONTROL_edge_kind_link, NULL);
		}
		for (size_t i = 0; (tree->kinds & KIND_MONITOR) != 0 && i < info->monitor_count;
			i++) {
			const struct beamr_monitor *monitor = &info->monitors[i];
			(void)add_edge(tree, self,
				monitor->pid != 0 ? method_pid(call, monitor->pid)
						  : method_copy(call, monitor->text),
				CONTROL_edge_kind_monitor,
				monitor->reference != NULL ? method_copy(call, monitor->reference)
							   : NULL);
		}
	}
	(void)beamr_process_info_free(info);
	ask_more(tree);
}

static void on_info(void *user, struct beamr_process_info *info)
{
	method_wait_done(user, info);
}

static void ask_more(struct tree *tree)
{
	struct call *call = tree->call;
	while (tree->asked < tree->count && tree->asked - tree->answered < AT_ONCE &&
		call->connection != NULL) {
		struct node *node = &tree->nodes[tree->asked];
		if (!node->in) {
			tree->asked++;
			tree->answered++;
			continue;
		}
		struct method_wait *wait = method_wait_new(call, after_info, tree);
		if (wait == NULL)
			return; /* the call was answered; the ones out come back to a tree that ends below */
		tree->asked++;
		beamr_describe(
			call->daemon->machine, node->pid, BEAMR_DESCRIBE_RELATIONS, on_info, wait);
	}
	if (tree->answered == tree->asked &&
		(tree->asked == tree->count || call->connection == NULL))
		finish(tree);
}

static bool parse_kinds(const struct control_strings *kinds, unsigned *ret_kinds)
{
	unsigned set = kinds->set ? 0 : KIND_PARENT;
	for (size_t i = 0; i < kinds->count; i++) {
		if (strcmp(kinds->items[i], "parent") == 0)
			set |= KIND_PARENT;
		else if (strcmp(kinds->items[i], "link") == 0)
			set |= KIND_LINK;
		else if (strcmp(kinds->items[i], "monitor") == 0)
			set |= KIND_MONITOR;
		else
			return false;
	}
	*ret_kinds = set;
	return true;
}

void handle_process_tree(struct call *call, const struct control_in_process_tree *in)
{
	beamr_pid root = 0;
	unsigned kinds;
	const char *bad = !parse_kinds(&in->kinds, &kinds)       ? "kinds"
			  : in->depth.set && in->depth.value < 0 ? "depth"
								 : NULL;
	if (bad != NULL) {
		struct control_error_invalid_parameter info = { .parameter = bad };
		call_fail(call, CONTROL_ERROR_invalid_parameter, &info);
		return;
	}
	if (in->root != NULL && !method_process(call, in->root, in->service, &root))
		return;
	struct beamr_ns *ns = in->service != NULL ? method_ns(call, in->service) : NULL;
	if (in->service != NULL && ns == NULL)
		return;
	struct tree *tree = calloc(1, sizeof(*tree));
	if (tree == NULL) {
		(void)beamr_ns_unref(ns);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	tree->call = call;
	tree->kinds = kinds;
	tree->root = root;
	tree->depth = in->depth.set ? (size_t)in->depth.value : SIZE_MAX;
	beamr_process_each(call->daemon->machine, ns, 0, add_node, tree);
	(void)beamr_ns_unref(ns);
	bool chosen = !tree->too_many && choose(tree);
	if (tree->too_many || (chosen && tree->kept_count > TREE_MAX)) {
		struct control_error_limit_reached info = { .limit = "processes",
			.value = TREE_MAX,
			.message =
				"The tree is too big; ask for a part of it with root or depth." };
		tree_free(tree);
		call_fail(call, CONTROL_ERROR_limit_reached, &info);
		return;
	}
	if (!chosen) {
		tree_free(tree);
		call_fail_errno(call, -ENOMEM);
		return;
	}
	if ((kinds & (KIND_LINK | KIND_MONITOR)) == 0) {
		finish(tree);
		return;
	}
	ask_more(tree);
}
