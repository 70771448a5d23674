/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device_loop.c - the tunnels' devices in the event loop, and what to do when one was deleted or moved; context.h.
 */
#include "common/base/log.h"
#include "tscf-client/context.h"

#include <string.h>

/* The owner sets the callback. */
static void watch_queue(struct client *c, ev_io *w, int fd)
{
	if (fd < 0)
		return;
	ev_io_set(w, fd, EV_READ);
	w->data = c;
	ev_io_start(c->loop, w);
}

static void watch_plain(struct client *c)
{
	watch_queue(c, &c->plain_readable, c->plain_tun.fd);
	watch_queue(c, &c->plain_urgent, c->plain_tun.urgent_fd);
}

static void watch_encrypted(struct client *c)
{
	watch_queue(c, &c->encrypted_readable, c->encrypted_tun.fd);
	watch_queue(c, &c->encrypted_urgent, c->encrypted_tun.urgent_fd);
}

void device_loop_start(struct client *c)
{
	watch_plain(c);
	watch_encrypted(c);
}

/* The new device has the same index, so everything that refers to it stays valid: routes, the guards, sockets bound to
 * it.
 */
void device_loop_lost(struct client *c, struct tscf_tun *tun, int error)
{
	bool plain = tun == &c->plain_tun;
	ev_io_stop(c->loop, plain ? &c->plain_readable : &c->encrypted_readable);
	ev_io_stop(c->loop, plain ? &c->plain_urgent : &c->encrypted_urgent);
	tscf_warning("device %s: %s: another program has removed it: it is made again", tun->name, strerror(-error));
	error = tscf_tun_open_again(tun, false, c->config->realtime_dscps);
	if (error < 0) {
		tscf_error("cannot create device %s again: %s", plain ? c->config->plain_dev : c->config->encrypted_dev,
			   strerror(-error));
		c->error = error;
		ev_break(c->loop, EVBREAK_ALL);
		return;
	}
	if (plain)
		watch_plain(c);
	else
		watch_encrypted(c);
	upkeep_soon(&c->upkeep);
}
