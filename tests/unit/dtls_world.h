/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_world.h - a DTLS server on loopback in a network namespace, with its clients; for tests of the transport.
 */
#ifndef TSCF_TESTS_DTLS_WORLD_H
#define TSCF_TESTS_DTLS_WORLD_H

#include "common/transport/dtls.h"
#include "tests/unit/runner.h"
#include "tests/unit/transport_end.h"

#include <ev.h>
#include <stdbool.h>

/** What dtls_check_alive sends. */
#define DTLS_NEEDLE "this must not be seen by anybody on the way"

extern struct dtls_world {
	struct ev_loop *loop;
	struct tscf_ring *ring; /**< of packets to send */
	struct tscf_tls *server_tls, *client_tls;
	struct transport_end server;
} dtls_world;

/** A test case with these fixtures: the certificates of tls_case.h, the server "good", and a client context for it. */
TCase *dtls_case(const char *name);
/** A suite of that test case alone. */
Suite *dtls_suite(const char *name, TCase *tests);

void dtls_start_server(void);
/** The server ends, and another one with the certificate @p name begins. */
void dtls_restart_server_with(const char *name);
/** Clients use @p tls from now on, which is freed at the end. */
void dtls_replace_client_tls(struct tscf_tls *tls);
void dtls_connect_to(struct transport_end *client, const union tscf_endpoint *remote);
/** The same, and wait until the connection is up. */
void dtls_come_up(struct transport_end *client, const union tscf_endpoint *remote);
/** Send @p count packets with these numbers; an end with `numbered` checks them. */
void dtls_send_numbers(struct transport_end *end, uint32_t first, unsigned count);
/** One packet goes to the server and back. */
void dtls_check_alive(struct transport_end *client);
bool dtls_was_resumed(const struct transport_end *client);

/* For tscf_test_run_until, with a struct transport_end. */
bool dtls_has_received(void *context);

#endif
