/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/device_watch.h"

#include "tscf-server/devices.h"
#include "tscf-server/path.h"
#include "tscf-server/pmtu_routes.h"
#include "tscf-server/workers_each.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/linux/device.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/** From the first notice until the look: other notices of the same change are on their way. */
#define LOOK_MS 20

/** What a worker does with its part of a device. */
struct errand {
	bool encrypted;
	struct tscf_tun *parts; /**< of all workers, by their numbers */
};

static struct server_device *device_of(struct server_worker *worker, bool encrypted)
{
	return encrypted ? &worker->encrypted : &worker->plain;
}

static void give_away(struct server_worker *worker, void *data)
{
	const struct errand *e = data;

	server_path_detach(worker, device_of(worker, e->encrypted));
}

static void get_back(struct server_worker *worker, void *data)
{
	const struct errand *e = data;

	server_path_attach(worker, device_of(worker, e->encrypted), &e->parts[worker->index]);
}

static void renew_routes(struct server_worker *worker, void *data)
{
	const struct errand *e = data;

	server_pmtu_routes_renew(worker, e->encrypted);
}

/** Make a device again.  @return 0 or -errno. */
static int make_again(struct server *server, bool encrypted)
{
	struct tscf_tun parts[TSCF_WORKERS_MAX];
	struct errand e = {.encrypted = encrypted, .parts = parts};
	struct server_watched_device *w = &server->device_watch.device[encrypted];
	int err;

	server_workers_each(server, give_away, &e);
	err = server_devices_make(server, parts, w->name, w->index);
	if (err < 0)
		return err;
	w->index = parts[0].index;
	atomic_store(&w->lost, false);
	server_workers_each(server, get_back, &e);
	return 0;
}

/** @return 0 if our device is there, -ENODEV if not, or another -errno. */
static int look_for(struct tscf_netlink *nl, const struct server_watched_device *w)
{
	struct tscf_link link;
	int err = atomic_load(&w->lost) ? -ENODEV : tscf_link_get(nl, w->index, &link);

	/* The index may be that of another program's device by now. */
	return err == 0 && strcmp(link.kind, "tun") != 0 ? -ENODEV : err;
}

/** @return how many things were put back, or -errno. */
static int restore(struct server *server, struct tscf_netlink *nl, bool encrypted)
{
	struct errand e = {.encrypted = encrypted};
	int err = look_for(nl, &server->device_watch.device[encrypted]), restored;
	bool gone = err == -ENODEV;

	if (gone)
		err = make_again(server, encrypted);
	if (err < 0)
		return err;
	restored = server_devices_restore(server, nl, encrypted);
	/* The routes of single clients go when a device is taken down. */
	if (gone || restored > 0)
		server_workers_each(server, renew_routes, &e);
	return restored < 0 ? restored : restored + gone;
}

static void say_restored(const struct server_watched_device *w, enum tscf_pace_change change)
{
	if (change == TSCF_PACE_RESTORED)
		tscf_warning("%s: another program has changed or removed it: it is put back", w->name);
	else if (change == TSCF_PACE_CONTESTED_NOW)
		tscf_warning("%s: another program keeps changing or removing it: it is put back each time", w->name);
	else if (change == TSCF_PACE_LEFT_ALONE)
		tscf_info("%s: has been left alone for %u seconds", w->name, TSCF_PACE_QUIET_MS / 1000);
}

static void say(struct server_watched_device *w, int result, enum tscf_pace_change change)
{
	if (result < 0 && result != w->error)
		tscf_error(
		    "%s: another program has changed or removed it, and it cannot be put back: %s: clients have no "
		    "packets by it until it can",
		    w->name, strerror(-result));
	else if (result >= 0 && w->error < 0)
		tscf_info("%s: is there again as it should be", w->name);
	else
		say_restored(w, change);
	if (result > 0)
		w->put_back++;
	w->error = result < 0 ? result : 0;
}

/** The timer ends when the first device is due. */
static void plan(struct server *server)
{
	struct server_device_watch *d = &server->device_watch;
	uint64_t now = tscf_clock_now(), due = d->device[0].pace.due;

	if (d->device[1].pace.due < due)
		due = d->device[1].pace.due;
	ev_timer_stop(server->loop, &d->look);
	if (due == UINT64_MAX)
		return;
	ev_timer_set(&d->look, due > now ? (double)(due - now) / 1000. : 0., 0.);
	ev_timer_start(server->loop, &d->look);
}

static void look_later(struct server *server)
{
	for (unsigned i = 0; i < 2; i++)
		tscf_pace_notice(&server->device_watch.device[i].pace, tscf_clock_now(), LOOK_MS);
	plan(server);
}

static void on_look(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct server *server = ev_userdata(loop);
	struct tscf_netlink *nl;
	int err = tscf_netlink_open(&nl);

	(void)timer, (void)events;
	for (unsigned i = 0; i < 2; i++) {
		struct server_watched_device *w = &server->device_watch.device[i];
		int result;

		if (!tscf_pace_due(&w->pace, tscf_clock_now()))
			continue;
		result = err < 0 ? err : restore(server, nl, i == 1);
		say(w, result, tscf_pace_looked(&w->pace, tscf_clock_now(), result > 0, result < 0));
	}
	if (err == 0)
		tscf_netlink_close(nl);
	plan(server);
}

static void on_notice(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct server *server = ev_userdata(loop);
	const struct server_device_watch *d = &server->device_watch;
	const struct tscf_notice_filter filter = {.devices = {d->device[0].index, d->device[1].index}};

	(void)events;
	if (tscf_netlink_notices(io->fd, &filter) == TSCF_NOTICE_OURS)
		look_later(server);
}

static void on_lost(struct ev_loop *loop, struct ev_async *watcher, int events)
{
	(void)watcher, (void)events;
	look_later(ev_userdata(loop));
}

static void note(struct server_watched_device *w, const struct tscf_tun *tun)
{
	w->index = tun->index;
	memcpy(w->name, tun->name, sizeof(w->name));
	tscf_pace_init(&w->pace);
}

void server_device_watch_start(struct server *server)
{
	struct server_device_watch *d = &server->device_watch;
	const struct server_worker *first = &server->workers[0];

	note(&d->device[0], &first->plain.tun);
	note(&d->device[1], &first->encrypted.tun);
	ev_init(&d->look, on_look);
	ev_async_init(&d->lost, on_lost);
	ev_async_start(server->loop, &d->lost);
	d->fd = tscf_netlink_watch_state();
	if (d->fd < 0) {
		tscf_warning("the kernel does not say when the devices change: %s", strerror(-d->fd));
		return;
	}
	ev_io_init(&d->noticed, on_notice, d->fd, EV_READ);
	ev_io_start(server->loop, &d->noticed);
}

void server_device_watch_stop(struct server *server)
{
	struct server_device_watch *d = &server->device_watch;

	ev_timer_stop(server->loop, &d->look);
	ev_async_stop(server->loop, &d->lost);
	if (d->fd < 0)
		return;
	ev_io_stop(server->loop, &d->noticed);
	close(d->fd);
	d->fd = -1;
}
