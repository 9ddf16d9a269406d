/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: beamrd.conf, with a drop-in of the same text. What is wrong is told with its file and line. */
#include "config.h"
#include "fuzz.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One folder for the life of the process; its files are written anew each time. */
static char folder[] = "/tmp/beamr-fuzz-config-XXXXXX", file[sizeof(folder) + 32], drop_ins[sizeof(folder) + 32],
	drop_in[sizeof(folder) + 48];

static void clean(void)
{
	(void)unlink(drop_in);
	(void)rmdir(drop_ins);
	(void)unlink(file);
	(void)rmdir(folder);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (file[0] == '\0') {
		if (mkdtemp(folder) == NULL)
			abort();
		(void)snprintf(file, sizeof(file), "%s/beamrd.conf", folder);
		(void)snprintf(drop_ins, sizeof(drop_ins), "%s/beamrd.conf.d", folder);
		(void)snprintf(drop_in, sizeof(drop_in), "%s/10-more.conf", drop_ins);
		if (mkdir(drop_ins, 0700) != 0)
			abort();
		(void)atexit(clean);
	}
	put(file, data, size);
	put(drop_in, data, size);
	struct config config;
	struct config_error error = { 0 };
	int r = config_load(folder, &config, &error);
	if (r == 0) {
		for (unsigned i = 0; i < CONFIG_KEYS; i++)
			assert(config_equal(&config, &config, i));
		config_done(&config);
	} else if (r == CONFIG_E_INVALID) {
		assert(error.file[0] == '/' && error.message[0] != '\0');
	}
	return 0;
}
