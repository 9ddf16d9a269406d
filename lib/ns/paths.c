/* SPDX-License-Identifier: Apache-2.0 */
/* The folders that a namespace's modules are looked for in: those that were added, in order, then each application's of the OTP
 * root. Guarded by code_lock; a look-up only asks the file system, so it is for threads that may wait. */
#include "ns/paths.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct path {
	char *dir;
	size_t bytes;
};

struct code_paths {
	struct path *added;
	size_t added_count;
	struct path *root; /* by application */
	size_t root_count;
};

struct code_paths *paths_new(void)
{
	return mem_zalloc(MEM_NS, sizeof(struct code_paths));
}

static void free_all(struct path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(MEM_NS, paths[i].dir, paths[i].bytes);
	mem_free(MEM_NS, paths, count * sizeof(*paths));
}

struct code_paths *paths_free(struct code_paths *paths)
{
	if (paths == NULL)
		return NULL;
	free_all(paths->added, paths->added_count);
	free_all(paths->root, paths->root_count);
	mem_free(MEM_NS, paths, sizeof(*paths));
	return NULL;
}

/* Puts a folder at position `at`; dir is copied. */
static void insert(struct path **paths, size_t *count, size_t at, const char *dir)
{
	struct path path = { .bytes = strlen(dir) + 1 };
	path.dir = mem_alloc(MEM_NS, path.bytes);
	memcpy(path.dir, dir, path.bytes);
	*paths = mem_realloc(MEM_NS, *paths, *count * sizeof(path), (*count + 1) * sizeof(path));
	memmove(*paths + at + 1, *paths + at, (*count - at) * sizeof(path));
	(*paths)[at] = path;
	++*count;
}

void ns_add_code_path(struct ns *ns, const char *dir, bool first)
{
	struct code_paths *p = ns->paths;
	mutex_lock(&ns->code_lock);
	insert(&p->added, &p->added_count, first ? 0 : p->added_count, dir);
	mutex_unlock(&ns->code_lock);
}

/* "kernel-10.2.7" -> 6: where the name of the application ends. */
static size_t application_length(const char *name)
{
	const char *dash = strrchr(name, '-');
	if (dash == NULL || dash[1] < '0' || dash[1] > '9')
		return strlen(name);
	return (size_t)(dash - name);
}

static int compare_names(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t nx = application_length(x), ny = application_length(y);
	int order = strncmp(x, y, nx < ny ? nx : ny);
	if (order == 0 && nx != ny)
		order = nx < ny ? -1 : 1;
	return order != 0 ? order : strverscmp(y + ny, x + nx); /* the newest first */
}

/* The first of these come first: what nearly every look-up is for. */
static bool is_basic(const char *name)
{
	static const char *const basic[] = { "erts", "kernel", "stdlib" };
	size_t length = application_length(name);
	for (size_t i = 0; i < ARRAY_SIZE(basic); i++) {
		if (strlen(basic[i]) == length && strncmp(name, basic[i], length) == 0)
			return true;
	}
	return false;
}

int ns_add_otp_root(struct ns *ns, const char *root)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s/lib", root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -errno;
	char **names = NULL;
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		char *name = strdup(entry->d_name);
		char **more = reallocarray(names, count + 1, sizeof(*names));
		if (name == NULL || more == NULL)
			abort(); /* as mem_alloc does */
		names = more;
		names[count++] = name;
	}
	(void)closedir(dir); /* was only read */
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_names);
	struct code_paths *p = ns->paths;
	size_t basic = 0;
	mutex_lock(&ns->code_lock);
	for (size_t i = 0; i < count; i++) {
		bool older = i > 0 && application_length(names[i]) == application_length(names[i - 1]) &&
			strncmp(names[i], names[i - 1], application_length(names[i])) == 0;
		if (older || snprintf(path, sizeof(path), "%s/lib/%s/ebin", root, names[i]) >= (int)sizeof(path) ||
			access(path, X_OK) < 0)
			continue;
		insert(&p->root, &p->root_count, is_basic(names[i]) ? basic++ : p->root_count, path);
	}
	mutex_unlock(&ns->code_lock);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return 0;
}

static char *find_in(const struct path *paths, size_t count, const uint8_t *name, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		char *file;
		if (asprintf(&file, "%s/%.*s.beam", paths[i].dir, (int)size, (const char *)name) < 0)
			return NULL;
		if (access(file, R_OK) == 0)
			return file;
		free(file);
	}
	return NULL;
}

char *ns_find_code(struct ns *ns, const uint8_t *name, size_t size, bool *ret_from_root)
{
	/* A module's name is no path. */
	if (size == 0 || memchr(name, '/', size) != NULL || memchr(name, 0, size) != NULL)
		return NULL;
	mutex_lock(&ns->code_lock);
	char *file = find_in(ns->paths->added, ns->paths->added_count, name, size);
	bool from_root = file == NULL;
	if (from_root)
		file = find_in(ns->paths->root, ns->paths->root_count, name, size);
	mutex_unlock(&ns->code_lock);
	if (file != NULL && ret_from_root != NULL)
		*ret_from_root = from_root;
	return file;
}
