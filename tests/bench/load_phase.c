/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_phase.c - the event loop: leads clients to a goal, sends again what was not answered, keeps the calls going. */
#include "tests/bench/load.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <utlist.h>

#define TURNS            4
#define FIRST_WAIT_NS    250000000U
#define LONGEST_WAIT_NS  2000000000U
#define ATTEMPTS_MAX     7
#define LOOK_INTERVAL_NS 20000000U
/* How long packets of a phase may be under way when the next one begins. */
#define DRAIN_NS 300000000U

static void flush(struct load *load)
{
	load_wire_flush(load->plain_wire);
	if (load->encrypted_wire)
		load_wire_flush(load->encrypted_wire);
}

/* One batch from each socket: a handshake takes long, and calls must not wait for many of them. */
static bool take_batches(struct load *load)
{
	bool more = load_wire_read(load->plain_wire, load, load_plain_received);

	if (load->encrypted_wire && load_wire_read(load->encrypted_wire, load, load_tunnel_received))
		more = true;
	load->now = load_clock();
	load_calls_tick(load);
	flush(load);
	return more;
}

static void take_events(struct load *load)
{
	struct pollfd wait[2] = {{.fd = load_wire_descriptor(load->plain_wire), .events = POLLIN},
				 {.fd = -1, .events = POLLIN}};

	flush(load);
	if (load->encrypted_wire)
		wait[1].fd = load_wire_descriptor(load->encrypted_wire);
	if (poll(wait, 2, 1) < 0 && errno != EINTR)
		load_die("poll: %s", strerror(errno));
	load->now = load_clock();
	for (unsigned turn = 0; turn < TURNS && take_batches(load); turn++)
		;
}

static uint64_t wait_of(const struct load_client *c)
{
	uint64_t wait = FIRST_WAIT_NS << (c->attempts - 1);

	return wait < LONGEST_WAIT_NS ? wait : LONGEST_WAIT_NS;
}

static void look_after(struct load *load)
{
	struct load_client *c, *next;

	DL_FOREACH_SAFE(load->under_way, c, next) {
		if (load->now - c->sent < wait_of(c))
			continue;
		if (c->attempts >= ATTEMPTS_MAX) {
			load_finish(load, c, false);
			continue;
		}
		load->phase->repeated++;
		load_send(load, c);
	}
}

static struct load_phase *begin(struct load *load, const char *name)
{
	struct load_phase *phase = &load->phases[load->phase_count++];

	phase->name = name;
	phase->before = load_meter_read(load->options.server_pid);
	phase->start = load->now = load_clock();
	load->phase = phase;
	return phase;
}

/* Calls go on, or what comes back late would not be seen as what it is. */
static void linger(struct load *load)
{
	uint64_t end = load->now + DRAIN_NS;

	while (load_calls_any(load) && load->now < end)
		take_events(load);
}

static void drain(struct load *load)
{
	load->phase->end = load->now;
	load->phase->after = load_meter_read(load->options.server_pid);
	linger(load);
}

void load_phase_end(struct load *load)
{
	load_calls_stop(load);
	linger(load);
}

static void give_up(struct load *load)
{
	while (load->under_way)
		load_finish(load, load->under_way, false);
	load->phase->failed = load->phase->wanted - load->phase->done;
}

/* One that was refused before cannot go on, and counts as failed in the phases to come. */
static bool can_begin(const struct load_client *c, enum load_step from)
{
	switch (from) {
	case LOAD_CONFIGURE:
		return true;
	case LOAD_RELEASE_ENCRYPTED:
		return c->step == LOAD_ENCRYPTED_UP;
	default:
		return c->step == LOAD_PLAIN_UP;
	}
}

static void begin_client(struct load *load, struct load_client *c)
{
	enum load_step from = load->phase->from;

	load->phase->begun++;
	if (!can_begin(c, from)) {
		load->phase->failed++;
		return;
	}
	c->begun = load->now;
	DL_APPEND(load->under_way, c);
	if (from == LOAD_HANDSHAKE)
		load_tunnel_open(load, c, 0);
	else
		load_enter(load, c, from);
}

void load_phase_run(struct load *load, const char *name, unsigned first, unsigned count, enum load_step from,
		    enum load_step goal)
{
	struct load_phase *phase;
	bool plain = from == LOAD_CONFIGURE || from == LOAD_RELEASE_PLAIN;
	unsigned window = plain ? load->options.plain_window : load->options.encrypted_window;
	uint64_t end, look;

	if (count == 0)
		return;
	phase = begin(load, name);
	phase->wanted = count;
	phase->from = from;
	phase->goal = goal;
	look = load->now;
	end = load->now + load->options.phase_seconds * 1000000000ULL;
	while (phase->done + phase->failed < count && load->now < end) {
		while (phase->begun < count && phase->begun - phase->done - phase->failed < window)
			begin_client(load, &load->clients[first + phase->begun]);
		take_events(load);
		if (load->now - look >= LOOK_INTERVAL_NS) {
			look = load->now;
			look_after(load);
		}
	}
	give_up(load);
	drain(load);
}

void load_phase_idle(struct load *load, const char *name, double seconds)
{
	uint64_t end;

	begin(load, name);
	for (end = load->now + (uint64_t)(seconds * 1e9); load->now < end;)
		take_events(load);
	drain(load);
}
