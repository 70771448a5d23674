/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/** The type of file handles in cgroup v2, which hold the id of the directory (enum fid_type, FILEID_KERNFS). */
#define HANDLE_TYPE 0xfe

union handle {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + sizeof(uint64_t)];
};

uint64_t guard_cgroup_id(int fd)
{
	union handle h = {.handle.handle_bytes = sizeof(uint64_t)};
	uint64_t id;
	int mount;

	if (name_to_handle_at(fd, "", &h.handle, &mount, AT_EMPTY_PATH) < 0)
		return 0;
	memcpy(&id, h.handle.f_handle, sizeof(id));
	return id;
}

int guard_cgroup_open(int root, uint64_t id)
{
	union handle h = {.handle = {.handle_bytes = sizeof(uint64_t), .handle_type = HANDLE_TYPE}};
	int fd;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root, &h.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
