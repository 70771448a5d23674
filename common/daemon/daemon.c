/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/daemon.h"

#include "common/base/log.h"
#include "common/base/log_queue.h"
#include "common/daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/** @return the exit status of the command: that of the daemon if it ended before it was ready. */
static int wait_ready(int fd, pid_t child)
{
	ssize_t n;
	int status;
	char byte;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return EXIT_SUCCESS;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	if (WIFSIGNALED(status))
		tscf_error("ended by signal %d before it was ready", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int tscf_daemon_start(struct tscf_daemon *daemon, bool foreground, int *status)
{
	int fds[2];
	pid_t child;

	daemon->foreground = foreground;
	daemon->ready_fd = -1;
	if (foreground)
		return 0;
	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		int err = -errno;

		tscf_error("cannot go into the background: %s", strerror(-err));
		return err;
	}
	if (child > 0) {
		close(fds[1]);
		*status = wait_ready(fds[0], child);
		close(fds[0]);
		return 1;
	}
	close(fds[0]);
	daemon->ready_fd = fds[1];
	setsid();
	return 0;
}

static void detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	tscf_log_to_syslog();
	if (chdir("/") < 0)
		tscf_warning("cannot change to the directory /: %s", strerror(errno));
	if (fd < 0) {
		tscf_warning("cannot open /dev/null: %s", strerror(errno));
		return;
	}
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

void tscf_daemon_ready(struct tscf_daemon *daemon)
{
	int err = tscf_notify("READY=1");

	if (err != 0)
		tscf_warning("cannot tell the service manager: %s", strerror(-err));
	if (daemon->ready_fd >= 0)
		detach();
	err = tscf_log_queue_start();
	if (err < 0)
		tscf_warning("cannot start a thread for the log: a log that nobody reads stops this program: %s",
			     strerror(-err));
	if (daemon->ready_fd < 0)
		return;
	while (write(daemon->ready_fd, "", 1) < 0 && errno == EINTR)
		;
	close(daemon->ready_fd);
	daemon->ready_fd = -1;
}

void tscf_daemon_end(void)
{
	tscf_log_queue_finish();
}

void tscf_daemon_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
