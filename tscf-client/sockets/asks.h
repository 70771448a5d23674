/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asks.h - which sockets ask for redundancy or datagrams, who says so, and what the server has granted.
 *
 * A socket asks through its program, a user (`tscf-client redundancy`, `datagram`), a policy, or tscf-run, in this
 * order of precedence, which holds for each service by itself.  The kernel keeps no such attribute, so this module
 * keeps it by the socket's cookie, until the kernel reports that the socket is gone; it ends with the client.  Sockets
 * that have no port yet are looked for in the kernel's list.
 *
 * What the server has to know is a table by keys (asks_table.h), which the path of the packets reads: `now` of an
 * entry is what the server has granted.  tscf(7), "SERVICES OF A SOCKET".
 */
#ifndef TSCF_CLIENT_ASKS_H
#define TSCF_CLIENT_ASKS_H

#include "common/base/datagram.h"
#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"
#include "common/packet/message.h"
#include "common/packet/services.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/tunnel/tunnel.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

/** Most sockets that ask, and most of one user other than root: half of what the server gives a client. */
#define ASKS_MAX      4096
#define ASKS_PER_USER 128
/** Time between two listings while a socket has no port yet, which doubles, and otherwise. */
#define ASKS_LOOK_MIN_MS 100
#define ASKS_LOOK_MAX_MS 5000
#define ASKS_CHECK_MS    30000
/** After a request without an answer, or when the server had no room. */
#define ASKS_RETRY_MS 5000

/** Who asks; the greater comes first. */
enum ask_origin { ASK_BY_DEFAULT, ASK_BY_POLICY, ASK_EXPLICIT };

/** What a socket may ask for. */
enum ask_service { ASK_REDUNDANCY, ASK_DATAGRAM, ASK_SERVICES };

struct ask {
	uint64_t cookie;
	struct tscf_socket socket; /**< as last reported */
	struct {
		uint8_t value; /**< TSCF_REDUNDANCY_*, or a factor; enum tscf_datagram; 0: it does not ask */
		enum ask_origin origin;
	} of[ASK_SERVICES];
	uint32_t generation; /**< of the running or last listing when it was last reported */
	UT_hash_handle hh;
};

/** The owner sets what it uses; the rest is zero at first. */
struct asks {
	const struct client_config *config;
	struct tscf_timers *timers;
	struct guard *guard;             /**< shows programs what their sockets ask for */
	const struct registry *registry; /**< knows the keys of sockets */
	struct tunnel *plain, *encrypted;
	void (*changed)(void *context); /**< what some socket has is another */
	void *context;
	struct tscf_services *table;
	struct ask *by_cookie;
	unsigned count;
	bool full;                        /**< it was logged that too many ask, and none has ended since */
	bool dirty;                       /**< there is something to send */
	enum tscf_response refusal;       /**< the last one; TSCF_RESPONSE_SUCCESS: none */
	char reason[TSCF_CONTROL_REASON]; /**< for a person, of the refusal */
	struct tscf_timer timer;
	struct tscf_sockdiag *diag;
	bool dumping;
	uint32_t generation;
	uint64_t look_at, pause; /**< the next listing, and the time to the one after that */
	uint64_t hold_until;     /**< nothing is sent before */
};

/** @return 0 or -errno. */
int asks_init(struct asks *a);
void asks_free(struct asks *a);

/**
 * The socket asks for that much of a service.  What a higher origin says stays.
 *
 * @return 0, -ENOSPC: too many ask, or -EOPNOTSUPP: only UDP sockets can prefer datagrams.
 */
int asks_put(struct asks *a, const struct tscf_socket *s, enum ask_service service, uint8_t value,
	     enum ask_origin origin);
/** The same at the request of its program, to which the guard cannot return an error: it reads what has come of it. */
void asks_told(struct asks *a, const struct tscf_socket *s, enum ask_service service, uint8_t value);
/** The socket is as @p s says: it has a port or a mark now. */
void asks_seen(struct asks *a, const struct tscf_socket *s);
/** The same, if it asks for anything. */
void asks_follow(struct asks *a, const struct tscf_socket *s);
/** The socket with that cookie is about to have another port or address: look soon, if it asks for anything. */
void asks_look(struct asks *a, uint64_t cookie);
/** The socket with that cookie is gone; 0: several may be. */
void asks_gone(struct asks *a, uint64_t cookie);
/** There are other policies. */
void asks_policies_changed(struct asks *a);

/* asks_call.c */

/** @return whether a socket may ask for that much of the service. */
bool asks_legal(enum ask_service service, uint32_t value);
/** Answer TSCF_CONTROL_SET_REDUNDANCY and _GET_REDUNDANCY, and the same of datagrams. */
void asks_set(struct asks *a, struct tscf_control_call_in *call);
void asks_get(const struct asks *a, struct tscf_control_call_in *call);
/** asks_follow for the socket that came with TSCF_CONTROL_BOUND; the call stays unanswered. */
void asks_bound(struct asks *a, const struct tscf_control_call_in *call);

/* asks.c, asks_table.c and asks_wire.c: the tunnels */

/** The plain tunnel was configured: the server knows of nothing, and the addresses may be others. */
void asks_anew(struct asks *a);
/** The server may not know all that it was told: tell it again (asks_table.c). */
void asks_again(struct asks *a);
/** At the end of a loop iteration: send what has changed (asks_wire.c). */
void asks_flush(struct asks *a);

/** @return the socket with that cookie, or NULL: it does not ask. */
const struct ask *asks_of(const struct asks *a, uint64_t cookie);
/** @return how much of the service the packets of such a socket get at present. */
uint8_t asks_in_force(const struct asks *a, const struct ask *one, enum ask_service service);
/** @return what an entry, or NULL, says of datagrams at present. */
enum tscf_datagram asks_datagram(const struct tscf_service_entry *e);
/** Whether the socket with that cookie has what it asks for, and whether the server has refused it. */
void asks_state(const struct asks *a, uint64_t cookie, enum ask_service service, bool *in_force, bool *refused);
/** @return how many sockets ask for the service; *granted gets how many of them have it. */
unsigned asks_count(const struct asks *a, enum ask_service service, unsigned *granted);

#endif
