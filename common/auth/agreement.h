/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agreement.h - key agreement on a plain tunnel, by which the client also authenticates its server.
 *
 * tscf(7), "AUTHENTICATED CONTROL", is the specification.  The configuration request and its response carry a
 * Diffie-Hellman exchange between a key made for this attempt and a key that the server has signed.  HKDF derives keys
 * from the result and from both messages.  The response has a MAC under one of these keys; later messages are sealed
 * with the others (seal.h).
 */
#ifndef TSCF_AGREEMENT_H
#define TSCF_AGREEMENT_H

#include "common/auth/identity.h"
#include "common/auth/seal.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Size of the key for the MAC of the server's response. */
#define TSCF_CONTROL_KEY_SIZE 32

/** A client's offer, which the client keeps until the answer. */
struct tscf_offer {
	struct tscf_share share;
	uint8_t request[32]; /**< SHA-256 of the request that carried the offer */
};

/** Make a new key, and write it into a configuration request.  @return 0, or -EINVAL: no key can be made. */
int tscf_offer_write(struct tscf_offer *offer, struct tscf_writer *w);
/** The same with a key that was made before. */
void tscf_offer_write_share(struct tscf_offer *offer, const struct tscf_share *share, struct tscf_writer *w);
/** Note the bytes of the finished request. */
void tscf_offer_sent(struct tscf_offer *offer, const uint8_t *request, uint32_t length);
/** The offer has been accepted, or is given up: wipe its secret. */
void tscf_offer_wipe(struct tscf_offer *offer);

/** @return whether the request has a key of a suite that this server supports. */
bool tscf_agreement_offered(const struct tscf_message *request);
/** @return how many bytes tscf_agreement_answer adds at most to the response.  It locks the identity itself. */
uint32_t tscf_agreement_room(struct tscf_identity *identity);
/**
 * Answer the offer in the valid message @p request: finish the response in @p w with the proof.
 *
 * @param psk   key of the client, if it has proved its identity by one, 32 bytes, or NULL
 * @param seal  gets the keys of the new session
 * @return the length of the response, or -errno: -EINVAL for an invalid offer.
 */
int tscf_agreement_answer(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t *psk,
			  struct tscf_writer *w, struct tscf_seal *seal);

/**
 * The same, without a session: give the client a lasting key, which only this client can read.
 *
 * @param psk  the key of its invitation, as above
 * @return as tscf_agreement_answer.
 */
int tscf_agreement_give(struct tscf_identity *identity, const struct tscf_message *request, const uint8_t psk[32],
			const uint8_t lasting[TSCF_LASTING_KEY_SIZE], struct tscf_writer *w);

/** @return the digest of the certificates that verify this response, 32 bytes, or NULL: the response has no proof. */
const uint8_t *tscf_agreement_chain(const struct tscf_message *response);
/**
 * Come to the keys of the server's response, without checking who has sent it.
 *
 * @param psk   key by which this client has proved its identity in the request, 32 bytes, or NULL
 * @param seal  gets the keys of the new session, if there is no error
 * @return NULL, or why not, for people.
 */
const char *tscf_agreement_keys(const struct tscf_offer *offer, const struct tscf_message *response, const uint8_t *psk,
				struct tscf_seal *seal);
/**
 * Check the server's response, then do the same.
 *
 * @param leaf  DER of the server's certificate, which has been verified
 * @return NULL, or why the response is not from the server, for people.
 */
const char *tscf_agreement_accept(const struct tscf_offer *offer, const struct tscf_message *response,
				  const uint8_t *psk, const uint8_t *leaf, size_t leaf_length, struct tscf_seal *seal);

/** Read the lasting key in a response that has been accepted.  @return NULL, or why not, for people. */
const char *tscf_agreement_take(const struct tscf_offer *offer, const struct tscf_message *response,
				const uint8_t psk[32], uint8_t lasting[TSCF_LASTING_KEY_SIZE]);

/** What tscf_control_seal adds to a message. */
#define TSCF_CONTROL_SEAL (TSCF_TLV_HEADER + TSCF_MAC_SIZE)
/**
 * Add the MAC to a finished message of @p length bytes, which has room for TSCF_CONTROL_SEAL more.  @return the new
 * length.
 */
uint32_t tscf_control_seal(uint8_t *data, uint32_t length, const uint8_t key[TSCF_CONTROL_KEY_SIZE]);
/** @return whether the last TLV of @p m is the correct MAC of everything before it. */
bool tscf_control_right(const struct tscf_message *m, const uint8_t key[TSCF_CONTROL_KEY_SIZE]);

#endif
