/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.h - the client's guard: the kernel itself keeps packets of encrypted-only sockets in the encrypted tunnel.
 *
 * tscf(7), "GUARD".  Rules and routes lead packets (routing.h); the guard drops those that go another way all the same,
 * in either direction.  Where it cannot be had everything else works as without it.
 */
#ifndef TSCF_CLIENT_GUARD_H
#define TSCF_CLIENT_GUARD_H

#include "tscf-client/guard/guard_events.h"
#include "tscf-client/guard/guard_groups.h"
#include "tscf-client/guard/guard_programs.h"
#include "tscf-client/guard/guard_set.h"
#include "tscf-client/kernel/routing.h"

#include <jansson.h>

struct guard {
	bool on;
	struct guard_set set;
	struct guard_events events;
	struct guard_programs programs;
	struct guard_groups groups;
	const struct client_config *config; /**< not its own, and what holds now */
	const struct routing_facts *facts;
	unsigned older;            /**< sockets that were there before it */
	struct guard_net now;      /**< what the kernel has */
	char reason[GUARD_REASON]; /**< why there is none */
};

/**
 * Set it up, or take over what a client before this one has left.  Needs CAP_SYS_ADMIN, which may go afterwards.  @p
 * config and
 * @p facts are looked at until guard_close.
 *
 * @return 0, also without it (the reason is logged and kept), or -errno if the configuration requires it (logged).
 */
int guard_open(struct guard *g, const struct client_config *config, const struct routing_facts *facts);

/** Have its events handled.  Without a guard there are none. */
void guard_listen(struct guard *g, struct ev_loop *loop, void (*handle)(void *context, const struct guard_event *e),
		  void *context);

/** The configuration has other policies: they hold for what is new. */
void guard_policies_changed(struct guard *g);
/** The rules are about to be changed to the facts that hold now: what both allow. */
void guard_before(struct guard *g);
/** They have been changed. */
void guard_after(struct guard *g);

/** As guard_runs_add.  @return also -EOPNOTSUPP: there is no guard. */
int guard_run(struct guard *g, pid_t pid, uid_t uid, enum tscf_level level);
/** As guard_runs_level; without a guard the default one. */
enum tscf_level guard_run_level(const struct guard *g, pid_t pid);
/** @return whether something runs that tscf-run has said encrypted-only of. */
bool guard_runs_forbid_clear(struct guard *g);

/** The connection behind @p cookie waits to be accepted, and its packets are to be judged as @p about says.  @return 0
 * or -errno; without a guard nobody judges. */
int guard_waits(struct guard *g, uint64_t cookie, const struct guard_waiting *about);
/** No longer; @p others: but some do. */
void guard_waits_no_more(struct guard *g, uint64_t cookie, bool others);
/** Call @p each for those that a client before this one has left. */
void guard_each_waiting(const struct guard *g,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context);

/** The client ends.  @p keep: encrypted-only sockets live on, nothing of theirs may pass. */
void guard_close(struct guard *g, bool keep);

/** A socket of this namespace that may be older than the guard. */
void guard_adopt(struct guard *g, int fd);

/** What `status` shows: whether it is there and since when, or why not. */
json_t *guard_report(const struct guard *g);
/** Add what it has counted to an object of counters. */
void guard_report_counters(const struct guard *g, json_t *object);

#endif
