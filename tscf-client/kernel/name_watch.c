/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/name_watch.h"

#include "common/base/log.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define FOLDER "/etc"

static const char *const files[] = {"resolv.conf", "hosts", "nsswitch.conf"};
#define FILES (sizeof(files) / sizeof(*files))

void name_watch_init(struct name_watch *w)
{
	*w = (struct name_watch){.fd = -1};
}

static void watch_folder(struct name_watch *w, const char *path)
{
	/* No effect on a folder that is watched already. */
	inotify_add_watch(w->fd, path, IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_ONLYDIR);
}

/* Watch the file that a link leads to, and its folder, as the file may be replaced there. */
static void watch_file(struct name_watch *w, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	int length = snprintf(path, sizeof(path), FOLDER "/%s", name);

	if (length < 0 || (size_t)length >= sizeof(path) || !realpath(path, target))
		return;
	inotify_add_watch(w->fd, target, IN_CLOSE_WRITE);
	*strrchr(target, '/') = '\0';
	if (strcmp(target, FOLDER) != 0)
		watch_folder(w, target[0] ? target : "/");
}

void name_watch_renew(struct name_watch *w)
{
	if (w->fd < 0)
		return;
	watch_folder(w, FOLDER);
	for (size_t i = 0; i < FILES; i++)
		watch_file(w, files[i]);
}

/* @return whether a file of that name in a watched folder may be one of ours.  The target of a link contains the name,
 * as stub-resolv.conf does. */
static bool is_ours(const char *name)
{
	for (size_t i = 0; i < FILES; i++)
		if (strstr(name, files[i]))
			return true;
	return false;
}

/* @return whether one of the @p length bytes of events is about our files. */
static bool any_ours(const char *events, size_t length)
{
	bool any = false;

	for (size_t at = 0; at + sizeof(struct inotify_event) <= length;) {
		const struct inotify_event *e = (const struct inotify_event *)(events + at);

		/* An event without a name is about the file itself, or some events were lost. */
		any |= !(e->mask & IN_IGNORED) && (e->len == 0 || is_ours(e->name));
		at += sizeof(*e) + e->len;
	}
	return any;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	_Alignas(struct inotify_event) char buffer[4096];
	struct name_watch *w = io->data;
	bool any = false;
	ssize_t n;

	(void)loop, (void)events;
	while ((n = read(w->fd, buffer, sizeof(buffer))) > 0)
		any |= any_ours(buffer, (size_t)n);
	if (!any)
		return;
	name_watch_renew(w);
	w->changed(w->context);
}

void name_watch_start(struct name_watch *w, struct ev_loop *loop, void (*changed)(void *context), void *context)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		tscf_warning("cannot watch " FOLDER "/resolv.conf: %m: another name server is noticed later");
		return;
	}
	w->loop = loop;
	w->changed = changed;
	w->context = context;
	name_watch_renew(w);
	ev_io_init(&w->readable, on_readable, w->fd, EV_READ);
	w->readable.data = w;
	ev_io_start(loop, &w->readable);
}

void name_watch_stop(struct name_watch *w)
{
	if (w->fd < 0)
		return;
	ev_io_stop(w->loop, &w->readable);
	close(w->fd);
	w->fd = -1;
}
