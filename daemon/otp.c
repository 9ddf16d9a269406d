/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whether a folder holds OTP's libraries, so that a wrong one is named instead of every function of it. */

#include "otp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int otp_root_check(const char *root)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s/lib", root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -errno;
	int r = -ENOENT;
	for (const struct dirent *entry; r != 0 && (entry = readdir(dir)) != NULL;) {
		if (strncmp(entry->d_name, "stdlib", 6) != 0 ||
			(entry->d_name[6] != '\0' && entry->d_name[6] != '-'))
			continue;
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/ebin", entry->d_name); /* a name is at most 255 bytes */
		if (fstatat(dirfd(dir), path, &st, 0) == 0 && S_ISDIR(st.st_mode))
			r = 0;
	}
	(void)closedir(dir); /* read only */
	return r;
}
