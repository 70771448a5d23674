/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How the line of cgroup v2 begins. */
#define PREFIX "0::"

static int read_name(FILE *file, char *name, size_t size)
{
	char *line = NULL;
	size_t room = 0;
	int err = -ENOENT;

	while (err == -ENOENT && getline(&line, &room, file) > 0) {
		const char *here = line + sizeof(PREFIX) - 1;
		size_t length;

		if (strncmp(line, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		length = strcspn(here, "\n");
		err = length < size ? 0 : -ENAMETOOLONG;
		if (err == 0)
			snprintf(name, size, "%.*s", (int)length, here);
	}
	free(line);
	return err;
}

int tscf_cgroup_of(pid_t pid, char *name, size_t size)
{
	char path[32] = "/proc/self/cgroup";
	FILE *file;
	int err;

	name[0] = '\0';
	if (pid != 0)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	err = read_name(file, name, size);
	fclose(file);
	return err;
}
