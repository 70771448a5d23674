/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_record.h - the outside of DTLS 1.2 records (RFC 6347, 4.1; RFC 9146, 4), read before any key is used.
 *
 * wolfSSL takes a truncated datagram for the beginning of a record, and the good datagrams after it for the rest of
 * that record.  So wolfSSL gets only whole records.  Pure functions.
 */
#ifndef TSCF_DTLS_RECORD_H
#define TSCF_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSCF_DTLS_RECORD_HEADER 13
/**
 * Bytes of the connection id in the header of a record of type TSCF_DTLS_CONNECTION_ID.  The servers of this suite give
 * ids of this length.
 */
#define TSCF_DTLS_ID 4
/** Bytes of the random value in a ClientHello. */
#define TSCF_DTLS_RANDOM 32

/** ContentType (RFC 5246, 6.2.1). */
enum tscf_dtls_type {
	TSCF_DTLS_CHANGE_CIPHER_SPEC = 20,
	TSCF_DTLS_ALERT = 21,
	TSCF_DTLS_HANDSHAKE = 22,
	TSCF_DTLS_APPLICATION_DATA = 23,
	TSCF_DTLS_CONNECTION_ID = 25, /**< the true type is encrypted (RFC 9146: tls12_cid) */
};

/** One record; points into its datagram. */
struct tscf_dtls_record {
	const uint8_t *data; /**< the record's header */
	uint32_t length;     /**< header included */
	uint8_t type;
	uint16_t epoch;    /**< 0: not encrypted */
	const uint8_t *id; /**< TSCF_DTLS_ID bytes; NULL: the record has no connection id */
};

/** Read the first record of the @p length bytes at @p data.  @return whether it is well-formed and whole. */
bool tscf_dtls_record_first(const uint8_t *data, size_t length, struct tscf_dtls_record *record);
/** @return whether the datagram consists of whole records and nothing else. */
bool tscf_dtls_datagram_valid(const uint8_t *data, size_t length);
/**
 * @return whether @p record is an unencrypted ClientHello in one fragment.  Stateless listening cannot join fragments,
 * and no client of this suite sends any.
 */
bool tscf_dtls_is_client_hello(const struct tscf_dtls_record *record);
/**
 * @return the random value in a ClientHello: it is the same in all repetitions of the hello, with and without cookie.
 */
const uint8_t *tscf_dtls_client_random(const struct tscf_dtls_record *hello);

#endif
