/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/capture.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** How often the rings are emptied: a live display shows packets without delay, and a ring does not fill in between. */
#define EVERY_S 0.02

/** @return whether all rings are empty; if not, the command does not read fast enough. */
static bool drain(struct tscf_capture *c)
{
	struct tscf_tap *tap;

	for (unsigned n = 0; (tap = c->taps->tap(c->context, n)); n++) {
		while (!tscf_tap_empty(tap)) {
			if (tscf_control_room(c->call) < TSCF_TAP_RECORD_MAX)
				return false;
			tscf_control_push(c->call, c->buffer, tscf_tap_take(tap, c->buffer, TSCF_TAP_RECORD_MAX));
		}
	}
	return true;
}

static void answer_counts(struct tscf_capture *c)
{
	struct tscf_tap_counts sum = {.seen = {0}};
	struct tscf_tap_record record = {.place = TSCF_TAP_PLACES, .captured = sizeof(sum), .original = sizeof(sum)};
	uint8_t out[sizeof(record) + sizeof(sum)];
	struct tscf_tap *tap;

	for (unsigned n = 0; (tap = c->taps->tap(c->context, n)); n++) {
		for (unsigned i = 0; i < TSCF_TAP_PLACES; i++) {
			sum.seen[i] += tap->counts.seen[i];
			sum.lost[i] += tap->counts.lost[i];
		}
	}
	memcpy(out, &record, sizeof(record));
	memcpy(out + sizeof(record), &sum, sizeof(sum));
	tscf_control_answer_with(c->call, 0, out, sizeof(out));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct tscf_capture *c = timer->data;

	(void)events;
	if (!drain(c) || !c->ending)
		return;
	ev_timer_stop(loop, timer);
	answer_counts(c);
}

void tscf_capture_init(struct tscf_capture *c, struct ev_loop *loop, const struct tscf_capture_taps *taps,
		       void *context)
{
	*c = (struct tscf_capture){.loop = loop, .taps = taps, .context = context};
	ev_timer_init(&c->timer, on_timer, EVERY_S, EVERY_S);
	c->timer.data = c;
}

static void begin(struct tscf_capture *c, struct tscf_control_call_in *call)
{
	int err;

	/* Whoever sees the packets of all users in clear must be root; the daemon's own user is not enough. */
	if (call->uid != 0)
		err = -EPERM;
	else if (c->call)
		err = -EBUSY;
	else if (!(c->buffer = malloc(TSCF_TAP_RECORD_MAX)))
		err = -ENOMEM;
	else
		err = c->taps->open(c->context, call);
	if (err < 0) {
		if (!c->call) {
			free(c->buffer);
			c->buffer = NULL;
		}
		tscf_control_answer(call, -err, NULL);
		return;
	}
	tscf_warning("process %d captures what is in the tunnels", (int)call->pid);
	c->call = call;
	c->ending = false;
	tscf_control_keep(call);
	ev_timer_again(c->loop, &c->timer);
}

void tscf_capture_request(struct tscf_capture *c, struct tscf_control_call_in *call)
{
	if (call->request.op == TSCF_CONTROL_CAPTURE && call != c->call) {
		begin(c, call);
	} else if (call->request.op == TSCF_CONTROL_CAPTURE_END && call == c->call && !c->ending) {
		c->taps->close(c->context);
		c->ending = true;
	} else {
		tscf_control_answer(call, EINVAL, NULL);
	}
}

/** Leave nothing of the capture. */
static void end(struct tscf_capture *c)
{
	struct tscf_tap *tap;

	ev_timer_stop(c->loop, &c->timer);
	if (!c->ending)
		c->taps->close(c->context);
	for (unsigned n = 0; (tap = c->taps->tap(c->context, n)); n++)
		tscf_tap_free(tap);
	free(c->buffer);
	c->buffer = NULL;
	c->call = NULL;
	tscf_info("the capture has ended");
}

void tscf_capture_stop(struct tscf_capture *c)
{
	if (!c->call)
		return;
	/* What there is no room for is lost: nobody waits for it any more. */
	drain(c);
	end(c);
}

void tscf_capture_gone(struct tscf_capture *c, const struct tscf_control_call_in *call)
{
	if (c->call && call == c->call)
		end(c);
}
