/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/** Start it; @p fd, unless negative, becomes its standard output. */
static int start(const char *const *words, int fd, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err != 0)
		return -err;
	if (fd >= 0)
		err = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	/* Only the type of the argument is not const. */
	if (err == 0)
		err = posix_spawnp(child, words[0], &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/** Read to the end, and keep what has room. */
static void collect(int fd, char *output, size_t size)
{
	char rest[4096];
	size_t length = 0;

	for (;;) {
		ssize_t got =
		    length + 1 < size ? read(fd, output + length, size - 1 - length) : read(fd, rest, sizeof(rest));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (length + 1 < size)
			length += (size_t)got;
	}
	output[length] = '\0';
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

int program_run(const char *const *words, char *output, size_t size)
{
	int ends[2] = {-1, -1}, err;
	pid_t child;

	fflush(stdout);
	if (output && pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = start(words, ends[1], &child);
	if (output) {
		close(ends[1]);
		collect(ends[0], output, size);
		close(ends[0]);
	}
	return err < 0 ? err : wait_for(child);
}
