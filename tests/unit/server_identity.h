/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_identity.h - a certificate and key of a server, made on the spot. */
#ifndef TSCF_TESTS_SERVER_IDENTITY_H
#define TSCF_TESTS_SERVER_IDENTITY_H

#include "common/auth/agreement.h"
#include "common/tls/tls.h"

/** @return one that the caller frees; its pin is in @p pin, of TSCF_PIN_TEXT bytes, unless that is NULL. */
struct tscf_identity *server_identity_make(char *pin);
/** Finish an answer to the request @p m that gives no session, with the proof of @p identity and the pre-shared key, or
 * NULL.  @return its length. */
uint32_t server_identity_refuse(struct tscf_identity *identity, const struct tscf_message *m, const uint8_t *psk,
				struct tscf_writer *t);
/** Write the part of its certificates that @p m asks for, of at most 200 bytes. */
void server_identity_write_chain(struct tscf_identity *identity, const struct tscf_message *m, struct tscf_writer *t);

#endif
