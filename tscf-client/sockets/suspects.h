/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * suspects.h - clear packets from the server for sockets that the client has not seen yet.
 *
 * Without a guard, a socket that only waits gives no sign of itself, and the list of all sockets is read only once a
 * second.  So the first clear packet for a port that a policy names makes the client look up the socket that would get
 * it.
 */
#ifndef TSCF_SUSPECTS_H
#define TSCF_SUSPECTS_H

#include "common/linux/sockdiag.h"
#include "common/packet/binding.h"
#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/registry.h"

#include <stdbool.h>
#include <stdint.h>

/** Flows that were let through recently, by a hash. */
#define SUSPECTS_CLEARED 256

/** The owner sets what it uses; the rest is zero at first. */
struct suspects {
	const struct client_config *config;
	const struct tscf_timers *timers;
	const struct tscf_tun *plain_tun;
	struct registry *registry;
	struct moves *moves;
	struct tscf_sockdiag_flow diag;
	struct {
		struct tscf_binding_key flow;
		uint64_t until;
	} cleared[SUSPECTS_CLEARED];
};

/** @return 0 or -errno. */
int suspects_init(struct suspects *s);
void suspects_free(struct suspects *s);
/**
 * Look at the socket of @p flow.  If a policy makes it encrypted-only, register it now.
 *
 * @return whether the packet may be delivered.
 */
bool suspects_allow(struct suspects *s, const struct tscf_binding_key *flow);

#endif
