/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtte.h - the first dynamic encryption module: when there is an encrypted tunnel, and what happens to encrypted-only
 * sockets without one.
 *
 * A pure state machine: events go in with the time they happened, actions come out through a table of functions.  It
 * does no I/O and reads no clock, so tests can use a clock of their own.  tscf(7), "DYNAMIC ENCRYPTION".
 *
 *                   demand, plain up            reserved          handshake done        configured
 *            IDLE -------------------> REQUESTED ------> HANDSHAKE -----------> CONFIGURING ------> UP <-----+
 *             ^  ^                        |                 |                       |                |  demand again
 *             |  |                        +--- refused, failed, timed out ----------+     no demand  |        |
 *             |  |  no demand             v                                                          v        |
 *             |  +-------------------- FAILED --- back-off over, demand, plain up ---> REQUESTED  LINGERING --+
 *             +---------------------------------------------------------------------------------- released
 *
 * An UP or LINGERING tunnel that is lost goes to REQUESTED at once if it is still wanted.  One that does not last goes
 * to FAILED when that happens again and again.
 * While the server makes room for the tunnel, REQUESTED asks again every DTTE_BUSY_MS.  A tunnel that others need is
 * given up soon: LINGERING is short then.
 *
 * The gate controls packets of encrypted-only sockets:
 *     HOLD   routed to the encrypted device, kept in memory: IDLE, and negotiating for at most hold_ms
 *     OPEN   sent through the encrypted tunnel: UP, LINGERING
 *     SHUT   refused by the kernel with EACCES: FAILED, and negotiating after that until the tunnel is UP
 */
#ifndef TSCF_CLIENT_DTTE_H
#define TSCF_CLIENT_DTTE_H

#include <stdbool.h>
#include <stdint.h>

enum dtte_state { DTTE_IDLE, DTTE_REQUESTED, DTTE_HANDSHAKE, DTTE_CONFIGURING, DTTE_UP, DTTE_LINGERING, DTTE_FAILED };
enum dtte_gate { DTTE_GATE_HOLD, DTTE_GATE_OPEN, DTTE_GATE_SHUT };

/** First and longest pause after a failure; it doubles in between, and each pause varies randomly by up to a quarter.
 */
#define DTTE_BACKOFF_MS     1000
#define DTTE_BACKOFF_MAX_MS 30000
/** A tunnel that is lost sooner than this did not last; after so many in a row, each is a failure. */
#define DTTE_SHORT_MS  1000
#define DTTE_SHORT_MAX 3
/** Pause before a request is repeated that the server could not grant at once, and the most times in a row. */
#define DTTE_BUSY_MS    150
#define DTTE_BUSY_TIMES 40

/** What the machine does. */
struct dtte_actions {
	void (*request)(void *context);   /**< send the service request on the plain tunnel */
	void (*connect)(void *context);   /**< begin the handshake */
	void (*configure)(void *context); /**< send the configuration request on the encrypted tunnel */
	void (*up)(void *context);        /**< register sockets and send what was held; the gate opens after this */
	void (*release)(void *context);   /**< send a release request, then close: no socket wants the tunnel */
	void (*close)(void *context);     /**< drop connection and pending requests, without a release request */
	void (*idle)(void *context);      /**< no socket wants the tunnel: drop the held packets */
	void (*gate)(void *context, enum dtte_gate gate); /**< the gate has changed */
	uint32_t (*random)(void *context);                /**< for the jitter of the back-off */
};

struct dtte {
	const struct dtte_actions *actions;
	void *context;
	uint64_t hold_ms, persistence_ms;
	enum dtte_state state;
	enum dtte_gate gate;
	uint64_t since;       /**< when the state was entered */
	uint64_t hold_until;  /**< when HOLD ends while negotiating */
	uint64_t deadline;    /**< LINGERING, FAILED: when the state ends; REQUESTED: when it asks again; else 0 */
	unsigned failures;    /**< in a row */
	uint64_t up_at;       /**< when the last tunnel came up */
	unsigned short_lived; /**< tunnels in a row that did not last */
	unsigned busy;        /**< REQUESTED: how often the server has put it off */
	bool leaving;         /**< LINGERING: the tunnel is given up for others */
	bool demand, plain_up;
	char reason[160]; /**< why the machine is in this state, as text */
};

/** Begin in IDLE with the gate at HOLD; no action is called.  Times are monotonic milliseconds. */
void dtte_init(struct dtte *d, const struct dtte_actions *actions, void *context, uint64_t hold_ms,
	       uint64_t persistence_ms, uint64_t now);

/** A socket wants encryption, or none does any more. */
void dtte_demand(struct dtte *d, bool demand, uint64_t now);
/** A socket has just wanted the tunnel: as dtte_demand, but the demand may already be over.  The persistence time
 * starts again. */
void dtte_touch(struct dtte *d, uint64_t now);
/** The plain tunnel came up or went down.  An encrypted tunnel that is up does not depend on it. */
void dtte_plain(struct dtte *d, bool up, uint64_t now);
/** The server is making room for a tunnel: ask it again in a moment. */
void dtte_busy(struct dtte *d, uint64_t now);
/** The server has reserved a tunnel. */
void dtte_reserved(struct dtte *d, uint64_t now);
/** The connection of the encrypted tunnel is up, and its configuration is requested. */
void dtte_handshake_done(struct dtte *d, uint64_t now);
/** The server has configured the encrypted tunnel: it is up. */
void dtte_configured(struct dtte *d, uint64_t now);
/** Refused, timed out, lost, or released by the server: @p reason says which. */
void dtte_failed(struct dtte *d, const char *reason, uint64_t now);
/** The cause of a failure may be gone: do not wait for the end of the back-off. */
void dtte_hurry(struct dtte *d, uint64_t now);
/**
 * The server needs the tunnel for others: if nobody here wants it, release it at @p at, and not after the persistence
 * time.  A demand until then keeps it.
 */
void dtte_leave(struct dtte *d, uint64_t at);
/** An encrypted-only socket asks for the tunnel, and the server may have refused it to encrypted-preferred ones: ask
 * again at once.  Its first packets are held, as if no tunnel had been asked for before. */
void dtte_needed(struct dtte *d, uint64_t now);
/** Let time pass: call at dtte_next() or later. */
void dtte_tick(struct dtte *d, uint64_t now);
/** @return when dtte_tick is next due, or UINT64_MAX. */
uint64_t dtte_next(const struct dtte *d);

/** @return the state's name as `status` shows it: idle, requested, connecting, up, lingering, failed. */
const char *dtte_state_name(enum dtte_state state);
/** @return whether packets can be sent through the encrypted tunnel now. */
bool dtte_is_up(const struct dtte *d);

#endif
