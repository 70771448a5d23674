/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load.h - many clients in one process: what the files of tscf-load share.
 *
 * A client is an outer address with a plain tunnel and perhaps an encrypted one.  What a client has to do to reach a
 * goal (a tunnel, a release) is a row of steps; in each step it has sent one message and waits for the answer to it.  A
 * phase leads a range of clients to a goal, a bounded number of them at a time, while calls go on on tunnels that are
 * there already.
 */
#ifndef TSCF_BENCH_LOAD_H
#define TSCF_BENCH_LOAD_H

#include "tests/bench/histogram.h"

#include "common/auth/agreement.h"
#include "common/base/addr.h"
#include "common/packet/message.h"
#include "common/tls/tls.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Limits of everything that is asked for. */
#define LOAD_CLIENTS_MAX  250000
#define LOAD_BINDINGS_MAX 20000
#define LOAD_SECONDS_MAX  600
/** Source port of plain tunnels; encrypted ones have the next. */
#define LOAD_PORT 10000

struct load_options {
	union tscf_endpoint server, echo;
	struct tscf_addr source; /**< of client 0; the others have the addresses after it */
	unsigned plain, encrypted, resumed, bindings;
	unsigned active, active_encrypted;
	double rate; /**< packets per second of each call */
	unsigned seconds;
	unsigned plain_window, encrypted_window;
	unsigned phase_seconds; /**< a phase that takes longer is given up */
	pid_t server_pid;
	const char *ca, *server_name, *pin, *json;
};

enum load_step {
	LOAD_DOWN,
	LOAD_CONFIGURE, /**< plain: configuration request */
	LOAD_CONFIRM,   /**< plain: keepalive request */
	LOAD_PLAIN_UP,
	LOAD_RESERVE, /**< plain: service request */
	LOAD_HANDSHAKE,
	LOAD_CONFIGURE_ENCRYPTED,
	LOAD_BIND,
	LOAD_ENCRYPTED_UP,
	LOAD_RELEASE_ENCRYPTED,
	LOAD_RELEASE_PLAIN,
};

struct load_tunnel;

struct load_client {
	enum load_step step;
	unsigned attempts; /**< of this step */
	uint32_t sequence;
	uint64_t tsid;
	uint8_t request[32];   /**< SHA-256 of its configuration request */
	struct tscf_seal seal; /**< of its plain tunnel */
	uint8_t id[16];
	uint8_t cookie[32], cookie_length; /**< what the server wants to see again */
	uint8_t internal[4];
	struct load_tunnel *tunnel;      /**< NULL: none */
	uint64_t begun, sent;            /**< nanoseconds: this goal, this step's message */
	struct load_client *prev, *next; /**< clients under way */
};

/** What a process uses, read from /proc. */
struct load_meter {
	double cpu;   /**< seconds */
	uint64_t rss; /**< bytes */
};

struct load_phase {
	const char *name;
	enum load_step from, goal;
	unsigned wanted, begun, done, failed, repeated, resumed;
	uint64_t start, end;
	uint64_t calls_sent, calls_back, calls_late, calls_skipped;
	struct histogram setup, round_trip;
	struct load_meter before, after;
};

#define LOAD_PHASES 12

struct load_calls;
struct load_wire;

struct load {
	struct load_options options;
	struct load_client *clients;
	struct load_client *under_way;
	struct load_wire *plain_wire, *encrypted_wire;
	struct tscf_tls *tls;    /**< NULL: no encrypted tunnels */
	bool resume;             /**< offer a session */
	struct tscf_share share; /**< of all clients: to the server it makes no difference */
	struct load_phase *phases;
	unsigned phase_count;
	struct load_phase *phase; /**< now */
	struct load_calls *calls;
	uint64_t now;
};

/** One datagram that has come. */
struct load_datagram {
	const uint8_t *data;
	size_t length;
	uint32_t client;
	uint64_t came; /**< nanoseconds of CLOCK_REALTIME, by the kernel: this process may be late to read it */
};

/** Say why and exit with status 1. */
_Noreturn void load_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** @return nanoseconds of CLOCK_MONOTONIC. */
uint64_t load_clock(void);
/** @return nanoseconds of CLOCK_REALTIME, as the kernel stamps datagrams. */
uint64_t load_wall_clock(void);

/* load_options.c */
void load_options_parse(int argc, char **argv, struct load_options *out);

/* load_wire.c */

struct load_wire *load_wire_open(const struct load_options *o, bool encrypted);
void load_wire_close(struct load_wire *w);
int load_wire_descriptor(const struct load_wire *w);
/** Queue a datagram of that client. */
void load_wire_send(struct load_wire *w, unsigned client, const void *data, size_t length);
void load_wire_flush(struct load_wire *w);
/** Take one batch of what waits.  @return whether more may wait. */
bool load_wire_read(struct load_wire *w, struct load *load,
		    void (*each)(struct load *load, const struct load_datagram *datagram));

/* load_client.c */

/** Send, or send again, what belongs to the client's step. */
void load_send(struct load *load, struct load_client *c);
/** Go on to @p step, with a new sequence number, and send. */
void load_enter(struct load *load, struct load_client *c, enum load_step step);
/** A datagram of a plain tunnel. */
void load_plain_received(struct load *load, const struct load_datagram *datagram);
static inline unsigned load_client_number(const struct load *load, const struct load_client *c)
{
	return (unsigned)(c - load->clients);
}

/** The phase's goal is reached, or not. */
void load_finish(struct load *load, struct load_client *c, bool good);

/* load_encrypted.c */

/** Make the connection; the handshake begins.  @p reserved is the TSID.  In a phase that is from LOAD_HANDSHAKE on, it
 * is closed when it is done. */
void load_tunnel_open(struct load *load, struct load_client *c, uint64_t reserved);
/** Without a word to the server; nothing if there is none. */
void load_tunnel_close(struct load_client *c);
/** The secret of the client's reservations. */
void load_tunnel_secret(const struct load_client *c, uint8_t secret[32]);
void load_tunnel_send_step(struct load *load, struct load_client *c);
/** Send one inner packet. */
void load_tunnel_write(struct load_client *c, const void *data, size_t length);
/** A datagram of an encrypted tunnel. */
void load_tunnel_received(struct load *load, const struct load_datagram *datagram);

/* load_calls.c */

/** The size of one inner packet: IPv4, UDP, and 172 bytes of RTP. */
#define LOAD_PACKET 200
/** Later than this is as good as lost, for a call. */
#define LOAD_LATE_NS 50000000U

/** Begin calls on @p count clients from number @p first on, on their plain or encrypted tunnels. */
void load_calls_add(struct load *load, unsigned first, unsigned count, bool encrypted);
/** Send what is due. */
void load_calls_tick(struct load *load);
void load_calls_received(struct load *load, const uint8_t *data, size_t length, uint64_t came);
/** Send no more. */
void load_calls_stop(struct load *load);
bool load_calls_any(const struct load *load);
void load_calls_free(struct load *load);

/* load_phase.c */

/** Lead @p count clients from number @p first on to @p goal; begin with @p from.  From LOAD_HANDSHAKE on, there is
 * nothing but that. */
void load_phase_run(struct load *load, const char *name, unsigned first, unsigned count, enum load_step from,
		    enum load_step goal);
/** Calls only. */
void load_phase_idle(struct load *load, const char *name, double seconds);

/** Wait for what is under way of calls that have stopped. */
void load_phase_end(struct load *load);

/* load_report.c */
struct load_meter load_meter_read(pid_t pid);
void load_report(const struct load *load);

#endif
