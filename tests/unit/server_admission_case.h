/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_admission_case.h - what the tests of a server have in common that asks its clients who they are: a world, made
 * again for each test, keys and limits, and requests with a cookie and a proof.
 *
 * The names have no prefix, so that the long lists of expectations in these tests stay readable.
 */
#ifndef TSCF_TESTS_SERVER_ADMISSION_CASE_H
#define TSCF_TESTS_SERVER_ADMISSION_CASE_H

#include "common/auth/proof.h"
#include "tests/unit/server_world.h"
#include "tscf-server/session/cookie.h"

#define ALICE "alice:00112233445566778899aabbccddeeff\n"
#define BOB   "bob:ffeeddccbbaa99887766554433221100\n"

extern struct world *w;
extern struct world_client a;
/** The last one that the server has given. */
extern uint8_t cookie[SERVER_COOKIE_SIZE];

/** A checked fixture: a server that offers DTTE and asks nobody who he is, and a client. */
void setup(void);
void teardown(void);

/** From now on only those are let in who have a key in @p text, the lines of a file. */
void let_in(const char *text);
/** The same for those whom these files name (tscf_client_auth_read). */
void let_in_by(const char *psk_file, const char *ca_file, const char *denied_file, const char *crl_file);
/** From now on clients have the limits in @p text. */
void limit(const char *text);
/** @return the key in @p text, to be dropped by the caller. */
struct tscf_credential *credential(const char *text);

/** A configuration request for a plain tunnel, with the cookie if @p with_cookie, and with the proof of @p who unless
 * that is NULL; @p in_connection: inside an encrypted connection.  @return as world_send. */
int configure_by(struct world_client *c, bool with_cookie, const struct tscf_credential *who, bool in_connection);
int configure(struct world_client *c, bool with_cookie, const struct tscf_credential *who);
/** The plain tunnel, configured and confirmed. */
void connect_as(struct world_client *c, const struct tscf_credential *who);
/** Handshake, and configuration of the reserved tunnel with the proof of @p who, if not NULL.  @return the code. */
int encrypt_reserved(struct world_client *c, const struct tscf_credential *who);
/** Clients a and @p c of alice may have two encrypted tunnels, and reserve them; then they may have one.  @return the
 * code of the second. */
int encrypt_over_limit(struct world_client *c);
/** The same as encrypt_reserved, with a reservation before. */
int encrypt(struct world_client *c, const struct tscf_credential *who);

#endif
