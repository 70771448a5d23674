/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.h - the client's guard: the kernel itself keeps packets of encrypted-only sockets in the encrypted tunnel.
 *
 * tscf(7), "GUARD".  Rules and routes lead packets (routing.h); the guard drops packets that take another path all the
 * same, in either direction.  Where there can be no guard, everything else works without it.
 */
#ifndef TSCF_CLIENT_GUARD_H
#define TSCF_CLIENT_GUARD_H

#include "tscf-client/guard/guard_events.h"
#include "tscf-client/guard/guard_groups.h"
#include "tscf-client/guard/guard_programs.h"
#include "tscf-client/guard/guard_refusals.h"
#include "tscf-client/guard/guard_set.h"
#include "tscf-client/kernel/routing.h"

#include <jansson.h>

struct guard {
	bool on;
	struct guard_set set;
	struct guard_events events;
	struct guard_programs programs;
	struct guard_groups groups;
	struct guard_refusals refusals;
	const struct client_config *config; /**< the settings and the current state; owned by the caller */
	const struct routing_facts *facts;
	unsigned older;            /**< sockets that are older than the guard */
	uint64_t lost;             /**< events, as counted when last looked at */
	struct guard_net now;      /**< what the kernel has */
	char reason[GUARD_REASON]; /**< why there is no guard */
};

/**
 * Set the guard up, or take over one that an earlier client has left.  Needs CAP_SYS_ADMIN, which may be dropped
 * afterwards.  @p config and @p facts must stay valid until guard_close.
 *
 * @return 0, also if there is no guard (the reason is logged and kept), or -errno if the configuration requires it
 * (logged).
 */
int guard_open(struct guard *g, const struct client_config *config, const struct routing_facts *facts);

/** Call @p handler for the guard's events.  Without a guard there are none. */
void guard_listen(struct guard *g, struct ev_loop *loop, const struct guard_events_handler *handler, void *context);
/** @return whether the client hears of every socket: the guard is attached, and its events are received. */
bool guard_is_heard(const struct guard *g);
/** Call the handler for the events that are there.  Does nothing without events, or within the handler. */
void guard_catch_up(struct guard *g);
/** @return whether sockets may have to get a level, or to lose one, that policies gave before this client started. */
bool guard_must_look(const struct guard *g);
/** @return whether events were lost since the last call. */
bool guard_has_lost(struct guard *g);

/** Look what the guard has refused, and say it (guard_refusals.h).  @p now in ms.  Without a guard, do nothing. */
void guard_look_at_refusals(struct guard *g, uint64_t now);

/** The configuration has other policies: they hold for new sockets. */
void guard_policies_changed(struct guard *g);
/** The rules are about to change to the current facts: let pass only what the old and the new state both allow. */
void guard_before(struct guard *g);
/** The rules have changed. */
void guard_after(struct guard *g);

/** As guard_runs_add.  @return also -EOPNOTSUPP: there is no guard. */
int guard_run(struct guard *g, pid_t pid, uid_t uid, enum tscf_level level);
/** As guard_runs_level; without a guard, the default level. */
enum tscf_level guard_run_level(const struct guard *g, pid_t pid);
/** @return whether a program runs that tscf-run has made encrypted-only. */
bool guard_runs_forbid_clear(struct guard *g);

/** The connection behind @p cookie waits to be accepted, and the guard must judge its packets by @p about.  @return 0
 * or -errno; without a guard, do nothing. */
int guard_waits(struct guard *g, uint64_t cookie, const struct guard_waiting *about);
/** The connection no longer waits.  @p others: other connections still do. */
void guard_waits_no_more(struct guard *g, uint64_t cookie, bool others);
/** Call @p each for the waiting connections that an earlier client has left. */
void guard_each_waiting(const struct guard *g,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context);

/** What the socket behind @p cookie asks for, for its program to read.  Without a guard, do nothing. */
void guard_asks(struct guard *g, uint64_t cookie, const struct guard_asked *what);

/** The client ends.  @p keep: encrypted-only sockets live on, and none of their packets may pass. */
void guard_close(struct guard *g, bool keep);

/** Add the socket @p s of this namespace behind @p fd, which may be older than the guard. */
void guard_adopt(struct guard *g, int fd, const struct tscf_socket *s);

/** What `status` shows: whether there is a guard and since when, or why not.  @return a new reference, or NULL when out
 * of memory. */
json_t *guard_report(const struct guard *g);
/** Add the guard's counters to a JSON object of counters. */
void guard_report_counters(const struct guard *g, json_t *object);

#endif
