/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/intake.h"

#include "common/base/log.h"
#include "common/control/intake_thread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** A thread that an order holds up for this long is left behind, if it does so for SECOND_LOOK_S more: the thread may
 * have waited for a processor until now. */
#define DEADLINE_S    0.5
#define SECOND_LOOK_S 0.25
/** So often it may go on waiting for a processor. */
#define PATIENCE 20U
/** Threads left behind in a row, each after DEADLINE_S, before it is logged again. */
#define SAY_EVERY 64U

/** Reports heard in one turn of the loop. */
#define REPORTS_PER_TURN 64

enum slot_state { FREE, TAKING, HELD, DROPPING };

struct slot {
	enum slot_state state;
	void *user; /* NULL: forgotten */
	uid_t uid;
	uint64_t order; /* its number */
	uint32_t next;  /* of the orders not yet reported, in their order */
};

#define NONE UINT32_MAX

/** Users who are held off for a while, and for how long. */
#define OFFENDERS 64U
#define OFFENCE_S 60.0

struct offender {
	uid_t uid;
	ev_tstamp until;
};

struct tscf_intake {
	struct ev_loop *loop;
	const struct tscf_intake_events *events;
	struct intake_thread *thread;
	int sock; /* to the thread; -1: there is none */
	uint64_t orders;
	unsigned waited;  /* deadlines in a row without a report */
	uint64_t suspect; /* number of the order that gets a second look */
	struct slot slots[TSCF_INTAKE_SLOTS];
	uint32_t first, last; /* orders under way */
	uint32_t free_hint;
	unsigned left_behind;
	struct offender offenders[OFFENDERS];
	unsigned next_offender;
	ev_io readable;
	ev_timer deadline;
};

/* --- orders under way, oldest first --- */

static void watch_deadline(struct tscf_intake *in, ev_tstamp after)
{
	ev_timer_stop(in->loop, &in->deadline);
	if (in->first == NONE)
		return;
	/* The loop's time is that of the turn's begin, which may be long ago. */
	ev_now_update(in->loop);
	ev_timer_set(&in->deadline, after, 0.);
	ev_timer_start(in->loop, &in->deadline);
}

static void order_add(struct tscf_intake *in, uint32_t slot)
{
	bool was_idle = in->first == NONE;

	in->slots[slot].order = in->orders;
	in->slots[slot].next = NONE;
	if (was_idle)
		in->first = slot;
	else
		in->slots[in->last].next = slot;
	in->last = slot;
	if (was_idle)
		watch_deadline(in, DEADLINE_S);
}

static void order_done(struct tscf_intake *in)
{
	in->first = in->slots[in->first].next;
	in->waited = 0;
	watch_deadline(in, DEADLINE_S);
}

static int give_order(struct tscf_intake *in, uint32_t op, uint32_t slot, uint32_t size, int fd)
{
	const struct intake_order order = {.number = ++in->orders, .op = op, .slot = slot, .size = size};

	return tscf_intake_say(in->sock, &order, sizeof(order), fd, MSG_DONTWAIT);
}

/* --- reports --- */

static void drop(struct tscf_intake *in, uint32_t slot)
{
	in->slots[slot].state = DROPPING;
	/* A full queue belongs to a thread that will be left behind. */
	give_order(in, INTAKE_DROP, slot, 0, -1);
	order_add(in, slot);
}

static void on_taken(struct tscf_intake *in, uint32_t slot, int error, int fd)
{
	struct slot *s = &in->slots[slot];

	s->state = error == 0 ? HELD : FREE;
	if (s->user) {
		in->events->taken(s->user, error, fd);
	} else {
		if (fd >= 0)
			close(fd);
		if (error == 0)
			drop(in, slot);
	}
}

static void on_report(struct tscf_intake *in, const struct intake_report *r, int fd)
{
	uint32_t slot = in->first;
	struct slot *s;

	if (slot == NONE || slot != r->slot)
		return;
	s = &in->slots[slot];
	order_done(in);
	if (s->state == TAKING) {
		on_taken(in, slot, r->error, fd);
		return;
	}
	s->state = FREE;
	if (s->user)
		in->events->dropped(s->user);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct tscf_intake *in = watcher->data;
	struct intake_report r;
	int fd, i;

	(void)loop, (void)events;
	for (i = 0; i < REPORTS_PER_TURN; i++) {
		if (tscf_intake_hear(in->sock, &r, sizeof(r), &fd, MSG_DONTWAIT) != 0)
			return;
		on_report(in, &r, fd);
	}
}

/* --- a thread that does not answer --- */

static int start_thread(struct tscf_intake *in)
{
	int sock = tscf_intake_thread_start(&in->thread);

	if (sock < 0)
		return sock;
	in->sock = sock;
	ev_io_set(&in->readable, sock, EV_READ);
	ev_io_start(in->loop, &in->readable);
	return 0;
}

static void leave_behind(struct tscf_intake *in)
{
	ev_io_stop(in->loop, &in->readable);
	tscf_intake_thread_leave(in->thread, in->sock);
	in->sock = -1;
	in->waited = 0;
	if (in->left_behind++ % SAY_EVERY == 0)
		tscf_warning("a thread that takes descriptors from programs does not answer, probably since one of "
			     "them cannot be closed: another takes its place (%u so far)",
			     in->left_behind);
}

/* A user who has held a thread up once may do it again. */
static void hold_off(struct tscf_intake *in, uid_t uid)
{
	if (uid == 0)
		return;
	in->offenders[in->next_offender++ % OFFENDERS] =
	    (struct offender){.uid = uid, .until = ev_now(in->loop) + OFFENCE_S};
}

static bool is_held_off(const struct tscf_intake *in, uid_t uid)
{
	for (unsigned i = 0; i < OFFENDERS; i++)
		if (in->offenders[i].uid == uid && in->offenders[i].until > ev_now(in->loop))
			return true;
	return false;
}

static void tell_lost(struct tscf_intake *in, uint32_t culprit)
{
	for (uint32_t i = 0; i < TSCF_INTAKE_SLOTS; i++) {
		struct slot *s = &in->slots[i];
		void *user = s->state != FREE ? s->user : NULL;

		s->state = FREE;
		if (user && i == culprit)
			in->events->stuck(user);
		else if (user)
			in->events->lost(user);
	}
}

/* The oldest order holds the thread up, or nothing has come for long although it does not.
 *
 * A report that has come while the loop itself was late is not lost: the thread is done with that order. */
static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct tscf_intake *in = watcher->data;
	uint32_t culprit = in->first;
	const uint64_t order = in->slots[culprit].order;
	int error;

	(void)loop, (void)events;
	if (in->suspect != order && tscf_intake_thread_is_at(in->thread, order)) {
		in->suspect = order;
		watch_deadline(in, SECOND_LOOK_S);
		return;
	}
	if (!tscf_intake_thread_leave_at(in->thread, order)) {
		if (++in->waited < PATIENCE) {
			watch_deadline(in, DEADLINE_S);
			return;
		}
		culprit = NONE;
	}
	if (culprit != NONE)
		hold_off(in, in->slots[culprit].uid);
	leave_behind(in);
	in->first = in->last = NONE;
	error = start_thread(in);
	if (error < 0)
		tscf_error("cannot start a thread that takes descriptors: %s", strerror(-error));
	tell_lost(in, culprit);
}

/* --- calls --- */

int tscf_intake_new(struct ev_loop *loop, const struct tscf_intake_events *events, struct tscf_intake **out)
{
	struct tscf_intake *in = calloc(1, sizeof(*in));
	int error;

	if (!in)
		return -ENOMEM;
	in->loop = loop;
	in->events = events;
	in->first = in->last = NONE;
	ev_init(&in->readable, on_readable);
	ev_timer_init(&in->deadline, on_deadline, DEADLINE_S, 0.);
	in->readable.data = in->deadline.data = in;
	error = start_thread(in);
	if (error < 0)
		free(in);
	else
		*out = in;
	return error;
}

static uint32_t find_free(struct tscf_intake *in)
{
	for (uint32_t i = 0; i < TSCF_INTAKE_SLOTS; i++) {
		uint32_t slot = (in->free_hint + i) % TSCF_INTAKE_SLOTS;

		if (in->slots[slot].state == FREE) {
			in->free_hint = slot + 1;
			return slot;
		}
	}
	return NONE;
}

int tscf_intake_take(struct tscf_intake *in, int connection, uint32_t size, uid_t uid, void *user)
{
	uint32_t slot = find_free(in);
	int error;

	if (is_held_off(in, uid))
		return -EACCES;
	if (slot == NONE)
		return -EBUSY;
	/* If it cannot be started, the next call tries again. */
	if (in->sock < 0 && (error = start_thread(in)) < 0)
		return error;
	error = give_order(in, INTAKE_TAKE, slot, size, connection);
	if (error < 0)
		return error;
	in->slots[slot] = (struct slot){.state = TAKING, .user = user, .uid = uid};
	order_add(in, slot);
	return (int)slot;
}

void tscf_intake_drop(struct tscf_intake *in, int slot)
{
	drop(in, (uint32_t)slot);
}

void tscf_intake_forget(struct tscf_intake *in, int slot)
{
	struct slot *s = &in->slots[slot];

	s->user = NULL;
	if (s->state == HELD)
		drop(in, (uint32_t)slot);
}

void tscf_intake_free(struct tscf_intake *in)
{
	if (!in)
		return;
	ev_timer_stop(in->loop, &in->deadline);
	if (in->sock >= 0) {
		ev_io_stop(in->loop, &in->readable);
		tscf_intake_thread_leave(in->thread, in->sock);
	}
	free(in);
}
