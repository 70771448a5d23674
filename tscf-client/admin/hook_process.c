/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/hook_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(pid_t *pid, const char *path, char *const *environment)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t set;
	char *const argv[] = {(char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(&attributes, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attributes, &set);
	int error = posix_spawn(pid, path, &files, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -error;
}

static void reap(struct hook_process *p)
{
	int status = 0;
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Processes that the script left in its group get no more time than the script. */
	if (p->overdue)
		kill(-p->pid, SIGKILL);
	ev_io_stop(p->loop, &p->ended);
	ev_timer_stop(p->loop, &p->limit);
	close(p->pidfd);
	p->pid = 0;
	p->done(p->context, status, p->overdue);
}

static void on_ended(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop, (void)events;
	reap(w->data);
}

static void on_limit(struct ev_loop *loop, ev_timer *w, int events)
{
	struct hook_process *p = w->data;
	(void)events;
	kill(-p->pid, p->overdue ? SIGKILL : SIGTERM);
	p->overdue = true;
	ev_timer_stop(loop, w);
	ev_timer_set(w, HOOK_PROCESS_GRACE_MS / 1e3, 0.);
	ev_timer_start(loop, w);
}

int hook_process_start(struct hook_process *p, struct ev_loop *loop, const char *path, char *const *environment,
		       int limit_ms, void (*done)(void *context, int status, bool overdue), void *context)
{
	pid_t pid;
	int error = spawn(&pid, path, environment);
	if (error < 0)
		return error;
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		error = -errno;
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return error;
	}
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	*p = (struct hook_process){.pid = pid, .pidfd = pidfd, .loop = loop, .done = done, .context = context};
	ev_io_init(&p->ended, on_ended, pidfd, EV_READ);
	ev_timer_init(&p->limit, on_limit, limit_ms / 1e3, 0.);
	p->ended.data = p->limit.data = p;
	ev_io_start(loop, &p->ended);
	ev_timer_start(loop, &p->limit);
	return 0;
}

void hook_process_finish(struct hook_process *p, int timeout_ms)
{
	struct pollfd ended = {.fd = p->pidfd, .events = POLLIN};
	if (!hook_process_running(p))
		return;
	if (poll(&ended, 1, timeout_ms > 0 ? timeout_ms : 0) <= 0) {
		p->overdue = true;
		kill(-p->pid, SIGTERM);
		if (poll(&ended, 1, HOOK_PROCESS_GRACE_MS) <= 0)
			kill(-p->pid, SIGKILL);
	}
	reap(p);
}
