/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_peer.h - the parts of the DTLS transport, and one connection.
 *
 *     dtls.c         the transport: which connection a datagram is for, sending, closing
 *     dtls_table.c   connections by outer address
 *     dtls_id.c      connections by connection id, and their current addresses
 *     dtls_handshakes.c  work on datagrams of handshakes
 *     dtls_backlog.c datagrams of handshakes, which wait until packets of established connections are done
 *     dtls_listen.c  sources that have not proved their address
 *     dtls_peer.c    one connection: handshake, data, end
 *     dtls_io.c      what wolfSSL and the user send and receive; flights
 *     dtls_keys.c    the handover after wolfSSL's handshake: its keys for dtls_protect.h
 */
#ifndef TSCF_DTLS_PEER_H
#define TSCF_DTLS_PEER_H

#include "common/tls/tls_context.h"

#include "common/base/outer_key.h"
#include "common/crypto/crypto.h"
#include "common/transport/datagram.h"
#include "common/transport/deferred_work.h"
#include "common/transport/dtls.h"
#include "common/transport/dtls_protect.h"
#include "common/transport/dtls_record.h"
#include "common/transport/source_count.h"

/* If a table cannot grow it keeps its size; a peer that cannot be added is refused. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** Largest datagram accepted: what other implementations put into one on an Ethernet path, with room to spare. */
#define DTLS_DATAGRAM_MAX 2048
/** Largest datagram sent: one record; wolfSSL's fixed MTU in the handshake is smaller. */
#define DTLS_SENT_MAX (TSCF_DTLS_PAYLOAD_MAX + TSCF_DTLS_OVERHEAD)
/** Most datagrams in the last flight. */
#define DTLS_FLIGHT_DATAGRAMS 4

enum dtls_state {
	DTLS_LISTENING, /**< belongs to no address yet */
	DTLS_HANDSHAKE,
	DTLS_UP,
};

/** The datagrams of the last flight sent, kept for retransmission. */
struct dtls_flight {
	uint8_t *data;
	uint32_t length[DTLS_FLIGHT_DATAGRAMS];
	unsigned count;
	unsigned resent;
	ev_tstamp resent_at;
};

struct dtls_peer {
	struct tscf_peer base;
	struct tscf_outer_key key;  /**< the address where the connection made its handshake */
	UT_hash_handle hh;          /**< in a table, by key */
	struct tscf_source *source; /**< counts this connection in dtls->sources, during the handshake */
	enum dtls_state state;
	WOLFSSL *ssl;                           /**< until the connection is up */
	struct tscf_crypto_session crypto;      /**< keys of ssl */
	uint64_t sent_sequence, sent_nonce;     /**< of the last protected record of ssl; 0: none */
	struct tscf_protect sending, receiving; /**< when the connection is up */
	bool has_id;                            /**< listening: the other end may use the connection id */
	uint8_t id[TSCF_DTLS_ID];
	UT_hash_handle hh_id;                    /**< has_id: in dtls->by_id */
	union tscf_endpoint proved_at;           /**< the last address where the other end was seen to receive */
	uint64_t allowance;                      /**< bytes that may still be sent to another address than proved_at */
	bool resumed;                            /**< valid when the connection is up */
	struct tscf_tls_check check;             /**< client */
	bool session_offered;                    /**< client */
	bool proved;                             /**< listener: the cookie in the last ClientHello was right */
	uint8_t client_random[TSCF_DTLS_RANDOM]; /**< server: tells a repeated ClientHello from a new attempt */
	const uint8_t *input;                    /**< the rest of the datagram being worked on */
	size_t input_length;
	bool sent; /**< something was sent in this step of the handshake */
	struct dtls_flight flight;
	struct ev_timer timer;
	ev_tstamp begun; /**< when the handshake began */
};

struct dtls_table {
	struct dtls_peer *head;
	struct dtls_peer *last; /**< the peer found last */
};

struct dtls_waiting;

/** Datagrams, oldest first. */
struct dtls_backlog {
	struct dtls_waiting *first, *last;
	unsigned count;
};

struct dtls {
	struct tscf_datagram base;
	struct tscf_tls *tls;
	struct tscf_siphash_key secret;
	struct dtls_table up;               /**< listening: all connections that are up */
	struct dtls_peer *by_id;            /**< listening: those in `up` that have a connection id */
	struct dtls_table handshakes;       /**< listening */
	struct tscf_source_counts sources;  /**< listening: sources of the connections in `handshakes` */
	struct dtls_backlog begun;          /**< listening: datagrams of the connections in `handshakes` */
	struct dtls_backlog strangers;      /**< listening: datagrams of others */
	struct tscf_deferred_work deferred; /**< listening: work on the two backlogs */
	struct dtls_peer *listener;         /**< listening: answers hellos without a cookie; NULL: to be made */
	struct dtls_peer *only;             /**< connected */
	struct tscf_ring *ring;             /**< of decrypted packets on their way to the user */
	struct tscf_batch clear;
};

static inline struct dtls *dtls_of(struct dtls_peer *peer)
{
	return (struct dtls *)peer->base.transport;
}

/* dtls_table.c */

/** @return the connection of @p key in @p table, or NULL. */
struct dtls_peer *dtls_table_find(struct dtls *dtls, struct dtls_table *table, const struct tscf_outer_key *key);
/** @return 0, or -ENOMEM. */
int dtls_table_add(struct dtls *dtls, struct dtls_table *table, struct dtls_peer *peer);
/** @return the connection of @p key whose handshake is in progress, or NULL. */
struct dtls_peer *dtls_table_find_begun(struct dtls *dtls, const struct tscf_outer_key *key);
/** Take @p peer out of all tables. */
void dtls_unlink(struct dtls_peer *peer);
/** Remove @p peer from @p table; no effect if it is not in it. */
void dtls_table_remove(struct dtls *dtls, struct dtls_table *table, struct dtls_peer *peer);

/**
 * A new connection, which is up, has the same key as @p peer.  From now on @p peer is found by its connection id alone.
 * @return 0, or -ENOMEM: @p peer is in no table any more.
 */
int dtls_table_give_way(struct dtls *dtls, struct dtls_peer *peer);

/* dtls_id.c */

/** @return the connection that has the connection id in @p record, or NULL. */
struct dtls_peer *dtls_id_owner(struct dtls *dtls, const struct tscf_dtls_record *record);
/** @return whether @p record has the connection id of @p peer, or no id. */
bool dtls_id_fits(const struct dtls_peer *peer, const struct tscf_dtls_record *record);
/**
 * A record of @p peer, with its id and newer than all before, arrived in @p datagram: the source of @p datagram is now
 * the address of @p peer.
 */
void dtls_id_heard(struct dtls_peer *peer, const struct tscf_dtls_record *record, const struct tscf_packet *datagram);
/**
 * @return whether a datagram of @p length bytes may be sent to the current address of @p peer; if so, it is counted.
 */
bool dtls_id_may_send(struct dtls_peer *peer, uint32_t length);
/** @p peer ends: its connection id is nobody's. */
void dtls_id_forget(struct dtls *dtls, struct dtls_peer *peer);
/* The functions of tscf_transport_ops for connection ids (transport.h). */
uint32_t dtls_id_give(struct tscf_peer *peer, uint8_t *id);
bool dtls_id_use(struct tscf_peer *peer, const uint8_t *id, uint32_t length);
void dtls_id_proved(struct tscf_peer *peer);

/* dtls_backlog.c */

/** Keep a copy of a datagram for later, or drop it. */
void dtls_backlog_add(struct dtls *dtls, struct dtls_backlog *backlog, const struct tscf_packet *packet);
/** @return the oldest datagram, or NULL.  The caller frees it with dtls_backlog_done. */
struct tscf_packet *dtls_backlog_take(struct dtls_backlog *backlog);
/** Free a datagram that dtls_backlog_take has returned. */
void dtls_backlog_done(struct tscf_packet *packet);
/** Free all datagrams. */
void dtls_backlog_free(struct dtls_backlog *backlog);

/* dtls_handshakes.c */

/** Work on the oldest datagram of the backlog; a step of deferred_work.h.  @p context is the struct dtls. */
bool dtls_handshakes_step(void *context);
/** Send what the steps have produced; a pause of deferred_work.h. */
void dtls_handshakes_pause(void *context);
/**
 * An unencrypted record arrived from an address whose connection @p peer is up: our last flight was lost, or the record
 * is forged.
 */
void dtls_clear_record(struct dtls *dtls, struct dtls_peer *peer, const struct tscf_dtls_record *record);

/* dtls_listen.c */

/** A ClientHello arrived from an address that has no such handshake in progress. */
void dtls_listen_hello(struct dtls *dtls, const struct tscf_packet *packet, const struct tscf_dtls_record *hello);

/* dtls_peer.c */

/** @return a connection in state DTLS_LISTENING, in no table, or NULL when out of memory. */
struct dtls_peer *dtls_peer_new(struct dtls *dtls);
/** Free @p peer at once; it must be in no table and in no callback. */
void dtls_peer_free(struct dtls_peer *peer);
/** Set where @p peer is; it must be in no table, or be entered again. */
void dtls_peer_set_address(struct dtls_peer *peer, const union tscf_endpoint *outer);
/** Begin the handshake after the cookie exchange, and its timers. */
void dtls_peer_start(struct dtls_peer *peer);
/**
 * Do one step of the handshake with the input in peer->input.  @return 1: done, 0: not yet, negative: error of wolfSSL.
 */
int dtls_peer_step(struct dtls_peer *peer);
/** Work on the valid datagram in @p packet. */
void dtls_peer_feed(struct dtls_peer *peer, const struct tscf_packet *packet);
/** End the connection; call peer_down if the user knows of it. */
void dtls_peer_fail(struct dtls_peer *peer, int error, const char *reason);
/** Queue a close notify if there is a connection; nothing is sent yet. */
void dtls_peer_goodbye(struct dtls_peer *peer);

/* dtls_keys.c */

/** wolfSSL has sent @p data: remember its sequence number and nonce. */
void dtls_keys_sent(struct dtls_peer *peer, const uint8_t *data, size_t length);
/**
 * The handshake is done: take the keys, and free wolfSSL's part.  @return 0, or -EPROTO: the cipher suite is not one of
 * ours.
 */
int dtls_keys_take(struct dtls_peer *peer);

/* dtls_io.c */

/** Hand the decrypted packets collected so far to the user.  Peers and the transport may be closed when it returns. */
void dtls_deliver(struct dtls *dtls);
/** Hand up the packets, and send the answers, that came of the datagrams worked on. */
void dtls_finish(struct dtls *dtls);

/** Send one record of an established connection.  @return false: the sequence numbers are used up. */
bool dtls_io_send(struct dtls_peer *peer, uint8_t type, const uint8_t *data, uint32_t length, uint8_t tos);

/** Make wolfSSL call the callbacks with @p peer for its connection. */
void dtls_io_attach(struct dtls_peer *peer);
/** Make @p peer the current connection of wolfSSL, which may have been called for another one meanwhile. */
void dtls_io_use(struct dtls_peer *peer);
/** Forget the last flight; a new flight begins. */
void dtls_flight_begin(struct dtls_peer *peer);
/** Send the last flight once more, unless that was done just now. */
void dtls_flight_resend(struct dtls_peer *peer);
/** The last flight has arrived: forget it. */
void dtls_flight_free(struct dtls_peer *peer);

#endif
