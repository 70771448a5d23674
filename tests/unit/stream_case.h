/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_case.h - a server of the stream transports on loopback in a network namespace, with its clients, made again
 * for each test; and packets that say which one they are.  Most tests run over TCP (0) and TLS (1).
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_STREAM_CASE_H
#define TSCF_TESTS_STREAM_CASE_H

#include "common/transport/stream_peer.h"
#include "tests/unit/event.h"
#include "tests/unit/runner.h"
#include "tests/unit/transport_end.h"

#include <ev.h>
#include <stdbool.h>

#define TLS  1
#define BOTH 2

#define EF (46 << 2)
/** Packets with this number and more have the DSCP EF. */
#define URGENT 0x80000000U

extern struct ev_loop *loop;
extern struct tscf_ring *ring; /**< of packets to send */
extern struct tscf_tls *server_tls, *client_tls;
extern struct transport_end server;
/** Its context is a struct transport_end. */
extern const struct tscf_transport_handler handler;

/** A test case with these fixtures: the certificates of tls_case.h, the server "good", and a client context for it. */
TCase *stream_tests(const char *name);
/** Run the suite @p make, if network namespaces are possible.  @return the exit status for main. */
int stream_main(Suite *(*make)(void));

/** Listen over TCP, or with @p kind TLS. */
void start_server(int kind);
void connect_to(struct transport_end *client, int kind);
/** The same, and wait until the connection is up at both ends. */
void come_up(struct transport_end *client, int kind);
/** @return a connected TCP socket on which nothing is sent; the caller closes it. */
int raw_connection(void);
struct tscf_stream_peer *stream_peer(const struct transport_end *end);

/** @return the length that packet @p number has, unless it is made with another. */
uint32_t length_of(uint32_t number);
void make_packet(struct tscf_packet *packet, uint32_t number, uint32_t length);
/** Send @p count packets with these numbers; an end that is `ordered` checks them. */
void send_numbers(struct transport_end *end, uint32_t first, unsigned count);
void send_message(struct transport_end *end);
/** One message there and back. */
void check_alive(struct transport_end *client);

/* For tscf_test_run_until, with a struct transport_end. */
bool has_message(void *context);

#endif
