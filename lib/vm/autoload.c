/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that are called before they are loaded: a thread of their own reads and loads them (law 10), while the process
 * that called is parked; then the call is made again.
 *
 * The thread is started by the first such call and sleeps between them. Several processes may wait for one module: the first
 * request loads it, the others find it loaded. The module `logger` is special in one way: when it is first loaded in
 * a namespace, those who called it wait until the logger service runs, as it would under OTP's kernel. */
#include "base/cleanup.h"
#include "code/cache.h"
#include "code/digests.h"
#include "code/load.h"
#include "exec/exec.h"
#include "proc/proc.h"
#include "term/atom.h"
#include "vm/boot.h"
#include "vm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
	struct request *next;
	struct ns *ns; /* the parked process keeps it from ending */
	term module;
	struct names names; /* of it: the process may end meanwhile */
	term pid;
	uint64_t question;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running, stop;
	struct request *first,
		**last; /* to be loaded, in order; last means nothing while first is NULL */
	struct request *for_logger; /* parked until their namespace's logger runs */
} loads = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* A whole file, malloc'ed, and its digest. 0 or negative errno; -EFBIG over the bound. */
static int read_file(
	const char *path, uint8_t **ret_data, size_t *ret_size, uint8_t ret_digest[DIGEST_BYTES])
{
	_cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st, after;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > (off_t)BEAMR_MODULE_MAX)
		return -EFBIG;
	size_t size = (size_t)st.st_size, have = 0;
	uint8_t *data = malloc(size + 1);
	if (data == NULL)
		return -ENOMEM;
	while (have < size) {
		ssize_t n = read(fd, data + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int r = n < 0 ? -errno : -EIO; /* cut while it was read */
			free(data);
			return r;
		}
		have += (size_t)n;
	}
	bool steady = fstat(fd, &after) == 0 && digests_same(&st, &after);
	if (!steady || !digests_find(&st, ret_digest)) {
		load_digest(data, size, ret_digest);
		if (steady)
			digests_enter(&st, ret_digest);
	}
	*ret_data = data;
	*ret_size = size;
	return 0;
}

static bool is_loaded(const struct ns *ns, term module)
{
	struct module *m = ns_module(ns, module);
	return m != NULL && atomic_load_acquire(&m->current) != NULL;
}

/* The code of a file that need not be read: what is in it is known, and in memory already. With a reference; or NULL. */
static struct module_code *code_of_known(const char *path, term module)
{
	struct stat st;
	uint8_t digest[DIGEST_BYTES];
	if (stat(path, &st) < 0 || !digests_find(&st, digest))
		return NULL;
	struct module_code *code = code_cache_find(digest);
	return code != NULL && code->name != module ? module_code_unref(code) : code;
}

int load_file(
	struct ns *ns, term module, const char *path, bool from_root, struct beamr_error *ret_error)
{
	_cleanup_(free_stringp) char *data = NULL;
	size_t size = 0;
	struct load_error error = { 0 };
	uint8_t digest[DIGEST_BYTES];
	struct module_code *code = code_of_known(path, module);
	int r = code == NULL ? read_file(path, (uint8_t **)&data, &size, digest) : 0;
	if (r < 0) {
		(void)snprintf(error.reason, sizeof(error.reason), "%s: %s", path, strerror(-r));
		load_error_to_host(&error, ret_error);
		return r;
	}
	r = code != NULL ? load_publish_code(ns, code, path, from_root, &error)
			 : load_publish(ns, data, size, digest, module, path, from_root, &error);
	if (r != 0)
		load_error_to_host(&error, ret_error);
	return r;
}

int autoload_now(struct ns *ns, term module, struct beamr_error *ret_error)
{
	bool from_root = false;
	struct atom_text name = atom_text(module);
	_cleanup_(free_stringp) char *path = ns_find_code(ns, name.bytes, name.size, &from_root);
	return path == NULL ? BEAMR_E_NO_MODULE : load_file(ns, module, path, from_root, ret_error);
}

static void drop(struct request *request)
{
	names_done(&request->names);
	mem_free(MEM_MISC, request, sizeof(*request));
}

static void answer(struct request *request)
{
	proc_answer(request->pid, request->question, A(ok));
	drop(request);
}

/* Whether the process has to wait for the logger service of its namespace as well. */
static bool wait_for_logger(struct request *request)
{
	struct beamr_ns *h = handle_of(request->ns);
	int state = LOGGER_OFF;
	pthread_mutex_lock(&loads.lock);
	if (atomic_cas_acq_rel(&h->logger, &state, LOGGER_STARTING) || state == LOGGER_STARTING) {
		request->next = loads.for_logger;
		loads.for_logger = request;
	}
	pthread_mutex_unlock(&loads.lock);
	if (state == LOGGER_OFF)
		kernel_start_logger(h);
	return state != LOGGER_RUNNING;
}

void autoload_logger_started(struct ns *ns)
{
	struct request *mine = NULL;
	pthread_mutex_lock(&loads.lock);
	atomic_store_release(&handle_of(ns)->logger, LOGGER_RUNNING);
	for (struct request **link = &loads.for_logger; *link != NULL;) {
		struct request *r = *link;
		if (r->ns == ns) {
			*link = r->next;
			r->next = mine;
			mine = r;
		} else {
			link = &r->next;
		}
	}
	pthread_mutex_unlock(&loads.lock);
	while (mine != NULL) {
		struct request *r = mine;
		mine = r->next;
		answer(r);
	}
}

/* Modules that ask the code server whether these others are loaded, and need none when they are. */
static const struct {
	term module;
	const char *others[4];
} companions[] = {
	{ A(io_lib), { "io_lib_format", "io_lib_pretty", "string", "unicode" } },
};

static void load_companions(struct ns *ns, term module)
{
	struct beamr_error error;
	for (size_t i = 0; i < ARRAY_SIZE(companions); i++) {
		if (companions[i].module != module)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(companions[i].others); k++) {
			term other = atom_of_string(companions[i].others[k]);
			/* One that does not load is told of when it is called. */
			if (!is_loaded(ns, other))
				(void)autoload_now(ns, other, &error);
		}
	}
}

static void *loads_thread(void *unused)
{
	pthread_mutex_lock(&loads.lock);
	while (!loads.stop) {
		struct request *r = loads.first;
		if (r == NULL) {
			pthread_cond_wait(&loads.changed, &loads.lock);
			continue;
		}
		loads.first = r->next;
		pthread_mutex_unlock(&loads.lock);
		struct beamr_error error;
		int result =
			is_loaded(r->ns, r->module) ? 0 : autoload_now(r->ns, r->module, &error);
		if (result != 0 && result != BEAMR_E_NO_MODULE)
			load_failed(r->ns, r->module, &error);
		if (result == 0)
			load_companions(r->ns, r->module);
		struct ns *ns = r->ns;
		if (result != 0 || r->module != A(logger) || !wait_for_logger(r))
			answer(r);
		ns_release(
			ns); /* Pairs with park_for_load(): the process may be gone by now, and all others */
		pthread_mutex_lock(&loads.lock);
	}
	pthread_mutex_unlock(&loads.lock);
	mem_thread_done();
	return NULL;
}

static bool park_for_load(struct proc *p, term module)
{
	struct request *r = mem_alloc(MEM_MISC, sizeof(*r));
	*r = (struct request){ .ns = p->ns, .module = module, .pid = p->pid, .question = proc_question(p) };
	atom_hold((struct names_holder){ .names = &r->names }, module);
	pthread_mutex_lock(&loads.lock);
	if (!loads.running && !loads.stop) {
		int e = pthread_create(&loads.thread, NULL, loads_thread, NULL);
		assert(e == 0);
		loads.running = true;
	}
	bool accepted = !loads.stop;
	if (accepted) {
		ns_hold(r->ns);
		if (loads.first == NULL)
			loads.last = &loads.first;
		*loads.last = r;
		loads.last = &r->next;
		pthread_cond_signal(&loads.changed);
	}
	pthread_mutex_unlock(&loads.lock);
	if (!accepted)
		drop(r);
	return accepted;
}

static term list_of_arguments(struct proc *p, const struct export *export, const term *x)
{
	term list = TERM_NIL;
	for (uint32_t i = export->arity; i-- > 0;)
		list = heap_cons(proc_heap(p), x[i], list);
	return list;
}

static const uint64_t *trap(
	struct proc *p, const struct export *to, unsigned count, const term *args)
{
	struct trap *trap = &proc_extra(p)->trap;
	trap->export = to;
	trap->count = count;
	memcpy(trap->args, args, count * sizeof(*args));
	p->outcome = OUTCOME_TRAP;
	return NULL;
}

static bool leads_somewhere(const struct ns *ns, const struct export *export)
{
	return export != NULL && ns_dispatch(ns, export->number) != NULL;
}

/* The engine met a call that leads nowhere: load the module once; then what OTP's error_handler would do. */
static const uint64_t *undefined(struct proc *p, const struct export *export, const term *x)
{
	struct proc_extra *extra = proc_extra(p);
	if (!p->ns->booted && !is_loaded(p->ns, export->module) &&
		extra->undefined_module != export->module && park_for_load(p, export->module)) {
		extra->undefined_module = export->module;
		p->outcome = OUTCOME_WAIT;
		return NULL;
	}
	extra->undefined_module = TERM_NONE;
	/* Loaded meanwhile, by this thread's request or another's. */
	const uint64_t *code = ns_dispatch(p->ns, export->number);
	if (code != NULL)
		return code;
	term handler = extra->error_handler == TERM_NONE ? A(error_handler) : extra->error_handler;
	const struct export *to;
	if (handler != A(error_handler) || p->ns->booted ||
		registry_whereis(p->ns, A(code_server)) != TERM_NONE) {
		to = export_get(handler, A(undefined_function), 3);
		if (export->module != handler && leads_somewhere(p->ns, to))
			return trap(p, to, 3,
				(term[]){ export->module, export->function,
					list_of_arguments(p, export, x) });
	}
	to = export_find(export->module, A(handle_undefined_function), 2);
	if (leads_somewhere(p->ns, to))
		return trap(
			p, to, 2, (term[]){ export->function, list_of_arguments(p, export, x) });
	extra->raise = (struct raise){
		.class = CLASS_ERROR,
		.reason = A(undef),
		.trace = TERM_NONE,
		.args = TERM_NONE,
		.cause = TERM_NONE,
	};
	p->outcome = OUTCOME_RAISE;
	return NULL;
}

void autoload_start(struct beamr *machine)
{
	loads.stop = false;
	exec_set_undefined(undefined);
}

/* Before the schedulers stop; what is parked then stays parked. */
void autoload_stop(void)
{
	pthread_mutex_lock(&loads.lock);
	bool running = loads.running;
	loads.stop = true;
	loads.running = false;
	pthread_cond_signal(&loads.changed);
	pthread_mutex_unlock(&loads.lock);
	if (running)
		(void)pthread_join(loads.thread, NULL); /* it is ours and joinable */
	struct request *left[] = { loads.first, loads.for_logger };
	loads.first = loads.for_logger = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		for (struct request *r = left[i], *next; r != NULL; r = next) {
			next = r->next;
			if (i == 0)
				ns_release(r->ns); /* what waits for a logger holds nothing */
			drop(r);
		}
}
