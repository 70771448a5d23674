/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_world.h - a server without I/O, for tests: one interface with transports that only note what is done to them,
 * clients that speak the protocol by function call, and a clock that the test moves.
 *
 * Plain pools 10.1.0.0/24 and 2001:db8:1::/64 (clients from 10.1.0.2), encrypted pools 10.2.0.0/24, 2001:db8:2::/64.
 * Every failed expectation ends the test.
 */
#ifndef TSCF_TESTS_SERVER_WORLD_H
#define TSCF_TESTS_SERVER_WORLD_H

#include "common/packet/message.h"
#include "tests/unit/server_identity.h"
#include "tscf-server/control/dispatch.h"
#include "tscf-server/settings/config.h"

/** Room; a test that does not use it costs no memory. */
#define WORLD_PEERS 10240
/** tscf_peer_lost of encrypted connections. */
#define WORLD_LOST 5

struct world_peer {
	struct tscf_peer peer;
	bool open;
	uint32_t sent; /**< messages the server began */
	uint8_t last[TSCF_MESSAGE_MAX];
};

struct world {
	struct server_state *state;
	struct server_interface *interface;
	struct server_allocator allocator;
	struct tscf_transport plain, stream, encrypted, encrypted_stream;
	struct world_peer peer[WORLD_PEERS];
	unsigned peers;
	uint64_t now;
	struct tscf_identity *identity;
	struct server_answer answer; /**< the last one */
	struct tscf_message reply;   /**< it decoded; valid if answer.length > 0 */
};

/** What a test knows as a client. */
struct world_client {
	struct tscf_offer offer; /**< of the last configuration request */
	struct tscf_seal seal;   /**< of the last plain session that it was given ... */
	uint64_t sealed_tsid;    /**< ... with this TSID */
	const uint8_t *psk;      /**< by which it proves its identity; NULL: none */
	struct world *world;
	union tscf_endpoint outer;
	uint8_t id[SERVER_CLIENT_ID_SIZE];
	uint64_t run; /**< which process of it; all are the same one unless a test changes that */
	uint32_t sequence, encrypted_sequence;
	uint64_t tsid, encrypted_tsid;
	int family;                        /**< of what it does inside: AF_INET, unless a test changes that */
	struct tscf_addr plain, encrypted; /**< internal addresses of that family */
	struct world_peer *connection;     /**< DTLS, or TLS ... */
	bool by_tls;                       /**< ... if a test says so */
	struct world_peer *stream; /**< the plain tunnel is on this connection, if there is one; else it is UDP */
	uint8_t secret[SERVER_SECRET_SIZE];
	uint8_t resume_secret[SERVER_RESUME_SECRET_SIZE];
	uint8_t resume_key[SERVER_RESUME_LOCK_SIZE]; /**< its lock is given with the configuration; all 0: none */
};

struct world *world_new(uint32_t services);
/** One range more. */
void world_add_pool(struct server_pools *pools, const char *text);
void world_free(struct world *w);
/** Let time pass, with a tick of the server at its end. */
void world_pass(struct world *w, uint64_t ms);
uint64_t world_counter(const struct world *w, enum server_counter which);
/** @return the open peer at @p outer, or NULL. */
struct world_peer *world_peer_at(struct world *w, const union tscf_endpoint *outer);

struct tscf_addr world_addr(const char *text);

/** A client at 198.51.100.@p host, port @p port. */
void world_client(struct world *w, struct world_client *c, unsigned host, uint16_t port);
/** Begin a request, a configuration request for a plain tunnel with a key share; a finished one is sent with
 * world_send. */
void world_begin(struct world_client *c, struct tscf_writer *writer, uint8_t *data, enum tscf_message_type type,
		 bool encrypted);
/** Send what has been written; the answer is in world->answer and world->reply.  @return its response code, or -1: no
 * answer, -2: none in it. */
int world_send(struct world_client *c, struct tscf_writer *writer, bool encrypted);
/** Send @p length bytes. */
int world_send_bytes(struct world_client *c, const uint8_t *data, uint32_t length, bool encrypted);
/** The last answer must be a refusal with this code and text; @p name says of what, should it not be. */
void world_refuses(const struct world *w, const char *name, enum tscf_response code, const char *why);

/** Configuration on the plain tunnel, not yet confirmed.  @p wish and @p quiet as on the wire.  @return the response
 * code. */
int world_configure(struct world_client *c, const struct tscf_addr *wish, bool quiet);
/** The client's plain tunnel shall be on a TCP connection from its outer address, a new one. */
void world_dial(struct world_client *c);
/** That connection is lost. */
void world_hang_up(struct world_client *c);
/** Keepalive_Request on the plain tunnel.  @return 0 if it was answered, or the code of a refusal, or -1. */
int world_keepalive(struct world_client *c, bool encrypted);
/** The plain tunnel, configured and confirmed. */
void world_connect(struct world_client *c);
/** Service request ENABLE_DTTE.  @return the response code. */
int world_reserve(struct world_client *c);
/** A DTLS handshake, or a TLS one, from 198.51.100.x of the client. */
void world_handshake(struct world_client *c);
/** Configuration on the encrypted connection; @p resume: with the resume secret.  @return the response code, or -1. */
int world_configure_encrypted(struct world_client *c, bool resume);
/** The same with the secret, as a client does it that was restarted. */
int world_configure_encrypted_anew(struct world_client *c);
/** Reservation, handshake and configuration. */
void world_encrypt(struct world_client *c);
/** The connection is lost. */
void world_disconnect(struct world_client *c);

/** The key (protocol, local, local port), or of one flow if @p remote is given. */
struct tscf_binding_key world_key(const struct tscf_addr *local, uint8_t protocol, uint16_t port, const char *remote,
				  uint16_t remote_port);
/** A service request with one binding TLV.  @return the response code. */
int world_bind(struct world_client *c, const struct tscf_binding_key *key, enum tscf_bind_action action,
	       enum tscf_level level, uint8_t flags);
int world_shield(struct world_client *c, const struct tscf_binding_key *key, bool complete);
/** A bind request that says that all sockets have been bound.  @return the response code. */
int world_complete(struct world_client *c);

/** @return the sessions of a client, NULL if they are gone. */
struct server_session *world_plain(const struct world_client *c);
struct server_session *world_encrypted(const struct world_client *c);

#endif
