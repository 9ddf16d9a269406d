/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of OTP: which release one holds, and where its preloaded modules lie. */
#include "base/cleanup.h"
#include "vm/machine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "27" out of ROOT/lib/stdlib-6.2.2; "" when that does not tell. */
static void find_release(const char *root, char ret[16])
{
	static const struct {
		const char *stdlib;
		const char *release;
	} known[] = { { "stdlib-4.", "25" }, { "stdlib-5.", "26" }, { "stdlib-6.", "27" },
		{ "stdlib-7.", "28" }, { "stdlib-8.", "29" } };

	char path[4096];
	ret[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/lib", root); /* a longer path does not open */
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (strncmp(e->d_name, known[i].stdlib, strlen(known[i].stdlib)) == 0)
				(void)snprintf(ret, 16, "%s", known[i].release);
	(void)closedir(dir); /* read only */
}

/* Folder of the newest erts-VERSION/ebin below dir that holds erlang.beam; malloc'ed, NULL when there is none. */
static char *erts_folder_in(const char *dir)
{
	char *best = NULL;
	DIR *d = opendir(dir);
	if (d == NULL)
		return NULL;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char *path, *file;
		if (strncmp(e->d_name, "erts-", 5) != 0)
			continue;
		if (asprintf(&path, "%s/%s/ebin", dir, e->d_name) < 0)
			abort(); /* as mem_alloc does */
		if (asprintf(&file, "%s/erlang.beam", path) < 0)
			abort();
		struct stat st;
		bool there = stat(file, &st) == 0;
		free(file);
		if (there && (best == NULL || strverscmp(best, path) < 0)) {
			free(best);
			best = path;
		} else {
			free(path);
		}
	}
	(void)closedir(d); /* read only */
	return best;
}

/* Installations have it below lib/; a release of its own beside it. */
char *otp_preloaded_dir(const char *root)
{
	_cleanup_(free_stringp) char *lib = NULL;
	if (asprintf(&lib, "%s/lib", root) < 0)
		abort();
	char *found = erts_folder_in(lib);
	return found != NULL ? found : erts_folder_in(root);
}

char *otp_bin_dir(const char *root, const char *preloaded_dir)
{
	char *bindir;
	const char *name = strstr(preloaded_dir, "/erts-");
	for (const char *next = name; next != NULL; next = strstr(next + 1, "/erts-"))
		name = next;
	int length = name == NULL ? 0 : (int)(strrchr(name, '/') - name);
	if (asprintf(&bindir, "%s%.*s/bin", root, length, name == NULL ? "" : name) < 0)
		abort(); /* as mem_alloc does */
	return bindir;
}

void beamr_otp_describe(const char *root, struct beamr_otp *ret)
{
	*ret = (struct beamr_otp){ 0 };
	find_release(root, ret->release);
	_cleanup_(free_stringp) char *dir = otp_preloaded_dir(root);
	if (dir == NULL)
		return;
	/* .../erts-VERSION/ebin */
	char *end = strrchr(dir, '/');
	*end = '\0';
	const char *version = strrchr(dir, '-') + 1;
	(void)snprintf(ret->erts, sizeof(ret->erts), "%s", version); /* cut when it is none */
}
