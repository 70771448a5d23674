/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/wall_clock.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The timer itself must never expire: it is later than any clock will be set to. */
#define NEVER_SECONDS INT32_MAX *(time_t)100

void wall_clock_init(struct wall_clock *w)
{
	*w = (struct wall_clock){.fd = -1};
}

static int arm(int fd)
{
	const struct itimerspec never = {.it_value.tv_sec = NEVER_SECONDS};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct wall_clock *w = io->data;
	uint64_t ticks;

	(void)loop, (void)events;
	if (read(w->fd, &ticks, sizeof(ticks)) >= 0 || errno != ECANCELED)
		return;
	/* A cancelled timer goes on, but this is not documented, so arm it again. */
	arm(w->fd);
	w->was_set(w->context);
}

void wall_clock_start(struct wall_clock *w, struct ev_loop *loop, void (*was_set)(void *context), void *context)
{
	w->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->fd < 0 || arm(w->fd) < 0) {
		tscf_warning("cannot watch the clock: %m: that it was set is noticed later");
		wall_clock_stop(w);
		return;
	}
	w->loop = loop;
	w->was_set = was_set;
	w->context = context;
	ev_io_init(&w->readable, on_readable, w->fd, EV_READ);
	w->readable.data = w;
	ev_io_start(loop, &w->readable);
}

void wall_clock_stop(struct wall_clock *w)
{
	if (w->fd < 0)
		return;
	if (w->loop)
		ev_io_stop(w->loop, &w->readable);
	close(w->fd);
	w->fd = -1;
}
