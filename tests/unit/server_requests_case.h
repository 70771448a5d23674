/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_requests_case.h - what the tests of the server's requests have in common: a world with two clients, made again
 * for each test, requests that need few words, and what the server then knows.
 *
 * The names have no prefix, so that the long lists of expectations in these tests stay readable.
 */
#ifndef TSCF_TESTS_SERVER_REQUESTS_CASE_H
#define TSCF_TESTS_SERVER_REQUESTS_CASE_H

#include "tests/unit/server_world.h"

/* What state_of returns. */
#define ACTIVE   ((int)TSCF_BINDING_ACTIVE)
#define RELEASED ((int)TSCF_BINDING_RELEASED)
#define SHIELD   ((int)TSCF_BINDING_SHIELD)
#define TOMB     ((int)TSCF_BINDING_TOMBSTONE)
#define NONE     (-1)

extern struct world *w;
extern struct world_client a, b;

/** A checked fixture: a server that offers DTTE, and clients at two outer addresses that have asked for nothing yet. */
void setup(void);
void teardown(void);

/** Send a request with nothing in it but padding.  @return as world_send. */
int request(struct world_client *c, enum tscf_message_type type, bool encrypted);
/** @return whether there is a TLV of @p type in the last answer. */
bool has_tlv(uint16_t type);

/** The key of all that is sent from, or comes to, the SIP port of @p local by UDP. */
struct tscf_binding_key sip(const struct tscf_addr *local);
/** Bind @p key at @p level, without flags.  @return the response code. */
int bind_at(struct world_client *c, const struct tscf_binding_key *key, enum tscf_level level);
/** The same at the level encrypted-only. */
int bind_only(struct world_client *c, const struct tscf_binding_key *key);
/** @return the state of the entry that decides on the flow, or NONE. */
int state_of(const struct tscf_binding_key *key);

#endif
