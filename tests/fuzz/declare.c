/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: what is declared of a service, a file of services.d. */
#include "declare.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One folder for the life of the process; its file is written anew each time. */
static char folder[] = "/tmp/beamr-fuzz-declare-XXXXXX", file[sizeof(folder) + 16];

static void clean(void)
{
	(void)unlink(file);
	(void)rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (file[0] == '\0') {
		if (mkdtemp(folder) == NULL)
			abort();
		(void)snprintf(file, sizeof(file), "%s/shop.conf", folder);
		(void)atexit(clean);
	}
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)close(fd);
	struct declaration **items = NULL;
	size_t count = 0;
	struct config_error error;
	if (declare_load(folder, NULL, &items, &count, &error) == 0) {
		for (size_t i = 0; i < count; i++) {
			struct beamr_quota quota;
			declare_quota(items[i], &quota);
			(void)declare_free(items[i]);
		}
		free(items);
	}
	return 0;
}
