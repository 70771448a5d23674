/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/qr.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/** Start qrencode with @p input as its standard input.  @return 0 or -errno. */
static int start(int input, pid_t *child)
{
	/* The type wants them to be changeable; nothing changes them. */
	static char program[] = "qrencode", type[] = "-t", form[] = "ANSIUTF8";
	char *const arguments[] = {program, type, form, NULL};
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err != 0)
		return -err;
	err = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (err == 0)
		err = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/** An invitation is shorter than what a pipe holds, so this does not wait. */
static int feed(int fd, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);

	return write(fd, text, (size_t)length) == length ? 0 : -EIO;
}

int qr_print(const char *text)
{
	int ends[2], status = 0, err;
	pid_t child = 0;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = feed(ends[1], text);
	if (err == 0)
		err = start(ends[0], &child);
	close(ends[0]);
	close(ends[1]);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (err == -ENOENT)
		tscf_warning("there is no QR code: qrencode is not installed");
	else if (err < 0 || status != 0)
		tscf_warning("there is no QR code: qrencode failed");
	return err == 0 && status != 0 ? -EIO : err;
}
