/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel.h - one tunnel to the server, plain or encrypted: its transport, its session, and whether it is alive.
 *
 * What the two have in common.  What sets a plain tunnel up is plain.c; the encrypted one is encrypted.c, driven by dtte.h.
 */
#ifndef TSCF_CLIENT_TUNNEL_H
#define TSCF_CLIENT_TUNNEL_H

#include "common/message.h"
#include "common/transport.h"
#include "request.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Keepalives of a tunnel in doubt: sent this often, at first after this pause, before the tunnel counts as lost. */
#define TUNNEL_PROBES 4
#define TUNNEL_PROBE_MS 150

enum tunnel_state { TUNNEL_DOWN, TUNNEL_CONNECTING, TUNNEL_UP };

struct client;

struct tunnel {
	struct client *client;
	const char *name; /**< "plain", "encrypted" */
	struct tscf_transport *transport; /**< NULL while there is none */
	struct tscf_peer *peer;
	struct requests requests;
	enum tunnel_state state;
	uint64_t tsid;
	struct tscf_prefix internal;  /**< address assigned; kept after the tunnel went, as a wish for the next */
	uint64_t last_heard, last_sent; /**< monotonic ms */
	bool probing;
	bool told_unreachable;        /**< the log says so already */
	void (*lost)(struct client *c, const char *reason); /**< no answer, or the server ended it */
	struct tscf_transport_counters past; /**< sums of transports that are closed */
};

void tunnel_init(struct tunnel *t, struct client *c, const char *name, void (*lost)(struct client *c, const char *reason));
/** Close the transport and take back every request. */
void tunnel_close(struct tunnel *t);
/** Ask the server whether it is there, unless that is being done; `lost` is called if it does not answer. */
void tunnel_probe(struct tunnel *t);
/** A control message has come on this tunnel: answer it, or give it to the request it answers. */
void tunnel_control(struct tunnel *t, const uint8_t *data, uint32_t length);
/** Let time pass. */
void tunnel_tick(struct tunnel *t);
/** @return when tunnel_tick is next due, or UINT64_MAX. */
uint64_t tunnel_next(const struct tunnel *t);

/** Begin a request of this tunnel in @p w, over @p buffer of TSCF_MESSAGE_MAX bytes. */
void tunnel_begin(struct tunnel *t, struct tscf_writer *w, uint8_t *buffer, enum tscf_message_type type);
/** Finish and queue it.  @return 0 or -errno; done is called only after 0. */
int tunnel_request(struct tunnel *t, struct tscf_writer *w, uint16_t tries, request_done done, void *user);
/** Send a message that nobody answers. */
void tunnel_send(struct tunnel *t, struct tscf_writer *w);

/** Counters of the present transport and all before it. */
struct tscf_transport_counters tunnel_counters(const struct tunnel *t);

/* plain.c */
/** Begin to set up the plain tunnel; goes on until it is up. */
void plain_start(struct client *c);
/** The plain tunnel is gone: begin anew. */
void plain_lost(struct client *c, const char *reason);
/** Try to open the socket again if that failed. */
void plain_tick(struct client *c);
/** @return when plain_tick is next due, or UINT64_MAX. */
uint64_t plain_next(const struct client *c);

/* encrypted.c */
extern const struct dtte_actions encrypted_actions;
/** The encrypted tunnel is gone. */
void encrypted_lost(struct client *c, const char *reason);

#endif
