/* SPDX-License-Identifier: Apache-2.0 */
/* Ports by number and by name, and what is kept with them. See port.h.
 *
 * Striped by number; a port is in the table from its opening until it is closed, and good for whoever has found it until the epoch
 * ends. */
#include "io/port_impl.h"

#include "io/trace_file.h"
#include "ns/quota.h"
#include "proc/registry.h"
#include "term/atom.h"

/* ------------------------------------------------------------------------------------------------ the table */

#define STRIPES 64

static struct {
	struct stripe {
		struct mutex lock;
		struct wordmap ports;     /* number -> struct port *; guarded by lock */
		struct wordmap lingering; /* the same of those that are closed and still write */
	} stripes[STRIPES];

} table;

static struct stripe *stripe_of(term id)
{
	return &table.stripes[(id >> 6) % STRIPES];
}

/* Good until the epoch ends. NULL: no such port. */
struct port *port_lookup(term id)
{
	struct stripe *s = stripe_of(id);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->ports, id);
	struct port *p = e != NULL ? (struct port *)(uintptr_t)e->value : NULL;
	mutex_unlock(&s->lock);
	return p;
}

void port_table_add(struct port *p)
{
	struct stripe *s = stripe_of(p->id);
	mutex_lock(&s->lock);
	wordmap_put(&s->ports, MEM_PROC, p->id, NULL)->value = (uintptr_t)p;
	mutex_unlock(&s->lock);
}

void port_table_remove(struct port *p)
{
	struct stripe *s = stripe_of(p->id);
	mutex_lock(&s->lock);
	(void)wordmap_remove(&s->ports, MEM_PROC, p->id);
	p->data = owned_term_free(p->data);
	mutex_unlock(&s->lock);
}

void port_table_linger(struct port *p)
{
	struct stripe *s = stripe_of(p->id);
	p->lingers = true;
	mutex_lock(&s->lock);
	wordmap_put(&s->lingering, MEM_PROC, p->id, NULL)->value = (uintptr_t)p;
	mutex_unlock(&s->lock);
}

void port_table_gone(struct port *p)
{
	struct stripe *s = stripe_of(p->id);
	if (!p->lingers)
		return;
	p->lingers = false;
	mutex_lock(&s->lock);
	(void)wordmap_remove(&s->lingering, MEM_PROC, p->id); /* it is there */
	mutex_unlock(&s->lock);
}

void port_table_each_writing(void (*fn)(struct port *p, void *arg), void *arg)
{
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &table.stripes[i];
		mutex_lock(&s->lock);
		wordmap_foreach(e, &s->ports)
			fn((struct port *)(uintptr_t)e->value, arg);
		wordmap_foreach(e, &s->lingering)
			fn((struct port *)(uintptr_t)e->value, arg);
		mutex_unlock(&s->lock);
	}
}

bool port_exists(term port)
{
	return port_lookup(port) != NULL;
}

bool port_is_of(term port, const struct ns *ns)
{
	struct port *p = port_lookup(port);
	return p == NULL || p->ns == ns;
}

bool port_is_here(term port, const struct ns *ns)
{
	struct port *p = port_lookup(port);
	return p != NULL && p->ns == ns;
}

bool port_is_busy(term port)
{
	struct port *p = port_lookup(port);
	return p != NULL && atomic_load_relaxed(&p->busy);
}

unsigned port_header_of(const struct port *p)
{
	return p->spec.kind == PORT_TRACE_FILE ? TRACE_FILE_HEADER
	       : p->spec.mode == PORT_PACKET   ? p->spec.header
					       : 0;
}

unsigned port_header(term port)
{
	const struct port *p = port_lookup(port);
	return p == NULL ? 0 : port_header_of(p);
}

void port_each(const struct ns *ns, void (*fn)(term port, void *arg), void *arg)
{
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &table.stripes[i];
		mutex_lock(&s->lock);
		wordmap_foreach(e, &s->ports)
			if (((struct port *)(uintptr_t)e->value)->ns == ns)
				fn(e->key, arg);
		mutex_unlock(&s->lock);
	}
}

uint64_t port_count(const struct ns *ns)
{
	return (uint64_t)atomic_load_relaxed(&ns->account->counts[COUNT_PORTS]);
}

term port_kept(term port, struct heap *heap)
{
	struct stripe *s = stripe_of(port);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->ports, port);
	struct port *p = e != NULL ? (struct port *)(uintptr_t)e->value : NULL;
	term result = p == NULL         ? TERM_NONE
		      : p->data == NULL ? A(undefined)
					: heap_copy(heap, p->data->value);
	mutex_unlock(&s->lock);
	return result;
}

bool port_keep(term port, term data)
{
	struct owned_term *copy = owned_term_new_deep(MEM_PROC, data);
	struct stripe *s = stripe_of(port);
	mutex_lock(&s->lock);
	struct wordmap_entry *e = wordmap_find(&s->ports, port);
	if (e != NULL) {
		struct port *p = (struct port *)(uintptr_t)e->value;
		struct owned_term *before = p->data;
		p->data = copy;
		copy = before;
	}
	mutex_unlock(&s->lock);
	(void)owned_term_free(copy);
	return e != NULL;
}

/* ------------------------------------------------------------------------------------------------ names */

bool port_register(struct ns *ns, term name, term port)
{
	struct port *p = port_lookup(port);
	term none = TERM_NONE;
	if (p == NULL || p->ns != ns || !atomic_cas_acq_rel(&p->name, &none, name))
		return false;
	if (registry_add_port(ns, name, port) != 0) {
		atomic_store_release(&p->name, TERM_NONE);
		return false;
	}
	/* Has it been closed meanwhile, one of the two takes the name away. */
	if (port_lookup(port) != NULL)
		return true;
	(void)registry_remove_port(ns, name, port);
	return false;
}

void port_name_gone(term port)
{
	struct port *p = port_lookup(port);
	if (p != NULL)
		atomic_store_release(&p->name, TERM_NONE);
}

void port_table_each(void (*fn)(struct port *p, void *arg), void *arg)
{
	for (unsigned i = 0; i < STRIPES; i++)
		wordmap_foreach(e, &table.stripes[i].ports)
			fn((struct port *)(uintptr_t)e->value, arg);
}

void port_table_init(void)
{
	for (unsigned i = 0; i < STRIPES; i++)
		mutex_init(&table.stripes[i].lock, LOCK_PORTS);
}
