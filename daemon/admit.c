/* SPDX-License-Identifier: Apache-2.0 */
/* An access control list by its extended attribute. Source: acl(5), and linux/posix_acl_xattr.h for the form: a version, then entries of
 * tag, permissions and id, in the order of their tags, all little-endian. */
#include "admit.h"

#include "base/check.h"
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ACL_VERSION 2
#define ACL_UNDEFINED 0xffffffffu

enum acl_tag {
	ACL_USER_OBJ = 0x01,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};

struct acl {
	uint32_t version;
	struct acl_entry entries[5];
};

static struct acl_entry entry(enum acl_tag tag, unsigned permissions, uint32_t id)
{
	return (struct acl_entry){ htole16((uint16_t)tag), htole16((uint16_t)(permissions & 7)),
		htole32(id) };
}

static int admit(const char *path, gid_t group)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return -errno;
	unsigned owner = status.st_mode >> 6 & 7, others = status.st_mode & 7;
	unsigned members = status.st_mode >> 3 & 7;
	/* The mask is what a mode's group bits then show: as before. */
	const struct acl acl = { .version = htole32(ACL_VERSION),
		.entries = { entry(ACL_USER_OBJ, owner, ACL_UNDEFINED),
			entry(ACL_GROUP_OBJ, members, ACL_UNDEFINED),
			entry(ACL_GROUP, members, group), entry(ACL_MASK, members, ACL_UNDEFINED),
			entry(ACL_OTHER, others, ACL_UNDEFINED) } };
	return setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0) == 0 ? 0 : -errno;
}

int admit_main(int count, char **arguments)
{
	struct config config;
	struct config_error error;
	if (count < 1 || count > 2) {
		fputs("Usage: beamrd admit PATH [CONFIG]\n", stderr);
		return 2;
	}
	if (config_load(count > 1 ? arguments[1] : "/etc/beamrd", &config, &error) != 0) {
		fprintf(stderr, "beamrd: %s:%d:%d: %s\n", error.file, error.line, error.column,
			error.message);
		return 1;
	}
	const struct group *group =
		config.admin_group[0] != '\0' ? getgrnam(config.admin_group) : NULL;
	/* Without the group there is nobody to let in. */
	int r = group != NULL ? admit(arguments[0], group->gr_gid) : 0;
	if (r < 0)
		fprintf(stderr, "beamrd: cannot let group \"%s\" in at \"%s\": %s\n",
			config.admin_group, arguments[0], strerror(-r));
	config_done(&config);
	return r < 0;
}
