/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_dtte_case.h - what the tests of the server's decisions have in common: a world with two clients, made again
 * for each test and for each family of addresses, packets of client a, and what is decided about them.
 *
 * The names have no prefix, so that the long lists of expectations in these tests stay readable.
 */
#ifndef TSCF_TESTS_SERVER_DTTE_CASE_H
#define TSCF_TESTS_SERVER_DTTE_CASE_H

#include "tests/unit/server_world_packets.h"

#define SIP 5060

extern struct world *w;
extern struct world_client a, b;
/** In the service network; and as text. */
extern struct tscf_addr remote;
extern const char *remote_text;
/** Of everything inside: every test runs for both. */
extern int family;
/** The size of an IP header and the ports. */
extern uint32_t quote_size;

/** Checked fixtures: both clients are connected, in clear, and have bound nothing. */
void setup_ipv4(void);
void setup_ipv6(void);
void teardown(void);

void expect_dropped(struct server_decision d, enum server_counter reason);
void expect_plain(struct server_decision d, struct world_client *c);
void expect_encrypted(struct server_decision d, struct world_client *c);
void expect_tun(struct server_decision d);

/** Decide about the packet from the remote to port @p port of a's plain address, and about the one back. */
struct server_decision down(uint16_t port);
struct server_decision up(uint16_t port, bool encrypted);
/** The same of a fragment, from or to the port SIP. */
struct server_decision down_fragment(uint16_t id, bool first);
struct server_decision up_fragment(uint16_t id, bool first, bool encrypted);
/** Decide about an error from the service network that quotes @p quoted bytes of a packet that a sent from @p port. */
struct server_decision down_error(uint16_t port, uint32_t quoted);
/** Decide about an error of a's that quotes @p quoted bytes of a packet that came to @p port. */
struct server_decision up_error(uint16_t port, uint32_t quoted, bool encrypted);

/* Requests of a's about the UDP port @p port of its plain address, which succeed. */
void bind_level(uint16_t port, enum tscf_level level, uint8_t flags);
/** The same at the level encrypted-only, without flags. */
void bind_only(uint16_t port);
void bind_action(uint16_t port, enum tscf_bind_action action);
void shield(uint16_t port);
/** @return the entry of exactly that port, or NULL. */
const struct tscf_binding *entry(uint16_t port);

#endif
