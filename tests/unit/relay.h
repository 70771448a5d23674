/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.h - a bad network between datagram clients and a server: loses, shows, and adds datagrams.
 *
 * Each client gets a socket of its own toward the server, like behind a NAT, unless single is set: then a new client
 * takes over the address of the one before it.
 */
#ifndef TSCF_TESTS_RELAY_H
#define TSCF_TESTS_RELAY_H

#include "common/base/addr.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_FLOWS 64

struct relay;

struct relay_flow {
	struct relay *relay;
	union tscf_endpoint client;
	int back; /**< connected to the server */
	struct ev_io io;
};

struct relay {
	struct ev_loop *loop;
	union tscf_endpoint address; /**< where clients connect to */
	union tscf_endpoint server;
	int front;
	struct ev_io io;
	struct relay_flow flow[RELAY_FLOWS];
	unsigned flows;
	bool single;
	unsigned loss;   /**< percent, in both directions */
	uint32_t random; /**< state of the generator: the same seed, the same losses */
	unsigned passed, lost;
	union tscf_endpoint former; /**< set by relay_rebind: the next new flow gets it */
	/** Called for each datagram; it may be changed.  Returns whether to pass it on.  May be NULL. */
	bool (*filter)(struct relay *relay, bool to_server, uint8_t *data, size_t length);
	void *context; /**< the filter's */
};

void relay_open(struct relay *relay, struct ev_loop *loop, const union tscf_endpoint *server);
void relay_close(struct relay *relay);
/** Flow 0 goes on at another address, as an address translator does that has forgotten it. */
void relay_rebind(struct relay *relay);
/** Add a datagram of ours to flow 0. */
void relay_inject(struct relay *relay, bool to_server, const void *data, size_t length);

#endif
