/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in order of their key: a B+tree whose nodes hold the key words beside the pointers, so that small integers and
 * most comparisons need no look at the objects.
 *
 * Invariant: key[i] of an inner node is the least key below child i, a word of an object that is there (a key's word is
 * borrowed from its object, so it changes when the object does). Leaves are linked in order. No node but the root is empty;
 * a node is freed when it becomes so. */
#include "ets/table.h"

#include <string.h>

#define FAN 32
#define LEVELS_MAX 16 /* a node splits into halves: 16^15 objects */

struct node {
	bool is_leaf;
	uint8_t count;
	struct node *next; /* of leaves */
	struct node *prev;
	term key[FAN];
	void *item[FAN]; /* struct object * or struct node * */
};

struct path {
	struct node *node[LEVELS_MAX];
	unsigned index[LEVELS_MAX];
	unsigned depth; /* inner nodes on the way */
};

int key_compare(term a, term b)
{
	if (term_is_small(a) && term_is_small(b))
		return (int64_t)a < (int64_t)b ? -1 : (int64_t)a > (int64_t)b;
	if (a == b)
		return 0;
	return term_compare(a, b);
}

static struct node *node_new(struct table *t, bool is_leaf)
{
	struct node *n = mem_alloc(MEM_ETS, sizeof(*n));
	n->is_leaf = is_leaf;
	n->count = 0;
	n->next = n->prev = NULL;
	ets_charge_bytes(t, sizeof(*n));
	return n;
}

static void node_free(struct table *t, struct node *n)
{
	ets_charge_bytes(t, -(int64_t)sizeof(*n));
	mem_free(MEM_ETS, n, sizeof(*n));
}

void tree_init(struct table *t)
{
	t->tree = (struct tree){ .root = node_new(t, true) };
}

static struct node *leftmost(const struct table *t)
{
	struct node *n = t->tree.root;
	while (!n->is_leaf)
		n = n->item[0];
	return n;
}

static struct node *rightmost(const struct table *t)
{
	struct node *n = t->tree.root;
	while (!n->is_leaf)
		n = n->item[n->count - 1];
	return n;
}

bool tree_empty_some(struct table *t, size_t objects)
{
	struct tree *tree = &t->tree;
	if (tree->root == NULL)
		return true;
	if (tree->emptying == NULL)
		tree->emptying = leftmost(t);
	for (size_t done = 0; tree->emptying != NULL; done += FAN) {
		if (done >= objects)
			return false;
		struct node *leaf = tree->emptying;
		for (unsigned i = 0; i < leaf->count; i++)
			object_free(leaf->item[i]);
		tree->emptying = leaf->next;
		if (leaf == tree->root)
			tree->root = NULL;
		node_free(t, leaf);
	}
	/* The leaves are gone; of the inner nodes, the lowest are told by their level. */
	unsigned level = 0;
	struct path path = { .depth = 0 };
	struct node *n = tree->root;
	while (n != NULL) {
		if (level + 1 < tree->levels) {
			path.node[path.depth] = n;
			path.index[path.depth++] = 0;
			level++;
			n = n->item[0];
			continue;
		}
		node_free(t, n);
		while (path.depth > 0 && ++path.index[path.depth - 1] == path.node[path.depth - 1]->count)
			node_free(t, path.node[--path.depth]);
		level = path.depth;
		n = path.depth > 0 ? path.node[path.depth - 1]->item[path.index[path.depth - 1]] : NULL;
	}
	tree->root = NULL;
	return true;
}

/* The first index whose key is not less than (or, with after, greater than) key. */
static unsigned lower(const struct node *n, term key, bool after)
{
	unsigned low = 0, high = n->count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = key_compare(n->key[middle], key);
		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct node *descend(const struct table *t, term key, struct path *path)
{
	struct node *n = t->tree.root;
	path->depth = 0;
	while (!n->is_leaf) {
		unsigned i = lower(n, key, true);
		if (i > 0)
			i--;
		path->node[path->depth] = n;
		path->index[path->depth++] = i;
		n = n->item[i];
	}
	return n;
}

/* The least key below a path's last node has a new word. */
static void least_changed(const struct path *path, term key)
{
	for (unsigned d = path->depth; d-- > 0;) {
		path->node[d]->key[path->index[d]] = key;
		if (path->index[d] > 0)
			break;
	}
}

struct object *tree_find(const struct table *t, term key)
{
	struct node *n = t->tree.root;
	while (!n->is_leaf) {
		unsigned i = lower(n, key, true);
		n = n->item[i > 0 ? i - 1 : 0];
	}
	unsigned i = lower(n, key, false);
	return i < n->count && key_compare(n->key[i], key) == 0 ? n->item[i] : NULL;
}

static void node_put(struct node *n, unsigned at, term key, void *item)
{
	memmove(&n->key[at + 1], &n->key[at], (n->count - at) * sizeof(n->key[0]));
	memmove(&n->item[at + 1], &n->item[at], (n->count - at) * sizeof(n->item[0]));
	n->key[at] = key;
	n->item[at] = item;
	n->count++;
}

/* The upper part of a full node moves to a new one. Filling in ascending order leaves full nodes behind. */
static struct node *node_split(struct table *t, struct node *n, unsigned at)
{
	struct node *new = node_new(t, n->is_leaf);
	unsigned keep = at == FAN && n->next == NULL ? FAN - 1 : FAN / 2;
	new->count = (uint8_t)(FAN - keep);
	memcpy(new->key, &n->key[keep], new->count * sizeof(n->key[0]));
	memcpy(new->item, &n->item[keep], new->count * sizeof(n->item[0]));
	n->count = (uint8_t)keep;
	if (n->is_leaf) {
		new->next = n->next;
		new->prev = n;
		if (n->next != NULL)
			n->next->prev = new;
		n->next = new;
	}
	return new;
}

/* Puts an item at a place of a node that may be full, splitting nodes upwards. */
static void put_splitting(struct table *t, struct path *path, struct node *n, unsigned at, term key, void *item)
{
	for (;;) {
		if (n->count < FAN) {
			node_put(n, at, key, item);
			return;
		}
		struct node *new = node_split(t, n, at);
		if (at > n->count)
			node_put(new, at - n->count, key, item);
		else
			node_put(n, at, key, item);
		key = new->key[0];
		item = new;
		if (path->depth == 0) {
			struct node *root = node_new(t, false);
			node_put(root, 0, n->key[0], n);
			node_put(root, 1, key, item);
			t->tree.root = root;
			t->tree.levels++;
			assert(t->tree.levels < LEVELS_MAX);
			return;
		}
		path->depth--;
		n = path->node[path->depth];
		at = path->index[path->depth] + 1;
	}
}

struct object *tree_insert(struct table *t, struct object *o)
{
	struct path path;
	term key = object_key(o, t->keypos);
	struct node *n = descend(t, key, &path);
	unsigned i = lower(n, key, false);
	if (i < n->count && key_compare(n->key[i], key) == 0) {
		struct object *old = n->item[i];
		n->key[i] = key;
		n->item[i] = o;
		if (i == 0)
			least_changed(&path, key);
		return old;
	}
	if (i == 0)
		least_changed(&path, key);
	put_splitting(t, &path, n, i, key, o);
	return NULL;
}

static void node_drop(struct node *n, unsigned at)
{
	n->count--;
	memmove(&n->key[at], &n->key[at + 1], (n->count - at) * sizeof(n->key[0]));
	memmove(&n->item[at], &n->item[at + 1], (n->count - at) * sizeof(n->item[0]));
}

struct object *tree_take(struct table *t, term key)
{
	struct path path;
	struct node *n = descend(t, key, &path);
	unsigned i = lower(n, key, false);
	if (i >= n->count || key_compare(n->key[i], key) != 0)
		return NULL;
	struct object *o = n->item[i];
	node_drop(n, i);
	while (n->count == 0 && path.depth > 0) {
		if (n->is_leaf) {
			if (n->prev != NULL)
				n->prev->next = n->next;
			if (n->next != NULL)
				n->next->prev = n->prev;
		}
		node_free(t, n);
		path.depth--;
		n = path.node[path.depth];
		i = path.index[path.depth];
		node_drop(n, i);
	}
	if (i == 0 && n->count > 0)
		least_changed(&path, n->key[0]);
	while (!t->tree.root->is_leaf && t->tree.root->count == 1) {
		struct node *root = t->tree.root;
		t->tree.root = root->item[0];
		t->tree.levels--;
		node_free(t, root);
	}
	return o;
}

static struct object *place_at(struct node *n, unsigned i, struct tree_place *ret)
{
	*ret = (struct tree_place){ n, i };
	if (n == NULL || i >= n->count)
		return NULL;
	return n->item[i];
}

struct object *tree_after(const struct table *t, term key, bool inclusive, struct tree_place *ret)
{
	if (key == TERM_NONE)
		return place_at(leftmost(t), 0, ret);
	struct path path;
	struct node *n = descend(t, key, &path);
	unsigned i = lower(n, key, !inclusive);
	if (i >= n->count) {
		n = n->next;
		i = 0;
	}
	return place_at(n, i, ret);
}

struct object *tree_before(const struct table *t, term key, bool inclusive, struct tree_place *ret)
{
	struct path path;
	struct node *n;
	unsigned i;
	if (key == TERM_NONE) {
		n = rightmost(t);
		i = n->count;
	} else {
		n = descend(t, key, &path);
		i = lower(n, key, inclusive);
	}
	if (i == 0) {
		n = n->prev;
		i = n != NULL ? n->count : 1;
	}
	return place_at(n, i - 1, ret);
}

/* The first index whose key is not before the range (or, with after, is after it). */
static unsigned lower_of_range(const struct node *n, tree_range_fn order, const void *range, bool after)
{
	unsigned low = 0, high = n->count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int where = order(n->key[middle], range);
		if (where < 0 || (after && where == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct object *tree_seek(const struct table *t, tree_range_fn order, const void *range, bool back, struct tree_place *ret)
{
	struct node *n = t->tree.root;
	while (!n->is_leaf) {
		unsigned i = lower_of_range(n, order, range, back);
		n = n->item[i > 0 ? i - 1 : 0];
	}
	unsigned i = lower_of_range(n, order, range, back);
	if (!back) {
		if (i >= n->count) {
			n = n->next;
			i = 0;
		}
		return place_at(n, i, ret);
	}
	if (i == 0) {
		n = n->prev;
		i = n != NULL ? n->count : 1;
	}
	return place_at(n, i - 1, ret);
}

struct object *tree_step(struct tree_place *place)
{
	if (place->index + 1 < place->leaf->count)
		return place_at(place->leaf, place->index + 1, place);
	return place_at(place->leaf->next, 0, place);
}

struct object *tree_step_back(struct tree_place *place)
{
	if (place->index > 0)
		return place_at(place->leaf, place->index - 1, place);
	struct node *n = place->leaf->prev;
	return place_at(n, n != NULL ? n->count - 1U : 0, place);
}
