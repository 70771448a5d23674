/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.h - the complete state of the running client: the program's one context.
 *
 * Data flows: TUN -> path.c (decide.c) -> transport -> socket, and back.  Level changes: control socket -> moves.c ->
 * registry.c -> server.
 */
#ifndef TSCF_CLIENT_CONTEXT_H
#define TSCF_CLIENT_CONTEXT_H

#include "common/auth/proof.h"
#include "common/capture/capture.h"
#include "common/control/control.h"
#include "common/linux/netlink.h"
#include "common/linux/packet_sniffers.h"
#include "common/linux/tun.h"
#include "common/redundancy/port.h"
#include "common/tls/tls.h"
#include "common/transport/dtls.h"
#include "tscf-client/admin/hook.h"
#include "tscf-client/admin/reload.h"
#include "tscf-client/admin/waiters.h"
#include "tscf-client/dtte.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/hold.h"
#include "tscf-client/identity.h"
#include "tscf-client/kernel/delivery.h"
#include "tscf-client/kernel/monitor.h"
#include "tscf-client/kernel/nat_probe.h"
#include "tscf-client/kernel/router.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/kernel/upkeep.h"
#include "tscf-client/kernel/wall_clock.h"
#include "tscf-client/refuse.h"
#include "tscf-client/sockets/accept_queue.h"
#include "tscf-client/sockets/accepted.h"
#include "tscf-client/sockets/asks.h"
#include "tscf-client/sockets/guarded.h"
#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/need.h"
#include "tscf-client/sockets/port_traffic.h"
#include "tscf-client/sockets/preferred.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/sockets/searches.h"
#include "tscf-client/sockets/subscriptions.h"
#include "tscf-client/sockets/suspects.h"
#include "tscf-client/sockets/wrong_source.h"
#include "tscf-client/tunnel/conditions.h"
#include "tscf-client/tunnel/connector.h"
#include "tscf-client/tunnel/encrypted.h"
#include "tscf-client/tunnel/internal.h"
#include "tscf-client/tunnel/plain.h"
#include "tscf-client/tunnel/pmtu.h"
#include "tscf-client/tunnel/pushed.h"
#include "tscf-client/tunnel/renewal.h"
#include "tscf-client/tunnel/resume_secret.h"
#include "tscf-client/tunnel/rtp_flows.h"
#include "tscf-client/tunnel/side_ways.h"
#include "tscf-client/tunnel/tunnel.h"

#include <ev.h>

/** Flows with redundancy of both tunnels, in both directions: as many as there may be. */
#define CLIENT_REDUNDANT_FLOWS (4 * TSCF_REDUNDANCY_FLOWS)

/** Counters of packets, by what happened to them; `status --json` shows each under this name. */
#define CLIENT_COUNTERS(X)                                                                                             \
	X(up_plain)                                                                                                    \
	X(up_encrypted)                                                                                                \
	X(up_media) /* of both: by a media way (tunnel/media.h) */                                                     \
	X(down_media)                                                                                                  \
	X(down_plain)                                                                                                  \
	X(down_encrypted)                                                                                              \
	X(up_turned)          /* read from the plain device, sent encrypted: no mark, but a bound flow */              \
	X(up_no_tunnel)       /* the tunnel is not there */                                                            \
	X(down_no_tunnel)     /* before the tunnel was configured */                                                   \
	X(up_spoofed)         /* source is not an internal address */                                                  \
	X(up_protected)       /* would have gone in clear */                                                           \
	X(up_too_large)       /* over the MTU */                                                                       \
	X(down_spoofed)       /* destination is not an internal address */                                             \
	X(down_clear_refused) /* clear packet for an encrypted-only socket */                                          \
	X(down_congestion)    /* marked "congestion" on the way, and cannot pass it on (ecn.h) */                      \
	X(malformed)                                                                                                   \
	X(control_invalid)                                                                                             \
	X(control_wrong_tsid)                                                                                          \
	X(control_unsealed)                                                                                            \
	X(control_forged)                                                                                              \
	X(control_replayed)                                                                                            \
	X(unverified)     /* answers to configuration requests that are not the server's */                            \
	X(put_back)       /* changed by others in the kernel (upkeep.h) */                                             \
	X(pushed_refused) /* routes and DNS servers that are not taken from the server (pushed.h) */                   \
	X(held) X(plain_reconnects) X(encrypted_reconnects) X(encrypted_aside) X(encrypted_yielded)

struct client_counters {
#define X(name) uint64_t name;
	CLIENT_COUNTERS(X)
#undef X
};

struct client {
	struct client_config *config; /**< changed only by a reload */
	struct ev_loop *loop;
	uint64_t now;       /**< monotonic ms, read once per loop iteration */
	int64_t wall_ahead; /**< ms that the wall clock is ahead of it; changes only when that is set */
	ev_check clock;
	ev_prepare prepare;
	struct tscf_timers timers; /**< of all parts */
	ev_signal on_term, on_int, on_hangup;
	struct tscf_netlink *netlink;
	struct tscf_control_server *control;
	struct tscf_tls *tls[CLIENT_SERVERS_MAX];
	int key_log; /**< descriptor, or negative: none */
	struct tscf_tun plain_tun, encrypted_tun;
	struct tscf_packet_sniffers sniffers;
	uint64_t look_again; /**< ms: when to look for sniffers next */
	ev_io plain_readable, encrypted_readable;
	ev_io plain_urgent, encrypted_urgent; /**< the second queue of each device, if there is one */
	struct tscf_ring *ring;

	struct client_identity identity;
	uint8_t reservation_secret[32];
	uint64_t reserved_tsid;
	uint32_t reservation_sequence;       /**< sequence number of the request for it */
	struct tscf_credential *reserved_by; /**< that of the plain session which has the reservation; a hold */
	struct resume_secret resume_secret;  /**< of the last encrypted tunnel: lets the next one replace it at once */
	struct tscf_service_addrs dns, sip_servers; /**< servers of the service network, from the server */
	struct pushed pushed;
	struct internal_check internal_check;
	union tscf_endpoint observed; /**< our outer address as the server sees it; family 0: unknown */
	struct renewal renewal;
	struct pmtu pmtu;

	uint64_t plain_traffic; /**< when the plain tunnel last carried an inner packet */

	struct connector connector;
	struct tunnel_host tunnel_host;
	struct tunnel plain, encrypted;
	struct side_ways plain_ways, encrypted_ways; /**< beside these */
	struct tunnel former; /**< the plain tunnel before a move to a better way: still received for a moment */
	uint64_t former_until;
	struct candidates encrypted_race;
	struct tunnel encrypted_tries[ENCRYPTED_WAYS];
	unsigned encrypted_renewed; /**< the try that is to replace the encrypted tunnel */
	uint64_t plain_works;       /**< when the plain tunnel answered first while the encrypted one did not */
	uint64_t silent_since;      /**< when the encrypted tunnel did not answer for the first time (encrypted.c) */
	uint64_t aside_until;       /**< until then, late clear packets of preferred sockets are accepted */
	bool silent_last_round;     /**< the plain tunnel works: this round of keepalives is the last */
	bool encrypted_refused;     /**< the server does not accept this client, or not more of it */
	int encrypted_kind;         /**< the kind of transport that last worked beside this plain tunnel, or -1 */
	struct monitor monitor;
	struct wall_clock wall_clock;
	struct preferred preferred;
	struct need need;
	struct conditions conditions;
	struct dtte dtte;
	struct routing routing;
	struct routing_facts facts;
	struct router router; /**< client_route(), for parts below */
	struct upkeep upkeep;
	struct delivery delivery; /**< made from the same facts */
	struct tscf_timer plain_timer, encrypted_timer;
	struct nat_probes nat_probes;
	struct guard guard;
	struct searches *searches;
	struct searches *readers; /**< threads for files that may not answer */
	struct reloads reloads;
	struct registry registry;
	struct moves moves;
	struct asks asks;
	struct subscriptions subscriptions;
	struct suspects suspects;
	struct wrong_source wrong_source;
	struct port_traffic port_traffic;
	uint64_t preferred_since; /**< monotonic ms: when encrypted-preferred sockets last moved as one, 0: never */
	struct accept_queue accept_queue;
	struct accepted accepted;
	struct guarded guarded;
	struct hook hook;
	struct waiters waiters;
	struct hold hold;
	struct rtp_flows rtp_flows;
	struct tscf_redundancy_port redundancy;
	struct tscf_redundancy plain_redundant, encrypted_redundant; /**< flows with redundancy in each tunnel */
	struct refuse refuse;
	struct tscf_tap tap;
	struct tscf_capture capture;
	struct client_counters counters;
	uint64_t started, plain_since; /**< monotonic ms: the wall clock may be set meanwhile */
	uint64_t plain_gone;           /**< monotonic ms: since when the plain tunnel is lost; 0: it is not */
	char plain_reason[160];
	uint64_t verified_since; /**< monotonic ms: when the server of the plain tunnel was verified */
	int error;               /**< why the loop ended; 0: it was stopped */
};

/* parts.c */
/** Give each part what it uses of the others.  The configuration and the timers must be there. */
void client_connect_parts(struct client *c);

/* route.c */
/** Write the present facts into the kernel. */
void client_route(struct client *c);

/* clock.c */
/** Read the clocks into c->now and c->wall_ahead, and check whether the host was asleep. */
void client_clock(struct client *c);

/* events.c */
extern const struct registry_events client_registry_events;
/** What some socket has of redundancy is another; the context is the client. */
void client_asks_changed(void *context);

/* commands.c */
/** Handles the control socket; the context is the client. */
extern const struct tscf_control_handler commands_handler;
extern const struct tscf_capture_taps commands_taps;
/** Take the configuration that a reload has read; the context is the client.  @param call  answered when existing
 * sockets have been looked at, too; NULL: nobody waits. */
void commands_apply(void *context, const struct client_config *fresh, struct tscf_control_call_in *call);
/**
 * Other policies are in force: apply them to new and existing sockets.
 *
 * @param call  answered when existing sockets have been looked at; NULL: nobody waits
 * @return 0, or -errno of the list of sockets, with @p call not answered.
 */
int commands_policies_changed(struct client *c, struct tscf_control_call_in *call);

/* device_loop.c */
/** Begin to read the devices; the callbacks must be set already. */
void device_loop_start(struct client *c);
/** Reading failed with -errno: create the device again, or end the loop with an error. */
void device_loop_lost(struct client *c, struct tscf_tun *tun, int error);

/* path.c */
/** Handles every transport of the client; the context is its tunnel. */
extern const struct tscf_transport_handler path_handler;
/** A device has packets: read a batch and send it on.  For libev; the data of @p w is the client. */
void path_plain_readable(struct ev_loop *loop, ev_io *w, int events);
void path_encrypted_readable(struct ev_loop *loop, ev_io *w, int events);
struct decider;
/** @return what decides on packets, as things are now (decide.h). */
struct decider path_decider(struct client *c);
/** Send all held packets through the encrypted tunnel. */
void path_send_held(struct client *c);
/** @return the device for an error about a packet that was read from @p from: the plain one before the first encrypted
 * tunnel, since the encrypted one has no address then, and the kernel accepts nothing from it. */
struct tscf_tun *path_back(struct client *c, struct tscf_tun *from);

/* held.c */
/** Drop the held packets of sockets that are not encrypted any more, and register what the others bind at the server.
 */
void held_sift(struct client *c);

/* report.c */
/** Describe the tunnels, for programs. */
void report_config(const struct client *c, struct tscf_control_config *out);
/**
 * The state of the client, for `status`.  Callers without privilege do not get session ids: with one, a program can
 * pose as that client on the plain tunnel.
 *
 * @return JSON text, malloc'ed, the caller frees; or NULL when out of memory.
 */
char *report_status(struct client *c, bool privileged);
/** One socket that is marked with @p value, as listing_request shows it.  @return a new reference, or NULL. */
json_t *report_socket(struct client *c, const struct tscf_socket *s, uint32_t value, pid_t pid, const char *program);

/* listing.c */
/** Handle TSCF_CONTROL_SOCKETS: all sockets with a level, or that ask for a service. */
void listing_request(struct client *c, struct tscf_control_call_in *call);

#endif
