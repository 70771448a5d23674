/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * barrier.h - what may leave by no other device than ours even if the policy rules are gone or were not asked
 * (xfrm_block.h).
 *
 *     packets of encrypted-only sockets, by their mark: by the encrypted device or loopback only
 *     IPv4 packets from an internal address: by our devices or loopback only
 *     IPv4 packets that a policy says are encrypted-only, by ports and remote address: the same
 *     IPv4 packets without a level to a service route, if the default level is encrypted-only: the same
 *
 * Which of our devices is the right one is checked by the client, which sees the packet there (decide.h).  A policy for
 * certain users cannot be said so, nor can what comes after one that lets certain users pass.  Pure.
 */
#ifndef TSCF_CLIENT_BARRIER_H
#define TSCF_CLIENT_BARRIER_H

#include "common/linux/xfrm_block.h"
#include "tscf-client/kernel/routing.h"

#define BARRIER_MAX 512

struct barrier {
	unsigned count;
	struct tscf_xfrm_policy list[BARRIER_MAX];
};

/** What should be there; what has no room is left out. */
void barrier_plan(const struct client_config *config, const struct routing_facts *facts, struct barrier *out);
/** Leave what refuses by mark and by policy, which needs no daemon. */
void barrier_keep(struct barrier *b);

#endif
