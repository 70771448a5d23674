/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/datagram.h"

#include "common/packet/dscp.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

/* Most batches per wake-up of the event loop, so that timers and the other direction have their turn. */
#define ROUNDS_MAX 4
/*
 * Least seconds between two calls of handler->unreachable: the user may answer with a packet that fails the same way.
 */
#define UNREACHABLE_INTERVAL 0.1

static struct tscf_datagram *datagram_of(struct tscf_transport *t)
{
	return (struct tscf_datagram *)t;
}

static void tell_unreachable(struct tscf_datagram *d)
{
	struct tscf_transport *t = &d->transport;
	int error = d->error;

	d->error = 0;
	if (error == 0 || !d->connected || !t->handler->unreachable)
		return;
	if (ev_now(t->loop) - d->error_told < UNREACHABLE_INTERVAL)
		return;
	d->error_told = ev_now(t->loop);
	t->handler->unreachable(t->context, t, error);
}

/* @return whether more may be waiting. */
static bool read_once(struct tscf_datagram *d)
{
	struct tscf_transport_counters *counters = &d->transport.counters;
	struct tscf_outer_losses losses;
	struct tscf_batch batch;
	bool more;
	int count = tscf_outer_read(d->reader, d->transport.realtime_dscps, &batch, &more);

	if (count < 0) {
		if (tscf_outer_is_unreachable(-count))
			d->error = -count;
		/* The call has cleared the error of the socket; datagrams may wait behind it. */
		return true;
	}
	losses = tscf_outer_read_losses(d->reader);
	counters->receive_drops += losses.overflow;
	counters->queue_drops += losses.shortened;
	counters->invalid += losses.invalid;
	if (batch.count > 0)
		d->kind->datagrams(d, &batch);
	return more;
}

/* Process the rest after the other direction has had its turn. */
static void go_on_later(struct tscf_datagram *d)
{
	struct ev_loop *loop = d->transport.loop;

	if (!tscf_outer_waiting(d->reader))
		ev_timer_stop(loop, &d->again);
	else if (!ev_is_active(&d->again))
		ev_timer_start(loop, &d->again);
}

static void read_some(struct tscf_datagram *d)
{
	tscf_reaper_enter(&d->transport);
	for (int round = 0; round < ROUNDS_MAX && !d->transport.closed; round++)
		if (!read_once(d))
			break;
	if (!d->transport.closed) {
		tell_unreachable(d);
		go_on_later(d);
	}
	tscf_reaper_leave(&d->transport);
}

static void on_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	read_some(watcher->data);
}

static void on_turn(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	read_some(watcher->data);
}

void tscf_datagram_poll(struct tscf_transport *t)
{
	struct tscf_datagram *d = datagram_of(t);

	/* Inside a callback, this would overwrite the packets that are being worked on. */
	if (d->transport.depth == 0 && !d->transport.closed)
		read_some(d);
}

void tscf_datagram_flush(struct tscf_datagram *d)
{
	int error = 0;

	d->transport.counters.send_drops += tscf_outer_flush(d->writer, &error);
	if (error == 0)
		return;
	d->error = error;
	/* The handler must not be called from inside a send. */
	if (d->connected && !d->transport.closed)
		ev_feed_event(d->transport.loop, &d->readable, EV_READ);
}

/* A client that asks one of several addresses must be answered from that address. */
static int tell_local(const struct tscf_datagram *d)
{
	struct tscf_addr bound = tscf_endpoint_addr(&d->transport.local);

	if (d->connected || !tscf_addr_is_any(&bound))
		return 0;
	return tscf_outer_tell_local(d->transport.fd, bound.family);
}

int tscf_datagram_open(struct tscf_datagram *d, const struct tscf_datagram_kind *kind, struct ev_loop *loop,
		       const union tscf_endpoint *local, const union tscf_endpoint *remote,
		       const struct tscf_outer_options *options, uint32_t size, uint32_t copy_size)
{
	int err;
	int fd = tscf_outer_socket(local, remote, options);

	if (fd < 0)
		return fd;
	d->kind = kind;
	d->connected = remote != NULL;
	d->transport.loop = loop;
	d->transport.realtime_dscps = TSCF_URGENT_DSCPS;
	d->transport.fd = fd;
	tscf_reaper_init(&d->transport);
	ev_io_init(&d->readable, on_readable, fd, EV_READ);
	d->readable.data = d;
	ev_timer_init(&d->again, on_turn, 0., 0.);
	d->again.data = d;
	d->reader = tscf_outer_reader_new(fd, size, d->connected);
	d->writer = tscf_outer_writer_new(fd, copy_size);
	err = !d->reader || !d->writer ? -ENOMEM : tscf_outer_local(fd, &d->transport.local);
	if (err == 0)
		err = tscf_outer_set_dont_fragment(fd, d->transport.local.sa.sa_family, false);
	if (err == 0)
		err = tell_local(d);
	if (err < 0) {
		tscf_datagram_release(d);
		return err;
	}
	ev_io_start(loop, &d->readable);
	return 0;
}

static void stop_socket(struct tscf_datagram *d)
{
	ev_io_stop(d->transport.loop, &d->readable);
	ev_timer_stop(d->transport.loop, &d->again);
	if (d->transport.fd >= 0)
		close(d->transport.fd);
	d->transport.fd = -1;
}

void tscf_datagram_release(struct tscf_datagram *d)
{
	stop_socket(d);
	tscf_reaper_release(&d->transport);
	tscf_outer_reader_free(d->reader);
	tscf_outer_writer_free(d->writer);
}

void tscf_datagram_close(struct tscf_transport *t)
{
	struct tscf_datagram *d = datagram_of(t);

	if (d->transport.closed)
		return;
	tscf_reaper_enter(&d->transport);
	d->transport.closed = true;
	d->kind->stop(d);
	stop_socket(d);
	tscf_reaper_leave(&d->transport);
}
