/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - everything that the server knows: interfaces, sessions, leases, reservations, bindings, counters.
 *
 * All I/O goes through the transports of the interfaces, so a test can drive the whole protocol with its own
 * transports.  There is one state per worker; workers share only its allocators (allocator.h).  Times are milliseconds
 * of a monotonic clock.
 */
#ifndef TSCF_SERVER_STATE_H
#define TSCF_SERVER_STATE_H

#include "tscf-server/address/allocator.h"
#include "tscf-server/address/lease.h"
#include "tscf-server/address/pools.h"
#include "tscf-server/counters.h"
#include "tscf-server/session/authorisation.h"
#include "tscf-server/session/certificates.h"
#include "tscf-server/session/client_lines.h"
#include "tscf-server/session/cookie.h"
#include "tscf-server/session/enrolling.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reservation.h"
#include "tscf-server/session/session.h"
#include "tscf-server/session/who.h"
#include "tscf-server/settings/config.h"

#include "common/capture/tap.h"
#include "common/packet/batch.h"
#include "common/packet/binding.h"
#include "common/packet/fragment.h"
#include "common/packet/message.h"
#include "common/packet/services.h"
#include "common/redundancy/port.h"
#include "common/transport/transport.h"

#include <stdbool.h>
#include <stdint.h>

/** Most sessions of an interface that have not proved their outer address yet, in each worker. */
#define SERVER_UNCONFIRMED_MAX 4096
/** Most bindings of one session, and most tombstones that one makes in TSCF_TOMBSTONE_MS. */
#define SERVER_BINDINGS_MAX 20000
/** Most entries in the binding tables of all workers: about 600 MB. */
#define SERVER_BINDINGS_TOTAL 2000000
/** Entries that each session may have however full the tables are, besides the entry for its whole address. */
#define SERVER_BINDINGS_SURE 32
/** Beyond these, all sessions of one source together may have this fraction (one in so many) of the free entries. */
#define SERVER_BINDINGS_PART 8
/** Most sockets of one session that ask for redundancy or datagrams, and most of all workers: about 50 MB. */
#define SERVER_SOCKETS_MAX   256
#define SERVER_SOCKETS_TOTAL 200000
/** Most flows with redundancy of all workers, each in one direction: about 200 MB, if they are voice. */
#define SERVER_REDUNDANT_FLOWS 20000
/** Datagrams whose fragments are followed at a time. */
#define SERVER_FRAGMENTS 4096
/** Most routes that fit a configuration response, and how many bytes of it their TLVs may take. */
#define SERVER_ROUTES_MAX   100
#define SERVER_ROUTES_BYTES (SERVER_ROUTES_MAX * 9)

struct server_accounts;
struct server_worker;

/** Most transports that an interface serves. */
#define SERVER_LISTENERS (SERVER_PLACES_MAX * SERVER_PROTOCOLS)

/** One transport that an interface serves. */
struct server_listener {
	struct server_interface *interface;
	struct tscf_transport *transport; /**< NULL: it is not served */
	struct tscf_batch out;            /**< packets of a batch from the devices that go out here */
};

/** One tscf-interface while the server runs. */
struct server_interface {
	char *name;
	struct server_places listen;
	unsigned protocols;                 /**< SERVER_BIT of those that are served */
	struct server_allocator *allocator; /**< shared by the workers */
	/* These change at a reload, for new tunnels. */
	bool enabled; /**< accepts new tunnels */
	uint32_t services;
	unsigned max_plain, max_encrypted, max_per_source; /**< 0: no limit but the pool's */
	unsigned half_open_limit;             /**< from this many unconfirmed sessions on, requests need a cookie */
	uint8_t nagle_ms;                     /**< for streams, with that service */
	struct tscf_client_auth *client_auth; /**< which clients are admitted; NULL: all */
	bool inter_client;

	unsigned plain_count, encrypted_count, unconfirmed_count, reserved_count;
	struct server_session *candidates; /**< encrypted sessions that can yield, the newest first (yield.h) */
	struct server_listener listener[SERVER_LISTENERS]; /**< those of one address together */
	struct server_worker *worker;                      /**< the owner; NULL in unit tests */
	struct server_interface *next;
};

/** Settings sent to clients. */
struct server_settings {
	struct tscf_prefix routes[SERVER_ROUTES_MAX];
	unsigned route_count;
	struct tscf_service_addrs dns, sip_servers;
	uint32_t networks_number; /**< of these routes and servers: grows when a reload changes them (networks.h) */
	unsigned mtu;
	unsigned keepalive_stream, keepalive_datagram; /**< seconds; 0: the client's own value */
	unsigned server_keepalive;                     /**< seconds, for sessions with that service; not 0 */
	unsigned persistence;                          /**< seconds; 0: without limit */
	unsigned accounting_interval;                  /**< seconds; 0: no records between start and stop */
};

struct server_state {
	unsigned workers; /**< number of workers that share the limits of the whole server */
	struct server_interface *interfaces;
	struct server_settings settings;
	struct server_sessions sessions;
	struct server_leases leases;
	struct server_reservations reservations;
	struct server_store *store; /**< shared by the workers; NULL: none */
	struct server_cookies cookies;
	struct server_certificates certificates; /**< that clients have sent in parts */
	struct tscf_identity
	    *identity; /**< with which the server proves its identity; owned by the server, shared by the workers */
	struct tscf_bindings *bindings;
	struct tscf_services *services; /**< what sockets of clients have asked for */
	struct tscf_redundancy_port redundancy;
	struct tscf_fragments *fragments;
	struct server_counters counters;
	struct tscf_tap tap;
	struct server_who captured; /**< whose packets the tap is for; identity NULL: of all clients */
	struct server_rejections rejections;
	struct server_client_lines client_lines;
	uint64_t certificates_at;         /**< when the dates of clients' certificates are checked next */
	struct server_quotas *quotas;     /**< shared by the workers; NULL: clients have no limits of their own */
	struct server_accounts *accounts; /**< shared by the workers; NULL: no accounts are kept */
	struct server_session
	    *accounted_own;               /**< those that have an interval of their own; the next to look at first */
	struct server_session *accounted; /**< sessions whose tunnels have begun, in order of their last records */
	struct server_session *limited;   /**< sessions that end at some time, in order of that */
	struct server_authorisations authorisations;
	struct server_enrolling enrolling;
	struct server_session *holding; /**< plain sessions that packets are held for */
	unsigned held_count;
	/** Makes an outer address a peer of a plain transport: tscf_udp_peer_add. */
	struct tscf_peer *(*add_peer)(struct tscf_transport *t, const union tscf_endpoint *outer,
				      const struct tscf_addr *local, void *user);
};

/** @return an empty state without interfaces, or NULL when it cannot be made. */
struct server_state *server_state_new(struct tscf_peer *(*add_peer)(struct tscf_transport *t,
								    const union tscf_endpoint *outer,
								    const struct tscf_addr *local, void *user));
/** End every session without notifying clients, and free everything, interfaces included.  Their transports and
 * allocators belong to the caller. */
void server_state_free(struct server_state *state);

/** @return the interface of that name, or NULL. */
struct server_interface *server_interface_find(const struct server_state *state, const char *name);
/** Free an interface that is in no list any more; its transports and allocator belong to the caller. */
void server_interface_free(struct server_interface *i);

/** Free what has expired; call it about once a second. */
void server_state_expire(struct server_state *state, uint64_t now);

#endif
