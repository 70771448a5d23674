/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_protect.h - the records of an established DTLS 1.2 connection, with nettle.
 *
 * wolfSSL makes the handshake, and its keys are used here after that: AES-GCM (RFC 5288) or ChaCha20-Poly1305 (RFC
 * 7905) records in the epoch after the handshake (RFC 6347, 4.1).  A connection that has no handshake in progress then
 * needs a tenth of the memory and half of the time per record.  Records are not limited to wolfSSL's fixed MTU, and a
 * record may arrive up to 960 records late.
 *
 * A record may have a connection id (RFC 9146): its type is then encrypted, behind the content.
 *
 * Two counters make nonces: the sequence number, and the explicit part of the nonce of AES-GCM, which wolfSSL begins at
 * random.  Both continue where wolfSSL stopped.  So no nonce is used twice, as long as wolfSSL sends nothing after
 * that.
 */
#ifndef TSCF_DTLS_PROTECT_H
#define TSCF_DTLS_PROTECT_H

#include "common/crypto/gcm.h"
#include "common/packet/replay.h"
#include "common/transport/dtls_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Longest key and longest IV of the suites. */
#define TSCF_PROTECT_KEY 32
#define TSCF_PROTECT_IV  12
/** Most bytes that a record adds to its content (AES-GCM): header 13, connection id 4, nonce 8, type 1, tag 16. */
#define TSCF_PROTECT_OVERHEAD (13 + TSCF_DTLS_ID + 8 + 1 + 16)

enum tscf_protect_cipher { TSCF_PROTECT_AES_GCM, TSCF_PROTECT_CHACHA20_POLY1305 };

/** One direction.  All zero: nothing to free. */
struct tscf_protect {
	enum tscf_protect_cipher cipher;
	uint8_t key[TSCF_PROTECT_KEY];
	uint32_t key_length;
	uint8_t iv[TSCF_PROTECT_IV]; /**< the first 4 bytes for AES-GCM */
	struct tscf_gcm *gcm;        /**< AES-GCM: owned */
	uint64_t sequence; /**< sending: sequence number of the next record, with the epoch in the upper 16 bits */
	uint64_t nonce;    /**< sending, AES-GCM: explicit nonce of the next record */
	struct tscf_replay replay; /**< receiving */
	bool has_id;               /**< sending: records have the connection id */
	uint8_t id[TSCF_DTLS_ID];
};

/** Wipe the keys and free the memory of @p protect. */
void tscf_protect_clear(struct tscf_protect *protect);

/**
 * Make a record of the @p length bytes at @p data.  It is written to @p out, which has room for @p length +
 * TSCF_PROTECT_OVERHEAD bytes.
 *
 * @return the length of the record; 0: the sequence numbers are used up.
 */
uint32_t tscf_protect_seal(struct tscf_protect *protect, uint8_t type, const uint8_t *data, uint32_t length,
			   uint8_t *out);

/**
 * Open a record of epoch 1.  The caller checks whose connection id it has.
 *
 * @param out   for the content, which is shorter than the record
 * @param type  set to the type of the content, enum tscf_dtls_type
 * @return length of the content, or -EBADMSG: the record is forged, a replay, or too late.
 */
int tscf_protect_open(struct tscf_protect *protect, const struct tscf_dtls_record *record, uint8_t *out, uint8_t *type);

#endif
