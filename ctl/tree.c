/* SPDX-License-Identifier: Apache-2.0 */
/* beamrctl tree: processes under who spawned them, links and monitors beside them. */
#include "ctl.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	const char *process;
	json_t *object;
	size_t parent;                    /* index; SIZE_MAX for a root */
	size_t first_child, next_sibling; /* SIZE_MAX: none */
	size_t last_child;
};

struct tree {
	struct node *nodes;
	size_t count;
	struct node **index; /* by process */
	json_t *edges;
	bool ascii;
};

static int by_process(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	return strcmp((*x)->process, (*y)->process);
}

static struct node *find(const struct tree *tree, const char *process)
{
	struct node key = { .process = process }, *wanted = &key;
	struct node **found =
		bsearch(&wanted, tree->index, tree->count, sizeof(*tree->index), by_process);
	return found != NULL ? *found : NULL;
}

static void add_child(struct tree *tree, struct node *parent, struct node *child)
{
	size_t at = (size_t)(child - tree->nodes);
	child->parent = (size_t)(parent - tree->nodes);
	if (parent->first_child == SIZE_MAX)
		parent->first_child = at;
	else
		tree->nodes[parent->last_child].next_sibling = at;
	parent->last_child = at;
}

static void print_relations(const struct tree *tree, const struct node *node)
{
	json_t *edge;
	size_t i;
	json_array_foreach(tree->edges, i, edge) {
		const char *from = json_string_value(json_object_get(edge, "from"));
		const char *to = json_string_value(json_object_get(edge, "to"));
		const char *kind = json_string_value(json_object_get(edge, "kind"));
		bool is_from = strcmp(from, node->process) == 0,
		     is_to = strcmp(to, node->process) == 0;
		if (strcmp(kind, "link") == 0 && (is_from || is_to)) {
			const struct node *other = find(tree, is_from ? to : from);
			bool kin = other != NULL &&
				   (other->parent == (size_t)(node - tree->nodes) ||
					   node->parent == (size_t)(other - tree->nodes));
			if (!kin) /* that a child is linked to its parent goes without saying */
				printf("  ~%s", is_from ? to : from);
		} else if (strcmp(kind, "monitor") == 0 && is_from) {
			printf("  %s%s", tree->ascii ? "->" : "\xE2\x86\x92", to);
		} else if (strcmp(kind, "monitor") == 0 && is_to) {
			printf("  %s%s", tree->ascii ? "<-" : "\xE2\x86\x90", from);
		}
	}
}

static void print_node(const struct tree *tree, const struct node *node)
{
	const char *name = json_string_value(json_object_get(node->object, "name"));
	const char *label = json_string_value(json_object_get(node->object, "label"));
	char call[1200] = "";
	json_t *initial = json_object_get(node->object, "initialCall");
	if (initial != NULL)
		show_frame(initial, call, sizeof(call));
	printf("%s %s", node->process, name != NULL ? name : label != NULL ? label : call);
	print_relations(tree, node);
	putchar('\n');
}

/* Depth first without recursion: each step goes to a child, a sibling, or up. `bars` has a flag for each level: more to come. */
static void print_from(const struct tree *tree, size_t root)
{
	const char *tee = tree->ascii ? "|-" : "\xE2\x94\x9C\xE2\x94\x80",
		   *end = tree->ascii ? "`-" : "\xE2\x94\x94\xE2\x94\x80";
	const char *bar = tree->ascii ? "| " : "\xE2\x94\x82 ";
	bool *bars = calloc(tree->count + 1, sizeof(*bars));
	size_t depth = 0, at = root;
	while (bars != NULL) {
		const struct node *node = &tree->nodes[at];
		for (size_t i = 1; i < depth; i++)
			fputs(bars[i] ? bar : "  ", stdout);
		if (depth > 0) {
			bars[depth] = node->next_sibling != SIZE_MAX;
			fputs(bars[depth] ? tee : end, stdout);
		}
		print_node(tree, node);
		if (node->first_child != SIZE_MAX) {
			at = node->first_child;
			depth++;
			continue;
		}
		while (depth > 0 && tree->nodes[at].next_sibling == SIZE_MAX) {
			at = tree->nodes[at].parent;
			depth--;
		}
		if (depth == 0)
			break;
		at = tree->nodes[at].next_sibling;
	}
	free(bars);
}

static bool build(struct tree *tree, json_t *reply)
{
	json_t *nodes = json_object_get(reply, "nodes"), *edge;
	size_t i;
	tree->count = json_array_size(nodes);
	tree->edges = json_object_get(reply, "edges");
	tree->nodes = calloc(tree->count + 1, sizeof(*tree->nodes));
	tree->index = calloc(tree->count + 1, sizeof(*tree->index));
	if (tree->nodes == NULL || tree->index == NULL)
		return false;
	for (i = 0; i < tree->count; i++) {
		json_t *object = json_array_get(nodes, i);
		tree->nodes[i] = (struct node){ .process = json_string_value(
							json_object_get(object, "process")),
			.object = object,
			.parent = SIZE_MAX,
			.first_child = SIZE_MAX,
			.next_sibling = SIZE_MAX };
		tree->index[i] = &tree->nodes[i];
		if (tree->nodes[i].process == NULL)
			return false;
	}
	qsort(tree->index, tree->count, sizeof(*tree->index), by_process);
	json_array_foreach(tree->edges, i, edge) {
		const char *kind = json_string_value(json_object_get(edge, "kind"));
		const char *from = json_string_value(json_object_get(edge, "from"));
		const char *to = json_string_value(json_object_get(edge, "to"));
		if (kind == NULL || from == NULL || to == NULL)
			return false;
		struct node *parent = find(tree, from), *child = find(tree, to);
		/* Each has one parent at most, so what hangs from a root holds no ring. */
		if (strcmp(kind, "parent") == 0 && parent != NULL && child != NULL &&
			parent != child && child->parent == SIZE_MAX)
			add_child(tree, parent, child);
	}
	return true;
}

static void print_plain(struct ctl *ctl, json_t *reply)
{
	json_t *item;
	size_t i;
	json_array_foreach(json_object_get(reply, "nodes"), i, item) {
		(void)show_plain(ctl, item);
	}
	json_array_foreach(json_object_get(reply, "edges"), i, item) {
		if (ctl->json)
			(void)show_plain(ctl, item);
	}
}

int verb_tree(
	struct ctl *ctl, const struct control_verb *verb, json_t *params, int count, char **words)
{
	json_t *reply;
	bool relations = json_object_get(params, "kinds") != NULL;
	/* --links is a flag for people; the method takes kinds. */
	(void)json_object_set_new(params, "kinds",
		relations ? json_pack("[s, s, s]", "parent", "link", "monitor")
			  : json_pack("[s]", "parent")); /* fails only without memory */
	int r = ctl_call(ctl, verb->method, json_incref(params), &reply);
	if (r != 0)
		return r;
	struct tree tree = { .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0 };
	if (ctl->json || ctl->field != NULL) {
		print_plain(ctl, reply);
	} else if (build(&tree, reply)) {
		for (size_t i = 0; i < tree.count; i++) {
			if (tree.nodes[i].parent == SIZE_MAX)
				print_from(&tree, i);
		}
		if (relations && ctl->legend && ctl->tty)
			puts(tree.ascii ? "~ link   -> monitors   <- monitored by"
					: "~ link   \xE2\x86\x92 monitors   \xE2\x86\x90 monitored "
					  "by");
	}
	free(tree.nodes);
	free(tree.index);
	json_decref(reply);
	return 0;
}
