/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/control_listener.h"

#include "common/base/log.h"
#include "common/control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** How long not to accept when the process has no descriptors left. */
#define ACCEPT_PAUSE_S 0.1
/** Connections accepted in one turn of the loop, so that packets do not wait. */
#define ACCEPTS_PER_TURN 64
/** How often to look where the kernel does not tell of changes, and whether a place that is taken has become free. */
#define LOOK_S 1.0

/* Logged when it begins and when it ends: no program can ask meanwhile. */
static void say_whether_short(struct tscf_control_listener *l, int error)
{
	if (error != 0 && !l->is_short)
		tscf_error("calls at the control socket wait, and programs may be refused: %s", strerror(error));
	else if (error == 0 && l->is_short)
		tscf_warning("calls at the control socket are answered again");
	l->is_short = error != 0;
}

static void on_acceptable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct tscf_control_listener *l = watcher->data;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int sock = accept4(l->sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (sock >= 0) {
			say_whether_short(l, 0);
			l->accepted(l->context, sock);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return;
		/* No descriptors or no memory: the queue stays readable, so not looking is the only way not to spin. */
		say_whether_short(l, errno);
		ev_io_stop(loop, &l->acceptable);
		ev_timer_set(&l->accept_again, ACCEPT_PAUSE_S, 0.);
		ev_timer_start(loop, &l->accept_again);
		return;
	}
}

static void on_accept_again(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	tscf_control_listener_resume(watcher->data);
}

static void watch_socket(struct tscf_control_listener *l, int sock)
{
	l->sock = sock;
	ev_io_set(&l->acceptable, sock, EV_READ);
	ev_io_start(l->loop, &l->acceptable);
}

/* Connections to the old one are still served. */
static void replace_socket(struct tscf_control_listener *l, int sock)
{
	on_acceptable(l->loop, &l->acceptable, EV_READ);
	ev_io_stop(l->loop, &l->acceptable);
	/* Its queue may hold descriptors that other programs sent. */
	tscf_discard_add(l->discard, l->sock);
	watch_socket(l, sock);
}

static void look_later(struct tscf_control_listener *l)
{
	ev_timer_stop(l->loop, &l->look_again);
	ev_timer_set(&l->look_again, LOOK_S, 0.);
	ev_timer_start(l->loop, &l->look_again);
}

static void look(struct tscf_control_listener *l)
{
	struct tscf_control_file file;
	int sock;

	if (tscf_control_path_is_ours(l->path, &l->file)) {
		tscf_control_path_mode(l->path, &l->file, l->mode);
		return;
	}
	sock = tscf_control_path_listen(l->path, l->mode, &file);
	if (sock >= 0) {
		replace_socket(l, sock);
		l->file = file;
		l->logged = false;
		tscf_warning("the control socket %s was removed by another program; it is there again", l->path);
		/* The watch has not seen the new file yet: if that goes at once, nothing has changed for it. */
		look_later(l);
		return;
	}
	if (!l->logged)
		tscf_error("the control socket %s was removed by another program and cannot be made again: %s", l->path,
			   sock == -EADDRINUSE || sock == -EEXIST ? "something else is in its place" : strerror(-sock));
	l->logged = true;
	look_later(l);
}

static void on_change(struct ev_loop *loop, ev_stat *watcher, int events)
{
	(void)loop, (void)events;
	look(watcher->data);
}

static void on_look_again(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	look(watcher->data);
}

const char *tscf_control_strerror(int err)
{
	if (err == -EEXIST)
		return "a file that is no socket is there: remove it, or name another place (--control)";
	return err == -EACCES || err == -EPERM ? "permission denied: run it as root, or name another place (--control)"
					       : strerror(-err);
}

int tscf_control_listener_open(struct tscf_control_listener *l, struct ev_loop *loop, const char *path, mode_t mode,
			       struct tscf_discard *discard, void (*accepted)(void *context, int sock), void *context)
{
	int sock;

	*l = (struct tscf_control_listener){.loop = loop,
					    .discard = discard,
					    .path = strdup(path),
					    .mode = mode,
					    .sock = -1,
					    .accepted = accepted,
					    .context = context};
	sock = l->path ? tscf_control_path_listen(path, mode, &l->file) : -ENOMEM;
	if (sock < 0) {
		free(l->path);
		l->path = NULL;
		return sock;
	}
	ev_init(&l->acceptable, on_acceptable);
	ev_timer_init(&l->accept_again, on_accept_again, ACCEPT_PAUSE_S, 0.);
	ev_timer_init(&l->look_again, on_look_again, LOOK_S, 0.);
	ev_stat_init(&l->watch, on_change, l->path, LOOK_S);
	l->acceptable.data = l->accept_again.data = l->look_again.data = l->watch.data = l;
	watch_socket(l, sock);
	ev_stat_start(loop, &l->watch);
	return 0;
}

void tscf_control_listener_mode(struct tscf_control_listener *l, mode_t mode)
{
	int error;

	l->mode = mode;
	error = tscf_control_path_mode(l->path, &l->file, mode);
	if (error < 0)
		tscf_error("cannot set the mode of %s: %s", l->path, strerror(-error));
}

void tscf_control_listener_resume(struct tscf_control_listener *l)
{
	if (l->sock >= 0)
		ev_io_start(l->loop, &l->acceptable);
}

void tscf_control_listener_close(struct tscf_control_listener *l, bool leave_file)
{
	ev_io_stop(l->loop, &l->acceptable);
	ev_timer_stop(l->loop, &l->accept_again);
	ev_timer_stop(l->loop, &l->look_again);
	ev_stat_stop(l->loop, &l->watch);
	if (!leave_file)
		tscf_control_path_remove(l->path, &l->file);
	tscf_discard_add(l->discard, l->sock);
	l->sock = -1;
	free(l->path);
	l->path = NULL;
}
