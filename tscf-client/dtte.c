/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/dtte.h"

#include "common/base/text.h"

#include <string.h>

static void enter(struct dtte *d, enum dtte_state state, const char *reason, uint64_t now)
{
	d->state = state;
	d->since = now;
	d->deadline = 0;
	d->leaving = false;
	tscf_text_copy(reason, strlen(reason), d->reason, sizeof(d->reason));
}

static void set_gate(struct dtte *d, enum dtte_gate gate)
{
	if (d->gate == gate)
		return;
	d->gate = gate;
	d->actions->gate(d->context, gate);
}

static bool negotiating(const struct dtte *d)
{
	return d->state == DTTE_REQUESTED || d->state == DTTE_HANDSHAKE || d->state == DTTE_CONFIGURING;
}

bool dtte_is_up(const struct dtte *d)
{
	return d->state == DTTE_UP || d->state == DTTE_LINGERING;
}

/* A negotiation that begins with the gate shut keeps it shut: programs got errors, and packets are accepted again only
 * when the tunnel is up. */
static void begin(struct dtte *d, const char *reason, uint64_t now)
{
	enter(d, DTTE_REQUESTED, reason, now);
	if (d->gate == DTTE_GATE_OPEN)
		set_gate(d, DTTE_GATE_HOLD);
	d->hold_until = now + d->hold_ms;
	d->busy = 0;
	d->actions->request(d->context);
}

static uint64_t backoff(struct dtte *d)
{
	uint64_t pause = DTTE_BACKOFF_MS;
	for (unsigned i = 1; i < d->failures && pause < DTTE_BACKOFF_MAX_MS; i++)
		pause *= 2;
	if (pause > DTTE_BACKOFF_MAX_MS)
		pause = DTTE_BACKOFF_MAX_MS;
	return pause - pause / 4 + d->actions->random(d->context) % (pause / 2 + 1);
}

static void go_idle(struct dtte *d, const char *reason, uint64_t now)
{
	d->failures = 0;
	enter(d, DTTE_IDLE, reason, now);
	d->actions->idle(d->context);
	set_gate(d, DTTE_GATE_HOLD);
}

static void linger(struct dtte *d, uint64_t now)
{
	enter(d, DTTE_LINGERING, "no encrypted socket is left", now);
	d->deadline = now + d->persistence_ms;
}

/* Without the plain tunnel no request can be sent.  Held packets wait for it for hold_ms, then packets are refused. */
static void wait_for_plain(struct dtte *d, uint64_t now)
{
	if (d->gate == DTTE_GATE_OPEN)
		set_gate(d, DTTE_GATE_HOLD);
	enter(d, DTTE_IDLE, "waits for the plain tunnel", now);
	d->hold_until = now + d->hold_ms;
}

static void start_if_wanted(struct dtte *d, const char *reason, uint64_t now)
{
	if (!d->demand)
		go_idle(d, "no socket asks for encryption", now);
	else if (d->plain_up)
		begin(d, reason, now);
	else
		wait_for_plain(d, now);
}

void dtte_init(struct dtte *d, const struct dtte_actions *actions, void *context, uint64_t hold_ms,
	       uint64_t persistence_ms, uint64_t now)
{
	*d = (struct dtte){.actions = actions,
			   .context = context,
			   .hold_ms = hold_ms,
			   .persistence_ms = persistence_ms,
			   .gate = DTTE_GATE_HOLD,
			   .hold_until = UINT64_MAX};
	enter(d, DTTE_IDLE, "no socket asks for encryption", now);
}

void dtte_demand(struct dtte *d, bool demand, uint64_t now)
{
	if (d->demand == demand)
		return;
	d->demand = demand;
	if (demand && d->state == DTTE_IDLE)
		start_if_wanted(d, "a socket asks for encryption", now);
	else if (demand && d->state == DTTE_LINGERING)
		enter(d, DTTE_UP, "in use", now);
	else if (!demand && d->state == DTTE_UP)
		linger(d, now);
	else if (!demand && (d->state == DTTE_FAILED || d->state == DTTE_IDLE))
		go_idle(d, "no socket asks for encryption", now);
}

void dtte_touch(struct dtte *d, uint64_t now)
{
	if (d->state == DTTE_LINGERING) {
		if (!d->leaving)
			d->deadline = now + d->persistence_ms;
	} else if (d->state == DTTE_IDLE && !d->demand) {
		/* The demand ends at once; CONFIGURING sees that and goes on to LINGERING. */
		dtte_demand(d, true, now);
		d->demand = false;
	}
}

void dtte_plain(struct dtte *d, bool up, uint64_t now)
{
	if (d->plain_up == up)
		return;
	d->plain_up = up;
	if (up && (d->state == DTTE_IDLE || d->state == DTTE_FAILED) && d->demand) {
		begin(d, "the plain tunnel is up", now);
	} else if (!up && d->state == DTTE_REQUESTED) {
		d->actions->close(d->context);
		if (d->demand)
			wait_for_plain(d, now);
		else
			go_idle(d, "waits for the plain tunnel", now);
	}
}

void dtte_busy(struct dtte *d, uint64_t now)
{
	if (d->state != DTTE_REQUESTED)
		return;
	if (d->busy++ < DTTE_BUSY_TIMES)
		d->deadline = now + DTTE_BUSY_MS;
	else
		dtte_failed(d, "the server has found no room", now);
}

void dtte_reserved(struct dtte *d, uint64_t now)
{
	if (d->state != DTTE_REQUESTED)
		return;
	enter(d, DTTE_HANDSHAKE, "the handshake is not finished", now);
	d->actions->connect(d->context);
}

void dtte_handshake_done(struct dtte *d, uint64_t now)
{
	if (d->state != DTTE_HANDSHAKE)
		return;
	enter(d, DTTE_CONFIGURING, "waits for the configuration", now);
	d->actions->configure(d->context);
}

void dtte_configured(struct dtte *d, uint64_t now)
{
	if (d->state != DTTE_CONFIGURING)
		return;
	d->failures = 0;
	d->up_at = now;
	enter(d, DTTE_UP, "in use", now);
	d->actions->up(d->context);
	set_gate(d, DTTE_GATE_OPEN);
	if (!d->demand)
		linger(d, now);
}

/* Count tunnels that do not last: each costs a handshake, and the server may have nothing better.  @return whether
 * another may be requested at once. */
static bool has_lasted(struct dtte *d, uint64_t now)
{
	d->short_lived = now - d->up_at < DTTE_SHORT_MS ? d->short_lived + 1 : 0;
	if (d->short_lived <= DTTE_SHORT_MAX)
		return true;
	/* This one is counted as any failure is. */
	d->failures = d->short_lived - DTTE_SHORT_MAX - 1;
	return false;
}

void dtte_failed(struct dtte *d, const char *reason, uint64_t now)
{
	if (d->state == DTTE_IDLE || d->state == DTTE_FAILED)
		return;
	d->actions->close(d->context);
	if (dtte_is_up(d) && (has_lasted(d, now) || !d->demand)) {
		start_if_wanted(d, reason, now);
		return;
	}
	/* Also if only one packet wanted the tunnel: the next one must get an error, and not start a new request at
	 * once. */
	d->failures++;
	enter(d, DTTE_FAILED, reason, now);
	d->deadline = now + backoff(d);
	set_gate(d, DTTE_GATE_SHUT);
}

void dtte_hurry(struct dtte *d, uint64_t now)
{
	d->short_lived = 0;
	if (d->state == DTTE_FAILED)
		d->deadline = now;
}

void dtte_leave(struct dtte *d, uint64_t at)
{
	if (d->state != DTTE_LINGERING || d->leaving)
		return;
	d->leaving = true;
	d->deadline = at;
}

void dtte_needed(struct dtte *d, uint64_t now)
{
	if (d->state != DTTE_FAILED || !d->demand || !d->plain_up)
		return;
	set_gate(d, DTTE_GATE_HOLD);
	begin(d, "an encrypted-only socket asks for it", now);
}

void dtte_tick(struct dtte *d, uint64_t now)
{
	if (d->gate == DTTE_GATE_HOLD && now >= d->hold_until &&
	    (negotiating(d) || (d->state == DTTE_IDLE && d->demand)))
		set_gate(d, DTTE_GATE_SHUT);
	if (d->deadline == 0 || now < d->deadline)
		return;
	d->deadline = 0;
	if (d->state == DTTE_LINGERING) {
		const bool leaving = d->leaving;

		d->actions->release(d->context);
		go_idle(d,
			leaving ? "given up for encrypted-only sockets of others"
				: "released: no encrypted socket was left",
			now);
	} else if (d->state == DTTE_REQUESTED) {
		d->actions->request(d->context);
	} else if (d->state == DTTE_FAILED && !d->demand) {
		go_idle(d, "no socket asks for encryption", now);
	} else if (d->state == DTTE_FAILED && d->plain_up) {
		begin(d, "tries again", now);
	}
}

uint64_t dtte_next(const struct dtte *d)
{
	uint64_t next = UINT64_MAX;
	if (d->gate == DTTE_GATE_HOLD && (negotiating(d) || (d->state == DTTE_IDLE && d->demand)))
		next = d->hold_until;
	if (d->deadline != 0 && d->deadline < next)
		next = d->deadline;
	return next;
}

const char *dtte_state_name(enum dtte_state state)
{
	switch (state) {
	case DTTE_IDLE:
		return "idle";
	case DTTE_REQUESTED:
		return "requested";
	case DTTE_HANDSHAKE:
	case DTTE_CONFIGURING:
		return "connecting";
	case DTTE_UP:
		return "up";
	case DTTE_LINGERING:
		return "lingering";
	case DTTE_FAILED:
		return "failed";
	}
	return "unknown";
}
