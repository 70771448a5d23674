/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_world.h - the whole client for tests, in a network namespace of its own.
 *
 * The client runs as its main() runs it (client.h), with its own devices, rules, routes and sockets.  What is played:
 *
 *     the clock       time passes only when the event loop would sleep, and only as far as the test lets it
 *     the transports  links, which note what the client sends and give it what the test wants (client_world_link.c)
 *     the server      answers each kind of request as the test says: at once, never, later, twice, or with a refusal
 *     the programs    requests at the control socket are function calls
 *
 * The client is black here: tests ask it as programs do (status, sockets), as the server does (messages), and as the
 * kernel does (packets, marks, rules).  Every failed expectation ends the test.
 *
 * The host is 198.51.100.10 and 2001:db8:100::10 on out0, servers are at 198.51.100.1 and up, the service network is
 * 203.0.113.0/24 and 2001:db8:f::/64.  Internal addresses: plain 10.1.0.2 and 2001:db8:1::2, encrypted 10.2.0.2 and
 * 2001:db8:2::2.
 */
#ifndef TSCF_TESTS_CLIENT_WORLD_H
#define TSCF_TESTS_CLIENT_WORLD_H

#include "common/control/control.h"
#include "common/linux/sockdiag.h"
#include "common/packet/message.h"
#include "common/transport/transport.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_identity.h"
#include "tscf-client/client.h"

#include <jansson.h>

#define WORLD_LINKS     256
#define WORLD_CALLS     128
#define WORLD_EVENTS    64
#define WORLD_WAITING   512
#define WORLD_PLAIN     "10.1.0.2"
#define WORLD_PLAIN6    "2001:db8:1::2"
#define WORLD_ENCRYPTED "10.2.0.2"
#define WORLD_SERVICE   "203.0.113.5"
#define WORLD_SERVICE6  "2001:db8:f::5"

struct client_world;

/* --- links: what the client takes for transports --- */

enum world_kind { WORLD_UDP, WORLD_DTLS, WORLD_TCP, WORLD_TLS, WORLD_KINDS };

/** What becomes of a connection that the client opens. */
enum world_reception {
	WORLD_ACCEPTS, /**< it is there at once */
	WORLD_SILENT,  /**< nothing is heard of it until the test says so */
	WORLD_REFUSES, /**< its end is told */
	WORLD_FAILS,   /**< it cannot even be opened */
};

struct world_link {
	struct tscf_transport transport;
	struct tscf_peer peer;
	struct client_world *world;
	enum world_kind kind;
	bool open;                             /**< the client has not closed it */
	bool up;                               /**< the client has been told that it is there */
	bool stalled;                          /**< what the client is told when it asks */
	unsigned messages, inner;              /**< sent by the client */
	uint64_t tsid;                         /**< of the plain session that was configured by it ... */
	uint32_t configured;                   /**< ... with a request of this sequence number; 0: none */
	uint8_t configuration[TSCF_PROBE_MAX]; /**< the answer to it */
	uint32_t configuration_length;
	uint32_t proved;              /**< the sequence number of the request that it answers; 0: none */
	struct ev_timer decision;     /**< what becomes of it is told then */
	uint8_t last[TSCF_PROBE_MAX]; /**< inner packet that was sent last */
	uint32_t last_length;
};

/** @return the newest open link of that kind, or NULL. */
struct world_link *world_link(struct client_world *w, enum world_kind kind);
/** The connection is there. */
void world_link_up(struct world_link *l);
/** It has ended. */
void world_link_down(struct world_link *l, int error);
/** The network says that nobody is there. */
void world_link_unreachable(struct world_link *l);
/** The client receives @p length bytes at @p data by it, at once. */
void world_link_receive(struct world_link *l, const void *data, uint32_t length);
/** The same for several packets of @p gso_size bytes each (the last one perhaps less), joined, with @p tos outside. */
void world_link_receive_gso(struct world_link *l, const void *data, uint32_t length, uint32_t gso_size, uint8_t tos);

/* --- the server --- */

/** Requests of the client, by what they ask for. */
enum world_ask {
	WORLD_CONFIGURE,
	WORLD_CHAIN, /**< the server's certificates */
	WORLD_RESUME,
	WORLD_RELEASE,
	WORLD_KEEPALIVE,           /**< the plain tunnel's */
	WORLD_KEEPALIVE_ENCRYPTED, /**< the encrypted one's */
	WORLD_RESERVE,
	WORLD_CONFIGURE_ENCRYPTED,
	WORLD_BIND,
	WORLD_SHIELD,
	WORLD_UNSHIELD,
	WORLD_SOCKETS,     /**< what sockets ask for */
	WORLD_OFFER_MEDIA, /**< by a stream */
	WORLD_OPEN_MEDIA,  /**< by datagrams */
	WORLD_OFFER_COPIES,
	WORLD_OPEN_COPIES, /**< by another stream */
	WORLD_ASKS
};

enum world_reaction {
	WORLD_ANSWERS,
	WORLD_LOSES,   /**< it has not come, or its answer is lost */
	WORLD_KEEPS,   /**< until the test lets it be answered */
	WORLD_TWICE,   /**< the answer comes two times */
	WORLD_WITHOUT, /**< the answer has no response code */
};

#define WORLD_SESSIONS 64

struct world_server {
	enum world_reaction reaction[WORLD_ASKS];
	enum tscf_response code[WORLD_ASKS]; /**< of the answers */
	const char *text;                    /**< of refusals */
	unsigned delay;                      /**< its answers come after this, in ms, at the end of a world_pass */
	unsigned count[WORLD_ASKS];          /**< messages that have come, repeated ones too */
	uint32_t sequence[WORLD_ASKS];       /**< of the last one */
	uint8_t last[WORLD_ASKS][TSCF_PROBE_MAX];
	uint32_t last_length[WORLD_ASKS];
	/** What it configures. */
	const char *plain, *plain6, *encrypted, *encrypted6; /**< NULL: none */
	uint64_t tsid, encrypted_tsid;
	uint32_t reserved;                              /**< by a request with this sequence number */
	uint16_t mtu, keepalive, persistence, path_mtu; /**< 0: not said; path_mtu: larger padded messages are lost */
	bool quiet;                                     /**< said in its answers to keepalives: it was restarted */
	bool sockets_due, entries_left;                 /**< said there, too */
	bool cookie;                                    /**< demands one */
	bool path_lost; /**< keepalives of the plain tunnel are lost until the client opens another way to it */
	struct tscf_identity *identity; /**< by which it proves who it is; NULL: it is too old to */
	enum tscf_tlv_type omits;       /**< what its configurations lack; 0: nothing */
	struct tscf_identity *shown;    /**< whose certificates it shows; NULL: its own */
	/** Zeros that it shows for a part of them: of how many bytes in all (0: it does not), and how many at once. */
	struct {
		uint16_t total, length;
		bool stays; /**< always the first part, whichever is asked for */
	} zeros;
	bool proves_refusals;   /**< it proves who it is when it refuses, too */
	const uint8_t *psk;     /**< 32 bytes, of the client; NULL: it has proved nothing by one */
	const uint8_t *lasting; /**< 32 bytes: what the next answer gives for an invitation, in place of a tunnel */
	uint8_t methods;        /**< and a proof by one of these; 0: none */
	unsigned room;          /**< sockets that it takes, and the whole address beside them; 0: any number */
	unsigned routes;        /**< more, beside the service network */
	/** Keys of the last plain sessions that it has configured; a session without keys is not sealed. */
	struct {
		uint64_t tsid;
		struct tscf_seal seal;
	} sessions[WORLD_SESSIONS];
	unsigned session_count;
	/** Bindings and shields, as the client has told of them. */
	struct tscf_bindings *bound, *shielded;
	/** What sockets ask for and have, and whether it gives nothing. */
	struct tscf_services *services;
	enum tscf_response refuses_sockets;
};

/** @return the last request of that kind, decoded; it must have come. */
struct tscf_message world_last(struct client_world *w, enum world_ask ask);
/** Answer the oldest request of that kind that was kept. */
void world_answer(struct client_world *w, enum world_ask ask);
/** The same for all kinds; @p backwards: the newest first. */
void world_answer_all(struct client_world *w, bool backwards);
/** Forget what was kept: it is lost. */
void world_lose(struct client_world *w);
/** Begin a message of the server to the client by @p l, with the session id of its tunnel. */
void world_begin(struct world_link *l, struct tscf_writer *t, uint8_t *buffer, enum tscf_message_type type);
/** @return the keys of that plain session, or NULL. */
struct tscf_seal *world_seal(struct client_world *w, uint64_t tsid);
/** Finish it, seal it and have the client receive it. */
void world_send(struct world_link *l, struct tscf_writer *t);
/** The same with the keys of the last plain session, whatever session id the message has. */
void world_send_misdirected(struct world_link *l, struct tscf_writer *t);
/** @return whether the server knows the whole plain address as bound. */
bool world_bound_whole(struct client_world *w);
/** @return whether the server knows the udp socket at @p port of the plain address as bound (or shielded). */
bool world_bound(struct client_world *w, uint16_t port);
bool world_shielded(struct client_world *w, uint16_t port);
/** @return the redundancy that the server gives the udp socket at @p port of the plain address; -1: no entry. */
int world_redundancy(struct client_world *w, uint16_t port);

/* --- programs --- */

/** A request at the control socket. */
struct world_call {
	struct tscf_control_call_in in;
	bool answered, kept, gone;
	int error;
	char *text; /**< of the answer, or NULL */
	struct tscf_control_config config;
	unsigned events; /**< pushed; the newest WORLD_EVENTS are in `event`, from 0 on */
	struct tscf_control_event event[WORLD_EVENTS];
};

/** Ask as root; @p fd, or a copy of it, comes along if it is not negative. */
struct world_call *world_call(struct client_world *w, enum tscf_control_op op, int fd);
/** The same with all of the request given, of process @p pid of user @p uid. */
struct world_call *world_ask_as(struct client_world *w, const struct tscf_control_request *request, int fd, pid_t pid,
				uid_t uid);
/** Ask again on a call that is kept. */
void world_ask_again(struct client_world *w, struct world_call *call, enum tscf_control_op op, int fd, uint64_t cookie);
/** The caller goes away. */
void world_hang_up(struct client_world *w, struct world_call *call);
/** Give a socket a level. */
struct world_call *world_level(struct client_world *w, int fd, enum tscf_level level);

/** @return a bound socket of @p type: @p host NULL leaves it without an address. */
int world_socket(int type, const char *host, uint16_t port);
/** @return a udp socket at @p port of the plain address, encrypted-only. */
int world_only(struct client_world *w, uint16_t port);
/** Close it, and wait until the kernel has told of it, which takes a moment of no clock here. */
void world_close(struct client_world *w, int fd);
void world_connect(int fd, const char *host, uint16_t port);
/** @return the level in the socket's mark. */
enum tscf_level world_mark(struct client_world *w, int fd);
uint64_t world_cookie(int fd);
/** Send @p text from @p fd.  @return 0 or -errno. */
int world_program_sends(int fd, const char *host, uint16_t port, const char *text);
/** Make a udp packet from the service network to @p to, port @p port, in @p data.  @return its length. */
uint32_t world_packet(uint8_t *data, const char *to, uint16_t port);
/** @return whether a packet from the service network to @p port of the plain address, by @p l, reaches @p fd. */
bool world_arrives(struct world_link *l, int fd, uint16_t port);

/* --- what the client shows --- */

/** @return the text (numbers and truth values too) at "plain.state" of the status; valid until the next call. */
const char *world_status(struct client_world *w, const char *path);
long world_counter(struct client_world *w, const char *name);

/* --- the world --- */

struct client_world {
	struct client_config config; /**< the set-up of a test may change it */
	int i;                       /**< of a loop test */
	struct world_server server;
	struct tscf_identity *identity; /**< that of the pin */
	enum world_reception reception[WORLD_KINDS];
	struct world_link *links[WORLD_LINKS];
	unsigned link_count;
	struct world_call *calls[WORLD_CALLS];
	unsigned call_count;
	/** What the client's sockdiag handler is told by the test (client_world_kernel.c). */
	const struct tscf_sockdiag_handler *diag;
	void *diag_context;
	uint64_t closing;  /**< the socket that world_close has closed last */
	bool is_destroyed; /**< the kernel has told of its end */
	int diag_error;    /**< not 0: dumps are broken off with this */
	int ends_with;     /**< what the client is to end with: 0, or -errno */
	int (*reread)(struct client_world *w, struct client_config *fresh); /**< of a reload; NULL: it fails */
	/* Of the implementation. */
	void (*test)(struct client_world *w);
	struct ev_loop *loop;
	const struct tscf_control_handler *control;
	void *client;
	struct {
		struct world_link *link;
		enum world_ask ask;
		bool due; /**< is to be answered with the next turn after this time */
		uint64_t due_at;
		bool twice;
		uint8_t data[TSCF_PROBE_MAX];
		uint32_t length;
	} waiting[WORLD_WAITING];
	unsigned waiting_count;
	json_t *status;
	char status_text[400];
	char state_dir[64];
};

/** Run @p test in a new world; @p prepare, if not NULL, may change its configuration and server before. */
void world_run(void (*test)(struct client_world *w), void (*prepare)(struct client_world *w), int i);

/** Let everything happen that happens at this moment. */
void world_turn(struct client_world *w);
/** Let @p ms milliseconds pass. */
void world_pass(struct client_world *w, uint64_t ms);
/** @return monotonic milliseconds. */
uint64_t world_now(void);
/** The host sleeps, or this process stands still, for @p ms: @p host says which. */
void world_sleep(struct client_world *w, uint64_t ms, bool host);

/** Let time pass until @p condition holds, at most @p ms. */
#define WORLD_UNTIL(w, ms, condition)                                                                                  \
	do {                                                                                                           \
		uint64_t world_end = world_now() + (ms);                                                               \
		world_turn(w);                                                                                         \
		while (!(condition) && world_now() < world_end)                                                        \
			world_pass(w, 10);                                                                             \
		ck_assert_msg(condition, "not within %d ms: %s", (int)(ms), #condition);                               \
	} while (0)

/** The plain tunnel is up and confirmed. */
void world_plain_up(struct client_world *w);
/** @return whether the plain tunnel is up. */
bool world_plain_is_up(struct client_world *w);
/** @return whether @p text is in the reason that the client gives for the plain tunnel's state. */
bool world_plain_reason_has(struct client_world *w, const char *text);
/** From now on nothing is answered. */
void world_lose_everything(struct client_world *w);
/**
 * The server does not answer the next question: the plain tunnel is lost.  It answers on the next way from its first
 * message on; else the client would wait for the proof of that way, and try other ways meanwhile.
 */
void world_lose_plain(struct client_world *w);
/** And the encrypted one, for a new socket, encrypted-only, at @p port.  @return the socket. */
int world_encrypted_up(struct client_world *w, uint16_t port);

/** A test in a world: WORLD_TEST(name, prepare) { ... } with `w` there; prepare may be NULL. */
#define WORLD_TEST(name, prepare)                                                                                      \
	static void name##_in(struct client_world *w);                                                                 \
	START_TEST(name)                                                                                               \
	{                                                                                                              \
		world_run(name##_in, prepare, _i);                                                                     \
	}                                                                                                              \
	END_TEST                                                                                                       \
	static void name##_in(struct client_world *w)

/** The main of a suite of such tests: skipped where there can be no world. */
int world_main(Suite *(*make)(void));

#endif
