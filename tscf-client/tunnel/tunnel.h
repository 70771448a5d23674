/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel.h - one tunnel to the server, plain or encrypted: its transport, its session, and whether it is alive.
 *
 * This is what both have in common.  plain.c sets a plain tunnel up; encrypted.c, driven by dtte.h, the encrypted one.
 */
#ifndef TSCF_CLIENT_TUNNEL_H
#define TSCF_CLIENT_TUNNEL_H

#include "common/daemon/timers.h"
#include "common/linux/netlink.h"
#include "common/linux/tun.h"
#include "common/packet/copy.h"
#include "common/packet/message.h"
#include "common/tls/tls.h"
#include "common/transport/transport.h"
#include "tscf-client/identity.h"
#include "tscf-client/kernel/router.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/tunnel/endpoints.h"
#include "tscf-client/tunnel/request.h"
#include "tscf-client/tunnel/sealing.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Keepalives of a tunnel in doubt: so many are sent, the first repeat after this pause, before the tunnel is lost. */
#define TUNNEL_PROBES   4
#define TUNNEL_PROBE_MS 150
/** On a stream each is sent once, and a stall of some round trips is no loss: about six seconds in all. */
#define TUNNEL_PROBE_STREAM_MS 400

/** A keepalive is sent when the server has been silent for this time although something was sent to it. */
#define TUNNEL_DOUBT_MS 2000
/**
 * Over datagrams, when so many packets were sent since the last one arrived (as in a call): a keepalive is sent after
 * this time, so many times, with this pause, or with twice the round trip if that is longer.
 */
#define TUNNEL_TALK_PACKETS  6
#define TUNNEL_TALK_DOUBT_MS 120
#define TUNNEL_TALK_PROBES   7
#define TUNNEL_TALK_PROBE_MS 80
/** A tunnel with events->silent calls it first after so many of these keepalives, and again after the others; on a
 * stream after this time, or twice the round trip if that is longer. */
#define TUNNEL_SILENT_PROBES    3
#define TUNNEL_SILENT_STREAM_MS 600
/** What a server asks for in keepalives (networks, sockets, shields) is work: it is done so many times in so long. */
#define TUNNEL_RECALLS_MAX 16
#define TUNNEL_RECALLS_MS  10000
/** Room for what the server says of a limit, and for how long that is valid. */
#define TUNNEL_LIMIT_TEXT 128
#define TUNNEL_LIMIT_MS   30000
/** Small packets are not held for longer than this, whatever the server says. */
#define TUNNEL_NAGLE_MAX_MS 50
/** A keepalive of tunnel_measure is lost after this time. */
#define TUNNEL_MEASURE_MS 2000
/** A keepalive is also sent when the server has sent two within this time. */
#define TUNNEL_ASKED_AGAIN_MS 1000

enum tunnel_state { TUNNEL_DOWN, TUNNEL_CONNECTING, TUNNEL_UP };

struct client;
struct proxy_dialogue;
struct tunnel;

/** The events that a tunnel reports to its owner. */
struct tunnel_events {
	void (*open)(struct tunnel *t);  /**< messages can be sent; DTLS, TCP and TLS are connected */
	void (*alive)(struct tunnel *t); /**< the server has answered a keepalive */
	void (*lost)(struct tunnel *t, const char *reason); /**< no connection, no answer, or the server ended it */
	void (*unverified)(struct tunnel *t, const char *reason); /**< lost: its server is not the configured one; NULL:
								     `lost` is called */
	void (*restarted)(struct tunnel *t);    /**< the server was restarted and is quiet; NULL: ignored */
	void (*sockets_due)(struct tunnel *t);  /**< the server no longer knows what sockets ask for; NULL: ignored */
	void (*entries_left)(struct tunnel *t); /**< the server has entries of a former tunnel; NULL: ignored */
	/** The routes, DNS and SIP servers are those of @p m from now on; NULL: ignored. */
	void (*networks)(struct tunnel *t, const struct tscf_message *m);
	void (*yield)(struct tunnel *t); /**< the server needs the tunnel for others; NULL: ignored */
	/** The network reports that the server is unreachable, with an errno; NULL: the tunnel is probed. */
	void (*unreachable)(struct tunnel *t, int error);
	void (*in_vain)(
	    struct tunnel *t); /**< packets are sent and nothing comes: a keepalive follows; NULL: ignored */
	/**
	 * A round of keepalives was not answered, after t->silent_rounds earlier ones.  Return true for another round,
	 * false if the tunnel is lost.  NULL: it is lost.
	 */
	bool (*silent)(struct tunnel *t);
};

/** What all tunnels of a client use of it. */
struct tunnel_host {
	struct client *client; /**< for the owners of the tunnels and the packet handler; no tunnel looks into it */
	const struct client_config *config;
	struct tscf_timers *timers;
	const struct routing *routing; /**< its netlink socket */
	struct routing_facts *facts;
	const struct router *router;
	struct tscf_tls *const *tls; /**< of each server */
	struct client_identity *identity;
	const unsigned *mtu;                            /**< of both tunnels */
	const struct tscf_transport_handler *packets;   /**< handles the transports; the context is the tunnel */
	uint64_t *control_invalid, *control_wrong_tsid; /**< counters */
	uint64_t *control_unsealed, *control_forged, *control_replayed;
};

struct tunnel {
	const struct tunnel_host *host;
	struct client *client;
	const char *name; /**< "plain", "encrypted" */
	bool encrypted;
	const struct tunnel_events *events;
	struct way way;                   /**< the way of the transport */
	struct tscf_transport *transport; /**< NULL while there is none; its context is the tunnel */
	struct tscf_peer *peer;
	struct proxy_dialogue *dialogue; /**< it will provide the connection, or NULL */
	struct requests requests;
	enum tunnel_state state;
	uint64_t tsid;
	struct sealing *sealing;    /**< plain: authenticates the messages; NULL until the server is verified */
	struct tscf_replay copies;  /**< numbers of the packets that came in copies (copy.h) */
	struct tscf_addrs internal; /**< addresses assigned; kept after the tunnel is gone, to ask for them again */
	uint64_t last_heard;        /**< monotonic ms: an inner packet, or a message that was not dropped */
	uint64_t last_sent;         /**< monotonic ms */
	uint64_t waiting_since;     /**< when the first packet after last_heard was sent */
	uint32_t unanswered;        /**< packets and messages sent since waiting_since */
	unsigned keepalive;         /**< seconds of silence before a keepalive is sent; 0: never */
	uint8_t nagle_ms;           /**< on a stream: how long small packets are held; 0: not at all */
	bool probing;
	unsigned silent_rounds;        /**< rounds of keepalives without an answer since the last answer */
	uint64_t asked_at;             /**< when the server sent its last keepalive; 0: never */
	bool asked_again;              /**< ... and it sent one shortly before that, since the last answer */
	bool suspected;                /**< the server is probably gone: tunnel_probe_suspected */
	uint64_t doubted;              /**< encrypted: since when it does not answer; 0: it does */
	bool aside;                    /**< encrypted: the server knows that preferred sockets do not use it */
	enum tscf_level need;          /**< encrypted: highest level of the sockets that it is for; default: unknown */
	enum tscf_level need_sent;     /**< ... as the last keepalive said */
	enum tscf_level need_told;     /**< ... as the server knows it */
	char limit[TUNNEL_LIMIT_TEXT]; /**< what the server drops of it, being too much; "": nothing yet */
	uint64_t limited_at;           /**< when the server last reported that */
	uint64_t recalls_since;        /**< begin of the present TUNNEL_RECALLS_MS ... */
	unsigned recalls;              /**< ... and what the server has asked for in it */
	bool unreachable_logged;       /**< it is already logged */
	struct tscf_transport_counters past; /**< sums of transports that are closed */
};

/** A closed tunnel.  @p host must stay valid. */
void tunnel_init(struct tunnel *t, const struct tunnel_host *host, bool encrypted, const struct tunnel_events *events);
/* tunnel_open.c */
/**
 * Close the tunnel, then open a transport to the server of @p way.  `open` or `lost` follows, perhaps before this
 * returns.
 *
 * @return 0, or -errno with nothing opened.
 */
int tunnel_open(struct tunnel *t, const struct way *way);
/** Close the transport and cancel every request. */
void tunnel_close(struct tunnel *t);
/** Move the transport and the state of its session to the closed tunnel @p to; requests are cancelled. */
void tunnel_move(struct tunnel *to, struct tunnel *from);
/** The same while @p to is open: its own transport is closed, and its requests are sent again on the new one, with
 * session id @p tsid. */
void tunnel_replace(struct tunnel *to, struct tunnel *from, uint64_t tsid);
/** Send keepalives to the server, unless that is being done; `alive` or `lost` follows. */
void tunnel_probe(struct tunnel *t);
/** The same when the server is probably gone: over datagrams the tunnel is lost after TUNNEL_TALK_PROBES.  It may be
 * called while keepalives are being sent. */
void tunnel_probe_suspected(struct tunnel *t);
/** The same as tunnel_probe with the cookie that proves this outer address to the server. */
void tunnel_prove(struct tunnel *t, const void *cookie, uint16_t length);
/** Who wants to know how keepalives fare. */
struct tunnel_measure {
	void (*taken)(void *owner, uint64_t ms); /**< the answer came after @p ms, at least 1; 0: none came in time */
	void *owner;
};
/** Send a keepalive that is not repeated, if the tunnel is up.  @p m must stay valid; it is not called if the tunnel is
 * closed before. */
void tunnel_measure(struct tunnel *t, const struct tunnel_measure *m);
/** A packet is being sent. */
void tunnel_sent(struct tunnel *t);
/** A control message has arrived on this tunnel: answer it, or pass it to the request that it answers. */
void tunnel_control(struct tunnel *t, const uint8_t *data, uint32_t length);
/** @return which limit of the server the tunnel has reached in the last TUNNEL_LIMIT_MS; "": none. */
const char *tunnel_limit(const struct tunnel *t);
/** Let time pass. */
void tunnel_tick(struct tunnel *t);
/** @return when tunnel_tick is next due, or UINT64_MAX. */
uint64_t tunnel_next(const struct tunnel *t);

/** Begin a request of this tunnel in @p w, over @p buffer of TSCF_MESSAGE_MAX bytes. */
void tunnel_begin(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type);
/** The same over @p buffer of TSCF_PROBE_MAX bytes: for messages that may be fragmented on their way, or that probe the
 * MTU. */
void tunnel_begin_large(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type);
/** Finish and queue the request.  @return 0 or -errno; done is called only after 0. */
int tunnel_request(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user);
/** The same at a pace of its own. */
int tunnel_request_at(struct tunnel *t, struct tscf_writer *w, struct request_pace pace, request_done done, void *user);
/** The same for an urgent request: it is repeated in the first moments (request.h). */
int tunnel_request_urgent(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user);
/** Release the session, if there is one, at the server.  The answer does not matter. */
void tunnel_release(struct tunnel *t);
/** @return how much longer a message of this tunnel is when it is sent than when it is written. */
uint32_t tunnel_seal_size(const struct tunnel *t);
/** Send a message that has no answer. */
void tunnel_send(struct tunnel *t, struct tscf_writer *w);

/**
 * Take the internal addresses from a configuration response, and set them on @p tun.  If the device cannot have an IPv6
 * address, the tunnel goes on with IPv4 alone.
 *
 * @return 1 if the tunnel has lost an address that it had before, else 0; or -errno (-EPROTO: @p m has no address).
 */
int tunnel_take_addresses(struct tunnel *t, const struct tscf_tun *tun, const struct tscf_message *m);

/** Take from a response of the server the time of silence before a keepalive, which otherwise is that of the
 * configuration, and how long small packets are held. */
void tunnel_take_times(struct tunnel *t, const struct tscf_message *m);

/* tunnel_path.c */
/** @return whether there is a route to the tunnel's server; *out gets this host's source address on it. */
bool tunnel_source(const struct tunnel *t, struct tscf_addr *out);
/** @return whether the tunnel's transport sends from another source address than this host's route to the server has
 * now, or there is no route. */
bool tunnel_astray(const struct tunnel *t);
/**
 * How this host would send to the tunnel's server now: its source address, and the index of the device (0: unknown).
 *
 * @return whether there is a route.
 */
bool tunnel_path(const struct tunnel *t, struct tscf_addr *source, int *device);

/** Counters of the present transport and all before it. */
struct tscf_transport_counters tunnel_counters(const struct tunnel *t);

#endif
