/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agreement.h - how the two ends of a plain tunnel come to keys, and the client to know that it is its server.
 *
 * tscf(7), "AUTHENTICATED CONTROL", is the specification: a Diffie-Hellman exchange in the configuration request and
 * its response, between a key of this attempt and one that the server has signed, and keys of all that was said by
 * HKDF. The response bears a MAC under one of them.
 */
#ifndef TSCF_AGREEMENT_H
#define TSCF_AGREEMENT_H

#include "common/auth/identity.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Of the key that the MAC of the server's response is made with. */
#define TSCF_CONTROL_KEY_SIZE 32

/** What a client offers, and remembers until it is answered. */
struct tscf_offer {
	struct tscf_share share;
	uint8_t request[32]; /**< SHA-256 of the request that it was sent in */
};

/** Make a new key, and write it into a configuration request. */
void tscf_offer_write(struct tscf_offer *offer, struct tscf_writer *w);
/** The request is finished: these are its bytes. */
void tscf_offer_sent(struct tscf_offer *offer, const uint8_t *request, uint32_t length);

/** @return whether the request offers a key of a suite that this server knows. */
bool tscf_agreement_offered(const struct tscf_message *request);
/** @return how many bytes tscf_agreement_answer adds at most to the response.  The identity is locked by this. */
uint32_t tscf_agreement_room(struct tscf_identity *identity);
/**
 * Answer the offer in @p request, which is a good message: finish the response in @p w with all that proves it.
 *
 * @param psk   of the client that has proved itself by one, 32 bytes, or NULL
 * @return the length of the response, or -errno: -EINVAL for an offer that is none.
 */
int tscf_agreement_answer(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t *psk,
			  struct tscf_writer *w);

/** @return the digest of the certificates that verify this response, 32 bytes, or NULL: it proves nothing. */
const uint8_t *tscf_agreement_chain(const struct tscf_message *response);
/**
 * Check the server's response.
 *
 * @param psk   by which this client has proved itself in the request, 32 bytes, or NULL
 * @param leaf  DER of the server's certificate, which is verified
 * @return NULL, or why it does not come from the server, for a person.
 */
const char *tscf_agreement_accept(const struct tscf_offer *offer, const struct tscf_message *response,
				  const uint8_t *psk, const uint8_t *leaf, size_t leaf_length);

/** Add the MAC to a finished message of @p length bytes, which has room for TSCF_CONTROL_SEAL more.  @return the
 * length. */
#define TSCF_CONTROL_SEAL (TSCF_TLV_HEADER + TSCF_MAC_SIZE)
uint32_t tscf_control_seal(uint8_t *data, uint32_t length, const uint8_t key[TSCF_CONTROL_KEY_SIZE]);
/** @return whether the last TLV of @p m is the right MAC of all before it. */
bool tscf_control_right(const struct tscf_message *m, const uint8_t key[TSCF_CONTROL_KEY_SIZE]);

#endif
