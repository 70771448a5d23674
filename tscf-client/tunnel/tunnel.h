/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel.h - one tunnel to the server, plain or encrypted: its transport, its session, and whether it is alive.
 *
 * What the two have in common.  What sets a plain tunnel up is plain.c; the encrypted one is encrypted.c, driven by
 * dtte.h.
 */
#ifndef TSCF_CLIENT_TUNNEL_H
#define TSCF_CLIENT_TUNNEL_H

#include "common/linux/tun.h"
#include "common/packet/message.h"
#include "common/transport/transport.h"
#include "tscf-client/tunnel/endpoints.h"
#include "tscf-client/tunnel/request.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Keepalives of a tunnel in doubt: sent this often, at first after this pause, before the tunnel counts as lost. */
#define TUNNEL_PROBES   4
#define TUNNEL_PROBE_MS 150
/** On a stream they are sent once, and a stall of some round trips is no loss: together about six seconds. */
#define TUNNEL_PROBE_STREAM_MS 400

/** The server is asked when it has been silent for so long although something was sent to it. */
#define TUNNEL_DOUBT_MS 2000
/**
 * Over datagrams, when so many packets were sent since anything came, as of a call: asked after this time, so often,
 * with this pause; or twice the round trip, if that is longer.
 */
#define TUNNEL_TALK_PACKETS  6
#define TUNNEL_TALK_DOUBT_MS 120
#define TUNNEL_TALK_PROBES   7
#define TUNNEL_TALK_PROBE_MS 80
/** A tunnel that has events->silent says so first after so many of these, and again after the others; on a stream after
 * this. */
#define TUNNEL_SILENT_PROBES    3
#define TUNNEL_SILENT_STREAM_MS 600
/** And it is asked when the server has asked twice within this. */
#define TUNNEL_ASKED_AGAIN_MS 1000

enum tunnel_state { TUNNEL_DOWN, TUNNEL_CONNECTING, TUNNEL_UP };

struct client;
struct proxy_dialogue;
struct tunnel;

/** What a tunnel tells its owner. */
struct tunnel_events {
	void (*open)(struct tunnel *t);  /**< messages can be sent; over DTLS, TCP and TLS the connection is there */
	void (*alive)(struct tunnel *t); /**< the server has answered a keepalive */
	void (*lost)(struct tunnel *t, const char *reason); /**< no connection, no answer, or the server ended it */
	void (*recalled)(struct tunnel *t); /**< the server was restarted and is quiet; NULL: that means nothing here */
	/** The network says, with -errno, that the server cannot be reached; NULL: it is probed. */
	void (*unreachable)(struct tunnel *t, int error);
	/**
	 * A round of keepalives was not answered, t->silent_rounds were not before: return whether to ask once more;
	 * else the tunnel is lost.  NULL: it is.
	 */
	bool (*silent)(struct tunnel *t);
};

struct tunnel {
	struct client *client;
	const char *name; /**< "plain", "encrypted" */
	bool encrypted;
	const struct tunnel_events *events;
	struct way way;                   /**< where the transport leads to */
	struct tscf_transport *transport; /**< NULL while there is none; its context is the tunnel */
	struct tscf_peer *peer;
	struct proxy_dialogue *dialogue; /**< that will give us a connection, or NULL */
	struct requests requests;
	enum tunnel_state state;
	uint64_t tsid;
	struct tscf_addrs internal;     /**< addresses assigned; kept after the tunnel went, as a wish for the next */
	uint64_t last_heard, last_sent; /**< monotonic ms */
	uint64_t waiting_since;         /**< when something was sent first after last_heard */
	uint32_t unanswered;            /**< packets and messages sent since waiting_since */
	unsigned keepalive;             /**< seconds of silence before the server is asked; 0: never */
	bool probing;
	unsigned silent_rounds;              /**< of keepalives that were not answered, since the last answer */
	uint64_t asked_at;                   /**< when the server has asked last; 0: never */
	bool asked_again;                    /**< ... and shortly before that, since the last answer */
	bool doomed;                         /**< there is reason to think that it has gone: tunnel_probe_soon */
	bool aside;                          /**< encrypted: the server is told that preferred sockets do not use it */
	bool told_unreachable;               /**< the log says so already */
	struct tscf_transport_counters past; /**< sums of transports that are closed */
};

void tunnel_init(struct tunnel *t, struct client *c, bool encrypted, const struct tunnel_events *events);
/* tunnel_open.c */
/**
 * Open a transport to the server that @p way leads to; the tunnel is closed before.  `open` or `lost` follows, perhaps
 * before this returns.
 *
 * @return 0, or -errno with nothing opened.
 */
int tunnel_open(struct tunnel *t, const struct way *way);
/** Close the transport and take back every request. */
void tunnel_close(struct tunnel *t);
/** Give the transport, and what is known of the session on it, to the closed tunnel @p to; requests are taken back. */
void tunnel_move(struct tunnel *to, struct tunnel *from);
/** The same while @p to is open: its transport is closed, and its requests are sent again by the other, with session id
 * @p tsid. */
void tunnel_replace(struct tunnel *to, struct tunnel *from, uint64_t tsid);
/** Ask the server whether it is there, unless that is being done; `alive` or `lost` follows. */
void tunnel_probe(struct tunnel *t);
/** The same when there is reason to think that it has gone: over datagrams it is lost after TUNNEL_TALK_PROBES.  It may
 * be called while the server is being asked. */
void tunnel_probe_soon(struct tunnel *t);
/** The same as tunnel_probe with the cookie that proves this outer address to the server. */
void tunnel_prove(struct tunnel *t, const void *cookie, uint16_t length);
/** Something is being sent. */
void tunnel_sent(struct tunnel *t);
/** A control message has come on this tunnel: answer it, or give it to the request it answers. */
void tunnel_control(struct tunnel *t, const uint8_t *data, uint32_t length);
/** Let time pass. */
void tunnel_tick(struct tunnel *t);
/** @return when tunnel_tick is next due, or UINT64_MAX. */
uint64_t tunnel_next(const struct tunnel *t);

/** Begin a request of this tunnel in @p w, over @p buffer of TSCF_MESSAGE_MAX bytes. */
void tunnel_begin(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type);
/** The same over @p buffer of TSCF_PROBE_MAX bytes: for what may be fragmented on its way, or is to find out. */
void tunnel_begin_large(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type);
/** Finish and queue it.  @return 0 or -errno; done is called only after 0. */
int tunnel_request(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user);
/** The same at a pace of its own. */
int tunnel_request_at(struct tunnel *t, struct tscf_writer *w, struct request_pace pace, request_done done, void *user);
/** The same for what must arrive at once: it is repeated in the first moments (request.h). */
int tunnel_request_urgent(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user);
/** Tell the server that the session, if there is one, is not wanted any more; what it answers does not matter. */
void tunnel_release(struct tunnel *t);
/** Send a message that nobody answers. */
void tunnel_send(struct tunnel *t, struct tscf_writer *w);

/**
 * Take the internal addresses of a configuration response, and give them to @p tun.  Where the device cannot have an
 * IPv6 address, the tunnel goes on with IPv4 alone.
 *
 * @return 1 if another address that the tunnel had before has gone, else 0; or -errno (-EPROTO: there is none in @p m).
 */
int tunnel_take_addresses(struct tunnel *t, const struct tscf_tun *tun, const struct tscf_message *m);

/** Take from a response of the server, or else from the configuration, after how much silence this tunnel asks. */
void tunnel_take_keepalive(struct tunnel *t, const struct tscf_message *m);

/* tunnel_path.c */
/** @return whether there is a way to the tunnel's server, with this host's address on it in *out. */
bool tunnel_source(const struct tunnel *t, struct tscf_addr *out);
/** @return whether the tunnel's transport sends from another address than this host has on that way now, or there is
 * none. */
bool tunnel_astray(const struct tunnel *t);
/**
 * Where this host would send to the tunnel's server now: its address, and the index of the device (0: unknown).
 *
 * @return whether there is a way.
 */
bool tunnel_path(const struct tunnel *t, struct tscf_addr *source, int *device);

/** Counters of the present transport and all before it. */
struct tscf_transport_counters tunnel_counters(const struct tunnel *t);

#endif
